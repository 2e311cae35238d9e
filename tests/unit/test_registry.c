/* What a registry says and where it may lead: challenges, links, addresses, auth files, realms. */
/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include <arpa/inet.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "io/addr.h"
#include "io/proxy.h"
#include "io/url.h"
#include "registry/challenge.h"
#include "registry/creds.h"
#include "registry/link.h"
#include "registry/realm.h"
#include "registry/registry.h"

static struct pl_arena a;

static int clean(void **state)
{
    (void)state;
    pl_arena_release(&a);
    return 0;
}

/* ------------------------------------------------------------------ addresses */

static const char *url(const char *text)
{
    struct pl_url u;
    if (pl_url_parse(pl_str_c(text), &a, &u, NULL) < 0)
        return "refused";
    return pl_url_text(&a, &u).p;
}

static const char *seen_from(const char *base, const char *ref)
{
    struct pl_url b, u;
    assert_int_equal(pl_url_parse(pl_str_c(base), &a, &b, NULL), 0);
    if (pl_url_resolve(&b, pl_str_c(ref), &a, &u, NULL) < 0)
        return "refused";
    return pl_url_text(&a, &u).p;
}

static void urls_are_read_strictly(void **state)
{
    (void)state;
    assert_string_equal(url("https://Reg.Example"), "https://reg.example/");
    assert_string_equal(url("HTTP://a:80/x#frag"), "http://a/x");
    assert_string_equal(url("https://a:5000?x=/../y"), "https://a:5000/?x=/../y");
    assert_string_equal(url("https://a/b/../../c/./d/."), "https://a/c/d/");
    assert_string_equal(url("http://[::1]:5000/"), "http://[::1]:5000/");
    static const char *const refused[] = {
        "",
        "a",
        "//a/",
        "ftp://a/",
        "https:a",
        "https://",
        "https:///x",
        "https://a:x",
        "https://:1",
        "https://a:0",
        "https://a:65536",
        "https://u@a/",
        "https://-a",
        "https://.a",
        "http://[::1",
        "http://[zz]/",
        "https://a/\\b",
        "https://a b",
        "https://a\r\nb",
        "https://a/\xc3\xa4",
        "https://a/<",
        "https://[]/",
        "https://a,b/",
    };
    for (size_t i = 0; i < PL_COUNT(refused); i++)
        assert_string_equal(url(refused[i]), "refused");
    char *big = malloc(20000);
    assert_non_null(big);
    memset(big, 'a', 19999);
    big[19999] = 0;
    assert_string_equal(url(big), "refused");
    free(big);
}

static void relative_addresses_are_seen_from_the_base(void **state)
{
    (void)state;
    static const char base[] = "https://h:1/v2/a/uploads/1?s=2";
    assert_string_equal(seen_from(base, "/x?y"), "https://h:1/x?y");
    assert_string_equal(seen_from(base, "2"), "https://h:1/v2/a/uploads/2");
    assert_string_equal(seen_from(base, "../../b"), "https://h:1/v2/b");
    assert_string_equal(seen_from(base, "?q"), "https://h:1/v2/a/uploads/1?q");
    assert_string_equal(seen_from(base, "//o/x"), "https://o/x");
    assert_string_equal(seen_from(base, "http://o/x"), "http://o/x");
    assert_string_equal(seen_from(base, ""), base);
    assert_string_equal(seen_from(base, "file:///etc/passwd"), "refused");
    assert_string_equal(seen_from(base, "//u@o/"), "refused");
    assert_string_equal(seen_from(base, "a b"), "refused");
}

static void queries_are_added_escaped_and_shown_cut(void **state)
{
    (void)state;
    struct pl_url u, v;
    assert_int_equal(pl_url_at(true, PL_S("h:443"), PL_S("/a"), &a, &u, NULL), 0);
    v = pl_url_with(&a, u, "digest", PL_S("sha256:a b&c"));
    v = pl_url_with(&a, v, "x", PL_S("~y"));
    assert_string_equal(pl_url_text(&a, &v).p, "https://h/a?digest=sha256%3Aa%20b%26c&x=~y");
    assert_string_equal(pl_url_shown(&a, &v).p, "https://h/a?…");
    assert_string_equal(pl_url_shown(&a, &u).p, "https://h/a");
    assert_true(pl_url_same_origin(&u, &v));
    v.port = 444;
    assert_false(pl_url_same_origin(&u, &v));
    assert_string_equal(pl_url_host(&a, &v).p, "h:444");
}

