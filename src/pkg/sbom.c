/* From a component of an inventory to a package: the package URL, and what properties add to it. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "pkg/sbom.h"

#include "base/base64.h"
#include "pkg/distro.h"
#include "pkg/sbom_int.h"
#include "ver/purl.h"
#include "ver/scheme.h"

#define DEPTH_MAX 64u
#define LAYERS_MAX 1000u

/* Text of the JSON tree dies with it. */
static struct pl_str keep(struct pl_sbom *s, struct pl_str v)
{
    return v.n ? pl_dup(s->a, pl_str_sub(v, 0, PL_PKG_TEXT)) : PL_S("");
}

static bool truth(struct pl_str v)
{
    return pl_str_is(v, "true");
}

/* ---- properties ---- */

/* ours, syft's, trivy's */
void pl_sbom_property(struct pl_sbom *s, struct pl_sbom_part *c, struct pl_str name,
                      struct pl_str value)
{
    const struct {
        const char *name;
        struct pl_str *at;
    } texts[] = {
        { "plimsoll:cataloger", &c->by },
        { "plimsoll:distro", &c->distro },
        { "plimsoll:source", &c->source },
        { "plimsoll:source_version", &c->source_version },
        { "plimsoll:owned_by", &c->owned_by },
        { "plimsoll:layer", &c->layer },
        { "plimsoll:hidden", &c->hidden },
        { "plimsoll:how", &c->how },
        { "plimsoll:group", &c->group },
        { "plimsoll:licence", &c->licence },
        { "syft:package:foundBy", &c->by },
        { "aquasecurity:trivy:SrcName", &c->source },
        { "aquasecurity:trivy:SrcVersion", &c->source_version },
        { "aquasecurity:trivy:SrcRelease", &c->src_release },
        { "aquasecurity:trivy:SrcEpoch", &c->src_epoch },
    };
    const struct {
        const char *name, *value;
        bool *at;
    } flags[] = {
        { "plimsoll:visible", "false", &c->invisible }, { "plimsoll:dev", "true", &c->dev },
        { "plimsoll:lock", "true", &c->lock },          { "plimsoll:program", "true", &c->program },
        { "plimsoll:confidence", "name", &c->weak },
    };
    for (size_t i = 0; i < PL_COUNT(texts); i++)
        if (pl_str_is(name, texts[i].name))
            *texts[i].at = keep(s, value);
    for (size_t i = 0; i < PL_COUNT(flags); i++)
        if (pl_str_is(name, flags[i].name))
            *flags[i].at = pl_str_is(value, flags[i].value);
    s->ours |= c->ours |= pl_str_is(name, "plimsoll:cataloger");
    bool location = pl_str_starts(name, PL_S("syft:location:")) && pl_str_ends(name, PL_S(":path"));
    if (location || pl_str_is(name, "plimsoll:path") ||
        pl_str_is(name, "aquasecurity:trivy:FilePath"))
        pl_vec_push(&c->paths, keep(s, value));
}

static struct pl_layer_info *layer_at(struct pl_sbom *s, uint64_t i)
{
    if (i >= LAYERS_MAX)
        return NULL;
    while (s->layers.n <= i)
        pl_vec_push(&s->layers, (struct pl_layer_info){ .index = (uint32_t)s->layers.n });
    return &s->layers.p[i];
}

void pl_sbom_subject(struct pl_sbom *s, struct pl_str name, struct pl_str value)
{
    struct pl_str number;
    uint64_t i;
    if (pl_str_is(name, "plimsoll:digest"))
        s->digest = keep(s, value);
    else if (pl_str_is(name, "plimsoll:platform"))
        s->platform = keep(s, value);
    else if (pl_str_is(name, "plimsoll:complete"))
        s->incomplete |= !truth(value);
    if (!pl_str_starts(name, PL_S("plimsoll:layer:")))
        return;
    name = pl_str_sub(name, strlen("plimsoll:layer:"), name.n);
    pl_str_split(&name, ':', &number);
    struct pl_layer_info *l = pl_str_u64(number, &i) ? layer_at(s, i) : NULL;
    if (!l)
        return;
    uint64_t n;
    if (pl_str_is(name, "digest"))
        l->digest = keep(s, value);
    else if (pl_str_is(name, "diff_id"))
        l->diff_id = keep(s, value);
    else if (pl_str_is(name, "bytes") && pl_str_u64(value, &n))
        l->bytes = n;
    else if (pl_str_is(name, "files") && pl_str_u64(value, &n))
        l->files = n;
    else if (pl_str_is(name, "created_by")) {
        l->created_by = keep(s, value);
        l->has_created_by = true;
    }
}

