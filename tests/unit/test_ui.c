/* Pages of the fleet over a store of its own: searches, pages of a list, an image, names that do
 * not mean well; who may read them. */
/* SPDX-License-Identifier: Apache-2.0 */
#include <ftw.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include <cmocka.h>

#include "fmt/jsonw.h"
#include "fmt/utf8.h"
#include "model/fleet.h"
#include "model/vuln.h"
#include "query/found.h"
#include "report/finding_json.h"
#include "serve/ui_auth.h"
#include "store/store.h"
#include "ui/ui.h"

#define EVIL "\"><script>alert(1)</script><img src=x onerror=alert(2)>'`{{7*7}}"

struct world {
    char dir[64];
    struct pl_store *s;
    struct pl_arena a;
    struct pl_err err;
    struct pl_ui_answer page;
};

static int setup(void **state)
{
    struct world *w = calloc(1, sizeof *w);
    snprintf(w->dir, sizeof w->dir, "/tmp/pl-ui-XXXXXX");
    assert_non_null(mkdtemp(w->dir));
    assert_int_equal(pl_store_open(w->dir, PL_STORE_MAKE, &w->s, &w->err), 0);
    *state = w;
    return 0;
}

static int drop(const char *path, const struct stat *st, int type, struct FTW *at)
{
    (void)st, (void)type, (void)at;
    return remove(path);
}

static int teardown(void **state)
{
    struct world *w = *state;
    w->s->ops->close(w->s);
    nftw(w->dir, drop, 8, FTW_DEPTH | FTW_PHYS);
    pl_buf_release(&w->page.body);
    pl_arena_release(&w->a);
    free(w);
    return 0;
}

/* An image with one package, one secret in layer 1 that layer 2 hides, and one flaw. */
static int64_t add(struct world *w, struct pl_str name, struct pl_str package,
                   struct pl_str version, struct pl_str path, const char *flaw)
{
    struct pl_names paths = { &path, 1 };
    struct pl_package p = { .pkg = { .type = PL_S("deb"), .name = package, .version = version },
                            .purl = pl_printf(&w->a, "pkg:deb/debian/%.*s@%.*s", PL_FMT(package),
                                              PL_FMT(version)),
                            .scheme = "deb",
                            .paths = paths,
                            .span = { 0, PL_NEVER, PL_HOW_NONE, true } };
    struct pl_layer_info layer[3] = { { .index = 0, .created_by = name, .has_created_by = true },
                                      { .index = 1, .digest = PL_S("sha256:01"), .bytes = 5 },
                                      { .index = 2, .digest = PL_S("sha256:02"), .bytes = 5 } };
    struct pl_vuln vuln = { .adv_id = pl_str_c(flaw), .purl = p.purl };
    struct pl_finding f[2] = { { .kind = PL_KIND_SECRET,
                                 .rule = PL_S("secret/github-pat"),
                                 .severity = PL_SEV_CRITICAL,
                                 .title = name,
                                 .where = { .path = path, .line = 3, .col = 1 },
                                 .span = { 1, 2, PL_HOW_WHITEOUT, false },
                                 .evidence = PL_S("ghp_…(sha256:0011aabb)"),
                                 .print = PL_S("ff00ff00ff00ff00") },
                               { .kind = PL_KIND_VULNERABILITY,
                                 .rule = pl_str_c(flaw),
                                 .severity = PL_SEV_HIGH,
                                 .title = PL_S("a flaw"),
                                 .span = { 0, PL_NEVER, PL_HOW_NONE, true },
                                 .print = PL_S("aa00ff00ff00ff00"),
                                 .vuln = &vuln } };
    struct pl_target t = { .name = name,
                           .kind = PL_S("image"),
                           .digest = pl_printf(&w->a, "sha256:%08x%056x",
                                               (unsigned)pl_str_hash(name), 1u),
                           .platform = PL_S("linux/amd64"),
                           .complete = true,
                           .layers = layer,
                           .n_layers = 3,
                           .findings = f,
                           .n_findings = 2,
                           .packages = &p,
                           .n_packages = 1 };
    struct pl_store_origin o = { 1000, PL_S("1.0"), PL_S("2026.11"), PL_S("sha256:db"), PL_S("") };
    pl_auto_buf struct pl_buf own = { 0 }, flaws = { 0 }, packed = { 0 };
    struct pl_jsonw jw = { .out = &own, .depth = 1 }, jf = { .out = &flaws, .depth = 1 };
    size_t life[2];
    int64_t id = 0, run = 0;
    uint32_t n;
    pl_finding_put(&jw, &t, &f[0], life);
    pl_finding_put(&jf, &t, &f[1], life);
    pl_store_found_pack(pl_buf_str(&own), pl_buf_str(&flaws), PL_S(""), &packed);
    const struct pl_store_ops *ops = w->s->ops;
    assert_int_equal(ops->begin(w->s, &w->err), 0);
    assert_int_equal(ops->run(w->s, &o, &run, &w->err), 0);
    assert_int_equal(ops->put(w->s, &o, &t, &id, &w->err), 0);
    assert_int_equal(ops->flaw(w->s, p.purl, pl_str_c(flaw), true, &n, &w->err), 0);
    assert_int_equal(ops->state(w->s, run, id, &n, 1, &w->err), 0);
    assert_int_equal(ops->found_put(w->s, id, pl_buf_str(&packed), &w->err), 0);
    assert_int_equal(ops->commit(w->s, &w->err), 0);
    return id;
}

