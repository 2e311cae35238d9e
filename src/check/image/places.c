/* From reasons to mounts: volumes, tmpfs, their owners; nothing that the image needs is hidden.
 * formats/hardening.md section 2. */
/* SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>

#include "check/image/advise_int.h"

#define PLACES_MAX 200u

/* Folders that many share: what is below them stays by itself. */
static const char *const shared[] = {
    "/",          "/run",     "/tmp",     "/var",  "/var/lib", "/var/cache", "/var/log",
    "/var/spool", "/etc",     "/usr",     "/opt",  "/srv",     "/home",      "/root",
    "/data",      "/mnt",     "/app",     "/bin",  "/sbin",    "/usr/local", "/usr/lib",
    "/usr/share", "/var/tmp", "/var/run", "/media"
};

static bool is_shared(struct pl_str path)
{
    for (size_t i = 0; i < sizeof shared / sizeof *shared; i++)
        if (pl_str_is(path, shared[i]))
            return true;
    return false;
}

static struct pl_place *place(struct pl_places *p, struct pl_str path)
{
    for (size_t i = 0; i < p->v.n; i++)
        if (pl_str_eq(p->v.p[i].path, path))
            return &p->v.p[i];
    struct pl_place x = { .path = path, .root_only = true };
    if (p->v.n >= PLACES_MAX)
        return NULL;
    pl_vec_push(&p->v, x);
    return &p->v.p[p->v.n - 1];
}

static void give_reason(struct pl_place *x, struct pl_str why)
{
    for (size_t i = 0; i < x->why.n; i++)
        if (pl_str_eq(x->why.p[i], why))
            return;
    if (x->why.n < 12)
        pl_vec_push(&x->why, why);
}

const struct pl_place *pl_places_of(const struct pl_places *p, struct pl_str path)
{
    for (size_t i = 0; i < p->v.n; i++)
        if (!p->v.p[i].gone && pl_path_in(path, p->v.p[i].path))
            return &p->v.p[i];
    return NULL;
}

/* Output that goes to the container's own streams hides behind links. */
static bool to_stream(const struct pl_img_file *f)
{
    return f->kind == PL_IMG_LINK &&
           (pl_str_starts(f->link, PL_S("/dev/")) || pl_str_starts(f->link, PL_S("/proc/")));
}

size_t pl_place_content(const struct pl_img *im, struct pl_str dir)
{
    size_t end, n = 0;
    for (size_t i = pl_img_below(im, dir, &end); i < end; i++)
        n += im->file[i].kind == PL_IMG_FILE ||
             (im->file[i].kind == PL_IMG_LINK && !to_stream(&im->file[i]));
    return n;
}

static void volumes(struct pl_needs *k, struct pl_places *p)
{
    for (size_t i = 0; i < k->im->volumes.n; i++) {
        struct pl_str path = pl_img_resolve(k->im, PL_S("/"), k->im->volumes.p[i]);
        if (path.n < 2)
            continue;
        struct pl_place *x = place(p, path);
        if (!x)
            return;
        x->volume = !pl_path_in(path, PL_S("/run")) && !pl_path_in(path, PL_S("/tmp")) &&
                    !pl_path_in(path, PL_S("/var/cache"));
        x->state = x->volume;
        x->root_only = false;
        x->confidence = PL_CERTAIN;
        give_reason(x, pl_printf(k->a, "VOLUME %.*s", PL_FMT(k->im->volumes.p[i])));
    }
}

static bool exists(const struct pl_img *im, struct pl_str path)
{
    size_t end;
    return pl_img_at(im, path) || pl_img_below(im, path, &end) < end;
}

/* The directory that has to be writable for a need. */
static struct pl_str directory(const struct pl_needs *k, const struct pl_need *n)
{
    struct pl_str d = n->file ? pl_path_dir(n->path) : n->path;
    /* what is made at run time needs its parent, unless many share that */
    while (!exists(k->im, d) && !is_shared(pl_path_dir(d)) && !n->state)
        d = pl_path_dir(d);
    if (pl_path_in(d, PL_S("/tmp")))
        d = PL_S("/tmp");
    return d;
}

