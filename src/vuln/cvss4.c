/* CVSS 4.0 base scores: macro vectors and the interpolation between them. Version 4.0
 * specification, section 8.2 and tables 23 to 30. Requirements and modified metrics are those of a
 * vector that names none. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "vuln/cvss4.h"

#include <math.h>

#define NO 255u

/* Scores times ten by equivalence classes 1, 2, 3, 4, 5, 6, the last running fastest. */
static const uint8_t scores[3 * 2 * 3 * 3 * 3 * 2] = {
    /* clang-format off */
    100, 99, 98, 95, 95, 92, 100, 96, 93, 87, 91, 81, 93, 90, 89, 80, 81, 68,
    98, 95, 95, 92, 90, 84, 93, 92, 89, 81, 81, 65, 88, 80, 78, 70, 69, 48,
    NO, 92, NO, 82, NO, 72, NO, 79, NO, 69, NO, 50, NO, 69, NO, 55, NO, 27,
    99, 97, 95, 92, 92, 85, 95, 91, 90, 83, 84, 71, 92, 81, 82, 71, 72, 53,
    95, 93, 92, 85, 85, 73, 92, 82, 80, 72, 70, 59, 84, 70, 71, 52, 50, 30,
    NO, 86, NO, 75, NO, 52, NO, 71, NO, 52, NO, 29, NO, 63, NO, 29, NO, 17,
    98, 95, 94, 87, 91, 81, 94, 89, 86, 74, 77, 64, 87, 75, 74, 63, 63, 49,
    94, 89, 88, 77, 76, 67, 86, 76, 74, 58, 59, 50, 72, 57, 57, 52, 52, 25,
    NO, 83, NO, 70, NO, 54, NO, 65, NO, 58, NO, 26, NO, 53, NO, 21, NO, 13,
    95, 90, 88, 76, 76, 70, 90, 77, 75, 62, 61, 53, 77, 66, 68, 59, 52, 30,
    89, 78, 76, 67, 62, 58, 74, 59, 57, 57, 47, 23, 61, 52, 57, 29, 24, 16,
    NO, 71, NO, 59, NO, 30, NO, 58, NO, 26, NO, 15, NO, 23, NO, 13, NO, 6,
    93, 87, 86, 72, 75, 58, 86, 74, 74, 61, 56, 34, 70, 54, 52, 40, 40, 22,
    85, 75, 74, 55, 62, 51, 72, 57, 55, 41, 46, 19, 53, 36, 34, 19, 19, 8,
    NO, 64, NO, 51, NO, 20, NO, 47, NO, 21, NO, 11, NO, 24, NO, 9, NO, 4,
    88, 75, 73, 53, 60, 50, 73, 55, 59, 40, 41, 20, 54, 43, 45, 22, 20, 11,
    75, 55, 58, 45, 40, 21, 61, 51, 48, 18, 20, 9, 46, 18, 17, 7, 8, 2,
    NO, 53, NO, 24, NO, 14, NO, 24, NO, 12, NO, 5, NO, 10, NO, 3, NO, 1,
    /* clang-format on */
};

struct classes {
    unsigned eq[7]; /* 1 to 6 */
};

static int lookup(const struct classes *c)
{
    static const unsigned n[7] = { 0, 3, 2, 3, 3, 3, 2 };
    unsigned at = 0;
    for (int i = 1; i <= 6; i++) {
        if (c->eq[i] >= n[i])
            return -1;
        at = at * n[i] + c->eq[i];
    }
    return scores[at] == NO ? -1 : scores[at];
}

/* Place of a metric's letter in `letters`, from the worst on; -1: another letter. */
static int level(struct pl_str v, const char *name, const char *letters)
{
    char c = pl_cvss_metric(v, name);
    const char *at = c ? strchr(letters, c) : NULL;
    return at ? (int)(at - letters) : -1;
}

enum { AV, PR, UI, AC, AT, VC, VI, VA, SC, SI, SA, METRICS };

static bool levels(struct pl_str v, int *m)
{
    static const struct {
        const char *name, *letters;
    } rows[METRICS] = {
        [AV] = { "AV", "NALP" }, [PR] = { "PR", "NLH" }, [UI] = { "UI", "NPA" },
        [AC] = { "AC", "LH" },   [AT] = { "AT", "NP" },  [VC] = { "VC", "HLN" },
        [VI] = { "VI", "HLN" },  [VA] = { "VA", "HLN" }, [SC] = { "SC", "HLN" },
        [SI] = { "SI", "HLN" },  [SA] = { "SA", "HLN" },
    };
    for (int i = 0; i < METRICS; i++)
        if ((m[i] = level(v, rows[i].name, rows[i].letters)) < 0)
            return false;
    return true;
}

