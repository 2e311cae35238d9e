/* Image references and platforms as far as a Dockerfile needs them (distribution reference
 * grammar, OCI platform strings). */
/* SPDX-License-Identifier: Apache-2.0 */
#include "base/cleanup.h"
#include "check/dockerfile/plan.h"

#define NAME_MAX_LEN 255u

static bool is_lower(char c)
{
    return (unsigned)(c - 'a') < 26 || (unsigned)(c - '0') < 10;
}

static bool is_alnum(char c)
{
    return (unsigned)((c | 0x20) - 'a') < 26 || (unsigned)(c - '0') < 10;
}

/* Is the first part of a name a registry? Without dot, colon or "localhost" it is a namespace. */
static bool is_domain(struct pl_str s)
{
    bool upper = false;
    for (size_t i = 0; i < s.n; i++)
        upper |= (unsigned)(s.p[i] - 'A') < 26;
    return memchr(s.p, '.', s.n) || memchr(s.p, ':', s.n) || pl_str_is(s, "localhost") || upper;
}

struct pl_df_ref pl_df_ref_split(struct pl_str s)
{
    struct pl_df_ref r = { PL_S(""), PL_S(""), PL_S(""), PL_S("") };
    const char *at = s.n ? memchr(s.p, '@', s.n) : NULL;
    if (at) {
        r.digest = pl_str_sub(s, (size_t)(at - s.p) + 1, SIZE_MAX);
        s.n = (size_t)(at - s.p);
    }
    size_t slash = 0, colon = s.n;
    for (size_t i = 0; i < s.n; i++)
        if (s.p[i] == '/')
            slash = i + 1;
    for (size_t i = slash; i < s.n && colon == s.n; i++)
        if (s.p[i] == ':')
            colon = i;
    if (colon < s.n)
        r.tag = pl_str_sub(s, colon + 1, SIZE_MAX);
    s.n = colon;
    const char *first = s.n ? memchr(s.p, '/', s.n) : NULL;
    if (first && is_domain(pl_str_n(s.p, (size_t)(first - s.p)))) {
        r.registry = pl_str_n(s.p, (size_t)(first - s.p));
        s = pl_str_sub(s, r.registry.n + 1, SIZE_MAX);
    }
    r.path = s;
    return r;
}

/* host[:port], host of labels or an address in brackets. */
static bool domain_valid(struct pl_str s)
{
    size_t colon = s.n;
    if (s.n && s.p[0] == '[') {
        const char *end = memchr(s.p, ']', s.n);
        if (!end)
            return false;
        colon = (size_t)(end - s.p) + 1;
        if (colon < s.n && s.p[colon] != ':')
            return false;
    } else {
        for (size_t i = 0; i < s.n && colon == s.n; i++)
            if (s.p[i] == ':')
                colon = i;
        struct pl_str host = pl_str_sub(s, 0, colon), label;
        while (pl_str_split(&host, '.', &label)) {
            if (!label.n || !is_alnum(label.p[0]) || !is_alnum(label.p[label.n - 1]))
                return false;
            for (size_t i = 0; i < label.n; i++)
                if (!is_alnum(label.p[i]) && label.p[i] != '-')
                    return false;
        }
        if (!colon)
            return false;
    }
    for (size_t i = colon + 1; i < s.n; i++)
        if ((unsigned)(s.p[i] - '0') > 9)
            return false;
    return colon == s.n || colon + 1 < s.n;
}

/* Lower-case letters and digits, parted by one '.', one or two '_', or any number of '-'. */
static bool component_valid(struct pl_str s)
{
    if (!s.n || !is_lower(s.p[0]) || !is_lower(s.p[s.n - 1]))
        return false;
    for (size_t i = 0; i < s.n;) {
        if (is_lower(s.p[i])) {
            i++;
            continue;
        }
        char c = s.p[i];
        size_t n = 0;
        while (i < s.n && s.p[i] == c) {
            i++;
            n++;
        }
        if (!is_lower(s.p[i]) || (c == '.' && n > 1) || (c == '_' && n > 2) ||
            (c != '.' && c != '_' && c != '-'))
            return false;
    }
    return true;
}

static bool tag_valid(struct pl_str s)
{
    if (!s.n || s.n > 128 || s.p[0] == '.' || s.p[0] == '-')
        return false;
    for (size_t i = 0; i < s.n; i++)
        if (!is_alnum(s.p[i]) && !strchr("_.-", s.p[i]))
            return false;
    return true;
}

