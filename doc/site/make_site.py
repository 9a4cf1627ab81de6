#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later
# Copyright The libsfi authors
"""Make the site: doc/ as HTML, with the references of C and Python.

    make_site.py VERSION BUILD_FOLDER [--fresh]
    make_site.py --self-test

The pages are those of doc/ and of the root, as they are; what Sphinx needs is
added to copies of them.  BUILD_FOLDER/html/index.html is the site.  A warning
is an error: no link leads to nothing.
"""

import os
import pathlib
import shutil
import sys
import tempfile

from sphinx.cmd.build import build_main

SITE = pathlib.Path(__file__).resolve().parent
ROOT = SITE.parents[1]
sys.path[1:1] = [str(ROOT / "doc/man"), str(ROOT / "bindings/python")]

import site_html  # noqa: E402
import site_pages  # noqa: E402

# Of Debian's furo: a file that is in no site.
NORMALIZE = "@import url(/javascript/normalize.css/normalize.css);"
# A caption of the list of pages, which has no level.
CAPTION = 'class="caption" role="heading">'


def replace(path, old, new):
    text = path.read_text(encoding="utf-8")
    if old in text:
        path.write_text(text.replace(old, new), encoding="utf-8")


def mend(html):
    replace(html / "_static/styles/furo.css", NORMALIZE, "")
    for path in html.rglob("*.html"):
        replace(path, CAPTION, CAPTION[:-1] + ' aria-level="2">')


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
    write(source, site_pages.all_pages(ROOT, SITE))
    os.environ["SFI_SITE"] = str(SITE)
    os.environ["SFI_SITE_VERSION"] = version
    failed = build_main(["-q", "-W", "--keep-going", "-n", "-b", "html",
                         "-d", str(trees), str(source), str(html)])
    mend(html)
    faults = site_html.faults(html) if not failed else []
    print(*faults, sep="\n", end="\n" * bool(faults))
    if failed or faults:
        shutil.rmtree(trees, ignore_errors=True)  # so that it warns again
        return 1
    links = site_html.outward(html)
    (build / "outward.txt").write_text("\n".join([*links, ""]),
                                       encoding="utf-8")
    print(f"{len(list(html.rglob('*.html')))} pages: {html}/index.html\n"
          f"{len(links)} links lead out of the site and were not followed: "
          f"{build}/outward.txt")
    return 0


def self_test():
    """What a page may not lead to or fetch, and which words become links."""
    wrong = 0
    for text, want in [('<script src="https://x/a.js">', 1),
                       ('<link rel="a" href="//x/a.css">', 1),
                       ("@import url(/javascript/a.css);", 1),
                       ("a { background: url('http://x/a.png') }", 1),
                       ('<a href="https://x/">', 0), ("url(a.png)", 0),
                       ('<a href="b.html">', 1), ('<a href="#b">', 1),
                       ('<a href="#a"> <b id="a">', 0),
                       ('<a href="a.html#a"> <b id="a">', 0),
                       ('<a href="a.html#b"> <b id="a">', 1)]:
        with tempfile.TemporaryDirectory() as folder:
            pathlib.Path(folder, "a.html").write_text(text, encoding="utf-8")
            wrong += len(site_html.faults(pathlib.Path(folder))) != want
    with tempfile.TemporaryDirectory() as folder:
        root = pathlib.Path(folder)
        (root / "doc").mkdir()
        (root / "doc/a.md").write_text(
            "see doc/b.md, `doc/b.md`, [b](../x.c), [c](../doc)\n\n"
            "    doc/b.md\n", encoding="utf-8")
        (root / "doc/b.md").write_text("# B\n", encoding="utf-8")
        (root / "x.c").write_text("int x;\n", encoding="utf-8")
        tree = site_pages.Tree(root, [])
        tree.page("doc/a.md")
        wrong += tree.made["a.md"] != (
            "see [doc/b.md](b.md), `doc/b.md`, [b](tree/x.c), `doc`\n\n"
            "    doc/b.md\n")
        wrong += tree.made["tree/x.c"] != b"int x;\n"
    print(f"{wrong} misjudged")
    return 1 if wrong else 0


if __name__ == "__main__":
    if sys.argv[1:] == ["--self-test"]:
        sys.exit(self_test())
    if len(sys.argv) not in (3, 4) or sys.argv[3:] not in ([], ["--fresh"]):
        sys.exit(__doc__)
    sys.exit(main(sys.argv[1], pathlib.Path(sys.argv[2]).resolve(),
                  sys.argv[3:] == ["--fresh"]))
