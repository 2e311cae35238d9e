/* Inside the reader of policies: values and maps by tables of their keys. */
/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PL_POLICY_POLICY_INT_H
#define PL_POLICY_POLICY_INT_H

#include "fmt/yaml.h"
#include "policy/policy.h"

struct pl_pol {
    struct pl_policy *p;
    int64_t today_s;
    struct pl_err *err;
};

/* A key of a map. Fields are read in the order of their table, whatever order the file has. */
struct pl_pol_field {
    const char *name;
    int (*read)(struct pl_pol *r, const struct pl_yaml *v, void *to);
    size_t off;
    bool required;
};

/* PL_E_USAGE with file and line of `y`. */
int pl_pol_fail(struct pl_pol *r, const struct pl_yaml *y, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));
/* Reads map `y` into the struct at `to`; unknown keys are refused. `what` names it in messages. */
int pl_pol_map(struct pl_pol *r, const struct pl_yaml *y, const char *what,
               const struct pl_pol_field *f, size_t n, void *to);

/* Readers of values; `to` is what their name says. Text goes to the policy's arena. */
int pl_pol_str(struct pl_pol *r, const struct pl_yaml *v, void *to);      /* struct pl_str */
int pl_pol_bool(struct pl_pol *r, const struct pl_yaml *v, void *to);     /* bool */
int pl_pol_uint(struct pl_pol *r, const struct pl_yaml *v, void *to);     /* uint32_t, > 0 */
int pl_pol_names(struct pl_pol *r, const struct pl_yaml *v, void *to);    /* struct pl_names, > 0 */
int pl_pol_span(struct pl_pol *r, const struct pl_yaml *v, void *to);     /* int64_t seconds, > 0 */
int pl_pol_ms(struct pl_pol *r, const struct pl_yaml *v, void *to);       /* uint32_t ms */
int pl_pol_date(struct pl_pol *r, const struct pl_yaml *v, void *to);     /* int64_t seconds */
int pl_pol_patterns(struct pl_pol *r, const struct pl_yaml *v, void *to); /* struct pl_names */
int pl_pol_platforms(struct pl_pol *r, const struct pl_yaml *v, void *to);
int pl_pol_ports(struct pl_pol *r, const struct pl_yaml *v, void *to); /* struct pl_config_rule */
/* Index of the word among `words` (NULL at the end), or -1 after pl_pol_fail. */
int pl_pol_word(struct pl_pol *r, const struct pl_yaml *v, const char *const *words);
/* Does the pattern name a host and use "*" as it may? PL_E_USAGE. */
int pl_pol_pattern(struct pl_pol *r, const struct pl_yaml *v, struct pl_str *ret);
/* The list `v` of maps: `one` reads each into an element of `size` bytes, *ret_n in all. */
int pl_pol_list(struct pl_pol *r, const struct pl_yaml *v, const char *what, size_t max,
                size_t size, int (*one)(struct pl_pol *r, const struct pl_yaml *v, void *to),
                void **ret, size_t *ret_n);
/* Reads one scope into struct pl_rule_scope. Signers are known. */
int pl_pol_scope(struct pl_pol *r, const struct pl_yaml *v, void *to);

#endif
