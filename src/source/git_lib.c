/* Opening a repository with libgit2, raw objects, notes about what it lacks. secrets.md section 10.
 */
/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/cleanup.h"
#include "base/limits.h"
#include "source/git_int.h"

#define WINDOW PL_MIB(1)
#define MAPPED PL_MIB(8)
#define CACHE PL_MIB(8)
#define PACK_FILES 64u

const char *pl_git_library(void)
{
    return "libgit2 " LIBGIT2_VERSION;
}

int pl_git_fail(struct pl_err *err, const char *what)
{
    const git_error *e = pl_git_lib()->git_error_last();
    return pl_fail(err, PL_E_FORMAT, "%s: %s", what, e && e->message ? e->message : "git error");
}

/* Nothing outside the repository is read, pieces of packs are mapped, few trees are kept. */
static void set_options(void)
{
    static const char *const known[] = { "noop", "objectformat", "partialclone", "worktreeconfig",
                                         "preciousobjects" };
    for (int level = GIT_CONFIG_LEVEL_PROGRAMDATA; level <= GIT_CONFIG_LEVEL_GLOBAL; level++)
        pl_git_lib()->git_libgit2_opts(GIT_OPT_SET_SEARCH_PATH, level, "");
    pl_git_lib()->git_libgit2_opts(GIT_OPT_SET_MWINDOW_SIZE, (size_t)WINDOW);
    pl_git_lib()->git_libgit2_opts(GIT_OPT_SET_MWINDOW_MAPPED_LIMIT, (size_t)MAPPED);
    pl_git_lib()->git_libgit2_opts(GIT_OPT_SET_MWINDOW_FILE_LIMIT, (size_t)PACK_FILES);
    pl_git_lib()->git_libgit2_opts(GIT_OPT_SET_CACHE_OBJECT_LIMIT, GIT_OBJECT_TREE,
                                   (size_t)PL_KIB(256));
    pl_git_lib()->git_libgit2_opts(GIT_OPT_SET_CACHE_MAX_SIZE, (ssize_t)CACHE);
    pl_git_lib()->git_libgit2_opts(GIT_OPT_ENABLE_STRICT_HASH_VERIFICATION, 0);
    pl_git_lib()->git_libgit2_opts(GIT_OPT_SET_OWNER_VALIDATION,
                                   0); /* nothing of the repository is run */
    pl_git_lib()->git_libgit2_opts(GIT_OPT_DISABLE_PACK_KEEP_FILE_CHECKS, 1);
    pl_git_lib()->git_libgit2_opts(GIT_OPT_SET_EXTENSIONS, known, PL_COUNT(known));
}

/* Value of an extension in the repository's configuration, in *ret (NUL-terminated, cut). */
static bool extension(git_config *c, const char *name, char *ret, size_t n)
{
    git_buf b = GIT_BUF_INIT;
    bool have = pl_git_lib()->git_config_get_string_buf(&b, c, name) == 0;
    if (have)
        snprintf(ret, n, "%s", b.ptr);
    pl_git_lib()->git_buf_dispose(&b);
    return have;
}

/* What libgit2 1.5 would misread: other hashes, other stores of refs. */
static int check_format(struct pl_git *g, struct pl_err *err)
{
    git_config *c = NULL;
    char value[64] = "";
    if (pl_git_lib()->git_repository_config_snapshot(&c, g->repo) < 0)
        return pl_git_fail(err, "cannot read the repository's configuration");
    int r = 0;
    if (extension(c, "extensions.objectformat", value, sizeof value) && strcmp(value, "sha1") != 0)
        r = pl_fail(err, PL_E_UNSUP,
                    "a repository with %s ids, which " LIBGIT2_VERSION " of libgit2 cannot read",
                    value);
    else if (extension(c, "extensions.refstorage", value, sizeof value) &&
             strcmp(value, "files") != 0)
        r = pl_fail(err, PL_E_UNSUP,
                    "a repository with refs in %s form, which " LIBGIT2_VERSION
                    " of libgit2 cannot read",
                    value);
    g->partial = extension(c, "extensions.partialclone", value, sizeof value);
    int promisor = 0;
    git_config_iterator *it = NULL;
    git_config_entry *e;
    if (pl_git_lib()->git_config_iterator_glob_new(&it, c, "^remote\\..*\\.promisor$") == 0)
        while (pl_git_lib()->git_config_next(&e, it) == 0)
            promisor += strcmp(e->value ? e->value : "true", "false") != 0;
    pl_git_lib()->git_config_iterator_free(it);
    g->partial |= promisor > 0;
    pl_git_lib()->git_config_free(c);
    return r;
}

