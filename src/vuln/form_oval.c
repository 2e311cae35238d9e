/* OVAL 5 of Red Hat, Oracle, SUSE and Azure Linux: which packages below which version, on which
 * release. Tests are taken by what they test; platforms, modules and architectures by what the
 * criterion says of itself. oval-community.github.io, definitions schema 5.11. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "base/map.h"
#include "vuln/read.h"

struct oval {
    struct pl_adv_reader *r;
    const struct pl_adv_doc *d;
    struct pl_map by_id; /* tests, objects, states */
    struct pl_str release;
    size_t empty; /* definitions that gave no row */
};

/* What holds for the criteria below a node. */
struct scope {
    struct pl_names platforms; /* ecosystems */
    struct pl_str module, arch, from;
    const struct pl_map *words; /* what the vendor says of packages, see resolutions() */
    bool vulnerability;
};

static bool knows(const struct pl_adv_doc *d)
{
    return d->xml && pl_str_is(d->xml->name, "oval_definitions");
}

static const struct pl_xml *found(struct oval *o, const struct pl_xml *x, const char *attr)
{
    struct pl_str id = pl_xml_attr(x, attr);
    return id.n ? pl_map_get(&o->by_id, id) : NULL;
}

static void index_ids(struct oval *o)
{
    static const char *const groups[] = { "tests", "objects", "states", "state" };
    for (const struct pl_xml *x = o->d->xml->child; x; x = x->next)
        for (size_t i = 0; i < sizeof groups / sizeof *groups; i++)
            for (struct pl_xml *y = pl_str_is(x->name, groups[i]) ? x->child : NULL; y; y = y->next)
                if (pl_xml_attr(y, "id").n)
                    *pl_map_put(&o->by_id, pl_xml_attr(y, "id")) = y;
}

/* ---- criteria ---- */

static struct pl_str object_of(struct oval *o, const struct pl_xml *test)
{
    const struct pl_xml *object = found(o, pl_xml_get(test, "object"), "object_ref");
    return pl_xml_text(object, "name");
}

/* Is it about the release as a whole? */
static bool about_release(struct oval *o, const struct pl_xml *x)
{
    struct pl_str name = object_of(o, found(o, x, "test_ref"));
    struct pl_str says = pl_xml_attr(x, "comment");
    if (pl_str_starts(says, PL_S("Oracle Linux")) && pl_str_ends(says, PL_S(" is installed")))
        return true;
    return pl_str_ends(name, PL_S("-release")) && pl_str_ends(says, PL_S(" is installed"));
}

/* The ecosystems that a node stands for; false when it says something else, too. */
static bool platforms_of(struct oval *o, const struct pl_xml *x, struct pl_names *ret)
{
    bool all = false;
    if (pl_str_is(x->name, "criterion")) {
        struct pl_str says = pl_xml_attr(x, "comment");
        if (!about_release(o, x))
            return false;
        pl_doc_add(o->r->a, ret,
                   pl_adv_platform(o->r->a, pl_str_sub(says, 0, says.n - strlen(" is installed"))));
        return true;
    }
    for (const struct pl_xml *y = x->child; y; y = y->next)
        if (!platforms_of(o, y, ret))
            return false;
        else
            all = true;
    return all;
}

/* "(aarch64|x86_64)" as "aarch64 x86_64"; empty when it is no plain list. */
static struct pl_str arches_of(struct oval *o, struct pl_str s)
{
    struct pl_str list = pl_dup(o->r->a, s);
    char *p = (char *)(uintptr_t)list.p;
    for (size_t i = 0; i < list.n; i++) {
        bool plain = (p[i] >= 'a' && p[i] <= 'z') || (p[i] >= '0' && p[i] <= '9') || p[i] == '_';
        if (p[i] == '|' || p[i] == '(' || p[i] == ')')
            p[i] = ' ';
        else if (!plain)
            return PL_S("");
    }
    return pl_str_trim(list);
}

static struct pl_str evr_of(struct pl_str s)
{
    return pl_str_starts(s, PL_S("0:")) ? pl_str_sub(s, 2, SIZE_MAX) : s;
}

