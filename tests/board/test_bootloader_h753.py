#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later
# Copyright The libsfi authors
"""The bootloader of examples/bootloader on sfi-board's H753: what starts, what
parks, USART and SPI, and an install by sfi-program.

    test_bootloader_h753.py SFI_BOARD BOOTLOADER.elf PROGRAMS
"""

import os
import pathlib
import pty
import select
import struct
import subprocess
import sys
import tempfile
import threading
import tty
import unittest
import zlib

from board import Board, N, firmware

USER, PAGE_0, PAGE_1 = 0x08020000, 0x081c0000, 0x081e0000
PARK, PARKED, NO_RDP, NO_WRP = 0x20004000, 0x6b726170, 3, 4
EMPTY, INSTALLED = 0x3c96a55a, 0x0ff0c396
BLINK = "int main(void) { result[0] = 0x600d; for (;;) ; }"
# In the order of the option-byte file: RDP level 1, sector 0 protected.
OPTIONS = [0x1bc6bbf0, 0xff, 0xff, 0xff, 0xff, 0xfe, 0xff, 0x1ff00800,
           0x10000810]
CSV = """FOPTSR_PRG,{optsr}
FPRAR_PRG_A,0x81000200
FPRAR_PRG_B,0x81000200
FSCAR_PRG_A,0x81000200
FSCAR_PRG_B,0x81000200
FWPSN_PRG_A,0xfffffffe
FWPSN_PRG_B,{wrp}
FBOOT7_PRG,0x1ff00800
RESERVED,0x10000810
"""
program = bootloader = programs = None


def image(elf):
    with tempfile.NamedTemporaryFile() as out:
        subprocess.run(["arm-none-eabi-objcopy", "-O", "binary", "-R", ".seal",
                        elf, out.name], check=True)
        return pathlib.Path(out.name).read_bytes()


def data_page(phase=None, secret=bytes(range(1, 33)), certificate=bytes(136)):
    head = struct.pack("<II", 1, 1) + bytes(24) + secret + certificate
    head += struct.pack("<I", zlib.crc32(head)) + bytes(20)
    page = head + b"SFI data page 1\0" * 2 + b"\xff" * 32
    if phase is not None:
        record = struct.pack("<4sIII", b"SFIR", 1, phase, 1) + bytes(108)
        record += struct.pack("<I", zlib.crc32(record))
        crc = zlib.crc32(record)
        page += record + struct.pack("<II", crc, ~crc & 0xffffffff) + bytes(24)
    return page


