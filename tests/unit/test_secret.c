/* The secret engine: from text to findings. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "secret_util.h"

#include <stdio.h>
#include <time.h>
#include <zlib.h>

#include "sanitized.h"
#include "secret/matcher_int.h"

#define TOKEN "ghp_1fJ8kQ2mXb7Rt5Yw9Zc3Vn6Ld0Ps4Ha2GuTe"
#define TOKEN2 "ghp_Aa9Bb8Cc7Dd6Ee5Ff4Gg3Hh2Ii1Jj0KkLlMm"

static const char toml[] = RULE(
    "secret/pat", "keywords = ['ghp_']\nkeyword_case = true\n"
                  "regex = '''\\bghp_[0-9A-Za-z]{36}\\b'''\nprefix = 4\nentropy = 3.0")
    RULE("secret/mail", "keywords = ['-us1', '-us2']\nbefore = 32\n"
                        "regex = '''\\b[0-9a-f]{32}-us[12][0-9]?\\b'''")
        RULE("secret/zed", "keywords = ['zendesk']\n"
                           "regex = '''(?i)zendesk[\\w. -]{0,24}?(?:key|token){assign}"
                           "((?-i:[A-Za-z0-9]{40}))\\b'''")
            RULE("secret/group",
                 "keywords = ['pair:']\nregex = '''pair:(\\w{4})/(\\w{8,12})'''\ngroup = 2")
                RULE("secret/path",
                     "keywords = ['marker']\nregex = 'marker=(\\w{6,9})'\npaths = ['*.rc']")
                    RULE("secret/allow",
                         "keywords = ['acme_']\nregex = 'acme_[a-z0-9]{8}'\nallow = ['^acme_00']")
                        RULE("secret/jwt",
                             "keywords = ['eyJ']\ncheck = 'jwt'\ngeneric = true\n"
                             "regex = '''\\beyJ[\\w-]{8,400}\\.[\\w-]{8,400}\\.[\\w-]{0,200}'''")
                            RULE("secret/aws",
                                 "keywords = ['AKIA']\nkeyword_case = true\n"
                                 "regex = '''\\bAKIA[A-Z2-7]{16}\\b'''\ncheck = 'aws-id'")
                                RULE("secret/kv",
                                     "keywords = ['passw', 'token', 'secret']\ncheck = 'keyvalue'\n"
                                     "generic = true") RULE("secret/named",
                                                            "regex = '^([0-9a-f]{16})\\s?$'\n"
                                                            "paths = ['main.key']")
                                    RULE("secret/store", "keywords = ['<pw>']\n"
                                                         "regex = '<pw>([^<]{3,40})'\npaths = "
                                                         "['store.xml']\ngeneric = true\ncheck = "
                                                         "'stored-password'")
                                        RULE("secret/set", "keywords = ['setpw ']\n"
                                                           "regex = 'setpw (\\S{3,40})'\ngeneric = "
                                                           "true\ncheck = 'password'")
                                            RULE("secret/key",
                                                 "keywords = ['PRIVATE KEY']\nkeyword_case = "
                                                 "true\ncheck = 'pem'");

static struct pl_limits limits;

static struct seen scan_text(const struct pl_text *t, int want)
{
    struct seen seen = { .rules = make_rules(toml) };
    struct pl_matcher *m;
    struct pl_err err = { 0 };
    assert_int_equal(pl_matcher_new(seen.rules, &limits, &m, &err), 0);
    assert_int_equal(pl_secret_scan(m, t, on_seen, &seen, &err), want);
    assert_int_equal(err.code, want);
    pl_matcher_free(m);
    pl_rules_free((struct pl_rules *)(uintptr_t)seen.rules);
    pl_buf_putc(&seen.log, '\0');
    return seen;
}

static void expect_at(const char *path, struct pl_str text, const char *want)
{
    struct pl_text t = { .p = (const uint8_t *)text.p,
                         .n = text.n,
                         .to = text.n,
                         .last = true,
                         .path = pl_str_c(path) };
    struct seen seen = scan_text(&t, 0);
    assert_string_equal(seen.log.p, want);
    pl_buf_release(&seen.log);
}

static void expect(struct pl_str text, const char *want)
{
    expect_at("a.txt", text, want);
}

static int defaults(void **state)
{
    (void)state;
    pl_limits_init(&limits);
    return 0;
}

static void a_token_is_found_where_it_stands(void **state)
{
    (void)state;
    expect(PL_S("x = " TOKEN "\n"), "secret/pat 4+40 high " TOKEN "\n");
    expect(PL_S(TOKEN), "secret/pat 0+40 high " TOKEN "\n");
    expect(PL_S(TOKEN " " TOKEN2),
           "secret/pat 0+40 high " TOKEN "\nsecret/pat 41+40 high " TOKEN2 "\n");
    expect(PL_S("\xff\xfe\x01" TOKEN "\0"), "secret/pat 3+40 high " TOKEN "\n");
}

static void neighbours_of_a_token_count(void **state)
{
    (void)state;
    expect(PL_S("x" TOKEN), "");
    expect(PL_S(TOKEN "x"), "");
    expect(PL_S("GHP_1fJ8kQ2mXb7Rt5Yw9Zc3Vn6Ld0Ps4Ha2GuTe"), "");
    expect(PL_S("ghp_1fJ8kQ2mXb7Rt5Yw9Zc3"), "");
    expect(PL_S(""), "");
}

static void a_keyword_may_stand_behind_the_start_of_the_match(void **state)
{
    (void)state;
    expect(PL_S("k: 3012a5754bbd716926f99c028f7ea428-us18;"),
           "secret/mail 3+37 high 3012a5754bbd716926f99c028f7ea428-us18\n");
    expect(PL_S("-us1 3012a5754bbd716926f99c028f7ea428-us2"),
           "secret/mail 5+36 high 3012a5754bbd716926f99c028f7ea428-us2\n");
    expect(PL_S("3012a5754bbd716926f99c028f7ea42-us18"), "");
}

static void the_group_of_the_rule_is_the_secret(void **state)
{
    (void)state;
    expect(PL_S("pair:abcd/q1w2e3r4"), "secret/group 10+8 high q1w2e3r4\n");
}

static void a_rule_with_paths_runs_only_there(void **state)
{
    (void)state;
    expect_at("home/x/.rc", PL_S("marker=q1w2e3"), "secret/path 7+6 high q1w2e3\n");
    expect_at("home/x/.cfg", PL_S("marker=q1w2e3"), "");
    expect_at("", PL_S("marker=q1w2e3"), "");
}

static void a_rule_without_keyword_looks_at_the_beginning_of_its_files(void **state)
{
    (void)state;
    expect_at("conf/main.key", PL_S("3ebf21f8e5d1ab86\n"),
              "secret/named 0+16 high 3ebf21f8e5d1ab86\n");
    expect_at("conf/main.key", PL_S("\n3ebf21f8e5d1ab86\n"), "");
    expect_at("conf/main.key", PL_S("3ebf21f8e5d1ab86 is the key"), "");
    expect_at("conf/main.pem", PL_S("3ebf21f8e5d1ab86\n"), "");
    /* a later window of the same file */
    struct pl_text t = { .p = (const uint8_t *)"3ebf21f8e5d1ab86",
                         .n = 16,
                         .from = 1,
                         .to = 16,
                         .last = true,
                         .path = PL_S("main.key") };
    struct seen seen = scan_text(&t, 0);
    assert_int_equal(seen.log.p[0], 0);
    pl_buf_release(&seen.log);
}

