/* The configuration: user, ports, volumes, variables, history. formats/hardening.md section 1. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "check/image/judge_int.h"

static bool has(struct pl_str s, const char *what)
{
    return pl_str_find(s, pl_str_c(what), 0) != SIZE_MAX;
}

/* ---- user ---- */

static void accounts(struct pl_judge *j)
{
    const struct pl_img *im = j->im;
    const struct pl_img_file *passwd = pl_img_open(im, PL_S("/"), PL_S("/etc/passwd"));
    const struct pl_img_file *shadow = pl_img_open(im, PL_S("/"), PL_S("/etc/shadow"));
    for (size_t i = 0; i < im->n_users && passwd; i++) {
        const struct pl_img_user *u = &im->users[i];
        if (!u->password.n)
            pl_judge_file(j, PL_IMG_C005, passwd, "%.*s", PL_FMT(u->name))->line = u->line;
        for (size_t k = 0; k < i; k++)
            if (im->users[k].uid == u->uid && i < 5000) {
                pl_judge_file(j, PL_IMG_C006, passwd, "%.*s and %.*s are both uid %u",
                              PL_FMT(im->users[k].name), PL_FMT(u->name), u->uid)
                    ->line = u->line;
                break;
            }
    }
    const struct pl_img_file *group = pl_img_open(im, PL_S("/"), PL_S("/etc/group"));
    for (size_t i = 0; i < im->n_groups && group && i < 5000; i++)
        for (size_t k = 0; k < i; k++)
            if (im->groups[k].gid == im->groups[i].gid) {
                pl_judge_file(j, PL_IMG_C006, group, "%.*s and %.*s are both gid %u",
                              PL_FMT(im->groups[k].name), PL_FMT(im->groups[i].name),
                              im->groups[i].gid)
                    ->line = im->groups[i].line;
                break;
            }
    struct pl_str text = shadow && shadow->has_body ? shadow->body : PL_S(""), line, name;
    uint32_t no = 0;
    while (text.n && pl_str_split(&text, '\n', &line)) {
        struct pl_str rest = line;
        no++;
        if (pl_str_split(&rest, ':', &name) && name.n && rest.n && rest.p[0] == ':')
            pl_judge_file(j, PL_IMG_C005, shadow, "%.*s", PL_FMT(name))->line = no;
    }
}

/* A base for others has no command, or a shell. */
static bool no_program(const struct pl_img *im)
{
    struct pl_str name = im->cmd.n ? pl_path_base(im->cmd.p[0]) : PL_S("");
    bool shell = pl_str_is(name, "sh") || pl_str_is(name, "bash") || pl_str_is(name, "ash");
    return !im->entrypoint.n && (!im->cmd.n || (im->cmd.n == 1 && shell));
}

void pl_judge_user(struct pl_judge *j)
{
    const struct pl_img *im = j->im;
    struct pl_img_who w = pl_img_user(im, im->user);
    const char *word = im->user.n ? "USER" : NULL;
    if (w.missing) {
        pl_judge_config(j, PL_IMG_C003, PL_SURF_CONFIG, im->user, "USER", "%.*s", PL_FMT(im->user));
    } else if (w.uid == 0) {
        bool steps = j->advice->n == 2, idle = no_program(im);
        struct pl_img_finding *f =
            pl_judge_config(j, PL_IMG_C001, PL_SURF_CONFIG, PL_S("/config/User"), word, "%s",
                            steps        ? "it steps down to another user by itself"
                            : idle       ? "it names no program: a base for others"
                            : im->user.n ? "USER says so"
                                         : "no USER is set");
        if (steps || idle)
            f->severity = PL_SEV_INFO;
    } else if (w.by_name) {
        pl_judge_config(j, PL_IMG_C002, PL_SURF_CONFIG, im->user, "USER", "%.*s is %u",
                        PL_FMT(im->user), w.uid);
    }
    accounts(j);
}

/* ---- the rest of the configuration ---- */

