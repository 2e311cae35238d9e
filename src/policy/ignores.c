/* Ignore files: reading them, and what they cover. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "policy/ignores.h"

#include <stdlib.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/hash.h"
#include "fmt/glob.h"
#include "fmt/json.h"
#include "model/vuln.h"
#include "policy/vex.h"

#define PREFIX_MIN 8u
#define ENTRIES_MAX 1000000u

static bool is_hex(struct pl_str s)
{
    for (size_t i = 0; i < s.n; i++)
        if (!((s.p[i] >= '0' && s.p[i] <= '9') || (s.p[i] >= 'a' && s.p[i] <= 'f')))
            return false;
    return s.n > 0;
}

/* Cuts what follows the last colon off *s. */
static bool cut_last(struct pl_str *s, struct pl_str *ret)
{
    const char *colon = s->n ? memrchr(s->p, ':', s->n) : NULL;
    if (!colon)
        return false;
    *ret = pl_str_n(colon + 1, (size_t)(s->p + s->n - colon - 1));
    s->n = (size_t)(colon - s->p);
    return true;
}

/* [COMMIT:]PATH:RULE:LINE */
static bool place(struct pl_ignores *g, struct pl_str s, struct pl_ignore *e)
{
    struct pl_str line, rule, commit = s;
    uint64_t n;
    if (!cut_last(&s, &line) || !pl_str_u64(line, &n) || n > UINT32_MAX || !cut_last(&s, &rule))
        return false;
    commit = pl_str_sub(s, 0, 40);
    if (s.n > 41 && s.p[40] == ':' && is_hex(commit)) {
        e->commit = pl_dup(g->a, commit);
        s = pl_str_sub(s, 41, s.n);
    }
    if (!s.n || !rule.n)
        return false;
    struct pl_str path = pl_dup(g->a, s);
    char *p = pl_alloc(g->a, path.n + 1);
    for (size_t i = 0; i < path.n; i++)
        p[i] = path.p[i] == '\\' ? '/' : path.p[i];
    e->path = pl_str_n(p, path.n);
    e->rule = pl_dup(g->a, rule);
    e->line = (uint32_t)n;
    return true;
}

static bool fingerprint(struct pl_ignores *g, struct pl_str s, struct pl_ignore *e)
{
    struct pl_str digits = pl_str_starts(s, PL_S("v1:")) ? pl_str_sub(s, 3, s.n) : s;
    if (digits.n >= PREFIX_MIN && digits.n <= 64 && is_hex(digits)) {
        e->print = pl_dup(g->a, s);
        return true;
    }
    return place(g, s, e);
}

/* "CVE-2024-3094", "GHSA-…": capitals, a dash, and no place. */
static bool is_id(struct pl_str s)
{
    size_t dash = pl_str_find(s, PL_S("-"), 0);
    if (dash == SIZE_MAX || dash < 2 || s.n < dash + 3)
        return false;
    for (size_t i = 0; i < s.n; i++) {
        char c = s.p[i];
        bool capital = c >= 'A' && c <= 'Z',
             other = (c >= 'a' && c <= 'z') || c == '-' || c == ':' || (c >= '0' && c <= '9');
        if (!(capital || (other && i >= dash)))
            return false;
    }
    return true;
}

static void add(struct pl_ignores *g, const struct pl_ignore *e)
{
    if (g->list.n < ENTRIES_MAX)
        pl_vec_push(&g->list, *e);
}

/* Takes the date off what follows a fingerprint; it may stand before the reason or behind it. -1:
 * it is none. */
