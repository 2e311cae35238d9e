/* Judging a Dockerfile: reads, plans, parses the shell inside, runs the checks, drops what is
 * ignored. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "check/lint.h"

#include <ctype.h>
#include <endian.h>
#include <stdlib.h>

#include "base/cleanup.h"
#include "check/check.h"
#include "check/ignore.h"
#include "check/mend.h"

const struct pl_lint_rule pl_lint_rules[PL_RULE_COUNT] = {
#define PL_LINT_RULE(id, name, sev, title, why, fix) { name, sev, title, why, fix },
#include "check/rules.inc"
#undef PL_LINT_RULE
};

const struct pl_lint_code pl_lint_codes[] = {
#define PL_LINT_CODE(name, rule, dialect, level) \
    { name, sizeof(name) - 1, PL_RULE_##rule, PL_DIALECT_##dialect, PL_LEVEL_##level },
#include "check/codes.inc"
#undef PL_LINT_CODE
};
const size_t pl_lint_n_codes = PL_COUNT(pl_lint_codes);

#define MEMORY_MAX (160u << 20) /* bytes of trees of one file */
#define WORK_MAX 20000000u      /* steps of comparing instructions with each other */

static const struct pl_check *const checks[] = {
#define PL_CHECK(name) &pl_check_##name,
#include "check/check.list"
#undef PL_CHECK
};

const struct pl_lint_code *pl_lint_code_find(struct pl_str name)
{
    if (pl_str_starts(name, PL_S("AVD-")))
        name = pl_str_sub(name, 4, SIZE_MAX);
    bool old = name.n == 5 && pl_str_starts(name, PL_S("DS")); /* DS001 is DS-0001 */
    for (size_t i = 0; i < pl_lint_n_codes; i++) {
        const struct pl_lint_code *c = &pl_lint_codes[i];
        if (c->len == name.n && name.n >= 4 && /* most differ at the end */
            memcmp(c->name + name.n - 4, name.p + name.n - 4, 4) == 0 &&
            memcmp(c->name, name.p, name.n) == 0)
            return c;
        if (old && c->dialect == PL_DIALECT_TRIVY && memcmp(name.p + 2, c->name + 4, 3) == 0)
            return c;
    }
    return NULL;
}

struct pl_str pl_lint_name(struct pl_arena *a, const struct pl_lint_hit *h)
{
    if (h->rule == PL_RULE_D609 && h->n_codes && strncmp(h->codes[0], "SC", 2) == 0)
        return pl_printf(a, "PL-S%s", h->codes[0] + 2);
    return pl_str_c(pl_lint_rules[h->rule].name);
}

bool pl_lint_called(const struct pl_lint_hit *h, struct pl_str word)
{
    bool found = pl_str_is(word, pl_lint_rules[h->rule].name);
    for (size_t k = 0; k < h->n_codes && !found; k++)
        found = pl_str_is(word, h->codes[k]) ||
                (h->rule == PL_RULE_D609 && pl_str_starts(word, PL_S("PL-S")) &&
                 pl_str_is(pl_str_sub(word, 4, word.n), h->codes[k] + 2));
    return found;
}

bool pl_dialect_parse(struct pl_str name, enum pl_dialect *ret)
{
    static const char *const names[] = { "native", "hadolint", "buildkit",
                                         "trivy",  "checkov",  "dockle" };
    for (size_t i = 0; i < PL_COUNT(names); i++)
        if (pl_str_is(name, names[i])) {
            *ret = (enum pl_dialect)i;
            return true;
        }
    return false;
}

const char *pl_fix_class_name(enum pl_fix_class c)
{
    static const char *const names[] = { "none", "safe", "suggested", "unsafe" };
    return names[c];
}

/* --- reporting --- */

