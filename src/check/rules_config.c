/* Instructions that set configuration: WORKDIR, EXPOSE, ENV, ARG, CMD, MAINTAINER, VOLUME.
 * formats/dockerfile.md sections 3, 6, 7. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "check/check.h"

static bool path_ok(struct pl_str s)
{
    bool drive = s.n > 1 && s.p[1] == ':' && (unsigned)((s.p[0] | 0x20) - 'a') < 26;
    return !s.n || s.p[0] == '/' || s.p[0] == '$' || drive;
}

static void workdir(struct pl_lint *l, const struct pl_lint_in *in)
{
    static const char *const trees[] = { "/proc", "/sys", "/dev",   "/boot", "/etc",    "/bin",
                                         "/sbin", "/lib", "/lib64", "/run",  "/usr/bin" };
    if (!in->n->n_args || in->onbuild)
        return;
    const struct pl_df_arg *arg = &in->n->args[0];
    struct pl_str raw = arg->s, s = pl_lint_unquote(raw);
    if (!path_ok(s)) {
        pl_lint_at_arg(l, "DL3000", in, arg);
        pl_lint_at_arg(l, "DS-0009", in, arg);
        pl_lint_at_arg(l, "CKV_DOCKER_10", in, arg);
    }
    for (size_t i = 0; i < sizeof trees / sizeof *trees; i++) {
        struct pl_str t = pl_str_c(trees[i]);
        if (pl_str_starts(s, t) && (s.n == t.n || s.p[t.n] == '/'))
            pl_lint_at_arg(l, "DS-0030", in, arg)->severity = i < 5 ? PL_SEV_HIGH : PL_SEV_MEDIUM;
    }
}

/* One port above the largest? Variables pass. */
static bool too_large(struct pl_str s)
{
    uint64_t v = 0;
    struct pl_str rest = s, end;
    pl_str_split(&rest, '/', &s);
    while (pl_str_split(&s, '-', &end)) {
        bool digits = end.n > 0;
        v = 0;
        for (size_t i = 0; i < end.n; i++) {
            digits &= (unsigned)(end.p[i] - '0') < 10;
            v = v > 1000000 ? v : v * 10 + (unsigned)(end.p[i] - '0');
        }
        if (digits && v > 65535)
            return true;
    }
    return false;
}

static void expose(struct pl_lint *l, const struct pl_lint_in *in)
{
    bool large = false;
    for (size_t i = 0; i < in->n->n_args; i++) {
        const struct pl_df_arg *arg = &in->n->args[i];
        struct pl_str s = pl_lint_unquote(arg->s), proto = s, port;
        pl_str_split(&proto, '/', &port);
        if (too_large(s) && !in->onbuild) {
            if (!large)
                pl_lint_at_arg(l, "DL3011", in, arg);
            pl_lint_at_arg(l, "DS-0008", in, arg);
            large = true;
        }
        if (pl_str_is(port, "22")) {
            pl_lint_at_arg(l, "DS-0004", in, arg);
            pl_lint_at_arg(l, "CKV_DOCKER_1", in, arg);
        }
    }
}

/* --- ENV --- */

static bool name_char(char c)
{
    return (unsigned)((c | 0x20) - 'a') < 26 || (unsigned)(c - '0') < 10 || c == '_';
}

static bool refers(struct pl_str value, struct pl_str name)
{
    size_t at = 0;
    while ((at = pl_str_find(value, PL_S("$"), at)) != SIZE_MAX) {
        struct pl_str rest = pl_str_sub(value, ++at, SIZE_MAX);
        if (rest.n && rest.p[0] == '{' && pl_str_starts(pl_str_sub(rest, 1, SIZE_MAX), name) &&
            rest.n > name.n + 1 && rest.p[name.n + 1] == '}')
            return true;
        if (pl_str_starts(rest, name) && (rest.n == name.n || !name_char(rest.p[name.n])))
            return true;
    }
    return false;
}

static bool set_before(struct pl_lint *l, size_t i, struct pl_str name)
{
    for (size_t k = 0; k < i && pl_lint_work(l, 1 + l->in[k].n->n_args); k++) {
        const struct pl_df_node *n = l->in[k].top;
        size_t step = n->cmd == PL_DF_ENV ? 3 : 1;
        if (n->cmd != PL_DF_ENV && n->cmd != PL_DF_ARG)
            continue;
        for (size_t a = 0; a < n->n_args; a += step) {
            struct pl_str v = n->args[a].s, key;
            pl_str_split(&v, '=', &key);
            if (pl_str_eq(key, name))
                return true;
        }
    }
    return false;
}

