/* Jobs on a git repository: what the parent asks (the bytes it feeds) and what the child answers
 * (payloads of PL_MSG_GIT). All with base/wire.h. The job's `name` is the git directory. */
/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PL_SCAN_GITJOB_H
#define PL_SCAN_GITJOB_H

#include "base/wire.h"

enum pl_git_op {
    /* var n, n revisions, u64 since, u64 until, u32 k, u32 of: the k-th of `of` parts of the
     * commits of the range; answers COUNT, COMMIT, BLOB; scans messages (with k 0 those of tags,
     * too) */
    PL_GIT_OP_WALK,
    /* answers ORDER */
    PL_GIT_OP_ORDER,
    /* items to the end: raw id, u8 again, str path: scans these blobs; a hit's ordinal is the item;
     * `again`: the blob of the item before, under a path of another kind */
    PL_GIT_OP_SCAN,
    /* u32 n, n raw ids of commits or tags, then raw ids of blobs to the end: answers WHO for each
     * of the first, HEAD for each place of one of the others in a branch head's tree */
    PL_GIT_OP_ABOUT,
    /* str working tree, empty: the index is compared with HEAD; str index file, empty: the
     * repository's own. Entries in pairs: a file as it is
     * in HEAD (or nothing) and as it is now; hits as of a directory */
    PL_GIT_OP_STAGED,
};

enum pl_git_answer {
    PL_GIT_COUNT,  /* u32 commits in the range */
    PL_GIT_COMMIT, /* u32 number, raw id */
    PL_GIT_BLOB,   /* u32 commit, u8 link, raw id, str path */
    PL_GIT_ORDER,  /* raw ids */
    PL_GIT_WHO,    /* u32 n-th asked, str author, str email, u64 time, u32 offset */
    PL_GIT_HEAD,   /* raw id, str path */
};

#endif
