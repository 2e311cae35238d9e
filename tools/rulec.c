/* rulec: reads rule files, runs every sample, and writes the rules as C tables with the literal
 * database. Links the engine itself, so what it accepts is what the program runs.
 * Usage: rulec [-c] [-w] [-o OUT.c] FILE.toml ... (-c: check only, -w: a sample that disagrees is
 * a warning) */
/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>

#include "base/cleanup.h"
#include "base/wire.h"
#include "secret/rule_int.h"

#define MAX_FILE PL_MIB(4)

struct rulec {
    struct pl_arena a;
    PL_VEC(struct pl_rule_source) src;
    struct pl_rule_image img;
    struct pl_rules *rules;
    size_t failed;
    bool warn;
};

static int read_file(const char *path, struct pl_buf *out, struct pl_err *err)
{
    FILE *f = fopen(path, "rbe");
    if (!f)
        return pl_fail(err, PL_E_IO, "cannot open '%s'", path);
    out->max = MAX_FILE;
    int e = 0;
    for (size_t n = 1; n > 0 && e == 0;) {
        char block[8192];
        n = fread(block, 1, sizeof block, f);
        e = pl_buf_add(out, block, n, err);
    }
    if (e == 0 && ferror(f))
        e = pl_fail(err, PL_E_IO, "cannot read '%s'", path);
    fclose(f);
    return e;
}

static const char *base_name(const char *path)
{
    const char *slash = strrchr(path, '/');
    return slash ? slash + 1 : path;
}

static int add_file(struct rulec *c, const char *path, struct pl_err *err)
{
    pl_auto_buf struct pl_buf text = { 0 };
    struct pl_rule_source *src;
    size_t n;
    int e = read_file(path, &text, err);
    if (e == 0)
        e = pl_rules_read(pl_buf_str(&text), base_name(path), &c->a, &src, &n, err);
    if (e < 0)
        return e;
    for (size_t i = 0; i < n; i++) {
        bool yes = false, no = false;
        for (size_t k = 0; k < src[i].n_samples; k++) {
            yes |= src[i].sample[k].yes;
            no |= !src[i].sample[k].yes;
        }
        if (!yes || !no)
            return pl_fail(err, PL_E_FORMAT, "%s:%u: rule '%s': needs samples, both yes and no",
                           src[i].file, src[i].line, src[i].rule.id);
        pl_vec_push(&c->src, src[i]);
    }
    return 0;
}

static int by_id(const void *a, const void *b)
{
    const struct pl_rule_source *x = a, *y = b;
    return strcmp(x->rule.id, y->rule.id);
}

static int build(struct rulec *c, struct pl_err *err)
{
    PL_AUTO(struct pl_arena, none, pl_arena_release) = { 0 };
    qsort(c->src.p, c->src.n, sizeof *c->src.p, by_id);
    struct pl_rule *rules = pl_alloc_n(&c->a, c->src.n ? c->src.n : 1, sizeof *rules);
    for (size_t i = 0; i < c->src.n; i++)
        rules[i] = c->src.p[i].rule;
    int e = pl_rule_image_make(rules, c->src.n, &c->a, &c->img, err);
    return e < 0 ? e : pl_rules_from_image(&c->img, &none, &c->rules, err);
}

static void on_failure(void *arg, const struct pl_rule_source *rule, const struct pl_rule_sample *s,
                       struct pl_str text)
{
    (void)arg;
    fprintf(stderr, "%s:%u: rule '%s': sample %u of '%s' is %s: %.*s\n", rule->file, s->line,
            rule->rule.id, s->number, s->yes ? "yes" : "no", s->yes ? "not found" : "found",
            (int)(text.n < 300 ? text.n : 300), text.p);
}

static void put_text(FILE *f, const char *s, size_t n)
{
    fputc('"', f);
    for (size_t i = 0; i < n; i++) {
        unsigned char ch = (unsigned char)s[i];
        bool plain = ch >= ' ' && ch < 0x7f && ch != '"' && ch != '\\' && ch != '?';
        if (plain)
            fputc(ch, f);
        else
            fprintf(f, "\\%03o", ch); /* three digits always: no digit can join it */
    }
    fputc('"', f);
}

static void put_string(FILE *f, const char *s)
{
    if (s)
        put_text(f, s, strlen(s));
    else
        fputs("NULL", f);
}

static void put_list(FILE *f, const char *name, size_t i, const struct pl_rule_list *l)
{
    if (l->n == 0)
        return;
    fprintf(f, "static const char *const %s_%zu[] = { ", name, i);
    for (size_t k = 0; k < l->n; k++) {
        put_string(f, l->p[k]);
        fputs(", ", f);
    }
    fputs("};\n", f);
}

