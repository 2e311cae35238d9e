/* Keys of PKCS#11 tokens, by p11-kit, which is loaded when a key is asked for. PKCS#11 v3.0; RFC
 * 7512 (URIs). */
/* SPDX-License-Identifier: Apache-2.0 */
#include <dlfcn.h>
#include <stdlib.h>

#include <p11-kit/p11-kit.h>
#include <p11-kit/uri.h>

#include "base/cleanup.h"
#include "sign/pkcs11_int.h"

#define LIBRARY "libp11-kit.so.0"
#define SLOTS_MAX 256u
#define MODULES_MAX 64u

#define FUNCTIONS(X)                        \
    X(p11_kit_modules_load_and_initialize)  \
    X(p11_kit_modules_finalize_and_release) \
    X(p11_kit_module_load)                  \
    X(p11_kit_module_initialize)            \
    X(p11_kit_module_finalize)              \
    X(p11_kit_module_release)               \
    X(p11_kit_uri_new)                      \
    X(p11_kit_uri_parse)                    \
    X(p11_kit_uri_free)                     \
    X(p11_kit_uri_match_token_info)         \
    X(p11_kit_uri_get_attribute)            \
    X(p11_kit_uri_get_pin_value)            \
    X(p11_kit_uri_get_slot_id)              \
    X(p11_kit_uri_get_module_path)          \
    X(p11_kit_uri_any_unrecognized)

struct kit {
    void *library;
#define X(f) __typeof__(&(f)) f;
    FUNCTIONS(X)
#undef X
};

/* A token that is open, and the key in it. */
struct pl_token_key {
    struct kit kit;
    P11KitUri *uri;
    CK_FUNCTION_LIST **all; /* every module; or NULL and `one` */
    CK_FUNCTION_LIST *one;
    CK_FUNCTION_LIST *m; /* the module of the session */
    CK_SESSION_HANDLE session;
    bool open;
    CK_OBJECT_HANDLE private;
};

static int load(struct kit *k, struct pl_err *err)
{
    static const char *const names[] = {
#define X(f) #f,
        FUNCTIONS(X)
#undef X
    };
    void *at[PL_COUNT(names)];
    k->library = dlopen(LIBRARY, RTLD_NOW | RTLD_LOCAL);
    if (!k->library)
        return pl_fail(err, PL_E_UNSUP, "cannot load " LIBRARY ": %s", dlerror());
    for (size_t i = 0; i < PL_COUNT(names); i++) {
        at[i] = dlsym(k->library, names[i]);
        if (!at[i])
            return pl_fail(err, PL_E_UNSUP, LIBRARY " has no %s", names[i]);
    }
    _Static_assert(sizeof(struct kit) == sizeof at + sizeof(void *), "nothing but pointers");
    memcpy((char *)k + sizeof(void *), at, sizeof at);
    return 0;
}

void pl_token_key_free(void *ctx)
{
    struct pl_token_key *t = ctx;
    struct kit *k = &t->kit;
    if (t->open)
        t->m->C_CloseSession(t->session);
    if (t->one) {
        k->p11_kit_module_finalize(t->one);
        k->p11_kit_module_release(t->one);
    }
    if (t->all)
        k->p11_kit_modules_finalize_and_release(t->all);
    if (t->uri)
        k->p11_kit_uri_free(t->uri);
    free(t); /* the library stays: modules may have started threads of their own */
}

static int begin(struct pl_token_key *t, const char *uri, struct pl_err *err)
{
    struct kit *k = &t->kit;
    int r = load(k, err);
    if (r < 0)
        return r;
    t->uri = k->p11_kit_uri_new();
    if (!t->uri)
        pl_oom();
    if (k->p11_kit_uri_parse(uri, P11_KIT_URI_FOR_ANY, t->uri) != P11_KIT_URI_OK ||
        k->p11_kit_uri_any_unrecognized(t->uri))
        return pl_fail(err, PL_E_USAGE, "this is no 'pkcs11:' URI that is understood (RFC 7512)");
    const char *path = k->p11_kit_uri_get_module_path(t->uri);
    if (path) {
        t->one = k->p11_kit_module_load(path, 0);
        if (t->one && k->p11_kit_module_initialize(t->one) != CKR_OK) {
            k->p11_kit_module_release(t->one);
            t->one = NULL;
        }
    } else {
        t->all = k->p11_kit_modules_load_and_initialize(0);
    }
    return t->one || t->all ? 0 : pl_fail(err, PL_E_USAGE, "no PKCS#11 module can be loaded");
}

/* ---- finding ---- */

struct wanted {
    CK_OBJECT_CLASS class;
    CK_ATTRIBUTE attr[3];
    CK_ULONG n;
};

