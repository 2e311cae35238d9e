/* Small JSON forms: Swift's Package.resolved, conan.lock, renv.lock, conda-meta, COS packages,
 * components of Bitnami, receipts of Homebrew. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "pkg/pkg_int.h"

/* parses, hands over, frees */
static int with_json(struct pl_str text, struct pl_pkg_sink *s, struct pl_err *err,
                     void (*tell)(struct pl_pkg_sink *s, const struct pl_json *j))
{
    struct pl_json *j = NULL;
    int r = pl_json_parse(pl_pkg_utf8(s, text), 100, &j, err);
    if (r == 0)
        tell(s, j);
    pl_json_free(j);
    return r;
}

#define MEMBER(j, key) pl_json_str(pl_json_get(j, key))

/* ---- Swift ---- */

static bool swift_wants(struct pl_str path, struct pl_str head)
{
    (void)head;
    return pl_pkg_is(path, "Package.resolved");
}

/* "https://host/owner/name.git" is host/owner/name */
static struct pl_str place_of(struct pl_str address)
{
    size_t at = pl_str_find(address, PL_S("://"), 0);
    if (at != SIZE_MAX)
        address = pl_str_sub(address, at + 3, address.n);
    else if (pl_str_starts(address, PL_S("git@")))
        address = pl_str_sub(address, 4, address.n);
    if (pl_str_ends(address, PL_S(".git")))
        address.n -= 4;
    return address;
}

static void swift_tell(struct pl_pkg_sink *s, const struct pl_json *j)
{
    const struct pl_json *old = pl_json_get(j, "object");
    const struct pl_json *pins = pl_json_get(old ? old : j, "pins");
    for (size_t i = 0; i < pl_json_len(pins); i++) {
        const struct pl_json *p = pl_json_at(pins, i), *state = pl_json_get(p, "state");
        struct pl_str address = MEMBER(p, old ? "repositoryURL" : "location");
        struct pl_str version = MEMBER(state, "version");
        if (!version.n)
            version = MEMBER(state, "revision");
        if (address.n && version.n)
            pl_pkg_put_path(s, "swift", place_of(address), version, PL_PKG_LOCK);
    }
}

static int swift_run(struct pl_str path, struct pl_str text, struct pl_pkg_sink *s,
                     struct pl_err *err)
{
    (void)path;
    return with_json(text, s, err, swift_tell);
}

/* ---- Conan ---- */

static bool conan_wants(struct pl_str path, struct pl_str head)
{
    (void)head;
    return pl_pkg_is(path, "conan.lock");
}

/* name/version[@user/channel][#revision][%time] */
static void conan_ref(struct pl_pkg_sink *s, struct pl_str ref, uint32_t flags)
{
    struct pl_str name, version = ref;
    size_t end = 0;
    pl_str_split(&version, '/', &name);
    while (end < version.n && !strchr("@#%:", version.p[end]))
        end++;
    version = pl_str_sub(version, 0, end);
    if (name.n && version.n)
        pl_pkg_put(s, "conan", PL_S(""), name, version, PL_PKG_LOCK | flags);
}

static void conan_list(struct pl_pkg_sink *s, const struct pl_json *list, uint32_t flags)
{
    for (size_t i = 0; i < pl_json_len(list); i++) {
        const struct pl_json *at = pl_json_at(list, i);
        struct pl_str ref = pl_json_str(at);
        conan_ref(s, ref.n ? ref : pl_json_str(pl_json_at(at, 0)), flags);
    }
}

static int conan_node(void *arg, struct pl_str key, const struct pl_json *v)
{
    struct pl_str ref = MEMBER(v, "ref");
    if (!ref.n)
        ref = MEMBER(v, "pref");
    /* node 0, or one with the path of a conanfile, is what the lock was made for */
    if (!pl_json_get(v, "path") && !(pl_str_is(key, "0") && pl_json_get(v, "requires") && !ref.n))
        conan_ref(arg, ref, 0);
    return 0;
}

static void conan_tell(struct pl_pkg_sink *s, const struct pl_json *j)
{
    const struct pl_json *graph = pl_json_get(j, "graph_lock");
    pl_json_each(pl_json_get(graph, "nodes"), conan_node, s);
    conan_list(s, pl_json_get(j, "requires"), 0);
    conan_list(s, pl_json_get(j, "build_requires"), PL_PKG_DEV);
    conan_list(s, pl_json_get(j, "python_requires"), PL_PKG_DEV);
}

static int conan_run(struct pl_str path, struct pl_str text, struct pl_pkg_sink *s,
                     struct pl_err *err)
{
    (void)path;
    return with_json(text, s, err, conan_tell);
}

/* ---- R ---- */

static bool renv_wants(struct pl_str path, struct pl_str head)
{
    (void)head;
    return pl_pkg_is(path, "renv.lock");
}

static int renv_entry(void *arg, struct pl_str key, const struct pl_json *v)
{
    struct pl_str name = MEMBER(v, "Package"), source = MEMBER(v, "Source");
    struct pl_str repository = MEMBER(v, "Repository");
    /* what comes from elsewhere is not of CRAN */
    if (pl_str_is(source, "Repository") && (!repository.n || pl_str_ieq(repository, PL_S("CRAN"))))
        pl_pkg_put(arg, "cran", PL_S(""), name.n ? name : key, MEMBER(v, "Version"), PL_PKG_LOCK);
    return 0;
}

