/* Git repositories by object: where one is, its commits and the blobs each of them brought in,
 * objects in pack order, the index. Parsing is for the sandboxed child; the parent only finds
 * folders and starts the `git` program for the text that source/patch.h reads. secrets.md
 * section 10. */
/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PL_SOURCE_GIT_H
#define PL_SOURCE_GIT_H

#include "base/arena.h"
#include "base/err.h"
#include "io/view.h"
#include "source/feed.h"

/* ---- parent: where it is ---- */

#define PL_GIT_ROOTS_MAX 16u

/* Absolute paths without symbolic links, NUL-terminated, in the caller's arena. */
struct pl_git_place {
    const char *dir;                     /* the git directory of this work tree */
    const char *common;                  /* that of all its work trees: objects, packed refs */
    const char *work_tree;               /* NULL when bare */
    const char *index;                   /* NULL: `index` in dir */
    const char *roots[PL_GIT_ROOTS_MAX]; /* folders that a reader must see: dir, common, alternates;
                                            with `want_work_tree` that, too */
    size_t n_roots;
    bool more_roots; /* further alternates were left out */
};

/* Finds the repository at `path`: a work tree, a folder in one, a git directory, a bare one.
 * PL_E_NOENT: there is none. */
int pl_git_locate(const char *path, bool want_work_tree, struct pl_arena *a,
                  struct pl_git_place *ret, struct pl_err *err);

/* Takes `dir` for the work tree; false when it is not there. `want`: as of pl_git_locate. */
bool pl_git_use_work_tree(struct pl_git_place *p, const char *dir, bool want, struct pl_arena *a);
/* Takes `file` for the index, as git does what GIT_INDEX_FILE names while it commits with -a, -p or
 * paths; relative to the working directory. With `own_only` nothing but one in the git directory:
 * another may be that of another repository. True when it was taken. */
bool pl_git_use_index(struct pl_git_place *p, const char *file, bool own_only, struct pl_arena *a);

/* ---- parent: patches as the `git` program shows them (source/patch.h reads the text) ---- */

enum pl_git_show {
    PL_GIT_LOG,      /* log -p -U0, every commit of every ref, or as `opts` say */
    PL_GIT_STAGED,   /* index against HEAD */
    PL_GIT_WORKTREE, /* working tree against index */
};
struct pl_git_cmd {
    const char *repo; /* any folder of it */
    enum pl_git_show show;
    const char *const *opts; /* LOG: words instead of --full-history --all --diff-filter=tuxdb */
    size_t n_opts;           /* 0 = none given */
};
/* Starts `git` and gives what it writes to stdout. At the end of its output, when it failed, read()
 * returns PL_E_IO with the first line of its stderr. Heap; close() ends the process. NULL with err
 * when it cannot be started. Filters of the repository's own configuration (textconv, external
 * diff) are not run. */
struct pl_feed *pl_git_cmd_feed(const struct pl_git_cmd *c, struct pl_err *err);
/* The descriptor that a feed of pl_git_cmd_feed reads from, for a child that takes the text apart;
 * read() then tells how git ended. */
int pl_git_cmd_fd(const struct pl_feed *f);
/* The bytes of `path` at `commit` ("" = staged), by `git cat-file`; as above. */
struct pl_feed *pl_git_blob_feed(const char *repo, struct pl_str commit, struct pl_str path,
                                 struct pl_err *err);
/* The URL that `git ls-remote --get-url` prints for the repository, in `a`; empty when there is
 * none.
 */
struct pl_str pl_git_remote_url(const char *repo, struct pl_arena *a);

/* ---- child: the repository ---- */

#define PL_GIT_OID 20u /* bytes of an id */

struct pl_git; /* an opened repository */

/* Names the library behind this build ("libgit2 1.5.1"), or NULL when it was built without. */
const char *pl_git_library(void);
/* Loads the library, for a parent whose children read repositories. PL_E_UNSUP: not on this
 * machine, or built without. */
int pl_git_load(struct pl_err *err);
/* Opens the repository with git directory `dir`. PL_E_UNSUP: built without libgit2, a SHA-256 or
 * reftable repository; PL_E_FORMAT: damaged. Heap; pl_git_close. */
int pl_git_open(const char *dir, struct pl_git **ret, struct pl_err *err);
void pl_git_close(struct pl_git *g);

