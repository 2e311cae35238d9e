/* Severities and the table of surfaces (commands.md). */
/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PL_MODEL_SEVERITY_H
#define PL_MODEL_SEVERITY_H

#include "base/str.h"

/* In rising order. */
enum pl_severity {
    PL_SEV_INFO,
    PL_SEV_LOW,
    PL_SEV_MEDIUM,
    PL_SEV_HIGH,
    PL_SEV_CRITICAL,
    PL_SEV_COUNT
};

#define PL_SURFACES(X)            \
    X(FILE, "file")               \
    X(ENV, "env")                 \
    X(LABEL, "label")             \
    X(CMD, "cmd")                 \
    X(ENTRYPOINT, "entrypoint")   \
    X(HEALTHCHECK, "healthcheck") \
    X(ONBUILD, "onbuild")         \
    X(CONFIG, "config")           \
    X(HISTORY, "history")         \
    X(ANNOTATION, "annotation")   \
    X(DESCRIPTOR, "descriptor")   \
    X(ATTESTATION, "attestation") \
    X(REFERRER, "referrer")       \
    X(TAR_TRAILER, "tar-trailer") \
    X(TAR_HEADER, "tar-header")   \
    X(GZIP_HEADER, "gzip-header") \
    X(ORPHAN_BLOB, "orphan-blob") \
    X(INDEX, "index")

enum pl_surface {
#define X(name, text) PL_SURF_##name,
    PL_SURFACES(X)
#undef X
        PL_SURF_COUNT
};

/* "critical" … ; static. */
const char *pl_severity_name(enum pl_severity s);
/* Reads a name; false when it is none. */
bool pl_severity_parse(struct pl_str s, enum pl_severity *ret);
/* "file", "env" … ; static. */
const char *pl_surface_name(enum pl_surface s);

#endif
