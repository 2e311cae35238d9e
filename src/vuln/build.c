/* Collecting advisories until they are written: everything is encoded as it comes, so that what is
 * held is about as large as the database. */
/* SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>

#include "vuln/build_int.h"

struct pl_advbuild *pl_advbuild_new(void)
{
    struct pl_advbuild *b = calloc(1, sizeof *b);
    if (!b)
        pl_oom();
    b->ecos.a = b->packages.a = &b->a;
    return b;
}

void pl_advbuild_free(struct pl_advbuild *b)
{
    if (!b)
        return;
    pl_map_release(&b->ecos);
    pl_map_release(&b->packages);
    pl_vec_release(&b->eco);
    pl_vec_release(&b->package);
    pl_vec_release(&b->source);
    pl_vec_release(&b->vuln);
    pl_vec_release(&b->row);
    pl_vec_release(&b->kev);
    pl_vec_release(&b->epss);
    pl_vec_release(&b->rating);
    pl_vec_release(&b->eol);
    pl_buf_release(&b->scratch);
    pl_buf_release(&b->key);
    pl_arena_release(&b->a);
    pl_arena_release(&b->temp);
    free(b);
}

static struct pl_str keep(struct pl_advbuild *b, struct pl_str s)
{
    return s.n ? pl_dup(&b->a, s) : PL_S("");
}

static void fill_in(struct pl_advbuild *b, struct pl_str *to, struct pl_str from)
{
    if (!to->n && from.n)
        *to = keep(b, from);
}

unsigned pl_advbuild_source(struct pl_advbuild *b, const struct pl_adv_source *s)
{
    size_t i = 0;
    while (i < b->source.n && !pl_str_eq(b->source.p[i].name, s->name))
        i++;
    if (i == b->source.n)
        pl_vec_push(&b->source, (struct pl_adv_source){ .name = keep(b, s->name) });
    struct pl_adv_source *have = &b->source.p[i];
    fill_in(b, &have->kind, s->kind);
    fill_in(b, &have->commit, s->commit);
    fill_in(b, &have->licence, s->licence);
    fill_in(b, &have->digest, s->digest);
    return (unsigned)i;
}

struct pl_adv_source *pl_advbuild_source_at(struct pl_advbuild *b, unsigned source)
{
    return &b->source.p[source];
}

unsigned pl_advbuild_sources(const struct pl_advbuild *b)
{
    return (unsigned)b->source.n;
}

static uint32_t eco_number(struct pl_advbuild *b, struct pl_str eco)
{
    void **place = pl_map_put(&b->ecos, eco);
    if (!*place) {
        pl_vec_push(&b->eco, keep(b, eco));
        *place = (void *)(uintptr_t)b->eco.n;
    }
    return (uint32_t)((uintptr_t)*place - 1);
}

static uint32_t package_number(struct pl_advbuild *b, uint32_t eco, struct pl_str name)
{
    pl_buf_clear(&b->key);
    pl_put_u32(&b->key, eco);
    pl_buf_putn(&b->key, name.p, name.n);
    void **place = pl_map_put(&b->packages, pl_buf_str(&b->key));
    if (!*place) {
        pl_vec_push(&b->package, (struct pl_build_package){ eco, keep(b, name) });
        *place = (void *)(uintptr_t)b->package.n;
    }
    return (uint32_t)((uintptr_t)*place - 1);
}

static void put_names(struct pl_buf *out, const struct pl_names *n)
{
    pl_put_var(out, n->n);
    for (size_t i = 0; i < n->n; i++)
        pl_put_str(out, n->p[i]);
}

/* One more than the severity; 0: none. */
static uint8_t severity_byte(int s)
{
    return (uint8_t)(s < 0 ? 0 : s + 1);
}

static enum pl_fix_state state_of(const struct pl_adv_row *r)
{
    if (r->state != PL_FIX_UNKNOWN)
        return r->state;
    for (size_t i = 0; i < r->n_events; i++)
        if (r->event[i].kind == PL_ADV_FIXED)
            return PL_FIX_FIXED;
    return PL_FIX_AFFECTED;
}

