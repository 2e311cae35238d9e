/* Names for constants: runs the byte code of CPython over a stack that knows constants and nothing
 * else. Instructions it does not know empty that stack, so it never invents a pair. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "base/cleanup.h"
#include "io/pyc.h"

#define STACK 1024
#define VALUE_MAX 4096
#define UNKNOWN PL_PY_NO

/* What an instruction does to the stack, as far as we follow it. */
enum act {
    FORGET, /* anything else: the stack is not known any more */
    NOTHING,
    EXTEND, /* prefix: higher bits of the next argument */
    CONST,  /* push a constant */
    PUSH,   /* push something */
    PUSH_2, /* two local variables in one */
    GLOBAL, /* push; from 3.11 on bit 0 pushes one more */
    ATTR,   /* replace the top; from 3.12 on bit 0 pushes one more */
    METHOD, /* replace the top and push one more */
    POP,
    COPY_TOP,
    COPY_N,
    SWAP_N,
    NAME,       /* store: in names */
    FAST,       /* store: in local variables */
    FAST_2,     /* two stores in one */
    FAST_PUSH,  /* a store and a load in one */
    CELL,       /* store: in cell or free variables */
    STORE_ATTR, /* store: attribute of the top */
    STORE_ITEM, /* store: by key */
    UNPACK,
    MAP,        /* n pairs of key and value */
    MAP_OLD,    /* push an empty mapping */
    MAP_ITEM,   /* value, key: into the mapping below */
    MAP_KEYS,   /* n values, then a constant tuple of keys */
    LIST,       /* n values make one */
    KEYWORDS,   /* names of the last arguments of the call that follows */
    CALL_OLD,   /* low byte: positional, next: pairs of name and value */
    CALL_NAMES, /* n arguments, then a constant tuple of names of the last of them */
    CALL_N,     /* n arguments; names from KEYWORDS */
};

struct op {
    uint8_t op, act;
};

/* Numbers that did not change from 2.7 to 3.12. */
static const struct op ops_common[] = {
    { 1, POP },     { 9, NOTHING },     { 60, STORE_ITEM }, { 90, NAME },
    { 92, UNPACK }, { 95, STORE_ATTR }, { 97, NAME },       { 100, CONST },
    { 101, PUSH },  { 102, LIST },      { 103, LIST },      { 105, MAP },
    { 106, ATTR },  { 116, GLOBAL },    { 124, PUSH },      { 125, FAST },
};
static const struct op ops_2_7[] = { { 4, COPY_TOP },  { 2, SWAP_N },     { 54, MAP_ITEM },
                                     { 105, MAP_OLD }, { 131, CALL_OLD }, { 135, PUSH },
                                     { 136, PUSH },    { 137, CELL },     { 145, EXTEND } };
static const struct op ops_3_0[] = { { 4, COPY_TOP }, { 2, SWAP_N },    { 54, MAP_ITEM },
                                     { 71, PUSH },    { 105, MAP_OLD }, { 131, CALL_OLD },
                                     { 135, PUSH },   { 136, PUSH },    { 137, CELL },
                                     { 144, EXTEND }, { 148, PUSH } };
static const struct op ops_3_5[] = { { 4, COPY_TOP },   { 2, SWAP_N },   { 71, PUSH },
                                     { 131, CALL_OLD }, { 135, PUSH },   { 136, PUSH },
                                     { 137, CELL },     { 144, EXTEND }, { 148, PUSH } };
static const struct op ops_3_6[] = { { 4, COPY_TOP }, { 2, SWAP_N },   { 71, PUSH },
                                     { 85, NOTHING }, { 131, CALL_N }, { 135, PUSH },
                                     { 136, PUSH },   { 137, CELL },   { 141, CALL_NAMES },
                                     { 144, EXTEND }, { 148, PUSH },   { 156, MAP_KEYS },
                                     { 160, METHOD }, { 161, CALL_N } };
