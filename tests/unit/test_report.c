/* Report writers: golden files of a rich and hostile sample, and what readers of each format
 * demand. PL_UPDATE=1 writes the golden files anew. */
/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "base/map.h"
#include "fmt/json.h"
#include "report/dockerline.h"
#include "report/escape.h"
#include "report/words.h"
#include "report_sample.h"

struct state {
    struct pl_arena a;
    struct pl_report r;
    struct pl_report_opts o;
    struct pl_buf out, aside;
};

static int setup(void **state)
{
    struct state *s = calloc(1, sizeof *s);
    sample_report(&s->a, &s->r);
    s->o = (struct pl_report_opts){ .fail_on = PL_SEV_HIGH, .aside = &s->aside };
    *state = s;
    return 0;
}

static int teardown(void **state)
{
    struct state *s = *state;
    pl_arena_release(&s->a);
    pl_buf_release(&s->out);
    pl_buf_release(&s->aside);
    free(s);
    return 0;
}

static struct pl_str made(struct state *s, const char *id)
{
    const struct pl_writer *w = pl_writer_find(pl_str_c(id));
    struct pl_err err = { 0 };
    assert_non_null(w);
    pl_buf_clear(&s->out);
    assert_int_equal(w->write(&s->r, &s->o, &s->out, &err), 0);
    return pl_buf_str(&s->out);
}

static bool has(struct pl_str s, const char *what)
{
    return pl_str_find(s, pl_str_c(what), 0) != SIZE_MAX;
}

static void slurp(const char *path, struct pl_buf *ret)
{
    FILE *f = fopen(path, "rbe");
    if (!f)
        return;
    char part[4096];
    for (size_t n; (n = fread(part, 1, sizeof part, f)) > 0;)
        pl_buf_putn(ret, part, n);
    fclose(f);
}

/* Compares with tests/spec/report/NAME, or writes it. */
static void golden(struct pl_str got, const char *name)
{
    const char *root = getenv("PL_SRC");
    if (!root) {
        print_message("skip: %s: PL_SRC not set\n", name);
        skip();
    }
    char path[4096];
    snprintf(path, sizeof path, "%s/tests/spec/report/%s", root, name);
    if (getenv("PL_UPDATE")) {
        FILE *f = fopen(path, "wbe");
        assert_non_null(f);
        fwrite(got.p, 1, got.n, f);
        fclose(f);
        return;
    }
    pl_auto_buf struct pl_buf want = { 0 };
    slurp(path, &want);
    size_t at = 0;
    while (at < got.n && at < want.n && got.p[at] == want.p[at])
        at++;
    if (at == got.n && at == want.n)
        return;
    fail_msg("%s differs at byte %zu: %.60s", name, at, got.p + at);
}

/* No byte that a terminal would obey. */
static void assert_printable(struct pl_str s)
{
    for (size_t i = 0; i < s.n; i++)
        if (((unsigned char)s.p[i] < 0x20 && s.p[i] != '\n') || s.p[i] == 0x7F)
            fail_msg("control %02x at %zu", (unsigned char)s.p[i], i);
    assert_false(has(s, "\xe2\x80\xae"));
    assert_false(has(s, "\xe2\x80\x8f"));
}

static struct pl_json *parsed(struct pl_str s)
{
    struct pl_json *j = NULL;
    struct pl_err err = { 0 };
    if (pl_json_parse(s, 64, &j, &err) < 0)
        fail_msg("not JSON: %s", err.msg);
    return j;
}

static void assert_text(const struct pl_json *j, const char *key)
{
    if (!pl_json_str(pl_json_get(j, key)).n)
        fail_msg("'%s' is missing or empty", key);
}

static void test_table_matches_golden(void **state)
{
    struct state *s = *state;
    struct pl_str got = made(s, "table");
    assert_printable(got);
    golden(got, "table.golden");
}

static void test_terminal_has_worst_last(void **state)
{
    struct state *s = *state;
    s->o.terminal = true;
    s->o.colour = true;
    s->o.width = 100;
    s->o.has_scrub = true;
    golden(made(s, "table"), "terminal.golden");
}

