/* Capabilities, each with the fact that asks for it. formats/hardening.md section 3. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "base/endian.h"
#include "check/image/advise_int.h"

static const char *const names[] = { "CHOWN",
                                     "DAC_OVERRIDE",
                                     "DAC_READ_SEARCH",
                                     "FOWNER",
                                     "FSETID",
                                     "KILL",
                                     "SETGID",
                                     "SETUID",
                                     "SETPCAP",
                                     "LINUX_IMMUTABLE",
                                     "NET_BIND_SERVICE",
                                     "NET_BROADCAST",
                                     "NET_ADMIN",
                                     "NET_RAW",
                                     "IPC_LOCK",
                                     "IPC_OWNER",
                                     "SYS_MODULE",
                                     "SYS_RAWIO",
                                     "SYS_CHROOT",
                                     "SYS_PTRACE",
                                     "SYS_PACCT",
                                     "SYS_ADMIN",
                                     "SYS_BOOT",
                                     "SYS_NICE",
                                     "SYS_RESOURCE",
                                     "SYS_TIME",
                                     "SYS_TTY_CONFIG",
                                     "MKNOD",
                                     "LEASE",
                                     "AUDIT_WRITE",
                                     "AUDIT_CONTROL",
                                     "SETFCAP",
                                     "MAC_OVERRIDE",
                                     "MAC_ADMIN",
                                     "SYSLOG",
                                     "WAKE_ALARM",
                                     "BLOCK_SUSPEND",
                                     "AUDIT_READ",
                                     "PERFMON",
                                     "BPF",
                                     "CHECKPOINT_RESTORE" };

/* A line of a script, or of the configuration. */
static struct pl_str at(struct pl_needs *k, const struct pl_act *x)
{
    return x->script.n
               ? pl_printf(k->a, "%.*s in %.*s:%u", PL_FMT(x->how), PL_FMT(x->script), x->line)
               : pl_printf(k->a, "%.*s in the command", PL_FMT(x->how));
}

/* Has nobody but the owner (and perhaps the group) rights there? */
static bool closed(const struct pl_needs *k, struct pl_str path)
{
    uint32_t mode;
    return pl_path_mode(k, path, &mode) && (mode & 05) != 05;
}

/* Is there a folder of another user below, closed to root without the right to override? */
static bool closed_below(const struct pl_needs *k, struct pl_str path)
{
    size_t end;
    for (size_t i = pl_img_below(k->im, path, &end); i < end; i++) {
        const struct pl_img_file *f = &k->im->file[i];
        if (f->kind == PL_IMG_DIR && f->uid != 0 && (f->mode & 05) != 05)
            return true;
    }
    return false;
}

/* Data of a server that makes its folders for itself alone. */
static bool server_data(const struct pl_needs *k, const struct pl_act *x)
{
    if (!k->closed_data)
        return false;
    if (x->anywhere)
        return true;
    for (size_t i = 0; i < k->needs.n; i++)
        if (k->needs.p[i].state &&
            (pl_path_in(k->needs.p[i].path, x->path) || pl_path_in(x->path, k->needs.p[i].path)))
            return true;
    return false;
}

static void override(struct pl_needs *k, const struct pl_act *x)
{
    bool walks = x->kind == PL_ACT_WALK || (x->kind == PL_ACT_CHOWN && x->recursive) ||
                 (x->kind == PL_ACT_CHMOD && x->recursive);
    struct pl_str where = at(k, x);
    if (walks && server_data(k, x)) {
        pl_needs_cap(k, "DAC_OVERRIDE", PL_STRONG,
                     "%.*s: root walks data whose folders the server keeps for itself",
                     PL_FMT(where));
        return;
    }
    if (x->anywhere)
        return;
    bool other = pl_path_owner(k, x->path, NULL) != 0;
    if (walks && ((other && closed(k, x->path)) || closed_below(k, x->path))) {
        pl_needs_cap(k, "DAC_OVERRIDE", PL_STRONG,
                     "%.*s: root walks %.*s, which is closed to all but its owner", PL_FMT(where),
                     PL_FMT(x->path));
        return;
    }
    if (x->kind != PL_ACT_WRITE && x->kind != PL_ACT_MKDIR)
        return;
    /* the folder that the new name goes into */
    struct pl_str dir = x->partial ? x->path : pl_path_dir(x->path);
    uint32_t mode;
    if (x->kind == PL_ACT_MKDIR && pl_img_at(k->im, x->path))
        return;
    while (dir.n > 1 && !pl_img_at(k->im, dir))
        dir = pl_path_dir(dir);
    if (pl_path_owner(k, dir, NULL) != 0 && pl_path_mode(k, dir, &mode) && !(mode & 02) &&
        !pl_path_in(dir, PL_S("/run")))
        pl_needs_cap(k, "DAC_OVERRIDE", PL_STRONG,
                     "%.*s: root writes into %.*s, which belongs to another user", PL_FMT(where),
                     PL_FMT(dir));
}

