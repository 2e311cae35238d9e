/* A regex as a tree of byte sets; enough of RE2's syntax for rules. */
/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PL_SECRET_SHAPE_INT_H
#define PL_SECRET_SHAPE_INT_H

#include "secret/rule_int.h"

enum rx_kind { RX_EMPTY, RX_SET, RX_CAT, RX_ALT, RX_REPEAT };

#define RX_INF UINT32_MAX

struct rx_node {
    enum rx_kind kind;
    unsigned a, b;       /* children, by index */
    uint32_t lo, hi;     /* of a repeat; hi may be RX_INF */
    struct pl_bytes set; /* of a set */
};

struct rx {
    struct rx_node *p;
    size_t n, cap;
    bool boundary; /* begins with \b */
};

/* Parses; false for syntax it does not know (the tree is then of no use). Release either way. */
bool pl_rx_parse(struct pl_str regex, struct rx *rx, unsigned *ret_root);
void pl_rx_release(struct rx *rx);

#endif
