/* The instructions of a stage in order: what they read and set, as BuildKit's dispatch does.
 * formats/dockerfile.md sections 1.6, 1.7 and 5. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "base/cleanup.h"
#include "check/dockerfile/plan_int.h"

struct run {
    struct pl_df_planner *pl;
    struct pl_df_stage *st;
    size_t stage, node; /* `node` is the place of what is found */
    const struct pl_df_node *n;
    bool refused;
};

static void refuse(struct run *r, const char *msg)
{
    if (!r->refused) /* BuildKit stops at the first; more would be noise */
        pl_df_plan_refuse(r->pl, PL_DF_PHASE_DISPATCH, r->node, msg);
    r->refused = true;
}

static void undefined(struct run *r, const struct pl_df_words *names)
{
    struct pl_str ignored;
    for (size_t i = 0; i < names->n; i++)
        if (!pl_df_env_get(&r->st->declared, names->p[i], &ignored) &&
            !pl_str_is(names->p[i], "BUILDKIT_SBOM_SCAN_CONTEXT") &&
            !pl_str_is(names->p[i], "BUILDKIT_SBOM_SCAN_STAGE"))
            pl_df_plan_event(r->pl, PL_DF_EV_UNDEFINED_VAR, r->node, names->p[i]);
}

/* Expands one word and notes names that are not set. */
static struct pl_str expand(struct run *r, struct pl_str s)
{
    struct pl_df_lex lex = {
        .a = r->pl->a, .escape = r->pl->p->f->escape, .get = pl_df_env_get, .env = &r->st->env
    };
    struct pl_str v = PL_S("");
    const char *why;
    int e = pl_df_lex_word(&lex, s, &v, &why);
    undefined(r, &lex.unmatched);
    if (e < 0)
        refuse(r, why);
    return v;
}

static void do_env(struct run *r)
{
    const struct pl_df_node *n = r->n;
    struct pl_str *kv = pl_alloc_n(r->pl->a, n->n_args + 1, sizeof *kv);
    for (size_t i = 0; i + 2 < n->n_args; i += 3) {
        kv[i] = expand(r, n->args[i].s);
        kv[i + 1] = expand(r, n->args[i + 1].s);
    }
    for (size_t i = 0; i + 2 < n->n_args && n->cmd == PL_DF_ENV; i += 3)
        pl_df_env_set(&r->st->env, kv[i], kv[i + 1]);
}

static void do_arg(struct run *r)
{
    for (size_t i = 0; i < r->n->n_args; i++) {
        struct pl_str value = r->n->args[i].s, name;
        pl_str_split(&value, '=', &name);
        struct pl_str given = pl_df_plan_given(r->pl, name), v = { NULL, 0 };
        if (given.p)
            v = given;
        else if (value.p)
            v = expand(r, value);
        else
            pl_df_env_get(&r->pl->p->globals, name, &v);
        if (v.p)
            pl_df_env_set(&r->st->env, name, v);
        pl_df_env_set(&r->st->declared, name, PL_S(""));
    }
}

static bool is_abs(const struct run *r, struct pl_str s)
{
    if (s.n && s.p[0] == '/')
        return true;
    return r->pl->windows && ((s.n && s.p[0] == '\\') ||
                              (s.n > 2 && s.p[1] == ':' && (s.p[2] == '\\' || s.p[2] == '/')));
}

/* Does the path name nothing but where it starts? */
static bool is_here(struct pl_str s)
{
    for (size_t i = 0; i < s.n; i++)
        if (s.p[i] != '/' &&
            !(s.p[i] == '.' && (i + 1 == s.n || s.p[i + 1] == '/') && (!i || s.p[i - 1] == '/')))
            return false;
    return true;
}

static void do_workdir(struct run *r)
{
    if (!r->n->n_args)
        return;
    struct pl_str s = expand(r, r->n->args[0].s);
    bool abs = is_abs(r, s);
    if (!r->st->workdir_set && !abs)
        pl_df_plan_event(r->pl, PL_DF_EV_RELATIVE_WORKDIR, r->node, s);
    r->st->workdir_set = true;
    r->pl->dir_below_root = !is_here(s) || (r->pl->dir_below_root && !abs);
}

static bool has_prefix(struct pl_str s, const char *p)
{
    return pl_str_starts(s, pl_str_c(p));
}

static bool is_remote(struct pl_str s)
{
    return has_prefix(s, "http://") || has_prefix(s, "https://");
}

