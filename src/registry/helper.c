/* Credential helpers: a program, the server on its standard input, JSON on its output; no shell. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "base/buf.h"
#include "base/cleanup.h"
#include "io/program.h"
#include "registry/creds.h"

#define HELPER_SECONDS 30
#define HELPER_MAX 65536u

static int verdict(int status, const char *program, struct pl_buf *b, struct pl_arena *a,
                   struct pl_credential *ret, struct pl_err *err)
{
    if (status == 0) {
        int r = pl_helper_answer(pl_buf_str(b), a, ret, err);
        return r < 0 ? pl_fail(err, PL_E_USAGE, "'%s': its answer makes no sense", program) : 0;
    }
    if (pl_str_find(pl_buf_str(b), PL_S("credentials not found in native keychain"), 0) != SIZE_MAX)
        return 0;
    return pl_fail(err, PL_E_USAGE, "'%s' failed", program);
}

int pl_helper_ask(struct pl_str name, struct pl_str server, struct pl_arena *a,
                  struct pl_credential *ret, struct pl_err *err)
{
    char program[100], get[] = "get";
    char *argv[] = { program, get, NULL };
    int status = 0;
    pl_auto_buf struct pl_buf b = { .max = HELPER_MAX };
    if (!pl_helper_name(name))
        return pl_fail(err, PL_E_USAGE, "the name of a credential helper makes no sense");
    snprintf(program, sizeof program, "docker-credential-%.*s", PL_FMT(name));
    /* quiet: it may print secrets */
    struct pl_program p = {
        .argv = argv, .input = server, .seconds = HELPER_SECONDS, .quiet = true
    };
    int r = pl_program_run(&p, &b, &status, err);
    if (r == 0)
        r = verdict(status, program, &b, a, ret, err);
    if (b.p)
        explicit_bzero(b.p, b.cap);
    return r;
}
