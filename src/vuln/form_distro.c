/* Feeds of distributions in JSON and YAML: Debian's tracker, secdb of Alpine and its kin, Ubuntu's
 * tracker, Photon, Arch, Fedora. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "fmt/jsontree.h"
#include "vuln/read.h"

/* ---- Debian: package, then CVE, then release ---- */

static bool knows_debian(const struct pl_adv_doc *d)
{
    return d->large;
}

struct tracker {
    struct pl_adv_reader *r;
    struct pl_err *err;
};

static void debian_release(struct pl_adv_rows *rows, struct pl_str package, struct pl_str release,
                           const struct pl_yaml *y)
{
    struct pl_str number = pl_adv_debian_release(release), status = pl_doc_text(y, "status");
    struct pl_str fixed = pl_doc_text(y, "fixed_version"), urgency = pl_doc_text(y, "urgency");
    struct pl_str eco =
        number.n ? pl_printf(rows->a, "Debian:%.*s", PL_FMT(number)) : PL_S("Debian");
    bool resolved = pl_str_is(status, "resolved");
    if (!number.n && !pl_str_is(release, "sid"))
        return;
    struct pl_adv_row *row;
    if (resolved && pl_str_is(fixed, "0")) {
        row = pl_adv_rows_new(rows, eco, package);
        row->state = PL_FIX_NOT_AFFECTED;
    } else {
        row = pl_adv_rows_below(rows, eco, package, resolved ? fixed : PL_S(""));
    }
    row->flags = PL_ADV_NATIVE;
    row->severity = pl_adv_severity(urgency);
    if (pl_str_is(urgency, "unimportant"))
        row->flags |= PL_ADV_UNIMPORTANT;
    if (resolved)
        return;
    struct pl_str reason = pl_doc_text(y, "nodsa_reason");
    row->state = pl_str_is(status, "undetermined")   ? PL_FIX_INVESTIGATING
                 : pl_str_is(urgency, "end-of-life") ? PL_FIX_END_OF_LIFE
                 : pl_str_is(reason, "ignored")      ? PL_FIX_WILL_NOT_FIX
                 : pl_str_is(reason, "postponed")    ? PL_FIX_DEFERRED
                                                     : PL_FIX_AFFECTED;
}

static int debian_package(void *arg, struct pl_str package, const struct pl_yaml *cves)
{
    struct tracker *t = arg;
    for (size_t i = 0; cves->kind == PL_YAML_MAP && i < cves->n; i++) {
        const struct pl_yaml *cve = cves->item[2 * i + 1];
        const struct pl_yaml *releases = pl_yaml_get(cve, "releases");
        struct pl_adv_rows rows = { .a = t->r->a };
        struct pl_adv v = { .id = cves->item[2 * i]->text,
                            .severity = -1,
                            .title = pl_doc_text(cve, "description") };
        v.url =
            pl_printf(t->r->a, "https://security-tracker.debian.org/tracker/%.*s", PL_FMT(v.id));
        for (size_t k = 0; pl_doc_is_map(releases) && k < releases->n; k++)
            debian_release(&rows, package, releases->item[2 * k]->text, releases->item[2 * k + 1]);
        int r = pl_adv_send(t->r, &v, &rows, t->err);
        if (r < 0 && r != PL_E_FORMAT)
            return r;
    }
    return 0;
}

static int read_debian(struct pl_adv_reader *r, const struct pl_adv_doc *d, struct pl_err *err)
{
    struct tracker t = { r, err };
    return pl_jsontree_each(d->text, r->a, debian_package, &t, err);
}

const struct pl_adv_form pl_adv_form_debian_tracker = { "debian-tracker", knows_debian, read_debian,
                                                        NULL };

/* ---- secdb: package, then fixed version, then ids ---- */

static bool knows_secdb(const struct pl_adv_doc *d)
{
    const struct pl_yaml *first = pl_doc_at(pl_yaml_get(d->root, "packages"), 0);
    return !d->large && pl_yaml_get(pl_yaml_get(first, "pkg"), "secfixes");
}