static bool is_git(struct pl_str s)
{
    const char *colon = s.n ? memchr(s.p, ':', s.n) : NULL;
    return has_prefix(s, "git://") || has_prefix(s, "ssh://") || (has_prefix(s, "git@") && colon) ||
           (is_remote(s) &&
            (pl_str_ends(s, PL_S(".git")) || pl_str_find(s, PL_S(".git#"), 0) != SIZE_MAX ||
             pl_str_find(s, PL_S(".git?"), 0) != SIZE_MAX)) ||
           (has_prefix(s, "github.com/") && !is_here(s));
}

/* Octal up to 07777, or symbolic as chmod(1). */
static bool mode_valid(struct pl_str s)
{
    uint64_t v = 0;
    bool octal = s.n > 0, symbolic = s.n > 0;
    for (size_t i = 0; i < s.n; i++) {
        octal &= (unsigned)(s.p[i] - '0') < 8;
        symbolic &= strchr("ugoarwxXst+-=,", s.p[i]) != NULL;
        v = v > 07777 ? v : v * 8 + (unsigned)(s.p[i] - '0');
    }
    return octal ? v <= 07777 : symbolic;
}

/* algorithm:hex, for the three algorithms that are built in. */
static const char *sum_wrong(struct pl_str sum)
{
    struct pl_str hex = sum, name;
    pl_str_split(&hex, ':', &name);
    size_t want = pl_str_is(name, "sha256")   ? 64
                  : pl_str_is(name, "sha384") ? 96
                  : pl_str_is(name, "sha512") ? 128
                                              : 0;
    if (!want)
        return "--checksum takes sha256, sha384 or sha512";
    for (size_t i = 0; i < hex.n; i++)
        if ((unsigned)(hex.p[i] - '0') >= 10 && (unsigned)(hex.p[i] - 'a') >= 6)
            return "--checksum that is no digest";
    return hex.n == want ? NULL : "--checksum of the wrong length";
}

static void check_sum(struct run *r, struct pl_str sum, const struct pl_str *src, size_t n)
{
    if (!sum.n)
        return;
    if (n != 1)
        refuse(r, "--checksum with several sources");
    else if (!is_remote(src[0]) && !is_git(src[0]))
        refuse(r, "--checksum with a source that is no URL");
    else if (!is_git(src[0]) && sum_wrong(sum))
        refuse(r, sum_wrong(sum));
}

static void do_copy(struct run *r)
{
    const struct pl_df_node *n = r->n;
    struct pl_str sum = PL_S(""), chmod;
    if (n->n_args < 2)
        return;
    expand(r, pl_df_flag(n, "chown", NULL));
    chmod = expand(r, pl_df_flag(n, "chmod", NULL));
    if (n->cmd == PL_DF_ADD)
        sum = expand(r, pl_df_flag(n, "checksum", NULL));
    struct pl_str *src = pl_alloc_n(r->pl->a, n->n_args, sizeof *src);
    size_t n_src = 0;
    for (size_t i = 0; i + 1 < n->n_args; i++)
        if (!pl_df_is_heredoc(r->pl->a, n->args[i].s))
            src[n_src++] = expand(r, n->args[i].s);
    expand(r, n->args[n->n_args - 1].s);
    for (size_t i = 0; i < n->n_heredocs; i++) {
        struct pl_df_lex lex = { .a = r->pl->a,
                                 .escape = '\\',
                                 .get = pl_df_env_get,
                                 .env = &r->st->env,
                                 .skip_quotes = true };
        struct pl_str v;
        const char *why;
        if (!n->heredocs[i].expand)
            continue;
        if (pl_df_lex_word(&lex, n->heredocs[i].body.s, &v, &why) < 0)
            refuse(r, why);
        undefined(r, &lex.unmatched);
    }
    if (chmod.n && !mode_valid(chmod))
        refuse(r, "--chmod takes an octal number up to 07777");
    check_sum(r, sum, src, n_src);
    for (size_t i = 0; i < n_src && n->cmd == PL_DF_COPY; i++)
        if (is_remote(src[i]) || (is_git(src[i]) && !has_prefix(src[i], "github.com/")))
            refuse(r, "COPY takes no URL");
    struct pl_str from = n->cmd == PL_DF_COPY ? pl_df_flag(n, "from", NULL) : PL_S("");
    size_t index = SIZE_MAX;
    if (from.n && !pl_df_plan_index(from, &index))
        index = pl_df_plan_find(r->pl->p, from, r->pl->p->n_stages);
    if (index != SIZE_MAX && index > r->stage && index < r->pl->p->n_stages)
        refuse(r, "copies from a stage that comes later");
}

/* --- mounts --- */

