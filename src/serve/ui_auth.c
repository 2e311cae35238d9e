/* Tokens are compared by their digests, all of them each time; each address has a bucket of
 * mistakes. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "serve/ui_auth.h"

#include <arpa/inet.h>
#include <pthread.h>
#include <stdlib.h>

#include "base/base64.h"
#include "base/buf.h"
#include "base/cleanup.h"
#include "base/hash.h"
#include "io/file.h"

#define FILE_MAX ((size_t)64 << 10)
#define GIVEN_MAX 1024u /* bytes of what somebody shows */
#define ADDRESSES 256u
#define MISTAKES 10   /* at once, and then … */
#define AGAIN_MS 3000 /* … one more after so long */

/* An address, a network of IPv6 as one: who has it has all of it. */
struct address {
    uint8_t key[16];
    int64_t full_ms; /* when all its mistakes are forgotten */
};

struct pl_ui_auth {
    pthread_mutex_t lock;
    char *path;
    uint8_t token[PL_UI_TOKENS_MAX][PL_SHA256_LEN];
    size_t n;
    struct address seen[ADDRESSES];
};

static int read_tokens(struct pl_str text, uint8_t (*token)[PL_SHA256_LEN], size_t *ret_n,
                       const char *path, struct pl_err *err)
{
    struct pl_str line;
    size_t n = 0;
    while (pl_str_split(&text, '\n', &line)) {
        line = pl_str_trim(line);
        if (line.n == 0 || line.p[0] == '#')
            continue;
        if (line.n < PL_UI_TOKEN_MIN || line.n > GIVEN_MAX / 2)
            return pl_fail(err, PL_E_USAGE, "'%s': a token has %u to %u characters", path,
                           PL_UI_TOKEN_MIN, GIVEN_MAX / 2);
        if (n == PL_UI_TOKENS_MAX)
            return pl_fail(err, PL_E_USAGE, "'%s' has more than %u tokens", path, PL_UI_TOKENS_MAX);
        pl_sha256(line.p, line.n, token[n++]);
    }
    *ret_n = n;
    return n ? 0 : pl_fail(err, PL_E_USAGE, "'%s' holds no token", path);
}

int pl_ui_auth_reload(struct pl_ui_auth *x, struct pl_err *err)
{
    pl_auto_buf struct pl_buf text = { .max = FILE_MAX };
    uint8_t token[PL_UI_TOKENS_MAX][PL_SHA256_LEN];
    size_t n = 0;
    int r = pl_file_read(x->path, &text, err);
    if (r == 0)
        r = read_tokens(pl_buf_str(&text), token, &n, x->path, err);
    if (text.n)
        explicit_bzero(text.p, text.n);
    if (r < 0)
        return r;
    pthread_mutex_lock(&x->lock);
    memcpy(x->token, token, sizeof token);
    x->n = n;
    pthread_mutex_unlock(&x->lock);
    return 0;
}

int pl_ui_auth_new(const char *path, struct pl_ui_auth **ret, struct pl_err *err)
{
    struct pl_ui_auth *x = calloc(1, sizeof *x);
    char *own = strdup(path);
    if (!x || !own)
        pl_oom();
    x->path = own;
    pthread_mutex_init(&x->lock, NULL);
    int r = pl_ui_auth_reload(x, err);
    if (r < 0)
        pl_ui_auth_free(x);
    else
        *ret = x;
    return r;
}

void pl_ui_auth_free(struct pl_ui_auth *x)
{
    if (!x)
        return;
    pthread_mutex_destroy(&x->lock);
    free(x->path);
    free(x);
}

/* ---- mistakes ---- */

static void key_of(const uint8_t *from, uint8_t *key)
{
    static const uint8_t mapped[12] = { 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff };
    memcpy(key, from, 16);
    if (memcmp(from, mapped, sizeof mapped) != 0)
        memset(key + 8, 0, 8);
}

