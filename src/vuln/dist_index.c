/* Reading indexes. deb822(5); wiki.alpinelinux.org "Apk spec"; createrepo_c's primary.xml. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "vuln/dist_index.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/cleanup.h"
#include "base/hash.h"
#include "fmt/xml.h"
#include "io/codec.h"
#include "io/tar.h"
#include "ver/scheme.h"

#define TEXT_MAX ((size_t)2 << 30) /* unpacked */
#define SUFFIX_MAX 300u

static struct pl_str key_of(struct pl_arena *a, const char *type, struct pl_str name,
                            struct pl_str arch)
{
    return pl_printf(a, "%s %.*s %.*s", type, PL_FMT(name), PL_FMT(arch));
}

/* The newest version of each package stays. */
static int take(struct pl_dist *x, const char *type, struct pl_str name, struct pl_str arch,
                struct pl_dist_entry e, struct pl_err *err)
{
    struct pl_arena temp = { 0 };
    if (!name.n || !e.version.n) {
        x->wrong++;
        return 0;
    }
    if (++x->packages > PL_DIST_MAX)
        return pl_fail(err, PL_E_LIMIT, "more than %u packages in the indexes", PL_DIST_MAX);
    void **at = pl_map_put(&x->best, key_of(&temp, type, name, arch));
    struct pl_dist_entry *best = *at;
    const struct pl_scheme *s = pl_scheme_find(pl_str_c(type));
    if (!best || pl_ver_cmp(s, e.version, best->version) > 0) {
        if (!best)
            *at = best = PL_NEW(x->a, struct pl_dist_entry);
        best->version = pl_dup(x->a, e.version);
        best->source_version = e.source_version.n ? pl_dup(x->a, e.source_version) : PL_S("");
    }
    pl_arena_release(&temp);
    return 0;
}

/* ---- apt's Packages and APKINDEX: stanzas of lines ---- */

struct stanza {
    struct pl_str name, arch;
    struct pl_dist_entry e;
    bool any;
};

static int finish(struct pl_dist *x, const char *type, struct stanza *z, struct pl_err *err)
{
    struct stanza done = *z;
    *z = (struct stanza){ .arch = PL_S("") };
    return done.any ? take(x, type, done.name, done.arch, done.e, err) : 0;
}

/* "1.2" of "name (1.2)". */
static struct pl_str in_parentheses(struct pl_str s)
{
    size_t at = pl_str_find(s, PL_S("("), 0);
    return at == SIZE_MAX ? PL_S("") : pl_str_trim(pl_str_sub(s, at + 1, s.n - at - 2));
}

static void deb_line(struct stanza *z, struct pl_str line)
{
    struct pl_str key, value = line;
    if (line.n && (*line.p == ' ' || *line.p == '\t')) /* goes on from the line before */
        return;
    pl_str_split(&value, ':', &key);
    value = value.p ? pl_str_trim(value) : PL_S("");
    z->any = true;
    if (pl_str_ieq(key, PL_S("Package")))
        z->name = value;
    else if (pl_str_ieq(key, PL_S("Version")))
        z->e.version = value;
    else if (pl_str_ieq(key, PL_S("Source")) && value.n && value.p[value.n - 1] == ')')
        z->e.source_version = in_parentheses(value);
    else if (pl_str_ieq(key, PL_S("Architecture")))
        z->arch = value;
}

static void apk_line(struct stanza *z, struct pl_str line)
{
    z->any = true;
    if (line.n < 2 || line.p[1] != ':')
        return;
    struct pl_str value = pl_str_sub(line, 2, SIZE_MAX);
    if (*line.p == 'P')
        z->name = value;
    else if (*line.p == 'V')
        z->e.version = value;
    else if (*line.p == 'A')
        z->arch = value;
}

static int stanzas(struct pl_dist *x, struct pl_str text, bool apk, struct pl_err *err)
{
    const char *type = apk ? "apk" : "deb";
    struct stanza z = { .arch = PL_S("") };
    struct pl_str line;
    int r = 0;
    *pl_map_put(&x->types, pl_str_c(type)) = x;
    while (r == 0 && pl_str_split(&text, '\n', &line)) {
        if (line.n && line.p[line.n - 1] == '\r')
            line.n--;
        if (!line.n)
            r = finish(x, type, &z, err);
        else if (apk)
            apk_line(&z, line);
        else
            deb_line(&z, line);
    }
    return r == 0 ? finish(x, type, &z, err) : r;
}

/* ---- rpm ---- */

