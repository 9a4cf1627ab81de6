# SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later
# Copyright The libsfi authors
"""sfi-program and the open bootloader: write, verify, read, erase, option
bytes, readout protection, go, and why a chip refuses; on the link and with the
model that model.py takes from the environment."""

import contextlib
import json
import sys

from check import DATA, about, case, fields, main, run, same
from model import LINK, PROGRAM, case_of_sim, connected

BASE, SECTOR = 0x08000000, 128 << 10
PROBE = LINK == "probe"  # no bootloader: memory and registers


@contextlib.contextmanager
def chip(folder, name="stm32h753xi"):
    with connected(folder, name) as link:
        yield link, link.flash


def on(link, *words):
    return link.on(*words)


def refused(link, status, line, *words):
    link.refused(status, line, *words)


def told(link, *words):
    return json.loads(on(link, *words, "--json"))


@case
def write_and_read(folder):
    with chip(folder) as (link, flash):
        image = DATA / "blink-stm32h753xi.elf"
        out = on(link, "-w", image, "-v", "-r", hex(BASE), 4096,
                 folder / "back")
        same("BootLoader version: " in out, not PROBE)
        assert "Download verified successfully" in out, out
        same((folder / "back").read_bytes(), flash.read_bytes()[:4096])
        for part in DATA.glob("blink-stm32h753xi-0x*.bin"):
            at = int(part.stem.split("-")[-1], 16) - BASE
            data = part.read_bytes()
            same(flash.read_bytes()[at:at + len(data)], data, part.name)
        # odd addresses and lengths in one unit; the sector is erased first
        data = bytes(range(1, 100))
        (folder / "odd.bin").write_bytes(data)
        done = told(link, "-w", folder / "odd.bin", hex(BASE + 5), "-v")
        same((done["bytes_written"], done["verified"],
              done["sectors_erased"]), (99, True, 1))
        now = flash.read_bytes()
        same(now[:5] + now[104:160], b"\xff" * 61)
        same(now[5:104], data)
        # only what is for the flash
        (folder / "two.s19").write_text(
            "S30608000005717B\nS306240050031171\nS9030000FC\n", "ascii")
        out = on(link, "-w", folder / "two.s19", "--only-flash", "-v")
        assert f"Left out of {folder}/two.s19 : 0x24005003 to 0x24005003, " \
            "1 byte, AXI SRAM\n" in out, out
        same(flash.read_bytes()[:8], b"\xff" * 5 + b"q\xff\xff")
        # RAM: the bytes around it stay
        on(link, "-w", folder / "odd.bin", "0x24005003", "-v", "-r",
           "0x24005000", 112, folder / "ram")
        same((folder / "ram").read_bytes(), bytes(3) + data + bytes(10))
        # a file at FOPTSR_PRG that sets RDP level 2: refused, not memory
        before = on(link, "-ob", "displ")
        (folder / "cc.bin").write_bytes(bytes.fromhex("f0cac61b00000000"))
        refused(link, 2, about("sfi-program", "8 bytes", "0x52002020",
                               "option bytes", "0x5200201c", "name"),
                "-w", folder / "cc.bin", "0x52002020")
        same(on(link, "-ob", "displ"), before)


@case
def erase(folder):
    with chip(folder) as (link, flash):
        (folder / "fw.bin").write_bytes(bytes(range(256)) * 8)
        for sector in (0, 1, 3, 4, 5):
            on(link, "-w", folder / "fw.bin", hex(BASE + sector * SECTOR))
        for words, count, left in ((["0", "2-3"], 3, [1, 4, 5]),
                                   (["[3", "4]"], 2, [1, 5]),
                                   (["[4 5]", "0"], 3, [1])):
            same(told(link, "-e", *words)["sectors_erased"], count)
            now = flash.read_bytes()
            same([s for s in range(16) if now[s * SECTOR + 1] != 0xff], left)
        refused(link, 2, about("sfi-program", "sector 16", "0 to 15"), "-e",
                16)
        on(link, "-e", "all")
        same(set(flash.read_bytes()), {0xff})


@case
def option_bytes(folder):
    with chip(folder) as (link, _):
        out = on(link, "-ob", "displ")
        assert ("RDP              : 0xaa     readout protection: level 0: no "
                "protection\n") in out, out
        on(link, "-ob", "BOR_LEV=3", "nWRP2=0", "BOOT_CM7_ADD0=0x0810")
        shown = fields(told(link, "-ob", "displ"))
        same([shown[name] for name in ("RDP", "BOR_LEV", "nWRP2", "nWRP3",
                                        "BOOT_CM7_ADD0")],
             [0xaa, 3, 0, 1, 0x0810])
        refused(link, 2, about("sfi-program", '"BORLEV"', '"BOR_LEV"'), "-ob",
                "BORLEV=1")
        refused(link, 2, about("sfi-program", "nWRP2", "0x2", "0x1"), "-ob",
                "nWRP2=2")
        (folder / "fw.bin").write_bytes(bytes(range(64)))
        refused(link, 5, about(f"sfi-program: {link}", "sector 2 (0x08040000)",
                               "write-protected", "FWPSN_PRG_A"), "-w",
                folder / "fw.bin", hex(BASE + 2 * SECTOR))
        # irreversible changes need a confirmation
        unasked = about("sfi-program", "no terminal to ask")
        refused(link, 7, unasked, "-ob", "RDP=0xCC")
        refused(link, 7, unasked, "-ob", "SECURITY=1")
        unstated = about("sfi-program", "irreversible", "--yes with --json")
        refused(link, 7, unstated, "-ob", "SECURITY=1", "--json")
        same(fields(told(link, "-ob", "displ"))["RDP"], 0xaa)