static struct classes classes_of(struct pl_str v, const int *m)
{
    struct classes c = { { 0 } };
    bool all = m[AV] == 0 && m[PR] == 0 && m[UI] == 0;
    bool any = m[AV] == 0 || m[PR] == 0 || m[UI] == 0;
    c.eq[1] = all ? 0 : any && m[AV] != 3 ? 1 : 2;
    c.eq[2] = m[AC] || m[AT] ? 1 : 0;
    bool high = m[VC] == 0 || m[VI] == 0 || m[VA] == 0;
    c.eq[3] = m[VC] == 0 && m[VI] == 0 ? 0 : high ? 1 : 2;
    c.eq[4] = m[SC] == 0 || m[SI] == 0 || m[SA] == 0 ? 1 : 2;
    int exploited = level(v, "E", "APU");
    c.eq[5] = exploited > 0 ? (unsigned)exploited : 0;
    c.eq[6] = high ? 0 : 1;
    return c;
}

static int clamp0(int x)
{
    return x > 0 ? x : 0;
}

/* Steps below the worst vector of the class: of one that is nowhere better than `m`. */
static int steps1(const struct classes *c, const int *m)
{
    static const int worst[3][3][3] = {
        { { 0, 0, 0 }, { 0, 0, 0 }, { 0, 0, 0 } },
        { { 1, 0, 0 }, { 0, 1, 0 }, { 0, 0, 1 } },
        { { 3, 0, 0 }, { 1, 1, 1 }, { 1, 1, 1 } },
    };
    for (int i = 0; i < 3; i++) {
        const int *w = worst[c->eq[1]][i];
        if (m[AV] >= w[0] && m[PR] >= w[1] && m[UI] >= w[2])
            return m[AV] - w[0] + m[PR] - w[1] + m[UI] - w[2];
    }
    return 0;
}

static int steps2(const struct classes *c, const int *m)
{
    return clamp0(m[AC] + m[AT] - (c->eq[2] ? 1 : 0));
}

static int steps3(const struct classes *c, const int *m)
{
    static const int worst[3] = { 0, 1, 3 };
    return clamp0(m[VC] + m[VI] + m[VA] - worst[c->eq[3]]);
}

static int steps4(const struct classes *c, const int *m)
{
    return clamp0(m[SC] + m[SI] + m[SA] - (c->eq[4] == 2 ? 3 : 0));
}

/* The score of the next class below; of two the higher; -1: there is none. */
static int below(const struct classes *c, int eq)
{
    struct classes x = *c, y = *c;
    if (eq != 3) {
        x.eq[eq]++;
        return lookup(&x);
    }
    if (c->eq[3] == 0 && c->eq[6] == 0) {
        x.eq[6] = 1;
        y.eq[3] = 1;
        int a = lookup(&x), b = lookup(&y);
        return a > b ? a : b;
    }
    if (c->eq[3] == 1 && c->eq[6] == 0)
        x.eq[6] = 1;
    else
        x.eq[3]++;
    return lookup(&x);
}

double pl_cvss4_score(struct pl_str v)
{
    static const int depth1[] = { 1, 4, 5 }, depth2[] = { 1, 2 }, depth3[] = { 7, 8, 10 },
                     depth4[] = { 6, 5, 4 };
    int m[METRICS];
    if (!levels(v, m))
        return -1;
    if (m[VC] == 2 && m[VI] == 2 && m[VA] == 2 && m[SC] == 2 && m[SI] == 2 && m[SA] == 2)
        return 0;
    struct classes c = classes_of(v, m);
    const struct {
        int eq, steps, depth;
    } parts[] = {
        { 1, steps1(&c, m), depth1[c.eq[1]] },
        { 2, steps2(&c, m), depth2[c.eq[2]] },
        { 3, steps3(&c, m), depth3[c.eq[3]] },
        { 4, steps4(&c, m), depth4[c.eq[4]] },
        { 5, 0, 1 },
    };
    int value = lookup(&c), n = 0;
    double sum = 0;
    if (value < 0)
        return -1;
    for (size_t i = 0; i < sizeof parts / sizeof *parts; i++) {
        int lower = below(&c, parts[i].eq);
        if (lower < 0)
            continue;
        n++;
        sum += (double)(value - lower) * parts[i].steps / parts[i].depth;
    }
    double score = value - (n ? sum / n : 0);
    return fmax(0, fmin(100, floor(score + 0.5 + 1e-9))) / 10;
}
