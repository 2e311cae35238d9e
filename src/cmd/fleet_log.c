/* Lines of long-running verbs: text or JSON, secrets masked, one write a line. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "cmd/fleet_log.h"

#include <stdio.h>
#include <time.h>
#include <unistd.h>

#include "cmd/exit.h"
#include "fmt/jsonw.h"
#include "report/escape.h"

#define STARS "***"

static const char *const levels[] = { "info", "warning", "error" };

/* ---- masking ---- */

static bool ends_address(char c)
{
    return (unsigned char)c <= ' ' || strchr("\"'<>`|\\^{}", c) != NULL;
}

static size_t last_at(const char *p, size_t n)
{
    const char *at = memrchr(p, '@', n);
    return at ? (size_t)(at - p) : SIZE_MAX;
}

/* Where the password of an address ends, SIZE_MAX without one. One that holds a "/" that nobody
 * wrote as %2f makes what stands before it no port. */
static size_t password_end(struct pl_str s, size_t end)
{
    size_t host = 0, at;
    while (host < end && !strchr("/?#", s.p[host]))
        host++;
    at = last_at(s.p, host);
    const char *colon = memchr(s.p, ':', host);
    uint64_t port;
    if (at != SIZE_MAX || !colon || s.p[0] == '[' || colon + 1 == s.p + host ||
        pl_str_u64(pl_str_n(colon + 1, (size_t)(s.p + host - colon - 1)), &port))
        return at;
    return last_at(s.p, end);
}

/* What follows "://": "user:password@" loses its password, a query its values. The bytes taken. */
static size_t mask_address(struct pl_str s, struct pl_buf *out)
{
    size_t end = 0;
    while (end < s.n && !ends_address(s.p[end]))
        end++;
    size_t at = password_end(s, end), from = 0;
    if (at != SIZE_MAX) {
        const char *colon = memchr(s.p, ':', at);
        size_t user = colon ? (size_t)(colon - s.p) + 1 : 0;
        pl_buf_putn(out, s.p, user);
        pl_buf_puts(out, STARS);
        from = at;
    }
    const char *query = memchr(s.p + from, '?', end - from);
    size_t keep = query ? (size_t)(query - s.p) + 1 : end;
    pl_buf_putn(out, s.p + from, keep - from);
    if (query)
        pl_buf_puts(out, STARS);
    return end;
}

/* What follows "password=": a word, or a quoted one. */
static size_t mask_value(struct pl_str s, struct pl_buf *out)
{
    size_t end = 0;
    if (s.n && s.p[0] == '\'')
        for (end = 1; end < s.n && s.p[end] != '\''; end++)
            end += s.p[end] == '\\';
    while (end < s.n && (unsigned char)s.p[end] > ' ' && s.p[end] != '&')
        end++;
    pl_buf_puts(out, STARS);
    return end < s.n ? end : s.n;
}

void pl_fleet_mask(struct pl_str s, struct pl_buf *out)
{
    static const struct {
        const char *mark;
        size_t (*mask)(struct pl_str s, struct pl_buf *out);
    } kinds[] = { { "://", mask_address },
                  { "password=", mask_value },
                  { "Bearer ", mask_value },
                  { "Basic ", mask_value } };
    for (size_t i = 0; i < s.n;) {
        struct pl_str rest = pl_str_sub(s, i, s.n);
        size_t k = 0;
        while (k < 4 && !pl_str_starts(rest, pl_str_c(kinds[k].mark)))
            k++;
        if (k == 4) {
            pl_buf_putc(out, s.p[i++]);
            continue;
        }
        size_t n = strlen(kinds[k].mark);
        pl_buf_puts(out, kinds[k].mark);
        i += n + kinds[k].mask(pl_str_sub(rest, n, rest.n), out);
    }
}

/* ---- lines ---- */

int pl_fleet_log_begin(struct pl_fleet_log *l, const char *verb, const char *format)
{
    l->verb = verb;
    l->json = format && strcmp(format, "json") == 0;
    if (!format || l->json || strcmp(format, "text") == 0)
        return 0;
    fprintf(stderr, "plimsoll %s: --log-format '%s': text or json\n", verb, format);
    return PL_EXIT_USAGE;
}

static void masked(struct pl_jsonw *w, const char *key, struct pl_str s)
{
    pl_auto_buf struct pl_buf b = { 0 };
    if (!s.n)
        return;
    pl_fleet_mask(s, &b);
    pl_jw_kstr(w, key, pl_buf_str(&b));
}

static void as_json(const struct pl_fleet_log *l, const struct pl_fleet_line *x, struct pl_buf *out)
{
    struct pl_jsonw w = { .out = out };
    struct timespec now;
    struct tm tm;
    char day[32], time[48];
    clock_gettime(CLOCK_REALTIME, &now);
    gmtime_r(&now.tv_sec, &tm);
    strftime(day, sizeof day, "%Y-%m-%dT%H:%M:%S", &tm);
    snprintf(time, sizeof time, "%s.%03ldZ", day, now.tv_nsec / 1000000);
    pl_jw_obj(&w);
    pl_jw_kcstr(&w, "time", time);
    pl_jw_kcstr(&w, "level", levels[x->level]);
    pl_jw_kcstr(&w, "verb", l->verb);
    if (l->worker)
        pl_jw_kcstr(&w, "worker", l->worker);
    if (x->job)
        pl_jw_ku64(&w, "job", (uint64_t)x->job);
    if (x->kind)
        pl_jw_kcstr(&w, "kind", x->kind);
    masked(&w, "target", x->target);
    pl_jw_kcstr(&w, "what", x->what);
    if (x->ms)
        pl_jw_ku64(&w, "ms", (uint64_t)x->ms);
    masked(&w, x->level == PL_LOG_INFO ? "detail" : "error", x->error);
    pl_jw_obj_end(&w);
}

static void as_text(const struct pl_fleet_log *l, const struct pl_fleet_line *x, struct pl_buf *out)
{
    pl_auto_buf struct pl_buf plain = { 0 };
    pl_fleet_mask(x->target, &plain);
    if (plain.n)
        pl_buf_puts(&plain, ": ");
    if (x->error.n && x->target.n)
        pl_fleet_mask(x->error, &plain);
    else
        pl_buf_puts(&plain, x->what);
    if (x->error.n && !x->target.n) {
        pl_buf_puts(&plain, ": ");
        pl_fleet_mask(x->error, &plain);
    }
    pl_buf_printf(out, "plimsoll %s: ", l->verb);
    pl_esc(out, PL_ESC_TERM, pl_buf_str(&plain));
}

void pl_fleet_log(const struct pl_fleet_log *l, const struct pl_fleet_line *x)
{
    pl_auto_buf struct pl_buf b = { 0 };
    if (!l->json && x->level < (l->quiet ? PL_LOG_ERROR : PL_LOG_WARN))
        return;
    (l->json ? as_json : as_text)(l, x, &b);
    pl_buf_putc(&b, '\n');
    ssize_t n = write(l->fd ? l->fd : STDERR_FILENO, b.p, b.n);
    (void)n; /* nobody is left to be told */
}
