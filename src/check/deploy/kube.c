/* Kubernetes manifests: every pod that an object makes. Pod Security Standards, core/v1. */
/* SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>

#include "check/deploy/mend.h"

#define LISTS_MAX 4u

/* A setting of the container, or else of its pod. */
static const struct pl_yaml *either(struct pl_deploy *d, const struct pl_yaml *own,
                                    const struct pl_yaml *pod, const char *key)
{
    const struct pl_yaml *y = pl_deploy_get(d, own, key);
    return y ? y : pl_deploy_get(d, pod, key);
}

static void who(struct pl_deploy *d, const struct pl_yaml *sc, const struct pl_yaml *pod,
                const struct pl_yaml *at, struct pl_deploy_run *run)
{
    const struct pl_yaml *user = either(d, sc, pod, "runAsUser"),
                         *non_root = either(d, sc, pod, "runAsNonRoot");
    uint64_t uid = 1;
    run->has_uid = user && pl_str_u64(pl_yaml_str(user), &run->uid);
    run->non_root = pl_deploy_true(non_root) ? non_root : NULL;
    run->group = pl_deploy_get(d, pod, "fsGroup") != NULL;
    if (user && pl_str_u64(pl_yaml_str(user), &uid) && uid == 0)
        pl_deploy_mend_user(d, pl_deploy_hit(d, PL_DEPLOY_R11, user, "runAsUser: 0"), run, user);
    else if (!pl_deploy_true(non_root) && !user)
        pl_deploy_mend_user(
            d,
            pl_deploy_hit(d, PL_DEPLOY_R11, non_root ? non_root : at, "runAsNonRoot is not true"),
            run, NULL);
}

static void context(struct pl_deploy *d, const struct pl_yaml *c, const struct pl_yaml *pod,
                    const struct pl_yaml *at, struct pl_deploy_run *run)
{
    const struct pl_yaml *sc = pl_deploy_get(d, c, "securityContext"), *y;
    const struct pl_yaml *caps = pl_deploy_get(d, sc, "capabilities");
    if (pl_deploy_true(y = pl_deploy_get(d, sc, "privileged")))
        pl_deploy_replace(d, pl_deploy_hit(d, PL_DEPLOY_R01, y, "privileged: true"), PL_FIX_UNSAFE,
                          y, PL_S("false"));
    run->add = pl_deploy_get(d, caps, "add");
    run->drop = pl_deploy_get(d, caps, "drop");
    pl_deploy_caps(d, run->add);
    if (!pl_deploy_lists(run->drop, "ALL"))
        pl_deploy_mend_caps(d, pl_deploy_hit(d, PL_DEPLOY_R07, at, "no drop of ALL"), run);
    y = pl_deploy_get(d, sc, "allowPrivilegeEscalation");
    if (!pl_deploy_false(y))
        pl_deploy_mend_privileges(
            d, pl_deploy_hit(d, PL_DEPLOY_R08, y ? y : at, "allowPrivilegeEscalation is not false"),
            run, NULL);
    y = pl_deploy_get(d, either(d, sc, pod, "seccompProfile"), "type");
    if (pl_str_is(pl_yaml_str(y), "Unconfined"))
        pl_deploy_replace(d, pl_deploy_hit(d, PL_DEPLOY_R09, y, "seccompProfile: Unconfined"),
                          PL_FIX_SUGGESTED, y, PL_S("RuntimeDefault"));
    y = pl_deploy_get(d, either(d, sc, pod, "appArmorProfile"), "type");
    if (pl_str_is(pl_yaml_str(y), "Unconfined"))
        pl_deploy_replace(d, pl_deploy_hit(d, PL_DEPLOY_R09, y, "appArmorProfile: Unconfined"),
                          PL_FIX_SUGGESTED, y, PL_S("RuntimeDefault"));
    y = pl_deploy_get(d, sc, "procMount");
    if (pl_str_is(pl_yaml_str(y), "Unmasked"))
        pl_deploy_replace(d, pl_deploy_hit(d, PL_DEPLOY_R09, y, "procMount: Unmasked"),
                          PL_FIX_SUGGESTED, y, PL_S("Default"));
    who(d, sc, pod, at, run);
    y = pl_deploy_get(d, sc, "readOnlyRootFilesystem");
    run->read_only = pl_deploy_true(y) ? y : NULL;
    struct pl_str needs = run->read_only || run->other_start ? PL_S("") : pl_deploy_needs(d, run);
    if (!run->read_only)
        pl_deploy_mend_root(d,
                            pl_deploy_hit(d, PL_DEPLOY_R10, y ? y : at,
                                          "readOnlyRootFilesystem is not true%s%.*s",
                                          needs.n ? "; it then needs " : "", PL_FMT(needs)),
                            run);
}

