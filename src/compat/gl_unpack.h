/* Archives of the gitleaks personality, on the closed side: what a child process writes to its
 * parent. Messages: a letter, a length of 4 bytes (native), bytes. */
/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PL_COMPAT_GL_UNPACK_H
#define PL_COMPAT_GL_UNPACK_H

#include <stdint.h>

#define GL_UNPACK_MAX (1u << 16) /* bytes of one message */

enum {
    GL_UNPACK_FILE = 'F', /* the path inside, '!' between archives; its content follows */
    GL_UNPACK_DATA = 'D',
    GL_UNPACK_END = 'E',  /* of the file */
    GL_UNPACK_NOTE = 'N', /* something was not read: why */
    GL_UNPACK_DONE = 'X', /* of everything; without it the child died */
};

struct gl_unpack {
    const char *path; /* of the archive, by whose name it is read */
    unsigned depth;   /* archives in archives: this many, at least 1 */
    int in, out;      /* descriptors */
};

/* The child's part: closes itself, reads `in`, writes messages, ends the process. */
_Noreturn void pl_gl_unpack_child(const struct gl_unpack *u);

#endif
