/* libarchive, loaded before the first container is opened: with what comes along it costs more time
 * than the start of a command that reads no archive. */
/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PL_IO_NESTED_LATE_H
#define PL_IO_NESTED_LATE_H

#include <archive.h>
#include <archive_entry.h>

#include "base/err.h"

#define PL_ARC_FUNCTIONS(X)                       \
    X(archive_entry_filetype)                     \
    X(archive_entry_hardlink)                     \
    X(archive_entry_is_encrypted)                 \
    X(archive_entry_pathname)                     \
    X(archive_entry_pathname_utf8)                \
    X(archive_error_string)                       \
    X(archive_format)                             \
    X(archive_read_data)                          \
    X(archive_read_free)                          \
    X(archive_read_has_encrypted_entries)         \
    X(archive_read_new)                           \
    X(archive_read_next_header)                   \
    X(archive_read_open1)                         \
    X(archive_read_open_memory)                   \
    X(archive_read_set_callback_data)             \
    X(archive_read_set_read_callback)             \
    X(archive_read_set_skip_callback)             \
    X(archive_read_support_format_7zip)           \
    X(archive_read_support_format_ar)             \
    X(archive_read_support_format_cab)            \
    X(archive_read_support_format_cpio)           \
    X(archive_read_support_format_iso9660)        \
    X(archive_read_support_format_rar)            \
    X(archive_read_support_format_rar5)           \
    X(archive_read_support_format_zip_seekable)   \
    X(archive_read_support_format_zip_streamable) \
    X(archive_set_error)

/* The functions under their own names. */
struct pl_libarchive {
#define PL_ARC_POINTER(f) __typeof__(&(f)) f;
    PL_ARC_FUNCTIONS(PL_ARC_POINTER)
#undef PL_ARC_POINTER
};

/* Loads the library unless it is there; to be called before the sandbox closes. PL_E_UNSUP when it
 * is not on this machine. */
int pl_arc_load(struct pl_err *err);
/* What was loaded; its pointers are NULL before. */
const struct pl_libarchive *pl_arc_lib(void);

#endif
