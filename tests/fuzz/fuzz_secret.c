/* The secret engine: cut anywhere into windows it finds the same, and decoding loses nothing that
 * stands in the open. The first byte says where to cut, the rest is the text. */
/* SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>

#include "base/buf.h"
#include "base/cleanup.h"
#include "secret/rule_int.h"

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n);

#define COMMON "title = 't'\nwhy = 'w'\nfix = 'f'\nsince = '1'\nseverity = 'high'\n"

static const char toml[] =
    "[[rule]]\nid = 'secret/pat'\n" COMMON "keywords = ['ghp_']\nkeyword_case = true\n"
    "regex = '''\\bghp_[0-9A-Za-z]{20,36}\\b'''\n"
    "[[rule]]\nid = 'secret/mail'\n" COMMON "keywords = ['-us1']\nbefore = 16\n"
    "regex = '''[0-9a-f]{16}-us[0-9]'''\n"
    "[[rule]]\nid = 'secret/zed'\n" COMMON "keywords = ['zed']\n"
    "regex = '''(?i)zed[\\w. -]{0,9}?(?:key|token){assign}([a-z0-9]{9,20})'''\n"
    "[[rule]]\nid = 'secret/jwt'\n" COMMON "keywords = ['eyJ']\ngeneric = true\ncheck = 'jwt'\n"
    "regex = '''\\beyJ[\\w-]{2,}\\.[\\w-]{2,}\\.[\\w-]*'''\n"
    "[[rule]]\nid = 'secret/kv'\n" COMMON "keywords = ['passw', 'token', 'secret']\n"
    "generic = true\ncheck = 'keyvalue'\n"
    "[[rule]]\nid = 'secret/key'\n" COMMON "keywords = ['PRIVATE KEY']\ncheck = 'pem'\n"
    "[[rule]]\nid = 'secret/url'\n" COMMON "keywords = ['://']\ncheck = 'url-userinfo'\n"
    "[[rule]]\nid = 'secret/shadow'\n" COMMON "keywords = ['$6$', '$1$']\ncheck = 'shadow'\n";

struct run {
    const struct pl_rules *rules;
    struct pl_buf log;
    const uint8_t *p;
    size_t n;
    bool plain; /* only what a specific rule found undecoded */
};

static struct pl_rules *rules;
static struct pl_matcher *full, *shallow;

static struct pl_matcher *matcher(uint64_t depth)
{
    struct pl_limits l;
    struct pl_matcher *m;
    pl_limits_init(&l);
    l.decode_depth = depth;
    if (pl_matcher_new(rules, &l, &m, NULL) < 0)
        abort();
    return m;
}

static void start(void)
{
    struct pl_arena a = { 0 };
    struct pl_rule_source *src;
    struct pl_rule_image img;
    struct pl_rule rule[16];
    size_t n;
    if (pl_rules_read(pl_str_c(toml), "fuzz.toml", &a, &src, &n, NULL) < 0 || n > 16)
        abort();
    for (size_t i = 0; i < n; i++)
        rule[i] = src[i].rule;
    if (pl_rule_image_make(rule, n, &a, &img, NULL) < 0 ||
        pl_rules_from_image(&img, &a, &rules, NULL) < 0)
        abort();
    full = matcher(5);
    shallow = matcher(0);
}

static void on_secret(void *arg, const struct pl_secret *s)
{
    struct run *r = arg;
    const struct pl_rule *rule = pl_rules_at(r->rules, s->rule);
    if (s->len == 0 || s->off > r->n || s->len > r->n - s->off || s->value.n == 0)
        abort();
    if (!s->decoded && memcmp(s->value.p, r->p + s->off, s->len) != 0)
        abort();
    if (r->plain && (s->decoded || rule->generic))
        return;
    pl_buf_printf(&r->log, "%s %zu %zu %s\n", rule->id, s->off, s->len,
                  s->decoded ? s->decoded : "");
}

static int scan(struct run *r, struct pl_matcher *m, size_t from, size_t to)
{
    struct pl_text t = {
        .p = r->p, .n = r->n, .from = from, .to = to, .last = true, .path = PL_S("srv/app/.env")
    };
    return pl_secret_scan(m, &t, on_secret, r, NULL);
}

static int by_text(const void *a, const void *b)
{
    return pl_str_cmp(*(const struct pl_str *)a, *(const struct pl_str *)b);
}

/* Are the same things found? Their order is that of what led to them, window by window. */
static bool same(const struct run *a, const struct run *b)
{
    struct pl_str line[2][512], rest[2] = { pl_buf_str(&a->log), pl_buf_str(&b->log) };
    size_t n[2] = { 0, 0 };
    for (unsigned i = 0; i < 2; i++) {
        while (n[i] < PL_COUNT(line[i]) && pl_str_split(&rest[i], '\n', &line[i][n[i]]))
            n[i]++;
        qsort(line[i], n[i], sizeof *line[i], by_text);
    }
    bool equal = n[0] == n[1];
    for (size_t i = 0; equal && i < n[0]; i++)
        equal = pl_str_eq(line[0][i], line[1][i]);
    return equal;
}

static void check(bool ok)
{
    if (!ok)
        abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
    if (!rules)
        start();
    if (n < 1 || n > 65536)
        return 0;
    struct run whole = { .rules = rules, .p = p + 1, .n = n - 1 };
    struct run parts = whole, open = whole, all = whole;
    size_t step = 1 + p[0], text = n - 1;
    int e = scan(&whole, full, 0, text);
    /* beyond that, findings may dispute over the border of a window */
    if (e == 0 && text <= 512) {
        for (size_t at = 0; at < text; at += step)
            check(scan(&parts, full, at, text - at < step ? text : at + step) == 0);
        check(same(&whole, &parts));
    }
    open.plain = all.plain = true;
    scan(&open, shallow, 0, text);
    scan(&all, full, 0, text);
    check(pl_str_eq(pl_buf_str(&open.log), pl_buf_str(&all.log)));
    pl_buf_release(&whole.log);
    pl_buf_release(&parts.log);
    pl_buf_release(&open.log);
    pl_buf_release(&all.log);
    return 0;
}
