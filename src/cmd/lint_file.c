/* One file of the verb lint: read, mended, judged. formats/dockerfile.md sections 8.4 and 9. */
/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/hash.h"
#include "cmd/lint_deploy.h"
#include "cmd/lint_edits.h"
#include "cmd/lint_run.h"
#include "cmd/lint_script.h"
#include "io/file.h"

#define VALUES_MAX 500u /* values of one file that are remembered */

/* The text of DIR/name into the arena; p == NULL when there is none. */
static struct pl_str read_beside(struct pl_lint_run *r, struct pl_str dir, const char *name)
{
    pl_auto_buf struct pl_buf b = { .max = 1u << 20 };
    struct pl_str path = pl_printf(r->a, "%.*s%s", PL_FMT(dir), name);
    if (access(path.p, R_OK) != 0 || pl_file_read(path.p, &b, NULL) < 0)
        return (struct pl_str){ NULL, 0 };
    return pl_dup(&r->scratch, pl_buf_str(&b));
}

static void find_dockerignore(struct pl_lint_run *r, const char *path)
{
    struct pl_str p = pl_str_c(path), dir = PL_S("");
    for (size_t i = 0; i < p.n; i++)
        if (p.p[i] == '/')
            dir = pl_str_sub(p, 0, i + 1);
    struct pl_str own = { NULL, 0 };
    if (strcmp(path, "-") != 0)
        own = read_beside(r, PL_S(""), pl_printf(r->a, "%s.dockerignore", path).p);
    if (r->o->context)
        dir = pl_printf(r->a, "%s/", r->o->context);
    if (!own.p && (strcmp(path, "-") != 0 || r->o->context))
        own = read_beside(r, dir, ".dockerignore");
    r->dir = dir.n ? dir : PL_S("./");
    r->lo.context = strcmp(path, "-") != 0 || r->o->context ? pl_lint_context : NULL;
    r->lo.has_dockerignore = own.p != NULL;
    r->lo.dockerignore = own;
}

static bool wanted(const struct pl_lint_run *r, const struct pl_lint_hit *h)
{
    for (size_t i = 0; i < r->o->only.n; i++) {
        struct pl_str rest = pl_str_c(r->o->only.p[i]), word;
        while (pl_str_split(&rest, ',', &word))
            if (pl_lint_called(h, word))
                return true;
    }
    return !r->o->only.n;
}

/* Stable over moves of lines: rule, file, instruction, what was found. */
static struct pl_str print_of(struct pl_lint_run *r, const struct pl_lint_result *lr,
                              struct pl_str name, const struct pl_lint_hit *h)
{
    uint8_t digest[32];
    char hex[65];
    struct pl_str text = pl_str_trim(pl_str_sub(lr->file.src, h->off, h->end - h->off));
    struct pl_str line = pl_str_trim(pl_df_line(&lr->file, h->line));
    struct pl_str all =
        pl_printf(&r->scratch, "dockerfile%c%s%c%.*s%c%.*s%c%.*s", 0, pl_lint_rules[h->rule].name,
                  0, PL_FMT(name), 0, PL_FMT(line), 0, PL_FMT(text));
    pl_sha256(all.p, all.n, digest);
    pl_hex(digest, 32, hex);
    return pl_dup(r->a, pl_str_n(hex, 64));
}

/* A place of an edit; behind the last line end it is the line that would come next. */
static void edit_place(const void *arg, uint32_t off, uint32_t *line, uint32_t *col)
{
    const struct pl_df_file *f = arg;
    pl_df_place(f, off, line, col);
    if (off && off == f->src.n && f->src.p[off - 1] == '\n') {
        *line += 1;
        *col = 1;
    }
}

/* A line with a secret is not shown. */
static bool tells_secrets(const struct pl_lint_result *lr, size_t node)
{
    for (size_t i = 0; i < lr->n_hits; i++)
        if (lr->hits[i].node == node &&
            (lr->hits[i].rule == PL_RULE_D201 || lr->hits[i].rule == PL_RULE_D203 ||
             lr->hits[i].rule == PL_RULE_D204))
            return true;
    return false;
}

