/* Links to findings on github, gitlab, azure devops, gitea and bitbucket. secrets.md 8 (8). */
/* SPDX-License-Identifier: Apache-2.0 */
#include "compat/gl_link.h"

#include <inttypes.h>

#include "base/cleanup.h"

bool pl_gl_platform_of(const char *name, enum pl_gl_platform *ret)
{
    static const char *const names[] = { "unknown",     "none",  "github",   "gitlab",
                                         "azuredevops", "gitea", "bitbucket" };
    *ret = PL_GL_UNKNOWN;
    if (!*name)
        return true;
    for (size_t i = 0; i < PL_COUNT(names); i++) {
        if (pl_str_ieq(pl_str_c(name), pl_str_c(names[i]))) {
            *ret = (enum pl_gl_platform)i;
            return true;
        }
    }
    return false;
}

static bool host_char(char c)
{
    return (c >= '0' && c <= '9') || ((c | 32) >= 'a' && (c | 32) <= 'z') || c == '.' || c == '-';
}

static bool path_char(char c)
{
    return host_char(c) || c == '_' || c == '/';
}

/* "git@HOST:[PORT/]PATH" to "https://HOST/PATH"; empty when it is of another form. */
static struct pl_str from_ssh(struct pl_arena *a, struct pl_str s)
{
    if (!pl_str_starts(s, PL_S("git@")))
        return PL_S("");
    struct pl_str path = pl_str_sub(s, 4, SIZE_MAX), host;
    if (!pl_str_split(&path, ':', &host) || !path.p)
        return PL_S("");
    size_t digits = 0;
    while (digits < path.n && digits < 5 && path.p[digits] >= '0' && path.p[digits] <= '9')
        digits++;
    if (digits && digits + 1 < path.n && path.p[digits] == '/')
        path = pl_str_sub(path, digits + 1, SIZE_MAX);
    if (pl_str_ends(path, PL_S(".git")) && path.n > 4)
        path.n -= 4;
    for (size_t i = 0; i < host.n; i++)
        if (!host_char(host.p[i]))
            return PL_S("");
    for (size_t i = 0; i < path.n; i++)
        if (!path_char(path.p[i]))
            return PL_S("");
    if (!host.n || !path.n)
        return PL_S("");
    return pl_printf(a, "https://%.*s/%.*s", PL_FMT(host), PL_FMT(path));
}

static enum pl_gl_platform by_host(struct pl_str host)
{
    static const struct {
        const char *host;
        enum pl_gl_platform p;
    } hosts[] = { { "github.com", PL_GL_GITHUB },   { "gitlab.com", PL_GL_GITLAB },
                  { "dev.azure.com", PL_GL_AZURE }, { "visualstudio.com", PL_GL_AZURE },
                  { "gitea.com", PL_GL_GITEA },     { "code.forgejo.org", PL_GL_GITEA },
                  { "codeberg.org", PL_GL_GITEA },  { "bitbucket.org", PL_GL_BITBUCKET } };
    for (size_t i = 0; i < PL_COUNT(hosts); i++)
        if (pl_str_ieq(host, pl_str_c(hosts[i].host)))
            return hosts[i].p;
    return PL_GL_UNKNOWN;
}

struct pl_str pl_gl_link_base(struct pl_arena *a, struct pl_str remote, enum pl_gl_platform *p)
{
    struct pl_str s = pl_str_trim(remote), ssh = from_ssh(a, s);
    if (ssh.n)
        s = ssh;
    if (pl_str_ends(s, PL_S(".git")))
        s.n -= 4;
    size_t scheme = pl_str_find(s, PL_S("://"), 0);
    if (scheme == SIZE_MAX)
        return pl_dup(a, s);
    struct pl_str rest = pl_str_sub(s, scheme + 3, SIZE_MAX), host = rest;
    size_t end = 0, at = SIZE_MAX;
    while (end < rest.n && !strchr("/?#", rest.p[end]))
        end++;
    host.n = end;
    for (size_t i = 0; i < host.n; i++)
        if (host.p[i] == '@')
            at = i;
    if (at != SIZE_MAX) {
        host = pl_str_sub(host, at + 1, SIZE_MAX);
        rest = pl_str_sub(rest, at + 1, SIZE_MAX);
    }
    size_t port = pl_str_find(host, PL_S(":"), 0);
    if (*p == PL_GL_UNKNOWN)
        *p = by_host(pl_str_sub(host, 0, port));
    return pl_printf(a, "%.*s://%.*s", PL_FMT(pl_str_sub(s, 0, scheme)), PL_FMT(rest));
}

/* The path up to the first inner archive name, blanks and percent signs escaped. */
static void put_path(struct pl_buf *b, struct pl_str path)
{
    for (size_t i = 0; i < path.n && path.p[i] != '!'; i++) {
        if (path.p[i] == ' ' || path.p[i] == '%')
            pl_buf_puts(b, path.p[i] == ' ' ? "%20" : "%25");
        else
            pl_buf_putc(b, path.p[i]);
    }
}

static void put_lines(struct pl_buf *b, const struct pl_gl_finding *f, const char *first,
                      const char *second)
{
    if (f->start_line)
        pl_buf_printf(b, "%s%" PRId64, first, f->start_line);
    if (f->end_line != f->start_line)
        pl_buf_printf(b, "%s%" PRId64, second, f->end_line);
}

struct pl_str pl_gl_link(struct pl_arena *a, struct pl_str base, enum pl_gl_platform p,
                         const struct pl_gl_finding *f)
{
    static const struct {
        const char *before, *between, *plain, *first, *second, *after;
    } forms[] = {
        [PL_GL_GITHUB] = { "/blob/", "/", "?plain=1", "#L", "-L", "" },
        [PL_GL_GITLAB] = { "/blob/", "/", "", "#L", "-", "" },
        [PL_GL_AZURE] = { "/commit/", "?path=/", "", "&line=", "&lineEnd=",
                          "&lineStartColumn=1&lineEndColumn=10000000&type=2&lineStyle=plain"
                          "&_a=files" },
        [PL_GL_GITEA] = { "/src/commit/", "/", "?display=source", "#L", "-L", "" },
        [PL_GL_BITBUCKET] = { "/src/", "/", "", "#lines-", ":", "" },
    };
    pl_auto_buf struct pl_buf b = { 0 };
    if (p < PL_GL_GITHUB || !f->commit || !f->commit->sha.n)
        return PL_S("");
    pl_buf_putn(&b, base.p, base.n);
    pl_buf_printf(&b, "%s%.*s%s", forms[p].before, PL_FMT(f->commit->sha), forms[p].between);
    put_path(&b, f->file);
    if (pl_str_find(f->file, PL_S("!"), 0) == SIZE_MAX) {
        if (pl_str_iends(f->file, PL_S(".md")) || pl_str_iends(f->file, PL_S(".ipynb")))
            pl_buf_puts(&b, forms[p].plain);
        put_lines(&b, f, forms[p].first, forms[p].second);
        pl_buf_puts(&b, forms[p].after);
    }
    return pl_dup(a, pl_buf_str(&b));
}
