#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later
# Copyright The libsfi authors
"""Debuggers as they are: OpenOCD with its own target/stm32h7x.cfg, and gdb.

    test_debugger.py SFI_SIM [jtag|swd]

The virtual STM32H753xI has a debug port and a core that halts, is caught at its
reset vector and shows its registers, so that OpenOCD's configuration of the part
needs no change but WORKAREASIZE 0 (no loader runs: the core executes nothing).
OpenOCD programs and verifies the flash, protects a sector and sets breakpoints;
gdb loads a file through it.  "jtag" is remote_bitbang, "swd" a CMSIS-DAP
probe at a USB port.  A secure part shows its mailbox alone.  A missing peer is a
failure, unless SFI_ALLOW_SKIP is 1.
"""

import os
import pathlib
import re
import shutil
import signal
import subprocess
import sys
import tempfile

SKIP = 77  # meson's
DATA = pathlib.Path(__file__).resolve().parents[1] / "data"
BLINK = DATA / "blink-stm32h753xi-0x08000000.bin"
TABLES = DATA / "blink-stm32h753xi-0x08020000.bin"
BANK2 = DATA / "blink-stm32h753xi-0x08120000.bin"

STOCK = """
set WORKAREASIZE 0
set DUAL_BANK 1
source [find target/stm32h7x.cfg]
tcl_port disabled
telnet_port disabled
"""

# doc/guide.md has these lines, too: no core is needed
MEM_AP = """
source [find target/swj-dp.tcl]
swj_newdap h7 cpu -irlen 4 -expected-id {id}
{bs}
dap create h7.dap -chain-position h7.cpu
target create h7.axi mem_ap -dap h7.dap -ap-num 0
tcl_port disabled
telnet_port disabled
gdb_port disabled
"""


def expect(condition, what):
    if not condition:
        raise SystemExit(what)


class Chip:
    def __init__(self, sim, folder):
        self.sim, self.folder = sim, folder
        self.state = folder / "chip"
        subprocess.run([sim, "manufacture", "--ca", folder / "ca", "--chip",
                        "stm32h753xi", "--state", self.state], check=True,
                       stdout=subprocess.DEVNULL, timeout=60)
        self.flash = self.state / "flash.bin"

    def command(self, *arguments):
        return [*self.before, "openocd", "-f", self.folder / "openocd.cfg",
                *arguments]

    def write_config(self, target, script):
        (self.folder / "openocd.cfg").write_text(
            self.adapter + target + script)

    def openocd(self, script, target=STOCK):
        self.write_config(target, "gdb_port disabled\ninit\n" + script +
                          "\nshutdown\n")
        done = subprocess.run(self.command(), cwd=self.folder, text=True,
                              capture_output=True, timeout=100)
        expect(done.returncode == 0, done.stdout + done.stderr)
        return done.stdout + done.stderr

    def gdb(self, file, *commands):
        """gdb starts OpenOCD itself, and talks to it through a pipe."""
        self.write_config(STOCK, "gdb_port pipe\nlog_output openocd.log\n")
        pipe = " ".join(str(c) for c in self.command())
        lines = ["set pagination off", "set remotetimeout 60",
                 f"target extended-remote | {pipe}", *commands, "detach"]
        done = subprocess.run(
            ["gdb-multiarch", "-batch", "-nx",
             *(a for line in lines for a in ("-ex", line)), file],
            cwd=self.folder, text=True, capture_output=True, timeout=100)
        log = (self.folder / "openocd.log").read_text()
        expect(done.returncode == 0, done.stdout + done.stderr + log)
        return done.stdout + done.stderr + log

    def end(self):
        pass


class Swd(Chip):
    adapter = ("adapter driver cmsis-dap\ntransport select swd\n")
    id, bs = "0x6ba02477", ""

    def __init__(self, sim, folder):
        super().__init__(sim, folder)
        self.before = [sim, "wrap", "--state", self.state, "--probe", "--"]


class Jtag(Chip):
    before = ()
    id, bs = "0x6ba00477", "jtag newtap h7 bs -irlen 5"

    def __init__(self, sim, folder):
        super().__init__(sim, folder)
        self.run = subprocess.Popen(
            [sim, "run", "--state", self.state, "--usart", folder / "tty",
             "--jtag", "127.0.0.1:0"], stdout=subprocess.PIPE, text=True)
        ready = re.fullmatch(r".* is ready at .*/tty, 127.0.0.1:(\d+)\n",
                             self.run.stdout.readline())
        expect(ready, "sfi-sim does not run")
        self.adapter = (f"adapter driver remote_bitbang\n"
                        f"remote_bitbang host 127.0.0.1\n"
                        f"remote_bitbang port {ready[1]}\n"
                        f"transport select jtag\n")

    def end(self):
        self.run.send_signal(signal.SIGTERM)
        expect(self.run.wait(10) == 0, "sfi-sim failed")
        self.run.stdout.close()


def has(out, *words):
    for word in words:
        expect(word in out, f"no \"{word}\" in\n{out}")


