/* The server, for the files that make it. */
/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PL_SERVE_SERVER_INT_H
#define PL_SERVE_SERVER_INT_H

#include "base/vec.h"
#include "serve/http.h"
#include "serve/job.h"
#include "serve/metrics.h"
#include "serve/server.h"
#include "serve/tls.h"
#include "serve/ui_door.h"

struct pl_watched {
    const char *path;
    uint64_t stamp;
};

struct pl_serve {
    struct pl_serve_opts o;
    struct pl_metrics metrics;
    struct pl_jobs jobs;
    struct pl_httpd *https, *plugin, *pages;
    struct pl_ui_door *ui;
    struct pl_tls *tls;
    unsigned port, ui_port;
    bool jobs_made, socket_made;
    atomic_bool draining;
    pthread_mutex_t lock;
    void *policy;      /* in force; under `lock` */
    char trouble[512]; /* why the files on disk are not; under `lock` */
    /* of the thread that ticks */
    struct pl_arena watch_names;
    PL_VEC(struct pl_watched) watched;
    int64_t looked_ns, tried_ns; /* tried_ns: when files were last found not to be right */
    bool changed;                /* at the last look: the next one reloads, when it is quiet */
};

/* A reference to the policy in force; NULL without one. */
void *pl_serve_policy(struct pl_serve *s);
/* A line for the operator. */
void pl_serve_say(struct pl_serve *s, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
/* Notes which files matter now, and how they are. */
void pl_serve_watch(struct pl_serve *s);

/* The requests of the webhook's door, and of the plugin's. */
void pl_serve_on_request(void *arg, struct pl_httpd_req *req, const struct pl_httpd_ask *ask);
void pl_serve_on_plugin(void *arg, struct pl_httpd_req *req, const struct pl_httpd_ask *ask);

#endif
