/* How an image starts, worked out from scripts; manifests judged. */
/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "check/deploy/deploy.h"
#include "check/image/judge.h"
#include "check/image/trace.h"

static struct pl_arena arena;

static int teardown(void **state)
{
    (void)state;
    pl_arena_release(&arena);
    return 0;
}

/* An image with a script as entrypoint, a user app (1000) and gosu. */
static struct pl_img image(const char *script, const char *cmd)
{
    struct pl_img im = { .a = &arena, .has_config = true, .workdir = PL_S("/") };
    im.file = pl_alloc_n(&arena, 8, sizeof *im.file);
    struct pl_img_file f[] = {
        { .path = PL_S("start"), .mode = 0755, .has_body = true, .body = pl_str_c(script) },
        { .path = PL_S("etc/passwd"),
          .mode = 0644,
          .has_body = true,
          .body = PL_S("root:x:0:0::/root:/bin/sh\napp:x:1000:1000::/:/bin/sh\n") },
        { .path = PL_S("usr/bin/gosu"), .mode = 0755 },
        { .path = PL_S("usr/bin/server"), .mode = 0755 },
        { .path = PL_S("var/run"), .kind = PL_IMG_LINK, .mode = 0777, .link = PL_S("/run") },
        { .path = PL_S("run"), .kind = PL_IMG_DIR, .mode = 0755 },
        { .path = PL_S("srv/data"), .kind = PL_IMG_DIR, .mode = 0700, .uid = 1000, .gid = 1000 },
    };
    memcpy(im.file, f, sizeof f);
    im.n_file = sizeof f / sizeof *f;
    im.entrypoint.p = pl_alloc_n(&arena, 1, sizeof(struct pl_str));
    im.entrypoint.p[im.entrypoint.n++] = PL_S("/start");
    im.cmd.p = pl_alloc_n(&arena, 1, sizeof(struct pl_str));
    im.cmd.p[im.cmd.n++] = pl_str_c(cmd);
    pl_img_settle(&im);
    return im;
}

static bool needs(const struct pl_variant *v, const char *path)
{
    for (size_t i = 0; i < v->n_mount; i++)
        if (pl_str_is(v->mount[i].path, path))
            return true;
    return false;
}

static bool adds(const struct pl_variant *v, const char *cap)
{
    for (size_t i = 0; i < v->n_cap; i++)
        if (pl_str_is(v->cap[i].cap, cap))
            return true;
    return false;
}

static void links_are_followed_inside_the_image(void **state)
{
    (void)state;
    struct pl_img im = image("", "server");
    assert_true(pl_str_is(pl_img_resolve(&im, PL_S("/"), PL_S("/var/run/x")), "/run/x"));
    assert_true(pl_str_is(pl_img_resolve(&im, PL_S("/a"), PL_S("../b/./c")), "/b/c"));
}

static void a_script_that_steps_down_gives_two_variants(void **state)
{
    (void)state;
    struct pl_img im = image("#!/bin/sh\nset -e\nif [ \"$(id -u)\" = 0 ]; then\n"
                             "  chown -R app /srv/data\n  exec gosu app \"$0\" \"$@\"\nfi\n"
                             "mkdir -p /var/run/app\nexec \"$@\"\n",
                             "server");
    struct pl_advice x;
    pl_harden(&im, &x);
    assert_int_equal(x.n, 2);
    assert_int_equal(x.variant[0].kind, PL_VARIANT_USER);
    assert_int_equal(x.variant[0].uid, 1000);
    assert_int_equal(x.variant[0].n_cap, 0);
    assert_true(needs(&x.variant[0], "/run/app"));
    assert_true(adds(&x.variant[1], "CHOWN"));
    assert_true(adds(&x.variant[1], "DAC_OVERRIDE"));
    assert_true(adds(&x.variant[1], "SETUID"));
    assert_false(adds(&x.variant[1], "FOWNER"));
}

static void what_is_tried_is_not_demanded(void **state)
{
    (void)state;
    struct pl_img im = image("#!/bin/sh\ntouch /etc/app.conf 2>/dev/null || { echo ro; exit 0; }\n"
                             "sed -i s/a/b/ /etc/app.conf\n",
                             "server");
    struct pl_advice x;
    pl_harden(&im, &x);
    assert_false(needs(&x.variant[0], "/etc"));
}

