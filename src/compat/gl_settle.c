/* What happens to the findings of a fragment together: generic ones that another covers, then
 * redaction. secrets.md section 5 (13) and 8 (7). */
/* SPDX-License-Identifier: Apache-2.0 */
#include <math.h>
#include <stdlib.h>

#include "compat/gl_detect_int.h"
#include "fmt/utf8.h"

static bool is_generic(const struct pl_gl_finding *f)
{
    struct pl_str id = f->rule->id, word = PL_S("generic");
    for (size_t i = 0; i + word.n <= id.n; i++)
        if (pl_str_ieq(pl_str_sub(id, i, word.n), word))
            return true;
    return false;
}

static bool covered(const struct pl_gl_worker *w, const struct pl_gl_finding *f)
{
    if (!is_generic(f))
        return false;
    for (size_t i = w->first; i < w->found.n; i++) {
        const struct pl_gl_finding *o = &w->found.p[i];
        if (o->start_line == f->start_line && !pl_str_eq(o->rule->id, f->rule->id) &&
            pl_str_find(o->secret, f->secret, 0) != SIZE_MAX && !is_generic(o))
            return true;
    }
    return false;
}

/* `s` with every `from` made `to`; an empty `from` stands at both ends of every character. */
static struct pl_str replace(struct pl_arena *a, struct pl_str s, struct pl_str from,
                             struct pl_str to)
{
    pl_auto_buf struct pl_buf b = { 0 };
    size_t at = 0;
    if (!from.n && to.n) {
        pl_buf_putn(&b, to.p, to.n);
        while (at < s.n) {
            uint32_t cp;
            size_t n = pl_utf8_next(pl_str_sub(s, at, 4), &cp);
            pl_buf_putn(&b, s.p + at, n ? n : 1);
            pl_buf_putn(&b, to.p, to.n);
            at += n ? n : 1;
        }
        return pl_dup(a, pl_buf_str(&b));
    }
    for (size_t hit; from.n && (hit = pl_str_find(s, from, at)) != SIZE_MAX; at = hit + from.n) {
        pl_buf_putn(&b, s.p + at, hit - at);
        pl_buf_putn(&b, to.p, to.n);
    }
    pl_buf_putn(&b, s.p + at, s.n - at);
    return pl_dup(a, pl_buf_str(&b));
}

static void redact(struct pl_arena *a, struct pl_gl_finding *f, unsigned percent)
{
    struct pl_str mask = PL_S("REDACTED");
    if (percent < 100) {
        double keep = nearbyint((double)f->secret.n * (100 - percent) / 100);
        mask = f->secret.n ? pl_printf(a, "%.*s...", (int)keep, f->secret.p) : f->secret;
        if (f->secret.n && mask.n != (size_t)keep + 3) { /* a NUL in it */
            char *p = pl_alloc(a, (size_t)keep + 4);
            memcpy(p, f->secret.p, (size_t)keep);
            memcpy(p + (size_t)keep, "...", 3);
            mask = pl_str_n(p, (size_t)keep + 3);
        }
    }
    f->line = replace(a, f->line, f->secret, mask);
    f->match = replace(a, f->match, f->secret, mask);
    f->secret = mask;
}

void gl_settle(struct pl_gl_worker *w)
{
    size_t n = w->found.n, kept = w->first;
    bool any = false;
    for (size_t i = w->first; i < n; i++)
        any |= is_generic(&w->found.p[i]);
    bool *drop = any ? pl_alloc_n(&w->scratch, n - w->first, sizeof *drop) : NULL;
    for (size_t i = w->first; any && i < n; i++)
        drop[i - w->first] = covered(w, &w->found.p[i]);
    for (size_t i = w->first; i < n; i++) {
        struct pl_gl_finding f = w->found.p[i];
        if (any && drop[i - w->first]) {
            pl_vec_release(&f.tags);
            continue;
        }
        if (w->e->o.redact)
            redact(&w->keep, &f, w->e->o.redact);
        w->found.p[kept++] = f;
    }
    w->found.n = kept;
    pl_arena_reset(&w->scratch);
}
