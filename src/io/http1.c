/* HTTP/1.1 answers: status line, fields, bodies by length, by chunks and by close. RFC 9112. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "io/http1.h"

#include <inttypes.h>

/* What any server of ours sends is far below; all of them together bound a head to 64 KiB. */
#define LINE_MAX_LEN 8192u
#define HEAD_MAX 65536u
#define FIELDS_MAX 200u
#define INTERIM_MAX 8u
#define CHUNK_LINE_MAX 256u

void pl_http1_init(struct pl_http1 *h, pl_http1_fill_fn *fill, void *arg)
{
    h->fill = fill;
    h->field = NULL;
    h->arg = arg;
    h->close = false;
    h->status = 0;
    h->framing = PL_HTTP1_CLOSE;
    h->left = 0;
    h->in_chunk = h->done = false;
    h->failed = 0;
    h->at = h->have = 0;
}

/* Has at least one byte at buf[at]; PL_E_IO when nothing comes any more. */
static int more(struct pl_http1 *h, struct pl_err *err)
{
    size_t got = 0;
    if (h->at < h->have)
        return 0;
    int r = h->fill(h->arg, h->buf, sizeof h->buf, &got, err);
    if (r == 0 && got == 0)
        return pl_fail(err, PL_E_IO, "the connection ended early");
    h->at = 0;
    h->have = r == 0 ? got : 0;
    return r;
}

/* One line without its CRLF. A bare CR or LF, a NUL and other controls but the tab are refused: two
 * readers might disagree on where a line ends (RFC 9112 section 2.2). */
static int read_line(struct pl_http1 *h, char *line, size_t max, struct pl_str *ret,
                     struct pl_err *err)
{
    size_t n = 0;
    bool cr = false;
    for (;;) {
        int r = more(h, err);
        if (r < 0)
            return r;
        char c = h->buf[h->at++];
        if (cr && c != '\n')
            return pl_fail(err, PL_E_FORMAT, "HTTP: a line does not end in CR LF");
        if (cr) {
            *ret = pl_str_n(line, n);
            return 0;
        }
        cr = c == '\r';
        if (cr)
            continue;
        if (((unsigned char)c < 32 && c != '\t') || c == 127)
            return pl_fail(err, PL_E_FORMAT, "HTTP: control character in the head");
        if (n == max)
            return pl_fail(err, PL_E_LIMIT, "HTTP: line longer than %zu bytes", max);
        line[n++] = c;
    }
}

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

/* "HTTP/1.1 200 OK"; the reason may be missing with its blank. */
static int status_line(struct pl_http1 *h, struct pl_str s, struct pl_err *err)
{
    bool good = s.n >= 12 && pl_str_starts(s, PL_S("HTTP/1.")) && is_digit(s.p[7]) &&
                s.p[8] == ' ' && is_digit(s.p[9]) && is_digit(s.p[10]) && is_digit(s.p[11]) &&
                (s.n == 12 || s.p[12] == ' ');
    if (!good)
        return pl_fail(err, PL_E_FORMAT, "HTTP: no status line");
    h->close = s.p[7] == '0';
    h->status =
        (unsigned)(s.p[9] - '0') * 100 + (unsigned)(s.p[10] - '0') * 10 + (unsigned)(s.p[11] - '0');
    if (h->status < 100 || h->status > 599)
        return pl_fail(err, PL_E_FORMAT, "HTTP: status %u", h->status);
    return 0;
}

/* token = 1*tchar, RFC 9110 section 5.6.2 */
static bool is_token(struct pl_str s)
{
    for (size_t i = 0; i < s.n; i++) {
        char c = s.p[i];
        bool letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || is_digit(c);
        if (!letter && (c == 0 || !strchr("!#$%&'*+-.^_`|~", c)))
            return false;
    }
    return s.n > 0;
}

struct fields {
    bool has_length, chunked;
    uint64_t length;
};

