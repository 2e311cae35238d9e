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

/* Numbers at `at`, which is inside. */
static inline uint32_t pl_rpm_be32(struct pl_str b, size_t at)
{
    const uint8_t *p = (const uint8_t *)b.p + at;
    return (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 | (uint32_t)p[2] << 8 | p[3];
}
static inline uint32_t pl_rpm_le32(struct pl_str b, size_t at)
{
    const uint8_t *p = (const uint8_t *)b.p + at;
    return (uint32_t)p[3] << 24 | (uint32_t)p[2] << 16 | (uint32_t)p[1] << 8 | p[0];
}

#endif
