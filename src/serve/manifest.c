/* The webhooks' configuration, which tools/embed turned into an array. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "serve/manifest.h"

extern const char pl_webhook_yaml[];
extern const size_t pl_webhook_yaml_len;

struct pl_str pl_serve_manifests(void)
{
    return pl_str_n(pl_webhook_yaml, pl_webhook_yaml_len);
}
