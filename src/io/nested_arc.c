/* Reading members by libarchive: one format at a time, no filters, nothing but our own callbacks
 * and memory beneath it. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "io/nested_arc.h"

#include <errno.h>

locale_t pl_nested_locale(void)
{
    static locale_t once; /* once-built: libarchive converts names to the locale's character set,
                             and only for UTF-8 without loading a converter from the file system */
    if (!once) {
        once = newlocale(LC_CTYPE_MASK, "C.UTF-8", (locale_t)0);
        if (once) { /* the first conversion reads the list of converters */
            locale_t old = uselocale(once);
            wchar_t wide[2];
            char back[8];
            if (mbstowcs(wide, "a", 2) == 1)
                wcstombs(back, wide, sizeof back);
            uselocale(old);
        }
    }
    return once;
}

void pl_nested_zone(void)
{
    const char *zone = getenv("TZ");
    if (!zone || strcmp(zone, "UTC0") != 0)
        setenv("TZ", "UTC0", 1);
}

/* Gives back what libarchive has seen. (A view that was never asked has no place to count from.) */
static void give_back(struct pl_arc *x)
{
    if (x->given)
        pl_view_consume(x->in, x->given);
    x->given = 0;
}

static la_ssize_t arc_read(struct archive *a, void *arg, const void **ret)
{
    struct pl_arc *x = arg;
    struct pl_err err = { 0 };
    if (x->prefix.n) {
        la_ssize_t n = (la_ssize_t)x->prefix.n;
        *ret = x->prefix.p;
        x->prefix.n = 0;
        return n;
    }
    give_back(x);
    if (pl_view_ahead(x->in, 1, &err) < 0) {
        pl_arc_lib()->archive_set_error(a, EIO, "%s", err.msg);
        return ARCHIVE_FATAL;
    }
    x->given = x->in->n;
    *ret = x->in->p;
    return (la_ssize_t)x->given;
}

static la_int64_t arc_skip(struct archive *a, void *arg, la_int64_t request)
{
    struct pl_arc *x = arg;
    (void)a;
    if (x->prefix.n || request <= 0)
        return 0;
    give_back(x);
    uint64_t from = x->in->off;
    /* a short skip is told by what is returned, and the read after it says why */
    if (pl_view_skip(x->in, (uint64_t)request, NULL) < 0)
        return (la_int64_t)(x->in->off - from);
    return request;
}

/* libarchive has one text per problem and no code that tells these apart. */
static const char *error_text(struct archive *a)
{
    const char *s = pl_arc_lib()->archive_error_string(a);
    return s ? s : "damaged";
}

static int error_code(struct archive *a)
{
    const char *s = error_text(a);
    return strstr(s, "nsupported") || strstr(s, "not supported") ? PL_E_UNSUP : PL_E_FORMAT;
}

static int64_t arc_more(void *arg, void *p, size_t n, struct pl_err *err)
{
    struct pl_arc *x = arg;
    for (int retry = 0; retry < 10; retry++) {
        la_ssize_t got = pl_arc_lib()->archive_read_data(x->a, p, n);
        if (got >= 0)
            return got;
        if (got == ARCHIVE_WARN || got == ARCHIVE_FAILED || got == ARCHIVE_FATAL)
            break;
    }
    return pl_fail(err, error_code(x->a), "%s", error_text(x->a));
}

static struct pl_str entry_name(struct archive_entry *e)
{
    errno = 0;
    const char *s = pl_arc_lib()->archive_entry_pathname(e);
    if (!s)
        s = pl_arc_lib()->archive_entry_pathname_utf8(e);
    return pl_str_c(s);
}

