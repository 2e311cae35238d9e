/* Records of blobs. */
/* SPDX-License-Identifier: Apache-2.0 */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "scan/pool.h"

void pl_record_free(struct pl_record *r)
{
    if (!r)
        return;
    pl_vec_release(&r->hits);
    pl_vec_release(&r->notes);
    pl_vec_release(&r->packages);
    pl_vec_release(&r->facts);
    pl_vec_release(&r->listed);
    pl_vec_release(&r->claims);
    pl_vec_release(&r->hashes);
    pl_buf_release(&r->entries);
    pl_buf_release(&r->kept);
    pl_arena_release(&r->a);
    free(r);
}

void pl_record_note(struct pl_record *r, enum pl_scope scope, bool incomplete, const char *code,
                    struct pl_str where, const char *fmt, ...)
{
    char msg[512];
    va_list ap;
    va_start(ap, fmt);
    vsnprintf(msg, sizeof msg, fmt, ap);
    va_end(ap);
    struct pl_note n = { .scope = scope,
                         .incomplete = incomplete,
                         .code = pl_str_c(code),
                         .where = pl_dup(&r->a, where),
                         .message = pl_dup(&r->a, pl_str_c(msg)) };
    pl_vec_push(&r->notes, n);
    if (incomplete)
        r->done.complete = false;
}

void pl_entries_begin(struct pl_entries *it, const struct pl_record *r)
{
    *it = (struct pl_entries){ .r = r, .rd = pl_rd_buf(&r->entries) };
}

bool pl_entries_next(struct pl_entries *it, struct pl_entry *ret)
{
    if (it->bad || it->next == it->r->n_entries)
        return false;
    struct pl_str msg = pl_get_str(&it->rd);
    struct pl_rd one = { (const uint8_t *)msg.p, (const uint8_t *)msg.p + msg.n, it->rd.bad };
    it->bad = !pl_get_entry(&one, &it->coder, ret);
    ret->ordinal = it->next++;
    return !it->bad;
}

void pl_entries_end(struct pl_entries *it)
{
    pl_buf_release(&it->coder.last);
}

/* ---- messages ---- */

static bool on_entry(struct pl_record *r, struct pl_str payload)
{
    if (r->entries.n + payload.n > PL_MIB(512))
        return false;
    pl_put_var(&r->entries, payload.n);
    pl_buf_putn(&r->entries, payload.p, payload.n);
    r->n_entries++;
    return true;
}

static bool on_hash(struct pl_record *r, struct pl_rd *rd)
{
    struct pl_entry_hash h;
    if (!pl_get_entry_hash(rd, &h))
        return false;
    pl_vec_push(&r->hashes, h);
    return true;
}

/* Facts are small; a layer that has more of them than any real one is told as incomplete. */
#define FACT_BYTES PL_MIB(24)

static bool on_fact(struct pl_record *r, struct pl_rd *rd, struct pl_str payload)
{
    struct pl_fact f;
    if (r->fact_bytes > FACT_BYTES)
        return true;
    r->fact_bytes += payload.n;
    if (!pl_get_fact(rd, &r->a, &f))
        return false;
    pl_vec_push(&r->facts, f);
    if (r->fact_bytes > FACT_BYTES)
        pl_record_note(r, PL_SCOPE_LAYER, true, "limit", PL_S(""),
                       "more than 24 MiB of scripts and configuration");
    return true;
}

int pl_record_take(struct pl_record *r, uint8_t type, struct pl_str payload)
{
    struct pl_rd rd = { (const uint8_t *)payload.p, (const uint8_t *)payload.p + payload.n, false };
    struct pl_hit hit;
    struct pl_pkg pkg;
    struct pl_package listed;
    struct pl_claim claim;
    struct pl_note note;
    bool complete = r->done.complete;
    switch (type) {
    case PL_MSG_ENTRY:
        return on_entry(r, payload) ? 0 : -1;
    case PL_MSG_HIT:
        if (!pl_get_hit(&rd, &r->a, &hit))
            return -1;
        pl_vec_push(&r->hits, hit);
        return 0;
    case PL_MSG_PKG:
        if (!pl_get_pkg(&rd, &r->a, &pkg))
            return -1;
        pl_vec_push(&r->packages, pkg);
        return 0;
    case PL_MSG_LISTED:
        if (!pl_get_package(&rd, &r->a, &listed))
            return -1;
        pl_vec_push(&r->listed, listed);
        return 0;
    case PL_MSG_ABOUT:
        return pl_get_about(&rd, &r->a, &r->about) ? 0 : -1;
    case PL_MSG_OWN:
        if (!pl_get_claim(&rd, &r->a, &claim))
            return -1;
        pl_vec_push(&r->claims, claim);
        return 0;
    case PL_MSG_FACT:
        return on_fact(r, &rd, payload) ? 0 : -1;
    case PL_MSG_NOTE:
        if (!pl_get_note(&rd, &r->a, &note))
            return -1;
        pl_vec_push(&r->notes, note);
        return 0;
    case PL_MSG_DOC:
        r->has_doc = pl_get_doc(&rd, &r->a, &r->doc);
        return r->has_doc ? 0 : -1;
    case PL_MSG_HASH:
        return on_hash(r, &rd) ? 0 : -1;
    case PL_MSG_DONE:
        if (!pl_get_done(&rd, &r->done))
            return -1;
        r->done.complete &= complete;
        return 1;
    default:
        return -2;
    }
}
