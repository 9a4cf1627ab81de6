#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later
# Copyright The libsfi authors
"""pyOCD examines the virtual STM32H753xI behind a CMSIS-DAP probe.

    test_pyocd.py SFI_SIM

pyOCD has its own CMSIS-DAP (version 1, over HID), debug port and ROM table walk:
it finds the access ports, the components and the core, halts it, reads registers
and memory, and resets it.  pyOCD 0.13 of Debian 12 reads the ROM table of access
port 2 through port 0 and warns; OpenOCD reads that table in test_debugger.py.  A
missing peer is a failure, unless SFI_ALLOW_SKIP is 1.
"""

import os
import pathlib
import shutil
import subprocess
import sys
import tempfile

SKIP = 77  # meson's
TOOL = "pyocd-tool"

COMMANDS = """
status
halt
status
reg pc
wreg r4 0xcafe
reg r4
write32 0x20000010 0x600dbeef 0x12345678
read32 0x20000010 8
read8 0x20000011 2
read32 0x5c001000
reset --halt
reg xpsr
go
status
exit
"""

EXPECTED = [
    "DP IDR = 0x6ba02477",
    "AP#0 IDR = 0x84770001", "AP#1 IDR = 0x84770001", "AP#2 IDR = 0x54770002",
    "AP#0 ROM table #0 @ 0xe00fe000 (designer=020 part=450)",
    "AP#0 ROM table #1 @ 0xe00ff000 (designer=43b part=4c7)",
    "<e000e000:SCS-M4 class=14 designer=43b part=00c>",
    "<e0001000:DWT class=14 designer=43b part=002>",
    "<e0002000:FPB class=14 designer=43b part=00e>",
    "<e0000000:ITM class=14 designer=43b part=001>",
    "designer=43b part=975 devtype=13 archid=4a13",
    "<e0043000:CTI class=9 designer=43b part=906",
    "4 hardware watchpoints", "8 hardware breakpoints",
    "Core 0 status:  Running", "Core 0 status:  Halted",
    "pc = 0x1ff0", "r4 = 0x0000cafe", "600dbeef 12345678", "be 0d",
    "5c001000:  20036450", "xpsr = 0x01000000",
]


def expect(condition, what):
    if not condition:
        raise SystemExit(what)


def main():
    if shutil.which(TOOL) is None:
        print(f"SKIP: {TOOL} is not installed")
        sys.exit(SKIP if os.environ.get("SFI_ALLOW_SKIP") == "1" else 1)
    sim = sys.argv[1]
    with tempfile.TemporaryDirectory(prefix="sfi-test-") as name:
        folder = pathlib.Path(name)
        subprocess.run([sim, "manufacture", "--ca", folder / "ca", "--chip",
                        "stm32h753xi", "--state", folder / "chip"], check=True,
                       stdout=subprocess.DEVNULL, timeout=60)
        done = subprocess.run(
            [sim, "wrap", "--state", folder / "chip", "--probe", "--", TOOL,
             "--debug", "info", "--target", "cortex_m"], input=COMMANDS,
            env={**os.environ, "PYTHONWARNINGS": "ignore"}, cwd=folder,
            capture_output=True, text=True, timeout=100)
        out = done.stdout + done.stderr
        expect(done.returncode == 0, out)
        for word in EXPECTED:
            expect(word in out, f"no \"{word}\" in\n{out}")
        expect(out.count("status:  Running") == 2, out)


if __name__ == "__main__":
    main()
