#!/bin/bash
# SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later
# Copyright The libsfi authors
# Speed and memory of reading 64 MiB of firmware in each format, and of making
# a 2 MiB image from Intel HEX, beside GNU objcopy on the same files.
#   tests/bench/bench_firmware.sh [BUILD [MIB]]
# Both run in turn, and the best of nine counts, in seconds of CPU: other work
# on the machine does little to them.  objcopy also writes what it read, into
# memory.  Compare the ratios, not the figures of two machines.  The last column
# is what is wanted; the exit status is 1 if a ratio or the memory misses it.
set -euo pipefail
cd "$(dirname "$0")/../.."

build=${1-build}
mib=${2-64}
tool=$build/tests/peers/segments
create=$build/examples/sfi-create
objcopy=arm-none-eabi-objcopy
for program in "$tool" "$create"; do
    [ -x "$program" ] || { echo "$program is missing: build first" >&2; exit 1; }
done

tmp=$(mktemp -d /dev/shm/sfi-bench-XXXXXX)
trap 'rm -rf "$tmp"' EXIT
missed=0

# compare NAME WANTED MIB OURS... -- THEIRS...: MIB 0: their memory is no matter
compare() {
    python3 - "$@" <<'PYTHON' || missed=1
import os, sys

def measure(command, best):
    pid = os.posix_spawnp(command[0], command, os.environ, file_actions=[
        (os.POSIX_SPAWN_OPEN, fd, "/dev/null", os.O_WRONLY, 0)
        for fd in (1, 2)])
    _, status, usage = os.wait4(pid, 0)
    if status != 0:
        sys.exit(f"{command[0]} failed")
    return min(best, (usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024))

name, wanted, mib = sys.argv[1], float(sys.argv[2]), int(sys.argv[3])
middle = sys.argv.index("--")
ours, theirs = sys.argv[4:middle], sys.argv[middle + 1:]
mine = peer = (1e9, 0)
for _ in range(9):
    mine, peer = measure(ours, mine), measure(theirs, peer)
ratio = peer[0] / mine[0]
memory = f"{mine[1]:4.0f} {peer[1]:4.0f} MiB" if mib else " " * 13
goal = f"{wanted:.1f} times" + (f", {mib + 8} MiB" if mib else "")
bad = ratio < wanted or (mib and mine[1] > mib + 8)
print(f"{name:<22} {1000 * mine[0]:7.1f} ms {1000 * peer[0]:7.1f} ms "
      f"{ratio:4.1f} times  {memory}  {goal}{'  MISSED' if bad else ''}")
sys.exit(1 if bad else 0)
PYTHON
}

# Noise, always the same.
noise() {
    head -c "$1" /dev/zero | openssl enc -aes-128-ctr -nosalt \
        -K 000102030405060708090a0b0c0d0e0f -iv 0 2>/dev/null
}

noise "$((mib * 1048576))" >"$tmp/raw.bin"
"$objcopy" -I binary -O ihex --change-addresses 0x08000000 \
    "$tmp/raw.bin" "$tmp/app.hex"
"$objcopy" -I binary -O srec --srec-forceS3 --change-addresses 0x08000000 \
    "$tmp/raw.bin" "$tmp/app.srec"
"$objcopy" -I binary -O elf32-littlearm "$tmp/raw.bin" "$tmp/app.o"
arm-none-eabi-ld -Tdata 0x08000000 -o "$tmp/app.elf" "$tmp/app.o" 2>/dev/null

# A whole H753: both banks but for their last words.
noise "$((1048576 - 32))" >"$tmp/bank.bin"
for bank in 0x08000000 0x08100000; do
    "$objcopy" -I binary -O ihex --change-addresses "$bank" \
        "$tmp/bank.bin" "$tmp/bank.hex"
    grep -v -e '^:00000001' -e '^:04000005' "$tmp/bank.hex"
done >"$tmp/whole.hex"
printf ':00000001FF\r\n' >>"$tmp/whole.hex"
"$create" --genkey "$tmp/key.bin" --gennonce "$tmp/nonce.bin" >"$tmp/log"

printf '%-22s %10s %10s %11s  %9s      %s\n' '' libsfi objcopy ratio memory wanted
compare "HEX, $mib MiB" 4 "$mib" "$tool" --brief "$tmp/app.hex" \
    -- "$objcopy" -I ihex -O binary "$tmp/app.hex" "$tmp/out"
compare "S-records, $mib MiB" 4 "$mib" "$tool" --brief "$tmp/app.srec" \
    -- "$objcopy" -I srec -O binary "$tmp/app.srec" "$tmp/out"
compare "ELF, $mib MiB" 1.3 "$mib" "$tool" --brief "$tmp/app.elf" \
    -- "$objcopy" -I elf32-littlearm -O binary "$tmp/app.elf" "$tmp/out"
compare "binary, $mib MiB" 1.3 "$mib" \
    "$tool" --brief "$tmp/raw.bin" 0x08000000 \
    -- "$objcopy" -I binary -O binary "$tmp/raw.bin" "$tmp/out"
# objcopy only reads the HEX file; sfi-create verifies what it has encrypted.
compare "sfi-create, HEX, 2 MiB" 2 0 "$create" -fir "$tmp/whole.hex" \
    -k "$tmp/key.bin" -n "$tmp/nonce.bin" -ob tests/data/ob-stm32h753xi.csv \
    -v 1 --chip stm32h753xi -o "$tmp/app.sfi" --force \
    -- "$objcopy" -I ihex -O binary "$tmp/whole.hex" "$tmp/out"
exit "$missed"