static void words_for_a_password_count_only_in_a_store(void **state)
{
    (void)state;
    expect_at("store.xml", PL_S("<pw>q1w2Example<"),
              "secret/store 4+11 low q1w2Example "
              "[looks like a placeholder]\n");
    expect_at("store.xml", PL_S("<pw>admin<"),
              "secret/store 4+5 low admin [a word that defaults "
              "and samples use]\n");
    expect_at("store.xml", PL_S("<pw>my-secret<"),
              "secret/store 4+9 low my-secret [a word that defaults and samples use]\n");
    expect_at("store.xml", PL_S("<pw>bluefish<"), "secret/store 4+8 high bluefish\n");
    expect_at("store.xml", PL_S("<pw>${PW}< <pw>xxxx< <pw>DB_PASSWORD<"), "");
    expect(PL_S("setpw bluefish"), "secret/set 6+8 high bluefish\n");
    expect(PL_S("setpw admin\nsetpw my-secret\nsetpw $PW\nsetpw the_token\n"), "");
}

static void allowed_values_are_no_findings(void **state)
{
    (void)state;
    expect(PL_S("acme_00a1b2c3 acme_01a1b2c3"), "secret/allow 14+13 high acme_01a1b2c3\n");
}

static void placeholders_are_dropped_and_samples_lowered(void **state)
{
    (void)state;
    expect(PL_S("ghp_xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"), "");
    expect(PL_S("AKIAIOSFODNN7EXAMPLE"),
           "secret/aws 0+20 low AKIAIOSFODNN7EXAMPLE [a sample its vendor publishes]\n");
    expect(PL_S("AKIAABCDEFGHIJKLMNOP"),
           "secret/aws 0+20 low AKIAABCDEFGHIJKLMNOP [looks like a placeholder]\n");
    expect(PL_S("AKIAQYLPMN5HHHFPZAM2"), "secret/aws 0+20 high AKIAQYLPMN5HHHFPZAM2\n");
    /* entropy */
    expect(PL_S("ghp_abababababababababababababababababab"), "");
}

