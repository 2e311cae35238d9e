/* plimsoll harden: under which settings an image still runs. commands.md "harden",
 * formats/hardening.md section 4. */
/* SPDX-License-Identifier: Apache-2.0 */
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/cleanup.h"
#include "cmd/common.h"
#include "cmd/registry_opt.h"
#include "fmt/jsonw.h"
#include "report/escape.h"
#include "scan/facts.h"

struct options {
    struct pl_common common;
    struct pl_registry_cli reg;
    const char *form, *format, *seccomp, *apparmor, *name;
};

#define O(field) offsetof(struct options, field)
static const struct pl_opt table[] = {
    { "for", 0, PL_OPT_STR, O(form), "WHAT", "docker (flags), compose or k8s" },
    { "format", 'f', PL_OPT_STR, O(format), "FORMAT", "text or json (all variants as data)" },
    { "seccomp", 0, PL_OPT_STR, O(seccomp), "FILE", "write a seccomp profile" },
    { "apparmor", 0, PL_OPT_STR, O(apparmor), "FILE", "write an AppArmor profile" },
    { "name", 0, PL_OPT_STR, O(name), "NAME", "of the service or container (app)" },
    PL_COMMON_OPTS(struct options),
    PL_REGISTRY_OPTS(struct options, 0),
};

static struct pl_str name_of(const struct options *o)
{
    return o->name ? pl_str_c(o->name) : PL_S("app");
}

static void text(const struct options *o, const struct pl_hardened *h, bool several,
                 struct pl_buf *b)
{
    const struct pl_advice *x = &h->verdict.advice;
    if (several) {
        pl_buf_puts(b, "# ");
        pl_esc(b, PL_ESC_TERM, h->name);
        pl_buf_puts(b, "  ");
        pl_esc(b, PL_ESC_TERM, h->platform);
        pl_buf_putc(b, '\n');
    }
    if (o->form && strcmp(o->form, "compose") == 0)
        pl_advice_compose(x, name_of(o), b);
    else if (o->form && strcmp(o->form, "k8s") == 0)
        pl_advice_k8s(x, name_of(o), b);
    else
        pl_advice_docker(x, name_of(o), b);
}

static void json(const struct pl_hardened *h, size_t n, struct pl_buf *b)
{
    struct pl_jsonw w = { .out = b, .indent = 2 };
    pl_jw_obj(&w);
    pl_jw_ku64(&w, "schema", 1);
    pl_jw_key(&w, "targets");
    pl_jw_arr(&w);
    for (size_t i = 0; i < n; i++) {
        pl_jw_obj(&w);
        pl_jw_kstr(&w, "name", h[i].name);
        pl_jw_key(&w, "digest");
        pl_jw_str_or_null(&w, h[i].digest);
        pl_jw_key(&w, "platform");
        pl_jw_str_or_null(&w, h[i].platform);
        pl_jw_kbool(&w, "complete", h[i].complete && !h[i].verdict.advice.unread.n);
        pl_advice_json(&h[i].verdict.advice, &w);
        pl_jw_obj_end(&w);
    }
    pl_jw_arr_end(&w);
    pl_jw_obj_end(&w);
    pl_buf_putc(b, '\n');
}

/* Profiles are of the first image, of the variant that needs least. */
static int profiles(const struct options *o, const struct pl_hardened *h, struct pl_err *err)
{
    const struct pl_variant *v = &h->verdict.advice.variant[0];
    int r = 0;
    if (o->seccomp) {
        pl_auto_buf struct pl_buf b = { 0 };
        pl_advice_seccomp(v, &b);
        r = pl_common_write(o->seccomp, pl_buf_str(&b), err);
    }
    if (r == 0 && o->apparmor) {
        pl_auto_buf struct pl_buf b = { 0 };
        pl_advice_apparmor(v, name_of(o), &b);
        r = pl_common_write(o->apparmor, pl_buf_str(&b), err);
    }
    return r;
}

static void complain(const struct pl_hardened *h)
{
    for (size_t k = 0; k < h->n_notes; k++)
        if (h->notes[k].incomplete)
            fprintf(stderr, "INCOMPLETE: %.*s: %.*s; exit 3\n", PL_FMT(h->notes[k].where),
                    PL_FMT(h->notes[k].message));
    for (size_t k = 0; k < h->verdict.advice.unread.n; k++)
        fprintf(stderr, "INCOMPLETE: not followed: %.*s; exit 3\n",
                PL_FMT(h->verdict.advice.unread.p[k]));
}

static int show(const struct options *o, const struct pl_hardened *h, size_t n)
{
    pl_auto_buf struct pl_buf b = { 0 };
    struct pl_err err = { 0 };
    bool complete = true;
    if (o->format && strcmp(o->format, "json") == 0)
        json(h, n, &b);
    for (size_t i = 0; i < n; i++) {
        if (!o->format || strcmp(o->format, "json") != 0)
            text(o, &h[i], n > 1, &b);
        complete &= h[i].complete && !h[i].verdict.advice.unread.n;
        complain(&h[i]);
    }
    if (pl_common_print(pl_buf_str(&b), &err) < 0 || (n && profiles(o, h, &err) < 0))
        return pl_run_failed("harden", &err);
    return complete ? PL_EXIT_CLEAN : PL_EXIT_INCOMPLETE;
}

static int check(const struct options *o, const struct pl_operands *ops)
{
    const char *f = o->form, *t = o->format;
    if (ops->n != 1) {
        fputs("plimsoll harden: one target, as in plimsoll harden oci:DIR --for docker\n", stderr);
        return PL_EXIT_USAGE;
    }
    if (f && strcmp(f, "docker") != 0 && strcmp(f, "compose") != 0 && strcmp(f, "k8s") != 0) {
        fprintf(stderr, "plimsoll harden: --for is docker, compose or k8s, not '%s'\n", f);
        return PL_EXIT_USAGE;
    }
    if (t && strcmp(t, "json") != 0 && strcmp(t, "text") != 0) {
        fprintf(stderr, "plimsoll harden: format is text or json, not '%s'\n", t);
        return PL_EXIT_USAGE;
    }
    return 0;
}

static int run_harden(const void *options, const struct pl_operands *operands)
{
    const struct options *o = options;
    struct pl_run run;
    struct pl_reach reach = { 0 };
    struct pl_operands ops = *operands;
    struct pl_arena a = { 0 };
    struct pl_hardened *h = NULL;
    struct pl_err err = { 0 };
    size_t n = 0;
    int code = check(o, &ops);
    if (!code)
        code = pl_run_begin(&run, &o->common, /* secrets= */ false);
    if (!code)
        code = pl_reach_begin(&reach, &run, &o->reg, &o->common, &ops);
    if (code)
        return code;
    int r = pl_scan_harden(run.scan, ops.p[0], &a, &h, &n, &err);
    pl_run_end(&run);
    pl_reach_end(&reach);
    code = r < 0 ? pl_run_failed("harden", &err) : show(o, h, n);
    pl_arena_release(&a);
    return code;
}

const struct pl_command pl_cmd_harden = {
    .name = "harden",
    .usage = "harden [flags] TARGET",
    .summary = "the settings under which an image still runs, each with its reason",
    .details = "TARGET is an image in any form that scan takes; nothing of it is run\n",
    .options = table,
    .n_options = PL_COUNT(table),
    .options_size = sizeof(struct options),
    .run = run_harden,
};
