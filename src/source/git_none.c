/* A build without libgit2: says so. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "source/git.h"

const char *pl_git_library(void)
{
    return NULL;
}

int pl_git_load(struct pl_err *err)
{
    return pl_fail(err, PL_E_UNSUP, "built without libgit2");
}

int pl_git_open(const char *dir, struct pl_git **ret, struct pl_err *err)
{
    (void)ret;
    return pl_fail(err, PL_E_UNSUP,
                   "cannot read '%s': built without libgit2 (option git, package libgit2-dev)",
                   dir);
}

void pl_git_close(struct pl_git *g)
{
    (void)g;
}

/* Nothing below is reached: there is no opened repository. */

int64_t pl_git_commits(struct pl_git *g, const struct pl_git_range *r, pl_git_note_fn *note,
                       void *arg, struct pl_err *err)
{
    (void)r;
    (void)note;
    (void)arg;
    return pl_git_open((const char *)g, NULL, err);
}

const uint8_t *pl_git_commit_id(const struct pl_git *g, size_t i)
{
    (void)i;
    return (const uint8_t *)g;
}

void pl_git_walk(struct pl_git *g, size_t from, size_t to, pl_git_intro_fn *fn,
                 pl_git_note_fn *note, void *arg)
{
    (void)g;
    (void)from;
    (void)to;
    (void)fn;
    (void)note;
    (void)arg;
}

void pl_git_tags(struct pl_git *g, void (*fn)(void *arg, const uint8_t *oid), void *arg)
{
    (void)g;
    (void)fn;
    (void)arg;
}

int pl_git_objects(struct pl_git *g, void (*fn)(void *arg, const uint8_t *oid), void *arg,
                   struct pl_err *err)
{
    (void)fn;
    (void)arg;
    return pl_git_open((const char *)g, NULL, err);
}

int pl_git_header(struct pl_git *g, const uint8_t *oid, enum pl_git_kind *ret_kind,
                  uint64_t *ret_size, struct pl_err *err)
{
    (void)oid;
    (void)ret_kind;
    (void)ret_size;
    return pl_git_open((const char *)g, NULL, err);
}

struct pl_view *pl_git_read(struct pl_git *g, const uint8_t *oid, uint64_t max, struct pl_err *err)
{
    (void)oid;
    (void)max;
    pl_git_open((const char *)g, NULL, err);
    return NULL;
}

int pl_git_commit_who(struct pl_git *g, const uint8_t *oid, struct pl_arena *a,
                      struct pl_git_who *ret, struct pl_err *err)
{
    (void)oid;
    (void)a;
    (void)ret;
    return pl_git_open((const char *)g, NULL, err);
}

void pl_git_heads(struct pl_git *g, void (*fn)(void *arg, const uint8_t *oid, struct pl_str path),
                  void *arg)
{
    (void)g;
    (void)fn;
    (void)arg;
}

int pl_git_staged(struct pl_git *g, const char *index, bool all,
                  void (*fn)(void *arg, const struct pl_git_change *c), pl_git_note_fn *note,
                  void *arg, struct pl_err *err)
{
    (void)index;
    (void)all;
    (void)fn;
    (void)note;
    (void)arg;
    return pl_git_open((const char *)g, NULL, err);
}
