/* Writing the result of `verify`. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "cmd/verify_out.h"

#include "fmt/jsonw.h"
#include "report/escape.h"

static void json_checks(struct pl_jsonw *w, const struct pl_verdict *v)
{
    pl_jw_key(w, "checks");
    pl_jw_arr(w);
    for (unsigned i = 0; i < PL_STEP_COUNT; i++) {
        pl_jw_obj(w);
        pl_jw_kcstr(w, "name", pl_step_names[i]);
        pl_jw_kcstr(w, "state", pl_state_names[v->checks[i].state]);
        pl_jw_kstr(w, "detail", v->checks[i].detail);
        pl_jw_obj_end(w);
    }
    pl_jw_arr_end(w);
}

static void json_signer(struct pl_jsonw *w, const struct pl_verdict *v)
{
    pl_jw_key(w, "key");
    if (v->key_name && v->checks[PL_STEP_SIGNATURE].state == PL_STATE_DONE) {
        pl_jw_obj(w);
        pl_jw_kstr(w, "id", v->key_id);
        pl_jw_kcstr(w, "type", v->key_name);
        pl_jw_obj_end(w);
    } else {
        pl_jw_null(w);
    }
    pl_jw_key(w, "identity");
    if (v->subject.n) {
        pl_jw_obj(w);
        pl_jw_kstr(w, "subject", v->subject);
        pl_jw_kstr(w, "issuer", v->issuer);
        pl_jw_obj_end(w);
    } else {
        pl_jw_null(w);
    }
    pl_jw_key(w, "annotations");
    pl_jw_obj(w);
    for (size_t i = 0; i < v->n_annotations; i++) {
        pl_jw_key(w, v->annotations[i].name.p);
        pl_jw_str(w, v->annotations[i].value);
    }
    pl_jw_obj_end(w);
}

static void json_verdict(struct pl_jsonw *w, const struct pl_verdict *v)
{
    pl_jw_obj(w);
    pl_jw_kcstr(w, "storage", v->storage);
    pl_jw_kcstr(w, "format", v->format);
    pl_jw_kcstr(w, "kind", v->attestation ? "attestation" : "signature");
    pl_jw_key(w, "predicate_type");
    pl_jw_str_or_null(w, v->predicate_type);
    pl_jw_key(w, "object");
    pl_jw_str_or_null(w, v->object);
    pl_jw_kbool(w, "ok", v->ok);
    pl_jw_key(w, "reason");
    pl_jw_str_or_null(w, v->ok ? PL_S("") : v->reason);
    json_signer(w, v);
    json_checks(w, v);
    pl_jw_obj_end(w);
}

static void json_signatures(struct pl_jsonw *w, const struct pl_verify_result *r)
{
    pl_jw_key(w, "digest");
    pl_jw_str_or_null(w, r->digest);
    pl_jw_kbool(w, "verified", r->verified);
    pl_jw_key(w, "signatures");
    pl_jw_arr(w);
    for (size_t i = 0; i < r->n_verdicts; i++)
        json_verdict(w, &r->verdicts[i]);
    pl_jw_arr_end(w);
}

static void json_children(struct pl_jsonw *w, const struct pl_verify_result *r)
{
    pl_jw_key(w, "children");
    pl_jw_arr(w);
    for (size_t i = 0; i < r->n_children; i++) {
        pl_jw_obj(w);
        json_signatures(w, &r->children[i]);
        pl_jw_obj_end(w);
    }
    pl_jw_arr_end(w);
}

void pl_verify_json(struct pl_buf *b, const struct pl_verify_result *r)
{
    struct pl_jsonw w = { .out = b, .indent = 2 };
    pl_jw_obj(&w);
    pl_jw_ku64(&w, "schema", 1);
    pl_jw_kstr(&w, "ref", r->ref);
    json_signatures(&w, r);
    if (r->children)
        json_children(&w, r);
    pl_jw_key(&w, "visible_to");
    pl_jw_obj(&w);
    pl_jw_kbool(&w, "cosign2", r->cosign2);
    pl_jw_kbool(&w, "cosign3", r->cosign3);
    pl_jw_kbool(&w, "podman", r->podman);
    pl_jw_kbool(&w, "policy-controller", r->policy_controller);
    pl_jw_kbool(&w, "kyverno", r->kyverno);
    pl_jw_obj_end(&w);
    pl_jw_obj_end(&w);
    pl_buf_putc(b, '\n');
}

static void text_verdict(struct pl_buf *b, const struct pl_verdict *v)
{
    pl_buf_printf(b, "  %s  %s, %s in %s", v->ok ? "ok     " : "REFUSED",
                  v->attestation ? "attestation" : "signature", v->format, v->storage);
    if (v->predicate_type.n) {
        pl_buf_puts(b, "  ");
        pl_esc_cut(b, PL_ESC_TERM, v->predicate_type, 120);
    }
    pl_buf_putc(b, '\n');
    if (!v->ok) {
        pl_buf_puts(b, "    reason             ");
        pl_esc_cut(b, PL_ESC_TERM, v->reason, 300);
        pl_buf_putc(b, '\n');
    }
    for (unsigned i = 0; i < PL_STEP_COUNT; i++) {
        pl_buf_printf(b, "    %-18s %-8s", pl_step_names[i], pl_state_names[v->checks[i].state]);
        pl_esc_cut(b, PL_ESC_TERM, v->checks[i].detail, 160);
        pl_buf_putc(b, '\n');
    }
}

void pl_verify_text(struct pl_buf *b, const struct pl_verify_result *r)
{
    pl_esc(b, PL_ESC_TERM, r->ref);
    if (r->digest.n && !pl_str_eq(r->digest, r->ref))
        pl_buf_printf(b, "  %.*s", PL_FMT(r->digest));
    pl_buf_puts(b, r->verified ? "  verified\n" : "  NOT VERIFIED\n");
    for (size_t i = 0; i < r->n_verdicts; i++)
        text_verdict(b, &r->verdicts[i]);
    if (r->n_verdicts == 0)
        pl_buf_puts(b, "  nothing that is signed was found\n");
    for (size_t i = 0; i < r->n_children; i++)
        pl_verify_text(b, &r->children[i]);
}
