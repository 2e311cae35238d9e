/* Catalogers: what each reads from a small file of its kind, and what damage does. */
/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "base/buf.h"
#include "base/cleanup.h"
#include "pkg/binary.h"
#include "pkg/pkg.h"

struct got {
    struct pl_buf text; /* "type:ns/name@version " each, '!' in front of notes */
    bool incomplete;
};

static void on_package(void *arg, const struct pl_pkg *p)
{
    struct got *g = arg;
    pl_buf_printf(&g->text, "%.*s:%.*s%s%.*s@%.*s", PL_FMT(p->type), PL_FMT(p->ns),
                  p->ns.n ? "/" : "", PL_FMT(p->name), PL_FMT(p->version));
    if (p->source.n)
        pl_buf_printf(&g->text, "<%.*s@%.*s", PL_FMT(p->source), PL_FMT(p->source_version));
    pl_buf_puts(&g->text, p->flags & PL_PKG_VENDOR ? " vendor" : "");
    pl_buf_puts(&g->text, p->flags & PL_PKG_DEV ? " dev;" : ";");
}

static void on_note(void *arg, bool incomplete, const char *code, const char *message)
{
    struct got *g = arg;
    (void)message;
    g->incomplete |= incomplete;
    pl_buf_printf(&g->text, "!%s;", code);
}

static void on_own(void *arg, struct pl_str owner, struct pl_str path, const struct pl_sum *sum)
{
    static const char *const algs[] = { "", "=md5:", "=sha1:", "=sha256:" };
    struct got *g = arg;
    pl_buf_printf(&g->text, "%.*s>%.*s%s", PL_FMT(owner), PL_FMT(path), algs[sum->alg]);
    if (sum->alg)
        pl_buf_printf(&g->text, "%016llx%s", (unsigned long long)sum->head,
                      sum->partial ? "+" : "");
    pl_buf_puts(&g->text, ";");
}

static void run(struct got *g, const char *path, const void *p, size_t n)
{
    struct pl_arena a = { 0 };
    struct pl_pkg_sink s = {
        .emit = on_package, .note = on_note, .own = on_own, .arg = g, .a = &a
    };
    const struct pl_cataloger *c = pl_cataloger_for(pl_str_c(path), pl_str_n(p, n));
    if (!c)
        fail_msg("nobody wants '%s'", path);
    pl_cataloger_run(c, pl_str_c(path), pl_str_n(p, n), &s);
    pl_arena_release(&a);
}