static void read_shallow(struct pl_git *g)
{
    pl_auto_buf struct pl_buf path = { 0 };
    char line[128];
    pl_buf_printf(&path, "%s/shallow", pl_git_lib()->git_repository_commondir(g->repo));
    pl_buf_putc(&path, 0);
    FILE *f = fopen(path.p, "re");
    while (f && fgets(line, sizeof line, f)) {
        uint8_t id[PL_OID];
        if (pl_unhex(pl_str_n(line, 40), id, PL_OID))
            pl_oidmap_put(&g->shallow, id, NULL);
    }
    if (f)
        fclose(f);
}

/* libgit2 refuses the file of a repository in another format before we can look: say it our way. */
static int open_failed(struct pl_err *err, const char *dir)
{
    const git_error *e = pl_git_lib()->git_error_last();
    const char *m = e && e->message ? e->message : "git error";
    bool format = strstr(m, "extension") || strstr(m, "version");
    return pl_fail(err, format ? PL_E_UNSUP : PL_E_FORMAT, "cannot open the repository '%s': %s",
                   dir, m);
}

int pl_git_open(const char *dir, struct pl_git **ret, struct pl_err *err)
{
    int r = pl_git_load(err);
    if (r < 0)
        return r;
    if (pl_git_lib()->git_libgit2_init() < 0)
        return pl_git_fail(err, "libgit2");
    set_options();
    struct pl_git *g = calloc(1, sizeof *g);
    if (!g || !(g->dir = strdup(dir)))
        pl_oom();
    if (pl_git_lib()->git_repository_open_ext(
            &g->repo, dir, GIT_REPOSITORY_OPEN_NO_SEARCH | GIT_REPOSITORY_OPEN_BARE, NULL) < 0)
        r = open_failed(err, dir);
    if (r == 0)
        r = check_format(g, err);
    if (r == 0 && pl_git_lib()->git_repository_odb(&g->odb, g->repo) < 0)
        r = pl_git_fail(err, "cannot open the objects");
    if (r < 0) {
        pl_git_close(g);
        return r;
    }
    read_shallow(g);
    *ret = g;
    return 0;
}

void pl_git_close(struct pl_git *g)
{
    if (!g)
        return;
    pl_git_lib()->git_odb_free(g->odb);
    pl_git_lib()->git_repository_free(g->repo);
    pl_oidmap_release(&g->ids);
    pl_oidmap_release(&g->shallow);
    pl_oidmap_release(&g->tags);
    pl_oidmap_release(&g->whole);
    pl_oidmap_release(&g->submodules);
    pl_vec_release(&g->info);
    pl_vec_release(&g->parents);
    pl_vec_release(&g->list);
    pl_vec_release(&g->times);
    free(g->dir);
    free(g);
    pl_git_lib()->git_libgit2_shutdown();
}

int pl_git_raw(struct pl_git *g, const uint8_t *oid, git_odb_object **ret, struct pl_err *err)
{
    git_oid id;
    memcpy(id.id, oid, PL_OID);
    int r = pl_git_lib()->git_odb_read(ret, g->odb, &id);
    if (r == 0)
        return 0;
    char hex[2 * PL_OID + 1];
    pl_hex(oid, PL_OID, hex);
    if (r == GIT_ENOTFOUND)
        return pl_fail(err, PL_E_NOENT, "object %s is missing", hex);
    const git_error *e = pl_git_lib()->git_error_last();
    return pl_fail(err, PL_E_FORMAT, "object %s: %s", hex,
                   e && e->message ? e->message : "damaged");
}

int pl_git_item_next(struct pl_str *s, struct pl_git_item *ret)
{
    uint32_t mode = 0;
    size_t at = 0;
    if (!s->n)
        return 0;
    while (at < s->n && at < 8 && s->p[at] >= '0' && s->p[at] <= '7')
        mode = mode * 8 + (uint32_t)(s->p[at++] - '0');
    if (!at || at >= s->n || s->p[at] != ' ')
        return -1;
    const char *name = s->p + at + 1, *end = s->p + s->n;
    const char *nul = memchr(name, 0, (size_t)(end - name));
    if (!nul || (size_t)(end - nul) < 1 + PL_OID || nul == name)
        return -1;
    *ret = (struct pl_git_item){ mode, pl_str_n(name, (size_t)(nul - name)),
                                 (const uint8_t *)nul + 1 };
    *s = pl_str_n(nul + 1 + PL_OID, (size_t)(end - nul) - 1 - PL_OID);
    return 1;
}
