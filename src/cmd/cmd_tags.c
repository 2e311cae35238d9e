/* plimsoll tags: the tags of a repository, one a line. */
/* SPDX-License-Identifier: Apache-2.0 */
#include <stddef.h>
#include <stdio.h>

#include "base/cleanup.h"
#include "cmd/transfer.h"

struct options {
    struct pl_registry_cli reg;
    bool offline, quiet;
};

static const struct pl_opt table[] = {
    PL_REGISTRY_OPTS(struct options, 1),
    { "offline", 0, PL_OPT_FLAG, offsetof(struct options, offline), NULL,
      "make any network call an error" },
    { "quiet", 'q', PL_OPT_FLAG, offsetof(struct options, quiet), NULL, "no notes" },
};

static int on_tag(void *arg, struct pl_str tag, struct pl_err *err)
{
    (void)err;
    pl_buf_printf(arg, "%.*s\n", PL_FMT(tag));
    return 0;
}

static int list(const struct options *o, struct pl_operands *ops, struct pl_arena *a,
                struct pl_buf *out, struct pl_err *err)
{
    struct pl_registry_opts ro;
    struct pl_registry *reg = NULL;
    struct pl_reference ref;
    int r = pl_registry_cli(&o->reg, o->offline, o->quiet, ops, a, &ro, err);
    if (r == 0 && ops->n != 1)
        r = pl_fail(err, PL_E_USAGE, "one repository, as in plimsoll tags registry.example/app");
    if (r == 0)
        r = pl_docker_reference(pl_str_c(ops->p[0]), a, &ref, NULL, err);
    if (r == 0)
        r = pl_registry_new(&ro, ref.host, &reg, err);
    if (r == 0)
        r = pl_registry_tags(reg, ref.repo, on_tag, out, err);
    pl_registry_free(reg);
    pl_registry_cli_end(&ro);
    return r;
}

static int run_tags(const void *options, const struct pl_operands *operands)
{
    struct pl_operands ops = *operands;
    struct pl_arena a = { 0 };
    struct pl_err err = { 0 };
    pl_auto_buf struct pl_buf out = { 0 };
    int r = list(options, &ops, &a, &out, &err);
    if (r == 0)
        r = pl_common_print(pl_buf_str(&out), &err);
    pl_arena_release(&a);
    return r < 0 ? pl_transfer_failed("tags", &err) : PL_EXIT_CLEAN;
}

const struct pl_command pl_cmd_tags = {
    .name = "tags",
    .usage = "tags [flags] HOST/REPO",
    .summary = "list the tags of a repository in a registry",
    .options = table,
    .n_options = PL_COUNT(table),
    .options_size = sizeof(struct options),
    .run = run_tags,
};
