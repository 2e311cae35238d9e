/* Compose files: the services as they are run. Compose specification. */
/* SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>

#include "check/deploy/mend.h"

static bool has(struct pl_str s, const char *what)
{
    return pl_str_find(s, pl_str_c(what), 0) != SIZE_MAX;
}

static void spaces(struct pl_deploy *d, const struct pl_yaml *s)
{
    static const char *const keys[] = { "pid", "ipc", "userns_mode", "uts", "cgroup" };
    for (size_t i = 0; i < sizeof keys / sizeof *keys; i++) {
        const struct pl_yaml *y = pl_deploy_get(d, s, keys[i]);
        if (pl_str_is(pl_yaml_str(y), "host"))
            pl_deploy_drop_key(d, pl_deploy_hit(d, PL_DEPLOY_R03, y, "%s: host", keys[i]),
                               PL_FIX_UNSAFE, s, keys[i]);
    }
    const struct pl_yaml *net = pl_deploy_get(d, s, "network_mode");
    if (pl_str_is(pl_yaml_str(net), "host"))
        pl_deploy_drop_key(d, pl_deploy_hit(d, PL_DEPLOY_R04, net, "network_mode: host"),
                           PL_FIX_UNSAFE, s, "network_mode");
}

/* "SOURCE:TARGET[:MODE]" or the long form. */
static void mounts(struct pl_deploy *d, const struct pl_yaml *s, struct pl_deploy_run *c)
{
    const struct pl_yaml *v = pl_deploy_get(d, s, "volumes"), *t = pl_deploy_get(d, s, "tmpfs");
    for (size_t i = 0; t && (t->kind == PL_YAML_SCALAR ? i < 1 : i < t->n); i++) {
        const struct pl_yaml *at = t->kind == PL_YAML_SCALAR ? t : t->item[i];
        struct pl_str how = pl_yaml_str(at), path = PL_S("");
        if (how.n && pl_str_split(&how, ':', &path))
            pl_deploy_mounted(c, at, path, true, false);
    }
    for (size_t i = 0; v && v->kind == PL_YAML_LIST && i < v->n; i++) {
        const struct pl_yaml *m = v->item[i];
        struct pl_str rest = pl_yaml_str(m), source;
        if (m->kind == PL_YAML_MAP) {
            source = pl_yaml_str(pl_deploy_get(d, m, "source"));
            pl_deploy_mounted(c, m, pl_yaml_str(pl_deploy_get(d, m, "target")),
                              !pl_deploy_true(pl_deploy_get(d, m, "read_only")),
                              pl_str_is(pl_yaml_str(pl_deploy_get(d, m, "type")), "volume"));
            const struct pl_yaml *bind = pl_deploy_get(d, m, "bind");
            struct pl_str how = pl_yaml_str(pl_deploy_get(d, bind, "propagation"));
            if (pl_str_is(how, "shared") || pl_str_is(how, "rshared"))
                pl_deploy_hit(d, PL_DEPLOY_R21, m, "propagation: %.*s", PL_FMT(how));
            if (source.n && source.p[0] == '/')
                pl_deploy_host_path(d, m, source, pl_deploy_true(pl_deploy_get(d, m, "read_only")));
            continue;
        }
        if (rest.n && !has(rest, ":")) /* an anonymous volume */
            pl_deploy_mounted(c, m, rest, true, true);
        if (!rest.p || !pl_str_split(&rest, ':', &source) || !rest.p)
            continue;
        bool ro =
            pl_str_ends(rest, PL_S(":ro")) || has(rest, ":ro,") || pl_str_ends(rest, PL_S(",ro"));
        struct pl_str how = rest, target = PL_S("");
        pl_str_split(&how, ':', &target);
        pl_deploy_mounted(c, m, target, !ro, source.n && !strchr("/.~$", source.p[0]));
        if (source.n && source.p[0] == '/')
            pl_deploy_host_path(d, m, source, ro);
        if (has(rest, "rshared") || pl_str_ends(rest, PL_S(":shared")))
            pl_deploy_hit(d, PL_DEPLOY_R21, m, "shared");
    }
}