static void env_self(struct pl_lint *l, const struct pl_lint_in *in)
{
    const struct pl_df_node *n = in->n;
    if (in->onbuild || n->n_args > 3000)
        return;
    for (size_t i = 0; i + 2 < n->n_args; i += 3)
        for (size_t k = 0; k + 2 < n->n_args; k += 3)
            if (k != i && n->args[k].s.n && refers(n->args[i + 1].s, n->args[k].s) &&
                !set_before(l, in->index, n->args[k].s)) {
                pl_lint_at_arg(l, "DL3044", in, &n->args[i + 1]);
                return;
            }
}

static void shell_form(struct pl_lint *l, const struct pl_lint_in *in)
{
    const struct pl_df_node *n = in->n;
    size_t arg = n->cmd == PL_DF_HEALTHCHECK ? 1 : 0;
    if (n->json || n->n_args <= arg)
        return;
    if (!in->onbuild)
        pl_lint_at_node(l, "DL3025", in->index);
}

/* Text that begins like the JSON form and is none. */
static void nearly_json(struct pl_lint *l, const struct pl_lint_in *in)
{
    const struct pl_df_node *n = in->n;
    size_t arg = n->cmd == PL_DF_HEALTHCHECK ? 1 : 0;
    bool form = n->cmd == PL_DF_RUN || n->cmd == PL_DF_CMD || n->cmd == PL_DF_ENTRYPOINT ||
                n->cmd == PL_DF_HEALTHCHECK || n->cmd == PL_DF_COPY || n->cmd == PL_DF_ADD ||
                n->cmd == PL_DF_VOLUME;
    if (!form || n->json || n->n_args <= arg)
        return;
    struct pl_str s = n->args[arg].s;
    if (s.n < 2 || s.p[0] != '[' || s.p[1] == '[')
        return;
    size_t k = 1;
    while (k < s.n && (s.p[k] == ' ' || s.p[k] == '\t'))
        k++;
    bool test = n->cmd == PL_DF_RUN && k > 1 && !(k < s.n && (s.p[k] == '\'' || s.p[k] == '"'));
    if (test || k >= s.n || (s.p[k] != '"' && s.p[k] != '\'' && k > 1))
        return;
    if (n->cmd == PL_DF_RUN && pl_lint_has(s, "]") && pl_lint_has(s, "&&") && s.p[k] == '"' &&
        !pl_lint_has(s, ","))
        return;
    uint32_t off = pl_df_src(&n->text, n->args[arg].at);
    pl_lint_rule(l, PL_RULE_D706, in->index, off, off + 1);
}

static void volume(struct pl_lint *l, const struct pl_lint_in *in)
{
    for (size_t i = 0; i < in->n->n_args; i++) {
        struct pl_str s = pl_lint_unquote(in->n->args[i].s);
        while (s.n > 1 && s.p[s.n - 1] == '/')
            s.n--;
        if (pl_lint_word_in(s, "/ /dev /proc /sys /etc") || pl_str_starts(s, PL_S("/proc/")) ||
            pl_str_starts(s, PL_S("/sys/")) || pl_str_starts(s, PL_S("/dev/")))
            pl_lint_at_arg(l, "DKL-DI-0002", in, &in->n->args[i]);
    }
}

static void run(struct pl_lint *l)
{
    for (size_t i = 0; i < l->n; i++) {
        const struct pl_lint_in *in = &l->in[i];
        nearly_json(l, in);
        switch (in->n->cmd) {
        case PL_DF_WORKDIR:
            workdir(l, in);
            break;
        case PL_DF_EXPOSE:
            expose(l, in);
            break;
        case PL_DF_ENV:
            env_self(l, in);
            break;
        case PL_DF_CMD:
        case PL_DF_ENTRYPOINT:
        case PL_DF_HEALTHCHECK:
            shell_form(l, in);
            break;
        case PL_DF_VOLUME:
            volume(l, in);
            break;
        case PL_DF_MAINTAINER:
            if (!in->onbuild) {
                pl_lint_at_node(l, "DL4000", i);
                pl_lint_at_node(l, "DS-0022", i);
                pl_lint_at_node(l, "CKV_DOCKER_6", i);
            }
            break;
        default:
            break;
        }
    }
}

const struct pl_check pl_check_config = { "config", run };
