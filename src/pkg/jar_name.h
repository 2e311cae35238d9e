/* What the file name of a Java archive says. */
/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PL_PKG_JAR_NAME_H
#define PL_PKG_JAR_NAME_H

#include "base/str.h"

/* Is `file` called like an archive that Java runs from (".jar", ".war" …)? */
bool pl_jar_is(struct pl_str file);
/* "NAME-VERSION[-CLASSIFIER].jar": views of its parts. `said` is a version that the archive itself
 * names, or empty: it tells where a version ends. Without version the name is all before the
 * ending; both are left alone when `file` is no such archive. */
void pl_jar_name(struct pl_str file, struct pl_str said, struct pl_str *ret_name,
                 struct pl_str *ret_version);

#endif