#define VALUE "q8Zt3LmN5vBx1CyD7wEr9FgH2jKl4MnP6sTu8VwX"

static void values_of_named_rules_are_found_in_every_notation(void **state)
{
    (void)state;
    static const char *const forms[] = {
        "ZENDESK_API_TOKEN=" VALUE,
        "zendesk.token: \"" VALUE "\"",
        "\"zendeskToken\": '" VALUE "'",
        "zendesk_token => '" VALUE "',",
        "zendesk_token := `" VALUE "`",
        "set(\"zendesk-key\", \"" VALUE "\")",
        "<add key=\"zendesk_key\" value=\"" VALUE "\"/>",
        "<zendeskToken>" VALUE "</zendeskToken>",
        "- name: ZENDESK_TOKEN\n  value: " VALUE,
        "tool --zendesk-token " VALUE,
        "tool --zendesk-token\t" VALUE,
        "{\\\"zendesk_token\\\": \\\"" VALUE "\\\"}",
        "zendesk_token <- \"" VALUE "\"",
        "$zendesk_token .= \"" VALUE "\"",
        "var zendeskToken string = \"" VALUE "\"",
        "my_ZENDESK_TOKEN ?= " VALUE,
    };
    for (size_t i = 0; i < PL_COUNT(forms); i++) {
        struct pl_str s = pl_str_c(forms[i]);
        char want[200];
        snprintf(want, sizeof want, "secret/zed %zu+40 high " VALUE "\n",
                 pl_str_find(s, PL_S(VALUE), 0));
        expect_at("a.py", s, want);
    }
}

static void names_without_assignment_are_none(void **state)
{
    (void)state;
    expect_at("a.md", PL_S("the zendesk token is described in " VALUE), "");
    expect_at("a.md", PL_S("zendesk_key = " VALUE "q"), "");
    expect_at("a.md", PL_S("zendesk_id = " VALUE), "");
    expect_at("a.md", PL_S("zendesk_token"), "");
    expect_at("a.md", PL_S("zendesk_token = "), "");
}

static void generic_rules_give_way_to_specific_ones(void **state)
{
    (void)state;
    expect_at("a.env", PL_S("MY_TOKEN=" TOKEN), "secret/pat 9+40 high " TOKEN "\n");
    expect_at("a.env", PL_S("MY_TOKEN=Xk29dkfJw02kdLqp0aHb"),
              "secret/kv 9+20 high Xk29dkfJw02kdLqp0aHb\n");
}

