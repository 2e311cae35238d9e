/* BuildKit's own word expansion ($x, ${x:-y}, quotes), and what it did. formats/dockerfile.md 1.6
 */
/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PL_CHECK_DOCKERFILE_LEX_H
#define PL_CHECK_DOCKERFILE_LEX_H

#include "check/dockerfile/df.h"

#define PL_DF_VALUE_MAX (64u << 10) /* bytes of an expanded value: doubling must end */

struct pl_df_words {
    struct pl_str *p;
    size_t n;
};

/* Looks up `name`; false when it is not set. */
typedef bool pl_df_env_fn(const void *env, struct pl_str name, struct pl_str *ret);

struct pl_df_lex {
    struct pl_arena *a;
    char escape;
    bool raw_quotes, raw_escapes; /* keep them in the result */
    bool skip_unset;              /* leave unset variables as they are written */
    bool skip_quotes;             /* quotes are ordinary characters */
    pl_df_env_fn *get;            /* NULL: nothing is set */
    const void *env;
    struct pl_df_words matched, unmatched; /* names, each once; added to by each call */
};

/* Expands `s`. 0 and *ret, or -1 and *ret_error (static). Results live in lex->a. */
int pl_df_lex_word(struct pl_df_lex *lex, struct pl_str s, struct pl_str *ret,
                   const char **ret_error);
/* As above, split into words at blanks that are not quoted. */
int pl_df_lex_words(struct pl_df_lex *lex, struct pl_str s, struct pl_df_words *ret,
                    const char **ret_error);

/* Is `word` of COPY or ADD a heredoc ("<<EOF")? */
bool pl_df_is_heredoc(struct pl_arena *a, struct pl_str word);

#endif