static void confined(struct pl_deploy *d, const struct pl_yaml *s, const struct pl_yaml *list,
                     const struct pl_yaml *y)
{
    struct pl_deploy_hit *h =
        pl_deploy_hit(d, PL_DEPLOY_R09, y, "%.*s", PL_FMT(pl_str_sub(pl_yaml_str(y), 0, 100)));
    if (list->n > 1)
        pl_deploy_drop_item(d, h, PL_FIX_SUGGESTED, list, y);
    else if (list->flow)
        pl_deploy_drop_key(d, h, PL_FIX_SUGGESTED, s, "security_opt");
    else /* an empty list would stay */
        pl_deploy_replace(d, h, PL_FIX_SUGGESTED, y, PL_S("no-new-privileges:true"));
}

static void options(struct pl_deploy *d, const struct pl_yaml *s, const struct pl_yaml *at,
                    struct pl_deploy_run *c)
{
    const struct pl_yaml *o = pl_deploy_get(d, s, "security_opt");
    const struct pl_yaml *otherwise = NULL;
    bool no_new = false;
    for (size_t i = 0; o && o->kind == PL_YAML_LIST && i < o->n; i++) {
        struct pl_str v = pl_yaml_str(o->item[i]);
        if (v.p && pl_str_starts(v, PL_S("no-new-privileges"))) {
            no_new |= !has(v, "false");
            otherwise = o->item[i];
        }
        if (v.p && (has(v, "unconfined") || has(v, "label:disable") || has(v, "label=disable")))
            confined(d, s, o, o->item[i]);
    }
    if (!no_new)
        pl_deploy_mend_privileges(d, pl_deploy_hit(d, PL_DEPLOY_R08, at, "no no-new-privileges"), c,
                                  otherwise);
    c->drop = pl_deploy_get(d, s, "cap_drop");
    c->add = pl_deploy_get(d, s, "cap_add");
    if (!pl_deploy_lists(c->drop, "ALL"))
        pl_deploy_mend_caps(d, pl_deploy_hit(d, PL_DEPLOY_R07, at, "no cap_drop of ALL"), c);
    pl_deploy_caps(d, c->add);
    const struct pl_yaml *ro = pl_deploy_get(d, s, "read_only");
    if (pl_deploy_true(ro)) {
        c->read_only = ro;
        return;
    }
    struct pl_str needs = c->other_start ? PL_S("") : pl_deploy_needs(d, c);
    pl_deploy_mend_root(d,
                        pl_deploy_hit(d, PL_DEPLOY_R10, at, "no read_only%s%.*s",
                                      needs.n ? "; it then needs " : "", PL_FMT(needs)),
                        c);
}

static void user(struct pl_deploy *d, const struct pl_yaml *s, const struct pl_yaml *at,
                 struct pl_deploy_run *c)
{
    const struct pl_yaml *u = pl_deploy_get(d, s, "user");
    struct pl_str name = pl_yaml_str(u), first = PL_S("");
    if (name.n)
        pl_str_split(&name, ':', &first);
    c->has_uid = pl_str_u64(first, &c->uid) || pl_str_is(first, "root");
    if (pl_str_is(first, "root") || pl_str_is(first, "0"))
        pl_deploy_mend_user(d, pl_deploy_hit(d, PL_DEPLOY_R11, u, "user: %.*s", PL_FMT(first)), c,
                            u);
    else if (!u && c->advice && pl_deploy_root_image(c->advice)) {
        pl_deploy_mend_user(
            d, pl_deploy_hit(d, PL_DEPLOY_R11, at, "no user, and the image starts as root"), c, u);
    } else if (!u && !c->advice) {
        pl_deploy_hit(d, PL_DEPLOY_R11, at, "no user: the image's own counts");
        if (d->hits.n)
            d->hits.p[d->hits.n - 1].severity = PL_SEV_LOW;
    }
}

struct most {
    bool here, memory, cpu; /* not below deploy; what is limited already */
};

static void most(struct pl_deploy *d, struct pl_deploy_hit *h, const struct pl_yaml *s,
                 const struct pl_yaml *l, struct most m)
{
    static const struct pl_str both[] = { { "memory: 512M", 12 }, { "cpus: \"1.0\"", 11 } };
    const enum pl_fix_class c = PL_FIX_UNSAFE;
    bool done = true;
    if (!m.here && !l && !m.memory && !m.cpu) {
        pl_deploy_set(d, h, c, s, "deploy/resources/limits",
                      &(struct pl_deploy_value){ PL_DEPLOY_MAP, both, 2 });
        return;
    }
    if (!m.memory)
        done = pl_deploy_set_to(d, h, c, s, m.here ? "mem_limit" : "deploy/resources/limits/memory",
                                "512M");
    if (!m.cpu && done)
        done = pl_deploy_set_to(d, h, c, s, m.here ? "cpus" : "deploy/resources/limits/cpus",
                                "\"1.0\"");
    if (!done)
        pl_deploy_unmend(h);
}

