/* Bounded YAML 1.1 of foreign origin, by libyaml's events: aliases are counted and weighed before
 * anything can multiply (hazard H26), keys that stand twice are refused, every node knows its line.
 */
/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PL_FMT_YAML_H
#define PL_FMT_YAML_H

#include "base/arena.h"
#include "base/err.h"
#include "base/limits.h"

enum pl_yaml_kind { PL_YAML_SCALAR, PL_YAML_LIST, PL_YAML_MAP };

/* A node. An alias is the very node of its anchor, so a tree may share parts; a walk over all of
 * it, shared parts each time, sees `weight` nodes, of which the whole stream has at most a million.
 * It never holds itself. */
struct pl_yaml {
    enum pl_yaml_kind kind;
    bool plain;         /* scalar without quotes and tag: may stand for null, a number, a bool */
    bool flow;          /* list or map in brackets */
    uint32_t line, col; /* 1-based, in characters, of its first character */
    uint32_t end_line, end_col; /* just behind it */
    uint32_t height;            /* levels below, 0 for a scalar */
    uint64_t weight;
    struct pl_str text;    /* scalar: the value (UTF-8, may hold NUL) */
    struct pl_str tag;     /* explicit tag, or empty */
    struct pl_yaml **item; /* list: n items; map: n pairs, key then value */
    size_t n;
};

/* The documents of one stream; an empty document is a plain scalar without text. */
struct pl_yaml_stream {
    struct pl_yaml **doc;
    size_t n;
};

/* Reads all of `text` (UTF-8, or UTF-16 with byte order mark) into `a`. PL_E_FORMAT with line and
 * column; PL_E_LIMIT for size (limit config), depth, aliases, or number of nodes. */
int pl_yaml_parse(struct pl_str text, const struct pl_limits *l, struct pl_arena *a,
                  struct pl_yaml_stream *ret, struct pl_err *err);

/* The value of scalar key `key` of a map, or NULL (also when `y` is NULL or no map). Merge keys
 * ("<<") are not followed. Linear in the number of pairs. */
const struct pl_yaml *pl_yaml_get(const struct pl_yaml *y, const char *key);
/* The text of a scalar; p == NULL when `y` is NULL or none. */
struct pl_str pl_yaml_str(const struct pl_yaml *y);

#endif
