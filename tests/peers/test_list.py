#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later
# Copyright The libsfi authors
"""sfi-program -l, and opening each port that it lists, through the real libusb
and a /sys with these devices only.

    test_list.py PROGRAMS
"""

import json
import os
import pathlib
import subprocess
import sys
import tempfile

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] /
                       "support"))
from message import about  # noqa: E402

SPI = ["  port=spi:/dev/spidev0.0", "    bus 0, chip select 0"]
USB = ["  port=usb:path=1-1",
       "    DFU in FS Mode, STMicroelectronics, serial number 200364500000"]
PROBE = ["  port=cmsis-dap:path=1-2",
         "    Virtual CMSIS-DAP, libsfi, serial number 0001"]
# Titles, and what is below each when nothing is connected.
EMPTY = [["Serial ports:"], [about("", "no serial port")],
         ["SPI ports:"], [about("", "no SPI port")],
         ["USB devices in DFU mode:"], [about("", "no chip", "DFU")],
         ["Debug probes:"], [about("", "no CMSIS-DAP probe")]]


def expect(got, expected):
    if got != expected:
        raise SystemExit(f"got      {got!r}\nexpected {expected!r}")


class Bench:
    def __init__(self, programs, folder):
        self.programs, self.folder = pathlib.Path(programs), folder

    def run(self, name, *words, status=0):
        done = subprocess.run([self.programs / name, *map(str, words)],
                              capture_output=True, text=True, timeout=90,
                              cwd=self.folder)
        if done.returncode != status:
            raise SystemExit(f"{words}: exit {done.returncode}\n"
                             f"{done.stdout}{done.stderr}")
        return done.stdout

    def wrap(self, wires, *words, status=0):
        return self.run("sfi-sim", "wrap", "--state", "chip", *wires, "--",
                        self.programs / "sfi-program", *words, status=status)


def lists(b, wires, words, parts):
    expect(b.wrap(wires, *words).splitlines(),
           [line for part in parts for line in part])


def for_people(b):
    for wires, texts in ((["--spi"], {3: SPI}), (["--usb"], {5: USB}),
                         (["--probe"], {7: PROBE}),
                         (["--spi", "--usb", "--probe"],
                          {3: SPI, 5: USB, 7: PROBE})):
        lists(b, wires, ["-l"], [texts.get(i, e) for i, e in enumerate(EMPTY)])
    lists(b, ["--spi"], ["-l", "usb"], EMPTY[4:6])
    lists(b, ["--usb"], ["-l", "usb"], [EMPTY[4], USB])
    lists(b, ["--usb"], ["-l", "probe"], EMPTY[6:])
    lists(b, ["--usb"], ["--list", "uart"], EMPTY[:2])


def for_machines(b):
    """Each listed port can be opened, and leads to the chip."""
    wires = ["--spi", "--usb", "--probe"]
    answer = json.loads(b.wrap(wires, "-l", "--json"))
    expect(answer["not_built_in"], [])
    expect([f["kind"] for f in answer["found"]], ["spi", "usb", "cmsis-dap"])
    for found in answer["found"]:
        expect((found["denied"], found["busy"]), (False, False))
        (b.folder / "r.bin").unlink(missing_ok=True)
        told = json.loads(b.wrap(wires, "-c", f"port={found['port']}", "-r",
                                 "0x08000000", 16, "r.bin", "--json"))
        expect(told["chip"], "stm32h753xi")
        expect((b.folder / "r.bin").read_bytes(), b"\xff" * 16)
    only = json.loads(b.wrap(wires, "-l", "probe", "--json"))
    expect([f["uri"] for f in only["found"]], ["cmsis-dap:path=1-2"])


def main():
    with tempfile.TemporaryDirectory(prefix="sfi-test-") as folder:
        bench = Bench(sys.argv[1], pathlib.Path(folder))
        bench.run("sfi-sim", "manufacture", "--ca", "ca", "--chip",
                  "stm32h753xi", "--state", "chip")
        for_people(bench)
        for_machines(bench)


if __name__ == "__main__":
    main()
