#!/bin/bash
# Builds the demo firmware of tests/data/firmware for both chips, or with
# --check builds it elsewhere and compares with what is committed.
# Needs arm-none-eabi-gcc 12.2 (Debian 12: gcc-arm-none-eabi) and python3.
set -euo pipefail
export LC_ALL=C

here=$(cd "$(dirname "$0")" && pwd)
tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT

version=$(arm-none-eabi-gcc -dumpversion 2>/dev/null || echo none)
if [ "${1-}" = --check ] && [[ $version != 12.2.* ]]; then
    echo "SKIP: arm-none-eabi-gcc is $version, tests/data was built with 12.2"
    exit 77
fi

flags=(-std=c11 -Os -mthumb -ffreestanding -nostdlib -ffunction-sections
    -Wall -Wextra -Wpedantic -Wconversion -Werror
    -Wl,--build-id=none -Wl,--fatal-warnings)

crc32() { # FILE LENGTH: CRC-32 of its first bytes, hexadecimal
    python3 -c 'import sys, zlib
data = open(sys.argv[1], "rb").read()[:int(sys.argv[2])]
print("0x%08x" % zlib.crc32(data))' "$1" "$2"
}

link() { # CHIP CPU CRC
    local src=$here/firmware
    (cd "$src" && arm-none-eabi-gcc "${flags[@]}" "-mcpu=$2" \
        "-DCONFIG_CRC=${3}u" -T "$1.ld" -o "$tmp/blink-$1.elf" \
        startup.c blink.c "$1.c" sine.c config.c messages.c)
}

build() { # CHIP CPU
    local elf=$tmp/blink-$1.elf copy=arm-none-eabi-objcopy crc addr

    link "$1" "$2" 0
    $copy -O binary -j .config "$elf" "$tmp/config"
    crc=$(crc32 "$tmp/config" "$(($(stat -c %s "$tmp/config") - 4))")
    link "$1" "$2" "$crc"

    $copy -O ihex "$elf" "$tmp/blink-$1.hex"
    (cd "$tmp" && $copy -O srec --srec-forceS3 "blink-$1.elf" "blink-$1.srec")
    for section in .text .tables .config .messages; do
        addr=$(arm-none-eabi-objdump -h "$elf" |
            awk -v s="$section" '$2 == s { print $5 }')
        # .data is loaded right behind .text: one island
        if [ "$section" = .text ]; then
            $copy -O binary -j .text -j .data "$elf" "$tmp/out.bin"
        else
            $copy -O binary -j "$section" "$elf" "$tmp/out.bin"
        fi
        mv "$tmp/out.bin" "$tmp/blink-$1-0x$addr.bin"
    done
    rm "$tmp/config"
}

build stm32h753xi cortex-m7
build stm32l462ce cortex-m4

if [ "${1-}" = --check ]; then
    for file in "$tmp"/blink-*; do
        cmp "$file" "$here/${file##*/}"
    done
    echo "tests/data is what this compiler builds"
else
    install -m 644 "$tmp"/blink-* "$here"
fi