/* Red Hat's word on components that are not mended: 1 + the state, by name. */
static void resolutions(const struct pl_xml *list, struct pl_map *to)
{
    static const struct {
        const char *word;
        enum pl_fix_state state;
    } words[] = {
        { "Will not fix", PL_FIX_WILL_NOT_FIX },
        { "Fix deferred", PL_FIX_DEFERRED },
        { "Under investigation", PL_FIX_INVESTIGATING },
        { "Out of support scope", PL_FIX_END_OF_LIFE },
        { "Not affected", PL_FIX_NOT_AFFECTED },
        { "Affected", PL_FIX_AFFECTED },
    };
    for (const struct pl_xml *x = pl_xml_get(list, "resolution"); x; x = pl_xml_more(x))
        for (const struct pl_xml *c = pl_xml_get(x, "component"); c; c = pl_xml_more(c)) {
            struct pl_str name = c->text; /* "nodejs:18/nodejs" where it is modular */
            size_t slash = name.n ? pl_str_find(name, PL_S("/"), 0) : SIZE_MAX;
            if (slash != SIZE_MAX)
                name = pl_str_sub(name, slash + 1, SIZE_MAX);
            for (size_t i = 0; i < sizeof words / sizeof *words; i++)
                if (pl_str_is(pl_xml_attr(x, "state"), words[i].word))
                    *pl_map_put(to, name) = (void *)(uintptr_t)(1 + words[i].state);
        }
}

static enum pl_fix_state resolution(const struct scope *s, struct pl_str package)
{
    uintptr_t at = (uintptr_t)pl_map_get(s->words, package);
    return at ? (enum pl_fix_state)(at - 1) : PL_FIX_UNKNOWN;
}

/* A criterion without a version: the vendor's word alone. */
static enum pl_fix_state said(const struct scope *s, struct pl_str says, struct pl_str package)
{
    if (pl_str_ends(says, PL_S(" is not affected")))
        return PL_FIX_NOT_AFFECTED;
    if (pl_str_ends(says, PL_S(" is affected")))
        return PL_FIX_AFFECTED;
    bool installed = pl_str_ends(says, PL_S(" is installed")) && s->vulnerability;
    return installed ? resolution(s, package) : PL_FIX_UNKNOWN;
}

/* What a state asks of the version: '<', 'l' (or equal), '>', 0: nothing. */
static char asks(const struct pl_xml *evr)
{
    struct pl_str op = pl_xml_attr(evr, "operation");
    if (pl_str_is(op, "less than") || pl_str_is(op, "6"))
        return '<';
    if (pl_str_is(op, "less than or equal"))
        return 'l';
    if (pl_str_starts(op, PL_S("greater than")))
        return '>';
    return 0;
}

/* The state of a test that speaks of the version, or of the architecture at least. */
static const struct pl_xml *state_of(struct oval *o, const struct pl_xml *test)
{
    const struct pl_xml *any = NULL;
    for (const struct pl_xml *x = pl_xml_get(test, "state"); x; x = pl_xml_more(x)) {
        const struct pl_xml *s = found(o, x, "state_ref");
        if (pl_xml_get(s, "evr"))
            return s;
        any = any ? any : s;
    }
    return any;
}

/* Builds of Oracle's that are no successors of the common ones: live patches, and those that were
 * certified; their epochs would cover every version there is. */
static bool is_apart(struct pl_str evr)
{
    return pl_str_find(evr, PL_S(".ksplice"), 0) != SIZE_MAX ||
           pl_str_find(evr, PL_S("_fips"), 0) != SIZE_MAX;
}

/* What a criterion asks of a package. */
struct asked {
    struct pl_str name, arch, bound;
    char op;
    enum pl_fix_state word;
};

static struct asked ask(struct oval *o, const struct scope *s, const struct pl_xml *x)
{
    const struct pl_xml *test = found(o, x, "test_ref"), *state = state_of(o, test);
    const struct pl_xml *evr = pl_xml_get(state, "evr");
    struct pl_str says = pl_xml_attr(x, "comment");
    struct asked q = { object_of(o, test), arches_of(o, pl_xml_text(state, "arch")), PL_S(""),
                       asks(evr), PL_FIX_UNKNOWN };
    size_t at = says.n ? pl_str_find(says, PL_S(" is earlier than "), 0) : SIZE_MAX;
    if (evr)
        q.bound = evr->text;
    else if (at != SIZE_MAX && (!state || !q.name.n)) { /* its test is missing: it says so itself */
        q.name = pl_str_sub(says, 0, at);
        q.bound = pl_str_sub(says, at + 17, SIZE_MAX);
        q.op = '<';
    } else {
        q.word = said(s, says, q.name);
    }
    return q;
}

