# SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later
# Copyright The libsfi authors
"""The plain operations that the tests of the virtual chips have (unit/target,
sim/test_install_spi.c and _dfu.c), with an independent model of ST's bootloaders
(rom/), on each link.

    test_rom_plain.py ROM_HOST
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
    bench, blob, good, table)

RAM = {"h753": 0x24034000, "l462": 0x20010000}
PAGE = 2 << 10
NOWHERE = 0x40000000


def says(done, *facts):
    for fact in facts:
        assert fact in done.message, (fact, done)


# ---- memory ----

@case
def memory(folder):
    """Any address and length is read; RAM is written in eights."""
    for name, link in PARTS:
        data = blob(folder, 1000).read_bytes()
        b = bench(link, name)
        done = good(b, "write", RAM[name], blob(folder, 1000), "read",
                    RAM[name], 1000, "read", RAM[name] + 1, 3)
        same([bytes.fromhex(t) for t in done.told], [data, data[1:4]], link)
        good(b, "write", BASE, blob(folder, 4096), "read", BASE + 255, 1, "read",
             BASE + 4095, 1)


@case
def large(folder):
    size = 1000 << 10
    b = bench("dfu")
    done = good(b, "write", BASE, blob(folder, size), "read", BASE, size)
    same(bytes.fromhex(done.told[0]), blob(folder, size).read_bytes())


@case
def hosts_in_a_row(folder):
    """The next one finds a bootloader that was used before."""
    for name, link in PARTS:
        b = bench(link, name)
        for size in (32, 64):
            at = BASE + size * 64
            good(b, "info", "write", at, blob(folder, size), "read", at, size)
            if link == "dfu":
                b.front.attach()


@case
def refusals(folder):
    """Whoever refuses, the host or the part: nothing was changed."""
    for name, link in PARTS:
        unit = {"h753": 32, "l462": 8}[name]
        for status, facts, words in (
                ("SFI_ERR_CHIP_RULE", [str(unit)],
                 ["write", BASE + unit // 2, blob(folder, unit)]),
                ("SFI_ERR_NACK", ["4 bytes", hex(NOWHERE)],
                 ["read", NOWHERE, 4]),
                ("SFI_ERR_NACK", ["8 bytes", "0x30000000"],
                 ["write", 0x30000000, blob(folder, 8)]),
                ("SFI_ERR_NACK", ["0x20000000"],
                 ["write", 0x20000000, blob(folder, 8)]),
                ("SFI_ERR_NACK", [hex(NOWHERE)], ["go", NOWHERE])):
            b = bench(link, name)
            before = bytes(b.part.flash)
            done = bad(b, status, *words)
            says(done, *facts)
            same((bytes(b.part.flash), b.part.mode, b.part.options.level()),
                 (before, "rom", 0), link)
            if link != "dfu" or b.front.attached:
                good(b, "read", BASE, 4)


@case
def go_into_system_memory(folder):
    """AN3155, 3.5: flash and RAM alone."""
    for link in FRAMES:
        b = bench(link)
        says(bad(b, "SFI_ERR_NACK", "go", 0x1FF00000), "0x1ff00000")
        same((b.part.jumped_to, b.part.mode), (None, "rom"), link)


@case
def option_bytes_as_memory(folder):
    """They are read as memory is; a file that covers them is refused."""
    for link in LINKS:
        b = bench(link, options_len=128)
        done = good(b, "read", 0x5200201C, 8, "read", BASE, 4)
        same(bytes.fromhex(done.told[0]),
             b.part.options.area()[:8], link)
        before = b.part.options.area()
        for at, size in ((0x52002020, 8), (0x52002018, 8), (0x52002010, 64),
                         (0x52002098, 8)):
            b = bench(link, options_len=128)
            says(bad(b, "SFI_ERR_CHIP_RULE", "write", at, blob(folder, size)),
                 "option bytes", "name")
            same(b.part.options.area(), before, link)


@case
def silence_after_go(folder):
    for name, link in PARTS:
        b = bench(link, name)
        good(b, "write", RAM[name], table(folder, 0x20010000), "go", RAM[name])
        same((b.part.jumped_to, b.part.mode), (RAM[name], "app"), link)
        done = b.run("read", BASE, 4)
        same(done.status, "SFI_ERR_TIMEOUT", link)


# ---- erase ----

@case
def erase_of_some_sectors(folder):
    for link in LINKS:
        b = bench(link)
        b.part.flash[::H7_SECTOR] = bytes(16)
        good(b, "erase", "15,0,3")
        same([s for s in range(16) if b.part.flash[s * H7_SECTOR] == 0xFF],
             [0, 3, 15], link)
        before = bytes(b.part.flash)
        says(bad(b, "SFI_ERR_RANGE", "erase", "4,16"), "16", "0 to 15")
        same(bytes(b.part.flash), before, link)


@case
def erase_of_many_pages(folder):
    """In as many commands as they take."""
    for link in FRAMES:
        for first, count in ((2, 100), (0, 256)):
            b = bench(link, "l462")
            b.part.flash[::PAGE] = bytes(256)
            good(b, "erase", ",".join(str(first + i) for i in range(count)))
            same([p for p in range(256) if b.part.flash[p * PAGE] == 0xFF],
                 list(range(first, first + count)), link)
        says(bad(b, "SFI_ERR_RANGE", "erase", 256), "256", "0 to 255")


# ---- option bytes ----

@case
def several_options_at_once(folder):
    """In one write, which is not made when nothing changes."""
    for link in LINKS:
        b = bench(link, options_len=128, reset_line=True)
        writes, program = [], b.part.options.program

        def count(*words, **how):
            writes.append(words)
            program(*words, **how)

        b.part.options.program = count
        good(b, "set", "RDP=0xaa,BOR_LEV=0")
        same(len(writes), 0, link)
        done = good(b, "set", "BOR_LEV=2,BOOT_CM7_ADD0=0x0810", "options")
        same(len(writes), 1, link)
        now = b.part.options.now
        same((now[0], now[0x24]), (0x1BC6AAF8, 0x1FF00810), link)
        assert "FOPTSR_PRG=0x1bc6aaf8" in done.told[0], done
        good(b, "set", "IWDG1_SW=0,BOOT_CM7_ADD1=0x1ff1")
        same((now[0] & 0x18, b.part.options.now[0x24]), (0x18, 0x1FF10810), link)


@case
def values_of_level_2(folder):
    """0xcc, which in the place of RDP is for ever."""
    for rule in RULES:
        for name, link, words, row in (
                *(("h753", link, "BOOT_CM7_ADD0=0xcccc", 0x24)
                  for link in LINKS),
                *(("h753", link, "BOR_LEV=3", 0) for link in LINKS),
                *(("l462", link, "WRP1B_END=0xcc", 4) for link in FRAMES),
                *(("l462", link, "BOR_LEV=4", 0) for link in FRAMES)):
            changes = {"options_len": 128} if name == "h753" else {}
            b = bench(link, name, options=rule, reset_line=True, **changes)
            before = dict(b.part.options.dump()) if name == "h753" else \
                dict(enumerate(b.part.options.dump()))
            good(b, "set", words)
            now = dict(b.part.options.dump()) if name == "h753" else \
                dict(enumerate(b.part.options.dump()))
            same(b.part.options.level(), 0, f"{rule} {link} {words}")
            same([r for r in now if now[r] != before[r]], [row],
                 f"{rule} {link} {words}")


@case
def options_out_of_reach(folder):
    """One request reaches 256 bytes, or what the name of the memory says."""
    for link in LINKS:
        b = bench(link, options_len=128 if link == "dfu" else 0)
        before = b.part.options.area()
        says(bad(b, "SFI_ERR_UNSUPPORTED", "set", "nWRP12=0"), "FWPSN_PRG_B")
        same(b.part.options.area(), before, link)


@case
def bootloader_that_starts_no_more(folder):
    """RM0394: nSWBOOT0 clear, nBOOT0 set."""
    for link in FRAMES:
        b = bench(link, "l462")
        done = b.run("set", "nSWBOOT0=0")
        same((done.status, b.part.mode), ("SFI_ERR_TIMEOUT", "app"), link)
        says(done, "power-cycle the chip")


# ---- protection ----

@case
def write_protection(folder):
    """AN3155: the part reports no error, so the host looks first."""
    for link in LINKS:
        data = blob(folder, 64)
        b = bench(link, options_len=128, reset_line=True)
        b.part.flash[2 * H7_SECTOR] = 0
        good(b, "set", "nWRP3=0")
        for words in (["erase", "2,3"], ["erase", "all"],
                      ["write", BASE + 3 * H7_SECTOR, data]):
            says(bad(b, "SFI_ERR_PROTECTED", *words), "sector 3", "0x08060000")
        same(b.part.flash[2 * H7_SECTOR], 0, link)
        good(b, "set", "nWRP3=1", "erase", "2,3", "write",
             BASE + 3 * H7_SECTOR, data)
        same(b.part.flash[2 * H7_SECTOR], 0xFF, link)


@case
def write_protection_of_an_l4(folder):
    for link in FRAMES:
        b = bench(link, "l462", reset_line=True)
        b.part.flash[2 * PAGE] = 0
        good(b, "set", "WRP1B_STRT=16,WRP1B_END=20")
        says(bad(b, "SFI_ERR_PROTECTED", "erase", "2,17"), "17", "WRP1BR")
        same(b.part.flash[2 * PAGE], 0, link)
        good(b, "erase", "2,15,21")
        same(b.part.flash[2 * PAGE], 0xFF, link)


@case
def readout_protection_of_each_operation(folder):
    """Set by the host, named by each refusal, and removed with the content."""
    for name, link in PARTS:
        b = bench(link, name, reset_line=True)
        b.part.flash[:8] = bytes(8)
        good(b, "set", "RDP=0xbb")
        for words in (["read", BASE, 64], ["write", BASE, blob(folder, 64)],
                      ["erase", 0], ["erase", "all"], ["go", BASE],
                      ["options"]):
            says(bad(b, "SFI_ERR_PROTECTED", *words), "readout protection",
                 "erases")
        same((bytes(b.part.flash[:8]), b.part.mode), (bytes(8), "rom"), link)
        good(b, "unprotect", "read", BASE, 8, "options", notes=False)
        same((b.part.options.level(), set(b.part.flash)), (0, {0xFF}), link)
        # not protected: nothing is erased
        good(b, "write", BASE, blob(folder, 64), "unprotect", notes=False)
        same(bytes(b.part.flash[:64]), blob(folder, 64).read_bytes(), link)


@case
def level_2_is_permanent(folder):
    """Set by that very request (the model notes it), and never removed."""
    for link in LINKS:
        b = bench(link, options_len=128)
        b.part.flash[:8] = bytes(8)
        good(b, "set", "RDP=0xcc", notes=False)
        same(b.part.notes, ["RDP level 2"], link)
        says(bad(b, "SFI_ERR_PROTECTED", "unprotect"), "permanent")
        same((b.part.options.level(), bytes(b.part.flash[:8])), (2, bytes(8)),
             link)


if __name__ == "__main__":
    main()
