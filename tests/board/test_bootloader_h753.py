#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later
# Copyright The libsfi authors
"""The bootloader of examples/bootloader on sfi-board's H753: what starts, what
parks, USART and SPI, and an install by sfi-program.

    test_bootloader_h753.py SFI_BOARD BOOTLOADER.elf PROGRAMS
"""

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

    def clock(self, data):
        return b"".join(self.b.spi(bytes([byte]), limit=0.001).data
                        for byte in data)

    def acknowledged(self):
        self.clock(b"\0")
        for _ in range(50):
            if self.clock(b"\0") == b"\x79":
                self.clock(b"\x79")
                return
        self.fail("no ACK over SPI")

    def test_spi(self):
        self.b.start(data_page(EMPTY))
        self.b.nss(0)
        self.clock(b"\x5a")
        self.acknowledged()
        self.clock(b"\x5a\x02\xfd")
        self.acknowledged()
        self.assertEqual(self.clock(bytes(4))[1:], b"\x01\x04\x50")
        self.acknowledged()

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
