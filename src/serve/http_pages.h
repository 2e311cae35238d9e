/* Headers of pages for people. */
/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PL_SERVE_HTTP_PAGES_H
#define PL_SERVE_HTTP_PAGES_H

#include "serve/http_late.h"

/* Adds to an answer with `status` what keeps a browser from doing with it anything but showing it:
 * RFC 9110, RFC 9111, Content Security Policy 3, Fetch. */
void pl_http_pages_head(const struct pl_mhd *m, struct MHD_Response *r, unsigned status);

#endif
