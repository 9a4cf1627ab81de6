# SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later
# Copyright The libsfi authors
"""Blocks (headers.py, text.py) as mdoc(7), the language of manual pages."""

import re
import textwrap

SPAN = re.compile(
    r"(?P<code>`[^`]+`)"
    r"|\[(?P<link>[^\]]*)\]\((?P<target>[^)\s]*)\)"
    r"|\*\*(?P<bold>[^*]+)\*\*"
    r"|(?<![\w*])\*(?P<em>[^*\s](?:[^*]*[^*\s])?)\*(?![\w*])"
    r"|(?P<header><?sfi/(?P<stem>\w+)\.h>?)"
    r"|(?P<doc>\bdoc/(?P<file>[\w-]+\.md)(?:, \"(?P<chapter>[^\"]+)\")?)"
    r"|(?P<function>\bsfi_\w+)\(\)"
    r"|(?:::)?(?P<type>\bsfi_\w+\b)(?![*.(])"
    r"|(?P<constant>\bSFI_\w*[A-Z0-9](?:_\*)?)"
    r"|(?P<program>\bsfi-[a-z]+\b)(?!-|\.\w)")
# Between sentences; mandoc wants a line for each.
SENTENCE = re.compile(r"(?<=[^.A-Z][.?!])\s+|(?<=[.?!][)'\"])\s+(?=[A-Z])"
                      r"|(?<=[A-Z]{2}[.?!])\s+(?=[A-Z])")
CLOSING = set(".,;:?!)]")
PAGE, NARROW = 68, 16  # characters in a line, in a column of words
WIDE = 40  # characters in a column of sentences
OTHER = {"‘": "`", "’": "'", "“": '"', "”": '"', "…": "..."}


def characters(text, literal=False):
    """A text with all that roff would read otherwise spelled out."""
    text = text.replace("\\", "\\e")
    if literal:
        for c, name in (("-", "\\-"), ("'", "\\(aq"), ("`", "\\(ga"),
                        ("^", "\\(ha"), ("~", "\\(ti")):
            text = text.replace(c, name)
    else:
        text = re.sub(r"(?<![\w])-+(?=[\w?])",
                      lambda m: m[0].replace("-", "\\-"), text)
    for c, plain in OTHER.items():
        text = text.replace(c, plain)
    return re.sub(r"[^\x00-\x7f]", lambda m: f"\\[u{ord(m[0]):04X}]", text)


def argument(text, literal=True):
    """One argument of a macro."""
    text = characters(text, literal).replace('"', "\\(dq")
    if re.fullmatch(r"[A-Z%][A-Za-z0-9]{0,2}|[|.,;:?!()\[\]]+", text):
        text = "\\&" + text
    return f'"{text}"' if " " in text or not text else text


def line_of(text):
    """A line of text that no one takes for a macro."""
    return "\\&" + text if text[:1] in (".", "'") else text


