/* Messages between parent and child. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "scan/proto.h"

#include "base/cleanup.h"

#define NAMES_MAX 64u
#define LIST_MAX 100000u
#define PATH_MAX_BYTES (1u << 20) /* above any limits->path */

static void put_names(struct pl_buf *b, const struct pl_names *n)
{
    pl_put_var(b, n->n);
    for (size_t i = 0; i < n->n; i++)
        pl_put_str(b, n->p[i]);
}

static uint64_t get_count(struct pl_rd *r, uint64_t max)
{
    uint64_t n = pl_get_var(r);
    /* every element takes at least one byte */
    if (n > max || n > (uint64_t)(r->end - r->p))
        r->bad = true;
    return r->bad ? 0 : n;
}

static void get_names(struct pl_rd *r, struct pl_arena *a, struct pl_names *ret)
{
    ret->n = get_count(r, NAMES_MAX);
    ret->p = ret->n ? pl_alloc_n(a, ret->n, sizeof *ret->p) : NULL;
    for (size_t i = 0; i < ret->n; i++)
        ret->p[i] = pl_dup(a, pl_get_str(r));
}

static struct pl_str get_dup(struct pl_rd *r, struct pl_arena *a)
{
    return pl_dup(a, pl_get_str(r));
}

void pl_put_job(struct pl_buf *b, const struct pl_job_params *j)
{
    pl_put_u8(b, (uint8_t)j->kind);
    pl_put_u32(b, j->flags);
    pl_put_str(b, j->media_type);
    pl_put_str(b, j->name);
    pl_put_str(b, j->hash_path);
    pl_put_u8(b, (uint8_t)j->grab);
    pl_put_u32(b, j->ordinal);
    pl_put_str(b, j->path);
    pl_buf_putn(b, j->secret, sizeof j->secret);
    put_names(b, &j->nested);
}

bool pl_get_job(struct pl_rd *r, struct pl_arena *a, struct pl_job_params *ret)
{
    *ret = (struct pl_job_params){ .kind = pl_get_u8(r) };
    ret->flags = pl_get_u32(r);
    ret->media_type = get_dup(r, a);
    ret->name = get_dup(r, a);
    ret->hash_path = get_dup(r, a);
    ret->grab = pl_get_u8(r);
    ret->ordinal = pl_get_u32(r);
    ret->path = get_dup(r, a);
    pl_get_raw(r, ret->secret, sizeof ret->secret);
    get_names(r, a, &ret->nested);
    return !r->bad;
}

void pl_put_hit(struct pl_buf *b, const struct pl_hit *h)
{
    pl_put_u32(b, h->rule);
    pl_put_u32(b, h->ordinal);
    pl_put_u8(b, (uint8_t)h->severity);
    pl_put_u8(b, (uint8_t)h->where.surface);
    pl_put_str(b, h->where.path);
    pl_put_var(b, h->where.line);
    pl_put_var(b, h->where.col);
    pl_put_var(b, h->where.end_line);
    pl_put_var(b, h->where.end_col);
    pl_put_var(b, h->where.off);
    put_names(b, &h->where.nested);
    pl_put_str(b, h->reason);
    pl_put_str(b, h->decoded);
    pl_put_str(b, h->evidence);
    pl_put_u8(b, h->has_value);
    pl_put_str(b, h->value);
    pl_buf_putn(b, h->hash, sizeof h->hash);
    pl_put_u8(b, h->raw_too);
    pl_put_u8(b, h->visible);
    pl_put_u32(b, h->history);
    pl_put_str(b, h->allow);
}

