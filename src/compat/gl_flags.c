/* Command line of the gitleaks personality: one table for parsing, help and completion. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "compat/gl_flags.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/cleanup.h"

enum kind { TEXT, NUMBER, COUNT, SWITCH, RULES };

#define BIT(c) (1u << PL_GL_CMD_##c)
#define ALL 0xffffu

struct flag {
    const char *name;
    char letter;
    enum kind kind;
    size_t offset;
    unsigned commands; /* that know it */
    const char *bare;  /* value when none is given with "=" */
    const char *help;
};

#define AT(field) offsetof(struct pl_gl_flags, field)

static const struct flag table[] = {
    { "config", 'c', TEXT, AT(config), ALL, NULL, "configuration file" },
    { "exit-code", 0, NUMBER, AT(exit_code), ALL, NULL, "exit code when there are findings (1)" },
    { "report-path", 'r', TEXT, AT(report_path), ALL, NULL, "report file, - for stdout" },
    { "report-format", 'f', TEXT, AT(report_format), ALL, NULL,
      "json, csv, junit, sarif or template" },
    { "report-template", 0, TEXT, AT(report_template), ALL, NULL, "template for -f template" },
    { "baseline-path", 'b', TEXT, AT(baseline), ALL, NULL, "report whose findings are old" },
    { "log-level", 'l', TEXT, AT(log_level), ALL, NULL,
      "trace, debug, info, warn, error or fatal (info)" },
    { "verbose", 'v', SWITCH, AT(verbose), ALL, "true", "print findings as text" },
    { "no-color", 0, SWITCH, AT(no_color), ALL, "true", "no colour" },
    { "no-banner", 0, SWITCH, AT(no_banner), ALL, "true", "taken; there is no banner" },
    { "max-target-megabytes", 0, NUMBER, AT(max_megabytes), ALL, NULL, "skip larger files" },
    { "ignore-gitleaks-allow", 0, SWITCH, AT(ignore_allow), ALL, "true",
      "do not honour gitleaks:allow" },
    { "redact", 0, COUNT, AT(redact), ALL, "100", "redact secrets, --redact=N only in part" },
    { "enable-rule", 0, RULES, AT(rules), ALL, NULL, "only these rules (repeatable)" },
    { "gitleaks-ignore-path", 'i', TEXT, AT(ignore_path), ALL, NULL,
      ".gitleaksignore or its folder (.)" },
    { "max-decode-depth", 0, NUMBER, AT(decode_depth), ALL, NULL, "decoding passes (5)" },
    { "max-archive-depth", 0, NUMBER, AT(archive_depth), ALL, NULL, "archives in archives (0)" },
    { "timeout", 0, NUMBER, AT(timeout), ALL, NULL, "seconds, 0 = none" },
    { "diagnostics", 0, TEXT, AT(diagnostics), ALL, NULL, "taken, without effect" },
    { "diagnostics-dir", 0, TEXT, AT(diagnostics_dir), ALL, NULL, "taken, without effect" },
    { "help", 'h', SWITCH, AT(help), ALL, "true", "this text" },
    { "version", 0, SWITCH, AT(version), BIT(NONE), "true", "version" },
    { "log-opts", 0, TEXT, AT(log_opts), BIT(GIT) | BIT(DETECT) | BIT(PROTECT), NULL,
      "options of git log" },
    { "platform", 0, TEXT, AT(platform), BIT(GIT) | BIT(DETECT), NULL,
      "github, gitlab, azuredevops, gitea, bitbucket or none, for links" },
    { "pre-commit", 0, SWITCH, AT(pre_commit), BIT(GIT), "true", "scan git diff" },
    { "staged", 0, SWITCH, AT(staged), BIT(GIT) | BIT(PROTECT), "true", "scan what is staged" },
    { "follow-symlinks", 0, SWITCH, AT(follow_symlinks), BIT(DIR) | BIT(DETECT), "true",
      "scan what links lead to" },
    { "source", 's', TEXT, AT(source), BIT(DETECT) | BIT(PROTECT), NULL, "what to scan (.)" },
    { "no-git", 0, SWITCH, AT(no_git), BIT(DETECT), "true", "scan files, not history" },
    { "pipe", 0, SWITCH, AT(pipe), BIT(DETECT), "true", "scan stdin" },
};

static const struct word {
    const char *name;
    enum pl_gl_command command;
    const char *help; /* NULL: not listed */
} words[] = {
    { "git", PL_GL_CMD_GIT, "scan a repository's history, or git diff" },
    { "dir", PL_GL_CMD_DIR, "scan a folder or file" },
    { "stdin", PL_GL_CMD_STDIN, "scan standard input" },
    { "version", PL_GL_CMD_VERSION, "print the version" },
    { "completion", PL_GL_CMD_COMPLETION, "print a completion script" },
    { "help", PL_GL_CMD_HELP, "help on a command" },
    { "file", PL_GL_CMD_DIR, NULL },
    { "directory", PL_GL_CMD_DIR, NULL },
    { "detect", PL_GL_CMD_DETECT, NULL },
    { "protect", PL_GL_CMD_PROTECT, NULL },
};

