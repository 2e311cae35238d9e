/* Platforms as text and in comparison. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "oci/platform.h"

#include "base/cleanup.h"

static bool word(struct pl_str s)
{
    for (size_t i = 0; i < s.n; i++) {
        char c = s.p[i];
        if (!((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
              c == '_' || c == '.' || c == '-'))
            return false;
    }
    return s.n > 0;
}

int pl_platform_parse(struct pl_str s, struct pl_platform *ret, struct pl_err *err)
{
    struct pl_platform p = { { "", 0 }, { "", 0 }, { "", 0 } };
    struct pl_str *const part[] = { &p.os, &p.arch, &p.variant };
    struct pl_str left = s, piece;
    size_t n = 0;
    while (pl_str_split(&left, '/', &piece)) {
        if (n == PL_COUNT(part) || !word(piece))
            return pl_fail(err, PL_E_USAGE, "'%.*s' is no platform, as in linux/arm64/v8",
                           PL_FMT(pl_str_sub(s, 0, 80)));
        *part[n++] = piece;
    }
    if (n < 2)
        return pl_fail(err, PL_E_USAGE, "a platform is OS/ARCH or OS/ARCH/VARIANT");
    *ret = pl_platform_settle(p);
    return 0;
}

/* Runtimes compare without regard to case. */
static struct pl_str usual(struct pl_str s, const char *const *known)
{
    for (size_t i = 0; known[i]; i++)
        if (pl_str_ieq(s, pl_str_c(known[i])))
            return pl_str_c(known[i]);
    return s;
}

struct pl_platform pl_platform_settle(struct pl_platform p)
{
    static const char *const os[] = { "linux",   "windows", "darwin",  "freebsd", "netbsd",
                                      "openbsd", "solaris", "illumos", "wasip1",  NULL };
    static const char *const arch[] = { "amd64",  "386",      "arm",     "arm64", "ppc64le",
                                        "s390x",  "riscv64",  "ppc64",   "mips",  "mipsle",
                                        "mips64", "mips64le", "loong64", "wasm",  "x86_64",
                                        "x86-64", "i386",     "aarch64", "armhf", "armel",
                                        NULL };
    static const char *const variant[] = { "v1", "v2", "v3", "v4", "v5",
                                           "v6", "v7", "v8", "v9", NULL };
    static const struct {
        const char *arch, *variant, *to_arch, *to_variant; /* variant NULL: any, kept */
    } rows[] = {
        { "x86_64", NULL, "amd64", NULL }, { "x86-64", NULL, "amd64", NULL },
        { "i386", NULL, "386", NULL },     { "aarch64", NULL, "arm64", NULL },
        { "armhf", NULL, "arm", "v7" },    { "armel", NULL, "arm", "v6" },
        { "amd64", "v1", "amd64", "" },    { "arm64", "v8", "arm64", "" },
        { "arm64", "8", "arm64", "" },     { "arm", "", "arm", "v7" },
        { "arm", "8", "arm", "v8" },       { "arm", "7", "arm", "v7" },
        { "arm", "6", "arm", "v6" },       { "arm", "5", "arm", "v5" },
    };
    p.os = pl_str_ieq(p.os, PL_S("macos")) ? PL_S("darwin") : usual(p.os, os);
    p.arch = usual(p.arch, arch);
    p.variant = usual(p.variant, variant);
    for (size_t i = 0; i < PL_COUNT(rows); i++) {
        if (!pl_str_is(p.arch, rows[i].arch) ||
            (rows[i].variant && !pl_str_is(p.variant, rows[i].variant)))
            continue;
        p.arch = pl_str_c(rows[i].to_arch);
        if (rows[i].to_variant)
            p.variant = pl_str_c(rows[i].to_variant);
    }
    return p;
}

bool pl_platform_stands_in(const struct pl_platform *want, const struct pl_platform *have)
{
    struct pl_platform h = pl_platform_settle(*have);
    if (!pl_str_eq(want->os, h.os))
        return false;
    if (pl_str_is(want->arch, "amd64"))
        return pl_str_is(h.arch, "386");
    return (pl_str_is(want->arch, "arm64") || pl_str_is(want->arch, "arm")) &&
           pl_str_is(h.arch, "arm");
}

bool pl_platform_match(const struct pl_platform *want, const struct pl_platform *have)
{
    struct pl_platform h = pl_platform_settle(*have);
    return pl_str_eq(want->os, h.os) && pl_str_eq(want->arch, h.arch) &&
           (want->variant.n == 0 || pl_str_eq(want->variant, h.variant));
}

int pl_platform_cmp(const struct pl_platform *a, const struct pl_platform *b)
{
    int c = pl_str_cmp(a->os, b->os);
    if (c == 0)
        c = pl_str_cmp(a->arch, b->arch);
    return c ? c : pl_str_cmp(a->variant, b->variant);
}

struct pl_str pl_platform_text(struct pl_arena *a, const struct pl_platform *p)
{
    struct pl_str s = { "", 0 };
    if (p->os.n == 0 && p->arch.n == 0)
        return s;
    size_t n = p->os.n + 1 + p->arch.n + (p->variant.n ? 1 + p->variant.n : 0);
    char *t = pl_alloc(a, n + 1), *at = t;
    const struct pl_str part[] = { p->os, p->arch, p->variant };
    for (size_t i = 0; i < (p->variant.n ? 3u : 2u); i++) {
        if (i)
            *at++ = '/';
        if (part[i].n)
            memcpy(at, part[i].p, part[i].n);
        at += part[i].n;
    }
    return pl_str_n(t, n);
}