def examine(chip):
    """What an engineer types first: who is there, and does it halt."""
    out = chip.openocd("""
        echo [dap info 0]
        echo [dap info 2]
        reset halt
        reg r5 0x1234
        echo [reg r5]
        echo [reg pc]
        step
        bp 0x08000298 2 hw
        rbp 0x08000298
        resume
        echo "dbgmcu [stm32h7x.cpu0 read_memory 0x5c001004 32 1]"
        echo "[mww 0x20000000 0x600dbeef][mdw 0x20000000]"
        """)
    has(out, "Cortex-M7 r1p1 processor detected",
        "target has 8 breakpoints, 4 watchpoints",
        "Cortex-M7 PPB ROM", "Cortex-M7 ETM", "CoreSight TPIU",
        "halted due to debug-request", "halted due to single-step",
        "r5 (/32): 0x00001234", "pc (/32): 0x1ff0",
        # what stm32h7x.cfg sets: debug in low power modes, trace clock
        "dbgmcu 0x70003f", "0x20000000: 600dbeef")


def program(chip):
    out = chip.openocd(f"""
        reset halt
        echo [flash write_image erase {TABLES} 0x08020000]
        echo [verify_image {TABLES} 0x08020000]
        flash protect 0 3 3 on
        echo "protection [stm32h7x.cpu0 read_memory 0x5200203c 32 1]"
        flash protect 0 3 3 off
        flash erase_sector 1 7 7
        program {BLINK} 0x08000000 verify reset
        """)
    has(out, "Device: STM32H74x/75x", "flash size probed value 2048k", "STM32H7 flash has dual banks",
        "Bank (1) size is 1024 kb, base address is 0x08100000",
        "wrote 4160 bytes", "verified 4136 bytes",
        "** Programming Finished **", "** Verified OK **", "protection 0xf7")
    flash = chip.flash.read_bytes()
    for file, at in ((BLINK, 0), (TABLES, 0x20000)):
        expect(flash[at:at + file.stat().st_size] == file.read_bytes(),
               f"{file.name} is not in the flash")


def intel_hex(*pieces):
    """A file that gdb takes like an ELF file, with a section for each piece."""
    def line(kind, address, data):
        raw = bytes([len(data), address >> 8 & 0xFF, address & 0xFF, kind]) + data
        return f":{raw.hex()}{-sum(raw) & 0xFF:02x}\n".upper()

    text = ""
    for address, data in pieces:
        text += line(4, 0, (address >> 16).to_bytes(2, "big"))
        for i in range(0, len(data), 16):
            text += line(0, (address + i) & 0xFFFF, data[i:i + 16])
    return text + line(1, 0, b"")


def load(chip):
    """gdb's load, as an IDE does it; nothing is in the flash before."""
    file = chip.folder / "load.hex"
    pieces = (0x08000000, BLINK), (0x08120000, BANK2)
    file.write_text(intel_hex(*((a, f.read_bytes()) for a, f in pieces)))
    chip.openocd("reset halt\nflash erase_sector 0 0 last\n"
                 "flash erase_sector 1 0 last\n")
    expect(set(chip.flash.read_bytes()) == {0xFF}, "the flash is not erased")
    out = chip.gdb(file, "monitor reset halt", "load", "compare-sections",
                   "info registers r0 sp lr pc xpsr", "x/2wx 0x08000000",
                   "set $r7 = 0xcafe", "print/x $r7", "break *0x08000298",
                   "delete", "monitor reset halt")
    has(out, "load size 1372", "$1 = 0xcafe", "halted due to debug-request")
    expect(out.count(": matched.") == 2, out)
    flash = chip.flash.read_bytes()
    for address, piece in pieces:
        at = address - 0x08000000
        expect(flash[at:at + piece.stat().st_size] == piece.read_bytes(),
               "gdb loaded something else")


def secure(chip):
    """The secure state has no core: a mem_ap target reads the mailbox."""
    chip.openocd("""
        mww 0x52002008 0x08192a3b
        mww 0x52002008 0x4c5d6e7f
        mww 0x52002020 [expr {[stm32h7x.cpu0 read_memory 0x52002020 32 1] \
| 1 << 21}]
        mww 0x52002018 2
        """)
    if isinstance(chip, Jtag):
        chip.openocd("reset run")
    target = MEM_AP.format(id=chip.id, bs=chip.bs)
    out = chip.openocd("""
        echo "core [catch {h7.axi read_memory 0xe000edf0 32 1}]"
        echo "table [catch {h7.axi read_memory 0xe00fe000 32 1}]"
        echo "dtcm [catch {h7.axi read_memory 0x20000000 32 1}]"
        echo "flash [catch {h7.axi read_memory 0x08000000 32 1}]"
        echo "magic [h7.axi read_memory 0x24030000 32 2]"
        """, target)
    has(out, "core 1", "table 1", "dtcm 1", "flash 1",
        "magic 0x4d494653 0x4500001")


def main():
    for peer in ("openocd", "gdb-multiarch"):
        if shutil.which(peer) is None:
            print(f"SKIP: {peer} is not installed")
            sys.exit(SKIP if os.environ.get("SFI_ALLOW_SKIP") == "1" else 1)
    with tempfile.TemporaryDirectory(prefix="sfi-test-") as name:
        folder = pathlib.Path(name)
        chip = {"jtag": Jtag, "swd": Swd}[sys.argv[2]](sys.argv[1], folder)
        try:
            examine(chip)
            program(chip)
            load(chip)
            secure(chip)
        finally:
            chip.end()


if __name__ == "__main__":
    main()
