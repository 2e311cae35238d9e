/* Paths of the Nix store (manual: "Store Path") and of Guix's, which has the same form. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "pkg/store_path.h"

#include "pkg/pkg_int.h"

#define HASH 32u

static bool digit(char c)
{
    return c >= '0' && c <= '9';
}

static bool is_hash(struct pl_str s)
{
    for (size_t i = 0; i < s.n; i++)
        if (!digit(s.p[i]) && !(s.p[i] >= 'a' && s.p[i] <= 'z'))
            return false;
    return s.n == HASH;
}

/* Packages with several outputs name all but the first at the end. */
static struct pl_str no_output(struct pl_str s)
{
    static const char *const outputs[] = { "-bin", "-dev",  "-lib",    "-man",    "-doc",
                                           "-out", "-info", "-static", "-devdoc", "-data" };
    for (size_t i = 0; i < PL_COUNT(outputs); i++)
        if (pl_str_ends(s, pl_str_c(outputs[i])))
            return pl_str_sub(s, 0, s.n - strlen(outputs[i]));
    return s;
}

bool pl_pkg_store_path(struct pl_str path, struct pl_pkg *ret, struct pl_str *ret_folder)
{
    static const char *const stores[] = { "nix/store/", "gnu/store/" };
    for (size_t k = 0; k < PL_COUNT(stores); k++) {
        struct pl_str store = pl_str_c(stores[k]);
        size_t at = pl_str_starts(path, store) ? 0 : pl_str_find(path, store, 0);
        if (at == SIZE_MAX || (at && path.p[at - 1] != '/'))
            continue;
        struct pl_str s = pl_str_sub(path, at + store.n, path.n);
        size_t end = pl_str_find(s, PL_S("/"), 0);
        if (end == SIZE_MAX || end < HASH + 2 || s.p[HASH] != '-' ||
            !is_hash(pl_str_sub(s, 0, HASH)))
            continue;
        *ret_folder = pl_str_sub(path, 0, at + store.n + end);
        s = no_output(pl_str_sub(s, HASH + 1, end - HASH - 1));
        for (size_t i = 1; i + 1 < s.n; i++) { /* the version: behind the first '-' and digit */
            if (s.p[i] != '-' || !digit(s.p[i + 1]))
                continue;
            *ret = (struct pl_pkg){ .type = k ? PL_S("guix") : PL_S("nix"), .flags = PL_PKG_WEAK };
            ret->name = pl_str_sub(s, 0, i);
            ret->version = pl_str_sub(s, i + 1, s.n);
            return true;
        }
    }
    return false;
}
