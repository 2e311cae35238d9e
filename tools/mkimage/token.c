/* Secrets that never were: for each {KIND:NAME} of a recipe a value of the form its provider gives
 * out, computed from KIND and NAME alone, so that no credential stands in the tree. */
/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>
#include <zlib.h>

#include "mk.h"

static const char base62[] = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
static const char b32[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
static const char digits[] = "0123456789";
static const char hexes[] = "0123456789abcdef";
static const char b64std[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
static const char b64url[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

void mk_random(struct pl_str seed, uint8_t *out, size_t n)
{
    uint8_t state[40];
    pl_sha256(seed.p, seed.n, state);
    for (uint64_t i = 0; n; i++) {
        uint8_t block[32];
        size_t k = n < 32 ? n : 32;
        memcpy(state + 32, &i, 8);
        pl_sha256(state, sizeof state, block);
        memcpy(out, block, k);
        out += k;
        n -= k;
    }
}

void mk_base64(struct pl_str in, bool url, struct pl_buf *out)
{
    const char *set = url ? b64url : b64std;
    const uint8_t *p = (const uint8_t *)in.p;
    for (size_t i = 0; i < in.n; i += 3) {
        size_t left = in.n - i;
        unsigned v = (unsigned)p[i] << 16 | (left > 1 ? (unsigned)p[i + 1] << 8 : 0) |
                     (left > 2 ? p[i + 2] : 0);
        pl_buf_putc(out, set[v >> 18]);
        pl_buf_putc(out, set[v >> 12 & 63]);
        if (left > 1)
            pl_buf_putc(out, set[v >> 6 & 63]);
        else if (!url)
            pl_buf_putc(out, '=');
        if (left > 2)
            pl_buf_putc(out, set[v & 63]);
        else if (!url)
            pl_buf_putc(out, '=');
    }
}

/* `n` characters of `set` (its length counted without NUL). */
static void pick(struct pl_buf *out, struct pl_str seed, const char *set, size_t n)
{
    size_t len = strlen(set);
    pl_auto_free uint8_t *r = malloc(2 * n);
    if (!r)
        pl_oom();
    mk_random(seed, r, 2 * n);
    for (size_t i = 0; i < n; i++)
        pl_buf_putc(out, set[(r[2 * i] << 8 | r[2 * i + 1]) % len]);
}

/* The six last characters of GitHub and npm tokens: CRC-32 of what follows the prefix, in base 62.
 */
static void checksum(struct pl_buf *out, size_t from)
{
    uint32_t crc = (uint32_t)crc32(0, (const Bytef *)out->p + from, (uInt)(out->n - from));
    char tail[6];
    for (int i = 5; i >= 0; i--, crc /= 62)
        tail[i] = base62[crc % 62];
    pl_buf_putn(out, tail, 6);
}

static void wrap64(struct pl_buf *out, struct pl_str text)
{
    for (size_t i = 0; i < text.n; i += 64) {
        pl_buf_putn(out, text.p + i, text.n - i < 64 ? text.n - i : 64);
        pl_buf_putc(out, '\n');
    }
}

/* PKCS#1 in shape: the right tags and lengths around numbers that are none of a key. */
static void make_pem(struct pl_buf *out, struct pl_str seed)
{
    static const uint8_t head[] = { 0x30, 0x82, 0x04, 0xa4, 2, 1, 0, 2, 0x82, 1, 1, 0 };
    uint8_t der[1192];
    pl_auto_buf struct pl_buf b = { 0 };
    mk_random(seed, der, sizeof der);
    memcpy(der, head, sizeof head);
    mk_base64(pl_str_n(der, sizeof der), false, &b);
    pl_buf_puts(out, "-----BEGIN RSA PRIVATE"
                     " KEY-----\n");
    wrap64(out, pl_buf_str(&b));
    pl_buf_puts(out, "-----END RSA PRIVATE"
                     " KEY-----\n");
}

static void make_ed25519(struct pl_buf *out, struct pl_str seed)
{
    uint8_t der[48] = { 0x30, 0x2e, 2, 1, 0, 0x30, 5, 6, 3, 0x2b, 0x65, 0x70, 4, 0x22, 4, 0x20 };
    pl_auto_buf struct pl_buf b = { 0 };
    mk_random(seed, der + 16, 32);
    mk_base64(pl_str_n(der, sizeof der), false, &b);
    pl_buf_puts(out, "-----BEGIN PRIVATE"
                     " KEY-----\n");
    wrap64(out, pl_buf_str(&b));
    pl_buf_puts(out, "-----END PRIVATE"
                     " KEY-----\n");
}

static void make_jwt(struct pl_buf *out, struct pl_str seed)
{
    pl_auto_buf struct pl_buf claims = { 0 };
    pl_buf_puts(&claims, "{\"sub\":\"");
    pick(&claims, seed, digits, 10);
    pl_buf_puts(&claims, "\",\"name\":\"deploy\",\"iat\":1767225600}");
    mk_base64(PL_S("{\"alg\":\"HS256\",\"typ\":\"JWT\"}"), true, out);
    pl_buf_putc(out, '.');
    mk_base64(pl_buf_str(&claims), true, out);
    pl_buf_putc(out, '.');
    pick(out, seed, b64url, 43);
}

/* A kind made of pieces: fixed text, then `n` characters of `set`, and so on. */
struct piece {
    const char *text, *set;
    unsigned n;
};
struct kind {
    const char *name;
    struct piece part[4];
    bool crc;
    void (*make)(struct pl_buf *out, struct pl_str seed);
};

/* Prefixes are cut in two so that this file itself is no finding. */
static const struct kind kinds[] = {
    { "token",
      { { "gh"
          "p_",
          base62, 30 } },
      true,
      NULL },
    { "github",
      { { "gh"
          "p_",
          base62, 30 } },
      true,
      NULL },
    { "ghs",
      { { "gh"
          "s_",
          base62, 30 } },
      true,
      NULL },
    { "github-fine",
      { { "github"
          "_pat_",
          base62, 22 },
        { "_", base62, 59 } },
      false,
      NULL },
    { "npm",
      { { "np"
          "m_",
          base62, 30 } },
      true,
      NULL },
    { "aws",
      { { "AK"
          "IA",
          b32, 16 } },
      false,
      NULL },
    { "awssecret", { { "", b64std, 40 } }, false, NULL },
    { "gitlab",
      { { "gl"
          "pat-",
          base62, 20 } },
      false,
      NULL },
    { "slack",
      { { "xo"
          "xb-",
          digits, 12 },
        { "-", digits, 13 },
        { "-", base62, 24 } },
      false,
      NULL },
    { "stripe",
      { { "sk"
          "_live_",
          base62, 24 } },
      false,
      NULL },
    { "google",
      { { "AI"
          "za",
          b64url, 35 } },
      false,
      NULL },
    { "sendgrid",
      { { "S"
          "G.",
          base62, 22 },
        { ".", base62, 43 } },
      false,
      NULL },
    { "anthropic",
      { { "sk-"
          "ant-api03-",
          b64url, 93 },
        { "AA", NULL, 0 } },
      false,
      NULL },
    { "openai",
      { { "sk-"
          "proj-",
          base62, 20 },
        { "T3BlbkFJ", base62, 20 } },
      false,
      NULL },
    { "docker",
      { { "dckr"
          "_pat_",
          b64url, 27 } },
      false,
      NULL },
    { "hf",
      { { "h"
          "f_",
          base62 + 10, 34 } },
      false,
      NULL },
    { "pypi",
      { { "py"
          "pi-AgEIcHlwaS5vcmcC",
          b64url, 160 } },
      false,
      NULL },
    { "hexkey", { { "", hexes, 40 } }, false, NULL },
    { "password", { { "", base62, 20 } }, false, NULL },
    { "digits", { { "", digits, 12 } }, false, NULL },
    { "pem", { { NULL, NULL, 0 } }, false, make_pem },
    { "ed25519", { { NULL, NULL, 0 } }, false, make_ed25519 },
    { "jwt", { { NULL, NULL, 0 } }, false, make_jwt },
};

static void make(const struct kind *k, struct pl_str seed, struct pl_buf *out)
{
    size_t from = strlen(k->part[0].text ? k->part[0].text : "");
    if (k->make) {
        k->make(out, seed);
        return;
    }
    for (size_t i = 0; i < PL_COUNT(k->part) && k->part[i].text; i++) {
        char own[96]; /* each piece has its own characters */
        int n = snprintf(own, sizeof own, "%.*s/%zu", PL_FMT(pl_str_sub(seed, 0, 80)), i);
        pl_buf_puts(out, k->part[i].text);
        if (k->part[i].set)
            pick(out, pl_str_n(own, (size_t)n), k->part[i].set, k->part[i].n);
    }
    if (k->crc)
        checksum(out, from);
}

struct pl_str mk_secret(struct mk *m, struct pl_str kind, struct pl_str name)
{
    for (size_t i = 0; i < PL_COUNT(kinds); i++) {
        struct pl_buf b = { 0 };
        struct mk_token t;
        if (!pl_str_is(kind, kinds[i].name))
            continue;
        make(&kinds[i], pl_printf(&m->a, "%.*s:%.*s", PL_FMT(kind), PL_FMT(name)), &b);
        t.name = pl_dup(&m->a, name);
        t.value = mk_keep(m, &b);
        for (size_t j = 0; j < m->token.n; j++) {
            if (!pl_str_eq(m->token.p[j].name, name))
                continue;
            if (!pl_str_eq(m->token.p[j].value, t.value))
                mk_die(m, NULL, "two kinds of secret are called '%.*s'", PL_FMT(name));
            return t.value;
        }
        pl_vec_push(&m->token, t);
        return t.value;
    }
    return pl_str_c(NULL);
}

static bool name_char(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
           (c != 0 && strchr("-_.:", c));
}

/* "token:x", "base64:token:x" … ; false when it is nothing of ours. */
static bool expand_one(struct mk *m, struct pl_str in, struct pl_buf *out)
{
    struct pl_str rest = in, head, inner;
    pl_auto_buf struct pl_buf b = { 0 };
    if (!pl_str_split(&rest, ':', &head) || !rest.p || !rest.n)
        return false;
    if (pl_str_is(head, "base64") || pl_str_is(head, "base64url") || pl_str_is(head, "hex")) {
        if (!expand_one(m, rest, &b))
            return false;
        inner = pl_buf_str(&b);
        if (pl_str_is(head, "hex"))
            for (size_t i = 0; i < inner.n; i++)
                pl_buf_printf(out, "%02x", (unsigned char)inner.p[i]);
        else
            mk_base64(inner, pl_str_is(head, "base64url"), out);
        return true;
    }
    inner = mk_secret(m, head, rest);
    pl_buf_putn(out, inner.p, inner.n);
    return inner.n > 0;
}

void mk_expand(struct mk *m, struct pl_str in, struct pl_buf *out)
{
    for (size_t i = 0; i < in.n;) {
        size_t j = i + 1;
        if (in.p[i] == '{') {
            while (j < in.n && name_char(in.p[j]))
                j++;
            if (j < in.n && in.p[j] == '}' &&
                expand_one(m, pl_str_sub(in, i + 1, j - i - 1), out)) {
                i = j + 1;
                continue;
            }
        }
        pl_buf_putc(out, in.p[i++]);
    }
}
