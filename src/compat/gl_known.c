/* Fingerprints, ignore files and baselines of the gitleaks personality. secrets.md section 7. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "compat/gl_known.h"

#include <inttypes.h>
#include <stdlib.h>

#include "compat/gl_report.h"
#include "fmt/json.h"

void pl_gl_known_init(struct pl_gl_known *k, bool redacting)
{
    *k = (struct pl_gl_known){ .with_secrets = !redacting };
    k->ignored.a = k->baseline.a = &k->a;
}

void pl_gl_known_release(struct pl_gl_known *k)
{
    pl_map_release(&k->ignored);
    pl_map_release(&k->baseline);
    pl_arena_release(&k->a);
}

static void ignore_line(struct pl_gl_known *k, struct pl_str line, pl_gl_warn_fn *warn, void *arg)
{
    struct pl_str copy = pl_dup(&k->a, line);
    char *p = (char *)copy.p; /* ours, just made */
    size_t colons = 0, field = 0;
    for (size_t i = 0; i < line.n; i++)
        colons += line.p[i] == ':';
    if (colons == 2 || colons == 3) {
        for (size_t i = 0; i < line.n; i++) {
            field += p[i] == ':';
            if (p[i] == '\\' && field == colons - 2)
                p[i] = '/';
        }
    } else {
        warn(arg, pl_printf(&k->a, "Invalid .gitleaksignore entry fingerprint=%.*s",
                            line.n < 500 ? (int)line.n : 500, line.p)
                      .p);
    }
    *pl_map_put(&k->ignored, copy) = k;
}

void pl_gl_known_ignore(struct pl_gl_known *k, struct pl_str text, pl_gl_warn_fn *warn, void *arg)
{
    struct pl_str line;
    while (text.p && pl_str_split(&text, '\n', &line)) {
        line = pl_str_trim(line);
        if (line.n && line.p[0] != '#')
            ignore_line(k, line, warn, arg);
    }
}

/* The fields by which findings are equal, each with its length in front. */
struct fields {
    struct pl_buf b;
};

static void put(struct fields *f, struct pl_str s)
{
    pl_buf_printf(&f->b, "%zu:", s.n);
    pl_buf_putn(&f->b, s.p, s.n);
}

static void put_number(struct fields *f, int64_t n)
{
    pl_buf_printf(&f->b, "%" PRId64 ";", n);
}

static bool matches(struct pl_str s, struct pl_str key)
{
    return pl_str_ieq(s, key);
}

struct member {
    struct pl_str key;
    const struct pl_json *found;
};

static int on_member(void *arg, struct pl_str key, const struct pl_json *value)
{
    struct member *m = arg;
    if (matches(key, m->key))
        m->found = value;
    return 0;
}

static const struct pl_json *get(const struct pl_json *o, const char *key)
{
    struct member m = { .key = pl_str_c(key) };
    const struct pl_json *exact = pl_json_get(o, key);
    if (exact)
        return exact;
    pl_json_each(o, on_member, &m);
    return m.found;
}

static void put_float(struct fields *f, float v)
{
    pl_gl_json_float(&f->b, v);
    pl_buf_putc(&f->b, ';');
}

static int put_old(const struct pl_gl_known *k, const struct pl_json *o, struct fields *f,
                   struct pl_err *err)
{
    static const char *const texts[] = { "RuleID", "Description", "File", "Commit",
                                         "Author", "Email",       "Date", "Message" };
    static const char *const numbers[] = { "StartLine", "EndLine", "StartColumn", "EndColumn" };
    if (pl_json_type(o) != PL_JSON_OBJECT)
        return pl_fail(err, PL_E_FORMAT, "a finding is no object");
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        const struct pl_json *v = get(o, texts[i]);
        if (v && pl_json_type(v) != PL_JSON_STRING && pl_json_type(v) != PL_JSON_NULL)
            return pl_fail(err, PL_E_FORMAT, "'%s' is no text", texts[i]);
        put(f, pl_json_str(v));
    }
    for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++)
        put_number(f, pl_json_int(get(o, numbers[i]), 0));
    if (k->with_secrets) {
        put(f, pl_json_str(get(o, "Match")));
        put(f, pl_json_str(get(o, "Secret")));
    }
    put_float(f, (float)pl_json_real(get(o, "Entropy"), 0));
    return 0;
}

int pl_gl_known_baseline(struct pl_gl_known *k, struct pl_str text, struct pl_err *err)
{
    struct pl_json *doc;
    int r = pl_json_parse(text, 32, &doc, err);
    if (r < 0)
        return r;
    if (pl_json_type(doc) != PL_JSON_ARRAY && pl_json_type(doc) != PL_JSON_NULL)
        r = pl_fail(err, PL_E_FORMAT, "not a list of findings");
    for (size_t i = 0; r >= 0 && i < pl_json_len(doc); i++) {
        struct fields f = { 0 };
        r = put_old(k, pl_json_at(doc, i), &f, err);
        if (r >= 0)
            *pl_map_put(&k->baseline, pl_buf_str(&f.b)) = k;
        pl_buf_release(&f.b);
    }
    pl_json_free(doc);
    return r < 0 ? r : 0;
}

static bool in_baseline(const struct pl_gl_known *k, const struct pl_gl_finding *x)
{
    static const struct pl_gl_commit none;
    const struct pl_gl_commit *c = x->commit ? x->commit : &none;
    struct fields f = { 0 };
    const struct pl_str texts[] = {
        x->rule->id, x->rule->description, x->file, c->sha, c->author, c->email, c->date, c->message
    };
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
        put(&f, texts[i]);
    put_number(&f, x->start_line);
    put_number(&f, x->end_line);
    put_number(&f, x->start_column);
    put_number(&f, x->end_column);
    if (k->with_secrets) {
        put(&f, x->match);
        put(&f, x->secret);
    }
    put_float(&f, x->entropy);
    bool found = pl_map_get(&k->baseline, pl_buf_str(&f.b));
    pl_buf_release(&f.b);
    return found;
}

bool pl_gl_known_check(const struct pl_gl_known *k, struct pl_arena *a, struct pl_gl_finding *f)
{
    struct pl_buf b = { 0 };
    struct pl_str sha = f->commit ? f->commit->sha : PL_S("");
    pl_buf_putn(&b, sha.p, sha.n);
    pl_buf_puts(&b, sha.n ? ":" : "");
    size_t from = b.n;
    pl_buf_putn(&b, f->file.p, f->file.n);
    pl_buf_putc(&b, ':');
    pl_buf_putn(&b, f->rule->id.p, f->rule->id.n);
    pl_buf_printf(&b, ":%" PRId64, f->start_line);
    struct pl_str whole = pl_buf_str(&b);
    bool known = pl_map_get(&k->ignored, pl_str_sub(whole, from, SIZE_MAX)) ||
                 (sha.n && pl_map_get(&k->ignored, whole)) || (k->baseline.n && in_baseline(k, f));
    f->fingerprint = pl_dup(a, whole);
    pl_buf_release(&b);
    return known;
}
