/* Judging compose files and Kubernetes manifests. formats/hardening.md section 6. */
/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PL_CHECK_DEPLOY_DEPLOY_H
#define PL_CHECK_DEPLOY_DEPLOY_H

#include "base/limits.h"
#include "base/vec.h"
#include "check/image/advice.h"
#include "check/lint.h"
#include "fmt/yaml.h"
#include "model/severity.h"

enum pl_deploy_rule_id {
#define PL_DEPLOY_RULE(id, name, sev, aliases, title, why, fix) PL_DEPLOY_##id,
#include "check/deploy/rules.inc"
#undef PL_DEPLOY_RULE
    PL_DEPLOY_RULE_COUNT
};

struct pl_deploy_rule {
    const char *name;
    enum pl_severity severity;
    const char *aliases; /* parted by blanks */
    const char *title, *why, *fix;
};
extern const struct pl_deploy_rule pl_deploy_rules[PL_DEPLOY_RULE_COUNT];

struct pl_deploy_hit {
    enum pl_deploy_rule_id rule;
    enum pl_severity severity;
    uint32_t line, col, end_line, end_col;
    struct pl_str detail; /* what exactly; no secrets */
    enum pl_fix_class fix_class;
    struct pl_lint_edit *edits; /* with opts.fixes: a repair, not proved yet */
    size_t n_edits;
};

enum pl_deploy_form { PL_DEPLOY_NONE, PL_DEPLOY_COMPOSE, PL_DEPLOY_KUBE };

struct pl_deploy_opts {
    const struct pl_limits *limits;
    const struct pl_str *trusted; /* registry patterns; none: every registry will do */
    size_t n_trusted;
    /* Is the value of a variable a secret? May be NULL. */
    bool (*secret)(void *arg, struct pl_str name, struct pl_str value);
    void *secret_arg;
    /* What the image of this name, as it is written, needs; NULL when it is not known. May be
     * NULL. */
    const struct pl_advice *(*image)(void *arg, struct pl_str name);
    void *image_arg;
    bool fixes;                          /* look for repairs too */
    const struct pl_lint_source *source; /* of digests, for repairs; may be NULL */
};

struct pl_deploy_result {
    enum pl_deploy_form form;
    struct pl_deploy_hit *hits; /* by line, then rule */
    size_t n;
    size_t containers; /* that were judged */
    bool templated;    /* holds "{{ … }}" where a value should be: what it makes was not judged */
};

/* Judges `text`; everything of *ret lives in `a`. A form NONE without failure: YAML of another
 * kind. PL_E_FORMAT with the place: not YAML; PL_E_LIMIT: aliases, nodes, depth or size beyond the
 * limits. */
int pl_deploy_lint(struct pl_arena *a, struct pl_str text, const struct pl_deploy_opts *o,
                   struct pl_deploy_result *ret, struct pl_err *err);

/* Keeps of the repairs in `r` (from `text`, judged with o->fixes) those that hold: the repaired
 * text is read as before, the finding is gone, none of any rule is new. */
void pl_deploy_prove(struct pl_str text, const struct pl_deploy_opts *o,
                     struct pl_deploy_result *r);
/* Told of each repair that is made; the hit is valid during the call. */
struct pl_deploy_log {
    void (*told)(void *arg, const struct pl_deploy_hit *h);
    void *arg;
};
/* Applies what can be applied up to class `c`, in passes until nothing changes. *ret is a view on
 * `text` when there is nothing to do, else text in `a`. `log` may be NULL. Fails as
 * pl_deploy_lint. */
int pl_deploy_mend(struct pl_arena *a, struct pl_str text, const struct pl_deploy_opts *o,
                   enum pl_fix_class c, struct pl_str *ret, const struct pl_deploy_log *log,
                   struct pl_err *err);

/* ---- between the files of this folder ---- */

