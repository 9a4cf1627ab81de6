/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* The one list of statuses: X(name, value, sentence, what to do). */
#ifndef SFI_CORE_STATUS_LIST_H
#define SFI_CORE_STATUS_LIST_H

#define SFI_STATUS_LIST(X)                                               \
    X(SFI_OK, 0, "success", NULL)                                        \
    X(SFI_ERR_ARGUMENT, -101, "an argument is not valid",                \
      "correct the call; the message names the condition")               \
    X(SFI_ERR_STATE, -102, "this is not possible in the present state",  \
      "follow the order in the function's comment")                      \
    X(SFI_ERR_ABI, -103, "a struct is of an unknown size or version",    \
      "clear the struct, then set struct_size to its sizeof")            \
    X(SFI_ERR_UNSUPPORTED, -104, "this is not supported here",           \
      "this build may lack the feature: see its meson options")          \
    X(SFI_ERR_BUFFER, -105, "the buffer is too small",                   \
      "call again with the size that the length now has")                \
    X(SFI_ERR_FORMAT, -201, "the input is malformed",                    \
      "look at the named place, and make the input again")               \
    X(SFI_ERR_TRUNCATED, -202, "the input ends too early",               \
      "the input was cut short: take it again from its source")          \
    X(SFI_ERR_CHECKSUM, -203, "a checksum of the input is wrong",        \
      "the input was damaged or edited: make it again")                  \
    X(SFI_ERR_RANGE, -204, "a value is out of range",                    \
      "give a value in the range that the message names")                \
    X(SFI_ERR_OVERLAP, -205, "two pieces claim the same address",        \
      "correct the linker script, or omit one of the files")             \
    X(SFI_ERR_CHIP_RULE, -206, "the chip cannot take this input",        \
      "check the chip's name; if it is right, change the input")         \
    X(SFI_ERR_LIMIT, -207, "a limit is exceeded",                        \
      "real inputs stay far below: check what the file is")              \
    X(SFI_ERR_AUTH, -301, "authentication failed",                       \
      "the data was altered, or made with another key or nonce")         \
    X(SFI_ERR_CERTIFICATE, -302, "the certificate is not trusted",       \
      "the chip is not a genuine device of this product")                \
    X(SFI_ERR_CRYPTO, -303, "the crypto library failed",                 \
      "check the installation of OpenSSL")                               \
    X(SFI_ERR_IO, -401, "input or output failed",                        \
      "check cable, adapter and disk, then try again")                   \
    X(SFI_ERR_TIMEOUT, -402, "no answer in time",                        \
      "check wiring, power and BOOT0, then try again")                   \
    X(SFI_ERR_NO_DEVICE, -403, "there is no such device",                \
      "check the port's name, and that it is connected")                 \
    X(SFI_ERR_ACCESS, -404, "access is denied",                          \
      "check permissions, and that no other program uses it")            \
    X(SFI_ERR_PROTOCOL, -501, "the device broke its protocol",           \
      "check that no other program uses the port; reset the chip")       \
    X(SFI_ERR_NACK, -502, "the bootloader refused a command",            \
      "reset the chip into its bootloader, then try again")              \
    X(SFI_ERR_DEVICE, -503, "the secure bootloader refused",             \
      "look at the cause, then try again: the chip kept nothing")        \
    X(SFI_ERR_PROTECTED, -504, "the chip is protected against this",     \
      "remove the protection that the message names")                    \
    X(SFI_ERR_MISMATCH, -505, "memory differs from what was expected",   \
      "program it again: the message names the address")                 \
    X(SFI_ERR_HSM, -601, "the HSM failed",                               \
      "use the newest copy of the vault, or the right card")             \
    X(SFI_ERR_HSM_STATE, -602, "the HSM is not in a state for this",     \
      "look at the state of the HSM; some are final")                    \
    X(SFI_ERR_HSM_COUNTER, -603, "the HSM has no installations left",    \
      "this HSM is exhausted; provision a new one")                      \
    X(SFI_ERR_HSM_PIN, -604, "the HSM's PIN is missing or wrong",        \
      "too many wrong PINs block the HSM for ever")                      \
    X(SFI_ERR_NO_LICENSE, -605, "no licence is stored for this device",  \
      "get a licence for the chip's certificate from the HSM")           \
    X(SFI_ERR_HSM_ROLLBACK, -606, "the HSM went back to an older state", \
      "restore its newest copy, or its owner states the loss")           \
    X(SFI_ERR_NOMEM, -701, "out of memory",                              \
      "free memory and try again: nothing is lost")                      \
    X(SFI_ERR_OS, -702, "the operating system refused",                  \
      "the message ends with the system's reason")                       \
    X(SFI_ERR_CANCELLED, -703, "cancelled",                              \
      "start again; an install left nothing of the firmware")            \
    X(SFI_ERR_CALLBACK, -704, "a callback returned an unknown status",   \
      "correct the callback")                                            \
    X(SFI_ERR_INTERNAL, -799, "a bug in libsfi",                         \
      "this is a bug in libsfi: please report it")

#endif