static struct pl_buf base64(struct pl_str s)
{
    struct pl_buf b = { 0 };
    pl_base64_encode(&b, s, PL_BASE64_STD);
    return b;
}

/* Scans prefix + encoded + "\n" and expects one finding that covers all of `encoded`. */
static void expect_decoded(struct pl_str encoded, const char *how)
{
    pl_auto_buf struct pl_buf text = { 0 };
    pl_buf_puts(&text, "data: ");
    pl_buf_putn(&text, encoded.p, encoded.n);
    pl_buf_putc(&text, '\n');
    char want[200];
    snprintf(want, sizeof want, "secret/pat 6+%zu high (%s) " TOKEN "\n", encoded.n, how);
    expect(pl_buf_str(&text), want);
}

static void base64_is_decoded_once_and_twice(void **state)
{
    (void)state;
    pl_auto_buf struct pl_buf once = base64(PL_S(TOKEN "\n.")), twice = base64(pl_buf_str(&once));
    /* the finding ends with the group that holds its last byte */
    pl_auto_buf struct pl_buf text = { 0 };
    pl_buf_printf(&text, "data: %.*s\n", PL_FMT(pl_buf_str(&once)));
    expect(pl_buf_str(&text), "secret/pat 6+56 high (base64) " TOKEN "\n");
    expect_decoded(pl_str_sub(pl_buf_str(&twice), 0, 76), "base64 in base64");
}

static void base64_without_digits_and_of_short_lines_is_decoded(void **state)
{
    (void)state;
    expect(PL_S("x: QUtJQVFZTFBNTjVISEhGUFpBTTIgQUtJQVFZTFBNTjVISEhGUFpBTTI="),
           "secret/aws 3+28 high (base64) AKIAQYLPMN5HHHFPZAM2\n"
           "secret/aws 31+28 high (base64) AKIAQYLPMN5HHHFPZAM2\n");
}

static void base64_over_several_lines_is_one_text(void **state)
{
    (void)state;
    pl_auto_buf struct pl_buf plain = { 0 }, text = { 0 };
    pl_buf_puts(&plain, "some words in front of it that fill the line and more: ");
    size_t at = plain.n;
    pl_buf_puts(&plain, TOKEN "\nand behind\n");
    pl_auto_buf struct pl_buf enc = base64(pl_buf_str(&plain));
    static const char *const breaks[] = { "\n    ", "\r\n", "\\n" };
    for (size_t k = 0; k < PL_COUNT(breaks); k++) {
        pl_buf_clear(&text);
        for (size_t i = 0; i < enc.n; i += 48) {
            struct pl_str line = pl_str_sub(pl_buf_str(&enc), i, 48);
            pl_buf_printf(&text, "%s%.*s", i ? breaks[k] : "", PL_FMT(line));
        }
        size_t brk = strlen(breaks[k]), from = at / 3 * 4, to = (at + 40 + 2) / 3 * 4;
        from += from / 48 * brk;
        to += (to - 1) / 48 * brk;
        char want[200];
        snprintf(want, sizeof want, "secret/pat %zu+%zu high (base64) " TOKEN "\n", from,
                 to - from);
        expect(pl_buf_str(&text), want);
    }
}

static void hex_and_utf16_are_decoded(void **state)
{
    (void)state;
    char hex[200], wide[200] = { 0 };
    pl_hex((const uint8_t *)TOKEN, 40, hex);
    expect_decoded(pl_str_n(hex, 80), "hex");
    for (unsigned big = 0; big < 2; big++) {
        pl_auto_buf struct pl_buf text = { 0 };
        memset(wide, 0, sizeof wide);
        for (size_t i = 0; i < 40; i++)
            wide[2 * i + big] = TOKEN[i];
        pl_buf_putn(&text, big ? "\xfe\xff" : "\xff\xfe", 2);
        pl_buf_putn(&text, wide, 80);
        expect(pl_buf_str(&text), "secret/pat 2+80 high (utf-16) " TOKEN "\n");
        pl_buf_clear(&text);
        pl_buf_putn(&text, "\x01\x02\x03", 3); /* odd place */
        pl_buf_putn(&text, wide, 80);
        expect(pl_buf_str(&text), "secret/pat 3+80 high (utf-16) " TOKEN "\n");
    }
}

