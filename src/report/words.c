/* Sentences, places and sizes for formats made for people. ux.md sections 2 and 7. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "report/words.h"

#include <inttypes.h>
#include <time.h>

#define ELLIPSIS "\xE2\x80\xA6"

const struct pl_layer_info *pl_layer_at(const struct pl_target *t, uint32_t index)
{
    if (index < t->n_layers && t->layers[index].index == index)
        return &t->layers[index];
    for (size_t i = 0; i < t->n_layers && index != PL_NEVER; i++)
        if (t->layers[i].index == index)
            return &t->layers[i];
    return NULL;
}

/* How a finding on each surface is put; NULL: by its span. */
static const char *const on_surface[PL_SURF_COUNT] = {
    [PL_SURF_ENV] = " in the environment of every container",
    [PL_SURF_LABEL] = " in a label of the image",
    [PL_SURF_CMD] = " in the default command",
    [PL_SURF_ENTRYPOINT] = " in the entrypoint",
    [PL_SURF_HEALTHCHECK] = " in the health check",
    [PL_SURF_ONBUILD] = " in an instruction for builds on top (ONBUILD)",
    [PL_SURF_CONFIG] = " in the image configuration",
    [PL_SURF_HISTORY] = " in the build history, readable without pulling a layer",
    [PL_SURF_ANNOTATION] = " in an annotation",
    [PL_SURF_DESCRIPTOR] = " in data embedded in a descriptor",
    [PL_SURF_ATTESTATION] = " in an attestation of the build",
    [PL_SURF_REFERRER] = " in an artifact attached to the image",
    [PL_SURF_TAR_TRAILER] = " in padding of a layer's archive, outside every file",
    [PL_SURF_TAR_HEADER] = " in the archive header of a file",
    [PL_SURF_GZIP_HEADER] = " in the compression framing of a layer",
    [PL_SURF_ORPHAN_BLOB] = " in a blob that no manifest names",
    [PL_SURF_INDEX] = " in the image index",
};

static const char *of_span(const struct pl_span *s)
{
    switch (s->how) {
    case PL_HOW_WHITEOUT:
        return " in a deleted file, still downloadable";
    case PL_HOW_OPAQUE:
        return " in a file of an emptied directory, still downloadable";
    case PL_HOW_OVERWRITE:
        return " in an overwritten version of a file, still downloadable";
    case PL_HOW_DUPLICATE:
        return " in a file that its own layer overwrites, still downloadable";
    case PL_HOW_REPLACED:
        return " in a file that was replaced, still downloadable";
    case PL_HOW_NONE:
        break;
    }
    return s->visible ? " in a file" : " in a file outside the final file system";
}

/* What is special about the place; "" for other kinds than secrets. */
static struct pl_str place_of(const struct pl_target *t, const struct pl_finding *f)
{
    if (f->kind != PL_KIND_SECRET)
        return PL_S("");
    if (f->commit)
        return pl_str_c(f->where.surface == PL_SURF_HISTORY ? " in the message of a commit or tag"
                        : f->span.visible
                            ? " in a file"
                            : " in an earlier version of a file, still in the history");
    const char *where = f->where.surface < PL_SURF_COUNT ? on_surface[f->where.surface] : NULL;
    if (!where)
        where = of_span(&f->span);
    if (t->n_layers && !strcmp(where, " in a file"))
        where = " in a file of the image";
    return pl_str_c(where);
}

void pl_say_title(struct pl_buf *out, const struct pl_target *t, const struct pl_finding *f)
{
    struct pl_str title = f->title.n ? f->title : f->rule, place = place_of(t, f);
    pl_buf_putn(out, title.p, title.n);
    pl_buf_putn(out, place.p, place.n);
}

struct pl_str pl_bare_title(const struct pl_target *t, const struct pl_finding *f)
{
    struct pl_str place = place_of(t, f);
    bool said = place.n && pl_str_ends(f->title, place);
    return said ? pl_str_sub(f->title, 0, f->title.n - place.n) : f->title;
}

void pl_say_place(struct pl_buf *out, const struct pl_finding *f)
{
    const struct pl_where *w = &f->where;
    if (f->vuln || f->kind == PL_KIND_TRUST) { /* of a package: no offset, members in the path */
        pl_buf_putn(out, w->path.p, w->path.n);
        return;
    }
    if (f->commit && w->surface == PL_SURF_HISTORY) {
        pl_buf_puts(out, "message of ");
    } else if (w->surface != PL_SURF_FILE) {
        pl_buf_puts(out, pl_surface_name(w->surface));
        if (w->path.n)
            pl_buf_putc(out, ' ');
    }
    if (w->path.n)
        pl_buf_putn(out, w->path.p, w->path.n);
    for (size_t i = 0; i < w->nested.n; i++) {
        pl_buf_putc(out, '!');
        pl_buf_putn(out, w->nested.p[i].p, w->nested.p[i].n);
    }
    if (w->line && w->col)
        pl_buf_printf(out, ":%" PRIu32 ":%" PRIu32, w->line, w->col);
    else if (w->line)
        pl_buf_printf(out, ":%" PRIu32, w->line);
    else if (w->surface == PL_SURF_FILE ||
             (w->surface >= PL_SURF_TAR_TRAILER && w->surface <= PL_SURF_ORPHAN_BLOB))
        pl_buf_printf(out, ", byte %" PRIu64, w->off);
}

