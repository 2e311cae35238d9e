/* Strict JSON, RFC 8259, by jansson. A scan of the bytes comes first: it caps depth and the memory
 * that the tree may take, and finds bytes that are not UTF-8, before anything is built. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "fmt/json.h"

#include <jansson.h>
#include <stdlib.h>
#include <sys/random.h>

#include "base/buf.h"
#include "fmt/utf8.h"

/* What a tree may take, estimated: the large slot of limits.h (`window`), which is eight times the
 * largest document. "[[],[],[]…" would otherwise take forty times its own length. */
#define TREE_MAX ((size_t)128 << 20)
/* The parser's own cap on depth is just above. */
#define DEPTH_MAX 2000u

/* Costs in bytes of what the parser allocates, rounded up. */
enum { COST_OBJECT = 272, COST_ARRAY = 128, COST_MEMBER = 48, COST_ITEM = 48, COST_STRING = 64 };

struct scan {
    const unsigned char *p;
    size_t n, at;
    size_t cost;
    unsigned depth, max_depth;
};

static int scan_string(struct scan *s, struct pl_err *err)
{
    size_t start = s->at++;
    while (s->at < s->n && s->p[s->at] != '"') {
        uint32_t cp;
        size_t len =
            s->p[s->at] < 0x80 ? 1 : pl_utf8_next(pl_str_n(s->p + s->at, s->n - s->at), &cp);
        if (len == 0)
            return pl_fail(err, PL_E_FORMAT, "byte %zu: not UTF-8", s->at);
        if (s->p[s->at] == '\\' && s->at + 1 < s->n && s->p[s->at + 1] < 0x80)
            len = 2;
        s->at += len;
    }
    s->cost += COST_STRING + (s->at - start);
    s->at++;
    return 0;
}

static int scan_mark(struct scan *s, struct pl_err *err)
{
    unsigned char c = s->p[s->at];
    if (c >= 0x80)
        return pl_fail(err, PL_E_FORMAT, "byte %zu: not JSON", s->at);
    if (c == '{' || c == '[') {
        s->cost += c == '{' ? COST_OBJECT : COST_ARRAY;
        if (++s->depth > s->max_depth)
            return pl_fail(err, PL_E_LIMIT, "limit json-depth: nested deeper than %u at byte %zu",
                           s->max_depth, s->at);
    } else if ((c == '}' || c == ']') && s->depth) {
        s->depth--;
    } else if (c == ':' || c == ',') {
        s->cost += c == ':' ? COST_MEMBER : COST_ITEM;
    }
    s->at++;
    return 0;
}

static int prescan(struct pl_str text, unsigned max_depth, size_t tree_max, struct pl_err *err)
{
    struct scan s = { .p = (const unsigned char *)text.p, .n = text.n, .max_depth = max_depth };
    while (s.at < s.n) {
        int r = s.p[s.at] == '"' ? scan_string(&s, err) : scan_mark(&s, err);
        if (r < 0)
            return r;
        if (s.cost > tree_max)
            return pl_fail(err, PL_E_LIMIT, "more values than %zu MiB can hold, at byte %zu",
                           tree_max >> 20, s.at);
    }
    return 0;
}

/* The parser's own text quotes the document, which may hold secrets. */
static const char *reason(const json_error_t *e)
{
    switch (json_error_code(e)) {
    case json_error_duplicate_key:
        return "a key stands twice in one object";
    case json_error_null_byte_in_key:
        return "NUL in a key";
    case json_error_numeric_overflow:
        return "number too large";
    case json_error_premature_end_of_input:
        return "ends too early";
    case json_error_end_of_input_expected:
        return "something follows the document";
    default:
        return "not JSON";
    }
}

/* jansson forgets that its buffer could not grow, and gives a string without the byte that was to
 * go in: so memory is there, or the process ends. */
static void *memory(size_t n)
{
    void *p = malloc(n);
    if (!p)
        pl_oom();
    return p;
}

/* Hashes are salted so that keys cannot be chosen to collide; the parser would read the salt from a
 * device, which the sandbox forbids. Only the first call has an effect. */
static void salt(void)
{
    size_t seed = 0;
    if (getrandom(&seed, sizeof seed, GRND_NONBLOCK) != sizeof seed || seed == 0)
        seed = 1;
    json_object_seed(seed);
}

int pl_json_parse(struct pl_str text, unsigned max_depth, struct pl_json **ret, struct pl_err *err)
{
    return pl_json_parse_within(text, max_depth, TREE_MAX, ret, err);
}

