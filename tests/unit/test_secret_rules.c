/* Secret rules: the reader, what is derived from them, samples. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "secret_util.h"

#include <stdio.h>

#include "fmt/glob.h"
#include "secret/assign.h"
#include "secret/blocks.h"
#include "secret/check.h"
#include "secret/filter.h"
#include "secret/published.h"
#include "secret/setting.h"
#include "secret/trigger.h"

static void refused(const char *toml, const char *why)
{
    struct pl_arena a = { 0 };
    struct pl_rule_source *src;
    struct pl_err err = { 0 };
    size_t n;
    assert_int_equal(pl_rules_read(pl_str_c(toml), "r.toml", &a, &src, &n, &err), PL_E_FORMAT);
    if (!strstr(err.msg, why) || strncmp(err.msg, "r.toml:", 7) != 0)
        fail_msg("'%s' does not hold '%s'", err.msg, why);
    pl_arena_release(&a);
}

#define KW "keywords = ['abcd']\n"
#define RE "regex = 'abcd[0-9]{8}'\n"

static void malformed_rules_are_refused_with_place_and_key(void **state)
{
    (void)state;
    refused("rule = 1", "must be a list of tables");
    refused("rule = [1]", "must be a table");
    refused("title = 'x'", "unknown key 'title'");
    refused("[[rule]]\nid = 'x", "r.toml:2");
    refused("[[rule]]\ntitle = 'x'", "id: missing");
    refused("[[rule]]\nid = 3", "id: must be a string");
    refused("[[rule]]\nid = ''", "id: empty");
    refused(RULE("Secret/x", KW RE), "id: lower-case");
    refused(RULE("secret/-x", KW RE), "id: lower-case");
    refused(RULE("secret/x/y", KW RE), "id: lower-case");
    refused("[[rule]]\nid = 'a'", "title: missing");
    refused("[[rule]]\nid='a'\ntitle='t'\nwhy='w'\nfix='f'\nsince='1'", "severity: missing");
    refused("[[rule]]\nid='a'\ntitle='t'\nwhy='w'\nfix='f'\nsince='1'\nseverity='bad'",
            "severity: must be");
    refused(RULE("a", KW RE "keyword = 1"), "did you mean 'keywords'?");
    refused(RULE("a", KW RE "zzzzzz = 1"), "unknown key");
    refused(RULE("a", RE), "keywords: missing");
    refused(RULE("a", RE "keywords = 'abcd'"), "keywords: must be a list");
    refused(RULE("a", RE "keywords = [1]"), "keywords: must be a list");
    refused(RULE("a", RE "keywords = ['ab']"), "keywords: each must have 3");
    refused(RULE("a", KW), "regex: missing");
    refused(RULE("a", KW "regex = '('"), "regex: regex:");
    refused(RULE("a", KW "regex = 'abcd(?=x)'"), "regex: regex:");
    refused(RULE("a", KW "regex = '''\\b'''"), "matches nothing");
    refused(RULE("a", KW "regex = '''(?:abcd[^x]{900}){1,1}(?:[^y]{1000}[^z]{1000})'''\n"),
            "regex: ");
    refused(RULE("a", KW "regex = 'abcd(x{1000}){70}'"), "regex: ");
    refused(RULE("a", KW RE "group = 1"), "group: no such group");
    refused(RULE("a", KW RE "group = 99"), "group: must be an integer");
    refused(RULE("a", KW RE "before = -1"), "before: must be an integer");
    refused(RULE("a", KW RE "before = 'x'"), "before: must be an integer");
    refused(RULE("a", KW RE "entropy = 9.0"), "entropy: must be");
    refused(RULE("a", KW RE "entropy = 'x'"), "entropy: must be");
    refused(RULE("a", KW RE "generic = 1"), "generic: must be true or false");
    refused(RULE("a", KW RE "check = 'jwtt'"), "did you mean 'jwt'?");
    refused(RULE("a", KW RE "check = 'nothing-like-it'"), "check: unknown");
    refused(RULE("a", KW RE "check = 'pem'"), "not used by a check that is a finder");
    refused(RULE("a", KW "check = 'luhn'"), "regex: missing");
    refused(RULE("a", KW RE "allow = ['(']"), "allow: regex:");
    refused(RULE("a", KW RE "paths = ['[a']"), "paths: pattern");
    refused(RULE("a", KW RE "yes = 'x'"), "yes: must be a list");
    refused(RULE("a", KW RE "no = [1]"), "no: a sample is");
    refused(RULE("a", KW RE "no = [{ text = 'x', size = 1 }]"), "no: a sample table");
    refused(RULE("a", KW "regex = '(abcd){assign}x{9}'"), "no capture");
    refused(RULE("a", KW "before = 3\nregex = 'abcd{assign}x{9}'"), "no capture");
    refused(RULE("a", KW "regex = 'abcd({assign}x{9})'"), "regex: regex:");
}

static void a_rule_has_what_its_file_says(void **state)
{
    (void)state;
    struct pl_arena a = { 0 };
    struct pl_rule_source *src;
    size_t n;
    const char *toml =
        RULE("secret/full", KW
             "keyword_case = true\nregex = '''\\b(abcd)([0-9]{8})'''\nbefore = 2\ngroup = 2\n"
             "entropy = 2\nprefix = 4\nallow = ['^1', '^2']\npaths = ['*.x']\naliases = ['old']\n"
             "generic = true\ncheck = 'luhn'\nyes = ['a', { path = 'p', text = 'b' }]\n"
             "no = [{ name = 'N', text = 'c' }]");
    assert_int_equal(pl_rules_read(pl_str_c(toml), "r.toml", &a, &src, &n, NULL), 0);
    assert_int_equal(n, 1);
    const struct pl_rule *r = &src[0].rule;
    assert_string_equal(r->id, "secret/full");
    assert_true(r->keyword_case && r->generic && r->before == 2 && r->group == 2 && r->prefix == 4);
    assert_true(r->entropy == 2.0 && r->allow.n == 2 && r->paths.n == 1 && r->severity == 3);
    assert_int_equal(src[0].n_samples, 3);
    assert_false(src[0].sample[0].yes);
    assert_true(pl_str_is(src[0].sample[0].name, "N"));
    assert_true(src[0].sample[2].yes && pl_str_is(src[0].sample[2].path, "p"));
    assert_int_equal(src[0].sample[2].number, 1);
    pl_arena_release(&a);
    struct pl_rules *set = make_rules(toml);
    assert_int_equal(pl_rules_count(set), 1);
    assert_ptr_equal(pl_rules_find(set, PL_S("old")), pl_rules_at(set, 0));
    assert_ptr_equal(pl_rules_find(set, PL_S("secret/full")), pl_rules_at(set, 0));
    assert_null(pl_rules_find(set, PL_S("secret/none")));
    pl_rules_free(set);
    pl_rules_free(NULL);
}

static void the_same_id_twice_is_refused(void **state)
{
    (void)state;
    struct pl_arena a = { 0 };
    struct pl_rule_source *src;
    struct pl_rule_image img;
    struct pl_err err = { 0 };
    size_t n;
    const char *toml = RULE("a", KW RE) RULE("a", KW RE);
    assert_int_equal(pl_rules_read(pl_str_c(toml), "r.toml", &a, &src, &n, NULL), 0);
    struct pl_rule both[2] = { src[0].rule, src[1].rule };
    assert_int_equal(pl_rule_image_make(both, 2, &a, &img, &err), PL_E_FORMAT);
    assert_int_equal(pl_rule_image_make(both, 0, &a, &img, &err), PL_E_LIMIT);
    pl_arena_release(&a);
}

static void a_database_of_another_build_is_compiled_anew(void **state)
{
    (void)state;
    struct pl_rules *set = make_rules(RULE("a", KW RE));
    struct pl_rule_image img = set->img;
    struct pl_arena none = { 0 };
    struct pl_rules *again = NULL;
    img.db = (const uint8_t *)"no database";
    img.db_len = 11;
    assert_int_equal(pl_rules_from_image(&img, &none, &again, NULL), 0);
    assert_true(pl_literals_size(again->db) > 0);
    pl_rules_free(again);
    pl_rules_free(set);
}

static struct pl_rule_shape shape(const char *regex, struct pl_bytes_table *t)
{
    struct pl_rule_shape s;
    pl_rule_shape_of(pl_str_c(regex), t, &s);
    return s;
}

static bool may(const struct pl_rule_shape *s, const struct pl_bytes_table *t, unsigned at, char c)
{
    return at >= s->n || pl_bytes_has(&t->p[s->cls[at]], (uint8_t)c);
}

static void shapes_tell_lengths_and_bytes(void **state)
{
    (void)state;
    struct pl_bytes_table t = { 0 };
    struct pl_rule_shape s = shape("\\bghp_[0-9A-Za-z]{36}\\b", &t);
    assert_true(s.min == 40 && s.max == 40 && s.n == 40 && s.word_start);
    assert_true(may(&s, &t, 0, 'g') && may(&s, &t, 39, 'Z'));
    assert_false(may(&s, &t, 0, 'h') || may(&s, &t, 4, '_') || may(&s, &t, 39, '-'));
    s = shape("(?i)\\bab(?:c|de)[^x]+\\d{2,3}?", &t);
    assert_true(s.min == 6 && s.max == UINT32_MAX && s.n == 6 && s.word_start);
    assert_true(may(&s, &t, 0, 'A') && may(&s, &t, 2, 'D') && may(&s, &t, 3, 'y'));
    assert_false(may(&s, &t, 1, 'a') || may(&s, &t, 2, 'x'));
    s = shape("a|b{3}", &t);
    assert_true(s.min == 1 && s.max == 3 && s.n == 1 && !s.word_start);
    s = shape("[[:alpha:]\\d_-][\\w.]\\x41\\Aq?\\.[]a](?P<n>z)(?-i:q)(?s:.)", &t);
    assert_true(s.min == 8 && s.max == 9);
    assert_true(may(&s, &t, 0, '-') && may(&s, &t, 0, '5') && may(&s, &t, 1, '.'));
    assert_false(may(&s, &t, 0, '.') || may(&s, &t, 2, 'B'));
    s = shape("\\b\"x", &t);
    assert_false(s.word_start);
    s = shape("[\\w. -]{3}", &t);
    assert_true(s.name_only);
    s = shape("[\\w. -]{3}:", &t);
    assert_false(s.name_only);
    free(t.p);
}

static void any_number_of_byte_sets_is_kept(void **state)
{
    (void)state;
    struct pl_bytes_table t = { 0 };
    struct pl_rule_shape s = { .n = 0 };
    unsigned made = 0;
    for (char a = 'a'; a < 'z'; a++) {
        for (char b = (char)(a + 1); b <= 'z'; b++, made++) {
            char text[] = { '[', a, b, ']', 'Q', '\0' };
            s = shape(text, &t);
            assert_int_equal(s.n, 2);
            assert_true(may(&s, &t, 0, a) && may(&s, &t, 0, b) && !may(&s, &t, 0, 'A'));
        }
    }
    assert_true(made > 256 && t.n == made + 1);
    free(t.p);
}

static void shapes_give_up_on_what_they_do_not_know(void **state)
{
    (void)state;
    static const char *const open[] = { "\\pL+",   "(",       "[a",       "a{2",
                                        "\\Qx\\E", "(?U)a+",  "\xc3\xa9", "[\\x80-\\xff]",
                                        "a**",     "\\x{41}", "(?<",      "\\" };
    struct pl_bytes_table t = { 0 };
    for (size_t i = 0; i < PL_COUNT(open); i++) {
        struct pl_rule_shape s = shape(open[i], &t);
        if (i != 3) /* "a{2" is text */
            assert_int_equal(s.n, 0);
        assert_true(s.max >= s.min);
    }
    /* repeats of repeats end soon */
    struct pl_rule_shape s =
        shape("(((((((((((((((((((((((((((((((a*)*)*)*)*)*)*)*)*)*)*)*)*)*)*)*)"
              "*)*)*)*)*)*)*)*)*)*)*)*)*)*)*)b",
              &t);
    assert_true(s.n <= 1);
    free(t.p);
}