static void test_table_line_never_begins_a_runner_command(void **state)
{
    struct state *s = *state;
    struct pl_str got = made(s, "table"), line;
    while (pl_str_split(&got, '\n', &line)) {
        assert_false(pl_str_starts(pl_str_trim(line), PL_S("::")));
        assert_false(has(line, "##["));
        assert_false(has(line, "##vso"));
    }
}

static void test_table_of_clean_target_is_one_line(void **state)
{
    struct state *s = *state;
    s->r.targets += 2;
    s->r.n_targets = 1;
    pl_report_sum(&s->r);
    assert_string_equal(pl_dup(&s->a, made(s, "table")).p,
                        "dir:src  no findings · read 17 files, 51 of 51 kB, all of it\n");
}

static void test_incomplete_is_said_even_when_quiet(void **state)
{
    struct state *s = *state;
    s->o.quiet = true;
    struct pl_str got = made(s, "table");
    assert_true(has(got, "INCOMPLETE: docker-archive:"));
    assert_true(has(got, "; exit 1, for the findings\n"));
    s->o.fail_none = true;
    assert_true(has(made(s, "table"), "; exit 3\n"));
}

static void test_notes_are_lines_for_stderr(void **state)
{
    struct state *s = *state;
    pl_report_notes(&s->r, &s->out);
    assert_true(has(pl_buf_str(&s->out),
                    "note: oci:shop (linux/amd64): layer 1: var/.wh.: names no "
                    "file [bad-whiteout]\n"));
    assert_false(has(pl_buf_str(&s->out), "unknown-codec"));
}

static void test_json_matches_golden(void **state)
{
    struct state *s = *state;
    struct pl_str got = made(s, "json");
    assert_printable(got);
    golden(got, "json.golden");
    pl_json_free(parsed(got));
}

static int add_key(void *arg, struct pl_str key, const struct pl_json *value)
{
    (void)value;
    pl_buf_printf(arg, "%.*s ", PL_FMT(key));
    return 0;
}

static void assert_keys(const struct pl_json *j, const char *want)
{
    pl_auto_buf struct pl_buf keys = { 0 };
    pl_json_each(j, add_key, &keys);
    pl_buf_putc(&keys, 0);
    assert_string_equal(keys.p, want);
}

static void test_json_keys_stand_in_order(void **state)
{
    struct state *s = *state;
    struct pl_json *j = parsed(made(s, "json"));
    const struct pl_json *t = pl_json_at(pl_json_get(j, "targets"), 0);
    const struct pl_json *f = pl_json_at(pl_json_get(t, "findings"), 0);
    assert_keys(j, "schema tool targets summary ");
    assert_keys(pl_json_get(j, "tool"), "name version rules db ");
    assert_keys(t, "name kind digest platform complete notes layers packages findings ");
    assert_keys(pl_json_at(pl_json_get(t, "notes"), 0), "scope where code message ");
    assert_keys(pl_json_at(pl_json_get(t, "layers"), 0),
                "index digest diff_id created_by bytes files ");
    assert_keys(f,
                "kind rule aliases severity title why fix where introduced hidden visible recover "
                "evidence fingerprint ");
    assert_keys(pl_json_get(f, "where"),
                "surface path line column end_line end_column offset nested ");
    assert_keys(pl_json_get(f, "introduced"), "index digest diff_id created_by ");
    assert_keys(pl_json_get(f, "hidden"), "index digest diff_id created_by how ");
    assert_keys(pl_json_get(j, "summary"), "critical high medium low info incomplete ");
    pl_json_free(j);
}

static void test_json_has_secret_only_when_asked(void **state)
{
    struct state *s = *state;
    assert_false(has(made(s, "json"), "\"secret\": \""));
    s->r.targets[0].findings[0].secret = PL_S("tok_whole");
    assert_true(has(made(s, "json"), "\"secret\": \"tok_whole\""));
    s->r.targets[0].findings[0].secret = PL_S("");
    assert_true(has(made(s, "json"), "\"secret\": \"\""));
}

static void test_sarif_matches_golden(void **state)
{
    struct state *s = *state;
    golden(made(s, "sarif"), "sarif.golden");
}