static bool is_bool(struct pl_str s)
{
    static const char *const words[] = { "1", "t", "T", "true",  "TRUE",  "True",
                                         "0", "f", "F", "false", "FALSE", "False" };
    for (size_t i = 0; i < PL_COUNT(words); i++)
        if (pl_str_is(s, words[i]))
            return true;
    return false;
}

static bool is_number(struct pl_str s, unsigned base)
{
    uint64_t v = 0;
    for (size_t i = 0; i < s.n; i++) {
        unsigned d = (unsigned)(s.p[i] - '0');
        if (d >= base || v > UINT32_MAX)
            return false;
        v = v * base + d;
    }
    return s.n && v <= UINT32_MAX;
}

/* 64m, 1.5GiB, 100. */
static bool is_size(struct pl_str s)
{
    size_t i = 0;
    while (i < s.n && ((unsigned)(s.p[i] - '0') < 10 || s.p[i] == '.'))
        i++;
    if (!i)
        return false;
    while (i < s.n && s.p[i] == ' ')
        i++;
    struct pl_str u = pl_str_sub(s, i, SIZE_MAX);
    if (u.n && strchr("kKmMgGtTpP", u.p[0]))
        u = pl_str_sub(u, 1, SIZE_MAX);
    if (u.n && (u.p[0] | 0x20) == 'i')
        u = pl_str_sub(u, 1, SIZE_MAX);
    return !u.n || pl_str_ieq(u, PL_S("b"));
}

struct mount {
    struct pl_str type, from, source, target, id, sharing;
    bool uid, gid, mode;
};

static bool one_of(struct pl_str s, const char *list)
{
    struct pl_str rest = pl_str_c(list), w;
    while (pl_str_split(&rest, ' ', &w))
        if (pl_str_ieq(s, w))
            return true;
    return false;
}

static bool keyed(struct mount *m)
{
    return pl_str_ieq(m->type, PL_S("secret")) || pl_str_ieq(m->type, PL_S("ssh"));
}

static void mount_word(struct run *r, struct mount *m, struct pl_str key)
{
    if (one_of(key, "readonly ro readwrite rw"))
        return;
    if (pl_str_ieq(key, PL_S("required")) && keyed(m))
        return;
    refuse(r, "a mount option that needs a value, or does not fit the type");
}

static void mount_pair(struct run *r, struct mount *m, struct pl_str key, struct pl_str v)
{
    if (one_of(key, "type")) {
        m->type = v;
        if (!one_of(v, "bind cache tmpfs secret ssh"))
            refuse(r, "an unknown mount type");
    } else if (one_of(key, "from")) {
        m->from = v;
    } else if (one_of(key, "source src")) {
        m->source = v;
    } else if (one_of(key, "target dst destination")) {
        m->target = v;
    } else if (one_of(key, "id")) {
        m->id = v;
    } else if (one_of(key, "sharing")) {
        m->sharing = v;
        if (!one_of(v, "shared private locked"))
            refuse(r, "an unknown sharing mode of a mount");
    } else if (one_of(key, "readonly ro readwrite rw required")) {
        if (!is_bool(v) || (one_of(key, "required") && !keyed(m)))
            refuse(r, "a mount option with a wrong value, or that does not fit the type");
    } else if (one_of(key, "size")) {
        if (!is_size(v) || !pl_str_ieq(m->type, PL_S("tmpfs")))
            refuse(r, "the size of a mount is wrong, or does not fit the type");
    } else if (one_of(key, "mode uid gid")) {
        m->mode = true;
        if (!is_number(v, one_of(key, "mode") ? 8 : 10))
            refuse(r, "mode, uid or gid of a mount is no number");
    } else if (!one_of(key, "env")) {
        refuse(r, "an unknown mount option");
    }
}

static void mount_whole(struct run *r, const struct mount *m)
{
    bool secret = pl_str_ieq(m->type, PL_S("secret")), cache = pl_str_ieq(m->type, PL_S("cache"));
    bool ssh = pl_str_ieq(m->type, PL_S("ssh"));
    if (m->mode && !secret && !ssh && !cache)
        refuse(r, "mode, uid and gid are for cache, secret and ssh mounts");
    if (m->sharing.n && !cache)
        refuse(r, "sharing is for cache mounts");
    if (secret && m->from.n)
        refuse(r, "a secret mount takes no 'from'");
    if (secret && !m->source.n && !m->target.n && !m->id.n)
        refuse(r, "a secret mount needs an id, a source or a target");
    if (secret && m->source.n && m->id.n)
        refuse(r, "a secret mount takes a source or an id, not both");
    if (secret || ssh)
        return;
    bool abs = m->target.n && m->target.p[0] == '/';
    if (is_here(m->target) && (abs || !r->pl->dir_below_root))
        refuse(r, "a mount needs a target other than /");
    size_t index = m->from.n ? pl_df_plan_find(r->pl->p, m->from, r->pl->p->n_stages) : SIZE_MAX;
    if (index != SIZE_MAX && index > r->stage)
        refuse(r, "mounts from a stage that comes later");
}

