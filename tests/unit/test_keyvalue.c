/* Finders: passwords by name, keys, URLs, password hashes. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "secret_util.h"

#include "secret/check.h"
#include "secret/keyvalue.h"

typedef bool finder(const struct pl_hit *h, struct pl_found_at *ret);

/* Runs a finder at each place of `keyword`; the first value found, or "". */
static struct pl_str first(finder *find, const char *keyword, const char *path, struct pl_str text,
                           struct pl_found_at *ret)
{
    uint64_t work = 1 << 20;
    struct pl_str low = pl_str_c(keyword);
    for (size_t at = 0; at + low.n <= text.n; at++) {
        if (!pl_str_ieq(pl_str_sub(text, at, low.n), low))
            continue;
        struct pl_hit h = {
            (const uint8_t *)text.p, text.n, at, low.n, true, pl_str_c(path), &work
        };
        *ret = (struct pl_found_at){ 0 };
        if (find(&h, ret))
            return pl_str_sub(text, ret->off, ret->len);
    }
    return PL_S("");
}

static void finds(const char *path, const char *text, const char *want)
{
    static const char *const words[] = { "passw", "pwd", "token", "secret", "api_key", "apikey" };
    struct pl_found_at at;
    struct pl_str got = PL_S("");
    for (size_t i = 0; i < PL_COUNT(words) && got.n == 0; i++)
        got = first(pl_find_keyvalue, words[i], path, pl_str_c(text), &at);
    if (!pl_str_is(got, want))
        fail_msg("%s: %s: '%.*s' instead of '%s'", path, text, PL_FMT(got), want);
}

static void settings_are_found_in_every_notation(void **state)
{
    (void)state;
    finds("a/.env", "DB_PASSWORD=s3cr3tPw9", "s3cr3tPw9");
    finds("a.env", "export DB_PASSWORD='s3cr3t Pw9'", "");
    finds("a.env", "DB_PASSWORD=\"s3cr3tPw9\" # note", "s3cr3tPw9");
    finds("a.yml", "  password: hunter2x", "hunter2x");
    finds("a.yml", "  password: \"hunter2x\"", "hunter2x");
    finds("a.json", "{\"password\": \"hunter2x\"}", "hunter2x");
    finds("a.json", "{\\\"password\\\": \\\"hunter2x\\\"}", "hunter2x");
    finds("a.ini", "password = hunter2x", "hunter2x");
    finds("a.properties", "db.password: hunter2x", "hunter2x");
    finds("a.xml", "<password>hunter2x</password>", "hunter2x");
    finds("a.xml", "<password>\n  hunter2x\n</password>", "hunter2x");
    finds("a.xml", "<property name=\"password\" value=\"hunter2x\"/>", "hunter2x");
    finds("a.xml", "<property name=\"password\">hunter2x</property>", "hunter2x");
    finds("a.yml", "- name: DB_PASSWORD\n  value: hunter2x", "hunter2x");
    finds("a.json", "{\"name\": \"DB_PASSWORD\", \"value\": \"hunter2x\"}", "hunter2x");
    finds("a.sh", "mysql --password hunter2x", "hunter2x");
    finds("a.sql", "CREATE USER x PASSWORD 'hunter2x9'", "hunter2x9");
    finds("a.py", "password = 'hunter2x9'", "hunter2x9");
    finds("a.py", "d['password'] = u'hunter2x9'", "hunter2x9");
    finds("a.go", "var password string = \"hunter2x9\"", "hunter2x9");
    finds("a.ts", "const password: string = \"hunter2x9\"", "hunter2x9");
    finds("a.rb", "password => \"hunter2x9\"", "hunter2x9");
    finds("a.go", "password := `hunter2x9`", "hunter2x9");
    finds("a.java", "setProperty(\"db.password\", \"hunter2x9\")", "hunter2x9");
    finds("a.env", "URL=https://h/?password=hunter2x9&x=1", "hunter2x9");
    finds("a.env", "URL=https://h/?password%3Dhunter2x9&x=1", "hunter2x9");
    finds("a.env", "C=Server=x;Pwd=hunter2x9;Db=y", "hunter2x9");
    finds("a.json", "{\"c\": \"DB_PASSWORD=hunter2x9\\nX=1\"}", "hunter2x9");
    finds("", "token=kq83Jd72hSLqp02Zx", "kq83Jd72hSLqp02Zx");
    finds("a.yml", "api_key: dafa7817-e246-48f3-91a7-e87653d587b8",
          "dafa7817-e246-48f3-91a7-e87653d587b8");
    finds("a.yml", "password: aHVudGVyMng5OQ==", "aHVudGVyMng5OQ==");
}

