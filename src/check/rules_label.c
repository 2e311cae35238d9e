/* Labels: keys, and a schema of labels when one is given. formats/dockerfile.md section 3. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "check/check.h"

static bool key_char(char c)
{
    return (unsigned)(c - 'a') < 26 || (unsigned)(c - '0') < 10;
}

static bool key_valid(struct pl_str s)
{
    static const char *const reserved[] = { "com.docker.", "io.docker.", "org.dockerproject." };
    if (!s.n || (unsigned)(s.p[0] - 'a') > 25 || !key_char(s.p[s.n - 1]))
        return false;
    for (size_t i = 0; i < s.n; i++)
        if (!key_char(s.p[i]) && !strchr("._/-", s.p[i]))
            return false;
    for (size_t i = 0; i < 3; i++)
        if (pl_str_starts(s, pl_str_c(reserved[i])))
            return false;
    return !pl_lint_has(s, "..") && !pl_lint_has(s, "--");
}

static bool digits(struct pl_str s, size_t at, size_t n)
{
    for (size_t i = at; i < at + n; i++)
        if (i >= s.n || (unsigned)(s.p[i] - '0') > 9)
            return false;
    return true;
}

/* 2021-03-10T10:26:33[.5](Z|+01:00) */
static bool is_time(struct pl_str s)
{
    if (s.n < 20 || !digits(s, 0, 4) || s.p[4] != '-' || !digits(s, 5, 2) || s.p[7] != '-' ||
        !digits(s, 8, 2) || !strchr("Tt ", s.p[10]) || !digits(s, 11, 2) || s.p[13] != ':' ||
        !digits(s, 14, 2) || s.p[16] != ':' || !digits(s, 17, 2))
        return false;
    size_t i = 19;
    if (s.p[i] == '.')
        for (i++; digits(s, i, 1);)
            i++;
    struct pl_str z = pl_str_sub(s, i, SIZE_MAX);
    if (pl_str_is(z, "Z") || pl_str_is(z, "z"))
        return true;
    return z.n == 6 && strchr("+-", z.p[0]) && digits(z, 1, 2) && z.p[3] == ':' && digits(z, 4, 2);
}

static bool is_semver(struct pl_str s)
{
    size_t i = 0;
    for (int part = 0; part < 3; part++) {
        size_t from = i;
        while (digits(s, i, 1))
            i++;
        if (i == from || (s.p[from] == '0' && i > from + 1))
            return false;
        if (part < 2 && (i >= s.n || s.p[i++] != '.'))
            return false;
    }
    if (i == s.n)
        return true;
    if (s.p[i] != '-' && s.p[i] != '+')
        return false;
    for (i++; i < s.n; i++)
        if (!key_char((char)(s.p[i] | 0x20)) && !key_char(s.p[i]) && !strchr(".-+", s.p[i]))
            return false;
    return s.p[s.n - 1] != '-' && s.p[s.n - 1] != '+' && s.p[s.n - 1] != '.';
}

static bool is_url(struct pl_str s)
{
    size_t i = 0;
    while (i < s.n && (key_char((char)(s.p[i] | 0x20)) || strchr("+.-", s.p[i])))
        i++;
    return i && pl_str_starts(pl_str_sub(s, i, SIZE_MAX), PL_S("://")) && s.n > i + 3 &&
           !memchr(s.p, ' ', s.n);
}

static bool is_email(struct pl_str s)
{
    const char *at = s.n ? memchr(s.p, '@', s.n) : NULL;
    if (!at || at == s.p || memchr(s.p, ' ', s.n))
        return false;
    struct pl_str host = pl_str_sub(s, (size_t)(at - s.p) + 1, SIZE_MAX);
    return host.n > 2 && memchr(host.p, '.', host.n) && !memchr(host.p, '@', host.n) &&
           host.p[0] != '.' && host.p[host.n - 1] != '.';
}

static bool is_hash(struct pl_str s)
{
    for (size_t i = 0; i < s.n; i++)
        if ((unsigned)(s.p[i] - '0') > 9 && (unsigned)((s.p[i] | 0x20) - 'a') > 5)
            return false;
    return s.n == 7 || s.n == 40;
}

/* An identifier of the SPDX list, or an expression of them. The commonest ones by name, others by
 * their form. */