static int primary(struct pl_dist *x, const struct pl_xml *root, struct pl_err *err)
{
    struct pl_arena a = { 0 };
    int r = 0;
    *pl_map_put(&x->types, PL_S("rpm")) = x;
    for (const struct pl_xml *p = pl_xml_get(root, "package"); p && r == 0; p = pl_xml_more(p)) {
        const struct pl_xml *v = pl_xml_get(p, "version");
        struct pl_str epoch = pl_xml_attr(v, "epoch"), version = pl_xml_attr(v, "ver");
        struct pl_str release = pl_xml_attr(v, "rel"), arch = pl_xml_text(p, "arch");
        bool some = epoch.n && !pl_str_is(epoch, "0");
        if (pl_str_is(arch, "src"))
            continue;
        struct pl_str evr = pl_printf(&a, "%.*s%s%.*s-%.*s", PL_FMT(some ? epoch : PL_S("")),
                                      some ? ":" : "", PL_FMT(version), PL_FMT(release));
        struct pl_dist_entry e = { version.n ? evr : PL_S(""), PL_S("") };
        r = take(x, "rpm", pl_xml_text(p, "name"), arch, e, err);
        pl_arena_reset(&a);
    }
    pl_arena_release(&a);
    return r;
}

/* ---- forms ---- */

static bool holds_line(struct pl_str text, const char *start)
{
    struct pl_str head = pl_str_sub(text, 0, 65536), line;
    while (pl_str_split(&head, '\n', &line))
        if (pl_str_starts(line, pl_str_c(start)))
            return true;
    return false;
}

/* What a list says of a file: empty href: nothing. */
struct named {
    struct pl_str href, sum_type, sum;
};

static struct pl_str keep(struct pl_arena *a, struct pl_str s)
{
    return s.n ? pl_dup(a, s) : PL_S("");
}

static int xml(struct pl_dist *x, struct pl_str text, struct named *ret_primary, struct pl_err *err)
{
    struct pl_arena a = { 0 };
    struct pl_xml *root = NULL;
    int r = pl_xml_parse(text, &a, &root, err);
    if (r == 0 && pl_str_is(root->name, "metadata")) {
        r = primary(x, root, err);
    } else if (r == 0 && pl_str_is(root->name, "repomd") && ret_primary) {
        for (const struct pl_xml *d = pl_xml_get(root, "data"); d; d = pl_xml_more(d))
            if (pl_str_is(pl_xml_attr(d, "type"), "primary"))
                *ret_primary = (struct named){
                    keep(x->a, pl_xml_attr(pl_xml_get(d, "location"), "href")),
                    keep(x->a, pl_xml_attr(pl_xml_get(d, "checksum"), "type")),
                    keep(x->a, pl_str_trim(pl_xml_text(d, "checksum"))),
                };
        if (!ret_primary->href.n)
            r = pl_fail(err, PL_E_FORMAT, "it names no primary index");
    } else if (r == 0) {
        r = pl_fail(err, PL_E_FORMAT, "no index: its root is '%.*s'",
                    PL_FMT(pl_str_sub(root->name, 0, 60)));
    }
    pl_arena_release(&a);
    return r;
}

static int form(struct pl_dist *x, struct pl_str text, struct named *ret_primary,
                struct pl_err *err)
{
    struct pl_str head = pl_str_trim(pl_str_sub(text, 0, 200));
    if (pl_str_starts(head, PL_S("<")))
        return xml(x, text, ret_primary, err);
    if (holds_line(text, "Package:"))
        return stanzas(x, text, /* apk= */ false, err);
    if (holds_line(text, "P:"))
        return stanzas(x, text, /* apk= */ true, err);
    return pl_fail(err, PL_E_FORMAT, "none of Packages, APKINDEX, primary.xml, repomd.xml");
}

int pl_dist_text(struct pl_dist *x, struct pl_str text, struct pl_err *err)
{
    return form(x, text, NULL, err);
}

/* ---- files ---- */

/* APKINDEX.tar.gz: signature, description and the index itself. */
static int from_tar(struct pl_dist *x, struct pl_view *v, const struct pl_limits *l,
                    struct pl_err *err)
{
    struct pl_tar_opts o = { .limits = l };
    struct pl_tar *t = pl_tar_new(v, &o);
    struct pl_entry e;
    bool seen = false;
    int r;
    while ((r = pl_tar_next(t, &e, err)) > 0) {
        if (e.kind != PL_ENTRY_FILE || !e.body || !pl_str_is(e.path, "APKINDEX"))
            continue;
        pl_auto_buf struct pl_buf text = { .max = TEXT_MAX };
        r = pl_view_slurp(e.body, &text, TEXT_MAX, err);
        seen = true;
        if (r == 0)
            r = stanzas(x, pl_buf_str(&text), /* apk= */ true, err);
        if (r < 0)
            break;
    }
    pl_tar_free(t);
    return r < 0 ? r : seen ? 0 : pl_fail(err, PL_E_FORMAT, "an archive without APKINDEX");
}

