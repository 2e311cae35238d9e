/* Literals by an automaton of our own (Aho and Corasick, 1975), for builds without vectorscan. All
 * literals are folded to lower case; those that must match exactly are compared once more. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "base/cleanup.h"
#include "fmt/literal.h"

#define NONE UINT32_MAX
#define MAX_BYTES (4u << 20) /* of all literals */

struct lit {
    uint32_t text, next; /* in `text`; the next literal that ends in the same state */
    uint8_t len;
    bool nocase;
};

struct pl_literals {
    uint8_t class_of[256];
    unsigned classes;
    uint32_t *go;    /* [state * classes + class] */
    uint32_t *out;   /* first literal that ends in a state, or NONE */
    uint32_t *other; /* the longest shorter state where literals end, 0 = none */
    uint32_t states;
    struct lit *lit;
    size_t n;
    char *text;
    size_t text_len;
};

struct pl_literals_scratch {
    char unused;
};

static uint8_t fold(uint8_t c)
{
    return c >= 'A' && c <= 'Z' ? (uint8_t)(c + 32) : c;
}

static void *zeroed(size_t n, size_t size)
{
    void *p = calloc(n ? n : 1, size);
    if (!p)
        pl_oom();
    return p;
}

static int check(const struct pl_literal *v, size_t n, size_t *total, struct pl_err *err)
{
    *total = 0;
    if (n == 0)
        return pl_fail(err, PL_E_USAGE, "no literals");
    for (size_t i = 0; i < n; i++) {
        if (v[i].text.n < 2 || v[i].text.n > 255 || v[i].text.p[0] == '\0')
            return pl_fail(err, PL_E_USAGE,
                           "literal %zu ('%.*s') has no usable length or begins "
                           "with NUL",
                           i, PL_FMT(v[i].text));
        *total += v[i].text.n;
        if (*total > MAX_BYTES)
            return pl_fail(err, PL_E_USAGE, "literals of more than %u bytes", MAX_BYTES);
    }
    return 0;
}

/* Class 0 holds every byte that no literal has. */
static void classes(struct pl_literals *l, const struct pl_literal *v, size_t n)
{
    l->classes = 1;
    for (size_t i = 0; i < n; i++) {
        for (size_t k = 0; k < v[i].text.n; k++) {
            uint8_t c = fold((uint8_t)v[i].text.p[k]);
            if (l->class_of[c] == 0)
                l->class_of[c] = (uint8_t)l->classes++;
        }
    }
    for (unsigned c = 'A'; c <= 'Z'; c++)
        l->class_of[c] = l->class_of[c + 32];
}

static void add(struct pl_literals *l, const struct pl_literal *v, uint32_t id)
{
    uint32_t s = 0;
    struct lit *lit = &l->lit[id];
    for (size_t k = 0; k < v->text.n; k++) {
        uint32_t *to = &l->go[s * l->classes + l->class_of[(uint8_t)v->text.p[k]]];
        if (*to == 0)
            *to = l->states++;
        s = *to;
    }
    *lit = (struct lit){ (uint32_t)l->text_len, l->out[s], (uint8_t)v->text.n, v->nocase };
    l->out[s] = id;
    memcpy(l->text + l->text_len, v->text.p, v->text.n);
    l->text_len += v->text.n;
}

/* Breadth first: a missing step goes where the longest proper suffix would go. */
static void link_states(struct pl_literals *l)
{
    pl_auto_free uint32_t *fail = zeroed(l->states, sizeof *fail);
    pl_auto_free uint32_t *queue = zeroed(l->states, sizeof *queue);
    size_t head = 0, tail = 0;
    for (unsigned c = 0; c < l->classes; c++) {
        if (l->go[c])
            queue[tail++] = l->go[c];
    }
    while (head < tail) {
        uint32_t s = queue[head++], f = fail[s];
        l->other[s] = l->out[f] != NONE ? f : l->other[f];
        for (unsigned c = 0; c < l->classes; c++) {
            uint32_t *to = &l->go[s * l->classes + c], back = l->go[f * l->classes + c];
            if (*to) {
                fail[*to] = back;
                queue[tail++] = *to;
            } else {
                *to = back;
            }
        }
    }
}

int pl_literals_new(const struct pl_literal *v, size_t n, struct pl_literals **ret,
                    struct pl_err *err)
{
    size_t total;
    int e = check(v, n, &total, err);
    if (e < 0)
        return e;
    struct pl_literals *l = zeroed(1, sizeof *l);
    classes(l, v, n);
    l->n = n;
    l->states = 1;
    l->go = zeroed((total + 1) * l->classes, sizeof *l->go);
    l->out = zeroed(total + 1, sizeof *l->out);
    l->other = zeroed(total + 1, sizeof *l->other);
    l->lit = zeroed(n, sizeof *l->lit);
    l->text = zeroed(total, 1);
    memset(l->out, 0xff, (total + 1) * sizeof *l->out);
    for (size_t i = 0; i < n; i++)
        add(l, &v[i], (uint32_t)i);
    link_states(l);
    *ret = l;
    return 0;
}

int pl_literals_load(const void *blob, size_t len, struct pl_literals **ret, struct pl_err *err)
{
    (void)blob;
    (void)len;
    (void)ret;
    return pl_fail(err, PL_E_UNSUP, "literals: this build compiles them at the start");
}

int pl_literals_save(const struct pl_literals *l, struct pl_buf *out, struct pl_err *err)
{
    (void)l;
    (void)out;
    return pl_fail(err, PL_E_UNSUP, "literals: this build compiles them at the start");
}

size_t pl_literals_size(const struct pl_literals *l)
{
    return l->states * (l->classes * sizeof *l->go + 8) + l->n * sizeof *l->lit + l->text_len;
}

void pl_literals_free(struct pl_literals *l)
{
    if (!l)
        return;
    free(l->go);
    free(l->out);
    free(l->other);
    free(l->lit);
    free(l->text);
    free(l);
}

int pl_literals_scratch_new(const struct pl_literals *l, struct pl_literals_scratch **ret,
                            struct pl_err *err)
{
    (void)l;
    (void)err;
    *ret = zeroed(1, sizeof **ret);
    return 0;
}

void pl_literals_scratch_free(struct pl_literals_scratch *s)
{
    free(s);
}

/* Reports the literals that end in state `s`, and in those it ends with. */
static int report(const struct pl_literals *l, uint32_t s, const uint8_t *p, size_t end,
                  pl_literal_fn *fn, void *arg)
{
    for (; s; s = l->other[s]) {
        for (uint32_t id = l->out[s]; id != NONE; id = l->lit[id].next) {
            const struct lit *lit = &l->lit[id];
            if (!lit->nocase && memcmp(p + end - lit->len, l->text + lit->text, lit->len) != 0)
                continue;
            int stop = fn(arg, id, end);
            if (stop)
                return stop;
        }
    }
    return 0;
}

int pl_literals_scan(const struct pl_literals *l, struct pl_literals_scratch *scratch,
                     const uint8_t *p, size_t n, pl_literal_fn *fn, void *arg)
{
    (void)scratch;
    if (n > UINT32_MAX)
        return PL_E_LIMIT;
    uint32_t s = 0;
    for (size_t i = 0; i < n; i++) {
        s = l->go[s * l->classes + l->class_of[p[i]]];
        if (l->out[s] == NONE && l->other[s] == 0)
            continue;
        int stop = report(l, s, p, i + 1, fn, arg);
        if (stop)
            return stop;
    }
    return 0;
}
