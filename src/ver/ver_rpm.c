/* rpm: [epoch:]version[-release], pieces in the order of rpm-version(7). */
/* SPDX-License-Identifier: Apache-2.0 */
#include "ver/ver_int.h"

struct evr {
    struct pl_str epoch, version, release;
    bool has_release;
};

static struct evr cut(struct pl_str v)
{
    struct evr e = { .epoch = { "", 0 }, .release = { "", 0 } };
    v = pl_str_trim(v);
    size_t colon = pl_v_digits(v, 0);
    if (pl_v_at(v, colon) == ':') {
        e.epoch = pl_str_sub(v, 0, colon);
        v = pl_str_sub(v, colon + 1, v.n);
    }
    e.version = v;
    const char *dash = v.n ? memrchr(v.p, '-', v.n) : NULL;
    if (dash) {
        size_t at = (size_t)(dash - v.p);
        e.version = pl_str_sub(v, 0, at);
        e.release = pl_str_sub(v, at + 1, v.n);
        e.has_release = true;
    }
    return e;
}

static size_t separators(struct pl_str s, size_t i)
{
    while (i < s.n && !pl_v_alnum(pl_v_at(s, i)) && s.p[i] != '~' && s.p[i] != '^')
        i++;
    return i;
}

int pl_v_rpm_piece(struct pl_str a, struct pl_str b)
{
    size_t i = 0, j = 0;
    while (i < a.n || j < b.n) {
        i = separators(a, i);
        j = separators(b, j);
        int x = pl_v_at(a, i), y = pl_v_at(b, j);
        if (x == '~' || y == '~') { /* below everything, the end too */
            if (x != y)
                return x == '~' ? -1 : 1;
            i++, j++;
            continue;
        }
        if (x == '^' || y == '^') { /* above the end, below everything else */
            if (x != y)
                return x < 0 || (x != '^' && y < 0) ? -1 : y < 0 ? 1 : x == '^' ? -1 : 1;
            i++, j++;
            continue;
        }
        if (x < 0 || y < 0)
            return (x >= 0) - (y >= 0);
        bool number = pl_v_digit(x);
        if (number != pl_v_digit(y))
            return number ? 1 : -1;
        int d = number ? pl_v_num(pl_v_take_digits(a, &i), pl_v_take_digits(b, &j))
                       : pl_v_bytes(pl_v_take_alphas(a, &i), pl_v_take_alphas(b, &j));
        if (d)
            return d;
    }
    return 0;
}

static int rpm_cmp(struct pl_str a, struct pl_str b)
{
    struct evr x = cut(a), y = cut(b);
    int d = pl_v_num(x.epoch, y.epoch);
    if (!d)
        d = pl_v_rpm_piece(x.version, y.version);
    if (d || x.has_release != y.has_release)
        return d ? d : x.has_release - y.has_release;
    return pl_v_rpm_piece(x.release, y.release);
}

static int rpm_bound(struct pl_str v, struct pl_str bound)
{
    struct evr x = cut(v), y = cut(bound);
    int d = pl_v_num(x.epoch, y.epoch);
    if (!d)
        d = pl_v_rpm_piece(x.version, y.version);
    if (d || !x.has_release || !y.has_release)
        return d;
    return pl_v_rpm_piece(x.release, y.release);
}

static bool made_of(struct pl_str s)
{
    for (size_t i = 0; i < s.n; i++)
        if (!pl_v_alnum(pl_v_at(s, i)) && (!s.p[i] || !strchr("._+~^", s.p[i])))
            return false;
    return true;
}

static bool rpm_valid(struct pl_str v)
{
    struct evr e = cut(v);
    return e.version.n && made_of(e.version) && made_of(e.release) &&
           (!e.has_release || e.release.n);
}

const struct pl_scheme pl_ver_rpm = {
    .name = "rpm", .cmp = rpm_cmp, .valid = rpm_valid, .bound = rpm_bound
};
