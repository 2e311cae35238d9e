/* What a finding says of itself: the command that recovers it, its fingerprint, its place in the
 * order. forensics.md sections 5 and 6. */
/* SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>
#include <string.h>

#include "base/hash.h"
#include "scan/git.h"
#include "scan/scan_int.h"
#include "scan/tell_int.h"

struct pl_str pl_quote(struct pl_arena *a, struct pl_str s)
{
    static const char plain[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
                                "-_./:@%+=,";
    bool safe = s.n > 0;
    for (size_t i = 0; i < s.n; i++)
        safe &= memchr(plain, s.p[i], sizeof plain - 1) != NULL;
    if (safe)
        return s;
    struct pl_buf b = { 0 };
    pl_buf_putc(&b, '\'');
    for (size_t i = 0; i < s.n; i++) {
        if (s.p[i] == '\'')
            pl_buf_puts(&b, "'\\''");
        else
            pl_buf_putc(&b, s.p[i]);
    }
    pl_buf_putc(&b, '\'');
    struct pl_str r = pl_dup(a, pl_buf_str(&b));
    pl_buf_release(&b);
    return r;
}

static bool printable(struct pl_str s)
{
    for (size_t i = 0; i < s.n; i++)
        if ((unsigned char)s.p[i] < 0x20 || (unsigned char)s.p[i] >= 0x7f)
            return false;
    return s.n > 0 && s.p[0] != '-';
}

static void say_recover(struct pl_tell *k, struct pl_found *x)
{
    struct pl_finding *f = &x->f;
    struct pl_str target = pl_quote(k->a, k->t->name);
    struct pl_str platform = { "", 0 };
    if (f->kind != PL_KIND_SECRET)
        return; /* what to do about it is no question of bytes */
    if (k->u->src->form == PL_SRC_STREAM || k->u->src->form == PL_SRC_TREE ||
        pl_str_is(k->u->src->typed, "-"))
        return; /* cannot be read again, or the file is there as it is */
    if (k->several && k->t->platform.n)
        platform = pl_printf(k->a, " --platform %.*s", PL_FMT(k->t->platform));
    if (f->where.surface == PL_SURF_FILE && x->v && printable(x->v->path)) {
        struct pl_str copy = { "", 0 };
        const char *slash = memrchr(x->v->path.p, '/', x->v->path.n);
        struct pl_str base =
            slash ? pl_str_n(slash + 1, (size_t)(x->v->path.p + x->v->path.n - slash - 1))
                  : x->v->path;
        if (x->v->copy || f->span.how == PL_HOW_DUPLICATE)
            copy = pl_printf(k->a, " --copy %u", x->v->copy);
        f->recover = pl_printf(
            k->a, "plimsoll recover %.*s %.*s --layer %u%.*s%.*s -o %.*s", PL_FMT(target),
            PL_FMT(pl_quote(k->a, x->v->path)), x->v->layer, PL_FMT(copy), PL_FMT(platform),
            PL_FMT(pl_quote(k->a, pl_printf(k->a, "recovered-%.*s", PL_FMT(base)))));
        return;
    }
    f->recover = pl_printf(k->a, "plimsoll recover %.*s %.*s%.*s -o recovered-%.*s", PL_FMT(target),
                           PL_FMT(pl_str_sub(f->print, 0, 12)), PL_FMT(platform),
                           PL_FMT(pl_str_sub(f->print, 0, 12)));
}

/* Lives of one secret at one place, in the order they are told. */
struct life_list {
    PL_VEC(uint64_t) id;
};

