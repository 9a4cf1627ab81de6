# SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later
# Copyright The libsfi authors
"""doc/quick-reference.md as one A4 page."""

import re

import markdown_it
import weasyprint

STYLE = """
@page { size: A4; margin: 9mm 9mm 8mm 9mm; }
body { font: 9pt/1.3 "DejaVu Sans", sans-serif; columns: 2;
       column-gap: 6mm; }
h1 { font-size: 15pt; margin: 0 0 1mm 0; column-span: all; }
h1 + p { column-span: all; margin: 0 0 2mm 0; }
h2 { font-size: 10.5pt; margin: 2.2mm 0 0.6mm 0; color: #003a70;
     border-bottom: 0.3mm solid #003a70; break-after: avoid; }
table { width: 100%; border-collapse: collapse; }
thead { display: none; }
td { vertical-align: top; padding: 0.45mm 1mm 0.45mm 0;
     border-bottom: 0.1mm solid #bbb; }
td:first-child { width: 18mm; font-weight: bold; }
tr { break-inside: avoid; }
code { font: 8pt/1.3 "DejaVu Sans Mono", monospace; overflow-wrap: anywhere; }
p { margin: 2mm 0 0 0; }
nobr { white-space: nowrap; }
"""


def pdf(root):
    """The bytes of the page."""
    text = (root / "doc/quick-reference.md").read_text(encoding="utf-8")
    html = markdown_it.MarkdownIt("commonmark").enable("table").render(text)
    # an option is not torn apart at its dash
    html = re.sub(r"(?<=[ >])(?:sfi)?-[\w-]+", r"<nobr>\g<0></nobr>", html)
    document = weasyprint.HTML(
        string=f"<!doctype html><html lang=en><head><meta charset=utf-8>"
        f"<title>libsfi: quick reference</title></head><body>{html}</body>"
        f"</html>").render(stylesheets=[weasyprint.CSS(string=STYLE)])
    if len(document.pages) != 1:
        raise SystemExit(f"doc/quick-reference.md has {len(document.pages)} "
                         "pages, expected 1")
    return document.write_pdf()
