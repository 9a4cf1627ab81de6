#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later
# Copyright The libsfi authors
"""What it takes to ask a card: libpcsclite, the real pcscd, vpcd, sfi-card.

    bench_card.py PROGRAMS [EXCHANGES]

Ends with 1 when an exchange that costs the card next to nothing takes 1 ms or
more: that is the way there and back.
"""

import pathlib
import statistics
import struct
import subprocess
import sys
import tempfile
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent /
                       "support" / "card"))

import pcscd  # noqa: E402

SELECT = bytes.fromhex("00a4040008f053464948534d0100")
LIMIT_US = 1000


def command(header, data=b"", le=b""):
    return bytes.fromhex(header) + bytes([len(data)]) + data + le


def make_chips(programs, folder, count):
    for i in range(count):
        subprocess.run([programs / "sfi-sim", "manufacture", "--ca",
                        folder / "ca", "--chip", "stm32l462ce", "--state",
                        folder / f"chip{i}"], check=True,
                       stdout=subprocess.DEVNULL)
    return [(folder / f"chip{i}" / "certificate.bin").read_bytes()
            for i in range(count)]


def measure(what, host, commands, end="9000"):
    """Median and 99th percentile, in microseconds."""
    times = []
    for c in commands:
        begin = time.perf_counter()
        answer = host.transmit(c)
        times.append((time.perf_counter() - begin) * 1e6)
        if not answer.endswith(end):
            sys.exit(f"{what}: {answer}")
    median = statistics.median(times)
    late = sorted(times)[-1 - len(times) // 100]
    print(f"{what:44} {median:9.1f} us  99 %: {late:9.1f} us")
    return median


def bench(programs, folder, count):
    chips = make_chips(programs, folder, 20)
    perso, = [p for p in (folder / "ca").glob("*.pd")
              if p.name.encode()[:8] == chips[0][:8]]
    put = [("80da0120", bytes(32)), ("80da0102", b"bench"),
           ("80da0104", struct.pack(">Q", 1000)),
           ("80da0121", perso.read_bytes())]
    licenses = [command("802a0000", chip, b"\0") for chip in chips]
    with pcscd.Desk(folder, programs) as desk:
        desk.insert()
        with desk.connect() as host:
            for c in [SELECT, command("00200001", b"4711")] + \
                    [command(*p) for p in put] + [bytes.fromhex("80f0000f")]:
                host.transmit(c)
            way = measure("SELECT of nobody: the way there and back", host,
                          [bytes.fromhex("00a4040001ff")] * count, "6a82")
            measure("GET DATA, 130 bytes back", host,
                    [bytes.fromhex("80ca011000")] * count)
            measure("GET LICENCE of a new device", host, licenses)
            measure("GET LICENCE again", host, licenses * (count // 100 + 1))
    return way


def main():
    pcscd.need()
    programs = pathlib.Path(sys.argv[1])
    count = int(sys.argv[2]) if len(sys.argv) > 2 else 2000
    with tempfile.TemporaryDirectory(prefix="sfi-bench-") as folder:
        way = bench(programs, pathlib.Path(folder), count)
    if way >= LIMIT_US:
        sys.exit(f"the way takes {way:.0f} us, expected less than {LIMIT_US}")


if __name__ == "__main__":
    main()
