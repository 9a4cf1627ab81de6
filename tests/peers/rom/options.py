# SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later
# Copyright The libsfi authors
"""Option bytes: their area in memory, and what a write through the bootloader
makes of them."""

LEVELS = {0xAA: 0, 0xCC: 2}  # RM0433, RM0394: any other value is level 1


class Options:
    """The registers and the rules of a write; the layouts differ."""

    def __init__(self, kind, quirks):
        self.base = kind.options_at
        self.len = quirks.options_len or kind.options_len
        self.quirks = quirks

    def __contains__(self, address):
        return self.base <= address < self.base + self.len

    def level(self):
        return LEVELS.get(self.rdp(), 1)

    def read(self, address, length):
        at = address - self.base
        return self.area()[at:at + length]

    def write(self, address, data):
        """False: refused.  True: accepted, not always performed."""
        rule, at = self.quirks.options, address - self.base
        if rule == "openbl":
            at = 0
        if at != 0 and rule == "strict":
            return False
        if at != 0 and rule == "ignore":
            return True
        if self.level() == 2:
            return False  # RM0433, RM0394: nothing changes any more
        self.program(at, data[:self.len - at], erase=rule == "strict")
        return True


class H7Options(Options):
    """RM0433: registers in pairs, what is in effect and what is programmed, from
    FLASH_OPTSR_CUR on.  A _CUR register ignores writes (stlink pull request
    1417)."""

    CUR, PRG = 0x00, 0x04
    # RM0433: offsets from 0x5200201c of the pairs of PRAR, SCAR, WPSN, BOOT
    PAIRS = {0x00: 0x04, 0x0C: 0x10, 0x14: 0x18, 0x1C: 0x20, 0x24: 0x28,
             0x10C: 0x110, 0x114: 0x118, 0x11C: 0x120}
    BORN = {0x00: 0x1BC6AAF0,  # as seen on silicon
            0x0C: 0xFF, 0x10C: 0xFF, 0x14: 0xFF, 0x114: 0xFF, 0x1C: 0xFF,
            0x11C: 0xFF, 0x24: 0x1FF00800}
    SECURITY = 1 << 21

    def __init__(self, kind, quirks, security):
        super().__init__(kind, quirks)
        self.security = security
        self.now = dict(self.BORN)
        self.next = dict(self.BORN)

    def area(self):
        raw = bytearray(self.len)
        for cur, prg in self.PAIRS.items():
            for at, value in ((cur, self.now[cur]), (prg, self.next[cur])):
                if at + 4 <= self.len:
                    raw[at:at + 4] = value.to_bytes(4, "little")
        return bytes(raw)

    def program(self, at, data, erase):
        """Registers that do not come whole keep their value: the whole set is
        programmed again from the registers (RM0433)."""
        for cur, prg in self.PAIRS.items():
            if at <= prg and prg + 4 <= at + len(data):
                self.next[cur] = int.from_bytes(data[prg - at:prg - at + 4],
                                                "little")
        if not self.security:
            self.next[0] &= ~self.SECURITY
        elif self.now[0] & self.SECURITY:
            self.next[0] |= self.SECURITY
        self.now = dict(self.next)

    def dump(self):
        return list(self.now.items())

    def load(self, pairs):
        self.now = {at: value for at, value in pairs}
        self.next = dict(self.now)

    def rdp(self):
        return self.now[0] >> 8 & 0xFF

    def set_rdp(self, value):
        self.next[0] = self.next[0] & ~0xFF00 | value << 8
        self.now = dict(self.next)

    def is_secure(self):
        return bool(self.now[0] & self.SECURITY)

    def protect(self, sectors):
        for sector in sectors:
            at = 0x1C if sector < 8 else 0x11C
            self.next[at] &= ~(1 << sector % 8)
        self.now = dict(self.next)

    def unprotect(self):
        self.next[0x1C] = self.next[0x11C] = 0xFF
        self.now = dict(self.next)

    def is_protected(self, sector):
        at = 0x1C if sector < 8 else 0x11C
        return not self.now[at] >> sector % 8 & 1

    def boots_rom(self, pin):
        """RM0433: BOOT0 selects one of two addresses; ours: both as born."""
        return pin


class L4Options(Options):
    """RM0394: OPTR, PCROP1SR, PCROP1ER, WRP1AR, WRP1BR, each followed by its
    complement."""

    BORN = (0xFFEFF8AA, 0xFFFFFFFF, 0x0FFF0000, 0xFF00FFFF, 0xFF00FFFF)
    ERASED = (0xFFFFFFFF,) * 5
    N_SW_BOOT0, N_BOOT0 = 1 << 26, 1 << 27

    def __init__(self, kind, quirks, security):
        super().__init__(kind, quirks)
        self.rows = list(self.BORN)

    def area(self):
        return b"".join(value.to_bytes(4, "little") +
                        (value ^ 0xFFFFFFFF).to_bytes(4, "little")
                        for value in self.rows)[:self.len]

    def program(self, at, data, erase):
        """AN3155, 3.6: the area is erased first, then what came is written."""
        rows = list(self.ERASED) if erase else list(self.rows)
        for i in range(5):
            begin = 8 * i - at
            if 0 <= begin and begin + 4 <= len(data):
                rows[i] = int.from_bytes(data[begin:begin + 4], "little")
        if at == 0 and 0 < len(data) < 4:
            rows[0] = data[0]  # stm32-mw-openbl: the first byte is RDP
        if not self.quirks.pcrop:
            rows[1:3] = self.rows[1:3]
        self.rows = rows

    def dump(self):
        return self.rows

    def load(self, rows):
        self.rows = rows

    def rdp(self):
        return self.rows[0] & 0xFF

    def set_rdp(self, value):
        self.rows[0] = self.rows[0] & ~0xFF | value

    def is_secure(self):
        return False

    def protect(self, pages):
        self.rows[3] = 0xFF00FF00 & ~0xFFFF | min(pages) | max(pages) << 16

    def unprotect(self):
        self.rows[3:5] = self.BORN[3:5]

    def is_protected(self, page):
        return any((row & 0xFF) <= page <= (row >> 16 & 0xFF)
                   for row in self.rows[3:5])

    def boots_rom(self, pin):
        """RM0394: nSWBOOT0 says whether the pin or nBOOT0 decides."""
        if self.rows[0] & self.N_SW_BOOT0:
            return pin
        return not self.rows[0] & self.N_BOOT0


def options_of(model, quirks):
    layout = H7Options if model.kind.device_id == 0x450 else L4Options
    return layout(model.kind, quirks, model.security)
