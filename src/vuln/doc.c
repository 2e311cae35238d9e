/* Helpers of the readers of advisory sources. */
/* SPDX-License-Identifier: Apache-2.0 */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "vuln/build_int.h"
#include "vuln/read.h"
#include "vuln/row.h"

#define PL_ADV_FORM(name) extern const struct pl_adv_form pl_adv_form_##name;
#include "vuln/form.list"
#undef PL_ADV_FORM

const struct pl_adv_form *const pl_adv_forms[] = {
#define PL_ADV_FORM(name) &pl_adv_form_##name,
#include "vuln/form.list"
#undef PL_ADV_FORM
    NULL,
};

struct pl_str pl_doc_scalar(const struct pl_yaml *y)
{
    if (!y || y->kind != PL_YAML_SCALAR)
        return PL_S("");
    if (y->plain && (pl_str_is(y->text, "null") || pl_str_is(y->text, "~")))
        return PL_S("");
    return y->text.n ? y->text : PL_S("");
}

struct pl_str pl_doc_text(const struct pl_yaml *y, const char *key)
{
    return pl_doc_scalar(pl_yaml_get(y, key));
}

bool pl_doc_is_map(const struct pl_yaml *y)
{
    return y && y->kind == PL_YAML_MAP && y->n > 0;
}

bool pl_doc_is_list(const struct pl_yaml *y)
{
    return y && y->kind == PL_YAML_LIST && y->n > 0;
}

const struct pl_yaml *pl_doc_at(const struct pl_yaml *y, size_t i)
{
    return y && y->kind == PL_YAML_LIST && i < y->n ? y->item[i] : NULL;
}

struct pl_names pl_doc_names(struct pl_arena *a, const struct pl_yaml *y)
{
    struct pl_names n = { NULL, 0 };
    if (!y || y->kind == PL_YAML_MAP)
        return n;
    size_t most = y->kind == PL_YAML_LIST ? y->n : 1;
    size_t room = 2; /* as pl_doc_add leaves it */
    while (room < 2 * (most + 1))
        room *= 2;
    n.p = pl_alloc_n(a, room, sizeof *n.p);
    for (size_t i = 0; i < most; i++) {
        struct pl_str s = pl_doc_scalar(y->kind == PL_YAML_LIST ? y->item[i] : y);
        if (s.n)
            n.p[n.n++] = s;
    }
    return n;
}

void pl_doc_add(struct pl_arena *a, struct pl_names *n, struct pl_str s)
{
    if (!s.n)
        return;
    /* room doubles at powers of two */
    if ((n->n & (n->n + 1)) == 0 || !n->p) {
        struct pl_str *p = pl_alloc_n(a, (n->n + 1) * 2, sizeof *p);
        if (n->n)
            memcpy(p, n->p, n->n * sizeof *p);
        n->p = p;
    }
    n->p[n->n++] = s;
}

bool pl_is_cve(struct pl_str s)
{
    return pl_cve_number(s) != 0;
}

struct pl_names pl_doc_cves(struct pl_arena *a, struct pl_str s)
{
    struct pl_names n = { NULL, 0 };
    for (size_t at = 0; (at = pl_str_find(s, PL_S("CVE-"), at)) != SIZE_MAX; at += 4) {
        size_t end = at + 4;
        while (end < s.n && ((s.p[end] >= '0' && s.p[end] <= '9') || s.p[end] == '-'))
            end++;
        struct pl_str id = pl_str_sub(s, at, end - at);
        if (pl_is_cve(id))
            pl_doc_add(a, &n, id);
    }
    return n;
}

int pl_adv_severity(struct pl_str word)
{
    static const struct {
        const char *word;
        enum pl_severity severity;
    } words[] = {
        { "critical", PL_SEV_CRITICAL }, { "emergency", PL_SEV_CRITICAL },
        { "high", PL_SEV_HIGH },         { "important", PL_SEV_HIGH },
        { "medium", PL_SEV_MEDIUM },     { "moderate", PL_SEV_MEDIUM },
        { "low", PL_SEV_LOW },           { "minor", PL_SEV_LOW },
        { "negligible", PL_SEV_INFO },   { "unimportant", PL_SEV_INFO },
        { "none", PL_SEV_INFO },         { "informational", PL_SEV_INFO },
    };
    word = pl_str_trim(word);
    while (word.n && word.p[word.n - 1] == '*') /* Debian: derived by a rule */
        word.n--;
    for (size_t i = 0; i < sizeof words / sizeof *words; i++)
        if (pl_str_ieq(word, pl_str_c(words[i].word)))
            return (int)words[i].severity;
    return -1;
}

struct pl_adv_row *pl_adv_rows_new(struct pl_adv_rows *rows, struct pl_str eco, struct pl_str name)
{
    pl_vec_push(&rows->v, (struct pl_adv_row){ .eco = eco, .name = name, .severity = -1 });
    return &rows->v.p[rows->v.n - 1];
}

