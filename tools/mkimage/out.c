/* Output: OCI layout directory or archive, docker archives in three forms, and the truth file that
 * tests compare with. Docker image spec 1.2; OCI image-layout. */
/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>

#include "mk.h"

typedef PL_VEC(struct mk_file) file_list;

static void add(file_list *f, struct pl_str path, struct pl_str body, struct pl_str link)
{
    struct mk_file x = { .path = path, .body = body, .link = link };
    for (size_t i = 0; i < f->n; i++)
        if (pl_str_eq(f->p[i].path, path))
            return;
    pl_vec_push(f, x);
}

static int by_path(const void *a, const void *b)
{
    const struct mk_file *x = a, *y = b;
    return pl_str_cmp(x->path, y->path);
}

/* --- docker archives ------------------------------------------------------------------------- */

enum form { OCI_DIR, OCI_TAR, CLASSIC, FLAT, BOTH };

static struct pl_str layer_id(struct mk *m, const struct mk_image *im, size_t i)
{
    char sha[65];
    mk_sha(pl_printf(&m->a, "%s/%zu", im->layer.p[i].plain_sha, i), sha);
    return pl_printf(&m->a, "%s", sha);
}

static struct pl_str layer_path(struct mk *m, const struct mk_image *im, size_t i, enum form form)
{
    const struct mk_layer *l = &im->layer.p[i];
    if (form == CLASSIC)
        return pl_printf(&m->a, "%s/layer.tar", layer_id(m, im, i).p);
    if (form == FLAT)
        return pl_printf(&m->a, "%s.tar", l->plain_sha);
    return pl_printf(&m->a, "blobs/sha256/%s", l->stored_sha);
}

static void classic_layer(struct mk *m, const struct mk_image *im, size_t i, file_list *f)
{
    struct pl_str id = layer_id(m, im, i), json = im->layer.p[i].legacy;
    if (!json.n)
        json = pl_printf(&m->a, "{\"id\":\"%s\",\"created\":\"" MK_CREATED "\"}", id.p);
    add(f, pl_printf(&m->a, "%s/VERSION", id.p), PL_S("1.0"), pl_str_c(NULL));
    add(f, pl_printf(&m->a, "%s/json", id.p), json, pl_str_c(NULL));
}

/* A repeated layer is a link to the first one in the classic form. */
static void put_layer(struct mk *m, const struct mk_image *im, size_t i, enum form form,
                      file_list *f)
{
    const struct mk_layer *l = &im->layer.p[i];
    struct pl_str link = pl_str_c(NULL);
    for (size_t j = 0; form == CLASSIC && j < i; j++)
        if (!strcmp(im->layer.p[j].plain_sha, l->plain_sha) && !link.n)
            link = pl_printf(&m->a, "../%s/layer.tar", layer_id(m, im, j).p);
    if (form == CLASSIC)
        classic_layer(m, im, i, f);
    if (!l->missing && form != BOTH)
        add(f, layer_path(m, im, i, form), im->compressed ? l->stored : l->plain, link);
}

static void docker(struct mk *m, struct mk_set *s, enum form form, file_list *f)
{
    struct pl_buf b = { 0 }, repos = { 0 };
    pl_buf_putc(&b, '[');
    for (size_t k = 0; k < s->image.n; k++) {
        struct mk_image *im = s->image.p[k];
        struct pl_str conf = form == BOTH ? pl_printf(&m->a, "blobs/sha256/%s", im->config_sha)
                                          : pl_printf(&m->a, "%s.json", im->config_sha);
        add(f, conf, im->config, pl_str_c(NULL));
        pl_buf_printf(&b, "%s{\"Config\":\"%s\",\"RepoTags\":[\"demo:%.*s\"],\"Layers\":[",
                      k ? "," : "", conf.p, PL_FMT(im->tag));
        for (size_t i = 0; i < im->layer.n; i++) {
            put_layer(m, im, i, form, f);
            pl_buf_printf(&b, "%s\"%s\"", i ? "," : "", layer_path(m, im, i, form).p);
        }
        pl_buf_puts(&b, "]}");
    }
    pl_buf_putc(&b, ']');
    add(f, PL_S("manifest.json"), mk_keep(m, &b), pl_str_c(NULL));
    if (form == FLAT || !s->image.n)
        return;
    for (size_t k = 0; k < s->image.n; k++) {
        struct mk_image *im = s->image.p[k];
        size_t j = 0;
        while (!pl_str_eq(s->image.p[j]->tag, im->tag))
            j++;
        if (j < k)
            continue; /* a name stands once */
        pl_buf_printf(&repos, "%s\"%.*s\":\"%s\"", k ? "," : "{\"demo\":{", PL_FMT(im->tag),
                      im->layer.n ? layer_id(m, im, im->layer.n - 1).p : im->config_sha);
    }
    pl_buf_puts(&repos, "}}");
    add(f, PL_S("repositories"), mk_keep(m, &repos), pl_str_c(NULL));
}

/* --- changes to finished files --------------------------------------------------------------- */

