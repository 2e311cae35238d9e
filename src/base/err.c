/* Error objects and the two ways a process ends early. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "base/err.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

int pl_fail(struct pl_err *err, int code, const char *fmt, ...)
{
    if (err) {
        va_list ap;
        err->code = code;
        va_start(ap, fmt);
        vsnprintf(err->msg, sizeof err->msg, fmt, ap);
        va_end(ap);
    }
    return code;
}

int pl_fail_errno(struct pl_err *err, int code, int errnum, const char *fmt, ...)
{
    if (err) {
        va_list ap;
        char why[96] = "";
        err->code = code;
        va_start(ap, fmt);
        vsnprintf(err->msg, sizeof err->msg, fmt, ap);
        va_end(ap);
        size_t n = strlen(err->msg);
        snprintf(err->msg + n, sizeof err->msg - n, ": %s", strerror_r(errnum, why, sizeof why));
    }
    return code;
}

int pl_wrap(struct pl_err *err, const char *fmt, ...)
{
    if (!err)
        return PL_E_IO;
    char old[sizeof err->msg];
    va_list ap;
    memcpy(old, err->msg, sizeof old);
    va_start(ap, fmt);
    vsnprintf(err->msg, sizeof err->msg, fmt, ap);
    va_end(ap);
    size_t n = strlen(err->msg);
    snprintf(err->msg + n, sizeof err->msg - n, ": %s", old);
    return err->code;
}

const char *pl_err_name(int code)
{
    switch (code) {
#define X(name, text) \
    case PL_E_##name: \
        return text;
        PL_ERRORS(X)
#undef X
    default:
        return "unknown error";
    }
}

void pl_bug(const char *fmt, ...)
{
    va_list ap;
    fputs("plimsoll: bug: ", stderr);
    va_start(ap, fmt);
    vfprintf(stderr, fmt, ap);
    va_end(ap);
    fputc('\n', stderr);
    abort();
}

void pl_oom(void)
{
    static const char msg[] = "plimsoll: incomplete: out of memory; exit 3\n";
    if (write(2, msg, sizeof msg - 1) < 0)
        _exit(3);
    _exit(3);
}
