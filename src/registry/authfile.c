/* Auth files: credHelpers, auths, credsStore. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "registry/authfile.h"

#include "base/base64.h"
#include "fmt/json.h"

#define SECRET_MAX 65536u

bool pl_secret_sane(struct pl_str s)
{
    for (size_t i = 0; i < s.n; i++)
        if ((unsigned char)s.p[i] < 32 || s.p[i] == 127)
            return false;
    return s.n <= SECRET_MAX;
}

bool pl_helper_name(struct pl_str s)
{
    for (size_t i = 0; i < s.n; i++) {
        char c = s.p[i];
        if (!(c >= 'a' && c <= 'z') && !(c >= 'A' && c <= 'Z') && !(c >= '0' && c <= '9') &&
            c != '-' && c != '_' && c != '.')
            return false;
    }
    return s.n > 0 && s.n <= 64;
}

static bool is_hub(struct pl_str host)
{
    return pl_str_is(host, "docker.io") || pl_str_is(host, "index.docker.io");
}

/* "https://host/v1/" and "host/path/" without what is not part of the name. */
static struct pl_str key_name(struct pl_str key)
{
    if (pl_str_starts(key, PL_S("https://")))
        key = pl_str_sub(key, 8, key.n);
    else if (pl_str_starts(key, PL_S("http://")))
        key = pl_str_sub(key, 7, key.n);
    if (pl_str_ends(key, PL_S("/")))
        key.n--;
    if (pl_str_ends(key, PL_S("/v1")) || pl_str_ends(key, PL_S("/v2")))
        key.n -= 3;
    return key;
}

/* Length of the match of `key`: 0 none, host only 1, with n bytes of path n + 1. */
static size_t match(struct pl_str key, struct pl_str host, struct pl_str repo)
{
    struct pl_str name = key_name(key);
    size_t slash = pl_str_find(name, PL_S("/"), 0);
    struct pl_str of = pl_str_sub(name, 0, slash);
    if (!pl_str_ieq(of, host) && !(is_hub(of) && is_hub(host)))
        return 0;
    struct pl_str path = slash == SIZE_MAX ? PL_S("") : pl_str_sub(name, slash + 1, name.n);
    if (!path.n)
        return 1;
    if (!pl_str_starts(repo, path) || (repo.n > path.n && repo.p[path.n] != '/'))
        return 0;
    return path.n + 1;
}

struct search {
    struct pl_str host, repo;
    size_t best;
    const struct pl_json *value;
};

static int look(void *arg, struct pl_str key, const struct pl_json *value)
{
    struct search *s = arg;
    size_t n = match(key, s->host, s->repo);
    if (n > s->best) {
        s->best = n;
        s->value = value;
    }
    return 0;
}

static int user_password(struct pl_str text, struct pl_arena *a, struct pl_credential *ret,
                         struct pl_err *err)
{
    char *plain = pl_alloc(a, pl_base64_room(text.n) + 1);
    size_t n = 0;
    if (pl_base64_decode(text, PL_BASE64_LENIENT, plain, &n, NULL) < 0)
        return pl_fail(err, PL_E_FORMAT, "'auth' is not base 64");
    while (n && plain[n - 1] == 0) /* some writers pad with NUL */
        n--;
    struct pl_str s = pl_str_n(plain, n);
    size_t colon = pl_str_find(s, PL_S(":"), 0);
    if (colon == SIZE_MAX || colon == 0 || !pl_secret_sane(s))
        return pl_fail(err, PL_E_FORMAT, "'auth' is not user:password");
    *ret = (struct pl_credential){ .set = true,
                                   .user = pl_str_sub(s, 0, colon),
                                   .secret = pl_str_sub(s, colon + 1, n) };
    return 0;
}

