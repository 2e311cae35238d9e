/* CVSS 4.0. Not for other folders. */
/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PL_VULN_CVSS4_H
#define PL_VULN_CVSS4_H

#include "base/str.h"

/* The base score of a vector of version 4.0; negative when it is none. */
double pl_cvss4_score(struct pl_str vector);
/* The first letter of a metric's value, 0 when the vector lacks it. */
char pl_cvss_metric(struct pl_str vector, const char *name);

#endif