static int64_t add_plain(struct world *w, const char *name, const char *version)
{
    return add(w, pl_str_c(name), PL_S("log4j"), pl_str_c(version), PL_S("var/lib/dpkg/status"),
               "CVE-2021-44228");
}

/* The page, NUL-terminated; its status is compared. */
static const char *get(struct world *w, const char *path, const char *query, unsigned status)
{
    struct pl_ui_ask ask = { pl_str_c(path), pl_str_c(query), INT64_MAX };
    pl_buf_release(&w->page.body);
    if (pl_ui_page(w->s, &ask, &w->page, &w->err) < 0)
        fail_msg("%s?%s: %s", path, query, w->err.msg);
    assert_int_equal(w->page.status, status);
    pl_buf_putc(&w->page.body, 0);
    return w->page.body.p;
}

static bool holds(const char *page, const char *text)
{
    return strstr(page, text) != NULL;
}

static const char *image_path(struct world *w, int64_t id, const char *rest)
{
    return pl_printf(&w->a, "/image/%lld%s", (long long)id, rest).p;
}

static void an_empty_store_has_a_page(void **state)
{
    struct world *w = *state;
    const char *page = get(w, "/", "", 200);
    assert_true(holds(page, "<h1>0 images</h1>") && holds(page, "Nothing is stored yet"));
    assert_string_equal(w->page.type, PL_UI_HTML);
    get(w, "/style.css", "", 200);
    assert_string_equal(w->page.type, PL_UI_CSS);
    assert_true(holds(w->page.body.p, "--ground") && holds(w->page.body.p, ".search"));
}

static void searches_find_by_image_package_advisory_and_rule(void **state)
{
    struct world *w = *state;
    add_plain(w, "docker://reg.example/shop/web:1", "2.14.0");
    add_plain(w, "docker://reg.example/shop/web:2", "2.17.1");
    add(w, PL_S("oci:other"), PL_S("zlib"), PL_S("1.2"), PL_S("x"), "CVE-2022-37434");
    static const struct {
        const char *query, *hit, *miss;
    } cases[] = {
        { "image=shop", "web:1", "oci:other" },
        { "image=docker://**web:2", "web:2", "web:1" },
        { "image=nothing", "No image", "web:1" },
        { "package=log4j", "web:2", "oci:other" },
        { "package=log4j+%3C+2.17.1", "web:1", "web:2" },
        { "package=pkg:deb/debian/zlib", "oci:other", "web:1" },
        { "cve=CVE-2022-37434", "oci:other", "web:1" },
        { "secret=github-pat", "web:1", "No image" },
        { "secret=secret/github-pat&package=zlib", "oci:other", "web:1" },
        { "secret=aws-access-key", "No image", "web:1" },
        { "cve=CVE-2021-44228&image=web:2", "web:2", "web:1" },
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        const char *page = get(w, "/", cases[i].query, 200);
        if (!holds(page, cases[i].hit) || holds(strstr(page, "<main"), cases[i].miss))
            fail_msg("%s: %s", cases[i].query, page);
    }
    assert_true(holds(get(w, "/", "package=log4j+%3C+2.17.1", 200), "<code>log4j 2.14.0</code>"));
    assert_true(holds(get(w, "/", "package=log4j", 200), "value=\"log4j\""));
}

static void a_digest_or_its_beginning_finds_an_image(void **state)
{
    struct world *w = *state;
    add_plain(w, "oci:one", "1");
    add_plain(w, "oci:two", "1");
    const char *q = pl_printf(&w->a, "image=sha256:%08x", (unsigned)pl_str_hash(PL_S("oci:two"))).p;
    const char *page = get(w, "/", q, 200);
    assert_true(holds(page, "<h1>1 image called") && holds(page, ">oci:two<"));
}

