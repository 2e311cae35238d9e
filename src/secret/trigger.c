/* Which keywords need no literal of their own: those after which every match of the rule has one
 * of a few words ("key", "token", …) within a short reach. Such a keyword is looked up from that
 * word, which keeps the literal set small; the literal pass is what most bytes cost. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "secret/trigger.h"

#include "base/cleanup.h"
#include "secret/assign.h"
#include "secret/shape_int.h"

static const char *const triggers[] = { "key", "token", "secret", "pass", "pwd",    "auth",
                                        "api", "cred",  "://",    "_pat", "access", "private" };

#define MAX_STATES 64
#define MAX_STEPS 200000u
#define FOUND 0xff

/* Automaton of the triggers over folded bytes, and for each of its states the offsets at which a
 * match may be in it without having seen a trigger. */
struct automaton {
    uint8_t next[MAX_STATES][256];
    unsigned n;
};

struct reachable {
    uint64_t at[MAX_STATES]; /* bit k: after k bytes */
};

struct step {
    struct pl_bytes set;
    uint64_t to[MAX_STATES], done;
    bool known;
};

struct walk {
    struct step step[8];
    const struct rx *rx;
    const struct automaton *a;
    const char *keyword;
    size_t n;
    unsigned steps;
    bool beyond; /* a match may go on past the reach without a trigger */
};

static uint8_t fold(uint8_t c)
{
    return c >= 'A' && c <= 'Z' ? (uint8_t)(c + 32) : c;
}

size_t pl_triggers(const char *const **ret)
{
    *ret = triggers;
    return PL_COUNT(triggers);
}

/* The longest suffix of text[0, n) that is a prefix of a trigger, as (trigger, length); found when
 * it is a whole trigger. */
static unsigned state_of(const char *text, size_t n, unsigned id[PL_COUNT(triggers)][8])
{
    for (size_t from = 0; from < n; from++) {
        for (size_t t = 0; t < PL_COUNT(triggers); t++) {
            size_t len = strlen(triggers[t]), k = n - from;
            if (k > len || memcmp(text + from, triggers[t], k) != 0)
                continue;
            return k == len ? FOUND : id[t][k];
        }
    }
    return 0;
}

/* What stands in no trigger leads back to the start. */
static bool in_trigger(char c)
{
    for (size_t t = 0; t < PL_COUNT(triggers); t++) {
        if (c && strchr(triggers[t], c))
            return true;
    }
    return false;
}

static void make_automaton(struct automaton *a)
{
    unsigned id[PL_COUNT(triggers)][8] = { { 0 } };
    a->n = 1;
    for (size_t t = 0; t < PL_COUNT(triggers); t++) {
        for (size_t k = 1; triggers[t][k]; k++)
            id[t][k] = a->n++;
    }
    for (unsigned c = 0; c < 256; c++) {
        char one = (char)fold((uint8_t)c);
        a->next[0][c] = in_trigger(one) ? (uint8_t)state_of(&one, 1, id) : 0;
    }
    for (size_t t = 0; t < PL_COUNT(triggers); t++) {
        for (size_t k = 1; triggers[t][k]; k++) {
            for (unsigned c = 0; c < 256; c++) {
                char text[9];
                memcpy(text, triggers[t], k);
                text[k] = (char)fold((uint8_t)c);
                a->next[id[t][k]][c] = in_trigger(text[k]) ? (uint8_t)state_of(text, k + 1, id) : 0;
            }
        }
    }
}

static void move_to(struct walk *w, struct reachable *to, uint8_t q, uint64_t at)
{
    if (q == FOUND)
        return;
    w->beyond |= at >> (PL_TRIGGER_REACH - 1) != 0;
    to->at[q] |= at << 1;
}

/* The states, as bits, that one byte of `set` leads to from state `q`; FOUND is none. The few sets
 * of a regex come again at each step. */
static uint64_t states_over(struct walk *w, const struct pl_bytes *set, unsigned q)
{
    struct step *s = &w->step[(set->w[0] ^ set->w[1] ^ set->w[1] >> 32) % PL_COUNT(w->step)];
    if (!s->known || memcmp(&s->set, set, sizeof *set) != 0)
        *s = (struct step){ .set = *set, .known = true };
    if (s->done >> q & 1)
        return s->to[q];
    for (unsigned c = 0; c < 256; c++) {
        uint8_t next = w->a->next[q][c];
        if (pl_bytes_has(set, (uint8_t)c) && next != FOUND)
            s->to[q] |= 1ull << next;
    }
    s->done |= 1ull << q;
    return s->to[q];
}

