#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later
# Copyright The libsfi authors
"""doc/errors.md has a row for every status and every cause, and no other."""

import re

import source

STATUS = re.compile(r"\bX\((SFI_ERR_\w+),\s*(-?\d+),")
CAUSE = re.compile(r"\b(SFI_CAUSE_\w+)\s*=\s*(0x[0-9a-fA-F]+|\d+)")
ROW = re.compile(r"^\| `(SFI_\w+)` \| (\S+) \|([^|\n]*)\|([^|\n]*)\|$", re.M)


def check(root):
    doc = "doc/errors.md"
    text = source.read(root, doc)
    known = dict(STATUS.findall(source.read(root, "lib/core/status_list.h")))
    header = source.read(root, "include/sfi/device.h")
    known.update(CAUSE.findall(source.without_comments(header)))
    found, seen = [], set()
    for m in ROW.finditer(text):
        name, value, meaning, remedy = (g.strip() for g in m.groups())
        line = source.line_of(text, m.start())
        if name in seen:
            found.append(source.finding(doc, line, f"{name} a second time"))
        seen.add(name)
        if name not in known:
            found.append(source.finding(doc, line, f"{name} does not exist"))
        elif value != known[name]:
            found.append(source.finding(
                doc, line, f"{name} is {known[name]}, not {value}"))
        if not meaning or not remedy:
            found.append(source.finding(
                doc, line, f"{name} needs a meaning and a remedy"))
    for name in sorted(set(known) - seen):
        found.append(source.finding(doc, 1, f"{name} has no row"))
    return found


def case(name, rows, *expected):
    return (name, {
        "doc/errors.md": rows,
        "lib/core/status_list.h": 'X(SFI_OK, 0, "") X(SFI_ERR_A, -101, "")',
        "include/sfi/device.h": "enum { SFI_CAUSE_B = 0x02 };",
    }, list(expected))


A = "| `SFI_ERR_A` | -101 | what | do |\n"
B = "| `SFI_CAUSE_B` | 0x02 | what | do |\n"
CASES = [
    case("complete", A + B),
    case("status missing", B, "SFI_ERR_A has no row"),
    case("cause missing", A, "SFI_CAUSE_B has no row"),
    case("too many", A + B + A.replace("_A", "_Z"), "SFI_ERR_Z does not exist"),
    case("twice", A + B + A, ":3: SFI_ERR_A a second time"),
    case("value", A.replace("101", "102") + B, "is -101, not -102"),
    case("no remedy", A.replace(" do ", " ") + B, "needs a meaning"),
]

if __name__ == "__main__":
    source.main(check, CASES)
