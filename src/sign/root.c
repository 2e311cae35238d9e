/* Reading a trusted root. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "sign/root.h"

#include "base/limits.h"
#include "sign/pb.h"

#define ROOT_MAX PL_MIB(16)
#define ITEMS_MAX 256u
#define CHAIN_MAX 10u

static int read_period(const struct pl_json *o, struct pl_period *ret, struct pl_err *err)
{
    const struct pl_json *v = NULL;
    int r = pl_pb_object(o, "validFor", &v, err);
    if (r < 0 || !v)
        return r;
    r = pl_pb_time(v, "start", &ret->start, &ret->has_start, err);
    return r < 0 ? r : pl_pb_time(v, "end", &ret->end, &ret->has_end, err);
}

static void newer(struct pl_root *root, const struct pl_period *p)
{
    if (p->has_start && p->start > root->newest_ns)
        root->newest_ns = p->start;
}

/* "https://host:port/path": host with and without port; empty when it is no URL. */
static void read_host(struct pl_log *log)
{
    struct pl_str s = log->base_url;
    size_t at = pl_str_find(s, PL_S("://"), 0);
    if (at != SIZE_MAX)
        s = pl_str_sub(s, at + 3, s.n);
    size_t slash = pl_str_find(s, PL_S("/"), 0);
    log->hostport = pl_str_sub(s, 0, slash == SIZE_MAX ? s.n : slash);
    size_t colon = pl_str_find(log->hostport, PL_S(":"), 0);
    bool v6 = pl_str_starts(log->hostport, PL_S("["));
    log->host = v6 || colon == SIZE_MAX ? log->hostport : pl_str_sub(log->hostport, 0, colon);
}

static int read_key(struct pl_root *root, const struct pl_json *o, struct pl_log *log,
                    struct pl_err *err)
{
    struct pl_str raw, details = { 0 };
    struct pl_err bad = { 0 };
    int r = pl_pb_bytes(o, "rawBytes", &root->a, &raw, err);
    if (r == 0)
        r = pl_pb_str(o, "keyDetails", &details, err);
    if (r == 0)
        r = read_period(o, &log->valid, err);
    if (r < 0)
        return r;
    newer(root, &log->valid);
    bool pkcs1 = pl_str_starts(details, PL_S("PKCS1_"));
    log->md = pl_str_ends(details, PL_S("SHA_384"))   ? PL_MD_SHA384
              : pl_str_ends(details, PL_S("SHA_512")) ? PL_MD_SHA512
                                                      : PL_MD_SHA256;
    if (!log->valid.has_start)
        log->why = "the trusted root does not say from when on it is valid";
    else if ((pkcs1 ? pl_pubkey_pkcs1(raw, &log->key, &bad)
                    : pl_pubkey_spki(raw, &log->key, &bad)) < 0)
        log->why = pl_dup(&root->a, pl_str_c(bad.msg)).p;
    return 0;
}

static int read_log(struct pl_root *root, const struct pl_json *o, struct pl_log *log,
                    struct pl_err *err)
{
    const struct pl_json *key = NULL, *id = NULL;
    int r = pl_pb_str(o, "baseUrl", &log->base_url, err);
    if (r == 0)
        r = pl_pb_object(o, "publicKey", &key, err);
    if (r == 0 && !key)
        return pl_fail(err, PL_E_FORMAT, "publicKey: not there");
    if (r == 0)
        r = read_key(root, key, log, err);
    if (r == 0)
        r = pl_pb_object(o, "logId", &id, err);
    if (r == 0 && id)
        r = pl_pb_bytes(id, "keyId", &root->a, &log->id, err);
    if (r < 0)
        return r;
    log->base_url = pl_dup(&root->a, log->base_url);
    read_host(log);
    if (!log->id.n && log->key) {
        uint8_t hash[32];
        pl_pubkey_id(log->key, hash);
        log->id = pl_dup(&root->a, pl_str_n(hash, sizeof hash));
    }
    return 0;
}

static int read_logs(struct pl_root *root, const struct pl_json *o, const char *name,
                     struct pl_log **ret, size_t *ret_n, struct pl_err *err)
{
    const struct pl_json *list = NULL;
    int r = pl_pb_array(o, name, ITEMS_MAX, &list, err);
    size_t n = pl_json_len(list);
    *ret = pl_alloc_n(&root->a, n, sizeof **ret);
    for (size_t i = 0; r == 0 && i < n; i++) {
        *ret_n = i + 1;
        r = read_log(root, pl_json_at(list, i), &(*ret)[i], err);
        if (r < 0)
            pl_wrap(err, "%s %zu", name, i);
    }
    return r;
}

