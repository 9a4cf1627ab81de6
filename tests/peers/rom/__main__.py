# SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later
# Copyright The libsfi authors
"""A part on a pty, for a host that is tried by hand.

    python3 -m rom LINK [--chip NAME] [--version V9.0] [--quirk NAME=VALUE]...
            [--pace typical|max] [--boot0 0] [--prints TEXT] [--after SECONDS]

It runs until it is interrupted.  What a host should not have done is printed."""

import argparse
import time

from .line import Pty
from .part import Part
from .parts import MODELS
from .quirks import quirks_of
from .usart import Usart


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
    return p.parse_args()


def main():
    a = words()
    quirks = quirks_of(MODELS[a.chip], a.version)
    for word in a.quirk:
        quirks = quirks.with_text(word)
    pace = {None: None, "typical": 0, "max": 1}[a.pace]
    part = Part(a.chip, a.version, quirks, pace)
    part.app_text = a.prints.encode()
    with Pty(Usart(part), a.link) as line:
        print("ready", flush=True)
        time.sleep(a.after or 0)
        line.do(part.power_on, bool(a.boot0))
        told = 0
        try:
            while True:
                time.sleep(0.2)
                for note in part.notes[told:]:
                    print(note, flush=True)
                told = len(part.notes)
        except KeyboardInterrupt:
            pass


if __name__ == "__main__":
    main()
