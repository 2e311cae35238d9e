/* containerd: is the verifier asked for every pull? Its plugin, its folder, and settings that take
 * pulls of the CRI around it. formats/gates.md section 3. */
/* SPDX-License-Identifier: Apache-2.0 */
#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "cmd/gate_doctor.h"
#include "fmt/toml.h"
#include "io/file.h"

#define BINDIR "io.containerd.image-verifier.v1.bindir"
#define DEFAULT_DIR "/opt/containerd/image-verifier/bin"

struct look {
    struct pl_doctor *d;
    const char *path;
    const struct pl_toml *plugins;
};

/* Who else may write there puts in a verifier of his own, or takes ours out. */
static void check_mode(struct look *l, const char *path, const struct stat *st)
{
    if (st->st_mode & 022)
        pl_doctor_hole(l->d, path, 0, "it may be written by others (mode %o)",
                       (unsigned)st->st_mode & 07777);
    if (st->st_uid != 0 && st->st_uid != geteuid())
        pl_doctor_hole(l->d, path, 0, "it belongs to user %u, not to root", (unsigned)st->st_uid);
}

static size_t check_files(struct look *l, const char *dir, DIR *open)
{
    struct stat st;
    size_t n = 0;
    for (const struct dirent *e; (e = readdir(open));) {
        if (e->d_name[0] == '.' && (!e->d_name[1] || e->d_name[1] == '.'))
            continue;
        const char *path = pl_printf(&l->d->a, "%s/%s", dir, e->d_name).p;
        if (fstatat(dirfd(open), e->d_name, &st, 0) < 0) {
            pl_doctor_unread(l->d, path, "cannot be looked at");
            continue;
        }
        n++;
        check_mode(l, path, &st);
        if (S_ISREG(st.st_mode) && !(st.st_mode & 0111))
            pl_doctor_note(l->d, path, 0, "it is not executable: every pull fails");
    }
    return n;
}

static void check_dir(struct look *l, const struct pl_toml *plugin)
{
    struct pl_str named = pl_toml_str(pl_toml_get(plugin, "bin_dir"));
    const char *dir = named.n ? pl_dup(&l->d->a, named).p : DEFAULT_DIR;
    int64_t max = pl_toml_int(pl_toml_get(plugin, "max_verifiers"), 10);
    struct stat st;
    DIR *open = opendir(dir);
    if (!open) {
        pl_doctor_hole(l->d, dir, 0, "bin_dir cannot be read: containerd then admits everything");
        return;
    }
    if (fstat(dirfd(open), &st) == 0)
        check_mode(l, dir, &st);
    size_t n = check_files(l, dir, open);
    closedir(open);
    if (n == 0)
        pl_doctor_hole(l->d, dir, 0, "bin_dir is empty: everything is admitted");
    if (max >= 0 && n > (size_t)max)
        pl_doctor_hole(l->d, dir, 0, "%zu files, but max_verifiers is %lld: some are not run", n,
                       (long long)max);
}

/* "10s", "1m30s", "500ms" in milliseconds; -1: no such thing. */
static int64_t duration_ms(struct pl_str s)
{
    int64_t all = 0;
    while (s.n) {
        size_t k = 0, u = 0;
        uint64_t n;
        while (k < s.n && s.p[k] >= '0' && s.p[k] <= '9')
            k++;
        while (k + u < s.n && s.p[k + u] >= 'a' && s.p[k + u] <= 'z')
            u++;
        struct pl_str unit = pl_str_sub(s, k, u);
        int64_t ms = pl_str_is(unit, "ms")  ? 1
                     : pl_str_is(unit, "s") ? 1000
                     : pl_str_is(unit, "m") ? 60000
                     : pl_str_is(unit, "h") ? 3600000
                                            : -1;
        if (!pl_str_u64(pl_str_sub(s, 0, k), &n) || n > 1000000 || ms < 0)
            return -1;
        all += (int64_t)n * ms;
        s = pl_str_sub(s, k + u, SIZE_MAX);
    }
    return all;
}

