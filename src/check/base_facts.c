/* What is known of well-known base images, as their publishers document them. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "base/cleanup.h"
#include "check/mend.h"

enum { ROOT = 1, STEPS = 2, CA = 4, AT_ROOT = 8, BASH = 16, ASH = 32, DEB = 64 };

/* DEB: from Debian unless the tag says alpine; its "slim" forms lack the CA bundle when `slim`. */
static const struct {
    const char *path; /* without registry and "library/" */
    unsigned facts;
    const char *user;
} bases[] = {
    { "debian", ROOT | AT_ROOT | BASH, NULL },
    { "ubuntu", ROOT | AT_ROOT | BASH, NULL },
    { "alpine", ROOT | CA | AT_ROOT | ASH, NULL },
    { "busybox", ROOT | AT_ROOT | ASH, NULL },
    { "fedora", ROOT | CA | AT_ROOT | BASH, NULL },
    { "centos", ROOT | CA | AT_ROOT | BASH, NULL },
    { "rockylinux", ROOT | CA | AT_ROOT | BASH, NULL },
    { "almalinux", ROOT | CA | AT_ROOT | BASH, NULL },
    { "oraclelinux", ROOT | CA | AT_ROOT | BASH, NULL },
    { "amazonlinux", ROOT | CA | AT_ROOT | BASH, NULL },
    { "ubi8", ROOT | CA | AT_ROOT | BASH, NULL },
    { "ubi9", ROOT | CA | AT_ROOT | BASH, NULL },
    { "buildpack-deps", ROOT | CA | AT_ROOT | DEB, NULL },
    { "python", ROOT | CA | AT_ROOT | DEB, NULL },
    { "golang", ROOT | CA | DEB, NULL },
    { "rust", ROOT | CA | AT_ROOT | DEB, NULL },
    { "ruby", ROOT | CA | AT_ROOT | DEB, NULL },
    { "perl", ROOT | CA | DEB, NULL },
    { "php", ROOT | CA | DEB, NULL },
    { "gcc", ROOT | CA | AT_ROOT | DEB, NULL },
    { "node", ROOT | CA | AT_ROOT | DEB, "1000:1000" },
    { "openjdk", ROOT | AT_ROOT | BASH, NULL },
    { "eclipse-temurin", ROOT | CA | AT_ROOT | BASH, NULL },
    { "maven", ROOT | CA | AT_ROOT | BASH, NULL },
    { "haskell", ROOT | CA | AT_ROOT | DEB, NULL },
    { "elixir", ROOT | CA | AT_ROOT | DEB, NULL },
    { "erlang", ROOT | CA | AT_ROOT | DEB, NULL },
    { "postgres", ROOT | STEPS | AT_ROOT | DEB, NULL },
    { "mysql", ROOT | STEPS | AT_ROOT | BASH, NULL },
    { "mariadb", ROOT | STEPS | AT_ROOT | BASH, NULL },
    { "mongo", ROOT | STEPS | AT_ROOT | BASH, NULL },
    { "redis", ROOT | STEPS | DEB, NULL },
    { "nginx", ROOT | STEPS | CA | AT_ROOT | DEB, NULL },
    { "httpd", ROOT | STEPS | DEB, NULL },
    { "rabbitmq", ROOT | STEPS | AT_ROOT | BASH, NULL },
    { "nginx-unprivileged", CA | AT_ROOT | DEB, "101:101" },
    { "static-debian12", ROOT | CA | AT_ROOT, "65532:65532" },
    { "base-debian12", ROOT | CA | AT_ROOT, "65532:65532" },
    { "static-debian11", ROOT | CA | AT_ROOT, "65532:65532" },
    { "base-debian11", ROOT | CA | AT_ROOT, "65532:65532" },
    { "static", ROOT | CA | AT_ROOT, "65532:65532" },
};

static bool publisher(struct pl_df_ref r, struct pl_str *ret_name)
{
    struct pl_str p = r.path;
    bool hub = !r.registry.n || pl_str_is(r.registry, "docker.io");
    if (pl_str_starts(p, PL_S("library/")))
        p = pl_str_sub(p, 8, SIZE_MAX);
    *ret_name = pl_lint_base(p);
    bool own = pl_str_eq(*ret_name, p);
    if (pl_str_is(r.registry, "gcr.io"))
        return pl_str_starts(p, PL_S("distroless/"));
    if (pl_str_starts(*ret_name, PL_S("ubi")))
        return true;
    return hub && (own || pl_str_is(p, "nginxinc/nginx-unprivileged"));
}

struct pl_base_facts pl_base_of(const struct pl_lint *l, size_t s)
{
    struct pl_base_facts f = { 0 };
    struct pl_str name;
    for (unsigned k = 0; s != SIZE_MAX && l->p->stages[s].base != SIZE_MAX && k < 1000; k++)
        s = l->p->stages[s].base;
    if (s == SIZE_MAX)
        return f;
    if (l->p->stages[s].scratch)
        return (struct pl_base_facts){ .known = true, .root = true, .at_root = true };
    struct pl_df_ref r = pl_df_ref_split(l->p->stages[s].image_default);
    if (!r.path.n || !publisher(r, &name))
        return f;
    for (size_t i = 0; i < PL_COUNT(bases); i++) {
        unsigned b = bases[i].facts;
        if (!pl_str_is(name, bases[i].path))
            continue;
        bool alpine = pl_lint_has(r.tag, "alpine"), slim = pl_lint_has(r.tag, "slim");
        bool nonroot = pl_lint_has(r.tag, "nonroot"), windows = pl_lint_has(r.tag, "windows");
        if (windows)
            return f;
        f = (struct pl_base_facts){ .known = true,
                                    .root = (b & ROOT) && !nonroot,
                                    .steps = b & STEPS,
                                    .ca = (b & CA) && !(slim && pl_str_is(name, "node")),
                                    .at_root = b & AT_ROOT,
                                    .user = bases[i].user };
        f.sh = (b & ASH) || alpine       ? PL_BASE_SH_ASH
               : (b & (BASH | DEB)) != 0 ? PL_BASE_SH_BASH
                                         : PL_BASE_SH_UNKNOWN;
        f.shell = f.sh != PL_BASE_SH_UNKNOWN;
        return f;
    }
    return f;
}

bool pl_base_root_at(const struct pl_lint *l, size_t i)
{
    size_t s = l->in[i].stage;
    for (unsigned k = 0; s != SIZE_MAX && k < 1000; k++) {
        for (size_t n = i; n > pl_lint_from(l, s); n--) {
            const struct pl_df_node *u = l->in[n - 1].top;
            if (u->cmd != PL_DF_USER || !u->n_args)
                continue;
            struct pl_str v = pl_lint_unquote(u->args[0].s);
            return pl_lint_word_in(v, "root 0 root:root 0:0");
        }
        if (l->p->stages[s].base == SIZE_MAX)
            break;
        s = l->p->stages[s].base;
        i = l->p->stages[s].end;
    }
    return pl_base_of(l, s).root;
}
