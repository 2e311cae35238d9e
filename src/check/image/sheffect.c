/* What well-known commands do to files. formats/hardening.md section 2, rule 4. */
/* SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>

#include "check/image/shell_int.h"

static bool is_flag(const struct pl_shv *v)
{
    return v->s.n > 1 && v->s.p[0] == '-';
}

/* "-p" of "-vp", "--parents". */
static bool has(const struct pl_shlist *w, char letter, const char *name)
{
    for (size_t i = 1; i < w->v.n; i++) {
        struct pl_str s = w->v.p[i].s;
        if (s.n < 2 || s.p[0] != '-')
            continue;
        if (s.p[1] != '-' ? letter && memchr(s.p, letter, s.n) != NULL
                          : pl_str_starts(pl_str_sub(s, 2, s.n), pl_str_c(name)))
            return true;
    }
    return false;
}

/* The value of "-o X", "--owner=X", "--owner X". */
static struct pl_str value_of(const struct pl_shlist *w, const char *letter, const char *name)
{
    for (size_t i = 1; i < w->v.n; i++) {
        struct pl_str s = w->v.p[i].s;
        if (s.n < 2 || s.p[0] != '-')
            continue;
        if (pl_str_is(s, letter) || pl_str_is(s, name))
            return i + 1 < w->v.n ? w->v.p[i + 1].s : PL_S("");
        if (s.p[1] == '-' && pl_str_starts(s, pl_str_c(name)) && s.n > strlen(name) &&
            s.p[strlen(name)] == '=')
            return pl_str_sub(s, strlen(name) + 1, s.n);
    }
    return (struct pl_str){ NULL, 0 };
}

static bool octal(struct pl_str s, uint32_t *ret)
{
    uint32_t v = 0;
    if (!s.n || s.n > 6)
        return false;
    for (size_t i = 0; i < s.n; i++) {
        if (s.p[i] < '0' || s.p[i] > '7')
            return false;
        v = v * 8 + (uint32_t)(s.p[i] - '0');
    }
    *ret = v;
    return true;
}

struct pl_act *pl_shr_act(struct pl_shrun *r, enum pl_act_kind kind, struct pl_shv path,
                          const char *how, uint32_t off)
{
    struct pl_trace *t = r->t;
    if (t->acts.n >= 5000 || !path.s.n)
        return NULL;
    bool partial = !path.known;
    struct pl_str s = path.s;
    if (partial && memchr(s.p, '/', s.n)) /* what is below the folder is not known */
        s = s.p[s.n - 1] == '/' ? s : pl_path_dir(s);
    else if (partial)
        return NULL;
    struct pl_str to = pl_img_resolve(t->im, r->cwd, s);
    if (to.n < 2 || pl_path_in(to, PL_S("/proc")) || pl_path_in(to, PL_S("/dev")) ||
        pl_path_in(to, PL_S("/sys")))
        return NULL;
    struct pl_act x = { .kind = kind,
                        .path = to,
                        .partial = partial,
                        .root = r->who.known && r->who.uid == 0,
                        .how = pl_str_c(how),
                        .script = r->script,
                        .line = pl_shr_line(r, off) };
    for (size_t i = 0; i < t->guarded.n; i++)
        x.optional |= pl_path_in(to, t->guarded.p[i]);
    pl_vec_push(&t->acts, x);
    return &t->acts.p[t->acts.n - 1];
}

/* A tree that only the running script knows. */
static void somewhere(struct pl_shrun *r, enum pl_act_kind kind, const char *how, uint32_t off)
{
    struct pl_act x = { .kind = kind,
                        .path = PL_S("/"),
                        .anywhere = true,
                        .optional = true,
                        .recursive = true,
                        .root = r->who.known && r->who.uid == 0,
                        .how = pl_str_c(how),
                        .script = r->script,
                        .line = pl_shr_line(r, off) };
    if (r->t->acts.n < 5000)
        pl_vec_push(&r->t->acts, x);
}

/* Operands from `from` on that are no flags. */
static void each(struct pl_shrun *r, const struct pl_shlist *w, size_t from, enum pl_act_kind kind,
                 const char *how, uint32_t off)
{
    for (size_t i = from; i < w->v.n; i++)
        if (!is_flag(&w->v.p[i]))
            pl_shr_act(r, kind, w->v.p[i], how, off);
}

static void make_dirs(struct pl_shrun *r, struct pl_shlist *w, uint32_t off)
{
    struct pl_str mode = value_of(w, "-m", "--mode");
    for (size_t i = 1; i < w->v.n; i++) {
        if (is_flag(&w->v.p[i]) || (mode.p && pl_str_eq(w->v.p[i].s, mode)))
            continue;
        struct pl_act *x = pl_shr_act(r, PL_ACT_MKDIR, w->v.p[i], "mkdir", off);
        if (x && mode.p)
            x->has_mode = octal(mode, &x->mode);
    }
}

