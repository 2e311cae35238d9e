/* Trust in indexes: digests through Release, signatures by the given keys. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "cmd/index_trust.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "io/codec.h"
#include "io/tar.h"
#include "report/escape.h"
#include "sign/key.h"
#include "sign/openpgp.h"
#include "vuln/dist_release.h"

#define FILE_MAX ((size_t)64 << 20)
#define KEYS_MAX 64u
#define SIG_MAX 65536u
#define PARENTS 5      /* of an index below dists/SUITE */
#define MEMBERS_MAX 16 /* places where the signed part of APKINDEX may begin */
#define SIG_MEMBER_MAX 65536u

struct rsa_key {
    struct pl_str name; /* of its file, "alpine-devel@….rsa.pub" */
    struct pl_pubkey *key;
};
struct release {
    struct pl_str path;
    struct pl_release r;
    struct pl_str by; /* whose signature; empty: not checked */
};

struct pl_index_trust {
    struct pl_arena *a;
    struct pl_openpgp *pgp;
    PL_VEC(struct rsa_key) rsa;
    PL_VEC(struct release *) releases;
    bool keys; /* some were given */
    PL_VEC(struct pl_str) notes;
};

static int read_file(const char *path, struct pl_buf *b, struct pl_err *err)
{
    pl_auto_fd int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
    ssize_t n = fd < 0 ? -1 : 1;
    b->max = FILE_MAX;
    while (n > 0) {
        char *p = pl_buf_room(b, 65536, err);
        if (!p)
            return PL_E_LIMIT;
        n = read(fd, p, 65536);
        b->n += n > 0 ? (size_t)n : 0;
    }
    return n < 0 ? pl_fail_errno(err, PL_E_NOENT, errno, "cannot read '%s'", path) : 0;
}

static struct pl_str base_of(struct pl_str path)
{
    for (size_t i = path.n; i-- > 0;)
        if (path.p[i] == '/')
            return pl_str_sub(path, i + 1, SIZE_MAX);
    return path;
}

/* ---- keys ---- */

static int add_key(struct pl_index_trust *t, const char *path, struct pl_err *err)
{
    pl_auto_buf struct pl_buf b = { 0 };
    int r = read_file(path, &b, err);
    if (r < 0)
        return r;
    struct pl_str text = pl_buf_str(&b);
    if (pl_str_find(pl_str_sub(text, 0, 4096), PL_S("-----BEGIN PUBLIC KEY"), 0) == SIZE_MAX)
        return (r = pl_openpgp_add(t->pgp, text, err)) < 0 ? pl_wrap(err, "'%s'", path) : 0;
    struct rsa_key k = { .name = pl_dup(t->a, base_of(pl_str_c(path))) };
    if (t->rsa.n == KEYS_MAX)
        return pl_fail(err, PL_E_LIMIT, "more than %u keys", KEYS_MAX);
    r = pl_pubkey_pem(text, &k.key, err);
    if (r < 0)
        return pl_wrap(err, "'%s'", path);
    pl_vec_push(&t->rsa, k);
    return 0;
}

/* Files of a folder; what is no key there is left aside, as apt does with README and the like. */
static int add_keys(struct pl_index_trust *t, const char *path, struct pl_err *err)
{
    struct stat st;
    if (stat(path, &st) < 0)
        return pl_fail_errno(err, PL_E_NOENT, errno, "cannot read '%s'", path);
    if (!S_ISDIR(st.st_mode))
        return add_key(t, path, err);
    struct dirent **names = NULL;
    int n = scandir(path, &names, NULL, alphasort), added = 0, r = 0;
    for (int i = 0; i < n; i++) {
        const char *file = pl_printf(t->a, "%s/%s", path, names[i]->d_name).p;
        struct pl_err none = { 0 };
        free(names[i]);
        if (r < 0 || stat(file, &st) < 0 || !S_ISREG(st.st_mode))
            continue;
        int x = add_key(t, file, &none);
        added += x == 0;
        if (x == PL_E_LIMIT)
            r = pl_fail(err, PL_E_LIMIT, "%s", none.msg);
    }
    free(names);
    return r < 0 || added ? r : pl_fail(err, PL_E_NOENT, "no keys in '%s'", path);
}

int pl_index_trust_new(const struct pl_opt_list *keyrings, struct pl_arena *a,
                       struct pl_index_trust **ret, struct pl_err *err)
{
    struct pl_index_trust *t = calloc(1, sizeof *t);
    int r = 0;
    if (!t)
        pl_oom();
    t->a = a;
    t->pgp = pl_openpgp_new();
    t->keys = keyrings->n > 0;
    for (size_t i = 0; i < keyrings->n && r == 0; i++)
        r = add_keys(t, keyrings->p[i], err);
    if (r < 0)
        pl_index_trust_free(t);
    else
        *ret = t;
    return r;
}

