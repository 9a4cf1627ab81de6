#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later
# Copyright The libsfi authors
"""Every test that doc/testing.md names exists, and every row names one.  A fuzz
target has no functions for tests: the name is that of an input of its corpus."""

import re

import source

DOC = "doc/testing.md"
ROW = re.compile(r"^\| (?P<what>[^|`]+) \| (?P<tests>[^|]*) \|$", re.M)
NAME = re.compile(r"`([\w/.]+\.(?:py|c)): ([\w-]+)`")
FUZZ = re.compile(r"fuzz/fuzz_(\w+)\.c$")


def is_there(root, path, name):
    fuzz = FUZZ.match(path)
    if fuzz:
        return (root / "tests/fuzz/corpus" / fuzz.group(1) / name).is_file()
    return re.search(rf"^\s*(?:def {name}\(|START_TEST\({name}\))",
                     source.read(root, f"tests/{path}"), re.M)


def check(root):
    text = source.read(root, DOC)
    begin = text.find("## Bad input")
    found = []
    rows = [m for m in ROW.finditer(text, max(begin, 0))
            if m.group("what") not in ("input", "report", "---")]
    if begin < 0 or not rows:
        return [source.finding(DOC, 1, "the table of bad input is gone")]
    for m in rows:
        line = source.line_of(text, m.start())
        names = NAME.findall(m.group("tests"))
        if not names:
            found.append(source.finding(DOC, line, "names no test"))
        for path, name in names:
            if not (root / "tests" / path).exists():
                found.append(source.finding(DOC, line, f"no tests/{path}"))
            elif not is_there(root, path, name):
                found.append(source.finding(
                    DOC, line, f"tests/{path} has no {name}"))
    return found


def case(name, rows, *expected):
    return (name, {DOC: "## Bad input\n\n| input | tests |\n|---|---|\n" + rows,
                   "tests/a/b.c": "START_TEST(test_x)\n",
                   "tests/c.py": "    def test_y(self):\n",
                   "tests/fuzz/fuzz_a.c": "int x;\n",
                   "tests/fuzz/corpus/a/b-c": "input"}, list(expected))


CASES = [
    case("all there", "| key | `a/b.c: test_x`, `c.py: test_y` |\n"),
    case("no such test", "| key | `a/b.c: test_z` |\n", "b.c has no test_z"),
    case("an input", "| key | `fuzz/fuzz_a.c: b-c` |\n"),
    case("no such input", "| key | `fuzz/fuzz_a.c: x` |\n",
         "fuzz_a.c has no x"),
    case("no such file", "| key | `a/z.c: test_x` |\n", "no tests/a/z.c"),
    case("no name", "| key | see below |\n", "names no test"),
    case("no rows", "", "table of bad input is gone"),
]

if __name__ == "__main__":
    source.main(check, CASES)
