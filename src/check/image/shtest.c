/* Conditions of a shell script: true, false, or not known. POSIX "test", bash's [[ ]]. */
/* SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>

#include "check/image/shell_int.h"
#include "fmt/glob.h"

static enum pl_tri not(enum pl_tri t) {
    return t == PL_MAYBE ? PL_MAYBE
           : t == PL_YES ? PL_NO
                         : PL_YES;
}

static enum pl_tri both(enum pl_tri a, enum pl_tri b)
{
    return a == PL_NO || b == PL_NO ? PL_NO : a == PL_YES && b == PL_YES ? PL_YES : PL_MAYBE;
}

static enum pl_tri either(enum pl_tri a, enum pl_tri b)
{
    return not(both(not(a), not(b)));
}

static enum pl_tri say(bool b)
{
    return b ? PL_YES : PL_NO;
}

enum pl_tri pl_shr_exists(struct pl_shrun *r, struct pl_str path, char what)
{
    const struct pl_img *im = r->t->im;
    struct pl_str place = pl_img_resolve(im, r->cwd, path);
    static const char *const fluid[] = { "/proc", "/sys", "/dev", "/run", "/tmp", "/var/run" };
    for (size_t i = 0; i < sizeof fluid / sizeof *fluid; i++)
        if (pl_path_in(place, pl_str_c(fluid[i])))
            return PL_MAYBE;
    for (size_t i = 0; i < im->volumes.n; i++)
        if (pl_path_in(place, pl_img_resolve(im, PL_S("/"), im->volumes.p[i])))
            return PL_MAYBE;
    const struct pl_img_file *f = pl_img_at(im, place);
    size_t end, from = pl_img_below(im, place, &end);
    bool dir = (f && f->kind == PL_IMG_DIR) || from < end;
    if (!f && !dir) /* not every file is among the facts, but folders are told by their files */
        return what == 'd' || !pl_img_at(im, pl_path_dir(place)) ? PL_NO : PL_MAYBE;
    if (what == 'd')
        return say(dir);
    if (what == 'f')
        return say(f && f->kind == PL_IMG_FILE);
    if (what == 'x')
        return say(dir || (f->mode & 0111));
    if (what == 's')
        return say(dir || f->size);
    return PL_YES;
}

static enum pl_tri unary(struct pl_shrun *r, struct pl_str op, struct pl_shv v)
{
    if (op.n != 2 || op.p[0] != '-')
        return PL_MAYBE;
    switch (op.p[1]) {
    case 'n':
        return v.known || v.s.n ? say(v.s.n) : PL_MAYBE;
    case 'z':
        return v.known || v.s.n ? say(!v.s.n) : PL_MAYBE;
    case 'w':
        if (v.s.n)
            pl_vec_push(&r->t->guarded, pl_img_resolve(r->t->im, r->cwd, v.s));
        return PL_MAYBE;
    case 'v': {
        bool there = v.known && (pl_shr_var(r, v.s) || pl_img_env(r->t->im, v.s).p);
        return v.known ? say(there) : PL_MAYBE;
    }
    case 'e':
    case 'd':
    case 'f':
    case 's':
    case 'x':
    case 'r':
        return v.known ? pl_shr_exists(r, v.s, op.p[1]) : PL_MAYBE;
    default:
        return PL_MAYBE;
    }
}

/* As `case` and [[ = ]] match: '*' takes '/' as well. */
static bool matches(struct pl_str pattern, struct pl_str s)
{
    pl_auto_buf struct pl_buf p = { 0 };
    struct pl_err err;
    for (size_t i = 0; i < pattern.n; i++) {
        pl_buf_putc(&p, pattern.p[i]);
        if (pattern.p[i] == '*')
            pl_buf_putc(&p, '*');
    }
    return pl_glob_check(pl_buf_str(&p), &err) == 0 && pl_glob_match(pl_buf_str(&p), s);
}

static enum pl_tri binary(struct pl_shv a, struct pl_str op, struct pl_shv b, bool globs)
{
    bool equal = pl_str_is(op, "=") || pl_str_is(op, "==") || pl_str_is(op, "-eq");
    bool differ = pl_str_is(op, "!=") || pl_str_is(op, "-ne");
    if ((!equal && !differ) || !a.known || !b.known)
        return PL_MAYBE;
    bool same = globs ? matches(b.s, a.s) : pl_str_eq(a.s, b.s);
    return say(same == equal);
}

static bool is(const struct pl_shv *w, const char *s)
{
    return w->known && pl_str_is(w->s, s);
}

/* Between "-o" and "-a". */
static enum pl_tri primary(struct pl_shrun *r, const struct pl_shv *w, size_t n, bool globs)
{
    bool flip = false;
    while (n && is(w, "!")) {
        flip = !flip;
        w++;
        n--;
    }
    enum pl_tri t = PL_MAYBE;
    if (n == 1)
        t = unary(r, PL_S("-n"), w[0]);
    else if (n == 2 && w[0].known)
        t = unary(r, w[0].s, w[1]);
    else if (n == 3 && w[1].known)
        t = binary(w[0], w[1].s, w[2], globs);
    return flip ? not(t) : t;
}

enum pl_tri pl_shr_test(struct pl_shrun *r, const struct pl_shv *w, size_t n)
{
    enum pl_tri any = PL_NO, all = PL_YES;
    size_t from = 0;
    if (!n)
        return PL_NO;
    for (size_t i = 0; i <= n; i++) {
        bool or = i < n && i > from && is(&w[i], "-o"), and = i < n && i > from && is(&w[i], "-a");
        if (i < n && ! or &&!and)
            continue;
        all = both(all, primary(r, w + from, i - from, false));
        if (or || i == n) {
            any = either(any, all);
            all = PL_YES;
        }
        from = i + 1;
    }
    return any;
}

/* The operator that stands in the source between two words of [[ ]]. */
static const char *operator_in(struct pl_str gap)
{
    static const char *const ops[] = { "&&", "||", "(", ")" };
    for (size_t i = 0; i < sizeof ops / sizeof *ops; i++)
        if (pl_str_find(gap, pl_str_c(ops[i]), 0) != SIZE_MAX)
            return ops[i];
    return NULL;
}

enum pl_tri pl_shr_cond(struct pl_shrun *r, const struct pl_sh_node *n)
{
    struct pl_shv w[8];
    size_t k = 0;
    enum pl_tri any = PL_NO, all = PL_YES;
    bool regex = false;
    for (size_t i = 0; i < n->n_word; i++) {
        if (k < 8)
            w[k++] = pl_shr_word(r, &n->word[i]);
        regex |= pl_str_is(n->word[i].text, "=~");
        uint32_t gap_end = i + 1 < n->n_word ? n->word[i + 1].off : n->end;
        struct pl_str gap = pl_str_sub(r->text, n->word[i].end,
                                       gap_end > n->word[i].end ? gap_end - n->word[i].end : 0);
        const char *op = operator_in(gap);
        if (op && (*op == '(' || *op == ')'))
            return PL_MAYBE;
        if (!op && i + 1 < n->n_word)
            continue;
        all = both(all, regex ? PL_MAYBE : primary(r, w, k, true));
        k = 0;
        if (!op || *op == '|') {
            any = either(any, all);
            all = PL_YES;
        }
    }
    return any;
}
