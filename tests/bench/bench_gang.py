#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later
# Copyright The libsfi authors
"""How much longer many chips take than one, on serial lines at their speed.

    bench_gang.py PROGRAMS SLOW_LINE [CHIPS] [BYTES]

Ends with 1 when the gang takes more than 1.1 times as long.
"""

import os
import pathlib
import subprocess
import sys
import time

PROGRAMS, SLOW_LINE = sys.argv[1:3]
CHIPS = int(sys.argv[3]) if len(sys.argv) > 3 else 32
BYTES = int(sys.argv[4]) if len(sys.argv) > 4 else 65536
BAUD = 115200
LIMIT = 1.1

os.environ["SFI_PROGRAMS"] = PROGRAMS
sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "e2e"))

import bench  # noqa: E402


def slow_lines(b, parts):
    """The ports of the chips, at 115200 baud; and the process between."""
    ports = [b.path / f"slow-{part.link.name}" for part in parts]
    pairs = [x for pair in zip(ports, (p.link for p in parts)) for x in pair]
    process = subprocess.Popen([SLOW_LINE, str(BAUD), *map(str, pairs)],
                               stdout=subprocess.PIPE, text=True)
    if process.stdout.readline() != "ready\n":
        sys.exit("slow_line does not run")
    return ports, process


def install(ports, *words):
    begin = time.monotonic()
    result = bench.run("sfi-program", "--gang", ",".join(map(str, ports)),
                       "--yes", "-sfi", *words)
    if result.status != 0:
        sys.exit(str(result))
    return time.monotonic() - begin


def main():
    b = bench.Bench()
    lines = None
    try:
        data = b.path / "firmware.bin"
        data.write_bytes(bytes(i * 7 % 251 for i in range(BYTES)))
        image = b.image(bench.H753, "fw.sfi", data, "0x08000000")
        hsm = b.hsm(bench.H753, "line.vault", CHIPS + 1)
        parts = [b.chip(bench.H753, f"part-{i}").start()
                 for i in range(CHIPS + 1)]
        ports, lines = slow_lines(b, parts)
        one = install(ports[:1], image, *hsm)
        many = install(ports[1:], image, *hsm)
    finally:
        if lines is not None:
            lines.terminate()
            lines.wait()
        b.close()
    least = image_bits(BYTES) / BAUD
    print(f"{BYTES} bytes of firmware at {BAUD} baud: {least:.2f} s at least")
    print(f"one chip   {one:6.2f} s  {least / one * 100:3.0f} % of the line")
    print(f"{CHIPS} chips   {many:6.2f} s  {many / one:.3f} times as long "
          f"(at most {LIMIT})")
    sys.exit(many > LIMIT * one)


def image_bits(size):
    """8E1: eleven bits a byte."""
    return size * 11


if __name__ == "__main__":
    main()