void pl_index_trust_free(struct pl_index_trust *t)
{
    if (!t)
        return;
    for (size_t i = 0; i < t->rsa.n; i++)
        pl_pubkey_free(t->rsa.p[i].key);
    for (size_t i = 0; i < t->releases.n; i++)
        pl_map_release(&t->releases.p[i]->r.listed);
    pl_vec_release(&t->rsa);
    pl_vec_release(&t->releases);
    pl_vec_release(&t->notes);
    pl_openpgp_free(t->pgp);
    free(t);
}

/* ---- Release ---- */

/* Its text, and whose signature it bears when there are keys. */
static int open_release(struct pl_index_trust *t, const char *path, struct pl_str doc,
                        struct pl_str *ret_text, struct pl_str *ret_by, struct pl_err *err)
{
    struct pl_str sig = PL_S("");
    pl_auto_buf struct pl_buf beside = { 0 };
    struct pl_err none = { 0 };
    *ret_text = doc;
    *ret_by = PL_S("");
    if (pl_openpgp_is_cleartext(doc)) {
        int r = pl_openpgp_cleartext(doc, t->a, ret_text, &sig, err);
        if (r < 0)
            return r;
    } else if (t->keys && read_file(pl_printf(t->a, "%s.gpg", path).p, &beside, &none) == 0) {
        sig = pl_buf_str(&beside);
    }
    if (!t->keys)
        return 0;
    if (!sig.n)
        return pl_fail(err, PL_E_SIG, "there is no signature beside it (Release.gpg)");
    return pl_openpgp_verify(t->pgp, *ret_text, sig, t->a, ret_by, err);
}

/* A list past its day may hide updates that were made since. */
static void check_date(struct pl_index_trust *t, const struct release *x)
{
    struct tm tm = { 0 };
    if (!x->r.valid_until.n)
        return;
    const char *text = pl_printf(t->a, "%.*s", PL_FMT(x->r.valid_until)).p;
    if (strptime(text, "%a, %d %b %Y %H:%M:%S", &tm) && timegm(&tm) < time(NULL))
        pl_vec_push(&t->notes,
                    pl_printf(t->a, "'%.*s' was valid until %.*s: newer indexes are there",
                              PL_FMT(x->path), PL_FMT(x->r.valid_until)));
}

static int read_release(struct pl_index_trust *t, const char *path, struct pl_str doc,
                        struct pl_err *err)
{
    struct release *x = PL_NEW(t->a, struct release);
    struct pl_str text;
    x->path = pl_printf(t->a, "%s", path);
    int r = open_release(t, path, doc, &text, &x->by, err);
    if (r == 0)
        r = pl_release_read(text, t->a, &x->r, err);
    if (r < 0)
        return pl_wrap(err, "'%s'", path);
    check_date(t, x);
    pl_vec_push(&t->releases, x);
    return 0;
}

int pl_index_trust_release(struct pl_index_trust *t, const char *path, struct pl_err *err)
{
    pl_auto_buf struct pl_buf b = { 0 };
    struct pl_err none = { 0 };
    if (read_file(path, &b, &none) <
        0) /* too long for one; what is wrong is said where it is read */
        return 0;
    struct pl_str doc = pl_buf_str(&b);
    if (!pl_openpgp_is_cleartext(doc) && !pl_release_is(doc))
        return 0;
    int r = read_release(t, path, doc, err);
    return r < 0 ? r : 1;
}

/* Reads "PREFIX" + InRelease or Release when it is there and was not read yet. */
static int try_release(struct pl_index_trust *t, struct pl_str prefix, struct pl_err *err)
{
    static const char *const names[] = { "InRelease", "Release" };
    for (size_t i = 0; i < PL_COUNT(names); i++) {
        struct pl_str path = pl_printf(t->a, "%.*s%s", PL_FMT(prefix), names[i]);
        if (access(path.p, R_OK) != 0)
            continue;
        for (size_t k = 0; k < t->releases.n; k++)
            if (pl_str_eq(t->releases.p[k]->path, path))
                return 1;
        return pl_index_trust_release(t, path.p, err);
    }
    return 0;
}

/* On a mirror: the folders above it, up to "dists/". */
static int seek_above(struct pl_index_trust *t, const char *name, struct pl_err *err)
{
    char *real = realpath(name, NULL);
    struct pl_str up = pl_str_c(real ? real : ""), mark = PL_S("/dists/");
    size_t from = pl_str_find(up, mark, 0), next;
    int r = 0;
    while (from != SIZE_MAX && (next = pl_str_find(up, mark, from + 1)) != SIZE_MAX)
        from = next; /* the last of that name */
    for (int i = 0; i <= PARENTS && r == 0 && from != SIZE_MAX; i++) {
        while (up.n && up.p[up.n - 1] != '/')
            up.n--;
        if (up.n <= from + mark.n)
            break;
        r = try_release(t, up, err);
        up.n--;
    }
    free(real);
    return r;
}

