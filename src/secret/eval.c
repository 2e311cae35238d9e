/* From a keyword hit to a finding: shape, path, extent by RE2 or a finder, filters. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "base/base64.h"
#include "base/cleanup.h"
#include "secret/assign.h"
#include "secret/filter.h"
#include "secret/matcher_int.h"
#include "secret/published.h"
#include "secret/setting.h"

bool pl_rule_on_path(struct pl_matcher *m, unsigned i)
{
    const struct pl_rule *rule = &m->r->img.rule[i];
    struct pl_rule_use *u = &m->use[i];
    if (rule->paths.n == 0)
        return true;
    if (u->path == 0) {
        u->path = -1;
        for (size_t k = 0; k < rule->paths.n && !m->t->value; k++) {
            if (pl_rule_glob(rule->paths.p[k], m->t->path))
                u->path = 1;
        }
    }
    return u->path > 0;
}

/* A regex of a rule was compiled before, when the rule was read; it can only fail for memory. */
static struct pl_regex *compile(struct pl_str text)
{
    struct pl_regex *re = NULL;
    if (pl_regex_new(text, 0, &re, NULL) < 0)
        pl_oom();
    return re;
}

static void make_ready(struct pl_rule_use *u, const struct pl_rule *rule)
{
    struct pl_str tail = pl_str_c(rule->regex), head;
    if (pl_assign_split(tail, &head, &tail))
        u->head = compile(head);
    if (rule->regex)
        u->re = compile(tail);
    if (rule->allow.n) {
        u->allow = calloc(rule->allow.n, sizeof *u->allow);
        if (!u->allow)
            pl_oom();
    }
    for (size_t k = 0; k < rule->allow.n; k++)
        u->allow[k] = compile(pl_str_c(rule->allow.p[k]));
    u->ready = true;
}

static void push(struct pl_matcher *m, unsigned i, const struct pl_found *f, unsigned depth)
{
    if (m->use[i].count++ > m->limits.matches)
        return;
    pl_vec_push(&m->found[depth], *f);
}

/* The value a finder says is base64 is judged and reported decoded. */
static bool decode_value(struct pl_matcher *m, struct pl_found *f)
{
    size_t n = 0;
    char *out = pl_matcher_keep(m, pl_base64_room(f->value.n) + 1);
    if (pl_base64_decode(f->value, PL_BASE64_LENIENT, out, &n, NULL) < 0 || n == 0)
        return false;
    f->value = pl_str_n(out, n);
    f->decoded = "base64";
    return true;
}

/* Documents and tests are full of made-up secrets: what has no form of its own counts least there.
 * What has one is as good there as anywhere. */
static void weigh_setting(struct pl_matcher *m, const struct pl_rule *rule, struct pl_found *f)
{
    if (m->setting < 0) {
        enum pl_setting in = pl_setting_of(m->t->value ? (struct pl_str){ "", 0 } : m->t->path);
        enum pl_setting out = pl_setting_of(m->t->outer);
        m->setting = in > out ? in : out;
    }
    if (m->setting == PL_SETTING_PLAIN || !(rule->generic || rule->weak_in_docs) ||
        f->severity <= PL_SEV_LOW)
        return;
    f->severity = PL_SEV_LOW;
    f->reason = pl_setting_reason((enum pl_setting)m->setting);
}