static void keywords_before_common_words_need_no_literal(void **state)
{
    (void)state;
    struct pl_rule r = { .regex = "(?i)zendesk[\\w. -]{0,24}?(?:key|token){assign}([a-z]{40})" };
    assert_true(pl_keyword_triggers(&r, PL_S("zendesk")));
    r.regex = "(?i)zendesk[\\w. -]{0,24}?(?:key|other){assign}([a-z]{40})";
    assert_false(pl_keyword_triggers(&r, PL_S("zendesk")));
    r.regex = "(?i)zendesk[\\w. -]{0,60}?key{assign}([a-z]{40})";
    assert_false(pl_keyword_triggers(&r, PL_S("zendesk"))); /* too far */
    r.regex = "(?i)(?:one[a-z]+_key|two_)x{assign}y";
    assert_false(pl_keyword_triggers(&r, PL_S("two_")));
    r.regex = "my_secret_[a-z]{9}";
    assert_true(pl_keyword_triggers(&r, PL_S("my_secret_")));
    assert_false(pl_keyword_triggers(&r, PL_S("my_"))); /* too short to be looked up */
    r.regex = NULL;
    assert_false(pl_keyword_triggers(&r, PL_S("my_secret_")));
}

static void both_ways_to_find_word_starts_agree(void **state)
{
    (void)state;
    uint8_t text[66];
    unsigned seed = 5;
    for (unsigned round = 0; round < 2000; round++) {
        for (size_t i = 0; i < sizeof text; i++)
            text[i] = (uint8_t) "abzAZB09_-. \xff"[rand_r(&seed) % 13];
        uint64_t bits = pl_word_starts(text + 1);
        for (unsigned k = 0; k < 63; k++)
            assert_int_equal(bits >> k & 1, pl_word_begins(text, sizeof text, k + 1));
    }
}

