/* The image verifier of containerd 2: a program in its bin_dir, run for each pull; exit 0 admits,
 * standard output is the reason. formats/gates.md section 2. */
/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "compat/compat.h"
#include "fmt/json.h"
#include "gate/log.h"

#define DESCRIPTOR_TYPE "application/vnd.oci.descriptor.v1+json"
#define STDIN_MAX (64u << 10)
#define REASON_MAX 4000u
#define LOG_WAIT_MS 1000u /* another pull may be writing */
#define DEADLINE_MS 8000u
#define POLICY_FILE "/etc/plimsoll/policy.yaml"

struct args {
    const char *name, *digest, *type;
};

static int take_args(char **argv, struct args *x, struct pl_err *err)
{
    for (; *argv; argv += 2) {
        const char **to = strcmp(*argv, "-name") == 0               ? &x->name
                          : strcmp(*argv, "-digest") == 0           ? &x->digest
                          : strcmp(*argv, "-stdin-media-type") == 0 ? &x->type
                                                                    : NULL;
        if (!to || !argv[1] || *to)
            return pl_fail(err, PL_E_USAGE, "argument '%.60s' is not as containerd gives it",
                           *argv);
        *to = argv[1];
    }
    if (!x->name || !x->digest || !x->type)
        return pl_fail(err, PL_E_USAGE, "-name, -digest and -stdin-media-type are wanted");
    return strcmp(x->type, DESCRIPTOR_TYPE) == 0
               ? 0
               : pl_fail(err, PL_E_USAGE, "standard input is of another type: '%.100s'", x->type);
}

static int read_stdin(struct pl_buf *b, struct pl_err *err)
{
    for (;;) {
        char *to = pl_buf_room(b, 4096, err);
        ssize_t n = to ? read(0, to, 4096) : -1;
        if (to && n < 0 && errno == EINTR)
            continue;
        if (!to || n < 0)
            return pl_fail(err, PL_E_IO, "standard input cannot be read, or is over %u KiB",
                           STDIN_MAX >> 10);
        if (n == 0)
            break;
        b->n += (size_t)n;
        if (b->n > STDIN_MAX)
            return pl_fail(err, PL_E_LIMIT, "standard input is over %u KiB", STDIN_MAX >> 10);
    }
    return b->n ? 0 : pl_fail(err, PL_E_FORMAT, "standard input is empty");
}

/* The descriptor must be of what is asked about. */
static int check_descriptor(const struct args *x, struct pl_str text, struct pl_err *err)
{
    struct pl_json *root = NULL;
    struct pl_err why = { 0 };
    int r = pl_json_parse(text, 16, &root, &why);
    struct pl_str digest = r == 0 ? pl_json_str(pl_json_get(root, "digest")) : PL_S("");
    if (r < 0 || pl_json_type(root) != PL_JSON_OBJECT)
        r = pl_fail(err, PL_E_FORMAT, "standard input is no descriptor");
    else if (!digest.n)
        r = pl_fail(err, PL_E_FORMAT, "the descriptor has no digest");
    else if (!pl_str_is(digest, x->digest))
        r = pl_fail(err, PL_E_FORMAT, "-digest and the descriptor differ");
    pl_json_free(root);
    return r;
}

static int refused(const char *why)
{
    printf("refused: %s\n", why);
    fflush(stdout);
    return 1;
}

static int say(const struct pl_gate_answer *x)
{
    pl_auto_buf struct pl_buf b = { 0 };
    static const char *const words[] = { "refused", "admitted",
                                         "admitted (audit), would be refused" };
    pl_buf_printf(&b, "%s: %.*s: ", words[x->ruling], PL_FMT(pl_str_sub(x->ref, 0, 300)));
    pl_gate_answer_reason(x, REASON_MAX, &b);
    for (size_t i = 0; i < b.n; i++)
        if ((unsigned char)b.p[i] < 0x20 || b.p[i] == 0x7f)
            b.p[i] = ' '; /* one line, whatever the name holds */
    fwrite(b.p, 1, b.n, stdout);
    putchar('\n');
    return fflush(stdout) == 0 && x->passes ? 0 : 1;
}

/* PLIMSOLL_LOG names a decision log; without one, containerd's own log has the reason. */
static void log_it(const struct pl_gate *g, const struct pl_gate_ask *ask, struct pl_gate_answer *x)
{
    struct pl_gate_log *log = NULL;
    struct pl_err err = { 0 };
    const char *path = getenv("PLIMSOLL_LOG");
    if (!path || !*path)
        return;
    struct pl_gate_log_opts o = { .path = path, .wait_ms = LOG_WAIT_MS };
    int r = pl_gate_log_open(&o, &log, NULL, &err);
    if (r == 0)
        r = pl_gate_log_add(log, g, ask, x, &err);
    pl_gate_log_close(log);
    if (r < 0)
        pl_gate_answer_refuse(x, err.msg);
}

static int judge(const struct args *x, struct pl_err *err)
{
    const char *path = getenv("PLIMSOLL_POLICY");
    struct pl_registry_opts ro;
    struct pl_gate *g = NULL;
    struct pl_gate_answer answer;
    pl_registry_opts_init(&ro);
    ro.retries = 2;
    struct pl_gate_opts o = { .policy = path && *path ? path : POLICY_FILE, .registry = &ro };
    if (pl_gate_new(&o, &g, err) < 0)
        return refused(err->msg);
    struct pl_gate_ask ask = { .ref = pl_str_c(x->name),
                               .digest = pl_str_c(x->digest),
                               .door = "containerd",
                               .deadline_ms = DEADLINE_MS };
    pl_gate_decide(g, &ask, &answer);
    log_it(g, &ask, &answer);
    int code = say(&answer);
    pl_gate_answer_release(&answer);
    pl_gate_unref(g);
    return code;
}

/* What hangs where no deadline reaches (a name server) ends with a reason as well. */
static void too_late(int sig)
{
    static const char text[] = "refused: no answer within the time there was\n";
    (void)sig;
    ssize_t n = write(1, text, sizeof text - 1);
    _exit(n < 0 ? 2 : 1);
}

static int run(char **argv)
{
    struct args x = { 0 };
    pl_auto_buf struct pl_buf b = { .max = STDIN_MAX + 8192 };
    struct pl_err err = { 0 };
    signal(SIGPIPE, SIG_IGN);
    signal(SIGALRM, too_late);
    alarm(9);
    int r = take_args(argv, &x, &err);
    if (r == 0)
        r = read_stdin(&b, &err);
    if (r == 0)
        r = check_descriptor(&x, pl_buf_str(&b), &err);
    return r < 0 ? refused(err.msg) : judge(&x, &err);
}

const struct pl_persona pl_persona_image_verifier = {
    .name = "plimsoll-image-verifier",
    .summary = "a verifier of containerd 2: -name REF -digest DIGEST, reason on standard output",
    .run = run,
};
