#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later
# Copyright The libsfi authors
"""Make the manual pages.

    make_pages.py FOLDER [DEPFILE PROGRAM...]

writes man1, man3, man5 and man7 in FOLDER: of the public headers, of the
programs' options (examples/options), and of doc/.  DEPFILE tells ninja what was
read.  Without a list of programs all have their pages.
"""

import pathlib
import re
import shutil
import sys

sys.dont_write_bytecode = True

import documents  # noqa: E402
import headers  # noqa: E402
import mdoc  # noqa: E402
import pages as all_pages  # noqa: E402
import programs  # noqa: E402
import reference  # noqa: E402

ROOT = headers.ROOT
MONTHS = ("January February March April May June July August September "
          "October November December").split()


def version():
    text = (ROOT / "meson.build").read_text("utf-8")
    return re.search(r"version: '([^']+)'", text).group(1)


def date():
    """That of the newest release in the CHANGELOG, else of the first plan."""
    found = re.search(r"^## .*\b(\d{4})-(\d\d)-(\d\d)",
                      (ROOT / "CHANGELOG.md").read_text("utf-8"), re.M)
    year, month, day = found.groups() if found else ("2026", "11", "30")
    return f"{MONTHS[int(month) - 1]} {int(day)}, {year}"


def make(wanted=()):
    """(name of a file, its text) of each page."""
    pages = all_pages.Pages()
    end = (date(), version())
    for header in pages.headers:
        name = all_pages.page_of(header)
        lines = pages.remember((name, "3"), reference.write(pages, header))
        yield f"man3/{name}.3", mdoc.page(name, "3", *end, lines)
    for name, page in pages.links():
        yield f"man3/{name}.3", f".so man3/{page}.3\n"
    for name in wanted or all_pages.PROGRAMS:
        lines = pages.remember((name, "1"), programs.write(pages, name))
        yield f"man1/{name}.1", mdoc.page(name, "1", *end, lines)
    # last, as they name who names them
    for document in all_pages.DOCUMENTS:
        name, section = document[:2]
        yield f"man{section}/{name}.{section}", mdoc.page(
            name, section, *end, documents.write(pages, document))


def sources():
    """What was read."""
    here = pathlib.Path(__file__).parent
    return [ROOT / "CHANGELOG.md", *(ROOT / "include/sfi").glob("*.h"),
            *(ROOT / "examples/options").glob("*"), *here.rglob("*.py"),
            *here.rglob("*.md"), *(ROOT / "doc").glob("*.md"),
            ROOT / "tests/scripts/source.py",
            ROOT / "tests/scripts/check_docs.py"]


def main(folder, depfile=None, *wanted):
    folder = pathlib.Path(folder)
    made = dict(make(wanted))
    for section in ("man1", "man3", "man5", "man7"):
        shutil.rmtree(folder / section, ignore_errors=True)
        (folder / section).mkdir(parents=True)
    for name, text in made.items():
        (folder / name).write_text(text, "ascii")
    if depfile:
        names = " ".join(str(p).replace(" ", "\\ ") for p in sources())
        pathlib.Path(depfile).write_text(f"{folder}/man1: {names}\n", "utf-8")


if __name__ == "__main__":
    main(*sys.argv[1:])
