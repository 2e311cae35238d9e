/* A tar archive inside a file, by our own reader. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "io/nested_int.h"
#include "io/tar.h"

/* Every file of a layer is asked, so look at the checksum field before adding 512 bytes up. */
static unsigned bid_tar(const uint8_t *p, size_t n, struct pl_str path)
{
    (void)path;
    if (n < 512)
        return 0;
    for (unsigned i = 148; i < 154; i++)
        if (p[i] != ' ' && (p[i] < '0' || p[i] > '7'))
            return 0;
    return pl_tar_bid(p, n);
}

static void tar_note(void *arg, const char *code, struct pl_str path, const char *message)
{
    struct pl_nest *n = arg;
    pl_nest_note(n, code, path, "%s", message);
}

static int tar_member(struct pl_nest *n, const struct pl_entry *e, struct pl_err *err)
{
    if (!e->body)
        return pl_nest_member(n, e->path, PL_S(""), NULL, false, err);
    struct pl_thru t;
    pl_thru_init(&t, n, e->body);
    int r = pl_nest_member(n, e->path, PL_S(""), &t.v, false, err);
    pl_thru_end(&t);
    return r;
}

static int read_tar(struct pl_view *in, const struct pl_nested_opts *o, struct pl_nested_sink *sink,
                    struct pl_err *err)
{
    struct pl_nest n;
    pl_nest_init(&n, in, o, sink);
    struct pl_tar_opts to = { .limits = o->limits, .note = tar_note, .arg = &n };
    struct pl_tar *t = pl_tar_new(in, &to);
    int r;
    do {
        struct pl_entry e;
        struct pl_err why = { 0 };
        r = pl_tar_next(t, &e, &why);
        if (r < 0 && !in->failed) {
            pl_nest_note(&n, r == PL_E_LIMIT ? "nested-limit" : "nested-damaged", PL_S(""), "%s",
                         why.msg);
            r = 0;
        } else if (r < 0) {
            if (err)
                *err = why;
        } else if (r > 0) {
            r = tar_member(&n, &e, err);
            r = r == 0 ? 1 : r < 0 ? r : 0;
        }
    } while (r > 0);
    pl_tar_free(t);
    pl_nest_release(&n);
    return r;
}

const struct pl_nested pl_nested_tar = { "tar", bid_tar, read_tar, false };
