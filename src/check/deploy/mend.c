/* What a repair of a container writes. formats/hardening.md sections 4 and 6; Compose
 * specification, core/v1. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "check/deploy/mend.h"

#define ITEMS_MAX 32

struct items {
    struct pl_str p[ITEMS_MAX];
    size_t n;
};

static void add(struct items *x, struct pl_str s)
{
    if (x->n < ITEMS_MAX)
        x->p[x->n++] = s;
}

static bool set_list(struct pl_deploy *d, struct pl_deploy_hit *h, enum pl_fix_class c,
                     const struct pl_yaml *map, const char *path, const struct items *x)
{
    return !x->n || pl_deploy_set(d, h, c, map, path,
                                  &(struct pl_deploy_value){ PL_DEPLOY_LIST, x->p, x->n });
}

static bool wanted(const struct pl_deploy *d, const struct pl_deploy_hit *h)
{
    return h && d->start;
}

/* What is worked out from the image is safe; what is not may need an eye. */
static enum pl_fix_class class_of(const struct pl_variant *v)
{
    return v ? PL_FIX_SAFE : PL_FIX_SUGGESTED;
}

/* --- capabilities --- */

/* Both lists at once where there is nothing yet: two edits would make two maps. */
static bool new_caps(struct pl_deploy *d, struct pl_deploy_hit *h, enum pl_fix_class cl,
                     const struct pl_deploy_run *c, const struct items *keep)
{
    struct items x = { .n = 0 };
    add(&x, PL_S("drop: [ALL]"));
    if (keep->n)
        add(&x, pl_printf(d->a, "add: [%.*s]", PL_FMT(pl_deploy_joined(d, keep->p, keep->n))));
    return pl_deploy_set(d, h, cl, c->map, "securityContext/capabilities",
                         &(struct pl_deploy_value){ PL_DEPLOY_MAP, x.p, x.n });
}

void pl_deploy_mend_caps(struct pl_deploy *d, struct pl_deploy_hit *h,
                         const struct pl_deploy_run *c)
{
    const struct pl_variant *v = pl_deploy_variant(c);
    enum pl_fix_class cl = class_of(v);
    struct items keep = { .n = 0 }, all = { { PL_S("ALL") }, 1 };
    bool done = true;
    if (!wanted(d, h))
        return;
    for (size_t i = 0; v && i < v->n_cap; i++)
        if (pl_deploy_lacks_cap(c, &v->cap[i]))
            add(&keep, v->cap[i].cap);
    if (pl_deploy_lists(c->drop, "ALL"))
        all.n = 0;
    const struct pl_yaml *sc = pl_deploy_get(d, c->map, "securityContext");
    if (c->kube && !pl_deploy_get(d, sc, "capabilities")) {
        done = new_caps(d, h, cl, c, &keep);
    } else {
        done = set_list(d, h, cl, c->map,
                        c->kube ? "securityContext/capabilities/drop" : "cap_drop", &all) &&
               set_list(d, h, cl, c->map, c->kube ? "securityContext/capabilities/add" : "cap_add",
                        &keep);
    }
    if (!done)
        pl_deploy_unmend(h);
}

void pl_deploy_mend_privileges(struct pl_deploy *d, struct pl_deploy_hit *h,
                               const struct pl_deploy_run *c, const struct pl_yaml *y)
{
    const struct pl_variant *v = pl_deploy_variant(c);
    if (!wanted(d, h) || (v && v->privileges))
        return;
    if (c->kube)
        pl_deploy_set_to(d, h, class_of(v), c->map, "securityContext/allowPrivilegeEscalation",
                         "false");
    else if (y)
        pl_deploy_replace(d, h, class_of(v), y, PL_S("no-new-privileges:true"));
    else
        pl_deploy_set_item(d, h, class_of(v), c->map, "security_opt", "no-new-privileges:true");
}

/* --- a read-only root --- */

/* "/run/postgresql" of container "db": "db-run-postgresql", as Kubernetes wants names. */
static struct pl_str volume_name(struct pl_deploy *d, const struct pl_deploy_run *c,
                                 struct pl_str path)
{
    struct pl_str own = pl_yaml_str(pl_deploy_get(d, c->map, "name"));
    struct pl_str s = pl_printf(d->a, "%.*s%.*s", PL_FMT(own), PL_FMT(path));
    char *p = pl_alloc(d->a, s.n + 1);
    size_t n = 0;
    for (size_t i = 0; i < s.n && n < 60; i++) {
        char ch = s.p[i];
        if (ch >= 'A' && ch <= 'Z')
            ch = (char)(ch - 'A' + 'a');
        bool fine = (ch >= 'a' && ch <= 'z') || (ch >= '0' && ch <= '9');
        if (fine || (n && p[n - 1] != '-'))
            p[n++] = fine ? ch : '-';
    }
    while (n && p[n - 1] == '-')
        n--;
    return pl_str_n(p, n);
}

static bool has_volume(struct pl_deploy *d, const struct pl_yaml *pod, struct pl_str name)
{
    const struct pl_yaml *v = pl_deploy_get(d, pod, "volumes");
    for (size_t i = 0; v && v->kind == PL_YAML_LIST && i < v->n; i++)
        if (pl_str_eq(pl_yaml_str(pl_deploy_get(d, v->item[i], "name")), name))
            return true;
    return false;
}

