/* Starting programs: wrappers, stepping down to another user, scripts, and what stays in the end.
 */
/* SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>

#include "check/image/shell_int.h"

struct call {
    struct pl_trace *t;
    const struct pl_shrun *from;
    struct pl_img_who who;
    const struct pl_shv *v;
    size_t n;
    bool open, stays;
    uint32_t line;
};

static bool in(struct pl_str s, const char *list)
{
    struct pl_str rest = pl_str_c(list), word;
    while (pl_next_word(&rest, &word))
        if (pl_str_eq(s, word))
            return true;
    return false;
}

static bool flag(const struct pl_shv *v)
{
    return v->s.n > 0 && v->s.p[0] == '-';
}

static struct pl_str cwd_of(const struct call *c)
{
    return c->from ? c->from->cwd : c->t->im->workdir;
}

static enum pl_tri go_on(struct call *c, size_t skip)
{
    if (skip >= c->n)
        return PL_MAYBE;
    return pl_shr_start(c->t, c->from, c->who, c->v + skip, c->n - skip, c->open, c->stays,
                        c->line);
}

/* ---- to another user ---- */

static void step_to(struct call *c, struct pl_str spec, bool known, const char *how)
{
    struct pl_trace *t = c->t;
    struct pl_img_who who = { .known = false };
    if (known && spec.n)
        who = pl_img_user(t->im, spec);
    if (c->who.uid == who.uid && who.known && c->who.known)
        return;
    if (c->stays && !t->stepped) {
        t->stepped = true;
        t->step_how = pl_dup(t->a, pl_str_c(how));
        t->step_script = c->from ? c->from->script : PL_S("");
        t->step_line = c->line;
    }
    c->who = who;
}

/* How many words the options of a wrapper take; `with` are those that take a value. */
static size_t options(const struct call *c, size_t i, const char *with)
{
    while (i < c->n && flag(&c->v[i])) {
        if (pl_str_is(c->v[i].s, "--"))
            return i + 1;
        bool joined = memchr(c->v[i].s.p, '=', c->v[i].s.n) != NULL;
        i += !joined && in(c->v[i].s, with) ? 2 : 1;
    }
    return i;
}

/* The value of "--name=X", "--name X", "-n X" among the options. */
static struct pl_shv option(const struct call *c, const char *names)
{
    struct pl_str rest = pl_str_c(names), name;
    while (pl_next_word(&rest, &name))
        for (size_t i = 1; i < c->n; i++) {
            struct pl_str s = c->v[i].s;
            if (pl_str_eq(s, name) && i + 1 < c->n)
                return c->v[i + 1];
            if (pl_str_starts(s, name) && s.n > name.n && s.p[name.n] == '=')
                return (struct pl_shv){ pl_str_sub(s, name.n + 1, s.n), c->v[i].known };
        }
    return (struct pl_shv){ PL_S(""), false };
}

static enum pl_tri run_line(struct call *c, struct pl_shv text)
{
    if (!text.known)
        return PL_MAYBE;
    return pl_shr_text(c->t, c->from, c->who, c->from ? c->from->script : PL_S(""), text.s, true,
                       NULL, 0, false, c->stays);
}

/* su [-] [-s SHELL] [-c LINE] [USER]; runuser -u USER -- CMD */
static enum pl_tri su(struct call *c, const char *how)
{
    struct pl_shv user = option(c, "-u --user"), line = option(c, "-c --command --session-command");
    if (user.s.n) {
        size_t i = options(c, 1, "-u --user -g --group -G --supp-group -s --shell -w");
        step_to(c, user.s, user.known, how);
        return go_on(c, i);
    }
    size_t i = 1;
    struct pl_shv who = { PL_S("root"), true };
    for (; i < c->n; i++) {
        if (in(c->v[i].s, "-c --command -s --shell -g -G -w --session-command")) {
            i++;
        } else if (!flag(&c->v[i])) {
            who = c->v[i];
            break;
        }
    }
    step_to(c, who.s, who.known, how);
    return run_line(c, line);
}

static enum pl_tri setpriv(struct call *c)
{
    struct pl_shv user = option(c, "--reuid --ruid --euid"), group = option(c, "--regid --rgid");
    size_t i = options(c, 1,
                       "--reuid --regid --ruid --euid --rgid --egid --groups --inh-caps "
                       "--ambient-caps --bounding-set --securebits --pdeathsig");
    if (user.s.n && group.s.n && group.known)
        user.s = pl_printf(c->t->a, "%.*s:%.*s", PL_FMT(user.s), PL_FMT(group.s));
    if (user.s.n)
        step_to(c, user.s, user.known, "setpriv");
    return go_on(c, i);
}

