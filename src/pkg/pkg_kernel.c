/* Modules of the Linux kernel: what their section .modinfo says ("key=value" strings). */
/* SPDX-License-Identifier: Apache-2.0 */
#include "pkg/pkg_int.h"

static bool module_wants(struct pl_str path, struct pl_str head)
{
    return pl_str_ends(path, PL_S(".ko")) && pl_str_starts(head, PL_S("\177ELF"));
}

/* The value of `key`, whose first byte is the NUL that ends the string before. */
static struct pl_str info(struct pl_str text, struct pl_str key)
{
    size_t at = pl_str_find(text, key, 0);
    if (at == SIZE_MAX)
        return PL_S("");
    text = pl_str_sub(text, at + key.n, text.n);
    size_t end = pl_str_find(text, pl_str_n("", 1), 0);
    return end == SIZE_MAX ? PL_S("") : pl_str_sub(text, 0, end);
}

static int module_run(struct pl_str path, struct pl_str text, struct pl_pkg_sink *s,
                      struct pl_err *err)
{
    static const char name_key[] = "\0name=", version_key[] = "\0version=";
    static const char magic_key[] = "\0vermagic=";
    struct pl_str name = info(text, pl_str_n(name_key, sizeof name_key - 1));
    struct pl_str version = info(text, pl_str_n(version_key, sizeof version_key - 1));
    (void)path;
    (void)err;
    if (!version.n) /* one of the kernel's own: "6.1.0-13-amd64 SMP preempt mod_unload" */
        version = info(text, pl_str_n(magic_key, sizeof magic_key - 1));
    version = pl_str_sub(version, 0, pl_str_find(version, PL_S(" "), 0));
    if (name.n && version.n)
        pl_pkg_put(s, "generic", PL_S("linux-kernel-module"), name, version, PL_PKG_FILE);
    return 0;
}

const struct pl_cataloger pl_pkg_kernel_module = {
    .id = "kernel-module", .wants = module_wants, .max = (size_t)32 << 20, .run = module_run
};