static int take_until(struct pl_ignores *g, struct pl_str *rest, struct pl_ignore *e)
{
    static const struct pl_str keys[] = { PL_S("until="), PL_S("exp:") };
    size_t at = SIZE_MAX, k = 0;
    for (; k < PL_COUNT(keys) && at == SIZE_MAX; k++) {
        at = pl_str_find(*rest, keys[k], 0);
        if (at != SIZE_MAX && at && (rest->p[at - 1] != ' ' || k))
            at = SIZE_MAX;
    }
    if (at == SIZE_MAX)
        return 0;
    struct pl_str before = pl_str_trim(pl_str_sub(*rest, 0, at)), word;
    struct pl_str after = pl_str_sub(*rest, at + keys[k - 1].n, rest->n);
    pl_str_split(&after, ' ', &word);
    if (!pl_clock_is_date(word))
        return -1;
    e->until = pl_dup(g->a, word);
    after = after.p ? pl_str_trim(after) : PL_S("");
    *rest = !before.n ? after : pl_printf(g->a, "%.*s %.*s", PL_FMT(before), PL_FMT(after));
    *rest = pl_str_trim(*rest);
    return 0;
}

static int own_line(struct pl_ignores *g, struct pl_str line, struct pl_ignore *e,
                    struct pl_err *err)
{
    struct pl_str word;
    struct pl_str rest = line;
    pl_str_split(&rest, ' ', &word);
    if (pl_str_is(word, "salt")) {
        g->salt = pl_dup(g->a, pl_str_trim(rest.p ? rest : PL_S("")));
        return g->salt.n ? 0
                         : pl_fail(err, PL_E_USAGE, "%.*s:%u: 'salt' without a word",
                                   PL_FMT(e->file), e->at);
    }
    if (is_id(word)) {
        e->selects = true;
        e->rule = pl_dup(g->a, word);
    } else if (!fingerprint(g, word, e)) {
        if (!place(g, line, e)) /* a path with blanks, and no more on the line */
            return pl_fail(err, PL_E_USAGE,
                           "%.*s:%u: no fingerprint: v1:HEX, or PATH:RULE:LINE as gitleaks has it",
                           PL_FMT(e->file), e->at);
        rest = PL_S("");
    }
    rest = rest.p ? pl_str_trim(rest) : PL_S("");
    if (take_until(g, &rest, e) < 0)
        return pl_fail(err, PL_E_USAGE, "%.*s:%u: 'until=' takes a date as 2027-03-31",
                       PL_FMT(e->file), e->at);
    e->reason = pl_dup(g->a, rest);
    add(g, e);
    return 0;
}

int pl_ignores_read(struct pl_ignores *g, const char *name, struct pl_str text, struct pl_err *err)
{
    struct pl_str line, file = pl_dup(g->a, pl_str_c(name));
    int r = 0;
    for (uint32_t at = 1; r == 0 && text.p && pl_str_split(&text, '\n', &line); at++) {
        struct pl_ignore e = { .file = file, .at = at, .ours = true };
        line = pl_str_trim(line);
        if (line.n && line.p[0] != '#')
            r = own_line(g, line, &e, err);
    }
    return r;
}

void pl_ignores_read_gitleaks(struct pl_ignores *g, const char *name, struct pl_str text,
                              struct pl_buf *warn)
{
    struct pl_str line, file = pl_dup(g->a, pl_str_c(name));
    for (uint32_t at = 1; text.p && pl_str_split(&text, '\n', &line); at++) {
        struct pl_ignore e = { .file = file, .at = at };
        line = pl_str_trim(line);
        if (!line.n || line.p[0] == '#')
            continue;
        if (fingerprint(g, line, &e))
            add(g, &e);
        else
            pl_buf_printf(warn, "%s:%u: no fingerprint, left out\n", name, at);
    }
}

static struct pl_str text_of(const struct pl_json *j, const char *key)
{
    struct pl_str s = pl_json_str(pl_json_get(j, key));
    return s.p ? s : PL_S("");
}