static enum pl_addr_class class_of(const char *text)
{
    uint8_t b[16];
    int family = strchr(text, ':') ? AF_INET6 : AF_INET;
    assert_int_equal(inet_pton(family, text, b), 1);
    return pl_addr_class(family, b);
}

static void addresses_have_classes(void **state)
{
    (void)state;
    static const char *const of[4][12] = {
        [PL_ADDR_PUBLIC] = { "8.8.8.8", "172.32.0.1", "169.253.0.1", "100.128.0.1", "192.0.2.1",
                             "2001:4860::1", "::ffff:8.8.8.8", "64:ff9b::808:808" },
        [PL_ADDR_PRIVATE] = { "10.0.0.1", "172.16.0.1", "172.31.255.255", "192.168.1.1",
                              "100.64.0.1", "198.18.0.1", "fd00::1", "fec0::1", "::ffff:10.0.0.1",
                              "2002:a00:1::", "64:ff9b::a00:1" },
        [PL_ADDR_LOOPBACK] = { "127.0.0.1", "127.255.0.9", "::1", "::ffff:127.0.0.1",
                               "2002:7f00:1::" },
        [PL_ADDR_REFUSED] = { "169.254.169.254", "0.0.0.0", "0.1.2.3", "224.0.0.1",
                              "255.255.255.255", "fe80::1", "febf::1", "ff02::1",
                              "::", "::ffff:169.254.169.254", "2002:a9fe:a9fe::" },
    };
    for (int c = 0; c < 4; c++)
        for (int i = 0; i < 12 && of[c][i]; i++)
            if (class_of(of[c][i]) != (enum pl_addr_class)c)
                fail_msg("%s is not %s", of[c][i], pl_addr_class_name((enum pl_addr_class)c));
    assert_int_equal(pl_addr_class(AF_UNIX, (const uint8_t *)""), PL_ADDR_REFUSED);
    assert_true(pl_addr_loopback_host(PL_S("localhost")));
    assert_true(pl_addr_loopback_host(PL_S("127.3.2.1")));
    assert_true(pl_addr_loopback_host(PL_S("[::1]")));
    assert_false(pl_addr_loopback_host(PL_S("127.1")));
    assert_false(pl_addr_loopback_host(PL_S("localhost.example")));
    assert_false(pl_addr_loopback_host(PL_S("[::2]")));
    assert_true(pl_addr_literal(PL_S("10.0.0.1")) && pl_addr_literal(PL_S("[fe80::1]")));
    assert_false(pl_addr_literal(PL_S("a.example")));
}

static void proxies_come_from_the_environment(void **state)
{
    (void)state;
    struct pl_url u, local, plain;
    assert_int_equal(pl_url_parse(PL_S("https://reg.example/"), &a, &u, NULL), 0);
    assert_int_equal(pl_url_parse(PL_S("https://127.0.0.1/"), &a, &local, NULL), 0);
    assert_int_equal(pl_url_parse(PL_S("http://reg.example/"), &a, &plain, NULL), 0);
    static const char *const names[] = { "https_proxy", "HTTPS_PROXY", "http_proxy", "HTTP_PROXY",
                                         "all_proxy",   "ALL_PROXY",   "no_proxy",   "NO_PROXY" };
    for (size_t i = 0; i < PL_COUNT(names); i++)
        unsetenv(names[i]);
    assert_null(pl_proxy_for(&u));
    setenv("HTTPS_PROXY", "http://p:1", 1);
    setenv("HTTP_PROXY", "http://evil:1", 1);
    assert_string_equal(pl_proxy_for(&u), "http://p:1");
    assert_null(pl_proxy_for(&local));
    assert_null(pl_proxy_for(&plain));
    setenv("no_proxy", "x, .example", 1);
    assert_null(pl_proxy_for(&u));
    assert_true(pl_proxy_skips(PL_S("*"), PL_S("a")));
    assert_true(pl_proxy_skips(PL_S("a.b"), PL_S("x.a.b")));
    assert_false(pl_proxy_skips(PL_S("a.b,"), PL_S("xa.b")));
    for (size_t i = 0; i < PL_COUNT(names); i++)
        unsetenv(names[i]);
}

/* ------------------------------------------------------------------ fields */