static void what_is_no_secret_is_left_alone(void **state)
{
    (void)state;
    static const char *const none[] = {
        "password: ",
        "password",
        "password_file=/run/secrets/x1",
        "password_hash=abcd1",
        "passwordField = \"user1a\"",
        "token_type=bearer12345678",
        "password == 'abc1def'",
        "password::abc1def",
        "password=${DB_PASS1}",
        "password=$(cat f1)",
        "password={{ pw1 }}",
        "password=<your-pass1>",
        "password=changeme",
        "password=xxxxxxxx",
        "password=true",
        "password=null",
        "password=12",
        "password=getenv('X1')",
        "password=user.password1",
        "password=/etc/pw1/file",
        "password=https://h/x1",
        "secret=%s",
        "token=2026-11-22",
        "nextPageToken=kq83Jd72hSLqp02Zx",
        "public_token_key=kq83Jd72hSLqp02Zx",
        "password=\"",
        "password=\"two\nlines1\"",
        "secret: arn:aws:x1:y2",
        "password: &anchor1",
        "password: *alias12",
        "password: !vault |",
        "password ->x1y2z3",
        "csrf_token=kq83Jd72hSLqp02Zx",
    };
    for (size_t i = 0; i < PL_COUNT(none); i++) {
        finds("a.yml", none[i], "");
        finds("usr/share/doc/a.txt", none[i], "");
    }
}

static void code_and_prose_are_held_to_more(void **state)
{
    (void)state;
    finds("a.py", "password = get_password1()", "");
    finds("a.py", "password = other1", "");
    finds("a.py", "password = 'string'", "");
    finds("a.c", "\"password\", \"username\"", "");
    finds("usr/share/doc/x/README", "password = hunter2x9", "");
    finds("usr/share/doc/x/README", "token = \"kq83Jd72hSLqp02ZxWbN4tRv\"",
          "kq83Jd72hSLqp02ZxWbN4tRv");
    finds("a.conf", "# password = wordsonly", "");
    finds("a.conf", "\x01\x02password=hunter2x\x03", "");
    finds("a.lock", "token = dafa7817-e246-48f3-91a7-e87653d587b8", "");
    finds("a.md", "password: see below1", "");
}

static void names_and_places_are_told_apart(void **state)
{
    (void)state;
    assert_int_equal(pl_kv_name_of(PL_S("dbUserPassword")), PL_KV_PASSWORD);
    assert_int_equal(pl_kv_name_of(PL_S("DB_PASS")), PL_KV_PASSWORD);
    assert_int_equal(pl_kv_name_of(PL_S("rootpasswd")), PL_KV_PASSWORD);
    assert_int_equal(pl_kv_name_of(PL_S("password_2")), PL_KV_PASSWORD);
    assert_int_equal(pl_kv_name_of(PL_S("AWSSecretKey")), PL_KV_TOKEN);
    assert_int_equal(pl_kv_name_of(PL_S("mytoken")), PL_KV_TOKEN);
    assert_int_equal(pl_kv_name_of(PL_S("public_key")), PL_KV_NONE);
    assert_int_equal(pl_kv_name_of(PL_S("primary_key")), PL_KV_NONE);
    assert_int_equal(pl_kv_name_of(PL_S("author")), PL_KV_NONE);
    assert_int_equal(pl_kv_name_of(PL_S("ado_pat")), PL_KV_TOKEN);
    assert_int_equal(pl_kv_name_of(PL_S("acme_key")), PL_KV_KEY);
    assert_int_equal(pl_kv_name_of(PL_S("Key")), PL_KV_KEY);
    assert_int_equal(pl_kv_name_of(PL_S("cacheKey")), PL_KV_NONE);
    assert_int_equal(pl_kv_name_of(PL_S("")), PL_KV_NONE);
    assert_int_equal(pl_kv_place_of(PL_S("srv/.env.production")), PL_KV_CONFIG);
    assert_int_equal(pl_kv_place_of(PL_S("srv/Dockerfile")), PL_KV_SCRIPT);
    assert_int_equal(pl_kv_place_of(PL_S("etc/thing")), PL_KV_SCRIPT);
    assert_int_equal(pl_kv_place_of(PL_S("srv/a.py")), PL_KV_CODE);
    assert_int_equal(pl_kv_place_of(PL_S("srv/a.xyz")), PL_KV_DOC);
    assert_int_equal(pl_kv_place_of(PL_S("usr/lib/a.py")), PL_KV_DOC);
    assert_true(pl_kv_rarity(PL_S("kq83Jd72hSLqp02Zx")) > 1);
    assert_true(pl_kv_rarity(PL_S("configuration")) < 0.2);
    assert_true(pl_kv_rarity(PL_S("ab")) == 0);
    assert_true(pl_kv_rarity(PL_S("2026.11.22")) < 0);
}