static void blocks_of_encoded_text_are_found(void **state)
{
    (void)state;
    uint8_t text[400];
    for (size_t at = 0; at + 16 <= sizeof text; at += 16) {
        memset(text, ' ', sizeof text);
        memcpy(text + at, "aGVsbG8gd29ybGQh", 16);
        assert_int_equal(pl_next_block(text, sizeof text, 0), at);
        memset(text, 0xff, sizeof text);
        memcpy(text + at, "a\0b\0c\0d\0e\0f\0g\0h", 16);
        assert_int_equal(pl_next_block(text, sizeof text, 0), at);
        memcpy(text + at, "\0b\0c\0d\0e\0f\0g\0h\0i", 16);
        assert_int_equal(pl_next_block(text, sizeof text, 0), at);
        memset(text, 0, sizeof text);
        memcpy(text + at, "68656c6c6f20776f", 16);
        assert_int_equal(pl_next_block(text, sizeof text, 0), at);
        memcpy(text + at, "zzzzzzzzzzzzzzzz", 16);
        assert_int_equal(pl_next_block(text, sizeof text, 0), sizeof text);
    }
    assert_int_equal(pl_next_block(text, 0, 0), 0);
}

static enum pl_verdict verdict(const char *check, struct pl_str value)
{
    const char *reason = NULL;
    const struct pl_check *c = pl_check_find(check);
    assert_non_null(c);
    enum pl_verdict v = c->verify(value, &reason);
    assert_int_equal(v == PL_WEAK, reason != NULL);
    return v;
}

