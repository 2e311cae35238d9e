/* Reading TOML as gitleaks' configuration reader does: keys in any case, values of a neighbouring
 * type taken, unknown keys ignored. */
/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PL_COMPAT_GL_TOML_H
#define PL_COMPAT_GL_TOML_H

#include "base/limits.h"
#include "compat/gl_config.h"
#include "fmt/toml.h"

/* The member `key`, in any case; NULL when absent. */
const struct pl_toml *pl_gl_toml_get(const struct pl_toml *t, const char *key);
/* The number of tables in a list of tables (one table alone counts as a list of one), and the i-th.
 */
size_t pl_gl_toml_tables(const struct pl_toml *t);
const struct pl_toml *pl_gl_toml_table(const struct pl_toml *t, size_t i);
/* Members by value; *ret is left alone when absent, but for strings, which become empty. Strings
 * are copied into c->a. PL_E_FORMAT names a key of another type. */
int pl_gl_toml_str(struct pl_gl_config *c, const struct pl_toml *t, const char *key,
                   struct pl_str *ret, struct pl_err *err);
int pl_gl_toml_strs(struct pl_gl_config *c, const struct pl_toml *t, const char *key,
                    pl_gl_strs *ret, struct pl_err *err);
int pl_gl_toml_int(const struct pl_toml *t, const char *key, int64_t *ret, struct pl_err *err);
int pl_gl_toml_float(const struct pl_toml *t, const char *key, double *ret, struct pl_err *err);
int pl_gl_toml_bool(const struct pl_toml *t, const char *key, bool *ret, struct pl_err *err);

/* 1 when version `v` (semantic, a leading "v" allowed) is newer than the one this personality
 * stands for, 0 when not, -1 when it is no version. */
int pl_gl_version_newer(struct pl_str v);
/* The version this personality stands for: "8.30.1". */
#define PL_GL_VERSION "8.30.1"

#endif
