/* mkimage: builds container images for tests from readable recipes. Shared types of its files.
 * The language is described in README.md beside this file. */
/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MKIMAGE_MK_H
#define MKIMAGE_MK_H

#include <inttypes.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/cleanup.h"
#include "base/hash.h"
#include "base/str.h"
#include "base/vec.h"

#define MK_MTIME 1767225600 /* 2026-01-01T00:00:00Z: every date in an image */
#define MK_CREATED "2026-01-01T00:00:00Z"

/* One word of a recipe line. `key` > 0: an option, s.p[key] is its '='. */
struct mk_word {
    struct pl_str s;
    size_t key;
    bool quoted;
};

/* One statement: words, and the statements of its block if it has one. */
struct mk_node {
    unsigned line;
    struct mk_word *w;
    size_t n;
    struct mk_node *kid;
    size_t kids;
};

struct mk_token {
    struct pl_str name, value;
};

/* A planted file version, for the truth file. */
struct mk_fact {
    unsigned image, layer;
    struct pl_str path, nested; /* nested: members joined by '!' */
    uint64_t size;
    char sha[65];
};

/* The run. Everything handed out as pl_str lives until the end. */
struct mk {
    struct pl_arena a;
    const char *file; /* the recipe's name, for messages */
    PL_VEC(char *) keep;
    PL_VEC(struct mk_token) token, var; /* secrets by name; `let` names */
    PL_VEC(struct mk_fact) fact;
    unsigned image, layer;
    struct pl_str path, nested; /* place of what is being built */
    bool facts;                 /* false: contents built now are not file versions */
};

/* Prints "FILE:LINE: message" and ends the process with status 2. */
_Noreturn void mk_die(const struct mk *m, const struct mk_node *at, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));
/* Takes the buffer's bytes over; they live as long as the run, with a NUL behind. */
struct pl_str mk_keep(struct mk *m, struct pl_buf *b);
/* Lower-case hex SHA-256 of `s` to out[65]. */
void mk_sha(struct pl_str s, char *out);
/* Frees everything. */
void mk_release(struct mk *m);

/* recipe.c: reads the recipe `text`; returns a node whose kids are the statements. */
struct mk_node *mk_parse(struct mk *m, struct pl_str text);
/* The value of option `key` of a statement, or NULL; the first of several. */
const struct pl_str *mk_opt(struct mk *m, const struct mk_node *n, const char *key);
/* The same, as text or a number (suffix K, M, G; a leading '-' allowed); `other` when absent. */
struct pl_str mk_opt_str(struct mk *m, const struct mk_node *n, const char *key, const char *other);
int64_t mk_opt_num(struct mk *m, const struct mk_node *n, const char *key, int64_t other);
/* Is the bare word `w` among the words after the first? */
bool mk_flag(const struct mk_node *n, const char *w);
/* A number as the options take them. */
int64_t mk_num(const struct mk *m, const struct mk_node *n, struct pl_str s);
/* Word `i` counted without options (0 is the statement's name); ends the process when missing. */
struct pl_str mk_arg(const struct mk *m, const struct mk_node *n, size_t i);
/* The statement without what stands from argument `i` on: its own options, not its content's. */
struct mk_node mk_head(const struct mk_node *n, size_t i);
/* How many words are no options. */
size_t mk_args(const struct mk_node *n);
/* Does the statement's name equal `name`? */
bool mk_is(const struct mk_node *n, const char *name);
/* The word behind mk_arg, or NULL. */
const struct mk_word *mk_arg_word(const struct mk_node *n, size_t i);

/* token.c: the secret of `kind` called `name`, or an empty view when no such kind exists. */
struct pl_str mk_secret(struct mk *m, struct pl_str kind, struct pl_str name);
/* Appends `in` to `out` with every {KIND:NAME} replaced. */
void mk_expand(struct mk *m, struct pl_str in, struct pl_buf *out);
/* Fills `n` bytes that depend on `seed` alone. */
void mk_random(struct pl_str seed, uint8_t *out, size_t n);
/* Base64 of `in`, with '+/' and padding, or URL-safe without. */
void mk_base64(struct pl_str in, bool url, struct pl_buf *out);

/* content.c: evaluates the content expression that begins at argument `i` of `n`. */
struct pl_str mk_content(struct mk *m, const struct mk_node *n, size_t i);
/* Evaluates member `path` of a container: as mk_content, noted with its nested name. */
struct pl_str mk_member(struct mk *m, const struct mk_node *n, size_t i, struct pl_str name);
/* Notes a file version for the truth file, at the current place. */
void mk_fact(struct mk *m, struct pl_str body);

/* One kind of content: its word and its builder; `i` is the argument after the word. */
struct mk_maker {
    const char *name;
    struct pl_str (*make)(struct mk *m, const struct mk_node *n, size_t i);
};
extern const struct mk_maker mk_binaries[]; /* binary.c: elf, pyc, sqlite … ends with NULL */
extern const struct mk_maker mk_archives[]; /* archive.c: zip, tar, ar … ends with NULL */

