/* Package managers of distributions: apt, apk, yum, dnf, zypper. formats/dockerfile.md 3 and 6. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "base/cleanup.h"
#include "check/check.h"

static bool any_flag(const struct pl_sh_node *c, const char *names)
{
    struct pl_str rest = pl_str_c(names), w;
    char name[32];
    while (pl_str_split(&rest, ' ', &w)) {
        if (w.n >= sizeof name)
            continue;
        memcpy(name, w.p, w.n);
        name[w.n] = 0;
        if (pl_sh_flag(c, name))
            return true;
    }
    return false;
}

static struct pl_lint_hit *tell(const struct pl_run_text *r, const char *code,
                                const struct pl_sh_node *c)
{
    return pl_lint_at_word(r->l, code, r->in, c->word[0].off, c->word[0].end);
}

/* The repair that puts `text` behind the first of `verbs` of the command. */
static void behind_verb(const struct pl_run_text *r, struct pl_lint_hit *h, enum pl_fix_class fix,
                        const struct pl_sh_node *c, const char *verbs, const char *text)
{
    for (size_t i = 1; i < c->n_word && !h->n_edits; i++)
        if (pl_lint_word_in(c->word[i].simple, verbs))
            pl_lint_edit_sh(r->l, h, fix, r->in, c->word[i].end, c->word[i].end, pl_str_c(text));
}

/* The repair that puts `text` at the end of the whole shell text, when that is a plain chain. */
static void at_the_end(const struct pl_run_text *r, struct pl_lint_hit *h, const char *text)
{
    const struct pl_sh_node *root = r->in->sh->script.root;
    uint32_t end = (uint32_t)r->in->sh->text.s.n;
    if (h->n_edits || r->in->sh->heredoc || r->in->n->n_heredocs || !root->n_kid || !end)
        return;
    for (size_t i = 0; i + 1 < root->n_kid; i++)
        if (root->join[i] != '&' && root->join[i] != ';')
            return;
    if (root->end != end || root->join[root->n_kid - 1] != ';' ||
        r->in->sh->text.s.p[end - 1] == ';' || pl_lint_has(r->in->sh->text.s, " #"))
        return;
    pl_lint_edit_sh(r->l, h, PL_FIX_SAFE, r->in, end, end, pl_str_c(text));
}

static void tell_word(const struct pl_run_text *r, const char *code, const struct pl_sh_word *w)
{
    pl_lint_at_word(r->l, code, r->in, w->off, w->end);
}

/* Calls `bad` for each package: an argument that is no flag, none of `verbs`, and not the value of
 * one of the flags in `valued`. Returns the first one for which `bad` is true. */
typedef bool bad_fn(const struct pl_run_text *r, struct pl_str package);

static const struct pl_sh_word *bad_package(const struct pl_run_text *r, const struct pl_sh_node *c,
                                            const char *verbs, const char *valued, bad_fn *bad)
{
    for (size_t i = 1; i < c->n_word; i++) {
        struct pl_str s = c->word[i].simple;
        if (pl_sh_is_flag(&c->word[i])) {
            struct pl_str name = pl_str_sub(s, s.p[1] == '-' ? 2 : 1, SIZE_MAX);
            if (pl_lint_word_in(name, valued))
                i++;
            continue;
        }
        if (pl_lint_word_in(s, verbs) || pl_str_is(s, "--"))
            continue;
        if (bad(r, s))
            return &c->word[i];
    }
    return NULL;
}

/* --- apt --- */

static bool apt_open(const struct pl_run_text *r, struct pl_str s)
{
    (void)r;
    return !(s.n && (memchr(s.p, '=', s.n) || memchr(s.p, '/', s.n))) &&
           !pl_str_ends(s, PL_S(".deb"));
}

static bool apt_yes(const struct pl_sh_node *c)
{
    return any_flag(c, "y yes qq assume-yes") || pl_sh_flag_count(c, "q") > 1 ||
           pl_sh_flag_count(c, "quiet") > 1 || pl_sh_has_arg(c, "-q=2");
}

static bool apt_recommends_off(const struct pl_sh_node *c)
{
    return pl_sh_flag(c, "no-install-recommends") ||
           pl_lint_any_arg(c, "APT::Install-Recommends=false APT::Install-Recommends=0");
}