struct pl_deploy {
    struct pl_arena *a;
    const struct pl_deploy_opts *o;
    size_t containers;
    uint64_t work; /* nodes that may still be looked at */
    PL_VEC(struct pl_deploy_hit) hits;
    struct pl_deploy_hit none; /* stands for those beyond the limit */
    struct pl_str text;        /* the source; see edit.h */
    uint32_t *start;           /* where its lines begin; NULL: nothing is mended */
    size_t n_start;
    uint64_t edit_work; /* bytes that may still be walked to find places */
};

struct pl_deploy_mount {
    const struct pl_yaml *at;
    struct pl_str path; /* in the container, absolute */
    bool writable, volume;
};

/* How one container is run: what is held against its image's advice. Yaml members are NULL when
 * the manifest does not say. */
struct pl_deploy_run {
    const struct pl_advice *advice; /* NULL: the image is not known */
    const struct pl_yaml *read_only, *drop, *add, *non_root;
    uint64_t uid;
    bool has_uid, group, other_start; /* group: the volumes are given to the pod's group */
    bool kube;
    const struct pl_yaml *map, *pod; /* the service or container; the pod's spec or NULL */
    PL_VEC(struct pl_deploy_mount) mounts;
    PL_VEC(struct pl_deploy_port {
        const struct pl_yaml *at;
        struct pl_str number;
    })
    ports;
};

/* Notes a mount; paths that are not absolute do not count. */
void pl_deploy_mounted(struct pl_deploy_run *c, const struct pl_yaml *at, struct pl_str path,
                       bool writable, bool volume);
/* The advice for the image of a container, or NULL. */
const struct pl_advice *pl_deploy_advice(struct pl_deploy *d, const struct pl_yaml *image);
/* Does the image start as root? */
bool pl_deploy_root_image(const struct pl_advice *x);
/* The way the container runs among those of its image's advice; NULL when it is not known. */
const struct pl_variant *pl_deploy_variant(const struct pl_deploy_run *c);
/* Must the container still get mount `m`: is it demanded and not there? */
bool pl_deploy_lacks(const struct pl_deploy_run *c, const struct pl_mount *m);
/* Must the container still get this capability? */
bool pl_deploy_lacks_cap(const struct pl_deploy_run *c, const struct pl_cap_need *cap);
/* The mounts that a read-only root still needs: "tmpfs /run, volume /data", or empty. */
struct pl_str pl_deploy_needs(struct pl_deploy *d, const struct pl_deploy_run *c);
/* Rules 30 to 34. */
void pl_deploy_join(struct pl_deploy *d, const struct pl_deploy_run *c);
/* Reports a rule at a node; formatted detail. Returns it until the next call. */
struct pl_deploy_hit *pl_deploy_hit(struct pl_deploy *d, enum pl_deploy_rule_id rule,
                                    const struct pl_yaml *at, const char *fmt, ...)
    __attribute__((format(printf, 4, 5)));
/* The value of `key`, merge keys followed; NULL when there is none. */
const struct pl_yaml *pl_deploy_get(struct pl_deploy *d, const struct pl_yaml *y, const char *key);
/* Is it a plain true (false)? */
bool pl_deploy_true(const struct pl_yaml *y);
bool pl_deploy_false(const struct pl_yaml *y);
/* Does a list have this word, in any case of letters? */
bool pl_deploy_lists(const struct pl_yaml *y, const char *word);
/* Rules 13, 14 and 20 over an image's name. */
void pl_deploy_image(struct pl_deploy *d, const struct pl_yaml *y);
/* Rule 6 over a list of capabilities. */
void pl_deploy_caps(struct pl_deploy *d, const struct pl_yaml *y);
/* Rules 2 and 5 over a path of the host. */
void pl_deploy_host_path(struct pl_deploy *d, const struct pl_yaml *at, struct pl_str path,
                         bool ro);
/* Rule 15 over one variable. */
void pl_deploy_variable(struct pl_deploy *d, const struct pl_yaml *at, struct pl_str name,
                        struct pl_str value);
void pl_deploy_compose(struct pl_deploy *d, const struct pl_yaml *doc);
void pl_deploy_kube(struct pl_deploy *d, const struct pl_yaml *doc);

#endif
