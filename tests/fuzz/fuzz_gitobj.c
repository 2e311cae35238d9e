/* Git packs and loose objects. libFuzzer cannot deflate or hash, so a first byte of 0 makes a pack
 * of one base and one delta: length of the base, the base, the delta. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "fuzz_nested.h"

#include <stdlib.h>
#include <zlib.h>

#include "io/gitpack.h"

static size_t add(uint8_t *out, unsigned type, const uint8_t *p, size_t n)
{
    uLongf room = 4096;
    size_t at = 0;
    out[at++] = (uint8_t)(type << 4 | (n & 15) | 0x80);
    out[at++] = (uint8_t)(n >> 4 | 0x80);
    out[at++] = (uint8_t)(n >> 11);
    if (type == PL_GIT_OFS_DELTA)
        at++; /* set by the caller */
    compress(out + at, &room, p, (uLong)n);
    return at + room;
}

static int delta(const uint8_t *p, size_t n)
{
    static const uint8_t head[12] = { 'P', 'A', 'C', 'K', 0, 0, 0, 2, 0, 0, 0, 2 };
    uint8_t pack[12000];
    size_t base = n ? p[0] : 0;
    if (n > 2000 || base > 100 || n < base + 1)
        return -1;
    memcpy(pack, head, sizeof head);
    size_t at = sizeof head, len = add(pack + at, PL_GIT_BLOB, p + 1, base);
    size_t next = at + len;
    len = add(pack + next, PL_GIT_OFS_DELTA, p + 1 + base, n - 1 - base);
    /* base and its frame stay below 128 bytes, mostly */
    pack[next + 3] = (uint8_t)((next - at) & 0x7f);
    struct pl_gitpack_opts o = { .work = 1 << 20, .count = 10, .object = 65536, .cache = 1000 };
    struct pl_gitpack *g;
    struct pl_err damage;
    struct pl_str s;
    if (pl_gitpack_open(pl_str_n(pack, next + len), &o, &g, &damage, NULL) < 0)
        return -1;
    int r = pl_gitpack_count(g) == 2 ? pl_gitpack_get(g, 1, &s, NULL) : -1;
    pl_gitpack_free(g);
    return r < 0 ? -1 : 0;
}

static void fields(const uint8_t *p, size_t n)
{
    struct pl_str s = pl_str_n(p, n);
    struct pl_git_entry e;
    struct pl_git_commit c;
    enum pl_git_type type;
    uint64_t size;
    pl_git_commit_read(s, 20, &c);
    pl_git_loose_header(s, &type, &size);
    while (pl_git_tree_next(&s, 20, &e) > 0)
        ;
}

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
    if (n && p[0] == 0)
        return delta(p + 1, n - 1);
    fields(p, n);
    const struct pl_nested *k = pl_nested_probe(p, n < 512 ? n : 512, PL_S("objects/ab/cd"));
    return k && memcmp(k->id, "git", 3) == 0 ? fuzz_read(k, p, n, (size_t)1 << 20) : -1;
}
