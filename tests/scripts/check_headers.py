#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later
# Copyright The libsfi authors
"""Every public header compiles without any warning, and each enum has a tag of
its own, from which a generator of bindings takes a name.

    check_headers.py INCLUDE_DIR -- CC ... -- CXX ...

Each header compiles alone as C99, C11 and C++11; all of them together from C99
to C23 and from C++11 to C++20, with gcc and clang where they are there.
"""

import pathlib
import re
import shutil
import subprocess
import sys
import tempfile

import source
from check_docs import DECLARATION, Declaration

WARNINGS = ["-Wall", "-Wextra", "-Wpedantic", "-Wconversion", "-Wundef",
            "-Wsign-conversion", "-Wshadow", "-Wcast-qual", "-Wcast-align",
            "-Wredundant-decls", "-Wformat=2", "-Werror", "-fsyntax-only"]
C = ["c99", "c11", "c17", "c2x"]
CXX = ["c++11", "c++14", "c++17", "c++20"]
OF_C = ["-Wstrict-prototypes", "-Wmissing-prototypes"]
# -Weverything also speaks of layout, and of standards of the past.
OTHERS = [
    ("gcc", C, [*OF_C, "-Wc++-compat"]),
    ("clang", C, [*OF_C, "-Weverything", "-Wno-padded"]),
    ("g++", CXX, ["-Wold-style-cast", "-Wzero-as-null-pointer-constant",
                  "-Wuseless-cast"]),
    ("clang++", CXX, ["-Weverything", "-Wno-padded", "-Wno-c++98-compat",
                      "-Wno-c++98-compat-pedantic"]),
]


class Way:
    """A compiler, a standard, and what to warn of."""

    def __init__(self, command, standard, more=()):
        self.command = [*command, f"-std={standard}", *WARNINGS, *more]
        self.name = f"{command[-1]} as {standard}"
        self.is_cxx = "++" in standard

    def fault(self, include, text):
        """What the compiler says of a text, or None."""
        suffix = ".cc" if self.is_cxx else ".c"
        with tempfile.NamedTemporaryFile("w", suffix=suffix) as f:
            f.write(text)
            f.flush()
            done = subprocess.run([*self.command, f"-I{include}", f.name],
                                  capture_output=True, text=True)
        return None if done.returncode == 0 else \
            f"{self.name}:\n{done.stderr}"


def all_ways(include):
    """Every standard of every compiler; an older one does not know them all."""
    for name, standards, warnings in OTHERS:
        if shutil.which(name):
            for standard in standards:
                way = Way([name], standard, warnings)
                if way.fault(include, "extern int x;\n") is None:
                    yield way


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
    wrappers = sorted(pathlib.Path(include, "sfi").glob("*.hpp"))
    failed = check_tags(headers)
    alone = [Way(cc, "c99"), Way(cc, "c11")]
    if cxx:
        alone.append(Way(cxx, "c++11"))
    together = list(all_ways(include))
    # twice, so that a missing include guard shows
    trials = [(way, f"#include <sfi/{header.name}>\n" * 2)
              for header in headers for way in alone]
    everything = "".join(f"#include <sfi/{h.name}>\n" for h in headers)
    trials += [(way, everything) for way in together]
    # code for C++17, not part of the ABI
    trials += [(Way(cxx, CXX[2]), f"#include <sfi/{w.name}>\n" * 2)
               for w in wrappers if cxx]
    trials += [(Way([name], standard),
                "".join(f"#include <sfi/{w.name}>\n" for w in wrappers))
               for standard in CXX[2:]
               for name in ("g++", "clang++") if shutil.which(name)]
    for way, text in trials:
        fault = way.fault(include, text)
        if fault:
            failed += 1
            print(fault)
    # the check itself can fail
    for way in alone + together:
        for bad in ("#include <sfi/no_such.h>\n",
                    "static inline char a(int b)\n{\n    return b;\n}\n"):
            if way.fault(include, bad) is None:
                failed += 1
                print(f"{way.name}: {bad} was not noticed")
    print(f"{len(headers)} headers alone in {len(alone)} ways, together in "
          f"{len(together)}: {', '.join(w.name for w in together)}; "
          f"{failed} failed")
    return failed or not headers


def main(args):
    first = args.index("--")
    second = args.index("--", first + 1)
    return check(args[0], args[first + 1:second], args[second + 1:])


if __name__ == "__main__":
    sys.exit(1 if main(sys.argv[1:]) else 0)
