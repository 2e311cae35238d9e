/* Long runs of encoded text: base64 and hex (also over several lines), UTF-16. */
/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PL_SECRET_RUNS_H
#define PL_SECRET_RUNS_H

#include "secret/hit.h"

#define PL_RUN_MIN 31 /* bytes: every run as long as this holds an aligned block of 16 */

#define PL_RUN_VALUE                                                             \
    136 /* bytes of the longest run that is told of though it decodes to nothing \
         */

enum pl_enc {
    PL_ENC_BASE64,
    PL_ENC_HEX,
    PL_ENC_UTF16,
    PL_ENC_GZIP,
    PL_ENC_NONE, /* base64 characters that decode to no text: a random value, or a long name */
};

struct pl_run {
    size_t off, len;
    enum pl_enc enc;
    uint8_t skip; /* characters in front of the first whole group; UTF-16: 0 little endian, 1 big */
    bool cut;     /* ends where the text ends */
};

/* The next run in p[*at, n) that decodes to text, as far as samples of it tell, or could be a value
 * (PL_ENC_NONE); *at moves behind it. False when there is none. */
bool pl_run_next(const uint8_t *p, size_t n, size_t *at, struct pl_run *ret);

/* The run that begins at `at` with the base64 of a gzip header ("H4sI"); false when it is too short
 * or begins earlier. */
bool pl_run_gzip(const uint8_t *p, size_t n, size_t at, struct pl_run *ret);

/* Value of a character of either base64 alphabet (with `hex`: of a hex digit), or -1. */
int pl_run_digit(uint8_t c, bool hex);
/* Length of a line break inside a run at p[i] (newline and indentation, also as "\n" escape), or 0.
 */
size_t pl_run_break(const uint8_t *p, size_t n, size_t i);

#endif
