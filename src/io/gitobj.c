/* Git objects outside and inside packs. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "io/gitobj.h"

#include <inttypes.h>
#include <stdlib.h>

#include "base/endian.h"
#include "io/inflate.h"

enum state { HEAD, BODY, TAIL, END };

struct pl_zlib {
    struct pl_inflate *z;
    enum state state;
    uint32_t a, b; /* Adler-32 */
};

struct pl_zlib *pl_zlib_new(void)
{
    struct pl_zlib *z = calloc(1, sizeof *z);
    if (!z)
        pl_oom();
    z->z = pl_inflate_new();
    z->a = 1;
    return z;
}

void pl_zlib_free(struct pl_zlib *z)
{
    if (z)
        pl_inflate_free(z->z);
    free(z);
}

void pl_zlib_reset(struct pl_zlib *z)
{
    pl_inflate_reset(z->z);
    z->state = HEAD;
    z->a = 1;
    z->b = 0;
}

#define ADLER 65521u
#define ADLER_RUN 5552 /* bytes after which the sums must be reduced */

static void adler(struct pl_zlib *z, const uint8_t *p, size_t n)
{
    uint32_t a = z->a, b = z->b;
    while (n) {
        size_t now = n < ADLER_RUN ? n : ADLER_RUN;
        for (size_t i = 0; i < now; i++) {
            a += p[i];
            b += a;
        }
        a %= ADLER;
        b %= ADLER;
        p += now;
        n -= now;
    }
    z->a = a;
    z->b = b;
}

static int run_tail(struct pl_zlib *z, struct pl_str in, size_t *took, struct pl_err *err)
{
    if (in.n < 4)
        return 0;
    const uint8_t *p = (const uint8_t *)in.p;
    uint32_t sum = pl_be32(p);
    *took += 4;
    if (sum != (z->b << 16 | z->a))
        return pl_fail(err, PL_E_FORMAT, "zlib checksum does not fit");
    z->state = END;
    return 1;
}

int pl_zlib_run(struct pl_zlib *z, struct pl_str in, uint8_t *out, size_t room, size_t *ret_in,
                size_t *ret_out, struct pl_err *err)
{
    size_t took = 0;
    *ret_out = 0;
    *ret_in = 0;
    if (z->state == HEAD) {
        if (in.n < 2)
            return 0;
        if (!pl_zlib_bid((const uint8_t *)in.p, in.n))
            return pl_fail(err, PL_E_FORMAT, "no zlib header");
        took = 2;
        z->state = BODY;
    }
    if (z->state == BODY) {
        size_t got = 0;
        int r = pl_inflate_run(z->z, pl_str_sub(in, took, SIZE_MAX), out, room, &got, ret_out);
        took += got;
        adler(z, out, *ret_out);
        if (r < 0)
            return pl_fail(err, PL_E_FORMAT, "damaged deflate data");
        if (r > 0)
            z->state = TAIL;
    }
    int r = z->state == TAIL ? run_tail(z, pl_str_sub(in, took, SIZE_MAX), &took, err) : 0;
    *ret_in = took;
    return z->state == END ? 1 : r;
}

int pl_zlib_all(struct pl_zlib *z, struct pl_str in, uint8_t *out, uint64_t size,
                void (*fresh)(void *arg, const void *p, size_t n), void *arg, size_t *ret_in,
                struct pl_err *err)
{
    uint8_t scratch[16384];
    size_t used = 0;
    uint64_t done = 0;
    pl_zlib_reset(z);
    for (;;) {
        size_t took, made;
        bool direct = out && done < size;
        uint64_t left = direct ? size - done : sizeof scratch;
        int r = pl_zlib_run(z, pl_str_sub(in, used, SIZE_MAX), direct ? out + done : scratch,
                            left < (1u << 30) ? (size_t)left : 1u << 30, &took, &made, err);
        used += took;
        if (r < 0)
            return r;
        if (made > size - done)
            return pl_fail(err, PL_E_FORMAT, "object longer than the %" PRIu64 " bytes it declares",
                           size);
        if (fresh && made)
            fresh(arg, direct ? out + done : scratch, made);
        done += made;
        if (r > 0)
            break;
        if (!took && !made)
            return pl_fail(err, PL_E_FORMAT, "object ends early");
    }
    if (done != size)
        return pl_fail(err, PL_E_FORMAT, "object of %" PRIu64 " bytes declares %" PRIu64, done,
                       size);
    *ret_in = used;
    return 0;
}

