/* Which release a package belongs to, and what a system of some release must have. packages.md 2.1.
 */
/* SPDX-License-Identifier: Apache-2.0 */
#include "pkg/distro.h"
#include "pkg/pkg.h"
#include "scan/tellpkg.h"

bool pl_pkg_is_system(const struct pl_pkg *p)
{
    return pl_str_is(p->type, "deb") || pl_str_is(p->type, "apk") || pl_str_is(p->type, "rpm") ||
           pl_str_is(p->type, "alpm") || pl_str_is(p->type, "opkg");
}

/* "chroot/etc/os-release" says what "chroot/" is */
static struct pl_str root_of(struct pl_str path)
{
    static const char *const tails[] = { "usr/lib/os-release", "etc/os-release",
                                         "etc/debian_version", "etc/alpine-release",
                                         "etc/redhat-release", "etc/centos-release",
                                         "etc/system-release", "etc/SuSE-release",
                                         "etc/photon-release", "etc/apk/repositories" };
    for (size_t i = 0; i < sizeof tails / sizeof *tails; i++)
        if (pl_str_ends(path, pl_str_c(tails[i])))
            return pl_str_sub(path, 0, path.n - strlen(tails[i]));
    return path;
}

static bool is_release(const struct pl_seen_pkg *x)
{
    return (x->pkg.flags & PL_PKG_OS) && !x->pkg.nested.n && !x->merged;
}

/* A line of apk's repositories that says "edge" is above all; os-release above what else there is.
 */
static int rank(const struct pl_seen_pkg *x)
{
    if (x->pkg.flags & PL_PKG_WEAK)
        return pl_str_is(x->pkg.version, "edge") ? 3 : 1;
    return 2;
}

/* Two facts of the same system at the same time. */
static bool beside(const struct pl_seen_pkg *a, const struct pl_seen_pkg *b)
{
    return a != b && is_release(a) && is_release(b) && a->span.visible == b->span.visible &&
           pl_str_eq(root_of(a->path), root_of(b->path));
}

void pl_tellpkg_releases(struct pl_tellpkg *k)
{
    PL_VEC(struct pl_seen_pkg *) all = { 0 };
    for (size_t i = 0; i < k->seen.n; i++)
        if (is_release(&k->seen.p[i]) && all.n < 1000)
            pl_vec_push(&all, &k->seen.p[i]);
    for (size_t i = 0; i < all.n; i++) {
        struct pl_seen_pkg *x = all.p[i];
        for (size_t j = 0; j < all.n && rank(x) == 2; j++) {
            const struct pl_seen_pkg *y = all.p[j];
            bool edge = rank(y) == 3 && pl_str_is(x->pkg.name, "alpine");
            if (beside(x, y) && rank(y) != 2 && (edge || !x->pkg.version.n))
                x->pkg.version = y->pkg.version;
        }
    }
    for (size_t i = 0; i < all.n; i++)
        for (size_t j = 0; j < all.n && !all.p[i]->merged; j++)
            if (beside(all.p[i], all.p[j]) && rank(all.p[i]) != 2 && (rank(all.p[j]) == 2 || j < i))
                all.p[i]->merged = true;
    pl_vec_release(&all);
}

const struct pl_seen_pkg *pl_tellpkg_release(const struct pl_tellpkg *k, struct pl_str path)
{
    const struct pl_seen_pkg *best = NULL;
    size_t best_n = 0;
    for (size_t i = 0; i < k->seen.n; i++) {
        const struct pl_seen_pkg *x = &k->seen.p[i];
        if (!is_release(x))
            continue;
        struct pl_str root = root_of(x->path);
        if (!pl_str_starts(path, root) || (best && root.n < best_n))
            continue;
        /* what is visible counts before what was, the later before the earlier */
        if (best && root.n == best_n && best->span.visible && !x->span.visible)
            continue;
        best = x;
        best_n = root.n;
    }
    return best;
}

/* ---- a system without a list ---- */

/* Releases whose packages are in a list that is read. */
static bool keeps_list(const struct pl_pkg *os)
{
    static const char *const ids[] = { "debian", "ubuntu",   "rhel",      "fedora", "centos",
                                       "suse",   "opensuse", "almalinux", "rocky",  "ol",
                                       "amzn",   "sles",     "mariner",   "photon", "azurelinux",
                                       "alpine", "wolfi",    "arch",      "archarm" };
    struct pl_str word, like;
    for (size_t i = 0; i < sizeof ids / sizeof *ids; i++) {
        if (pl_str_is(os->name, ids[i]))
            return true;
        for (like = os->source; like.n && pl_str_split(&like, ' ', &word);)
            if (pl_str_is(word, ids[i]))
                return true;
    }
    return false;
}

/* The release is there, what it has installed is not to be known: not empty but incomplete. */
void pl_tellpkg_bare(struct pl_tellpkg *k)
{
    const struct pl_pkg *os = NULL;
    struct pl_str root;
    for (size_t i = 0; i < k->seen.n; i++) {
        const struct pl_seen_pkg *x = &k->seen.p[i];
        if (x->merged || !x->span.visible || x->pkg.nested.n)
            continue;
        if ((x->pkg.flags & PL_PKG_OS) && !root_of(x->path).n && keeps_list(&x->pkg))
            os = &x->pkg;
        if (pl_pkg_is_system(&x->pkg) && pl_pkg_list_root(x->path, &root) && !root.n)
            return;
    }
    if (os)
        k->bare = pl_distro_text(k->a, os->name, os->version);
}
