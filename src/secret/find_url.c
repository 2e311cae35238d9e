/* Passwords in URLs: scheme://user:password@host (RFC 3986 section 3.2.1). */
/* SPDX-License-Identifier: Apache-2.0 */
#include "base/cleanup.h"
#include "model/severity.h"
#include "secret/check.h"
#include "secret/filter.h"

#define MAX_USERINFO 256

static bool ends_authority(uint8_t c)
{
    return c <= ' ' || c > 0x7e || c == '/' || c == '"' || c == '\'' || c == '`' || c == '<' ||
           c == '>' || c == '?' || c == '#' || c == '\\' || c == '|' || c == '(' || c == ')';
}

static struct pl_str host_of(const struct pl_hit *h, size_t i)
{
    size_t end = i;
    while (end < h->n && end - i < 255 &&
           (pl_is_word(h->p[end]) || h->p[end] == '.' || h->p[end] == '-'))
        end++;
    return pl_str_n(h->p + i, end - i);
}

static bool local_host(struct pl_str host)
{
    return pl_str_ieq(host, PL_S("localhost")) || pl_str_starts(host, PL_S("127.")) ||
           pl_str_is(host, "0.0.0.0");
}

static bool sample_host(struct pl_str host)
{
    return pl_find_word(host, "example.") != SIZE_MAX || pl_str_ieq(host, PL_S("host")) ||
           pl_str_ieq(host, PL_S("hostname")) || pl_str_ieq(host, PL_S("server"));
}

/* A word that documents use where a password goes. */
static bool is_word_for_password(struct pl_str s)
{
    static const char *const words[] = { "pass",    "password",   "passwd", "pwd",      "pw",
                                         "secret",  "token",      "user",   "username", "passw0rd",
                                         "hunter2", "foo",        "bar",    "foobar",   "p4ssw0rd",
                                         "mypass",  "mypassword", "key",    "apikey",   "test" };
    for (size_t i = 0; i < sizeof words / sizeof *words; i++) {
        if (pl_str_ieq(s, pl_str_c(words[i])))
            return true;
    }
    return false;
}

/* "p@ssw0rd" and the like, read as what it stands for. */
static bool is_disguised_word(struct pl_str s)
{
    static const char *const words[] = { "password", "passwd", "secret" };
    char plain[24];
    if (s.n > sizeof plain)
        return false;
    for (size_t i = 0; i < s.n; i++) {
        const char *from = "@013$5", *to = "aoless", *at = s.p[i] ? strchr(from, s.p[i]) : NULL;
        plain[i] = at ? to[at - from] : (char)(s.p[i] | 0x20);
    }
    for (size_t i = 0; i < PL_COUNT(words); i++) {
        if (pl_str_starts(pl_str_n(plain, s.n), pl_str_c(words[i])) && s.n < strlen(words[i]) + 3)
            return true;
    }
    return false;
}

/* A word that documents use where a user name goes. */
static bool is_sample_user(struct pl_str s)
{
    static const char *const words[] = { "user",    "username", "usr",   "login", "name",
                                         "foo",     "bob",      "alice", "joe",   "myuser",
                                         "my_user", "u",        "jdoe" };
    for (size_t i = 0; i < PL_COUNT(words); i++) {
        if (pl_str_ieq(s, pl_str_c(words[i])))
            return true;
    }
    return false;
}

static bool has_bracket(struct pl_str s)
{
    return memchr(s.p, '[', s.n) || memchr(s.p, ']', s.n) || memchr(s.p, '{', s.n);
}

static bool no_password(struct pl_str s)
{
    return s.n < 3 || s.p[0] == '$' || s.p[0] == '{' || s.p[0] == '%' || s.p[0] == '*' ||
           s.p[0] == '[' || is_word_for_password(s) || pl_is_placeholder(s) ||
           pl_str_find(s, PL_S("{"), 0) != SIZE_MAX || pl_str_find(s, PL_S("$("), 0) != SIZE_MAX ||
           pl_str_find(s, PL_S("..."), 0) != SIZE_MAX;
}

bool pl_find_url(const struct pl_hit *h, struct pl_found_at *ret)
{
    size_t from = h->at + h->len, colon = 0, at = 0;
    size_t max = h->n - from < MAX_USERINFO ? h->n : from + MAX_USERINFO;
    if (h->at == 0 || !pl_is_alnum(h->p[h->at - 1]))
        return false;
    for (size_t i = from; i < max && !ends_authority(h->p[i]); i++) {
        if (h->p[i] == ':' && !colon)
            colon = i;
        if (h->p[i] == '@' && colon)
            at = i; /* the last one: a password may hold an unescaped '@' */
    }
    if (!at || at - colon < 2)
        return false;
    struct pl_str user = pl_str_n(h->p + from, colon - from);
    struct pl_str password = pl_str_n(h->p + colon + 1, at - colon - 1);
    struct pl_str host = host_of(h, at + 1);
    if (host.n == 0 || no_password(password) || sample_host(host) || has_bracket(user) ||
        has_bracket(password) || is_disguised_word(password))
        return false;
    *ret = (struct pl_found_at){ .off = colon + 1, .len = password.n };
    if (pl_str_ieq(user, password) && local_host(host)) {
        ret->reason = "a default password of a service on the same machine";
    } else if (pl_str_ieq(user, password)) {
        ret->reason = "the same as the user name";
        ret->cap = PL_SEV_MEDIUM;
    } else if (is_sample_user(user) && pl_is_password_placeholder(password)) {
        ret->reason = "looks like a placeholder";
    }
    return true;
}