void pl_judge(struct pl_matcher *m, unsigned i, const struct pl_hit *h,
              const struct pl_found_at *at, const struct pl_sink *to)
{
    const struct pl_rule *rule = &m->r->img.rule[i];
    struct pl_rule_use *u = &m->use[i];
    struct pl_found f = { .off = to->base + at->off,
                          .len = at->len,
                          .rule = i,
                          .value = pl_str_n(h->p + at->off, at->len),
                          .reason = at->reason,
                          .severity = (uint8_t)rule->severity,
                          .rank = PL_RANK_SPECIFIC,
                          .mine = to->mine };
    if (f.len == 0 || (at->base64 && !decode_value(m, &f)))
        return;
    if (pl_public_key(f.value) || (at->key.n && pl_known_form(m->r->known, at->key, f.value)))
        return;
    /* cut short, or made up and not even in the form of what it begins like */
    if (at->key.n && (pl_known_cut(m->r->known, f.value) ||
                      (at->reason && pl_known_prefix(m->r->known, f.value))))
        return;
    if (!u->ready)
        make_ready(u, rule);
    if (rule->generic)
        f.rank =
            u->check && (u->check->find == pl_find_keyvalue || u->check->find == pl_find_bare_key)
                ? PL_RANK_KEYVALUE
                : PL_RANK_GENERIC;
    const char *sample = pl_documented_sample(f.value);
    if (!sample)
        sample = pl_published_value(f.value);
    bool finder = u->check && u->check->find;
    enum pl_placeholder like = sample || finder ? PL_NO_PLACEHOLDER : pl_placeholder(f.value);
    if (sample)
        f.reason = sample;
    /* what a program wrote to its own store is no placeholder, whatever words are in it */
    bool store = rule->paths.n > 0;
    if (like == PL_PLACEHOLDER || (like == PL_COUNTS && !u->assign) ||
        (!store && (like == PL_WORD_PLACEHOLDER ||
                    (like == PL_LIKE_PLACEHOLDER && rule->generic && !u->assign))))
        return;
    if (like)
        f.reason = "looks like a placeholder";
    if (rule->entropy > 0 && pl_entropy(pl_str_sub(f.value, 0, 4096)) <= rule->entropy)
        return;
    for (size_t k = 0; k < rule->allow.n; k++) {
        if (!pl_regex_test(u->allow[k], f.value))
            continue;
        f.denied = f.rank == PL_RANK_SPECIFIC;
        f.rank = PL_RANK_KEYVALUE;
        if (f.denied)
            push(m, i, &f, to->depth);
        return;
    }
    if (u->check && !u->check->find) {
        const char *why = NULL;
        enum pl_verdict v =
            u->check->around ? u->check->around(h, at->off, &why) : u->check->verify(f.value, &why);
        if (v == PL_DROP)
            return;
        if (v == PL_WEAK && !f.reason)
            f.reason = why;
    }
    uint8_t cap = at->cap && !sample ? at->cap : PL_SEV_LOW;
    if (f.reason && f.severity > cap)
        f.severity = cap;
    weigh_setting(m, rule, &f);
    push(m, i, &f, to->depth);
}

/* Can a match begin at `at`, as far as the byte sets tell? The first `known` bytes need no look. */
static bool shape_fits(const struct pl_rule_image *img, const struct pl_rule_shape *s,
                       const struct pl_hit *h, size_t at, size_t known)
{
    if (s->word_start && at > 0 && pl_is_word(h->p[at - 1]))
        return false;
    if (s->min > h->n - at)
        return false;
    const uint8_t *p = h->p + at;
    for (size_t k = known; k < s->n; k++) {
        if (!pl_bytes_has(&img->bytes[s->cls[k]], p[k]))
            return false;
    }
    return true;
}

static size_t reach(const struct pl_rule_shape *s)
{
    return s->max == UINT32_MAX ? PL_MATCH_UNBOUNDED : s->max;
}

static bool search(struct pl_matcher *m, const struct pl_regex *re, const struct pl_hit *h,
                   size_t from, size_t to, bool anchored, struct pl_regex_group *g, unsigned n)
{
    if (to > h->n)
        to = h->n;
    if (!pl_hit_work(h->work, to - from)) {
        m->limit = "a text made to be slow; part of it was not searched";
        return false;
    }
    return pl_regex_search(re, h->p, h->n, from, to, anchored, g, n);
}

/* The leftmost match that begins at most `before` bytes in front of the hit and covers it. */
static bool search_round(struct pl_matcher *m, unsigned i, const struct pl_hit *h,
                         struct pl_regex_group *g, unsigned n)
{
    unsigned before = m->r->img.rule[i].before;
    const struct pl_regex *re = m->use[i].re;
    size_t to = h->at + reach(&m->r->img.shape[i]);
    if (before == 0)
        return search(m, re, h, h->at, to, /* anchored= */ true, g, n);
    size_t from = h->at > before ? h->at - before : 0;
    while (from <= h->at && search(m, re, h, from, to, /* anchored= */ false, g, n)) {
        if (g[0].off > h->at)
            return false;
        if (g[0].off + g[0].len >= h->at + h->len)
            return true;
        from = g[0].off + 1;
    }
    return false;
}