bool pl_get_hit(struct pl_rd *r, struct pl_arena *a, struct pl_hit *ret)
{
    *ret = (struct pl_hit){ .rule = pl_get_u32(r) };
    ret->ordinal = pl_get_u32(r);
    uint8_t sev = pl_get_u8(r), surf = pl_get_u8(r);
    if (sev >= PL_SEV_COUNT || surf >= PL_SURF_COUNT)
        r->bad = true;
    ret->severity = sev;
    ret->where.surface = surf;
    ret->where.path = get_dup(r, a);
    ret->where.line = (uint32_t)pl_get_var(r);
    ret->where.col = (uint32_t)pl_get_var(r);
    ret->where.end_line = (uint32_t)pl_get_var(r);
    ret->where.end_col = (uint32_t)pl_get_var(r);
    ret->where.off = pl_get_var(r);
    get_names(r, a, &ret->where.nested);
    ret->reason = get_dup(r, a);
    ret->decoded = get_dup(r, a);
    ret->evidence = get_dup(r, a);
    ret->has_value = pl_get_u8(r) != 0;
    ret->value = get_dup(r, a);
    pl_get_raw(r, ret->hash, sizeof ret->hash);
    ret->raw_too = pl_get_u8(r) != 0;
    ret->visible = pl_get_u8(r) != 0;
    ret->history = pl_get_u32(r);
    ret->allow = get_dup(r, a);
    return !r->bad;
}

void pl_put_pkg(struct pl_buf *b, const struct pl_pkg *p)
{
    const struct pl_str text[] = { p->type,  p->ns,     p->name,           p->version,
                                   p->arch,  p->source, p->source_version, p->licence,
                                   p->quals, p->by };
    for (size_t i = 0; i < PL_COUNT(text); i++)
        pl_put_str(b, text[i]);
    pl_put_u32(b, p->flags);
    pl_put_u32(b, p->ordinal);
    put_names(b, &p->nested);
}

bool pl_get_pkg(struct pl_rd *r, struct pl_arena *a, struct pl_pkg *ret)
{
    *ret = (struct pl_pkg){ .flags = 0 };
    struct pl_str *text[] = { &ret->type,  &ret->ns,     &ret->name,           &ret->version,
                              &ret->arch,  &ret->source, &ret->source_version, &ret->licence,
                              &ret->quals, &ret->by };
    for (size_t i = 0; i < PL_COUNT(text); i++)
        *text[i] = get_dup(r, a);
    ret->flags = pl_get_u32(r);
    ret->ordinal = pl_get_u32(r);
    get_names(r, a, &ret->nested);
    return !r->bad && ret->type.n && ret->name.n;
}

static void put_span(struct pl_buf *b, const struct pl_span *s)
{
    pl_put_u32(b, s->introduced);
    pl_put_u32(b, s->hidden);
    pl_put_u8(b, (uint8_t)s->how);
    pl_put_u8(b, s->visible);
}

static void get_span(struct pl_rd *r, struct pl_span *ret)
{
    ret->introduced = pl_get_u32(r);
    ret->hidden = pl_get_u32(r);
    uint8_t how = pl_get_u8(r);
    ret->how = how <= PL_HOW_REPLACED ? (enum pl_how)how : PL_HOW_NONE;
    r->bad |= how > PL_HOW_REPLACED;
    ret->visible = pl_get_u8(r) != 0;
}

void pl_put_package(struct pl_buf *b, const struct pl_package *p)
{
    pl_put_pkg(b, &p->pkg);
    pl_put_str(b, p->purl);
    pl_put_str(b, p->distro);
    pl_put_str(b, p->owned_by);
    put_names(b, &p->paths);
    put_span(b, &p->span);
}

bool pl_get_package(struct pl_rd *r, struct pl_arena *a, struct pl_package *ret)
{
    *ret = (struct pl_package){ .scheme = NULL };
    if (!pl_get_pkg(r, a, &ret->pkg))
        return false;
    ret->purl = get_dup(r, a);
    ret->distro = get_dup(r, a);
    ret->owned_by = get_dup(r, a);
    get_names(r, a, &ret->paths);
    get_span(r, &ret->span);
    return !r->bad;
}