/* A file, opened through its codec. */
struct opened {
    struct pl_view mem, *v;
    struct pl_codec_opts o;
    bool tar;
};

static int open_bytes(struct opened *z, struct pl_str bytes, const struct pl_limits *l,
                      struct pl_err *err)
{
    const struct pl_codec *codec = NULL;
    z->v = &z->mem;
    z->o = (struct pl_codec_opts){
        .limits = l, .out_base = TEXT_MAX, .out_ratio = 1000, .limit_name = "layer-out"
    };
    pl_view_mem_init(&z->mem, bytes.p, bytes.n);
    int r = pl_codec_probe(&z->mem, &codec, err);
    if (r == 0 && codec && !codec->open)
        return pl_fail(err, PL_E_UNSUP, "no support for %s in this build", codec->id);
    if (r == 0 && codec)
        z->v = codec->open(&z->mem, &z->o);
    if (r == 0)
        r = pl_view_ahead(z->v, 512, err);
    z->tar = r >= 0 && z->v->n >= 512 && pl_tar_bid(z->v->p, 512);
    return r < 0 ? r : 0;
}

static void close_bytes(struct opened *z)
{
    if (z->v != &z->mem)
        pl_view_close(z->v);
}

/* Who answers for it? */
static int ask(struct pl_dist *x, const char *name, struct pl_str *file, struct pl_str text,
               enum pl_dist_trust least, struct pl_str by, struct pl_err *err)
{
    struct pl_dist_file f = { .name = pl_printf(x->a, "%s", name).p, .trust = least, .by = by };
    int r = x->guard ? x->guard(x->guard_arg, name, file, text, &f, err) : 0;
    if (r >= 0)
        pl_vec_push(&x->files, f);
    return r;
}

/* `listed`: the list that named it and whose digest it has; NULL: none. */
static int from_bytes(struct pl_dist *x, const char *name, struct pl_str bytes,
                      const struct pl_dist_file *listed, const struct pl_limits *l,
                      struct named *ret_primary, struct pl_err *err)
{
    struct opened z;
    pl_auto_buf struct pl_buf text = { .max = TEXT_MAX };
    enum pl_dist_trust least = listed ? listed->trust : PL_DIST_ALONE;
    struct pl_str by = listed ? listed->by : PL_S(""), whole = bytes;
    int r = open_bytes(&z, bytes, l, err);
    if (r == 0 && !z.tar)
        r = pl_view_slurp(z.v, &text, TEXT_MAX, err);
    if (r == 0 && !(listed && least == PL_DIST_SIGNED))
        r = ask(x, name, &bytes, pl_buf_str(&text), least, by, err);
    else if (r == 0)
        pl_vec_push(&x->files, ((struct pl_dist_file){ pl_printf(x->a, "%s", name).p, least, by }));
    if (r == 0 && z.tar && bytes.p != whole.p) { /* only what was signed is read */
        close_bytes(&z);
        r = open_bytes(&z, bytes, l, err);
    }
    if (r == 0)
        r = z.tar ? from_tar(x, z.v, l, err) : form(x, pl_buf_str(&text), ret_primary, err);
    close_bytes(&z);
    return r;
}

static int check_digest(struct pl_str bytes, const struct named *w, struct pl_err *err)
{
    static const struct {
        const char *name;
        enum pl_hash_alg alg;
    } known[] = { { "sha256", PL_HASH_SHA256 },
                  { "sha512", PL_HASH_SHA512 },
                  { "sha", PL_HASH_SHA1 },
                  { "sha1", PL_HASH_SHA1 } };
    uint8_t is[PL_HASH_MAX], want[PL_HASH_MAX];
    for (size_t i = 0; i < PL_COUNT(known); i++) {
        if (!pl_str_is(w->sum_type, known[i].name))
            continue;
        size_t n = pl_hash_len(known[i].alg);
        struct pl_hash *h = pl_hash_new(known[i].alg);
        pl_hash_add(h, bytes.p, bytes.n);
        pl_hash_end(h, is);
        pl_hash_free(h);
        if (w->sum.n == 2 * n && pl_unhex(w->sum, want, n) && memcmp(is, want, n) == 0)
            return 0;
        return pl_fail(err, PL_E_DIGEST, "it is not the file that repomd.xml names: other digest");
    }
    return pl_fail(err, PL_E_UNSUP, "repomd.xml gives no digest of a kind that is known here");
}

