#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later
# Copyright The libsfi authors
"""Option bytes as sfi-create and sfi-info take them and explain them.

    test_options.py FOLDER_OF_PROGRAMS
"""

import json
import os

from check import (CHIP_HINT, DATA, PROGRAMS, about, case, fails, main, run,
                   same, succeeds)

CREATE, INFO = PROGRAMS / "sfi-create", PROGRAMS / "sfi-info"
H7, L4 = "stm32h753xi", "stm32l462ce"
CREATE_HELP = "  hint: sfi-create --help"


def rows_of(chip):
    return [row.split(",") for row in
            (DATA / f"ob-{chip}.csv").read_text().split()]


def create(folder, *ob, chip=H7):
    for name, size in (("key.bin", 16), ("nonce.bin", 12)):
        (folder / name).write_bytes(os.urandom(size))
    (folder / "key.bin.used").unlink(missing_ok=True)
    return [CREATE, "-fir", DATA / f"blink-{chip}.elf", "-k",
            folder / "key.bin", "-n", folder / "nonce.bin", "-v", "1", "--chip",
            chip, "-ob", *ob, "-o", folder / "out.sfi"]


def info(folder, chip=H7):
    return json.loads(run(INFO, "--json", folder / "out.sfi", "-k",
                          folder / "key.bin", "-n", folder / "nonce.bin",
                          "--chip", chip).stdout)


def made(*command):
    """What it prints; the rules may have warnings on stderr."""
    done = run(*command)
    same(done.returncode, 0, done.stderr)
    return done.stdout


def words(folder, chip=H7):
    return [row["value"] for row in info(folder, chip)["option_bytes"]]


def lines(rows, separator=",", end="\n"):
    return "".join(separator.join(row) + end for row in rows)


@case
def files_of_people(folder):
    """Each of these is the CSV of tests/data."""
    rows = rows_of(H7)
    quoted = [[f'"{c}"' for c in row] + [""] for row in rows]
    manual = ["FLASH_OPTSR_PRG", "FLASH_PRAR_PRG1", "FLASH_PRAR_PRG2",
              "FLASH_SCAR_PRG1", "FLASH_SCAR_PRG2", "FLASH_WPSN_PRG1R",
              "FLASH_WPSN_PRG2R", "FLASH_BOOT_PRGR", "FBOOT4"]
    csv = folder / "ob.csv"
    for text in (
            lines(rows),
            lines(rows[:8] + [["RFU", rows[8][1]]]),
            "\ufeff" + lines([['"Register"', '"Value"', '"Remark"']] + quoted,
                             ";", "\r\n"),
            "# option bytes, release 1\n" + lines(rows),
            "Name\tValue\n" + lines(rows, "\t"),
            lines([[name, row[1]] for name, row in zip(manual, rows)], ",",
                  ",\n"),
    ):
        csv.write_bytes(text.encode())
        made(*create(folder, csv))
        same(words(folder), [int(row[1], 16) for row in rows], text)


@case
def a_number_without_0x(folder):
    rows = rows_of(H7)
    csv = folder / "ob.csv"
    csv.write_text(lines([[name, value[2:]] for name, value in rows]))
    fails(2, [about(f"sfi-create: {csv}:2:13", "0x", "0x81000200",
                    "0x04d3f708")], *create(folder, csv))


@case
def fields_on_the_command_line(folder):
    csv = DATA / f"ob-{H7}.csv"
    out = made(*create(folder, csv, "RDP=0xBB", "bor_lev=2", "nWRP3=0",
                       "FLASH_BOOT_PRGR=0x1ff00800")).splitlines()
    same(words(folder)[0], 0x1026BBD8)
    same(words(folder)[5], 0xFFFFFFF7)
    same(words(folder)[7], 0x1FF00800)
    at = out.index(f"Option bytes {csv} : 9 of {H7}")
    same(out[at + 1:at + 8], [
        "  RDP              : 0xbb    readout protection: level 1: memory "
        "cannot be read",
        "                            debuggers and bootloaders cannot read the "
        "flash; to",
        "                            go back to level 0 erases it",
        "  BOR_LEV          : 0x2     brown-out reset level: threshold 2",
        "                            the part stops when the supply falls below "
        "about",
        "                            2.4 V",
        "  SECURITY         : 0x1     secure access mode; cannot be taken "
        "back: on",
    ])
    assert "  nWRP3            : 0x0     writing sector 3: protected" in out, out
    # as in a new part, so it is counted only
    assert not any("BOOT_CM7_ADD0" in line for line in out), out
    assert "  33 fields do what they do in a new part" in out, out


