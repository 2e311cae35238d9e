/* The advice as docker flags, as a compose fragment and as JSON. formats/hardening.md section 4. */
/* SPDX-License-Identifier: Apache-2.0 */
#include <inttypes.h>

#include "check/image/advice.h"
#include "check/image/advice_int.h"
#include "fmt/jsonw.h"

void pl_advice_words(struct pl_buf *out, struct pl_str s)
{
    for (size_t i = 0; i < s.n && i < 400; i++) {
        unsigned char c = (unsigned char)s.p[i];
        pl_buf_putc(out, c < 0x20 || c == 0x7f ? ' ' : (char)c);
    }
}

void pl_advice_reasons(struct pl_buf *out, const struct pl_img_list *l)
{
    for (size_t i = 0; i < l->n && i < 4; i++) {
        if (i)
            pl_buf_puts(out, "; ");
        pl_advice_words(out, l->p[i]);
    }
    if (l->n > 4)
        pl_buf_printf(out, "; %zu more", l->n - 4);
}

/* A word for a shell, quoted where that is needed. */
static void word(struct pl_buf *out, struct pl_str s)
{
    bool plain = s.n > 0;
    for (size_t i = 0; i < s.n; i++) {
        char c = s.p[i];
        plain &= (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                 (c != 0 && strchr("/._-:=,@+%", c));
    }
    if (plain) {
        pl_buf_putn(out, s.p, s.n);
        return;
    }
    pl_buf_putc(out, '\'');
    for (size_t i = 0; i < s.n; i++) {
        if (s.p[i] == '\'')
            pl_buf_puts(out, "'\\''");
        else if ((unsigned char)s.p[i] >= 0x20)
            pl_buf_putc(out, s.p[i]);
    }
    pl_buf_putc(out, '\'');
}

void pl_advice_name(struct pl_buf *out, struct pl_str path)
{
    bool first = true;
    for (size_t i = 0; i < path.n && i < 60; i++) {
        char c = path.p[i];
        bool ok = (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');
        if (c >= 'A' && c <= 'Z') {
            c = (char)(c - 'A' + 'a');
            ok = true;
        }
        if (ok) {
            pl_buf_putc(out, c);
            first = false;
        } else if (!first && out->p[out->n - 1] != '-' && i + 1 < path.n) {
            pl_buf_putc(out, '-');
        }
    }
    if (first)
        pl_buf_puts(out, "data");
}

static void tmpfs_options(struct pl_buf *b, const struct pl_mount *m)
{
    pl_buf_printf(b, "rw,%snosuid,nodev", m->exec ? "exec," : "noexec,");
    if (m->has_owner)
        pl_buf_printf(b, ",uid=%u,gid=%u", m->uid, m->gid);
    pl_buf_printf(b, ",mode=%04o", m->mode & 07777);
    if (m->size)
        pl_buf_printf(b, ",size=%" PRIu64, m->size);
}

/* ---- docker ---- */

static void line(struct pl_buf *out, struct pl_buf *flag, const char *confidence)
{
    pl_buf_putn(out, flag->p, flag->n);
    pl_buf_printf(out, "  # %s%s", confidence, *confidence ? ": " : "");
    pl_buf_clear(flag);
}

static void docker_mount(struct pl_buf *out, const struct pl_mount *m)
{
    pl_auto_buf struct pl_buf f = { 0 }, w = { 0 };
    if (m->volume) {
        pl_buf_puts(&f, "-v ");
        pl_advice_name(&w, m->path);
        pl_buf_putc(&w, ':');
        pl_buf_putn(&w, m->path.p, m->path.n);
    } else {
        pl_buf_puts(&f, "--tmpfs ");
        pl_buf_putn(&w, m->path.p, m->path.n);
        pl_buf_putc(&w, ':');
        tmpfs_options(&w, m);
    }
    word(&f, pl_buf_str(&w));
    line(out, &f, pl_confidence_name(m->confidence));
    pl_advice_reasons(out, &m->reasons);
    pl_buf_putc(out, '\n');
}

static void docker_variant(const struct pl_advice *x, const struct pl_variant *v,
                           struct pl_buf *out)
{
    pl_auto_buf struct pl_buf f = { 0 };
    pl_buf_printf(out, "# variant %s\n", pl_variant_name(v->kind));
    pl_buf_puts(out, "--read-only  # certain: what must be writable is listed below\n");
    if (v->set_user && v->user_known) {
        pl_buf_printf(out, "--user %u:%u  # strong: ", v->uid, v->gid);
        pl_buf_puts(out, v->kind == PL_VARIANT_USER ? "the user it steps down to"
                                                    : "its own user, as a number");
        if (v->user_name.n) {
            pl_buf_puts(out, ", ");
            pl_advice_words(out, v->user_name);
        }
        pl_buf_putc(out, '\n');
    }
    pl_buf_puts(out, "--cap-drop ALL  # certain: those that are needed are added below\n");
    for (size_t i = 0; i < v->n_cap; i++) {
        pl_buf_puts(&f, "--cap-add ");
        pl_buf_putn(&f, v->cap[i].cap.p, v->cap[i].cap.n);
        line(out, &f, pl_confidence_name(v->cap[i].confidence));
        pl_advice_reasons(out, &v->cap[i].reasons);
        pl_buf_putc(out, '\n');
    }
    if (v->privileges) {
        pl_buf_puts(out, "# no-new-privileges is left out: ");
        pl_advice_words(out, v->privileges_why);
        pl_buf_putc(out, '\n');
    } else {
        pl_buf_puts(out, "--security-opt no-new-privileges  # certain: nothing it starts needs "
                         "the rights of a setuid file\n");
    }
    for (size_t i = 0; i < v->n_mount; i++)
        docker_mount(out, &v->mount[i]);
    pl_buf_printf(out, "--pids-limit %u  # medium: ", x->pids);
    pl_advice_words(out, x->pids_why);
    pl_buf_putc(out, '\n');
    for (size_t i = 0; i < x->n_env; i++) {
        struct pl_str why = x->env[i].value, value;
        pl_str_split(&why, '\t', &value);
        pl_buf_printf(out, "-e %.*s=%.*s  # medium: ", PL_FMT(x->env[i].name), PL_FMT(value));
        pl_advice_words(out, why.p ? why : PL_S(""));
        pl_buf_putc(out, '\n');
    }
    if (x->health.n) {
        pl_buf_puts(&f, "--health-cmd ");
        word(&f, x->health);
        line(out, &f, "strong");
        pl_advice_words(out, x->health_why);
        pl_buf_putc(out, '\n');
    }
    for (size_t i = 0; i < v->notes.n; i++) {
        pl_buf_puts(out, "# note: ");
        pl_advice_words(out, v->notes.p[i]);
        pl_buf_putc(out, '\n');
    }
}

static void tail(const struct pl_advice *x, const char *mark, struct pl_buf *out)
{
    for (size_t i = 0; i < x->weak.n; i++) {
        pl_buf_printf(out, "%s not demanded: ", mark);
        pl_advice_words(out, x->weak.p[i]);
        pl_buf_putc(out, '\n');
    }
    for (size_t i = 0; i < x->unread.n; i++) {
        pl_buf_printf(out, "%s not followed: ", mark);
        pl_advice_words(out, x->unread.p[i]);
        pl_buf_putc(out, '\n');
    }
}

void pl_advice_tail(const struct pl_advice *x, struct pl_buf *out)
{
    tail(x, "#", out);
}

void pl_advice_docker(const struct pl_advice *x, struct pl_str name, struct pl_buf *out)
{
    (void)name;
    if (x->root_stays)
        pl_buf_puts(out, "# it runs as root to the end\n");
    for (size_t i = 0; i < x->n; i++)
        docker_variant(x, &x->variant[i], out);
    tail(x, "#", out);
}

/* ---- compose ---- */

static void comment(struct pl_buf *out, const char *confidence, const struct pl_img_list *l)
{
    pl_buf_printf(out, "  # %s: ", confidence);
    pl_advice_reasons(out, l);
    pl_buf_putc(out, '\n');
}

static void compose_mounts(const struct pl_variant *v, struct pl_buf *out)
{
    bool tmpfs = false, volumes = false;
    for (size_t i = 0; i < v->n_mount; i++) {
        tmpfs |= !v->mount[i].volume;
        volumes |= v->mount[i].volume;
    }
    if (tmpfs)
        pl_buf_puts(out, "    tmpfs:\n");
    for (size_t i = 0; i < v->n_mount; i++) {
        const struct pl_mount *m = &v->mount[i];
        pl_auto_buf struct pl_buf w = { 0 };
        if (m->volume)
            continue;
        pl_buf_putn(&w, m->path.p, m->path.n);
        pl_buf_putc(&w, ':');
        tmpfs_options(&w, m);
        pl_buf_puts(out, "      - ");
        pl_advice_yaml(out, pl_buf_str(&w));
        comment(out, pl_confidence_name(m->confidence), &m->reasons);
    }
    if (volumes)
        pl_buf_puts(out, "    volumes:\n");
    for (size_t i = 0; i < v->n_mount; i++) {
        const struct pl_mount *m = &v->mount[i];
        pl_auto_buf struct pl_buf w = { 0 };
        if (!m->volume)
            continue;
        pl_advice_name(&w, m->path);
        pl_buf_putc(&w, ':');
        pl_buf_putn(&w, m->path.p, m->path.n);
        pl_buf_puts(out, "      - ");
        pl_advice_yaml(out, pl_buf_str(&w));
        comment(out, pl_confidence_name(m->confidence), &m->reasons);
    }
}

static void compose_variant(const struct pl_advice *x, const struct pl_variant *v,
                            struct pl_str name, struct pl_buf *out)
{
    pl_buf_printf(out, "# variant %s\nservices:\n  ", pl_variant_name(v->kind));
    pl_advice_name(out, name);
    pl_buf_puts(out, ":\n    read_only: true\n");
    if (v->set_user && v->user_known)
        pl_buf_printf(out, "    user: \"%u:%u\"\n", v->uid, v->gid);
    pl_buf_puts(out, "    cap_drop:\n      - ALL\n");
    if (v->n_cap)
        pl_buf_puts(out, "    cap_add:\n");
    for (size_t i = 0; i < v->n_cap; i++) {
        pl_buf_printf(out, "      - %.*s", PL_FMT(v->cap[i].cap));
        comment(out, pl_confidence_name(v->cap[i].confidence), &v->cap[i].reasons);
    }
    if (v->privileges) {
        pl_buf_puts(out, "    # no-new-privileges is left out: ");
        pl_advice_words(out, v->privileges_why);
        pl_buf_putc(out, '\n');
    } else {
        pl_buf_puts(out, "    security_opt:\n      - no-new-privileges:true\n");
    }
    compose_mounts(v, out);
    pl_buf_printf(out, "    pids_limit: %u\n", x->pids);
    if (x->n_env)
        pl_buf_puts(out, "    environment:\n");
    for (size_t i = 0; i < x->n_env; i++) {
        struct pl_str why = x->env[i].value, value;
        pl_str_split(&why, '\t', &value);
        pl_buf_printf(out, "      %.*s: \"%.*s\"  # ", PL_FMT(x->env[i].name), PL_FMT(value));
        pl_advice_words(out, why.p ? why : PL_S(""));
        pl_buf_putc(out, '\n');
    }
    if (x->health.n) {
        pl_buf_puts(out, "    healthcheck:\n      test: [\"CMD-SHELL\", ");
        pl_advice_yaml(out, x->health);
        pl_buf_puts(out, "]\n");
    }
    bool first = true;
    for (size_t i = 0; i < v->n_mount; i++) {
        if (!v->mount[i].volume)
            continue;
        pl_buf_puts(out, first ? "volumes:\n  " : "  ");
        pl_advice_name(out, v->mount[i].path);
        pl_buf_puts(out, ": {}\n");
        first = false;
    }
    for (size_t i = 0; i < v->notes.n; i++) {
        pl_buf_puts(out, "# note: ");
        pl_advice_words(out, v->notes.p[i]);
        pl_buf_putc(out, '\n');
    }
}

void pl_advice_compose(const struct pl_advice *x, struct pl_str name, struct pl_buf *out)
{
    if (x->root_stays)
        pl_buf_puts(out, "# it runs as root to the end\n");
    for (size_t i = 0; i < x->n; i++) {
        if (i)
            pl_buf_puts(out, "---\n");
        compose_variant(x, &x->variant[i], name, out);
    }
    tail(x, "#", out);
}

/* ---- JSON ---- */

static void json_mount(struct pl_jsonw *w, const struct pl_mount *m)
{
    char mode[8];
    snprintf(mode, sizeof mode, "%04o", m->mode & 07777);
    pl_jw_obj(w);
    pl_jw_kstr(w, "path", m->path);
    if (!m->volume) {
        pl_jw_key(w, "uid");
        if (m->has_owner)
            pl_jw_u64(w, m->uid);
        else
            pl_jw_null(w);
        pl_jw_key(w, "gid");
        if (m->has_owner)
            pl_jw_u64(w, m->gid);
        else
            pl_jw_null(w);
        pl_jw_kcstr(w, "mode", mode);
        pl_jw_key(w, "size");
        if (m->size)
            pl_jw_u64(w, m->size);
        else
            pl_jw_null(w);
        pl_jw_kbool(w, "exec", m->exec);
    }
    pl_jw_kcstr(w, "confidence", pl_confidence_name(m->confidence));
    pl_jw_kstrs(w, "reasons", m->reasons.p, m->reasons.n);
    pl_jw_obj_end(w);
}

static void json_mounts(struct pl_jsonw *w, const char *key, const struct pl_variant *v,
                        bool volume)
{
    pl_jw_key(w, key);
    pl_jw_arr(w);
    for (size_t i = 0; i < v->n_mount; i++)
        if (v->mount[i].volume == volume)
            json_mount(w, &v->mount[i]);
    pl_jw_arr_end(w);
}

static void json_variant(const struct pl_advice *x, const struct pl_variant *v, struct pl_jsonw *w)
{
    pl_jw_obj(w);
    pl_jw_kcstr(w, "variant", pl_variant_name(v->kind));
    pl_jw_key(w, "user");
    if (v->user_known) {
        char user[32];
        snprintf(user, sizeof user, "%u:%u", v->uid, v->gid);
        pl_jw_cstr(w, user);
    } else {
        pl_jw_null(w);
    }
    pl_jw_kbool(w, "read_only", true);
    json_mounts(w, "tmpfs", v, false);
    json_mounts(w, "volumes", v, true);
    pl_jw_key(w, "cap_drop");
    pl_jw_arr(w);
    pl_jw_cstr(w, "ALL");
    pl_jw_arr_end(w);
    pl_jw_key(w, "cap_add");
    pl_jw_arr(w);
    for (size_t i = 0; i < v->n_cap; i++) {
        pl_auto_buf struct pl_buf why = { 0 };
        pl_advice_reasons(&why, &v->cap[i].reasons);
        pl_jw_obj(w);
        pl_jw_kstr(w, "cap", v->cap[i].cap);
        pl_jw_kstr(w, "reason", pl_buf_str(&why));
        pl_jw_kcstr(w, "confidence", pl_confidence_name(v->cap[i].confidence));
        pl_jw_obj_end(w);
    }
    pl_jw_arr_end(w);
    pl_jw_key(w, "security_opt");
    pl_jw_arr(w);
    if (!v->privileges)
        pl_jw_cstr(w, "no-new-privileges");
    pl_jw_arr_end(w);
    pl_jw_ku64(w, "pids_limit", x->pids);
    pl_jw_key(w, "health_cmd");
    pl_jw_str_or_null(w, x->health);
    pl_jw_key(w, "notes");
    pl_jw_arr(w);
    if (v->privileges)
        pl_jw_str(w, v->privileges_why);
    for (size_t i = 0; i < v->notes.n; i++)
        pl_jw_str(w, v->notes.p[i]);
    pl_jw_arr_end(w);
    pl_jw_obj_end(w);
}

void pl_advice_json(const struct pl_advice *x, struct pl_jsonw *w)
{
    pl_jw_key(w, "program");
    pl_jw_str_or_null(w, x->program);
    pl_jw_kbool(w, "root_stays", x->root_stays);
    pl_jw_kstrs(w, "ports", x->ports.p, x->ports.n);
    pl_jw_key(w, "variants");
    pl_jw_arr(w);
    for (size_t i = 0; i < x->n; i++)
        json_variant(x, &x->variant[i], w);
    pl_jw_arr_end(w);
    pl_jw_key(w, "environment");
    pl_jw_arr(w);
    for (size_t i = 0; i < x->n_env; i++) {
        struct pl_str why = x->env[i].value, value;
        pl_str_split(&why, '\t', &value);
        pl_jw_obj(w);
        pl_jw_kstr(w, "name", x->env[i].name);
        pl_jw_kstr(w, "value", value);
        pl_jw_kstr(w, "reason", why.p ? why : PL_S(""));
        pl_jw_obj_end(w);
    }
    pl_jw_arr_end(w);
    pl_jw_kstrs(w, "not_demanded", x->weak.p, x->weak.n);
    pl_jw_kstrs(w, "not_followed", x->unread.p, x->unread.n);
}
