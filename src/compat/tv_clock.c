/* --timeout of the trivy personality. */
/* SPDX-License-Identifier: Apache-2.0 */
#include <signal.h>
#include <sys/time.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "compat/tv_scan.h"

#define TOO_LATE 1
#define MOST_MS 1e12

static const struct {
    const char *name;
    double ms;
} units[] = { { "ns", 1e-6 }, { "us", 1e-3 }, { "ms", 1 },
              { "s", 1e3 },   { "m", 60e3 },  { "h", 3600e3 } };

/* Digits with at most one point, cut from `s`. */
static bool number(struct pl_str *s, double *ret)
{
    double x = 0, digit = 1;
    size_t n = 0, digits = 0, points = 0;
    for (; n < s->n && (s->p[n] == '.' || (s->p[n] >= '0' && s->p[n] <= '9')); n++) {
        if (s->p[n] == '.') {
            points++;
            continue;
        }
        digits++;
        digit /= points ? 10 : 1;
        x = points ? x + digit * (s->p[n] - '0') : x * 10 + (s->p[n] - '0');
    }
    *s = pl_str_sub(*s, n, SIZE_MAX);
    *ret = x;
    return digits && points < 2;
}

bool pl_tv_duration(const char *text, uint64_t *ret_ms)
{
    struct pl_str rest = pl_str_c(text);
    double all = 0, x;
    while (rest.n) {
        size_t i = 0;
        if (!number(&rest, &x))
            return false;
        while (i < PL_COUNT(units) && !pl_str_starts(rest, pl_str_c(units[i].name)))
            i++;
        if (i == PL_COUNT(units))
            return false;
        all += x * units[i].ms;
        rest = pl_str_sub(rest, strlen(units[i].name), SIZE_MAX);
    }
    if (!(all >= 1 && all < MOST_MS))
        return false;
    *ret_ms = (uint64_t)all;
    return true;
}

static void too_late(int sig)
{
    static const char text[] = "plimsoll as trivy: --timeout: the time is over\n";
    (void)sig;
    ssize_t n = write(STDERR_FILENO, text, sizeof text - 1);
    (void)n;
    _exit(TOO_LATE);
}

/* Reports are written at the end: what comes too late is a failure and no report. */
void pl_tv_clock(uint64_t ms)
{
    struct itimerval t = { .it_value = { (time_t)(ms / 1000), (suseconds_t)(ms % 1000 * 1000) } };
    struct sigaction act = { .sa_handler = too_late };
    if (!ms)
        return;
    sigaction(SIGALRM, &act, NULL);
    setitimer(ITIMER_REAL, &t, NULL);
}
