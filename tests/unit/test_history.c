/* History and layers: forensics.md section 5 and rows 17, 18, 20 of section 6. */
/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "base/cleanup.h"
#include "oci/history.h"

static struct pl_arena arena;

static int teardown(void **state)
{
    (void)state;
    pl_arena_release(&arena);
    return 0;
}

/* A configuration with `n` entries; a text that begins with '-' is an entry without a layer. */
static struct pl_doc config_of(const char *const *text, size_t n)
{
    struct pl_doc d = { .kind = PL_DOC_CONFIG, .n_history = n, .has_history = true };
    d.history = pl_alloc_n(&arena, n, sizeof *d.history);
    for (size_t i = 0; i < n; i++) {
        bool empty = text[i][0] == '-';
        d.history[i].created_by = pl_str_c(text[i] + empty);
        d.history[i].has_created_by = true;
        d.history[i].empty_layer = empty;
    }
    return d;
}

#define CONFIG(...)                                        \
    const char *const text_[] = { __VA_ARGS__ };           \
    struct pl_doc doc = config_of(text_, PL_COUNT(text_)); \
    struct pl_history_map map

/* ------------------------------------------------------------------ aligning */

static void entries_with_a_layer_take_layers_in_order(void **state)
{
    (void)state;
    CONFIG("ADD", "-ENV", "COPY", "-CMD", "RUN");
    pl_history_align(&doc, 3, &arena, &map);
    assert_int_equal(map.fit, PL_HISTORY_ALIGNED);
    const uint32_t of_layer[] = { 0, 2, 4 };
    const uint32_t layer_of[] = { 0, PL_NO_INDEX, 1, PL_NO_INDEX, 2 };
    assert_memory_equal(map.of_layer, of_layer, sizeof of_layer);
    assert_memory_equal(map.layer_of, layer_of, sizeof layer_of);
}

static void no_history_attributes_nothing(void **state)
{
    (void)state;
    struct pl_doc doc = { 0 };
    struct pl_history_map map;
    pl_history_align(&doc, 3, &arena, &map);
    assert_int_equal(map.fit, PL_HISTORY_NONE);
    assert_null(map.of_layer);
    doc.has_history = true; /* an empty list */
    pl_history_align(&doc, 3, &arena, &map);
    assert_int_equal(map.fit, PL_HISTORY_NONE);
}

static void other_counts_are_never_guessed(void **state)
{
    (void)state;
    CONFIG("ADD", "-ENV", "COPY");
    for (size_t layers = 0; layers < 5; layers++) {
        pl_history_align(&doc, layers, &arena, &map);
        assert_int_equal(map.fit, layers == 2 ? PL_HISTORY_ALIGNED : PL_HISTORY_MISMATCH);
        assert_int_equal(map.n_filled, 2);
        assert_int_equal(map.n_layers, layers);
        assert_int_equal(map.of_layer == NULL, layers != 2);
    }
}

static void no_layers_at_all(void **state)
{
    (void)state;
    CONFIG("-ENV A=b");
    pl_history_align(&doc, 0, &arena, &map);
    assert_int_equal(map.fit, PL_HISTORY_ALIGNED);
    assert_int_equal(map.layer_of[0], PL_NO_INDEX);
}

/* ------------------------------------------------------------------ RUN |N */

static void run_is(const char *text, const char *command, size_t n, const char *const *args)
{
    struct pl_history_run r;
    if (!pl_history_run(pl_str_c(text), &arena, &r))
        fail_msg("%s", text);
    assert_true(pl_str_is(r.command, command));
    assert_int_equal(r.n_args, n);
    for (size_t i = 0; i < n; i++)
        assert_true(pl_str_is(r.args[i], args[i]));
}

static void build_arguments_are_split_off(void **state)
{
    (void)state;
    run_is("RUN |2 A=x B=y /bin/sh -c make # buildkit", "/bin/sh -c make # buildkit", 2,
           (const char *const[]){ "A=x", "B=y" });
    run_is("|1 TOKEN=t /bin/sh -c x", "/bin/sh -c x", 1, (const char *const[]){ "TOKEN=t" });
    run_is("RUN |0 /bin/sh -c x", "/bin/sh -c x", 0, NULL);
    run_is("RUN |2 A= B_2=a=b /bin/sh", "/bin/sh", 2, (const char *const[]){ "A=", "B_2=a=b" });
}

static void values_with_blanks_stay_whole(void **state)
{
    (void)state;
    run_is("RUN |2 MSG=hello big world N=1 2 3 /bin/bash -c x", "/bin/bash -c x", 2,
           (const char *const[]){ "MSG=hello big world", "N=1 2 3" });
    run_is("RUN |1 A=no shell", "", 1, (const char *const[]){ "A=no shell" });
    run_is("RUN |1 A=", "", 1, (const char *const[]){ "A=" });
}

static void other_texts_are_not_split(void **state)
{
    (void)state;
    static const char *const texts[] = { "",
                                         "RUN",
                                         "RUN /bin/sh -c x",
                                         "RUN |",
                                         "RUN |x A=b",
                                         "|2",
                                         "|2 A=b",
                                         "|-1 A=b",
                                         "|3 A=b /bin/sh",
                                         "|99999999999 A=b",
                                         "|1 =b /x",
                                         "|1 1=b",
                                         "COPY |1 A=b /x",
                                         "|18446744073709551615 A=b /x" };
    struct pl_history_run r;
    for (size_t i = 0; i < PL_COUNT(texts); i++)
        if (pl_history_run(pl_str_c(texts[i]), &arena, &r))
            fail_msg("%s", texts[i]);
}

/* ------------------------------------------------------------------ who set it */

