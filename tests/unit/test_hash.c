/* Digests against the published examples of FIPS 180 and RFC 4231. */
/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

#include "base/hash.h"
#include "base/str.h"

static void is(const uint8_t *got, size_t n, const char *want)
{
    char hex[2 * PL_HASH_MAX + 1];
    pl_hex(got, n, hex);
    assert_string_equal(hex, want);
}

#define ABC_256 "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"

static void published_examples(void **state)
{
    static const struct {
        enum pl_hash_alg alg;
        size_t n;
        const char *want;
    } cases[] = {
        { PL_HASH_SHA256, 32, ABC_256 },
        { PL_HASH_SHA1, 20, "a9993e364706816aba3e25717850c26c9cd0d89d" },
        { PL_HASH_SHA512, 64,
          "ddaf35a193617abacc417349ae20413112e6fa4e89a97ea20a9eeee64b55d39a"
          "2192992a274fc1a836ba3c23a3feebbd454d4423643ce80e2a9ac94fa54ca49f" },
    };
    uint8_t out[PL_HASH_MAX];
    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct pl_hash *h = pl_hash_new(cases[i].alg);
        assert_int_equal(pl_hash_len(cases[i].alg), cases[i].n);
        pl_hash_add(h, "a", 1);
        pl_hash_add(h, "", 0);
        pl_hash_add(h, "bc", 2);
        pl_hash_end(h, out);
        is(out, cases[i].n, cases[i].want);
        pl_hash_free(h);
    }
}

static void a_digest_can_start_again(void **state)
{
    uint8_t out[32];
    struct pl_hash *h = pl_hash_new(PL_HASH_SHA256);
    (void)state;
    pl_hash_add(h, "other", 5);
    pl_hash_end(h, out);
    pl_hash_reset(h);
    pl_hash_add(h, "abc", 3);
    pl_hash_end(h, out);
    is(out, 32, ABC_256);
    pl_hash_free(h);
    pl_hash_free(NULL);
}

static void at_once_and_keyed(void **state)
{
    uint8_t out[32];
    (void)state;
    pl_sha256("abc", 3, out);
    is(out, 32, ABC_256);
    pl_hmac_sha256("Jefe", 4, "what do ya want for nothing?", 28, out);
    is(out, 32, "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(published_examples),
        cmocka_unit_test(a_digest_can_start_again),
        cmocka_unit_test(at_once_and_keyed),
    };
    return cmocka_run_group_tests_name("hash", tests, NULL, NULL);
}
