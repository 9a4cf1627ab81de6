#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later
# Copyright The libsfi authors
"""libsfi's USB transport, unmodified, through the real libusb.

    test_usb.py PROGRAMS

sfi-program with the virtual STM32H753xI at a USB port: each way to name it, a
whole install in which the chip disconnects and re-enumerates as a secure one,
and memory that dfu-util wrote or reads.  A missing peer is a failure, unless
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
DATA = pathlib.Path(__file__).resolve().parents[1] / "data"


def expect(condition, what):
    if not condition:
        raise SystemExit(what)


class Bench:
    def __init__(self, programs, folder):
        self.programs, self.folder = pathlib.Path(programs), folder
        self.state = folder / "chip"
        self.flash = self.state / "flash.bin"

    def run(self, *command, status=0):
        done = subprocess.run([str(c) for c in command], capture_output=True,
                              text=True, timeout=90, cwd=self.folder)
        text = done.stdout + done.stderr
        if status is not None and done.returncode != status:
            raise SystemExit(f"{command}: exit {done.returncode}\n{text}")
        return text

    def ours(self, name, *arguments, status=0):
        return self.run(self.programs / name, *arguments, status=status)

    def wrap(self, *command, status=0):
        return self.ours("sfi-sim", "wrap", "--state", self.state, "--usb",
                         "--", *command, status=status)

    def program(self, port, *arguments, status=0):
        (self.folder / "r.bin").unlink(missing_ok=True)
        return self.wrap(self.programs / "sfi-program", "-c", f"port={port}",
                         *arguments, status=status)


def names(b):
    for port in ("usb1", "usb:", "usb:1", "usb:0483:df11", "usb:path=1-1",
                 "usb:serial=200364500000"):
        out = b.program(port, "-r", hex(BASE), 16, "r.bin")
        expect("0x450" in out, out)
    for port in ("usb2", "usb:0483:df12", "usb:path=1-1.1",
                 "usb:serial=200364500001"):
        out = b.program(port, "-r", hex(BASE), 16, "r.bin", status=4)
        expect("no such USB device" in out, f"{port}: {out}")
    for port in ("usb0", "usb:path=1", "usb:serial=", "usb:0483", "usb:x"):
        out = b.program(port, "-r", hex(BASE), 16, "r.bin", status=64)
        expect("not the name" in out and "USB" in out, f"{port}: {out}")


def both_ways(b):
    """Each program reads what the other wrote."""
    data = os.urandom(40 << 10)
    (b.folder / "fw.bin").write_bytes(data)
    b.wrap("dfu-util", "-a", 0, "-s", hex(BASE), "-D", "fw.bin")
    b.program("usb1", "-r", hex(BASE), len(data), "r.bin")
    expect((b.folder / "r.bin").read_bytes() == data, "sfi-program reads")
    data = data[::-1]
    (b.folder / "fw.bin").write_bytes(data)
    b.program("usb1", "-e", "all", "-w", "fw.bin", hex(BASE + 0x20000), "-v")
    b.wrap("dfu-util", "-a", 0, "-s", f"{BASE + 0x20000:#x}:{len(data)}", "-U",
           "r.bin")
    expect((b.folder / "r.bin").read_bytes() == data, "dfu-util reads")
    # the chip has disconnected, which is not a failure
    b.program("usb1", "-g", hex(BASE))


def install(b):
    b.ours("sfi-create", "--genkey", "key.bin", "--gennonce", "nonce.bin")
    b.ours("sfi-create", "-sfi", "-fir", DATA / "blink-stm32h753xi.elf", "-k",
           "key.bin", "-n", "nonce.bin", "-ob", DATA / "ob-stm32h753xi.csv",
           "-v", 1, "-devid", "0x450", "-o", "fw.sfi")
    (b.folder / "pin").write_text("1234567\n")
    pd = next((b.folder / "ca").glob("45002001_SFI_*.pd"))
    b.ours("sfi-hsm", "-i", "vault:v", "-k", "key.bin", "-n", "nonce.bin",
           "-id", "blink", "-mc", 5, "-pd", pd, "--pin-file", "pin", "--yes")
    words = ("--yes", "-sfi", "protocol=static", "fw.sfi", "hsm=1", "slot=vault:v",
             "--pin-file", "pin")
    b.program("usb1", *words)
    plain = (DATA / "blink-stm32h753xi-0x08000000.bin").read_bytes()
    expect(b.flash.read_bytes()[:len(plain)] == plain, "not the firmware")
    out = b.wrap("dfu-util", "-l")
    expect("@SFI" in out and "Internal Flash" not in out, out)
    out = b.program("usb1", *words, status=None)
    expect("holds an installed firmware" in out, out)
    b.program("usb1", "-e", "all", *words)
    expect(b.flash.read_bytes()[:len(plain)] == plain, "not the firmware")
    expect("4" in b.ours("sfi-program", "-hsmgetcounter", "slot=vault:v"),
           "counted more than once")


def main():
    if shutil.which("dfu-util") is None:
        print("SKIP: dfu-util is not installed")
        sys.exit(SKIP if os.environ.get("SFI_ALLOW_SKIP") == "1" else 1)
    with tempfile.TemporaryDirectory(prefix="sfi-test-") as folder:
        bench = Bench(sys.argv[1], pathlib.Path(folder))
        bench.ours("sfi-sim", "manufacture", "--ca", "ca", "--chip",
                   "stm32h753xi", "--state", bench.state)
        names(bench)
        both_ways(bench)
        install(bench)


if __name__ == "__main__":
    main()
