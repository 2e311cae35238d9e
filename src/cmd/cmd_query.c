/* plimsoll query: which of the stored images hold what, where and since when. fleet.md section 4.
 */
/* SPDX-License-Identifier: Apache-2.0 */
#include <inttypes.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/map.h"
#include "base/vec.h"
#include "cmd/common.h"
#include "cmd/fleet_opt.h"
#include "cmd/rule_named.h"
#include "cmd/since.h"
#include "cmd/sink.h"
#include "cmd/store_opt.h"
#include "fmt/glob.h"
#include "fmt/jsonw.h"
#include "query/found.h"
#include "query/query.h"
#include "report/escape.h"

struct options {
    const char *store, *image, *package, *cve, *secret, *since;
    struct pl_opt_list format;
    bool quiet;
};

#define O(field) offsetof(struct options, field)
static const struct pl_opt table[] = {
    { "store", 0, PL_OPT_STR, O(store), "STORE", "a folder, or postgresql://…" },
    { "image", 0, PL_OPT_STR, O(image), "NAME", "images of this name, pattern or digest" },
    { "package", 0, PL_OPT_STR, O(package), "NAME",
      "that hold this package: a name, a package URL, 'NAME < VERSION'" },
    { "cve", 0, PL_OPT_STR, O(cve), "ID", "that have this flaw" },
    { "secret", 0, PL_OPT_STR, O(secret), "RULE", "in which this rule found a secret" },
    { "since", 0, PL_OPT_STR, O(since), "TIME", "that were read since then" },
    { "format", 'f', PL_OPT_LIST, O(format), "FORMAT[=FILE]", "table, json, ndjson" },
    { "quiet", 'q', PL_OPT_FLAG, O(quiet), NULL, "no notes" },
};

enum form { TABLE, JSON, NDJSON };

struct query {
    const struct options *o;
    struct pl_store *s;
    enum form form;
    struct pl_sink sink;
    struct pl_arena a;
    struct pl_map names; /* of an image's digest, by the image's number: struct pl_names * */
    struct pl_query_ask ask;
    struct pl_query_want want;
    uint64_t n;
    bool runs; /* it is known of some images where they run */
    struct pl_err *err;
};

static int usage(const char *text)
{
    fprintf(stderr, "plimsoll query: %s\n", text);
    return PL_EXIT_USAGE;
}

/* The names of a digest, for "names"; they come image by image. */
static int on_name(void *arg, int64_t id, struct pl_str name)
{
    struct query *x = arg;
    x->names.a = &x->a;
    void **at = pl_map_put(&x->names, pl_str_n(&id, sizeof id));
    struct pl_names *n = *at ? *at : PL_NEW(&x->a, struct pl_names);
    *at = n;
    if ((n->n & (n->n - 1)) == 0) { /* grows by doubling, in the arena */
        struct pl_str *p = pl_alloc_n(&x->a, n->n ? n->n * 2 : 1, sizeof *p);
        if (n->n)
            memcpy(p, n->p, n->n * sizeof *p);
        n->p = p;
    }
    n->p[n->n++] = pl_dup(&x->a, name);
    return 0;
}

static uint64_t packages_of(const struct query *x, const struct pl_store_image *i)
{
    uint64_t n = 0;
    for (size_t k = 0; k < i->n_members; k++)
        n += !pl_query_is_release(&x->want, i->member[k].package);
    return n;
}

static int put_findings(struct query *x, const struct pl_store_image *i, struct pl_buf *out)
{
    pl_auto_buf struct pl_buf own = { 0 }, flaws = { 0 };
    if (!i->found.p)
        return 0;
    if (!pl_store_found(i->found, &own, &flaws))
        return pl_fail(x->err, PL_E_FORMAT, "the store is damaged: findings of an inventory");
    pl_buf_putn(out, own.p, own.n);
    if (own.n && flaws.n)
        pl_buf_putc(out, ',');
    pl_buf_putn(out, flaws.p, flaws.n);
    return 0;
}

/* "holds": the packages that were asked for. */
static void put_holds(const struct query *x, const struct pl_store_image *i, struct pl_jsonw *out)
{
    if (!x->ask.package.n)
        return;
    pl_jw_key(out, "holds");
    pl_jw_arr(out);
    for (size_t k = 0; k < i->n_members; k++) {
        const struct pl_query_package *p = pl_query_wanted(&x->want, i->member[k].package);
        if (!p)
            continue;
        pl_jw_obj(out);
        pl_jw_kstr(out, "purl", p->purl);
        pl_jw_kstr(out, "version", p->version);
        pl_jw_kbool(out, "visible", i->member[k].span.visible);
        pl_jw_obj_end(out);
    }
    pl_jw_arr_end(out);
}

