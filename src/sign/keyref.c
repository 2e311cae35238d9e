/* Keys by reference and passwords. formats/signing.md section 1. The only thing that is written
 * here is the prompt of a password on the user's terminal. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "sign/keyref.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <termios.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "sign/keyfile.h"
#include "sign/outside.h"

#define KEY_MAX (1u << 20)
#define PASSWORD_MAX 4096u
#define ROOM 65536u

static int read_fd(int fd, const char *name, size_t max, struct pl_buf *b, struct pl_err *err)
{
    b->max = max;
    /* room for any key at once: a buffer that grows leaves copies of the secret behind */
    if (!pl_buf_room(b, max < ROOM ? max : ROOM, err))
        return pl_wrap(err, "'%s'", name);
    for (;;) {
        void *p = pl_buf_room(b, 512, err);
        if (!p)
            return pl_wrap(err, "'%s'", name);
        ssize_t n = read(fd, p, 512);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return pl_fail_errno(err, PL_E_USAGE, errno, "cannot read '%s'", name);
        if (n == 0)
            return 0;
        b->n += (size_t)n;
    }
}

int pl_ref_read(const char *ref, size_t max, struct pl_buf *b, struct pl_err *err)
{
    static const char *const others[] = { "k8s://", "awskms://", "gcpkms://", "azurekms://",
                                          "hashivault://" };
    if (strcmp(ref, "-") == 0)
        return read_fd(0, "standard input", max, b, err);
    if (strncmp(ref, "env://", 6) == 0) {
        const char *v = getenv(ref + 6);
        if (!v)
            return pl_fail(err, PL_E_USAGE, "environment variable '%s' is not set", ref + 6);
        b->max = max;
        return pl_buf_add(b, v, strlen(v), err);
    }
    for (size_t i = 0; i < PL_COUNT(others); i++)
        if (strncmp(ref, others[i], strlen(others[i])) == 0)
            return pl_fail(err, PL_E_USAGE,
                           "'%s' is not built in; a helper program can stand for it: "
                           "exec:PROGRAM, see plimsoll-sign(1)",
                           others[i]);
    pl_auto_fd int fd = open(ref, O_RDONLY | O_CLOEXEC | O_NOCTTY);
    if (fd < 0)
        return pl_fail_errno(err, PL_E_USAGE, errno, "cannot open '%s'", ref);
    return read_fd(fd, ref, max, b, err);
}

int pl_ref_pubkey(const char *ref, struct pl_pubkey **ret, struct pl_err *err)
{
    struct pl_buf b = { 0 };
    struct pl_err why = { 0 };
    if (strncmp(ref, "exec:", 5) == 0)
        return pl_pubkey_exec(pl_str_c(ref + 5), ret, err);
    if (strncmp(ref, "pkcs11:", 7) == 0)
        return pl_pubkey_pkcs11(ref, ret, err);
    int r = pl_ref_read(ref, KEY_MAX, &b, err);
    if (r == 0 && pl_pubkey_pem(pl_buf_str(&b), ret, &why) < 0)
        r = pl_fail(err, PL_E_USAGE, "key '%s': %s", ref, why.msg);
    pl_buf_wipe(&b);
    return r;
}

static int ask_pin(struct pl_buf *pin, struct pl_err *err)
{
    return pl_password(/* twice= */ false, pin, err);
}

int pl_ref_privkey(const char *ref, struct pl_privkey **ret, struct pl_err *err)
{
    struct pl_buf b = { 0 }, password = { 0 };
    struct pl_err why = { 0 };
    if (strncmp(ref, "exec:", 5) == 0)
        return pl_privkey_exec(pl_str_c(ref + 5), ret, err);
    if (strncmp(ref, "pkcs11:", 7) == 0)
        return pl_privkey_pkcs11(ref, ask_pin, ret, err);
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

static int prompt(const char *text, struct pl_buf *b, struct pl_err *err)
{
    struct termios was, quiet;
    char line[PASSWORD_MAX];
    fputs(text, stderr);
    fflush(stderr);
    if (tcgetattr(0, &was) < 0)
        return pl_fail_errno(err, PL_E_USAGE, errno, "cannot read a password");
    quiet = was;
    quiet.c_lflag &= ~(tcflag_t)ECHO;
    tcsetattr(0, TCSAFLUSH, &quiet);
    ssize_t n = read(0, line, sizeof line);
    tcsetattr(0, TCSAFLUSH, &was);
    fputc('\n', stderr);
    if (n <= 0)
        return pl_fail(err, PL_E_USAGE, "no password was typed");
    if (line[n - 1] == '\n')
        n--;
    int r = pl_buf_add(b, line, (size_t)n, err);
    pl_wipe(line, sizeof line);
    return r;
}

static int ask(bool twice, struct pl_buf *b, struct pl_err *err)
{
    struct pl_buf again = { .max = PASSWORD_MAX };
    int r = prompt("password of the private key: ", b, err);
    if (r == 0 && twice)
        r = prompt("once more: ", &again, err);
    if (r == 0 && twice && !pl_str_eq(pl_buf_str(b), pl_buf_str(&again)))
        r = pl_fail(err, PL_E_USAGE, "the two passwords differ");
    pl_buf_wipe(&again);
    return r;
}

int pl_password(bool twice, struct pl_buf *b, struct pl_err *err)
{
    const char *v = getenv("PLIMSOLL_PASSWORD");
    if (!v)
        v = getenv("COSIGN_PASSWORD");
    b->max = PASSWORD_MAX;
    if (v)
        return pl_buf_add(b, v, strlen(v), err);
    if (isatty(0) && isatty(2))
        return ask(twice, b, err);
    int r = read_fd(0, "standard input", PASSWORD_MAX, b, err);
    if (r == 0 && b->n && b->p[b->n - 1] == '\n')
        b->n--;
    return r;
}
