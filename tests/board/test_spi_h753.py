#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later
# Copyright The libsfi authors
"""sfi-program installs a firmware into an H753 over SPI: a spidev of umockdev,
behind which the bootloader's binary runs on a board.  The host calls while the
part still erases what it held before.

    test_spi_h753.py SFI_BOARD BOOTLOADER.elf PROGRAMS
"""

import os
import sys

from board import Board, N
import h753

CONTENT = bytes((i * i // 3 + 5 * i + 1) & 0xff for i in range(900))


def main(program, bootloader, programs):
    program, bootloader = map(os.path.abspath, (program, bootloader))
    with h753.Kit(programs) as kit:
        kit.make(content=CONTENT, board=("--board", bootloader))
        said = kit.run("sfi-sim", "wrap", "--state", "chip", "--emulator",
                       program, "--spi", "--", kit.programs / "sfi-program",
                       "-c", "port=spidev0.0", *h753.INSTALL)
        assert "SFI Process Finished" in said, said
        assert "RECEIPT: the chip has signed" in said, said
        with Board(program, "stm32h753xi", kit.folder / "chip/board.bin") as b:
            b.power()
            b.run(5.0)
            assert b.state().at == N.AT_FIRMWARE, b.state()
            assert b.word(0x20001000) == 0x600d
            assert b.peek(h753.USER, len(kit.code)) == kit.code


if __name__ == "__main__":
    main(*sys.argv[1:])
