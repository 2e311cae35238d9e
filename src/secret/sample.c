/* Sample generators of rule files (docs/rules.md): stable pseudo-random text, so that no file
 * holds a token and every build tests the same ones. */
/* SPDX-License-Identifier: Apache-2.0 */

#include "base/base64.h"
#include "base/cleanup.h"
#include "base/hash.h"
#include "secret/filter.h"
#include "secret/rule_int.h"

#define DIGITS "0123456789"
#define LOWER "abcdefghijklmnopqrstuvwxyz"
#define UPPER "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
#define BASE62 DIGITS UPPER LOWER
#define MAX_LEN 8192u

struct gen {
    uint64_t state;
    struct pl_buf *out;
};

/* splitmix64 */
static uint64_t next(struct gen *g)
{
    uint64_t z = g->state += 0x9e3779b97f4a7c15ull;
    z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9ull;
    z = (z ^ z >> 27) * 0x94d049bb133111ebull;
    return z ^ z >> 31;
}

static bool holds_class(struct pl_str s, char lo, char hi)
{
    for (size_t i = 0; i < s.n; i++) {
        if (s.p[i] >= lo && s.p[i] <= hi)
            return true;
    }
    return false;
}

/* Does `s` have each class of characters that the alphabet has, and nothing of a placeholder? */
static bool natural(struct pl_str s, const char *alphabet)
{
    static const char classes[][2] = { { '0', '9' }, { 'a', 'z' }, { 'A', 'Z' } };
    struct pl_str a = pl_str_c(alphabet);
    if (s.n < 8)
        return true;
    for (size_t i = 0; i < PL_COUNT(classes); i++) {
        if (holds_class(a, classes[i][0], classes[i][1]) &&
            !holds_class(s, classes[i][0], classes[i][1]))
            return false;
    }
    return !pl_is_placeholder(s);
}

static void random_text(struct gen *g, const char *alphabet, size_t n)
{
    size_t from = g->out->n, k = strlen(alphabet);
    for (unsigned tries = 0; tries < 100; tries++) {
        g->out->n = from;
        for (size_t i = 0; i < n; i++)
            pl_buf_putc(g->out, alphabet[next(g) % k]);
        if (natural((struct pl_str){ g->out->p + from, n }, alphabet))
            break;
    }
}

static void crc_token(struct gen *g, struct pl_str arg)
{
    (void)arg;
    random_text(g, BASE62, 30);
    uint64_t crc = pl_crc32(g->out->p + g->out->n - 30, 30);
    char six[6];
    for (int i = 6; i-- > 0; crc /= 62)
        six[i] = BASE62[crc % 62];
    pl_buf_putn(g->out, six, sizeof six);
}

/* `n` random bytes as base64, in lines of `width` joined by `eol` (0: one line). */
static void base64_bytes(struct gen *g, const char *first, size_t n_first, size_t n, size_t width,
                         const char *eol)
{
    pl_auto_buf struct pl_buf raw = { 0 }, text = { 0 };
    pl_buf_putn(&raw, first, n_first);
    while (raw.n < n)
        pl_buf_putc(&raw, (char)next(g));
    pl_base64_encode(&text, pl_buf_str(&raw), PL_BASE64_STD);
    for (size_t i = 0; i < text.n; i += width ? width : text.n) {
        struct pl_str line = pl_str_sub(pl_buf_str(&text), i, width ? width : text.n);
        if (i)
            pl_buf_puts(g->out, eol);
        pl_buf_putn(g->out, line.p, line.n);
    }
}

static void pem_block(struct gen *g, struct pl_str label, const char *eol)
{
    static const char der[] = "\x30\x82\x04\xa4\x02\x01\x00";
    if (label.n == 0)
        label = PL_S("PRIVATE KEY");
    pl_buf_printf(g->out, "-----BEGIN %.*s-----%s", PL_FMT(label), eol);
    base64_bytes(g, der, sizeof der - 1, 800, 64, eol);
    pl_buf_printf(g->out, "%s-----END %.*s-----", eol, PL_FMT(label));
}

static void pem(struct gen *g, struct pl_str label)
{
    pem_block(g, label, "\n");
}

static void pem_line(struct gen *g, struct pl_str label)
{
    pem_block(g, label, "\\n");
}

