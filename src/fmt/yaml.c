/* YAML trees from libyaml's events, without recursion. YAML 1.1, chapters 3 and 7. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "fmt/yaml.h"

#include <inttypes.h>
#include <stdlib.h>
#include <yaml.h>

#include "base/cleanup.h"
#include "base/map.h"
#include "base/vec.h"

/* Nodes written down, and nodes seen when every alias is followed. Far above real files; the first
 * keeps a tree within the large slot of limits.h. */
#define NODES_MAX 500000u
#define WEIGHT_MAX 1000000u
/* Later anchors of a document are not kept, so an alias to one fails: names can be chosen to
 * collide in a table, which makes many of them slow. */
#define ANCHORS_MAX 10000u

struct frame {
    struct pl_yaml *node;
    size_t first; /* its items begin here in builder.item */
};

struct builder {
    const struct pl_limits *l;
    struct pl_arena *a;
    struct pl_err *err;
    struct pl_map anchors; /* name: struct pl_yaml */
    PL_VEC(struct frame) open;
    PL_VEC(struct pl_yaml *) item; /* of all open nodes, outermost first */
    PL_VEC(struct pl_yaml *) doc;
    uint64_t nodes, aliases, weight; /* weight: of the finished documents */
};

static void builder_release(struct builder *b)
{
    pl_map_release(&b->anchors);
    pl_vec_release(&b->open);
    pl_vec_release(&b->item);
    pl_vec_release(&b->doc);
}

static int limit(struct builder *b, const yaml_mark_t *m, const char *what)
{
    return pl_fail(b->err, PL_E_LIMIT, "line %zu: %s", m->line + 1, what);
}

/* Hands a finished node to what it stands in. */
static int place(struct builder *b, struct pl_yaml *y, const yaml_mark_t *m)
{
    if (b->open.n + y->height > b->l->depth)
        return limit(b, m, "limit json-depth: nested too deep");
    if (b->open.n == 0) {
        b->weight += y->weight;
        if (b->weight > WEIGHT_MAX)
            return limit(b, m, "aliases multiply to more than a million values");
        pl_vec_push(&b->doc, y);
        return 0;
    }
    pl_vec_push(&b->item, y);
    return 0;
}

static struct pl_yaml *new_node(struct builder *b, const yaml_event_t *e, enum pl_yaml_kind kind,
                                const yaml_char_t *anchor, const yaml_char_t *tag)
{
    struct pl_yaml *y = PL_NEW(b->a, struct pl_yaml);
    y->kind = kind;
    y->line = (uint32_t)e->start_mark.line + 1;
    y->col = (uint32_t)e->start_mark.column + 1;
    y->end_line = (uint32_t)e->end_mark.line + 1;
    y->end_col = (uint32_t)e->end_mark.column + 1;
    y->tag = pl_dup(b->a, pl_str_c((const char *)tag));
    if (anchor && b->anchors.n < ANCHORS_MAX)
        *pl_map_put(&b->anchors, pl_str_c((const char *)anchor)) = y;
    return y;
}

static int on_scalar(struct builder *b, const yaml_event_t *e)
{
    struct pl_yaml *y = new_node(b, e, PL_YAML_SCALAR, e->data.scalar.anchor, e->data.scalar.tag);
    y->text = pl_dup(b->a, pl_str_n(e->data.scalar.value, e->data.scalar.length));
    y->plain = e->data.scalar.style == YAML_PLAIN_SCALAR_STYLE && !e->data.scalar.tag;
    y->weight = 1;
    return place(b, y, &e->start_mark);
}

static int on_alias(struct builder *b, const yaml_event_t *e)
{
    struct pl_yaml *y = pl_map_get(&b->anchors, pl_str_c((const char *)e->data.alias.anchor));
    if (++b->aliases > b->l->yaml_aliases)
        return limit(b, &e->start_mark, "limit yaml-aliases: too many aliases");
    if (!y)
        return pl_fail(b->err, PL_E_FORMAT, "line %zu: alias without anchor",
                       e->start_mark.line + 1);
    if (y->weight == 0) /* still open */
        return pl_fail(b->err, PL_E_FORMAT, "line %zu: alias within its own anchor",
                       e->start_mark.line + 1);
    return place(b, y, &e->start_mark);
}

static int on_open(struct builder *b, const yaml_event_t *e, enum pl_yaml_kind kind,
                   const yaml_char_t *anchor, const yaml_char_t *tag, bool flow)
{
    struct frame f = { new_node(b, e, kind, anchor, tag), b->item.n };
    f.node->flow = flow;
    if (b->open.n >= b->l->depth)
        return limit(b, &e->start_mark, "limit json-depth: nested too deep");
    pl_vec_push(&b->open, f);
    return 0;
}

static int by_text(const void *x, const void *y)
{
    const struct pl_yaml *a = *(const struct pl_yaml *const *)x;
    const struct pl_yaml *b = *(const struct pl_yaml *const *)y;
    int c = pl_str_cmp(a->text, b->text);
    return c ? c : (a->line > b->line) - (a->line < b->line);
}

/* Sorted, not hashed: keys could be chosen to collide. */
static int check_keys(struct builder *b, const struct pl_yaml *y)
{
    pl_auto_free const struct pl_yaml **key = calloc(y->n + 1, sizeof *key);
    size_t n = 0;
    if (!key)
        pl_oom();
    for (size_t i = 0; i < y->n; i++) {
        const struct pl_yaml *k = y->item[2 * i];
        if (k->kind == PL_YAML_SCALAR && !(k->plain && pl_str_is(k->text, "<<")))
            key[n++] = k;
    }
    qsort(key, n, sizeof *key, by_text);
    for (size_t i = 1; i < n; i++)
        if (pl_str_eq(key[i - 1]->text, key[i]->text))
            return pl_fail(b->err, PL_E_FORMAT, "line %u: a key stands twice in one map",
                           key[i]->line);
    return 0;
}

