#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later
# Copyright The libsfi authors
"""The virtual STM32H753xI's debug port, tested by OpenOCD.

    test_openocd.py SFI_SIM [probe|probe-jtag]

OpenOCD has its own JTAG, ADIv5 and parts: through remote_bitbang it examines the
two TAPs, reads the IDCODE, loads and dumps RAM, and erases and programs flash by
its registers.  With "probe" it does the same over SWD, through its own driver for
CMSIS-DAP and the real libusb; with "probe-jtag" over the probe's JTAG, which
OpenOCD clocks bit by bit.  A missing peer is a failure, unless SFI_ALLOW_SKIP is
1.
"""

import os
import pathlib
import random
import re
import shutil
import signal
import subprocess
import sys
import tempfile

SKIP = 77  # meson's
RAM = 0x24010000
LEN = 60000

JTAG = """
{adapter}
transport select jtag
reset_config srst_only
jtag newtap h7 cpu -irlen 4 -ircapture 0x1 -irmask 0xf -expected-id 0x6ba00477
jtag newtap h7 bs -irlen 5 -expected-id 0x06450041
"""

PINS = """
adapter driver remote_bitbang
remote_bitbang host {host}
remote_bitbang port {port}
"""

DRIVER = """
adapter driver cmsis-dap
adapter speed 4000
"""

SWD = """
adapter driver cmsis-dap
transport select swd
adapter speed 4000
reset_config srst_only
swd newdap h7 cpu -expected-id 0x6ba02477
"""

TAPS = ["h7.cpu tap/device found: 0x6ba00477",
        "h7.bs tap/device found: 0x06450041"]

TARGET = """
dap create h7.dap -chain-position h7.cpu
target create h7.axi mem_ap -dap h7.dap -ap-num 0
gdb_port disabled
tcl_port disabled
telnet_port disabled
init
"""


def expect(condition, what):
    if not condition:
        raise SystemExit(what)


def manufacture(sim, folder):
    subprocess.run([sim, "manufacture", "--ca", folder / "ca", "--chip",
                    "stm32h753xi", "--state", folder / "chip"], check=True,
                   stdout=subprocess.DEVNULL, timeout=60)
    return folder / "chip"


def openocd(folder, script, before=()):
    config = folder / "openocd.cfg"
    config.write_text(script + "\nshutdown\n")
    done = subprocess.run([*before, "openocd", "-f", config], cwd=folder,
                          capture_output=True, text=True, timeout=100)
    expect(done.returncode == 0, done.stdout + done.stderr)
    return done.stdout + done.stderr


class Probe:
    len = LEN
    config = SWD
    found = ["Using CMSIS-DAPv2 interface", "SWD DPIDR 0x6ba02477"]

    def __init__(self, sim, folder):
        self.sim = sim
        self.state = manufacture(sim, folder)

    def openocd(self, folder, script):
        return openocd(folder, self.config + TARGET + script,
                       [self.sim, "wrap", "--state", self.state, "--probe",
                        "--"])

    def end(self):
        pass


class ProbeJtag(Probe):
    len = LEN // 10
    config = JTAG.format(adapter=DRIVER)
    found = TAPS


class Chip:
    len = LEN
    found = TAPS

    def __init__(self, sim, folder):
        self.state = manufacture(sim, folder)
        self.run = subprocess.Popen(
            [sim, "run", "--state", self.state, "--usart", folder / "tty",
             "--jtag", "127.0.0.1:0"], stdout=subprocess.PIPE, text=True)
        ready = re.fullmatch(r".* is ready at .*/tty, 127.0.0.1:(\d+)\n",
                             self.run.stdout.readline())
        expect(ready, "sfi-sim does not run")
        self.port = int(ready[1])

    def openocd(self, folder, script):
        return openocd(folder, JTAG.format(adapter=PINS.format(
            host="127.0.0.1", port=self.port)) + TARGET + script)

    def end(self):
        self.run.send_signal(signal.SIGTERM)
        expect(self.run.wait(10) == 0, "sfi-sim failed")
        self.run.stdout.close()


