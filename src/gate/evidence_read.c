/* Evidence read again, from our own lines or from what a user wrote. */
/* SPDX-License-Identifier: Apache-2.0 */
#include <stdarg.h>
#include <stdio.h>

#include "fmt/der.h"
#include "gate/evidence.h"

#define IMAGES_MAX 1001u
#define LIST_MAX 100000u

struct reader {
    struct pl_arena *a;
    struct pl_err *err;
};

static int bad(struct reader *r, const struct pl_yaml *y, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));

static int bad(struct reader *r, const struct pl_yaml *y, const char *fmt, ...)
{
    char text[300];
    va_list ap;
    va_start(ap, fmt);
    vsnprintf(text, sizeof text, fmt, ap);
    va_end(ap);
    if (y && y->line)
        return pl_fail(r->err, PL_E_FORMAT, "line %u: %s", y->line, text);
    return pl_fail(r->err, PL_E_FORMAT, "%s", text);
}

static struct pl_str text_of(struct reader *r, const struct pl_yaml *y, const char *key)
{
    struct pl_str s = pl_yaml_str(pl_yaml_get(y, key));
    return s.n ? pl_dup(r->a, s) : PL_S("");
}

static int bool_of(struct reader *r, const struct pl_yaml *y, const char *key, bool *ret)
{
    const struct pl_yaml *v = pl_yaml_get(y, key);
    if (!v)
        return 0;
    bool yes = pl_str_is(pl_yaml_str(v), "true");
    if (!v->plain || (!yes && !pl_str_is(pl_yaml_str(v), "false")))
        return bad(r, v, "'%s' is true or false", key);
    *ret = yes;
    return 0;
}

/* Seconds, or a date and time as people write it. */
static int time_of(struct reader *r, const struct pl_yaml *y, const char *key, int64_t *ret)
{
    const struct pl_yaml *v = pl_yaml_get(y, key);
    struct pl_str s = pl_yaml_str(v);
    uint64_t n;
    int64_t ns;
    *ret = PL_POLICY_NEVER;
    if (!v)
        return 0;
    if (pl_str_u64(s, &n) && n < (uint64_t)INT64_MAX / 1000)
        *ret = (int64_t)n;
    else if (s.p && pl_rfc3339_ns(s, &ns))
        *ret = ns / 1000000000;
    else
        return bad(r, v, "'%s' is no time", key);
    return 0;
}

static int count_of(struct reader *r, const struct pl_yaml *v, const char *what, uint32_t *ret)
{
    uint64_t n;
    if (!v || !pl_str_u64(pl_yaml_str(v), &n) || n > UINT32_MAX)
        return bad(r, v, "'%s' is no count", what);
    *ret = (uint32_t)n;
    return 0;
}

static int names_of(struct reader *r, const struct pl_yaml *y, const char *key,
                    struct pl_names *ret)
{
    const struct pl_yaml *v = pl_yaml_get(y, key);
    if (!v)
        return 0;
    if (v->kind != PL_YAML_LIST || v->n > LIST_MAX)
        return bad(r, v, "'%s' is no list", key);
    ret->p = pl_alloc_n(r->a, v->n, sizeof *ret->p);
    for (size_t i = 0; i < v->n; i++) {
        if (v->item[i]->kind != PL_YAML_SCALAR)
            return bad(r, v->item[i], "an element of '%s' is no text", key);
        ret->p[ret->n++] = pl_dup(r->a, v->item[i]->text);
    }
    return 0;
}

/* ---- vulnerabilities and secrets ---- */

static int read_vulns(struct reader *r, const struct pl_yaml *y, bool *has,
                      struct pl_vuln_counts *ret)
{
    const struct pl_yaml *v = pl_yaml_get(y, "vulns");
    enum pl_severity s;
    if (!v)
        return 0;
    *has = true;
    for (size_t i = 0; v->kind == PL_YAML_MAP && i < v->n; i++) {
        const struct pl_yaml *k = v->item[2 * i], *n = v->item[2 * i + 1];
        if (!pl_severity_parse(pl_yaml_str(k), &s))
            return bad(r, k, "no severity");
        bool pair = n->kind == PL_YAML_LIST && n->n == 2;
        int q = count_of(r, pair ? n->item[0] : n, "vulns", &ret->n[s][0]);
        if (q == 0 && pair)
            q = count_of(r, n->item[1], "vulns", &ret->n[s][1]);
        if (q < 0)
            return q;
    }
    return v->kind == PL_YAML_MAP ? 0 : bad(r, v, "'vulns' is no mapping");
}

