#!/bin/sh
# SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later
# Copyright The libsfi authors
# The images of a port: the sources in this folder, what is common to all parts,
# and libsfi's core.  missing.ld stands in for functions without a source.
#
# SFI: the tree of libsfi.  MBEDTLS: the source of Mbed TLS, for a port with a
# random generator.  Remove the folder obj after a change of a header.
set -eu
boot=$SFI/examples/bootloader
flags="-std=c11 -mcpu=cortex-m4 -mthumb -ffreestanding -Os -Wall -Wextra -Werror
    -ffunction-sections -fdata-sections -isystem $boot/libc
    -I. -I$boot/common -I$boot/crypto -I$SFI/include -I$SFI/lib"

loader="$boot/common/main.c $boot/common/port.c $SFI/lib/device/*.c
    $SFI/lib/chip/chips.c $SFI/lib/chip/stm32*.c $SFI/lib/wire/image.c
    $SFI/lib/wire/receipt.c $SFI/lib/wire/security.c
    $SFI/lib/proto/an3155_device.c $SFI/lib/proto/an4286_device.c"
both="$boot/common/start.c $boot/common/state.c $boot/common/store.c
    $boot/libc/string.c $SFI/lib/wire/data_page.c $SFI/lib/util/crc32.c
    $SFI/lib/util/mem.c $SFI/lib/util/rd.c $SFI/lib/util/wr.c missing.c"
if [ -n "${MBEDTLS-}" ]; then
    flags="$flags -DMBEDTLS_CONFIG_FILE=<mbedtls_config.h>
        -isystem $MBEDTLS/include
        -isystem $(arm-none-eabi-gcc -print-file-name=include-fixed)"
    loader="$loader $boot/crypto/*.c $boot/common/rng.c"
    for name in aes bignum constant_time ecdh ecdsa ecp ecp_curves gcm \
        platform_util sha256; do
        loader="$loader $MBEDTLS/library/$name.c"
    done
fi

# link OUT SCRIPT SOURCE...
link() {
    out=$1 script=$2 objects=
    shift 2
    for source in "$@"; do
        object=obj/$(echo "$source" | tr / _).o
        [ "$object" -nt "$source" ] ||
            arm-none-eabi-gcc $flags -c "$source" -o "$object"
        objects="$objects $object"
    done
    arm-none-eabi-gcc -mcpu=cortex-m4 -mthumb -nostdlib -Wl,--gc-sections \
        -Wl,--fatal-warnings -L"$boot/common" -T "$script" -o "$out" $objects \
        missing.ld -lgcc
    arm-none-eabi-size "$out"
}

mkdir -p obj
ours=$(ls *.c | grep -v -e secure_boot.c -e missing.c)
if [ -e secure_boot.c ]; then
    link secure-boot.elf secure_boot.ld secure_boot.c flash.c leave.c \
        $SFI/lib/device/record.c $both
    link unsealed.elf bootloader.ld $ours $loader $both
    python3 "$boot/seal.py" arm-none-eabi-gcc unsealed.elf bootloader.elf
else
    link first.elf first.ld $ours $loader $both
fi