static struct pl_buf gzipped(struct pl_str s)
{
    struct pl_buf out = { 0 };
    z_stream z = { .next_in = (Bytef *)(uintptr_t)s.p, .avail_in = (uInt)s.n };
    size_t room = s.n + 1024;
    assert_int_equal(deflateInit2(&z, 9, Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY), Z_OK);
    z.next_out = pl_buf_room(&out, room, NULL);
    z.avail_out = (uInt)room;
    assert_int_equal(deflate(&z, Z_FINISH), Z_STREAM_END);
    out.n = room - z.avail_out;
    deflateEnd(&z);
    return out;
}

static void gzip_inside_base64_is_unpacked(void **state)
{
    (void)state;
    pl_auto_buf struct pl_buf z = gzipped(PL_S("release: " TOKEN "\n")), enc = { 0 };
    pl_base64_encode(&enc, pl_buf_str(&z), PL_BASE64_STD | PL_BASE64_NOPAD);
    expect_decoded(pl_buf_str(&enc), "gzip in base64");
    pl_auto_buf struct pl_buf again = base64(pl_buf_str(&enc));
    expect_decoded(pl_str_sub(pl_buf_str(&again), 0, (enc.n + 2) / 3 * 4),
                   "gzip in base64 in base64");
    expect(pl_str_sub(pl_buf_str(&enc), 0, 40), ""); /* cut: what can be read is read */
}

static void scan_limited(struct pl_str text, int want)
{
    struct pl_text t = { .p = (const uint8_t *)text.p, .n = text.n, .to = text.n, .last = true };
    struct seen seen = scan_text(&t, want);
    pl_buf_release(&seen.log);
}

static void decoding_ends_in_an_error_when_a_limit_is_reached(void **state)
{
    (void)state;
    pl_auto_buf struct pl_buf a = base64(PL_S("hello, this is a text, " TOKEN));
    for (unsigned k = 0; k < 5; k++) {
        struct pl_buf b = base64(pl_buf_str(&a));
        pl_buf_release(&a);
        a = b;
    }
    scan_limited(pl_buf_str(&a), PL_E_LIMIT); /* six deep, five allowed */
    limits.decode_depth = 6;
    scan_limited(pl_buf_str(&a), 0);
    /* a bomb: a megabyte of blanks in two kilobytes */
    pl_auto_buf struct pl_buf blanks = { 0 };
    memset(pl_buf_room(&blanks, 1 << 20, NULL), ' ', 1 << 20);
    blanks.n = 1 << 20;
    pl_auto_buf struct pl_buf z = gzipped(pl_buf_str(&blanks)), bomb = base64(pl_buf_str(&z));
    scan_limited(pl_buf_str(&bomb), PL_E_LIMIT);
}

static void compressed_data_beyond_the_window_is_said(void **state)
{
    (void)state;
    pl_auto_buf struct pl_buf z = gzipped(PL_S("release: " TOKEN)), enc = base64(pl_buf_str(&z));
    struct pl_text t = { .p = (const uint8_t *)enc.p, .n = 64, .to = 64 };
    struct seen seen = scan_text(&t, PL_E_LIMIT);
    pl_buf_release(&seen.log);
}

