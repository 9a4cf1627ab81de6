#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later
# Copyright The libsfi authors
"""The device core compiles for a Cortex-M, needs nothing but itself there, and
is as small as it is.

    check_cross.py COMPILER ROOT SOURCE...
    check_cross.py --self-test

The compiler is a GNU one for arm-none-eabi.  Prints the size of each object:
a limit would only move, so it is for people to look at.
"""

import pathlib
import subprocess
import sys
import tempfile

from check_symbols import FREESTANDING, symbols

FLAGS = ["-std=c11", "-ffreestanding", "-Os", "-mthumb", "-Wall", "-Wextra",
         "-Wpedantic", "-Wconversion", "-Wsign-conversion", "-Wshadow",
         "-Wundef", "-Wvla", "-Werror", "-ffunction-sections",
         "-fdata-sections", "-c"]
CORES = ["cortex-m7", "cortex-m4"]
# What the compiler itself calls: there may be no C library to declare it.
STRING_H = """\
#include <stddef.h>
void *memcpy(void *, const void *, size_t);
void *memmove(void *, const void *, size_t);
void *memset(void *, int, size_t);
int memcmp(const void *, const void *, size_t);
"""
# The processor's run-time library: arithmetic that has no instruction.
RUNTIME = ("__aeabi_",)


def compile_one(compiler, core, root, source, folder):
    path = pathlib.Path(source)
    out = folder / f"{path.parent.name}-{path.stem}.o"
    include = [f"-I{root / i}" for i in (".", "include", "lib")]
    include.append(f"-idirafter{folder}")
    subprocess.run([compiler, f"-mcpu={core}", *FLAGS, *include, "-o", out,
                    source], check=True)
    return out


def sizes(compiler, objects):
    """(text, data, bss) of each object."""
    tool = compiler.removesuffix("gcc") + "size"
    out = subprocess.run([tool, *objects], check=True, capture_output=True,
                         text=True).stdout
    return [tuple(map(int, line.split()[:3])) for line in out.splitlines()[1:]]


def missing(pairs):
    defined = {n for n, kind in pairs if kind != "U"}
    wanted = {n for n, kind in pairs if kind == "U"}
    return sorted(n for n in wanted - defined - FREESTANDING
                  if not n.startswith(RUNTIME))


def host_only(pairs):
    """The option bytes' fields: texts that a boot loader has no use for."""
    return sorted({n for n, _ in pairs if n.startswith("sfi__chip_fields")})


def check(compiler, core, root, sources):
    found = []
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        (folder / "string.h").write_text(STRING_H, encoding="ascii")
        objects = [compile_one(compiler, core, root, s, folder)
                   for s in sources]
        rows = sizes(compiler, objects)
        pairs = set().union(*(symbols(o) for o in objects))
        for obj, row in zip(objects, rows):
            print(f"{core}: {obj.stem:20} text {row[0]:6} bss {row[2]:4}")
        total = [sum(r[i] for r in rows) for i in range(3)]
        print(f"{core}: {'total':20} text {total[0]:6} bss {total[2]:4}")
        if total[1] + total[2] > 0:
            found.append(f"{core}: the core has writable data of its own")
    found += [f"{core}: {n} is for hosts alone" for n in host_only(pairs)]
    return found + [f"{core}: {n} is missing" for n in missing(pairs)]


def self_test():
    rows = [
        ({("f", "T"), ("f", "U"), ("memcpy", "U")}, []),
        ({("f", "T"), ("__aeabi_uldivmod", "U")}, []),
        ({("f", "T"), ("puts", "U"), ("malloc", "U")}, ["malloc", "puts"]),
    ]
    if host_only({("sfi__chip_fields_x", "R")}) != ["sfi__chip_fields_x"]:
        return 1
    return 1 if any(missing(pairs) != want for pairs, want in rows) else 0


def main(args):
    if args == ["--self-test"]:
        return self_test()
    if len(args) < 3:
        sys.exit(__doc__)
    found = []
    for core in CORES:
        found += check(args[0], core, pathlib.Path(args[1]), args[2:])
    for f in found:
        print(f)
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
