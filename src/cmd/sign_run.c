/* Signing and attesting images in layouts, and files. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "cmd/sign_run.h"

#include <stdio.h>
#include <sys/stat.h>
#include <time.h>

#include "base/cleanup.h"
#include "base/limits.h"
#include "fmt/json.h"
#include "sign/keyfile.h"
#include "sign/statement.h"

#define KEY_MAX (1u << 20)
#define CHILDREN_MAX 1000u

/* The directory may hold colons itself: the longest beginning that is one counts. */
static int split_target(const char *target, struct pl_arena *a, struct pl_str *ret_dir,
                        struct pl_str *ret_tag, struct pl_digest *ret_digest, struct pl_err *err)
{
    struct stat st;
    struct pl_str s = pl_str_c(target);
    if (pl_str_starts(s, PL_S("oci:")))
        s = pl_str_sub(s, 4, s.n);
    *ret_tag = (struct pl_str){ 0 };
    *ret_dir = pl_dup(a, s);
    if (stat(ret_dir->p, &st) == 0)
        return 0;
    for (size_t i = s.n; i-- > 0;) {
        if (s.p[i] != ':' && s.p[i] != '@')
            continue;
        *ret_dir = pl_dup(a, pl_str_sub(s, 0, i));
        if (stat(ret_dir->p, &st) < 0)
            continue;
        struct pl_str rest = pl_str_sub(s, i + 1, s.n);
        if (s.p[i] == '@')
            return pl_digest_parse(rest, ret_digest, err) < 0 ? PL_E_USAGE : 0;
        *ret_tag = rest;
        return 0;
    }
    return pl_fail(err, PL_E_USAGE,
                   "'%s' is no OCI layout; images in registries are not signed by this build",
                   target);
}

int pl_sign_target(const char *target, struct pl_arena *a, struct pl_sign_store **ret,
                   struct pl_named *ret_image, struct pl_buf *manifest, struct pl_err *err)
{
    struct pl_limits lim;
    struct pl_str dir, tag;
    struct pl_digest want = { 0 };
    pl_limits_init(&lim);
    int r = split_target(target, a, &dir, &tag, &want, err);
    if (r == 0)
        r = pl_sign_layout_new(dir.p, ret, err);
    if (r == 0)
        r = pl_sign_layout_find(*ret, tag, &want, a, ret_image, err);
    if (r == 0)
        r = (*ret)->fetch(*ret, &ret_image->digest, true, lim.manifest, manifest, err);
    if (r == 0)
        ret_image->size = manifest->n;
    return r;
}

static int load_key(const char *ref, struct pl_privkey **ret, struct pl_err *err)
{
    struct pl_buf b = { 0 }, password = { 0 };
    struct pl_err why = { 0 };
    int r = pl_ref_read(ref, KEY_MAX, &b, err);
    if (r == 0 && pl_keyfile_is(pl_buf_str(&b)))
        r = pl_password(/* twice= */ false, &password, err);
    if (r == 0 && (pl_keyfile_is(pl_buf_str(&b))
                       ? pl_keyfile_open(pl_buf_str(&b), pl_buf_str(&password), ret, &why)
                       : pl_privkey_pem(pl_buf_str(&b), ret, &why)) < 0)
        r = pl_fail(err, PL_E_USAGE, "key '%s': %s", ref, why.msg);
    pl_buf_wipe(&password);
    pl_buf_wipe(&b);
    return r;
}

static int set_form(const char *form, struct pl_sign_job *j, struct pl_err *err)
{
    j->legacy = !form || strcmp(form, "both") == 0 || strcmp(form, "legacy") == 0;
    j->bundle = !form || strcmp(form, "both") == 0 || strcmp(form, "bundle") == 0;
    if (!j->legacy && !j->bundle)
        return pl_fail(err, PL_E_USAGE, "no format '%s' (both, legacy, bundle)", form);
    return 0;
}

