/* Servers' own configuration: which paths they write, as whom, on which ports. nginx, httpd. */
/* SPDX-License-Identifier: Apache-2.0 */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "check/image/needs.h"
#include "fmt/glob.h"

bool pl_word_in(struct pl_str s, const char *list)
{
    struct pl_str rest = pl_str_c(list), word;
    while (pl_next_word(&rest, &word))
        if (pl_str_eq(s, word))
            return true;
    return false;
}

struct pl_str pl_prog_option(const struct pl_prog *p, const char *names)
{
    struct pl_str rest = pl_str_c(names), name;
    while (pl_next_word(&rest, &name))
        for (size_t i = 1; i < p->n; i++) {
            struct pl_str s = p->argv[i];
            if (pl_str_eq(s, name) && i + 1 < p->n)
                return p->argv[i + 1];
            if (pl_str_starts(s, name) && s.n > name.n && s.p[name.n] == '=')
                return pl_str_sub(s, name.n + 1, s.n);
        }
    return (struct pl_str){ NULL, 0 };
}

static struct pl_str unquote(struct pl_str s)
{
    s = pl_str_trim(s);
    while (s.n >= 2 && (s.p[0] == '"' || s.p[0] == '\'') && s.p[s.n - 1] == s.p[0])
        s = pl_str_sub(s, 1, s.n - 2);
    return s;
}

/* '-' and '_' are one, as for mysqld. */
static bool key_is(struct pl_str s, const char *key)
{
    size_t n = strlen(key);
    if (s.n != n)
        return false;
    for (size_t i = 0; i < n; i++) {
        char a = s.p[i] == '-' ? '_' : s.p[i], b = key[i] == '-' ? '_' : key[i];
        if (a != b)
            return false;
    }
    return true;
}

struct pl_str pl_setting(struct pl_str text, const char *key, const char *sep)
{
    struct pl_str line, found = { NULL, 0 };
    while (text.p && pl_str_split(&text, '\n', &line)) {
        line = pl_str_trim(line);
        size_t n = 0;
        while (n < line.n && !strchr(" \t", line.p[n]) && !strchr(sep, line.p[n]))
            n++;
        if (!key_is(pl_str_sub(line, 0, n), key))
            continue;
        struct pl_str v = pl_str_sub(line, n, line.n);
        while (v.n && (strchr(" \t", v.p[0]) || strchr(sep, v.p[0])))
            v = pl_str_sub(v, 1, v.n);
        char quote = v.n && (v.p[0] == '"' || v.p[0] == '\'') ? v.p[0] : 0;
        for (size_t i = 1; i < v.n; i++) /* a comment, or what follows the quotes */
            if (quote ? v.p[i] == quote
                      : v.p[i] == '#' && (v.p[i - 1] == ' ' || v.p[i - 1] == '\t')) {
                v.n = quote ? i + 1 : i;
                break;
            }
        found = unquote(v);
    }
    return found;
}

struct pl_str pl_first_text(const struct pl_img *im, const char *const *paths,
                            struct pl_str *ret_path)
{
    for (; *paths; paths++) {
        const struct pl_img_file *f = pl_img_open(im, PL_S("/"), pl_str_c(*paths));
        if (f && f->has_body) {
            if (ret_path)
                *ret_path = pl_printf(im->a, "/%.*s", PL_FMT(f->path));
            return f->body;
        }
    }
    return (struct pl_str){ NULL, 0 };
}

/* ---- collecting ---- */

static struct pl_str format(struct pl_arena *a, const char *fmt, va_list ap)
    __attribute__((format(printf, 2, 0)));

static struct pl_str format(struct pl_arena *a, const char *fmt, va_list ap)
{
    char b[1024];
    int n = vsnprintf(b, sizeof b, fmt, ap);
    return pl_dup(a, pl_str_n(b, n < 0 ? 0 : (size_t)n < sizeof b ? (size_t)n : sizeof b - 1));
}

static bool outside(struct pl_str path)
{
    return path.n < 2 || pl_path_in(path, PL_S("/proc")) || pl_path_in(path, PL_S("/sys")) ||
           pl_path_in(path, PL_S("/dev"));
}