static void renv_tell(struct pl_pkg_sink *s, const struct pl_json *j)
{
    pl_json_each(pl_json_get(j, "Packages"), renv_entry, s);
}

static int renv_run(struct pl_str path, struct pl_str text, struct pl_pkg_sink *s,
                    struct pl_err *err)
{
    (void)path;
    return with_json(text, s, err, renv_tell);
}

/* ---- conda ---- */

static bool conda_wants(struct pl_str path, struct pl_str head)
{
    (void)head;
    return pl_str_ends(path, PL_S(".json")) && pl_pkg_is(pl_pkg_dir(path), "conda-meta");
}

static void conda_tell(struct pl_pkg_sink *s, const struct pl_json *j)
{
    struct pl_pkg p = { .type = PL_S("conda"), .name = MEMBER(j, "name") };
    p.version = MEMBER(j, "version");
    p.licence = MEMBER(j, "license");
    if (p.name.n && p.version.n)
        pl_pkg_emit(s, p);
}

static int conda_run(struct pl_str path, struct pl_str text, struct pl_pkg_sink *s,
                     struct pl_err *err)
{
    (void)path;
    return with_json(text, s, err, conda_tell);
}

/* ---- Container-Optimized OS ---- */

static bool cos_wants(struct pl_str path, struct pl_str head)
{
    (void)head;
    return pl_pkg_tail(path, "etc/cos-package-info.json");
}

static void cos_tell(struct pl_pkg_sink *s, const struct pl_json *j)
{
    const struct pl_json *list = pl_json_get(j, "installedPackages");
    for (size_t i = 0; i < pl_json_len(list); i++) {
        const struct pl_json *p = pl_json_at(list, i);
        pl_pkg_put(s, "cos", MEMBER(p, "category"), MEMBER(p, "name"), MEMBER(p, "version"), 0);
    }
}

static int cos_run(struct pl_str path, struct pl_str text, struct pl_pkg_sink *s,
                   struct pl_err *err)
{
    (void)path;
    return with_json(text, s, err, cos_tell);
}

/* ---- Bitnami: {"name":{"version":"1.0-1",…}} ---- */

static bool bitnami_wants(struct pl_str path, struct pl_str head)
{
    (void)head;
    return pl_pkg_is(path, ".bitnami_components.json");
}

static int bitnami_entry(void *arg, struct pl_str key, const struct pl_json *v)
{
    struct pl_pkg p = { .type = PL_S("bitnami"), .name = key, .version = MEMBER(v, "version") };
    p.arch = MEMBER(v, "arch");
    if (p.version.n)
        pl_pkg_emit(arg, p);
    return 0;
}

static void bitnami_tell(struct pl_pkg_sink *s, const struct pl_json *j)
{
    pl_json_each(j, bitnami_entry, s);
}

static int bitnami_run(struct pl_str path, struct pl_str text, struct pl_pkg_sink *s,
                       struct pl_err *err)
{
    (void)path;
    return with_json(text, s, err, bitnami_tell);
}

/* ---- Homebrew: Cellar/NAME/VERSION/INSTALL_RECEIPT.json; the folders say it ---- */

static bool brew_wants(struct pl_str path, struct pl_str head)
{
    (void)head;
    struct pl_str cellar = pl_pkg_dir(pl_pkg_dir(pl_pkg_dir(path)));
    return pl_pkg_is(path, "INSTALL_RECEIPT.json") && pl_pkg_is(cellar, "Cellar");
}

static int brew_run(struct pl_str path, struct pl_str text, struct pl_pkg_sink *s,
                    struct pl_err *err)
{
    struct pl_str folder = pl_pkg_dir(path);
    (void)text;
    (void)err;
    pl_pkg_put(s, "brew", PL_S(""), pl_pkg_base(pl_pkg_dir(folder)), pl_pkg_base(folder), 0);
    return 0;
}

const struct pl_cataloger pl_pkg_bitnami = {
    .id = "bitnami", .wants = bitnami_wants, .max = 4u << 20, .run = bitnami_run
};
const struct pl_cataloger pl_pkg_brew = {
    .id = "homebrew", .wants = brew_wants, .max = 4u << 20, .run = brew_run
};
const struct pl_cataloger pl_pkg_swift = {
    .id = "swift-lock", .wants = swift_wants, .max = PL_PKG_TEXT_FILE, .run = swift_run
};
const struct pl_cataloger pl_pkg_conan = {
    .id = "conan-lock", .wants = conan_wants, .max = PL_PKG_TEXT_FILE, .run = conan_run
};
const struct pl_cataloger pl_pkg_renv = {
    .id = "renv-lock", .wants = renv_wants, .max = PL_PKG_TEXT_FILE, .run = renv_run
};
const struct pl_cataloger pl_pkg_conda = {
    .id = "conda", .wants = conda_wants, .max = PL_PKG_TEXT_FILE, .run = conda_run
};
const struct pl_cataloger pl_pkg_cos = {
    .id = "cos", .wants = cos_wants, .max = PL_PKG_TEXT_FILE, .run = cos_run
};
