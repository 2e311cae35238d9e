/* Why, and why not: the chain from package to advisory, with the comparison that was made. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "cmd/explain_vuln.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "cmd/db_opt.h"
#include "report/escape.h"
#include "vuln/eco.h"
#include "vuln/match.h"
#include "vuln/row.h"

bool pl_explain_is_flaw(const char *id)
{
    static const char *const begins[] = { "CVE-",  "GHSA-",  "GO-",   "PYSEC-", "RUSTSEC-",
                                          "DSA-",  "DLA-",   "USN-",  "ALSA-",  "RHSA-",
                                          "RLSA-", "MAL-",   "BIT-",  "HSEC-",  "ELSA-",
                                          "SUSE-", "DEBCL-", "DEMO-", "UBUNTU-" };
    for (size_t i = 0; i < PL_COUNT(begins); i++)
        if (strncmp(id, begins[i], strlen(begins[i])) == 0)
            return true;
    return false;
}

struct ask {
    struct pl_arena a;
    struct pl_advdb *db;
    struct pl_vuln_matcher *m;
    struct pl_str id, package; /* package: empty for all */
    uint32_t *number;          /* the records that go by the id */
    size_t n_numbers;
    struct pl_buf out;
    struct pl_err err;
    size_t said;
};

static void say(struct ask *x, const char *label, struct pl_str s)
{
    pl_buf_printf(&x->out, "  %-10s", label);
    pl_esc(&x->out, PL_ESC_TERM, s);
    pl_buf_putc(&x->out, '\n');
}

static bool asked(const struct ask *x, uint32_t number)
{
    for (size_t i = 0; i < x->n_numbers; i++)
        if (x->number[i] == number)
            return true;
    return false;
}

static struct pl_str range_of(struct ask *x, const struct pl_advrow *row)
{
    static const char *const words[] = { ">= ", "< ", "<= ", "< ", "; ", "in ", "not in " };
    struct pl_str s = PL_S("");
    for (size_t i = 0; i < row->n_events && i < 40; i++)
        s = pl_printf(&x->a, "%.*s%s%s%.*s", PL_FMT(s), s.n ? " " : "", words[row->event[i].kind],
                      PL_FMT(row->event[i].version));
    if (row->versions.n)
        s = pl_printf(&x->a, "%.*s%s%zu listed versions", PL_FMT(s), s.n ? " and " : "",
                      row->versions.n);
    return s.n ? s : PL_S("no version");
}

/* The rows of one package that the id is about. */
static int show_rows(struct ask *x, struct pl_str eco, struct pl_str name, struct pl_str rows)
{
    struct pl_str body;
    uint32_t number;
    bool bad = false;
    while (pl_advdb_next_row(&rows, &number, &body, &bad)) {
        struct pl_advrow row;
        if (!asked(x, number) || !pl_advrow_decode(body, &x->a, &row))
            continue;
        say(x, "affects",
            pl_printf(&x->a, "%.*s %.*s: %.*s (%s)", PL_FMT(eco), PL_FMT(name),
                      PL_FMT(range_of(x, &row)), pl_fix_state_name(row.state)));
        x->said++;
    }
    return bad ? pl_fail(&x->err, PL_E_FORMAT, "the advisory database is damaged") : 0;
}

static int each_row(void *arg, struct pl_str eco, struct pl_str name, struct pl_str rows)
{
    struct ask *x = arg;
    return x->package.n && !pl_str_eq(x->package, name) ? 0 : show_rows(x, eco, name, rows);
}

/* What the database says of the id. */
static int show_records(struct ask *x)
{
    for (size_t i = 0; i < x->n_numbers; i++) {
        struct pl_advdb_vuln v;
        struct pl_str title, url;
        int r = pl_advdb_vuln(x->db, x->number[i], &x->a, &v, &x->err);
        if (r == 0)
            r = pl_advdb_text(x->db, x->number[i], &x->a, &title, &url, &x->err);
        if (r < 0)
            return r;
        say(x, "record",
            pl_printf(&x->a, "%.*s of %.*s%s%.*s", PL_FMT(v.id), PL_FMT(v.source),
                      v.published.n ? ", " : "", PL_FMT(v.published)));
        if (title.n)
            say(x, "", title);
    }
    return 0;
}

