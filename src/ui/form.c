/* Queries of forms: bounded, each key once. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "ui/form.h"

#include "base/cleanup.h"
#include "report/escape.h"

/* Decodes `s` into `out`, which has an end. */
static int decode(struct pl_str s, struct pl_buf *out, struct pl_err *err)
{
    for (size_t i = 0; i < s.n; i++) {
        uint8_t c = (uint8_t)s.p[i];
        if (c == '%') {
            if (s.n - i < 3 || !pl_unhex(pl_str_sub(s, i + 1, 2), &c, 1))
                return pl_fail(err, PL_E_FORMAT, "a broken escape in the address");
            i += 2;
        } else if (c == '+') {
            c = ' ';
        }
        if (c == 0)
            return pl_fail(err, PL_E_FORMAT, "NUL in the address");
        if (out->n == PL_UI_VALUE_MAX)
            return pl_fail(err, PL_E_LIMIT, "what is asked for is longer than %zu bytes",
                           PL_UI_VALUE_MAX);
        pl_buf_putn(out, &c, 1);
    }
    return 0;
}

struct field {
    const char *key;
    struct pl_str *text;
};

struct shown {
    const char *key;
    struct pl_str text;
};

static int take(struct pl_ui_form *f, bool *seen, struct pl_str key, struct pl_str raw,
                struct pl_arena *a, struct pl_err *err)
{
    const struct field fields[] = {
        { "image", &f->image },   { "package", &f->package }, { "cve", &f->cve },
        { "secret", &f->secret }, { "after", NULL },
    };
    pl_auto_buf struct pl_buf value = { 0 };
    size_t k = 0;
    while (k < PL_COUNT(fields) && !pl_str_is(key, fields[k].key))
        k++;
    if (k == PL_COUNT(fields))
        return 0;
    if (seen[k])
        return pl_fail(err, PL_E_FORMAT, "'%s' stands twice in the address", fields[k].key);
    seen[k] = true;
    int r = decode(raw, &value, err);
    if (r < 0)
        return r;
    if (fields[k].text)
        *fields[k].text = pl_dup(a, pl_str_trim(pl_buf_str(&value)));
    else if (!pl_str_u64(pl_buf_str(&value), &f->after) || f->after > INT64_MAX)
        return pl_fail(err, PL_E_FORMAT, "'%s' is no number", fields[k].key);
    return 0;
}

int pl_ui_form_parse(struct pl_str query, struct pl_arena *a, struct pl_ui_form *ret,
                     struct pl_err *err)
{
    bool seen[5] = { false };
    struct pl_str pair, key;
    *ret = (struct pl_ui_form){ .after = 0 };
    if (query.n > PL_UI_QUERY_MAX)
        return pl_fail(err, PL_E_LIMIT, "the address is too long");
    while (pl_str_split(&query, '&', &pair)) {
        struct pl_str value = pair;
        pl_str_split(&value, '=', &key);
        int r = take(ret, seen, key, value.p ? value : PL_S(""), a, err);
        if (r < 0)
            return r;
    }
    return 0;
}

void pl_ui_form_write(const struct pl_ui_form *f, struct pl_buf *out)
{
    const struct shown fields[] = {
        { "image", f->image },
        { "package", f->package },
        { "cve", f->cve },
        { "secret", f->secret },
    };
    const char *between = "?";
    for (size_t k = 0; k < PL_COUNT(fields); k++) {
        if (!fields[k].text.n)
            continue;
        pl_buf_printf(out, "%s%s=", between, fields[k].key);
        pl_esc_uri(out, fields[k].text);
        between = "&amp;";
    }
    if (f->after)
        pl_buf_printf(out, "%safter=%llu", between, (unsigned long long)f->after);
}

bool pl_ui_form_asks(const struct pl_ui_form *f)
{
    return f->image.n || f->package.n || f->cve.n || f->secret.n;
}

enum pl_ui_page_kind pl_ui_path(struct pl_str path, int64_t *ret_id)
{
    struct pl_str number;
    uint64_t id;
    if (pl_str_is(path, "/"))
        return PL_UI_FLEET;
    if (pl_str_is(path, "/style.css"))
        return PL_UI_STYLE;
    if (!pl_str_starts(path, PL_S("/image/")))
        return PL_UI_NONE;
    path = pl_str_sub(path, strlen("/image/"), path.n);
    pl_str_split(&path, '/', &number);
    if (number.n > 19 || !pl_str_u64(number, &id) || id == 0 || id > INT64_MAX)
        return PL_UI_NONE;
    *ret_id = (int64_t)id;
    if (!path.p)
        return PL_UI_IMAGE;
    return pl_str_is(path, "packages") ? PL_UI_PACKAGES : PL_UI_NONE;
}
