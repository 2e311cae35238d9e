/* Messages to those they are for: at least once each, with growing pauses, given up after a while
 * and never silently. fleet.md section 4, "watch". */
/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <unistd.h>

#include "cmd/watch.h"
#include "cmd/webhook.h"

#define LEASE_S 180      /* while one is on its way */
#define DELAY_S 15       /* after the first failure, … */
#define DELAY_MAX_S 3600 /* … doubled up to this */

static int print(struct pl_str body, struct pl_err *err)
{
    while (body.n) {
        ssize_t n = write(1, body.p, body.n);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return pl_fail_errno(err, PL_E_IO, errno, "cannot write to standard output");
        body = pl_str_sub(body, (size_t)n, body.n);
    }
    return 0;
}

static int deliver(struct pl_watch *w, const struct pl_watch_hook *h, const struct pl_out *o,
                   struct pl_err *err)
{
    if (strcmp(h->url, "-") == 0)
        return print(o->body, err);
    const struct pl_webhook hook = { .url = h->url,
                                     .ca_file = w->o->webhook_ca,
                                     .secret = pl_str_trim(pl_buf_str(&w->secret)),
                                     .type = "application/x-ndjson",
                                     .key = o->key.p,
                                     .tries = 1,
                                     .timed = true };
    return pl_webhook_post(&hook, o->body, err);
}

static int64_t delay_of(const struct pl_out *o)
{
    int64_t d = DELAY_S;
    for (int64_t i = 1; i < o->tries && d < DELAY_MAX_S; i++)
        d *= 2;
    return d < DELAY_MAX_S ? d : DELAY_MAX_S;
}

/* What went wrong without the address, in which secrets may stand. */
static struct pl_str cause(const struct pl_err *why)
{
    struct pl_str s = pl_str_c(why->msg);
    size_t at = pl_str_starts(s, PL_S("webhook '")) ? pl_str_find(s, PL_S("': "), 9) : SIZE_MAX;
    return at == SIZE_MAX ? s : pl_str_sub(s, at + 3, s.n);
}

/* One hook after the other is told what is due; one that fails waits for the next round. */
static int send_to(struct pl_watch *w, const struct pl_watch_hook *h, struct pl_err *err)
{
    struct pl_arena a = { 0 };
    int r = 0;
    bool there = true;
    while (r == 0 && there && !*pl_common_cancel()) {
        struct pl_err why = { 0 };
        struct pl_out o = { .id = 0 };
        bool given_up = false;
        pl_arena_reset(&a);
        r = w->s->ops->out_claim(w->s, pl_str_c(h->print), LEASE_S, &a, &o, &there, err);
        if (r < 0 || !there)
            break;
        bool web = strcmp(h->url, "-") != 0;
        pl_watch_tick(w);
        if (deliver(w, h, &o, &why) == 0) {
            atomic_fetch_add(&w->stats->sent, web);
            r = w->s->ops->out_told(w->s, o.id, err);
            continue;
        }
        there = false;
        w->failed = true;
        r = w->s->ops->out_fail(w->s, o.id, cause(&why), delay_of(&o), w->give_up_s, &given_up,
                                err);
        atomic_fetch_add(&w->stats->refused, web);
        atomic_fetch_add(&w->stats->given_up, given_up);
        fprintf(stderr, "plimsoll watch: %.*s: %.*s%s\n", PL_FMT(h->shown), PL_FMT(cause(&why)),
                given_up ? "; the message is given up" : "");
    }
    pl_arena_release(&a);
    return r;
}

int pl_watch_send(struct pl_watch *w, struct pl_err *err)
{
    uint64_t n = 0;
    int r = pl_watch_store(w, err);
    if (r == 0 && w->o->retry && !w->retried)
        r = w->s->ops->out_retry(w->s, &n, err);
    w->retried = true;
    for (size_t i = 0; i < w->hook.n && r == 0; i++)
        r = send_to(w, &w->hook.p[i], err);
    if (r == 0) /* those of hooks that nobody serves any more, too */
        r = w->s->ops->out_old(w->s, w->give_up_s, PL_S("nobody sent it in time"), &n, err);
    atomic_fetch_add(&w->stats->given_up, r == 0 ? n : 0);
    if (r == 0 && n)
        fprintf(stderr,
                "plimsoll watch: %" PRIu64 " messages are given up: plimsoll store status\n", n);
    return r;
}
