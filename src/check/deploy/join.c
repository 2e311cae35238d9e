/* What a manifest gives a container against what its image needs. formats/hardening.md section 6.
 */
/* SPDX-License-Identifier: Apache-2.0 */
#include "base/cleanup.h"
#include "check/deploy/mend.h"

static const struct pl_variant *of_kind(const struct pl_advice *x, enum pl_variant_kind kind)
{
    for (size_t i = 0; i < x->n; i++)
        if (x->variant[i].kind == kind)
            return &x->variant[i];
    return NULL;
}

/* The way the container runs; NULL when the advice has none like it. */
static const struct pl_variant *applies(const struct pl_advice *x, const struct pl_deploy_run *c)
{
    const struct pl_variant *root = of_kind(x, PL_VARIANT_ROOT),
                            *user = of_kind(x, PL_VARIANT_USER),
                            *image = of_kind(x, PL_VARIANT_IMAGE);
    if (c->has_uid && c->uid == 0)
        return root ? root : image;
    if (c->has_uid)
        return user ? user : image;
    return image ? image : root;
}

const struct pl_variant *pl_deploy_variant(const struct pl_deploy_run *c)
{
    return c->advice && !c->other_start ? applies(c->advice, c) : NULL;
}

bool pl_deploy_root_image(const struct pl_advice *x)
{
    const struct pl_variant *image = of_kind(x, PL_VARIANT_IMAGE);
    return x->root_stays || of_kind(x, PL_VARIANT_ROOT) || !image ||
           (image->user_known && image->uid == 0);
}

static bool demanded(const struct pl_mount *m)
{
    return m->confidence >= PL_STRONG;
}

static bool covered(const struct pl_deploy_run *c, struct pl_str path)
{
    for (size_t i = 0; i < c->mounts.n; i++)
        if (c->mounts.p[i].writable && pl_path_in(path, c->mounts.p[i].path))
            return true;
    return false;
}

bool pl_deploy_lacks(const struct pl_deploy_run *c, const struct pl_mount *m)
{
    return demanded(m) && !covered(c, m->path);
}

struct pl_str pl_deploy_needs(struct pl_deploy *d, const struct pl_deploy_run *c)
{
    const struct pl_variant *v = c->advice ? applies(c->advice, c) : NULL;
    struct pl_str list = PL_S("");
    for (size_t i = 0; v && i < v->n_mount; i++)
        if (pl_deploy_lacks(c, &v->mount[i]))
            list = pl_printf(d->a, "%.*s%s%s%.*s", PL_FMT(list), list.n ? ", " : "",
                             v->mount[i].volume ? "volume " : "tmpfs ", PL_FMT(v->mount[i].path));
    return list;
}

static struct pl_deploy_hit *starts(struct pl_deploy *d, const struct pl_deploy_run *c)
{
    if (!c->non_root || c->has_uid)
        return NULL;
    if (pl_deploy_root_image(c->advice))
        return pl_deploy_hit(d, PL_DEPLOY_R30, c->non_root, "the image starts as root");
    if (c->advice->named_user)
        return pl_deploy_hit(d, PL_DEPLOY_R30, c->non_root, "the image's USER is a name");
    return NULL;
}

static bool lists_cap(const struct pl_yaml *list, struct pl_str cap)
{
    struct pl_str name = pl_str_sub(cap, 0, 32);
    char text[33];
    memcpy(text, name.p, name.n);
    text[name.n] = 0;
    return pl_deploy_lists(list, text);
}

static bool has_cap(const struct pl_deploy_run *c, struct pl_str cap)
{
    bool dropped = pl_deploy_lists(c->drop, "ALL") || lists_cap(c->drop, cap);
    return !dropped || pl_deploy_lists(c->add, "ALL") || lists_cap(c->add, cap);
}

bool pl_deploy_lacks_cap(const struct pl_deploy_run *c, const struct pl_cap_need *cap)
{
    return cap->confidence >= PL_STRONG && !pl_deploy_lists(c->add, "ALL") &&
           !lists_cap(c->add, cap->cap);
}