static enum pl_verdict generated(const char *check, const char *sample)
{
    pl_auto_buf struct pl_buf b = { 0 };
    pl_rule_sample_expand(pl_str_c(sample), PL_S("seed"), &b);
    return verdict(check, pl_buf_str(&b));
}

static void checks_keep_what_their_generators_make(void **state)
{
    (void)state;
    static const char *const pairs[][2] = {
        { "jwt", "{jwt}" },
        { "github-crc", "ghp_{github-crc}" },
        { "npm-crc", "npm_{npm-crc}" },
        { "luhn", "{luhn:16}" },
        { "aws-id", "AKIA{base32:16}" },
        { "uuid4", "{uuid}" },
        { "base64-json", "{b64enc:{\"a\":1}}" },
        { "docker-auth", "{docker-auth}" },
        { "basic-auth", "{b64enc:user:{password:12}}" },
        { "azure-storage", "{b64bytes:64}" },
        { "base64-32", "{b64bytes:32}" },
        { "mixed", "{alnum:20}" },
        { "age", "{age-key}" },
        { "bip39",
          "quilt marble tunnel orbit fancy velvet cactus lizard random shiver ozone maze" },
    };
    for (size_t i = 0; i < PL_COUNT(pairs); i++) {
        if (generated(pairs[i][0], pairs[i][1]) != PL_KEEP)
            fail_msg("%s refuses %s", pairs[i][0], pairs[i][1]);
    }
}