static struct pl_need *add(struct pl_needs *k, struct pl_str path, bool file, enum pl_confidence c,
                           struct pl_str why)
{
    struct pl_need x = { .file = file, .confidence = c, .why = why };
    if (!path.n || path.p[0] != '/' || k->needs.n > 4000)
        return NULL;
    x.path = pl_img_resolve(k->im, PL_S("/"), path);
    if (outside(x.path))
        return NULL;
    if (file) {
        size_t n = pl_path_base(x.path).n;
        if (!n)
            return NULL;
    }
    pl_vec_push(&k->needs, x);
    return &k->needs.p[k->needs.n - 1];
}

struct pl_need *pl_needs_path(struct pl_needs *k, struct pl_str path, enum pl_confidence c,
                              const char *fmt, ...)
{
    va_list ap;
    va_start(ap, fmt);
    struct pl_str why = format(k->a, fmt, ap);
    va_end(ap);
    return add(k, path, false, c, why);
}

struct pl_need *pl_needs_file(struct pl_needs *k, struct pl_str path, enum pl_confidence c,
                              const char *fmt, ...)
{
    va_list ap;
    va_start(ap, fmt);
    struct pl_str why = format(k->a, fmt, ap);
    va_end(ap);
    return add(k, path, true, c, why);
}

void pl_needs_cap(struct pl_needs *k, const char *cap, enum pl_confidence c, const char *fmt, ...)
{
    va_list ap;
    va_start(ap, fmt);
    struct pl_cap_fact x = { .cap = cap, .why = format(k->a, fmt, ap), .confidence = c };
    va_end(ap);
    if (k->caps.n < 200)
        pl_vec_push(&k->caps, x);
}

void pl_needs_port(struct pl_needs *k, uint32_t port, bool udp, const char *fmt, ...)
{
    va_list ap;
    va_start(ap, fmt);
    struct pl_port x = { port, udp, format(k->a, fmt, ap) };
    va_end(ap);
    for (size_t i = 0; i < k->ports.n; i++)
        if (k->ports.p[i].port == port && k->ports.p[i].udp == udp)
            return;
    if (port && port < 65536 && k->ports.n < 200)
        pl_vec_push(&k->ports, x);
}

void pl_needs_note(struct pl_needs *k, const char *fmt, ...)
{
    va_list ap;
    va_start(ap, fmt);
    struct pl_str s = format(k->a, fmt, ap);
    va_end(ap);
    for (size_t i = 0; i < k->notes.n; i++)
        if (pl_str_eq(k->notes.p[i], s))
            return;
    if (k->notes.n < 200)
        pl_vec_push(&k->notes, s);
}

/* The port of "80", "*:80", "[::]:80", "127.0.0.1:80", "tcp://0.0.0.0:80"; 0 = none. */
static uint32_t port_of(struct pl_str s)
{
    uint64_t v;
    size_t slash = pl_str_find(s, PL_S("/"), 0);
    if (pl_str_starts(s, PL_S("unix:")) || slash == 0)
        return 0;
    const char *colon = s.n ? memrchr(s.p, ':', s.n) : NULL;
    if (colon)
        s = pl_str_sub(s, (size_t)(colon - s.p) + 1, s.n);
    return pl_str_u64(s, &v) && v < 65536 ? (uint32_t)v : 0;
}

/* ---- nginx ---- */

struct nginx {
    struct pl_needs *k;
    struct pl_str prefix, main;
    struct pl_str user, user_at;
    bool has_pid, found, off;
    bool temp[5], log[2];
    unsigned files;
    uint32_t low;
};

static const char *const temps[] = { "client_body_temp_path", "proxy_temp_path",
                                     "fastcgi_temp_path", "uwsgi_temp_path", "scgi_temp_path" };

static struct pl_str under(struct nginx *x, struct pl_str path)
{
    if (!path.n || path.p[0] == '/')
        return path;
    return pl_printf(x->k->a, "%.*s/%.*s", PL_FMT(x->prefix), PL_FMT(path));
}

static void nginx_file(struct nginx *x, struct pl_str path);

