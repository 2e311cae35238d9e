/* The OCI distribution client: the only part that holds credentials. Blocking, one thread; follows
 * registry.md. Bodies are handed on as they come, nothing of them is interpreted here but lists of
 * tags and repositories. */
/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PL_REGISTRY_REGISTRY_H
#define PL_REGISTRY_REGISTRY_H

#include <signal.h>

#include "base/limits.h"
#include "io/room.h"
#include "model/report.h"
#include "oci/digest.h"

struct pl_registry_opts {
    struct pl_names plain_http; /* "host[:port]" that may be spoken to without TLS */
    struct pl_names unverified; /* "host[:port]" whose certificate is not looked at, or that may do
                                   without TLS where it speaks none: only when the user says so */
    struct pl_names mirrors;    /* "HOST=URL", in order */
    const char *ca_file, *client_cert, *client_key;
    const char *config;   /* --registry-config, or NULL: the usual places */
    const char *username; /* with the password in `password_fd`, a memory file */
    int password_fd;
    uint32_t stall_s, timeout_s, retries; /* timeout 0 = none */
    int64_t deadline_ms; /* of the monotonic clock, in place of timeout_s; 0 = none */
    bool offline, foreign_layers;
    const volatile sig_atomic_t *cancel;
    struct pl_room *room; /* for manifests that are large, of all clients; NULL: no end */
    /* In memory that processes share, or NULL. Where it is given, a registry that asks to be left
     * alone (429, 503 with Retry-After) is: nothing is repeated, and the seconds that it asked for
     * stand here, PL_REGISTRY_SOME when it did not say. */
    _Atomic uint32_t *asked;
    void (*note)(void *arg, const char *text); /* for people; may be NULL */
    void *note_arg;
};

#define PL_REGISTRY_SOME UINT32_MAX

/* 30 s stall, no time limit, 4 retries, no password. */
void pl_registry_opts_init(struct pl_registry_opts *o);

struct pl_registry; /* one registry host with its mirrors, tokens and connections */

/* Makes ready to speak to `host` ("docker.io" for Docker Hub); nothing is sent yet. Heap.
 * PL_E_USAGE: bad options or configuration files; PL_E_UNSUP: not in this build. */
int pl_registry_new(const struct pl_registry_opts *o, struct pl_str host, struct pl_registry **ret,
                    struct pl_err *err);
/* What several processes that speak to one host have seen, in memory that they share: `n` flags, 0
 * at first. A name that led outside for one of them may not lead inside for another. */
typedef _Atomic unsigned char pl_registry_flag;
#define PL_REGISTRY_FLAGS 64u
void pl_registry_share(struct pl_registry *r, pl_registry_flag *seen, size_t n);
/* Forgets credentials and closes; accepts NULL. */
void pl_registry_free(struct pl_registry *r);

/* Codes of all below: PL_E_NET, PL_E_AUTH, PL_E_NOENT: not there; PL_E_IO, PL_E_LIMIT, PL_E_DIGEST,
 * PL_E_FORMAT: what came is cut, too long, not what its digest says, or malformed; PL_E_CANCEL. */

struct pl_manifest {
    struct pl_str bytes, type; /* type: Content-Type without parameters, or empty */
    struct pl_digest digest;   /* of the bytes, by our own hash */
    struct pl_str etag;        /* as served, or empty */
};
/* The manifest or index `ref` (a tag, or a digest as text) of `repo`: HEAD, then GET by digest. At
 * most 4 MiB. With `origin` set no mirror is asked. Text in `a`. */
int pl_registry_manifest(struct pl_registry *r, struct pl_str repo, struct pl_str ref, bool origin,
                         struct pl_arena *a, struct pl_manifest *ret, struct pl_err *err);

/* The digest that `tag` has at the origin, by HEAD; unset where that is not told. */
int pl_registry_digest(struct pl_registry *r, struct pl_str repo, struct pl_str tag,
                       struct pl_digest *ret, struct pl_err *err);
/* pl_registry_manifest of a tag that may well be missing, at the origin: GET at once, since nothing
 * is spared by HEAD where both answers are wanted. */
int pl_registry_tagged(struct pl_registry *r, struct pl_str repo, struct pl_str tag,
                       struct pl_arena *a, struct pl_manifest *ret, struct pl_err *err);

/* What will be asked for soon, so that several answers come at once: hints, which send a request
 * where that takes no wait, and do nothing else. The first: a manifest by digest at the origin, or
 * by tag as pl_registry_tagged has it. */
void pl_registry_soon_manifest(struct pl_registry *r, struct pl_str repo, struct pl_str ref);
void pl_registry_soon_blob(struct pl_registry *r, struct pl_str repo, const struct pl_digest *d);
void pl_registry_soon_referrers(struct pl_registry *r, struct pl_str repo,
                                const struct pl_digest *subject);

/* Takes bytes as they come. */
typedef int pl_registry_sink(void *arg, const void *p, size_t n, struct pl_err *err);
/* Blob `d` of `repo`, exactly `size` bytes (UINT64_MAX: at most `most`), resumed after a cut. The
 * digest is compared at the end (PL_E_DIGEST): what the sink got may be used only when 0 is
 * returned. */
