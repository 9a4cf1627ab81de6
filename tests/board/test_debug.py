#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later
# Copyright The libsfi authors
"""Halting debug of sfi-board's cores (ARM DDI 0403, C1), and what a debugger
reaches at each level of readout protection.

    test_debug.py SFI_BOARD
"""

import sys
import unittest

from board import Board, N, Refused, firmware

DHCSR, DCRSR, DCRDR, DEMCR = 0xe000edf0, 0xe000edf4, 0xe000edf8, 0xe000edfc
DFSR, AIRCR, FP_CTRL, FP_COMP = 0xe000ed30, 0xe000ed0c, 0xe0002000, 0xe0002008
KEY, DEBUGEN, HALT, STEP, MASKINTS = 0xa05f0000, 1, 2, 4, 8
S_REGRDY, S_HALT, S_LOCKUP, S_RETIRE, S_RESET = (1 << n for n in
                                                 (16, 17, 19, 24, 25))
HALTED, BKPT, VCATCH = 1, 2, 8  # DFSR
SP, PC, XPSR, PSP, SPECIAL, FPSCR, S31 = 13, 15, 16, 18, 20, 33, 95
COUNT = """int main(void) {
    for (;;) { result[0]++; __asm volatile("nop\\nnop\\nnop"); }
}"""
BREAK = """int main(void) {
    result[0] = 1; __asm volatile("bkpt 1"); result[0] = 2; for (;;) ;
}"""
TICK = """void sys_tick(void) { result[1]++; }
int main(void) {
    REG(0xe000e014) = 2000; REG(0xe000e010) = 7;
    for (;;) result[0]++;
}"""
program = None


