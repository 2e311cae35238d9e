/* Kubernetes: does the webhook see every pod, and does its failure close? formats/gates.md
 * section 3. */
/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>
#include <stdlib.h>

#include "base/base64.h"
#include "cmd/gate_doctor.h"
#include "fmt/yaml.h"
#include "io/file.h"
#include "sign/cert.h"
#include "sign/pem.h"

#define DAY_S 86400

struct hook {
    struct pl_doctor *d;
    const char *path;
    const struct pl_yaml *y;
};

static bool lists(const struct pl_yaml *list, const char *word)
{
    for (size_t i = 0; list && list->kind == PL_YAML_LIST && i < list->n; i++)
        if (pl_str_is(pl_yaml_str(list->item[i]), word) ||
            pl_str_is(pl_yaml_str(list->item[i]), "*"))
            return true;
    return false;
}

/* "*" stands for resources without subresources, as does a name; "*" slash "*" for all. */
static bool lists_resource(const struct pl_yaml *list, const char *resource)
{
    bool sub = strchr(resource, '/') != NULL;
    for (size_t i = 0; list && list->kind == PL_YAML_LIST && i < list->n; i++) {
        struct pl_str s = pl_yaml_str(list->item[i]);
        if (pl_str_is(s, resource) || pl_str_is(s, "*/*") || (!sub && pl_str_is(s, "*")) ||
            (sub && pl_str_is(s, "pods/*")))
            return true;
    }
    return false;
}

static bool sees(const struct hook *h, const char *group, const char *resource, const char *op)
{
    const struct pl_yaml *rules = pl_yaml_get(h->y, "rules");
    for (size_t i = 0; rules && rules->kind == PL_YAML_LIST && i < rules->n; i++) {
        const struct pl_yaml *r = rules->item[i];
        if (lists(pl_yaml_get(r, "apiGroups"), group) && lists(pl_yaml_get(r, "operations"), op) &&
            lists_resource(pl_yaml_get(r, "resources"), resource) &&
            !pl_str_is(pl_yaml_str(pl_yaml_get(r, "scope")), "Cluster"))
            return true;
    }
    return false;
}

static void check_rules(const struct hook *h)
{
    static const struct {
        const char *group, *resource, *op;
        bool hole; /* pods are where everything ends; others only fail later */
    } t[] = {
        { "", "pods", "CREATE", true },
        { "", "pods", "UPDATE", true },
        { "", "pods/ephemeralcontainers", "UPDATE", true },
        { "apps", "deployments", "CREATE", false },
        { "apps", "statefulsets", "CREATE", false },
        { "apps", "daemonsets", "CREATE", false },
        { "apps", "replicasets", "CREATE", false },
        { "", "replicationcontrollers", "CREATE", false },
        { "batch", "jobs", "CREATE", false },
        { "batch", "cronjobs", "CREATE", false },
    };
    for (size_t i = 0; i < sizeof t / sizeof t[0]; i++) {
        if (sees(h, t[i].group, t[i].resource, t[i].op))
            continue;
        if (t[i].hole)
            pl_doctor_hole(h->d, h->path, h->y->line, "%s of %s is not asked about", t[i].op,
                           t[i].resource);
        else
            pl_doctor_note(h->d, h->path, h->y->line,
                           "%s are not asked about: refused only when their pods start",
                           t[i].resource);
    }
}

/* Namespaces other than the webhook's own that are left out; whether its own is. */
static void check_namespaces(const struct hook *h, struct pl_str own)
{
    const struct pl_yaml *sel = pl_yaml_get(h->y, "namespaceSelector"),
                         *list = pl_yaml_get(sel, "matchExpressions"),
                         *labels = pl_yaml_get(sel, "matchLabels");
    bool out = false;
    if (labels && labels->n)
        pl_doctor_hole(h->d, h->path, labels->line,
                       "only namespaces with certain labels are asked about");
    for (size_t i = 0; list && list->kind == PL_YAML_LIST && i < list->n; i++) {
        const struct pl_yaml *e = list->item[i], *values = pl_yaml_get(e, "values");
        bool by_name =
            pl_str_is(pl_yaml_str(pl_yaml_get(e, "key")), "kubernetes.io/metadata.name") &&
            pl_str_is(pl_yaml_str(pl_yaml_get(e, "operator")), "NotIn");
        if (!by_name)
            pl_doctor_hole(h->d, h->path, e->line,
                           "namespaces are told by a label that those who own them can set");
        for (size_t k = 0; by_name && values && values->kind == PL_YAML_LIST && k < values->n;
             k++) {
            struct pl_str name = pl_yaml_str(values->item[k]);
            if (own.n && pl_str_eq(name, own))
                out = true;
            else
                pl_doctor_hole(h->d, h->path, values->item[k]->line,
                               "namespace '%.*s' is not asked about",
                               PL_FMT(pl_str_sub(name, 0, 100)));
        }
    }
    if (own.n && !out)
        pl_doctor_hole(h->d, h->path, h->y->line,
                       "the webhook gates its own pods in '%.*s': once down it stays down",
                       PL_FMT(pl_str_sub(own, 0, 100)));
}

