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
    BASE, FRAMES, H7_SECTOR, LINKS, PARTS, RULES, bad,
    bench, blob, good)

# ---- option bytes ----

@case
def option_bytes_of_an_l4(folder):
    """AN3155, 3.6; stm32-mw-openbl; ST community 308083: whatever the part makes
    of a write, the option bytes are those that were asked for."""
    for rule in RULES:
        for link in FRAMES:
            b = bench(link, "l462", options=rule, reset_line=True)
            good(b, "set", "WRP1A_STRT=0xcc")
            same([f"{v:08x}" for v in b.part.options.rows],
                 ["ffeff8aa", "ffffffff", "0fff0000", "ff00ffcc", "ff00ffff"],
                 f"{rule} {link}")


@case
def option_bytes_of_an_h7(folder):
    for rule in RULES:
        for link in LINKS:
            for length in ((128, 88) if link == "dfu" else (308,)):
                b = bench(link, options=rule, reset_line=True,
                          options_len=length)
                before = dict(b.part.options.now)
                good(b, "set", "BOOT_CM7_ADD0=0x0810")
                before[0x24] = 0x1FF00810
                same(b.part.options.now, before, f"{rule} {link} {length}")


@case
def option_bytes_that_cannot_be_read(folder):
    """No proof of readout protection, and no advice to take it off."""
    for link in LINKS:
        b = bench(link, options_read=False)
        done = b.run("options")
        assert done.status not in ("SFI_OK", "SFI_ERR_PROTECTED"), done
        assert "erase" not in done.message, done


@case
def security_of_an_h753(folder):
    """AN3155, 3.6, and AN5054: BOOT0 low afterwards, where a line is named."""
    for rule in RULES:
        for link in LINKS:
            b = bench(link, options=rule, reset_line=True, options_len=128)
            before = dict(b.part.options.now)
            b.run("security")
            before[0] |= 1 << 21
            same(b.part.options.now, before, f"{rule} {link}")
            same((b.part.mode, b.part.boot0), ("secure", False), link)


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


@case
def readout_protection_is_told_soon(folder):
    for name, link in PARTS:
        b = bench(link, name)
        b.part.options.set_rdp(0x55)
        done = bad(b, "SFI_ERR_PROTECTED", "read", BASE, 64)
        assert done.seconds < 3, (link, name, done)


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
def readout_unprotect_with_an_early_ack(folder):
    """stm32-mw-openbl: before it."""
    unprotect("before")


@case
def no_memory_there(folder):
    """The address is refused: that is no readout protection."""
    for name, link in PARTS:
        done = bad(bench(link, name), "SFI_ERR_NACK", "read", 0x30000000, 16)
        assert "erase" not in done.message, done
        assert "protect" not in done.message, done


# ---- which part it is ----

@case
def part_without_security(folder):
    """An H743 has the H753's DEV_ID, and SECURITY reads 0."""
    for name in ("h743", "h743xg"):
        for link in LINKS:
            b = bench(link, name, options_len=128)
            done = b.run("security")
            assert done.status == "SFI_ERR_DEVICE", (link, done)
            assert done.seconds < 10, (link, done)


@case
def smaller_parts(folder):
    """Flash size at 0x1ff1e880; sectors that the part does not have."""
    for name, there, missing in (("h743xg", 11, 4), ("h743xg", 3, 12),
                                 ("h750", 0, 1)):
        for link in LINKS:
            data = blob(folder, 1024)
            good(bench(link, name), "erase", there, "write",
                 BASE + there * H7_SECTOR, data)
            b = bench(link, name)
            same(b.run("erase", missing).status, "SFI_ERR_RANGE", link)
            b = bench(link, name)
            assert b.run("write", BASE + missing * H7_SECTOR,
                         data).status != "SFI_OK"
            good(bench(link, name), "erase", "all")


if __name__ == "__main__":
    main()
