/* Entropy, placeholders, documented samples. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "secret/filter.h"

#include <math.h>

#include "base/cleanup.h"
#include "secret/hit.h"
#include "secret/keyvalue.h"

double pl_entropy(struct pl_str s)
{
    if (s.n == 0)
        return 0;
    uint32_t count[256] = { 0 };
    double h = 0;
    for (size_t i = 0; i < s.n; i++)
        count[(uint8_t)s.p[i]]++;
    for (int c = 0; c < 256; c++) {
        if (count[c]) {
            double f = (double)count[c] / (double)s.n;
            h -= f * log2(f);
        }
    }
    return h;
}

static const char sample_reason[] = "a sample its vendor publishes";

const char *pl_documented_sample(struct pl_str s)
{
    static const char *const samples[] = {
        "AKIAIOSFODNN7EXAMPLE",
        "AKIAI44QH8DHBEXAMPLE",
        "ASIAIOSFODNN7EXAMPLE",
        "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY",
        "je7MtGbClwBF/2Zp9Utk/h3yCo8nvbEXAMPLEKEY",
        /* storage emulator */
        "Eby8vdM02xNOcqFlqUwJPLlmEtlCDXJ1OUzFT50uSRZ6IFsuFq2UVErCz4I6tq/K1SZFPTOtr/KBHBeksoGMGw==",
        /* document database emulator */
        "C2y6yDjf5/R+ob0N8A7Cgv30VRDJIWEHLM+4QDU5DE2nQ9nDuVTqobD4b8mGGyPMbIZnqyMsEcaGQy67XIw/Jw==",
        /* RFC 6749 */
        "czZCaGRSa3F0MzpnWDFmQmF0M2JW",
        "2YotnFZFEjr1zCsicMWpAA",
        "tGzv3JOkF0XG5Qx2TlKWIA",
        /* first account of the development chains */
        "ac0974bec39a17e36ba4a6b4d238ff944bacb478cbed5efcae784d7bf4f2ff80",
        "0xac0974bec39a17e36ba4a6b4d238ff944bacb478cbed5efcae784d7bf4f2ff80",
        "sk_test_4eC39HqLyjWDarjtT1zdp7dc",
        "sk_test_BQokikJOvBiI2HlWgH4olfQ2",
        /* the token on the introduction page of JWT */
        ("eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9.eyJzdWIiOiIxMjM0NTY3ODkwIiwibmFtZSI6IkpvaG4gRG9lIiw"
         "iaWF0IjoxNTE2MjM5MDIyfQ.SflKxwRJSMeKKF2QT4fwpMeJf36POk6yJV_adQssw5c"),
    };
    if (s.n < 16 || s.n > 200)
        return NULL;
    for (size_t i = 0; i < PL_COUNT(samples); i++) {
        if (pl_str_is(s, samples[i]))
            return sample_reason;
    }
    return NULL;
}

size_t pl_find_word(struct pl_str s, const char *word)
{
    size_t n = strlen(word);
    for (size_t i = 0; n <= s.n && i <= s.n - n; i++) {
        if (((uint8_t)s.p[i] | 0x20) != ((uint8_t)word[0] | 0x20))
            continue;
        if (pl_str_ieq((struct pl_str){ s.p + i, n }, (struct pl_str){ word, n }))
            return i;
    }
    return SIZE_MAX;
}

/* Longest run of one character, and of characters that count up or down by one. */
static void runs(struct pl_str s, size_t *same, char *same_c, size_t *count)
{
    size_t run = 1, up = 1, down = 1;
    *same = *count = s.n > 0;
    *same_c = s.n ? s.p[0] : 0;
    for (size_t i = 1; i < s.n; i++) {
        int d = (s.p[i] | 0x20) - (s.p[i - 1] | 0x20);
        run = s.p[i] == s.p[i - 1] ? run + 1 : 1;
        /* …890, …xyzabc: a wrap still counts */
        bool wrap = s.p[i - 1] == '9' && s.p[i] == '0';
        up = d == 1 || wrap ? up + 1 : 1;
        down = d == -1 ? down + 1 : 1;
        if (run > *same) {
            *same = run;
            *same_c = s.p[i];
        }
        if (up > *count)
            *count = up;
        if (down > *count)
            *count = down;
    }
}

static unsigned distinct(struct pl_str s)
{
    uint64_t seen[4] = { 0 };
    unsigned n = 0;
    for (size_t i = 0; i < s.n; i++) {
        uint8_t c = (uint8_t)s.p[i];
        n += !(seen[c >> 6] >> (c & 63) & 1);
        seen[c >> 6] |= 1ull << (c & 63);
    }
    return n;
}

/* Does it consist, for two fifths and more, of runs of several characters: "8888888888-ffffff"? */
static bool in_runs(struct pl_str s)
{
    size_t all = 0, run = 1;
    char first = 0;
    bool several = false;
    for (size_t i = 1; i <= s.n; i++) {
        if (i < s.n && s.p[i] == s.p[i - 1] && s.p[i] != 'A') {
            run++;
            continue;
        }
        if (run >= 6) {
            all += run;
            several |= first && first != s.p[i - 1];
            first = s.p[i - 1];
        }
        run = 1;
    }
    return several && 5 * all >= 2 * s.n;
}

/* Do eight characters, not all alike, come twice? Random text of this length has no such thing. */
static bool repeats(struct pl_str s)
{
    if (s.n < 20 || s.n > 128)
        return false;
    for (size_t i = 0; i + 16 <= s.n; i++) {
        struct pl_str part = pl_str_sub(s, i, 8);
        if (distinct(part) >= 3 && pl_str_find(s, part, i + 8) != SIZE_MAX)
            return true;
    }
    return false;
}

/* Longest stretch of the bytes in [lo, hi], in any case, that counts up when all others are left
 * out. */
