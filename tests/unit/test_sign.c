/* Keys, key files, DER, Merkle proofs, and what verification refuses. formats/signing.md sections
 * 2, 3, 10 and 12. */
/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "base/hash.h"
#include "fmt/der.h"
#include "sign/keyfile.h"
#include "sign/sodium.h"
#include "sign/statement.h"
#include "sign/store.h"
#include "sign/tlog.h"

static struct pl_privkey *make(const char *type)
{
    struct pl_privkey *k = NULL;
    struct pl_err err = { 0 };
    assert_int_equal(pl_privkey_generate(pl_str_c(type), &k, &err), 0);
    return k;
}

/* 0 when the bundle is accepted for `artifact` by `key`, else the code; *reason in `a`. */
static int check(const struct pl_pubkey *key, struct pl_str text, const char *artifact,
                 const char *type, struct pl_arena *a, struct pl_verdict *v)
{
    struct pl_demand d = { .keys = &key, .n_keys = 1, .any_type = !type };
    struct pl_message m;
    struct pl_err err = { 0 };
    if (type)
        d.type = pl_str_c(type);
    pl_message_init(&m, pl_str_c(artifact));
    pl_verdict_init(v, "file", "bundle");
    int r = pl_verify_bundle(&d, text, &m, a, v, &err);
    pl_message_release(&m);
    return r < 0 ? r : v->ok ? 0 : v->code;
}

static void signatures_of_every_key_hold_for_one_file_and_key_only(void **state)
{
    static const char *const types[] = { "ecdsa-p256", "ecdsa-p384", "ecdsa-p521", "ed25519" };
    struct pl_privkey *other = make("ecdsa-p256");
    (void)state;
    for (size_t i = 0; i < sizeof types / sizeof *types; i++) {
        struct pl_privkey *k = make(types[i]);
        struct pl_buf b = { 0 };
        struct pl_arena a = { 0 };
        struct pl_verdict v;
        struct pl_err err = { 0 };
        const struct pl_pubkey *pub = pl_privkey_public(k);
        assert_string_equal(pl_pubkey_name(pub), types[i]);
        assert_int_equal(pl_sign_blob(k, PL_S("hello"), &b, &err), 0);
        assert_int_equal(check(pub, pl_buf_str(&b), "hello", NULL, &a, &v), 0);
        assert_int_equal(v.checks[PL_STEP_SIGNATURE].state, PL_STATE_DONE);
        assert_int_equal(v.checks[PL_STEP_TLOG].state, PL_STATE_ABSENT);
        assert_int_equal(check(pub, pl_buf_str(&b), "hellO", NULL, &a, &v), PL_E_SIG);
        assert_int_equal(check(pl_privkey_public(other), pl_buf_str(&b), "hello", NULL, &a, &v),
                         PL_E_SIG);
        pl_arena_release(&a);
        pl_buf_release(&b);
        pl_privkey_free(k);
    }
    pl_privkey_free(other);
}

static void attestations_hold_for_their_type_and_subject_only(void **state)
{
    struct pl_privkey *k = make("ecdsa-p256");
    struct pl_buf b = { 0 };
    struct pl_arena a = { 0 };
    struct pl_verdict v;
    struct pl_err err = { 0 };
    const struct pl_pubkey *pub = pl_privkey_public(k);
    struct pl_sign_job j = { .key = k,
                             .predicate_type = PL_S("https://slsa.dev/provenance/v1"),
                             .predicate = PL_S("{}") };
    uint8_t sum[32];
    (void)state;
    pl_sha256("app", 3, sum);
    assert_int_equal(pl_attest_blob(&j, sum, PL_S("app"), &b, &err), 0);
    struct pl_str text = pl_buf_str(&b);
    assert_int_equal(check(pub, text, "app", NULL, &a, &v), 0);
    assert_true(v.attestation);
    assert_int_equal(check(pub, text, "app", "https://slsa.dev/provenance/v1", &a, &v), 0);
    assert_int_equal(check(pub, text, "app", "https://spdx.dev/Document", &a, &v), PL_E_SIG);
    assert_int_equal(check(pub, text, "ap", NULL, &a, &v), PL_E_SIG);
    /* where a signature is asked for, an attestation is none */
    struct pl_demand d = { .keys = &pub, .n_keys = 1 };
    struct pl_message m;
    pl_message_init(&m, PL_S("app"));
    pl_verdict_init(&v, "file", "bundle");
    assert_int_equal(pl_verify_bundle(&d, text, &m, &a, &v, &err), 0);
    assert_false(v.ok);
    assert_int_equal(v.checks[PL_STEP_TYPE].state, PL_STATE_FAILED);
    pl_message_release(&m);
    pl_arena_release(&a);
    pl_buf_release(&b);
    pl_privkey_free(k);
}

