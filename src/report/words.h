/* The words of a report, shared by the formats made for people: sentences, places, sizes, blocks.
 * What is appended is raw text (foreign bytes as they came) unless said otherwise; the writer
 * escapes it for its context. ux.md sections 2 and 7. */
/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PL_REPORT_WORDS_H
#define PL_REPORT_WORDS_H

#include "report/writer.h"

/* Several occurrences of one secret in one target, or a single finding of another kind. */
struct pl_block {
    enum pl_severity severity;   /* the highest of them */
    const struct pl_finding **f; /* those with equal spans stand together */
    size_t n;
    size_t first; /* lowest index in the target's findings */
};
struct pl_blocks {
    struct pl_block *p; /* most severe first, then as found */
    size_t n;
};
/* Groups the findings of `t`: one secret by one rule is one block. Lives in `a`. */
struct pl_blocks pl_blocks_make(struct pl_arena *a, const struct pl_target *t);
/* Do two findings have the same introduced (layer or instruction), hidden, how and visible? */
bool pl_life_eq(const struct pl_finding *a, const struct pl_finding *b);

/* "npm access token in a deleted file, still downloadable": title and what is special about the
 * place. */
void pl_say_title(struct pl_buf *out, const struct pl_target *t, const struct pl_finding *f);
/* f->title without what pl_say_title adds, for titles that have been through it (saved results). */
struct pl_str pl_bare_title(const struct pl_target *t, const struct pl_finding *f);
/* "srv/web/.npmrc:2:43", "lib/a.jar!b.jar!c.txt:1:1", "usr/bin/x, byte 512", "env TOKEN". */
void pl_say_place(struct pl_buf *out, const struct pl_finding *f);
/* "1a2b3c4d5e6f  2026-11-22  Ann <ann@example.org>  (and 2 further versions of the file)", of what
 * is known. */
void pl_say_commit(struct pl_buf *out, const struct pl_commit *c);
/* Why it matters that it is (not) visible: "no: absent from the final file system, present in every
 * pull". */
const char *pl_say_visible(const struct pl_target *t, const struct pl_finding *f);
/* What a leaked secret calls for, or NULL where there is nothing to revoke (other kinds, samples
 * and test keys). */
const char *pl_say_rotate(const struct pl_target *t, const struct pl_finding *f, bool has_scrub);
/* Where in the layer `index` names: the instruction as a person would write it, without what the
 * builder put around it. A view on `created_by`, or on a copy in `a`. */
struct pl_str pl_say_instruction(struct pl_arena *a, struct pl_str created_by);
/* "sha256:4f0c2b91…"; in `a`. Other text comes back whole. */
struct pl_str pl_say_digest(struct pl_arena *a, struct pl_str digest);
/* "212 MB", "1.2 kB", "17 B" (powers of ten). */
struct pl_str pl_say_size(struct pl_arena *a, uint64_t bytes);
/* "6 of 6 layers, 212 of 212 MB" for the targets t[0..n); sums over them. */
void pl_say_read(struct pl_buf *out, const struct pl_target *t, size_t n);
/* "1 critical, 0 high, 0 medium, 0 low", and info when there is any. */
void pl_say_counts(struct pl_buf *out, const uint64_t count[PL_SEV_COUNT]);
/* "layer 2 (COPY . /srv/web)", the instruction cut to 120 bytes or so. */
void pl_say_layer(struct pl_buf *out, struct pl_arena *a, const struct pl_layer_info *l);
/* "Introduced by layer 2 (…), hidden by layer 4 (…): whiteout." or nothing when no layer is
 * known. */
void pl_say_history(struct pl_buf *out, struct pl_arena *a, const struct pl_target *t,
                    const struct pl_finding *f);
/* The weakness a kind of finding is an instance of: number in the CWE list. */
unsigned pl_kind_cwe(enum pl_kind k);
/* "2026-11-22T03:46:27", UTC, of a time in nanoseconds since the epoch. */
struct pl_str pl_say_time(struct pl_arena *a, int64_t ns);
/* The layer `index` of `t`, or NULL for PL_NEVER and indexes that are not there. */
const struct pl_layer_info *pl_layer_at(const struct pl_target *t, uint32_t index);

#endif
