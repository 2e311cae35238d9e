/* Scripts of the build context that an image starts: found by the instructions that copy and run
 * them. formats/dockerfile.md section 2. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "cmd/lint_script.h"

#include <string.h>

#include "base/cleanup.h"

#define WORDS_MAX 6u

/* "a/./b//" as "a/b"; empty when it leads out of where it begins. */
static struct pl_str clean(struct pl_arena *a, struct pl_str path)
{
    struct pl_str rest = path, part, out = PL_S("");
    while (rest.p && pl_str_split(&rest, '/', &part)) {
        if (pl_str_is(part, ".."))
            return PL_S("");
        if (part.n && !pl_str_is(part, "."))
            out = pl_printf(a, "%.*s%s%.*s", PL_FMT(out), out.n ? "/" : "", PL_FMT(part));
    }
    return out;
}

static bool constant(struct pl_str s)
{
    return s.n && !memchr(s.p, '$', s.n) && !memchr(s.p, '*', s.n) && !memchr(s.p, '?', s.n);
}

/* A path of the image without the slash in front. */
static struct pl_str inside(struct pl_arena *a, struct pl_str dir, struct pl_str path)
{
    if (path.n && path.p[0] == '/')
        return clean(a, path);
    return clean(a, pl_printf(a, "%.*s/%.*s", PL_FMT(dir), PL_FMT(path)));
}

/* What COPY puts at `want`, as a path of the context; empty when it does not. */
static struct pl_str source_of(struct pl_arena *a, const struct pl_df_node *n, struct pl_str dir,
                               struct pl_str want)
{
    struct pl_str to = n->args[n->n_args - 1].s;
    bool folder = pl_str_ends(to, PL_S("/")) || pl_str_is(to, ".") || n->n_args > 2;
    struct pl_str target = inside(a, dir, to);
    bool named = memchr(want.p, '/', want.n) == NULL; /* found by PATH */
    for (size_t i = 0; i + 1 < n->n_args && constant(to); i++) {
        struct pl_str from = n->args[i].s, rest = PL_S("");
        if (!constant(from) || pl_lint_has(from, "://"))
            continue;
        struct pl_str own = clean(a, from), base = pl_lint_base(own);
        if (named ? pl_str_eq(base, want) || (!folder && pl_str_eq(pl_lint_base(target), want))
                  : pl_str_eq(folder ? inside(a, target, base) : target, clean(a, want)))
            return own;
        struct pl_str full = clean(a, want);
        if (named || !pl_str_starts(full, target) || full.n <= target.n)
            continue;
        rest = clean(a, pl_str_sub(full, target.n, SIZE_MAX)); /* below a folder that is copied */
        return own.n ? pl_printf(a, "%.*s/%.*s", PL_FMT(own), PL_FMT(rest)) : rest;
    }
    return PL_S("");
}

static void find(struct pl_arena *a, const struct pl_df_file *f, size_t at, struct pl_str want,
                 struct pl_lint_scripts *out)
{
    struct pl_str dir = PL_S("");
    for (size_t i = 0; i < at && out->n < PL_COUNT(out->p); i++) {
        const struct pl_df_node *n = &f->nodes[i];
        if (n->cmd == PL_DF_FROM)
            dir = PL_S("");
        if (n->cmd == PL_DF_WORKDIR && n->n_args)
            dir = inside(a, dir, n->args[0].s);
        if ((n->cmd != PL_DF_COPY && n->cmd != PL_DF_ADD) || n->n_args < 2 || n->n_heredocs ||
            n->error || pl_df_flag(n, "from", NULL).p)
            continue;
        struct pl_str path = source_of(a, n, dir, want);
        bool known = !path.n;
        for (size_t k = 0; k < out->n && !known; k++)
            known = pl_str_eq(out->p[k], path);
        if (!known)
            out->p[out->n++] = path;
    }
}

void pl_lint_scripts_find(struct pl_arena *a, const struct pl_df_file *f,
                          struct pl_lint_scripts *out)
{
    struct pl_str dir = PL_S("");
    for (size_t i = 0; i < f->n_nodes; i++) {
        const struct pl_df_node *n = &f->nodes[i];
        if (n->cmd == PL_DF_FROM)
            dir = PL_S("");
        if (n->cmd == PL_DF_WORKDIR && n->n_args)
            dir = inside(a, dir, n->args[0].s);
        if ((n->cmd != PL_DF_ENTRYPOINT && n->cmd != PL_DF_CMD) || n->error || !n->n_args)
            continue;
        struct pl_str rest = n->args[0].s, word;
        for (size_t k = 0; k < WORDS_MAX; k++) {
            if (n->json ? k >= n->n_args : !rest.p || !pl_str_split(&rest, ' ', &word))
                break;
            if (n->json)
                word = n->args[k].s;
            if (!constant(word) || word.p[0] == '-')
                continue;
            bool slash = memchr(word.p, '/', word.n) != NULL;
            struct pl_str full = slash ? inside(a, dir, word) : word;
            if (full.n)
                find(a, f, i, slash ? pl_printf(a, "/%.*s", PL_FMT(full)) : full, out);
        }
    }
}

struct pl_str pl_lint_script_wrap(struct pl_arena *a, struct pl_str text)
{
    if (!pl_str_starts(text, PL_S("#!")) || pl_lint_has(text, SCRIPT_END) ||
        memchr(text.p, 0, text.n))
        return PL_S("");
    return pl_printf(a, "%s%.*s\n" SCRIPT_END "\n", SCRIPT_HEAD, PL_FMT(text));
}