static int read_secrets(struct reader *r, const struct pl_yaml *y, bool *has, uint32_t *all,
                        uint32_t *env)
{
    const struct pl_yaml *v = pl_yaml_get(y, "secrets"), *e = pl_yaml_get(y, "env_secrets");
    if (!v)
        return 0;
    *has = true;
    int q = count_of(r, v, "secrets", all);
    return q == 0 && e ? count_of(r, e, "env_secrets", env) : q;
}

/* ---- proofs ---- */

static int read_annotations(struct reader *r, const struct pl_yaml *y, struct pl_proof *f)
{
    const struct pl_yaml *v = pl_yaml_get(y, "annotations");
    if (!v)
        return 0;
    bool map = v->kind == PL_YAML_MAP;
    if (v->kind == PL_YAML_SCALAR || v->n > LIST_MAX)
        return bad(r, v, "'annotations' is no mapping");
    f->annotations = pl_alloc_n(r->a, v->n, sizeof *f->annotations);
    for (size_t i = 0; i < v->n; i++) {
        const struct pl_yaml *pair = map ? NULL : v->item[i];
        if (pair && (pair->kind != PL_YAML_LIST || pair->n != 2))
            return bad(r, pair, "an annotation is a name and a value");
        struct pl_str name = pl_yaml_str(map ? v->item[2 * i] : pair->item[0]),
                      value = pl_yaml_str(map ? v->item[2 * i + 1] : pair->item[1]);
        f->annotations[f->n_annotations++] =
            (struct pl_pair){ pl_dup(r->a, name), pl_dup(r->a, value) };
    }
    return 0;
}

static int read_proof(struct reader *r, const struct pl_yaml *y, struct pl_proof *f)
{
    const struct pl_yaml *id = pl_yaml_get(y, "identity");
    struct pl_str kind = pl_yaml_str(pl_yaml_get(y, "kind"));
    *f = (struct pl_proof){ .object = text_of(r, y, "object"),
                            .reason = text_of(r, y, "reason"),
                            .type = text_of(r, y, "type"),
                            .key = text_of(r, y, "key"),
                            .subject = text_of(r, id, "subject"),
                            .issuer = text_of(r, id, "issuer"),
                            .builder = text_of(r, y, "builder"),
                            .attestation = pl_str_is(kind, "attestation"),
                            .ok = true };
    if (y->kind != PL_YAML_MAP || (!f->attestation && !pl_str_is(kind, "signature")))
        return bad(r, y, "evidence is a 'signature' or an 'attestation' ('kind')");
    int q = bool_of(r, y, "ok", &f->ok);
    if (q == 0)
        q = bool_of(r, y, "complete", &f->complete);
    if (q == 0)
        q = bool_of(r, y, "packages_read", &f->packages_read);
    if (q == 0)
        q = time_of(r, y, "when", &f->when_s);
    if (q == 0)
        q = time_of(r, y, "db", &f->db_s);
    if (q == 0)
        q = names_of(r, y, "denied", &f->denied);
    if (q == 0)
        q = names_of(r, y, "materials", &f->materials);
    if (q == 0)
        q = read_annotations(r, y, f);
    if (q == 0)
        q = read_vulns(r, y, &f->has_vulns, &f->vulns);
    return q < 0 ? q : read_secrets(r, y, &f->has_secrets, &f->secrets, &f->env_secrets);
}

/* Which image a proof is about: 0, or "of". */
static int owner_of(struct reader *r, const struct pl_yaml *y, const struct pl_evidence *e,
                    size_t *ret)
{
    const struct pl_yaml *v = pl_yaml_get(y, "of");
    uint32_t n = 0;
    int q = v ? count_of(r, v, "of", &n) : 0;
    if (q == 0 && n > e->n_children)
        return bad(r, v, "'of' names no image");
    *ret = n;
    return q;
}

static struct pl_facts *facts_at(struct pl_evidence *e, size_t i)
{
    return i == 0 ? &e->top : &e->children[i - 1];
}

static int read_proofs(struct reader *r, const struct pl_yaml *list, struct pl_evidence *e)
{
    size_t of = 0;
    if (list && (list->kind != PL_YAML_LIST || list->n > LIST_MAX))
        return bad(r, list, "'evidence' is no list");
    size_t n = list ? list->n : 0;
    size_t *owner = pl_alloc_n(r->a, n, sizeof *owner);
    for (size_t i = 0; i < n; i++) {
        int q = owner_of(r, list->item[i], e, &of);
        if (q < 0)
            return q;
        owner[i] = of;
        facts_at(e, of)->n_proofs++;
    }
    for (size_t i = 0; i <= e->n_children; i++) {
        struct pl_facts *f = facts_at(e, i);
        f->proofs = pl_alloc_n(r->a, f->n_proofs, sizeof *f->proofs);
        f->n_proofs = 0;
    }
    for (size_t i = 0; i < n; i++) {
        struct pl_facts *f = facts_at(e, owner[i]);
        int q = read_proof(r, list->item[i], &f->proofs[f->n_proofs]);
        if (q < 0)
            return q;
        f->n_proofs++;
    }
    return 0;
}

