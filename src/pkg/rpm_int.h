/* The three forms of rpm's database all hold header blobs. */
/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PL_PKG_RPM_INT_H
#define PL_PKG_RPM_INT_H

#include "pkg/pkg_int.h"

/* One header blob: emits its package; gpg-pubkey is left out. False when it is damaged. */
bool pl_rpm_header(struct pl_str blob, struct pl_pkg_sink *s);
/* Reads a database of the new (ndb) and of the old form (Berkeley DB hash). */
int pl_rpm_ndb(struct pl_str file, struct pl_pkg_sink *s, struct pl_err *err);
int pl_rpm_bdb(struct pl_str file, struct pl_pkg_sink *s, struct pl_err *err);

#endif
