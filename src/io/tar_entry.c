/* From a header block, and the extension headers before it, to an entry with its body. Where two of
 * them disagree the reading is that of container runtimes. */
/* SPDX-License-Identifier: Apache-2.0 */
#include <inttypes.h>

#include "io/tar_int.h"

/* Sizes from here on a header's octal field cannot hold, so that only the record is right. */
#define OCTAL_MAX ((int64_t)1 << 33)

/* Applies the records of the extended headers. */
static struct pl_pax merge(const struct pl_tar *t)
{
    struct pl_pax x = t->global;
    struct pl_str key, value;
    for (const struct pl_tar_ext_body *b = t->ext.first; b; b = b->next) {
        struct pl_str rest = b->p;
        while (pl_pax_next(&rest, &key, &value) > 0)
            pl_pax_apply(&x, key, value);
    }
    return x;
}

/* 0: no sparse file by PAX records; else their version. */
enum sparse_kind { NOT_SPARSE, SPARSE_OLD, SPARSE_0, SPARSE_1, SPARSE_UNKNOWN };

static enum sparse_kind sparse_kind(const struct pl_tar_head *h, const struct pl_pax *x)
{
    if (h->type == 'S')
        return h->layout == PL_TAR_GNU ? SPARSE_OLD : SPARSE_UNKNOWN;
    if (h->type != '0' && h->type != 0 && h->type != '7')
        return NOT_SPARSE;
    if (x->has & (PL_PAX_MAJOR | PL_PAX_MINOR)) {
        uint64_t major = x->has & PL_PAX_MAJOR ? x->major : UINT64_MAX;
        uint64_t minor = x->has & PL_PAX_MINOR ? x->minor : UINT64_MAX;
        if (major == 1 && minor == 0)
            return SPARSE_1;
        return major == 0 && minor <= 1 ? SPARSE_0 : SPARSE_UNKNOWN;
    }
    return x->has & (PL_PAX_MAP | PL_PAX_PAIRS) ? SPARSE_0 : NOT_SPARSE;
}

static struct pl_str header_name(struct pl_tar *t, const struct pl_tar_head *h)
{
    if (h->prefix.n == 0)
        return pl_dup(&t->scratch, h->name);
    char *p = pl_alloc(&t->scratch, h->prefix.n + 1 + h->name.n);
    memcpy(p, h->prefix.p, h->prefix.n);
    p[h->prefix.n] = '/';
    memcpy(p + h->prefix.n + 1, h->name.p, h->name.n);
    return pl_str_n(p, h->prefix.n + 1 + h->name.n);
}

/* Cuts what is above the limit; all of it is offered. */
static struct pl_str bounded(struct pl_tar *t, struct pl_str s, uint64_t off)
{
    if (s.n <= t->limits.path)
        return s;
    pl_tar_note(t, "tar-limit:path", "path or link name above the limit");
    pl_tar_offer(t, PL_TAR_NAME, pl_str_c(NULL), s, off);
    return pl_str_sub(s, 0, (size_t)t->limits.path);
}

/* Sets ret->path and t->path; returns the name as it was written. */
static struct pl_str resolve_path(struct pl_tar *t, const struct pl_tar_head *h,
                                  const struct pl_pax *x, bool sparse, struct pl_entry *ret)
{
    const struct pl_tar_long *gnu = &t->ext.name;
    struct pl_str header = header_name(t, h), raw = header;
    bool by_sparse = sparse && x->has & PL_PAX_SPARSE_NAME, unsafe;
    if (x->has & PL_PAX_PATH)
        raw = x->path;
    if (gnu->has)
        raw = gnu->text;
    if (by_sparse)
        raw = x->sparse_name;
    t->path = pl_str_sub(pl_tar_path(&t->scratch, raw, &unsafe), 0, (size_t)t->limits.path);
    ret->path = t->path;
    ret->flags |= unsafe ? PL_ENTRY_UNSAFE : 0;
    ret->flags |= raw.n > 4096 ? PL_ENTRY_LONG : 0;
    bounded(t, raw, t->in->off);
    if (raw.p != header.p)
        pl_tar_offer_name(t, header, t->path, t->in->off);
    if (by_sparse && gnu->has)
        pl_tar_offer_name(t, gnu->text, t->path, gnu->off);
    return raw;
}

