# SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later
# Copyright The libsfi authors
"""Sections 5 and 7: pages that are made of the Markdown in doc/."""

import mdoc
from reference import references


def write(pages, document):
    name, section, what, file, wanted = document
    w = mdoc.Writer(pages, name, markdown=True)
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
    found = {p for p in w.seen | more.seen if p[0] != name} | {("sfi", "7")}
    references(w, {p for p in found if p != (name, section)})
    return w.lines


def plain(title):
    return title.replace("`", "").replace('"', "")


def conventions(w, chapters):
    """What the marks of doc/format.md mean."""
    w.section("Conventions")
    w.blocks(chapters[0][1])
