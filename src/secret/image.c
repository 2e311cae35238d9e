/* From rules to tables: literals with the rules they stand for, shapes, byte sets. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "base/cleanup.h"
#include "base/map.h"
#include "secret/assign.h"
#include "secret/rule_int.h"
#include "secret/trigger.h"

struct literal_build {
    struct pl_lit_entry e;
    PL_VEC(struct pl_lit_ref) ref;
};

struct build {
    struct pl_arena *a;
    struct pl_map by_text;
    PL_VEC(struct literal_build *) lit;
    PL_VEC(struct pl_word_entry) word;
};

/* The entry of a literal, made when it is new. Caseless ones are kept in lower case. */
static struct literal_build *literal(struct build *b, struct pl_str text, bool nocase)
{
    char *key = pl_alloc(b->a, text.n + 2);
    for (size_t i = 0; i < text.n; i++) {
        char c = text.p[i];
        key[i] = nocase && c >= 'A' && c <= 'Z' ? (char)(c + 32) : c;
    }
    key[text.n] = nocase ? 'i' : 'c';
    void **at = pl_map_put(&b->by_text, pl_str_n(key, text.n + 1));
    if (!*at) {
        struct literal_build *l = PL_NEW(b->a, struct literal_build);
        key[text.n] = '\0';
        l->e = (struct pl_lit_entry){ .len = (uint8_t)text.n, .nocase = nocase, .text = key };
        pl_vec_push(&b->lit, l);
        *at = l;
    }
    return *at;
}

static void add_ref(struct literal_build *l, unsigned rule, enum pl_lit_kind kind)
{
    struct pl_lit_ref ref = { (uint16_t)rule, (uint8_t)kind };
    for (size_t i = 0; i < l->ref.n; i++) {
        if (l->ref.p[i].rule == ref.rule && l->ref.p[i].kind == ref.kind)
            return;
    }
    pl_vec_push(&l->ref, ref);
}

static bool has_letters(const char *s)
{
    for (; *s; s++) {
        if ((*s | 0x20) >= 'a' && (*s | 0x20) <= 'z')
            return true;
    }
    return false;
}

static void add_word(struct build *b, const struct pl_rule *r, unsigned i, struct pl_str text)
{
    size_t lead = pl_word_lead(text);
    pl_vec_push(&b->word, (struct pl_word_entry){ .gram = pl_gram((const uint8_t *)text.p + lead),
                                                  .rule = (uint16_t)i,
                                                  .len = (uint8_t)text.n,
                                                  .lead = (uint8_t)lead,
                                                  .nocase = !r->keyword_case,
                                                  .text = text.p });
}

static void add_rule(struct build *b, const struct pl_rule *r, unsigned i)
{
    for (size_t k = 0; k < r->keywords.n; k++) {
        struct pl_str word = pl_str_c(r->keywords.p[k]);
        if (!r->exact.n && pl_keyword_triggers(r, word))
            add_word(b, r, i, word);
        else
            add_ref(literal(b, word, !r->keyword_case && has_letters(word.p)), i, PL_LIT_RULE);
    }
}

static void add_triggers(struct build *b)
{
    const char *const *words;
    size_t n = pl_triggers(&words);
    for (size_t i = 0; i < n && b->word.n; i++)
        add_ref(literal(b, pl_str_c(words[i]), has_letters(words[i])), 0, PL_LIT_TRIGGER);
}

static void add_gzip(struct build *b)
{
    add_ref(literal(b, PL_S("H4sI"), /* nocase= */ false), 0, PL_LIT_GZIP);
}

static int by_gram(const void *a, const void *b)
{
    const struct pl_word_entry *x = a, *y = b;
    uint32_t i = pl_gram_slot(x->gram), k = pl_gram_slot(y->gram);
    if (i != k)
        return i < k ? -1 : 1;
    if (x->gram != y->gram)
        return x->gram < y->gram ? -1 : 1;
    if (x->rule != y->rule)
        return x->rule < y->rule ? -1 : 1;
    return strcmp(x->text, y->text);
}

