/* OpenPGP: armor and cleartext taken apart; what gpgv is asked for is tried in
 * tests/e2e/outdated.py. */
/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "sign/openpgp.h"

#define BEGIN "-----BEGIN PGP SIGNED MESSAGE-----\n"
#define SIG "-----BEGIN PGP SIGNATURE-----\n\nAAAA\n-----END PGP SIGNATURE-----\n"

static void cleartext(const char *doc, const char *want)
{
    struct pl_arena a = { 0 };
    struct pl_err err = { 0 };
    struct pl_str text, sig;
    int r = pl_openpgp_cleartext(pl_str_c(doc), &a, &text, &sig, &err);
    if (!want) {
        assert_int_equal(r, PL_E_FORMAT);
    } else {
        assert_int_equal(r, 0);
        assert_true(pl_str_is(text, want));
        assert_true(pl_str_starts(sig, PL_S("-----BEGIN PGP SIGNATURE-----")));
    }
    pl_arena_release(&a);
}

static void cleartext_is_taken_apart(void **state)
{
    (void)state;
    cleartext(BEGIN "Hash: SHA512\n\na\nb\n" SIG, "a\nb");
    cleartext(BEGIN "Hash: SHA512\r\n\r\na \t\r\n- - b\r\n" SIG, "a\n- b");
    cleartext(BEGIN "\n\n" SIG, "");
}

static void what_is_not_signed_is_refused(void **state)
{
    (void)state;
    cleartext(BEGIN "Comment: x\n\na\n" SIG, NULL);
    cleartext(BEGIN "\n-a\n" SIG, NULL);
    cleartext(BEGIN "\na\n", NULL);
    cleartext("x\n" BEGIN "\na\n" SIG, NULL);
    assert_false(pl_openpgp_is_cleartext(PL_S("x\n" BEGIN)));
}

static int dearmor(struct pl_arena *a, const char *text, struct pl_str *ret)
{
    struct pl_err err = { 0 };
    return pl_openpgp_dearmor(pl_str_c(text), a, ret, &err);
}

static void all_blocks_of_armor_are_taken(void **state)
{
    struct pl_arena a = { 0 };
    struct pl_str bytes;
    static const char key[] = "-----BEGIN PGP PUBLIC KEY BLOCK-----\nVersion: x\n\nYWJj\n=abcd\n"
                              "-----END PGP PUBLIC KEY BLOCK-----\n";
    (void)state;
    const char *both = pl_printf(&a, "text\n%stext\n%s", key, key).p;
    assert_int_equal(dearmor(&a, both, &bytes), 0);
    assert_true(pl_str_is(bytes, "abcabc"));
    assert_int_equal(dearmor(&a, "no armor", &bytes), PL_E_FORMAT);
    assert_int_equal(dearmor(&a, "-----BEGIN PGP X-----\n\nYWJj\n", &bytes), PL_E_FORMAT);
    assert_int_equal(dearmor(&a, "-----BEGIN PGP X-----\n\n!!!!\n-----END PGP X-----\n", &bytes),
                     PL_E_FORMAT);
    pl_arena_release(&a);
}

static void keys_are_counted(void **state)
{
    struct pl_openpgp *g = pl_openpgp_new();
    struct pl_err err = { 0 };
    (void)state;
    assert_int_equal(pl_openpgp_add(g, PL_S("\x98\x01x"), &err), 0);
    assert_int_equal(pl_openpgp_add(g, PL_S("no keys"), &err), PL_E_FORMAT);
    assert_int_equal(pl_openpgp_count(g), 1);
    pl_openpgp_free(g);
    pl_openpgp_free(NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(cleartext_is_taken_apart),
        cmocka_unit_test(what_is_not_signed_is_refused),
        cmocka_unit_test(all_blocks_of_armor_are_taken),
        cmocka_unit_test(keys_are_counted),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