static void limits(struct pl_deploy *d, const struct pl_yaml *s, const struct pl_yaml *at)
{
    const struct pl_yaml *l =
        pl_deploy_get(d, pl_deploy_get(d, pl_deploy_get(d, s, "deploy"), "resources"), "limits");
    bool memory = pl_deploy_get(d, s, "mem_limit") || pl_deploy_get(d, l, "memory");
    bool cpu = pl_deploy_get(d, s, "cpus") || pl_deploy_get(d, s, "cpu_quota") ||
               pl_deploy_get(d, l, "cpus");
    bool pids = pl_deploy_get(d, s, "pids_limit") || pl_deploy_get(d, l, "pids");
    bool here = !pl_deploy_get(d, s, "deploy"); /* not in two places */
    if (!memory || !cpu)
        most(d,
             pl_deploy_hit(d, PL_DEPLOY_R12, at, "none of%s%s", memory ? "" : " memory",
                           cpu ? "" : " cpu"),
             s, l, (struct most){ here, memory, cpu });
    if (!pids)
        pl_deploy_set_to(d, pl_deploy_hit(d, PL_DEPLOY_R12, at, "none of pids"), PL_FIX_SUGGESTED,
                         s, here ? "pids_limit" : "deploy/resources/limits/pids", "512");
}

static void environment(struct pl_deploy *d, const struct pl_yaml *s)
{
    const struct pl_yaml *e = pl_deploy_get(d, s, "environment");
    for (size_t i = 0; e && i < e->n; i++) {
        if (e->kind == PL_YAML_MAP) {
            pl_deploy_variable(d, e->item[2 * i + 1], pl_yaml_str(e->item[2 * i]),
                               pl_yaml_str(e->item[2 * i + 1]));
        } else if (e->kind == PL_YAML_LIST) {
            struct pl_str value = pl_yaml_str(e->item[i]), name;
            if (value.p && pl_str_split(&value, '=', &name) && value.p)
                pl_deploy_variable(d, e->item[i], name, value);
        }
    }
}

/* Only this machine reaches the port, then. */
static void bind_here(struct pl_deploy *d, struct pl_deploy_hit *h, const struct pl_yaml *y,
                      struct pl_str address)
{
    if (y->kind == PL_YAML_MAP)
        pl_deploy_set_to(d, h, PL_FIX_SUGGESTED, y, "host_ip", "127.0.0.1");
    else if (!address.n)
        pl_deploy_insert(d, h, PL_FIX_SUGGESTED, y, 0, PL_S("127.0.0.1:"));
    else if (pl_str_is(address, "0.0.0.0"))
        pl_deploy_replace(d, h, PL_FIX_SUGGESTED, y,
                          pl_printf(d->a, "\"127.0.0.1%.*s\"",
                                    PL_FMT(pl_str_sub(pl_yaml_str(y), address.n, SIZE_MAX))));
}