static void files(void **state)
{
    static const struct {
        const char *path, *text, *want;
    } rows[] = {
        { "var/lib/dpkg/status",
          "Package: a\nStatus: install ok installed\nVersion: 1:2-3\nSource: b (2-2)\n more\n\n\n"
          "Package: c\r\nStatus: deinstall ok config-files\r\nVersion: 1\r\n\r\n"
          "Package: d\nStatus: deinstall ok installed\nVersion: 4\nSource: e",
          "deb:a@1:2-3<b@2-2;!package-list;deb:d@4<e@;" },
        { "var/lib/dpkg/status",
          "Package: a\nStatus: install ok installed\nVersion: 1\n\nPackage: b\n",
          "deb:a@1;!package-list;" },
        { "var/lib/dpkg/info/a:amd64.list", "/.\n/usr/bin/a\n/usr/lib/x/y\n/usr/share/z\n",
          "a>.;a>bin/a;a>lib/x/y;a>usr/share/z;" },
        { "var/lib/dpkg/status.d/a.md5sums", "d41d8cd98f00b204e9800998ecf8427e  usr/bin/a\n",
          "a>bin/a=md5:d41d8cd98f00b204;" },
        { "var/lib/dpkg/info/a.md5sums",
          "d41d8cd98f00b204  x\nzz1d8cd98f00b204e9800998ecf8427e  y\n", "a>x;a>y;" },
        { "var/lib/dpkg/status",
          "Package: a\nStatus: install ok installed\nMaintainer: A <a@lists.debian.org>\n"
          "Version: 1\nConffiles:\n /etc/a 900150983cd24fb0d6963f7d28e17f72\n"
          " /etc/b newconffile\n /etc/c d41d8cd98f00b204e9800998ecf8427e obsolete\nTag: x\n y z\n\n"
          "Package: b\nStatus: install ok installed\nVersion: 1\n"
          "Maintainer: B <b@notdebian.org>\n\n",
          "a>etc/a=md5:900150983cd24fb0+;a>etc/c=md5:d41d8cd98f00b204+;deb:a@1 vendor;deb:b@1;" },
        { "var/lib/pacman/local/a-b-1-2/files", "%FILES%\nusr/\nusr/bin/a\n\n%BACKUP%\nx\n",
          "a-b>usr/;a-b>bin/a;" },
        { "var/lib/rpmmanifest/container-manifest-2",
          "a\t1-2\t0\t0\tV\t3\t9\tx86_64\ts-1-2.src.rpm\nshort\t1\n", "rpm:a@3:1-2<s@3:1-2;" },
        { "var/lib/dpkg/status", "Status: install ok installed\nVersion: 1\n",
          "!package-list;!package-skipped;" },
        { "var/lib/dpkg/status.d/base", "Package: a\nVersion: 1\n", "deb:a@1;" },
        { "usr/lib/opkg/status", "Package: a\nVersion: 1~x\nStatus: install user installed\n",
          "opkg:a@1~x;" },
        { "lib/apk/db/installed", "P:a\nV:1-r0\no:b\nF:x\nR:y\n\nP:c\nV:2\nR:z\n\nV:3\n",
          "a>x/y;apk:a@1-r0<b@;c>z;apk:c@2;!package-list;!package-skipped;" },
        { "lib/apk/db/installed",
          "P:a\nV:1\nm:N "
          "<n@alpinelinux.org>\nF:x\nR:y\na:0:0:755\nZ:Q1qZk+NkcGgWq6PiVxeFDCbJzQ2J0=\n"
          "R:z\nF:w\nR:v\nZ:Q1short\n\n",
          "a>x/y=sha1:a9993e364706816a;a>x/z;a>w/v;apk:a@1 vendor;" },
        { "etc/os-release", "ID=debian\nVERSION_ID=\"12\"\n", "generic:debian@12;" },
        { "var/lib/pacman/local/a-1-1/desc", "%NAME%\na\n\n%VERSION%\n1-1\n", "alpm:a@1-1;" },
        { "var/lib/pacman/local/a-1-1/desc", "%NAME%\na\n", "!package-list;" },
        { "x/a-1.dist-info/METADATA", "Name: a\nVersion: 1\nVersion: 2\n\nName: no\n",
          "pypi:a@1;" },
        { "x/a.egg-info/PKG-INFO", "Version: 1\n", "!package-skipped;" },
        { "app/node_modules/@s/b/package.json", "{\"name\":\"@s/b\",\"version\":\"1.0.0\"}",
          "npm:@s/b@1.0.0;" },
        { "node_modules/b/package.json", "{\"name\":\"b\",\"name\":\"c\"}", "!package-skipped;" },
        { "package-lock.json",
          "{\"packages\":{\"\":{\"version\":\"9\"},\"node_modules/a\":{\"version\":\"1\"},"
          "\"node_modules/a/node_modules/@s/b\":{\"version\":\"2\",\"dev\":true},"
          "\"node_modules/l\":{\"link\":true},\"lib/x\":{\"version\":\"3\"}}}",
          "npm:a@1;npm:@s/b@2 dev;" },
        { "package-lock.json",
          "{\"dependencies\":{\"a\":{\"version\":\"1\",\"dependencies\":{\"b\":{\"version\":"
          "\"npm:@r/c@2\"}}},\"f\":{\"version\":\"file:x\"}}}",
          "npm:a@1;npm:@r/c@2;" },
        { "package-lock.json", "{\"packages\":", "!package-list;" },
        { "yarn.lock",
          "\"@s/a@^1\", \"@s/a@^1.1\":\n  version \"1.2\"\n\nb@npm:c@1:\n  version 1.0\n",
          "npm:@s/a@1.2;npm:c@1.0;" },
        { "yarn.lock",
          "__metadata:\n  version: 6\n\n\"a@npm:^1\":\n  version: 1.1\n  resolution: "
          "\"a@npm:1.1\"\n"
          "\n\"w@workspace:.\":\n  version: 0.0.0\n  resolution: \"w@workspace:.\"\n",
          "npm:a@1.1;" },
        { "pnpm-lock.yaml", "lockfileVersion: 5.4\npackages:\n  /@s/a/1.0.0_x@2:\n    dev: true\n",
          "npm:@s/a@1.0.0 dev;" },
        { "pnpm-lock.yaml", "lockfileVersion: '9.0'\npackages:\n  '@s/a@1.0.0(b@2)':\n    x: y\n",
          "npm:@s/a@1.0.0;" },
        { "bun.lock",
          "{ // c\n\"packages\": {\"a\": [\"a@1.0\", \"\",],\"w\":[\"w@workspace:x\"],},}",
          "npm:a@1.0;" },
        { "requirements-dev.txt",
          "a==1.0 # c\nb>=2\nc[x] == 3 ; python_version=='3'\n-r o.txt\nd==4 \\\n  "
          "--hash=x\ne==1.*\n",
          "pypi:a@1.0;pypi:c@3;pypi:d@4;" },
        { "Pipfile.lock",
          "{\"default\":{\"a\":{\"version\":\"==1\"}},\"develop\":{\"b\":{\"version\":\"==2\"}}}",
          "pypi:a@1;pypi:b@2 dev;" },
        { "poetry.lock", "[[package]]\nname=\"a\"\nversion=\"1\"\ncategory=\"dev\"\n",
          "pypi:a@1 dev;" },
        { "uv.lock",
          "[[package]]\nname=\"a\"\nversion=\"1\"\n[[package]]\nname=\"me\"\nversion=\"0\"\n"
          "source={virtual=\".\"}\n",
          "pypi:a@1;" },
        { "pylock.toml", "[[packages]]\nname=\"a\"\nversion=\"1\"\n", "pypi:a@1;" },
        { "Cargo.lock", "[[package]]\nname=\"a\"\nversion=\"1\"\n", "cargo:a@1;" },
        { "Cargo.lock", "[[package\n", "!package-list;" },
        { "Manifest.toml",
          "julia_version=\"1.9\"\n[[deps.A]]\nuuid=\"u\"\n[[deps.B]]\nuuid=\"v\"\nversion=\"2\"\n",
          "julia:A@1.9;julia:B@2;" },
        { "go.mod",
          "module m\ngo 1.20\nrequire (\n\ta.b/c v1.0.0 // indirect\n\td.e/f v2.0.0\n)\n"
          "require g.h/i v3.0.0\nreplace d.e/f => x.y/z v2.1.0\nreplace g.h/i v3.0.0 => ./local\n",
          "golang:a.b/c@v1.0.0;golang:x.y/z@v2.1.0;golang:stdlib@1.20;" },
        { "go.sum",
          "a.b/c v1.0.0 h1:x\na.b/c v1.1.0 h1:x\na.b/c v1.2.0/go.mod h1:x\nd.e/f v2.0.0 h1:x\n",
          "golang:a.b/c@v1.1.0;golang:d.e/f@v2.0.0;" },
        { "vendor/modules.txt", "# a.b/c v1\n## explicit\na.b/c/d\n# e.f/g v1 => h.i/j v2\ne.f/g\n",
          "golang:a.b/c@v1;golang:h.i/j@v2;" },
        { "META-INF/maven/g/a/pom.properties", "#x\nversion=1\ngroupId=g\nartifactId=a\n",
          "maven:g/a@1;" },
        { "META-INF/MANIFEST.MF",
          "Bundle-SymbolicName: org.ex\n ample;x:=y\nBundle-Version: 2\n\nName: other\n",
          "maven:org.example@2;" },
        { "gradle.lockfile", "# c\ng:a:1=x\nempty=\n", "maven:g/a@1;" },
        { "gradle/verification-metadata.xml",
          "<component group=\"g\" name=\"a\" version=\"1\"><artifact name=\"no\"/></component>",
          "maven:g/a@1;" },
        { "build.sbt.lock", "{\"dependencies\":[{\"org\":\"g\",\"name\":\"a\",\"version\":\"1\"}]}",
          "maven:g/a@1;" },
        { "specifications/a-1.gemspec", "# stub: a 1 ruby lib\n", "gem:a@1;" },
        { "specifications/b-c-2.0.gemspec", "x", "gem:b-c@2.0;" },
        { "Gemfile.lock",
          "PATH\n  specs:\n    me (0)\n\nGEM\n  specs:\n    a (1)\n      b (~> 2)\n    b (2-x86)\n",
          "gem:a@1;gem:b@2;" },
        { "composer.lock",
          "{\"packages\":[{\"name\":\"v/a\",\"version\":\"v1\"}],\"packages-dev\":[{\"name\":\"v/"
          "b\",\"version\":\"2\"}]}",
          "composer:v/a@1;composer:v/b@2 dev;" },
        { "vendor/composer/installed.json", "[{\"name\":\"v/a\",\"version\":\"1\"}]",
          "composer:v/a@1;" },
        { "a.deps.json", "{\"libraries\":{\"A/1\":{\"type\":\"package\"}}}", "nuget:A@1;" },
        { "packages.lock.json",
          "{\"dependencies\":{\"net\":{\"A\":{\"resolved\":\"1\"},\"P\":{\"type\":\"Project\"}}}}",
          "nuget:A@1;" },
        { "packages.config",
          "<packages><package id=\"A\" version=\"1\" developmentDependency=\"true\" /></packages>",
          "nuget:A@1 dev;" },
        { "Directory.Packages.props",
          "<PackageVersion Include=\"A\" Version=\"1\" /><!-- <PackageVersion Include=\"B\" "
          "Version=\"2\"/> --><PackageVersion Include=\"C\" Version=\"$(V)\" />",
          "nuget:A@1;" },
        { "paket.lock", "NUGET\n  remote: x\n    A (1)\n      B (>= 2)\n", "nuget:A@1;" },
        { "Package.resolved",
          "{\"pins\":[{\"location\":\"https://h/o/n.git\",\"state\":{\"version\":\"1\"}}]}",
          "swift:h/o/n@1;" },
        { "conan.lock", "{\"requires\":[\"a/1#r%2\"],\"build_requires\":[\"b/2@u/c\"]}",
          "conan:a@1;conan:b@2 dev;" },
        { "renv.lock",
          "{\"Packages\":{\"A\":{\"Package\":\"A\",\"Version\":\"1\",\"Source\":\"Repository\"}}}",
          "cran:A@1;" },
        { "conda-meta/a.json", "{\"name\":\"a\",\"version\":\"1\"}", "conda:a@1;" },
        { "etc/cos-package-info.json",
          "{\"installedPackages\":[{\"category\":\"c\",\"name\":\"a\",\"version\":\"1\"}]}",
          "cos:c/a@1;" },
        { "Podfile.lock", "PODS:\n  - A/B (1):\n    - C\n\nDEPENDENCIES:\n  - D (2)\n",
          "cocoapods:A/B@1;" },
        { "mix.lock",
          "%{\n  \"a\": {:hex, :a, \"1\", \"x\"},\n  \"g\": {:git, \"u\", \"c0\", []},\n}",
          "hex:a@1;hex:g@c0;" },
        { "x.app", "{application,x,[{description,\"d\"},{vsn,\"1\"}]}.", "hex:x@1;" },
        { "cabal.project.freeze", "constraints: any.a ==1.0,\n  b +f\n", "hackage:a@1.0;" },
        { "stack.yaml.lock", "- hackage: a-b-1.0@sha256:x\n", "hackage:a-b@1.0;" },
        { "pubspec.lock", "packages:\n  a:\n    source: hosted\n    version: \"1\"\n", "pub:a@1;" },
        { "snap/x/1/meta/snap.yaml", "name: a\nversion: '1'\n", "snap:a@1;" },
        { "var/lib/rpmmanifest/container-manifest-2", "a\t1-2\t0\t0\tv\t3\t0\tx86_64\ta.src\n",
          "rpm:a@3:1-2;" },
        { "etc/debian_version", "trixie/sid\n", "generic:debian@trixie;" },
        { "etc/redhat-release", "Red Hat Enterprise Linux release 8.9 (Ootpa)\n",
          "generic:rhel@8.9;" },
        { "etc/apk/repositories", "# http://x/edge/main\nhttp://x/v3.18/main\n", "" },
        { "etc/apk/repositories", "http://x/edge/main\n", "generic:alpine@edge;" },
        { "usr/lib/R/library/a/DESCRIPTION", "Package: a\nVersion: 1.2-3\nBuilt: R 4\n",
          "cran:a@1.2-3;" },
        { "lib/a-1-1.rockspec", "package = \"a\"\nversion = '1-1'\n", "luarocks:a@1-1;" },
        { "p/.meta/A-B-1.2/install.json",
          "{\"dist\":\"A-B-1.2\",\"name\":\"A::B\",\"version\":\"1.2\"}", "cpan:A-B@1.2;" },
        { "p/.meta/A/install.json", "{\"name\":\"A\",\"version\":\"1\"}", "cpan:A@1;" },
        { "r/.opam-switch/packages/a.1.2/opam", "x", "opam:a@1.2;" },
        { "var/db/pkg/app-x/a-b-1.2-r3/PF", "a-b-1.2-r3\n", "ebuild:app-x/a-b@1.2-r3;" },
        { "var/db/pkg/app-x/a-b-1.2-r3/CONTENTS", "dir /usr\nobj /usr/bin/a 0 1\n", "a-b>bin/a;" },
        { "var/lib/flatpak/app/o.a/x/o.a.metainfo.xml",
          "<id>o.a</id><releases><release date=\"x\" version=\"2\"/><release version=\"1\"/>",
          "flatpak:o.a@2;" },
        { "opt/jdk/release", "IMPLEMENTOR=\"X\"\nJAVA_VERSION=\"17.0.1\"\n",
          "generic:oracle/openjdk@17.0.1;" },
        { "opt/jdk/release",
          "IMPLEMENTOR=\"Azul\"\nJAVA_RUNTIME_VERSION=\"17+1\"\nJAVA_VERSION=\"17\"\n",
          "generic:oracle/zulu@17+1;" },
        { "x/a.cdx.json",
          "{\"bomFormat\":\"CycloneDX\",\"components\":[{\"purl\":\"pkg:npm/a@1\"},{\"purl\":"
          "\"pkg:npm/b\"}]}",
          "npm:a@1;" },
        { "x/a.spdx", "nonsense", "!package-skipped;" },
        { "pom.xml",
          "<?xml version='1.0'?><project><!-- c --><groupId>g</groupId><version>3</version>"
          "<properties><v>1.${w}</v><w>2</w></properties><dependencies>"
          "<dependency><groupId>${project.groupId}</groupId><artifactId>a</artifactId>"
          "<version>${v}</version><exclusions><exclusion><artifactId>no</artifactId></exclusion>"
          "</exclusions></dependency>"
          "<dependency><groupId>x</groupId><artifactId>b</artifactId><version>[1,2)</version>"
          "</dependency><dependency><groupId>x</groupId><artifactId>c</artifactId>"
          "<version>[1]</version><scope>test</scope></dependency>"
          "<dependency><groupId>x</groupId><artifactId>d</artifactId></dependency>"
          "</dependencies></project>",
          "maven:g/a@1.2;maven:x/c@1 dev;" },
        { "META-INF/maven/g/a/pom.xml",
          "<project><parent><groupId>g</groupId><version>3</version></parent>"
          "<artifactId>a</artifactId></project>",
          "maven:g/a@3;" },
        { "environment.yml",
          "dependencies:\n- a=1.2=h0\n- b>=2\n- c::d==3\n- e\n- pip:\n  - f==4\n  - g==5.*\n",
          "conda:a@1.2;conda:d@3;pypi:f@4;" },
        { "deno.lock",
          "{\"version\":\"4\",\"jsr\":{\"@std/a@1.0\":{}},\"npm\":{\"@s/b@2.0_c@3\":{},\"x\":{}}}",
          "npm:@s/b@2.0;jsr:@std/a@1.0;" },
        { "deno.lock", "{\"packages\":{\"npm\":{\"a@1\":{}}}}", "npm:a@1;" },
        { "deno.lock", "{\"npm\":{\"specifiers\":{\"a@1\":\"a@1\"},\"packages\":{\"a@1\":{}}}}",
          "npm:a@1;" },
        { "deno.lock", "{", "!package-list;" },
        { "x/y.ko", "\177ELF", "" },
        { "setup.py", "# 'no==1'\nx = ['a==1.0', \"b[c]==2; x\", 'd>=3', 'e==f(', '",
          "pypi:a@1.0;pypi:b@2;" },
        { "rebar.lock",
          "{\"1.2.0\",\n[{<<\"a\">>,{pkg,<<\"b\">>,<<\"1.0\">>},0},\n {<<\"g\">>,\n"
          " {<<\"g\">>,{git,\"u\",{ref,\"c0\"}},0}]}.\n",
          "hex:b@1.0;hex:g@c0;" },
        { "conanfile.txt",
          "[requires]\na/1.0@u/c # x\nb/[>1]\n[tool_requires]\nc/2\n[options]\nd/3\n",
          "conan:a@1.0;conan:c@2 dev;" },
        { ".terraform.lock.hcl",
          "version = \"9\"\nprovider \"h.io/o/n\" {\n  version     = \"5.1\"\n  hashes = [\n",
          "terraform:h.io/o/n@5.1;" },
        { "conda-lock.yml",
          "package:\n- name: a\n  version: '1'\n  manager: conda\n- name: b\n  version: '2'\n"
          "  manager: pip\n  category: dev\n",
          "conda:a@1;pypi:b@2 dev;" },
        { "pixi.lock",
          "version: 6\npackages:\n- conda: https://h/noarch/a-b-1.0-h0_0.conda\n  sha256: x\n"
          "- pypi: https://h/c.whl\n  name: c\n  version: 3\n- conda: odd\n",
          "conda:a-b@1.0;pypi:c@3;" },
        { "pixi.lock", "a: [", "!package-list;" },
        { "lib/php/.registry/.channel.pecl.php.net/x.reg",
          "a:3:{s:4:\"name\";s:1:\"x\";s:7:\"channel\";s:12:\"pecl.php.net\";s:7:\"version\";a:2:{"
          "s:7:\"release\";s:3:\"1.2\";}}",
          "pear:pecl.php.net/x@1.2;" },
        { "lib/php/.registry/x.reg", "s:4:\"name\";i:4;", "" },
        { "w/wp-content/plugins/a-b/c.php",
          "<?php\n/**\n * Plugin Name: A: b\n * Version: 1.2\n */\n", "wordpress-plugin:a-b@1.2;" },
        { "w/wp-content/plugins/a-b/d.php", "<?php\n// Version: 1.2\n", "" },
        { "opt/bitnami/.bitnami_components.json",
          "{\"nginx\":{\"version\":\"1.2-3\",\"arch\":\"amd64\"},\"x\":{}}",
          "bitnami:nginx@1.2-3;" },
        { "opt/Cellar/jq/1.7/INSTALL_RECEIPT.json", "{}", "brew:jq@1.7;" },
        { "gradle/dependency-locks/x.lockfile", "g:a:1\n", "maven:g/a@1;" },
        { "var/lib/rpm/Packages", "nothing of the kind", "!package-list;" },
        { "var/lib/rpm/Packages.db", "nothing of the kind", "!package-list;" },
        { "var/lib/rpm/rpmdb.sqlite", "nothing of the kind", "!package-list;" },
        { "var/lib/rpm/rpmdb.sqlite-wal", "x", "!package-list;" },
    };
    (void)state;
    for (size_t i = 0; i < PL_COUNT(rows); i++) {
        struct got g = { .incomplete = false };
        run(&g, rows[i].path, rows[i].text, strlen(rows[i].text));
        if (!pl_str_is(pl_buf_str(&g.text), rows[i].want))
            fail_msg("%s: '%.*s', not '%s'", rows[i].path, PL_FMT(pl_buf_str(&g.text)),
                     rows[i].want);
        pl_buf_release(&g.text);
    }
}

