/* Stages, their bases and dependencies, as BuildKit works them out. formats/dockerfile.md 1.6, 1.7.
 */
/* SPDX-License-Identifier: Apache-2.0 */
#include <ctype.h>
#include <stdlib.h>

#include "base/cleanup.h"
#include "base/near.h"
#include "check/dockerfile/plan_int.h"

#define ENV_DEPTH 8u

void pl_df_plan_refuse(struct pl_df_planner *pl, enum pl_df_phase phase, size_t node,
                       const char *msg)
{
    struct pl_df_plan *p = pl->p;
    pl_vec_push(&p->refusals, ((struct pl_df_refusal){ phase, node, msg }));
    size_t at = node == SIZE_MAX ? p->f->n_nodes : node;
    if (phase < p->fail_phase || (phase == p->fail_phase && at < p->fail_node)) {
        p->fail_phase = phase;
        p->fail_node = at;
    }
}

void pl_df_plan_event(struct pl_df_planner *pl, enum pl_df_event_kind kind, size_t node,
                      struct pl_str name)
{
    pl_vec_push(&pl->p->events, ((struct pl_df_event){ kind, node, name, PL_S("") }));
}

struct pl_str pl_df_plan_given(const struct pl_df_planner *pl, struct pl_str name)
{
    for (size_t i = 0; i < pl->n_args; i++)
        if (pl_str_eq(pl->args[i].name, name))
            return pl->args[i].value;
    return (struct pl_str){ NULL, 0 };
}

bool pl_df_plan_index(struct pl_str s, size_t *ret)
{
    uint64_t v;
    if (s.n && s.p[0] == '+')
        s = pl_str_sub(s, 1, SIZE_MAX);
    if (!pl_str_u64(s, &v))
        return false;
    *ret = v > SIZE_MAX / 2 ? SIZE_MAX / 2 : (size_t)v;
    return true;
}

/* --- variables --- */

bool pl_df_env_get(const void *env, struct pl_str name, struct pl_str *ret)
{
    for (const struct pl_df_env *e = env; e; e = e->up) {
        const struct pl_str *v = e->map.n ? pl_map_get(&e->map, name) : NULL;
        if (v) {
            *ret = *v;
            return true;
        }
    }
    return false;
}

void pl_df_env_set(struct pl_df_env *e, struct pl_str name, struct pl_str value)
{
    void **place = pl_map_put(&e->map, name);
    if (!*place)
        *place = PL_NEW(e->map.a, struct pl_str);
    *(struct pl_str *)*place = value;
}

static void copy_env(struct pl_df_env *to, const struct pl_df_env *from)
{
    if (!from)
        return;
    copy_env(to, from->up);
    for (size_t i = 0; i < from->map.cap; i++)
        if (from->map.slot[i].value)
            pl_df_env_set(to, from->map.slot[i].key, *(struct pl_str *)from->map.slot[i].value);
}

/* `e` begins with what `up` holds. */
static void inherit(struct pl_df_env *e, const struct pl_df_env *up)
{
    if (up->depth + 1 < ENV_DEPTH) {
        e->up = up;
        e->depth = up->depth + 1;
    } else {
        copy_env(e, up); /* long chains of stages stay cheap to look through */
    }
}

static void platform_args(struct pl_df_planner *pl, struct pl_df_env *e, bool given)
{
    static const char *const args[][2] = {
        { "BUILDPLATFORM", "linux/amd64" },
        { "BUILDOS", "linux" },
        { "BUILDOSVERSION", "" },
        { "BUILDARCH", "amd64" },
        { "BUILDVARIANT", "" },
        { "TARGETOS", "linux" },
        { "TARGETPLATFORM", "linux/amd64" },
        { "TARGETVARIANT", "" },
        { "TARGETOSVERSION", "" },
        { "TARGETARCH", "amd64" },
        { "TARGETSTAGE", "default" },
    };
    for (size_t i = 0; i < PL_COUNT(args); i++) {
        struct pl_str v = pl_df_plan_given(pl, pl_str_c(args[i][0]));
        pl_df_env_set(e, pl_str_c(args[i][0]), given && v.p ? v : pl_str_c(args[i][1]));
    }
}