static void checks_drop_what_is_none(void **state)
{
    (void)state;
    static const struct {
        const char *check, *sample;
        enum pl_verdict want;
    } cases[] = {
        { "jwt", "eyJhbGciOiJIUzI1NiJ9.{alnum:20}.x", PL_DROP },
        { "jwt", "eyJhbGciOiJIUzI1NiJ9", PL_DROP },
        { "jwt", "bm90IGpzb24.eyJhIjoxfQ.x", PL_DROP },
        { "github-crc", "{alnum:36}", PL_WEAK },
        { "github-crc", "{alnum:30}", PL_DROP },
        { "github-crc", "{alnum:30}------", PL_DROP },
        { "luhn", "4111111111111112", PL_DROP },
        { "luhn", "4111 1111 1111 1111", PL_KEEP },
        { "luhn", "411a111111111111", PL_DROP },
        { "aws-id", "AKIA0189018901890189", PL_DROP },
        { "aws-id", "AKIA", PL_DROP },
        { "uuid4", "01234567-0123-1123-8123-0123456789ab", PL_DROP },
        { "base64-json", "{b64enc:[1]}", PL_DROP },
        { "base64-json", "%%%", PL_DROP },
        { "docker-auth", "{b64enc:nocolon}", PL_DROP },
        { "docker-auth", "{b64enc:user:changeme}", PL_WEAK },
        { "docker-auth", "{b64bytes:12}", PL_DROP },
        { "azure-storage", "{b64bytes:63}", PL_DROP },
        { "mixed", "{lower:20}", PL_DROP },
        { "age", "AGE-SECRET-KEY-1{base32:58}", PL_WEAK },
        { "age", "AGE-SECRET-KEY-1bbbbbbbb", PL_DROP },
        { "age", "AGE", PL_DROP },
        { "bip39", "one two three", PL_DROP },
        { "bip39", "aaa aaa aaa aaa aaa aaa aaa aaa aaa aaa aaa aaa", PL_DROP },
    };
    for (size_t i = 0; i < PL_COUNT(cases); i++) {
        enum pl_verdict v = generated(cases[i].check, cases[i].sample);
        /* a random base-32 text has bytes outside the alphabet of bech32 */
        if (v != cases[i].want && !(cases[i].want == PL_WEAK && v == PL_DROP))
            fail_msg("%s on %s: %d", cases[i].check, cases[i].sample, v);
    }
    assert_null(pl_check_find("none"));
}

