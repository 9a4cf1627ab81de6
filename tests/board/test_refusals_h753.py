#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later
# Copyright The libsfi authors
"""What the bootloader's binary of an H753 refuses: an install with one bit
changed, for another chip, or into a part that has a firmware; and flash whose
ECC cannot correct it.  Nothing of a refused firmware stays.

    test_refusals_h753.py SFI_BOARD BOOTLOADER.elf PROGRAMS
"""

import struct
import sys
import unittest

import h753
from h753 import N, EMPTY, INSTALLED, PAGE_0, PAGE_1, RAM, RAM_LEN, USER, data_page

CONTENT = bytes((i * i // 5 + 7 * i + 1) & 0xff for i in range(1500))
PIECES = [CONTENT[i:i + 16] for i in range(0, len(CONTENT) - 15, 16)]
STORAGE, INTERRUPTED = 0x45, 0x50
# Request, which of its kind, byte of its parameter or data, the cause.
CHANGES = (
    ("LICENSE", 0, 0, 0x10), ("LICENSE", 0, 4, 0x13), ("LICENSE", 0, 130, 0x12),
    ("HEADER", 0, 0, 0x20), ("HEADER", 0, 9, 0x21), ("HEADER", 0, 27, 0x23),
    ("AREA", 0, 0, 0x30), ("AREA", 0, 29, 0x37), ("DATA", 0, 100, 0x37),
    ("DATA", 1, 700, 0x37), ("AREA", 1, 29, 0x37), ("DATA", 2, 3, 0x37),
)
# Where ECC cannot correct the flash of a part that is empty or installed, and
# the cause of INFO; None: it is not one of these, see the test.
DAMAGES = (
    (PAGE_1, STORAGE, STORAGE),            # version
    (PAGE_1 + 32, STORAGE, STORAGE),       # key
    (PAGE_1 + 64, STORAGE, STORAGE),       # certificate
    (PAGE_1 + 224, STORAGE, STORAGE),      # seal
    (PAGE_1 + 288, 0, 0),                  # the only record: a new part
    (PAGE_1 + 0x1000, INTERRUPTED, INTERRUPTED),  # behind the newest record
    (PAGE_0, 0, None),                     # the other page
    (USER, 0, 0),                          # the firmware's vectors
    (USER + 0x1a0000 - 32, 0, None),       # the end of its range
)
program = bootloader = programs = None


def packets(sent):
    """Each portion with the request that it belongs to."""
    names = {value: name for name, value in h753.OPCODES.items()}
    name = ""
    for data in sent:
        if len(data) == 3 and data[0] == 0x53:
            name = names[struct.unpack_from(">H", data)[0]]
        yield name, data


class Refusals(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        with h753.Kit(programs) as kit:
            cls.page = kit.make(content=CONTENT)
            with h753.Part(program, bootloader) as part:
                part.start(cls.page)
                sent = [x for x in kit.install(part) if x != b"\x7f"]
        cls.code = kit.code
        cls.sent = list(packets(sent))

    def setUp(self):
        self.b = h753.Part(program, bootloader)

    def tearDown(self):
        self.b.close()

    def start(self, page):
        self.b.start(page)
        self.assertTrue(self.b.listens())

    def changed(self, name, number, at):
        """The install with a bit of one packet changed, and its check byte."""
        wide = "LICENSE", "DATA"
        seen = -1
        for its, data in self.sent:
            # DATA's offset is a packet of its own
            if its == name and len(data) > (8 if its in wide else 4):
                seen += 1
                if seen == number:
                    data = bytearray(data)
                    data[2 + at] ^= 1
                    data[-1] ^= 1
            yield bytes(data)
        self.assertGreaterEqual(seen, number)

    def cause(self, sent):
        """That of the first refusal; it is behind its length, 1."""
        for data in sent:
            said = self.b.say(data)
            self.assertEqual(said[:1], b"\x79")
            if said[-4:-2] == b"\0\1" and said[-2] != 0:
                return said[-2]
        return 0

    def assert_nothing_stays(self, where):
        info = self.b.info()
        self.assertEqual((info.state, info.flags & h753.UNCLEAN),
                         (h753.STATE_EMPTY, 0), where)
        self.assertTrue(self.b.is_erased(), where)
        ram = self.b.peek(RAM, RAM_LEN)
        self.assertFalse([x for x in PIECES if x in ram], where)

    def test_changes(self):
        self.start(self.page)
        self.b.snapshot()
        for row in CHANGES:
            with self.subTest(row):
                self.b.restore()
                self.assertEqual(self.cause(self.changed(*row[:3])), row[3])
                self.assert_nothing_stays(row)

    def test_other_chip(self):
        """Its key is another one."""
        self.start(data_page(certificate=self.page[64:200]))
        self.assertEqual(self.cause(x[1] for x in self.sent), 0x12)
        self.assert_nothing_stays("another chip")

    def test_installed(self):
        """Firmware is only erased for a host that asks for it."""
        self.b.load(USER, self.code)
        self.b.pin(2, 13, N.LEVEL_HIGH)
        self.start(self.page + data_page(INSTALLED)[288:])
        self.assertEqual(self.b.special("SECURE", b"\0"), (b"", 0x04))
        self.assertEqual(self.b.peek(USER, len(self.code)), self.code)

    # ---- flash that ECC cannot correct (RM0433, 4.3.12) ----

    def damage(self, phase, where, what=N.FAULT_ECC_DOUBLE,
               seconds=60.0):
        """A part of its own."""
        self.b.close()
        self.setUp()
        self.b.load(PAGE_1, data_page(phase))
        self.b.load(USER, self.code if phase == INSTALLED else b"\xff" * 2048)
        self.b.inject(what, where)
        self.b.power()
        self.b.run(seconds)

    def test_damaged(self):
        for where, *causes in DAMAGES:
            for phase, cause in zip((EMPTY, INSTALLED), causes):
                with self.subTest(f"{where:#x}, phase {phase:#x}"):
                    self.damage(phase, where)
                    self.judge_damaged(phase, where, cause)

    def judge_damaged(self, phase, where, cause):
        if cause is None:
            self.assertTrue(self.b.runs_firmware())
            return
        self.assertTrue(self.b.listens())
        info = self.b.info()
        self.assertEqual(info.cause, cause)
        # without its record the part erases nothing; nor does it start
        is_kept = phase == INSTALLED and (cause == STORAGE or where == USER)
        self.assertEqual(self.b.is_erased(), not is_kept)
        self.assertEqual(info.flags & h753.UNCLEAN != 0, cause == STORAGE)
        self.assertEqual(info.state == h753.STATE_INSTALLED,
                         phase == INSTALLED and where == USER)

    def test_corrected(self):
        """A single wrong bit is none."""
        for where in h753.FLASH + 0x40, PAGE_1 + 32, PAGE_1 + 288, USER:
            self.damage(INSTALLED, where, N.FAULT_ECC_SINGLE)
            self.assertTrue(self.b.runs_firmware(), hex(where))

    def test_damaged_bootloader(self):
        """A bus fault, and a reset, for ever: it starts nothing."""
        self.damage(INSTALLED, h753.FLASH + 0x40, seconds=0.02)
        state = self.b.state()
        self.assertEqual((state.vtor, self.b.parked()), (0, None))
        self.assertGreater(state.resets, 10)


if __name__ == "__main__":
    programs = sys.argv.pop()
    bootloader = sys.argv.pop()
    program = sys.argv.pop()
    unittest.main()
