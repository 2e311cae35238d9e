/* Image references, by hand-written matching of the distribution-spec's patterns. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "oci/reference.h"

#define NAME_LEN_MAX 255u /* host and repository together */
#define TAG_MAX 128u

static bool lower_or_digit(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');
}

static bool letter_or_digit(char c)
{
    return lower_or_digit(c) || (c >= 'A' && c <= 'Z');
}

/* [a-zA-Z0-9_][a-zA-Z0-9._-]{0,127} */
static bool is_tag(struct pl_str s)
{
    if (s.n == 0 || s.n > TAG_MAX || s.p[0] == '.' || s.p[0] == '-')
        return false;
    for (size_t i = 0; i < s.n; i++)
        if (!letter_or_digit(s.p[i]) && s.p[i] != '_' && s.p[i] != '.' && s.p[i] != '-')
            return false;
    return true;
}

/* [a-z0-9]+((\.|_|__|-+)[a-z0-9]+)* */
static bool is_component(struct pl_str s)
{
    size_t i = 0;
    while (i < s.n && lower_or_digit(s.p[i])) {
        while (i < s.n && lower_or_digit(s.p[i]))
            i++;
        if (i == s.n)
            return true;
        char c = s.p[i];
        size_t from = i;
        while (i < s.n && s.p[i] == c)
            i++;
        size_t run = i - from;
        if (c != '-' && !(c == '.' && run == 1) && !(c == '_' && run <= 2))
            return false;
    }
    return false;
}

/* Labels of letters, digits and inner hyphens with single dots between them; or an IPv6 address in
 * brackets. */
static bool is_host_name(struct pl_str s)
{
    if (s.n > 2 && s.p[0] == '[' && s.p[s.n - 1] == ']') {
        bool colon = false;
        for (size_t i = 1; i + 1 < s.n; i++) {
            char c = s.p[i];
            colon |= c == ':';
            if (c != ':' && c != '.' && !(c >= '0' && c <= '9') && !(c >= 'a' && c <= 'f') &&
                !(c >= 'A' && c <= 'F'))
                return false;
        }
        return colon;
    }
    struct pl_str label;
    size_t n = 0;
    while (pl_str_split(&s, '.', &label)) {
        if (label.n == 0 || label.p[0] == '-' || label.p[label.n - 1] == '-')
            return false;
        for (size_t i = 0; i < label.n; i++)
            if (!letter_or_digit(label.p[i]) && label.p[i] != '-')
                return false;
        n++;
    }
    return n > 0;
}

static bool is_host(struct pl_str s)
{
    const char *close = s.n ? memrchr(s.p, ']', s.n) : NULL;
    size_t from = close ? (size_t)(close - s.p) : 0;
    size_t colon = pl_str_find(s, PL_S(":"), from);
    uint64_t port;
    if (colon == SIZE_MAX)
        return is_host_name(s);
    struct pl_str digits = pl_str_sub(s, colon + 1, s.n);
    return digits.n <= 5 && pl_str_u64(digits, &port) && port > 0 && port < 65536 &&
           is_host_name(pl_str_sub(s, 0, colon));
}

/* Is the first of several pieces a host? It is when no repository could be called so, or by
 * "localhost". */
static bool names_host(struct pl_str s)
{
    if (pl_str_is(s, "localhost"))
        return true;
    for (size_t i = 0; i < s.n; i++)
        if (s.p[i] == '.' || s.p[i] == ':' || (s.p[i] >= 'A' && s.p[i] <= 'Z'))
            return true;
    return false;
}

static int wrong(struct pl_err *err, struct pl_str s, const char *what)
{
    return pl_fail(err, PL_E_USAGE, "'%.*s' is no image reference: %s",
                   PL_FMT(pl_str_sub(s, 0, 200)), what);
}

int pl_reference_parse(struct pl_str s, struct pl_reference *ret, struct pl_err *err)
{
    struct pl_reference ref = { { "", 0 }, { "", 0 }, { "", 0 }, { 0 } };
    struct pl_str name = s, piece, left;
    size_t at = pl_str_find(name, PL_S("@"), 0);
    if (at != SIZE_MAX) {
        if (pl_digest_parse(pl_str_sub(s, at + 1, s.n), &ref.digest, err) < 0)
            return wrong(err, s, "bad digest");
        name.n = at;
    }
    const char *slash = name.n ? memrchr(name.p, '/', name.n) : NULL;
    const char *colon = name.n ? memrchr(name.p, ':', name.n) : NULL;
    if (colon && (!slash || colon > slash)) {
        ref.tag = pl_str_sub(name, (size_t)(colon - name.p) + 1, name.n);
        name.n = (size_t)(colon - name.p);
        if (!is_tag(ref.tag))
            return wrong(err, s, "bad tag");
    }
    if (name.n > NAME_LEN_MAX)
        return wrong(err, s, "the name is longer than 255 characters");
    size_t first = pl_str_find(name, PL_S("/"), 0);
    if (first != SIZE_MAX && names_host(pl_str_sub(name, 0, first))) {
        ref.host = pl_str_sub(name, 0, first);
        name = pl_str_sub(name, first + 1, name.n);
        if (!is_host(ref.host))
            return wrong(err, s, "bad host");
    }
    ref.repo = name;
    left = name;
    while (pl_str_split(&left, '/', &piece))
        if (!is_component(piece))
            return wrong(err, s, "bad repository name");
    if (ref.repo.n == 0)
        return wrong(err, s, "no repository");
    *ret = ref;
    return 0;
}

struct pl_str pl_reference_text(struct pl_arena *a, const struct pl_reference *ref)
{
    struct pl_str digest = pl_digest_text(a, &ref->digest);
    return pl_printf(a, "%.*s%s%.*s%s%.*s%s%.*s", PL_FMT(ref->host), ref->host.n ? "/" : "",
                     PL_FMT(ref->repo), ref->tag.n ? ":" : "", PL_FMT(ref->tag),
                     digest.n ? "@" : "", PL_FMT(digest));
}
