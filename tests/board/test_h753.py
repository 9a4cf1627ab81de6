#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later
# Copyright The libsfi authors
"""sfi-board's H753 by firmware of a few lines, as RM0433 tells to use it:
flash with its write buffer and errors, option bytes, clocks, USART, SPI, RNG.

    test_h753.py SFI_BOARD
"""

import struct
import sys
import unittest

from board import Board, N, firmware

program = None

START = """
#define INLINE static inline __attribute__((always_inline))
#define F(o) REG(0x52002000 + (o))
#define GPIOA(o) REG(0x58020000 + (o))
#define USART(o) REG(0x40011000 + (o))
#define SPI(o) REG(0x40013000 + (o))
#define SPI8(o) (*(volatile uint8_t *)(0x40013000 + (o)))
INLINE void start(void) {
    for (int i = 0; i < RESULTS; i++) result[i] = 0;
    REG(0x580244e0) = 7; REG(0x580244f0) = 1 << 4 | 1 << 12;
    REG(0x580244dc) = 1 << 6;
    GPIOA(0x20) = 0x55550000; GPIOA(0x24) = 0x770;
    GPIOA(0) = (0xabffffff & ~(0xffu << 8 | 15u << 18)) | 0xaau << 8
               | 10u << 18;
}
INLINE void open_bank(uint32_t at) {
    F(at + 4) = 0x45670123; F(at + 4) = 0xcdef89ab;
}
INLINE uint32_t done(uint32_t at) {
    while (F(at + 0x10) & 7) ;
    uint32_t sr = F(at + 0x10);
    F(at + 0x14) = sr;
    return sr;
}
INLINE uint32_t put(uint32_t address, uint32_t first) {
    for (uint32_t i = 0; i < 8; i++) REG(address + 4 * i) = first + i;
    return done(address & 0x100000 ? 0x100 : 0);
}
INLINE void options(void) {
    F(8) = 0x08192a3b; F(8) = 0x4c5d6e7f;
}
INLINE void launch(void) {
    F(0x18) |= 2; while (F(0x1c) & 1) ;
}
"""
EOP, WRPERR, PGSERR, STRBERR, INCERR = (1 << n for n in (16, 17, 18, 19, 21))
DBECCERR = 1 << 26


