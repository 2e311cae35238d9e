/* Databases from registries and layouts: one manifest; the layer that is a database, and the one
 * that is a sigstore bundle. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "cmd/db_artifact.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/hash.h"
#include "cmd/common.h"
#include "cmd/db_fetch.h"
#include "fmt/jsontree.h"
#include "io/file.h"
#include "registry/registry.h"
#include "source/docker.h"

#define MANIFEST_MAX (4u << 20)
#define BUNDLE_MAX ((uint64_t)16 << 20)

struct artifact {
    struct pl_arena a;
    const char *dir;         /* of a layout, or NULL: */
    struct pl_registry *reg; /* a registry */
    struct pl_reference ref;
    struct pl_err *err;
};

bool pl_db_is_artifact(const char *s)
{
    return strncmp(s, "oci:", 4) == 0 || strncmp(s, "docker://", 9) == 0;
}

/* ---- a layout ---- */

static const char *blob_path(struct artifact *x, const struct pl_digest *d)
{
    struct pl_str text = pl_digest_text(&x->a, d), algo;
    pl_str_split(&text, ':', &algo);
    return pl_printf(&x->a, "%s/blobs/%.*s/%.*s", x->dir, PL_FMT(algo), PL_FMT(text)).p;
}

static int layout_blob(struct artifact *x, const struct pl_digest *d, int fd)
{
    char buf[65536];
    ssize_t n;
    const char *path = blob_path(x, d);
    pl_auto_fd int in = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NOFOLLOW);
    struct pl_hash *h = pl_hash_new(PL_HASH_SHA256);
    uint8_t is[PL_SHA256_LEN];
    char hex[2 * PL_SHA256_LEN + 1];
    int r = in < 0 ? pl_fail_errno(x->err, PL_E_NOENT, errno, "cannot open '%s'", path) : 0;
    while (r == 0 && (n = read(in, buf, sizeof buf)) != 0) {
        if (n < 0)
            r = pl_fail_errno(x->err, PL_E_IO, errno, "cannot read '%s'", path);
        else {
            pl_hash_add(h, buf, (size_t)n);
            r = pl_db_to_fd(&fd, buf, (size_t)n, x->err);
        }
    }
    pl_hash_end(h, is);
    pl_hash_free(h);
    pl_hex(is, sizeof is, hex);
    if (r == 0 && !pl_str_ends(pl_digest_text(&x->a, d), pl_str_c(hex)))
        r = pl_fail(x->err, PL_E_DIGEST, "'%s' is not what its digest says", path);
    return r;
}

static int read_whole(struct artifact *x, const char *path, struct pl_str *ret)
{
    pl_auto_buf struct pl_buf b = { .max = MANIFEST_MAX };
    int r = pl_file_read(path, &b, x->err);
    *ret = r == 0 ? pl_dup(&x->a, pl_buf_str(&b)) : PL_S("");
    return r;
}

/* The manifest that carries `tag`, or the only one. */
static int layout_manifest(struct artifact *x, struct pl_str tag, struct pl_str *ret)
{
    struct pl_str text, digest = PL_S("");
    struct pl_yaml *y = NULL;
    struct pl_digest d;
    int r = read_whole(x, pl_printf(&x->a, "%s/index.json", x->dir).p, &text);
    if (r == 0)
        r = pl_jsontree_parse(text, &x->a, &y, x->err);
    const struct pl_yaml *list = r == 0 ? pl_yaml_get(y, "manifests") : NULL;
    size_t fit = 0;
    for (size_t i = 0; list && list->kind == PL_YAML_LIST && i < list->n; i++) {
        const struct pl_yaml *notes = pl_yaml_get(list->item[i], "annotations");
        struct pl_str name = pl_yaml_str(pl_yaml_get(notes, "org.opencontainers.image.ref.name"));
        if (tag.n && !pl_str_eq(name, tag))
            continue;
        digest = pl_yaml_str(pl_yaml_get(list->item[i], "digest"));
        fit++;
    }
    if (r == 0 && fit != 1)
        r = pl_fail(x->err, PL_E_NOENT, "'%s' holds %zu artifacts%s", x->dir, fit,
                    tag.n ? " of that tag" : "; name the tag of one");
    if (r == 0)
        r = pl_digest_parse(digest, &d, x->err);
    if (r < 0)
        return r;
    const char *temp = blob_path(x, &d);
    uint8_t is[PL_SHA256_LEN];
    char hex[2 * PL_SHA256_LEN + 1];
    r = read_whole(x, temp, ret);
    if (r < 0)
        return r;
    pl_sha256(ret->p, ret->n, is);
    pl_hex(is, sizeof is, hex);
    return pl_str_ends(digest, pl_str_c(hex))
               ? 0
               : pl_fail(x->err, PL_E_DIGEST, "'%s' is not what its digest says", temp);
}

