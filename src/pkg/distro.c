/* Releases: Alpine counts by branch, Debian and the rebuilds of RHEL by major release. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "pkg/distro.h"

#include "pkg/pkg_int.h"

static const struct {
    const char *id;
    unsigned parts; /* of the version that count */
} known[] = {
    { "alpine", 2 }, { "almalinux", 1 }, { "centos", 1 }, { "debian", 1 },
    { "ol", 1 },     { "photon", 2 },    { "rocky", 1 },
};

struct pl_str pl_distro_text(struct pl_arena *a, struct pl_str id, struct pl_str version)
{
    for (size_t i = 0; i < PL_COUNT(known); i++) {
        if (!pl_str_is(id, known[i].id))
            continue;
        size_t end = SIZE_MAX;
        for (unsigned k = 0; k < known[i].parts && (k == 0 || end != SIZE_MAX); k++)
            end = pl_str_find(version, PL_S("."), k ? end + 1 : 0);
        version = pl_str_sub(version, 0, end);
    }
    if (!version.n)
        return pl_dup(a, id);
    return pl_printf(a, "%.*s-%.*s", PL_FMT(id), PL_FMT(version));
}

/* The version begins behind the last '-' that a digit follows: "opensuse-leap-15.5". */
struct pl_str pl_distro_of(struct pl_arena *a, struct pl_str text)
{
    size_t at = SIZE_MAX;
    for (size_t i = 0; i + 1 < text.n; i++)
        if (text.p[i] == '-' && text.p[i + 1] >= '0' && text.p[i + 1] <= '9')
            at = i;
    if (at == SIZE_MAX)
        return pl_dup(a, text);
    return pl_distro_text(a, pl_str_sub(text, 0, at), pl_str_sub(text, at + 1, text.n));
}
