#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later
# Copyright The libsfi authors
"""examples/options/make_options.py refuses what is wrong in a text file, with
its line, and makes a table of each that is right."""

import pathlib
import subprocess
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parents[2]
MAKE = ROOT / "examples/options/make_options.py"

GOOD = """\
program sfi-x
purpose
    | Does it.
usage
    | FILE
    |  [--fill BYTE]
operands 1 *

option FILL -f, --fill BYTE [ADDRESS] [br=1]
    keys one two
    keys three
    also paint
    repeats
    chips
    needs --yes or FILE
    with --yes
    | says "x\\"

include more.txt

foreign old older
    | it is
    | gone
"""
MORE = """\
option YES --yes
    | go on
"""
TAIL = "\n    | text\n"

# What replaces what, and what is said; at the end when nothing is replaced.
BAD = [
    ("purpose\n", "porpoise\n", ':2: unknown word "porpoise"'),
    ("    repeats\n", "    repeat\n", ':13: unknown word "repeat" of "option"'),
    ("    repeats\n", "    repeats\n    repeats\n", ':14: "repeats" is there '
     "twice"),
    ("    repeats\n", "    repeats 3\n", ':13: "repeats" takes no more words'),
    ("    also paint\n", "    also\n", ':12: "also" needs more words'),
    ("    keys three\n", "    keys one\n", ":9: a key is there twice"),
    ("    keys three\n", "    keys br\n", ":9: a key is there twice"),
    ("    repeats\n", "    values 2\n", ":9: 2 is not MIN MAX"),
    ("    repeats\n", "    values 2 1\n", ":9: 2 to 1 is not possible"),
    ("    repeats\n", "    values 0 65\n", ":9: 0 to 65 is not possible"),
    ("    also paint\n", "    also yes\n", 'more.txt:1: "yes" is --fill '
     "already"),
    ("    also paint\n", "    also f\n", ':9: "f" is --fill already'),
    ("-f, --fill", "-f, -fill", ':9: "FILL -f, -fill BYTE [ADDRESS] [br=1]" '
     "is not ID"),
    ("-f, --fill", "-version, --fill", ':9: "version" is --help and --version '
     "already"),
    ("FILL -f", "YES -f", "more.txt:1: YES is there twice"),
    ('    | says "x\\"\n', "", ":9: --fill has no help"),
    ("old older", "old yes", ':21: "yes" is --yes already'),
    ("foreign old older", "foreign", ":21: foreign WORD..., and its sentence below"),
    ("    | Does it.\n", "", ':2: "purpose" has one text, below it'),
    ("purpose\n    | Does it.\n", "", ":1: sfi-x has no purpose"),
    ("usage\n    | FILE\n    |  [--fill BYTE]\n", "", ":1: sfi-x has no usage"),
    ("program sfi-x\n", "", ":1: the first line is program NAME"),
    ("needs --yes", "needs --no", ':9: needs: there is no option "--no"'),
    ("needs --yes", "needs", ":9: needs: no option is named"),
    ("with --yes", "with -F", ':9: with: there is no option "-F"'),
    (None, "program sfi-y\n", ":24: the first line is program NAME"),
    (None, "operands 1 1\n", ':24: "operands" is there twice'),
    (None, "usage" + TAIL, ':24: "usage" has one text, below it'),
    (None, "command go\npurpose" + TAIL + "usage" + TAIL,
     ":1: sfi-x has no usage"),
    (None, "notes \n", ":24: a tab, or blanks at the end"),
    (None, "include none.txt\n", "No such file"),
    (None, "notes\n    | \u00e4\n", "ascii"),
]


def made(folder, text):
    (folder / "x.txt").write_text(text)
    (folder / "more.txt").write_text(MORE)
    return subprocess.run(
        [sys.executable, MAKE, "x.txt", "x.h", "x.c"], cwd=folder,
        capture_output=True, text=True, check=False)


def check(folder):
    done = made(folder, GOOD)
    assert done.returncode == 0, done.stderr
    table = (folder / "x.c").read_text()
    for part in ('.usage =\n    "FILE\\n"\n     " [--fill BYTE]"',
                 '.keys = {"br", "one", "two", "three"}', ".repeats = true",
                 ".lists_chips = true", '.min = 1, .max = 2', '"says \\"x\\\\\\""',
                 ".needs = UINT64_C(1) << OPT_YES, .needs_text = \"--yes or ",
                 ".with = UINT64_C(1) << OPT_YES | UINT64_C(1) << OPT_FILL",
                 '{"older", "it is gone"}', ".operands_max = UINT_MAX"):
        assert part in table.replace("\n     \"FILE", "\n    \"FILE"), part
    assert "OPT_FILL,\n    OPT_YES,\n    OPT_COUNT" in \
        (folder / "x.h").read_text()
    for old, new, expected in BAD:
        text = GOOD + new if old is None else GOOD.replace(old, new)
        assert text != GOOD, old
        (folder / "x.c").unlink(missing_ok=True)
        done = made(folder, text)
        assert done.returncode == 1 and expected in done.stderr, (
            new, done.stderr)
        assert not (folder / "x.c").exists(), new


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as name:
        check(pathlib.Path(name))