/* Only a table shows the line at fault. */
static bool shows_source(const struct pl_lint_run *r)
{
    bool table = false;
    for (size_t i = 0; i < r->n_out; i++)
        table |= strcmp(r->out[i].writer->id, "table") == 0;
    return table && r->lo.dialect == PL_DIALECT_ALL;
}

static void give_finding(struct pl_lint_run *r, const struct pl_lint_result *lr, struct pl_str name,
                         const struct pl_lint_hit *h, struct pl_finding *f)
{
    const struct pl_lint_rule *rule = &pl_lint_rules[h->rule];
    *f = (struct pl_finding){ .kind = PL_KIND_DOCKERFILE,
                              .rule = pl_lint_name(r->a, h),
                              .severity = h->severity,
                              .why = pl_str_c(rule->why),
                              .fix = pl_str_c(rule->fix),
                              .span = { PL_NEVER, PL_NEVER, PL_HOW_NONE, true } };
    f->title = h->detail.n ? pl_printf(r->a, "%s: %.*s", rule->title, PL_FMT(h->detail))
                           : pl_str_c(rule->title);
    f->aliases.p = pl_alloc_n(r->a, h->n_codes + 1, sizeof *f->aliases.p);
    for (size_t i = 0; i < h->n_codes; i++)
        f->aliases.p[f->aliases.n++] = pl_str_c(h->codes[i]); /* static */
    f->where = (struct pl_where){ .surface = PL_SURF_FILE, .path = name, .off = h->off };
    pl_df_place(&lr->file, h->off, &f->where.line, &f->where.col);
    pl_df_place(&lr->file, h->end, &f->where.end_line, &f->where.end_col);
    if (r->lo.dialect != PL_DIALECT_ALL) { /* the line that the other linter names */
        f->where.line = h->n_codes ? h->code_line[0] : h->line;
        f->where.col = 1;
        f->where.end_line = f->where.line;
        f->where.end_col = 0;
    }
    if (shows_source(r) && h->node != SIZE_MAX && !tells_secrets(lr, h->node))
        f->source = pl_dup(r->a, pl_str_sub(pl_df_line(&lr->file, f->where.line), 0, 4096));
    f->print = print_of(r, lr, name, h);
    pl_lint_tell_edits(r->a, h->fix_class, h->edits, h->n_edits, edit_place, &lr->file, f);
}

/* Paths in findings have no "./" or "/" in front. */
static struct pl_str bare(const char *path)
{
    struct pl_str s = pl_str_c(path);
    while (pl_str_starts(s, PL_S("./")) || pl_str_starts(s, PL_S("/")))
        s = pl_str_sub(s, s.p[0] == '/' ? 1 : 2, SIZE_MAX);
    return s;
}

static void add_note(struct pl_lint_run *r, struct pl_target *t, const char *code, const char *msg)
{
    t->notes = PL_NEW(r->a, struct pl_note);
    t->n_notes = 1;
    t->notes[0] = (struct pl_note){ .scope = PL_SCOPE_UNIT,
                                    .where = t->name,
                                    .code = pl_str_c(code),
                                    .message = pl_dup(r->a, pl_str_c(msg)),
                                    .incomplete = true };
    t->complete = false;
}

bool pl_lint_tells_fixes(const struct pl_lint_run *r)
{
    for (size_t i = 0; i < r->n_out; i++)
        if (strcmp(r->out[i].writer->id, "json") == 0 || strcmp(r->out[i].writer->id, "sarif") == 0)
            return r->lo.dialect == PL_DIALECT_ALL;
    return false;
}

/* The finding as the configuration has it. */
static void configured(struct pl_lint_run *r, const struct pl_lint_result *lr, struct pl_str name,
                       const struct pl_lint_hit *h, struct pl_target *t)
{
    struct pl_finding *f = &t->findings[t->n_findings];
    enum pl_severity severity = h->severity;
    if (!pl_lint_config_level(&r->config, h, &severity))
        return;
    give_finding(r, lr, name, h, f);
    f->severity = severity;
    if (pl_lint_config_hides(&r->config, h, name, f->print, r->lo.today))
        return;
    t->n_findings++;
    if (pl_lint_config_preview(&r->config, h->rule)) {
        r->preview++;
        f->title = pl_printf(r->a, "[preview] %.*s", PL_FMT(f->title));
    } else {
        r->fails |= !r->ro.fail_none && f->severity >= r->ro.fail_on;
    }
}

