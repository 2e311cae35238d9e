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

/* Keys that the clients of a public service carry for everybody to see; no secrets. */
static const uint64_t public_keys[] = {
    /* Firebase, in the samples and tests of its client libraries */
    0x2037abcaffb2b777,
    0x3f370c9dd8225c63,
    0xe4a5542bb7fd7b67,
    0xa19f89ab3555eac1,
    0xeb540d2b6ee2a0a4,
    0x37f8f09bdf12c2f2,
    0x8731261cb72d8626,
    0x49f777db995e8260,
    0x27a9a42931dff7eb,
    0xdc0fcf046c61640c,
    0x4c98242dcadc8b29,
    0xea9bb1082cf95663,
    0x3a8b61d0f636b007,
    0xa6c814bc555ae62c,
    /* Algolia, the index of npm */
    0x2f21fd9c81678e39,
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
    uint64_t sum = sum_of(value.p, value.n);
    for (size_t i = 0; i < PL_COUNT(public_keys); i++) {
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
