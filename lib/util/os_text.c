/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* The texts of POSIX for its errors: strerror() speaks the language, and writes
 * the character set, of the process's locale. */
#include "util/os_text.h"

#include <errno.h>
#include <stddef.h>

#define TEXTS(X)                                                \
    X(EPERM, "Operation not permitted")                         \
    X(ENOENT, "No such file or directory")                      \
    X(EINTR, "Interrupted system call")                         \
    X(EIO, "Input/output error")                                \
    X(ENXIO, "No such device or address")                       \
    X(E2BIG, "Argument list too long")                          \
    X(EBADF, "Bad file descriptor")                             \
    X(EAGAIN, "Resource temporarily unavailable")               \
    X(ENOMEM, "Cannot allocate memory")                         \
    X(EACCES, "Permission denied")                              \
    X(EFAULT, "Bad address")                                    \
    X(EBUSY, "Device or resource busy")                         \
    X(EEXIST, "File exists")                                    \
    X(EXDEV, "Invalid cross-device link")                       \
    X(ENODEV, "No such device")                                 \
    X(ENOTDIR, "Not a directory")                               \
    X(EISDIR, "Is a directory")                                 \
    X(EINVAL, "Invalid argument")                               \
    X(ENFILE, "Too many open files in system")                  \
    X(EMFILE, "Too many open files")                            \
    X(ENOTTY, "Inappropriate ioctl for device")                 \
    X(ETXTBSY, "Text file busy")                                \
    X(EFBIG, "File too large")                                  \
    X(ENOSPC, "No space left on device")                        \
    X(ESPIPE, "Illegal seek")                                   \
    X(EROFS, "Read-only file system")                           \
    X(EMLINK, "Too many links")                                 \
    X(EPIPE, "Broken pipe")                                     \
    X(ERANGE, "Numerical result out of range")                  \
    X(EDEADLK, "Resource deadlock avoided")                     \
    X(ENAMETOOLONG, "File name too long")                       \
    X(ENOLCK, "No locks available")                             \
    X(ENOSYS, "Function not implemented")                       \
    X(ENOTEMPTY, "Directory not empty")                         \
    X(ELOOP, "Too many levels of symbolic links")               \
    X(EPROTO, "Protocol error")                                 \
    X(EOVERFLOW, "Value too large for defined data type")       \
    X(ENOTSOCK, "Socket operation on non-socket")               \
    X(EMSGSIZE, "Message too long")                             \
    X(EOPNOTSUPP, "Operation not supported")                    \
    X(EAFNOSUPPORT, "Address family not supported by protocol") \
    X(EADDRINUSE, "Address already in use")                     \
    X(EADDRNOTAVAIL, "Cannot assign requested address")         \
    X(ENETDOWN, "Network is down")                              \
    X(ENETUNREACH, "Network is unreachable")                    \
    X(ECONNABORTED, "Software caused connection abort")         \
    X(ECONNRESET, "Connection reset by peer")                   \
    X(ENOBUFS, "No buffer space available")                     \
    X(ENOTCONN, "Transport endpoint is not connected")          \
    X(ETIMEDOUT, "Connection timed out")                        \
    X(ECONNREFUSED, "Connection refused")                       \
    X(EHOSTUNREACH, "No route to host")                         \
    X(ECANCELED, "Operation canceled")

/* Windows has no such errors. */
#ifdef ESTALE
#define TEXTS_OF_POSIX(X)          \
    X(ESTALE, "Stale file handle") \
    X(EDQUOT, "Disk quota exceeded")
#else
#define TEXTS_OF_POSIX(X)
#endif

const char *
sfi__os_text(int code)
{
    static const struct {
        int code;
        const char *text;
    } texts[] = {
#define X(code, text) {code, text},
        TEXTS(X) TEXTS_OF_POSIX(X)
#undef X
    };

    for (size_t i = 0; i < sizeof(texts) / sizeof(*texts); i++) {
        if (texts[i].code == code)
            return texts[i].text;
    }
    return NULL;
}
