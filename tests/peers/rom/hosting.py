# SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later
# Copyright The libsfi authors
"""What the tests of the host with the model share."""

import dataclasses
import pathlib
import random
import sys

from .bench import Bench
from .part import Part
from .parts import MODELS
from .quirks import quirks_of

HOST = pathlib.Path(sys.argv[1])
BASE = 0x08000000
H7_SECTOR = 128 << 10
LINKS = ("usart", "spi", "dfu")
FRAMES = ("usart", "spi")
#: the parts, and the links that this library has to them
PARTS = [("h753", link) for link in LINKS] + [("l462", link) for link in FRAMES]
VERSIONS = ("V13.2", "V13.3", "V9.0", "V9.1", "V9.2")
#: how option bytes are written, by who says so
RULES = ("strict", "ignore", "openbl", "lenient")


def bench(link="usart", name="h753", version="V9.2", pace=None, on=True,
          reset_line=False, speeds=(), delay_s=0.0, **changes):
    """A part that is in its bootloader, or without power yet."""
    if link == "dfu":
        changes = DFU | changes
    quirks = dataclasses.replace(quirks_of(MODELS[name], version), **changes)
    b = Bench(HOST, Part(name, version, quirks, pace), link, reset_line, speeds,
              delay_s)
    if on:
        b.part.power_on()
        b.pass_time(1.0)
        if link == "dfu":
            b.front.attach()
    return b


def good(b, *words, notes=True, seconds=600.0):
    """It succeeds, and the host does nothing that it should not."""
    done = b.run(*words, seconds=seconds)
    if done.status != "SFI_OK" or notes and b.part.notes:
        raise AssertionError(f"{b.kind} {words}: {done} {b.part.notes}")
    return done


def bad(b, status, *words):
    done = b.run(*words)
    if done.status != status:
        raise AssertionError(f"{b.kind} {words}, not {status}: {done} "
                             f"{b.part.notes}")
    return done


def blob(folder, size, seed=1):
    path = folder / f"{size}-{seed}.bin"
    path.write_bytes(random.Random(seed).randbytes(size))
    return path


def table(folder, stack, entry=BASE + 0x201):
    """A program: its vector table."""
    path = folder / f"{stack:x}.bin"
    path.write_bytes(stack.to_bytes(4, "little") + entry.to_bytes(4, "little") +
                     bytes(24))
    return path


#: the length of an H753's option bytes over USB, as its name says
DFU = {"options_len": 128}
