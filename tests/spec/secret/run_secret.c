/* Runs the samples of every rule file, and the cases of tests/spec/secret, through the rules of the
 * binary. Usage: run_secret FILE.toml ... CASES.txt ...; prints TAP. The form of cases is in
 * README.md. */
/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>
#include <stdlib.h>
#include <zlib.h>

#include "base/base64.h"
#include "base/cleanup.h"
#include "secret/rule_int.h"

struct runner {
    struct pl_rules *rules;
    struct pl_matcher *m;
    unsigned n, failed;
};

struct spec_case {
    struct pl_str name, path, variable;
    struct pl_buf text, want, got;
    const struct pl_rules *rules;
    bool open;
};

static void point(struct runner *r, bool ok, struct pl_str name)
{
    r->n++;
    r->failed += !ok;
    printf("%sok %u - %.*s\n", ok ? "" : "not ", r->n, PL_FMT(name));
}

static void comment(struct pl_str text)
{
    struct pl_str line;
    while (pl_str_split(&text, '\n', &line))
        printf("#   %.*s\n", PL_FMT(line));
}

static bool read_file(const char *path, struct pl_buf *out)
{
    FILE *f = fopen(path, "rbe");
    for (size_t n = f ? 1 : 0; n > 0;) {
        char block[4096];
        n = fread(block, 1, sizeof block, f);
        pl_buf_putn(out, block, n);
    }
    if (f)
        fclose(f);
    return f != NULL;
}

static void on_failure(void *arg, const struct pl_rule_source *rule, const struct pl_rule_sample *s,
                       struct pl_str text)
{
    (void)arg;
    printf("# %s:%u: rule '%s': sample %u of '%s' is %s:\n", rule->file, s->line, rule->rule.id,
           s->number, s->yes ? "yes" : "no", s->yes ? "not found" : "found");
    comment(text);
}

static void run_rules(struct runner *r, const char *path)
{
    PL_AUTO(struct pl_arena, a, pl_arena_release) = { 0 };
    pl_auto_buf struct pl_buf text = { 0 };
    struct pl_rule_source *src = NULL;
    struct pl_err err = { 0 };
    size_t n = 0, run, failed;
    if (!read_file(path, &text) || pl_rules_read(pl_buf_str(&text), path, &a, &src, &n, &err) < 0) {
        printf("# %s\n", err.msg);
        point(r, false, pl_str_c(path));
        return;
    }
    for (size_t i = 0; i < n; i++) {
        int e = pl_rules_selftest(r->rules, &src[i], 1, on_failure, NULL, &run, &failed, &err);
        point(r, e == 0 && failed == 0 && run > 0, pl_str_c(src[i].rule.id));
    }
}

static void to_utf16(struct pl_buf *b, bool big)
{
    pl_auto_buf struct pl_buf out = { 0 };
    for (size_t i = 0; i < b->n; i++) {
        pl_buf_putc(&out, big ? '\0' : b->p[i]);
        pl_buf_putc(&out, big ? b->p[i] : '\0');
    }
    pl_buf_clear(b);
    pl_buf_putn(b, out.p, out.n);
}

static void to_gzip(struct pl_buf *b)
{
    z_stream z = { .next_in = (Bytef *)b->p, .avail_in = (uInt)b->n };
    size_t room = b->n + 1024;
    pl_auto_free void *out = malloc(room);
    if (!out || deflateInit2(&z, 9, Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY) != Z_OK)
        pl_oom();
    z.next_out = out;
    z.avail_out = (uInt)room;
    deflate(&z, Z_FINISH);
    pl_buf_clear(b);
    pl_buf_putn(b, out, room - z.avail_out);
    deflateEnd(&z);
}

static void to_base64(struct pl_buf *b, size_t width)
{
    pl_auto_buf struct pl_buf out = { 0 };
    pl_base64_encode(&out, pl_buf_str(b), PL_BASE64_STD);
    pl_buf_clear(b);
    for (size_t i = 0; i < out.n; i += width) {
        struct pl_str line = pl_str_sub(pl_buf_str(&out), i, width);
        pl_buf_printf(b, "%s%.*s", i ? "\n    " : "", PL_FMT(line));
    }
}

static void to_hex(struct pl_buf *b)
{
    pl_auto_free char *hex = malloc(2 * b->n + 1);
    if (!hex)
        pl_oom();
    size_t n = b->n;
    pl_hex((const uint8_t *)b->p, n, hex);
    pl_buf_clear(b);
    pl_buf_putn(b, hex, 2 * n);
}