void pl_put_about(struct pl_buf *b, const struct pl_about *d)
{
    pl_put_str(b, d->name);
    pl_put_str(b, d->digest);
    pl_put_str(b, d->platform);
    pl_put_u32(b, (uint32_t)d->n);
    for (size_t i = 0; i < d->n; i++) {
        const struct pl_layer_info *l = &d->layers[i];
        pl_put_str(b, l->digest);
        pl_put_str(b, l->diff_id);
        pl_put_str(b, l->created_by);
        pl_put_u8(b, l->has_created_by);
        pl_put_u64(b, l->bytes);
        pl_put_u64(b, l->files);
    }
}

bool pl_get_about(struct pl_rd *r, struct pl_arena *a, struct pl_about *ret)
{
    ret->name = get_dup(r, a);
    ret->digest = get_dup(r, a);
    ret->platform = get_dup(r, a);
    ret->n = pl_get_u32(r);
    if (r->bad || ret->n > PL_ABOUT_LAYERS)
        return false;
    ret->layers = pl_alloc_n(a, ret->n, sizeof *ret->layers);
    for (size_t i = 0; i < ret->n; i++) {
        struct pl_layer_info *l = &ret->layers[i];
        l->index = (uint32_t)i;
        l->digest = get_dup(r, a);
        l->diff_id = get_dup(r, a);
        l->created_by = get_dup(r, a);
        l->has_created_by = pl_get_u8(r) != 0;
        l->bytes = pl_get_u64(r);
        l->files = pl_get_u64(r);
    }
    return !r->bad;
}

/* Who could make two paths meet could as well name the other in the list: no salt is needed. */
uint64_t pl_claim_hash(struct pl_str path)
{
    uint64_t h = 0xcbf29ce484222325u;
    for (size_t i = 0; i < path.n; i++)
        h = (h ^ (uint8_t)path.p[i]) * 0x100000001b3u;
    return h ^ h >> 29;
}

void pl_put_claim(struct pl_buf *b, const struct pl_claim *c)
{
    pl_put_str(b, c->root);
    pl_put_str(b, c->owner);
    pl_put_u32(b, (uint32_t)c->n);
    for (size_t i = 0; i < c->n; i++)
        pl_put_u64(b, c->file[i]);
    pl_put_u8(b, c->alg);
    pl_put_u8(b, c->partial);
    for (size_t i = 0; c->alg && i < c->n; i++)
        pl_put_u64(b, c->sum[i]);
}

bool pl_get_claim(struct pl_rd *r, struct pl_arena *a, struct pl_claim *ret)
{
    ret->root = get_dup(r, a);
    ret->owner = get_dup(r, a);
    ret->n = pl_get_u32(r);
    if (r->bad || ret->n > PL_CLAIM_FILES)
        return false;
    ret->file = pl_alloc_n(a, ret->n, sizeof *ret->file);
    for (size_t i = 0; i < ret->n; i++)
        ret->file[i] = pl_get_u64(r);
    ret->alg = pl_get_u8(r);
    ret->partial = pl_get_u8(r);
    if (r->bad || ret->alg >= PL_SUM_ALGS)
        return false;
    ret->sum = ret->alg ? pl_alloc_n(a, ret->n, sizeof *ret->sum) : NULL;
    for (size_t i = 0; ret->alg && i < ret->n; i++)
        ret->sum[i] = pl_get_u64(r);
    return !r->bad;
}

void pl_put_entry_hash(struct pl_buf *b, const struct pl_entry_hash *h)
{
    pl_put_u32(b, h->ordinal);
    pl_buf_putn(b, h->sum, sizeof h->sum);
    for (size_t i = 0; i < PL_SUM_ALGS; i++)
        pl_put_u64(b, h->head[i]);
}

bool pl_get_entry_hash(struct pl_rd *r, struct pl_entry_hash *ret)
{
    ret->ordinal = pl_get_u32(r);
    pl_get_raw(r, ret->sum, sizeof ret->sum);
    for (size_t i = 0; i < PL_SUM_ALGS; i++)
        ret->head[i] = pl_get_u64(r);
    return !r->bad;
}

void pl_put_fact(struct pl_buf *b, const struct pl_fact *f)
{
    pl_put_u8(b, (uint8_t)f->kind);
    pl_put_u32(b, f->ordinal);
    pl_put_u32(b, f->traits);
    pl_put_str(b, f->body);
}

