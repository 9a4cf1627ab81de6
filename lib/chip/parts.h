/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* The one list of parts: a new part is a file, a line here, and its file's name
 * in meson.build.  Freestanding. */
#ifndef SFI_CHIP_PARTS_H
#define SFI_CHIP_PARTS_H

#define CHIP_PARTS(X) \
    X(stm32h753)      \
    X(stm32l462)

#endif
