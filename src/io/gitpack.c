/* Objects of a pack. Each is inflated once to find where it ends; deltas are resolved on demand,
 * with a small cache, and everything produced counts against a budget of work. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "io/gitpack.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/endian.h"
#include "base/hash.h"
#include "base/vec.h"

#define CHAIN_MAX 4096 /* git makes none longer */
#define CACHED 4096u   /* objects the cache holds at most */
#define HEADER 12

struct object {
    uint64_t at;   /* of the zlib stream */
    uint64_t size; /* inflated: of the delta when it is one */
    uint32_t base; /* object, or PL_GIT_NO */
    uint8_t type;  /* as in the pack */
    uint8_t kind;  /* what it is once resolved */
    bool has_id;
    uint8_t id[PL_GIT_ID_MAX];
    const uint8_t *base_id; /* REF_DELTA */
    struct pl_str data;     /* cached, owned; p NULL when not */
};

struct pl_gitpack {
    struct pl_str pack;
    struct pl_gitpack_opts o;
    size_t id_len;
    enum pl_hash_alg alg;
    struct pl_hash *hash;
    struct pl_zlib *z;
    uint64_t work;
    PL_VEC(struct object) obj;
    uint32_t *by_id; /* sorted by id */
    size_t by_id_n;
    uint32_t ring[CACHED];
    uint32_t ring_at, ring_n;
    size_t cached;
    char *last; /* result of the last get when it is not in the cache */
};

static int take_work(struct pl_gitpack *p, uint64_t n, struct pl_err *err)
{
    if (n > p->o.work - p->work)
        return pl_fail(err, PL_E_LIMIT, "deltas produce more than %" PRIu64 " bytes", p->o.work);
    p->work += n;
    return 0;
}

/* ---- finding the objects ---- */

static void hash_fresh(void *arg, const void *p, size_t n)
{
    pl_hash_add(arg, p, n);
}

static void hash_begin(struct pl_gitpack *p, uint8_t type, uint64_t size)
{
    static const char *const names[] = { "", "commit", "tree", "blob", "tag" };
    char head[40];
    int n = snprintf(head, sizeof head, "%s %" PRIu64, names[type], size);
    pl_hash_reset(p->hash);
    pl_hash_add(p->hash, head, (size_t)n + 1);
}

/* The objects stand in order, so their starts can be searched. */
static uint32_t object_at(const struct pl_gitpack *p, const uint64_t *start, uint64_t off)
{
    size_t lo = 0, hi = p->obj.n;
    while (lo < hi) {
        size_t mid = lo + (hi - lo) / 2;
        if (start[mid] < off)
            lo = mid + 1;
        else
            hi = mid;
    }
    return lo < p->obj.n && start[lo] == off ? (uint32_t)lo : PL_GIT_NO;
}

struct starts {
    PL_VEC(uint64_t) v;
};

static int read_object(struct pl_gitpack *p, struct starts *st, uint64_t *at, struct pl_err *err)
{
    struct object o = { .base = PL_GIT_NO };
    uint64_t start = *at, dist;
    struct pl_str s = pl_str_sub(p->pack, (size_t)start, SIZE_MAX);
    size_t n = pl_gitpack_head(s, &o.type, &o.size);
    if (n == 0)
        return pl_fail(err, PL_E_FORMAT, "object at offset %" PRIu64 " is cut", start);
    s = pl_str_sub(s, n, SIZE_MAX);
    if (o.type == PL_GIT_OFS_DELTA) {
        n = pl_gitpack_distance(s, &dist);
        if (n == 0 || dist == 0 || dist > start)
            return pl_fail(err, PL_E_FORMAT, "delta at offset %" PRIu64 " has no base", start);
        o.base = object_at(p, st->v.p, start - dist);
        s = pl_str_sub(s, n, SIZE_MAX);
    } else if (o.type == PL_GIT_REF_DELTA) {
        if (s.n < p->id_len)
            return pl_fail(err, PL_E_FORMAT, "object at offset %" PRIu64 " is cut", start);
        o.base_id = (const uint8_t *)s.p;
        s = pl_str_sub(s, p->id_len, SIZE_MAX);
    } else if (o.type == PL_GIT_NONE || o.type > PL_GIT_TAG) {
        return pl_fail(err, PL_E_FORMAT, "object at offset %" PRIu64 " has type %u", start, o.type);
    }
    int r = take_work(p, o.size, err);
    if (r < 0)
        return r;
    bool plain = o.type <= PL_GIT_TAG;
    if (plain)
        hash_begin(p, o.type, o.size);
    o.at = (uint64_t)(s.p - p->pack.p);
    r = pl_zlib_all(p->z, s, NULL, o.size, plain ? hash_fresh : NULL, p->hash, &n, err);
    if (r < 0)
        return pl_wrap(err, "object at offset %" PRIu64, start);
    if (plain) {
        pl_hash_end(p->hash, o.id);
        o.has_id = true;
        o.kind = o.type;
    } else if (o.base != PL_GIT_NO) {
        o.kind = p->obj.p[o.base].kind;
    }
    *at = o.at + n;
    pl_vec_push(&st->v, start);
    pl_vec_push(&p->obj, o);
    return 0;
}

