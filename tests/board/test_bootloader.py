#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later
# Copyright The libsfi authors
"""Secure boot and bootloader of examples/bootloader on sfi-board's L462: what
starts, what parks and why, the links' rates, the stack that was used.

    test_bootloader.py SFI_BOARD SECURE_BOOT.elf BOOTLOADER.elf
"""

import pathlib
import re
import struct
import subprocess
import sys
import tempfile
import unittest
import zlib

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] /
                       "scripts"))

import check_license
from board import Board, N, Refused, firmware

USER, LOADER, PAGE_0, PAGE_1 = 0x08001000, 0x08075800, 0x0807f000, 0x0807f800
PARK = 0x20004000
PARKED = 0x6b726170
REASONS = {name: int(value) for name, value in re.findall(
    r"SECURE_BOOT_(\w+) = (\d+)",
    (pathlib.Path(__file__).resolve().parents[2] /
     "lib/wire/secure_boot.h").read_text(encoding="utf-8"))}
RDP_0, RDP_1 = 0xfbeff8aa, 0xfbeff8bb
NONE, BOOT_ONLY = 0xff00ffff, 0xff01ff00
BLINK = "int main(void) { result[0] = 0x600d; for (;;) ; }"
EMPTY, INSTALLING, COMMITTING, INSTALLED = (
    0x3c96a55a, 0x69c35aa5, 0x5aa53c69, 0x0ff0c396)
OPTIONS = [RDP_1, 0xffffffff, 0, NONE, NONE]
SECRET = bytes(range(1, 33))
# The base point of P-256: a key that a licence may have.
POINT = bytes.fromhex(
    "6b17d1f2e12c4247f8bce6e563a440f277037d812deb33a0f4a13945d898c296"
    "4fe342e2fe1a7f9b8ee7eb4a7c0f9e162bce33576b315ececbb6406837bf51f5")
PAINT = 0xcdcdcdcd
# By Special; RANDOM is a cause.
SECURE = b"\x50\xaf", b"\x53\x03\x50", b"\0\1\0\1"
SESSION = b"\x50\xaf", b"\x53\x0a\x59", b"\0\0\0"
RANDOM = 0x46
program = secure_boot = bootloader = None


def image(elf):
    with tempfile.NamedTemporaryFile() as out:
        subprocess.run(["arm-none-eabi-objcopy", "-O", "binary", "--gap-fill",
                        "0xff", elf, out.name], check=True)
        return pathlib.Path(out.name).read_bytes()


def record(phase):
    raw = struct.pack("<4sIII", b"SFIR", 1, phase, 1) + bytes(16)
    words = OPTIONS if phase == COMMITTING else []
    raw += struct.pack(f"<I{len(words)}I", 4 * len(words), *words)
    raw += bytes(124 - len(raw))
    return raw + struct.pack("<I", zlib.crc32(raw))


def data_page(phase=None, leaving=False):
    """A key, a certificate that nobody signed, and perhaps a record."""
    head = struct.pack("<II", 1, 1) + bytes(24) + SECRET
    head += b"46201002" + POINT + bytes(64)
    head += struct.pack("<I", zlib.crc32(head)) + bytes(20)
    page = head + b"SFI data page 1\0" * 2
    page += bytes(32) if leaving else b"\xff" * 32
    if phase is not None:
        entry = record(phase)
        crc = zlib.crc32(entry)
        page += entry + struct.pack("<II", crc, ~crc & 0xffffffff) + bytes(24)
    return page