/* ---- components ---- */

/* "1.2-3" becomes "EPOCH:1.2-3" where an epoch is said apart. */
static struct pl_str with_epoch(struct pl_sbom *s, struct pl_str epoch, struct pl_str version)
{
    size_t colon = pl_str_find(version, PL_S(":"), 0);
    if (!epoch.n || pl_str_is(epoch, "0") || colon != SIZE_MAX || !version.n)
        return version;
    return pl_printf(s->a, "%.*s:%.*s", PL_FMT(epoch), PL_FMT(version));
}

/* "NAME-VERSION-RELEASE.src.rpm" as syft has it, else "name" or "name@version" */
static void upstream(struct pl_str text, struct pl_pkg *p)
{
    if (pl_pkg_source_rpm(text, &p->source, &p->source_version))
        return;
    size_t at = pl_str_find(text, PL_S("@"), 0);
    p->source = pl_str_sub(text, 0, at);
    if (at != SIZE_MAX)
        p->source_version = pl_str_sub(text, at + 1, text.n);
}

/* Qualifiers that have a field of their own. */
static bool has_field(struct pl_str key)
{
    static const char *const fields[] = { "arch", "distro", "upstream", "epoch" };
    for (size_t i = 0; i < PL_COUNT(fields); i++)
        if (pl_str_is(key, fields[i]))
            return true;
    return false;
}

static struct pl_str other_qualifiers(struct pl_sbom *s, const struct pl_purl *u)
{
    pl_auto_buf struct pl_buf b = { 0 };
    for (size_t i = 0; i < u->n; i++) {
        if (has_field(u->q[i].key) || memchr(u->q[i].value.p, '&', u->q[i].value.n))
            continue;
        if (b.n)
            pl_buf_putc(&b, '&');
        pl_buf_putn(&b, u->q[i].key.p, u->q[i].key.n);
        pl_buf_putc(&b, '=');
        pl_buf_putn(&b, u->q[i].value.p, u->q[i].value.n);
    }
    return b.n ? pl_dup(s->a, pl_buf_str(&b)) : PL_S("");
}

/* What is said in words wins over the package URL only in documents of our own. */
static void names(const struct pl_sbom_part *c, const struct pl_purl *u, struct pl_pkg *p)
{
    bool system = pl_str_is(u->type, "deb") || pl_str_is(u->type, "apk") ||
                  pl_str_is(u->type, "rpm") || pl_str_is(u->type, "alpm") ||
                  pl_str_is(u->type, "opkg");
    p->type = u->type;
    p->ns = c->ours ? c->group : system ? PL_S("") : u->ns;
    p->name = c->ours && c->name.n ? c->name : u->name;
    p->version = c->ours ? c->version : u->version.n ? u->version : c->version;
    p->arch = pl_purl_get(u, "arch");
    upstream(pl_purl_get(u, "upstream"), p);
}

static void sources(struct pl_sbom *s, const struct pl_sbom_part *c, struct pl_pkg *p)
{
    if (c->source.n || c->ours)
        p->source = c->source;
    if (!c->source_version.n && !c->ours)
        return;
    p->source_version = c->source_version;
    if (c->src_release.n)
        p->source_version =
            pl_printf(s->a, "%.*s-%.*s", PL_FMT(c->source_version), PL_FMT(c->src_release));
    p->source_version = with_epoch(s, c->src_epoch, p->source_version);
}

