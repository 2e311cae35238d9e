/* The gitleaks personality below its command line: shapes, pieces, positions, decoding, reports. */
/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/cleanup.h"
#include "compat/gl_chunk.h"
#include "compat/gl_detect_int.h"
#include "compat/gl_known.h"
#include "compat/gl_link.h"
#include "compat/gl_paths.h"
#include "compat/gl_report.h"

static const char rules[] =
    "[[rules]]\nid='tok'\ndescription='T'\nregex='''\\b(tok_[a-z0-9]{8})(?:[\\s;]|$)'''\n"
    "keywords=['tok_']\ntags=['t']\n"
    "[[rules]]\nid='generic-key'\nregex='''(?i)[\\w.-]{0,10}?(?:key|pass(?:word)?)(?:[ "
    "\\t\\w]{0,5})"
    "[\\s'\"]{0,3}(?:=|:)[\\s\"]{0,3}([\\w.=-]{6,20}|[a-z]{3,}={0,2})(?:[\\s\"]|$)'''\n"
    "keywords=['key','pass']\n"
    "[[rules]]\nid='pem'\nregex='''(?i)--BEGIN[ "
    "A-Z]{0,10}--[\\s\\S-]{4,}?END--'''\nkeywords=['--begin']\n"
    "[[rules]]\nid='alt'\nregex='''x(?:aa|bb)\\d+|\\bzz[a-f]{2}\\b|.{0,3}q1'''\nkeywords=['aa','bb'"
    ",'zz','q1']\n"
    "[[rules]]\nid='any'\nregex='''[0-9]{6,8}'''\n"
    "[[rules]]\nid='file'\npath='''\\.p12$'''\n";

static void no_warning(void *arg, const char *text)
{
    (void)arg;
    (void)text;
}

struct set {
    struct pl_gl_config *config;
    struct pl_gl_engine *engine;
    struct pl_gl_worker *worker;
};

static struct set make(const char *toml, unsigned depth)
{
    struct set s = { 0 };
    struct pl_err err = { 0 };
    pl_gl_strs only = { 0 };
    struct pl_gl_detect_opts o = { .max_decode_depth = depth, .keep_lines = true };
    assert_int_equal(pl_gl_config_load(pl_str_c(toml), PL_S(""), no_warning, NULL, &s.config, &err),
                     0);
    assert_int_equal(pl_gl_engine_new(s.config, &only, &o, &s.engine, &err), 0);
    assert_int_equal(pl_gl_worker_new(s.engine, &s.worker, &err), 0);
    return s;
}

static void drop(struct set *s)
{
    pl_gl_worker_free(s->worker);
    pl_gl_engine_free(s->engine);
    pl_gl_config_free(s->config);
}

static pl_gl_findings *scan(struct set *s, struct pl_str text, const char *path)
{
    struct pl_err err = { 0 };
    struct pl_gl_fragment f = { .raw = text, .path = pl_str_c(path), .start_line = 1 };
    assert_int_equal(pl_gl_worker_scan(s->worker, &f, &err), 0);
    return pl_gl_worker_findings(s->worker);
}

static void windows_find_what_the_whole_text_gives(void **state)
{
    static const char *const parts[] = {
        "tok_abcdefgh", "key = ",       "password: ", "abc==",        " ",   "\n",
        "--BEGIN A--",  "END--",        "xaa12",      "zzab",         "q1",  "123456",
        "\"",           "secret.value", "\xff",       "\xE2\x84\xAA", "tok_"
    };
    uint32_t seed = 7;
    (void)state;
    for (unsigned round = 0; round < 60; round++) {
        struct pl_buf b = { 0 };
        for (unsigned i = 0; i < 40; i++) {
            seed = seed * 1664525u + 1013904223u;
            pl_buf_puts(&b, parts[(seed >> 16) % PL_COUNT(parts)]);
        }
        struct set quick = make(rules, 3), plain = make(rules, 3);
        for (size_t i = 0; i < plain.engine->probes.n; i++)
            plain.engine->probes.p[i].shaped = false;
        pl_gl_findings *a = scan(&quick, pl_buf_str(&b), "f"),
                       *c = scan(&plain, pl_buf_str(&b), "f");
        pl_gl_report_sort(a);
        pl_gl_report_sort(c);
        assert_int_equal(a->n, c->n);
        for (size_t i = 0; i < a->n; i++) {
            assert_true(pl_str_eq(a->p[i].match, c->p[i].match));
            assert_int_equal(a->p[i].start_column, c->p[i].start_column);
        }
        drop(&quick);
        drop(&plain);
        pl_buf_release(&b);
    }
}