static bool is_spdx(struct pl_str s)
{
    static const char known[] =
        "0BSD AFL-3.0 AGPL-1.0-only AGPL-1.0-or-later AGPL-3.0-only AGPL-3.0-or-later AGPL-3.0 "
        "Apache-1.0 Apache-1.1 Apache-2.0 Artistic-1.0 Artistic-2.0 BlueOak-1.0.0 BSD-1-Clause "
        "BSD-2-Clause BSD-2-Clause-Patent BSD-3-Clause BSD-3-Clause-Clear BSD-4-Clause BSL-1.0 "
        "BUSL-1.1 CC-BY-3.0 CC-BY-4.0 CC-BY-NC-4.0 CC-BY-NC-SA-4.0 CC-BY-SA-3.0 CC-BY-SA-4.0 "
        "CC0-1.0 CDDL-1.0 CDDL-1.1 CECILL-2.1 CPAL-1.0 CPL-1.0 curl ECL-2.0 Elastic-2.0 EPL-1.0 "
        "EPL-2.0 EUPL-1.1 EUPL-1.2 GFDL-1.3-only GFDL-1.3-or-later GPL-1.0-only GPL-1.0-or-later "
        "GPL-2.0 GPL-2.0+ GPL-2.0-only GPL-2.0-or-later GPL-3.0 GPL-3.0+ GPL-3.0-only "
        "GPL-3.0-or-later HPND ICU IPL-1.0 ISC JSON LGPL-2.0-only LGPL-2.0-or-later LGPL-2.1 "
        "LGPL-2.1-only LGPL-2.1-or-later LGPL-3.0 LGPL-3.0-only LGPL-3.0-or-later LPPL-1.3c MIT "
        "MIT-0 MPL-1.0 MPL-1.1 MPL-2.0 MS-PL MS-RL MulanPSL-2.0 NCSA OFL-1.1 OpenSSL OSL-3.0 "
        "PHP-3.01 PostgreSQL PSF-2.0 Python-2.0 QPL-1.0 Ruby Sleepycat SSPL-1.0 TCL Unicode-3.0 "
        "Unicode-DFS-2016 Unlicense UPL-1.0 Vim W3C WTFPL X11 Zlib ZPL-2.1 bzip2-1.0.6 "
        "AND OR WITH Classpath-exception-2.0 LLVM-exception GCC-exception-3.1";
    struct pl_str rest = s, word;
    bool any = false;
    while (pl_str_split(&rest, ' ', &word)) {
        while (word.n && word.p[0] == '(')
            word = pl_str_sub(word, 1, SIZE_MAX);
        while (word.n && word.p[word.n - 1] == ')')
            word.n--;
        if (!word.n)
            continue;
        if (!pl_lint_word_in(word, known))
            return false;
        any = true;
    }
    return any;
}

static const struct {
    const char *format, *code;
    bool (*valid)(struct pl_str s);
} formats[] = {
    { "url", "DL3052", is_url },       { "rfc3339", "DL3053", is_time },
    { "spdx", "DL3054", is_spdx },     { "hash", "DL3055", is_hash },
    { "semver", "DL3056", is_semver }, { "email", "DL3058", is_email },
};

static void value(struct pl_lint *l, const struct pl_lint_in *in, size_t i)
{
    struct pl_str key = pl_lint_unquote(in->n->args[i].s),
                  v = pl_lint_unquote(in->n->args[i + 1].s);
    bool known = false;
    for (size_t k = 0; k < l->o->n_labels; k++) {
        const struct pl_label_spec *spec = &l->o->labels[k];
        if (!pl_str_eq(spec->name, key))
            continue;
        known = true;
        if (!v.n) {
            pl_lint_at_node(l, "DL3051", in->index);
            continue;
        }
        for (size_t f = 0; f < sizeof formats / sizeof *formats; f++)
            if (pl_str_is(spec->format, formats[f].format) && !formats[f].valid(v))
                pl_lint_at_node(l, formats[f].code, in->index);
    }
    if (!known && l->o->strict_labels)
        pl_lint_at_node(l, "DL3050", in->index);
}

static bool sets_label(const struct pl_lint *l, size_t s, struct pl_str name)
{
    for (size_t i = pl_lint_from(l, s) + 1; i < l->p->stages[s].end; i++) {
        const struct pl_df_node *n = l->in[i].n;
        for (size_t k = 0; k + 2 < n->n_args && n->cmd == PL_DF_LABEL; k += 3)
            if (pl_str_eq(pl_lint_unquote(n->args[k].s), name))
                return true;
    }
    return false;
}

/* Is the stage only there for others to copy from? */
static bool only_copied(const struct pl_lint *l, size_t s)
{
    struct pl_str name = l->p->stages[s].name;
    bool copied = false;
    for (size_t k = s + 1; k < l->p->n_stages; k++)
        if (pl_lint_parent(l, k) == s)
            return false;
    for (size_t i = 0; i < l->n && name.n; i++)
        copied |=
            l->in[i].n->cmd == PL_DF_COPY && pl_str_eq(pl_df_flag(l->in[i].n, "from", NULL), name);
    return copied;
}

static void required(struct pl_lint *l)
{
    bool *has = pl_alloc_n(l->a, l->p->n_stages + 1, sizeof *has);
    for (size_t k = 0; k < l->o->n_labels; k++) {
        for (size_t s = 0; s < l->p->n_stages; s++) {
            size_t up = pl_lint_parent(l, s);
            has[s] = sets_label(l, s, l->o->labels[k].name) || (up != SIZE_MAX && has[up]);
        }
        for (size_t s = l->p->n_stages; s-- > 0;) {
            size_t up = pl_lint_parent(l, s);
            if (has[s] && up != SIZE_MAX)
                has[up] = true;
        }
        for (size_t s = 0; s < l->p->n_stages; s++)
            if (!has[s] && !only_copied(l, s))
                pl_lint_at_node(l, "DL3049", pl_lint_from(l, s));
    }
}

static void run(struct pl_lint *l)
{
    for (size_t i = 0; i < l->n; i++) {
        const struct pl_lint_in *in = &l->in[i];
        bool bad = false;
        for (size_t k = 0; k + 2 < in->n->n_args && in->n->cmd == PL_DF_LABEL; k += 3) {
            if (!key_valid(pl_lint_unquote(in->n->args[k].s)) && !bad) {
                pl_lint_at_arg(l, "DL3048", in, &in->n->args[k]);
                bad = true;
            }
            if (l->o->n_labels)
                value(l, in, k);
        }
    }
    if (l->o->n_labels)
        required(l);
}

const struct pl_check pl_check_label = { "label", run };
