/* Repairs of compose files and Kubernetes manifests: what is written, and that nothing else is. */
/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "check/deploy/deploy.h"

static struct pl_arena a;

#define DIGEST "sha256:0000000000000000000000000000000000000000000000000000000000000001"

static struct pl_str digest(void *arg, struct pl_str image)
{
    (void)arg;
    return pl_str_starts(image, PL_S("unknown")) ? PL_S("") : PL_S(DIGEST);
}

static const struct pl_lint_source source = { .digest = digest };

/* An image that starts as root, steps down to 999, writes to /run and keeps /data. */
static const struct pl_advice *stepping(void *arg, struct pl_str name)
{
    static struct pl_mount mounts[] = {
        { .path = { "/run", 4 }, .confidence = PL_STRONG },
        { .path = { "/data", 5 }, .volume = true, .confidence = PL_CERTAIN },
    };
    static struct pl_cap_need caps[] = { { .cap = { "SETUID", 6 }, .confidence = PL_STRONG } };
    static struct pl_variant variants[] = {
        { .kind = PL_VARIANT_USER,
          .user_known = true,
          .uid = 999,
          .gid = 999,
          .mount = mounts,
          .n_mount = 2 },
        { .kind = PL_VARIANT_ROOT, .mount = mounts, .n_mount = 2, .cap = caps, .n_cap = 1 },
    };
    static const struct pl_advice advice = { .variant = variants, .n = 2 };
    (void)arg;
    return pl_str_starts(name, PL_S("known")) ? &advice : NULL;
}

static struct pl_deploy_opts options(const struct pl_limits *l, bool told)
{
    return (struct pl_deploy_opts){ .limits = l,
                                    .image = told ? stepping : NULL,
                                    .source = told ? &source : NULL };
}

/* Mends twice: the second run changes nothing. */
static const char *mend(const char *text, enum pl_fix_class c, bool told)
{
    struct pl_limits l;
    struct pl_str out, again;
    pl_limits_init(&l);
    struct pl_deploy_opts o = options(&l, told);
    assert_int_equal(pl_deploy_mend(&a, pl_str_c(text), &o, c, &out, NULL, NULL), 0);
    assert_int_equal(pl_deploy_mend(&a, out, &o, c, &again, NULL, NULL), 0);
    assert_true(pl_str_eq(out, again));
    return pl_dup(&a, out).p;
}

static void a_service_keeps_its_comments(void **state)
{
    (void)state;
    assert_string_equal(
        mend("# ours\nservices:\n  web:   # the front\n    image: \"known:1\" # pinned by us\n"
             "    restart: always\n\n# end\nvolumes: {}\n",
             PL_FIX_SAFE, true),
        "# ours\nservices:\n  web:   # the front\n    image: \"known:1\" # pinned by us\n"
        "    restart: always\n    security_opt:\n      - no-new-privileges:true\n"
        "    cap_drop:\n      - ALL\n    cap_add:\n      - SETUID\n\n# end\nvolumes: {}\n");
}

static void what_the_image_needs_is_mounted(void **state)
{
    (void)state;
    const char *out = mend("services:\n  a:\n    image: known\n", PL_FIX_SUGGESTED, true);
    assert_non_null(strstr(out, "image: known:latest@" DIGEST "\n"));
    assert_non_null(strstr(out, "    read_only: true\n"));
    assert_non_null(strstr(out, "    tmpfs:\n      - /run\n"));
    assert_non_null(strstr(out, "    volumes:\n      - /data\n"));
    assert_non_null(strstr(out, "    user: \"999:999\"\n"));
    assert_non_null(strstr(out, "    pids_limit: 512\n"));
}

static void lists_and_flow_forms_grow(void **state)
{
    (void)state;
    assert_string_equal(mend("services:\n  a: {image: unknown, cap_drop: [CHOWN], read_only: true,"
                             " pids_limit: 5,\n    security_opt: []}\n",
                             PL_FIX_SUGGESTED, true),
                        "services:\n  a: {image: unknown, cap_drop: [ALL, CHOWN], read_only: true,"
                        " pids_limit: 5,\n    security_opt: [no-new-privileges:true]}\n");
    assert_string_equal(mend("services:\r\n  a:\r\n    image: unknown\r\n    read_only: true\r\n"
                             "    pids_limit: 5\r\n    cap_drop:\r\n    - CHOWN\r\n"
                             "    security_opt:\r\n    - no-new-privileges:false",
                             PL_FIX_SUGGESTED, true),
                        "services:\r\n  a:\r\n    image: unknown\r\n    read_only: true\r\n"
                        "    pids_limit: 5\r\n    cap_drop:\r\n    - CHOWN\r\n    - ALL\r\n"
                        "    security_opt:\r\n    - no-new-privileges:true");
}

static void ports_are_bound_here(void **state)
{
    (void)state;
    const char *out =
        mend("services:\n  a:\n    image: unknown\n    ports:\n      - \"80:80\" # x\n"
             "      - 0.0.0.0:22:22\n      - {target: 443, published: 443}\n",
             PL_FIX_SUGGESTED, true);
    assert_non_null(strstr(out, "      - \"127.0.0.1:80:80\" # x\n"
                                "      - \"127.0.0.1:22:22\"\n"
                                "      - {host_ip: 127.0.0.1, target: 443, published: 443}\n"));
}

