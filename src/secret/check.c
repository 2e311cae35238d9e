/* Verifiers by name: structure that a regex cannot see (docs/rules.md). */
/* SPDX-License-Identifier: Apache-2.0 */
#include "secret/check.h"
#include "base/hash.h"

#include "base/base64.h"
#include "base/cleanup.h"
#include "fmt/json.h"
#include "secret/filter.h"
#include "secret/keyvalue.h"

#define MAX_DECODE (64u << 10)

static const char bad_checksum[] = "its checksum does not hold: mistyped or made up";

/* Decodes base64 of either alphabet to a new buffer; false when it is none. */
static bool decode(struct pl_str s, struct pl_buf *out)
{
    if (s.n == 0 || s.n > MAX_DECODE)
        return false;
    void *room = pl_buf_room(out, pl_base64_room(s.n), NULL);
    return room && pl_base64_decode(s, PL_BASE64_LENIENT, room, &out->n, NULL) == 0 && out->n > 0;
}

static void wipe(struct pl_buf *b)
{
    if (b->p)
        explicit_bzero(b->p, b->cap);
    pl_buf_release(b);
}

/* Is `s` base64 of a JSON object? */
static bool json_object(struct pl_str s)
{
    __attribute__((cleanup(wipe))) struct pl_buf b = { 0 };
    struct pl_json *j = NULL;
    if (!decode(s, &b) || b.p[0] != '{' || pl_json_parse(pl_buf_str(&b), 32, &j, NULL) < 0)
        return false;
    bool yes = pl_json_type(j) == PL_JSON_OBJECT;
    pl_json_free(j);
    return yes;
}

/* Does what the token says come from a document? RFC 7519 and its readers use the same few. */
static bool sample_claims(struct pl_str body)
{
    static const char *const marks[] = { "1234567890",  "John Doe",    "example.com", "\"joe\"",
                                         "\"payload\"", "\"foo\"",     "\"hello\"",   "test-user",
                                         "Jane Doe",    "example.org", "janedoe",     "\"test\"",
                                         "testuser",    "johndoe" };
    __attribute__((cleanup(wipe))) struct pl_buf b = { 0 };
    if (!decode(body, &b))
        return false;
    for (size_t i = 0; i < PL_COUNT(marks); i++) {
        if (pl_str_find(pl_buf_str(&b), pl_str_c(marks[i]), 0) != SIZE_MAX)
            return true;
    }
    return b.n < 12; /* {} and the like */
}

/* Does it say anything of who, for whom, or how long? */
static bool names_somebody(struct pl_str body)
{
    static const char *const claims[] = {
        "iss", "sub", "aud", "exp",  "nbf",  "iat",   "jti",    "id\"",   "user", "mail",
        "uid", "key", "acc", "name", "role", "scope", "client", "token",  "scp",  "org",
        "sid", "app", "azp", "upn",  "data", "grant", "proj",   "tenant", "perm", "usr",
    };
    __attribute__((cleanup(wipe))) struct pl_buf b = { 0 };
    if (!decode(body, &b))
        return false;
    for (size_t i = 0; i < PL_COUNT(claims); i++) {
        if (pl_find_word(pl_buf_str(&b), claims[i]) != SIZE_MAX)
            return true;
    }
    return false;
}

static enum pl_verdict jwt(struct pl_str v, const char **reason)
{
    struct pl_str head, body;
    if (!pl_str_split(&v, '.', &head) || !pl_str_split(&v, '.', &body))
        return PL_DROP;
    if (!json_object(head) || !json_object(body) || !names_somebody(body))
        return PL_DROP;
    if (!sample_claims(body))
        return PL_KEEP;
    *reason = "its claims are those of a sample";
    return PL_WEAK;
}

static enum pl_verdict base64_json(struct pl_str v, const char **reason)
{
    (void)reason;
    return json_object(v) ? PL_KEEP : PL_DROP;
}

/* The last six digits, base 62, are the CRC-32 of the 30 characters before them. */
static enum pl_verdict crc62(struct pl_str v, const char **reason)
{
    static const char digits[] = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
    if (v.n < 36)
        return PL_DROP;
    const char *body = v.p + v.n - 36;
    uint64_t want = pl_crc32(body, 30), have = 0;
    for (int i = 30; i < 36; i++) {
        const char *d = memchr(digits, body[i], sizeof digits - 1);
        if (!d)
            return PL_DROP;
        have = have * 62 + (uint64_t)(d - digits);
    }
    if (have == want)
        return PL_KEEP;
    *reason = bad_checksum;
    return PL_WEAK;
}

static enum pl_verdict luhn(struct pl_str v, const char **reason)
{
    unsigned sum = 0, n = 0;
    (void)reason;
    for (size_t i = v.n; i-- > 0;) {
        if (v.p[i] == ' ' || v.p[i] == '-')
            continue;
        if (!pl_is_digit((uint8_t)v.p[i]))
            return PL_DROP;
        unsigned d = (unsigned)(v.p[i] - '0') << (n++ & 1);
        sum += d > 9 ? d - 9 : d;
    }
    return n >= 12 && sum % 10 == 0 ? PL_KEEP : PL_DROP;
}

