/* Inside verification: one signature in any form, and the steps that all forms share. */
/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PL_SIGN_VERIFY_INT_H
#define PL_SIGN_VERIFY_INT_H

#include "sign/statement.h"
#include "sign/tlog.h"
#include "sign/tsa.h"
#include "sign/verify.h"

#define PL_TIMES_MAX 64u

struct pl_verifying {
    const struct pl_demand *d;
    struct pl_verdict *v;
    struct pl_arena *a;
    const struct pl_bundle *b;  /* legacy forms are put into one */
    struct pl_message *message; /* what the signature covers */
    struct pl_cert *cert;       /* the signer's, owned */
    const struct pl_pubkey *key;
    bool pss;
    int64_t times[PL_TIMES_MAX]; /* verified times of signing */
    size_t n_times;
    size_t n_logged; /* entries that held */
};

/* Marks a check done. */
void pl_done(struct pl_verdict *v, enum pl_step_id id, struct pl_str detail);
/* Marks a check failed with the message of `err`, and the verdict with it; returns `code`. */
int pl_refuse(struct pl_verifying *s, enum pl_step_id id, int code, const struct pl_err *err);

/* The steps: who signed (certificate, chain, log, time, identity; or the key), and whether the
 * signature holds over s->message. 0, or the negative code, the verdict then says why. */
int pl_verify_signer(struct pl_verifying *s, struct pl_err *err);
void pl_verifying_release(struct pl_verifying *s);

#endif
