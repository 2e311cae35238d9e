/* The advice across the pipe of the worker that worked it out. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "check/image/advice.h"

#define COUNT_MAX 100000u

const char *pl_confidence_name(enum pl_confidence c)
{
    static const char *const names[] = { "weak", "medium", "strong", "certain" };
    return names[c];
}

const char *pl_variant_name(enum pl_variant_kind k)
{
    static const char *const names[] = { "user", "root", "image" };
    return names[k];
}

static void put_list(struct pl_buf *b, const struct pl_img_list *l)
{
    pl_put_var(b, l->n);
    for (size_t i = 0; i < l->n; i++)
        pl_put_str(b, l->p[i]);
}

static void put_mount(struct pl_buf *b, const struct pl_mount *m)
{
    pl_put_str(b, m->path);
    pl_put_u8(b, m->volume);
    pl_put_u8(b, m->has_owner);
    pl_put_u32(b, m->uid);
    pl_put_u32(b, m->gid);
    pl_put_u32(b, m->mode);
    pl_put_u64(b, m->size);
    pl_put_u8(b, m->exec);
    pl_put_u8(b, (uint8_t)m->confidence);
    put_list(b, &m->reasons);
}

static void put_variant(struct pl_buf *b, const struct pl_variant *v)
{
    pl_put_u8(b, (uint8_t)v->kind);
    pl_put_u8(b, v->set_user);
    pl_put_u8(b, v->user_known);
    pl_put_u32(b, v->uid);
    pl_put_u32(b, v->gid);
    pl_put_str(b, v->user_name);
    pl_put_var(b, v->n_mount);
    for (size_t i = 0; i < v->n_mount; i++)
        put_mount(b, &v->mount[i]);
    pl_put_var(b, v->n_cap);
    for (size_t i = 0; i < v->n_cap; i++) {
        pl_put_str(b, v->cap[i].cap);
        pl_put_u8(b, (uint8_t)v->cap[i].confidence);
        put_list(b, &v->cap[i].reasons);
    }
    pl_put_u8(b, v->low_port);
    pl_put_u8(b, v->privileges);
    pl_put_str(b, v->privileges_why);
    put_list(b, &v->notes);
}

void pl_advice_put(struct pl_buf *b, const struct pl_advice *x)
{
    pl_put_var(b, x->n);
    for (size_t i = 0; i < x->n; i++)
        put_variant(b, &x->variant[i]);
    pl_put_var(b, x->n_env);
    for (size_t i = 0; i < x->n_env; i++) {
        pl_put_str(b, x->env[i].name);
        pl_put_str(b, x->env[i].value);
    }
    pl_put_str(b, x->health);
    pl_put_str(b, x->health_why);
    pl_put_u32(b, x->pids);
    pl_put_str(b, x->pids_why);
    put_list(b, &x->weak);
    put_list(b, &x->unread);
    put_list(b, &x->ports);
    pl_put_u8(b, x->root_stays);
    pl_put_u8(b, x->named_user);
    pl_put_u8(b, x->static_binary);
    pl_put_str(b, x->program);
}

/* A count of things that take a byte each at least. */
static size_t count(struct pl_rd *r)
{
    uint64_t n = pl_get_var(r);
    if (n > COUNT_MAX || n > (size_t)(r->end - r->p))
        r->bad = true;
    return r->bad ? 0 : (size_t)n;
}

static struct pl_str get(struct pl_rd *r, struct pl_arena *a)
{
    return pl_dup(a, pl_get_str(r));
}

static void get_list(struct pl_rd *r, struct pl_arena *a, struct pl_img_list *l)
{
    size_t n = count(r);
    l->p = pl_alloc_n(a, n + 1, sizeof *l->p);
    for (l->n = 0; l->n < n && !r->bad; l->n++)
        l->p[l->n] = get(r, a);
}

static enum pl_confidence get_confidence(struct pl_rd *r)
{
    uint8_t c = pl_get_u8(r);
    r->bad |= c > PL_CERTAIN;
    return r->bad ? PL_WEAK : (enum pl_confidence)c;
}

static void get_mount(struct pl_rd *r, struct pl_arena *a, struct pl_mount *m)
{
    m->path = get(r, a);
    m->volume = pl_get_u8(r);
    m->has_owner = pl_get_u8(r);
    m->uid = pl_get_u32(r);
    m->gid = pl_get_u32(r);
    m->mode = pl_get_u32(r);
    m->size = pl_get_u64(r);
    m->exec = pl_get_u8(r);
    m->confidence = get_confidence(r);
    get_list(r, a, &m->reasons);
}

static void get_variant(struct pl_rd *r, struct pl_arena *a, struct pl_variant *v)
{
    uint8_t kind = pl_get_u8(r);
    r->bad |= kind > PL_VARIANT_IMAGE;
    v->kind = r->bad ? PL_VARIANT_IMAGE : (enum pl_variant_kind)kind;
    v->set_user = pl_get_u8(r);
    v->user_known = pl_get_u8(r);
    v->uid = pl_get_u32(r);
    v->gid = pl_get_u32(r);
    v->user_name = get(r, a);
    size_t n = count(r);
    v->mount = pl_alloc_n(a, n + 1, sizeof *v->mount);
    for (; v->n_mount < n && !r->bad; v->n_mount++)
        get_mount(r, a, &v->mount[v->n_mount]);
    n = count(r);
    v->cap = pl_alloc_n(a, n + 1, sizeof *v->cap);
    for (; v->n_cap < n && !r->bad; v->n_cap++) {
        v->cap[v->n_cap].cap = get(r, a);
        v->cap[v->n_cap].confidence = get_confidence(r);
        get_list(r, a, &v->cap[v->n_cap].reasons);
    }
    v->low_port = pl_get_u8(r);
    v->privileges = pl_get_u8(r);
    v->privileges_why = get(r, a);
    get_list(r, a, &v->notes);
}

bool pl_advice_get(struct pl_rd *r, struct pl_arena *a, struct pl_advice *ret)
{
    *ret = (struct pl_advice){ .n = 0 };
    size_t n = count(r);
    if (n > 2)
        return false;
    ret->variant = pl_alloc_n(a, n + 1, sizeof *ret->variant);
    for (; ret->n < n && !r->bad; ret->n++)
        get_variant(r, a, &ret->variant[ret->n]);
    n = count(r);
    ret->env = pl_alloc_n(a, n + 1, sizeof *ret->env);
    for (; ret->n_env < n && !r->bad; ret->n_env++) {
        ret->env[ret->n_env].name = get(r, a);
        ret->env[ret->n_env].value = get(r, a);
    }
    ret->health = get(r, a);
    ret->health_why = get(r, a);
    ret->pids = pl_get_u32(r);
    ret->pids_why = get(r, a);
    get_list(r, a, &ret->weak);
    get_list(r, a, &ret->unread);
    get_list(r, a, &ret->ports);
    ret->root_stays = pl_get_u8(r);
    ret->named_user = pl_get_u8(r);
    ret->static_binary = pl_get_u8(r);
    ret->program = get(r, a);
    return !r->bad;
}
