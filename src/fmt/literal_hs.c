/* Literals by vectorscan's pure-literal interface, block mode. The library is loaded with the first
 * of them: it is large, and most verbs look for none. */
/* SPDX-License-Identifier: Apache-2.0 */
#include <hs/hs.h>

#include "base/cleanup.h"
#include "fmt/late.h"
#include "fmt/literal.h"

#define FUNCTIONS(X)           \
    X(hs_alloc_scratch)        \
    X(hs_compile_lit_multi)    \
    X(hs_database_size)        \
    X(hs_deserialize_database) \
    X(hs_free_compile_error)   \
    X(hs_free_database)        \
    X(hs_free_scratch)         \
    X(hs_scan)                 \
    X(hs_serialize_database)

static struct {
#define DECLARE(f) __typeof__(&f) f;
    FUNCTIONS(DECLARE)
#undef DECLARE
} lib; /* once-built */

static int load(struct pl_err *err)
{
    static const char *const names[] = {
#define NAME(f) #f,
        FUNCTIONS(NAME)
#undef NAME
    };
    void *at[PL_COUNT(names)];
    _Static_assert(sizeof lib == sizeof at, "nothing but pointers");
    if (lib.hs_scan)
        return 0;
    int r = pl_late("libhs.so.5", names, PL_COUNT(names), at, err);
    if (r == 0)
        memcpy(&lib, at, sizeof at);
    return r;
}

struct pl_literals {
    hs_database_t *db;
    size_t size;
};

struct pl_literals_scratch {
    hs_scratch_t *hs;
};

struct scan {
    pl_literal_fn *fn;
    void *arg;
    int stop;
};

static int usable(const struct pl_literal *v, size_t n, struct pl_err *err)
{
    if (n == 0)
        return pl_fail(err, PL_E_USAGE, "no literals");
    for (size_t i = 0; i < n; i++) {
        /* the library takes a leading NUL for an empty string */
        if (v[i].text.n < 2 || v[i].text.n > 255 || v[i].text.p[0] == '\0')
            return pl_fail(err, PL_E_USAGE,
                           "literal %zu ('%.*s') has no usable length or begins "
                           "with NUL",
                           i, PL_FMT(v[i].text));
    }
    return 0;
}

static int compile(const struct pl_literal *v, size_t n, hs_database_t **db, struct pl_err *err)
{
    pl_auto_free const char **text = calloc(n, sizeof *text);
    pl_auto_free size_t *len = calloc(n, sizeof *len);
    pl_auto_free unsigned *flags = calloc(n, sizeof *flags);
    pl_auto_free unsigned *id = calloc(n, sizeof *id);
    if (!text || !len || !flags || !id)
        pl_oom();
    for (size_t i = 0; i < n; i++) {
        text[i] = v[i].text.p;
        len[i] = v[i].text.n;
        flags[i] = v[i].nocase ? HS_FLAG_CASELESS : 0;
        id[i] = (unsigned)i;
    }
    hs_platform_info_t baseline = { 0 };
    hs_compile_error_t *e = NULL;
    if (lib.hs_compile_lit_multi(text, flags, id, len, (unsigned)n, HS_MODE_BLOCK, &baseline, db,
                                 &e) == HS_SUCCESS)
        return 0;
    int r = pl_fail(err, PL_E_FORMAT, "literals: %s", e ? e->message : "cannot be compiled");
    lib.hs_free_compile_error(e);
    return r;
}

static int wrap_db(hs_database_t *db, struct pl_literals **ret, struct pl_err *err)
{
    struct pl_literals *l = calloc(1, sizeof *l);
    if (!l)
        pl_oom();
    l->db = db;
    if (lib.hs_database_size(db, &l->size) != HS_SUCCESS) {
        pl_literals_free(l);
        return pl_fail(err, PL_E_FORMAT, "literals: damaged database");
    }
    *ret = l;
    return 0;
}

int pl_literals_new(const struct pl_literal *v, size_t n, struct pl_literals **ret,
                    struct pl_err *err)
{
    hs_database_t *db = NULL;
    int r = usable(v, n, err);
    if (r == 0)
        r = load(err);
    if (r == 0)
        r = compile(v, n, &db, err);
    return r < 0 ? r : wrap_db(db, ret, err);
}

int pl_literals_load(const void *blob, size_t len, struct pl_literals **ret, struct pl_err *err)
{
    hs_database_t *db = NULL;
    int r = load(err);
    if (r < 0)
        return r;
    if (!blob || lib.hs_deserialize_database(blob, len, &db) != HS_SUCCESS)
        return pl_fail(err, PL_E_UNSUP, "literals: saved for another version or machine");
    return wrap_db(db, ret, err);
}

int pl_literals_save(const struct pl_literals *l, struct pl_buf *out, struct pl_err *err)
{
    char *bytes = NULL;
    size_t n = 0;
    if (lib.hs_serialize_database(l->db, &bytes, &n) != HS_SUCCESS)
        return pl_fail(err, PL_E_NOMEM, "literals: cannot be saved");
    int r = pl_buf_add(out, bytes, n, err);
    free(bytes);
    return r;
}

size_t pl_literals_size(const struct pl_literals *l)
{
    return l->size;
}

void pl_literals_free(struct pl_literals *l)
{
    if (!l)
        return;
    lib.hs_free_database(l->db);
    free(l);
}

int pl_literals_scratch_new(const struct pl_literals *l, struct pl_literals_scratch **ret,
                            struct pl_err *err)
{
    hs_scratch_t *hs = NULL;
    hs_error_t e = lib.hs_alloc_scratch(l->db, &hs);
    if (e != HS_SUCCESS)
        return pl_fail(err, e == HS_NOMEM ? PL_E_NOMEM : PL_E_UNSUP,
                       "literals: no scratch (error %d)", e);
    struct pl_literals_scratch *s = calloc(1, sizeof *s);
    if (!s)
        pl_oom();
    s->hs = hs;
    *ret = s;
    return 0;
}

void pl_literals_scratch_free(struct pl_literals_scratch *s)
{
    if (!s)
        return;
    lib.hs_free_scratch(s->hs);
    free(s);
}

static int on_match(unsigned id, unsigned long long from, unsigned long long to, unsigned flags,
                    void *arg)
{
    struct scan *s = arg;
    (void)from;
    (void)flags;
    s->stop = s->fn(s->arg, id, (size_t)to);
    return s->stop;
}

int pl_literals_scan(const struct pl_literals *l, struct pl_literals_scratch *s, const uint8_t *p,
                     size_t n, pl_literal_fn *fn, void *arg)
{
    if (n > UINT32_MAX)
        return PL_E_LIMIT;
    struct scan scan = { fn, arg, 0 };
    if (n == 0)
        return 0;
    hs_error_t e = lib.hs_scan(l->db, (const char *)p, (unsigned)n, 0, s->hs, on_match, &scan);
    if (e == HS_SCAN_TERMINATED)
        return scan.stop;
    if (e != HS_SUCCESS)
        pl_bug("literals: scan fails with %d", e);
    return 0;
}