static void conditions_that_are_false_are_not_walked(void **state)
{
    (void)state;
    struct pl_img im = image("#!/bin/sh\ncase \"$1\" in other) mkdir /srv/other;; server) mkdir "
                             "/srv/mine;; esac\n[ -n \"${EXTRA:-}\" ] && mkdir /srv/extra\n"
                             "exec \"$@\"\n",
                             "server");
    struct pl_trace t;
    pl_trace_start(&arena, &im, &t);
    assert_int_equal(t.acts.n, 1);
    assert_true(pl_str_is(t.acts.p[0].path, "/srv/mine"));
    assert_true(pl_str_is(pl_trace_main(&t)->name, "server"));
    pl_trace_release(&t);
}

static void endless_scripts_end(void **state)
{
    (void)state;
    struct pl_img im = image("#!/bin/sh\nf() { f; f; }\nf\nexec /start\n", "server");
    struct pl_advice x;
    pl_harden(&im, &x);
    assert_int_equal(x.n, 1);
    im = image(
        "#!/bin/sh\nfor a in 1 2 3 4 5 6 7 8; do for b in 1 2 3 4 5 6 7 8; do for c in 1 2 3 4 5 "
        "6 7 8; do for d in 1 2 3 4 5 6 7 8; do for e in 1 2 3 4 5 6 7 8; do mkdir /x$a$b$c$d$e; "
        "done; done; done; done; done\n",
        "server");
    pl_harden(&im, &x);
    assert_true(x.unread.n > 0);
}

static void an_advice_crosses_the_pipe(void **state)
{
    (void)state;
    struct pl_img im = image("#!/bin/sh\nmkdir -p /run/a\nexec gosu app server\n", "x");
    struct pl_verdict v, again;
    pl_auto_buf struct pl_buf b = { 0 };
    pl_img_judge(&im, &v);
    pl_verdict_put(&b, &v);
    for (size_t cut = 0; cut < b.n; cut++) { /* cut short anywhere, it is refused */
        struct pl_rd part = { (const uint8_t *)b.p, (const uint8_t *)b.p + cut, false };
        assert_false(pl_verdict_get(&part, &arena, &again));
    }
    struct pl_rd rd = pl_rd_buf(&b);
    assert_true(pl_verdict_get(&rd, &arena, &again));
    assert_int_equal(again.n, v.n);
}

static struct pl_deploy_result lint(const char *text)
{
    struct pl_limits l;
    struct pl_deploy_result x;
    struct pl_err err;
    pl_limits_init(&l);
    struct pl_deploy_opts o = { .limits = &l };
    assert_int_equal(pl_deploy_lint(&arena, pl_str_c(text), &o, &x, &err), 0);
    return x;
}

static bool fires(const struct pl_deploy_result *x, enum pl_deploy_rule_id rule)
{
    for (size_t i = 0; i < x->n; i++)
        if (x->hits[i].rule == rule)
            return true;
    return false;
}

static void a_hardened_service_has_no_finding(void **state)
{
    (void)state;
    struct pl_deploy_result x =
        lint("services:\n  a:\n    image: x:1@sha256:00\n    read_only: true\n    user: \"1000\"\n"
             "    cap_drop: [ALL]\n    security_opt: [no-new-privileges:true]\n    mem_limit: 1g\n"
             "    cpus: 1\n    pids_limit: 100\n");
    assert_int_equal(x.form, PL_DEPLOY_COMPOSE);
    assert_int_equal(x.n, 0);
}

static void merge_keys_count(void **state)
{
    (void)state;
    struct pl_deploy_result x = lint("x-a: &a {privileged: true}\nservices:\n  b:\n    <<: *a\n");
    assert_true(fires(&x, PL_DEPLOY_R01));
}

static void every_document_and_list_is_judged(void **state)
{
    (void)state;
    struct pl_deploy_result x = lint(
        "apiVersion: v1\nkind: ConfigMap\n---\napiVersion: v1\nkind: List\nitems:\n- kind: Pod\n"
        "  spec: {hostNetwork: true, containers: [{name: a, image: b}]}\n");
    assert_true(fires(&x, PL_DEPLOY_R04));
    assert_true(fires(&x, PL_DEPLOY_R13));
    assert_int_equal(x.containers, 1);
}

