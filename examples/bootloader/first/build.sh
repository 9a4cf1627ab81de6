#!/bin/sh
# SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later
# Copyright The libsfi authors
# SFI: the tree of libsfi.  The core is compiled with the rest, so that the
# compiler sees all of it.
set -eu
sources="start.c main.c port.c
    $SFI/lib/device/*.c $SFI/lib/chip/chips.c $SFI/lib/chip/stm32*.c
    $SFI/lib/util/crc32.c $SFI/lib/util/mem.c $SFI/lib/util/rd.c $SFI/lib/util/wr.c
    $SFI/lib/wire/image.c $SFI/lib/wire/receipt.c $SFI/lib/wire/security.c
    $SFI/lib/proto/an3155_device.c $SFI/lib/proto/an4286_device.c"
arm-none-eabi-gcc -std=c11 -mcpu=cortex-m4 -mthumb -Os -ffreestanding -Wall -Wextra -Werror \
    -ffunction-sections -fdata-sections -Wl,--gc-sections -nostdlib \
    -isystem . -I "$SFI/include" -I "$SFI/lib" -T part.ld \
    -o first.elf $sources -lgcc
arm-none-eabi-size first.elf
