#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later
# Copyright The libsfi authors
"""Figures of the tree: sizes, names, and what the rules ask for.

    figures.py [FOLDER]    of one folder of lib alone: hsm or lib/hsm
"""

import collections
import pathlib
import re
import statistics
import sys

import check_first_lines
import source

CHAIN = re.compile(r"\bif \(st == SFI_OK\)\s*\n?\s*st = ")


def is_static(code, function):
    begin = max(code.rfind(c, 0, function.body) for c in ";}")
    return re.search(r"\bstatic\b", code[begin + 1:function.body]) is not None


def spread(numbers):
    numbers = sorted(numbers)
    return (f"median {statistics.median(numbers):g}, p90 "
            f"{numbers[len(numbers) * 9 // 10]}, max {numbers[-1]}")


def below_lib(folder):
    path = pathlib.PurePath(folder)
    return path if path.parts[:1] == ("lib",) else "lib" / path


def main(root, folder):
    folders = collections.Counter()
    lengths, static_names, shared = [], collections.defaultdict(list), []
    chains = 0
    for path in source.files(root, [below_lib(folder)]):
        text = source.read(root, path)
        chains += len(CHAIN.findall(text))
        if path.suffix != ".c":
            continue
        folders[str(path.parent)] += 1
        code = source.code_only(text)
        for f in source.functions(text):
            if f.name.isupper():
                continue
            lengths.append(f.lines)
            if is_static(code, f):
                static_names[f.name].append(str(path))
            else:
                shared.append(f.name)
    if not lengths:
        print(f"no functions in {below_lib(folder)}")
        return
    names = [n for n, where in static_names.items() for _ in where]
    twice = {n: w for n, w in static_names.items() if len(w) > 1}
    tops = [f for f in folders if f.count("/") == 1]
    print(f"folders: {len(folders)} ({len(tops)} right below lib), "
          f".c files: {sum(folders.values())}, largest: "
          + ", ".join(f"{f} {n}" for f, n in folders.most_common(3)))
    print(f"functions: {len(lengths)}, lines {spread(lengths)}")
    print(f"static functions: {len(names)}, name length average "
          f"{statistics.mean(map(len, names or [''])):.1f}, "
          f"{len(twice)} names in more than one file")
    for name, where in sorted(twice.items()):
        print(f"  {name}: {' '.join(where)}")
    bare = [n for n in shared if not n.startswith("sfi_")]
    print(f"shared functions: {len(shared)}, without the prefix: {len(bare)}")
    print(f"chains of 'if (st == SFI_OK) st =': {chains}")
    wrong = check_first_lines.check(root)
    print(f"files without licence lines or first comment: {len(wrong)}")


if __name__ == "__main__":
    main(source.ROOT, sys.argv[1] if len(sys.argv) > 1 else "")