/* From rule, surface, path and secret, and a counter for a further life there. */
static void say_print(struct pl_tell *k, struct pl_found *x)
{
    struct pl_finding *f = &x->f;
    struct pl_str key = pl_printf(k->a, "%.*s%c%s%c%.*s%c", PL_FMT(f->rule), 0,
                                  pl_surface_name(f->where.surface), 0, PL_FMT(f->where.path), 0);
    struct pl_hash *h = pl_hash_new(PL_HASH_SHA256);
    uint8_t sum[PL_HASH_MAX];
    pl_hash_add(h, "plimsoll place 1", 17);
    pl_hash_add(h, key.p, key.n);
    pl_hash_add(h, f->secret_hash, 32);
    pl_hash_end(h, sum);
    void **at = pl_map_put(&k->lives, pl_str_n(sum, 32));
    if (!*at)
        *at = PL_NEW(k->a, struct life_list);
    struct life_list *list = *at;
    size_t n = 0;
    while (n < list->id.n && list->id.p[n] != x->life)
        n++;
    if (n == list->id.n)
        pl_vec_push(&list->id, x->life);
    if (n) {
        pl_hash_reset(h);
        pl_hash_add(h, sum, 32);
        pl_hash_add(h, &n, sizeof n);
        pl_hash_end(h, sum);
    }
    pl_hash_free(h);
    char *hex = pl_alloc(k->a, 41);
    pl_hex(sum, 20, hex);
    f->print = pl_str_n(hex, 40);
}

static struct pl_str source_print(struct pl_tell *k, const struct pl_finding *f)
{
    const struct pl_rule *rule = pl_rules_find(k->u->scan->ctx.rules, f->rule);
    return pl_source_print(k->a, k->u->scan->o.salt, f->rule, f->secret_hash,
                           rule && rule->generic);
}

static int by_order(const void *pa, const void *pb)
{
    const struct pl_finding *a = pa, *b = pb;
#define CMP(x, y)   \
    if ((x) != (y)) \
        return (x) < (y) ? -1 : 1;
    int c;
    CMP(a->span.introduced, b->span.introduced)
    CMP(a->where.surface, b->where.surface)
    if ((c = pl_str_cmp(a->where.path, b->where.path)))
        return c;
    for (size_t i = 0; i < a->where.nested.n && i < b->where.nested.n; i++)
        if ((c = pl_str_cmp(a->where.nested.p[i], b->where.nested.p[i])))
            return c;
    CMP(a->where.nested.n, b->where.nested.n)
    CMP(a->where.off, b->where.off)
    if ((c = pl_str_cmp(a->rule, b->rule)))
        return c;
    if ((c = memcmp(a->secret_hash, b->secret_hash, 32)))
        return c;
    if ((c = memcmp(&a->span, &b->span, sizeof a->span)))
        return c;
    return pl_str_cmp(a->evidence, b->evidence);
#undef CMP
}

static int note_order(const void *pa, const void *pb)
{
    const struct pl_note *a = pa, *b = pb;
    int c = pl_str_cmp(a->where, b->where);
    if (!c)
        c = pl_str_cmp(a->code, b->code);
    return c ? c : pl_str_cmp(a->message, b->message);
}

void pl_tell_finish(struct pl_tell *k)
{
    size_t n = 0;
    pl_tell_merge(k);
    k->t->findings = pl_alloc_n(k->a, k->found.n, sizeof *k->t->findings);
    for (size_t i = 0; i < k->found.n; i++) {
        struct pl_found *x = &k->found.p[i];
        if (x->merged)
            continue;
        if (k->u->src->form == PL_SRC_TREE && !pl_str_is(k->u->src->kind, "rootfs"))
            x->f.print = source_print(k, &x->f);
        else
            say_print(k, x);
        say_recover(k, x);
        k->t->findings[n++] = x->f;
    }
    k->t->n_findings = n;
    if (n)
        qsort(k->t->findings, n, sizeof *k->t->findings, by_order);
    k->t->n_notes = k->out_notes.n;
    k->t->notes = pl_alloc_n(k->a, k->out_notes.n, sizeof *k->t->notes);
    if (k->out_notes.n) {
        memcpy(k->t->notes, k->out_notes.p, k->out_notes.n * sizeof *k->t->notes);
        qsort(k->t->notes, k->t->n_notes, sizeof *k->t->notes, note_order);
    }
    for (size_t i = 0; i < k->lives.cap; i++)
        if (k->lives.slot[i].value)
            pl_vec_release(&((struct life_list *)k->lives.slot[i].value)->id);
    pl_map_release(&k->lives);
    pl_map_release(&k->by_hash);
    pl_vec_release(&k->found);
    pl_vec_release(&k->out_notes);
    pl_tree_free(k->tree);
    pl_record_free(k->notes);
}
