/* Programs: what Go and Rust leave in them about their modules, found while the file streams by. */
/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PL_PKG_BINARY_H
#define PL_PKG_BINARY_H

#include "pkg/pkg.h"

/* Is this the beginning of a program or library (ELF, PE, Mach-O)? */
bool pl_pkg_is_program(struct pl_str head);
/* Looks at p[0..n), of which bytes from `from` up to `to` are new: what begins there is read, as
 * far as `n`. `last`: nothing follows. */
void pl_pkg_program(const uint8_t *p, size_t n, size_t from, size_t to, bool last,
                    struct pl_pkg_sink *s);

#endif
