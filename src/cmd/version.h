/* What this build is. PL_VERSION, PL_RULES_VERSION, PL_INFLATE and PL_LITERALS come from the
 * build (src/meson.build). */
/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PL_CMD_VERSION_H
#define PL_CMD_VERSION_H

#if !defined(PL_VERSION) || !defined(PL_RULES_VERSION)
#error "the build defines what is built"
#endif

#endif