/* ---- a package of a target ---- */

static void show_match(struct ask *x, const struct pl_match *h)
{
    const struct pl_vuln *v = h->vuln;
    say(x, "reported", v->because);
    say(x, "severity",
        pl_printf(&x->a, "%s%s%.*s", pl_severity_name(h->severity),
                  v->severity_source.n ? ", by " : ", rated by nobody",
                  PL_FMT(v->severity_source)));
    say(x, "state",
        pl_printf(&x->a, "%s%s%.*s", pl_fix_state_name(v->state), v->fixed.n ? " in " : "",
                  PL_FMT(v->fixed)));
}

/* Why the rows about the id do not hold for the version. */
static void why_not(struct ask *x, const struct pl_eco_key *k, struct pl_str rows)
{
    struct pl_str body;
    uint32_t number;
    bool bad = false, any = false;
    while (pl_advdb_next_row(&rows, &number, &body, &bad)) {
        struct pl_advrow row;
        struct pl_advrow_place place = { .listed = false };
        if (!asked(x, number) || !pl_advrow_decode(body, &x->a, &row))
            continue;
        any = true;
        if (row.state == PL_FIX_NOT_AFFECTED)
            say(x, "why not", PL_S("the vendor says that it is not affected"));
        else if (pl_advrow_affects(k->scheme, &row, k->version, &place))
            say(x, "why not",
                row.flags & PL_ADV_UNIMPORTANT
                    ? PL_S("the vendor calls it unimportant (--unimportant)")
                    : PL_S("another record, of the vendor, says otherwise"));
        else if (place.above.n)
            say(x, "why not",
                pl_printf(&x->a, "%.*s >= %.*s (%s)", PL_FMT(k->version), PL_FMT(place.above),
                          k->scheme->name));
        else
            say(x, "why not",
                pl_printf(&x->a, "%.*s is not in %.*s (%s)", PL_FMT(k->version),
                          PL_FMT(range_of(x, &row)), k->scheme->name));
    }
    if (!any)
        say(x, "why not",
            pl_advdb_has_eco(x->db, k->eco)
                ? pl_printf(&x->a, "no record of it speaks of %.*s in %.*s", PL_FMT(k->name),
                            PL_FMT(k->eco))
                : pl_printf(&x->a, "the database has nothing about %.*s", PL_FMT(k->eco)));
}

static bool is_it(struct pl_str id, const struct pl_match *h)
{
    if (pl_str_eq(h->rule, id))
        return true;
    for (size_t i = 0; i < h->aliases.n; i++)
        if (pl_str_eq(h->aliases.p[i], id))
            return true;
    return false;
}

static int one_package(struct ask *x, const struct pl_target *t, const struct pl_package *p)
{
    struct pl_eco_key k;
    struct pl_matches found = { NULL, 0 };
    bool known = pl_eco_of_package(&x->a, p, &k), hit = false;
    if (x->package.n && !pl_str_eq(x->package, p->pkg.name) &&
        !pl_str_eq(x->package, p->pkg.source))
        return 0;
    if (known && pl_match_wants(x->m, p) && pl_match_key(x->m, &k, p, &x->a, &found, &x->err) < 0)
        return x->err.code;
    for (size_t i = 0; i < found.n; i++)
        hit |= is_it(x->id, &found.p[i]);
    if (!hit && !x->package.n)
        return 0;
    x->said++;
    pl_buf_puts(&x->out, "\n");
    say(x, "package",
        pl_printf(&x->a, "%.*s in %.*s", PL_FMT(p->purl),
                  PL_FMT(p->paths.n ? p->paths.p[0] : t->name)));
    for (size_t i = 0; i < found.n; i++)
        if (is_it(x->id, &found.p[i]))
            show_match(x, &found.p[i]);
    if (hit)
        return 0;
    if (!p->span.visible)
        say(x, "why not",
            p->span.hidden == PL_NEVER
                ? PL_S("it is not in the final file system (--all-layers)")
                : pl_printf(&x->a, "it was removed in layer %u (--all-layers)", p->span.hidden));
    else if (p->owned_by.n)
        say(x, "why not",
            pl_printf(&x->a, "the distribution's %.*s owns it (--match-owned)",
                      PL_FMT(p->owned_by)));
    else if (!known)
        say(x, "why not", PL_S("no ecosystem is known for it"));
    else {
        struct pl_str rows;
        if (pl_advdb_rows(x->db, k.eco, k.name, &rows, &x->err) < 0)
            return x->err.code;
        why_not(x, &k, rows);
    }
    return 0;
}