static void ports(struct pl_judge *j)
{
    struct pl_img_who w = pl_img_user(j->im, j->im->user);
    for (size_t i = 0; i < j->im->ports.n; i++) {
        struct pl_str rest = j->im->ports.p[i], number;
        uint64_t v;
        if (!pl_str_split(&rest, '/', &number) || !pl_str_u64(number, &v))
            continue;
        if (v == 22)
            pl_judge_config(j, PL_IMG_C011, PL_SURF_CONFIG, j->im->ports.p[i], "EXPOSE",
                            "port 22 is exposed");
        else if (v < 1024 && w.known && w.uid)
            pl_judge_config(j, PL_IMG_C012, PL_SURF_CONFIG, j->im->ports.p[i], "EXPOSE",
                            "port %.*s, uid %u", PL_FMT(number), w.uid);
    }
}

static void volumes(struct pl_judge *j)
{
    static const char *const bad[] = { "/dev", "/proc", "/sys", "/etc" };
    for (size_t i = 0; i < j->im->volumes.n; i++) {
        struct pl_str v = j->im->volumes.p[i];
        bool hit = pl_str_is(v, "/") || has(v, "docker.sock") || has(v, "containerd.sock");
        for (size_t k = 0; k < 4; k++)
            hit |= pl_path_in(v, pl_str_c(bad[k]));
        if (hit)
            pl_judge_config(j, PL_IMG_C013, PL_SURF_CONFIG, v, "VOLUME", "%.*s", PL_FMT(v));
    }
}

static const struct {
    const char *name, *value, *what; /* value NULL: any that is set; "!0": any but off */
} weak_env[] = {
    { "PYTHONHTTPSVERIFY", "0", "Python checks no certificates" },
    { "NODE_TLS_REJECT_UNAUTHORIZED", "0", "Node checks no certificates" },
    { "GIT_SSL_NO_VERIFY", "!0", "git checks no certificates" },
    { "LD_PRELOAD", NULL, "a library is put into every program" },
    { "LD_LIBRARY_PATH", "~", "libraries may come from a folder that is not absolute" },
    { "PIP_TRUSTED_HOST", NULL, "pip checks no certificate of this host" },
    { "NPM_CONFIG_STRICT_SSL", "false", "npm checks no certificates" },
    { "npm_config_strict_ssl", "false", "npm checks no certificates" },
    { "YARN_ENABLE_STRICT_SSL", "false", "yarn checks no certificates" },
    { "CURL_INSECURE", NULL, "curl checks no certificates" },
    { "GONOSUMDB", "*", "go checks no sums" },
    { "GONOSUMCHECK", NULL, "go checks no sums" },
    { "GOFLAGS", "?-insecure", "go fetches without TLS" },
    { "NODE_OPTIONS", "?--inspect", "a debugger may attach" },
    { "PERL_LWP_SSL_VERIFY_HOSTNAME", "0", "Perl checks no host names" },
    { "AWS_CA_BUNDLE", "", "no certificates are checked" },
};

static bool weak_value(const char *want, struct pl_str v)
{
    if (!want)
        return v.n > 0;
    if (*want == '!')
        return v.n && !pl_str_is(v, "0") && !pl_str_is(v, "false");
    if (*want == '?')
        return has(v, want + 1);
    if (*want == '~') {
        struct pl_str dir;
        while (v.p && pl_str_split(&v, ':', &dir))
            if (!dir.n || dir.p[0] != '/')
                return true;
        return false;
    }
    return pl_str_is(v, want);
}

static void search_path(struct pl_judge *j, struct pl_str v)
{
    struct pl_str dir;
    while (v.p && pl_str_split(&v, ':', &dir)) {
        const struct pl_img_file *f =
            dir.n && dir.p[0] == '/' ? pl_img_open(j->im, PL_S("/"), dir) : NULL;
        if (!dir.n || (dir.p[0] != '/' && dir.p[0] != '$'))
            pl_judge_config(j, PL_IMG_C017, PL_SURF_ENV, PL_S("PATH"), "ENV",
                            "PATH has a part that is not absolute: '%.*s'",
                            PL_FMT(pl_str_sub(dir, 0, 100)));
        else if (pl_path_in(dir, PL_S("/tmp")) || (f && (f->mode & 02)))
            pl_judge_config(j, PL_IMG_C017, PL_SURF_ENV, PL_S("PATH"), "ENV",
                            "PATH has a folder that anybody may write to: %.*s",
                            PL_FMT(pl_str_sub(dir, 0, 100)));
    }
}

