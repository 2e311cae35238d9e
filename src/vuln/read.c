/* Sources: folders, archives and files, walked in the order of their names; the form of each file
 * is known by its content. */
/* SPDX-License-Identifier: Apache-2.0 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/cleanup.h"
#include "base/hash.h"
#include "fmt/jsontree.h"
#include "fmt/toml.h"
#include "io/codec.h"
#include "io/nested.h"
#include "io/tar.h"
#include "vuln/build_int.h"
#include "vuln/read.h"

#define FOLDERS_DEEP 32
#define DOC_MAX ((size_t)2 << 30)       /* one document, unpacked */
#define TREE_MAX ((size_t)64 << 20)     /* one that is read whole and not JSON */
#define SOURCE_OUT ((uint64_t)64 << 30) /* an archive, unpacked */

struct walk {
    struct pl_advbuild *b;
    const struct pl_adv_read_opts *o;
    struct pl_limits limits; /* those of targets would be too narrow for sources */
    struct pl_arena doc, scratch, names;
    const char *top;      /* the path the user gave */
    struct pl_hash *hash; /* of the source being read, NULL: counted elsewhere */
    int source;           /* number of the source that files count for; -1: not made yet */
    struct pl_str stem;   /* its name */
    struct pl_err *err;
};

static void note(struct walk *w, struct pl_str where, const char *message)
{
    char text[400];
    snprintf(text, sizeof text, "%.*s", PL_FMT(pl_str_sub(where, 0, 380)));
    if (w->o->note)
        w->o->note(w->o->arg, text, message);
}

static struct pl_str base_name(struct pl_str path)
{
    while (path.n > 1 && path.p[path.n - 1] == '/')
        path.n--;
    for (size_t i = path.n; i-- > 0;)
        if (path.p[i] == '/')
            return pl_str_sub(path, i + 1, SIZE_MAX);
    return path;
}

/* "osv-go.zip" is called "osv-go". */
static struct pl_str stem_of(struct pl_str path)
{
    static const char *const ends[] = { ".zip", ".tar.gz", ".tar.xz", ".tar.zst", ".tar.bz2",
                                        ".tgz", ".tar",    ".gz",     ".xz",      ".zst",
                                        ".bz2", ".json",   ".yaml",   ".yml",     ".xml",
                                        ".csv", ".toml",   ".md" };
    struct pl_str name = base_name(path);
    for (int again = 0; again < 2; again++)
        for (size_t i = 0; i < PL_COUNT(ends); i++)
            if (name.n > strlen(ends[i]) && pl_str_iends(name, pl_str_c(ends[i])))
                name.n -= strlen(ends[i]);
    return name;
}

static unsigned source_of(struct walk *w, const char *kind, const char *licence)
{
    struct pl_adv_source s = w->o->given;
    if (!s.name.n)
        s.name = w->stem;
    s.kind = pl_str_c(kind);
    if (!s.licence.n && licence)
        s.licence = pl_str_c(licence);
    w->source = (int)pl_advbuild_source(w->b, &s);
    return (unsigned)w->source;
}

/* ---- one document ---- */

struct first {
    struct pl_adv_doc *d;
    bool seen;
};

static int take_first(void *arg, struct pl_str key, const struct pl_yaml *value)
{
    struct first *f = arg;
    f->d->first_key = key;
    f->d->root = value;
    f->seen = true;
    return 1;
}

/* Large JSON is looked at by its first member only. */
static int parse_json(struct walk *w, struct pl_adv_doc *d, struct pl_err *err)
{
    struct first f = { .d = d };
    int r = pl_jsontree_each(d->text, &w->doc, take_first, &f, err);
    if (r < 0)
        return r;
    bool map = f.seen && d->root->kind == PL_YAML_MAP;
    if (map && d->root->n && pl_yaml_get(d->root->item[1], "releases")) {
        d->large = true; /* package, then flaws: Debian's tracker */
        return 0;
    }
    struct pl_yaml *root = NULL;
    pl_arena_reset(&w->doc);
    r = pl_jsontree_parse(d->text, &w->doc, &root, err);
    d->root = root;
    return r;
}

static int parse_yaml(struct walk *w, struct pl_adv_doc *d, struct pl_err *err)
{
    struct pl_yaml_stream s;
    int r = pl_yaml_parse(d->text, &w->limits, &w->doc, &s, err);
    if (r == 0)
        d->root = s.n ? s.doc[0] : NULL;
    return r;
}