int pl_registry_blob(struct pl_registry *r, struct pl_str repo, const struct pl_digest *d,
                     uint64_t size, pl_registry_sink *sink, void *arg, struct pl_err *err);
/* Does the registry itself (no mirror) serve the blob? Asked with HEAD, for reading only. */
int pl_registry_serves_blob(struct pl_registry *r, struct pl_str repo, const struct pl_digest *d,
                            bool *ret, struct pl_err *err);
/* The same from a layer's own URL, without any credentials. */
int pl_registry_foreign(struct pl_registry *r, struct pl_str url, const struct pl_digest *d,
                        uint64_t size, pl_registry_sink *sink, void *arg, struct pl_err *err);

/* Called for each name of a list; the text is valid during the call. */
typedef int pl_registry_name_fn(void *arg, struct pl_str name, struct pl_err *err);
/* All tags of `repo`; all repositories of the registry. Names are checked to be such. */
int pl_registry_tags(struct pl_registry *r, struct pl_str repo, pl_registry_name_fn *fn, void *arg,
                     struct pl_err *err);
int pl_registry_catalog(struct pl_registry *r, pl_registry_name_fn *fn, void *arg,
                        struct pl_err *err);

/* Calls `page` with each page of the referrers of `subject`, an index as it came: by the API, or by
 * the fallback tag where the registry has none. No referrers: no call. */
int pl_registry_referrers(struct pl_registry *r, struct pl_str repo,
                          const struct pl_digest *subject, struct pl_str artifact_type,
                          pl_registry_sink *page, void *arg, struct pl_err *err);
/* The same from one of the two places: the API (*ret_none: this registry has none), or, `by_tag`,
 * the fallback tag. */
int pl_registry_referrers_at(struct pl_registry *r, struct pl_str repo,
                             const struct pl_digest *subject, bool by_tag, pl_registry_sink *page,
                             void *arg, bool *ret_none, struct pl_err *err);
/* "sha256-…" in `a`: the fallback tag of `subject`. */
struct pl_str pl_referrers_tag(struct pl_arena *a, const struct pl_digest *subject);

/* ---- writing ---- */

/* Bytes of a blob at `off`. */
typedef int pl_registry_source(void *arg, uint64_t off, void *buf, size_t n, size_t *ret_got,
                               struct pl_err *err);
/* Makes blob `d` of `size` bytes be in `repo`: nothing when it is there, a mount from one of
 * `from`, else an upload. *ret_sent (may be NULL) is set when bytes were sent. */
int pl_registry_push_blob(struct pl_registry *r, struct pl_str repo, const struct pl_digest *d,
                          uint64_t size, const struct pl_names *from, pl_registry_source *source,
                          void *arg, bool *ret_sent, struct pl_err *err);
/* Is blob `d` in `repo`, or can it be mounted there from one of `from` (may be NULL)? Sends
 * nothing. */
int pl_registry_have_blob(struct pl_registry *r, struct pl_str repo, const struct pl_digest *d,
                          const struct pl_names *from, bool *ret, struct pl_err *err);
/* A blob whose digest and size are known only when its last byte has come: sent in pieces, at most
 * 32 MiB of it in memory. Heap; what was not ended is cancelled. */
struct pl_upload;
struct pl_upload *pl_registry_upload_new(struct pl_registry *r, struct pl_str repo);
int pl_registry_upload_add(struct pl_upload *u, const void *p, size_t n, struct pl_err *err);
int pl_registry_upload_end(struct pl_upload *u, const struct pl_digest *d, struct pl_err *err);
void pl_registry_upload_free(struct pl_upload *u);
/* Takes manifest `d` out of `repo`; many registries refuse it. One that is not there is success. */
int pl_registry_delete_manifest(struct pl_registry *r, struct pl_str repo,
                                const struct pl_digest *d, struct pl_err *err);
/* Puts a manifest's exact bytes under `ref` (a tag, or empty: its digest) and looks whether it is
 * there. `subject` (may be NULL) is what it refers to: where the registry keeps no list of
 * referrers, the fallback tag's index is updated with `descriptor` (JSON text). */
int pl_registry_push_manifest(struct pl_registry *r, struct pl_str repo, struct pl_str ref,
                              struct pl_str type, struct pl_str bytes, const struct pl_digest *d,
                              const struct pl_digest *subject, struct pl_str descriptor,
                              struct pl_err *err);

/* Puts a manifest under `tag`; *ret_lost: `etag` (may be empty) was not the current one. */
int pl_registry_put_if(struct pl_registry *r, struct pl_str repo, struct pl_str tag,
                       struct pl_str type, struct pl_str bytes, const struct pl_digest *d,
                       struct pl_str etag, bool *ret_lost, struct pl_err *err);

/* What the registry last said of its rate limit, "limit", "remaining", "source"; empty = nothing.
 */
struct pl_rate {
    char limit[64], remaining[64], source[64];
};
const struct pl_rate *pl_registry_rate(const struct pl_registry *r);

#endif
