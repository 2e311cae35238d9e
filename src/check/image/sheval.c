/* Words of a shell script as far as their value is known: parameters, defaults, cut prefixes, a few
 * command substitutions. POSIX XCU 2.6. */
/* SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>

#include "check/image/shell_int.h"
#include "fmt/glob.h"

#define VALUE_MAX 65536u
#define GLOB_MAX 64u

static const struct pl_shv nothing = { { "", 0 }, true };
static const struct pl_shv unknown = { { "", 0 }, false };

struct pl_shvar *pl_shr_var(struct pl_shrun *r, struct pl_str name)
{
    return pl_map_get(&r->vars, name);
}

void pl_shr_set(struct pl_shrun *r, struct pl_str name, const struct pl_shv *v, size_t n,
                bool array)
{
    void **at = pl_map_put(&r->vars, name);
    struct pl_shvar *x = *at;
    if (!x)
        *at = x = PL_NEW(r->a, struct pl_shvar);
    x->v = pl_alloc_n(r->a, n + 1, sizeof *x->v);
    x->n = n;
    x->array = array;
    for (size_t i = 0; i < n; i++)
        x->v[i] = v[i];
}

static struct pl_shv of(struct pl_str s)
{
    return (struct pl_shv){ s, true };
}

/* Text behind ":-" and the like, which is a word of its own. */
static struct pl_shv eval_text(struct pl_shrun *r, struct pl_str text)
{
    struct pl_sh_script s;
    struct pl_shv v = unknown;
    if (!text.n)
        return nothing;
    if (text.n > 4096 || r->calls > PL_SH_CALLS)
        return unknown;
    pl_sh_parse(r->a, pl_printf(r->a, "x=\"%.*s\"", PL_FMT(text)), &s);
    if (!s.error.msg && s.n_cmds == 1 && s.cmds[0]->n_assign == 1) {
        r->calls++;
        v = pl_shr_word(r, &s.cmds[0]->assign[0].value);
        r->calls--;
    }
    pl_sh_release(&s);
    return v;
}

static struct pl_shv special(struct pl_shrun *r, struct pl_str name, bool *ret_set)
{
    *ret_set = true;
    if (name.n == 1 && name.p[0] >= '1' && name.p[0] <= '9') {
        size_t i = (size_t)(name.p[0] - '1');
        if (i < r->n_param)
            return r->param[i];
        *ret_set = r->param_open;
        return r->param_open ? unknown : nothing;
    }
    if (pl_str_is(name, "0"))
        return r->zero;
    if (pl_str_is(name, "BASH_SOURCE"))
        return r->script.n ? of(r->script) : unknown;
    if (pl_str_is(name, "#"))
        return r->param_open ? unknown : of(pl_printf(r->a, "%zu", r->n_param));
    if (pl_str_is(name, "UID") || pl_str_is(name, "EUID"))
        return of(pl_printf(r->a, "%u", r->who.uid));
    if (pl_str_is(name, "PWD"))
        return of(r->cwd);
    if (pl_str_is(name, "HOME") && r->who.known) {
        struct pl_str set = pl_img_env(r->t->im, name);
        const struct pl_img_user *u = pl_img_uid(r->t->im, r->who.uid);
        return of(set.p ? set : u ? u->home : PL_S("/"));
    }
    if (pl_str_is(name, "?") || pl_str_is(name, "$") || pl_str_is(name, "!") ||
        pl_str_is(name, "RANDOM") || pl_str_is(name, "HOSTNAME") || pl_str_is(name, "FUNCNAME") ||
        pl_str_is(name, "LINENO") || pl_str_is(name, "REPLY") || pl_str_is(name, "BASH_VERSION"))
        return unknown;
    *ret_set = false;
    return nothing;
}

static struct pl_shv plain(struct pl_shrun *r, struct pl_str name, bool *ret_set)
{
    struct pl_shvar *x = pl_shr_var(r, name);
    *ret_set = x != NULL;
    if (!x)
        return special(r, name, ret_set);
    return x->n ? x->v[0] : x->open ? unknown : nothing;
}

