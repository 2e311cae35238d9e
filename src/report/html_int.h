/* Parts of the HTML report: page, timeline, findings. Everything foreign goes through html_text. */
/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PL_REPORT_HTML_INT_H
#define PL_REPORT_HTML_INT_H

#include "base/map.h"
#include "report/escape.h"
#include "report/html.h"
#include "report/words.h"

/* Embedded by the build from src/report/html/. */
extern const char pl_html_js[];
extern const size_t pl_html_js_len;

/* One block on the page. */
struct html_block {
    const struct pl_block *b;
    size_t number;         /* from 1 within its target */
    struct pl_str *anchor; /* of each of b->f, unique on the page; [0] is the block's own */
};

struct html {
    const struct pl_report *r;
    const struct pl_report_opts *o;
    struct pl_arena *a; /* as long as the document is written */
    struct pl_buf *out;
    struct pl_map anchors; /* how often each was wanted */
    const struct pl_target *t;
    size_t target_no; /* from 1 */
    struct html_block *blocks;
    size_t n_blocks; /* shown of this target, the worst first */
    size_t left_out; /* blocks of all targets that are not shown */
    size_t room;     /* blocks that may still be shown */
    bool still;      /* no script will run on this page */
};

/* Own markup. */
void html_put(struct html *h, const char *markup);
void html_putf(struct html *h, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
/* Foreign text, cut to `max` characters (0 = whole). */
void html_text(struct html *h, struct pl_str s, size_t max);
/* The timeline of the target's layers; nothing when it has none. */
void html_timeline(struct html *h);
/* The table of findings and a card for each. */
void html_findings(struct html *h);

#endif
