/* Facts and names of packages for CycloneDX and SPDX. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "report/sbom.h"

#include <inttypes.h>
#include <stdlib.h>

#include "base/hash.h"
#include "report/words.h"

static void put(struct pl_sbom_facts *f, const char *name, struct pl_str value)
{
    if (!value.n || f->n == sizeof f->p / sizeof *f->p)
        return;
    f->p[f->n].name = name;
    f->p[f->n++].value = value;
}

void pl_sbom_facts(struct pl_arena *a, const struct pl_target *t, const struct pl_package *p,
                   struct pl_sbom_facts *ret)
{
    const struct pl_layer_info *layer = pl_layer_at(t, p->span.introduced);
    *ret = (struct pl_sbom_facts){ .n = 0 };
    put(ret, "plimsoll:cataloger", p->pkg.by);
    put(ret, "plimsoll:scheme", pl_str_c(p->scheme));
    put(ret, "plimsoll:distro", p->distro);
    put(ret, "plimsoll:source", p->pkg.source);
    put(ret, "plimsoll:source_version", p->pkg.source_version);
    if (layer) {
        put(ret, "plimsoll:layer", pl_printf(a, "%u", layer->index));
        put(ret, "plimsoll:layer_diff_id", layer->diff_id);
    }
    layer = pl_layer_at(t, p->span.hidden);
    if (layer) {
        put(ret, "plimsoll:hidden", pl_printf(a, "%u", layer->index));
        put(ret, "plimsoll:how", pl_str_c(pl_how_name(p->span.how)));
    }
    put(ret, "plimsoll:visible", p->span.visible ? PL_S("true") : PL_S("false"));
    put(ret, "plimsoll:owned_by", p->owned_by);
    if (p->pkg.flags & PL_PKG_DEV)
        put(ret, "plimsoll:dev", PL_S("true"));
    if (p->pkg.flags & PL_PKG_LOCK)
        put(ret, "plimsoll:lock", PL_S("true"));
    if (p->pkg.flags & PL_PKG_FILE)
        put(ret, "plimsoll:program", PL_S("true"));
    if (p->pkg.flags & PL_PKG_WEAK)
        put(ret, "plimsoll:confidence", PL_S("name"));
}

void pl_sbom_about(struct pl_arena *a, const struct pl_target *t, void *arg,
                   void (*fn)(void *arg, const char *name, struct pl_str value))
{
    fn(arg, "plimsoll:digest", t->digest);
    fn(arg, "plimsoll:platform", t->platform);
    fn(arg, "plimsoll:complete", t->complete ? PL_S("true") : PL_S("false"));
    for (size_t i = 0; i < t->n_layers; i++) {
        const struct pl_layer_info *l = &t->layers[i];
        const struct {
            const char *name;
            struct pl_str value;
        } facts[] = {
            { "digest", l->digest },
            { "diff_id", l->diff_id },
            { "bytes", pl_printf(a, "%" PRIu64, l->bytes) },
            { "files", pl_printf(a, "%" PRIu64, l->files) },
        };
        for (size_t k = 0; k < sizeof facts / sizeof *facts; k++)
            fn(arg, pl_printf(a, "plimsoll:layer:%zu:%s", i, facts[k].name).p, facts[k].value);
        if (l->has_created_by)
            fn(arg, pl_printf(a, "plimsoll:layer:%zu:created_by", i).p, l->created_by);
    }
}

struct pl_str pl_sbom_ref(struct pl_arena *a, const struct pl_package *p)
{
    uint8_t sum[PL_HASH_MAX];
    char hex[33];
    struct pl_hash *h = pl_hash_new(PL_HASH_SHA256);
    uint32_t span[2] = { p->span.introduced, p->span.hidden };
    pl_hash_add(h, p->purl.p, p->purl.n);
    pl_hash_add(h, "", 1);
    if (p->paths.n)
        pl_hash_add(h, p->paths.p[0].p, p->paths.p[0].n);
    pl_hash_add(h, span, sizeof span);
    pl_hash_add(h, &p->span.visible, 1);
    pl_hash_end(h, sum);
    pl_hash_free(h);
    pl_hex(sum, 12, hex);
    return pl_printf(a, "package-%s", hex);
}

void pl_sbom_serial(struct pl_str text, char *out)
{
    uint8_t u[PL_SHA256_LEN];
    char hex[33];
    pl_sha256(text.p, text.n, u);
    u[6] = (uint8_t)((u[6] & 0x0f) | 0x80); /* version 8, by content */
    u[8] = (uint8_t)((u[8] & 0x3f) | 0x80);
    pl_hex(u, 16, hex);
    snprintf(out, 64, "urn:uuid:%.8s-%.4s-%.4s-%.4s-%.12s", hex, hex + 8, hex + 12, hex + 16,
             hex + 20);
}

struct pl_str pl_sbom_time(const struct pl_report *r)
{
    const char *epoch = getenv("SOURCE_DATE_EPOCH");
    uint64_t s;
    if (!epoch || !pl_str_u64(pl_str_c(epoch), &s) || s > 253402300799u)
        return PL_S("");
    /* days to a date of the Gregorian calendar, years beginning in March */
    uint64_t z = s / 86400 + 719468, era = z / 146097, doe = z % 146097;
    uint64_t yoe = (doe - doe / 1460 + doe / 36524 - doe / 146096) / 365;
    uint64_t doy = doe - (365 * yoe + yoe / 4 - yoe / 100), mp = (5 * doy + 2) / 153;
    uint64_t d = doy - (153 * mp + 2) / 5 + 1, m = mp < 10 ? mp + 3 : mp - 9;
    uint64_t y = yoe + era * 400 + (m <= 2);
    return pl_printf(r->a,
                     "%04" PRIu64 "-%02" PRIu64 "-%02" PRIu64 "T%02" PRIu64 ":%02" PRIu64
                     ":%02" PRIu64 "Z",
                     y, m, d, s / 3600 % 24, s / 60 % 60, s % 60);
}
