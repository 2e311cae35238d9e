/* Shuts the door, in the order of hazards.md section 4. Linux. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "sandbox/sandbox.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "sandbox/fds.h"
#include "sandbox/sandbox_int.h"

int pl_sandbox_probe(char *buf, size_t n)
{
    bool landlock = pl_landlock_version() > 0, seccomp = pl_seccomp_available();
    if (n)
        snprintf(buf, n, "%s%s%s", landlock ? "" : "landlock", landlock || seccomp ? "" : ", ",
                 seccomp ? "" : "seccomp");
    return !landlock + !seccomp;
}

/* Wiped, not only unlinked: the bytes stay readable in this process otherwise. A fixed time zone
 * takes its place, or each conversion of a time stamp would look for a file. */
static void drop_environment(void)
{
    for (char **e = environ; e && *e; e++)
        memset(*e, 0, strlen(*e));
    clearenv();
    setenv("TZ", "UTC0", /* overwrite= */ 1);
    tzset();
}

static int limit(int what, uint64_t soft, uint64_t hard, struct pl_err *err)
{
    struct rlimit now, set = { soft, hard };
    if (getrlimit((__rlimit_resource_t)what, &now) == 0 && now.rlim_max < set.rlim_max)
        set.rlim_max = now.rlim_max;
    if (set.rlim_cur > set.rlim_max)
        set.rlim_cur = set.rlim_max;
    if (setrlimit((__rlimit_resource_t)what, &set) < 0)
        return pl_fail_errno(err, PL_E_UNSUP, errno, "cannot set resource limit %d", what);
    return 0;
}

static int set_limits(const struct pl_sandbox_opts *o, struct pl_err *err)
{
    static const struct {
        int what;
        uint64_t value;
    } fixed[] = { { RLIMIT_FSIZE, 0 }, { RLIMIT_CORE, 0 }, { RLIMIT_NPROC, 0 } };
    int r = 0;
    signal(SIGXFSZ, SIG_IGN); /* a last message to a file fails, the reason of the end stays */
    for (size_t i = 0; r == 0 && i < PL_COUNT(fixed); i++)
        r = limit(fixed[i].what, fixed[i].value, fixed[i].value, err);
    if (r == 0) /* a repository may have many packs open at once */
        r = limit(RLIMIT_NOFILE, o->n_roots ? 256 : 16, o->n_roots ? 256 : 16, err);
    if (r == 0 && o->address_space)
        r = limit(RLIMIT_AS, o->address_space, o->address_space, err);
    if (r == 0 && o->cpu_seconds) /* SIGXCPU tells the parent why, SIGKILL follows */
        r = limit(RLIMIT_CPU, o->cpu_seconds, o->cpu_seconds + 2, err);
    return r;
}

static int drop_privileges(struct pl_err *err)
{
    if (prctl(PR_SET_NO_NEW_PRIVS, 1L, 0L, 0L, 0L) < 0)
        return pl_fail_errno(err, PL_E_UNSUP, errno, "cannot give up new privileges");
    if (prctl(PR_SET_DUMPABLE, 0L, 0L, 0L, 0L) < 0)
        return pl_fail_errno(err, PL_E_UNSUP, errno, "cannot forbid core dumps");
    return 0;
}

int pl_sandbox_enter(const struct pl_sandbox_opts *o, struct pl_err *err)
{
    int r = pl_sandbox_close_fds(o->keep_fds, o->n_keep, err);
    if (r < 0 || o->mode == PL_SANDBOX_OFF)
        return r;
    int landlock = pl_landlock_version();
    bool seccomp = pl_seccomp_available();
    if (o->mode == PL_SANDBOX_REQUIRE && !(landlock && seccomp))
        return pl_fail(err, PL_E_UNSUP, "this kernel has no %s", landlock ? "seccomp" : "landlock");
    drop_environment();
    r = drop_privileges(err);
    if (r == 0)
        r = set_limits(o, err);
    if (r == 0 && landlock)
        r = pl_landlock_enter(landlock, o->roots, o->n_roots, err);
    if (r == 0 && seccomp)
        r = pl_seccomp_enter(o->n_roots > 0, err);
    return r;
}
