# SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later
# Copyright The libsfi authors
"""The independent model of ST's bootloader (rom/) on a pty: stm32flash and
sfi-program do the same things with it, and nothing that a host should not do."""

import contextlib
import dataclasses
import os
import pathlib
import shutil
import sys

sys.dont_write_bytecode = True
sys.path.insert(0, str(pathlib.Path(os.environ["SFI_TEST_SOURCE"]) /
                       "tests" / "programs"))
from check import DATA, PROGRAMS, case, main, run, same  # noqa: E402
from rom.line import Pty  # noqa: E402
from rom.part import Part  # noqa: E402
from rom.quirks import H7_QUIRKS  # noqa: E402
from rom.usart import Usart  # noqa: E402

SKIP = 77  # meson's
BASE = 0x08000000
SECTOR = {"h753": 128 << 10, "l462": 2 << 10}


@contextlib.contextmanager
def board(folder, name="h753", **words):
    """A part with power, in its bootloader."""
    part = Part(name, **words)
    with Pty(Usart(part), folder / "tty") as line:
        line.do(part.power_on)
        line.wait_for("rom")
        yield line, part
        same(part.notes, [])


def ours(line, *words, status=0):
    done = run(PROGRAMS / "sfi-program", "-c", f"port={line.link}", *words)
    same(done.returncode, status, f"{words}: {done.stdout}{done.stderr}")
    return done.stdout + done.stderr


@case
def look(folder):
    """A port alone: parts that share a DEV_ID tell their flash."""
    for name, kib, other in (("h753", 2048, ""), ("h743xg", 1024, "another"),
                             ("h750", 128, "another"), ("l462", 512, ""),
                             ("l452xc", 256, "another")):
        with board(folder, name, version="V9.2") as (line, part):
            before = bytes(part.flash), vars(part.options).copy(), part.resets
            out = ours(line)
            flash, = [row for row in out.splitlines() if "  Flash " in row]
            assert f": {kib} KiB at" in flash and other in flash, flash
            assert "another" in flash or not other, flash
            lines = out.splitlines()
            assert "  Bootloader         : V9.2" in lines, out
            assert "  State              : open, empty" in lines, out
            assert "  Readout protection : level 0" in lines, out
            same((bytes(part.flash), vars(part.options), part.resets), before)
            if name == "h750":
                done = ours(line, "-blankcheck", "-checksum")
                assert "131072 bytes" in done, done


def theirs(line, *words, status=0):
    done = run("stm32flash", "-m", "8n1", "-b", "115200", *words, line.link)
    same(done.returncode, status, f"{words}: {done.stdout}{done.stderr}")
    return done.stdout


@case
def identify(folder):
    for name, dev_id in (("h753", "0x450"), ("l462", "0x462")):
        with board(folder, name) as (line, _):
            out = theirs(line)
            assert "0x31" in out and dev_id.replace("x", "x0") in out, out
            out = ours(line, "-r", hex(BASE), 16, folder / f"{name}.bin")
            assert f"Chip ID: {dev_id}, BootLoader version: 3.1" in out, out


@case
def write_and_read(folder):
    """Each reads what the other wrote; sectors that it does not use stay."""
    for name in ("h753", "l462"):
        with board(folder, name) as (line, part):
            data = os.urandom(3072)
            (folder / "fw.bin").write_bytes(data)
            at = SECTOR[name] - 1024  # the end of one, the begin of another
            for write in (theirs, ours):
                where = ("-S", hex(BASE + at)) if write is theirs else \
                    (hex(BASE + at),)
                write(line, "-w", folder / "fw.bin", *where, "-v")
                same(bytes(part.flash[at:at + 3072]), data, name)
                back = folder / f"{name}-{write.__name__}"
                ours(line, "-r", hex(BASE + at), 3072, back)
                same(back.read_bytes(), data, name)
                theirs(line, "-r", f"{back}.2", "-S", f"{BASE + at}:3072")
                same(pathlib.Path(f"{back}.2").read_bytes(), data, name)
            ours(line, "-e", 0)
            same(bytes(part.flash[at:at + 3072]), b"\xff" * 1024 + data[1024:])
            ours(line, "-e", "all")
            same(set(part.flash), {0xFF})


@case
def protection(folder):
    """Readout protection as stm32flash sets it, and takes it off."""
    for name in ("h753", "l462"):
        with board(folder, name) as (line, part):
            part.flash[:8] = bytes(8)
            theirs(line, "-j")
            same(part.options.level(), 1)
            theirs(line, "-r", folder / "x.bin", "-S", f"{BASE}:8", status=1)
            same(bytes(part.flash[:8]), bytes(8))
            theirs(line, "-k")
            same((part.options.level(), set(part.flash)), (0, {0xFF}))


@case
def firmware(folder):
    quirks = dataclasses.replace(H7_QUIRKS["V9.2"], go_stack=False)
    with board(folder, quirks=quirks) as (line, part):
        ours(line, "-w", DATA / "blink-stm32h753xi.elf", "-v", "-g")
        for path in DATA.glob("blink-stm32h753xi-0x*.bin"):
            at = int(path.stem.split("-")[-1], 16) - BASE
            data = path.read_bytes()
            same(bytes(part.flash[at:at + len(data)]), data, path.name)
        same((part.jumped_to, part.mode), (BASE, "app"))


if __name__ == "__main__":
    if shutil.which("stm32flash") is None:
        print("SKIP: stm32flash is not installed")
        sys.exit(SKIP if os.environ.get("SFI_ALLOW_SKIP") == "1" else 1)
    main()
