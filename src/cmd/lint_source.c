/* Digests and checksums for repairs: lock file first, then layouts, then registries and addresses.
 * Every answer is kept, failures too: a host that is silent is asked once. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "cmd/lint_source.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/map.h"
#include "cmd/common.h"
#include "cmd/lint_fetch.h"
#include "fmt/json.h"
#include "fmt/toml.h"
#include "io/addr.h"
#include "io/file.h"
#include "oci/reference.h"
#include "registry/registry.h"

#define LOCK_MAX (8u << 20)
#define INDEX_MAX (4u << 20)
#define ASK_MAX 2000u /* different things asked for in one run */

enum kind { IMAGE, DOWNLOAD, PACKAGE, HTTPS, HOST, KINDS };

struct answer {
    enum kind kind;
    struct pl_str key, value; /* value: empty when there is none */
};

struct pl_lint_from {
    const struct pl_lint_source_opts *o;
    struct pl_lint_source ops;
    struct pl_arena a;
    struct pl_map map; /* kind letter + key → struct answer */
    PL_VEC(struct answer *) all;
};

static struct answer *find(struct pl_lint_from *f, enum kind k, struct pl_str key)
{
    return pl_map_get(&f->map, pl_printf(&f->a, "%c%.*s", 'a' + (char)k, PL_FMT(key)));
}

static struct answer *keep(struct pl_lint_from *f, enum kind k, struct pl_str key,
                           struct pl_str value)
{
    struct answer *n = PL_NEW(&f->a, struct answer);
    *n = (struct answer){ k, pl_dup(&f->a, key), pl_dup(&f->a, value) };
    *pl_map_put(&f->map, pl_printf(&f->a, "%c%.*s", 'a' + (char)k, PL_FMT(key))) = n;
    pl_vec_push(&f->all, n);
    return n;
}

/* "alpine:3.20" → "docker.io/library/alpine:3.20". */
static struct pl_str canonical(struct pl_lint_from *f, struct pl_str image)
{
    struct pl_reference r;
    if (pl_reference_parse(image, &r, NULL) < 0)
        return PL_S("");
    struct pl_str host = r.host.n ? r.host : PL_S("docker.io");
    bool library = pl_str_is(host, "docker.io") && !memchr(r.repo.p, '/', r.repo.n);
    return pl_printf(&f->a, "%.*s/%s%.*s:%.*s", PL_FMT(host), library ? "library/" : "",
                     PL_FMT(r.repo), r.tag.n ? (int)r.tag.n : 6, r.tag.n ? r.tag.p : "latest");
}

static bool digest_ok(struct pl_str s)
{
    uint8_t d[32];
    return pl_str_starts(s, PL_S("sha256:")) && s.n == 71 && pl_unhex(pl_str_sub(s, 7, 64), d, 32);
}

/* --- the lock file --- */

static int lock_entry(struct pl_lint_from *f, const struct pl_toml *t, enum kind k,
                      const char *path, struct pl_err *err)
{
    static const char *const fields[][3] = { { "name", "tag", "digest" },
                                             { "url", NULL, "sha256" },
                                             { "manager", "name", "version" } };
    struct pl_str x = pl_toml_str(pl_toml_get(t, fields[k][0]));
    struct pl_str y = fields[k][1] ? pl_toml_str(pl_toml_get(t, fields[k][1])) : PL_S("");
    struct pl_str v = pl_toml_str(pl_toml_get(t, fields[k][2]));
    uint8_t d[32];
    bool ok = x.n && v.n && (y.n || k == DOWNLOAD);
    ok = ok && (k != IMAGE || digest_ok(v)) && (k != DOWNLOAD || (v.n == 64 && pl_unhex(v, d, 32)));
    struct pl_str key = x;
    if (ok && k == IMAGE)
        key = canonical(f, pl_printf(&f->a, "%.*s:%.*s", PL_FMT(x), PL_FMT(y)));
    if (ok && k == PACKAGE)
        key = pl_printf(&f->a, "%.*s %.*s", PL_FMT(x), PL_FMT(y));
    if (!ok || !key.n)
        return pl_fail(err, PL_E_FORMAT, "%s:%u: an entry lacks %s or %s, or one is malformed",
                       path, pl_toml_line(t), fields[k][0], fields[k][2]);
    if (!find(f, k, key))
        keep(f, k, key, v);
    return 0;
}

static int read_lock(struct pl_lint_from *f, const char *path, struct pl_err *err)
{
    static const char *const lists[] = { "image", "download", "package" };
    pl_auto_buf struct pl_buf b = { .max = LOCK_MAX };
    struct pl_toml *root = NULL;
    int r = pl_file_read(path, &b, err);
    if (r == 0)
        r = pl_toml_parse(pl_buf_str(&b), path, &root, err);
    for (size_t k = 0; r == 0 && k < PL_COUNT(lists); k++) {
        const struct pl_toml *list = pl_toml_get(root, lists[k]);
        for (size_t i = 0; r == 0 && i < pl_toml_len(list); i++)
            r = lock_entry(f, pl_toml_at(list, i), (enum kind)k, path, err);
    }
    pl_toml_free(root);
    return r;
}

