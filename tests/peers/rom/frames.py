# SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later
# Copyright The libsfi authors
"""The commands that the bootloaders of AN3155 (USART) and AN4286 (SPI) share.

They are one generator, which yields what it needs of the line, as tuples:
("command",) the next command's two bytes; ("take", n) n bytes; ("ack",);
("nack", n), n times; ("send", bytes), a reply; ("work", seconds).
"""

from .part import KINDS, Refused

ACK, NACK = 0x79, 0x1F
GET, VERSION, GET_ID, READ, GO, WRITE, ERASE = (0x00, 0x01, 0x02, 0x11, 0x21,
                                                0x31, 0x44)
PROTECT, UNPROTECT, READ_PROTECT, READ_UNPROTECT = 0x63, 0x73, 0x82, 0x92
#: AN3155, table of versions: those of V3.1; AN4286 has the same for V1.1
COMMANDS = (GET, VERSION, GET_ID, READ, GO, WRITE, ERASE, PROTECT, UNPROTECT,
            READ_PROTECT, READ_UNPROTECT)
#: AN3155, 3: all that a part with readout protection accepts
OPEN = (GET, VERSION, GET_ID, READ_UNPROTECT)
#: AN3155, 3.8: the banks of an extended erase
MASS, BANK_1, BANK_2 = 0xFFFF, 0xFFFE, 0xFFFD


def xor(data):
    value = 0
    for byte in data:
        value ^= byte
    return value


