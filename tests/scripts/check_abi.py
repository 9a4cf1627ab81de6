#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later
# Copyright The libsfi authors
"""The public headers break no program that was compiled with older ones.

    check_abi.py CC...          compare with the dumps in tests/abi
    check_abi.py --write CC...  make the dumps anew
    check_abi.py --self-test CC...

The functions, structs and enums of the headers become a small library with
debugging information, so the options of the build and what is inside libsfi do
not matter.  libabigail compares it with the dump of the last release.  Additions
are allowed: functions, enumerators, and members with "@since" at the end of a
struct that begins with struct_size.  tests/abi/intended.suppr has other changes
that are meant.
"""

import pathlib
import re
import subprocess
import sys
import tempfile
import xml.etree.ElementTree

import source
from check_docs import DECLARATION
from check_structs import STRUCT, Struct

FOLDER = source.ROOT / "tests/abi"
INTENDED = FOLDER / "intended.suppr"
INCLUDE = source.ROOT / "include"
# libsfi-device.a is linked statically: only its numbers count.
SIM, DEVICE = {"sim.h", "sim_serve.h", "card.h"}, {"device.h"}
ENUM = re.compile(r"^enum (sfi_\w+) \{", re.M)
DUMP = ["abidw", "--no-corpus-path", "--no-comp-dir-path", "--no-show-locs",
        "--type-id-style", "hash",
        "--no-parameter-names", "--no-elf-needed", "--drop-undefined-syms"]
COMPARE = ["abidiff", "--no-added-syms", "--no-show-locs",
           "--no-corpus-path"]


def stub(include, names, without_functions=()):
    """A library that has what the headers declare, and does nothing."""
    text = "".join(f"#include <sfi/{name}>\n" for name in names)
    for name in names:
        plain = source.without_comments(
            (include / "sfi" / name).read_text(encoding="utf-8"))
        if name not in without_functions:
            text += "".join(m.group(0)[:-1] + "\n{\n    __builtin_trap();\n}\n"
                            for m in DECLARATION.finditer(plain))
        text += "".join(f"SFI_API enum {e} number_of_{e};\n"
                        for e in ENUM.findall(plain))
    return text


def build(cc, include, text, folder):
    code, library = folder / "stub.c", folder / "stub.so"
    code.write_text(text, encoding="utf-8")
    subprocess.run([*cc, "-std=gnu11", "-g", "-O0", "-w", "-fPIC", "-shared",
                    f"-I{include}", code, "-o", library], check=True)
    return library


def dump(cc, include, text):
    with tempfile.TemporaryDirectory() as folder:
        library = build(cc, include, text, pathlib.Path(folder))
        return subprocess.run([*DUMP, library], check=True,
                              capture_output=True, text=True).stdout


def members_in(before):
    """The members of each struct in a dump."""
    tree = xml.etree.ElementTree.parse(before)
    return {c.get("name"): [v.get("name")
                            for v in c.findall("data-member/var-decl")]
            for c in tree.iter("class-decl")}


def without_new_members(text, known):
    """A header, its structs ended where they end in a dump."""
    def cut(m):
        then = known.get(m.group(2), [])
        now = Struct(m.group(2), m.group(1))
        names = [name for name, _ in now.members]
        added = now.members[len(then):]
        if not then or names[:len(then)] != then or \
                names[0] != "struct_size" or \
                any(since == now.members[0][1] for _, since in added):
            return m.group(0)
        end = now.ends[len(then) - 1]
        return m.group(0).replace(m.group(1), m.group(1)[:end] + "\n")
    return STRUCT.sub(cut, text)


def compare(cc, include, text, before, intended):
    """What abidiff says of a change; "" if it says nothing."""
    known = members_in(before)
    with tempfile.TemporaryDirectory() as folder:
        old = pathlib.Path(folder, "sfi")
        old.mkdir()
        for path in include.glob("sfi/*.h"):
            (old / path.name).write_text(without_new_members(
                path.read_text(encoding="utf-8"), known), encoding="utf-8")
        library = build(cc, old.parent, text, pathlib.Path(folder))
        done = subprocess.run(
            [*COMPARE, "--suppressions", intended, before, library],
            capture_output=True, text=True)
    return done.stdout + done.stderr if done.returncode != 0 else ""