@case
def level_2_is_told(folder):
    out = made(*create(folder, DATA / f"ob-{H7}.csv", "RDP=0xCC"))
    assert "for ever: no debugger, no bootloader" in out, out


@case
def bad_fields(folder):
    csv = DATA / f"ob-{H7}.csv"
    for word in ("RDP", "RDP=", "=1", "RDP=x", "other.csv", "RDP=0x100000000",
                 "N" * 80 + "=1"):
        fails(64, [f'sfi-create: -ob: "{word}", expected NAME=VALUE, as '
                   "RDP=0xBB", CREATE_HELP], *create(folder, csv, word))
    fails(64, ["sfi-create: -ob RDP=0xBB: a CSV file comes first; sfi-create "
               "--template-ob makes one", CREATE_HELP],
          *create(folder, "RDP=0xBB"))
    fails(2, [about("sfi-create", H7, '"RPD"', "did you mean", '"RDP"'),
              CHIP_HINT], *create(folder, csv, "RPD=1"))
    fails(2, [about("sfi-create", "RDP", "0x1bb", "0xff")],
          *create(folder, csv, "RDP=0x1bb"))
    assert not (folder / "out.sfi").exists()


@case
def template(folder):
    """Each field explained; as CSV it is a new part's, or the given one's."""
    csv = folder / "new.csv"
    for chip, first in ((H7, 0x1BC6AAF0), (L4, 0xFBEFF8BB)):
        text = succeeds(CREATE, "--template-ob", chip)
        csv.unlink(missing_ok=True)
        same(succeeds(CREATE, "--template-ob", chip, "-o", csv), "")
        same(csv.read_text(), text)
        assert "#   RDP, bits " in text and "#     0xcc: level 2" in text, text
        made(*create(folder, csv, chip=chip))
        same(words(folder, chip)[0], first)
    ob = DATA / f"ob-{H7}.csv"
    text = succeeds(CREATE, "--template-ob", H7, "-ob", ob, "RDP=0xCC")
    assert "\nFOPTSR_PRG,0x1026CCD0\n" in text, text
    assert "#     = 0xcc: level 2: nothing can be read" in text, text
    assert "#       for ever: no debugger" in text, text


@case
def template_refused(folder):
    csv = folder / "new.csv"
    csv.write_text("mine\n")
    fails(4, [about(f"sfi-create: {csv}", "another kind", "--force")], CREATE,
          "--template-ob", H7, "-o", csv)
    same(csv.read_text(), "mine\n")
    succeeds(CREATE, "--template-ob", H7, "-o", csv, "--force")
    same(csv.read_text()[:2], "# ")
    fails(64, ["sfi-create: -v cannot be combined with --template-ob",
               CREATE_HELP], CREATE, "--template-ob", H7, "-v", "1")
    same(run(CREATE, "--template-ob", "stm32f103").returncode, 64)


@case
def image_in_words(folder):
    made(*create(folder, DATA / f"ob-{H7}.csv"))
    out = made(INFO, folder / "out.sfi", "-k", folder / "key.bin", "-n",
                   folder / "nonce.bin", "--chip", H7).splitlines()
    at = out.index("  SECURITY         : 0x1     secure access mode; cannot be "
                   "taken back: on")
    assert "for ever" in out[at + 1], out
    assert "  nWRP15           : 0x1     writing sector 15: not protected" in out
    fields = {f["name"]: f for f in info(folder)["option_fields"]}
    same(len(fields), 41)
    same(fields["RDP"], {
        "name": "RDP", "row": "FOPTSR_PRG", "value": 0xAA, "shipped": 0xAA,
        "about": "readout protection", "meaning": "level 0: no protection",
        "effect": "anybody who has the part can read, copy and change its "
                  "flash"})
    same(fields["BOOT_CM7_ADD0"]["effect"],
         "the part starts what is at 0x08000000, in the flash")


if __name__ == "__main__":
    main()
