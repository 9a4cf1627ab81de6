#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later
# Copyright The libsfi authors
"""The flash of sfi-board's L462, by firmware of a few lines: each error flag,
lock, ECC, option bytes and protection of RM0394, 3.

    test_flash.py SFI_BOARD
"""

import sys
import unittest

from board import Board, N, Refused, firmware

PAGE = 100
AT = 0x08000000 + PAGE * 2048
EOP, OPERR, PROGERR, WRPERR, PGAERR = 0x1, 0x2, 0x8, 0x10, 0x20
SIZERR, PGSERR, RDERR, OPTVERR = 0x40, 0x80, 0x4000, 0x8000
OPTIONS = [0xffeff8aa, 0xffffffff, 0, 0xff00ffff, 0xff00ffff]
LEVEL_1, LEVEL_2 = 0xffeff8bb, 0xffeff8cc
OBLRSTF, IWDGRSTF = 1 << 25, 1 << 29
program = None


class Flash(unittest.TestCase):
    def setUp(self):
        self.b = Board(program)

    def tearDown(self):
        self.b.close()

    def boot(self, source, options=None):
        """Firmware, for the first time, until it has nothing to do."""
        defines = f"#define AT {AT:#x}u\n#define PAGE {PAGE}u\n"
        self.b.load(self.b.flash, firmware(defines + source))
        if options:
            self.b.set_options(options)
        self.b.power()
        return self.b.run(5)

    def results(self, count):
        return list(self.b.words(0x20001000, count))

    def test_keys(self):
        self.boot("int main(void) { result[0] = FLASH_CR; erase(PAGE);"
                  " program(AT, 1, 2); result[1] = FLASH_CR; unlock();"
                  " result[2] = FLASH_CR; unlock_options();"
                  " result[3] = FLASH_CR; FLASH_CR = 1u << 31;"
                  " result[4] = FLASH_CR; return 0; }")
        self.assertEqual(self.results(5), [0xc0000000, 0xc0000000, 0x40000000,
                                           0, 0xc0000000])
        self.assertEqual(self.b.peek(AT, 8), b"\xff" * 8)

    def test_wrong_key(self):
        """A bus error, and no second try before the next reset."""
        self.boot("void hard_fault(void) { result[0]++; }"
                  "int main(void) { FLASH_KEYR = 1; asm volatile(\"isb\");"
                  " unlock(); asm volatile(\"isb\"); result[1] = FLASH_CR;"
                  " return 0; }")
        self.assertGreaterEqual(self.results(2)[0], 1)
        self.assertEqual(self.results(2)[1], 0xc0000000)

    def test_program(self):
        self.boot("int main(void) { unlock(); result[0] = erase(PAGE);"
                  " result[1] = program(AT, 0x11223344, 0x55667788);"
                  " result[2] = REG(AT); result[3] = REG(AT + 4);"
                  " result[4] = program(AT, 0, 1);"
                  " result[5] = REG(AT); FLASH_SR = 0xffff;"
                  " result[6] = program(AT, 0, 0); result[7] = REG(AT + 4);"
                  " result[8] = erase(PAGE); result[9] = REG(AT);"
                  " return 0; }")
        self.assertEqual(self.results(10), [
            0, 0, 0x11223344, 0x55667788, PROGERR, 0x11223344, 0, 0, 0,
            0xffffffff])
        self.assertEqual(self.b.state().ops, 4)

    def test_errors(self):
        cases = {
            "no PG": ("REG(AT) = 1;", PGSERR),
            "one byte": ("FLASH_CR = 1; *(volatile char *)AT = 1;", SIZERR),
            "half a word": ("FLASH_CR = 1; *(volatile short *)AT = 1;",
                            SIZERR),
            "two rows": ("FLASH_CR = 1; REG(AT) = 1; REG(AT + 12) = 2;",
                         PGAERR),
            "same word": ("FLASH_CR = 1; REG(AT) = 1; REG(AT) = 2;", PGAERR),
            "PG and PER": ("FLASH_CR = 3; FLASH_CR = 0x10003;", PGSERR),
            "PER and MER1": ("FLASH_CR = 0x10006;", PGSERR),
            "nothing to start": ("FLASH_CR = 0x10000;", PGSERR),
            "no such page": ("FLASH_CR = 0x10002 | 255 << 3; wait_flash();",
                             0),
            "error before": ("REG(AT) = 1; program(AT, 1, 2);", PGSERR),
            "error before an erase": ("REG(AT) = 1; erase(PAGE);", PGSERR),
        }
        for name, (code, error) in cases.items():
            with self.subTest(name):
                self.boot("int main(void) { unlock(); %s"
                          " result[0] = FLASH_SR; return 0; }" % code)
                self.assertEqual(self.results(1), [error])
                self.assertEqual(self.b.peek(AT, 16), b"\xff" * 16)

    def test_interrupt_flags(self):
        """EOP and OPERR only with their interrupts enabled."""
        self.boot("int main(void) { unlock(); FLASH_CR = 0x1000001;"
                  " REG(AT) = 1; REG(AT + 4) = 2; wait_flash();"
                  " result[0] = FLASH_SR; FLASH_SR = 1; result[1] = FLASH_SR;"
                  " FLASH_CR = 0x2000000; REG(AT) = 1; result[2] = FLASH_SR;"
                  " return 0; }")
        self.assertEqual(self.results(3), [EOP, 0, PGSERR | OPERR])

    def test_time(self):
        """The core stalls; from RAM it sees BSY."""
        run = self.boot("int main(void) { unlock(); SYST_RVR = 0xffffff;"
                        " SYST_CSR = 5; SYST_CVR = 0; erase(PAGE);"
                        " result[0] = 0xffffff - SYST_CVR; return 0; }")
        self.assertAlmostEqual(self.results(1)[0] / 4e6, 0.02202, delta=2e-4)
        self.assertLess(run.ns, 30e6)
        self.boot("static uint32_t IN_RAM go(void) { FLASH_CR = 0x10002 |"
                  " PAGE << 3; uint32_t sr = FLASH_SR, n = 0;"
                  " while (FLASH_SR & 0x10000) n++; result[1] = n; return sr;"
                  "} int main(void) { unlock(); result[0] = go();"
                  " return 0; }")
        sr, polls = self.results(2)
        self.assertEqual(sr, 0x10000)
        self.assertLess(polls, 50)  # time skips while it only polls

    def test_mass_erase(self):
        self.boot("static void IN_RAM go(void) { FLASH_CR = 4;"
                  " FLASH_CR = 0x10004; wait_flash(); result[0] = FLASH_SR;"
                  " for (;;) IWDG_KR = 0xaaaa; }"
                  "int main(void) { unlock(); go(); return 0; }")
        self.assertEqual(self.results(1), [0])
        self.assertEqual(self.b.peek(self.b.flash, 1 << 19), b"\xff" * (1 << 19))

    def test_write_protection(self):
        options = OPTIONS[:3] + [PAGE | PAGE << 16, 0xff00ffff]
        self.boot("int main(void) { unlock(); result[0] = program(AT, 1, 2);"
                  " FLASH_SR = 0xffff; result[1] = erase(PAGE);"
                  " FLASH_SR = 0xffff; result[2] = program(AT - 8, 1, 2);"
                  " result[3] = erase(PAGE + 1); FLASH_CR = 0x10004;"
                  " result[4] = FLASH_SR; return 0; }", options)
        self.assertEqual(self.results(5), [WRPERR, WRPERR, 0, 0, WRPERR])
        self.assertEqual(self.b.peek(AT, 8), b"\xff" * 8)

    def test_pcrop(self):
        first = (AT - 0x08000000) // 8
        options = [OPTIONS[0], first, 0x80000000 | first + 1] + OPTIONS[3:]
        self.b.load(AT, b"secretly" * 3)
        self.boot("int main(void) { unlock(); result[0] = REG(AT);"
                  " result[1] = FLASH_SR; FLASH_SR = 0xffff;"
                  " result[2] = REG(AT + 16); result[3] = FLASH_SR;"
                  " result[4] = program(AT, 0, 0); return 0; }", options)
        self.assertEqual(self.results(5), [
            0, RDERR, int.from_bytes(b"secr", "little"), 0, WRPERR])

    def test_ecc(self):
        """Two wrong bits: NMI, and the address; one: a flag."""
        self.b.load(AT, bytes(range(16)))
        self.b.inject(N.FAULT_ECC_DOUBLE, AT + 8)
        self.b.inject(N.FAULT_ECC_SINGLE, AT)
        self.boot("void nmi(void) { result[0]++; result[1] = FLASH_ECCR;"
                  " FLASH_ECCR = 0x80000000; }"
                  "int main(void) { result[0] = 0; result[2] = REG(AT);"
                  " result[3] = FLASH_ECCR; FLASH_ECCR = 0x40000000;"
                  " result[4] = REG(AT + 12); asm volatile(\"isb\");"
                  " result[5] = FLASH_ECCR; unlock(); erase(PAGE);"
                  " result[6] = REG(AT + 8); return 0; }")
        self.assertEqual(self.results(7), [
            1, 0x80000000 | AT + 8 - 0x08000000, 0x03020100,
            0x40000000 | AT - 0x08000000, 0x0f0e0d0c, 0, 0xffffffff])

    def test_power_cut(self):
        """Torn: the ECC does not fit; before and after: as they say."""
        code = ("void nmi(void) { kept[1]++; FLASH_ECCR = 0x80000000; }"
                "int main(void) { unlock(); if (REG(AT) != 0xffffffff) {"
                " result[0] = REG(AT); return 0; }"
                " program(AT, 0x11223344, 0x55667788);"
                " program(AT + 8, 3, 4); erase(PAGE); return 0; }")
        for how, after, first, bad in (
                (N.CUT_TORN, 0, 0x11223344, 1),
                (N.CUT_BEFORE, 0, 0xffffffff, 0),
                (N.CUT_AFTER, 0, 0x11223344, 0),
                (N.CUT_BEFORE, 1, 0x11223344, 0),
                (N.CUT_TORN, 2, 0xffffffff, 0),
                # it starts again, and erases in the end
                (N.CUT_NRST, 0, 0xffffffff, 0)):
            with self.subTest(how=how, after=after):
                b = Board(program)
                b.load(b.flash, firmware(f"#define AT {AT:#x}u\n"
                                         f"#define PAGE {PAGE}u\n" + code))
                b.power()
                b.cut(after, how)
                run = b.run(1)
                if how == N.CUT_NRST:
                    self.assertEqual((run.end, run.resets), (N.END_IDLE, 1))
                else:
                    self.assertEqual(run.end, N.END_OFF)
                    self.assertEqual(b.run(1).end, N.END_OFF)
                self.assertEqual(b.word(AT), first)
                b.power()
                before = b.word(0x20000804)
                b.cut(0, N.CUT_BEFORE)
                b.run(1)
                self.assertEqual(b.word(0x20000804) != before, bad)
                b.close()

    def test_reset_within(self):
        """A watchdog that runs out in a page erase leaves it torn."""
        self.b.load(AT, b"\x5a" * 2048)
        run = self.boot(
            "int main(void) { if (RCC_CSR & 1u << 29) { result[0] = RCC_CSR;"
            " return 0; } IWDG_KR = 0xcccc; IWDG_KR = 0x5555; IWDG_PR = 0;"
            " IWDG_RLR = 64; IWDG_KR = 0xaaaa; unlock(); erase(PAGE);"
            " return 0; }")
        self.assertEqual(run.resets, 1)
        self.assertTrue(self.results(1)[0] & IWDGRSTF)
        page = self.b.peek(AT, 2048)
        self.assertEqual(page, b"\xff" * 1024 + b"\x5a" * 1024)

    def test_options(self):
        """Written, read back as before, in force after the launch."""
        run = self.boot(
            "int main(void) { if (RCC_CSR & 1u << 25) { result[4] = FLASH_OPTR;"
            " return 0; } unlock(); FLASH_OPTR = 0; result[0] = FLASH_OPTR;"
            " unlock_options(); FLASH_OPTR = 0xffeff9bb;"
            " FLASH_CR = 0x20000; wait_flash(); result[1] = FLASH_SR;"
            " result[2] = FLASH_OPTR; result[3] = REG(0x1fff7800);"
            " FLASH_CR = 1u << 27; for (;;) ; }")
        self.assertEqual(run.resets, 1)
        self.assertEqual(self.results(5), [OPTIONS[0], 0, OPTIONS[0],
                                           0xffeff9bb, 0xffeff9bb])
        self.assertEqual(self.b.state().rdp, 1)
        self.assertTrue(self.b.state().flags & OBLRSTF)

    def test_options_torn(self):
        """No word fits its complement: the mismatch values of 3.4.2."""
        source = ("int main(void) { result[0] = FLASH_SR; unlock();"
                  " unlock_options(); FLASH_CR = 0x20000; wait_flash();"
                  " return 0; }")
        self.boot(source, OPTIONS[:4] + [0x00030000])
        self.b.inject(N.FAULT_BROWN_OUT, 0, 1)
        self.b.power()
        self.assertEqual(self.b.run(1).end, N.END_OFF)
        self.b.power()
        programmed, force = self.b.options()
        self.assertEqual(programmed, [OPTIONS[0]] + [0xffffffff] * 4)
        self.assertEqual(force, [OPTIONS[0], 0xffff0000, 0xffff, 0xff00ffff,
                                 0xff00ffff])
        self.b.run(1)

    def test_level_1(self):
        """A debugger sees registers and SRAM1 alone."""
        self.boot("int main(void) { result[0] = 7; return 0; }",
                  [LEVEL_1] + OPTIONS[1:])
        self.assertEqual(self.b.state().rdp, 1)
        for address in (0x08000000, 0x10000000, 0x20020000, 0x1fff7000):
            with self.assertRaises(Refused) as e:
                self.b.debug_read(address)
            self.assertEqual(e.exception.status, N.REFUSED)
        self.assertEqual(self.b.debug_word(0x20001000), 7)
        self.assertEqual(self.b.debug_word(0x40022014), 0xc0000000)

    def test_regression(self):
        """From level 1 to 0 all is erased, by a debugger too."""
        self.boot("int main(void) { return 0; }", [LEVEL_1] + OPTIONS[1:])
        for register, value in ((0x08, 0x45670123), (0x08, 0xcdef89ab),
                                (0x0c, 0x08192a3b), (0x0c, 0x4c5d6e7f),
                                (0x20, OPTIONS[0]), (0x14, 0x20000)):
            self.b.debug_write(0x40022000 + register, value)
        self.assertEqual(self.b.peek(self.b.flash, 4096), b"\xff" * 4096)
        self.assertEqual(self.b.options()[0][0], OPTIONS[0])
        self.b.debug_write(0x40022014, 1 << 27)
        self.b.run(0.01)
        self.assertEqual(self.b.state().rdp, 0)
        self.assertEqual(self.b.debug_word(0x08000000), 0xffffffff)

    def test_level_2(self):
        """No debugger, and option bytes that stay."""
        self.boot("int main(void) { unlock(); unlock_options();"
                  " FLASH_OPTR = 0xffeff8aa; FLASH_CR = 0x20000;"
                  " wait_flash(); result[0] = FLASH_SR; return 0; }",
                  [LEVEL_2] + OPTIONS[1:])
        with self.assertRaises(Refused):
            self.b.debug_word(0x20001000)
        self.assertEqual(self.results(1), [WRPERR])
        self.assertEqual(self.b.options()[0][0], LEVEL_2)


if __name__ == "__main__":
    program = sys.argv.pop()
    unittest.main()
