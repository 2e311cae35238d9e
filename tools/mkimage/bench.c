/* A large image for measurements, made from this machine's own programs and documents: gzip layers
 * at level 6, entries in byte order, dates fixed, so the same machine gives the same bytes. */
/* SPDX-License-Identifier: Apache-2.0 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <zlib.h>

#include "mk.h"

#define LAYERS 5

struct out {
    int fd;
    z_stream z;
    struct pl_hash *plain, *packed;
    uint64_t bytes, written; /* of tar so far; of the blob */
    char tmp[4096];
};
struct bench {
    struct mk *m;
    struct out o;
    const char *dir;
    uint64_t per_layer;
    unsigned layer;
    char diff_id[LAYERS][65], digest[LAYERS][65];
    uint64_t size[LAYERS];
};

static void squeeze(struct bench *b, const void *p, size_t n, int flush)
{
    struct out *o = &b->o;
    char block[1 << 16];
    o->z.next_in = (Bytef *)(uintptr_t)p;
    o->z.avail_in = (uInt)n;
    do {
        size_t k;
        o->z.next_out = (Bytef *)block;
        o->z.avail_out = sizeof block;
        deflate(&o->z, flush);
        k = sizeof block - o->z.avail_out;
        pl_hash_add(o->packed, block, k);
        o->written += k;
        if (write(o->fd, block, k) != (ssize_t)k)
            mk_die(b->m, NULL, "cannot write '%s': %s", o->tmp, strerror(errno));
    } while (o->z.avail_out == 0);
}

static void put(struct bench *b, const void *p, size_t n)
{
    pl_hash_add(b->o.plain, p, n);
    b->o.bytes += n;
    squeeze(b, p, n, Z_NO_FLUSH);
}

static void layer_start(struct bench *b)
{
    struct out *o = &b->o;
    memset(o, 0, sizeof *o);
    snprintf(o->tmp, sizeof o->tmp, "%s/blobs/sha256/part", b->dir);
    mk_write_file(b->m, o->tmp, pl_str_c(NULL));
    o->fd = open(o->tmp, O_WRONLY | O_TRUNC | O_CLOEXEC);
    if (o->fd < 0 || deflateInit2(&o->z, 6, Z_DEFLATED, 31, 8, Z_DEFAULT_STRATEGY) != Z_OK)
        mk_die(b->m, NULL, "cannot start '%s'", o->tmp);
    o->plain = pl_hash_new(PL_HASH_SHA256);
    o->packed = pl_hash_new(PL_HASH_SHA256);
}

static void layer_end(struct bench *b)
{
    struct out *o = &b->o;
    static const char zero[1024];
    uint8_t d[32];
    char path[4200];
    put(b, zero, sizeof zero);
    squeeze(b, NULL, 0, Z_FINISH);
    deflateEnd(&o->z);
    close(o->fd);
    pl_hash_end(o->plain, d);
    pl_hex(d, 32, b->diff_id[b->layer]);
    pl_hash_end(o->packed, d);
    pl_hex(d, 32, b->digest[b->layer]);
    pl_hash_free(o->plain);
    pl_hash_free(o->packed);
    b->size[b->layer] = o->written;
    snprintf(path, sizeof path, "%s/blobs/sha256/%s", b->dir, b->digest[b->layer]);
    if (rename(o->tmp, path))
        mk_die(b->m, NULL, "cannot name '%s': %s", path, strerror(errno));
    b->layer++;
}

static bool full(const struct bench *b)
{
    return b->layer == LAYERS;
}

static void regular(struct bench *b, const char *path, uint64_t size)
{
    static const char zero[512];
    char h[512], block[1 << 16];
    uint64_t left = size;
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
    if (fd < 0)
        return;
    mk_tar_header(h, pl_str_c(path + 1), size, '0');
    put(b, h, 512);
    while (left) {
        ssize_t k = read(fd, block, left < sizeof block ? left : sizeof block);
        if (k <= 0)
            mk_die(b->m, NULL, "'%s' changed while it was read", path);
        put(b, block, (size_t)k);
        left -= (uint64_t)k;
    }
    put(b, zero, -size & 511);
    close(fd);
    if (b->o.bytes < b->per_layer)
        return;
    layer_end(b);
    if (!full(b))
        layer_start(b);
}