static size_t counts_up(struct pl_str s, char lo, char hi)
{
    size_t run = 0, most = 0;
    char last = 0;
    for (size_t i = 0; i < s.n; i++) {
        char c = lo == 'a' ? (char)(s.p[i] | 0x20) : s.p[i];
        if (c < lo || c > hi)
            continue;
        run = c == last + 1 || (last == hi && c == lo) ? run + 1 : 1;
        last = c;
        if (run > most)
            most = run;
    }
    return most;
}

/* "a1b2c3d4e5f6", "abc123def456": digits and letters count, each for itself. */
static bool counts_in_turn(struct pl_str s)
{
    return s.n >= 12 && counts_up(s, '0', '9') >= 6 && counts_up(s, 'a', 'z') >= 6;
}

static bool any_word(struct pl_str s, const char *const *words, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        if (pl_find_word(s, words[i]) != SIZE_MAX)
            return true;
    }
    return false;
}

/* A value that a program puts in place: "${X}", "{{ x }}", "<x>", "%s", "$(x)". */
static bool is_reference(struct pl_str s)
{
    if (s.n < 2)
        return false;
    char a = s.p[0], b = s.p[1], z = s.p[s.n - 1];
    if (a == '$' && (b == '{' || b == '('))
        return true;
    if ((a == '{' && b == '{') || (a == '<' && z == '>') || (a == '[' && z == ']') ||
        (a == '%' && (z == '%' || s.n <= 3)))
        return true;
    return pl_str_find(s, PL_S("${"), 0) != SIZE_MAX || pl_str_find(s, PL_S("{{"), 0) != SIZE_MAX;
}

enum pl_placeholder pl_placeholder(struct pl_str s)
{
    static const char *const words[] = {
        "example",  "changeme",  "change_me",  "change-me",  "placeholder",
        "redacted", "replaceme", "replace_me", "replace-me", "yourtoken",
        "your_",    "your-",     "xxxxxx",     "-here",      "_here",
        "insert_",  "dummy_",    "dummy-",     "invalid",
    };
    size_t same, count;
    char c;
    if (s.n > 512)
        return PL_NO_PLACEHOLDER;
    runs(s, &same, &c, &count);
    if (is_reference(s) || (s.n >= 8 && distinct(s) <= 3) || (same >= 6 && strchr("*._-#xX", c)))
        return PL_PLACEHOLDER;
    if (any_word(s, words, PL_COUNT(words)))
        return PL_WORD_PLACEHOLDER;
    if (in_runs(s))
        return PL_PLACEHOLDER;
    if (count >= 20)
        return distinct(s) < 8 ? PL_PLACEHOLDER : PL_COUNTS;
    /* zero bytes in base64 are 'A's, so those prove nothing */
    if ((same >= 10 && c != 'A') || count >= 8)
        return distinct(s) < 8 ? PL_PLACEHOLDER : PL_LIKE_PLACEHOLDER;
    return counts_in_turn(s) || repeats(s) ? PL_MADE_BY_HAND : PL_NO_PLACEHOLDER;
}

bool pl_is_placeholder(struct pl_str s)
{
    return pl_placeholder(s) > PL_MADE_BY_HAND;
}

bool pl_stands_for_secret(struct pl_str s)
{
    return pl_placeholder(s) > PL_COUNTS;
}

bool pl_is_signed_password(struct pl_str s)
{
    if (s.n < 9 || s.n > 64 || !strchr("%@!#&*+^~", s.p[0]) || s.p[s.n - 1] == s.p[0] ||
        !pl_is_alnum((uint8_t)s.p[1]))
        return false;
    unsigned lower = 0, upper = 0, digit = 0;
    for (size_t i = 1; i < s.n; i++) {
        char c = s.p[i];
        lower += c >= 'a' && c <= 'z';
        upper += c >= 'A' && c <= 'Z';
        digit += pl_is_digit((uint8_t)c);
        if (strchr("(){}[]<>$/", c))
            return false;
    }
    return lower >= 2 && upper >= 2 && digit && pl_kv_rarity(pl_str_sub(s, 1, s.n)) > 0.8;
}

bool pl_is_common_password(struct pl_str s)
{
    static const char *const words[] = {
        "password",   "passwd",      "passw0rd",    "pass",      "pwd",      "pw",
        "secret",     "token",       "test",        "testing",   "admin",    "root",
        "guest",      "user",        "username",    "null",      "none",     "true",
        "false",      "nil",         "undefined",   "password1", "hunter2",  "foo",
        "bar",        "foobar",      "123456",      "12345678",  "1234",     "12345",
        "qwerty",     "letmein",     "default",     "postgres",  "mysql",    "redis",
        "mypassword", "my_password", "my-password", "p4ssw0rd",  "pa55word", "demo",
        "sample",     "secretpass",  "mysecret",    "mypass",    "abc123",   "apikey",
        "api_key",    "key",         "mytoken",     "my_token",  "my-token", "my-secret",
        "string",     "str",         "bytes",       "varchar",   "text",     "topsecret",
        "s3cr3t",     "sup3rs3cr3t", "supersecret", "welcome",
    };
    for (size_t i = 0; i < PL_COUNT(words); i++) {
        if (pl_str_ieq(s, pl_str_c(words[i])))
            return true;
    }
    return false;
}

bool pl_is_password_placeholder(struct pl_str s)
{
    static const char *const words[] = {
        "yourp",  "mypass", "password", "passwd", "secret",  "token", "dummy",  "foobar",
        "sample", "xxxx",   "todo",     "fixme",  "default", "enter", "insert", "replace",
        "null",   "undef",  "none",     "....",   "****",    "test",
    };
    return pl_is_placeholder(s) || any_word(s, words, PL_COUNT(words));
}