static void later_lines_count_one_more(void **state)
{
    (void)state;
    struct set s = make(rules, 0);
    pl_gl_findings *v = scan(&s, PL_S("a tok_aaaaaaaa\nb tok_bbbbbbbb\n"), "f");
    pl_gl_report_sort(v);
    assert_int_equal(v->n, 2);
    assert_int_equal(v->p[0].start_column, 3);
    assert_int_equal(v->p[0].end_column, 14);
    assert_int_equal(v->p[1].start_line, 2);
    assert_int_equal(v->p[1].start_column, 4);
    drop(&s);
}

static void a_match_to_the_very_end_has_no_end_column(void **state)
{
    (void)state;
    struct set s = make(rules, 0);
    pl_gl_findings *v = scan(&s, PL_S("--BEGIN A--\nabcd\nEND--"), "f");
    assert_int_equal(v->n, 1);
    assert_int_equal(v->p[0].end_line, 1);
    assert_int_equal(v->p[0].end_column, 0);
    drop(&s);
}

static void decoded_text_is_searched_and_placed(void **state)
{
    (void)state;
    struct set s = make(rules, 5);
    /* base64 of "xx tok_01234567 " */
    pl_gl_findings *v = scan(&s, PL_S("v: eHggdG9rXzAxMjM0NTY3IA== end\n"), "f");
    assert_int_equal(v->n, 2); /* the digits as well */
    pl_gl_report_sort(v);
    const struct pl_gl_finding *f = &v->p[1];
    assert_true(pl_str_is(f->secret, "tok_01234567"));
    assert_int_equal(f->start_column, 4);
    assert_int_equal(f->end_column, 27);
    assert_int_equal(f->tags.n, 3);
    assert_true(pl_str_is(f->tags.p[1], "decoded:base64"));
    assert_true(pl_str_is(f->tags.p[2], "decode-depth:1"));
    drop(&s);
}

static void a_path_rule_reports_the_file(void **state)
{
    (void)state;
    struct set s = make(rules, 5);
    pl_gl_findings *v = scan(&s, PL_S("nothing"), "a/k.p12");
    assert_int_equal(v->n, 1);
    assert_true(pl_str_is(v->p[0].match, "file detected: a/k.p12"));
    drop(&s);
}

struct memory {
    size_t at, n;
    unsigned every; /* a blank line each so many bytes; 0 = none */
    unsigned pieces;
};

static ssize_t read_memory(void *arg, void *buf, size_t n)
{
    struct memory *m = arg;
    size_t k = 0;
    for (char *to = buf; k < n && m->at < m->n; k++, m->at++)
        to[k] = m->every && m->at % m->every >= m->every - 2 ? '\n' : 'a';
    return (ssize_t)k;
}

static int count_piece(void *arg, struct pl_str raw, int64_t line)
{
    (void)raw;
    (void)line;
    ((struct memory *)arg)->pieces++;
    return 0;
}

static void files_are_cut_as_measured(void **state)
{
    static const struct {
        unsigned every, pieces;
    } cases[] = { { 0, 8 }, { 100000, 3 } };
    (void)state;
    for (size_t i = 0; i < PL_COUNT(cases); i++) {
        struct memory m = { .n = 300000, .every = cases[i].every };
        struct pl_buf work = { 0 };
        struct pl_err err = { 0 };
        struct pl_gl_chunker c = { .read = read_memory, .read_arg = &m, .work = &work };
        assert_int_equal(pl_gl_chunks(&c, count_piece, &m, &err), 0);
        assert_int_equal(m.pieces, cases[i].pieces);
        pl_buf_release(&work);
    }
}

