/* What was found in an inventory, as the store keeps it and knows nothing of: model/store.h. */
/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PL_QUERY_FOUND_H
#define PL_QUERY_FOUND_H

#include "base/buf.h"

/* What `found` of the store holds: the findings as elements of a JSON list, those that only a new
 * reading changes and the flaws that advisories tell. Appended; false: the bytes are none. */
bool pl_store_found(struct pl_str bytes, struct pl_buf *ret_own, struct pl_buf *ret_flaws);
/* The way there; appended to `ret`. */
void pl_store_found_pack(struct pl_str own, struct pl_str flaws, struct pl_buf *ret);

#endif
