/* Inside the cache: slots in memory, files beside them. */
/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PL_GATE_CACHE_INT_H
#define PL_GATE_CACHE_INT_H

#include <unistd.h>

#include "gate/gate_int.h"

#define PL_CACHE_BUCKETS 4096u
#define PL_CACHE_ENTRIES 65536u

struct pl_cache_slot {
    struct pl_cache_slot *next, *newer, *older;
    struct pl_str key;
    struct pl_gate_entry *entry; /* evidence that is kept, or NULL */
    size_t bytes;                /* of the slot and of `entry` */
    int64_t put_s, good_s;       /* when it was put; when it was enough, 0: it was not */
    bool busy;                   /* somebody gathers */
    unsigned waiting;
    struct pl_gate_entry *last; /* for those who wait: how the last turn ended, or NULL and … */
    struct pl_err why;
    char text[]; /* of the key */
};

struct pl_gate_cache {
    atomic_uint refs;
    pthread_mutex_t lock;
    pthread_cond_t done;
    struct pl_cache_slot *bucket[PL_CACHE_BUCKETS], *newest, *oldest;
    size_t max_bytes;
    struct pl_gate_cache_stats stats;
    uint64_t cleared;
    int dir_fd;      /* -1: memory only */
    size_t disk_max; /* bytes of files */
    pthread_mutex_t disk_lock;
    size_t disk_bytes; /* about; under `disk_lock` */
    uint8_t key[32];   /* what files are authenticated with */
    uint8_t salt[16];  /* of this process */
};

/* Makes `x` (a reference that it takes) what a slot holds that holds nothing. */
void pl_cache_hold(struct pl_gate_cache *c, struct pl_cache_slot *s, struct pl_gate_entry *x);
/* Opens the directory, makes or reads its key. PL_E_USAGE. */
int pl_cache_disk_open(struct pl_gate_cache *c, const char *dir, struct pl_err *err);
/* Fills a new slot from its file, when there is a good one. */
void pl_cache_disk_load(struct pl_gate_cache *c, struct pl_cache_slot *s);
/* What the slot's file is to hold. */
struct pl_cache_file {
    struct pl_str key;
    const struct pl_gate_entry *entry; /* NULL: the file goes */
    int64_t put_s, good_s;
};
/* Writes or removes a file; the cache's lock is not held. Failing is no failure. */
void pl_cache_disk_save(struct pl_gate_cache *c, const struct pl_cache_file *f);
/* Counts the files; when they are too many bytes, those that were not used for longest go until a
 * quarter is free. Temporary files of killed processes go too. */
void pl_cache_disk_trim(struct pl_gate_cache *c);

#endif