static void one_need(struct pl_needs *k, struct pl_places *p, const struct pl_need *n)
{
    struct pl_str d = directory(k, n);
    if (d.n < 2)
        return;
    const struct pl_place *in = pl_places_of(p, d);
    if (in && in->volume) {
        give_reason((struct pl_place *)(uintptr_t)in, n->why);
        return;
    }
    struct pl_place *x = place(p, d);
    if (!x)
        return;
    x->confidence = n->confidence > x->confidence ? n->confidence : x->confidence;
    x->state |= n->state;
    x->exec |= n->exec;
    x->made |= n->made;
    x->root_only &= n->by_root;
    x->size = n->size > x->size ? n->size : x->size;
    give_reason(x, n->why);
}

/* Children of /run that nothing of the image lives in become /run. */
static void collapse_run(struct pl_needs *k, struct pl_places *p)
{
    size_t loose = 0;
    for (size_t i = 0; i < p->v.n; i++)
        loose += !p->v.p[i].volume && pl_str_eq(pl_path_dir(p->v.p[i].path), PL_S("/run")) &&
                 (!exists(k->im, p->v.p[i].path) || p->v.p[i].made);
    if (loose < 2)
        return;
    struct pl_place *run = place(p, PL_S("/run"));
    if (!run)
        return;
    run->made = true;
    for (size_t i = 0; i < p->v.n; i++) {
        struct pl_place *x = &p->v.p[i];
        if (x->volume || !pl_str_eq(pl_path_dir(x->path), PL_S("/run")) ||
            (exists(k->im, x->path) && !x->made))
            continue;
        run = place(p, PL_S("/run"));
        run->confidence = x->confidence > run->confidence ? x->confidence : run->confidence;
        run->root_only &= x->root_only;
        for (size_t w = 0; w < x->why.n; w++)
            give_reason(run, x->why.p[w]);
        x->gone = true;
    }
}

/* What stands in another place goes with it, unless the image gives it an owner of its own. */
static void swallow(struct pl_needs *k, struct pl_places *p)
{
    for (size_t i = 0; i < p->v.n; i++)
        for (size_t j = 0; j < p->v.n && !p->v.p[i].gone; j++) {
            struct pl_place *in = &p->v.p[i], *out = &p->v.p[j];
            if (i == j || out->gone || !pl_path_in(in->path, out->path))
                continue;
            if (in->volume && in->confidence == PL_CERTAIN)
                continue;
            bool own = !out->volume && exists(k->im, in->path) && !pl_str_is(out->path, "/tmp");
            if (own)
                continue;
            for (size_t w = 0; w < in->why.n; w++)
                give_reason(out, in->why.p[w]);
            out->confidence = in->confidence > out->confidence ? in->confidence : out->confidence;
            in->gone = true;
        }
}

/* A tmpfs hides what stands beneath it. */
static void keep_content(struct pl_needs *k, struct pl_places *p)
{
    for (size_t i = 0; i < p->v.n; i++) {
        struct pl_place *x = &p->v.p[i];
        if (x->gone || x->volume || pl_path_in(x->path, PL_S("/run")) ||
            pl_path_in(x->path, PL_S("/tmp")))
            continue;
        size_t n = pl_place_content(k->im, x->path);
        if (x->state)
            x->volume = true;
        if (!n)
            continue;
        x->volume = true;
        give_reason(x, pl_printf(k->a,
                                 "the image has %zu file%s there: a volume takes them over, a "
                                 "tmpfs would hide them",
                                 n, n == 1 ? "" : "s"));
    }
}

static int by_path(const void *pa, const void *pb)
{
    const struct pl_place *a = pa, *b = pb;
    if (a->volume != b->volume)
        return a->volume ? -1 : 1;
    return pl_str_cmp(a->path, b->path);
}

