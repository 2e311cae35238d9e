/* Keywords that are looked up from a common word instead of being literals themselves. */
/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PL_SECRET_TRIGGER_H
#define PL_SECRET_TRIGGER_H

#include "secret/hit.h"
#include "secret/rule_int.h"

#define PL_TRIGGER_REACH 48 /* a trigger ends at most that far behind the start of the keyword */

/* The trigger words, lower case; returns how many. Static. */
size_t pl_triggers(const char *const **ret);
/* Can `keyword` of `rule` be looked up from a trigger without losing a match? */
bool pl_keyword_triggers(const struct pl_rule *rule, struct pl_str keyword);
/* Offset of the first letter or digit of a keyword, where its look-up begins. */
size_t pl_word_lead(struct pl_str keyword);

/* Four bytes as a key: letters of either case are one. */
static inline uint32_t pl_gram(const uint8_t *p)
{
    uint32_t x;
    memcpy(&x, p, sizeof x);
    return x | 0x20202020u;
}

/* The slot of a gram in the table of words. */
static inline uint32_t pl_gram_slot(uint32_t gram)
{
    return gram * 2654435761u >> (32 - PL_GRAM_BITS);
}

#endif