static void environment(struct pl_deploy *d, const struct pl_yaml *c)
{
    const struct pl_yaml *e = pl_deploy_get(d, c, "env");
    for (size_t i = 0; e && e->kind == PL_YAML_LIST && i < e->n; i++) {
        struct pl_str name = pl_yaml_str(pl_deploy_get(d, e->item[i], "name"));
        const struct pl_yaml *value = pl_deploy_get(d, e->item[i], "value");
        const struct pl_yaml *ref =
            pl_deploy_get(d, pl_deploy_get(d, e->item[i], "valueFrom"), "secretKeyRef");
        if (name.p && value)
            pl_deploy_variable(d, value, name, pl_yaml_str(value));
        if (!ref || !name.p)
            continue;
        pl_deploy_hit(d, PL_DEPLOY_R15, e->item[i], "%.*s, from a Secret",
                      PL_FMT(pl_str_sub(name, 0, 100)));
        if (d->hits.n)
            d->hits.p[d->hits.n - 1].severity = PL_SEV_LOW;
    }
}

static void ports(struct pl_deploy *d, const struct pl_yaml *c, struct pl_deploy_run *run)
{
    const struct pl_yaml *p = pl_deploy_get(d, c, "ports");
    for (size_t i = 0; p && p->kind == PL_YAML_LIST && i < p->n; i++) {
        const struct pl_yaml *host = pl_deploy_get(d, p->item[i], "hostPort"),
                             *port = pl_deploy_get(d, p->item[i], "containerPort");
        uint64_t n;
        if (port)
            pl_vec_push(&run->ports, ((struct pl_deploy_port){ port, pl_yaml_str(port) }));
        if (host && pl_str_u64(pl_yaml_str(host), &n) && n)
            pl_deploy_hit(d, PL_DEPLOY_R16, host, "hostPort %llu", (unsigned long long)n);
        else if (port && pl_str_u64(pl_yaml_str(port), &n) && n == 22)
            pl_deploy_hit(d, PL_DEPLOY_R16, port, "containerPort 22");
    }
}

/* Does the volume of the pod with this name keep what is written? */
static bool keeps(struct pl_deploy *d, const struct pl_yaml *spec, struct pl_str name)
{
    const struct pl_yaml *v = pl_deploy_get(d, spec, "volumes");
    for (size_t i = 0; v && v->kind == PL_YAML_LIST && i < v->n; i++)
        if (pl_str_eq(pl_yaml_str(pl_deploy_get(d, v->item[i], "name")), name))
            return pl_deploy_get(d, v->item[i], "persistentVolumeClaim") != NULL;
    return false;
}

static void mounts(struct pl_deploy *d, const struct pl_yaml *c, const struct pl_yaml *spec,
                   struct pl_deploy_run *run)
{
    const struct pl_yaml *m = pl_deploy_get(d, c, "volumeMounts");
    for (size_t i = 0; m && m->kind == PL_YAML_LIST && i < m->n; i++) {
        const struct pl_yaml *y = m->item[i], *p = pl_deploy_get(d, y, "mountPropagation");
        if (pl_str_is(pl_yaml_str(p), "Bidirectional"))
            pl_deploy_replace(d,
                              pl_deploy_hit(d, PL_DEPLOY_R21, p, "mountPropagation: Bidirectional"),
                              PL_FIX_UNSAFE, p, PL_S("HostToContainer"));
        pl_deploy_mounted(run, y, pl_yaml_str(pl_deploy_get(d, y, "mountPath")),
                          !pl_deploy_true(pl_deploy_get(d, y, "readOnly")),
                          keeps(d, spec, pl_yaml_str(pl_deploy_get(d, y, "name"))));
    }
}