static void do_run(struct run *r)
{
    for (size_t i = 0; i < r->n->n_flags; i++) {
        struct pl_str s = r->n->flags[i].s, field, key;
        struct mount m = { .type = PL_S("bind") };
        if (!has_prefix(s, "--mount="))
            continue;
        s = pl_str_sub(s, 8, SIZE_MAX);
        while (pl_df_csv(r->pl->a, &s, &field) > 0) {
            struct pl_str value = field;
            pl_str_split(&value, '=', &key);
            if (value.p)
                mount_pair(r, &m, key, expand(r, value));
            else
                mount_word(r, &m, key);
        }
        mount_whole(r, &m);
    }
}

/* --- ports, signals --- */

static bool port_range(struct pl_str s, uint64_t *ret_lo, uint64_t *ret_hi)
{
    struct pl_str hi = s, lo;
    pl_str_split(&hi, '-', &lo);
    if (!pl_str_u64(lo, ret_lo) || *ret_lo > 65535)
        return false;
    *ret_hi = *ret_lo;
    if (!hi.p || pl_str_eq(lo, hi))
        return true;
    return pl_str_u64(hi, ret_hi) && *ret_hi <= 65535 && *ret_hi >= *ret_lo;
}

static void do_port(struct run *r, struct pl_str raw)
{
    struct pl_str host = PL_S(""), port = raw, proto, ip = PL_S("");
    size_t last = SIZE_MAX, before = SIZE_MAX;
    uint64_t lo, hi, hlo, hhi;
    for (size_t i = 0; i < raw.n; i++)
        if (raw.p[i] == ':') {
            before = last;
            last = i;
        }
    if (last != SIZE_MAX) {
        port = pl_str_sub(raw, last + 1, SIZE_MAX);
        size_t from = before == SIZE_MAX ? 0 : before + 1;
        host = pl_str_sub(raw, from, last - from);
        ip = pl_str_sub(raw, 0, before == SIZE_MAX ? 0 : before);
    }
    proto = port;
    pl_str_split(&proto, '/', &port);
    if (!port.n || (proto.n && !one_of(proto, "tcp udp sctp"))) {
        refuse(r, "EXPOSE takes a port or a range, and tcp, udp or sctp");
        return;
    }
    for (size_t i = 0; i < proto.n; i++)
        if ((unsigned)(proto.p[i] - 'A') < 26) {
            pl_df_plan_event(r->pl, PL_DF_EV_EXPOSE_CASE, r->node, raw);
            break;
        }
    if (ip.n || host.n)
        pl_df_plan_event(r->pl, PL_DF_EV_EXPOSE_FORM, r->node, raw);
    if (!port_range(port, &lo, &hi))
        refuse(r, "EXPOSE takes a port or a range up to 65535");
    else if (host.n && (!port_range(host, &hlo, &hhi) || (hi - lo != hhi - hlo && hi != lo)))
        refuse(r, "the host port of EXPOSE is wrong");
}

static void do_expose(struct run *r)
{
    struct pl_df_lex lex = {
        .a = r->pl->a, .escape = r->pl->p->f->escape, .get = pl_df_env_get, .env = &r->st->env
    };
    struct pl_df_words w;
    const char *why;
    for (size_t i = 0; i < r->n->n_args; i++) {
        if (pl_df_lex_words(&lex, r->n->args[i].s, &w, &why) < 0) {
            refuse(r, why);
            continue;
        }
        for (size_t k = 0; k < w.n; k++)
            do_port(r, w.p[k]);
    }
}

