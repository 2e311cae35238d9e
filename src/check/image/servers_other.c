/* Other servers and supervisors, documented needs of programs, habits of run times. */
/* SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>

#include "check/image/needs.h"

/* What a program is documented to ask for when it does its work. */
static const struct {
    const char *programs, *cap, *why;
} documented[] = {
    { "sshd", "SYS_CHROOT", "sshd confines its unprivileged child" },
    { "sshd", "SETUID", "sshd becomes the user who logs in" },
    { "sshd", "SETGID", "sshd becomes the user who logs in" },
    { "sshd", "KILL", "sshd signals sessions of its users" },
    { "sshd", "CHOWN", "sshd gives terminals to its users" },
    { "sshd", "DAC_OVERRIDE", "sshd reads files of its users" },
    { "sshd", "AUDIT_WRITE", "sshd writes login records" },
    { "cron crond anacron", "SETUID", "jobs run as their owners" },
    { "cron crond anacron", "SETGID", "jobs run as their owners" },
    { "dnsmasq", "NET_ADMIN", "dnsmasq asks for it when it serves DHCP" },
    { "dnsmasq", "NET_RAW", "dnsmasq sends raw packets when it serves DHCP" },
    { "dhcpd kea-dhcp4 udhcpd", "NET_RAW", "DHCP answers are raw packets" },
    { "tcpdump tshark dumpcap nmap arping fping ping snort suricata", "NET_RAW",
      "it reads or writes raw packets" },
    { "tcpdump tshark dumpcap suricata", "NET_ADMIN", "it puts interfaces in promiscuous mode" },
    { "openvpn wg-quick wireguard tailscaled strongswan charon ipsec", "NET_ADMIN",
      "it sets up tunnels and routes" },
    { "keepalived", "NET_ADMIN", "it moves addresses between hosts" },
    { "keepalived", "NET_RAW", "VRRP is a protocol of its own" },
    { "iptables nft ip fail2ban-server", "NET_ADMIN", "it changes the network's rules" },
    { "chronyd ntpd openntpd ptp4l", "SYS_TIME", "it sets the clock" },
    { "strace gdb gdbserver perf", "SYS_PTRACE", "it looks into other processes" },
    { "jackd", "SYS_NICE", "it asks for real-time scheduling" },
};

static void documented_needs(struct pl_needs *k, const struct pl_prog *p)
{
    for (size_t i = 0; i < sizeof documented / sizeof *documented; i++)
        if (pl_word_in(p->name, documented[i].programs))
            pl_needs_cap(k, documented[i].cap, PL_STRONG, "%.*s: %s", PL_FMT(p->name),
                         documented[i].why);
}

static void file(struct pl_needs *k, struct pl_str path, const char *what, struct pl_str at)
{
    if (path.n && path.p[0] == '/')
        pl_needs_file(k, path, PL_STRONG, "%s in %.*s", what, PL_FMT(at));
}

static void worker(struct pl_needs *k, struct pl_str user, const char *what, struct pl_str at)
{
    if (!user.n || pl_str_is(user, "root"))
        return;
    k->worker = pl_img_user(k->im, user);
    k->has_worker = true;
    k->worker_why = pl_printf(k->a, "%s %.*s in %.*s", what, PL_FMT(user), PL_FMT(at));
}

static uint32_t last_number(struct pl_str s)
{
    uint64_t v;
    const char *colon = s.n ? memrchr(s.p, ':', s.n) : NULL;
    if (colon)
        s = pl_str_sub(s, (size_t)(colon - s.p) + 1, s.n);
    return pl_str_u64(s, &v) && v < 65536 ? (uint32_t)v : 0;
}

/* ---- haproxy ---- */

