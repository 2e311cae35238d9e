/* OpenPGP by gpgv. Cleartext is taken apart here and checked as a detached signature, so that what
 * is used is what was checked. RFC 4880 sections 6 and 7. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "sign/openpgp.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/base64.h"
#include "base/cleanup.h"
#include "io/program.h"

#define FILES_MAX 64u
#define SECONDS 60
#define SAYS_MAX 65536u

struct pl_openpgp {
    int fd[FILES_MAX + 1]; /* the last place is the signature's */
    size_t n;
};

struct pl_openpgp *pl_openpgp_new(void)
{
    struct pl_openpgp *g = calloc(1, sizeof *g);
    if (!g)
        pl_oom();
    return g;
}

void pl_openpgp_free(struct pl_openpgp *g)
{
    for (size_t i = 0; g && i < g->n; i++)
        close(g->fd[i]);
    free(g);
}

size_t pl_openpgp_count(const struct pl_openpgp *g)
{
    return g->n;
}

/* A file in memory, whose name below /proc the program can open. */
static int hold(struct pl_str bytes, struct pl_err *err)
{
    pl_auto_fd int fd = memfd_create("plimsoll-openpgp", MFD_CLOEXEC);
    while (fd >= 0 && bytes.n) {
        ssize_t n = write(fd, bytes.p, bytes.n);
        if (n <= 0)
            return pl_fail(err, PL_E_IO, "cannot hold keys in memory");
        bytes = pl_str_sub(bytes, (size_t)n, SIZE_MAX);
    }
    return fd < 0 ? pl_fail(err, PL_E_IO, "cannot hold keys in memory") : pl_steal_fd(&fd);
}

/* ---- armor ---- */

static struct pl_str next_line(struct pl_str *rest)
{
    struct pl_str line = { "", 0 };
    pl_str_split(rest, '\n', &line);
    if (line.n && line.p[line.n - 1] == '\r')
        line.n--;
    return line;
}

/* Headers, a blank line, base 64 and its checksum up to the end mark. */
static int armored(struct pl_str *rest, struct pl_buf *out, struct pl_err *err)
{
    pl_auto_buf struct pl_buf body = { 0 };
    struct pl_str line = next_line(rest);
    while (rest->p && line.n)
        line = next_line(rest);
    for (;;) {
        if (!rest->p)
            return pl_fail(err, PL_E_FORMAT, "armor without its end");
        line = pl_str_trim(next_line(rest));
        if (pl_str_starts(line, PL_S("-----END PGP ")))
            break;
        if (line.n && *line.p != '=') /* the CRC protects nothing here */
            pl_buf_putn(&body, line.p, line.n);
    }
    char *to = pl_buf_room(out, pl_base64_room(body.n) + 1, err);
    size_t n = 0;
    if (!to)
        return PL_E_LIMIT;
    if (pl_base64_decode(pl_buf_str(&body), PL_BASE64_STD, to, &n, err) < 0)
        return pl_wrap(err, "armor");
    out->n += n;
    return 0;
}

int pl_openpgp_dearmor(struct pl_str text, struct pl_arena *a, struct pl_str *ret,
                       struct pl_err *err)
{
    pl_auto_buf struct pl_buf out = { 0 };
    int r = 0;
    while (text.p && r == 0) {
        struct pl_str line = next_line(&text);
        if (pl_str_starts(line, PL_S("-----BEGIN PGP ")) && pl_str_ends(line, PL_S("-----")))
            r = armored(&text, &out, err);
    }
    if (r == 0 && !out.n)
        r = pl_fail(err, PL_E_FORMAT, "no OpenPGP data");
    if (r == 0)
        *ret = pl_dup(a, pl_buf_str(&out));
    return r;
}

/* Every packet begins with a set high bit; armor is text. */
static bool is_binary(struct pl_str s)
{
    return s.n && (*s.p & 0x80);
}

int pl_openpgp_add(struct pl_openpgp *g, struct pl_str keys, struct pl_err *err)
{
    struct pl_arena a = { 0 };
    int r = 0;
    if (g->n == FILES_MAX)
        return pl_fail(err, PL_E_LIMIT, "more than %u files of keys", FILES_MAX);
    if (!is_binary(keys))
        r = pl_openpgp_dearmor(keys, &a, &keys, err);
    if (r == 0)
        r = hold(keys, err);
    if (r >= 0)
        g->fd[g->n++] = r;
    pl_arena_release(&a);
    return r < 0 ? r : 0;
}

/* ---- cleartext ---- */

static const char begin_mark[] = "-----BEGIN PGP SIGNED MESSAGE-----";
static const char sig_mark[] = "-----BEGIN PGP SIGNATURE-----";

bool pl_openpgp_is_cleartext(struct pl_str doc)
{
    return pl_str_starts(doc, pl_str_c(begin_mark));
}

/* "Hash: SHA512" and nothing else may stand in front of the blank line. */
static int skip_headers(struct pl_str *rest, struct pl_err *err)
{
    struct pl_str line = pl_str_trim(next_line(rest));
    if (!pl_str_is(line, begin_mark))
        return pl_fail(err, PL_E_FORMAT, "no cleartext signature");
    while (rest->p && (line = pl_str_trim(next_line(rest))).n)
        if (!pl_str_starts(line, PL_S("Hash:")))
            return pl_fail(err, PL_E_FORMAT, "cleartext signature: a header that is not Hash");
    return 0;
}

