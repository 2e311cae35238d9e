/* Comments that hide findings: hadolint, BuildKit, checkov, trivy, our own. dockerfile.md 8.1. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "check/ignore.h"

#include <stdlib.h>

#include "base/cleanup.h"

/* What hides: a code (or rule, or "all"), and where. */
struct hide {
    enum pl_dialect dialect; /* ALL: our own comment */
    struct pl_str code;
    uint32_t from, to; /* first lines of instructions; 0 to UINT32_MAX is the file */
};
struct hides {
    PL_VEC(struct hide) v;
};

static bool take_word(struct pl_str *s, const char *w)
{
    if (!pl_str_starts(*s, pl_str_c(w)))
        return false;
    *s = pl_str_trim(pl_str_sub(*s, strlen(w), SIZE_MAX));
    return true;
}

/* D L S C and digits, commas and blanks; what follows a '#' is the reason. */
static bool codes_valid(struct pl_str *s)
{
    for (size_t i = 0; i < s->n; i++) {
        if (s->p[i] == '#') {
            *s = pl_str_sub(*s, 0, i);
            break;
        }
        if (!strchr("DLSC0123456789, \t", s->p[i]))
            return false;
    }
    *s = pl_str_trim(*s);
    return s->n > 0;
}

enum pl_pragma pl_ignore_pragma(struct pl_str c, struct pl_str *ret)
{
    enum pl_pragma kind = PL_PRAGMA_NEXT;
    struct pl_str s = c;
    if (!take_word(&s, "hadolint") || (s.p > c.p && s.p[-1] != ' ' && s.p[-1] != '\t'))
        return PL_PRAGMA_NONE;
    if (take_word(&s, "global"))
        kind = PL_PRAGMA_GLOBAL;
    else if (take_word(&s, "stage"))
        kind = PL_PRAGMA_STAGE;
    if (kind == PL_PRAGMA_NEXT && take_word(&s, "shell")) {
        if (!take_word(&s, "="))
            return PL_PRAGMA_NONE;
        struct pl_str rest = s, word;
        pl_str_split(&rest, '#', &word);
        *ret = pl_str_trim(word);
        return ret->n ? PL_PRAGMA_SHELL : PL_PRAGMA_NONE;
    }
    if (!take_word(&s, "ignore") || !take_word(&s, "=") || !codes_valid(&s))
        return PL_PRAGMA_NONE;
    *ret = s;
    return kind;
}

void pl_ignore_prepare(struct pl_lint *l)
{
    struct pl_str name;
    size_t n = 0;
    uint32_t *p = pl_alloc_n(l->a, l->f->n_comments + 1, sizeof *p);
    for (size_t k = 0; k < l->f->n_comments && !l->o->no_pragmas; k++)
        if (pl_ignore_pragma(l->f->comments[k].s, &name) == PL_PRAGMA_SHELL)
            p[n++] = (uint32_t)k;
    l->pragma = p;
    l->n_pragma = n;
}

struct pl_str pl_ignore_shell(struct pl_lint *l, size_t s, size_t i)
{
    struct pl_str found = PL_S(""), name;
    uint32_t from = s == SIZE_MAX ? 0 : l->f->nodes[l->p->stages[s].from].line;
    uint32_t first = l->p->n_stages ? l->f->nodes[l->p->stages[0].from].line : UINT32_MAX;
    for (size_t k = 0; k < l->n_pragma && pl_lint_work(l, 1); k++) {
        const struct pl_df_comment *c = &l->f->comments[l->pragma[k]];
        if (c->line >= l->f->nodes[i].line)
            break;
        if ((c->line > from || c->line < first) && pl_ignore_pragma(c->s, &name) == PL_PRAGMA_SHELL)
            found = name;
    }
    return found;
}

void pl_ignore_report(struct pl_lint *l)
{
    struct pl_str codes;
    for (size_t i = 0; i < l->f->n_comments && !l->o->no_pragmas; i++) {
        const struct pl_df_comment *c = &l->f->comments[i];
        enum pl_pragma kind = pl_ignore_pragma(c->s, &codes);
        if (kind == PL_PRAGMA_NONE || kind == PL_PRAGMA_SHELL)
            continue;
        struct pl_lint_hit *h = pl_lint_code(l, "DL1001", SIZE_MAX, c->off, c->off + 1);
        h->line = h->code_line[h->n_codes - 1] = c->line;
    }
}

static void add(struct hides *h, enum pl_dialect d, struct pl_str code, uint32_t from, uint32_t to)
{
    if (h->v.n < 10000)
        pl_vec_push(&h->v, ((struct hide){ d, code, from, to }));
}

static void add_list(struct hides *h, enum pl_dialect d, struct pl_str list, char sep,
                     uint32_t from, uint32_t to)
{
    struct pl_str code;
    while (pl_str_split(&list, sep, &code)) {
        code = pl_str_trim(code);
        if (code.n)
            add(h, d, code, from, to);
    }
}

