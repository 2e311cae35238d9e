/* CVSS base scores. CVSS v2.0 guide 3.2.1; v3.1 specification 7.1 and appendix A; v4.0
 * specification 8.2. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "vuln/cvss.h"

#include <math.h>

#include "vuln/cvss4.h"

unsigned pl_cvss_version(struct pl_str v)
{
    if (pl_str_starts(v, PL_S("CVSS:3.1/")))
        return 31;
    if (pl_str_starts(v, PL_S("CVSS:3.0/")))
        return 30;
    if (pl_str_starts(v, PL_S("CVSS:4.0/")))
        return 40;
    if (pl_str_starts(v, PL_S("AV:")) || pl_str_starts(v, PL_S("(AV:")) ||
        pl_str_starts(v, PL_S("CVSS:2.0/")))
        return 20;
    return 0;
}

char pl_cvss_metric(struct pl_str v, const char *name)
{
    struct pl_str part;
    size_t n = strlen(name);
    while (v.n && pl_str_split(&v, '/', &part)) {
        if (part.n && *part.p == '(')
            part = pl_str_sub(part, 1, SIZE_MAX);
        if (part.n > n + 1 && part.p[n] == ':' && memcmp(part.p, name, n) == 0)
            return part.p[n + 1];
    }
    return 0;
}

/* The weight of a metric: `values` are its letters, in the order of `weights`. -100: no such
 * letter. */
static double weight(struct pl_str v, const char *name, const char *values, const double *weights)
{
    char c = pl_cvss_metric(v, name);
    const char *at = c ? strchr(values, c) : NULL;
    return at ? weights[at - values] : -100;
}

static double round1(double x)
{
    return floor(x * 10 + 0.5) / 10;
}

/* Appendix A: the smallest number with one decimal that is not below. */
static double roundup(double x)
{
    int64_t i = (int64_t)llround(x * 100000);
    return i % 10000 == 0 ? (double)i / 100000 : (floor((double)i / 10000) + 1) / 10;
}

static double score2(struct pl_str v)
{
    static const double av[] = { 0.395, 0.646, 1.0 }, ac[] = { 0.35, 0.61, 0.71 };
    static const double au[] = { 0.45, 0.56, 0.704 }, cia[] = { 0, 0.275, 0.660 };
    double c = weight(v, "C", "NPC", cia), i = weight(v, "I", "NPC", cia);
    double a = weight(v, "A", "NPC", cia), access = weight(v, "AV", "LAN", av);
    double complexity = weight(v, "AC", "HML", ac), auth = weight(v, "Au", "MSN", au);
    if (c < 0 || i < 0 || a < 0 || access < 0 || complexity < 0 || auth < 0)
        return -1;
    double impact = 10.41 * (1 - (1 - c) * (1 - i) * (1 - a));
    double exploit = 20 * access * complexity * auth;
    double f = impact > 0 ? 1.176 : 0;
    return round1((0.6 * impact + 0.4 * exploit - 1.5) * f);
}

static double score3(struct pl_str v, bool old)
{
    static const double av[] = { 0.85, 0.62, 0.55, 0.2 }, ac[] = { 0.77, 0.44 };
    static const double pr[] = { 0.85, 0.62, 0.27 }, prc[] = { 0.85, 0.68, 0.5 };
    static const double ui[] = { 0.85, 0.62 }, cia[] = { 0, 0.22, 0.56 };
    bool changed = pl_cvss_metric(v, "S") == 'C';
    double c = weight(v, "C", "NLH", cia), i = weight(v, "I", "NLH", cia);
    double a = weight(v, "A", "NLH", cia), access = weight(v, "AV", "NALP", av);
    double complexity = weight(v, "AC", "LH", ac), user = weight(v, "UI", "NR", ui);
    double rights = weight(v, "PR", "NLH", changed ? prc : pr);
    if (c < 0 || i < 0 || a < 0 || access < 0 || complexity < 0 || user < 0 || rights < 0)
        return -1;
    double iss = 1 - (1 - c) * (1 - i) * (1 - a);
    double impact = changed ? 7.52 * (iss - 0.029) - 3.25 * pow(iss - 0.02, 15) : 6.42 * iss;
    double exploit = 8.22 * access * complexity * rights * user;
    if (impact <= 0)
        return 0;
    double sum = fmin(changed ? 1.08 * (impact + exploit) : impact + exploit, 10);
    return old ? ceil(sum * 10 - 1e-9) / 10 : roundup(sum);
}

double pl_cvss_score(struct pl_str v)
{
    switch (pl_cvss_version(v)) {
    case 20:
        return score2(v);
    case 30:
        return score3(v, true);
    case 31:
        return score3(v, false);
    case 40:
        return pl_cvss4_score(v);
    default:
        break;
    }
    uint64_t whole, tenth = 0;
    struct pl_str rest = v, head = { "", 0 };
    pl_str_split(&rest, '.', &head);
    if (!pl_str_u64(head, &whole) || (rest.p && !pl_str_u64(pl_str_sub(rest, 0, 1), &tenth)) ||
        whole > 10)
        return -1;
    return (double)whole + (double)tenth / 10;
}

enum pl_severity pl_cvss_severity(double s)
{
    return s >= 9   ? PL_SEV_CRITICAL
           : s >= 7 ? PL_SEV_HIGH
           : s >= 4 ? PL_SEV_MEDIUM
           : s > 0  ? PL_SEV_LOW
                    : PL_SEV_INFO;
}
