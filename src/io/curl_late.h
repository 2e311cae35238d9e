/* libcurl, loaded when the first request is made: it and the thirty libraries that come with it
 * cost more time than the start of everything else, and most runs never speak to a network. */
/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PL_IO_CURL_LATE_H
#define PL_IO_CURL_LATE_H

#define CURL_DISABLE_TYPECHECK /* its macros would stand in the way of pointers of the same names \
                                */
#include <curl/curl.h>

#include "base/err.h"

#define PL_CURL_FUNCTIONS(X)    \
    X(curl_easy_cleanup)        \
    X(curl_easy_getinfo)        \
    X(curl_easy_init)           \
    X(curl_easy_setopt)         \
    X(curl_easy_strerror)       \
    X(curl_global_init)         \
    X(curl_multi_add_handle)    \
    X(curl_multi_cleanup)       \
    X(curl_multi_info_read)     \
    X(curl_multi_init)          \
    X(curl_multi_perform)       \
    X(curl_multi_poll)          \
    X(curl_multi_remove_handle) \
    X(curl_multi_setopt)        \
    X(curl_slist_append)        \
    X(curl_slist_free_all)      \
    X(curl_version)             \
    X(curl_version_info)

/* The functions under their own names. */
struct pl_curl {
#define PL_CURL_POINTER(f) __typeof__(&(f)) f;
    PL_CURL_FUNCTIONS(PL_CURL_POINTER)
#undef PL_CURL_POINTER
};

/* Fills `ret`; further calls are cheap. PL_E_UNSUP when the library is not on this machine. */
int pl_curl_load(struct pl_curl *ret, struct pl_err *err);

#endif