static struct pl_str secdb_eco(struct pl_adv_reader *r, const struct pl_yaml *y)
{
    struct pl_str url = pl_doc_text(y, "urlprefix"), release = pl_doc_text(y, "distroversion");
    struct pl_str given = r->o->release;
    if (given.n && pl_str_find(given, PL_S(":"), 0) != SIZE_MAX)
        return given;
    if (pl_str_find(url, PL_S("wolfi"), 0) != SIZE_MAX)
        return PL_S("Wolfi");
    if (pl_str_find(url, PL_S("chainguard"), 0) != SIZE_MAX ||
        pl_str_find(url, PL_S("cgr."), 0) != SIZE_MAX)
        return PL_S("Chainguard");
    if (given.n)
        release = given;
    return release.n ? pl_printf(r->a, "Alpine:%.*s", PL_FMT(release)) : PL_S("Alpine");
}

/* "CVE-2019-19844 XSA-1": the first id, the others are its other names. */
static int secdb_line(struct pl_adv_reader *r, struct pl_str eco, struct pl_str package,
                      struct pl_str fixed, struct pl_str line, struct pl_err *err)
{
    struct pl_adv v = { .severity = -1 };
    struct pl_adv_rows rows = { .a = r->a };
    struct pl_str word;
    while (pl_str_split(&line, ' ', &word)) {
        if (!word.n || *word.p == '(' || *word.p == '+')
            continue;
        if (!v.id.n)
            v.id = word;
        else if (!pl_is_cve(word))
            pl_doc_add(r->a, &v.aliases, word);
    }
    if (!v.id.n)
        return 0;
    struct pl_adv_row *row;
    if (pl_str_is(fixed, "0")) {
        row = pl_adv_rows_new(&rows, eco, package);
        row->state = PL_FIX_NOT_AFFECTED;
    } else {
        row = pl_adv_rows_below(&rows, eco, package, fixed);
    }
    row->flags = PL_ADV_NATIVE;
    return pl_adv_send(r, &v, &rows, err);
}

static int read_secdb(struct pl_adv_reader *r, const struct pl_adv_doc *d, struct pl_err *err)
{
    const struct pl_yaml *list = pl_yaml_get(d->root, "packages");
    struct pl_str eco = pl_dup(r->scratch, secdb_eco(r, d->root));
    int k = 0;
    for (size_t i = 0; i < list->n; i++) {
        const struct pl_yaml *p = pl_yaml_get(list->item[i], "pkg");
        const struct pl_yaml *fixes = pl_yaml_get(p, "secfixes");
        for (size_t f = 0; pl_doc_is_map(fixes) && f < fixes->n; f++) {
            const struct pl_yaml *ids = fixes->item[2 * f + 1];
            for (size_t n = 0; pl_doc_is_list(ids) && n < ids->n && k == 0; n++)
                k = secdb_line(r, eco, pl_doc_text(p, "name"), fixes->item[2 * f]->text,
                               pl_doc_scalar(ids->item[n]), err);
        }
    }
    return k;
}

const struct pl_adv_form pl_adv_form_secdb = { "secdb", knows_secdb, read_secdb, NULL };

/* ---- Ubuntu ---- */

/* A state of Ubuntu's; false: says nothing of the package. */
static bool ubuntu_state(struct pl_str word, enum pl_fix_state *ret)
{
    static const struct {
        const char *word;
        enum pl_fix_state state;
    } t[] = {
        { "released", PL_FIX_FIXED },
        { "needed", PL_FIX_AFFECTED },
        { "pending", PL_FIX_AFFECTED },
        { "active", PL_FIX_AFFECTED },
        { "deferred", PL_FIX_DEFERRED },
        { "ignored", PL_FIX_WILL_NOT_FIX },
        { "needs-triage", PL_FIX_INVESTIGATING },
        { "not-affected", PL_FIX_NOT_AFFECTED },
    };
    for (size_t i = 0; i < sizeof t / sizeof *t; i++)
        if (pl_str_is(word, t[i].word)) {
            *ret = t[i].state;
            return true;
        }
    return false;
}

