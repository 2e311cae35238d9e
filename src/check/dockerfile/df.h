/* The Dockerfile as BuildKit reads it: instructions with flags, arguments, heredocs, and where each
 * of them stands in the source. formats/dockerfile.md section 1. */
/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PL_CHECK_DOCKERFILE_DF_H
#define PL_CHECK_DOCKERFILE_DF_H

#include "base/arena.h"
#include "base/buf.h"

#define PL_DF_FILE_MAX (16u << 20)  /* bytes of a file: far above real ones */
#define PL_DF_LINE_MAX (1u << 20)   /* bytes of a physical line */
#define PL_DF_LINE_BUILDKIT 65536u  /* bytes of a physical line that BuildKit's reader refuses */
#define PL_DF_STAGES_MAX 1000u      /* stages of a file */
#define PL_DF_NODES_MAX 100000u     /* instructions of a file */
#define PL_DF_JOINED_MAX (1u << 20) /* bytes of an instruction with its continuations */

#define PL_DF_COMMANDS(X)         \
    X(ADD, "add")                 \
    X(ARG, "arg")                 \
    X(CMD, "cmd")                 \
    X(COPY, "copy")               \
    X(ENTRYPOINT, "entrypoint")   \
    X(ENV, "env")                 \
    X(EXPOSE, "expose")           \
    X(FROM, "from")               \
    X(HEALTHCHECK, "healthcheck") \
    X(LABEL, "label")             \
    X(MAINTAINER, "maintainer")   \
    X(ONBUILD, "onbuild")         \
    X(RUN, "run")                 \
    X(SHELL, "shell")             \
    X(STOPSIGNAL, "stopsignal")   \
    X(USER, "user")               \
    X(VOLUME, "volume")           \
    X(WORKDIR, "workdir")

enum pl_df_cmd {
    PL_DF_UNKNOWN,
#define X(name, text) PL_DF_##name,
    PL_DF_COMMANDS(X)
#undef X
        PL_DF_COUNT
};

/* Text made of stretches of the source: text[seg[i].at …) is source[seg[i].src …). */
struct pl_df_seg {
    uint32_t at, src;
};
struct pl_df_text {
    struct pl_str s;
    const struct pl_df_seg *seg;
    size_t n_seg;
};

/* A word: its value as BuildKit holds it, and where it stands in the text of its instruction. */
struct pl_df_arg {
    struct pl_str s;
    uint32_t at, end;
};

struct pl_df_heredoc {
    struct pl_str name;
    struct pl_df_text body; /* leading tabs removed when `chomp` */
    struct pl_str raw;      /* body and terminator line as they stand in the source */
    uint32_t src, src_end;  /* of `raw` */
    unsigned fd;
    bool chomp, expand;
};

struct pl_df_node {
    enum pl_df_cmd cmd;
    struct pl_str word;     /* as written */
    uint32_t word_at;       /* in `text` */
    struct pl_df_text text; /* the whole instruction, continuations joined */
    uint32_t args_at;       /* in `text`: what follows word and flags, no blank in front */
    struct pl_df_arg *flags;
    size_t n_flags;
    struct pl_df_arg *args; /* ENV, LABEL: key, value, separator ("=" or "") for each pair */
    size_t n_args;
    bool json;
    struct pl_df_node *child; /* ONBUILD; shares `text` */
    struct pl_df_heredoc *heredocs;
    size_t n_heredocs;
    struct pl_str *comments; /* directly above, without '#' */
    size_t n_comments;
    uint32_t first_comment;  /* line of the first of them; 0 = none */
    uint32_t line, end_line; /* 1-based, both inclusive */
    uint32_t off, end;       /* source: from the instruction word to behind the last line's text */
    const char *error; /* why BuildKit's parser refuses it (static or in the arena), or NULL */
    bool empty_continuation;
};

struct pl_df_directive {
    struct pl_str name, value; /* name in lower case */
    uint32_t line;
};

/* A comment line outside heredoc bodies. */
struct pl_df_comment {
    struct pl_str s; /* behind '#', blanks trimmed */
    uint32_t line, off;
};

/* Something the parser refuses that belongs to no instruction. */
struct pl_df_error {
    const char *msg;
    uint32_t line, off;
};

struct pl_df_file {
    struct pl_str src;
    uint32_t *line_off; /* where each line begins; one more at the end */
    uint32_t n_lines;
    char escape; /* backslash or backtick */
    bool crlf;   /* the first line ends so */
    struct pl_df_node *nodes;
    size_t n_nodes;
    struct pl_df_directive *directives;
    size_t n_directives;
    struct pl_df_comment *comments;
    size_t n_comments;
    struct pl_df_error *errors;
    size_t n_errors;
};

/* Reads `src` into `a` (which must outlive `ret`; values are views on `src` where they can be).
 * What BuildKit refuses is recorded in the nodes and in `errors`, and reading goes on.
 * PL_E_FORMAT: no Dockerfile at all (a NUL byte, or not UTF-8), with the offset. PL_E_LIMIT: file,
 * line or number of stages. `ret` is filled as far as possible in the latter case. */
int pl_df_parse(struct pl_arena *a, struct pl_str src, struct pl_df_file *ret, struct pl_err *err);

/* Did BuildKit's parser accept all of it? Else *ret_msg and *ret_line name the first problem. */
bool pl_df_parsed(const struct pl_df_file *f, const char **ret_msg, uint32_t *ret_line);

/* Appends BuildKit's text form of the tree. */
void pl_df_dump(const struct pl_df_file *f, struct pl_buf *out);

/* Where byte `at` of a text stands in the source. */
uint32_t pl_df_src(const struct pl_df_text *t, uint32_t at);
/* Line and column (1-based, in characters) of a source offset. */
void pl_df_place(const struct pl_df_file *f, uint32_t off, uint32_t *ret_line, uint32_t *ret_col);
/* The source of line `line` without its end. */
struct pl_str pl_df_line(const struct pl_df_file *f, uint32_t line);

/* "run" … ; "" for PL_DF_UNKNOWN; static. */
const char *pl_df_name(enum pl_df_cmd c);
/* The instruction called `word`, in any case; PL_DF_UNKNOWN when none is. */
enum pl_df_cmd pl_df_find(struct pl_str word);
/* The value of flag `name` of `n` ("--name=value"); p == NULL when it has none, empty and p != NULL
 * for a flag without value. *ret_arg (may be NULL) is the flag. */
struct pl_str pl_df_flag(const struct pl_df_node *n, const char *name,
                         const struct pl_df_arg **ret_arg);

/* Length of the white space character (as Go's unicode.IsSpace) that `s` begins with, or 0. */
size_t pl_df_space(struct pl_str s);
/* Without such characters at both ends. */
struct pl_str pl_df_trim(struct pl_str s);
/* A JSON array that is all of `s` (blanks around are taken)? Returns 1 and the strings (with places
 * relative to `s`) when all elements are strings, -1 when one is not, 0 when it is no JSON array.
 */
int pl_df_json(struct pl_arena *a, struct pl_str s, struct pl_df_arg **ret, size_t *ret_n);

#endif