static void add_rows(struct oval *o, const struct scope *s, const struct pl_xml *x,
                     struct pl_adv_rows *rows)
{
    struct asked q = ask(o, s, x);
    bool version = (q.op == '<' || q.op == 'l') && q.bound.n && !is_apart(q.bound);
    if (!q.name.n || (!version && q.word == PL_FIX_UNKNOWN))
        return;
    for (size_t i = 0; i < s->platforms.n; i++) {
        struct pl_adv_row *row = pl_adv_rows_new(rows, s->platforms.p[i], q.name);
        row->state = q.word;
        row->flags = PL_ADV_NATIVE;
        row->module = s->module;
        row->arch = s->arch.n ? s->arch : q.arch;
        if (q.word == PL_FIX_NOT_AFFECTED)
            continue;
        pl_adv_event_add(o->r->a, row, PL_ADV_INTRODUCED, s->from.n ? s->from : PL_S("0"));
        if (version)
            pl_adv_event_add(o->r->a, row, q.op == '<' ? PL_ADV_FIXED : PL_ADV_LAST_AFFECTED,
                             evr_of(q.bound));
    }
}

static struct pl_str between(struct pl_str s, const char *head, const char *tail)
{
    struct pl_str h = pl_str_c(head), t = pl_str_c(tail);
    if (s.n <= h.n + t.n || !pl_str_starts(s, h) || !pl_str_ends(s, t))
        return PL_S("");
    return pl_str_sub(s, h.n, s.n - h.n - t.n);
}

/* What a child says of all that stands beside it; false: it is about something else. */
static bool narrows(struct oval *o, const struct pl_xml *x, struct scope *s)
{
    struct pl_names eco = { NULL, 0 };
    if (platforms_of(o, x, &eco)) {
        s->platforms = eco;
        return true;
    }
    if (!pl_str_is(x->name, "criterion"))
        return false;
    struct pl_str says = pl_xml_attr(x, "comment");
    struct pl_str module = between(says, "Module ", " is enabled");
    size_t arch = says.n ? pl_str_find(says, PL_S(" arch is "), 0) : SIZE_MAX;
    const struct pl_xml *evr = pl_xml_get(state_of(o, found(o, x, "test_ref")), "evr");
    if (module.n)
        s->module = module;
    else if (arch != SIZE_MAX)
        s->arch = pl_str_sub(says, arch + 9, SIZE_MAX);
    else if (evr && asks(evr) == '>')
        s->from = evr_of(evr->text);
    else
        return false;
    return true;
}

/* Depth is that of the document, which is bounded. */
static void criteria(struct oval *o, const struct scope *outer, const struct pl_xml *x,
                     struct pl_adv_rows *rows)
{
    struct scope s = *outer;
    bool all = !pl_str_is(pl_xml_attr(x, "operator"), "OR");
    if (pl_str_is(pl_xml_attr(x, "negate"), "true"))
        return;
    if (pl_str_is(x->name, "criterion")) {
        add_rows(o, &s, x, rows);
        return;
    }
    for (const struct pl_xml *y = x->child; y && all; y = y->next)
        narrows(o, y, &s);
    for (const struct pl_xml *y = x->child; y; y = y->next)
        if (pl_str_is(y->name, "criteria") || pl_str_is(y->name, "criterion"))
            criteria(o, &s, y, rows);
}

/* ---- definitions ---- */

/* The ecosystems of the definition's platforms. */
static struct pl_names affected(struct oval *o, const struct pl_xml *meta)
{
    struct pl_names n = { NULL, 0 };
    const struct pl_xml *list = pl_xml_get(meta, "affected");
    for (const struct pl_xml *x = pl_xml_get(list, "platform"); x; x = pl_xml_more(x)) {
        struct pl_str eco = pl_adv_platform(o->r->a, x->text);
        if (!eco.n && o->release.n)
            eco = pl_adv_platform(
                o->r->a, pl_printf(o->r->a, "%.*s %.*s", PL_FMT(x->text), PL_FMT(o->release)));
        pl_doc_add(o->r->a, &n, eco);
    }
    return n;
}

static bool listed(const struct pl_names *n, struct pl_str s)
{
    for (size_t i = 0; i < n->n; i++)
        if (pl_str_eq(n->p[i], s))
            return true;
    return false;
}

