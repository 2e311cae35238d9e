/* The inventory as syft writes it: its JSON schema 16.1. One document holds one source; further
 * targets are refused. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "base/hash.h"
#include "report/anchore.h"

#define SCHEMA "16.1.3"
#define SCHEMA_URL \
    "https://raw.githubusercontent.com/anchore/syft/main/schema/json/schema-" SCHEMA ".json"

static void empty_list(struct pl_jsonw *w, const char *key)
{
    pl_jw_key(w, key);
    pl_jw_arr(w);
    pl_jw_arr_end(w);
}

static void licences(struct pl_jsonw *w, const struct pl_package *p)
{
    pl_jw_key(w, "licenses");
    pl_jw_arr(w);
    if (p->pkg.licence.n) {
        pl_jw_obj(w);
        pl_jw_kstr(w, "value", p->pkg.licence);
        pl_jw_kcstr(w, "spdxExpression", "");
        pl_jw_kcstr(w, "type", "declared");
        empty_list(w, "urls");
        empty_list(w, "locations");
        pl_jw_obj_end(w);
    }
    pl_jw_arr_end(w);
}

/* ---- what databases of systems say: their source is what advisories are about ---- */

static void deb(struct pl_jsonw *w, const struct pl_package *p)
{
    pl_jw_kcstr(w, "metadataType", "dpkg-db-entry");
    pl_jw_key(w, "metadata");
    pl_jw_obj(w);
    pl_jw_kstr(w, "package", p->pkg.name);
    pl_jw_kstr(w, "source", p->pkg.source);
    pl_jw_kstr(w, "version", p->pkg.version);
    pl_jw_kstr(w, "sourceVersion", p->pkg.source_version);
    pl_jw_kstr(w, "architecture", p->pkg.arch);
    pl_jw_kcstr(w, "maintainer", "");
    pl_jw_ku64(w, "installedSize", 0);
    empty_list(w, "files");
    pl_jw_obj_end(w);
}

static void apk(struct pl_jsonw *w, const struct pl_package *p)
{
    pl_jw_kcstr(w, "metadataType", "apk-db-entry");
    pl_jw_key(w, "metadata");
    pl_jw_obj(w);
    pl_jw_kstr(w, "package", p->pkg.name);
    pl_jw_kstr(w, "originPackage", p->pkg.source.n ? p->pkg.source : p->pkg.name);
    pl_jw_kcstr(w, "maintainer", "");
    pl_jw_kstr(w, "version", p->pkg.version);
    pl_jw_kstr(w, "architecture", p->pkg.arch);
    pl_jw_kcstr(w, "url", "");
    pl_jw_kcstr(w, "description", "");
    pl_jw_ku64(w, "size", 0);
    pl_jw_ku64(w, "installedSize", 0);
    empty_list(w, "pullDependencies");
    empty_list(w, "provides");
    pl_jw_kcstr(w, "pullChecksum", "");
    pl_jw_kcstr(w, "gitCommitOfApkPort", "");
    empty_list(w, "files");
    pl_jw_obj_end(w);
}

/* "%3A" is ':'. */
static struct pl_str decoded(struct pl_arena *a, struct pl_str s)
{
    char *p = pl_alloc(a, s.n + 1);
    size_t n = 0;
    for (size_t i = 0; i < s.n; i++) {
        uint8_t c = (uint8_t)s.p[i];
        if (c == '%' && i + 2 < s.n && pl_unhex(pl_str_sub(s, i + 1, 2), &c, 1))
            i += 2;
        p[n++] = (char)c;
    }
    return pl_str_n(p, n);
}

/* "nodejs:18:…" of the qualifiers. */
static struct pl_str module_of(struct pl_arena *a, const struct pl_package *p)
{
    struct pl_str quals = p->pkg.quals, pair, name;
    while (quals.n && pl_str_split(&quals, '&', &pair))
        if (pl_str_split(&pair, '=', &name) && pl_str_is(name, "rpmmod"))
            return decoded(a, pair);
    return PL_S("");
}