static void samples_are_stable_and_varied(void **state)
{
    (void)state;
    pl_auto_buf struct pl_buf a = { 0 }, b = { 0 }, c = { 0 };
    pl_rule_sample_expand(PL_S("x={alnum:20} {y} {} {hex:4"), PL_S("r/yes/0"), &a);
    pl_rule_sample_expand(PL_S("x={alnum:20} {y} {} {hex:4"), PL_S("r/yes/0"), &b);
    pl_rule_sample_expand(PL_S("x={alnum:20} {y} {} {hex:4"), PL_S("r/yes/1"), &c);
    assert_true(pl_str_eq(pl_buf_str(&a), pl_buf_str(&b)));
    assert_false(pl_str_eq(pl_buf_str(&a), pl_buf_str(&c)));
    assert_int_equal(a.n, 2 + 20 + strlen(" {y} {} {hex:4"));
    static const char *const all[] = { "{lower:9}",
                                       "{upper:9}",
                                       "{alpha:9}",
                                       "{digit:9}",
                                       "{hex:9}",
                                       "{HEX:9}",
                                       "{lownum:9}",
                                       "{upnum:9}",
                                       "{base58:9}",
                                       "{b64:9}",
                                       "{b64url:9}",
                                       "{word:9}",
                                       "{pem:EC PRIVATE KEY}",
                                       "{pem1:}",
                                       "{openssh}",
                                       "{password:3}",
                                       "{hexbytes:00ff}" };
    for (size_t i = 0; i < PL_COUNT(all); i++) {
        pl_buf_clear(&a);
        pl_rule_sample_expand(pl_str_c(all[i]), PL_S("s"), &a);
        assert_true(a.n > 0 && a.p[0] != '{');
    }
    pl_buf_clear(&a);
    pl_rule_sample_expand(PL_S("{alnum:0}{alnum:x}{nothing:3}"), PL_S("s"), &a);
    assert_true(pl_str_is(pl_buf_str(&a), "{alnum:0}{alnum:x}{nothing:3}"));
}

static void count_failure(void *arg, const struct pl_rule_source *rule,
                          const struct pl_rule_sample *s, struct pl_str text)
{
    (void)rule;
    (void)s;
    *(size_t *)arg += text.n > 0;
}

static void samples_that_disagree_are_told(void **state)
{
    (void)state;
    const char *toml = RULE("a", KW RE "yes = ['abcd12583479', 'abcd1234']\n"
                                       "no = ['abcd12', 'abcd91827364']");
    struct pl_arena a = { 0 };
    struct pl_rule_source *src;
    size_t n, run, failed, told = 0;
    assert_int_equal(pl_rules_read(pl_str_c(toml), "r.toml", &a, &src, &n, NULL), 0);
    struct pl_rules *set = make_rules(toml);
    assert_int_equal(pl_rules_selftest(set, src, n, count_failure, &told, &run, &failed, NULL), 0);
    assert_true(run == 4 && failed == 2 && told == 2);
    pl_rules_free(set);
    pl_arena_release(&a);
}

static void placeholders_and_entropy(void **state)
{
    (void)state;
    static const char *const none[] = { "xxxxxxxxxxxx", "${TOKEN}",       "{{ token }}", "<token>",
                                        "%s",           "my-example-key", "CHANGEME1",   "........",
                                        "$(cat x)",     "%TOKEN%",        "[token]" };
    for (size_t i = 0; i < PL_COUNT(none); i++)
        assert_true(pl_placeholder(pl_str_c(none[i])) >= PL_WORD_PLACEHOLDER);
    assert_int_equal(pl_placeholder(PL_S("q12345678w1kd83hd")), PL_LIKE_PLACEHOLDER);
    assert_int_equal(pl_placeholder(PL_S("a1b2c3d4e5f6g7h8i9j0")), PL_MADE_BY_HAND);
    assert_int_equal(pl_placeholder(PL_S("abc123def456ghi789jkl012")), PL_MADE_BY_HAND);
    assert_int_equal(pl_placeholder(PL_S("nM2qV9xK4pT8cW1nM2qV9xK4pT8cW1zL")), PL_MADE_BY_HAND);
    assert_int_equal(pl_placeholder(PL_S("sk_abcdefghijklmnopqrstuvwxyz123")), PL_COUNTS);
    assert_int_equal(pl_placeholder(PL_S("xox-8888888888-ffffffff-7q2mz")), PL_PLACEHOLDER);
    assert_int_equal(pl_placeholder(PL_S("1QQQQQQQQQQQQQQQQQQQQQQQQ8xk2mz")), PL_LIKE_PLACEHOLDER);
    assert_int_equal(pl_placeholder(PL_S("AAAAAAAAAAAAAAAAb3Jk9dk2")), PL_NO_PLACEHOLDER);
    assert_int_equal(pl_placeholder(PL_S("sk3Jd92kdLqPz01")), PL_NO_PLACEHOLDER);
    assert_true(pl_is_password_placeholder(PL_S("mysecret")));
    assert_true(pl_entropy(PL_S("aaaa")) == 0 && pl_entropy(PL_S("abab")) == 1);
    assert_true(pl_entropy(PL_S("")) == 0);
    assert_int_equal(pl_find_word(PL_S("An EXAMPLE"), "example"), 3);
}