static void programs_and_archives_are_known(void **state)
{
    (void)state;
    assert_true(pl_gl_is_application(PL_S("%PDF-1.4")));
    assert_true(pl_gl_is_application(PL_S("PK\3\4....")));
    assert_false(pl_gl_is_application(PL_S("\x89PNG\r\n")));
    assert_int_equal(pl_gl_archive_name(PL_S("d.zip/x.txt")), PL_GL_PLAIN);
    assert_int_equal(pl_gl_archive_name(PL_S("a/x.ZIP.bak")), PL_GL_CONTAINER);
    assert_int_equal(pl_gl_archive_name(PL_S("x.tar.gz")), PL_GL_COMPRESSED_CONTAINER);
    assert_int_equal(pl_gl_archive_name(PL_S("x.gz")), PL_GL_COMPRESSED);
}

static void configurations_are_refused(void **state)
{
    static const struct {
        const char *toml, *message;
    } cases[] = {
        { "[[rules]]\nid='a'", "a: both |regex| and |path| are empty" },
        { "[[rules]]\nid=' '\nregex='x'", "rule |id| is missing or empty" },
        { "[[rules]]\nid='a'\nregex='('", "regex" },
        { "[[rules]]\nid='a'\nregex='x'\nsecretGroup=1", "invalid regex secret group 1" },
        { "[[allowlists]]\ncondition='xor'\npaths=['x']", "unknown allowlist |condition| 'xor'" },
        { "[[allowlists]]\npaths=['x']\ntargetRules=['n']", "target rule ID 'n' does not exist" },
        { "minVersion='new'", "invalid minVersion" },
        { "[extend]\nuseDefault=true\npath='x'", "extend.path and extend.useDefault" },
        { "[[rules]]\nid='a'\nregex='x'\n[[rules.required]]\nid='b'",
          "rule ID 'b' does not exist" },
        { "[[rules]]\nid=['a']\nregex='x'", "'id' expected a string" },
        { "rules=3", "'Rules' expected a slice" },
    };
    (void)state;
    for (size_t i = 0; i < PL_COUNT(cases); i++) {
        struct pl_gl_config *c;
        struct pl_err err = { 0 };
        assert_true(
            pl_gl_config_load(pl_str_c(cases[i].toml), PL_S(""), no_warning, NULL, &c, &err) < 0);
        assert_non_null(strstr(err.msg, cases[i].message));
    }
}

static void extending_puts_over_the_base(void **state)
{
    static const char base[] = "[[rules]]\nid='a'\ndescription='old'\nregex='x1'\ntags=['t']\n"
                               "[[rules]]\nid='off'\nregex='y'\n";
    struct pl_gl_config *c;
    struct pl_err err = { 0 };
    (void)state;
    assert_int_equal(pl_gl_config_load(PL_S("[extend]\nuseDefault=true\ndisabledRules=['off']\n"
                                            "[[Rules]]\nID='a'\ntags=['u']\nentropy='2.5'\n"),
                                       pl_str_c(base), no_warning, NULL, &c, &err),
                     0);
    const struct pl_gl_rule *rule = pl_gl_config_rule(c, PL_S("a"));
    assert_int_equal(c->active.n, 1);
    assert_true(pl_str_is(rule->description, "old"));
    assert_true(rule->entropy > 2.4 && rule->tags.n == 2);
    pl_gl_config_free(c);
}

static void templates_run(void **state)
{
    static const char text[] =
        "{{ $n := sub (len .) 1 }}{{- range $i, $f := . -}}\n{{ $i }} {{ quote .Secret }} "
        "{{ if and (eq .StartLine 1) (ne $i $n) }}first{{ else if gt .StartLine 1 }}later{{ end }}"
        "{{ with .Link }}{{ . }}{{ end }} {{ join \",\" .Tags | upper }}"
        "{{ printf \"%03d|%-4s|%q\" .StartLine .RuleID \"a\\n\" }};{{/* no */}}\n{{ end }}";
    struct pl_gl_template *t = NULL;
    struct pl_err err = { 0 };
    struct pl_buf out = { 0 };
    (void)state;
    struct set s = make(rules, 0);
    pl_gl_findings *v = scan(&s, PL_S("tok_aaaaaaaa\ntok_bbbbbbbb\n"), "f");
    pl_gl_report_sort(v);
    assert_int_equal(pl_gl_template_new(pl_str_c(text), &t, &err), 0);
    assert_int_equal(pl_gl_template_run(t, v, &out, &err), 0);
    pl_buf_putc(&out, '\0');
    assert_string_equal(out.p, "0 \"tok_aaaaaaaa\" first T001|tok |\"a\\n\";\n"
                               "1 \"tok_bbbbbbbb\" later T002|tok |\"a\\n\";\n");
    pl_gl_template_free(t);
    pl_buf_release(&out);
    drop(&s);
}