static struct pl_lint_hit *hit_at(struct pl_lint *l, enum pl_rule_id rule, size_t i, uint32_t off,
                                  uint32_t end)
{
    for (size_t k = l->hits.n; k-- > 0 && l->hits.n - k <= 400;) {
        struct pl_lint_hit *h = &l->hits.p[k];
        if (h->rule == rule && h->node == i && h->off == off)
            return h;
    }
    struct pl_lint_hit h = { .rule = rule,
                             .severity = pl_lint_rules[rule].severity,
                             .node = i,
                             .line = i == SIZE_MAX ? 1 : l->f->nodes[i].line,
                             .off = off,
                             .end = end > off ? end : off,
                             .detail = PL_S(""),
                             .advice = PL_S("") };
    pl_vec_push(&l->hits, h);
    return &l->hits.p[l->hits.n - 1];
}

struct pl_lint_hit *pl_lint_rule(struct pl_lint *l, enum pl_rule_id rule, size_t i, uint32_t off,
                                 uint32_t end)
{
    return hit_at(l, rule, i, off, end);
}

/* A second finding of one code at one place must not melt into the first (several pairs of one
 * ENV, say): it becomes a hit of its own. */
static struct pl_lint_hit *report(struct pl_lint *l, const struct pl_lint_code *code,
                                  enum pl_rule_id rule, size_t i, uint32_t off, uint32_t end)
{
    struct pl_lint_hit *h = hit_at(l, rule, i, off, end);
    for (size_t k = 0; k < h->n_codes; k++)
        if (h->codes[k] == code->name) {
            struct pl_lint_hit copy = *h;
            copy.n_codes = 0;
            pl_vec_push(&l->hits, copy);
            h = &l->hits.p[l->hits.n - 1];
            break;
        }
    if (h->n_codes < PL_LINT_CODES_MAX) {
        h->code_line[h->n_codes] = h->line;
        h->code_at[h->n_codes] = (uint16_t)(code - pl_lint_codes);
        h->codes[h->n_codes++] = code->name;
    }
    return h;
}

static const struct pl_lint_code *the_code(const char *code)
{
    const struct pl_lint_code *c = pl_lint_code_find(pl_str_c(code));
    if (!c)
        pl_bug("no code '%s'", code);
    return c;
}

struct pl_lint_hit *pl_lint_code_as(struct pl_lint *l, const char *code, enum pl_rule_id rule,
                                    size_t i, uint32_t off, uint32_t end)
{
    return report(l, the_code(code), rule, i, off, end);
}

struct pl_lint_hit *pl_lint_code(struct pl_lint *l, const char *code, size_t i, uint32_t off,
                                 uint32_t end)
{
    const struct pl_lint_code *c = the_code(code);
    return report(l, c, c->rule, i, off, end);
}

struct pl_lint_hit *pl_lint_at_node(struct pl_lint *l, const char *code, size_t i)
{
    const struct pl_df_node *n = &l->f->nodes[i];
    uint32_t off = pl_df_src(&n->text, n->word_at);
    return pl_lint_code(l, code, i, off, off + (uint32_t)n->word.n);
}

struct pl_lint_hit *pl_lint_at_arg(struct pl_lint *l, const char *code, const struct pl_lint_in *in,
                                   const struct pl_df_arg *arg)
{
    uint32_t off = pl_df_src(&in->n->text, arg->at);
    uint32_t end = arg->end > arg->at ? pl_df_src(&in->n->text, arg->end - 1) + 1 : off;
    return pl_lint_code(l, code, in->index, off, end);
}

struct pl_lint_hit *pl_lint_at_word(struct pl_lint *l, const char *code,
                                    const struct pl_lint_in *in, uint32_t off, uint32_t end)
{
    uint32_t from = pl_df_src(&in->sh->text, off);
    uint32_t to = end > off ? pl_df_src(&in->sh->text, end - 1) + 1 : from;
    struct pl_lint_hit *h = pl_lint_code(l, code, in->index, from, to);
    h->native |= in->extra;
    return h;
}