/* A script is judged as if a COPY had written it; places are those in the script. */
static void judge_script(struct pl_lint_run *r, struct pl_str path, struct pl_target *t)
{
    struct pl_lint_result lr;
    struct pl_lint_opts o = r->lo;
    struct stat st;
    struct pl_str name = pl_printf(r->a, "%.*s%.*s", PL_FMT(r->dir), PL_FMT(path));
    if (lstat(name.p, &st) != 0 || !S_ISREG(st.st_mode))
        return;
    struct pl_str text = read_beside(r, r->dir, path.p);
    text = text.p ? pl_lint_script_wrap(&r->scratch, text) : text;
    o.fixes = false;
    if (!text.n || pl_lint_file(&r->scratch, text, &o, &lr, NULL) < 0)
        return;
    struct pl_finding *more = pl_alloc_n(r->a, t->n_findings + lr.n_hits + 1, sizeof *more);
    if (t->n_findings)
        memcpy(more, t->findings, t->n_findings * sizeof *more);
    t->findings = more;
    for (size_t i = 0; i < lr.n_hits; i++) {
        const struct pl_lint_hit *h = &lr.hits[i];
        size_t before = t->n_findings;
        if (!h->native || !wanted(r, h))
            continue;
        configured(r, &lr, bare(name.p), h, t);
        struct pl_where *w = &t->findings[before].where;
        if (t->n_findings == before || w->line <= SCRIPT_HEAD_LINES)
            continue;
        w->line -= SCRIPT_HEAD_LINES;
        w->end_line -= SCRIPT_HEAD_LINES;
        w->off -= sizeof SCRIPT_HEAD - 1;
    }
}

static void judge_scripts(struct pl_lint_run *r, const struct pl_df_file *f, struct pl_target *t)
{
    struct pl_lint_scripts s = { .n = 0 };
    if (!r->lo.context || r->lo.dialect != PL_DIALECT_ALL)
        return;
    pl_lint_scripts_find(&r->scratch, f, &s);
    for (size_t i = 0; i < s.n; i++)
        judge_script(r, pl_dup(r->a, s.p[i]), t);
}

static void judge(struct pl_lint_run *r, const char *path, struct pl_str text, struct pl_target *t)
{
    struct pl_lint_result lr;
    struct pl_err err = { 0 };
    find_dockerignore(r, path);
    r->lo.fixes = pl_lint_tells_fixes(r);
    int e = pl_lint_file(&r->scratch, text, &r->lo, &lr, &err);
    if (e == PL_E_LIMIT) {
        add_note(r, t, "limit", err.msg);
        return;
    }
    if (e < 0) {
        fprintf(stderr, "plimsoll lint: %s: %s\n", path, err.msg);
        add_note(r, t, "not-a-dockerfile", err.msg);
        r->bad_input = true;
        return;
    }
    if (lr.circular) {
        fprintf(stderr, "plimsoll lint: %s: the stages form a circle, at offset %u\n", path,
                lr.n_hits ? lr.hits[0].off : 0);
        r->bad_input = true;
    }
    if (pl_lint_tells_fixes(r))
        pl_fix_prove(&r->scratch, text, &r->lo, &lr);
    r->check_error |= lr.check_error;
    t->findings = pl_alloc_n(r->a, lr.n_hits + 1, sizeof *t->findings);
    for (size_t i = 0; i < lr.n_hits; i++)
        if (wanted(r, &lr.hits[i]))
            configured(r, &lr, bare(path), &lr.hits[i], t);
    judge_scripts(r, &lr.file, t);
}

