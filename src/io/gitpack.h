/* A git pack in memory, version 2 or 3: its objects with deltas resolved, found by position or by
 * id, within bounds of work and memory. gitformat-pack(5). Not for other folders. */
/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PL_IO_GITPACK_H
#define PL_IO_GITPACK_H

#include "io/gitobj.h"

#define PL_GIT_NO UINT32_MAX /* no object */

struct pl_gitpack;

struct pl_gitpack_opts {
    uint64_t work;  /* bytes that may be produced in all: inflated, or by deltas */
    uint32_t count; /* objects that are read; more: PL_E_LIMIT */
    size_t object;  /* largest object that is held in memory: delta, base or result */
    size_t cache;   /* bytes of resolved objects that are kept */
};

/* One object. `type` is never a delta; PL_GIT_NONE when its base is missing. `whole` is its place
 * when it is no delta: a zlib stream that begins there. */
struct pl_git_object {
    enum pl_git_type type;
    uint64_t size;
    const uint8_t *id; /* NULL when it was not resolved yet */
    struct pl_str whole;
};

/* Finds the objects of `pack`, which must outlive *ret. 0 also when a part is damaged or a limit
 * hit: then *ret_damage has code and message (else code 0). PL_E_FORMAT when it is no pack. Free
 * with pl_gitpack_free, which accepts NULL. */
int pl_gitpack_open(struct pl_str pack, const struct pl_gitpack_opts *o, struct pl_gitpack **ret,
                    struct pl_err *ret_damage, struct pl_err *err);
void pl_gitpack_free(struct pl_gitpack *p);

/* How many objects; the length of their ids (20 or 32). */
uint32_t pl_gitpack_count(const struct pl_gitpack *p);
size_t pl_gitpack_id_len(const struct pl_gitpack *p);
/* Object `i` < count. */
struct pl_git_object pl_gitpack_object(const struct pl_gitpack *p, uint32_t i);
/* Content of object `i`, a view valid until the next get. Afterwards its id is known. PL_E_LIMIT:
 * too large or too much work; PL_E_FORMAT; PL_E_NOENT: its base is not in the pack. */
int pl_gitpack_get(struct pl_gitpack *p, uint32_t i, struct pl_str *ret, struct pl_err *err);
/* The object with that id among those whose id was known at the last pl_gitpack_index; PL_GIT_NO.
 */
uint32_t pl_gitpack_find(const struct pl_gitpack *p, const uint8_t *id);
/* Makes all ids known so far findable. */
void pl_gitpack_index(struct pl_gitpack *p);

#endif
