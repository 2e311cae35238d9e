/* OpenPGP signatures, as distributions put them on their indexes. RFC 4880; the work is done by
 * gpgv, which apt itself asks: it gets the keys that the user gave, and no others. */
/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PL_SIGN_OPENPGP_H
#define PL_SIGN_OPENPGP_H

#include "base/arena.h"
#include "base/err.h"
#include "base/str.h"

struct pl_openpgp; /* keys */

/* No keys yet. Heap. */
struct pl_openpgp *pl_openpgp_new(void);
/* Frees; accepts NULL. */
void pl_openpgp_free(struct pl_openpgp *g);
/* Adds the keys of a file: binary, or any number of armored blocks. PL_E_FORMAT, PL_E_IO;
 * PL_E_LIMIT: too many files. */
int pl_openpgp_add(struct pl_openpgp *g, struct pl_str keys, struct pl_err *err);
/* Number of files of keys. */
size_t pl_openpgp_count(const struct pl_openpgp *g);

/* Does a signature of `sig` (binary or armored) over `text` hold, made by one of the keys, and is
 * none of them bad? *ret_by, in `a`: the key's fingerprint and name. PL_E_SIG: no; PL_E_UNSUP: gpgv
 * is not installed. */
int pl_openpgp_verify(struct pl_openpgp *g, struct pl_str text, struct pl_str sig,
                      struct pl_arena *a, struct pl_str *ret_by, struct pl_err *err);

/* Is it a cleartext-signed document (RFC 4880 section 7)? */
bool pl_openpgp_is_cleartext(struct pl_str doc);
/* Takes one apart: *ret_text is what was signed, its escapes undone, *ret_sig its signature; in
 * `a`. What stands before and after is no part of either. PL_E_FORMAT. */
int pl_openpgp_cleartext(struct pl_str doc, struct pl_arena *a, struct pl_str *ret_text,
                         struct pl_str *ret_sig, struct pl_err *err);
/* The bytes of all armored blocks of `text`, one after the other, in `a`. PL_E_FORMAT. */
int pl_openpgp_dearmor(struct pl_str text, struct pl_arena *a, struct pl_str *ret,
                       struct pl_err *err);

#endif