/* The place of an address; when there is none, that of whoever is nearest to being forgotten. */
static struct address *place_of(struct pl_ui_auth *x, const uint8_t *from)
{
    struct address *least = &x->seen[0];
    uint8_t key[16];
    key_of(from, key);
    for (size_t i = 0; i < ADDRESSES; i++) {
        if (memcmp(x->seen[i].key, key, sizeof key) == 0)
            return &x->seen[i];
        if (x->seen[i].full_ms < least->full_ms)
            least = &x->seen[i];
    }
    memcpy(least->key, key, sizeof key);
    least->full_ms = 0;
    return least;
}

static bool may_try(const struct address *a, int64_t now_ms)
{
    return a->full_ms - now_ms <= (int64_t)(MISTAKES - 1) * AGAIN_MS;
}

static void note_mistake(struct address *a, int64_t now_ms)
{
    a->full_ms = (a->full_ms > now_ms ? a->full_ms : now_ms) + AGAIN_MS;
}

/* ---- what was shown ---- */

/* The token in the header, in `room`; false: there is none. */
static bool shown(struct pl_str header, uint8_t *room, struct pl_str *ret)
{
    struct pl_str scheme;
    size_t n = GIVEN_MAX;
    struct pl_err err = { 0 };
    pl_str_split(&header, ' ', &scheme);
    struct pl_str rest = pl_str_trim(header.p ? header : PL_S(""));
    if (rest.n == 0 || rest.n > GIVEN_MAX)
        return false;
    if (pl_str_ieq(scheme, PL_S("Bearer"))) {
        *ret = rest;
        return true;
    }
    if (!pl_str_ieq(scheme, PL_S("Basic")) ||
        pl_base64_decode(rest, /* flags= */ 0, room, &n, &err) < 0)
        return false;
    struct pl_str user;
    *ret = pl_str_n(room, n);
    pl_str_split(ret, ':', &user);
    return ret->p != NULL;
}

static bool is_known(const struct pl_ui_auth *x, struct pl_str token)
{
    uint8_t given[PL_SHA256_LEN];
    unsigned good = 0;
    pl_sha256(token.p, token.n, given);
    for (size_t i = 0; i < x->n; i++) {
        unsigned differs = 0;
        for (size_t k = 0; k < sizeof given; k++)
            differs |= given[k] ^ x->token[i][k];
        good |= differs == 0;
    }
    return good;
}

enum pl_ui_admitted pl_ui_auth_judge(struct pl_ui_auth *x, struct pl_str authorization,
                                     const uint8_t *from, int64_t now_ms)
{
    uint8_t room[GIVEN_MAX];
    struct pl_str token;
    enum pl_ui_admitted ret = PL_UI_ASK;
    if (!authorization.n)
        return ret;
    pthread_mutex_lock(&x->lock);
    struct address *a = place_of(x, from);
    if (!may_try(a, now_ms))
        ret = PL_UI_WAIT;
    else if (shown(authorization, room, &token) && is_known(x, token))
        ret = PL_UI_ADMIT;
    else
        note_mistake(a, now_ms);
    pthread_mutex_unlock(&x->lock);
    explicit_bzero(room, sizeof room);
    return ret;
}

bool pl_ui_host_is_local(struct pl_str host)
{
    struct in_addr v4;
    char text[64];
    size_t end = host.n;
    if (host.n && host.p[0] == '[')
        return pl_str_starts(host, PL_S("[::1]")) && (host.n == 5 || host.p[5] == ':');
    size_t colon = pl_str_find(host, PL_S(":"), 0);
    if (colon != SIZE_MAX)
        end = colon;
    host = pl_str_sub(host, 0, end);
    if (pl_str_ieq(host, PL_S("localhost")) || pl_str_iends(host, PL_S(".localhost")))
        return true;
    if (host.n == 0 || host.n >= sizeof text)
        return false;
    memcpy(text, host.p, host.n);
    text[host.n] = 0;
    return inet_pton(AF_INET, text, &v4) == 1 && ntohl(v4.s_addr) >> 24 == 127;
}
