# SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later
# Copyright The libsfi authors
"""Which manual pages there are, and what is described in which."""

import collections
import re

import headers
import text

DOC = headers.ROOT / "doc"
PROGRAMS = ["sfi-board", "sfi-card", "sfi-create", "sfi-hsm", "sfi-info",
            "sfi-program", "sfi-served", "sfi-sim", "sfi-station"]

# Pages that are made of doc/: name, section, what it is, file, chapters (all,
# if there are none).
DOCUMENTS = [
    ("sfi-image", "5", "images of secure firmware, and modules", "format.md",
     ["Image", "Module"]),
    ("sfi-key", "5", "files of keys and nonces, and of used nonces",
     "format.md", ["Key files", "Register of nonces"]),
    ("sfi-option-bytes", "5", "option bytes as CSV", "format.md",
     ["Option bytes"]),
    ("sfi-certificate", "5", "certificates of chips", "format.md",
     ["Certificate"]),
    ("sfi-license", "5", "licences, and folders of them", "format.md",
     ["Licence"]),
    ("sfi-receipt", "5", "receipts of installed chips", "format.md",
     ["Receipt"]),
    ("sfi-personalization", "5", "personalisation files of HSMs", "format.md",
     ["Personalisation"]),
    ("sfi-vault", "5", "HSMs in a file or a database", "format.md",
     ["Vault"]),
    ("sfi-audit", "5", "audit logs of HSMs", "format.md", ["Audit log"]),
    ("sfi-lease", "5", "leases of installations, and restored HSMs",
     "format.md", ["Lease", "Fence", "Restored HSM"]),
    ("sfi-job", "5", "orders of boards for sfi-program", "job.md", []),
    ("sfi-record", "5", "records of sfi-program, a line for each chip",
     "json.md", ["The record"]),
    ("sfi-trace", "5", "traces of the traffic of a link", "protocol.md",
     ["Traces"]),
    ("sfi-json", "5", "what programs write for machines", "json.md", []),
    ("sfi-served.conf", "5", "configuration of sfi-served", "served.md",
     ["The configuration"]),
    ("sfi-errors", "7", "every error: what it means, what to do", "errors.md",
     []),
    ("sfi-line", "7", "a production line of many stations", "line.md", []),
    ("sfi", "7", "secure firmware install on STM32", "man/sfi.md", []),
]


def slug(title):
    """The anchor of a heading, as GitHub makes it."""
    return re.sub(r"[^\w -]", "", title.lower()).replace(" ", "-")


class Pages:
    """All of them, and where a name, a document or a program is."""

    def __init__(self):
        self.headers = [h for h in headers.read_all() if h.file != "sfi.h"]
        self.names = {}  # of C: its page
        self.named_by = collections.defaultdict(set)  # pages, by a page's name
        for h in self.headers:
            for item in h.items:
                self.names[item.name] = page_of(h)
                if item.kind == headers.ENUM:
                    self.names |= {m.name: page_of(h) for m in item.members}
        self.chapters = {f: text.chapters((DOC / f).read_text("utf-8"))
                         for f in {d[3] for d in DOCUMENTS}}

    def remember(self, own, lines):
        """A page names those that it refers to."""
        for line in lines:
            for m in re.finditer(r"\bXr (\S+) \d", line):
                if m.group(1) not in ("sfi", own[0]):
                    self.named_by[m.group(1)].add(own)
        return lines

    def links(self):
        """Names that have no page of their own: (name, page).  man(1) finds
        SFI_X in sfi_x, and some file systems cannot have both."""
        own = {page_of(h): page_of(h) for h in self.headers}
        return sorted((n, p) for n, p in self.names.items()
                      if n not in own and
                      (n == n.lower() or n.lower() not in self.names | own))

    def has(self, page):
        """Whether a header has this page."""
        return any(page_of(h) == page for h in self.headers)

    def of_name(self, name):
        return self.names.get(name)

    @staticmethod
    def of_program(name):
        if name in PROGRAMS:
            return "1"
        found = [d[1] for d in DOCUMENTS if d[0] == name]
        return found[0] if found else None

    def of_document(self, file, chapter=None, anchor=""):
        """(page, section) of a chapter, or of a whole document, or None."""
        if file == "format.md" and not chapter and not anchor:
            return None
        wanted = anchor or slug(chapter or "")
        for name, section, _, own, chapters in DOCUMENTS:
            if own == file and (not chapters or any(
                    wanted in self.anchors(file, c) for c in chapters)):
                return name, section
        return None

    def anchors(self, file, chapter):
        blocks = dict(self.chapters[file]).get(chapter, [])
        return {slug(chapter)} | {slug(c) for k, c in blocks if k == "title"}


def page_of(header):
    """The page of a header: "sfi_installer"."""
    return f"sfi_{header.name}"