static void check_timeout(struct look *l, const struct pl_toml *plugin)
{
    const struct pl_toml *t = pl_toml_get(plugin, "per_verifier_timeout");
    struct pl_str s = pl_toml_str(t);
    unsigned limit = l->d->policy ? l->d->policy->timeout_ms : 8000;
    int64_t ms = s.p ? duration_ms(s) : 10000;
    if (ms >= 0 && ms < (int64_t)limit)
        pl_doctor_hole(
            l->d, l->path, pl_toml_line(t),
            "per_verifier_timeout is shorter than the policy's %u ms: pulls fail without "
            "a reason",
            limit);
}

static void disabled(struct look *l, const struct pl_toml *root)
{
    const struct pl_toml *list = pl_toml_get(root, "disabled_plugins");
    for (size_t i = 0; i < pl_toml_len(list); i++)
        if (pl_str_is(pl_toml_str(pl_toml_at(list, i)), BINDIR))
            pl_doctor_hole(l->d, l->path, pl_toml_line(list), "the verifier's plugin is disabled");
}

/* Settings that the transfer service does not know: containerd falls back to pulls of the CRI's
 * own, which ask no verifier. */
static void check_cri(struct look *l, const char *plugin, const char *sub)
{
    static const char *const registry[] = { "mirrors", "configs", "auths" };
    const struct pl_toml *cri = pl_toml_get(l->plugins, plugin),
                         *reg = pl_toml_get(cri, "registry");
    const struct pl_toml *inner = sub ? pl_toml_get(cri, sub) : cri;
    for (size_t i = 0; i < 3; i++) {
        const struct pl_toml *t = pl_toml_get(reg, registry[i]);
        if (pl_toml_len(t))
            pl_doctor_hole(l->d, l->path, pl_toml_line(t),
                           "registry.%s: pulls of the CRI go around verification; use config_path",
                           registry[i]);
    }
    const struct {
        const struct pl_toml *at;
        const char *name;
        bool hole;
    } t[] = {
        { pl_toml_get(inner, "discard_unpacked_layers"), "discard_unpacked_layers",
          pl_toml_bool(pl_toml_get(inner, "discard_unpacked_layers"), false) },
        { pl_toml_get(cri, "max_concurrent_downloads"), "max_concurrent_downloads",
          pl_toml_int(pl_toml_get(cri, "max_concurrent_downloads"), 3) != 3 },
        { pl_toml_get(cri, "image_pull_with_sync_fs"), "image_pull_with_sync_fs",
          pl_toml_bool(pl_toml_get(cri, "image_pull_with_sync_fs"), false) },
        { pl_toml_get(inner, "disable_snapshot_annotations"),
          "disable_snapshot_annotations = false",
          !pl_toml_bool(pl_toml_get(inner, "disable_snapshot_annotations"), true) },
        { pl_toml_get(cri, "use_local_image_pull"), "use_local_image_pull",
          pl_toml_bool(pl_toml_get(cri, "use_local_image_pull"), false) },
    };
    for (size_t i = 0; i < sizeof t / sizeof t[0]; i++)
        if (t[i].hole)
            pl_doctor_hole(l->d, l->path, pl_toml_line(t[i].at),
                           "%s: pulls of the CRI go around verification", t[i].name);
}

void pl_doctor_containerd(struct pl_doctor *d, const char *path)
{
    pl_auto_buf struct pl_buf b = { .max = PL_MIB(4) };
    struct pl_toml *root = NULL;
    struct pl_err err = { 0 };
    if (pl_file_read(path, &b, &err) < 0 || pl_toml_parse(pl_buf_str(&b), path, &root, &err) < 0) {
        pl_doctor_unread(d, path, err.msg);
        return;
    }
    struct look l = { d, path, pl_toml_get(root, "plugins") };
    const struct pl_toml *plugin = pl_toml_get(l.plugins, BINDIR);
    if (pl_toml_int(pl_toml_get(root, "version"), 1) < 2)
        pl_doctor_hole(d, path, 0, "configuration of version 1: containerd 1 has no verifiers");
    if (!plugin)
        pl_doctor_hole(d, path, 0, "the plugin " BINDIR " is not configured");
    disabled(&l, root);
    check_dir(&l, plugin);
    check_timeout(&l, plugin);
    check_cri(&l, "io.containerd.cri.v1.images", NULL);
    check_cri(&l, "io.containerd.grpc.v1.cri", "containerd");
    pl_doctor_note(d, path, 0, "images that are present already are never asked about again");
    pl_toml_free(root);
}
