# SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later
# Copyright The libsfi authors
"""The independent model of ST's bootloader (rom/) as a USB device and as the slave
of a spidev: dfu-util and sfi-program, through the real libusb, do the same things
with it, and nothing that a host should not do.

    test_rom_device.py PROGRAMS ROM_WRAP
"""

import dataclasses
import os
import pathlib
import shutil
import subprocess
import sys

sys.dont_write_bytecode = True
sys.path.insert(0, str(pathlib.Path(os.environ["SFI_TEST_SOURCE"]) /
                       "tests" / "programs"))
from check import PROGRAMS, case, main, same  # noqa: E402
from rom.part import Part  # noqa: E402
from rom.quirks import H7_QUIRKS  # noqa: E402
from rom.wrap import Wrapped  # noqa: E402

SKIP = 77  # meson's
BASE, SECTOR, OPTIONS = 0x08000000, 128 << 10, 0x5200201C


class Machine:
    """A command's machine, with an H753 in its USB port or on its spidev."""

    def __init__(self, folder, kind="usb", version="V9.2"):
        quirks = dataclasses.replace(H7_QUIRKS[version], options_len=128)
        self.part = Part("h753", version, quirks)
        self.part.power_on()
        self.wrapped = Wrapped(self.part, kind)
        self.port = {"usb": "usb1", "spi": "spidev0.0"}[kind]
        self.folder = folder

    def run(self, *command, status=0):
        done = self.wrapped.run(sys.argv[2], *command, stdout=subprocess.PIPE,
                                stderr=subprocess.STDOUT, text=True)
        if status is not None:
            same(done.returncode, status, f"{command}: {done.stdout}")
        return done.stdout

    def ours(self, *words, status=0):
        return self.run(PROGRAMS / "sfi-program", "-c", f"port={self.port}",
                        *words, status=status)

    def written(self, name, data):
        (self.folder / name).write_bytes(data)
        return self.folder / name

    def holds(self, at, data):
        same(bytes(self.part.flash[at:at + len(data)]), data)
        same(self.part.notes, [])


@case
def dfu_util(folder):
    m = Machine(folder)
    out = m.run("dfu-util", "-l")
    for what in ("@Internal Flash   /0x08000000/16*128Kg",
                 "@Option Bytes   /0x5200201C/01*128 e", "200364500000"):
        assert what in out, out
    data = os.urandom(5120)
    at = 9 * SECTOR - 2048
    m.run("dfu-util", "-a", 0, "-s", hex(BASE + at), "-D",
          m.written("fw.bin", data))
    m.holds(at, data)
    m.run("dfu-util", "-a", 0, "-s", f"{BASE + at:#x}:5120", "-U",
          folder / "back.bin")
    same((folder / "back.bin").read_bytes(), data)
    m.run("dfu-util", "-a", 1, "-s", f"{OPTIONS:#x}:128", "-U",
          folder / "ob.bin")
    words = bytearray((folder / "ob.bin").read_bytes())
    same(bytes(words), m.part.options.area())
    words[5] = 0x55  # readout protection, level 1
    m.run("dfu-util", "-a", 1, "-s", hex(OPTIONS), "-D",
          m.written("ob.bin", words))
    same(m.part.options.level(), 1)
    m.run("dfu-util", "-a", 0, "-s", f"{BASE:#x}:512", "-U",
          folder / "secret.bin", status=74)
    m.run("dfu-util", "-a", 0, "-s", f"{BASE:#x}:unprotect:force", "-D",
          "/dev/null", status=None)
    same((m.part.options.level(), set(m.part.flash)), (0, {0xFF}))


@case
def sfi_program(folder):
    for kind in ("usb", "spi"):
        m = Machine(folder, kind)
        data = os.urandom(5120)
        at = 9 * SECTOR - 2048
        m.ours("-w", m.written("fw.bin", data), hex(BASE + at), "-v")
        m.holds(at, data)
        m.ours("-r", hex(BASE + at), 5120, folder / f"{kind}.bin")
        same((folder / f"{kind}.bin").read_bytes(), data)
        m.ours("-e", 8)
        m.holds(at, b"\xff" * 2048 + data[2048:])
        m.ours("-e", "all")
        same(set(m.part.flash), {0xFF})


@case
def program_starts(folder):
    m = Machine(folder)
    table = (0x20010000).to_bytes(4, "little") + \
        (BASE + 0x201).to_bytes(4, "little") + bytes(24)
    m.run("dfu-util", "-a", 0, "-s", f"{BASE:#x}:leave", "-D",
          m.written("fw.bin", table))
    same((m.part.jumped_to, m.part.mode), (BASE, "app"))
    for kind in ("usb", "spi"):
        m = Machine(folder, kind)
        m.ours("-w", m.written("fw.bin", table), hex(BASE), "-g", hex(BASE))
        same((m.part.jumped_to, m.part.mode), (BASE, "app"))


if __name__ == "__main__":
    if shutil.which("dfu-util") is None:
        print("SKIP: dfu-util is not installed")
        sys.exit(SKIP if os.environ.get("SFI_ALLOW_SKIP") == "1" else 1)
    main()