static void openssh(struct gen *g, struct pl_str arg)
{
    static const char magic[] = "openssh-key-v1";
    (void)arg;
    pl_buf_puts(g->out, "-----BEGIN OPENSSH PRIVATE KEY-----\n");
    base64_bytes(g, magic, sizeof magic, 300, 70, "\n");
    pl_buf_puts(g->out, "\n-----END OPENSSH PRIVATE KEY-----");
}

static size_t length_of(struct pl_str arg, size_t otherwise)
{
    uint64_t n;
    return pl_str_u64(arg, &n) && n > 0 && n <= MAX_LEN ? (size_t)n : otherwise;
}

static void b64bytes(struct gen *g, struct pl_str arg)
{
    base64_bytes(g, "", 0, length_of(arg, 32), 0, "");
}

static void base64url(struct gen *g, struct pl_str s)
{
    pl_base64_encode(g->out, s, PL_BASE64_URL | PL_BASE64_NOPAD);
}

static void jwt(struct gen *g, struct pl_str arg)
{
    pl_auto_buf struct pl_buf body = { 0 };
    struct gen b = { next(g), &body };
    (void)arg;
    base64url(g, PL_S("{\"alg\":\"HS256\",\"typ\":\"JWT\"}"));
    pl_buf_putc(g->out, '.');
    pl_buf_puts(&body, "{\"sub\":\"");
    random_text(&b, DIGITS, 10);
    pl_buf_puts(&body, "\",\"iat\":17");
    random_text(&b, DIGITS, 8);
    pl_buf_puts(&body, "}");
    base64url(g, pl_buf_str(&body));
    pl_buf_putc(g->out, '.');
    random_text(g, BASE62 "-_", 43);
}

static void hexbytes(struct gen *g, struct pl_str arg)
{
    uint8_t raw[256];
    if (arg.n % 2 == 0 && arg.n / 2 <= sizeof raw && pl_unhex(arg, raw, arg.n / 2))
        pl_buf_putn(g->out, raw, arg.n / 2);
}

static void uuid(struct gen *g, struct pl_str arg)
{
    static const char form[] = "xxxxxxxx-xxxx-4xxx-yxxx-xxxxxxxxxxxx";
    (void)arg;
    for (const char *c = form; *c; c++) {
        char hex = "0123456789abcdef"[next(g) % 16];
        pl_buf_putc(g->out, *c == 'x' ? hex : *c == 'y' ? "89ab"[next(g) % 4] : *c);
    }
}

static void password(struct gen *g, struct pl_str arg)
{
    static const char alphabet[] = "abcdefghijkmnopqrstuvwxyzABCDEFGHJKLMNPQRSTUVWXYZ23456789!%+=";
    size_t n = length_of(arg, 14);
    random_text(g, LOWER, n / 3);
    random_text(g, alphabet, n - n / 3 - (n > 3) * 2);
    if (n > 3) {
        random_text(g, "23456789", 1);
        random_text(g, "!+=", 1);
    }
}

static void luhn(struct gen *g, struct pl_str arg)
{
    size_t n = length_of(arg, 16), from = g->out->n;
    random_text(g, DIGITS, n - 1);
    unsigned sum = 0;
    for (size_t i = 0; i + 1 < n; i++) {
        unsigned d = (unsigned)(g->out->p[from + n - 2 - i] - '0') << (i % 2 == 0);
        sum += d > 9 ? d - 9 : d;
    }
    pl_buf_putc(g->out, (char)('0' + (10 - sum % 10) % 10));
}

static void docker_auth(struct gen *g, struct pl_str arg)
{
    pl_auto_buf struct pl_buf plain = { 0 };
    struct gen b = { next(g), &plain };
    (void)arg;
    random_text(&b, LOWER, 6);
    pl_buf_putc(&plain, ':');
    password(&b, PL_S("16"));
    pl_base64_encode(g->out, pl_buf_str(&plain), PL_BASE64_STD);
}

static uint32_t bech32_step(uint32_t chk, unsigned x)
{
    static const uint32_t gen[] = { 0x3b6a57b2, 0x26508e6d, 0x1ea119fa, 0x3d4233dd, 0x2a1462b3 };
    uint32_t top = chk >> 25;
    chk = (chk & 0x1ffffff) << 5 ^ x;
    for (int k = 0; k < 5; k++)
        chk ^= top >> k & 1 ? gen[k] : 0;
    return chk;
}

