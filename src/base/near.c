/* Levenshtein distance over short names. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "base/near.h"

#define LEN_MAX 64

static unsigned distance(struct pl_str a, struct pl_str b)
{
    unsigned row[LEN_MAX + 1];
    if (a.n > LEN_MAX || b.n > LEN_MAX)
        return LEN_MAX;
    for (unsigned j = 0; j <= b.n; j++)
        row[j] = j;
    for (unsigned i = 1; i <= a.n; i++) {
        unsigned diag = row[0];
        row[0] = i;
        for (unsigned j = 1; j <= b.n; j++) {
            unsigned best = diag + (a.p[i - 1] != b.p[j - 1]);
            if (row[j] + 1 < best)
                best = row[j] + 1;
            if (row[j - 1] + 1 < best)
                best = row[j - 1] + 1;
            diag = row[j];
            row[j] = best;
        }
    }
    return row[b.n];
}

const char *pl_near(struct pl_str word, const char *const *names, size_t n)
{
    const char *best = NULL;
    unsigned limit = word.n / 3 > 2 ? (unsigned)(word.n / 3) : 2;
    for (size_t i = 0; i < n; i++) {
        unsigned d = distance(word, pl_str_c(names[i]));
        if (d <= limit) {
            limit = d ? d - 1 : 0;
            best = names[i];
            if (d == 0)
                break;
        }
    }
    return best;
}
