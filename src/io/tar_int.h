/* Inside io: the parts of the tar reader. */
/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PL_IO_TAR_INT_H
#define PL_IO_TAR_INT_H

#include "base/buf.h"
#include "base/vec.h"
#include "io/tar.h"

#define PL_TAR_BLOCK ((size_t)512)

/* tar_head.c: one header block. */

enum pl_tar_layout { PL_TAR_V7, PL_TAR_USTAR, PL_TAR_STAR, PL_TAR_GNU };

enum pl_tar_bad { /* fields that hold no number, or one that is out of range */
                  PL_TAR_BAD_MODE = 1u << 0,
                  PL_TAR_BAD_UID = 1u << 1,
                  PL_TAR_BAD_GID = 1u << 2,
                  PL_TAR_BAD_SIZE = 1u << 3,
                  PL_TAR_BAD_MTIME = 1u << 4,
};

/* A header block, decoded; text is a view on the block. */
struct pl_tar_head {
    enum pl_tar_layout layout;
    uint8_t type;
    bool signed_sum; /* the checksum is right only over signed bytes */
    bool dev00;      /* device numbers 0/0 */
    unsigned bad;
    uint32_t mode, uid, gid;
    int64_t size, mtime;
    struct pl_str name, prefix, link, uname, gname;
};

/* Decodes the 512 bytes at `b`; false when the checksum is wrong. */
bool pl_tar_head_parse(const uint8_t *b, struct pl_tar_head *ret);

/* Bytes of a header block that no field uses. */
struct pl_tar_range {
    uint16_t at, n;
};
#define PL_TAR_RANGES 16
/* The ranges that are not all zero; returns how many. */
size_t pl_tar_head_unused(const uint8_t *b, const struct pl_tar_head *h,
                          struct pl_tar_range ret[PL_TAR_RANGES]);

/* A number field: octal digits between blanks or NULs, or base-256; all blank is 0. False when it
 * holds anything else or more than 63 bits. */
bool pl_tar_number(const uint8_t *p, size_t n, int64_t *ret);

/* Are all bytes zero? */
static inline bool pl_tar_zero(const uint8_t *p, size_t n)
{
    return n == 0 || (p[0] == 0 && memcmp(p, p + 1, n - 1) == 0);
}

/* A path as forensics.md section 3 wants it: no "/" at its ends, no "//", no "." component. A view
 * on `raw`, or on a copy in `a` where something had to be taken out of the middle. *ret_unsafe: it
 * has a ".." component. */
struct pl_str pl_tar_path(struct pl_arena *a, struct pl_str raw, bool *ret_unsafe);

/* tar_pax.c: extended headers. */

enum pl_pax_has {
    PL_PAX_PATH = 1u << 0,
    PL_PAX_LINK = 1u << 1,
    PL_PAX_SIZE = 1u << 2,
    PL_PAX_UID = 1u << 3,
    PL_PAX_GID = 1u << 4,
    PL_PAX_MTIME = 1u << 5,
    PL_PAX_REALSIZE = 1u << 6, /* GNU.sparse.size or .realsize */
    PL_PAX_MAP = 1u << 7,      /* GNU.sparse.map */
    PL_PAX_PAIRS = 1u << 8,    /* GNU.sparse.offset and .numbytes, in `bodies` */
    PL_PAX_MAJOR = 1u << 9,
    PL_PAX_MINOR = 1u << 10,
    PL_PAX_SPARSE_NAME = 1u << 11,
    PL_PAX_OVERLAY = 1u << 12,   /* an attribute of an overlay file system */
    PL_PAX_BAD_SIZE = 1u << 13,  /* a size that is no number */
    PL_PAX_BAD_OTHER = 1u << 14, /* another number that is none */
};

/* What records said, the last one of a key. */
struct pl_pax {
    unsigned has;
    struct pl_str path, link, map, sparse_name;
    int64_t size, realsize, mtime_ns;
    uint32_t uid, gid;
    uint64_t major, minor;
};

/* Takes one record from the front of *rest. 1: done; 0: nothing is left; -1: no record. */
int pl_pax_next(struct pl_str *rest, struct pl_str *ret_key, struct pl_str *ret_value);
/* Applies one record; the text stays a view. */
void pl_pax_apply(struct pl_pax *x, struct pl_str key, struct pl_str value);
/* Is the value of no interest beside what the entry shows: a number under a key that holds one? */
bool pl_pax_is_plain(struct pl_str key, struct pl_str value);
/* The attribute's name and value when the record is an extended attribute; a decoded value lives in
 * `a`. */
bool pl_pax_xattr(struct pl_arena *a, struct pl_str key, struct pl_str value,
                  struct pl_str *ret_name, struct pl_str *ret_value);

/* Is the key GNU.sparse.offset (1), GNU.sparse.numbytes (2) or neither (0)? */
int pl_pax_pair(struct pl_str key);

/* tar_sparse.c: files with holes. */

struct pl_sparse_seg {
    uint64_t off, n;
};

/* The logical file; reads its data from `data`, which it does not own. */
struct pl_sparse {
    struct pl_view v;
    struct pl_view *data;
    PL_VEC(struct pl_sparse_seg) map;
    size_t at;     /* the segment that is being read */
    uint64_t pos;  /* in the logical file, behind v.p[v.n) */
    uint64_t size; /* logical */
    bool over;     /* holes are left out, and the end is a PL_E_LIMIT */
    uint8_t *buf;
    size_t cap;
};