static void resolve_link(struct pl_tar *t, const struct pl_tar_head *h, const struct pl_pax *x,
                         struct pl_entry *ret)
{
    const struct pl_tar_long *gnu = &t->ext.link;
    bool is_link = ret->kind == PL_ENTRY_HARDLINK || ret->kind == PL_ENTRY_SYMLINK, unsafe;
    ret->link = pl_str_c(NULL);
    if (!is_link) {
        pl_tar_offer(t, PL_TAR_NAME, pl_str_c(NULL), gnu->text, gnu->off);
        return;
    }
    struct pl_str raw = pl_dup(&t->scratch, h->link), header = raw;
    if (x->has & PL_PAX_LINK)
        raw = x->link;
    if (gnu->has)
        raw = gnu->text;
    bool replaced = raw.p != header.p;
    raw = bounded(t, raw, t->in->off);
    ret->link = ret->kind == PL_ENTRY_HARDLINK ? pl_tar_path(&t->scratch, raw, &unsafe) : raw;
    if (replaced)
        pl_tar_offer_name(t, header, ret->link, t->in->off + 157);
}

static enum pl_entry_kind kind(uint8_t type, bool slash)
{
    switch (type) {
    case 0:
        return slash ? PL_ENTRY_DIR : PL_ENTRY_FILE; /* before POSIX a directory had no type */
    case '0':
    case '7':
    case 'S':
        return PL_ENTRY_FILE;
    case '1':
        return PL_ENTRY_HARDLINK;
    case '2':
        return PL_ENTRY_SYMLINK;
    case '3':
    case '4':
    case '6':
        return PL_ENTRY_DEVICE;
    case '5':
    case 'D':
        return PL_ENTRY_DIR;
    default:
        return PL_ENTRY_OTHER;
    }
}

static void resolve_meta(struct pl_tar *t, const struct pl_tar_head *h, const struct pl_pax *x,
                         struct pl_entry *ret)
{
    ret->mode = h->mode;
    ret->uid = x->has & PL_PAX_UID ? x->uid : h->uid;
    ret->gid = x->has & PL_PAX_GID ? x->gid : h->gid;
    if (x->has & PL_PAX_MTIME)
        ret->mtime_ns = x->mtime_ns;
    else if (__builtin_mul_overflow(h->mtime, (int64_t)1000000000, &ret->mtime_ns))
        ret->mtime_ns = h->mtime < 0 ? INT64_MIN : INT64_MAX;
    ret->flags |= h->type == '3' && h->dev00 ? PL_ENTRY_DEV00 : 0;
    ret->flags |= x->has & PL_PAX_OVERLAY ? PL_ENTRY_OVERLAY : 0;
    if (h->bad & ~(unsigned)PL_TAR_BAD_SIZE || x->has & PL_PAX_BAD_OTHER)
        pl_tar_note(t, "tar-number", "mode, owner or time is no number or out of range");
    if (h->signed_sum)
        pl_tar_note(t, "tar-signed-sum", "header checksum counts signed bytes");
}

/* Is the block behind this one a header, the end mark, or missing? What `h` shows as text is gone
 * after it. */
static bool header_follows(struct pl_view *in)
{
    pl_view_ahead(in, 2 * PL_TAR_BLOCK, /* err= */ NULL); /* a failure is met by who reads on */
    const uint8_t *b = in->p + PL_TAR_BLOCK;
    return in->n < 2 * PL_TAR_BLOCK || pl_tar_zero(b, PL_TAR_BLOCK) ||
           pl_tar_bid(b, PL_TAR_BLOCK) > 0;
}