static void hits_outside_the_window_belong_to_another(void **state)
{
    (void)state;
    const char text[] = TOKEN " " TOKEN2;
    struct pl_text t = { .p = (const uint8_t *)text, .n = 81, .from = 0, .to = 41 };
    struct seen seen = scan_text(&t, 0);
    assert_string_equal(seen.log.p, "secret/pat 0+40 high " TOKEN "\n");
    pl_buf_release(&seen.log);
    t.from = 41;
    t.to = 81;
    seen = scan_text(&t, 0);
    assert_string_equal(seen.log.p, "secret/pat 41+40 high " TOKEN2 "\n");
    pl_buf_release(&seen.log);
}

static void a_value_is_judged_by_its_name(void **state)
{
    (void)state;
    static const struct {
        const char *name, *value, *want;
    } cases[] = {
        { "DB_PASSWORD", "hunter2x9", "secret/kv 0+9 high hunter2x9\n" },
        { "DB_PASSWORD", "aHVudGVyMng5OQ==", "secret/kv 0+16 high (base64) hunter2x99\n" },
        { "DB_PASSWORD_FILE", "hunter2x9", "" },
        { "DB_PASSWORD", "${DB_PASSWORD}", "" },
        { "DB_PASSWORD", "changeme", "" },
        { "PATH", "hunter2x9", "" },
        { "X_TOKEN", TOKEN, "secret/pat 0+40 high " TOKEN "\n" },
    };
    for (size_t i = 0; i < PL_COUNT(cases); i++) {
        struct pl_str v = pl_str_c(cases[i].value);
        struct pl_text t = { .p = (const uint8_t *)v.p,
                             .n = v.n,
                             .to = v.n,
                             .last = true,
                             .path = pl_str_c(cases[i].name),
                             .value = true };
        struct seen seen = scan_text(&t, 0);
        assert_string_equal(seen.log.p, cases[i].want);
        pl_buf_release(&seen.log);
    }
}

static void repeated(struct pl_buf *b, const char *s, size_t n)
{
    while (b->n < n)
        pl_buf_puts(b, s);
}

static void hostile_text_ends_soon(void **state)
{
    (void)state;
    static const char *const texts[] = {
        "ghp_",
        "eyJ-",
        "eyJhbGciOiJIUzI1NiJ9.",
        "-----BEGIN PRIVATE KEY-----",
        "-----BEGIN PRIVATE KEY-----\nMIIEvQIBADANBgkqhkiG9w0BAQEFAASCBKcwggSjAgEAAoIBAQC7\n",
        "zendesk_token = ",
        "password=",
        "password: \"",
        "H4sIAAAAAAAA",
        "-us1-us2",
        "zendesk",
        "tokentoken",
    };
    for (size_t i = 0; i < PL_COUNT(texts); i++) {
        pl_auto_buf struct pl_buf b = { 0 };
        struct timespec from, to;
        /* what is slow shows in either; the thread sanitizer takes its twentyfold */
        repeated(&b, texts[i], SANITIZED ? 1 << 18 : 1 << 20);
        struct pl_text t = { .p = (const uint8_t *)b.p, .n = b.n, .to = b.n, .last = true };
        struct seen seen = { .rules = make_rules(toml) };
        struct pl_matcher *m;
        assert_int_equal(pl_matcher_new(seen.rules, &limits, &m, NULL), 0);
        clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &from);
        int r = pl_secret_scan(m, &t, on_seen, &seen, NULL);
        clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &to);
        assert_true(r == 0 || r == PL_E_LIMIT);
        assert_true(to.tv_sec - from.tv_sec < 8);
        pl_matcher_free(m);
        pl_rules_free((struct pl_rules *)(uintptr_t)seen.rules);
        pl_buf_release(&seen.log);
    }
}

static void findings_of_one_rule_are_bounded(void **state)
{
    (void)state;
    pl_auto_buf struct pl_buf b = { 0 };
    for (unsigned i = 0; i < 50; i++)
        pl_buf_printf(&b, "acme_%08x ", 0x1b3d5f79u + i * 977u);
    limits.matches = 10;
    struct pl_text t = { .p = (const uint8_t *)b.p, .n = b.n, .to = b.n, .last = true };
    struct seen seen = scan_text(&t, 0);
    assert_int_equal(seen.n, 11); /* one more than the limit tells that there are more */
    pl_buf_release(&seen.log);
}

