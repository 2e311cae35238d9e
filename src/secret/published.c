/* Keys that projects publish with their tests, known by SHA-256: private ones by that of their
 * base64, others by that of the value. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "secret/published.h"
#include "base/cleanup.h"
#include "base/hash.h"
#include "secret/hit.h"

#define MAX_BASE64 4096

static const struct {
    uint64_t sum; /* first eight bytes */
    const char *reason;
} published[] = {
    { 0x3ad8f14b04b63498, "the key that Vagrant publishes for first sign-in" },
    { 0xd63cfe7d0783ea1d, "a test key that the Go library publishes" },
    { 0xdefcda422e024b45, "a test key that the Go library publishes" },
    { 0x11459d6d79b1b7c6, "a test key that CPython publishes" },
    { 0x564cb12fd4416e81, "a test key that CPython publishes" },
    { 0x574cd7f5fa0746c7, "a test key that CPython publishes" },
    { 0x687f2d69450298c0, "a test key that CPython publishes" },
    { 0x9ace1d453f107d82, "a test key that CPython publishes" },
    { 0xa392d787746182a3, "a test key that CPython publishes" },
    { 0xa4b13c7bba72f43a, "a test key that CPython publishes" },
    { 0xc21f5fc525cdcd86, "a test key that CPython publishes" },
    { 0xd0015ffd2d53443a, "a test key that CPython publishes" },
    { 0xda4b473953b1ea4d, "a test key that CPython publishes" },
    { 0xebf0b1587c9ce3a3, "a test key that CPython publishes" },
    { 0xfd681435cd09e054, "a test key that CPython publishes" },
    { 0x14a5babca2173405, "in a core file that the Go library publishes" },
    { 0x06b3a64a622e1d3f, "in a core file that the Go library publishes" },
    { 0xe9cababd20f970e6, "in a core file that the Go library publishes" },
    { 0xb3ef3851341fd279, "a test key that xmlsec publishes" },
    { 0x47382ff9d653f755, "a test key that GnuTLS publishes" },
    { 0x018cf229766ddc02, "a test key that GnuTLS publishes" },
    { 0x6539fa29fe140050, "a test key that GnuTLS publishes" },
    { 0x857ba1c844d476c8, "a test key that GnuTLS publishes" },
    { 0xbf552d2ff30b20f0, "a test key that GnuTLS publishes" },
    { 0xcadf1e62661d5d21, "a test key that GnuTLS publishes" },
    { 0x6d03bbf47115fad0, "a test key that GnuTLS publishes" },
    { 0x30db3ea6d728b88c, "a test key that GnuTLS publishes" },
    { 0x518a21fe5a8a54f8, "a test key that GnuTLS publishes" },
    { 0xc780c483da21d367, "a test key that GnuTLS publishes" },
    { 0x0abce0c5fd3b863e, "a test key that GnuTLS publishes" },
    { 0x24a2416c5abbb673, "a test key that GnuTLS publishes" },
    { 0x9ab6db67523ba607, "a test key that GnuTLS publishes" },
    { 0xf287c70b1db074fe, "a test key that GnuTLS publishes" },
    { 0x257f6cb1c2c785ac, "a test key that Mbed TLS publishes" },
    { 0x8e871395e4b90d4b, "a test key that Mbed TLS publishes" },
    { 0xb798d2ecdf892634, "a test key that Mbed TLS publishes" },
    { 0xb131be9976820e16, "a test key that Mbed TLS publishes" },
    { 0x8634523e4f148cf9, "a test key that Mbed TLS publishes" },
    { 0xeaf82fc5bcff4e37, "a test key that Mbed TLS publishes" },
    { 0x1bb2a9feb770febe, "a test key that Netty publishes" },
    { 0xc4033a7efb6057f8, "the key of the test server that Mojolicious publishes" },
    { 0x8317228c7c649466, "the key that EventMachine publishes as its default" },
    { 0xb80fcdb95cfdf255, "the snakeoil key that OVMF publishes" },
};

/* Keys that the clients of a public service carry for everybody to see; no secrets. Of Google:
 * keys in the history of its repositories of Firebase's client libraries and their samples
 * (android, ios, js, Flutter, FirebaseUI, quickstarts, tools); each names a test project and opens
 * nothing by itself. Of Algolia: the search-only key of the index of npm, which package managers
 * carry. */
