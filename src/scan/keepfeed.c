/* Child: text of scripts and configuration, strings of programs, to the parent. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "scan/keepfeed.h"

#include <stdlib.h>

#include "base/cleanup.h"
#include "check/image/owned.h"
#include "fmt/literal.h"

/* The literals that programs are looked through for. */
struct pl_traits {
    struct pl_literals *set;
    struct pl_literals_scratch *scratch;
};

static const struct {
    const char *text;
    uint32_t trait;
} literals[] = {
    { "/var/", 0 },
    { "/run/", 0 },
    { "Go build ID:", PL_TRAIT_GO },
    { "Go buildinf:", PL_TRAIT_GO },
    { "os.TempDir", PL_TRAIT_GO | PL_TRAIT_TEMPDIR },
    { "os.CreateTemp", PL_TRAIT_GO | PL_TRAIT_TEMPDIR },
    { "os.MkdirTemp", PL_TRAIT_GO | PL_TRAIT_TEMPDIR },
    { "/rustc/", PL_TRAIT_RUST },
    { "TMPDIR", PL_TRAIT_TEMPDIR },
    { "xmrig", PL_TRAIT_MINER },
    { "xmr-stak", PL_TRAIT_MINER },
    { "cpuminer", PL_TRAIT_MINER },
    { "ethminer", PL_TRAIT_MINER },
    { "nbminer", PL_TRAIT_MINER },
    { "donate-level", PL_TRAIT_MINER },
    { "randomx_init", PL_TRAIT_MINER },
    { "cryptonight", PL_TRAIT_MINER },
    { "kdevtmpfsi", PL_TRAIT_MINER },
    { "kinsing", PL_TRAIT_MINER },
    { "stratum+tcp://", PL_TRAIT_POOL },
    { "stratum+ssl://", PL_TRAIT_POOL },
    { "stratum2+tcp://", PL_TRAIT_POOL },
    { "pool.minexmr.com", PL_TRAIT_POOL },
    { "supportxmr.com", PL_TRAIT_POOL },
    { "moneroocean.stream", PL_TRAIT_POOL },
    { "hashvault.pro", PL_TRAIT_POOL },
    { "nanopool.org", PL_TRAIT_POOL },
    { "UPX!", PL_TRAIT_UPX },
};

/* A program that knows this many kinds of miner looks for them. */
#define MANY_MINERS 6u

void pl_keep_fact(struct pl_worker *w, enum pl_fact_kind kind, uint32_t ordinal, uint32_t traits,
                  struct pl_str body)
{
    size_t mark;
    if (!(w->job.flags & PL_JOBF_FACTS))
        return;
    struct pl_fact f = { kind, ordinal, traits, pl_str_sub(body, 0, PL_MSG_MAX - 64) };
    struct pl_buf *b = pl_chan_begin(&w->chan, PL_MSG_FACT, &mark);
    pl_put_fact(b, &f);
    pl_chan_end(&w->chan, mark);
}

static struct pl_traits *traits_of(struct pl_worker *w)
{
    struct pl_literal v[PL_COUNT(literals)];
    struct pl_err err;
    if (w->traits)
        return w->traits;
    w->traits = calloc(1, sizeof *w->traits);
    if (!w->traits)
        pl_oom();
    for (size_t i = 0; i < PL_COUNT(literals); i++)
        v[i] = (struct pl_literal){ pl_str_c(literals[i].text), false };
    if (pl_literals_new(v, PL_COUNT(literals), &w->traits->set, &err) < 0 ||
        pl_literals_scratch_new(w->traits->set, &w->traits->scratch, &err) < 0)
        pl_bug("literals of programs: %s", err.msg);
    return w->traits;
}

static uint64_t little(const uint8_t *p, size_t n)
{
    uint64_t v = 0;
    for (size_t i = n; i > 0; i--)
        v = v << 8 | p[i - 1];
    return v;
}

/* No PT_INTERP among the program headers (ELF-64 and ELF-32, little-endian). */
static bool is_static(struct pl_str head)
{
    const uint8_t *p = (const uint8_t *)head.p;
    if (head.n < 64 || p[5] != 1)
        return false;
    bool wide = p[4] == 2;
    uint64_t off = wide ? little(p + 32, 8) : little(p + 28, 4);
    uint64_t size = little(p + (wide ? 54 : 42), 2), n = little(p + (wide ? 56 : 44), 2);
    for (uint64_t i = 0; i < n && size >= 4; i++) {
        if (off > head.n || size > head.n - off)
            return false;
        if (little(p + off, 4) == 3)
            return false;
        off += size;
    }
    return true;
}

void pl_keepfeed_begin(struct pl_keepfeed *f, struct pl_worker *w, const struct pl_spot *at,
                       struct pl_str head)
{
    if (!(w->job.flags & PL_JOBF_FACTS) || at->surface != PL_SURF_FILE || at->value || at->depth ||
        at->nested.n || at->ordinal == PL_NEVER)
        return;
    f->how = pl_img_keeps(at->path, at->mode, at->size, pl_str_sub(head, 0, 512));
    if (f->how == PL_KEEP_STRINGS) {
        f->traits = PL_TRAIT_ELF | (is_static(head) ? PL_TRAIT_STATIC : 0u);
        if (!(at->mode & 0111) && at->size < 4096)
            f->how = PL_KEEP_NOTHING;
    }
}