static void check_sarif_result(const struct pl_json *result, size_t n_rules)
{
    const struct pl_json *place =
        pl_json_get(pl_json_at(pl_json_get(result, "locations"), 0), "physicalLocation");
    assert_text(result, "ruleId");
    assert_in_range((uint64_t)pl_json_int(pl_json_get(result, "ruleIndex"), -1), 0, n_rules - 1);
    assert_text(pl_json_get(result, "message"), "text");
    assert_text(pl_json_get(place, "artifactLocation"), "uri");
    assert_true(pl_json_int(pl_json_get(pl_json_get(place, "region"), "startLine"), 0) >= 1);
    assert_text(pl_json_get(result, "partialFingerprints"), "primaryLocationLineHash");
    struct pl_str level = pl_json_str(pl_json_get(result, "level"));
    assert_true(pl_str_is(level, "error") || pl_str_is(level, "warning") ||
                pl_str_is(level, "note"));
}

static void test_sarif_has_what_readers_demand(void **state)
{
    struct state *s = *state;
    struct pl_json *j = parsed(made(s, "sarif"));
    assert_true(pl_str_is(pl_json_str(pl_json_get(j, "version")), "2.1.0"));
    const struct pl_json *run = pl_json_at(pl_json_get(j, "runs"), 0);
    const struct pl_json *driver = pl_json_get(pl_json_get(run, "tool"), "driver");
    const struct pl_json *rules = pl_json_get(driver, "rules");
    const struct pl_json *results = pl_json_get(run, "results");
    assert_text(driver, "name");
    for (size_t i = 0; i < pl_json_len(rules); i++) {
        const struct pl_json *rule = pl_json_at(rules, i);
        assert_text(rule, "id");
        assert_text(rule, "helpUri");
        assert_text(pl_json_get(rule, "shortDescription"), "text");
        assert_text(pl_json_get(rule, "properties"), "security-severity");
        assert_true(pl_json_len(pl_json_get(pl_json_get(rule, "properties"), "tags")) <= 10);
    }
    assert_int_equal(pl_json_len(results), s->r.targets[0].n_findings + s->r.targets[1].n_findings);
    for (size_t i = 0; i < pl_json_len(results); i++)
        check_sarif_result(pl_json_at(results, i), pl_json_len(rules));
    const struct pl_json *call = pl_json_at(pl_json_get(run, "invocations"), 0);
    assert_false(pl_json_true(pl_json_get(call, "executionSuccessful")));
    assert_true(pl_json_len(pl_json_get(call, "toolExecutionNotifications")) == 3);
    pl_json_free(j);
}

/* `n` findings in one target; every tenth is critical. */
static void many(struct state *s, size_t n)
{
    struct pl_target *t = &s->r.targets[0];
    const struct pl_finding one = t->findings[0];
    t->findings = pl_alloc_n(&s->a, n, sizeof one);
    t->n_findings = n;
    for (size_t i = 0; i < n; i++) {
        struct pl_finding *f = &t->findings[i];
        *f = one;
        f->severity = i % 10 ? PL_SEV_LOW : PL_SEV_CRITICAL;
        f->print = pl_printf(&s->a, "%064zx", i);
        memcpy(f->secret_hash, &i, sizeof i);
        f->secret_hash[31] = 7;
    }
    pl_report_sum(&s->r);
}

static size_t times(struct pl_str s, const char *what)
{
    size_t n = 0;
    for (size_t at = 0; (at = pl_str_find(s, pl_str_c(what), at)) != SIZE_MAX; at++)
        n++;
    return n;
}

static void test_sarif_drops_least_severe_above_limit(void **state)
{
    struct state *s = *state;
    many(s, 26000);
    struct pl_str got = made(s, "sarif");
    assert_int_equal(times(got, "\"ruleId\""), 25000);
    assert_int_equal(times(got, "\"severity\": \"critical\""), 2600);
    assert_int_equal(times(got, "\"severity\": \"high\""), 2);
    assert_true(has(pl_buf_str(&s->aside), "note: sarif: 1003 of 26003 findings"));
    assert_true(has(got, "results-dropped"));
}

