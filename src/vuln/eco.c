/* Names of ecosystems, and of packages in them. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "vuln/eco.h"

#include "ver/purl.h"

/* Distributions: os-release's ID, OSV's name, and how much of VERSION_ID counts. */
enum part { ALL, MAJOR, MINOR, VMINOR, NONE, LEAP, SLES, MICRO };
static const struct distro {
    const char *id, *eco;
    enum part part;
    bool by_source;
} distros[] = {
    { "debian", "Debian", MAJOR, true },
    { "raspbian", "Debian", MAJOR, true },
    { "ubuntu", "Ubuntu", MINOR, true },
    { "alpine", "Alpine", VMINOR, true },
    { "wolfi", "Wolfi", NONE, true },
    { "chainguard", "Chainguard", NONE, true },
    { "minimos", "MinimOS", NONE, true },
    { "alpaquita", "Alpaquita", ALL, true },
    { "echo", "Echo", NONE, true },
    { "almalinux", "AlmaLinux", MAJOR, false },
    { "alma", "AlmaLinux", MAJOR, false },
    { "rocky", "Rocky Linux", MAJOR, false },
    { "rhel", "Red Hat", MAJOR, false },
    { "redhat", "Red Hat", MAJOR, false },
    { "centos", "Red Hat", MAJOR, false },
    { "fedora", "Fedora", MAJOR, false },
    { "amzn", "Amazon Linux", ALL, false },
    { "amazon", "Amazon Linux", ALL, false },
    { "ol", "Oracle Linux", MAJOR, false },
    { "oracle", "Oracle Linux", MAJOR, false },
    { "mariner", "Azure Linux", MINOR, true },
    { "cbl-mariner", "Azure Linux", MINOR, true },
    { "azurelinux", "Azure Linux", MINOR, true },
    { "photon", "Photon OS", MINOR, true },
    { "openEuler", "openEuler", ALL, false },
    { "openeuler", "openEuler", ALL, false },
    { "mageia", "Mageia", MAJOR, true },
    { "opensuse-leap", "openSUSE", LEAP, false },
    { "opensuse-tumbleweed", "openSUSE:Tumbleweed", NONE, false },
    { "sles", "SUSE", SLES, false },
    { "sled", "SUSE", SLES, false },
    { "sles_sap", "SUSE", SLES, false },
    { "sle-micro", "SUSE", MICRO, false },
    { "sle-micro-rancher", "SUSE", MICRO, false },
    { "sl-micro", "SUSE", MICRO, false },
    { "arch", "Arch Linux", NONE, true },
    { "archarm", "Arch Linux", NONE, true },
};

/* Language ecosystems by type of the package URL; `sep` joins namespace and name. */
static const struct language {
    const char *type, *eco;
    char sep;
} languages[] = {
    { "npm", "npm", '/' },        { "pypi", "PyPI", 0 },
    { "golang", "Go", '/' },      { "cargo", "crates.io", 0 },
    { "gem", "RubyGems", 0 },     { "composer", "Packagist", '/' },
    { "maven", "Maven", ':' },    { "nuget", "NuGet", 0 },
    { "pub", "Pub", 0 },          { "hex", "Hex", 0 },
    { "cran", "CRAN", 0 },        { "hackage", "Hackage", 0 },
    { "bitnami", "Bitnami", 0 },  { "conan", "ConanCenter", 0 },
    { "swift", "SwiftURL", '/' }, { "cocoapods", "CocoaPods", 0 },
    { "julia", "Julia", 0 },      { "githubactions", "GitHub Actions", '/' },
    { "k8s", "Kubernetes", '/' }, { "opam", "opam", 0 },
    { "vscode", "VSCode", '/' },  { "generic", "Generic", 0 },
};

#define COUNT(x) (sizeof(x) / sizeof *(x))

static const struct distro *distro_find(struct pl_str id)
{
    for (size_t i = 0; i < COUNT(distros); i++)
        if (pl_str_is(id, distros[i].id))
            return &distros[i];
    return NULL;
}

static const struct language *language_find(struct pl_str type)
{
    for (size_t i = 0; i < COUNT(languages); i++)
        if (pl_str_is(type, languages[i].type))
            return &languages[i];
    return NULL;
}

struct pl_str pl_eco_base(struct pl_str eco)
{
    return pl_str_sub(eco, 0, pl_str_find(eco, PL_S(":"), 0));
}

/* The first `dots` + 1 dotted parts. */
static struct pl_str dotted(struct pl_str v, unsigned dots)
{
    size_t at = 0;
    for (unsigned i = 0; i <= dots; i++) {
        at = pl_str_find(v, PL_S("."), i ? at + 1 : 0);
        if (at == SIZE_MAX)
            return v;
    }
    return pl_str_sub(v, 0, at);
}