static int one_member(struct pl_arc *x, struct archive_entry *e, struct pl_err *err)
{
    struct pl_str name = entry_name(e);
    if (pl_arc_lib()->archive_entry_is_encrypted(e)) {
        pl_nest_note(x->nest, "encrypted", name, "member is encrypted");
        return pl_nest_member(x->nest, name, x->detail, NULL, false, err);
    }
    mode_t type = pl_arc_lib()->archive_entry_filetype(e);
    if (type == AE_IFDIR || type == AE_IFLNK || pl_arc_lib()->archive_entry_hardlink(e))
        return pl_nest_member(x->nest, name, x->detail, NULL, false, err);
    pl_pull_begin(&x->pull, x->nest, arc_more, x);
    return pl_nest_member(x->nest, name, x->detail, &x->pull.v, false, err);
}

/* The header could not be read, `r` says how badly. 0: go on with the next. */
static int bad_header(struct pl_arc *x, int r, struct pl_err *err)
{
    if (x->in && x->in->failed) {
        if (err)
            *err = x->in->error;
        return x->in->failed;
    }
    if (r == ARCHIVE_FATAL && x->seen == 0 && pl_arc_lib()->archive_format(x->a) == 0)
        return 2;
    if (pl_arc_lib()->archive_read_has_encrypted_entries(x->a) > 0)
        pl_nest_note(x->nest, "encrypted", PL_S(""), "%s", error_text(x->a));
    else if (!x->lenient)
        pl_nest_note(x->nest, error_code(x->a) == PL_E_UNSUP ? "unknown-codec" : "nested-damaged",
                     PL_S(""), "%s", error_text(x->a));
    x->fatal = r == ARCHIVE_FATAL;
    return x->fatal ? 3 : 0;
}

static int all_members(struct pl_arc *x, struct pl_err *err)
{
    unsigned bad = 0; /* a header that fails for ever without being fatal must not loop */
    for (;;) {
        struct archive_entry *e;
        /* it ends the process when a name has no form that it wants and errno is ENOMEM */
        errno = 0;
        int r = pl_arc_lib()->archive_read_next_header(x->a, &e);
        if (r == ARCHIVE_EOF)
            return 0;
        if (r == ARCHIVE_OK || r == ARCHIVE_WARN) {
            x->seen++;
            r = one_member(x, e, err);
        } else {
            r = bad_header(x, r, err);
            if (r == 0 && ++bad > 100)
                return 0;
        }
        if (r)
            return r == 3 ? 0 : r;
    }
}

static int with_locale(struct pl_arc *x, struct pl_err *err)
{
    locale_t loc = pl_nested_locale();
    locale_t old = loc ? uselocale(loc) : (locale_t)0;
    int r = all_members(x, err);
    if (loc)
        uselocale(old);
    return r;
}

static int run(struct pl_arc *x, pl_arc_format *format, const struct pl_str *whole,
               struct pl_err *err)
{
    if (!pl_arc_lib()->archive_read_new) {
        pl_nest_note(x->nest, "unknown-codec", PL_S(""), "libarchive is not on this machine");
        return 0;
    }
    x->a = pl_arc_lib()->archive_read_new();
    if (!x->a)
        pl_oom();
    x->seen = 0;
    pl_nested_zone(); /* the sandbox empties the environment */
    format(x->a);
    int r;
    if (whole) {
        r = pl_arc_lib()->archive_read_open_memory(x->a, whole->p, whole->n);
    } else {
        pl_arc_lib()->archive_read_set_read_callback(x->a, arc_read);
        pl_arc_lib()->archive_read_set_skip_callback(x->a, arc_skip);
        pl_arc_lib()->archive_read_set_callback_data(x->a, x);
        r = pl_arc_lib()->archive_read_open1(x->a);
    }
    r = r == ARCHIVE_OK ? with_locale(x, err) : bad_header(x, ARCHIVE_FATAL, err);
    if (x->in)
        give_back(x);
    pl_arc_lib()->archive_read_free(x->a);
    x->a = NULL;
    pl_pull_release(&x->pull);
    return r;
}

int pl_arc_stream(struct pl_arc *x, pl_arc_format *format, struct pl_err *err)
{
    return run(x, format, NULL, err);
}

int pl_arc_mem(struct pl_arc *x, pl_arc_format *format, struct pl_str whole, struct pl_err *err)
{
    return run(x, format, &whole, err);
}
