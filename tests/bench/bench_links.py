#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later
# Copyright The libsfi authors
"""How much of each link an install uses, beside the programs that others wrote
for it.

    bench_links.py BUILD

First our own installs, counted exactly inside one process (bench_links.c).
Then stm32flash, dfu-util and openocd, and ours in their place, as processes
that are counted at the wire: bytes on a pty, control transfers in libusb's own
log, clocks in openocd's stream of pins.  Two sizes are written; the difference
of the counts is what the difference of the sizes took, so that connecting and
erasing are in neither.  Ends with 1 when one of ours uses less than it should.
"""

import os
import pathlib
import re
import select
import socket
import subprocess
import sys
import threading
import tty

BUILD = pathlib.Path(sys.argv[1]).resolve()
os.environ["SFI_PROGRAMS"] = str(BUILD / "examples")
sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "e2e"))

import bench  # noqa: E402
import test_jtag  # noqa: E402
from bench import H753, PROGRAMS  # noqa: E402

SMALL, BIG = 16 << 10, 80 << 10  # both in one sector
RAM = 0x24010000
# idle clocks after each access: 255 unless told, so that slow memory keeps up;
# an access that is too early is said to be, and openocd asks again
MEMACCESS = "h7.dap memaccess 8\n"


def content(size):
    return bytes((i * 7 + i // 256) & 0xff for i in range(size))


def must(*command, env=None):
    done = subprocess.run([str(c) for c in command], capture_output=True,
                          text=True, timeout=300, errors="replace",
                          env={**os.environ, **(env or {})})
    if done.returncode != 0:
        sys.exit(f"{command}\n{done.stdout[-2000:]}{done.stderr[-2000:]}")
    return done.stdout + done.stderr


class Files:
    """Content of both sizes, plain and as an image."""

    def __init__(self, b):
        self.raw, self.image = {}, {}
        for size in (SMALL, BIG):
            self.raw[size] = b.path / f"{size}.bin"
            self.raw[size].write_bytes(content(size))
            self.image[size] = b.image(H753, f"{size}.sfi", self.raw[size],
                                       "0x08000000")


class Pty:
    """Before a chip's pty: counts what goes through, either way."""

    def __init__(self, part):
        self.count = 0
        self.master, self.slave = os.openpty()
        self.chip = os.open(part.link, os.O_RDWR | os.O_NOCTTY)
        tty.setraw(self.slave)
        tty.setraw(self.chip)
        self.link = os.ttyname(self.slave)
        self.ended, self.end = os.pipe()
        self.thread = threading.Thread(target=self.serve)
        self.thread.start()

    def serve(self):
        ways = {self.master: self.chip, self.chip: self.master}
        while True:
            ready, _, _ = select.select([*ways, self.ended], [], [])
            if self.ended in ready:
                return
            for fd in ready:
                data = os.read(fd, 4096)
                self.count += len(data)
                os.write(ways[fd], data)

    def close(self):
        os.close(self.end)
        self.thread.join()


class Pins:
    """Between openocd and a chip's remote_bitbang: counts rising TCK."""

    def __init__(self, port):
        self.count, self.high = 0, False
        self.server = socket.create_server(("127.0.0.1", 0))
        self.port = self.server.getsockname()[1]
        self.chip_port = port
        self.thread = threading.Thread(target=self.serve, daemon=True)
        self.thread.start()

    def clocks(self, data):
        pins = bytes(c for c in data if 0x30 <= c <= 0x37)
        levels = bytes(1 if c >= 0x34 else 0 for c in pins)
        found = levels.count(b"\0\1")
        if levels and levels[0] == 1 and not self.high:
            found += 1
        if levels:
            self.high = levels[-1] == 1
        return found

    def serve(self):
        while True:
            host, _ = self.server.accept()
            chip = socket.create_connection(("127.0.0.1", self.chip_port))
            for s in (host, chip):
                s.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            ways = {host: chip, chip: host}
            while ways:
                for s in select.select(list(ways), [], [])[0]:
                    data = s.recv(65536)
                    if not data:
                        ways = {}
                        break
                    if s is host:
                        self.count += self.clocks(data)
                    ways[s].sendall(data)
            host.close()
            chip.close()


# ---- the links; each yields what was counted for a size ----

def usart_ours(b, files):
    part = b.chip(H753, "usart-ours").start()
    hsm = b.hsm(H753, "usart.vault", 1)
    line = Pty(part)

    def once(size):
        before = line.count
        must(PROGRAMS / "sfi-program", "-c", f"port={line.link}", "--yes", "-sfi",
             "protocol=static", files.image[size], *hsm)
        count = line.count - before
        must(PROGRAMS / "sfi-program", "-c", f"port={line.link}", "-e", "all")
        return count

    yield once
    line.close()


def usart_plain(b, files):
    part = b.chip(H753, "usart-plain").start()
    line = Pty(part)

    def once(size):
        before = line.count
        must(PROGRAMS / "sfi-program", "-c", f"port={line.link}", "-w",
             files.raw[size], "0x08000000")
        return line.count - before

    yield once
    line.close()


def usart_stm32flash(b, files):
    part = b.chip(H753, "usart-peer").start()
    line = Pty(part)

    def once(size):
        before = line.count
        must("stm32flash", "-m", "8n1", "-b", "115200", "-w", files.raw[size],
             "-S", "0x08000000", line.link)
        return line.count - before

    yield once
    line.close()


def usb(b, part, *command):
    """Control transfers, by the log of the real libusb."""
    out = must(PROGRAMS / "sfi-sim", "wrap", "--state", part.state, "--usb",
               "--", *command, env={"LIBUSB_DEBUG": "4"})
    return out.count("[libusb_submit_transfer]")


def usb_ours(b, files):
    part = b.chip(H753, "usb-ours")
    hsm = b.hsm(H753, "usb.vault", 1)

    def once(size):
        count = usb(b, part, PROGRAMS / "sfi-program", "-c", "port=usb1",
                    "--yes", "-sfi", "protocol=static", files.image[size], *hsm)
        usb(b, part, PROGRAMS / "sfi-program", "-c", "port=usb1", "-e", "all")
        return count

    yield once


def usb_plain(b, files):
    part = b.chip(H753, "usb-plain")

    def once(size):
        return usb(b, part, PROGRAMS / "sfi-program", "-c", "port=usb1", "-w",
                   files.raw[size], "0x08000000")

    yield once


def usb_dfu_util(b, files):
    part = b.chip(H753, "usb-peer")

    def once(size):
        return usb(b, part, "dfu-util", "-a", "0", "-s", "0x08000000", "-D",
                   files.raw[size])

    yield once


class Wired(test_jtag.Served):
    """A chip behind an openocd whose clocks are counted."""

    def start(self):
        self.process = subprocess.Popen(
            bench.command_line("sfi-sim", ["run", "--state", self.state,
                                           "--jtag", "127.0.0.1:0"]),
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, text=True)
        with self.process.stdout as out:
            port = int(re.search(r":(\d+)$", out.readline())[1])
        self.pins = Pins(port)
        return self

    def run(self, script):
        config = self.bench.path / "peer.cfg"
        config.write_text(
            test_jtag.CHAIN.format(port=self.pins.port, more="")
            .replace("tcl_port 0", "tcl_port disabled") + MEMACCESS + script +
            "\nshutdown\n")
        before = self.pins.count
        must("openocd", "-f", config)
        return self.pins.count - before

    def serve(self):
        """openocd's Tcl port, for ours."""
        config = self.bench.path / "ours.cfg"
        config.write_text(
            test_jtag.CHAIN.format(port=self.pins.port, more="") + MEMACCESS)
        self.openocd = subprocess.Popen(
            ["openocd", "-f", config], stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
        for line in self.openocd.stderr:
            tcl = re.search(r"Listening on port (\d+) for tcl", line)
            if tcl:
                break
        self.reader = threading.Thread(target=self.openocd.stderr.read)
        self.reader.start()
        self.port = f"openocd:127.0.0.1:{tcl[1]}"


def jtag_chip(b, name):
    part = Wired(b, H753, name)
    b.chips.append(part)
    return part.start()


def jtag_ours(b, files):
    part = jtag_chip(b, "jtag-ours")
    hsm = b.hsm(H753, "jtag.vault", 1)
    part.serve()

    def once(size):
        before = part.pins.count
        must(PROGRAMS / "sfi-program", "-c", f"port={part.port}", "--yes", "-sfi",
             "protocol=static", files.image[size], *hsm)
        count = part.pins.count - before
        must(PROGRAMS / "sfi-program", "-c", f"port={part.port}", "-e", "all")
        return count

    yield once
    part.end_openocd()


def jtag_openocd(b, files):
    part = jtag_chip(b, "jtag-peer")

    def once(size):
        return part.run(f"load_image {files.raw[size]} {RAM} bin")

    yield once


def ratio(bits):
    """Of the units that carry so many bits of content."""
    def of(size, units):
        return 8 * size / units / bits, "{:8.2%}"
    return of


def per_kib(size, units):
    return units * 1024 / size, "{:8.2f} per KiB"


LINKS = (
    ("USART  sfi-program -sfi", usart_ours, "bytes", ratio(8), 0.96),
    ("       sfi-program -w", usart_plain, "bytes", ratio(8), None),
    ("       stm32flash -w", usart_stm32flash, "bytes", ratio(8), None),
    ("DFU    sfi-program -sfi", usb_ours, "transfers", per_kib, 3.1),
    ("       sfi-program -w", usb_plain, "transfers", per_kib, None),
    ("       dfu-util -D", usb_dfu_util, "transfers", per_kib, None),
    ("JTAG   openocd, sfi-program -sfi", jtag_ours, "clocks", ratio(1), None),
    ("       openocd, load_image to RAM", jtag_openocd, "clocks", ratio(1),
     None),
)


def main():
    faults = []
    ours = subprocess.run([BUILD / "tests/bench/bench_links"],
                          env={**os.environ,
                               "SFI_TEST_SOURCE": str(bench.SOURCE)})
    if ours.returncode != 0:
        faults.append("an install uses less of its link than it should")
    b = bench.Bench()
    try:
        files = Files(b)
        for what, link, unit, figure, want in LINKS:
            for once in link(b, files):
                once(SMALL)  # the first makes the chip secure
                units = -once(SMALL) + once(BIG)
                value, form = figure(BIG - SMALL, units)
                print(f"{what:34}{BIG - SMALL:8}{units:10} {unit:10}"
                      f"{form.format(value)}", flush=True)
                if want is not None and (value < want if want < 1
                                         else value > want):
                    faults.append(f"{what.strip()}: {value}, not {want}")
    finally:
        b.close()
    sys.exit("\n".join(faults) if faults else 0)


if __name__ == "__main__":
    main()