static struct pl_str suse_name(struct pl_arena *a, struct pl_str v)
{
    struct pl_str major;
    pl_str_split(&v, '.', &major);
    if (!v.n || pl_str_is(v, "0"))
        return pl_printf(a, "SUSE:Linux Enterprise Server %.*s", PL_FMT(major));
    return pl_printf(a, "SUSE:Linux Enterprise Server %.*s SP%.*s", PL_FMT(major), PL_FMT(v));
}

/* "2", "2 (Karoo)", "2023.6", "2018.03", "AMI release 2018.03": the line of releases. */
static struct pl_str amazon(struct pl_str v)
{
    size_t i = 0, n = 0;
    while (i < v.n && (v.p[i] < '0' || v.p[i] > '9'))
        i++;
    v = pl_str_sub(v, i, SIZE_MAX);
    while (n < v.n && v.p[n] >= '0' && v.p[n] <= '9')
        n++;
    v = pl_str_sub(v, 0, n);
    return v.n == 4 && pl_str_cmp(v, PL_S("2019")) < 0 ? PL_S("1") : v;
}

struct pl_str pl_eco_of_release(struct pl_arena *a, struct pl_str id, struct pl_str version)
{
    const struct distro *d = distro_find(id);
    if (!d)
        return PL_S("");
    if (!version.n || d->part == NONE)
        return pl_str_c(d->eco);
    switch (d->part) {
    case MAJOR:
        version = dotted(version, 0);
        break;
    case MINOR:
        version = dotted(version, 1);
        break;
    case VMINOR:
        if (*version.p != 'v' && *version.p != 'e')
            return pl_printf(a, "%s:v%.*s", d->eco, PL_FMT(dotted(version, 1)));
        version = dotted(version, 1);
        break;
    case LEAP:
        return pl_printf(a, "openSUSE:Leap %.*s", PL_FMT(version));
    case SLES:
        return suse_name(a, version);
    case MICRO:
        return pl_printf(a, "SUSE:Linux Micro %.*s", PL_FMT(version));
    default:
        break;
    }
    if (pl_str_is(pl_str_c(d->eco), "Amazon Linux"))
        version = amazon(version);
    return pl_printf(a, "%s:%.*s", d->eco, PL_FMT(version));
}

/* ---- names of records ---- */

/* "enterprise_linux:8::baseos", "rhel_eus:9.2::appstream": the release that a CPE of Red Hat's
 * says, the first number in it. */
static struct pl_str red_hat(struct pl_arena *a, struct pl_str rest)
{
    struct pl_str part;
    while (rest.n && pl_str_split(&rest, ':', &part))
        if (part.n && *part.p >= '0' && *part.p <= '9')
            return pl_printf(a, "Red Hat:%.*s", PL_FMT(dotted(part, 0)));
    return PL_S("Red Hat");
}

struct pl_str pl_eco_normal(struct pl_arena *a, struct pl_str eco)
{
    struct pl_str rest = eco, base, first;
    if (pl_str_ends(eco, PL_S(":src"))) /* keyed by source, where binaries are the rule */
        return pl_printf(a, "%.*s:src", PL_FMT(pl_eco_normal(a, pl_str_sub(eco, 0, eco.n - 4))));
    pl_str_split(&rest, ':', &base);
    if (!rest.n)
        return pl_str_is(base, "OpenEuler") ? PL_S("openEuler") : base;
    if (pl_str_is(base, "Ubuntu")) {
        bool pro = pl_str_starts(rest, PL_S("Pro:"));
        if (pro)
            rest = pl_str_sub(rest, 4, SIZE_MAX);
        if (pro && (!rest.n || *rest.p < '0' || *rest.p > '9'))
            return eco; /* FIPS and other streams of their own */
        pl_str_split(&rest, ':', &first);
        return pl_printf(a, "Ubuntu:%s%.*s", pro ? "Pro:" : "", PL_FMT(first));
    }
    if (pl_str_is(base, "Alpine") && *rest.p >= '0' && *rest.p <= '9')
        return pl_printf(a, "Alpine:v%.*s", PL_FMT(dotted(rest, 1)));
    if (pl_str_is(base, "Red Hat"))
        return red_hat(a, rest);
    if (pl_str_starts(eco, PL_S("SUSE:Linux Enterprise Micro ")))
        return pl_printf(a, "SUSE:Linux Micro %.*s", PL_FMT(pl_str_sub(eco, 28, SIZE_MAX)));
    if (pl_str_is(base, "AlmaLinux") || pl_str_is(base, "Rocky Linux") ||
        pl_str_is(base, "Oracle Linux"))
        return pl_printf(a, "%.*s:%.*s", PL_FMT(base), PL_FMT(dotted(rest, 0)));
    if (pl_str_is(base, "Mageia") || pl_str_is(base, "Debian"))
        return pl_printf(a, "%.*s:%.*s", PL_FMT(base), PL_FMT(dotted(rest, 0)));
    if (pl_str_is(base, "Maven")) /* a registry's address: the same packages */
        return base;
    if (pl_str_is(base, "OpenEuler"))
        return pl_printf(a, "openEuler:%.*s", PL_FMT(rest));
    if (pl_str_is(base, "Azure Linux") && pl_str_find(rest, PL_S("."), 0) == SIZE_MAX)
        return pl_printf(a, "Azure Linux:%.*s.0", PL_FMT(rest));
    return eco;
}