/* ---- images ---- */

static int read_ports(struct reader *r, const struct pl_yaml *v, struct pl_facts *f)
{
    uint32_t n = 0;
    if (v && (v->kind != PL_YAML_LIST || v->n > 65536))
        return bad(r, v, "'ports' is no list");
    f->ports = pl_alloc_n(r->a, v ? v->n : 0, sizeof *f->ports);
    for (size_t i = 0; v && i < v->n; i++) {
        int q = count_of(r, v->item[i], "ports", &n);
        if (q < 0 || n > 65535)
            return q < 0 ? q : bad(r, v->item[i], "no port");
        f->ports[f->n_ports++] = (uint16_t)n;
    }
    return 0;
}

static int read_config(struct reader *r, const struct pl_yaml *c, struct pl_facts *f)
{
    f->created_s = PL_POLICY_NEVER;
    if (!c)
        return 0;
    if (c->kind != PL_YAML_MAP)
        return bad(r, c, "'config' is no mapping");
    f->has_config = true;
    f->user = text_of(r, c, "user");
    int q = bool_of(r, c, "non_root", &f->non_root);
    if (q == 0)
        q = bool_of(r, c, "healthcheck", &f->healthcheck);
    if (q == 0)
        q = time_of(r, c, "created", &f->created_s);
    if (q == 0)
        q = names_of(r, c, "labels", &f->labels);
    return q < 0 ? q : read_ports(r, pl_yaml_get(c, "ports"), f);
}

static int read_image(struct reader *r, const struct pl_yaml *y, struct pl_facts *f)
{
    if (y->kind != PL_YAML_MAP)
        return bad(r, y, "an image is no mapping");
    *f = (struct pl_facts){ .digest = text_of(r, y, "digest"),
                            .platform = text_of(r, y, "platform"),
                            .unread = text_of(r, y, "unread"),
                            .base = text_of(r, y, "base"),
                            .not_stored = text_of(r, y, "not_stored") };
    int q = read_config(r, pl_yaml_get(y, "config"), f);
    if (q == 0)
        q = bool_of(r, y, "scanned", &f->scanned);
    f->stored = pl_yaml_get(y, "stored") != NULL;
    if (q == 0 && f->stored)
        q = time_of(r, y, "stored", &f->stored_s);
    if (q == 0)
        q = time_of(r, y, "db", &f->db_s);
    if (q == 0)
        q = read_vulns(r, y, &f->has_vulns, &f->vulns);
    return q < 0 ? q : read_secrets(r, y, &f->has_secrets, &f->secrets, &f->env_secrets);
}

static int read_facts(struct reader *r, const struct pl_yaml *y, struct pl_evidence *e)
{
    const struct pl_yaml *images = pl_yaml_get(y, "images");
    e->top.created_s = e->top.db_s = PL_POLICY_NEVER;
    if (y && y->kind != PL_YAML_MAP)
        return bad(r, y, "'facts' is no mapping");
    e->refused = text_of(r, y, "refused");
    int q = bool_of(r, y, "index", &e->index);
    if (q < 0 || !images)
        return q;
    if (images->kind != PL_YAML_LIST || images->n == 0 || images->n > IMAGES_MAX)
        return bad(r, images, "'images' is no list");
    e->children = pl_alloc_n(r->a, images->n - 1, sizeof *e->children);
    q = read_image(r, images->item[0], &e->top);
    for (size_t i = 1; q == 0 && i < images->n; i++) {
        q = read_image(r, images->item[i], &e->children[e->n_children]);
        e->n_children += q == 0;
    }
    return q;
}

int pl_evidence_read(const struct pl_yaml *y, struct pl_arena *a, struct pl_evidence *ret,
                     struct pl_err *err)
{
    struct reader r = { .a = a, .err = err };
    *ret = (struct pl_evidence){ 0 };
    int q = read_facts(&r, pl_yaml_get(y, "facts"), ret);
    return q < 0 ? q : read_proofs(&r, pl_yaml_get(y, "evidence"), ret);
}
