#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later
# Copyright The libsfi authors
"""The manual pages (doc/man/make_pages.py) are there for every name, refer to
pages that are there, and are what their language allows.

    test_pages.py           names and references
    test_pages.py lint      and mandoc and groff have nothing to say
"""

import pathlib
import re
import subprocess
import sys
import tempfile
import unittest

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT / "doc/man"), str(ROOT / "tests/scripts")]

import make_pages  # noqa: E402
import mdoc  # noqa: E402
import pages  # noqa: E402
import programs  # noqa: E402
import text  # noqa: E402
from check_symbols import declared, mapped  # noqa: E402

MADE = dict(make_pages.make())
REAL = {n: t for n, t in MADE.items() if not t.startswith(".so ")}
MANDOC = ["mandoc", "-T", "lint", "-W", "warning"]
GROFF = ["groff", "-mdoc", "-t", "-ww", "-Tutf8", "-z"]
REFERENCE = re.compile(r"\bXr ([\w.-]+) (\d)")
SECTIONS = {"1": ["NAME", "SYNOPSIS", "DESCRIPTION", "EXIT STATUS", "EXAMPLES",
                  "SEE ALSO"],
            "3": ["NAME", "LIBRARY", "SYNOPSIS", "DESCRIPTION", "SEE ALSO"],
            "5": ["NAME", "DESCRIPTION", "SEE ALSO"],
            "7": ["NAME", "DESCRIPTION", "SEE ALSO"]}


def exported():
    """Every function of the libraries: of the version scripts, and what
    libsfi-device.a has."""
    names = declared([(ROOT / "include/sfi/device.h").read_text("utf-8")])
    for path in (ROOT / "lib").rglob("*.map"):
        names |= {n for n in mapped(path.read_text("utf-8"))[0]
                  if n.startswith("sfi_")}
    return names


class Names(unittest.TestCase):
    def test_exports(self):
        names = exported()
        self.assertGreater(len(names), 300)
        missing = [n for n in sorted(names) if f"man3/{n}.3" not in MADE]
        self.assertEqual(missing, [])

    def test_links(self):
        """A link leads to a page that has its name."""
        for name, content in MADE.items():
            if name in REAL:
                continue
            page = content.split()[1]
            self.assertTrue(page in REAL, f"{name}: no page {page}")
            word = pathlib.Path(name).stem
            self.assertRegex(REAL[page], rf"\b{word}\b", page)

    def test_every_public_name(self):
        listed = re.findall(r"^\| `(\w+)`", (ROOT / "doc/symbols.md")
                            .read_text("utf-8"), re.M)
        linkage = {"SFI_NODISCARD", "SFI_BEGIN_DECLS", "SFI_END_DECLS"}
        missing = {n for n in listed if f"man3/{n}.3" not in MADE and
                   f"man3/{n.lower()}.3" not in MADE}
        self.assertEqual(missing, linkage)

    def test_no_two_names_in_one_case(self):
        """Some file systems do not tell sfi_x from SFI_X."""
        names = [n.lower() for n in MADE]
        self.assertEqual([n for n in names if names.count(n) > 1], [])

    def test_references(self):
        for name, content in REAL.items():
            for page, section in REFERENCE.findall(content):
                self.assertTrue(f"man{section}/{page}.{section}" in MADE,
                                f"{name}: no page {page}({section})")

    def test_functions(self):
        """A function that a page names is one of the libraries."""
        known = exported() | {"sfi__image_iv"}  # of the code, in a format
        for name, content in REAL.items():
            for word in re.findall(r"\b(?:Fn|Fo|Xr) (sfi_\w+)", content):
                self.assertTrue(word in known or f"man3/{word}.3" in REAL,
                                f"{name}: no function {word}")

    def test_sections(self):
        for name, content in REAL.items():
            found = re.findall(r"^\.Sh (.*)$", content, re.M)
            for title in SECTIONS[name[3]]:
                self.assertEqual(found.count(title), 1, f"{name}: {title}")

    def test_programs(self):
        """Each option of a table is in its page, by each spelling."""
        for name in pages.PROGRAMS:
            table = ROOT / f"examples/options/{name}.txt"
            if not table.exists():
                continue
            page = MADE[f"man1/{name}.1"].replace("\\-", "-")
            for program in programs.programs_of(table):
                for option in program.options:
                    for word in option.spellings():
                        self.assertRegex(page, rf"(Fl -*){re.escape(word)}\b",
                                         name)


