/* One fragment through all rules and all decoding passes. secrets.md section 5. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "compat/gl_detect.h"

#include <stdlib.h>

#include "base/limits.h"
#include "compat/gl_detect_int.h"

int pl_gl_worker_new(const struct pl_gl_engine *e, struct pl_gl_worker **ret, struct pl_err *err)
{
    struct pl_gl_worker *w = calloc(1, sizeof *w);
    if (!w)
        pl_oom();
    w->e = e;
    w->probe_seen = pl_alloc_n(&w->keep, e->probes.n + 1, sizeof *w->probe_seen);
    w->lit_seen = pl_alloc_n(&w->keep, e->literals.n, sizeof *w->lit_seen);
    w->lit_from = pl_alloc_n(&w->keep, e->literals.n, sizeof *w->lit_from);
    w->lit_n = pl_alloc_n(&w->keep, e->literals.n, sizeof *w->lit_n);
    int r = pl_literals_scratch_new(e->db, &w->lits, err);
    if (r < 0)
        pl_gl_worker_free(w);
    else
        *ret = w;
    return r < 0 ? r : 0;
}

void pl_gl_worker_free(struct pl_gl_worker *w)
{
    if (!w)
        return;
    for (size_t i = 0; i <= GL_MAX_DEPTH; i++)
        pl_vec_release(&w->passes.seg[i]);
    for (size_t i = 0; i < w->found.n; i++)
        pl_vec_release(&w->found.p[i].tags);
    pl_vec_release(&w->found);
    pl_vec_release(&w->hits);
    pl_vec_release(&w->active);
    pl_vec_release(&w->touched);
    pl_vec_release(&w->sorted);
    pl_vec_release(&w->starts);
    pl_vec_release(&w->newlines);
    pl_buf_release(&w->low);
    pl_buf_release(&w->decoded[0]);
    pl_buf_release(&w->decoded[1]);
    pl_buf_release(&w->plain);
    pl_literals_scratch_free(w->lits);
    pl_arena_release(&w->keep);
    pl_arena_release(&w->scratch);
    free(w);
}

pl_gl_findings *pl_gl_worker_findings(struct pl_gl_worker *w)
{
    return &w->found;
}

struct pl_arena *pl_gl_worker_arena(struct pl_gl_worker *w)
{
    return &w->keep;
}

uint64_t pl_gl_worker_bytes(const struct pl_gl_worker *w)
{
    return w->bytes;
}

static struct pl_str commit_of(const struct pl_gl_worker *w)
{
    return w->frag->commit ? w->frag->commit->sha : PL_S("");
}

/* A rule being run on the text of this pass. */
struct job {
    struct pl_gl_worker *w;
    struct gl_probe *p;
    pl_gl_findings *out; /* w->found, or the partners of a composite rule */
};

/* The secret: the group that the rule names, else the first that is not empty. The regex is
 * searched again in the match alone, where \b and $ see other neighbours. */
static struct pl_str secret_of(struct pl_arena *a, const struct pl_gl_rule *rule,
                               struct pl_str match)
{
    const struct pl_regex *re = pl_gl_re_get(rule->regex);
    unsigned n = pl_regex_groups(re) + 1;
    struct pl_utf8_text t;
    struct pl_str secret = match;
    if (n < 2)
        return match;
    struct pl_regex_group *g = pl_alloc_n(a, n, sizeof *g);
    pl_utf8_text_init(&t, match);
    if (pl_regex_search(re, t.text.p, t.text.n, 0, t.text.n, false, g, n)) {
        unsigned pick = (unsigned)rule->group;
        for (unsigned i = 1; !rule->group && !pick && i < n; i++)
            if (g[i].set && g[i].len)
                pick = i;
        if (pick && g[pick].set) {
            size_t from = pl_utf8_text_back(&t, g[pick].off);
            size_t to = pl_utf8_text_back(&t, g[pick].off + g[pick].len);
            secret = pl_str_sub(match, from, to - from);
        } else if (pick) {
            secret = PL_S("");
        }
    }
    pl_utf8_text_release(&t);
    return secret;
}

static void add_tags(struct pl_gl_worker *w, struct pl_gl_finding *f, const struct gl_touch *t)
{
    static const char *const kinds[] = { "decoded:percent", "decoded:unicode", "decoded:hex",
                                         "decoded:base64" };
    for (size_t i = 0; i < f->rule->tags.n; i++)
        pl_vec_push(&f->tags, f->rule->tags.p[i]);
    if (!t)
        return;
    for (size_t i = 0; i < 4; i++)
        if (t->kinds >> i & 1)
            pl_vec_push(&f->tags, pl_str_c(kinds[i]));
    pl_vec_push(&f->tags, pl_printf(&w->keep, "decode-depth:%u", t->depth));
}

