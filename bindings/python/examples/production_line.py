#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later
# Copyright The libsfi authors
"""A production station: one image, one HSM, many boards, a record of each.

    production_line.py IMAGE HSM RECORD PORT...

The PIN comes from the terminal, or from standard input.
"""
from __future__ import annotations

import getpass
import sys

import sfi


def main(image: str, hsm_name: str, record: str, *ports: str) -> int:
    states = ["waiting"] * len(ports)

    def show(index: int, progress: sfi.Progress) -> None:
        states[index] = f"{progress.name} {progress.fraction:4.0%}"
        if sys.stderr.isatty():
            print("\r\x1b[K" + " | ".join(states), end="", file=sys.stderr)

    pin = (getpass.getpass("PIN: ") if sys.stdin.isatty()
           else sys.stdin.readline().rstrip("\n"))
    with sfi.Hsm.open(hsm_name) as hsm:
        hsm.login(bytearray(pin.encode()))
        results = list(sfi.Gang(image, ports, hsm, record=record,
                                progress=show))
        for result in results:
            print(result if result.ok else f"{result}\n  {result.hint}")
        print(f"{hsm.info().remaining} installations left")
    return 0 if all(result.ok for result in results) else 1


if __name__ == "__main__":
    try:
        sys.exit(main(*sys.argv[1:]))
    except (TypeError, sfi.Error) as error:
        sys.exit(f"production_line: {error}")