static void test_sarif_points_into_dockerfile(void **state)
{
    struct state *s = *state;
    s->o.dockerfile = PL_S("docker/Dockerfile");
    s->o.dockerfile_text = PL_S("# syntax\nFROM debian\nRUN apt-get update \\\n  # why\n"
                                "  && apt-get install -y nodejs\ncopy --chown=1:1 . /srv/web\n"
                                "ENV DATABASE_URL=x\n");
    struct pl_str got = made(s, "sarif");
    struct pl_json *j = parsed(got);
    const struct pl_json *results = pl_json_get(pl_json_at(pl_json_get(j, "runs"), 0), "results");
    int64_t lines[2] = { 0 };
    for (size_t i = 0; i < pl_json_len(results); i++) {
        const struct pl_json *res = pl_json_at(results, i);
        const struct pl_json *place =
            pl_json_get(pl_json_at(pl_json_get(res, "locations"), 0), "physicalLocation");
        bool code =
            pl_str_is(pl_json_str(pl_json_get(pl_json_get(place, "artifactLocation"), "uri")),
                      "docker/Dockerfile");
        int64_t line = pl_json_int(pl_json_get(pl_json_get(place, "region"), "startLine"), 0);
        if (i == 0)
            assert_true(code && line == 6);
        if (code && line == 3)
            lines[0]++;
        if (code && line == 7)
            lines[1]++;
    }
    assert_int_equal(lines[0], 2); /* what the RUN of line 3 brought */
    assert_int_equal(lines[1], 1); /* the variable */
    pl_json_free(j);
}

static void test_dockerfile_lines_are_matched_by_words(void **state)
{
    struct state *s = *state;
    static struct pl_layer_info layers[] = {
        { .index = 0, .created_by = PL_S("ADD base.tar /"), .has_created_by = true },
        { .index = 1,
          .created_by = PL_S("RUN /bin/sh -c make # buildkit"),
          .has_created_by = true },
        { .index = 2,
          .created_by = PL_S("RUN /bin/sh -c make # buildkit"),
          .has_created_by = true },
        { .index = 3, .created_by = PL_S("COPY a b /c/ # buildkit"), .has_created_by = true },
        { .index = 4 },
    };
    struct pl_target t = { .layers = layers, .n_layers = 5 };
    struct pl_docker_file *f =
        pl_docker_file_read(&s->a, PL_S("# escape=`\r\n\r\nFROM x\r\nRUN make\r\nRUN <<-'EOT'\n"
                                        "RUN make\n\tEOT\nRUN --network=none `\n\n# hint\n  make\n"
                                        "COPY --link a `\n b   /c/\nARG OLD\nENV OLD=1 NAME=v\n"
                                        "LABEL name v\n"));
    struct pl_docker_lines *at = pl_docker_lines_match(&s->a, f, &t);
    assert_int_equal(at[0].from, 0);
    assert_int_equal(at[1].from, 4);
    assert_int_equal(at[2].from, 8);
    assert_int_equal(at[2].to, 11);
    assert_int_equal(at[3].from, 12);
    assert_int_equal(at[3].to, 13);
    assert_int_equal(at[4].from, 0);
    assert_int_equal(pl_docker_lines_setting(f, PL_S("NAME")).from, 15);
    assert_int_equal(pl_docker_lines_setting(f, PL_S("OLD")).from, 15);
    assert_int_equal(pl_docker_lines_setting(f, PL_S("name")).from, 16);
    assert_int_equal(pl_docker_lines_setting(f, PL_S("NAM")).from, 0);
    assert_int_equal(pl_docker_lines_setting(f, PL_S("")).from, 0);
    f = pl_docker_file_read(&s->a, PL_S("RUN cat <<EOF"));
    assert_int_equal(pl_docker_lines_match(&s->a, f, &t)[1].from, 0);
}

static void test_junit_matches_golden(void **state)
{
    struct state *s = *state;
    struct pl_str got = made(s, "junit");
    assert_printable(got);
    golden(got, "junit.golden");
}

