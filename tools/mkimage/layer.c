/* One layer: entries to a tar stream, the stream to members of a codec, and the damage a recipe
 * asks for at each step. OCI image-spec 1.1, layer.md. */
/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>

#include "mk.h"

/* A new member or frame begins at `at`; or, with `skippable`, such a frame stands there. */
struct cut {
    size_t at;
    const struct mk_node *n;
    struct pl_str skippable;
};
struct work {
    struct pl_buf plain;
    PL_VEC(struct cut) cut;
    struct pl_str tail, after, instead, stored;
    bool noend, has_instead, has_stored;
};

static void other_statement(struct mk *m, const struct mk_node *k, struct mk_layer *l,
                            struct work *w)
{
    struct cut c = { .at = w->plain.n, .n = k };
    bool facts = m->facts;
    m->facts = false;
    if (mk_is(k, "by")) {
        l->created_by = mk_arg(m, k, 1);
    } else if (mk_is(k, "member")) {
        pl_vec_push(&w->cut, c);
    } else if (mk_is(k, "skippable")) {
        c.skippable = mk_content(m, k, 1);
        pl_vec_push(&w->cut, c);
    } else if (mk_is(k, "tail")) {
        w->tail = mk_content(m, k, 1);
    } else if (mk_is(k, "after")) {
        w->after = mk_content(m, k, 1);
    } else if (mk_is(k, "instead")) {
        w->instead = mk_content(m, k, 1);
        w->has_instead = true;
    } else if (mk_is(k, "stored")) {
        w->stored = mk_content(m, k, 1);
        w->has_stored = true;
    } else if (mk_is(k, "raw")) {
        struct pl_str s = mk_content(m, k, 1);
        pl_buf_putn(&w->plain, s.p, s.n);
    } else if (mk_is(k, "noend")) {
        w->noend = true;
    } else if (mk_is(k, "legacy")) {
        l->legacy = mk_content(m, k, 1);
    } else if (!mk_is(k, "annotation") && !mk_is(k, "urls") && !mk_is(k, "data")) {
        mk_die(m, k, "'%.*s' is nothing a layer has", PL_FMT(mk_arg(m, k, 0)));
    }
    m->facts = facts;
}

/* count N PREFIX: N empty files, for limits */
static void many(struct mk *m, const struct mk_node *k, struct work *w)
{
    int64_t count = mk_num(m, k, mk_arg(m, k, 1));
    struct pl_str prefix = mk_arg(m, k, 2);
    char path[100], h[512];
    for (int64_t i = 0; i < count; i++) {
        int n = snprintf(path, sizeof path, "%.*s%" PRId64, PL_FMT(prefix), i);
        mk_tar_header(h, pl_str_n(path, (size_t)n), 0, '0');
        pl_buf_putn(&w->plain, h, 512);
    }
}

static void entries(struct mk *m, const struct mk_node *n, struct mk_layer *l, struct work *w)
{
    struct mk_tar_opts o = { .format = mk_opt_str(m, n, "format", "ustar") };
    w->plain.max = (size_t)4 << 30;
    for (size_t i = 0; i < n->kids; i++) {
        const struct mk_node *k = &n->kid[i];
        if (mk_is(k, "git"))
            mk_git(m, k, &o, &w->plain);
        else if (mk_is(k, "count"))
            many(m, k, w);
        else if (!mk_tar_entry(m, k, &o, &w->plain))
            other_statement(m, k, l, w);
    }
}

/* The members in order; a skippable frame stands between two of them. */
static void pack(struct mk *m, const struct mk_node *n, struct pl_str codec, struct pl_str plain,
                 struct work *w, struct pl_buf *out)
{
    const struct mk_node *head = n;
    size_t from = 0;
    for (size_t i = 0; i < w->cut.n; i++) {
        struct cut *c = &w->cut.p[i];
        if (c->at > from || !mk_is(c->n, "skippable"))
            mk_compress(m, codec, head, pl_str_sub(plain, from, c->at - from), out);
        if (mk_is(c->n, "skippable"))
            mk_skippable(c->skippable, out);
        else
            head = c->n;
        from = c->at;
    }
    mk_compress(m, codec, head, pl_str_sub(plain, from, SIZE_MAX), out);
}

static struct pl_str cut_to(struct pl_str s, int64_t k)
{
    if (k < 0)
        k = (int64_t)s.n + k < 0 ? 0 : (int64_t)s.n + k;
    return pl_str_sub(s, 0, (size_t)k);
}

/* truncate=, flip= and magic= change the stored bytes; after the digest was taken unless the
 * option keep-digest=no says that the descriptor describes the damaged blob. */
