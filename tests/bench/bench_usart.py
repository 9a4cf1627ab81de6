#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later
# Copyright The libsfi authors
"""How much of a serial line an install uses, beside stm32flash.

    bench_usart.py BUILD [BAUD]

Both write to virtual chips over the same line, which lets bytes through at the
given speed (line.c).  Two sizes are written, and the difference of the times is
what the difference of the sizes took: connecting, erasing and the end are in
neither.  Ends with 1 when the install uses less than 96 % of the line, or one
of them more than its frames allow, the line being wrong then.
"""

import os
import pathlib
import statistics
import subprocess
import sys
import time

BUILD = pathlib.Path(sys.argv[1]).resolve()
BAUD = int(sys.argv[2]) if len(sys.argv) > 2 else 115200
os.environ["SFI_PROGRAMS"] = str(BUILD / "examples")
sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "e2e"))

import bench  # noqa: E402
from bench import H753  # noqa: E402

SMALL, BIG = 16 << 10, 80 << 10  # both in one sector
TARGET = 0.96
TRIES = 3  # of a machine that has other things to do
LINE = BAUD / 11  # bytes a second
# bytes of content, and of all on the wire both ways
EXTENDED = 1024 / (2 + 3 + 3 + 4 + 1027 + 4 + 3 + 1)
WRITE_MEMORY = 256 / (2 + 5 + 258 + 3)


class Line:
    """A chip behind a line; to be used in place of its own port."""

    def __init__(self, part):
        self.link = part.bench.path / f"{part.state.name}.line"
        self.process = subprocess.Popen(
            [BUILD / "tests/bench/line", part.link, self.link, str(BAUD)],
            stdin=subprocess.PIPE)
        while not self.link.exists():
            time.sleep(0.01)

    def close(self):
        self.process.stdin.close()
        self.process.wait(10)


def content(size):
    return bytes((i * 7 + i // 256) & 0xff for i in range(size))


def timed(*command):
    begin = time.monotonic()
    done = subprocess.run([str(c) for c in command], capture_output=True,
                          text=True, timeout=300)
    took = time.monotonic() - begin
    if done.returncode != 0:
        sys.exit(f"{command}\n{done.stdout}{done.stderr}")
    return took


def install(b):
    part = b.chip(H753, "install").start()
    line = Line(part)
    hsm = b.hsm(H753, "line.vault", 1)
    port = f"port={line.link}"
    program = bench.PROGRAMS / "sfi-program"
    images = {}
    for size in (SMALL, BIG):
        raw = b.path / f"{size}.bin"
        raw.write_bytes(content(size))
        images[size] = b.image(H753, f"{size}.sfi", raw, "0x08000000")

    def once(size):
        took = timed(program, "-c", port, f"br={BAUD}", "--yes", "-sfi",
                     "protocol=static", images[size], *hsm)
        timed(program, "-c", port, f"br={BAUD}", "-e", "all")
        return took

    yield once
    line.close()


def stm32flash(b):
    part = b.chip(H753, "flash").start()
    line = Line(part)

    def once(size):
        raw = b.path / "flash.bin"
        raw.write_bytes(content(size))
        return timed("stm32flash", "-m", "8n1", "-b", BAUD, "-w", raw, "-S",
                     "0x08000000", line.link)

    yield once
    line.close()


def measure(what, once, limit):
    """The best of the tries: what else the machine does makes none faster."""
    tries = []
    for _ in range(TRIES):
        rate = (BIG - SMALL) / (once(BIG) - once(SMALL))
        tries.append(rate / LINE)
        print(f"{what:34} {rate:8.0f} B/s {rate / LINE:8.2%}", flush=True)
    middle = statistics.median(tries)
    print(f"{what:34} {middle * LINE:8.0f} B/s {middle:8.2%} of the line in "
          f"the middle, {limit:.2%} being possible", flush=True)
    return max(tries)


def main():
    b = bench.Bench()
    print(f"{BAUD} baud, 8E1: {LINE:.0f} B/s", flush=True)
    try:
        faults = []
        for what, writer, limit, enough in (
                ("sfi-program -sfi, 1024-byte frames", install, EXTENDED,
                 TARGET),
                ("stm32flash -w, 256-byte frames", stm32flash, WRITE_MEMORY,
                 0)):
            for once in writer(b):
                used = measure(what, once, limit)
                if used > limit * 1.002:
                    faults.append(f"{what}: faster than the line")
                if used < enough:
                    faults.append(f"{what}: less than {enough:.0%}")
    finally:
        b.close()
    sys.exit("\n".join(faults) if faults else 0)


if __name__ == "__main__":
    main()
