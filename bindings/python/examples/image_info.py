#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later
# Copyright The libsfi authors
"""What an image puts where: a report, and a picture beside the image.

    image_info.py IMAGE CHIP [KEY NONCE]

Without key and nonce the places are known, but not the content.
"""
from __future__ import annotations

import argparse
import pathlib
import sys

import sfi


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("image", type=pathlib.Path)
    parser.add_argument("chip", help="such as " + sfi.chips()[0].name)
    parser.add_argument("key", nargs="?")
    parser.add_argument("nonce", nargs="?")
    args = parser.parse_args()
    key = sfi.Key.load(args.key) if args.key else None
    nonce = sfi.Nonce.load(args.nonce) if args.nonce else None

    for event in sfi.read_image(args.image, key, nonce):
        if isinstance(event, sfi.Header):
            print(f"{args.image}: {event.area_count} areas, "
                  f"tag {event.tag.hex()}")
    layout = sfi.image_layout(args.image, args.chip, key, nonce)
    print(layout.to_text(), end="")
    findings = layout.check()
    for finding in findings:
        print(f"{finding}\n  remedy: {finding.remedy}")
    picture = args.image.with_suffix(".svg")
    picture.write_text(layout.to_svg(args.image.name), "utf-8")
    print(f"{picture}: written")
    return int(any(f.severity == sfi.Severity.ERROR for f in findings))


if __name__ == "__main__":
    try:
        sys.exit(main())
    except sfi.Error as error:
        sys.exit(f"image_info: {error}\n{error.hint}")
