/* The image configuration: its settings, history, and members of any name; changes to the text of a
 * document. OCI image-spec 1.1, config.md. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "mk.h"

/* patch WHAT OLD NEW and raw WHAT CONTENT change a document before its digest is taken. */
struct pl_str mk_changed(struct mk *m, const struct mk_node *n, const char *what, struct pl_str s)
{
    for (size_t i = 0; i < n->kids; i++) {
        struct mk_node *k = &n->kid[i];
        if (mk_is(k, "raw") && pl_str_is(mk_arg(m, k, 1), what)) {
            s = mk_content(m, k, 2);
        } else if (mk_is(k, "patch") && pl_str_is(mk_arg(m, k, 1), what)) {
            struct pl_str old = mk_arg(m, k, 2), new = mk_content(m, k, 3);
            size_t at = pl_str_find(s, old, 0);
            struct pl_buf b = { 0 };
            if (at == SIZE_MAX)
                mk_die(m, k, "'%.*s' is not in the %s", PL_FMT(old), what);
            pl_buf_putn(&b, s.p, at);
            pl_buf_putn(&b, new.p, new.n);
            pl_buf_putn(&b, s.p + at + old.n, s.n - at - old.n);
            s = mk_keep(m, &b);
        }
    }
    return s;
}

static void words(struct mk *m, const struct mk_node *k, struct pl_buf *b)
{
    for (size_t i = 1; i < mk_args(k); i++) {
        pl_buf_puts(b, i > 1 ? "," : "");
        mk_json(b, mk_arg(m, k, i));
    }
}

/* A member of the config's "config" object, gathered from all statements of one name. */
struct field {
    const char *word, *key;
    enum { LIST, ENV, MAP, SET, TEXT, TEST } form;
};
static const struct field fields[] = {
    { "user", "User", TEXT },
    { "expose", "ExposedPorts", SET },
    { "env", "Env", ENV },
    { "entrypoint", "Entrypoint", LIST },
    { "cmd", "Cmd", LIST },
    { "volume", "Volumes", SET },
    { "workdir", "WorkingDir", TEXT },
    { "label", "Labels", MAP },
    { "stopsignal", "StopSignal", TEXT },
    { "healthcheck", "Healthcheck", TEST },
    { "onbuild", "OnBuild", LIST },
    { "shell", "Shell", LIST },
};

static void value(struct mk *m, const struct field *f, const struct mk_node *k, struct pl_buf *b)
{
    switch (f->form) {
    case ENV:
        mk_json(b, pl_printf(&m->a, "%.*s=%.*s", PL_FMT(mk_arg(m, k, 1)), PL_FMT(mk_arg(m, k, 2))));
        break;
    case MAP:
        mk_json(b, mk_arg(m, k, 1));
        pl_buf_putc(b, ':');
        mk_json(b, mk_arg(m, k, 2));
        break;
    case SET:
        mk_json(b, mk_arg(m, k, 1));
        pl_buf_puts(b, ":{}");
        break;
    case TEXT:
        mk_json(b, mk_arg(m, k, 1));
        break;
    default:
        words(m, k, b);
    }
}

static void config_field(struct mk *m, const struct mk_node *n, const struct field *f,
                         struct pl_buf *b)
{
    static const char *const open[] = { "[", "[", "{", "{", "", "{\"Test\":[" };
    static const char *const close[] = { "]", "]", "}", "}", "", "]}" };
    bool any = false;
    for (size_t i = 0; i < n->kids; i++) {
        if (!mk_is(&n->kid[i], f->word))
            continue;
        if (any)
            pl_buf_putc(b, ',');
        else
            pl_buf_printf(b, "%s\"%s\":%s", b->p[b->n - 1] == '{' ? "" : ",", f->key,
                          open[f->form]);
        any = true;
        value(m, f, &n->kid[i], b);
    }
    if (any)
        pl_buf_puts(b, close[f->form]);
}

