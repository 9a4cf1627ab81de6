#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later
# Copyright The libsfi authors
"""The picture of the layers in doc/design.md, drawn from check_layers.py.

    draw_layers.py              print the picture
    draw_layers.py --write      put it into doc/design.md
    draw_layers.py --check      fail when doc/design.md has another one
    draw_layers.py --self-test  show that --check can fail
"""

import itertools
import sys

import check_layers
import source

DOC = "doc/design.md"
BEGIN = "<!-- begin: tests/scripts/draw_layers.py --write -->\n"
END = "<!-- end: tests/scripts/draw_layers.py -->\n"
WIDTH = 100


def ranks(table):
    """Folders by rank, the highest first.  A folder stands one rank above the
    highest of those that it names."""
    check_layers.closure(table)  # refuses a circle
    rank = {}

    def of(folder):
        if folder not in rank:
            rank[folder] = 1 + max(map(of, table[folder]), default=-1)
        return rank[folder]

    by_rank = sorted(table, key=lambda f: (-of(f), f))
    return itertools.groupby(by_rank, key=of)


def width(folder, table):
    return max(map(len, [folder] + table[folder]))


def rows(folders, table):
    """Folders side by side, as many as fit into a line."""
    row, used = [], 0
    for folder in folders:
        more = width(folder, table) + len("|  | ")
        if row and used + more > WIDTH:
            yield row
            row, used = [], 0
        row.append(folder)
        used += more
    yield row


def boxes(row, table):
    """The lines of a row: each folder, over what stands right below it."""
    height = max(len(table[f]) for f in row)
    columns = []
    for folder in row:
        wide = width(folder, table)
        rule = f"+{'-' * (wide + 2)}+"
        names = table[folder] + [""] * (height - len(table[folder]))
        columns.append([rule, f"| {folder:{wide}} |", rule,
                        *(f"| {name:{wide}} |" for name in names), rule])
    return [" ".join(parts) for parts in zip(*columns)]


def draw(table):
    lines = []
    for rank, folders in ranks(table):
        label = f"{rank:2} "
        for row in rows(folders, table):
            for line in boxes(row, table):
                lines.append(f"    {label}{line}")
                label = "   "
    return "\n".join(lines) + "\n"


def split(text):
    """The text before the picture, the picture, and the text after it."""
    if text.count(BEGIN) != 1 or text.count(END) != 1:
        return None
    before, rest = text.split(BEGIN)
    if END not in rest:
        return None
    picture, after = rest.split(END)
    return before, picture, after


def check(root):
    text = source.read(root, DOC)
    parts = split(text)
    if parts is None:
        return [source.finding(
            DOC, 1, f"expected one line {BEGIN.strip()} and then one line "
            f"{END.strip()}")]
    before, picture, _ = parts
    if picture != f"\n{draw(check_layers.BELOW)}\n":
        return [source.finding(
            DOC, source.line_of(text, len(before)),
            "the picture is not that of check_layers.py; run "
            "tests/scripts/draw_layers.py --write")]
    return []


def write(root):
    parts = split(source.read(root, DOC))
    if parts is None:
        sys.exit("\n".join(check(root)))
    before, _, after = parts
    picture = f"\n{draw(check_layers.BELOW)}\n"
    (root / DOC).write_text(before + BEGIN + picture + END + after,
                            encoding="utf-8")


def case(name, text, *expected):
    return (name, {DOC: text}, list(expected))


GOOD = f"# A\n\n{BEGIN}\n{draw(check_layers.BELOW)}\n{END}\nmore\n"
CASES = [
    case("as drawn", GOOD),
    case("a folder is missing", GOOD.replace("hsm/vault", "hsm/other"),
         "design.md:3: the picture is not"),
    case("empty", f"{BEGIN}{END}", "the picture is not"),
    case("another table", f"{BEGIN}\n{draw({'util': []})}\n{END}",
         "the picture is not"),
    case("no begin", GOOD.replace(BEGIN, ""), "expected one line"),
    case("no end", GOOD.replace(END, ""), "expected one line"),
    case("two pictures", GOOD + GOOD, "expected one line"),
    case("the wrong way round", f"{END}{BEGIN}", "expected one line"),
]

if __name__ == "__main__":
    if sys.argv[1:] == []:
        print(draw(check_layers.BELOW), end="")
    elif sys.argv[1:] == ["--write"]:
        write(source.ROOT)
    elif sys.argv[1:] == ["--check"]:
        sys.exit(source.run(check))
    elif sys.argv[1:] == ["--self-test"]:
        sys.exit(source.self_test(check, CASES))
    else:
        sys.exit(__doc__)