class Bootloader(unittest.TestCase):
    def setUp(self):
        self.b = Board(program, "stm32h753xi")
        self.b.load(0x08000000, image(bootloader))
        self.b.set_options(OPTIONS)

    def tearDown(self):
        self.b.close()

    def start(self, page, seconds=40.0):
        self.b.load(PAGE_1, page)
        self.b.power()
        self.b.run(seconds)
        return self.b.state().vtor

    def listens(self):
        self.assertEqual(self.b.usart(b"\x7f", limit=3.0).data, b"\x79")

    # ---- what starts, what parks ----

    def test_parks(self):
        for row, word, reason in (0, 0x1bc6aaf0, NO_RDP), (5, 0xff, NO_WRP):
            words = list(OPTIONS)
            words[row] = word
            self.b.set_options(words)
            self.start(data_page(EMPTY))
            self.assertEqual(self.b.words(PARK, 2), (PARKED, reason))

    def test_new_part(self):
        """A part without a record erases all that firmware may use."""
        self.b.load(USER, b"left over")
        self.assertEqual(self.start(data_page()), 0)
        self.assertEqual(self.b.peek(USER, 9), b"\xff" * 9)
        self.listens()

    def test_installed(self):
        self.b.load(USER, firmware(BLINK, USER, "cortex-m7"))
        self.assertEqual(self.start(data_page(INSTALLED)), USER)
        self.assertEqual(self.b.word(0x20001000), 0x600d)
        self.b.pin(2, 13, N.LEVEL_HIGH)  # PC13: the bootloader is wanted
        self.b.nrst()
        self.b.run(1.0)
        self.assertEqual(self.b.state().vtor, 0)
        self.listens()

    def test_no_firmware(self):
        for head in ((0xffffffff, 0xffffffff), (0x20020000, USER + 0x100),
                     (0x20020000, 0x08000101), (0x20000000, USER + 0x101)):
            self.b.load(USER, struct.pack("<II", *head))
            self.assertEqual(self.start(data_page(INSTALLED)), 0)
            self.listens()

    # ---- links ----

    def test_rates(self):
        self.start(data_page(EMPTY))
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
        self.start(data_page(EMPTY))
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
        self.listens()
        # SESSION by Special; its cause is RANDOM
        reply = b"".join(self.b.usart(data, limit=5.0).data for data in (
            b"\x50\xaf", b"\x53\x0a\x59", b"\0\0\0"))
        self.assertEqual(reply[-4:], bytes([0, 1, 0x46, 0x79]))

    # ---- an install ----

    def run_program(self, name, *args, status=0):
        done = subprocess.run([programs / name, *args], capture_output=True,
                              text=True, stdin=subprocess.DEVNULL, timeout=120)
        self.assertEqual(done.returncode, status, done.stdout + done.stderr)

    def make(self, optsr, wrp="0xffffffff"):
        """Chip, firmware, image and vault in this folder."""
        pathlib.Path("pin").write_text("123456")
        os.chmod("pin", 0o600)
        code = firmware(BLINK, USER, "cortex-m7")
        pathlib.Path("a.bin").write_bytes(code + bytes(-len(code) % 32))
        pathlib.Path("ob.csv").write_text(CSV.format(optsr=optsr, wrp=wrp))
        self.run_program("sfi-sim", "manufacture", "--ca", "ca", "--chip",
                         "stm32h753xi", "--state", "chip")
        self.run_program("sfi-create", "--genkey", "key", "--gennonce", "nonce")
        self.run_program("sfi-create", "-sfi", "-fir", "a.bin", f"{USER:#x}",
                         "-k", "key", "-n", "nonce", "-ob", "ob.csv", "-v", "1",
                         "-devid", "0x450", "-o", "image.sfi")
        self.run_program("sfi-hsm", "-i", "vault:v", "-k", "key", "-n", "nonce",
                         "-id", "blink", "-mc", "1", "--pin-file", "pin",
                         "--yes", "-pd",
                         str(next(pathlib.Path("ca").glob("45002001*.pd"))))
        return data_page(secret=pathlib.Path("chip/device-key.bin").read_bytes(),
                         certificate=pathlib.Path(
                             "chip/certificate.bin").read_bytes())

    def serve(self, master, ended):
        """What a host writes to the terminal goes to the USART, and back."""
        while not ended.is_set():
            data = b""
            wait = 0.05
            while select.select([master], [], [], wait)[0]:
                data += os.read(master, 4096)
                wait = 0.002
            reply = (self.b.usart(data, limit=30.0) if data
                     else self.b.run(0.05, False))
            if reply.data:
                os.write(master, reply.data)

    def install(self, page, status):
        self.start(page)
        master, slave = pty.openpty()
        tty.setraw(slave)
        ended = threading.Event()
        thread = threading.Thread(target=self.serve, args=(master, ended))
        thread.start()
        try:
            self.run_program("sfi-program", "-c", f"port={os.ttyname(slave)}",
                             "--yes", "-sfi", "protocol=static", "image.sfi",
                             "hsm=1", "slot=vault:v", "--pin-file", "pin",
                             status=status)
        finally:
            ended.set()
            thread.join()
            os.close(master)
            os.close(slave)

    def in_folder(self, body):
        with tempfile.TemporaryDirectory() as folder:
            before = os.getcwd()
            os.chdir(folder)
            try:
                body()
            finally:
                os.chdir(before)

    def test_install(self):
        def body():
            self.install(self.make("0x1026bbd0"), 0)
            self.b.run(5.0)
            state = self.b.state()
            self.assertEqual((state.vtor, state.at), (USER, N.AT_FIRMWARE))
            self.assertEqual(self.b.word(0x20001000), 0x600d)
            # SECURITY stays as it was
            self.assertEqual(self.b.options()[1][0], 0x1006bbd0)
        self.in_folder(body)

    def test_harmful_options(self):
        """Readout protection level 0 would erase the bootloader itself."""
        def body():
            self.install(self.make("0x1026aad0"), 5)
            self.assertEqual(self.b.options()[1], OPTIONS)
            self.assertEqual(self.b.peek(USER, 64), b"\xff" * 64)
        self.in_folder(body)


if __name__ == "__main__":
    programs = pathlib.Path(sys.argv.pop()).resolve()
    bootloader = sys.argv.pop()
    program = sys.argv.pop()
    unittest.main()