/* Members with a value of raw JSON: `top KEY JSON` and `inner KEY JSON`. */
void mk_members(struct mk *m, const struct mk_node *n, const char *word, struct pl_buf *b)
{
    for (size_t i = 0; i < n->kids; i++) {
        struct mk_node *k = &n->kid[i];
        struct pl_str json;
        if (!mk_is(k, word))
            continue;
        pl_buf_puts(b, b->p[b->n - 1] == '{' ? "" : ",");
        mk_json(b, mk_arg(m, k, 1));
        json = mk_content(m, k, 2);
        pl_buf_putc(b, ':');
        pl_buf_putn(b, json.p, json.n);
    }
}

static void history_member(struct pl_buf *b, const char *key, const struct pl_str *s)
{
    if (!s)
        return;
    pl_buf_printf(b, ",\"%s\":", key);
    mk_json(b, *s);
}

/* layer, again and history statements in their order. */
static void history(struct mk *m, const struct mk_node *n, struct mk_image *im, struct pl_buf *b)
{
    size_t layer = 0;
    bool any = false;
    pl_buf_puts(b, ",\"history\":[");
    for (size_t i = 0; i < n->kids; i++) {
        struct mk_node *k = &n->kid[i];
        bool is_layer = mk_is(k, "layer") || mk_is(k, "again");
        if (!is_layer && !mk_is(k, "history"))
            continue;
        if (is_layer && mk_flag(k, "unlisted")) {
            layer++;
            continue;
        }
        pl_buf_printf(b, "%s{\"created\":\"" MK_CREATED "\"", any ? "," : "");
        any = true;
        if (is_layer) {
            if (im->layer.p[layer].created_by.p)
                history_member(b, "created_by", &im->layer.p[layer].created_by);
            layer++;
        } else {
            history_member(b, "created_by", mk_opt(m, k, "by"));
        }
        history_member(b, "comment", mk_opt(m, k, "note"));
        history_member(b, "author", mk_opt(m, k, "author"));
        if (!is_layer && !mk_flag(k, "forgotten"))
            pl_buf_puts(b, ",\"empty_layer\":true");
        pl_buf_putc(b, '}');
    }
    pl_buf_putc(b, ']');
}

const struct mk_node *mk_find(const struct mk_node *n, const char *word)
{
    for (size_t i = 0; i < n->kids; i++)
        if (mk_is(&n->kid[i], word))
            return &n->kid[i];
    return NULL;
}

void mk_config(struct mk *m, const struct mk_node *n, struct mk_image *im)
{
    struct pl_buf b = { 0 };
    const struct mk_node *author = mk_find(n, "author");
    pl_buf_puts(&b, "{\"created\":\"" MK_CREATED "\"");
    if (author) {
        pl_buf_puts(&b, ",\"author\":");
        mk_json(&b, mk_arg(m, author, 1));
    }
    pl_buf_puts(&b, ",\"architecture\":");
    mk_json(&b, im->arch);
    pl_buf_puts(&b, ",\"os\":");
    mk_json(&b, im->os);
    pl_buf_puts(&b, ",\"config\":{");
    for (size_t i = 0; i < PL_COUNT(fields); i++)
        config_field(m, n, &fields[i], &b);
    mk_members(m, n, "inner", &b);
    pl_buf_puts(&b, "},\"rootfs\":{\"type\":\"layers\",\"diff_ids\":[");
    for (size_t i = 0; i < im->layer.n; i++)
        pl_buf_printf(&b, "%s\"%s\"", i ? "," : "", im->layer.p[i].diff_id);
    pl_buf_puts(&b, "]}");
    if (!mk_find(n, "no-history"))
        history(m, n, im, &b);
    mk_members(m, n, "top", &b);
    pl_buf_putc(&b, '}');
    im->config = mk_changed(m, n, "config", mk_keep(m, &b));
    mk_sha(im->config, im->config_sha);
}

bool mk_is_setting(const struct mk_node *k)
{
    for (size_t i = 0; i < PL_COUNT(fields); i++)
        if (mk_is(k, fields[i].word))
            return true;
    return false;
}