int pl_json_parse_within(struct pl_str text, unsigned max_depth, size_t tree_max,
                         struct pl_json **ret, struct pl_err *err)
{
    json_error_t e;
    int r = prescan(text, max_depth < DEPTH_MAX ? max_depth : DEPTH_MAX, tree_max, err);
    if (r < 0)
        return r;
    salt();
    json_set_alloc_funcs(memory, free);
    json_t *root = json_loadb(text.n ? text.p : "", text.n,
                              JSON_REJECT_DUPLICATES | JSON_DECODE_ANY | JSON_ALLOW_NUL, &e);
    if (!root)
        return pl_fail(err, PL_E_FORMAT, "byte %d: %s", e.position, reason(&e));
    *ret = (struct pl_json *)root;
    return 0;
}

void pl_json_free(struct pl_json *root)
{
    json_decref((json_t *)root);
}

enum pl_json_type pl_json_type(const struct pl_json *j)
{
    switch (json_typeof((const json_t *)j)) {
    case JSON_OBJECT:
        return PL_JSON_OBJECT;
    case JSON_ARRAY:
        return PL_JSON_ARRAY;
    case JSON_STRING:
        return PL_JSON_STRING;
    case JSON_INTEGER:
        return PL_JSON_INT;
    case JSON_REAL:
        return PL_JSON_REAL;
    case JSON_TRUE:
    case JSON_FALSE:
        return PL_JSON_BOOL;
    default:
        return PL_JSON_NULL;
    }
}

const struct pl_json *pl_json_get(const struct pl_json *j, const char *key)
{
    return (const struct pl_json *)json_object_get((const json_t *)j, key);
}

size_t pl_json_len(const struct pl_json *j)
{
    const json_t *t = (const json_t *)j;
    return json_is_array(t) ? json_array_size(t) : json_object_size(t);
}

const struct pl_json *pl_json_at(const struct pl_json *j, size_t i)
{
    return (const struct pl_json *)json_array_get((const json_t *)j, i);
}

struct pl_str pl_json_str(const struct pl_json *j)
{
    const json_t *t = (const json_t *)j;
    return (struct pl_str){ json_string_value(t), json_string_length(t) };
}

int64_t pl_json_int(const struct pl_json *j, int64_t otherwise)
{
    const json_t *t = (const json_t *)j;
    return json_is_integer(t) ? json_integer_value(t) : otherwise;
}

double pl_json_real(const struct pl_json *j, double otherwise)
{
    const json_t *t = (const json_t *)j;
    return json_is_number(t) ? json_number_value(t) : otherwise;
}

bool pl_json_true(const struct pl_json *j)
{
    return json_is_true((const json_t *)j);
}

int pl_json_each(const struct pl_json *j,
                 int (*fn)(void *arg, struct pl_str key, const struct pl_json *value), void *arg)
{
    json_t *t = (json_t *)j;
    for (void *it = json_object_iter(t); it; it = json_object_iter_next(t, it)) {
        struct pl_str key = pl_str_c(json_object_iter_key(it)); /* holds no NUL */
        int r = fn(arg, key, (const struct pl_json *)json_object_iter_value(it));
        if (r)
            return r;
    }
    return 0;
}

struct walk {
    struct pl_buf pointer;
    struct pl_str key; /* nearest member above */
    pl_json_string_fn *fn;
    void *arg;
};

static void walk(struct walk *w, const struct pl_json *j);

static int walk_member(void *arg, struct pl_str key, const struct pl_json *value)
{
    struct walk *w = arg;
    size_t was = w->pointer.n;
    struct pl_str above = w->key;
    pl_buf_putc(&w->pointer, '/');
    for (size_t i = 0; i < key.n; i++) {
        if (key.p[i] == '~' || key.p[i] == '/')
            pl_buf_puts(&w->pointer, key.p[i] == '~' ? "~0" : "~1");
        else
            pl_buf_putc(&w->pointer, key.p[i]);
    }
    w->fn(w->arg, pl_buf_str(&w->pointer), above, key, /* is_key= */ true);
    w->key = key;
    walk(w, value);
    w->key = above;
    w->pointer.n = was;
    return 0;
}

/* Recursion is bounded by the depth the document was parsed with. */
static void walk(struct walk *w, const struct pl_json *j)
{
    size_t was = w->pointer.n;
    switch (pl_json_type(j)) {
    case PL_JSON_STRING:
        w->fn(w->arg, pl_buf_str(&w->pointer), w->key, pl_json_str(j), /* is_key= */ false);
        break;
    case PL_JSON_OBJECT:
        pl_json_each(j, walk_member, w);
        break;
    case PL_JSON_ARRAY:
        for (size_t i = 0; i < pl_json_len(j); i++) {
            pl_buf_printf(&w->pointer, "/%zu", i);
            walk(w, pl_json_at(j, i));
            w->pointer.n = was;
        }
        break;
    default:
        break;
    }
}

void pl_json_strings(const struct pl_json *j, pl_json_string_fn *fn, void *arg)
{
    struct walk w = { .key = PL_S(""), .fn = fn, .arg = arg };
    if (j)
        walk(&w, j);
    pl_buf_release(&w.pointer);
}