/* ${x#pat}, ${x##pat}, ${x%pat}, ${x%%pat} */
static struct pl_shv cut(struct pl_shrun *r, struct pl_shv v, struct pl_str op)
{
    bool front = op.p[0] == '#', longest = op.n > 1 && op.p[1] == op.p[0];
    struct pl_shv pat = eval_text(r, pl_str_sub(op, longest ? 2 : 1, op.n));
    struct pl_err err;
    if (!v.known || !pat.known || v.s.n > 1024 || pl_glob_check(pat.s, &err) < 0)
        return unknown;
    for (size_t k = 0; k <= v.s.n; k++) {
        size_t n = longest ? v.s.n - k : k;
        struct pl_str piece = front ? pl_str_sub(v.s, 0, n) : pl_str_sub(v.s, v.s.n - n, n);
        /* '*' of the shell takes '/', too */
        pl_auto_buf struct pl_buf p = { 0 };
        for (size_t i = 0; i < pat.s.n; i++) {
            pl_buf_putc(&p, pat.s.p[i]);
            if (pat.s.p[i] == '*')
                pl_buf_putc(&p, '*');
        }
        if (pl_glob_match(pl_buf_str(&p), piece))
            return of(front ? pl_str_sub(v.s, n, v.s.n) : pl_str_sub(v.s, 0, v.s.n - n));
    }
    return v;
}

static bool small(struct pl_str s, bool *ret_minus, uint64_t *ret)
{
    s = pl_str_trim(s);
    *ret_minus = s.n && s.p[0] == '-';
    return pl_str_u64(*ret_minus ? pl_str_sub(s, 1, s.n) : s, ret);
}

/* ${x:from:count} */
static struct pl_shv slice(struct pl_shv v, struct pl_str op)
{
    struct pl_str rest = pl_str_sub(op, 1, op.n), from;
    bool minus = false, minus_n = false;
    uint64_t at, n = v.s.n;
    if (!v.known || !pl_str_split(&rest, ':', &from) || !small(from, &minus, &at) ||
        (rest.p && !small(rest, &minus_n, &n)) || minus_n)
        return unknown;
    if (at > v.s.n)
        at = v.s.n;
    return of(pl_str_sub(v.s, minus ? v.s.n - (size_t)at : (size_t)at, (size_t)n));
}

static struct pl_shv apply(struct pl_shrun *r, struct pl_str name, struct pl_shv v, bool set,
                           struct pl_str op)
{
    char c = op.n ? op.p[0] : 0;
    bool colon = c == ':' && op.n > 1 && strchr("-=+?", op.p[1]);
    if (!c)
        return v;
    if (colon || strchr("-=+?", c)) {
        char k = colon ? op.p[1] : c;
        struct pl_str text = pl_str_sub(op, colon ? 2 : 1, op.n);
        bool there = set && (!colon || !v.known || v.s.n);
        if (k == '+')
            return there ? eval_text(r, text) : nothing;
        if (set && colon && !v.known)
            return unknown;
        if (there || k == '?')
            return v;
        v = eval_text(r, text);
        if (k == '=')
            pl_shr_set(r, name, &v, 1, false);
        return v;
    }
    if (c == '#' || c == '%')
        return cut(r, v, op);
    if (c == ':')
        return slice(v, op);
    return unknown;
}

/* What stands between "${" and the name: '!', '#' or nothing. The name is a view on the text. */
static char prefix(const struct pl_sh_part *p)
{
    char c = p->braces && p->s.n ? p->s.p[-1] : 0;
    return c == '!' || c == '#' ? c : 0;
}

static struct pl_shv variable(struct pl_shrun *r, const struct pl_sh_part *p)
{
    bool set;
    struct pl_str name = p->s, op = p->op;
    if (!name.n || (prefix(p) == '#' && p->s.n))
        return unknown;
    if (prefix(p) == '!') {
        struct pl_shv to = plain(r, name, &set);
        if (!to.known || !to.s.n || (op.n && strchr("@*[", op.p[0])))
            return unknown;
        struct pl_shv v = plain(r, to.s, &set);
        return apply(r, to.s, v, set, op);
    }
    if (op.n && op.p[0] == '[') { /* one element: only that of an array of one is known */
        struct pl_shvar *x = pl_shr_var(r, name);
        size_t close = pl_str_find(op, PL_S("]"), 0);
        struct pl_str index = pl_str_sub(op, 1, close == SIZE_MAX ? 0 : close - 1);
        uint64_t i;
        if (pl_str_is(name, "BASH_SOURCE"))
            return plain(r, name, &set);
        if (pl_str_is(name, "FUNCNAME") && pl_str_is(index, "1") && r->calls == 1)
            return of(PL_S("main")); /* the script is run, not sourced */
        return x && x->array && pl_str_u64(index, &i) && i < x->n ? x->v[i] : unknown;
    }
    struct pl_shv v = plain(r, name, &set);
    return apply(r, name, v, set, op);
}

/* ---- command substitution ---- */

static struct pl_shv print_words(struct pl_shrun *r, struct pl_shlist *w, size_t from)
{
    pl_auto_buf struct pl_buf b = { 0 };
    for (size_t i = from; i < w->v.n; i++) {
        if (!w->v.p[i].known || b.n > VALUE_MAX)
            return unknown;
        if (b.n)
            pl_buf_putc(&b, ' ');
        pl_buf_putn(&b, w->v.p[i].s.p, w->v.p[i].s.n);
    }
    return w->open ? unknown : of(pl_dup(r->a, pl_buf_str(&b)));
}

