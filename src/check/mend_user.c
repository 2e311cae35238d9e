/* A user other than root for the shipped stage, with the files it needs to own.
 * formats/dockerfile.md section 9.1, hardening.md section 2. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "base/cleanup.h"
#include "check/mend.h"

#define NOBODY "65532:65532"

/* Programs that step down by themselves or need to be root. */
static const char needs_root[] =
    "sshd cron crond supervisord nginx httpd apache2 apache2-foreground apachectl gosu su-exec su "
    "s6-svscan s6-overlay init runsvdir runit haproxy dockerd containerd systemd postgres mysqld "
    "redis-server mongod sudo setpriv chpst named dnsmasq vsftpd smbd rsyslogd php-fpm openvpn";

static bool starts_root_program(struct pl_lint *l, size_t first, size_t end)
{
    for (size_t i = first; i < end; i++) {
        const struct pl_df_node *n = l->in[i].top;
        if (n->cmd != PL_DF_CMD && n->cmd != PL_DF_ENTRYPOINT)
            continue;
        for (size_t k = 0; k < n->n_args; k++) {
            struct pl_str rest = n->args[k].s, word;
            while (pl_str_split(&rest, ' ', &word)) {
                if (pl_lint_word_in(pl_lint_base(pl_lint_unquote(word)), needs_root))
                    return true;
                if (pl_str_is(word, "/init") || pl_lint_has(word, "systemd"))
                    return true;
            }
        }
    }
    return false;
}

/* In front of which instruction the user may change: behind all that needs root. */
static size_t place(const struct pl_lint *l, size_t first, size_t end)
{
    size_t at = first;
    for (size_t i = first; i < end; i++) {
        enum pl_df_cmd c = l->in[i].top->cmd;
        if (c == PL_DF_RUN || c == PL_DF_COPY || c == PL_DF_ADD || c == PL_DF_WORKDIR ||
            c == PL_DF_USER || c == PL_DF_VOLUME || c == PL_DF_SHELL)
            at = i + 1;
    }
    while (at < end && l->in[at].top->cmd != PL_DF_CMD && l->in[at].top->cmd != PL_DF_ENTRYPOINT)
        at++;
    return at < end ? at : end;
}

/* A user that an earlier USER of the stage named by number. */
static struct pl_str earlier_user(struct pl_lint *l, size_t first, size_t end)
{
    for (size_t i = end; i-- > first;) {
        const struct pl_df_node *n = l->in[i].top;
        if (n->cmd != PL_DF_USER || !n->n_args)
            continue;
        struct pl_str s = n->args[0].s;
        bool digits = s.n > 0;
        for (size_t k = 0; k < s.n; k++)
            digits &= (unsigned)(s.p[k] - '0') < 10 || s.p[k] == ':';
        if (digits && s.p[0] != '0')
            return s;
    }
    return PL_S("");
}

static uint64_t low_port(const struct pl_lint *l, size_t first, size_t end)
{
    for (size_t i = first; i < end; i++)
        for (size_t k = 0; k < l->in[i].top->n_args && l->in[i].top->cmd == PL_DF_EXPOSE; k++) {
            struct pl_str rest = l->in[i].top->args[k].s, port;
            uint64_t v;
            pl_str_split(&rest, '/', &port);
            if (pl_str_u64(port, &v) && v < 1024)
                return v;
        }
    return 0;
}

/* A place for data and the application, not for programs and settings of the system. */
static bool own_place(struct pl_str t)
{
    static const char *const trees[] = {
        "/usr", "/bin", "/sbin", "/lib", "/etc", "/boot", "/root"
    };
    t = pl_lint_unquote(t);
    for (size_t i = 0; i < PL_COUNT(trees); i++)
        if (pl_str_starts(t, pl_str_c(trees[i])))
            return false;
    for (size_t i = 1; i < t.n; i++) /* beneath a directory of its own */
        if (t.p[i] == '/' || t.p[0] != '/')
            return t.p[0] != '$' && !pl_str_is(t, "/");
    return t.n && t.p[0] != '/' && t.p[0] != '$';
}

/* Files copied into the stage belong to the user. */
static void own_copies(struct pl_lint *l, struct pl_lint_hit *h, size_t first, size_t end,
                       struct pl_str user)
{
    for (size_t i = first; i < end; i++) {
        const struct pl_df_node *n = l->in[i].top;
        if ((n->cmd == PL_DF_COPY || n->cmd == PL_DF_ADD) && n->n_args > 1 && !n->error &&
            !pl_df_flag(n, "chown", NULL).p && own_place(n->args[n->n_args - 1].s))
            pl_mend_flag(l, h, PL_FIX_SUGGESTED, i, pl_printf(l->a, "--chown=%.*s", PL_FMT(user)));
    }
}

