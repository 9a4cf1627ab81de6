#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later
# Copyright The libsfi authors
"""libsfi's host of CMSIS-DAP, unmodified, through the real libusb.

    test_probe.py PROGRAMS

sfi-program with a virtual STM32H753xI behind a debug probe at a USB port: each
way to name it, memory that OpenOCD reads through the same probe, every plain
operation, two probes, an unplugged cable, and a whole install.  A missing peer
is a failure, unless SFI_ALLOW_SKIP is 1.
"""

import os
import pathlib
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import time

SKIP = 77  # meson's
BASE = 0x08000000
DATA = pathlib.Path(__file__).resolve().parents[1] / "data"
OPENOCD = """
adapter driver cmsis-dap
transport select swd
adapter speed 4000
swd newdap h7 cpu -expected-id 0x6ba02477
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


class Bench:
    def __init__(self, programs, folder):
        self.programs, self.folder = pathlib.Path(programs), folder
        self.state = folder / "chip"
        self.flash = self.state / "flash.bin"
        self.read_back = folder / "r.bin"

    def run(self, *command, status=0):
        done = subprocess.run([str(c) for c in command], capture_output=True,
                              text=True, timeout=90, cwd=self.folder)
        text = done.stdout + done.stderr
        if status is not None and done.returncode != status:
            raise SystemExit(f"{command}: exit {done.returncode}\n{text}")
        return text

    def ours(self, name, *arguments, status=0):
        return self.run(self.programs / name, *arguments, status=status)

    def wrap(self, *command, status=0, wired=("--probe",)):
        return self.ours("sfi-sim", "wrap", "--state", self.state, *wired,
                         "--", *command, status=status)

    def program(self, port, *arguments, status=0, wired=("--probe",)):
        self.read_back.unlink(missing_ok=True)
        return self.wrap(self.programs / "sfi-program", "-c", f"port={port}",
                         *arguments, status=status, wired=wired)

    def refused(self, why, *arguments):
        out = self.program("swd", *arguments, status=None)
        expect(why in out, f"{arguments}: {out}")

    def openocd(self, script):
        config = self.folder / "openocd.cfg"
        config.write_text(OPENOCD + script + "\nshutdown\n")
        return self.wrap("openocd", "-f", config)

    def save(self, port, size):
        self.program(port, "-r", hex(BASE), size, self.read_back)
        return self.read_back.read_bytes()


def names(b):
    """Also with the chip's own USB port, which is not a probe."""
    both = ("--usb", "--probe")
    for port in ("swd", "jtag", "cmsis-dap:", "cmsis-dap:1", "cmsis-dap:1209:0001",
                 "cmsis-dap:path=1-2", "cmsis-dap:serial=0001",
                 "cmsis-dap:?speed=100000"):
        out = b.program(port, "-r", hex(BASE), 16, "r.bin", wired=both)
        expect("0x450" in out, out)
    for port, why in (("cmsis-dap:2", "no such debug probe"),
                      ("cmsis-dap:1209:0002", "no such debug probe"),
                      ("cmsis-dap:serial=0002", "no such debug probe"),
                      ("cmsis-dap:path=1-1", "not a CMSIS-DAP probe"),
                      ("cmsis-dap:path=1-2.1", "no such debug probe"),
                      ("usb:path=1-2", "no such USB device"),
                      ("usb:1209:0001", "has no DFU interface")):
        out = b.program(port, "-r", hex(BASE), 16, "r.bin", status=4,
                        wired=both)
        expect(why in out, f"{port}: {out}")


def words(b):
    """STM32CubeProgrammer's words for a debugger's port."""
    for more in (["mode=HOTPLUG"], ["mode=NORMAL", "freq=1000"], ["ap=1"],
                 ["mode=UR", "sn=0001"]):
        for port in ("swd", "JTAG"):
            out = b.program(port, *more, "-r", hex(BASE), 16, "r.bin")
            expect("0x450" in out, out)
    out = b.program("swd", "sn=0002", "-r", hex(BASE), 16, "r.bin", status=4)
    expect("no such debug probe" in out, out)


def peer(b):
    """OpenOCD reads what sfi-program writes."""
    data = random.Random(1).randbytes(20000)
    (b.folder / "load.bin").write_bytes(data)
    b.program("swd", "-e", "all", "-w", "load.bin", hex(BASE + 0x20000), "-v")
    expect(b.flash.read_bytes()[0x20000:][:len(data)] == data, "flash differs")
    b.openocd(f"dump_image dump.bin {BASE + 0x20000} {len(data)}")
    expect((b.folder / "dump.bin").read_bytes() == data, "openocd reads")


def plain(b):
    data = random.Random(2).randbytes(50000)
    (b.folder / "fw.bin").write_bytes(data)
    b.program("swd", "-w", "fw.bin", hex(BASE), "-v")
    expect(b.save("swd", len(data)) == data, "sfi-program reads otherwise")
    # another sector is not changed
    b.program("swd", "-e", "1")
    expect(b.save("swd", len(data)) == data, "sector 0 was erased")
    b.program("swd", "-e", "0")
    expect(set(b.save("swd", len(data))) == {0xFF}, "it is not erased")
    b.refused("reading memory from 0x60000000", "-r", "0x60000000", 16,
              "r.bin")
    b.refused("sector 16, expected 0 to 15", "-e", 16)
    out = b.program("swd", "-ob", "displ")
    expect("RDP              : 0xaa" in out, out)
    b.program("swd", "-ob", "nWRP0=0", "BOR_LEV=3")
    out = b.program("swd", "-ob", "displ")
    expect("nWRP0            : 0x0" in out and "BOR_LEV          : 0x3" in out,
           out)
    b.refused("sector 0 (0x08000000) is write-protected", "-w", "fw.bin",
              hex(BASE))
    b.program("swd", "-ob", "nWRP0=1", "BOR_LEV=0")


