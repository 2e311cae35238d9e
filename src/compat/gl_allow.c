/* Allowlists of the gitleaks personality: by commit, path, regex and stop word. secrets.md 3.2, 5.
 */
/* SPDX-License-Identifier: Apache-2.0 */
#include <locale.h>
#include <stdatomic.h>
#include <wctype.h>

#include "compat/gl_config.h"
#include "fmt/utf8.h"

const struct pl_regex *pl_gl_re_get(struct pl_gl_re *re)
{
    struct pl_regex *is = atomic_load(&re->compiled), *made;
    struct pl_err ignored;
    if (is || pl_regex_new(re->text, PL_REGEX_UTF8 | PL_REGEX_LARGE, &made, &ignored) < 0)
        return is;
    if (atomic_compare_exchange_strong(&re->compiled, &is, made))
        return made;
    pl_regex_free(made); /* another thread was first */
    return is;
}

bool pl_gl_regex_test(struct pl_gl_re *re, struct pl_str s)
{
    struct pl_utf8_text t;
    const struct pl_regex *compiled = pl_gl_re_get(re);
    pl_utf8_text_init(&t, s);
    bool hit = compiled && pl_regex_test(compiled, t.text);
    pl_utf8_text_release(&t);
    return hit;
}

/* Simple lower case of one character. The two that fold into ASCII are named; the rest follows the
 * C library's table of the plain UTF-8 locale. */
static uint32_t lower(uint32_t cp, locale_t loc)
{
    if (cp < 0x80)
        return cp >= 'A' && cp <= 'Z' ? cp + 32 : cp;
    if (cp == 0x130)
        return 'i';
    if (cp == 0x212A)
        return 'k';
    return loc ? (uint32_t)towlower_l((wint_t)cp, loc) : cp;
}

void pl_gl_lower(struct pl_buf *out, struct pl_str s)
{
    locale_t loc = NULL;
    for (size_t i = 0; i < s.n;) {
        unsigned char c = (unsigned char)s.p[i];
        if (c < 0x80) {
            pl_buf_putc(out, (char)lower(c, NULL));
            i++;
            continue;
        }
        uint32_t cp;
        size_t n = pl_utf8_next(pl_str_sub(s, i, 4), &cp);
        if (!loc)
            loc = newlocale(LC_CTYPE_MASK, "C.UTF-8", NULL);
        pl_utf8_put(out, n ? lower(cp, loc) : 0xFFFD);
        i += n ? n : 1;
    }
    if (loc)
        freelocale(loc);
}

bool pl_gl_allow_commit(const struct pl_gl_allow *a, struct pl_str commit)
{
    for (size_t i = 0; commit.n && i < a->commits.n; i++)
        if (pl_str_ieq(a->commits.p[i], commit))
            return true;
    return false;
}

bool pl_gl_allow_path(const struct pl_gl_allow *a, struct pl_str path)
{
    return a->paths && path.n && pl_gl_regex_test(a->paths, path);
}

bool pl_gl_allow_regex(const struct pl_gl_allow *a, struct pl_str s)
{
    return a->regexes && s.n && pl_gl_regex_test(a->regexes, s);
}

/* Slot of the words that begin as `s` does; a word of one byte counts as followed by NUL. */
static unsigned slot_of(struct pl_str s)
{
    unsigned a = (unsigned char)s.p[0], b = s.n > 1 ? (unsigned char)s.p[1] : 0;
    return (a * 37 + b) % PL_GL_SLOTS;
}

void pl_gl_allow_index(struct pl_arena *arena, struct pl_gl_allow *a)
{
    a->next = pl_alloc_n(arena, a->stopwords.n, sizeof *a->next);
    for (size_t i = 0; i < a->stopwords.n; i++) {
        uint32_t *head = &a->slots[slot_of(a->stopwords.p[i])];
        a->next[i] = *head;
        *head = (uint32_t)i + 1;
    }
}

static bool stopword_at(const struct pl_gl_allow *a, struct pl_str s)
{
    for (uint32_t i = a->slots[slot_of(s)]; i; i = a->next[i - 1])
        if (pl_str_starts(s, a->stopwords.p[i - 1]))
            return true;
    if (s.n > 1) /* words of one byte */
        for (uint32_t i = a->slots[slot_of(pl_str_sub(s, 0, 1))]; i; i = a->next[i - 1])
            if (pl_str_starts(s, a->stopwords.p[i - 1]))
                return true;
    return false;
}

bool pl_gl_allow_stopword(const struct pl_gl_allow *a, struct pl_str s)
{
    if (!a->stopwords.n || !s.n)
        return false;
    pl_auto_buf struct pl_buf low = { 0 };
    pl_gl_lower(&low, s);
    struct pl_str text = pl_buf_str(&low);
    for (size_t i = 0; i < text.n; i++)
        if (stopword_at(a, pl_str_sub(text, i, SIZE_MAX)))
            return true;
    return false;
}

bool pl_gl_allows_place(const pl_gl_allows *v, struct pl_str commit, struct pl_str path)
{
    if (!commit.n && !path.n)
        return false;
    for (size_t i = 0; i < v->n; i++) {
        const struct pl_gl_allow *a = v->p[i];
        if (!a->all) {
            if (pl_gl_allow_commit(a, commit) || pl_gl_allow_path(a, path))
                return true;
            continue;
        }
        if (a->regexes || a->stopwords.n)
            continue;
        if ((!a->commits.n || pl_gl_allow_commit(a, commit)) &&
            (!a->paths || pl_gl_allow_path(a, path)))
            return true;
    }
    return false;
}

static bool allowed(const struct pl_gl_allow *a, const struct pl_gl_candidate *f)
{
    const struct pl_str targets[] = { f->secret, f->match, f->line };
    struct pl_str target = targets[a->target];
    if (!a->all)
        return pl_gl_allow_stopword(a, f->secret) || pl_gl_allow_regex(a, target);
    return (!a->commits.n || pl_gl_allow_commit(a, f->commit)) &&
           (!a->paths || pl_gl_allow_path(a, f->path)) &&
           (!a->stopwords.n || pl_gl_allow_stopword(a, f->secret)) &&
           (!a->regexes || pl_gl_allow_regex(a, target));
}

bool pl_gl_allows_finding(const pl_gl_allows *v, const struct pl_gl_candidate *f)
{
    for (size_t i = 0; i < v->n; i++)
        if (allowed(v->p[i], f))
            return true;
    return false;
}