static void put_list_use(FILE *f, const char *key, const char *name, size_t i,
                         const struct pl_rule_list *l)
{
    if (l->n)
        fprintf(f, "    .%s = { %s_%zu, %zu },\n", key, name, i, l->n);
}

static void put_member(FILE *f, const char *key, const char *s)
{
    if (!s)
        return;
    fprintf(f, "    .%s = ", key);
    put_string(f, s);
    fputs(",\n", f);
}

static void put_rule(FILE *f, const struct pl_rule *r, size_t i)
{
    fputs("  {\n", f);
    put_member(f, "id", r->id);
    put_member(f, "title", r->title);
    put_member(f, "why", r->why);
    put_member(f, "fix", r->fix);
    put_member(f, "since", r->since);
    put_member(f, "regex", r->regex);
    put_member(f, "check", r->check);
    fprintf(f, "    .severity = %d, .keyword_case = %d, .generic = %d,\n", (int)r->severity,
            r->keyword_case, r->generic);
    fprintf(f, "    .weak_in_docs = %d,\n", r->weak_in_docs);
    fprintf(f, "    .more_forms = %d,\n", r->more_forms);
    fprintf(f, "    .before = %u, .group = %u, .prefix = %u, .entropy = %.6f,\n", r->before,
            r->group, r->prefix, r->entropy);
    put_list_use(f, "keywords", "kw", i, &r->keywords);
    put_list_use(f, "allow", "al", i, &r->allow);
    put_list_use(f, "paths", "pa", i, &r->paths);
    put_list_use(f, "aliases", "as", i, &r->aliases);
    put_list_use(f, "names", "na", i, &r->names);
    fputs("  },\n", f);
}

static void put_rules(FILE *f, const struct pl_rule_image *img)
{
    for (size_t i = 0; i < img->n_rules; i++) {
        put_list(f, "kw", i, &img->rule[i].keywords);
        put_list(f, "al", i, &img->rule[i].allow);
        put_list(f, "pa", i, &img->rule[i].paths);
        put_list(f, "as", i, &img->rule[i].aliases);
        put_list(f, "na", i, &img->rule[i].names);
    }
    fputs("static const struct pl_rule rules[] = {\n", f);
    for (size_t i = 0; i < img->n_rules; i++)
        put_rule(f, &img->rule[i], i);
    fputs("};\n", f);
}

static void put_shapes(FILE *f, const char *name, const struct pl_rule_shape *shape, size_t n)
{
    fprintf(f, "static const struct pl_rule_shape %s[] = {\n", name);
    for (size_t i = 0; i < n; i++) {
        const struct pl_rule_shape *s = &shape[i];
        fprintf(f, "  { %uu, %uu, %u, %d, %d, {", s->min, s->max, s->n, s->word_start,
                s->name_only);
        for (unsigned k = 0; k < PL_SHAPE_BYTES; k++)
            fprintf(f, "%u,", s->cls[k]);
        fputs("} },\n", f);
    }
    fputs("};\n", f);
}

static void put_sets(FILE *f, const struct pl_rule_image *img)
{
    fputs("static const struct pl_bytes sets[] = {\n", f);
    for (size_t i = 0; i < img->n_bytes; i++) {
        const uint64_t *w = img->bytes[i].w;
        fprintf(f, "  { { 0x%llxu, 0x%llxu, 0x%llxu, 0x%llxu } },\n", (unsigned long long)w[0],
                (unsigned long long)w[1], (unsigned long long)w[2], (unsigned long long)w[3]);
    }
    fputs(img->n_bytes ? "};\n" : "  { { 0 } }\n};\n", f);
}

static void put_literals(FILE *f, const struct pl_rule_image *img)
{
    fputs("static const struct pl_lit_entry lits[] = {\n", f);
    for (size_t i = 0; i < img->n_lits; i++) {
        const struct pl_lit_entry *l = &img->lit[i];
        fprintf(f, "  { %u, %u, %u, %d, ", l->first, l->n, l->len, l->nocase);
        put_text(f, l->text, l->len);
        fputs(" },\n", f);
    }
    fputs("};\nstatic const struct pl_lit_ref refs[] = {\n", f);
    for (size_t i = 0; i < img->n_refs; i++)
        fprintf(f, "  { %u, %u },\n", img->ref[i].rule, img->ref[i].kind);
    fputs("};\n", f);
}

static void put_words(FILE *f, const struct pl_rule_image *img)
{
    fputs("static const struct pl_word_entry words[] = {\n", f);
    for (size_t i = 0; i < img->n_words; i++) {
        const struct pl_word_entry *w = &img->word[i];
        fprintf(f, "  { 0x%xu, %u, %u, %u, %d, ", w->gram, w->rule, w->len, w->lead, w->nocase);
        put_text(f, w->text, w->len);
        fputs(" },\n", f);
    }
    fputs(img->n_words ? "};\n" : "  { 0 }\n};\n", f);
}