static void of_act(struct pl_needs *k, const struct pl_places *p, const struct pl_act *x)
{
    struct pl_str where = at(k, x);
    bool writable = x->anywhere || pl_places_of(p, x->path) != NULL;
    if (!x->root)
        return;
    if (x->kind == PL_ACT_CHOWN && (writable || !x->optional))
        pl_needs_cap(k, "CHOWN", PL_STRONG, "%.*s%s%.*s", PL_FMT(where), x->anywhere ? "" : ": ",
                     PL_FMT(x->anywhere ? PL_S("") : x->path));
    if (x->kind == PL_ACT_CHMOD && writable && pl_path_owner(k, x->path, NULL) != 0)
        pl_needs_cap(k, "FOWNER", PL_STRONG, "%.*s: %.*s belongs to another user", PL_FMT(where),
                     PL_FMT(x->path));
    if (writable || x->kind == PL_ACT_WALK)
        override(k, x);
}

void pl_caps_of_file(struct pl_needs *k, const struct pl_img_file *f)
{
    const char *b = f->caps.p;
    if (f->caps.n < 12)
        return;
    uint64_t bits = pl_le32(b + 4);
    if (f->caps.n >= 20)
        bits |= (uint64_t)pl_le32(b + 12) << 32;
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (bits >> i & 1) {
            pl_needs_cap(k, names[i], PL_CERTAIN, "file capability of /%.*s", PL_FMT(f->path));
            k->caps.p[k->caps.n - 1].always = true;
        }
}

/* It starts as root and a low port is its own. */
static void low_ports(struct pl_needs *k)
{
    for (size_t i = 0; i < k->ports.n; i++)
        if (k->ports.p[i].port < 1024) {
            pl_needs_cap(k, "NET_BIND_SERVICE", PL_STRONG, "port %u: %.*s", k->ports.p[i].port,
                         PL_FMT(k->ports.p[i].why));
            return;
        }
}

void pl_caps_find(struct pl_needs *k, const struct pl_places *p, bool root_start)
{
    const struct pl_trace *t = k->t;
    const struct pl_prog *main = pl_trace_main(t);
    if (main && main->file && main->file->caps.n)
        pl_caps_of_file(k, main->file);
    if (!root_start)
        return;
    for (size_t i = 0; i < t->acts.n; i++)
        of_act(k, p, &t->acts.p[i]);
    if (t->stepped) {
        struct pl_str from = t->step_script.n
                                 ? pl_printf(k->a, "%.*s in %.*s:%u", PL_FMT(t->step_how),
                                             PL_FMT(t->step_script), t->step_line)
                                 : pl_printf(k->a, "%.*s in the command", PL_FMT(t->step_how));
        pl_needs_cap(k, "SETGID", PL_STRONG, "%.*s steps down", PL_FMT(from));
        pl_needs_cap(k, "SETUID", PL_STRONG, "%.*s steps down", PL_FMT(from));
    }
    if (k->has_worker && k->worker.uid != 0 && main && main->who.uid == 0) {
        pl_needs_cap(k, "SETGID", PL_STRONG, "%.*s", PL_FMT(k->worker_why));
        pl_needs_cap(k, "SETUID", PL_STRONG, "%.*s", PL_FMT(k->worker_why));
    }
    if (main && main->who.known && main->who.uid == 0)
        low_ports(k);
}