static bool setter(const struct pl_doc *d, enum pl_history_what what, const char *name,
                   const char *value, uint32_t *entry, uint32_t *layer)
{
    struct pl_history_map map;
    size_t layers = 0;
    for (size_t i = 0; i < d->n_history; i++)
        layers += !d->history[i].empty_layer;
    pl_history_align(d, layers, &arena, &map);
    return pl_history_setter(d, &map, what, pl_str_c(name), pl_str_c(value), entry, layer);
}

static void every_builders_form_is_known(void **state)
{
    (void)state;
    static const char *const forms[] = {
        "ENV TOKEN=abc",
        "/bin/sh -c #(nop)  ENV TOKEN=abc",
        "/bin/sh -c #(nop) ENV TOKEN=abc",
        "ENV A=1 TOKEN=abc B=2",
        "ENV \"TOKEN\"=\"abc\"",
        "ENV TOKEN='abc' ",
    };
    uint32_t entry, layer;
    for (size_t i = 0; i < PL_COUNT(forms); i++) {
        char text[100];
        snprintf(text, sizeof text, "-%s", forms[i]);
        const char *const all[] = { "ADD", text, "RUN x" };
        struct pl_doc d = config_of(all, 3);
        entry = 9;
        if (!setter(&d, PL_HISTORY_ENV, "TOKEN", "abc", &entry, &layer))
            fail_msg("%s", forms[i]);
        assert_int_equal(entry, 1);
        assert_int_equal(layer, PL_NO_INDEX);
        assert_false(setter(&d, PL_HISTORY_LABEL, "TOKEN", "abc", &entry, &layer));
    }
}

static void labels_have_dots_and_quotes(void **state)
{
    (void)state;
    CONFIG("-LABEL com.example.key=\"a b\" other=c", "-ENV other=c");
    uint32_t entry = 9, layer;
    (void)map;
    assert_true(setter(&doc, PL_HISTORY_LABEL, "com.example.key", "a b", &entry, &layer));
    assert_int_equal(entry, 0);
    assert_true(setter(&doc, PL_HISTORY_LABEL, "other", "c", &entry, &layer));
    assert_int_equal(entry, 0);
    assert_false(setter(&doc, PL_HISTORY_LABEL, "example.key", "a b", &entry, &layer));
}

static void the_last_entry_counts(void **state)
{
    (void)state;
    CONFIG("-ENV A=1", "RUN x", "-ENV A=2", "-ENV B=1");
    uint32_t entry = 9, layer;
    (void)map;
    assert_true(setter(&doc, PL_HISTORY_ENV, "A", "2", &entry, &layer));
    assert_int_equal(entry, 2);
    /* the history says 2 was last; whoever made it 1 again left no entry */
    assert_false(setter(&doc, PL_HISTORY_ENV, "A", "1", &entry, &layer));
}

static void an_entry_with_a_layer_gives_the_layer(void **state)
{
    (void)state;
    CONFIG("ADD", "ENV A=1");
    uint32_t entry = 9, layer = 9;
    pl_history_align(&doc, 2, &arena, &map);
    assert_true(
        pl_history_setter(&doc, &map, PL_HISTORY_ENV, PL_S("A"), PL_S("1"), &entry, &layer));
    assert_int_equal(entry, 1);
    assert_int_equal(layer, 1);
    pl_history_align(&doc, 7, &arena, &map);
    assert_true(
        pl_history_setter(&doc, &map, PL_HISTORY_ENV, PL_S("A"), PL_S("1"), &entry, &layer));
    assert_int_equal(layer, PL_NO_INDEX);
}

static void names_within_values_do_not_mislead(void **state)
{
    (void)state;
    CONFIG("-ENV MSG=use TOKEN=x here TOKEN=abc XTOKEN=q", "-ENV TOKEN", "-ENV TOKENS=zzz",
           "-RUN TOKEN=abc", "-ENVIRON TOKEN=abc");
    uint32_t entry = 9, layer;
    (void)map;
    assert_true(setter(&doc, PL_HISTORY_ENV, "TOKEN", "abc", &entry, &layer));
    assert_int_equal(entry, 0);
    assert_false(setter(&doc, PL_HISTORY_ENV, "TOKEN", "abcd", &entry, &layer));
    assert_false(setter(&doc, PL_HISTORY_ENV, "TOKEN", "ab", &entry, &layer));
    assert_false(setter(&doc, PL_HISTORY_ENV, "", "abc", &entry, &layer));
    assert_false(setter(&doc, PL_HISTORY_ENV, "NEVER", "", &entry, &layer));
}

static void quotes_within_a_value_are_looked_through(void **state)
{
    (void)state;
    CONFIG("-ENV Q={\\\"k\\\": 1}", "-ENV E=");
    uint32_t entry = 9, layer;
    (void)map;
    assert_true(setter(&doc, PL_HISTORY_ENV, "Q", "{\"k\": 1}", &entry, &layer));
    assert_true(setter(&doc, PL_HISTORY_ENV, "E", "", &entry, &layer));
    assert_int_equal(entry, 1);
}

#define T(f) cmocka_unit_test_teardown(f, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        T(entries_with_a_layer_take_layers_in_order),
        T(no_history_attributes_nothing),
        T(other_counts_are_never_guessed),
        T(no_layers_at_all),
        T(build_arguments_are_split_off),
        T(values_with_blanks_stay_whole),
        T(other_texts_are_not_split),
        T(every_builders_form_is_known),
        T(labels_have_dots_and_quotes),
        T(the_last_entry_counts),
        T(an_entry_with_a_layer_gives_the_layer),
        T(names_within_values_do_not_mislead),
        T(quotes_within_a_value_are_looked_through),
    };
    return cmocka_run_group_tests_name("history", tests, NULL, NULL);
}