static void own(struct pl_act *x, struct pl_shrun *r, struct pl_shv spec)
{
    struct pl_str s = spec.s;
    if (!x)
        return;
    if (!spec.known || !s.n || s.p[0] == ':') {
        x->owner = (struct pl_img_who){ .known = false };
        return;
    }
    x->owner = pl_img_user(r->t->im, s);
    if (pl_str_find(s, PL_S(":"), 0) == SIZE_MAX)
        x->owner.gid_known = false;
}

static void change_owner(struct pl_shrun *r, struct pl_shlist *w, uint32_t off)
{
    bool deep = has(w, 'R', "recursive"), by = has(w, 0, "reference");
    size_t i = 1;
    while (i < w->v.n && is_flag(&w->v.p[i]))
        i++;
    size_t spec = by ? 0 : i++;
    for (; i < w->v.n; i++) {
        if (is_flag(&w->v.p[i]))
            continue;
        if (!w->v.p[i].known && !w->v.p[i].s.n)
            somewhere(r, PL_ACT_CHOWN, "chown", off);
        struct pl_act *x = pl_shr_act(r, PL_ACT_CHOWN, w->v.p[i], "chown", off);
        if (x)
            x->recursive = deep;
        if (spec && spec < w->v.n)
            own(x, r, w->v.p[spec]);
    }
}

static void change_mode(struct pl_shrun *r, struct pl_shlist *w, uint32_t off)
{
    bool deep = has(w, 'R', "recursive");
    size_t i = 1, mode = 0;
    for (; i < w->v.n; i++) { /* "-x" may be a mode, but "-R" is a flag */
        struct pl_str s = w->v.p[i].s;
        if (s.n > 1 && s.p[0] == '-' && !strchr("rwxst", s.p[1]))
            continue;
        if (!mode) {
            mode = i;
            continue;
        }
        struct pl_act *x = pl_shr_act(r, PL_ACT_CHMOD, w->v.p[i], "chmod", off);
        if (!x)
            continue;
        x->recursive = deep;
        x->has_mode = octal(w->v.p[mode].s, &x->mode);
    }
}

/* install -d -o USER -m MODE DIR…; install FILE… TO */
static void install(struct pl_shrun *r, struct pl_shlist *w, uint32_t off)
{
    struct pl_str owner = value_of(w, "-o", "--owner"), mode = value_of(w, "-m", "--mode");
    struct pl_str group = value_of(w, "-g", "--group");
    bool dirs = has(w, 'd', "directory");
    size_t last = w->v.n - 1;
    for (size_t i = 1; i < w->v.n; i++) {
        struct pl_shv *v = &w->v.p[i];
        if (is_flag(v) || (owner.p && v->s.p == owner.p) || (mode.p && v->s.p == mode.p) ||
            (group.p && v->s.p == group.p) || (!dirs && i != last))
            continue;
        struct pl_act *x = pl_shr_act(r, dirs ? PL_ACT_MKDIR : PL_ACT_WRITE, *v, "install", off);
        if (x && mode.p)
            x->has_mode = octal(mode, &x->mode);
        if (owner.p)
            own(pl_shr_act(r, PL_ACT_CHOWN, *v, "install -o", off), r,
                (struct pl_shv){ owner, true });
    }
}

/* find PATH… -exec chown USER {} + */
static void find(struct pl_shrun *r, struct pl_shlist *w, uint32_t off)
{
    size_t paths = 1, i;
    while (paths < w->v.n && is_flag(&w->v.p[paths])) /* -H -L -P */
        paths++;
    for (i = paths; i < w->v.n; i++)
        if (is_flag(&w->v.p[i]) || pl_str_is(w->v.p[i].s, "!") || pl_str_is(w->v.p[i].s, "("))
            break;
    size_t end = i;
    static const struct pl_shv here = { { ".", 1 }, true };
    bool none = end == paths;
    for (size_t k = paths; k < end || none; k++) {
        struct pl_shv p = none ? here : w->v.p[k];
        bool open = (none && w->open) || (!p.known && !p.s.n);
        if (open)
            somewhere(r, PL_ACT_WALK, "find", off);
        else
            pl_shr_act(r, PL_ACT_WALK, p, "find", off);
        r->dir_seen = p.known && !open ? pl_img_resolve(r->t->im, r->cwd, p.s) : PL_S("");
        for (size_t e = end; e + 1 < w->v.n; e++) {
            if (open && pl_str_starts(w->v.p[e].s, PL_S("-exec")) &&
                pl_str_is(w->v.p[e + 1].s, "chown"))
                somewhere(r, PL_ACT_CHOWN, "find -exec chown", off);
            if (open)
                continue;
            struct pl_str what = w->v.p[e].s;
            bool delete = pl_str_is(what, "-delete");
            if (delete)
                pl_shr_act(r, PL_ACT_WRITE, p, "find -delete", off);
            if (!pl_str_is(what, "-exec") && !pl_str_is(what, "-execdir"))
                continue;
            struct pl_str cmd = w->v.p[e + 1].s;
            size_t arg = e + 2;
            while (arg < w->v.n && is_flag(&w->v.p[arg]))
                arg++;
            struct pl_act *x = NULL;
            if (pl_str_is(cmd, "chown") && arg < w->v.n) {
                x = pl_shr_act(r, PL_ACT_CHOWN, p, "find -exec chown", off);
                own(x, r, w->v.p[arg]);
                if (x)
                    x->optional = true; /* only where something has another owner */
            } else if (pl_str_is(cmd, "chmod") && arg < w->v.n) {
                x = pl_shr_act(r, PL_ACT_CHMOD, p, "find -exec chmod", off);
            } else if (pl_str_is(cmd, "rm")) {
                x = pl_shr_act(r, PL_ACT_WRITE, p, "find -exec rm", off);
            }
            if (x)
                x->recursive = true;
        }
        if (none)
            break;
    }
}