static void haproxy(struct pl_needs *k, const struct pl_prog *p)
{
    static const char *const files[] = { "/usr/local/etc/haproxy/haproxy.cfg",
                                         "/etc/haproxy/haproxy.cfg", NULL };
    struct pl_str at = pl_prog_option(p, "-f"), text = { NULL, 0 }, line, w;
    const struct pl_img_file *f = at.n ? pl_img_open(k->im, k->t->main_cwd, at) : NULL;
    if (f && f->has_body)
        text = f->body;
    else
        text = pl_first_text(k->im, files, &at);
    while (text.p && pl_str_split(&text, '\n', &line)) {
        struct pl_str key;
        if (!pl_next_word(&line, &key) || key.p[0] == '#' || !pl_next_word(&line, &w))
            continue;
        if (pl_str_is(key, "stats") && pl_str_is(w, "socket") && pl_next_word(&line, &w))
            file(k, w, "stats socket", at);
        else if (pl_str_is(key, "pidfile"))
            file(k, w, "pidfile", at);
        else if (pl_str_is(key, "chroot"))
            pl_needs_cap(k, "SYS_CHROOT", PL_STRONG, "chroot %.*s in %.*s", PL_FMT(w), PL_FMT(at));
        else if (pl_str_is(key, "user"))
            worker(k, w, "user", at);
        else if (pl_str_is(key, "bind"))
            pl_needs_port(k, last_number(w), false, "bind %.*s in %.*s", PL_FMT(w), PL_FMT(at));
    }
}

/* ---- php-fpm ---- */

static void php_fpm(struct pl_needs *k)
{
    const struct pl_img *im = k->im;
    bool pool = false;
    for (size_t i = 0; i < im->n_file; i++) {
        const struct pl_img_file *f = &im->file[i];
        if (!f->has_body || !pl_str_ends(f->path, PL_S(".conf")) ||
            (pl_str_find(f->path, PL_S("php-fpm"), 0) == SIZE_MAX &&
             pl_str_find(f->path, PL_S("/fpm/"), 0) == SIZE_MAX))
            continue;
        struct pl_str at = pl_printf(k->a, "/%.*s", PL_FMT(f->path));
        struct pl_str user = pl_setting(f->body, "user", "="),
                      listen = pl_setting(f->body, "listen", "="),
                      log = pl_setting(f->body, "error_log", "=");
        file(k, pl_setting(f->body, "pid", "="), "pid", at);
        file(k, log, "error_log", at);
        worker(k, user, "user", at);
        pool |= user.n > 0;
        file(k, listen, "listen", at);
        if (listen.n && listen.p[0] != '/')
            pl_needs_port(k, last_number(listen), false, "listen %.*s in %.*s", PL_FMT(listen),
                          PL_FMT(at));
    }
    if (pool)
        pl_needs_cap(k, "KILL", PL_STRONG, "php-fpm's master signals workers of another user");
    pl_needs_path(k, PL_S("/tmp"), PL_MEDIUM,
                  "PHP keeps uploads and sessions in /tmp (upload_tmp_dir, session.save_path)");
}

/* ---- supervisors ---- */

static struct pl_str *words_of(struct pl_arena *a, struct pl_str line, size_t *ret_n)
{
    struct pl_str *w = pl_alloc_n(a, 64, sizeof *w), word;
    *ret_n = 0;
    while (*ret_n < 64 && pl_next_word(&line, &word)) {
        if (word.n >= 2 && (word.p[0] == '"' || word.p[0] == '\''))
            word = pl_str_sub(word, 1, word.p[word.n - 1] == word.p[0] ? word.n - 2 : word.n - 1);
        w[(*ret_n)++] = word;
    }
    return w;
}

static void child(struct pl_needs *k, const struct pl_prog *p, struct pl_str line,
                  struct pl_str user, struct pl_str at)
{
    struct pl_prog c = { .who = p->who, .script = at, .certain = true };
    c.argv = words_of(k->a, line, &c.n);
    if (!c.n || pl_str_eq(pl_path_base(c.argv[0]), p->name))
        return;
    c.name = pl_path_base(c.argv[0]);
    c.file = pl_img_which(k->im, k->t->main_cwd, c.argv[0]);
    if (user.n) {
        worker(k, user, "user", at);
        c.who = pl_img_user(k->im, user);
    }
    pl_server_needs(k, &c);
}

