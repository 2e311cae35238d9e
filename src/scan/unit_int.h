/* What the files that read one target share. */
/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PL_SCAN_UNIT_INT_H
#define PL_SCAN_UNIT_INT_H

#include "scan/unit.h"

/* A note about the target as a whole. */
void pl_unit_note(struct pl_unit *u, bool incomplete, const char *code, struct pl_str where,
                  const char *fmt, ...) __attribute__((format(printf, 5, 6)));

/* A new part for a blob (or NULL: a record without one); the unit owns it. */
struct pl_part *pl_part_new(struct pl_unit *u, struct pl_blob *b);

/* The part of a blob, or NULL. */
struct pl_part *pl_part_of(struct pl_blob *b);

/* PL_JOBF_* that every job of this scan gets. */
uint32_t pl_unit_job_flags(const struct pl_scan *s);

/* A job that reads the part's blob; its record goes to the part. Heap, until submitted. */
struct pl_task *pl_unit_task(struct pl_unit *u, struct pl_part *p, uint32_t flags);

/* Queues a blob that was not read yet. One that cannot be opened gets a record that says so. */
void pl_unit_submit(struct pl_unit *u, struct pl_part *p, uint32_t flags);

/* Runs what was queued to its end. PL_E_CANCEL, or a worker that cannot be made. */
int pl_unit_run(struct pl_unit *u, struct pl_err *err);

/* Makes a part of every member of the archive; a stream's members are read on the way.
 * PL_E_USAGE: no tar at all. */
int pl_unit_list_archive(struct pl_unit *u, struct pl_err *err);

/* Reads manifest.json of a docker-archive; its images go to the unit. */
int pl_unit_read_docker(struct pl_unit *u, struct pl_part *list, struct pl_err *err);

/* Is a config "HEX.json" what its name says? Docker's image spec v1.2, "Image JSON". */
void pl_part_check_name(struct pl_part *p);

/* Size and digests against what led here; once per part, differences become notes. */
void pl_part_check(struct pl_part *p);

/* A document that is to be read, and what led to it. */
struct pl_level {
    struct pl_part *part;
    const struct pl_descriptor *desc;
    unsigned depth;
    bool selected;
    const struct pl_top *top; /* REMOTE: what led here */
    bool referrer;            /* REMOTE: the registry lists it as one */
};

struct pl_walk {
    struct pl_unit *u;
    const struct pl_level *at;
    PL_VEC(struct pl_level) now, next;
    PL_VEC(struct pl_level) subjects; /* REMOTE: whose referrers are asked for */
};

/* Reads level after level of documents, from w->now on; images and roles go to the unit. */
int pl_walk_levels(struct pl_walk *w, struct pl_err *err);

/* Reads index.json of a layout and all it leads to, but for configs and layers. */
int pl_unit_read_layout(struct pl_unit *u, struct pl_part *index, struct pl_err *err);

/* Reads the documents behind the tops of a registry target, and their referrers. */
int pl_unit_read_remote(struct pl_unit *u, struct pl_err *err);

#endif
