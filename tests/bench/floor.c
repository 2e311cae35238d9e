/* The floor of a scan: the least that reading an image costs. Each blob given as argument is read,
 * hashed, inflated, hashed again and searched for literals, in one pass on one thread, with the
 * fastest library for each step. Guide section 3. */
/* SPDX-License-Identifier: Apache-2.0 */
#include <fcntl.h>
#include <hs.h>
#include <isa-l/igzip_lib.h>
#include <openssl/evp.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

enum { IN_SIZE = 256 << 10, OUT_SIZE = 1 << 20, MAX_LITERALS = 4096 };

struct floor {
    hs_database_t *db;
    hs_scratch_t *scratch;
    EVP_MD_CTX *stored, *unpacked;
    uint8_t *in, *out;
    uint64_t bytes_in, bytes_out, hits;
};

static void die(const char *what)
{
    fprintf(stderr, "floor: %s\n", what);
    exit(2);
}

static int on_hit(unsigned id, unsigned long long from, unsigned long long to, unsigned flags,
                  void *arg)
{
    (void)id, (void)from, (void)to, (void)flags;
    ((struct floor *)arg)->hits++;
    return 0;
}

/* One literal a line; upper and lower case are one. */
static void compile(struct floor *f, const char *path)
{
    static char line[MAX_LITERALS][256];
    const char *literals[MAX_LITERALS];
    size_t lengths[MAX_LITERALS];
    unsigned flags[MAX_LITERALS], ids[MAX_LITERALS], n = 0;
    FILE *file = fopen(path, "rbe");
    while (file && n < MAX_LITERALS && fgets(line[n], sizeof(line[n]), file)) {
        lengths[n] = strcspn(line[n], "\n");
        literals[n] = line[n];
        flags[n] = HS_FLAG_CASELESS;
        ids[n] = n;
        n += lengths[n] > 0;
    }
    if (!file || n == 0)
        die("no literals");
    fclose(file);
    hs_compile_error_t *problem = NULL;
    if (hs_compile_lit_multi(literals, flags, ids, lengths, n, HS_MODE_BLOCK, NULL, &f->db,
                             &problem) != HS_SUCCESS ||
        hs_alloc_scratch(f->db, &f->scratch) != HS_SUCCESS)
        die("literals do not compile");
}

static void take(struct floor *f, const uint8_t *p, size_t n)
{
    f->bytes_out += n;
    EVP_DigestUpdate(f->unpacked, p, n);
    if (hs_scan(f->db, (const char *)p, (unsigned)n, 0, f->scratch, on_hit, f) != HS_SUCCESS)
        die("scan failed");
}

/* Fills f->in; the number of bytes, 0 at the end. */
static size_t fill(struct floor *f, int fd)
{
    ssize_t n = read(fd, f->in, IN_SIZE);
    if (n < 0)
        die("cannot read");
    f->bytes_in += (uint64_t)n;
    EVP_DigestUpdate(f->stored, f->in, (size_t)n);
    return (size_t)n;
}

static void inflate_all(struct floor *f, int fd, size_t n)
{
    static struct inflate_state z; /* some 80 KiB */
    size_t filled = 0;
    isal_inflate_init(&z);
    z.crc_flag = ISAL_GZIP;
    z.next_in = f->in;
    z.avail_in = (uint32_t)n;
    for (;;) {
        if (z.avail_in == 0 && z.block_state != ISAL_BLOCK_FINISH) {
            z.avail_in = (uint32_t)fill(f, fd);
            z.next_in = f->in;
            if (z.avail_in == 0)
                die("gzip stream ends early");
        }
        z.next_out = f->out + filled;
        z.avail_out = (uint32_t)(OUT_SIZE - filled);
        if (isal_inflate(&z) != ISAL_DECOMP_OK)
            die("gzip stream broken");
        filled = OUT_SIZE - z.avail_out;
        if (filled == OUT_SIZE || z.block_state == ISAL_BLOCK_FINISH) {
            take(f, f->out, filled);
            filled = 0;
        }
        if (z.block_state == ISAL_BLOCK_FINISH)
            break;
    }
    while (fill(f, fd) > 0)
        continue;
}

static void layer(struct floor *f, const char *path)
{
    unsigned char digest[EVP_MAX_MD_SIZE];
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        die("cannot open a blob");
    EVP_DigestInit_ex(f->stored, EVP_sha256(), NULL);
    EVP_DigestInit_ex(f->unpacked, EVP_sha256(), NULL);
    size_t n = fill(f, fd);
    if (n > 2 && f->in[0] == 0x1f && f->in[1] == 0x8b) {
        inflate_all(f, fd, n);
    } else {
        for (; n > 0; n = fill(f, fd))
            take(f, f->in, n);
    }
    EVP_DigestFinal_ex(f->stored, digest, NULL);
    EVP_DigestFinal_ex(f->unpacked, digest, NULL);
    close(fd);
}

static double seconds(clockid_t clock)
{
    struct timespec t;
    clock_gettime(clock, &t);
    return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

int main(int argc, char **argv)
{
    static struct floor f;
    if (argc < 3)
        die("usage: floor LITERALS BLOB…");
    double wall = seconds(CLOCK_MONOTONIC);
    f.stored = EVP_MD_CTX_new();
    f.unpacked = EVP_MD_CTX_new();
    f.in = malloc(IN_SIZE);
    f.out = malloc(OUT_SIZE);
    if (!f.stored || !f.unpacked || !f.in || !f.out)
        die("out of memory");
    compile(&f, argv[1]);
    double ready = seconds(CLOCK_PROCESS_CPUTIME_ID);
    for (int i = 2; i < argc; i++)
        layer(&f, argv[i]);
    double cpu = seconds(CLOCK_PROCESS_CPUTIME_ID);
    printf("cpu %.4f start %.4f wall %.4f in %llu out %llu hits %llu\n", cpu, ready,
           seconds(CLOCK_MONOTONIC) - wall, (unsigned long long)f.bytes_in,
           (unsigned long long)f.bytes_out, (unsigned long long)f.hits);
    return 0;
}
