/* Shell text: POSIX and the bash people use, parsed into commands and words. The grammar of POSIX
 * XCU 2.10 with [[ ]], (( )), arrays, process substitution, $'' and function. */
/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PL_CHECK_SHELL_SH_H
#define PL_CHECK_SHELL_SH_H

#include "base/arena.h"
#include "base/vec.h"

#define PL_SH_DEPTH 48u       /* things inside things */
#define PL_SH_CMDS_MAX 100000 /* commands of one text */

enum pl_sh_part_kind {
    PL_SH_LIT,    /* literal characters; `escaped` when a backslash made them so */
    PL_SH_SQ,     /* '…' */
    PL_SH_DSQ,    /* $'…' */
    PL_SH_VAR,    /* $x, ${x…} */
    PL_SH_CMDSUB, /* $(…) */
    PL_SH_TICKS,  /* `…` */
    PL_SH_ARITH,  /* $((…)) */
    PL_SH_GLOB,   /* *, ?, […] */
    PL_SH_PROC,   /* <(…), >(…) */
    PL_SH_ARRAY,  /* (…) of an assignment */
};

struct pl_sh_node;

struct pl_sh_part {
    enum pl_sh_part_kind kind;
    uint32_t off, end; /* in the text */
    struct pl_str s;   /* literal text; name of a variable */
    struct pl_str op;  /* VAR in braces: what follows the name, as written */
    bool quoted;       /* inside "…" */
    bool escaped, braces;
    struct pl_sh_node *sub;   /* CMDSUB, TICKS, PROC */
    struct pl_sh_word *words; /* ARRAY */
    size_t n_words;
};

struct pl_sh_word {
    uint32_t off, end;
    struct pl_sh_part *part;
    size_t n;
    struct pl_str text;   /* quotes and escapes resolved, expansions as written */
    struct pl_str simple; /* the same with "${VAR}" for every expansion */
    bool quoted;          /* any part of it was */
    bool dynamic;         /* holds an expansion */
};

struct pl_sh_assign {
    struct pl_str name;
    bool append, subscript;
    struct pl_sh_word value;
};

struct pl_sh_redir {
    struct pl_str op; /* "<", ">>", "<<-", "2>&1" is op ">&" with fd 2 */
    int fd;           /* -1 = not written */
    struct pl_sh_word to;
    struct pl_str body; /* of a heredoc */
    uint32_t off;
};

enum pl_sh_kind {
    PL_SH_SIMPLE,
    PL_SH_PIPE,     /* kids joined by | */
    PL_SH_LIST,     /* kids joined by `join` */
    PL_SH_SUBSHELL, /* ( ) */
    PL_SH_GROUP,    /* { } */
    PL_SH_IF,       /* condition, body, condition, body …, [else] */
    PL_SH_WHILE,    /* condition, body */
    PL_SH_FOR,      /* words, body */
    PL_SH_CASE,     /* words[0], bodies */
    PL_SH_FUNC,     /* name, body */
    PL_SH_COND,     /* [[ words ]] */
    PL_SH_LET,      /* (( )) */
};

struct pl_sh_node {
    enum pl_sh_kind kind;
    uint32_t off, end;
    bool bang, in_words; /* in_words: `for x in …` */
    struct pl_str name;  /* FUNC, FOR */
    struct pl_sh_assign *assign;
    size_t n_assign;
    struct pl_sh_word *word; /* SIMPLE: name and arguments */
    size_t n_word;
    struct pl_sh_redir *redir;
    size_t n_redir;
    struct pl_sh_node **kid;
    char *join; /* LIST: what stands behind kid i: '&' for &&, '|' for ||, ';', '\n', 'b' for & */
    size_t n_kid;
};

struct pl_sh_error {
    unsigned code; /* number of the ShellCheck code it amounts to; 0 = none */
    uint32_t off;
    const char *msg; /* static; NULL = no error */
};

struct pl_sh_script {
    struct pl_str text;
    struct pl_sh_node *root;  /* what was read, also after an error */
    struct pl_sh_node **cmds; /* every simple command, in the order they begin */
    size_t n_cmds;
    struct pl_sh_word **words; /* every word, those of [[ ]] and for included */
    size_t n_words;
    bool pipes; /* is there a | anywhere? */
    struct pl_sh_error error;
    PL_VEC(uint32_t) braces; /* offsets of literal { and } that look lost */
};

/* Parses `text` into `a`; never fails, see ret->error. Release with pl_sh_release. */
void pl_sh_parse(struct pl_arena *a, struct pl_str text, struct pl_sh_script *ret);
/* Frees what is not in the arena. */
void pl_sh_release(struct pl_sh_script *s);

/* The name of a simple command ("" when it only assigns): the first word without expansions. */
struct pl_str pl_sh_name(const struct pl_sh_node *c);
/* Has the command the flag `flag` ("y", "assume-yes")? "--x=y" is flag x, "-abc" are a, b and c. */
bool pl_sh_flag(const struct pl_sh_node *c, const char *flag);
/* How often a flag letter or long flag stands there. */
unsigned pl_sh_flag_count(const struct pl_sh_node *c, const char *flag);
/* Is the word a flag (begins with '-', but is neither "-" nor "--")? */
bool pl_sh_is_flag(const struct pl_sh_word *w);
/* Is one of the arguments, flags included, exactly `s`? */
bool pl_sh_has_arg(const struct pl_sh_node *c, const char *s);

#endif
