/* Is a value a secret? Shape first (what cannot be one), then how unlike words it is, held against
 * what its name and place ask for. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "base/cleanup.h"
#include "secret/filter.h"
#include "secret/keyvalue.h"

#define MAX_PASSWORD 128
#define MAX_PLAIN 256
#define MAX_TOKEN 2048

/* Bits of surprise, rounded, of the second letter after the first; counted over the words of
 * manuals and programs. */
static const char bigram[26][27] = {
    "95459759597344959342567779", /* a */
    "37563788449388469447399759", /* b */
    "39673893594468279563599969", /* c */
    "46752677288577478546588868", /* d */
    "57435569799553856234967478", /* e */
    "48764487299487399465499969", /* f */
    "59672854399554479345498997", /* g */
    "29872997399668379564699967", /* h */
    "55455559998452359544969696", /* i */
    "39652697576978369838385987", /* j */
    "48651958379586679646595977", /* k */
    "38752789298487369745579859", /* l */
    "25862999499557439857599989", /* m */
    "48433538596776479633669988", /* n */
    "65548769686442549355455899", /* o */
    "38773885497489449354599948", /* p */
    "69966866999467778657079879", /* q */
    "38552759396655379444678959", /* r */
    "59472785397577448642487967", /* s */
    "39672794399678469345588857", /* t */
    "44564668499443749343999899", /* u */
    "29681889399978589777999989", /* v */
    "29863893397694389357996998", /* w */
    "57363696499647739652999767", /* x */
    "67564657489444529433775786", /* y */
    "37761785387756568687787958", /* z */
};

static bool letter(uint8_t c)
{
    return (uint8_t)((c | 0x20) - 'a') < 26;
}

static unsigned class_of(uint8_t c)
{
    return pl_is_digit(c) ? 0 : c >= 'a' && c <= 'z' ? 1 : c >= 'A' && c <= 'Z' ? 2 : 3;
}

struct profile {
    unsigned lower, upper, digit, other, changes, pairs;
    double surprise; /* bits per pair of letters */
};

static struct profile profile_of(struct pl_str s)
{
    struct profile f = { 0 };
    unsigned bits = 0;
    for (size_t i = 0; i < s.n; i++) {
        uint8_t c = (uint8_t)s.p[i], b = i ? (uint8_t)s.p[i - 1] : 0;
        unsigned k = class_of(c);
        f.digit += k == 0;
        f.lower += k == 1;
        f.upper += k == 2;
        f.other += k == 3;
        if (i == 0)
            continue;
        /* "Word": a capital in front of small letters is no change */
        f.changes +=
            class_of(b) != k && !(class_of(b) == 2 && k == 1) && k != 3 && class_of(b) != 3;
        if (letter(c) && letter(b)) {
            bits += (unsigned)(bigram[(b | 0x20) - 'a'][(c | 0x20) - 'a'] - '0');
            f.pairs++;
        }
    }
    f.surprise = f.pairs ? (double)bits / f.pairs : 0;
    return f;
}

double pl_kv_rarity(struct pl_str s)
{
    if (s.n < 4)
        return 0;
    struct profile f = profile_of(s);
    double unlike = f.pairs >= 3 ? (f.surprise - 4.2) / 2.0 : 0;
    double mixed = 3.0 * f.changes / (double)s.n;
    if (unlike < 0)
        unlike = unlike / 2;
    /* digits alone, or nearly: dates, sizes, identifiers */
    double digits = f.digit + f.other >= s.n ? -1 : 0;
    return unlike + mixed + digits;
}

static bool only(struct pl_str s, const char *set)
{
    for (size_t i = 0; i < s.n; i++) {
        if (!strchr(set, s.p[i]) || !s.p[i])
            return false;
    }
    return true;
}

static bool is_hex(struct pl_str s)
{
    for (size_t i = 0; i < s.n; i++) {
        if (!pl_is_digit((uint8_t)s.p[i]) && (uint8_t)((s.p[i] | 0x20) - 'a') > 5)
            return false;
    }
    return true;
}

/* user.password, settings.API_KEY, self->token, Foo::bar: an expression, not a value. */
static bool is_expression(struct pl_str s)
{
    bool plain = true;
    unsigned dots = 0, digits = 0;
    for (size_t i = 0; i < s.n; i++) {
        uint8_t c = (uint8_t)s.p[i];
        dots += c == '.';
        digits += pl_is_digit(c);
        plain &= pl_is_word(c) || c == '.';
    }
    if (plain && dots && digits <= 2)
        return true;
    return pl_str_find(s, PL_S("->"), 0) != SIZE_MAX || pl_str_find(s, PL_S("::"), 0) != SIZE_MAX;
}