static struct pl_yaml *from_toml(struct pl_arena *a, const struct pl_toml *t, unsigned depth);

struct members {
    struct pl_arena *a;
    struct pl_yaml *y;
    unsigned depth;
};

static int add_member(void *arg, struct pl_str key, const struct pl_toml *value)
{
    struct members *m = arg;
    struct pl_yaml *k = PL_NEW(m->a, struct pl_yaml);
    k->text = pl_dup(m->a, key);
    m->y->item[2 * m->y->n] = k;
    m->y->item[2 * m->y->n++ + 1] = from_toml(m->a, value, m->depth + 1);
    return 0;
}

static struct pl_yaml *from_toml(struct pl_arena *a, const struct pl_toml *t, unsigned depth)
{
    struct pl_yaml *y = PL_NEW(a, struct pl_yaml);
    size_t n = depth < PL_JSONTREE_DEPTH ? pl_toml_len(t) : 0;
    struct members m = { a, y, depth };
    switch (pl_toml_type(t)) {
    case PL_TOML_TABLE:
        y->kind = PL_YAML_MAP;
        y->item = pl_alloc_n(a, 2 * n + 1, sizeof *y->item);
        if (n)
            pl_toml_each(t, add_member, &m);
        break;
    case PL_TOML_ARRAY:
        y->kind = PL_YAML_LIST;
        y->item = pl_alloc_n(a, n + 1, sizeof *y->item);
        for (; y->n < n; y->n++)
            y->item[y->n] = from_toml(a, pl_toml_at(t, y->n), depth + 1);
        break;
    case PL_TOML_STRING:
        y->text = pl_dup(a, pl_toml_str(t));
        break;
    case PL_TOML_TIME:
        y->text = pl_toml_time(t, a);
        break;
    case PL_TOML_INT:
        y->text = pl_printf(a, "%lld", (long long)pl_toml_int(t, 0));
        break;
    case PL_TOML_BOOL:
        y->text = pl_toml_bool(t, false) ? PL_S("true") : PL_S("false");
        break;
    case PL_TOML_FLOAT:
        y->text = pl_printf(a, "%g", pl_toml_float(t, 0));
        break;
    case PL_TOML_NONE:
        break;
    }
    return y;
}

/* A Markdown page whose first fence holds TOML. */
static int parse_page(struct walk *w, struct pl_adv_doc *d, struct pl_err *err)
{
    struct pl_str body = pl_str_sub(d->text, 7, SIZE_MAX);
    size_t end = pl_str_find(body, PL_S("\n```"), 0);
    struct pl_toml *t = NULL;
    if (end == SIZE_MAX)
        return pl_fail(err, PL_E_FORMAT, "its front matter has no end");
    int r = pl_toml_parse(pl_str_sub(body, 0, end + 1), "front matter", &t, err);
    if (r == 0)
        d->root = from_toml(&w->doc, t, 0);
    pl_toml_free(t);
    return r;
}

/* Skips white space and a byte order mark to look at the first sign. */
static char first_sign(struct pl_str s)
{
    if (pl_str_starts(s, PL_S("\xEF\xBB\xBF")))
        s = pl_str_sub(s, 3, SIZE_MAX);
    for (size_t i = 0; i < s.n && i < 4096; i++)
        if (!strchr(" \t\r\n", s.p[i]))
            return s.p[i];
    return 0;
}

static bool named_yaml(struct pl_str name)
{
    return pl_str_iends(name, PL_S(".yaml")) || pl_str_iends(name, PL_S(".yml"));
}

/* A feed: other documents in angle brackets are pages for people. */
static bool is_feed(struct pl_str text)
{
    static const char *const roots[] = { "oval_definitions", "<updates" };
    struct pl_str head = pl_str_sub(text, 0, 8192);
    for (size_t i = 0; i < PL_COUNT(roots); i++)
        if (pl_str_find(head, pl_str_c(roots[i]), 0) != SIZE_MAX)
            return true;
    return false;
}

static int parse_xml(struct walk *w, struct pl_adv_doc *d, struct pl_err *err)
{
    struct pl_xml *x = NULL;
    int r = pl_xml_parse(d->text, &w->doc, &x, err);
    d->xml = r == 0 ? x : NULL;
    return r;
}