static void test_junit_counts_agree(void **state)
{
    struct state *s = *state;
    struct pl_str got = made(s, "junit");
    char total[96];
    snprintf(total, sizeof total, "tests=\"%zu\" failures=\"%zu\" errors=\"1\"",
             times(got, "<testcase "), times(got, "<failure "));
    assert_true(has(got, total));
    assert_int_equal(times(got, "<testsuite "), 3);
    assert_int_equal(times(got, "<error "), 1);
    assert_false(has(got, "<script>"));
    s->o.fail_none = true;
    assert_false(has(made(s, "junit"), "<failure"));
}

static void test_gitlab_matches_golden(void **state)
{
    struct state *s = *state;
    golden(made(s, "gitlab"), "gitlab.golden");
    golden(made(s, "gitlab:secret-detection"), "gitlab-secrets.golden");
    golden(made(s, "gitlab:code-quality"), "gitlab-quality.golden");
}

static void check_gitlab_item(const struct pl_json *v, bool container)
{
    const struct pl_json *ids = pl_json_get(v, "identifiers");
    const struct pl_json *place = pl_json_get(v, "location");
    assert_text(v, "id");
    assert_true(pl_json_str(pl_json_get(v, "name")).n <= 255);
    assert_true(pl_json_len(ids) >= 1);
    for (size_t i = 0; i < pl_json_len(ids); i++) {
        assert_text(pl_json_at(ids, i), "type");
        assert_text(pl_json_at(ids, i), "name");
        assert_text(pl_json_at(ids, i), "value");
    }
    if (container) {
        const struct pl_json *dep = pl_json_get(place, "dependency");
        assert_text(place, "image");
        assert_text(place, "operating_system");
        assert_text(pl_json_get(dep, "package"), "name");
        assert_int_equal(pl_json_type(pl_json_get(dep, "version")), PL_JSON_STRING);
    } else {
        assert_text(pl_json_get(place, "commit"), "sha");
    }
}

static void check_gitlab(struct state *s, const char *id, const char *type)
{
    struct pl_json *j = parsed(made(s, id));
    const struct pl_json *scan = pl_json_get(j, "scan"), *all = pl_json_get(j, "vulnerabilities");
    assert_text(j, "version");
    assert_true(pl_str_is(pl_json_str(pl_json_get(scan, "type")), type));
    assert_true(pl_str_is(pl_json_str(pl_json_get(scan, "status")), "failure"));
    assert_true(pl_str_is(pl_json_str(pl_json_get(scan, "start_time")), "2026-05-28T20:26:40"));
    assert_text(scan, "end_time");
    for (int i = 0; i < 2; i++) {
        const struct pl_json *program = pl_json_get(scan, i ? "analyzer" : "scanner");
        assert_text(program, "id");
        assert_text(program, "name");
        assert_text(program, "version");
        assert_text(pl_json_get(program, "vendor"), "name");
    }
    struct pl_map seen = { .a = &s->a };
    for (size_t i = 0; i < pl_json_len(all); i++) {
        const struct pl_json *v = pl_json_at(all, i);
        check_gitlab_item(v, pl_str_is(pl_str_c(type), "container_scanning"));
        void **place = pl_map_put(&seen, pl_json_str(pl_json_get(v, "id")));
        assert_null(*place);
        *place = s;
    }
    pl_map_release(&seen);
    pl_json_free(j);
}

static void test_gitlab_has_what_the_schema_demands(void **state)
{
    check_gitlab(*state, "gitlab", "container_scanning");
    check_gitlab(*state, "gitlab:secret-detection", "secret_detection");
}

static void test_gitlab_refuses_unknown_schema(void **state)
{
    struct state *s = *state;
    struct pl_err err = { 0 };
    s->o.gitlab_schema = PL_S("15.0.7");
    assert_true(has(made(s, "gitlab"), "\"version\": \"15.0.7\""));
    s->o.gitlab_schema = PL_S("15.2.2");
    assert_int_equal(pl_writer_find(PL_S("gitlab"))->write(&s->r, &s->o, &s->out, &err),
                     PL_E_USAGE);
    assert_non_null(strstr(err.msg, "15.2.1"));
}

static void test_gitlab_counts_what_does_not_fit(void **state)
{
    struct state *s = *state;
    s->r.targets[0].findings[0].kind = PL_KIND_CONFIG;
    made(s, "gitlab:secret-detection");
    assert_true(has(pl_buf_str(&s->aside), "note: gitlab:secret-detection: 1 findings do not fit"));
}

