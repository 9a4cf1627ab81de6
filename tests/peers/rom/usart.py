# SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later
# Copyright The libsfi authors
"""The USART bootloader of AN3155, version 3.1."""

from .part import Refused

ACK, NACK, SYNC = 0x79, 0x1F, 0x7F
GET, VERSION, GET_ID, READ, GO, WRITE, ERASE = (0x00, 0x01, 0x02, 0x11, 0x21,
                                                0x31, 0x44)
PROTECT, UNPROTECT, READ_PROTECT, READ_UNPROTECT = 0x63, 0x73, 0x82, 0x92
#: AN3155, table of versions: those of V3.1
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


class Restarted(Exception):
    """The part does not run its bootloader any more."""


class Frames:
    """The commands, for the links with frames.  Its generators yield None for the
    next byte, and a number of seconds for work."""

    def __init__(self, part):
        self.part = part

    def erase_sectors(self, sectors):
        """The sectors that an erase is about, or None: refused (ours)."""
        if len(sectors) == 0 or any(s not in self.part.sectors()
                                    for s in sectors):
            return None
        return sectors

    def special_erase(self, code):
        """Of an erase's count that is no count."""
        banks = {MASS: self.part.sectors(), BANK_1: self.part.bank(0),
                 BANK_2: self.part.bank(1)}
        if code != MASS and len(self.part.model.banks) < 2:
            return None  # RM0394: one bank
        return banks.get(code)

    def erase_time(self, sectors):
        if len(sectors) == len(self.part.sectors()):
            return self.part.mass_time()
        return self.part.sector_time(len(sectors))