def memory(chip, folder):
    data = random.Random(1).randbytes(chip.len)
    (folder / "load.bin").write_bytes(data)
    out = chip.openocd(folder, f"""
        echo "idcode [h7.axi read_memory 0x5c001000 32 1]"
        echo "debug [h7.dap apreg 2 0xfc]"
        load_image load.bin {RAM} bin
        dump_image dump.bin {RAM} {chip.len}
        h7.axi write_memory {RAM + 1} 8 {{0x11 0x22 0x33}}
        h7.axi write_memory {RAM + 6} 16 {{0x5544 0x7766}}
        dump_image bytes.bin {RAM} 12
        echo "hole [catch {{h7.axi read_memory 0x60000000 32 1}}]"
        echo "again [h7.axi read_memory 0x5c001000 32 1]"
        """)
    for word in (*chip.found, "idcode 0x20036450", "debug 0x54770002",
                 "hole 1", "again 0x20036450"):
        expect(word in out, f"no \"{word}\" in\n{out}")
    expect((folder / "dump.bin").read_bytes() == data, "RAM reads otherwise")
    expect((folder / "bytes.bin").read_bytes() ==
           data[:1] + b"\x11\x22\x33" + data[4:6] + b"\x44\x55\x66\x77" +
           data[10:12], "bytes are on wrong lanes")


def flash(chip, folder):
    """Program bank 2's second sector by the registers (RM0433, 4.3)."""
    data = random.Random(2).randbytes(256)
    words = [int.from_bytes(data[i:i + 4], "little")
             for i in range(0, len(data), 4)]
    out = chip.openocd(folder, f"""
        mww 0x52002104 0x45670123
        mww 0x52002104 0xcdef89ab
        mww 0x5200210c 0x00000184
        mww 0x5200210c 0x00000002
        h7.axi write_memory 0x08120000 32 {{{" ".join(map(str, words))}}}
        echo "status [h7.axi read_memory 0x52002110 32 1]"
        mww 0x5200210c 1
        dump_image flash.bin 0x08120000 256
        """)
    expect("status 0x10000" in out, out)
    expect((folder / "flash.bin").read_bytes() == data, "flash reads otherwise")
    there = (chip.state / "flash.bin").read_bytes()
    expect(there[0x120000:0x120100] == data, "the chip's flash differs")
    expect(set(there[:0x120000] + there[0x120100:]) == {0xFF},
           "something else was written")


def secure(chip, folder):
    """After SECURITY is set and SRST, a debugger has access to the mailbox only."""
    out = chip.openocd(folder, """
        mww 0x52002008 0x08192a3b
        mww 0x52002008 0x4c5d6e7f
        mww 0x52002020 [expr {[h7.axi read_memory 0x52002020 32 1] | 1 << 21}]
        mww 0x52002018 2
        echo "before [h7.axi read_memory 0x5c001000 32 1]"
        adapter assert srst
        adapter deassert srst
        echo "after [catch {h7.axi read_memory 0x5c001000 32 1}]"
        echo "flash [catch {h7.axi read_memory 0x08000000 32 1}]"
        echo "ram [catch {h7.axi read_memory 0x24010000 32 1}]"
        echo "magic [h7.axi read_memory 0x24030000 32 2]"
        """)
    for word in ("before 0x20036450", "after 1", "flash 1", "ram 1",
                 "magic 0x4d494653 0x4500001"):
        expect(word in out, f"no \"{word}\" in\n{out}")


def main():
    if shutil.which("openocd") is None:
        print("SKIP: openocd is not installed")
        sys.exit(SKIP if os.environ.get("SFI_ALLOW_SKIP") == "1" else 1)
    with tempfile.TemporaryDirectory(prefix="sfi-test-") as name:
        folder = pathlib.Path(name)
        wired = {"probe": Probe, "probe-jtag": ProbeJtag}
        chip = wired.get(sys.argv[2] if len(sys.argv) > 2 else "", Chip)(sys.argv[1], folder)
        try:
            memory(chip, folder)
            flash(chip, folder)
            secure(chip, folder)
        finally:
            chip.end()


if __name__ == "__main__":
    main()