static void nginx_include(struct nginx *x, struct pl_str pattern, struct pl_str file)
{
    const struct pl_img *im = x->k->im;
    struct pl_err err;
    if (pattern.n && pattern.p[0] != '/')
        pattern = pl_printf(x->k->a, "%.*s/%.*s", PL_FMT(pl_path_dir(file)), PL_FMT(pattern));
    struct pl_str dir = pl_img_resolve(im, PL_S("/"), pl_path_dir(pattern));
    size_t end;
    if (pl_glob_check(pattern, &err) < 0)
        return;
    for (size_t i = pl_img_below(im, dir, &end); i < end; i++) {
        struct pl_str p = pl_printf(x->k->a, "/%.*s", PL_FMT(im->file[i].path));
        if (pl_str_eq(pl_path_dir(p), dir) && pl_glob_match(pl_path_base(pattern), pl_path_base(p)))
            nginx_file(x, p);
    }
}

static void nginx_log(struct nginx *x, struct pl_str path, struct pl_str at, const char *what)
{
    if (!path.n || pl_str_is(path, "off") || pl_str_is(path, "stderr") ||
        pl_str_starts(path, PL_S("syslog:")) || pl_str_starts(path, PL_S("memory:")))
        return;
    struct pl_need *n =
        pl_needs_file(x->k, under(x, path), PL_STRONG, "nginx %s in %.*s", what, PL_FMT(at));
    if (n)
        n->by_root = true;
}

/* One directive, its words already parted. */
static void nginx_directive(struct nginx *x, const struct pl_str *w, size_t n, struct pl_str at)
{
    struct pl_str v = n > 1 ? w[1] : PL_S("");
    if (pl_str_is(w[0], "include"))
        nginx_include(x, v, at);
    else if (pl_str_is(w[0], "user")) {
        x->user = v;
        x->user_at = at;
    } else if (pl_str_is(w[0], "pid") && v.n) {
        x->has_pid = true;
        struct pl_need *d =
            pl_needs_file(x->k, under(x, v), PL_STRONG, "nginx pid in %.*s", PL_FMT(at));
        if (d)
            d->by_root = true;
    } else if (pl_str_is(w[0], "listen") && v.n) {
        struct pl_str bare = v;
        uint32_t port = port_of(bare);
        bool host_only = !port && !pl_str_starts(v, PL_S("unix:"));
        pl_needs_port(x->k, host_only ? 80 : port, false, "listen %.*s in %.*s", PL_FMT(v),
                      PL_FMT(at));
    } else if (pl_str_is(w[0], "access_log") || pl_str_is(w[0], "error_log")) {
        x->log[pl_str_is(w[0], "error_log")] = true;
        nginx_log(x, v, at, pl_str_is(w[0], "error_log") ? "error_log" : "access_log");
    } else if (pl_str_is(w[0], "proxy_cache_path") || pl_str_is(w[0], "fastcgi_cache_path") ||
               pl_str_is(w[0], "uwsgi_cache_path")) {
        struct pl_need *d =
            pl_needs_path(x->k, under(x, v), PL_STRONG, "%.*s in %.*s", PL_FMT(w[0]), PL_FMT(at));
        if (d)
            d->made = true;
    }
    for (size_t i = 0; i < 5; i++)
        if (pl_str_is(w[0], temps[i]) && v.n) {
            x->temp[i] = true;
            struct pl_need *d =
                pl_needs_path(x->k, under(x, v), PL_STRONG, "%s in %.*s", temps[i], PL_FMT(at));
            if (d)
                d->made = true;
        }
}

static void nginx_text(struct nginx *x, struct pl_str text, struct pl_str at)
{
    struct pl_str w[8];
    size_t n = 0;
    for (size_t i = 0; i < text.n;) {
        char c = text.p[i];
        if (c == '#') {
            while (i < text.n && text.p[i] != '\n')
                i++;
        } else if (c == ';' || c == '{' || c == '}') {
            if (n)
                nginx_directive(x, w, n, at);
            n = 0;
            i++;
        } else if (strchr(" \t\r\n", c)) {
            i++;
        } else {
            size_t from = i;
            char quote = c == '"' || c == '\'' ? c : 0;
            i += quote != 0;
            while (i < text.n && (quote ? text.p[i] != quote : !strchr(" \t\r\n;{}", text.p[i])))
                i++;
            struct pl_str word = pl_str_sub(text, from + (quote != 0), i - from - (quote != 0));
            i += quote != 0;
            if (n < 8)
                w[n++] = word;
        }
    }
}

