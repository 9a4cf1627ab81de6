#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later
# Copyright The libsfi authors
"""USART, SPI, GPIO, AES and RNG of sfi-board's L462, as firmware of a few
lines uses them by RM0394.  tests/board/models has each flag and each bit time.

    test_periph.py SFI_BOARD
"""

import re
import sys
import unittest

from board import Board, N, firmware, HERE

program = None

# HSI16, clocks of GPIOA, USART1 and SPI1, PA4 to PA7 for SPI, PA9 and PA10.
START = """
#define GPIOA(o) REG(0x48000000 + (o))
#define USART(o) REG(0x40013800 + (o))
#define SPI(o) REG(0x40013000 + (o))
#define SPI_DR (*(volatile uint8_t *)0x4001300c)
#define AES(o) REG(0x50060000 + (o))
#define RNG(o) REG(0x50060800 + (o))
#define ISR USART(0x1c)
static inline void start(void) {
    for (int i = 0; i < RESULTS; i++) result[i] = 0;
    RCC_CR |= 1 << 8; RCC_CFGR = 1;
    RCC_AHB2ENR |= 1 | 1 << 16 | 1 << 18; RCC_APB2ENR |= 1 << 14 | 1 << 12;
    RCC_APB1ENR1 |= 1;
    GPIOA(0x20) = 0x55550000; GPIOA(0x24) = 0x00000770;
    GPIOA(0) = (0xabffffff & ~(0xffu << 8 | 15u << 18)) | 0xaau << 8
               | 10u << 18;
}
static inline void usart_on(void) {
    USART(0x0c) = 139; /* 115200 baud */
    USART(0) = 1 << 12 | 1 << 10 | 1 << 3 | 1 << 2 | 1;
}
static inline uint32_t receive(void) {
    while (!(ISR & 1 << 5)) ;
    return USART(0x24);
}
static inline void send(uint32_t byte) {
    while (!(ISR & 1 << 7)) ;
    USART(0x28) = byte;
}
"""


def cases():
    """Of tests/kat/gcm.txt: whole blocks with a right tag."""
    text = (HERE.parents[1] / "tests/kat/gcm.txt").read_text()
    for block in text.split("\nname = ")[1:]:
        c = dict(re.findall(r"^(\w+) = ?(.*)$", "name = " + block, re.M))
        if (c["result"] == "pass" and c["ct"] and
                len(c["ct"]) % 32 == len(c["aad"]) % 32 == 0):
            yield c