static int read_objects(struct pl_gitpack *p, uint32_t count, struct pl_err *err)
{
    struct starts st = { { NULL, 0, 0 } };
    uint64_t at = HEADER;
    int r = 0;
    for (uint32_t i = 0; i < count && r == 0; i++) {
        if (i == p->o.count)
            r = pl_fail(err, PL_E_LIMIT, "limit 'nested-members' reached: pack of %u objects",
                        count);
        else
            r = read_object(p, &st, &at, err);
    }
    pl_vec_release(&st.v);
    return r;
}

/* Which hash made the checksum at the end, and so the ids. False: neither. */
static bool find_alg(struct pl_gitpack *p)
{
    static const enum pl_hash_alg algs[] = { PL_HASH_SHA1, PL_HASH_SHA256 };
    for (size_t i = 0; i < 2; i++) {
        uint8_t sum[PL_HASH_MAX];
        size_t len = pl_hash_len(algs[i]);
        if (p->pack.n < HEADER + len)
            continue;
        struct pl_hash *h = pl_hash_new(algs[i]);
        pl_hash_add(h, p->pack.p, p->pack.n - len);
        pl_hash_end(h, sum);
        pl_hash_free(h);
        if (memcmp(sum, p->pack.p + p->pack.n - len, len) != 0)
            continue;
        p->alg = algs[i];
        p->id_len = len;
        p->pack.n -= len;
        return true;
    }
    p->alg = PL_HASH_SHA1;
    p->id_len = pl_hash_len(PL_HASH_SHA1);
    return false;
}

/* ---- resolving ---- */

/* A number of a delta's head: 7 bits each, lowest first. */
static bool delta_number(struct pl_str *d, uint64_t *ret)
{
    uint64_t v = 0;
    for (unsigned shift = 0; d->n && shift < 63; shift += 7) {
        uint8_t c = (uint8_t)d->p[0];
        *d = pl_str_sub(*d, 1, SIZE_MAX);
        v |= (uint64_t)(c & 0x7f) << shift;
        if (!(c & 0x80)) {
            *ret = v;
            return true;
        }
    }
    return false;
}

/* Bytes of an argument that are there (bits of `mask` from `bit` on), lowest first. */
static bool copy_argument(struct pl_str *d, unsigned mask, unsigned bit, unsigned bytes,
                          uint32_t *ret)
{
    uint32_t v = 0;
    for (unsigned i = 0; i < bytes; i++) {
        if (!(mask & 1u << (bit + i)))
            continue;
        if (d->n == 0)
            return false;
        v |= (uint32_t)(uint8_t)d->p[0] << (8 * i);
        *d = pl_str_sub(*d, 1, SIZE_MAX);
    }
    *ret = v;
    return true;
}

/* Runs the instructions of delta `d` on `base`; fills exactly out[0..n). */
static bool apply(struct pl_str d, struct pl_str base, char *out, size_t n)
{
    size_t done = 0;
    while (d.n) {
        uint8_t c = (uint8_t)d.p[0];
        uint32_t off = 0, len = c;
        struct pl_str from = d = pl_str_sub(d, 1, SIZE_MAX);
        if (c & 0x80) {
            if (!copy_argument(&d, c, 0, 4, &off) || !copy_argument(&d, c, 4, 3, &len))
                return false;
            len = len ? len : 0x10000;
            if (off > base.n)
                return false;
            from = pl_str_sub(base, off, SIZE_MAX);
        } else if (c == 0) {
            return false;
        } else {
            d = pl_str_sub(d, len, SIZE_MAX);
        }
        if (from.n < len || n - done < len)
            return false;
        memcpy(out + done, from.p, len);
        done += len;
    }
    return done == n;
}

