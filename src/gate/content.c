/* What an image is made of, as far as rules ask: config, layers against those of allowed bases, the
 * whole content where a reader is there. gates.md section 1. */
/* SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>

#include "base/limits.h"
#include "fmt/der.h"
#include "fmt/json.h"
#include "gate/gate_int.h"
#include "oci/doc.h"
#include "oci/platform.h"
#include "source/docker.h"

#define BASES_MAX 32u

/* ---- config ---- */

static struct pl_str copy(struct pl_gathering *w, const struct pl_json *j)
{
    struct pl_str s = pl_json_str(j);
    return s.p ? pl_dup(w->a, pl_str_sub(s, 0, 4096)) : PL_S("");
}

/* A name may stand for any number in the image's own list of users: only numbers above 0 are told
 * to be none of root's. */
static bool is_non_root(struct pl_str user)
{
    struct pl_str name;
    uint64_t n;
    pl_str_split(&user, ':', &name);
    return pl_str_u64(name, &n) && n > 0 && n <= UINT32_MAX;
}

struct ports {
    struct pl_gathering *w;
    struct pl_facts *f;
};

static int add_port(void *arg, struct pl_str key, const struct pl_json *value)
{
    struct pl_facts *f = ((struct ports *)arg)->f;
    struct pl_str first, last;
    uint64_t from, to;
    (void)value;
    struct pl_str number;
    pl_str_split(&key, '/', &number);
    last = number;
    pl_str_split(&last, '-', &first);
    if (!pl_str_u64(first, &from) || from > 65535)
        return 0;
    if (!last.p || !pl_str_u64(last, &to) || to > 65535)
        to = from;
    for (uint64_t p = from; p <= to && f->n_ports < 65536; p++)
        f->ports[f->n_ports++] = (uint16_t)p;
    return 0;
}

static int add_label(void *arg, struct pl_str key, const struct pl_json *value)
{
    struct ports *x = arg;
    struct pl_str s = pl_json_str(value);
    if (s.n)
        x->f->labels.p[x->f->labels.n++] = pl_dup(x->w->a, key);
    return 0;
}

static void read_ports(struct ports *x, const struct pl_json *exposed)
{
    uint16_t *all = calloc(65536, sizeof *all);
    if (!all)
        pl_oom();
    x->f->ports = all;
    if (exposed && pl_json_type(exposed) == PL_JSON_OBJECT)
        pl_json_each(exposed, add_port, x);
    x->f->ports = pl_alloc_n(x->w->a, x->f->n_ports, sizeof *all);
    memcpy(x->f->ports, all, x->f->n_ports * sizeof *all);
    free(all);
}

static void read_config(struct pl_gathering *w, const struct pl_json *root, struct pl_facts *f)
{
    struct ports x = { w, f };
    const struct pl_json *c = pl_json_get(root, "config"), *labels = pl_json_get(c, "Labels"),
                         *test = pl_json_get(pl_json_get(c, "Healthcheck"), "Test");
    int64_t ns;
    struct pl_platform p = { .os = copy(w, pl_json_get(root, "os")),
                             .arch = copy(w, pl_json_get(root, "architecture")),
                             .variant = copy(w, pl_json_get(root, "variant")) };
    f->has_config = true;
    p = pl_platform_settle(p);
    f->platform = pl_platform_text(w->a, &p);
    f->user = copy(w, pl_json_get(c, "User"));
    f->non_root = is_non_root(f->user);
    f->healthcheck = pl_json_len(test) > 0 && !pl_str_is(pl_json_str(pl_json_at(test, 0)), "NONE");
    struct pl_str created = pl_json_str(pl_json_get(root, "created"));
    f->created_s = created.p && pl_rfc3339_ns(created, &ns) ? ns / 1000000000 : PL_POLICY_NEVER;
    f->labels.p = pl_alloc_n(w->a, pl_json_len(labels), sizeof *f->labels.p);
    if (labels && pl_json_type(labels) == PL_JSON_OBJECT)
        pl_json_each(labels, add_label, &x);
    read_ports(&x, pl_json_get(c, "ExposedPorts"));
}

static int fetch_config(struct pl_gathering *w, struct pl_sign_store *store, const struct pl_doc *m,
                        struct pl_json **ret, struct pl_err *err)
{
    struct pl_limits lim;
    pl_auto_buf struct pl_buf b = { 0 };
    pl_limits_init(&lim);
    (void)w;
    int r = m->config.digest.set ? store->blob(store, &m->config.digest, lim.config, &b, err)
                                 : pl_fail(err, PL_E_FORMAT, "the manifest has no config");
    if (r == 0)
        r = pl_json_parse(pl_buf_str(&b), (unsigned)lim.depth, ret, err);
    return r < 0 ? r : pl_doc_keys(*ret, err);
}

