/* Whose secret a key says its value is, and whether the form of such secrets is known. */
/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PL_SECRET_KNOWN_H
#define PL_SECRET_KNOWN_H

#include "secret/secret.h"

struct pl_known;
struct pl_rule_image;

/* Derives the names from the rules of `img`, whose strings must outlive the table. Heap;
 * pl_known_free. */
struct pl_known *pl_known_new(const struct pl_rule_image *img);
void pl_known_free(struct pl_known *k);
/* Does `key` name a provider, or `value` begin with its name, whose secrets a rule of its own
 * knows? What that rule does not find is then no secret, or none that could work. */
bool pl_known_form(const struct pl_known *k, struct pl_str key, struct pl_str value);
/* Is `key`, but for case and separators, the name of a service whose keys have no form of their
 * own, and no more? */
bool pl_known_service(const struct pl_known *k, struct pl_str key);
/* Does `value` begin like the tokens of a provider, by the keyword of a rule for them? */
bool pl_known_prefix(const struct pl_known *k, struct pl_str value);
/* Does it, and is far too short for one of them? */
bool pl_known_cut(const struct pl_known *k, struct pl_str value);

#endif