void pl_lint_edit(struct pl_lint *l, struct pl_lint_hit *h, enum pl_fix_class c, uint32_t off,
                  uint32_t end, struct pl_str text)
{
    struct pl_lint_edit *p = pl_alloc_n(l->a, h->n_edits + 1, sizeof *p);
    if (h->n_edits)
        memcpy(p, h->edits, h->n_edits * sizeof *p);
    p[h->n_edits++] = (struct pl_lint_edit){ off, end, text };
    h->edits = p;
    if (c > h->fix_class)
        h->fix_class = c;
}

void pl_lint_edit_sh(struct pl_lint *l, struct pl_lint_hit *h, enum pl_fix_class c,
                     const struct pl_lint_in *in, uint32_t off, uint32_t end, struct pl_str text)
{
    if (in->n->json || in->extra || (!off && !end))
        return;
    uint32_t to = pl_df_src(&in->sh->text, end - 1) + 1;
    uint32_t from = off == end ? to : pl_df_src(&in->sh->text, off);
    if (from <= to)
        pl_lint_edit(l, h, c, from, to, text);
}

/* --- helpers of the checks --- */

struct pl_str pl_lint_unquote(struct pl_str s)
{
    while (s.n && (s.p[0] == '"' || s.p[0] == '\''))
        s = pl_str_sub(s, 1, SIZE_MAX);
    while (s.n && (s.p[s.n - 1] == '"' || s.p[s.n - 1] == '\''))
        s.n--;
    return s;
}

bool pl_lint_has(struct pl_str s, const char *what)
{
    return pl_str_find(s, pl_str_c(what), 0) != SIZE_MAX;
}

struct pl_str pl_lint_base(struct pl_str path)
{
    size_t at = 0;
    for (size_t i = 0; i < path.n; i++)
        if (path.p[i] == '/' || path.p[i] == '\\')
            at = i + 1;
    return pl_str_sub(path, at, SIZE_MAX);
}

struct pl_str pl_lint_lower(struct pl_arena *a, struct pl_str s)
{
    char *p = pl_alloc(a, s.n + 1);
    for (size_t i = 0; i < s.n; i++)
        p[i] = (char)tolower((unsigned char)s.p[i]);
    return pl_str_n(p, s.n);
}

/* Does the word stand at `at` of a list of `n` bytes? */
static bool word_at(struct pl_str s, const char *list, size_t n, size_t at)
{
    return (!at || list[at - 1] == ' ') && n - at >= s.n &&
           (n - at == s.n || list[at + s.n] == ' ') && memcmp(list + at, s.p, s.n) == 0;
}

/* Eight bytes at a time: this is asked for every word of every command, by every check. Looks for
 * the end of a word: its last letter with a blank behind. */
bool pl_lint_word_of(struct pl_str s, const char *list, size_t n)
{
    const uint64_t ones = 0x0101010101010101u, high = 0x8080808080808080u;
    if (!s.n || s.n > n)
        return false;
    if (word_at(s, list, n, n - s.n)) /* the last has no blank */
        return true;
    uint64_t last = ones * (unsigned char)s.p[s.n - 1], blank = ones * ' ', x, y;
    size_t at = s.n - 1;
    for (; at + sizeof x < n; at += sizeof x) {
        memcpy(&x, list + at, sizeof x);
        memcpy(&y, list + at + 1, sizeof y);
        x = (le64toh(x) ^ last) | (le64toh(y) ^ blank);
        /* a mark in each byte where both are equal, and now and then in one more */
        for (x = (x - ones) & ~x & high; x; x &= x - 1)
            if (word_at(s, list, n, at + (unsigned)__builtin_ctzll(x) / 8 + 1 - s.n))
                return true;
    }
    for (; at < n; at++)
        if (list[at] == s.p[s.n - 1] && word_at(s, list, n, at + 1 - s.n))
            return true;
    return false;
}

bool pl_lint_any_arg_of(const struct pl_sh_node *c, const char *words, size_t n)
{
    for (size_t i = 1; i < c->n_word; i++)
        if (pl_lint_word_of(c->word[i].simple, words, n))
            return true;
    return false;
}