bool pl_get_fact(struct pl_rd *r, struct pl_arena *a, struct pl_fact *ret)
{
    uint8_t kind = pl_get_u8(r);
    *ret = (struct pl_fact){ .kind = (enum pl_fact_kind)kind };
    ret->ordinal = pl_get_u32(r);
    ret->traits = pl_get_u32(r);
    ret->body = get_dup(r, a);
    return !r->bad && kind <= PL_FACT_CONFIG;
}

void pl_put_note(struct pl_buf *b, const struct pl_note *n)
{
    pl_put_u8(b, (uint8_t)n->scope);
    pl_put_u8(b, n->incomplete);
    pl_put_str(b, n->where);
    pl_put_str(b, n->code);
    pl_put_str(b, n->message);
}

bool pl_get_note(struct pl_rd *r, struct pl_arena *a, struct pl_note *ret)
{
    uint8_t scope = pl_get_u8(r);
    if (scope > PL_SCOPE_RUN)
        r->bad = true;
    *ret = (struct pl_note){ .scope = scope };
    ret->incomplete = pl_get_u8(r) != 0;
    ret->where = get_dup(r, a);
    ret->code = get_dup(r, a);
    ret->message = get_dup(r, a);
    return !r->bad;
}

void pl_put_entry(struct pl_buf *b, struct pl_entry_coder *c, const struct pl_entry *e)
{
    size_t common = 0;
    while (common < e->path.n && common < c->last.n && c->last.p[common] == e->path.p[common])
        common++;
    pl_put_var(b, common);
    pl_put_str(b, pl_str_sub(e->path, common, e->path.n));
    c->last.n = common;
    pl_buf_putn(&c->last, e->path.p + common, e->path.n - common);
    pl_put_u8(b, (uint8_t)e->kind);
    pl_put_var(b, e->flags);
    pl_put_var(b, e->mode);
    pl_put_var(b, e->uid);
    pl_put_var(b, e->gid);
    pl_put_var(b, e->size);
    pl_put_var(b, e->at);
    pl_put_u64(b, (uint64_t)e->mtime_ns);
    pl_put_str(b, e->link);
}

bool pl_get_entry(struct pl_rd *r, struct pl_entry_coder *c, struct pl_entry *ret)
{
    uint64_t common = pl_get_var(r);
    struct pl_str tail = pl_get_str(r);
    if (common > c->last.n || tail.n > PATH_MAX_BYTES || common + tail.n > PATH_MAX_BYTES)
        r->bad = true;
    if (r->bad)
        return false;
    c->last.n = common;
    pl_buf_putn(&c->last, tail.p, tail.n);
    uint8_t kind = pl_get_u8(r);
    if (kind > PL_ENTRY_OTHER)
        r->bad = true;
    *ret = (struct pl_entry){ .path = pl_buf_str(&c->last), .kind = kind };
    ret->flags = (uint32_t)pl_get_var(r);
    ret->mode = (uint32_t)pl_get_var(r);
    ret->uid = (uint32_t)pl_get_var(r);
    ret->gid = (uint32_t)pl_get_var(r);
    ret->size = pl_get_var(r);
    ret->at = pl_get_var(r);
    ret->mtime_ns = (int64_t)pl_get_u64(r);
    ret->link = pl_get_str(r);
    return !r->bad;
}

static void put_digest(struct pl_buf *b, const struct pl_digest *d)
{
    pl_put_u8(b, d->set);
    pl_put_u8(b, (uint8_t)d->alg);
    pl_buf_putn(b, d->b, sizeof d->b);
}

static void get_digest(struct pl_rd *r, struct pl_digest *ret)
{
    ret->set = pl_get_u8(r) != 0;
    uint8_t alg = pl_get_u8(r);
    if (alg > PL_HASH_SHA1)
        r->bad = true;
    ret->alg = alg;
    pl_get_raw(r, ret->b, sizeof ret->b);
}

