/* History entries and layers. OCI image-spec, config.md, "history"; the texts are those of the
 * classic builder, BuildKit, buildah and kaniko. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "oci/history.h"

void pl_history_align(const struct pl_doc *config, size_t n_layers, struct pl_arena *a,
                      struct pl_history_map *ret)
{
    *ret = (struct pl_history_map){ .fit = PL_HISTORY_NONE, .n_layers = n_layers };
    if (config->n_history == 0)
        return;
    for (size_t i = 0; i < config->n_history; i++)
        ret->n_filled += !config->history[i].empty_layer;
    if (ret->n_filled != n_layers) {
        ret->fit = PL_HISTORY_MISMATCH;
        return;
    }
    ret->fit = PL_HISTORY_ALIGNED;
    ret->of_layer = pl_alloc_n(a, n_layers, sizeof *ret->of_layer);
    ret->layer_of = pl_alloc_n(a, config->n_history, sizeof *ret->layer_of);
    uint32_t layer = 0;
    for (uint32_t i = 0; i < config->n_history; i++) {
        bool empty = config->history[i].empty_layer;
        ret->layer_of[i] = empty ? PL_NO_INDEX : layer;
        if (!empty)
            ret->of_layer[layer++] = i;
    }
}

/* ------------------------------------------------------------------ RUN |N … */

/* Length of NAME= at the start of `s`, 0 when there is none. */
static size_t assignment(struct pl_str s)
{
    for (size_t i = 0; i < s.n; i++) {
        char c = s.p[i];
        bool letter = (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || c == '_';
        if (c == '=')
            return i ? i + 1 : 0;
        if (!letter && !(i && c >= '0' && c <= '9'))
            return 0;
    }
    return 0;
}

/* Where the value that begins at `from` ends: before the next NAME=, for the last one before the
 * next word that is a path. */
static size_t value_end(struct pl_str s, size_t from, bool last)
{
    for (size_t at = from;; at++) {
        at = pl_str_find(s, PL_S(" "), at);
        if (at == SIZE_MAX)
            return s.n;
        struct pl_str next = pl_str_sub(s, at + 1, s.n);
        if (last ? next.n && next.p[0] == '/' : assignment(next) > 0)
            return at;
    }
}

bool pl_history_run(struct pl_str created_by, struct pl_arena *a, struct pl_history_run *ret)
{
    struct pl_str s = created_by, digits = { NULL, 0 };
    uint64_t n;
    if (pl_str_starts(s, PL_S("RUN ")))
        s = pl_str_sub(s, 4, s.n);
    if (!pl_str_starts(s, PL_S("|")))
        return false;
    s = pl_str_sub(s, 1, s.n);
    /* n arguments need at least "A= " each, which also bounds what is allocated */
    if (!pl_str_split(&s, ' ', &digits) || !pl_str_u64(digits, &n) || n > s.n / 2)
        return false;
    struct pl_history_run run = { .n_args = (size_t)n };
    run.args = n ? pl_alloc_n(a, (size_t)n, sizeof *run.args) : NULL;
    for (size_t i = 0; i < n; i++) {
        size_t name = assignment(s);
        if (name == 0)
            return false;
        size_t end = value_end(s, name, i + 1 == n);
        run.args[i] = pl_str_sub(s, 0, end);
        s = pl_str_sub(s, end + 1, s.n);
    }
    run.command = s;
    *ret = run;
    return true;
}

/* ------------------------------------------------------------------ ENV and LABEL */

/* What follows the keyword when `s` is an instruction of that kind; p == NULL otherwise. */
static struct pl_str operands(struct pl_str s, struct pl_str keyword)
{
    const struct pl_str nop = PL_S("#(nop)");
    size_t at = pl_str_starts(s, PL_S("/bin/sh -c ")) ? pl_str_find(s, nop, 0) : SIZE_MAX;
    if (at != SIZE_MAX && at < 16)
        s = pl_str_sub(s, at + nop.n, s.n);
    s = pl_str_trim(s);
    if (!pl_str_starts(s, keyword))
        return (struct pl_str){ NULL, 0 };
    return pl_str_sub(s, keyword.n, s.n);
}

static bool quote(char c)
{
    return c == '"' || c == '\'' || c == '\\';
}

/* Does `text` begin with `value`, quotes and backslashes aside, and end there or go on after a
 * blank? Builders differ in what they quote. */
static bool begins_with_value(struct pl_str text, struct pl_str value)
{
    size_t i = 0, k = 0;
    for (;;) {
        while (i < text.n && quote(text.p[i]))
            i++;
        while (k < value.n && quote(value.p[k]))
            k++;
        if (k == value.n)
            return i == text.n || text.p[i] == ' ' || text.p[i] == '\t' || text.p[i] == '\n';
        if (i == text.n || text.p[i] != value.p[k])
            return false;
        i++;
        k++;
    }
}

/* Finds NAME= at the start of a word of `text`; *ret is what follows the equals sign. */
static bool find_name(struct pl_str text, struct pl_str name, size_t from, struct pl_str *ret)
{
    for (size_t at = from; (at = pl_str_find(text, name, at)) != SIZE_MAX; at++) {
        size_t before = at, after = at + name.n;
        while (before > 0 && (text.p[before - 1] == '"' || text.p[before - 1] == '\''))
            before--;
        while (after < text.n && (text.p[after] == '"' || text.p[after] == '\''))
            after++;
        bool starts = before == 0 || text.p[before - 1] == ' ' || text.p[before - 1] == '\t';
        if (!starts || after >= text.n || text.p[after] != '=')
            continue;
        *ret = pl_str_sub(text, after + 1, text.n);
        return true;
    }
    return false;
}

/* 1: sets it to `value`; 0: does not name it; -1: names it with another value. */
static int sets(struct pl_str text, struct pl_str name, struct pl_str value)
{
    struct pl_str rest;
    int result = 0;
    /* a value may contain what looks like the name: a few places are tried */
    for (size_t from = 0, tries = 0; tries < 16 && find_name(text, name, from, &rest); tries++) {
        if (begins_with_value(rest, value))
            return 1;
        result = -1;
        from = text.n - rest.n;
    }
    return result;
}

bool pl_history_setter(const struct pl_doc *config, const struct pl_history_map *map,
                       enum pl_history_what what, struct pl_str name, struct pl_str value,
                       uint32_t *ret_entry, uint32_t *ret_layer)
{
    struct pl_str keyword = what == PL_HISTORY_ENV ? PL_S("ENV ") : PL_S("LABEL ");
    if (name.n == 0)
        return false;
    for (size_t i = config->n_history; i-- > 0;) {
        struct pl_str text = operands(config->history[i].created_by, keyword);
        int r = text.p ? sets(text, name, value) : 0;
        if (r < 0)
            return false; /* set again since, by something that left no entry */
        if (r == 0)
            continue;
        *ret_entry = (uint32_t)i;
        *ret_layer = map->fit == PL_HISTORY_ALIGNED ? map->layer_of[i] : PL_NO_INDEX;
        return true;
    }
    return false;
}