bool pl_lint_cache_mount(struct pl_lint *l, const struct pl_lint_in *in, const char *what)
{
    struct pl_df_mount m;
    for (size_t i = 0; i < in->n->n_flags; i++)
        if (pl_df_mount(l->a, in->n, i, &m) &&
            (pl_str_is(m.type, "cache") || pl_str_is(m.type, "tmpfs")) &&
            pl_lint_has(m.target, what))
            return true;
    return false;
}

size_t pl_lint_parent(const struct pl_lint *l, size_t i)
{
    const struct pl_df_node *n = &l->f->nodes[l->p->stages[i].from];
    if (!n->n_args)
        return SIZE_MAX;
    for (size_t k = i; k-- > 0;)
        if (l->p->stages[k].name.n && pl_str_eq(l->p->stages[k].name, n->args[0].s))
            return k;
    return SIZE_MAX;
}

const struct pl_df_node *pl_lint_shell_at(struct pl_lint *l, size_t s, size_t i, bool inherit)
{
    for (unsigned depth = 0; depth < 64; depth++) {
        size_t first = s == SIZE_MAX ? 0 : l->p->stages[s].from;
        for (size_t k = i; k > first && pl_lint_work(l, 1); k--)
            if (l->in[k - 1].n->cmd == PL_DF_SHELL && l->in[k - 1].n->json)
                return l->in[k - 1].n;
        if (s == SIZE_MAX || !inherit)
            return NULL;
        s = pl_lint_parent(l, s);
        if (s == SIZE_MAX)
            return NULL;
        i = l->p->stages[s].end;
    }
    return NULL;
}

/* --- shell texts --- */

struct joined {
    struct pl_buf text;
    PL_VEC(struct pl_df_seg) seg;
};

static void join(struct joined *j, struct pl_str s, uint32_t src)
{
    pl_vec_push(&j->seg, ((struct pl_df_seg){ (uint32_t)j->text.n, src }));
    pl_buf_putn(&j->text, s.p, s.n);
}

/* A stretch of an instruction's text, piece by piece. */
static void join_text(struct joined *j, const struct pl_df_text *t, uint32_t at, uint32_t end)
{
    for (size_t i = 0; i < t->n_seg; i++) {
        uint32_t from = t->seg[i].at, to = i + 1 < t->n_seg ? t->seg[i + 1].at : (uint32_t)t->s.n;
        from = from < at ? at : from;
        to = to > end ? end : to;
        if (from < to)
            join(j, pl_str_sub(t->s, from, to - from), pl_df_src(t, from));
    }
}

static void give_joined(struct pl_arena *a, struct joined *j, struct pl_df_text *ret)
{
    struct pl_df_seg *seg = pl_alloc_n(a, j->seg.n + 1, sizeof *seg);
    if (j->seg.n)
        memcpy(seg, j->seg.p, j->seg.n * sizeof *seg);
    ret->seg = seg;
    ret->n_seg = j->seg.n;
    ret->s = pl_dup(a, pl_buf_str(&j->text));
    pl_vec_release(&j->seg);
    pl_buf_release(&j->text);
}

struct pl_df_text pl_lint_stretch(struct pl_arena *a, const struct pl_df_text *t, uint32_t at,
                                  uint32_t end)
{
    struct joined j = { .text = { .max = 2 * PL_DF_FILE_MAX } };
    struct pl_df_text ret;
    join_text(&j, t, at, end);
    if (!j.seg.n)
        join(&j, PL_S(""), pl_df_src(t, at));
    give_joined(a, &j, &ret);
    return ret;
}