static int on_close(struct builder *b, const yaml_event_t *e)
{
    struct frame f = b->open.p[--b->open.n];
    struct pl_yaml *y = f.node;
    size_t n = b->item.n - f.first;
    y->item = pl_alloc_n(b->a, n, sizeof(struct pl_yaml *));
    y->weight = 1;
    y->end_line = (uint32_t)e->end_mark.line + 1;
    y->end_col = (uint32_t)e->end_mark.column + 1;
    for (size_t i = 0; i < n; i++) {
        y->item[i] = b->item.p[f.first + i];
        y->weight += y->item[i]->weight;
        if (y->height <= y->item[i]->height)
            y->height = y->item[i]->height + 1;
    }
    b->item.n = f.first;
    y->n = y->kind == PL_YAML_MAP ? n / 2 : n;
    if (y->weight > WEIGHT_MAX)
        return limit(b, &e->start_mark, "aliases multiply to more than a million values");
    int r = y->kind == PL_YAML_MAP ? check_keys(b, y) : 0;
    return r < 0 ? r : place(b, y, &e->start_mark);
}

static int on_event(struct builder *b, const yaml_event_t *e)
{
    switch (e->type) {
    case YAML_DOCUMENT_START_EVENT:
        pl_map_release(&b->anchors); /* anchors end with their document */
        return 0;
    case YAML_SCALAR_EVENT:
        return on_scalar(b, e);
    case YAML_ALIAS_EVENT:
        return on_alias(b, e);
    case YAML_SEQUENCE_START_EVENT:
        return on_open(b, e, PL_YAML_LIST, e->data.sequence_start.anchor,
                       e->data.sequence_start.tag,
                       e->data.sequence_start.style == YAML_FLOW_SEQUENCE_STYLE);
    case YAML_MAPPING_START_EVENT:
        return on_open(b, e, PL_YAML_MAP, e->data.mapping_start.anchor, e->data.mapping_start.tag,
                       e->data.mapping_start.style == YAML_FLOW_MAPPING_STYLE);
    case YAML_SEQUENCE_END_EVENT:
    case YAML_MAPPING_END_EVENT:
        return on_close(b, e);
    default:
        return 0;
    }
}

static int parser_failed(const yaml_parser_t *p, struct pl_err *err)
{
    if (p->error == YAML_MEMORY_ERROR)
        return pl_fail(err, PL_E_NOMEM, "out of memory");
    if (p->error == YAML_READER_ERROR)
        return pl_fail(err, PL_E_FORMAT, "byte %zu: %s", p->problem_offset, p->problem);
    return pl_fail(err, PL_E_FORMAT, "line %zu, column %zu: %s", p->problem_mark.line + 1,
                   p->problem_mark.column + 1, p->problem ? p->problem : "not YAML");
}

static int run(struct builder *b, yaml_parser_t *p)
{
    for (bool end = false; !end;) {
        PL_AUTO(yaml_event_t, e, yaml_event_delete) = { 0 };
        if (!yaml_parser_parse(p, &e))
            return parser_failed(p, b->err);
        if (e.type != YAML_NO_EVENT && ++b->nodes > NODES_MAX)
            return limit(b, &e.start_mark, "more than half a million values");
        int r = on_event(b, &e);
        if (r < 0)
            return r;
        end = e.type == YAML_STREAM_END_EVENT || e.type == YAML_NO_EVENT;
    }
    return 0;
}

int pl_yaml_parse(struct pl_str text, const struct pl_limits *l, struct pl_arena *a,
                  struct pl_yaml_stream *ret, struct pl_err *err)
{
    PL_AUTO(yaml_parser_t, p, yaml_parser_delete);
    if (!yaml_parser_initialize(&p)) {
        memset(&p, 0, sizeof p);
        return pl_fail(err, PL_E_NOMEM, "out of memory");
    }
    if (text.n > l->config)
        return pl_fail(err, PL_E_LIMIT, "limit config: %zu bytes of YAML, more than %" PRIu64,
                       text.n, l->config);
    PL_AUTO(struct builder, b, builder_release) = { .l = l, .a = a, .err = err };
    struct pl_arena names = { 0 };
    b.anchors.a = &names;
    yaml_parser_set_input_string(&p, (const unsigned char *)(text.n ? text.p : ""), text.n);
    int r = run(&b, &p);
    pl_arena_release(&names);
    if (r < 0)
        return r;
    ret->doc = pl_alloc_n(a, b.doc.n, sizeof(struct pl_yaml *));
    for (size_t i = 0; i < b.doc.n; i++)
        ret->doc[i] = b.doc.p[i];
    ret->n = b.doc.n;
    return 0;
}

const struct pl_yaml *pl_yaml_get(const struct pl_yaml *y, const char *key)
{
    for (size_t i = 0; y && y->kind == PL_YAML_MAP && i < y->n; i++)
        if (y->item[2 * i]->kind == PL_YAML_SCALAR && pl_str_is(y->item[2 * i]->text, key))
            return y->item[2 * i + 1];
    return NULL;
}

struct pl_str pl_yaml_str(const struct pl_yaml *y)
{
    if (!y || y->kind != PL_YAML_SCALAR)
        return (struct pl_str){ NULL, 0 };
    return y->text;
}
