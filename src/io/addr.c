/* Classes of network addresses. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "io/addr.h"

#include <arpa/inet.h>
#include <sys/socket.h>

#include "base/endian.h"

struct range {
    uint8_t first[4];
    unsigned bits;
    enum pl_addr_class what;
};

static const struct range ranges[] = {
    { { 0, 0, 0, 0 }, 8, PL_ADDR_REFUSED },      { { 10, 0, 0, 0 }, 8, PL_ADDR_PRIVATE },
    { { 100, 64, 0, 0 }, 10, PL_ADDR_PRIVATE },  { { 127, 0, 0, 0 }, 8, PL_ADDR_LOOPBACK },
    { { 169, 254, 0, 0 }, 16, PL_ADDR_REFUSED }, { { 172, 16, 0, 0 }, 12, PL_ADDR_PRIVATE },
    { { 192, 0, 0, 0 }, 24, PL_ADDR_PRIVATE },   { { 192, 168, 0, 0 }, 16, PL_ADDR_PRIVATE },
    { { 198, 18, 0, 0 }, 15, PL_ADDR_PRIVATE },  { { 224, 0, 0, 0 }, 3, PL_ADDR_REFUSED },
};

static enum pl_addr_class class4(const uint8_t *p)
{
    for (size_t i = 0; i < sizeof ranges / sizeof *ranges; i++)
        if ((pl_be32(p) ^ pl_be32(ranges[i].first)) >> (32 - ranges[i].bits) == 0)
            return ranges[i].what;
    return PL_ADDR_PUBLIC;
}

static enum pl_addr_class class6(const uint8_t *p)
{
    static const uint8_t zero[16], one[16] = { [15] = 1 },
                                   mapped[12] = { [10] = 0xff, [11] = 0xff },
                                   nat64[12] = { 0x00, 0x64, 0xff, 0x9b };
    if (memcmp(p, one, 16) == 0)
        return PL_ADDR_LOOPBACK;
    if (memcmp(p, zero, 16) == 0)
        return PL_ADDR_REFUSED;
    if (memcmp(p, mapped, 12) == 0 || memcmp(p, zero, 12) == 0 || memcmp(p, nat64, 12) == 0)
        return class4(p + 12);
    if (p[0] == 0x20 && p[1] == 0x02)
        return class4(p + 2);
    if ((p[0] == 0xfe && (p[1] & 0xc0) == 0x80) || p[0] == 0xff)
        return PL_ADDR_REFUSED;
    if ((p[0] & 0xfe) == 0xfc || (p[0] == 0xfe && (p[1] & 0xc0) == 0xc0))
        return PL_ADDR_PRIVATE;
    return PL_ADDR_PUBLIC;
}

enum pl_addr_class pl_addr_class(int family, const uint8_t *p)
{
    if (family == AF_INET)
        return class4(p);
    return family == AF_INET6 ? class6(p) : PL_ADDR_REFUSED;
}

const char *pl_addr_class_name(enum pl_addr_class c)
{
    static const char *const names[] = { "a public", "a private", "a loopback",
                                         "a link-local or reserved" };
    return names[c];
}

/* The family of an address in figures, 0 for a name. */
static int figures(struct pl_str host, uint8_t *out)
{
    char text[64];
    bool v6 = host.n > 2 && host.p[0] == '[' && host.p[host.n - 1] == ']';
    if (v6)
        host = pl_str_sub(host, 1, host.n - 2);
    if (!host.n || host.n >= sizeof text)
        return 0;
    memcpy(text, host.p, host.n);
    text[host.n] = 0;
    int family = v6 ? AF_INET6 : AF_INET;
    return inet_pton(family, text, out) == 1 ? family : 0;
}

bool pl_addr_loopback_host(struct pl_str host)
{
    uint8_t b[16];
    int family = figures(host, b);
    if (family)
        return pl_addr_class(family, b) == PL_ADDR_LOOPBACK;
    return pl_str_ieq(host, PL_S("localhost"));
}

bool pl_addr_literal(struct pl_str host)
{
    uint8_t b[16];
    return figures(host, b) != 0;
}