static void requirements_in_utf16(void **state)
{
    static const char text[] = "\xff\xfe"
                               "a\0=\0=\0"
                               "1\0\n\0";
    struct got g = { .incomplete = false };
    (void)state;
    run(&g, "requirements.txt", text, sizeof text - 1);
    assert_true(pl_str_is(pl_buf_str(&g.text), "pypi:a@1;"));
    pl_buf_release(&g.text);
}

static void wide(struct pl_buf *b, const char *text)
{
    for (; *text; text++) {
        pl_buf_putc(b, *text);
        pl_buf_putc(b, 0);
    }
    pl_buf_putn(b, "\0\0", 2);
}

static void assemblies_with_a_version(void **state)
{
    struct got g = { .incomplete = false };
    struct pl_buf b = { 0 };
    (void)state;
    pl_buf_puts(&b, "MZ…BSJB");
    run(&g, "app/A.B.dll", b.p, b.n);
    assert_int_equal(g.text.n, 0);
    wide(&b, "VS_VERSION_INFO");
    wide(&b, "FileVersion");
    pl_buf_putn(&b, "\0\0", 2);
    wide(&b, "1.2.3.4");
    run(&g, "app/A.B.dll", b.p, b.n);
    wide(&b, "ProductVersion");
    wide(&b, "1.2.3+c0ffee");
    run(&g, "app/A.B.exe", b.p, b.n);
    run(&g, "app/de/A.resources.dll", b.p, b.n);
    assert_true(pl_str_is(pl_buf_str(&g.text), "nuget:A.B@1.2.3.4;nuget:A.B@1.2.3;"));
    pl_buf_release(&b);
    pl_buf_release(&g.text);
}