static void challenges_are_read(void **state)
{
    (void)state;
    struct pl_challenge c[PL_CHALLENGES_MAX];
    size_t n;
    struct pl_str s =
        PL_S("Negotiate abc==, basic REALM=\"a, \\\"b\\\"\", Bearer realm=\"https://t/\" "
             ", service = s,scope=\"repository:x:pull,push\",error=invalid_token, Foo");
    assert_int_equal(pl_challenge_parse(s, &a, c, &n, NULL), 0);
    assert_int_equal(n, 4);
    assert_int_equal(c[0].scheme, PL_AUTH_OTHER);
    assert_int_equal(c[1].scheme, PL_AUTH_BASIC);
    assert_true(pl_str_is(c[1].realm, "a, \"b\""));
    assert_int_equal(c[2].scheme, PL_AUTH_BEARER);
    assert_true(pl_str_is(c[2].service, "s"));
    assert_true(pl_str_is(c[2].scope, "repository:x:pull,push"));
    assert_true(pl_str_is(c[2].error, "invalid_token"));
    assert_int_equal(c[3].scheme, PL_AUTH_OTHER);
    assert_int_equal(pl_challenge_parse(PL_S(" ,, "), &a, c, &n, NULL), 0);
    assert_int_equal(n, 0);
    static const char *const wrong[] = { "Basic realm=\"a",       "=x",    "Basic realm=a b",
                                         "Basic realm=a,realm=b", "\"x\"", "Basic realm=\"a\"x",
                                         "a,b,c,d,e,f,g,h,i" };
    for (size_t i = 0; i < PL_COUNT(wrong); i++)
        if (pl_challenge_parse(pl_str_c(wrong[i]), &a, c, &n, NULL) != PL_E_FORMAT)
            fail_msg("%s", wrong[i]);
}

static void next_links_are_found(void **state)
{
    (void)state;
    static const struct {
        const char *field, *target;
    } cases[] = {
        { "</a>; rel=\"next\"", "/a" },
        { "</a>;rel=next", "/a" },
        { "</a,b>; rel=prev, </c>; rel=\"x next\"", "/c" },
        { "</a>; title=\"x, rel=next\"; rel=\"next\"", "/a" },
        { "</a>; title=\"\\\"\"; rel=next", "/a" },
        { "</a>; rel=prev; rel=next", NULL },
        { "</a>; rel", NULL },
        { "</a", NULL },
        { "/a; rel=next", NULL },
        { "", NULL },
        { "</a>; rel=prev x </b>; rel=next", NULL },
        { "</a>; rel=\"next", "/a" },
    };
    for (size_t i = 0; i < PL_COUNT(cases); i++) {
        struct pl_str t = { NULL, 0 };
        bool found = pl_link_next(pl_str_c(cases[i].field), &t);
        if (found != (cases[i].target != NULL) || (found && !pl_str_is(t, cases[i].target)))
            fail_msg("%s: %.*s", cases[i].field, PL_FMT(t));
    }
}

/* ------------------------------------------------------------------ credentials */

#define FILE_TEXT                                                            \
    "{\"auths\":{\"https://reg.example/v1/\":{\"auth\":\"dXNlcjpwYXNz\"},"   \
    "\"reg.example/team\":{\"auth\":\"dGVhbTpwOnc=\"},\"reg.example:5000\":" \
    "{\"identitytoken\":\"tok\",\"auth\":\"dXNlcjp4\"},\"plain.example\":"   \
    "{\"username\":\"u\",\"password\":\"p\"},\"empty.example\":{},"          \
    "\"https://index.docker.io/v1/\":{\"auth\":\"aHViOnB3AAA=\"}},"          \
    "\"credHelpers\":{\"helped.example\":\"pass\"},\"credsStore\":\"store\"}"

static struct pl_auth_hit find(const char *host, const char *repo)
{
    struct pl_auth_hit hit = { 0 };
    struct pl_err err = { 0 };
    if (pl_authfile_find(PL_S(FILE_TEXT), pl_str_c(host), pl_str_c(repo), &a, &hit, &err) < 0)
        fail_msg("%s", err.msg);
    return hit;
}

