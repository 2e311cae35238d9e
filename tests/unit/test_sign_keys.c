/* Keys that are kept elsewhere in the forms they come in, who counts as a signer, and that nothing
 * of a private key stays in memory. formats/signing.md sections 1 to 3. */
/* SPDX-License-Identifier: Apache-2.0 */
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include <cmocka.h>

#include "fmt/der.h"
#include "sanitized.h"
#include "sign/keyfile.h"
#include "sign/pkcs11_int.h"
#include "sign/sodium.h"
#include "sign/store.h"

static void two_numbers_become_der(void **state)
{
    static const char raw[] = "\x80\x00\x00\x01";
    struct pl_buf b = { 0 };
    (void)state;
    assert_int_equal(pl_token_output(PL_KEY_P256, pl_str_n(raw, 4), &b, NULL), 0);
    assert_true(
        pl_str_eq(pl_buf_str(&b), pl_str_n("\x30\x08\x02\x03\x00\x80\x00\x02\x01\x01", 10)));
    b.n = 0;
    assert_int_equal(pl_token_output(PL_KEY_P256, pl_str_n(raw, 3), &b, NULL), PL_E_SIG);
    assert_int_equal(pl_token_output(PL_KEY_ED25519, pl_str_n(raw, 3), &b, NULL), 0);
    assert_int_equal(b.n, 3);
    pl_buf_release(&b);
}

/* The point of a key's SubjectPublicKeyInfo, bare or in an OCTET STRING as tokens give it. */
static void points_of_tokens_are_the_same_key(void **state)
{
    static const struct {
        const char *type;
        size_t head, params, params_n;
    } keys[] = { { "ecdsa-p256", 26, 13, 10 }, { "ed25519", 12, 0, 0 } };
    (void)state;
    for (size_t i = 0; i < 2; i++) {
        struct pl_privkey *k = NULL;
        struct pl_pubkey *again = NULL;
        struct pl_buf octets = { 0 };
        struct pl_err err = { 0 };
        assert_int_equal(pl_privkey_generate(pl_str_c(keys[i].type), &k, &err), 0);
        struct pl_str der = pl_pubkey_der(pl_privkey_public(k));
        struct pl_str point = pl_str_sub(der, keys[i].head, der.n);
        struct pl_str params = pl_str_sub(der, keys[i].params, keys[i].params_n);
        pl_der_put(&octets, PL_DER_OCTETS, point);
        assert_int_equal(pl_token_ec(params, pl_buf_str(&octets), i == 1, &again, &err), 0);
        assert_true(pl_str_eq(pl_pubkey_der(again), der));
        pl_pubkey_free(again);
        pl_buf_release(&octets);
        pl_privkey_free(k);
    }
}

static void an_identity_counts_once_whatever_its_keys(void **state)
{
    struct pl_verdict v[4] = {
        { .ok = true, .subject = PL_S("a"), .issuer = PL_S("i"), .key_id = PL_S("1") },
        { .ok = true, .subject = PL_S("a"), .issuer = PL_S("i"), .key_id = PL_S("2") },
        { .ok = true, .key_id = PL_S("1") },
        { .ok = false, .key_id = PL_S("3") },
    };
    (void)state;
    assert_int_equal(pl_verdicts_signers(v, 2), 1);
    assert_int_equal(pl_verdicts_signers(v, 4), 2);
    v[1].issuer = PL_S("j");
    assert_int_equal(pl_verdicts_signers(v, 2), 2);
}

/* Does memory of ours hold the bytes whose complement is `inv`? Looked for through the kernel. */
static bool in_memory(const uint8_t inv[24])
{
    FILE *maps = fopen("/proc/self/maps", "r");
    int mem =
        open("/proc/self/mem", O_RDONLY | O_CLOEXEC); /* no stream: its buffer is memory, too */
    char line[512];
    bool found = false;
    assert_non_null(maps);
    assert_true(mem >= 0);
    while (fgets(line, sizeof line, maps)) {
        unsigned long from, to;
        if (sscanf(line, "%lx-%lx rw", &from, &to) != 2 || !strstr(line, "[heap]"))
            continue;
        uint8_t *p = malloc(to - from);
        assert_non_null(p);
        ssize_t got = pread(mem, p, to - from, (off_t)from);
        size_t n = got > 0 ? (size_t)got : 0;
        for (size_t i = 0; i + 24 <= n && !found; i++) {
            size_t k = 0;
            while (k < 24 && (p[i + k] ^ inv[k]) == 0xff)
                k++;
            found = k == 24;
        }
        pl_wipe(p, to - from); /* what is only written before free is left out by compilers */
        free(p);
    }
    fclose(maps);
    close(mem);
    return found;
}

static void nothing_of_a_key_stays_in_memory(void **state)
{
    struct pl_privkey *k = NULL, *again = NULL;
    struct pl_buf der = { 0 }, file = { 0 }, sig = { 0 };
    struct pl_err err = { 0 };
    uint8_t inv[24];
    (void)state;
    if (SANITIZED || !pl_sodium_library())
        skip();
    assert_int_equal(pl_privkey_generate(PL_S("ed25519"), &k, &err), 0);
    assert_int_equal(pl_privkey_der(k, &der, &err), 0);
    for (size_t i = 0; i < sizeof inv; i++) /* the seed stands at the end */
        inv[i] = (uint8_t)(der.p[der.n - 32 + i] ^ 0xff);
    assert_true(in_memory(inv));
    pl_buf_wipe(&der);
    assert_int_equal(pl_keyfile_write(k, PL_S("p"), &file, &err), 0);
    pl_privkey_free(k);
    assert_false(in_memory(inv));
    assert_int_equal(pl_keyfile_open(pl_buf_str(&file), PL_S("p"), &again, &err), 0);
    assert_int_equal(pl_privkey_sign(again, PL_S("m"), &sig, &err), 0);
    pl_privkey_free(again);
    assert_false(in_memory(inv));
    pl_buf_release(&file);
    pl_buf_release(&sig);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(two_numbers_become_der),
        cmocka_unit_test(points_of_tokens_are_the_same_key),
        cmocka_unit_test(an_identity_counts_once_whatever_its_keys),
        cmocka_unit_test(nothing_of_a_key_stays_in_memory),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
