# SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later
# Copyright The libsfi authors
"""Sections 5 and 7: pages that are made of the Markdown in doc/."""

import mdoc
from reference import references

FEW = 12  # pages


def write(pages, document):
    name, section, what, file, wanted = document
    w = mdoc.Writer(pages, name, markdown=True, document=file)
    w.section("Name")
    w.add(f".Nm {name}", f".Nd {what}")
    chapters = [(t, b) for t, b in pages.chapters[file] if t or b]
    parts = [(t, b) for t, b in chapters if t in wanted] if wanted else chapters
    missing = set(wanted) - {t for t, _ in chapters}
    if missing:
        raise SystemExit(f"doc/{file}: no chapter {sorted(missing)}")
    see = []
    for number, (title, blocks) in enumerate(parts):
        if title.lower() == "see also":
            see = blocks
            continue
        w.section("Description" if number == 0 else plain(title))
        w.blocks(blocks)
    if file == "format.md":
        conventions(w, chapters)
    more = mdoc.Writer(pages, name, markdown=True)
    more.blocks(see)
    w.section("See also")
    found = w.seen | more.seen | named_by(pages, name) | {("sfi", "7")}
    references(w, {p for p in found if p != (name, section)})
    return w.lines


def named_by(pages, name):
    """The pages that refer to this one, unless it is one that all name."""
    found = pages.named_by[name]
    return found if len(found) < FEW else {p for p in found if p[1] == "1"}


def plain(title):
    return title.replace("`", "").replace('"', "")


def conventions(w, chapters):
    """What the marks of doc/format.md mean."""
    w.section("Conventions")
    (kind, first), *others = chapters[0][1]
    w.blocks([(kind, first.partition(". ")[2]), *others])