@case_of_sim
def security(folder):
    with chip(folder) as (link, _):
        on(link, "-ob", "SECURITY=1", "--yes")
        refused(link, 1, about("sfi-program", "secure bootloader", "memory"),
                "-ob", "displ")


@case
def readout_protection(folder):
    with chip(folder) as (link, flash):
        (folder / "fw.bin").write_bytes(bytes(range(64)))
        on(link, "-w", folder / "fw.bin", hex(BASE), "-v", "-ob", "RDP=0xBB")
        for words in (["-r", hex(BASE), 64, folder / "back"], ["-e", "all"],
                      ["-w", folder / "fw.bin", hex(BASE)],
                      *([] if PROBE else [["-ob", "displ"]])):
            refused(link, 5, about(f"sfi-program: {link}",
                                   "readout protection is on"), *words)
        assert not (folder / "back").exists()
        same(flash.read_bytes()[:64], bytes(range(64)))
        on(link, "-rdu")
        same(set(flash.read_bytes()), {0xff})
        on(link, "-rdu")  # nothing to do


def files_of(state):
    return {path.name: path.read_bytes() for path in state.iterdir()
            if path.is_file()}


@case
def look(folder):
    """A port alone says what is there, and changes nothing."""
    with chip(folder) as (link, flash):
        before = files_of(flash.parent)
        out = on(link)
        for line in ("  Part               : stm32h753xi",
                     "  State              : open, empty",
                     "  Readout protection : level 0"):
            assert line in out.splitlines(), out
        seen = told(link)
        same((seen["chip"], seen["chip_id"], seen["state"], seen["security"],
              seen["flash_size"], "revision" in seen),
             ("stm32h753xi", 0x450, "open, empty", 0, 2 << 20, PROBE))
        same(files_of(flash.parent), before)
        on(link, "-w", DATA / "blink-stm32h753xi.elf", "-ob", "RDP=0xAA")
        seen = told(link)
        same((seen["state"], seen["entry"] & ~1 > BASE), ("open, has a program",
                                                          True))
        on(link, "-ob", "RDP=0xBB")
        before = files_of(flash.parent)
        seen = told(link)
        same((seen["state"], seen["readout_protection"]),
             ("open", "level 1"))
        assert "Readout protection : level 1" in on(link)
        same(files_of(flash.parent), before)


@case
def go(folder):
    with chip(folder) as (link, _):
        if PROBE:
            refused(link, 2, about("sfi-program", "no program", "0x08000000",
                                   "stack", "0xffffffff", "code", "0xffffffff",
                                   "vector table"), "-g")
        else:
            refused(link, 5, about(f"sfi-program: {link}", "refused 1 bytes",
                                   "0x40000000", "flash", "RAM"),
                    "-g", "0x40000000")
        out = on(link, "-w", DATA / "blink-stm32h753xi.elf", "-g")
        assert "Running from 0x08000000" in out, out


@case
def reset_and_halt(folder):
    """-rst, -hardRst and -halt, each seen by the next program."""
    with chip(folder) as (link, _):
        if not PROBE:
            for word in ("-rst", "-halt"):
                refused(link, 1, about("sfi-program", "debug port"), word)
            refused(link, 1, about("sfi-program", "reset"), "-hardRst")
            return
        elf = DATA / "blink-stm32h753xi.elf"
        on(link, "-w", elf)
        program = f"{PROGRAM} -c port=swd ap=0"
        vtor, dhcsr = "-r32 0xe000ed08 4", "-r32 0xe000edf0 4"
        done = run(*link.before, "sh", "-ec", f"""
            {program} -g
            {program}
            {program} -halt
            {program} {dhcsr}
            {program} -rst {vtor} {dhcsr}
            {program} -g 0x08000000
            {program} -hardRst {vtor}""")
        same(done.returncode, 0, done.stdout + done.stderr)
        lines = done.stdout.splitlines()
        assert "  State              : open, application running" in lines, lines
        same([line for line in lines if line.startswith("0xe000")],
             ["0xe000edf0 : 00030003",  # C_HALT, S_HALT
              "0xe000ed08 : 1FF00000",
              "0xe000edf0 : 01010000",  # it runs
              "0xe000ed08 : 1FF00000"])


@case
def files(folder):
    with chip(folder) as (link, _):
        refused(link, 7, about(f"sfi-program: {folder}/none.hex", "read"),
                "-w", folder / "none.hex")
        (folder / "db").write_bytes(b"SQLite format 3\0 and more")
        refused(link, 4, about(f"sfi-program: {folder}/db", "overwrite",
                               "vault"), "-r", hex(BASE), 4, folder / "db")
        refused(link, 7, about(f"sfi-program: {folder}/no/back", "write"),
                "-r", hex(BASE), 4, folder / "no" / "back")
        elf = DATA / "blink-stm32h753xi.elf"
        refused(link, 64, about(f"sfi-program: {elf}", "addresses", hex(BASE)),
                "-w", elf, hex(BASE))
        (folder / "far.bin").write_bytes(bytes(8))
        who = "chip" if PROBE else "bootloader"
        refused(link, 5, about(f"sfi-program: {link}", who, "refused"), "-w",
                folder / "far.bin", "0x30000000")


if __name__ == "__main__":
    sys.dont_write_bytecode = True
    main()
