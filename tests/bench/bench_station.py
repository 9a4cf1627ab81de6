#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later
# Copyright The libsfi authors
"""What sfi-station costs while sockets tell how they go.

    bench_station.py PROGRAMS [SECONDS]

Sockets change RATE times a second, or as fast as a thread can; pages are
streams that are read to the end.  The processor's time is that of the whole
program, and of the thread that serves pages.  Ends with 1 when a page gets more
than ten events a second, or 32 sockets on one page cost 5 % of a core.
"""

import contextlib
import os
import pathlib
import sys
import tempfile
import threading
import time

sys.path.insert(0, os.path.join(os.environ["SFI_TEST_SOURCE"],
                                "tests", "station"))
from plain import PATIENCE_S, running  # noqa: E402

SECONDS = float(sys.argv[2]) if len(sys.argv) > 2 else 2
RATE = 50  # sfi-program tells progress less often
LIMIT = 5  # % of a core
TICKS = os.sysconf("SC_CLK_TCK")


def seconds_of(path):
    with open(path, encoding="ascii") as file:
        fields = file.read().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / TICKS


class Reader(threading.Thread):
    """A page."""

    def __init__(self, at, page):
        super().__init__(daemon=True)
        self.raw = at.connect()
        self.raw.settimeout(PATIENCE_S)
        self.raw.sendall(at.head("GET", "/api/events", **page))
        self.events = self.bytes = 0
        self.start()

    def run(self):
        with contextlib.suppress(OSError):
            while data := self.raw.recv(1 << 20):
                self.events += data.count(b"event: new")
                self.bytes += len(data)


def measure(at, page, sockets, pages, rate):
    readers = [Reader(at, page) for _ in range(pages)]
    process = f"/proc/{at.process.pid}/stat"
    thread = f"/proc/{at.process.pid}/task/{at.process.pid}/stat"
    before = seconds_of(process), seconds_of(thread), time.monotonic()
    at.json("POST", "/api/kit/tell", {"sockets": sockets, "rate": rate,
                                      "ms": int(SECONDS * 1000)}, **page)
    took = time.monotonic() - before[2]
    all_of_it = 100 * (seconds_of(process) - before[0]) / took
    serving = 100 * (seconds_of(thread) - before[1]) / took
    events = max(r.events for r in readers) / took
    size = max(r.bytes for r in readers) / took
    for reader in readers:
        reader.raw.close()
    print(f"{sockets:7} {pages:5} {rate or 'most':>5} {events:8.1f} "
          f"{size / 1024:9.1f} {all_of_it:9.1f} {serving:9.1f}", flush=True)
    return events, all_of_it, serving


def main():
    wrong = []
    print("sockets pages  rate events/s page KB/s program % serving %")
    with tempfile.TemporaryDirectory() as folder, \
            running(pathlib.Path(folder)) as at:
        page = at.begin()
        for sockets, pages, rate in (
                (1, 1, RATE), (8, 1, RATE), (32, 1, RATE), (32, 4, RATE),
                (32, 16, RATE), (32, 1, 0)):
            events, used, serving = measure(at, page, sockets, pages, rate)
            if events > 10.5:
                wrong.append(f"{events:.1f} events/s, at most 10 expected")
            if pages == 1 and (serving if rate == 0 else used) >= LIMIT:
                wrong.append(f"{sockets} sockets cost {used:.1f} % of a core, "
                             f"less than {LIMIT} expected")
    for line in wrong:
        print(f"bench_station: {line}", file=sys.stderr)
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
