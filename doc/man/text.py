# SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later
# Copyright The libsfi authors
"""The Markdown of doc/ as the blocks of headers.py, with two kinds more:

    ("table", ROWS)      lists of cells, of which the first is the heading
    ("title", TEXT)      a heading below the section's own
"""

import re

from headers import BULLET, indent, words

SKIPPED = re.compile(r"^!\[.*\)$")  # pictures


def cells(line):
    """Of a row; `a|b` and \\| are no borders."""
    line = line.strip()[1:].removesuffix("|")
    parts, inside, last = [""], False, ""
    for c in line:
        inside ^= c == "`"
        if c == "|" and not inside and last != "\\":
            parts.append("")
        else:
            parts[-1] += c
        last = c
    return [p.strip().replace("\\|", "|") for p in parts]


class Markdown:
    """The lines of a page, read once from top to bottom."""

    def __init__(self, lines):
        self.lines, self.at = lines, 0
        self.found, self.part = [], []

    def end(self):
        if self.part:
            self.found.append(("text", words(" ".join(self.part))))
            self.part = []

    def take(self, condition):
        taken = []
        while self.at < len(self.lines) and condition(self.lines[self.at]):
            taken.append(self.lines[self.at])
            self.at += 1
        return taken

    def fence(self):
        mark = self.lines[self.at].strip()[:3]
        self.at += 1
        code = self.take(lambda ln: not ln.strip().startswith(mark))
        self.at += 1
        margin = min((indent(ln) for ln in code if ln.strip()), default=0)
        self.found.append(("code", "\n".join(ln[margin:] for ln in code)))

    def code(self):
        code = self.take(lambda ln: not ln.strip() or indent(ln) >= 4)
        text = "\n".join(ln[4:] for ln in code).strip("\n")
        self.found.append(("code", text))

    def table(self):
        rows = [cells(ln) for ln in self.take(lambda ln:
                                              ln.strip().startswith("|"))]
        self.found.append(("table", [rows[0], *rows[2:]]))

    def item(self, bullet):
        kind = "list" if bullet[2] == "-" else "numbers"
        inside = bullet.end()
        first = " " * inside + self.lines[self.at][inside:]
        self.at += 1

        def belongs(line):
            return not line.strip() or indent(line) > len(bullet[1]) or \
                (not BULLET.match(line) and self.lines[self.at - 1].strip() and
                 not re.match(r"[#|`]", line))
        lines = [first, *self.take(belongs)]
        lines = [ln[min(inside, indent(ln)):] for ln in lines]
        if not self.found or self.found[-1][0] != kind:
            self.found.append((kind, []))
        self.found[-1][1].append(blocks(lines))

    def read(self):
        while self.at < len(self.lines):
            line = self.lines[self.at]
            bullet = BULLET.match(line)
            if line.strip().startswith("```"):
                self.end()
                self.fence()
            elif line.strip().startswith("|") and not self.part:
                self.table()
            elif bullet and not (self.part and bullet[2] != "-"):
                self.end()
                self.item(bullet)
            elif not self.part and line.startswith("    "):
                self.code()
            elif not line.strip() or SKIPPED.match(line):
                self.end()
                self.at += 1
            elif line.startswith("#"):
                self.end()
                self.found.append(("title", line.lstrip("#").strip()))
                self.at += 1
            else:
                self.part.append(line)
                self.at += 1
        self.end()
        return self.found


def blocks(lines):
    return Markdown(lines).read()


def chapters(text, level=2):
    """(title, blocks) of each chapter; "" is what stands before the first."""
    found, fenced = [("", [])], False
    for line in text.splitlines():
        fenced ^= line.strip().startswith("```")
        heading = re.match(rf"#{{1,{level}}} (.*)", line)
        if heading and not fenced:
            found.append((heading.group(1).strip(), []))
        else:
            found[-1][1].append(line)
    return [(title, blocks(lines)) for title, lines in found]