static int field(struct pl_http1 *h, struct pl_str line, struct fields *f, struct pl_err *err)
{
    size_t colon = pl_str_find(line, PL_S(":"), 0);
    struct pl_str name = pl_str_sub(line, 0, colon);
    if (colon == SIZE_MAX || !is_token(name)) /* folded lines begin with a blank and end here */
        return pl_fail(err, PL_E_FORMAT, "HTTP: malformed header field");
    struct pl_str value = pl_str_trim(pl_str_sub(line, colon + 1, line.n));
    if (pl_str_ieq(name, PL_S("content-length"))) {
        if (f->has_length || !pl_str_u64(value, &f->length) || f->length > INT64_MAX)
            return pl_fail(err, PL_E_FORMAT, "HTTP: Content-Length is not one number");
        f->has_length = true;
    } else if (pl_str_ieq(name, PL_S("transfer-encoding"))) {
        if (f->chunked || !pl_str_ieq(value, PL_S("chunked")))
            return pl_fail(err, PL_E_FORMAT, "HTTP: transfer coding other than chunked");
        f->chunked = true;
    } else if (pl_str_ieq(name, PL_S("content-encoding")) && !pl_str_ieq(value, PL_S("identity"))) {
        return pl_fail(err, PL_E_UNSUP, "HTTP: a content coding nobody asked for");
    } else if (pl_str_ieq(name, PL_S("connection")) && !pl_str_ieq(value, PL_S("keep-alive"))) {
        h->close = true;
    }
    return h->field ? h->field(h->arg, name, value, err) : 0;
}

/* One head, final or interim; *used counts bytes over all of them. */
static int one_head(struct pl_http1 *h, size_t *used, struct fields *f, struct pl_err *err)
{
    char line[LINE_MAX_LEN];
    struct pl_str s;
    int r = read_line(h, line, sizeof line, &s, err);
    if (r == 0)
        r = status_line(h, s, err);
    if (r == 0 && h->field)
        r = h->field(h->arg, PL_S(""), PL_S(""), err);
    for (unsigned n = 0; r == 0; n++) {
        r = read_line(h, line, sizeof line, &s, err);
        if (r < 0 || s.n == 0)
            return r;
        *used += s.n + 2;
        if (n >= FIELDS_MAX || *used > HEAD_MAX)
            return pl_fail(err, PL_E_LIMIT, "HTTP: head of more than %u fields or %u bytes",
                           FIELDS_MAX, HEAD_MAX);
        r = field(h, s, f, err);
    }
    return r;
}

static int read_head(struct pl_http1 *h, struct pl_err *err)
{
    struct fields f = { 0 };
    size_t used = 0;
    for (unsigned n = 0;; n++) {
        f = (struct fields){ 0 };
        int r = one_head(h, &used, &f, err);
        if (r < 0)
            return r;
        if (h->status >= 200)
            break;
        if (h->status == 101 || n == INTERIM_MAX)
            return pl_fail(err, PL_E_FORMAT, "HTTP: interim answers without end");
    }
    if (f.has_length && f.chunked) /* RFC 9112 section 6.3: an attempt at smuggling */
        return pl_fail(err, PL_E_FORMAT, "HTTP: both a length and chunks");
    h->framing = f.chunked ? PL_HTTP1_CHUNKED : f.has_length ? PL_HTTP1_LENGTH : PL_HTTP1_CLOSE;
    h->left = f.length;
    h->done = h->status == 204 || h->status == 304 || (f.has_length && f.length == 0);
    return 0;
}

int pl_http1_head(struct pl_http1 *h, struct pl_err *err)
{
    struct pl_err local;
    return h->failed = read_head(h, err ? err : &local);
}

/* ------------------------------------------------------------------ body */

