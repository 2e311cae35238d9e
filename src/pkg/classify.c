/* Classes of programs. A pattern has one group, the version; bytes are Latin-1. packages.md 2.4. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "pkg/classify.h"

#include "fmt/regex.h"
#include "pkg/pkg_int.h"

struct pl_class {
    const char *file; /* of the last part of the path: exact, or with one '*' at the end */
    const char *type, *ns, *name;
    const char *pattern;
};

/* 1.2.3, perhaps with a mark of a prerelease */
#define V3 "(\\d+\\.\\d+\\.\\d+(?:-(?:alpha|beta|rc|dev|test|pre)[.\\d]*)?)"
#define NUL "\\x00"

static const struct pl_class classes[] = {
    { "python3*", "generic", "", "python", NUL "(3\\.\\d+\\.\\d+(?:[abc]\\d+|rc\\d+)?\\+?)" NUL },
    { "python2*", "generic", "", "python", NUL "(2\\.\\d+\\.\\d+(?:[abc]\\d+|rc\\d+)?\\+?)" NUL },
    { "libpython*", "generic", "", "python",
      NUL "([23]\\.\\d+\\.\\d+(?:[abc]\\d+|rc\\d+)?\\+?)" NUL },
    { "node", "generic", "", "node", "(?:node\\.js/v|" NUL "v)(\\d+\\.\\d+\\.\\d+)" NUL },
    { "bun", "generic", "", "bun", "Bun v" V3 },
    { "deno", "generic", "", "deno",
      "(?:Deno/|release/v|[0-9a-f]{20}|ts)(\\d+\\.\\d+\\.\\d+?)(?:cli/"
      "|windows|dlw|\\d+\\.\\d+\\.\\d+\\+)" },
    { "ruby", "generic", "", "ruby", "ruby (\\d+\\.\\d+\\.\\d+(?:p\\d+)?)" },
    { "libruby*", "generic", "", "ruby", "ruby (\\d+\\.\\d+\\.\\d+(?:p\\d+)?)" },
    { "perl", "generic", "", "perl", "/perl5?/(5\\.\\d+\\.\\d+)" },
    { "php*", "generic", "", "php", "X-Powered-By: PHP/" V3 },
    { "libphp*", "generic", "", "php", "X-Powered-By: PHP/" V3 },
    { "go", "generic", "", "go", "go(1\\.\\d+(?:\\.\\d+)?(?:beta\\d+|rc\\d+)?)" NUL },
    { "libstd-*", "generic", "", "rust", "(?:rustc version |ec )(\\d+\\.\\d+\\.\\d+) \\(" },
    { "librustc_driver-*", "generic", "", "rust", "rustc version (\\d+\\.\\d+\\.\\d+)" },
    { "dart", "generic", "", "dart",
      "(?:^|[^.\\d])(\\d+\\.\\d+\\.\\d+(?:-[.\\d]*beta)?) \\((?:stable|beta|dev)\\)" },
    { "swipl", "generic", "", "swipl", "swipl-" V3 "/" },
    { "ghc*", "generic", "haskell", "ghc", "libHSghc-" V3 "-" },
    { "cabal", "generic", "haskell", "cabal", "cabal-install-(\\d+\\.\\d+(?:\\.\\d+)*)-" },
    { "stack", "generic", "haskell", "stack", "stack-(\\d+\\.\\d+\\.\\d+)-" },
    { "beam.smp", "generic", "", "erlang",
      "[\\x00\\n](\\d+\\.\\d+(?:\\.\\d+){1,3})" NUL NUL NUL "\\x04" },
    { "erlexec", "generic", "", "erlang", "otp_src_(\\d+\\.\\d+(?:\\.\\d+)*)/" },
    { "liberts_internal*", "generic", "", "erlang", "otp_src_(\\d+\\.\\d+(?:\\.\\d+)*)/" },
    { "julia", "generic", "", "julia", "__init__[a-z\\x00]*" V3 },
    { "gcc*", "generic", "", "gcc", "GCC: \\(GNU\\) +(\\d+\\.\\d+\\.\\d+)" },
    { "gfortran", "generic", "", "gcc", "GCC: \\(GNU\\) +(\\d+\\.\\d+\\.\\d+)" },
    { "java", "generic", "oracle", "jre", NUL "(1\\.\\d+\\.\\d+_\\d+-b\\d+)" NUL },
    { "java", "generic", "oracle", "graalvm",
      NUL "(\\d+\\.\\d+\\.\\d+\\+\\d+-jvmci-[^\\x00]{1,40})" NUL },
    { "java", "generic", "oracle", "openjdk",
      NUL "java" NUL "0\\.0" NUL "(\\d+(?:\\.\\d+)*\\+\\d+(?:-LTS)?)" NUL },
    { "jdb", "generic", "oracle", "openjdk",
      NUL "jdb" NUL "0\\.0" NUL "(\\d+(?:\\.\\d+)*\\+\\d+(?:-LTS)?)" NUL },
    { "nginx", "generic", "", "nginx", "nginx version: [a-z-]+/(\\d+\\.\\d+\\.\\d+)" },
    { "httpd", "generic", "", "httpd", "Apache/" V3 },
    { "haproxy", "generic", "", "haproxy",
      "(?i:ha-?proxy version )(\\d+\\.\\d+(?:\\.\\d+|-dev\\d+)(?:-dev\\d+)?)" },
    { "traefik", "golang", "github.com/traefik", "traefik",
      NUL "v?(\\d+\\.\\d+\\.\\d+(?:-(?:alpha|beta|rc)\\.?\\d+)?)" NUL NUL },
    { "envoy", "generic", "", "envoy", NUL "(1\\.\\d+\\.\\d+)" NUL "(?:[A-Za-z.{]|No )" },
    { "redis-server", "generic", "", "redis",
      "(?:Redis version |" NUL "|[^\\x00-\\x7e\\d.]|[@()!+])(\\d{1,2}\\.\\d+\\.\\d+?)(?:" NUL NUL
      "|buildkitsandbox|[0-9a-f]{12}-\\d|[0-9a-f]{8,12}-1)" },
    { "valkey-server", "generic", "", "valkey", "valkey(\\d+\\.\\d+\\.\\d+)" },
    { "memcached", "generic", "", "memcached", "memcached (\\d+\\.\\d+\\.\\d+)" },
    { "postgres", "generic", "", "postgresql", "[\\x00?]PostgreSQL (\\d+\\.\\d+(?:\\.\\d+)?)" },
    { "mysql", "generic", "", "mysql", "/mysql-(\\d+\\.\\d+\\.\\d+)" },
    { "mysqld", "generic", "", "mysql", "/mysql-(\\d+\\.\\d+\\.\\d+)" },
    { "mysql", "generic", "", "percona-server", "percona-server-(\\d+\\.\\d+\\.\\d+)" },
    { "ndbd", "generic", "", "mysql-cluster", "mysql-cluster-gpl-(\\d+\\.\\d+\\.\\d+)" },
    { "xtrabackup", "generic", "", "percona-xtrabackup",
      "percona-xtrabackup-(\\d+\\.\\d+\\.\\d+)" },
    { "mariadb*", "generic", "", "mariadb", "mariadb-(\\d+\\.\\d+\\.\\d+)" },
    { "mariadb*", "generic", "", "mariadb", "(\\d+\\.\\d+\\.\\d+)-MariaDB" },
    { "mysqld", "generic", "", "mariadb", "(\\d+\\.\\d+\\.\\d+)-MariaDB" },
    { "mysql", "generic", "", "mariadb", "(\\d+\\.\\d+\\.\\d+)-MariaDB" },
    { "mongod", "generic", "", "mongodb", NUL "(\\d+\\.\\d+\\.\\d+)" NUL "tcmalloc" },
    { "arangosh", "generic", "", "arangodb", NUL "(\\d+\\.\\d+\\.\\d+) \\[" },
    { "etcd", "generic", "", "etcd", NUL "v?(3\\.\\d+\\.\\d+)" NUL },
    { "consul", "golang", "github.com/hashicorp", "consul", "CONSUL_VERSION: " V3 },
    { "vault", "golang", "github.com/hashicorp", "vault",
      "(?:revoke|_state)(1\\.\\d+\\.\\d+(?:-(?:rc|beta)\\d*)?)" },
    { "openssl", "generic", "", "openssl",
      "OpenSSL (3\\.\\d+\\.\\d+|[01]\\.\\d+\\.\\d+[a-z]{0,2}) +\\d" },
    { "openssl", "generic", "", "aws-lc", "AWS-LC (\\d+\\.\\d+\\.\\d+)" },
    { "busybox", "generic", "", "busybox", "BusyBox v(\\d+\\.\\d+\\.\\d+)" },
    { "bash", "generic", "", "bash", "@\\(#\\)Bash version (\\d+\\.\\d+\\.\\d+)" },
    { "curl", "generic", "", "curl", "curl/(\\d+\\.\\d+\\.\\d+)" },
    { "git", "generic", "", "git", "git/" V3 },
    { "jq", "generic", "", "jq", NUL "(?:jq-)?(1\\.\\d+(?:\\.\\d+)?)" NUL },
    { "ffmpeg", "generic", "", "ffmpeg", "(?i:ffmpeg version )(\\d+\\.\\d+(?:\\.\\d+)?)" },
    { "libavcodec*", "generic", "", "ffmpeg", "(?i:ffmpeg version )(\\d+\\.\\d+(?:\\.\\d+)?)" },
    { "libavformat*", "generic", "", "ffmpeg", "(?i:ffmpeg version )(\\d+\\.\\d+(?:\\.\\d+)?)" },
    { "libavutil*", "generic", "", "ffmpeg", "(?i:ffmpeg version )(\\d+\\.\\d+(?:\\.\\d+)?)" },
    { "magick", "generic", "", "imagemagick", "ImageMagick (\\d+\\.\\d+\\.\\d+-\\d+)" },
    { "libkrb5.so*", "generic", "", "krb5", "KRB5_BRAND: krb5-(\\d+\\.\\d+(?:\\.\\d+)?)-" },
    { "libQtCore.so*", "generic", "", "qtbase", "libQtCore\\.so\\.(\\d+\\.\\d+\\.\\d+)" },
    { "libQt5Core.so*", "generic", "", "qtbase", "libQt5Core\\.so\\.(\\d+\\.\\d+\\.\\d+)" },
    { "libQt6Core.so*", "generic", "", "qtbase", "libQt6Core\\.so\\.(\\d+\\.\\d+\\.\\d+)" },
    { "sqlcipher", "generic", "", "sqlcipher", "community" NUL "(\\d+\\.\\d+\\.\\d+)" NUL },
    { "sqlite3", "generic", "", "sqlite", NUL "(3\\.\\d+\\.\\d+)" NUL },
    { "getopt", "generic", "", "util-linux", "util-linux (\\d+\\.\\d+(?:\\.\\d+)?)" },
    { "xz", "generic", "", "xz", "xz \\(XZ Utils\\) (\\d+\\.\\d+\\.\\d+)" },
    { "zstd", "generic", "", "zstd", NUL "v(\\d+\\.\\d+\\.\\d+)" NUL },
    { "gzip", "generic", "", "gzip", NUL "(1\\.\\d+)" NUL },
    { "wp", "generic", "", "wp-cli", "wp-cli/wp-cli (\\d+\\.\\d+\\.\\d+)" },
    { "libpypy*", "generic", "", "pypy", "PyPy (\\d+\\.\\d+\\.\\d+)" },
    { "composer*", "generic", "", "composer", "const VERSION = '(\\d+\\.\\d+\\.\\d+)'" },
    { "lighttpd", "generic", "", "lighttpd", "lighttpd/(1\\.\\d+\\.\\d+)" },
    { "proftpd", "generic", "", "proftpd",
      "ProFTPD Version (\\d+\\.\\d+\\.\\d+(?:rc\\d+|[a-z])?)" },
    { "elixir", "generic", "", "elixir", "ELIXIR_VERSION=(\\d+\\.\\d+\\.\\d+(?:-rc\\.\\d+)?)" },
    { "VERSION", "generic", "", "go", "^go(1\\.\\d+(?:\\.\\d+)?(?:beta\\d+|rc\\d+)?)\\s" },
    { "vmlinuz*", "generic", "", "linux-kernel",
      NUL "(\\d+\\.\\d+\\.\\d+[-\\w.+~]*) \\([^)]{1,200}\\) #\\d+ " },
    { "chrome", "generic", "", "chrome", NUL "(\\d{2,3}\\.0\\.\\d{4}\\.\\d+)" NUL },
    { "fluent-bit", "generic", "", "fluent-bit",
      NUL "v?(\\d+\\.\\d+\\.\\d+)" NUL "[^\\w]{0,4}Fluent" },
    { "grafana*", "generic", "", "grafana",
      "[\\x00\\xff\\x7f]"
      "(?:release-)?(\\d+\\.\\d+\\.\\d+(?:-(?:beta\\d*|test|pre|rc\\d*|\\d{4,7}))?)" NUL },
    { "helm", "golang", "helm.sh", "helm",
      "(?:" NUL "v|[^\\w./-]v)([234]\\.\\d+\\.\\d+(?:-(?:alpha|beta|rc)\\.\\d+)?)" NUL },
    { "pilot-agent", "generic", "", "pilot-agent",
      NUL "(1\\.\\d+(?:\\.\\d+)?(?:-(?:dev|alpha\\.\\d+|beta\\.\\d+|rc\\.\\d+))?)" NUL },
    { "pilot-discovery", "generic", "", "pilot-discovery",
      NUL "(1\\.\\d+(?:\\.\\d+)?(?:-(?:dev|alpha\\.\\d+|beta\\.\\d+|rc\\.\\d+))?)" NUL },
    { "nginx-ingress-controller", "generic", "", "nginx-ingress-controller",
      "(?:" NUL "|[^\\x20-\\x7e]L?)v?(\\d+\\.\\d+\\.\\d+(?:-(?:beta|rc)\\.\\d+)?)" NUL NUL },
    { "elastic-agent", "generic", "", "elastic-agent", "(?:PM|true|roll)(\\d+\\.\\d+\\.\\d+)[-:]" },
    { "filebeat", "generic", "", "filebeat", "(?:rate|Test |plugin)(\\d+\\.\\d+\\.\\d+)" },
    { "metricbeat", "generic", "", "metricbeat", "(?:rate|Test |plugin)(\\d+\\.\\d+\\.\\d+)" },
    { "packetbeat", "generic", "", "packetbeat", "(?:rate|Test |plugin)(\\d+\\.\\d+\\.\\d+)" },
    { "heartbeat", "generic", "", "heartbeat", "(?:rate|Test |plugin)(\\d+\\.\\d+\\.\\d+)" },
    { "auditbeat", "generic", "", "auditbeat", "(?:rate|Test |plugin)(\\d+\\.\\d+\\.\\d+)" },
    { "prometheus", "generic", "", "prometheus", NUL "([23]\\.\\d+\\.\\d+)" NUL NUL },
};