static int parse(struct walk *w, struct pl_adv_doc *d, struct pl_err *err)
{
    char c = first_sign(d->text);
    if (c == '<' && is_feed(d->text))
        return parse_xml(w, d, err);
    if (pl_str_starts(d->text, PL_S("```toml")))
        return d->text.n > TREE_MAX ? 0 : parse_page(w, d, err);
    struct pl_str rest = d->text, line;
    if (c == '[' && pl_str_split(&rest, '\n', &line) && pl_adv_is_dsa(line))
        return 0;
    if (c == '{' || c == '[')
        return parse_json(w, d, err);
    if (named_yaml(d->name) && d->text.n <= TREE_MAX)
        return parse_yaml(w, d, err);
    return 0;
}

static const struct pl_adv_form *form_of(const struct walk *w, const struct pl_adv_doc *d)
{
    for (size_t i = 0; pl_adv_forms[i]; i++)
        if (w->o->as.n ? pl_str_is(w->o->as, pl_adv_forms[i]->id) : pl_adv_forms[i]->knows(d))
            return pl_adv_forms[i];
    return NULL;
}

/* Reads one file of a source; what is wrong with it is noted. Negative: stop. */
static int read_doc(struct walk *w, struct pl_str name, struct pl_str text)
{
    struct pl_adv_doc d = { .name = name, .text = text, .first_key = PL_S("") };
    struct pl_err err = { 0 };
    pl_arena_reset(&w->doc);
    pl_arena_reset(&w->scratch);
    int r = parse(w, &d, &err);
    const struct pl_adv_form *f = r < 0 ? NULL : form_of(w, &d);
    if (r < 0) {
        struct pl_str where = pl_printf(&w->scratch, "%.*s: %.*s", PL_FMT(w->stem), PL_FMT(name));
        note(w, where, err.msg);
    }
    if (!f) {
        if (w->source >= 0)
            pl_advbuild_source_at(w->b, (unsigned)w->source)->skipped++;
        return 0;
    }
    struct pl_adv_reader reader = { w->b, w->o, source_of(w, f->id, f->licence), &w->doc,
                                    &w->scratch };
    pl_advbuild_source_at(w->b, reader.source)->files++;
    r = f->read(&reader, &d, &err);
    if (r == PL_E_LIMIT)
        return pl_fail(w->err, PL_E_LIMIT, "%s", err.msg);
    if (r < 0)
        pl_adv_note(&reader, &d, "%s", err.msg);
    return 0;
}

/* ---- archives ---- */

static int slurp_doc(struct walk *w, struct pl_str name, struct pl_view *body)
{
    pl_auto_buf struct pl_buf text = { .max = DOC_MAX };
    struct pl_err err = { 0 };
    if (body->eof && body->n) /* whole in memory already */
        return read_doc(w, name, pl_str_n(body->p, body->n));
    int r = pl_view_slurp(body, &text, DOC_MAX, &err);
    if (r < 0) {
        note(w, name, err.msg);
        return 0;
    }
    return read_doc(w, name, pl_buf_str(&text));
}

static int on_member(void *arg, struct pl_member *m)
{
    struct walk *w = arg;
    if (!m->body || !m->name.n || m->name.p[m->name.n - 1] == '/')
        return 0;
    struct pl_str name = pl_dup(&w->names, m->name);
    int r = slurp_doc(w, name, m->body);
    pl_arena_reset(&w->names);
    return r < 0;
}

static void on_zip_note(void *arg, const char *code, struct pl_str name, const char *message)
{
    struct walk *w = arg;
    char text[600];
    snprintf(text, sizeof text, "%s: %.*s: %s", code, PL_FMT(pl_str_sub(name, 0, 200)), message);
    note(w, w->stem, text);
}

static int read_zip(struct walk *w, struct pl_str bytes)
{
    static const struct pl_str path = { "x.zip", 5 };
    const struct pl_nested *zip =
        pl_nested_probe((const uint8_t *)bytes.p, bytes.n < 512 ? bytes.n : 512, path);
    struct pl_view v;
    uint64_t total = 0;
    struct pl_nested_opts o = {
        .limits = &w->limits, .path = path, .whole_max = bytes.n, .total = &total
    };
    struct pl_nested_sink sink = { on_member, on_zip_note, w };
    pl_view_mem_init(&v, bytes.p, bytes.n);
    struct pl_err err = { 0 };
    pl_nested_init();
    int r = zip ? zip->read(&v, &o, &sink, &err) : 0;
    return r < 0 && w->err->code ? w->err->code : 0;
}