def libraries():
    """(dump, text of the stub) of each."""
    names = sorted(p.name for p in INCLUDE.glob("sfi/*.h"))
    return [(FOLDER / "libsfi.abi",
             stub(INCLUDE, [n for n in names if n not in SIM], DEVICE)),
            (FOLDER / "libsfi-sim.abi",
             stub(INCLUDE, [n for n in names if n in SIM]))]


def check(cc):
    bad = 0
    for before, text in libraries():
        report = compare(cc, INCLUDE, text, before, INTENDED)
        if report:
            bad += 1
            print(f"{before.name}: programs that were compiled before would "
                  f"break:\n{report}")
    if bad:
        print("A new member says @since in its comment.  A change that no "
              "program notices has\nan entry in tests/abi/intended.suppr.  As "
              "long as 1.0 is not released, make the\ndumps anew: "
              "tests/scripts/check_abi.py --write")
    return bad


def write(cc):
    for path, text in libraries():
        path.write_text(dump(cc, INCLUDE, text), encoding="utf-8")


GOOD = """\
#include <stdint.h>
#define SFI_API __attribute__((visibility("default")))
typedef struct sfi_h sfi_h;
enum sfi_e { SFI_E_A = 1, SFI_E_B = 2 };
typedef struct sfi_firmware_range {
    uint64_t first;
} sfi_firmware_range;
typedef struct sfi_a {
    uint32_t struct_size;
    uint32_t flags;
    int (*run)(void *user, int x);
} sfi_a;
SFI_API int sfi_use(sfi_h *h, const sfi_a *a, const sfi_firmware_range *r);
SFI_API void sfi_h_free(sfi_h *h);
"""


def self_test(cc):
    def other(old, new):
        assert old in GOOD, old
        return GOOD.replace(old, new)

    allowed = [
        GOOD,
        GOOD + "SFI_API int sfi_more(sfi_h *h);\n",
        GOOD + "enum sfi_f { SFI_F_A };\n",
        other("SFI_E_B = 2", "SFI_E_B = 2, SFI_E_C = 3"),
        other("} sfi_a;", "    uint64_t more; /**< @since 1.1 */\n} sfi_a;"),
    ]
    refused = [
        other("SFI_API void sfi_h_free(sfi_h *h);\n", ""),
        other("SFI_API int sfi_use", "SFI_API long sfi_use"),
        other("(sfi_h *h, const", "(int h, const"),
        other("SFI_E_B = 2", "SFI_E_B = 3"),
        other(", SFI_E_B = 2", ""),
        other("    uint32_t flags;\n", ""),
        other("    uint32_t flags;\n", "    uint32_t flags;\n    void *new;\n"),
        other("uint32_t flags", "uint16_t flags"),
        other("} sfi_a;", "    uint64_t more;\n} sfi_a;"),
        allowed[-1].replace("int x)", "long x)"),
        other("void *user, int x", "int x, void *user"),
        other("} sfi_firmware_range", "uint64_t x;\n} sfi_firmware_range"),
    ]
    intended = INTENDED.read_text(encoding="utf-8")
    free = "[suppress_function]\n  symbol_name = sfi_h_free\n"
    rows = [(text, intended, False) for text in allowed]
    rows += [(text, intended, True) for text in refused]
    rows += [(refused[0], intended + free, False)]
    wrong = []
    with tempfile.TemporaryDirectory() as folder:
        include = pathlib.Path(folder)
        header, before = include / "sfi/a.h", include / "before.abi"
        header.parent.mkdir()
        header.write_text(GOOD, encoding="utf-8")
        before.write_text(dump(cc, include, stub(include, ["a.h"])),
                          encoding="utf-8")
        for i, (text, meant, bad) in enumerate(rows):
            header.write_text(text, encoding="utf-8")
            (include / "meant").write_text(meant, encoding="utf-8")
            report = compare(cc, include, stub(include, ["a.h"]), before,
                             include / "meant")
            if bool(report) != bad:
                wrong.append(i)
                print(f"row {i} of {len(allowed)} + {len(refused)}:\n{report}")
    print(f"{len(rows)} rows, misjudged: {wrong or 'none'}")
    return wrong


def main(args):
    if args[:1] == ["--self-test"]:
        return self_test(args[1:])
    if args[:1] == ["--write"]:
        return write(args[1:] or ["gcc"])
    return check(args)


if __name__ == "__main__":
    sys.exit(1 if main(sys.argv[1:]) else 0)