static void check_certificate(const struct hook *h, const struct pl_yaml *bundle)
{
    struct pl_str text = pl_yaml_str(bundle);
    size_t n = 0;
    if (!text.n)
        return;
    char *raw = pl_alloc(&h->d->a, pl_base64_room(text.n) + 1);
    if (pl_base64_decode(text, PL_BASE64_LENIENT, raw, &n, NULL) < 0) {
        pl_doctor_hole(h->d, h->path, bundle->line, "caBundle is no base64");
        return;
    }
    struct pl_str pem = pl_str_n(raw, n);
    struct pl_pem block;
    while (pl_pem_next(&pem, &h->d->a, &block, NULL) == 0) {
        struct pl_cert *c = NULL;
        if (pl_cert_parse(block.body, &c, NULL) < 0)
            continue;
        int64_t left = (pl_cert_period(c).end / 1000000000 - h->d->now_s) / DAY_S;
        if (left < 0)
            pl_doctor_hole(h->d, h->path, bundle->line, "a certificate of caBundle is expired");
        else if (left < 30)
            pl_doctor_note(h->d, h->path, bundle->line,
                           "a certificate of caBundle ends in %lld days", (long long)left);
        pl_cert_free(c);
    }
}

static void check_hook(struct pl_doctor *d, const char *path, const struct pl_yaml *y,
                       bool validating)
{
    struct hook h = { d, path, y };
    const struct pl_yaml *client = pl_yaml_get(y, "clientConfig");
    struct pl_str own = pl_yaml_str(pl_yaml_get(pl_yaml_get(client, "service"), "namespace"));
    uint64_t timeout = 10;
    pl_str_u64(pl_yaml_str(pl_yaml_get(y, "timeoutSeconds")), &timeout);
    unsigned limit = d->policy ? d->policy->timeout_ms : 8000;
    if (pl_str_is(pl_yaml_str(pl_yaml_get(y, "failurePolicy")), "Ignore"))
        pl_doctor_hole(d, path, y->line,
                       "failurePolicy: Ignore admits everything while it is down");
    if (timeout * 1000 < limit)
        pl_doctor_hole(d, path, y->line, "timeoutSeconds %u is shorter than the policy's %u ms",
                       (unsigned)timeout, limit);
    if (pl_str_is(pl_yaml_str(pl_yaml_get(y, "matchPolicy")), "Exact"))
        pl_doctor_hole(d, path, y->line, "matchPolicy: Exact misses other versions of a kind");
    if (pl_yaml_get(y, "objectSelector") && pl_yaml_get(y, "objectSelector")->n)
        pl_doctor_hole(d, path, y->line, "objectSelector: who writes a pod writes its labels");
    if (pl_yaml_get(y, "matchConditions") && pl_yaml_get(y, "matchConditions")->n)
        pl_doctor_hole(d, path, y->line, "matchConditions leave requests out");
    if (validating)
        check_rules(&h);
    check_namespaces(&h, own.p ? own : PL_S(""));
    check_certificate(&h, pl_yaml_get(client, "caBundle"));
}

static bool check_object(struct pl_doctor *d, const char *path, const struct pl_yaml *o)
{
    struct pl_str kind = pl_yaml_str(pl_yaml_get(o, "kind"));
    const struct pl_yaml *hooks = pl_yaml_get(o, "webhooks");
    bool validating = pl_str_is(kind, "ValidatingWebhookConfiguration");
    if (!validating && !pl_str_is(kind, "MutatingWebhookConfiguration"))
        return false;
    for (size_t i = 0; hooks && hooks->kind == PL_YAML_LIST && i < hooks->n; i++)
        check_hook(d, path, hooks->item[i], validating);
    return validating && hooks && hooks->n;
}

void pl_doctor_kube(struct pl_doctor *d, const char *path)
{
    pl_auto_buf struct pl_buf b = { .max = PL_MIB(16) };
    struct pl_limits lim;
    struct pl_yaml_stream docs = { 0 };
    struct pl_err err = { 0 };
    bool found = false;
    pl_limits_init(&lim);
    if (pl_file_read(path, &b, &err) < 0 ||
        pl_yaml_parse(pl_buf_str(&b), &lim, &d->a, &docs, &err) < 0) {
        pl_doctor_unread(d, path, err.msg);
        return;
    }
    for (size_t i = 0; i < docs.n; i++) {
        const struct pl_yaml *items = pl_yaml_get(docs.doc[i], "items");
        found |= check_object(d, path, docs.doc[i]);
        for (size_t k = 0; items && items->kind == PL_YAML_LIST && k < items->n; k++)
            found |= check_object(d, path, items->item[k]);
    }
    if (!found)
        pl_doctor_hole(d, path, 0, "no ValidatingWebhookConfiguration: nothing is asked about");
}
