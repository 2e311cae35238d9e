/* Build tool: turns text files into C arrays. embed OUT.c NAME=FILE...
 * Each becomes `const char NAME[]` (NUL behind it) and `const size_t NAME_len`. */
/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>
#include <string.h>

static int put_file(FILE *out, const char *name, size_t name_len, const char *path)
{
    FILE *in = fopen(path, "rb");
    if (!in) {
        fprintf(stderr, "embed: cannot open '%s'\n", path);
        return 1;
    }
    size_t n = 0;
    fprintf(out, "extern const char %.*s[];\nextern const size_t %.*s_len;\nconst char %.*s[] = {",
            (int)name_len, name, (int)name_len, name, (int)name_len, name);
    for (int c; (c = fgetc(in)) != EOF; n++)
        fprintf(out, "%s%d,", n % 20 ? "" : "\n    ", c > 127 ? c - 256 : c);
    fprintf(out, "\n    0\n};\nconst size_t %.*s_len = %zu;\n", (int)name_len, name, n);
    int bad = ferror(in);
    fclose(in);
    return bad;
}

int main(int argc, char **argv)
{
    FILE *out = argc > 2 ? fopen(argv[1], "wb") : NULL;
    if (!out) {
        fprintf(stderr, "usage: embed OUT.c NAME=FILE...\n");
        return 2;
    }
    fprintf(out, "/* Made by tools/embed. */\n#include <stddef.h>\n\n");
    for (int i = 2; i < argc; i++) {
        const char *equals = strchr(argv[i], '=');
        if (!equals || put_file(out, argv[i], (size_t)(equals - argv[i]), equals + 1))
            return 1;
    }
    return fclose(out) ? 1 : 0;
}