static void environment(struct pl_judge *j)
{
    for (size_t i = 0; i < j->im->n_env; i++) {
        const struct pl_img_pair *e = &j->im->env[i];
        for (size_t k = 0; k < sizeof weak_env / sizeof *weak_env; k++)
            if (pl_str_is(e->name, weak_env[k].name) && weak_value(weak_env[k].value, e->value))
                pl_judge_config(j, PL_IMG_C017, PL_SURF_ENV, e->name, "ENV", "%s: %s",
                                weak_env[k].name, weak_env[k].what);
        if (pl_str_is(e->name, "PATH"))
            search_path(j, e->value);
    }
}

void pl_judge_settings(struct pl_judge *j)
{
    const struct pl_img *im = j->im;
    bool none = !im->health.n || pl_str_is(im->health.p[0], "NONE");
    if (none && im->ports.n && (im->entrypoint.n || im->cmd.n))
        pl_judge_config(j, PL_IMG_C010, PL_SURF_HEALTHCHECK, PL_S(""), NULL,
                        im->health.n ? "it is switched off" : "the image exposes a port");
    if (im->entry_shell)
        pl_judge_config(j, PL_IMG_C016, PL_SURF_ENTRYPOINT, PL_S(""), "ENTRYPOINT",
                        "ENTRYPOINT is in shell form");
    if (im->cmd_shell && !im->entrypoint.n && im->cmd.n > 2 &&
        !pl_str_starts(pl_str_trim(im->cmd.p[2]), PL_S("exec ")))
        pl_judge_config(j, PL_IMG_C016, PL_SURF_CMD, PL_S(""), "CMD", "CMD is in shell form");
    ports(j);
    volumes(j);
    environment(j);
}

/* ---- history ---- */

/* What an instruction ran: without "/bin/sh -c", build arguments in front and BuildKit's mark. */
static struct pl_str ran(struct pl_str by)
{
    if (pl_str_starts(by, PL_S("RUN ")))
        by = pl_str_sub(by, 4, by.n);
    if (by.n && by.p[0] == '|') { /* "|2 A=b C=d /bin/sh -c …" */
        size_t at = pl_str_find(by, PL_S(" -c "), 0);
        by = at == SIZE_MAX ? by : pl_str_sub(by, at + 4, by.n);
    }
    size_t at = pl_str_find(by, PL_S("/sh -c "), 0);
    if (at != SIZE_MAX && at < 24)
        by = pl_str_sub(by, at + 7, by.n);
    at = pl_str_find(by, PL_S("# buildkit"), 0);
    return pl_str_sub(by, 0, at);
}

static const struct {
    const char *all[3]; /* every one of them */
    const char *without;
    enum pl_img_rule_id rule;
    const char *what;
} history_signs[] = {
    { { "curl", "| sh" }, NULL, PL_IMG_C018, "a download is run without a check (curl | sh)" },
    { { "curl", "| bash" }, NULL, PL_IMG_C018, "a download is run without a check (curl | bash)" },
    { { "wget", "| sh" }, NULL, PL_IMG_C018, "a download is run without a check (wget | sh)" },
    { { "wget", "| bash" }, NULL, PL_IMG_C018, "a download is run without a check (wget | bash)" },
    { { "curl", " -k " }, NULL, PL_IMG_C018, "curl checks no certificate" },
    { { "curl", "--insecure" }, NULL, PL_IMG_C018, "curl checks no certificate" },
    { { "wget", "--no-check-certificate" }, NULL, PL_IMG_C018, "wget checks no certificate" },
    { { "--allow-unauthenticated" }, NULL, PL_IMG_C018, "packages are installed unsigned" },
    { { "apk", "--allow-untrusted" }, NULL, PL_IMG_C018, "packages are installed unsigned" },
    { { "--nogpgcheck" }, NULL, PL_IMG_C018, "packages are installed unsigned" },
    { { "chmod", " 777" }, NULL, PL_IMG_C018, "everything is allowed to everybody (chmod 777)" },
    { { "chmod", "a+rwx" }, NULL, PL_IMG_C018, "everything is allowed to everybody" },
    { { "chpasswd" }, NULL, PL_IMG_C018, "a password is set" },
    { { "rm ", "/var/log/" }, "apt", PL_IMG_C018, "logs are removed" },
    { { "sudo " }, "install", PL_IMG_C021, "sudo" },
    { { "apt-get", "dist-upgrade" }, NULL, PL_IMG_C022, "apt-get dist-upgrade" },
    { { "apk", " add" }, "--no-cache", PL_IMG_C023, "apk add without --no-cache" },
    { { "apt-get", "install" }, "/var/lib/apt/lists", PL_IMG_C024, "apt-get install" },
    { { "apt-get update" }, "install", PL_IMG_C027, "apt-get update alone" },
    { { "apk update" }, "add", PL_IMG_C027, "apk update alone" },
};

