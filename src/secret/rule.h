/* A secret rule, as the TOML files of data/rules/secret state it and rulec compiles it in. */
/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PL_SECRET_RULE_H
#define PL_SECRET_RULE_H

#include "base/str.h"
#include "model/severity.h"

struct pl_rule_list {
    const char *const *p;
    size_t n;
};

/* Every C string is static or lives with the rules. Regexes are RE2 syntax. */
struct pl_rule {
    const char *id;        /* "secret/github-pat" */
    const char *title;     /* short noun phrase: "GitHub personal access token" */
    const char *why, *fix; /* one sentence each */
    const char *since;     /* "2026.11" */
    enum pl_severity severity;
    struct pl_rule_list keywords; /* literals, >= 3 bytes; one of them is in every match. Case is
                                     ignored unless keyword_case. None: the match begins where the
                                     content of a file in `paths` does, or `check` asks at runs */
    bool keyword_case;            /* keywords match exactly as written */
    const char *regex; /* searched from `before` bytes in front of a keyword hit; the match must
                          cover the hit */
    unsigned before;   /* longest stretch of the match in front of its keyword; 0 = the match
                          begins with the keyword (after \b), and RE2 is anchored there */
    unsigned group;    /* the capture that is the secret; 0 = the first capture, or the match if
                          there is none */
    double entropy;    /* Shannon bits per character the secret must exceed; 0 = no test */
    unsigned prefix;   /* leading bytes of the secret that are public and shown in evidence */
    const char *check; /* named structure check ("jwt", "github-crc", "luhn", …) or NULL */
    struct pl_rule_list allow; /* regexes; a secret that one of them matches is no finding */
    struct pl_rule_list paths; /* globs on the path (basename when without '/'); empty = anywhere */
    struct pl_rule_list aliases;
    struct pl_rule_list names; /* of the provider, whose secrets have this form and no other */
    bool generic;        /* gives way to a specific rule on the same bytes; lowered as below */
    bool weak_in_docs;   /* a finding in a document or a test is lowered to low */
    bool more_forms;     /* secrets of other forms stand beside its keywords, too */
    struct pl_str exact; /* not of a file: the secret is these very bytes, wherever they stand; its
                            keyword is how they begin, and no filter applies */
};

#endif