static void key(const char *text, bool found, const char *reason)
{
    struct pl_found_at at;
    struct pl_str got = first(pl_find_pem, "PRIVATE KEY", "", pl_str_c(text), &at);
    if (found != (got.n > 0))
        fail_msg("%s: %s", text, got.n ? "found" : "not found");
    if (found && reason)
        assert_string_equal(at.reason, reason);
}

#define B64 "MIIEvQIBADANBgkqhkiG9w0BAQEFAASCBKcwggSjAgEAAoIBAQC7VJTUt9Us8cKj"
#define BODY B64 "\n" B64 "\n" B64 "\n"

static void private_keys_are_found_whole(void **state)
{
    (void)state;
    struct pl_found_at at;
    const char *text =
        "x\n-----BEGIN RSA PRIVATE KEY-----\n" BODY "-----END RSA PRIVATE KEY-----\ny";
    struct pl_str got = first(pl_find_pem, "PRIVATE KEY", "", pl_str_c(text), &at);
    assert_int_equal(at.off, 2);
    assert_int_equal(got.n, strlen(text) - 4);
    key("-----BEGIN PRIVATE KEY-----\\n" B64 "\\n" B64 "\\n-----END PRIVATE KEY-----\\n", true,
        NULL);
    key("  key: |\n    -----BEGIN EC PRIVATE KEY-----\n    " B64
        "\n    -----END EC PRIVATE KEY-----",
        true, NULL);
    key("\"-----BEGIN PRIVATE KEY-----\" +\n\"" B64 "\" +\n\"-----END PRIVATE KEY-----\"", true,
        NULL);
    key("-----BEGIN RSA PRIVATE KEY-----\nProc-Type: 4,ENCRYPTED\nDEK-Info: AES-128-CBC,00\n\n" BODY
        "-----END RSA PRIVATE KEY-----",
        true, "encrypted with a passphrase");
    key("-----BEGIN PRIVATE KEY-----\n" BODY "cut off", true, NULL);
    key("-----BEGIN PGP PRIVATE KEY BLOCK-----\nVersion: 1\n\n" BODY
        "=abcd\n-----END PGP PRIVATE KEY BLOCK-----",
        true, NULL);
}

static void what_only_speaks_of_keys_is_none(void **state)
{
    (void)state;
    key("-----BEGIN PRIVATE KEY-----", false, NULL);
    key("a PRIVATE KEY is secret", false, NULL);
    key("-----BEGIN PRIVATE KEY-----\n...\n-----END PRIVATE KEY-----", false, NULL);
    key("-----BEGIN PRIVATE KEY-----\n" B64 "\n...\n-----END PRIVATE KEY-----", false, NULL);
    key("-----BEGIN PRIVATE KEY-----\n" B64, false, NULL);
    key("-----BEGIN PRIVATE KEY----- -----BEGIN PRIVATE KEY-----", false, NULL);
    key("-----BEGIN PRIVATE KEY\n" BODY, false, NULL);
    key("-----begin PRIVATE KEY-----\n" BODY "-----END PRIVATE KEY-----", false, NULL);
    key("-----BEGIN PRIVATE KEY-----\n\x00" BODY, false, NULL);
}

