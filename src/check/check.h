/* What a check sees and how it reports. One function in a file of its theme, one line in
 * check.list. */
/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PL_CHECK_CHECK_H
#define PL_CHECK_CHECK_H

#include "base/vec.h"
#include "check/lint.h"
#include "check/shell/sh.h"

/* The shell text of an instruction. */
struct pl_lint_shell {
    struct pl_df_text text;     /* maps back to the source */
    struct pl_sh_script script; /* of `text` */
    bool posix;                 /* a shell that this grammar is for */
    bool bash;                  /* one that knows bash's extensions */
    bool heredoc;               /* the text is the body of a heredoc */
    bool shared;                /* the script is another reading's, or is kept for one */
    struct pl_str interpreter;  /* its base name: "sh", "bash", "python" */
};

/* One instruction with what was worked out. */
struct pl_lint_in {
    const struct pl_df_node *n;   /* the instruction, or what ONBUILD holds */
    const struct pl_df_node *top; /* as it stands in the file */
    size_t index;
    bool onbuild;
    bool extra;               /* shell text outside RUN, see pl_lint.extra */
    size_t stage;             /* index, SIZE_MAX before the first FROM */
    struct pl_lint_shell *sh; /* RUN with text; else NULL */
};

struct pl_lint {
    struct pl_arena *a;
    const struct pl_lint_opts *o;
    struct pl_df_file *f;
    struct pl_df_plan *p;
    struct pl_lint_in *in; /* one for each node */
    size_t n;
    struct pl_lint_in *extra; /* CMD, ENTRYPOINT, HEALTHCHECK, sh -c, scripts of COPY */
    size_t n_extra, room;
    size_t before;          /* bytes in the arena before this file */
    uint64_t work;          /* comparisons that may still be made, see pl_lint_work */
    const uint32_t *pragma; /* indexes of the comments that name a shell */
    size_t n_pragma;
    PL_VEC(struct pl_lint_hit) hits;
};

/* A check looks at the whole file and reports what it finds. */
struct pl_check {
    const char *id;
    void (*run)(struct pl_lint *l);
};
#define PL_CHECK(name) extern const struct pl_check pl_check_##name;
#include "check/check.list"
#undef PL_CHECK

/* Takes `n` steps of the work that one file may cost; false when it is used up, which ends in
 * PL_E_LIMIT. For loops over all instructions inside loops over all instructions. */
static inline bool pl_lint_work(struct pl_lint *l, uint64_t n)
{
    l->work = l->work > n ? l->work - n : 0;
    return l->work > 0;
}

/* Finds the shell texts outside RUN and parses them. */
void pl_lint_find_extra(struct pl_lint *l);
/* Appends the stretch [at, end) of a text with its places. */
struct pl_df_text pl_lint_stretch(struct pl_arena *a, const struct pl_df_text *t, uint32_t at,
                                  uint32_t end);

/* Reports code `code` (in codes.inc) at source bytes [off, end) of instruction `i`. Hits of one
 * rule at one place become one finding. Returns it until the next call. */
struct pl_lint_hit *pl_lint_code(struct pl_lint *l, const char *code, size_t i, uint32_t off,
                                 uint32_t end);
/* As pl_lint_code, for a code that covers several rules: under `rule` instead of its main one. */
struct pl_lint_hit *pl_lint_code_as(struct pl_lint *l, const char *code, enum pl_rule_id rule,
                                    size_t i, uint32_t off, uint32_t end);
/* Reports the rule itself, with its own severity, without any code. */
struct pl_lint_hit *pl_lint_rule(struct pl_lint *l, enum pl_rule_id rule, size_t i, uint32_t off,
                                 uint32_t end);
/* The same at the instruction's word, at an argument, at a shell word or command. */
struct pl_lint_hit *pl_lint_at_node(struct pl_lint *l, const char *code, size_t i);
struct pl_lint_hit *pl_lint_at_arg(struct pl_lint *l, const char *code, const struct pl_lint_in *in,
                                   const struct pl_df_arg *arg);
struct pl_lint_hit *pl_lint_at_word(struct pl_lint *l, const char *code,
                                    const struct pl_lint_in *in, uint32_t off, uint32_t end);

/* Adds a replacement of source bytes [off, end) to a hit; `text` is kept as it is (static or in
 * l->a). The class of the hit becomes the highest of its edits. */
void pl_lint_edit(struct pl_lint *l, struct pl_lint_hit *h, enum pl_fix_class c, uint32_t off,
                  uint32_t end, struct pl_str text);
/* The same for bytes of a shell text; nothing for the JSON form. */
void pl_lint_edit_sh(struct pl_lint *l, struct pl_lint_hit *h, enum pl_fix_class c,
                     const struct pl_lint_in *in, uint32_t off, uint32_t end, struct pl_str text);

/* Without the quotes in front and at the end, whether they match or not. */
struct pl_str pl_lint_unquote(struct pl_str s);
/* Does `s` contain `what`? */
bool pl_lint_has(struct pl_str s, const char *what);
/* The last part of a path, '/' and '\' taken. */
struct pl_str pl_lint_base(struct pl_str path);
/* ASCII lower-case copy. */
struct pl_str pl_lint_lower(struct pl_arena *a, struct pl_str s);
/* Is `s` one of the words of `list`, `n` bytes, parted by single blanks? */
bool pl_lint_word_of(struct pl_str s, const char *list, size_t n);
/* The same of a literal. */
static inline bool pl_lint_word_in(struct pl_str s, const char *list)
{
    return pl_lint_word_of(s, list, strlen(list));
}
/* The commands of one RUN, with what tells of them. */
struct pl_run_text {
    struct pl_lint *l;
    const struct pl_lint_in *in;
    struct pl_sh_node **cmd;
    size_t n;
};
/* Is it a simple command called by one of `names` (parted by blanks)? */
static inline bool pl_lint_is(const struct pl_sh_node *c, const char *names)
{
    return c->kind == PL_SH_SIMPLE && c->n_word && pl_lint_word_in(c->word[0].simple, names);
}
/* Is one of its arguments one of `words`, a list of `n` bytes? */
bool pl_lint_any_arg_of(const struct pl_sh_node *c, const char *words, size_t n);
/* The same of a literal. */
static inline bool pl_lint_any_arg(const struct pl_sh_node *c, const char *words)
{
    return pl_lint_any_arg_of(c, words, strlen(words));
}
/* Is a cache or tmpfs mount of the RUN on a target that contains `what`? */
bool pl_lint_cache_mount(struct pl_lint *l, const struct pl_lint_in *in, const char *what);
/* The FROM of stage `i` (index of the node). */
static inline size_t pl_lint_from(const struct pl_lint *l, size_t i)
{
    return l->p->stages[i].from;
}
/* The stage that stage `i` starts from by name as hadolint sees it (text of the FROM), or SIZE_MAX.
 */
size_t pl_lint_parent(const struct pl_lint *l, size_t i);
/* The shell of the file's stage `s` at node `i`, words of SHELL; NULL: /bin/sh. Inherits along
 * named stages when `inherit`. */
const struct pl_df_node *pl_lint_shell_at(struct pl_lint *l, size_t s, size_t i, bool inherit);

#endif
