# SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later
# Copyright The libsfi authors
"""A part: memories, protection, power, and what its bootloader may do with them,
whatever the link."""

import json
import mmap

from .options import options_of
from .parts import FLASH, MODELS
from .quirks import quirks_of

KIB = 1 << 10
#: of memory
KINDS = ("flash", "options", "ram", "system")


class Refused(Exception):
    """The bootloader refuses an address or a range."""


class Part:
    """One part on a bench.  Time is in seconds, and told by the caller.

    `mode`: "off"; "starting" until the bootloader listens; "rom"; "app", its
    application; "hung" until its reset; "stuck" until its power goes off and on;
    "secure", another bootloader that is not modelled."""

    def __init__(self, name="h753", version="V9.2", quirks=None, pace=None):
        self.model = MODELS[name]
        self.kind = self.model.kind
        self.version = version
        self.quirks = quirks or quirks_of(self.model, version)
        #: None: erase and program take no time; 0: typical; 1: at most
        self.pace = pace
        self.flash = bytearray(b"\xff" * self.kind.sector *
                               self.kind.bank_sectors * len(self.model.banks))
        self.ram = {span: bytearray(span[1] - span[0]) for span in self._ram()}
        self.options = options_of(self.model, self.quirks)
        self.uid = bytes.fromhex("330032000551333331363938")
        #: what its application prints, and how often
        self.app_text, self.app_s = b"", 0.1
        self.mode, self.now, self.boot0, self.resets = "off", 0.0, True, 0
        self.ready_at, self.busy_until = 0.0, 0.0
        self.jumped_to = None
        #: what a host should not have done
        self.notes = []

    def keep(self, folder):
        """Flash is a file from now on; option bytes are those that save()
        wrote.  What a host should not have done is kept as well."""
        path = folder / "flash.bin"
        if not path.exists():
            path.write_bytes(self.flash)
        with path.open("r+b") as f:
            self.flash = mmap.mmap(f.fileno(), len(self.flash))
        if (folder / "options").exists():
            self.options.load(json.loads((folder / "options").read_text()))

    def save(self, folder):
        (folder / "options").write_text(json.dumps(self.options.dump()))
        if self.notes:
            with (folder / "notes").open("a") as f:
                f.writelines(note + "\n" for note in self.notes)

    def _ram(self):
        spans = []
        for first, end in self.kind.ram:
            if first < self.quirks.ram_from < end:
                first = self.quirks.ram_from
            spans.append((first, end))
        return spans

    def note(self, what):
        self.notes.append(what)

    # ---- power and reset ----

    def power_on(self, boot0=True):
        self.mode, self.boot0 = "off", boot0
        self.reset()

    def power_off(self):
        self.mode, self.busy_until = "off", 0.0

    def hang(self, why):
        self.note(why)
        self.mode = "hung"

    def reset(self, boot0=None, power=True):
        """`power` False: the reset line, or by itself."""
        if boot0 is not None:
            self.boot0 = boot0
        if not power and self.mode in ("off", "stuck"):
            return
        self.resets += 1
        self.busy_until = 0.0
        if self.options.is_secure():
            self.mode = "secure"
        elif self.options.level() < 2 and self.options.boots_rom(self.boot0):
            self.mode, self.ready_at = "starting", self.now + self.kind.start_s
        else:
            self.mode = "app"

    def advance(self, now):
        self.now = max(self.now, now)
        if self.mode == "starting" and self.now >= self.ready_at:
            self.mode = "rom"

    def launch_options(self):
        """After option bytes were written (AN3155: L45x/46x reset then)."""
        if self.kind.device_id != 0x462:
            return False
        if self.quirks.launch_hangs:
            self.mode = "stuck"
        else:
            self.reset(power=False)
        return True

    # ---- time ----

    def _time(self, pair):
        return 0.0 if self.pace is None else pair[self.pace]

    def sector_time(self, count):
        return self._time(self.kind.sector_s) * count

    def erase_time(self, sectors):
        if len(sectors) == len(self.sectors()):
            return self.mass_time()
        return self.sector_time(len(sectors))

    def erase_times(self, sectors):
        """Before the ACK, and after it (AN2606, V9.1: the second bank's part; of a
        mass erase each bank takes half, which is ours)."""
        length = self.erase_time(sectors)
        if not self.quirks.early_ack:
            return length, 0.0
        second = [s for s in sectors if s >= self.kind.bank_sectors]
        after = length * len(second) / len(sectors)
        return length - after, after

    def mass_time(self):
        return self._time(self.kind.mass_s)

    def write_time(self, length):
        return self._time(self.kind.word_s) * -(-length // self.kind.word)

    def touches_flash(self):
        """AN2606, V9.1: what touches flash during an erase hangs the part."""
        if self.now < self.busy_until:
            self.hang("a command touched flash during an erase of bank 2")
            return False
        return True

    # ---- memory ----

    def is_protected(self):
        return self.options.level() > 0

    def sectors(self):
        """The numbers of the sectors that exist."""
        step = self.kind.bank_sectors
        return [bank * step + i for bank, count in enumerate(self.model.banks)
                for i in range(count)]

    def sector_at(self, address):
        return (address - FLASH) // self.kind.sector

    def in_bank_2(self, sectors):
        return any(s >= self.kind.bank_sectors for s in sectors)

    def _fixed(self):
        """Memory that can only be read."""
        first, end = self.kind.system
        rom = bytearray(end - first)
        rom[self.kind.id_at - first] = self.model.versions[self.version]
        size = len(self.sectors()) * self.kind.sector // KIB
        return {(first, end): rom,
                (self.kind.uid_at, self.kind.uid_at + 12): self.uid,
                (self.kind.size_at, self.kind.size_at + 2):
                    size.to_bytes(2, "little")}

    def area(self, address, write=False):
        """What is at an address: its kind, memory and first address."""
        sector = self.sector_at(address)
        if address >= FLASH and sector in self.sectors():
            return "flash", self.flash, FLASH
        if address in self.options and (write or self.quirks.options_read):
            return "options", None, self.options.base
        for (first, end), memory in self.ram.items():
            if first <= address < end:
                return "ram", memory, first
        if self.quirks.system_reads and not write:
            for (first, end), memory in self._fixed().items():
                if first <= address < end:
                    return "system", memory, first
        raise Refused(f"no memory at 0x{address:08x}")

    def read(self, address, length):
        kind, memory, first = self.area(address)
        if kind == "options":
            data = self.options.read(address, length)
        else:
            data = bytes(memory[address - first:address - first + length])
        if len(data) != length:
            raise Refused(f"0x{address + length - 1:08x} is past the memory")
        return data

    def write(self, address, data):
        """A write of option bytes may reset the part; see `mode`."""
        kind, memory, first = self.area(address, write=True)
        if kind == "options":
            before = self.options.level()
            if not self.options.write(address, data):
                self.note(f"option bytes at 0x{address:08x} were refused")
                raise Refused("option bytes")
            if self.options.level() == 2 and before != 2:
                self.note("RDP level 2")
            if self.options.level() == 0 and before == 1:
                self.flash[:] = b"\xff" * len(self.flash)
            return
        if len(data) % 8 != 0 or address % 8 != 0:
            self.note(f"{len(data)} bytes at 0x{address:08x}: not in eights")
            if self.quirks.odd_write == "nack" or address % 4 != 0:
                raise Refused("not a multiple of 8")
            data = data[:len(data) // 8 * 8]
        if kind == "flash":
            self._program(address, data)
            return
        if address - first + len(data) > len(memory):
            raise Refused("past the RAM")
        memory[address - first:address - first + len(data)] = data

    def _program(self, address, data):
        """AN3155: a write-protected sector reports no error."""
        at, word = address - FLASH, self.kind.word
        if at + len(data) > len(self.flash):
            raise Refused("past the flash")
        if at % word != 0 or len(data) % word != 0:
            self.note(f"{len(data)} bytes at 0x{address:08x}: a part of a "
                      "flash word")
        for i in range(at, at + len(data), word):
            if not self.options.is_protected(i // self.kind.sector):
                self._program_word(i, data[i - at:i - at + word])

    def _program_word(self, at, data):
        """RM0433, RM0394: a word has one ECC, so it is programmed once.  An L4
        refuses the second time (PROGERR), which stm32-mw-openbl does not tell."""
        there = self.flash[at:at + len(data)]
        if there.count(0xFF) != len(there):
            self.note(f"0x{FLASH + at:08x} was not erased")
            if self.kind.word == 8 and any(data):
                return
        self.flash[at:at + len(data)] = bytes(a & b for a, b in
                                              zip(there, data))

    def lose(self, address, length):
        """These bytes of flash were not programmed."""
        at = address - FLASH
        self.flash[at:at + length] = b"\xff" * length

    def erase(self, sectors):
        """stm32-mw-openbl: errors of an erase, as of a write-protected sector,
        are not reported."""
        for sector in sectors:
            if self.options.is_protected(sector):
                continue
            at = sector * self.kind.sector
            self.flash[at:at + self.kind.sector] = b"\xff" * self.kind.sector

    def bank(self, number):
        step = self.kind.bank_sectors
        return [s for s in self.sectors() if s // step == number]

    def unprotect(self):
        """RM0433, RM0394: from level 1 to 0 all flash is erased."""
        self.flash[:] = b"\xff" * len(self.flash)
        self.options.set_rdp(0xAA)

    # ---- Go ----

    def jump(self, address):
        """AN3155: the stack pointer is at the address, the entry 4 after it."""
        table = self.read(address, 8)
        stack = int.from_bytes(table[:4], "little")
        self.jumped_to = address
        ends = [end for _, end in self.kind.ram]
        if not self.quirks.go_works:
            self.hang("Go does not work")
        elif self.quirks.go_stack and any(end - 16 <= stack <= end
                                          for end in ends):
            self.hang(f"Go: the stack pointer 0x{stack:08x} is at the end of "
                      "RAM")
        else:
            self.mode = "app"
