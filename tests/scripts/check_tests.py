#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later
# Copyright The libsfi authors
"""Every test that doc/testing.md and doc/porting-device.md name in their tables of
bad input and of hardware that fails exists, and every row names one.  A fuzz
target has no functions for tests: the name is that of an input of its corpus."""

import re

import source

DOC = "doc/testing.md"
FAULTS = "doc/porting-device.md"
ROW = re.compile(r"^\| (?P<what>[^|`]+) \| (?P<tests>[^|]*) \|$", re.M)
FAULT_ROW = re.compile(
    r"^\| (?P<what>[^|\n]+) \| (?:[^|\n]*\|){3} (?P<tests>[^|\n]*) \|$", re.M)
NAME = re.compile(r"`([\w/.]+\.(?:py|c)): ([\w-]+)`")
FUZZ = re.compile(r"fuzz/fuzz_(\w+)\.c$")


def is_there(root, path, name):
    fuzz = FUZZ.match(path)
    if fuzz:
        return (root / "tests/fuzz/corpus" / fuzz.group(1) / name).is_file()
    return re.search(rf"^\s*(?:def {name}\(|START_TEST\({name}\))",
                     source.read(root, f"tests/{path}"), re.M)


def check_row(root, doc, line, tests):
    names = NAME.findall(tests)
    if not names:
        yield source.finding(doc, line, "names no test")
    for path, name in names:
        if not (root / "tests" / path).exists():
            yield source.finding(doc, line, f"no tests/{path}")
        elif not is_there(root, path, name):
            yield source.finding(doc, line, f"tests/{path} has no {name}")


def check_table(root, doc, title, shape):
    text = source.read(root, doc)
    begin = text.find(f"## {title.capitalize()}")
    rows = [m for m in shape.finditer(text, max(begin, 0))
            if m.group("what") not in ("input", "report", "what fails", "---")]
    if begin < 0 or not rows:
        return [source.finding(doc, 1, f"the table of {title} is gone")]
    return [f for m in rows
            for f in check_row(root, doc, source.line_of(text, m.start()),
                               m.group("tests"))]


def check(root):
    return (check_table(root, DOC, "bad input", ROW) +
            check_table(root, FAULTS, "hardware that fails", FAULT_ROW))


GOOD = "| key | `a/b.c: test_x` |\n"
GOOD_FAULT = "| ECC | parked | nothing | itself | `a/b.c: test_x` |\n"


def case(name, rows, *expected, faults=GOOD_FAULT):
    return (name, {DOC: "## Bad input\n\n| input | tests |\n|---|---|\n" + rows,
                   FAULTS: "## Hardware that fails\n\n" + faults,
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
    case("no such fault", GOOD, "b.c has no test_z",
         faults=GOOD_FAULT.replace("_x", "_z")),
    case("a fault without a test", GOOD, "names no test",
         faults="| ECC | parked | nothing | | see below |\n"),
    case("no faults", GOOD, "table of hardware that fails is gone",
         faults=""),
]

if __name__ == "__main__":
    source.main(check, CASES)
