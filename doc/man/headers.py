# SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later
# Copyright The libsfi authors
"""What the public headers say, for manual pages and for the site.

    for header in headers.read_all():
        for item in header.items:
            item.kind, item.name, item.doc.summary, ...

A text is a list of blocks, in which `this` is code and the names of functions,
types and statuses stand as they are:

    ("text", TEXT)            a paragraph
    ("title", TEXT)           a heading
    ("code", TEXT)            lines as they are
    ("list", [BLOCKS, ...])   items with a dash; ("numbers", ...) with numbers
"""

import dataclasses
import pathlib
import re
import sys

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tests/scripts"))

import source  # noqa: E402
from check_docs import split_parameters  # noqa: E402

LIBRARIES = {"sim.h": "sfi-sim", "sim_serve.h": "sfi-sim", "card.h": "sfi-sim",
             "device.h": "sfi-device"}
OPAQUE, SCALAR, CALLBACK = "handle", "type", "callback"
STRUCT, ENUM, MACRO, FUNCTION = "struct", "enum", "macro", "function"
BULLET = re.compile(r"( *)(-|\d+\.) +(?=\S)")
STATUS = r"(?:SFI_(?:OK|ERR_\w+)|any status\b)"
STATUSES = re.compile(rf"((?:{STATUS},\s+)*{STATUS})(?!,)\s*(.*)", re.S)


@dataclasses.dataclass
class Doc:
    """One comment."""

    blocks: list = dataclasses.field(default_factory=list)
    params: list = dataclasses.field(default_factory=list)  # (name, blocks)
    returns: str = ""    # what stands before the statuses: "SFI_OK, or"
    statuses: list = dataclasses.field(default_factory=list)  # ([name], text)
    waits: str = ""      # how long it blocks: "never", "on the file"
    thread: str = ""     # "any", "the context's"
    since: str = "1.0"

    @property
    def summary(self):
        """Its first sentence or phrase, without a point."""
        first = self.blocks[0][1] if self.blocks else ""
        return re.split(r"(?<=[^.])\.(?:\s|$)", first)[0].rstrip(".")


@dataclasses.dataclass
class Member:
    """Of a struct or an enum."""

    name: str
    declaration: str   # "uint32_t flags", "SFI_LINK_USART = 1"
    blocks: list
    group: str = ""    # of an enum: the remark above the first of some


@dataclasses.dataclass
class Item:
    """A name that a header brings."""

    kind: str
    name: str
    declaration: str   # C on one line, without SFI_API, with its semicolon
    doc: Doc
    line: int
    members: list = dataclasses.field(default_factory=list)
    result: str = ""   # of a function: its type
    arguments: list = dataclasses.field(default_factory=list)  # C, one each
    can_fail: bool = False  # the result may not be ignored


@dataclasses.dataclass
class Header:
    file: str          # "installer.h"
    library: str       # "sfi", "sfi-sim", "sfi-device"
    doc: Doc
    items: list
    includes: list     # other headers: "ctx.h"

    @property
    def name(self):
        return self.file[:-2]

    def of(self, *kinds):
        return [i for i in self.items if i.kind in kinds]


def words(text):
    return " ".join(text.split())


def indent(line):
    return len(line) - len(line.lstrip())


def blocks_of(lines):
    """Paragraphs, lists and code of lines whose margin is the first's."""
    found, part = [], []
    margin = min((indent(ln) for ln in lines if ln.strip()), default=0)

    def end():
        if part:
            found.append(("text", words(" ".join(part))))
            part.clear()

    at = 0
    while at < len(lines):
        line = lines[at]
        bullet = BULLET.match(line)
        if not line.strip():
            end()
            at += 1
        elif line.startswith("@par "):
            end()
            found.append(("title", line[5:].strip()))
            at += 1
        elif bullet and indent(line) - margin < 4:
            end()
            at = add_item(found, lines, at, bullet)
        elif not part and indent(line) - margin >= 4:
            at = add_code(found, lines, at, margin + 4)
        else:
            part.append(line)
            at += 1
    end()
    return found


