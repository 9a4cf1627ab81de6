# SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later
# Copyright The libsfi authors
"""An open chip for sfi-program, of either model: a virtual chip, or with
SFI_MODEL=rom the independent bootloader in tests/peers/rom, which shares nothing
with the library.  SFI_LINK is the link of the chip: a pty (usart), or a device of
the machine (spi, usb, probe)."""

import contextlib
import os
import signal
import subprocess
import sys

from check import (PROGRAMS, SOURCE, case, port_name, run, running, same,
                   succeeds)

PROGRAM, SIM = PROGRAMS / "sfi-program", PROGRAMS / "sfi-sim"
LINK = os.environ.get("SFI_LINK", "usart")
IS_ROM = os.environ.get("SFI_MODEL", "sim") == "rom"
# The port, and the name of the link in messages.
DEVICES = {"spi": ("spidev0.0", "spi:/dev/spidev0.0"),
           "usb": ("usb1", "usb:path=1-1"),
           "probe": ("swd", "cmsis-dap:path=1-2")}


def case_of_sim(function):
    """A test for which the model in rom/ has nothing: of a secure chip, or of
    none."""
    return function if IS_ROM else case(function)


class Sim:
    """A new virtual chip."""

    def __init__(self, folder, name, number=0, version=None):
        self.state, self.tty = folder / f"chip-{number}", folder / f"tty-{number}"
        succeeds(SIM, "manufacture", "--ca", folder / "ca", "--chip", name,
                 "--state", self.state,
                 *(["--bootloader", version] if version else []))

    def wrap(self):
        return [SIM, "wrap", "--state", self.state, f"--{LINK}", "--"]

    def on_pty(self):
        return running(self.state, self.tty)

    def faults(self):
        return []


class Rom:
    """A new part of the model in rom/."""

    def __init__(self, folder, name, number=0, version=None):
        self.state, self.tty = folder / f"chip-{number}", folder / f"tty-{number}"
        self.state.mkdir(parents=True)
        # the stack of the test firmware is at the end of RAM, where Go of V9.x
        # fails (AN2606)
        self.words = ["env", f"PYTHONPATH={SOURCE}/tests/peers",
                      sys.executable, "-m", "rom", "--state", self.state,
                      "--chip", {"stm32h753xi": "h753",
                                 "stm32l462ce": "l462"}[name],
                      "--quirk", "go_stack=no"]
        if version:
            self.words += ["--version", version]
        if LINK == "usb":
            self.words += ["--quirk", "options_len=128"]
        if LINK in DEVICES:
            succeeds(*self.wrap(), "true")  # makes the files

    def wrap(self):
        return [*self.words, "--wrap", os.environ["SFI_ROM_WRAP"], LINK, "--"]

    @contextlib.contextmanager
    def on_pty(self):
        process = subprocess.Popen([*self.words, self.tty],
                                   stdout=subprocess.PIPE, text=True)
        try:
            assert "ready" in process.stdout.readline()
            yield
        finally:
            process.send_signal(signal.SIGTERM)
            process.stdout.read()
            same(process.wait(10), 0)
            process.stdout.close()

    def faults(self):
        """What a host should not have done."""
        notes = self.state / "notes"
        return notes.read_text().splitlines() if notes.exists() else []


class Link:
    """The link from sfi-program to a chip."""

    def __init__(self, part):
        self.port, self.device = DEVICES.get(LINK, (part.tty, None))
        self.before = part.wrap() if LINK in DEVICES else []
        self.flash = part.state / "flash.bin"
        self.state = part.state

    def __str__(self):
        return self.device or f"serial:{port_name(self.port)}"

    def run(self, *words):
        return run(*self.before, PROGRAM, "-c", f"port={self.port}", *words)

    def on(self, *words):
        """It succeeds.  A pty has no parity, which causes a warning."""
        done = self.run(*words)
        same(done.returncode, 0, f"{words}: {done.stdout}{done.stderr}")
        return done.stdout

    def refused(self, status, line, *words):
        done = self.run(*words)
        same(done.returncode, status, f"{words}: {done.stdout}{done.stderr}")
        assert line in done.stderr.splitlines(), f"{line}\n{done.stderr}"


@contextlib.contextmanager
def connected(folder, name="stm32h753xi", number=0, version=None):
    """A new chip on a link."""
    part = (Rom if IS_ROM else Sim)(folder, name, number, version)
    with contextlib.ExitStack() as power:
        if LINK not in DEVICES:
            power.enter_context(part.on_pty())
        yield Link(part)
    same(part.faults(), [], "what a host should not have done")