static void supervisord(struct pl_needs *k, const struct pl_prog *p)
{
    const struct pl_img *im = k->im;
    for (size_t i = 0; i < im->n_file; i++) {
        const struct pl_img_file *f = &im->file[i];
        if (!f->has_body || pl_str_find(f->path, PL_S("supervisor"), 0) == SIZE_MAX ||
            !(pl_str_ends(f->path, PL_S(".conf")) || pl_str_ends(f->path, PL_S(".ini"))))
            continue;
        struct pl_str at = pl_printf(k->a, "/%.*s", PL_FMT(f->path)), text = f->body, line,
                      section = PL_S(""), user = PL_S("");
        file(k, pl_setting(text, "pidfile", "="), "pidfile", at);
        file(k, pl_setting(text, "logfile", "="), "logfile", at);
        struct pl_str logs = pl_setting(text, "childlogdir", "=");
        if (logs.n && logs.p[0] == '/')
            pl_needs_path(k, logs, PL_STRONG, "childlogdir in %.*s", PL_FMT(at));
        struct pl_str command = PL_S("");
        while (text.p) {
            bool more = pl_str_split(&text, '\n', &line);
            line = pl_str_trim(line);
            if (!more || (line.n && line.p[0] == '[')) {
                if (command.n && pl_str_starts(section, PL_S("[program:")))
                    child(k, p, command, user, at);
                section = line;
                command = user = PL_S("");
            }
            struct pl_str v = pl_setting(line, "command", "=");
            command = v.n ? v : command;
            v = pl_setting(line, "user", "=");
            user = v.n ? v : user;
            if (pl_str_starts(section, PL_S("[unix_http_server]")))
                file(k, pl_setting(line, "file", "="), "unix_http_server", at);
            if (!more)
                break;
        }
        if (command.n && pl_str_starts(section, PL_S("[program:")))
            child(k, p, command, user, at);
    }
    if (!pl_prog_option(p, "-c --configuration").n)
        pl_needs_path(k, PL_S("/tmp"), PL_MEDIUM,
                      "supervisord keeps the output of programs in /tmp");
    if (k->has_worker)
        pl_needs_cap(k, "KILL", PL_STRONG, "supervisord stops programs of other users");
}

static void s6(struct pl_needs *k, const struct pl_prog *p)
{
    struct pl_need *n = pl_needs_path(k, PL_S("/run"), PL_STRONG,
                                      "s6 copies its services to /run and supervises them there");
    const struct pl_img *im = k->im;
    (void)p;
    if (n)
        n->exec = true;
    for (size_t i = 0; i < im->n_file; i++) {
        const struct pl_img_file *f = &im->file[i];
        bool service = pl_str_starts(f->path, PL_S("etc/services.d/")) ||
                       pl_str_starts(f->path, PL_S("etc/s6-overlay/")) ||
                       pl_str_starts(f->path, PL_S("etc/service/"));
        size_t at = f->has_body ? pl_str_find(f->body, PL_S("s6-setuidgid "), 0) : SIZE_MAX;
        if (!service || at == SIZE_MAX)
            continue;
        struct pl_str rest = pl_str_sub(f->body, at + 13, SIZE_MAX), user;
        if (pl_next_word(&rest, &user))
            worker(k, user, "s6-setuidgid", pl_printf(k->a, "/%.*s", PL_FMT(f->path)));
    }
    if (k->has_worker)
        pl_needs_cap(k, "KILL", PL_STRONG, "s6 stops services of other users");
}

/* ---- run times ---- */

