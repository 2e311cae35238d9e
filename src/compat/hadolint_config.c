/* Configuration files and environment of hadolint. formats/dockerfile.md section 8.2. */
/* SPDX-License-Identifier: Apache-2.0 */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "compat/hadolint.h"
#include "fmt/yaml.h"

int pl_hl_level(struct pl_str name)
{
    static const char *const names[] = { "error", "warning", "info", "style" };
    for (int i = 0; i < 4; i++)
        if (pl_str_is(name, names[i]))
            return i + 1;
    return pl_str_is(name, "ignore") || pl_str_is(name, "none") ? 0 : -1;
}

const char *pl_hl_level_name(enum pl_level l)
{
    static const char *const names[] = { "ignore", "error", "warning", "info", "style" };
    return names[l];
}

static void add(struct pl_hl_strs *l, struct pl_str s)
{
    if (l->n < PL_HL_LIST_MAX && s.n)
        l->p[l->n++] = s;
}

static void add_list(struct pl_hl_strs *l, const struct pl_yaml *y)
{
    for (size_t i = 0; y && y->kind == PL_YAML_LIST && i < y->n; i++)
        add(l, pl_yaml_str(y->item[i]));
}

static void add_words(struct pl_hl_strs *l, const char *text)
{
    struct pl_str rest = pl_str_c(text), word;
    while (pl_str_split(&rest, ',', &word))
        add(l, pl_str_trim(word));
}

static bool truthy(struct pl_str s)
{
    static const char *const words[] = { "1", "y", "yes", "true", "on" };
    for (size_t i = 0; i < PL_COUNT(words); i++)
        if (pl_str_ieq(s, pl_str_c(words[i])))
            return true;
    return false;
}

static void set_bool(int *at, const struct pl_yaml *y)
{
    if (*at < 0 && y)
        *at = truthy(pl_yaml_str(y));
}

static void apply(struct pl_hl_conf *c, const struct pl_yaml *y)
{
    const struct pl_yaml *over = pl_yaml_get(y, "override"), *schema;
    if (!c->ignored.n)
        add_list(&c->ignored, pl_yaml_get(y, "ignored"));
    for (int l = PL_LEVEL_ERROR; l <= PL_LEVEL_STYLE; l++)
        add_list(&c->level[l], pl_yaml_get(over, pl_hl_level_name((enum pl_level)l)));
    if (!c->trusted.n)
        add_list(&c->trusted, pl_yaml_get(y, "trustedRegistries"));
    const struct pl_yaml *t = pl_yaml_get(y, "failure-threshold");
    if (c->threshold < 0 && t)
        c->threshold = pl_hl_level(pl_yaml_str(t));
    struct pl_str format = pl_yaml_str(pl_yaml_get(y, "format"));
    if (!c->format && format.n)
        c->format = pl_dup(c->a, format).p;
    set_bool(&c->no_fail, pl_yaml_get(y, "no-fail"));
    set_bool(&c->no_color, pl_yaml_get(y, "no-color"));
    set_bool(&c->strict, pl_yaml_get(y, "strict-labels"));
    set_bool(&c->no_pragma, pl_yaml_get(y, "disable-ignore-pragma"));
    schema = pl_yaml_get(y, "label-schema");
    for (size_t i = 0; schema && schema->kind == PL_YAML_MAP && !c->n_labels && i < schema->n; i++)
        if (i < PL_HL_LIST_MAX)
            c->labels[i] = (struct pl_label_spec){ pl_yaml_str(schema->item[2 * i]),
                                                   pl_yaml_str(schema->item[2 * i + 1]) };
    if (schema && schema->kind == PL_YAML_MAP && !c->n_labels)
        c->n_labels = schema->n < PL_HL_LIST_MAX ? schema->n : PL_HL_LIST_MAX;
}

