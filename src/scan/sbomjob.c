/* Child: reads an inventory and sends what it lists. packages.md section 13. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "base/cleanup.h"
#include "pkg/sbom.h"
#include "scan/worker.h"

#define SMALL ((size_t)4 << 20) /* beyond it the large slot is waited for */

static void send_listed(struct pl_worker *w, const struct pl_package *p)
{
    size_t mark;
    struct pl_buf *b = pl_chan_begin(&w->chan, PL_MSG_LISTED, &mark);
    pl_put_package(b, p);
    pl_chan_end(&w->chan, mark);
}

static void send_about(struct pl_worker *w, const struct pl_sbom *s)
{
    size_t mark;
    struct pl_about d = { s->name, s->digest, s->platform, s->layers.p, s->layers.n };
    struct pl_buf *b = pl_chan_begin(&w->chan, PL_MSG_ABOUT, &mark);
    pl_put_about(b, &d);
    pl_chan_end(&w->chan, mark);
}

static void read_document(struct pl_worker *w, struct pl_str text)
{
    struct pl_sbom s = { .a = &w->job_arena };
    struct pl_err err = { 0 };
    int r = pl_sbom_read(text, &s, &err);
    if (r < 0)
        pl_worker_note(w, PL_SCOPE_UNIT, true, r == PL_E_LIMIT ? "limit" : "bad-document",
                       w->job.name, "%s", err.msg);
    if (s.nameless)
        pl_worker_note(w, PL_SCOPE_UNIT, false, "no-package-url", w->job.name,
                       "%zu components without a package URL are not matched", s.nameless);
    if (s.incomplete)
        pl_worker_note(w, PL_SCOPE_UNIT, true, "incomplete-document", w->job.name,
                       "the document says of itself that it is not complete");
    send_about(w, &s);
    for (size_t i = 0; i < s.packages.n; i++)
        send_listed(w, &s.packages.p[i]);
    pl_sbom_release(&s);
}

void pl_job_sbom(struct pl_worker *w, struct pl_view *in)
{
    pl_auto_buf struct pl_buf text = { .max = PL_SBOM_MAX + 1 };
    struct pl_err err = { 0 };
    int r = pl_view_slurp(in, &text, SMALL, &err);
    w->large = r == PL_E_LIMIT && pl_chan_large(&w->chan);
    if (w->large)
        r = pl_view_slurp(in, &text, PL_SBOM_MAX - text.n, &err);
    if (r < 0)
        pl_worker_note(w, PL_SCOPE_UNIT, true, r == PL_E_LIMIT ? "limit" : "unreadable",
                       w->job.name, "%s", err.msg);
    else
        read_document(w, pl_buf_str(&text));
    w->done.kind = PL_BLOB_DOC;
    w->done.bytes = w->done.seen = text.n;
    pl_buf_release(&text);
    if (w->large)
        pl_chan_large_end(&w->chan);
    w->large = false;
}
