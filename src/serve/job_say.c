/* What a finished question is answered. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "serve/job_int.h"

#define MESSAGE_MAX ((size_t)8 << 10)

static const struct pl_item *speaker(const struct pl_item *x)
{
    return x->same ? x->same : x;
}

static struct pl_str reason(const struct pl_job *job, const struct pl_item *x)
{
    if (!x->done)
        return job->overload ? PL_S("too many questions at once") : PL_S("not decided in time");
    return x->ruled ? pl_buf_str(&x->ruling.why) : x->why;
}

static void name(struct pl_buf *b, const struct pl_item *x)
{
    pl_buf_putc(b, '\'');
    pl_buf_putn(b, x->ref.p, x->ref.n);
    pl_buf_puts(b, "'");
}

/* "'IMAGE': why; …" of all that do not pass, once for each name; false when there is none. */
static bool refusals(const struct pl_job *job, struct pl_buf *b)
{
    bool any = false;
    for (size_t i = 0; i < job->n; i++) {
        const struct pl_item *x = &job->item[i];
        if (x->same || (x->done && x->passes))
            continue;
        struct pl_str why = reason(job, x);
        if (b->n < MESSAGE_MAX) {
            pl_buf_puts(b, any ? "; " : "plimsoll: ");
            name(b, x);
            pl_buf_puts(b, ": ");
            pl_buf_putn(b, why.p, why.n);
        }
        any = true;
    }
    return any;
}

static void warnings(struct pl_job *job, struct pl_review_answer *x)
{
    struct pl_str *w = pl_alloc_n(&job->a, job->n + 1, sizeof *w);
    for (size_t i = 0; i < job->n; i++) {
        const struct pl_item *item = &job->item[i];
        if (item->same || !item->audit)
            continue;
        struct pl_str why = reason(job, item);
        w[x->n_warnings++] = pl_printf(&job->a, "plimsoll: would be refused: '%.*s': %.*s",
                                       PL_FMT(item->ref), PL_FMT(why));
    }
    x->warnings = w;
}

static void edits(struct pl_job *job, struct pl_review_answer *x)
{
    struct pl_review_edit *e = pl_alloc_n(&job->a, job->n + 1, sizeof *e);
    for (size_t i = 0; i < job->n; i++) {
        const struct pl_item *item = &job->item[i];
        struct pl_str pinned = speaker(item)->pinned;
        if (pinned.n && !pl_str_eq(pinned, item->ref))
            e[x->n_edits++] = (struct pl_review_edit){ item->pointer, pinned };
    }
    x->edits = e;
}

enum pl_outcome pl_job_say_review(struct pl_job *job, struct pl_buf *out)
{
    pl_auto_buf struct pl_buf message = { 0 };
    struct pl_review_answer x = { .policy = job->jobs->ops->hash(job->policy) };
    if (job->review.refuse.n)
        pl_buf_printf(&message, "plimsoll: %.*s", PL_FMT(job->review.refuse));
    else
        x.allowed = !refusals(job, &message);
    x.message = pl_buf_str(&message);
    if (x.allowed && job->door == PL_DOOR_MUTATE)
        edits(job, &x);
    else if (x.allowed)
        warnings(job, &x);
    pl_review_write(job->review.uid, &x, out);
    return !x.allowed ? PL_OUT_DENY : x.n_warnings ? PL_OUT_AUDIT : PL_OUT_ALLOW;
}

enum pl_outcome pl_job_say_authz(struct pl_job *job, struct pl_buf *out)
{
    pl_auto_buf struct pl_buf message = { 0 };
    bool allow = false, audit = false;
    switch (job->authz.kind) {
    case PL_AUTHZ_PASS:
        allow = true;
        break;
    case PL_AUTHZ_REFUSE:
        pl_buf_printf(&message, "plimsoll: %.*s", PL_FMT(job->authz.why));
        break;
    case PL_AUTHZ_BUILD:
        allow = job->jobs->ops->docker_build(job->policy);
        if (!allow)
            pl_buf_puts(&message, "plimsoll: the policy does not allow images to be made or loaded "
                                  "here (docker-build)");
        break;
    default:
        allow = !refusals(job, &message);
    }
    for (size_t i = 0; i < job->n; i++)
        audit |= job->item[i].audit;
    pl_authz_write(allow, pl_buf_str(&message), out);
    return !allow ? PL_OUT_DENY : audit ? PL_OUT_AUDIT : PL_OUT_ALLOW;
}