class H753(unittest.TestCase):
    def setUp(self):
        self.b = Board(program, part="stm32h753xi")

    def tearDown(self):
        self.b.close()

    def boot(self, main, seconds=60.0, helpers="", cut=N.NO_CUT):
        self.b.load(self.b.flash, firmware(
            START + helpers + "int main(void) { start(); " + main + "}",
            cpu="cortex-m7"))
        self.b.power()
        self.b.cut(cut)
        return self.b.run(seconds)

    def results(self, count):
        return list(self.b.words(0x20001000, count))

    def test_flash(self):
        """A word of 256 bits, and what its bank says of each mistake."""
        self.boot(
            "result[0] = F(0x10c); open_bank(0x100); F(0x10c) = 0x32;"
            "result[1] = put(0x08100000, 0x100); F(0x10c) = 0x30;"
            "result[2] = put(0x08100020, 0x200); F(0x10c) = 0x32;"
            "REG(0x08100040) = 1; result[3] = F(0x110); REG(0x08100060) = 1;"
            "result[4] = done(0x100); REG(0x08100080) = 1;"
            "REG(0x08100080) = 1; result[5] = F(0x110); F(0x10c) = 0x30;"
            "F(0x114) = ~0u; F(0x10c) = 0x34 | 1 << 7;"
            "result[6] = done(0x100);"
            "result[7] = REG(0x08100000); F(0x10c) = 1; F(0x10c) = 0x32;"
            "result[8] = F(0x10c); for (;;) ;")
        self.assertEqual(self.results(9), [
            0x31, EOP, PGSERR, 2, INCERR, STRBERR | 2, EOP, 0xffffffff, 1])

    def test_limit(self):
        """A core that waits for an erase is busy, however short the run."""
        run = self.boot("open_bank(0); F(0xc) = 0x34 | 1 << 8 | 1 << 7;"
                        "result[0] = done(0); for (;;) ;", seconds=0.1)
        self.assertEqual((run.end, self.results(1)), (N.END_LIMIT, [0]))
        self.b.run(2.0)
        self.assertEqual(self.results(1), [EOP])

    def test_programmed_twice(self):
        """Its ECC does not fit: a bus error, or a flag where that is off."""
        self.boot(
            "open_bank(0x100); F(0x10c) = 0x32; put(0x08100000, 0xff00);"
            "put(0x08100000, 0xf0f0); REG(0xe000ed14) |= 1 << 8;"
            "REG(0x08100000); result[0] = F(0x110) & 1 << 26;"
            "F(0x114) = 1 << 26; REG(0xe000ed14) &= ~(1u << 8);"
            "REG(0x08100000); asm volatile(\"isb\"); result[2] = 1;"
            "for (;;) ;",
            helpers="void hard_fault(void) { result[1] = F(0x110) & 1 << 26;"
                    " for (;;) ; }")
        self.assertEqual(self.results(3), [DBECCERR, DBECCERR, 0])

    def test_write_protection(self):
        """By sectors, active at 0; a bank with one cannot be erased."""
        words = self.b.options()[0]
        words[6] = 0xfd
        self.b.set_options(words)
        self.boot(
            "open_bank(0x100); F(0x10c) = 0x32;"
            "result[0] = put(0x08120000, 0); result[1] = put(0x08140000, 0);"
            "F(0x10c) = 0x34 | 1 << 8 | 1 << 7; result[2] = done(0x100);"
            "F(0x10c) = 0x38 | 1 << 7; result[3] = done(0x100);"
            "result[4] = F(0x138); for (;;) ;")
        self.assertEqual(self.results(5), [WRPERR, EOP, WRPERR, WRPERR, 0xfd])

    def test_options(self):
        """They come into force when they are written; SECURITY stays."""
        self.boot(
            "options(); F(0x13c) = 0x7f; launch(); result[0] = F(0x138);"
            "F(0x20) |= 1 << 21; launch(); result[1] = F(0x1c) >> 21 & 1;"
            "F(0x20) &= ~(1u << 21); launch(); result[2] = F(0x1c);"
            "F(0x24) = 1 << 30; result[3] = F(0x1c); for (;;) ;")
        got = self.results(4)
        self.assertEqual(got[:2], [0x7f, 1])
        self.assertEqual([x >> 21 & 0x201 for x in got[2:]], [0x201, 1])
        self.assertEqual(self.b.options()[0][6], 0x7f)

    def test_regression(self):
        """From level 1 to 0 all flash is erased; level 2 is for ever."""
        words = self.b.options()[0]
        words[0] = words[0] & ~0xff00 | 0xbb00
        self.b.set_options(words)
        self.b.load(0x08100000, bytes(32))
        self.boot("run(); for (;;) ;", helpers=(
            "IN_RAM void run(void) { options(); F(0x20) ="
            " (F(0x20) & ~0xff00u) | 0xaa00; launch(); for (;;) ; }"))
        self.assertEqual(self.b.state().rdp, 0)
        self.assertEqual(self.b.peek(0x08100000, 32), b"\xff" * 32)
        words[0] = words[0] & ~0xff00 | 0xcc00
        self.b.set_options(words)
        self.boot("options(); F(0x20) = (F(0x20) & ~0xff00u) | 0xaa00;"
                  " launch(); result[0] = F(0x1c); for (;;) ;")
        self.assertEqual(self.results(1)[0] >> 30, 1)
        self.assertEqual(self.b.state().rdp, 2)

    def test_cut(self):
        """Power fails within an operation: half of it, whose ECC is wrong."""
        main = ("open_bank(0x100); F(0x10c) = 0x32; put(0x08100000, 0);"
                " put(0x08100020, 0x40); for (;;) ;")
        run = self.boot(main, cut=1)
        self.assertEqual(run.end, N.END_OFF)
        words = struct.unpack("<16I", self.b.peek(0x08100000, 64))
        self.assertEqual(words, tuple(range(8)) + (0x40, 0x41, 0x42, 0x43) +
                         (0xffffffff,) * 4)
        self.boot("REG(0xe000ed14) |= 1 << 8; REG(0x08100000);"
                  "result[0] = F(0x110); REG(0x08100020);"
                  "result[1] = F(0x110);"
                  "for (;;) ;")
        self.assertEqual(self.results(2), [0, DBECCERR])

    def test_usart(self):
        """HSI64, with and without FIFOs; PLL1 at 200 MHz."""
        data = bytes(range(256))
        for on, clock in (("0", ""), ("1 << 29", ""), ("1 << 29", (
                "REG(0x58024428) = 4 << 4; REG(0x58024430) = 24 | 1 << 9;"
                " REG(0x58024400) |= 1 << 24; while (!(REG(0x58024400) &"
                " 1 << 25)) ; REG(0x58024410) = 3; while ((REG(0x58024410) &"
                " 0x38) != 0x18) ; "))):
            hz = 200 if clock else 64
            self.boot(clock + f"USART(0x0c) = {hz * 1000000 // 115200};"
                      f"USART(0) = 1 << 12 | 1 << 10 | 13 | {on};"
                      "for (;;) { while (!(USART(0x1c) & 32)) ;"
                      " USART(0x28) = USART(0x24) ^ 1; }")
            self.assertEqual(self.b.usart(data).data,
                             bytes(x ^ 1 for x in data))

    def test_spi(self):
        """Frames of 8 bits; an empty FIFO sends something, and then UDRDR."""
        self.boot("SPI(8) = 7; SPI(0x4c) = 0xa5; SPI(0) = 1;"
                  "SPI8(0x20) = 1; for (;;) if (SPI(0x14) & 1) {"
                  " uint8_t c = SPI8(0x30); SPI(0x18) = 1 << 5;"
                  " if (c) SPI8(0x20) = c; }")
        self.b.nss(0)
        got = b"".join(self.b.spi(bytes([x]), limit=0.001).data
                       for x in (2, 3, 0, 0, 0))
        self.assertEqual(got, b"\1\2\3\xfc\xa5")

    def test_rng(self):
        self.boot("REG(0x58024400) |= 1 << 12; REG(0x48021800) = 4;"
                  "for (int i = 0; i < 8; i++) {"
                  " while (!(REG(0x48021804) & 1))"
                  " ; result[i] = REG(0x48021808); } for (;;) ;")
        self.assertEqual(len(set(self.results(8))), 8)

    def test_start(self):
        """The addresses of BOOT7, by BOOT0; flags of RSR."""
        self.boot("result[0] = REG(0x580244d0); REG(0x580244d0) = 1 << 16;"
                  "result[1] = REG(0x580244d0); for (;;) ;")
        self.assertEqual(self.results(2), [0x00fa0000, 0])
        self.b.nrst()
        self.b.run(1.0)
        self.assertEqual(self.results(2), [0x004a0000, 0])
        words = self.b.options()[0]
        words[7] = 0x08000810
        self.b.set_options(words)
        self.b.load(0x08100000, firmware(
            "int main(void) { result[0] = 0x1234; for (;;) ; }",
            base=0x08100000, cpu="cortex-m7"))
        self.b.power()
        self.b.run(1.0)
        self.assertEqual(self.results(1), [0x1234])
        self.b.pin(N.PORT_BOOT0, 0, N.LEVEL_HIGH)
        self.b.power()
        self.b.run(1.0)
        self.assertEqual(self.results(1), [0x00fa0000])


if __name__ == "__main__":
    program = sys.argv.pop(1)
    unittest.main(verbosity=2)
