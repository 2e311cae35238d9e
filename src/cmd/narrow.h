/* Which inventories are to be looked at again, by what has changed of their packages. */
/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PL_CMD_NARROW_H
#define PL_CMD_NARROW_H

#include "model/store.h"

/* The key of what is looked at now: the program, its rules, the `form` of the prints and of what
 * follows from them, whether hidden packages count. */
void pl_narrow_key(uint32_t form, bool all_layers, uint8_t key[PL_STORE_MATCH_KEY]);
/* May one go by what was kept? It is there and has the same key. */
bool pl_narrow_may(const struct pl_store_matched *before, const struct pl_store_matched *now);
/* The inventories that hold a package with another print than before, were put in since, or are
 * looked at each time: rising, each once, in *ret (heap). */
int pl_narrow(struct pl_store *s, const struct pl_store_matched *before,
              const struct pl_store_matched *now, int64_t **ret, size_t *ret_n, struct pl_err *err);

#endif
