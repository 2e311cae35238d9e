/* Certificates by GnuTLS, the library under libmicrohttpd. A handshake may still use the one that a
 * reload has replaced, so what is replaced is kept for a while. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "serve/tls.h"

#include <pthread.h>
#include <stdlib.h>
#include <time.h>

#include "base/buf.h"
#include "base/cleanup.h"
#include "base/clock.h"
#include "io/file.h"
#include "serve/tls_late.h"

#define CHAIN_MAX 16u
#define FILE_MAX ((size_t)1 << 20)
/* longer than any handshake may take (http.c) */
#define KEEP_S 120

/* One certificate with its key, and who may ask. */
struct set {
    struct set *next; /* older ones */
    gnutls_pcert_st chain[CHAIN_MAX];
    unsigned n;
    gnutls_privkey_t key;
    gnutls_x509_trust_list_t trust;
    int64_t expires_s, replaced_s;
};

struct pl_tls {
    struct pl_gnutls g;
    char *cert, *key, *ca, *ca_text;
    pthread_mutex_t lock;
    struct set *now; /* the newest first */
};

static void set_free(const struct pl_gnutls *g, struct set *s)
{
    if (!s)
        return;
    for (unsigned i = 0; i < s->n; i++)
        g->gnutls_pcert_deinit(&s->chain[i]);
    if (s->key)
        g->gnutls_privkey_deinit(s->key);
    if (s->trust)
        g->gnutls_x509_trust_list_deinit(s->trust, 1);
    free(s);
}

static gnutls_datum_t datum(const struct pl_buf *b)
{
    return (gnutls_datum_t){ (unsigned char *)b->p, (unsigned)b->n };
}

/* Also the digest of the first certificate's key, to compare with the private one. */
static int read_chain(struct pl_tls *t, struct set *s, unsigned char *id, size_t *id_n,
                      struct pl_err *err)
{
    const struct pl_gnutls *g = &t->g;
    pl_auto_buf struct pl_buf text = { .max = FILE_MAX };
    gnutls_x509_crt_t crt[CHAIN_MAX];
    unsigned n = CHAIN_MAX;
    if (pl_file_read(t->cert, &text, err) < 0)
        return PL_E_USAGE;
    gnutls_datum_t d = datum(&text);
    int q = g->gnutls_x509_crt_list_import(crt, &n, &d, GNUTLS_X509_FMT_PEM,
                                           GNUTLS_X509_CRT_LIST_IMPORT_FAIL_IF_EXCEED);
    if (q < 0 || n == 0)
        return pl_fail(err, PL_E_USAGE, "'%s' holds no certificate: %s", t->cert,
                       g->gnutls_strerror(q));
    s->expires_s = g->gnutls_x509_crt_get_expiration_time(crt[0]);
    q = g->gnutls_x509_crt_get_key_id(crt[0], 0, id, id_n);
    for (unsigned i = 0; i < n; i++) {
        if (q >= 0)
            q = g->gnutls_pcert_import_x509(&s->chain[i], crt[i], 0);
        s->n += q >= 0;
        g->gnutls_x509_crt_deinit(crt[i]);
    }
    return q < 0 ? pl_fail(err, PL_E_USAGE, "certificate '%s': %s", t->cert, g->gnutls_strerror(q))
                 : 0;
}

static int read_key(struct pl_tls *t, struct set *s, const unsigned char *id, size_t id_n,
                    struct pl_err *err)
{
    const struct pl_gnutls *g = &t->g;
    pl_auto_buf struct pl_buf text = { .max = FILE_MAX };
    gnutls_x509_privkey_t key = NULL;
    unsigned char own[64];
    size_t own_n = sizeof own;
    if (pl_file_read(t->key, &text, err) < 0)
        return PL_E_USAGE;
    gnutls_datum_t d = datum(&text);
    int q = g->gnutls_x509_privkey_init(&key);
    if (q >= 0)
        q = g->gnutls_x509_privkey_import2(key, &d, GNUTLS_X509_FMT_PEM, NULL, GNUTLS_PKCS_PLAIN);
    explicit_bzero(text.p, text.n);
    if (q >= 0)
        q = g->gnutls_x509_privkey_get_key_id(key, 0, own, &own_n);
    bool same = q >= 0 && own_n == id_n && memcmp(own, id, id_n) == 0;
    if (same)
        q = g->gnutls_privkey_init(&s->key);
    if (same && q >= 0)
        q = g->gnutls_privkey_import_x509(s->key, key, GNUTLS_PRIVKEY_IMPORT_COPY);
    if (key)
        g->gnutls_x509_privkey_deinit(key);
    if (q < 0)
        return pl_fail(err, PL_E_USAGE, "key '%s': %s", t->key, g->gnutls_strerror(q));
    return same ? 0
                : pl_fail(err, PL_E_USAGE, "key '%s' does not belong to certificate '%s'", t->key,
                          t->cert);
}

static int read_trust(struct pl_tls *t, struct set *s, struct pl_err *err)
{
    const struct pl_gnutls *g = &t->g;
    pl_auto_buf struct pl_buf text = { .max = FILE_MAX };
    if (!t->ca)
        return 0;
    if (pl_file_read(t->ca, &text, err) < 0)
        return PL_E_USAGE;
    gnutls_datum_t d = datum(&text);
    int q = g->gnutls_x509_trust_list_init(&s->trust, 0);
    if (q >= 0)
        q = g->gnutls_x509_trust_list_add_trust_mem(s->trust, &d, NULL, GNUTLS_X509_FMT_PEM, 0, 0);
    if (q <= 0)
        return pl_fail(err, PL_E_USAGE, "'%s' holds no certificate", t->ca);
    if (!t->ca_text)
        t->ca_text = strndup(text.p, text.n);
    return 0;
}

