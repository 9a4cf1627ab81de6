# SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later
# Copyright The libsfi authors
"""A part on a pty, for a host that is tried by hand.

    python3 -m rom LINK [--chip NAME] [--version V9.0] [--quirk NAME=VALUE]...
            [--pace typical|max] [--boot0 0] [--prints TEXT] [--after SECONDS]
            [--state FOLDER]
    python3 -m rom --wrap ROM_WRAP usb|spi [--chip ...] -- COMMAND...

It runs until it is interrupted.  What a host should not have done is printed.
With --wrap the part is a device of COMMAND's machine."""

import argparse
import pathlib
import signal
import sys
import time

from .line import Pty
from .part import Part
from .parts import MODELS
from .quirks import quirks_of
from .usart import Usart
from .wrap import Wrapped


def words():
    p = argparse.ArgumentParser(prog="rom")
    p.add_argument("link")
    p.add_argument("--chip", default="h753", choices=sorted(MODELS))
    p.add_argument("--version", default="V9.2")
    p.add_argument("--quirk", action="append", default=[])
    p.add_argument("--pace", choices=("typical", "max"))
    p.add_argument("--boot0", type=int, default=1)
    p.add_argument("--prints", default="", help="what the application prints")
    p.add_argument("--after", type=float, help="power comes after so long")
    p.add_argument("--state", type=pathlib.Path, help="keeps the memories")
    p.add_argument("--wrap", help="LINK is usb or spi, and COMMAND is run")
    p.add_argument("command", nargs="*")
    return p.parse_args()


def part_of(a):
    quirks = quirks_of(MODELS[a.chip], a.version)
    for word in a.quirk:
        quirks = quirks.with_text(word)
    part = Part(a.chip, a.version, quirks,
                {None: None, "typical": 0, "max": 1}[a.pace])
    part.app_text = a.prints.encode()
    if a.state:
        a.state.mkdir(exist_ok=True)
        part.keep(a.state)
    return part


def wrap(a, part):
    part.power_on(bool(a.boot0))
    return Wrapped(part, a.link).run(a.wrap, *a.command).returncode


def run(a, part):
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    with Pty(Usart(part), a.link) as line:
        time.sleep(a.after or 0)
        line.do(part.power_on, bool(a.boot0))
        print("ready", flush=True)
        told = 0
        try:
            while True:
                time.sleep(0.2)
                for note in part.notes[told:]:
                    print(note, flush=True)
                told = len(part.notes)
        except KeyboardInterrupt:
            return 0


def main():
    a = words()
    part = part_of(a)
    status = (wrap if a.wrap else run)(a, part)
    if a.state:
        part.save(a.state)
    sys.exit(status)


if __name__ == "__main__":
    main()
