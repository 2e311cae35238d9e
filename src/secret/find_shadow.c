/* Password hashes of crypt(5): "$id$[parameters$]salt$hash" behind a user name and a colon. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "secret/check.h"

static bool crypt_char(uint8_t c)
{
    return pl_is_alnum(c) || c == '.' || c == '/';
}

/* How long the last field is by the method; 0 = unknown method. */
static size_t hash_len(const struct pl_hit *h)
{
    const uint8_t *id = h->p + h->at + 1;
    size_t n = h->len;
    if (n == 3)
        return id[0] == '1' ? 22 : id[0] == '5' ? 43 : id[0] == '6' ? 86 : id[0] == 'y' ? 43 : 0;
    if (n == 4 && id[0] == '2')
        return 53;
    if (n == 4 && id[0] == 'g' && id[1] == 'y')
        return 43;
    return n == 3 && id[0] == '7' ? 43 : 0;
}

/* Is there "user:" in front of the hash? *ret_line: nothing else in its line. */
static bool behind_user(const struct pl_hit *h, bool *ret_line)
{
    size_t i = h->at;
    if (i < 2 || h->p[i - 1] != ':')
        return false;
    for (i--; i > 0 && h->at - i < 40; i--) {
        uint8_t c = h->p[i - 1];
        if (!pl_is_word(c) && c != '-' && c != '.' && c != '@')
            break;
    }
    *ret_line = i == 0 || h->p[i - 1] == '\n';
    return h->at - 1 - i >= 1 && (i == 0 || h->p[i - 1] == '\n' || h->p[i - 1] == '"' ||
                                  h->p[i - 1] == '\'' || h->p[i - 1] == ' ' || h->p[i - 1] == '=');
}

bool pl_find_shadow(const struct pl_hit *h, struct pl_found_at *ret)
{
    size_t want = hash_len(h), i = h->at + h->len, field = i;
    size_t max = h->n - i < 256 ? h->n : i + 256;
    bool line = false;
    if (want == 0 || !behind_user(h, &line))
        return false;
    for (; i < max; i++) {
        uint8_t c = h->p[i];
        if (c == '$')
            field = i + 1;
        else if (!crypt_char(c) && c != '=' && c != ',')
            break;
    }
    if (i - field != want)
        return false;
    /* an account's has further fields; a line of name and hash is of a web server (htpasswd) */
    if (line && h->p[h->at + 1] == '2' && (i == h->n || h->p[i] <= ' '))
        return false;
    *ret = (struct pl_found_at){ .off = h->at, .len = i - h->at };
    return true;
}
