/* The finder of passwords without fixed form. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "base/base64.h"
#include "model/severity.h"
#include "secret/check.h"
#include "secret/filter.h"
#include "secret/keyvalue.h"

/* Are there bytes near the hit that no text holds? */
static bool binary_near(const struct pl_hit *h)
{
    size_t from = h->at > 24 ? h->at - 24 : 0;
    size_t to = h->n - h->at > 64 ? h->at + 64 : h->n;
    for (size_t i = from; i < to; i++) {
        uint8_t c = h->p[i];
        if (c < ' ' && c != '\t' && c != '\n' && c != '\r' && c != '\f' && c != 0x1b)
            return true;
    }
    return false;
}

/* Base64 of a text of four or more printable characters, as in a Secret of Kubernetes. */
static bool is_base64_text(struct pl_str s)
{
    char out[256];
    size_t n;
    if (s.n < 8 || s.n % 4 || s.n > sizeof out ||
        pl_base64_decode(s, PL_BASE64_STD, out, &n, NULL) < 0)
        return false;
    bool text = n >= 4;
    for (size_t i = 0; i < n; i++)
        text &= (uint8_t)out[i] >= 0x20 && (uint8_t)out[i] < 0x7f;
    explicit_bzero(out, sizeof out);
    return text;
}

static bool accept(struct pl_kv *kv, enum pl_kv_name name, enum pl_kv_place place,
                   struct pl_found_at *ret)
{
    *ret = (struct pl_found_at){ .off = kv->off, .len = kv->value.n };
    /* a file that exists to hold settings has secrets of forms that no rule knows, too */
    if ((name == PL_KV_TOKEN && place > PL_KV_SCRIPT) || name == PL_KV_KEY || kv->beside)
        ret->key = kv->key;
    if (place <= PL_KV_SCRIPT && is_base64_text(kv->value)) {
        ret->base64 = true;
        return true;
    }
    if (pl_kv_is_secret(kv, name, place)) {
        if (pl_placeholder(kv->value) != PL_NO_PLACEHOLDER) {
            ret->reason = "its characters count or repeat: made up";
            if (pl_find_word(kv->value, "test") != SIZE_MAX)
                return false;
            return name == PL_KV_PASSWORD || !pl_kv_is_general(kv->key);
        }
        if (kv->beside) {
            ret->reason = "only its look and a word beside it speak for a secret";
            ret->cap = PL_SEV_MEDIUM;
        }
        return true;
    }
    ret->reason = "a common word with digits: weak, or a placeholder";
    return name == PL_KV_PASSWORD && pl_kv_is_weak_password(kv, place);
}

static bool parts_words(char c)
{
    return c == ' ' || c == '\t' || c == '{' || c == '}' || c == '(' || c == ')' || c == ',';
}

/* Of a value of several words, "Token 2f…" or "{acme 9c…}", takes the one that is plainly random.
 */
static void pick_word(struct pl_kv *kv)
{
    struct pl_str v = kv->value;
    if (!kv->quoted || !memchr(v.p, ' ', v.n))
        return;
    for (size_t i = 0, from = 0; i <= v.n; i++) {
        if (i < v.n && !parts_words(v.p[i]))
            continue;
        struct pl_kv one = *kv;
        one.value = pl_str_sub(v, from, i - from);
        one.off += from;
        if (one.value.n >= 16 && pl_kv_is_random(&one)) {
            *kv = one;
            return;
        }
        from = i + 1;
    }
}

static bool find(const struct pl_hit *h, bool bare_key, struct pl_found_at *ret)
{
    struct pl_kv kv;
    struct pl_hit word = *h;
    if (bare_key) { /* its keywords hold what stands round the word, too */
        size_t skip = pl_find_word(pl_str_n(h->p + h->at, h->len), "key");
        word.at += skip == SIZE_MAX ? 0 : skip;
        word.len = 3;
    }
    if (!pl_kv_parse(&word, &kv) || kv.value.n < 4)
        return false;
    enum pl_kv_name name = pl_kv_name_of(kv.key);
    if (name == PL_KV_NONE || (name == PL_KV_KEY) != bare_key)
        return false;
    enum pl_kv_place place = pl_kv_place_of(h->path);
    if (place != PL_KV_DOC && binary_near(h))
        place = PL_KV_DOC;
    kv.token = name != PL_KV_PASSWORD;
    if (name == PL_KV_TOKEN)
        pick_word(&kv);
    return accept(&kv, name, place, ret);
}

bool pl_find_keyvalue(const struct pl_hit *h, struct pl_found_at *ret)
{
    return find(h, false, ret);
}

bool pl_find_bare_key(const struct pl_hit *h, struct pl_found_at *ret)
{
    return find(h, true, ret);
}

bool pl_find_named_value(const struct pl_hit *h, struct pl_str name, struct pl_found_at *ret)
{
    struct pl_kv kv = { .key = name, .value = pl_str_n(h->p, h->n), .quoted = true };
    enum pl_kv_name meant = pl_kv_name_of(name);
    if (meant == PL_KV_NONE || meant == PL_KV_KEY || h->n < 4 || h->n > 256)
        return false;
    return accept(&kv, meant, PL_KV_CONFIG, ret);
}
