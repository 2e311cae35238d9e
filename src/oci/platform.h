/* Platforms: "linux/arm64/v8". OCI image-spec, image-index.md, "Platform Variants". */
/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PL_OCI_PLATFORM_H
#define PL_OCI_PLATFORM_H

#include "oci/doc.h"

/* Reads OS/ARCH or OS/ARCH/VARIANT and settles it as pl_platform_settle does; views on `s` or
 * static text. PL_E_USAGE. */
int pl_platform_parse(struct pl_str s, struct pl_platform *ret, struct pl_err *err);
/* Names in small letters; other names of one processor become its usual one (x86_64: amd64,
 * aarch64: arm64, armhf: arm/v7); variants that say nothing (arm64/v8, amd64/v1) become empty,
 * "arm" alone is v7. */
struct pl_platform pl_platform_settle(struct pl_platform p);
/* Does `have`, as an index names it, satisfy `want` (settled)? Without a variant in `want` any will
 * do. */
bool pl_platform_match(const struct pl_platform *want, const struct pl_platform *have);
/* May a runtime on `want` (settled) take `have` where an index has nothing better: 386 on amd64,
 * arm on arm64, another arm on arm? */
bool pl_platform_stands_in(const struct pl_platform *want, const struct pl_platform *have);
/* Order by os, architecture, variant, as written: <0, 0, >0. */
int pl_platform_cmp(const struct pl_platform *a, const struct pl_platform *b);
/* "linux/arm64/v8" in `a`; empty when neither os nor architecture is set. */
struct pl_str pl_platform_text(struct pl_arena *a, const struct pl_platform *p);

#endif