static void limit(struct pl_deploy *d, struct pl_deploy_hit *h, const struct pl_yaml *c,
                  bool memory, bool cpu)
{
    static const struct pl_str both[] = { { "memory: 512Mi", 13 }, { "cpu: \"1\"", 8 } };
    if (!memory && !cpu)
        pl_deploy_set(d, h, PL_FIX_UNSAFE, c, "resources/limits",
                      &(struct pl_deploy_value){ PL_DEPLOY_MAP, both, 2 });
    else
        pl_deploy_set_to(d, h, PL_FIX_UNSAFE, c,
                         memory ? "resources/limits/cpu" : "resources/limits/memory",
                         memory ? "\"1\"" : "512Mi");
}

static void container(struct pl_deploy *d, const struct pl_yaml *c, const struct pl_yaml *spec,
                      bool stays)
{
    const struct pl_yaml *pod = pl_deploy_get(d, spec, "securityContext");
    const struct pl_yaml *name = pl_deploy_get(d, c, "name");
    const struct pl_yaml *at = name ? name : c;
    if (c->kind != PL_YAML_MAP)
        return;
    d->containers++;
    const struct pl_yaml *image = pl_deploy_get(d, c, "image");
    struct pl_deploy_run run = { .kube = true,
                                 .map = c,
                                 .pod = spec,
                                 .advice = pl_deploy_advice(d, image),
                                 .other_start = pl_deploy_get(d, c, "command") ||
                                                pl_deploy_get(d, c, "args") };
    pl_deploy_image(d, image);
    mounts(d, c, spec, &run);
    context(d, c, pod, at, &run);
    environment(d, c);
    ports(d, c, &run);
    pl_deploy_join(d, &run);
    pl_vec_release(&run.mounts);
    pl_vec_release(&run.ports);
    const struct pl_yaml *l = pl_deploy_get(d, pl_deploy_get(d, c, "resources"), "limits");
    bool memory = pl_deploy_get(d, l, "memory") != NULL, cpu = pl_deploy_get(d, l, "cpu") != NULL;
    if (!memory || !cpu)
        limit(d,
              pl_deploy_hit(d, PL_DEPLOY_R12, at, "none of%s%s", memory ? "" : " memory",
                            cpu ? "" : " cpu"),
              c, memory, cpu);
    if (stays && (!pl_deploy_get(d, c, "livenessProbe") || !pl_deploy_get(d, c, "readinessProbe")))
        pl_deploy_hit(d, PL_DEPLOY_R19, at, "no %s",
                      pl_deploy_get(d, c, "livenessProbe") ? "readinessProbe" : "livenessProbe");
}

/* Is every mount of this volume read-only? */
static bool read_only(struct pl_deploy *d, const struct pl_yaml *spec, struct pl_str volume)
{
    const struct pl_yaml *cs = pl_deploy_get(d, spec, "containers");
    bool ro = true;
    for (size_t i = 0; cs && cs->kind == PL_YAML_LIST && i < cs->n; i++) {
        const struct pl_yaml *m = pl_deploy_get(d, cs->item[i], "volumeMounts");
        for (size_t k = 0; m && m->kind == PL_YAML_LIST && k < m->n; k++)
            if (pl_str_eq(pl_yaml_str(pl_deploy_get(d, m->item[k], "name")), volume))
                ro &= pl_deploy_true(pl_deploy_get(d, m->item[k], "readOnly"));
    }
    return ro;
}

static void volumes(struct pl_deploy *d, const struct pl_yaml *spec)
{
    const struct pl_yaml *v = pl_deploy_get(d, spec, "volumes");
    for (size_t i = 0; v && v->kind == PL_YAML_LIST && i < v->n; i++) {
        const struct pl_yaml *path =
            pl_deploy_get(d, pl_deploy_get(d, v->item[i], "hostPath"), "path");
        struct pl_str name = pl_yaml_str(pl_deploy_get(d, v->item[i], "name"));
        if (pl_yaml_str(path).n)
            pl_deploy_host_path(d, path, pl_yaml_str(path), read_only(d, spec, name));
    }
}