static enum pl_tri daemon_starter(struct call *c)
{
    struct pl_shv user = option(c, "--chuid -c --user -u"),
                  what = option(c, "--exec -x --startas -a");
    if (user.s.n)
        step_to(c, user.s, user.known, "start-stop-daemon");
    struct pl_shv argv[64];
    size_t n = 0, i = 1;
    while (i < c->n && !pl_str_is(c->v[i].s, "--"))
        i++;
    if (what.s.n)
        argv[n++] = what;
    for (i++; i < c->n && n < 64; i++)
        argv[n++] = c->v[i];
    return n ? pl_shr_start(c->t, c->from, c->who, argv, n, c->open, c->stays, c->line) : PL_MAYBE;
}

/* gosu USER CMD…, and those that look the same. */
static enum pl_tri user_then(struct call *c, size_t at, const char *how)
{
    if (at >= c->n)
        return PL_MAYBE;
    step_to(c, c->v[at].s, c->v[at].known, how);
    return go_on(c, at + 1);
}

static void note_setuid(struct call *c, const struct pl_img_file *f)
{
    if (!f || !((f->mode & 06000) || f->caps.n))
        return;
    struct pl_act x = { .kind = PL_ACT_SETUID,
                        .path = pl_printf(c->t->a, "/%.*s", PL_FMT(f->path)),
                        .root = c->who.known && c->who.uid == 0,
                        .how = PL_S("run"),
                        .script = c->from ? c->from->script : PL_S(""),
                        .line = c->line };
    if (c->t->acts.n < 5000)
        pl_vec_push(&c->t->acts, x);
}

/* Wrappers that change the user. True when it was one. */
static bool step_down(struct call *c, struct pl_str name, enum pl_tri *ret)
{
    if (pl_str_is(name, "gosu") || pl_str_is(name, "su-exec") || pl_str_is(name, "setuidgid") ||
        pl_str_is(name, "s6-setuidgid") || pl_str_is(name, "s6-applyuidgid"))
        *ret = user_then(c, options(c, 1, "-u -g -G"), pl_dup(c->t->a, name).p);
    else if (pl_str_is(name, "setpriv"))
        *ret = setpriv(c);
    else if (pl_str_is(name, "runuser") || pl_str_is(name, "su"))
        *ret = su(c, pl_dup(c->t->a, name).p);
    else if (pl_str_is(name, "sudo") || pl_str_is(name, "doas")) {
        struct pl_shv user = option(c, "-u --user");
        if (user.s.n)
            step_to(c, user.s, user.known, pl_dup(c->t->a, name).p);
        else if (c->who.uid)
            c->who = pl_img_user(c->t->im, PL_S("0"));
        size_t i = options(c, 1, "-u --user -g --group -C -h -p");
        while (i < c->n && memchr(c->v[i].s.p, '=', c->v[i].s.n)) /* variables */
            i++;
        *ret = go_on(c, i);
    } else if (pl_str_is(name, "chpst")) {
        struct pl_shv user = option(c, "-u -U");
        if (user.s.n)
            step_to(c, user.s, user.known, "chpst");
        *ret = go_on(c, options(c, 1, "-u -U -b -e -/ -n -l -L -m -d -o -p -f -c -r -t"));
    } else if (pl_str_is(name, "start-stop-daemon"))
        *ret = daemon_starter(c);
    else
        return false;
    return true;
}

/* Wrappers that do not. */
static bool wrapper(struct call *c, struct pl_str name, enum pl_tri *ret)
{
    if (in(name, "tini tini-static dumb-init catatonit docker-init nohup setsid ionice stdbuf "
                 "nice chronic unbuffer"))
        *ret = go_on(c, options(c, 1, "-p -e -r --rewrite -n --adjustment -c -i -o"));
    else if (pl_str_is(name, "env")) {
        size_t i = options(c, 1, "-u --unset -C --chdir");
        while (i < c->n && memchr(c->v[i].s.p, '=', c->v[i].s.n))
            i++;
        *ret = go_on(c, i);
    } else if (pl_str_is(name, "numactl") || pl_str_is(name, "with-contenv") ||
               pl_str_is(name, "exec") || pl_str_is(name, "command"))
        *ret = go_on(c, options(c, 1, ""));
    else if (pl_str_is(name, "timeout"))
        *ret = go_on(c, options(c, 1, "-k -s") + 1);
    else
        return false;
    return true;
}

/* ---- scripts ---- */

