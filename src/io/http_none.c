/* HTTP of builds without libcurl: there is none, and it says so. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "io/http.h"

int pl_http_new(const struct pl_http_opts *o, struct pl_http **ret, struct pl_err *err)
{
    (void)o, (void)ret;
    return pl_fail(err, PL_E_UNSUP,
                   "registries are not in this build: it was made without the option 'registry' "
                   "(libcurl, libpsl)");
}

void pl_http_free(struct pl_http *h)
{
    (void)h;
}

int pl_http_do(struct pl_http *h, const struct pl_http_req *q, struct pl_http_answer *ans,
               struct pl_err *err)
{
    (void)h, (void)q, (void)ans;
    return pl_fail(err, PL_E_UNSUP, "registries are not in this build");
}

void pl_http_ahead(struct pl_http *h, const struct pl_http_req *q)
{
    (void)h, (void)q;
}

void pl_http_answer_release(struct pl_http_answer *ans)
{
    (void)ans;
}

struct pl_str pl_http_field(const struct pl_http_answer *ans, const char *name)
{
    (void)ans, (void)name;
    return (struct pl_str){ NULL, 0 };
}

const char *pl_http_library(void)
{
    return "none";
}
