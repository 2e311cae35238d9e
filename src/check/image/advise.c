/* The advice: as which user, with which mounts and capabilities. formats/hardening.md. */
/* SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>

#include "check/image/advise_int.h"

static struct pl_img_list take(struct pl_arena *a, const struct pl_str *p, size_t n)
{
    struct pl_img_list l = { pl_alloc_n(a, n + 1, sizeof *l.p), n };
    for (size_t i = 0; i < n; i++)
        l.p[i] = p[i];
    return l;
}

/* ---- from what the start does ---- */

static struct pl_str where(struct pl_needs *k, const struct pl_act *x)
{
    if (!x->script.n)
        return pl_printf(k->a, "%.*s in the command", PL_FMT(x->how));
    return pl_printf(k->a, "%.*s in %.*s:%u", PL_FMT(x->how), PL_FMT(x->script), x->line);
}

static void of_act(struct pl_needs *k, const struct pl_act *x)
{
    enum pl_confidence c = x->optional ? PL_WEAK : PL_STRONG;
    struct pl_str at = where(k, x);
    struct pl_need *n = NULL;
    if (x->anywhere || x->kind == PL_ACT_WALK || x->kind == PL_ACT_SETUID)
        return;
    const struct pl_img_file *f = pl_img_at(k->im, x->path);
    switch (x->kind) {
    case PL_ACT_MKDIR:
        if (x->partial || !f || f->kind == PL_IMG_DIR)
            n = pl_needs_path(k, x->path, c, "%.*s", PL_FMT(at));
        if (n)
            n->made = !f || x->has_mode;
        break;
    case PL_ACT_TEMP:
    case PL_ACT_WRITE:
        n = x->partial ? pl_needs_path(k, x->path, c, "%.*s", PL_FMT(at))
                       : pl_needs_file(k, x->path, c, "%.*s", PL_FMT(at));
        break;
    case PL_ACT_CHMOD:
    case PL_ACT_CHOWN:
        n = f && f->kind == PL_IMG_FILE ? pl_needs_file(k, x->path, c, "%.*s", PL_FMT(at))
                                        : pl_needs_path(k, x->path, c, "%.*s", PL_FMT(at));
        break;
    case PL_ACT_WALK:
    case PL_ACT_SETUID:
        break;
    }
    if (n)
        n->by_root = x->root && x->kind == PL_ACT_WRITE;
}

/* Folders that the image gives to the user it runs as. */
static void owned(struct pl_needs *k, struct pl_img_who who)
{
    static const char *const not_there[] = { "/home", "/etc",     "/usr",       "/proc", "/sys",
                                             "/dev",  "/var/lib", "/var/cache", "/root", NULL };
    size_t n = 0;
    for (size_t i = 0; i < k->im->n_file && n < 20; i++) {
        const struct pl_img_file *f = &k->im->file[i];
        bool sticky = (f->mode & 01002) == 01002;
        if (f->kind != PL_IMG_DIR || !f->path.n || (!sticky && (!who.uid || f->uid != who.uid)))
            continue;
        struct pl_str path = pl_printf(k->a, "/%.*s", PL_FMT(f->path));
        bool skip = false;
        for (const char *const *s = not_there; *s && !sticky; s++)
            skip |= pl_path_in(path, pl_str_c(*s)) && strncmp(*s, "/var", 4) != 0;
        const struct pl_img_file *up = pl_img_at(k->im, pl_path_dir(path));
        if (skip || (up && up->path.n && up->uid == f->uid && !sticky))
            continue;
        pl_needs_path(k, path, PL_WEAK,
                      sticky ? "anybody may write there"
                             : "it belongs to the user that the program runs as");
        n++;
    }
}

static void exposed(struct pl_needs *k)
{
    for (size_t i = 0; i < k->im->ports.n; i++) {
        struct pl_str proto = k->im->ports.p[i], number;
        uint64_t v;
        if (pl_str_split(&proto, '/', &number) && pl_str_u64(number, &v) && v < 65536)
            pl_needs_port(k, (uint32_t)v, proto.p && pl_str_is(proto, "udp"), "EXPOSE %.*s",
                          PL_FMT(k->im->ports.p[i]));
    }
}

/* setuid programs and file capabilities do nothing under no-new-privileges. */
static void conflicts(struct pl_needs *k)
{
    const struct pl_trace *t = k->t;
    const struct pl_prog *main = pl_trace_main(t);
    for (size_t i = 0; i < t->acts.n; i++) {
        const struct pl_act *x = &t->acts.p[i];
        if (x->kind != PL_ACT_SETUID || x->root)
            continue;
        k->conflict = pl_printf(k->a, "%.*s%s%.*s needs the rights of its file", PL_FMT(x->path),
                                x->script.n ? ", called in " : "", PL_FMT(x->script));
        return;
    }
    if (main && main->file && main->file->caps.n && main->who.uid != 0)
        k->conflict = pl_printf(k->a, "/%.*s has file capabilities, which it would not get",
                                PL_FMT(main->file->path));
    if (main && main->file && (main->file->mode & 04000) && main->who.uid != 0)
        k->conflict =
            pl_printf(k->a, "/%.*s is setuid, which would not work", PL_FMT(main->file->path));
}

