/* Checks that look at what stands round a value. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "base/cleanup.h"
#include "secret/check.h"

#define REACH 800 /* of the object that holds the value, on either side */

/* Members of the object that Firebase gives to web, Android and iOS clients, beside the key. By
 * Google's description such a key names the project and opens nothing: access is a matter of
 * sign-in and of the rules of the project. */
static const char *const firebase_members[] = {
    "authDomain",      "databaseURL",         "storageBucket",  "messagingSenderId",
    "measurementId",   "mobilesdk_app_id",    "project_number", "GCM_SENDER_ID",
    "GOOGLE_APP_ID",   "firebase_url",        "STORAGE_BUCKET", "DATABASE_URL",
    "FIREBASE_APP_ID", "MESSAGING_SENDER_ID", "AUTH_DOMAIN",    "gcm_defaultSenderId",
};

enum pl_verdict pl_firebase_client(const struct pl_hit *h, size_t off, const char **reason)
{
    size_t from = off > REACH ? off - REACH : 0, to = h->n - off > REACH ? off + REACH : h->n;
    struct pl_str near = pl_str_n(h->p + from, to - from);
    unsigned members = 0;
    for (size_t i = 0; i < PL_COUNT(firebase_members); i++)
        members += pl_str_find(near, pl_str_c(firebase_members[i]), 0) != SIZE_MAX;
    if (members < 2)
        return PL_KEEP;
    *reason = "the key of a Firebase client: it names a project and opens nothing by itself";
    return PL_WEAK;
}
