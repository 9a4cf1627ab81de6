#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later
# Copyright The libsfi authors
"""A file has at most 800 lines and a function 80; 400 and 40 are the habit.
A tutorial has less than 150."""

import source

FILE_LIMIT, FILE_HABIT = 800, 400
FUNCTION_LIMIT, FUNCTION_HABIT = 80, 40
TUTORIAL_LIMIT = 149
FOLDERS = ["lib", "include", "examples", "tests"]


def judge(path, line, what, lines, limit, habit):
    if lines > limit:
        yield source.finding(path, line, f"{what} has {lines} lines, "
                             f"the limit is {limit}")
    elif lines > habit:
        yield source.note(path, line, f"{what} has {lines} lines, "
                          f"the habit is {habit}")


def check(root):
    found = []
    for path in source.files(root, FOLDERS):
        text = source.read(root, path)
        tutorial = path.parts[:2] == ("examples", "tutorial")
        found += judge(path, 1, "the file", text.count("\n"),
                       TUTORIAL_LIMIT if tutorial else FILE_LIMIT, FILE_HABIT)
        for f in source.functions(text):
            found += judge(path, f.first, f"{f.name}()", f.lines,
                           FUNCTION_LIMIT, FUNCTION_HABIT)
    return found


def function(name, lines, head="static int\n"):
    body = "    x++;\n" * (lines - 3 - head.count("\n"))
    return f"{head}{name}(int x)\n{{\n{body}}}\n"


CASES = [
    ("short", {"lib/a.c": function("a", 40) * 2}, []),
    ("at the limit", {"lib/a.c": function("a", 80)}, ["note: a.. has 80"]),
    ("long function", {"lib/a.c": function("a", 9) + function("long", 81)},
     [r"lib/a.c:10: long\(\) has 81 lines, the limit is 80"]),
    ("long test", {"tests/a.c": "START_TEST(test_a)\n{\n" + "    x();\n" * 79
                   + "}\nEND_TEST\n"}, [r"test_a\(\) has 82 lines"]),
    ("braces in strings and comments",
     {"lib/a.c": 'int a(void)\n{\n    s = "{"; /* { */\n}\n'
      + function("b", 5)}, []),
    ("initialisers are no functions",
     {"lib/a.c": "static const int t[] = {\n" + "    1,\n" * 90 + "};\n"
      "struct s {\n    int x;\n};\n" + function("b", 81)},
     [r"b\(\) has 81"]),
    ("macros are no functions",
     {"lib/a.c": "#define M(x) \\\n    do { \\\n    } while (0)\n"
      + function("b", 82)}, [r"b\(\) has 82"]),
    ("attribute", {"lib/a.c": function(
        "b", 81, "__attribute__((format(printf, 1, 2)))\nint\n")},
     [r"b\(\) has 81"]),
    ("long file", {"include/a.h": "\n" * 801}, ["the file has 801"]),
    ("tutorial", {"examples/tutorial/a.c": "\n" * 149}, []),
    ("long tutorial", {"examples/tutorial/a.c": "\n" * 150},
     ["has 150 lines, the limit is 149"]),
    ("longer than the habit", {"include/a.h": "\n" * 401}, ["note: .* 401"]),
]

if __name__ == "__main__":
    source.main(check, CASES)