static struct pl_shv identity(struct pl_shrun *r, struct pl_shlist *w)
{
    bool user = false, group = false, name = false;
    for (size_t i = 1; i < w->v.n; i++) {
        struct pl_str f = w->v.p[i].s;
        if (!f.n || f.p[0] != '-')
            return unknown; /* of somebody else */
        user |= memchr(f.p, 'u', f.n) != NULL;
        group |= memchr(f.p, 'g', f.n) != NULL;
        name |= memchr(f.p, 'n', f.n) != NULL;
    }
    const struct pl_img_user *u = pl_img_uid(r->t->im, r->who.uid);
    if (!r->who.known || (!user && !group))
        return unknown;
    if (user && name)
        return u ? of(u->name) : r->who.uid ? unknown : of(PL_S("root"));
    if (name || (group && !r->who.gid_known))
        return unknown;
    return of(pl_printf(r->a, "%u", group ? r->who.gid : r->who.uid));
}

static struct pl_shv one_command(struct pl_shrun *r, const struct pl_sh_node *n)
{
    struct pl_shlist w = { 0 };
    struct pl_shv v = unknown;
    for (size_t i = 0; i < n->n_word; i++)
        pl_shr_words(r, &n->word[i], &w);
    struct pl_str name = w.v.n ? w.v.p[0].s : PL_S("");
    struct pl_shv arg = w.v.n > 1 ? w.v.p[w.v.n - 1] : nothing;
    if (!w.v.n || !w.v.p[0].known)
        goto out;
    if (pl_str_is(name, "id"))
        v = identity(r, &w);
    else if (pl_str_is(name, "whoami"))
        v = pl_img_uid(r->t->im, r->who.uid) ? of(pl_img_uid(r->t->im, r->who.uid)->name) : unknown;
    else if (pl_str_is(name, "pwd"))
        v = of(r->cwd);
    else if (pl_str_is(name, "echo") && w.v.n > 1 && !pl_str_starts(w.v.p[1].s, PL_S("-")))
        v = print_words(r, &w, 1);
    else if (pl_str_is(name, "printf") && w.v.n == 3 && pl_str_starts(w.v.p[1].s, PL_S("%s")))
        v = w.v.p[2];
    else if (pl_str_is(name, "dirname") && arg.s.n && (arg.known || arg.s.p[0] == '/'))
        v = of(pl_path_dir(arg.s));
    else if (pl_str_is(name, "basename") && arg.known)
        v = of(pl_path_base(arg.s));
    else if ((pl_str_is(name, "realpath") || pl_str_is(name, "readlink")) && arg.known)
        v = of(pl_img_resolve(r->t->im, r->cwd, arg.s));
    else if (pl_str_is(name, "mktemp")) {
        struct pl_shv dir = nothing;
        for (size_t i = 1; i < w.v.n; i++)
            if (memchr(w.v.p[i].s.p, '/', w.v.p[i].s.n))
                dir = w.v.p[i];
        pl_shr_effect(r, n, name, &w);
        v = (struct pl_shv){ dir.s.n ? dir.s : PL_S("/tmp/"), false };
    } else
        pl_shr_node(r, n);
out:
    pl_vec_release(&w.v);
    return v;
}

static struct pl_shv substitute(struct pl_shrun *r, const struct pl_sh_node *n)
{
    while (n && n->kind == PL_SH_LIST && n->n_kid == 1)
        n = n->kid[0];
    if (!n || !pl_shr_step(r->t) || r->calls > PL_SH_CALLS)
        return unknown;
    r->calls++;
    struct pl_shv v = unknown;
    enum pl_flow before = r->flow;
    if (n->kind == PL_SH_SIMPLE && !n->n_assign) {
        v = one_command(r, n);
    } else {
        r->t->maybe++; /* its exit is its own */
        pl_shr_node(r, n);
        r->t->maybe--;
    }
    r->flow = before;
    r->calls--;
    return v;
}

/* ---- words ---- */

static struct pl_shv part_value(struct pl_shrun *r, const struct pl_sh_part *p)
{
    switch (p->kind) {
    case PL_SH_LIT:
    case PL_SH_SQ:
    case PL_SH_DSQ:
    case PL_SH_GLOB:
        return of(p->s.n || p->kind != PL_SH_GLOB ? p->s
                                                  : pl_str_sub(r->text, p->off, p->end - p->off));
    case PL_SH_VAR:
        return variable(r, p);
    case PL_SH_CMDSUB:
    case PL_SH_TICKS:
        return substitute(r, p->sub);
    case PL_SH_PROC:
        if (p->sub) {
            r->t->maybe++;
            enum pl_flow before = r->flow;
            pl_shr_node(r, p->sub);
            r->flow = before;
            r->t->maybe--;
        }
        return unknown;
    case PL_SH_ARITH:
    case PL_SH_ARRAY:
        break;
    }
    return unknown;
}