static int set_predicate(const struct pl_sign_options *o, struct pl_sign_job *j, struct pl_buf *b,
                         struct pl_err *err)
{
    struct pl_limits lim;
    struct pl_json *root = NULL;
    struct pl_err why = { 0 };
    pl_limits_init(&lim);
    if (!o->type || !o->predicate)
        return pl_fail(err, PL_E_USAGE, "--type and --predicate are needed");
    j->predicate_type = pl_predicate_uri(pl_str_c(o->type));
    if (!j->predicate_type.n)
        return pl_fail(err, PL_E_USAGE, "no predicate type '%s'; a word or a URI", o->type);
    b->max = lim.statement / 2; /* base64 and the statement around it come on top */
    int r = pl_common_read(o->predicate, b, err);
    if (r == 0 && pl_json_parse(pl_buf_str(b), (unsigned)lim.depth - 4, &root, &why) < 0)
        r = pl_fail(err, PL_E_USAGE, "'%s': %s", o->predicate, why.msg);
    pl_json_free(root);
    j->predicate = pl_str_trim(pl_buf_str(b));
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
                     const struct pl_sign_job *j, struct pl_err *err)
{
    pl_auto_buf struct pl_buf b = { .max = PL_MIB(256) }, out = { 0 };
    uint8_t sum[32];
    const char *slash = strrchr(o->blob, '/');
    int r = pl_common_read(o->blob, &b, err);
    if (r < 0)
        return r;
    pl_sha256(b.p, b.n, sum);
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

struct image {
    struct pl_sign_store *store;
    struct pl_named name;
    struct pl_buf manifest;
};

static int sign_one(const char *verb, const struct pl_sign_options *o, const struct pl_sign_job *j,
                    struct image *im, struct pl_err *err)
{
    struct pl_arena a = { 0 };
    struct pl_message m;
    pl_message_init(&m, pl_buf_str(&im->manifest));
    int r = pl_sign_image(j, im->store, &im->name, &m, err);
    pl_message_release(&m);
    if (r == 0)
        say(o, verb, j, pl_digest_text(&a, &im->name.digest));
    pl_arena_release(&a);
    return r;
}

static int sign_child(const char *verb, const struct pl_sign_options *o,
                      const struct pl_sign_job *j, struct pl_sign_store *store,
                      const struct pl_json *item, struct pl_err *err)
{
    struct pl_limits lim;
    struct image child = { .store = store };
    pl_limits_init(&lim);
    int r = pl_digest_parse(pl_json_str(pl_json_get(item, "digest")), &child.name.digest, err);
    if (r == 0)
        r = store->fetch(store, &child.name.digest, true, lim.manifest, &child.manifest, err);
    child.name.type = pl_json_str(pl_json_get(item, "mediaType"));
    child.name.size = child.manifest.n;
    if (r == 0)
        r = sign_one(verb, o, j, &child, err);
    pl_buf_release(&child.manifest);
    return r;
}

/* An index and each of its children. */
static int sign_children(const char *verb, const struct pl_sign_options *o,
                         const struct pl_sign_job *j, struct image *im, struct pl_err *err)
{
    struct pl_limits lim;
    struct pl_json *root = NULL;
    pl_limits_init(&lim);
    int r = pl_json_parse(pl_buf_str(&im->manifest), (unsigned)lim.depth, &root, err);
    const struct pl_json *items = r == 0 ? pl_json_get(root, "manifests") : NULL;
    if (pl_json_len(items) > CHILDREN_MAX)
        r = pl_fail(err, PL_E_LIMIT, "limit children: more than %u", CHILDREN_MAX);
    for (size_t i = 0; r == 0 && i < pl_json_len(items); i++)
        r = sign_child(verb, o, j, im->store, pl_json_at(items, i), err);
    pl_json_free(root);
    return r;
}

static int sign_target(const char *verb, const char *target, const struct pl_sign_options *o,
                       struct pl_sign_job *j, struct pl_err *err)
{
    struct pl_arena a = { 0 };
    struct image im = { 0 };
    int r = pl_sign_target(target, &a, &im.store, &im.name, &im.manifest, err);
    j->repo = pl_str_c(o->repo ? o->repo : target);
    if (r == 0)
        r = sign_one(verb, o, j, &im, err);
    if (r == 0 && o->recursive)
        r = sign_children(verb, o, j, &im, err);
    pl_sign_layout_free(im.store);
    pl_buf_release(&im.manifest);
    pl_arena_release(&a);
    return r;
}

int pl_sign_run(const char *verb, bool attest, const struct pl_sign_options *o,
                const struct pl_operands *ops)
{
    struct pl_arena a = { 0 };
    struct pl_err err = { 0 };
    struct pl_privkey *key = NULL;
    struct pl_annotation *annotations = NULL;
    pl_auto_buf struct pl_buf predicate = { 0 };
    struct pl_sign_job j = { .now_s = (int64_t)time(NULL), .n_annotations = o->annotations.n };
    int r = 0;
    if (!o->key)
        r = pl_fail(&err, PL_E_USAGE, "--key is needed");
    else if (o->blob ? ops->n != 0 : ops->n != 1)
        r = pl_fail(&err, PL_E_USAGE, "one image is wanted, or --blob FILE");
    if (r == 0)
        r = set_form(o->form, &j, &err);
    if (r == 0)
        r = pl_annotations(&o->annotations, &a, &annotations, &err);
    if (r == 0 && attest)
        r = set_predicate(o, &j, &predicate, &err);
    if (r == 0)
        r = load_key(o->key, &key, &err);
    j.key = key;
    j.annotations = annotations;
    if (r == 0)
        r = o->blob ? sign_file(attest ? "attested" : "signed", attest, o, &j, &err)
                    : sign_target(attest ? "attested" : "signed", ops->p[0], o, &j, &err);
    pl_privkey_free(key);
    pl_arena_release(&a);
    return r < 0 ? pl_sign_failed(verb, &err) : PL_EXIT_CLEAN;
}
