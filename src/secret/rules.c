/* Frozen rule sets. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "base/cleanup.h"
#include "secret/rule_int.h"
#include "secret/trigger.h"

int pl_rules_from_image(const struct pl_rule_image *img, struct pl_arena *a, struct pl_rules **ret,
                        struct pl_err *err)
{
    struct pl_literals *db = NULL;
    int e = PL_E_UNSUP;
    if (img->db)
        e = pl_literals_load(img->db, img->db_len, &db, NULL);
    if (e < 0)
        e = pl_rule_image_compile(img, &db, err);
    if (e < 0)
        return e;
    struct pl_rules *r = calloc(1, sizeof *r);
    if (!r)
        pl_oom();
    r->img = *img;
    r->db = db;
    r->known = pl_known_new(img);
    for (size_t i = img->n_words; i-- > 0;)
        r->slot[pl_gram_slot(img->word[i].gram)] = (uint16_t)(i + 1);
    if (a) {
        r->a = *a;
        *a = (struct pl_arena){ 0 };
    }
    *ret = r;
    return 0;
}

void pl_rules_free(struct pl_rules *r)
{
    if (!r)
        return;
    for (size_t i = 0; i < r->img.n_rules && !r->base; i++) /* the secret itself */
        if (r->img.rule[i].exact.n) {
            explicit_bzero((char *)(uintptr_t)r->img.rule[i].exact.p, r->img.rule[i].exact.n);
            explicit_bzero((char *)(uintptr_t)r->img.rule[i].keywords.p[0],
                           strlen(r->img.rule[i].keywords.p[0]));
        }
    if (!r->base) {
        pl_literals_free(r->db);
        pl_known_free(r->known);
    }
    pl_arena_release(&r->a);
    free(r);
}

size_t pl_rules_count(const struct pl_rules *r)
{
    return r->img.n_rules;
}

const struct pl_rule *pl_rules_at(const struct pl_rules *r, size_t i)
{
    return &r->img.rule[i];
}

const struct pl_rule *pl_rules_find(const struct pl_rules *r, struct pl_str id)
{
    for (size_t i = 0; i < r->img.n_rules; i++) {
        const struct pl_rule *rule = &r->img.rule[i];
        if (pl_str_is(id, rule->id))
            return rule;
        for (size_t k = 0; k < rule->aliases.n; k++) {
            if (pl_str_is(id, rule->aliases.p[k]))
                return rule;
        }
    }
    return NULL;
}