static void every_changed_byte_of_a_bundle_is_noticed(void **state)
{
    struct pl_privkey *k = make("ed25519");
    struct pl_buf b = { 0 };
    struct pl_verdict v;
    struct pl_err err = { 0 };
    (void)state;
    assert_int_equal(pl_sign_blob(k, PL_S("hello"), &b, &err), 0);
    size_t from = pl_str_find(pl_buf_str(&b), PL_S("\"signature\":\""), 0) + 13;
    for (size_t i = from; i + 3 < b.n; i++) {
        struct pl_arena a = { 0 };
        char was = b.p[i];
        b.p[i] = was == 'A' ? 'B' : 'A';
        assert_int_not_equal(check(pl_privkey_public(k), pl_buf_str(&b), "hello", NULL, &a, &v), 0);
        b.p[i] = was;
        pl_arena_release(&a);
    }
    pl_buf_release(&b);
    pl_privkey_free(k);
}

static void key_files_open_with_their_password_only(void **state)
{
    struct pl_privkey *k = make("ecdsa-p256"), *again = NULL;
    struct pl_buf b = { 0 };
    struct pl_err err = { 0 };
    (void)state;
    if (!pl_sodium_library()) {
        pl_privkey_free(k);
        skip();
    }
    assert_int_equal(pl_keyfile_write(k, PL_S("pass"), &b, &err), 0);
    assert_true(pl_keyfile_is(pl_buf_str(&b)));
    assert_int_equal(pl_keyfile_open(pl_buf_str(&b), PL_S("Pass"), &again, &err), PL_E_SIG);
    assert_null(again);
    assert_int_equal(pl_keyfile_open(pl_buf_str(&b), PL_S("pass"), &again, &err), 0);
    assert_true(
        pl_str_eq(pl_pubkey_der(pl_privkey_public(k)), pl_pubkey_der(pl_privkey_public(again))));
    pl_privkey_free(k);
    pl_privkey_free(again);
    pl_buf_release(&b);
}

static void der_is_read_in_its_shortest_form_only(void **state)
{
    struct pl_err err = { 0 };
    struct pl_der d;
    uint64_t v;
    int64_t ns;
    (void)state;
    struct pl_str s = PL_S("\x02\x01\x05\x04\x00");
    assert_int_equal(pl_der_next(&s, &d, &err), 0);
    assert_int_equal(pl_der_uint(d.body, &v, &err), 0);
    assert_int_equal(v, 5);
    assert_int_equal(pl_der_next(&s, &d, &err), 0);
    assert_int_equal(pl_der_end(s, "rest", &err), 0);
    assert_int_equal(pl_der_uint(PL_S("\x00\x05"), &v, &err), PL_E_FORMAT);
    assert_int_equal(pl_der_uint(PL_S("\xff"), &v, &err), PL_E_FORMAT);
    d = (struct pl_der){ PL_DER_UTC_TIME, PL_S("700101000001Z"), PL_S("") };
    assert_int_equal(pl_der_time(&d, &ns, &err), 0);
    assert_int_equal(ns, 1000000000);
    assert_true(pl_rfc3339_ns(PL_S("2022-10-31T23:59:59.999Z"), &ns));
    assert_int_equal(ns, INT64_C(1667260799999000000));
    assert_true(pl_rfc3339_ns(PL_S("1970-01-01T01:00:00+01:00"), &ns));
    assert_int_equal(ns, 0);
    assert_false(pl_rfc3339_ns(PL_S("2023-02-29T00:00:00Z"), &ns));
    assert_true(pl_rfc3339_ns(PL_S("9999-12-31T23:59:59Z"), &ns));
    assert_int_equal(ns, INT64_MAX);
}

/* A tree of `size` leaves, each its own number; the path of leaf `at` by the recursive definition.
 */
