/* A decision log from its first line to its last: every link checked. gates.md section 4. */
/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/base64.h"
#include "gate/log_int.h"

struct walk {
    const struct pl_pubkey *key;
    struct pl_gate_log_sum *sum;
    char prev[65];
    uint64_t n;
};

/* The line signs the one before it. */
static int check_head(struct walk *w, const struct pl_log_row *row, struct pl_arena *a,
                      struct pl_err *err)
{
    const struct pl_json *c = pl_json_get(row->root, "checkpoint");
    struct pl_str text = pl_json_str(pl_json_get(c, "sig"));
    size_t n = 0;
    struct pl_message m;
    if (!w->key)
        return 0;
    uint8_t *sig = pl_alloc(a, pl_base64_room(text.n) + 1);
    if (!text.n || pl_base64_decode(text, PL_BASE64_STD, sig, &n, NULL) < 0)
        return pl_fail(err, PL_E_SIG, "a head without a signature");
    pl_message_init(&m, pl_log_head_text(a, row->n - 1, row->prev));
    int r = pl_pubkey_verify(w->key, &m, pl_str_n(sig, n), /* pss= */ false, err);
    pl_message_release(&m);
    if (r < 0)
        return pl_fail(err, PL_E_SIG, "its head is not signed by this key");
    w->sum->heads++;
    w->sum->unsigned_tail = 0;
    return 0;
}

static int check_link(struct walk *w, const struct pl_log_row *row, struct pl_err *err)
{
    if (row->n != w->n + 1)
        return pl_fail(err, PL_E_SIG, "number %llu, where %llu is due: lines were removed or moved",
                       (unsigned long long)row->n, (unsigned long long)w->n + 1);
    if (!pl_str_is(row->prev, w->prev))
        return pl_fail(err, PL_E_SIG, "it does not follow the line before it");
    return 0;
}

static int one_line(struct walk *w, struct pl_str line,
                    int (*fn)(void *arg, const struct pl_gate_log_row *row, struct pl_err *err),
                    void *arg, struct pl_err *err)
{
    struct pl_arena a = { 0 };
    struct pl_log_row row = { 0 };
    struct pl_err why = { 0 };
    int r = pl_log_row_read(line, &a, &row, &why);
    bool head = r == 0 && pl_json_get(row.root, "checkpoint");
    w->sum->lines++;
    w->sum->unsigned_tail++;
    if (r == 0)
        r = check_link(w, &row, &why);
    if (r == 0 && head)
        r = check_head(w, &row, &a, &why);
    if (r < 0) {
        r = pl_fail(err, PL_E_SIG, "line %llu: %s", (unsigned long long)w->sum->lines, why.msg);
    } else {
        w->n = row.n;
        memcpy(w->prev, row.hash.p, 64);
        w->sum->decisions += !head;
        struct pl_gate_log_row x = { w->sum->lines, row.n, line, row.hash, head };
        r = fn ? fn(arg, &x, err) : 0;
    }
    pl_json_free(row.root);
    pl_arena_release(&a);
    return r;
}

int pl_gate_log_walk(const char *path, const struct pl_pubkey *key,
                     int (*fn)(void *arg, const struct pl_gate_log_row *row, struct pl_err *err),
                     void *arg, struct pl_gate_log_sum *ret, struct pl_err *err)
{
    struct walk w = { .key = key, .sum = ret };
    FILE *f = fopen(path, "re");
    char *line = NULL;
    size_t cap = 0;
    int r = 0;
    *ret = (struct pl_gate_log_sum){ 0 };
    snprintf(w.prev, sizeof w.prev, "%s", PL_LOG_ZEROS);
    if (!f)
        return pl_fail_errno(err, PL_E_USAGE, errno, "cannot open '%s'", path);
    for (ssize_t n; r == 0 && (n = getline(&line, &cap, f)) >= 0;) {
        if ((size_t)n > PL_LOG_LINE_MAX)
            r = pl_fail(err, PL_E_SIG, "line %llu: too long", (unsigned long long)ret->lines + 1);
        else if (n == 0 || line[n - 1] != '\n')
            r = pl_fail(err, PL_E_SIG, "line %llu: torn: it has no end",
                        (unsigned long long)ret->lines + 1);
        else
            r = one_line(&w, pl_str_n(line, (size_t)n - 1), fn, arg, err);
    }
    if (r == 0 && ferror(f))
        r = pl_fail_errno(err, PL_E_IO, errno, "cannot read '%s'", path);
    memcpy(ret->head, w.prev, sizeof ret->head);
    free(line);
    fclose(f);
    return r;
}