static void masks_show_the_public_prefix_only(void **state)
{
    (void)state;
    struct pl_arena a = { 0 };
    struct pl_rule r = { .prefix = 4 };
    assert_string_equal(pl_secret_mask(&a, &r, PL_S("ghp_abc")).p,
                        "ghp_\xe2\x80\xa6(sha256:dc7f123f)");
    r.prefix = 9;
    assert_memory_equal(pl_secret_mask(&a, &r, PL_S("github_pat_x")).p, "gith\xe2", 5);
    assert_memory_equal(pl_secret_mask(&a, &r, PL_S("abc")).p, "\xe2", 1);
    assert_memory_equal(pl_secret_mask(&a, NULL, PL_S("abcdefgh")).p, "\xe2", 1);
    pl_arena_release(&a);
}

/* Scans `text` in windows of `size` bytes with `overlap` bytes in front and behind. */
static struct pl_buf in_windows(struct pl_str text, size_t size, size_t overlap)
{
    struct seen seen = { .rules = make_rules(toml) };
    struct pl_buf all = { 0 };
    struct pl_matcher *m;
    assert_int_equal(pl_matcher_new(seen.rules, &limits, &m, NULL), 0);
    for (size_t at = 0; at < text.n; at += size) {
        size_t from = at < overlap ? 0 : at - overlap;
        size_t to = text.n - at < size ? text.n : at + size;
        size_t end = text.n - to < overlap ? text.n : to + overlap;
        struct pl_text t = { .p = (const uint8_t *)text.p + from,
                             .n = end - from,
                             .from = at - from,
                             .to = to - from,
                             .last = end == text.n };
        seen.log.n = 0;
        assert_int_equal(pl_secret_scan(m, &t, on_seen, &seen, NULL), 0);
        struct pl_str line, rest = pl_buf_str(&seen.log);
        while (pl_str_split(&rest, '\n', &line)) {
            size_t off;
            char rule[64];
            if (line.n == 0)
                continue;
            char copy[300];
            snprintf(copy, sizeof copy, "%.*s", PL_FMT(line));
            assert_int_equal(sscanf(copy, "%63s %zu+", rule, &off), 2);
            pl_buf_printf(&all, "%s %zu%s\n", rule, off + from, strchr(copy, '+'));
        }
    }
    pl_matcher_free(m);
    pl_rules_free((struct pl_rules *)(uintptr_t)seen.rules);
    pl_buf_release(&seen.log);
    pl_buf_putc(&all, '\0');
    return all;
}

static void any_window_size_gives_the_same_findings(void **state)
{
    (void)state;
    pl_auto_buf struct pl_buf text = { 0 }, enc = base64(PL_S("words and " TOKEN "\nand more"));
    repeated(&text, "filler of many words; ", 300);
    pl_buf_puts(&text, TOKEN "\n");
    pl_buf_printf(&text, "x: %.*s\n", PL_FMT(pl_buf_str(&enc)));
    repeated(&text, "more filler = nothing ", 700);
    pl_buf_puts(&text, "zendesk_token = '" VALUE "'\n3012a5754bbd716926f99c028f7ea428-us18\n");
    repeated(&text, "and the end of it all ", 1200);
    for (size_t i = 0; i < 40; i++) {
        pl_buf_putc(&text, TOKEN[i]);
        pl_buf_putc(&text, '\0');
    }
    struct pl_buf whole = in_windows(pl_buf_str(&text), text.n, 0);
    assert_int_equal(strlen(whole.p) > 200, 1);
    for (size_t size = 16; size < text.n; size += 37) {
        struct pl_buf parts = in_windows(pl_buf_str(&text), size, 300);
        assert_string_equal(parts.p, whole.p);
        pl_buf_release(&parts);
    }
    pl_buf_release(&whole);
}

