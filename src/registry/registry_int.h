/* What the files of the client share. */
/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PL_REGISTRY_REGISTRY_INT_H
#define PL_REGISTRY_REGISTRY_INT_H

#include "base/vec.h"
#include "io/http.h"
#include "registry/authfile.h"
#include "registry/registry.h"

struct pl_token {
    struct pl_str scope, header; /* "Bearer …" */
    int64_t until_ms;
};

/* A host that is spoken to: the registry itself, or one of its mirrors. */
struct pl_endpoint {
    struct pl_registry *r;
    struct pl_str name;   /* as credentials are kept: "docker.io", "host:port" */
    struct pl_url base;   /* target: prefix in front of "/v2/", "" as "/" */
    struct pl_str prefix; /* "" or "/cache" */
    struct pl_str repos;  /* "" or "team/": what stands in front of repository names there */
    bool mirror;
    bool settled;                             /* it is known whether there is TLS */
    bool plain;                               /* named by --plain-http */
    pl_registry_flag *seen_public, seen_here; /* resolved to a public address once */
    bool creds_known, basic;
    struct pl_str creds_repo; /* what they were looked up for */
    struct pl_credential cred;
    PL_VEC(struct pl_token) tokens;
    struct pl_buf ca;
    const char *cert, *key;
};

struct pl_registry {
    struct pl_registry_opts o;
    struct pl_arena a;
    struct pl_http *http;
    PL_VEC(struct pl_endpoint *) ends; /* mirrors in order, the origin last */
    struct pl_names token_hosts;
    struct pl_names blocked; /* repositories below these are not to be asked for */
    struct pl_rate rate;
    bool warned;
    int64_t deadline_ms;
};

/* One call of the API. */
struct pl_call {
    const char *method;
    struct pl_str path;       /* "/v2/…"; or an address in `url` */
    const struct pl_url *url; /* may be at another host, which gets no credentials */
    struct pl_str repo;       /* whose credentials; empty for the catalog */
    struct pl_str scope;      /* of the token; empty = none */
    bool anonymous;           /* never with credentials */
    struct pl_str accept, type, content_range, range, if_match;
    struct pl_str body;
    bool has_body;
    pl_registry_source *read;
    void *read_arg;
    uint64_t read_from, size;
    int (*head)(void *arg, const struct pl_http_answer *ans, struct pl_err *err);
    int (*data)(void *arg, const void *p, size_t n, struct pl_err *err);
    void *arg;
    size_t keep;
    bool once; /* not to be repeated when it fails in between */
    /* out */
    struct pl_url at; /* where the answer came from, text in the answer's arena */
    bool transient;   /* failed in a way that may pass */
};

/* Sends the call once, with authentication and redirects. Any status but 401, 403 and 3xx is given
 * back in `ans`. */
int pl_call_once(struct pl_endpoint *e, struct pl_call *c, struct pl_http_answer *ans,
                 struct pl_err *err);
/* The same, repeated as section 7 says. */
int pl_call(struct pl_endpoint *e, struct pl_call *c, struct pl_http_answer *ans,
            struct pl_err *err);
/* Sends what pl_call will be asked for soon, where that costs no wait; a hint. */
void pl_call_ahead(struct pl_endpoint *e, struct pl_call *c);
/* Is this a status that may pass? */
bool pl_status_transient(unsigned status);
/* The failure that a status means: NOENT for 404, AUTH, NET. */
int pl_status_fail(const struct pl_endpoint *e, const struct pl_http_answer *ans, const char *what,
                   struct pl_err *err);
/* Waits before try number `n` (from 0): `asked` seconds (at most 60), or with jitter when < 0. */
int pl_call_wait(struct pl_registry *r, unsigned n, int64_t asked, struct pl_err *err);

/* The Authorization value for a call at `e` without asking anybody, or empty; in `a`. */
int pl_auth_held(struct pl_endpoint *e, const struct pl_call *c, struct pl_arena *a,
                 struct pl_str *ret, struct pl_err *err);
/* Answers a 401: gets a token, or settles on Basic. PL_E_AUTH when there is no way. */
int pl_auth_answer(struct pl_endpoint *e, const struct pl_call *c,
                   const struct pl_http_answer *challenge, struct pl_err *err);

/* Sends a request and follows redirects by the rules; `auth` goes along while the origin stays. */
int pl_follow(struct pl_endpoint *e, struct pl_http_req *q, struct pl_str auth,
              struct pl_http_answer *ans, struct pl_url *ret_at, bool *ret_moved,
              struct pl_err *err);

/* Mirrors and other places of `host` from the configuration files: endpoints of mirrors are added,
 * *ret_location is where the registry really is (empty: at `host`). registry.md section 8. */
int pl_config_mirrors(struct pl_registry *r, struct pl_str host, struct pl_str *ret_location,
                      struct pl_err *err);
/* Authorities and a client certificate from certs.d. registry.md section 3. */
int pl_config_certs(struct pl_endpoint *e, struct pl_err *err);
/* Appends a PEM file to the endpoint's authorities; PL_E_USAGE. */
int pl_endpoint_ca(struct pl_endpoint *e, const char *path, struct pl_err *err);
/* A further endpoint. `url`: "https://host/prefix"; `repos`: "" or "team/". */
int pl_endpoint_add(struct pl_registry *r, struct pl_str host, struct pl_str url,
                    struct pl_str repos, bool mirror, struct pl_endpoint **ret, struct pl_err *err);
/* PL_E_AUTH when the configuration blocks `repo`. */
int pl_config_allowed(const struct pl_registry *r, struct pl_str repo, struct pl_err *err);

/* Lists manifest `d` (JSON text `descriptor`) in the fallback index of `subject`, whatever other
 * writers do meanwhile: 8 rounds, then PL_E_NET. */
int pl_referrers_add(struct pl_registry *r, struct pl_str repo, const struct pl_digest *subject,
                     const struct pl_digest *d, struct pl_str descriptor, struct pl_err *err);
/* "repository:NAME:pull" in `a`. */
struct pl_str pl_scope(struct pl_arena *a, struct pl_str repo, const char *actions);

#endif