static int read_tar(struct walk *w, struct pl_view *v)
{
    struct pl_tar_opts o = { .limits = &w->limits };
    struct pl_tar *t = pl_tar_new(v, &o);
    struct pl_entry e;
    struct pl_err err = { 0 };
    int r, k = 0;
    while (k == 0 && (r = pl_tar_next(t, &e, &err)) > 0) {
        if (e.kind != PL_ENTRY_FILE || !e.body)
            continue;
        struct pl_str name = pl_dup(&w->names, e.path);
        k = slurp_doc(w, name, e.body);
        pl_arena_reset(&w->names);
    }
    if (k == 0 && r < 0)
        note(w, w->stem, err.msg);
    pl_tar_free(t);
    return k;
}

/* A stream that may be packed, and then an archive or one document. */
static int read_stream(struct walk *w, struct pl_str path, struct pl_str bytes)
{
    struct pl_view mem, *v = &mem;
    struct pl_err err = { 0 };
    const struct pl_codec *codec = NULL;
    struct pl_codec_opts o = {
        .limits = &w->limits, .out_base = SOURCE_OUT, .out_ratio = 1000, .limit_name = "layer-out"
    };
    pl_view_mem_init(&mem, bytes.p, bytes.n);
    if (pl_codec_probe(&mem, &codec, &err) == 0 && codec && codec->open)
        v = codec->open(&mem, &o);
    int r = pl_view_ahead(v, 512, &err);
    if (r < 0)
        note(w, path, err.msg);
    else if (v->n >= 512 && pl_tar_bid(v->p, 512))
        r = read_tar(w, v);
    else
        r = slurp_doc(w, base_name(path), v);
    if (v != &mem)
        pl_view_close(v);
    return r < 0 && w->err->code ? w->err->code : 0;
}

static bool is_archive(struct pl_str bytes)
{
    const struct pl_codec *c = NULL;
    struct pl_view v;
    struct pl_err err;
    pl_view_mem_init(&v, bytes.p, bytes.n);
    if (pl_str_starts(bytes, PL_S("PK\3\4")) || pl_str_starts(bytes, PL_S("PK\5\6")))
        return true;
    if (pl_codec_probe(&v, &c, &err) == 0 && c)
        return true;
    return bytes.n >= 512 && pl_tar_bid((const uint8_t *)bytes.p, 512);
}

/* ---- files and folders ---- */

static void walk_release(struct walk *w);

static int read_bytes(struct walk *w, struct pl_str path, struct pl_str bytes, bool top)
{
    bool archive = is_archive(bytes);
    struct walk inner = *w;
    if (archive || top) { /* a source of its own */
        inner.source = -1;
        inner.stem = stem_of(path);
        inner.doc = inner.scratch = inner.names = (struct pl_arena){ 0 };
    }
    struct walk *use = archive || top ? &inner : w;
    int r = pl_str_starts(bytes, PL_S("PK")) && archive ? read_zip(use, bytes)
            : archive                                   ? read_stream(use, path, bytes)
                                                        : read_doc(use, path, bytes);
    if (use == w) {
        if (w->hash)
            pl_hash_add(w->hash, bytes.p, bytes.n);
        return r;
    }
    if (inner.source >= 0) {
        uint8_t raw[PL_SHA256_LEN];
        char hex[72] = "sha256:";
        pl_sha256(bytes.p, bytes.n, raw);
        pl_hex(raw, sizeof raw, hex + 7);
        struct pl_adv_source s = { .name =
                                       pl_advbuild_source_at(w->b, (unsigned)inner.source)->name,
                                   .digest = pl_str_c(hex) };
        pl_advbuild_source(w->b, &s);
    }
    walk_release(&inner);
    return r;
}

static int read_file(struct walk *w, int dir, const char *name, struct pl_str path, bool top)
{
    pl_auto_fd int fd = openat(dir, name, O_RDONLY | O_CLOEXEC | O_NOCTTY | (top ? 0 : O_NOFOLLOW));
    struct stat st;
    if (fd < 0 || fstat(fd, &st) < 0) {
        if (top)
            return pl_fail_errno(w->err, PL_E_NOENT, errno, "cannot open '%.*s'", PL_FMT(path));
        note(w, path, "cannot be opened");
        return 0;
    }
    if (!S_ISREG(st.st_mode) || !st.st_size)
        return 0;
    size_t n = (size_t)st.st_size;
    void *p = mmap(NULL, n, PROT_READ, MAP_PRIVATE, fd, 0);
    if (p == MAP_FAILED)
        return pl_fail_errno(w->err, PL_E_IO, errno, "cannot read '%.*s'", PL_FMT(path));
    int r = read_bytes(w, path, pl_str_n(p, n), top);
    munmap(p, n);
    return r;
}