/* An image that starts as root, steps down to 999, writes to /run and keeps /data. */
static const struct pl_advice *stepping(void *arg, struct pl_str name)
{
    static struct pl_mount mounts[] = {
        { .path = { "/run", 4 }, .confidence = PL_STRONG },
        { .path = { "/data", 5 },
          .volume = true,
          .has_owner = true,
          .uid = 999,
          .mode = 0755,
          .confidence = PL_CERTAIN },
    };
    static struct pl_cap_need caps[] = { { .cap = { "SETUID", 6 }, .confidence = PL_STRONG } };
    static struct pl_str ports[] = { { "80/tcp", 6 } };
    static struct pl_variant variants[] = {
        { .kind = PL_VARIANT_USER, .user_known = true, .uid = 999, .mount = mounts, .n_mount = 2 },
        { .kind = PL_VARIANT_ROOT, .mount = mounts, .n_mount = 2, .cap = caps, .n_cap = 1 },
    };
    static const struct pl_advice advice = { .variant = variants, .n = 2, .ports = { ports, 1 } };
    (void)arg;
    return pl_str_is(name, "known") ? &advice : NULL;
}

static struct pl_deploy_result join(const char *service)
{
    struct pl_limits l;
    struct pl_deploy_result x;
    struct pl_err err;
    pl_limits_init(&l);
    struct pl_deploy_opts o = { .limits = &l, .image = stepping };
    struct pl_str text = pl_printf(&arena, "services:\n  a:\n%s", service);
    assert_int_equal(pl_deploy_lint(&arena, text, &o, &x, &err), 0);
    return x;
}

static void a_service_is_held_against_its_image(void **state)
{
    (void)state;
    struct pl_deploy_result x = join("    image: known\n    read_only: true\n    cap_drop: [ALL]\n"
                                     "    ports: ['80:81']\n    volumes: ['d:/data']\n");
    assert_true(fires(&x, PL_DEPLOY_R31) && fires(&x, PL_DEPLOY_R32) && fires(&x, PL_DEPLOY_R33));
    x = join("    image: known\n    read_only: true\n    cap_drop: [ALL]\n    cap_add: [SETUID]\n"
             "    tmpfs: [/run]\n    ports: ['81:80']\n    volumes: ['d:/data']\n");
    assert_false(fires(&x, PL_DEPLOY_R31) || fires(&x, PL_DEPLOY_R32) || fires(&x, PL_DEPLOY_R33));
    x = join("    image: known\n    user: '5'\n    volumes: ['d:/data']\n");
    assert_true(fires(&x, PL_DEPLOY_R34));
    x = join("    image: known\n    user: '999'\n    cap_drop: [ALL]\n    volumes: ['d:/data']\n");
    assert_false(fires(&x, PL_DEPLOY_R34) || fires(&x, PL_DEPLOY_R32));
    x = join("    image: other\n    read_only: true\n    cap_drop: [ALL]\n");
    assert_false(fires(&x, PL_DEPLOY_R31) || fires(&x, PL_DEPLOY_R32));
}

static void a_template_is_told(void **state)
{
    (void)state;
    assert_true(join("    image: {{ .Values.x }}\n").templated);
    assert_false(join("    image: x\n    hostname: \"{{.Node.Hostname}}\"\n").templated);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(links_are_followed_inside_the_image),
        cmocka_unit_test(a_script_that_steps_down_gives_two_variants),
        cmocka_unit_test(what_is_tried_is_not_demanded),
        cmocka_unit_test(conditions_that_are_false_are_not_walked),
        cmocka_unit_test(endless_scripts_end),
        cmocka_unit_test(an_advice_crosses_the_pipe),
        cmocka_unit_test(a_hardened_service_has_no_finding),
        cmocka_unit_test(merge_keys_count),
        cmocka_unit_test(every_document_and_list_is_judged),
        cmocka_unit_test(a_service_is_held_against_its_image),
        cmocka_unit_test(a_template_is_told),
    };
    return cmocka_run_group_tests(tests, NULL, teardown);
}
