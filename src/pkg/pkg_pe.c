/* Assemblies of .NET that no deps.json names: the version resource of a PE file (VS_VERSIONINFO:
 * keys and values in UTF-16, aligned to four bytes). */
/* SPDX-License-Identifier: Apache-2.0 */
#include "pkg/pkg_int.h"

#define RESOURCE_MAX ((size_t)32 << 10)

static bool pe_wants(struct pl_str path, struct pl_str head)
{
    return pl_str_starts(head, PL_S("MZ")) &&
           (pl_str_iends(path, PL_S(".dll")) || pl_str_iends(path, PL_S(".exe")));
}

/* `text` as UTF-16, with the zero at its end. */
static struct pl_str wide(struct pl_pkg_sink *s, const char *text)
{
    size_t n = strlen(text) + 1;
    char *out = pl_alloc_n(s->a, n, 2);
    for (size_t i = 0; i < n; i++) {
        out[2 * i] = text[i];
        out[2 * i + 1] = 0;
    }
    return pl_str_n(out, 2 * n);
}

/* The value of a key, if it is ASCII. */
static struct pl_str value_of(struct pl_pkg_sink *s, struct pl_str res, const char *key)
{
    struct pl_str k = wide(s, key);
    size_t at = pl_str_find(res, k, 0), n = 0;
    if (at == SIZE_MAX)
        return PL_S("");
    struct pl_str v = pl_str_sub(res, at + k.n, res.n);
    while (v.n >= 2 && !v.p[0] && !v.p[1]) /* up to the next border of four */
        v = pl_str_sub(v, 2, v.n);
    char *out = pl_alloc_n(s->a, v.n / 2 + 1, 1);
    for (; 2 * n + 1 < v.n && v.p[2 * n] > ' ' && !v.p[2 * n + 1]; n++)
        out[n] = v.p[2 * n];
    return pl_str_n(out, n);
}

static bool digit(struct pl_str s)
{
    return s.n && s.p[0] >= '0' && s.p[0] <= '9';
}

/* "13.0.1+commit" is 13.0.1 */
static struct pl_str version_of(struct pl_pkg_sink *s, struct pl_str res)
{
    struct pl_str v = value_of(s, res, "ProductVersion");
    if (!digit(v) || !memchr(v.p, '.', v.n))
        v = value_of(s, res, "FileVersion");
    return digit(v) ? pl_str_sub(v, 0, pl_str_find(v, PL_S("+"), 0)) : PL_S("");
}

static int pe_run(struct pl_str path, struct pl_str text, struct pl_pkg_sink *s, struct pl_err *err)
{
    struct pl_str base = pl_pkg_base(path);
    (void)err;
    size_t at = pl_str_find(text, wide(s, "VS_VERSION_INFO"), 0);
    /* "BSJB" begins the metadata of managed code */
    if (at == SIZE_MAX || pl_str_find(text, PL_S("BSJB"), 0) == SIZE_MAX)
        return 0;
    struct pl_str res = pl_str_sub(text, at, RESOURCE_MAX);
    struct pl_str name = pl_str_sub(base, 0, base.n - strlen(".dll"));
    struct pl_str version = version_of(s, res);
    if (version.n && !pl_str_iends(name, PL_S(".resources")))
        pl_pkg_put(s, "nuget", PL_S(""), name, version, PL_PKG_WEAK);
    return 0;
}

const struct pl_cataloger pl_pkg_dotnet_pe = {
    .id = "dotnet-pe", .wants = pe_wants, .max = (size_t)48 << 20, .run = pe_run
};