static void split_arg(struct pl_str s, struct pl_str *ret_name, struct pl_str *ret_value)
{
    *ret_value = s;
    pl_str_split(ret_value, '=', ret_name);
}

/* ARG before the first FROM. */
static void global_arg(struct pl_df_planner *pl, struct pl_df_env *e, size_t node, bool given)
{
    const struct pl_df_node *n = &pl->p->f->nodes[node];
    for (size_t i = 0; i < n->n_args; i++) {
        struct pl_str name, value, v;
        const char *why;
        split_arg(n->args[i].s, &name, &value);
        v = given ? pl_df_plan_given(pl, name) : (struct pl_str){ NULL, 0 };
        struct pl_df_lex lex = {
            .a = pl->a, .escape = pl->p->f->escape, .get = pl_df_env_get, .env = e
        };
        if (!v.p && value.p && pl_df_lex_word(&lex, value, &v, &why) < 0) {
            if (given)
                pl_df_plan_refuse(pl, PL_DF_PHASE_BASES, node, why);
            return;
        }
        if (v.p)
            pl_df_env_set(e, name, v);
    }
}

/* --- stages --- */

static struct pl_str lower(struct pl_arena *a, struct pl_str s)
{
    char *p = pl_alloc(a, s.n + 1);
    for (size_t i = 0; i < s.n; i++)
        p[i] = (char)tolower((unsigned char)s.p[i]);
    return pl_str_n(p, s.n);
}

size_t pl_df_plan_find(const struct pl_df_plan *p, struct pl_str name, size_t n)
{
    for (size_t i = n; i-- > 0;)
        if (p->stages[i].lower.n && pl_str_ieq(p->stages[i].lower, name))
            return i;
    return SIZE_MAX;
}

struct pl_df_stage *pl_df_plan_stage(const struct pl_df_plan *p, size_t i)
{
    size_t lo = 0, hi = p->n_stages;
    if (!hi || i < p->stages[0].from)
        return NULL;
    while (hi - lo > 1) {
        size_t mid = (lo + hi) / 2;
        if (p->stages[mid].from <= i)
            lo = mid;
        else
            hi = mid;
    }
    return &p->stages[lo];
}

static void unknown_args(struct pl_df_planner *pl, size_t node, const struct pl_df_words *names)
{
    for (size_t i = 0; i < names->n; i++)
        if (!pl_map_get(&pl->p->globals.map, names->p[i]) &&
            !pl_df_env_get(pl->p->stages[0].declared.up, names->p[i], &(struct pl_str){ 0 }))
            pl_df_plan_event(pl, PL_DF_EV_UNDEFINED_FROM_ARG, node, names->p[i]);
}

static void platform_of(struct pl_df_planner *pl, struct pl_df_stage *st, struct pl_str flag)
{
    struct pl_df_lex lex = {
        .a = pl->a, .escape = pl->p->f->escape, .get = pl_df_env_get, .env = &pl->p->globals
    };
    struct pl_str os, arch, target = PL_S("");
    const char *why;
    int r = pl_df_lex_word(&lex, flag, &st->platform, &why);
    unknown_args(pl, st->from, &lex.unmatched);
    if (r < 0) {
        pl_df_plan_refuse(pl, PL_DF_PHASE_BASES, st->from, why);
        return;
    }
    bool valid = pl_df_platform(st->platform, &os, &arch);
    pl_df_env_get(&pl->p->globals, PL_S("TARGETPLATFORM"), &target);
    if (lex.matched.n == 1 && !lex.unmatched.n && pl_str_is(lex.matched.p[0], "TARGETPLATFORM") &&
        pl_str_eq(st->platform, target))
        pl_df_plan_event(pl, PL_DF_EV_REDUNDANT_PLATFORM, st->from, flag);
    if (!lex.matched.n && !lex.unmatched.n && valid && pl_str_find(st->lower, os, 0) == SIZE_MAX &&
        pl_str_find(st->lower, arch, 0) == SIZE_MAX)
        pl_df_plan_event(pl, PL_DF_EV_CONST_PLATFORM, st->from, flag);
    if (!st->platform.n)
        pl_df_plan_refuse(pl, PL_DF_PHASE_BASES, st->from, "the platform of FROM is empty");
    else if (!valid)
        pl_df_plan_refuse(pl, PL_DF_PHASE_BASES, st->from, "an unknown platform");
}

