/* What the parts of `plimsoll gate doctor` share. */
/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PL_CMD_GATE_DOCTOR_H
#define PL_CMD_GATE_DOCTOR_H

#include "base/buf.h"
#include "cmd/gate_cmd.h"

struct pl_doctor {
    const struct pl_gate_cmd *o;
    const struct pl_policy *policy; /* may be NULL */
    struct pl_arena a;
    struct pl_buf out;
    size_t holes, notes, unread;
    int64_t now_s;
};

/* A way around the gate; something worth knowing; something that could not be looked at. */
void pl_doctor_hole(struct pl_doctor *d, const char *where, unsigned line, const char *fmt, ...)
    __attribute__((format(printf, 4, 5)));
void pl_doctor_note(struct pl_doctor *d, const char *where, unsigned line, const char *fmt, ...)
    __attribute__((format(printf, 4, 5)));
void pl_doctor_unread(struct pl_doctor *d, const char *where, const char *why);

/* containerd's config.toml at `path`. */
void pl_doctor_containerd(struct pl_doctor *d, const char *path);
/* Manifests with webhook configurations. */
void pl_doctor_kube(struct pl_doctor *d, const char *path);
/* containers' policy.json. */
void pl_doctor_podman(struct pl_doctor *d, const char *path);
/* The policy itself. */
void pl_doctor_policy(struct pl_doctor *d);

#endif
