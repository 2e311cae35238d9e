/* Signing and attesting images in layouts, and files. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "cmd/sign_run.h"

#include <stdio.h>
#include <sys/stat.h>
#include <time.h>

#include "base/cleanup.h"
#include "base/limits.h"
#include "fmt/der.h"
#include "fmt/json.h"
#include "io/file.h"
#include "sign/place.h"
#include "sign/result.h"
#include "sign/statement.h"

static int set_form(const char *form, struct pl_sign_job *j, struct pl_err *err)
{
    j->legacy = !form || strcmp(form, "both") == 0 || strcmp(form, "legacy") == 0;
    j->bundle = !form || strcmp(form, "both") == 0 || strcmp(form, "bundle") == 0;
    if (!j->legacy && !j->bundle)
        return pl_fail(err, PL_E_USAGE, "no format '%s' (both, legacy, bundle)", form);
    return 0;
}

static int read_moment(const char *text, int64_t otherwise, int64_t *ret, struct pl_err *err)
{
    int64_t ns;
    *ret = otherwise;
    if (!text)
        return 0;
    if (!pl_rfc3339_ns(pl_str_c(text), &ns))
        return pl_fail(err, PL_E_USAGE, "'%s' is no time of RFC 3339", text);
    *ret = ns / 1000000000;
    return 0;
}

/* When the work was done whose result lies in `path`. */
static int read_moments(const struct pl_sign_options *o, int64_t now_s, struct pl_result_about *w,
                        struct pl_err *err)
{
    struct stat st;
    bool file = strcmp(o->result, "-") != 0 && stat(o->result, &st) == 0;
    int r = read_moment(o->finished, file ? (int64_t)st.st_mtime : now_s, &w->end_s, err);
    return r < 0 ? r : read_moment(o->started, w->end_s, &w->begin_s, err);
}

static int set_predicate(const struct pl_sign_options *o, struct pl_sign_job *j, struct pl_buf *b,
                         struct pl_err *err)
{
    struct pl_limits lim;
    struct pl_json *root = NULL;
    struct pl_err why = { 0 };
    const char *path = o->predicate ? o->predicate : o->result;
    pl_limits_init(&lim);
    if (!o->type || !o->predicate == !o->result)
        return pl_fail(err, PL_E_USAGE, "--type is needed, and --predicate or --result");
    j->predicate_type = pl_predicate_uri(pl_str_c(o->type));
    if (!j->predicate_type.n)
        return pl_fail(err, PL_E_USAGE, "no predicate type '%s'; a word or a URI", o->type);
    b->max = lim.statement / 2; /* base64 and the statement around it come on top */
    int r = strcmp(path, "-") == 0 ? pl_ref_read(path, b->max, b, err) : pl_file_read(path, b, err);
    if (r == 0 && pl_json_parse(pl_buf_str(b), (unsigned)lim.depth - 4, &root, &why) < 0)
        r = pl_fail(err, PL_E_USAGE, "'%s': %s", path, why.msg);
    pl_json_free(root);
    j->predicate = pl_str_trim(pl_buf_str(b));
    return r;
}

/* With --result the file becomes a predicate, once it is known what it is about. */
static int make_predicate(const struct pl_sign_options *o, struct pl_sign_job *j,
                          const struct pl_named *image, struct pl_str manifest, struct pl_buf *out,
                          struct pl_err *err)
{
    struct pl_result_about w = { .uri = j->predicate_type,
                                 .manifest = manifest,
                                 .version = PL_VERSION };
    struct pl_arena a = { 0 };
    struct pl_err why = { 0 };
    if (!o->result)
        return 0;
    if (image)
        w.digest = pl_digest_text(&a, &image->digest);
    int r = read_moments(o, j->now_s, &w, err);
    if (r == 0 && pl_result_predicate(&w, j->predicate, out, &why) < 0)
        r = pl_fail(err, PL_E_USAGE, "'%s': %s", o->result, why.msg);
    if (r == 0)
        j->predicate = pl_buf_str(out);
    pl_arena_release(&a);
    return r;
}

static void say(const struct pl_sign_options *o, const char *verb, const struct pl_sign_job *j,
                struct pl_str what)
{
    struct pl_arena a = { 0 };
    if (!o->quiet)
        fprintf(stderr, "%s %.*s with %s\n", verb, PL_FMT(what),
                pl_pubkey_id_text(pl_privkey_public(j->key), &a).p);
    pl_arena_release(&a);
}