static bool is_path_or_url(struct pl_str s)
{
    if (pl_str_find(s, PL_S("://"), 0) != SIZE_MAX || pl_str_starts(s, PL_S("arn:")) ||
        pl_str_starts(s, PL_S("urn:")) || pl_str_starts(s, PL_S("./")) ||
        pl_str_starts(s, PL_S("../")) || pl_str_starts(s, PL_S("~/")))
        return true;
    if (s.p[0] != '/')
        return false;
    /* base64 may begin with a slash; a path has words between its slashes */
    return pl_kv_rarity(s) < 0.5;
}

/* What a program computes, fills in or looks up. */
static bool is_computed(const struct pl_kv *kv)
{
    struct pl_str s = kv->value;
    const char *tick = memchr(s.p, '`', s.n);
    if (tick && (!kv->mark || memchr(tick + 1, '`', s.n - (size_t)(tick + 1 - s.p))))
        return true;
    while (s.n > 4 && s.p[s.n - 1] == '=')
        s.n--; /* padding of base64 */
    static const char *const marks[] = { "$(",  "${",  "{{",  "}}", "<%", "%(", "#{",
                                         "()",  "[]",  "...", "&&", "||", "**", "==",
                                         "\\n", "\\u", "%s",  "%d", "@{" };
    static const char *const starts[] = {
        "$",    "%",      "<",    "{",     "[",   "(",        "@",    "&",     "!", "|", ">",
        "ENC(", "vault:", "ref+", "op://", "os.", "process.", "env.", "sops:", "#", "-", "=",
        "\\",   ",",      "`",    "*",     "~",   "?",        "^",    ":",     ";", "."
    };
    for (size_t i = 0; i < PL_COUNT(marks); i++) {
        if (pl_str_find(s, pl_str_c(marks[i]), 0) != SIZE_MAX)
            return true;
    }
    bool password = kv->quoted && !kv->token && pl_is_signed_password(s);
    for (size_t i = 0; i < PL_COUNT(starts) && !password; i++) {
        if (pl_str_starts(s, pl_str_c(starts[i])))
            return true;
    }
    if (s.n >= 3 && s.p[s.n - 1] == ')' && memchr(s.p, '(', s.n))
        return true;
    return s.p[s.n - 1] == ':' || s.p[s.n - 1] == '(' || s.p[s.n - 1] == '{';
}

static bool has_odd_bytes(struct pl_str s)
{
    for (size_t i = 0; i < s.n; i++) {
        uint8_t c = (uint8_t)s.p[i];
        if (c <= ' ' || c > 0x7e || c == '"' || c == '<' || c == '>')
            return true;
    }
    return false;
}

static bool is_keyword(struct pl_str s)
{
    static const char *const words[] = { "true",    "false",   "null",   "none",     "nil",
                                         "yes",     "no",      "string", "str",      "undefined",
                                         "off",     "on",      "self",   "required", "optional",
                                         "boolean", "bool",    "int",    "text",     "disabled",
                                         "enabled", "unknown", "basic",  "bearer",   "bytes",
                                         "object",  "any",     "empty",  "void",     "auto",
                                         "prompt",  "hidden",  "files",  "systemd",  "integer" };
    for (size_t i = 0; i < PL_COUNT(words); i++) {
        if (pl_str_ieq(s, pl_str_c(words[i])))
            return true;
    }
    return false;
}

static size_t letters_of(struct pl_str s, char *out, size_t max)
{
    size_t n = 0;
    for (size_t i = 0; i < s.n && n < max; i++) {
        if (pl_is_alnum((uint8_t)s.p[i]))
            out[n++] = s.p[i] >= 'A' && s.p[i] <= 'Z' ? (char)(s.p[i] | 0x20) : s.p[i];
    }
    return n;
}

/* Does the value only say the name, or a part of it, again? */
static bool repeats_key(const struct pl_kv *kv)
{
    char key[64], value[64];
    size_t k = letters_of(kv->key, key, sizeof key), v = letters_of(kv->value, value, sizeof value);
    return v >= 4 && v <= k && v < sizeof value &&
           pl_str_find(pl_str_n(key, k), pl_str_n(value, v), 0) != SIZE_MAX;
}

/* Nothing that a secret looks like, wherever it stands. */
static bool impossible(const struct pl_kv *kv)
{
    struct pl_str v = kv->value;
    return v.n < 4 || v.n > (kv->token ? MAX_TOKEN : MAX_PASSWORD) || has_odd_bytes(v) ||
           only(v, "0123456789.,:-/ ") || is_keyword(v) || is_computed(kv) || is_path_or_url(v) ||
           is_expression(v) || repeats_key(kv) || pl_stands_for_secret(v);
}