static void test_code_quality_fingerprints_are_unique(void **state)
{
    struct state *s = *state;
    s->r.targets[0].findings[1].print = s->r.targets[0].findings[0].print;
    struct pl_json *j = parsed(made(s, "gitlab:code-quality"));
    struct pl_map seen = { .a = &s->a };
    for (size_t i = 0; i < pl_json_len(j); i++) {
        const struct pl_json *v = pl_json_at(j, i);
        assert_text(v, "description");
        assert_text(v, "check_name");
        assert_text(pl_json_get(v, "location"), "path");
        void **place = pl_map_put(&seen, pl_json_str(pl_json_get(v, "fingerprint")));
        assert_null(*place);
        *place = s;
    }
    pl_map_release(&seen);
    pl_json_free(j);
}

static void test_markdown_matches_golden(void **state)
{
    struct state *s = *state;
    struct pl_str got = made(s, "markdown");
    assert_printable(got);
    golden(got, "markdown.golden");
}

static void test_markdown_stays_small(void **state)
{
    struct state *s = *state;
    many(s, 20000);
    struct pl_str got = made(s, "markdown");
    assert_true(got.n < 1u << 20);
    assert_true(has(got, "</details>"));
    assert_true(has(pl_buf_str(&s->aside), "note: markdown: "));
}

/* The page without its own style, script and their digests, which change often. */
static struct pl_str without_assets(struct state *s, struct pl_str page)
{
    static const char *const cuts[][2] = { { "style-src ", "; base-uri" },
                                           { "<style>", "</style>" },
                                           { "<script>", "</script>" } };
    pl_auto_buf struct pl_buf b = { 0 };
    size_t from = 0;
    for (size_t i = 0; i < sizeof cuts / sizeof cuts[0]; i++) {
        size_t a = pl_str_find(page, pl_str_c(cuts[i][0]), from);
        size_t z = pl_str_find(page, pl_str_c(cuts[i][1]), a);
        assert_true(a != SIZE_MAX && z != SIZE_MAX);
        a += strlen(cuts[i][0]);
        pl_buf_putn(&b, page.p + from, a - from);
        from = z;
    }
    pl_buf_putn(&b, page.p + from, page.n - from);
    return pl_dup(&s->a, pl_buf_str(&b));
}

static void test_html_matches_golden(void **state)
{
    struct state *s = *state;
    struct pl_str got = made(s, "html");
    assert_printable(got);
    golden(without_assets(s, got), "html.golden");
}

static void test_html_lets_nothing_in(void **state)
{
    struct state *s = *state;
    struct pl_str got = made(s, "html");
    assert_true(has(got, "content=\"default-src 'none'; style-src 'sha256-"));
    struct pl_str body = without_assets(s, got);
    assert_int_equal(times(body, "<script"), 1);
    assert_int_equal(times(body, "<style"), 1);
    assert_int_equal(times(body, " style="), 0);
    assert_int_equal(times(body, " src="), times(body, "&lt;img src=x"));
    assert_false(has(body, "<img"));
    assert_int_equal(times(body, "<link"), 0);
    assert_int_equal(times(body, "href=\"http"), times(body, "href=\"https://cwe.mitre.org/"));
    assert_false(has(body, "href=\"javascript"));
    size_t script = pl_str_find(got, PL_S("<script>"), 0);
    assert_true(got.n - script < 50 * 1024);
}

/* Every id is unique, every inner link has one to go to. */
static void test_html_links_lead_somewhere(void **state)
{
    struct state *s = *state;
    s->r.targets[0].findings[1].print = s->r.targets[0].findings[0].print;
    struct pl_str page = without_assets(s, made(s, "html"));
    struct pl_map ids = { .a = &s->a };
    for (size_t at = 0; (at = pl_str_find(page, PL_S(" id=\""), at)) != SIZE_MAX;) {
        at += 5;
        struct pl_str rest = pl_str_sub(page, at, 200), id;
        pl_str_split(&rest, '"', &id);
        void **place = pl_map_put(&ids, id);
        if (*place)
            fail_msg("id '%.*s' twice", PL_FMT(id));
        *place = s;
    }
    for (size_t at = 0; (at = pl_str_find(page, PL_S("href=\"#"), at)) != SIZE_MAX;) {
        at += 7;
        struct pl_str rest = pl_str_sub(page, at, 200), id;
        pl_str_split(&rest, '"', &id);
        if (!pl_map_get(&ids, id))
            fail_msg("no id '%.*s'", PL_FMT(id));
    }
    pl_map_release(&ids);
}