static void cache_put(struct pl_gitpack *p, uint32_t i, struct pl_str data)
{
    while (p->ring_n && (p->ring_n == CACHED || p->cached + data.n > p->o.cache)) {
        struct object *old = &p->obj.p[p->ring[p->ring_at]];
        p->ring_at = (p->ring_at + 1) % CACHED;
        p->ring_n--;
        p->cached -= old->data.n;
        free((void *)(uintptr_t)old->data.p);
        old->data = (struct pl_str){ NULL, 0 };
    }
    p->ring[(p->ring_at + p->ring_n++) % CACHED] = i;
    p->cached += data.n;
    p->obj.p[i].data = data;
}

/* Keeps `data` (owned from here on) as the content of `i`. */
static void keep(struct pl_gitpack *p, uint32_t i, struct pl_str data)
{
    free(p->last);
    p->last = NULL;
    if (data.n <= p->o.cache / 2)
        cache_put(p, i, data);
    else
        p->last = (char *)(uintptr_t)data.p;
}

/* The zlib stream of `i` inflated; the caller frees it. */
static int inflate_object(struct pl_gitpack *p, uint32_t i, struct pl_str *ret, struct pl_err *err)
{
    const struct object *o = &p->obj.p[i];
    size_t used;
    if (o->size > p->o.object)
        return pl_fail(err, PL_E_LIMIT, "object of %" PRIu64 " bytes, more than %zu", o->size,
                       p->o.object);
    int r = take_work(p, o->size, err);
    if (r < 0)
        return r;
    char *out = malloc((size_t)o->size + 1);
    if (!out)
        pl_oom(); /* bounded by p->o.object: memory is gone, not the object too large */
    r = pl_zlib_all(p->z, pl_str_sub(p->pack, (size_t)o->at, SIZE_MAX), (uint8_t *)out, o->size,
                    NULL, NULL, &used, err);
    if (r < 0)
        free(out);
    else
        *ret = pl_str_n(out, (size_t)o->size);
    return r;
}

/* Makes the content of delta `i` from that of its base and keeps it. */
static int resolve_one(struct pl_gitpack *p, uint32_t i, struct pl_str base, struct pl_str *ret,
                       struct pl_err *err)
{
    struct pl_str raw;
    uint64_t from = 0, to = 0;
    int r = inflate_object(p, i, &raw, err);
    if (r < 0)
        return r;
    struct pl_str d = raw;
    char *out = NULL;
    if (!delta_number(&d, &from) || !delta_number(&d, &to) || from != base.n)
        r = pl_fail(err, PL_E_FORMAT, "delta does not fit its base");
    else if (to > p->o.object)
        r = pl_fail(err, PL_E_LIMIT, "object of %" PRIu64 " bytes, more than %zu", to, p->o.object);
    else
        r = take_work(p, to, err);
    if (r == 0 && !(out = malloc((size_t)to + 1)))
        r = pl_fail(err, PL_E_NOMEM, "out of memory");
    if (r == 0 && !apply(d, base, out, (size_t)to))
        r = pl_fail(err, PL_E_FORMAT, "damaged delta");
    free((void *)(uintptr_t)raw.p);
    if (r < 0) {
        free(out);
        return r;
    }
    *ret = pl_str_n(out, (size_t)to);
    keep(p, i, *ret);
    return 0;
}

static void give_id(struct pl_gitpack *p, uint32_t i, struct pl_str data)
{
    struct object *o = &p->obj.p[i];
    if (o->has_id || o->kind == PL_GIT_NONE)
        return;
    hash_begin(p, o->kind, data.n);
    pl_hash_add(p->hash, data.p, data.n);
    pl_hash_end(p->hash, o->id);
    o->has_id = true;
}

int pl_gitpack_get(struct pl_gitpack *p, uint32_t i, struct pl_str *ret, struct pl_err *err)
{
    uint32_t chain[CHAIN_MAX], n = 0, at = i;
    while (!p->obj.p[at].data.p && p->obj.p[at].type > PL_GIT_TAG) {
        if (n == CHAIN_MAX)
            return pl_fail(err, PL_E_LIMIT, "chain of more than %d deltas", CHAIN_MAX);
        chain[n++] = at;
        at = p->obj.p[at].base;
        if (at == PL_GIT_NO)
            return pl_fail(err, PL_E_NOENT, "base of a delta is not in the pack");
    }
    struct pl_str data = p->obj.p[at].data;
    if (!data.p) {
        int r = inflate_object(p, at, &data, err);
        if (r < 0)
            return r;
        keep(p, at, data);
    }
    while (n) {
        at = chain[--n];
        if (p->obj.p[at].kind == PL_GIT_NONE)
            p->obj.p[at].kind = p->obj.p[p->obj.p[at].base].kind;
        int r = resolve_one(p, at, data, &data, err);
        if (r < 0)
            return r;
        give_id(p, at, data);
    }
    *ret = data;
    return 0;
}

