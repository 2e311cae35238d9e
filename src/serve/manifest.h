/* The configuration of both webhooks, as in deploy/kubernetes/gate. */
/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PL_SERVE_MANIFEST_H
#define PL_SERVE_MANIFEST_H

#include "base/str.h"

/* YAML; static. */
struct pl_str pl_serve_manifests(void);

#endif
