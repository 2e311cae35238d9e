/* What BuildKit refuses in one instruction, looked at by itself. formats/dockerfile.md 1.3, 1.7. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "base/cleanup.h"
#include "check/dockerfile/lex.h"
#include "check/dockerfile/plan.h"

enum flag_type { STRING = 1, STRINGS, BOOL };

struct flag {
    enum pl_df_cmd cmd;
    const char *name;
    enum flag_type type;
};

static const struct flag flags[] = {
    { PL_DF_FROM, "platform", STRING },
    { PL_DF_RUN, "mount", STRINGS },
    { PL_DF_RUN, "network", STRING },
    { PL_DF_RUN, "security", STRING },
    { PL_DF_RUN, "device", STRINGS },
    { PL_DF_COPY, "from", STRING },
    { PL_DF_COPY, "chown", STRING },
    { PL_DF_COPY, "chmod", STRING },
    { PL_DF_COPY, "link", BOOL },
    { PL_DF_COPY, "parents", BOOL },
    { PL_DF_COPY, "exclude", STRINGS },
    { PL_DF_ADD, "chown", STRING },
    { PL_DF_ADD, "chmod", STRING },
    { PL_DF_ADD, "link", BOOL },
    { PL_DF_ADD, "checksum", STRING },
    { PL_DF_ADD, "keep-git-dir", BOOL },
    { PL_DF_ADD, "unpack", BOOL },
    { PL_DF_ADD, "exclude", STRINGS },
    { PL_DF_HEALTHCHECK, "interval", STRING },
    { PL_DF_HEALTHCHECK, "timeout", STRING },
    { PL_DF_HEALTHCHECK, "start-period", STRING },
    { PL_DF_HEALTHCHECK, "start-interval", STRING },
    { PL_DF_HEALTHCHECK, "retries", STRING },
};

static const char *check_flag(const struct pl_df_node *n, struct pl_str s, unsigned *used)
{
    struct pl_str value = s, name;
    pl_str_split(&value, '=', &name);
    name = pl_str_sub(name, 2, SIZE_MAX);
    for (unsigned i = 0; i < PL_COUNT(flags); i++) {
        if (flags[i].cmd != n->cmd || !pl_str_is(name, flags[i].name))
            continue;
        if ((*used & (1u << i)) && flags[i].type != STRINGS)
            return "a flag stands twice";
        *used |= 1u << i;
        if (flags[i].type != BOOL)
            return value.p ? NULL : "a flag without its value";
        if (!value.p || pl_str_ieq(value, PL_S("true")) || pl_str_ieq(value, PL_S("false")))
            return NULL;
        return value.n ? "a flag that takes true or false only" : "a flag without its value";
    }
    return "an unknown flag";
}

static const char *check_flags(const struct pl_df_node *n)
{
    unsigned used = 0;
    const char *why = NULL;
    for (size_t i = 0; i < n->n_flags && !why; i++)
        why = pl_str_starts(n->flags[i].s, PL_S("--")) ? check_flag(n, n->flags[i].s, &used)
                                                       : "a flag does not begin with '--'";
    return why;
}

/* Go's duration: [-+] numbers with units. *ret_short: above zero and below a millisecond. */
static bool duration(struct pl_str s, bool *ret_small)
{
    static const struct {
        const char *name;
        double seconds;
    } units[] = { { "ns", 1e-9 }, { "us", 1e-6 }, { "\xc2\xb5s", 1e-6 }, { "\xce\xbcs", 1e-6 },
                  { "ms", 1e-3 }, { "s", 1 },     { "m", 60 },           { "h", 3600 } };
    bool negative = s.n && s.p[0] == '-';
    double total = 0;
    if (s.n && (s.p[0] == '-' || s.p[0] == '+'))
        s = pl_str_sub(s, 1, SIZE_MAX);
    *ret_small = false;
    if (pl_str_is(s, "0"))
        return true;
    if (!s.n)
        return false;
    while (s.n) {
        double v = 0, scale = 1;
        size_t i = 0, digits = 0;
        for (; i < s.n && (unsigned)(s.p[i] - '0') < 10; i++, digits++)
            v = v * 10 + (s.p[i] - '0');
        if (i < s.n && s.p[i] == '.')
            for (i++; i < s.n && (unsigned)(s.p[i] - '0') < 10; i++, digits++)
                v += (s.p[i] - '0') * (scale /= 10);
        size_t from = i;
        while (i < s.n && s.p[i] != '.' && (unsigned)(s.p[i] - '0') > 9)
            i++;
        struct pl_str unit = pl_str_sub(s, from, i - from);
        size_t k = 0;
        while (k < PL_COUNT(units) && !pl_str_is(unit, units[k].name))
            k++;
        if (!digits || k == PL_COUNT(units))
            return false;
        total += v * units[k].seconds;
        s = pl_str_sub(s, i, SIZE_MAX);
    }
    if (total > 9.2e9)
        return false;
    *ret_small = total > 0 && (negative || total < 1e-3);
    return true;
}