size_t pl_git_loose_header(struct pl_str s, enum pl_git_type *ret_type, uint64_t *ret_size)
{
    static const struct {
        const char *name;
        enum pl_git_type type;
    } types[] = { { "blob ", PL_GIT_BLOB },
                  { "tree ", PL_GIT_TREE },
                  { "commit ", PL_GIT_COMMIT },
                  { "tag ", PL_GIT_TAG } };
    for (size_t i = 0; i < sizeof types / sizeof *types; i++) {
        struct pl_str name = pl_str_c(types[i].name);
        if (!pl_str_starts(s, name))
            continue;
        struct pl_str rest = pl_str_sub(s, name.n, 21);
        size_t end = pl_str_find(rest, (struct pl_str){ "", 1 }, 0);
        if (end == SIZE_MAX || !pl_str_u64(pl_str_sub(rest, 0, end), ret_size))
            return 0;
        *ret_type = types[i].type;
        return name.n + end + 1;
    }
    return 0;
}

int pl_git_tree_next(struct pl_str *tree, size_t id_len, struct pl_git_entry *ret)
{
    if (tree->n == 0)
        return 0;
    uint32_t mode = 0;
    size_t i = 0;
    for (; i < tree->n && i < 7 && tree->p[i] >= '0' && tree->p[i] <= '7'; i++)
        mode = mode << 3 | (uint32_t)(tree->p[i] - '0');
    if (i == 0 || i == tree->n || tree->p[i] != ' ')
        return PL_E_FORMAT;
    struct pl_str rest = pl_str_sub(*tree, i + 1, SIZE_MAX);
    size_t end = pl_str_find(rest, (struct pl_str){ "", 1 }, 0);
    if (end == SIZE_MAX || rest.n - end - 1 < id_len)
        return PL_E_FORMAT;
    *ret = (struct pl_git_entry){ .mode = mode,
                                  .name = pl_str_sub(rest, 0, end),
                                  .id = (const uint8_t *)rest.p + end + 1 };
    *tree = pl_str_sub(rest, end + 1 + id_len, SIZE_MAX);
    return 1;
}

/* "committer NAME <MAIL> SECONDS ZONE" */
static int64_t line_time(struct pl_str line)
{
    size_t at = line.n;
    while (at && line.p[at - 1] != '>')
        at--;
    struct pl_str rest = pl_str_trim(pl_str_sub(line, at, SIZE_MAX)), num;
    uint64_t t;
    if (!at || !pl_str_split(&rest, ' ', &num) || !pl_str_u64(num, &t) || t > INT64_MAX)
        return 0;
    return (int64_t)t;
}

bool pl_git_commit_read(struct pl_str s, size_t id_len, struct pl_git_commit *ret)
{
    struct pl_str rest = s, line;
    bool tree = false;
    *ret = (struct pl_git_commit){ .text = s };
    while (rest.n) {
        const char *at = rest.p;
        pl_str_split(&rest, '\n', &line);
        if (line.n == 0)
            break;
        if (!tree && line.n == 5 + 2 * id_len && pl_str_starts(line, PL_S("tree ")))
            tree = pl_unhex(pl_str_sub(line, 5, SIZE_MAX), ret->tree, id_len);
        else if (pl_str_starts(line, PL_S("author ")))
            ret->text = pl_str_n(at, s.n - (size_t)(at - s.p));
        else if (pl_str_starts(line, PL_S("committer ")))
            ret->time = line_time(line);
    }
    return tree;
}
