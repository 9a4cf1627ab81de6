# SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later
# Copyright The libsfi authors
"""The model as a USB device or an SPI slave of a command's machine, in real time:
rom_wrap is the machine."""

import socket
import subprocess
import time

from . import dfu
from .bench import GONE, OK, STALL, TIMEOUT
from .dfu import Dfu
from .spi import Spi


class Wrapped:
    def __init__(self, part, kind):
        self.part, self.start = part, time.monotonic()
        self.front = {"usb": Dfu, "spi": Spi}[kind](part)
        self.kind = kind
        self.transfers = 0

    def _pass_time(self):
        self.part.advance(time.monotonic() - self.start)

    def _call(self, what, data):
        if what == b"A":
            return (OK if self.front.attach() else GONE), b""
        if what == b"?":
            there = self.front.attached and self.part.mode == "rom" and \
                self.front.resets == self.part.resets
            return (OK if there else GONE), b""
        if what == b"T":
            return OK, bytes(self.front.clock(byte) for byte in data)
        self.transfers += 1
        value, index, length = (int.from_bytes(data[i:i + 2], "little")
                                for i in (2, 4, 6))
        try:
            return OK, self.front.control(data[0], data[1], value, index,
                                          data[12:], length)
        except dfu.Stalled:
            return STALL, b""
        except dfu.Gone:
            return GONE, b""
        except dfu.Naks:
            return TIMEOUT, b""

    def run(self, program, *command, **how):
        """Run a command on this machine; subprocess.run()'s result."""
        while self.part.mode == "starting":
            self._pass_time()
        here, there = socket.socketpair()
        with here:
            process = subprocess.Popen(
                [str(w) for w in (program, there.fileno(), self.kind,
                                  *command)],
                pass_fds=[there.fileno()], **how)
            there.close()
            with here.makefile("rwb") as stream:
                while len(head := stream.read(13)) == 13:
                    data = stream.read(int.from_bytes(head[9:], "little"))
                    self._pass_time()
                    outcome, reply = self._call(head[:1], data)
                    stream.write(bytes([outcome]) + head[1:9] +
                                 len(reply).to_bytes(4, "little") + reply)
                    stream.flush()
        out, err = process.communicate(timeout=60)
        return subprocess.CompletedProcess(command, process.returncode, out,
                                           err)