/* Versions that the ranges do not hold anyway. */
static struct pl_names needed_versions(struct pl_advbuild *b, const struct pl_adv_row *r)
{
    const struct pl_scheme *s = pl_scheme_of_osv(r->eco);
    struct pl_names out = { pl_alloc_n(&b->temp, r->versions.n + 1, sizeof *out.p), 0 };
    struct pl_advrow view = { .event = r->event, .n_events = r->n_events };
    for (size_t i = 0; i < r->versions.n; i++)
        if (!s || !r->n_events || !pl_advrow_in_ranges(s, &view, r->versions.p[i], NULL))
            out.p[out.n++] = r->versions.p[i];
    return out;
}

static void add_row(struct pl_advbuild *b, uint32_t vuln, const struct pl_adv_row *r)
{
    struct pl_str eco = pl_eco_normal(&b->temp, r->eco);
    struct pl_str name = pl_eco_name(&b->temp, eco, r->name);
    if (!eco.n || !name.n || name.n > PL_ADV_TEXT_MAX)
        return;
    struct pl_names versions = needed_versions(b, r);
    struct pl_buf *o = &b->scratch;
    pl_buf_clear(o);
    unsigned parts = (versions.n ? PL_ROW_VERSIONS : 0) | (r->module.n ? PL_ROW_MODULE : 0) |
                     (r->arch.n ? PL_ROW_ARCH : 0) | (r->symbols.n ? PL_ROW_SYMBOLS : 0);
    pl_put_u8(o, (uint8_t)(parts | r->flags << 4));
    pl_put_u8(o, (uint8_t)(state_of(r) << 4 | severity_byte(r->severity)));
    pl_put_var(o, r->n_events);
    for (size_t i = 0; i < r->n_events; i++) {
        pl_put_u8(o, (uint8_t)r->event[i].kind);
        pl_put_str(o, r->event[i].version);
    }
    if (versions.n)
        put_names(o, &versions);
    if (r->module.n)
        pl_put_str(o, r->module);
    if (r->arch.n)
        pl_put_str(o, r->arch);
    if (r->symbols.n)
        put_names(o, &r->symbols);
    struct pl_build_row row = { package_number(b, eco_number(b, eco), name), vuln,
                                keep(b, pl_buf_str(o)) };
    pl_vec_push(&b->row, row);
}

/* Names in order, none twice, without `not`. */
static struct pl_names name_set(struct pl_advbuild *b, const struct pl_names *n, struct pl_str not )
{
    struct pl_names out = { pl_alloc_n(&b->temp, n->n + 1, sizeof *out.p), 0 };
    for (size_t i = 0; i < n->n; i++)
        if (n->p[i].n && n->p[i].n <= PL_ADV_TEXT_MAX && !pl_str_eq(n->p[i], not ))
            out.p[out.n++] = n->p[i];
    pl_names_sort(&out);
    return out;
}

static struct pl_str date_only(struct pl_str s)
{
    return pl_str_starts(s, PL_S("0001-")) ? PL_S("") : pl_str_sub(s, 0, 20);
}

static struct pl_str body_of(struct pl_advbuild *b, const struct pl_adv *v)
{
    struct pl_buf *o = &b->scratch;
    struct pl_names aliases = name_set(b, &v->aliases, v->id);
    struct pl_names covers = name_set(b, &v->covers, v->id);
    struct pl_names cwe = name_set(b, &v->cwe, PL_S(""));
    struct pl_names cvss = name_set(b, &v->cvss, PL_S(""));
    pl_buf_clear(o);
    pl_put_u8(o, severity_byte(v->severity));
    pl_put_u8(o, v->malware ? PL_VULN_MALWARE : 0);
    pl_put_str(o, date_only(v->published));
    put_names(o, &aliases);
    put_names(o, &covers);
    put_names(o, &cvss);
    put_names(o, &cwe);
    return keep(b, pl_buf_str(o));
}

