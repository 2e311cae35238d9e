/* What the readers of inventories share. */
/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PL_PKG_SBOM_INT_H
#define PL_PKG_SBOM_INT_H

#include "pkg/pkg_int.h"
#include "pkg/sbom.h"

/* A component under way: what it says of itself, in the terms of any form. */
struct pl_sbom_part {
    struct pl_str group, name, version, purl, licence;
    PL_VEC(struct pl_str) paths;
    bool os, program;
    bool ours; /* group, name and version are as we wrote them */
    /* properties */
    struct pl_str by, distro, source, source_version, owned_by, how, layer, hidden, scheme;
    struct pl_str src_release, src_epoch; /* of trivy */
    bool invisible, dev, lock, weak;
};

/* A property or annotation of a component. */
void pl_sbom_property(struct pl_sbom *s, struct pl_sbom_part *c, struct pl_str name,
                      struct pl_str value);
/* One of the whole: "plimsoll:layer:3:diff_id" and the like. */
void pl_sbom_subject(struct pl_sbom *s, struct pl_str name, struct pl_str value);
/* Makes a package of the component, or counts it as nameless; empties the part. */
void pl_sbom_put(struct pl_sbom *s, struct pl_sbom_part *c);
/* What all packages need to know of each other: the release that some do not name. */
void pl_sbom_end(struct pl_sbom *s);

/* The forms; each takes the root of a JSON document and says whether it is one of its own. */
bool pl_sbom_cyclonedx(struct pl_sbom *s, const struct pl_json *j);
bool pl_sbom_spdx(struct pl_sbom *s, const struct pl_json *j);
bool pl_sbom_syft(struct pl_sbom *s, const struct pl_json *j);
bool pl_sbom_github(struct pl_sbom *s, const struct pl_json *j);
/* Forms that are no JSON: "pkg:…" a line, and SPDX's tags. */
bool pl_sbom_purls(struct pl_sbom *s, struct pl_str text);
bool pl_sbom_tags(struct pl_sbom *s, struct pl_str text);

#endif