static void shell_text(struct pl_lint *l, struct pl_lint_in *in)
{
    const struct pl_df_node *n = in->n;
    struct pl_lint_shell *sh = in->sh;
    struct joined j = { .text = { .max = 2 * PL_DF_FILE_MAX } };
    if (n->n_heredocs && n->n_args == 1 && pl_str_starts(n->args[0].s, PL_S("<<")) &&
        !memchr(n->args[0].s.p, ' ', n->args[0].s.n)) {
        sh->heredoc = true;
        join_text(&j, &n->heredocs[0].body, 0, (uint32_t)n->heredocs[0].body.s.n);
    } else {
        for (size_t i = 0; i < n->n_args; i++) {
            if (i)
                pl_buf_putc(&j.text, ' ');
            if (n->json)
                join(&j, n->args[i].s, pl_df_src(&n->text, n->args[i].at + 1));
            else
                join_text(&j, &n->text, n->args[i].at, n->args[i].end);
        }
        for (size_t i = 0; i < n->n_heredocs; i++) {
            pl_buf_putc(&j.text, '\n');
            join(&j, n->heredocs[i].raw, n->heredocs[i].src);
        }
    }
    if (!j.seg.n)
        join(&j, PL_S(""), in->n->off);
    give_joined(l->a, &j, &sh->text);
}

static struct pl_str program(struct pl_str s)
{
    s = pl_lint_base(s);
    if (pl_str_iends(s, PL_S(".exe")))
        s.n -= 4;
    return s;
}

/* The program that runs the text: shebang, pragma, SHELL, or sh. */
static void interpreter(struct pl_lint *l, struct pl_lint_in *in)
{
    struct pl_lint_shell *sh = in->sh;
    struct pl_str name = PL_S("sh"), line = sh->text.s;
    struct pl_str pragma = pl_ignore_shell(l, in->stage, in->index);
    const struct pl_df_node *shell = pl_lint_shell_at(l, in->stage, in->index, true);
    if (shell && shell->n_args)
        name = program(shell->args[0].s);
    if (pragma.n)
        name = program(pragma);
    if (sh->heredoc && pl_str_starts(line, PL_S("#!"))) {
        struct pl_str rest = pl_str_sub(line, 2, SIZE_MAX), word, first;
        pl_str_split(&rest, '\n', &first);
        first = pl_str_trim(first);
        while (pl_str_split(&first, ' ', &word)) {
            name = program(word);
            if (!pl_str_is(name, "env") && word.n && word.p[0] != '-')
                break;
        }
    }
    sh->interpreter = pl_lint_lower(l->a, name);
    sh->posix = pl_lint_word_in(sh->interpreter, "sh bash dash ash ksh zsh busybox mksh");
    if (in->onbuild && sh->posix) /* SHELL is that of the later build */
        sh->interpreter = PL_S("sh");
    sh->bash = pl_lint_word_in(sh->interpreter, "bash ksh zsh mksh");
}

/* --- shell texts that another reading of nearly the same file has parsed --- */

struct pl_lint_texts {
    const struct pl_sh_script **script; /* by instruction; NULL: none */
    size_t n;
};

static const struct pl_sh_script *known(const struct pl_lint_texts *t, size_t i, struct pl_str text)
{
    static const int away[] = { 0, -1, 1, -2, 2 }; /* instructions come and go */
    for (size_t k = 0; t && k < PL_COUNT(away); k++) {
        size_t at = i + (size_t)away[k];
        if (at < t->n && t->script[at] && pl_str_eq(t->script[at]->text, text))
            return t->script[at];
    }
    return NULL;
}

static const struct pl_lint_texts *keep(struct pl_lint *l)
{
    struct pl_lint_texts *t = PL_NEW(l->a, struct pl_lint_texts);
    t->script = pl_alloc_n(l->a, l->n + 1, sizeof *t->script);
    t->n = l->n;
    for (size_t i = 0; i < l->n; i++) {
        struct pl_lint_shell *sh = l->in[i].sh;
        if (!sh || sh->shared)
            continue;
        uint32_t *p = pl_alloc_n(l->a, sh->script.braces.n + 1, sizeof *p);
        if (sh->script.braces.n)
            memcpy(p, sh->script.braces.p, sh->script.braces.n * sizeof *p);
        free(sh->script.braces.p);
        sh->script.braces.p = p;
        sh->shared = true;
        t->script[i] = &sh->script;
    }
    return t;
}

