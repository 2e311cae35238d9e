/* A git repository on its way through the engine, in the parent. */
/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PL_SCAN_GITUNIT_H
#define PL_SCAN_GITUNIT_H

#include "base/map.h"
#include "scan/git.h"
#include "scan/scan_int.h"
#include "source/git.h"
#include "source/oidmap.h"

/* A blob at a path, with the first commit that brought it there. */
struct pl_git_place_of {
    uint32_t blob, commit, path; /* numbers; commit PL_NEVER, path PL_OID_NONE: unreachable */
    uint32_t kind;               /* of the path (secret.h); 0 = the blob has no other place */
};

struct pl_git_commit_of {
    uint32_t number;
    uint8_t oid[PL_OID];
};

struct pl_git_unit;

/* One job and what came of it. */
struct pl_git_slice {
    struct pl_git_unit *unit;
    struct pl_git_place_of *items; /* SCAN: by ordinal of its hits */
    size_t n;
    struct pl_record *rec;
};

/* One hit at one place. */
struct pl_git_hit {
    const struct pl_hit *hit;
    uint32_t blob, commit, path; /* as above; of a message: blob PL_OID_NONE */
    uint32_t nth;                /* which of the same secret in the same blob */
    uint32_t versions;           /* blobs that carry it at that path */
    bool visible;                /* in a branch head */
};

struct pl_git_unit {
    struct pl_scan *scan;
    const struct pl_git_scope *scope;
    struct pl_report *report;
    const char *name;
    struct pl_git_place place;
    struct pl_scan_ctx ctx;
    struct pl_pool *pool; /* its workers may read the repository */
    struct pl_arena a;
    PL_VEC(struct pl_git_slice *) slices;
    uint8_t *commits; /* raw ids by number */
    uint32_t n_commits;
    struct pl_oidmap blobs, commit_set;
    PL_VEC(struct pl_git_place_of) first; /* by number of the blob */
    PL_VEC(struct pl_git_place_of) more;  /* further places */
    PL_VEC(struct pl_str) paths;
    struct pl_map path_numbers;
    struct pl_buf order; /* raw ids as stored */
    PL_VEC(struct pl_git_hit) hits;
    struct pl_oidmap asked_commits, asked_blobs;
    struct pl_commit *who;  /* by number in asked_commits; in the report's arena */
    struct pl_oidmap heads; /* blob and path of what is in a head, hashed */
};

#define PL_GIT_KINDS_MAX 64u /* kinds of path at which one blob is searched */
/* Sorts the further places, of each path the earliest, and says what kind each is of; before blobs
 * are scanned. */
void pl_git_places_sort(struct pl_git_unit *u);
/* Index in `more` of the first further place of the blob; u->more.n or another blob's when it has
 * none. */
size_t pl_git_places_more(const struct pl_git_unit *u, uint32_t blob);
/* One place of each kind that the blob has, its first place first; how many. */
size_t pl_git_places_each_kind(const struct pl_git_unit *u, uint32_t blob,
                               struct pl_git_place_of *ret, size_t max);

/* Gathers the hits of all slices at their places, earliest first, one for each secret and path.
 * True when something is to be asked about them. */
bool pl_git_gather(struct pl_git_unit *u);
/* Takes an answer of ABOUT. */
bool pl_git_about_answer(struct pl_task *t, struct pl_str payload);
/* Was there a repository to read at all? Else its failure, which then is no note. */
int pl_git_usable(struct pl_git_unit *u, struct pl_err *err);
/* Appends the target to the report. */
void pl_git_tell(struct pl_git_unit *u);

#endif