/* "[ADDRESS:][HOST:]CONTAINER[/udp]" */
static void ports(struct pl_deploy *d, const struct pl_yaml *s, struct pl_deploy_run *c)
{
    static const unsigned admin[] = { 22,   2375, 2376,  3306,  5432,  6379, 27017,
                                      9200, 5601, 11211, 15672, 10250, 8500, 2379 };
    const struct pl_yaml *p = pl_deploy_get(d, s, "ports");
    for (size_t i = 0; p && p->kind == PL_YAML_LIST && i < p->n; i++) {
        const struct pl_yaml *y = p->item[i];
        struct pl_str text = pl_yaml_str(y), host = PL_S(""), inner = PL_S(""), address = PL_S("");
        if (y->kind == PL_YAML_MAP) {
            host = pl_yaml_str(pl_deploy_get(d, y, "published"));
            inner = pl_yaml_str(pl_deploy_get(d, y, "target"));
            address = pl_yaml_str(pl_deploy_get(d, y, "host_ip"));
        } else if (text.p) {
            text = pl_str_sub(text, 0, pl_str_find(text, PL_S("/"), 0));
            const char *colon = text.n ? memrchr(text.p, ':', text.n) : NULL;
            inner = colon ? pl_str_sub(text, (size_t)(colon - text.p) + 1, text.n) : text;
            host = colon ? pl_str_sub(text, 0, (size_t)(colon - text.p)) : PL_S("");
            colon = host.n ? memrchr(host.p, ':', host.n) : NULL;
            if (colon) {
                address = pl_str_sub(host, 0, (size_t)(colon - host.p));
                host = pl_str_sub(host, (size_t)(colon - host.p) + 1, host.n);
            }
        }
        uint64_t n, in = 0;
        if (inner.n)
            pl_vec_push(&c->ports, ((struct pl_deploy_port){ y, inner }));
        if (pl_str_is(address, "127.0.0.1") || pl_str_is(address, "[::1]") ||
            pl_str_is(address, "::1") || !pl_str_u64(host, &n))
            continue;
        pl_str_u64(inner, &in);
        bool is_admin = false;
        for (size_t k = 0; k < sizeof admin / sizeof *admin; k++)
            is_admin |= in == admin[k];
        if (is_admin || n < 1024)
            bind_here(d,
                      pl_deploy_hit(d, PL_DEPLOY_R16, y, "%s %llu on all addresses",
                                    is_admin ? "a service of administration," : "port",
                                    (unsigned long long)n),
                      y, address);
    }
}

static void rest(struct pl_deploy *d, const struct pl_yaml *s, const struct pl_yaml *at)
{
    const struct pl_yaml *y = pl_deploy_get(d, s, "devices");
    if (y && y->n)
        pl_deploy_hit(d, PL_DEPLOY_R17, y, "devices");
    y = pl_deploy_get(d, s, "device_cgroup_rules");
    for (size_t i = 0; y && y->kind == PL_YAML_LIST && i < y->n; i++)
        if (pl_str_starts(pl_yaml_str(y->item[i]), PL_S("a")))
            pl_deploy_hit(d, PL_DEPLOY_R17, y->item[i], "device_cgroup_rules: every device");
    y = pl_deploy_get(d, s, "sysctls");
    for (size_t i = 0; y && i < y->n; i++) {
        const struct pl_yaml *k = y->kind == PL_YAML_MAP ? y->item[2 * i] : y->item[i];
        struct pl_str name = pl_yaml_str(k);
        if (name.n && !pl_str_starts(name, PL_S("net.")))
            pl_deploy_hit(d, PL_DEPLOY_R18, k, "%.*s", PL_FMT(pl_str_sub(name, 0, 100)));
    }
    y = pl_deploy_get(d, s, "healthcheck");
    bool off = pl_deploy_true(pl_deploy_get(d, y, "disable"));
    if (off || (!y && pl_deploy_get(d, s, "ports")))
        pl_deploy_hit(d, PL_DEPLOY_R19, off ? y : at, off ? "it is switched off" : "none here");
}

static void service(struct pl_deploy *d, const struct pl_yaml *name, const struct pl_yaml *s)
{
    const struct pl_yaml *p = pl_deploy_get(d, s, "privileged");
    if (s->kind != PL_YAML_MAP)
        return;
    d->containers++;
    struct pl_deploy_run c = { .map = s,
                               .advice = pl_deploy_advice(d, pl_deploy_get(d, s, "image")),
                               .other_start = pl_deploy_get(d, s, "command") ||
                                              pl_deploy_get(d, s, "entrypoint") };
    if (pl_deploy_true(p))
        pl_deploy_replace(d, pl_deploy_hit(d, PL_DEPLOY_R01, p, "privileged: true"), PL_FIX_UNSAFE,
                          p, PL_S("false"));
    spaces(d, s);
    mounts(d, s, &c);
    user(d, s, name, &c);
    options(d, s, name, &c);
    limits(d, s, name);
    pl_deploy_image(d, pl_deploy_get(d, s, "image"));
    environment(d, s);
    ports(d, s, &c);
    rest(d, s, name);
    if (!pl_deploy_true(p))
        pl_deploy_join(d, &c);
    pl_vec_release(&c.mounts);
    pl_vec_release(&c.ports);
}

void pl_deploy_compose(struct pl_deploy *d, const struct pl_yaml *doc)
{
    const struct pl_yaml *services = pl_yaml_get(doc, "services");
    for (size_t i = 0; i < services->n && d->work > 64; i++)
        service(d, services->item[2 * i], services->item[2 * i + 1]);
}
