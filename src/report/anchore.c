/* Packages and targets in the words of syft and grype. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "report/anchore.h"

#include "report/words.h"

static const struct pl_anchore_kind kinds[] = {
    { "deb", "deb", "", "dpkg-matcher", 0 },
    { "apk", "apk", "", "apk-matcher", 0 },
    { "rpm", "rpm", "", "rpm-matcher", 0 },
    { "alpm", "alpm", "", "pacman-matcher", 0 },
    { "portage", "portage", "", "portage-matcher", '/' },
    { "ebuild", "portage", "", "portage-matcher", '/' },
    { "npm", "npm", "javascript", "javascript-matcher", '/' },
    { "pypi", "python", "python", "python-matcher", 0 },
    { "gem", "gem", "ruby", "ruby-gem-matcher", 0 },
    { "maven", "java-archive", "java", "java-matcher", 0 },
    { "golang", "go-module", "go", "go-module-matcher", '/' },
    { "cargo", "rust-crate", "rust", "rust-matcher", 0 },
    { "composer", "php-composer", "php", "stock-matcher", '/' },
    { "nuget", "dotnet", "dotnet", "dotnet-matcher", 0 },
    { "pub", "dart-pub", "dart", "stock-matcher", 0 },
    { "hex", "hex", "elixir", "hex-matcher", 0 },
    { "otp", "erlang-otp", "erlang", "stock-matcher", 0 },
    { "cocoapods", "pod", "swift", "stock-matcher", 0 },
    { "swift", "swift", "swift", "stock-matcher", '/' },
    { "conan", "conan", "c++", "stock-matcher", 0 },
    { "conda", "conda", "", "stock-matcher", 0 },
    { "cran", "R-package", "R", "stock-matcher", 0 },
    { "hackage", "hackage", "haskell", "stock-matcher", 0 },
    { "luarocks", "lua-rocks", "lua", "stock-matcher", 0 },
    { "nix", "nix", "", "stock-matcher", 0 },
    { "bitnami", "bitnami", "", "bitnami-matcher", 0 },
    { "wordpress", "wordpress-plugin", "", "stock-matcher", 0 },
    { "github", "github-action", "", "stock-matcher", '/' },
    { "generic", "binary", "", "stock-matcher", 0 },
};
static const struct pl_anchore_kind other = { "", "UnknownPackage", "", "stock-matcher", '/' };

const struct pl_anchore_kind *pl_anchore_kind_of(const struct pl_package *p)
{
    if (p->pkg.flags & PL_PKG_FILE)
        return &kinds[sizeof kinds / sizeof *kinds - 1];
    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++)
        if (pl_str_is(p->pkg.type, kinds[i].purl))
            return &kinds[i];
    return &other;
}

struct pl_str pl_anchore_id(struct pl_arena *a, const struct pl_package *p)
{
    return pl_str_sub(pl_sbom_ref(a, p), strlen("package-"), 16);
}

bool pl_anchore_lists(const struct pl_package *p)
{
    return p->span.visible && !(p->pkg.flags & PL_PKG_OS);
}

const struct pl_package *pl_anchore_os(const struct pl_target *t)
{
    for (size_t i = 0; i < t->n_packages; i++)
        if ((t->packages[i].pkg.flags & PL_PKG_OS) && t->packages[i].span.visible)
            return &t->packages[i];
    return NULL;
}

const char *pl_anchore_form(const struct pl_target *t)
{
    return pl_str_is(t->kind, "image") ? "image" : "directory";
}

static void locations(struct pl_jsonw *w, const struct pl_target *t, const struct pl_package *p)
{
    struct pl_arena a = { 0 };
    const struct pl_layer_info *layer = pl_layer_at(t, p->span.introduced);
    pl_jw_key(w, "locations");
    pl_jw_arr(w);
    for (size_t i = 0; i < p->paths.n; i++) {
        struct pl_str path = p->paths.p[i];
        size_t inner = pl_str_find(path, PL_S("!"), 0); /* they name the outer file */
        path = pl_printf(&a, "/%.*s", PL_FMT(pl_str_sub(path, 0, inner)));
        pl_jw_obj(w);
        pl_jw_kstr(w, "path", path);
        if (layer && layer->diff_id.n)
            pl_jw_kstr(w, "layerID", layer->diff_id);
        pl_jw_kstr(w, "accessPath", path);
        pl_jw_obj_end(w);
    }
    pl_jw_arr_end(w);
    pl_arena_release(&a);
}

void pl_anchore_head(struct pl_jsonw *w, const struct pl_target *t, const struct pl_package *p)
{
    struct pl_arena a = { 0 };
    const struct pl_anchore_kind *k = pl_anchore_kind_of(p);
    bool both = k->joint && p->pkg.ns.n;
    pl_jw_kstr(w, "id", pl_anchore_id(&a, p));
    pl_jw_kstr(w, "name",
               both ? pl_printf(&a, "%.*s%c%.*s", PL_FMT(p->pkg.ns), k->joint, PL_FMT(p->pkg.name))
                    : p->pkg.name);
    pl_jw_kstr(w, "version", p->pkg.version);
    pl_jw_kcstr(w, "type", k->type);
    locations(w, t, p);
    pl_arena_release(&a);
}

static void names(struct pl_jsonw *w, const char *key)
{
    pl_jw_key(w, key);
    pl_jw_arr(w);
    pl_jw_arr_end(w);
}

static void image(struct pl_jsonw *w, const struct pl_target *t)
{
    static const char layer[] = "application/vnd.oci.image.layer.v1.tar+gzip";
    struct pl_str arch = t->platform, os = PL_S("");
    uint64_t size = 0;
    pl_str_split(&arch, '/', &os);
    for (size_t i = 0; i < t->n_layers; i++)
        size += t->layers[i].bytes;
    pl_jw_kstr(w, "userInput", t->name);
    pl_jw_kcstr(w, "imageID", "");
    pl_jw_kstr(w, "manifestDigest", t->digest);
    pl_jw_kcstr(w, "mediaType", "application/vnd.oci.image.manifest.v1+json");
    names(w, "tags");
    pl_jw_ku64(w, "imageSize", size);
    pl_jw_key(w, "layers");
    pl_jw_arr(w);
    for (size_t i = 0; i < t->n_layers; i++) {
        pl_jw_obj(w);
        pl_jw_kcstr(w, "mediaType", layer);
        pl_jw_kstr(w, "digest", t->layers[i].diff_id);
        pl_jw_ku64(w, "size", t->layers[i].bytes);
        pl_jw_obj_end(w);
    }
    pl_jw_arr_end(w);
    pl_jw_key(w, "manifest");
    pl_jw_null(w);
    pl_jw_key(w, "config");
    pl_jw_null(w);
    names(w, "repoDigests");
    pl_jw_kstr(w, "architecture", arch.p ? arch : PL_S(""));
    pl_jw_kstr(w, "os", os);
}

void pl_anchore_target(struct pl_jsonw *w, const struct pl_target *t)
{
    pl_jw_obj(w);
    if (pl_str_is(t->kind, "image"))
        image(w, t);
    else
        pl_jw_kstr(w, "path", t->name);
    pl_jw_obj_end(w);
}
