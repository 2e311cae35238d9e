/* A rule by the names that people write. */
/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PL_CMD_RULE_NAMED_H
#define PL_CMD_RULE_NAMED_H

#include "secret/secret.h"

/* The rule with this id, with or without what stands before its slash, or with this alias; NULL:
 * none. */
const struct pl_rule *pl_rule_named(const struct pl_rules *rules, const char *id);
/* Says on standard error, in the name of `verb`, that there is no such rule, and which is near. */
void pl_rule_unknown(const char *verb, const struct pl_rules *rules, const char *id);

#endif