static int parse_manifest(struct pl_str text, struct pl_arena *a, struct pl_doc *ret,
                          struct pl_err *err)
{
    struct pl_limits lim;
    struct pl_json *root = NULL;
    pl_limits_init(&lim);
    int r = pl_json_parse(text, (unsigned)lim.depth, &root, err);
    if (r == 0)
        r = pl_doc_read(root, PL_S(""), &lim, a, ret, err);
    if (r == 0 && ret->kind != PL_DOC_MANIFEST && ret->kind != PL_DOC_INDEX)
        r = pl_fail(err, PL_E_FORMAT, "no manifest of an image");
    pl_json_free(root);
    return r;
}

/* ---- base ---- */

/* Layers of what an allowed reference names now, of the platform of the image. */
struct base {
    struct pl_gathering *w;
    struct pl_sign_store *store;
    struct pl_str platform;
    struct pl_arena a;
    struct pl_doc doc;
};

static int base_child(struct base *b, struct pl_err *err)
{
    struct pl_limits lim;
    struct pl_platform want;
    pl_limits_init(&lim);
    int r = pl_platform_parse(b->platform, &want, err);
    if (r < 0)
        return r;
    for (size_t i = 0; i < b->doc.n_items; i++) {
        struct pl_platform have = pl_platform_settle(b->doc.items[i].platform);
        pl_auto_buf struct pl_buf text = { 0 };
        if (!pl_platform_match(&want, &have))
            continue;
        r = b->store->child(b->store, &b->doc.items[i].digest, (size_t)lim.manifest, &text, err);
        return r < 0 ? r : parse_manifest(pl_dup(&b->a, pl_buf_str(&text)), &b->a, &b->doc, err);
    }
    return pl_fail(err, PL_E_NOENT, "the base has no image for the platform");
}

static int open_base(struct base *b, struct pl_str ref, struct pl_err *err)
{
    struct pl_reference x;
    struct pl_named named;
    pl_auto_buf struct pl_buf text = { 0 };
    int r = pl_docker_reference(ref, &b->a, &x, NULL, err);
    if (r == 0)
        r = pl_sign_remote_new(&b->w->registry, &x, PL_S(""), &b->store, err);
    if (r == 0)
        r = pl_sign_remote_find(b->store, &x, PL_LOOK_NOTHING, &b->a, &named, &text, err);
    if (r == 0)
        r = parse_manifest(pl_dup(&b->a, pl_buf_str(&text)), &b->a, &b->doc, err);
    if (r == 0 && b->doc.kind == PL_DOC_INDEX)
        r = base_child(b, err);
    return r;
}

static bool is_prefix(const struct pl_doc *base, const struct pl_doc *image)
{
    if (base->kind != PL_DOC_MANIFEST || base->n_items == 0 || base->n_items > image->n_items)
        return false;
    for (size_t i = 0; i < base->n_items; i++)
        if (!pl_digest_eq(&base->items[i].digest, &image->items[i].digest))
            return false;
    return true;
}

static int try_base(struct pl_gathering *w, struct pl_str ref, const struct pl_doc *m,
                    struct pl_facts *f, struct pl_err *err)
{
    struct base b = { .w = w, .platform = f->platform };
    int r = open_base(&b, ref, err);
    if (r == 0 && is_prefix(&b.doc, m))
        f->base = pl_dup(w->a, ref);
    pl_sign_store_free(b.store);
    pl_arena_release(&b.a);
    return r;
}

static bool base_allows(const struct pl_base_rule *rule, struct pl_str ref, struct pl_arena *a)
{
    struct pl_reference x;
    if (pl_docker_reference(ref, a, &x, NULL, NULL) < 0)
        return false;
    struct pl_str name = pl_printf(a, "%.*s/%.*s", PL_FMT(x.host), PL_FMT(x.repo));
    for (size_t i = 0; i < rule->allow.n; i++)
        if (pl_str_find(rule->allow.p[i], PL_S("@"), 0) == SIZE_MAX &&
            pl_policy_match(rule->allow.p[i], name))
            return true;
    return false;
}

/* Which base to compare with: those that are named exactly, and what the image says of itself where
 * that is allowed. Its word is a hint where to look; the layers are the evidence. */
static int read_base(struct pl_gathering *w, const struct pl_json *config, const struct pl_doc *m,
                     struct pl_str manifest, struct pl_facts *f, struct pl_err *err)
{
    const struct pl_base_rule *rule = &w->scope->base;
    struct pl_limits lim;
    struct pl_json *root = NULL;
    size_t tried = 0;
    struct pl_err why = { 0 };
    pl_limits_init(&lim);
    if (pl_json_parse(manifest, (unsigned)lim.depth, &root, err) < 0)
        return err ? err->code : PL_E_FORMAT;
    struct pl_str key = pl_str_c("org.opencontainers.image.base.name"), hint;
    hint = copy(w, pl_json_get(pl_json_get(root, "annotations"), key.p));
    if (!hint.n)
        hint = copy(w, pl_json_get(pl_json_get(pl_json_get(config, "config"), "Labels"), key.p));
    pl_json_free(root);
    int r = 0;
    for (size_t i = 0; i < rule->allow.n && !f->base.n && tried < BASES_MAX; i++) {
        struct pl_str p = rule->allow.p[i];
        if (pl_str_find(p, PL_S("*"), 0) != SIZE_MAX)
            continue;
        tried++;
        if (try_base(w, p, m, f, &why) < 0 && why.code != PL_E_NOENT)
            r = why.code;
    }
    if (!f->base.n && hint.n && base_allows(rule, hint, w->a) &&
        try_base(w, hint, m, f, &why) < 0 && why.code != PL_E_NOENT)
        r = why.code;
    if (!f->base.n && r < 0) {
        *err = why;
        return r;
    }
    return 0;
}