static void mended(void *arg, const struct pl_lint_hit *h)
{
    struct pl_lint_run *r = arg;
    r->mended[h->rule]++;
    for (size_t i = 0; i < r->advice.n; i++)
        if (pl_str_eq(r->advice.p[i], h->advice))
            return;
    if (h->advice.n && r->advice.n < LINT_ADVICE_MAX)
        r->advice.p[r->advice.n++] = pl_dup(&r->scratch, h->advice);
}

int pl_lint_find_lock(struct pl_lint_run *r, const char *path)
{
    struct pl_err err = { 0 };
    struct pl_str p = pl_str_c(path), dir = PL_S("");
    for (size_t i = 0; i < p.n; i++)
        if (p.p[i] == '/')
            dir = pl_str_sub(p, 0, i + 1);
    struct pl_str beside = pl_printf(r->a, "%.*splimsoll.lock", PL_FMT(dir));
    int e = r->from ? pl_lint_from_lock(r->from, beside.p, &err) : 0;
    if (e == 0 && r->from && r->o->context)
        e = pl_lint_from_lock(r->from, pl_printf(r->a, "%s/plimsoll.lock", r->o->context).p, &err);
    if (e == 0)
        return 0;
    fprintf(stderr, "plimsoll lint: %s\n", err.msg);
    return PL_EXIT_USAGE;
}

int pl_lint_put(struct pl_lint_run *r, const char *path, struct pl_str before, struct pl_str after)
{
    pl_auto_buf struct pl_buf diff = { 0 };
    struct pl_err err = { 0 };
    int e;
    if (r->o->diff) {
        pl_fix_diff(bare(path), before, after, &diff);
        e = pl_common_print(pl_buf_str(&diff), &err);
    } else {
        e = pl_common_write(path, after, &err);
    }
    return e < 0 ? pl_run_failed("lint", &err) : 0;
}

static int mend(struct pl_lint_run *r, const char *path, struct pl_str *text)
{
    struct pl_err err = { 0 };
    struct pl_str after;
    struct pl_fix_log log = { mended, r };
    if (r->fix == PL_FIX_NONE)
        return 0;
    int code = pl_lint_find_lock(r, path);
    if (code)
        return code;
    find_dockerignore(r, path);
    enum pl_dialect d = r->lo.dialect;
    r->lo.dialect = PL_DIALECT_ALL; /* no finding of any linter may be new */
    r->advice.n = 0;
    int e = pl_fix_apply(&r->scratch, *text, &r->lo, r->fix, &after, &log, &err);
    r->lo.dialect = d;
    if (e < 0 || pl_str_eq(*text, after))
        return 0; /* what is wrong is told when the file is judged */
    for (size_t i = 0; i < r->advice.n && !r->o->quiet; i++)
        fprintf(stderr, "plimsoll lint: %s: %.*s\n", path, PL_FMT(r->advice.p[i]));
    code = pl_lint_put(r, path, *text, after);
    *text = after;
    return code;
}

static int dump(struct pl_str text, const char *path)
{
    struct pl_arena a = { 0 };
    struct pl_df_file f;
    struct pl_err err = { 0 };
    pl_auto_buf struct pl_buf out = { 0 };
    const char *msg = NULL;
    uint32_t line = 0;
    int code = PL_EXIT_CLEAN;
    if (pl_df_parse(&a, text, &f, &err) < 0) {
        fprintf(stderr, "plimsoll lint: %s: %s\n", path, err.msg);
        code = PL_EXIT_USAGE;
    } else if (!pl_df_parsed(&f, &msg, &line)) {
        fprintf(stderr, "plimsoll lint: %s:%u: %s\n", path, line, msg);
        code = PL_EXIT_USAGE;
    } else {
        pl_df_dump(&f, &out);
        if (pl_common_print(pl_buf_str(&out), &err) < 0)
            code = pl_run_failed("lint", &err);
    }
    pl_arena_release(&a);
    return code;
}

static int read_input(const char *path, struct pl_buf *b, struct pl_err *err)
{
    if (strcmp(path, "-") != 0)
        return pl_file_read(path, b, err);
    for (;;) {
        char *p = pl_buf_room(b, 65536, err);
        ssize_t n = p ? read(0, p, 65536) : -1;
        if (!p || n < 0)
            return pl_fail(err, PL_E_USAGE, "cannot read standard input");
        if (n == 0)
            return 0;
        b->n += (size_t)n;
    }
}