static void pages_of_a_list_hold_each_image_once_in_order(void **state)
{
    struct world *w = *state;
    char name[32], last[32] = "", next[64] = "";
    size_t seen = 0, pages = 0;
    for (unsigned i = 0; i < 113; i++) {
        snprintf(name, sizeof name, "oci:n%03u", i * 37 % 113);
        add_plain(w, name, "1");
    }
    do {
        const char *p = strstr(get(w, "/", next, 200), "<tbody");
        pages++;
        assert_true(pages < 5);
        next[0] = 0;
        const char *more = strstr(p, "rel=\"next\" href=\"/?");
        if (more)
            assert_int_equal(sscanf(more, "rel=\"next\" href=\"/?%60[^\"]", next), 1);
        while ((p = strstr(p, "\">oci:n"))) {
            assert_int_equal(sscanf(p, "\">%30[^<]", name), 1);
            assert_true(strcmp(last, name) < 0);
            memcpy(last, name, sizeof last);
            seen++;
            p++;
        }
    } while (next[0]);
    assert_int_equal(seen, 113);
    assert_int_equal(pages, 3);
    assert_true(holds(get(w, "/", "image=n00&package=log4j", 200), "<h1>10 images"));
}

static void an_image_shows_layers_findings_and_packages(void **state)
{
    struct world *w = *state;
    int64_t id = add_plain(w, "oci:one", "2.14.0");
    const char *page = get(w, image_path(w, id, ""), "", 200);
    assert_true(holds(page, "class=\"timeline\"") && holds(page, "secret/github-pat"));
    assert_true(holds(page, "ghp_…(sha256:0011aabb)") && holds(page, "whiteout"));
    assert_true(holds(page, "CVE-2021-44228") && holds(page, "var/lib/dpkg/status"));
    assert_true(holds(page, "href=\"/?secret=secret/github-pat\""));
    assert_true(holds(page, "href=\"/?package=log4j\""));
    assert_true(holds(get(w, image_path(w, id, "/packages"), "", 200), "2.14.0"));
    get(w, image_path(w, id + 1, ""), "", 404);
    get(w, image_path(w, id, "/other"), "", 404);
    get(w, "/image/0", "", 404);
    get(w, "/image/99999999999999999999", "", 404);
    get(w, "/../../etc/passwd", "", 404);
}

static void an_image_shows_where_it_runs(void **state)
{
    struct world *w = *state;
    int64_t id = add_plain(w, "oci:one", "2.14.0");
    struct pl_exposure e = { .image = pl_printf(&w->a, "sha256:%08x%056x",
                                                (unsigned)pl_str_hash(PL_S("oci:one")), 1u),
                             .cluster = PL_S("prod"),
                             .ns = PL_S("shop<b>"),
                             .kind = PL_S("Deployment"),
                             .owner = PL_S("web"),
                             .since = 1000 };
    assert_false(holds(get(w, image_path(w, id, ""), "", 200), "Where it runs"));
    assert_int_equal(w->s->ops->runs_put(w->s, PL_S("prod"), &e, 1, &w->err), 0);
    const char *page = get(w, image_path(w, id, ""), "", 200);
    assert_true(holds(page, "Where it runs") && holds(page, ">web</th>"));
    assert_true(holds(page, "shop&lt;b&gt;") && !holds(page, "shop<b>"));
}

static void flaws_are_those_of_today(void **state)
{
    struct world *w = *state;
    int64_t id = add_plain(w, "oci:one", "2.14.0"), run;
    struct pl_store_origin o = { 2000, PL_S("1.0"), PL_S("2026.11"), PL_S("sha256:d2"), PL_S("") };
    uint32_t n;
    assert_int_equal(w->s->ops->begin(w->s, &w->err), 0);
    assert_int_equal(w->s->ops->run(w->s, &o, &run, &w->err), 0);
    assert_int_equal(w->s->ops->flaw(w->s, PL_S("pkg:deb/debian/log4j@2.14.0"),
                                     PL_S("CVE-2026-0001"), true, &n, &w->err),
                     0);
    assert_int_equal(w->s->ops->state(w->s, run, id, &n, 1, &w->err), 0);
    assert_int_equal(w->s->ops->commit(w->s, &w->err), 0);
    const char *page = get(w, image_path(w, id, ""), "", 200);
    assert_true(holds(page, "Since it was read") && holds(page, "href=\"/?cve=CVE-2026-0001\""));
    assert_false(holds(page, "CVE-2021-44228"));
    /* and none is left when the last one was taken back */
    assert_int_equal(w->s->ops->begin(w->s, &w->err), 0);
    assert_int_equal(w->s->ops->run(w->s, &o, &run, &w->err), 0);
    assert_int_equal(w->s->ops->state(w->s, run, id, &n, 0, &w->err), 0);
    assert_int_equal(w->s->ops->commit(w->s, &w->err), 0);
    assert_false(holds(get(w, image_path(w, id, ""), "", 200), "CVE-20"));
}