static void want(const struct pl_token_key *t, CK_OBJECT_CLASS class, struct wanted *w)
{
    static const CK_ATTRIBUTE_TYPE types[] = { CKA_ID, CKA_LABEL };
    *w = (struct wanted){ .class = class, .n = 1 };
    w->attr[0] = (CK_ATTRIBUTE){ CKA_CLASS, &w->class, sizeof w->class };
    for (size_t i = 0; i < PL_COUNT(types); i++) {
        CK_ATTRIBUTE *a = t->kit.p11_kit_uri_get_attribute(t->uri, types[i]);
        if (a)
            w->attr[w->n++] = *a;
    }
}

/* The objects of that kind, at most two. */
static CK_ULONG find(const struct pl_token_key *t, CK_OBJECT_CLASS class, CK_OBJECT_HANDLE out[2])
{
    struct wanted w;
    CK_ULONG n = 0;
    want(t, class, &w);
    if (t->m->C_FindObjectsInit(t->session, w.attr, w.n) != CKR_OK)
        return 0;
    if (t->m->C_FindObjects(t->session, out, 2, &n) != CKR_OK)
        n = 0;
    t->m->C_FindObjectsFinal(t->session);
    return n;
}

static bool token_fits(const struct pl_token_key *t, CK_FUNCTION_LIST *m, CK_SLOT_ID slot)
{
    CK_TOKEN_INFO info;
    CK_SLOT_ID wanted = t->kit.p11_kit_uri_get_slot_id(t->uri);
    return m->C_GetTokenInfo(slot, &info) == CKR_OK &&
           (wanted == (CK_SLOT_ID)-1 || wanted == slot) &&
           t->kit.p11_kit_uri_match_token_info(t->uri, &info);
}

/* Opens the first token of the module that has the key's public half. */
static bool open_in(struct pl_token_key *t, CK_FUNCTION_LIST *m, CK_OBJECT_HANDLE *ret_public)
{
    CK_SLOT_ID slots[SLOTS_MAX];
    CK_ULONG n = SLOTS_MAX;
    CK_OBJECT_HANDLE found[2];
    if (m->C_GetSlotList(CK_TRUE, slots, &n) != CKR_OK)
        return false;
    for (CK_ULONG i = 0; i < n; i++) {
        if (!token_fits(t, m, slots[i]) ||
            m->C_OpenSession(slots[i], CKF_SERIAL_SESSION, NULL, NULL, &t->session) != CKR_OK)
            continue;
        t->m = m;
        t->open = true;
        if (find(t, CKO_PUBLIC_KEY, found) == 1) {
            *ret_public = found[0];
            return true;
        }
        m->C_CloseSession(t->session);
        t->open = false;
    }
    return false;
}

static int open_token(struct pl_token_key *t, CK_OBJECT_HANDLE *ret_public, struct pl_err *err)
{
    if (t->one && open_in(t, t->one, ret_public))
        return 0;
    for (size_t i = 0; t->all && t->all[i] && i < MODULES_MAX; i++)
        if (open_in(t, t->all[i], ret_public))
            return 0;
    return pl_fail(err, PL_E_USAGE, "no token has the public half of this key, and only one");
}

static int login(struct pl_token_key *t, pl_pin_fn *ask, struct pl_err *err)
{
    struct pl_buf pin = { .max = 4096 };
    const char *given = t->kit.p11_kit_uri_get_pin_value(t->uri);
    int r = given ? pl_buf_add(&pin, given, strlen(given), err) : ask(&pin, err);
    if (r == 0) {
        CK_RV rv = t->m->C_Login(t->session, CKU_USER, (unsigned char *)pin.p, pin.n);
        if (rv == CKR_PIN_INCORRECT || rv == CKR_PIN_LEN_RANGE)
            r = pl_fail(err, PL_E_USAGE, "the token refuses the PIN");
        else if (rv != CKR_OK && rv != CKR_USER_ALREADY_LOGGED_IN)
            r = pl_fail(err, PL_E_USAGE, "the token refuses to log in (0x%lx)", rv);
    }
    pl_buf_wipe(&pin);
    return r;
}

/* ---- reading the public half ---- */

static int attribute(const struct pl_token_key *t, CK_OBJECT_HANDLE o, CK_ATTRIBUTE_TYPE type,
                     struct pl_buf *b, struct pl_err *err)
{
    CK_ATTRIBUTE a = { type, NULL, 0 };
    b->max = 8192;
    if (t->m->C_GetAttributeValue(t->session, o, &a, 1) != CKR_OK || a.ulValueLen > b->max)
        return pl_fail(err, PL_E_USAGE, "the token does not tell what the key is");
    a.pValue = pl_buf_room(b, a.ulValueLen + 1, err);
    if (!a.pValue || t->m->C_GetAttributeValue(t->session, o, &a, 1) != CKR_OK)
        return pl_fail(err, PL_E_USAGE, "the token does not tell what the key is");
    b->n = a.ulValueLen;
    return 0;
}

