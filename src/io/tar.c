/* The tar reader: from block to block. POSIX.1-2017 pax, "ustar Interchange Format" and "pax Header
 * Block"; GNU tar manual, "Basic Tar Format". Entries are made in tar_entry.c. */
/* SPDX-License-Identifier: Apache-2.0 */
#include <inttypes.h>
#include <stdlib.h>

#include "io/tar_int.h"

struct pl_tar *pl_tar_new(struct pl_view *in, const struct pl_tar_opts *o)
{
    struct pl_tar *t = calloc(1, sizeof *t);
    if (!t)
        pl_oom();
    t->in = in;
    t->o = *o;
    t->limits = *o->limits;
    t->o.limits = &t->limits;
    return t;
}

void pl_tar_free(struct pl_tar *t)
{
    if (!t)
        return;
    pl_arena_release(&t->scratch);
    pl_sparse_release(&t->sparse);
    pl_buf_release(&t->global_path);
    pl_buf_release(&t->global_link);
    pl_buf_release(&t->owner[0]);
    pl_buf_release(&t->owner[1]);
    free(t);
}

uint32_t pl_tar_count(const struct pl_tar *t)
{
    return t->count;
}

/* The bytes that fill the last block of a body. */
static int skip_padding(struct pl_tar *t, size_t n, bool later, struct pl_err *err)
{
    int rc = pl_view_ahead(t->in, n, err);
    if (rc < 0)
        return rc;
    if (t->in->n < n)
        return pl_fail(err, PL_E_FORMAT, "tar: cut at offset %" PRIu64, t->in->off + t->in->n);
    pl_tar_offer_nonzero(t, PL_TAR_PADDING, t->in->p, n, t->in->off, later);
    pl_view_consume(t->in, n);
    return 0;
}

/* Skips what was not read of the entry before. */
static int finish_body(struct pl_tar *t, struct pl_err *err)
{
    if (!t->open)
        return 0;
    t->open = false;
    pl_sub_sync(&t->body);
    int rc = pl_view_skip(t->in, t->body.left, err);
    if (rc < 0)
        return t->in->failed
                   ? rc
                   : pl_fail(err, PL_E_FORMAT,
                             "tar: cut at offset %" PRIu64 " in the body of entry %" PRIu32,
                             t->in->off, t->count - 1);
    return skip_padding(t, t->pad, false, err);
}

/* Copies the body of an extension header to the scratch arena; its padding is kept for later. */
static int read_body(struct pl_tar *t, const struct pl_tar_head *h, struct pl_str *ret,
                     struct pl_err *err)
{
    uint64_t at = t->in->off;
    if (h->bad & PL_TAR_BAD_SIZE || h->size < 0)
        return pl_fail(err, PL_E_FORMAT, "tar: impossible size at offset %" PRIu64, at);
    uint64_t left = (uint64_t)h->size, max = t->limits.pax;
    if (left > max || t->ext.bytes + PL_TAR_BLOCK > max - left)
        return pl_fail(err, PL_E_LIMIT,
                       "tar: extended headers above %" PRIu64 " bytes at offset %" PRIu64
                       " (limit pax)",
                       max, at);
    t->ext.bytes += PL_TAR_BLOCK + left;
    pl_view_consume(t->in, PL_TAR_BLOCK);
    /* a limit that was raised may be above what one look shows */
    char *p = pl_alloc(&t->scratch, (size_t)left);
    for (size_t n = 0; n < (size_t)h->size;) {
        size_t want = (size_t)h->size - n < PL_TAR_BLOCK ? (size_t)h->size - n : PL_TAR_BLOCK;
        int rc = pl_view_ahead(t->in, want, err);
        size_t now = (size_t)h->size - n < t->in->n ? (size_t)h->size - n : t->in->n;
        if (now == 0)
            return rc < 0 ? rc
                          : pl_fail(err, PL_E_FORMAT, "tar: cut at offset %" PRIu64, t->in->off);
        memcpy(p + n, t->in->p, now);
        pl_view_consume(t->in, now);
        n += now;
    }
    *ret = pl_str_n(p, (size_t)h->size);
    return skip_padding(t, -(size_t)h->size & (PL_TAR_BLOCK - 1), true, err);
}

