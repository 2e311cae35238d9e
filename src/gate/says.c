/* What attestations say, as far as rules ask: times, builders, packages, materials, reports of
 * scanners. signing.md section 5, gates.md section 1. */
/* SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>

#include "base/limits.h"
#include "fmt/der.h"
#include "fmt/json.h"
#include "gate/gate_int.h"
#include "gate/says_int.h"
#include "sign/statement.h"

#define MATERIALS_MAX 256u
#define BILL_DEPTH 32u

static int64_t time_of(const struct pl_json *j)
{
    int64_t ns;
    struct pl_str s = pl_json_str(j);
    return s.p && pl_rfc3339_ns(s, &ns) ? ns / 1000000000 : PL_POLICY_NEVER;
}

static const struct pl_json *at(const struct pl_json *j, const char *x, const char *y,
                                const char *z)
{
    j = pl_json_get(j, x);
    j = y ? pl_json_get(j, y) : j;
    return z ? pl_json_get(j, z) : j;
}

/* ---- bills of materials ---- */

/* Is `purl` the package that is denied? Without a version in `denied` every one is. */
bool pl_says_is_package(struct pl_str purl, struct pl_str denied)
{
    if (!pl_str_starts(purl, denied))
        return false;
    char next = purl.n == denied.n ? 0 : purl.p[denied.n];
    bool version = pl_str_find(denied, PL_S("@"), 5) != SIZE_MAX;
    return !next || next == '?' || next == '#' || (!version && next == '@');
}

struct bill {
    struct pl_gathering *w;
    struct pl_proof *f;
    struct pl_names denied; /* of every entry of the scope */
};

static void see_package(struct bill *b, struct pl_str purl)
{
    for (size_t i = 0; purl.p && i < b->denied.n; i++) {
        bool known = false;
        if (!pl_says_is_package(purl, b->denied.p[i]))
            continue;
        for (size_t k = 0; k < b->f->denied.n; k++)
            known |= pl_str_eq(b->f->denied.p[k], b->denied.p[i]);
        if (!known)
            b->f->denied.p[b->f->denied.n++] = pl_dup(b->w->a, b->denied.p[i]);
    }
}

/* Components may hold components. */
static bool see_components(struct bill *b, const struct pl_json *list, unsigned depth)
{
    if (depth == 0)
        return false;
    for (size_t i = 0; i < pl_json_len(list); i++) {
        const struct pl_json *c = pl_json_at(list, i);
        see_package(b, pl_json_str(pl_json_get(c, "purl")));
        if (!see_components(b, pl_json_get(c, "components"), depth - 1))
            return false;
    }
    return true;
}

static void see_spdx(struct bill *b, const struct pl_json *list)
{
    for (size_t i = 0; i < pl_json_len(list); i++) {
        const struct pl_json *refs = pl_json_get(pl_json_at(list, i), "externalRefs");
        for (size_t k = 0; k < pl_json_len(refs); k++)
            if (pl_str_is(pl_json_str(pl_json_get(pl_json_at(refs, k), "referenceType")), "purl"))
                see_package(b, pl_json_str(pl_json_get(pl_json_at(refs, k), "referenceLocator")));
    }
}

static void read_bill(struct pl_gathering *w, const struct pl_json *p, struct pl_proof *f)
{
    struct bill b = { .w = w, .f = f };
    const struct pl_rule_scope *s = w->scope;
    size_t n = 0;
    for (size_t i = 0; i < s->n_attestations; i++)
        n += s->attestations[i].deny_packages.n;
    b.denied.p = pl_alloc_n(w->a, n, sizeof *b.denied.p);
    f->denied = (struct pl_names){ pl_alloc_n(w->a, n, sizeof *f->denied.p), 0 };
    for (size_t i = 0; i < s->n_attestations; i++)
        for (size_t k = 0; k < s->attestations[i].deny_packages.n; k++)
            b.denied.p[b.denied.n++] = s->attestations[i].deny_packages.p[k];
    const struct pl_json *components = pl_json_get(p, "components"),
                         *packages = pl_json_get(p, "packages");
    if (components && pl_json_type(components) == PL_JSON_ARRAY) {
        f->packages_read = see_components(&b, components, BILL_DEPTH);
    } else if (packages && pl_json_type(packages) == PL_JSON_ARRAY) {
        see_spdx(&b, packages);
        f->packages_read = true;
    }
}

/* ---- provenance ---- */

