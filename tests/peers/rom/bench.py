# SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later
# Copyright The libsfi authors
"""The library's host on a link of the model, in the model's time: a hundred
starts take no longer than one."""

import re
import socket
import subprocess
import tempfile
from dataclasses import dataclass, field

from . import dfu
from .dfu import Dfu
from .spi import Spi
from .usart import Usart

OK, TIMEOUT, STALL, GONE = range(4)
#: a byte on SPI at 1 MHz and a gap of 15 us (AN4286)
SPI_BYTE_S = 16e-6
#: AN3155, 2: start, 8 bits, parity, stop
USART_BITS = 11


@dataclass
class Done:
    """How the host ended: of its last deed."""

    steps: list = field(default_factory=list)  # (deed, status, where, message)
    told: list = field(default_factory=list)  # what it printed of the part
    logs: list = field(default_factory=list)
    seconds: float = 0.0

    @property
    def status(self):
        return self.steps[-1][1] if self.steps else "nothing"

    @property
    def message(self):
        return self.steps[-1][3]


class Bench:
    """A part and one of its links.

    `reset_line`: the host may reset the part.  `at`: (seconds, function), done
    when the time has come.  `delay_s`: each way, as a network has."""

    def __init__(self, program, part, kind="usart", reset_line=False,
                 speeds=(), delay_s=0.0):
        self.program, self.part, self.kind = program, part, kind
        self.front = {"usart": Usart, "spi": Spi, "dfu": Dfu}[kind](part)
        self.reset_line, self.speeds, self.delay_s = reset_line, speeds, delay_s
        self.baud = speeds[0] if speeds else 115200
        self.at = []
        self.now = 0.0
        self.heard = bytearray()  # all that the host sent over USART
        self.transfers = 0  # of DFU
        self.coming = []  # (time, byte): on the way to the host
        self.going = []  # to the part

    # ---- time ----

    def _events(self):
        times = [t for t, _ in self.at] + [t for t, _ in self.going]
        if self.kind == "usart":
            then = self.front.next_event()
            times += [then] if then is not None else []
        elif self.part.mode == "starting":
            times.append(self.part.ready_at)
        return times

    def pass_time(self, until):
        """What happens up to then, in its order."""
        while True:
            now = min([t for t in self._events() if t <= until],
                      default=until)
            self.now = max(self.now, now)
            self._catch_up()
            if now >= until:
                return

    def _catch_up(self):
        advance = getattr(self.front, "advance", self.part.advance)
        due = sorted([e for e in self.at if e[0] <= self.now],
                     key=lambda e: e[0])
        self.at = [e for e in self.at if e[0] > self.now]
        advance(self.now)
        for _, function in due:
            function()
        while self.going and self.going[0][0] <= self.now:
            byte = self.going.pop(0)[1]
            self.front.receive(byte, self.baud)
        if self.kind == "usart":
            advance(self.now)
            self._collect()

    def _collect(self):
        """What the part sent is on the line, one byte after the other."""
        out, self.front.out = self.front.out, bytearray()
        begin = self.now + self.delay_s
        if self.coming:
            begin = max(begin, self.coming[-1][0])
        for i, byte in enumerate(out, 1):
            self.coming.append((begin + i * USART_BITS / self.baud, byte))

    # ---- the host's calls ----

    def _write(self, data):
        self.heard += data
        begin = self.now + self.delay_s
        if self.going:
            begin = max(begin, self.going[-1][0])
        for i, byte in enumerate(data, 1):
            self.going.append((begin + i * USART_BITS / self.baud, byte))
        self.pass_time(self.now + len(data) * USART_BITS / self.baud)
        return OK, b""

    def _read(self, data):
        length = int.from_bytes(data[:4], "little")
        end = self.now + int.from_bytes(data[4:], "little") / 1000
        while True:
            ready = [b for t, b in self.coming if t <= self.now][:length]
            if ready:
                self.coming = self.coming[len(ready):]
                return OK, bytes(ready)
            if self.now >= end:
                return TIMEOUT, b""
            then = min([t for t, _ in self.coming] + self._events() + [end])
            self.pass_time(min(max(then, self.now + 1e-6), end))

    def _flush(self, _):
        self.coming = [e for e in self.coming if e[0] > self.now]
        return OK, b""

    def _reset(self, data):
        self.part.reset(boot0=bool(data[0]), power=False)
        self.pass_time(self.now + 0.080)  # as the serial port waits
        return OK, b""

    def _speed(self, data):
        choice = int.from_bytes(data, "little")
        self.baud = self.speeds[choice]
        return OK, self.baud.to_bytes(4, "little") + \
            (len(self.speeds) - 1 - choice).to_bytes(4, "little")

    def _select(self, _):
        return OK, b""

    def _transfer(self, data):
        out = bytearray()
        for byte in data:
            self.pass_time(self.now + SPI_BYTE_S)
            out.append(self.front.clock(byte))
        return OK, bytes(out)

    def _control(self, data):
        kind, request = data[0], data[1]
        value, index, length = (int.from_bytes(data[i:i + 2], "little")
                                for i in (2, 4, 6))
        self.transfers += 1
        self.pass_time(self.now + 1e-3)
        try:
            return OK, self.front.control(kind, request, value, index,
                                          data[12:], length)
        except dfu.Stalled:
            return STALL, b""
        except dfu.Gone:
            return GONE, b""
        except dfu.Naks:
            wait = int.from_bytes(data[8:12], "little")
            self.pass_time(self.now + wait / 1000)
            return TIMEOUT, b""

    def _reopen(self, data):
        end = self.now + int.from_bytes(data, "little") / 1000
        while not self.front.attach():
            if self.now >= end:
                return TIMEOUT, b""
            self.pass_time(min(self.now + 0.010, end))
        return OK, b""

    # ---- the host ----

    def run(self, *words, seconds=3600.0):
        """Run the host with these deeds; its time is this bench's."""
        flags = ["reset"] * self.reset_line + ["speeds"] * bool(self.speeds) + \
            ["far"] * bool(self.delay_s)
        begin = self.now
        here, there = socket.socketpair()
        with here, there, tempfile.TemporaryFile("w+") as out:
            process = subprocess.Popen(
                [str(w) for w in (self.program, there.fileno(), self.kind,
                                  *flags, *words)],
                pass_fds=[there.fileno()], stdout=out,
                stderr=subprocess.STDOUT)
            there.close()
            try:
                self._serve(here, begin + seconds)
            except AssertionError:
                process.kill()
                raise
            finally:
                here.shutdown(socket.SHUT_RDWR)
                code = process.wait(60)
            out.seek(0)
            return self._judge(code, out.read(), self.now - begin)

    def _serve(self, sock, end):
        calls = {b"W": self._write, b"R": self._read, b"F": self._flush,
                 b"X": self._reset, b"B": self._speed, b"L": self._select,
                 b"T": self._transfer, b"C": self._control,
                 b"O": self._reopen}
        start = self.now
        with sock.makefile("rwb") as stream:
            while self.now < end:
                head = stream.read(13)
                if len(head) < 13:
                    return
                self.pass_time(max(self.now, start + int.from_bytes(
                    head[1:9], "little") / 1e6))
                data = stream.read(int.from_bytes(head[9:], "little"))
                outcome, reply = calls[head[:1]](data)
                now = int((self.now - start) * 1e6)
                stream.write(bytes([outcome]) + now.to_bytes(8, "little") +
                             len(reply).to_bytes(4, "little") + reply)
                stream.flush()
        raise AssertionError("the host does not end")

    @staticmethod
    def _judge(code, out, seconds):
        if code not in (0, 1):
            raise AssertionError(f"the host ended with {code}: {out}")
        done = Done(seconds=seconds)
        for line in out.splitlines():
            if line.startswith("log "):
                done.logs.append(line)
            elif line.startswith("="):
                done.told.append(line[1:].strip())
            elif re.match(r"\w+\tSFI_", line):
                done.steps.append(tuple(line.split("\t")))
        return done
