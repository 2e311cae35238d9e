/* Lists of numbers: order, and each once. */
/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PL_BASE_NUMBERS_H
#define PL_BASE_NUMBERS_H

#include <stddef.h>
#include <stdint.h>

/* For qsort and bsearch: uint32_t, int64_t, rising. */
int pl_by_u32(const void *a, const void *b);
int pl_by_i64(const void *a, const void *b);
/* Sorts v[0..n) and keeps each number once; returns how many. */
size_t pl_unique_u32(uint32_t *v, size_t n);
size_t pl_unique_i64(int64_t *v, size_t n);

#endif
