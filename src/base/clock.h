/* The clock for deadlines and durations; it never jumps. */
/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PL_BASE_CLOCK_H
#define PL_BASE_CLOCK_H

#include <stdint.h>

/* Nanoseconds since some moment before the program began (CLOCK_MONOTONIC); never fails. */
int64_t pl_clock_ns(void);
/* The same in milliseconds. */
int64_t pl_clock_ms(void);

#endif
