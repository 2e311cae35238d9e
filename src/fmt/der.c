/* Strict DER, X.690 section 10; times of RFC 5280 section 4.1.2.5 and RFC 3339. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "fmt/der.h"

#define LEN_BYTES 4u /* a length of more bytes is beyond every document we read */

/* Length octets at p[1..]; returns how many there are, 0 when they are wrong. */
static size_t read_length(const uint8_t *p, size_t n, size_t *ret)
{
    size_t count = p[1] & 0x7f, v = 0;
    if (!(p[1] & 0x80)) {
        *ret = p[1];
        return 1;
    }
    if (count == 0 || count > LEN_BYTES || n < 2 + count)
        return 0;
    for (size_t i = 0; i < count; i++)
        v = v << 8 | p[2 + i];
    if (p[2] == 0 || v < 0x80)
        return 0; /* not the shortest form */
    *ret = v;
    return 1 + count;
}

int pl_der_next(struct pl_str *in, struct pl_der *ret, struct pl_err *err)
{
    const uint8_t *p = (const uint8_t *)in->p;
    size_t len = 0, head;
    if (in->n < 2)
        return pl_fail(err, PL_E_FORMAT, "DER ends too early");
    if ((p[0] & 0x1f) == 0x1f)
        return pl_fail(err, PL_E_FORMAT, "DER with a high tag number");
    head = read_length(p, in->n, &len);
    if (!head)
        return pl_fail(err, PL_E_FORMAT, "DER with a wrong length");
    head++;
    if (len > in->n - head)
        return pl_fail(err, PL_E_FORMAT, "DER ends too early");
    ret->tag = p[0];
    ret->body = pl_str_n(in->p + head, len);
    ret->whole = pl_str_n(in->p, head + len);
    *in = pl_str_sub(*in, head + len, in->n);
    return 0;
}

bool pl_der_is(struct pl_str in, uint8_t tag)
{
    return in.n && (uint8_t)in.p[0] == tag;
}

int pl_der_take(struct pl_str *in, uint8_t tag, const char *what, struct pl_der *ret,
                struct pl_err *err)
{
    struct pl_der d;
    if (!pl_der_is(*in, tag))
        return pl_fail(err, PL_E_FORMAT, "%s: not there", what);
    int r = pl_der_next(in, &d, err);
    if (r < 0)
        return pl_wrap(err, "%s", what);
    if (ret)
        *ret = d;
    return 0;
}

int pl_der_only(struct pl_str in, uint8_t tag, const char *what, struct pl_der *ret,
                struct pl_err *err)
{
    int r = pl_der_take(&in, tag, what, ret, err);
    return r < 0 ? r : pl_der_end(in, what, err);
}

int pl_der_end(struct pl_str in, const char *what, struct pl_err *err)
{
    return in.n ? pl_fail(err, PL_E_FORMAT, "%s: %zu bytes follow", what, in.n) : 0;
}

int pl_der_uint(struct pl_str body, uint64_t *ret, struct pl_err *err)
{
    const uint8_t *p = (const uint8_t *)body.p;
    uint64_t v = 0;
    if (body.n == 0 || (p[0] & 0x80) || (body.n > 1 && p[0] == 0 && !(p[1] & 0x80)))
        return pl_fail(err, PL_E_FORMAT, "number is negative or badly written");
    if (body.n > 9 || (body.n == 9 && p[0] != 0))
        return pl_fail(err, PL_E_FORMAT, "number is too large");
    for (size_t i = 0; i < body.n; i++)
        v = v << 8 | p[i];
    *ret = v;
    return 0;
}

int pl_der_bool(struct pl_str body, bool *ret, struct pl_err *err)
{
    if (body.n != 1 || ((uint8_t)body.p[0] != 0 && (uint8_t)body.p[0] != 0xff))
        return pl_fail(err, PL_E_FORMAT, "BOOLEAN is neither 00 nor FF");
    *ret = body.p[0] != 0;
    return 0;
}

int pl_der_bits(struct pl_str body, struct pl_str *ret, struct pl_err *err)
{
    if (body.n == 0 || body.p[0] != 0)
        return pl_fail(err, PL_E_FORMAT, "BIT STRING is not whole bytes");
    *ret = pl_str_sub(body, 1, body.n);
    return 0;
}

static bool digits(struct pl_str *s, size_t n, unsigned *ret)
{
    unsigned v = 0;
    if (s->n < n)
        return false;
    for (size_t i = 0; i < n; i++) {
        if (s->p[i] < '0' || s->p[i] > '9')
            return false;
        v = v * 10 + (unsigned)(s->p[i] - '0');
    }
    *s = pl_str_sub(*s, n, s->n);
    *ret = v;
    return true;
}

/* ".5" in nanoseconds; further digits than nine are read and dropped. */
static bool fraction(struct pl_str *s, uint32_t *ret)
{
    uint32_t v = 0, unit = 100000000;
    size_t n = 0;
    *ret = 0;
    if (s->n == 0 || s->p[0] != '.')
        return true;
    *s = pl_str_sub(*s, 1, s->n);
    while (n < s->n && s->p[n] >= '0' && s->p[n] <= '9') {
        v += (uint32_t)(s->p[n++] - '0') * unit;
        unit /= 10;
    }
    *s = pl_str_sub(*s, n, s->n);
    *ret = v;
    return n > 0;
}