static const char *find(struct pl_hl_conf *c)
{
    const char *home = getenv("HOME"), *xdg = getenv("XDG_CONFIG_HOME");
    struct pl_str dir =
        xdg && *xdg ? pl_str_c(xdg) : pl_printf(c->a, "%s/.config", home ? home : "");
    const char *h = home ? home : "";
    struct pl_str tries[] = {
        PL_S("./.hadolint.yaml"),
        PL_S("./.hadolint.yml"),
        pl_printf(c->a, "%.*s/hadolint.yaml", PL_FMT(dir)),
        pl_printf(c->a, "%.*s/hadolint.yml", PL_FMT(dir)),
        pl_printf(c->a, "%s/.hadolint/hadolint.yaml", h),
        pl_printf(c->a, "%s/.hadolint/hadolint.yml", h),
        pl_printf(c->a, "%s/.hadolint/config.yaml", h),
        pl_printf(c->a, "%s/.hadolint/config.yml", h),
        pl_printf(c->a, "%s/.hadolint.yaml", h),
        pl_printf(c->a, "%s/.hadolint.yml", h),
    };
    for (size_t i = 0; i < PL_COUNT(tries); i++)
        if (access(tries[i].p, R_OK) == 0)
            return pl_dup(c->a, tries[i]).p;
    return NULL;
}

static bool read_file(const char *path, struct pl_buf *b)
{
    pl_auto_fd int fd = open(path, O_RDONLY | O_CLOEXEC);
    for (;;) {
        char *p = fd < 0 ? NULL : pl_buf_room(b, 4096, NULL);
        ssize_t n = p ? read(fd, p, 4096) : -1;
        if (n <= 0)
            return n == 0;
        b->n += (size_t)n;
    }
}

int pl_hl_config_read(struct pl_hl_conf *c)
{
    const char *path = c->config ? c->config : find(c);
    pl_auto_buf struct pl_buf b = { .max = 1u << 20 };
    struct pl_yaml_stream s;
    struct pl_limits limits;
    struct pl_err err = { 0 };
    if (!path)
        return 0;
    pl_limits_init(&limits);
    if (!read_file(path, &b)) {
        fprintf(stderr, "hadolint: cannot read the configuration '%s'\n", path);
        return -1;
    }
    if (pl_yaml_parse(pl_dup(c->a, pl_buf_str(&b)), &limits, c->a, &s, &err) < 0) {
        fprintf(stderr, "hadolint: configuration '%s': %s\n", path, err.msg);
        return -1;
    }
    if (s.n && s.doc[0]->kind == PL_YAML_MAP)
        apply(c, s.doc[0]);
    if (c->verbose > 0)
        fprintf(stderr, "configuration: %s\n", path);
    return 0;
}

static void env_bool(const char *name, int *at)
{
    const char *v = getenv(name);
    if (v && *at < 0)
        *at = truthy(pl_str_c(v));
}

void pl_hl_env_read(struct pl_hl_conf *c)
{
    static const char *const over[] = { NULL, "HADOLINT_OVERRIDE_ERROR",
                                        "HADOLINT_OVERRIDE_WARNING", "HADOLINT_OVERRIDE_INFO",
                                        "HADOLINT_OVERRIDE_STYLE" };
    const char *v;
    env_bool("HADOLINT_NOFAIL", &c->no_fail);
    env_bool("HADOLINT_VERBOSE", &c->verbose);
    env_bool("HADOLINT_STRICT_LABELS", &c->strict);
    env_bool("HADOLINT_DISABLE_IGNORE_PRAGMA", &c->no_pragma);
    if (!c->format && (v = getenv("HADOLINT_FORMAT")) != NULL && *v)
        c->format = v;
    if (c->threshold < 0 && (v = getenv("HADOLINT_FAILURE_THRESHOLD")) != NULL)
        c->threshold = pl_hl_level(pl_str_c(v));
    if (!c->ignored.n && (v = getenv("HADOLINT_IGNORE")) != NULL)
        add_words(&c->ignored, v);
    if (!c->trusted.n && (v = getenv("HADOLINT_TRUSTED_REGISTRIES")) != NULL)
        add_words(&c->trusted, v);
    for (int l = PL_LEVEL_ERROR; l <= PL_LEVEL_STYLE; l++)
        if ((v = getenv(over[l])) != NULL)
            add_words(&c->level[l], v);
    if (!c->n_labels && (v = getenv("HADOLINT_REQUIRE_LABELS")) != NULL) {
        struct pl_str rest = pl_str_c(v), word;
        while (pl_str_split(&rest, ',', &word) && c->n_labels < PL_HL_LIST_MAX) {
            struct pl_str format = word, name;
            pl_str_split(&format, ':', &name);
            if (format.p)
                c->labels[c->n_labels++] =
                    (struct pl_label_spec){ pl_str_trim(name), pl_str_trim(format) };
        }
    }
}
