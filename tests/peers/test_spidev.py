#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later
# Copyright The libsfi authors
"""Virtual chips as the slave of a /dev/spidev0.0 of umockdev.

    test_spidev.py SFI_SIM SFI_PROGRAM FIRMWARE

spi-tools, which do not know bootloaders, set up the port and receive an ACK.
sfi-program's transport for spidev runs unmodified: it writes, verifies and reads
back, with and without a gap between bytes, and makes the chip a secure one.
A missing peer is a failure, unless SFI_ALLOW_SKIP is 1.
"""

import os
import pathlib
import shutil
import subprocess
import sys
import tempfile

SKIP = 77  # meson's
BASE = 0x08000000
PORTS = ("spidev0.0", "spi:/dev/spidev0.0?speed=8000000&gap=0")


def expect(condition, what):
    if not condition:
        raise SystemExit(what)


def run(*command, status=0, stdin=b""):
    done = subprocess.run([str(c) for c in command], input=stdin,
                          capture_output=True, timeout=60)
    text = (done.stdout + done.stderr).decode(errors="replace")
    expect(done.returncode == status,
           f"{command}: exit {done.returncode}\n{text}")
    return done.stdout, text


class Bench:
    def __init__(self, sim, program, folder):
        self.sim, self.program = sim, program
        self.state = folder / "chip"
        self.flash = self.state / "flash.bin"
        run(sim, "manufacture", "--ca", folder / "ca", "--chip",
            "stm32h753xi", "--state", self.state)

    def wrap(self, *command, **more):
        return run(self.sim, "wrap", "--state", self.state, "--spi", "--",
                   *command, **more)

    def do(self, port, *words, status=0):
        return self.wrap(self.program, "-c", f"port={port}", *words,
                         status=status)[1]


def tools(b):
    text = b.wrap("spi-config", "-d", "/dev/spidev0.0", "-q")[1]
    expect("mode=0" in text and "bits=8" in text, text)
    # the first 0x5a, a dummy, a poll; the ACK is taken
    out = b.wrap("spi-pipe", "-d", "/dev/spidev0.0", "-b", 4, "-n", 1,
                 stdin=b"\x5a\x00\x00\x79")[0]
    expect(out == b"\xa5\xa5\x79\xa5", f"spi-pipe heard {out.hex()}")


def plain(b, firmware, port, folder):
    data = pathlib.Path(firmware).read_bytes()
    text = b.do(port, "-w", firmware, hex(BASE), "-v")
    expect("BootLoader version: 1.1" in text, text)
    expect(b.flash.read_bytes()[:len(data)] == data, "the flash differs")
    (folder / "back.bin").unlink(missing_ok=True)
    b.do(port, "-r", hex(BASE), len(data), folder / "back.bin")
    expect((folder / "back.bin").read_bytes() == data, "it reads otherwise")
    b.do(port, "-e", "all")
    expect(set(b.flash.read_bytes()) == {0xFF}, "it is not erased")


def secure(b, folder):
    """After a power cycle the secure bootloader answers."""
    b.do(PORTS[0], "--yes", "-gc", folder / "chip.cert")
    expect((folder / "chip.cert").stat().st_size == 136, "no certificate")
    text = b.do(PORTS[0], "-r", hex(BASE), 4, folder / "secret", status=1)
    expect("secure" in text, text)


def main():
    if shutil.which("spi-pipe") is None:
        print("SKIP: spi-tools are not installed")
        sys.exit(SKIP if os.environ.get("SFI_ALLOW_SKIP") == "1" else 1)
    with tempfile.TemporaryDirectory(prefix="sfi-test-") as name:
        folder = pathlib.Path(name)
        bench = Bench(sys.argv[1], sys.argv[2], folder)
        tools(bench)
        for port in PORTS:
            plain(bench, sys.argv[3], port, folder)
        secure(bench, folder)


if __name__ == "__main__":
    main()