static bool shows(struct pl_str s, size_t k)
{
    for (size_t i = 0; i < 3 && history_signs[k].all[i]; i++)
        if (!has(s, history_signs[k].all[i]))
            return false;
    if (!history_signs[k].without || !has(s, history_signs[k].without))
        return true;
    return false;
}

static void one_entry(struct pl_judge *j, size_t i)
{
    struct pl_str by = j->im->history[i].created_by, text = ran(by);
    bool nop = has(by, "#(nop)");
    size_t at = pl_str_find(by, PL_S("ADD "), 0);
    /* an archive that makes the base is what ADD is for */
    if (at != SIZE_MAX && at < 24 && i > 0 && !has(by, " in / ") && !has(by, ".tar"))
        pl_judge_history(j, PL_IMG_C026, i, "an ADD after the base");
    if (nop || !text.n)
        return;
    for (size_t k = 0; k < sizeof history_signs / sizeof *history_signs; k++)
        if (shows(text, k))
            pl_judge_history(j, history_signs[k].rule, i, "%s", history_signs[k].what);
}

/* Days since 1970 of "2026-11-22T…"; false when it is none or of a reproducible build. */
static bool days_of(struct pl_str t, int64_t *ret)
{
    uint64_t y, m, d;
    if (t.n < 10 || !pl_str_u64(pl_str_sub(t, 0, 4), &y) || !pl_str_u64(pl_str_sub(t, 5, 2), &m) ||
        !pl_str_u64(pl_str_sub(t, 8, 2), &d) || y < 1990 || m < 1 || m > 12)
        return false;
    int64_t yy = (int64_t)y - (m <= 2), era = yy / 400, yoe = yy - era * 400;
    int64_t doy = (153 * ((int64_t)m + (m > 2 ? -3 : 9)) + 2) / 5 + (int64_t)d - 1;
    *ret = era * 146097 + yoe * 365 + yoe / 4 - yoe / 100 + doy - 719468;
    return true;
}

/* A base ends with the command it gives: what comes after is the image's own. */
static void base_age(struct pl_judge *j)
{
    const struct pl_img *im = j->im;
    size_t end = 0;
    int64_t made, age = 0;
    for (size_t i = 0; i + 1 < im->n_history && !end; i++) {
        struct pl_str by = im->history[i].created_by;
        size_t at = pl_str_find(by, PL_S("CMD ["), 0);
        if (at != SIZE_MAX && at < 24)
            end = i + 1;
    }
    size_t newest = SIZE_MAX;
    for (size_t i = 0; i < end; i++)
        if (!im->history[i].empty)
            newest = i;
    if (newest == SIZE_MAX || !im->now_days || !days_of(im->history[newest].created, &made))
        return;
    age = im->now_days - made;
    if (age <= 90 || age > 36500)
        return;
    struct pl_img_finding *f =
        pl_judge_history(j, PL_IMG_C030, newest, "%lld days", (long long)age);
    if (age > 365)
        f->severity = PL_SEV_MEDIUM;
}

void pl_judge_history_all(struct pl_judge *j)
{
    for (size_t i = 0; i < j->im->n_history; i++)
        one_entry(j, i);
    base_age(j);
}
