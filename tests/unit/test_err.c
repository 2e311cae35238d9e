/* Errors: codes, messages, context, and the ways a process ends early. */
/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/err.h"

static void a_failure_sets_code_and_message(void **state)
{
    struct pl_err err = { 0 };
    (void)state;
    assert_int_equal(pl_fail(&err, PL_E_FORMAT, "bad %s at %d", "header", 512), PL_E_FORMAT);
    assert_int_equal(err.code, PL_E_FORMAT);
    assert_string_equal(err.msg, "bad header at 512");
    assert_int_equal(pl_fail(NULL, PL_E_LIMIT, "x"), PL_E_LIMIT);
}

static void errno_is_said_in_words(void **state)
{
    struct pl_err err = { 0 };
    (void)state;
    assert_int_equal(pl_fail_errno(&err, PL_E_IO, EACCES, "cannot open '%s'", "x.tar"), PL_E_IO);
    assert_string_equal(err.msg, "cannot open 'x.tar': Permission denied");
    assert_int_equal(pl_fail_errno(NULL, PL_E_IO, EACCES, "x"), PL_E_IO);
}

static void context_goes_in_front(void **state)
{
    struct pl_err err = { 0 };
    (void)state;
    pl_fail(&err, PL_E_LIMIT, "too long");
    assert_int_equal(pl_wrap(&err, "layer %d", 4), PL_E_LIMIT);
    assert_string_equal(err.msg, "layer 4: too long");
    assert_true(pl_wrap(NULL, "layer") < 0);
}

static void long_messages_are_cut(void **state)
{
    struct pl_err err = { 0 };
    char text[2000];
    (void)state;
    memset(text, 'a', sizeof(text) - 1);
    text[sizeof(text) - 1] = '\0';
    pl_fail(&err, PL_E_FORMAT, "%s", text);
    assert_int_equal(strlen(err.msg), sizeof(err.msg) - 1);
    pl_wrap(&err, "%s", text);
    pl_fail_errno(&err, PL_E_FORMAT, EIO, "%s", text);
    assert_int_equal(strlen(err.msg), sizeof(err.msg) - 1);
}

static void each_code_has_its_text(void **state)
{
    (void)state;
    assert_string_equal(pl_err_name(PL_E_DIGEST), "digest mismatch");
    assert_string_equal(pl_err_name(0), "unknown error");
#define X(name, text) assert_true(PL_E_##name < 0 && strcmp(pl_err_name(PL_E_##name), text) == 0);
    PL_ERRORS(X)
#undef X
}

/* The wait status of a process that calls `fn`; its words are not wanted. */
static int ends(void (*fn)(void))
{
    int status = 0;
    pid_t pid = fork();
    if (pid == 0) {
        setrlimit(RLIMIT_CORE, &(struct rlimit){ 0 });
        signal(SIGABRT, SIG_DFL);
        close(2);
        fn();
        _exit(0);
    }
    assert_int_equal(waitpid(pid, &status, 0), pid);
    return status;
}

static void bug(void)
{
    pl_bug("promise %d", 1);
}

static void a_bug_aborts_and_no_memory_is_incomplete(void **state)
{
    (void)state;
    assert_true(WIFSIGNALED(ends(bug)));
    int status = ends(pl_oom);
    assert_true(WIFEXITED(status));
    assert_int_equal(WEXITSTATUS(status), 3);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_failure_sets_code_and_message),
        cmocka_unit_test(errno_is_said_in_words),
        cmocka_unit_test(context_goes_in_front),
        cmocka_unit_test(long_messages_are_cut),
        cmocka_unit_test(each_code_has_its_text),
        cmocka_unit_test(a_bug_aborts_and_no_memory_is_incomplete),
    };
    return cmocka_run_group_tests_name("err", tests, NULL, NULL);
}
