/* The setting of a file: does it document or test something, by its path? */
/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PL_SECRET_SETTING_H
#define PL_SECRET_SETTING_H

#include "base/str.h"

enum pl_setting {
    PL_SETTING_PLAIN,
    PL_SETTING_DOC,  /* a manual, a readme, a change log */
    PL_SETTING_TEST, /* a test, a sample, an example */
};

/* The setting of the file `path` ("" = unknown, which is plain); names in any case. */
enum pl_setting pl_setting_of(struct pl_str path);
/* Does the glob `glob` of a rule match `path`? As pl_glob_path, but most are told by an end. */
bool pl_rule_glob(const char *glob, struct pl_str path);
/* Why a finding there is lowered; NULL for a plain setting. Static. */
const char *pl_setting_reason(enum pl_setting s);

#endif