/* A GNU long name or link: up to its NUL; what follows that is offered. */
static int read_long(struct pl_tar *t, const struct pl_tar_head *h, struct pl_tar_long *ret,
                     struct pl_err *err)
{
    struct pl_str body;
    uint64_t off = t->in->off + PL_TAR_BLOCK;
    int rc = read_body(t, h, &body, err);
    if (rc < 0)
        return rc;
    if (ret->has) /* only the last one counts */
        pl_tar_pend(t, PL_TAR_NAME, pl_str_c(NULL), ret->text, ret->off);
    struct pl_str name = pl_str_sub(body, 0, body.n ? strnlen(body.p, body.n) : 0);
    *ret = (struct pl_tar_long){ true, name, off };
    pl_tar_offer_nonzero(t, PL_TAR_NAME, (const uint8_t *)body.p + name.n, body.n - name.n,
                         off + name.n, true);
    return 0;
}

static int read_pax(struct pl_tar *t, const struct pl_tar_head *h, struct pl_err *err)
{
    uint64_t off = t->in->off;
    if (!pl_tar_is_usual(t->ext.pax_name))
        pl_tar_pend(t, PL_TAR_NAME, pl_str_c(NULL), t->ext.pax_name, t->ext.pax_name_off);
    t->ext.pax_name = pl_dup(&t->scratch, h->name);
    t->ext.pax_name_off = off;
    if (h->prefix.n) {
        t->ext.pax_name = pl_printf(&t->scratch, "%.*s/%.*s", PL_FMT(h->prefix), PL_FMT(h->name));
        t->ext.pax_name_off = off;
    }
    struct pl_tar_ext_body *b = PL_NEW(&t->scratch, struct pl_tar_ext_body);
    b->off = off + PL_TAR_BLOCK;
    int rc = read_body(t, h, &b->p, err);
    if (rc < 0)
        return rc;
    *t->ext.last = b;
    t->ext.last = &b->next;
    return 0;
}

/* Copies a text of a global header out of the scratch arena. */
static void keep(struct pl_buf *b, struct pl_str *text)
{
    struct pl_buf fresh = { 0 };
    pl_buf_putn(&fresh, text->p, text->n);
    pl_buf_release(b);
    *b = fresh;
    *text = pl_buf_str(b);
}

/* A global header: its values hold for all entries that follow. */
static int read_global(struct pl_tar *t, const struct pl_tar_head *h, struct pl_err *err)
{
    uint64_t off = t->in->off + PL_TAR_BLOCK;
    struct pl_pax x = t->global;
    struct pl_str body, rest, key, value;
    pl_tar_offer_name(t, h->name, pl_str_c(NULL), off - PL_TAR_BLOCK);
    int rc = read_body(t, h, &body, err);
    if (rc < 0)
        return rc;
    for (rest = body; pl_pax_next(&rest, &key, &value) > 0;)
        pl_pax_apply(&x, key, value);
    if (x.has & PL_PAX_BAD_SIZE)
        return pl_fail(err, PL_E_FORMAT, "tar: impossible size in the header at offset %" PRIu64,
                       off);
    x.has &= PL_PAX_PATH | PL_PAX_LINK | PL_PAX_SIZE | PL_PAX_UID | PL_PAX_GID | PL_PAX_MTIME;
    /* readers in container runtimes leave global headers aside */
    if (x.has & (PL_PAX_PATH | PL_PAX_LINK | PL_PAX_SIZE))
        pl_tar_note(t, "tar-global", "a global header names a path or a size for all that follows");
    if (x.has & PL_PAX_PATH)
        keep(&t->global_path, &x.path);
    if (x.has & PL_PAX_LINK)
        keep(&t->global_link, &x.link);
    t->global = x;
    pl_tar_offer_records(t, body, off, pl_str_c(NULL));
    return 0;
}

