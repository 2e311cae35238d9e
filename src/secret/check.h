/* Named checks of rules: verifiers judge the value of a match, finders find it themselves. */
/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PL_SECRET_CHECK_H
#define PL_SECRET_CHECK_H

#include "secret/hit.h"

enum pl_verdict {
    PL_KEEP,
    PL_DROP,
    PL_WEAK, /* keep with severity low; the reason is set */
};

struct pl_check {
    const char *name;
    /* Judges `value`; may set *reason to a static text. NULL for a finder. */
    enum pl_verdict (*verify)(struct pl_str value, const char **reason);
    /* Judges the value at h->p + off by what stands round it; as `verify`. */
    enum pl_verdict (*around)(const struct pl_hit *h, size_t off, const char **reason);
    /* Finds the value round the keyword at h->at; true with *ret filled. NULL for a verifier. */
    bool (*find)(const struct pl_hit *h, struct pl_found_at *ret);
    bool at_run; /* the finder is asked at runs of base64 characters, not at keywords */
};

/* The check called `name`, or NULL. Static. */
const struct pl_check *pl_check_find(const char *name);
#define PL_CHECK_MAX 32
/* Writes the names of all checks to `ret`, for hints; returns how many. */
size_t pl_check_names(const char *ret[PL_CHECK_MAX]);

/* A key of Google in the configuration that a Firebase project hands to its clients. */
enum pl_verdict pl_firebase_client(const struct pl_hit *h, size_t off, const char **reason);

/* Finders. */
bool pl_find_pem(const struct pl_hit *h, struct pl_found_at *ret);
bool pl_find_url(const struct pl_hit *h, struct pl_found_at *ret);
bool pl_find_shadow(const struct pl_hit *h, struct pl_found_at *ret);
bool pl_find_keyvalue(const struct pl_hit *h, struct pl_found_at *ret);
/* The same for values of which the name says "key" and not for what. */
bool pl_find_bare_key(const struct pl_hit *h, struct pl_found_at *ret);
/* The name that a value of the length of keys, the run at h->at, is assigned to; empty for none. */
struct pl_str pl_named_run_key(const struct pl_hit *h);
/* Is that value plainly random? */
bool pl_find_named_run(const struct pl_hit *h, struct pl_found_at *ret);
/* The key/value rule for a text that is one value of the variable `name`. */
bool pl_find_named_value(const struct pl_hit *h, struct pl_str name, struct pl_found_at *ret);

#endif
