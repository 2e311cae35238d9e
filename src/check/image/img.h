/* The facts of one image: its configuration, the files of its final view that say how it runs, and
 * the text of those that are read. formats/hardening.md. */
/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PL_CHECK_IMAGE_IMG_H
#define PL_CHECK_IMAGE_IMG_H

#include "base/arena.h"
#include "base/err.h"
#include "base/wire.h"

#define PL_IMG_FILES_MAX 400000u
#define PL_IMG_TEXT_MAX ((size_t)128 << 10) /* a script or a configuration file */
#define PL_IMG_LIST_MAX ((size_t)8 << 20)   /* a package manager's list */
#define PL_IMG_STRINGS_MAX ((size_t)8 << 10)

enum pl_img_kind { PL_IMG_FILE, PL_IMG_DIR, PL_IMG_LINK, PL_IMG_DEVICE };

/* What the bytes of a program show. */
enum pl_img_trait {
    PL_TRAIT_ELF = 1u << 0,
    PL_TRAIT_GO = 1u << 1,
    PL_TRAIT_RUST = 1u << 2,
    PL_TRAIT_TEMPDIR = 1u << 3, /* asks for the folder of temporary files */
    PL_TRAIT_MINER = 1u << 4,   /* a miner's own option or name */
    PL_TRAIT_POOL = 1u << 5,    /* a mining pool's protocol or host */
    PL_TRAIT_UPX = 1u << 6,
    PL_TRAIT_SHELL = 1u << 7, /* the words of a reverse shell */
    PL_TRAIT_RULES = 1u << 8, /* the file is a security tool's own */
    PL_TRAIT_SCRIPT = 1u << 9,
    PL_TRAIT_STATIC = 1u << 10, /* ELF without an interpreter */
};

struct pl_img_file {
    struct pl_str path; /* in the final view, no '/' in front; "" is the root */
    enum pl_img_kind kind;
    uint32_t mode, uid, gid, layer;
    uint64_t size;
    int64_t mtime_ns;
    struct pl_str link;
    uint32_t traits;
    bool has_body;
    struct pl_str body;    /* text as it stands */
    struct pl_str strings; /* a program's path-like strings, one a line */
    struct pl_str caps;    /* security.capability, raw; empty = none */
};

struct pl_img_pair {
    struct pl_str name, value;
};

struct pl_img_list {
    struct pl_str *p;
    size_t n;
};

struct pl_img_history {
    struct pl_str created, created_by;
    bool empty;
    uint32_t layer; /* that it made; UINT32_MAX = none, or not known */
};

struct pl_img_user {
    struct pl_str name, home, shell, password;
    uint32_t uid, gid;
    uint32_t line;
};

struct pl_img_group {
    struct pl_str name;
    uint32_t gid;
    uint32_t line;
};

struct pl_img {
    struct pl_arena *a;
    struct pl_img_file *file; /* sorted by path, each once */
    size_t n_file;
    /* the configuration */
    bool has_config;
    struct pl_str user, workdir, created;
    struct pl_img_pair *env;
    size_t n_env;
    struct pl_img_list entrypoint, cmd, volumes, ports, shell, health, onbuild;
    bool entry_shell, cmd_shell; /* written in shell form */
    struct pl_img_pair *label;
    size_t n_label;
    struct pl_img_history *history;
    size_t n_history;
    struct pl_img_list diff_ids;
    /* its own users */
    bool has_passwd;
    struct pl_img_user *users;
    size_t n_users;
    struct pl_img_group *groups;
    size_t n_groups;
    uint32_t n_layers;
    int64_t now_days; /* today, in days since 1970; 0 = not told */
};

/* ---- which files are told, and how ---- */
enum pl_img_keep { PL_KEEP_NOTHING, PL_KEEP_TEXT, PL_KEEP_LIST, PL_KEEP_STRINGS };
/* What of a file is kept; `head` are its first bytes. */
enum pl_img_keep pl_img_keeps(struct pl_str path, uint32_t mode, uint64_t size, struct pl_str head);
/* Does a file of these marks matter to the facts even without its text? `kind` as in pl_img. */
bool pl_img_matters(struct pl_str path, enum pl_img_kind kind, uint32_t mode, uint32_t uid);

/* ---- on the wire, from the parent to the worker that judges ---- */
/* Appends the head: the configuration's own text, the day, the layer of each history entry. */
void pl_img_put_head(struct pl_buf *b, struct pl_str config, uint32_t n_layers, int64_t now_days,
                     const uint32_t *layer_of, size_t n_history);
/* Appends one file. */
void pl_img_put_file(struct pl_buf *b, const struct pl_img_file *f);
/* Reads facts; text are views on `bytes`, the rest is in `a`. PL_E_FORMAT when malformed,
 * PL_E_LIMIT for too many files. A configuration that cannot be read leaves has_config false. */
int pl_img_read(struct pl_arena *a, struct pl_str bytes, struct pl_img *ret, struct pl_err *err);
/* Fills the members of the configuration from its JSON. PL_E_FORMAT. */
int pl_img_config(struct pl_img *im, struct pl_str json, struct pl_err *err);
/* Sorts the files, keeps the last of equal paths, reads passwd and group. Called by pl_img_read. */
void pl_img_settle(struct pl_img *im);

/* ---- looking things up ---- */
/* The file at exactly this path (a leading '/' does not count), or NULL. Links are not followed. */
const struct pl_img_file *pl_img_at(const struct pl_img *im, struct pl_str path);
/* The absolute path ("/run/x") that `path` means with every link in the image followed; parts that
 * do not exist stay. Relative paths begin at `cwd`. In im->a. Empty when links run in circles. */
struct pl_str pl_img_resolve(const struct pl_img *im, struct pl_str cwd, struct pl_str path);
/* pl_img_at of pl_img_resolve. */
const struct pl_img_file *pl_img_open(const struct pl_img *im, struct pl_str cwd,
                                      struct pl_str path);
/* Index of the first file below directory `path` (not itself); *ret_end is behind the last. */
size_t pl_img_below(const struct pl_img *im, struct pl_str path, size_t *ret_end);
/* The program that a command word means along PATH; NULL when none is there. */
const struct pl_img_file *pl_img_which(const struct pl_img *im, struct pl_str cwd,
                                       struct pl_str word);
/* A variable of the configuration; p == NULL when it is not set. */
struct pl_str pl_img_env(const struct pl_img *im, struct pl_str name);

/* A user as the image means it. */
struct pl_img_who {
    uint32_t uid, gid;
    struct pl_str name; /* as it was written, or of the passwd file; may be empty */
    bool known;         /* the uid is known */
    bool gid_known;
    bool by_name; /* it was a name that had to be looked up */
    bool missing; /* a name that the image's passwd does not have */
};
/* Resolves "user", "user:group", "uid", "uid:gid"; empty is root. */
struct pl_img_who pl_img_user(const struct pl_img *im, struct pl_str spec);
/* The user with this uid, or NULL. */
const struct pl_img_user *pl_img_uid(const struct pl_img *im, uint32_t uid);

/* ---- small helpers for paths ---- */
/* "/a/b" of "/a/b/c"; "/" at the top. Absolute paths. */
struct pl_str pl_path_dir(struct pl_str path);
/* The last part. */
struct pl_str pl_path_base(struct pl_str path);
/* Is `path` equal to `dir` or below it? Absolute, without a '/' at the end. */
bool pl_path_in(struct pl_str path, struct pl_str dir);
/* Cuts the next word at blanks; false at the end. */
bool pl_next_word(struct pl_str *rest, struct pl_str *ret);

#endif
