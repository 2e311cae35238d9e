/* Child: a JSON document of an image: read, described to the parent, every string scanned. */
/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PL_SCAN_DOC_H
#define PL_SCAN_DOC_H

#include "scan/worker.h"

/* Reads `in` whole (bounded), sends DOC when it is one, scans all its strings with their surface
 * and path. What is wrong with it becomes a note; then its bytes are scanned as they are. */
void pl_doc_scan(struct pl_worker *w, struct pl_view *in);

#endif