static void collect(struct pl_needs *k, struct pl_arena *a, const struct pl_img *im,
                    const struct pl_trace *t)
{
    const struct pl_prog *main = pl_trace_main(t);
    *k = (struct pl_needs){ .a = a, .im = im, .t = t };
    for (size_t i = 0; i < t->acts.n; i++)
        of_act(k, &t->acts.p[i]);
    if (main)
        pl_server_needs(k, main);
    exposed(k);
    owned(k, t->last.known && t->last.uid ? t->last : k->has_worker ? k->worker : t->last);
    conflicts(k);
}

static void release(struct pl_needs *k)
{
    pl_vec_release(&k->needs);
    pl_vec_release(&k->caps);
    pl_vec_release(&k->ports);
    pl_vec_release(&k->notes);
    pl_vec_release(&k->weak);
    pl_vec_release(&k->env);
}

/* ---- a variant ---- */

static void give_mounts(const struct pl_needs *k, const struct pl_places *p, struct pl_variant *v,
                        struct pl_img_who who)
{
    v->mount = pl_alloc_n(k->a, p->v.n + 1, sizeof *v->mount);
    for (size_t i = 0; i < p->v.n; i++) {
        const struct pl_place *x = &p->v.p[i];
        if (x->gone)
            continue;
        struct pl_mount *m = &v->mount[v->n_mount++];
        *m = (struct pl_mount){ .path = x->path,
                                .volume = x->volume,
                                .size = x->size,
                                .exec = x->exec,
                                .confidence = x->confidence,
                                .reasons = take(k->a, x->why.p, x->why.n) };
        pl_place_owner(k, x, v->kind == PL_VARIANT_ROOT, who, m);
    }
}

static int by_name(const void *pa, const void *pb)
{
    const struct pl_cap_need *a = pa, *b = pb;
    return pl_str_cmp(a->cap, b->cap);
}

static void give_caps(const struct pl_needs *k, struct pl_variant *v, bool root_start)
{
    v->cap = pl_alloc_n(k->a, k->caps.n + 1, sizeof *v->cap);
    for (size_t i = 0; i < k->caps.n; i++) {
        const struct pl_cap_fact *f = &k->caps.p[i];
        struct pl_cap_need *c = NULL;
        if (!root_start && !f->always)
            continue;
        for (size_t j = 0; j < v->n_cap; j++)
            if (pl_str_is(v->cap[j].cap, f->cap))
                c = &v->cap[j];
        if (!c) {
            c = &v->cap[v->n_cap++];
            c->cap = pl_str_c(f->cap);
            c->reasons.p = pl_alloc_n(k->a, k->caps.n, sizeof *c->reasons.p);
        }
        c->confidence = f->confidence > c->confidence ? f->confidence : c->confidence;
        bool told = false;
        for (size_t j = 0; j < c->reasons.n; j++)
            told |= pl_str_eq(c->reasons.p[j], f->why);
        if (!told)
            c->reasons.p[c->reasons.n++] = f->why;
    }
    if (v->n_cap)
        qsort(v->cap, v->n_cap, sizeof *v->cap, by_name);
}

static void say_ports(struct pl_needs *k, struct pl_variant *v, bool root_start)
{
    for (size_t i = 0; i < k->ports.n && !root_start; i++) {
        if (k->ports.p[i].port >= 1024)
            continue;
        v->low_port = true;
        pl_needs_note(
            k,
            "port %u is below 1024: Docker from 20.10 on lets any user bind it; elsewhere "
            "listen on 1024 or above, or keep NET_BIND_SERVICE",
            k->ports.p[i].port);
    }
}

static void say_volumes(struct pl_needs *k, const struct pl_variant *v)
{
    for (size_t i = 0; i < v->n_mount && v->kind == PL_VARIANT_USER; i++)
        if (v->mount[i].volume)
            pl_needs_note(
                k,
                "the volume at %.*s must belong to %u:%u: chown -R %u:%u on what it holds "
                "already, or :U with podman",
                PL_FMT(v->mount[i].path), v->uid, v->gid, v->uid, v->gid);
}

