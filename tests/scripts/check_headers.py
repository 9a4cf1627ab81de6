#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later
# Copyright The libsfi authors
"""Every public header compiles alone, as C99, C11 and C++11.

    check_headers.py INCLUDE_DIR -- CC ... -- CXX ...
"""

import pathlib
import subprocess
import sys
import tempfile

WARNINGS = ["-Wall", "-Wextra", "-Wpedantic", "-Wconversion", "-Wundef",
            "-Werror", "-fsyntax-only"]


def compiles(command, standard, include, text, suffix):
    with tempfile.NamedTemporaryFile("w", suffix=suffix) as f:
        f.write(text)
        f.flush()
        done = subprocess.run(
            command + [f"-std={standard}", *WARNINGS, f"-I{include}", f.name],
            capture_output=True, text=True)
    return done.returncode == 0, done.stderr


def check(include, cc, cxx):
    failed = 0
    headers = sorted(pathlib.Path(include, "sfi").glob("*.h"))
    ways = [(cc, "c99", ".c"), (cc, "c11", ".c")]
    if cxx:
        ways.append((cxx, "c++11", ".cc"))
    for header in headers:
        # twice, so that a missing include guard shows
        text = f"#include <sfi/{header.name}>\n" * 2
        for command, standard, suffix in ways:
            ok, why = compiles(command, standard, include, text, suffix)
            if not ok:
                failed += 1
                print(f"{header.name} as {standard}:\n{why}")
    # the check itself can fail
    for command, standard, suffix in ways:
        bad = "#include <sfi/no_such.h>\n"
        if compiles(command, standard, include, bad, suffix)[0]:
            failed += 1
            print(f"{standard}: a missing header was not noticed")
    print(f"{len(headers)} headers, {len(ways)} ways, {failed} failed")
    return failed or not headers


def main(args):
    first = args.index("--")
    second = args.index("--", first + 1)
    return check(args[0], args[first + 1:second], args[second + 1:])


if __name__ == "__main__":
    sys.exit(1 if main(sys.argv[1:]) else 0)
