/* Matching, as verbs do it. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "cmd/vuln_opt.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/cleanup.h"
#include "cmd/common.h"
#include "cmd/db_opt.h"
#include "io/file.h"
#include "model/vuln.h"
#include "policy/vex.h"
#include "vuln/match.h"

#define OLD_DAYS 30 /* a database that is older is worth a warning */

struct pl_vuln_run {
    struct pl_arena a;
    struct pl_advdb *db;
    struct pl_vuln_matcher *m;
    char now[24];
    bool ignore[PL_FIX_COUNT];
    struct pl_vex vex;
    bool quiet;
};

static int usage(const char *text, const char *value)
{
    fprintf(stderr, "plimsoll: %s '%s'\n", text, value);
    return PL_EXIT_USAGE;
}

static int parse_states(const struct pl_vuln_cli *o, struct pl_vuln_run *v)
{
    for (size_t i = 0; i < o->ignore_status.n; i++) {
        struct pl_str rest = pl_str_c(o->ignore_status.p[i]), word;
        enum pl_fix_state s;
        while (pl_str_split(&rest, ',', &word)) {
            word = pl_str_trim(word);
            if (pl_str_is(word, "fix_deferred"))
                word = PL_S("deferred");
            if (!pl_fix_state_parse(word, &s))
                return usage("--ignore-status: not a state:", o->ignore_status.p[i]);
            v->ignore[s] = true;
        }
    }
    for (int s = 0; s < PL_FIX_COUNT && (o->ignore_unfixed || o->only_fixed); s++)
        v->ignore[s] |= s != PL_FIX_FIXED;
    return 0;
}

/* "0.1", in parts of a million. */
static bool parse_share(struct pl_str s, uint32_t *ret)
{
    struct pl_str head;
    uint64_t whole, part = 0, scale = 1000000;
    if (!pl_str_split(&s, '.', &head) || !pl_str_u64(head, &whole) || whole > 1)
        return false;
    if (s.p && (s.n > 6 || !pl_str_u64(s, &part)))
        return false;
    for (size_t i = 0; s.p && i < s.n; i++)
        scale /= 10;
    *ret = (uint32_t)(whole * 1000000 + part * scale);
    return *ret <= 1000000;
}

static int check_age(const struct pl_vuln_cli *o, const struct pl_vuln_run *v, bool quiet)
{
    const struct pl_advdb_info *info = pl_advdb_info(v->db);
    int64_t age = pl_db_days(info->built, pl_str_c(v->now));
    uint64_t max = 0;
    if (o->max_age) {
        struct pl_str days = pl_str_c(o->max_age);
        if (days.n && days.p[days.n - 1] == 'd')
            days.n--;
        if (!pl_str_u64(days, &max))
            return usage("--db-max-age: not a number of days:", o->max_age);
    }
    if (o->max_age && age > (int64_t)max) {
        fprintf(stderr,
                "plimsoll: the advisory database is %lld days old (--db-max-age %s); plimsoll db "
                "update makes it new\n",
                (long long)age, o->max_age);
        return PL_EXIT_USAGE;
    }
    if (age > OLD_DAYS && !quiet)
        fprintf(stderr, "warning: the advisory database is %lld days old\n", (long long)age);
    return 0;
}

static int read_vex(const struct pl_vuln_cli *o, struct pl_vuln_run *v, struct pl_err *err)
{
    int r = 0;
    v->vex.a = &v->a;
    for (size_t i = 0; i < o->vex.n && r == 0; i++) {
        pl_auto_buf struct pl_buf text = { .max = 256u << 20 };
        r = pl_file_read(o->vex.p[i], &text, err);
        if (r == 0)
            r = pl_vex_read(&v->vex, o->vex.p[i], pl_buf_str(&text), err);
    }
    return r;
}

static struct pl_match_opts match_opts(const struct pl_vuln_cli *o, const struct pl_vuln_run *v)
{
    return (struct pl_match_opts){ .all_layers = o->all_layers,
                                   .match_owned = o->match_owned,
                                   .expand_kernel = o->expand_kernel,
                                   .unimportant = o->unimportant,
                                   .today = pl_str_n(v->now, 10) };
}

int pl_vuln_begin(const struct pl_vuln_cli *o, bool asked, bool quiet, struct pl_vuln_run **ret)
{
    struct pl_err err = { 0 };
    uint32_t share;
    *ret = NULL;
    if (o->epss && !parse_share(pl_str_c(o->epss), &share))
        return usage("--epss: not a share between 0 and 1:", o->epss);
    struct pl_vuln_run *v = calloc(1, sizeof *v);
    if (!v)
        pl_oom();
    pl_db_now(v->now);
    int code = parse_states(o, v);
    int r = code ? 0 : pl_advdb_open(pl_db_dir(o->db, /* make= */ false, &v->a), &v->db, &err);
    if (r == PL_E_NOENT && !asked && !o->db) {
        pl_vuln_end(v);
        return 0;
    }
    if (r < 0) {
        fprintf(stderr, "plimsoll: %s%s\n", err.msg,
                r == PL_E_NOENT ? "; make one with plimsoll db build or plimsoll db update" : "");
        code = PL_EXIT_USAGE;
    }
    if (!code)
        code = check_age(o, v, quiet);
    if (!code && read_vex(o, v, &err) < 0) {
        fprintf(stderr, "plimsoll: %s\n", err.msg);
        code = PL_EXIT_USAGE;
    }
    v->quiet = quiet;
    if (code) {
        pl_vuln_end(v);
        return code;
    }
    struct pl_match_opts mo = match_opts(o, v);
    v->m = pl_vuln_matcher_new(v->db, &mo);
    *ret = v;
    return 0;
}

