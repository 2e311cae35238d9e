/* Signatures in an OCI layout: tags are names in index.json, referrers are manifests in it that
 * have a subject. Files are opened beneath the directory, links refused; index.json is replaced
 * whole. */
/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/fd.h"
#include "base/limits.h"
#include "fmt/json.h"
#include "fmt/jsonw.h"
#include "sign/store.h"
#include "source/layout.h"

#define ITEMS_MAX 4096u
#define REF_NAME "org.opencontainers.image.ref.name"
#define INDEX_MAX PL_MIB(8)

struct layout {
    struct pl_sign_store ops;
    int fd;
    const char *dir;
};

static int read_file(int dirfd, const char *path, size_t max, struct pl_buf *b, struct pl_err *err)
{
    pl_auto_fd int fd = pl_open_beneath(dirfd, path, O_RDONLY);
    struct stat st;
    if (fd < 0)
        return pl_fail_errno(err, errno == ENOENT ? PL_E_NOENT : PL_E_IO, errno, "cannot open '%s'",
                             path);
    if (fstat(fd, &st) < 0 || !S_ISREG(st.st_mode))
        return pl_fail(err, PL_E_IO, "'%s' is no regular file", path);
    if ((uint64_t)st.st_size > max)
        return pl_fail(err, PL_E_LIMIT, "'%s' is larger than %zu bytes", path, max);
    size_t left = (size_t)st.st_size;
    while (left) {
        char *p = pl_buf_room(b, left, err);
        ssize_t n = p ? read(fd, p, left) : -1;
        if (!p)
            return pl_wrap(err, "'%s'", path);
        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0)
            return pl_fail(err, PL_E_IO, "cannot read '%s' to its end", path);
        b->n += (size_t)n;
        left -= (size_t)n;
    }
    return 0;
}

/* index.json as text and tree. */
struct index {
    struct pl_buf text;
    struct pl_json *root;
    const struct pl_json *items;
};

static void index_release(struct index *x)
{
    pl_buf_release(&x->text);
    pl_json_free(x->root);
}

static int index_read(struct layout *l, struct index *x, struct pl_err *err)
{
    struct pl_limits lim;
    pl_limits_init(&lim);
    int r = read_file(l->fd, "index.json", INDEX_MAX, &x->text, err);
    if (r == 0)
        r = pl_json_parse(pl_buf_str(&x->text), (unsigned)lim.depth, &x->root, err);
    if (r < 0)
        return pl_wrap(err, "layout '%s'", l->dir);
    x->items = pl_json_get(x->root, "manifests");
    if (!x->items || pl_json_type(x->items) != PL_JSON_ARRAY)
        return pl_fail(err, PL_E_FORMAT, "layout '%s': index.json without manifests", l->dir);
    if (pl_json_len(x->items) > ITEMS_MAX)
        return pl_fail(err, PL_E_LIMIT, "layout '%s': more than %u manifests", l->dir, ITEMS_MAX);
    return 0;
}

static struct pl_str tag_of(const struct pl_json *item)
{
    struct pl_str s = pl_json_str(pl_json_get(pl_json_get(item, "annotations"), REF_NAME));
    return s.p ? s : PL_S("");
}

static int digest_of(const struct pl_json *item, struct pl_digest *ret, struct pl_err *err)
{
    return pl_digest_parse(pl_json_str(pl_json_get(item, "digest")), ret, err);
}

static int fetch(struct pl_sign_store *s, const struct pl_digest *d, bool manifest, size_t max,
                 struct pl_buf *b, struct pl_err *err)
{
    struct layout *l = (struct layout *)s;
    struct pl_arena a = { 0 };
    uint8_t sum[PL_HASH_MAX];
    (void)manifest;
    int r = read_file(l->fd, pl_digest_path(&a, d).p, max, b, err);
    if (r == 0) {
        struct pl_hash *h = pl_hash_new(d->alg);
        pl_hash_add(h, b->p, b->n);
        pl_hash_end(h, sum);
        pl_hash_free(h);
        if (memcmp(sum, d->b, pl_hash_len(d->alg)) != 0)
            r = pl_fail(err, PL_E_DIGEST, "'%s' is not what its name says",
                        pl_digest_path(&a, d).p);
    }
    pl_arena_release(&a);
    return r;
}

static int find_tag(struct layout *l, struct pl_str tag, struct pl_digest *ret, struct pl_err *err)
{
    struct index x = { 0 };
    int r = index_read(l, &x, err), found = 0;
    for (size_t i = 0; r == 0 && i < pl_json_len(x.items); i++)
        if (pl_str_eq(tag_of(pl_json_at(x.items, i)), tag) && !found++)
            r = digest_of(pl_json_at(x.items, i), ret, err);
    index_release(&x);
    if (r == 0 && found > 1)
        return pl_fail(err, PL_E_FORMAT, "layout '%s': two manifests under one tag", l->dir);
    return r == 0 && !found ? pl_fail(err, PL_E_NOENT, "no such tag") : r;
}

