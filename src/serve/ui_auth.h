/* Who may read the pages of the fleet: tokens out of a file, and how often somebody may be wrong.
 * Thread-safe. RFC 6750, RFC 7617. */
/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PL_SERVE_UI_AUTH_H
#define PL_SERVE_UI_AUTH_H

#include <stdint.h>

#include "base/err.h"
#include "base/str.h"

#define PL_UI_TOKEN_MIN 16u /* characters */
#define PL_UI_TOKENS_MAX 64u

struct pl_ui_auth;

/* Reads tokens from `path`: one a line, blanks around them left out, "#" begins a comment. Heap.
 * PL_E_USAGE: none, too many, one that is shorter than PL_UI_TOKEN_MIN; PL_E_IO. */
int pl_ui_auth_new(const char *path, struct pl_ui_auth **ret, struct pl_err *err);
/* Reads them again; on failure those before stay. */
int pl_ui_auth_reload(struct pl_ui_auth *x, struct pl_err *err);
/* Frees; accepts NULL. */
void pl_ui_auth_free(struct pl_ui_auth *x);

enum pl_ui_admitted {
    PL_UI_ADMIT,
    PL_UI_ASK,  /* nothing, or nothing that is right: 401 */
    PL_UI_WAIT, /* too often wrong from there: 429, without looking */
};
/* Judges the header `authorization` ("Bearer TOKEN", or "Basic …" whose password is the token) of
 * somebody at `from` (16 bytes) at `now_ms` of the monotonic clock. The time it takes does not tell
 * how much of a token was right. */
enum pl_ui_admitted pl_ui_auth_judge(struct pl_ui_auth *x, struct pl_str authorization,
                                     const uint8_t *from, int64_t now_ms);

/* Does the header "Host" name this machine by a loopback name or address? A page of somebody else
 * whose name was made to lead here does not. */
bool pl_ui_host_is_local(struct pl_str host);

#endif