static const struct op ops_3_11[] = {
    { 0, NOTHING },  { 2, PUSH },      { 71, PUSH },     { 85, NOTHING },  { 99, SWAP_N },
    { 120, COPY_N }, { 127, PUSH },    { 135, NOTHING }, { 136, PUSH },    { 137, PUSH },
    { 138, CELL },   { 144, EXTEND },  { 149, NOTHING }, { 151, NOTHING }, { 156, MAP_KEYS },
    { 160, METHOD }, { 166, NOTHING }, { 171, CALL_N },  { 172, KEYWORDS }
};
/* 3.13 numbers everything anew. */
static const struct op ops_3_13[] = {
    { 0, NOTHING },   { 24, PUSH },        { 30, NOTHING },    { 32, POP },     { 34, PUSH },
    { 37, NOTHING },  { 39, STORE_ITEM },  { 46, MAP_KEYS },   { 47, LIST },    { 48, MAP },
    { 52, LIST },     { 53, CALL_N },      { 57, CALL_NAMES }, { 61, COPY_N },  { 62, NOTHING },
    { 71, EXTEND },   { 82, ATTR },        { 83, CONST },      { 84, PUSH },    { 85, PUSH },
    { 86, PUSH },     { 87, PUSH },        { 88, PUSH_2 },     { 91, GLOBAL },  { 92, PUSH },
    { 94, NOTHING },  { 108, STORE_ATTR }, { 109, CELL },      { 110, FAST },   { 111, FAST_PUSH },
    { 112, FAST_2 },  { 113, NAME },       { 114, NAME },      { 115, SWAP_N }, { 117, UNPACK },
    { 149, NOTHING },
};

struct version {
    unsigned from; /* magic number */
    const struct op *ops;
    size_t n;
    bool common;
};

#define OPS(a) a, PL_COUNT(a)
static const struct version versions[] = {
    { 62171, OPS(ops_2_7), true }, { 3550, OPS(ops_3_13), false }, { 3450, OPS(ops_3_11), true },
    { 3370, OPS(ops_3_6), true },  { 3340, OPS(ops_3_5), true },   { 3000, OPS(ops_3_0), true },
};

struct machine {
    const struct pl_pyc *c;
    struct pl_buf *out;
    struct pl_err *err;
    uint8_t act[256];
    const struct pl_py_code *code;
    uint32_t stack[STACK];
    unsigned n;
    uint32_t keywords; /* a tuple, or UNKNOWN */
};

static const struct pl_py_obj *object(const struct pl_pyc *c, uint32_t i, enum pl_py_kind kind)
{
    return i != PL_PY_NO && c->obj.p[i].kind == kind ? &c->obj.p[i] : NULL;
}

/* Entry `i` of tuple `t`. */
static uint32_t item(const struct pl_pyc *c, uint32_t t, uint32_t i)
{
    const struct pl_py_obj *o = object(c, t, PL_PY_TUPLE);
    return o && i < o->n ? c->kids.p[o->a + i] : PL_PY_NO;
}

static uint32_t length(const struct pl_pyc *c, uint32_t t)
{
    const struct pl_py_obj *o = object(c, t, PL_PY_TUPLE);
    return o ? o->n : 0;
}

static void push(struct machine *m, uint32_t v)
{
    if (m->n == STACK) {
        memmove(m->stack, m->stack + STACK / 2, STACK / 2 * sizeof *m->stack);
        m->n = STACK / 2;
    }
    m->stack[m->n++] = v;
}

static uint32_t pop(struct machine *m)
{
    return m->n ? m->stack[--m->n] : UNKNOWN;
}

static void drop(struct machine *m, uint32_t n)
{
    m->n = n < m->n ? m->n - n : 0;
}

/* The value `depth` below the top. */
static uint32_t peek(const struct machine *m, uint32_t depth)
{
    return depth < m->n ? m->stack[m->n - 1 - depth] : UNKNOWN;
}

