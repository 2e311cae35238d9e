/* Files: rights, owners, tools, servers that do not belong there. formats/hardening.md section 1.
 */
/* SPDX-License-Identifier: Apache-2.0 */
#include "check/image/judge_int.h"

#include "check/image/needs.h"

static const char *const program_folders[] = { "bin",      "sbin",          "usr/bin",
                                               "usr/sbin", "usr/local/bin", "usr/local/sbin",
                                               "opt/bin",  "app/bin" };

static bool in_program_folder(struct pl_str path)
{
    struct pl_str dir = pl_path_dir(path);
    for (size_t i = 0; i < sizeof program_folders / sizeof *program_folders; i++)
        if (pl_str_is(dir, program_folders[i]))
            return true;
    return false;
}

/* The entrypoint's own program or script. */
static const struct pl_img_file *entry_file(const struct pl_img *im)
{
    struct pl_str word = im->entrypoint.n ? im->entrypoint.p[0]
                         : im->cmd.n      ? im->cmd.p[0]
                                          : PL_S("");
    return pl_img_which(im, im->workdir, word);
}

static void special_rights(struct pl_judge *j, const struct pl_img_file *f)
{
    struct pl_str owner = pl_owned_by(&j->owned, j->im, f->path);
    const char *what = f->caps.n                    ? "file capabilities"
                       : (f->mode & 06000) == 06000 ? "setuid and setgid"
                       : f->mode & 04000            ? "setuid"
                                                    : "setgid";
    struct pl_img_finding *x;
    if (owner.p)
        x = pl_judge_file(j, PL_IMG_C007, f, "%s, mode %04o, owner %u:%u, %s%.*s", what,
                          f->mode & 07777, f->uid, f->gid,
                          pl_str_is(owner, "?") ? "in a folder of the system" : "of package ",
                          PL_FMT(pl_str_is(owner, "?") ? PL_S("") : owner));
    else
        x = pl_judge_file(j, PL_IMG_C007, f, "%s, mode %04o, owner %u:%u, of no package", what,
                          f->mode & 07777, f->uid, f->gid);
    if (!owner.p || (f->mode & 022))
        x->severity = PL_SEV_HIGH;
}

static void open_to_all(struct pl_judge *j, const struct pl_img_file *f,
                        const struct pl_img_file *entry)
{
    bool dir = f->kind == PL_IMG_DIR;
    if ((dir && (f->mode & 01000)) || f->kind == PL_IMG_DEVICE)
        return;
    bool place = pl_str_starts(f->path, PL_S("etc/")) || pl_str_is(f->path, "etc") ||
                 in_program_folder(f->path);
    struct pl_str whole = pl_printf(j->a, "/%.*s", PL_FMT(f->path)), path, one;
    path = pl_img_env(j->im, PL_S("PATH"));
    while (dir && path.p && pl_str_split(&path, ':', &one))
        place |= pl_str_eq(one, whole);
    bool holds =
        entry &&
        (entry == f || (dir && pl_path_in(pl_printf(j->a, "/%.*s", PL_FMT(entry->path)), whole)));
    if (place || holds)
        pl_judge_file(j, PL_IMG_C008, f, "mode %04o%s", f->mode & 07777,
                      holds ? ", it holds the entrypoint" : "");
}

/* ---- tools ---- */

static const char tools[] =
    "gcc cc g++ c++ clang make cmake ninja ld as gdb strace ltrace perf apt apt-get aptitude dpkg "
    "apk "
    "yum dnf microdnf rpm zypper pacman pip pip3 npm yarn pnpm gem cargo go git svn hg curl wget "
    "nc "
    "ncat netcat socat nmap tcpdump telnet ftp sh bash dash ash zsh ksh perl busybox";
static const char clients[] =
    "docker dockerd buildah kaniko podman skopeo crictl ctr nerdctl kubectl helm aws gcloud az "
    "terraform oc doctl";

/* Shells and busybox stand in nearly every image: alone they are no finding. */
static bool counts(struct pl_str name)
{
    return !pl_word_in(name, "sh bash dash ash busybox perl");
}

