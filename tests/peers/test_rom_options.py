# SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later
# Copyright The libsfi authors
"""Option bytes, readout protection and look-alikes of an independent model of ST's
bootloaders (rom/), on each link.

    test_rom_options.py ROM_HOST
"""

import os
import pathlib
import sys

sys.dont_write_bytecode = True
sys.path.insert(0, str(pathlib.Path(os.environ["SFI_TEST_SOURCE"]) /
                       "tests" / "programs"))
from check import case, main, same  # noqa: E402
from rom.hosting import (  # noqa: E402
    BASE, PARTS, bad, bench, good)

# ---- option bytes ----

# ---- refusals ----

@case
def readout_protection(folder):
    """AN3155: one NACK or two; the command or its address; AN3156: errVENDOR."""
    for name, link in PARTS:
        for refuses, nacks in (("command", 1), ("command", 2), ("address", 1),
                               ("address", 2)):
            b = bench(link, name, refuses=refuses, nacks=nacks)
            b.part.options.set_rdp(0x55)
            b.part.flash[:8] = bytes(8)
            if refuses == "command":
                bad(b, "SFI_ERR_PROTECTED", "read", BASE, 64)
            else:
                assert b.run("read", BASE, 64).status in (
                    "SFI_ERR_PROTECTED", "SFI_ERR_NACK")
            same(bytes(b.part.flash[:8]), bytes(8))


def unprotect(ack):
    for name, link in PARTS:
        for reset_line in (True, False):
            b = bench(link, name, unprotect_ack=ack, pace=1,
                      reset_line=reset_line)
            b.part.options.set_rdp(0x55)
            b.part.flash[:8] = bytes(8)
            good(b, "unprotect", notes=False)
            same((b.part.options.level(), set(b.part.flash)), (0, {0xFF}))


@case
def readout_unprotect(folder):
    """AN3155, 3.12: the second ACK comes after the erase."""
    unprotect("after")


@case
def no_memory_there(folder):
    """The address is refused: that is no readout protection."""
    for name, link in PARTS:
        done = bad(bench(link, name), "SFI_ERR_NACK", "read", 0x30000000, 16)
        assert "erase" not in done.message, done
        assert "protect" not in done.message, done


# ---- which part it is ----


if __name__ == "__main__":
    main()