static const char *check_intervals(const struct pl_df_node *n)
{
    static const char *const names[] = { "interval", "timeout", "start-period", "start-interval" };
    for (size_t i = 0; i < PL_COUNT(names); i++) {
        struct pl_str v = pl_df_flag(n, names[i], NULL);
        bool small;
        if (v.n && !duration(v, &small))
            return "a flag of HEALTHCHECK is no duration";
        if (v.n && small)
            return "a duration of HEALTHCHECK is less than a millisecond";
    }
    struct pl_str v = pl_df_flag(n, "retries", NULL);
    uint64_t retries;
    if (v.n && v.p[0] == '+')
        v = pl_str_sub(v, 1, SIZE_MAX);
    if (v.n && (!pl_str_u64(v, &retries) || retries > INT32_MAX))
        return "--retries is no number";
    return NULL;
}

static const char *check_health(const struct pl_df_node *n)
{
    if (!n->n_args)
        return "HEALTHCHECK needs an argument";
    if (pl_str_ieq(n->args[0].s, PL_S("NONE")))
        return n->n_args > 1 ? "HEALTHCHECK NONE takes no argument" : NULL;
    const char *why = check_flags(n);
    if (why)
        return why;
    if (!pl_str_ieq(n->args[0].s, PL_S("CMD")))
        return "HEALTHCHECK takes NONE or CMD";
    if (n->n_args < 2)
        return "HEALTHCHECK CMD needs a command";
    return check_intervals(n);
}

static const char *check_copy(struct pl_arena *a, const struct pl_df_node *n)
{
    if (n->n_args < 2)
        return "a source and a target are needed";
    const char *why = check_flags(n);
    if (!why && pl_df_is_heredoc(a, n->args[n->n_args - 1].s))
        why = "a heredoc cannot be the target";
    return why;
}

static const char *check_from(const struct pl_df_node *n)
{
    if (n->n_args == 3 && pl_str_ieq(n->args[1].s, PL_S("as"))) {
        struct pl_str s = n->args[2].s;
        for (size_t i = 0; i < s.n; i++) {
            bool letter = (unsigned)((s.p[i] | 0x20) - 'a') < 26;
            if (!letter && (!i || ((unsigned)(s.p[i] - '0') > 9 && !strchr("-_.", s.p[i]))))
                return "a stage name begins with a letter and holds letters, digits, '-', '_', '.'";
        }
    } else if (n->n_args != 1) {
        return "FROM takes one argument, or three with AS";
    }
    return check_flags(n);
}

static const char *check_pairs(const struct pl_df_node *n)
{
    const char *why = check_flags(n);
    if (!why && !n->n_args)
        why = "at least one argument is needed";
    for (size_t i = 0; i < n->n_args && !why; i += 3)
        if (!n->args[i].s.n)
            why = "a name is empty";
    return why;
}

static const char *check_arg(const struct pl_df_node *n)
{
    if (!n->n_args)
        return "ARG needs at least one argument";
    for (size_t i = 0; i < n->n_args; i++)
        if (n->args[i].s.p[0] == '=')
            return "a name is empty";
    return NULL;
}

static const char *check_run(struct pl_arena *a, const struct pl_df_node *n)
{
    const char *why = check_flags(n);
    for (size_t i = 0; i < n->n_flags && !why; i++) {
        struct pl_str s = n->flags[i].s, field;
        if (!pl_str_starts(s, PL_S("--mount=")))
            continue;
        s = pl_str_sub(s, 8, SIZE_MAX);
        int r;
        while ((r = pl_df_csv(a, &s, &field)) > 0 && !why) {
            struct pl_str value = field, key;
            pl_str_split(&value, '=', &key);
            const char *var = value.n ? memchr(value.p, '$', value.n) : NULL;
            if (pl_str_ieq(key, PL_S("from")) && var && var + 1 < value.p + value.n)
                why = "a mount's 'from' takes no variable";
        }
        if (r < 0)
            why = "a mount that is no comma-separated list";
    }
    if (!why && pl_df_flag(n, "device", NULL).p)
        why = "--device is of the frontend's labs channel only";
    struct pl_str net = pl_df_flag(n, "network", NULL), sec = pl_df_flag(n, "security", NULL);
    if (!why && net.p && !pl_str_is(net, "default") && !pl_str_is(net, "none") &&
        !pl_str_is(net, "host"))
        why = "--network takes default, none or host";
    if (!why && sec.p && !pl_str_is(sec, "insecure") && !pl_str_is(sec, "sandbox"))
        why = "--security takes sandbox or insecure";
    if (!why && n->n_heredocs && (n->n_args != 1 || n->json))
        why = "a heredoc without a command";
    return why;
}