/* Number of groups that a regex of a rule is asked for. */
static unsigned group_count(const struct pl_regex *re)
{
    unsigned n = pl_regex_groups(re) + 1;
    return n < PL_REGEX_GROUPS ? n : PL_REGEX_GROUPS;
}

static void by_match(struct pl_matcher *m, unsigned i, const struct pl_hit *h,
                     const struct pl_regex_group *g, unsigned n, const struct pl_sink *to)
{
    unsigned pick = m->r->img.rule[i].group;
    *h->work += g[0].len; /* what was matched is not read in vain */
    for (unsigned k = 1; k < n && pick == 0; k++) {
        if (g[k].set && g[k].len > 0)
            pick = k;
    }
    if (!g[pick].set)
        return;
    struct pl_found_at at = { .off = g[pick].off, .len = g[pick].len };
    pl_judge(m, i, h, &at, to);
}

static void by_regex(struct pl_matcher *m, unsigned i, const struct pl_hit *h,
                     const struct pl_sink *to)
{
    struct pl_regex_group g[PL_REGEX_GROUPS];
    if (!m->use[i].ready)
        make_ready(&m->use[i], &m->r->img.rule[i]);
    unsigned n = group_count(m->use[i].re);
    if (search_round(m, i, h, g, n))
        by_match(m, i, h, g, n, to);
}

/* A rule of the form NAME {assign} VALUE: where a value may begin is found by hand, and only then
 * do both ends see RE2. */
static void by_assignment(struct pl_matcher *m, unsigned i, const struct pl_hit *h,
                          const struct pl_sink *sink)
{
    const struct pl_rule_image *img = &m->r->img;
    struct pl_rule_use *u = &m->use[i];
    struct pl_regex_group g[PL_REGEX_GROUPS], head;
    size_t value[PL_ASSIGN_MAX], from = h->at;
    bool plain = img->shape[i].name_only;
    if (!plain) {
        if (!u->ready)
            make_ready(u, &img->rule[i]);
        if (!search(m, u->head, h, from, from + reach(&img->shape[i]), true, &head, 1))
            return;
        from = head.off + head.len;
    }
    unsigned n = pl_assign_values(h, from, value);
    for (unsigned k = 0; k < n; k++) {
        size_t to = value[k] + reach(&img->tail[i]);
        if (!shape_fits(img, &img->tail[i], h, value[k], 0))
            continue;
        if (!u->ready)
            make_ready(u, &img->rule[i]);
        if (plain && !search(m, u->head, h, from, value[k], true, &head, 1))
            continue;
        unsigned groups = group_count(u->re);
        if (search(m, u->re, h, value[k], to, true, g, groups)) {
            by_match(m, i, h, g, groups, sink);
            return;
        }
    }
}

/* The secret is known: these bytes, or not. */
static void by_bytes(struct pl_matcher *m, unsigned i, const struct pl_hit *h,
                     const struct pl_sink *to)
{
    const struct pl_rule *rule = &m->r->img.rule[i];
    if (h->n - h->at < rule->exact.n || memcmp(h->p + h->at, rule->exact.p, rule->exact.n) != 0)
        return;
    struct pl_found f = { .off = to->base + h->at,
                          .len = rule->exact.n,
                          .rule = i,
                          .value = pl_str_n(h->p + h->at, rule->exact.n),
                          .severity = (uint8_t)rule->severity,
                          .rank = PL_RANK_SPECIFIC,
                          .mine = to->mine };
    push(m, i, &f, to->depth);
}

void pl_eval_hit(struct pl_matcher *m, unsigned i, const struct pl_hit *h, const struct pl_sink *to)
{
    const struct pl_rule *rule = &m->r->img.rule[i];
    struct pl_rule_use *u = &m->use[i];
    if (rule->exact.n) {
        by_bytes(m, i, h, to);
        return;
    }
    if (rule->regex && rule->before == 0 &&
        !shape_fits(&m->r->img, &m->r->img.shape[i], h, h->at, h->len))
        return;
    if (!pl_rule_on_path(m, i))
        return;
    if (u->check && u->check->find) {
        struct pl_found_at at = { 0 };
        if (u->check->find(h, &at))
            pl_judge(m, i, h, &at, to);
        return;
    }
    if (u->assign)
        by_assignment(m, i, h, to);
    else
        by_regex(m, i, h, to);
}
