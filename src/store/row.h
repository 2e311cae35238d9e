/* Facts as the columns of a store hold them: little byte strings, read back as foreign bytes. */
/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PL_STORE_ROW_H
#define PL_STORE_ROW_H

#include "base/wire.h"
#include "model/store.h"

/* What identifies a fact: the first half of its SHA-256. */
#define PL_ROW_PRINT 16u
/* The print of `s`, to out[PL_ROW_PRINT]. */
void pl_row_print(struct pl_str s, uint8_t *out);

/* A package without paths and span. */
void pl_row_put_package(struct pl_buf *b, const struct pl_package *p);
/* Reads it; text in `a`. False when the bytes are none. */
bool pl_row_get_package(struct pl_str row, struct pl_arena *a, struct pl_package *ret);

/* A list of texts. */
void pl_row_put_names(struct pl_buf *b, const struct pl_names *n);
/* Text in `a`; false when the bytes are none. */
bool pl_row_get_names(struct pl_str row, struct pl_arena *a, struct pl_names *ret);

/* A layer, with its index. */
void pl_row_put_layer(struct pl_buf *b, const struct pl_layer_info *l);
/* Text in `a`; false when the bytes are none. */
bool pl_row_get_layer(struct pl_str row, struct pl_arena *a, struct pl_layer_info *ret);

/* The notes that make a result incomplete; the others are passed over. */
void pl_row_put_notes(struct pl_buf *b, const struct pl_note *note, size_t n);
/* Text in `a`; false when the bytes are none. */
bool pl_row_get_notes(struct pl_str row, struct pl_arena *a, struct pl_note **ret, size_t *ret_n);

/* The list of an inventory's packages. */
void pl_row_put_members(struct pl_buf *b, const struct pl_store_member *m, size_t n);
/* Array in `a`; false when the bytes are none. */
bool pl_row_get_members(struct pl_str row, struct pl_arena *a, struct pl_store_member **ret,
                        size_t *ret_n);

/* Numbers in any order. */
void pl_row_put_numbers(struct pl_buf *b, const uint32_t *v, size_t n);
/* Array in `a`; false when the bytes are none. */
bool pl_row_get_numbers(struct pl_str row, struct pl_arena *a, uint32_t **ret, size_t *ret_n);

#endif
