/* Findings of stored packages as text, made once for each package and place. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "base/cleanup.h"
#include "base/wire.h"
#include "cmd/rescan.h"
#include "fmt/jsonw.h"
#include "model/vuln.h"
#include "report/escape.h"
#include "report/finding_json.h"

#define TEXTS_MAX ((size_t)20 << 20)
#define TITLE_MAX 160

static void say(struct pl_buf *b, const struct pl_finding *f)
{
    static const char *const words[] = { "INFO", "LOW", "MEDIUM", "HIGH", "CRITICAL" };
    pl_buf_printf(b, "%-8s  ", words[f->severity]);
    pl_esc(b, PL_ESC_TERM, f->rule);
    pl_buf_puts(b, "  ");
    pl_esc_cut(b, PL_ESC_TERM, f->title, TITLE_MAX);
    if (f->vuln && f->vuln->fixed.n) {
        pl_buf_puts(b, " (fixed in ");
        pl_esc_cut(b, PL_ESC_TERM, f->vuln->fixed, TITLE_MAX);
        pl_buf_puts(b, ")");
    }
    if (f->vuln && f->vuln->kev_added.n)
        pl_buf_puts(b, " (being exploited)");
}

void pl_rescan_text_of(struct pl_arena *a, const struct pl_finding *f, struct pl_rescan_text *ret)
{
    const struct pl_target none = { .n_layers = 0 };
    pl_auto_buf struct pl_buf b = { 0 };
    struct pl_jsonw w = { .out = &b };
    size_t life[2];
    pl_finding_put(&w, &none, f, life);
    ret->head = pl_dup(a, pl_str_n(b.p, life[0]));
    ret->tail = pl_dup(a, pl_str_n(b.p + life[1], b.n - life[1]));
    pl_buf_clear(&b);
    say(&b, f);
    ret->line = pl_dup(a, pl_buf_str(&b));
}

void pl_rescan_texts_trim(struct pl_rescan *r)
{
    if (r->texts_a.total > TEXTS_MAX) {
        pl_map_release(&r->texts);
        pl_arena_release(&r->texts_a);
    }
    if (r->layers_a.total > TEXTS_MAX / 4) {
        pl_map_release(&r->layers);
        pl_arena_release(&r->layers_a);
    }
}

static int make(struct pl_rescan *r, const struct pl_store_member *m, bool kernel,
                struct pl_arena *tmp, struct pl_rescan_text **ret, struct pl_err *err)
{
    const struct pl_rescan_package *k = &r->package.p[m->package];
    size_t n = kernel ? k->n_kernel_hits : k->n_hits;
    struct pl_package p;
    struct pl_matches found = { NULL, 0 };
    int code = r->s->ops->package(r->s, m->package, tmp, &p, err);
    if (code == 0)
        code = r->s->ops->place(r->s, m->place, tmp, &p.paths, err);
    if (code == 0)
        code = pl_match_package(pl_vuln_matcher_of(r->v), &p, kernel, tmp, &found, err);
    if (code == 0 && found.n != n)
        code = pl_fail(err, PL_E_FORMAT, "the advisory database changed while it was read");
    if (code < 0)
        return code;
    *ret = pl_alloc_n(&r->texts_a, n + 1, sizeof **ret);
    for (size_t i = 0; i < n; i++) {
        struct pl_finding f;
        found.p[i].vuln->eol = r->eco.p[k->eco - 1].e.eol;
        pl_match_finding(tmp, &p, &found.p[i], &f);
        pl_rescan_text_of(&r->texts_a, &f, &(*ret)[i]);
    }
    return 0;
}

int pl_rescan_texts(struct pl_rescan *r, const struct pl_store_member *m, bool kernel,
                    const struct pl_rescan_text **ret, struct pl_err *err)
{
    struct pl_buf key = { 0 };
    struct pl_arena tmp = { 0 };
    struct pl_rescan_text *text = NULL;
    pl_put_u32(&key, m->package);
    pl_put_u32(&key, m->place);
    pl_put_u8(&key, kernel);
    r->texts.a = &r->texts_a;
    *ret = pl_map_get(&r->texts, pl_buf_str(&key));
    int code = *ret ? 0 : make(r, m, kernel, &tmp, &text, err);
    if (!*ret && code == 0) {
        *pl_map_put(&r->texts, pl_buf_str(&key)) = text;
        *ret = text;
    }
    pl_arena_release(&tmp);
    pl_buf_release(&key);
    return code;
}