static int in_target(struct ask *x, const char *target, const struct pl_common *c)
{
    struct pl_run run;
    struct pl_report report = { .a = &x->a };
    int code = pl_run_begin(&run, c, /* secrets= */ false);
    if (code)
        return code;
    int r = pl_scan_target(run.scan, target, &report, &x->err);
    pl_run_end(&run);
    for (size_t i = 0; i < report.n_targets && r == 0; i++)
        for (size_t k = 0; k < report.targets[i].n_packages && r == 0; k++)
            if (!(report.targets[i].packages[k].pkg.flags & PL_PKG_OS))
                r = one_package(x, &report.targets[i], &report.targets[i].packages[k]);
    if (r < 0)
        return pl_run_failed("explain", &x->err);
    if (!x->said && x->package.n)
        say(x, "why not", pl_printf(&x->a, "there is no package %.*s", PL_FMT(x->package)));
    else if (!x->said)
        say(x, "why not", PL_S("no package is affected"));
    return 0;
}

static bool is_target(const char *s)
{
    return strchr(s, ':') || access(s, F_OK) == 0;
}

static int ask_all(struct ask *x, const char *target, const struct pl_common *c)
{
    int r = pl_advdb_called(x->db, x->id, &x->a, &x->number, &x->n_numbers, &x->err);
    pl_buf_printf(&x->out, "%.*s\n", PL_FMT(x->id));
    if (r == 0 && !x->n_numbers)
        say(x, "unknown",
            PL_S("this database has no record of it: it may be newer, or of a source "
                 "that is not in it"));
    if (r == 0)
        r = show_records(x);
    if (r == 0 && !target && x->n_numbers)
        r = pl_advdb_each(x->db, each_row, x, &x->err);
    if (r < 0)
        return pl_run_failed("explain", &x->err);
    return target ? in_target(x, target, c) : 0;
}

int pl_explain_flaw(const struct pl_operands *ops, const char *db, const struct pl_common *c)
{
    struct ask x = { .id = PL_S(""), .package = PL_S("") };
    const char *target = NULL;
    struct pl_match_opts mo = { .expand_kernel = true, .today = PL_S("") };
    for (size_t i = 0; i < ops->n; i++) {
        if (pl_explain_is_flaw(ops->p[i]) && !x.id.n)
            x.id = pl_str_c(ops->p[i]);
        else if (is_target(ops->p[i]) && !target)
            target = ops->p[i];
        else
            x.package = pl_str_c(ops->p[i]);
    }
    int code;
    if (pl_advdb_open(pl_db_dir(db, /* make= */ false, &x.a), &x.db, &x.err) < 0) {
        code = pl_run_failed("explain", &x.err);
    } else {
        x.m = pl_vuln_matcher_new(x.db, &mo);
        code = ask_all(&x, target, c);
    }
    if (!code && pl_common_print(pl_buf_str(&x.out), &x.err) < 0)
        code = PL_EXIT_USAGE;
    pl_vuln_matcher_free(x.m);
    pl_advdb_close(x.db);
    pl_buf_release(&x.out);
    pl_arena_release(&x.a);
    return code;
}