static int sign_file(const char *verb, bool attest, const struct pl_sign_options *o,
                     struct pl_sign_job *j, struct pl_err *err)
{
    pl_auto_buf struct pl_buf b = { .max = PL_MIB(256) }, out = { 0 }, made = { 0 };
    uint8_t sum[32];
    const char *slash = strrchr(o->blob, '/');
    int r = pl_file_read(o->blob, &b, err);
    if (r < 0)
        return r;
    pl_sha256(b.p, b.n, sum);
    r = make_predicate(o, j, NULL, PL_S(""), &made, err);
    if (r < 0)
        return r;
    r = attest ? pl_attest_blob(j, sum, pl_str_c(slash ? slash + 1 : o->blob), &out, err)
               : pl_sign_blob(j->key, pl_buf_str(&b), &out, err);
    pl_buf_putc(&out, '\n');
    if (r == 0)
        r = o->bundle ? pl_common_write(o->bundle, pl_buf_str(&out), err)
                      : pl_common_print(pl_buf_str(&out), err);
    if (r == 0)
        say(o, verb, j, pl_str_c(o->blob));
    return r;
}

/* What goes through the children of an index. */
struct signing {
    const char *verb;
    const struct pl_sign_options *o;
    const struct pl_sign_job *j;
    struct pl_sign_place *place;
};

static int sign_one(void *arg, const struct pl_named *image, struct pl_buf *bytes,
                    struct pl_err *err)
{
    const struct signing *x = arg;
    struct pl_arena a = { 0 };
    struct pl_message m;
    pl_message_init(&m, pl_buf_str(bytes));
    int r = pl_sign_image(x->j, x->place->store, image, &m, err);
    pl_message_release(&m);
    if (r == 0)
        say(x->o, x->verb, x->j,
            x->place->remote ? pl_printf(&a, "%.*s@%.*s", PL_FMT(x->place->repo),
                                         PL_FMT(pl_digest_text(&a, &image->digest)))
                             : pl_digest_text(&a, &image->digest));
    pl_arena_release(&a);
    return r;
}

static int sign_target(const char *verb, const char *target, const struct pl_sign_options *o,
                       const struct pl_registry_opts *ro, struct pl_sign_job *j, struct pl_err *err)
{
    struct pl_sign_place place;
    struct signing x = { verb, o, j, &place };
    pl_auto_buf struct pl_buf made = { 0 };
    int r = pl_sign_place_open(&place, target, ro, PL_LOOK_NOTHING, err);
    j->repo = o->repo ? pl_str_c(o->repo) : place.repo;
    if (r == 0)
        r = make_predicate(o, j, &place.image, pl_buf_str(&place.manifest), &made, err);
    if (r == 0)
        r = sign_one(&x, &place.image, &place.manifest, err);
    if (r == 0 && o->recursive)
        r = pl_sign_place_children(&place, sign_one, &x, err);
    pl_sign_place_close(&place);
    return r;
}

static int run_job(bool attest, const struct pl_sign_options *o, struct pl_operands *ops,
                   struct pl_sign_job *j, struct pl_err *err)
{
    const char *verb = attest ? "attested" : "signed";
    struct pl_arena a = { 0 };
    struct pl_registry_opts ro;
    if (o->blob)
        return sign_file(verb, attest, o, j, err);
    int r = pl_registry_cli(&o->reg, o->offline, o->quiet, ops, &a, &ro, err);
    if (r == 0 && ops->n != 1)
        r = pl_fail(err, PL_E_USAGE, "one image is wanted, or --blob FILE");
    if (r == 0)
        r = sign_target(verb, ops->p[0], o, &ro, j, err);
    pl_registry_cli_end(&ro);
    pl_arena_release(&a);
    return r;
}

int pl_sign_run(const char *verb, bool attest, const struct pl_sign_options *o,
                const struct pl_operands *operands)
{
    struct pl_operands ops = *operands;
    struct pl_arena a = { 0 };
    struct pl_err err = { 0 };
    struct pl_privkey *key = NULL;
    struct pl_annotation *annotations = NULL;
    pl_auto_buf struct pl_buf predicate = { 0 };
    struct pl_sign_job j = { .now_s = (int64_t)time(NULL), .n_annotations = o->annotations.n };
    int r = 0;
    if (!o->key)
        r = pl_fail(&err, PL_E_USAGE, "--key is needed");
    else if (o->blob ? ops.n != 0 : ops.n == 0)
        r = pl_fail(&err, PL_E_USAGE, "one image is wanted, or --blob FILE");
    if (r == 0)
        r = set_form(o->form, &j, &err);
    if (r == 0)
        r = pl_annotations(&o->annotations, &a, &annotations, &err);
    if (r == 0 && attest)
        r = set_predicate(o, &j, &predicate, &err);
    if (r == 0)
        r = pl_ref_privkey(o->key, &key, &err);
    j.key = key;
    j.annotations = annotations;
    if (r == 0)
        r = run_job(attest, o, &ops, &j, &err);
    pl_privkey_free(key);
    pl_arena_release(&a);
    return r < 0 ? pl_sign_failed(verb, &err) : PL_EXIT_CLEAN;
}
