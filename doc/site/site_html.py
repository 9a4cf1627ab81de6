# SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later
# Copyright The libsfi authors
"""What is wrong with the HTML of the site: a link to nothing, or something that
a browser would fetch from elsewhere to show a page."""

import functools
import html
import re
import urllib.parse

# What a browser fetches to show a page; a link that one may follow is none.
FAR = r"(?:https?:)?/[^\"')]*"
FETCHED = re.compile(
    rf"<(?:script|img|iframe|source)\b[^>]*\bsrc=[\"']{FAR}"
    rf"|<link\b[^>]*\bhref=[\"']{FAR}|@import\s+[\"']?{FAR}"
    rf"|url\([\"']?{FAR}")
HREF = re.compile(r"href=[\"']([^\"']*)[\"']")


def fetched(folder):
    """What the site would fetch from elsewhere."""
    for path in sorted(folder.rglob("*")):
        if path.suffix in (".html", ".css"):
            text = path.read_text(encoding="utf-8")
            for m in FETCHED.finditer(text):
                yield f"{path.relative_to(folder)}: {m.group(0)}: the site " \
                    "must not need what is elsewhere"


def links(path):
    """What a page links to, each once."""
    return sorted({html.unescape(m) for m in
                   HREF.findall(path.read_text(encoding="utf-8"))})


def outward(folder):
    """Links out of the site, which nobody follows here."""
    return sorted({link for path in folder.rglob("*.html")
                   for link in links(path) if "://" in link})


@functools.lru_cache(maxsize=None)
def anchors(path):
    return {html.unescape(m) for m in re.findall(
        r'\bid="([^"]*)"', path.read_text(encoding="utf-8"))}


def broken(folder):
    """Links within the site that lead to nothing."""
    for path in sorted(folder.rglob("*.html")):
        for link in links(path):
            if re.match(r"[a-z]+:|/", link):
                continue  # outward, or fetched
            name, _, anchor = urllib.parse.unquote(link).partition("#")
            name = name.partition("?")[0]
            target = (path.parent / name).resolve() if name else path
            if not target.exists() or (anchor and target.suffix == ".html" and
                                       anchor not in anchors(target)):
                yield f"{path.relative_to(folder)}: {link} leads to nothing"


def faults(folder):
    anchors.cache_clear()
    return [*fetched(folder), *broken(folder)]
