/* Content in the pieces in which gitleaks 8.30 looks at it, and what it does not look at at all.
 * secrets.md sections 4.1 and 4.2. */
/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PL_COMPAT_GL_CHUNK_H
#define PL_COMPAT_GL_CHUNK_H

#include <sys/types.h>

#include "base/buf.h"

/* Where bytes come from: as read(2), -1 with errno. */
typedef ssize_t pl_gl_read_fn(void *arg, void *buf, size_t n);
/* One piece; `line` is the number of its first line. Non-zero stops. */
typedef int pl_gl_chunk_fn(void *arg, struct pl_str raw, int64_t line);

struct pl_gl_chunker {
    pl_gl_read_fn *read;
    void *read_arg;
    struct pl_buf *work; /* reused between files; its max is not touched */
    bool skipped;        /* out: the first bytes are those of a program, archive, font … */
};

/* Reads to the end. What `fn` returned, or PL_E_IO when reading failed. */
int pl_gl_chunks(struct pl_gl_chunker *c, pl_gl_chunk_fn *fn, void *arg, struct pl_err *err);

/* Is the text one of the kinds "application/…" by its first bytes? */
bool pl_gl_is_application(struct pl_str s);

enum pl_gl_archive { PL_GL_PLAIN, PL_GL_CONTAINER, PL_GL_COMPRESSED, PL_GL_COMPRESSED_CONTAINER };
/* What a file is by its name alone. */
enum pl_gl_archive pl_gl_archive_name(struct pl_str path);
/* The next container (`squeezed`: compression) that its name says, as the id of io/nested.h, NULL
 * when there is no other; `*at` begins at 0. What has a mark comes before what has none. */
const char *pl_gl_archive_kind(struct pl_str path, bool squeezed, size_t *at);

#endif
