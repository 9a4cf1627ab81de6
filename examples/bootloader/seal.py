#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later
# Copyright The libsfi authors
"""Write length and CRC-32 of a bootloader into its section .seal.

    seal.py COMPILER IN.elf OUT.elf
"""

import pathlib
import subprocess
import sys
import tempfile
import zlib

SECTIONS = ["-j", ".text", "-j", ".data"]


def main(args):
    if len(args) != 3:
        sys.exit(__doc__)
    objcopy = args[0].removesuffix("gcc") + "objcopy"
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        image, seal = folder / "image", folder / "seal"
        subprocess.run([objcopy, "-O", "binary", *SECTIONS, args[1], image],
                       check=True)
        content = image.read_bytes()
        seal.write_bytes(len(content).to_bytes(4, "little") +
                         zlib.crc32(content).to_bytes(4, "little"))
        subprocess.run([objcopy, "--update-section", f".seal={seal}", args[1],
                        args[2]], check=True)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
