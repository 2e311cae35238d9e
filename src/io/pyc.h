/* Compiled Python (CPython 2.7, 3.0 to 3.13): the objects of a .pyc file, and which names its code
 * gives to its constants. Docs of the modules marshal, dis; PEP 552. Not for other folders. */
/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PL_IO_PYC_H
#define PL_IO_PYC_H

#include "base/buf.h"
#include "base/vec.h"

#define PL_PY_NO UINT32_MAX /* no object */

enum pl_py_kind { PL_PY_OTHER, PL_PY_STR, PL_PY_TUPLE, PL_PY_CODE };

/* One object. STR: bytes a, n of the file (text is UTF-8 or ASCII). TUPLE: n entries of `kids` from
 * a. CODE: entry a of `codes`. */
struct pl_py_obj {
    enum pl_py_kind kind;
    uint32_t a, n;
};

/* Objects of a code object that matter here, as indices into `obj` or PL_PY_NO. */
struct pl_py_code {
    uint32_t code, consts, names, locals, cells, frees;
};

struct pl_pyc {
    struct pl_str file;
    unsigned magic;
    PL_VEC(struct pl_py_obj) obj;
    PL_VEC(uint32_t) kids;
    PL_VEC(struct pl_py_code) codes;
};

/* The first two bytes as a number when the four begin a .pyc of a version we know, else 0. */
unsigned pl_pyc_magic(const uint8_t *p, size_t n);
/* Length of the header of a file with that magic number. */
size_t pl_pyc_header(unsigned magic);

/* Reads all objects of `file`, which must outlive `c`. PL_E_FORMAT: damaged; PL_E_LIMIT: too many
 * or too deep; PL_E_UNSUP: a version we do not know. `c` holds what was read before the failure;
 * release it in any case. */
int pl_pyc_read(struct pl_str file, struct pl_pyc *c, struct pl_err *err);
void pl_pyc_release(struct pl_pyc *c);

/* Appends a line "NAME = 'constant'" for each constant string of up to 4096 bytes that code gives
 * to a variable, an attribute, a key of a mapping or a keyword argument. PL_E_LIMIT when `out` is
 * full (its max). */
int pl_pyc_pairs(const struct pl_pyc *c, struct pl_buf *out, struct pl_err *err);

#endif