static const uint64_t public_keys[] = {
    0x07ecf48137128f72, 0x087b04a737ef8136, 0x09901dfe319bd01c, 0x0ab09762f32e1f1d,
    0x111da305d80251c6, 0x11b434df93a76adb, 0x126d90e2f6fdc651, 0x1597ab82f0c3904d,
    0x1f810051bb6ded0b, 0x2037abcaffb2b777, 0x23223d9146232655, 0x27a9a42931dff7eb,
    0x281cbc35f6814ed4, 0x289eea945b091b79, 0x2a3bfe8ac145b49f, 0x2e6c5d746bbd2a79,
    0x37f8f09bdf12c2f2, 0x38bc7905bef33d6b, 0x38f45929e68e3278, 0x3979b7b2f0ddeb9b,
    0x3a8b61d0f636b007, 0x3a92bf7592789001, 0x3ba6396250b86570, 0x3d12d5fd096bdc9c,
    0x3d779926581fda11, 0x3ee019ff58487a7d, 0x3f370c9dd8225c63, 0x43bcb81f4d16a5bf,
    0x43dedc197df73cf3, 0x43e44fa2af063f65, 0x444bfc8e911ec267, 0x447d48fb3862fd8a,
    0x4739a237d711743b, 0x479d036c6210879a, 0x493e0d29dc092361, 0x49f777db995e8260,
    0x4c1bbecaca974491, 0x4c98242dcadc8b29, 0x4cf11554db7dd935, 0x54a58318925dac97,
    0x561c359df17fbbb0, 0x57edda75adc424af, 0x595b5c1628799981, 0x597ee9a5363d3b66,
    0x5bae4b38e3d8888c, 0x5de6ee9e96441798, 0x5eeb19d11d1c14fd, 0x67993d5cf2c6a534,
    0x6ca6473b42d9c17e, 0x6d539a2274217f5b, 0x6da4db4955bc6838, 0x6dc7fc8ebd924f29,
    0x6f1ef2461e63469e, 0x704be327b610ad54, 0x70fc67daf82cdf80, 0x71c5995424701eac,
    0x72924040d4bf6f35, 0x73d033d8540877fc, 0x759aa97302767144, 0x77f113f20a4fa51d,
    0x77fbb4e1d8ac7506, 0x7ad2a14ea0e8844f, 0x7b840916d03644ee, 0x7ee856a68a8a7456,
    0x7f8223601102aee4, 0x81716d405afc1d81, 0x83e8d0fa3b4b3f97, 0x8731261cb72d8626,
    0x8a8d806daa6a14d0, 0x8c7a480c248d01fc, 0x8ca099f95bb2ffd7, 0x911e963cadb059c8,
    0x9277818d6559bf28, 0x9573548e0b6671a3, 0x9db5dabd7c829786, 0xa086094f8f7e09cd,
    0xa19208d4c604a85b, 0xa19f89ab3555eac1, 0xa30bd42f9fc615ef, 0xa6c814bc555ae62c,
    0xab3ea7c28e929a57, 0xaffab7362f151300, 0xb292546a52d3edec, 0xb5282b753ffbaa7d,
    0xb5a9c64e181975e4, 0xb7343c5f25a82b6c, 0xbbd0647e5932c7d4, 0xc16460f96420dd1c,
    0xc2935c1f6b8de34d, 0xc35d04b38d08fd0c, 0xd2495d05f981f08b, 0xd338ac973e363e5f,
    0xd68b23456aad87e7, 0xd6ce9b59ac06da1d, 0xd722a33519298293, 0xdc0fcf046c61640c,
    0xe2f11ce8bec34620, 0xe4a5542bb7fd7b67, 0xe5baa82f00e26f69, 0xe645e6b0631a7046,
    0xe703eafcf8a49f37, 0xe73d2dea9813febc, 0xe7992aa6c6f1b3aa, 0xea9bb1082cf95663,
    0xeb540d2b6ee2a0a4, 0xec9c87c44138ab7a, 0xef9c88f5a2cc8143, 0xf0c6d4cdab381add,
    0xf1385f1e79feaa3c, 0xf1afd589c101a525, 0xf41ebf12401236ae, 0xf81dfced972b319c,
    0xfe686096b4987fed, 0x2f21fd9c81678e39, /* the index of npm */
};

static bool is_base64(uint8_t c)
{
    return pl_is_alnum(c) || c == '+' || c == '/' || c == '=';
}

static uint64_t sum_of(const void *p, size_t n)
{
    uint8_t sum[32];
    uint64_t head = 0;
    pl_sha256(p, n, sum);
    for (unsigned i = 0; i < 8; i++)
        head = head << 8 | sum[i];
    return head;
}

static const char *find(const void *p, size_t n)
{
    uint64_t head = sum_of(p, n);
    for (size_t i = 0; i < PL_COUNT(published); i++) {
        if (published[i].sum == head)
            return published[i].reason;
    }
    return NULL;
}

const char *pl_published_value(struct pl_str value)
{
    return find(value.p, value.n);
}

bool pl_public_key(struct pl_str value)
{
    bool google = value.n == 39 && pl_str_starts(value, PL_S("AIza")), algolia = value.n == 32;
    uint64_t sum = google || algolia ? sum_of(value.p, value.n) : 0;
    for (size_t i = 0; sum && i < PL_COUNT(public_keys); i++) {
        if (public_keys[i] == sum)
            return true;
    }
    return false;
}

const char *pl_published_key(struct pl_str body)
{
    char text[MAX_BASE64];
    size_t n = 0;
    for (size_t i = 0; i < body.n && n < sizeof text; i++) {
        if (body.p[i] == '\\')
            i++; /* "\n" */
        else if (is_base64((uint8_t)body.p[i]))
            text[n++] = body.p[i];
    }
    const char *reason = find(text, n);
    explicit_bzero(text, n);
    return reason;
}