static struct pl_deploy_hit *capabilities(struct pl_deploy *d, const struct pl_deploy_run *c,
                                          const struct pl_variant *v)
{
    struct pl_str list = PL_S("");
    for (size_t i = 0; i < v->n_cap; i++)
        if (v->cap[i].confidence >= PL_STRONG && !has_cap(c, v->cap[i].cap))
            list = pl_printf(d->a, "%.*s%s%.*s", PL_FMT(list), list.n ? ", " : "",
                             PL_FMT(v->cap[i].cap));
    if (!list.n)
        return NULL;
    return pl_deploy_hit(d, PL_DEPLOY_R32, c->drop, "the start needs %.*s", PL_FMT(list));
}

static bool listens(const struct pl_advice *x, struct pl_str port)
{
    for (size_t i = 0; i < x->ports.n; i++) {
        struct pl_str rest = x->ports.p[i], number;
        pl_str_split(&rest, '/', &number);
        if (pl_str_eq(number, port))
            return true;
    }
    return false;
}

static void published(struct pl_deploy *d, const struct pl_deploy_run *c)
{
    for (size_t i = 0; i < c->ports.n && c->advice->ports.n; i++) {
        uint64_t n;
        struct pl_str s = c->ports.p[i].number;
        if (pl_str_u64(s, &n) && n && !listens(c->advice, s))
            pl_deploy_hit(d, PL_DEPLOY_R33, c->ports.p[i].at, "port %.*s", PL_FMT(s));
    }
}

/* A volume gets owner and mode of the folder in the image. */
static void rights(struct pl_deploy *d, const struct pl_deploy_run *c, const struct pl_variant *v)
{
    for (size_t i = 0; i < v->n_mount && c->has_uid && c->uid && !c->group; i++) {
        const struct pl_mount *m = &v->mount[i];
        uint32_t owner = m->has_owner ? m->uid : v->uid;
        if (!m->volume || owner == c->uid || (m->mode & 2u) || !(m->has_owner || v->user_known))
            continue;
        for (size_t k = 0; k < c->mounts.n; k++)
            if (c->mounts.p[k].volume && pl_str_eq(c->mounts.p[k].path, m->path)) {
                pl_deploy_hit(d, PL_DEPLOY_R34, c->mounts.p[k].at,
                              "%.*s belongs to %u, the user is %llu", PL_FMT(m->path), owner,
                              (unsigned long long)c->uid);
                break;
            }
    }
}

void pl_deploy_join(struct pl_deploy *d, const struct pl_deploy_run *c)
{
    const struct pl_variant *v = c->advice ? applies(c->advice, c) : NULL;
    if (!c->advice)
        return;
    pl_deploy_mend_start(d, starts(d, c), c);
    if (c->other_start || !v) /* another program than the image's own */
        return;
    struct pl_str needs = c->read_only ? pl_deploy_needs(d, c) : PL_S("");
    if (needs.n)
        pl_deploy_mend_mounts(
            d, pl_deploy_hit(d, PL_DEPLOY_R31, c->read_only, "needs %.*s", PL_FMT(needs)), c);
    pl_deploy_mend_caps(d, capabilities(d, c, v), c);
    published(d, c);
    rights(d, c, v);
}

void pl_deploy_mounted(struct pl_deploy_run *c, const struct pl_yaml *at, struct pl_str path,
                       bool writable, bool volume)
{
    while (path.n > 1 && path.p[path.n - 1] == '/')
        path.n--;
    if (path.n && path.p[0] == '/')
        pl_vec_push(&c->mounts, ((struct pl_deploy_mount){ at, path, writable, volume }));
}

const struct pl_advice *pl_deploy_advice(struct pl_deploy *d, const struct pl_yaml *image)
{
    struct pl_str name = pl_yaml_str(image);
    return name.n && d->o->image ? d->o->image(d->o->image_arg, name) : NULL;
}
