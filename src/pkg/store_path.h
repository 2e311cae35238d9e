/* Stores of Nix and Guix: each folder is one package, and its name says which. */
/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PL_PKG_STORE_PATH_H
#define PL_PKG_STORE_PATH_H

#include "model/package.h"

/* "nix/store/HASH-NAME-VERSION[-OUTPUT]/…" and "gnu/store/…": fills type, name, version, flags and
 * the qualifier, all views; *ret_folder is the path up to the folder's end. False when the file is
 * in no store, or its folder has no version. */
bool pl_pkg_store_path(struct pl_str path, struct pl_pkg *ret, struct pl_str *ret_folder);

#endif
