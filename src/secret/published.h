/* Keys that everybody has. */
/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PL_SECRET_PUBLISHED_H
#define PL_SECRET_PUBLISHED_H

#include "base/str.h"

/* Why `value` is nobody's secret: a project publishes it with its tests. NULL for any other.
 * Static.
 */
const char *pl_published_value(struct pl_str value);
/* Is `value` a key that the clients of a public service carry for everybody to see? */
bool pl_public_key(struct pl_str value);
/* Why the key in `body`, the text between header and footer of a PEM block, is nobody's secret:
 * a project publishes it for tests. NULL for any other key. Static. */
const char *pl_published_key(struct pl_str body);

#endif