static uint32_t number_or_never(struct pl_str v)
{
    uint64_t n;
    return pl_str_u64(v, &n) && n < LAYERS_MAX ? (uint32_t)n : PL_NEVER;
}

static struct pl_span span_of(struct pl_sbom *s, const struct pl_sbom_part *c)
{
    struct pl_span span = { number_or_never(c->layer), number_or_never(c->hidden), PL_HOW_NONE,
                            !c->invisible };
    for (int h = PL_HOW_NONE; h <= PL_HOW_REPLACED; h++)
        if (pl_str_is(c->how, pl_how_name((enum pl_how)h)))
            span.how = (enum pl_how)h;
    if (span.introduced >= s->layers.n)
        span.introduced = PL_NEVER;
    if (span.hidden >= s->layers.n)
        span.hidden = PL_NEVER;
    return span;
}

static void put(struct pl_sbom *s, struct pl_sbom_part *c, const struct pl_purl *u)
{
    struct pl_package out = { .purl = c->purl, .owned_by = c->owned_by, .span = span_of(s, c) };
    struct pl_pkg *p = &out.pkg;
    const struct pl_scheme *scheme = u->type.n ? pl_scheme_of_purl(u->type) : NULL;
    p->by = c->by.n ? c->by : PL_S("sbom");
    p->licence = c->licence;
    p->ordinal = PL_NEVER;
    p->flags = (c->dev ? (uint32_t)PL_PKG_DEV : 0u) | (c->lock ? (uint32_t)PL_PKG_LOCK : 0u) |
               (c->weak ? (uint32_t)PL_PKG_WEAK : 0u) | (c->os ? (uint32_t)PL_PKG_OS : 0u) |
               (c->program ? (uint32_t)PL_PKG_FILE : 0u);
    out.scheme = scheme ? scheme->name : NULL;
    if (c->os) {
        p->type = PL_S("generic");
        p->name = c->name;
        p->version = c->version;
        p->source = c->source;
        p->source_version = c->source_version;
    } else {
        names(c, u, p);
        p->version = with_epoch(s, pl_purl_get(u, "epoch"), p->version);
        p->quals = other_qualifiers(s, u);
        sources(s, c, p);
        struct pl_str distro = pl_purl_get(u, "distro");
        if (distro.n && *distro.p >= '0' && *distro.p <= '9' && u->ns.n) /* the release alone */
            distro = pl_printf(s->a, "%.*s-%.*s", PL_FMT(u->ns), PL_FMT(distro));
        out.distro = c->distro.n ? c->distro : distro.n ? pl_distro_of(s->a, distro) : distro;
    }
    out.paths.n = c->paths.n;
    out.paths.p = pl_alloc_n(s->a, c->paths.n + 1, sizeof *out.paths.p);
    for (size_t i = 0; i < c->paths.n; i++)
        out.paths.p[i] = c->paths.p[i];
    pl_vec_push(&s->packages, out);
}

void pl_sbom_put(struct pl_sbom *s, struct pl_sbom_part *c)
{
    struct pl_purl u = { .n = 0 };
    struct pl_err err = { 0 };
    c->group = keep(s, c->group);
    c->name = keep(s, c->name);
    c->version = keep(s, c->version);
    c->licence = keep(s, c->licence);
    c->purl = c->purl.n ? pl_dup(s->a, c->purl) : PL_S("");
    bool named = c->os ? c->name.n > 0 : pl_purl_parse(s->a, c->purl, &u, &err) == 0;
    if (named && s->packages.n < PL_PKG_MAX)
        put(s, c, &u);
    else
        s->nameless++;
    pl_vec_release(&c->paths);
    *c = (struct pl_sbom_part){ .os = false };
}