static const char *check_volume(const struct pl_df_node *n)
{
    if (!n->n_args)
        return "VOLUME needs at least one argument";
    const char *why = check_flags(n);
    for (size_t i = 0; i < n->n_args && !why; i++)
        if (!pl_df_trim(n->args[i].s).n)
            why = "a volume without a name";
    return why;
}

static const char *check_one(const struct pl_df_node *n, bool with_flags)
{
    if (n->n_args != 1)
        return "exactly one argument is needed";
    return with_flags ? check_flags(n) : NULL;
}

static const char *check_onbuild(const struct pl_df_node *n)
{
    if (!n->child)
        return "ONBUILD needs an instruction";
    const char *why = check_flags(n);
    if (!why && n->child->cmd == PL_DF_ONBUILD)
        why = "ONBUILD cannot hold ONBUILD";
    if (!why && (n->child->cmd == PL_DF_FROM || n->child->cmd == PL_DF_MAINTAINER))
        why = "ONBUILD cannot hold FROM or MAINTAINER";
    return why;
}

const char *pl_df_refused(struct pl_arena *a, const struct pl_df_node *n)
{
    const char *why;
    switch (n->cmd) {
    case PL_DF_UNKNOWN:
        return "an unknown instruction";
    case PL_DF_ADD:
    case PL_DF_COPY:
        return check_copy(a, n);
    case PL_DF_ARG:
        return check_arg(n);
    case PL_DF_ENV:
    case PL_DF_LABEL:
        return check_pairs(n);
    case PL_DF_FROM:
        return check_from(n);
    case PL_DF_HEALTHCHECK:
        return check_health(n);
    case PL_DF_ONBUILD:
        return check_onbuild(n);
    case PL_DF_RUN:
        return check_run(a, n);
    case PL_DF_SHELL:
        why = check_flags(n);
        if (!why && !n->n_args)
            why = "SHELL needs at least one argument";
        return why ? why : n->json ? NULL : "SHELL takes the JSON form only";
    case PL_DF_VOLUME:
        return check_volume(n);
    case PL_DF_EXPOSE:
        return n->n_args ? check_flags(n) : "EXPOSE needs at least one argument";
    case PL_DF_MAINTAINER:
    case PL_DF_USER:
    case PL_DF_WORKDIR:
        return check_one(n, true);
    case PL_DF_STOPSIGNAL:
        return check_one(n, false);
    default:
        return check_flags(n);
    }
}

/* --- mounts --- */

int pl_df_csv(struct pl_arena *a, struct pl_str *s, struct pl_str *ret)
{
    if (!s->p || !s->n)
        return 0;
    if (s->p[0] != '"') {
        pl_str_split(s, ',', ret);
        if (ret->n && memchr(ret->p, '"', ret->n))
            return -1;
        return 1;
    }
    char *out = pl_alloc(a, s->n);
    size_t n = 0, i = 1;
    for (;; i++) {
        if (i >= s->n)
            return -1;
        if (s->p[i] == '"') {
            if (i + 1 < s->n && s->p[i + 1] == '"')
                i++;
            else
                break;
        }
        out[n++] = s->p[i];
    }
    i++;
    if (i < s->n && s->p[i] != ',')
        return -1;
    *ret = pl_str_n(out, n);
    *s = pl_str_sub(*s, i + 1, SIZE_MAX);
    return 1;
}

static void mount_key(struct pl_df_mount *m, struct pl_str key, struct pl_str value)
{
    if (pl_str_ieq(key, PL_S("type")))
        m->type = value;
    else if (pl_str_ieq(key, PL_S("target")) || pl_str_ieq(key, PL_S("dst")) ||
             pl_str_ieq(key, PL_S("destination")))
        m->target = value;
    else if (pl_str_ieq(key, PL_S("source")) || pl_str_ieq(key, PL_S("src")))
        m->source = value;
    else if (pl_str_ieq(key, PL_S("from")))
        m->from = value;
    else if (pl_str_ieq(key, PL_S("id")))
        m->id = value;
    else if (pl_str_ieq(key, PL_S("sharing")))
        m->sharing = value;
    else if (pl_str_ieq(key, PL_S("env"))) {
        m->env = value;
        m->has_env = true;
    }
}

bool pl_df_mount(struct pl_arena *a, const struct pl_df_node *n, size_t i, struct pl_df_mount *ret)
{
    struct pl_str s = n->flags[i].s, field, key;
    if (n->cmd != PL_DF_RUN || !pl_str_starts(s, PL_S("--mount=")))
        return false;
    *ret = (struct pl_df_mount){ .type = PL_S("bind"), .flag = &n->flags[i] };
    s = pl_str_sub(s, 8, SIZE_MAX);
    while (pl_df_csv(a, &s, &field) > 0) {
        struct pl_str value = field;
        pl_str_split(&value, '=', &key);
        mount_key(ret, key, value.p ? value : PL_S(""));
    }
    return true;
}