static int visible(const struct dirent *e)
{
    return e->d_name[0] != '.';
}

static int order(const struct dirent **a, const struct dirent **b)
{
    return strcmp((*a)->d_name, (*b)->d_name);
}

static int read_folder(struct walk *w, int dir, const char *name, struct pl_str path,
                       unsigned depth)
{
    struct dirent **list = NULL;
    struct pl_arena a = { 0 };
    int r = 0;
    pl_auto_fd int fd =
        openat(dir, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC | (depth ? O_NOFOLLOW : 0));
    int n = fd < 0 || depth > FOLDERS_DEEP ? -1 : scandirat(fd, ".", &list, visible, order);
    if (n < 0)
        note(w, path, depth > FOLDERS_DEEP ? "folders nest too deep" : "cannot be opened");
    for (int i = 0; i < n; i++) {
        struct stat st;
        const char *e = list[i]->d_name;
        struct pl_str sub =
            depth || path.n ? pl_printf(&a, "%.*s/%s", PL_FMT(path), e) : pl_printf(&a, "%s", e);
        if (r == 0 && fstatat(fd, e, &st, AT_SYMLINK_NOFOLLOW) == 0) {
            if (S_ISDIR(st.st_mode))
                r = read_folder(w, fd, e, sub, depth + 1);
            else if (S_ISREG(st.st_mode))
                r = read_file(w, fd, e, sub, false);
        }
        free(list[i]);
    }
    free(list);
    pl_arena_release(&a);
    return r;
}

static void set_limits(struct walk *w)
{
    w->limits = *w->o->limits;
    w->limits.config = TREE_MAX;
    w->limits.nested_out = SOURCE_OUT;
    w->limits.nested_total = SOURCE_OUT;
    w->limits.nested_ratio = 10000;
    w->limits.nested_members = 10000000;
}

static uint64_t amount(const struct pl_advbuild *b)
{
    return b->vuln.n + b->kev.n + b->epss.n + b->rating.n + b->eol.n;
}

static void walk_release(struct walk *w)
{
    pl_arena_release(&w->doc);
    pl_arena_release(&w->scratch);
    pl_arena_release(&w->names);
}

int pl_adv_read_bytes(struct pl_advbuild *b, struct pl_str name, struct pl_str bytes,
                      const struct pl_adv_read_opts *o, struct pl_err *err)
{
    struct walk w = { .b = b, .o = o, .source = -1, .err = err };
    uint64_t before = amount(b);
    set_limits(&w);
    w.stem = stem_of(name);
    int r = bytes.n ? read_bytes(&w, name, bytes, /* top= */ true) : 0;
    walk_release(&w);
    if (r == 0 && before == amount(b))
        return pl_fail(err, PL_E_FORMAT, "'%.*s' holds no advisory in a form that is known",
                       PL_FMT(pl_str_sub(name, 0, 200)));
    return r;
}

int pl_adv_read(struct pl_advbuild *b, const char *path, const struct pl_adv_read_opts *o,
                struct pl_err *err)
{
    struct walk w = { .b = b, .o = o, .top = path, .source = -1, .err = err };
    struct stat st;
    int r;
    set_limits(&w);
    w.stem = stem_of(pl_str_c(path));
    if (stat(path, &st) < 0)
        return pl_fail_errno(err, PL_E_NOENT, errno, "cannot open '%s'", path);
    uint64_t before = amount(b);
    if (S_ISDIR(st.st_mode)) {
        uint8_t raw[PL_SHA256_LEN];
        char hex[72] = "sha256:";
        w.hash = pl_hash_new(PL_HASH_SHA256);
        r = read_folder(&w, AT_FDCWD, path, PL_S(""), 0);
        pl_hash_end(w.hash, raw);
        pl_hash_free(w.hash);
        pl_hex(raw, sizeof raw, hex + 7);
        if (w.source >= 0) {
            struct pl_adv_source s = { .name = pl_advbuild_source_at(b, (unsigned)w.source)->name,
                                       .digest = pl_str_c(hex) };
            pl_advbuild_source(b, &s);
        }
    } else {
        r = read_file(&w, AT_FDCWD, path, pl_str_c(path), true);
    }
    walk_release(&w);
    if (r == 0 && before == amount(b))
        return pl_fail(err, PL_E_FORMAT, "'%s' holds no advisory in a form that is known", path);
    return r;
}