static int read_public(const struct pl_token_key *t, CK_OBJECT_HANDLE o, struct pl_pubkey **ret,
                       struct pl_err *err)
{
    pl_auto_buf struct pl_buf x = { 0 }, y = { 0 };
    CK_KEY_TYPE type = 0;
    CK_ATTRIBUTE a = { CKA_KEY_TYPE, &type, sizeof type };
    if (t->m->C_GetAttributeValue(t->session, o, &a, 1) != CKR_OK)
        return pl_fail(err, PL_E_USAGE, "the token does not tell what the key is");
    bool rsa = type == CKK_RSA;
    if (!rsa && type != CKK_EC && type != CKK_EC_EDWARDS)
        return pl_fail(err, PL_E_UNSUP, "keys of PKCS#11 type 0x%lx are not allowed", type);
    int r = attribute(t, o, rsa ? CKA_MODULUS : CKA_EC_PARAMS, &x, err);
    if (r == 0)
        r = attribute(t, o, rsa ? CKA_PUBLIC_EXPONENT : CKA_EC_POINT, &y, err);
    if (r < 0)
        return r;
    return rsa ? pl_token_rsa(pl_buf_str(&x), pl_buf_str(&y), ret, err)
               : pl_token_ec(pl_buf_str(&x), pl_buf_str(&y), type == CKK_EC_EDWARDS, ret, err);
}

/* ---- signing ---- */

static int sign(void *ctx, const struct pl_pubkey *pub, struct pl_str bytes, struct pl_buf *sig,
                struct pl_err *err)
{
    struct pl_token_key *t = ctx;
    enum pl_key_type type = pl_pubkey_type(pub);
    pl_auto_buf struct pl_buf in = { 0 };
    uint8_t out[1024];
    CK_ULONG n = sizeof out;
    CK_MECHANISM how = { type == PL_KEY_ED25519 ? CKM_EDDSA
                         : type == PL_KEY_RSA   ? CKM_RSA_PKCS
                                                : CKM_ECDSA,
                         NULL, 0 };
    pl_token_input(type, bytes, &in);
    CK_RV rv = t->m->C_SignInit(t->session, &how, t->private);
    if (rv == CKR_OK)
        rv = t->m->C_Sign(t->session, (unsigned char *)in.p, in.n, out, &n);
    if (rv != CKR_OK)
        return pl_fail(err, PL_E_SIG, "the token does not sign (0x%lx)", rv);
    return pl_token_output(type, pl_str_n(out, n), sig, err);
}

static const struct pl_signer signer = { .sign = sign, .free = pl_token_key_free };

static int open_key(const char *uri, struct pl_token_key **ret, struct pl_pubkey **ret_pub,
                    struct pl_err *err)
{
    CK_OBJECT_HANDLE public = CK_INVALID_HANDLE;
    struct pl_token_key *t = calloc(1, sizeof *t);
    if (!t)
        pl_oom();
    int r = begin(t, uri, err);
    if (r == 0)
        r = open_token(t, &public, err);
    if (r == 0)
        r = read_public(t, public, ret_pub, err);
    if (r < 0)
        pl_token_key_free(t);
    else
        *ret = t;
    return r;
}

int pl_pubkey_pkcs11(const char *uri, struct pl_pubkey **ret, struct pl_err *err)
{
    struct pl_token_key *t;
    int r = open_key(uri, &t, ret, err);
    if (r == 0)
        pl_token_key_free(t);
    return r;
}

int pl_privkey_pkcs11(const char *uri, pl_pin_fn *pin, struct pl_privkey **ret, struct pl_err *err)
{
    struct pl_token_key *t;
    struct pl_pubkey *pub;
    CK_OBJECT_HANDLE found[2];
    int r = open_key(uri, &t, &pub, err);
    if (r < 0)
        return r;
    r = login(t, pin, err);
    if (r == 0 && find(t, CKO_PRIVATE_KEY, found) != 1)
        r = pl_fail(err, PL_E_USAGE, "the token has no private key of this name, or several");
    if (r < 0) {
        pl_pubkey_free(pub);
        pl_token_key_free(t);
        return r;
    }
    t->private = found[0];
    *ret = pl_privkey_outside(pub, &signer, t);
    return 0;
}