static void apt(const struct pl_run_text *r)
{
    bool open = false, asks = false, recommends = false;
    for (size_t i = 0; i < r->n; i++) {
        const struct pl_sh_node *c = r->cmd[i];
        if (!pl_lint_is(c, "apt-get") || !pl_lint_any_arg(c, "install"))
            continue;
        const struct pl_sh_word *w = bad_package(r, c, "install", "t target-release", apt_open);
        if (w && !open)
            tell_word(r, "DL3008", w);
        open |= w != NULL;
        if (!asks && !apt_yes(c)) {
            tell(r, "DL3014", c);
            behind_verb(r, tell(r, "DS-0021", c), PL_FIX_SAFE, c, "install", " -y");
            asks = true;
        }
        bool off = apt_recommends_off(c);
        if (!off && !recommends)
            tell(r, "DL3015", c);
        if (!pl_sh_flag(c, "no-install-recommends") && !recommends)
            behind_verb(r, tell(r, "DS-0029", c), PL_FIX_SUGGESTED, c, "install",
                        " --no-install-recommends");
        recommends |= !off;
    }
}

/* Is stage `s` the last, or does a later FROM start from it by name? */
static bool shipped(const struct pl_lint *l, size_t s)
{
    if (s == SIZE_MAX || s + 1 == l->p->n_stages)
        return true;
    for (size_t k = s + 1; k < l->p->n_stages; k++)
        if (pl_lint_parent(l, k) == s)
            return true;
    return false;
}

static void apt_lists(const struct pl_run_text *r)
{
    const struct pl_sh_node *update = NULL;
    for (size_t i = 0; i < r->n; i++) {
        const struct pl_sh_node *c = r->cmd[i];
        if (pl_lint_is(c, "apt apt-get aptitude") && pl_lint_any_arg(c, "update") && !update)
            update = c;
        if (pl_lint_is(c, "rm") && pl_lint_any_arg(c, "-rf /var/lib/apt/lists/*"))
            return;
    }
    if (!update || pl_lint_cache_mount(r->l, r->in, "/var/lib/apt/lists"))
        return;
    if (pl_lint_cache_mount(r->l, r->in, "/var/lib/apt") &&
        pl_lint_cache_mount(r->l, r->in, "/var/cache/apt"))
        return;
    if (r->in->onbuild || shipped(r->l, r->in->stage)) {
        tell(r, "DL3009", update);
        bool used = false; /* by a later RUN that does not update */
        for (size_t k = r->in->index + 1; k < r->l->n; k++)
            used |= r->l->in[k].sh && (pl_lint_has(r->l->in[k].sh->text.s, "apt") ||
                                       pl_lint_has(r->l->in[k].sh->text.s, "dpkg"));
        struct pl_lint_hit *h = tell(r, "DKL-DI-0005", update);
        if (!used)
            at_the_end(r, h, " && rm -rf /var/lib/apt/lists/*");
    }
}

static void apt_upgrade(const struct pl_run_text *r)
{
    for (size_t i = 0; i < r->n; i++) {
        const struct pl_sh_node *c = r->cmd[i];
        if (pl_lint_is(c, "apt-get apt") && pl_lint_any_arg(c, "dist-upgrade full-upgrade")) {
            tell(r, "DS-0024", c);
            tell(r, "DKL-DI-0003", c);
            return;
        }
    }
}

/* --- apk --- */

static bool apk_open(const struct pl_run_text *r, struct pl_str s)
{
    (void)r;
    for (size_t i = 0; i < s.n; i++)
        if (strchr("=~<>", s.p[i]))
            return false;
    return !pl_str_ends(s, PL_S(".apk"));
}

static void apk(const struct pl_run_text *r)
{
    bool open = false, cache = false;
    for (size_t i = 0; i < r->n; i++) {
        const struct pl_sh_node *c = r->cmd[i];
        if (!pl_lint_is(c, "apk") || !pl_lint_any_arg(c, "add"))
            continue;
        const struct pl_sh_word *w = bad_package(r, c, "add", "t virtual repository X", apk_open);
        if (w && !open)
            tell_word(r, "DL3018", w);
        open |= w != NULL;
        if (cache || pl_sh_flag(c, "no-cache"))
            continue;
        if (!pl_lint_cache_mount(r->l, r->in, "/var/cache/apk"))
            tell(r, "DL3019", c);
        tell(r, "DS-0025", c);
        behind_verb(r, tell(r, "DKL-DI-0004", c), PL_FIX_SAFE, c, "add", " --no-cache");
        cache = true;
    }
}

/* --- rpm family --- */