/* The base with the defaults of the global ARGs only. */
static void default_base(struct pl_df_planner *pl, struct pl_df_stage *st, struct pl_str image)
{
    struct pl_df_lex lex = {
        .a = pl->a, .escape = pl->p->f->escape, .get = pl_df_env_get, .env = &pl->p->defaults
    };
    const char *why;
    if (pl_df_lex_word(&lex, image, &st->image_default, &why) == 0 &&
        !pl_df_ref_valid(st->image_default, NULL))
        pl_df_plan_event(pl, PL_DF_EV_INVALID_DEFAULT, st->from, image);
}

static void make_stage(struct pl_df_planner *pl, size_t i)
{
    struct pl_df_stage *st = &pl->p->stages[i];
    const struct pl_df_node *n = &pl->p->f->nodes[st->from];
    struct pl_df_lex lex = {
        .a = pl->a, .escape = pl->p->f->escape, .get = pl_df_env_get, .env = &pl->p->globals
    };
    const char *why;
    st->env.map.a = st->declared.map.a = pl->a;
    st->base = SIZE_MAX;
    st->image = st->image_default = st->platform = PL_S("");
    if (!n->n_args)
        return;
    if (n->n_args >= 3) {
        st->name = n->args[2].s;
        st->lower = lower(pl->a, st->name);
    }
    default_base(pl, st, n->args[0].s);
    int r = pl_df_lex_word(&lex, n->args[0].s, &st->image, &why);
    unknown_args(pl, st->from, &lex.unmatched);
    if (r < 0)
        pl_df_plan_refuse(pl, PL_DF_PHASE_BASES, st->from, why);
    else if (!st->image.n)
        pl_df_plan_refuse(pl, PL_DF_PHASE_BASES, st->from, "the name of the base is empty");
    struct pl_str flag = pl_df_flag(n, "platform", NULL);
    if (flag.n)
        platform_of(pl, st, flag);
    for (size_t k = i; k-- > 0;)
        if (pl->p->stages[k].lower.n && pl_str_eq(pl->p->stages[k].lower, st->image)) {
            st->base = k;
            break;
        }
    st->scratch = pl_str_is(st->image, "scratch");
    if (st->base == SIZE_MAX && !st->scratch && st->image.n && !pl_df_ref_valid(st->image, &why))
        pl_df_plan_refuse(pl, PL_DF_PHASE_RESOLVE, st->from, why);
}

/* --- dependencies --- */

struct edges {
    PL_VEC(size_t) to;
};

static void add_edge(struct pl_df_planner *pl, struct edges *e, size_t node, struct pl_str from)
{
    size_t index;
    const char *why;
    struct pl_df_plan *p = pl->p;
    if (pl_df_plan_index(from, &index) && p->f->nodes[node].cmd == PL_DF_COPY) {
        if (index >= p->n_stages)
            pl_df_plan_refuse(pl, PL_DF_PHASE_RESOLVE, node, "there is no stage of that number");
        else
            pl_vec_push(&e->to, index);
        return;
    }
    index = pl_df_plan_find(p, from, p->n_stages);
    if (index != SIZE_MAX)
        pl_vec_push(&e->to, index);
    else if (!pl_str_is(from, "scratch") && !pl_df_ref_valid(from, &why))
        pl_df_plan_refuse(pl, PL_DF_PHASE_RESOLVE, node, why);
}

