/* Keys behind a helper program, for what is not built in: key management services. No shell. */
/* SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>
#include <unistd.h>

#include "base/base64.h"
#include "base/cleanup.h"
#include "base/hash.h"
#include "io/program.h"
#include "sign/outside.h"

#define WORDS_MAX 32u
#define HELPER_SECONDS 60
#define ANSWER_MAX 65536u

extern char **environ;

/* The words of the command and what the helper is told beyond them. */
static int split(struct pl_str command, const char *const *more, struct pl_arena *a,
                 char *argv[WORDS_MAX + 1], struct pl_err *err)
{
    struct pl_str word;
    size_t n = 0;
    while (command.p && n < WORDS_MAX) {
        pl_str_split(&command, ' ', &word);
        if (word.n)
            argv[n++] = (char *)(uintptr_t)pl_dup(a, word).p;
    }
    if (n == 0 || command.p)
        return pl_fail(err, PL_E_USAGE, "'exec:' needs a program with at most %u words",
                       WORDS_MAX - 2);
    for (; *more; more++) {
        if (n == WORDS_MAX)
            return pl_fail(err, PL_E_USAGE, "'exec:' has too many words");
        argv[n++] = (char *)(uintptr_t)*more;
    }
    argv[n] = NULL;
    return 0;
}

/* Passwords of ours are none of its business. */
static char **environment(struct pl_arena *a)
{
    static const char *const drop[] = { "PLIMSOLL_PASSWORD=", "COSIGN_PASSWORD=" };
    size_t n = 0, k = 0;
    while (environ[n])
        n++;
    char **out = pl_alloc_n(a, n + 1, sizeof *out);
    for (size_t i = 0; i < n; i++)
        if (strncmp(environ[i], drop[0], strlen(drop[0])) != 0 &&
            strncmp(environ[i], drop[1], strlen(drop[1])) != 0)
            out[k++] = environ[i];
    return out;
}

/* Runs it with `bytes` on its standard input; what it prints goes to `b`. */
static int run_helper(char **argv, struct pl_str bytes, struct pl_buf *b, struct pl_err *err)
{
    struct pl_arena a = { 0 };
    int status = 0;
    struct pl_program p = {
        .argv = argv, .env = environment(&a), .input = bytes, .seconds = HELPER_SECONDS
    };
    int r = pl_program_run(&p, b, &status, err);
    pl_arena_release(&a);
    return r == 0 && status ? pl_fail(err, PL_E_USAGE, "'%s' failed", argv[0]) : r;
}

static int ask(struct pl_str command, const char *const *more, struct pl_str bytes,
               struct pl_buf *b, struct pl_err *err)
{
    struct pl_arena a = { 0 };
    char *argv[WORDS_MAX + 1];
    b->max = ANSWER_MAX;
    int r = split(command, more, &a, argv, err);
    if (r == 0)
        r = run_helper(argv, bytes, b, err);
    pl_arena_release(&a);
    return r;
}

int pl_pubkey_exec(struct pl_str command, struct pl_pubkey **ret, struct pl_err *err)
{
    static const char *const more[] = { "public", NULL };
    pl_auto_buf struct pl_buf b = { 0 };
    struct pl_err why = { 0 };
    int r = ask(command, more, PL_S(""), &b, err);
    if (r == 0 && pl_pubkey_pem(pl_buf_str(&b), ret, &why) < 0)
        r = pl_fail(err, PL_E_USAGE, "helper '%.*s': %s", PL_FMT(command), why.msg);
    return r;
}

static int sign(void *ctx, const struct pl_pubkey *pub, struct pl_str bytes, struct pl_buf *sig,
                struct pl_err *err)
{
    static const char *const digest[] = { "sign", "sha256", NULL }, *const whole[] = { "sign",
                                                                                       "message",
                                                                                       NULL };
    const char *command = ctx;
    pl_auto_buf struct pl_buf b = { 0 };
    uint8_t sum[32], *raw = NULL;
    size_t n = 0;
    bool pure = pl_pubkey_type(pub) == PL_KEY_ED25519;
    pl_sha256(bytes.p, bytes.n, sum);
    int r = ask(pl_str_c(command), pure ? whole : digest, pure ? bytes : pl_str_n(sum, sizeof sum),
                &b, err);
    if (r < 0)
        return r;
    raw = (uint8_t *)b.p; /* decoded where it stands */
    if (b.n == 0 || pl_base64_decode(pl_buf_str(&b), PL_BASE64_LENIENT, raw, &n, NULL) < 0)
        return pl_fail(err, PL_E_USAGE, "helper '%s': what it printed is not base64", command);
    return pl_buf_add(sig, raw, n, err);
}

static const struct pl_signer signer = { .sign = sign, .free = free };

int pl_privkey_exec(struct pl_str command, struct pl_privkey **ret, struct pl_err *err)
{
    struct pl_pubkey *pub = NULL;
    int r = pl_pubkey_exec(command, &pub, err);
    if (r < 0)
        return r;
    char *copy = strndup(command.p, command.n);
    if (!copy)
        pl_oom();
    *ret = pl_privkey_outside(pub, &signer, copy);
    return 0;
}