/* cp, mv, ln: the last operand; mv takes away the others as well. */
static void put(struct pl_shrun *r, struct pl_shlist *w, struct pl_str name, uint32_t off)
{
    size_t last = 0, operands = 0;
    struct pl_str target = value_of(w, "-t", "--target-directory");
    for (size_t i = 1; i < w->v.n; i++)
        if (!is_flag(&w->v.p[i])) {
            last = i;
            operands++;
        }
    if (target.p) {
        pl_shr_act(r, PL_ACT_WRITE,
                   (struct pl_shv){ pl_printf(r->a, "%.*s/x", PL_FMT(target)), true }, "cp", off);
        return;
    }
    if (operands < 2)
        return;
    struct pl_shv to = w->v.p[last];
    if (to.known && pl_shr_exists(r, to.s, 'd') == PL_YES)
        to.s = pl_printf(r->a, "%.*s/x", PL_FMT(to.s));
    pl_shr_act(r, PL_ACT_WRITE, to, pl_str_is(name, "ln") ? "ln" : "cp", off);
    if (pl_str_is(name, "mv"))
        for (size_t i = 1; i < last; i++)
            if (!is_flag(&w->v.p[i]))
                pl_shr_act(r, PL_ACT_WRITE, w->v.p[i], "mv", off);
}

static void sed(struct pl_shrun *r, struct pl_shlist *w, uint32_t off)
{
    bool inplace = false, script = false;
    for (size_t i = 1; i < w->v.n; i++) {
        struct pl_str s = w->v.p[i].s;
        if (s.n > 1 && s.p[0] == '-') {
            inplace |=
                pl_str_starts(s, PL_S("--in-place")) || (s.p[1] != '-' && memchr(s.p, 'i', s.n));
            if (pl_str_is(s, "-e") || pl_str_is(s, "-f") || pl_str_ends(s, PL_S("e"))) {
                script = true;
                i++;
            }
            continue;
        }
        if (!script)
            script = true;
        else if (inplace)
            pl_shr_act(r, PL_ACT_WRITE, w->v.p[i], "sed -i", off);
    }
}

static void temporary(struct pl_shrun *r, struct pl_shlist *w, uint32_t off)
{
    for (size_t i = 1; i < w->v.n; i++)
        if (!is_flag(&w->v.p[i]) && memchr(w->v.p[i].s.p, '/', w->v.p[i].s.n)) {
            pl_shr_act(r, PL_ACT_TEMP, w->v.p[i], "mktemp", off);
            return;
        }
    struct pl_shv tmp = { pl_img_env(r->t->im, PL_S("TMPDIR")), false };
    tmp.s = tmp.s.n ? pl_printf(r->a, "%.*s/", PL_FMT(tmp.s)) : PL_S("/tmp/");
    pl_shr_act(r, PL_ACT_TEMP, tmp, "mktemp", off);
}

bool pl_shr_effect(struct pl_shrun *r, const struct pl_sh_node *n, struct pl_str name,
                   struct pl_shlist *w)
{
    name = pl_path_base(name);
    if (pl_str_is(name, "mkdir"))
        make_dirs(r, w, n->off);
    else if (pl_str_is(name, "touch") || pl_str_is(name, "tee") || pl_str_is(name, "rm") ||
             pl_str_is(name, "rmdir") || pl_str_is(name, "truncate") || pl_str_is(name, "mkfifo"))
        each(r, w, 1, PL_ACT_WRITE, pl_dup(r->a, name).p, n->off);
    else if (pl_str_is(name, "chown") || pl_str_is(name, "chgrp"))
        change_owner(r, w, n->off);
    else if (pl_str_is(name, "chmod"))
        change_mode(r, w, n->off);
    else if (pl_str_is(name, "install"))
        install(r, w, n->off);
    else if (pl_str_is(name, "find"))
        find(r, w, n->off);
    else if (pl_str_is(name, "cp") || pl_str_is(name, "mv") || pl_str_is(name, "ln"))
        put(r, w, name, n->off);
    else if (pl_str_is(name, "sed"))
        sed(r, w, n->off);
    else if (pl_str_is(name, "mktemp"))
        temporary(r, w, n->off);
    else if (pl_str_is(name, "ls") && w->v.n > 1 && w->v.p[w->v.n - 1].known)
        r->dir_seen = pl_img_resolve(r->t->im, r->cwd, w->v.p[w->v.n - 1].s);
    else
        return false;
    return true;
}
