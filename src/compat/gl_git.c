/* Git history for the gitleaks personality: the hunks that git shows, one fragment each.
 * secrets.md section 4.3. */
/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/limits.h"
#include "compat/gl_chunk.h"
#include "compat/gl_patch.h"
#include "compat/gl_scan.h"
#include "source/git.h"

#define READ_AHEAD (1u << 20)
#define ZERO_DATE "0001-01-01T00:00:00Z"
#define MAX_BLOB PL_GIB(1)

struct history {
    struct pl_gl_scan *s;
    const char *repo;
    bool archives;
    struct pl_gl_commit *commit; /* the one whose hunks are being read */
    struct pl_buf work;
};

static struct pl_str date_of(struct pl_arena *a, const struct pl_patch_commit *c)
{
    struct tm tm;
    time_t t = (time_t)c->time;
    char text[64];
    if (!c->has_time || !gmtime_r(&t, &tm) ||
        !strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%SZ", &tm))
        return PL_S(ZERO_DATE);
    return pl_dup(a, pl_str_c(text));
}

/* What findings point at, made once for each commit that has something added. */
static const struct pl_gl_commit *commit_of(struct history *h, const struct pl_patch_commit *c)
{
    static const struct pl_gl_commit none = { .date = { ZERO_DATE, sizeof ZERO_DATE - 1 } };
    struct pl_arena *a = &h->s->commit_arena;
    if (!c || !c->id.n)
        return &none; /* index or working tree */
    if (h->commit && pl_str_eq(h->commit->sha, c->id))
        return h->commit;
    h->commit = PL_NEW(a, struct pl_gl_commit);
    h->commit->sha = pl_dup(a, c->id);
    h->commit->author = pl_dup(a, c->author);
    h->commit->email = pl_dup(a, c->email);
    h->commit->message = pl_dup(a, c->message);
    h->commit->date = date_of(a, c);
    h->s->commits++;
    return h->commit;
}

/* A binary file with an archive's name, read whole, in memory. */
static void scan_blob(struct history *h, const struct pl_patch_part *p,
                      const struct pl_gl_commit *c)
{
    struct pl_err err = { 0 };
    pl_auto_fd int fd = memfd_create("blob", MFD_CLOEXEC);
    struct pl_feed *feed = pl_git_blob_feed(h->repo, c ? c->sha : PL_S(""), p->path, &err);
    int r = !feed ? err.code : fd < 0 ? pl_fail(&err, PL_E_IO, "no memory file") : 0;
    struct pl_buf *b = &h->work;
    for (uint64_t total = 0; r >= 0;) {
        size_t got = 0;
        pl_buf_clear(b);
        void *to = pl_buf_room(b, READ_AHEAD, &err);
        r = to ? feed->read(feed, to, READ_AHEAD, &got, &err) : err.code;
        if (r == 0 && got == 0)
            break;
        total += got;
        if (r >= 0 && total > MAX_BLOB)
            r = pl_fail(&err, PL_E_LIMIT, "larger than %llu bytes", (unsigned long long)MAX_BLOB);
        if (r >= 0 && got && write(fd, to, got) != (ssize_t)got)
            r = pl_fail_errno(&err, PL_E_IO, errno, "memory file");
    }
    if (feed)
        feed->close(feed);
    if (r < 0 || lseek(fd, 0, SEEK_SET) < 0)
        pl_gl_scan_unread(h->s, p->path, err.msg);
    else
        pl_gl_scan_fd(h->s, h->s->workers[0], fd, p->path, PL_S(""), c, b);
}

static int on_part(void *arg, const struct pl_patch_part *p)
{
    struct history *h = arg;
    struct pl_gl_worker *w = h->s->workers[0];
    if (p->binary && !(h->archives && pl_gl_archive_name(p->path) != PL_GL_PLAIN))
        return 0;
    const struct pl_gl_commit *c = commit_of(h, p->commit);
    if (p->binary) {
        scan_blob(h, p, c);
        return 0;
    }
    if (p->cut)
        pl_gl_scan_unread(h->s, p->path, "a hunk is too long and was searched in pieces");
    struct pl_gl_fragment f = {
        .raw = p->text, .path = p->path, .start_line = p->line, .commit = c
    };
    return pl_gl_scan_fragment(h->s, w, &f) ? 0 : 1;
}

int pl_gl_scan_git(struct pl_gl_scan *s, const char *path, bool diff, bool staged,
                   struct pl_err *err)
{
    struct pl_git_cmd cmd = { .repo = path, .show = PL_GIT_LOG };
    struct history h = { .s = s, .repo = path, .archives = s->flags->archive_depth > 0 };
    PL_VEC(const char *) words = { 0 };
    struct pl_arena a = { 0 };
    struct pl_str rest = pl_str_c(s->flags->log_opts), one;
    if (diff)
        cmd.show = staged ? PL_GIT_STAGED : PL_GIT_WORKTREE;
    while (!diff && rest.n && pl_str_split(&rest, ' ', &one))
        pl_vec_push(&words, pl_dup(&a, one).p);
    cmd.opts = words.p;
    cmd.n_opts = words.n;
    struct pl_feed *feed = pl_git_cmd_feed(&cmd, err);
    int r = feed ? 0 : err->code;
    if (r >= 0)
        r = pl_gl_patch_read(pl_git_cmd_fd(feed), on_part, &h, err);
    if (feed && !s->late) { /* how did git end? Its reason comes before a text cut short */
        struct pl_err reason = { 0 };
        char more;
        size_t got;
        if (feed->read(feed, &more, 1, &got, &reason) < 0) {
            *err = reason;
            r = reason.code;
        }
    }
    if (feed)
        feed->close(feed);
    if (r > 0) /* stopped because the time was over */
        r = 0;
    pl_buf_release(&h.work);
    pl_vec_release(&words);
    pl_arena_release(&a);
    return r;
}
