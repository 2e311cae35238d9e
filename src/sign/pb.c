/* Protobuf's JSON form: members by either name, bytes, integers, times. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "sign/pb.h"

#include "base/base64.h"
#include "fmt/der.h"

static void snake(const char *camel, char *out, size_t size)
{
    size_t n = 0;
    for (; *camel && n + 3 < size; camel++) {
        bool upper = *camel >= 'A' && *camel <= 'Z';
        if (upper)
            out[n++] = '_';
        out[n++] = (char)(upper ? *camel - 'A' + 'a' : *camel);
    }
    out[n] = 0;
}

int pl_pb_get(const struct pl_json *o, const char *camel, const struct pl_json **ret,
              struct pl_err *err)
{
    char other[64];
    if (!o || pl_json_type(o) != PL_JSON_OBJECT)
        return pl_fail(err, PL_E_FORMAT, "%s: not in an object", camel);
    snake(camel, other, sizeof other);
    const struct pl_json *a = pl_json_get(o, camel);
    const struct pl_json *b = strcmp(camel, other) == 0 ? NULL : pl_json_get(o, other);
    if (a && b)
        return pl_fail(err, PL_E_FORMAT, "%s: there under two names", camel);
    a = a ? a : b;
    *ret = a && pl_json_type(a) == PL_JSON_NULL ? NULL : a;
    return 0;
}

static int typed(const struct pl_json *o, const char *camel, enum pl_json_type type,
                 const struct pl_json **ret, struct pl_err *err)
{
    const struct pl_json *j = NULL;
    int r = pl_pb_get(o, camel, &j, err);
    if (r < 0)
        return r;
    if (j && pl_json_type(j) != type)
        return pl_fail(err, PL_E_FORMAT, "%s: not of the right type", camel);
    *ret = j;
    return 0;
}

int pl_pb_object(const struct pl_json *o, const char *camel, const struct pl_json **ret,
                 struct pl_err *err)
{
    return typed(o, camel, PL_JSON_OBJECT, ret, err);
}

int pl_pb_array(const struct pl_json *o, const char *camel, size_t most, const struct pl_json **ret,
                struct pl_err *err)
{
    int r = typed(o, camel, PL_JSON_ARRAY, ret, err);
    if (r == 0 && pl_json_len(*ret) > most)
        return pl_fail(err, PL_E_LIMIT, "%s: %zu of them, more than %zu", camel, pl_json_len(*ret),
                       most);
    return r;
}

int pl_pb_str(const struct pl_json *o, const char *camel, struct pl_str *ret, struct pl_err *err)
{
    const struct pl_json *j = NULL;
    int r = typed(o, camel, PL_JSON_STRING, &j, err);
    if (r == 0)
        *ret = pl_json_str(j);
    return r;
}

/* Lines that were broken are taken together, as other readers of this form do. */
static struct pl_str unwrapped(struct pl_str s, char *out)
{
    size_t n = 0;
    for (size_t i = 0; i < s.n; i++)
        if (s.p[i] != '\n' && s.p[i] != '\r')
            out[n++] = s.p[i];
    return pl_str_n(out, n);
}

int pl_base64_bytes(struct pl_str text, struct pl_arena *a, struct pl_str *ret, struct pl_err *err)
{
    size_t n = 0;
    struct pl_err first = { 0 };
    char *out = pl_alloc(a, text.n + 4);
    text = unwrapped(text, out);
    if (pl_base64_decode(text, PL_BASE64_STD, out, &n, &first) < 0 &&
        pl_base64_decode(text, PL_BASE64_URL, out, &n, err) < 0)
        return pl_fail(err, PL_E_FORMAT, "base64: %s", first.msg);
    *ret = pl_str_n(out, n);
    return 0;
}

struct pl_str pl_base64_text(struct pl_str bytes, struct pl_arena *a)
{
    pl_auto_buf struct pl_buf b = { 0 };
    pl_base64_encode(&b, bytes, PL_BASE64_STD);
    return pl_dup(a, pl_buf_str(&b));
}

int pl_pb_bytes(const struct pl_json *o, const char *camel, struct pl_arena *a, struct pl_str *ret,
                struct pl_err *err)
{
    struct pl_str text = { 0 };
    int r = pl_pb_str(o, camel, &text, err);
    if (r < 0)
        return r;
    *ret = (struct pl_str){ 0 };
    if (!text.p)
        return 0;
    return pl_base64_bytes(text, a, ret, err) < 0 ? pl_wrap(err, "%s", camel) : 0;
}

int pl_pb_uint(const struct pl_json *o, const char *camel, uint64_t *ret, struct pl_err *err)
{
    const struct pl_json *j = NULL;
    uint64_t v = 0;
    int r = pl_pb_get(o, camel, &j, err);
    if (r < 0)
        return r;
    bool ok = true;
    if (j && pl_json_type(j) == PL_JSON_INT) {
        int64_t i = pl_json_int(j, -1);
        ok = i >= 0;
        v = (uint64_t)i;
    } else if (j) {
        ok = pl_str_u64(pl_json_str(j), &v) && v <= INT64_MAX;
    }
    if (!ok)
        return pl_fail(err, PL_E_FORMAT, "%s: not a number from 0 on", camel);
    *ret = v;
    return 0;
}

int pl_pb_time(const struct pl_json *o, const char *camel, int64_t *ret, bool *ret_set,
               struct pl_err *err)
{
    struct pl_str s = { 0 };
    int r = pl_pb_str(o, camel, &s, err);
    if (r < 0)
        return r;
    *ret_set = s.p != NULL;
    if (s.p && !pl_rfc3339_ns(s, ret))
        return pl_fail(err, PL_E_FORMAT, "%s: not a time", camel);
    return 0;
}
