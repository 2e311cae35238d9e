/* Evidence on disk: a file for each key, authenticated by a key of that directory. A file that is
 * damaged, moved or of others is no file. gates.md section 5. */
/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/random.h>
#include <sys/stat.h>

#include "base/cleanup.h"
#include "base/limits.h"
#include "fmt/jsontree.h"
#include "gate/cache_int.h"
#include "gate/evidence.h"

#define FILE_MAX (4u << 20)

static bool read_all(int dir, const char *name, struct pl_buf *b)
{
    pl_auto_fd int fd = openat(dir, name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
    struct stat st;
    if (fd < 0 || fstat(fd, &st) < 0 || !S_ISREG(st.st_mode) || st.st_size > FILE_MAX)
        return false;
    char *to = pl_buf_room(b, (size_t)st.st_size + 1, NULL);
    for (;;) {
        ssize_t n = to ? read(fd, to + b->n, (size_t)st.st_size - b->n) : -1;
        if (n <= 0)
            return n == 0 && b->n == (size_t)st.st_size;
        b->n += (size_t)n;
    }
}

static bool write_all(int dir, const char *name, struct pl_str s)
{
    char temp[96];
    uint64_t dice = 0;
    if (getrandom(&dice, sizeof dice, 0) != sizeof dice)
        return false;
    snprintf(temp, sizeof temp, ".new-%016llx", (unsigned long long)dice);
    pl_auto_fd int fd = openat(dir, temp, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    if (fd < 0)
        return false;
    bool ok = true;
    while (ok && s.n) {
        ssize_t n = write(fd, s.p, s.n);
        ok = n > 0;
        s = ok ? pl_str_sub(s, (size_t)n, SIZE_MAX) : s;
    }
    ok = ok && renameat(dir, temp, dir, name) == 0;
    if (!ok)
        unlinkat(dir, temp, 0);
    return ok;
}

/* A directory that others may write to would let them put in what they like, had they the key. */
static int check_dir(int fd, const char *dir, struct pl_err *err)
{
    struct stat st;
    if (fstat(fd, &st) < 0)
        return pl_fail_errno(err, PL_E_USAGE, errno, "cannot look at '%s'", dir);
    if (st.st_uid != geteuid() || (st.st_mode & 022))
        return pl_fail(err, PL_E_USAGE, "cache '%s' may be written by others", dir);
    return 0;
}

int pl_cache_disk_open(struct pl_gate_cache *c, const char *dir, struct pl_err *err)
{
    pl_auto_buf struct pl_buf b = { .max = 64 };
    if (mkdir(dir, 0700) < 0 && errno != EEXIST)
        return pl_fail_errno(err, PL_E_USAGE, errno, "cannot make cache '%s'", dir);
    c->dir_fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (c->dir_fd < 0)
        return pl_fail_errno(err, PL_E_USAGE, errno, "cannot open cache '%s'", dir);
    int r = check_dir(c->dir_fd, dir, err);
    if (r < 0)
        return r;
    pl_cache_disk_trim(c);
    if (read_all(c->dir_fd, "key", &b) && b.n == sizeof c->key) {
        memcpy(c->key, b.p, sizeof c->key);
        return 0;
    }
    if (getrandom(c->key, sizeof c->key, 0) != sizeof c->key ||
        !write_all(c->dir_fd, "key", pl_str_n(c->key, sizeof c->key)))
        return pl_fail(err, PL_E_USAGE, "cannot write into cache '%s'", dir);
    return 0;
}

static void name_of(struct pl_str key, char out[80])
{
    uint8_t sum[32];
    pl_sha256(key.p, key.n, sum);
    memcpy(out, "e-", 2);
    pl_hex(sum, sizeof sum, out + 2);
}

static void count(struct pl_gate_cache *c, size_t n)
{
    pthread_mutex_lock(&c->disk_lock);
    c->disk_bytes += n;
    bool full = c->disk_bytes > c->disk_max;
    pthread_mutex_unlock(&c->disk_lock);
    if (full)
        pl_cache_disk_trim(c);
}

/* One line "PUT GOOD KEY", then the evidence as JSON. */
void pl_cache_disk_save(struct pl_gate_cache *c, const struct pl_cache_file *f)
{
    pl_auto_buf struct pl_buf b = { 0 };
    char name[80];
    uint8_t mac[32];
    if (c->dir_fd < 0)
        return;
    name_of(f->key, name);
    if (!f->entry) {
        unlinkat(c->dir_fd, name, 0);
        return;
    }
    pl_buf_printf(&b, "%lld %lld %.*s\n", (long long)f->put_s, (long long)f->good_s,
                  PL_FMT(f->key));
    pl_evidence_write(&f->entry->e, &b);
    pl_hmac_sha256(c->key, sizeof c->key, b.p, b.n, mac);
    pl_buf_putn(&b, mac, sizeof mac);
    if (b.n <= FILE_MAX && b.n <= c->disk_max && write_all(c->dir_fd, name, pl_buf_str(&b)))
        count(c, b.n);
}

static bool same(const uint8_t *x, const uint8_t *y, size_t n)
{
    uint8_t d = 0;
    for (size_t i = 0; i < n; i++)
        d |= (uint8_t)(x[i] ^ y[i]);
    return d == 0;
}

static bool parse(struct pl_gate_cache *c, struct pl_cache_slot *s, struct pl_str text)
{
    struct pl_str line, put, good;
    uint64_t put_s, good_s;
    struct pl_yaml *root;
    pl_str_split(&text, '\n', &line);
    pl_str_split(&line, ' ', &put);
    pl_str_split(&line, ' ', &good);
    if (!text.p || !line.p || !pl_str_u64(put, &put_s) || !pl_str_u64(good, &good_s) ||
        !pl_str_eq(line, s->key))
        return false;
    struct pl_gate_entry *x = pl_gate_entry_new();
    struct pl_str own = pl_dup(&x->a, text);
    if (pl_jsontree_parse(own, &x->a, &root, NULL) < 0 ||
        pl_evidence_read(root, &x->a, &x->e, NULL) < 0) {
        pl_gate_entry_unref(x);
        return false;
    }
    pl_cache_hold(c, s, x);
    s->put_s = (int64_t)put_s;
    s->good_s = (int64_t)good_s;
    return true;
}

void pl_cache_disk_load(struct pl_gate_cache *c, struct pl_cache_slot *s)
{
    pl_auto_buf struct pl_buf b = { 0 };
    char name[80];
    uint8_t mac[32];
    if (c->dir_fd < 0)
        return;
    name_of(s->key, name);
    if (!read_all(c->dir_fd, name, &b) || b.n < sizeof mac)
        return;
    size_t n = b.n - sizeof mac;
    pl_hmac_sha256(c->key, sizeof c->key, b.p, n, mac);
    if (!same(mac, (const uint8_t *)b.p + n, sizeof mac) || !parse(c, s, pl_str_n(b.p, n)))
        return;
    utimensat(c->dir_fd, name, NULL, 0); /* used now */
}