static void nginx_file(struct nginx *x, struct pl_str path)
{
    const struct pl_img_file *f = pl_img_open(x->k->im, PL_S("/"), path);
    if (!f || !f->has_body || x->files > 200)
        return;
    x->files++;
    x->found = true;
    nginx_text(x, f->body, pl_printf(x->k->a, "/%.*s", PL_FMT(f->path)));
}

/* Compiled-in paths, as strings of the program. */
static void nginx_compiled(struct nginx *x, const struct pl_prog *p)
{
    struct pl_str rest = p->file ? p->file->strings : PL_S(""), line;
    static const char *const parts[] = { "client", "proxy", "fastcgi", "uwsgi", "scgi" };
    while (rest.n && pl_str_split(&rest, '\n', &line)) {
        struct pl_str base = pl_path_base(line);
        for (size_t i = 0; i < 5; i++) {
            if (!pl_str_starts(base, pl_str_c(parts[i])) || x->temp[i] ||
                pl_str_find(base, PL_S("temp"), 0) == SIZE_MAX)
                continue;
            x->temp[i] = true;
            struct pl_need *d = pl_needs_path(x->k, line, PL_STRONG,
                                              "nginx's compiled-in path for %s bodies", parts[i]);
            if (d)
                d->made = true;
        }
        if (pl_str_ends(line, PL_S("nginx.pid")) && !x->has_pid && line.p[0] == '/') {
            x->has_pid = true;
            struct pl_need *d =
                pl_needs_file(x->k, line, PL_STRONG, "nginx's compiled-in pid file");
            if (d)
                d->by_root = true;
        }
    }
}

/* Where nothing says so: what the packages of distributions and of nginx itself have. */
static void nginx_defaults(struct nginx *x)
{
    const struct pl_img *im = x->k->im;
    static const char *const places[] = { "/var/cache/nginx", "/var/lib/nginx", "/usr/local/nginx",
                                          "/usr/local/openresty/nginx" };
    bool all = true;
    for (size_t i = 0; i < 5; i++)
        all &= x->temp[i];
    for (size_t i = 0; i < 4 && !all; i++) {
        struct pl_str place = pl_img_resolve(im, PL_S("/"), pl_str_c(places[i]));
        if (!pl_img_at(im, place))
            continue;
        struct pl_need *d =
            pl_needs_path(x->k, place, PL_STRONG, "nginx keeps request bodies and cache there");
        if (d)
            d->made = true;
        break;
    }
    if (!x->has_pid) {
        struct pl_need *d =
            pl_needs_file(x->k, PL_S("/run/nginx.pid"), PL_STRONG, "nginx's pid file");
        if (d)
            d->by_root = true;
    }
}

void pl_server_nginx(struct pl_needs *k, const struct pl_prog *p)
{
    struct nginx x = { .k = k,
                       .prefix = PL_S("/etc/nginx"),
                       .main = PL_S("/etc/nginx/nginx.conf") };
    static const char *const mains[] = { "/etc/nginx/nginx.conf",
                                         "/usr/local/nginx/conf/nginx.conf",
                                         "/usr/local/openresty/nginx/conf/nginx.conf",
                                         "/opt/bitnami/nginx/conf/nginx.conf", NULL };
    struct pl_str c = pl_prog_option(p, "-c"), prefix = pl_prog_option(p, "-p");
    if (prefix.n)
        x.prefix = prefix;
    if (c.n)
        x.main = c;
    else
        pl_first_text(k->im, mains, &x.main);
    nginx_file(&x, x.main);
    struct pl_str g = pl_prog_option(p, "-g");
    if (g.n)
        nginx_text(&x, pl_printf(k->a, "%.*s;", PL_FMT(g)), PL_S("the command line"));
    nginx_compiled(&x, p);
    nginx_defaults(&x);
    if (!k->ports.n)
        pl_needs_port(k, 80, false, "nginx listens on 80 unless told otherwise");
    struct pl_str user = x.user.n                                  ? x.user
                         : pl_img_user(k->im, PL_S("nginx")).known ? PL_S("nginx")
                                                                   : PL_S("nobody");
    k->worker = pl_img_user(k->im, user);
    k->has_worker = true;
    k->worker_why = x.user.n ? pl_printf(k->a, "user %.*s in %.*s", PL_FMT(user), PL_FMT(x.user_at))
                             : pl_printf(k->a, "nginx's workers are %.*s", PL_FMT(user));
    pl_needs_cap(k, "CHOWN", PL_STRONG, "nginx's master gives its temporary directories to %.*s",
                 PL_FMT(user));
    pl_needs_note(k, "KILL is needed only to reload: the master signals workers of %.*s",
                  PL_FMT(user));
}