static void edges_of(struct pl_df_planner *pl, size_t stage, struct edges *e)
{
    const struct pl_df_stage *st = &pl->p->stages[stage];
    for (size_t i = st->from + 1; i < st->end; i++) {
        const struct pl_df_node *n = &pl->p->f->nodes[i];
        struct pl_str from =
            n->cmd == PL_DF_COPY ? pl_df_flag(n, "from", NULL) : (struct pl_str){ NULL, 0 };
        if (from.n && memchr(from.p, '$', from.n))
            pl_df_plan_refuse(pl, PL_DF_PHASE_RESOLVE, i, "COPY --from takes no variable");
        else if (from.n)
            add_edge(pl, e, i, from);
        struct pl_df_mount m;
        for (size_t k = 0; k < n->n_flags && n->cmd == PL_DF_RUN; k++)
            if (pl_df_mount(pl->a, n, k, &m) && m.from.n && !memchr(m.from.p, '$', m.from.n))
                add_edge(pl, e, i, m.from);
    }
}

/* Removes what depends on nothing, again and again; what stays is in a circle or needs one. */
static bool has_circle(const struct edges *e, size_t n, const struct pl_df_plan *p, bool bases)
{
    size_t *missing = calloc(n + 1, sizeof *missing), *queue = calloc(n + 1, sizeof *queue);
    size_t head = 0, tail = 0, total = 0;
    struct edges *back = calloc(n + 1, sizeof *back);
    if (!missing || !queue || !back)
        pl_oom();
    for (size_t i = 0; i < n; i++) {
        for (size_t k = 0; k < e[i].to.n; k++) {
            pl_vec_push(&back[e[i].to.p[k]].to, i);
            missing[i]++;
        }
        if (bases && p->stages[i].base != SIZE_MAX) {
            pl_vec_push(&back[p->stages[i].base].to, i);
            missing[i]++;
        }
        if (!missing[i])
            queue[tail++] = i;
    }
    while (head < tail) {
        size_t i = queue[head++];
        total++;
        for (size_t k = 0; k < back[i].to.n; k++)
            if (--missing[back[i].to.p[k]] == 0)
                queue[tail++] = back[i].to.p[k];
    }
    for (size_t i = 0; i < n; i++)
        pl_vec_release(&back[i].to);
    free(back);
    free(missing);
    free(queue);
    return total < n;
}

static void dependencies(struct pl_df_planner *pl)
{
    struct pl_df_plan *p = pl->p;
    struct edges *e = calloc(p->n_stages + 1, sizeof *e);
    if (!e)
        pl_oom();
    for (size_t i = 0; i < p->n_stages; i++)
        edges_of(pl, i, &e[i]);
    if (has_circle(e, p->n_stages, p, false))
        pl_df_plan_refuse(pl, PL_DF_PHASE_RESOLVE, p->stages[0].from, "the stages form a circle");
    p->circular = has_circle(e, p->n_stages, p, true);
    for (size_t i = 0; i < p->n_stages; i++)
        pl_vec_release(&e[i].to);
    free(e);
}

/* --- the whole --- */

static void count_stages(struct pl_df_plan *p)
{
    size_t n = 0;
    for (size_t i = 0; i < p->f->n_nodes; i++)
        n += p->f->nodes[i].cmd == PL_DF_FROM;
    p->stages = pl_alloc_n(p->a, n + 1, sizeof *p->stages);
    for (size_t i = 0; i < p->f->n_nodes; i++) {
        if (p->f->nodes[i].cmd != PL_DF_FROM)
            continue;
        if (p->n_stages)
            p->stages[p->n_stages - 1].end = i;
        p->stages[p->n_stages++].from = i;
    }
    if (p->n_stages)
        p->stages[p->n_stages - 1].end = p->f->n_nodes;
}

