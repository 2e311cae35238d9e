/* The Dockerfile parser, its plan, the lint and its repairs. */
/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "check/fix.h"
#include "check/shell/sh.h"

static struct pl_arena a;

static struct pl_lint_result lint(const char *text)
{
    struct pl_lint_opts o = { .today = PL_S("2026-11-22") };
    struct pl_lint_result r;
    assert_int_equal(pl_lint_file(&a, pl_str_c(text), &o, &r, NULL), 0);
    return r;
}

static bool has(const struct pl_lint_result *r, const char *code)
{
    for (size_t i = 0; i < r->n_hits; i++) {
        if (strcmp(pl_lint_rules[r->hits[i].rule].name, code) == 0)
            return true;
        for (size_t k = 0; k < r->hits[i].n_codes; k++)
            if (strcmp(r->hits[i].codes[k], code) == 0)
                return true;
    }
    return false;
}

static void assert_dump(const char *text, const char *want)
{
    struct pl_df_file f;
    struct pl_buf out = { 0 };
    assert_int_equal(pl_df_parse(&a, pl_str_c(text), &f, NULL), 0);
    pl_df_dump(&f, &out);
    pl_buf_putc(&out, 0);
    assert_string_equal(out.p, want);
    pl_buf_release(&out);
}

static void assert_fixed(const char *text, enum pl_fix_class c, const char *want)
{
    struct pl_lint_opts o = { .today = PL_S("2026-11-22") };
    struct pl_str out;
    assert_int_equal(pl_fix_apply(&a, pl_str_c(text), &o, c, &out, NULL, NULL), 0);
    assert_string_equal(pl_dup(&a, out).p, want);
}

static void continuations_are_glued(void **state)
{
    (void)state;
    assert_dump("FROM a\nRUN x \\\n# c\n  y\\\nz\n", "(from \"a\")\n(run \"x   yz\")\n");
}

static void words_of_each_instruction(void **state)
{
    (void)state;
    assert_dump("ENV A=\"b c\" D=e\nLABEL k v w\nEXPOSE 1  2\nCMD [\"x\\u0041\"]\nONBUILD USER u\n",
                "(env \"A\" \"\\\"b c\\\"\" \"=\" \"D\" \"e\" \"=\")\n(label \"k\" \"v w\" \"\")\n"
                "(expose \"1\" \"2\")\n(cmd \"xA\")\n(onbuild (user \"u\"))\n");
}

static void a_broken_line_does_not_end_the_reading(void **state)
{
    (void)state;
    struct pl_lint_result r = lint("FROM a:1\nENV X\nRUN apt-get install b\n");
    assert_false(r.parsed);
    assert_true(has(&r, "PL-D001"));
    assert_true(has(&r, "DL3014"));
}

static void heredocs_are_raw(void **state)
{
    (void)state;
    struct pl_lint_result r = lint("FROM a:1\nRUN <<-\"E\" sh\n\tcd x \\\n\tE\nUSER u\n");
    assert_true(r.parsed);
    assert_int_equal(r.file.n_nodes, 3);
    assert_false(r.file.nodes[1].heredocs[0].expand);
    assert_string_equal(pl_dup(&a, r.file.nodes[1].heredocs[0].body.s).p, "cd x \\\n");
}

static void what_buildkit_refuses(void **state)
{
    static const char *const texts[] = {
        "FROM a/B\n",
        "RUN x\nFROM a\n",
        "FROM a\nCOPY x\n",
        "FROM a\nFOO x\n",
        "FROM a\nUSER\n",
        "FROM $X\n",
        "FROM a\nEXPOSE 70000\n",
        "FROM a\nSHELL sh\n",
        "FROM a AS 1b\n",
        "FROM a b\n",
        "FROM a\nCOPY --x=1 a b\n",
        "FROM a\nSTOPSIGNAL Q\n",
        "FROM a@sha256:0\n",
        "FROM a\nRUN --mount=type=q,target=/x y\n",
        "FROM a\nCOPY --from=9 a b\n",
        "FROM a\nHEALTHCHECK --interval=x CMD y\n",
    };
    (void)state;
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        struct pl_lint_result r = lint(texts[i]);
        if (!r.refused)
            print_error("accepted: %s", texts[i]);
        assert_true(r.refused);
    }
    struct pl_lint_result r = lint("ARG V=1\nFROM a:${V} AS b\nFROM b\nCOPY --from=0 /x /y\n");
    assert_false(r.refused);
}

static void variables_expand(void **state)
{
    (void)state;
    struct pl_lint_result r = lint("FROM a:1\nARG A=b\nENV C=${A:-x} D=${B:-y}\nUSER $Q\n");
    assert_true(has(&r, "UndefinedVar"));
    r = lint("FROM a:1\nARG Q\nENV P=/x:$PATH\nUSER $Q\n");
    assert_false(has(&r, "UndefinedVar"));
}

