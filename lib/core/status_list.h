/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* The one list of statuses: X(name, value, sentence). */
#ifndef SFI_CORE_STATUS_LIST_H
#define SFI_CORE_STATUS_LIST_H

#define SFI_STATUS_LIST(X)                                              \
    X(SFI_OK, 0, "success")                                             \
    X(SFI_ERR_ARGUMENT, -101, "an argument is not valid")               \
    X(SFI_ERR_STATE, -102, "this is not possible in the present state") \
    X(SFI_ERR_ABI, -103, "a struct is of an unknown size or version")   \
    X(SFI_ERR_UNSUPPORTED, -104, "this is not supported here")          \
    X(SFI_ERR_BUFFER, -105, "the buffer is too small")                  \
    X(SFI_ERR_FORMAT, -201, "the input is malformed")                   \
    X(SFI_ERR_TRUNCATED, -202, "the input ends too early")              \
    X(SFI_ERR_CHECKSUM, -203, "a checksum of the input is wrong")       \
    X(SFI_ERR_RANGE, -204, "a value is out of range")                   \
    X(SFI_ERR_OVERLAP, -205, "two pieces claim the same address")       \
    X(SFI_ERR_CHIP_RULE, -206, "the chip cannot take this input")       \
    X(SFI_ERR_LIMIT, -207, "a limit is exceeded")                       \
    X(SFI_ERR_AUTH, -301, "authentication failed")                      \
    X(SFI_ERR_CERTIFICATE, -302, "the certificate is not trusted")      \
    X(SFI_ERR_CRYPTO, -303, "the crypto library failed")                \
    X(SFI_ERR_IO, -401, "input or output failed")                       \
    X(SFI_ERR_TIMEOUT, -402, "no answer in time")                       \
    X(SFI_ERR_NO_DEVICE, -403, "there is no such device")               \
    X(SFI_ERR_ACCESS, -404, "access is denied")                         \
    X(SFI_ERR_PROTOCOL, -501, "the device broke its protocol")          \
    X(SFI_ERR_NACK, -502, "the bootloader refused a command")           \
    X(SFI_ERR_DEVICE, -503, "the secure bootloader refused")            \
    X(SFI_ERR_PROTECTED, -504, "the chip is protected against this")    \
    X(SFI_ERR_HSM, -601, "the HSM failed")                              \
    X(SFI_ERR_HSM_STATE, -602, "the HSM is not in a state for this")    \
    X(SFI_ERR_HSM_COUNTER, -603, "the HSM has no installations left")   \
    X(SFI_ERR_HSM_PIN, -604, "the HSM's PIN is missing or wrong")       \
    X(SFI_ERR_NO_LICENSE, -605, "no licence is stored for this device") \
    X(SFI_ERR_NOMEM, -701, "out of memory")                             \
    X(SFI_ERR_OS, -702, "the operating system refused")                 \
    X(SFI_ERR_CANCELLED, -703, "cancelled")                             \
    X(SFI_ERR_CALLBACK, -704, "a callback returned an unknown status")  \
    X(SFI_ERR_INTERNAL, -799, "a bug in libsfi")

#endif