static bool simple_path(struct pl_str s)
{
    for (size_t i = 0; i < s.n; i++)
        if (!((unsigned)((s.p[i] | 0x20) - 'a') < 26 || (unsigned)(s.p[i] - '0') < 10 ||
              strchr("/._-", s.p[i])))
            return false;
    return s.n > 1 && s.p[0] == '/';
}

/* Volumes are written to: they belong to the user as well. */
static void own_volumes(struct pl_lint *l, struct pl_lint_hit *h, size_t first, size_t end,
                        struct pl_str user)
{
    pl_auto_buf struct pl_buf dirs = { 0 };
    size_t at = SIZE_MAX;
    for (size_t i = first; i < end; i++) {
        const struct pl_df_node *n = l->in[i].top;
        for (size_t k = 0; k < n->n_args && n->cmd == PL_DF_VOLUME; k++)
            if (simple_path(pl_lint_unquote(n->args[k].s))) {
                pl_buf_printf(&dirs, " %.*s", PL_FMT(pl_lint_unquote(n->args[k].s)));
                at = at == SIZE_MAX ? i : at;
            }
    }
    if (at != SIZE_MAX)
        pl_mend_line(l, h, PL_FIX_SUGGESTED, at,
                     pl_printf(l->a, "RUN mkdir -p%.*s && chown %.*s%.*s",
                               PL_FMT(pl_buf_str(&dirs)), PL_FMT(user), PL_FMT(pl_buf_str(&dirs))));
}

static void user(struct pl_lint *l, struct pl_lint_hit *h)
{
    const struct pl_lint_in *in = pl_mend_in(l, h);
    if (!in || in->stage == SIZE_MAX || in->stage + 1 != l->p->n_stages)
        return;
    size_t s = in->stage, first = pl_lint_from(l, s) + 1, end = l->p->stages[s].end;
    struct pl_base_facts base = pl_base_of(l, s);
    struct pl_str who = earlier_user(l, first, end);
    if (base.steps || starts_root_program(l, first, end))
        return;
    for (size_t k = s; l->p->stages[k].base != SIZE_MAX;) { /* what it inherits */
        k = l->p->stages[k].base;
        if (starts_root_program(l, pl_lint_from(l, k) + 1, l->p->stages[k].end))
            return;
    }
    if (!who.n && !base.known)
        return;
    if (!who.n)
        who = pl_str_c(base.user ? base.user : NOBODY);
    size_t at = place(l, first, end);
    bool upper = l->in[pl_lint_from(l, s)].top->word.p[0] == 'F';
    struct pl_str line = pl_printf(l->a, "%s %.*s", upper ? "USER" : "user", PL_FMT(who));
    pl_mend_line(l, h, PL_FIX_SUGGESTED, at, line);
    own_copies(l, h, first, end, who);
    if (base.shell && pl_base_root_at(l, end - 1))
        own_volumes(l, h, first, end, who);
    uint64_t port = low_port(l, first, end);
    if (port)
        h->advice = pl_printf(l->a,
                              "port %u is below 1024: run with Docker 20.10 or later, or let "
                              "the program listen on a higher one",
                              (unsigned)port);
    else
        h->advice = PL_S("directories that the program writes to must belong to the new user");
}

/* USER by name, where the base documents its number. */
static void by_number(struct pl_lint *l, struct pl_lint_hit *h)
{
    const struct pl_lint_in *in = pl_mend_in(l, h);
    if (!in || in->n->cmd != PL_DF_USER || in->stage == SIZE_MAX)
        return;
    struct pl_str s = in->n->args[0].s;
    struct pl_df_ref r = pl_df_ref_split(l->p->stages[in->stage].image_default);
    struct pl_base_facts base = pl_base_of(l, in->stage);
    struct pl_str name = pl_lint_base(r.path);
    bool own = base.user && ((pl_str_is(name, "node") && pl_lint_word_in(s, "node node:node")) ||
                             (base.known && pl_lint_word_in(s, "nonroot nonroot:nonroot")));
    if (own)
        pl_lint_edit(l, h, PL_FIX_SUGGESTED, h->off, h->off + (uint32_t)s.n, pl_str_c(base.user));
}

const struct pl_mend pl_mend_user[] = {
    { PL_RULE_D301, user },
    { PL_RULE_D302, user },
    { PL_RULE_D303, by_number },
    { PL_RULE_COUNT, NULL },
};