/* Bytes of the body on tape. */
static int body_size(struct pl_tar *t, const struct pl_tar_head *h, const struct pl_pax *x,
                     uint64_t *ret, struct pl_err *err)
{
    int64_t n = x->has & PL_PAX_SIZE ? x->size : h->size;
    if (h->bad & PL_TAR_BAD_SIZE || x->has & PL_PAX_BAD_SIZE || n < 0 ||
        (uint64_t)n > INT64_MAX - t->in->off - 2 * PL_TAR_BLOCK)
        return pl_fail(err, PL_E_FORMAT, "impossible size");
    if (x->has & PL_PAX_SIZE && n < OCTAL_MAX && h->size != n)
        pl_tar_note(t, "tar-size", "header and extended header give different sizes");
    /* These have no content, but some writers give the size of what a link points to, and POSIX
     * lets a hard link have a body. Where a header follows there is none. */
    if (n > 0 && h->type >= '1' && h->type <= '6' && header_follows(t->in)) {
        pl_tar_note(t, "tar-size", "a size, but no body");
        n = 0;
    }
    *ret = (uint64_t)n;
    return 0;
}

/* An old GNU map: four pairs in the header, 21 in each block that follows. */
static int old_map(struct pl_tar *t, int64_t *ret_size, struct pl_err *err)
{
    struct pl_view *in = t->in;
    const uint8_t *b = in->p;
    size_t used;
    uint64_t bytes = 0;
    int rc = pl_sparse_add_old(&t->sparse, b + 386, 4, &used, err);
    if (rc < 0)
        return rc;
    pl_tar_offer_nonzero(t, PL_TAR_UNUSED, b + 386 + used, 96 - used, in->off + 386 + used, false);
    bool more = b[482] != 0, ended = rc > 0;
    if (!pl_tar_number(b + 483, 12, ret_size) || *ret_size < 0)
        return pl_fail(err, PL_E_FORMAT, "impossible size");
    pl_view_consume(in, PL_TAR_BLOCK);
    while (more) {
        bytes += PL_TAR_BLOCK;
        if (bytes > t->limits.sparse)
            return pl_fail(err, PL_E_LIMIT, "sparse map above %" PRIu64 " bytes (limit sparse)",
                           t->limits.sparse);
        rc = pl_view_ahead(in, PL_TAR_BLOCK, err);
        if (rc < 0)
            return rc;
        if (in->n < PL_TAR_BLOCK)
            return pl_fail(err, PL_E_FORMAT, "cut at offset %" PRIu64, in->off + in->n);
        used = 0;
        rc = ended ? 1 : pl_sparse_add_old(&t->sparse, in->p, 21, &used, err);
        if (rc < 0)
            return rc;
        ended = rc > 0;
        more = in->p[504] != 0;
        pl_tar_offer_nonzero(t, PL_TAR_UNUSED, in->p + used, 504 - used, in->off + used, false);
        pl_tar_offer_nonzero(t, PL_TAR_UNUSED, in->p + 505, 7, in->off + 505, false);
        pl_view_consume(in, PL_TAR_BLOCK);
    }
    return 0;
}

/* Version 0.0: one record for each offset and each length. */
static int pair_map(struct pl_tar *t, struct pl_err *err)
{
    struct pl_str key, value;
    uint64_t off = 0, n;
    int want = 1;
    for (const struct pl_tar_ext_body *b = t->ext.first; b; b = b->next) {
        struct pl_str rest = b->p;
        while (pl_pax_next(&rest, &key, &value) > 0) {
            int which = pl_pax_pair(key);
            if (which == 0)
                continue;
            if (which != want || !pl_str_u64(value, &n) || n > INT64_MAX)
                return pl_fail(err, PL_E_FORMAT, "sparse map is out of order");
            int rc = which == 2 ? pl_sparse_add(&t->sparse, (int64_t)off, (int64_t)n, err) : 0;
            if (rc < 0)
                return rc;
            off = n;
            want = 3 - want;
        }
    }
    return want == 1 ? 0 : pl_fail(err, PL_E_FORMAT, "sparse map is out of order");
}

static int pax_map(struct pl_tar *t, const struct pl_pax *x, struct pl_err *err)
{
    if (!(x->has & PL_PAX_MAP))
        return pair_map(t, err);
    if (x->map.n > t->limits.sparse)
        return pl_fail(err, PL_E_LIMIT, "sparse map above %" PRIu64 " bytes (limit sparse)",
                       t->limits.sparse);
    return pl_sparse_add_text(&t->sparse, x->map, err);
}