void pl_sbom_end(struct pl_sbom *s)
{
    const struct pl_package *os = NULL;
    for (size_t i = 0; i < s->packages.n && !os; i++)
        if (s->packages.p[i].pkg.flags & PL_PKG_OS)
            os = &s->packages.p[i];
    for (size_t i = 0; os && !s->ours && i < s->packages.n; i++) {
        struct pl_package *p = &s->packages.p[i];
        bool system = pl_str_is(p->pkg.type, "deb") || pl_str_is(p->pkg.type, "rpm") ||
                      pl_str_is(p->pkg.type, "apk");
        if (system && !p->distro.n)
            p->distro = pl_distro_text(s->a, os->pkg.name, os->pkg.version);
    }
}

/* ---- documents ---- */

static bool statement(struct pl_sbom *s, const struct pl_json *j, struct pl_err *err, int *ret);

static int of_json(struct pl_sbom *s, const struct pl_json *j, struct pl_err *err)
{
    static const struct {
        const char *name;
        bool (*read)(struct pl_sbom *s, const struct pl_json *j);
    } forms[] = {
        { "CycloneDX JSON", pl_sbom_cyclonedx },
        { "SPDX JSON", pl_sbom_spdx },
        { "syft JSON", pl_sbom_syft },
        { "GitHub snapshot", pl_sbom_github },
    };
    int ret = 0;
    for (size_t i = 0; i < PL_COUNT(forms); i++) {
        if (!forms[i].read(s, j))
            continue;
        s->form = forms[i].name;
        pl_sbom_end(s);
        return 0;
    }
    if (statement(s, j, err, &ret))
        return ret;
    return pl_fail(err, PL_E_FORMAT, "JSON, but neither CycloneDX nor SPDX nor another known form");
}

/* An envelope holds a statement, a statement the document. */
static bool statement(struct pl_sbom *s, const struct pl_json *j, struct pl_err *err, int *ret)
{
    struct pl_str payload = pl_json_str(pl_json_get(j, "payload"));
    const struct pl_json *inner = pl_json_get(j, "predicate");
    if (inner) {
        const struct pl_json *data = pl_json_get(inner, "Data"); /* cosign's wrapping */
        *ret = of_json(s, data && pl_json_type(data) == PL_JSON_OBJECT ? data : inner, err);
        return true;
    }
    if (!payload.n || !pl_json_get(j, "payloadType"))
        return false;
    char *text = pl_alloc(s->a, pl_base64_room(payload.n) + 1);
    size_t n = 0;
    struct pl_json *root = NULL;
    *ret = pl_base64_decode(payload, PL_BASE64_LENIENT, text, &n, err);
    if (*ret == 0)
        *ret = pl_json_parse(pl_str_n(text, n), DEPTH_MAX, &root, err);
    if (*ret == 0 && pl_json_get(root, "payload"))
        *ret = pl_fail(err, PL_E_FORMAT, "an envelope in an envelope");
    else if (*ret == 0)
        *ret = of_json(s, root, err);
    pl_json_free(root);
    return true;
}

int pl_sbom_read(struct pl_str text, struct pl_sbom *ret, struct pl_err *err)
{
    if (text.n > PL_SBOM_MAX)
        return pl_fail(err, PL_E_LIMIT, "%zu bytes; %zu are read", text.n, PL_SBOM_MAX);
    if (pl_str_starts(text, PL_S("\xef\xbb\xbf")))
        text = pl_str_sub(text, 3, text.n);
    struct pl_str first = pl_str_trim(text);
    if (pl_str_starts(first, PL_S("{"))) {
        struct pl_json *j = NULL;
        int r = pl_json_parse(text, DEPTH_MAX, &j, err);
        if (r == 0)
            r = of_json(ret, j, err);
        pl_json_free(j);
        return r;
    }
    if (pl_sbom_purls(ret, text))
        ret->form = "package URLs";
    else if (pl_sbom_tags(ret, text))
        ret->form = "SPDX tag-value";
    else
        return pl_fail(err, PL_E_FORMAT, "no inventory of a known form");
    pl_sbom_end(ret);
    return 0;
}

void pl_sbom_release(struct pl_sbom *s)
{
    pl_vec_release(&s->packages);
    pl_vec_release(&s->layers);
}