void pl_say_commit(struct pl_buf *out, const struct pl_commit *c)
{
    struct pl_str id = pl_str_sub(c->id, 0, 12), day = pl_str_sub(c->date, 0, 10);
    pl_buf_putn(out, id.p, id.n);
    if (day.n)
        pl_buf_printf(out, "  %.*s", PL_FMT(day));
    if (c->author.n || c->email.n)
        pl_buf_printf(out, "  %.*s <%.*s>", PL_FMT(pl_str_sub(c->author, 0, 200)),
                      PL_FMT(pl_str_sub(c->email, 0, 200)));
    if (c->versions > 1)
        pl_buf_printf(out, "  (and %" PRIu32 " further version%s of the file)", c->versions - 1,
                      c->versions == 2 ? "" : "s");
}

const char *pl_say_visible(const struct pl_target *t, const struct pl_finding *f)
{
    bool file = f->where.surface == PL_SURF_FILE;
    if (f->commit)
        return f->span.visible ? "yes: in a branch head"
               : file          ? "no: in no branch head, present in every clone"
                               : "no: shown by git log, present in every clone";
    if (f->span.visible && file)
        return t->n_layers ? "yes: in the final file system, present in every container" : "yes";
    if (f->span.visible)
        return "yes: in effect in every container";
    if (file)
        return "no: absent from the final file system, present in every pull";
    if (f->where.surface == PL_SURF_ORPHAN_BLOB)
        return "no: in no image, served by its digest";
    return "no: without effect in a container, present in every pull";
}

const char *pl_say_rotate(const struct pl_target *t, const struct pl_finding *f, bool has_scrub)
{
    if (f->kind != PL_KIND_SECRET || f->severity < PL_SEV_MEDIUM)
        return NULL;
    if (!t->n_layers)
        return "anyone who could read this has the secret. Revoke it first; taking it out of the "
               "file does not undo a leak.";
    return has_scrub
               ? "anyone who could pull the image has this secret. Revoke it first; scrubbing "
                 "does not undo a leak."
               : "anyone who could pull the image has this secret. Revoke it first; a rebuilt "
                 "image does not undo a leak.";
}

/* Cuts `s` behind the first `mark`, when there is one. */
static bool behind(struct pl_str *s, struct pl_str mark)
{
    size_t at = pl_str_find(*s, mark, 0);
    if (at == SIZE_MAX)
        return false;
    *s = pl_str_sub(*s, at + mark.n, s->n);
    return true;
}

struct pl_str pl_say_instruction(struct pl_arena *a, struct pl_str created_by)
{
    struct pl_str s = pl_str_trim(created_by);
    if (pl_str_ends(s, PL_S(" # buildkit")))
        s = pl_str_trim(pl_str_sub(s, 0, s.n - strlen(" # buildkit")));
    if (pl_str_starts(s, PL_S("/bin/sh -c #(nop)")))
        return pl_str_trim(pl_str_sub(s, strlen("/bin/sh -c #(nop)"), s.n));
    bool shell = pl_str_starts(s, PL_S("RUN /bin/sh -c ")) || pl_str_starts(s, PL_S("/bin/sh -c "));
    bool args = pl_str_starts(s, PL_S("RUN |")) || pl_str_starts(s, PL_S("|"));
    if (!shell && !args)
        return s;
    struct pl_str rest = s;
    if (!behind(&rest, PL_S("/bin/sh -c ")))
        return s;
    rest = pl_str_trim(rest);
    return pl_printf(a, "RUN %.*s", (int)(rest.n < INT32_MAX ? rest.n : INT32_MAX), rest.p);
}

struct pl_str pl_say_digest(struct pl_arena *a, struct pl_str digest)
{
    const char *colon = digest.n ? memchr(digest.p, ':', digest.n) : NULL;
    size_t head = colon ? (size_t)(colon - digest.p) + 1 : 0;
    if (!colon || digest.n < head + 16)
        return digest;
    return pl_printf(a, "%.*s" ELLIPSIS, (int)(head + 8), digest.p);
}

void pl_say_layer(struct pl_buf *out, struct pl_arena *a, const struct pl_layer_info *l)
{
    pl_buf_printf(out, "layer %" PRIu32, l->index);
    if (!l->has_created_by)
        return;
    struct pl_str s = pl_say_instruction(a, l->created_by);
    pl_buf_puts(out, " (");
    pl_buf_putn(out, s.p, s.n < 120 ? s.n : 80);
    if (s.n >= 120) {
        pl_buf_puts(out, ELLIPSIS);
        pl_buf_putn(out, s.p + s.n - 40, 40);
    }
    pl_buf_putc(out, ')');
}

