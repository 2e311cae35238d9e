/* libmicrohttpd, loaded when a server starts: with the TLS it brings it would cost every other verb
 * a third of its start. */
/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PL_SERVE_HTTP_LATE_H
#define PL_SERVE_HTTP_LATE_H

#include <microhttpd.h>

#include "base/err.h"

#define PL_MHD_FUNCTIONS(X)            \
    X(MHD_start_daemon)                \
    X(MHD_stop_daemon)                 \
    X(MHD_quiesce_daemon)              \
    X(MHD_suspend_connection)          \
    X(MHD_resume_connection)           \
    X(MHD_queue_response)              \
    X(MHD_create_response_from_buffer) \
    X(MHD_destroy_response)            \
    X(MHD_add_response_header)         \
    X(MHD_get_connection_values_n)     \
    X(MHD_lookup_connection_value)     \
    X(MHD_get_connection_info)

/* The functions under their own names. */
struct pl_mhd {
#define PL_MHD_POINTER(f) __typeof__(&(f)) f;
    PL_MHD_FUNCTIONS(PL_MHD_POINTER)
#undef PL_MHD_POINTER
};

/* Fills `ret`; further calls are cheap. PL_E_UNSUP when the library is not on this machine. */
int pl_mhd_load(struct pl_mhd *ret, struct pl_err *err);

#endif
