/* Who signed: time, chain, transparency, identity, log, and the signature itself, in the order of
 * formats/signing.md section 9. */
/* SPDX-License-Identifier: Apache-2.0 */
#include <inttypes.h>

#include "base/cleanup.h"
#include "fmt/regex.h"
#include "sign/verify_int.h"

#define SECOND INT64_C(1000000000)

void pl_done(struct pl_verdict *v, enum pl_step_id id, struct pl_str detail)
{
    v->checks[id] = (struct pl_step){ PL_STATE_DONE, detail };
}

int pl_refuse(struct pl_verifying *s, enum pl_step_id id, int code, const struct pl_err *err)
{
    struct pl_str reason = pl_dup(s->a, pl_str_c(err->msg));
    s->v->checks[id] = (struct pl_step){ PL_STATE_FAILED, reason };
    s->v->reason = reason;
    s->v->code = code;
    s->v->ok = false;
    return code;
}

static void skip(struct pl_verdict *v, enum pl_step_id id, const char *why)
{
    v->checks[id] = (struct pl_step){ PL_STATE_SKIPPED, pl_str_c(why) };
}

static int add_time(struct pl_verifying *s, int64_t ns)
{
    if (s->n_times < PL_TIMES_MAX)
        s->times[s->n_times++] = ns;
    return 0;
}

/* ---- time stamps ---- */

static bool seen_before(const struct pl_bundle *b, size_t i)
{
    for (size_t k = 0; k < i; k++)
        if (pl_str_eq(b->timestamps[k], b->timestamps[i]))
            return true;
    return false;
}

/* Where there are stamps, at least one must hold; the others are of authorities we do not know. */
static int check_stamps(struct pl_verifying *s, struct pl_err *err)
{
    const struct pl_bundle *b = s->b;
    size_t held = 0;
    int r = 0;
    if (b->n_timestamps == 0)
        return 0;
    for (size_t i = 0; i < b->n_timestamps; i++) {
        int64_t ns;
        if (seen_before(b, i))
            continue;
        int q = pl_timestamp_verify(b->timestamps[i], b->signature, s->d->root, &ns, err);
        if (q == PL_E_LIMIT)
            return pl_refuse(s, PL_STEP_TIMESTAMP, q, err);
        if (q < 0) {
            r = q;
            continue;
        }
        held++;
        add_time(s, ns);
    }
    if (!held)
        return pl_refuse(s, PL_STEP_TIMESTAMP, r, err);
    pl_done(s->v, PL_STEP_TIMESTAMP, pl_printf(s->a, "%zu signed time stamps", held));
    return 0;
}

/* ---- transparency logs ---- */

/* When the entry was made, for the validity of the log's key. */
static bool log_valid(const struct pl_verifying *s, const struct pl_tlog_entry *e,
                      const struct pl_log *log)
{
    if (e->set.n)
        return pl_period_has(&log->valid, (int64_t)e->integrated_s * SECOND);
    for (size_t i = 0; i < s->n_times; i++)
        if (pl_period_has(&log->valid, s->times[i]))
            return true;
    return s->n_times == 0 && pl_period_has(&log->valid, s->d->now_ns);
}

static int check_promise(struct pl_verifying *s, const struct pl_tlog_entry *e,
                         const struct pl_log *log, struct pl_err *err)
{
    if (e->set.n == 0)
        return 0;
    if (e->integrated_s > INT64_MAX / SECOND || (int64_t)e->integrated_s * SECOND > s->d->now_ns)
        return pl_fail(err, PL_E_SIG, "log entry of a time that is still to come");
    int r = pl_tlog_promise_check(e, log, err);
    return r < 0 ? r : add_time(s, (int64_t)e->integrated_s * SECOND);
}

static int check_entry(struct pl_verifying *s, const struct pl_tlog_entry *e,
                       const struct pl_log *log, struct pl_err *err)
{
    struct pl_logged about = {
        .sig = s->b->signature,
        .material = s->cert ? pl_cert_der(s->cert) : pl_pubkey_der(s->key),
        .cert = s->cert != NULL,
        .message = s->message,
        .envelope = s->b->dsse ? &s->b->envelope : NULL,
    };
    bool pss = false;
    int r = pl_tlog_body_check(e, &about, &pss, err);
    if (r == 0)
        r = check_promise(s, e, log, err);
    if (r == 0 && !log_valid(s, e, log))
        r = pl_fail(err, PL_E_SIG, "key of the log was not valid at the time of signing");
    if (r < 0)
        return pl_refuse(s, PL_STEP_TLOG, r, err);
    s->pss |= pss;
    if (!e->has_proof)
        return 0;
    r = pl_tlog_proof_check(e, log, err);
    if (r < 0)
        return pl_refuse(s, PL_STEP_INCLUSION, r, err);
    pl_done(s->v, PL_STEP_INCLUSION,
            pl_printf(s->a, "entry %" PRIu64 " of %" PRIu64, e->proof_index, e->tree_size));
    return 0;
}

