/* The RE2 shim: C types out, no exception passes, never "no match" for want of memory (RE2 itself
 * falls back from DFA to NFA). The only file that includes RE2. */
/* SPDX-License-Identifier: Apache-2.0 */
#include <re2/re2.h>

#include <cstdlib>
#include <new>
#include <string>
#include <vector>

#define _Noreturn [[noreturn]] /* the C headers below */
#include "fmt/regex.h"

struct pl_regex {
    RE2 *re;
    unsigned groups;
};

namespace
{

/* The packaged RE2 knows (?P<name> only. A backslash and a character class protect what follows. */
std::string rewrite_names(struct pl_str s)
{
    std::string out;
    bool in_class = false;
    for (size_t i = 0; i < s.n; i++) {
        char c = s.p[i];
        out.push_back(c);
        if (c == '\\' && i + 1 < s.n) {
            out.push_back(s.p[++i]);
        } else if (in_class) {
            in_class = c != ']';
        } else if (c == '[') {
            in_class = true;
            if (i + 1 < s.n && s.p[i + 1] == '^')
                out.push_back(s.p[++i]);
            if (i + 1 < s.n && s.p[i + 1] == ']')
                out.push_back(s.p[++i]);
        } else if (c == '(' && i + 3 < s.n && s.p[i + 1] == '?' && s.p[i + 2] == '<' &&
                   s.p[i + 3] != '=' && s.p[i + 3] != '!') {
            out.append("?P<");
            i += 2;
        }
    }
    return out;
}

RE2::Options options(unsigned flags)
{
    RE2::Options o;
    o.set_encoding(flags & PL_REGEX_UTF8 ? RE2::Options::EncodingUTF8
                                         : RE2::Options::EncodingLatin1);
    o.set_log_errors(false);
    o.set_max_mem(flags & PL_REGEX_LARGE ? 32 << 20 : 1 << 20);
    o.set_case_sensitive(!(flags & PL_REGEX_NOCASE));
    return o;
}

} // namespace

extern "C" int pl_regex_new(struct pl_str pattern, unsigned flags, struct pl_regex **ret,
                            struct pl_err *err)
{
    try {
        RE2 *re = new RE2(rewrite_names(pattern), options(flags));
        if (!re->ok()) {
            int r = pl_fail(err, PL_E_FORMAT, "regex: %.200s", re->error().c_str());
            delete re;
            return r;
        }
        int groups = re->NumberOfCapturingGroups();
        *ret = new pl_regex{ re, groups < 0 ? 0u : (unsigned)groups };
        return 0;
    } catch (const std::bad_alloc &) {
        return pl_fail(err, PL_E_NOMEM, "out of memory");
    } catch (...) {
        return pl_fail(err, PL_E_FORMAT, "regex: cannot be compiled");
    }
}

extern "C" void pl_regex_free(struct pl_regex *re)
{
    if (!re)
        return;
    delete re->re;
    delete re;
}

extern "C" unsigned pl_regex_groups(const struct pl_regex *re)
{
    return re->groups;
}

extern "C" size_t pl_regex_size(const struct pl_regex *re)
{
    int n = re->re->ProgramSize();
    return n < 0 ? 0 : (size_t)n;
}

extern "C" unsigned pl_regex_group_named(const struct pl_regex *re, struct pl_str name)
{
    try {
        const auto &names = re->re->NamedCapturingGroups();
        auto it = names.find(std::string(name.p, name.n));
        return it == names.end() ? 0u : (unsigned)it->second;
    } catch (...) {
        pl_oom();
    }
}

extern "C" bool pl_regex_search(const struct pl_regex *re, const void *p, size_t n, size_t from,
                                size_t to, bool anchored, struct pl_regex_group *g,
                                unsigned n_groups)
{
    if (from > to || to > n)
        return false;
    const char *text = n ? static_cast<const char *>(p) : "";
    re2::StringPiece few[PL_REGEX_GROUPS], *sub = few;
    std::vector<re2::StringPiece> many;
    unsigned ask = n_groups < re->groups + 1 ? n_groups : re->groups + 1;
    try {
        if (ask > PL_REGEX_GROUPS) {
            many.resize(ask);
            sub = many.data();
        }
        if (!re->re->Match(re2::StringPiece(text, n), from, to,
                           anchored ? RE2::ANCHOR_START : RE2::UNANCHORED, sub, (int)ask))
            return false;
    } catch (...) {
        pl_oom();
    }
    for (unsigned i = 0; i < n_groups; i++) {
        g[i] = pl_regex_group{ 0, 0, false };
        if (i < ask && sub[i].data())
            g[i] = pl_regex_group{ (size_t)(sub[i].data() - text), sub[i].size(), true };
    }
    return true;
}

extern "C" bool pl_regex_test(const struct pl_regex *re, struct pl_str s)
{
    return pl_regex_search(re, s.p, s.n, 0, s.n, false, nullptr, 0);
}