static void inherit(struct pl_shrun *r, const struct pl_shrun *from)
{
    const struct pl_img *im = r->t->im;
    for (size_t i = 0; i < im->n_env; i++) {
        struct pl_shv v = { im->env[i].value, true };
        pl_shr_set(r, im->env[i].name, &v, 1, false);
        pl_shr_var(r, im->env[i].name)->exported = true;
    }
    for (size_t i = 0; from && i < from->vars.cap; i++) {
        const struct pl_shvar *x = from->vars.slot[i].value;
        if (!x || !x->exported || x->array)
            continue;
        pl_shr_set(r, from->vars.slot[i].key, x->v, x->n, false);
        pl_shr_var(r, from->vars.slot[i].key)->exported = true;
    }
}

enum pl_tri pl_shr_text(struct pl_trace *t, const struct pl_shrun *from, struct pl_img_who who,
                        struct pl_str script, struct pl_str text, bool bash,
                        const struct pl_shv *param, size_t n, bool open, bool stays)
{
    struct pl_sh_script s;
    if (t->depth >= PL_SH_RUNS || text.n > PL_IMG_TEXT_MAX) {
        t->exhausted |= t->depth >= PL_SH_RUNS;
        return PL_MAYBE;
    }
    t->depth++;
    struct pl_shrun r = { .t = t,
                          .a = t->a,
                          .who = who,
                          .script = script,
                          .text = text,
                          .cwd = from ? from->cwd : t->im->workdir,
                          .bash = bash,
                          .param_open = open,
                          .zero = { script, true },
                          .main = stays };
    r.vars.a = r.funcs.a = t->a;
    r.param = pl_alloc_n(t->a, n + 1, sizeof *r.param);
    for (size_t i = 0; i < n; i++)
        r.param[r.n_param++] = param[i];
    inherit(&r, from);
    pl_sh_parse(t->a, text, &s);
    if (s.error.msg) {
        struct pl_str what = pl_printf(t->a, "%.*s:%u: %s", PL_FMT(script),
                                       pl_shr_line(&r, s.error.off), s.error.msg);
        pl_vec_push(&t->unread, what);
    }
    enum pl_tri x = pl_shr_node(&r, s.root);
    pl_sh_release(&s);
    pl_map_release(&r.vars);
    pl_map_release(&r.funcs);
    t->depth--;
    return r.flow == PL_FLOW_ON ? x : PL_MAYBE;
}

/* The words behind "#!". */
static size_t shebang(struct pl_str body, struct pl_str *words, size_t max)
{
    struct pl_str line, word;
    size_t n = 0;
    if (!pl_str_starts(body, PL_S("#!")) || !pl_str_split(&body, '\n', &line))
        return 0;
    line = pl_str_sub(line, 2, line.n);
    while (n < max && pl_next_word(&line, &word))
        if (!(n == 0 && pl_str_is(pl_path_base(word), "env")) && !pl_str_is(word, "-S") &&
            !pl_str_is(pl_path_base(word), "with-contenv"))
            words[n++] = word;
    return n;
}

static bool is_shell(struct pl_str name)
{
    return in(name, "sh bash dash ash ksh busybox");
}

/* ---- what stays ---- */

static void stay(struct call *c, const struct pl_img_file *f, const struct pl_str *front,
                 size_t n_front)
{
    struct pl_trace *t = c->t;
    struct pl_prog p = { .file = f,
                         .who = c->who,
                         .script = c->from ? c->from->script : PL_S(""),
                         .line = c->line,
                         .certain = t->maybe == 0 };
    p.argv = pl_alloc_n(t->a, c->n + n_front + 1, sizeof *p.argv);
    for (size_t i = 0; i < n_front; i++)
        p.argv[p.n++] = front[i];
    for (size_t i = 0; i < c->n; i++)
        p.argv[p.n++] =
            i == 0 && n_front && f ? pl_printf(t->a, "/%.*s", PL_FMT(f->path)) : c->v[i].s;
    p.name = pl_path_base(p.argv[0]);
    if (c->stays && t->progs.n < 64) {
        pl_vec_push(&t->progs, p);
        if (p.certain)
            t->main_cwd = cwd_of(c);
    } else if (c->from && c->from->main) {
        t->fore = p;
        t->has_fore = true;
    }
}