static void auth_files_give_the_longest_exact_key(void **state)
{
    (void)state;
    assert_true(pl_str_is(find("reg.example", "x").cred.user, "user"));
    assert_true(pl_str_is(find("reg.example", "team/app").cred.user, "team"));
    assert_true(pl_str_is(find("reg.example", "team/app").cred.secret, "p:w"));
    assert_true(pl_str_is(find("reg.example", "teams/app").cred.user, "user"));
    assert_true(find("reg.example:5000", "team/app").cred.identity);
    assert_true(pl_str_is(find("plain.example", "").cred.secret, "p"));
    assert_true(pl_str_is(find("docker.io", "library/x").cred.secret, "pw"));
    assert_true(pl_str_is(find("helped.example", "x").helper, "pass"));
    static const char *const others[] = { "reg.example:5001", "xreg.example", "reg.example.evil",
                                          "example", "empty.example" };
    for (size_t i = 0; i < PL_COUNT(others); i++) {
        struct pl_auth_hit h = find(others[i], "team/app");
        assert_false(h.cred.set);
        assert_true(pl_str_is(h.helper, "store"));
    }
}

static void auth_files_that_make_no_sense_are_refused(void **state)
{
    (void)state;
    static const char *const wrong[] = {
        "",
        "[]",
        "{",
        "{\"auths\":{\"h\":1}}",
        "{\"auths\":{\"h\":{\"auth\":\"!\"}}}",
        "{\"auths\":{\"h\":{\"auth\":\"dXNlcg==\"}}}",
        "{\"auths\":{\"h\":{\"auth\":\"OnB3\"}}}",
        "{\"auths\":{\"h\":{\"auth\":\"dTpwDQp4\"}}}",
        "{\"auths\":{\"h\":{\"identitytoken\":\"a\\nb\"}}}",
        "{\"credsStore\":\"a/b\"}",
    };
    for (size_t i = 0; i < PL_COUNT(wrong); i++) {
        struct pl_auth_hit hit;
        struct pl_err err = { 0 };
        if (pl_authfile_find(pl_str_c(wrong[i]), PL_S("h"), PL_S(""), &a, &hit, &err) !=
            PL_E_FORMAT)
            fail_msg("%s", wrong[i]);
        assert_null(strstr(err.msg, "dXNl"));
    }
    struct pl_credential c = { 0 };
    assert_int_equal(pl_helper_answer(PL_S("{\"Username\":\"u\"}"), &a, &c, NULL), PL_E_FORMAT);
    assert_int_equal(pl_helper_answer(PL_S("x"), &a, &c, NULL), PL_E_FORMAT);
    assert_int_equal(
        pl_helper_answer(PL_S("{\"Username\":\"<token>\",\"Secret\":\"s\"}"), &a, &c, NULL), 0);
    assert_true(c.identity);
    assert_false(pl_helper_name(PL_S("")));
    assert_false(pl_helper_name(PL_S("a b")));
    assert_true(pl_helper_name(PL_S("ecr-login_2.x")));
}

static void helpers_are_run_without_a_shell(void **state)
{
    (void)state;
    char folder[] = "/tmp/pl-helper-XXXXXX";
    struct pl_credential c = { 0 };
    struct pl_err err = { 0 };
    assert_non_null(mkdtemp(folder));
    const char *path = pl_printf(&a, "%s/docker-credential-t1", folder).p;
    FILE *f = fopen(path, "we");
    assert_non_null(f);
    fputs("#!/bin/sh\nread h\nif [ \"$h\" = none ]; then\n"
          "echo credentials not found in native keychain; exit 1; fi\n"
          "[ \"$h\" = fail ] && exit 3\n"
          "echo \"{\\\"Username\\\":\\\"$1\\\",\\\"Secret\\\":\\\"$h\\\"}\"\n",
          f);
    fclose(f);
    chmod(path, 0700);
    const char *was = getenv("PATH");
    struct pl_str old = pl_dup(&a, pl_str_c(was));
    setenv("PATH", pl_printf(&a, "%s:%.*s", folder, PL_FMT(old)).p, 1);
    assert_int_equal(pl_helper_ask(PL_S("t1"), PL_S("h.example\n"), &a, &c, &err), 0);
    assert_true(c.set && pl_str_is(c.user, "get") && pl_str_is(c.secret, "h.example"));
    c = (struct pl_credential){ 0 };
    assert_int_equal(pl_helper_ask(PL_S("t1"), PL_S("none\n"), &a, &c, &err), 0);
    assert_false(c.set);
    assert_int_equal(pl_helper_ask(PL_S("t1"), PL_S("fail\n"), &a, &c, &err), PL_E_USAGE);
    assert_int_equal(pl_helper_ask(PL_S("../t1"), PL_S("x"), &a, &c, &err), PL_E_USAGE);
    assert_int_equal(pl_helper_ask(PL_S("absent"), PL_S("x"), &a, &c, &err), PL_E_USAGE);
    setenv("PATH", old.p, 1);
    unlink(path);
    rmdir(folder);
}