static int on_run(void *arg, const struct pl_exposure *e)
{
    struct pl_jsonw *w = arg;
    char text[24];
    pl_jw_obj(w);
    pl_jw_kstr(w, "cluster", e->cluster);
    pl_jw_kstr(w, "namespace", e->ns);
    pl_jw_kstr(w, "kind", e->kind);
    pl_jw_kstr(w, "name", e->owner);
    pl_jw_kstr(w, "image", e->image);
    pl_clock_utc(e->since, text);
    pl_jw_kcstr(w, "since", text);
    pl_clock_utc(e->seen, text);
    pl_jw_kcstr(w, "seen", text);
    pl_jw_kbool(w, "now", e->until == 0);
    pl_jw_obj_end(w);
    return 0;
}

static int on_run_line(void *arg, const struct pl_exposure *e)
{
    const struct pl_str part[] = { e->cluster, e->ns, e->kind, e->owner };
    struct pl_buf *out = arg;
    char text[24];
    if (e->until)
        return 0;
    pl_buf_puts(out, "  runs in ");
    for (size_t i = 0; i < PL_COUNT(part); i++) {
        pl_buf_puts(out, i ? "/" : "");
        pl_esc(out, PL_ESC_TERM, part[i]);
    }
    pl_clock_utc(e->since, text);
    pl_buf_printf(out, " since %s\n", text);
    return 0;
}

/* Where it runs or ran, since when. */
static int each_run(struct query *x, const struct pl_store_image *i,
                    int (*fn)(void *arg, const struct pl_exposure *e), void *arg)
{
    return x->runs ? x->s->ops->runs_of(x->s, i->digest, i->name, fn, arg, x->err) : 0;
}

static int put_object(struct query *x, const struct pl_store_image *i, struct pl_buf *out)
{
    struct pl_jsonw w = { .out = out };
    const struct pl_names *n = pl_map_get(&x->names, pl_str_n(&i->id, sizeof i->id));
    char at[24];
    pl_jw_obj(&w);
    pl_jw_kstr(&w, "name", i->name);
    pl_jw_kstrs(&w, "names", n ? n->p : &i->name, n ? n->n : 1);
    pl_jw_key(&w, "digest");
    pl_jw_str_or_null(&w, i->digest);
    pl_jw_key(&w, "platform");
    pl_jw_str_or_null(&w, i->platform);
    pl_jw_kbool(&w, "complete", i->complete);
    pl_jw_key(&w, "findings");
    pl_jw_arr(&w);
    int r = put_findings(x, i, out);
    pl_jw_arr_end(&w);
    pl_jw_ku64(&w, "packages", packages_of(x, i));
    pl_clock_utc(i->origin.at, at);
    pl_jw_kcstr(&w, "read", at);
    put_holds(x, i, &w);
    pl_jw_key(&w, "runs");
    pl_jw_arr(&w);
    if (r == 0)
        r = each_run(x, i, on_run, &w);
    pl_jw_arr_end(&w);
    pl_jw_obj_end(&w);
    return r;
}

/* The same as lines for people. */
static void put_held(const struct query *x, const struct pl_store_image *i, struct pl_buf *out)
{
    for (size_t k = 0; k < i->n_members && x->ask.package.n; k++) {
        const struct pl_query_package *p = pl_query_wanted(&x->want, i->member[k].package);
        if (!p)
            continue;
        pl_buf_puts(out, "  ");
        pl_esc(out, PL_ESC_TERM, p->purl);
        pl_buf_puts(out, i->member[k].span.visible ? "\n" : "  (removed by a later layer)\n");
    }
}

static int put_line(struct query *x, const struct pl_store_image *i, struct pl_buf *out)
{
    char at[24];
    pl_esc(out, PL_ESC_TERM, i->name);
    pl_buf_puts(out, "  ");
    pl_esc(out, PL_ESC_TERM, i->platform);
    pl_buf_puts(out, "  ");
    pl_esc_cut(out, PL_ESC_TERM, i->digest, 19);
    pl_clock_utc(i->origin.at, at);
    pl_buf_printf(out, "  %" PRIu64 " packages, read %s%s\n", packages_of(x, i), at,
                  i->complete ? "" : ", INCOMPLETE");
    put_held(x, i, out);
    return each_run(x, i, on_run_line, out);
}

