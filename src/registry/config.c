/* What the machine's files say about a registry: registries.conf, hosts.toml, daemon.json, certs.d.
 * registry.md sections 3 and 8. */
/* SPDX-License-Identifier: Apache-2.0 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>

#include "base/cleanup.h"
#include "fmt/json.h"
#include "fmt/toml.h"
#include "registry/registry_int.h"

#define FILE_MAX (1u << 20)
#define NAMES_MAX 64u

struct config {
    struct pl_registry *r;
    struct pl_str host;
    struct pl_str *location;
    const char *file;
    struct pl_err *err;
};

/* 0 and an empty buffer when the file is not there. */
static int slurp(const char *path, bool must, struct pl_buf *b, struct pl_err *err)
{
    pl_auto_fd int fd = open(path, O_RDONLY | O_CLOEXEC);
    ssize_t n = 1;
    b->max = FILE_MAX;
    if (fd < 0 && !must)
        return 0;
    while (fd >= 0 && n > 0) {
        char *at = pl_buf_room(b, 16384, err);
        if (!at)
            return pl_fail(err, PL_E_USAGE, "'%s' is too large", path);
        n = read(fd, at, 16384);
        b->n += n > 0 ? (size_t)n : 0;
    }
    if (fd < 0 || n < 0)
        return pl_fail_errno(err, PL_E_USAGE, errno, "cannot read '%s'", path);
    return 0;
}

static void add_name(struct pl_arena *a, struct pl_names *list, struct pl_str s)
{
    if (!list->p)
        list->p = pl_alloc_n(a, NAMES_MAX, sizeof *list->p);
    if (s.n && list->n < NAMES_MAX)
        list->p[list->n++] = pl_dup(a, s);
}

static int unverified(const struct config *c, const char *key)
{
    return pl_fail(c->err, PL_E_USAGE,
                   "'%s': '%s' for '%.*s' is refused: there is no way to skip verification",
                   c->file, key, PL_FMT(c->host));
}

/* Does a prefix of registries.conf stand for the whole host? */
static bool covers(struct pl_str prefix, struct pl_str host)
{
    if (pl_str_starts(prefix, PL_S("*.")))
        return pl_str_iends(host, pl_str_sub(prefix, 1, prefix.n));
    return pl_str_ieq(prefix, host);
}

static int add_mirror(const struct config *c, struct pl_str location)
{
    struct pl_arena *a = &c->r->a;
    size_t slash = pl_str_find(location, PL_S("/"), 0);
    struct pl_str host = pl_str_sub(location, 0, slash), repos = { "", 0 };
    if (!location.n)
        return 0;
    if (slash != SIZE_MAX)
        repos = pl_printf(a, "%.*s/", PL_FMT(pl_str_sub(location, slash + 1, location.n)));
    return pl_endpoint_add(c->r, host, pl_printf(a, "https://%.*s", PL_FMT(host)), repos, true,
                           NULL, c->err);
}

static int one_registry(const struct config *c, const struct pl_toml *t)
{
    struct pl_str location = pl_toml_str(pl_toml_get(t, "location"));
    struct pl_str prefix = pl_toml_str(pl_toml_get(t, "prefix"));
    if (!prefix.n)
        prefix = location;
    if (pl_toml_bool(pl_toml_get(t, "blocked"), false)) {
        size_t slash = pl_str_find(prefix, PL_S("/"), 0);
        if (covers(pl_str_sub(prefix, 0, slash), c->host))
            add_name(&c->r->a, &c->r->blocked,
                     slash == SIZE_MAX ? PL_S("*") : pl_str_sub(prefix, slash + 1, prefix.n));
        return 0;
    }
    if (!covers(prefix, c->host))
        return 0;
    if (pl_toml_bool(pl_toml_get(t, "insecure"), false))
        return unverified(c, "insecure");
    const struct pl_toml *mirrors = pl_toml_get(t, "mirror");
    for (size_t i = 0; i < pl_toml_len(mirrors); i++) {
        const struct pl_toml *m = pl_toml_at(mirrors, i);
        if (pl_toml_bool(pl_toml_get(m, "insecure"), false))
            return unverified(c, "insecure");
        int r = add_mirror(c, pl_toml_str(pl_toml_get(m, "location")));
        if (r < 0)
            return r;
    }
    if (location.n && !pl_str_eq(location, prefix) && prefix.p[0] != '*')
        *c->location = pl_dup(&c->r->a, location);
    return 0;
}

/* [host."URL"] of hosts.toml. */
static int one_host(void *arg, struct pl_str url, const struct pl_toml *t)
{
    const struct config *c = arg;
    const struct pl_toml *caps = pl_toml_get(t, "capabilities");
    bool pulls = !caps;
    for (size_t i = 0; i < pl_toml_len(caps); i++)
        pulls |= pl_str_is(pl_toml_str(pl_toml_at(caps, i)), "pull");
    if (pl_toml_bool(pl_toml_get(t, "skip_verify"), false))
        return unverified(c, "skip_verify");
    if (!pulls)
        return 0;
    struct pl_url u;
    struct pl_endpoint *e = NULL;
    struct pl_str full = pl_str_find(url, PL_S("://"), 0) == SIZE_MAX
                             ? pl_printf(&c->r->a, "https://%.*s", PL_FMT(url))
                             : url;
    if (pl_url_parse(full, &c->r->a, &u, c->err) < 0)
        return pl_fail(c->err, PL_E_USAGE, "'%s': a host is no address", c->file);
    int r = pl_endpoint_add(c->r, pl_url_host(&c->r->a, &u), full, PL_S(""), true, &e, c->err);
    struct pl_str ca = pl_toml_str(pl_toml_get(t, "ca"));
    return r == 0 && ca.n ? pl_endpoint_ca(e, pl_dup(&c->r->a, ca).p, c->err) : r;
}