static const struct flag *by_name(struct pl_str name)
{
    for (size_t i = 0; i < PL_COUNT(table); i++)
        if (pl_str_is(name, table[i].name))
            return &table[i];
    return NULL;
}

static const struct flag *by_letter(char c)
{
    for (size_t i = 0; i < PL_COUNT(table); i++)
        if (table[i].letter == c)
            return &table[i];
    return NULL;
}

static int bad_value(const struct flag *f, const char *value, const char *why, struct pl_err *err)
{
    return pl_fail(err, PL_E_USAGE, "invalid argument \"%s\" for \"--%s\" flag: %s", value, f->name,
                   why);
}

static int set_number(const struct flag *f, const char *value, int64_t *to, struct pl_err *err)
{
    char *end;
    errno = 0;
    long long v = strtoll(value, &end, 0);
    if (end == value || *end || errno || (f->kind == COUNT && v < 0))
        return bad_value(f, value, "not a number", err);
    *to = v;
    return 0;
}

static int set_switch(const struct flag *f, const char *value, bool *to, struct pl_err *err)
{
    static const char *const yes[] = { "1", "t", "T", "true", "TRUE", "True" };
    static const char *const no[] = { "0", "f", "F", "false", "FALSE", "False" };
    for (size_t i = 0; i < PL_COUNT(yes); i++) {
        if (strcmp(value, yes[i]) == 0 || strcmp(value, no[i]) == 0) {
            *to = strcmp(value, yes[i]) == 0;
            return 0;
        }
    }
    return bad_value(f, value, "neither true nor false", err);
}

static int set(struct pl_gl_flags *to, const struct flag *f, const char *value, struct pl_err *err)
{
    void *at = (char *)to + f->offset;
    switch (f->kind) {
    case TEXT:
        *(const char **)at = value;
        return 0;
    case NUMBER:
    case COUNT:
        return set_number(f, value, at, err);
    case SWITCH:
        return set_switch(f, value, at, err);
    case RULES:
        break;
    }
    struct pl_str rest = pl_str_c(value), one;
    while (rest.n && pl_str_split(&rest, ',', &one))
        pl_vec_push(&to->rules, one);
    return 0;
}

struct args {
    char **v;
    size_t i;
    struct pl_gl_flags *to;
    int *status;
};

static bool known_to(const struct flag *f, enum pl_gl_command c)
{
    return f && f->commands >> c & 1;
}

static int unknown(struct args *a, struct pl_err *err, const char *dashes, struct pl_str name)
{
    *a->status = 126;
    return pl_fail(err, PL_E_USAGE, "unknown flag: %s%.*s", dashes, PL_FMT(name));
}

static int long_flag(struct args *a, struct pl_err *err)
{
    struct pl_str name = pl_str_c(a->v[a->i] + 2), rest = name;
    const char *equals = strchr(a->v[a->i], '=');
    pl_str_split(&rest, '=', &name);
    const struct flag *f = by_name(name);
    if (!known_to(f, a->to->command))
        return unknown(a, err, "--", name);
    if (equals)
        return set(a->to, f, equals + 1, err);
    if (f->bare)
        return set(a->to, f, f->bare, err);
    if (!a->v[a->i + 1])
        return pl_fail(err, PL_E_USAGE, "flag needs an argument: --%s", f->name);
    return set(a->to, f, a->v[++a->i], err);
}

/* "-v", "-cFILE", "-c=FILE", "-c FILE", "-vc FILE" */
static int short_flags(struct args *a, struct pl_err *err)
{
    for (const char *p = a->v[a->i] + 1; *p; p++) {
        const struct flag *f = by_letter(*p);
        int r;
        if (!known_to(f, a->to->command)) {
            *a->status = 1;
            return pl_fail(err, PL_E_USAGE, "unknown shorthand flag: '%c' in %s", *p, a->v[a->i]);
        }
        if (p[1] == '=')
            return set(a->to, f, p + 2, err);
        if (!f->bare && p[1])
            return set(a->to, f, p + 1, err);
        if (!f->bare) {
            if (!a->v[a->i + 1])
                return pl_fail(err, PL_E_USAGE, "flag needs an argument: '%c' in %s", *p,
                               a->v[a->i]);
            return set(a->to, f, a->v[++a->i], err);
        }
        r = set(a->to, f, f->bare, err);
        if (r < 0)
            return r;
    }
    return 0;
}

/* The command is the first word that is neither a flag nor a flag's value; flags may stand before
 * it. */
