/* What kind of network an address belongs to, judged after name resolution. RFC 6890. */
/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PL_IO_ADDR_H
#define PL_IO_ADDR_H

#include "base/str.h"

enum pl_addr_class {
    PL_ADDR_PUBLIC,
    PL_ADDR_PRIVATE,  /* RFC 1918, shared, benchmark and unique-local ranges */
    PL_ADDR_LOOPBACK, /* 127.0.0.0/8, ::1 */
    PL_ADDR_REFUSED,  /* link-local, unspecified, multicast, reserved */
};

/* The class of an address of `family` (AF_INET: 4 bytes at `p`, AF_INET6: 16). IPv4 inside IPv6
 * (mapped, compatible, 6to4, NAT64) is judged as the IPv4 address. Other families are refused. */
enum pl_addr_class pl_addr_class(int family, const uint8_t *p);
/* "a public", "a private" … for messages; static. */
const char *pl_addr_class_name(enum pl_addr_class c);
/* Is `host` (brackets around IPv6) loopback by its very name: localhost, 127.x.y.z, [::1]? */
bool pl_addr_loopback_host(struct pl_str host);
/* Is it an address in figures, and not a name? */
bool pl_addr_literal(struct pl_str host);

#endif