/* One value of `auths`; an empty one stands for "ask the helper". */
static int entry(const struct pl_json *j, struct pl_arena *a, struct pl_credential *ret,
                 struct pl_err *err)
{
    if (pl_json_type(j) != PL_JSON_OBJECT)
        return pl_fail(err, PL_E_FORMAT, "an entry of 'auths' is no object");
    struct pl_str auth = pl_json_str(pl_json_get(j, "auth"));
    struct pl_str identity = pl_json_str(pl_json_get(j, "identitytoken"));
    struct pl_str user = pl_json_str(pl_json_get(j, "username"));
    struct pl_str password = pl_json_str(pl_json_get(j, "password"));
    if (identity.n) {
        if (!pl_secret_sane(identity))
            return pl_fail(err, PL_E_FORMAT, "'identitytoken' makes no sense");
        *ret = (struct pl_credential){
            .set = true, .identity = true, .user = PL_S(""), .secret = pl_dup(a, identity)
        };
        return 0;
    }
    if (auth.n)
        return user_password(auth, a, ret, err);
    if (user.n && password.n && pl_secret_sane(user) && pl_secret_sane(password))
        *ret = (struct pl_credential){ .set = true,
                                       .user = pl_dup(a, user),
                                       .secret = pl_dup(a, password) };
    return 0;
}

static int helper(struct pl_str name, struct pl_arena *a, struct pl_auth_hit *ret,
                  struct pl_err *err)
{
    if (!name.n)
        return 0;
    if (!pl_helper_name(name))
        return pl_fail(err, PL_E_FORMAT, "the name of a credential helper makes no sense");
    ret->helper = pl_dup(a, name);
    return 0;
}

static int find(const struct pl_json *root, struct pl_str host, struct pl_str repo,
                struct pl_arena *a, struct pl_auth_hit *ret, struct pl_err *err)
{
    struct search h = { .host = host, .repo = PL_S("") }, s = { .host = host, .repo = repo };
    int r = 0;
    pl_json_each(pl_json_get(root, "credHelpers"), look, &h);
    if (h.value) {
        r = helper(pl_json_str(h.value), a, ret, err);
        if (r < 0 || ret->helper.n)
            return r;
    }
    pl_json_each(pl_json_get(root, "auths"), look, &s);
    if (s.value)
        r = entry(s.value, a, &ret->cred, err);
    if (r == 0 && !ret->cred.set)
        r = helper(pl_json_str(pl_json_get(root, "credsStore")), a, ret, err);
    return r;
}

int pl_authfile_find(struct pl_str text, struct pl_str host, struct pl_str repo, struct pl_arena *a,
                     struct pl_auth_hit *ret, struct pl_err *err)
{
    struct pl_json *root;
    struct pl_auth_hit hit = { .helper = PL_S("") };
    int r = pl_json_parse(text, 64, &root, err);
    if (r < 0) /* the parser's message could quote what stands there */
        return pl_fail(err, PL_E_FORMAT, "not valid JSON");
    if (pl_json_type(root) != PL_JSON_OBJECT)
        r = pl_fail(err, PL_E_FORMAT, "not a JSON object");
    else
        r = find(root, host, repo, a, &hit, err);
    pl_json_free(root);
    if (r == 0)
        *ret = hit;
    return r;
}

int pl_helper_answer(struct pl_str text, struct pl_arena *a, struct pl_credential *ret,
                     struct pl_err *err)
{
    struct pl_json *root;
    if (pl_json_parse(text, 16, &root, NULL) < 0)
        return pl_fail(err, PL_E_FORMAT, "its answer is not JSON");
    struct pl_str user = pl_json_str(pl_json_get(root, "Username"));
    struct pl_str secret = pl_json_str(pl_json_get(root, "Secret"));
    int r = 0;
    if (!secret.n || !pl_secret_sane(secret) || !pl_secret_sane(user))
        r = pl_fail(err, PL_E_FORMAT, "its answer holds no secret");
    else
        *ret = (struct pl_credential){ .set = true,
                                       .identity = pl_str_is(user, "<token>"),
                                       .user = pl_dup(a, user),
                                       .secret = pl_dup(a, secret) };
    pl_json_free(root);
    return r;
}