static void add_cves(struct oval *o, struct pl_str text, struct pl_names *to)
{
    struct pl_names n = pl_doc_cves(o->r->a, text);
    for (size_t i = 0; i < n.n; i++)
        if (!listed(to, n.p[i]))
            pl_doc_add(o->r->a, to, n.p[i]);
}

/* "7.5/CVSS:3.1/AV:N…" of Red Hat's attribute, of definitions about one flaw. */
static void scores(struct oval *o, const struct pl_xml *cve, struct pl_adv *v)
{
    struct pl_str s = pl_xml_attr(cve, "cvss3"), head;
    if (s.n && pl_str_split(&s, '/', &head) && s.n)
        pl_doc_add(o->r->a, &v->cvss, s);
}

/* Names, dates and words; false when it names no flaw. */
static bool describe(struct oval *o, const struct pl_xml *x, const struct pl_xml *meta,
                     struct pl_adv *v)
{
    const struct pl_xml *more = pl_xml_get(meta, "advisory");
    struct pl_names cves = { NULL, 0 };
    for (const struct pl_xml *y = pl_xml_get(meta, "reference"); y; y = pl_xml_more(y)) {
        struct pl_str id = pl_xml_attr(y, "ref_id");
        size_t before = cves.n;
        add_cves(o, id, &cves);
        if (cves.n == before && !v->id.n && id.n && pl_str_find(id, PL_S("CVE-"), 0) == SIZE_MAX) {
            v->id = id;
            v->url = pl_xml_attr(y, "ref_url");
        }
    }
    for (const struct pl_xml *y = pl_xml_get(more, "cve"); y; y = pl_xml_more(y))
        add_cves(o, y->text, &cves);
    if (!cves.n)
        add_cves(o, pl_xml_text(meta, "title"), &cves);
    if (pl_str_is(pl_xml_attr(x, "class"), "vulnerability") && cves.n == 1) {
        v->id = cves.p[0];
        scores(o, pl_xml_get(more, "cve"), v);
    } else {
        v->id = v->id.n ? v->id : pl_xml_attr(x, "id");
        v->covers = cves;
    }
    struct pl_str word = pl_xml_text(more, "severity");
    v->severity = pl_adv_severity(word.n ? word : pl_xml_text(meta, "severity"));
    struct pl_str day = pl_xml_attr(pl_xml_get(more, "issued"), "date");
    v->published = pl_str_sub(day.n ? day : pl_xml_text(meta, "advisory_date"), 0, 10);
    v->title = pl_xml_text(meta, "title");
    return cves.n > 0;
}

static int definition(struct oval *o, const struct pl_xml *x, struct pl_err *err)
{
    const struct pl_xml *meta = pl_xml_get(x, "metadata");
    struct pl_adv v = { .severity = -1 };
    struct pl_adv_rows rows = { .a = o->r->a };
    struct pl_map words = { .a = o->r->a };
    struct scope s = { .platforms = affected(o, meta),
                       .module = PL_S(""),
                       .arch = PL_S(""),
                       .from = PL_S(""),
                       .words = &words,
                       .vulnerability = pl_str_is(pl_xml_attr(x, "class"), "vulnerability") };
    if (!describe(o, x, meta, &v)) /* an update that mends no flaw */
        return 0;
    const struct pl_xml *top = pl_xml_get(x, "criteria");
    resolutions(pl_xml_get(pl_xml_get(meta, "advisory"), "affected"), &words);
    if (top)
        criteria(o, &s, top, &rows);
    pl_map_release(&words);
    o->empty += rows.v.n == 0;
    int k = pl_adv_send(o->r, &v, &rows, err);
    return k == PL_E_LIMIT ? k : 0;
}

static int read(struct pl_adv_reader *r, const struct pl_adv_doc *d, struct pl_err *err)
{
    struct oval o = { .r = r, .d = d, .by_id = { .a = r->a } };
    const struct pl_xml *list = pl_xml_get(d->xml, "definitions");
    int k = 0;
    o.release = r->o->release.n ? r->o->release : pl_adv_number_in(d->name);
    index_ids(&o);
    for (const struct pl_xml *x = pl_xml_get(list, "definition"); x && k == 0; x = pl_xml_more(x))
        k = definition(&o, x, err);
    pl_map_release(&o.by_id);
    if (o.empty)
        pl_adv_note(r, d, "%zu definitions name no package of a release that is known", o.empty);
    return k;
}

const struct pl_adv_form pl_adv_form_oval = { "oval", knows, read, NULL };