void pl_say_history(struct pl_buf *out, struct pl_arena *a, const struct pl_target *t,
                    const struct pl_finding *f)
{
    const struct pl_layer_info *in = pl_layer_at(t, f->span.introduced);
    const struct pl_layer_info *by = pl_layer_at(t, f->span.hidden);
    if (!in && !by && f->origin.n) {
        pl_buf_puts(out, "Introduced by ");
        pl_buf_putn(out, f->origin.p, f->origin.n);
        pl_buf_putc(out, '.');
    }
    if (!in && !by)
        return;
    pl_buf_puts(out, in ? "Introduced by " : "Hidden by ");
    pl_say_layer(out, a, in ? in : by);
    if (in && by) {
        pl_buf_puts(out, ", hidden by ");
        pl_say_layer(out, a, by);
    }
    if (by)
        pl_buf_printf(out, ": %s", pl_how_name(f->span.how));
    pl_buf_putc(out, '.');
}

unsigned pl_kind_cwe(enum pl_kind k)
{
    switch (k) {
    case PL_KIND_SECRET:
        return 798; /* hard-coded credentials */
    case PL_KIND_VULNERABILITY:
        return 1395; /* dependency on a vulnerable component */
    case PL_KIND_TRUST:
        return 345; /* authenticity not verified */
    case PL_KIND_MALWARE:
        return 506; /* embedded malicious code */
    case PL_KIND_CONFIG:
    case PL_KIND_DOCKERFILE:
        break;
    }
    return 1188; /* insecure default */
}

struct pl_str pl_say_time(struct pl_arena *a, int64_t ns)
{
    time_t s = (time_t)(ns / 1000000000);
    struct tm tm;
    char text[32];
    if (!gmtime_r(&s, &tm) || !strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%S", &tm))
        return PL_S("1970-01-01T00:00:00");
    return pl_dup(a, pl_str_c(text));
}

static const char *const units[] = { "B", "kB", "MB", "GB", "TB", "PB", "EB" };

/* Divides by thousands until it reads well; the unit in *ret_unit. */
static double scaled(uint64_t bytes, size_t *ret_unit)
{
    double v = (double)bytes;
    size_t u = 0;
    while (v >= 999.5 && u + 1 < sizeof units / sizeof units[0]) {
        v /= 1000;
        u++;
    }
    *ret_unit = u;
    return v;
}

static int digits(double v, size_t unit)
{
    return unit && v < 9.95 ? 1 : 0;
}

struct pl_str pl_say_size(struct pl_arena *a, uint64_t bytes)
{
    size_t u = 0;
    double v = scaled(bytes, &u);
    return pl_printf(a, "%.*f %s", digits(v, u), v, units[u]);
}

/* "0.2 of 212 MB": both numbers in the unit of the larger one. */
static void say_part(struct pl_buf *out, uint64_t seen, uint64_t claimed)
{
    size_t u = 0;
    scaled(claimed > seen ? claimed : seen, &u);
    double part = (double)seen, all = (double)claimed;
    for (size_t i = 0; i < u; i++) {
        part /= 1000;
        all /= 1000;
    }
    pl_buf_printf(out, "%.*f of %.*f %s", digits(part, u), part, digits(all, u), all, units[u]);
}

/* A saved result says whether all was read, not how much. */
static void say_uncounted(struct pl_buf *out, uint64_t layers, bool complete)
{
    if (layers)
        pl_buf_printf(out, "%s%" PRIu64 " layer%s", complete ? "" : "part of ", layers,
                      layers == 1 ? "" : "s");
    else
        pl_buf_puts(out, complete ? "everything" : "a part");
}

void pl_say_read(struct pl_buf *out, const struct pl_target *t, size_t n)
{
    uint64_t layers = 0, read = 0, claimed = 0, seen = 0, files = 0;
    bool uncounted = false, complete = true;
    for (size_t i = 0; i < n; i++) {
        layers += t[i].n_layers;
        read += t[i].layers_read;
        claimed += t[i].bytes_claimed;
        seen += t[i].bytes_read;
        files += t[i].files_read;
        uncounted |= t[i].uncounted;
        complete &= t[i].complete;
    }
    if (uncounted) {
        say_uncounted(out, layers, complete);
        return;
    }
    if (layers)
        pl_buf_printf(out, "%" PRIu64 " of %" PRIu64 " layer%s, ", read, layers,
                      layers == 1 ? "" : "s");
    else if (files)
        pl_buf_printf(out, "%" PRIu64 " file%s, ", files, files == 1 ? "" : "s");
    say_part(out, seen, claimed);
}

void pl_say_counts(struct pl_buf *out, const uint64_t count[PL_SEV_COUNT])
{
    for (int s = PL_SEV_CRITICAL; s >= (count[PL_SEV_INFO] ? PL_SEV_INFO : PL_SEV_LOW); s--)
        pl_buf_printf(out, "%s%" PRIu64 " %s", s == PL_SEV_CRITICAL ? "" : ", ", count[s],
                      pl_severity_name((enum pl_severity)s));
}