static void let_go(struct pl_tls *t)
{
    int64_t now = pl_clock_ms() / 1000;
    struct set **p = &t->now->next;
    while (*p) {
        struct set *s = *p;
        if (now - s->replaced_s < KEEP_S) {
            p = &s->next;
            continue;
        }
        *p = s->next;
        set_free(&t->g, s);
    }
}

int pl_tls_reload(struct pl_tls *t, struct pl_err *err)
{
    struct set *s = calloc(1, sizeof *s);
    unsigned char id[64];
    size_t id_n = sizeof id;
    if (!s)
        pl_oom();
    int r = read_chain(t, s, id, &id_n, err);
    if (r == 0)
        r = read_key(t, s, id, id_n, err);
    if (r == 0)
        r = read_trust(t, s, err);
    if (r < 0) {
        set_free(&t->g, s);
        return r;
    }
    pthread_mutex_lock(&t->lock);
    if (t->now)
        t->now->replaced_s = pl_clock_ms() / 1000;
    s->next = t->now;
    t->now = s;
    let_go(t);
    pthread_mutex_unlock(&t->lock);
    return 0;
}

static char *copy(const char *s)
{
    char *p = s ? strdup(s) : NULL;
    if (s && !p)
        pl_oom();
    return p;
}

int pl_tls_new(const char *cert, const char *key, const char *client_ca, struct pl_tls **ret,
               struct pl_err *err)
{
    struct pl_tls *t = calloc(1, sizeof *t);
    if (!t)
        pl_oom();
    pthread_mutex_init(&t->lock, NULL);
    t->cert = copy(cert);
    t->key = copy(key);
    t->ca = copy(client_ca);
    int r = pl_gnutls_load(&t->g, err);
    if (r == 0)
        r = pl_tls_reload(t, err);
    if (r < 0) {
        pl_tls_free(t);
        return r;
    }
    *ret = t;
    return 0;
}

int64_t pl_tls_expires_s(struct pl_tls *t)
{
    pthread_mutex_lock(&t->lock);
    int64_t s = t->now->expires_s;
    pthread_mutex_unlock(&t->lock);
    return s;
}

const char *pl_tls_client_ca(const struct pl_tls *t)
{
    return t->ca_text;
}

static bool chain_ok(struct pl_tls *t, const gnutls_datum_t *list, unsigned n)
{
    const struct pl_gnutls *g = &t->g;
    gnutls_x509_crt_t crt[CHAIN_MAX];
    gnutls_typed_vdata_st purpose = { .type = GNUTLS_DT_KEY_PURPOSE_OID,
                                      .data = (unsigned char *)GNUTLS_KP_TLS_WWW_CLIENT };
    unsigned made = 0, status = 1;
    bool good = n <= CHAIN_MAX;
    while (good && made < n && g->gnutls_x509_crt_init(&crt[made]) >= 0) {
        good = g->gnutls_x509_crt_import(crt[made], &list[made], GNUTLS_X509_FMT_DER) >= 0;
        made++;
    }
    pthread_mutex_lock(&t->lock);
    good = good && made == n &&
           g->gnutls_x509_trust_list_verify_crt2(t->now->trust, crt, n, &purpose, 1, 0, &status,
                                                 NULL) >= 0 &&
           status == 0;
    pthread_mutex_unlock(&t->lock);
    while (made)
        g->gnutls_x509_crt_deinit(crt[--made]);
    return good;
}

bool pl_tls_client_ok(struct pl_tls *t, void *session)
{
    unsigned n = 0;
    if (!t->ca)
        return true;
    const gnutls_datum_t *list = session ? t->g.gnutls_certificate_get_peers(session, &n) : NULL;
    return list && n && chain_ok(t, list, n);
}

/* GnuTLS hands its callback no argument of ours: set once, by the one server of a process. */
static struct pl_tls *in_use;

void pl_tls_use(struct pl_tls *t)
{
    in_use = t;
}

static int choose(gnutls_session_t session, const gnutls_datum_t *req_ca_rdn, int nreqs,
                  const gnutls_pk_algorithm_t *pk_algos, int pk_algos_length,
                  gnutls_pcert_st **pcert, unsigned *pcert_length, gnutls_privkey_t *privkey)
{
    (void)session, (void)req_ca_rdn, (void)nreqs, (void)pk_algos, (void)pk_algos_length;
    pthread_mutex_lock(&in_use->lock);
    *pcert = in_use->now->chain;
    *pcert_length = in_use->now->n;
    *privkey = in_use->now->key;
    pthread_mutex_unlock(&in_use->lock);
    return 0;
}

void *pl_tls_chooser(void)
{
    return __extension__(void *) choose;
}

void pl_tls_free(struct pl_tls *t)
{
    if (!t)
        return;
    while (t->now) {
        struct set *s = t->now;
        t->now = s->next;
        set_free(&t->g, s);
    }
    if (in_use == t)
        in_use = NULL;
    pthread_mutex_destroy(&t->lock);
    free(t->cert);
    free(t->key);
    free(t->ca);
    free(t->ca_text);
    free(t);
}