static void modules_of_the_kernel(void **state)
{
    static const char own[] = "\177ELF...\0license=GPL\0name=ext4\0vermagic=6.1.0-13 SMP\0";
    static const char other[] = "\177ELF\0version=1.2.3\0name=zfs\0vermagic=6.1.0 SMP\0";
    struct got g = { .incomplete = false };
    (void)state;
    run(&g, "lib/modules/6.1/kernel/ext4.ko", own, sizeof own - 1);
    run(&g, "lib/modules/6.1/updates/zfs.ko", other, sizeof other - 1);
    assert_true(pl_str_is(pl_buf_str(&g.text), "generic:linux-kernel-module/ext4@6.1.0-13;"
                                               "generic:linux-kernel-module/zfs@1.2.3;"));
    pl_buf_release(&g.text);
}

/* ---- programs ---- */

static void pad(struct pl_buf *b, size_t to)
{
    while (b->n < to)
        pl_buf_putc(b, 0);
}

static void program(struct got *g, const struct pl_buf *b)
{
    struct pl_arena a = { 0 };
    struct pl_pkg_sink s = { .emit = on_package, .note = on_note, .arg = g, .a = &a };
    pl_pkg_program((const uint8_t *)b->p, b->n, 0, b->n, /* last= */ true, &s);
    pl_arena_release(&a);
}

