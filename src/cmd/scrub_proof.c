/* The proof of `scrub` (forensics.md section 8) and its summary. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "cmd/scrub_proof.h"

#include <inttypes.h>

#include "fmt/jsonw.h"
#include "report/escape.h"

static const char rotate[] = "Scrubbing does not undo a leak: whoever could pull the old image has "
                             "the secret. Revoke it.";

static const char *status_of(const struct pl_scrub_asked *q)
{
    return q->unknown ? "unknown" : q->served ? "still served" : "gone";
}

static void put_findings(struct pl_jsonw *j, const struct pl_scrub_result *r)
{
    pl_jw_key(j, "findings");
    pl_jw_arr(j);
    for (size_t i = 0; i < r->n_named; i++) {
        const struct pl_finding *f = r->named[i];
        pl_jw_obj(j);
        pl_jw_kstr(j, "fingerprint", f->print);
        pl_jw_kstr(j, "rule", f->rule);
        pl_jw_kcstr(j, "surface", pl_surface_name(f->where.surface));
        pl_jw_kstr(j, "path", f->where.path);
        pl_jw_kstrs(j, "nested", f->where.nested.p, f->where.nested.n);
        pl_jw_kbool(j, "visible", f->span.visible);
        pl_jw_kstr(j, "evidence", f->evidence);
        pl_jw_obj_end(j);
    }
    pl_jw_arr_end(j);
}

static void put_pair(struct pl_jsonw *j, const char *key, struct pl_str before, struct pl_str after)
{
    pl_jw_key(j, key);
    pl_jw_obj(j);
    pl_jw_key(j, "before");
    pl_jw_str_or_null(j, before);
    pl_jw_key(j, "after");
    pl_jw_str_or_null(j, after);
    pl_jw_obj_end(j);
}

static void put_image(struct pl_jsonw *j, const struct pl_scrub_image *im)
{
    pl_jw_obj(j);
    pl_jw_kstr(j, "name", im->name);
    pl_jw_key(j, "platform");
    pl_jw_str_or_null(j, im->platform);
    put_pair(j, "manifest", im->digest, im->new_digest);
    put_pair(j, "config", im->config, im->new_config);
    pl_jw_key(j, "layers");
    pl_jw_arr(j);
    for (size_t i = 0; i < im->n_layers; i++) {
        const struct pl_scrub_layer *l = &im->layers[i];
        pl_jw_obj(j);
        pl_jw_ku64(j, "index", l->index);
        pl_jw_kbool(j, "changed", l->changed);
        put_pair(j, "digest", l->digest, l->new_digest);
        put_pair(j, "diff_id", l->diff_id, l->new_diff_id);
        pl_jw_obj_end(j);
    }
    pl_jw_arr_end(j);
    pl_jw_obj_end(j);
}

static void put_changes(struct pl_jsonw *j, const struct pl_scrub_result *r)
{
    pl_jw_key(j, "changes");
    pl_jw_arr(j);
    for (size_t i = 0; i < r->n_changes; i++) {
        const struct pl_scrub_change *c = &r->changes[i];
        pl_jw_obj(j);
        pl_jw_kstr(j, "blob", c->blob);
        pl_jw_kcstr(j, "surface", c->surface);
        pl_jw_kstr(j, "path", c->path);
        pl_jw_kcstr(j, "action", c->action);
        pl_jw_obj_end(j);
    }
    pl_jw_arr_end(j);
}

static void put_place(struct pl_jsonw *j, const struct pl_scrub_served *s)
{
    struct pl_arena a = { 0 };
    pl_jw_obj(j);
    pl_jw_kstr(j, "registry", s->host);
    pl_jw_kstr(j, "repository", s->repo);
    pl_jw_key(j, "digests");
    pl_jw_arr(j);
    for (size_t i = 0; i < s->n_digests; i++) {
        pl_jw_obj(j);
        pl_jw_kstr(j, "digest", pl_digest_text(&a, &s->digests[i].digest));
        pl_jw_kcstr(j, "kind", s->digests[i].kind);
        pl_jw_kcstr(j, "status", status_of(&s->digests[i]));
        pl_jw_obj_end(j);
    }
    pl_jw_arr_end(j);
    pl_jw_key(j, "tags");
    pl_jw_arr(j);
    for (size_t i = 0; i < s->n_tags; i++) {
        pl_jw_obj(j);
        pl_jw_kstr(j, "tag", s->tags[i].tag);
        pl_jw_kstr(j, "digest", s->tags[i].digest);
        pl_jw_kstr(j, "through", s->tags[i].through);
        pl_jw_obj_end(j);
    }
    pl_jw_arr_end(j);
    pl_jw_key(j, "referrers");
    pl_jw_arr(j);
    for (size_t i = 0; i < s->n_referrers; i++) {
        pl_jw_obj(j);
        pl_jw_kstr(j, "subject", s->referrers[i].subject);
        pl_jw_kstr(j, "digest", s->referrers[i].digest);
        pl_jw_kstr(j, "artifact_type", s->referrers[i].type);
        pl_jw_obj_end(j);
    }
    pl_jw_arr_end(j);
    pl_jw_kstrs(j, "unanswered", s->failed, s->n_failed);
    pl_jw_obj_end(j);
    pl_arena_release(&a);
}

/* Null when no registry was asked. */
static void put_served(struct pl_jsonw *j, const struct pl_scrub_result *r)
{
    pl_jw_key(j, "still_served");
    if (!r->n_served) {
        pl_jw_null(j);
        return;
    }
    pl_jw_arr(j);
    for (size_t i = 0; i < r->n_served; i++)
        put_place(j, &r->served[i]);
    pl_jw_arr_end(j);
}

