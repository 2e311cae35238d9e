/* Pieces of a file: a buffered reader of 4,096 bytes whose leftovers make the next piece, grown to
 * a blank line. secrets.md section 4.1 "Chunks". */
/* SPDX-License-Identifier: Apache-2.0 */
#include "compat/gl_chunk.h"

#include <errno.h>

#define DIRECT 100000u
#define BUFFERED 4096u
#define GROWTH 25000u

struct reader {
    struct pl_gl_chunker *c;
    char buf[BUFFERED];
    size_t at, n;
    bool end;
    int failed; /* errno */
};

static size_t fill_from(struct reader *r, void *to, size_t n)
{
    if (r->end || r->failed)
        return 0;
    for (;;) {
        ssize_t got = r->c->read(r->c->read_arg, to, n);
        if (got > 0)
            return (size_t)got;
        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0)
            r->failed = errno;
        else
            r->end = true;
        return 0;
    }
}

static bool blank(char c)
{
    return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

/* Does the text end in two line ends with nothing but blanks between and behind? */
static bool ends_well(const struct pl_buf *b)
{
    unsigned lines = 0;
    for (size_t i = b->n; i-- > 0 && blank(b->p[i]);)
        if (b->p[i] == '\n' && ++lines == 2)
            return true;
    return false;
}

/* Appends byte by byte until the text ends well, has grown by GROWTH, or the file ends. */
static void grow(struct reader *r, struct pl_buf *b)
{
    unsigned lines = b->p[b->n - 1] == '\n';
    size_t stop = b->n + GROWTH;
    while (b->n < stop) {
        if (r->at == r->n) {
            r->at = 0;
            r->n = fill_from(r, r->buf, sizeof r->buf);
            if (!r->n)
                return;
        }
        size_t i = r->at, end = r->n - r->at < stop - b->n ? r->n : r->at + (stop - b->n);
        while (i < end && lines < 2) {
            char c = r->buf[i++];
            if (c == '\n')
                lines++;
            else if (!blank(c))
                lines = 0;
        }
        memcpy(b->p + b->n, r->buf + r->at, i - r->at);
        b->n += i - r->at;
        r->at = i;
        if (lines >= 2)
            return;
    }
}

static void next_piece(struct reader *r, struct pl_buf *b)
{
    b->n = 0;
    if (r->at < r->n) {
        b->n = r->n - r->at;
        memcpy(b->p, r->buf + r->at, b->n);
        r->at = r->n;
    } else {
        b->n = fill_from(r, b->p, DIRECT);
    }
}

static int64_t count_lines(struct pl_str s)
{
    int64_t n = 0;
    for (const char *p = s.p, *end = s.p + s.n; (p = memchr(p, '\n', (size_t)(end - p))); p++)
        n++;
    return n;
}

int pl_gl_chunks(struct pl_gl_chunker *c, pl_gl_chunk_fn *fn, void *arg, struct pl_err *err)
{
    struct reader r = { .c = c };
    struct pl_buf *b = c->work;
    int64_t lines = 0;
    c->skipped = false;
    pl_buf_clear(b);
    if (!pl_buf_room(b, DIRECT + GROWTH, err))
        return err->code;
    for (;;) {
        next_piece(&r, b);
        if (!b->n)
            break;
        if (lines == 0 && pl_gl_is_application(pl_buf_str(b))) {
            c->skipped = true;
            return 0;
        }
        if (!ends_well(b))
            grow(&r, b);
        int code = fn(arg, pl_buf_str(b), lines + 1);
        if (code)
            return code;
        lines += count_lines(pl_buf_str(b));
    }
    return r.failed ? pl_fail_errno(err, PL_E_IO, r.failed, "read") : 0;
}