static void url(const char *text, const char *want, const char *reason)
{
    struct pl_found_at at;
    struct pl_str got = first(pl_find_url, "://", "", pl_str_c(text), &at);
    if (!pl_str_is(got, want))
        fail_msg("%s: '%.*s'", text, PL_FMT(got));
    if (reason)
        assert_string_equal(at.reason, reason);
}

static void passwords_in_urls_are_found(void **state)
{
    (void)state;
    url("postgres://app:k7Gh2mPq@db.corp.net:5432/x", "k7Gh2mPq", NULL);
    url("redis://:k7Gh2mPq@cache/0", "k7Gh2mPq", NULL);
    url("'https://u:p@ssw9rd@host.net/x'", "p@ssw9rd", NULL);
    url("amqp://guest:guest@localhost/", "guest",
        "a default password of a service on the same machine");
    url("amqp://app1:app1@mq.corp.net/", "app1", "the same as the user name");
    url("https://host/path:x@y", "", NULL);
    url("https://user@host/", "", NULL);
    url("https://u:password@host.net/", "", NULL);
    url("https://u:$PASS@host.net/", "", NULL);
    url("https://u:${PASS}@host.net/", "", NULL);
    url("https://u:k7Gh2mPq@example.com/", "", NULL);
    url("https://u:k7Gh2mPq@", "", NULL);
    url("https://u:@host.net/", "", NULL);
    url("://u:k7Gh2mPq@host.net", "", NULL);
    url("https://<user>:<pass>@host", "", NULL);
    url("x://u:p...w1@host.net", "", NULL);
}

static void hash(const char *text, const char *keyword, size_t want)
{
    struct pl_found_at at;
    struct pl_str got = first(pl_find_shadow, keyword, "etc/shadow", pl_str_c(text), &at);
    if (got.n != want)
        fail_msg("%s: %zu bytes", text, got.n);
}

#define H22 "abcdefghijklmnopqrstuv"
#define H43 "Q8Zt3LmN5vBx1CyD7wEr9FgH2jKl4MnP6sTu8VwX0aB"
#define H86 H43 H43
#define H53 H43 "0123456789"

static void password_hashes_are_found_behind_a_user(void **state)
{
    (void)state;
    hash("root:$6$saltsalt$" H86 ":19000:0:::::", "$6$", 3 + 9 + 86);
    hash("x\nroot:$6$rounds=5000$salt$" H86 ":1::", "$6$", 3 + 17 + 86);
    hash("root:$5$saltsalt$" H43 ":", "$5$", 3 + 9 + 43);
    hash("root:$1$saltsalt$" H22 ":", "$1$", 3 + 9 + 22);
    hash("root:$y$j9T$saltsalt$" H43 ":", "$y$", 3 + 13 + 43);
    hash("root:$2b$10$" H53 ":19000:", "$2b$", 7 + 53);
    hash("x='admin:$2y$10$" H53 "'\n", "$2y$", 7 + 53);
    hash("admin:$2y$10$" H53 "\n", "$2y$", 0); /* the rule of web servers tells that */
    hash("root:$6$saltsalt$" H43 ":", "$6$", 0);
    hash("echo $6$saltsalt$" H86, "$6$", 0);
    hash(":$6$saltsalt$" H86, "$6$", 0);
    hash("root:$7$abc$" H22, "$7$", 0);
    hash("$6$", "$6$", 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(settings_are_found_in_every_notation),
        cmocka_unit_test(what_is_no_secret_is_left_alone),
        cmocka_unit_test(code_and_prose_are_held_to_more),
        cmocka_unit_test(names_and_places_are_told_apart),
        cmocka_unit_test(private_keys_are_found_whole),
        cmocka_unit_test(what_only_speaks_of_keys_is_none),
        cmocka_unit_test(passwords_in_urls_are_found),
        cmocka_unit_test(password_hashes_are_found_behind_a_user),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