static void rpm(struct pl_jsonw *w, const struct pl_package *p)
{
    struct pl_arena a = { 0 };
    struct pl_str version = p->pkg.version, from = p->pkg.source_version, part;
    uint64_t epoch = 0;
    bool has_epoch = pl_str_split(&version, ':', &part) && version.p;
    if (!has_epoch)
        version = p->pkg.version;
    else
        has_epoch = pl_str_u64(part, &epoch);
    struct pl_str release = version;
    pl_str_split(&release, '-', &part);
    pl_jw_kcstr(w, "metadataType", "rpm-db-entry");
    pl_jw_key(w, "metadata");
    pl_jw_obj(w);
    pl_jw_kstr(w, "name", p->pkg.name);
    pl_jw_kstr(w, "version", part);
    pl_jw_key(w, "epoch");
    if (has_epoch)
        pl_jw_u64(w, epoch);
    else
        pl_jw_null(w);
    pl_jw_kstr(w, "architecture", p->pkg.arch);
    pl_jw_kstr(w, "release", release.p ? release : PL_S(""));
    if (from.n && pl_str_split(&from, ':', &part) && !from.p)
        from = p->pkg.source_version;
    pl_jw_kstr(w, "sourceRpm",
               p->pkg.source.n ? pl_printf(&a, "%.*s-%.*s.src.rpm", PL_FMT(p->pkg.source),
                                           PL_FMT(from.n ? from : version))
                               : PL_S(""));
    pl_jw_ku64(w, "size", 0);
    pl_jw_kcstr(w, "vendor", "");
    if (module_of(&a, p).n)
        pl_jw_kstr(w, "modularityLabel", module_of(&a, p));
    empty_list(w, "files");
    pl_jw_obj_end(w);
    pl_arena_release(&a);
}

static void java(struct pl_jsonw *w, const struct pl_package *p)
{
    struct pl_arena a = { 0 };
    pl_jw_kcstr(w, "metadataType", "java-archive");
    pl_jw_key(w, "metadata");
    pl_jw_obj(w);
    pl_jw_kstr(w, "virtualPath",
               p->paths.n ? pl_printf(&a, "/%.*s", PL_FMT(p->paths.p[0])) : PL_S(""));
    pl_jw_key(w, "pomProperties");
    pl_jw_obj(w);
    pl_jw_kcstr(w, "path", "");
    pl_jw_kcstr(w, "name", "");
    pl_jw_kstr(w, "groupId", p->pkg.ns);
    pl_jw_kstr(w, "artifactId", p->pkg.name);
    pl_jw_kstr(w, "version", p->pkg.version);
    pl_jw_obj_end(w);
    pl_jw_obj_end(w);
    pl_arena_release(&a);
}

static void metadata(struct pl_jsonw *w, const struct pl_package *p)
{
    static const struct {
        const char *type;
        void (*put)(struct pl_jsonw *w, const struct pl_package *p);
    } forms[] = { { "deb", deb }, { "apk", apk }, { "rpm", rpm }, { "maven", java } };
    for (size_t i = 0; i < sizeof forms / sizeof *forms; i++)
        if (pl_str_is(p->pkg.type, forms[i].type))
            forms[i].put(w, p);
}

static void artifact(struct pl_jsonw *w, const struct pl_target *t, const struct pl_package *p)
{
    pl_jw_obj(w);
    pl_anchore_head(w, t, p);
    pl_jw_kstr(w, "foundBy", p->pkg.by);
    licences(w, p);
    pl_jw_kcstr(w, "language", pl_anchore_kind_of(p)->language);
    empty_list(w, "cpes");
    pl_jw_kstr(w, "purl", p->purl);
    metadata(w, p);
    pl_jw_obj_end(w);
}

/* ---- the document ---- */