/* "bionic", "esm-infra/xenial", "trusty/esm": streams of Ubuntu Pro are releases of their own. */
static struct pl_str ubuntu_eco(struct pl_arena *a, struct pl_str release)
{
    bool pro = false;
    size_t slash = pl_str_find(release, PL_S("/"), 0);
    if (slash != SIZE_MAX) {
        struct pl_str left = pl_str_sub(release, 0, slash);
        pro = true;
        release = pl_str_starts(left, PL_S("esm"))     ? pl_str_sub(release, slash + 1, SIZE_MAX)
                  : pl_str_ends(release, PL_S("/esm")) ? left
                                                       : PL_S("");
    }
    struct pl_str number = pl_adv_ubuntu_release(release);
    if (!number.n)
        return PL_S("");
    return pl_printf(a, "Ubuntu:%s%.*s", pro ? "Pro:" : "", PL_FMT(number));
}

static void ubuntu_row(struct pl_adv_rows *rows, struct pl_str release, struct pl_str package,
                       struct pl_str status, struct pl_str version)
{
    struct pl_str eco = ubuntu_eco(rows->a, release);
    enum pl_fix_state state;
    if (!eco.n || !package.n || !ubuntu_state(status, &state))
        return;
    bool fixed = state == PL_FIX_FIXED && version.n;
    struct pl_adv_row *row =
        state == PL_FIX_NOT_AFFECTED
            ? pl_adv_rows_new(rows, eco, package)
            : pl_adv_rows_below(rows, eco, package, fixed ? version : PL_S(""));
    row->state = state == PL_FIX_FIXED && !fixed ? PL_FIX_AFFECTED : state;
    row->flags = PL_ADV_NATIVE;
}

static bool knows_ubuntu_json(const struct pl_adv_doc *d)
{
    const struct pl_yaml *first = pl_doc_at(pl_yaml_get(d->root, "patches"), 0);
    return !d->large && pl_is_cve(pl_doc_text(d->root, "name")) && pl_yaml_get(first, "distro");
}

static int read_ubuntu_json(struct pl_adv_reader *r, const struct pl_adv_doc *d, struct pl_err *err)
{
    struct pl_adv v = { .id = pl_doc_text(d->root, "name"),
                        .severity = pl_adv_severity(pl_doc_text(d->root, "priority")),
                        .title = pl_doc_text(d->root, "description") };
    struct pl_adv_rows rows = { .a = r->a };
    static const char *const lists[] = { "patches", "ignored_patches" };
    for (size_t l = 0; l < 2; l++) {
        const struct pl_yaml *list = pl_yaml_get(d->root, lists[l]);
        for (size_t i = 0; pl_doc_is_list(list) && i < list->n; i++) {
            const struct pl_yaml *p = list->item[i];
            ubuntu_row(&rows, pl_doc_text(p, "distro"), pl_doc_text(p, "package"),
                       pl_doc_text(p, "status"), pl_doc_text(p, "version"));
        }
    }
    return pl_adv_send(r, &v, &rows, err);
}

const struct pl_adv_form pl_adv_form_ubuntu_json = { "ubuntu-json", knows_ubuntu_json,
                                                     read_ubuntu_json, NULL };

static bool knows_ubuntu(const struct pl_adv_doc *d)
{
    struct pl_str head = pl_str_sub(d->text, 0, 4096);
    return !d->root && (pl_str_starts(head, PL_S("Candidate: CVE-")) ||
                        pl_str_find(head, PL_S("\nCandidate: CVE-"), 0) != SIZE_MAX);
}