/* The root's log of an entry: one whose key was valid then, where several share an id. */
static const struct pl_log *find_log(const struct pl_verifying *s, const struct pl_tlog_entry *e)
{
    const struct pl_root *root = s->d->root;
    const struct pl_log *found = NULL;
    for (size_t i = 0; i < root->n_tlogs; i++) {
        if (!pl_str_eq(root->tlogs[i].id, e->log_id))
            continue;
        if (!found || log_valid(s, e, &root->tlogs[i]))
            found = &root->tlogs[i];
    }
    return found;
}

/* Every entry of a log that we know must hold; at least one must be there when one is demanded. */
static int check_logs(struct pl_verifying *s, struct pl_err *err)
{
    const struct pl_bundle *b = s->b;
    const struct pl_log *log, *last = NULL;
    for (size_t i = 0; i < b->n_entries; i++) {
        log = find_log(s, &b->entries[i]);
        if (!log)
            continue;
        int r = check_entry(s, &b->entries[i], log, err);
        if (r < 0)
            return r;
        last = log;
        s->n_logged++;
    }
    if (s->n_logged) {
        pl_done(s->v, PL_STEP_TLOG, pl_dup(s->a, last->base_url));
    } else if (b->n_entries) {
        return pl_refuse(s, PL_STEP_TLOG,
                         pl_fail(err, PL_E_SIG, "log entry of a log that is not trusted"), err);
    }
    return 0;
}

static int check_records(struct pl_verifying *s, struct pl_err *err)
{
    const struct pl_demand *d = s->d;
    bool need = d->require_tlog || (d->by_identity && !d->ignore_tlog);
    int r = 0;
    if (!d->root || (d->ignore_tlog && !d->by_identity)) {
        if (s->b->n_timestamps)
            skip(s->v, PL_STEP_TIMESTAMP, "no trusted root was asked for");
        if (s->b->n_entries)
            skip(s->v, PL_STEP_TLOG, "no trusted root was asked for");
    } else {
        r = check_stamps(s, err);
        if (r == 0 && d->ignore_tlog && s->b->n_entries)
            skip(s->v, PL_STEP_TLOG, "switched off");
        else if (r == 0)
            r = check_logs(s, err);
    }
    if (r == 0 && need && !s->n_logged)
        return pl_refuse(s, PL_STEP_TLOG, pl_fail(err, PL_E_SIG, "no entry of a transparency log"),
                         err);
    return r;
}

/* ---- certificates ---- */

static int chain_at(const struct pl_verifying *s, int64_t at, const struct pl_cert **ret_issuer,
                    struct pl_err *err)
{
    const struct pl_root *root = s->d->root;
    struct pl_err why = { 0 };
    int r = pl_fail(err, PL_E_SIG, "the trusted root names no certificate authority");
    bool best = false;
    for (size_t i = 0; r < 0 && i < root->n_cas; i++) {
        r = pl_cert_chain(s->cert, &root->cas[i], at, PL_USE_CODE_SIGNING, ret_issuer, &why);
        /* of several authorities the one that issued it has the reason worth telling */
        bool mine = pl_str_eq(pl_cert_subject(root->cas[i].certs[0]), pl_cert_issuer(s->cert));
        if (r < 0 && (mine || !best))
            *err = why;
        best |= mine;
    }
    return r;
}

static int check_chain(struct pl_verifying *s, const struct pl_cert **ret_issuer,
                       struct pl_err *err)
{
    int r = 0;
    if (s->n_times == 0)
        return pl_refuse(s, PL_STEP_CHAIN,
                         pl_fail(err, PL_E_SIG, "nothing proves the time of signing"), err);
    for (size_t i = 0; r == 0 && i < s->n_times; i++)
        r = chain_at(s, s->times[i], ret_issuer, err);
    if (r < 0)
        return pl_refuse(s, PL_STEP_CHAIN, r, err);
    pl_done(s->v, PL_STEP_CHAIN, PL_S("valid at the time of signing"));
    return 0;
}

static int check_sct(struct pl_verifying *s, const struct pl_cert *issuer, struct pl_err *err)
{
    const struct pl_root *root = s->d->root;
    const struct pl_log *log = NULL;
    if (s->d->ignore_sct) {
        skip(s->v, PL_STEP_SCT, "switched off");
        return 0;
    }
    int r = issuer ? pl_cert_logged(s->cert, issuer, root->ctlogs, root->n_ctlogs, &log, err)
                   : pl_fail(err, PL_E_SIG, "the certificate has no issuer");
    if (r < 0)
        return pl_refuse(s, PL_STEP_SCT, r, err);
    pl_done(s->v, PL_STEP_SCT, pl_dup(s->a, log->base_url));
    return 0;
}

static bool whole_match(const struct pl_regex *re, struct pl_str s)
{
    struct pl_regex_group g;
    return pl_regex_search(re, s.p, s.n, 0, s.n, /* anchored= */ true, &g, 1) && g.len == s.n;
}