static int read_toml(const struct config *c, struct pl_str text)
{
    struct pl_toml *root;
    int r = pl_toml_parse(text, c->file, &root, c->err);
    if (r < 0)
        return c->err ? (c->err->code = PL_E_USAGE) : PL_E_USAGE;
    const struct pl_toml *hosts = pl_toml_get(root, "token-hosts");
    for (size_t i = 0; i < pl_toml_len(hosts); i++)
        add_name(&c->r->a, &c->r->token_hosts, pl_toml_str(pl_toml_at(hosts, i)));
    const struct pl_toml *list = pl_toml_get(root, "registry");
    for (size_t i = 0; r == 0 && i < pl_toml_len(list); i++)
        r = one_registry(c, pl_toml_at(list, i));
    if (r == 0)
        r = pl_toml_each(pl_toml_get(root, "host"), one_host, (void *)(uintptr_t)c);
    pl_toml_free(root);
    return r;
}

/* dockerd: mirrors of Docker Hub only. */
static int read_json(const struct config *c, struct pl_str text)
{
    struct pl_json *root;
    struct pl_url u;
    int r = 0;
    if (pl_json_parse(text, 32, &root, NULL) < 0)
        return pl_fail(c->err, PL_E_USAGE, "'%s' is not valid JSON", c->file);
    const struct pl_json *list = pl_json_get(root, "registry-mirrors");
    for (size_t i = 0; r == 0 && pl_str_is(c->host, "docker.io") && i < pl_json_len(list); i++) {
        struct pl_str url = pl_json_str(pl_json_at(list, i));
        r = pl_url_parse(url, &c->r->a, &u, c->err) < 0
                ? pl_fail(c->err, PL_E_USAGE, "'%s': a mirror is no address", c->file)
                : pl_endpoint_add(c->r, pl_url_host(&c->r->a, &u), url, PL_S(""), true, NULL,
                                  c->err);
    }
    pl_json_free(root);
    return r;
}

static int read_file(struct config *c, const char *path, bool must)
{
    pl_auto_buf struct pl_buf b = { 0 };
    int r = slurp(path, must, &b, c->err);
    struct pl_str text = pl_str_trim(pl_buf_str(&b));
    c->file = path;
    if (r < 0 || !text.n)
        return r;
    return text.p[0] == '{' ? read_json(c, text) : read_toml(c, text);
}

int pl_config_mirrors(struct pl_registry *r, struct pl_str host, struct pl_str *ret_location,
                      struct pl_err *err)
{
    struct config c = { .r = r, .host = host, .location = ret_location, .err = err };
    const char *home = getenv("HOME");
    if (r->o.config)
        return read_file(&c, r->o.config, true);
    const char *paths[] = {
        home ? pl_printf(&r->a, "%s/.config/containers/registries.conf", home).p : NULL,
        "/etc/containers/registries.conf",
        pl_printf(&r->a, "/etc/containerd/certs.d/%.*s/hosts.toml", PL_FMT(host)).p,
        "/etc/docker/daemon.json",
    };
    int x = 0;
    for (size_t i = 0; x == 0 && i < PL_COUNT(paths); i++)
        if (paths[i])
            x = read_file(&c, paths[i], false);
    return x;
}

int pl_config_allowed(const struct pl_registry *r, struct pl_str repo, struct pl_err *err)
{
    for (size_t i = 0; i < r->blocked.n; i++) {
        struct pl_str b = r->blocked.p[i];
        if (pl_str_is(b, "*") || pl_str_eq(b, repo) ||
            (pl_str_starts(repo, b) && repo.p[b.n] == '/'))
            return pl_fail(err, PL_E_AUTH, "the configuration blocks '%.*s'", PL_FMT(repo));
    }
    return 0;
}

/* One folder of certs.d: *.crt are authorities, NAME.cert with NAME.key a client certificate. */
static int certs_in(struct pl_endpoint *e, const char *folder, struct pl_err *err)
{
    struct pl_arena *a = &e->r->a;
    struct dirent *entry;
    int r = 0;
    DIR *d = opendir(folder);
    while (d && r == 0 && (entry = readdir(d))) {
        struct pl_str name = pl_str_c(entry->d_name);
        struct pl_str path = pl_printf(a, "%s/%.*s", folder, PL_FMT(name));
        if (pl_str_ends(name, PL_S(".crt"))) {
            r = pl_endpoint_ca(e, path.p, err);
        } else if (pl_str_ends(name, PL_S(".cert")) && !e->cert && !e->mirror) {
            e->cert = path.p;
            e->key = pl_printf(a, "%.*s.key", PL_FMT(pl_str_sub(path, 0, path.n - 5))).p;
        }
    }
    if (d)
        closedir(d);
    return r;
}

int pl_config_certs(struct pl_endpoint *e, struct pl_err *err)
{
    static const char *const roots[] = { "/etc/docker/certs.d", "/etc/containers/certs.d" };
    int r = 0;
    for (size_t i = 0; r == 0 && i < PL_COUNT(roots); i++)
        r = certs_in(e, pl_printf(&e->r->a, "%s/%.*s", roots[i], PL_FMT(e->name)).p, err);
    return r;
}