/* A word or two, no digit and no sign in it. */
static bool wordlike(struct pl_str s)
{
    struct profile f = profile_of(s);
    return f.digit == 0 && pl_kv_rarity(s) < 0.8;
}

static bool is_uuid(struct pl_str s)
{
    if (s.n != 36)
        return false;
    for (size_t i = 0; i < s.n; i++) {
        bool dash = i == 8 || i == 13 || i == 18 || i == 23;
        if (dash ? s.p[i] != '-' : !is_hex(pl_str_sub(s, i, 1)))
            return false;
    }
    return true;
}

/* A UUID that was cut short: its last group, at the end of `s`, has not twelve digits. */
static bool is_cut_uuid(struct pl_str s)
{
    size_t n[6] = { 0 }, group = 0;
    for (size_t i = s.n; i-- > 0 && group < 6;) {
        if (s.p[i] == '-')
            group++;
        else if (is_hex(pl_str_sub(s, i, 1)))
            n[group]++;
        else
            break;
    }
    return n[1] == 4 && n[2] == 4 && n[3] == 4 && n[4] == 8 && n[0] != 12;
}

/* Begins like a JWT and has its three parts, but nothing that could be a signature. */
static bool is_unsigned_jwt(struct pl_str s)
{
    struct pl_str part;
    if (!pl_str_starts(s, PL_S("eyJ")) || !pl_str_split(&s, '.', &part) ||
        !pl_str_split(&s, '.', &part))
        return false;
    return s.n && s.n < 10;
}

/* "x$name" in double quotes, where many languages put a variable. */
static bool holds_variable(const struct pl_kv *kv)
{
    for (size_t i = 0; i + 1 < kv->value.n && kv->mark == '"'; i++) {
        if (kv->value.p[i] == '$' && letter((uint8_t)kv->value.p[i + 1]))
            return true;
    }
    return false;
}

/* By the prefix that its provider gave it, a key that clients carry in the open. */
static bool is_publishable(struct pl_str s)
{
    return pl_str_starts(s, PL_S("pk_")) || pl_str_starts(s, PL_S("pub_")) ||
           pl_str_starts(s, PL_S("public_"));
}

/* In prose: "token" and no more for a name, and a value that could be any digest. */
static bool is_loose_digest(const struct pl_kv *kv, enum pl_kv_place place)
{
    size_t n = kv->value.n;
    return place >= PL_KV_TEXT && place != PL_KV_CODE && !kv->quoted && !kv->tight &&
           kv->key.n <= 6 && is_hex(kv->value) && (n == 32 || n == 40 || n == 64);
}

/* Base64 that ends in padding, with digits and both cases: no word does. */
static bool is_padded(struct pl_str s)
{
    struct profile f = profile_of(s);
    return s.n % 4 == 0 && s.p[s.n - 1] == '=' && f.digit && f.lower && f.upper && f.other <= 4;
}

/* A token travels in headers and addresses, so its signs are those of RFC 6750 and RFC 3986, and
 * the few that join parts or escape. */
static bool has_foreign_sign(struct pl_str s)
{
    for (size_t i = 0; i < s.n; i++) {
        if (!pl_is_alnum((uint8_t)s.p[i]) && !strchr("._~+/=:|@,-\\", s.p[i]))
            return true;
    }
    return false;
}

/* Signs that neither a token nor the name of a variable has, and that join no words. */
static bool has_password_sign(struct pl_str s)
{
    return memchr(s.p, '!', s.n) || memchr(s.p, '#', s.n) || memchr(s.p, '^', s.n);
}

static bool token(const struct pl_kv *kv, enum pl_kv_place place)
{
    struct pl_str v = kv->value;
    struct profile f = profile_of(v);
    double rare = pl_kv_rarity(v), bits = pl_entropy(v);
    /* what is longer and has no parts is data: a certificate, an image */
    if (v.n > MAX_PLAIN && !memchr(v.p, '.', v.n))
        return false;
    if (is_cut_uuid(v) || is_unsigned_jwt(v) || holds_variable(kv) || is_publishable(v) ||
        is_loose_digest(kv, place))
        return false;
    bool asks_token =
        pl_str_iends(kv->key, PL_S("token")) || pl_str_iends(kv->key, PL_S("apikey")) ||
        pl_str_iends(kv->key, PL_S("api_key")) || pl_str_iends(kv->key, PL_S("api-key"));
    if (asks_token && has_foreign_sign(v))
        return false;
    if (is_uuid(v))
        return bits > 2.8 && ((place != PL_KV_DOC && place != PL_KV_TEXT) ||
                              (!kv->comment && (kv->quoted || kv->tight)));
    size_t least = place == PL_KV_DOC ? 20 : place >= PL_KV_TEXT ? 16 : 10;
    if (v.n < least || f.digit == 0)
        return place == PL_KV_CONFIG && v.n >= 16 && f.digit == 0 && rare > 1.2 && bits > 3.3;
    if (is_hex(v))
        return v.n >= 16 && f.digit + 2 < v.n && bits > (place == PL_KV_DOC ? 3.3 : 2.8) &&
               (place != PL_KV_DOC || !kv->comment);
    if (is_padded(v))
        return v.n >= 20 && bits > 3.4;
    return rare > (place == PL_KV_DOC    ? 1.0
                   : place == PL_KV_CODE ? 0.7
                                         : 0.5) &&
           bits > (place == PL_KV_DOC ? 3.7 : 2.9);
}