static void stages_in_a_circle(void **state)
{
    (void)state;
    assert_true(lint("FROM a AS x\nCOPY --from=y / /\nFROM a AS y\nCOPY --from=x / /\n").circular);
    assert_false(lint("FROM a AS x\nFROM x\nCOPY --from=x / /\n").circular);
}

static void no_dockerfile_at_all(void **state)
{
    struct pl_lint_opts o = { 0 };
    struct pl_lint_result r;
    (void)state;
    assert_int_equal(pl_lint_file(&a, PL_S("FROM a\0b"), &o, &r, NULL), PL_E_FORMAT);
    assert_int_equal(pl_lint_file(&a, PL_S("FROM \xff"), &o, &r, NULL), PL_E_FORMAT);
}

static void downloads_into_a_shell(void **state)
{
    (void)state;
    struct pl_lint_result r =
        lint("FROM a:1\nRUN curl -fsSL https://x.example/i | sudo -E bash -\n");
    assert_true(has(&r, "PL-D403"));
    r = lint("FROM a:1\nRUN sh -c \"$(wget -qO- https://x.example/i)\"\n");
    assert_true(has(&r, "PL-D403"));
    r = lint("FROM a:1\nRUN curl https://x.example | jq .\n");
    assert_false(has(&r, "PL-D403"));
}

static void verification_switched_off(void **state)
{
    (void)state;
    struct pl_lint_result r = lint("FROM a:1\nENV NODE_TLS_REJECT_UNAUTHORIZED=0\n"
                                   "RUN curl -kL x && git config --global http.sslVerify false\n");
    assert_true(has(&r, "CKV2_DOCKER_6"));
    assert_true(has(&r, "CKV2_DOCKER_2"));
    assert_true(has(&r, "CKV2_DOCKER_14"));
}

static void comments_hide(void **state)
{
    (void)state;
    struct pl_lint_result r = lint("FROM a:1\n# hadolint ignore=DL3014\nRUN apt-get install b\n");
    assert_false(has(&r, "PL-D503"));
    r = lint("FROM a:1\n# plimsoll ignore=PL-D503 until=2020-01-01\nRUN apt-get install b\n");
    assert_true(has(&r, "PL-D503"));
}

static void repairs_prove_themselves(void **state)
{
    (void)state;
    assert_fixed("FROM a:1\nENV K v w\nRUN apk add b=1\n", PL_FIX_SAFE,
                 "FROM a:1\nENV K=\"v w\"\nRUN apk add --no-cache b=1\n");
    assert_fixed("FROM a:1\nRUN pip install b==1 && x # c\n", PL_FIX_SAFE,
                 "FROM a:1\nRUN pip install --no-cache-dir b==1 && x # c\n");
    assert_fixed("FROM a:1 as b\nRUN curl -k https://x -o y\n", PL_FIX_SUGGESTED,
                 "FROM a:1 AS b\nRUN curl https://x -o y\n");
}

static void diff_of_a_repair(void **state)
{
    struct pl_buf out = { 0 };
    (void)state;
    pl_fix_diff(PL_S("f"), PL_S("a\nb\nc\n"), PL_S("a\nx\nc\n"), &out);
    pl_buf_putc(&out, 0);
    assert_string_equal(out.p, "--- a/f\n+++ b/f\n@@ -1,3 +1,3 @@\n a\n-b\n+x\n c\n");
    pl_buf_release(&out);
}

static void shell_commands_in_order(void **state)
{
    struct pl_sh_script s;
    (void)state;
    pl_sh_parse(&a, PL_S("A=1 x -yq --z=2 | y; if [ -f $q ]; then z \"$(w)\"; fi"), &s);
    assert_null(s.error.msg);
    assert_true(s.pipes);
    assert_int_equal(s.n_cmds, 5);
    assert_true(pl_sh_flag(s.cmds[0], "q"));
    assert_true(pl_sh_flag(s.cmds[0], "z"));
    assert_true(pl_str_is(pl_sh_name(s.cmds[1]), "y"));
    pl_sh_release(&s);
    pl_sh_parse(&a, PL_S("f(a) { x; }"), &s);
    assert_int_equal(s.error.code, 1065);
    pl_sh_release(&s);
}

static int teardown(void **state)
{
    (void)state;
    pl_arena_release(&a);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(continuations_are_glued),
        cmocka_unit_test(words_of_each_instruction),
        cmocka_unit_test(a_broken_line_does_not_end_the_reading),
        cmocka_unit_test(heredocs_are_raw),
        cmocka_unit_test(what_buildkit_refuses),
        cmocka_unit_test(variables_expand),
        cmocka_unit_test(stages_in_a_circle),
        cmocka_unit_test(no_dockerfile_at_all),
        cmocka_unit_test(downloads_into_a_shell),
        cmocka_unit_test(verification_switched_off),
        cmocka_unit_test(comments_hide),
        cmocka_unit_test(repairs_prove_themselves),
        cmocka_unit_test(diff_of_a_repair),
        cmocka_unit_test(shell_commands_in_order),
    };
    return cmocka_run_group_tests(tests, NULL, teardown);
}