/* ------------------------------------------------------------------ realms */

static int realm(const char *registry, const char *at, const char *listed)
{
    struct pl_url r, t;
    struct pl_str host = pl_str_c(listed);
    struct pl_names hosts = { &host, listed ? 1 : 0 };
    assert_int_equal(pl_url_parse(pl_str_c(registry), &a, &r, NULL), 0);
    assert_int_equal(pl_url_parse(pl_str_c(at), &a, &t, NULL), 0);
    return pl_realm_check(&r, &t, &hosts, NULL);
}

static void realms_stay_home(void **state)
{
    (void)state;
    assert_int_equal(realm("https://r.example", "https://r.example:444/t", NULL), 0);
    assert_int_equal(realm("http://127.0.0.1:1", "http://127.0.0.1:2/t", NULL), 0);
    assert_int_equal(realm("http://127.0.0.1:1", "https://127.0.0.1:2/t", NULL), 0);
    assert_int_equal(realm("https://r.example", "http://r.example/t", NULL), PL_E_AUTH);
    assert_int_equal(realm("https://r.example", "https://evil.test/t", NULL), PL_E_AUTH);
    assert_int_equal(realm("https://r.example", "http://a.r.example/t", NULL), PL_E_AUTH);
    assert_int_equal(realm("https://r.example", "https://evil.test/t", "evil.test"), 0);
    assert_int_equal(realm("https://r.example", "http://evil.test/t", "evil.test"), PL_E_AUTH);
    assert_int_equal(realm("https://10.0.0.1", "https://10.0.0.2/t", NULL), PL_E_AUTH);
    assert_int_equal(realm("https://a.co.uk", "https://b.co.uk/t", NULL), PL_E_AUTH);
    assert_int_equal(realm("https://registry", "https://auth/t", NULL), PL_E_AUTH);
    if (!pl_realm_same_domain(PL_S("a.example.com"), PL_S("b.example.com")))
        skip(); /* built without the list of public suffixes */
    assert_int_equal(realm("https://registry-1.docker.io", "https://auth.docker.io/t", NULL), 0);
    assert_false(pl_realm_same_domain(PL_S("a.github.io"), PL_S("b.github.io")));
}

static void the_fallback_tag_is_cut(void **state)
{
    (void)state;
    struct pl_digest d = { .set = true, .alg = PL_HASH_SHA512 };
    struct pl_str t = pl_referrers_tag(&a, &d);
    assert_int_equal(t.n, 7 + 64);
    assert_true(pl_str_starts(t, PL_S("sha512-00")));
}

static void without_a_network_nothing_is_asked(void **state)
{
    (void)state;
    struct pl_registry_opts o;
    struct pl_registry *r = NULL;
    struct pl_err err = { 0 };
    pl_registry_opts_init(&o);
    o.offline = true;
    assert_true(pl_registry_new(&o, PL_S("reg.example"), &r, &err) < 0);
    assert_null(r);
    pl_registry_free(NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_teardown(urls_are_read_strictly, clean),
        cmocka_unit_test_teardown(relative_addresses_are_seen_from_the_base, clean),
        cmocka_unit_test_teardown(queries_are_added_escaped_and_shown_cut, clean),
        cmocka_unit_test_teardown(addresses_have_classes, clean),
        cmocka_unit_test_teardown(proxies_come_from_the_environment, clean),
        cmocka_unit_test_teardown(challenges_are_read, clean),
        cmocka_unit_test_teardown(next_links_are_found, clean),
        cmocka_unit_test_teardown(auth_files_give_the_longest_exact_key, clean),
        cmocka_unit_test_teardown(auth_files_that_make_no_sense_are_refused, clean),
        cmocka_unit_test_teardown(helpers_are_run_without_a_shell, clean),
        cmocka_unit_test_teardown(realms_stay_home, clean),
        cmocka_unit_test_teardown(the_fallback_tag_is_cut, clean),
        cmocka_unit_test_teardown(without_a_network_nothing_is_asked, clean),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