/* "bionic_openssl: released (1.1.1-1ubuntu2.1)" */
static void ubuntu_line(struct pl_adv_rows *rows, struct pl_str key, struct pl_str value)
{
    size_t bar = pl_str_find(key, PL_S("_"), 0), open = pl_str_find(value, PL_S("("), 0);
    struct pl_str word = pl_str_trim(pl_str_sub(value, 0, open)), version = PL_S("");
    size_t close = open == SIZE_MAX ? open : pl_str_find(value, PL_S(")"), open);
    if (bar == SIZE_MAX)
        return;
    if (close != SIZE_MAX)
        version = pl_str_trim(pl_str_sub(value, open + 1, close - open - 1));
    ubuntu_row(rows, pl_str_sub(key, 0, bar), pl_str_sub(key, bar + 1, SIZE_MAX), word, version);
}

static int read_ubuntu(struct pl_adv_reader *r, const struct pl_adv_doc *d, struct pl_err *err)
{
    struct pl_adv v = { .severity = -1 };
    struct pl_adv_rows rows = { .a = r->a };
    struct pl_str text = d->text, line, key;
    bool description = false;
    while (pl_str_split(&text, '\n', &line)) {
        struct pl_str value = line;
        if (description && line.n && *line.p == ' ' && !v.title.n)
            v.title = pl_str_trim(line);
        if (!line.n || *line.p == ' ' || *line.p == '#')
            continue;
        pl_str_split(&value, ':', &key);
        value = pl_str_trim(value);
        description = pl_str_is(key, "Description");
        if (pl_str_is(key, "Candidate"))
            v.id = value;
        else if (pl_str_is(key, "PublicDate"))
            v.published = pl_str_sub(value, 0, 10);
        else if (pl_str_is(key, "Priority"))
            v.severity = pl_adv_severity(value);
        else
            ubuntu_line(&rows, key, value);
    }
    return pl_adv_send(r, &v, &rows, err);
}

const struct pl_adv_form pl_adv_form_ubuntu = { "ubuntu", knows_ubuntu, read_ubuntu, NULL };

/* ---- Photon: a list of CVE, package, first version that is right ---- */

static bool knows_photon(const struct pl_adv_doc *d)
{
    const struct pl_yaml *first = pl_doc_at(d->root, 0);
    return !d->large && pl_yaml_get(first, "cve_id") && pl_yaml_get(first, "res_ver");
}

static int read_photon(struct pl_adv_reader *r, const struct pl_adv_doc *d, struct pl_err *err)
{
    struct pl_str release = r->o->release.n ? r->o->release : pl_adv_number_in(d->name);
    struct pl_str eco = pl_printf(r->scratch, "Photon OS:%.*s", PL_FMT(release));
    int k = release.n ? 0 : pl_fail(err, PL_E_FORMAT, "says no release; add ,release=N");
    for (size_t i = 0; i < d->root->n && k == 0; i++) {
        const struct pl_yaml *y = d->root->item[i];
        struct pl_str fixed = pl_doc_text(y, "res_ver"), status = pl_doc_text(y, "status");
        struct pl_adv v = { .id = pl_doc_text(y, "cve_id"), .severity = -1 };
        struct pl_adv_rows rows = { .a = r->a };
        bool none = pl_str_is(fixed, "NA") || pl_str_is(status, "Not Affected");
        if (!v.id.n)
            continue;
        pl_doc_add(r->a, &v.cvss, pl_doc_text(y, "cve_score"));
        struct pl_adv_row *row = none ? pl_adv_rows_new(&rows, eco, pl_doc_text(y, "pkg"))
                                      : pl_adv_rows_below(&rows, eco, pl_doc_text(y, "pkg"), fixed);
        row->state = none ? PL_FIX_NOT_AFFECTED : PL_FIX_UNKNOWN;
        row->flags = PL_ADV_NATIVE;
        k = pl_adv_send(r, &v, &rows, err);
    }
    return k;
}

const struct pl_adv_form pl_adv_form_photon = { "photon", knows_photon, read_photon, NULL };

/* ---- Arch: groups of flaws ---- */

static bool knows_arch(const struct pl_adv_doc *d)
{
    return !d->large && pl_str_starts(pl_doc_text(pl_doc_at(d->root, 0), "name"), PL_S("AVG-"));
}