class Periph(unittest.TestCase):
    def setUp(self):
        self.b = Board(program)

    def tearDown(self):
        self.b.close()

    def boot(self, main, seconds=5.0):
        code = START + "int main(void) { start(); " + main + "}"
        self.b.load(self.b.flash, firmware(code))
        self.b.power()
        return self.b.run(seconds)

    def results(self, count):
        return list(self.b.words(0x20001000, count))

    def test_usart(self):
        """All bytes come back, with their parity bit in the ninth."""
        self.boot("usart_on(); for (;;) { uint32_t c = receive();"
                  " result[0] += c >> 8; send(c ^ 0x55); }")
        data = bytes(range(256))
        run = self.b.usart(data)
        self.assertEqual(run.data, bytes(x ^ 0x55 for x in data))
        self.assertEqual(run.end, N.END_IDLE)
        self.assertEqual(self.results(1), [128])

    def test_usart_errors(self):
        """Each error is shown with its character, and cleared by ICR."""
        self.boot("usart_on(); for (;;) { while (!(ISR & 1 << 5)) ;"
                  " send(ISR & 15); USART(0x20) = 15; USART(0x24); }")
        for fault, flag in ((N.FAULT_USART_FRAME, 2), (N.FAULT_USART_NOISE, 4),
                            (N.FAULT_USART_PARITY, 1)):
            self.b.inject(fault)
            self.assertEqual(self.b.usart(b"a").data, bytes([flag]))
            self.assertEqual(self.b.usart(b"a").data, b"\0")
        self.assertEqual(self.b.usart(b"a", parity=N.PARITY_ODD).data[:1],
                         b"\1")

    def test_usart_overrun(self):
        """Who does not read has the first byte, and ORE."""
        self.boot("usart_on(); receive(); for (int i = 0; i < 40000; i++)"
                  " RCC_CR; result[0] = ISR & 0x2f; result[1] = USART(0x24);"
                  " result[2] = ISR & 0x2f; for (;;) ;")
        self.b.usart(b"abcd")
        self.assertEqual(self.results(3), [0x28, ord("b") | 0x100, 8])

    def test_baud_at_the_pin(self):
        """A loop times 0x7f at the pin: 8 bits between two falling edges."""
        self.boot("GPIOA(0) &= ~(3u << 20); REG(0x40000000) = 1;"
                  "for (int i = 0;; i = (i + 1) & 15) {"
                  "  while (!(GPIOA(0x10) & 1 << 10)) ;"
                  "  while (GPIOA(0x10) & 1 << 10) ;"
                  "  result[i] = REG(0x40000024); }")
        edges = []
        for baud in (1200, 9600, 115200, 460800):
            self.b.usart(b"\x7f", baud=baud)
            edges = self.results(16)
            first = sorted(edges)[-2:]
            bit = (first[1] - first[0]) / 8
            self.assertAlmostEqual(bit, 16e6 / baud, delta=4)

    def test_auto_baud(self):
        """Mode 2 sets BRR from 0x7f."""
        self.boot("USART(4) = 1 << 20 | 2 << 21; usart_on(); for (;;)"
                  " { uint32_t c = receive(); result[0] = USART(0x0c);"
                  " send(c); }")
        self.assertEqual(self.b.usart(b"\x7f", baud=57600).data, b"\x7f")
        self.assertAlmostEqual(self.results(1)[0], 16e6 / 57600, delta=1)
        self.assertEqual(self.b.usart(b"xyz", baud=57600).data, b"xyz")

    def test_spi(self):
        """A slave that answers each byte with the next frame."""
        self.boot("SPI(4) = 7 << 8 | 1 << 12; SPI(0) = 1 << 6; SPI_DR = 0xa5;"
                  "for (;;) if (SPI(8) & 1) SPI_DR = SPI_DR + 1;")
        self.assertEqual(self.b.spi(b"\x01").data, b"\xff")
        self.b.nss(0)
        got = b"".join(self.b.spi(bytes([x]), limit=0.001).data
                       for x in range(10, 20))
        self.assertEqual(got, b"\xa5" + bytes(range(11, 20)))
        self.b.nss(1)
        self.assertEqual(self.b.spi(b"\x01").data, b"\xff")

    def test_spi_late(self):
        """One that does not read loses what is behind four bytes, and sends
        what its FIFO had; nothing tells it of that."""
        self.boot("SPI(4) = 7 << 8 | 1 << 12; SPI(0) = 1 << 6;"
                  "SPI_DR = 0x11; SPI_DR = 0x22; while (!(GPIOA(0x10) & 16)) ;"
                  "result[0] = SPI(8); for (int i = 1; i < 5; i++)"
                  " result[i] = SPI_DR; result[5] = SPI(8);"
                  "result[6] = SPI(8);"
                  "for (;;) ;")
        self.b.nss(0)
        self.assertEqual(self.b.spi(b"abcdef").data, b"\x11\x22\0\0\0\0")
        self.b.nss(1)
        self.b.run(1.0)
        self.assertEqual(self.results(7), [0x643] + list(b"abcd") + [0x42, 2])

    def test_gpio(self):
        """A LED, and a button with a pull-up."""
        self.boot("RCC_AHB2ENR |= 2; REG(0x48000400) = 1 << 26;"
                  "GPIOA(0) &= ~3u; GPIOA(0x0c) |= 1;"
                  "for (;;) REG(0x48000418) = GPIOA(0x10) & 1 ? 1 << 13"
                  " : 1u << 29;")
        self.assertEqual(self.b.state().pins[1], (1 << 13, 1 << 13))
        self.b.pin(0, 0, N.LEVEL_LOW)
        self.b.run(0.1)
        self.assertEqual(self.b.state().pins[1], (1 << 13, 0))
        self.b.pin(0, 0, N.LEVEL_FLOATING)
        self.b.run(0.1)
        self.assertEqual(self.b.state().pins[1], (1 << 13, 1 << 13))

    def gcm(self, c):
        """Decrypt with the unit; the tag is in result[0..3], then its data."""
        aad, ct = bytes.fromhex(c["aad"]), bytes.fromhex(c["ct"])
        lengths = (len(aad) * 8).to_bytes(8, "big")
        lengths += (len(ct) * 8).to_bytes(8, "big")

        def words(data):
            return ",".join(f"0x{data[i:i + 4].hex()}"
                            for i in range(0, len(data), 4))
        self.boot(
            "static const uint32_t key[] ="
            f" {{{words(bytes.fromhex(c['key']))}}},"
            f" iv[] = {{{words(bytes.fromhex(c['iv']))}, 2}},"
            f" in[] = {{{words(aad + ct + lengths)}}};"
            "uint32_t gcm = 3 << 5 | 2 << 3, n = 0, to = 4;"
            "for (int i = 0; i < 4; i++) { AES(0x10 + 4 * i) = key[3 - i];"
            " AES(0x20 + 4 * i) = iv[3 - i]; }"
            "AES(0) = gcm; AES(0) = gcm | 1; while (!(AES(4) & 1)) ;"
            "AES(0) = gcm | 1 << 7;"
            f"for (uint32_t block = 0; block <= {(len(aad) + len(ct)) // 16};"
            f" block++) {{ uint32_t phase = block < {len(aad) // 16} ? 1 :"
            f" block < {(len(aad) + len(ct)) // 16} ? 2 : 3;"
            " AES(0) = gcm | phase << 13 | 1;"
            " for (int i = 0; i < 4; i++) AES(8) = in[n++];"
            " while (!(AES(4) & 1)) ; AES(0) = gcm | phase << 13 | 1 << 7 | 1;"
            " for (int i = 0; i < 4 && phase > 1; i++)"
            "  result[phase == 3 ? i : (int)to++] = AES(0xc); }"
            "result[63] = AES(4) | 0x80; for (;;) ;")
        got = b"".join(w.to_bytes(4, "big")
                       for w in self.results(4 + len(ct) // 4))
        self.assertEqual(self.b.word(0x200010fc), 0x80)
        return got[:16].hex(), got[16:].hex()

    def test_aes(self):
        some = [c for c in cases() if len(c["ct"]) + len(c["aad"]) <= 400][:6]
        self.assertGreater(len(some), 3)
        for c in some:
            with self.subTest(c["name"]):
                self.assertEqual(self.gcm(c), (c["tag"], c["pt"]))

    def test_aes_broken(self):
        self.b.inject(N.FAULT_AES, 0, 1)
        self.boot("AES(0) = 3 << 5; AES(0) |= 1;"
                  "for (int i = 0; i < 1000; i++)"
                  " result[0] |= AES(4); result[1] = 1; for (;;) ;")
        self.assertEqual(self.results(2), [0, 1])

    def test_rng(self):
        """HSI48 is its clock; without, and with each fault, it says so, but
        for one that is stuck."""
        main = ("RNG(0) = 4; for (int i = 0; i < 100 && !(RNG(4) & 1); i++) ;"
                "result[0] = RNG(4);"
                "REG(0x40021098) |= 1; while (!(REG(0x40021098) & 2)) ;"
                "RNG(0) = 0; RNG(4) = 0; RNG(0) = 4;"
                "for (int i = 1; i < 9; i++) {"
                " for (int k = 0; k < 1000 && !(RNG(4) & 1); k++) ;"
                " result[i] = RNG(8); } result[9] = RNG(4) & 0x66; for (;;) ;")
        self.boot(main)
        got = self.results(10)
        self.assertEqual((got[0], got[9]), (0x22, 0))
        self.assertEqual(len(set(got[1:9])), 8)
        self.b.inject(N.FAULT_RNG_STUCK, 0, 1)
        self.boot(main)
        got = self.results(10)
        self.assertEqual((len(set(got[1:9])), got[9]), (1, 0))
        self.b.inject(N.FAULT_RNG_STUCK, 0, 0)
        self.b.inject(N.FAULT_RNG_SEED, 0, 1)
        self.boot(main)
        self.assertEqual(self.results(10)[1:], [0] * 8 + [0x44])
        self.b.inject(N.FAULT_RNG_CLOCK, 0, 1)
        self.boot(main)
        self.assertEqual(self.results(10)[1:], [0] * 8 + [0x22])


if __name__ == "__main__":
    program = sys.argv.pop(1)
    unittest.main(verbosity=2)