static void tree(uint64_t from, uint64_t size, uint64_t at, uint8_t root[32], uint8_t path[][32],
                 size_t *n)
{
    uint8_t left[32], right[32], buf[65] = { 1 };
    if (size == 1) {
        char leaf = (char)from;
        pl_merkle_leaf(pl_str_n(&leaf, 1), root);
        return;
    }
    uint64_t k = 1;
    while (k * 2 < size)
        k *= 2;
    bool in_left = at < from + k;
    size_t none = 0;
    uint8_t spare[8][32];
    tree(from, k, at, left, in_left ? path : spare, in_left ? n : &none);
    none = 0;
    tree(from + k, size - k, at, right, in_left ? spare : path, in_left ? &none : n);
    if (at >= from && at < from + size)
        memcpy(path[(*n)++], in_left ? right : left, 32);
    memcpy(buf + 1, left, 32);
    memcpy(buf + 33, right, 32);
    pl_sha256(buf, sizeof buf, root);
}

static void inclusion_proofs_hold_for_one_index_and_size(void **state)
{
    (void)state;
    for (uint64_t size = 1; size <= 20; size++) {
        for (uint64_t at = 0; at < size; at++) {
            uint8_t want[32], got[32], leaf[32], path[8][32];
            struct pl_str hashes[8];
            struct pl_err err = { 0 };
            size_t n = 0;
            char c = (char)at;
            tree(0, size, at, want, path, &n);
            for (size_t i = 0; i < n; i++)
                hashes[i] = pl_str_n(path[i], 32);
            pl_merkle_leaf(pl_str_n(&c, 1), leaf);
            assert_int_equal(pl_merkle_root(leaf, at, size, hashes, n, got, &err), 0);
            assert_memory_equal(got, want, 32);
            assert_int_equal(pl_merkle_root(leaf, size, size, hashes, n, got, &err), PL_E_SIG);
            if (n && pl_merkle_root(leaf, at, size, hashes, n - 1, got, &err) == 0)
                assert_memory_not_equal(got, want, 32);
            if (at && pl_merkle_root(leaf, at - 1, size, hashes, n, got, &err) == 0)
                assert_memory_not_equal(got, want, 32);
        }
    }
}

static void elements_of_an_array_are_found_in_the_text(void **state)
{
    struct pl_str s[4];
    size_t at;
    (void)state;
    struct pl_str text =
        PL_S("{ \"x\": {\"manifests\": [9]}, \"manifests\" : [ {\"a\":\"],}\"} , 2,[3] ] }");
    assert_int_equal(pl_json_elements(text, "manifests", s, 4, &at), 3);
    assert_true(pl_str_is(s[0], "{\"a\":\"],}\"}"));
    assert_true(pl_str_is(pl_str_trim(s[1]), "2"));
    assert_true(pl_str_is(s[2], "[3]"));
    assert_int_equal(text.p[at], ']');
    assert_int_equal(pl_json_elements(text, "manifests", s, 2, &at), -1);
    assert_int_equal(pl_json_elements(text, "layers", s, 4, &at), -1);
    assert_int_equal(pl_json_elements(PL_S("{\"layers\":[]}"), "layers", s, 4, &at), 0);
}

static void predicate_types_have_words_and_their_own_names(void **state)
{
    (void)state;
    assert_true(pl_str_is(pl_predicate_uri(PL_S("vuln")),
                          "https://cosign.sigstore.dev/attestation/vuln/v1"));
    assert_true(pl_str_is(pl_predicate_uri(PL_S("https://x.example/y")), "https://x.example/y"));
    assert_int_equal(pl_predicate_uri(PL_S("vulnn")).n, 0);
    assert_true(
        pl_predicate_is(PL_S("https://openvex.dev/ns/v0.2.0"), PL_S("https://openvex.dev/ns")));
    assert_false(
        pl_predicate_is(PL_S("https://openvex.dev/ns/v0.3.0"), PL_S("https://openvex.dev/ns")));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(signatures_of_every_key_hold_for_one_file_and_key_only),
        cmocka_unit_test(attestations_hold_for_their_type_and_subject_only),
        cmocka_unit_test(every_changed_byte_of_a_bundle_is_noticed),
        cmocka_unit_test(key_files_open_with_their_password_only),
        cmocka_unit_test(der_is_read_in_its_shortest_form_only),
        cmocka_unit_test(inclusion_proofs_hold_for_one_index_and_size),
        cmocka_unit_test(elements_of_an_array_are_found_in_the_text),
        cmocka_unit_test(predicate_types_have_words_and_their_own_names),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