static void old_finding(struct pl_ignores *g, const struct pl_json *j, struct pl_ignore e)
{
    struct pl_str secret = text_of(j, "Secret");
    int64_t n = pl_json_int(pl_json_get(j, "StartLine"), 0);
    e.path = pl_dup(g->a, text_of(j, "File"));
    e.commit = pl_dup(g->a, text_of(j, "Commit"));
    e.reason = PL_S("in the baseline");
    e.by_hash = secret.n && !pl_str_is(secret, "REDACTED") && !pl_str_ends(secret, PL_S("..."));
    if (e.by_hash)
        pl_sha256(secret.p, secret.n, e.hash);
    else if (n > 0 && n < UINT32_MAX)
        e.line = (uint32_t)n;
    if (e.path.n && (e.by_hash || e.line))
        add(g, &e);
}

int pl_ignores_read_baseline(struct pl_ignores *g, const char *name, struct pl_str text,
                             struct pl_err *err)
{
    struct pl_ignore e = { .file = pl_dup(g->a, pl_str_c(name)) };
    struct pl_json *j = NULL;
    int r = pl_json_parse(text, 64, &j, err);
    if (r < 0 || !j || pl_json_type(j) != PL_JSON_ARRAY) {
        pl_json_free(j);
        return pl_fail(err, PL_E_USAGE, "'%s' is no report of gitleaks", name);
    }
    for (size_t i = 0; i < pl_json_len(j); i++) {
        e.at = (uint32_t)i + 1;
        old_finding(g, pl_json_at(j, i), e);
    }
    pl_json_free(j);
    return 0;
}

/* ---- what they cover ---- */

static bool rule_matches(const struct pl_finding *f, struct pl_str rule)
{
    const char *slash = f->rule.n ? memchr(f->rule.p, '/', f->rule.n) : NULL;
    if (!rule.n || pl_str_eq(f->rule, rule))
        return true;
    if (slash && pl_str_eq(pl_str_n(slash + 1, (size_t)(f->rule.p + f->rule.n - slash - 1)), rule))
        return true;
    for (size_t i = 0; i < f->aliases.n; i++) {
        struct pl_str a = f->aliases.p[i];
        if (pl_str_eq(a, rule) ||
            (a.n > rule.n && pl_str_ends(a, rule) && memchr(":/", a.p[a.n - rule.n - 1], 2)))
            return true;
    }
    return false;
}

static bool in_layer(const struct pl_target *t, const struct pl_finding *f, struct pl_str digest)
{
    for (size_t i = 0; i < t->n_layers; i++)
        if (t->layers[i].index == f->span.introduced)
            return pl_str_eq(t->layers[i].digest, digest) ||
                   pl_str_eq(t->layers[i].diff_id, digest);
    return false;
}

static bool selected(const struct pl_ignore *e, const struct pl_target *t,
                     const struct pl_finding *f)
{
    return (!e->rule.n || rule_matches(f, e->rule)) &&
           (!e->path.n || pl_glob_path(e->path, f->where.path)) &&
           (!e->layer.n || in_layer(t, f, e->layer)) &&
           (!e->package.n || (f->vuln && pl_vex_fits(e->package, f->vuln->purl)));
}

static bool covers(const struct pl_ignore *e, const struct pl_target *t, const struct pl_finding *f)
{
    if (e->selects && !selected(e, t, f))
        return false;
    if (e->selects && !e->print.n)
        return true;
    if (e->print.n) {
        bool v1 = pl_str_starts(e->print, PL_S("v1:"));
        struct pl_str have = f->print;
        if (!v1 && pl_str_starts(have, PL_S("v1:")))
            have = pl_str_sub(have, 3, have.n);
        return pl_str_starts(have, e->print);
    }
    if (!pl_str_eq(e->path, f->where.path) || (e->line && e->line != f->where.line))
        return false;
    if (e->commit.n && (!f->commit || !pl_str_eq(e->commit, f->commit->id)))
        return false;
    if (e->by_hash)
        return memcmp(e->hash, f->secret_hash, sizeof e->hash) == 0;
    return rule_matches(f, e->rule);
}