static bool set_in_stage(const struct pl_run_text *r, struct pl_str name)
{
    size_t stage = r->in->stage, end = r->in->index;
    for (size_t k = 0; k < r->in->index; k++) {
        const struct pl_df_node *n = r->l->in[k].n;
        if (!pl_lint_work(r->l, 1 + n->n_args))
            return true;
        for (size_t i = 0; i < n->n_args && n->cmd == PL_DF_ARG; i++) {
            struct pl_str v = n->args[i].s, key;
            pl_str_split(&v, '=', &key);
            if (pl_str_eq(key, name))
                return true;
        }
    }
    for (unsigned depth = 0; depth < 1000; depth++) {
        size_t first = stage == SIZE_MAX ? 0 : pl_lint_from(r->l, stage);
        for (size_t k = first; k < end; k++) {
            const struct pl_df_node *n = r->l->in[k].n;
            if (!pl_lint_work(r->l, 1 + n->n_args))
                return true;
            for (size_t i = 0; i < n->n_args && n->cmd == PL_DF_ENV; i += 3)
                if (pl_str_eq(n->args[i].s, name))
                    return true;
        }
        if (stage == SIZE_MAX || (stage = pl_lint_parent(r->l, stage)) == SIZE_MAX)
            return false;
        end = r->l->p->stages[stage].end;
    }
    return false;
}

static bool name_char(char c)
{
    return (unsigned)((c | 0x20) - 'a') < 26 || (unsigned)(c - '0') < 10 || c == '_';
}

/* A text with a variable that the file sets. */
static bool known_variable(const struct pl_run_text *r, struct pl_str s)
{
    for (size_t i = 0; i + 1 < s.n; i++) {
        if (s.p[i] != '$')
            continue;
        size_t from = i + 1 + (s.p[i + 1] == '{'), k = from;
        while (k < s.n && name_char(s.p[k]))
            k++;
        if (k > from && set_in_stage(r, pl_str_sub(s, from, k - from)))
            return true;
    }
    return false;
}

static bool rpm_version(struct pl_str s)
{
    struct pl_str rest = s, part;
    bool found = false;
    pl_str_split(&rest, '-', &part);
    while (pl_str_split(&rest, '-', &part)) {
        if (!found && part.n && (unsigned)(part.p[0] - '0') < 10)
            found = true;
        for (size_t i = 0; i < part.n && found; i++)
            if (!name_char(part.p[i]) && !strchr(".~^+:", part.p[i]))
                return false;
    }
    return found;
}

static bool rpm_open(const struct pl_run_text *r, struct pl_str s)
{
    if (s.n && memchr(s.p, '$', s.n))
        return !known_variable(r, s);
    if (pl_str_ends(s, PL_S(".rpm")) && memchr(s.p, '-', s.n))
        return false;
    return !rpm_version(s);
}

static bool module_open(const struct pl_run_text *r, struct pl_str s)
{
    (void)r;
    return !(s.n && memchr(s.p, ':', s.n));
}

static const struct pl_sh_word *open_rpm(const struct pl_run_text *r, const struct pl_sh_node *c)
{
    struct pl_sh_node copy = *c;
    if (pl_lint_any_arg(c, "module"))
        return bad_package(r, c, "module install", "", module_open);
    /* variables are looked at by name here, so the text counts */
    copy.word = pl_alloc_n(r->l->a, c->n_word + 1, sizeof *copy.word);
    for (size_t i = 0; i < c->n_word; i++) {
        copy.word[i] = c->word[i];
        copy.word[i].simple = c->word[i].text;
    }
    const struct pl_sh_word *w = bad_package(r, &copy, "install", "", rpm_open);
    return w;
}

/* Is `c` followed by a command that cleans? Positions count, not nesting. */
typedef bool cleans_fn(const struct pl_sh_node *c, const struct pl_sh_node *first);

static bool cleaned_later(const struct pl_run_text *r, size_t i, cleans_fn *cleans)
{
    for (size_t k = i + 1; k < r->n && pl_lint_work(r->l, 1); k++)
        if (cleans(r->cmd[k], r->cmd[i]))
            return true;
    return false;
}

/* What satisfies the codes: one of the words is enough, `rm -rf` of anything included. */
static bool yum_cleans(const struct pl_sh_node *c, const struct pl_sh_node *first)
{
    (void)first;
    return (pl_lint_is(c, "yum") && pl_lint_any_arg(c, "clean all")) ||
           (pl_lint_is(c, "rm") && pl_lint_any_arg(c, "-rf /var/cache/yum/*"));
}

