#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later
# Copyright The libsfi authors
"""Every source file begins with its licence, and C with what the file is."""

import re

import source

LICENSE = "SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later"
OWNER = "Copyright The libsfi authors"
FOLDERS = [".ci", "lib", "include", "examples", "tests", "scripts", "bindings",
           "packaging"]
# Inputs, not sources.
NOT_SOURCE = ("tests/data/", "tests/fuzz/corpus/")
HASH = (".py", ".sh", ".build")
C = (".c", ".h", ".cpp", ".hpp", ".map")


def expected(path, text):
    """The two lines that the file must have; None: it is no source."""
    if path.suffix in C:
        return [f"/* {LICENSE} */", f"/* {OWNER} */"]
    if path.suffix in HASH or text.startswith("#!") or \
            path.name == "meson_options.txt":
        return [f"# {LICENSE}", f"# {OWNER}"]
    return None


def judge(path, text):
    want = expected(path, text)
    if want is None:
        return
    lines = text.split("\n")
    if lines[0].startswith("#!"):
        lines = lines[1:]
    for number, line in enumerate(want):
        if lines[number:number + 1] != [line]:
            yield source.finding(path, number + 1, f'expected "{line}"')
            return
    if path.suffix in (".c", ".h") and \
            not re.match(r"/\*", "\n".join(lines[2:])):
        yield source.finding(path, 3, "expected a comment that says what the "
                             "file is")


def check(root):
    found = []
    top = [p.relative_to(root) for p in sorted(root.glob("meson*"))
           if p.is_file()]
    for path in top + source.files(root, FOLDERS, None):
        if str(path).startswith(NOT_SOURCE):
            continue
        try:
            text = source.read(root, path)
        except UnicodeDecodeError:
            continue
        found += judge(path, text)
    return found


HEAD_C = f"/* {LICENSE} */\n/* {OWNER} */\n"
HEAD_PY = f"# {LICENSE}\n# {OWNER}\n"
CASES = [
    ("clean", {"lib/a.c": HEAD_C + "/* Bytes. */\n#include <b.h>\n",
               "include/sfi/a.h": HEAD_C + "/**\n * @file a.h\n */\n",
               "scripts/x": "#!/bin/sh\n" + HEAD_PY,
               "tests/a.py": HEAD_PY, "meson.build": HEAD_PY,
               "tests/data/a.c": "", "tests/data.txt": "free text\n"}, []),
    ("no licence", {"lib/a.c": "/* Bytes. */\n", "tests/a.py": "x = 1\n",
                    "meson.build": "\n"},
     ["lib/a.c:1: expected", "tests/a.py:1: expected", "meson.build:1:"]),
    ("no owner", {"lib/a.h": f"/* {LICENSE} */\n/* Bytes. */\n"},
     ["lib/a.h:2: expected"]),
    ("not what it is", {"lib/a.c": HEAD_C + "#include <b.h>\n"},
     ["lib/a.c:3: expected a comment"]),
]

if __name__ == "__main__":
    source.main(check, CASES)