int pl_lint_from_lock(struct pl_lint_from *f, const char *path, struct pl_err *err)
{
    if (find(f, HOST, pl_str_c(path)) || access(path, R_OK) != 0)
        return 0;
    keep(f, HOST, pl_str_c(path), PL_S("read"));
    return read_lock(f, path, err);
}

static void put_string(struct pl_buf *out, const char *key, struct pl_str s)
{
    pl_buf_printf(out, "%s = \"", key);
    for (size_t i = 0; i < s.n; i++) {
        if (s.p[i] == '"' || s.p[i] == '\\')
            pl_buf_putc(out, '\\');
        if ((unsigned char)s.p[i] >= ' ')
            pl_buf_putc(out, s.p[i]);
    }
    pl_buf_puts(out, "\"\n");
}

static int by_key(const void *a, const void *b)
{
    const struct answer *x = *(struct answer *const *)a, *y = *(struct answer *const *)b;
    return x->kind != y->kind ? (int)x->kind - (int)y->kind : pl_str_cmp(x->key, y->key);
}

void pl_lint_from_write(const struct pl_lint_from *f, struct pl_str date, struct pl_buf *out)
{
    struct answer **sorted = calloc(f->all.n + 1, sizeof *sorted);
    if (!sorted)
        pl_oom();
    if (f->all.n)
        memcpy(sorted, f->all.p, f->all.n * sizeof *sorted);
    qsort(sorted, f->all.n, sizeof *sorted, by_key);
    for (size_t i = 0; i < f->all.n; i++) {
        const struct answer *n = sorted[i];
        struct pl_str x = n->key, y = PL_S("");
        if (!n->value.n || n->kind > PACKAGE)
            continue;
        char sep = n->kind == IMAGE ? ':' : ' ';
        for (size_t k = x.n; k-- > 0 && n->kind != DOWNLOAD;)
            if (x.p[k] == sep) {
                y = pl_str_sub(x, k + 1, SIZE_MAX);
                x.n = k;
                break;
            }
        static const char *const heads[] = { "image", "download", "package" };
        pl_buf_printf(out, "%s[[%s]]\n", out->n ? "\n" : "", heads[n->kind]);
        put_string(out, n->kind == IMAGE ? "name" : n->kind == DOWNLOAD ? "url" : "manager", x);
        if (n->kind != DOWNLOAD)
            put_string(out, n->kind == IMAGE ? "tag" : "name", y);
        put_string(out,
                   n->kind == IMAGE      ? "digest"
                   : n->kind == DOWNLOAD ? "sha256"
                                         : "version",
                   n->value);
        pl_buf_printf(out, "date = %.*s\n", PL_FMT(date));
    }
    free(sorted);
}

/* --- images --- */

/* The digest that a layout's index names for the image, by name and tag or by tag alone. */
static struct pl_str in_layout(struct pl_lint_from *f, const char *dir, struct pl_str image)
{
    pl_auto_buf struct pl_buf b = { .max = INDEX_MAX };
    struct pl_json *root = NULL;
    struct pl_str found = PL_S(""), tag = image;
    if (strncmp(dir, "oci:", 4) == 0)
        dir += 4;
    while (memchr(tag.p, ':', tag.n))
        pl_str_split(&tag, ':', &(struct pl_str){ 0 });
    struct pl_str path = pl_printf(&f->a, "%s/index.json", dir);
    if (pl_file_read(path.p, &b, NULL) < 0 || pl_json_parse(pl_buf_str(&b), 32, &root, NULL) < 0)
        return found;
    const struct pl_json *list = pl_json_get(root, "manifests");
    for (size_t i = 0; i < pl_json_len(list) && !found.n; i++) {
        const struct pl_json *d = pl_json_at(list, i), *notes = pl_json_get(d, "annotations");
        struct pl_str name = pl_json_str(pl_json_get(notes, "io.containerd.image.name"));
        struct pl_str ref = pl_json_str(pl_json_get(notes, "org.opencontainers.image.ref.name"));
        struct pl_str digest = pl_json_str(pl_json_get(d, "digest"));
        bool whole =
            name.n || (ref.n && memchr(ref.p, '/', ref.n)) || (ref.n && memchr(ref.p, ':', ref.n));
        struct pl_str said = name.n ? name : ref;
        bool same = whole ? pl_str_eq(canonical(f, said), image) : pl_str_eq(said, tag);
        if (same && digest_ok(digest))
            found = pl_dup(&f->a, digest);
    }
    pl_json_free(root);
    return found;
}