/* chunk-size [ chunk-ext ] CRLF; extensions are skipped. */
static int chunk_size(struct pl_str line, uint64_t *ret, struct pl_err *err)
{
    uint64_t v = 0;
    size_t i = 0;
    for (; i < line.n && i < 16; i++) {
        char c = line.p[i];
        unsigned d = is_digit(c)              ? (unsigned)(c - '0')
                     : (c >= 'a' && c <= 'f') ? (unsigned)(c - 'a') + 10
                     : (c >= 'A' && c <= 'F') ? (unsigned)(c - 'A') + 10
                                              : 99;
        if (d == 99)
            break;
        v = v << 4 | d;
    }
    struct pl_str rest = pl_str_trim(pl_str_sub(line, i, line.n));
    if (i == 0 || v > INT64_MAX || (rest.n && rest.p[0] != ';'))
        return pl_fail(err, PL_E_FORMAT, "HTTP: malformed chunk size");
    *ret = v;
    return 0;
}

/* Goes to the next chunk; after the last one the trailer fields are read and dropped. */
static int next_chunk(struct pl_http1 *h, struct pl_err *err)
{
    char line[CHUNK_LINE_MAX], trailer[LINE_MAX_LEN];
    struct pl_str s;
    struct fields unused = { 0 };
    pl_http1_field_fn *told = h->field;
    int r = 0;
    if (h->in_chunk) {
        r = read_line(h, line, sizeof line, &s, err);
        if (r == 0 && s.n)
            return pl_fail(err, PL_E_FORMAT, "HTTP: chunk longer than its size");
    }
    h->in_chunk = true;
    if (r == 0)
        r = read_line(h, line, sizeof line, &s, err);
    if (r == 0)
        r = chunk_size(s, &h->left, err);
    if (r < 0 || h->left)
        return r;
    h->field = NULL; /* trailers say nothing that is used */
    for (unsigned n = 0; r == 0; n++) {
        r = read_line(h, trailer, sizeof trailer, &s, err);
        if (r == 0 && s.n == 0)
            break;
        if (r == 0 && n == FIELDS_MAX)
            return pl_fail(err, PL_E_LIMIT, "HTTP: more than %u trailer fields", FIELDS_MAX);
        if (r == 0)
            r = field(h, s, &unused, err);
    }
    h->field = told;
    h->done = r == 0;
    return r;
}

/* Bytes of the body as they stand: from the buffer first, then straight to the caller. */
static int read_plain(struct pl_http1 *h, void *buf, size_t n, size_t *ret_got, struct pl_err *err)
{
    size_t have = h->have - h->at;
    if (h->framing != PL_HTTP1_CLOSE && n > h->left)
        n = (size_t)h->left;
    if (have) {
        *ret_got = n < have ? n : have;
        memcpy(buf, h->buf + h->at, *ret_got);
        h->at += *ret_got;
    } else {
        int r = h->fill(h->arg, buf, n, ret_got, err);
        if (r < 0)
            return r;
    }
    if (h->framing == PL_HTTP1_CLOSE) {
        h->done = *ret_got == 0;
        return 0;
    }
    if (*ret_got == 0)
        return pl_fail(err, PL_E_IO, "the connection ended %" PRIu64 " bytes early", h->left);
    h->left -= *ret_got;
    h->done = h->left == 0 && h->framing == PL_HTTP1_LENGTH;
    return 0;
}

int pl_http1_read(struct pl_http1 *h, void *buf, size_t n, size_t *ret_got, struct pl_err *err)
{
    struct pl_err local;
    struct pl_err *e = err ? err : &local;
    size_t got = 0;
    int r = 0;
    if (h->failed)
        return pl_fail(e, h->failed, "HTTP: the answer broke off");
    if (!h->done && h->framing == PL_HTTP1_CHUNKED && h->left == 0)
        r = next_chunk(h, e);
    if (r == 0 && !h->done)
        r = read_plain(h, buf, n, &got, e);
    h->failed = r;
    if (r == 0)
        *ret_got = got;
    return r;
}