/* Version 1.0: the map fills the first blocks of the body. */
static int body_map(struct pl_tar *t, struct pl_err *err)
{
    struct pl_view *v = &t->body.v;
    int rc = pl_sparse_add_body(&t->sparse, v, t->limits.sparse, err);
    if (rc < 0)
        return rc;
    size_t pad = -v->off & (PL_TAR_BLOCK - 1);
    rc = pl_view_ahead(v, pad, err);
    if (rc < 0)
        return rc;
    if (v->n < pad)
        return pl_fail(err, PL_E_FORMAT, "sparse map is cut");
    pl_tar_offer_nonzero(t, PL_TAR_PADDING, v->p, pad, t->in->off + v->off - t->body.synced, false);
    pl_view_consume(v, pad);
    return 0;
}

/* Puts the expander over the body. */
static int open_sparse(struct pl_tar *t, uint64_t size, struct pl_entry *ret, struct pl_err *err)
{
    int rc = pl_sparse_start(&t->sparse, &t->body.v, t->body.left, size, err);
    if (rc < 0)
        return rc;
    uint64_t holes = pl_sparse_holes(&t->sparse), max;
    if (__builtin_mul_overflow(t->in->off, t->limits.layer_ratio, &max) ||
        __builtin_add_overflow(max, t->limits.layer_out, &max))
        max = UINT64_MAX;
    if (t->holes > max || holes > max - t->holes)
        t->sparse.over = true;
    else
        t->holes += holes;
    ret->flags |= PL_ENTRY_SPARSE;
    ret->size = size;
    ret->body = size > 0 ? &t->sparse.v : NULL;
    return 0;
}

/* Takes the header and opens the body of `n` bytes behind it. */
static int open_body(struct pl_tar *t, const struct pl_pax *x, enum sparse_kind sparse, uint64_t n,
                     struct pl_entry *ret, struct pl_err *err)
{
    int64_t size = x->has & PL_PAX_REALSIZE ? x->realsize : (int64_t)n;
    int rc = 0;
    t->sparse.map.n = 0;
    if (sparse == SPARSE_OLD)
        rc = old_map(t, &size, err);
    else
        pl_view_consume(t->in, PL_TAR_BLOCK);
    if (rc < 0)
        return rc;
    t->open = true;
    t->pad = -(size_t)n & (PL_TAR_BLOCK - 1);
    pl_sub_init(&t->body, t->in, n);
    ret->at = t->in->off;
    ret->size = n;
    ret->body = n > 0 ? &t->body.v : NULL;
    if (sparse == SPARSE_0)
        rc = pax_map(t, x, err);
    else if (sparse == SPARSE_1)
        rc = body_map(t, err);
    else if (sparse != SPARSE_OLD)
        return 0;
    pl_sub_sync(&t->body);
    return rc < 0 ? rc : open_sparse(t, (uint64_t)size, ret, err);
}

int pl_tar_entry(struct pl_tar *t, const struct pl_tar_head *h, struct pl_entry *ret,
                 struct pl_err *err)
{
    uint64_t at = t->in->off, n = 0;
    if (t->count >= t->limits.entries)
        return pl_fail(err, PL_E_LIMIT, "tar: more than %" PRIu64 " entries (limit entries)",
                       t->limits.entries);
    struct pl_pax x = merge(t);
    enum sparse_kind sparse = sparse_kind(h, &x);
    struct pl_entry e = { .ordinal = t->count };
    struct pl_str raw = resolve_path(t, h, &x, sparse == SPARSE_0 || sparse == SPARSE_1, &e);
    e.kind = kind(h->type, raw.n > 0 && raw.p[raw.n - 1] == '/');
    resolve_link(t, h, &x, &e);
    resolve_meta(t, h, &x, &e);
    pl_tar_offer_head(t, t->in->p, h, false);
    pl_tar_offer_ext(t, e.link);
    if (sparse == SPARSE_UNKNOWN)
        pl_tar_note(t, "tar-sparse-unknown", "a sparse format that is not known; read as it is");
    int rc = body_size(t, h, &x, &n, err);
    if (rc == 0)
        rc = open_body(t, &x, sparse, n, &e, err);
    if (rc < 0)
        return pl_wrap(err, "tar: entry at offset %" PRIu64, at);
    t->count++;
    *ret = e;
    return 1;
}
