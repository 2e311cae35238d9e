/* The index of referrers under the fallback tag: read, add, put, read back; others' entries are
 * never dropped. registry.md section 10. */
/* SPDX-License-Identifier: Apache-2.0 */
#include <sys/random.h>
#include <time.h>

#include "base/hash.h"
#include "fmt/json.h"
#include "fmt/jsonedit.h"
#include "registry/registry_int.h"

#define ROUNDS 8u

#define EMPTY_INDEX                                                                   \
    "{\"schemaVersion\":2,\"mediaType\":\"application/vnd.oci.image.index.v1+json\"," \
    "\"manifests\":[]}"

/* Does the index list `d`? PL_E_FORMAT when it is none. */
static int lists(struct pl_str index, const struct pl_digest *d, bool *ret, struct pl_err *err)
{
    struct pl_json *root;
    struct pl_arena a = { 0 };
    int r = pl_json_parse(index, 64, &root, err);
    if (r < 0)
        return pl_wrap(err, "the index of referrers");
    struct pl_str text = pl_digest_text(&a, d);
    const struct pl_json *list = pl_json_get(root, "manifests");
    *ret = false;
    if (!list || pl_json_type(list) != PL_JSON_ARRAY)
        r = pl_fail(err, PL_E_FORMAT, "the index of referrers is no index");
    for (size_t i = 0; r == 0 && i < pl_json_len(list); i++)
        *ret |= pl_str_eq(pl_json_str(pl_json_get(pl_json_at(list, i), "digest")), text);
    pl_json_free(root);
    pl_arena_release(&a);
    return r;
}

/* One round; *ret_done when our descriptor is listed. */
static int add_once(struct pl_registry *r, struct pl_str repo, struct pl_str tag,
                    const struct pl_digest *d, struct pl_str descriptor, bool *ret_done,
                    struct pl_err *err)
{
    struct pl_arena a = { 0 };
    pl_auto_buf struct pl_buf next = { .max = 4u << 20 };
    struct pl_manifest m = { .bytes = PL_S(EMPTY_INDEX) };
    struct pl_digest of = { .set = true, .alg = PL_HASH_SHA256 };
    const struct pl_jsonedit add = { PL_JSONEDIT_INSERT, PL_S("/manifests"), descriptor };
    bool lost;
    int x = pl_registry_manifest(r, repo, tag, true, &a, &m, err);
    if (x == PL_E_NOENT)
        x = 0;
    if (x == 0)
        x = lists(m.bytes, d, ret_done, err);
    if (x == 0 && !*ret_done) {
        /* the bytes of others' entries stay as they are */
        x = pl_jsonedit(m.bytes, &add, 1, NULL, NULL, 64, &next, err);
        pl_sha256(next.p ? next.p : "", next.n, of.b);
        if (x == 0)
            x = pl_registry_put_if(r, repo, tag, PL_S("application/vnd.oci.image.index.v1+json"),
                                   pl_buf_str(&next), &of, m.etag, &lost, err);
    }
    pl_arena_release(&a);
    return x;
}

/* At least 0.2 s, longer and less alike from round to round. */
static void settle_down(unsigned round)
{
    uint32_t dice = 0;
    if (getrandom(&dice, sizeof dice, 0) != sizeof dice)
        dice = 0;
    long ms = 200 + (long)(dice % (150u * round));
    struct timespec t = { ms / 1000, ms % 1000 * 1000000 };
    nanosleep(&t, NULL);
}

int pl_referrers_add(struct pl_registry *r, struct pl_str repo, const struct pl_digest *subject,
                     const struct pl_digest *d, struct pl_str descriptor, struct pl_err *err)
{
    struct pl_arena a = { 0 };
    struct pl_str tag = pl_referrers_tag(&a, subject);
    bool done = false;
    int x = 0;
    for (unsigned n = 0; x == 0 && !done; n++) {
        if (n > ROUNDS) {
            x = pl_fail(err, PL_E_NET,
                        "other writers kept changing '%.*s': given up after %u times", PL_FMT(tag),
                        ROUNDS);
            break;
        }
        if (n) /* another writer that read before us may put after us: only then is it seen */
            settle_down(n);
        if (x == 0)
            x = add_once(r, repo, tag, d, descriptor, &done, err);
    }
    pl_arena_release(&a);
    return x;
}