static void put_platform(struct pl_buf *b, const struct pl_platform *p)
{
    pl_put_str(b, p->os);
    pl_put_str(b, p->arch);
    pl_put_str(b, p->variant);
}

static void get_platform(struct pl_rd *r, struct pl_arena *a, struct pl_platform *ret)
{
    ret->os = get_dup(r, a);
    ret->arch = get_dup(r, a);
    ret->variant = get_dup(r, a);
}

/* `data` stays in the child: it is content, scanned there. */
static void put_descriptor(struct pl_buf *b, const struct pl_descriptor *d)
{
    pl_put_str(b, d->media_type);
    pl_put_str(b, d->artifact_type);
    put_digest(b, &d->digest);
    pl_put_u64(b, d->size);
    put_platform(b, &d->platform);
    pl_put_str(b, d->ref_name);
    pl_put_str(b, d->reference_type);
    pl_put_str(b, d->reference_digest);
    pl_put_u8(b, d->has_data);
    pl_put_u8(b, d->has_urls);
    pl_put_str(b, d->url);
}

static void get_descriptor(struct pl_rd *r, struct pl_arena *a, struct pl_descriptor *ret)
{
    ret->media_type = get_dup(r, a);
    ret->artifact_type = get_dup(r, a);
    get_digest(r, &ret->digest);
    ret->size = pl_get_u64(r);
    get_platform(r, a, &ret->platform);
    ret->ref_name = get_dup(r, a);
    ret->reference_type = get_dup(r, a);
    ret->reference_digest = get_dup(r, a);
    ret->has_data = pl_get_u8(r) != 0;
    ret->has_urls = pl_get_u8(r) != 0;
    ret->url = get_dup(r, a);
}

static void put_strs(struct pl_buf *b, const struct pl_str *p, size_t n)
{
    pl_put_var(b, n);
    for (size_t i = 0; i < n; i++)
        pl_put_str(b, p[i]);
}

static size_t get_strs(struct pl_rd *r, struct pl_arena *a, struct pl_str **ret)
{
    size_t n = get_count(r, LIST_MAX);
    *ret = n ? pl_alloc_n(a, n, sizeof **ret) : NULL;
    for (size_t i = 0; i < n; i++)
        (*ret)[i] = get_dup(r, a);
    return n;
}

void pl_put_doc(struct pl_buf *b, const struct pl_doc *d)
{
    pl_put_u8(b, (uint8_t)d->kind);
    pl_put_str(b, d->media_type);
    pl_put_str(b, d->artifact_type);
    pl_put_var(b, d->n_items);
    for (size_t i = 0; i < d->n_items; i++)
        put_descriptor(b, &d->items[i]);
    put_descriptor(b, &d->config);
    put_descriptor(b, &d->subject);
    put_platform(b, &d->platform);
    pl_put_var(b, d->n_diff_ids);
    for (size_t i = 0; i < d->n_diff_ids; i++)
        put_digest(b, &d->diff_ids[i]);
    pl_put_u8(b, d->has_history);
    pl_put_var(b, d->n_history);
    for (size_t i = 0; i < d->n_history; i++) {
        const struct pl_history *h = &d->history[i];
        pl_put_str(b, h->created);
        pl_put_str(b, h->created_by);
        pl_put_str(b, h->comment);
        pl_put_str(b, h->author);
        pl_put_u8(b, h->has_created_by);
        pl_put_u8(b, h->empty_layer);
    }
    pl_put_var(b, d->n_images);
    for (size_t i = 0; i < d->n_images; i++) {
        pl_put_str(b, d->images[i].config);
        put_strs(b, d->images[i].tags, d->images[i].n_tags);
        put_strs(b, d->images[i].layers, d->images[i].n_layers);
    }
}