def add_item(found, lines, at, bullet):
    """An item, to the list before it if there is one; where it ends."""
    kind = "list" if bullet[2] == "-" else "numbers"
    inside = bullet.end()
    item = [" " * inside + lines[at][inside:]]
    at += 1
    while at < len(lines) and (
            not lines[at].strip() or indent(lines[at]) >= inside or
            indent(lines[at]) > len(bullet[1]) and
            not BULLET.match(lines[at])):
        item.append(lines[at])
        at += 1
    if not found or found[-1][0] != kind:
        found.append((kind, []))
    found[-1][1].append(blocks_of(item))
    return at


def add_code(found, lines, at, margin):
    code = []
    while at < len(lines) and (not lines[at].strip() or
                               indent(lines[at]) >= margin):
        code.append(lines[at])
        at += 1
    margin = min(indent(ln) for ln in code if ln.strip())
    text = "\n".join(ln[margin:] for ln in code).strip("\n")
    found.append(("code", text))
    return at


def bare(comment):
    """The lines of a comment without its stars."""
    text = re.sub(r"^/\*+<?|\*/$", "", comment.strip())
    lines = [re.sub(r"^\s*\* ?", "", ln) for ln in text.split("\n")]
    lines[0] = lines[0].strip()
    return [ln.rstrip() for ln in lines]


def statuses_of(lines):
    """@return: what stands before the statuses, and each row of them."""
    head, rows = [], []
    for line in lines:
        inner = line.strip()
        if indent(line) == 2 and not (
                rows and re.fullmatch(r"(SFI_\w+,\s*)+", rows[-1] + " ")):
            rows.append(inner)
        elif rows:
            rows[-1] += " " + inner
        else:
            head.append(inner)
    return words(" ".join(head)), [status_row(words(r)) for r in rows]


def status_row(row):
    found = STATUSES.match(row)
    if not found:
        return [], row
    return re.findall(STATUS, found.group(1)), found.group(2)


def doc_of(comment):
    """A comment that stands before what it is about, or None, as a Doc."""
    doc = Doc()
    if comment is None:
        return doc
    lines = bare(comment)
    if lines and not lines[0]:
        lines = lines[1:]
    parts = [["", []]]
    for line in lines:
        tag = re.match(r"@(param|return|since|file)\b\s*(.*)|(Blocks:.*)", line)
        if tag:
            parts.append([tag.group(1) or "waits",
                          [tag.group(2) if tag.group(1) else tag.group(3)]])
        else:
            parts[-1][1].append(line)
    for tag, text in parts:
        add_part(doc, tag, text)
    return doc


def add_part(doc, tag, text):
    if tag in ("", "file"):
        doc.blocks += blocks_of(text[1:] if tag == "file" else text)
    elif tag == "param":
        name, _, rest = text[0].partition(" ")
        rest = [rest.strip()] + [ln.strip() for ln in text[1:]]
        doc.params.append((name, blocks_of(rest)))
    elif tag == "return":
        doc.returns, doc.statuses = statuses_of(text)
    elif tag == "since":
        doc.since = text[0].strip()
    else:
        said = re.match(r"Blocks: (.*?)\.?\s+Thread: (.*?)\.?$",
                        words(" ".join(text)))
        doc.waits, doc.thread = said.groups()