struct look {
    struct pl_keepfeed *f;
    struct pl_str window;
    size_t from, to;
    uint32_t traits;
};

static bool path_char(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
           (c != 0 && strchr("/._-", c));
}

/* A string that begins with the literal, with nothing of a path in front of it. */
static void keep_path(struct look *k, size_t start)
{
    struct pl_buf *b = &k->f->b;
    if (start && path_char(k->window.p[start - 1]))
        return;
    size_t end = start;
    while (end < k->window.n && end - start < 200 && path_char(k->window.p[end]))
        end++;
    if (b->n + (end - start) + 1 > PL_IMG_STRINGS_MAX)
        return;
    pl_buf_putn(b, k->window.p + start, end - start);
    pl_buf_putc(b, '\n');
}

static int on_literal(void *arg, uint32_t id, size_t end)
{
    struct look *k = arg;
    if (id >= PL_COUNT(literals) || end <= k->from || end > k->to)
        return 0;
    if (!literals[id].trait) {
        keep_path(k, end - strlen(literals[id].text));
        return 0;
    }
    k->f->traits |= literals[id].trait;
    k->f->kinds |= 1ull << id;
    return 0;
}

static void look_through(struct pl_keepfeed *f, struct pl_worker *w, struct pl_str window,
                         size_t from, size_t to)
{
    struct pl_traits *t = traits_of(w);
    size_t start = from > 32 ? from - 32 : 0;
    struct look k = { f, pl_str_sub(window, start, window.n), from - start, to - start, 0 };
    pl_literals_scan(t->set, t->scratch, (const uint8_t *)k.window.p, to - start, on_literal, &k);
}

static void send_program(struct pl_keepfeed *f, struct pl_worker *w, const struct pl_spot *at)
{
    unsigned miners = 0;
    for (size_t i = 0; i < PL_COUNT(literals); i++)
        miners += (literals[i].trait & PL_TRAIT_MINER) && (f->kinds >> i & 1);
    if (miners >= MANY_MINERS)
        f->traits |= PL_TRAIT_RULES;
    pl_keep_fact(w, PL_FACT_STRINGS, at->ordinal, f->traits, pl_buf_str(&f->b));
}

/* What is kept of a file holds no secret: as many x stand in its place. */
static void on_secret(void *arg, const struct pl_secret *s)
{
    struct pl_buf *b = arg;
    for (size_t i = s->off; i < b->n && i - s->off < s->len; i++)
        if (b->p[i] != '\n')
            b->p[i] = 'x';
}

static void without_secrets(struct pl_worker *w, const struct pl_spot *at, struct pl_str bytes,
                            struct pl_buf *ret)
{
    const struct pl_text t = {
        .p = (const uint8_t *)bytes.p, .n = bytes.n, .to = bytes.n, .last = true, .path = at->path
    };
    struct pl_err err;
    pl_buf_putn(ret, bytes.p, bytes.n);
    if (bytes.n && (w->job.flags & PL_JOBF_SECRETS))
        pl_secret_scan(w->matcher, &t, on_secret, ret, &err);
}

static void send_text(struct pl_keepfeed *f, struct pl_worker *w, const struct pl_spot *at,
                      struct pl_str bytes)
{
    if (f->how == PL_KEEP_LIST) {
        pl_auto_buf struct pl_buf b = { 0 };
        pl_img_owned_cut(at->path, bytes, &b);
        pl_keep_fact(w, PL_FACT_TEXT, at->ordinal, 0, pl_buf_str(&b));
        return;
    }
    pl_auto_buf struct pl_buf b = { 0 };
    without_secrets(w, at, bytes, &b);
    pl_keep_fact(w, PL_FACT_TEXT, at->ordinal,
                 pl_str_starts(bytes, PL_S("#!")) ? PL_TRAIT_SCRIPT : 0, pl_buf_str(&b));
}

void pl_keepfeed_add(struct pl_keepfeed *f, struct pl_worker *w, const struct pl_spot *at,
                     struct pl_str window, size_t from, size_t to, bool last)
{
    struct pl_str bytes = pl_str_sub(window, from, to - from);
    struct pl_err err;
    if (f->how == PL_KEEP_NOTHING)
        return;
    if (f->how == PL_KEEP_STRINGS) {
        look_through(f, w, window, from, to);
        if (last)
            send_program(f, w, at);
    } else if (!f->over) {
        f->b.max = f->how == PL_KEEP_LIST ? PL_IMG_LIST_MAX : PL_IMG_TEXT_MAX;
        if ((!last || f->b.n) && pl_buf_add(&f->b, bytes.p, bytes.n, &err) < 0) {
            f->over = true; /* larger than it declared: nothing of it is used */
            pl_worker_note(w, PL_SCOPE_ENTRY, false, "limit", at->path, "too large to be followed");
        }
        if (last && !f->over)
            send_text(f, w, at, f->b.n ? pl_buf_str(&f->b) : bytes);
    }
    if (last) {
        pl_buf_release(&f->b);
        f->how = PL_KEEP_NOTHING;
    }
}