static int read_arch(struct pl_adv_reader *r, const struct pl_adv_doc *d, struct pl_err *err)
{
    int k = 0;
    for (size_t i = 0; i < d->root->n && k == 0; i++) {
        const struct pl_yaml *y = d->root->item[i];
        struct pl_str status = pl_doc_text(y, "status");
        struct pl_adv v = { .id = pl_doc_text(y, "name"),
                            .severity = pl_adv_severity(pl_doc_text(y, "severity")),
                            .covers = pl_doc_names(r->a, pl_yaml_get(y, "issues")),
                            .title = pl_doc_text(y, "type") };
        struct pl_names packages = pl_doc_names(r->a, pl_yaml_get(y, "packages"));
        struct pl_adv_rows rows = { .a = r->a };
        if (!v.id.n)
            continue;
        for (size_t n = 0; n < packages.n; n++) {
            bool not = pl_str_is(status, "Not affected");
            struct pl_adv_row *row =
                not ? pl_adv_rows_new(&rows, PL_S("Arch Linux"), packages.p[n])
                    : pl_adv_rows_below(&rows, PL_S("Arch Linux"), packages.p[n],
                                        pl_doc_text(y, "fixed"));
            row->state = not ? PL_FIX_NOT_AFFECTED : PL_FIX_UNKNOWN;
            row->flags = PL_ADV_NATIVE;
        }
        k = pl_adv_send(r, &v, &rows, err);
    }
    return k;
}

const struct pl_adv_form pl_adv_form_arch = { "arch", knows_arch, read_arch, NULL };

/* ---- Fedora: updates of Bodhi ---- */

static bool knows_fedora(const struct pl_adv_doc *d)
{
    return !d->large && pl_yaml_get(d->root, "builds") && pl_yaml_get(d->root, "alias");
}

static int read_fedora(struct pl_adv_reader *r, const struct pl_adv_doc *d, struct pl_err *err)
{
    const struct pl_yaml *y = d->root, *builds = pl_yaml_get(y, "builds");
    const struct pl_yaml *release = pl_yaml_get(y, "release"), *bugs = pl_yaml_get(y, "bugs");
    struct pl_str prefix = pl_doc_text(release, "id_prefix");
    struct pl_adv v = { .id = pl_doc_text(y, "alias"),
                        .severity = pl_adv_severity(pl_doc_text(y, "severity")),
                        .published = pl_str_sub(pl_doc_text(y, "date_stable"), 0, 10),
                        .title = pl_doc_text(y, "display_name"),
                        .url = pl_doc_text(y, "url") };
    if (!pl_str_is(pl_doc_text(y, "type"), "security"))
        return 0;
    v.covers = pl_doc_cves(r->a, pl_doc_text(y, "notes"));
    for (size_t i = 0; pl_doc_is_list(bugs) && i < bugs->n; i++) {
        struct pl_names n = pl_doc_cves(r->a, pl_doc_text(bugs->item[i], "title"));
        for (size_t k = 0; k < n.n; k++)
            pl_doc_add(r->a, &v.covers, n.p[k]);
    }
    struct pl_str eco =
        pl_printf(r->a, "%s:%.*s:src", pl_str_is(prefix, "FEDORA-EPEL") ? "EPEL" : "Fedora",
                  PL_FMT(pl_doc_text(release, "version")));
    struct pl_adv_rows rows = { .a = r->a };
    for (size_t i = 0; pl_doc_is_list(builds) && i < builds->n; i++) {
        struct pl_str name, evr, epoch = pl_doc_text(builds->item[i], "epoch");
        if (!pl_adv_cut_nevra(r->a, pl_doc_text(builds->item[i], "nvr"), &name, &evr))
            continue;
        if (epoch.n && !pl_str_is(epoch, "0"))
            evr = pl_printf(r->a, "%.*s:%.*s", PL_FMT(epoch), PL_FMT(evr));
        pl_adv_rows_below(&rows, eco, name, evr)->flags = PL_ADV_NATIVE;
    }
    return pl_adv_send(r, &v, &rows, err);
}

const struct pl_adv_form pl_adv_form_fedora = { "fedora", knows_fedora, read_fedora, NULL };
