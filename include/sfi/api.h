/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/**
 * @file api.h
 * What every header of libsfi shares: linkage and the rules of the API.
 *
 * - A function that can fail returns a negative ::sfi_status; the context
 *   holds the details until the next call on it or on one of its handles.
 * - `sfi_x_new(..., &out)` sets `*out` to NULL on failure; `sfi_x_free(NULL)`
 *   does nothing.  A handle given to another stays alive inside it, so the
 *   order in which handles are freed never matters.
 * - Public structs begin with `struct_size`, which the caller sets to sizeof
 *   the struct.  Later versions add members only at the end.
 * - A context and its handles belong to one thread at a time.  Contexts share
 *   nothing but handles that only hold data: a function takes a key, a
 *   firmware, option bytes, a certificate, a licence or a personalisation of
 *   any context, also while other threads read it so.  What reaches a device or
 *   an HSM, and a licence store, must be of the same context where the function
 *   does not say otherwise (SFI_ERR_ARGUMENT).
 * - A pointer that is not a handle of this libsfi, also one of a second libsfi
 *   in the process, is refused (SFI_ERR_ARGUMENT) and not followed.
 * - Any thread may release a context, or a handle that only holds data (a key,
 *   a firmware, option bytes, a builder, a reader, a layout, a certificate, a
 *   licence, a licence store, a personalisation), while other threads use other
 *   handles of the context: a garbage collector may.  What reaches a device or
 *   an HSM is released by the context's thread.  The function says which:
 *   "Thread: any", or "Thread: the context's".
 * - Texts that libsfi returns are English and valid UTF-8, whatever the
 *   process's locale is; numbers in them have a point.  Texts that it takes are
 *   UTF-8.  A path is the file system's bytes, up to the NUL; in messages it is
 *   shown as sfi_text_escape() shows it.
 * - libsfi takes memory from the context's allocator only, but for the list of
 *   open files, which all contexts share.  That and the libraries below it take
 *   theirs from malloc(): OpenSSL, SQLite, libusb, libpcsclite, p11-kit
 *   with the token's module, and the C library for names of hosts, folders and
 *   absolute paths.
 * - Descriptors of libsfi are closed in programs that the process starts
 *   (CLOEXEC).
 * - A callback returns: no C++ exception and no longjmp() may leave it, as
 *   libsfi is C and would hold what it has locked.  Keep the exception, return
 *   SFI_ERR_CALLBACK, and throw it again when the call has returned.
 */
#ifndef SFI_API_H
#define SFI_API_H

#include <stddef.h>
#include <stdint.h>

#if defined(__GNUC__)
#define SFI_API __attribute__((visibility("default")))
#define SFI_NODISCARD __attribute__((warn_unused_result))
#else
#define SFI_API
#define SFI_NODISCARD
#endif

#ifdef __cplusplus
#define SFI_BEGIN_DECLS extern "C" {
#define SFI_END_DECLS }
#else
#define SFI_BEGIN_DECLS
#define SFI_END_DECLS
#endif

#endif
