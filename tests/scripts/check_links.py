#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later
# Copyright The libsfi authors
"""What a document points to in this tree is there."""

import re

import source

LINK = re.compile(r"\]\(([^)#\s]+)[^)]*\)")
PATH = re.compile(r"(?<![\w./$\"-])((?:doc|tests|scripts|lib|include|examples)"
                  r"/[\w./-]*\w/?)")
# In code: a document, and perhaps its section, maybe on the next line.
SECTION = re.compile(r'(doc/[\w-]+\.md)(?:,[\s*]+"([^"\n]+)")?')
DOCUMENTS = ["doc", "lib", "include", "examples", "tests"]


def headings(root, path):
    return re.findall(r"^#+ (.*)$", source.read(root, path), re.M)


def of_document(root, path, text):
    """(offset, what is not there) of a Markdown file."""
    for m in LINK.finditer(text):
        if "://" not in m.group(1) and \
                not (root / path.parent / m.group(1)).exists():
            yield m.start(), m.group(1)
    prose = re.sub(r"^```.*?^```", source.spaces, text, flags=re.M | re.S)
    for m in PATH.finditer(prose):
        if not (root / m.group(1)).exists():
            yield m.start(), m.group(1)


def of_code(root, _, text):
    for m in SECTION.finditer(text):
        name, section = m.groups()
        if not (root / name).exists():
            yield m.start(), name
        elif section and not any(section in h for h in headings(root, name)):
            yield m.start(), f"section \"{section}\" in {name}"


def check(root):
    found = []
    paths = [p.relative_to(root) for p in sorted(root.glob("*.md"))
             if p.name != "CHANGELOG.md"]
    for path in paths + source.files(root, DOCUMENTS, (".md", ".c", ".h")):
        text = source.read(root, path)
        look = of_document if path.suffix == ".md" else of_code
        found += [source.finding(path, source.line_of(text, at),
                                 f"there is no {what}")
                  for at, what in look(root, path, text)]
    return found


CASES = [
    ("good", {"README.md": "[a](doc/a.md#b) and [w](https://x/doc/y) lib/a\n",
              "doc/a.md": "see `lib/a/b.c`, [up](../README.md)\n",
              "lib/a/b.c": "/* doc/c.md,\n * \"Image\" */\n",
              "doc/c.md": "## Image\n"}, []),
    ("link", {"README.md": "[a](doc/b.md)\n", "doc/a.md": ""},
     ["README.md:1: there is no doc/b.md"]),
    ("prose", {"doc/a.md": "\n`lib/x.c` there\n"}, [":2: .* lib/x.c"]),
    ("comment", {"include/a.h": "/* doc/none.md, \"Image\" */\n"},
     ["no doc/none.md"]),
    ("section", {"include/a.h": "/* doc/c.md,\n * \"Area\" */\n",
                 "doc/c.md": "## Image\n"},
     [':1: there is no section "Area" in doc/c.md']),
    ("code blocks are not looked at", {"doc/a.md": "```\nlib/x.c\n```\n"}, []),
]

if __name__ == "__main__":
    source.main(check, CASES)
