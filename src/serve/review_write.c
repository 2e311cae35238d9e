/* Writing the answer to an AdmissionReview. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "base/base64.h"
#include "fmt/jsonw.h"
#include "fmt/utf8.h"
#include "serve/review.h"

#define MESSAGE_MAX ((size_t)8 << 10)
#define WARNING_MAX 256u
#define WARNINGS_MAX 16u

/* A value of at most `max` bytes, no character cut, without what must not reach a terminal. */
static void clean(struct pl_jsonw *w, struct pl_str s, size_t max)
{
    pl_auto_buf struct pl_buf b = { 0 };
    while (s.n) {
        uint32_t cp = 0;
        size_t n = pl_utf8_next(s, &cp);
        if (b.n + n > max)
            break;
        if (n && !pl_utf8_hidden(cp))
            pl_buf_putn(&b, s.p, n);
        s = pl_str_sub(s, n ? n : 1, s.n);
    }
    pl_jw_str(w, pl_buf_str(&b));
}

static void patch(const struct pl_review_answer *x, struct pl_jsonw *w)
{
    pl_auto_buf struct pl_buf text = { 0 }, coded = { 0 };
    struct pl_jsonw p = { .out = &text };
    pl_jw_arr(&p);
    for (size_t i = 0; i < x->n_edits; i++) {
        pl_jw_obj(&p);
        pl_jw_kcstr(&p, "op", "replace");
        pl_jw_kstr(&p, "path", x->edits[i].pointer);
        pl_jw_kstr(&p, "value", x->edits[i].value);
        pl_jw_obj_end(&p);
    }
    pl_jw_arr_end(&p);
    pl_base64_encode(&coded, pl_buf_str(&text), PL_BASE64_STD);
    pl_jw_kcstr(w, "patchType", "JSONPatch");
    pl_jw_kstr(w, "patch", pl_buf_str(&coded));
}

static void body(const struct pl_review_answer *x, struct pl_jsonw *w)
{
    if (!x->allowed) {
        pl_jw_key(w, "status");
        pl_jw_obj(w);
        pl_jw_ku64(w, "code", 403);
        pl_jw_kcstr(w, "reason", "Forbidden");
        pl_jw_key(w, "message");
        clean(w, x->message, MESSAGE_MAX);
        pl_jw_obj_end(w);
    }
    if (x->n_warnings) {
        pl_jw_key(w, "warnings");
        pl_jw_arr(w);
        for (size_t i = 0; i < x->n_warnings && i < WARNINGS_MAX; i++)
            clean(w, x->warnings[i], WARNING_MAX);
        pl_jw_arr_end(w);
    }
    pl_jw_key(w, "auditAnnotations");
    pl_jw_obj(w);
    pl_jw_kcstr(w, "decision", !x->allowed ? "deny" : x->n_warnings ? "audit" : "allow");
    if (x->policy.n)
        pl_jw_kstr(w, "policy", x->policy);
    pl_jw_obj_end(w);
    if (x->allowed && x->n_edits)
        patch(x, w);
}

void pl_review_write(struct pl_str uid, const struct pl_review_answer *x, struct pl_buf *out)
{
    struct pl_jsonw w = { .out = out };
    pl_jw_obj(&w);
    pl_jw_kcstr(&w, "apiVersion", "admission.k8s.io/v1");
    pl_jw_kcstr(&w, "kind", "AdmissionReview");
    pl_jw_key(&w, "response");
    pl_jw_obj(&w);
    pl_jw_kstr(&w, "uid", uid);
    pl_jw_kbool(&w, "allowed", x->allowed);
    body(x, &w);
    pl_jw_obj_end(&w);
    pl_jw_obj_end(&w);
    pl_buf_putc(out, '\n');
}
