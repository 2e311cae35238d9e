/* The text of `git log -p` taken apart in a closed child; the parent gets fragments. secrets.md
 * section 4.3, guide section 4. */
/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PL_COMPAT_GL_PATCH_H
#define PL_COMPAT_GL_PATCH_H

#include "base/buf.h"
#include "source/patch.h"

/* Reads the text from `fd` to its end in a child process and gives each fragment to `part`, as
 * pl_patch_read does (its `commit` callback is not used): views are valid during the call, what
 * `part` returns stops. PL_E_FORMAT: not such a text; PL_E_IO: the child ended early. */
int pl_gl_patch_read(int fd, int (*part)(void *arg, const struct pl_patch_part *p), void *arg,
                     struct pl_err *err);

/* ---- what the child says: a letter, a length of 4 bytes (native), bytes; for tests ---- */

enum {
    GL_PATCH_COMMIT = 'C', /* u8 has time, u64 time, four strings */
    GL_PATCH_PART = 'P',   /* u32 line, u8 binary, u8 cut, path, then the text to the end */
    GL_PATCH_FAILED = 'N', /* u32 code, why */
    GL_PATCH_DONE = 'X',
};
#define GL_PATCH_MAX ((uint32_t)((1u << 30) + (1u << 20))) /* bytes of one message */

/* The commit that the messages after it belong to. */
struct pl_gl_patch_state {
    struct pl_patch_commit commit;
    struct pl_buf text; /* what the commit's views point into */
};
/* Takes one message of `kind` and calls `part` when it is a fragment. 1: DONE; PL_E_FORMAT: not
 * such a message; what the child failed of; what `part` returned. */
int pl_gl_patch_message(struct pl_gl_patch_state *s, char kind, struct pl_str bytes,
                        int (*part)(void *arg, const struct pl_patch_part *p), void *arg,
                        struct pl_err *err);

#endif
