#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later
# Copyright The libsfi authors
"""doc/first-board.md: each command of it exists and is understood; those that
need no real part work, on an emulated one and on a virtual one.

    test_first_board.py TREE BUILD IMAGES
"""

import pathlib
import re
import shutil
import struct
import sys
import tempfile
import unittest
import zlib

from test_first import Shell

USAGE, LINK = 64, 4
NAMES = ("sfi-program", "sfi-create", "sfi-hsm", "sfi-sim", "dd", "sed",
         "arm-none-eabi-size")
tree = build = images = None


def section(page, title):
    return page.split(f"\n## {title}\n", 1)[1].split("\n## ", 1)[0]


def commands(text):
    """In backticks, and in indented lines."""
    for found in re.findall(r"`([^`]+)`|^    (.+)$", text, re.M):
        line = found[0] or found[1]
        if line.split()[0] in NAMES:
            yield line


def answered(line):
    """With what a person would type when asked."""
    if line.startswith("sfi-hsm"):
        return line + " --pin-file pin --yes"
    if " -sfi " in line and line.startswith("sfi-program"):
        return line + " --pin-file pin"
    return line


class FirstBoard(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory(prefix="sfi-first-")
        self.addCleanup(folder.cleanup)
        self.shell = Shell(folder.name, tree, build, "")
        self.addCleanup(self.shell.stop)
        self.page = (pathlib.Path(tree) / "doc/first-board.md").read_text(
            "utf-8")
        for name in "secure-boot.elf", "bootloader.elf":
            shutil.copy(pathlib.Path(images) / name, self.shell.folder)
        pin = self.shell.folder / "pin"
        pin.write_text("correct-horse-battery\n")
        pin.chmod(0o600)

    def run_line(self, line, status=0):
        done = self.shell.run(answered(line))
        self.assertEqual(done.returncode, status, f"{line}\n{done.stdout}")
        return done.stdout

    def prepare(self):
        """All but what needs a part."""
        for line in commands(section(self.page, "Steps")):
            if not line.startswith("sfi-program"):
                self.run_line(line)

    def install(self):
        return next(line for line in commands(self.page)
                    if line.startswith("sfi-program") and " -sfi " in line)

    def test_words(self):
        """Without a part each command ends for the missing port, or a missing
        file: never for its words."""
        count = 0
        for line in commands(self.page):
            done = self.shell.run(answered(line))
            self.assertNotEqual(done.returncode, USAGE,
                                f"{line}\n{done.stdout}")
            count += 1
        self.assertGreater(count, 15)
        known = self.run_line("sfi-program --help")
        for word in re.findall(r"`(--?[a-zA-Z]+)[^`]*`", self.page):
            self.assertRegex(known, rf"(?m)(^|[\s\[|,]){word}\b", word)

    def test_data_page(self):
        """What step 5 cuts out is the head of a data page, with its seal."""
        self.prepare()
        page = (self.shell.folder / "page.bin").read_bytes()
        self.assertEqual(len(page), 256)
        self.assertEqual(struct.unpack_from("<2I", page), (1, 1))
        self.assertEqual(struct.unpack_from("<I", page, 200)[0],
                         zlib.crc32(page[:200]))
        self.assertEqual(page[224:256], 2 * b"SFI data page 1\0")
        flash = (self.shell.folder / "part/board.bin").read_bytes()[8192:]
        self.assertEqual(page, flash[0x7f800:0x7f900])
        self.assertEqual(flash[0x7f900:0x80000].strip(b"\xff"), b"")

    def test_install(self):
        """Steps 9, 11 and 12 on the emulated part."""
        self.prepare()
        ask = "sfi-program -c port=P"
        self.assertIn(f"`{ask}`", self.page)
        self.run_line("sfi-sim run --state part --usart P --background")
        self.assertIn("secure, empty", self.run_line(ask))
        self.assertIn("RECEIPT", self.run_line(self.install()))
        self.run_line("until sfi-sim ctl part state | grep runs=application; "
                      "do sleep 0.2; done")
        self.run_line(ask, LINK)

    def test_back(self):
        """The last commands, on a virtual part that step 11 was done on."""
        self.prepare()
        self.run_line("sfi-sim manufacture --ca ca --chip stm32l462ce "
                      "--state virtual")
        self.run_line("sfi-sim run --state virtual --usart P --background")
        self.run_line(self.install())
        self.run_line("sfi-sim ctl virtual boot0 1; "
                      "until sfi-sim ctl virtual state | grep runs=bootloader;"
                      " do sfi-sim ctl virtual reset; sleep 0.2; done")
        for line in commands(section(self.page, "Back to an empty part")):
            self.run_line(line)
        shown = self.run_line("sfi-program -c port=P -ob displ")
        self.assertRegex(shown, r"RDP +: 0xaa")
        self.assertRegex(shown, r"WRP1A_STRT +: 0xff")


if __name__ == "__main__":
    if len(sys.argv) < 4:
        sys.exit(__doc__)
    tree, build, images = sys.argv[1:4]
    unittest.main(argv=sys.argv[:1] + sys.argv[4:])