/* The reason when `f` is covered; NULL otherwise. */
static const struct pl_ignore *covered(struct pl_ignores *g, const struct pl_target *t,
                                       const struct pl_finding *f)
{
    const struct pl_ignore *found = NULL;
    for (size_t i = 0; i < g->list.n; i++) {
        struct pl_ignore *e = &g->list.p[i];
        if (!covers(e, t, f))
            continue;
        e->used = true;
        if (!e->expired && !found)
            found = e;
    }
    return found;
}

/* A marker's text: "plimsoll:allow [rule] [until=DATE]". */
static bool marker_holds(const struct pl_finding *f, const char *today)
{
    struct pl_str rest = f->ignored, word;
    pl_str_split(&rest, ' ', &word);
    while (rest.p && pl_str_split(&rest, ' ', &word)) {
        if (pl_str_starts(word, PL_S("until="))) {
            if (pl_str_cmp(pl_str_sub(word, 6, word.n), pl_str_c(today)) < 0)
                return false;
        } else if (word.n && !rule_matches(f, word)) {
            return false;
        }
    }
    return f->ignored.n > 0;
}

static bool ignored(struct pl_ignores *g, const struct pl_target *t, struct pl_finding *f,
                    const char *today)
{
    const struct pl_ignore *e = covered(g, t, f);
    if (e) {
        f->ignored = pl_printf(g->a, "%.*s:%u%s%.*s", PL_FMT(e->file), e->at,
                               e->reason.n ? ": " : "", PL_FMT(e->reason));
        return true;
    }
    if (marker_holds(f, today))
        return true;
    f->ignored = PL_S("");
    return false;
}

void pl_ignores_apply(struct pl_ignores *g, struct pl_report *r, const char *today,
                      struct pl_buf *warn)
{
    size_t all = 0;
    for (size_t i = 0; i < g->list.n; i++) {
        struct pl_ignore *e = &g->list.p[i];
        e->expired = e->until.n && pl_str_cmp(e->until, pl_str_c(today)) < 0;
    }
    for (size_t i = 0; i < r->n_targets; i++)
        all += r->targets[i].n_findings;
    struct pl_finding *old = r->ignored;
    r->ignored = pl_alloc_n(r->a, r->n_ignored + all + 1, sizeof *r->ignored);
    if (r->n_ignored) /* what statements of others took out */
        memcpy(r->ignored, old, r->n_ignored * sizeof *old);
    for (size_t i = 0; i < r->n_targets; i++) {
        struct pl_target *t = &r->targets[i];
        size_t n = 0;
        for (size_t k = 0; k < t->n_findings; k++) {
            if (ignored(g, t, &t->findings[k], today))
                r->ignored[r->n_ignored++] = t->findings[k];
            else
                t->findings[n++] = t->findings[k];
        }
        t->n_findings = n;
    }
    for (size_t i = 0; i < g->list.n; i++) {
        const struct pl_ignore *e = &g->list.p[i];
        if (e->expired && e->used)
            pl_buf_printf(warn, "%.*s:%u: the entry expired on %.*s, its findings count again\n",
                          PL_FMT(e->file), e->at, PL_FMT(e->until));
    }
}

size_t pl_ignores_complain(const struct pl_ignores *g, bool unused, bool unexplained,
                           struct pl_buf *out)
{
    size_t n = 0;
    for (size_t i = 0; i < g->list.n; i++) {
        const struct pl_ignore *e = &g->list.p[i];
        if (unused && !e->used) {
            n++;
            pl_buf_printf(out, "%.*s:%u: the entry matched nothing\n", PL_FMT(e->file), e->at);
        }
        if (unexplained && e->ours && (!e->reason.n || !e->until.n)) {
            n++;
            pl_buf_printf(out, "%.*s:%u: the entry says no %s\n", PL_FMT(e->file), e->at,
                          e->reason.n ? "date (until=)" : "reason");
        }
    }
    return n;
}

void pl_ignores_release(struct pl_ignores *g)
{
    pl_vec_release(&g->list);
}
