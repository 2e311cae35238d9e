/* Objects of a .pyc file: the marshal format of CPython, versions 2 to 4, with the layouts of code
 * objects of 2.7 and 3.0 to 3.13. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "io/pyc.h"

#include <stdlib.h>

#include "base/endian.h"

#define OBJECTS_MAX (1u << 20)
#define DEPTH_MAX 200
#define FLAG_REF 0x80

unsigned pl_pyc_magic(const uint8_t *p, size_t n)
{
    if (n < 4 || p[2] != '\r' || p[3] != '\n')
        return 0;
    unsigned m = (unsigned)p[0] | (unsigned)p[1] << 8;
    return (m >= 62171 && m <= 62211) || (m >= 3000 && m < 3600) ? m : 0;
}

size_t pl_pyc_header(unsigned magic)
{
    if (magic > 60000 || magic < 3210)
        return 8;                  /* magic, time */
    return magic < 3392 ? 12 : 16; /* and size; and flags */
}

struct reader {
    struct pl_pyc *c;
    struct pl_str rest;
    PL_VEC(uint32_t) refs;     /* what 'r' names, by order of FLAG_REF */
    PL_VEC(uint32_t) interned; /* what 'R' names (before 3.4) */
    struct pl_err *err;
};

static int damaged(struct reader *r, const char *what)
{
    return pl_fail(r->err, PL_E_FORMAT, "%s at offset %zu", what, r->c->file.n - r->rest.n);
}

static int need(struct reader *r, size_t n)
{
    return r->rest.n < n ? damaged(r, "cut") : 0;
}

static int skip(struct reader *r, size_t n)
{
    int e = need(r, n);
    if (e == 0)
        r->rest = pl_str_sub(r->rest, n, SIZE_MAX);
    return e;
}

static int take_u8(struct reader *r, uint32_t *ret)
{
    int e = need(r, 1);
    if (e == 0) {
        *ret = (uint8_t)r->rest.p[0];
        r->rest = pl_str_sub(r->rest, 1, SIZE_MAX);
    }
    return e;
}

static int take_u32(struct reader *r, uint32_t *ret)
{
    int e = need(r, 4);
    if (e == 0) {
        const uint8_t *p = (const uint8_t *)r->rest.p;
        *ret = pl_le32(p);
        r->rest = pl_str_sub(r->rest, 4, SIZE_MAX);
    }
    return e;
}

static int take_len(struct reader *r, bool is_short, uint32_t *ret)
{
    return is_short ? take_u8(r, ret) : take_u32(r, ret);
}

static int read_object(struct reader *r, unsigned depth, uint32_t *ret);

static int read_str(struct reader *r, bool is_short, struct pl_py_obj *o)
{
    uint32_t n = 0;
    int e = take_len(r, is_short, &n);
    if (e < 0)
        return e;
    size_t at = r->c->file.n - r->rest.n;
    e = skip(r, n);
    if (e == 0)
        *o = (struct pl_py_obj){ PL_PY_STR, (uint32_t)at, n };
    return e;
}

static int read_digits(struct reader *r)
{
    uint32_t n = 0;
    int e = take_u32(r, &n);
    if (e < 0)
        return e;
    uint64_t count = n & 0x80000000u ? (uint64_t)1 << 32 : 0; /* negative: digits are -n */
    count = count ? count - n : n;
    return count > r->rest.n ? damaged(r, "cut") : skip(r, (size_t)count * 2);
}

static int read_decimal(struct reader *r)
{
    uint32_t n = 0;
    int e = take_u8(r, &n);
    return e < 0 ? e : skip(r, n);
}

/* `n` objects in a row; they become the entries of `o`. */
static int read_kids(struct reader *r, uint32_t n, unsigned depth, struct pl_py_obj *o)
{
    PL_VEC(uint32_t) own = { NULL, 0, 0 };
    int e = n > r->rest.n ? damaged(r, "cut") : 0; /* each takes a byte at least */
    for (uint32_t i = 0; i < n && e == 0; i++) {
        uint32_t kid = PL_PY_NO;
        e = read_object(r, depth, &kid);
        pl_vec_push(&own, kid);
    }
    o->kind = PL_PY_TUPLE;
    o->a = (uint32_t)r->c->kids.n;
    o->n = (uint32_t)own.n;
    for (size_t i = 0; i < own.n; i++)
        pl_vec_push(&r->c->kids, own.p[i]);
    pl_vec_release(&own);
    return e;
}

static int read_sequence(struct reader *r, bool is_short, unsigned depth, struct pl_py_obj *o)
{
    uint32_t n = 0;
    int e = take_len(r, is_short, &n);
    return e < 0 ? e : read_kids(r, n, depth, o);
}

static int read_dict(struct reader *r, unsigned depth)
{
    for (;;) {
        uint32_t kid;
        if (r->rest.n && (r->rest.p[0] & 0x7f) == '0')
            return skip(r, 1);
        int e = read_object(r, depth, &kid);
        if (e == 0)
            e = read_object(r, depth, &kid);
        if (e < 0)
            return e;
    }
}

/* Before 3.11: code, consts, names, varnames, freevars, cellvars, filename, name. From 3.11 on:
 * code, consts, names, localsplusnames, localspluskinds, filename, name, qualname. */