static void pod(struct pl_deploy *d, const struct pl_yaml *spec, bool stays)
{
    static const char *const lists[] = { "containers", "initContainers", "ephemeralContainers" };
    static const char *const safe[] = { "kernel.shm_rmid_forced",
                                        "net.ipv4.ip_local_port_range",
                                        "net.ipv4.ip_unprivileged_port_start",
                                        "net.ipv4.tcp_syncookies",
                                        "net.ipv4.ping_group_range",
                                        "net.ipv4.ip_local_reserved_ports",
                                        "net.ipv4.tcp_keepalive_time",
                                        "net.ipv4.tcp_fin_timeout" };
    const struct pl_yaml *sc = pl_deploy_get(d, spec, "securityContext"), *y;
    if (!spec || spec->kind != PL_YAML_MAP || d->work < 64)
        return;
    if (pl_deploy_true(y = pl_deploy_get(d, spec, "hostPID")))
        pl_deploy_replace(d, pl_deploy_hit(d, PL_DEPLOY_R03, y, "hostPID"), PL_FIX_UNSAFE, y,
                          PL_S("false"));
    if (pl_deploy_true(y = pl_deploy_get(d, spec, "hostIPC")))
        pl_deploy_replace(d, pl_deploy_hit(d, PL_DEPLOY_R03, y, "hostIPC"), PL_FIX_UNSAFE, y,
                          PL_S("false"));
    if (pl_deploy_true(y = pl_deploy_get(d, spec, "hostNetwork")))
        pl_deploy_replace(d, pl_deploy_hit(d, PL_DEPLOY_R04, y, "hostNetwork"), PL_FIX_UNSAFE, y,
                          PL_S("false"));
    y = pl_deploy_get(d, sc, "sysctls");
    for (size_t i = 0; y && y->kind == PL_YAML_LIST && i < y->n; i++) {
        struct pl_str name = pl_yaml_str(pl_deploy_get(d, y->item[i], "name"));
        bool known = false;
        for (size_t k = 0; k < sizeof safe / sizeof *safe; k++)
            known |= pl_str_is(name, safe[k]);
        if (name.n && !known)
            pl_deploy_hit(d, PL_DEPLOY_R18, y->item[i], "%.*s", PL_FMT(pl_str_sub(name, 0, 100)));
    }
    volumes(d, spec);
    for (size_t k = 0; k < 3; k++) {
        y = pl_deploy_get(d, spec, lists[k]);
        for (size_t i = 0; y && y->kind == PL_YAML_LIST && i < y->n; i++)
            container(d, y->item[i], spec, stays && k == 0);
    }
    if (!pl_deploy_false(pl_deploy_get(d, spec, "automountServiceAccountToken")) &&
        !pl_deploy_get(d, spec, "serviceAccountName"))
        pl_deploy_set_to(
            d, pl_deploy_hit(d, PL_DEPLOY_R22, spec, "the default account's token is mounted"),
            PL_FIX_SUGGESTED, spec, "automountServiceAccountToken", "false");
}

static void object(struct pl_deploy *d, const struct pl_yaml *doc, unsigned depth)
{
    struct pl_str kind = pl_yaml_str(pl_yaml_get(doc, "kind"));
    const struct pl_yaml *spec = pl_deploy_get(d, doc, "spec"), *items = pl_yaml_get(doc, "items");
    static const char *const templates[] = {
        "Deployment", "StatefulSet",           "DaemonSet",        "ReplicaSet",
        "Job",        "ReplicationController", "DeploymentConfig", "Rollout"
    };
    if (pl_str_is(kind, "Pod"))
        pod(d, spec, true);
    if (pl_str_is(kind, "CronJob"))
        spec = pl_deploy_get(d, pl_deploy_get(d, spec, "jobTemplate"), "spec");
    for (size_t i = 0; i < sizeof templates / sizeof *templates; i++)
        if (pl_str_is(kind, templates[i]) || (i == 0 && pl_str_is(kind, "CronJob")))
            pod(d, pl_deploy_get(d, pl_deploy_get(d, spec, "template"), "spec"),
                !pl_str_is(kind, "Job") && !pl_str_is(kind, "CronJob"));
    for (size_t i = 0; items && items->kind == PL_YAML_LIST && i < items->n && depth < LISTS_MAX;
         i++)
        object(d, items->item[i], depth + 1);
}

void pl_deploy_kube(struct pl_deploy *d, const struct pl_yaml *doc)
{
    object(d, doc, 0);
}
