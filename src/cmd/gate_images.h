/* The images that compose files and Kubernetes manifests name. formats/gates.md section 2. */
/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PL_CMD_GATE_IMAGES_H
#define PL_CMD_GATE_IMAGES_H

#include "base/buf.h"
#include "base/vec.h"
#include "fmt/yaml.h"

#define PL_DEPLOY_IMAGES_MAX 4096u /* of one file */

struct pl_deploy_image {
    const struct pl_yaml *node; /* the scalar; NULL: a service that is built, `where` names it */
    struct pl_str where;        /* "services.web", "Deployment/web" */
    const char *why;            /* not NULL: what stands there cannot be judged, and why */
};
struct pl_deploy_images {
    struct pl_arena *a; /* set before use */
    PL_VEC(struct pl_deploy_image) list;
    bool known; /* a compose file, or at least one object of Kubernetes */
    bool full;  /* there were more than PL_DEPLOY_IMAGES_MAX */
};

/* Collects from all documents of a stream, through merge keys; what other files hold is named as
 * something that cannot be judged. In kinds that are not known every pod specification counts. */
void pl_deploy_images(struct pl_deploy_images *x, const struct pl_yaml_stream *docs);
void pl_deploy_images_release(struct pl_deploy_images *x);

/* Appends `text`, from which `docs` were read, with "@digest" behind each image: digest[i] is that
 * of list.p[i], empty ones stay. PL_E_UNSUP: an image that is written in a way that cannot be
 * edited. */
int pl_deploy_pin(const struct pl_deploy_images *x, const struct pl_str *digest, struct pl_str text,
                  struct pl_buf *out, struct pl_err *err);

#endif