static void privileges_go_when_asked(void **state)
{
    static const char text[] = "services:\n  a:\n    image: unknown\n    privileged: true\n"
                               "    pid: host\n    security_opt:\n      - seccomp:unconfined\n";
    (void)state;
    assert_non_null(strstr(mend(text, PL_FIX_SUGGESTED, false), "privileged: true"));
    const char *out = mend(text, PL_FIX_UNSAFE, false);
    assert_non_null(strstr(out, "privileged: false"));
    assert_null(strstr(out, "pid: host"));
    assert_null(strstr(out, "unconfined"));
}

static void anchors_are_mended_where_they_stand(void **state)
{
    (void)state;
    const char *out = mend("x-base: &base\n  image: unknown\n  read_only: true\n"
                           "services:\n  a:\n    <<: *base\n    pids_limit: 5\n  b: *base\n",
                           PL_FIX_SUGGESTED, true);
    assert_non_null(strstr(out, "x-base: &base\n  image: unknown\n  read_only: true\n"));
    assert_non_null(strstr(out, "cap_drop:\n"));
}

static const char pod[] = "apiVersion: v1\nkind: Pod\nmetadata:\n  name: p\nspec:\n"
                          "  containers:\n  - name: c # one\n    image: %s\n";

static void a_container_gets_a_security_context(void **state)
{
    (void)state;
    struct pl_str text = pl_printf(&a, pod, "known@" DIGEST);
    const char *out = mend(text.p, PL_FIX_SUGGESTED, true);
    assert_non_null(strstr(out, "  - name: c # one\n    image: known@"));
    assert_non_null(strstr(out, "    securityContext:\n"));
    assert_non_null(strstr(out, "allowPrivilegeEscalation: false\n"));
    assert_non_null(strstr(out, "runAsNonRoot: true\n"));
    assert_non_null(strstr(out, "runAsUser: 999\n"));
    assert_non_null(strstr(out, "drop: [ALL]\n"));
    assert_non_null(strstr(out, "  automountServiceAccountToken: false\n"));
    /* a volume that keeps data is for people to make */
    assert_null(strstr(out, "readOnlyRootFilesystem"));
}

static void a_security_context_that_is_there_grows(void **state)
{
    (void)state;
    const char *out =
        mend("apiVersion: v1\nkind: Pod\nspec:\n  automountServiceAccountToken: false\n"
             "  containers:\n  - name: c\n    image: unknown\n    securityContext:\n"
             "      privileged: true\n      runAsNonRoot: false\n      seccompProfile:\n"
             "        type: Unconfined\n    resources:\n",
             PL_FIX_UNSAFE, true);
    assert_non_null(strstr(out, "      privileged: false\n"));
    assert_non_null(strstr(out, "      runAsNonRoot: true\n"));
    assert_non_null(strstr(out, "        type: RuntimeDefault\n"));
    assert_non_null(strstr(out, "readOnlyRootFilesystem: true\n"));
    assert_non_null(strstr(out, "    resources: {limits: {memory: 512Mi, cpu: \"1\"}}\n"));
}

static void what_cannot_be_placed_is_left(void **state)
{
    static const char *const texts[] = {
        "services: {a: {privileged: &p true}}\n",
        "services:\n  a:\n    \"privileged\":\n      true\n",
        "services:\n  a:\n    image: >-\n      unknown\n    read_only: !!bool false\r",
        "\xEF\xBB\xBFservices:\n  a: {image: unknown}\n",
        "services:\n  a: {}\n",
        "apiVersion: v1\nkind: Pod\nspec: {containers: [{}]}\n",
    };
    (void)state;
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
        mend(texts[i], PL_FIX_UNSAFE, true);
}

static void offered_repairs_hold_alone(void **state)
{
    struct pl_limits l;
    struct pl_deploy_result x;
    struct pl_str text = PL_S("services:\n  a:\n    image: known:1\n    ports: ['80:80']\n");
    size_t n = 0;
    (void)state;
    pl_limits_init(&l);
    struct pl_deploy_opts o = options(&l, true);
    o.fixes = true;
    assert_int_equal(pl_deploy_lint(&a, text, &o, &x, NULL), 0);
    pl_deploy_prove(text, &o, &x);
    for (size_t i = 0; i < x.n; i++) {
        n += x.hits[i].n_edits > 0;
        assert_true((x.hits[i].n_edits > 0) == (x.hits[i].fix_class != PL_FIX_NONE));
    }
    assert_true(n >= 6);
}

static int release(void **state)
{
    (void)state;
    pl_arena_release(&a);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_service_keeps_its_comments),
        cmocka_unit_test(what_the_image_needs_is_mounted),
        cmocka_unit_test(lists_and_flow_forms_grow),
        cmocka_unit_test(ports_are_bound_here),
        cmocka_unit_test(privileges_go_when_asked),
        cmocka_unit_test(anchors_are_mended_where_they_stand),
        cmocka_unit_test(a_container_gets_a_security_context),
        cmocka_unit_test(a_security_context_that_is_there_grows),
        cmocka_unit_test(what_cannot_be_placed_is_left),
        cmocka_unit_test(offered_repairs_hold_alone),
    };
    return cmocka_run_group_tests(tests, NULL, release);
}
