/* The clock for deadlines and durations, which never jumps; times of the calendar as text. */
/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PL_BASE_CLOCK_H
#define PL_BASE_CLOCK_H

#include <stdint.h>

#include "base/str.h"

/* Nanoseconds since some moment before the program began (CLOCK_MONOTONIC); never fails. */
int64_t pl_clock_ns(void);
/* The same in milliseconds. */
int64_t pl_clock_ms(void);

/* "2026-01-31T12:00:00Z" for seconds since the epoch (RFC 3339); empty when there is no such year.
 */
void pl_clock_utc(int64_t at, char text[24]);
/* Is it a day as "2027-03-31"? */
bool pl_clock_is_date(struct pl_str s);

#endif
