/* What was signed: bytes, a file or digests, worked out when asked for. */
/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <openssl/evp.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/limits.h"
#include "sign/key.h"

/* A pure Ed25519 signature needs the whole message at once. */
#define BYTES_MAX PL_MIB(256)

static const struct {
    const char *name, *pb;
    size_t len;
} mds[PL_MD_COUNT] = {
    [PL_MD_SHA256] = { "sha256", "SHA2_256", 32 },
    [PL_MD_SHA384] = { "sha384", "SHA2_384", 48 },
    [PL_MD_SHA512] = { "sha512", "SHA2_512", 64 },
};

size_t pl_md_len(enum pl_md md)
{
    return mds[md].len;
}

const char *pl_md_name(enum pl_md md)
{
    return mds[md].name;
}

bool pl_md_named(struct pl_str name, enum pl_md *ret)
{
    for (unsigned i = 0; i < PL_MD_COUNT; i++) {
        if (pl_str_is(name, mds[i].name) || pl_str_is(name, mds[i].pb)) {
            *ret = (enum pl_md)i;
            return true;
        }
    }
    return false;
}

static const EVP_MD *evp(enum pl_md md)
{
    return md == PL_MD_SHA256 ? EVP_sha256() : md == PL_MD_SHA384 ? EVP_sha384() : EVP_sha512();
}

void pl_md_bytes(enum pl_md md, struct pl_str s, uint8_t *out)
{
    if (EVP_Digest(s.p ? s.p : "", s.n, out, NULL, evp(md), NULL) != 1)
        pl_oom();
}

void pl_message_init(struct pl_message *m, struct pl_str bytes)
{
    *m = (struct pl_message){ .bytes = bytes, .fd = -1 };
}

void pl_message_release(struct pl_message *m)
{
    free(m->own);
    *m = (struct pl_message){ .fd = -1 };
}

static int read_at(int fd, void *p, size_t n, uint64_t off, size_t *ret, struct pl_err *err)
{
    ssize_t got;
    do
        got = pread(fd, p, n, (off_t)off);
    while (got < 0 && errno == EINTR);
    if (got < 0)
        return pl_fail_errno(err, PL_E_IO, errno, "cannot read what was signed");
    *ret = (size_t)got;
    return 0;
}

static int file_digest(int fd, EVP_MD_CTX *ctx, enum pl_md md, uint8_t *out, struct pl_err *err)
{
    uint64_t off = 0;
    size_t got = 1, room = PL_KIB(128);
    char *buf = malloc(room);
    int r = 0;
    if (!buf || EVP_DigestInit_ex(ctx, evp(md), NULL) != 1)
        pl_oom();
    while (r == 0 && got) {
        r = read_at(fd, buf, room, off, &got, err);
        off += got;
        if (r == 0 && EVP_DigestUpdate(ctx, buf, got) != 1)
            pl_oom();
    }
    if (r == 0 && EVP_DigestFinal_ex(ctx, out, NULL) != 1)
        pl_oom();
    free(buf);
    return r;
}

int pl_message_digest(struct pl_message *m, enum pl_md md, struct pl_str *ret, struct pl_err *err)
{
    if (!m->have[md]) {
        if (m->bytes.p) {
            pl_md_bytes(md, m->bytes, m->digest[md]);
        } else if (m->fd >= 0) {
            EVP_MD_CTX *ctx = EVP_MD_CTX_new();
            int r = ctx ? file_digest(m->fd, ctx, md, m->digest[md], err) : 0;
            if (!ctx)
                pl_oom();
            EVP_MD_CTX_free(ctx);
            if (r < 0)
                return r;
        } else {
            return pl_fail(err, PL_E_UNSUP, "the %s digest of the artifact is not known",
                           mds[md].name);
        }
        m->have[md] = true;
    }
    *ret = pl_str_n(m->digest[md], mds[md].len);
    return 0;
}

static int load(struct pl_message *m, struct pl_err *err)
{
    struct stat st;
    if (fstat(m->fd, &st) < 0)
        return pl_fail_errno(err, PL_E_IO, errno, "cannot read what was signed");
    if ((uint64_t)st.st_size > BYTES_MAX)
        return pl_fail(err, PL_E_LIMIT, "limit artifact: more than %u MiB for an Ed25519 signature",
                       (unsigned)(BYTES_MAX >> 20));
    size_t n = (size_t)st.st_size, at = 0, got = 1;
    m->own = malloc(n + 1);
    if (!m->own)
        return pl_fail(err, PL_E_NOMEM, "out of memory");
    while (at < n && got) {
        int r = read_at(m->fd, m->own + at, n - at, at, &got, err);
        if (r < 0)
            return r;
        at += got;
    }
    if (at < n)
        return pl_fail(err, PL_E_IO, "what was signed became shorter");
    m->bytes = pl_str_n(m->own, n);
    return 0;
}

int pl_message_bytes(struct pl_message *m, struct pl_str *ret, struct pl_err *err)
{
    if (!m->bytes.p && m->fd < 0)
        return pl_fail(err, PL_E_UNSUP,
                       "a signature of this kind needs the artifact, not a digest");
    int r = m->bytes.p ? 0 : load(m, err);
    if (r == 0)
        *ret = m->bytes;
    return r;
}