static void relationships(struct pl_jsonw *w, const struct pl_target *t, struct pl_str source)
{
    pl_jw_key(w, "artifactRelationships");
    pl_jw_arr(w);
    for (size_t i = 0; i < t->n_packages; i++) {
        struct pl_arena a = { 0 };
        if (!pl_anchore_lists(&t->packages[i]))
            continue;
        pl_jw_obj(w);
        pl_jw_kstr(w, "parent", source);
        pl_jw_kstr(w, "child", pl_anchore_id(&a, &t->packages[i]));
        pl_jw_kcstr(w, "type", "contains");
        pl_jw_obj_end(w);
        pl_arena_release(&a);
    }
    pl_jw_arr_end(w);
}

static void distro(struct pl_jsonw *w, const struct pl_target *t)
{
    const struct pl_package *os = pl_anchore_os(t);
    pl_jw_key(w, "distro");
    pl_jw_obj(w);
    if (os) {
        pl_jw_kstr(w, "name", os->pkg.name);
        pl_jw_kstr(w, "id", os->pkg.name);
        pl_jw_kstr(w, "version", os->pkg.version);
        pl_jw_kstr(w, "versionID", os->pkg.version);
    }
    pl_jw_obj_end(w);
}

static void source(struct pl_jsonw *w, const struct pl_target *t, struct pl_str id)
{
    pl_jw_key(w, "source");
    pl_jw_obj(w);
    pl_jw_kstr(w, "id", id);
    pl_jw_kstr(w, "name", t->name);
    pl_jw_kstr(w, "version", t->digest);
    pl_jw_kcstr(w, "type", pl_anchore_form(t));
    pl_jw_key(w, "metadata");
    pl_anchore_target(w, t);
    pl_jw_obj_end(w);
}

static void tail(struct pl_jsonw *w, const struct pl_report *r)
{
    pl_jw_key(w, "descriptor");
    pl_jw_obj(w);
    pl_jw_kstr(w, "name", r->tool_name);
    pl_jw_kstr(w, "version", r->tool_version);
    pl_jw_obj_end(w);
    pl_jw_key(w, "schema");
    pl_jw_obj(w);
    pl_jw_kcstr(w, "version", SCHEMA);
    pl_jw_kcstr(w, "url", SCHEMA_URL);
    pl_jw_obj_end(w);
}

static int write_syft(const struct pl_report *r, const struct pl_report_opts *o, struct pl_buf *out,
                      struct pl_err *err)
{
    struct pl_jsonw w = { .out = out, .indent = 1 };
    struct pl_target none = { .kind = PL_S("dir") };
    const struct pl_target *t = r->n_targets ? &r->targets[0] : &none;
    uint8_t sum[PL_SHA256_LEN];
    char id[2 * PL_SHA256_LEN + 1];
    (void)o;
    if (r->n_targets > 1)
        return pl_fail(err, PL_E_USAGE,
                       "syft-json holds one target, not %zu; --platform names one of an image",
                       r->n_targets);
    pl_sha256(t->digest.n ? t->digest.p : t->name.p, t->digest.n ? t->digest.n : t->name.n, sum);
    pl_hex(sum, sizeof sum, id);
    pl_jw_obj(&w);
    pl_jw_key(&w, "artifacts");
    pl_jw_arr(&w);
    for (size_t i = 0; i < t->n_packages; i++)
        if (pl_anchore_lists(&t->packages[i]))
            artifact(&w, t, &t->packages[i]);
    pl_jw_arr_end(&w);
    relationships(&w, t, pl_str_c(id));
    source(&w, t, pl_str_c(id));
    distro(&w, t);
    tail(&w, r);
    pl_jw_obj_end(&w);
    pl_buf_putc(out, '\n');
    return 0;
}

const struct pl_writer pl_writer_syft = { .id = "syft-json",
                                          .suffix = ".syft.json",
                                          .write = write_syft };
