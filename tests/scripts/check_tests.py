#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later
# Copyright The libsfi authors
"""The tiers and stages of scripts/test are those that its first lines list, and
those of doc/testing.md.  Every test that doc/testing.md and doc/porting-device.md name in their tables of
bad input and of hardware that fails exists, and every row names one.  A fuzz
target has no functions for tests: the name is that of an input of its corpus."""

import re

import source

DOC = "doc/testing.md"
FAULTS = "doc/porting-device.md"
RUNNER = "scripts/test"
LISTED = re.compile(r"^#   (\w+) +\S", re.M)
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


def rows_of(text, head):
    """The names in the first column of a table."""
    table = text.partition(f"| {head} |")[2].partition("\n\n")[0]
    return re.findall(r"^\| `(\w+)` \|", table, re.M)


def check_tiers(root):
    """What scripts/test lists, what it runs, and what the document has."""
    script, text = source.read(root, RUNNER), source.read(root, DOC)
    tiers, _, rest = script.partition("# The stages of ci")
    tiers, stages = LISTED.findall(tiers), LISTED.findall(rest)
    ran = re.search(r"^ +ci\) stages\+=\(([\w ]*)\)", script, re.M)
    for where, found, listed in (
            (RUNNER, ran[1].split() if ran else [], stages),
            (DOC, rows_of(text, "tier"), tiers),
            (DOC, rows_of(text, "stage"), stages)):
        if found != listed:
            yield source.finding(where, 1, f"has {' '.join(found)}, but the "
                                 f"first lines of {RUNNER} {' '.join(listed)}")


def check(root):
    return (list(check_tiers(root)) + check_table(root, DOC, "bad input", ROW) +
            check_table(root, FAULTS, "hardware that fails", FAULT_ROW))


LISTS = ("#   quick  x\n#   ci  x\n# The stages of ci, each:\n"
         "#   gcc  x\n#   bare  x\n\n    ci) stages+=(gcc bare) ;;\n")
TIERS = ("| tier | x |\n|---|---|\n| `quick` | x |\n| `ci` | x |\n\n"
         "| stage | x |\n|---|---|\n| `gcc` | x |\n| `bare` | x |\n\n")
GOOD = "| key | `a/b.c: test_x` |\n"
GOOD_FAULT = "| ECC | parked | nothing | itself | `a/b.c: test_x` |\n"


def case(name, rows, *expected, faults=GOOD_FAULT, lists=LISTS, tiers=TIERS):
    return (name, {DOC: tiers + "## Bad input\n\n| input | tests |\n|---|---|\n"
                   + rows, RUNNER: lists,
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
    case("a stage that does not run", GOOD, "has gcc, but",
         lists=LISTS.replace("(gcc bare)", "(gcc)")),
    case("a tier without a row", GOOD, "has quick, but",
         tiers=TIERS.replace("| `ci` | x |\n", "")),
    case("a stage without a row", GOOD, "has bare, but",
         tiers=TIERS.replace("| `gcc` | x |\n", "")),
    case("no such fault", GOOD, "b.c has no test_z",
         faults=GOOD_FAULT.replace("_x", "_z")),
    case("a fault without a test", GOOD, "names no test",
         faults="| ECC | parked | nothing | | see below |\n"),
    case("no faults", GOOD, "table of hardware that fails is gone",
         faults=""),
]

if __name__ == "__main__":
    source.main(check, CASES)
