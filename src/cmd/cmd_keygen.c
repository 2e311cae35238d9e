/* plimsoll keygen: a key pair as cosign keeps it, new or from an existing key. */
/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>

#include "base/cleanup.h"
#include "cmd/common.h"
#include "cmd/sign_opt.h"
#include "sign/keypair.h"

struct options {
    const char *output, *type, *import;
    bool force, quiet;
};

static const struct pl_opt table[] = {
    { "output", 'o', PL_OPT_STR, offsetof(struct options, output), "PREFIX",
      "writes PREFIX.key and PREFIX.pub (default: cosign)" },
    { "type", 0, PL_OPT_STR, offsetof(struct options, type), "TYPE",
      "ecdsa-p256, ecdsa-p384, ecdsa-p521, rsa-3072 or ed25519" },
    { "import", 0, PL_OPT_STR, offsetof(struct options, import), "FILE",
      "take this PEM private key instead of a new one" },
    { "force", 0, PL_OPT_FLAG, offsetof(struct options, force), NULL, "overwrite existing files" },
    { "quiet", 'q', PL_OPT_FLAG, offsetof(struct options, quiet), NULL, "only errors" },
};

#define KEY_MAX (1u << 20)

static int make_key(const struct options *o, struct pl_privkey **ret, struct pl_err *err)
{
    struct pl_buf b = { 0 };
    struct pl_err why = { 0 };
    if (!o->import)
        return pl_privkey_generate(pl_str_c(o->type ? o->type : "ecdsa-p256"), ret, err);
    if (o->type)
        return pl_fail(err, PL_E_USAGE, "--type and --import exclude each other");
    int r = pl_ref_read(o->import, KEY_MAX, &b, err);
    if (r == 0 && pl_privkey_pem(pl_buf_str(&b), ret, &why) < 0)
        r = pl_fail(err, PL_E_USAGE, "key '%s': %s", o->import, why.msg);
    pl_buf_wipe(&b);
    return r;
}

static int write_pair(const struct options *o, const struct pl_privkey *k, struct pl_err *err)
{
    const char *prefix = o->output ? o->output : "cosign";
    struct pl_buf password = { 0 };
    int r = pl_keypair_free(prefix, o->force, err);
    if (r == 0)
        r = pl_password(/* twice= */ true, &password, err);
    if (r == 0)
        r = pl_keypair_write(k, pl_buf_str(&password), prefix, o->force, err);
    pl_buf_wipe(&password);
    if (r == 0 && !o->quiet) {
        struct pl_arena a = { 0 };
        fprintf(stderr, "wrote %s.key and %s.pub: %s, %s\n", prefix, prefix,
                pl_pubkey_name(pl_privkey_public(k)),
                pl_pubkey_id_text(pl_privkey_public(k), &a).p);
        pl_arena_release(&a);
    }
    return r;
}

static int run_keygen(const void *options, const struct pl_operands *ops)
{
    const struct options *o = options;
    struct pl_privkey *k = NULL;
    struct pl_err err = { 0 };
    int r = ops->n ? pl_fail(&err, PL_E_USAGE, "no operands are wanted; see --output") : 0;
    if (r == 0)
        r = make_key(o, &k, &err);
    if (r == 0)
        r = write_pair(o, k, &err);
    pl_privkey_free(k);
    return r < 0 ? pl_sign_failed("keygen", &err) : PL_EXIT_CLEAN;
}

const struct pl_command pl_cmd_keygen = {
    .name = "keygen",
    .usage = "keygen [flags]",
    .summary = "make or import a key pair to sign with",
    .options = table,
    .n_options = PL_COUNT(table),
    .options_size = sizeof(struct options),
    .run = run_keygen,
};