void pl_vuln_end(struct pl_vuln_run *v)
{
    if (!v)
        return;
    pl_vuln_matcher_free(v->m);
    pl_advdb_close(v->db);
    pl_vex_release(&v->vex);
    pl_arena_release(&v->a);
    free(v);
}

struct pl_vuln_matcher *pl_vuln_matcher_of(struct pl_vuln_run *v)
{
    return v->m;
}

struct pl_vuln_matcher *pl_vuln_matcher_brief(struct pl_vuln_run *v, const struct pl_vuln_cli *o)
{
    struct pl_match_opts mo = match_opts(o, v);
    mo.brief = true;
    return pl_vuln_matcher_new(v->db, &mo);
}

struct pl_advdb *pl_vuln_db(struct pl_vuln_run *v)
{
    return v->db;
}

bool pl_vuln_drops(const struct pl_vuln_run *v, const struct pl_vuln *x)
{
    return !x->collapsed.n && v->ignore[x->state];
}

static void drop_states(const struct pl_vuln_run *v, struct pl_target *t)
{
    size_t n = 0;
    for (size_t i = 0; i < t->n_findings; i++) {
        const struct pl_finding *f = &t->findings[i];
        if (f->kind != PL_KIND_VULNERABILITY || !f->vuln || !pl_vuln_drops(v, f->vuln))
            t->findings[n++] = *f;
    }
    t->n_findings = n;
}

static void note_none(struct pl_report *report)
{
    for (size_t i = 0; i < report->n_targets; i++) {
        struct pl_target *t = &report->targets[i];
        if (!t->n_packages)
            continue;
        struct pl_note *n = pl_alloc_n(report->a, t->n_notes + 1, sizeof *n);
        if (t->n_notes)
            memcpy(n, t->notes, t->n_notes * sizeof *n);
        n[t->n_notes++] = (struct pl_note){
            .scope = PL_SCOPE_RUN,
            .where = PL_S(""),
            .code = PL_S("no-database"),
            .message = PL_S("no advisory database: packages were listed and not matched"),
        };
        t->notes = n;
    }
}

int pl_vuln_match(struct pl_vuln_run *v, const char *verb, struct pl_report *report)
{
    struct pl_err err = { 0 };
    if (!v) {
        note_none(report);
        return 0;
    }
    report->db = pl_match_db_info(v->db, report->a);
    for (size_t i = 0; i < report->n_targets; i++)
        if (pl_match_target(v->m, report->a, &report->targets[i], &err) < 0)
            return pl_run_failed(verb, &err);
    return 0;
}

void pl_vuln_filter(struct pl_vuln_run *v, struct pl_report *report)
{
    if (!v)
        return;
    for (size_t i = 0; i < report->n_targets; i++)
        drop_states(v, &report->targets[i]);
    pl_auto_buf struct pl_buf out = { 0 };
    if (v->vex.list.n)
        pl_vex_apply(&v->vex, report);
    pl_vex_complain(&v->vex, &out);
    if (out.n && !v->quiet)
        fwrite(out.p, 1, out.n, stderr);
}

int pl_vuln_report(struct pl_vuln_run *v, const struct pl_vuln_cli *o, const char *verb,
                   struct pl_report *report)
{
    (void)o;
    int code = pl_vuln_match(v, verb, report);
    if (!code)
        pl_vuln_filter(v, report);
    return code;
}

bool pl_vuln_exceeds(const struct pl_vuln_cli *o, const struct pl_vuln *x)
{
    uint32_t share = UINT32_MAX;
    if (o->kev && x->kev_added.n)
        return true;
    return o->epss && parse_share(pl_str_c(o->epss), &share) && x->has_epss &&
           x->epss * 1000000 >= share;
}

bool pl_vuln_fails(const struct pl_vuln_cli *o, const struct pl_report *report)
{
    for (size_t i = 0; i < report->n_targets; i++)
        for (size_t k = 0; k < report->targets[i].n_findings; k++) {
            const struct pl_finding *f = &report->targets[i].findings[k];
            if (f->vuln && f->delta != PL_DELTA_UNCHANGED && pl_vuln_exceeds(o, f->vuln))
                return true;
        }
    return false;
}
