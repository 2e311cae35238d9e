/* A bounded, strict reader of DER (X.690 section 10), and the little writing that is needed: low
 * tag numbers, definite lengths in their shortest form. Nothing is copied; the parts are views. */
/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PL_FMT_DER_H
#define PL_FMT_DER_H

#include "base/buf.h"

enum pl_der_tag {
    PL_DER_BOOL = 0x01,
    PL_DER_INT = 0x02,
    PL_DER_BITS = 0x03,
    PL_DER_OCTETS = 0x04,
    PL_DER_NULL = 0x05,
    PL_DER_OID = 0x06,
    PL_DER_UTF8 = 0x0c,
    PL_DER_SEQ = 0x30,
    PL_DER_SET = 0x31,
    PL_DER_UTC_TIME = 0x17,
    PL_DER_TIME = 0x18,
    PL_DER_CTX = 0x80,      /* [0] primitive; add the number */
    PL_DER_CTX_CONS = 0xa0, /* [0] constructed; add the number */
};

struct pl_der {
    uint8_t tag;
    struct pl_str body;  /* the contents */
    struct pl_str whole; /* tag, length and contents */
};

/* Takes the first element off `in`. PL_E_FORMAT: cut, high tag number, indefinite or long-winded
 * length. `in` is unchanged on failure. */
int pl_der_next(struct pl_str *in, struct pl_der *ret, struct pl_err *err);
/* The same when the element has `tag`; PL_E_FORMAT otherwise, naming `what`. `ret` may be NULL. */
int pl_der_take(struct pl_str *in, uint8_t tag, const char *what, struct pl_der *ret,
                struct pl_err *err);
/* Does `in` begin with `tag`? */
bool pl_der_is(struct pl_str in, uint8_t tag);
/* `in` as one element of `tag` that fills it whole. */
int pl_der_only(struct pl_str in, uint8_t tag, const char *what, struct pl_der *ret,
                struct pl_err *err);
/* PL_E_FORMAT unless `in` is used up. */
int pl_der_end(struct pl_str in, const char *what, struct pl_err *err);

/* The contents of an INTEGER that is not negative and fits; PL_E_FORMAT. */
int pl_der_uint(struct pl_str body, uint64_t *ret, struct pl_err *err);
/* Contents of a BOOLEAN: 00 or FF. PL_E_FORMAT. */
int pl_der_bool(struct pl_str body, bool *ret, struct pl_err *err);
/* UTCTime or GeneralizedTime in UTC with seconds, as nanoseconds since the epoch; years that do not
 * fit are clamped. PL_E_FORMAT. */
int pl_der_time(const struct pl_der *d, int64_t *ret_ns, struct pl_err *err);
/* The contents of a BIT STRING that is whole bytes; PL_E_FORMAT. */
int pl_der_bits(struct pl_str body, struct pl_str *ret, struct pl_err *err);

/* Nanoseconds since the epoch of a date in UTC, clamped; false when it is none. A leap second is
 * taken for the second before it. */
bool pl_civil_ns(int64_t year, unsigned month, unsigned day, unsigned hour, unsigned minute,
                 unsigned second, uint32_t nanos, int64_t *ret);
/* RFC 3339 date and time, any offset. False when it is none. */
bool pl_rfc3339_ns(struct pl_str s, int64_t *ret);

/* Appends tag, length and `body`. */
void pl_der_put(struct pl_buf *b, uint8_t tag, struct pl_str body);

#endif