static int on_image(void *arg, const struct pl_store_image *i)
{
    struct query *x = arg;
    struct pl_buf *b = &x->sink.b;
    int r = 0;
    if (x->form == JSON)
        pl_buf_puts(b, x->n ? ",\n" : "[\n");
    if (x->form == TABLE)
        r = put_line(x, i, b);
    else
        r = put_object(x, i, b);
    if (x->form == NDJSON)
        pl_buf_putc(b, '\n');
    x->n++;
    return r == 0 ? pl_sink_step(&x->sink, x->err) : r;
}

static int answer(struct query *x, struct pl_err *err)
{
    const struct pl_store_ask how = { .since = INT64_MAX, .found = x->form != TABLE };
    const struct pl_store_ops *ops = x->s->ops;
    x->err = err;
    int r = ops->look(x->s, err);
    if (r == 0)
        r = pl_query_prepare(x->s, &x->ask, &x->a, &x->want, err);
    if (r == 0)
        r = pl_query_settle(x->s, &x->want, err);
    if (r == 0)
        r = ops->runs(x->s, PL_S(""), &x->runs, err);
    if (r == 0 && x->form != TABLE)
        r = ops->names_of(x->s, x->want.image.p, x->want.image.n, on_name, x, err);
    if (r == 0)
        r = pl_query_each(x->s, &x->want, &how, on_image, x, err);
    ops->rollback(x->s);
    if (r == 0 && x->form == JSON)
        pl_buf_puts(&x->sink.b, x->n ? "\n]\n" : "[]\n");
    if (r == 0 && x->form == TABLE)
        pl_buf_printf(&x->sink.b, "%" PRIu64 " image%s\n", x->n, x->n == 1 ? "" : "s");
    return r == 0 ? pl_sink_end(&x->sink, err) : r;
}

/* That nothing was found by a rule which nobody knows tells nothing. */
static void doubt_rule(const struct query *x)
{
    const struct pl_common none = { 0 };
    const char *rule = x->o->secret;
    struct pl_rules *rules = NULL;
    struct pl_err err = { 0 };
    if (x->o->quiet || x->n || !rule || pl_glob_is(pl_str_c(rule)))
        return;
    if (pl_common_rules(&none, &rules, &err) == 0 && !pl_rule_named(rules, rule))
        pl_rule_unknown("query", rules, rule);
    pl_rules_free(rules);
}

static int read_ask(struct query *x, struct pl_err *err)
{
    const struct options *o = x->o;
    x->ask = (struct pl_query_ask){ .image = pl_str_c(o->image ? o->image : ""),
                                    .package = pl_str_c(o->package ? o->package : ""),
                                    .cve = pl_str_c(o->cve ? o->cve : ""),
                                    .secret = pl_str_c(o->secret ? o->secret : ""),
                                    .dated = o->since != NULL };
    return o->since ? pl_since_parse(o->since, &x->ask.since, err) : 0;
}

static int open_output(struct query *x)
{
    static const char *const forms[] = { "table", "json", "ndjson" };
    struct pl_str rest = pl_str_c(x->o->format.n ? x->o->format.p[0] : "table"), id;
    struct pl_err err = { 0 };
    size_t k = 0;
    pl_str_split(&rest, '=', &id);
    while (k < PL_COUNT(forms) && !pl_str_is(id, forms[k]))
        k++;
    if (k == PL_COUNT(forms) || x->o->format.n > 1 || (rest.p && !rest.n))
        return usage("-f is one of table, json, ndjson");
    x->form = (enum form)k;
    return pl_sink_open(&x->sink, rest.p ? rest.p : "-", &err) < 0 ? pl_run_failed("query", &err)
                                                                   : 0;
}

static int run_query(const void *options, const struct pl_operands *ops)
{
    struct query x = { .o = options };
    struct pl_err err = { 0 };
    if (ops->n)
        return usage("what is asked for is told by flags: --image, --package, --cve, --secret");
    int code = read_ask(&x, &err) < 0 ? pl_run_failed("query", &err) : open_output(&x);
    if (!code)
        code = pl_fleet_open("query", x.o->store, PL_STORE_READ, &x.s);
    if (!code && answer(&x, &err) < 0)
        code = pl_run_failed("query", &err);
    if (!code)
        doubt_rule(&x);
    if (x.s)
        x.s->ops->close(x.s);
    pl_sink_release(&x.sink);
    pl_query_release(&x.want);
    pl_map_release(&x.names);
    pl_arena_release(&x.a);
    return code;
}

const struct pl_command pl_cmd_query = {
    .name = "query",
    .usage = "query [--image NAME] [--package NAME] [--cve ID] [--secret RULE] [--since TIME]",
    .summary = "which stored images hold what",
    .options = table,
    .n_options = PL_COUNT(table),
    .options_size = sizeof(struct options),
    .run = run_query,
};
