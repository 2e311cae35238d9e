/* Pairs the instructions of a Dockerfile with the layers they made, by their words. A reader of
 * lines, continuations and here-documents only; what an instruction means is of no interest. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "report/dockerline.h"

#include "base/buf.h"
#include "report/words.h"

#define INSTRUCTIONS_MAX 10000

struct instruction {
    struct pl_str words; /* keyword in capitals, flags left out, one blank between words */
    struct pl_docker_lines at;
};

struct pl_docker_file {
    struct instruction *p;
    size_t n;
};

/* Splits off the first word. */
static struct pl_str word_of(struct pl_str *s)
{
    *s = pl_str_trim(*s);
    size_t n = 0;
    while (n < s->n && s->p[n] != ' ' && s->p[n] != '\t' && s->p[n] != '\n')
        n++;
    struct pl_str word = pl_str_sub(*s, 0, n);
    *s = pl_str_sub(*s, n, s->n);
    return word;
}

static struct pl_str words_of(struct pl_arena *a, struct pl_str s)
{
    pl_auto_buf struct pl_buf b = { 0 };
    struct pl_str word = word_of(&s);
    for (size_t i = 0; i < word.n; i++) {
        char c = word.p[i];
        pl_buf_putc(&b, c >= 'a' && c <= 'z' ? (char)(c - 32) : c);
    }
    bool flags = true;
    while ((word = word_of(&s)).n) {
        flags = flags && pl_str_starts(word, PL_S("--"));
        if (flags)
            continue;
        pl_buf_putc(&b, ' ');
        pl_buf_putn(&b, word.p, word.n);
    }
    return pl_dup(a, pl_buf_str(&b));
}

/* The delimiter of a here-document that begins in `line`, or an empty view. */
static struct pl_str heredoc_of(struct pl_str line)
{
    size_t at = pl_str_find(line, PL_S("<<"), 0);
    if (at == SIZE_MAX)
        return (struct pl_str){ NULL, 0 };
    struct pl_str rest = pl_str_sub(line, at + 2, line.n);
    if (rest.n && rest.p[0] == '-')
        rest = pl_str_sub(rest, 1, rest.n);
    struct pl_str word = word_of(&rest);
    if (word.n >= 2 && (word.p[0] == '"' || word.p[0] == '\''))
        word = pl_str_sub(word, 1, word.n - 2);
    bool name = word.n > 0;
    for (size_t i = 0; i < word.n; i++)
        name &= (word.p[i] >= 'A' && word.p[i] <= 'Z') || (word.p[i] >= 'a' && word.p[i] <= 'z') ||
                word.p[i] == '_' || (word.p[i] >= '0' && word.p[i] <= '9');
    return name ? word : (struct pl_str){ NULL, 0 };
}

static char escape_of(struct pl_str text)
{
    struct pl_str line;
    while (pl_str_split(&text, '\n', &line)) {
        line = pl_str_trim(line);
        if (!line.n || line.p[0] != '#')
            break;
        if (pl_str_starts(line, PL_S("# escape=`")) || pl_str_starts(line, PL_S("#escape=`")))
            return '`';
    }
    return '\\';
}

/* Skips the body of a here-document; returns the lines taken. */
static uint32_t skip_heredoc(struct pl_str *text, struct pl_str end)
{
    struct pl_str line;
    uint32_t n = 0;
    while (pl_str_split(text, '\n', &line)) {
        n++;
        if (pl_str_eq(pl_str_trim(line), end))
            break;
    }
    return n;
}

/* Reads one instruction whose first line is `line`, number `at->from`. */
static struct pl_str gather(struct pl_arena *a, struct pl_str *text, struct pl_str line, char esc,
                            struct pl_docker_lines *at)
{
    pl_auto_buf struct pl_buf b = { 0 };
    struct pl_str heredoc = { NULL, 0 };
    for (;;) {
        bool comment = line.n && line.p[0] == '#';
        bool goes_on = line.n && !comment && line.p[line.n - 1] == esc;
        if (!comment) {
            pl_buf_putn(&b, line.p, goes_on ? line.n - 1 : line.n);
            pl_buf_putc(&b, ' ');
            if (!heredoc.n)
                heredoc = heredoc_of(line);
        }
        /* inside a continuation, comments and empty lines are passed over */
        bool inside = goes_on || (b.n && at->to > at->from && (comment || !line.n));
        if (!inside || !pl_str_split(text, '\n', &line))
            break;
        line = pl_str_trim(line);
        at->to++;
    }
    if (heredoc.n)
        at->to += skip_heredoc(text, heredoc);
    return words_of(a, pl_buf_str(&b));
}

struct pl_docker_file *pl_docker_file_read(struct pl_arena *a, struct pl_str text)
{
    struct pl_docker_file *f = PL_NEW(a, struct pl_docker_file);
    f->p = pl_alloc_n(a, INSTRUCTIONS_MAX, sizeof *f->p);
    char esc = escape_of(text);
    struct pl_str line;
    uint32_t number = 0;
    while (f->n < INSTRUCTIONS_MAX && pl_str_split(&text, '\n', &line)) {
        number++;
        line = pl_str_trim(line);
        if (!line.n || line.p[0] == '#')
            continue;
        struct instruction *i = &f->p[f->n++];
        i->at = (struct pl_docker_lines){ number, number };
        i->words = gather(a, &text, line, esc, &i->at);
        number = i->at.to;
    }
    return f;
}

struct pl_docker_lines *pl_docker_lines_match(struct pl_arena *a, const struct pl_docker_file *f,
                                              const struct pl_target *t)
{
    struct pl_docker_lines *ret = pl_alloc_n(a, t->n_layers + 1, sizeof *ret);
    size_t below = f->n; /* instructions at and above this one are taken */
    /* from the top down: the last stage of the file made the topmost layers */
    for (size_t l = t->n_layers; l-- > 0;) {
        if (!t->layers[l].has_created_by)
            continue;
        struct pl_str words = words_of(a, pl_say_instruction(a, t->layers[l].created_by));
        for (size_t i = below; words.n && i-- > 0;) {
            if (!pl_str_eq(words, f->p[i].words))
                continue;
            ret[l] = f->p[i].at;
            below = i;
            break;
        }
    }
    return ret;
}

/* Does the instruction set the variable or label `name`? */
static bool sets(struct pl_str words, struct pl_str name)
{
    struct pl_str rest = words, word = word_of(&rest);
    if (!pl_str_is(word, "ENV") && !pl_str_is(word, "ARG") && !pl_str_is(word, "LABEL"))
        return false;
    bool first = true;
    while ((word = word_of(&rest)).n) {
        if (first && pl_str_eq(word, name))
            return true; /* "ENV NAME value" */
        first = false;
        if (word.n > name.n && pl_str_starts(word, name) && word.p[name.n] == '=')
            return true;
    }
    return false;
}

struct pl_docker_lines pl_docker_lines_setting(const struct pl_docker_file *f, struct pl_str name)
{
    for (size_t i = f->n; i-- > 0 && name.n;)
        if (sets(f->p[i].words, name))
            return f->p[i].at;
    return (struct pl_docker_lines){ 0, 0 };
}