class Reader:
    """One header."""

    def __init__(self, path):
        self.text = path.read_text(encoding="utf-8")
        self.plain = source.without_comments(self.text)
        self.file = path.name

    def comment_before(self, at):
        """The comment that ends just before, or None."""
        head = self.text[:at].rstrip()
        found = head[head.rfind("/*"):]
        if not found.startswith("/**") or not head.endswith("*/") or \
                found.startswith("/**<") or "@file" in found:
            return None
        return found

    def comment_behind(self, at):
        found = re.match(r"[ \t]*(?:\n[ \t]*)?/\*\*<.*?\*/", self.text[at:],
                         re.S)
        return found.group(0) if found else None

    def item(self, kind, name, match, **more):
        end = match.end()
        comment = self.comment_before(match.start()) or \
            self.comment_behind(end)
        return Item(kind, name, words(match.group(0)), doc_of(comment),
                    source.line_of(self.text, match.start()), **more)

    def functions(self):
        for m in re.finditer(r"^SFI_API\b([^;]*);", self.plain, re.M):
            can_fail = "SFI_NODISCARD" in m.group(1)
            text = words(m.group(1).replace("SFI_NODISCARD", " "))
            result, name, inside = re.match(r"(.*?)(\w+)\s*\((.*)\)$",
                                            text).groups()
            arguments = [words(a) for a in split_parameters(inside)]
            item = self.item(FUNCTION, name, m, result=result.strip(),
                             arguments=arguments, can_fail=can_fail)
            item.declaration = text + ";"
            yield m.start(), item

    def types(self):
        for m in re.finditer(r"^typedef struct (\w+) \1;", self.plain, re.M):
            yield m.start(), self.item(OPAQUE, m.group(1), m)
        for m in re.finditer(r"^typedef\b[^;{(]*\(\*(\w+)\)[^;]*;", self.plain,
                             re.M):
            yield m.start(), self.item(CALLBACK, m.group(1), m)
        for m in re.finditer(r"^typedef (?!struct)[^;{(]*\b(\w+);", self.plain,
                             re.M):
            yield m.start(), self.item(SCALAR, m.group(1), m)

    def bodies(self):
        """Structs and enums, with their members."""
        for m in re.finditer(r"^typedef struct (\w+) \{(.*?)^\} \1;",
                             self.plain, re.M | re.S):
            item = self.item(STRUCT, m.group(1), m)
            item.declaration = f"typedef struct {m.group(1)} {m.group(1)};"
            item.members = list(self.members(m.start(2), m.end(2), ";"))
            yield m.start(), item
        for m in re.finditer(r"^enum (\w+) \{(.*?)^\};", self.plain,
                             re.M | re.S):
            item = self.item(ENUM, m.group(1), m)
            item.declaration = f"enum {m.group(1)};"
            item.members = list(self.members(m.start(2), m.end(2), ","))
            yield m.start(), item

    def members(self, start, end, separator):
        while self.plain[start:end].strip():
            stop = self.plain.find(separator, start, end)
            stop = end if stop < 0 else stop
            first = start + indent(self.plain[start:stop])
            text = words(self.plain[first:stop])
            last = first + len(self.plain[first:stop].rstrip())
            behind = self.comment_behind(min(stop + 1, end)) or \
                self.comment_behind(last)
            # what is just before, unless it is that of the member before
            before = self.comment_before(first)
            remark = re.search(r"/\* ((?:[^*]|\*(?!/))*)\*/\s*$",
                               self.text[start:first])
            lines = bare(before or behind or "")
            name = re.search(r"\(\*(\w+)\)", text) if separator == ";" else None
            name = name or (re.search(r"(\w+)(?:\[.*\])*$", text)
                            if separator == ";" else re.match(r"\w+", text))
            yield Member(name.group(1) if separator == ";" else name.group(0),
                         text, blocks_of(lines),
                         words(remark.group(1)) if remark else "")
            start = min(stop + 1, end)

    def macros(self):
        for m in re.finditer(r"^#define (SFI_\w+)((?:\([^)]*\))?)"
                             r"((?:[^\n]*\\\n)*[^\n]*)", self.plain, re.M):
            value = words(m.group(3).replace("\\\n", " "))
            if self.file == "api.h" or not value:
                continue
            item = self.item(MACRO, m.group(1), m)
            behind = self.comment_behind(m.start(3))
            line = re.match(r"[^\n]*?(/\*\*<.*?\*/)", self.text[m.start():],
                            re.S)
            if line and not behind and not item.doc.blocks:
                item.doc = doc_of(line.group(1))
            item.declaration = f"#define {m.group(1)}{m.group(2)} {value}"
            yield m.start(), item

    def header(self):
        top = re.search(r"/\*\*\s*\n \* @file.*?\*/", self.text, re.S)
        items = [*self.functions(), *self.types(), *self.bodies(),
                 *self.macros()]
        items = [item for _, item in sorted(items, key=lambda pair: pair[0])]
        return Header(self.file, LIBRARIES.get(self.file, "sfi"),
                      doc_of(top.group(0)), items,
                      re.findall(r"^#include <sfi/(\w+\.h)>", self.plain, re.M))


def read(path):
    return Reader(pathlib.Path(path)).header()


def read_all(folder=ROOT / "include/sfi"):
    """Every header, in the order of their names."""
    return [read(p) for p in sorted(pathlib.Path(folder).glob("*.h"))]
