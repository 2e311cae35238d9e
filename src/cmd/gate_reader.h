/* The engine behind the gate of CI: images and inventories read now. */
/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PL_CMD_GATE_READER_H
#define PL_CMD_GATE_READER_H

#include "cmd/gate_cmd.h"

struct pl_gate_engine;

/* Opens the advisory database (--db, else the usual place, where there is one). `o` must outlive
 * it. Prints what is wrong and returns an exit code, or 0. Heap. */
int pl_gate_engine_new(const struct pl_gate_cmd *o, struct pl_gate_engine **ret);
/* What a gate needs; a view, `e` must outlive the gate. */
const struct pl_gate_reader *pl_gate_engine_reader(const struct pl_gate_engine *e);
/* Frees; accepts NULL. */
void pl_gate_engine_free(struct pl_gate_engine *e);

#endif
