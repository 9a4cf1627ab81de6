# SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later
# Copyright The libsfi authors
"""The C reference as Markdown, for the site: a page for each header.

    markdown.py FOLDER     writes index.md and a page NAME.md for each header

Each name has an anchor of its own spelling, `(sfi_installer_run)=`, which is
MyST's; a name in a text is a link to it, and a status one to doc/errors.md when
`errors` says where that is.
"""

import pathlib
import re
import sys

import headers
from headers import CALLBACK, ENUM, FUNCTION, MACRO, OPAQUE, SCALAR, STRUCT

NAME = re.compile(r"(`[^`]*`)|(?:::)?\b((?:sfi|SFI)_\w+\b(?:\(\))?)(?!\*)")
PARTS = [("Handles", [OPAQUE]), ("Functions", [FUNCTION]),
         ("Types", [STRUCT, ENUM, CALLBACK, SCALAR]), ("Numbers", [MACRO])]


def where_all(all_headers):
    """The page of each name, "installer.md", by the name."""
    found = {}
    for h in all_headers:
        for i in h.items:
            found[i.name] = f"{h.name}.md"
            if i.kind == ENUM:
                found |= {m.name: f"{h.name}.md" for m in i.members}
    return found


class Writer:
    def __init__(self, where, errors=None):
        self.where = where
        self.errors = errors  # the page with an anchor for each status

    def link(self, name):
        bare = name.removesuffix("()")
        if self.errors and bare.startswith("SFI_ERR_"):
            return f"[`{name}`]({self.errors}#{bare.lower()})"
        if bare in self.where:
            return f"[`{name}`]({self.where[bare]}#{bare})"
        return f"`{name}`"

    def text(self, text):
        """A line of Markdown: nothing in it is markup but what we make."""
        parts, last = [], 0
        for m in NAME.finditer(text):
            parts.append(self.plain(text[last:m.start()]))
            parts.append(m[1] if m[1] else self.link(m[2]))
            last = m.end()
        return "".join([*parts, self.plain(text[last:])])

    @staticmethod
    def plain(text):
        return re.sub(r"([\\*_<>\[\]#|])", r"\\\1", text)

    def blocks(self, blocks, margin=""):
        lines = []
        for kind, content in blocks:
            if kind == "text":
                lines += [margin + self.text(content), ""]
            elif kind == "title":
                lines += [f"{margin}**{self.plain(content)}**", ""]
            elif kind == "code":
                lines += [margin + ln for ln in
                          ["```text", *content.split("\n"), "```"]] + [""]
            else:
                for number, item in enumerate(content, 1):
                    head = "- " if kind == "list" else f"{number}. "
                    inside = self.blocks(item, margin + " " * len(head))
                    inside[0] = margin + head + inside[0].lstrip()
                    lines += inside if len(item) > 1 else inside[:-1]
                lines.append("")
        return lines

    def cell(self, blocks):
        """In a table: one line."""
        return " ".join(ln.strip() for ln in self.blocks(blocks) if ln)

    def item(self, item):
        lines = [f"({item.name})=", f"### `{item.name}`", "", "```c",
                 *declaration(item), "```", ""]
        lines += self.blocks(item.doc.blocks)
        if item.members:
            head = "number" if item.kind == ENUM else "member"
            lines += [f"| {head} | |", "|---|---|"]
            for m in item.members:
                if item.kind == ENUM and m.group:
                    lines.append(f"| *{self.text(m.group)}* | |")
                lines.append(f"| `{m.declaration}` | {self.cell(m.blocks)} |")
            lines.append("")
        for name, blocks in item.doc.params:
            lines.append(f"- *{self.plain(name)}*: {self.cell(blocks)}")
        lines += [""] if item.doc.params else []
        lines += self.returns(item.doc)
        if item.kind == FUNCTION:
            lines += [f"Blocks: {self.text(item.doc.waits)}. "
                      f"Thread: {self.text(item.doc.thread)}. "
                      f"Since {item.doc.since}.", ""]
        return lines

    def returns(self, doc):
        if not doc.returns:
            return []
        lines = [f"Returns {self.text(doc.returns)}", ""]
        if doc.statuses:
            lines += ["| status | when |", "|---|---|"]
            for names, text in doc.statuses:
                lines.append(f"| {', '.join(self.text(n) for n in names)} | "
                             f"{self.text(text)} |")
            lines.append("")
        return lines

    def page(self, header):
        lines = [f"# `<sfi/{header.file}>`", "",
                 *self.blocks(header.doc.blocks),
                 f"Library: `lib{header.library}`.", ""]
        for title, kinds in PARTS:
            items = header.of(*kinds)
            if items:
                lines += [f"## {title}", ""]
                for item in items:
                    lines += self.item(item)
        return "\n".join(lines).rstrip() + "\n"


def declaration(item):
    """C as a person writes it."""
    if item.kind == STRUCT:
        return [f"typedef struct {item.name} {{",
                *(f"    {m.declaration};" for m in item.members),
                f"}} {item.name};"]
    if item.kind == ENUM:
        return [f"enum {item.name};"]
    if item.kind == FUNCTION and len(item.declaration) > 79:
        head = item.declaration.partition("(")[0]
        return [f"{head}(", *(f"    {a}," for a in item.arguments[:-1]),
                f"    {item.arguments[-1]});"]
    return [item.declaration]


def pages(errors=None):
    """(name of the file, text) of each page, and of the index."""
    every = headers.read_all()
    writer = Writer(where_all(every), errors)
    rows = [f"| [`<sfi/{h.file}>`]({h.name}.md) | "
            f"{writer.text(h.doc.summary)} |" for h in every]
    yield "index.md", "\n".join(["# C reference", "", "| header | |",
                                 "|---|---|", *rows, ""])
    for h in every:
        yield f"{h.name}.md", writer.page(h)


def main(folder):
    folder = pathlib.Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    for name, text in pages():
        (folder / name).write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main(*sys.argv[1:])