static void put_bytes(FILE *f, const char *what, struct pl_str s)
{
    fprintf(f, "%s = {\n", what);
    for (size_t i = 0; i < s.n; i++)
        fprintf(f, "%u,%s", (uint8_t)s.p[i], i % 24 == 23 ? "\n" : "");
    fputs("};\n", f);
}

/* What --self-test runs, as base/wire.h writes it: strings in tables would have to be relocated at
 * every start of the program. Read by secret/builtin.c. */
static void put_samples(FILE *f, const struct rulec *c)
{
    pl_auto_buf struct pl_buf b = { 0 };
    for (size_t i = 0; i < c->src.n; i++) {
        const struct pl_rule_source *r = &c->src.p[i];
        pl_put_str(&b, pl_str_c(r->rule.id));
        pl_put_var(&b, r->n_samples);
        for (size_t k = 0; k < r->n_samples; k++) {
            pl_put_var(&b, r->sample[k].yes);
            pl_put_var(&b, r->sample[k].number);
            pl_put_str(&b, r->sample[k].text);
            pl_put_str(&b, r->sample[k].path);
            pl_put_str(&b, r->sample[k].name);
        }
    }
    put_bytes(f, "const uint8_t pl_builtin_samples[]", pl_buf_str(&b));
    fprintf(f, "const size_t pl_builtin_samples_len = %zu;\n", b.n);
}

static int write_source(const struct rulec *c, const char *path, struct pl_err *err)
{
    pl_auto_buf struct pl_buf db = { 0 };
    const struct pl_rule_image *img = &c->img;
    int e = pl_literals_save(c->rules->db, &db, err);
    if (e < 0 && e != PL_E_UNSUP)
        return e;
    FILE *f = fopen(path, "we");
    if (!f)
        return pl_fail(err, PL_E_IO, "cannot write '%s'", path);
    fputs("/* Made by rulec from data/rules/secret; do not edit. */\n"
          "#include \"secret/rule_int.h\"\n\n",
          f);
    put_rules(f, img);
    put_shapes(f, "shapes", img->shape, img->n_rules);
    put_shapes(f, "tails", img->tail, img->n_rules);
    put_sets(f, img);
    put_literals(f, img);
    put_words(f, img);
    put_samples(f, c);
    if (e == 0)
        put_bytes(f, "static const _Alignas(64) uint8_t db[]", pl_buf_str(&db));
    fprintf(f,
            "const struct pl_rule_image pl_builtin_rules_image = {\n"
            "    .rule = rules, .shape = shapes, .tail = tails, .n_rules = %zu, .bytes = sets, "
            ".n_bytes = %zu,\n"
            "    .lit = lits, .n_lits = %zu, .ref = refs, .n_refs = %zu,\n"
            "    .word = words, .n_words = %zu,\n%s};\n",
            img->n_rules, img->n_bytes, img->n_lits, img->n_refs, img->n_words,
            e == 0 ? "    .db = db, .db_len = sizeof db,\n" : "");
    bool bad = ferror(f);
    return fclose(f) || bad ? pl_fail(err, PL_E_IO, "cannot write '%s'", path) : 0;
}

static int run(struct rulec *c, char **files, int n, const char *out, struct pl_err *err)
{
    int e = 0;
    size_t tried = 0;
    for (int i = 0; i < n && e == 0; i++)
        e = add_file(c, files[i], err);
    if (e == 0)
        e = build(c, err);
    if (e == 0)
        e = pl_rules_selftest(c->rules, c->src.p, c->src.n, on_failure, NULL, &tried, &c->failed,
                              err);
    if (e == 0 && c->failed && !c->warn)
        e = pl_fail(err, PL_E_FORMAT, "%zu of %zu samples disagree with their rules", c->failed,
                    tried);
    if (e == 0 && out)
        e = write_source(c, out, err);
    return e;
}

int main(int argc, char **argv)
{
    struct rulec c = { 0 };
    struct pl_err err = { 0 };
    const char *out = NULL;
    int i = 1;
    for (; i < argc && argv[i][0] == '-'; i++) {
        if (strcmp(argv[i], "-o") == 0 && i + 1 < argc) {
            out = argv[++i];
        } else if (strcmp(argv[i], "-w") == 0) {
            c.warn = true;
        } else if (strcmp(argv[i], "-c") != 0) {
            fprintf(stderr, "usage: rulec [-c] [-w] [-o OUT.c] FILE.toml ...\n");
            return 2;
        }
    }
    int e = run(&c, argv + i, argc - i, out, &err);
    if (e < 0)
        fprintf(stderr, "rulec: %s\n", err.msg);
    pl_rules_free(c.rules);
    pl_vec_release(&c.src);
    pl_arena_release(&c.a);
    return e < 0;
}