static void age_key(struct gen *g, struct pl_str arg)
{
    static const char charset[] = "QPZRY9X8GF2TVDW0S3JN54KHCE6MUA7L", hrp[] = "age-secret-key-";
    uint32_t chk = 1;
    (void)arg;
    for (size_t i = 0; hrp[i]; i++)
        chk = bech32_step(chk, (uint8_t)hrp[i] >> 5);
    chk = bech32_step(chk, 0);
    for (size_t i = 0; hrp[i]; i++)
        chk = bech32_step(chk, (uint8_t)hrp[i] & 31);
    pl_buf_puts(g->out, "AGE-SECRET-KEY-1");
    for (int i = 0; i < 52; i++) {
        unsigned x = next(g) % 32;
        chk = bech32_step(chk, x);
        pl_buf_putc(g->out, charset[x]);
    }
    for (int i = 0; i < 6; i++)
        chk = bech32_step(chk, 0);
    chk ^= 1;
    for (int i = 0; i < 6; i++)
        pl_buf_putc(g->out, charset[chk >> 5 * (5 - i) & 31]);
}

static void expand(struct gen *g, struct pl_str text);

static void b64enc(struct gen *g, struct pl_str text)
{
    pl_auto_buf struct pl_buf plain = { 0 };
    struct gen b = { next(g), &plain };
    expand(&b, text);
    pl_base64_encode(g->out, pl_buf_str(&plain), PL_BASE64_STD);
}

static const struct {
    const char *name, *alphabet;
} alphabets[] = {
    { "alnum", BASE62 },
    { "lower", LOWER },
    { "upper", UPPER },
    { "alpha", LOWER UPPER },
    { "digit", DIGITS },
    { "hex", DIGITS "abcdef" },
    { "HEX", DIGITS "ABCDEF" },
    { "lownum", LOWER DIGITS },
    { "upnum", UPPER DIGITS },
    { "base32", UPPER "234567" },
    { "base58", "123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz" },
    { "b64", BASE62 "+/" },
    { "b64url", BASE62 "-_" },
    { "word", BASE62 "_" },
};

static const struct {
    const char *name;
    void (*make)(struct gen *g, struct pl_str arg);
} makers[] = {
    { "uuid", uuid },
    { "github-crc", crc_token },
    { "npm-crc", crc_token },
    { "jwt", jwt },
    { "pem", pem },
    { "pem1", pem_line },
    { "openssh", openssh },
    { "b64bytes", b64bytes },
    { "b64enc", b64enc },
    { "password", password },
    { "age-key", age_key },
    { "luhn", luhn },
    { "docker-auth", docker_auth },
    { "hexbytes", hexbytes },
};

/* The '}' that closes a generator whose body begins at `i`; generators may stand in it. */
static size_t closing(struct pl_str s, size_t i)
{
    for (unsigned depth = 0; i < s.n; i++) {
        if (s.p[i] == '{')
            depth++;
        else if (s.p[i] == '}' && depth-- == 0)
            return i;
    }
    return SIZE_MAX;
}

static bool generate(struct gen *g, struct pl_str body)
{
    struct pl_str arg = body, name;
    uint64_t n;
    if (!pl_str_split(&arg, ':', &name))
        return false;
    for (size_t i = 0; i < PL_COUNT(makers); i++) {
        if (pl_str_is(name, makers[i].name)) {
            makers[i].make(g, arg);
            return true;
        }
    }
    for (size_t i = 0; i < PL_COUNT(alphabets); i++) {
        if (pl_str_is(name, alphabets[i].name) && pl_str_u64(arg, &n) && n > 0 && n <= MAX_LEN) {
            random_text(g, alphabets[i].alphabet, (size_t)n);
            return true;
        }
    }
    return false;
}

static void expand(struct gen *g, struct pl_str text)
{
    for (size_t i = 0; i < text.n; i++) {
        size_t end = text.p[i] == '{' ? closing(text, i + 1) : SIZE_MAX;
        if (end != SIZE_MAX && generate(g, pl_str_sub(text, i + 1, end - i - 1)))
            i = end;
        else
            pl_buf_putc(g->out, text.p[i]);
    }
}

void pl_rule_sample_expand(struct pl_str text, struct pl_str seed, struct pl_buf *out)
{
    struct gen g = { pl_str_hash(seed), out };
    expand(&g, text);
}