/* ---- the whole content ---- */

static void count_secrets(const struct pl_report *r, struct pl_facts *f)
{
    for (size_t t = 0; t < r->n_targets; t++)
        for (size_t i = 0; i < r->targets[t].n_findings; i++) {
            const struct pl_finding *x = &r->targets[t].findings[i];
            if (x->kind != PL_KIND_SECRET || x->severity < PL_SEV_MEDIUM)
                continue;
            f->secrets++;
            f->env_secrets += x->where.surface == PL_SURF_ENV;
        }
}

static void take_report(struct pl_gathering *w, struct pl_report *report, struct pl_facts *f)
{
    struct pl_names none = { 0 };
    struct pl_vex vex = { .a = report->a };
    f->scanned = f->has_secrets = true;
    count_secrets(report, f);
    pl_gather_vex(w, &none, &vex);
    f->has_vulns = report->db != NULL;
    f->db_s = pl_gather_db_time(report);
    pl_gather_count(w, &vex, report, &f->vulns);
    pl_vex_release(&vex);
}

static int read_whole(struct pl_gathering *w, const struct pl_digest *d, struct pl_facts *f,
                      struct pl_err *err)
{
    struct pl_gate *g = w->g;
    struct pl_arena a = { 0 };
    struct pl_report report = { .a = &a };
    struct pl_str digest = pl_digest_text(&a, d);
    struct pl_str target = w->ask->layout
                               ? pl_printf(&a, "oci:%s@%.*s", w->ask->layout, PL_FMT(digest))
                               : pl_printf(&a, "docker://%.*s/%.*s@%.*s", PL_FMT(w->ref.host),
                                           PL_FMT(w->ref.repo), PL_FMT(digest));
    pthread_mutex_lock(&g->reading);
    int r = g->reader.read(g->reader.arg, target, (struct pl_str){ 0 }, &report, err);
    pthread_mutex_unlock(&g->reading);
    if (r == 0)
        take_report(w, &report, f);
    pl_arena_release(&a);
    return r;
}

/* What the store says; what it does not is told where a rule wants it. */
static bool ask_store(struct pl_gathering *w, const struct pl_digest *d, struct pl_facts *f)
{
    const struct pl_gate_reader *reader = &w->g->reader;
    const struct pl_rule_scope *s = w->scope;
    struct pl_arena a = { 0 };
    struct pl_report report = { .a = &a };
    struct pl_err why = { 0 };
    bool vulns = s->vulns.set && s->vulns.source == PL_VULN_SCAN;
    int r = reader->stored
                ? reader->stored(reader->arg, pl_digest_text(&a, d), vulns,
                                 w->now_s - s->results.max_age_s, &report, &f->stored_s, &why)
                : pl_fail(&why, PL_E_NOENT, "none was named");
    f->stored = r == 0;
    if (r == 0)
        take_report(w, &report, f);
    else
        f->not_stored = pl_dup(w->a, pl_str_sub(pl_str_c(why.msg), 0, 200));
    pl_arena_release(&a);
    return r == 0;
}

static bool has_scan(const struct pl_facts *f)
{
    for (size_t i = 0; i < f->n_proofs; i++)
        if (f->proofs[i].ok && f->proofs[i].attestation && f->proofs[i].has_secrets)
            return true;
    return false;
}

int pl_gather_content(struct pl_gathering *w, const struct pl_digest *d, struct pl_str manifest,
                      struct pl_facts *f, struct pl_err *err)
{
    const struct pl_rule_scope *s = w->scope;
    struct pl_json *config = NULL;
    struct pl_arena a = { 0 };
    struct pl_doc m = { 0 };
    bool base = s->base.set && !s->base.provenance,
         secrets = s->no_secrets || s->config.no_env_secrets;
    bool wants = s->config.set || s->max_image_age_s || s->platforms.n || base;
    bool scan = s->vulns.set && s->vulns.source == PL_VULN_SCAN;
    int r = 0;
    if (wants)
        r = parse_manifest(manifest, &a, &m, err);
    if (r == 0 && wants)
        r = fetch_config(w, w->store, &m, &config, err);
    if (r == 0 && wants)
        read_config(w, config, f);
    if (r == 0 && base)
        r = read_base(w, config, &m, manifest, f, err);
    bool whole = scan || (secrets && !has_scan(f) && !has_scan(w->top));
    if (r == 0 && whole && s->results.store)
        whole = !ask_store(w, d, f);
    if (r == 0 && whole && (s->results.scan || !s->results.set) && w->g->reader.read &&
        w->g->reader.images)
        r = read_whole(w, d, f, err);
    pl_json_free(config);
    pl_arena_release(&a);
    return r;
}