static void test_html_stays_bounded(void **state)
{
    struct state *s = *state;
    many(s, 20000);
    struct pl_str got = made(s, "html");
    assert_int_equal(times(got, "<article "), 3000);
    assert_true(has(pl_buf_str(&s->aside), "note: html: "));
    assert_true(has(got, "left out here"));
}

static void test_one_secret_at_several_places_is_one_block(void **state)
{
    struct state *s = *state;
    struct pl_blocks b = pl_blocks_make(&s->a, &s->r.targets[0]);
    assert_int_equal(b.n, s->r.targets[0].n_findings - 2);
    assert_int_equal(b.p[0].n, 3);
    assert_int_equal(b.p[0].severity, PL_SEV_CRITICAL);
    assert_int_equal(b.p[b.n - 1].severity, PL_SEV_LOW);
}

static void assert_escaped(enum pl_esc how, struct pl_str in, size_t max, const char *want)
{
    pl_auto_buf struct pl_buf b = { 0 };
    pl_esc_cut(&b, how, in, max);
    pl_buf_putc(&b, 0);
    assert_string_equal(b.p, want);
}

static void test_escapes_for_each_context(void **state)
{
    (void)state;
    assert_escaped(PL_ESC_TERM, PL_S("a\x1b[31m\x7f\n\xe2\x80\xae\xff\xc2\x85\xf3\xa0\x81\x81"), 0,
                   "a\\x1b[31m\\x7f\\x0a\\u202e\\xff\\u0085\\U000e0041");
    assert_escaped(PL_ESC_TERM, PL_S("  ::error::x"), 0, "  \\x3a:error::x");
    assert_escaped(PL_ESC_TERM, PL_S("a ##[x ##vso[y # ## z"), 0, "a #\\x23[x #\\x23vso[y # ## z");
    assert_escaped(PL_ESC_HTML, PL_S("<a b=\"c\">&'\x01\xef\xbf\xbf"), 0,
                   "&lt;a b=&quot;c&quot;&gt;&amp;&#39;\\x01\\uffff");
    assert_escaped(PL_ESC_MD_CODE, PL_S("a`b``c"), 0, "```a`b``c```");
    assert_escaped(PL_ESC_MD_CODE, PL_S("`"), 0, "`` ` ``");
    assert_escaped(PL_ESC_MD_CODE, PL_S(""), 0, "` `");
    assert_escaped(PL_ESC_MD_CODE, PL_S(" a "), 0, "`  a  `");
    assert_escaped(PL_ESC_MD_TEXT, PL_S("<b> [x](y) *z* 5, a"), 0,
                   "\\<b\\> \\[x\\]\\(y\\) \\*z\\* 5, a");
    assert_escaped(PL_ESC_SARIF, PL_S("[x](y)\\"), 0, "\\[x\\](y)\\\\");
}

static void test_long_values_lose_their_middle(void **state)
{
    (void)state;
    assert_escaped(PL_ESC_TERM, PL_S("abcdefghijklmnop"), 16, "abcdefghijklmnop");
    assert_escaped(PL_ESC_TERM, PL_S("abcdefghijklmnopq"), 16, "abcdefghij…mnopq");
    assert_escaped(PL_ESC_TERM, PL_S("\x01\x01\x01\x01\x01\x01\x01\x01\x01"), 9, "\\x01…");
    assert_escaped(PL_ESC_TERM, PL_S("ääääääääääää"), 9, &"ääääää…äää"[2]);
}