/* Lays the literals out as tables. */
static void finish(struct build *b, struct pl_rule_image *img)
{
    size_t refs = 0;
    for (size_t i = 0; i < b->lit.n; i++)
        refs += b->lit.p[i]->ref.n;
    struct pl_lit_entry *lit = pl_alloc_n(b->a, b->lit.n, sizeof *lit);
    struct pl_lit_ref *ref = pl_alloc_n(b->a, refs, sizeof *ref);
    size_t at = 0;
    for (size_t i = 0; i < b->lit.n; i++) {
        struct literal_build *l = b->lit.p[i];
        lit[i] = l->e;
        lit[i].first = (uint32_t)at;
        lit[i].n = (uint16_t)l->ref.n;
        memcpy(ref + at, l->ref.p, l->ref.n * sizeof *ref);
        at += l->ref.n;
    }
    img->lit = lit;
    img->n_lits = b->lit.n;
    img->ref = ref;
    img->n_refs = refs;
    if (b->word.n) {
        qsort(b->word.p, b->word.n, sizeof *b->word.p, by_gram);
        struct pl_word_entry *word = pl_alloc_n(b->a, b->word.n, sizeof *word);
        memcpy(word, b->word.p, b->word.n * sizeof *word);
        img->word = word;
        img->n_words = b->word.n;
    }
}

static void release(struct build *b)
{
    for (size_t i = 0; i < b->lit.n; i++)
        pl_vec_release(&b->lit.p[i]->ref);
    pl_vec_release(&b->lit);
    pl_vec_release(&b->word);
    pl_map_release(&b->by_text);
}

static int unique(const struct pl_rule *rule, size_t n, struct pl_arena *a, struct pl_err *err)
{
    struct pl_map seen = { .a = a };
    int e = 0;
    for (size_t i = 0; i < n && e == 0; i++) {
        void **at = pl_map_put(&seen, pl_str_c(rule[i].id));
        if (*at)
            e = pl_fail(err, PL_E_FORMAT, "rule '%s' is there twice", rule[i].id);
        *at = &seen;
    }
    pl_map_release(&seen);
    return e;
}

int pl_rule_image_make(const struct pl_rule *rule, size_t n, struct pl_arena *a,
                       struct pl_rule_image *img, struct pl_err *err)
{
    if (n == 0 || n > 10000)
        return pl_fail(err, PL_E_LIMIT, "%zu rules; 1 to 10000 are possible", n);
    int e = unique(rule, n, a, err);
    if (e < 0)
        return e;
    struct build b = { .a = a, .by_text = { .a = a } };
    struct pl_bytes_table bytes = { 0 };
    struct pl_rule *copy = pl_alloc_n(a, n, sizeof *copy);
    struct pl_rule_shape *shape = pl_alloc_n(a, n, sizeof *shape);
    struct pl_rule_shape *tail = pl_alloc_n(a, n, sizeof *tail);
    memcpy(copy, rule, n * sizeof *copy);
    for (size_t i = 0; i < n; i++) {
        add_rule(&b, &copy[i], (unsigned)i);
        struct pl_str head = pl_str_c(copy[i].regex), rest;
        if (pl_assign_split(head, &head, &rest))
            pl_rule_shape_of(rest, &bytes, &tail[i]);
        if (copy[i].regex)
            pl_rule_shape_of(head, &bytes, &shape[i]);
    }
    add_triggers(&b);
    add_gzip(&b);
    *img = (struct pl_rule_image){ .rule = copy, .shape = shape, .tail = tail, .n_rules = n };
    finish(&b, img);
    release(&b);
    struct pl_bytes *sets = pl_alloc_n(a, bytes.n ? bytes.n : 1, sizeof *sets);
    if (bytes.n)
        memcpy(sets, bytes.p, bytes.n * sizeof *sets);
    img->bytes = sets;
    img->n_bytes = bytes.n;
    free(bytes.p);
    return 0;
}

int pl_rule_image_compile(const struct pl_rule_image *img, struct pl_literals **ret,
                          struct pl_err *err)
{
    pl_auto_free struct pl_literal *v = calloc(img->n_lits, sizeof *v);
    if (!v)
        pl_oom();
    for (size_t i = 0; i < img->n_lits; i++)
        v[i] = (struct pl_literal){ { img->lit[i].text, img->lit[i].len }, img->lit[i].nocase };
    return pl_literals_new(v, img->n_lits, ret, err);
}