static void walk(struct bench *b, const char *dir)
{
    struct dirent **names;
    int n = scandir(dir, &names, NULL, alphasort);
    for (int i = 0; i < n; i++) {
        struct pl_str path = pl_printf(&b->m->a, "%s/%s", dir, names[i]->d_name);
        struct stat st;
        bool dots = !strcmp(names[i]->d_name, ".") || !strcmp(names[i]->d_name, "..");
        free(names[i]);
        if (dots || full(b) || path.n > 100 || lstat(path.p, &st))
            continue;
        if (S_ISDIR(st.st_mode)) {
            char h[512];
            mk_tar_header(h, pl_str_c(path.p + 1), 0, '5');
            put(b, h, 512);
            walk(b, path.p);
        } else if (S_ISREG(st.st_mode) && st.st_size < (64 << 20)) {
            regular(b, path.p, (uint64_t)st.st_size);
        }
    }
    if (n >= 0)
        free(names);
}

/* Writes one document as a blob; its digest to sha[65]. */
static void document(struct bench *b, struct pl_buf *text, char *sha)
{
    mk_sha(pl_buf_str(text), sha);
    mk_write_file(b->m, pl_printf(&b->m->a, "%s/blobs/sha256/%s", b->dir, sha).p, pl_buf_str(text));
}

static void documents(struct bench *b)
{
    struct pl_buf c = { 0 }, t = { 0 };
    char sha[65];
    size_t conf;
    pl_buf_puts(&c, "{\"created\":\"" MK_CREATED "\",\"architecture\":\"amd64\",\"os\":\"linux\","
                    "\"config\":{\"Cmd\":[\"sh\"]},\"rootfs\":{\"type\":\"layers\",\"diff_ids\":[");
    for (unsigned i = 0; i < b->layer; i++)
        pl_buf_printf(&c, "%s\"sha256:%s\"", i ? "," : "", b->diff_id[i]);
    pl_buf_puts(&c, "]},\"history\":[");
    for (unsigned i = 0; i < b->layer; i++)
        pl_buf_printf(&c, "%s{\"created\":\"" MK_CREATED "\",\"created_by\":\"COPY part%u /\"}",
                      i ? "," : "", i);
    pl_buf_puts(&c, "]}");
    document(b, &c, sha);
    conf = c.n;
    pl_buf_printf(&t,
                  "{\"schemaVersion\":2,\"mediaType\":\"application/vnd.oci.image.manifest.v1+"
                  "json\",\"config\":{\"mediaType\":\"application/vnd.oci.image.config.v1+json"
                  "\",\"digest\":\"sha256:%s\",\"size\":%zu},\"layers\":[",
                  sha, conf);
    for (unsigned i = 0; i < b->layer; i++)
        pl_buf_printf(&t,
                      "%s{\"mediaType\":\"application/vnd.oci.image.layer.v1.tar+gzip\","
                      "\"digest\":\"sha256:%s\",\"size\":%" PRIu64 "}",
                      i ? "," : "", b->digest[i], b->size[i]);
    pl_buf_puts(&t, "]}");
    document(b, &t, sha);
    pl_buf_clear(&c);
    pl_buf_printf(&c,
                  "{\"schemaVersion\":2,\"mediaType\":\"application/vnd.oci.image.index.v1+json"
                  "\",\"manifests\":[{\"mediaType\":\"application/vnd.oci.image.manifest.v1+"
                  "json\",\"digest\":\"sha256:%s\",\"size\":%zu,\"platform\":{\"architecture\":"
                  "\"amd64\",\"os\":\"linux\"},\"annotations\":{\"org.opencontainers.image.ref"
                  ".name\":\"bench\"}}]}",
                  sha, t.n);
    mk_write_file(b->m, pl_printf(&b->m->a, "%s/index.json", b->dir).p, pl_buf_str(&c));
    mk_write_file(b->m, pl_printf(&b->m->a, "%s/oci-layout", b->dir).p,
                  PL_S("{\"imageLayoutVersion\":\"1.0.0\"}"));
    pl_buf_release(&c);
    pl_buf_release(&t);
}

void mk_bench(struct mk *m, uint64_t mb, const char *target)
{
    static const char *const roots[] = { "/usr/bin", "/usr/lib", "/usr/share", "/usr/sbin",
                                         "/usr/include" };
    struct bench b = { .m = m, .per_layer = (mb << 20) / LAYERS };
    if (strncmp(target, "oci:", 4) != 0)
        mk_die(m, NULL, "--bench writes oci:DIR");
    b.dir = target + 4;
    layer_start(&b);
    for (size_t i = 0; i < PL_COUNT(roots) && !full(&b); i++)
        walk(&b, roots[i]);
    if (!full(&b)) {
        fprintf(stderr,
                "mkimage: this machine has less than %" PRIu64 " MB; the image is smaller\n", mb);
        layer_end(&b);
    }
    documents(&b);
}