/* "layer:N", "config", "manifest" of the first image, or a path as it stands. */
static struct pl_str resolve(struct mk *m, struct mk_set *s, enum form form, struct pl_str what)
{
    struct mk_image *im = s->image.n ? s->image.p[0] : NULL;
    uint64_t i;
    bool oci = form == OCI_DIR || form == OCI_TAR || form == BOTH;
    if (!im)
        return what;
    if (pl_str_starts(what, PL_S("layer:")) && pl_str_u64(pl_str_sub(what, 6, SIZE_MAX), &i) &&
        i < im->layer.n)
        return layer_path(m, im, i, form);
    if (pl_str_is(what, "config"))
        return pl_printf(&m->a, oci ? "blobs/sha256/%s" : "%s.json", im->config_sha);
    if (pl_str_is(what, "manifest"))
        return oci ? pl_printf(&m->a, "blobs/sha256/%s", im->manifest_sha) : PL_S("manifest.json");
    return what;
}

static struct pl_str flipped(struct mk *m, const struct mk_node *k, struct pl_str s)
{
    struct pl_buf b = { 0 };
    int64_t at = mk_num(m, k, mk_arg(m, k, 2));
    pl_buf_putn(&b, s.p, s.n);
    at = at < 0 ? at + (int64_t)s.n : at;
    if (at < 0 || (size_t)at >= s.n)
        mk_die(m, k, "no byte there");
    b.p[at] = (char)(b.p[at] ^ 0x55);
    return mk_keep(m, &b);
}

/* remove FILE, truncate FILE N, flip FILE N, write FILE CONTENT, link FILE TARGET; a file that this
 * form of output does not have is passed over. */
static void finally(struct mk *m, struct mk_set *s, enum form form, file_list *f)
{
    for (size_t i = 0; s->finally && i < s->finally->kids; i++) {
        struct mk_node *k = &s->finally->kid[i];
        struct pl_str path = resolve(m, s, form, mk_arg(m, k, 1));
        size_t j = 0;
        if (pl_str_is(path, "archive"))
            continue; /* see outer() */
        while (j < f->n && !pl_str_eq(f->p[j].path, path))
            j++;
        if (mk_is(k, "write") && j == f->n)
            add(f, path, mk_content(m, k, 2), pl_str_c(NULL));
        if (j == f->n)
            continue;
        if (mk_is(k, "remove"))
            f->p[j] = f->p[--f->n];
        else if (mk_is(k, "truncate"))
            f->p[j].body = pl_str_sub(f->p[j].body, 0, (size_t)mk_num(m, k, mk_arg(m, k, 2)));
        else if (mk_is(k, "flip"))
            f->p[j].body = flipped(m, k, f->p[j].body);
        else if (mk_is(k, "write"))
            f->p[j].body = mk_content(m, k, 2);
        else if (mk_is(k, "link"))
            f->p[j].link = mk_arg(m, k, 2);
        else
            mk_die(m, k, "unknown change '%.*s'", PL_FMT(mk_arg(m, k, 0)));
    }
}

/* --- writing --------------------------------------------------------------------------------- */

void mk_write_file(struct mk *m, const char *path, struct pl_str body)
{
    pl_auto_free char *dir = strdup(path);
    pl_auto_fd int fd = -1;
    if (!dir)
        pl_oom();
    for (char *p = dir + 1; (p = strchr(p, '/')); *p++ = '/') {
        *p = 0;
        if (mkdir(dir, 0777) && errno != EEXIST)
            mk_die(m, NULL, "cannot make '%s': %s", dir, strerror(errno));
    }
    fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
    if (fd < 0)
        mk_die(m, NULL, "cannot write '%s': %s", path, strerror(errno));
    while (body.n) {
        ssize_t k = write(fd, body.p, body.n);
        if (k <= 0)
            mk_die(m, NULL, "cannot write '%s': %s", path, strerror(errno));
        body = pl_str_sub(body, (size_t)k, SIZE_MAX);
    }
}

/* The finished archive after `truncate archive N` and `flip archive N`. */
static struct pl_str outer(struct mk *m, const struct mk_set *s, struct pl_str all)
{
    for (size_t i = 0; s->finally && i < s->finally->kids; i++) {
        struct mk_node *k = &s->finally->kid[i];
        int64_t n;
        if (!pl_str_is(mk_arg(m, k, 1), "archive"))
            continue;
        n = mk_num(m, k, mk_arg(m, k, 2));
        if (mk_is(k, "flip"))
            all = flipped(m, k, all);
        else
            all = pl_str_sub(all, 0, n < 0 ? all.n - (size_t)-n : (size_t)n);
    }
    return all;
}

