/* In-toto statements (v0.1 and v1) and simple signing payloads. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "sign/statement.h"

#include "base/limits.h"
#include "sign/pb.h"

#define SUBJECTS_MAX 1024u
#define DIGESTS_MAX 32u

struct pl_str pl_predicate_uri(struct pl_str word)
{
    struct pl_str of = pl_predicate_word(word);
    bool uri = pl_str_find(word, PL_S("://"), 0) != SIZE_MAX || pl_str_starts(word, PL_S("urn:"));
    return of.n || !uri ? of : word;
}

bool pl_predicate_is(struct pl_str have, struct pl_str want)
{
    if (pl_str_is(want, "https://openvex.dev/ns") &&
        pl_str_is(have, "https://openvex.dev/ns/v0.2.0"))
        return true;
    return pl_str_eq(have, want);
}

static int check_subjects(const struct pl_json *list, struct pl_err *err)
{
    size_t n = pl_json_len(list);
    if (n == 0)
        return pl_fail(err, PL_E_FORMAT, "statement without subjects");
    for (size_t i = 0; i < n; i++) {
        const struct pl_json *d = NULL;
        int r = pl_pb_object(pl_json_at(list, i), "digest", &d, err);
        if (r < 0)
            return r;
        if (pl_json_len(d) == 0)
            return pl_fail(err, PL_E_FORMAT, "statement with a subject without digest");
        if (pl_json_len(d) > DIGESTS_MAX)
            return pl_fail(err, PL_E_LIMIT, "limit digests: more than %u of one subject",
                           DIGESTS_MAX);
    }
    return 0;
}

static int read_statement(struct pl_statement *s, struct pl_err *err)
{
    struct pl_str kind = { 0 };
    int r = pl_pb_str(s->root, "_type", &kind, err);
    if (r == 0 && !pl_str_is(kind, "https://in-toto.io/Statement/v1") &&
        !pl_str_is(kind, "https://in-toto.io/Statement/v0.1"))
        return pl_fail(err, PL_E_FORMAT, "statement of an unknown type");
    if (r == 0)
        r = pl_pb_str(s->root, "predicateType", &s->type, err);
    if (r == 0 && s->type.n == 0)
        return pl_fail(err, PL_E_FORMAT, "statement without predicateType");
    if (r == 0)
        r = pl_pb_array(s->root, "subject", SUBJECTS_MAX, &s->subjects, err);
    if (r == 0)
        r = pl_pb_get(s->root, "predicate", &s->predicate, err);
    return r < 0 ? r : check_subjects(s->subjects, err);
}

int pl_statement_parse(struct pl_str text, struct pl_statement *ret, struct pl_err *err)
{
    struct pl_limits lim;
    struct pl_statement s = { 0 };
    pl_limits_init(&lim);
    if (text.n > lim.statement)
        return pl_fail(err, PL_E_LIMIT, "limit statement: more than 16 MiB");
    int r = pl_json_parse(text, (unsigned)lim.depth, &s.root, err);
    if (r == 0)
        r = read_statement(&s, err);
    if (r < 0) {
        pl_statement_release(&s);
        return pl_wrap(err, "statement");
    }
    *ret = s;
    return 0;
}

void pl_statement_release(struct pl_statement *s)
{
    pl_json_free(s->root);
    *s = (struct pl_statement){ 0 };
}

/* 1: one of its digests is the message's and none is another's. */
static int subject_is(const struct pl_json *subject, struct pl_message *m, struct pl_err *err)
{
    const struct pl_json *digests = pl_json_get(subject, "digest");
    int found = 0;
    for (unsigned md = 0; md < PL_MD_COUNT; md++) {
        struct pl_str hex = pl_json_str(pl_json_get(digests, pl_md_name((enum pl_md)md))), have;
        char text[2 * PL_MD_MAX + 1];
        if (!hex.p)
            continue;
        int r = pl_message_digest(m, (enum pl_md)md, &have, err);
        if (r == PL_E_UNSUP)
            continue;
        if (r < 0)
            return r;
        pl_hex((const uint8_t *)have.p, have.n, text);
        if (!pl_str_is(hex, text))
            return 0;
        found = 1;
    }
    return found;
}

const struct pl_json *pl_statement_subject(const struct pl_statement *s, struct pl_message *m,
                                           int *ret_code, struct pl_err *err)
{
    for (size_t i = 0; i < pl_json_len(s->subjects); i++) {
        int r = subject_is(pl_json_at(s->subjects, i), m, err);
        *ret_code = r < 0 ? r : 0;
        if (r < 0)
            return NULL;
        if (r)
            return pl_json_at(s->subjects, i);
    }
    *ret_code = pl_fail(err, PL_E_SIG, "the statement is about something else");
    return NULL;
}

static int read_payload(struct pl_payload *p, struct pl_err *err)
{
    const struct pl_json *critical = NULL, *image = NULL, *identity = NULL;
    struct pl_str type = { 0 };
    int r = pl_pb_object(p->root, "critical", &critical, err);
    if (r == 0 && !critical)
        return pl_fail(err, PL_E_FORMAT, "no 'critical'");
    if (r == 0)
        r = pl_pb_str(critical, "type", &type, err);
    if (r == 0 && !pl_str_is(type, "cosign container image signature"))
        return pl_fail(err, PL_E_FORMAT, "type is not that of an image signature");
    if (r == 0)
        r = pl_pb_object(critical, "image", &image, err);
    if (r == 0 && image)
        p->digest = pl_json_str(pl_json_get(image, "docker-manifest-digest"));
    if (r == 0 && !p->digest.p)
        return pl_fail(err, PL_E_FORMAT, "no 'docker-manifest-digest'");
    if (r == 0)
        r = pl_pb_object(critical, "identity", &identity, err);
    if (r == 0 && identity)
        p->ref = pl_json_str(pl_json_get(identity, "docker-reference"));
    return r < 0 ? r : pl_pb_object(p->root, "optional", &p->optional, err);
}

int pl_payload_parse(struct pl_str text, struct pl_payload *ret, struct pl_err *err)
{
    struct pl_limits lim;
    struct pl_payload p = { 0 };
    pl_limits_init(&lim);
    if (text.n > PL_PAYLOAD_MAX)
        return pl_fail(err, PL_E_LIMIT, "limit payload: more than 1 MiB");
    int r = pl_json_parse(text, (unsigned)lim.depth, &p.root, err);
    if (r == 0)
        r = read_payload(&p, err);
    if (r < 0) {
        pl_payload_release(&p);
        return pl_wrap(err, "payload");
    }
    *ret = p;
    return 0;
}

void pl_payload_release(struct pl_payload *p)
{
    pl_json_free(p->root);
    *p = (struct pl_payload){ 0 };
}
