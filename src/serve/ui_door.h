/* The door of the fleet's pages: who may, then a page made on a thread of its own, over a store
 * connection of its own, within a deadline. Nothing of it touches the doors that decide. */
/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PL_SERVE_UI_DOOR_H
#define PL_SERVE_UI_DOOR_H

#include "serve/http.h"

#define PL_UI_DEADLINE_MS 10000

struct pl_ui_door;

struct pl_ui_door_opts {
    const char *store;    /* as pl_store_open takes it */
    const char *token;    /* file of tokens, or NULL */
    bool certificates;    /* without `token`: clients need a certificate */
    uint32_t deadline_ms; /* of a page; 0: PL_UI_DEADLINE_MS */
    /* What an operator wants to know, one line each. */
    void (*say)(void *arg, const char *line);
    void *say_arg;
};

/* Heap. The store need not be there yet. PL_E_USAGE, PL_E_IO: the tokens. */
int pl_ui_door_new(const struct pl_ui_door_opts *o, struct pl_ui_door **ret, struct pl_err *err);
/* A request; a pl_httpd_fn whose `arg` is the door. */
void pl_ui_door_request(void *arg, struct pl_httpd_req *req, const struct pl_httpd_ask *ask);
/* Answers those whose time has passed. Every quarter of a second is right. */
void pl_ui_door_tick(struct pl_ui_door *d);
/* Reads the tokens again; on failure those before stay. */
int pl_ui_door_reload(struct pl_ui_door *d, struct pl_err *err);
/* Answers what is open: the end is near. New requests are refused. */
void pl_ui_door_finish(struct pl_ui_door *d);
/* Waits for the threads and frees. Accepts NULL. */
void pl_ui_door_free(struct pl_ui_door *d);

#endif