/* The line of the instruction that comes next behind `line`; UINT32_MAX when none. */
static uint32_t next_line(const struct pl_lint *l, uint32_t line)
{
    size_t lo = 0, hi = l->f->n_nodes;
    while (lo < hi) {
        size_t mid = (lo + hi) / 2;
        if (l->f->nodes[mid].line > line)
            hi = mid;
        else
            lo = mid + 1;
    }
    return lo < l->f->n_nodes ? l->f->nodes[lo].line : UINT32_MAX;
}

static void hadolint(const struct pl_lint *l, struct hides *h, const struct pl_df_comment *c)
{
    struct pl_str codes;
    uint32_t from = c->line + 1, to = c->line + 1;
    enum pl_pragma kind = l->o->no_pragmas ? PL_PRAGMA_NONE : pl_ignore_pragma(c->s, &codes);
    if (kind == PL_PRAGMA_NONE || kind == PL_PRAGMA_SHELL)
        return;
    if (kind == PL_PRAGMA_GLOBAL) {
        from = 0;
        to = UINT32_MAX;
    }
    if (kind == PL_PRAGMA_STAGE) {
        size_t s = 0;
        while (s < l->p->n_stages && l->f->nodes[l->p->stages[s].from].line != c->line + 1)
            s++;
        if (s == l->p->n_stages)
            return;
        to = s + 1 < l->p->n_stages ? l->f->nodes[l->p->stages[s + 1].from].line - 1 : UINT32_MAX;
    }
    add_list(h, PL_DIALECT_HADOLINT, codes, ',', from, to);
}

static void checkov(struct hides *h, const struct pl_df_comment *c)
{
    struct pl_str s = c->s, code;
    if (!take_word(&s, "checkov:skip="))
        return;
    pl_str_split(&s, ':', &code);
    add(h, PL_DIALECT_CHECKOV, pl_str_trim(code), 0, UINT32_MAX);
}

static bool past(const struct pl_lint *l, struct pl_str date)
{
    return l->o->today.n == 10 && date.n == 10 && pl_str_cmp(date, l->o->today) < 0;
}

/* trivy:ignore:CODE[:exp:DATE], several parted by blanks. */
static void trivy(const struct pl_lint *l, struct hides *h, const struct pl_df_comment *c)
{
    struct pl_str s = c->s, word;
    uint32_t to = next_line(l, c->line), from = to;
    if (to == UINT32_MAX)
        return;
    if (l->f->n_nodes && to == l->f->nodes[0].line) {
        from = 0;
        to = UINT32_MAX;
    }
    while (pl_str_split(&s, ' ', &word)) {
        struct pl_str code, exp = PL_S("");
        if (!take_word(&word, "trivy:ignore:") && !take_word(&word, "tfsec:ignore:"))
            continue;
        pl_str_split(&word, ':', &code);
        if (word.p && take_word(&word, "exp:"))
            exp = word;
        if (!past(l, exp))
            add(h, PL_DIALECT_TRIVY, code, from, to);
    }
}

/* plimsoll ignore=A,B until=DATE reason="…" */
static void native(struct pl_lint *l, struct hides *h, const struct pl_df_comment *c)
{
    struct pl_str s = c->s, codes;
    if (!take_word(&s, "plimsoll"))
        return;
    uint32_t next = next_line(l, c->line);
    size_t until = pl_str_find(s, PL_S("until="), 0);
    bool file = l->f->n_nodes && next == l->f->nodes[0].line && pl_str_starts(s, PL_S("global "));
    if (file)
        take_word(&s, "global");
    if (!take_word(&s, "ignore=") || !s.n) {
        pl_lint_rule(l, PL_RULE_D902, SIZE_MAX, c->off, c->off + 1)->line = c->line;
        return;
    }
    if (until != SIZE_MAX) {
        struct pl_str all = c->s;
        size_t at = pl_str_find(all, PL_S("until="), 0);
        if (at != SIZE_MAX && past(l, pl_str_sub(all, at + 6, 10)))
            return;
    }
    pl_str_split(&s, ' ', &codes);
    add_list(h, PL_DIALECT_ALL, codes, ',', file ? 0 : next, file ? UINT32_MAX : next);
}

/* --- BuildKit's options --- */

struct check_opts {
    struct pl_str skip, experimental;
    bool error, valid;
};

static struct check_opts parse_check(struct pl_str s)
{
    struct check_opts o = { .valid = true, .skip = PL_S(""), .experimental = PL_S("") };
    struct pl_str part, key;
    for (int i = 0; i < 3 && pl_str_trim(s).n; i++) {
        if (i == 2) { /* the third takes the rest */
            part = s;
            s = PL_S("");
        } else if (!pl_str_split(&s, ';', &part)) {
            break;
        }
        struct pl_str value = part;
        pl_str_split(&value, '=', &key);
        key = pl_str_trim(key);
        value = value.p ? pl_str_trim(value) : value;
        if (value.p && pl_str_is(key, "skip"))
            o.skip = value;
        else if (value.p && pl_str_is(key, "experimental"))
            o.experimental = value;
        else if (value.p && pl_str_is(key, "error") &&
                 pl_lint_word_in(value, "1 t T true TRUE True 0 f F false FALSE False"))
            o.error = strchr("1tT", value.p[0]) != NULL;
        else
            o.valid = false;
    }
    return o;
}