static enum pl_verdict aws_id(struct pl_str v, const char **reason)
{
    (void)reason;
    if (v.n != 20 || v.p[0] != 'A')
        return PL_DROP;
    for (size_t i = 4; i < v.n; i++) {
        if (!(v.p[i] >= 'A' && v.p[i] <= 'Z') && !(v.p[i] >= '2' && v.p[i] <= '7'))
            return PL_DROP;
    }
    return PL_KEEP;
}

static enum pl_verdict uuid4(struct pl_str v, const char **reason)
{
    (void)reason;
    return v.n == 36 && v.p[14] == '4' && memchr("89abAB", v.p[19], 6) ? PL_KEEP : PL_DROP;
}

static enum pl_verdict base64_len(struct pl_str v, size_t n)
{
    __attribute__((cleanup(wipe))) struct pl_buf b = { 0 };
    return decode(v, &b) && b.n == n ? PL_KEEP : PL_DROP;
}

static enum pl_verdict base64_64(struct pl_str v, const char **reason)
{
    (void)reason;
    return base64_len(v, 64);
}

static enum pl_verdict base64_32(struct pl_str v, const char **reason)
{
    (void)reason;
    return base64_len(v, 32);
}

static bool printable(struct pl_str s)
{
    for (size_t i = 0; i < s.n; i++) {
        if ((uint8_t)s.p[i] < 0x20 || (uint8_t)s.p[i] > 0x7e)
            return false;
    }
    return s.n > 0;
}

static enum pl_verdict docker_auth(struct pl_str v, const char **reason)
{
    __attribute__((cleanup(wipe))) struct pl_buf b = { 0 };
    struct pl_str user, text;
    if (!decode(v, &b))
        return PL_DROP;
    text = pl_buf_str(&b);
    if (text.p[0] == '{' || !pl_str_split(&text, ':', &user) || user.n == 0 || !printable(user) ||
        !printable(text))
        return PL_DROP;
    if (pl_is_placeholder(text) || pl_str_is(text, "password")) {
        *reason = "the password in it is a placeholder";
        return PL_WEAK;
    }
    return PL_KEEP;
}

/* "{SSHA}…": what a directory stores instead of a password. */
static bool is_hash(struct pl_str v)
{
    size_t end = 1;
    while (end < v.n && ((v.p[end] >= 'A' && v.p[end] <= 'Z') || pl_is_digit((uint8_t)v.p[end]) ||
                         v.p[end] == '-'))
        end++;
    return v.n >= 24 && end > 3 && end < 20 && v.p[0] == '{' && v.p[end] == '}' &&
           pl_entropy(pl_str_sub(v, end + 1, v.n)) > 3.0;
}

/* Nothing that a password is: a reference, an option, a name in capitals. */
static bool no_password(struct pl_str v)
{
    bool capitals = v.n >= 4, stars = true;
    for (size_t i = 0; i < v.n; i++) {
        capitals &= (v.p[i] >= 'A' && v.p[i] <= 'Z') || (v.p[i] == '_' && i > 0);
        stars &= v.p[i] == v.p[0] && strchr("*xX.-", v.p[0]);
    }
    bool marked = v.n && strchr("$%@<{([`", v.p[0]) && !pl_is_signed_password(v) && !is_hash(v);
    return v.n < 3 || marked || capitals || stars || pl_str_find(v, PL_S("${"), 0) != SIZE_MAX ||
           pl_str_find(v, PL_S("{{"), 0) != SIZE_MAX || pl_str_find(v, PL_S("$("), 0) != SIZE_MAX;
}

/* "your-password", "my_secret", "thetoken" */
static bool stands_for_password(struct pl_str v)
{
    static const char *const first[] = { "your", "my", "some", "the", "a_", "a-" };
    static const char *const last[] = { "password", "secret", "token", "pass" };
    bool starts = false, ends = false;
    for (size_t i = 0; i < PL_COUNT(first); i++)
        starts |= pl_str_ieq(pl_str_sub(v, 0, strlen(first[i])), pl_str_c(first[i]));
    for (size_t i = 0; i < PL_COUNT(last); i++)
        ends |= pl_str_iends(v, pl_str_c(last[i]));
    return starts && ends && v.n < 36;
}

static enum pl_verdict password(struct pl_str v, const char **reason)
{
    (void)reason;
    return no_password(v) || pl_is_common_password(v) || stands_for_password(v) ? PL_DROP : PL_KEEP;
}

static enum pl_verdict stored_password(struct pl_str v, const char **reason)
{
    if (no_password(v))
        return PL_DROP;
    if (!pl_is_common_password(v) && !stands_for_password(v))
        return PL_KEEP;
    *reason = "a word that defaults and samples use";
    return PL_WEAK;
}