class Writer:
    """One page's text.  `pages` finds what a name, a chapter or a program is
    described in: see pages.py."""

    def __init__(self, pages, own="", markdown=False, document=""):
        self.pages, self.own, self.markdown = pages, own, markdown
        self.document = document  # of doc/, whose sections it may name
        self.lines = []
        self.seen = set()  # pages that the text refers to

    # ---- words ----

    def reference(self, page, shown=None):
        """The macro for another page, which is remembered."""
        name, section = page
        self.seen.add((name, section))
        return f"Xr {shown or name} {section}"

    def macro(self, m):
        """What a span is: a macro with its arguments, or None."""
        kind = m.lastgroup if m.lastgroup not in ("target", "file", "stem",
                                                  "chapter") else None
        kind = kind or ("doc" if m["doc"] else "header" if m["header"]
                        else "link")
        text = m[kind] if kind != "doc" else m["doc"]
        if kind == "code":
            return self.code(text[1:-1])
        if kind == "header":
            page = f"sfi_{m['stem']}"
            return self.reference((page, "3")) \
                if self.pages.has(page) and page != self.own else f"In {text}"
        if kind == "link":
            return self.link(text, m["target"])
        if kind in ("bold", "em") and not self.markdown:
            return None
        if kind in ("bold", "em"):
            return ("Sy " if kind == "bold" else "Em ") + \
                argument(text.replace("`", ""), False)
        if kind == "doc":
            page = self.pages.of_document(m["file"], m["chapter"])
            return self.reference(page) if page and page[0] != self.own else \
                f"Pa {argument(text.replace(chr(34), ''), False)}"
        if kind == "program":
            return self.program(text)
        return self.name(kind, text)

    def name(self, kind, text):
        page = self.pages.of_name(text)
        if kind == "constant":
            return f"Dv {argument(text, False)}"
        if page is None:
            return None if kind == "type" else f"Fn {text}"
        if kind == "function" and page != self.own:
            self.seen.add((page, "3"))
            return f"Xr {text} 3"
        if kind == "type" and page != self.own:
            self.seen.add((page, "3"))
        return f"{'Fn' if kind == 'function' else 'Vt'} {text}"

    def program(self, text):
        section = self.pages.of_program(text)
        if section is None:
            return None
        return f"Nm {text}" if text == self.own else \
            self.reference((text, section))

    def code(self, text):
        call = re.fullmatch(r"(sfi_\w+)\(\)", text)
        if call:
            return self.name("function", call[1])
        if re.fullmatch(r"sfi-[a-z]+", text) and self.program(text):
            return self.program(text)
        if re.fullmatch(r"SFI_\w+", text):
            return f"Dv {text}"
        if re.fullmatch(r"-{1,2}[A-Za-z][\w-]*", text):
            return f"Fl {argument(text[1:])}"
        return f"Ql {argument(text)}"

    def link(self, text, target):
        file, _, anchor = target.partition("#")
        file = file.rpartition("/")[2] or self.document
        page = self.pages.of_document(file, None, anchor) \
            if file.endswith(".md") else None
        if page and page[0] != self.own:
            return self.reference(page)
        if file.endswith(".md") and page is None and not anchor:
            return f"Pa doc/{file}"
        if target.startswith("http"):
            return f"Lk {target} {argument(text, False)}"
        return f"Em {argument(text.replace('`', ''), False)}"

    def pieces(self, text):
        """Words, each a list of strings and of (macro,) tuples."""
        found, last = [[]], 0

        def plain(part):
            for n, word in enumerate(re.split(r"\s+", part)):
                if n:
                    found.append([])
                if word:
                    found[-1].append(word)
        for m in SPAN.finditer(text):
            macro = self.macro(m)
            if macro is None:
                continue
            plain(text[last:m.start()])
            found[-1].append((macro,))
            last = m.end()
        plain(text[last:])
        return [w for w in found if w]

    def word_line(self, word):
        """A word that has a macro, as a line."""
        parts, before = [], False
        for n, piece in enumerate(word):
            if isinstance(piece, tuple):
                parts += (["Ns"] if before else []) + [piece[0]]
            elif n == len(word) - 1 and set(piece) <= CLOSING:
                parts += list(piece)
            else:
                parts += (["Ns"] if before else []) + \
                    ["No \\&" + argument(piece, False).replace("\\&", "")]
            before = True
        return "." + " ".join(parts)

    # ---- lines ----

    def text(self, text):
        """A paragraph: a sentence begins a line, a macro has its own."""
        plain = []

        def flush():
            if plain:
                for sentence in SENTENCE.split(" ".join(plain)):
                    for line in textwrap.wrap(
                            sentence, 78, break_on_hyphens=False,
                            break_long_words=False):
                        self.lines.append(line_of(characters(line)))
                plain.clear()
        for word in self.pieces(text):
            if any(isinstance(p, tuple) for p in word):
                flush()
                self.lines.append(self.word_line(word))
            else:
                plain.append("".join(word))
        flush()

    def flat(self, text):
        """The same for where no macro can be: a cell, with fonts."""
        parts = []
        for word in self.pieces(text):
            shown = ""
            for piece in word:
                if isinstance(piece, tuple):
                    shown += self.flat_macro(piece[0])
                else:
                    shown += characters(piece)
            parts.append(shown)
        return " ".join(parts)

    @staticmethod
    def flat_macro(macro):
        name, _, rest = macro.partition(" ")
        if name == "Xr":
            page, section = rest.split()
            return f"\\fB{page}\\fR({section})"
        rest = rest.replace('"', "").removeprefix("\\&")
        if name == "Fn":
            return f"\\fB{rest}\\fR()"
        if name == "Fl":
            return f"\\fB\\-{rest}\\fR"
        if name == "Lk":
            return rest
        return f"\\fI{rest}\\fR" if name in ("Em", "Pa", "Fa") else \
            f"\\fB{rest}\\fR"

    def add(self, *lines):
        self.lines += lines

    def section(self, title):
        self.add(f".Sh {title.upper()}")

    def part(self, title):
        self.add(".Ss " + argument(title.replace("`", "").replace("*", ""),
                                   False).strip('"'))

    def literal(self, text):
        self.add(".Bd -literal -offset indent")
        for line in text.split("\n"):
            self.add(line_of(characters(line, True)) if line else "")
        self.add(".Ed")

    def blocks(self, blocks):
        """Paragraphs with a blank between them, which a title brings itself."""
        before = None
        for kind, content in blocks:
            if before in ("text", "code", "table", "list", "numbers") and \
                    (kind == "text" or kind == "table" and
                     not is_list(content)):
                self.add(".Pp")
            if kind == "text":
                self.text(content)
            elif kind == "title":
                self.part(content)
            elif kind == "code":
                self.literal(content)
            elif kind == "table":
                self.table(content)
            else:
                self.items(kind, content)
            before = kind

    def items(self, kind, items):
        self.add(".Bl -dash" if kind == "list" else ".Bl -enum")
        for item in items:
            self.add(".It")
            self.blocks(item)
        self.add(".El")

    def terms(self, rows, width="Ds", compact=True):
        """(line of .It, blocks) each."""
        if compact and not self.lines[-1].startswith((".Ss", ".Pp", ".Ed")):
            self.add(".Pp")
        self.add(f".Bl -tag -width {width}" + " -compact" * compact)
        for head, content in rows:
            self.add(f".It {head}")
            self.blocks(content)
        self.add(".El")

    def table(self, rows):
        rows = [[c for c in r] for r in rows]
        width = max(len(r) for r in rows)
        rows = [r + [""] * (width - len(r)) for r in rows]
        if width == 2:
            self.pairs(rows)
            return
        if is_list(rows):
            self.records(rows)
            return
        heading = any(rows[0])
        widths = column_widths(rows)
        self.add(".TS")
        if heading:
            self.add(" ".join(["lb"] * width))
        self.add(" ".join(f"lw({w}n)" if w else "l" for w in widths) + ".")
        for row in rows if heading else rows[1:]:
            self.add(self.row(row, widths))
        self.add(".TE")

    def records(self, rows):
        """A table with more than one column of sentences, as a list."""
        self.add(".Bl -tag -width Ds")
        for row in rows[1:]:
            self.add(".It " + (self.flat(row[0]) or "\\&"))
            for title, cell in zip(rows[0][1:], row[1:]):
                if cell:
                    self.text(f"{title[:1].upper()}{title[1:]}: {cell}"
                              if title else cell)
                    self.add(".br")
            if self.lines[-1] == ".br":
                self.lines.pop()
        self.add(".El")

    def row(self, row, widths):
        texts = [re.sub(r"\S{16,}", breakable, self.flat(c)) for c in row]
        return "\t".join("T{\n" + line_of(t) + "\nT}" if w and t else t
                         for t, w in zip(texts, widths))

    def pairs(self, rows):
        """A table of two columns: terms with what they mean."""
        self.add(".Bl -tag -width Ds")
        if any(rows[0]):
            self.add(f".It Sy {argument(rows[0][0].replace('`', ''), False)}")
            self.text(rows[0][1])
        for first, second in rows[1:]:
            self.add(".It " + (self.flat(first) or "\\&"))
            self.text(second)
        self.add(".El")


