#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later
# Copyright The libsfi authors
"""A build with -Dbootloader=disabled has nothing of it: no target is defined
in examples/bootloader or made of its files or of Mbed TLS, no test runs one.

    check_no_bootloader.py BUILD
    check_no_bootloader.py --self-test
"""

import json
import pathlib
import sys

WORDS = ("examples/bootloader", "mbedtls", "secure-boot.elf",
         "bootloader.elf")


def traces(targets, tests):
    """Names of targets and tests that have one of the words in them."""
    for target in targets:
        words = [target["defined_in"], *target["filename"]]
        for source in target["target_sources"]:
            words += source.get("sources", []) + source.get("parameters", [])
        if any(word in text for word in WORDS for text in words):
            yield f"target {target['name']}"
    for test in tests:
        words = [*test["cmd"], *test["env"].values()]
        if any(word in text for word in WORDS for text in words):
            yield f"test {test['name']}"


def read(build, name):
    path = pathlib.Path(build) / "meson-info" / f"intro-{name}.json"
    return json.loads(path.read_text(encoding="utf-8"))


def self_test():
    clean = {"name": "sfi", "defined_in": "lib/meson.build",
             "filename": ["lib/libsfi.so"],
             "target_sources": [{"sources": ["lib/util/mem.c"]}]}
    image = {**clean, "name": "image",
             "target_sources": [{"sources": ["/x/mbedtls/library/ecp.c"]}]}
    test = {"name": "cuts", "cmd": ["test_cuts"], "env": {}}
    run = {**test, "env": {"SFI_TEST_BOOTLOADER": "x/bootloader.elf"}}
    assert list(traces([clean], [test])) == []
    assert list(traces([clean, image], [run])) == ["target image", "test cuts"]


def main(args):
    if args == ["--self-test"]:
        return self_test()
    if len(args) != 1:
        sys.exit(__doc__)
    found = list(traces(read(args[0], "targets"), read(args[0], "tests")))
    for what in found:
        print(f"{what}: is of the bootloader, which is disabled")
    return 1 if found else None


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
