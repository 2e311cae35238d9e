/* plimsoll gate deploy: every image of compose files and manifests, judged; the files with digests.
 * formats/gates.md section 2. */
/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "cmd/gate_cmd.h"
#include "cmd/gate_images.h"
#include "cmd/gate_reader.h"
#include "io/file.h"

#define FILE_MAX PL_MIB(16)
#define PATIENCE_MS 600000u

struct file {
    const char *path;
    struct pl_buf text;
    struct pl_yaml_stream docs;
    struct pl_deploy_images images;
    struct pl_str *digest; /* to be put behind each image */
};

struct deploy {
    const struct pl_gate_cmd *o;
    struct pl_arena a;
    struct pl_registry_opts registry;
    struct pl_gate_engine *engine;
    struct pl_gate *g;
    struct pl_gate_log *log;
    struct file *files;
    size_t n_files;
    PL_VEC(struct pl_gate_answer) answers;
    int code;
};

static int usage(const struct file *f, const char *why)
{
    fprintf(stderr, "plimsoll gate deploy: %s: %s\n", f->path, why);
    return PL_EXIT_USAGE;
}

static int read_file(struct deploy *d, struct file *f)
{
    struct pl_limits lim;
    struct pl_err err = { 0 };
    pl_limits_init(&lim);
    f->text.max = FILE_MAX;
    f->images.a = &d->a;
    if (pl_file_read(f->path, &f->text, &err) < 0)
        return usage(f, err.msg);
    if (pl_yaml_parse(pl_buf_str(&f->text), &lim, &d->a, &f->docs, &err) < 0)
        return usage(f, err.msg);
    pl_deploy_images(&f->images, &f->docs);
    if (!f->images.known)
        return usage(f, "neither a compose file nor manifests of Kubernetes");
    if (f->images.full)
        return usage(f, "it names too many images (limit 4096)");
    f->digest = pl_alloc_n(&d->a, f->images.list.n, sizeof *f->digest);
    return 0;
}

/* The digest that was judged, for a name that has none. */
static struct pl_str pin_of(struct deploy *d, const struct pl_gate_answer *x)
{
    return x->passes && x->digest.n && pl_str_find(x->ref, PL_S("@"), 0) == SIZE_MAX
               ? pl_dup(&d->a, x->digest)
               : PL_S("");
}

/* What cannot be judged is refused with the reason, as everything else. */
static const char *cannot(const struct deploy *d, const struct pl_deploy_image *i)
{
    if (i->why)
        return i->why;
    if (!i->node)
        return pl_gate_policy(d->g)->docker_build ? NULL
                                                  : "it is built here: there is no image to judge";
    if (i->node->kind != PL_YAML_SCALAR || !i->node->text.n)
        return "it names no image";
    if (memchr(i->node->text.p, '$', i->node->text.n))
        return "it holds a variable: write the file with its values first";
    return NULL;
}

static void judge(struct deploy *d, struct file *f, size_t at)
{
    const struct pl_deploy_image *i = &f->images.list.p[at];
    const char *why = cannot(d, i);
    struct pl_gate_answer x = { 0 };
    struct pl_err err = { 0 };
    if (!i->node && !why)
        return;
    struct pl_gate_ask ask = { .ref = i->node && i->node->kind == PL_YAML_SCALAR ? i->node->text
                                                                                 : i->where,
                               .door = "deploy",
                               .platform = pl_str_c(d->o->platform),
                               .explain = d->o->explain,
                               .deadline_ms = PATIENCE_MS,
                               .patient = true };
    if (why) {
        x.ref = pl_dup(&x.a, ask.ref);
        pl_gate_answer_refuse(&x, pl_printf(&x.a, "%.*s: %s", PL_FMT(i->where), why).p);
    } else {
        pl_gate_decide(d->g, &ask, &x);
    }
    if (d->log && pl_gate_log_add(d->log, d->g, &ask, &x, &err) < 0 && !d->o->best_effort)
        pl_gate_answer_refuse(&x, err.msg);
    f->digest[at] = pin_of(d, &x);
    d->code = pl_gate_cmd_worse(d->code, pl_gate_cmd_code(&x));
    pl_vec_push(&d->answers, x);
}

