/* Differences between databases: made, and applied. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "cmd/db_delta.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/fd.h"
#include "cmd/common.h"
#include "cmd/db_opt.h"
#include "io/zdelta.h"

struct mapped {
    struct pl_str s;
};

static int map(const char *path, struct mapped *ret, struct pl_err *err)
{
    struct stat st;
    pl_auto_fd int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
    ret->s = PL_S("");
    if (fd < 0 || fstat(fd, &st) < 0)
        return pl_fail_errno(err, PL_E_NOENT, errno, "cannot open '%s'", path);
    if (st.st_size <= 0)
        return 0;
    void *p = mmap(NULL, (size_t)st.st_size, PROT_READ, MAP_PRIVATE, fd, 0);
    if (p == MAP_FAILED)
        return pl_fail_errno(err, PL_E_IO, errno, "cannot read '%s'", path);
    ret->s = pl_str_n(p, (size_t)st.st_size);
    return 0;
}

static void unmap(struct mapped *m)
{
    if (m->s.n)
        munmap((void *)(uintptr_t)m->s.p, m->s.n);
}

static int write_file(const char *path, struct pl_str s, struct pl_err *err)
{
    pl_auto_fd int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
    bool bad = fd < 0 || pl_fd_write(fd, s.p, s.n) < 0;
    return bad ? pl_fail_errno(err, PL_E_IO, errno, "cannot write '%s'", path) : 0;
}

int pl_db_delta_apply(const char *old, const char *file, struct pl_err *err)
{
    struct mapped delta, base = { { "", 0 } };
    pl_auto_buf struct pl_buf out = { .max = (size_t)PL_ZDELTA_MAX };
    int r = map(file, &delta, err);
    if (r < 0)
        return r;
    bool is = pl_zdelta_is(delta.s);
    if (is)
        r = map(old, &base, err);
    if (is && r == 0)
        r = pl_zdelta_apply(base.s, delta.s, &out, err);
    unmap(&delta);
    unmap(&base);
    return is && r == 0 ? write_file(file, pl_buf_str(&out), err) : r;
}

int pl_db_delta(const struct pl_db_cmd *o)
{
    struct mapped old = { { "", 0 } }, now = { { "", 0 } };
    struct pl_arena a = { 0 };
    struct pl_err err = { 0 };
    pl_auto_buf struct pl_buf out = { .max = (size_t)PL_ZDELTA_MAX };
    const char *dir = pl_db_dir(o->db, /* make= */ false, &a);
    int r = map(o->delta_from, &old, &err);
    if (r == 0)
        r = map(pl_printf(&a, "%s/match.db", dir).p, &now, &err);
    if (r == 0)
        r = pl_zdelta_make(old.s, now.s, &out, &err);
    if (r == 0)
        r = pl_common_print(pl_buf_str(&out), &err);
    unmap(&old);
    unmap(&now);
    pl_arena_release(&a);
    return r < 0 ? pl_run_failed("db export", &err) : 0;
}
