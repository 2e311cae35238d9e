/* Posting to an address, with a signature of the body. RFC 2104; the header Idempotency-Key. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "cmd/webhook.h"

#include <stdio.h>
#include <time.h>

#include "base/cleanup.h"
#include "base/hash.h"
#include "cmd/common.h"
#include "cmd/fetch.h"
#include "io/http.h"
#include "io/url.h"

#define TRIES 4

static int begin(void *arg, struct pl_err *err)
{
    (void)arg, (void)err;
    return 0;
}

/* What the other side answers does not matter. */
static int data(void *arg, const void *p, size_t n, struct pl_err *err)
{
    (void)arg, (void)p, (void)n, (void)err;
    return 0;
}

static bool again(int code)
{
    return code == PL_E_NET || code == PL_E_IO;
}

static void sign(struct pl_str secret, struct pl_str text, char out[16 + 2 * PL_SHA256_LEN])
{
    uint8_t sum[PL_SHA256_LEN];
    pl_hmac_sha256(secret.p, secret.n, text.p, text.n, sum);
    memcpy(out, "sha256=", 7);
    pl_hex(sum, sizeof sum, out + 7);
}

/* The receiver's clock decides how old is too old; each try has a time of its own. */
static size_t add_time(const struct pl_webhook *w, struct pl_str body, char stamp[24],
                       char signature[16 + 2 * PL_SHA256_LEN], struct pl_http_field *fields)
{
    pl_auto_buf struct pl_buf b = { 0 };
    size_t n = 0;
    snprintf(stamp, 24, "%lld", (long long)time(NULL));
    fields[n++] = (struct pl_http_field){ PL_S("X-Plimsoll-Timestamp"), pl_str_c(stamp) };
    if (!w->secret.n)
        return n;
    pl_buf_printf(&b, "%s.", stamp);
    pl_buf_putn(&b, body.p, body.n);
    sign(w->secret, pl_buf_str(&b), signature);
    fields[n++] = (struct pl_http_field){ PL_S("X-Plimsoll-Signature-Timed"), pl_str_c(signature) };
    return n;
}

int pl_webhook_shown(const char *url, struct pl_arena *a, struct pl_str *ret, struct pl_err *err)
{
    struct pl_url u;
    if (pl_url_parse(pl_str_c(url), a, &u, err) < 0)
        return pl_wrap(err, "--webhook");
    *ret = pl_printf(a, "%s://%.*s:%u/…", u.https ? "https" : "http", PL_FMT(u.host), u.port);
    return 0;
}

static int blame(const char *url, struct pl_err *err)
{
    struct pl_arena a = { 0 };
    struct pl_err other = { 0 };
    struct pl_str shown;
    if (pl_webhook_shown(url, &a, &shown, &other) < 0)
        shown = PL_S("…");
    int r = pl_wrap(err, "webhook '%.*s'", PL_FMT(shown));
    pl_arena_release(&a);
    return r;
}

int pl_webhook_post(const struct pl_webhook *w, struct pl_str body, struct pl_err *err)
{
    uint8_t sum[PL_SHA256_LEN];
    char key[2 * PL_SHA256_LEN + 1], signature[16 + 2 * PL_SHA256_LEN],
        timed[16 + 2 * PL_SHA256_LEN], stamp[24];
    struct pl_http_field fields[5] = { { PL_S("Content-Type"), pl_str_c(w->type) } };
    struct pl_fetch f = { .method = "POST",
                          .ca_file = w->ca_file,
                          .connect_s = 10,
                          .stall_s = 30,
                          .max_gib = 1,
                          .begin = begin,
                          .data = data,
                          .fields = fields,
                          .body = body };
    pl_sha256(body.p, body.n, sum);
    pl_hex(sum, 16, key);
    fields[1] = (struct pl_http_field){ PL_S("Idempotency-Key"), pl_str_c(w->key ? w->key : key) };
    f.n_fields = 2;
    if (w->secret.n) {
        sign(w->secret, body, signature);
        fields[f.n_fields++] =
            (struct pl_http_field){ PL_S("X-Plimsoll-Signature"), pl_str_c(signature) };
    }
    int r = 0, tries = w->tries ? w->tries : TRIES;
    const size_t fixed = f.n_fields;
    for (int i = 0; i < tries; i++) {
        if (w->timed)
            f.n_fields = fixed + add_time(w, body, stamp, timed, fields + fixed);
        const struct timespec pause = { .tv_nsec = 250000000L << i };
        r = pl_fetch(pl_str_c(w->url), &f, err);
        if (!again(r) || *pl_common_cancel() || i == tries - 1)
            break;
        const struct timespec whole = { .tv_sec = pause.tv_nsec / 1000000000,
                                        .tv_nsec = pause.tv_nsec % 1000000000 };
        nanosleep(&whole, NULL);
    }
    return r < 0 ? blame(w->url, err) : 0;
}
