/* Literals that every match of a regex holds, and the longest way to them. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "compat/gl_shape.h"

#include <stdlib.h>

#include "compat/gl_shape_int.h"

#define MAX_STRINGS 160u
#define MAX_LENGTH 16u
#define MAX_CLASS 12u
#define MIN_LENGTH 2u

/* Ways a match may begin; those that are still `open` may be made longer by what follows. */
struct word {
    char s[MAX_LENGTH];
    uint8_t n;
    bool open;
};
struct words {
    struct word v[MAX_STRINGS];
    size_t n;
};

/* The best literals found so far. */
struct need {
    struct words *words; /* NULL: none */
    uint32_t lead;
    unsigned score;
    const struct pl_gl_node *at; /* the part at which the literals begin */
};

static uint32_t add(uint32_t a, uint32_t b)
{
    return a == PL_GL_INF || b == PL_GL_INF || a + b < a ? PL_GL_INF : a + b;
}

static uint32_t times(uint32_t a, uint32_t n)
{
    uint64_t v = (uint64_t)a * n;
    if (a == 0 || n == 0)
        return 0;
    return a == PL_GL_INF || n == PL_GL_INF || v >= (1u << 30) ? PL_GL_INF : (uint32_t)v;
}

static uint32_t longest(const struct pl_gl_node *n)
{
    uint32_t w = 0;
    switch (n->kind) {
    case GL_EMPTY:
        return 0;
    case GL_CHAR:
        return n->ch < 0x80 ? 1 : 4;
    case GL_CLASS:
        return n->wide ? 4 : 1;
    case GL_CAT:
        for (size_t i = 0; i < n->n; i++)
            w = add(w, longest(n->kids[i]));
        return w;
    case GL_ALT:
        for (size_t i = 0; i < n->n; i++) {
            uint32_t one = longest(n->kids[i]);
            w = one > w ? one : w;
        }
        return w;
    case GL_REPEAT:
        return times(longest(n->kids[0]), n->hi);
    }
    return PL_GL_INF;
}

static void close_all(struct words *w)
{
    for (size_t i = 0; i < w->n; i++)
        w->v[i].open = false;
}

static bool any_open(const struct words *w)
{
    for (size_t i = 0; i < w->n; i++)
        if (w->v[i].open)
            return true;
    return false;
}

static char small(uint32_t c)
{
    return (char)(c >= 'A' && c <= 'Z' ? c + 32 : c);
}

/* Every open word followed by each of `k` characters. */
static void put_chars(struct words *w, const char *c, size_t k)
{
    size_t open = 0;
    for (size_t i = 0; i < w->n; i++)
        open += w->v[i].open;
    if (k == 0 || w->n + open * (k - 1) > MAX_STRINGS) {
        close_all(w);
        return;
    }
    size_t n = w->n;
    for (size_t i = 0; i < n; i++) {
        if (!w->v[i].open)
            continue;
        struct word base = w->v[i];
        for (size_t j = 0; j < k; j++) {
            struct word *to = j ? &w->v[w->n++] : &w->v[i];
            *to = base;
            to->s[to->n++] = c[j];
            to->open = to->n < MAX_LENGTH;
        }
    }
}

static void put(struct words *w, const struct pl_gl_node *n, struct pl_arena *a);

static void put_class(struct words *w, const struct pl_gl_node *n)
{
    char c[MAX_CLASS];
    size_t k = 0;
    for (uint32_t ch = 0; ch < 128; ch++) {
        bool lower_too = ch >= 'A' && ch <= 'Z' && n->set[1] >> ((ch + 32) & 63) & 1;
        if (!(n->set[ch >> 6] >> (ch & 63) & 1) || lower_too)
            continue;
        if (k == MAX_CLASS || n->wide) {
            close_all(w);
            return;
        }
        c[k++] = small(ch);
    }
    if (n->wide)
        close_all(w);
    else
        put_chars(w, c, k);
}

/* The union of what `w` becomes by each of `n` parts, NULL standing for nothing at all. */
static void put_either(struct words *w, struct pl_gl_node *const *kids, size_t n,
                       struct pl_arena *a)
{
    struct words *all = PL_NEW(a, struct words), *one = PL_NEW(a, struct words);
    for (size_t i = 0; i < w->n; i++)
        if (!w->v[i].open)
            all->v[all->n++] = w->v[i];
    for (size_t k = 0; k < n; k++) {
        one->n = 0;
        for (size_t i = 0; i < w->n; i++)
            if (w->v[i].open)
                one->v[one->n++] = w->v[i];
        if (kids[k])
            put(one, kids[k], a);
        if (all->n + one->n > MAX_STRINGS) {
            close_all(w);
            return;
        }
        memcpy(all->v + all->n, one->v, one->n * sizeof *one->v);
        all->n += one->n;
    }
    *w = *all;
}

static void put_repeat(struct words *w, const struct pl_gl_node *n, struct pl_arena *a)
{
    if (n->lo == 0 && n->hi == 1) {
        struct pl_gl_node *kids[2] = { n->kids[0], NULL };
        put_either(w, kids, 2, a);
        return;
    }
    for (uint32_t i = 0; i < n->lo && i < MAX_LENGTH && any_open(w); i++)
        put(w, n->kids[0], a);
    if (n->lo != n->hi)
        close_all(w);
}

