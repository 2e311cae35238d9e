/* plimsoll gate doctor: ways around the gate, in what is configured. Changes nothing.
 * formats/gates.md section 3. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "cmd/gate_doctor.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include "fmt/json.h"
#include "io/file.h"
#include "report/escape.h"
#include "sign/root.h"

#define CONTAINERD "/etc/containerd/config.toml"
#define PODMAN "/etc/containers/policy.json"
#define DAY_S 86400

__attribute__((format(printf, 5, 0))) static void say(struct pl_doctor *d, const char *what,
                                                      const char *where, unsigned line,
                                                      const char *fmt, va_list ap)
{
    char text[600];
    vsnprintf(text, sizeof text, fmt, ap);
    pl_buf_printf(&d->out, "%-5s ", what);
    pl_esc(&d->out, PL_ESC_TERM, pl_str_c(where));
    if (line)
        pl_buf_printf(&d->out, ":%u", line);
    pl_buf_puts(&d->out, ": ");
    pl_esc(&d->out, PL_ESC_TERM, pl_str_c(text));
    pl_buf_putc(&d->out, '\n');
}

void pl_doctor_hole(struct pl_doctor *d, const char *where, unsigned line, const char *fmt, ...)
{
    va_list ap;
    va_start(ap, fmt);
    say(d, "HOLE", where, line, fmt, ap);
    va_end(ap);
    d->holes++;
}

void pl_doctor_note(struct pl_doctor *d, const char *where, unsigned line, const char *fmt, ...)
{
    va_list ap;
    va_start(ap, fmt);
    say(d, "note", where, line, fmt, ap);
    va_end(ap);
    d->notes++;
}

void pl_doctor_unread(struct pl_doctor *d, const char *where, const char *why)
{
    pl_buf_printf(&d->out, "ERROR %s: %s\n", where, why);
    d->unread++;
}

/* ---- the policy ---- */

/* An example of what a pattern matches, "**" being one component or several. */
static struct pl_str example(struct pl_arena *a, struct pl_str pattern, const char *deep)
{
    pl_auto_buf struct pl_buf b = { 0 };
    for (size_t i = 0; i < pattern.n; i++) {
        bool two = pl_str_starts(pl_str_sub(pattern, i, 2), PL_S("**"));
        if (two)
            pl_buf_puts(&b, deep);
        else if (pattern.p[i] == '*')
            pl_buf_puts(&b, "zq9");
        else
            pl_buf_putc(&b, pattern.p[i]);
        i += two;
    }
    return pl_dup(a, pl_buf_str(&b));
}

static bool covered(struct pl_doctor *d, const struct pl_rule_scope *by, struct pl_str pattern)
{
    struct pl_str one = example(&d->a, pattern, "zq8"),
                  more = example(&d->a, pattern, "zq8/zq7/zq6");
    for (size_t i = 0; i < by->match.n && !by->except.n; i++)
        if (pl_policy_match(by->match.p[i], one) && pl_policy_match(by->match.p[i], more))
            return true;
    return false;
}

static void unreachable(struct pl_doctor *d, size_t at)
{
    const struct pl_rule_scope *s = &d->policy->scopes[at];
    size_t n = 0, by = 0;
    for (size_t i = 0; i < s->match.n; i++)
        for (size_t k = 0; k < at; k++)
            if (covered(d, &d->policy->scopes[k], s->match.p[i])) {
                n++;
                by = k;
                break;
            }
    if (n == s->match.n)
        pl_doctor_hole(d, d->policy->name.p, s->line,
                       "this scope is never reached: the one of line %u matches first",
                       d->policy->scopes[by].line);
}

static void old_root(struct pl_doctor *d)
{
    const struct pl_policy *p = d->policy;
    pl_auto_buf struct pl_buf b = { .max = PL_MIB(16) };
    struct pl_str text = pl_root_builtin();
    struct pl_root *root = NULL;
    bool need = p->trust_root.n > 0;
    for (size_t i = 0; i < p->n_signers; i++)
        need |= p->signers[i].identity;
    if (p->trust_root.n) {
        const char *path =
            p->trust_root.p[0] == '/'
                ? p->trust_root.p
                : pl_printf(&d->a, "%.*s%.*s", PL_FMT(p->dir), PL_FMT(p->trust_root)).p;
        text = pl_file_read(path, &b, NULL) == 0 ? pl_buf_str(&b) : PL_S("");
    }
    if (need && text.p && pl_root_parse(text, &root, NULL) == 0 &&
        d->now_s - root->newest_ns / 1000000000 > 365 * DAY_S)
        pl_doctor_note(d, p->name.p, 0, "the trusted root is %lld days old",
                       (long long)((d->now_s - root->newest_ns / 1000000000) / DAY_S));
    pl_root_free(root);
}

