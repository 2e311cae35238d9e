/* The configuration of an image as it matters for running it. OCI image-spec 1.1, config.md. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "check/image/img.h"
#include "fmt/json.h"

#define DEPTH 64u
#define LIST_MAX 4096u

struct keys {
    struct pl_arena *a;
    struct pl_str *p;
    struct pl_img_pair *pair;
    size_t n, max;
};

static struct pl_img_list strings(struct pl_arena *a, const struct pl_json *j)
{
    struct pl_img_list l = { NULL, 0 };
    size_t n = pl_json_len(j);
    if (n > LIST_MAX)
        n = LIST_MAX;
    l.p = pl_alloc_n(a, n + 1, sizeof *l.p);
    for (size_t i = 0; i < n; i++)
        if (pl_json_str(pl_json_at(j, i)).p)
            l.p[l.n++] = pl_dup(a, pl_json_str(pl_json_at(j, i)));
    return l;
}

static int on_key(void *arg, struct pl_str key, const struct pl_json *value)
{
    struct keys *k = arg;
    if (k->n >= k->max)
        return 1;
    if (k->pair)
        k->pair[k->n++] =
            (struct pl_img_pair){ pl_dup(k->a, key), pl_dup(k->a, pl_json_str(value)) };
    else
        k->p[k->n++] = pl_dup(k->a, key);
    return 0;
}

static struct pl_img_list names(struct pl_arena *a, const struct pl_json *j)
{
    struct keys k = { .a = a, .max = LIST_MAX };
    if (!j || pl_json_type(j) != PL_JSON_OBJECT)
        return (struct pl_img_list){ NULL, 0 };
    k.p = pl_alloc_n(a, LIST_MAX, sizeof *k.p);
    pl_json_each(j, on_key, &k);
    return (struct pl_img_list){ k.p, k.n };
}

static void labels(struct pl_img *im, const struct pl_json *j)
{
    struct keys k = { .a = im->a, .max = LIST_MAX };
    if (!j || pl_json_type(j) != PL_JSON_OBJECT)
        return;
    k.pair = pl_alloc_n(im->a, LIST_MAX, sizeof *k.pair);
    pl_json_each(j, on_key, &k);
    im->label = k.pair;
    im->n_label = k.n;
}

static void environment(struct pl_img *im, const struct pl_json *j)
{
    struct pl_img_list l = strings(im->a, j);
    im->env = pl_alloc_n(im->a, l.n + 1, sizeof *im->env);
    for (size_t i = 0; i < l.n; i++) {
        struct pl_str value = l.p[i], name;
        if (pl_str_split(&value, '=', &name) && name.n)
            im->env[im->n_env++] = (struct pl_img_pair){ name, value.p ? value : PL_S("") };
    }
}

static void history(struct pl_img *im, const struct pl_json *j)
{
    size_t n = pl_json_len(j);
    if (n > LIST_MAX)
        n = LIST_MAX;
    im->history = pl_alloc_n(im->a, n + 1, sizeof *im->history);
    for (size_t i = 0; i < n; i++) {
        const struct pl_json *h = pl_json_at(j, i);
        struct pl_img_history *out = &im->history[im->n_history++];
        out->created = pl_dup(im->a, pl_json_str(pl_json_get(h, "created")));
        out->created_by = pl_dup(im->a, pl_json_str(pl_json_get(h, "created_by")));
        out->empty = pl_json_true(pl_json_get(h, "empty_layer"));
    }
}

/* Docker writes the shell form as the shell's own command line. */
static bool shell_form(struct pl_img_list l)
{
    return l.n >= 3 && pl_str_is(l.p[1], "-c") &&
           (pl_str_ends(l.p[0], PL_S("/sh")) || pl_str_ends(l.p[0], PL_S("/bash")) ||
            pl_str_is(l.p[0], "sh"));
}

int pl_img_config(struct pl_img *im, struct pl_str text, struct pl_err *err)
{
    struct pl_json *root = NULL;
    int r = pl_json_parse(text, DEPTH, &root, err);
    if (r < 0)
        return r;
    struct pl_arena *a = im->a;
    const struct pl_json *c = pl_json_get(root, "config");
    im->has_config = true;
    im->created = pl_dup(a, pl_json_str(pl_json_get(root, "created")));
    im->user = pl_dup(a, pl_json_str(pl_json_get(c, "User")));
    im->workdir = pl_dup(a, pl_json_str(pl_json_get(c, "WorkingDir")));
    if (!im->workdir.n)
        im->workdir = PL_S("/");
    environment(im, pl_json_get(c, "Env"));
    im->entrypoint = strings(a, pl_json_get(c, "Entrypoint"));
    im->cmd = strings(a, pl_json_get(c, "Cmd"));
    im->shell = strings(a, pl_json_get(c, "Shell"));
    im->onbuild = strings(a, pl_json_get(c, "OnBuild"));
    im->health = strings(a, pl_json_get(pl_json_get(c, "Healthcheck"), "Test"));
    im->volumes = names(a, pl_json_get(c, "Volumes"));
    im->ports = names(a, pl_json_get(c, "ExposedPorts"));
    im->entry_shell = shell_form(im->entrypoint);
    im->cmd_shell = shell_form(im->cmd);
    labels(im, pl_json_get(c, "Labels"));
    history(im, pl_json_get(root, "history"));
    im->diff_ids = strings(a, pl_json_get(pl_json_get(root, "rootfs"), "diff_ids"));
    pl_json_free(root);
    return 0;
}