static int read_file(struct pl_dist *x, const char *name, const struct pl_limits *l,
                     const struct named *want, struct named *ret_primary, struct pl_err *err)
{
    pl_auto_fd int fd = open(name, O_RDONLY | O_CLOEXEC | O_NOCTTY);
    struct stat st;
    if (fd < 0 || fstat(fd, &st) < 0)
        return pl_fail_errno(err, PL_E_NOENT, errno, "cannot open '%s'", name);
    if (!S_ISREG(st.st_mode) || st.st_size <= 0)
        return pl_fail(err, PL_E_FORMAT, "'%s' is no index", name);
    size_t n = (size_t)st.st_size;
    void *p = mmap(NULL, n, PROT_READ, MAP_PRIVATE, fd, 0);
    if (p == MAP_FAILED)
        return pl_fail_errno(err, PL_E_IO, errno, "cannot read '%s'", name);
    struct pl_dist_file list = { 0 };
    int r = 0;
    if (want) { /* its list was read just before */
        list = x->files.p[x->files.n - 1];
        if (list.trust == PL_DIST_ALONE)
            list = (struct pl_dist_file){ list.name, PL_DIST_LISTED, pl_str_c(list.name) };
        r = check_digest(pl_str_n(p, n), want, err);
    }
    if (r == 0)
        r = from_bytes(x, name, pl_str_n(p, n), want ? &list : NULL, l, ret_primary, err);
    munmap(p, n);
    return r < 0 ? pl_wrap(err, "'%s'", name) : 0;
}

/* "…/repodata/repomd.xml" and "repodata/abc-primary.xml.gz": the file beside it. No name leads out
 * of that folder. */
static int beside(struct pl_dist *x, const char *name, struct pl_str href, const char **ret,
                  struct pl_err *err)
{
    struct pl_str dir = pl_str_c(name), base = href;
    while (dir.n && dir.p[dir.n - 1] != '/')
        dir.n--;
    for (size_t i = href.n; i-- > 0;)
        if (href.p[i] == '/') {
            base = pl_str_sub(href, i + 1, SIZE_MAX);
            break;
        }
    if (!base.n || base.n > SUFFIX_MAX || memchr(base.p, 0, base.n) || pl_str_is(base, ".."))
        return pl_fail(err, PL_E_FORMAT, "'%s' names no file as primary", name);
    *ret = pl_printf(x->a, "%.*s%.*s", PL_FMT(dir), PL_FMT(base)).p;
    return 0;
}

int pl_dist_read(struct pl_dist *x, const char *name, const struct pl_limits *l, struct pl_err *err)
{
    struct named primary = { .href = PL_S("") };
    const char *next = NULL;
    int r = read_file(x, name, l, NULL, &primary, err);
    if (r < 0 || !primary.href.n)
        return r;
    r = beside(x, name, primary.href, &next, err);
    return r < 0 ? r : read_file(x, next, l, &primary, NULL, err);
}

/* ---- use ---- */

const struct pl_dist_entry *pl_dist_of(const struct pl_dist *x, const struct pl_package *p)
{
    static const char *const types[] = { "deb", "apk", "rpm" };
    struct pl_arena temp = { 0 };
    const struct pl_dist_entry *ret = NULL;
    for (size_t i = 0; i < PL_COUNT(types); i++) {
        if (!pl_str_is(p->pkg.type, types[i]))
            continue;
        const struct pl_dist_entry *v =
            pl_map_get(&x->best, key_of(&temp, types[i], p->pkg.name, p->pkg.arch));
        const char *any = i == 2 ? "noarch" : "all"; /* what became the same for all */
        if (!v)
            v = pl_map_get(&x->best, key_of(&temp, types[i], p->pkg.name, pl_str_c(any)));
        if (v)
            ret = v;
    }
    pl_arena_release(&temp);
    return ret;
}

bool pl_dist_has(const struct pl_dist *x, struct pl_str type)
{
    return pl_map_get(&x->types, type) != NULL;
}

void pl_dist_release(struct pl_dist *x)
{
    pl_map_release(&x->best);
    pl_map_release(&x->types);
    pl_vec_release(&x->files);
}
