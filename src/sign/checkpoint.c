/* Checkpoints of logs: signed notes with origin, size and root. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "base/hash.h"
#include "sign/pb.h"
#include "sign/tlog.h"

#define NOTE_MAX 65536u
#define SIGS_MAX 100u
#define DASH "\xe2\x80\x94 " /* em dash and a blank */

static int bad(struct pl_err *err, const char *what)
{
    return pl_fail(err, PL_E_FORMAT, "checkpoint %s", what);
}

/* The last empty line parts text and signatures. */
static size_t find_gap(struct pl_str s)
{
    for (size_t i = s.n; i >= 2; i--)
        if (s.p[i - 1] == '\n' && s.p[i - 2] == '\n')
            return i;
    return SIZE_MAX;
}

static int read_text(struct pl_str text, struct pl_checkpoint *ret, struct pl_err *err)
{
    struct pl_arena a = { 0 };
    struct pl_str size = { 0 }, root = { 0 }, hash = { 0 };
    if (!pl_str_split(&text, '\n', &ret->origin) || ret->origin.n == 0)
        return bad(err, "without an origin");
    if (!text.p || !pl_str_split(&text, '\n', &size) || !pl_str_u64(size, &ret->size) ||
        (size.n > 1 && size.p[0] == '0'))
        return bad(err, "without a tree size");
    if (!text.p || !pl_str_split(&text, '\n', &root) || root.n == 0)
        return bad(err, "without a root hash");
    int r = pl_base64_bytes(root, &a, &hash, err);
    if (r == 0 && hash.n == 32)
        memcpy(ret->root, hash.p, 32);
    else
        r = bad(err, "with a root hash that is none");
    pl_arena_release(&a);
    return r;
}

int pl_checkpoint_parse(struct pl_str note, struct pl_checkpoint *ret, struct pl_err *err)
{
    if (note.n > NOTE_MAX)
        return pl_fail(err, PL_E_LIMIT, "limit checkpoint: more than 64 KiB");
    size_t gap = find_gap(note);
    if (gap == SIZE_MAX)
        return bad(err, "without signatures");
    ret->text = pl_str_sub(note, 0, gap - 1);
    ret->sigs = pl_str_sub(note, gap, note.n);
    if (ret->sigs.n == 0 || ret->sigs.p[ret->sigs.n - 1] != '\n')
        return bad(err, "whose signatures do not end");
    return read_text(ret->text, ret, err);
}

/* The first four bytes that a signature line of this key begins with. */
static void key_hint(const struct pl_log *log, struct pl_str name, uint8_t out[4])
{
    uint8_t full[32];
    if (pl_pubkey_type(log->key) == PL_KEY_ED25519) {
        struct pl_str der = pl_pubkey_der(log->key);
        struct pl_hash *h = pl_hash_new(PL_HASH_SHA256);
        pl_hash_add(h, name.p, name.n);
        pl_hash_add(h, "\n\x01", 2);
        pl_hash_add(h, der.p + der.n - 32, 32); /* the raw key ends its SubjectPublicKeyInfo */
        pl_hash_end(h, full);
        pl_hash_free(h);
    } else {
        pl_pubkey_id(log->key, full);
    }
    memcpy(out, full, 4);
}

/* 1: this line is the log's and holds; 0: another's; negative: the log's, and does not hold. */
static int check_line(const struct pl_checkpoint *c, struct pl_str line, const struct pl_log *log,
                      bool named, struct pl_err *err)
{
    struct pl_arena a = { 0 };
    struct pl_str name, sig;
    uint8_t hint[4];
    if (!pl_str_starts(line, PL_S(DASH)))
        return bad(err, "with a line of signatures that is none");
    line = pl_str_sub(line, sizeof DASH - 1, line.n);
    if (!pl_str_split(&line, ' ', &name) || !line.p || name.n == 0)
        return bad(err, "with a line of signatures that is none");
    int r = pl_base64_bytes(line, &a, &sig, err);
    if (r == 0 && sig.n < 5)
        r = bad(err, "with a line of signatures that is none");
    key_hint(log, name, hint);
    if (r == 0 && memcmp(sig.p, hint, 4) == 0 &&
        (!named || pl_str_eq(name, log->host) || pl_str_eq(name, log->hostport))) {
        r = pl_pubkey_verify_md(log->key, log->md, c->text, pl_str_sub(sig, 4, sig.n), err);
        r = r < 0 ? pl_fail(err, PL_E_SIG, "signature of the checkpoint does not hold") : 1;
    }
    pl_arena_release(&a);
    return r;
}

int pl_checkpoint_verify(const struct pl_checkpoint *c, const struct pl_log *log, bool named,
                         struct pl_err *err)
{
    struct pl_str lines = pl_str_sub(c->sigs, 0, c->sigs.n - 1), line;
    int found = 0;
    if (!log->key)
        return pl_fail(err, PL_E_SIG, "key of the log: %s", log->why);
    if (named && !pl_str_eq(c->origin, log->host) && !pl_str_eq(c->origin, log->hostport))
        return pl_fail(err, PL_E_SIG, "checkpoint is of another log");
    for (size_t i = 0; lines.p && pl_str_split(&lines, '\n', &line); i++) {
        if (i == SIGS_MAX)
            return pl_fail(err, PL_E_LIMIT, "checkpoint has more than %u signatures", SIGS_MAX);
        int r = check_line(c, line, log, named, err);
        if (r < 0)
            return r;
        found |= r;
    }
    return found ? 0 : pl_fail(err, PL_E_SIG, "checkpoint is not signed by its log");
}
