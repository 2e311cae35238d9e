/* plimsoll verify: who signed this, and does it hold? Offline but for the registry of the image. */
/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/limits.h"
#include "base/vec.h"
#include "cmd/common.h"
#include "cmd/sign_run.h"
#include "cmd/trust_file.h"
#include "cmd/verify_out.h"
#include "fmt/regex.h"
#include "io/file.h"
#include "sign/place.h"

struct options {
    struct pl_opt_list keys, annotations, formats;
    const char *bundle, *artifact, *artifact_digest, *trusted_root, *type;
    const char *identity, *identity_re, *issuer, *issuer_re;
    uint32_t need;
    bool require_tlog, ignore_tlog, ignore_sct, quiet, offline, recursive;
    struct pl_registry_cli reg;
};

static const struct pl_opt table[] = {
    { "key", 'k', PL_OPT_LIST, offsetof(struct options, keys), "FILE",
      "public key: FILE, env://NAME, exec:PROGRAM, pkcs11:URI, - (repeatable)" },
    { "bundle", 0, PL_OPT_STR, offsetof(struct options, bundle), "FILE",
      "a sigstore bundle, for --artifact or --artifact-digest" },
    { "artifact", 0, PL_OPT_STR, offsetof(struct options, artifact), "FILE", "what was signed" },
    { "artifact-digest", 0, PL_OPT_STR, offsetof(struct options, artifact_digest), "ALG:HEX",
      "only the digest of what was signed" },
    { "trusted-root", 0, PL_OPT_STR, offsetof(struct options, trusted_root), "FILE",
      "logs and authorities to trust; else the built-in ones" },
    { "certificate-identity", 0, PL_OPT_STR, offsetof(struct options, identity), "NAME",
      "who must have signed" },
    { "certificate-identity-regexp", 0, PL_OPT_STR, offsetof(struct options, identity_re), "RE",
      "the same as a pattern of the whole name" },
    { "certificate-oidc-issuer", 0, PL_OPT_STR, offsetof(struct options, issuer), "URL",
      "who must vouch for that identity" },
    { "certificate-oidc-issuer-regexp", 0, PL_OPT_STR, offsetof(struct options, issuer_re), "RE",
      "the same as a pattern of the whole URL" },
    { "type", 0, PL_OPT_STR, offsetof(struct options, type), "TYPE",
      "ask for an attestation of this type" },
    { "annotation", 'a', PL_OPT_LIST, offsetof(struct options, annotations), "NAME=VALUE",
      "must be signed along (repeatable)" },
    { "need", 0, PL_OPT_UINT, offsetof(struct options, need), "N",
      "signatures by so many different keys" },
    { "recursive", 0, PL_OPT_FLAG, offsetof(struct options, recursive), NULL,
      "an index, and each of its children" },
    { "require-tlog", 0, PL_OPT_FLAG, offsetof(struct options, require_tlog), NULL,
      "with a key: demand an entry of a transparency log" },
    { "insecure-ignore-tlog", 0, PL_OPT_FLAG, offsetof(struct options, ignore_tlog), NULL,
      "do not ask for an entry of a transparency log" },
    { "insecure-ignore-sct", 0, PL_OPT_FLAG, offsetof(struct options, ignore_sct), NULL,
      "do not ask for a proof that the certificate was logged" },
    { "format", 'f', PL_OPT_LIST, offsetof(struct options, formats), "FORMAT[=FILE]",
      "table or json (repeatable)" },
    PL_REGISTRY_OPTS(struct options, 0),
    { "offline", 0, PL_OPT_FLAG, offsetof(struct options, offline), NULL,
      "make any network call an error" },
    { "quiet", 'q', PL_OPT_FLAG, offsetof(struct options, quiet), NULL, "only the exit code" },
};

#define FILE_MAX PL_MIB(16)
#define TIMEOUT_S 60u /* for the whole of it, where --timeout says nothing else */

/* Everything a run holds. */
struct run {
    const struct options *o;
    struct pl_arena a;
    struct pl_pubkey *keys[PL_OPT_LIST_MAX];
    struct pl_root *root;
    struct pl_regex *identity_re, *issuer_re;
    struct pl_demand demand;
    struct pl_verify_result result;
};

