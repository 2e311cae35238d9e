/* What can be said of a regex's matches without running it: shortest and longest length, and the
 * set of bytes that can stand at each of the first offsets. A hit whose following bytes are not in
 * those sets never reaches RE2 (secrets.md section 9, stage 2). */
/* SPDX-License-Identifier: Apache-2.0 */
#include "secret/hit.h"
#include "secret/shape_int.h"

#define MAX_STEPS 100000u

/* Offsets are bits: a node that may begin at the offsets of `at` may end at those returned. */
typedef uint64_t offsets;

struct walk {
    const struct rx *rx;
    unsigned steps; /* repeats of repeats multiply */
    struct pl_bytes at[PL_SHAPE_BYTES];
};

static void mark(struct walk *w, offsets at, const struct pl_bytes *set)
{
    for (at &= (1ull << PL_SHAPE_BYTES) - 1; at; at &= at - 1) {
        struct pl_bytes *b = &w->at[__builtin_ctzll(at)];
        for (int i = 0; i < 4; i++)
            b->w[i] |= set->w[i];
    }
}

static offsets walk_node(struct walk *w, unsigned i, offsets at);

static offsets walk_repeat(struct walk *w, const struct rx_node *n, offsets at)
{
    unsigned k = 0;
    for (; k < n->lo && at; k++)
        at = walk_node(w, n->a, at);
    offsets all = at;
    for (; k < n->hi && at; k++) {
        at = walk_node(w, n->a, at);
        if ((all | at) == all)
            break;
        all |= at;
    }
    return all;
}

static offsets walk_node(struct walk *w, unsigned i, offsets at)
{
    const struct rx_node *n = &w->rx->p[i];
    if (++w->steps > MAX_STEPS)
        return at;
    switch (n->kind) {
    case RX_EMPTY:
        return at;
    case RX_SET:
        mark(w, at, &n->set);
        return at << 1;
    case RX_CAT:
        return walk_node(w, n->b, walk_node(w, n->a, at));
    case RX_ALT:
        return walk_node(w, n->a, at) | walk_node(w, n->b, at);
    case RX_REPEAT:
        return walk_repeat(w, n, at);
    }
    return at;
}

static uint32_t add_len(uint32_t a, uint32_t b)
{
    return a == UINT32_MAX || b == UINT32_MAX || a > UINT32_MAX - b ? UINT32_MAX : a + b;
}

static uint32_t mul_len(uint32_t a, uint32_t b)
{
    uint32_t r;
    if (a == 0 || b == 0)
        return 0;
    return a == UINT32_MAX || b == UINT32_MAX || __builtin_mul_overflow(a, b, &r) ? UINT32_MAX : r;
}

struct range {
    uint32_t min, max;
};

static struct range length(const struct rx *rx, unsigned i)
{
    const struct rx_node *n = &rx->p[i];
    struct range a, b;
    switch (n->kind) {
    case RX_EMPTY:
        break;
    case RX_SET:
        return (struct range){ 1, 1 };
    case RX_CAT:
        a = length(rx, n->a);
        b = length(rx, n->b);
        return (struct range){ add_len(a.min, b.min), add_len(a.max, b.max) };
    case RX_ALT:
        a = length(rx, n->a);
        b = length(rx, n->b);
        return (struct range){ a.min < b.min ? a.min : b.min, a.max > b.max ? a.max : b.max };
    case RX_REPEAT:
        a = length(rx, n->a);
        return (struct range){ mul_len(a.min, n->lo), mul_len(a.max, n->hi) };
    }
    return (struct range){ 0, 0 };
}

static uint16_t number_of(struct pl_bytes_table *t, const struct pl_bytes *set, bool *full)
{
    for (size_t i = 0; i < t->n; i++) {
        if (memcmp(&t->p[i], set, sizeof *set) == 0)
            return (uint16_t)i;
    }
    if (t->n == UINT16_MAX) {
        *full = true;
        return 0;
    }
    pl_vec_push(t, *set);
    return (uint16_t)(t->n - 1);
}

static bool only_word(const struct pl_bytes *set)
{
    for (unsigned c = 0; c < 256; c++) {
        if (pl_bytes_has(set, (uint8_t)c) && !pl_is_word((uint8_t)c))
            return false;
    }
    return true;
}

static bool only_name(const struct rx *rx)
{
    for (size_t i = 0; i < rx->n; i++) {
        for (unsigned c = 0; rx->p[i].kind == RX_SET && c < 256; c++) {
            bool name = pl_is_word((uint8_t)c) || c == '.' || c == '-' || c == ' ';
            if (!name && pl_bytes_has(&rx->p[i].set, (uint8_t)c))
                return false;
        }
    }
    return true;
}

void pl_rule_shape_of(struct pl_str regex, struct pl_bytes_table *bytes, struct pl_rule_shape *ret)
{
    *ret = (struct pl_rule_shape){ .min = 0, .max = UINT32_MAX };
    struct rx rx = { 0 };
    unsigned root;
    if (!pl_rx_parse(regex, &rx, &root)) {
        pl_rx_release(&rx);
        return;
    }
    struct range len = length(&rx, root);
    struct walk w = { .rx = &rx };
    offsets end = walk_node(&w, root, 1);
    unsigned n = end ? (unsigned)__builtin_ctzll(end) : PL_SHAPE_BYTES;
    if (w.steps > MAX_STEPS)
        n = 0;
    bool full = false;
    ret->min = len.min;
    ret->max = len.max;
    ret->n = (uint8_t)(n < PL_SHAPE_BYTES ? n : PL_SHAPE_BYTES);
    for (unsigned k = 0; k < ret->n; k++) {
        ret->cls[k] = number_of(bytes, &w.at[k], &full);
        if (full)
            ret->n = (uint8_t)k;
    }
    ret->name_only = only_name(&rx);
    ret->word_start = rx.boundary && n > 0 && only_word(&w.at[0]);
    pl_rx_release(&rx);
}
