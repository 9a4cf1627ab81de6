#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later
# Copyright The libsfi authors
"""Licences for a folder of certificates, where the HSM is not at the line.

    license_batch.py HSM CERTIFICATES STORE

The PIN comes from the terminal, or from standard input.
"""
from __future__ import annotations

import getpass
import pathlib
import sys

import sfi


def main(hsm_name: str, folder: str, store_name: str) -> int:
    paths = sorted(pathlib.Path(folder).glob("*.cert"))
    certificates = [sfi.Certificate.load(path) for path in paths]
    store = sfi.LicenseStore(store_name, create=True)
    pin = (getpass.getpass("PIN: ") if sys.stdin.isatty()
           else sys.stdin.readline().rstrip("\n"))
    refused = 0

    def keep(result: sfi.LicenseResult) -> None:
        nonlocal refused
        if result.license is None:
            refused += 1
            print(f"{paths[result.index]}: {result.error}", file=sys.stderr)
        else:
            store[certificates[result.index]] = result.license

    with sfi.Hsm.open(hsm_name) as hsm:
        hsm.login(bytearray(pin.encode()))
        sfi.generate_licenses(hsm, certificates, keep)
        print(f"{len(paths) - refused} licences in {store_name}, "
              f"{hsm.info().remaining} installations left")
    return 1 if refused else 0


if __name__ == "__main__":
    try:
        sys.exit(main(*sys.argv[1:]))
    except (TypeError, sfi.Error) as error:
        sys.exit(f"license_batch: {error}")
