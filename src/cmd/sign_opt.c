/* Annotations and exit codes of the verbs that sign. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "cmd/sign_opt.h"

#include <stdio.h>

#include "cmd/exit.h"

int pl_annotations(const struct pl_opt_list *list, struct pl_arena *a, struct pl_annotation **ret,
                   struct pl_err *err)
{
    *ret = pl_alloc_n(a, list->n, sizeof **ret);
    for (size_t i = 0; i < list->n; i++) {
        const char *eq = strchr(list->p[i], '=');
        if (!eq || eq == list->p[i])
            return pl_fail(err, PL_E_USAGE, "-a needs NAME=VALUE, not '%s'", list->p[i]);
        (*ret)[i].name = pl_dup(a, pl_str_n(list->p[i], (size_t)(eq - list->p[i])));
        (*ret)[i].value = pl_dup(a, pl_str_c(eq + 1));
    }
    return 0;
}

int pl_sign_failed(const char *verb, const struct pl_err *err)
{
    fprintf(stderr, "plimsoll %s: %s\n", verb, err->msg);
    switch (err->code) {
    case PL_E_USAGE:
    case PL_E_UNSUP:
        return PL_EXIT_USAGE;
    case PL_E_LIMIT:
    case PL_E_IO:
    case PL_E_NOMEM:
        return PL_EXIT_INCOMPLETE;
    case PL_E_CANCEL:
        return PL_EXIT_INTERRUPTED;
    default:
        return PL_EXIT_NET;
    }
}
