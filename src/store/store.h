/* Opening a store. What can be done with it is in model/store.h. */
/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PL_STORE_STORE_H
#define PL_STORE_STORE_H

#include "model/store.h"

enum pl_store_mode {
    PL_STORE_READ,  /* there must be one; nothing can be changed, its folder may be read-only */
    PL_STORE_WRITE, /* there must be one */
    PL_STORE_MAKE,  /* made when there is none, with its folder */
};

/* Opens the store that `where` names: a folder, in which SQLite keeps the file store.db. PL_E_NOENT
 * when there is none; PL_E_FORMAT when it is damaged; PL_E_UNSUP when a newer program made it, or
 * this build does not know its kind; PL_E_IO. Heap; ends with ops->close. */
int pl_store_open(const char *where, enum pl_store_mode mode, struct pl_store **ret,
                  struct pl_err *err);

#endif