static bool encode(struct pl_buf *b, struct pl_str how)
{
    if (pl_str_is(how, "base64"))
        to_base64(b, SIZE_MAX / 2);
    else if (pl_str_is(how, "base64-lines"))
        to_base64(b, 60);
    else if (pl_str_is(how, "hex"))
        to_hex(b);
    else if (pl_str_is(how, "utf-16le") || pl_str_is(how, "utf-16be"))
        to_utf16(b, how.p[6] == 'b');
    else if (pl_str_is(how, "gzip"))
        to_gzip(b);
    else
        return false;
    return true;
}

static void on_secret(void *arg, const struct pl_secret *s)
{
    struct spec_case *c = arg;
    pl_buf_printf(&c->got, "%s %s", pl_rules_at(c->rules, s->rule)->id,
                  pl_severity_name(s->severity));
    if (s->decoded)
        pl_buf_printf(&c->got, " (%s)", s->decoded);
    pl_buf_putc(&c->got, '\n');
}

static void finish(struct runner *r, struct spec_case *c)
{
    struct pl_text t = { .p = (const uint8_t *)c->text.p,
                         .n = c->text.n,
                         .to = c->text.n,
                         .last = true,
                         .path = c->variable.n ? c->variable : c->path,
                         .value = c->variable.n > 0 };
    if (!c->open)
        return;
    c->rules = r->rules;
    int e = pl_secret_scan(r->m, &t, on_secret, c, NULL);
    bool ok = e == 0 && pl_str_eq(pl_buf_str(&c->got), pl_buf_str(&c->want));
    point(r, ok, c->name);
    if (!ok) {
        printf("#  got:\n");
        comment(pl_buf_str(&c->got));
        printf("#  instead of:\n");
        comment(pl_buf_str(&c->want));
    }
    pl_buf_release(&c->text);
    pl_buf_release(&c->want);
    pl_buf_release(&c->got);
    *c = (struct spec_case){ 0 };
}

static bool field(struct pl_str line, const char *key, struct pl_str *value)
{
    struct pl_str k = pl_str_c(key);
    if (!pl_str_starts(line, k))
        return false;
    *value = pl_str_trim(pl_str_sub(line, k.n, SIZE_MAX));
    return true;
}

/* One line of a case; false when it has no meaning. */
static bool take(struct spec_case *c, struct pl_str line)
{
    struct pl_str v;
    if (line.n == 0 || line.p[0] == '#')
        return true;
    if (line.p[0] == '|') {
        struct pl_str raw = pl_str_sub(line, line.n > 1 && line.p[1] == ' ' ? 2 : 1, SIZE_MAX);
        pl_rule_sample_expand(raw, c->name, &c->text);
        pl_buf_putc(&c->text, '\n');
        return true;
    }
    if (field(line, "path:", &c->path) || field(line, "variable:", &c->variable))
        return true;
    if (field(line, "strip:", &v)) { /* the line break at the end */
        c->text.n -= c->text.n > 0;
        return true;
    }
    if (field(line, "as:", &v))
        return encode(&c->text, v);
    if (field(line, "find:", &v)) {
        pl_buf_putn(&c->want, v.p, v.n);
        pl_buf_putc(&c->want, '\n');
        return true;
    }
    return false;
}

static void run_cases(struct runner *r, const char *path)
{
    pl_auto_buf struct pl_buf file = { 0 };
    struct spec_case c = { 0 };
    struct pl_str rest, line;
    unsigned number = 0;
    if (!read_file(path, &file))
        point(r, false, pl_str_c(path));
    rest = pl_buf_str(&file);
    while (pl_str_split(&rest, '\n', &line)) {
        number++;
        if (pl_str_starts(line, PL_S("== "))) {
            finish(r, &c);
            c.open = true;
            c.name = pl_str_sub(line, 3, SIZE_MAX);
        } else if (!take(&c, line)) {
            printf("# %s:%u: %.*s\n", path, number, PL_FMT(line));
            point(r, false, PL_S("a line that means nothing"));
        }
    }
    finish(r, &c);
}

int main(int argc, char **argv)
{
    struct runner r = { 0 };
    struct pl_limits limits;
    struct pl_err err = { 0 };
    pl_limits_init(&limits);
    if (pl_rules_builtin(&r.rules, &err) < 0 || pl_matcher_new(r.rules, &limits, &r.m, &err) < 0) {
        printf("Bail out! %s\n", err.msg);
        return 1;
    }
    for (int i = 1; i < argc; i++) {
        if (pl_str_ends(pl_str_c(argv[i]), PL_S(".toml")))
            run_rules(&r, argv[i]);
        else
            run_cases(&r, argv[i]);
    }
    printf("1..%u\n", r.n);
    pl_matcher_free(r.m);
    pl_rules_free(r.rules);
    return r.failed != 0;
}