/* "pkg:docker/NAMESPACE/NAME@…", "oci://HOST/PATH…" as HOST/PATH; empty where it is no image. */
static struct pl_str place_of(struct pl_arena *a, struct pl_str uri)
{
    struct pl_str rest = uri, head;
    if (pl_str_starts(uri, PL_S("pkg:docker/"))) {
        rest = pl_str_sub(uri, 11, SIZE_MAX);
        pl_str_split(&rest, '?', &head);
        pl_str_split(&head, '@', &rest);
        return rest.n == 0                                                         ? PL_S("")
               : pl_str_find(rest, PL_S("."), 0) < pl_str_find(rest, PL_S("/"), 0) ? pl_dup(a, rest)
               : pl_str_find(rest, PL_S("/"), 0) == SIZE_MAX
                   ? pl_printf(a, "docker.io/library/%.*s", PL_FMT(pl_str_sub(rest, 0, 300)))
                   : pl_printf(a, "docker.io/%.*s", PL_FMT(pl_str_sub(rest, 0, 300)));
    }
    size_t scheme = pl_str_find(uri, PL_S("://"), 0);
    if (scheme != SIZE_MAX)
        rest = pl_str_sub(uri, scheme + 3, SIZE_MAX);
    pl_str_split(&rest, '@', &head);
    return pl_dup(a, pl_str_sub(head, 0, 300));
}

static void read_materials(struct pl_gathering *w, const struct pl_json *list, struct pl_proof *f)
{
    size_t n = pl_json_len(list) < MATERIALS_MAX ? pl_json_len(list) : MATERIALS_MAX;
    f->materials = (struct pl_names){ pl_alloc_n(w->a, 2 * n, sizeof *f->materials.p), 0 };
    for (size_t i = 0; i < n; i++) {
        const struct pl_json *m = pl_json_at(list, i);
        struct pl_str hex = pl_json_str(at(m, "digest", "sha256", NULL));
        struct pl_str uri = pl_json_str(pl_json_get(m, "uri"));
        if (hex.n != 64)
            continue;
        struct pl_str digest = pl_printf(w->a, "sha256:%.*s", PL_FMT(hex));
        f->materials.p[f->materials.n++] = digest;
        struct pl_str place = uri.n ? place_of(w->a, uri) : PL_S("");
        if (place.n)
            f->materials.p[f->materials.n++] =
                pl_printf(w->a, "%.*s@%.*s", PL_FMT(place), PL_FMT(digest));
    }
}

static void read_provenance(struct pl_gathering *w, const struct pl_json *p, struct pl_proof *f)
{
    const struct pl_json *run = pl_json_get(p, "runDetails");
    struct pl_str builder =
        pl_json_str(run ? at(run, "builder", "id", NULL) : at(p, "builder", "id", NULL));
    f->builder = builder.p ? pl_dup(w->a, pl_str_sub(builder, 0, 2000)) : PL_S("");
    f->when_s = time_of(run ? at(run, "metadata", "finishedOn", NULL)
                            : at(p, "metadata", "buildFinishedOn", NULL));
    read_materials(w,
                   run ? at(p, "buildDefinition", "resolvedDependencies", NULL)
                       : pl_json_get(p, "materials"),
                   f);
}

/* ---- all of them ---- */

static void read_predicate(struct pl_gathering *w, struct pl_str type, const struct pl_json *p,
                           const struct pl_vex *vex, struct pl_proof *f)
{
    if (pl_str_is(type, PL_PREDICATE_VULN) || pl_str_starts(type, PL_S(PL_PREDICATE_OURS))) {
        f->when_s = time_of(at(p, "metadata", "scanFinishedOn", NULL));
        f->db_s = time_of(at(p, "scanner", "db", "lastUpdate"));
        pl_says_report(w, type, at(p, "scanner", "result", NULL), vex, f);
    } else if (pl_str_starts(type, PL_S("https://slsa.dev/provenance/"))) {
        read_provenance(w, p, f);
    } else if (pl_str_is(type, PL_PREDICATE_CYCLONEDX)) {
        f->when_s = time_of(at(p, "metadata", "timestamp", NULL));
        read_bill(w, p, f);
    } else if (pl_str_is(type, PL_PREDICATE_SPDX)) {
        f->when_s = time_of(at(p, "creationInfo", "created", NULL));
        read_bill(w, p, f);
    } else {
        f->when_s = time_of(pl_json_get(p, "timestamp"));
    }
}

void pl_gather_statement(struct pl_gathering *w, struct pl_str payload, const struct pl_vex *vex,
                         struct pl_proof *f)
{
    struct pl_statement s = { 0 };
    if (pl_statement_parse(payload, &s, NULL) == 0)
        read_predicate(w, s.type, s.predicate, vex, f);
    pl_statement_release(&s);
}
