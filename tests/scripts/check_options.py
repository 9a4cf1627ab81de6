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

option FILL -f, --fill BYTE [ADDRESS END] [br=1]
    keys one two
    keys three
    also paint
    repeats
    chips
    needs --yes or FILE
    with --yes
    | says "x\\"

option TAKE --take NUMBER [WORD...]
    repeats 3
    ignores old new
    value 1 number 1 0x10
    value 2... choice a b c
    key no needed
    key no number 0 *
        any
        number
    keys no
    foreign gone lost
        it is lost
    not --yes
    not -f to -take
        has nothing to fill
    required unless --yes -f
    | takes

option ROW --row [at=N] NAME=VALUE...
    value 1... field all
    value 2 range 0 7
    value 3 numbers 1 7 all
    value 4 number 0 7 any-base
    key at address 4
    value 1 output audit
    value 2 output firmware - none
    refuse value 2=x, no at
        it is
        x
    refuse no at=3, -y
        it has no 3
    required
        the row is missing
    | row

include more.txt

option FORCE --force
    | overwrite

foreign old older
    | it is
    | gone
"""
MORE = """\
option YES -y, --yes
    | go on
"""
TAIL = "\n    | text\n"
# Of the tables of types and rules.
ROWS = [
    "{.option = OPT_FILL, .kind = CLI_NEEDS, .others = UINT64_C(1) << OPT_YES, "
    '.sentence = "--yes or FILE"}',
    "{.option = OPT_FILL, .kind = CLI_WITH, .others = UINT64_C(1) << OPT_YES | "
    "UINT64_C(1) << OPT_FILL}",
    "{.option = OPT_TAKE, .first = 0, .last = 0, .kind = CLI_NUMBER, .min = "
    'UINT64_C(1), .max = UINT64_C(16), .sentence = "a value from 1 to 0x10"}',
    "{.option = OPT_TAKE, .first = 1, .last = 63, .kind = CLI_CHOICE, .choices "
    '= {"a", "b", "c"}, .sentence = "a, b or c"}',
    "{.option = OPT_TAKE, .is_key = true, .first = 0, .last = 0, .kind = "
    'CLI_NEEDED, .sentence = "NUMBER [WORD...]"}',
    '.max = UINT64_C(18446744073709551615), .sentence = "any number"}',
    '.kind = CLI_FOREIGN, .choices = {"gone", "lost"}, .sentence = "it is lost"',
    "{.option = OPT_TAKE, .kind = CLI_NOT, .others = UINT64_C(1) << OPT_YES}",
    '.others = UINT64_C(1) << OPT_FILL | UINT64_C(1) << OPT_TAKE, '
    '.sentence = "has nothing to fill"}',
    "{.option = OPT_TAKE, .kind = CLI_REQUIRED, .others = UINT64_C(1) << "
    "OPT_YES | UINT64_C(1) << OPT_FILL}",
    '.kind = CLI_FIELD, .choices = {"all"}, .sentence = "all, or NAME=VALUE"}',
    '.kind = CLI_RANGE, .min = UINT64_C(0), .max = UINT64_C(7), .sentence = '
    '"FIRST-LAST"}',
    '.kind = CLI_NUMBERS, .min = UINT64_C(1), .max = UINT64_C(7), .choices = '
    '{"all"}, .sentence = "all, or N, FIRST-LAST or [FIRST LAST]"}',
    ".max = UINT32_MAX, .multiple = 4, .sentence = \"an address, expected a "
    'multiple of 4"}',
    "{.option = OPT_ROW, .first = 3, .last = 3, .any_base = true, .kind = "
    "CLI_NUMBER",
    "{.option = OPT_ROW, .first = 0, .last = 0, .kind = CLI_OUTPUT, .file = "
    "SFI_FILE_AUDIT}",
    "{.option = OPT_ROW, .first = 1, .last = 1, .kind = CLI_OUTPUT, .choices = "
    '{"-", "none"}, .file = SFI_FILE_FIRMWARE}',
    "{.option = OPT_ROW, .when = {{.place = CLI_VALUE, .index = 1, .word = "
    '"x"}, {.place = CLI_KEY, .index = 0, .no = true}}, .sentence = "it is x"}',
    '{.option = OPT_ROW, .when = {{.place = CLI_KEY, .index = 0, .word = "3", '
    '.no = true}, {.place = CLI_BESIDE, .index = OPT_YES}}, .sentence = "it has '
    'no 3"}',
    '{.option = OPT_ROW, .kind = CLI_REQUIRED, .sentence = "the row is '
    'missing"}',
]

# What replaces what, and what is said; at the end when nothing is replaced.
BAD = [
    ("purpose\n", "porpoise\n", ':2: unknown word "porpoise"'),
    ("    repeats\n", "    repeat\n", ':13: unknown word "repeat" of "option"'),
    ("    repeats\n", "    repeats\n    repeats\n", ':14: "repeats" is there '
     "twice"),
    ("    chips\n", "    chips 3\n", ':14: "chips" takes no more words'),
    ("    repeats 3\n", "    repeats 1\n", ":20: 1 times is not possible"),
    ("    repeats 3\n", "    repeats x\n", ':20: "x" is not a number'),
    ("number 1 0x10", "number 1", ":22: number MIN MAX"),
    ("number 1 0x10", "number 17 0x10", ":22: 17 to 0x10 is not possible"),
    ("number 1 0x10", "number one 2", ':22: "one" is not a number'),
    ("number 1 0x10", "numeral 1 2", ':22: "1 numeral 1 2" is not a place and'),
    ("number 1 0x10", "numbers 1", ":22: number MIN MAX"),
    ("number 1 0x10", "range 1 2 all", ":22: number MIN MAX"),
    ("value 1 number 1 0x10", "value 1 needed", ':22: "1 needed" is not a '),
    ("value 1 number 1 0x10", "value 0 number 1 2", ':22: there is no value '
     '"0"'),
    ("value 2... choice", "value 65 choice", ':23: there is no value "65"'),
    ("choice a b c", "choice", ":23: choice WORD..."),
    ("choice a b c", "choice a b c d e f g h i", ":23: more than 8 words"),
    ("key no needed", "key on needed", ':24: there is no key "on="'),
    ("key no needed", "key no needed 1", ":24: key NAME needed"),
    ("        it is lost\n", "", ":29: it has no sentence"),
    ("    not --yes\n", "    not\n", ':31: "not" needs more words'),
    ("    not -f to", "    not -x to", ':32: not: there is no option "-x"'),
    ("required unless", "required with", ":34: required, or required unless"),
    ("required unless --yes -f", "required unless", ":34: required: no option"),
    ("address 4", "address 4 4", ":42: address, or address MULTIPLE"),
    ("2=x, no at", "2=x", ":45: refuse CONDITION, CONDITION, and its sentence"),
    ("        it has no 3\n", "", ":48: refuse CONDITION, CONDITION, and its"),
    ("value 2=x", "value 65=x", ':45: "value 65=x" is no condition'),
    ("value 2=x", "value at", ':45: "value at" is no condition'),
    ("no at\n", "no att\n", ':45: "no att" is no condition'),
    ("3, -y", "3, -y=1", ':48: "-y=1" is no condition'),
    ("3, -y", "3, -z", ':48: "-z" is no condition'),
    ("3, -y", "3, 3 4", ':48: "3 4" is no condition'),
    ("any-base", "base", ":41: number MIN MAX"),
    ("value 4 number", "key at number", ":41: number MIN MAX"),
    ("output audit", "output", ":43: output KIND, of one value"),
    ("1 output audit", "1... output audit", ":43: output KIND, of one value"),
    ("output audit", "output song", ":43: value N output audit|certificate|"),
    ("value 1 output audit", "key at output audit", ":43: value N output "),
    ("output audit\n", "output audit\n        a name\n", ":43: it has a "
     "sentence"),
    ("FORCE --force", "FORCED --forced", ":43: an output needs an option FORCE"),
    ("    repeats\n", "    repeats\n        often\n", ":14: it is the sentence "
     "of nothing"),
    ("    also paint\n", "    also\n", ':12: "also" needs more words'),
    ("    keys three\n", "    keys one\n", ":9: a key is there twice"),
    ("    keys three\n", "    keys br\n", ":9: a key is there twice"),
    ("    repeats\n", "    values 2\n", ":9: 2 is not MIN MAX"),
    ("    repeats\n", "    values 2 1\n", ":9: 2 to 1 is not possible"),
    ("    repeats\n", "    values 0 65\n", ":9: 0 to 65 is not possible"),
    ("    also paint\n", "    also yes\n", 'more.txt:1: "yes" is --fill '
     "already"),
    ("    also paint\n", "    also f\n", ':9: "f" is --fill already'),
    ("-f, --fill", "-f, -fill", ':9: "FILL -f, -fill BYTE [ADDRESS END] [br=1]" '
     "is not ID"),
    ("-f, --fill", "-version, --fill", ':9: "version" is --help and --version '
     "already"),
    ("FILL -f", "YES -f", "more.txt:1: YES is there twice"),
    ('    | says "x\\"\n', "", ":9: --fill has no help"),
    ("old older", "old yes", ':59: "yes" is --yes already'),
    ("foreign old older", "foreign", ":59: foreign WORD..., and its sentence below"),
    ("    | Does it.\n", "", ':2: "purpose" has one text, below it'),
    ("purpose\n    | Does it.\n", "", ":1: sfi-x has no purpose"),
    ("usage\n    | FILE\n    |  [--fill BYTE]\n", "", ":1: sfi-x has no usage"),
    ("program sfi-x\n", "", ":1: the first line is program NAME"),
    ("needs --yes", "needs --no", ':15: needs: there is no option "--no"'),
    ("needs --yes", "needs", ":15: needs: no option is named"),
    ("with --yes", "with -F", ':16: with: there is no option "-F"'),
    (None, "program sfi-y\n", ":62: the first line is program NAME"),
    (None, "operands 1 1\n", ':62: "operands" is there twice'),
    (None, "usage" + TAIL, ':62: "usage" has one text, below it'),
    (None, "notes \n", ":62: a tab, or blanks at the end"),
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
                 ".lists_chips = true", ".force = OPT_FORCE", '.min = 1, .max = 3', '"says \\"x\\\\\\""',
                 ".partial = UINT64_C(1) << 2", ".repeats = true, .most = 3",
                 '.ignores = {"old", "new"}', *ROWS,
                 '{"older", "it is gone"}', ".operands_max = UINT_MAX"):
        assert part in table.replace("\n     \"FILE", "\n    \"FILE"), part
    assert "OPT_FILL,\n    OPT_TAKE,\n    OPT_ROW,\n    OPT_YES,\n    OPT_FORCE,\n    "\
        "OPT_COUNT" in \
        (folder / "x.h").read_text()
    assert "#define OPT_TAKE_MAX 3u" in (folder / "x.h").read_text()
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