void pl_places_find(struct pl_needs *k, struct pl_places *ret)
{
    *ret = (struct pl_places){ .v = { 0 } };
    volumes(k, ret);
    for (size_t i = 0; i < k->needs.n; i++)
        if (k->needs.p[i].confidence >= PL_MEDIUM)
            one_need(k, ret, &k->needs.p[i]);
    collapse_run(k, ret);
    keep_content(k, ret);
    swallow(k, ret);
    if (ret->v.n)
        qsort(ret->v.p, ret->v.n, sizeof *ret->v.p, by_path);
    for (size_t i = 0; i < k->needs.n; i++) {
        const struct pl_need *n = &k->needs.p[i];
        if (n->confidence == PL_WEAK && !pl_places_of(ret, directory(k, n)) && k->weak.n < 100)
            pl_vec_push(&k->weak, pl_printf(k->a, "%.*s: %.*s", PL_FMT(n->path), PL_FMT(n->why)));
    }
}

void pl_places_release(struct pl_places *p)
{
    for (size_t i = 0; i < p->v.n; i++)
        pl_vec_release(&p->v.p[i].why);
    pl_vec_release(&p->v);
}

/* ---- owners ---- */

uint32_t pl_path_owner(const struct pl_needs *k, struct pl_str path, const struct pl_img_file **ret)
{
    const struct pl_img_file *f = pl_img_at(k->im, path);
    uint32_t uid = f ? f->uid : 0;
    if (ret)
        *ret = f;
    for (size_t i = 0; i < k->t->acts.n; i++) {
        const struct pl_act *x = &k->t->acts.p[i];
        bool here = pl_str_eq(x->path, path) || (x->recursive && pl_path_in(path, x->path));
        if (x->kind == PL_ACT_CHOWN && !x->anywhere && here && x->owner.known)
            uid = x->owner.uid;
    }
    return uid;
}

bool pl_path_mode(const struct pl_needs *k, struct pl_str path, uint32_t *ret)
{
    const struct pl_img_file *f = pl_img_at(k->im, path);
    bool known = f != NULL;
    if (f)
        *ret = f->mode & 07777;
    for (size_t i = 0; i < k->t->acts.n; i++) {
        const struct pl_act *x = &k->t->acts.p[i];
        if ((x->kind == PL_ACT_CHMOD || x->kind == PL_ACT_MKDIR) && x->has_mode &&
            pl_str_eq(x->path, path)) {
            *ret = x->mode;
            known = true;
        }
    }
    return known;
}

static uint32_t owning_group(const struct pl_needs *k, struct pl_str path, uint32_t uid)
{
    const struct pl_img_file *f = pl_img_at(k->im, path);
    if (f && f->uid == uid)
        return f->gid;
    const struct pl_img_user *u = pl_img_uid(k->im, uid);
    return u ? u->gid : uid;
}

void pl_place_owner(const struct pl_needs *k, const struct pl_place *x, bool root_start,
                    struct pl_img_who who, struct pl_mount *m)
{
    const struct pl_img_file *f = NULL;
    uint32_t mode = 0755, uid = pl_path_owner(k, x->path, &f);
    bool known = pl_path_mode(k, x->path, &mode);
    if (pl_str_is(x->path, "/tmp") || pl_str_is(x->path, "/var/tmp") ||
        (known && (mode & 01777) == 01777)) {
        m->mode = mode == 03777 ? 03777 : 01777;
        return;
    }
    m->mode = known ? mode : 0755;
    if (!root_start) {
        m->has_owner = who.known && who.uid != 0;
        m->uid = who.uid;
        m->gid = who.gid_known ? who.gid : who.uid;
        if (!(m->mode & 0200))
            m->mode |= 0700;
        return;
    }
    if (x->root_only || pl_str_is(x->path, "/run"))
        return;
    if (!f && uid == 0 && k->t->stepped && who.known && !x->made)
        uid = who.uid;
    m->has_owner = uid != 0;
    m->uid = uid;
    m->gid = owning_group(k, x->path, uid);
}