static bool password(const struct pl_kv *kv, enum pl_kv_place place)
{
    struct pl_str v = kv->value;
    struct profile f = profile_of(v);
    double rare = pl_kv_rarity(v);
    if (place == PL_KV_DOC)
        return v.n >= 12 && f.digit && f.lower + f.upper && rare > 1.0 && pl_entropy(v) > 3.2 &&
               (kv->quoted || kv->tight || (v.n >= 16 && !kv->comment && rare > 1.2));
    if (pl_is_password_placeholder(v) && !(f.digit >= 2 && f.other))
        return false;
    if (place == PL_KV_CONFIG && !kv->comment)
        return v.n >= 5 || f.digit;
    if (v.n < 6 || (wordlike(v) && !f.other))
        return false;
    /* words joined by a sign are prose as often as a password */
    if (place >= PL_KV_SCRIPT && !f.digit && !f.upper && f.other == 1 && rare < 0.5 &&
        !has_password_sign(v))
        return false;
    return f.digit || f.other || rare > 1.0;
}

/* "ClearTextPassword1": what stands in front of the word says what password is meant. */
static bool describes_itself(struct pl_str s)
{
    size_t at = pl_find_word(s, "password");
    return at != SIZE_MAX && at > 0;
}

bool pl_kv_is_weak_password(const struct pl_kv *kv, enum pl_kv_place place)
{
    struct pl_str v = kv->value;
    struct profile f = profile_of(v);
    return place <= PL_KV_SCRIPT && !kv->comment && !kv->list && (kv->tight || kv->quoted) &&
           f.digit && v.n >= 6 && v.n <= 24 && !describes_itself(v) && !impossible(kv);
}

/* Behind a name that says only "key": no word and no digest of a lock file has this form. */
static bool plainly_random(const struct pl_kv *kv)
{
    struct pl_str v = kv->value;
    struct profile f = profile_of(v);
    bool clean = !has_foreign_sign(v) && !is_uuid(v) && !is_publishable(v) && !is_cut_uuid(v) &&
                 !holds_variable(kv);
    return clean && v.n >= 16 && f.digit >= 2 && f.lower + f.upper >= 3 && f.other * 6 <= v.n &&
           pl_entropy(v) > 3.3 && (is_hex(v) || is_padded(v) || pl_kv_rarity(v) > 0.9);
}

bool pl_kv_is_random(const struct pl_kv *kv)
{
    return !impossible(kv) &&
           (plainly_random(kv) || (is_uuid(kv->value) && pl_entropy(kv->value) > 2.8));
}

bool pl_kv_is_secret(const struct pl_kv *kv, enum pl_kv_name name, enum pl_kv_place place)
{
    if (impossible(kv))
        return false;
    if (kv->list && place < PL_KV_CODE)
        place = PL_KV_CODE;
    if (kv->list && (kv->comment || wordlike(kv->value)))
        return false;
    if (place == PL_KV_CODE && !kv->quoted && !(kv->member && plainly_random(kv)))
        return false;
    /* in a script a bare value is one only in an assignment without blanks */
    if (place == PL_KV_SCRIPT && !kv->quoted && !kv->tight && wordlike(kv->value))
        return false;
    if (name == PL_KV_KEY || kv->beside)
        return place != PL_KV_DOC && !kv->comment && !kv->list && plainly_random(kv) &&
               (kv->key.n > 3 || kv->quoted || kv->tight);
    /* what holds signs that no token has is a password, whatever it is called */
    bool phrase = kv->quoted && place != PL_KV_DOC && pl_str_iends(kv->key, PL_S("secret")) &&
                  has_password_sign(kv->value) && !holds_variable(kv);
    if (name == PL_KV_TOKEN && !phrase)
        return token(kv, place);
    /* in notes, too, most of what stands beside "password" is prose */
    return password(kv, place == PL_KV_TEXT && !kv->quoted ? PL_KV_DOC : place);
}
