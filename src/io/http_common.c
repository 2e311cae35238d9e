/* Answers, time and limits, whichever way a request is sent. */
/* SPDX-License-Identifier: Apache-2.0 */
#include <time.h>

#include "base/clock.h"
#include "io/http_int.h"

#define STALL_BYTES 1024u

int pl_http_check_time(const struct pl_http_opts *o, struct pl_http_pace *p, struct pl_err *err)
{
    int64_t now = pl_clock_ms();
    if (o->cancel && *o->cancel)
        return pl_fail(err, PL_E_CANCEL, "interrupted");
    if (o->deadline_ms && now >= o->deadline_ms)
        return pl_fail(err, PL_E_NET, "the time of --timeout is over");
    if (p->moved >= STALL_BYTES) {
        p->moved = 0;
        p->since = now;
    }
    if (now - p->since > (int64_t)o->stall_s * 1000)
        return pl_fail(err, PL_E_NET, "less than 1 KiB came in %u seconds; --stall-timeout",
                       o->stall_s);
    return 0;
}

void pl_http_wait_asked(struct pl_http_answer *ans)
{
    struct pl_str v = pl_http_field(ans, "retry-after");
    struct tm tm = { 0 };
    uint64_t s;
    ans->retry_after = -1;
    if (pl_str_u64(v, &s)) {
        ans->retry_after = s > 3600 ? 3600 : (int64_t)s;
    } else if (v.n && v.n < 64 &&
               strptime(pl_dup(&ans->a, v).p, "%a, %d %b %Y %H:%M:%S GMT", &tm)) {
        time_t at = timegm(&tm), now = time(NULL);
        ans->retry_after = at > now ? at - now : 0;
    }
}

/* A place for a body that grows large. The wait for it is not the server's. */
static int find_room(const struct pl_http_opts *o, struct pl_http_answer *ans,
                     struct pl_http_pace *pace, struct pl_err *err)
{
    int64_t before = pl_clock_ms();
    while (!pl_room_enter(o->room, 100)) {
        struct pl_http_pace waiting = { 0, pl_clock_ms() };
        int r = pl_http_check_time(o, &waiting, err);
        if (r < 0)
            return r;
    }
    pace->since += pl_clock_ms() - before;
    ans->room = o->room;
    return 0;
}

int pl_http_take_body(const struct pl_http_opts *o, const struct pl_http_req *q,
                      struct pl_http_answer *ans, struct pl_http_pace *pace, const void *p,
                      size_t n, bool *ret_enough, struct pl_err *err)
{
    bool good = ans->status >= 200 && ans->status < 300;
    pace->moved += n;
    ans->got += n;
    if (good && q->data) {
        int64_t before = pl_clock_ms();
        int r = q->data(q->arg, p, n, err);
        pace->since += pl_clock_ms() - before; /* the time spent there is not the server's */
        return r;
    }
    size_t max = good ? q->keep : PL_HTTP_ERROR_BODY_MAX;
    if (ans->body.n + n > max) {
        *ret_enough = !good;
        return good ? pl_fail(err, PL_E_LIMIT, "the answer is longer than %zu bytes", max) : 0;
    }
    if (o->room && !ans->room && ans->body.n + n > PL_ROOM_FREE) {
        int r = find_room(o, ans, pace, err);
        if (r < 0)
            return r;
    }
    pl_buf_putn(&ans->body, p, n);
    return 0;
}

void pl_http_answer_release(struct pl_http_answer *ans)
{
    pl_buf_release(&ans->body);
    if (ans->room)
        pl_room_leave(ans->room);
    pl_arena_release(&ans->a);
    *ans = (struct pl_http_answer){ 0 };
}

struct pl_str pl_http_field(const struct pl_http_answer *ans, const char *name)
{
    for (size_t i = 0; i < ans->n_fields; i++)
        if (pl_str_ieq(ans->fields[i].name, pl_str_c(name)))
            return ans->fields[i].value;
    return (struct pl_str){ NULL, 0 };
}