static void read_nodes(struct pl_df_planner *pl)
{
    const struct pl_df_file *f = pl->p->f;
    const char *why;
    bool from = false;
    for (size_t i = 0; i < f->n_nodes; i++) {
        const struct pl_df_node *n = &f->nodes[i];
        if (n->error) {
            pl_df_plan_refuse(pl, PL_DF_PHASE_PARSE, i, n->error);
        } else if ((why = pl_df_refused(pl->a, n)) != NULL) {
            pl_df_plan_refuse(pl, PL_DF_PHASE_READ, i, why);
        } else if (!from && n->cmd != PL_DF_FROM && n->cmd != PL_DF_ARG) {
            pl_df_plan_refuse(pl, PL_DF_PHASE_READ, i, "an instruction before the first FROM");
        }
        from |= n->cmd == PL_DF_FROM;
    }
    if (f->n_errors || !f->n_nodes)
        pl_df_plan_refuse(pl, PL_DF_PHASE_PARSE, SIZE_MAX, "the file does not parse");
    else if (!from)
        pl_df_plan_refuse(pl, PL_DF_PHASE_READ, SIZE_MAX, "the file has no FROM");
}

/* Names that ARGs before the first FROM declare, with or without a value. */
static void global_args(struct pl_df_planner *pl, struct pl_df_env *names)
{
    struct pl_df_plan *p = pl->p;
    size_t end = p->n_stages ? p->stages[0].from : p->f->n_nodes;
    for (size_t i = 0; i < end; i++) {
        const struct pl_df_node *n = &p->f->nodes[i];
        if (n->cmd != PL_DF_ARG)
            continue;
        global_arg(pl, &p->globals, i, true);
        global_arg(pl, &p->defaults, i, false);
        for (size_t k = 0; k < n->n_args; k++) {
            struct pl_str name, value;
            split_arg(n->args[k].s, &name, &value);
            pl_df_env_set(names, name, PL_S(""));
        }
    }
}

void pl_df_plan_make(struct pl_arena *a, const struct pl_df_file *f,
                     const struct pl_df_build_arg *args, size_t n_args, struct pl_df_plan *ret)
{
    struct pl_df_planner pl = { .p = ret, .a = a, .args = args, .n_args = n_args };
    struct pl_df_env *names = PL_NEW(a, struct pl_df_env);
    *ret = (struct pl_df_plan){ .a = a, .f = f, .fail_phase = PL_DF_PHASE_DONE };
    ret->globals.map.a = ret->defaults.map.a = names->map.a = a;
    platform_args(&pl, &ret->globals, true);
    platform_args(&pl, &ret->defaults, false);
    count_stages(ret);
    read_nodes(&pl);
    global_args(&pl, names);
    for (size_t i = 0; i < ret->n_stages; i++)
        ret->stages[i].declared.up = i ? NULL : names;
    for (size_t i = 0; i < ret->n_stages; i++)
        make_stage(&pl, i);
    if (ret->n_stages)
        dependencies(&pl);
    for (size_t i = 0; i < ret->n_stages; i++) {
        struct pl_df_stage *st = &ret->stages[i];
        if (st->base != SIZE_MAX) {
            struct pl_df_stage *base = &ret->stages[st->base];
            inherit(&st->env, &base->env);
            inherit(&st->declared, &base->declared);
            st->workdir_set = base->workdir_set;
            st->shell_set = base->shell_set;
        } else {
            pl_df_env_set(&st->env, PL_S("PATH"),
                          PL_S("/usr/local/sbin:/usr/local/bin:/usr/sbin:"
                               "/usr/bin:/sbin:/bin"));
            st->declared.up = NULL;
        }
        pl_df_plan_dispatch(&pl, i);
    }
    pl_map_release(&names->map);
}

bool pl_df_plan_reached(const struct pl_df_plan *p, enum pl_df_phase phase, size_t node)
{
    return phase < p->fail_phase || (phase == p->fail_phase && node <= p->fail_node);
}

void pl_df_plan_release(struct pl_df_plan *p)
{
    for (size_t i = 0; i < p->n_stages; i++) {
        pl_map_release(&p->stages[i].env.map);
        pl_map_release(&p->stages[i].declared.map);
    }
    pl_map_release(&p->globals.map);
    pl_map_release(&p->defaults.map);
    pl_vec_release(&p->refusals);
    pl_vec_release(&p->events);
}