def two(b):
    """Two probes with their own serial numbers: one must be named."""
    more = b.folder / "more"
    b.ours("sfi-sim", "manufacture", "--ca", "ca", "--chip", "stm32h753xi",
           "--state", more)
    data = random.Random(3).randbytes(100)
    (b.folder / "fw.bin").write_bytes(data)
    wired = ("--state", more, "--probe")
    out = b.program("swd", "-r", hex(BASE), 16, "r.bin", status=64,
                    wired=wired)
    expect("expected one of cmsis-dap:path=1-2, cmsis-dap:path=1-4" in out,
           out)
    b.program("cmsis-dap:path=1-4", "-w", "fw.bin", hex(BASE), wired=wired)
    expect((more / "flash.bin").read_bytes()[:100] == data, "not in 1-4")
    expect(set(b.flash.read_bytes()[:100]) == {0xFF}, "in 1-2")


def pulled(b, after, *arguments):
    """Unplug when "after" was printed: the program ends in time, and says so."""
    log = b.folder / "log"
    with open(log, "w", encoding="utf-8") as out:
        wrap = subprocess.Popen(
            [b.programs / "sfi-sim", "wrap", "--state", b.state, "--probe",
             "--", b.programs / "sfi-program", "-c", "port=swd", *arguments],
            stdout=out, stderr=subprocess.STDOUT, cwd=b.folder)
    end = time.monotonic() + 60
    while after not in log.read_text():
        expect(time.monotonic() < end and wrap.poll() is None,
               log.read_text())
        time.sleep(0.01)
    time.sleep(0.2)
    wrap.send_signal(signal.SIGUSR1)
    then = time.monotonic()
    status = wrap.wait(60)
    text = log.read_text()
    expect(status == 4 and time.monotonic() - then < 10, f"{status}: {text}")
    expect("disconnected" in text, text)


def unplugged(b):
    (b.folder / "fw.bin").write_bytes(random.Random(4).randbytes(500000))
    pulled(b, "Erasing", "-w", "fw.bin", hex(BASE), "-v")
    b.program("swd", "-e", "all")


def install(b):
    b.ours("sfi-create", "--genkey", "key.bin", "--gennonce", "nonce.bin")
    b.ours("sfi-create", "-sfi", "-fir", DATA / "blink-stm32h753xi.elf", "-k",
           "key.bin", "-n", "nonce.bin", "-ob", DATA / "ob-stm32h753xi.csv",
           "-v", 1, "-devid", "0x450", "-o", "fw.sfi")
    (b.folder / "pin").write_text("1234567\n")
    pd = next((b.folder / "ca").glob("45002001_SFI_*.pd"))
    b.ours("sfi-hsm", "-i", "vault:v", "-k", "key.bin", "-n", "nonce.bin",
           "-id", "blink", "-mc", 5, "-pd", pd, "--pin-file", "pin", "--yes")
    b.ours("sfi-create", "-sfi", "-fir", "fw.bin", hex(BASE), "-k", "key.bin",
           "-n", "nonce.bin", "-ob", DATA / "ob-stm32h753xi.csv", "-v", 1,
           "-devid", "0x450", "--no-register", "-o", "large.sfi")
    words = ("--yes", "-sfi", "protocol=static", "fw.sfi", "hsm=1", "slot=vault:v",
             "--pin-file", "pin")
    large = (*words[:3], "large.sfi", *words[4:])
    pulled(b, "Starting Firmware Install", *large)
    b.program("swd", "mode=HOTPLUG", *words)
    plain_text = (DATA / "blink-stm32h753xi-0x08000000.bin").read_bytes()
    expect(b.flash.read_bytes()[:len(plain_text)] == plain_text,
           "not the firmware")
    # openocd sees the mailbox, and not the flash
    out = b.openocd(f"""
        echo "magic [h7.axi read_memory 0x24030000 32 1]"
        echo "flash [catch {{h7.axi read_memory {BASE} 32 1}}]"
        """)
    expect("magic 0x4d494653" in out and "flash 1" in out, out)
    b.refused("secure", "-r", hex(BASE), 16, "r.bin")
    b.refused("holds an installed firmware", *words)
    b.program("jtag", "-e", "all", *words)
    expect(b.flash.read_bytes()[:len(plain_text)] == plain_text,
           "not the firmware")
    expect("4" in b.ours("sfi-program", "-hsmgetcounter", "slot=vault:v"),
           "counted more than once")


def main():
    if shutil.which("openocd") is None:
        print("SKIP: openocd is not installed")
        sys.exit(SKIP if os.environ.get("SFI_ALLOW_SKIP") == "1" else 1)
    with tempfile.TemporaryDirectory(prefix="sfi-test-") as folder:
        bench = Bench(sys.argv[1], pathlib.Path(folder))
        bench.ours("sfi-sim", "manufacture", "--ca", "ca", "--chip",
                   "stm32h753xi", "--state", bench.state)
        names(bench)
        words(bench)
        peer(bench)
        plain(bench)
        two(bench)
        unplugged(bench)
        install(bench)


if __name__ == "__main__":
    main()
