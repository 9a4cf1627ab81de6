#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later
# Copyright The libsfi authors
"""No library or program tells in which folder it was built, so that builds of two
folders are equal to the byte, and debug information is as well.

    check_paths.py BUILD FILE...
    check_paths.py --self-test CC...
"""

import os
import pathlib
import subprocess
import sys
import tempfile

import source


def traces(data, build, tree):
    """The names of folders that are in a file."""
    up = os.path.relpath(tree, build) + "/"
    told = [f"{up}{folder}/" for folder in ("lib", "examples", "include")]
    return [word for word in (f"{build}/", f"{tree}/lib", *told)
            if word.encode() in data]


def check(build, files):
    found = [f"{path}: built in a folder that it names: {', '.join(words)}"
             for path in files
             if (words := traces(pathlib.Path(path).read_bytes(), build,
                                 source.ROOT))]
    for line in found:
        print(line)
    return 1 if found else 0


def self_test(cc):
    """The compiler tells the folder unless it is told not to."""
    with tempfile.TemporaryDirectory() as folder:
        tree = pathlib.Path(folder).resolve()
        (tree / "lib").mkdir()
        (tree / "build").mkdir()
        (tree / "lib/a.c").write_text("const char *a = __FILE__;\n")
        for flags, wanted in (
                ([], True), (["-g"], True),
                (["-g", "-fmacro-prefix-map=../="], True),
                (["-g", "-fmacro-prefix-map=../=", "-fdebug-prefix-map=../=",
                  f"-fdebug-prefix-map={tree}/build=."], False)):
            subprocess.run([*cc, *flags, "-c", "../lib/a.c"],
                           cwd=tree / "build", check=True)
            data = (tree / "build/a.o").read_bytes()
            assert bool(traces(data, tree / "build", tree)) == wanted, flags


if __name__ == "__main__":
    if sys.argv[1:2] == ["--self-test"]:
        self_test(sys.argv[2:])
        sys.exit(0)
    if len(sys.argv) < 3:
        sys.exit(__doc__)
    sys.exit(check(pathlib.Path(sys.argv[1]).resolve(), sys.argv[2:]))