/* One byte of `set`; in front of w->n only the keyword's own byte. */
static void walk_set(struct walk *w, const struct pl_bytes *set, struct reachable *r)
{
    struct reachable to = { { 0 } };
    uint64_t inside = w->n >= 64 ? UINT64_MAX : (1ull << w->n) - 1;
    for (unsigned q = 0; q < w->a->n; q++) {
        for (uint64_t k = r->at[q] & inside; k; k &= k - 1) {
            uint8_t c = (uint8_t)w->keyword[__builtin_ctzll(k)], up = c;
            if (c >= 'a' && c <= 'z')
                up = (uint8_t)(c - 32);
            if (pl_bytes_has(set, c) || pl_bytes_has(set, up))
                move_to(w, &to, w->a->next[q][c], k & -k);
        }
        uint64_t rest = r->at[q] & ~inside;
        for (uint64_t k = rest ? states_over(w, set, q) : 0; k; k &= k - 1)
            move_to(w, &to, (uint8_t)__builtin_ctzll(k), rest);
    }
    *r = to;
}

static void merge(struct reachable *r, const struct reachable *other, unsigned n)
{
    for (unsigned q = 0; q < n; q++)
        r->at[q] |= other->at[q];
}

static bool empty(const struct reachable *r, unsigned n)
{
    uint64_t any = 0;
    for (unsigned q = 0; q < n; q++)
        any |= r->at[q];
    return any == 0;
}

static void walk_node(struct walk *w, unsigned i, struct reachable *r);

static void walk_repeat(struct walk *w, const struct rx_node *node, struct reachable *r)
{
    unsigned n = w->a->n, k = 0;
    for (; k < node->lo && !w->beyond && !empty(r, n); k++)
        walk_node(w, node->a, r);
    struct reachable all = *r;
    for (; k < node->hi && !w->beyond && !empty(r, n); k++) {
        walk_node(w, node->a, r);
        struct reachable old = all;
        merge(&all, r, n);
        if (memcmp(&old, &all, sizeof all) == 0)
            break;
    }
    *r = all;
}

static void walk_node(struct walk *w, unsigned i, struct reachable *r)
{
    const struct rx_node *node = &w->rx->p[i];
    if (++w->steps > MAX_STEPS)
        w->beyond = true;
    if (w->beyond)
        return;
    switch (node->kind) {
    case RX_EMPTY:
        break;
    case RX_SET:
        walk_set(w, &node->set, r);
        break;
    case RX_CAT:
        walk_node(w, node->a, r);
        walk_node(w, node->b, r);
        break;
    case RX_ALT: {
        struct reachable other = *r;
        walk_node(w, node->a, r);
        walk_node(w, node->b, &other);
        merge(r, &other, w->a->n);
        break;
    }
    case RX_REPEAT:
        walk_repeat(w, node, r);
        break;
    }
}

/* Does every match that begins with the keyword have a trigger in reach? */
static bool always_triggers(const struct rx *rx, unsigned root, const char *keyword, size_t n)
{
    struct automaton *a = calloc(1, sizeof *a);
    if (!a)
        pl_oom();
    make_automaton(a);
    struct walk w = { .rx = rx, .a = a, .keyword = keyword, .n = n };
    struct reachable r = { { 1 } };
    walk_node(&w, root, &r);
    bool yes = !w.beyond && empty(&r, a->n);
    free(a);
    return yes;
}

static bool holds_trigger(struct pl_str s)
{
    for (size_t t = 0; t < PL_COUNT(triggers); t++) {
        if (pl_str_find(s, pl_str_c(triggers[t]), 0) != SIZE_MAX)
            return true;
    }
    return false;
}

bool pl_keyword_triggers(const struct pl_rule *rule, struct pl_str keyword)
{
    char low[64];
    unsigned root;
    size_t lead = pl_word_lead(keyword);
    if (!rule->regex || keyword.n > sizeof low || keyword.n < lead + 4)
        return false;
    for (size_t i = 0; i < keyword.n; i++)
        low[i] = (char)fold((uint8_t)keyword.p[i]);
    if (holds_trigger((struct pl_str){ low, keyword.n }))
        return true;
    if (rule->before > 0)
        return false;
    struct rx rx = { 0 };
    struct pl_str head = pl_str_c(rule->regex), rest;
    pl_assign_split(head, &head, &rest);
    bool yes = pl_rx_parse(head, &rx, &root) && always_triggers(&rx, root, low, keyword.n);
    pl_rx_release(&rx);
    return yes;
}

size_t pl_word_lead(struct pl_str keyword)
{
    size_t i = 0;
    while (i < keyword.n && !pl_is_alnum((uint8_t)keyword.p[i]))
        i++;
    return i;
}
