/* Debian's lists of DSA and DLA: a head line, then flaws in braces, then releases with the version
 * that mends. security-team.debian.org, "The DSA and DLA lists". */
/* SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>

#include "vuln/read.h"

bool pl_adv_is_dsa(struct pl_str line)
{
    size_t at = line.n > 12 && *line.p == '[' ? pl_str_find(line, PL_S("] "), 0) : SIZE_MAX;
    struct pl_str rest = at == SIZE_MAX ? PL_S("") : pl_str_sub(line, at + 2, SIZE_MAX);
    return pl_str_starts(rest, PL_S("DSA-")) || pl_str_starts(rest, PL_S("DLA-")) ||
           pl_str_starts(rest, PL_S("ELA-"));
}

static bool knows(const struct pl_adv_doc *d)
{
    struct pl_str rest = d->text, line;
    return !d->root && !d->xml && pl_str_split(&rest, '\n', &line) && pl_adv_is_dsa(line);
}

/* "2025-07-31" of "31 Jul 2025". */
static struct pl_str date_of(struct pl_arena *a, struct pl_str s)
{
    static const char months[] = "JanFebMarAprMayJunJulAugSepOctNovDec";
    if (s.n != 11)
        return PL_S("");
    size_t at = pl_str_find(pl_str_c(months), pl_str_sub(s, 3, 3), 0);
    if (at == SIZE_MAX || at % 3)
        return PL_S("");
    return pl_printf(a, "%.*s-%02zu-%.*s", PL_FMT(pl_str_sub(s, 7, 4)), at / 3 + 1,
                     PL_FMT(pl_str_sub(s, 0, 2)));
}

/* "[bookworm] - sope 5.8.0-1+deb12u1". */
static void release_line(struct pl_adv_reader *r, struct pl_str line, struct pl_adv_rows *rows)
{
    struct pl_str release = PL_S(""), name = release, dash = release, fixed = release;
    line = pl_str_sub(line, 1, SIZE_MAX);
    pl_str_split(&line, ']', &release);
    line = pl_str_trim(line);
    if (!pl_str_split(&line, ' ', &dash) || !pl_str_is(dash, "-"))
        return;
    line = pl_str_trim(line);
    pl_str_split(&line, ' ', &name);
    struct pl_str number = pl_adv_debian_release(release);
    line = pl_str_trim(line);
    pl_str_split(&line, ' ', &fixed);
    if (!number.n || !name.n || !fixed.n || *fixed.p < '0' || *fixed.p > '9')
        return; /* "<unfixed>", "<not-affected>": the tracker tells more */
    pl_adv_rows_below(rows, pl_printf(r->a, "Debian:%.*s", PL_FMT(number)), name, fixed)->flags =
        PL_ADV_NATIVE;
}

static int send(struct pl_adv_reader *r, struct pl_adv *v, struct pl_adv_rows *rows,
                struct pl_err *err)
{
    int k = v->id.n && v->covers.n && rows->v.n ? pl_adv_send(r, v, rows, err) : 0;
    rows->v.n = 0;
    return k == PL_E_LIMIT ? k : 0;
}

static void head(struct pl_adv_reader *r, struct pl_str line, struct pl_adv *v)
{
    struct pl_str date = PL_S("");
    line = pl_str_sub(line, 1, SIZE_MAX);
    pl_str_split(&line, ']', &date);
    line = pl_str_trim(line);
    *v = (struct pl_adv){ .severity = -1, .published = date_of(r->a, date) };
    pl_str_split(&line, ' ', &v->id);
    v->title = pl_str_trim(line);
    v->url = pl_printf(r->a, "https://security-tracker.debian.org/tracker/%.*s", PL_FMT(v->id));
}

static int read(struct pl_adv_reader *r, const struct pl_adv_doc *d, struct pl_err *err)
{
    struct pl_str rest = d->text, line;
    struct pl_adv v = { .severity = -1 };
    struct pl_adv_rows rows = { .a = r->a };
    int k = 0;
    while (k == 0 && pl_str_split(&rest, '\n', &line)) {
        struct pl_str says = pl_str_trim(line);
        if (line.n && pl_adv_is_dsa(line)) {
            k = send(r, &v, &rows, err);
            head(r, says, &v);
        } else if (says.n && *says.p == '{') {
            v.covers = pl_doc_cves(r->a, says);
        } else if (says.n && *says.p == '[') {
            release_line(r, says, &rows);
        }
    }
    if (k == 0)
        k = send(r, &v, &rows, err);
    free(rows.v.p);
    return k;
}

const struct pl_adv_form pl_adv_form_dsa = { "dsa", knows, read, NULL };
