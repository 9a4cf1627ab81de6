# SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later
# Copyright The libsfi authors
"""A bench for tests: a CA, a vault, images, and virtual chips."""
from __future__ import annotations

import atexit
import functools
import pathlib
import shutil
import tempfile
from typing import Tuple

import kit
from kit import Case, sfi
from sfi import sim

CHIP = "stm32h753xi"
PIN = b"123456"
NONCE = bytes(range(12))
KEY = bytes(range(16))
BASE = 0x08000000


@functools.lru_cache(maxsize=None)
def folder() -> pathlib.Path:
    """A folder of this process, for what many tests copy."""
    path = pathlib.Path(tempfile.mkdtemp(prefix="sfi-bench-"))
    atexit.register(shutil.rmtree, path, ignore_errors=True)
    return path


@functools.lru_cache(maxsize=None)
def made_chip(part: str) -> pathlib.Path:
    """A chip that nobody has used: copy it."""
    with sfi.Context(log=None):
        sim.manufacture(part, folder() / "ca", folder() / part)
    return folder() / part


@functools.lru_cache(maxsize=None)
def vault(maximum: int) -> pathlib.Path:
    """A vault that nobody has used: copy it."""
    path = folder() / f"{maximum}.vault"
    part = sfi.chip(CHIP)
    made_chip(CHIP)
    with sfi.Context(log=None), sfi.Hsm.open(f"vault:{path}") as hsm:
        hsm.login(PIN)
        perso = next((folder() / "ca").glob(f"{part.product_id}*.pd"))
        hsm.provision(sfi.Key.from_bytes(KEY), NONCE, "blink", maximum,
                      sfi.Personalization.load(perso))
    return path


@functools.lru_cache(maxsize=None)
def image(part: str = CHIP, size: int = 3000, key: bytes = KEY) -> bytes:
    """An image for a part."""
    with sfi.Context(log=None):
        builder = sfi.ImageBuilder(part, sfi.Key.from_bytes(key), NONCE)
        builder.add_firmware(sfi.Firmware.parse(
            content(size), format="raw",
            base=BASE + (0x1000 if part.startswith("stm32l4") else 0)))
        builder.set_option_bytes(sfi.OptionBytes.load(
            kit.DATA / f"ob-{part}.csv", part))
        return builder.to_bytes()


def content(size: int) -> bytes:
    """A firmware that a bootloader would start."""
    vectors = (0x20001000).to_bytes(4, "little") + (
        BASE + 0x101).to_bytes(4, "little")
    return vectors + bytes(i * 7 % 251 for i in range(size - 8))


class BenchCase(Case):
    """A test with virtual chips and HSMs of its own."""

    def new_chip(self, name: str = "chip", part: str = CHIP) -> pathlib.Path:
        """The folder of a new chip; all of them are copies of one."""
        return pathlib.Path(shutil.copytree(made_chip(part), self.path(name)))

    def other_chip(self, name: str, part: str = CHIP) -> pathlib.Path:
        """The folder of a chip with keys of its own."""
        made_chip(part)
        sim.manufacture(part, folder() / "ca", self.path(name))
        return self.path(name)

    def simulator(self, name: str = "chip", part: str = CHIP
                  ) -> sim.Simulator:
        return sim.Simulator(self.new_chip(name, part))

    def hsm(self, maximum: int = 10) -> sfi.Hsm:
        """A vault of its own, logged in."""
        path = self.path("test.vault")
        if not path.exists():
            shutil.copy(vault(maximum), path)
        opened = sfi.Hsm.open(f"vault:{path}")
        opened.login(PIN)
        return opened

    def secure(self, name: str = "chip") -> Tuple[sim.Simulator, sfi.Target]:
        """A chip that is secure, and a session with it."""
        chip = self.simulator(name)
        target = sfi.Target.connect(chip.transport())
        target.activate_security()
        return chip, target