void pl_adv_event_add(struct pl_arena *a, struct pl_adv_row *row, enum pl_adv_event_kind kind,
                      struct pl_str version)
{
    size_t n = row->n_events;
    if ((n & (n + 1)) == 0 || !row->event) {
        struct pl_adv_event *e = pl_alloc_n(a, (n + 1) * 2, sizeof *e);
        if (n)
            memcpy(e, row->event, n * sizeof *e);
        row->event = e;
    }
    struct pl_adv_event *e = (struct pl_adv_event *)(uintptr_t)row->event;
    e[row->n_events++] = (struct pl_adv_event){ kind, version };
}

struct pl_adv_row *pl_adv_rows_below(struct pl_adv_rows *rows, struct pl_str eco,
                                     struct pl_str name, struct pl_str fixed)
{
    struct pl_adv_row *row = pl_adv_rows_new(rows, eco, name);
    pl_adv_event_add(rows->a, row, PL_ADV_INTRODUCED, PL_S("0"));
    if (fixed.n)
        pl_adv_event_add(rows->a, row, PL_ADV_FIXED, fixed);
    return row;
}

int pl_adv_send(struct pl_adv_reader *r, struct pl_adv *v, struct pl_adv_rows *rows,
                struct pl_err *err)
{
    v->row = rows->v.p;
    v->n_rows = rows->v.n;
    int k = pl_advbuild_add(r->b, r->source, v, err);
    pl_vec_release(&rows->v);
    return k;
}

void pl_adv_note(const struct pl_adv_reader *r, const struct pl_adv_doc *d, const char *fmt, ...)
{
    char where[300], text[300];
    va_list ap;
    va_start(ap, fmt);
    vsnprintf(text, sizeof text, fmt, ap);
    va_end(ap);
    snprintf(where, sizeof where, "%.*s: %.*s",
             PL_FMT(pl_advbuild_source_at(r->b, r->source)->name),
             PL_FMT(pl_str_sub(d->name, 0, 200)));
    if (r->o->note)
        r->o->note(r->o->arg, where, text);
}

void pl_adv_own_range(struct pl_adv_reader *r, const struct pl_adv_doc *d, struct pl_adv_row *row,
                      enum pl_adv_event_kind kind, struct pl_str range)
{
    const struct pl_scheme *s = pl_scheme_of_osv(row->eco);
    range = pl_str_trim(range);
    if (!s)
        s = pl_scheme_find(PL_S("semver"));
    if (!range.n)
        return;
    if (pl_advrow_reads(s, range))
        pl_adv_event_add(r->a, row, kind, range);
    else
        pl_adv_note(r, d, "range '%.*s' cannot be read", PL_FMT(pl_str_sub(range, 0, 80)));
}

struct named {
    const char *name, *release;
};

static struct pl_str release_in(const struct named *t, size_t n, struct pl_str name)
{
    for (size_t i = 0; i < n; i++)
        if (pl_str_is(name, t[i].name))
            return pl_str_c(t[i].release);
    return PL_S("");
}

struct pl_str pl_adv_debian_release(struct pl_str name)
{
    static const struct named t[] = {
        { "squeeze", "6" }, { "wheezy", "7" },    { "jessie", "8" },    { "stretch", "9" },
        { "buster", "10" }, { "bullseye", "11" }, { "bookworm", "12" }, { "trixie", "13" },
        { "forky", "14" },  { "duke", "15" },     { "lenny", "5" },     { "etch", "4" },
    };
    return release_in(t, sizeof t / sizeof *t, name);
}

struct pl_str pl_adv_ubuntu_release(struct pl_str name)
{
    static const struct named t[] = {
        { "precise", "12.04" },  { "trusty", "14.04" },   { "xenial", "16.04" },
        { "bionic", "18.04" },   { "cosmic", "18.10" },   { "disco", "19.04" },
        { "eoan", "19.10" },     { "focal", "20.04" },    { "groovy", "20.10" },
        { "hirsute", "21.04" },  { "impish", "21.10" },   { "jammy", "22.04" },
        { "kinetic", "22.10" },  { "lunar", "23.04" },    { "mantic", "23.10" },
        { "noble", "24.04" },    { "oracular", "24.10" }, { "plucky", "25.04" },
        { "questing", "25.10" }, { "artful", "17.10" },   { "zesty", "17.04" },
        { "yakkety", "16.10" },  { "wily", "15.10" },
    };
    return release_in(t, sizeof t / sizeof *t, name);
}

static bool digit(struct pl_str s, size_t i)
{
    return i < s.n && s.p[i] >= '0' && s.p[i] <= '9';
}

struct pl_str pl_adv_number_in(struct pl_str name)
{
    size_t i = name.n, n;
    while (i && name.p[i - 1] != '/')
        i--;
    while (i < name.n && !digit(name, i))
        i++;
    for (n = i; digit(name, n) || (n < name.n && name.p[n] == '.' && digit(name, n + 1));)
        n++;
    return pl_str_sub(name, i, n - i);
}