static bool matches(struct pl_str have, struct pl_str want, const struct pl_regex *re)
{
    return want.p ? pl_str_eq(have, want) : !re || whole_match(re, have);
}

static bool issuer_matches(const struct pl_demand *d, const struct pl_identity *id)
{
    if (!id->issuer.p && !id->issuer_raw.p)
        return false;
    return (!id->issuer.p || matches(id->issuer, d->issuer, d->issuer_re)) &&
           (!id->issuer_raw.p || matches(id->issuer_raw, d->issuer, d->issuer_re));
}

static int check_identity(struct pl_verifying *s, struct pl_err *err)
{
    struct pl_identity id;
    struct pl_str name = { 0 };
    int r = pl_cert_identity(s->cert, &id, err);
    if (r < 0)
        return pl_refuse(s, PL_STEP_IDENTITY, r, err);
    for (size_t i = 0; i < id.n_names && !name.p; i++)
        if (matches(id.names[i], s->d->identity, s->d->identity_re))
            name = id.names[i];
    s->v->issuer = pl_dup(s->a, id.issuer.p ? id.issuer : id.issuer_raw);
    s->v->subject = pl_dup(s->a, name.p ? name : id.n_names ? id.names[0] : PL_S(""));
    if (!name.p)
        r = pl_fail(err, PL_E_SIG, "the certificate is another's identity");
    else if (!issuer_matches(s->d, &id))
        r = pl_fail(err, PL_E_SIG, "the identity is of another issuer");
    if (r < 0)
        return pl_refuse(s, PL_STEP_IDENTITY, r, err);
    pl_done(s->v, PL_STEP_IDENTITY, s->v->subject);
    return 0;
}

/* The certificates a bundle brings: the signer's is used, a root among them is refused. */
static int read_certs(struct pl_verifying *s, struct pl_err *err)
{
    for (size_t i = 0; i < s->b->n_certs; i++) {
        struct pl_cert *c = NULL;
        int r = pl_cert_parse(s->b->certs[i], &c, err);
        if (r == 0 && pl_cert_self_signed(c))
            r = pl_fail(err, PL_E_SIG, "a self-signed certificate is brought along");
        if (r == 0 && i == 0)
            s->cert = pl_steal(&c);
        pl_cert_free(c);
        if (r < 0)
            return pl_refuse(s, PL_STEP_CHAIN, r, err);
    }
    return 0;
}

static int check_signature(struct pl_verifying *s, const struct pl_pubkey *key, struct pl_err *err)
{
    int r = pl_pubkey_verify(key, s->message, s->b->signature, s->pss, err);
    s->v->key_name = pl_dup(s->a, pl_str_c(pl_pubkey_name(key))).p;
    s->v->key_id = pl_pubkey_id_text(key, s->a);
    if (r == 0)
        pl_done(s->v, PL_STEP_SIGNATURE, pl_str_c(s->v->key_name));
    return r;
}

static int by_certificate(struct pl_verifying *s, struct pl_err *err)
{
    const struct pl_cert *issuer = NULL;
    const struct pl_pubkey *key;
    if (s->b->public_key)
        return pl_refuse(s, PL_STEP_IDENTITY,
                         pl_fail(err, PL_E_SIG, "signed by a key, not by an identity"), err);
    int r = read_certs(s, err);
    if (r == 0)
        r = check_records(s, err);
    if (r == 0)
        r = check_chain(s, &issuer, err);
    if (r == 0)
        r = check_sct(s, issuer, err);
    if (r == 0)
        r = check_identity(s, err);
    if (r < 0)
        return r;
    if ((r = pl_cert_key(s->cert, &key, err)) == 0)
        r = check_signature(s, key, err);
    return r < 0 ? pl_refuse(s, PL_STEP_SIGNATURE, r, err) : 0;
}

/* The first of the keys under which the signature holds; the log must then be about that key. */
static int by_key(struct pl_verifying *s, struct pl_err *err)
{
    int r = PL_E_SIG;
    if (!s->b->public_key && s->b->n_certs)
        return pl_refuse(s, PL_STEP_SIGNATURE,
                         pl_fail(err, PL_E_SIG, "signed by a certificate, not by a key"), err);
    for (size_t i = 0; r < 0 && i < s->d->n_keys; i++) {
        s->key = s->d->keys[i];
        r = check_signature(s, s->key, err);
        if (r < 0 && r != PL_E_SIG && r != PL_E_UNSUP)
            break;
    }
    if (r < 0)
        return pl_refuse(s, PL_STEP_SIGNATURE, r, err);
    return check_records(s, err);
}

int pl_verify_signer(struct pl_verifying *s, struct pl_err *err)
{
    return s->d->by_identity ? by_certificate(s, err) : by_key(s, err);
}

void pl_verifying_release(struct pl_verifying *s)
{
    pl_cert_free(s->cert);
    s->cert = NULL;
}
