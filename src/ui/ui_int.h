/* Between the files that make pages. Everything foreign goes through ui_text. */
/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PL_UI_UI_INT_H
#define PL_UI_UI_INT_H

#include "base/arena.h"
#include "query/query.h"
#include "ui/form.h"
#include "ui/ui.h"

/* Embedded by the build from src/ui/html/. */
extern const char pl_ui_css[];
extern const size_t pl_ui_css_len;

struct ui {
    struct pl_store *s;
    const struct pl_ui_ask *ask;
    struct pl_ui_form form;
    struct pl_arena a;   /* of the page */
    struct pl_arena one; /* of a row */
    struct pl_ui_answer *ret;
    struct pl_buf *out; /* ret->body */
    struct pl_err *err;
    unsigned steps;
};

/* Own markup. */
void ui_put(struct ui *x, const char *markup);
void ui_putf(struct ui *x, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
/* Foreign text, cut to `max` characters. */
void ui_text(struct ui *x, struct pl_str s, size_t max);
/* "2026-11-22 12:00 UTC", as <time>. */
void ui_time(struct ui *x, int64_t at);
/* "1,234" */
void ui_number(struct ui *x, uint64_t n);
/* The address of a search, in a quoted attribute. */
void ui_href(struct ui *x, const struct pl_ui_form *f);
/* From doctype to the beginning of <main>; `title` is foreign. */
void ui_head(struct ui *x, struct pl_str title);
void ui_foot(struct ui *x);
/* The four fields, filled with what was asked for. */
void ui_search(struct ui *x);
/* A page of its own for what cannot be shown. */
int ui_refuse(struct ui *x, unsigned status, const char *title, struct pl_str why);
/* To be called for each row that is read: PL_E_LIMIT once the deadline has passed. */
int ui_step(struct ui *x);

/* One of the images that a page lists. */
struct ui_hit {
    int64_t id;
    char *name; /* heap */
    size_t n;
};
#define UI_PAGE 50u  /* images, and */
#define UI_ROWS 200u /* packages on a page */

struct ui_hits {
    struct ui_hit p[UI_PAGE + 1]; /* in order; the last only tells that there is more */
    size_t n;
    uint64_t total; /* that match, on all pages */
    struct pl_query_ask ask;
    struct pl_query_want want;
};
/* The page of images that x->form asks for, sorted by name. PL_E_USAGE: what is asked for cannot be
 * read. */
int ui_find(struct ui *x, struct ui_hits *ret);
void ui_hits_release(struct ui_hits *h);
/* The pages. */
int ui_fleet(struct ui *x);
int ui_image(struct ui *x, int64_t id);
int ui_packages(struct ui *x, int64_t id);

/* The inventory `id`, in x->a: *ret_there false when there is none. */
int ui_inventory(struct ui *x, int64_t id, bool found, struct pl_store_image *ret, bool *ret_there);
/* Where it runs: a section, or nothing when nobody told. */
int ui_runs(struct ui *x, const struct pl_store_image *i);
/* Takes out of `i` what is no package: what the system calls itself. In x->a. */
int ui_packages_alone(struct ui *x, struct pl_store_image *i);
/* A table of packages of `i`, from the `from`th on, at most UI_ROWS. */
int ui_package_table(struct ui *x, const struct pl_store_image *i, size_t from, size_t max);

#endif