static void put(struct words *w, const struct pl_gl_node *n, struct pl_arena *a)
{
    switch (n->kind) {
    case GL_EMPTY:
        return;
    case GL_CHAR:
        if (n->ch < 0x80)
            put_chars(w, &(char){ small(n->ch) }, 1);
        else
            close_all(w);
        return;
    case GL_CLASS:
        put_class(w, n);
        return;
    case GL_CAT:
        for (size_t i = 0; i < n->n && any_open(w); i++)
            put(w, n->kids[i], a);
        return;
    case GL_ALT:
        put_either(w, n->kids, n->n, a);
        return;
    case GL_REPEAT:
        put_repeat(w, n, a);
        return;
    }
}

/* Worth of a set: its shortest word, few words, a bounded way to them. 0 = of no use. */
static unsigned score_of(const struct words *w, uint32_t lead)
{
    unsigned least = MAX_LENGTH;
    if (!w->n)
        return 0;
    for (size_t i = 0; i < w->n; i++)
        least = w->v[i].n < least ? w->v[i].n : least;
    if (least < MIN_LENGTH)
        return 0;
    return (lead == PL_GL_INF ? 0 : 100) + (least > 5 ? 5 : least) * 8 + (w->n <= 16 ? 4 : 0) +
           (lead == 0 ? 2 : 0);
}

static void better(struct need *best, const struct need *one)
{
    if (one->words && one->score > best->score)
        *best = *one;
}

static struct need need_of(const struct pl_gl_node *n, struct pl_arena *a);

static struct need need_cat(const struct pl_gl_node *n, struct pl_arena *a)
{
    struct need best = { 0 };
    uint32_t lead = 0;
    for (size_t i = 0; i < n->n; i++) {
        struct need one = { .words = PL_NEW(a, struct words), .lead = lead, .at = n->kids[i] };
        one.words->v[0].open = true;
        one.words->n = 1;
        for (size_t k = i; k < n->n && any_open(one.words); k++)
            put(one.words, n->kids[k], a);
        one.score = score_of(one.words, lead);
        better(&best, &one);
        if (n->kids[i]->kind >= GL_CAT) {
            one = need_of(n->kids[i], a);
            one.lead = add(one.lead, lead);
            one.at = NULL;
            one.score = one.words ? score_of(one.words, one.lead) : 0;
            better(&best, &one);
        }
        lead = add(lead, longest(n->kids[i]));
    }
    return best;
}

static struct need need_alt(const struct pl_gl_node *n, struct pl_arena *a)
{
    struct need all = { .words = PL_NEW(a, struct words) };
    for (size_t i = 0; i < n->n; i++) {
        struct need one = need_of(n->kids[i], a);
        if (!one.words || all.words->n + one.words->n > MAX_STRINGS)
            return (struct need){ 0 };
        memcpy(all.words->v + all.words->n, one.words->v, one.words->n * sizeof *one.words->v);
        all.words->n += one.words->n;
        all.lead = one.lead > all.lead ? one.lead : all.lead;
    }
    all.score = score_of(all.words, all.lead);
    return all;
}

static struct need need_of(const struct pl_gl_node *n, struct pl_arena *a)
{
    switch (n->kind) {
    case GL_CAT:
        return need_cat(n, a);
    case GL_ALT:
        return need_alt(n, a);
    case GL_REPEAT:
        return n->lo > 0 ? need_of(n->kids[0], a) : (struct need){ 0 };
    default:
        return (struct need){ 0 };
    }
}

static void take_core(struct pl_arena *a, struct pl_str regex, const struct pl_gl_node *at,
                      struct pl_gl_shape *s)
{
    unsigned f = at->flags;
    s->core =
        pl_printf(a, "%s%s%s%s%s%s%.*s", f ? "(?" : "", f & GL_FLAG_I ? "i" : "",
                  f & GL_FLAG_M ? "m" : "", f & GL_FLAG_S ? "s" : "", f & GL_FLAG_U ? "U" : "",
                  f ? ")" : "", PL_FMT(pl_str_sub(regex, at->at, SIZE_MAX)));
}

static int by_text(const void *a, const void *b)
{
    return pl_str_cmp(*(const struct pl_str *)a, *(const struct pl_str *)b);
}

static void take_words(struct pl_arena *a, const struct words *w, struct pl_gl_shape *s)
{
    struct pl_str *v = pl_alloc_n(a, w->n, sizeof *v);
    for (size_t i = 0; i < w->n; i++)
        v[i] = pl_dup(a, pl_str_n(w->v[i].s, w->v[i].n));
    qsort(v, w->n, sizeof *v, by_text);
    for (size_t i = 0; i < w->n; i++) {
        struct pl_str last = s->literals.n ? s->literals.p[s->literals.n - 1] : PL_S("");
        if (!last.n || !pl_str_starts(v[i], last)) /* the shorter one is hit as well */
            pl_vec_push(&s->literals, v[i]);
    }
}

bool pl_gl_shape_of(struct pl_arena *a, struct pl_str regex, struct pl_gl_shape *s)
{
    *s = (struct pl_gl_shape){ .lead = PL_GL_INF, .longest = PL_GL_INF };
    struct pl_arena tmp = { 0 };
    struct pl_gl_node *n = regex.n < 16384 ? pl_gl_shape_parse(&tmp, regex) : NULL;
    struct need best = n ? need_of(n, &tmp) : (struct need){ 0 };
    bool found = best.words && best.score;
    if (found) {
        s->lead = best.lead;
        s->longest = longest(n);
        take_words(a, best.words, s);
        if (best.at && best.lead != PL_GL_INF && n->kind == GL_CAT)
            take_core(a, regex, best.at, s);
    }
    pl_arena_release(&tmp);
    return found;
}

void pl_gl_shape_release(struct pl_gl_shape *s)
{
    pl_vec_release(&s->literals);
}