static int read_authority(struct pl_root *root, const struct pl_json *o, struct pl_authority *ca,
                          struct pl_err *err)
{
    const struct pl_json *chain = NULL, *list = NULL;
    int r = pl_pb_object(o, "certChain", &chain, err);
    if (r == 0 && chain)
        r = pl_pb_array(chain, "certificates", CHAIN_MAX, &list, err);
    if (r < 0)
        return r;
    size_t n = pl_json_len(list);
    if (n == 0)
        return pl_fail(err, PL_E_FORMAT, "certChain: no certificates");
    ca->certs = pl_alloc_n(&root->a, n, sizeof *ca->certs);
    for (size_t i = 0; r == 0 && i < n; i++) {
        struct pl_str raw;
        r = pl_pb_bytes(pl_json_at(list, i), "rawBytes", &root->a, &raw, err);
        if (r == 0)
            r = pl_cert_parse(raw, &ca->certs[i], err);
        if (r == 0)
            ca->n_certs = i + 1;
    }
    if (r == 0)
        r = read_period(o, &ca->valid, err);
    newer(root, &ca->valid);
    return r;
}

static int read_authorities(struct pl_root *root, const struct pl_json *o, const char *name,
                            struct pl_authority **ret, size_t *ret_n, struct pl_err *err)
{
    const struct pl_json *list = NULL;
    int r = pl_pb_array(o, name, ITEMS_MAX, &list, err);
    size_t n = pl_json_len(list);
    *ret = pl_alloc_n(&root->a, n, sizeof **ret);
    for (size_t i = 0; r == 0 && i < n; i++) {
        *ret_n = i + 1;
        r = read_authority(root, pl_json_at(list, i), &(*ret)[i], err);
        if (r < 0)
            pl_wrap(err, "%s %zu", name, i);
    }
    return r;
}

static int check_type(const struct pl_json *o, struct pl_err *err)
{
    static const char *const types[] = {
        "application/vnd.dev.sigstore.trustedroot+json;version=0.1",
        "application/vnd.dev.sigstore.trustedroot+json;version=0.2",
        "application/vnd.dev.sigstore.trustedroot.v0.2+json",
    };
    struct pl_str type = { 0 };
    int r = pl_pb_str(o, "mediaType", &type, err);
    if (r < 0)
        return r;
    for (size_t i = 0; i < sizeof types / sizeof *types; i++)
        if (pl_str_is(type, types[i]))
            return 0;
    return pl_fail(err, PL_E_FORMAT, "not the media type of a trusted root");
}

static int read_root(struct pl_root *root, const struct pl_json *o, struct pl_err *err)
{
    int r = check_type(o, err);
    root->newest_ns = INT64_MIN;
    if (r == 0)
        r = read_logs(root, o, "tlogs", &root->tlogs, &root->n_tlogs, err);
    if (r == 0)
        r = read_logs(root, o, "ctlogs", &root->ctlogs, &root->n_ctlogs, err);
    if (r == 0)
        r = read_authorities(root, o, "certificateAuthorities", &root->cas, &root->n_cas, err);
    if (r == 0)
        r = read_authorities(root, o, "timestampAuthorities", &root->tsas, &root->n_tsas, err);
    return r;
}

int pl_root_parse(struct pl_str text, struct pl_root **ret, struct pl_err *err)
{
    struct pl_limits lim;
    struct pl_json *o = NULL;
    pl_limits_init(&lim);
    if (text.n > ROOT_MAX)
        return pl_fail(err, PL_E_LIMIT, "limit trusted-root: more than 16 MiB");
    int r = pl_json_parse(text, (unsigned)lim.depth, &o, err);
    if (r < 0)
        return r;
    struct pl_root *root = calloc(1, sizeof *root);
    if (!root)
        pl_oom();
    r = read_root(root, o, err);
    pl_json_free(o);
    if (r < 0) {
        pl_root_free(root);
        return r;
    }
    *ret = root;
    return 0;
}

static void free_authorities(struct pl_authority *list, size_t n)
{
    for (size_t i = 0; i < n; i++)
        for (size_t k = 0; k < list[i].n_certs; k++)
            pl_cert_free(list[i].certs[k]);
}

void pl_root_free(struct pl_root *r)
{
    if (!r)
        return;
    for (size_t i = 0; i < r->n_tlogs; i++)
        pl_pubkey_free(r->tlogs[i].key);
    for (size_t i = 0; i < r->n_ctlogs; i++)
        pl_pubkey_free(r->ctlogs[i].key);
    free_authorities(r->cas, r->n_cas);
    free_authorities(r->tsas, r->n_tsas);
    pl_arena_release(&r->a);
    free(r);
}