static void a_key_names_a_provider_whose_form_is_known(void **state)
{
    (void)state;
    static const char *const words[] = { "acmecloud", "access_token" }, *const more[] = { "zeta" };
    static const char *const prefix[] = { "zt_x" }, *const services[] = { "new_wave", "api" };
    struct pl_rule rule[] = {
        { .id = "a", .regex = "(?i)acmecloud{assign}x", .keywords = { words, 2 } },
        { .id = "b", .regex = "zt_x", .keywords = { more, 1 }, .names = { more, 1 } },
        { .id = "d", .regex = "zt_.", .keywords = { prefix, 1 }, .keyword_case = true },
        { .id = "c", .regex = "omega{assign}x", .keywords = { words, 1 }, .more_forms = true },
        { .id = "e", .regex = "\\w+{assign}x", .keywords = { services, 2 }, .generic = true },
    };
    struct pl_rule_shape shape[] = { { 0 }, { .min = 4 }, { .min = 40 }, { 0 }, { 0 } };
    struct pl_rule_image img = { .rule = rule, .shape = shape, .n_rules = PL_COUNT(rule) };
    struct pl_known *k = pl_known_new(&img);
    struct pl_str v = PL_S("q8f2");
    assert_true(pl_known_form(k, PL_S("MY_ACMECLOUD_KEY"), v));
    assert_true(pl_known_form(k, PL_S("acmecloudToken"), v) &&
                pl_known_form(k, PL_S("zetaKey"), v));
    assert_false(pl_known_form(k, PL_S("macmecloud_key"), v));
    assert_false(pl_known_form(k, PL_S("access_token"), v) || pl_known_form(k, PL_S(""), v));
    assert_true(pl_known_form(k, PL_S("token"), PL_S("zeta_q8f2")));
    assert_false(pl_known_form(k, PL_S("token"), PL_S("zetaq8f2")));
    assert_true(pl_known_prefix(k, PL_S("zt_xq8f2")));
    assert_false(pl_known_prefix(k, PL_S("zz_q8f2")));
    assert_true(pl_known_cut(k, PL_S("zt_xq8f2Lm3")));
    assert_false(pl_known_cut(k, PL_S("zt_xq8f2Lm3kq8f2Lm3kq8f2Lm3kq8f2Lm3k")));
    assert_false(pl_known_cut(k, PL_S("zz_q8f2")));
    assert_true(pl_known_service(k, PL_S("newWave")) && pl_known_service(k, PL_S("NEW-WAVE_2")));
    assert_false(pl_known_service(k, PL_S("api")) || pl_known_service(k, PL_S("new_waves")) ||
                 pl_known_service(k, PL_S("acmecloud")) || pl_known_service(k, PL_S("7")));
    pl_known_free(k);
    img.n_rules = 0;
    k = pl_known_new(&img);
    assert_false(pl_known_form(k, PL_S("acmecloud_key"), v));
    pl_known_free(k);
}

static void a_path_tells_tests_and_documents(void **state)
{
    (void)state;
    static const struct {
        const char *path;
        enum pl_setting want;
    } cases[] = {
        { "", PL_SETTING_PLAIN },
        { "srv/app/settings.py", PL_SETTING_PLAIN },
        { "srv/latest/contest.json", PL_SETTING_PLAIN },
        { "var/log/app.log.1", PL_SETTING_PLAIN },
        { "usr/share/doc/x/config", PL_SETTING_DOC },
        { "app/README.md", PL_SETTING_DOC },
        { "ChangeLog", PL_SETTING_DOC },
        { "net/url/url_test.go", PL_SETTING_TEST },
        { "web/login.spec.ts", PL_SETTING_TEST },
        { "java/TokenTest.java", PL_SETTING_TEST },
        { "a/Examples/x.conf", PL_SETTING_TEST },
        { "config.sample.php", PL_SETTING_TEST },
        { "crypto/testdata/key.pem", PL_SETTING_TEST },
        { "spec/fixtures/a/README.md", PL_SETTING_TEST },
    };
    for (size_t i = 0; i < PL_COUNT(cases); i++) {
        enum pl_setting s = pl_setting_of(pl_str_c(cases[i].path));
        assert_int_equal(s, cases[i].want);
        assert_true((pl_setting_reason(s) != NULL) == (s != PL_SETTING_PLAIN));
    }
}

