/* plimsoll keygen: a key pair as cosign keeps it, new or from an existing key. */
/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "cmd/common.h"
#include "cmd/sign_opt.h"
#include "sign/keyfile.h"

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

static int write_all(int fd, struct pl_str s)
{
    while (s.n) {
        ssize_t n = write(fd, s.p, s.n);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return -1;
        s = pl_str_sub(s, (size_t)n, s.n);
    }
    return 0;
}

/* A new file beside the final one: a key is never half written, and never for others to read. */
static int write_file(const char *path, struct pl_str text, mode_t mode, bool force,
                      struct pl_err *err)
{
    char tmp[4096];
    int n = snprintf(tmp, sizeof tmp, "%s.part-%ld", path, (long)getpid());
    if (n < 0 || (size_t)n >= sizeof tmp)
        return pl_fail(err, PL_E_USAGE, "path is too long");
    int fd = open(tmp, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
    if (fd < 0)
        return pl_fail_errno(err, PL_E_USAGE, errno, "cannot write '%s'", path);
    bool ok = fchmod(fd, mode) == 0 && write_all(fd, text) == 0 && fsync(fd) == 0;
    ok = close(fd) == 0 && ok;
    ok = ok && (force ? rename(tmp, path) : linkat(AT_FDCWD, tmp, AT_FDCWD, path, 0)) == 0;
    int why = errno;
    unlink(tmp);
    if (ok)
        return 0;
    return why == EEXIST ? pl_fail(err, PL_E_USAGE, "'%s' exists; --force overwrites it", path)
                         : pl_fail_errno(err, PL_E_USAGE, why, "cannot write '%s'", path);
}

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
    pl_auto_buf struct pl_buf file = { 0 }, pub = { 0 };
    char path[2][4096];
    for (int i = 0; i < 2; i++) {
        int n = snprintf(path[i], sizeof path[i], "%s.%s", prefix, i ? "pub" : "key");
        if (n < 0 || (size_t)n >= sizeof path[i])
            return pl_fail(err, PL_E_USAGE, "path is too long");
        if (!o->force && faccessat(AT_FDCWD, path[i], F_OK, AT_SYMLINK_NOFOLLOW) == 0)
            return pl_fail(err, PL_E_USAGE, "'%s' exists; --force overwrites it", path[i]);
    }
    int r = pl_password(/* twice= */ true, &password, err);
    if (r == 0)
        r = pl_keyfile_write(k, pl_buf_str(&password), &file, err);
    pl_buf_wipe(&password);
    pl_pubkey_write(pl_privkey_public(k), &pub);
    if (r == 0)
        r = write_file(path[0], pl_buf_str(&file), 0600, o->force, err);
    if (r == 0)
        r = write_file(path[1], pl_buf_str(&pub), 0644, o->force, err);
    if (r == 0 && !o->quiet) {
        struct pl_arena a = { 0 };
        fprintf(stderr, "wrote %s and %s: %s, %s\n", path[0], path[1],
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