class Bootloader(unittest.TestCase):
    def setUp(self):
        self.b = Board(program)
        self.b.load(0x08000000, image(secure_boot))
        self.b.load(LOADER, image(bootloader))
        self.options(RDP_1, BOOT_ONLY)

    def tearDown(self):
        self.b.close()

    def options(self, optr, wrp_a, wrp_b=NONE):
        self.b.set_options([optr, 0xffffffff, 0, wrp_a, wrp_b])

    def keep(self, **what):
        self.b.load(PAGE_1, data_page(**what))

    def start(self, seconds=20.0):
        self.b.power()
        return self.b.run(seconds)

    def parks(self, reason):
        # the core stands: it is not idle, as it feeds the watchdog
        self.start()
        self.assertEqual(self.b.words(PARK, 2), (PARKED, REASONS[reason]))

    def runs_loader(self):
        run = self.start()
        self.assertEqual((run.end, self.b.state().at),
                         (N.END_IDLE, N.AT_LOADER))

    def blank(self, at, length):
        return self.b.peek(at, length) == b"\xff" * length

    def firmware(self):
        self.b.load(USER, firmware(BLINK, USER))

    # ---- what starts ----

    def test_starts(self):
        self.keep(phase=EMPTY)
        self.runs_loader()
        self.options(RDP_1, NONE, BOOT_ONLY)
        self.runs_loader()

    def test_never_stored(self):
        """A new part erases everything, and is ready in 10 s."""
        self.keep()
        self.firmware()
        self.runs_loader()
        self.assertTrue(self.blank(USER, 2048))

    def test_firmware(self):
        self.firmware()
        self.b.load(LOADER, b"\xff" * 0xa000)
        self.b.load(PAGE_1, b"\xff" * 2048)
        for rdp in RDP_0, RDP_1:
            self.options(rdp, NONE)
            self.start(2.0)
            self.assertEqual(self.b.state().at, N.AT_FIRMWARE)
            self.assertEqual(self.b.word(0x20001000), 0x600d)

    def test_no_firmware(self):
        self.b.load(LOADER, b"\xff" * 0xa000)
        entry = USER + 0x101
        for sp, pc, reason in (
                (0xffffffff, 0xffffffff, "NO_STACK"),
                (0x20000000, entry, "NO_STACK"),
                (0x20028004, entry, "NO_STACK"),
                (0x20020002, entry, "NO_STACK"),
                (0x20028000, entry - 1, "NO_ENTRY"),
                (0x10008000, 0x08000101, "NO_ENTRY"),
                (0x20020000, 0x08080001, "NO_ENTRY"),
                (0x20020000, 0x20000001, "NO_ENTRY")):
            self.b.load(USER, struct.pack("<II", sp, pc))
            self.parks(reason)

    # ---- what parks ----

    def test_protection(self):
        """Nothing is erased; a complete install is ended in spite of it."""
        self.keep(phase=EMPTY)
        self.firmware()
        for optr, wrp, reason in ((RDP_0, BOOT_ONLY, "RDP"),
                                  (RDP_1, NONE, "WRP"),
                                  (RDP_1, 0xff00ff00, "WRP"),
                                  (RDP_1, 0xff01ff01, "WRP")):
            self.options(optr, wrp)
            self.parks(reason)
            self.assertFalse(self.blank(USER, 8))
        self.keep(phase=INSTALLED)
        self.options(RDP_1, NONE)
        self.runs_loader()

    def test_damaged(self):
        """One bit, or a double word whose ECC is wrong."""
        self.keep(phase=EMPTY)
        whole = self.b.peek(LOADER, 64)
        for ecc in False, True:
            self.firmware()
            if ecc:
                self.b.load(LOADER, whole)
                self.b.inject(N.FAULT_ECC_DOUBLE, LOADER + 0x4000)
            else:
                self.b.load(LOADER, whole[:40] + bytes([whole[40] ^ 1]) +
                            whole[41:])
            self.parks("DAMAGED")
            self.assertTrue(self.blank(USER, 466 << 10))
        self.firmware()
        self.keep(phase=INSTALLED)
        self.parks("DAMAGED_COMPLETE")
        self.assertFalse(self.blank(USER, 8))

    def test_leaving(self):
        """Power failed in the erase: it goes on, then the firmware runs."""
        self.firmware()
        self.keep(phase=INSTALLED, leaving=True)
        self.b.load(LOADER + 0x4000, b"\xff" * 0x6000)
        self.start(5.0)
        self.assertTrue(self.blank(LOADER, 0xa000))
        self.assertEqual(self.b.state().at, N.AT_FIRMWARE)
        # the key, which the mark came before
        self.assertEqual(self.b.peek(PAGE_1 + 32, 32), bytes(32))

    def left(self):
        """Firmware runs, its option bytes are in force, nothing else stays."""
        return (self.b.state().at == N.AT_FIRMWARE and
                self.blank(LOADER, 0xa000) and
                SECRET not in self.b.peek(0x08000000, 0x80000) and
                self.b.options()[1] == OPTIONS)

    def leave(self):
        self.b.run(3.0)
        if self.b.state().at == N.AT_LOADER:
            for frame in b"\x7f", b"\x50\xaf", b"\x53\x09\x5a", b"\0\0\0":
                self.b.usart(frame, limit=3.0)
            self.b.run(3.0)

    def test_cuts(self):
        """Power fails in each operation from FINISH to the end.  Option bytes
        that are torn protect all flash from reading: RM0394, 3.4.2."""
        self.firmware()
        self.keep(phase=COMMITTING)
        self.b.power()
        self.b.snapshot()
        for how in N.CUT_TORN, N.CUT_BEFORE, N.CUT_AFTER:
            after = 1
            while True:
                self.b.restore()
                self.b.cut(after, how)
                self.leave()
                if self.b.state().power:
                    break
                self.b.power()
                self.leave()
                self.assertTrue(self.left(), f"{how} after {after}")
                after += 2  # between two operations by one of the two
            self.assertTrue(self.left())
            self.assertGreater(after, 40)

    def test_decayed_record(self):
        """The newest entry cannot be read, the one before says that no install
        is under way: that is not believed."""
        page = data_page(phase=EMPTY)
        entry = data_page(phase=INSTALLING)[-160:]
        self.firmware()
        self.b.load(PAGE_1, page + entry[:40] + b"\1" + entry[41:])
        self.start()
        self.assertTrue(self.blank(USER, 466 << 10))
        self.firmware()
        self.b.load(PAGE_1, page)
        self.start()
        self.assertFalse(self.blank(USER, 8))

    def test_watchdog(self):
        """By an option byte it runs from the reset on, and never bites."""
        self.keep()
        self.options(RDP_1 & ~(1 << 16), BOOT_ONLY)
        self.assertEqual(self.start().resets, 0)
        self.assertEqual(self.b.run(40.0, until_idle=False).resets, 0)
        self.options(RDP_0 & ~(1 << 16), BOOT_ONLY)
        self.assertEqual(self.start().resets, 0)
        self.assertEqual(self.b.word(PARK + 4), REASONS["RDP"])

    # ---- links ----

    def test_rates(self):
        self.keep(phase=EMPTY)
        self.start()
        self.b.snapshot()
        for baud in (1200, 2400, 9600, 19200, 57600, 115200, 230400, 460800,
                     921600):
            self.b.restore()
            self.assertEqual(self.b.usart(b"\x7f", baud).data, b"\x79", baud)
            self.assertEqual(self.b.usart(b"\x02\xfd", baud).data,
                             b"\x79\x01\x04\x62\x79", baud)

    def test_no_sync(self):
        """Other bytes are no rate; a later 0x7f is."""
        self.keep(phase=EMPTY)
        self.start()
        for byte in b"\x00\xff\x55\xfe\x3f":
            self.assertEqual(self.b.usart(bytes([byte])).data, b"")
        self.b.run(0.1, until_idle=False)
        self.assertEqual(self.b.usart(b"\x7f").data, b"\x79")

    def clock(self, data, **how):
        return self.b.spi(data, **how).data

    def test_spi(self):
        """With a gap behind each byte, and without; between erases."""
        self.keep(phase=EMPTY)
        self.start()
        self.b.snapshot()
        for hertz, gap in (1000000, 15e-6), (8000000, 15e-6), (500000, 0):
            self.b.restore()
            self.b.nss(0)
            out = b"\x5a\0\0\x79\x5a\x02\xfd\0\0\x79\0\0\0\0"
            if gap:
                got = b"".join(self.clock(bytes([o]), hertz=hertz, limit=gap)
                               for o in out)
            else:
                got = self.clock(out, hertz=hertz)
            self.assertEqual(got.hex(), "a5a579a5a5a5a5a579a5a5010462")

    # ---- RAM ----

    def test_debugger(self):
        """At level 1 it reads neither flash nor the bootloader's RAM."""
        self.keep(phase=EMPTY)
        self.start()
        for address in LOADER, 0x10000000, 0x10003ffc, 0x20020000:
            with self.assertRaises(Refused, msg=hex(address)):
                self.b.debug_read(address)
        self.assertEqual(self.b.debug_word(PARK), 0)
        self.assertEqual(self.b.peek(0x20000000, 0x20000), bytes(0x20000))

    def request(self, frames):
        for frame in frames:
            data = self.b.usart(frame, limit=60.0).data
            self.assertEqual(data[:1], b"\x79")
        return data

    @staticmethod
    def packet(data):
        raw = struct.pack(">H", len(data)) + data
        x = 0
        for byte in raw:
            x ^= byte
        return raw + bytes([x])

    # ---- cryptography ----

    def symbol(self, name, length):
        table = subprocess.run(["arm-none-eabi-nm", bootloader], check=True,
                               capture_output=True, text=True).stdout
        at = re.search(rf"^(\w+) \w {name}$", table, re.M)[1]
        return self.b.peek(int(at, 16), length)

    def open_license(self):
        """The cause of a licence for this part's key."""
        public = check_license.encode(check_license.mul(
            int.from_bytes(bytes(range(1, 33)), "big"), check_license.G))
        lic = check_license.seal(bytes(range(33, 65)), public, b"k" * 16,
                                 b"n" * 12, bytes(4))
        self.assertEqual(self.request(SECURE)[-2], 0)
        return self.request((b"\x51\xae", b"\x53\x04\x57", b"\0\0\0",
                             self.packet(lic)))[-2]

    def test_aes_unit(self):
        """It is used, unless it does not give the known answer."""
        for broken in 0, 1:
            self.keep(phase=EMPTY)
            self.b.power()
            self.b.inject(N.FAULT_AES, 0, broken)
            self.b.run(20.0)
            self.assertEqual(self.symbol("hardware", 1)[0], 1 - broken)
            self.b.usart(b"\x7f")
            self.assertEqual(self.open_license(), 0)

    def test_random_generator(self):
        """Stuck, or with an error of seed or clock: no session, no licence."""
        for fault in N.FAULT_RNG_STUCK, N.FAULT_RNG_SEED, N.FAULT_RNG_CLOCK:
            self.keep(phase=EMPTY)
            self.b.power()
            self.b.inject(fault, 0, 1)
            self.b.run(20.0)
            self.b.usart(b"\x7f")
            self.assertEqual(self.request(SESSION)[-2], RANDOM)
            self.assertNotEqual(self.open_license(), 0)
            self.assertTrue(self.blank(USER, 2048))

    def test_stack(self):
        """An ECDH with a licence of no one: the painted stack."""
        self.keep(phase=EMPTY)
        self.start()
        self.b.usart(b"\x7f")
        self.assertEqual(self.request(SECURE), b"\x79\0\0\0\1\0\x79")
        lic = b"SFI." + struct.pack("<III", 0, 1, 0) + POINT + bytes(56)
        data = self.request((b"\x51\xae", b"\x53\x04\x57", b"\0\0\0",
                             self.packet(lic)))
        self.assertNotEqual(data[-2], 0)
        size = subprocess.run(
            ["arm-none-eabi-nm", bootloader], check=True, capture_output=True,
            text=True).stdout
        low, top = (int(re.search(rf"^(\w+) \w ram_{name}$", size, re.M)[1],
                        16) for name in ("stack", "stack_top"))
        words = self.b.words(low, (top - low) // 4)
        free = next(i for i, word in enumerate(words) if word != PAINT)
        used = 4 * (len(words) - free)
        print(f"stack: {used} of {4 * len(words)} bytes were used")
        self.assertGreater(used, 512)
        self.assertGreaterEqual(free, 256)


if __name__ == "__main__":
    program, secure_boot, bootloader = sys.argv[1:4]
    unittest.main(argv=sys.argv[:1] + sys.argv[4:])
