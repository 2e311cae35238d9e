/* The toml++ shim: C types out, no exception passes. The only file that includes toml++. */
/* SPDX-License-Identifier: Apache-2.0 */
#include <sstream>
#include <string>
#include <string_view>

#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wundef"
#pragma GCC diagnostic ignored "-Wshadow"
#pragma GCC diagnostic ignored "-Wconversion"
#include <toml++/toml.h>
#pragma GCC diagnostic pop

#define _Noreturn [[noreturn]] /* the C headers below */
#include "fmt/toml.h"

/* A struct pl_toml is a toml::node; the root is a toml::table. */

static const toml::node *node(const struct pl_toml *t)
{
    return reinterpret_cast<const toml::node *>(t);
}

static const struct pl_toml *handle(const toml::node *n)
{
    return reinterpret_cast<const struct pl_toml *>(n);
}

static const toml::table *table(const struct pl_toml *t)
{
    return t ? node(t)->as_table() : nullptr;
}

static const toml::array *array(const struct pl_toml *t)
{
    return t ? node(t)->as_array() : nullptr;
}

extern "C" int pl_toml_parse(struct pl_str text, const char *name, struct pl_toml **ret,
                             struct pl_err *err)
{
    try {
        toml::table doc = toml::parse(std::string_view(text.n ? text.p : "", text.n));
        toml::node *root = new toml::table(std::move(doc));
        *ret = reinterpret_cast<struct pl_toml *>(root);
        return 0;
    } catch (const toml::parse_error &e) {
        std::string_view why = e.description();
        return pl_fail(err, PL_E_FORMAT, "%s:%u:%u: %.*s", name, (unsigned)e.source().begin.line,
                       (unsigned)e.source().begin.column,
                       (int)(why.size() < 300 ? why.size() : 300), why.data());
    } catch (const std::bad_alloc &) {
        return pl_fail(err, PL_E_NOMEM, "out of memory");
    } catch (...) {
        return pl_fail(err, PL_E_FORMAT, "%s: cannot be read", name);
    }
}

extern "C" void pl_toml_free(struct pl_toml *root)
{
    delete reinterpret_cast<toml::node *>(root);
}

extern "C" enum pl_toml_type pl_toml_type(const struct pl_toml *t)
{
    if (!t)
        return PL_TOML_NONE;
    switch (node(t)->type()) {
    case toml::node_type::table:
        return PL_TOML_TABLE;
    case toml::node_type::array:
        return PL_TOML_ARRAY;
    case toml::node_type::string:
        return PL_TOML_STRING;
    case toml::node_type::integer:
        return PL_TOML_INT;
    case toml::node_type::floating_point:
        return PL_TOML_FLOAT;
    case toml::node_type::boolean:
        return PL_TOML_BOOL;
    case toml::node_type::date:
    case toml::node_type::time:
    case toml::node_type::date_time:
        return PL_TOML_TIME;
    case toml::node_type::none:
        break;
    }
    return PL_TOML_NONE;
}

extern "C" const char *pl_toml_type_name(enum pl_toml_type t)
{
    static const char *const names[] = { "nothing",    "a table",  "an array",      "a string",
                                         "an integer", "a number", "a truth value", "a date" };
    return (unsigned)t < sizeof names / sizeof *names ? names[t] : "nothing";
}

extern "C" unsigned pl_toml_line(const struct pl_toml *t)
{
    return t ? (unsigned)node(t)->source().begin.line : 0;
}

extern "C" const struct pl_toml *pl_toml_get(const struct pl_toml *t, const char *key)
{
    const toml::table *tab = table(t);
    return tab ? handle(tab->get(key)) : nullptr;
}

extern "C" size_t pl_toml_len(const struct pl_toml *t)
{
    if (const toml::table *tab = table(t))
        return tab->size();
    const toml::array *arr = array(t);
    return arr ? arr->size() : 0;
}

extern "C" const struct pl_toml *pl_toml_at(const struct pl_toml *t, size_t i)
{
    const toml::array *arr = array(t);
    return arr ? handle(arr->get(i)) : nullptr;
}

extern "C" struct pl_str pl_toml_str(const struct pl_toml *t)
{
    const auto *s = t ? node(t)->as_string() : nullptr;
    return s ? pl_str{ s->get().data(), s->get().size() } : pl_str{ nullptr, 0 };
}

extern "C" int64_t pl_toml_int(const struct pl_toml *t, int64_t otherwise)
{
    const auto *v = t ? node(t)->as_integer() : nullptr;
    return v ? v->get() : otherwise;
}

extern "C" double pl_toml_float(const struct pl_toml *t, double otherwise)
{
    const auto *v = t ? node(t)->as_floating_point() : nullptr;
    const auto *i = t ? node(t)->as_integer() : nullptr;
    return v ? v->get() : i ? static_cast<double>(i->get()) : otherwise;
}

extern "C" bool pl_toml_bool(const struct pl_toml *t, bool otherwise)
{
    const auto *v = t ? node(t)->as_boolean() : nullptr;
    return v ? v->get() : otherwise;
}

extern "C" struct pl_str pl_toml_time(const struct pl_toml *t, struct pl_arena *a)
{
    if (pl_toml_type(t) != PL_TOML_TIME)
        return pl_str{ nullptr, 0 };
    try {
        std::ostringstream out;
        if (const auto *d = node(t)->as_date())
            out << d->get();
        else if (const auto *m = node(t)->as_time())
            out << m->get();
        else if (const auto *dt = node(t)->as_date_time())
            out << dt->get();
        std::string s = out.str();
        return pl_dup(a, pl_str{ s.data(), s.size() });
    } catch (...) {
        pl_oom();
    }
}

extern "C" int pl_toml_each(const struct pl_toml *t,
                            int (*fn)(void *arg, struct pl_str key, const struct pl_toml *value),
                            void *arg)
{
    const toml::table *tab = table(t);
    if (!tab)
        return 0;
    for (auto it = tab->cbegin(); it != tab->cend(); ++it) {
        std::string_view key = it->first.str();
        int r = fn(arg, pl_str{ key.data(), key.size() }, handle(&it->second));
        if (r != 0)
            return r;
    }
    return 0;
}
