/* What a path says about why a file is there. Documents and tests hold made-up secrets far more
 * often than real ones, so what has no form of its own counts less there (secrets.md section 9). */
/* SPDX-License-Identifier: Apache-2.0 */
#include "secret/setting.h"
#include "base/cleanup.h"
#include "fmt/glob.h"
#include "secret/hit.h"

#define IN(s, list) in_list((s), (list), PL_COUNT(list))

static bool in_list(struct pl_str s, const char *const *list, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        if (pl_str_ieq(s, pl_str_c(list[i])))
            return true;
    }
    return false;
}

static enum pl_setting of_folder(struct pl_str s)
{
    static const char *const test[] = {
        "test",          "tests",        "testing",   "__tests__",  "spec",      "specs",
        "mock",          "mocks",        "e2e",       "testutil",   "example",   "examples",
        "sample",        "samples",      "demo",      "demos",      "__mocks__", "testlib",
        "unittest",      "unittests",    "testsuite", "test-suite", "selftest",  "testdata",
        "test-data",     "test_data",    "fixtures",  "fixture",    "mockdata",  "test-fixtures",
        "test_fixtures", "__fixtures__",
    };
    static const char *const doc[] = { "doc",  "docs", "documentation", "man",    "help",
                                       "man1", "man3", "man5",          "man8",   "javadoc",
                                       "man7", "man2", "man4",          "locale", "info" };
    if (IN(s, test))
        return PL_SETTING_TEST;
    return IN(s, doc) ? PL_SETTING_DOC : PL_SETTING_PLAIN;
}

/* "test" as a word of its own in "x_test.go", "x.spec.ts", "TestX.java", "test-x.conf". */
static bool has_test_word(struct pl_str s)
{
    static const char *const words[] = { "test",     "tests",   "spec",    "example",
                                         "examples", "sample",  "samples", "mock",
                                         "mocks",    "fixture", "fixtures" };
    for (size_t from = 0, i = 0; i <= s.n; i++) {
        bool hump = i > from && i < s.n && s.p[i] >= 'A' && s.p[i] <= 'Z' && s.p[i - 1] >= 'a';
        if (i < s.n && pl_is_alnum((uint8_t)s.p[i]) && !hump)
            continue;
        if (IN(pl_str_sub(s, from, i - from), words))
            return true;
        from = hump ? i : i + 1;
    }
    return false;
}

static enum pl_setting of_file(struct pl_str s)
{
    static const char *const ends[] = {
        ".md",  ".rst",  ".adoc", ".asciidoc", ".markdown", ".mdx",
        ".pod", ".texi", ".tex",  ".po",       ".pot",      ".mdoc"
    };
    static const char *const starts[] = { "readme",  "changelog", "changes",  "news", "history.",
                                          "manual.", "copyright", "install.", "faq",  "tutorial" };
    for (size_t i = 0; i < PL_COUNT(ends); i++) {
        if (pl_str_iends(s, pl_str_c(ends[i])))
            return PL_SETTING_DOC;
    }
    for (size_t i = 0; i < PL_COUNT(starts); i++) {
        if (pl_str_ieq(pl_str_sub(s, 0, strlen(starts[i])), pl_str_c(starts[i])))
            return PL_SETTING_DOC;
    }
    return has_test_word(s) ? PL_SETTING_TEST : PL_SETTING_PLAIN;
}

enum pl_setting pl_setting_of(struct pl_str path)
{
    enum pl_setting best = PL_SETTING_PLAIN;
    struct pl_str name;
    while (pl_str_split(&path, '/', &name)) {
        enum pl_setting s = path.n ? of_folder(name) : of_file(name);
        best = s > best ? s : best;
    }
    return best;
}

/* The longest stretch of a glob that stands in whatever it matches. */
static struct pl_str literal_of(const char *glob)
{
    struct pl_str best = { glob, 0 };
    while (*glob) {
        size_t n = strcspn(glob, "*?[]\\/");
        if (n > best.n)
            best = pl_str_n(glob, n);
        if (glob[n] == '[')
            break; /* what follows is a set */
        glob += glob[n] ? n + 1 : n;
    }
    return best;
}

bool pl_rule_glob(const char *glob, struct pl_str path)
{
    size_t n = strlen(glob);
    if (n == 0 || path.n == 0)
        return false;
    if (!strchr("*?]", glob[n - 1]) && glob[n - 1] != path.p[path.n - 1])
        return false;
    struct pl_str must = literal_of(glob);
    return memmem(path.p, path.n, must.p, must.n) && pl_glob_path(pl_str_n(glob, n), path);
}

const char *pl_setting_reason(enum pl_setting s)
{
    static const char *const reasons[] = { NULL, "in a document, by its name",
                                           "in a test or a sample, by its path" };
    return reasons[s];
}