static void test_uri_keeps_only_plain_bytes(void **state)
{
    struct state *s = *state;
    pl_esc_uri(&s->out, PL_S("a:b/c d\xff%é~"));
    assert_true(pl_str_is(pl_buf_str(&s->out), "a%3Ab/c%20d%FF%25%C3%A9~"));
}

static void test_sizes_are_for_people(void **state)
{
    struct state *s = *state;
    assert_string_equal(pl_say_size(&s->a, 0).p, "0 B");
    assert_string_equal(pl_say_size(&s->a, 999).p, "999 B");
    assert_string_equal(pl_say_size(&s->a, 1234).p, "1.2 kB");
    assert_string_equal(pl_say_size(&s->a, 999999).p, "1.0 MB");
    assert_string_equal(pl_say_size(&s->a, 212400000).p, "212 MB");
    assert_string_equal(pl_say_size(&s->a, UINT64_MAX).p, "18 EB");
}

static void test_instruction_is_as_a_person_writes_it(void **state)
{
    struct state *s = *state;
    static const char *const pairs[][2] = {
        { "RUN /bin/sh -c npm ci # buildkit", "RUN npm ci" },
        { "/bin/sh -c apt-get update", "RUN apt-get update" },
        { "/bin/sh -c #(nop)  CMD [\"sh\"]", "CMD [\"sh\"]" },
        { "RUN |1 A=b /bin/sh -c make # buildkit", "RUN make" },
        { "|1 A=b /bin/sh -c make", "RUN make" },
        { "COPY . /srv # buildkit", "COPY . /srv" },
        { "RUN |1 A=b /bin/bash -c make", "RUN |1 A=b /bin/bash -c make" },
        { "", "" },
    };
    for (size_t i = 0; i < sizeof pairs / sizeof pairs[0]; i++)
        assert_string_equal(pl_dup(&s->a, pl_say_instruction(&s->a, pl_str_c(pairs[i][0]))).p,
                            pairs[i][1]);
}

static void test_unknown_writer_is_none(void **state)
{
    (void)state;
    assert_null(pl_writer_find(PL_S("tabl")));
    for (size_t i = 0; pl_writers[i]; i++)
        assert_ptr_equal(pl_writer_find(pl_str_c(pl_writers[i]->id)), pl_writers[i]);
}

static void test_empty_report_is_written_by_all(void **state)
{
    struct state *s = *state;
    s->r.n_targets = 0;
    pl_report_sum(&s->r);
    for (size_t i = 0; pl_writers[i]; i++)
        assert_true(made(s, pl_writers[i]->id).n > 0);
}

#define T(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        T(test_table_matches_golden),
        T(test_terminal_has_worst_last),
        T(test_table_line_never_begins_a_runner_command),
        T(test_table_of_clean_target_is_one_line),
        T(test_incomplete_is_said_even_when_quiet),
        T(test_notes_are_lines_for_stderr),
        T(test_json_matches_golden),
        T(test_json_keys_stand_in_order),
        T(test_json_has_secret_only_when_asked),
        T(test_sarif_matches_golden),
        T(test_sarif_has_what_readers_demand),
        T(test_sarif_drops_least_severe_above_limit),
        T(test_sarif_points_into_dockerfile),
        T(test_dockerfile_lines_are_matched_by_words),
        T(test_junit_matches_golden),
        T(test_junit_counts_agree),
        T(test_gitlab_matches_golden),
        T(test_gitlab_has_what_the_schema_demands),
        T(test_gitlab_refuses_unknown_schema),
        T(test_gitlab_counts_what_does_not_fit),
        T(test_code_quality_fingerprints_are_unique),
        T(test_markdown_matches_golden),
        T(test_markdown_stays_small),
        T(test_html_matches_golden),
        T(test_html_lets_nothing_in),
        T(test_html_links_lead_somewhere),
        T(test_html_stays_bounded),
        T(test_one_secret_at_several_places_is_one_block),
        T(test_escapes_for_each_context),
        T(test_long_values_lose_their_middle),
        T(test_uri_keeps_only_plain_bytes),
        T(test_sizes_are_for_people),
        T(test_instruction_is_as_a_person_writes_it),
        T(test_unknown_writer_is_none),
        T(test_empty_report_is_written_by_all),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