static int whole_regex(struct run *r, const char *pattern, struct pl_regex **ret,
                       struct pl_err *err)
{
    struct pl_regex *alone = NULL;
    if (!pattern)
        return 0;
    /* on its own first: a bracket too many must not reach around ours */
    if (pl_regex_new(pl_str_c(pattern), 0, &alone, err) < 0)
        return pl_fail(err, PL_E_USAGE, "'%s' is no regular expression", pattern);
    pl_regex_free(alone);
    return pl_regex_new(pl_printf(&r->a, "\\A(?:%s)\\z", pattern), 0, ret, err);
}

static int load_root(struct run *r, struct pl_err *err)
{
    pl_auto_buf struct pl_buf b = { .max = FILE_MAX };
    struct pl_str text = { 0 };
    struct pl_err why = { 0 };
    const char *name = r->o->trusted_root, *kept = "";
    if (!name && !r->demand.by_identity && !r->demand.require_tlog)
        return 0;
    if (name && pl_file_read(name, &b, err) < 0)
        return PL_E_USAGE;
    if (name)
        text = pl_buf_str(&b);
    else if (pl_trust_default(&r->a, &b, &text, &kept, err) < 0)
        return PL_E_USAGE;
    else if (!text.p)
        return pl_fail(err, PL_E_USAGE, "this build has no trusted root; give one: --trusted-root");
    if (pl_root_parse(text, &r->root, &why) < 0)
        return pl_fail(err, PL_E_USAGE, "trusted root '%s': %s", name ? name : kept, why.msg);
    r->demand.root = r->root;
    return 0;
}

static int check_usage(const struct options *o, const struct pl_operands *ops, struct pl_err *err)
{
    bool id = o->identity || o->identity_re, issuer = o->issuer || o->issuer_re;
    if ((o->identity && o->identity_re) || (o->issuer && o->issuer_re))
        return pl_fail(err, PL_E_USAGE, "a name and its -regexp form exclude each other");
    if (o->keys.n && (id || issuer))
        return pl_fail(err, PL_E_USAGE, "--key and --certificate-… exclude each other");
    if (!o->keys.n && (!id || !issuer))
        return pl_fail(
            err, PL_E_USAGE,
            "--key, or --certificate-identity with --certificate-oidc-issuer, is needed");
    if (o->bundle && (ops->n || !o->artifact == !o->artifact_digest))
        return pl_fail(err, PL_E_USAGE, "--bundle goes with one of --artifact, --artifact-digest");
    if (!o->bundle && (ops->n == 0 || o->artifact || o->artifact_digest))
        return pl_fail(err, PL_E_USAGE, "one image is wanted, or --bundle and --artifact");
    if (o->bundle && o->need > 1)
        return pl_fail(err, PL_E_USAGE, "--need goes with an image: a bundle has one signature");
    if (o->bundle && o->recursive)
        return pl_fail(err, PL_E_USAGE, "--recursive goes with an image");
    if (o->require_tlog && o->ignore_tlog)
        return pl_fail(err, PL_E_USAGE, "--require-tlog and --insecure-ignore-tlog contradict");
    return 0;
}