static const char *base(const char *path)
{
    const char *slash = strrchr(path, '/');
    return slash ? slash + 1 : path;
}

static int write_pinned(struct deploy *d)
{
    struct pl_err err = { 0 };
    if (d->n_files > 1 && mkdir(d->o->out, 0777) < 0 && errno != EEXIST) {
        fprintf(stderr, "plimsoll gate deploy: cannot make '%s'\n", d->o->out);
        return PL_EXIT_USAGE;
    }
    for (size_t i = 0; i < d->n_files; i++) {
        struct file *f = &d->files[i];
        pl_auto_buf struct pl_buf b = { 0 };
        if (pl_deploy_pin(&f->images, f->digest, pl_buf_str(&f->text), &b, &err) < 0)
            return usage(f, err.msg);
        const char *to =
            d->n_files > 1 ? pl_printf(&d->a, "%s/%s", d->o->out, base(f->path)).p : d->o->out;
        if (pl_common_write(to, pl_buf_str(&b), &err) < 0)
            return usage(f, err.msg);
    }
    return 0;
}

static int check(const struct pl_gate_cmd *o, const struct pl_operands *ops)
{
    const char *why = ops->n == 0          ? "no file given"
                      : !o->pin != !o->out ? "--pin and -o go together"
                                           : NULL;
    for (size_t i = 0; i < ops->n && !why && o->pin; i++)
        for (size_t k = 0; k < i && !why; k++)
            if (strcmp(base(ops->p[i]), base(ops->p[k])) == 0)
                why = "two files have one name: give them one at a time to -o";
    if (why)
        fprintf(stderr, "plimsoll gate deploy: %s\n", why);
    return why ? PL_EXIT_USAGE : 0;
}

static int run(struct deploy *d, const struct pl_operands *ops)
{
    struct pl_operands none = { 0 };
    struct pl_err err = { 0 };
    int code = pl_gate_engine_new(d->o, &d->engine);
    if (!code)
        code = pl_gate_cmd_open(d->o, &none, &d->a, &d->registry, d->engine, &d->g);
    struct pl_gate_log_opts lo = { .path = d->o->log, .wait_ms = PL_GATE_LOG_WAIT_MS };
    if (!code && lo.path && pl_gate_log_open(&lo, &d->log, NULL, &err) < 0) {
        fprintf(stderr, "plimsoll gate deploy: %s\n", err.msg);
        code = d->o->best_effort ? 0 : PL_EXIT_USAGE;
    }
    d->files = pl_alloc_n(&d->a, ops->n, sizeof *d->files);
    for (size_t i = 0; i < ops->n && !code; i++) {
        d->files[d->n_files++].path = ops->p[i];
        code = read_file(d, &d->files[i]);
    }
    if (code)
        return code;
    for (size_t i = 0; i < d->n_files; i++)
        for (size_t k = 0; k < d->files[i].images.list.n; k++)
            judge(d, &d->files[i], k);
    code = pl_gate_write(d->o, d->g, d->answers.p, d->answers.n);
    if (!code && !d->code && d->o->pin)
        code = write_pinned(d);
    return code ? code : d->code;
}

int pl_gate_deploy(const struct pl_gate_cmd *o, const struct pl_operands *ops)
{
    struct deploy d = { .o = o };
    int code = check(o, ops);
    if (!code)
        code = run(&d, ops);
    for (size_t i = 0; i < d.answers.n; i++)
        pl_gate_answer_release(&d.answers.p[i]);
    pl_vec_release(&d.answers);
    for (size_t i = 0; i < d.n_files; i++) {
        pl_buf_release(&d.files[i].text);
        pl_deploy_images_release(&d.files[i].images);
    }
    pl_gate_log_close(d.log);
    pl_gate_unref(d.g);
    pl_gate_engine_free(d.engine);
    if (d.g)
        pl_registry_cli_end(&d.registry);
    pl_arena_release(&d.a);
    return code;
}