/* codec.c: one compressed member or frame of `in`, appended to `out`. `n` gives header options
 * (name, comment, extra, level) and may be NULL. */
void mk_compress(struct mk *m, struct pl_str codec, const struct mk_node *n, struct pl_str in,
                 struct pl_buf *out);
/* A stream of `codec` that unpacks to `head` and then `zeros` zero bytes. */
struct pl_str mk_bomb(struct mk *m, struct pl_str codec, struct pl_str head, uint64_t zeros);
/* A zstd skippable frame. */
void mk_skippable(struct pl_str in, struct pl_buf *out);

/* tar.c */
struct mk_tar_opts {
    struct pl_str format; /* ustar, gnu, pax, v7 */
};
/* Appends the entry that statement `n` describes; false when it is no entry statement. */
bool mk_tar_entry(struct mk *m, const struct mk_node *n, const struct mk_tar_opts *o,
                  struct pl_buf *out);
/* Appends a plain file; for archives made by the tool itself. */
void mk_tar_file(struct pl_buf *out, struct pl_str path, struct pl_str body);
/* Appends a directory or (type '2') a symbolic link. */
void mk_tar_node(struct pl_buf *out, struct pl_str path, char type, struct pl_str link);
/* Appends the end mark. */
void mk_tar_end(struct pl_buf *out);
/* A bare 512-byte ustar header. */
void mk_tar_header(char *h, struct pl_str path, uint64_t size, char type);

/* git.c: appends the files of a repository to the tar stream. */
void mk_git(struct mk *m, const struct mk_node *n, const struct mk_tar_opts *o, struct pl_buf *out);

/* image.c: the files of the output, by path. */
struct mk_file {
    struct pl_str path, body;
    struct pl_str link; /* non-empty: a symbolic link (docker archives only) */
};
struct mk_layer {
    struct pl_str plain, stored, legacy; /* legacy: the ID/json text of docker archives */
    struct pl_str media_type, created_by;
    char diff_id[80], digest[80], plain_sha[65]; /* as the documents state them; the true one */
    char stored_sha[65];
    int64_t size;
    bool missing;
    struct pl_str extra; /* more JSON members of the descriptor */
};
struct mk_image {
    PL_VEC(struct mk_layer) layer;
    struct pl_str config, manifest;
    char config_sha[65], manifest_sha[65];
    struct pl_str tag, os, arch;
    bool compressed; /* docker archives keep the layers as stored */
};
struct mk_set {
    PL_VEC(struct mk_file) oci;      /* files of the layout */
    PL_VEC(struct mk_image *) image; /* for the docker-archive forms */
    struct pl_str plain;             /* `plain`: the output is this file and nothing else */
    bool has_plain;
    const struct mk_node *finally;
};
/* Builds everything the recipe says. */
void mk_build(struct mk *m, const struct mk_node *root, struct mk_set *s);
/* layer.c: builds one layer from its statement. */
void mk_layer_build(struct mk *m, const struct mk_node *n, struct mk_layer *l);
/* config.c: fills im->config and its digest from the statements of the image. */
void mk_config(struct mk *m, const struct mk_node *n, struct mk_image *im);
/* Is the statement a setting of the configuration (env, cmd …)? */
bool mk_is_setting(const struct mk_node *k);
/* Appends the members of raw JSON that statements called `word` give: WORD KEY JSON. */
void mk_members(struct mk *m, const struct mk_node *n, const char *word, struct pl_buf *b);
/* The first statement of the block called `word`, or NULL. */
const struct mk_node *mk_find(const struct mk_node *n, const char *word);
/* Document `s` after the block's `patch` and `raw` statements for `what`. */
struct pl_str mk_changed(struct mk *m, const struct mk_node *n, const char *what, struct pl_str s);
/* Appends ` "text" ` escaped for JSON. */
void mk_json(struct pl_buf *b, struct pl_str s);
/* Appends "key":"value" for each `annotation` statement under `n` whose target is `target`, as one
 * object named "annotations" with a leading comma; nothing when there is none. */
void mk_annotations(struct mk *m, const struct mk_node *n, const char *target, struct pl_buf *b);

/* out.c: writes the set as FORM:PATH. */
void mk_write(struct mk *m, struct mk_set *s, const char *target);
/* Writes the truth file. */
void mk_write_truth(struct mk *m, struct mk_set *s, const char *path);
/* Writes `body` to `path`, making its folders. */
void mk_write_file(struct mk *m, const char *path, struct pl_str body);

/* bench.c: an image of about `mb` megabytes from this machine's own files, as an OCI layout. */
void mk_bench(struct mk *m, uint64_t mb, const char *target);

#endif