static void store(struct job *j, struct pl_str match, struct pl_str secret, double entropy,
                  const struct gl_place *at, struct pl_str line, const struct gl_touch *touch)
{
    struct pl_gl_worker *w = j->w;
    struct pl_gl_finding f = { .rule = j->p->rule, .commit = w->frag->commit };
    f.start_line = w->frag->start_line + at->start_line;
    f.end_line = w->frag->start_line + at->end_line;
    f.start_column = at->start_column;
    f.end_column = at->end_column;
    f.match = pl_dup(&w->keep, match);
    f.secret = pl_dup(&w->keep, secret);
    f.line = w->e->o.keep_lines ? pl_dup(&w->keep, line) : PL_S("");
    f.file = pl_dup(&w->keep, w->frag->path);
    f.symlink = pl_dup(&w->keep, w->frag->symlink);
    f.entropy = (float)entropy;
    add_tags(w, &f, touch);
    pl_vec_push(j->out, f);
}

static struct pl_str cut_newlines(struct pl_str s)
{
    while (s.n && s.p[0] == '\n')
        s = pl_str_sub(s, 1, SIZE_MAX);
    while (s.n && s.p[s.n - 1] == '\n')
        s.n--;
    return s;
}

static void on_match(void *arg, size_t start, size_t end)
{
    struct job *j = arg;
    struct pl_gl_worker *w = j->w;
    const struct pl_gl_rule *rule = j->p->rule;
    struct pl_str match = cut_newlines(pl_str_sub(w->text, start, end - start));
    struct gl_touch touch = { .from = start, .to = start + match.n };
    struct gl_place at;
    if (w->passes.depth && !gl_touches(w, start, end, &touch))
        return; /* found in an earlier pass */
    struct pl_str secret = secret_of(&w->scratch, rule, match);
    double entropy = gl_entropy(secret);
    if (rule->entropy != 0 && entropy <= rule->entropy)
        return;
    gl_locate(w, touch.from, touch.to, &at);
    struct pl_str line = pl_str_sub(w->frag->raw, at.line_from, at.line_to - at.line_from);
    if (!w->e->o.ignore_allow_mark && pl_str_find(line, PL_S("gitleaks:allow"), 0) != SIZE_MAX)
        return;
    struct pl_gl_candidate c = { secret, match, w->passes.depth && touch.line.n ? touch.line : line,
                                 commit_of(w), w->frag->path };
    if (pl_gl_allows_finding(&w->e->config->allows, &c) || pl_gl_allows_finding(&rule->allows, &c))
        return;
    store(j, match, secret, entropy, &at, line, w->passes.depth ? &touch : NULL);
}

static void path_only(struct job *j)
{
    struct pl_gl_worker *w = j->w;
    if (w->passes.depth || !pl_gl_regex_test(j->p->rule->path, w->frag->path))
        return;
    struct pl_gl_finding f = { .rule = j->p->rule, .commit = w->frag->commit };
    f.match = pl_printf(&w->keep, "file detected: %.*s", PL_FMT(w->frag->path));
    f.secret = f.line = PL_S("");
    f.file = pl_dup(&w->keep, w->frag->path);
    f.symlink = pl_dup(&w->keep, w->frag->symlink);
    add_tags(w, &f, NULL);
    pl_vec_push(j->out, f);
}

/* Everything of one rule but its partners. */
static void run_rule(struct job *j)
{
    struct pl_gl_worker *w = j->w;
    const struct pl_gl_rule *rule = j->p->rule;
    if (rule->allows.n && pl_gl_allows_place(&rule->allows, commit_of(w), w->frag->path))
        return;
    if (!rule->regex) {
        path_only(j);
        return;
    }
    if (rule->path && !pl_gl_regex_test(rule->path, w->frag->path))
        return;
    if (w->e->o.max_megabytes && w->text.n / 1000000 > w->e->o.max_megabytes)
        return;
    gl_find_all(w, j->p, on_match, j);
}

static int64_t distance(int64_t a, int64_t b)
{
    return a < b ? b - a : a - b;
}

static bool near_enough(const struct pl_gl_finding *f, const struct pl_gl_finding *partner,
                        const struct pl_gl_required *q)
{
    return (q->lines < 0 || distance(f->start_line, partner->start_line) <= q->lines) &&
           (q->columns < 0 || distance(f->start_column, partner->start_column) <= q->columns);
}

static void free_tags(pl_gl_findings *v, size_t from)
{
    for (size_t i = from; i < v->n; i++)
        pl_vec_release(&v->p[i].tags);
}

