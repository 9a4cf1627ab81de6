#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later
# Copyright The libsfi authors
"""The bootloader of examples/bootloader on sfi-board's H753: what starts, what
parks, USART and SPI, and an install by sfi-program.

    test_bootloader_h753.py SFI_BOARD BOOTLOADER.elf PROGRAMS
"""

import itertools
import struct
import sys
import unittest

from board import N, firmware
import h753
from h753 import BLINK, EMPTY, INSTALLED, NO_RDP, NO_WRP, OPTIONS, PAGE_1, USER, data_page

program = bootloader = programs = None


class Bootloader(unittest.TestCase):
    def setUp(self):
        self.b = h753.Part(program, bootloader)

    def tearDown(self):
        self.b.close()

    # ---- what starts, what parks ----

    def test_parks(self):
        for row, word, reason in (0, 0x1bc6aaf0, NO_RDP), (5, 0xff, NO_WRP):
            words = list(OPTIONS)
            words[row] = word
            self.b.set_options(words)
            self.b.start(data_page(EMPTY))
            self.assertEqual(self.b.parked(), reason)

    def test_new_part(self):
        """A part without a record erases all that firmware may use."""
        self.b.load(USER, b"left over")
        self.assertEqual(self.b.start(data_page()), 0)
        self.assertEqual(self.b.peek(USER, 9), b"\xff" * 9)
        self.assertTrue(self.b.listens())

    def test_installed(self):
        self.b.load(USER, firmware(BLINK, USER, "cortex-m7"))
        self.assertEqual(self.b.start(data_page(INSTALLED)), USER)
        self.assertEqual(self.b.word(0x20001000), 0x600d)
        self.b.pin(2, 13, N.LEVEL_HIGH)  # PC13: the bootloader is wanted
        self.b.nrst()
        self.b.run(1.0)
        self.assertEqual(self.b.state().vtor, 0)
        self.assertTrue(self.b.listens())

    def test_no_firmware(self):
        for head in ((0xffffffff, 0xffffffff), (0x20020000, USER + 0x100),
                     (0x20020000, 0x08000101), (0x20000000, USER + 0x101)):
            self.b.load(USER, struct.pack("<II", *head))
            self.assertEqual(self.b.start(data_page(INSTALLED)), 0)
            self.assertTrue(self.b.listens())

    # ---- links ----

    def test_rates(self):
        self.b.start(data_page(EMPTY))
        self.b.snapshot()
        for baud in 1200, 9600, 115200, 460800:
            self.b.restore()
            self.assertEqual(self.b.usart(b"\x7f", baud, limit=3.0).data, b"\x79")
            self.assertEqual(self.b.usart(b"\x02\xfd", baud, limit=3.0).data,
                             bytes.fromhex("7901045079"))

    # ---- SPI ----

    def clock(self, data, hertz=1000000, gap=15e-6):
        return b"".join(self.b.spi(bytes([byte]), hertz=hertz, limit=gap).data
                        for byte in data)

    def acknowledged(self, polls=50, **how):
        """A dummy, and polls; after so many the work goes on alone."""
        self.clock(b"\0", **how)
        for i in range(polls + 3):
            if i == polls:
                self.b.run(60.0)
            if self.clock(b"\0", **how) == b"\x79":
                self.clock(b"\x79", **how)
                return
        self.fail("no ACK over SPI")

    def answers_get(self, **how):
        """Each byte where it must be: behind one dummy."""
        self.assertEqual(self.clock(b"\x5a\x02\xfd\0\0\x79\0\0\0\0", **how),
                         bytes.fromhex("a5a5a5a579a5a5010450"))

    def test_spi(self):
        """With a gap behind each byte, and without; quickly, and slowly."""
        self.b.start(data_page(EMPTY))
        self.b.snapshot()
        for hertz, gap in (1000000, 15e-6), (8000000, 15e-6), (500000, 0), \
                (100000, 1e-3):
            how = {"hertz": hertz, "gap": gap}
            self.b.restore()
            self.b.nss(0)
            self.assertEqual(self.clock(b"\x5a\0\0\x79", **how).hex(), "a5a579a5")
            self.answers_get(**how)

    def test_spi_at_start(self):
        """A host that calls while the part erases; then it finds it ready."""
        self.b.load(PAGE_1, data_page())
        self.b.power()
        self.b.run(2.0)
        self.b.nss(0)
        self.b.snapshot()
        for calls in 0, 1, 2, 3, 15, 16, 17, 40:
            self.b.restore()
            got = self.clock(bytes(calls))
            self.assertTrue(all(x >= 0x80 for x in got), got.hex())
            self.b.run(60.0)
            self.assertEqual(self.clock(b"\x5a\0\0\x79").hex(), "a5a579a5", calls)
            self.answers_get()

    def begin(self, opcode, param):
        self.b.nss(0)
        self.clock(b"\x5a")
        self.acknowledged()
        for frame in b"\x5a\x50\xaf", h753.summed(opcode):
            self.clock(frame)
            self.acknowledged()
        self.clock(h753.summed(struct.pack(">H", len(param)) + param))

    def test_spi_in_work(self):
        """Polls while it erases, and in short work until that ends."""
        for opcode, param, length in (b"\x53\x03", b"\1", 0), (b"\x53\x0a", b"", 4):
            self.b.start(data_page(EMPTY))
            self.begin(opcode, param)
            self.b.snapshot()
            for polls, gap in itertools.product((0, 1, 2, 3, 16, 60),
                                                (15e-6, 0, 3e-6)):
                self.b.restore()
                self.acknowledged(polls, gap=gap)
                said = self.clock(bytes(6 + length))
                self.assertEqual(said[1:3] + said[-3:],
                                 bytes([0, length, 0, 1, 0]), (polls, gap))
                self.acknowledged()
                self.answers_get()

    def test_stuck_generator(self):
        self.b.load(PAGE_1, data_page(EMPTY))
        self.b.power()
        self.b.inject(N.FAULT_RNG_STUCK, 0, 1)
        self.b.run(40.0)
        self.assertTrue(self.b.listens())
        self.assertEqual(self.b.special("SESSION"), (b"", h753.RANDOM))

    # ---- an install ----

    def install(self, status=0, **made):
        with h753.Kit(programs) as kit:
            self.b.start(kit.make(**made))
            kit.install(self.b, status)

    def test_install(self):
        self.install()
        self.b.run(5.0)
        self.assertTrue(self.b.runs_firmware())
        # SECURITY stays as it was
        self.assertEqual(self.b.options()[1][0], 0x1006bbd0)

    def test_harmful_options(self):
        """Readout protection level 0 would erase the bootloader itself."""
        self.install(5, optsr="0x1026aad0")
        self.assertEqual(self.b.options()[1], OPTIONS)
        self.assertTrue(self.b.is_erased())


if __name__ == "__main__":
    programs = sys.argv.pop()
    bootloader = sys.argv.pop()
    program = sys.argv.pop()
    unittest.main()
