/* Ends of support. */
/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PL_VULN_EOL_H
#define PL_VULN_EOL_H

#include "base/str.h"

/* The day the support of a release ends ("Debian:12" gives "2028-06-30"); empty when not known. */
struct pl_str pl_eol_of(struct pl_str eco);

#endif