static bool signal_valid(struct pl_str s)
{
    uint64_t v;
    if (pl_str_u64(s, &v))
        return v > 0 && v <= INT32_MAX;
    if (s.n > 3 && pl_str_ieq(pl_str_sub(s, 0, 3), PL_S("SIG")))
        s = pl_str_sub(s, 3, SIZE_MAX);
    struct pl_str rt = pl_str_sub(s, 0, 6), plus = pl_str_sub(s, 7, SIZE_MAX);
    if (s.n > 7 && pl_str_u64(plus, &v)) {
        if (pl_str_ieq(rt, PL_S("RTMIN")) || pl_str_ieq(rt, PL_S("RTMAX")))
            return false;
    }
    if (s.n > 6 && pl_str_ieq(pl_str_sub(s, 0, 6), PL_S("RTMIN+")) &&
        pl_str_u64(pl_str_sub(s, 6, SIZE_MAX), &v))
        return v >= 1 && v <= 15;
    if (s.n > 6 && pl_str_ieq(pl_str_sub(s, 0, 6), PL_S("RTMAX-")) &&
        pl_str_u64(pl_str_sub(s, 6, SIZE_MAX), &v))
        return v >= 1 && v <= 14;
    return one_of(s, "ABRT ALRM BUS CHLD CLD CONT FPE HUP ILL INT IO IOT KILL PIPE POLL PROF PWR "
                     "QUIT SEGV STKFLT STOP SYS TERM TRAP TSTP TTIN TTOU URG USR1 USR2 VTALRM "
                     "WINCH XCPU XFSZ RTMIN RTMAX");
}

static void used_again(struct run *r, unsigned which)
{
    size_t *used = &r->pl->used[which];
    if (*used)
        pl_df_plan_event(r->pl, PL_DF_EV_OVERRIDDEN, *used - 1, pl_str_c(pl_df_name(r->n->cmd)));
    *used = r->node + 1;
}

static void do_volume(struct run *r)
{
    for (size_t i = 0; i < r->n->n_args; i++)
        if (!expand(r, r->n->args[i].s).n)
            refuse(r, "a volume without a name");
}

static void dispatch(struct run *r)
{
    const struct pl_df_node *n = r->n;
    r->refused = false;
    switch (n->cmd) {
    case PL_DF_ENV:
    case PL_DF_LABEL:
        do_env(r);
        break;
    case PL_DF_ARG:
        do_arg(r);
        break;
    case PL_DF_WORKDIR:
        do_workdir(r);
        break;
    case PL_DF_ADD:
    case PL_DF_COPY:
        do_copy(r);
        break;
    case PL_DF_RUN:
        do_run(r);
        break;
    case PL_DF_EXPOSE:
        do_expose(r);
        break;
    case PL_DF_USER:
        if (n->n_args)
            expand(r, n->args[0].s);
        break;
    case PL_DF_STOPSIGNAL:
        if (n->n_args && !signal_valid(expand(r, n->args[0].s)))
            refuse(r, "an unknown signal");
        break;
    case PL_DF_VOLUME:
        do_volume(r);
        break;
    case PL_DF_SHELL:
        r->st->shell_set = true;
        break;
    case PL_DF_CMD:
    case PL_DF_ENTRYPOINT:
        used_again(r, n->cmd == PL_DF_CMD ? 0 : 1);
        if (!n->json && !r->st->shell_set)
            pl_df_plan_event(r->pl, PL_DF_EV_SHELL_FORM, r->node, pl_str_c(pl_df_name(n->cmd)));
        break;
    case PL_DF_HEALTHCHECK:
        used_again(r, 2);
        break;
    default:
        break;
    }
}

/* What the base left for those that start from it. */
static void triggers(struct run *r, const struct pl_df_stage *base)
{
    const struct pl_df_file *f = r->pl->p->f;
    for (size_t i = base->from + 1; i < base->end; i++) {
        const struct pl_df_node *n = &f->nodes[i];
        if (n->cmd != PL_DF_ONBUILD || !n->child || n->child->cmd == PL_DF_UNKNOWN)
            continue;
        const char *why = pl_df_refused(r->pl->a, n->child);
        r->n = n->child;
        if (why)
            pl_df_plan_refuse(r->pl, PL_DF_PHASE_RESOLVE, r->node, why);
        else
            dispatch(r);
    }
}

void pl_df_plan_dispatch(struct pl_df_planner *pl, size_t i)
{
    struct pl_df_stage *st = &pl->p->stages[i];
    struct run r = { .pl = pl, .st = st, .stage = i, .node = st->from };
    struct pl_str os, arch;
    memset(pl->used, 0, sizeof pl->used);
    pl->windows = st->platform.n && pl_df_platform(st->platform, &os, &arch) &&
                  pl_str_ieq(os, PL_S("windows"));
    pl->dir_below_root = st->workdir_set;
    if (st->base != SIZE_MAX)
        triggers(&r, &pl->p->stages[st->base]);
    for (size_t k = st->from + 1; k < st->end; k++) {
        r.node = k;
        r.n = &pl->p->f->nodes[k];
        if (!r.n->error)
            dispatch(&r);
    }
}