void pl_doctor_policy(struct pl_doctor *d)
{
    const struct pl_policy *p = d->policy;
    if (p->allow_unmatched)
        pl_doctor_hole(d, p->name.p, 0, "'default: allow' lets pass what no scope matches");
    if (p->audit)
        pl_doctor_hole(d, p->name.p, 0, "'mode: audit' refuses nothing");
    for (size_t i = 0; i < p->n_scopes; i++) {
        unreachable(d, i);
        if (p->scopes[i].audit && !p->audit)
            pl_doctor_hole(d, p->name.p, p->scopes[i].line, "'mode: audit' refuses nothing here");
        if (p->scopes[i].kind == PL_SCOPE_ANY)
            pl_doctor_note(d, p->name.p, p->scopes[i].line, "'allow: any' asks for nothing");
    }
    for (size_t i = 0; i < p->n_signers; i++)
        if (p->signers[i].not_after_s && p->signers[i].not_after_s - d->now_s < 30 * DAY_S)
            pl_doctor_note(d, p->name.p, p->signers[i].line, "'%.*s' ends in %lld days",
                           PL_FMT(p->signers[i].name),
                           (long long)((p->signers[i].not_after_s - d->now_s) / DAY_S));
    old_root(d);
}

/* ---- podman ---- */

static bool has_type(const struct pl_json *list, const char *type)
{
    for (size_t i = 0; i < pl_json_len(list); i++)
        if (pl_str_is(pl_json_str(pl_json_get(pl_json_at(list, i), "type")), type))
            return true;
    return false;
}

struct transports {
    struct pl_doctor *d;
    const char *path;
    bool sigstore;
};

static int one_scope(void *arg, struct pl_str key, const struct pl_json *value)
{
    struct transports *t = arg;
    t->sigstore |= has_type(value, "sigstoreSigned");
    if (has_type(value, "insecureAcceptAnything"))
        pl_doctor_note(t->d, t->path, 0, "scope '%.*s' takes anything",
                       PL_FMT(pl_str_sub(key, 0, 200)));
    return 0;
}

void pl_doctor_podman(struct pl_doctor *d, const char *path)
{
    pl_auto_buf struct pl_buf b = { .max = PL_MIB(4) };
    struct pl_json *root = NULL;
    struct pl_err err = { 0 };
    struct transports t = { d, path, false };
    if (pl_file_read(path, &b, &err) < 0 || pl_json_parse(pl_buf_str(&b), 32, &root, &err) < 0) {
        pl_doctor_unread(d, path, err.msg);
        return;
    }
    if (has_type(pl_json_get(root, "default"), "insecureAcceptAnything"))
        pl_doctor_hole(d, path, 0,
                       "'default' is insecureAcceptAnything: what no scope names is taken");
    const struct pl_json *docker = pl_json_get(pl_json_get(root, "transports"), "docker");
    if (docker && pl_json_type(docker) == PL_JSON_OBJECT)
        pl_json_each(docker, one_scope, &t);
    if (t.sigstore)
        pl_doctor_note(d, path, 0,
                       "sigstoreSigned: builds without sigstore (Debian 12's) refuse "
                       "the file; .sig tags are read only where registries.d says "
                       "use-sigstore-attachments: true");
    pl_json_free(root);
}

/* ---- all ---- */

static void look(struct pl_doctor *d)
{
    const struct pl_gate_cmd *o = d->o;
    if (d->policy)
        pl_doctor_policy(d);
    if (o->containerd || access(CONTAINERD, F_OK) == 0)
        pl_doctor_containerd(d, o->containerd ? o->containerd : CONTAINERD);
    for (size_t i = 0; i < o->kube.n; i++)
        pl_doctor_kube(d, o->kube.p[i]);
    if (o->podman || (access(PODMAN, F_OK) == 0 && !o->containerd && !o->kube.n && !o->policy))
        pl_doctor_podman(d, o->podman ? o->podman : PODMAN);
}

int pl_gate_doctor(const struct pl_gate_cmd *o, const struct pl_operands *ops)
{
    struct pl_doctor d = { .o = o, .now_s = (int64_t)time(NULL) };
    struct pl_registry_opts ro;
    struct pl_operands none = { 0 };
    struct pl_gate *g = NULL;
    int code = 0;
    if (ops->n) {
        fprintf(stderr, "plimsoll gate doctor: '%s' is not expected\n", ops->p[0]);
        return PL_EXIT_USAGE;
    }
    if (o->policy)
        code = pl_gate_cmd_open(o, &none, &d.a, &ro, NULL, &g);
    if (!code) {
        d.policy = g ? pl_gate_policy(g) : NULL;
        look(&d);
        pl_buf_printf(&d.out, "%zu holes, %zu notes\n", d.holes, d.notes);
        if (!o->quiet)
            pl_common_print(pl_buf_str(&d.out), NULL);
        code = d.holes ? PL_EXIT_FINDINGS : d.unread ? PL_EXIT_INCOMPLETE : 0;
    }
    pl_buf_release(&d.out);
    pl_gate_unref(g);
    pl_arena_release(&d.a);
    return code;
}