static void avoid(struct pl_needs *k, const char *name, const char *value, const char *why)
{
    if (pl_img_env(k->im, pl_str_c(name)).p)
        return;
    struct pl_img_pair x = { pl_str_c(name), pl_printf(k->a, "%s\t%s", value, why) };
    pl_vec_push(&k->env, x);
}

static void program_habits(struct pl_needs *k, const struct pl_prog *p)
{
    uint32_t traits = p->file ? p->file->traits : 0;
    struct pl_str tmp = pl_img_env(k->im, PL_S("TMPDIR"));
    if (!(traits & PL_TRAIT_TEMPDIR) || !(traits & (PL_TRAIT_GO | PL_TRAIT_RUST)))
        return;
    pl_needs_path(k, tmp.n ? tmp : PL_S("/tmp"), PL_MEDIUM,
                  "%.*s asks for the folder of temporary files (found in the program)",
                  PL_FMT(p->name));
}

void pl_runtime_needs(struct pl_needs *k, const struct pl_prog *p)
{
    struct pl_str name = p->name;
    if (pl_str_starts(name, PL_S("python")) ||
        pl_word_in(name, "gunicorn uwsgi uvicorn celery flask django-admin supervisord"))
        avoid(k, "PYTHONDONTWRITEBYTECODE", "1", "Python writes __pycache__ beside its sources");
    if (pl_str_is(name, "java"))
        pl_needs_path(k, PL_S("/tmp"), PL_MEDIUM,
                      "the JVM keeps /tmp/hsperfdata_USER (-XX:-UsePerfData avoids it)");
    if (pl_str_is(name, "dotnet")) {
        pl_needs_path(k, PL_S("/tmp"), PL_MEDIUM,
                      "the .NET run time keeps its diagnostics in /tmp");
        avoid(k, "DOTNET_EnableDiagnostics", "0", "the .NET run time opens a diagnostics socket");
    }
    if (pl_word_in(name, "ruby puma rails bundle unicorn"))
        pl_needs_path(k, PL_S("/tmp"), PL_MEDIUM,
                      "Ruby applications keep caches in /tmp (bootsnap)");
    if (pl_word_in(name, "npm npx yarn pnpm"))
        pl_needs_path(k, PL_S("/tmp"), PL_MEDIUM,
                      "the package manager that starts it keeps a cache");
    program_habits(k, p);
}

void pl_server_other(struct pl_needs *k, const struct pl_prog *p)
{
    if (pl_word_in(p->name, "haproxy haproxy-systemd-wrapper"))
        haproxy(k, p);
    else if (pl_str_starts(p->name, PL_S("php-fpm")))
        php_fpm(k);
    else if (pl_str_is(p->name, "supervisord"))
        supervisord(k, p);
    else if (pl_word_in(p->name, "s6-svscan init s6-overlay-suexec") &&
             pl_img_which(k->im, PL_S("/"), PL_S("/command/s6-svscan")) != NULL)
        s6(k, p);
    else if (pl_str_is(p->name, "s6-svscan"))
        s6(k, p);
    else if (pl_str_is(p->name, "sshd")) {
        pl_needs_port(k, 22, false, "sshd listens on 22");
        pl_needs_file(k, PL_S("/run/sshd.pid"), PL_STRONG, "sshd's pid file");
        pl_needs_note(k,
                      "sshd needs real login sessions; run commands by the container's own means");
    }
}

void pl_server_needs(struct pl_needs *k, const struct pl_prog *p)
{
    if (k->needs.n > 3000)
        return;
    if (pl_word_in(p->name, "nginx nginx-debug openresty tengine angie freenginx"))
        pl_server_nginx(k, p);
    else if (pl_word_in(p->name, "httpd apache2 apache2ctl apachectl"))
        pl_server_httpd(k, p);
    else
        pl_server_database(k, p);
    pl_server_other(k, p);
    documented_needs(k, p);
    pl_runtime_needs(k, p);
}
