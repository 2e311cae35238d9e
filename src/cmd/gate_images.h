/* The images that compose files and Kubernetes manifests name. formats/gates.md section 2. */
/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PL_CMD_GATE_IMAGES_H
#define PL_CMD_GATE_IMAGES_H

#include "base/buf.h"
#include "base/vec.h"
#include "fmt/yaml.h"

struct pl_deploy_image {
    const struct pl_yaml *node; /* the scalar; NULL: a service that is built, `where` names it */
    struct pl_str where;        /* "services.web", "Deployment/web" */
};
struct pl_deploy_images {
    struct pl_arena *a; /* set before use */
    PL_VEC(struct pl_deploy_image) list;
    bool known; /* a compose file, or at least one object of Kubernetes */
};

/* Collects from all documents of a stream. */
void pl_deploy_images(struct pl_deploy_images *x, const struct pl_yaml_stream *docs);
void pl_deploy_images_release(struct pl_deploy_images *x);

/* Appends `text`, from which `docs` were read, with "@digest" behind each image: digest[i] is that
 * of list.p[i], empty ones stay. PL_E_UNSUP: an image that is written in a way that cannot be
 * edited. */
int pl_deploy_pin(const struct pl_deploy_images *x, const struct pl_str *digest, struct pl_str text,
                  struct pl_buf *out, struct pl_err *err);

#endif
