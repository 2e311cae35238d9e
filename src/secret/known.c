/* Names of providers whose secrets have a known form: what rules call `names`, and the keywords of
 * rules "NAME {assign} VALUE". */
/* SPDX-License-Identifier: Apache-2.0 */
#include "secret/known.h"

#include "base/cleanup.h"
#include "secret/assign.h"
#include "secret/blocks.h"
#include "secret/keyvalue.h"
#include "secret/rule_int.h"
#include "secret/trigger.h"

#define MIN_NAME 4
#define MIN_SERVICE 5

struct word {
    uint32_t gram; /* of the first letters */
    struct pl_str text;
};

struct prefix {
    struct pl_str text;
    size_t least; /* bytes of the shortest token that begins so */
};

struct pl_known {
    PL_VEC(struct word) name; /* sorted by gram */
    PL_VEC(struct prefix) prefix;
    PL_VEC(uint64_t) service; /* hashes of letters and digits of the name; sorted */
};

static int by_gram(const void *a, const void *b)
{
    uint32_t x = ((const struct word *)a)->gram, y = ((const struct word *)b)->gram;
    return (x > y) - (x < y);
}

static void add(struct pl_known *k, struct pl_str word)
{
    struct word w = { 0, word };
    if (word.n < MIN_NAME || pl_word_lead(word) > 0 || pl_kv_is_general(word))
        return;
    w.gram = pl_gram((const uint8_t *)word.p);
    pl_vec_push(&k->name, w);
}

static bool gives_names(const struct pl_rule *r)
{
    return r->regex && strstr(r->regex, PL_ASSIGN_MARK) && !r->generic && !r->more_forms &&
           r->paths.n == 0;
}

/* "tskey-", "ghp_": what is a token of that provider or none. */
static void add_prefixes(struct pl_known *k, const struct pl_rule *r, size_t least)
{
    bool of_token = r->regex && r->keyword_case && !r->generic && r->before == 0 &&
                    r->paths.n == 0 && !strstr(r->regex, PL_ASSIGN_MARK);
    for (size_t i = 0; i < r->keywords.n && of_token; i++) {
        struct pl_str w = pl_str_c(r->keywords.p[i]);
        if (w.n >= MIN_NAME && strpbrk(r->keywords.p[i], "_-."))
            pl_vec_push(&k->prefix, ((struct prefix){ w, least }));
    }
}

bool pl_known_prefix(const struct pl_known *k, struct pl_str value)
{
    for (size_t i = 0; i < k->prefix.n; i++) {
        if (pl_str_starts(value, k->prefix.p[i].text))
            return true;
    }
    return false;
}

bool pl_known_cut(const struct pl_known *k, struct pl_str value)
{
    bool begins = false;
    for (size_t i = 0; i < k->prefix.n; i++) {
        if (!pl_str_starts(value, k->prefix.p[i].text))
            continue;
        begins = true;
        if (5 * value.n >= 3 * k->prefix.p[i].least)
            return false;
    }
    return begins;
}

/* FNV-1a of the letters and digits in lower case. */
static uint64_t hash_of(struct pl_str s)
{
    uint64_t h = 0xcbf29ce484222325u;
    for (size_t i = 0; i < s.n; i++) {
        uint8_t c = (uint8_t)s.p[i];
        if (!pl_is_alnum(c))
            continue;
        c = c >= 'A' && c <= 'Z' ? c | 0x20 : c;
        h = (h ^ c) * 0x100000001b3u;
    }
    return h;
}

static int by_hash(const void *a, const void *b)
{
    uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;
    return (x > y) - (x < y);
}

static void add_services(struct pl_known *k, const struct pl_rule *r)
{
    /* a service whose keys have a form has a rule that knows it */
    bool by_name = r->regex && strstr(r->regex, PL_ASSIGN_MARK) && r->paths.n == 0 && r->generic;
    for (size_t i = 0; i < r->keywords.n && by_name; i++) {
        struct pl_str w = pl_str_c(r->keywords.p[i]);
        if (w.n >= MIN_SERVICE && !pl_kv_is_general(w))
            pl_vec_push(&k->service, hash_of(w));
    }
}

bool pl_known_service(const struct pl_known *k, struct pl_str key)
{
    while (key.n > MIN_SERVICE && pl_is_digit((uint8_t)key.p[key.n - 1]))
        key.n--; /* mixpanel_2 */
    uint64_t h = hash_of(key);
    return key.n >= MIN_SERVICE && k->service.n &&
           bsearch(&h, k->service.p, k->service.n, sizeof h, by_hash);
}

struct pl_known *pl_known_new(const struct pl_rule_image *img)
{
    struct pl_known *k = calloc(1, sizeof *k);
    if (!k)
        pl_oom();
    const struct pl_rule *rule = img->rule;
    for (size_t i = 0; i < img->n_rules; i++) {
        add_prefixes(k, &rule[i], img->shape[i].min);
        add_services(k, &rule[i]);
        const struct pl_rule_list *words = &rule[i].keywords;
        for (size_t w = 0; w < words->n && gives_names(&rule[i]); w++)
            add(k, pl_str_c(words->p[w]));
        for (size_t w = 0; w < rule[i].names.n; w++)
            add(k, pl_str_c(rule[i].names.p[w]));
    }
    if (k->name.n)
        qsort(k->name.p, k->name.n, sizeof *k->name.p, by_gram);
    if (k->service.n)
        qsort(k->service.p, k->service.n, sizeof *k->service.p, by_hash);
    return k;
}

void pl_known_free(struct pl_known *k)
{
    if (!k)
        return;
    pl_vec_release(&k->name);
    pl_vec_release(&k->prefix);
    pl_vec_release(&k->service);
    free(k);
}

/* The first name with that gram; k->name.n when there is none. */
static size_t first(const struct pl_known *k, uint32_t gram)
{
    size_t lo = 0, hi = k->name.n;
    while (lo < hi) {
        size_t mid = lo + (hi - lo) / 2;
        if (k->name.p[mid].gram < gram)
            lo = mid + 1;
        else
            hi = mid;
    }
    return lo;
}

/* Length of the name that `s` begins with; 0 for none. */
static size_t name_at(const struct pl_known *k, struct pl_str s)
{
    if (s.n < MIN_NAME)
        return 0;
    uint32_t gram = pl_gram((const uint8_t *)s.p);
    for (size_t i = first(k, gram); i < k->name.n && k->name.p[i].gram == gram; i++) {
        struct pl_str w = k->name.p[i].text;
        if (pl_str_ieq(pl_str_sub(s, 0, w.n), w))
            return w.n;
    }
    return 0;
}

bool pl_known_form(const struct pl_known *k, struct pl_str key, struct pl_str value)
{
    size_t n = name_at(k, value);
    if (n && n < value.n && !pl_is_alnum((uint8_t)value.p[n]))
        return true;
    for (size_t i = 0; i + MIN_NAME <= key.n; i++) {
        if (pl_word_begins((const uint8_t *)key.p, key.n, i) &&
            name_at(k, pl_str_sub(key, i, SIZE_MAX)))
            return true;
    }
    return false;
}