static size_t count_known(const struct pl_rules *r, const char *text)
{
    struct seen got = { .rules = r };
    struct pl_matcher *m;
    struct pl_err err = { 0 };
    struct pl_text t = {
        .p = (const uint8_t *)text, .n = strlen(text), .to = strlen(text), .last = true
    };
    assert_int_equal(pl_matcher_new(r, &limits, &m, &err), 0);
    assert_int_equal(pl_secret_scan(m, &t, on_seen, &got, &err), 0);
    pl_matcher_free(m);
    pl_buf_release(&got.log);
    return got.n;
}

static void known_values_are_found_by_their_bytes_alone(void **state)
{
    (void)state;
    static const struct pl_str values[] = { { "Xk29vLq8TzW4/b", 14 },
                                            { "short", 5 },
                                            { TOKEN, sizeof TOKEN - 1 } };
    /* in clear, in a longer word, in base64; not its beginning alone */
    const char *text = "x Xk29vLq8TzW4/b y short " TOKEN "z "
                       "aGVyZTogWGsyOXZMcThUelc0L2I7IHRoYXQgaXMgYWxs Xk29vLq8TzW4 ";
    struct pl_rules *only, *base = make_rules(toml);
    struct pl_err err = { 0 };
    assert_int_equal(pl_rules_of_values(values, 3, &only, &err), 0);
    assert_int_equal(pl_rules_count(only), 2);
    assert_int_equal(count_known(only, text), 3);
    struct pl_rules *both = pl_rules_over(base, only);
    assert_int_equal(pl_rules_count(both), pl_rules_count(base) + 2);
    assert_int_equal(count_known(base, text), 0);
    assert_int_equal(count_known(both, text), 3);
    pl_rules_free(both);
    pl_rules_free(only);
    pl_rules_free(base);
}

static void a_value_that_may_stand_anywhere_is_not_looked_for(void **state)
{
    (void)state;
    assert_false(pl_rules_can_search(pl_str_c("hunter2")));
    assert_false(pl_rules_can_search(pl_str_c("password1")));
    assert_false(pl_rules_can_search(pl_str_c("aaaaaaaaaaaaaaaaaaaa")));
    assert_false(pl_rules_can_search(pl_str_n("ab\0cdefghijklmnop", 17)));
    assert_true(pl_rules_can_search(pl_str_c("Hunter2!")));
    assert_true(pl_rules_can_search(pl_str_c("correct horse")));
}

int main(void)
{
#define T(f) cmocka_unit_test_setup(f, defaults)
    const struct CMUnitTest tests[] = {
        T(a_token_is_found_where_it_stands),
        T(known_values_are_found_by_their_bytes_alone),
        T(a_value_that_may_stand_anywhere_is_not_looked_for),
        T(neighbours_of_a_token_count),
        T(a_keyword_may_stand_behind_the_start_of_the_match),
        T(the_group_of_the_rule_is_the_secret),
        T(a_rule_with_paths_runs_only_there),
        T(allowed_values_are_no_findings),
        T(a_rule_without_keyword_looks_at_the_beginning_of_its_files),
        T(words_for_a_password_count_only_in_a_store),
        T(placeholders_are_dropped_and_samples_lowered),
        T(values_of_named_rules_are_found_in_every_notation),
        T(names_without_assignment_are_none),
        T(generic_rules_give_way_to_specific_ones),
        T(base64_is_decoded_once_and_twice),
        T(base64_without_digits_and_of_short_lines_is_decoded),
        T(base64_over_several_lines_is_one_text),
        T(hex_and_utf16_are_decoded),
        T(gzip_inside_base64_is_unpacked),
        T(decoding_ends_in_an_error_when_a_limit_is_reached),
        T(compressed_data_beyond_the_window_is_said),
        T(hits_outside_the_window_belong_to_another),
        T(a_value_is_judged_by_its_name),
        T(hostile_text_ends_soon),
        T(findings_of_one_rule_are_bounded),
        T(masks_show_the_public_prefix_only),
        T(any_window_size_gives_the_same_findings),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
