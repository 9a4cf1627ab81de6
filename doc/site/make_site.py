#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later
# Copyright The libsfi authors
"""Make the site: doc/ as HTML, with the references of C and Python.

    make_site.py VERSION BUILD_FOLDER [--fresh]

The pages are those of doc/ and of the root, as they are; what Sphinx needs is
added to copies of them.  BUILD_FOLDER/html/index.html is the site.  A warning
is an error: no link leads to nothing.
"""

import os
import pathlib
import re
import shutil
import sys

from sphinx.cmd.build import build_main

SITE = pathlib.Path(__file__).resolve().parent
ROOT = SITE.parents[1]
sys.path[1:1] = [str(ROOT / "doc/man"), str(ROOT / "bindings/python")]

import pages  # noqa: E402

# What a browser fetches to show a page; a link that one may follow is none.
FETCHED = re.compile(
    r"<(?:script|img|iframe|source)\b[^>]*\bsrc=[\"'](?:https?:)?//[^\"']*"
    r"|<link\b[^>]*\bhref=[\"'](?:https?:)?//[^\"']*"
    r"|@import\s+[\"'(]*(?:https?:)?//\S*|url\([\"']?(?:https?:)?//[^)]*")


def fetched(html):
    """What the site would fetch from a network."""
    for path in sorted(html.rglob("*")):
        if path.suffix in (".html", ".css"):
            text = path.read_text(encoding="utf-8")
            for m in FETCHED.finditer(text):
                yield f"{path.relative_to(html)}: {m.group(0)}"


def write(folder, made):
    """The copies; what did not change keeps its time, and Sphinx its work."""
    made = {folder / name: content for name, content in made.items()}
    for path, content in made.items():
        if isinstance(content, str):
            content = content.encode()
        if not path.exists() or path.read_bytes() != content:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content)
    for path in folder.rglob("*"):
        if path.is_file() and path not in made:
            path.unlink()


def main(version, build, fresh):
    source, trees, html = build / "source", build / "trees", build / "html"
    if fresh:
        shutil.rmtree(build, ignore_errors=True)
    write(source, pages.all_pages(ROOT, SITE))
    os.environ["SFI_SITE"] = str(SITE)
    os.environ["SFI_SITE_VERSION"] = version
    failed = build_main(["-q", "-W", "--keep-going", "-n", "-b", "html",
                         "-d", str(trees), str(source), str(html)])
    faults = list(fetched(html)) if not failed else []
    for fault in faults:
        print(f"{fault}: the site must not need a network")
    if failed or faults:
        shutil.rmtree(trees, ignore_errors=True)  # so that it warns again
        return 1
    print(f"{len(list(html.rglob('*.html')))} pages: {html}/index.html")
    return 0


if __name__ == "__main__":
    if len(sys.argv) not in (3, 4) or sys.argv[3:] not in ([], ["--fresh"]):
        sys.exit(__doc__)
    sys.exit(main(sys.argv[1], pathlib.Path(sys.argv[2]).resolve(),
                  sys.argv[3:] == ["--fresh"]))