/* ---- httpd ---- */

struct httpd {
    struct pl_needs *k;
    struct pl_str root, user, user_at, pid, runtime;
    unsigned files;
    bool listens;
};

static struct pl_str in_root(struct httpd *x, struct pl_str path)
{
    if (!path.n || path.p[0] == '/')
        return path;
    return pl_printf(x->k->a, "%.*s/%.*s", PL_FMT(x->root), PL_FMT(path));
}

/* ${APACHE_RUN_DIR}: of the environment, or of the file Debian's scripts source. */
static struct pl_str expand(struct httpd *x, struct pl_str s)
{
    static const char *const envvars[] = { "/etc/apache2/envvars", NULL };
    if (!pl_str_starts(s, PL_S("${")))
        return s;
    size_t close = pl_str_find(s, PL_S("}"), 0);
    if (close == SIZE_MAX)
        return s;
    struct pl_str name = pl_str_sub(s, 2, close - 2), v = pl_img_env(x->k->im, name);
    struct pl_str text = pl_first_text(x->k->im, envvars, NULL);
    if (!v.p && text.p) {
        v = pl_setting(text, pl_printf(x->k->a, "export %.*s", PL_FMT(name)).p, "=");
        struct pl_str line;
        while (!v.p && text.p && pl_str_split(&text, '\n', &line)) {
            line = pl_str_trim(line);
            if (pl_str_starts(line, PL_S("export ")))
                line = pl_str_trim(pl_str_sub(line, 7, line.n));
            if (pl_str_starts(line, PL_S(": ${")))
                line = pl_str_sub(line, 4, line.n);
            if (!pl_str_starts(line, name) || line.n <= name.n ||
                (line.p[name.n] != '=' && line.p[name.n] != ':'))
                continue;
            v = pl_str_sub(line, name.n, line.n);
            while (v.n && strchr(":=", v.p[0]))
                v = pl_str_sub(v, 1, v.n);
            size_t cut = 0;
            while (cut < v.n && !strchr("$}\"' \t", v.p[cut]))
                cut++;
            v = pl_str_sub(v, 0, cut);
        }
    }
    if (!v.p)
        return s;
    return pl_printf(x->k->a, "%.*s%.*s", PL_FMT(v), PL_FMT(pl_str_sub(s, close + 1, s.n)));
}

static void httpd_file(struct httpd *x, struct pl_str path);

static void httpd_include(struct httpd *x, struct pl_str pattern)
{
    const struct pl_img *im = x->k->im;
    struct pl_err err;
    pattern = in_root(x, pattern);
    if (!memchr(pattern.p, '*', pattern.n)) {
        httpd_file(x, pattern);
        return;
    }
    struct pl_str dir = pl_img_resolve(im, PL_S("/"), pl_path_dir(pattern));
    size_t end;
    if (pl_glob_check(pattern, &err) < 0)
        return;
    for (size_t i = pl_img_below(im, dir, &end); i < end; i++) {
        struct pl_str p = pl_printf(x->k->a, "/%.*s", PL_FMT(im->file[i].path));
        if (pl_str_eq(pl_path_dir(p), dir) && pl_glob_match(pl_path_base(pattern), pl_path_base(p)))
            httpd_file(x, p);
    }
}