static struct pl_str text_of(struct pl_advbuild *b, const struct pl_adv *v)
{
    struct pl_buf *o = &b->scratch;
    if (!v->title.n && !v->url.n)
        return PL_S("");
    pl_buf_clear(o);
    pl_put_str(o, pl_str_sub(v->title, 0, PL_ADV_TITLE_MAX));
    pl_put_str(o, pl_str_sub(v->url, 0, PL_ADV_TEXT_MAX));
    return keep(b, pl_buf_str(o));
}

int pl_advbuild_add(struct pl_advbuild *b, unsigned source, const struct pl_adv *v,
                    struct pl_err *err)
{
    if (!v->id.n || v->id.n > PL_ADV_TEXT_MAX)
        return pl_fail(err, PL_E_FORMAT, "an advisory without an id");
    if (b->vuln.n >= PL_ADV_MAX || b->row.n >= PL_ADV_ROWS_MAX)
        return pl_fail(err, PL_E_LIMIT, "more advisories than a database holds");
    b->source.p[source].records++;
    /* a withdrawn record still replaces an older one that was not */
    struct pl_build_vuln x = { .id = keep(b, v->id),
                               .modified = keep(b, date_only(v->modified)),
                               .body = body_of(b, v),
                               .text = text_of(b, v),
                               .source = source,
                               .withdrawn = v->withdrawn };
    uint32_t n = (uint32_t)b->vuln.n;
    pl_vec_push(&b->vuln, x);
    for (size_t i = 0; i < v->n_rows && !v->withdrawn; i++)
        add_row(b, n, &v->row[i]);
    pl_arena_reset(&b->temp);
    return 0;
}

/* "CVE-2024-3094" as a number, 0 for another form. */
int64_t pl_cve_number(struct pl_str id)
{
    uint64_t year, n;
    if (!pl_str_starts(id, PL_S("CVE-")) || id.n < 10 || id.n > 24 || id.p[8] != '-' ||
        !pl_str_u64(pl_str_sub(id, 4, 4), &year) || !pl_str_u64(pl_str_sub(id, 9, 15), &n) ||
        n >= 1000000000000u)
        return 0;
    return (int64_t)(year * 1000000000000u + n);
}

void pl_advbuild_kev(struct pl_advbuild *b, const struct pl_adv_kev *k)
{
    int64_t cve = pl_cve_number(k->cve);
    if (!cve)
        return;
    pl_buf_clear(&b->scratch);
    pl_put_u8(&b->scratch, k->ransomware);
    pl_put_str(&b->scratch, pl_str_sub(k->added, 0, 10));
    pl_put_str(&b->scratch, pl_str_sub(k->due, 0, 10));
    pl_vec_push(&b->kev, (struct pl_build_text){ cve, keep(b, pl_buf_str(&b->scratch)) });
}

void pl_advbuild_epss(struct pl_advbuild *b, struct pl_str cve, uint16_t score, uint16_t percentile)
{
    int64_t n = pl_cve_number(cve);
    if (n)
        pl_vec_push(&b->epss, (struct pl_build_epss){ n, score, percentile });
}

void pl_advbuild_epss_date(struct pl_advbuild *b, struct pl_str date)
{
    if (pl_str_cmp(date, b->epss_date) > 0)
        b->epss_date = keep(b, pl_str_sub(date, 0, 10));
}

void pl_advbuild_rating(struct pl_advbuild *b, struct pl_str cve, struct pl_str vector)
{
    int64_t n = pl_cve_number(cve);
    if (n && vector.n && vector.n <= PL_ADV_TEXT_MAX)
        pl_vec_push(&b->rating, (struct pl_build_text){ n, keep(b, vector) });
}

void pl_advbuild_eol(struct pl_advbuild *b, struct pl_str eco, struct pl_str date)
{
    struct pl_build_eol e = { keep(b, pl_eco_normal(&b->temp, eco)), keep(b, date) };
    if (e.eco.n && e.date.n)
        pl_vec_push(&b->eol, e);
    pl_arena_reset(&b->temp);
}
