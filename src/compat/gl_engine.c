/* Rules made ready for searching: one database of literals, and for each regex what it needs. */
/* SPDX-License-Identifier: Apache-2.0 */
#include <stdatomic.h>
#include <stdlib.h>
#include <time.h>

#include "base/clock.h"
#include "base/map.h"
#include "compat/gl_detect_int.h"

static bool usable(struct pl_str s)
{
    if (s.n < 2 || s.n > 255 || s.p[0] == '\0')
        return false;
    for (size_t i = 0; i < s.n; i++)
        if ((unsigned char)s.p[i] >= 0x80)
            return false;
    return true;
}

static uint32_t literal_id(struct pl_gl_engine *e, struct pl_map *m, struct pl_str s)
{
    void **slot = pl_map_put(m, s);
    if (!*slot) {
        pl_vec_push(&e->literals, pl_dup(&e->a, s));
        pl_vec_push(&e->uses, (struct gl_uses){ 0 });
        *slot = (void *)(uintptr_t)e->literals.n;
    }
    return (uint32_t)((uintptr_t)*slot - 1);
}

static void add_keywords(struct pl_gl_engine *e, struct pl_map *m, uint32_t probe)
{
    struct gl_probe *p = &e->probes.p[probe];
    p->always = p->rule->keywords.n == 0;
    for (size_t i = 0; i < p->rule->keywords.n; i++) {
        struct pl_str k = p->rule->keywords.p[i];
        if (usable(k)) {
            uint32_t id = literal_id(e, m, k); /* may move e->uses */
            pl_vec_push(&e->uses.p[id].keyword, probe);
        } else {
            p->keyword_odd = true;
        }
    }
}

static void add_shape(struct pl_gl_engine *e, struct pl_map *m, struct gl_probe *p)
{
    p->shaped = pl_gl_shape_of(&e->a, p->rule->regex->text, &p->shape);
    for (size_t i = 0; p->shaped && i < p->shape.literals.n; i++)
        p->shaped = usable(p->shape.literals.p[i]);
    if (!p->shaped)
        return;
    for (size_t i = 0; i < p->shape.literals.n; i++)
        pl_vec_push(&p->ids, literal_id(e, m, p->shape.literals.p[i]));
    p->core.text = p->shape.core;
}

static int compile(struct pl_gl_engine *e, struct pl_err *err)
{
    static const char *const folds[] = { "\xC4\xB0", "\xC5\xBF", "\xE2\x84\xAA" };
    static const char *const escapes[] = { "u+", "\\u", "%0", "%1", "%2", "%3", "%4", "%5", "%6",
                                           "%7", "%8",  "%9", "%a", "%b", "%c", "%d", "%e", "%f" };
    struct pl_arena names = { 0 };
    struct pl_map m = { .a = &names };
    for (uint32_t i = 0; i < e->probes.n; i++) {
        add_keywords(e, &m, i);
        if (e->probes.p[i].rule->regex)
            add_shape(e, &m, &e->probes.p[i]);
        else
            e->path_rules = true;
    }
    for (size_t i = 0; i < sizeof folds / sizeof *folds; i++) {
        uint32_t id = literal_id(e, &m, pl_str_c(folds[i]));
        e->uses.p[id].odd = true;
    }
    for (size_t i = 0; i < sizeof escapes / sizeof *escapes; i++) {
        uint32_t known = (uint32_t)e->literals.n, id = literal_id(e, &m, pl_str_c(escapes[i]));
        e->uses.p[id].escape = true;
        e->uses.p[id].only_flag = id == known;
    }
    pl_map_release(&m);
    pl_arena_release(&names);
    struct pl_literal *v = pl_alloc_n(&e->a, e->literals.n, sizeof *v);
    for (size_t i = 0; i < e->literals.n; i++)
        v[i] = (struct pl_literal){ e->literals.p[i], true };
    return pl_literals_new(v, e->literals.n, &e->db, err);
}

static int add_probe(struct pl_gl_engine *e, const struct pl_gl_rule *rule)
{
    pl_vec_push(&e->probes, (struct gl_probe){ .rule = rule });
    return 0;
}

static int choose(struct pl_gl_engine *e, const pl_gl_strs *only, struct pl_err *err)
{
    for (size_t i = 0; i < only->n; i++) {
        const struct pl_gl_rule *rule = pl_gl_config_rule(e->config, only->p[i]);
        if (!rule)
            return pl_fail(err, PL_E_USAGE, "Requested rule %.*s not found in rules",
                           PL_FMT(only->p[i]));
        bool twice = false;
        for (size_t k = 0; k < e->probes.n; k++)
            twice |= e->probes.p[k].rule == rule;
        if (!twice)
            add_probe(e, rule);
    }
    for (size_t i = 0; !only->n && i < e->config->active.n; i++)
        add_probe(e, e->config->active.p[i]);
    return 0;
}

int pl_gl_engine_new(const struct pl_gl_config *c, const pl_gl_strs *only,
                     const struct pl_gl_detect_opts *o, struct pl_gl_engine **ret,
                     struct pl_err *err)
{
    struct pl_gl_engine *e = calloc(1, sizeof *e);
    if (!e)
        pl_oom();
    e->config = c;
    e->o = *o;
    if (e->o.max_decode_depth > GL_MAX_DEPTH)
        e->o.max_decode_depth = GL_MAX_DEPTH;
    int r = choose(e, only, err);
    r = r < 0 ? r : compile(e, err);
    if (r < 0)
        pl_gl_engine_free(e);
    else
        *ret = e;
    return r < 0 ? r : 0;
}

void pl_gl_engine_free(struct pl_gl_engine *e)
{
    if (!e)
        return;
    for (size_t i = 0; i < e->probes.n; i++) {
        pl_gl_shape_release(&e->probes.p[i].shape);
        pl_vec_release(&e->probes.p[i].ids);
        pl_regex_free(atomic_load(&e->probes.p[i].core.compiled));
    }
    for (size_t i = 0; i < e->uses.n; i++)
        pl_vec_release(&e->uses.p[i].keyword);
    pl_vec_release(&e->probes);
    pl_vec_release(&e->uses);
    pl_vec_release(&e->literals);
    pl_literals_free(e->db);
    pl_arena_release(&e->a);
    free(e);
}

bool pl_gl_engine_skips(const struct pl_gl_engine *e, struct pl_str path)
{
    for (size_t i = 0; i < e->config->allows.n; i++)
        if (pl_gl_allow_path(e->config->allows.p[i], path))
            return true;
    return false;
}

bool pl_gl_engine_late(const struct pl_gl_engine *e)
{
    return e->o.deadline_ns && pl_clock_ns() > e->o.deadline_ns;
}

bool pl_gl_engine_always(const struct pl_gl_engine *e)
{
    bool any = e->path_rules;
    for (size_t i = 0; i < e->probes.n; i++)
        any |= e->probes.p[i].always && !e->probes.p[i].shaped;
    return any;
}
