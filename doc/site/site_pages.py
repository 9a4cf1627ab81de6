# SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later
# Copyright The libsfi authors
"""The pages of the site, by name: those of doc/ and of the root with links that
lead on within the site, and those that are made."""

import os
import re

import c_reference
import programs_reference
import python_reference
import sheet

# Pages that are beside what they are about.
INSIDE = ["bindings/python/README.md", "examples/board/README.md",
          "examples/bootloader/README.md", "examples/options/README.md",
          "tests/README.md"]
LINK = re.compile(r"(!?\[[^\]]*\])\(([^)#\s]+)(#[^)\s]*)?\)")
# Code stays as it is: blocks, indented blocks behind a blank line, spans.
CODE = re.compile(r"^(?P<fence>```+).*?^(?P=fence)|`[^`\n]+`"
                  r"|(?<=\n\n)(?:    .*\n+)+", re.M | re.S)
MENTION = re.compile(r"(?<![\w/\[`(])(doc/([\w-]+)\.md)(?![\w\]])")


def outside_code(text, change):
    done, at = [], 0
    for m in CODE.finditer(text):
        done += [change(text[at:m.start()]), m.group(0)]
        at = m.end()
    return "".join([*done, change(text[at:])])


class Tree:
    """The files that are pages, and those that pages point to."""

    def __init__(self, root, inside=INSIDE):
        self.root = root
        self.pages = {p.relative_to(root).as_posix(): p.name
                      for p in [*root.glob("*.md"), *root.glob("doc/*.md")]}
        self.pages |= {p: p.replace("/", "-") for p in inside}
        self.made = {}

    def target(self, folder, link):
        """A link of a page in this folder, as it is in the site."""
        path = os.path.normpath(os.path.join(folder, link))
        if path in self.pages:
            return self.pages[path]
        full = self.root / path
        if full.is_dir():
            return None
        if full.suffix == ".md":  # beside what it is about
            self.pages[path] = path.replace("/", "-")
            return self.pages[path]
        if path.startswith("doc/"):
            path = path[len("doc/"):]
        else:
            path = f"tree/{path}"
        self.made[path] = full.read_bytes()
        return path

    def links(self, text, folder):
        """The text of a page of this folder with the links of the site."""

        def link(m):
            words, where, anchor = m.groups()
            if "://" in where or where.startswith("mailto:"):
                return m.group(0)
            target = self.target(folder, where)
            if target is None:  # a folder of the tree
                return f"`{where.replace('../', '')}`"
            return f"{words}({target}{anchor or ''})"

        def mention(m):
            page = self.pages.get(m.group(1))
            return f"[{m.group(1)}]({page})" if page else m.group(0)

        return outside_code(LINK.sub(link, text),
                            lambda part: MENTION.sub(mention, part))

    def left(self):
        """The pages that are still to be made."""
        return [p for p, name in self.pages.items() if name not in self.made]

    def page(self, path):
        text = (self.root / path).read_text(encoding="utf-8")
        self.made[self.pages[path]] = self.links(text, os.path.dirname(path))


def front_page(tree, site):
    """A page that it does not place is among the last ones."""
    text = (site / "index.md").read_text(encoding="utf-8")
    names = tree.pages.values()
    placed = set(re.findall(r"^(?:.* <)?([\w/-]+)>?$", text, re.M))
    others = sorted({n.removesuffix(".md") for n in names} - placed)
    text = text.replace("@OTHERS@", "\n".join(others))
    return tree.links(text, site.relative_to(tree.root).as_posix())


def all_pages(root, site):
    tree = Tree(root)
    tree.made.update(programs_reference.pages(tree))
    while tree.left():
        tree.page(tree.left()[0])
    for path in (site / "static").rglob("*.*"):
        tree.made[path.relative_to(site).as_posix()] = path.read_bytes()
    tree.made["conf.py"] = (site / "conf.py").read_bytes()
    tree.made["index.md"] = front_page(tree, site)
    tree.made["quick-reference.pdf"] = sheet.pdf(root)
    tree.made["quick-reference.md"] += \
        "\n[This page as a PDF](quick-reference.pdf), A4.\n"
    tree.made.update(c_reference.pages(root))
    tree.made.update(python_reference.pages(root))
    return tree.made