/* The Release of an index, by where it lies: "dists/SUITE/" above it, or the same beginning of the
 * name in apt's own folder of lists, or beside it. */
static int seek_release(struct pl_index_trust *t, const char *name, struct pl_err *err)
{
    struct pl_str path = pl_str_c(name), base = base_of(path);
    struct pl_str dir = pl_str_sub(path, 0, path.n - base.n);
    size_t at = pl_str_find(base, PL_S("_binary-"), 0);
    int r = 0;
    for (size_t i = at == SIZE_MAX ? 0 : at; i-- > 0 && r == 0;)
        if (base.p[i] == '_')
            r = try_release(t, pl_str_sub(path, 0, dir.n + i + 1), err);
    if (r == 0)
        r = try_release(t, dir, err);
    return r == 0 ? seek_above(t, name, err) : r;
}

/* ---- guards ---- */

static int answer_listed(const struct pl_index_trust *t, struct pl_str file, struct pl_str text,
                         struct pl_dist_file *ret)
{
    for (size_t i = 0; i < t->releases.n; i++) {
        const struct release *x = t->releases.p[i];
        if (!pl_release_path(&x->r, file).n && !pl_release_path(&x->r, text).n)
            continue;
        ret->trust = x->by.n ? PL_DIST_SIGNED : PL_DIST_LISTED;
        ret->by = x->by.n ? x->by : x->path;
        return 1;
    }
    return 0;
}

static int guard_apt(struct pl_index_trust *t, const char *name, struct pl_str file,
                     struct pl_str text, struct pl_dist_file *ret, struct pl_err *err)
{
    if (answer_listed(t, file, text, ret))
        return 0;
    int beside = seek_release(t, name, err);
    if (beside < 0)
        return beside;
    if (answer_listed(t, file, text, ret))
        return 0;
    if (beside)
        return pl_fail(err, PL_E_DIGEST,
                       "the Release file above it does not list these bytes: "
                       "changed, or of another day");
    return t->keys ? pl_fail(err, PL_E_SIG,
                             "no InRelease or Release answers for it; name one "
                             "with --index, too")
                   : 0;
}

static int guard_rpm(struct pl_index_trust *t, const char *name, struct pl_str text, bool primary,
                     struct pl_dist_file *ret, struct pl_err *err)
{
    pl_auto_buf struct pl_buf sig = { 0 };
    struct pl_err none = { 0 };
    if (!t->keys)
        return 0;
    if (primary)
        return pl_fail(err, PL_E_SIG, "nothing answers for it; name its repomd.xml instead");
    if (read_file(pl_printf(t->a, "%s.asc", name).p, &sig, &none) < 0)
        return pl_fail(err, PL_E_SIG, "there is no signature beside it (repomd.xml.asc)");
    int r = pl_openpgp_verify(t->pgp, text, pl_buf_str(&sig), t->a, &ret->by, err);
    if (r == 0)
        ret->trust = PL_DIST_SIGNED;
    return r;
}

/* ".SIGN.RSA256.NAME" of the first member. */
struct apk_sig {
    struct pl_str name;
    enum { SHA1, SHA256, SHA512 } md;
    struct pl_buf bytes;
};

static bool sig_name(struct pl_str path, struct apk_sig *s)
{
    static const char *const heads[] = {
        [SHA1] = ".SIGN.RSA.", [SHA256] = ".SIGN.RSA256.", [SHA512] = ".SIGN.RSA512."
    };
    for (int i = SHA1; i <= SHA512; i++)
        if (pl_str_starts(path, pl_str_c(heads[i]))) {
            s->name = pl_str_sub(path, strlen(heads[i]), SIZE_MAX);
            s->md = i;
            return true;
        }
    return false;
}

/* The signature that the archive begins with; false when there is none. */
static bool first_sig(struct pl_index_trust *t, struct pl_str file, struct apk_sig *ret)
{
    struct pl_view mem, *v = &mem;
    const struct pl_codec *codec = NULL;
    struct pl_limits limits;
    struct pl_entry e;
    struct pl_err none = { 0 };
    bool found = false;
    pl_limits_init(&limits);
    struct pl_codec_opts o = {
        .limits = &limits, .out_base = FILE_MAX, .out_ratio = 1000, .limit_name = "layer-out"
    };
    pl_view_mem_init(&mem, file.p, file.n);
    if (pl_codec_probe(&mem, &codec, &none) == 0 && codec && codec->open)
        v = codec->open(&mem, &o);
    struct pl_tar *tar = pl_tar_new(v, &(struct pl_tar_opts){ .limits = &limits });
    if (pl_tar_next(tar, &e, &none) > 0 && e.kind == PL_ENTRY_FILE && e.body &&
        sig_name(e.path, ret)) {
        ret->name = pl_dup(t->a, ret->name);
        found = pl_view_slurp(e.body, &ret->bytes, SIG_MAX, &none) == 0;
    }
    pl_tar_free(tar);
    if (v != &mem)
        pl_view_close(v);
    return found;
}