static void parse(struct pl_lint *l, struct pl_lint_in *in)
{
    const struct pl_sh_script *s = known(l->o->known, in->index, in->sh->text.s);
    in->sh->shared = s != NULL;
    if (s)
        in->sh->script = *s;
    else
        pl_sh_parse(l->a, in->sh->text.s, &in->sh->script);
}

static void prepare(struct pl_lint *l)
{
    size_t stage = SIZE_MAX;
    pl_ignore_prepare(l);
    l->n = l->f->n_nodes;
    l->in = pl_alloc_n(l->a, l->n + 1, sizeof *l->in);
    for (size_t i = 0; i < l->n; i++) {
        struct pl_lint_in *in = &l->in[i];
        const struct pl_df_node *top = &l->f->nodes[i];
        if (top->cmd == PL_DF_FROM)
            stage = stage == SIZE_MAX ? 0 : stage + 1;
        *in = (struct pl_lint_in){ .n = top->child ? top->child : top,
                                   .top = top,
                                   .index = i,
                                   .onbuild = top->child != NULL,
                                   .stage = stage };
    }
    for (size_t i = 0; i < l->n; i++) {
        struct pl_lint_in *in = &l->in[i];
        if (in->n->cmd != PL_DF_RUN || !in->n->n_args || in->n->error)
            continue;
        if (l->a->total - l->before > MEMORY_MAX) {
            l->work = 0;
            return;
        }
        in->sh = PL_NEW(l->a, struct pl_lint_shell);
        shell_text(l, in);
        interpreter(l, in);
        parse(l, in);
    }
}

/* --- the file --- */

static void refusals(struct pl_lint *l, struct pl_lint_result *ret)
{
    const struct pl_df_file *f = l->f;
    ret->parsed = pl_df_parsed(f, &ret->parse_msg, &ret->parse_line);
    for (size_t i = 0; i < f->n_errors; i++) {
        struct pl_lint_hit *h =
            pl_lint_code(l, "DL1000", SIZE_MAX, f->errors[i].off, f->errors[i].off + 1);
        h->line = h->code_line[0] = f->errors[i].line;
        h->detail = pl_str_c(f->errors[i].msg);
    }
    for (size_t i = 0; i < f->n_nodes; i++)
        if (f->nodes[i].error)
            pl_lint_at_node(l, "DL1000", i)->detail = pl_str_c(f->nodes[i].error);
    if (!f->n_nodes && !f->n_errors)
        pl_lint_code(l, "DL1000", SIZE_MAX, 0, 0)->detail = pl_str_c(ret->parse_msg);
    for (size_t i = 0; i < l->p->refusals.n; i++) {
        const struct pl_df_refusal *r = &l->p->refusals.p[i];
        if (r->phase == PL_DF_PHASE_PARSE)
            continue;
        if (l->o->dialect == PL_DIALECT_HADOLINT && r->node != SIZE_MAX &&
            f->nodes[r->node].cmd == PL_DF_UNKNOWN && !f->nodes[r->node].error)
            pl_lint_at_node(l, "DL1000", r->node)->detail = pl_str_c(r->msg);
        uint32_t off = r->node == SIZE_MAX ? 0 : f->nodes[r->node].off;
        uint32_t len = r->node == SIZE_MAX ? 0 : (uint32_t)f->nodes[r->node].word.n;
        pl_lint_rule(l, PL_RULE_D002, r->node, off, off + len)->detail = pl_str_c(r->msg);
    }
    bool options = pl_ignore_check_valid(l);
    if (!options)
        pl_lint_rule(l, PL_RULE_D002, SIZE_MAX, 0, 0)->detail =
            pl_str_c("the options of check cannot be read");
    ret->refused = l->p->refusals.n > 0 || !options;
    ret->circular = l->p->circular;
}

