#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later
# Copyright The libsfi authors
"""The names that a DLL exports: those of a version script that a static library
defines, as a module definition file.

    module_definition.py MAP LIBRARY OUTPUT NM
"""

import fnmatch
import pathlib
import re
import subprocess
import sys

COMMENT = re.compile(r"/\*.*?\*/", re.S)
GLOBAL = re.compile(r"\bglobal:(.*?)(?:\blocal:|\})", re.S)


def patterns(text):
    """The global names of all nodes; sfi__* is a pattern."""
    text = COMMENT.sub(" ", text)
    return [name.strip() for part in GLOBAL.findall(text)
            for name in part.split(";") if name.strip()]


def symbols(listing):
    """name -> is it data? of nm's lines of three words."""
    found = {}
    for line in listing.splitlines():
        words = line.split()
        if len(words) == 3 and words[1] in "TDRB":
            found[words[2]] = words[1] != "T"
    return found


def definition(names, defined):
    lines = ["EXPORTS"]
    for name in sorted(defined):
        if any(fnmatch.fnmatchcase(name, n) for n in names):
            lines.append(f"    {name}{' DATA' if defined[name] else ''}")
    missing = [n for n in names if "*" not in n and n not in defined]
    if missing:
        sys.exit(f"module_definition.py: not defined: {' '.join(missing)}")
    return "\n".join(lines) + "\n"


def main(version_script, library, output, nm):
    listing = subprocess.run([nm, "--defined-only", "--extern-only", library],
                             check=True, capture_output=True, text=True).stdout
    names = patterns(pathlib.Path(version_script).read_text(encoding="utf-8"))
    pathlib.Path(output).write_text(definition(names, symbols(listing)),
                                    encoding="utf-8")


if __name__ == "__main__":
    if len(sys.argv) != 5:
        sys.exit(__doc__)
    main(*sys.argv[1:])