static int read_code(struct reader *r, unsigned depth, struct pl_py_obj *o)
{
    unsigned m = r->c->magic;
    bool py2 = m > 60000, flat = !py2 && m >= 3450;
    unsigned ints = py2 ? 4 : m >= 3410 && !flat ? 6 : 5;
    uint32_t f[8];
    int e = skip(r, 4 * (size_t)ints);
    for (int i = 0; i < 8; i++) {
        f[i] = PL_PY_NO;
        if (e == 0)
            e = read_object(r, depth, &f[i]);
    }
    o->kind = PL_PY_CODE;
    o->a = (uint32_t)r->c->codes.n;
    pl_vec_push(&r->c->codes, (struct pl_py_code){ .code = f[0],
                                                   .consts = f[1],
                                                   .names = f[2],
                                                   .locals = f[3],
                                                   .frees = flat ? PL_PY_NO : f[4],
                                                   .cells = flat ? PL_PY_NO : f[5] });
    uint32_t unused;
    if (e == 0)
        e = skip(r, 4); /* first line */
    for (int i = 0; i < (flat ? 2 : 1) && e == 0; i++)
        e = read_object(r, depth, &unused); /* line table; exception table */
    return e;
}

static int read_body(struct reader *r, uint8_t type, unsigned depth, struct pl_py_obj *o)
{
    switch (type) {
    case '0':
    case 'N':
    case 'F':
    case 'T':
    case 'S':
    case '.':
        return 0;
    case 'i':
        return skip(r, 4);
    case 'I':
    case 'g':
        return skip(r, 8);
    case 'y':
        return skip(r, 16);
    case 'l':
        return read_digits(r);
    case 'f':
        return read_decimal(r);
    case 'x': {
        int e = read_decimal(r);
        return e < 0 ? e : read_decimal(r);
    }
    case 's':
    case 't':
    case 'u':
    case 'a':
    case 'A':
        return read_str(r, /* is_short= */ false, o);
    case 'z':
    case 'Z':
        return read_str(r, /* is_short= */ true, o);
    case '(':
    case '[':
    case '<':
    case '>':
        return read_sequence(r, /* is_short= */ false, depth, o);
    case ')':
        return read_sequence(r, /* is_short= */ true, depth, o);
    case '{':
        return read_dict(r, depth);
    case 'c':
        return read_code(r, depth, o);
    default:
        return damaged(r, "unknown type of object");
    }
}

/* 'r' and 'R': an object that was read before. */
static int read_ref(struct reader *r, bool interned, uint32_t *ret)
{
    uint32_t i = 0;
    int e = take_u32(r, &i);
    if (e < 0)
        return e;
    if (i >= (interned ? r->interned.n : r->refs.n))
        return damaged(r, "reference to nothing");
    *ret = interned ? r->interned.p[i] : r->refs.p[i];
    return 0;
}

static int read_object(struct reader *r, unsigned depth, uint32_t *ret)
{
    uint32_t type = 0;
    *ret = PL_PY_NO;
    int e = take_u8(r, &type);
    if (e < 0)
        return e;
    bool flag = type & FLAG_REF;
    type &= 0x7f;
    if (type == 'r' || type == 'R')
        return read_ref(r, type == 'R', ret);
    if (depth >= DEPTH_MAX)
        return pl_fail(r->err, PL_E_LIMIT, "objects nested deeper than %d", DEPTH_MAX);
    if (r->c->obj.n >= OBJECTS_MAX)
        return pl_fail(r->err, PL_E_LIMIT, "more than %u objects", OBJECTS_MAX);
    uint32_t i = (uint32_t)r->c->obj.n;
    pl_vec_push(&r->c->obj, (struct pl_py_obj){ PL_PY_OTHER, 0, 0 });
    if (flag) /* its number is taken before that of its parts */
        pl_vec_push(&r->refs, i);
    if (type == 't')
        pl_vec_push(&r->interned, i);
    struct pl_py_obj o = { PL_PY_OTHER, 0, 0 };
    e = read_body(r, (uint8_t)type, depth + 1, &o);
    r->c->obj.p[i] = o;
    *ret = i;
    return e;
}

int pl_pyc_read(struct pl_str file, struct pl_pyc *c, struct pl_err *err)
{
    *c = (struct pl_pyc){ .file = file };
    c->magic = pl_pyc_magic((const uint8_t *)file.p, file.n);
    if (!c->magic)
        return pl_fail(err, PL_E_UNSUP, "not compiled Python of a known version");
    if (file.n > UINT32_MAX / 2)
        return pl_fail(err, PL_E_LIMIT, "file of %zu bytes", file.n);
    struct reader r = { .c = c, .err = err };
    r.rest = pl_str_sub(file, pl_pyc_header(c->magic), SIZE_MAX);
    uint32_t top;
    int e = read_object(&r, 0, &top);
    pl_vec_release(&r.refs);
    pl_vec_release(&r.interned);
    return e;
}

void pl_pyc_release(struct pl_pyc *c)
{
    pl_vec_release(&c->obj);
    pl_vec_release(&c->kids);
    pl_vec_release(&c->codes);
}
