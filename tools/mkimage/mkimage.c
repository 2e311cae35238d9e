/* mkimage: see README.md. Options, the recipe's file, and nothing else. */
/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <stdio.h>

#include "mk.h"

static const char usage[] = "usage: mkimage [--truth FILE] RECIPE FORM:PATH...\n"
                            "       mkimage --bench MEGABYTES oci:DIR\n"
                            "       mkimage --token KIND:NAME\n"
                            "forms: oci oci-archive docker-archive docker-archive-flat "
                            "docker-archive-oci\n";

void mk_release(struct mk *m)
{
    for (size_t i = 0; i < m->keep.n; i++)
        free(m->keep.p[i]);
    pl_vec_release(&m->keep);
    pl_vec_release(&m->token);
    pl_vec_release(&m->var);
    pl_vec_release(&m->fact);
    pl_arena_release(&m->a);
}

static struct pl_str read_file(struct mk *m, const char *path)
{
    struct pl_buf b = { 0 };
    FILE *f = fopen(path, "re");
    char block[4096];
    size_t n;
    if (!f)
        mk_die(m, NULL, "cannot open: %s", strerror(errno));
    while ((n = fread(block, 1, sizeof block, f)) > 0)
        pl_buf_putn(&b, block, n);
    fclose(f);
    if (!b.n || b.p[b.n - 1] != '\n')
        pl_buf_putc(&b, '\n');
    return mk_keep(m, &b);
}

static int recipe(struct mk *m, int argc, char **argv, const char *truth)
{
    struct mk_set s = { 0 };
    struct mk_node *root;
    m->file = argv[0];
    root = mk_parse(m, read_file(m, argv[0]));
    mk_build(m, root, &s);
    for (int i = 1; i < argc; i++)
        mk_write(m, &s, argv[i]);
    if (truth)
        mk_write_truth(m, &s, truth);
    for (size_t i = 0; i < s.image.n; i++)
        pl_vec_release(&s.image.p[i]->layer);
    pl_vec_release(&s.image);
    pl_vec_release(&s.oci);
    return 0;
}

static int token(struct mk *m, const char *what)
{
    struct pl_buf b = { 0 };
    mk_expand(m, pl_printf(&m->a, "{%s}", what), &b);
    printf("%.*s\n", PL_FMT(pl_buf_str(&b)));
    pl_buf_release(&b);
    return 0;
}

int main(int argc, char **argv)
{
    struct mk m = { .file = "" };
    const char *truth = NULL;
    uint64_t mb = 0;
    int r = 2;
    if (argc > 2 && !strcmp(argv[1], "--truth")) {
        truth = argv[2];
        argc -= 2;
        argv += 2;
    }
    if (argc == 3 && !strcmp(argv[1], "--token"))
        r = token(&m, argv[2]);
    else if (argc == 4 && !strcmp(argv[1], "--bench") && pl_str_u64(pl_str_c(argv[2]), &mb))
        mk_bench(&m, mb, argv[3]), r = 0;
    else if (argc > 1 && (argv[1][0] != '-'))
        r = recipe(&m, argc - 1, argv + 1, truth);
    else
        fputs(usage, stderr);
    mk_release(&m);
    return r;
}