static int prepare(struct run *r, struct pl_err *err)
{
    const struct options *o = r->o;
    struct pl_demand *d = &r->demand;
    struct pl_annotation *annotations = NULL;
    int q = 0;
    struct timespec now;
    for (size_t i = 0; q == 0 && i < o->keys.n; i++) {
        q = pl_ref_pubkey(o->keys.p[i], &r->keys[i], err);
        d->n_keys += q == 0;
    }
    if (q == 0)
        q = pl_annotations(&o->annotations, &r->a, &annotations, err);
    if (q == 0)
        q = whole_regex(r, o->identity_re, &r->identity_re, err);
    if (q == 0)
        q = whole_regex(r, o->issuer_re, &r->issuer_re, err);
    if (q < 0)
        return q;
    clock_gettime(CLOCK_REALTIME, &now);
    d->keys = (const struct pl_pubkey *const *)r->keys;
    d->by_identity = o->keys.n == 0;
    if (o->identity)
        d->identity = pl_str_c(o->identity);
    if (o->issuer)
        d->issuer = pl_str_c(o->issuer);
    d->identity_re = r->identity_re;
    d->issuer_re = r->issuer_re;
    d->annotations = annotations;
    d->n_annotations = o->annotations.n;
    d->require_tlog = o->require_tlog;
    d->ignore_tlog = o->ignore_tlog;
    d->ignore_sct = o->ignore_sct;
    d->now_ns = (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
    if (o->type) {
        d->type = pl_predicate_uri(pl_str_c(o->type));
        if (!d->type.n)
            return pl_fail(err, PL_E_USAGE, "no predicate type '%s'; a word or a URI", o->type);
    }
    return load_root(r, err);
}

static int parse_digest(struct pl_str s, struct pl_message *m, struct pl_err *err)
{
    struct pl_str alg;
    enum pl_md md;
    struct pl_str hex = s;
    if (!pl_str_split(&hex, ':', &alg) || !hex.p || !pl_md_named(alg, &md) ||
        hex.n != 2 * pl_md_len(md) || !pl_unhex(hex, m->digest[md], pl_md_len(md)))
        return pl_fail(err, PL_E_USAGE, "--artifact-digest needs sha256:HEX (or sha384, sha512)");
    m->have[md] = true;
    return 0;
}

static int open_artifact(const struct options *o, struct pl_message *m, struct pl_err *err)
{
    struct stat st;
    *m = (struct pl_message){ .fd = -1 };
    if (o->artifact_digest)
        return parse_digest(pl_str_c(o->artifact_digest), m, err);
    m->fd = open(o->artifact, O_RDONLY | O_CLOEXEC | O_NOCTTY);
    if (m->fd < 0)
        return pl_fail_errno(err, PL_E_USAGE, errno, "cannot open '%s'", o->artifact);
    if (fstat(m->fd, &st) < 0 || !S_ISREG(st.st_mode))
        return pl_fail(err, PL_E_USAGE, "'%s' is no regular file", o->artifact);
    return 0;
}

static int verify_file(struct run *r, struct pl_err *err)
{
    const struct options *o = r->o;
    pl_auto_buf struct pl_buf b = { .max = FILE_MAX + 1 };
    struct pl_message m;
    struct pl_verdict *v = PL_NEW(&r->a, struct pl_verdict);
    int q = open_artifact(o, &m, err);
    int fd = m.fd;
    if (q == 0)
        q = pl_file_read(o->bundle, &b, err);
    r->demand.any_type = !o->type;
    pl_verdict_init(v, "file", "bundle");
    if (q == 0)
        q = pl_verify_bundle(&r->demand, pl_buf_str(&b), &m, &r->a, v, err);
    r->result.ref = pl_str_c(o->bundle);
    r->result.digest = o->artifact_digest ? pl_str_c(o->artifact_digest) : PL_S("");
    r->result.verdicts = v;
    r->result.n_verdicts = 1;
    r->result.verified = v->ok;
    pl_message_release(&m);
    if (fd >= 0)
        close(fd);
    return q;
}

static int judge(struct run *r, struct pl_sign_store *store, const struct pl_named *image,
                 struct pl_str bytes, struct pl_verify_result *ret, struct pl_err *err)
{
    struct pl_verdicts out = { 0 };
    struct pl_message m;
    size_t need = r->o->need ? r->o->need : 1;
    pl_message_init(&m, bytes);
    int q = pl_verify_image(&r->demand, store, &image->digest, &m, &r->a, &out, err);
    pl_message_release(&m);
    if (q < 0)
        return q;
    bool legacy = out.sig_tag || (r->o->type && out.att_tag);
    struct pl_str digest = pl_digest_text(&r->a, &image->digest);
    *ret = (struct pl_verify_result){ .ref = digest,
                                      .digest = digest,
                                      .verdicts = out.p,
                                      .n_verdicts = out.n,
                                      .verified = pl_verdicts_signers(out.p, out.n) >= need,
                                      .cosign2 = legacy,
                                      .podman = legacy,
                                      .policy_controller = legacy,
                                      .kyverno = legacy,
                                      .cosign3 = legacy || out.bundle };
    return 0;
}

struct children {
    struct run *r;
    struct pl_sign_place *p;
    PL_VEC(struct pl_verify_result) all;
};

static int judge_child(void *arg, const struct pl_named *child, struct pl_buf *bytes,
                       struct pl_err *err)
{
    struct children *c = arg;
    struct pl_verify_result one;
    int q = judge(c->r, c->p->store, child, pl_buf_str(bytes), &one, err);
    if (q == 0)
        pl_vec_push(&c->all, one);
    return q;
}

static int judge_children(struct run *r, struct pl_sign_place *p, struct pl_err *err)
{
    struct children c = { .r = r, .p = p };
    struct pl_verify_result *all = &r->result;
    int q = pl_sign_place_children(p, judge_child, &c, err);
    all->children = pl_alloc_n(&r->a, c.all.n + 1, sizeof *all->children);
    for (size_t i = 0; i < c.all.n; i++) {
        all->children[i] = c.all.p[i];
        all->verified &= c.all.p[i].verified;
    }
    all->n_children = c.all.n;
    pl_vec_release(&c.all);
    return q;
}

static int verify_target(struct run *r, struct pl_operands *ops, struct pl_err *err)
{
    struct pl_registry_opts ro;
    struct pl_sign_place p = { 0 };
    int q = pl_registry_cli(&r->o->reg, r->o->offline, r->o->quiet, ops, &r->a, &ro, err);
    if (q == 0 && ops->n != 1)
        q = pl_fail(err, PL_E_USAGE, "one image is wanted, or --bundle and --artifact");
    if (q == 0 && ro.timeout_s == 0)
        ro.timeout_s = TIMEOUT_S;
    if (q == 0)
        q = pl_sign_place_open(&p, ops->p[0], &ro, r->o->type ? PL_LOOK_ATTESTATIONS : PL_LOOK_ALL,
                               err);
    if (q == 0)
        q = judge(r, p.store, &p.image, pl_buf_str(&p.manifest), &r->result, err);
    r->result.ref = p.ref;
    if (q == 0 && r->o->recursive)
        q = judge_children(r, &p, err);
    pl_sign_place_close(&p);
    pl_registry_cli_end(&ro);
    return q;
}

static int write_results(struct run *r, struct pl_err *err)
{
    const struct options *o = r->o;
    size_t n = o->formats.n ? o->formats.n : 1;
    for (size_t i = 0; i < n; i++) {
        pl_auto_buf struct pl_buf b = { 0 };
        struct pl_str to = pl_str_c(o->formats.n ? o->formats.p[i] : "table"), form;
        pl_str_split(&to, '=', &form);
        if (pl_str_is(form, "json"))
            pl_verify_json(&b, &r->result);
        else if (pl_str_is(form, "table"))
            pl_verify_text(&b, &r->result);
        else
            return pl_fail(err, PL_E_USAGE, "no format '%.*s' (table, json)", PL_FMT(form));
        if (o->quiet && !o->formats.n)
            continue;
        int q = to.p ? pl_common_write(to.p, pl_buf_str(&b), err)
                     : pl_common_print(pl_buf_str(&b), err);
        if (q < 0)
            return q;
    }
    return 0;
}

static void release(struct run *r)
{
    for (size_t i = 0; i < PL_OPT_LIST_MAX; i++)
        pl_pubkey_free(r->keys[i]);
    pl_root_free(r->root);
    pl_regex_free(r->identity_re);
    pl_regex_free(r->issuer_re);
    pl_arena_release(&r->a);
}

static int run_verify(const void *options, const struct pl_operands *operands)
{
    struct pl_operands ops = *operands;
    struct run r = { .o = options };
    struct pl_err err = { 0 };
    int q = check_usage(r.o, &ops, &err);
    if (q == 0)
        q = prepare(&r, &err);
    if (q == 0)
        q = r.o->bundle ? verify_file(&r, &err) : verify_target(&r, &ops, &err);
    if (q == 0)
        q = write_results(&r, &err);
    int code = q < 0               ? pl_sign_failed("verify", &err)
               : r.result.verified ? PL_EXIT_CLEAN
                                   : PL_EXIT_NET;
    release(&r);
    return code;
}

const struct pl_command pl_cmd_verify = {
    .name = "verify",
    .usage = "verify [flags] (IMAGE or --bundle FILE --artifact FILE)",
    .summary = "is this signed, by whom, and does it hold?",
    .options = table,
    .n_options = PL_COUNT(table),
    .options_size = sizeof(struct options),
    .run = run_verify,
};
