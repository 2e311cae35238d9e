/* Who answers for the indexes of `outdated`: Release files of apt, signatures of APKINDEX and of
 * repomd.xml, checked with keys that the user gives. packages.md section 11. */
/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PL_CMD_INDEX_TRUST_H
#define PL_CMD_INDEX_TRUST_H

#include "base/buf.h"
#include "cmd/opt.h"
#include "vuln/dist_index.h"

struct pl_index_trust;

/* With the keys of `keyrings`: files, or folders of them; OpenPGP or, for Alpine, PEM. Texts live
 * in `a`. Heap. PL_E_NOENT, PL_E_FORMAT: keys that cannot be read. */
int pl_index_trust_new(const struct pl_opt_list *keyrings, struct pl_arena *a,
                       struct pl_index_trust **ret, struct pl_err *err);
/* Frees; accepts NULL. */
void pl_index_trust_free(struct pl_index_trust *t);
/* Is the file a Release or InRelease? Then it is read, its signature checked, and it answers for
 * the indexes that come after. 1, 0, or PL_E_SIG and others. */
int pl_index_trust_release(struct pl_index_trust *t, const char *path, struct pl_err *err);
/* The guard of struct pl_dist; `arg` is the struct pl_index_trust. With keys, what nothing signed
 * answers for is PL_E_SIG. Without, what a Release beside it does not list is PL_E_DIGEST. */
pl_dist_guard pl_index_trust_guard;
/* Lines "note: …" that say what was not checked, and by whom what was. */
void pl_index_trust_tell(const struct pl_index_trust *t, const struct pl_dist *x,
                         struct pl_buf *out);

#endif