static int by_place(const void *a, const void *b)
{
    const struct pl_lint_hit *x = a, *y = b;
    if (x->off != y->off)
        return x->off < y->off ? -1 : 1;
    if (x->rule != y->rule)
        return x->rule < y->rule ? -1 : 1;
    if (x->end != y->end)
        return x->end < y->end ? -1 : 1;
    const char *c = x->n_codes ? x->codes[0] : "", *d = y->n_codes ? y->codes[0] : "";
    return strcmp(c, d);
}

/* One dialect: only its codes, one hit for each. */
static void restrict_to(struct pl_lint *l, enum pl_dialect d)
{
    size_t n = 0;
    for (size_t i = 0; i < l->hits.n; i++) {
        struct pl_lint_hit h = l->hits.p[i];
        size_t k = 0;
        for (size_t c = 0; c < h.n_codes && !h.native; c++) {
            if (pl_lint_codes[h.code_at[c]].dialect == d)
                pl_lint_move_code(&h, k++, c);
        }
        bool refused = h.rule == PL_RULE_D001 || h.rule == PL_RULE_D002;
        h.n_codes = k;
        if (k || (refused && d != PL_DIALECT_HADOLINT))
            l->hits.p[n++] = h;
    }
    l->hits.n = n;
}

/* Codes that are off unless asked for. */
static void drop_disabled(struct pl_lint *l)
{
    size_t n = 0;
    for (size_t i = 0; i < l->hits.n; i++) {
        struct pl_lint_hit h = l->hits.p[i];
        size_t k = 0;
        bool had = h.n_codes > 0;
        for (size_t c = 0; c < h.n_codes; c++) {
            bool on = pl_lint_codes[h.code_at[c]].level != PL_LEVEL_NONE;
            for (size_t e = 0; e < l->o->n_enabled && !on; e++)
                on = pl_str_is(l->o->enabled[e], h.codes[c]);
            if (on)
                pl_lint_move_code(&h, k++, c);
        }
        h.n_codes = k;
        if (k || !had)
            l->hits.p[n++] = h;
    }
    l->hits.n = n;
}

int pl_lint_file(struct pl_arena *a, struct pl_str text, const struct pl_lint_opts *o,
                 struct pl_lint_result *ret, struct pl_err *err)
{
    struct pl_lint l = { .a = a, .o = o, .work = WORK_MAX, .before = a->total };
    struct pl_df_plan plan;
    *ret = (struct pl_lint_result){ 0 };
    int r = pl_df_parse(a, text, &ret->file, err);
    if (r < 0)
        return r;
    pl_df_plan_make(a, &ret->file, o->build_args, o->n_build_args, &plan);
    l.f = &ret->file;
    l.p = &plan;
    prepare(&l);
    pl_lint_find_extra(&l);
    refusals(&l, ret);
    for (size_t i = 0; i < PL_COUNT(checks); i++)
        checks[i]->run(&l);
    pl_ignore_report(&l);
    if (o->fixes)
        pl_mend_all(&l);
    drop_disabled(&l);
    if (o->dialect != PL_DIALECT_ALL)
        restrict_to(&l, o->dialect);
    ret->check_error = pl_ignore_apply(&l);
    if (!l.work)
        r = pl_fail(err, PL_E_LIMIT, "too many instructions that refer to each other");
    ret->n_hits = l.hits.n;
    ret->hits = pl_alloc_n(a, l.hits.n + 1, sizeof *ret->hits);
    if (l.hits.n) {
        memcpy(ret->hits, l.hits.p, l.hits.n * sizeof *ret->hits);
        qsort(ret->hits, ret->n_hits, sizeof *ret->hits, by_place);
    }
    pl_vec_release(&l.hits);
    if (o->fixes)
        ret->texts = keep(&l);
    for (size_t i = 0; i < l.n; i++)
        if (l.in[i].sh && !l.in[i].sh->shared)
            pl_sh_release(&l.in[i].sh->script);
    for (size_t i = 0; i < l.n_extra; i++)
        pl_sh_release(&l.extra[i].sh->script);
    pl_df_plan_release(&plan);
    return r;
}