/* ---- ids ---- */

static int by_id(const void *a, const void *b, void *arg)
{
    const struct pl_gitpack *p = arg;
    return memcmp(p->obj.p[*(const uint32_t *)a].id, p->obj.p[*(const uint32_t *)b].id, p->id_len);
}

void pl_gitpack_index(struct pl_gitpack *p)
{
    if (!p->by_id)
        p->by_id = calloc(p->obj.n + 1, sizeof *p->by_id);
    if (!p->by_id)
        pl_oom();
    p->by_id_n = 0;
    for (uint32_t i = 0; i < p->obj.n; i++)
        if (p->obj.p[i].has_id)
            p->by_id[p->by_id_n++] = i;
    qsort_r(p->by_id, p->by_id_n, sizeof *p->by_id, by_id, p);
}

uint32_t pl_gitpack_find(const struct pl_gitpack *p, const uint8_t *id)
{
    size_t lo = 0, hi = p->by_id_n;
    while (lo < hi) {
        size_t mid = lo + (hi - lo) / 2;
        int c = memcmp(p->obj.p[p->by_id[mid]].id, id, p->id_len);
        if (c == 0)
            return p->by_id[mid];
        if (c < 0)
            lo = mid + 1;
        else
            hi = mid;
    }
    return PL_GIT_NO;
}

/* Finds the bases that are named by id. Such a base may itself be a delta whose id is only known
 * once it is resolved, so this goes round while it makes progress. */
static void find_bases(struct pl_gitpack *p)
{
    bool open = false, progress = true;
    for (size_t i = 0; i < p->obj.n; i++)
        open |= p->obj.p[i].type == PL_GIT_REF_DELTA;
    for (int round = 0; open && progress && round < 64; round++) {
        open = progress = false;
        pl_gitpack_index(p);
        for (uint32_t i = 0; i < p->obj.n; i++) {
            struct object *o = &p->obj.p[i];
            struct pl_str data;
            if (o->base_id && o->base == PL_GIT_NO)
                o->base = pl_gitpack_find(p, o->base_id);
            if (o->has_id)
                continue;
            if (pl_gitpack_get(p, i, &data, NULL) == 0)
                progress = true;
            else
                open = true;
        }
    }
}

int pl_gitpack_open(struct pl_str pack, const struct pl_gitpack_opts *o, struct pl_gitpack **ret,
                    struct pl_err *ret_damage, struct pl_err *err)
{
    if (pack.n < HEADER || memcmp(pack.p, "PACK", 4) != 0)
        return pl_fail(err, PL_E_FORMAT, "not a git pack");
    uint32_t version = pl_be32(pack.p + 4);
    if (version != 2 && version != 3)
        return pl_fail(err, PL_E_FORMAT, "git pack of version %u", version);
    struct pl_gitpack *p = calloc(1, sizeof *p);
    if (!p)
        pl_oom();
    p->pack = pack;
    p->o = *o;
    *ret_damage = (struct pl_err){ .code = 0 };
    if (!find_alg(p))
        pl_fail(ret_damage, PL_E_FORMAT, "checksum of the pack does not fit");
    p->hash = pl_hash_new(p->alg);
    p->z = pl_zlib_new();
    read_objects(p, pl_be32(pack.p + 8), ret_damage);
    find_bases(p);
    pl_gitpack_index(p);
    *ret = p;
    return 0;
}

void pl_gitpack_free(struct pl_gitpack *p)
{
    if (!p)
        return;
    for (size_t i = 0; i < p->obj.n; i++)
        free((void *)(uintptr_t)p->obj.p[i].data.p);
    pl_vec_release(&p->obj);
    free(p->last);
    free(p->by_id);
    pl_hash_free(p->hash);
    pl_zlib_free(p->z);
    free(p);
}

uint32_t pl_gitpack_count(const struct pl_gitpack *p)
{
    return (uint32_t)p->obj.n;
}

size_t pl_gitpack_id_len(const struct pl_gitpack *p)
{
    return p->id_len;
}

struct pl_git_object pl_gitpack_object(const struct pl_gitpack *p, uint32_t i)
{
    const struct object *o = &p->obj.p[i];
    struct pl_git_object r = { .type = o->kind, .size = o->size, .id = o->has_id ? o->id : NULL };
    if (o->type <= PL_GIT_TAG)
        r.whole = pl_str_sub(p->pack, (size_t)o->at, SIZE_MAX);
    return r;
}
