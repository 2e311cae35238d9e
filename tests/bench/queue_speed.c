/* Claims a second: queue_speed STORE JOBS PROCESSES BATCH. Adds that much work, lets so many
 * processes claim it in batches, and prints what they made together. */
/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/hash.h"
#include "store/store.h"

#define ADD 5000u

static int fail(const struct pl_err *err)
{
    fprintf(stderr, "queue_speed: %s\n", err->msg);
    return 1;
}

static int add(struct pl_store *s, uint64_t n, struct pl_err *err)
{
    static struct pl_work_new w[ADD];
    uint8_t sum[PL_SHA256_LEN];
    for (uint64_t done = 0; done < n;) {
        size_t k = 0;
        for (; k < ADD && done < n; k++, done++) {
            w[k] = (struct pl_work_new){ .target = PL_S("oci:/images/of/no/use"),
                                         .digest = PL_S(""),
                                         .host = PL_S("") };
            pl_sha256(&done, sizeof done, sum);
            memcpy(w[k].key, sum, PL_WORK_KEY);
        }
        int r = s->ops->work_add(s, w, k, err);
        if (r < 0)
            return r;
    }
    return 0;
}

static int on_work(void *arg, const struct pl_work *w)
{
    (void)w;
    ++*(uint64_t *)arg;
    return 0;
}

static int claim(const char *where, size_t batch, unsigned nth)
{
    struct pl_store *s;
    struct pl_err err = { 0 };
    char name[32];
    uint64_t got, all = 0;
    snprintf(name, sizeof name, "bench/%u", nth);
    int r = pl_store_open(where, PL_STORE_WRITE, &s, &err);
    if (r < 0)
        return fail(&err);
    do {
        got = 0;
        r = s->ops->work_claim(s, pl_str_c(name), 3600, PL_WORK_IMAGE, PL_WORK_LAYER, batch,
                               on_work, &got, &err);
        all += got;
    } while (r == 0 && got);
    s->ops->close(s);
    return r < 0 ? fail(&err) : all == 0;
}

int main(int argc, char **argv)
{
    struct pl_store *s;
    struct pl_err err = { 0 };
    if (argc != 5)
        return 2;
    uint64_t n = strtoull(argv[2], NULL, 10);
    unsigned processes = (unsigned)strtoul(argv[3], NULL, 10);
    size_t batch = strtoul(argv[4], NULL, 10);
    if (pl_store_open(argv[1], PL_STORE_MAKE, &s, &err) < 0)
        return fail(&err);
    int64_t t0 = pl_clock_ms();
    int r = add(s, n, &err);
    s->ops->close(s);
    if (r < 0)
        return fail(&err);
    int64_t t1 = pl_clock_ms();
    for (unsigned i = 0; i < processes; i++)
        if (fork() == 0)
            _exit(claim(argv[1], batch, i));
    while (wait(NULL) > 0)
        ;
    int64_t t2 = pl_clock_ms();
    printf("added %.0f/s  claimed %.0f/s (%u processes, batches of %zu)\n",
           (double)n * 1000 / (double)(t1 - t0 + 1), (double)n * 1000 / (double)(t2 - t1 + 1),
           processes, batch);
    return 0;
}