static void get_history(struct pl_rd *r, struct pl_arena *a, struct pl_doc *ret)
{
    ret->has_history = pl_get_u8(r) != 0;
    ret->n_history = get_count(r, LIST_MAX);
    ret->history = ret->n_history ? pl_alloc_n(a, ret->n_history, sizeof *ret->history) : NULL;
    for (size_t i = 0; i < ret->n_history; i++) {
        struct pl_history *h = &ret->history[i];
        h->created = get_dup(r, a);
        h->created_by = get_dup(r, a);
        h->comment = get_dup(r, a);
        h->author = get_dup(r, a);
        h->has_created_by = pl_get_u8(r) != 0;
        h->empty_layer = pl_get_u8(r) != 0;
    }
}

bool pl_get_doc(struct pl_rd *r, struct pl_arena *a, struct pl_doc *ret)
{
    memset(ret, 0, sizeof *ret);
    uint8_t kind = pl_get_u8(r);
    if (kind > PL_DOC_ARCHIVE)
        r->bad = true;
    ret->kind = kind;
    ret->media_type = get_dup(r, a);
    ret->artifact_type = get_dup(r, a);
    ret->n_items = get_count(r, LIST_MAX);
    ret->items = ret->n_items ? pl_alloc_n(a, ret->n_items, sizeof *ret->items) : NULL;
    for (size_t i = 0; i < ret->n_items; i++)
        get_descriptor(r, a, &ret->items[i]);
    get_descriptor(r, a, &ret->config);
    get_descriptor(r, a, &ret->subject);
    get_platform(r, a, &ret->platform);
    ret->n_diff_ids = get_count(r, LIST_MAX);
    ret->diff_ids = ret->n_diff_ids ? pl_alloc_n(a, ret->n_diff_ids, sizeof *ret->diff_ids) : NULL;
    for (size_t i = 0; i < ret->n_diff_ids; i++)
        get_digest(r, &ret->diff_ids[i]);
    get_history(r, a, ret);
    ret->n_images = get_count(r, LIST_MAX);
    ret->images = ret->n_images ? pl_alloc_n(a, ret->n_images, sizeof *ret->images) : NULL;
    for (size_t i = 0; i < ret->n_images; i++) {
        ret->images[i].config = get_dup(r, a);
        ret->images[i].n_tags = get_strs(r, a, &ret->images[i].tags);
        ret->images[i].n_layers = get_strs(r, a, &ret->images[i].layers);
    }
    return !r->bad;
}

void pl_put_member(struct pl_buf *b, const struct pl_member_msg *m)
{
    pl_put_str(b, m->name);
    pl_put_str(b, m->link);
    pl_put_u8(b, m->kind);
    pl_put_u64(b, m->size);
    pl_put_u64(b, m->at);
}

bool pl_get_member(struct pl_rd *r, struct pl_arena *a, struct pl_member_msg *ret)
{
    ret->name = get_dup(r, a);
    ret->link = get_dup(r, a);
    ret->kind = pl_get_u8(r);
    ret->size = pl_get_u64(r);
    ret->at = pl_get_u64(r);
    if (ret->kind > PL_ENTRY_OTHER)
        r->bad = true;
    return !r->bad;
}

void pl_put_done(struct pl_buf *b, const struct pl_done *d)
{
    pl_put_u8(b, (uint8_t)d->kind);
    pl_put_u8(b, d->complete);
    pl_put_u8(b, d->has_diff);
    pl_buf_putn(b, d->diff_id, sizeof d->diff_id);
    pl_put_u64(b, d->bytes);
    pl_put_u64(b, d->seen);
    pl_put_u32(b, d->entries);
}

bool pl_get_done(struct pl_rd *r, struct pl_done *ret)
{
    uint8_t kind = pl_get_u8(r);
    if (kind > PL_BLOB_EMPTY)
        r->bad = true;
    ret->kind = kind;
    ret->complete = pl_get_u8(r) != 0;
    ret->has_diff = pl_get_u8(r) != 0;
    pl_get_raw(r, ret->diff_id, sizeof ret->diff_id);
    ret->bytes = pl_get_u64(r);
    ret->seen = pl_get_u64(r);
    ret->entries = pl_get_u32(r);
    return !r->bad;
}
