/* The advice as Kubernetes security contexts, volumes and mounts. formats/hardening.md section 4.
 */
/* SPDX-License-Identifier: Apache-2.0 */
#include "check/image/advice_int.h"

void pl_advice_yaml(struct pl_buf *out, struct pl_str s)
{
    bool plain = s.n > 0;
    for (size_t i = 0; i < s.n; i++) {
        char c = s.p[i];
        plain &= (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                 (c != 0 && strchr("/._-", c) && (i || c == '/')) ||
                 (i && (c == ',' || c == '=')) || (i && c == ':' && i + 1 < s.n);
    }
    if (plain) {
        pl_buf_putn(out, s.p, s.n);
        return;
    }
    pl_buf_putc(out, '"');
    for (size_t i = 0; i < s.n; i++) {
        unsigned char c = (unsigned char)s.p[i];
        if (c == '"' || c == '\\')
            pl_buf_printf(out, "\\%c", c);
        else if (c < 0x20 || c == 0x7f)
            pl_buf_printf(out, "\\x%02x", c);
        else
            pl_buf_putc(out, (char)c);
    }
    pl_buf_putc(out, '"');
}

static void comment(struct pl_buf *out, const char *confidence, const struct pl_img_list *l)
{
    pl_buf_printf(out, "  # %s: ", confidence);
    pl_advice_reasons(out, l);
    pl_buf_putc(out, '\n');
}

static bool needs_group(const struct pl_variant *v)
{
    for (size_t i = 0; i < v->n_mount; i++)
        if (v->mount[i].has_owner || v->mount[i].volume)
            return true;
    return false;
}

/* Capabilities of the variant; a low port is kept where the run time is not known. */
static void capabilities(const struct pl_variant *v, struct pl_buf *out)
{
    pl_buf_puts(out, "        capabilities:\n          drop: [ALL]\n");
    if (!v->n_cap && !v->low_port)
        return;
    pl_buf_puts(out, "          add:\n");
    bool told = false;
    for (size_t i = 0; i < v->n_cap; i++) {
        pl_buf_printf(out, "            - %.*s", PL_FMT(v->cap[i].cap));
        comment(out, pl_confidence_name(v->cap[i].confidence), &v->cap[i].reasons);
        told |= pl_str_is(v->cap[i].cap, "NET_BIND_SERVICE");
    }
    if (v->low_port && !told)
        pl_buf_puts(out, "            - NET_BIND_SERVICE  # medium: a port below 1024; whether any "
                         "user may bind it depends on the run time\n");
}

static void variant(const struct pl_advice *x, const struct pl_variant *v, struct pl_str name,
                    struct pl_buf *out)
{
    bool root = v->kind == PL_VARIANT_ROOT || (v->user_known && v->uid == 0);
    uint32_t group = v->gid;
    for (size_t i = 0; i < v->n_mount && root; i++)
        if (v->mount[i].has_owner)
            group = v->mount[i].gid;
    pl_buf_printf(out, "# variant %s\nspec:\n  securityContext:\n", pl_variant_name(v->kind));
    if (!root && v->user_known) {
        pl_buf_printf(out, "    runAsNonRoot: true\n    runAsUser: %u\n    runAsGroup: %u\n",
                      v->uid, v->gid);
    } else if (root) {
        pl_buf_puts(out, "    runAsNonRoot: false  # it starts as root\n");
    }
    if (needs_group(v) && (group || !root))
        pl_buf_printf(
            out, "    fsGroup: %u  # owner of the volumes: emptyDir has none of its own\n", group);
    pl_buf_puts(out,
                "    seccompProfile:\n      type: RuntimeDefault\n  containers:\n    - name: ");
    pl_advice_name(out, name);
    pl_buf_puts(out, "\n      securityContext:\n        readOnlyRootFilesystem: true\n");
    if (v->privileges) {
        pl_buf_puts(out, "        allowPrivilegeEscalation: true  # ");
        pl_advice_words(out, v->privileges_why);
        pl_buf_putc(out, '\n');
    } else {
        pl_buf_puts(out, "        allowPrivilegeEscalation: false\n");
    }
    capabilities(v, out);
    if (x->n_env)
        pl_buf_puts(out, "      env:\n");
    for (size_t i = 0; i < x->n_env; i++) {
        struct pl_str why = x->env[i].value, value;
        pl_str_split(&why, '\t', &value);
        pl_buf_printf(out, "        - {name: %.*s, value: \"%.*s\"}  # ", PL_FMT(x->env[i].name),
                      PL_FMT(value));
        pl_advice_words(out, why.p ? why : PL_S(""));
        pl_buf_putc(out, '\n');
    }
    if (v->n_mount)
        pl_buf_puts(out, "      volumeMounts:\n");
    for (size_t i = 0; i < v->n_mount; i++) {
        const struct pl_mount *m = &v->mount[i];
        pl_buf_puts(out, "        - name: ");
        pl_advice_name(out, m->path);
        comment(out, pl_confidence_name(m->confidence), &m->reasons);
        pl_buf_puts(out, "          mountPath: ");
        pl_advice_yaml(out, m->path);
        pl_buf_putc(out, '\n');
    }
    if (v->n_mount)
        pl_buf_puts(out, "  volumes:\n");
    for (size_t i = 0; i < v->n_mount; i++) {
        const struct pl_mount *m = &v->mount[i];
        pl_buf_puts(out, "    - name: ");
        pl_advice_name(out, m->path);
        if (m->volume) {
            pl_buf_puts(out, "\n      persistentVolumeClaim:\n        claimName: ");
            pl_advice_name(out, m->path);
            pl_buf_putc(out, '\n');
        } else {
            pl_buf_puts(out, "\n      emptyDir:\n        medium: Memory\n");
        }
    }
    for (size_t i = 0; i < v->notes.n; i++) {
        pl_buf_puts(out, "# note: ");
        pl_advice_words(out, v->notes.p[i]);
        pl_buf_putc(out, '\n');
    }
}

void pl_advice_k8s(const struct pl_advice *x, struct pl_str name, struct pl_buf *out)
{
    if (x->root_stays)
        pl_buf_puts(out, "# it runs as root to the end\n");
    for (size_t i = 0; i < x->n; i++) {
        if (i)
            pl_buf_puts(out, "---\n");
        variant(x, &x->variant[i], name, out);
    }
    pl_advice_tail(x, out);
}