static void write_tar(struct mk *m, const struct mk_set *s, const file_list *f, const char *path)
{
    struct pl_buf b = { .max = (size_t)8 << 30 };
    struct pl_str last = pl_str_c(NULL);
    for (size_t i = 0; i < f->n; i++) {
        struct pl_str p = f->p[i].path;
        for (size_t k = 0; k < p.n; k++) { /* parents first, each once */
            struct pl_str dir = pl_str_sub(p, 0, k + 1);
            if (p.p[k] == '/' && !pl_str_starts(last, dir))
                mk_tar_node(&b, dir, '5', pl_str_c(NULL));
        }
        last = p;
        if (f->p[i].link.n)
            mk_tar_node(&b, p, '2', f->p[i].link);
        else
            mk_tar_file(&b, p, f->p[i].body);
    }
    mk_tar_end(&b);
    mk_write_file(m, path, outer(m, s, pl_buf_str(&b)));
    pl_buf_release(&b);
}

static const struct {
    const char *name;
    enum form form;
} forms[] = {
    { "oci:", OCI_DIR },
    { "oci-archive:", OCI_TAR },
    { "docker-archive:", CLASSIC },
    { "docker-archive-flat:", FLAT },
    { "docker-archive-oci:", BOTH },
};

void mk_write(struct mk *m, struct mk_set *s, const char *target)
{
    file_list f = { 0 };
    for (size_t i = 0; i < PL_COUNT(forms); i++) {
        enum form form = forms[i].form;
        const char *path = target + strlen(forms[i].name);
        if (strncmp(target, forms[i].name, strlen(forms[i].name)) != 0)
            continue;
        if (s->has_plain) {
            mk_write_file(m, path, s->plain);
            return;
        }
        for (size_t k = 0; k < s->oci.n && form != CLASSIC && form != FLAT; k++)
            add(&f, s->oci.p[k].path, s->oci.p[k].body, pl_str_c(NULL));
        if (form != OCI_DIR && form != OCI_TAR)
            docker(m, s, form, &f);
        finally(m, s, form, &f);
        if (f.n)
            qsort(f.p, f.n, sizeof *f.p, by_path);
        for (size_t k = 0; form == OCI_DIR && k < f.n; k++)
            mk_write_file(m, pl_printf(&m->a, "%s/%.*s", path, PL_FMT(f.p[k].path)).p, f.p[k].body);
        if (form != OCI_DIR)
            write_tar(m, s, &f, path);
        pl_vec_release(&f);
        return;
    }
    mk_die(m, NULL, "unknown output '%s'", target);
}

/* --- truth ----------------------------------------------------------------------------------- */

/* Bytes above ASCII become U+0080 to U+00FF one by one, so any path can be told. */
static void pair(struct pl_buf *b, const char *key, struct pl_str s)
{
    pl_auto_buf struct pl_buf text = { 0 };
    pl_buf_printf(b, "\"%s\":", key);
    mk_json(&text, s);
    for (size_t i = 0; i < text.n; i++)
        if (text.p[i] & 0x80)
            pl_buf_printf(b, "\\u%04x", (unsigned char)text.p[i]);
        else
            pl_buf_putc(b, text.p[i]);
}

static void truth_images(struct mk_set *s, struct pl_buf *b)
{
    pl_buf_puts(b, "},\n\"images\":[");
    for (size_t k = 0; k < s->image.n; k++) {
        struct mk_image *im = s->image.p[k];
        pl_buf_printf(b, "%s\n {\"digest\":\"sha256:%s\",\"platform\":\"%.*s/%.*s\",\"layers\":[",
                      k ? "," : "", im->manifest_sha, PL_FMT(im->os), PL_FMT(im->arch));
        for (size_t i = 0; i < im->layer.n; i++) {
            struct mk_layer *l = &im->layer.p[i];
            pl_buf_printf(b, "%s\n  {\"digest\":\"sha256:%s\",\"diff_id\":\"sha256:%s\",",
                          i ? "," : "", l->stored_sha, l->plain_sha);
            pair(b, "created_by", l->created_by);
            pl_buf_putc(b, '}');
        }
        pl_buf_puts(b, "]}");
    }
    pl_buf_puts(b, "],\n");
}

void mk_write_truth(struct mk *m, struct mk_set *s, const char *path)
{
    struct pl_buf b = { 0 };
    pl_buf_puts(&b, "{\"tokens\":{");
    for (size_t i = 0; i < m->token.n; i++) {
        pl_buf_puts(&b, i ? ",\n " : "\n ");
        mk_json(&b, m->token.p[i].name);
        pl_buf_putc(&b, ':');
        mk_json(&b, m->token.p[i].value);
    }
    truth_images(s, &b);
    pl_buf_puts(&b, "\"files\":[");
    for (size_t i = 0; i < m->fact.n; i++) {
        struct mk_fact *f = &m->fact.p[i];
        pl_buf_printf(&b, "%s\n {\"image\":%u,\"layer\":%u,\"size\":%" PRIu64 ",\"sha256\":\"%s\",",
                      i ? "," : "", f->image, f->layer, f->size, f->sha);
        pair(&b, "path", f->path);
        pl_buf_putc(&b, ',');
        pair(&b, "nested", f->nested);
        pl_buf_putc(&b, '}');
    }
    pl_buf_puts(&b, "]}\n");
    mk_write_file(m, path, pl_buf_str(&b));
    pl_buf_release(&b);
}