static void put_go(struct pl_buf *b, const char *modules)
{
    pl_buf_puts(b, "\xff Go buildinf:");
    pl_buf_putn(b, "\10\2", 2);
    pad(b, b->n + 16);
    pl_buf_putc(b, 8);
    pl_buf_puts(b, "go1.21.3");
    size_t n = strlen(modules) + 32;
    pl_buf_putc(b, (char)((n & 0x7f) | 0x80));
    pl_buf_putc(b, (char)(n >> 7));
    pl_buf_puts(b, "0123456789abcdef");
    pl_buf_puts(b, modules);
    pl_buf_puts(b, "0123456789abcdef");
}

static void modules_of_a_go_program(void **state)
{
    struct pl_buf b = { 0 };
    struct got g = { .incomplete = false };
    (void)state;
    pl_buf_puts(&b, "\177ELF and so on");
    put_go(&b,
           "path\tx/cmd\nmod\tx/y\t(devel)\t\ndep\ta.b/c\tv1.0.0\th1:\ndep\td\tv2\n=>\te/f\tv3\t\n"
           "build\t-ldflags=\"-X main.version=1.2.3\"\n");
    program(&g, &b);
    if (!pl_str_is(pl_buf_str(&g.text), "golang:stdlib@1.21.3;golang:x/y@1.2.3;"
                                        "golang:a.b/c@v1.0.0;golang:e/f@v3;"))
        fail_msg("'%.*s'", PL_FMT(pl_buf_str(&g.text)));
    pl_buf_clear(&g.text);
    b.n -= 60; /* cut short */
    program(&g, &b);
    assert_true(g.incomplete);
    pl_buf_release(&b);
    pl_buf_release(&g.text);
}

