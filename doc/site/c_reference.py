# SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later
# Copyright The libsfi authors
"""The reference of C: what doc/man/markdown.py makes of the headers, and where
each name is, from which names.py makes the links."""

import json

import headers
import markdown


def label(name):
    """Labels do not know capitals, and a macro may have a function's name."""
    return f"macro-{name}" if name.isupper() else name


class Writer(markdown.Writer):
    def link(self, name):
        return f"`{name}`"

    def item(self, item):
        lines = super().item(item)
        assert lines[0] == f"({item.name})="
        return [f"({label(item.name)})=", *lines[1:]]


def places(every):
    """{name: [page, label]} of each name, a number's being that of its enum."""
    found = {}
    for header in every:
        for item in header.items:
            for name in [item.name, *(m.name for m in item.members
                                      if item.kind == headers.ENUM)]:
                found[name] = [f"c/{header.name}", label(item.name).lower()]
        found[f"sfi/{header.file}"] = [f"c/{header.name}", ""]
        found[f"<sfi/{header.file}>"] = [f"c/{header.name}", ""]
    return found


def pages(root):
    every = headers.read_all(root / "include/sfi")
    writer = Writer({})
    rows = [f"| `<sfi/{h.file}>` | {writer.text(h.doc.summary)} |"
            for h in every]
    made = {f"c/{h.name}.md": writer.page(h) for h in every}
    made["c/index.md"] = "\n".join(
        ["# C reference", "", "| header | |", "|---|---|", *rows, "",
         "```{toctree}", ":hidden:", *(h.name for h in every), "```", ""])
    made["names.json"] = json.dumps(places(every))
    return made
