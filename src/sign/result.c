/* Results of our own as predicates. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "sign/result.h"

#include <time.h>

#include "base/clock.h"
#include "base/limits.h"
#include "fmt/json.h"
#include "fmt/jsonedit.h"
#include "fmt/jsonw.h"
#include "sign/statement.h"

static void put_time(struct pl_jsonw *w, const char *key, int64_t seconds)
{
    char text[24];
    pl_clock_utc(seconds, text);
    pl_jw_kcstr(w, key, text);
}

bool pl_result_is(struct pl_str uri)
{
    return pl_str_starts(uri, PL_S(PL_PREDICATE_OURS)) || pl_str_is(uri, PL_PREDICATE_VULN);
}

/* Is `digest` the image, or a child of it? */
static bool belongs(const struct pl_result_about *w, struct pl_str digest)
{
    struct pl_limits lim;
    struct pl_json *root = NULL;
    bool found = pl_str_eq(digest, w->digest);
    pl_limits_init(&lim);
    if (!found && pl_json_parse(w->manifest, (unsigned)lim.depth, &root, NULL) == 0) {
        const struct pl_json *items = pl_json_get(root, "manifests");
        for (size_t i = 0; !found && i < pl_json_len(items); i++)
            found = pl_str_eq(pl_json_str(pl_json_get(pl_json_at(items, i), "digest")), digest);
    }
    pl_json_free(root);
    return found;
}

/* A scan of one image is no statement about another. */
static int check_about(const struct pl_result_about *w, const struct pl_json *root,
                       struct pl_err *err)
{
    const struct pl_json *targets = pl_json_get(root, "targets");
    for (size_t i = 0; w->digest.p && i < pl_json_len(targets); i++) {
        struct pl_str digest = pl_json_str(pl_json_get(pl_json_at(targets, i), "digest"));
        if (digest.n && !belongs(w, digest))
            return pl_fail(err, PL_E_SIG, "the result is of another image: %.*s", PL_FMT(digest));
    }
    return 0;
}

static void put_scanner(struct pl_jsonw *j, const struct pl_result_about *w,
                        const struct pl_json *root, struct pl_str json)
{
    const struct pl_json *tool = pl_json_get(root, "tool"), *db = pl_json_get(tool, "db");
    struct pl_str version = pl_json_str(pl_json_get(tool, "version")),
                  rules = pl_json_str(pl_json_get(tool, "rules")),
                  digest = pl_json_str(pl_json_get(db, "digest")),
                  built = pl_json_str(pl_json_get(db, "built"));
    pl_jw_key(j, "scanner");
    pl_jw_obj(j);
    pl_jw_kcstr(j, "uri", "pkg:generic/plimsoll");
    pl_jw_kstr(j, "version", version.p ? version : pl_str_c(w->version));
    if (rules.n)
        pl_jw_kstr(j, "rules", rules);
    pl_jw_key(j, "db");
    pl_jw_obj(j);
    pl_jw_kcstr(j, "uri", "");
    pl_jw_kstr(j, "version", digest.p ? digest : PL_S(""));
    if (built.n)
        pl_jw_kstr(j, "lastUpdate", built);
    pl_jw_obj_end(j);
    pl_jw_obj_end(j);
    j->out->n--; /* the brace: the result comes in front of it, as it was */
    pl_buf_printf(j->out, ",\"result\":%.*s}", PL_FMT(json));
}

static void put_result(const struct pl_result_about *w, const struct pl_json *root,
                       struct pl_str json, struct pl_buf *out)
{
    struct pl_jsonw j = { .out = out };
    pl_jw_obj(&j);
    pl_jw_key(&j, "invocation");
    pl_jw_obj(&j);
    pl_jw_key(&j, "parameters");
    pl_jw_null(&j);
    pl_jw_kcstr(&j, "uri", "");
    pl_jw_kcstr(&j, "event_id", "");
    pl_jw_kcstr(&j, "builder.id", "");
    pl_jw_obj_end(&j);
    put_scanner(&j, w, root, json);
    pl_jw_key(&j, "metadata");
    pl_jw_obj(&j);
    put_time(&j, "scanStartedOn", w->begin_s);
    put_time(&j, "scanFinishedOn", w->end_s);
    pl_jw_obj_end(&j);
    pl_jw_obj_end(&j);
}

/* A CycloneDX document without a time gets one. */
static int put_bill(const struct pl_result_about *w, const struct pl_json *root, struct pl_str json,
                    struct pl_buf *out, struct pl_err *err)
{
    pl_auto_buf struct pl_buf text = { 0 };
    struct pl_jsonw j = { .out = &text };
    const struct pl_json *meta = pl_json_get(root, "metadata");
    if (!meta || pl_json_get(meta, "timestamp"))
        return pl_buf_add(out, json.p, json.n, err);
    pl_jw_obj(&j);
    put_time(&j, "timestamp", w->end_s);
    struct pl_jsonedit edit = { .op = PL_JSONEDIT_INSERT,
                                .pointer = PL_S("/metadata"),
                                .text = pl_str_sub(pl_buf_str(&text), 1, text.n) };
    return pl_jsonedit(json, &edit, 1, NULL, NULL, 64, out, err);
}

int pl_result_predicate(const struct pl_result_about *w, struct pl_str json, struct pl_buf *out,
                        struct pl_err *err)
{
    struct pl_limits lim;
    struct pl_json *root = NULL;
    pl_limits_init(&lim);
    json = pl_str_trim(json);
    int r = pl_json_parse(json, (unsigned)lim.depth - 8, &root, err);
    if (r == 0 && pl_json_type(root) != PL_JSON_OBJECT)
        r = pl_fail(err, PL_E_FORMAT, "a result is one JSON object");
    if (r == 0)
        r = check_about(w, root, err);
    if (r == 0 && pl_result_is(w->uri))
        put_result(w, root, json, out);
    else if (r == 0 && pl_str_is(w->uri, PL_PREDICATE_CYCLONEDX))
        r = put_bill(w, root, json, out, err);
    else if (r == 0)
        r = pl_buf_add(out, json.p, json.n, err);
    pl_json_free(root);
    return r;
}