struct pl_str pl_eco_name(struct pl_arena *a, struct pl_str eco, struct pl_str name)
{
    struct pl_str base = pl_eco_base(eco);
    if (pl_str_is(base, "PyPI"))
        return pl_purl_fold(a, PL_S("pypi"), name);
    if (pl_str_is(base, "NuGet") || pl_str_is(base, "Packagist")) {
        struct pl_str low = pl_dup(a, name);
        char *p = (char *)(uintptr_t)low.p;
        for (size_t i = 0; i < low.n; i++)
            p[i] = p[i] >= 'A' && p[i] <= 'Z' ? (char)(p[i] + 32) : p[i];
        return low;
    }
    return name;
}

bool pl_eco_rolls(struct pl_str eco)
{
    static const char *const rolling[] = { "Debian",     "Alpine:edge", "Wolfi",
                                           "Chainguard", "MinimOS",     "openSUSE:Tumbleweed",
                                           "Arch Linux", "Echo" };
    for (size_t i = 0; i < COUNT(rolling); i++)
        if (pl_str_is(eco, rolling[i]))
            return true;
    return false;
}

/* ---- packages ---- */

static struct pl_str epoch_version(struct pl_str v)
{
    return pl_str_starts(v, PL_S("0:")) ? pl_str_sub(v, 2, SIZE_MAX) : v;
}

static bool of_distro(struct pl_arena *a, const struct pl_package *p, struct pl_eco_key *ret)
{
    struct pl_str rest = p->distro, id = p->distro;
    /* the release is what follows the last '-' that a digit, 'v' or a word without '-' follows */
    for (size_t i = p->distro.n; i-- > 0;) {
        if (p->distro.p[i] != '-')
            continue;
        id = pl_str_sub(p->distro, 0, i);
        if (!distro_find(id))
            continue;
        rest = pl_str_sub(p->distro, i + 1, SIZE_MAX);
        break;
    }
    if (id.n == p->distro.n)
        rest = PL_S("");
    if (!id.n)
        id = p->pkg.ns;
    const struct distro *d = distro_find(id);
    if (!d)
        return false;
    ret->eco = pl_eco_of_release(a, id, rest);
    ret->distro = true;
    ret->name = p->pkg.name;
    ret->version = p->pkg.version;
    if (d->by_source && p->pkg.source.n) {
        ret->name = ret->source = p->pkg.source;
        if (p->pkg.source_version.n)
            ret->version = p->pkg.source_version;
    }
    return true;
}

static struct pl_str joined(struct pl_arena *a, const struct language *l, const struct pl_pkg *p)
{
    if (!l->sep || !p->ns.n)
        return p->name;
    return pl_printf(a, "%.*s%c%.*s", PL_FMT(p->ns), l->sep, PL_FMT(p->name));
}

bool pl_eco_of_package(struct pl_arena *a, const struct pl_package *p, struct pl_eco_key *ret)
{
    static const char *const systems[] = { "deb", "apk", "rpm", "alpm" };
    *ret = (struct pl_eco_key){ .version = p->pkg.version };
    bool ok = false;
    for (size_t i = 0; i < COUNT(systems) && !ok; i++)
        ok = pl_str_is(p->pkg.type, systems[i]) && of_distro(a, p, ret);
    const struct language *l = ok ? NULL : language_find(p->pkg.type);
    if (l) {
        ret->eco = pl_str_c(l->eco);
        ret->name = joined(a, l, &p->pkg);
        ok = true;
    }
    if (!ok)
        return false;
    ret->version = epoch_version(ret->version);
    ret->name = pl_eco_name(a, ret->eco, ret->name);
    ret->scheme = pl_scheme_of_osv(ret->eco);
    if (!ret->scheme)
        ret->scheme = pl_scheme_of_purl(p->pkg.type);
    return ret->scheme != NULL;
}