class Part:
    def setUp(self):
        self.b = Board(program, self.PART)

    def tearDown(self):
        self.b.close()

    def begin(self, source, seconds=0.001):
        self.b.load(0x08000000, firmware(source, 0x08000000, self.CPU))
        self.b.power()
        self.run_on(seconds)

    def run_on(self, seconds=0.001):
        self.b.run(seconds, until_idle=False)

    def read(self, address):
        return self.b.debug_word(address)

    def control(self, bits):
        self.b.debug_write(DHCSR, KEY | bits)

    def halt(self):
        self.control(DEBUGEN | HALT)
        self.assertTrue(self.read(DHCSR) & S_HALT)

    def get(self, number):
        self.b.debug_write(DCRSR, number)
        return self.read(DCRDR)

    def set(self, number, value):
        self.b.debug_write(DCRDR, value)
        self.b.debug_write(DCRSR, 1 << 16 | number)

    def count(self):
        return self.b.word(self.RESULT)

    def step(self, more=MASKINTS):
        self.control(DEBUGEN | STEP | more)
        self.run_on()
        self.assertTrue(self.read(DHCSR) & S_HALT)
        return self.get(PC)

    # ---- halt and resume ----

    def test_halt(self):
        self.begin(COUNT)
        self.assertEqual(self.read(DHCSR), S_REGRDY | S_RETIRE | S_RESET)
        self.b.debug_write(DHCSR, DEBUGEN | HALT)  # no key
        self.control(HALT)                         # no C_DEBUGEN
        self.assertEqual(self.read(DHCSR), S_REGRDY | S_RETIRE)
        self.halt()
        self.assertEqual(self.read(DFSR), HALTED)
        self.b.debug_write(DFSR, HALTED)
        self.assertEqual(self.read(DFSR), 0)
        before = self.count()
        self.assertGreater(before, 10)
        self.run_on()
        self.assertEqual(self.count(), before)
        self.control(DEBUGEN)
        self.run_on()
        self.assertGreater(self.count(), before)
        self.halt()
        self.control(0)  # a debugger that leaves lets it run
        before = self.count()
        self.run_on()
        self.assertGreater(self.count(), before)

    def test_registers(self):
        self.begin(COUNT)
        self.b.debug_write(DCRDR, 0x5a)
        self.assertEqual(self.get(PC), 0x5a)  # a core that runs shows none
        self.halt()
        self.assertEqual(self.get(PC) >> 12, 0x08000)
        self.assertEqual(self.get(XPSR) & 0x010001ff, 0x01000000)
        for number in (0, 7, 12, 14, PSP, FPSCR, 64, S31):
            self.set(number, 0x10000000 + number * 16)
        for number in (0, 7, 12, 14, PSP, 64, S31):
            self.assertEqual(self.get(number), 0x10000000 + number * 16)
        self.set(SPECIAL, 0x00004001)  # BASEPRI, PRIMASK
        self.assertEqual(self.get(SPECIAL), 0x00004001)
        self.b.debug_write(DCRDR, 7)
        self.assertEqual(self.get(40), 7)  # there is no such register

    def test_reset(self):
        """A reset that is caught stands before the first instruction."""
        self.begin(COUNT)
        self.halt()
        self.b.debug_write(DEMCR, 1)
        self.read(DHCSR)
        self.b.debug_write(AIRCR, 0x05fa0004)
        self.assertEqual(self.read(DHCSR) & (S_HALT | S_RESET), S_HALT | S_RESET)
        self.assertEqual(self.read(DFSR) & VCATCH, VCATCH)
        self.assertEqual(self.get(PC) | 1, self.b.word(0x08000004))
        self.assertEqual(self.get(SP), self.b.word(0x08000000))
        before = self.count()
        self.run_on()
        self.assertEqual(self.count(), before)
        self.b.debug_write(DEMCR, 0)
        self.b.debug_write(AIRCR, 0x05fa0004)
        self.run_on()
        self.assertEqual(self.read(DHCSR) & S_HALT, 0)

    # ---- steps and breakpoints ----

    def test_step(self):
        self.begin(COUNT)
        self.halt()
        here = self.get(PC)
        seen = [self.step() for _ in range(24)]
        self.assertEqual(len(set(seen)), len(set(seen[:12])))  # round and round
        self.assertGreater(len(set(seen)), 5)
        self.assertLess(max(seen) - min(seen), 64)
        self.assertIn(here, seen)
        self.assertEqual(self.read(DFSR) & BKPT, 0)

    def test_step_interrupted(self):
        """An interrupt that waits is taken by a step that does not mask it."""
        self.begin(TICK)
        self.halt()
        while self.get(XPSR) & 0x1ff:
            self.step()
        self.run_on(0.01)
        self.step()
        self.assertEqual(self.get(XPSR) & 0x1ff, 0)
        self.step(0)
        self.assertEqual(self.get(XPSR) & 0x1ff, 15)

    def test_breakpoint(self):
        self.begin(COUNT)
        self.halt()
        at = self.step()
        before = self.count()
        self.b.debug_write(FP_CTRL, 3)
        self.b.debug_write(FP_COMP + 4, self.comparator(at))
        self.control(DEBUGEN)
        self.run_on()  # at once: it stands there
        self.assertTrue(self.read(DHCSR) & S_HALT)
        self.assertEqual(self.count(), before)
        self.b.debug_write(FP_COMP + 4, 0)
        self.step()
        self.b.debug_write(FP_COMP + 4, self.comparator(at))
        self.b.debug_write(DFSR, 0x1f)
        self.control(DEBUGEN)
        self.run_on()
        self.assertTrue(self.read(DHCSR) & S_HALT)
        self.assertEqual((self.get(PC), self.read(DFSR)), (at, BKPT))
        self.assertLessEqual(self.count(), before + 1)
        self.b.debug_write(FP_CTRL, 2)  # off
        self.control(DEBUGEN)
        self.run_on()
        self.assertGreater(self.count(), before + 10)

    def test_bkpt(self):
        self.begin(BREAK)
        self.assertTrue(self.read(DHCSR) & S_LOCKUP)  # nobody listens: a fault
        self.control(DEBUGEN)
        self.b.debug_write(AIRCR, 0x05fa0004)
        self.run_on()
        self.assertTrue(self.read(DHCSR) & S_HALT)
        self.assertEqual(self.read(DFSR) & BKPT, BKPT)
        self.assertEqual(self.count(), 1)
        self.set(PC, self.get(PC) + 2)
        self.control(DEBUGEN)
        self.run_on()
        self.assertEqual(self.count(), 2)

    def test_watchdog(self):
        """Freezes while the core is halted, if DBGMCU says so."""
        self.begin(f"int main(void) {{ REG({self.IWDG:#x}) = 0xcccc; for (;;) ; }}")
        self.b.debug_write(self.FREEZE[0], self.FREEZE[1])
        self.halt()
        self.run_on(5.0)
        self.assertEqual(self.b.state().resets, 0)
        self.b.debug_write(self.FREEZE[0], 0)
        self.run_on(5.0)
        self.assertNotEqual(self.b.state().resets, 0)

    # ---- readout protection ----

    def set_level(self, byte):
        words = self.b.options()[0]
        words[0] = words[0] & ~(0xff << self.RDP) | byte << self.RDP
        self.b.set_options(words)
        self.b.power()
        self.run_on()

    def refused(self, address):
        with self.assertRaises(Refused) as refusal:
            self.read(address)
        self.assertEqual(refusal.exception.status, N.REFUSED)
        with self.assertRaises(Refused):
            self.b.debug_write(address, 0)

    def test_level_0(self):
        self.set_level(0xaa)
        self.b.load(0x08000100, b"abcd")
        for address in self.CLOSED + self.OPEN:
            self.read(address)
        self.assertEqual(self.b.debug_read(0x08000100), b"abcd")

    def test_level_1(self):
        """No flash; and the core, once a debugger is there, has none either."""
        self.begin(COUNT)
        self.set_level(0xbb)
        for address in self.CLOSED:
            self.refused(address)
        for address in self.OPEN:
            self.read(address)
        before = self.count()
        self.run_on()
        self.assertGreater(self.count(), before)
        self.halt()
        self.control(0)
        before = self.count()
        self.run_on()
        self.assertEqual(self.count(), before)
        self.assertTrue(self.read(DHCSR) & S_LOCKUP)
        self.b.nrst()
        self.run_on()
        self.assertEqual(self.count(), before)
        self.b.power()
        self.run_on()
        self.assertFalse(self.read(DHCSR) & S_LOCKUP)

    def test_level_2(self):
        self.set_level(0xcc)
        for address in self.CLOSED + self.OPEN + [DHCSR]:
            self.refused(address)


class H753(Part, unittest.TestCase):
    PART, CPU, RESULT, IWDG = "stm32h753xi", "cortex-m7", 0x20001000, 0x58004800
    RDP, FREEZE = 8, (0x5c001054, 1 << 18)
    # RM0433, 4.5.3: the flash; RAM is no part of it
    CLOSED = [0x08000000, 0x081ffffc]
    OPEN = [0x20000000, 0x24000000, 0x30000000, 0x5c001000, 0x5200201c]

    @staticmethod
    def comparator(address):
        return address | 1


class L462(Part, unittest.TestCase):
    PART, CPU, RESULT, IWDG = "stm32l462ce", "cortex-m4", 0x20001000, 0x40003000
    RDP, FREEZE = 0, (0xe0042008, 1 << 12)
    # RM0394, 3.5.1: the flash, SRAM2
    CLOSED = [0x08000000, 0x0807fffc, 0x10000000, 0x20020000]
    OPEN = [0x20000000, 0xe0042000, 0x40022014, 0x40022020]

    @staticmethod
    def comparator(address):
        return (2 if address & 2 else 1) << 30 | address & ~3 | 1


if __name__ == "__main__":
    program = sys.argv.pop(1)
    unittest.main()