/* Told of what limits a walk: `code` as in notes, `incomplete`: not everything is read. */
typedef void pl_git_note_fn(void *arg, bool incomplete, const char *code, struct pl_str where,
                            const char *message);

struct pl_git_range {
    const char *const *revs; /* "main", "v1..v2", "v1...v2", "^old"; none = all refs and HEAD */
    size_t n_revs;
    int64_t since, until; /* seconds since the epoch of the committer, 0 = no bound */
};
/* Lists the commits of the range, parents first, and keeps the list in `g`; notes shallow and
 * partial clones and missing objects. Returns their number, or negative: PL_E_USAGE for a revision
 * that does not exist. */
int64_t pl_git_commits(struct pl_git *g, const struct pl_git_range *r, pl_git_note_fn *note,
                       void *arg, struct pl_err *err);
/* Id of commit `i` of the list, PL_GIT_OID bytes. */
const uint8_t *pl_git_commit_id(const struct pl_git *g, size_t i);

/* One blob that a commit brought in: at that path none of its parents has it. */
struct pl_git_intro {
    uint32_t commit; /* index in the list */
    const uint8_t *oid;
    struct pl_str path; /* view, valid during the call */
    bool link;          /* a symbolic link */
};
typedef void pl_git_intro_fn(void *arg, const struct pl_git_intro *x);
/* Tells the blobs of commits [from, to) of the list; notes submodules (once a path) and missing
 * trees. */
void pl_git_walk(struct pl_git *g, size_t from, size_t to, pl_git_intro_fn *fn,
                 pl_git_note_fn *note, void *arg);

/* Ids of annotated tags that refs lead to. */
void pl_git_tags(struct pl_git *g, void (*fn)(void *arg, const uint8_t *oid), void *arg);

/* Every object there is, each once: in the order of each pack, then loose ones. */
int pl_git_objects(struct pl_git *g, void (*fn)(void *arg, const uint8_t *oid), void *arg,
                   struct pl_err *err);

enum pl_git_kind { PL_GIT_IS_BLOB, PL_GIT_IS_COMMIT, PL_GIT_IS_TAG, PL_GIT_IS_TREE };
/* Kind and size of an object. PL_E_NOENT: it is missing; PL_E_FORMAT: damaged. */
int pl_git_header(struct pl_git *g, const uint8_t *oid, enum pl_git_kind *ret_kind,
                  uint64_t *ret_size, struct pl_err *err);
/* Its bytes as a view (heap; pl_view_close). Large ones are streamed where the object is stored
 * whole; PL_E_LIMIT where it is a delta and larger than `max`. NULL with err; codes as above. */
struct pl_view *pl_git_read(struct pl_git *g, const uint8_t *oid, uint64_t max, struct pl_err *err);

/* Who made a commit; views valid until pl_git_close. */
struct pl_git_who {
    struct pl_str author, email; /* as written */
    int64_t time;                /* author's, seconds since the epoch */
    int offset;                  /* minutes east of UTC */
};
int pl_git_commit_who(struct pl_git *g, const uint8_t *oid, struct pl_arena *a,
                      struct pl_git_who *ret, struct pl_err *err);

/* Calls `fn` for the blobs in the trees of the branch heads (local, remote) and HEAD. */
void pl_git_heads(struct pl_git *g, void (*fn)(void *arg, const uint8_t *oid, struct pl_str path),
                  void *arg);

/* ---- child: what is staged ---- */

struct pl_git_change {
    struct pl_str path;       /* from the top of the work tree */
    const uint8_t *old, *now; /* blob ids in HEAD and index; old NULL: the path is new */
    bool link;
    uint32_t mtime, mtime_ns, size; /* of the file when it was added to the index */
};
/* Compares the index (`index`, or NULL: the repository's own) with HEAD's tree, whole folders by
 * the tree ids that the index keeps. `fn` for each added or changed file, in order of path; with
 * `all` for every file. 0; PL_E_FORMAT, PL_E_NOENT, PL_E_UNSUP. */
int pl_git_staged(struct pl_git *g, const char *index, bool all,
                  void (*fn)(void *arg, const struct pl_git_change *c), pl_git_note_fn *note,
                  void *arg, struct pl_err *err);

#endif
