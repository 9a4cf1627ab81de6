#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later
# Copyright The libsfi authors
"""Every public header compiles alone, as C99, C11 and C++11, and each enum has
a tag of its own, from which a generator of bindings takes a name.

    check_headers.py INCLUDE_DIR -- CC ... -- CXX ...
"""

import pathlib
import re
import subprocess
import sys
import tempfile

import source
from check_docs import DECLARATION, Declaration

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


def tag_faults(texts):
    """What is wrong with the tags of the enums of all headers."""
    plain = "\n".join(source.without_comments(t) for t in texts)
    tags = re.findall(r"\benum\s*(\w*)\s*\{\s*(\w+)", plain)
    other = {Declaration(m.group(1)).name
             for m in DECLARATION.finditer(plain)}
    other |= set(re.findall(r"\b(?:struct|union)\s+(\w+)", plain))
    other |= set(re.findall(r"^typedef\b[^;{]*?(\w+);", plain, re.M))
    for tag, first in tags:
        if not tag.startswith("sfi_"):
            yield f"the enum of {first} has no tag sfi_..."
        elif tag in other:
            yield f"enum {tag}: the name is also that of something else"


def check_tags(headers):
    faults = list(tag_faults([h.read_text(encoding="utf-8")
                              for h in headers]))
    good = "enum sfi_a { SFI_A };\nSFI_API int sfi_b(void);\n"
    rows = [(good, 0), ("enum { SFI_A };", 1), ("enum a { SFI_A };", 1),
            (good + "SFI_API int sfi_a(void);", 1),
            (good + "typedef int sfi_a;", 1),
            (good + "typedef struct sfi_a sfi_c;", 1),
            ("/* enum { SFI_A }; */", 0)]
    faults += [f"the check of tags misjudges: {text}" for text, want in rows
               if len(list(tag_faults([text]))) != want]
    print("\n".join(faults))
    return len(faults)


def check(include, cc, cxx):
    headers = sorted(pathlib.Path(include, "sfi").glob("*.h"))
    failed = check_tags(headers)
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
