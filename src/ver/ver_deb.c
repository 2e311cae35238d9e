/* Debian: deb-version(7). Epoch, upstream version, revision; '~' sorts below the end. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "ver/ver_int.h"

struct deb {
    struct pl_str epoch, upstream, revision;
};

static struct deb cut(struct pl_str v)
{
    struct deb d = { .revision = { "", 0 }, .epoch = { "", 0 } };
    v = pl_str_trim(v);
    size_t colon = pl_v_digits(v, 0);
    if (colon && pl_v_at(v, colon) == ':') {
        d.epoch = pl_str_sub(v, 0, colon);
        v = pl_str_sub(v, colon + 1, v.n);
    }
    d.upstream = v;
    const char *dash = v.n ? memrchr(v.p, '-', v.n) : NULL;
    if (dash) {
        size_t at = (size_t)(dash - v.p);
        d.upstream = pl_str_sub(v, 0, at);
        d.revision = pl_str_sub(v, at + 1, v.n);
    }
    return d;
}

/* weight of a sign outside numbers; the end and a digit weigh nothing */
static int weight(int c)
{
    if (c < 0 || pl_v_digit(c))
        return 0;
    if (c == '~')
        return -1;
    return pl_v_alpha(c) ? c : c + 256;
}

static int piece(struct pl_str a, struct pl_str b)
{
    size_t i = 0, j = 0;
    while (i < a.n || j < b.n) {
        while ((i < a.n && !pl_v_digit(a.p[i])) || (j < b.n && !pl_v_digit(b.p[j]))) {
            int d = weight(pl_v_at(a, i)) - weight(pl_v_at(b, j));
            if (d)
                return d;
            i++, j++;
        }
        int d = pl_v_num(pl_v_take_digits(a, &i), pl_v_take_digits(b, &j));
        if (d)
            return d;
    }
    return 0;
}

static int deb_cmp(struct pl_str a, struct pl_str b)
{
    struct deb x = cut(a), y = cut(b);
    int d = pl_v_num(x.epoch, y.epoch);
    if (!d)
        d = piece(x.upstream, y.upstream);
    return d ? d : piece(x.revision, y.revision);
}

static bool made_of(struct pl_str s, const char *signs)
{
    for (size_t i = 0; i < s.n; i++)
        if (!pl_v_alnum(pl_v_at(s, i)) && (!s.p[i] || !strchr(signs, s.p[i])))
            return false;
    return true;
}

static bool deb_valid(struct pl_str v)
{
    struct deb d = cut(v);
    v = pl_str_trim(v);
    if (v.n && v.p[v.n - 1] == '-')
        return false;
    return d.epoch.n < 10 && d.upstream.n && pl_v_digit(d.upstream.p[0]) &&
           made_of(d.upstream, d.epoch.n ? ".+-~:" : ".+-~") && made_of(d.revision, ".+~");
}

const struct pl_scheme pl_ver_deb = { .name = "deb", .cmp = deb_cmp, .valid = deb_valid };
