/* The start of an image, followed: the input is its entrypoint script and its servers' settings. */
/* SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>

#include "check/image/judge.h"

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n);

static struct pl_img_file file(const char *path, uint32_t mode, struct pl_str body)
{
    return (struct pl_img_file){ .path = pl_str_c(path),
                                 .kind = PL_IMG_FILE,
                                 .mode = mode,
                                 .size = body.n,
                                 .has_body = body.p != NULL,
                                 .body = body };
}

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
    struct pl_arena a = { 0 }, b = { 0 };
    pl_auto_buf struct pl_buf facts = { 0 }, out = { 0 };
    struct pl_img im;
    struct pl_verdict v, again;
    struct pl_err err = { 0 };
    struct pl_str text = pl_str_n(p, n), none = { NULL, 0 };
    static const char *const settings[] = { "etc/nginx/nginx.conf",
                                            "etc/my.cnf",
                                            "etc/passwd",
                                            "usr/local/apache2/conf/httpd.conf",
                                            "etc/supervisor/supervisord.conf",
                                            "usr/local/etc/php-fpm.conf",
                                            "usr/local/etc/haproxy/haproxy.cfg" };
    if (n > PL_IMG_TEXT_MAX)
        return 0;
    struct pl_str config =
        PL_S("{\"config\":{\"Entrypoint\":[\"/start\"],\"Cmd\":[\"nginx\",\"-x\"],"
             "\"Volumes\":{\"/data\":{}}},\"history\":[{\"created_by\":\"RUN x\"}]}");
    pl_img_put_head(&facts, config, 1, 20000, NULL, 1);
    struct pl_img_file f = file("start", 0755, text);
    pl_img_put_file(&facts, &f);
    f = file("usr/sbin/nginx", 0755, none);
    pl_img_put_file(&facts, &f);
    for (size_t i = 0; i < sizeof settings / sizeof *settings; i++) {
        f = file(settings[i], 0644, text);
        pl_img_put_file(&facts, &f);
    }
    if (pl_img_read(&a, pl_buf_str(&facts), &im, &err) < 0)
        abort();
    pl_img_judge(&im, &v);
    pl_verdict_put(&out, &v);
    struct pl_rd rd = pl_rd_buf(&out);
    if (!pl_verdict_get(&rd, &b, &again) || again.n != v.n || again.advice.n != v.advice.n)
        abort();
    pl_auto_buf struct pl_buf shown = { 0 };
    pl_advice_docker(&again.advice, PL_S("x"), &shown);
    pl_advice_compose(&again.advice, PL_S("x"), &shown);
    pl_advice_k8s(&again.advice, PL_S("x"), &shown);
    /* the input as facts themselves: what a worker is sent is never trusted either */
    struct pl_img wild;
    if (pl_img_read(&b, text, &wild, &err) == 0)
        pl_img_judge(&wild, &again);
    pl_arena_release(&a);
    pl_arena_release(&b);
    return 0;
}
