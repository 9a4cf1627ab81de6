#!/bin/bash
# SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later
# Copyright The libsfi authors
# Speed and memory of reading 64 MiB of firmware, beside GNU objcopy.
#   tests/bench/bench_firmware.sh [BUILD [MIB]]
# Both run in turn on the same files, the best of five counts, in seconds of
# CPU: other work on the machine does little to them.  objcopy also writes what
# it read, into memory.  Compare the ratios, not the figures of two machines.
set -euo pipefail
cd "$(dirname "$0")/../.."

build=${1-build}
mib=${2-64}
tool=$build/tests/peers/segments
objcopy=arm-none-eabi-objcopy
[ -x "$tool" ] || { echo "$tool is missing: build first" >&2; exit 1; }

tmp=$(mktemp -d /dev/shm/sfi-bench-XXXXXX)
trap 'rm -rf "$tmp"' EXIT

# measure COMMAND...: seconds of CPU and peak MiB of the best of five
measure() {
    python3 - "$@" <<'PYTHON'
import os, sys
best = (1e9, 0)
for _ in range(5):
    pid = os.posix_spawnp(sys.argv[1], sys.argv[1:], os.environ, file_actions=[
        (os.POSIX_SPAWN_OPEN, 1, "/dev/null", os.O_WRONLY, 0)])
    _, status, usage = os.wait4(pid, 0)
    if status != 0:
        sys.exit(f"{sys.argv[1]} failed")
    best = min(best, (usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024))
print("%.3f %.0f" % best)
PYTHON
}

# compare NAME FILE FORMAT
compare() {
    local name=$1 file=$2 format=$3 ours theirs mine peer
    ours=$(measure "$tool" --brief "$file")
    theirs=$(measure "$objcopy" -I "$format" -O binary "$file" "$tmp/out")
    read -ra mine <<<"$ours"
    read -ra peer <<<"$theirs"
    awk -v name="$name" -v size="$(stat -c %s "$file")" -v mib="$mib" \
        -v s="${mine[0]}" -v rss="${mine[1]}" \
        -v ps="${peer[0]}" -v prss="${peer[1]}" 'BEGIN {
        printf "%-5s libsfi   %7.3f s %6.0f MiB/s of file %6.0f MiB/s of data %5d MiB\n",
            name, s, size / 1048576 / s, mib / s, rss
        printf "%-5s objcopy  %7.3f s %6.0f MiB/s of file %6.0f MiB/s of data %5d MiB  (%.1f times)\n",
            name, ps, size / 1048576 / ps, mib / ps, prss, ps / s
    }'
}

# Noise, always the same.
head -c "$((mib * 1048576))" /dev/zero | openssl enc -aes-128-ctr -nosalt \
    -K 000102030405060708090a0b0c0d0e0f -iv 0 2>/dev/null >"$tmp/raw.bin"
"$objcopy" -I binary -O ihex --change-addresses 0x08000000 \
    "$tmp/raw.bin" "$tmp/app.hex"
"$objcopy" -I binary -O srec --srec-forceS3 --change-addresses 0x08000000 \
    "$tmp/raw.bin" "$tmp/app.srec"
"$objcopy" -I binary -O elf32-littlearm "$tmp/raw.bin" "$tmp/app.o"
arm-none-eabi-ld -Tdata 0x08000000 -o "$tmp/app.elf" "$tmp/app.o" 2>/dev/null

compare HEX "$tmp/app.hex" ihex
compare SREC "$tmp/app.srec" srec
compare ELF "$tmp/app.elf" elf32-littlearm
