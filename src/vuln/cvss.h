/* Base scores from CVSS vectors: 2.0, 3.0, 3.1, 4.0. first.org/cvss. */
/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PL_VULN_CVSS_H
#define PL_VULN_CVSS_H

#include "model/severity.h"

/* The base score 0.0 … 10.0 of a vector, or of a bare number; negative when it is neither. */
double pl_cvss_score(struct pl_str vector);
/* The version of a vector times ten: 20, 30, 31, 40; 0 for others. */
unsigned pl_cvss_version(struct pl_str vector);
/* The severity of a score, by the scale of version 3. */
enum pl_severity pl_cvss_severity(double score);

#endif