static void httpd_directive(struct httpd *x, struct pl_str key, struct pl_str v, struct pl_str at)
{
    struct pl_str first, rest = v;
    if (!pl_next_word(&rest, &first))
        return;
    first = expand(x, unquote(first));
    if (pl_str_ieq(key, PL_S("ServerRoot")))
        x->root = first;
    else if (pl_str_ieq(key, PL_S("User"))) {
        x->user = first;
        x->user_at = at;
    } else if (pl_str_ieq(key, PL_S("PidFile")))
        x->pid = first;
    else if (pl_str_ieq(key, PL_S("DefaultRuntimeDir")))
        x->runtime = first;
    else if (pl_str_ieq(key, PL_S("Listen"))) {
        x->listens = true;
        pl_needs_port(x->k, port_of(first), false, "Listen %.*s in %.*s", PL_FMT(first),
                      PL_FMT(at));
    } else if (pl_str_ieq(key, PL_S("ErrorLog")) || pl_str_ieq(key, PL_S("CustomLog")) ||
               pl_str_ieq(key, PL_S("TransferLog"))) {
        if (first.n && first.p[0] != '|' && !pl_str_starts(first, PL_S("syslog"))) {
            struct pl_need *n = pl_needs_file(x->k, in_root(x, first), PL_STRONG, "%.*s in %.*s",
                                              PL_FMT(key), PL_FMT(at));
            if (n)
                n->by_root = true;
        }
    } else if (pl_str_ieq(key, PL_S("Include")) || pl_str_ieq(key, PL_S("IncludeOptional")))
        httpd_include(x, first);
    else if (pl_str_ieq(key, PL_S("Mutex")) && pl_str_starts(first, PL_S("file:")))
        pl_needs_path(x->k, in_root(x, expand(x, pl_str_sub(first, 5, first.n))), PL_STRONG,
                      "Mutex in %.*s", PL_FMT(at));
}

static void httpd_file(struct httpd *x, struct pl_str path)
{
    const struct pl_img_file *f = pl_img_open(x->k->im, PL_S("/"), path);
    if (!f || !f->has_body || x->files > 200)
        return;
    x->files++;
    struct pl_str text = f->body, line, at = pl_printf(x->k->a, "/%.*s", PL_FMT(f->path));
    while (text.p && pl_str_split(&text, '\n', &line)) {
        struct pl_str key;
        line = pl_str_trim(line);
        if (line.n && line.p[0] != '#' && line.p[0] != '<' && pl_next_word(&line, &key))
            httpd_directive(x, key, line, at);
    }
}

void pl_server_httpd(struct pl_needs *k, const struct pl_prog *p)
{
    struct httpd x = { .k = k };
    static const char *const mains[] = {
        "/usr/local/apache2/conf/httpd.conf",  "/etc/apache2/apache2.conf",
        "/etc/httpd/conf/httpd.conf",          "/etc/apache2/httpd.conf",
        "/opt/bitnami/apache/conf/httpd.conf", NULL
    };
    struct pl_str f = pl_prog_option(p, "-f"), d = pl_prog_option(p, "-d"), main = { NULL, 0 };
    if (p->file) { /* beside the program: PREFIX/bin/httpd, PREFIX/conf/httpd.conf */
        struct pl_str bin = pl_printf(k->a, "/%.*s", PL_FMT(p->file->path));
        main = pl_printf(k->a, "%.*s/conf/httpd.conf", PL_FMT(pl_path_dir(pl_path_dir(bin))));
        if (!pl_img_open(k->im, PL_S("/"), main))
            main.p = NULL;
    }
    if (f.n)
        main = f;
    else if (!main.p)
        pl_first_text(k->im, mains, &main);
    x.root = d.n ? d : main.p ? pl_path_dir(pl_path_dir(main)) : PL_S("/usr/local/apache2");
    if (main.p)
        httpd_file(&x, main);
    struct pl_str dir =
        x.runtime.n ? in_root(&x, x.runtime) : pl_printf(k->a, "%.*s/logs", PL_FMT(x.root));
    struct pl_need *n;
    if (x.pid.n)
        n = pl_needs_file(k, in_root(&x, x.pid), PL_STRONG, "PidFile");
    else
        n = pl_needs_file(k, pl_printf(k->a, "%.*s/httpd.pid", PL_FMT(dir)), PL_STRONG,
                          "httpd's pid file, where nothing else is set");
    if (n)
        n->by_root = true;
    if (x.runtime.n && (n = pl_needs_path(k, dir, PL_STRONG, "DefaultRuntimeDir")))
        n->by_root = true;
    if (!x.listens)
        pl_needs_port(k, 80, false, "httpd listens on 80");
    struct pl_str user = x.user.n ? x.user : PL_S("daemon");
    k->worker = pl_img_user(k->im, user);
    k->has_worker = true;
    k->worker_why = pl_printf(k->a, "User %.*s in %.*s", PL_FMT(user),
                              PL_FMT(x.user_at.n ? x.user_at : PL_S("httpd's configuration")));
    pl_needs_cap(k, "KILL", PL_STRONG,
                 "httpd's master signals workers of %.*s to stop and to restart", PL_FMT(user));
}
