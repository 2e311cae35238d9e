/* Options of every verb that speaks to registries. registry.md section 1. */
/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PL_CMD_REGISTRY_OPT_H
#define PL_CMD_REGISTRY_OPT_H

#include "cmd/common.h"
#include "registry/registry.h"
#include "source/source.h"

/* Embed in the verb's options as `reg`. */
struct pl_registry_cli {
    const char *plain_http, *ca_file, *client_cert, *client_key, *config, *username;
    const char *stall, *timeout, *retries;
    struct pl_opt_list mirror;
    bool foreign_layers;
};

/* `told`: 1 where --help describes them, 0 where it only names them. */
/* clang-format off */
#define PL_REGISTRY_OPTS(T, told)                                                          \
    { "plain-http", 0, PL_OPT_MAYBE, offsetof(T, reg.plain_http), NULL,                    \
      (told) ? "no TLS for the registry named (or =HOST[:PORT])" : NULL },                 \
    { "ca-file", 0, PL_OPT_STR, offsetof(T, reg.ca_file), "FILE",                          \
      (told) ? "certificate authorities beside the system's (PEM)" : NULL },               \
    { "client-cert", 0, PL_OPT_STR, offsetof(T, reg.client_cert), "FILE",                  \
      (told) ? "client certificate (PEM)" : NULL },                                        \
    { "client-key", 0, PL_OPT_STR, offsetof(T, reg.client_key), "FILE",                    \
      (told) ? "its key (PEM)" : NULL },                                                   \
    { "username", 0, PL_OPT_STR, offsetof(T, reg.username), "USER",                        \
      (told) ? "log in as USER; password on standard input" : NULL },                      \
    { "registry-config", 0, PL_OPT_STR, offsetof(T, reg.config), "FILE",                   \
      (told) ? "mirrors: registries.conf, hosts.toml or daemon.json" : NULL },             \
    { "mirror", 0, PL_OPT_LIST, offsetof(T, reg.mirror), "HOST=URL",                       \
      (told) ? "ask URL before HOST (repeatable)" : NULL },                                \
    { "stall-timeout", 0, PL_OPT_STR, offsetof(T, reg.stall), "SECONDS",                   \
      (told) ? "give up when less than 1 KiB comes (30)" : NULL },                         \
    { "timeout", 0, PL_OPT_STR, offsetof(T, reg.timeout), "SECONDS",                       \
      (told) ? "for the whole run" : NULL },                                               \
    { "retries", 0, PL_OPT_STR, offsetof(T, reg.retries), "N",                             \
      (told) ? "after failures that may pass (4)" : NULL },                                \
    { "foreign-layers", 0, PL_OPT_FLAG, offsetof(T, reg.foreign_layers), NULL,             \
      (told) ? "fetch layers from their own addresses" : NULL }

/* The engine's options that a verb needs to copy images; `common` is the member. */
#define PL_COPY_OPTS(T)                                                                    \
    { "platform", 0, PL_OPT_LIST, offsetof(T, common.platform), "OS/ARCH",                 \
      "only the image for this platform (repeatable)" },                                   \
    { "limit", 0, PL_OPT_LIST, offsetof(T, common.limit), "NAME=VALUE",                    \
      "change a limit, as in layers=100" },                                                \
    { "sandbox", 0, PL_OPT_STR, offsetof(T, common.sandbox), "MODE",                       \
      "auto, require or off" },                                                            \
    { "offline", 0, PL_OPT_FLAG, offsetof(T, common.offline), NULL,                        \
      "make any network call an error" },                                                  \
    { "quiet", 'q', PL_OPT_FLAG, offsetof(T, common.quiet), NULL, "no progress, no notes" }
/* clang-format on */

/* Fills `o` from the options; `operands` are the targets of the run, whose hosts --plain-http
 * without a value stands for; an operand that only names such a host is taken out. Reads the
 * password. `a` keeps text. PL_E_USAGE. */
int pl_registry_cli(const struct pl_registry_cli *cli, bool offline, bool quiet,
                    struct pl_operands *operands, struct pl_arena *a, struct pl_registry_opts *o,
                    struct pl_err *err);

/* Forgets the password. */
void pl_registry_cli_end(struct pl_registry_opts *o);

/* The way of a run to registries. */
struct pl_reach {
    struct pl_registry_opts registry;
    struct pl_source_opts source; /* all_tags and all_repos are the caller's to set before */
    struct pl_arena a;
};
/* Fills `x` and lets `run` (begun) use it; as pl_registry_cli. Prints what is wrong, ends the run
 * and returns an exit code, or 0. */
int pl_reach_begin(struct pl_reach *x, struct pl_run *run, const struct pl_registry_cli *cli,
                   const struct pl_common *c, struct pl_operands *operands);
/* Ends it, after the run. */
void pl_reach_end(struct pl_reach *x);

#endif