/* Days since 1970-01-01, proleptic Gregorian; years count from March so that leap days come last.
 */
static int64_t civil_days(int64_t y, unsigned m, unsigned d)
{
    y -= m <= 2;
    int64_t era = (y >= 0 ? y : y - 399) / 400;
    int64_t yoe = y - era * 400;
    int64_t doy = (153 * ((int64_t)m + (m > 2 ? -3 : 9)) + 2) / 5 + (int64_t)d - 1;
    return era * 146097 + yoe * 365 + yoe / 4 - yoe / 100 + doy - 719468;
}

static bool date_ok(int64_t y, unsigned m, unsigned d)
{
    static const unsigned char len[] = { 31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31 };
    if (m < 1 || m > 12 || d < 1)
        return false;
    bool leap = y % 4 == 0 && (y % 100 != 0 || y % 400 == 0);
    return d <= len[m - 1] + (m == 2 && leap ? 1u : 0u);
}

static int64_t clamp_ns(int64_t seconds, uint32_t nanos)
{
    int64_t ns;
    if (__builtin_mul_overflow(seconds, (int64_t)1000000000, &ns) ||
        __builtin_add_overflow(ns, (int64_t)nanos, &ns))
        return seconds < 0 ? INT64_MIN : INT64_MAX;
    return ns;
}

bool pl_civil_ns(int64_t year, unsigned month, unsigned day, unsigned hour, unsigned minute,
                 unsigned second, uint32_t nanos, int64_t *ret)
{
    if (year < 0 || year > 9999 || !date_ok(year, month, day) || hour > 23 || minute > 59 ||
        second > 60)
        return false;
    if (second == 60)
        second = 59;
    *ret =
        clamp_ns(civil_days(year, month, day) * 86400 + hour * 3600 + minute * 60 + second, nanos);
    return true;
}

int pl_der_time(const struct pl_der *d, int64_t *ret_ns, struct pl_err *err)
{
    struct pl_str s = d->body;
    unsigned y, mo, day, h, mi, sec;
    uint32_t nanos = 0;
    bool utc = d->tag == PL_DER_UTC_TIME;
    bool ok = (utc || d->tag == PL_DER_TIME) && digits(&s, utc ? 2 : 4, &y) && digits(&s, 2, &mo) &&
              digits(&s, 2, &day) && digits(&s, 2, &h) && digits(&s, 2, &mi) &&
              digits(&s, 2, &sec) && (utc || fraction(&s, &nanos)) && pl_str_is(s, "Z");
    if (ok && utc)
        y += y < 50 ? 2000 : 1900;
    if (!ok || !pl_civil_ns(y, mo, day, h, mi, sec, nanos, ret_ns))
        return pl_fail(err, PL_E_FORMAT, "time is badly written");
    return 0;
}

static bool literal(struct pl_str *s, const char *any)
{
    if (s->n == 0 || !s->p[0] || !strchr(any, s->p[0]))
        return false;
    *s = pl_str_sub(*s, 1, s->n);
    return true;
}

/* "Z" or "+hh:mm", in seconds east. */
static bool zone(struct pl_str *s, int64_t *ret)
{
    unsigned h, m;
    *ret = 0;
    if (literal(s, "Zz"))
        return true;
    int64_t sign = s->n && s->p[0] == '-' ? -1 : 1;
    if (!literal(s, "+-") || !digits(s, 2, &h) || !literal(s, ":") || !digits(s, 2, &m) || h > 23 ||
        m > 59)
        return false;
    *ret = sign * (int64_t)(h * 3600 + m * 60);
    return true;
}

bool pl_rfc3339_ns(struct pl_str s, int64_t *ret)
{
    unsigned y, mo, d, h, mi, sec;
    uint32_t nanos;
    int64_t east, ns;
    if (!digits(&s, 4, &y) || !literal(&s, "-") || !digits(&s, 2, &mo) || !literal(&s, "-") ||
        !digits(&s, 2, &d) || !literal(&s, "Tt ") || !digits(&s, 2, &h) || !literal(&s, ":") ||
        !digits(&s, 2, &mi) || !literal(&s, ":") || !digits(&s, 2, &sec) || !fraction(&s, &nanos) ||
        !zone(&s, &east) || s.n)
        return false;
    if (!pl_civil_ns(y, mo, d, h, mi, sec, nanos, &ns))
        return false;
    if (ns != INT64_MIN && ns != INT64_MAX && __builtin_sub_overflow(ns, east * 1000000000, &ns))
        ns = east > 0 ? INT64_MIN : INT64_MAX;
    *ret = ns;
    return true;
}

void pl_der_put(struct pl_buf *b, uint8_t tag, struct pl_str body)
{
    uint8_t len[LEN_BYTES];
    size_t n = 0;
    pl_buf_putc(b, (char)tag);
    if (body.n < 0x80) {
        pl_buf_putc(b, (char)body.n);
    } else {
        for (size_t v = body.n; v && n < LEN_BYTES; v >>= 8)
            len[n++] = (uint8_t)v;
        pl_buf_putc(b, (char)(0x80 | n));
        while (n)
            pl_buf_putc(b, (char)len[--n]);
    }
    pl_buf_putn(b, body.p, body.n);
}
