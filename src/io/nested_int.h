/* What the readers of nested containers share: the limits, the whole file in memory, and views on
 * members. Not for other folders. */
/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PL_IO_NESTED_INT_H
#define PL_IO_NESTED_INT_H

#include <locale.h>

#include "base/buf.h"
#include "io/nested.h"

/* One container while it is read. */
struct pl_nest {
    struct pl_view *in;
    const struct pl_nested_opts *o;
    struct pl_nested_sink *sink;
    struct pl_str name; /* member being read, for notes */
    struct pl_buf hold; /* the file, or its beginning, when it had to be copied */
    uint64_t out;       /* bytes unpacked */
    uint64_t members;
    bool large;   /* has the right to hold more */
    bool tripped; /* a limit was noted: stop */
    bool raw_too; /* said of every member from here on */
};

/* Prepares `n`; pl_nest_release frees what it came to hold. */
void pl_nest_init(struct pl_nest *n, struct pl_view *in, const struct pl_nested_opts *o,
                  struct pl_nested_sink *sink);
void pl_nest_release(struct pl_nest *n);

/* Gives the sink a note about member `name` (may be empty). */
void pl_nest_note(struct pl_nest *n, const char *code, struct pl_str name, const char *fmt, ...)
    __attribute__((format(printf, 4, 5)));
/* Notes that the limit called `limit` was hit, once, and sets `tripped`; returns PL_E_LIMIT with
 * that message. */
int pl_nest_trip(struct pl_nest *n, const char *limit, uint64_t value, struct pl_err *err);
/* Counts `bytes` that were unpacked; PL_E_LIMIT (noted) when a limit trips. */
int pl_nest_charge(struct pl_nest *n, uint64_t bytes, struct pl_err *err);

/* The whole file as a view that lives as long as `n` and as long as `in` is not used. PL_E_LIMIT:
 * longer than o->whole_max (not noted; n->hold has the beginning, `in` what follows); other codes:
 * `in` broke. */
int pl_nest_whole(struct pl_nest *n, struct pl_str *ret, struct pl_err *err);
/* As pl_nest_whole, for formats that cannot do with less: they wait for the large slot and may take
 * limits->window bytes; more than that is noted, returned as 1. */
int pl_nest_need_whole(struct pl_nest *n, struct pl_str *ret, struct pl_err *err);

/* Hands one member to the sink and notes what became of its body. 0: go on; 1: stop, all is noted;
 * negative: PL_E_CANCEL, or `in` broke. `text` as in pl_member. */
int pl_nest_member(struct pl_nest *n, struct pl_str name, struct pl_str detail,
                   struct pl_view *body, bool text, struct pl_err *err);
/* As pl_nest_member for content in memory; counts its bytes as unpacked, and not the member: for
 * many small ones. */
int pl_nest_text(struct pl_nest *n, struct pl_str name, struct pl_str detail, struct pl_str body,
                 bool text, struct pl_err *err);

/* The UTF-8 locale in which libarchive gives names, for uselocale(); made at the first call and
 * kept. (locale_t)0 where the system has none. */
locale_t pl_nested_locale(void);
/* Sets TZ to UTC0. libarchive makes times with mktime, which looks at the zone's file at each call
 * unless the zone is written out; times of members are not used. */
void pl_nested_zone(void);

/* Writes up to `n` bytes to `p`: how many, 0 at the end, or a negative code. */
typedef int64_t pl_pull_fn(void *arg, void *p, size_t n, struct pl_err *err);

/* A view on what a function delivers; used for one member after another with the same memory. */
struct pl_pull {
    struct pl_view v;
    struct pl_nest *nest; /* what is delivered is charged there */
    pl_pull_fn *more;
    void *arg;
    struct pl_buf buf;
};
/* Begins a new member; `p` was zeroed before its first use. */
void pl_pull_begin(struct pl_pull *p, struct pl_nest *nest, pl_pull_fn *more, void *arg);
/* Frees the memory. */
void pl_pull_release(struct pl_pull *p);

/* A view that shows `under` and charges what comes into sight. `under` must not be used meanwhile.
 * Closing does nothing. */
struct pl_thru {
    struct pl_view v;
    struct pl_nest *nest;
    struct pl_view *under;
    uint64_t synced;  /* v.off up to which `under` was told */
    uint64_t charged; /* offset in `v` up to which bytes were charged */
};
void pl_thru_init(struct pl_thru *t, struct pl_nest *nest, struct pl_view *under);
/* Tells `under` what was consumed; it may be used again, `t` no more. */
void pl_thru_end(struct pl_thru *t);

#endif