static void templates_are_refused(void **state)
{
    static const char *const texts[] = { "{{ nope . }}", "{{ if . }}", "{{ end }}",
                                         "{{ .",         "{{ \"a }}",  "{{ define \"x\" }}",
                                         "{{ (len . }}", "{{ 3 4 }}",  "{{}}" };
    (void)state;
    for (size_t i = 0; i < PL_COUNT(texts); i++) {
        struct pl_gl_template *t = NULL;
        struct pl_err err = { 0 };
        assert_true(pl_gl_template_new(pl_str_c(texts[i]), &t, &err) < 0);
        assert_true(err.msg[0] != '\0');
    }
}

static void fingerprints_are_ignored_and_baselines_known(void **state)
{
    struct pl_gl_known k;
    struct pl_err err = { 0 };
    struct pl_buf json = { 0 };
    (void)state;
    struct set s = make(rules, 0);
    pl_gl_findings *v = scan(&s, PL_S("tok_aaaaaaaa\n"), "d/f");
    pl_gl_known_init(&k, false);
    assert_false(pl_gl_known_check(&k, pl_gl_worker_arena(s.worker), &v->p[0]));
    assert_true(pl_str_is(v->p[0].fingerprint, "d/f:tok:1"));
    pl_gl_report_json(&json, v);
    assert_int_equal(pl_gl_known_baseline(&k, pl_buf_str(&json), &err), 0);
    assert_true(pl_gl_known_check(&k, pl_gl_worker_arena(s.worker), &v->p[0]));
    assert_true(pl_gl_known_baseline(&k, PL_S("{}"), &err) < 0);
    pl_gl_known_release(&k);
    pl_gl_known_init(&k, false);
    pl_gl_known_ignore(&k, PL_S("# x\n\n d\\f:tok:1 \nodd\n"), no_warning, NULL);
    assert_true(pl_gl_known_check(&k, pl_gl_worker_arena(s.worker), &v->p[0]));
    pl_gl_known_release(&k);
    pl_buf_release(&json);
    drop(&s);
}

static void links_and_paths(void **state)
{
    struct pl_arena a = { 0 };
    enum pl_gl_platform p = PL_GL_UNKNOWN;
    (void)state;
    struct pl_str base = pl_gl_link_base(&a, PL_S("git@github.com:a/b.git\n"), &p);
    assert_true(pl_str_is(base, "https://github.com/a/b"));
    struct pl_gl_commit c = { .sha = PL_S("c0") };
    struct pl_gl_finding f = {
        .file = PL_S("d e.md"), .start_line = 2, .end_line = 3, .commit = &c
    };
    assert_true(pl_str_is(pl_gl_link(&a, base, p, &f),
                          "https://github.com/a/b/blob/c0/d%20e.md?plain=1#L2-L3"));
    p = PL_GL_UNKNOWN;
    base = pl_gl_link_base(&a, PL_S("https://u:p@gitlab.com/a/b.git"), &p);
    assert_true(pl_str_is(base, "https://gitlab.com/a/b"));
    assert_int_equal(p, PL_GL_GITLAB);
    assert_string_equal(pl_gl_path_clean(&a, "a//./b/../c/"), "a/c");
    assert_string_equal(pl_gl_path_clean(&a, "../.."), "../..");
    assert_string_equal(pl_gl_path_rel(&a, "/x/y", "/x/z/w"), "../z/w");
    pl_arena_release(&a);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(windows_find_what_the_whole_text_gives),
        cmocka_unit_test(later_lines_count_one_more),
        cmocka_unit_test(a_match_to_the_very_end_has_no_end_column),
        cmocka_unit_test(decoded_text_is_searched_and_placed),
        cmocka_unit_test(a_path_rule_reports_the_file),
        cmocka_unit_test(files_are_cut_as_measured),
        cmocka_unit_test(programs_and_archives_are_known),
        cmocka_unit_test(configurations_are_refused),
        cmocka_unit_test(extending_puts_over_the_base),
        cmocka_unit_test(templates_run),
        cmocka_unit_test(templates_are_refused),
        cmocka_unit_test(fingerprints_are_ignored_and_baselines_known),
        cmocka_unit_test(links_and_paths),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
