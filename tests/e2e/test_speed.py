# SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later
# Copyright The libsfi authors
"""A line that works up to some speed: the programs fall back to one that works,
and say so.  The speed is the one that a program sets on its pty."""

import os
import pty
import re
import select
import termios
import threading
import tty

import bench
from bench import H753, DATA, about

SPEEDS = {termios.B115200: 115200, termios.B230400: 230400,
          termios.B460800: 460800, termios.B921600: 921600}


class Line:
    """A pty before a chip's: bytes above the speed `limit` become noise."""

    def __init__(self, case, part, limit):
        self.limit, self.seen = limit, []
        self.master, self.slave = pty.openpty()
        self.chip = os.open(part.link, os.O_RDWR | os.O_NOCTTY)
        self.ended, end = os.pipe()
        tty.setraw(self.slave)
        tty.setraw(self.chip)
        self.link = os.ttyname(self.slave)
        self.thread = threading.Thread(target=self.serve)
        self.thread.start()

        def stop():
            os.close(end)
            self.thread.join()
            for fd in (self.master, self.slave, self.chip, self.ended):
                os.close(fd)

        case.addCleanup(stop)

    def speed(self):
        """The current speed; the used ones are kept in order."""
        now = SPEEDS[termios.tcgetattr(self.master)[5]]
        if self.seen[-1:] != [now]:
            self.seen.append(now)
        return now

    def serve(self):
        while True:
            ready, _, _ = select.select([self.master, self.chip, self.ended],
                                        [], [])
            if self.ended in ready:
                return
            if self.master in ready:
                data = os.read(self.master, 4096)
                if self.speed() <= self.limit:
                    os.write(self.chip, data)
                else:
                    os.write(self.master, b"\x00\xe0")
            if self.chip in ready:
                os.write(self.master, os.read(self.chip, 4096))


class Speed(bench.Case):
    def setUp(self):
        self.bench = bench.Bench()
        self.addCleanup(self.bench.close)

    def program(self, limit, query, speed):
        """An install, its line, and the speeds that failed."""
        b = self.bench
        part = b.chip(H753, "part").start()
        line = Line(self, part, limit)
        hsm = b.hsm(H753, "line.vault", 1)
        result = bench.run("sfi-program", "-c", f"port={line.link}{query}",
                           f"br={speed}", "--yes", "-sfi", "protocol=static",
                           b.image(H753, "fw.sfi"), *hsm)
        gone = [int(n) for n in re.findall(
            r"warning: .* (\d+) baud; .* lower speed", result.err)]
        return part, line, result, gone

    def assertInstalled(self, part, result):
        self.assertEnded(result, 0)
        part.stop()
        self.assertHolds(part, bench.segments(H753),
                         bench.option_words(DATA / f"ob-{H753}.csv"))
        self.assertEqual(self.bench.counter("line.vault"), 0)

    def test_falls_back(self):
        part, line, result, gone = self.program(230400, "", 921600)
        self.assertInstalled(part, result)
        self.assertEqual(gone, [921600, 460800])
        self.assertEqual(line.seen, [921600, 460800, 230400])

    def test_fastest(self):
        part, line, result, gone = self.program(921600, "", 921600)
        self.assertInstalled(part, result)
        self.assertEqual((gone, line.seen), ([], [921600]))

    def test_forbidden(self):
        part, line, result, gone = self.program(230400, "?fallback=no", 460800)
        # the reply or the rest of it is noise
        self.assertIn(result.status, (4, 5), str(result))
        self.assertSays(result.message,
                        about(line.link, "garbage", "0x7f", "speed"))
        self.assertEqual((gone, line.seen), ([], [460800]))
        self.assertEqual(self.bench.counter("line.vault"), 1)
        self.assertHoldsNothing(part)


if __name__ == "__main__":
    bench.main()
