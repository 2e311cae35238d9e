/* PEM blocks, RFC 7468. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "sign/pem.h"

#include "base/base64.h"
#include "base/limits.h"
#include "sign/key.h"

#define PEM_MAX PL_MIB(1)
#define LINE 64u

static bool blank(char c)
{
    return c == '\n' || c == '\r' || c == ' ' || c == '\t';
}

/* Without line ends; a header line ("Proc-Type: …") has a colon and fails to decode. */
static int decode(struct pl_str text, struct pl_arena *a, struct pl_str *ret, struct pl_err *err)
{
    char *flat = pl_alloc(a, text.n + 1);
    size_t n = 0;
    for (size_t i = 0; i < text.n; i++)
        if (!blank(text.p[i]))
            flat[n++] = text.p[i];
    if (pl_base64_decode(pl_str_n(flat, n), PL_BASE64_STD, flat, &n, err) < 0)
        return pl_wrap(err, "PEM");
    *ret = pl_str_n(flat, n);
    return 0;
}

int pl_pem_next(struct pl_str *text, struct pl_arena *a, struct pl_pem *ret, struct pl_err *err)
{
    const struct pl_str begin = PL_S("-----BEGIN "), dashes = PL_S("-----");
    if (text->n > PEM_MAX)
        return pl_fail(err, PL_E_LIMIT, "limit pem: more than 1 MiB");
    size_t at = pl_str_find(*text, begin, 0);
    if (at == SIZE_MAX)
        return pl_fail(err, PL_E_NOENT, "no PEM block");
    size_t label = at + begin.n, label_end = pl_str_find(*text, dashes, label);
    if (label_end == SIZE_MAX)
        return pl_fail(err, PL_E_FORMAT, "PEM block without a proper first line");
    ret->label = pl_str_sub(*text, label, label_end - label);
    struct pl_str end = pl_printf(a, "-----END %.*s-----", PL_FMT(ret->label));
    size_t body = label_end + dashes.n, body_end = pl_str_find(*text, end, body);
    if (body_end == SIZE_MAX)
        return pl_fail(err, PL_E_FORMAT, "PEM block does not end");
    int r = decode(pl_str_sub(*text, body, body_end - body), a, &ret->body, err);
    if (r == 0)
        *text = pl_str_sub(*text, body_end + end.n, text->n);
    return r;
}

void pl_pem_write(struct pl_buf *b, const char *label, struct pl_str body)
{
    struct pl_buf text = { 0 };
    pl_base64_encode(&text, body, PL_BASE64_STD);
    pl_buf_printf(b, "-----BEGIN %s-----\n", label);
    for (size_t i = 0; i < text.n; i += LINE) {
        struct pl_str line = pl_str_sub(pl_buf_str(&text), i, LINE);
        pl_buf_putn(b, line.p, line.n);
        pl_buf_putc(b, '\n');
    }
    pl_buf_printf(b, "-----END %s-----\n", label);
    pl_buf_wipe(&text); /* may have been a private key */
}
