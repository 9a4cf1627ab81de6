# SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later
# Copyright The libsfi authors
"""The USART bootloader of AN3155, version 3.1."""

from .frames import ACK, NACK, Frames

SYNC = 0x7F


class Usart(Frames):
    """Bytes come whole: receive(); what it sends is in `out`."""

    def __init__(self, part):
        super().__init__(part)
        self.version = part.kind.usart_version
        self.out = bytearray()
        self.restart()

    def restart(self):
        """The line as it is after a reset."""
        self.resets, self.baud, self.synced = self.part.resets, None, 0
        self.deaf, self.app_next = False, self.part.now
        self._wait_for_command()

    def _wait_for_command(self):
        self.machine, self.buffer, self.want = self.commands(), b"", 2
        self.work_until, self.held, self.half_since = None, None, None
        next(self.machine)

    # ---- the line ----

    def receive(self, byte, baud=115200):
        """One byte, at the part's time."""
        if self.resets != self.part.resets:
            self.restart()
        if self.part.mode != "rom" or self.deaf:
            return
        if self.synced < self.part.quirks.syncs:
            self._measure(byte, baud)
        elif baud != self.baud:
            self.part.note(f"a byte at {baud} baud; the part has {self.baud}")
        elif self.work_until is not None:
            # one byte is held while it works, more overrun it
            self.held = byte if self.held is None else self.held
        else:
            self._take(byte)

    def _measure(self, byte, baud):
        if byte == SYNC and not 0 < self.part.quirks.baud_max < baud:
            self.baud, self.synced = baud, self.synced + 1
            if self.synced == self.part.quirks.syncs:
                self.out.append(ACK)
        elif self.part.quirks.autobaud == "measure" and self.synced == 0:
            self.deaf = True
            self.part.note(f"the baud rate was measured on 0x{byte:02x}")

    def _take(self, byte):
        self.buffer += bytes([byte])
        self.half_since = self.part.now
        if len(self.buffer) == self.want:
            data, self.buffer = self.buffer, b""
            self._go_on(data)

    def _go_on(self, value):
        """Run the command until it needs bytes, or time."""
        while self.part.mode == "rom":
            op = self.machine.send(value)
            value = None
            if self.part.mode != "rom":
                break
            if op[0] == "ack":
                self.out.append(ACK)
            elif op[0] == "nack":
                self.out += bytes([NACK]) * op[1]
            elif op[0] == "send":
                self.out += op[1]
            elif op[0] == "work" and op[1] > 0:
                self.work_until = self.part.now + op[1]
                return
            elif op[0] == "take":
                self.want = op[1]
                return
            elif op[0] == "command":
                self.want, self.half_since = 2, None
                return
        self._wait_for_command()

    # ---- time ----

    def advance(self, now):
        """Work ends, half commands may, an application prints."""
        self.part.advance(now)
        if self.resets != self.part.resets:
            self.restart()
        if self.work_until is not None and self.work_until <= self.part.now:
            self.work_until = None
            held, self.held = self.held, None
            self._go_on(None)
            if held is not None and self.work_until is None:
                self._take(held)
        half = self.part.quirks.half_s
        if half and self.half_since is not None and \
                self.part.now - self.half_since >= half:
            self._wait_for_command()
            self.out.append(NACK)
        while self.part.mode == "app" and self.part.app_text and \
                self.app_next <= self.part.now:
            self.out += self.part.app_text
            self.app_next += self.part.app_s

    def next_event(self):
        """When advance() has something to do; None: never."""
        times = []
        if self.part.mode == "starting":
            times.append(self.part.ready_at)
        if self.work_until is not None:
            times.append(self.work_until)
        if self.part.quirks.half_s and self.half_since is not None:
            times.append(self.half_since + self.part.quirks.half_s)
        if self.part.mode == "app" and self.part.app_text:
            times.append(self.app_next)
        return min(times) if times else None
