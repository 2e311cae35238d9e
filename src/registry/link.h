/* The next page of a list: the Link field. RFC 8288 section 3. */
/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PL_REGISTRY_LINK_H
#define PL_REGISTRY_LINK_H

#include "base/str.h"

/* The target of the first link with rel="next", a view on `field`; false when there is none or the
 * field is malformed before it. */
bool pl_link_next(struct pl_str field, struct pl_str *ret);

#endif