static int tagged(struct pl_sign_store *s, struct pl_str tag, struct pl_buf *b,
                  struct pl_digest *ret, struct pl_err *err)
{
    struct pl_limits lim;
    pl_limits_init(&lim);
    int r = find_tag((struct layout *)s, tag, ret, err);
    return r < 0 ? r : fetch(s, ret, /* manifest= */ true, lim.manifest, b, err);
}

/* Whether it refers to anything is for whoever opens it. */
static bool may_refer(const struct pl_json *item)
{
    struct pl_str type = pl_json_str(pl_json_get(item, "mediaType"));
    return pl_str_is(type, PL_MANIFEST_TYPE) && tag_of(item).n == 0;
}

static int referrers(struct pl_sign_store *s, const struct pl_digest *subject,
                     int (*fn)(void *arg, const struct pl_digest *d, const char *storage,
                               struct pl_err *err),
                     void *arg, struct pl_err *err)
{
    struct layout *l = (struct layout *)s;
    struct index x = { 0 };
    struct pl_digest d;
    int r = index_read(l, &x, err);
    for (size_t i = 0; r == 0 && i < pl_json_len(x.items); i++) {
        if (!may_refer(pl_json_at(x.items, i)))
            continue;
        r = digest_of(pl_json_at(x.items, i), &d, err);
        if (r == 0 && !pl_digest_eq(&d, subject))
            r = fn(arg, &d, "referrers", err);
    }
    index_release(&x);
    return r;
}

/* ---- writing ---- */

static int write_new(int dirfd, const char *path, struct pl_str text, struct pl_err *err)
{
    char tmp[256];
    snprintf(tmp, sizeof tmp, ".part-%ld", (long)getpid());
    int fd = openat(dirfd, tmp, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0666);
    bool ok = fd >= 0 && pl_fd_write(fd, text.p, text.n) == 0 && fsync(fd) == 0;
    if (fd >= 0)
        ok = close(fd) == 0 && ok;
    ok = ok && renameat(dirfd, tmp, dirfd, path) == 0;
    int why = errno;
    if (!ok && fd >= 0)
        unlinkat(dirfd, tmp, 0);
    return ok ? 0 : pl_fail_errno(err, PL_E_IO, why, "cannot write '%s'", path);
}

static int put_blob(struct pl_sign_store *s, struct pl_str bytes, struct pl_err *err)
{
    struct layout *l = (struct layout *)s;
    uint8_t sum[32];
    char hex[65];
    pl_sha256(bytes.p, bytes.n, sum);
    pl_hex(sum, sizeof sum, hex);
    pl_auto_fd int dir = pl_open_beneath(l->fd, "blobs/sha256", O_RDONLY | O_DIRECTORY);
    if (dir < 0)
        return pl_fail_errno(err, PL_E_IO, errno, "cannot open 'blobs/sha256'");
    return write_new(dir, hex, bytes, err);
}

static void put_descriptor(struct pl_buf *b, struct pl_str bytes, struct pl_str tag,
                           struct pl_str artifact_type)
{
    struct pl_jsonw w = { .out = b };
    uint8_t sum[32];
    char text[72] = "sha256:";
    pl_sha256(bytes.p, bytes.n, sum);
    pl_hex(sum, sizeof sum, text + 7);
    pl_jw_obj(&w);
    pl_jw_kcstr(&w, "mediaType", PL_MANIFEST_TYPE);
    pl_jw_kcstr(&w, "digest", text);
    pl_jw_ku64(&w, "size", bytes.n);
    if (tag.n) {
        pl_jw_key(&w, "annotations");
        pl_jw_obj(&w);
        pl_jw_kstr(&w, REF_NAME, tag);
        pl_jw_obj_end(&w);
    }
    if (artifact_type.n)
        pl_jw_kstr(&w, "artifactType", artifact_type);
    pl_jw_obj_end(&w);
}

/* The index again: what stood under the tag goes, the new descriptor comes last. */
static int new_index(const struct index *x, struct pl_str tag, struct pl_str descriptor,
                     struct pl_buf *out, struct pl_err *err)
{
    struct pl_arena a = { 0 };
    struct pl_str text = pl_buf_str(&x->text);
    struct pl_str *item = pl_alloc_n(&a, ITEMS_MAX, sizeof *item);
    size_t end = 0, begin;
    long n = pl_json_elements(text, "manifests", item, ITEMS_MAX, &end);
    if (n < 0 || (size_t)n != pl_json_len(x->items)) {
        pl_arena_release(&a);
        return pl_fail(err, PL_E_FORMAT, "index.json cannot be added to");
    }
    begin = n ? (size_t)(item[0].p - text.p) : end;
    pl_buf_putn(out, text.p, begin);
    for (long i = 0; i < n; i++) {
        if (tag.n && pl_str_eq(tag_of(pl_json_at(x->items, (size_t)i)), tag))
            continue;
        pl_buf_putn(out, item[i].p, item[i].n);
        pl_buf_putc(out, ',');
    }
    pl_buf_putn(out, descriptor.p, descriptor.n);
    pl_buf_putn(out, text.p + end, text.n - end);
    pl_arena_release(&a);
    return 0;
}

