#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later
# Copyright The libsfi authors
"""doc/man/headers.py finds what a header says, and all of it."""

import pathlib
import sys
import tempfile
import unittest

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT / "doc/man"), str(ROOT / "tests/scripts")]

import headers  # noqa: E402
import markdown  # noqa: E402
from check_symbols import public_names  # noqa: E402

SAMPLE = """\
/**
 * @file x.h
 * What it is.
 *
 * @par Rules
 * - one,
 *   with more
 * - two
 *
 *       code
 */
#include <sfi/ctx.h>

/** A handle. */
typedef struct sfi_x sfi_x;

#define SFI_X_MAX (1u << 4) /**< the most,
                                 in all */

/** What it can be. */
enum sfi_x_kind {
    SFI_X_A = 'a', /**< the first */

    /* later ones */
    SFI_X_B = 2
};

/** Receives one. */
typedef void (*sfi_x_fn)(void *user, const char *text);

/** A row. */
typedef struct sfi_x_row {
    uint32_t size; /**< its size,
                        in bytes */
    /** Called twice. */
    int (*call)(void *user, int x);
    char name[8];
} sfi_x_row;

/**
 * Do it.  And more.
 *
 * @param x   the handle; or
 *            another
 * @param fn  told
 *
 * @return SFI_OK: done; or
 *   SFI_ERR_IO, SFI_ERR_OS,
 *   SFI_ERR_ACCESS  it failed,
 *                   or not
 *   what sfi_y() returns
 *   SFI_ERR_HSM, any status  of fn
 *
 * Blocks: on the file.  Thread: the context's.
 * @since 1.2
 */
SFI_API SFI_NODISCARD sfi_status
sfi_x_do(sfi_x *x, void (*fn)(void *user, int y));
"""


def read(text):
    with tempfile.TemporaryDirectory() as folder:
        path = pathlib.Path(folder, "x.h")
        path.write_text(text, encoding="utf-8")
        return headers.read(path)


class Sample(unittest.TestCase):
    def setUp(self):
        self.header = read(SAMPLE)
        self.items = {i.name: i for i in self.header.items}

    def test_head(self):
        self.assertEqual(self.header.doc.blocks, [
            ("text", "What it is."), ("title", "Rules"),
            ("list", [[("text", "one, with more")],
                      [("text", "two"), ("code", "code")]])])
        self.assertEqual(self.header.includes, ["ctx.h"])

    def test_kinds(self):
        self.assertEqual([(i.kind, i.name) for i in self.header.items], [
            ("handle", "sfi_x"), ("macro", "SFI_X_MAX"),
            ("enum", "sfi_x_kind"), ("callback", "sfi_x_fn"),
            ("struct", "sfi_x_row"), ("function", "sfi_x_do")])

    def test_comment_behind(self):
        macro = self.items["SFI_X_MAX"]
        self.assertEqual(macro.declaration, "#define SFI_X_MAX (1u << 4)")
        self.assertEqual(macro.doc.blocks, [("text", "the most, in all")])

    def test_members(self):
        self.assertEqual(self.items["sfi_x_kind"].members, [
            headers.Member("SFI_X_A", "SFI_X_A = 'a'",
                           [("text", "the first")]),
            headers.Member("SFI_X_B", "SFI_X_B = 2", [], "later ones")])
        rows = self.items["sfi_x_row"].members
        self.assertEqual([(m.name, m.declaration) for m in rows], [
            ("size", "uint32_t size"),
            ("call", "int (*call)(void *user, int x)"),
            ("name", "char name[8]")])
        self.assertEqual([m.blocks for m in rows], [
            [("text", "its size, in bytes")], [("text", "Called twice.")], []])

    def test_function(self):
        do = self.items["sfi_x_do"]
        self.assertEqual(do.declaration, "sfi_status sfi_x_do(sfi_x *x, "
                         "void (*fn)(void *user, int y));")
        self.assertEqual((do.result, do.arguments, do.can_fail), (
            "sfi_status", ["sfi_x *x", "void (*fn)(void *user, int y)"], True))
        self.assertEqual(do.doc.summary, "Do it")
        self.assertEqual(do.doc.params, [
            ("x", [("text", "the handle; or another")]),
            ("fn", [("text", "told")])])
        self.assertEqual((do.doc.waits, do.doc.thread, do.doc.since),
                         ("on the file", "the context's", "1.2"))

    def test_statuses(self):
        doc = self.items["sfi_x_do"].doc
        self.assertEqual(doc.returns, "SFI_OK: done; or")
        self.assertEqual(doc.statuses, [
            (["SFI_ERR_IO", "SFI_ERR_OS", "SFI_ERR_ACCESS"],
             "it failed, or not"),
            ([], "what sfi_y() returns"),
            (["SFI_ERR_HSM", "any status"], "of fn")])

    def test_markdown(self):
        page = markdown.Writer({"sfi_x_do": "x.md"}).page(self.header)
        self.assertIn("\n(sfi_x_do)=\n", page)
        self.assertIn("\n- one, with more\n- two\n", page)
        self.assertIn("| `SFI_ERR_IO`, `SFI_ERR_OS`, `SFI_ERR_ACCESS` | ",
                      page)


class Tree(unittest.TestCase):
    """The headers of libsfi."""

    def test_every_name(self):
        for path in sorted((ROOT / "include/sfi").glob("*.h")):
            if path.name == "api.h":
                continue  # linkage
            want = {n for n, _, _ in public_names(path.read_text("utf-8"))}
            found = [n for i in headers.read(path).items for n in
                     [i.name, *(m.name for m in i.members
                                if i.kind == headers.ENUM)]]
            self.assertEqual(set(found), want, path.name)
            self.assertEqual(len(found), len(want), path.name)

    def test_every_row(self):
        """What begins with a status has a meaning; what does not, says so."""
        for header in headers.read_all():
            for item in header.of(headers.FUNCTION):
                for names, text in item.doc.statuses:
                    self.assertTrue(text, item.name)
                    self.assertTrue(names or text.startswith("what "),
                                    f"{item.name}: {text}")

    def test_every_text(self):
        """A page may be opened at any name: each has a text of its own."""
        for header in headers.read_all():
            for item in header.items:
                named = [(item.name, item.doc.blocks),
                         *((m.name, m.blocks) for m in item.members
                           if item.kind == headers.ENUM)]
                for name, blocks in named:
                    self.assertTrue(blocks, f"{header.file}: {name}")
                    self.assertFalse(blocks[0][1].startswith("The same "),
                                     f"{header.file}: {name}")


if __name__ == "__main__":
    unittest.main()
