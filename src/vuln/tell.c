/* What a match is called in a report, and what is said once for each ecosystem of a target.
 * packages.md sections 6 and 7. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "base/buf.h"
#include "base/cleanup.h"
#include "base/hash.h"
#include "vuln/eol.h"
#include "vuln/match_int.h"

static struct pl_str fingerprint(struct pl_arena *a, struct pl_str rule, const struct pl_package *p)
{
    pl_auto_buf struct pl_buf b = { 0 };
    uint8_t raw[PL_SHA256_LEN];
    char hex[2 * PL_SHA256_LEN + 1];
    const struct pl_str parts[] = { rule, p->pkg.type, p->pkg.ns, p->pkg.name,
                                    p->paths.n ? p->paths.p[0] : PL_S("") };
    pl_buf_puts(&b, "plimsoll vulnerability 1");
    for (size_t i = 0; i < PL_COUNT(parts); i++) {
        pl_buf_putc(&b, 0);
        pl_buf_putn(&b, parts[i].p, parts[i].n);
    }
    pl_sha256(b.p, b.n, raw);
    pl_hex(raw, sizeof raw, hex);
    return pl_dup(a, pl_str_c(hex));
}

static struct pl_str fix_of(struct pl_arena *a, const struct pl_vuln *v)
{
    switch (v->state) {
    case PL_FIX_FIXED:
        return pl_printf(a, "Update %.*s to %.*s or later.",
                         PL_FMT(v->source.n && v->key.n ? v->key : v->name), PL_FMT(v->fixed));
    case PL_FIX_WILL_NOT_FIX:
        return PL_S("The vendor will not mend it in this release: move to a newer one, or remove "
                    "the package.");
    case PL_FIX_DEFERRED:
        return PL_S("The vendor has put the fix off; watch the advisory.");
    case PL_FIX_INVESTIGATING:
        return PL_S("The vendor is still looking into it; watch the advisory.");
    case PL_FIX_END_OF_LIFE:
        return PL_S("The package is no longer supported: move to a release that is.");
    default:
        return v->collapsed.n ? PL_S("Leave the development package out of the final image.")
                              : PL_S("No fixed version is known yet.");
    }
}

void pl_match_finding(struct pl_arena *a, const struct pl_package *p, const struct pl_match *h,
                      struct pl_finding *ret)
{
    struct pl_finding f = { .kind = h->malware ? PL_KIND_MALWARE : PL_KIND_VULNERABILITY,
                            .rule = h->rule,
                            .aliases = h->aliases,
                            .severity = h->severity,
                            .span = p->span,
                            .vuln = h->vuln };
    if (h->title.n)
        f.title = pl_printf(a, "%.*s %.*s: %.*s", PL_FMT(p->pkg.name), PL_FMT(p->pkg.version),
                            PL_FMT(h->title));
    else
        f.title =
            pl_printf(a, "%.*s %.*s is affected", PL_FMT(p->pkg.name), PL_FMT(p->pkg.version));
    f.why = h->vuln->collapsed.n ? h->vuln->collapsed_why : h->vuln->because;
    f.fix = h->malware ? PL_S("Remove the package, and treat what ran with it as compromised.")
                       : fix_of(a, h->vuln);
    f.where.surface = PL_SURF_FILE;
    f.where.path = p->paths.n ? p->paths.p[0] : PL_S("");
    f.print = fingerprint(a, h->rule, p);
    *ret = f;
}

bool pl_match_eco(struct pl_arena *a, const struct pl_package *p, struct pl_match_eco *ret)
{
    static const char *const systems[] = { "deb", "apk", "rpm", "alpm" };
    struct pl_eco_key k;
    *ret = (struct pl_match_eco){ .eol = PL_S("") };
    if (!pl_eco_of_package(a, p, &k)) {
        ret->name = p->distro.n ? p->distro : PL_S("packages without a release");
        for (size_t s = 0; s < PL_COUNT(systems); s++)
            if (pl_str_is(p->pkg.type, systems[s]))
                return true;
        return false;
    }
    ret->known = true;
    ret->name = k.eco;
    ret->distro = k.distro;
    return true;
}

void pl_match_eco_assess(struct pl_vuln_matcher *m, struct pl_arena *a, struct pl_match_eco *e)
{
    if (!e->known)
        return;
    e->in_db = pl_advdb_has_eco(m->db, e->name) ||
               pl_advdb_has_eco(m->db, pl_printf(a, "%.*s:src", PL_FMT(e->name)));
    if (!e->distro || !m->o.today.n)
        return;
    struct pl_str date = pl_advdb_eol(m->db, e->name, a);
    date = date.n ? date : pl_eol_of(e->name);
    if (date.n && pl_str_cmp(m->o.today, date) > 0)
        e->eol = date;
}

bool pl_match_eco_note(const struct pl_match_eco *e, struct pl_note *ret)
{
    *ret = (struct pl_note){
        .scope = PL_SCOPE_UNIT, .where = e->name, .code = PL_S("not-assessable"), .incomplete = true
    };
    if (!e->known) {
        ret->message = PL_S("not a distribution that is known; its packages were not matched");
    } else if (e->distro) {
        ret->message = PL_S("the advisory database has no source for this release; its packages "
                            "were not matched");
    } else {
        ret->code = PL_S("no-advisories");
        ret->message = PL_S("the advisory database has nothing about this ecosystem");
        ret->incomplete = false;
    }
    return !e->known || !e->in_db;
}

bool pl_match_eco_finding(struct pl_arena *a, const struct pl_match_eco *e, struct pl_finding *ret)
{
    struct pl_finding f = { .kind = PL_KIND_TRUST,
                            .rule = PL_S("trust/end-of-life"),
                            .severity = PL_SEV_HIGH,
                            .span = { PL_NEVER, PL_NEVER, PL_HOW_NONE, true } };
    if (!e->eol.n)
        return false;
    f.title = pl_printf(a, "%.*s has had no security support since %.*s", PL_FMT(e->name),
                        PL_FMT(e->eol));
    f.why = PL_S("New flaws of its packages are neither mended nor always recorded, so that few "
                 "findings mean little.");
    f.fix = PL_S("Move to a release that is supported.");
    f.where.surface = PL_SURF_FILE;
    f.where.path = PL_S("etc/os-release");
    struct pl_package like = {
        .pkg = { .type = PL_S("os"), .ns = PL_S(""), .name = e->name, .source = PL_S("") }
    };
    f.print = fingerprint(a, f.rule, &like);
    *ret = f;
    return true;
}