/* Adds a segment; PL_E_FORMAT when it does not lie behind the one before. */
int pl_sparse_add(struct pl_sparse *s, int64_t off, int64_t n, struct pl_err *err);
/* Adds the segments of an old GNU map of `count` pairs at `p`. 1: the map ended inside. *ret_used:
 * bytes of it that were read. */
int pl_sparse_add_old(struct pl_sparse *s, const uint8_t *p, size_t count, size_t *ret_used,
                      struct pl_err *err);
/* Adds those of GNU.sparse.map: "offset,length,…". */
int pl_sparse_add_text(struct pl_sparse *s, struct pl_str map, struct pl_err *err);
/* Adds those at the front of `body` (version 1.0: decimal lines, "count", then offset and length
 * of each), at most `max` bytes; takes them. */
int pl_sparse_add_body(struct pl_sparse *s, struct pl_view *body, uint64_t max, struct pl_err *err);
/* Checks the map against `size` and the `data_n` bytes of data; then s->v may be read. */
int pl_sparse_start(struct pl_sparse *s, struct pl_view *data, uint64_t data_n, uint64_t size,
                    struct pl_err *err);
/* Bytes in holes. */
uint64_t pl_sparse_holes(const struct pl_sparse *s);
/* Frees the memory. */
void pl_sparse_release(struct pl_sparse *s);

/* tar.c, tar_entry.c, tar_part.c: the reader. */

/* The body of an extended header, in the scratch arena. */
struct pl_tar_ext_body {
    struct pl_tar_ext_body *next;
    struct pl_str p;
    uint64_t off;
};

/* Bytes to offer as soon as the path is known, in the scratch arena. */
struct pl_tar_pending {
    struct pl_tar_pending *next;
    enum pl_tar_part part;
    struct pl_str name; /* static */
    struct pl_str bytes;
    uint64_t off;
};

/* A GNU long name. */
struct pl_tar_long {
    bool has;
    struct pl_str text;
    uint64_t off;
};

/* What extension headers said about the next entry. */
struct pl_tar_ext {
    uint32_t n;     /* how many headers */
    uint64_t bytes; /* of their blocks and bodies, against the limit */
    struct pl_tar_long name, link;
    struct pl_str pax_name; /* name of the extended header's own block */
    uint64_t pax_name_off;
    struct pl_tar_ext_body *first, **last;
    struct pl_tar_pending *pending, **pending_last;
};

struct pl_tar {
    struct pl_view *in;
    struct pl_tar_opts o;
    struct pl_limits limits;
    struct pl_arena scratch; /* of one entry */
    struct pl_tar_ext ext;
    struct pl_pax global;
    struct pl_buf global_path, global_link;
    struct pl_str path; /* of the entry */
    struct pl_sub body;
    struct pl_sparse sparse;
    bool open; /* `body` and the padding behind it are still to be skipped */
    size_t pad;
    uint64_t holes; /* expanded so far */
    uint32_t count;
    struct pl_buf owner[2]; /* names offered last */
    int state;              /* 0: running; 1: at the end; negative: failed with `error` */
    struct pl_err error;
};

/* Fills `ret` from the header block at t->in->p, which is `h`, and opens the body. 1, or negative.
 */
int pl_tar_entry(struct pl_tar *t, const struct pl_tar_head *h, struct pl_entry *ret,
                 struct pl_err *err);

/* Offers `bytes` for t->path, unless they are empty. */
void pl_tar_offer(struct pl_tar *t, enum pl_tar_part part, struct pl_str name, struct pl_str bytes,
                  uint64_t off);
/* The same of bytes that should be zero: the zeros at both ends are left out. `later`: kept. */
void pl_tar_offer_nonzero(struct pl_tar *t, enum pl_tar_part part, const uint8_t *p, size_t n,
                          uint64_t off, bool later);
/* Keeps a copy of `bytes` to offer when the path is known; `name` is static. */
void pl_tar_pend(struct pl_tar *t, enum pl_tar_part part, struct pl_str name, struct pl_str bytes,
                 uint64_t off);
/* Offers what was kept, and the records of the extended headers; `link` is what the entry shows. */
void pl_tar_offer_ext(struct pl_tar *t, struct pl_str link);
/* Offers the records of one extended header. */
void pl_tar_offer_records(struct pl_tar *t, struct pl_str body, uint64_t off, struct pl_str link);
/* Offers unused bytes and owner names of the header block at `b`, or keeps them for later. */
void pl_tar_offer_head(struct pl_tar *t, const uint8_t *b, const struct pl_tar_head *h, bool later);
/* Is it a fixed name that writers give to extension headers? */
bool pl_tar_is_usual(struct pl_str name);
/* Offers `name`, a name that another one replaced, unless `shown` tells the same: it begins so, but
 * for a component that writers put into names of extension headers. */
void pl_tar_offer_name(struct pl_tar *t, struct pl_str name, struct pl_str shown, uint64_t off);
/* Makes a note about t->path. */
void pl_tar_note(struct pl_tar *t, const char *code, const char *message);

#endif