static struct pl_variant make(struct pl_needs *k, enum pl_variant_kind kind, struct pl_img_who who)
{
    struct pl_variant v = { .kind = kind,
                            .user_known = who.known,
                            .uid = who.uid,
                            .gid = who.gid_known ? who.gid : who.uid,
                            .user_name = who.name,
                            .set_user = kind == PL_VARIANT_USER };
    struct pl_places p;
    bool root = kind == PL_VARIANT_ROOT;
    if (kind == PL_VARIANT_IMAGE && who.by_name && who.known)
        v.set_user = true; /* the number is what Kubernetes wants */
    pl_places_find(k, &p);
    pl_caps_find(k, &p, root);
    /* mounts are for the user that the program runs as in the end */
    struct pl_img_who runs = root && k->t->stepped ? k->t->last : who;
    give_mounts(k, &p, &v, runs);
    give_caps(k, &v, root);
    v.privileges = k->conflict.n > 0;
    v.privileges_why = k->conflict;
    say_ports(k, &v, root);
    say_volumes(k, &v);
    v.notes = take(k->a, k->notes.p, k->notes.n);
    pl_places_release(&p);
    return v;
}

/* ---- the whole ---- */

static void say_general(struct pl_advice *x, struct pl_needs *k, const struct pl_trace *t)
{
    const struct pl_prog *main = pl_trace_main(t);
    struct pl_arena *a = k->a;
    x->weak = take(a, k->weak.p, k->weak.n);
    x->env = pl_alloc_n(a, k->env.n + 1, sizeof *x->env);
    for (size_t i = 0; i < k->env.n; i++)
        x->env[x->n_env++] = k->env.p[i];
    x->ports.p = pl_alloc_n(a, k->ports.n + 1, sizeof *x->ports.p);
    for (size_t i = 0; i < k->ports.n; i++)
        x->ports.p[x->ports.n++] =
            pl_printf(a, "%u/%s", k->ports.p[i].port, k->ports.p[i].udp ? "udp" : "tcp");
    if (main)
        x->program = main->name;
    struct pl_str tool = k->health, first;
    if (!k->im->health.n && tool.n && pl_next_word(&tool, &first) &&
        pl_img_which(k->im, PL_S("/"), first)) {
        x->health = k->health;
        x->health_why = k->health_why;
    }
    bool many = k->closed_data || k->has_worker || (main && pl_str_is(main->name, "java"));
    x->pids = many ? 512 : 256;
    x->pids_why = many ? PL_S("a process or thread for each connection")
                       : PL_S("far above what one program starts");
    x->named_user = k->im->user.n && pl_img_user(k->im, k->im->user).by_name;
    x->static_binary = main && main->file && (main->file->traits & PL_TRAIT_STATIC);
}

static void unread(struct pl_advice *x, struct pl_arena *a, const struct pl_trace *t)
{
    size_t n = t->unread.n;
    const struct pl_img *im = t->im;
    x->unread.p = pl_alloc_n(a, n + 4, sizeof *x->unread.p);
    for (size_t i = 0; i < n; i++)
        x->unread.p[x->unread.n++] = t->unread.p[i];
    if (t->exhausted)
        x->unread.p[x->unread.n++] = PL_S("the entrypoint is too long to be followed to its end");
    if (!im->has_config)
        x->unread.p[x->unread.n++] = PL_S("the image's configuration could not be read");
}

void pl_harden(const struct pl_img *im, struct pl_advice *ret)
{
    struct pl_arena *a = im->a;
    struct pl_trace t, u;
    struct pl_needs k;
    *ret = (struct pl_advice){ .n = 0 };
    pl_trace_start(a, im, &t);
    collect(&k, a, im, &t);
    bool root = t.first.known && t.first.uid == 0;
    struct pl_img_who to = t.last;
    bool steps = root && t.stepped && to.known && to.uid != 0;
    if (root && !steps && k.has_worker && k.worker.known && k.worker.uid != 0) {
        steps = true;
        to = k.worker;
    }
    ret->variant = pl_alloc_n(a, 2, sizeof *ret->variant);
    if (steps) {
        struct pl_needs ku;
        pl_trace_start_as(a, im, to, &u);
        u.last = to;
        collect(&ku, a, im, &u);
        ret->variant[ret->n++] = make(&ku, PL_VARIANT_USER, to);
        release(&ku);
        pl_trace_release(&u);
    }
    ret->root_stays = root && !steps;
    if (ret->root_stays)
        pl_needs_note(&k, t.stepped ? "it steps down to a user that is not known here"
                                    : "it runs as root to the end: give it a user of its own");
    ret->variant[ret->n++] =
        make(&k, root ? PL_VARIANT_ROOT : PL_VARIANT_IMAGE, root ? t.first : t.last);
    say_general(ret, &k, &t);
    unread(ret, a, &t);
    release(&k);
    pl_trace_release(&t);
}
