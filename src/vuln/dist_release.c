/* Release files: deb822 fields, of which one is a list of digest, size and path a line. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "vuln/dist_release.h"

#include "base/hash.h"

#define HEAD_MAX 65536u

struct entry {
    struct pl_str path;
    uint64_t size;
};

static struct pl_str line_of(struct pl_str *rest)
{
    struct pl_str line = { "", 0 };
    pl_str_split(rest, '\n', &line);
    if (line.n && line.p[line.n - 1] == '\r')
        line.n--;
    return line;
}

bool pl_release_is(struct pl_str text)
{
    struct pl_str head = pl_str_sub(text, 0, HEAD_MAX);
    for (size_t i = 0; i < head.n && i < 1024; i++) /* packed text shows pieces of itself */
        if ((unsigned char)head.p[i] < '\t')
            return false;
    while (head.p && head.n) {
        struct pl_str line = line_of(&head);
        if (pl_str_starts(line, PL_S("Package:")))
            return false;
        if (pl_str_starts(line, PL_S("SHA256:")) || pl_str_starts(line, PL_S("MD5Sum:")))
            return true;
    }
    return false;
}

static struct pl_str word_of(struct pl_str *line)
{
    struct pl_str word = { "", 0 };
    while (line->p && !word.n && pl_str_split(line, ' ', &word))
        ;
    return word;
}

/* " digest size path". */
static int listed(struct pl_release *r, struct pl_str line, struct pl_arena *a, struct pl_err *err)
{
    uint8_t raw[PL_SHA256_LEN];
    struct pl_str sum = word_of(&line), size = word_of(&line), path = word_of(&line);
    uint64_t n;
    if (sum.n != 2 * sizeof raw || !pl_unhex(sum, raw, sizeof raw) || !pl_str_u64(size, &n) ||
        !path.n)
        return pl_fail(err, PL_E_FORMAT, "a line of its SHA256 list is none");
    if (++r->files > PL_RELEASE_FILES_MAX)
        return pl_fail(err, PL_E_LIMIT, "more than %u files in a list", PL_RELEASE_FILES_MAX);
    struct entry *e = PL_NEW(a, struct entry);
    *e = (struct entry){ pl_dup(a, path), n };
    *pl_map_put(&r->listed, pl_str_n(raw, sizeof raw)) = e;
    return 0;
}

int pl_release_read(struct pl_str text, struct pl_arena *a, struct pl_release *ret,
                    struct pl_err *err)
{
    bool in = false, any = false;
    int x = 0;
    *ret = (struct pl_release){ .listed = { .a = a }, .valid_until = PL_S("") };
    while (text.p && x == 0) {
        struct pl_str line = line_of(&text);
        if (line.n && *line.p == ' ') {
            if (in)
                x = listed(ret, line, a, err);
            continue;
        }
        in = pl_str_starts(line, PL_S("SHA256:"));
        any |= in;
        if (pl_str_starts(line, PL_S("Valid-Until:")))
            ret->valid_until = pl_dup(a, pl_str_trim(pl_str_sub(line, 12, SIZE_MAX)));
    }
    if (x == 0 && !any)
        x = pl_fail(err, PL_E_FORMAT, "no list of SHA256 in it");
    return x;
}

struct pl_str pl_release_path(const struct pl_release *r, struct pl_str bytes)
{
    uint8_t raw[PL_SHA256_LEN];
    pl_sha256(bytes.p, bytes.n, raw);
    const struct entry *e = pl_map_get(&r->listed, pl_str_n(raw, sizeof raw));
    return e && e->size == bytes.n ? e->path : PL_S("");
}