static int find_command(char **argv, struct pl_gl_flags *to, size_t *ret_at, struct pl_err *err)
{
    *ret_at = SIZE_MAX;
    for (size_t i = 0; argv[i]; i++) {
        const char *a = argv[i];
        if (strcmp(a, "--") == 0)
            return 0;
        if (a[0] == '-' && a[1]) {
            const struct flag *f = a[1] == '-' ? by_name(pl_str_c(a + 2))
                                   : a[2]      ? NULL
                                               : by_letter(a[1]);
            i += f && !f->bare && argv[i + 1];
            continue;
        }
        for (size_t k = 0; k < PL_COUNT(words); k++) {
            if (strcmp(a, words[k].name) == 0) {
                to->command = words[k].command;
                *ret_at = i;
                return 0;
            }
        }
        return pl_fail(err, PL_E_USAGE, "unknown command \"%s\" for \"gitleaks\"", a);
    }
    return 0;
}

static void defaults(struct pl_gl_flags *f)
{
    *f = (struct pl_gl_flags){ .config = "",
                               .report_path = "",
                               .report_format = "",
                               .report_template = "",
                               .baseline = "",
                               .log_level = "info",
                               .ignore_path = ".",
                               .log_opts = "",
                               .platform = "",
                               .source = ".",
                               .diagnostics = "",
                               .diagnostics_dir = "",
                               .exit_code = 1,
                               .decode_depth = 5 };
}

int pl_gl_flags_parse(char **argv, struct pl_gl_flags *ret, int *ret_status, struct pl_err *err)
{
    struct args a = { .v = argv, .to = ret, .status = ret_status };
    size_t command;
    bool flags = true;
    defaults(ret);
    *ret_status = 1;
    int r = find_command(argv, ret, &command, err);
    for (; r >= 0 && argv[a.i]; a.i++) {
        const char *s = argv[a.i];
        if (a.i == command)
            continue;
        if (flags && strcmp(s, "--") == 0)
            flags = false;
        else if (flags && s[0] == '-' && s[1] == '-')
            r = long_flag(&a, err);
        else if (flags && s[0] == '-' && s[1])
            r = short_flags(&a, err);
        else
            pl_vec_push(&ret->args, s);
    }
    return r < 0 ? r : 0;
}

void pl_gl_flags_release(struct pl_gl_flags *f)
{
    pl_vec_release(&f->rules);
    pl_vec_release(&f->args);
}

void pl_gl_flags_help(enum pl_gl_command c)
{
    if (c == PL_GL_CMD_NONE || c == PL_GL_CMD_HELP) {
        c = PL_GL_CMD_NONE;
        puts("Finds secrets with the rules, flags and reports of gitleaks.\n\n"
             "Usage:\n  gitleaks [command]\n\nCommands:");
        for (size_t i = 0; i < PL_COUNT(words); i++)
            if (words[i].help)
                printf("  %-12s %s\n", words[i].name, words[i].help);
    } else {
        for (size_t i = 0; i < PL_COUNT(words); i++) {
            if (words[i].command == c) {
                printf("Usage:\n  gitleaks %s [flags]\n", words[i].name);
                break;
            }
        }
    }
    puts("\nFlags:");
    for (size_t i = 0; i < PL_COUNT(table); i++) {
        if (!known_to(&table[i], c))
            continue;
        printf("  %c%c%c --%-24s %s\n", table[i].letter ? '-' : ' ',
               table[i].letter ? table[i].letter : ' ', table[i].letter ? ',' : ' ', table[i].name,
               table[i].help);
    }
}

static void print_words(const char *before, const char *after)
{
    for (size_t i = 0; i < PL_COUNT(words); i++)
        if (words[i].help)
            printf("%s%s%s", before, words[i].name, after);
    for (size_t i = 0; i < PL_COUNT(table); i++)
        printf("%s--%s%s", before, table[i].name, after);
}

bool pl_gl_flags_completion(const char *shell)
{
    if (strcmp(shell, "bash") == 0 || strcmp(shell, "zsh") == 0) {
        if (shell[0] == 'z')
            puts("#compdef gitleaks\nautoload -U +X bashcompinit && bashcompinit");
        printf("complete -o default -W '");
        print_words("", " ");
        puts("' gitleaks");
    } else if (strcmp(shell, "fish") == 0) {
        printf("complete -c gitleaks -a '");
        print_words("", " ");
        puts("'");
    } else if (strcmp(shell, "powershell") == 0) {
        puts("Register-ArgumentCompleter -Native -CommandName gitleaks -ScriptBlock {\n"
             "  param($word)\n  @(");
        print_words("    '", "'\n");
        puts("  ) | Where-Object { $_ -like \"$word*\" }\n}");
    } else {
        return false;
    }
    return true;
}