/* Digits among the letters, or letters that make no word. */
static enum pl_verdict no_word(struct pl_str v, const char **reason)
{
    (void)reason;
    unsigned digits = 0, upper = 0, lower = 0;
    for (size_t i = 0; i < v.n; i++) {
        digits += pl_is_digit((uint8_t)v.p[i]);
        upper += v.p[i] >= 'A' && v.p[i] <= 'Z';
        lower += v.p[i] >= 'a' && v.p[i] <= 'z';
    }
    if (digits)
        return upper + lower ? PL_KEEP : PL_DROP;
    return v.n >= 20 && upper > 3 && lower > 3 && pl_kv_rarity(v) > 1.2 ? PL_KEEP : PL_DROP;
}

static enum pl_verdict mixed(struct pl_str v, const char **reason)
{
    bool digit = false, letter = false;
    (void)reason;
    for (size_t i = 0; i < v.n; i++) {
        digit |= pl_is_digit((uint8_t)v.p[i]);
        letter |= (uint8_t)((v.p[i] | 0x20) - 'a') < 26;
    }
    return digit && letter ? PL_KEEP : PL_DROP;
}

/* The checksum of BIP 173 over an age identity. */
static enum pl_verdict age(struct pl_str v, const char **reason)
{
    static const char charset[] = "qpzry9x8gf2tvdw0s3jn54khce6mua7l", hrp[] = "age-secret-key-";
    static const uint32_t gen[] = { 0x3b6a57b2, 0x26508e6d, 0x1ea119fa, 0x3d4233dd, 0x2a1462b3 };
    uint32_t chk = 1;
    size_t h = sizeof hrp - 1;
    if (v.n <= h + 7)
        return PL_DROP;
    for (size_t i = 0; i < 2 * h + 1 + (v.n - h - 1); i++) {
        unsigned x;
        if (i < h) {
            x = (uint8_t)hrp[i] >> 5;
        } else if (i <= 2 * h) {
            x = i == h ? 0 : (uint8_t)hrp[i - h - 1] & 31;
        } else {
            int c = v.p[i - 2 * h - 1 + h + 1] | 0x20;
            const char *at = memchr(charset, c, sizeof charset - 1);
            if (!at)
                return PL_DROP;
            x = (unsigned)(at - charset);
        }
        uint32_t top = chk >> 25;
        chk = (chk & 0x1ffffff) << 5 ^ x;
        for (int k = 0; k < 5; k++)
            chk ^= top >> k & 1 ? gen[k] : 0;
    }
    if (chk == 1)
        return PL_KEEP;
    *reason = bad_checksum;
    return PL_WEAK;
}

/* A phrase of 12, 15, 18, 21 or 24 lower-case words of 3 to 8 letters, nearly all different. */
static enum pl_verdict bip39(struct pl_str v, const char **reason)
{
    struct pl_str word, words[25];
    size_t n = 0, same = 0;
    (void)reason;
    while (pl_str_split(&v, ' ', &word)) {
        if (word.n == 0)
            continue;
        if (n == 24 || word.n < 3 || word.n > 8)
            return PL_DROP;
        for (size_t i = 0; i < n; i++)
            same += pl_str_eq(words[i], word);
        words[n++] = word;
    }
    return n >= 12 && n % 3 == 0 && same <= 2 ? PL_KEEP : PL_DROP;
}

static const struct pl_check checks[] = {
    { "age", .verify = age },
    { "aws-id", .verify = aws_id },
    { "azure-storage", .verify = base64_64 },
    { "base64-32", .verify = base64_32 },
    { "base64-json", .verify = base64_json },
    { "bare-key", .find = pl_find_bare_key },
    { "basic-auth", .verify = docker_auth },
    { "bip39", .verify = bip39 },
    { "docker-auth", .verify = docker_auth },
    { "firebase-client", .around = pl_firebase_client },
    { "generic", .find = pl_find_keyvalue },
    { "github-crc", .verify = crc62 },
    { "jwt", .verify = jwt },
    { "keyvalue", .find = pl_find_keyvalue },
    { "luhn", .verify = luhn },
    { "mixed", .verify = mixed },
    { "no-word", .verify = no_word },
    { "npm-crc", .verify = crc62 },
    { "password", .verify = password },
    { "pem", .find = pl_find_pem },
    { "service-value", .find = pl_find_named_run, .at_run = true },
    { "shadow", .find = pl_find_shadow },
    { "stored-password", .verify = stored_password },
    { "url-userinfo", .find = pl_find_url },
    { "uuid4", .verify = uuid4 },
};

const struct pl_check *pl_check_find(const char *name)
{
    for (size_t i = 0; i < PL_COUNT(checks); i++) {
        if (strcmp(checks[i].name, name) == 0)
            return &checks[i];
    }
    return NULL;
}

size_t pl_check_names(const char *ret[PL_CHECK_MAX])
{
    _Static_assert(PL_COUNT(checks) <= PL_CHECK_MAX, "PL_CHECK_MAX");
    for (size_t i = 0; i < PL_COUNT(checks); i++)
        ret[i] = checks[i].name;
    return PL_COUNT(checks);
}
