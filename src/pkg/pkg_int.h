/* What the catalogers share. */
/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PL_PKG_PKG_INT_H
#define PL_PKG_PKG_INT_H

#include "base/buf.h"
#include "base/cleanup.h"
#include "fmt/json.h"
#include "pkg/pkg.h"

#define PL_PKG_TEXT_FILE ((size_t)32 << 20) /* largest text file that is read */

/* Emits one package; one without name is dropped, over-long text becomes a note. */
void pl_pkg_emit(struct pl_pkg_sink *s, struct pl_pkg p);
/* The usual case. */
void pl_pkg_put(struct pl_pkg_sink *s, const char *type, struct pl_str ns, struct pl_str name,
                struct pl_str version, uint32_t flags);
/* As pl_pkg_put, the part of `name` before the last '/' (npm, Go, Composer) being the namespace. */
void pl_pkg_put_path(struct pl_pkg_sink *s, const char *type, struct pl_str name,
                     struct pl_str version, uint32_t flags);
/* The package `owner` put the file `path` there. */
void pl_pkg_own(struct pl_pkg_sink *s, struct pl_str owner, struct pl_str path);
/* The same, with the digest of its content: as bytes, and as hex digits (whose number tells the
 * algorithm; anything else is no digest). */
void pl_pkg_own_sum(struct pl_pkg_sink *s, struct pl_str owner, struct pl_str path,
                    struct pl_sum sum);
struct pl_sum pl_pkg_hex_sum(struct pl_str hex);
/* Is the maker or vendor one of the large distributions, by name or by the host of its address? */
bool pl_pkg_by_distro(struct pl_str maker);
/* A note: formatted, cut at 500 bytes. */
void pl_pkg_note(struct pl_pkg_sink *s, bool incomplete, const char *code, const char *fmt, ...)
    __attribute__((format(printf, 4, 5)));

/* The last part of a path. */
struct pl_str pl_pkg_base(struct pl_str path);
/* The path without its last part ("" at the top), and the one before that. */
struct pl_str pl_pkg_dir(struct pl_str path);
/* "NAME-VERSION-RELEASE.src.rpm" in name and version; false, and nothing set, for anything else. */
bool pl_pkg_source_rpm(struct pl_str file, struct pl_str *ret_name, struct pl_str *ret_version);
/* Is `path` equal to `tail`, or does it end in "/" and `tail`? */
bool pl_pkg_tail(struct pl_str path, const char *tail);
/* Is the last part of `path` equal to `name`? */
bool pl_pkg_is(struct pl_str path, const char *name);
/* Is one of the folders of `path` called `name`? */
bool pl_pkg_below(struct pl_str path, const char *name);

/* The next line of *s, without "\n" or "\r\n"; false at the end. */
bool pl_pkg_line(struct pl_str *s, struct pl_str *ret);
/* "Key: value" cut at the first colon, both trimmed; false when there is none. */
bool pl_pkg_field(struct pl_str line, struct pl_str *ret_key, struct pl_str *ret_value);
/* Without one pair of quotes (either kind) around it. */
struct pl_str pl_pkg_unquote(struct pl_str s);
/* The text between the first `open` and the next `close` behind it, and *s moves behind; false when
 * there is none. */
bool pl_pkg_between(struct pl_str *s, const char *open, const char *close, struct pl_str *ret);
/* UTF-8 of text that may be UTF-16 with a byte order mark, or have an UTF-8 one; in the scratch
 * arena or the text itself. */
struct pl_str pl_pkg_utf8(struct pl_pkg_sink *s, struct pl_str text);
/* JSON with comments and commas before a closing bracket taken out, in the scratch arena. */
struct pl_str pl_pkg_plain_json(struct pl_pkg_sink *s, struct pl_str text);

#define PL_CATALOGER(name) extern const struct pl_cataloger pl_pkg_##name;
#include "pkg/pkg.list"
#undef PL_CATALOGER

#endif