class Frames:
    """One kind of link: how long Get Version is, and how pages come."""

    version = 0
    #: USART: Get Version has two more bytes; the pages follow their number
    two_zeros, one_packet = True, True

    def __init__(self, part):
        self.part = part

    def commands(self):
        """AN3155, 3: a command and its complement; a part that waits has no
        time-out."""
        names = {GET: self._get, VERSION: self._version, GET_ID: self._get_id,
                 READ: self._read, GO: self._go, WRITE: self._write,
                 ERASE: self._erase, PROTECT: self._protect,
                 UNPROTECT: self._unprotect, READ_PROTECT: self._read_protect,
                 READ_UNPROTECT: self._read_unprotect}
        while True:
            code, check = yield ("command",)
            if code ^ check != 0xFF or code not in COMMANDS:
                yield ("nack", 1)
            elif self._is_refused(code):
                # AN3155: some products send two NACKs for these
                twice = code in (READ, WRITE, GO)
                yield ("nack", self.part.quirks.nacks if twice else 1)
            else:
                yield from names[code]()

    def _is_refused(self, code):
        if self.part.options.level() == 2 and code == READ_UNPROTECT:
            return True  # RM0433, RM0394: permanent
        if not self.part.is_protected() or code in OPEN:
            return False
        by_address = self.part.quirks.refuses == "address"
        return not (by_address and code in (READ, WRITE, GO))

    def _get(self):
        count = self.part.quirks.get_count or len(COMMANDS)
        yield ("ack",)
        yield ("send", bytes([count, self.version, *COMMANDS]))
        yield ("ack",)

    def _version(self):
        yield ("ack",)
        yield ("send", bytes([self.version]) + bytes(2 * self.two_zeros))
        yield ("ack",)

    def _get_id(self):
        yield ("ack",)
        yield ("send", b"\x01" + self.part.kind.device_id.to_bytes(2, "big"))
        yield ("ack",)

    def _address(self, write=False, kinds=None):
        """Of memory of these kinds, or of any; None: refused."""
        raw = yield ("take", 5)
        address = int.from_bytes(raw[:4], "big")
        try:
            if xor(raw) != 0 or self.part.is_protected():
                raise Refused("address")
            if self.part.area(address, write)[0] not in (kinds or KINDS):
                raise Refused("kind")
        except Refused:
            yield ("nack",
                   self.part.quirks.nacks if self.part.is_protected() else 1)
            return None
        return address

    def _read(self):
        yield ("ack",)
        address = yield from self._address()
        if address is None:
            return
        yield ("ack",)
        count, check = yield ("take", 2)
        if self.part.area(address)[0] == "flash":
            self.part.touches_flash()
        try:
            if count ^ check != 0xFF:
                raise Refused("checksum")
            data = self.part.read(address, count + 1)
        except Refused:
            yield ("nack", 1)
            return
        yield ("ack",)
        yield ("send", data)

    def _go(self):
        """AN3155, 3.5: to flash or RAM."""
        if self.part.quirks.go_ack:
            yield ("ack",)
        address = yield from self._address(kinds=("flash", "ram"))
        if address is not None:
            yield ("ack",)
            if self.part.touches_flash():
                self.part.jump(address)

    def _write(self):
        yield ("ack",)
        address = yield from self._address(write=True)
        if address is None:
            return
        yield ("ack",)
        count = (yield ("take", 1))[0]
        data = yield ("take", count + 2)
        kind = self.part.area(address)[0]
        if kind != "ram":
            self.part.touches_flash()
        try:
            if xor(data) ^ count != 0:
                raise Refused("checksum")
            self.part.write(address, data[:-1])
        except Refused:
            yield ("nack", 1)
            return
        yield ("wrote", kind, address, count + 1)
        if kind == "flash":
            yield ("work", self.part.write_time(count + 1))
        yield ("ack",)
        if kind == "options":
            self.part.launch_options()

    def _erase(self):
        """AN3155, 3.8: Extended Erase."""
        yield ("ack",)
        head = yield ("take", 2)
        count = int.from_bytes(head, "big")
        if count >= 0xFFF0:
            check = yield ("take", 1)
            good = xor(head + check) == 0
            sectors = self._special(count)
        else:
            good, sectors = yield from self._pages(head, count)
        if not good or sectors is None:
            yield ("nack", 1)
            return
        self.part.touches_flash()
        before, after = self.part.erase_times(sectors)
        self.part.erase(sectors)
        yield ("work", before)
        self.part.busy_until = self.part.now + after
        yield ("ack",)

    def _pages(self, head, count):
        if not self.one_packet:
            check = yield ("take", 1)
            if xor(head + check) != 0:
                return False, None
            yield ("ack",)
            head = b""
        raw = yield ("take", 2 * (count + 1) + 1)
        sectors = [int.from_bytes(raw[i:i + 2], "big")
                   for i in range(0, 2 * (count + 1), 2)]
        if any(s not in self.part.sectors() for s in sectors):
            sectors = None  # ours
        return xor(head + raw) == 0, sectors

    def _special(self, code):
        """Of an erase's count that is no count; None: refused."""
        banks = {MASS: self.part.sectors(), BANK_1: self.part.bank(0),
                 BANK_2: self.part.bank(1)}
        if code != MASS and len(self.part.model.banks) < 2:
            return None  # RM0394: one bank
        return banks.get(code)

    def _protect(self):
        yield ("ack",)
        count = (yield ("take", 1))[0]
        raw = yield ("take", count + 2)
        if xor(raw) ^ count != 0 or any(s not in self.part.sectors()
                                        for s in raw[:-1]):
            yield ("nack", 1)
            return
        self.part.options.protect(raw[:-1])
        yield from self._changed()

    def _unprotect(self):
        yield ("ack",)
        self.part.options.unprotect()
        yield from self._changed()

    def _read_protect(self):
        yield ("ack",)
        self.part.options.set_rdp(0x00)
        yield from self._changed()

    def _read_unprotect(self):
        """AN3155, 3.12: the second ACK after the erase; stm32-mw-openbl before
        it, as its RAM is erased as well."""
        yield ("ack",)
        if self.part.quirks.unprotect_ack == "before":
            yield ("ack",)
        yield ("work", self.part.mass_time())
        self.part.unprotect()
        if self.part.quirks.unprotect_ack == "after":
            yield ("ack",)
        self._reset()

    def _changed(self):
        """AN3155: the second ACK, then a reset."""
        yield ("ack",)
        self._reset()

    def _reset(self):
        if not self.part.launch_options():
            self.part.reset(power=False)
