/* Errors: a negative code as return value, the message in a caller-owned struct.
 * Failing never allocates. Guide section 6. */
/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PL_BASE_ERR_H
#define PL_BASE_ERR_H

#define PL_ERRORS(X)              \
    X(NOMEM, "out of memory")     \
    X(IO, "input/output error")   \
    X(NOENT, "not found")         \
    X(FORMAT, "malformed data")   \
    X(LIMIT, "limit exceeded")    \
    X(DIGEST, "digest mismatch")  \
    X(AUTH, "not authorised")     \
    X(NET, "network error")       \
    X(SIG, "signature not valid") \
    X(UNSUP, "not supported")     \
    X(USAGE, "wrong usage")       \
    X(CANCEL, "cancelled")

enum pl_errcode {
    PL_E_BASE_ = -100, /* codes are -99, -98, … : never 0, never an errno */
#define X(name, text) PL_E_##name,
    PL_ERRORS(X)
#undef X
};

/* `msg` is NUL-terminated and holds no secret; `code` is 0 until a failure. */
struct pl_err {
    int code;
    char msg[512];
};

/* Sets `err` (may be NULL) to `code` and the formatted message; returns `code`. */
int pl_fail(struct pl_err *err, int code, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));

/* As pl_fail, with ": strerror(errnum)" appended. */
int pl_fail_errno(struct pl_err *err, int code, int errnum, const char *fmt, ...)
    __attribute__((format(printf, 4, 5)));

/* Puts "formatted: " before the message of `err`; returns its code. */
int pl_wrap(struct pl_err *err, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

/* The short text of `code` ("malformed data"); never NULL. */
const char *pl_err_name(int code);

/* Prints "plimsoll: bug: …" and aborts: one of our own promises is broken. Never reachable from
 * input. */
_Noreturn void pl_bug(const char *fmt, ...) __attribute__((format(printf, 1, 2)));

/* Ends the process with a clear message and status 3 (incomplete): memory is gone. */
_Noreturn void pl_oom(void);

#endif
