/* XML documents of foreign origin as a tree: elements, attributes and text, without namespaces,
 * entities of its own or anything outside the document. XML 1.0, as far as feeds use it. */
/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PL_FMT_XML_H
#define PL_FMT_XML_H

#include "base/arena.h"
#include "base/err.h"
#include "base/str.h"

/* Levels that a document may nest. */
#define PL_XML_DEPTH 128u

struct pl_xml_attr {
    struct pl_str name, value; /* the name without its prefix, the value decoded */
};
struct pl_xml {
    struct pl_str name; /* without its prefix */
    struct pl_str text; /* the first run of text that is not blank, trimmed and decoded */
    const struct pl_xml_attr *attr;
    size_t n_attrs;
    struct pl_xml *child, *next; /* the first below it, the one beside it */
    struct pl_xml *parent, *last_child;
};

/* Reads `text`, which must outlive the nodes, into `a`. PL_E_FORMAT with the offset at what is not
 * well-formed; PL_E_LIMIT beyond PL_XML_DEPTH. */
int pl_xml_parse(struct pl_str text, struct pl_arena *a, struct pl_xml **ret, struct pl_err *err);

/* The first element below `x` (may be NULL) of that name; NULL when there is none. */
const struct pl_xml *pl_xml_get(const struct pl_xml *x, const char *name);
/* The next one of the same name beside `x`; NULL behind the last. */
const struct pl_xml *pl_xml_more(const struct pl_xml *x);
/* Its text; empty when there is none. */
struct pl_str pl_xml_text(const struct pl_xml *x, const char *name);
/* An attribute of `x` (may be NULL); empty when there is none. */
struct pl_str pl_xml_attr(const struct pl_xml *x, const char *name);

#endif
