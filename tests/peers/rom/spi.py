# SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later
# Copyright The libsfi authors
"""The SPI bootloader of AN4286, version 1.1: a slave, which shifts a byte out
while one comes in."""

from .frames import ACK, NACK, Frames

SOF, BUSY = 0x5A, 0xA5
#: AN2606, L4: so long after Write nothing may be polled
WRITE_WAIT_S = 3e-3


class Spi(Frames):
    """clock() is one byte each way.  AN4286 does not say what NSS does in the
    middle of a command: nothing (as stm32-mw-openbl has it)."""

    two_zeros, one_packet = False, False

    def __init__(self, part):
        super().__init__(part)
        self.version = part.kind.spi_version
        self.restart()

    def restart(self):
        self.resets = self.part.resets
        self.slave = self._slave()
        self.shift = next(self.slave)

    def clock(self, byte):
        """The byte that comes out while this one goes in."""
        if self.resets != self.part.resets:
            self.restart()
        if self.part.mode != "rom":
            return 0x00  # nobody drives MISO
        out = self.shift
        self.shift = self.slave.send(byte)
        return out

    def _slave(self):
        """Yields what is shifted out next, and is sent what came in."""
        while (yield BUSY) != SOF:
            pass
        yield from self._ack()
        machine, value = self.commands(), None
        while True:
            op, value = machine.send(value), None
            if self.part.mode != "rom":
                while True:
                    yield 0x00
            if op[0] == "command":
                while (yield BUSY) != SOF:
                    pass
                value = yield from self._take(2)
            elif op[0] == "take":
                value = yield from self._take(op[1])
            elif op[0] == "ack":
                yield from self._ack()
            elif op[0] == "nack":
                yield from self._nack()
            elif op[0] == "send":
                yield from self._send(op[1])
            elif op[0] == "work":
                yield from self._work(op[1])
            elif op[0] == "wrote":
                yield from self._polled_early(op)

    def _take(self, count):
        data = bytearray()
        while len(data) < count:
            data.append((yield BUSY))
        return bytes(data)

    def _ack(self):
        """AN4286: a dummy, 0x79, then the host's own 0x79."""
        yield BUSY
        yield ACK
        while (yield BUSY) != ACK:
            pass

    def _nack(self):
        if self.part.quirks.spi_nack == "dummy":
            yield BUSY
        yield NACK
        while (yield BUSY) != ACK:
            pass

    def _send(self, data):
        """AN4286: one dummy before what the slave sends."""
        yield BUSY
        for byte in data:
            yield byte

    def _work(self, seconds):
        end = self.part.now + seconds
        while self.part.now < end:
            yield BUSY

    def _polled_early(self, op):
        _, kind, address, length = op
        if kind != "flash" or not self.part.quirks.spi_write_wait:
            return
        end = self.part.now + WRITE_WAIT_S
        yield BUSY
        if self.part.now < end:
            self.part.note("polled within 3 ms after Write")
            self.part.lose(address + length - 8, 8)
