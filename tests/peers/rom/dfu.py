# SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later
# Copyright The libsfi authors
"""The USB bootloader of AN3156, version 2.2: DFU 1.1 with ST's commands."""

from .part import Refused
from .parts import FLASH

DNLOAD, UPLOAD, GETSTATUS, CLRSTATUS, GETSTATE, ABORT = 1, 2, 3, 4, 5, 6
# DFU 1.1, 6.1.2
(IDLE, SYNC, BUSY, DOWN, LEAVE_SYNC, LEAVE, LEFT, UP,
 ERROR) = 2, 3, 4, 5, 6, 7, 8, 9, 10
ERR_TARGET, ERR_ERASE, ERR_VENDOR = 0x01, 0x04, 0x0B
ERR_UNKNOWN, ERR_STALLED = 0x0E, 0x0F
GET, SET_POINTER, ERASE, READ_UNPROTECT = 0x00, 0x21, 0x41, 0x92
#: of the H74x (libDaisy issue 195 and other listings)
TRANSFER = 1024
TEXTS = ("STMicroelectronics", "DFU in FS Mode")


class Stalled(Exception):
    """The device stalls the request."""


class Gone(Exception):
    """The device is not there, or has disconnected."""


class Naks(Exception):
    """The device does not answer now."""


class Dfu:
    def __init__(self, part):
        self.part = part
        self.attach()

    def attach(self):
        """The device enumerates; False: no bootloader runs."""
        self.attached = self.part.mode == "rom"
        self.resets = self.part.resets
        self.state, self.status = IDLE, 0
        self.pointer, self.stuck, self.busy_until = FLASH, False, 0.0
        self.leaves = False
        return self.attached

    def control(self, kind, request, value, index, data, length):
        """A control transfer; returns what is read."""
        if self.resets != self.part.resets or self.part.mode != "rom":
            self.attached = False
        if not self.attached:
            raise Gone
        if kind & 0x60 == 0:
            return self._standard(kind, request, value, length)
        if self.part.quirks.dfu_naks and self.part.now < self.busy_until and \
                self.state == BUSY:
            raise Naks
        if kind & 0x7F != 0x21:
            raise Stalled
        return self._class(request, value, data, length)

    # ---- descriptors ----

    def _standard(self, kind, request, value, length):
        if kind & 0x80 == 0:
            return b""  # SET_CONFIGURATION, SET_INTERFACE
        if request != 6:
            raise Stalled
        texts = (*TEXTS, self.part.kind.dfu_serial, *self._names())
        which, number = value >> 8, value & 0xFF
        if which == 1:
            raw = bytes.fromhex("12 01 0002 00 00 00 40 8304 11df 0002 01 02 03"
                                " 01")
        elif which == 2:
            raw = self._configuration()
        elif which == 3 and number == 0:
            raw = b"\x04\x03\x09\x04"
        elif which == 3 and number <= len(texts):
            text = texts[number - 1].encode("utf-16-le")
            raw = bytes([2 + len(text), 3]) + text
        else:
            raise Stalled
        return raw[:length]

    def _configuration(self):
        raw = b""
        for alt in range(2):
            raw += bytes([9, 4, 0, alt, 0, 0xFE, 1, 2, 4 + alt])
        # bmAttributes, wDetachTimeOut, wTransferSize, bcdDFUVersion
        raw += bytes([9, 0x21, 0x0B, 255, 0]) + TRANSFER.to_bytes(2, "little")
        raw += bytes([0x1A, 0x01])
        return bytes([9, 2]) + (9 + len(raw)).to_bytes(2, "little") + \
            bytes([1, 1, 0, 0xC0, 50]) + raw

    def _names(self):
        return (self.part.kind.dfu_flash,
                self.part.kind.dfu_options.format(self.part.options.len))

    # ---- requests ----

    def _class(self, request, value, data, length):
        names = {DNLOAD: lambda: self._download(value, data),
                 UPLOAD: lambda: self._upload(value, length),
                 GETSTATUS: self._get_status, CLRSTATUS: self._clear,
                 GETSTATE: lambda: bytes([self.state]), ABORT: self._abort}
        if request not in names:
            raise self._stall()
        return names[request]() or b""

    def _stall(self, status=ERR_STALLED):
        """DFU 1.1, A.2: a request that is not expected."""
        self.state, self.status = ERROR, status
        return Stalled()

    def _download(self, block, data):
        if self.state not in (IDLE, DOWN) or len(data) > TRANSFER:
            raise self._stall()
        if len(data) == 0:
            self.state = LEAVE_SYNC
            return
        self.block, self.data, self.state = block, bytes(data), SYNC

    def _upload(self, block, length):
        if self.state not in (IDLE, UP):
            raise self._stall()
        if block == 0:
            self.state = IDLE
            return bytes([GET, SET_POINTER, ERASE, READ_UNPROTECT])[:length]
        if self.part.is_protected():
            raise self._stall(self._protected())
        if block == 1:
            raise self._stall()
        try:
            data = self._read(self._address(block, length), length)
        except Refused:
            raise self._stall(ERR_TARGET) from None
        self.state = UP
        return data

    def _read(self, address, length):
        """AN3156, 4.1: option bytes are read as one block."""
        options = self.part.options
        if self.part.quirks.options == "strict" and address in options and \
                (address, length) != (options.base, options.len):
            raise Refused("option bytes")
        return self.part.read(address, length)

    def _address(self, block, length):
        size = length if self.part.quirks.dfu_block == "length" else TRANSFER
        return self.pointer + (block - 2) * size

    def _get_status(self):
        """AN3156, 3: the first GETSTATUS after a block begins the work and returns
        dfuDNBUSY, a later one how it went."""
        poll = 0.0
        if self.state == SYNC:
            poll = self._begin()
        elif self.state == BUSY and not self.stuck and \
                self.part.now >= self.busy_until:
            self.state = ERROR if self.status else DOWN
        elif self.state == BUSY:
            poll = max(0.0, self.busy_until - self.part.now)
        elif self.state == LEAVE_SYNC:
            self.state, self.leaves = LEAVE, True
        state, status = self.state, self.status
        if state == BUSY:
            status = 0
        ms = int(poll * 1000 + 0.999)
        if ms and self.data[:1] == bytes([ERASE]) and self.block == 0 and \
                self.part.quirks.dfu_poll_ms:
            ms = self.part.quirks.dfu_poll_ms
        reply = bytes([status]) + ms.to_bytes(3, "little") + bytes([state, 0])
        self._after_status()
        return reply

    def _after_status(self):
        if self.leaves:
            self.leaves = False
            self.attached = False
            self.part.jump(self.pointer)
        elif self.state == BUSY and self.data[:1] == b"\x92" and \
                self.block == 0 and len(self.data) == 1 and not self.status:
            self.part.unprotect()
            if not self.part.launch_options():
                self.part.reset(power=False)

    def _begin(self):
        """The seconds that the work takes."""
        self.state, self.status = BUSY, 0
        try:
            seconds = self._work()
        except Refused:
            self.status, seconds = ERR_TARGET, 0.0
        self.busy_until = self.part.now + seconds
        return seconds

    def _protected(self):
        return {"vendor": ERR_VENDOR,
                "target": ERR_TARGET}[self.part.quirks.dfu_refuses]

    def _work(self):
        code = self.data[0]
        if self.block == 0 and self.data == bytes([READ_UNPROTECT]) and \
                self.part.options.level() < 2:  # RM0433: it is permanent
            return self.part.mass_time()
        if self.part.is_protected():
            self.status = self._protected()
            return 0.0
        if self.block == 0 and code == SET_POINTER and len(self.data) == 5:
            address = int.from_bytes(self.data[1:], "little")
            self.part.area(address)
            self.pointer = address
            return 0.0
        if self.block == 0 and code == ERASE and len(self.data) in (1, 5):
            return self._erase()
        if self.block < 2:
            self.status = ERR_STALLED
            return 0.0
        return self._write()

    def _write(self):
        address = self._address(self.block, len(self.data))
        kind = self.part.area(address, write=True)[0]
        if kind == "options" and self.part.quirks.options == "strict" and \
                self.pointer != self.part.options.base:
            self.part.note(f"option bytes at 0x{address:08x} were refused")
            raise Refused("option bytes")  # AN3156, 5.1
        if self.part.now < self.part.busy_until and kind != "ram":
            self.part.touches_flash()
        self.part.write(address, self.data)
        if kind == "options":
            self.part.launch_options()
        return self.part.write_time(len(self.data)) if kind == "flash" else 0.0

    def _erase(self):
        if len(self.data) == 1:
            if not self.part.quirks.dfu_mass_erase:
                self.part.note("mass erase over DFU")
                self.status = ERR_ERASE  # AN2606, V13.3; the status is ours
                return 0.0
            self.part.erase(self.part.sectors())
            return self.part.mass_time()
        address = int.from_bytes(self.data[1:], "little")
        if self.part.area(address)[0] != "flash":
            raise Refused("no sector")
        sector = self.part.sector_at(address)
        self.part.erase([sector])
        self.stuck = self.part.quirks.dfu_bank2_stuck and \
            self.part.in_bank_2([sector])
        return self.part.sector_time(1)

    def _clear(self):
        """By reports of V9.0, CLRSTATUS ends the dfuDNBUSY with errUNKNOWN."""
        if self.stuck and self.state == BUSY:
            if self.part.now < self.busy_until:
                self.part.note("CLRSTATUS before the sector was erased")
            self.stuck, self.state, self.status = False, ERROR, ERR_UNKNOWN
            return
        if self.state != ERROR:
            raise self._stall()
        self.state, self.status = IDLE, 0

    def _abort(self):
        if self.state not in (IDLE, SYNC, DOWN, LEAVE_SYNC, UP):
            raise self._stall()
        self.state = IDLE