static void is_harmless(const char *page, size_t n)
{
    uint32_t cp;
    for (struct pl_str s = pl_str_n(page, n); s.n; s = pl_str_sub(s, pl_utf8_next(s, &cp), s.n))
        assert_true(pl_utf8_next(s, &cp) > 0);
    for (size_t i = 0; i < n; i++)
        assert_true((unsigned char)page[i] >= ' ' || page[i] == '\n');
    assert_false(holds(page, "<script") || holds(page, "<img") || holds(page, "\xe2\x80\xae"));
    for (const char *p = page; (p = strstr(p, " on")); p++) /* no handler outside of text */
        assert_false(holds(p, "onerror=\"") && holds(p, "onerror='"));
}

static void hostile_names_are_text_on_every_page(void **state)
{
    struct world *w = *state;
    struct pl_str large = pl_printf(&w->a, "%065536d", 7);
    const struct pl_str names[] = { PL_S(EVIL), PL_S("a\x1b[31m\x01\x7f\nb\r\tc"),
                                    PL_S("x\xe2\x80\xaetxt.exe\xe2\x81\xa6"),
                                    PL_S("\xff\xfe\xc0\x80\xed\xa0\x80"), large };
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        int64_t id = add(w, names[i], names[i], names[i], names[i], EVIL);
        const char *const paths[] = { "/", image_path(w, id, ""), image_path(w, id, "/packages") };
        for (size_t k = 0; k < 3; k++) {
            const char *page = get(w, paths[k], "", 200);
            is_harmless(page, w->page.body.n - 1);
            assert_true(w->page.body.n < 65536);
        }
    }
    const char *evil = "%22%3E%3Cscript%3Ealert(1)%3C/script%3E";
    const char *q =
        pl_printf(&w->a, "image=%s&package=%s&cve=%s&secret=%s", evil, evil, evil, evil).p;
    get(w, "/", q, 200);
    is_harmless(w->page.body.p, w->page.body.n - 1);
    q = pl_printf(&w->a, "image=%s&cve=%s&secret=%s", evil, evil, evil).p;
    get(w, "/", q, 200);
    is_harmless(w->page.body.p, w->page.body.n - 1);
}

static void what_cannot_be_read_is_said(void **state)
{
    struct world *w = *state;
    assert_true(holds(get(w, "/", "image=%zz", 400), "broken escape"));
    assert_true(holds(get(w, "/", "image=a&image=b", 400), "twice"));
    assert_true(holds(get(w, "/", "package=%3C+1", 400), "no package is named"));
    get(w, "/", pl_printf(&w->a, "image=%09000d", 1).p, 414);
    get(w, "/", "after=12345678", 200);
}

static void a_page_ends_at_its_deadline(void **state)
{
    struct world *w = *state;
    struct pl_ui_ask ask = { PL_S("/"), PL_S(""), 0 };
    char name[32];
    for (unsigned i = 0; i < 70; i++) {
        snprintf(name, sizeof name, "oci:n%03u", i);
        add_plain(w, name, "1");
    }
    assert_int_equal(pl_ui_page(w->s, &ask, &w->page, &w->err), PL_E_LIMIT);
}

/* ---- who may ---- */

static const uint8_t somebody[16] = { 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff, 10, 0, 0, 1 };

static struct pl_ui_auth *tokens(struct world *w, const char *text, int expected)
{
    struct pl_ui_auth *x = NULL;
    const char *path = pl_printf(&w->a, "%s/tokens", w->dir).p;
    FILE *f = fopen(path, "we");
    assert_non_null(f);
    fputs(text, f);
    fclose(f);
    assert_int_equal(pl_ui_auth_new(path, &x, &w->err), expected);
    return x;
}