static bool fits(struct pl_str base, const char *file)
{
    size_t n = strlen(file);
    if (file[n - 1] == '*')
        return pl_str_starts(base, pl_str_n(file, n - 1));
    return pl_str_is(base, file);
}

void pl_classify_begin(struct pl_classify *k, struct pl_str path)
{
    struct pl_str base = pl_pkg_base(path);
    for (size_t i = 0; i < PL_COUNT(classes) && k->n < PL_COUNT(k->row); i++) {
        struct pl_err err = { 0 };
        if (!fits(base, classes[i].file))
            continue;
        struct pl_classify_row *r = &k->row[k->n];
        *r = (struct pl_classify_row){ .c = &classes[i] };
        if (pl_regex_new(pl_str_c(classes[i].pattern), 0, &r->re, &err) < 0)
            pl_bug("class '%s': %s", classes[i].name, err.msg);
        k->n++;
    }
}

void pl_classify_look(struct pl_classify *k, const uint8_t *p, size_t n, struct pl_pkg_sink *s)
{
    struct pl_regex_group g[2];
    s->by = "program";
    for (size_t i = 0; i < k->n; i++) {
        struct pl_classify_row *r = &k->row[i];
        if (r->done || !pl_regex_search(r->re, p, n, 0, n, /* anchored= */ false, g, 2) ||
            !g[1].set)
            continue;
        r->done = true;
        pl_pkg_put(s, r->c->type, pl_str_c(r->c->ns), pl_str_c(r->c->name),
                   pl_str_n(p + g[1].off, g[1].len), PL_PKG_FILE);
    }
}

void pl_classify_release(struct pl_classify *k)
{
    for (size_t i = 0; i < k->n; i++)
        pl_regex_free(k->row[i].re);
    k->n = 0;
}