static int pair(struct machine *m, uint32_t name, uint32_t value)
{
    const struct pl_py_obj *k = object(m->c, name, PL_PY_STR), *v = object(m->c, value, PL_PY_STR);
    if (!k || !v || k->n == 0 || k->n > VALUE_MAX || v->n == 0 || v->n > VALUE_MAX)
        return 0;
    struct pl_str text = pl_str_n(m->c->file.p + v->a, v->n);
    const char *quote = memchr(text.p, '\'', text.n) ? "\"" : "'";
    size_t before = m->out->n;
    int e = pl_buf_add(m->out, m->c->file.p + k->a, k->n, m->err);
    if (e == 0)
        e = pl_buf_add(m->out, " = ", 3, m->err);
    if (e == 0)
        e = pl_buf_add(m->out, quote, 1, m->err);
    if (e == 0)
        e = pl_buf_add(m->out, text.p, text.n, m->err);
    if (e == 0)
        e = pl_buf_add(m->out, quote, 1, m->err);
    if (e == 0)
        e = pl_buf_add(m->out, "\n", 1, m->err);
    if (e < 0)
        m->out->n = before;
    return e;
}

/* Cell variables, then free ones; from 3.11 on both are among the locals. */
static uint32_t cell_name(const struct machine *m, uint32_t arg)
{
    if (m->code->cells == PL_PY_NO)
        return item(m->c, m->code->locals, arg);
    uint32_t cells = length(m->c, m->code->cells);
    return arg < cells ? item(m->c, m->code->cells, arg) : item(m->c, m->code->frees, arg - cells);
}

static int store_fast(struct machine *m, uint32_t arg)
{
    return pair(m, item(m->c, m->code->locals, arg), pop(m));
}

static void unpack(struct machine *m, uint32_t n)
{
    uint32_t t = pop(m);
    if (n > STACK / 2 || length(m->c, t) != n) {
        for (uint32_t i = 0; i < n && i < STACK; i++)
            push(m, UNKNOWN);
        return;
    }
    while (n)
        push(m, item(m->c, t, --n));
}

/* `names` are the names of the last of the values on the stack, the top `n` of which are dropped.
 */
static int named(struct machine *m, uint32_t names, uint32_t n)
{
    uint32_t k = length(m->c, names);
    for (uint32_t i = 0; i < k && i < n && i < m->n; i++) {
        int e = pair(m, item(m->c, names, k - 1 - i), peek(m, i));
        if (e < 0)
            return e;
    }
    drop(m, n);
    return 0;
}

/* `n` pairs of key and value, from the top. */
static int pairs(struct machine *m, uint32_t n)
{
    for (uint32_t i = 0; i < n && m->n; i++) {
        uint32_t value = pop(m);
        int e = pair(m, pop(m), value);
        if (e < 0)
            return e;
    }
    return 0;
}

/* Calls of functions and displays of mappings: all end with one value of which nothing is known. */
static int run_group(struct machine *m, enum act act, uint32_t arg)
{
    int e = 0;
    switch (act) {
    case MAP:
        e = pairs(m, arg);
        break;
    case MAP_KEYS:
    case CALL_NAMES:
        e = named(m, pop(m), arg);
        break;
    case CALL_OLD:
        e = pairs(m, arg >> 8 & 0xff);
        drop(m, arg & 0xff);
        break;
    case CALL_N:
        e = named(m, m->keywords, arg);
        m->keywords = UNKNOWN;
        break;
    default: /* LIST */
        drop(m, arg);
    }
    /* what is called lies below the arguments, in one or two places by version: neither is known */
    if (act == CALL_OLD || act == CALL_N || act == CALL_NAMES)
        m->n = 0;
    push(m, UNKNOWN);
    return e;
}

static int run_store(struct machine *m, enum act act, uint32_t arg)
{
    uint32_t top;
    int e;
    switch (act) {
    case NAME:
        return pair(m, item(m->c, m->code->names, arg), pop(m));
    case FAST:
        return store_fast(m, arg);
    case FAST_2:
        e = store_fast(m, arg >> 4);
        return e < 0 ? e : store_fast(m, arg & 15);
    case FAST_PUSH:
        e = store_fast(m, arg >> 4);
        push(m, UNKNOWN);
        return e;
    case CELL:
        return pair(m, cell_name(m, arg), pop(m));
    case STORE_ATTR:
        pop(m);
        return pair(m, item(m->c, m->code->names, arg), pop(m));
    case STORE_ITEM:
        top = pop(m);
        pop(m);
        return pair(m, top, pop(m));
    default: /* MAP_ITEM */
        top = pop(m);
        return pair(m, top, pop(m));
    }
}

