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

/* Opens the store that `where` names: a folder, in which SQLite keeps the file store.db, or
 * postgresql://…, a database that pl_store_upgrade made ready. PL_E_NOENT when there is none;
 * PL_E_FORMAT when it is damaged; PL_E_UNSUP when a newer program made it, an older one where only
 * pl_store_upgrade may change it, or this build does not know its kind; PL_E_NET, PL_E_AUTH: the
 * server is not reached, or the login may not; PL_E_IO. Heap; ends with ops->close. */
int pl_store_open(const char *where, enum pl_store_mode mode, struct pl_store **ret,
                  struct pl_err *err);

/* Schemas before and after; 0: there was no store. */
struct pl_store_upgraded {
    unsigned from, to;
};
/* Makes the tables (`make`) or brings those of an older program forward, each step whole or not at
 * all. `tool`: our version, kept beside each step. Errors as above. */
int pl_store_upgrade(const char *where, bool make, const char *tool, struct pl_store_upgraded *ret,
                     struct pl_err *err);
/* Lets the database login `role` use the store in PostgreSQL, as one that may claim and write or
 * one that may only read, for `tenant`, which is made when there is none of that name. PL_E_UNSUP:
 * a folder knows no logins. */
int pl_store_grant(const char *where, const char *role, bool worker, const char *tenant,
                   struct pl_err *err);

#endif
