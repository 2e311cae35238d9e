/* Stand-alone driver for the fuzz targets: replays the files, and the files of the folders, that
 * are given as arguments, so that every corpus is an ordinary test under any compiler. Prints TAP,
 * one point a file; a file that makes the parser crash ends the program before its point. A file
 * called should-fail-* must be rejected by a target that says so (returns -1). */
/* SPDX-License-Identifier: Apache-2.0 */
#include <dirent.h>
#include <errno.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

/* What a fuzz target defines: 0, or -1 when the parser refused the input. */
int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n);

struct tally {
    unsigned n, failed;
};

static void point(struct tally *t, bool ok, const char *path, const char *why)
{
    t->n++;
    t->failed += !ok;
    printf("%sok %u - %s%s%s\n", ok ? "" : "not ", t->n, path, why[0] ? ": " : "", why);
    fflush(stdout);
}

static uint8_t *slurp(const char *path, size_t size)
{
    /* exactly as large as the content, so that a sanitizer sees one byte too many */
    uint8_t *p = malloc(size ? size : 1);
    FILE *f = fopen(path, "rbe");
    bool ok = p && f && fread(p, 1, size, f) == size;
    if (f)
        fclose(f);
    if (ok)
        return p;
    free(p);
    return NULL;
}

static void replay_file(struct tally *t, const char *path, size_t size)
{
    const char *slash = strrchr(path, '/');
    const char *name = slash ? slash + 1 : path;
    uint8_t *p = slurp(path, size);
    if (!p) {
        point(t, false, path, "cannot be read");
        return;
    }
    int r = LLVMFuzzerTestOneInput(p, size);
    free(p);
    if (strncmp(name, "should-fail-", 12) == 0 && r != -1)
        point(t, false, path, "was accepted");
    else
        point(t, true, path, "");
}

static int by_name(const struct dirent **a, const struct dirent **b)
{
    return strcmp((*a)->d_name, (*b)->d_name);
}

static void replay(struct tally *t, const char *path)
{
    struct stat st;
    if (stat(path, &st) != 0) {
        point(t, false, path, strerror(errno));
        return;
    }
    if (!S_ISDIR(st.st_mode)) {
        replay_file(t, path, (size_t)st.st_size);
        return;
    }
    struct dirent **names = NULL;
    int n = scandir(path, &names, NULL, by_name);
    for (int i = 0; i < n; i++) {
        char child[4096];
        if (names[i]->d_name[0] != '.') {
            snprintf(child, sizeof(child), "%s/%s", path, names[i]->d_name);
            replay(t, child);
        }
        free(names[i]);
    }
    free(names);
}

int main(int argc, char **argv)
{
    struct tally t = { 0 };
    /* the smallest input of all comes first */
    uint8_t nothing = 0;
    LLVMFuzzerTestOneInput(&nothing, 0);
    point(&t, true, "empty input", "");
    for (int i = 1; i < argc; i++)
        replay(&t, argv[i]);
    printf("1..%u\n", t.n);
    return t.failed != 0;
}
