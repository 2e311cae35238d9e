/* The table of schemes, and which one an ecosystem uses. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "base/near.h"
#include "ver/ver_int.h"

const struct pl_scheme *const pl_schemes[] = {
#define PL_SCHEME(name) &pl_ver_##name,
#include "ver/scheme.list"
#undef PL_SCHEME
    NULL,
};

struct alias {
    const char *name;
    const struct pl_scheme *scheme;
};

/* types of package URLs that are not called as their scheme */
static const struct alias purl_types[] = {
    { "alpine", &pl_ver_apk },         { "apk", &pl_ver_apk },
    { "alpm", &pl_ver_alpm },          { "bitnami", &pl_ver_semver },
    { "cargo", &pl_ver_semver },       { "cocoapods", &pl_ver_gem },
    { "conda", &pl_ver_pypi },         { "ebuild", &pl_ver_gentoo },
    { "golang", &pl_ver_go },          { "hex", &pl_ver_semver },
    { "julia", &pl_ver_semver },       { "k8s", &pl_ver_semver },
    { "opkg", &pl_ver_deb },           { "swift", &pl_ver_semver },
    { "generic", &pl_ver_semver },     { "github", &pl_ver_semver },
    { "huggingface", &pl_ver_semver },
};

/* OSV's names, and those that this program adds */
static const struct alias ecosystems[] = {
    { "AlmaLinux", &pl_ver_rpm },
    { "Alpaquita", &pl_ver_apk },
    { "Alpine", &pl_ver_apk },
    { "Amazon Linux", &pl_ver_rpm },
    { "Azure Linux", &pl_ver_rpm },
    { "BellSoft Hardened Containers", &pl_ver_apk },
    { "Bioconductor", &pl_ver_cran },
    { "Bitnami", &pl_ver_semver },
    { "CRAN", &pl_ver_cran },
    { "Chainguard", &pl_ver_apk },
    { "CleanStart", &pl_ver_apk },
    { "CocoaPods", &pl_ver_gem },
    { "ConanCenter", &pl_ver_conan },
    { "Debian", &pl_ver_deb },
    { "Docker Hardened Images", &pl_ver_deb },
    { "Echo", &pl_ver_deb },
    { "Fedora", &pl_ver_rpm },
    { "GHC", &pl_ver_hackage },
    { "GitHub Actions", &pl_ver_semver },
    { "Go", &pl_ver_go },
    { "Hackage", &pl_ver_hackage },
    { "Hex", &pl_ver_semver },
    { "Julia", &pl_ver_semver },
    { "Kubernetes", &pl_ver_semver },
    { "Mageia", &pl_ver_rpm },
    { "Maven", &pl_ver_maven },
    { "MinimOS", &pl_ver_apk },
    { "NuGet", &pl_ver_nuget },
    { "OpenEuler", &pl_ver_rpm },
    { "openEuler", &pl_ver_rpm },
    { "Oracle Linux", &pl_ver_rpm },
    { "Packagist", &pl_ver_composer },
    { "Photon OS", &pl_ver_rpm },
    { "Pub", &pl_ver_pub },
    { "PyPI", &pl_ver_pypi },
    { "Red Hat", &pl_ver_rpm },
    { "Rocky Linux", &pl_ver_rpm },
    { "RubyGems", &pl_ver_gem },
    { "SUSE", &pl_ver_rpm },
    { "SwiftURL", &pl_ver_semver },
    { "Ubuntu", &pl_ver_deb },
    { "Wolfi", &pl_ver_apk },
    { "crates.io", &pl_ver_semver },
    { "npm", &pl_ver_npm },
    { "openSUSE", &pl_ver_rpm },
    { "opam", &pl_ver_deb },
    { "VSCode", &pl_ver_semver },
};

const struct pl_scheme *pl_scheme_find(struct pl_str name)
{
    for (size_t i = 0; pl_schemes[i]; i++)
        if (pl_str_is(name, pl_schemes[i]->name))
            return pl_schemes[i];
    return NULL;
}

static const struct pl_scheme *find(const struct alias *a, size_t n, struct pl_str name)
{
    for (size_t i = 0; i < n; i++)
        if (pl_str_is(name, a[i].name))
            return a[i].scheme;
    return NULL;
}

const struct pl_scheme *pl_scheme_of_purl(struct pl_str type)
{
    const struct pl_scheme *s = find(purl_types, PL_COUNT(purl_types), type);
    return s ? s : pl_scheme_find(type);
}

const struct pl_scheme *pl_scheme_of_osv(struct pl_str ecosystem)
{
    struct pl_str rest = ecosystem, head = ecosystem;
    pl_str_split(&rest, ':', &head);
    return find(ecosystems, PL_COUNT(ecosystems), head);
}

const char *pl_scheme_near(struct pl_str name)
{
    const char *names[PL_COUNT(pl_schemes)];
    size_t n = 0;
    for (; pl_schemes[n]; n++)
        names[n] = pl_schemes[n]->name;
    return pl_near(name, names, n);
}

int pl_ver_cmp(const struct pl_scheme *s, struct pl_str a, struct pl_str b)
{
    return pl_v_sign(s->cmp(a, b));
}

int pl_ver_bound(const struct pl_scheme *s, struct pl_str v, struct pl_str bound)
{
    return pl_v_sign(s->bound ? s->bound(v, bound) : s->cmp(v, bound));
}

int pl_ver_in(const struct pl_scheme *s, struct pl_str range, struct pl_str v, unsigned flags)
{
    return s->in ? s->in(range, v, flags) : pl_range_plain(s, range, v);
}