static struct gl_probe *probe_of(const struct pl_gl_engine *e, struct pl_str id)
{
    for (size_t i = 0; i < e->probes.n; i++)
        if (pl_str_eq(e->probes.p[i].rule->id, id))
            return &e->probes.p[i];
    return NULL;
}

/* Keeps the findings from `first` on that have every required partner near them. */
static void keep_composite(struct pl_gl_worker *w, const struct gl_probe *p, size_t first,
                           const pl_gl_findings *partners)
{
    const struct pl_gl_rule *rule = p->rule;
    size_t kept = first;
    for (size_t i = first; i < w->found.n; i++) {
        struct pl_gl_finding f = w->found.p[i];
        PL_VEC(struct pl_gl_partner) near = { 0 };
        bool all = true;
        for (size_t k = 0; k < rule->required.n; k++) {
            size_t before = near.n;
            for (size_t m = 0; m < partners[k].n; m++) {
                const struct pl_gl_finding *o = &partners[k].p[m];
                if (near_enough(&f, o, &rule->required.p[k]))
                    pl_vec_push(&near,
                                (struct pl_gl_partner){ o->rule->id, o->secret, o->start_line });
            }
            all &= near.n > before;
        }
        if (all) {
            f.partners = pl_alloc_n(&w->keep, near.n, sizeof *f.partners);
            memcpy(f.partners, near.p, near.n * sizeof *near.p);
            f.n_partners = near.n;
            w->found.p[kept++] = f;
        } else {
            pl_vec_release(&f.tags);
        }
        pl_vec_release(&near);
    }
    w->found.n = kept;
}

static void run_probe(struct pl_gl_worker *w, struct gl_probe *p)
{
    struct job j = { w, p, &w->found };
    size_t first = w->found.n;
    if (p->rule->skip_report)
        return;
    run_rule(&j);
    if (!p->rule->required.n || w->found.n == first)
        return;
    pl_gl_findings *partners = pl_alloc_n(&w->scratch, p->rule->required.n, sizeof *partners);
    for (size_t k = 0; k < p->rule->required.n; k++) {
        struct gl_probe *q = probe_of(w->e, p->rule->required.p[k].id);
        struct job part = { w, q, &partners[k] };
        if (q)
            run_rule(&part);
    }
    keep_composite(w, p, first, partners);
    for (size_t k = 0; k < p->rule->required.n; k++) {
        free_tags(&partners[k], 0);
        pl_vec_release(&partners[k]);
    }
    pl_arena_reset(&w->scratch);
}

static int scan_text(struct pl_gl_worker *w, struct pl_err *err)
{
    pl_utf8_text_init(&w->valid, w->text);
    int r = gl_prefilter(w, err);
    for (size_t i = 0; r >= 0 && i < w->active.n; i++) {
        run_probe(w, &w->e->probes.p[w->active.p[i]]);
        if (w->text.n > PL_MIB(1) && pl_gl_engine_late(w->e))
            r = pl_fail(err, PL_E_CANCEL, "timeout");
    }
    pl_utf8_text_release(&w->valid);
    return r < 0 ? r : 0;
}

int pl_gl_worker_scan(struct pl_gl_worker *w, const struct pl_gl_fragment *f, struct pl_err *err)
{
    const struct pl_gl_detect_opts *o = &w->e->o;
    w->frag = f;
    w->bytes += f->raw.n;
    w->first = w->found.n;
    w->have_newlines = false;
    w->passes.depth = 0;
    w->text = f->raw;
    if (f->path.n && (pl_str_eq(f->path, o->config_path) || pl_str_eq(f->path, o->baseline_path)))
        return 0;
    if (pl_gl_allows_place(&w->e->config->allows, f->commit ? f->commit->sha : PL_S(""), f->path))
        return 0;
    if (f->raw.n > INT32_MAX)
        return pl_fail(err, PL_E_LIMIT, "text of %zu bytes in one piece", f->raw.n);
    if (pl_gl_engine_late(w->e))
        return pl_fail(err, PL_E_CANCEL, "timeout");
    int r = scan_text(w, err);
    while (r >= 0 && w->passes.depth < o->max_decode_depth && gl_decode(w))
        r = scan_text(w, err);
    gl_settle(w);
    return r < 0 ? r : 0;
}

bool pl_gl_worker_may_match(struct pl_gl_worker *w, struct pl_str text)
{
    struct pl_gl_fragment f = { .raw = text };
    struct pl_err ignored;
    w->frag = &f;
    w->text = text;
    w->passes.depth = 0;
    pl_utf8_text_init(&w->valid, text);
    bool any = gl_prefilter(w, &ignored) < 0 || w->active.n > 0;
    pl_utf8_text_release(&w->valid);
    if (!any && w->e->o.max_decode_depth)
        any = gl_decode(w);
    return any;
}
