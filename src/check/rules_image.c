/* What ends up in the image: rights of files, servers, names of bases that mislead.
 * formats/dockerfile.md section 7, hardening.md section 5. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "base/cleanup.h"
#include "check/check.h"

static void hit(struct pl_lint *l, enum pl_rule_id rule, const struct pl_lint_in *in,
                const struct pl_sh_word *w)
{
    uint32_t from = pl_df_src(&in->sh->text, w->off);
    uint32_t end = w->end > w->off ? pl_df_src(&in->sh->text, w->end - 1) + 1 : from;
    pl_lint_rule(l, rule, in->index, from, end);
}

/* chmod's mode: does it let everybody write, does it set an s bit? */
static void mode_bits(struct pl_str s, bool *ret_world, bool *ret_suid)
{
    bool octal = s.n >= 3 && s.n <= 5;
    for (size_t i = 0; i < s.n; i++)
        octal &= (unsigned)(s.p[i] - '0') < 8;
    if (octal) {
        *ret_world = ((s.p[s.n - 1] - '0') & 2) != 0 && !(s.n >= 4 && ((s.p[s.n - 4] - '0') & 1));
        *ret_suid = s.n >= 4 && ((s.p[s.n - 4] - '0') & 6) != 0;
        return;
    }
    struct pl_str part;
    while (pl_str_split(&s, ',', &part)) {
        size_t i = 0;
        bool all = false;
        while (i < part.n && strchr("ugoa", part.p[i])) {
            all |= part.p[i] == 'o' || part.p[i] == 'a';
            i++;
        }
        bool adds = i < part.n && (part.p[i] == '+' || part.p[i] == '=');
        bool t = part.n && memchr(part.p, 't', part.n);
        *ret_world |= adds && all && !t && memchr(part.p + i, 'w', part.n - i);
        *ret_suid |= adds && memchr(part.p + i, 's', part.n - i);
    }
}

static bool scratch_dir(struct pl_str s)
{
    return pl_lint_word_in(s, "/tmp /tmp/ /var/tmp /var/tmp/") || pl_str_starts(s, PL_S("/tmp/")) ||
           pl_str_starts(s, PL_S("/run/"));
}

static void chmod_of(struct pl_lint *l, const struct pl_lint_in *in, const struct pl_sh_node *c)
{
    const struct pl_sh_word *mode = NULL;
    bool world = false, suid = false;
    for (size_t k = 1; k < c->n_word; k++) {
        if (pl_str_starts(c->word[k].simple, PL_S("-")) && !mode)
            continue;
        if (!mode) {
            mode = &c->word[k];
            mode_bits(mode->simple, &world, &suid);
        } else if (world && !scratch_dir(c->word[k].simple)) {
            hit(l, PL_RULE_D312, in, mode);
            world = false;
        }
    }
    if (mode && suid && c->n_word > 2) {
        uint32_t from = pl_df_src(&in->sh->text, mode->off);
        pl_lint_code(l, "CIS-DI-0008", in->index, from, from + (uint32_t)mode->text.n);
    }
}

static void commands(struct pl_lint *l, const struct pl_lint_in *in)
{
    for (size_t i = 0; i < in->sh->script.n_cmds; i++) {
        const struct pl_sh_node *c = in->sh->script.cmds[i];
        struct pl_str name = pl_lint_base(pl_sh_name(c));
        if (pl_str_is(name, "chmod"))
            chmod_of(l, in, c);
        if (pl_str_is(name, "setcap") && c->n_word > 2 && !pl_sh_flag(c, "r"))
            hit(l, PL_RULE_D308, in, &c->word[0]);
        bool install = pl_lint_word_in(name, "apt-get apt apk yum dnf microdnf zypper");
        for (size_t k = 1; k < c->n_word && install; k++)
            if (pl_lint_word_in(c->word[k].simple, "openssh-server openssh dropbear"))
                hit(l, PL_RULE_D305, in, &c->word[k]);
        if (pl_str_is(name, "useradd") && (pl_sh_flag(c, "o") || pl_sh_flag(c, "non-unique")))
            hit(l, PL_RULE_D311, in, &c->word[0]);
    }
}

static void copy_mode(struct pl_lint *l, const struct pl_lint_in *in)
{
    const struct pl_df_arg *arg;
    struct pl_str v = pl_df_flag(in->n, "chmod", &arg);
    bool world = false, suid = false;
    if (!v.n)
        return;
    mode_bits(v, &world, &suid);
    uint32_t off = pl_df_src(&in->n->text, arg->at), end = off + (uint32_t)arg->s.n;
    if (world)
        pl_lint_rule(l, PL_RULE_D312, in->index, off, end);
    if (suid)
        pl_lint_rule(l, PL_RULE_D308, in->index, off, end);
}

/* --- names like well-known ones --- */