/* ---- either ---- */

static int fetch(struct artifact *x, const struct pl_yaml *layer, const char *path, uint64_t most)
{
    struct pl_digest d;
    uint64_t size = 0;
    int r = pl_digest_parse(pl_yaml_str(pl_yaml_get(layer, "digest")), &d, x->err);
    const struct pl_yaml *n = pl_yaml_get(layer, "size");
    if (r == 0 && (!n || n->kind != PL_YAML_SCALAR || !pl_str_u64(n->text, &size) || size > most))
        r = pl_fail(x->err, PL_E_LIMIT, "a layer of a length that makes no sense");
    if (r < 0)
        return r;
    pl_auto_fd int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
    if (fd < 0)
        return pl_fail_errno(x->err, PL_E_IO, errno, "cannot write '%s'", path);
    return x->dir ? layout_blob(x, &d, fd)
                  : pl_registry_blob(x->reg, x->ref.repo, &d, size, pl_db_to_fd, &fd, x->err);
}

static bool is_bundle(const struct pl_yaml *layer)
{
    struct pl_str type = pl_yaml_str(pl_yaml_get(layer, "mediaType"));
    return pl_str_starts(type, PL_S("application/vnd.dev.sigstore.bundle"));
}

static int layers(struct artifact *x, struct pl_str manifest, const char *db, const char *bundle)
{
    struct pl_yaml *y = NULL;
    int r = pl_jsontree_parse(manifest, &x->a, &y, x->err);
    const struct pl_yaml *list = r == 0 ? pl_yaml_get(y, "layers") : NULL, *found = NULL;
    size_t n = 0;
    for (size_t i = 0; list && list->kind == PL_YAML_LIST && i < list->n && r == 0; i++) {
        if (is_bundle(list->item[i])) {
            r = fetch(x, list->item[i], bundle, BUNDLE_MAX);
            continue;
        }
        found = list->item[i];
        n++;
    }
    if (r == 0 && n != 1)
        r = pl_fail(x->err, PL_E_FORMAT,
                    "an artifact with %zu layers beside its signature, not one", n);
    return r == 0 ? fetch(x, found, db, (uint64_t)8 << 30) : r;
}

static int from_registry(struct artifact *x, const struct pl_db_cmd *o, const char *name,
                         const char *db, const char *bundle)
{
    struct pl_registry_opts ro;
    const char *names[] = { name };
    struct pl_operands ops = { .p = names, .n = 1 };
    struct pl_manifest m;
    struct pl_str tag;
    int r = pl_registry_cli(&o->reg, false, o->quiet, &ops, &x->a, &ro, x->err);
    if (r < 0)
        return r;
    r = pl_docker_reference(pl_str_c(name), &x->a, &x->ref, NULL, x->err);
    if (r == 0)
        r = pl_registry_new(&ro, x->ref.host, &x->reg, x->err);
    if (r == 0) {
        tag = x->ref.tag.n ? x->ref.tag : pl_digest_text(&x->a, &x->ref.digest);
        r = pl_registry_manifest(x->reg, x->ref.repo, tag, false, &x->a, &m, x->err);
    }
    if (r == 0)
        r = layers(x, m.bytes, db, bundle);
    pl_registry_free(x->reg);
    pl_registry_cli_end(&ro);
    return r;
}

/* "DIR" or "DIR:TAG" that is a layout. */
static bool is_layout(struct artifact *x, struct pl_str s, struct pl_str *ret_tag)
{
    *ret_tag = PL_S("");
    for (int again = 0; again < 2; again++) {
        x->dir = pl_dup(&x->a, s).p;
        if (access(pl_printf(&x->a, "%s/oci-layout", x->dir).p, R_OK) == 0)
            return true;
        size_t at = s.n;
        while (at && s.p[at - 1] != ':')
            at--;
        if (!at)
            break;
        *ret_tag = pl_str_sub(s, at, SIZE_MAX);
        s = pl_str_sub(s, 0, at - 1);
    }
    x->dir = NULL;
    return false;
}

int pl_db_artifact(const struct pl_db_cmd *o, const char *what, const char *db, const char *bundle,
                   struct pl_err *err)
{
    struct artifact x = { .err = err };
    bool oci = strncmp(what, "oci:", 4) == 0;
    const char *name = what + (oci ? 4 : 9);
    struct pl_str tag, manifest;
    int r;
    if (oci && is_layout(&x, pl_str_c(name), &tag)) {
        r = layout_manifest(&x, tag, &manifest);
        if (r == 0)
            r = layers(&x, manifest, db, bundle);
    } else {
        r = from_registry(&x, o, name, db, bundle);
    }
    pl_arena_release(&x.a);
    return r < 0 ? pl_wrap(err, "'%s'", what) : 0;
}