static void run_stack(struct machine *m, enum act act, uint32_t arg)
{
    unsigned magic = m->c->magic;
    switch (act) {
    case CONST:
        push(m, item(m->c, m->code->consts, arg));
        break;
    case PUSH_2:
        push(m, UNKNOWN);
        push(m, UNKNOWN);
        break;
    case GLOBAL:
        push(m, UNKNOWN);
        if (magic >= 3450 && magic < 60000 && (arg & 1))
            push(m, UNKNOWN);
        break;
    case ATTR:
        pop(m);
        push(m, UNKNOWN);
        if (magic >= 3500 && magic < 60000 && (arg & 1))
            push(m, UNKNOWN);
        break;
    case METHOD:
        pop(m);
        push(m, UNKNOWN);
        push(m, UNKNOWN);
        break;
    case POP:
        pop(m);
        break;
    case COPY_TOP:
        push(m, peek(m, 0));
        break;
    case COPY_N:
        push(m, arg ? peek(m, arg - 1) : UNKNOWN);
        break;
    case SWAP_N: /* ROT_TWO has no argument that counts */
        arg = magic >= 3450 && magic < 60000 ? arg : 2;
        if (arg >= 2 && arg <= m->n) {
            uint32_t top = m->stack[m->n - 1];
            m->stack[m->n - 1] = m->stack[m->n - arg];
            m->stack[m->n - arg] = top;
        }
        break;
    case UNPACK:
        unpack(m, arg);
        break;
    case KEYWORDS:
        m->keywords = item(m->c, m->code->consts, arg);
        break;
    case FORGET:
        m->n = 0;
        break;
    case NOTHING:
        break;
    default: /* PUSH, MAP_OLD */
        push(m, UNKNOWN);
    }
}

static int step(struct machine *m, uint8_t op, uint32_t arg)
{
    enum act act = m->act[op];
    switch (act) {
    case MAP:
    case MAP_KEYS:
    case LIST:
    case CALL_OLD:
    case CALL_NAMES:
    case CALL_N:
        return run_group(m, act, arg);
    case NAME:
    case FAST:
    case FAST_2:
    case FAST_PUSH:
    case CELL:
    case STORE_ATTR:
    case STORE_ITEM:
    case MAP_ITEM:
        return run_store(m, act, arg);
    default:
        run_stack(m, act, arg);
        return 0;
    }
}

static int run_code(struct machine *m, struct pl_str code)
{
    unsigned magic = m->c->magic;
    bool words = magic >= 3370 && magic < 60000;
    uint32_t high = 0;
    m->n = 0;
    m->keywords = UNKNOWN;
    for (size_t i = 0; i < code.n;) {
        const uint8_t *p = (const uint8_t *)code.p + i;
        size_t len = words ? 2 : p[0] >= 90 ? 3 : 1; /* 90: the first that has an argument */
        if (code.n - i < len)
            break;
        uint32_t arg = len == 1 ? 0 : words ? p[1] : (uint32_t)p[1] | (uint32_t)p[2] << 8;
        i += len;
        if (m->act[p[0]] == EXTEND) {
            high = (high | arg) << (words ? 8 : 16);
            continue;
        }
        int e = step(m, p[0], high | arg);
        if (e < 0)
            return e;
        high = 0;
    }
    return 0;
}

static void load_ops(struct machine *m)
{
    const struct version *v = versions;
    while (m->c->magic < v->from)
        v++;
    for (size_t i = 0; i < PL_COUNT(ops_common) && v->common; i++)
        m->act[ops_common[i].op] = ops_common[i].act;
    for (size_t i = 0; i < v->n; i++)
        m->act[v->ops[i].op] = v->ops[i].act;
}

int pl_pyc_pairs(const struct pl_pyc *c, struct pl_buf *out, struct pl_err *err)
{
    if (!c->magic) /* nothing was read */
        return 0;
    struct machine m = { .c = c, .out = out, .err = err };
    load_ops(&m);
    for (size_t i = 0; i < c->codes.n; i++) {
        m.code = &c->codes.p[i];
        const struct pl_py_obj *o = object(c, m.code->code, PL_PY_STR);
        int e = o ? run_code(&m, pl_str_n(c->file.p + o->a, o->n)) : 0;
        if (e < 0)
            return e;
    }
    return 0;
}
