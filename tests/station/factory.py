# SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later
# Copyright The libsfi authors
"""A factory for the page: what an OEM has, a chip maker, and virtual chips."""

import contextlib
import os
import shutil
import subprocess
import time

from station import PATIENCE_S, PROGRAMS, SOURCE, Station, run

PIN = "4711-secret"
# A name that must be shown and not obeyed.
HOSTILE = "<img src=x onerror=document.title=1>\u202e'\"&amp;.elf"
SHOWN = HOSTILE.replace("\u202e", r"\u202e")


def must(program: str, *words: str) -> str:
    """A command that has to succeed."""
    done = run(PROGRAMS / program, *words)
    assert done.returncode == 0, done.stdout + done.stderr
    return str(done.stdout)


class Chip:
    """A virtual STM32H753xI on a pty."""

    def __init__(self, station: Station, name: str, maker: str = "maker"
                 ) -> None:
        self.state = os.path.join(station.home, name)
        self.port = station.path(name + ".tty")
        self.process: subprocess.Popen[bytes] | None = None
        must("sfi-sim", "manufacture", "--ca",
             os.path.join(station.home, maker), "--chip", "stm32h753xi",
             "--state", self.state)

    def plug(self, *words: str) -> None:
        """In, and powered; returns when it listens."""
        self.process = subprocess.Popen(
            [PROGRAMS / "sfi-sim", "run", "--state", self.state, "--usart",
             self.port, *words], stdout=subprocess.DEVNULL)
        until = time.monotonic() + PATIENCE_S
        while not os.path.exists(self.port):
            assert self.process.poll() is None, "the chip does not run"
            assert time.monotonic() < until, "the chip does not listen"
            time.sleep(0.005)

    def unplug(self) -> None:
        if self.process is not None:
            self.process.kill()
            self.process.wait()
            self.process = None
            with contextlib.suppress(FileNotFoundError):
                os.unlink(self.port)


class Factory(Station):
    """A station with what the OEM has in its folder, and chips."""

    def __init__(self, chips: int = 0, *options: str) -> None:
        super().__init__(*options)
        self.chips: list[Chip] = []
        for _ in range(chips):
            self.add_chip()
        for name, copy in (("blink-stm32h753xi.elf", "blink.elf"),
                           ("ob-stm32h753xi.csv", "ob.csv")):
            shutil.copyfile(SOURCE / "tests/data" / name, self.path(copy))
        if chips:
            maker = os.path.join(self.home, "maker")
            for name in os.listdir(maker):
                if name.startswith("45002001"):
                    shutil.copyfile(os.path.join(maker, name),
                                    self.path("maker.pd"))

    def add_chip(self, maker: str = "maker") -> Chip:
        chip = Chip(self, f"chip-{len(self.chips) + 1}", maker)
        self.chips.append(chip)
        return chip

    def image(self, name: str = "blink") -> None:
        """key, nonce and image by sfi-create, for what begins behind it."""
        must("sfi-create", "--genkey", self.path(name + ".key"),
             "--gennonce", self.path(name + ".nonce"))
        must("sfi-create", "-sfi", "-fir", self.path("blink.elf"), "-k",
             self.path(name + ".key"), "-n", self.path(name + ".nonce"), "-ob",
             self.path("ob.csv"), "-v", "1", "-devid", "0x450", "-o",
             self.path(name + ".sfi"))

    def vault(self, name: str, count: int, image: str = "blink") -> None:
        """An HSM by sfi-hsm, with PIN and audit.key."""
        pin = os.path.join(self.home, "pin")
        with open(pin, "w", encoding="ascii") as file:
            file.write(PIN + "\n")
        must("sfi-hsm", "-i", "vault:" + self.path(name), "-k",
             self.path(image + ".key"), "-n", self.path(image + ".nonce"),
             "-id", "blink-h753", "-mc", str(count), "-pd",
             self.path("maker.pd"), "--audit-key", self.path("audit.key"),
             "--pin-file", pin, "--yes")

    def close(self) -> None:
        for chip in self.chips:
            chip.unplug()
        super().close()
