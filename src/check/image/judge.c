/* Rules over an image's configuration and files: the table, the order, the wire. */
/* SPDX-License-Identifier: Apache-2.0 */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "check/image/judge_int.h"

#define FINDINGS_MAX 5000u

const struct pl_img_rule pl_img_rules[PL_IMG_RULE_COUNT] = {
#define PL_IMG_RULE(id, name, sev, kind, aliases, title, why, fix) \
    { name, PL_SEV_##sev, PL_KIND_##kind, aliases, title, why, fix },
#include "check/image/rules_image.inc"
#undef PL_IMG_RULE
};

enum pl_img_rule_id pl_img_rule_find(struct pl_str name)
{
    for (size_t i = 0; i < PL_IMG_RULE_COUNT; i++)
        if (pl_str_is(name, pl_img_rules[i].name))
            return (enum pl_img_rule_id)i;
    return PL_IMG_RULE_COUNT;
}

static struct pl_img_finding *add(struct pl_judge *j, enum pl_img_rule_id rule, const char *fmt,
                                  va_list ap) __attribute__((format(printf, 3, 0)));

static struct pl_img_finding *add(struct pl_judge *j, enum pl_img_rule_id rule, const char *fmt,
                                  va_list ap)
{
    char b[600];
    int n = vsnprintf(b, sizeof b, fmt, ap);
    size_t len = n < 0 ? 0 : (size_t)n < sizeof b ? (size_t)n : sizeof b - 1;
    struct pl_img_finding x = { .rule = rule,
                                .severity = pl_img_rules[rule].severity,
                                .layer = PL_NEVER,
                                .history = PL_NEVER,
                                .detail = pl_dup(j->a, pl_str_n(b, len)) };
    if (j->found.n >= FINDINGS_MAX) /* the last one stands for the rest */
        return &j->found.p[FINDINGS_MAX - 1];
    pl_vec_push(&j->found, x);
    return &j->found.p[j->found.n - 1];
}

struct pl_img_finding *pl_judge_file(struct pl_judge *j, enum pl_img_rule_id rule,
                                     const struct pl_img_file *f, const char *fmt, ...)
{
    va_list ap;
    va_start(ap, fmt);
    struct pl_img_finding *x = add(j, rule, fmt, ap);
    va_end(ap);
    x->surface = PL_SURF_FILE;
    x->path = f->path;
    x->layer = f->layer;
    return x;
}

/* "/bin/sh -c #(nop)  USER x", "USER x" */
static bool sets(struct pl_str by, const char *word, struct pl_str name)
{
    size_t at = pl_str_find(by, PL_S("#(nop)"), 0);
    by = pl_str_trim(at == SIZE_MAX ? by : pl_str_sub(by, at + 6, by.n));
    size_t n = strlen(word);
    return pl_str_starts(by, pl_str_c(word)) && by.n > n && by.p[n] == ' ' &&
           (!name.n || pl_str_find(by, name, n) != SIZE_MAX);
}

struct pl_img_finding *pl_judge_config(struct pl_judge *j, enum pl_img_rule_id rule,
                                       enum pl_surface surface, struct pl_str name,
                                       const char *word, const char *fmt, ...)
{
    va_list ap;
    va_start(ap, fmt);
    struct pl_img_finding *x = add(j, rule, fmt, ap);
    va_end(ap);
    x->surface = surface;
    x->path = name;
    for (size_t i = j->im->n_history; i > 0 && word; i--)
        if (sets(j->im->history[i - 1].created_by, word, name)) {
            x->history = (uint32_t)(i - 1);
            break;
        }
    return x;
}

struct pl_img_finding *pl_judge_history(struct pl_judge *j, enum pl_img_rule_id rule, size_t i,
                                        const char *fmt, ...)
{
    va_list ap;
    va_start(ap, fmt);
    struct pl_img_finding *x = add(j, rule, fmt, ap);
    va_end(ap);
    x->surface = PL_SURF_HISTORY;
    x->path = pl_printf(j->a, "/history/%zu/created_by", i);
    x->history = (uint32_t)i;
    return x;
}

void pl_img_judge(const struct pl_img *im, struct pl_verdict *ret)
{
    struct pl_judge j = { .a = im->a, .im = im, .advice = &ret->advice };
    *ret = (struct pl_verdict){ .n = 0 };
    pl_harden(im, &ret->advice);
    pl_owned_read(im, &j.owned);
    if (im->has_config) {
        pl_judge_user(&j);
        pl_judge_settings(&j);
        pl_judge_history_all(&j);
    }
    pl_judge_files(&j);
    pl_judge_malware(&j);
    pl_owned_release(&j.owned);
    ret->finding = pl_alloc_n(im->a, j.found.n + 1, sizeof *ret->finding);
    ret->n = j.found.n;
    if (j.found.n)
        memcpy(ret->finding, j.found.p, j.found.n * sizeof *ret->finding);
    pl_vec_release(&j.found);
}

void pl_verdict_put(struct pl_buf *b, const struct pl_verdict *v)
{
    pl_advice_put(b, &v->advice);
    pl_put_var(b, v->n);
    for (size_t i = 0; i < v->n; i++) {
        const struct pl_img_finding *f = &v->finding[i];
        pl_put_u8(b, (uint8_t)f->rule);
        pl_put_u8(b, (uint8_t)f->severity);
        pl_put_u8(b, (uint8_t)f->surface);
        pl_put_str(b, f->path);
        pl_put_u32(b, f->line);
        pl_put_u32(b, f->layer);
        pl_put_u32(b, f->history);
        pl_put_str(b, f->detail);
    }
}

bool pl_verdict_get(struct pl_rd *r, struct pl_arena *a, struct pl_verdict *ret)
{
    *ret = (struct pl_verdict){ .n = 0 };
    if (!pl_advice_get(r, a, &ret->advice))
        return false;
    uint64_t n = pl_get_var(r);
    if (r->bad || n > 100000 || n > (size_t)(r->end - r->p))
        return false;
    ret->finding = pl_alloc_n(a, (size_t)n + 1, sizeof *ret->finding);
    for (; ret->n < n && !r->bad; ret->n++) {
        struct pl_img_finding *f = &ret->finding[ret->n];
        uint8_t rule = pl_get_u8(r), severity = pl_get_u8(r), surface = pl_get_u8(r);
        if (rule >= PL_IMG_RULE_COUNT || severity >= PL_SEV_COUNT || surface >= PL_SURF_COUNT)
            return false;
        f->rule = (enum pl_img_rule_id)rule;
        f->severity = (enum pl_severity)severity;
        f->surface = (enum pl_surface)surface;
        f->path = pl_dup(a, pl_get_str(r));
        f->line = pl_get_u32(r);
        f->layer = pl_get_u32(r);
        f->history = pl_get_u32(r);
        f->detail = pl_dup(a, pl_get_str(r));
    }
    return !r->bad;
}
