/* Headers of pages for people. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "serve/http_pages.h"

#include "ui/ui.h"

void pl_http_pages_head(const struct pl_mhd *m, struct MHD_Response *r, unsigned status)
{
    static const char *const head[][2] = {
        { "Content-Security-Policy", PL_UI_POLICY },
        { "X-Frame-Options", "DENY" },
        { "Referrer-Policy", "no-referrer" },
        { "Cache-Control", "no-store" },
        { "Cross-Origin-Opener-Policy", "same-origin" },
        { "Cross-Origin-Resource-Policy", "same-origin" },
    };
    for (size_t i = 0; i < sizeof head / sizeof *head; i++)
        m->MHD_add_response_header(r, head[i][0], head[i][1]);
    if (status == 401) {
        m->MHD_add_response_header(r, "WWW-Authenticate",
                                   "Basic realm=\"plimsoll\", charset=\"UTF-8\"");
        m->MHD_add_response_header(r, "WWW-Authenticate", "Bearer realm=\"plimsoll\"");
    }
    if (status == 429 || status == 503)
        m->MHD_add_response_header(r, "Retry-After", status == 429 ? "30" : "5");
}
