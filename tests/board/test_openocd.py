#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later
# Copyright The libsfi authors
"""A board of the H753 with OpenOCD at its JTAG: the core that runs the
bootloader is found; at readout protection level 1 its flash is shut and a core
that was halted locks up.

    test_openocd.py SFI_SIM SFI_BOARD BOOTLOADER.elf

A missing OpenOCD is a failure, unless SFI_ALLOW_SKIP is 1.
"""

import os
import pathlib
import shutil
import subprocess
import sys
import tempfile

SKIP = 77  # meson's
CONFIG = """
adapter driver remote_bitbang
remote_bitbang host localhost
remote_bitbang port {port}
transport select jtag
reset_config srst_only
jtag newtap h7 cpu -irlen 4 -ircapture 0x1 -irmask 0xf -expected-id 0x6ba00477
jtag newtap h7 bs -irlen 5 -expected-id 0x06450041
dap create h7.dap -chain-position h7.cpu
target create h7.cpu0 cortex_m -dap h7.dap
gdb_port disabled
tcl_port disabled
telnet_port disabled
init
echo [mdw 0x5c001000]
mww 0x24010000 0x600df00d
echo [mdw 0x24010000]
catch "mdw 0x08000000"
halt
resume
poll
shutdown
"""
SAID = ["Cortex-M7 r1p1 processor detected", "0x5c001000: 20036450",
        "0x24010000: 600df00d", "Failed to read memory at 0x08000000",
        "halted due to debug-request", "pc: 0x0800"]


def must(*words):
    subprocess.run(words, check=True, stdout=subprocess.DEVNULL)


def debug(sfi_sim, board, loader):
    must(sfi_sim, "manufacture", "--ca", "ca", "--chip", "stm32h753xi",
         "--state", "h7", "--board", loader)
    with subprocess.Popen([sfi_sim, "run", "--state", "h7", "--jtag",
                           "localhost:0", "--emulator", board],
                          stdout=subprocess.PIPE, text=True) as run:
        try:
            port = run.stdout.readline().rpartition(":")[2].strip()
            pathlib.Path("board.cfg").write_text(CONFIG.format(port=port))
            return subprocess.run(["openocd", "-f", "board.cfg"], timeout=90,
                                  stdout=subprocess.PIPE, text=True,
                                  stderr=subprocess.STDOUT, check=False).stdout
        finally:
            run.terminate()


def main():
    if shutil.which("openocd") is None:
        print("openocd is missing")
        return SKIP if os.environ.get("SFI_ALLOW_SKIP") == "1" else 1
    paths = [os.path.abspath(path) for path in sys.argv[1:]]
    with tempfile.TemporaryDirectory() as folder:
        os.chdir(folder)
        said = debug(*paths)
        os.chdir("/")
    missing = [text for text in SAID if text not in said]
    if missing or "clearing lockup" not in said:
        print(said, "missing:", missing)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
