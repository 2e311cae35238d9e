/* Small parts of requests. */
/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PL_SERVE_ROUTE_H
#define PL_SERVE_ROUTE_H

#include "base/str.h"

/* How long there is for an answer, in milliseconds: nine tenths of what the query's `timeout` says
 * ("10s", "1m30s", "500ms"), at most `most`; `most` for what is no time. Never 0. */
uint32_t pl_route_budget(struct pl_str timeout, uint32_t most);

#endif
