#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later
# Copyright The libsfi authors
"""Power fails in operations on the flash and option bytes of an H753, while its
bootloader's binary cleans up a new part, installs a firmware, and recovers.
After the next power-up the part is empty and erased, and can install; or its
firmware is whole and runs: nothing between.

    test_cuts_h753.py SFI_BOARD BOOTLOADER.elf PROGRAMS

SFI_TEST_LONG: in every operation, in four ways.
"""

import collections
import os
import sys
import unittest

import h753
from h753 import N, OPTSR, PAGE_LEN, RAM, RAM_LEN, USER_LEN

LONG = "SFI_TEST_LONG" in os.environ
CUTS, INSTALL_EVERY = 20, 10
HOWS = "within", "before", "after", "reset in"
CONTENT = bytes((i * i // 7 + 3 * i + 1) & 0xff for i in range(1500))
PIECES = [CONTENT[i:i + 16] for i in range(0, len(CONTENT) - 15, 16)]
BEFORE, START = 0, 1  # slots
program = bootloader = programs = None


class Cuts(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        with h753.Kit(programs) as kit:
            cls.page = kit.make(content=CONTENT)
            cls.key = (kit.folder / "key").read_bytes()
            with h753.Part(program, bootloader) as part:
                part.start(cls.page)
                cls.sent = [x for x in kit.install(part) if x != b"\x7f"]
        cls.whole = kit.code + b"\xff" * (USER_LEN - len(kit.code))

    def setUp(self):
        self.b = h753.Part(program, bootloader)
        self.b.load(h753.PAGE_1, self.page)
        self.seen = collections.Counter()

    def tearDown(self):
        self.b.close()

    def start(self):
        self.b.start()
        self.assertTrue(self.b.listens())

    def assert_forgotten(self, where):
        ram = self.b.peek(RAM, RAM_LEN)
        self.assertFalse([x for x in PIECES + [self.key] if x in ram], where)

    def assert_whole(self, where):
        self.assertTrue(self.b.runs_firmware(), f"{where}: {self.b.state()}")
        self.assertTrue(self.b.user() == self.whole, where)
        self.assertEqual(self.b.options()[1][0] | 1 << 21, int(OPTSR, 16),
                         where)
        self.assert_forgotten(where)

    def install(self, where):
        """Into a part that listens."""
        for data in self.sent:
            self.assertNotEqual(self.b.say(data)[:1], b"\x1f", where)
        self.b.run(5.0)
        self.assert_whole(where)

    def judge(self, where, tries):
        self.assertIsNone(self.b.parked(), where)
        if self.b.state().at == N.AT_FIRMWARE:
            self.seen["whole"] += 1
            self.assert_whole(where)
            return
        self.assertTrue(self.b.listens(), f"{where}: {self.b.state()}")
        info = self.b.info()
        self.assertEqual((info.state, info.flags & h753.UNCLEAN),
                         (h753.STATE_EMPTY, 0), where)
        self.seen["empty"] += 1
        self.assertTrue(self.b.is_erased(), where)
        self.assert_forgotten(where)
        if tries:
            self.install(where)

    def cut(self, act, at, how, where, tries=False):
        """Act on the part as it was saved; power fails in operation `at`."""
        where = f"{where}, {HOWS[how]} operation {at}"
        self.b.restore(BEFORE)
        self.b.cut(at, how)
        act()
        if how != N.CUT_NRST:
            self.assertFalse(self.b.state().power, f"{where}: no cut")
            self.b.cut(N.NO_CUT)
            self.b.power()
        self.b.cut(N.NO_CUT)
        self.b.run(60.0)
        self.judge(where, tries)

    def cuts(self, total, number):
        """Which of so many operations, and how."""
        if LONG:
            return [(k // 4, k % 4) for k in range(4 * total)]
        return [(k * total // number, k % 4) for k in range(number)]

    def count(self, act):
        self.b.restore(BEFORE)
        first = self.b.state().ops
        act()
        return self.b.state().ops - first

    def test_install(self):
        self.start()
        self.b.snapshot(START)
        first = self.b.state().ops
        self.install("without a cut")
        total = self.b.state().ops - first
        wanted = self.cuts(total, CUTS)
        self.b.restore(START)
        before = k = 0
        for i, data in enumerate(self.sent):
            self.b.snapshot(BEFORE)
            here = self.count(lambda: self.b.say(data))
            for at, how in [x for x in wanted if 0 <= x[0] - before < here]:
                self.cut(lambda: self.b.say(data), at - before, how,
                         f"portion {i}", k % INSTALL_EVERY == 0)
                k += 1
            before += here
            self.b.restore(BEFORE)
            self.b.say(data)
        self.assertEqual((before, k), (total, len(wanted)))
        self.assertTrue(self.seen["empty"] and self.seen["whole"], self.seen)

    def begin(self):
        self.b.power()
        self.b.run(60.0)

    def test_new_part(self):
        """It erases what firmware may use."""
        self.b.load(h753.USER + 0x40000, CONTENT)
        self.b.snapshot(BEFORE)
        total = self.count(self.begin)
        for at, how in self.cuts(total, 4):
            self.b.restore(BEFORE)
            self.b.power()
            self.cut_start(at, how, "a new part")

    def cut_start(self, at, how, where):
        self.b.cut(at, how)
        self.b.run(60.0)
        if how != N.CUT_NRST:
            self.assertFalse(self.b.state().power, f"{where}, {at}: no cut")
            self.b.cut(N.NO_CUT)
            self.b.power()
        self.b.cut(N.NO_CUT)
        self.b.run(60.0)
        self.judge(f"{where}, {HOWS[how]} operation {at}", False)

    def half(self):
        """Power off with half of the firmware in flash."""
        self.start()
        data = [i for i, x in enumerate(self.sent) if len(x) > 1000]
        for portion in self.sent[:data[0] + 1]:
            self.b.say(portion)
        self.assertIn(CONTENT[:600], self.b.user())
        self.b.power(False)
        self.b.snapshot(BEFORE)

    def test_recovery(self):
        """... and once more while the part erases that."""
        self.half()
        total = self.count(self.begin)
        self.assertGreater(total, 10)
        for at, how in self.cuts(total, 6):
            self.b.restore(BEFORE)
            self.b.power()
            self.cut_start(at, how, "recovery")

    def test_full_journal(self):
        """The other page takes over; power fails there."""
        entries = (PAGE_LEN - 288) // 160
        entry = h753.data_page(h753.EMPTY)[288:448]
        self.b.load(h753.PAGE_1, self.page + entry * entries)
        self.start()
        first = [len(x) for x in self.sent].index(4)  # SECURE's parameter
        for data in self.sent[:first]:
            self.b.say(data)
        self.b.snapshot(BEFORE)

        def act():
            self.b.say(self.sent[first])
        total = self.count(act)
        self.assertEqual(self.b.peek(h753.PAGE_0 + 4, 4), b"\2\0\0\0")
        for at, how in self.cuts(total, 8):
            self.cut(act, at, how, "a full journal", at % 4 == 0)


if __name__ == "__main__":
    programs = sys.argv.pop()
    bootloader = sys.argv.pop()
    program = sys.argv.pop()
    unittest.main()
