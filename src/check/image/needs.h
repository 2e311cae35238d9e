/* What is collected on the way to an advice: paths, ports, worker users, abilities. */
/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PL_CHECK_IMAGE_NEEDS_H
#define PL_CHECK_IMAGE_NEEDS_H

#include "check/image/advice.h"
#include "check/image/trace.h"

/* One reason to write somewhere. */
struct pl_need {
    struct pl_str path; /* absolute, links followed */
    bool file;          /* a file: its folder must be writable */
    bool state;         /* data that must outlive the container */
    bool made;          /* made at run time when it is not there */
    bool by_root;       /* the writer is root, whatever the workers are */
    bool exec;
    uint64_t size;
    enum pl_confidence confidence;
    struct pl_str why;
};

struct pl_cap_fact {
    const char *cap; /* static */
    struct pl_str why;
    enum pl_confidence confidence;
    bool always; /* also when it does not start as root */
};

struct pl_port {
    uint32_t port;
    bool udp;
    struct pl_str why;
};

struct pl_needs {
    struct pl_arena *a;
    const struct pl_img *im;
    const struct pl_trace *t;
    PL_VEC(struct pl_need) needs;
    PL_VEC(struct pl_cap_fact) caps;
    PL_VEC(struct pl_port) ports;
    PL_VEC(struct pl_str) notes;
    PL_VEC(struct pl_str) weak;
    PL_VEC(struct pl_img_pair) env;
    bool has_worker; /* a root master has workers of another user */
    struct pl_img_who worker;
    struct pl_str worker_why;
    bool closed_data; /* makes directories without rights for others in its data */
    struct pl_str health, health_why;
    struct pl_str conflict; /* why no-new-privileges cannot be */
    unsigned pids;
    struct pl_str pids_why;
};

/* Adds a path; formatted reason. Ignores what is below /proc, /dev and /sys. */
struct pl_need *pl_needs_path(struct pl_needs *k, struct pl_str path, enum pl_confidence c,
                              const char *fmt, ...) __attribute__((format(printf, 4, 5)));
/* The same for a file. NULL when it is a link to a device or to a process's own output. */
struct pl_need *pl_needs_file(struct pl_needs *k, struct pl_str path, enum pl_confidence c,
                              const char *fmt, ...) __attribute__((format(printf, 4, 5)));
void pl_needs_cap(struct pl_needs *k, const char *cap, enum pl_confidence c, const char *fmt, ...)
    __attribute__((format(printf, 4, 5)));
void pl_needs_port(struct pl_needs *k, uint32_t port, bool udp, const char *fmt, ...)
    __attribute__((format(printf, 4, 5)));
void pl_needs_note(struct pl_needs *k, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

/* What the program's own configuration and habits ask for. */
void pl_server_needs(struct pl_needs *k, const struct pl_prog *p);
void pl_server_nginx(struct pl_needs *k, const struct pl_prog *p);
void pl_server_httpd(struct pl_needs *k, const struct pl_prog *p);
void pl_server_database(struct pl_needs *k, const struct pl_prog *p);
void pl_server_other(struct pl_needs *k, const struct pl_prog *p);
void pl_runtime_needs(struct pl_needs *k, const struct pl_prog *p);

/* The value behind one of `names` ("-c --config"), as the next word or after '='; p == NULL. */
struct pl_str pl_prog_option(const struct pl_prog *p, const char *names);
/* A setting "key value" or "key = value" of a plain file: the last one wins. p == NULL when absent.
 * `sep` are the characters between (blanks always count). Quotes are cut. */
struct pl_str pl_setting(struct pl_str text, const char *key, const char *sep);
/* The text of the first of these files that is kept; p == NULL. *ret_path is its path. */
struct pl_str pl_first_text(const struct pl_img *im, const char *const *paths,
                            struct pl_str *ret_path);
/* Is `word` one of the words of `list`? */
bool pl_word_in(struct pl_str word, const char *list);

#endif