static void shipped_tools(struct pl_judge *j)
{
    const struct pl_img *im = j->im;
    pl_auto_buf struct pl_buf list = { 0 };
    size_t n = 0, serious = 0;
    uint64_t bytes = 0;
    const struct pl_img_file *first = NULL;
    for (size_t i = 0; i < im->n_file; i++) {
        const struct pl_img_file *f = &im->file[i];
        struct pl_str name = pl_path_base(f->path);
        if (f->kind == PL_IMG_DIR || !in_program_folder(f->path))
            continue;
        if (f->kind == PL_IMG_FILE && pl_word_in(name, clients))
            pl_judge_file(j, PL_IMG_C015, f, "%.*s", PL_FMT(name));
        if (!pl_word_in(name, tools))
            continue;
        n++;
        bytes += f->kind == PL_IMG_FILE ? f->size : 0;
        serious += counts(name);
        first = first && !counts(name) ? first : f;
        if (list.n < 200)
            pl_buf_printf(&list, "%s%.*s", list.n ? " " : "", PL_FMT(name));
    }
    if (serious)
        pl_judge_file(j, PL_IMG_C014, first, "%zu programs, %llu bytes: %.*s%s", n,
                      (unsigned long long)bytes, PL_FMT(pl_buf_str(&list)),
                      list.n >= 200 ? " …" : "");
}

/* ---- the rest ---- */

static void left_over(struct pl_judge *j, const struct pl_img_file *f)
{
    struct pl_str name = pl_path_base(f->path);
    if (f->kind == PL_IMG_FILE &&
        (pl_word_in(name, "Dockerfile docker-compose.yml docker-compose.yaml .dockerignore") ||
         pl_str_ends(name, PL_S(".vagrant"))))
        pl_judge_file(j, PL_IMG_C028, f, "%.*s", PL_FMT(name));
}

/* A program of a package in a later layer than the package's own list. */
static void changed_later(struct pl_judge *j, const struct pl_img_file *f)
{
    if (!j->owned.dpkg || f->kind != PL_IMG_FILE || !in_program_folder(f->path))
        return;
    struct pl_str owner = pl_owned_by(&j->owned, j->im, f->path);
    if (!owner.p || pl_str_is(owner, "?"))
        return;
    const struct pl_img_file *l =
        pl_img_at(j->im, pl_printf(j->a, "var/lib/dpkg/info/%.*s.list", PL_FMT(owner)));
    if (l && l->layer < f->layer)
        pl_judge_file(j, PL_IMG_C019, f, "package %.*s is of layer %u, the file of layer %u",
                      PL_FMT(owner), l->layer, f->layer);
}

void pl_judge_files(struct pl_judge *j)
{
    const struct pl_img *im = j->im;
    const struct pl_img_file *entry = entry_file(im);
    struct pl_img_who w = pl_img_user(im, im->user);
    size_t group = 0;
    const struct pl_img_file *example = NULL;
    for (size_t i = 0; i < im->n_file; i++) {
        const struct pl_img_file *f = &im->file[i];
        if (f->kind == PL_IMG_LINK)
            continue;
        if (f->kind == PL_IMG_FILE && ((f->mode & 06000) || f->caps.n))
            special_rights(j, f);
        if (f->mode & 02)
            open_to_all(j, f, entry);
        if (w.known && w.uid && w.gid_known && !w.gid && (f->mode & 020) && !f->gid &&
            f->kind == PL_IMG_FILE &&
            (in_program_folder(f->path) || pl_str_starts(f->path, PL_S("etc/")) || f == entry)) {
            group++;
            example = example ? example : f;
        }
        if (pl_str_ends(f->path, PL_S("sbin/sshd")) && f->kind == PL_IMG_FILE)
            pl_judge_file(j, PL_IMG_C011, f, "sshd is installed");
        left_over(j, f);
        changed_later(j, f);
    }
    if (group)
        pl_judge_file(j, PL_IMG_C004, example, "%zu files, group 0 may write", group);
    shipped_tools(j);
}
