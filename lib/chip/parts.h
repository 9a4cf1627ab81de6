/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* The list of parts.  A new part needs a file, a line here, and the file's name
 * in meson.build.  Freestanding. */
#ifndef SFI_CHIP_PARTS_H
#define SFI_CHIP_PARTS_H

#define CHIP_PARTS(X) \
    X(stm32h753)      \
    X(stm32l462)

#endif