static bool loopback(struct pl_str host)
{
    struct pl_str name = host;
    if (host.n && host.p[0] != '[')
        pl_str_split(&host, ':', &name);
    return pl_addr_loopback_host(name);
}

/* Asks the registry; what went wrong is said once for each host. */
static struct pl_str in_registry(struct pl_lint_from *f, struct pl_str image)
{
    struct pl_reference ref;
    struct pl_registry_opts o;
    struct pl_registry *r = NULL;
    struct pl_manifest m;
    struct pl_err err = { 0 };
    if (!f->o->network || pl_reference_parse(image, &ref, NULL) < 0 || find(f, HOST, ref.host))
        return PL_S("");
    pl_registry_opts_init(&o);
    o.stall_s = 10;
    o.timeout_s = 30;
    o.retries = 0;
    o.ca_file = f->o->ca_file;
    o.cancel = pl_common_cancel();
    o.plain_http.p = pl_alloc_n(&f->a, f->o->plain_http.n + 1, sizeof *o.plain_http.p);
    for (size_t i = 0; i < f->o->plain_http.n; i++)
        o.plain_http.p[o.plain_http.n++] = pl_str_c(f->o->plain_http.p[i]);
    if (loopback(ref.host))
        o.plain_http.p[o.plain_http.n++] = ref.host;
    int e = pl_registry_new(&o, ref.host, &r, &err);
    if (e == 0)
        e = pl_registry_manifest(r, ref.repo, ref.tag, false, &f->a, &m, &err);
    pl_registry_free(r);
    if (e == 0)
        return pl_digest_text(&f->a, &m.digest);
    if (e != PL_E_NOENT && e != PL_E_AUTH)
        keep(f, HOST, ref.host, PL_S("silent"));
    if (!f->o->quiet)
        fprintf(stderr, "plimsoll lint: no digest for %.*s: %s\n", PL_FMT(image), err.msg);
    return PL_S("");
}

static struct pl_str digest(void *arg, struct pl_str image)
{
    struct pl_lint_from *f = arg;
    struct pl_str key = canonical(f, image), v = PL_S("");
    struct answer *n = key.n ? find(f, IMAGE, key) : NULL;
    if (n)
        return n->value;
    if (!key.n || f->all.n > ASK_MAX)
        return v;
    for (size_t i = 0; i < f->o->layout.n && !v.n; i++)
        v = in_layout(f, f->o->layout.p[i], key);
    if (!v.n)
        v = in_registry(f, key);
    return keep(f, IMAGE, key, v)->value;
}

/* --- addresses, packages --- */

static struct pl_str checksum(void *arg, struct pl_str url)
{
    struct pl_lint_from *f = arg;
    struct answer *n = find(f, DOWNLOAD, url);
    struct pl_err err = { 0 };
    char hex[65] = "";
    if (n)
        return n->value;
    if (!f->o->network || f->all.n > ASK_MAX)
        return PL_S("");
    if (pl_lint_fetch_sum(url, f->o->ca_file, hex, &err) < 0) {
        hex[0] = 0;
        if (!f->o->quiet)
            fprintf(stderr, "plimsoll lint: no checksum for %.*s: %s\n", PL_FMT(url), err.msg);
    }
    return keep(f, DOWNLOAD, url, pl_str_c(hex))->value;
}

static bool https(void *arg, struct pl_str url)
{
    struct pl_lint_from *f = arg;
    struct answer *n = find(f, HTTPS, url);
    if (n)
        return n->value.n > 0;
    bool secure = f->o->network && f->all.n <= ASK_MAX && pl_lint_fetch_https(url, f->o->ca_file);
    keep(f, HTTPS, url, secure ? PL_S("yes") : PL_S(""));
    return secure;
}

static struct pl_str version(void *arg, const char *manager, struct pl_str package)
{
    struct pl_lint_from *f = arg;
    struct answer *n = find(f, PACKAGE, pl_printf(&f->a, "%s %.*s", manager, PL_FMT(package)));
    return n ? n->value : PL_S("");
}

/* --- */

int pl_lint_from_new(const struct pl_lint_source_opts *o, struct pl_lint_from **ret,
                     struct pl_err *err)
{
    struct pl_lint_from *f = calloc(1, sizeof *f);
    if (!f)
        pl_oom();
    f->o = o;
    f->map.a = &f->a;
    f->ops = (struct pl_lint_source){ f, digest, checksum, https, version };
    int r = o->lock ? read_lock(f, o->lock, err) : 0;
    if (r < 0) {
        pl_lint_from_free(f);
        f = NULL;
    }
    *ret = f;
    return r;
}

const struct pl_lint_source *pl_lint_from_ops(struct pl_lint_from *f)
{
    return f ? &f->ops : NULL;
}

void pl_lint_from_free(struct pl_lint_from *f)
{
    if (!f)
        return;
    pl_vec_release(&f->all);
    pl_map_release(&f->map);
    pl_arena_release(&f->a);
    free(f);
}