static struct pl_str damage(struct mk *m, const struct mk_node *n, struct pl_str s)
{
    struct pl_buf b = { 0 };
    int64_t flip = mk_opt_num(m, n, "flip", INT64_MIN);
    struct pl_str magic = mk_opt_str(m, n, "magic", "");
    if (mk_opt(m, n, "truncate"))
        s = cut_to(s, mk_opt_num(m, n, "truncate", 0));
    if (flip == INT64_MIN && !magic.n)
        return s;
    pl_buf_putn(&b, s.p, s.n);
    if (flip != INT64_MIN) {
        flip = flip < 0 ? flip + (int64_t)b.n : flip;
        if (flip < 0 || (size_t)flip >= b.n)
            mk_die(m, n, "no byte there");
        b.p[flip] = (char)(b.p[flip] ^ 0x55);
    }
    for (size_t i = 0; i * 2 + 1 < magic.n && i < b.n; i++) {
        uint8_t c;
        if (!pl_unhex(pl_str_sub(magic, 2 * i, 2), &c, 1))
            mk_die(m, n, "magic= is hex");
        b.p[i] = (char)c;
    }
    return mk_keep(m, &b);
}

/* A digest as a document states it: the true one, "wrong", or any text. */
static void state(struct mk *m, const struct mk_node *n, const char *key, const char *sha,
                  char *out, size_t max)
{
    struct pl_str v = mk_opt_str(m, n, key, "");
    if (!v.n)
        snprintf(out, max, "sha256:%s", sha);
    else if (pl_str_is(v, "wrong"))
        snprintf(out, max, "sha256:%.63s%c", sha, sha[63] == '0' ? '1' : '0');
    else
        snprintf(out, max, "%.*s", PL_FMT(v));
}

static void descriptor_extra(struct mk *m, const struct mk_node *n, struct mk_layer *l)
{
    struct pl_buf b = { 0 };
    mk_annotations(m, n, "layer", &b);
    for (size_t i = 0; i < n->kids; i++) {
        struct mk_node *k = &n->kid[i];
        if (mk_is(k, "urls")) {
            pl_buf_puts(&b, ",\"urls\":[");
            for (size_t j = 1; j < mk_args(k); j++) {
                pl_buf_puts(&b, j > 1 ? "," : "");
                mk_json(&b, mk_arg(m, k, j));
            }
            pl_buf_putc(&b, ']');
        } else if (mk_is(k, "data")) {
            pl_buf_puts(&b, ",\"data\":\"");
            mk_base64(mk_args(k) > 1 ? mk_content(m, k, 1) : l->stored, false, &b);
            pl_buf_putc(&b, '"');
        }
    }
    l->extra = mk_keep(m, &b);
}

static const char *media(struct pl_str codec)
{
    if (pl_str_is(codec, "gzip"))
        return "application/vnd.oci.image.layer.v1.tar+gzip";
    if (pl_str_is(codec, "zstd"))
        return "application/vnd.oci.image.layer.v1.tar+zstd";
    return "application/vnd.oci.image.layer.v1.tar";
}

/* bomb=SIZE: the last entry is a file of that many zeros. */
static struct pl_str bomb(struct mk *m, const struct mk_node *n, struct pl_str codec,
                          struct work *w)
{
    uint64_t size = (uint64_t)mk_opt_num(m, n, "bomb", 0);
    char h[512];
    mk_tar_header(h, PL_S("zeros"), size, '0');
    pl_buf_putn(&w->plain, h, 512);
    return mk_bomb(m, codec, pl_buf_str(&w->plain), size);
}

void mk_layer_build(struct mk *m, const struct mk_node *n, struct mk_layer *l)
{
    struct work w = { 0 };
    struct pl_buf out = { .max = (size_t)4 << 30 };
    struct pl_str codec = mk_arg(m, n, 1), whole;
    entries(m, n, l, &w);
    if (!w.noend)
        mk_tar_end(&w.plain);
    pl_buf_putn(&w.plain, w.tail.p, w.tail.n);
    if (mk_opt(m, n, "cut"))
        w.plain.n = cut_to(pl_buf_str(&w.plain), mk_opt_num(m, n, "cut", 0)).n;
    if (w.has_stored) {
        whole = w.stored;
    } else if (mk_opt(m, n, "bomb")) {
        w.plain.n -= w.noend ? 0 : 1024;
        whole = bomb(m, n, codec, &w);
    } else {
        pack(m, n, codec, w.has_instead ? w.instead : pl_buf_str(&w.plain), &w, &out);
        pl_buf_putn(&out, w.after.p, w.after.n);
        whole = mk_keep(m, &out);
    }
    pl_vec_release(&w.cut);
    l->plain = mk_keep(m, &w.plain);
    if (w.has_instead)
        l->plain = w.instead;
    mk_sha(l->plain, l->plain_sha);
    l->stored = damage(m, n, whole);
    mk_sha(pl_str_is(mk_opt_str(m, n, "keep-digest", "yes"), "no") ? l->stored : whole,
           l->stored_sha);
    l->size =
        (int64_t)(pl_str_is(mk_opt_str(m, n, "keep-digest", "yes"), "no") ? l->stored : whole).n +
        mk_opt_num(m, n, "size", 0);
    l->missing = mk_flag(n, "missing");
    l->media_type = mk_opt_str(m, n, "mediatype", media(codec));
    state(m, n, "diff_id", l->plain_sha, l->diff_id, sizeof l->diff_id);
    state(m, n, "digest", l->stored_sha, l->digest, sizeof l->digest);
    descriptor_extra(m, n, l);
}