bool pl_adv_cut_nevra(struct pl_arena *a, struct pl_str s, struct pl_str *ret_name,
                      struct pl_str *ret_evr)
{
    static const char *const arches[] = { ".x86_64", ".aarch64", ".ppc64le", ".s390x",  ".noarch",
                                          ".i686",   ".src",     ".ppc64",   ".i386",   ".s390",
                                          ".i586",   ".ia64",    ".armv7hl", ".riscv64" };
    for (size_t i = 0; i < sizeof arches / sizeof *arches; i++)
        if (pl_str_ends(s, pl_str_c(arches[i]))) {
            s.n -= strlen(arches[i]);
            break;
        }
    size_t dash[2], n = 0;
    for (size_t i = s.n; i-- > 0 && n < 2;)
        if (s.p[i] == '-')
            dash[n++] = i;
    if (n < 2 || !dash[1])
        return false;
    *ret_name = pl_str_sub(s, 0, dash[1]);
    *ret_evr = pl_str_sub(s, dash[1] + 1, SIZE_MAX);
    if (pl_str_starts(*ret_evr, PL_S("0:")))
        *ret_evr = pl_str_sub(*ret_evr, 2, SIZE_MAX);
    (void)a;
    return ret_evr->n > 0;
}

/* The words behind `prefix` up to ' (' or the end. */
static bool behind(struct pl_str text, const char *prefix, struct pl_str *ret)
{
    if (!pl_str_starts(text, pl_str_c(prefix)))
        return false;
    *ret = pl_str_trim(pl_str_sub(text, strlen(prefix), SIZE_MAX));
    return true;
}

/* The number a text begins with. */
static struct pl_str number(struct pl_str s, bool minor)
{
    size_t i = 0;
    while (i < s.n && ((s.p[i] >= '0' && s.p[i] <= '9') || (minor && s.p[i] == '.' && i)))
        i++;
    return pl_str_sub(s, 0, i);
}

struct pl_str pl_adv_platform(struct pl_arena *a, struct pl_str text)
{
    static const struct {
        const char *prefix, *eco;
        bool minor;
    } t[] = {
        { "Red Hat Enterprise Linux AppStream", "Red Hat:", false },
        { "Red Hat Enterprise Linux", "Red Hat:", false },
        { "Oracle Linux", "Oracle Linux:", false },
        { "AlmaLinux", "AlmaLinux:", false },
        { "Rocky Linux", "Rocky Linux:", false },
        { "Azure Linux", "Azure Linux:", true },
        { "CBL-Mariner", "Azure Linux:", true },
        { "Amazon Linux", "Amazon Linux:", false },
        { "openSUSE Leap", "openSUSE:Leap ", true },
        { "cpe:/o:redhat:enterprise_linux:", "Red Hat:", false },
        { "cpe:/a:redhat:enterprise_linux:", "Red Hat:", false },
        { "cpe:/o:oracle:linux:", "Oracle Linux:", false },
    };
    struct pl_str rest;
    if (behind(text, "SUSE Linux Enterprise Micro", &rest) ||
        behind(text, "SUSE Linux Micro", &rest)) {
        struct pl_str v = number(rest, true);
        return v.n ? pl_printf(a, "SUSE:Linux Micro %.*s", PL_FMT(v)) : PL_S("");
    }
    if (behind(text, "SUSE Linux Enterprise", &rest)) {
        size_t i = 0; /* "Server 15 SP4", "Module for Basesystem 15 SP4" */
        while (i < rest.n && !(rest.p[i] >= '0' && rest.p[i] <= '9'))
            i++;
        struct pl_str v = pl_str_sub(rest, i, SIZE_MAX), major = number(v, false), sp = { "", 0 };
        size_t at = pl_str_find(v, PL_S("SP"), 0);
        if (at != SIZE_MAX)
            sp = number(pl_str_sub(v, at + 2, SIZE_MAX), false);
        if (!major.n)
            return PL_S("");
        return sp.n ? pl_printf(a, "SUSE:Linux Enterprise Server %.*s SP%.*s", PL_FMT(major),
                                PL_FMT(sp))
                    : pl_printf(a, "SUSE:Linux Enterprise Server %.*s", PL_FMT(major));
    }
    for (size_t i = 0; i < sizeof t / sizeof *t; i++) {
        if (!behind(text, t[i].prefix, &rest))
            continue;
        if (rest.n && (*rest.p == 'v' || *rest.p == '('))
            rest = pl_str_sub(rest, *rest.p == '(' ? 3 : 1, SIZE_MAX);
        rest = pl_str_trim(rest);
        struct pl_str v = number(rest, t[i].minor);
        return v.n ? pl_printf(a, "%s%.*s", t[i].eco, PL_FMT(v)) : PL_S("");
    }
    return PL_S("");
}