/* 1: `h` was an extension header, and is taken; 0: it is an entry. */
static int extension(struct pl_tar *t, const struct pl_tar_head *h, struct pl_err *err)
{
    int rc;
    if (!memchr("xXgLK", h->type, 5))
        return 0;
    pl_tar_offer_head(t, t->in->p, h, true);
    if (h->type == 'L')
        rc = read_long(t, h, &t->ext.name, err);
    else if (h->type == 'K')
        rc = read_long(t, h, &t->ext.link, err);
    else if (h->type == 'g')
        rc = read_global(t, h, err);
    else
        rc = read_pax(t, h, err);
    t->ext.n += h->type != 'g';
    return rc < 0 ? rc : 1;
}

/* The end of the archive: nothing, or zero blocks. 1: it is not the end. */
static int check_end(struct pl_tar *t, struct pl_err *err)
{
    struct pl_view *in = t->in;
    if (in->n >= PL_TAR_BLOCK && !pl_tar_zero(in->p, PL_TAR_BLOCK))
        return 1;
    if (in->n > 0 && in->n < PL_TAR_BLOCK)
        return pl_fail(err, PL_E_FORMAT, "tar: cut at offset %" PRIu64 " in a header",
                       in->off + in->n);
    if (t->ext.n > 0)
        pl_tar_note(t, "tar-dangling-header", "an extended header without its entry");
    pl_tar_offer_ext(t, pl_str_c(NULL));
    if (in->n >= 2 * PL_TAR_BLOCK && pl_tar_zero(in->p, 2 * PL_TAR_BLOCK)) {
        pl_view_consume(in, 2 * PL_TAR_BLOCK);
        return 0;
    }
    pl_view_consume(in, in->n > 0 ? PL_TAR_BLOCK : 0);
    pl_tar_note(t, "tar-no-end", "no two zero blocks at the end");
    return 0;
}

static void clear_ext(struct pl_tar *t)
{
    pl_arena_reset(&t->scratch);
    t->path = pl_str_c(NULL);
    t->ext = (struct pl_tar_ext){ 0 };
    t->ext.last = &t->ext.first;
    t->ext.pending_last = &t->ext.pending;
}

/* 1: *ret is an entry; 0: the end. */
static int next(struct pl_tar *t, struct pl_entry *ret, struct pl_err *err)
{
    int rc = finish_body(t, err);
    clear_ext(t);
    while (rc >= 0) {
        struct pl_tar_head h;
        struct pl_view *in = t->in;
        /* nothing beyond a header is asked for: a caller may want to skip the body unread */
        rc = pl_view_ahead(in, PL_TAR_BLOCK, err);
        if (rc >= 0 && in->n >= PL_TAR_BLOCK && pl_tar_zero(in->p, PL_TAR_BLOCK))
            rc = pl_view_ahead(in, 2 * PL_TAR_BLOCK, err);
        if (rc < 0 && (in->n < PL_TAR_BLOCK || pl_tar_zero(in->p, PL_TAR_BLOCK)))
            return rc; /* a broken stream has no end mark */
        rc = check_end(t, err);
        if (rc <= 0)
            return rc;
        if (!pl_tar_head_parse(in->p, &h))
            return pl_fail(err, PL_E_FORMAT, "tar: no header at offset %" PRIu64, in->off);
        rc = extension(t, &h, err);
        if (rc == 0)
            return pl_tar_entry(t, &h, ret, err);
    }
    return rc;
}

int pl_tar_next(struct pl_tar *t, struct pl_entry *ret, struct pl_err *err)
{
    if (t->state == 0) {
        int rc = next(t, ret, &t->error);
        if (rc > 0)
            return 1;
        t->state = rc < 0 ? rc : 1;
    }
    if (t->state == 1)
        return 0;
    if (err)
        *err = t->error;
    return t->state;
}
