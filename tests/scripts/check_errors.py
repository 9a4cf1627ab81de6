#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later
# Copyright The libsfi authors
"""doc/errors.md has a row for every status, every cause and every rule of the
preflight, and no other."""

import re

import source

STATUS = re.compile(r"\bX\((SFI_ERR_\w+),\s*(-?\d+),")
CAUSE = re.compile(r"\b(SFI_CAUSE_\w+)\s*=\s*(0x[0-9a-fA-F]+|\d+)")
ROW = re.compile(r"^\| `(SFI_\w+)` \| (\S+) \|([^|\n]*)\|([^|\n]*)\|$", re.M)


# A row of the table of rules, with its id, source and remedy among the strings.
STRING = r'"(?:[^"\\\n]|\\.)*"'
RULE = re.compile(r"\[RULE_\w+\]\s*=\s*(ERROR|WARNING|NOTE)\(((?:" + STRING +
                  r"|[^\"()])*)\)")
FOUND = re.compile(r"^\| `([a-z0-9-]+)` \| (error|warning|note) "
                   r"\|([^|\n]*)\|([^|\n]*)\|$", re.M)


def check_statuses(root):
    doc = "doc/errors.md"
    text = source.read(root, doc)
    known = dict(STATUS.findall(source.read(root, "lib/core/status_list.h")))
    header = source.read(root, "include/sfi/cause.h")
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


def rules(text):
    """Of each id: severity and remedy, which is the last argument."""
    known = {}
    for m in RULE.finditer(text):
        arguments = [""]
        for token in re.findall(STRING + r"|,|\w+", m.group(2)):
            if token == ",":
                arguments.append("")
            elif token[0] == '"':
                arguments[-1] += token[1:-1]
        known[arguments[0]] = (m.group(1).lower(), arguments[-1])
    return known


def check_rules(root):
    doc = "doc/errors.md"
    text = source.read(root, doc)
    known = rules(source.read(root, "lib/preflight/findings.c"))
    found, seen = [], set()
    for m in FOUND.finditer(text):
        name, severity, meaning, remedy = (g.strip() for g in m.groups())
        line = source.line_of(text, m.start())
        if name in seen:
            found.append(source.finding(doc, line, f"{name} a second time"))
        seen.add(name)
        if name not in known:
            found.append(source.finding(doc, line, f"{name} does not exist"))
        elif (severity, remedy) != known[name]:
            found.append(source.finding(
                doc, line, f"{name} is {known[name]}, not "
                f"{(severity, remedy)}"))
        elif not meaning:
            found.append(source.finding(doc, line, f"{name} needs a meaning"))
    for name in sorted(set(known) - seen):
        found.append(source.finding(doc, 1, f"{name} has no row"))
    return found


def check(root):
    return check_statuses(root) + check_rules(root)


def case(name, rows, *expected):
    return (name, {
        "doc/errors.md": rows,
        "lib/core/status_list.h": 'X(SFI_OK, 0, "") X(SFI_ERR_A, -101, "")',
        "include/sfi/cause.h": "enum { SFI_CAUSE_B = 0x02 };",
        "lib/preflight/findings.c":
            '[RULE_C] =\n ERROR("c-1", RANGE, "AN1, 2",\n "do, " "so")};',
    }, list(expected))


A = "| `SFI_ERR_A` | -101 | what | do |\n"
B = "| `SFI_CAUSE_B` | 0x02 | what | do |\n"
C = "| `c-1` | error | what | do, so |\n"
CASES = [
    case("complete", A + B + C),
    case("status missing", B + C, "SFI_ERR_A has no row"),
    case("cause missing", A + C, "SFI_CAUSE_B has no row"),
    case("too many", A + B + C + A.replace("_A", "_Z"), "SFI_ERR_Z does not exist"),
    case("twice", A + B + A + C, ":3: SFI_ERR_A a second time"),
    case("value", A.replace("101", "102") + B + C, "is -101, not -102"),
    case("rule missing", A + B, "c-1 has no row"),
    case("rule of another severity", A + B + C.replace("error", "note"),
         "c-1 is .*error.*, not .*note"),
    case("another remedy", A + B + C.replace("so", "thus"), "c-1 is "),
    case("rule twice", A + B + C + C, ":4: c-1 a second time"),
    case("rule too many", A + B + C + C.replace("c-1", "d"),
         "d does not exist"),
    case("rule without a meaning", A + B + C.replace(" what ", " "),
         "c-1 needs a meaning"),
    case("no remedy", A.replace(" do ", " ") + B + C, "needs a meaning"),
]

if __name__ == "__main__":
    source.main(check, CASES)
