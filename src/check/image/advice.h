/* Under which settings an image still runs, each with its reasons. formats/hardening.md 2 to 4. */
/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PL_CHECK_IMAGE_ADVICE_H
#define PL_CHECK_IMAGE_ADVICE_H

#include "base/vec.h"
#include "base/wire.h"
#include "check/image/img.h"

enum pl_confidence { PL_WEAK, PL_MEDIUM, PL_STRONG, PL_CERTAIN };
/* "weak" … "certain"; static. */
const char *pl_confidence_name(enum pl_confidence c);

/* A directory that must be writable. */
struct pl_mount {
    struct pl_str path;
    bool volume; /* keeps state; else a tmpfs */
    bool has_owner;
    uint32_t uid, gid, mode;
    uint64_t size; /* bytes, 0 = not known */
    bool exec;     /* something runs from there */
    enum pl_confidence confidence;
    struct pl_img_list reasons;
};

struct pl_cap_need {
    struct pl_str cap; /* "CHOWN" */
    enum pl_confidence confidence;
    struct pl_img_list reasons;
};

enum pl_variant_kind { PL_VARIANT_USER, PL_VARIANT_ROOT, PL_VARIANT_IMAGE };
/* "user", "root", "image"; static. */
const char *pl_variant_name(enum pl_variant_kind k);

/* One way to run it. */
struct pl_variant {
    enum pl_variant_kind kind;
    bool set_user; /* --user is needed */
    bool user_known;
    uint32_t uid, gid;
    struct pl_str user_name;
    struct pl_mount *mount;
    size_t n_mount;
    struct pl_cap_need *cap;
    size_t n_cap;
    bool low_port;   /* listens below 1024 as a user that is not root */
    bool privileges; /* no-new-privileges would break it */
    struct pl_str privileges_why;
    struct pl_img_list notes;
};

struct pl_advice {
    struct pl_variant *variant;
    size_t n;
    struct pl_img_pair *env; /* variables that avoid a need, with their reason as value "V\tWHY" */
    size_t n_env;
    struct pl_str health; /* a command that is certain, or empty */
    struct pl_str health_why;
    uint32_t pids;
    struct pl_str pids_why;
    struct pl_img_list weak;   /* listed, not demanded: "path: reason" */
    struct pl_img_list unread; /* what could not be followed */
    struct pl_img_list ports;  /* "80/tcp" that it listens on */
    bool root_stays;           /* starts as root and stays root */
    bool named_user;           /* User is a name */
    bool static_binary;        /* nothing but one static program */
    struct pl_str program;     /* the main program */
};

/* Works out the advice. Everything lives in `im->a`. */
void pl_harden(const struct pl_img *im, struct pl_advice *ret);

/* Across the pipe of the worker. The reader copies into `a`; false when malformed. */
void pl_advice_put(struct pl_buf *b, const struct pl_advice *x);
bool pl_advice_get(struct pl_rd *r, struct pl_arena *a, struct pl_advice *ret);

/* The advice as text. `name`: of the service or container. */
void pl_advice_docker(const struct pl_advice *x, struct pl_str name, struct pl_buf *out);
void pl_advice_compose(const struct pl_advice *x, struct pl_str name, struct pl_buf *out);
void pl_advice_k8s(const struct pl_advice *x, struct pl_str name, struct pl_buf *out);
struct pl_jsonw;
void pl_advice_json(const struct pl_advice *x, struct pl_jsonw *w);
/* The OCI seccomp profile of variant `v`. */
void pl_advice_seccomp(const struct pl_variant *v, struct pl_buf *out);
/* An AppArmor profile from the same table of paths. */
void pl_advice_apparmor(const struct pl_variant *v, struct pl_str name, struct pl_buf *out);

#endif
