/* Every number that bounds what input may cost: one place, each with its reason. All of them mean
 * "incomplete" when they trip; `--limit NAME=VALUE` changes one. hazards.md section 2. */
/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PL_BASE_LIMITS_H
#define PL_BASE_LIMITS_H

#include <stdint.h>

#include "base/err.h"
#include "base/str.h"

#define PL_KIB(n) ((uint64_t)(n) << 10)
#define PL_MIB(n) ((uint64_t)(n) << 20)
#define PL_GIB(n) ((uint64_t)(n) << 30)

/* X(field, --limit name, default, why that) */
#define PL_LIMITS(X)                                                                            \
    X(manifest, "manifest", PL_MIB(4), "what registries accept")                                \
    X(config, "config", PL_MIB(8), "far above real documents")                                  \
    X(statement, "statement", PL_MIB(16), "provenance and SBOM statements are the largest")     \
    X(depth, "json-depth", 64, "no real document nests deeper")                                 \
    X(yaml_aliases, "yaml-aliases", 1000, "aliases multiply")                                   \
    X(index_depth, "index-depth", 4, "index in index")                                          \
    X(children, "children", 1000, "manifests of one index")                                     \
    X(layers, "layers", 1000, "layers of one manifest")                                         \
    X(entries, "entries", 10000000, "entries of one layer")                                     \
    X(path, "path", PL_KIB(64), "path and link names")                                          \
    X(pax, "pax", PL_MIB(1), "PAX headers of one entry")                                        \
    X(sparse, "sparse", PL_MIB(1), "sparse map of one entry, bytes of text")                    \
    X(layer_out, "layer-out", PL_GIB(1), "bytes out of a layer, beside the ratio")              \
    X(layer_ratio, "layer-ratio", 200, "times the bytes in, added to layer-out")                \
    X(nested_out, "nested-out", PL_MIB(256), "bytes out of a nested archive, beside the ratio") \
    X(nested_ratio, "nested-ratio", 100, "times the bytes in, added to nested-out")             \
    X(nested_depth, "nested-depth", 8, "archive in archive")                                    \
    X(nested_members, "nested-members", 100000, "members of one archive")                       \
    X(nested_total, "nested-total", PL_GIB(4), "bytes unpacked from one outer file")            \
    X(window, "window", PL_MIB(128), "zstd window, xz memory, whole-file formats")              \
    X(decode_depth, "decode-depth", 5, "encodings inside encodings")                            \
    X(matches, "matches", 1000, "findings of one rule in one file, then a count")               \
    X(referrers, "referrers", 1000, "referrers listed of one manifest")                         \
    X(gzip_members, "gzip-members", 1000000, "members of one gzip stream")                      \
    X(cpu_entry, "cpu-entry", 60, "seconds of CPU for one entry")                               \
    X(record, "record", PL_MIB(512), "bytes of one layer's record")

struct pl_limits {
#define X(field, name, value, why) uint64_t field;
    PL_LIMITS(X)
#undef X
};

/* The defaults. */
void pl_limits_init(struct pl_limits *l);
/* Sets one limit from "NAME=VALUE" (VALUE decimal, with an optional K, M or G); PL_E_USAGE names
 * the nearest known name. */
int pl_limits_set(struct pl_limits *l, const char *spec, struct pl_err *err);

#endif