static const char *const known[] = {
    "adminer",   "alpine",          "amazonlinux",   "archlinux",
    "bash",      "buildpack-deps",  "busybox",       "caddy",
    "cassandra", "centos",          "clojure",       "composer",
    "consul",    "couchbase",       "couchdb",       "debian",
    "docker",    "drupal",          "elasticsearch", "elixir",
    "erlang",    "fedora",          "fluentd",       "gcc",
    "ghost",     "golang",          "gradle",        "grafana",
    "groovy",    "haproxy",         "haskell",       "httpd",
    "influxdb",  "jenkins",         "jetty",         "joomla",
    "julia",     "kibana",          "kong",          "logstash",
    "mariadb",   "maven",           "mediawiki",     "memcached",
    "mongo",     "mosquitto",       "mysql",         "nats",
    "neo4j",     "nextcloud",       "nginx",         "node",
    "openjdk",   "oraclelinux",     "perl",          "photon",
    "php",       "phpmyadmin",      "postgres",      "prometheus",
    "pypy",      "python",          "rabbitmq",      "redis",
    "redmine",   "registry",        "rockylinux",    "ruby",
    "rust",      "sonarqube",       "solr",          "storm",
    "swift",     "telegraf",        "tomcat",        "traefik",
    "ubuntu",    "vault",           "varnish",       "wordpress",
    "zookeeper", "eclipse-temurin", "almalinux",     "opensuse",
};

/* Pairs that are both real. */
static const char real[] =
    "mongos redash rasa nod go golang nats dart rush pearl ruby solr node nodes "
    "mongo docker rust perl php maven bash alpine";

static char fold(char c)
{
    switch (c) {
    case '0':
        return 'o';
    case '1':
    case 'i':
        return 'l';
    case '5':
        return 's';
    default:
        return c;
    }
}

/* Optimal string alignment, ×4: look-alikes 1, swaps and doubled letters 2, others 4. */
static unsigned distance(struct pl_str a, struct pl_str b)
{
    unsigned d[3][40];
    if (a.n > 38 || b.n > 38)
        return 100;
    for (size_t k = 0; k <= b.n; k++)
        d[0][k] = (unsigned)k * 4;
    for (size_t i = 1; i <= a.n; i++) {
        unsigned *now = d[i % 3], *up = d[(i - 1) % 3], *up2 = d[(i + 1) % 3];
        now[0] = (unsigned)i * 4;
        for (size_t k = 1; k <= b.n; k++) {
            char x = a.p[i - 1], y = b.p[k - 1];
            unsigned sub = x == y ? 0 : fold(x) == fold(y) ? 1 : 4;
            unsigned del = i > 1 && a.p[i - 2] == x ? 2 : strchr("-_", x) ? 1 : 4;
            unsigned ins = k > 1 && b.p[k - 2] == y ? 2 : strchr("-_", y) ? 1 : 4;
            unsigned best = up[k - 1] + sub;
            best = up[k] + del < best ? up[k] + del : best;
            best = now[k - 1] + ins < best ? now[k - 1] + ins : best;
            if (i > 1 && k > 1 && x == b.p[k - 2] && a.p[i - 2] == y && x != y &&
                up2[k - 2] + 2 < best)
                best = up2[k - 2] + 2;
            now[k] = best;
        }
    }
    return d[a.n % 3][b.n];
}

static void look_alike(struct pl_lint *l, size_t s)
{
    const struct pl_df_stage *st = &l->p->stages[s];
    const struct pl_df_node *n = &l->f->nodes[st->from];
    if (st->base != SIZE_MAX || st->scratch || !st->image.n || !n->n_args)
        return;
    struct pl_df_ref r = pl_df_ref_split(st->image);
    struct pl_str base = pl_lint_lower(l->a, pl_lint_base(r.path));
    if (base.n < 4 || pl_lint_word_in(base, real) ||
        (r.registry.n && !pl_str_is(r.registry, "docker.io")))
        return;
    for (size_t i = 0; i < PL_COUNT(known); i++)
        if (pl_str_is(base, known[i]))
            return;
    for (size_t i = 0; i < PL_COUNT(known); i++) {
        struct pl_str k = pl_str_c(known[i]);
        unsigned limit = k.n >= 8 ? 8 : 4;
        if (k.n < 5 || (base.n > k.n ? base.n - k.n : k.n - base.n) > 2)
            continue;
        unsigned d = distance(base, k);
        if (!d || d > limit)
            continue;
        uint32_t off = pl_df_src(&n->text, n->args[0].at);
        struct pl_lint_hit *h =
            pl_lint_rule(l, PL_RULE_D105, st->from, off, off + (uint32_t)n->args[0].s.n);
        h->severity = d <= 2 ? PL_SEV_HIGH : PL_SEV_MEDIUM;
        h->detail = pl_printf(l->a, "like %s", known[i]);
        return;
    }
}

static void run(struct pl_lint *l)
{
    for (size_t i = 0; i < l->n; i++) {
        const struct pl_lint_in *in = &l->in[i];
        if (in->sh && in->sh->posix)
            commands(l, in);
        if (in->n->cmd == PL_DF_COPY || in->n->cmd == PL_DF_ADD)
            copy_mode(l, in);
    }
    for (size_t s = 0; s < l->p->n_stages; s++)
        look_alike(l, s);
}

const struct pl_check pl_check_image = { "image", run };