static void forget(struct pl_lint_run *r)
{
    pl_map_release(&r->values);
    pl_arena_reset(&r->scratch);
}

int pl_lint_one(struct pl_lint_run *r, const char *path, struct pl_target *t)
{
    struct pl_err err = { 0 };
    pl_auto_buf struct pl_buf b = { .max = (size_t)PL_DF_FILE_MAX + 65537 };
    *t = (struct pl_target){
        .name = pl_str_c(path), .kind = PL_S("dockerfile"), .complete = true, .files_read = 1
    };
    int e = read_input(path, &b, &err);
    if (e < 0 && b.n < PL_DF_FILE_MAX) {
        fprintf(stderr, "plimsoll lint: %s\n", err.msg);
        add_note(r, t, "unreadable", err.msg);
        r->bad_input = true;
        return 0;
    }
    if (e < 0) {
        add_note(r, t, "limit", "larger than 16 MiB");
        return 0;
    }
    t->bytes_read = t->bytes_claimed = b.n;
    if (r->o->dump)
        return dump(pl_buf_str(&b), path);
    struct pl_str text = pl_buf_str(&b);
    int code = 0;
    if (pl_lint_deploy(r, path, bare(path), text, t, &code)) {
        forget(r);
        return code;
    }
    code = mend(r, path, &text);
    if (!code)
        judge(r, path, text, t);
    forget(r);
    return code;
}

/* --- secrets by value --- */

static void found(void *arg, const struct pl_secret *s)
{
    bool *high = arg;
    *high |= s->severity >= PL_SEV_HIGH;
}

/* The matcher, made when it is first needed. */
static bool ready(struct pl_lint_run *r)
{
    struct pl_limits limits;
    pl_limits_init(&limits);
    return r->matcher || (pl_rules_builtin(&r->secrets, NULL) == 0 &&
                          pl_matcher_new(r->secrets, &limits, &r->matcher, NULL) == 0);
}

/* Proofs ask the same again and again. */
static void **judged(struct pl_lint_run *r, struct pl_str name, struct pl_str value)
{
    if (name.n + value.n > 1024 || r->values.n >= VALUES_MAX)
        return NULL;
    char key[1025];
    memcpy(key, name.p, name.n);
    key[name.n] = 0;
    memcpy(key + name.n + 1, value.p, value.n);
    r->values.a = &r->scratch;
    return pl_map_put(&r->values, pl_str_n(key, name.n + 1 + value.n));
}

bool pl_lint_is_secret(void *arg, struct pl_str name, struct pl_str value)
{
    struct pl_lint_run *r = arg;
    bool high = false;
    if (value.n < 6 || value.n > 65536)
        return false;
    void **known = judged(r, name, value);
    if (known && *known)
        return *known == r;
    if (!ready(r))
        return false;
    struct pl_text t = { .p = (const uint8_t *)value.p,
                         .n = value.n,
                         .to = value.n,
                         .last = true,
                         .path = name,
                         .value = true };
    pl_secret_scan(r->matcher, &t, found, &high, NULL);
    if (known)
        *known = high ? (void *)r : &r->values; /* two marks */
    return high;
}

struct told {
    pl_lint_found_fn *fn;
    void *arg;
};

static void found_at(void *arg, const struct pl_secret *s)
{
    const struct told *t = arg;
    if (s->severity >= PL_SEV_HIGH)
        t->fn(t->arg, s->off, s->len);
}

void pl_lint_secrets(void *arg, struct pl_str text, pl_lint_found_fn *fn, void *fn_arg)
{
    struct pl_lint_run *r = arg;
    struct told told = { fn, fn_arg };
    if (!ready(r))
        return;
    struct pl_text t = { .p = (const uint8_t *)text.p,
                         .n = text.n,
                         .to = text.n,
                         .last = true,
                         .path = PL_S("Dockerfile") };
    pl_secret_scan(r->matcher, &t, found_at, &told, NULL);
}