class Usart(Frames):
    """Bytes come whole: receive(); what it sends is in `out`."""

    def __init__(self, part):
        super().__init__(part)
        self.out = bytearray()
        #: bytes of one half command are in a row
        self.resets = -1
        self.restart()

    def restart(self):
        self.resets, self.baud, self.work_until = self.part.resets, None, None
        self.synced, self.deaf, self.held = 0, False, None
        self.half_since = None
        self.app_next = self.part.now
        self.machine = self._commands()
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
            self._step(byte)

    def _measure(self, byte, baud):
        if byte == SYNC and not 0 < self.part.quirks.baud_max < baud:
            self.baud, self.synced = baud, self.synced + 1
            if self.synced == self.part.quirks.syncs:
                self.out.append(ACK)
        elif self.part.quirks.autobaud == "measure" and self.synced == 0:
            self.deaf = True
            self.part.note(f"the baud rate was measured on 0x{byte:02x}")

    def advance(self, now):
        """Time passes: work ends, half commands may, an application prints."""
        self.part.advance(now)
        if self.resets != self.part.resets:
            self.restart()
        while self.work_until is not None and self.work_until <= self.part.now:
            self.work_until = None
            self._step(None)
            if self.held is not None and self.work_until is None:
                held, self.held = self.held, None
                self._step(held)
        half = self.part.quirks.half_s
        if half and self.half_since is not None and \
                self.part.now - self.half_since >= half:
            self.machine = self._commands()
            next(self.machine)
            self.half_since = None
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

    def _step(self, byte):
        """Run until it needs a byte, or time."""
        try:
            want = self.machine.send(byte)
            while want is not None and want <= 0:
                want = next(self.machine)
        except Restarted:
            self.machine = self._commands()
            next(self.machine)
            return
        self.half_since = self.part.now
        if want is not None:
            self.work_until = self.part.now + want

    # ---- the commands ----

    def _take(self, count):
        data = bytearray()
        while len(data) < count:
            data.append((yield))
        return bytes(data)

    def _nack(self, times=1):
        self.out += bytes([NACK]) * times

    def _commands(self):
        """AN3155, 3: a command and its complement; a part that waits has no
        time-out."""
        names = {GET: self._get, VERSION: self._version, GET_ID: self._get_id,
                 READ: self._read, GO: self._go, WRITE: self._write,
                 ERASE: self._erase, PROTECT: self._protect,
                 UNPROTECT: self._unprotect, READ_PROTECT: self._read_protect,
                 READ_UNPROTECT: self._read_unprotect}
        while True:
            self.half_since = None
            code = yield
            self.half_since = self.part.now
            check = yield
            if code ^ check != 0xFF or code not in COMMANDS:
                self._nack()
            elif self.part.is_protected() and code not in OPEN and \
                    not (self.part.quirks.refuses == "address" and
                         code in (READ, WRITE, GO)):
                # AN3155: some products send two NACKs for these
                twice = code in (READ, WRITE, GO)
                self._nack(self.part.quirks.nacks if twice else 1)
            else:
                yield from names[code]()
                if self.part.mode != "rom":
                    raise Restarted

    def _get(self):
        count = self.part.quirks.get_count or len(COMMANDS)
        self.out += bytes([ACK, count, self.part.kind.usart_version, *COMMANDS,
                           ACK])
        return
        yield

    def _version(self):
        self.out += bytes([ACK, self.part.kind.usart_version, 0, 0, ACK])
        return
        yield

    def _get_id(self):
        self.out += bytes([ACK, 1]) + \
            self.part.kind.device_id.to_bytes(2, "big") + bytes([ACK])
        return
        yield

    def _address(self, write=False):
        """None: refused."""
        raw = yield from self._take(5)
        address = int.from_bytes(raw[:4], "big")
        try:
            if xor(raw) != 0 or self.part.is_protected():
                raise Refused("address")
            self.part.area(address, write)
        except Refused:
            self._nack(self.part.quirks.nacks
                       if self.part.is_protected() else 1)
            return None
        self.out.append(ACK)
        return address

    def _read(self):
        self.out.append(ACK)
        address = yield from self._address()
        if address is None:
            return
        count, check = yield from self._take(2)
        if count ^ check != 0xFF:
            self._nack()
            return
        if self.part.area(address)[0] == "flash" and \
                not self.part.touches_flash():
            return
        try:
            data = self.part.read(address, count + 1)
        except Refused:
            self._nack()
            return
        self.out += bytes([ACK]) + data

    def _go(self):
        if self.part.quirks.go_ack:
            self.out.append(ACK)
        address = yield from self._address()
        if address is not None and self.part.touches_flash():
            self.part.jump(address)

    def _write(self):
        self.out.append(ACK)
        address = yield from self._address(write=True)
        if address is None:
            return
        count = yield
        data = yield from self._take(count + 2)
        if xor(data) ^ count != 0:
            self._nack()
            return
        kind = self.part.area(address)[0]
        if kind != "ram" and not self.part.touches_flash():
            return
        try:
            self.part.write(address, data[:-1])
        except Refused:
            self._nack()
            return
        if kind == "flash":
            yield self.part.write_time(count + 1)
        self.out.append(ACK)
        if kind == "options":
            self.part.launch_options()

    def _erase(self):
        """AN3155, 3.8: Extended Erase."""
        self.out.append(ACK)
        head = yield from self._take(2)
        count = int.from_bytes(head, "big")
        if count >= 0xFFF0:
            check = yield from self._take(1)
            sectors = self.special_erase(count)
        else:
            check = yield from self._take(2 * (count + 1) + 1)
            sectors = self.erase_sectors(
                [int.from_bytes(check[i:i + 2], "big")
                 for i in range(0, 2 * (count + 1), 2)])
        if xor(head + check) != 0 or sectors is None:
            self._nack()
            return
        if not self.part.touches_flash():
            return
        length = self.erase_time(sectors)
        self.part.erase(sectors)
        if self.part.quirks.early_ack and self.part.in_bank_2(sectors):
            self.part.busy_until = self.part.now + length
        else:
            yield length
        self.out.append(ACK)

    def _protect(self):
        self.out.append(ACK)
        count = yield
        raw = yield from self._take(count + 2)
        if xor(raw) ^ count != 0 or any(s not in self.part.sectors()
                                        for s in raw[:-1]):
            self._nack()
            return
        self.part.options.protect(raw[:-1])
        self._changed()

    def _unprotect(self):
        self.out.append(ACK)
        self.part.options.unprotect()
        self._changed()
        return
        yield

    def _read_protect(self):
        self.out.append(ACK)
        self.part.options.set_rdp(0x00)
        self._changed()
        return
        yield

    def _read_unprotect(self):
        """AN3155, 3.12: the second ACK after the erase; stm32-mw-openbl before
        it, as its RAM is erased as well."""
        self.out.append(ACK)
        if self.part.quirks.unprotect_ack == "before":
            self.out.append(ACK)
        yield self.part.mass_time()
        self.part.unprotect()
        if self.part.quirks.unprotect_ack == "after":
            self.out.append(ACK)
        self._reset()

    def _changed(self):
        """AN3155: the second ACK, then a reset."""
        self.out.append(ACK)
        self._reset()

    def _reset(self):
        if not self.part.launch_options():
            self.part.reset(power=False)