static void a_token_opens_as_bearer_and_as_password(void **state)
{
    struct world *w = *state;
    struct pl_ui_auth *x = tokens(w, "# people\n  first-token-0001 \n\nsecond-token-002\n", 0);
    static const struct {
        const char *header;
        enum pl_ui_admitted how;
    } cases[] = {
        { "", PL_UI_ASK },
        { "Bearer first-token-0001", PL_UI_ADMIT },
        { "bearer   second-token-002", PL_UI_ADMIT },
        { "Basic YW5uOmZpcnN0LXRva2VuLTAwMDE=", PL_UI_ADMIT }, /* ann:first-token-0001 */
        { "Basic OnNlY29uZC10b2tlbi0wMDI=", PL_UI_ADMIT },
        { "Bearer first-token-000", PL_UI_ASK },
        { "Bearer first-token-00011", PL_UI_ASK },
        { "Bearer", PL_UI_ASK },
        { "Basic !!!", PL_UI_ASK },
        { "Basic YW5u", PL_UI_ASK },
        { "Digest first-token-0001", PL_UI_ASK },
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        if (pl_ui_auth_judge(x, pl_str_c(cases[i].header), somebody, 1000) != cases[i].how)
            fail_msg("%s", cases[i].header);
    pl_ui_auth_free(x);
}

static void who_is_often_wrong_waits(void **state)
{
    struct world *w = *state;
    struct pl_ui_auth *x = tokens(w, "first-token-0001\n", 0);
    const struct pl_str wrong = PL_S("Bearer wrong"), right = PL_S("Bearer first-token-0001");
    uint8_t other[16] = { 0x20, 0x01, 0x0d, 0xb8, 0, 0, 0, 1, 9 }, near[16];
    for (int i = 0; i < 10; i++)
        assert_int_equal(pl_ui_auth_judge(x, wrong, somebody, 5000), PL_UI_ASK);
    assert_int_equal(pl_ui_auth_judge(x, wrong, somebody, 5000), PL_UI_WAIT);
    assert_int_equal(pl_ui_auth_judge(x, right, somebody, 5000), PL_UI_WAIT);
    assert_int_equal(pl_ui_auth_judge(x, right, other, 5000), PL_UI_ADMIT);
    assert_int_equal(pl_ui_auth_judge(x, wrong, somebody, 8001), PL_UI_ASK);
    assert_int_equal(pl_ui_auth_judge(x, wrong, somebody, 8001), PL_UI_WAIT);
    assert_int_equal(pl_ui_auth_judge(x, right, somebody, 60000), PL_UI_ADMIT);
    memcpy(near, other, sizeof near); /* another address of the same network */
    near[15] = 77;
    for (int i = 0; i < 11; i++)
        pl_ui_auth_judge(x, wrong, other, 5000);
    assert_int_equal(pl_ui_auth_judge(x, right, near, 5000), PL_UI_WAIT);
    pl_ui_auth_free(x);
}

static void tokens_that_are_none_are_refused(void **state)
{
    struct world *w = *state;
    assert_null(tokens(w, "", PL_E_USAGE));
    assert_null(tokens(w, "# nothing\n", PL_E_USAGE));
    assert_null(tokens(w, "short\n", PL_E_USAGE));
    struct pl_ui_auth *x = tokens(w, "first-token-0001\n", 0);
    unlink(pl_printf(&w->a, "%s/tokens", w->dir).p);
    assert_true(pl_ui_auth_reload(x, &w->err) < 0);
    assert_int_equal(pl_ui_auth_judge(x, PL_S("Bearer first-token-0001"), somebody, 1),
                     PL_UI_ADMIT);
    pl_ui_auth_free(x);
}

static void loopback_names_are_told_from_others(void **state)
{
    (void)state;
    static const char *const good[] = { "localhost", "localhost:8080", "127.0.0.1:1",
                                        "127.9.9.9", "[::1]:80",       "[::1]",
                                        "LOCALHOST", "a.localhost:1" };
    static const char *const bad[] = { "",           "evil.example",  "127.0.0.1.evil.example",
                                       "10.0.0.1:1", "localhost.com", "[::2]:80",
                                       "[::1]x",     "0.0.0.0" };
    for (size_t i = 0; i < sizeof good / sizeof *good; i++)
        assert_true(pl_ui_host_is_local(pl_str_c(good[i])));
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        assert_false(pl_ui_host_is_local(pl_str_c(bad[i])));
}

#define T(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        T(an_empty_store_has_a_page),
        T(searches_find_by_image_package_advisory_and_rule),
        T(a_digest_or_its_beginning_finds_an_image),
        T(pages_of_a_list_hold_each_image_once_in_order),
        T(an_image_shows_layers_findings_and_packages),
        T(an_image_shows_where_it_runs),
        T(flaws_are_those_of_today),
        T(hostile_names_are_text_on_every_page),
        T(what_cannot_be_read_is_said),
        T(a_page_ends_at_its_deadline),
        T(a_token_opens_as_bearer_and_as_password),
        T(who_is_often_wrong_waits),
        T(tokens_that_are_none_are_refused),
        T(loopback_names_are_told_from_others),
    };
    return cmocka_run_group_tests_name("ui", tests, NULL, NULL);
}