enum pl_tri pl_shr_start(struct pl_trace *t, const struct pl_shrun *from, struct pl_img_who who,
                         const struct pl_shv *argv, size_t n, bool open, bool stays, uint32_t line)
{
    struct call c = { t, from, who, argv, n, open, stays, line };
    enum pl_tri ret = PL_MAYBE;
    if (!n || !pl_shr_step(t))
        return PL_MAYBE;
    if (!argv[0].known)
        return PL_MAYBE;
    struct pl_str name = pl_path_base(argv[0].s);
    if (t->depth >= PL_SH_RUNS)
        return PL_MAYBE;
    const struct pl_img_file *f = pl_img_which(t->im, cwd_of(&c), argv[0].s);
    note_setuid(&c, f);
    t->depth++;
    bool done = step_down(&c, name, &ret) || wrapper(&c, name, &ret);
    t->depth--;
    if (done)
        return ret;
    if (is_shell(name)) {
        size_t i = 1;
        bool line_follows = false;
        if (pl_str_is(name, "busybox") && n > 1)
            return go_on(&c, 1);
        for (; i < n && flag(&argv[i]); i++)
            line_follows |= argv[i].s.n > 1 && argv[i].s.p[1] != '-' &&
                            memchr(argv[i].s.p, 'c', argv[i].s.n) != NULL;
        if (i < n && line_follows)
            return argv[i].known ? pl_shr_text(t, from, who, from ? from->script : PL_S(""),
                                               argv[i].s, true, argv + i + 1 + (i + 1 < n),
                                               n - i - 1 - (i + 1 < n), open, stays)
                                 : PL_MAYBE;
        if (i < n)
            f = pl_img_open(t->im, cwd_of(&c), argv[i].s);
        if (i < n && f && f->has_body)
            return pl_shr_text(t, from, who, pl_printf(t->a, "/%.*s", PL_FMT(f->path)), f->body,
                               !pl_str_is(name, "sh"), argv + i + 1, n - i - 1, open, stays);
    }
    struct pl_str front[4];
    size_t n_front = f && f->has_body ? shebang(f->body, front, 4) : 0;
    if (n_front && is_shell(pl_path_base(front[0])))
        return pl_shr_text(t, from, who, pl_printf(t->a, "/%.*s", PL_FMT(f->path)), f->body,
                           pl_str_is(pl_path_base(front[0]), "bash"), argv + 1, n - 1, open, stays);
    stay(&c, f, front, n_front);
    return PL_MAYBE;
}

/* ---- the whole ---- */

static void walk(struct pl_trace *t, struct pl_img_who who)
{
    const struct pl_img *im = t->im;
    struct pl_shv *argv = pl_alloc_n(t->a, im->entrypoint.n + im->cmd.n + 1, sizeof *argv);
    size_t n = 0;
    bool line = im->entry_shell; /* such an entrypoint does not see CMD */
    for (size_t i = 0; i < im->entrypoint.n; i++)
        argv[n++] = (struct pl_shv){ im->entrypoint.p[i], true };
    for (size_t i = 0; i < im->cmd.n && !line; i++)
        argv[n++] = (struct pl_shv){ im->cmd.p[i], true };
    t->main_cwd = im->workdir;
    if (n)
        pl_shr_start(t, NULL, who, argv, n, false, true, 0);
    const struct pl_prog *main = pl_trace_main(t);
    if (!main && t->has_fore)
        pl_vec_push(&t->progs, t->fore);
    main = pl_trace_main(t);
    t->last = main ? main->who : who;
    t->stepped &= !main || main->who.uid != who.uid || !main->who.known;
}

void pl_trace_start_as(struct pl_arena *a, const struct pl_img *im, struct pl_img_who who,
                       struct pl_trace *ret)
{
    *ret = (struct pl_trace){ .a = a, .im = im, .first = who };
    walk(ret, who);
}

void pl_trace_start(struct pl_arena *a, const struct pl_img *im, struct pl_trace *ret)
{
    pl_trace_start_as(a, im, pl_img_user(im, im->user), ret);
}

const struct pl_prog *pl_trace_main(const struct pl_trace *t)
{
    const struct pl_prog *sure = NULL, *down = NULL;
    for (size_t i = t->progs.n; i > 0; i--) {
        const struct pl_prog *p = &t->progs.p[i - 1];
        if (p->certain && !sure)
            sure = p;
        if (p->who.known && p->who.uid != 0)
            down = p;
    }
    /* what steps down under a condition that is not known does so when nothing special is asked */
    if (down && t->first.known && t->first.uid == 0 &&
        (!sure || (sure->who.uid == 0 && pl_str_eq(sure->name, down->name))))
        return down;
    return sure ? sure : t->progs.n ? &t->progs.p[t->progs.n - 1] : NULL;
}

void pl_trace_release(struct pl_trace *t)
{
    pl_vec_release(&t->acts);
    pl_vec_release(&t->progs);
    pl_vec_release(&t->unread);
    pl_vec_release(&t->guarded);
}