void pl_scrub_proof(const struct pl_scrub_told *t, struct pl_buf *out)
{
    struct pl_jsonw j = { .out = out, .indent = 2 };
    const struct pl_scrub_result *r = t->r;
    pl_jw_obj(&j);
    pl_jw_ku64(&j, "schema", 1);
    pl_jw_key(&j, "tool");
    pl_jw_obj(&j);
    pl_jw_kcstr(&j, "name", "plimsoll");
    pl_jw_kcstr(&j, "version", PL_VERSION);
    pl_jw_kcstr(&j, "rules", PL_RULES_VERSION);
    pl_jw_obj_end(&j);
    pl_jw_kcstr(&j, "target", t->target);
    pl_jw_kcstr(&j, "output", t->output);
    pl_jw_ku64(&j, "secrets", r->n_secrets);
    put_findings(&j, r);
    pl_jw_key(&j, "images");
    pl_jw_arr(&j);
    for (size_t i = 0; i < r->n_images; i++)
        put_image(&j, &r->images[i]);
    pl_jw_arr_end(&j);
    put_changes(&j, r);
    pl_jw_kstrs(&j, "signatures_dropped", r->signatures, r->n_signatures);
    put_served(&j, r);
    pl_jw_key(&j, "scan");
    pl_jw_obj(&j); /* a proof is only made when the scan of what was written said so */
    pl_jw_kbool(&j, "complete", true);
    pl_jw_kbool(&j, "clean", true);
    pl_jw_ku64(&j, "left", 0);
    pl_jw_obj_end(&j);
    pl_jw_kcstr(&j, "warning", rotate);
    pl_jw_obj_end(&j);
    pl_buf_putc(out, '\n');
}

static void say_digest(struct pl_buf *out, const char *what, struct pl_str before,
                       struct pl_str after)
{
    if (!before.n && !after.n)
        return;
    pl_buf_printf(out, "  %s  %.*s", what, PL_FMT(before));
    if (after.n && !pl_str_eq(before, after))
        pl_buf_printf(out, "%s%.*s", before.n ? " -> " : "", PL_FMT(after));
    pl_buf_putc(out, '\n');
}

static void say_image(const struct pl_scrub_image *im, struct pl_buf *out)
{
    pl_esc_cut(out, PL_ESC_TERM, im->name, 200);
    pl_buf_printf(out, "%s%.*s\n", im->platform.n ? "  " : "", PL_FMT(im->platform));
    say_digest(out, "manifest", im->digest, im->new_digest);
    say_digest(out, "config  ", im->config, im->new_config);
    for (size_t i = 0; i < im->n_layers; i++) {
        const struct pl_scrub_layer *l = &im->layers[i];
        pl_buf_printf(out, "  layer %-3" PRIu32 " %.*s", l->index, PL_FMT(l->digest));
        if (!l->changed)
            pl_buf_puts(out, "  unchanged\n");
        else if (l->new_digest.n)
            pl_buf_printf(out, " -> %.*s\n", PL_FMT(l->new_digest));
        else
            pl_buf_puts(out, "  changes\n");
    }
}

static void say_place(const struct pl_scrub_served *s, struct pl_buf *out)
{
    struct pl_arena a = { 0 };
    pl_buf_printf(out, "asked %.*s/%.*s:\n", PL_FMT(s->host), PL_FMT(s->repo));
    for (size_t i = 0; i < s->n_digests; i++)
        pl_buf_printf(out, "  %-12s  %-8s %.*s\n", status_of(&s->digests[i]), s->digests[i].kind,
                      PL_FMT(pl_digest_text(&a, &s->digests[i].digest)));
    for (size_t i = 0; i < s->n_tags; i++)
        pl_buf_printf(out, "  still served  tag %.*s leads to %.*s\n", PL_FMT(s->tags[i].tag),
                      PL_FMT(s->tags[i].through));
    for (size_t i = 0; i < s->n_referrers; i++) {
        pl_buf_printf(out, "  still served  referrer %.*s of %.*s  ",
                      PL_FMT(s->referrers[i].digest), PL_FMT(s->referrers[i].subject));
        pl_esc_cut(out, PL_ESC_TERM, s->referrers[i].type, 100);
        pl_buf_putc(out, '\n');
    }
    for (size_t i = 0; i < s->n_failed; i++) {
        pl_buf_puts(out, "  no answer     ");
        pl_esc_cut(out, PL_ESC_TERM, s->failed[i], 400);
        pl_buf_putc(out, '\n');
    }
    pl_arena_release(&a);
}

void pl_scrub_say(const struct pl_scrub_told *t, struct pl_buf *out)
{
    const struct pl_scrub_result *r = t->r;
    for (size_t i = 0; i < r->n_images; i++)
        say_image(&r->images[i], out);
    for (size_t i = 0; i < r->n_changes; i++) {
        const struct pl_scrub_change *c = &r->changes[i];
        pl_buf_printf(out, "  %-9s %s ", c->action, c->surface);
        pl_esc_cut(out, PL_ESC_TERM, c->path, 200);
        pl_buf_puts(out, "  in ");
        pl_esc_cut(out, PL_ESC_TERM, pl_str_sub(c->blob, 0, 19), 60);
        pl_buf_putc(out, '\n');
    }
    for (size_t i = 0; i < r->n_signatures; i++) {
        pl_buf_puts(out, "  no longer applies: ");
        pl_esc_cut(out, PL_ESC_TERM, r->signatures[i], 300);
        pl_buf_putc(out, '\n');
    }
    for (size_t i = 0; i < r->n_served; i++)
        say_place(&r->served[i], out);
    pl_buf_printf(out, "%zu secrets in %zu findings, %zu changes\n%s\n", r->n_secrets, r->n_named,
                  r->n_changes, rotate);
}
