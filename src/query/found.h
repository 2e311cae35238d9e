/* What was found in an inventory, as the store keeps it and knows nothing of: model/store.h. */
/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PL_QUERY_FOUND_H
#define PL_QUERY_FOUND_H

#include "base/buf.h"

/* Secrets and packages were looked for, and no option changed what is found. */
#define PL_FOUND_ORDINARY PL_S("ordinary ")

/* What `found` of the store holds: the findings as elements of a JSON list, those that only a new
 * reading changes and the flaws that advisories tell. Appended; false: the bytes are none. */
bool pl_store_found(struct pl_str bytes, struct pl_buf *ret_own, struct pl_buf *ret_flaws);
/* The same, and how it was found: PL_FOUND_ORDINARY and when the advisories were built (RFC 3339;
 * nothing: it was not matched), or nothing: with options of its own. */
bool pl_store_found_how(struct pl_str bytes, struct pl_buf *ret_own, struct pl_buf *ret_flaws,
                        struct pl_buf *ret_how);
/* The way there; appended to `ret`. */
void pl_store_found_pack(struct pl_str own, struct pl_str flaws, struct pl_str how,
                         struct pl_buf *ret);

#endif