static void a_go_program_built_as_no_module(void **state)
{
    struct pl_buf b = { 0 };
    struct got g = { .incomplete = false };
    (void)state;
    pl_buf_puts(&b, "\177ELF");
    put_go(&b, "path\th.io/x/cmd\nbuild\t-ldflags=\"-X x.Version=1.2.3\"\n");
    put_go(&b, "path\tcmd/vet\nbuild\tx\n");
    program(&g, &b);
    assert_true(pl_str_is(pl_buf_str(&g.text), "golang:stdlib@1.21.3;golang:h.io/x/cmd@1.2.3;"
                                               "golang:stdlib@1.21.3;"));
    pl_buf_release(&b);
    pl_buf_release(&g.text);
}

static void crates_of_a_rust_program(void **state)
{
    static const char json[] = "{\"packages\":[{\"name\":\"a\",\"version\":\"1.0.0\"},"
                               "{\"name\":\"b\",\"version\":\"2\",\"kind\":\"build\"}]}";
    struct pl_buf b = { 0 };
    struct got g = { .incomplete = false };
    size_t n = sizeof json - 1;
    (void)state;
    pl_buf_puts(&b, "\177ELF x\x9cx");
    pl_buf_putn(&b, "\x78\x01\x01", 3); /* zlib, one stored block */
    pl_buf_putc(&b, (char)n);
    pl_buf_putc(&b, (char)(n >> 8));
    pl_buf_putc(&b, (char)~n);
    pl_buf_putc(&b, (char)(~n >> 8));
    pl_buf_puts(&b, json);
    program(&g, &b);
    if (!pl_str_is(pl_buf_str(&g.text), "cargo:a@1.0.0;"))
        fail_msg("'%.*s'", PL_FMT(pl_buf_str(&g.text)));
    pl_buf_release(&b);
    pl_buf_release(&g.text);
}

