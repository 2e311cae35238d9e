/* Landlock: whatever a version can deny is denied, but for reading below given folders. Linux,
 * userspace-api/landlock.
 * Constants beyond the distribution's header are defined here; there are no library wrappers. */
/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <fcntl.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "sandbox/sandbox_int.h"

#ifndef SYS_landlock_create_ruleset
#define SYS_landlock_create_ruleset 444
#define SYS_landlock_add_rule 445
#define SYS_landlock_restrict_self 446
#endif

#define CREATE_RULESET_VERSION 1u

/* struct landlock_ruleset_attr as of version 6. */
struct ruleset {
    uint64_t fs, net, scoped;
};

/* Bits of `fs` by version: 1: 0 to 12; 2: REFER; 3: TRUNCATE; 5: IOCTL_DEV. */
#define FS_1 ((1u << 13) - 1)
#define FS_2 (1u << 13)
#define FS_3 (1u << 14)
#define FS_5 (1u << 15)
#define NET_4 3u    /* bind and connect TCP */
#define SCOPED_6 3u /* abstract sockets, signals */

int pl_landlock_version(void)
{
    long v = syscall(SYS_landlock_create_ruleset, NULL, (size_t)0, CREATE_RULESET_VERSION);
    return v > 0 ? (int)v : 0;
}

/* struct landlock_path_beneath_attr */
struct beneath {
    uint64_t access;
    int32_t fd;
} __attribute__((packed));

#define RULE_PATH_BENEATH 1u
#define FS_READ (1u << 2 | 1u << 3) /* files, folders */

static int allow(int ruleset, const char *root, struct pl_err *err)
{
    pl_auto_fd int fd = open(root, O_PATH | O_CLOEXEC);
    struct beneath b = { FS_READ, fd };
    if (fd < 0 || syscall(SYS_landlock_add_rule, ruleset, RULE_PATH_BENEATH, &b, 0u) < 0)
        return pl_fail_errno(err, PL_E_UNSUP, errno, "cannot allow reading of '%s'", root);
    return 0;
}

int pl_landlock_enter(int version, const char *const *roots, size_t n_roots, struct pl_err *err)
{
    struct ruleset r = { .fs = FS_1 };
    size_t size = sizeof r.fs;
    if (version >= 2)
        r.fs |= FS_2;
    if (version >= 3)
        r.fs |= FS_3;
    if (version >= 5)
        r.fs |= FS_5;
    if (version >= 4) {
        r.net = NET_4;
        size = offsetof(struct ruleset, scoped);
    }
    if (version >= 6) {
        r.scoped = SCOPED_6;
        size = sizeof r;
    }
    pl_auto_fd int fd = (int)syscall(SYS_landlock_create_ruleset, &r, size, 0u);
    int ret = 0;
    for (size_t i = 0; fd >= 0 && ret == 0 && i < n_roots; i++)
        ret = allow(fd, roots[i], err);
    if (ret < 0)
        return ret;
    if (fd < 0 || syscall(SYS_landlock_restrict_self, fd, 0u) < 0)
        return pl_fail_errno(err, PL_E_UNSUP, errno, "cannot enter landlock");
    return 0;
}