static bool dnf_cleans(const struct pl_sh_node *c, const struct pl_sh_node *first)
{
    return (pl_str_eq(pl_sh_name(c), pl_sh_name(first)) && pl_lint_any_arg(c, "clean all")) ||
           (pl_lint_is(c, "rm") && pl_lint_any_arg(c, "-rf /var/cache/libdnf5*"));
}

/* What cleans in fact. */
static bool rpm_cleans(const struct pl_sh_node *c, const struct pl_sh_node *first)
{
    bool rm = pl_lint_is(c, "rm"), cache = false;
    for (size_t i = 1; i < c->n_word && rm; i++) {
        struct pl_str s = c->word[i].simple;
        cache |= pl_str_starts(s, PL_S("/var/cache/libdnf5")) || pl_str_is(s, "/var/cache/*") ||
                 pl_str_starts(s, PL_S("/var/cache/yum")) ||
                 pl_str_starts(s, PL_S("/var/cache/dnf"));
    }
    return cache || (pl_str_eq(pl_sh_name(c), pl_sh_name(first)) && pl_lint_any_arg(c, "clean"));
}

/* The cache of an install: told under the code, or natively when only the code is content. */
static bool cache_left(const struct pl_run_text *r, size_t i, cleans_fn *cleans, const char *code,
                       enum pl_rule_id rule, const char *clean)
{
    const struct pl_sh_node *c = r->cmd[i];
    bool loose = cleaned_later(r, i, cleans);
    if (loose && (cleaned_later(r, i, rpm_cleans) || r->in->extra))
        return false;
    struct pl_lint_hit *h =
        loose ? pl_lint_rule(r->l, rule, r->in->index, pl_df_src(&r->in->sh->text, c->word[0].off),
                             pl_df_src(&r->in->sh->text, c->word[0].end - 1) + 1)
              : tell(r, code, c);
    at_the_end(r, h, clean);
    return true;
}

static bool zypper_cleans(const struct pl_sh_node *c, const struct pl_sh_node *first)
{
    (void)first;
    return pl_lint_is(c, "zypper") && pl_lint_any_arg(c, "clean cc");
}

static void yum(const struct pl_run_text *r)
{
    bool asks = false, cache = false, open = false;
    for (size_t i = 0; i < r->n; i++) {
        const struct pl_sh_node *c = r->cmd[i];
        if (!pl_lint_is(c, "yum"))
            continue;
        if (!asks && pl_lint_any_arg(c, "install groupinstall localinstall") &&
            !any_flag(c, "y assumeyes")) {
            behind_verb(r, tell(r, "DL3030", c), PL_FIX_SAFE, c,
                        "install groupinstall localinstall", " -y");
            asks = true;
        }
        if (!pl_lint_any_arg(c, "install"))
            continue;
        if (!cache)
            cache = cache_left(r, i, yum_cleans, "DL3032", PL_RULE_D511, " && yum clean all");
        const struct pl_sh_word *w = open_rpm(r, c);
        if (w && !open) {
            tell_word(r, "DL3033", w);
            open = true;
        }
    }
}

static void dnf(const struct pl_run_text *r)
{
    bool asks = false, cache = false, open = false;
    bool mount = pl_lint_cache_mount(r->l, r->in, ".cache/libdnf5") ||
                 pl_lint_cache_mount(r->l, r->in, "/var/cache/libdnf5");
    for (size_t i = 0; i < r->n; i++) {
        const struct pl_sh_node *c = r->cmd[i];
        if (!pl_lint_is(c, "dnf microdnf"))
            continue;
        if (!asks && pl_lint_any_arg(c, "install groupinstall localinstall") &&
            !any_flag(c, "y assumeyes")) {
            behind_verb(r, tell(r, "DL3038", c), PL_FIX_SAFE, c,
                        "install groupinstall localinstall", " -y");
            asks = true;
        }
        if (!cache && !mount &&
            pl_lint_any_arg(c, "install in upgrade up upgrade-minimal up-min reinstall rei"))
            cache =
                cache_left(r, i, dnf_cleans, "DL3040", PL_RULE_D517,
                           pl_lint_is(c, "dnf") ? " && dnf clean all" : " && microdnf clean all");
        if (!pl_lint_any_arg(c, "install") || pl_lint_any_arg(c, "group"))
            continue;
        const struct pl_sh_word *w = open_rpm(r, c);
        if (w && !open) {
            tell_word(r, "DL3041", w);
            open = true;
        }
    }
}

