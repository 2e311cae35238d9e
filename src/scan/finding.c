/* What a hit is as a finding, wherever it stands; fingerprints of sources. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "base/buf.h"
#include "base/hash.h"
#include "scan/git.h"
#include "scan/scan_int.h"

static struct pl_names dup_names(struct pl_arena *a, const struct pl_names *n)
{
    struct pl_names out = { pl_alloc_n(a, n->n + 1, sizeof *out.p), n->n };
    for (size_t i = 0; i < n->n; i++)
        out.p[i] = pl_dup(a, n->p[i]);
    return out;
}

bool pl_hit_finding(const struct pl_rules *rules, struct pl_arena *a, const struct pl_hit *h,
                    struct pl_finding *ret)
{
    if (h->rule >= pl_rules_count(rules))
        return false;
    const struct pl_rule *rule = pl_rules_at(rules, h->rule);
    struct pl_finding f = { .kind = PL_KIND_SECRET,
                            .rule = pl_str_c(rule->id),
                            .severity = h->severity,
                            .title = pl_str_c(rule->title),
                            .why = pl_str_c(rule->why),
                            .fix = pl_str_c(rule->fix),
                            .where = h->where,
                            .span = { PL_NEVER, PL_NEVER, PL_HOW_NONE, false },
                            .evidence = pl_dup(a, h->evidence) };
    f.where.path = pl_dup(a, h->where.path);
    f.where.nested = dup_names(a, &h->where.nested);
    if (h->has_value)
        f.secret = pl_dup(a, h->value);
    memcpy(f.secret_hash, h->hash, sizeof f.secret_hash);
    f.aliases.n = rule->aliases.n;
    f.aliases.p = pl_alloc_n(a, rule->aliases.n, sizeof *f.aliases.p);
    for (size_t i = 0; i < rule->aliases.n; i++)
        f.aliases.p[i] = pl_str_c(rule->aliases.p[i]);
    if (h->decoded.n)
        f.why = pl_printf(a, "%.*s It stands there as %.*s.", PL_FMT(f.why), PL_FMT(h->decoded));
    if (h->reason.n)
        f.why = pl_printf(a, "%.*s Lowered: %.*s.", PL_FMT(f.why), PL_FMT(h->reason));
    f.ignored = pl_dup(a, h->allow);
    *ret = f;
    return true;
}

struct pl_str pl_source_print(struct pl_arena *a, struct pl_str salt, struct pl_str rule,
                              const uint8_t *hash, bool generic)
{
    uint8_t key[PL_SHA256_LEN], sum[PL_SHA256_LEN];
    char hex[21];
    memcpy(key, hash, sizeof key);
    if (generic) /* guessing at a weak password shall cost something */
        pl_scrypt(hash, PL_SHA256_LEN, salt.p, salt.n, 2048, key);
    pl_auto_buf struct pl_buf b = { 0 };
    pl_buf_puts(&b, "plimsoll source 1");
    pl_buf_putc(&b, 0);
    pl_buf_putn(&b, rule.p, rule.n);
    pl_buf_putc(&b, 0);
    pl_buf_putn(&b, key, sizeof key);
    pl_hmac_sha256(salt.p, salt.n, b.p, b.n, sum);
    pl_hex(sum, 10, hex);
    return pl_printf(a, "v1:%s", hex);
}
