/* Option tables. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "cmd/opt.h"

#include <stdlib.h>

#include "base/near.h"

#define TABLE_MAX 64u

static const struct pl_opt *find(const struct pl_opt *table, size_t n, struct pl_str name)
{
    for (size_t i = 0; i < n; i++)
        if (pl_str_is(name, table[i].name))
            return &table[i];
    return NULL;
}

static const struct pl_opt *find_letter(const struct pl_opt *table, size_t n, char c)
{
    for (size_t i = 0; i < n; i++)
        if (table[i].letter && table[i].letter == c)
            return &table[i];
    return NULL;
}

static int unknown(const struct pl_opt *table, size_t n, struct pl_str name, struct pl_err *err)
{
    const char *names[TABLE_MAX];
    size_t k = 0;
    for (size_t i = 0; i < n && k < TABLE_MAX; i++)
        names[k++] = table[i].name;
    const char *near = pl_near(name, names, k);
    return pl_fail(err, PL_E_USAGE, "unknown flag '--%.*s'%s%s%s", PL_FMT(name),
                   near ? "; did you mean '--" : "", near ? near : "", near ? "'?" : "");
}

static int store(const struct pl_opt *o, const char *value, void *into, struct pl_err *err)
{
    char *at = (char *)into + o->offset;
    uint64_t v;
    struct pl_opt_list *list;
    switch (o->type) {
    case PL_OPT_FLAG:
        *(bool *)(void *)at = true;
        return 0;
    case PL_OPT_MAYBE:
        *(const char **)(void *)at = value ? value : "";
        return 0;
    case PL_OPT_STR:
        *(const char **)(void *)at = value;
        return 0;
    case PL_OPT_LIST:
        list = (struct pl_opt_list *)(void *)at;
        if (list->n == PL_OPT_LIST_MAX)
            return pl_fail(err, PL_E_USAGE, "'--%s' is given too often", o->name);
        list->p[list->n++] = value;
        return 0;
    case PL_OPT_UINT:
        if (!pl_str_u64(pl_str_c(value), &v) || v > UINT32_MAX)
            return pl_fail(err, PL_E_USAGE, "'--%s' needs a number, not '%s'", o->name, value);
        *(uint32_t *)(void *)at = (uint32_t)v;
        return 0;
    case PL_OPT_NONE:
        break;
    }
    return pl_fail(err, PL_E_USAGE, "flag '--%s' is not in this build", o->name);
}

/* One argument that begins with '-'; takes its value from *next when it needs one. */
static int one(const struct pl_opt *table, size_t n, const char *arg, char ***next, void *into,
               struct pl_err *err)
{
    const struct pl_opt *o;
    const char *value = NULL;
    if (arg[1] == '-') {
        struct pl_str rest = pl_str_c(arg + 2), name;
        pl_str_split(&rest, '=', &name);
        o = find(table, n, name);
        if (!o)
            return unknown(table, n, name, err);
        value = rest.p;
    } else {
        o = find_letter(table, n, arg[1]);
        if (!o)
            return pl_fail(err, PL_E_USAGE, "unknown flag '-%c'", arg[1]);
        if (arg[2])
            value = arg[2] == '=' ? arg + 3 : arg + 2;
        if (o->type == PL_OPT_FLAG && value)
            return pl_fail(err, PL_E_USAGE, "flag '-%c' takes no value", arg[1]);
    }
    if (o->type == PL_OPT_FLAG && value)
        return pl_fail(err, PL_E_USAGE, "flag '--%s' takes no value", o->name);
    if (o->type != PL_OPT_FLAG && o->type != PL_OPT_MAYBE && o->type != PL_OPT_NONE && !value) {
        value = **next;
        if (!value)
            return pl_fail(err, PL_E_USAGE, "flag '--%s' needs %s", o->name, o->arg);
        (*next)++;
    }
    return store(o, value, into, err);
}

int pl_opt_parse(const struct pl_opt *table, size_t n, char **argv, void *into,
                 struct pl_operands *ret_operands, struct pl_err *err)
{
    size_t argc = 0;
    bool plain = false;
    while (argv[argc])
        argc++;
    const char **ops = calloc(argc + 1, sizeof *ops);
    if (!ops)
        pl_oom();
    *ret_operands = (struct pl_operands){ ops, 0 };
    while (*argv) {
        const char *arg = *argv++;
        if (plain || arg[0] != '-' || !arg[1]) {
            ops[ret_operands->n++] = arg;
        } else if (strcmp(arg, "--") == 0) {
            plain = true;
        } else {
            int r = one(table, n, arg, &argv, into, err);
            if (r < 0) {
                free(ops);
                *ret_operands = (struct pl_operands){ NULL, 0 };
                return r;
            }
        }
    }
    return 0;
}