int pl_openpgp_cleartext(struct pl_str doc, struct pl_arena *a, struct pl_str *ret_text,
                         struct pl_str *ret_sig, struct pl_err *err)
{
    pl_auto_buf struct pl_buf text = { 0 };
    struct pl_str rest = doc;
    int r = skip_headers(&rest, err);
    if (r < 0)
        return r;
    for (bool first = true;; first = false) {
        struct pl_str at = rest;
        if (!rest.p)
            return pl_fail(err, PL_E_FORMAT, "cleartext signature: cut");
        struct pl_str line = next_line(&rest);
        if (pl_str_is(line, sig_mark)) {
            *ret_text = pl_dup(a, pl_buf_str(&text));
            *ret_sig = at;
            return 0;
        }
        if (pl_str_starts(line, PL_S("- ")))
            line = pl_str_sub(line, 2, SIZE_MAX);
        else if (pl_str_starts(line, PL_S("-")))
            return pl_fail(err, PL_E_FORMAT, "cleartext signature: a dash that is not escaped");
        while (line.n && (line.p[line.n - 1] == ' ' || line.p[line.n - 1] == '\t'))
            line.n--; /* section 7.1: blanks at the end are not signed */
        if (!first)
            pl_buf_putc(&text, '\n');
        pl_buf_putn(&text, line.p, line.n);
    }
}

/* ---- gpgv ---- */

/* Its status lines: one good signature at least, no bad one. */
static int judge(struct pl_str says, struct pl_arena *a, struct pl_str *ret_by, struct pl_err *err)
{
    static const char *const why[][2] = { { "BADSIG", "a signature does not hold" },
                                          { "EXPKEYSIG", "the key has expired" },
                                          { "REVKEYSIG", "the key was revoked" },
                                          { "EXPSIG", "the signature has expired" },
                                          { "NO_PUBKEY", "made by none of the given keys" },
                                          { "ERRSIG", "made in a way that cannot be checked" } };
    struct pl_str line, name = PL_S(""), print = PL_S("");
    size_t reason = PL_COUNT(why);
    bool good = false, bad = false, fine = false; /* fine: the signature that is being told of */
    while (pl_str_split(&says, '\n', &line)) {
        struct pl_str word;
        if (!pl_str_starts(line, PL_S("[GNUPG:] ")))
            continue;
        line = pl_str_sub(line, 9, SIZE_MAX);
        pl_str_split(&line, ' ', &word);
        for (size_t i = 0; i < PL_COUNT(why); i++)
            if (pl_str_is(word, why[i][0]) && i < reason)
                reason = i;
        bad |= pl_str_is(word, "BADSIG");
        if (pl_str_is(word, "NEWSIG"))
            fine = false;
        if (pl_str_is(word, "GOODSIG") && !good) {
            struct pl_str id;
            pl_str_split(&line, ' ', &id);
            name = line;
            fine = true;
        } else if (pl_str_is(word, "VALIDSIG") && !good && fine) {
            pl_str_split(&line, ' ', &print);
            good = true;
        }
    }
    if (!good || bad)
        return pl_fail(err, PL_E_SIG, "%s",
                       reason < PL_COUNT(why) ? why[reason][1] : "no signature that holds");
    *ret_by = pl_printf(a, "%.*s (%.*s)", PL_FMT(print), PL_FMT(name));
    return 0;
}

int pl_openpgp_verify(struct pl_openpgp *g, struct pl_str text, struct pl_str sig,
                      struct pl_arena *a, struct pl_str *ret_by, struct pl_err *err)
{
    char path[FILES_MAX + 1][32];
    char *argv[2 * FILES_MAX + 16],
        *env[] = { (char *)(uintptr_t) "LC_ALL=C", (char *)(uintptr_t) "PATH=/usr/bin:/bin", NULL };
    static const char *const first[] = { "gpgv", "--status-fd",   "1",        "--weak-digest",
                                         "SHA1", "--weak-digest", "RIPEMD160" };
    size_t n = 0;
    pl_auto_fd int s = hold(sig, err);
    if (s < 0)
        return s;
    g->fd[g->n] = s;
    for (size_t i = 0; i <= g->n; i++)
        snprintf(path[i], sizeof path[i], "/proc/self/fd/%d", g->fd[i]);
    for (; n < PL_COUNT(first); n++)
        argv[n] = (char *)(uintptr_t)first[n];
    for (size_t i = 0; i < g->n; i++) {
        argv[n++] = (char *)(uintptr_t) "--keyring";
        argv[n++] = path[i];
    }
    argv[n++] = path[g->n];
    argv[n++] = (char *)(uintptr_t) "-";
    argv[n] = NULL;
    pl_auto_buf struct pl_buf says = { .max = SAYS_MAX };
    const struct pl_program p = { .argv = argv,
                                  .env = env,
                                  .input = text,
                                  .seconds = SECONDS,
                                  .quiet = true,
                                  .keep = g->fd,
                                  .n_keep = g->n + 1 };
    int status = 0, r = pl_program_run(&p, &says, &status, err);
    if (r == PL_E_USAGE)
        return pl_fail(err, PL_E_UNSUP, "gpgv, which checks OpenPGP signatures, cannot be run");
    return r < 0 ? r : judge(pl_buf_str(&says), a, ret_by, err);
}