static int put_locked(struct layout *l, const struct pl_put *p, struct pl_err *err)
{
    struct index x = { 0 };
    struct pl_digest now = { 0 };
    pl_auto_buf struct pl_buf d = { 0 }, text = { 0 };
    int r = p->tag.n ? find_tag(l, p->tag, &now, err) : 0;
    if (r == PL_E_NOENT)
        r = 0;
    if (r == 0 && p->tag.n && (p->replaces ? !pl_digest_eq(&now, p->replaces) : now.set))
        r = pl_fail(err, PL_E_CANCEL, "another writer was faster");
    if (r == 0)
        r = index_read(l, &x, err);
    if (r == 0) {
        put_descriptor(&d, p->bytes, p->tag, p->artifact_type);
        r = new_index(&x, p->tag, pl_buf_str(&d), &text, err);
    }
    if (r == 0)
        r = write_new(l->fd, "index.json", pl_buf_str(&text), err);
    index_release(&x);
    return r;
}

static int put_manifest(struct pl_sign_store *s, const struct pl_put *p, struct pl_err *err)
{
    struct layout *l = (struct layout *)s;
    int r = put_blob(s, p->bytes, err);
    if (r < 0)
        return r;
    pl_auto_fd int lock = openat(l->fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (lock < 0 || flock(lock, LOCK_EX) < 0)
        return pl_fail_errno(err, PL_E_IO, errno, "cannot lock '%s'", l->dir);
    return put_locked(l, p, err);
}

static int child(struct pl_sign_store *s, const struct pl_digest *d, size_t max, struct pl_buf *b,
                 struct pl_err *err)
{
    return fetch(s, d, /* manifest= */ true, max, b, err);
}

static int blob(struct pl_sign_store *s, const struct pl_digest *d, size_t max, struct pl_buf *b,
                struct pl_err *err)
{
    return fetch(s, d, /* manifest= */ false, max, b, err);
}

static void layout_free(struct pl_sign_store *s)
{
    struct layout *l = (struct layout *)s;
    close(l->fd);
    free(l);
}

/* ---- opening ---- */

int pl_sign_layout_new(const char *dir, struct pl_sign_store **ret, struct pl_err *err)
{
    int fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0)
        return pl_fail_errno(err, PL_E_USAGE, errno, "cannot open layout '%s'", dir);
    struct layout *l = calloc(1, sizeof *l);
    if (!l)
        pl_oom();
    *l = (struct layout){ .ops = { .tagged = tagged,
                                   .referrers = referrers,
                                   .fetch = fetch,
                                   .put_blob = put_blob,
                                   .put_manifest = put_manifest,
                                   .child = child,
                                   .blob = blob,
                                   .free = layout_free },
                          .fd = fd,
                          .dir = dir };
    *ret = &l->ops;
    return 0;
}

void pl_sign_store_free(struct pl_sign_store *s)
{
    if (s)
        s->free(s);
}

/* Signatures are no images: they stand under "sha256-…" or have an artifact type. */
static bool is_image(const struct pl_json *item)
{
    return !pl_str_starts(tag_of(item), PL_S("sha256-")) && !pl_json_get(item, "artifactType");
}

int pl_sign_layout_find(struct pl_sign_store *s, struct pl_str tag, const struct pl_digest *want,
                        struct pl_arena *a, struct pl_named *ret, struct pl_err *err)
{
    struct layout *l = (struct layout *)s;
    struct index x = { 0 };
    size_t found = 0;
    int r = index_read(l, &x, err);
    for (size_t i = 0; r == 0 && i < pl_json_len(x.items); i++) {
        const struct pl_json *item = pl_json_at(x.items, i);
        struct pl_digest d;
        r = digest_of(item, &d, err);
        if (r < 0 || (want->set ? !pl_digest_eq(&d, want)
                      : tag.p   ? !pl_str_eq(tag_of(item), tag)
                                : !is_image(item)))
            continue;
        if (found && pl_digest_eq(&d, &ret->digest))
            continue;
        int64_t size = pl_json_int(pl_json_get(item, "size"), 0);
        *ret = (struct pl_named){ d, pl_dup(a, pl_json_str(pl_json_get(item, "mediaType"))),
                                  size > 0 ? (uint64_t)size : 0 };
        found++;
    }
    index_release(&x);
    if (r == 0 && found != 1)
        return pl_fail(err, PL_E_USAGE,
                       found ? "layout '%s' has several images; name one as oci:DIR:TAG"
                             : "layout '%s' has no such image",
                       l->dir);
    return r;
}

struct pl_str pl_sign_tag(struct pl_arena *a, const struct pl_digest *d, const char *suffix)
{
    char hex[2 * PL_HASH_MAX + 1];
    pl_hex(d->b, pl_hash_len(d->alg), hex);
    return pl_printf(a, "%s-%s%s", d->alg == PL_HASH_SHA512 ? "sha512" : "sha256", hex, suffix);
}
