# SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later
# Copyright The libsfi authors
"""What Sphinx has to know; make_site.py runs it in a folder of copied pages."""

import os
import pathlib
import sys

SITE = pathlib.Path(os.environ["SFI_SITE"])
ROOT = SITE.parents[1]
sys.path[:0] = [str(SITE), str(ROOT / "bindings/python")]

project = "libsfi"
author = "The libsfi authors"
copyright = author
version = release = os.environ["SFI_SITE_VERSION"]
language = "en"

extensions = ["myst_parser", "sphinx.ext.autodoc", "names"]
myst_heading_anchors = 4
myst_enable_extensions = ["deflist"]
suppress_warnings = ["myst.header"]  # a page may begin below its title
exclude_patterns = ["tree"]

highlight_language = "none"  # most blocks are commands and their output

# Of Python itself, and what an argument may be, which is no class.
nitpick_ignore = [("py:class", name) for name in (
    "datetime.datetime", "logging.Logger", "os.PathLike", "sfi._handle.Handle",
    "sfi._handle.State", "BytesLike", "ChipLike", "OnProgress", "StrPath",
    "TransportLike")]

autodoc_member_order = "bysource"
autodoc_typehints = "signature"
autodoc_class_signature = "separated"
python_use_unqualified_type_names = True

# Of those that Pygments has, the ones with a contrast of 4.5 throughout.
pygments_style = "default"
pygments_dark_style = "github-dark"

html_theme = "furo"
html_title = f"libsfi {version}"
html_static_path = ["static"]
html_css_files = ["site.css"]
html_copy_source = False
# Excerpts are fetched, which a browser does not do for pages of a folder.
html_show_search_summary = False
html_show_sourcelink = False
html_permalinks_icon = "#"