struct pl_shv pl_shr_word(struct pl_shrun *r, const struct pl_sh_word *w)
{
    pl_auto_buf struct pl_buf b = { 0 };
    bool known = true;
    if (w->n == 1 && w->part[0].kind != PL_SH_VAR)
        return part_value(r, &w->part[0]);
    for (size_t i = 0; i < w->n; i++) {
        struct pl_shv v = part_value(r, &w->part[i]); /* all of them: they may have effects */
        if (known && b.n + v.s.n <= VALUE_MAX)
            pl_buf_putn(&b, v.s.p, v.s.n);
        known &= v.known && b.n + v.s.n <= VALUE_MAX;
    }
    return (struct pl_shv){ pl_dup(r->a, pl_buf_str(&b)), known };
}

/* "$@", "${a[@]}": several words from one. */
static bool many(struct pl_shrun *r, const struct pl_sh_part *p, struct pl_shlist *out)
{
    if (p->kind != PL_SH_VAR)
        return false;
    if (prefix(p) && p->op.n && strchr("[@*", p->op.p[0])) {
        if (prefix(p) == '!')
            return out->open = true; /* names or indexes */
        return false;
    }
    bool all = pl_str_is(p->s, "@") || pl_str_is(p->s, "*");
    if (all && p->op.n)
        return out->open = true;
    if (all) {
        for (size_t i = 0; i < r->n_param; i++)
            pl_vec_push(&out->v, r->param[i]);
        out->open |= r->param_open;
        return true;
    }
    if (!pl_str_starts(p->op, PL_S("[@]")) && !pl_str_starts(p->op, PL_S("[*]")))
        return false;
    struct pl_shvar *x = pl_shr_var(r, p->s);
    for (size_t i = 0; x && x->array && i < x->n; i++)
        pl_vec_push(&out->v, x->v[i]);
    out->open |= !x || !x->array || x->open || p->op.n > 3;
    return true;
}

/* The image's own files that a pattern means. */
static bool expand_glob(struct pl_shrun *r, struct pl_str pattern, struct pl_shlist *out)
{
    const struct pl_img *im = r->t->im;
    struct pl_err err;
    if (pl_glob_check(pattern, &err) < 0)
        return false;
    struct pl_str dir = pl_path_dir(pattern);
    if (memchr(dir.p, '*', dir.n) || memchr(dir.p, '?', dir.n) || memchr(dir.p, '[', dir.n))
        return false;
    struct pl_str place = pl_img_resolve(
        im, r->cwd, pl_str_find(pattern, PL_S("/"), 0) == SIZE_MAX ? PL_S(".") : dir);
    struct pl_str last = pl_path_base(pattern);
    size_t end, before = out->v.n;
    r->dir_seen = place;
    for (size_t i = pl_img_below(im, place, &end); i < end && out->v.n - before < GLOB_MAX; i++) {
        struct pl_str rest = pl_str_sub(im->file[i].path, place.n > 1 ? place.n : 0, SIZE_MAX);
        if (!rest.n || memchr(rest.p, '/', rest.n) || !pl_glob_match(last, rest))
            continue;
        pl_vec_push(&out->v, of(pl_printf(r->a, "%.*s/%.*s", PL_FMT(place.n > 1 ? place : PL_S("")),
                                          PL_FMT(rest))));
    }
    return out->v.n > before;
}

static bool has_glob(const struct pl_sh_word *w)
{
    for (size_t i = 0; i < w->n; i++)
        if (w->part[i].kind == PL_SH_GLOB && !w->part[i].quoted)
            return true;
    return false;
}

void pl_shr_words(struct pl_shrun *r, const struct pl_sh_word *w, struct pl_shlist *out)
{
    if (w->n == 1 && many(r, &w->part[0], out))
        return;
    struct pl_shv v = pl_shr_word(r, w);
    if (v.known && has_glob(w) && expand_glob(r, v.s, out))
        return;
    bool split = w->n == 1 && w->part[0].kind == PL_SH_VAR && !w->part[0].quoted;
    if (!split || !v.known) {
        pl_vec_push(&out->v, v);
        return;
    }
    struct pl_str rest = v.s, word;
    while (out->v.n < 4096 && pl_next_word(&rest, &word))
        pl_vec_push(&out->v, of(word));
}