def is_list(rows):
    """Whether a table is better read as a list: two columns, or more than one
    of sentences."""
    width = max(len(r) for r in rows)
    wide = [n for n in range(width)
            if max(len("".join(r[n:n + 1])) for r in rows) > WIDE]
    return width == 2 or len(wide) > 1


def column_widths(rows):
    """Of each column: how wide its text is broken, or 0: as wide as it is."""
    natural = [max(len(r[n].replace("`", "")) for r in rows)
               for n in range(len(rows[0]))]
    narrow = [w if w <= NARROW else 0 for w in natural]
    room = PAGE - sum(narrow) - 3 * (len(natural) - 1)
    wide = sum(w for w in natural if w > NARROW)
    if wide <= room:
        return [0] * len(natural)
    return [0 if w <= NARROW else max(12, room * w // wide) for w in natural]


def breakable(m):
    """A long word may be broken behind a mark."""
    return re.sub(r"(?<=[/_=,:?&])(?=\w)", r"\\:", m.group(0))


def page(name, section, date, version, lines):
    """A whole page."""
    table = any(ln == ".TS" for ln in lines)
    head = ["'\\\" t"] if table else []
    head += [".\\\" SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later",
             ".\\\" Made by doc/man/make_pages.py; change what it reads.",
             f".Dd {date}", f".Dt {name.upper()} {section}",
             f".Os libsfi {version}"]
    return "\n".join([*head, *lines]) + "\n"