/* algorithm:hex; known algorithms have one length. */
static bool digest_valid(struct pl_str s)
{
    static const struct {
        const char *name;
        size_t n;
    } known[] = { { "sha256", 64 }, { "sha384", 96 }, { "sha512", 128 } };
    const char *colon = s.n ? memchr(s.p, ':', s.n) : NULL;
    if (!colon)
        return false;
    struct pl_str alg = pl_str_n(s.p, (size_t)(colon - s.p));
    struct pl_str hex = pl_str_sub(s, alg.n + 1, SIZE_MAX);
    for (size_t i = 0; i < hex.n; i++)
        if ((unsigned)(hex.p[i] - '0') > 9 && (unsigned)(hex.p[i] - 'a') > 5)
            return false;
    for (size_t i = 0; i < PL_COUNT(known); i++)
        if (pl_str_is(alg, known[i].name))
            return hex.n == known[i].n;
    return false;
}

bool pl_df_ref_valid(struct pl_str s, const char **ret_why)
{
    const char *ignored;
    const char **why = ret_why ? ret_why : &ignored;
    struct pl_df_ref r = pl_df_ref_split(s);
    struct pl_str part, rest = r.path;
    uint8_t raw[32];
    *why = "the image reference is not valid";
    if (s.n == 64 && pl_unhex(s, raw, 32)) {
        *why = "64 hex digits cannot be an image name";
        return false;
    }
    for (size_t i = 0; i < r.path.n; i++)
        if ((unsigned)(r.path.p[i] - 'A') < 26) {
            *why = "the repository name of an image must be in lower case";
            return false;
        }
    if ((r.registry.p != NULL && r.registry.n && !domain_valid(r.registry)) || !r.path.n)
        return false;
    while (pl_str_split(&rest, '/', &part))
        if (!component_valid(part))
            return false;
    if (r.path.n > NAME_MAX_LEN) {
        *why = "the repository name is longer than 255 bytes";
        return false;
    }
    bool colon = r.tag.p && r.tag.p > s.p && r.tag.p[-1] == ':';
    if (colon && !tag_valid(r.tag)) {
        *why = "the tag of the image is not valid";
        return false;
    }
    if (memchr(s.p, '@', s.n) && !digest_valid(r.digest)) {
        *why = "the digest of the image is not valid";
        return false;
    }
    return true;
}

static bool known_word(struct pl_str s, const char *const *names, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (pl_str_ieq(s, pl_str_c(names[i])))
            return true;
    return false;
}

static bool part_valid(struct pl_str s)
{
    if (!s.n)
        return false;
    for (size_t i = 0; i < s.n; i++)
        if (!is_alnum(s.p[i]) && !strchr("_.-", s.p[i]))
            return false;
    return true;
}

bool pl_df_platform(struct pl_str s, struct pl_str *ret_os, struct pl_str *ret_arch)
{
    static const char *const oses[] = { "aix",     "android", "darwin",  "dragonfly", "freebsd",
                                        "hurd",    "illumos", "ios",     "js",        "linux",
                                        "nacl",    "netbsd",  "openbsd", "plan9",     "solaris",
                                        "windows", "zos",     "macos" };
    static const char *const arches[] = {
        "386",       "amd64",       "amd64p32", "arm",    "armbe",   "arm64",   "arm64be",
        "ppc64",     "ppc64le",     "loong64",  "mips",   "mipsle",  "mips64",  "mips64le",
        "mips64p32", "mips64p32le", "ppc",      "riscv",  "riscv64", "s390",    "s390x",
        "sparc",     "sparc64",     "wasm",     "x86_64", "x86-64",  "aarch64", "armhf",
        "armel",     "i386",        "i686"
    };
    struct pl_str part[3], rest = s;
    size_t n = 0;
    *ret_os = PL_S("linux");
    *ret_arch = PL_S("amd64");
    while (n < 3 && pl_str_split(&rest, '/', &part[n]))
        n++;
    if (rest.p && rest.n)
        return false;
    if (n && part[0].n && part[0].p[part[0].n - 1] == ')') { /* os(version) */
        const char *open = memchr(part[0].p, '(', part[0].n);
        if (open)
            part[0].n = (size_t)(open - part[0].p);
    }
    for (size_t i = 0; i < n; i++)
        if (!part_valid(part[i]))
            return false;
    if (n == 1 && known_word(part[0], arches, PL_COUNT(arches))) {
        *ret_arch = part[0];
        return true;
    }
    if (n == 1) {
        *ret_os = part[0];
        return known_word(part[0], oses, PL_COUNT(oses));
    }
    if (n) {
        *ret_os = part[0];
        *ret_arch = part[1];
    }
    return n > 1;
}