static bool holds(const struct rsa_key *k, const struct apk_sig *s, struct pl_str bytes)
{
    struct pl_err none = { 0 };
    struct pl_str sig = pl_buf_str(&s->bytes);
    if (s->md == SHA1)
        return pl_pubkey_verify_sha1(k->key, bytes, sig, &none) == 0;
    return pl_pubkey_verify_md(k->key, s->md == SHA256 ? PL_MD_SHA256 : PL_MD_SHA512, bytes, sig,
                               &none) == 0;
}

/* What is signed are the members behind the first, as they lie there. Where they begin nobody says:
 * each place that looks like it is tried, and the one that the signature holds for is it. */
static int guard_apk(struct pl_index_trust *t, struct pl_str *file, struct pl_dist_file *ret,
                     struct pl_err *err)
{
    struct apk_sig s = { .bytes = { .max = SIG_MAX } };
    const struct rsa_key *key = NULL;
    bool found = first_sig(t, *file, &s);
    size_t at = 1;
    for (size_t i = 0; found && i < t->rsa.n; i++)
        if (pl_str_eq(t->rsa.p[i].name, s.name) || t->rsa.n == 1)
            key = &t->rsa.p[i];
    for (int n = 0; key && n < MEMBERS_MAX && ret->trust != PL_DIST_SIGNED; n++, at++) {
        at = pl_str_find(*file, PL_S("\x1f\x8b\x08"), at);
        if (at >= SIG_MEMBER_MAX)
            break;
        if (!holds(key, &s, pl_str_sub(*file, at, SIZE_MAX)))
            continue;
        *file = pl_str_sub(*file, at, SIZE_MAX);
        ret->trust = PL_DIST_SIGNED;
        ret->by = key->name;
    }
    pl_buf_release(&s.bytes);
    if (ret->trust == PL_DIST_SIGNED || !t->keys)
        return 0;
    return pl_fail(err, PL_E_SIG, "%s",
                   !found ? "it bears no signature"
                   : key  ? "its signature does not hold"
                          : "it is signed by none of the given keys");
}

int pl_index_trust_guard(void *arg, const char *name, struct pl_str *file, struct pl_str text,
                         struct pl_dist_file *ret, struct pl_err *err)
{
    struct pl_index_trust *t = arg;
    struct pl_str head = pl_str_trim(pl_str_sub(text, 0, 4096));
    if (!text.n)
        return guard_apk(t, file, ret, err);
    if (!pl_str_starts(head, PL_S("<")))
        return guard_apt(t, name, *file, text, ret, err);
    if (ret->trust == PL_DIST_LISTED) /* by repomd.xml, which passed before */
        return 0;
    bool primary = pl_str_find(head, PL_S("<repomd"), 0) == SIZE_MAX;
    return guard_rpm(t, name, text, primary, ret, err);
}

/* ---- what is said of it ---- */

static void say(struct pl_buf *out, const char *name, const char *what, struct pl_str by)
{
    pl_buf_puts(out, "note: ");
    pl_esc(out, PL_ESC_TERM, pl_str_c(name));
    pl_buf_puts(out, ": ");
    pl_buf_puts(out, what);
    pl_esc(out, PL_ESC_TERM, by);
    pl_buf_putc(out, '\n');
}

void pl_index_trust_tell(const struct pl_index_trust *t, const struct pl_dist *x,
                         struct pl_buf *out)
{
    static const char *const what[] = {
        [PL_DIST_ALONE] = "its signature was not checked: give --keyring (and its list, if any)",
        [PL_DIST_LISTED] = "as listed, but the list's signature was not checked (no --keyring): ",
        [PL_DIST_SIGNED] = "signed by ",
    };
    for (size_t i = 0; i < t->notes.n; i++) {
        pl_buf_puts(out, "note: ");
        pl_esc(out, PL_ESC_TERM, t->notes.p[i]);
        pl_buf_putc(out, '\n');
    }
    for (size_t i = 0; i < x->files.n; i++)
        say(out, x->files.p[i].name, what[x->files.p[i].trust], x->files.p[i].by);
}