static bool listed(struct pl_str list, const char *name)
{
    struct pl_str word;
    if (pl_str_is(list, "all"))
        return true;
    while (pl_str_split(&list, ',', &word))
        if (pl_str_is(pl_str_trim(word), name))
            return true;
    return false;
}

static struct pl_str file_check(const struct pl_lint *l)
{
    for (size_t i = 0; i < l->o->n_build_args; i++)
        if (pl_str_is(l->o->build_args[i].name, "BUILDKIT_DOCKERFILE_CHECK"))
            return l->o->build_args[i].value;
    for (size_t i = 0; i < l->f->n_directives; i++)
        if (pl_str_is(l->f->directives[i].name, "check"))
            return l->f->directives[i].value;
    return PL_S("");
}

/* The comment of the instruction that sets options for it. */
static struct check_opts node_check(const struct pl_lint *l, size_t i)
{
    struct check_opts none = { .skip = PL_S(""), .experimental = PL_S("") };
    if (i == SIZE_MAX)
        return none;
    const struct pl_df_node *n = &l->f->nodes[i];
    for (size_t k = 0; k < n->n_comments; k++) {
        struct pl_str s = n->comments[k], v;
        if (!take_word(&s, "check") || !take_word(&s, "="))
            continue;
        pl_str_split(&s, ' ', &v);
        struct check_opts o = parse_check(v);
        return o.valid ? o : none;
    }
    return none;
}

static bool buildkit_hidden(const struct pl_lint *l, const struct check_opts *file, size_t node,
                            const char *name)
{
    bool alone = strcmp(name, "NoEmptyContinuation") == 0; /* reported before comments are read */
    struct check_opts own = node_check(l, alone ? SIZE_MAX : node);
    if (strcmp(name, "InvalidDefinitionDescription") == 0)
        return !listed(file->experimental, name) && !listed(own.experimental, name);
    return listed(file->skip, name) || listed(own.skip, name);
}

/* --- applying --- */

static bool names_code(struct pl_str code, const char *name)
{
    if (pl_str_is(code, name))
        return true;
    const struct pl_lint_code *c = pl_lint_code_find(code);
    return c && strcmp(c->name, name) == 0;
}

static bool hidden(struct pl_lint *l, const struct hides *h, const struct pl_lint_hit *hit)
{
    enum pl_dialect d = l->o->dialect;
    for (size_t i = 0; i < h->v.n; i++) {
        const struct hide *x = &h->v.p[i];
        if (!pl_lint_work(l, 1))
            return false;
        if (hit->line < x->from || hit->line > x->to)
            continue;
        if (d != PL_DIALECT_ALL && x->dialect != d)
            continue;
        if (pl_lint_called(hit, x->code))
            return true;
        if (x->dialect == PL_DIALECT_TRIVY && pl_str_is(x->code, "*"))
            return true;
        for (size_t k = 0; k < hit->n_codes; k++)
            if (names_code(x->code, hit->codes[k]))
                return true;
    }
    return false;
}

/* Removes the codes of BuildKit that its own options hide; true when the hit is gone. */
static bool drop_buildkit(const struct pl_lint *l, const struct check_opts *file,
                          struct pl_lint_hit *h, bool *ret_left)
{
    size_t n = 0;
    bool dropped = false;
    for (size_t k = 0; k < h->n_codes; k++) {
        const struct pl_lint_code *c = &pl_lint_codes[h->code_at[k]];
        if (c->dialect == PL_DIALECT_BUILDKIT) {
            if (buildkit_hidden(l, file, h->node, c->name)) {
                dropped = true;
                continue;
            }
            *ret_left = true;
        }
        pl_lint_move_code(h, n++, k);
    }
    h->n_codes = n;
    return dropped && (!n || l->o->dialect == PL_DIALECT_ALL);
}

bool pl_ignore_check_valid(const struct pl_lint *l)
{
    return parse_check(file_check(l)).valid;
}

bool pl_ignore_apply(struct pl_lint *l)
{
    struct hides h = { 0 };
    struct check_opts file = parse_check(file_check(l));
    bool left = false;
    size_t n = 0;
    if (!file.valid)
        file = (struct check_opts){ .skip = PL_S(""), .experimental = PL_S("") };
    for (size_t i = 0; i < l->f->n_comments; i++) {
        const struct pl_df_comment *c = &l->f->comments[i];
        hadolint(l, &h, c);
        checkov(&h, c);
        trivy(l, &h, c);
        native(l, &h, c);
    }
    for (size_t i = 0; i < l->hits.n; i++) {
        struct pl_lint_hit hit = l->hits.p[i];
        if (hidden(l, &h, &hit) || drop_buildkit(l, &file, &hit, &left))
            continue;
        l->hits.p[n++] = hit;
    }
    l->hits.n = n;
    pl_vec_release(&h.v);
    return file.error && left;
}