class Fake:
    """Pages that the language's tests refer to."""

    def has(self, page):
        return page == "sfi_b"

    def of_name(self, name):
        return {"sfi_a": "sfi_a", "SFI_A": "sfi_a", "sfi_b": "sfi_b"}.get(name)

    def of_program(self, name):
        return "1" if name == "sfi-x" else None

    def of_document(self, file, chapter, anchor=""):
        return ("sfi-f", "5") if file == "f.md" else None


class Language(unittest.TestCase):
    def lines(self, content, markdown=False):
        w = mdoc.Writer(Fake(), "sfi_a", markdown)
        w.text(content)
        return w.lines

    def test_text(self):
        rows = [
            ("One. Two.", ["One.", "Two."]),
            (".x 'y \\z", ["\\&.x 'y \\ez"]),
            ("see sfi_a(), (sfi_b()).",
             ["see", ".Fn sfi_a ,", ".No \\&( Ns Xr sfi_b 3 ) ."]),
            ("sfi/b.h, sfi/c.h", [".Xr sfi_b 3 ,", ".In sfi/c.h"]),
            ("of SFI_A.", ["of", ".Dv SFI_A ."]),
            ("`a b`; `--x`", [".Ql \"a b\" ;", ".Fl \\-x"]),
            ("call `sfi_b()`", ["call", ".Xr sfi_b 3"]),
            ("doc/f.md, or doc/g.md", [".Xr sfi-f 5 ,", "or", ".Pa doc/g.md"]),
            ("a -x --y b-c", ["a \\-x \\-\\-y b-c"]),
            ("*x* SFI_A_*", ["*x*", ".Dv SFI_A_*"]),
            ("\u2016", ["\\[u2016]"]),
        ]
        for content, want in rows:
            self.assertEqual(self.lines(content), want, content)

    def test_markdown(self):
        rows = [
            ("**b** *e* `Ns`", [".Sy b", ".Em e", ".Ql \\&Ns"]),
            ("[x](../f.md#y), sfi-x",
             [".Xr sfi-f 5 ,", ".Xr sfi-x 1"]),
        ]
        for content, want in rows:
            self.assertEqual(self.lines(content, True), want, content)

    def test_page_of_markdown(self):
        found = text.blocks(["a", "b", "", "- c", "  d", "- e", "",
                             "| x | y |", "|---|---|", "| `p|q` | z |", "",
                             "    code", "", "```sh", "more", "```",
                             "### T"])
        self.assertEqual(found, [
            ("text", "a b"),
            ("list", [[("text", "c d")], [("text", "e")]]),
            ("table", [["x", "y"], ["`p|q`", "z"]]),
            ("code", "code"), ("code", "more"), ("title", "T")])

    def test_usage(self):
        self.assertEqual(
            programs.words("-c port=PORT [-x FILE...] | all"),
            "Fl c Cm port= Ns Ar PORT Oo Fl x Ar FILE Ns No ... Oc No \\&| "
            "Cm all")


class Lint(unittest.TestCase):
    """What reads manual pages has nothing to say about them."""

    def setUp(self):
        self.folder = tempfile.TemporaryDirectory()
        make_pages.main(self.folder.name)

    def tearDown(self):
        self.folder.cleanup()

    def run_on(self, command, names):
        done = subprocess.run([*command, *names], cwd=self.folder.name,
                              capture_output=True, text=True)
        return done.stdout + done.stderr

    def test_mandoc(self):
        self.assertEqual(self.run_on(MANDOC, sorted(REAL)), "")

    def test_groff(self):
        # those with tables alone: a table fits on one page or not by what is
        # before it
        tables = [n for n in REAL if REAL[n].startswith("'")]
        self.assertEqual(self.run_on(GROFF, sorted(set(REAL) - set(tables))),
                         "")
        for name in tables:
            self.assertEqual(self.run_on(GROFF, [name]), "", name)

    def test_can_fail(self):
        bad = pathlib.Path(self.folder.name, "bad.3")
        bad.write_text(REAL["man3/sfi_ctx.3"] + ".Bl -tag\n.No\n.ab x\n")
        for command in (MANDOC, GROFF):
            self.assertNotEqual(self.run_on(command, ["bad.3"]), "")


if __name__ == "__main__":
    if sys.argv[1:] == ["lint"]:
        del sys.argv[1]
    else:
        del Lint
    unittest.main()