static bool zypper_open(const struct pl_run_text *r, struct pl_str s)
{
    (void)r;
    for (size_t i = 0; i < s.n; i++)
        if (strchr("=<>", s.p[i]))
            return false;
    return !pl_str_ends(s, PL_S(".rpm"));
}

static void zypper(const struct pl_run_text *r)
{
    bool asks = false, cache = false, open = false, up = false;
    for (size_t i = 0; i < r->n; i++) {
        const struct pl_sh_node *c = r->cmd[i];
        if (!pl_lint_is(c, "zypper"))
            continue;
        if (!asks && pl_lint_any_arg(c, "install in remove rm source-install si patch") &&
            !any_flag(c, "n non-interactive y no-confirm")) {
            behind_verb(r, tell(r, "DL3034", c), PL_FIX_SAFE, c,
                        "install in remove rm source-install si patch", " -y");
            asks = true;
        }
        if (!up && pl_lint_any_arg(c, "dist-upgrade dup")) {
            tell(r, "DL3035", c);
            up = true;
        }
        if (!pl_lint_any_arg(c, "install in"))
            continue;
        if (!cache && !pl_lint_cache_mount(r->l, r->in, "/var/cache/zypp") &&
            !cleaned_later(r, i, zypper_cleans)) {
            at_the_end(r, tell(r, "DL3036", c), " && zypper clean");
            cache = true;
        }
        const struct pl_sh_word *w = bad_package(r, c, "install in", "", zypper_open);
        if (w && !open) {
            tell_word(r, "DL3037", w);
            open = true;
        }
    }
}

/* --- trivy, checkov --- */

static bool trivy_cleans(const struct pl_sh_node *c, const struct pl_sh_node *first)
{
    if (!pl_str_eq(pl_sh_name(c), pl_sh_name(first)))
        return false;
    return pl_lint_any_arg(c, "clean cc") && (pl_lint_is(c, "zypper") || pl_lint_any_arg(c, "all"));
}

static void trivy_clean(const struct pl_run_text *r)
{
    static const struct {
        const char *name, *verbs, *code;
    } pm[] = { { "yum", "install", "DS-0015" },
               { "dnf", "install", "DS-0019" },
               { "microdnf", "install", "DS-0027" },
               { "zypper", "install in remove rm source-install si patch", "DS-0020" } };
    for (size_t p = 0; p < PL_COUNT(pm); p++)
        for (size_t i = 0; i < r->n; i++)
            if (pl_lint_is(r->cmd[i], pm[p].name) && pl_lint_any_arg(r->cmd[i], pm[p].verbs) &&
                !cleaned_later(r, i, trivy_cleans)) {
                tell(r, pm[p].code, r->cmd[i]);
                break;
            }
}

/* An update of lists without an install or upgrade in the same RUN. */
static void update_alone(const struct pl_run_text *r)
{
    const struct pl_sh_node *update = NULL;
    bool installs = false, rm = false;
    for (size_t i = 0; i < r->n; i++) {
        const struct pl_sh_node *c = r->cmd[i];
        if (pl_lint_is(c, "sudo") && c->n_word > 1)
            continue;
        if (!pl_lint_is(c, "apt-get apt apk yum dnf zypper"))
            continue;
        bool inst =
            pl_lint_any_arg(c, "install add upgrade dist-upgrade in groupinstall localinstall "
                               "reinstall") ||
            (pl_lint_is(c, "zypper") && pl_lint_any_arg(c, "dup dist-upgrade"));
        installs |= inst;
        if (!update && !inst &&
            (pl_lint_any_arg(c, "update") ||
             (pl_lint_is(c, "zypper") && pl_lint_any_arg(c, "up refresh ref"))))
            update = c;
    }
    (void)rm;
    if (update && !installs) {
        tell(r, "DS-0017", update);
        tell(r, "CKV_DOCKER_5", update);
        tell(r, "CIS-DI-0007", update);
    }
}

static void run(struct pl_lint *l)
{
    for (size_t i = 0; i < l->n; i++) {
        const struct pl_lint_in *in = &l->in[i];
        if (!in->sh || in->sh->script.error.msg || !in->sh->posix)
            continue;
        struct pl_run_text r = { l, in, in->sh->script.cmds, in->sh->script.n_cmds };
        apt(&r);
        apt_lists(&r);
        apt_upgrade(&r);
        apk(&r);
        yum(&r);
        dnf(&r);
        zypper(&r);
        trivy_clean(&r);
        update_alone(&r);
    }
}

const struct pl_check pl_check_package = { "package", run };