static struct pl_str tmpfs(struct pl_deploy *d, const struct pl_mount *m)
{
    struct pl_str s = m->path;
    if (m->has_owner)
        s = pl_printf(d->a, "%.*s:uid=%u,gid=%u,mode=%o", PL_FMT(s), m->uid, m->gid, m->mode);
    else if (m->mode)
        s = pl_printf(d->a, "%.*s:mode=%o", PL_FMT(s), m->mode);
    if (m->exec)
        s = pl_printf(d->a, "%.*s%cexec", PL_FMT(s), m->has_owner || m->mode ? ',' : ':');
    return s;
}

/* Can a path be written without quotes? */
static bool plain_path(struct pl_str s)
{
    for (size_t i = 0; i < s.n; i++) {
        unsigned char ch = (unsigned char)s.p[i];
        if (ch <= ' ' || ch >= 0x7F || strchr(":#,[]{}&*!|>'\"%@`\\$", ch))
            return false;
    }
    return s.n > 0;
}

static bool mounts(struct pl_deploy *d, struct pl_deploy_hit *h, const struct pl_deploy_run *c)
{
    const struct pl_variant *v = pl_deploy_variant(c);
    struct items ram = { .n = 0 }, kept = { .n = 0 };
    for (size_t i = 0; v && i < v->n_mount; i++) {
        const struct pl_mount *m = &v->mount[i];
        if (!pl_deploy_lacks(c, m))
            continue;
        if (!plain_path(m->path) || (c->kube && m->volume)) /* a claim is for people to make */
            return false;
        if (!c->kube) {
            add(m->volume ? &kept : &ram, m->volume ? m->path : tmpfs(d, m));
            continue;
        }
        struct pl_str name = volume_name(d, c, m->path);
        if (!name.n || has_volume(d, c->pod, name))
            return false;
        add(&ram, pl_printf(d->a, "{name: %.*s, emptyDir: {medium: Memory}}", PL_FMT(name)));
        add(&kept, pl_printf(d->a, "{name: %.*s, mountPath: %.*s}", PL_FMT(name), PL_FMT(m->path)));
    }
    return set_list(d, h, PL_FIX_SUGGESTED, c->kube ? c->pod : c->map,
                    c->kube ? "volumes" : "tmpfs", &ram) &&
           set_list(d, h, PL_FIX_SUGGESTED, c->map, c->kube ? "volumeMounts" : "volumes", &kept);
}

void pl_deploy_mend_mounts(struct pl_deploy *d, struct pl_deploy_hit *h,
                           const struct pl_deploy_run *c)
{
    if (wanted(d, h) && !mounts(d, h, c))
        pl_deploy_unmend(h);
}

void pl_deploy_mend_root(struct pl_deploy *d, struct pl_deploy_hit *h,
                         const struct pl_deploy_run *c)
{
    if (!wanted(d, h))
        return;
    if (!pl_deploy_set_to(d, h, PL_FIX_SUGGESTED, c->map,
                          c->kube ? "securityContext/readOnlyRootFilesystem" : "read_only",
                          "true") ||
        !mounts(d, h, c))
        pl_deploy_unmend(h);
}

/* --- the user --- */

static const struct pl_variant *steps_down(const struct pl_deploy_run *c)
{
    for (size_t i = 0; c->advice && !c->other_start && i < c->advice->n; i++) {
        const struct pl_variant *v = &c->advice->variant[i];
        if (v->kind != PL_VARIANT_ROOT && v->user_known && v->uid)
            return v;
    }
    return NULL;
}

void pl_deploy_mend_start(struct pl_deploy *d, struct pl_deploy_hit *h,
                          const struct pl_deploy_run *c)
{
    const struct pl_variant *v = steps_down(c);
    if (wanted(d, h) && v && c->kube)
        pl_deploy_set_to(d, h, PL_FIX_SUGGESTED, c->map, "securityContext/runAsUser",
                         pl_printf(d->a, "%u", v->uid).p);
}

void pl_deploy_mend_user(struct pl_deploy *d, struct pl_deploy_hit *h,
                         const struct pl_deploy_run *c, const struct pl_yaml *y)
{
    const struct pl_variant *v = steps_down(c);
    if (!wanted(d, h))
        return;
    if (!c->kube) {
        if (v)
            pl_deploy_set_to(d, h, PL_FIX_SUGGESTED, c->map, "user",
                             pl_printf(d->a, "\"%u:%u\"", v->uid, v->gid).p);
        return;
    }
    bool number = v && (y || pl_deploy_root_image(c->advice) || c->advice->named_user);
    struct pl_str uid = v ? pl_printf(d->a, "%u", v->uid) : PL_S("");
    if (y && v)
        pl_deploy_replace(d, h, PL_FIX_SUGGESTED, y, uid);
    else if (!y && number && !pl_deploy_get(d, c->map, "securityContext")) {
        struct pl_str x[] = { PL_S("runAsNonRoot: true"),
                              pl_printf(d->a, "runAsUser: %.*s", PL_FMT(uid)) };
        pl_deploy_set(d, h, PL_FIX_SUGGESTED, c->map, "securityContext",
                      &(struct pl_deploy_value){ PL_DEPLOY_MAP, x, 2 });
    } else if (!y && number) {
        if (!pl_deploy_set_to(d, h, PL_FIX_SUGGESTED, c->map, "securityContext/runAsNonRoot",
                              "true") ||
            !pl_deploy_set_to(d, h, PL_FIX_SUGGESTED, c->map, "securityContext/runAsUser", uid.p))
            pl_deploy_unmend(h);
    } else if (!y)
        pl_deploy_set_to(d, h, v ? PL_FIX_SAFE : PL_FIX_UNSAFE, c->map,
                         "securityContext/runAsNonRoot", "true");
}
