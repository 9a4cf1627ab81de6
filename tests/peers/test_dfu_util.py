#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later
# Copyright The libsfi authors
"""The virtual STM32H753xI at a USB port, tested by dfu-util.

    test_dfu_util.py SFI_SIM FIRMWARE

dfu-util has its own DFU and DfuSe, and accesses the chip through the real libusb:
it lists both memories, erases, writes, reads back and leaves, reads and writes
option bytes, also with readout protection.  A missing peer is a failure, unless
SFI_ALLOW_SKIP is 1.
"""

import os
import pathlib
import shutil
import subprocess
import sys
import tempfile

SKIP = 77  # meson's
BASE = 0x08000000
SECTOR = 128 << 10
WINDOW = 0x5200201C
FLASH = '@Internal Flash   /0x08000000/16*128Kg'
OPTIONS = '@Option Bytes   /0x5200201C/01*128 e'


def expect(condition, what):
    if not condition:
        raise SystemExit(what)


class Bench:
    def __init__(self, sim, folder):
        self.sim, self.folder = sim, folder
        self.state = folder / "chip"
        self.flash = self.state / "flash.bin"
        self.run(sim, "manufacture", "--ca", folder / "ca", "--chip",
                 "stm32h753xi", "--state", self.state)

    def run(self, *command, status=0):
        done = subprocess.run([str(c) for c in command], capture_output=True,
                              text=True, timeout=60)
        text = done.stdout + done.stderr
        if (done.returncode == 0) != (status == 0):
            raise SystemExit(f"{command}: exit {done.returncode}\n{text}")
        return text

    def wrap(self, *command, status=0):
        return self.run(self.sim, "wrap", "--state", self.state, "--usb", "--",
                        *command, status=status)

    def dfu(self, *arguments, status=0):
        return self.wrap("dfu-util", *arguments, status=status)

    def write(self, data, where, alt=0, status=0):
        name = self.folder / "out.bin"
        name.write_bytes(data)
        return self.dfu("-a", alt, "-s", where, "-D", name, status=status)

    def read(self, where, alt=0):
        name = self.folder / "in.bin"
        name.unlink(missing_ok=True)
        self.dfu("-a", alt, "-s", where, "-U", name)
        return name.read_bytes()


def listing(b):
    out = b.dfu("-l")
    for what in ("[0483:df11] ver=0200", f'alt=0, name="{FLASH}"',
                 f'alt=1, name="{OPTIONS}"', 'serial="200364500000"',
                 'path="1-1"'):
        expect(what in out, f"no {what} in\n{out}")


def flash(b, firmware):
    data = pathlib.Path(firmware).read_bytes()
    data = (data * (SECTOR // len(data) + 1))[:SECTOR + 1024 + 512]
    for _ in range(2):  # the second time over the same data
        b.write(data, hex(BASE))
        expect(b.flash.read_bytes()[:len(data)] == data, "the flash differs")
    expect(b.read(f"{BASE:#x}:{len(data)}") == data, "it reads otherwise")
    # at another place, without erasing the rest; then the chip has disconnected
    b.write(data[:512], f"{BASE + 9 * SECTOR:#x}:leave")
    now = b.flash.read_bytes()
    expect(now[:len(data)] == data, "the first write is gone")
    expect(now[9 * SECTOR:9 * SECTOR + 512] == data[:512], "no second write")
    # past the end of the flash
    out = b.write(data[:512], hex(BASE + 16 * SECTOR), status=1)
    expect("not writeable" in out, out)
    expect(b.flash.read_bytes() == now, "it wrote somewhere")


def gone(b):
    """After dfu-util leaves, it lists no device."""
    name = b.folder / "out.bin"
    out = b.wrap("sh", "-c", f"dfu-util -a 0 -s {BASE:#x}:leave -D {name} &&"
                 " sleep 0.2 && dfu-util -l")
    expect("Found DFU" not in out.split("Submitting leave")[1], out)


def option_bytes(b):
    words = b.read(f"{WINDOW:#x}:128", alt=1)
    expect(words[:8] == bytes.fromhex("f0aac61b f0aac61b"), words.hex())
    changed = bytearray(words)
    changed[5] = 0x55  # readout protection, level 1
    # the bench cycles the power when the change waits for it
    (b.folder / "ob.bin").write_bytes(changed)
    out = b.wrap("sh", "-c",
                 f"dfu-util -a 1 -s {WINDOW:#x} -D {b.folder / 'ob.bin'} &&"
                 " sleep 0.6 && dfu-util -l")
    expect(FLASH in out and "devnum=3" in out, f"it did not come back:\n{out}")


def protection(b):
    b.dfu("-a", 0, "-s", f"{BASE:#x}:512", "-U", b.folder / "secret.bin",
          status=1)
    out = b.dfu("-a", 0, "-s", f"{BASE:#x}:unprotect:force", "-D",
                "/dev/null")
    expect("erases flash and resets" in out, out)
    expect(set(b.flash.read_bytes()) == {0xFF}, "not all is erased")
    words = b.read(f"{WINDOW:#x}:128", alt=1)
    expect(words[1] == 0xAA, "readout protection is still on")


def command(b):
    """sfi-sim ends with the status of the command."""
    for script, want in (("exit 0", 0), ("exit 7", 7), ("kill -9 $$", 137)):
        done = subprocess.run([b.sim, "wrap", "--state", b.state, "--usb",
                               "--", "sh", "-c", script], timeout=60)
        expect(done.returncode == want, f"{script}: {done.returncode}")
    out = b.wrap("/nonexistent/program", status=1)
    expect("/nonexistent/program" in out, out)


def main():
    if shutil.which("dfu-util") is None:
        print("SKIP: dfu-util is not installed")
        sys.exit(SKIP if os.environ.get("SFI_ALLOW_SKIP") == "1" else 1)
    with tempfile.TemporaryDirectory(prefix="sfi-test-") as folder:
        bench = Bench(sys.argv[1], pathlib.Path(folder))
        listing(bench)
        flash(bench, sys.argv[2])
        gone(bench)
        option_bytes(bench)
        protection(bench)
        command(bench)


if __name__ == "__main__":
    main()