static void globs_of_rules_match_as_path_globs_do(void **state)
{
    (void)state;
    static const char *const globs[] = { "*.env",     "config*.json", "**/.vnc/passwd",
                                         "[abc].key", "a/**/b.xml",   "key4.db",
                                         "*dump*",    "x?z",          "\\*.txt",
                                         "*",         "[!a]*.sql" };
    static const char *const paths[] = { "a.env",       "p/config-1.json", "root/.vnc/passwd",
                                         ".vnc/passwd", "k/a.key",         "a/b.xml",
                                         "a/c/d/b.xml", "key4.db",         "x/key4.db",
                                         "my-dump.sql", "q/xyz",           "*.txt",
                                         "s.txt",       "a.sql",           "b/b.sql" };
    for (size_t g = 0; g < PL_COUNT(globs); g++) {
        for (size_t p = 0; p < PL_COUNT(paths); p++)
            assert_int_equal(pl_rule_glob(globs[g], pl_str_c(paths[p])),
                             pl_glob_path(pl_str_c(globs[g]), pl_str_c(paths[p])));
    }
    assert_false(pl_rule_glob("*", PL_S("")));
}

static void published_keys_are_known_in_any_layout(void **state)
{
    (void)state;
    /* of crypto/x509 in the Go library */
#define LINE1 "MHcCAQEEIHhv8LVzb9gqJzAY0P442+FW0oqbfBrLnfqxyyAujOFSoAoGCCqGSM49"
#define LINE2 "AwEHoUQDQgAE5dNQY4FY29i2g3xx7FyH4XiZz0C0AM4uyPUsXCZNb7CsctHDLhLt"
#define LINE3 "zABWSfFz76j+oVhq+qKrwIHsLX+7f6YTQg=="
    assert_non_null(pl_published_key(PL_S("\n" LINE1 "\n" LINE2 "\n" LINE3 "\n")));
    assert_non_null(pl_published_key(PL_S("\\n" LINE1 "\\n" LINE2 "\\n" LINE3 "\\n")));
    assert_non_null(pl_published_key(PL_S(" # " LINE1 "\r\n # " LINE2 "\r\n # " LINE3)));
    assert_null(pl_published_key(PL_S(LINE1 LINE2)));
    assert_null(pl_published_key(PL_S("")));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(malformed_rules_are_refused_with_place_and_key),
        cmocka_unit_test(a_rule_has_what_its_file_says),
        cmocka_unit_test(the_same_id_twice_is_refused),
        cmocka_unit_test(a_database_of_another_build_is_compiled_anew),
        cmocka_unit_test(shapes_tell_lengths_and_bytes),
        cmocka_unit_test(any_number_of_byte_sets_is_kept),
        cmocka_unit_test(shapes_give_up_on_what_they_do_not_know),
        cmocka_unit_test(keywords_before_common_words_need_no_literal),
        cmocka_unit_test(both_ways_to_find_word_starts_agree),
        cmocka_unit_test(blocks_of_encoded_text_are_found),
        cmocka_unit_test(checks_keep_what_their_generators_make),
        cmocka_unit_test(checks_drop_what_is_none),
        cmocka_unit_test(samples_are_stable_and_varied),
        cmocka_unit_test(samples_that_disagree_are_told),
        cmocka_unit_test(placeholders_and_entropy),
        cmocka_unit_test(a_key_names_a_provider_whose_form_is_known),
        cmocka_unit_test(a_path_tells_tests_and_documents),
        cmocka_unit_test(globs_of_rules_match_as_path_globs_do),
        cmocka_unit_test(published_keys_are_known_in_any_layout),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
