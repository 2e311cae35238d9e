/* One document by itself, read in a worker: for verbs that copy images and report nothing. */
/* SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>

#include "scan/scan_int.h"

static void got(struct pl_task *t, struct pl_record *r)
{
    *(struct pl_record **)t->arg = r;
}

/* Strings of the record's document stay valid after it: its arena moves over. */
static int take(struct pl_record *r, struct pl_arena *a, struct pl_doc *ret, struct pl_err *err)
{
    pl_auto_buf struct pl_buf b = { 0 };
    for (size_t i = 0; i < r->notes.n; i++)
        if (r->notes.p[i].incomplete)
            return pl_fail(err, pl_str_is(r->notes.p[i].code, "limit") ? PL_E_LIMIT : PL_E_FORMAT,
                           "%.*s", PL_FMT(pl_str_sub(r->notes.p[i].message, 0, 300)));
    if (!r->has_doc || !r->done.complete)
        return pl_fail(err, PL_E_FORMAT, "not a document of an image");
    pl_put_doc(&b, &r->doc);
    struct pl_str copy = pl_dup(a, pl_buf_str(&b));
    struct pl_rd rd = { (const uint8_t *)copy.p, (const uint8_t *)copy.p + copy.n, false };
    return pl_get_doc(&rd, a, ret) ? 0 : pl_fail(err, PL_E_FORMAT, "not a document of an image");
}

int pl_scan_doc(struct pl_scan *s, struct pl_str bytes, struct pl_str expect, struct pl_arena *a,
                struct pl_doc *ret, struct pl_err *err)
{
    struct pl_record *r = NULL;
    struct pl_task *t = calloc(1, sizeof *t);
    if (!t)
        pl_oom();
    t->params = (struct pl_job_params){
        .kind = PL_JOB_BLOB, .flags = PL_JOBF_DOC, .media_type = expect, .name = PL_S("document")
    };
    t->feed = pl_feed_memory(bytes);
    t->arg = &r;
    t->done = got;
    pl_pool_submit(s->pool, t);
    int x = pl_pool_run(s->pool, err);
    if (x == 0)
        x = take(r, a, ret, err);
    pl_record_free(r);
    return x;
}