static void what_is_a_program(void **state)
{
    (void)state;
    assert_true(pl_pkg_is_program(PL_S("\177ELF\2")) && pl_pkg_is_program(PL_S("MZ\x90")));
    assert_false(pl_pkg_is_program(PL_S("#!/bin/sh")) || pl_pkg_is_program(PL_S("")));
}

static void modules_of_an_old_go_program(void **state)
{
    static const char begin[] = "\x30\x77\xaf\x0c\x92\x74\x08\x02\x41\xe1\xc1\x07\xe6\xd6\x18\xe6";
    static const char end[] = "\xf9\x32\x43\x31\x86\x18\x20\x72\x00\x82\x42\x10\x41\x16\xd8\xf2";
    struct pl_buf b = { 0 };
    struct got g = { .incomplete = false };
    (void)state;
    pl_buf_puts(&b, "\177ELF");
    pl_buf_putn(&b, begin, 16); /* of a tool that knows the marks */
    pl_buf_puts(&b, "nothing");
    pl_buf_putn(&b, begin, 16);
    pl_buf_puts(&b, "path\tx\nmod\tx/y\tv1.1.0\t\ndep\ta.b/c\tv1.0.0\th1:\n");
    pl_buf_putn(&b, end, 16);
    program(&g, &b);
    assert_true(pl_str_is(pl_buf_str(&g.text), "golang:x/y@v1.1.0;golang:a.b/c@v1.0.0;"));
    b.n -= 20;
    program(&g, &b);
    assert_true(g.incomplete);
    pl_buf_release(&b);
    pl_buf_release(&g.text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(files),
        cmocka_unit_test(requirements_in_utf16),
        cmocka_unit_test(modules_of_the_kernel),
        cmocka_unit_test(assemblies_with_a_version),
        cmocka_unit_test(modules_of_a_go_program),
        cmocka_unit_test(a_go_program_built_as_no_module),
        cmocka_unit_test(modules_of_an_old_go_program),
        cmocka_unit_test(crates_of_a_rust_program),
        cmocka_unit_test(what_is_a_program),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
