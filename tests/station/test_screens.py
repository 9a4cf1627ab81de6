# SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later
# Copyright The libsfi authors
"""Each screen as it is at first: nothing bars people from it, in light and in
dark, and it fits at each width."""

import contextlib
import re

from station import SOURCE, WIDTHS, Page, Station, case, main, same

SCREENS = ("image", "hsm", "line", "proof")


@case
def texts(folder):
    """Each has a name of its own, and says something."""
    rows = re.findall(r"^  '([\w.]+)': (.*),$", (
        SOURCE / "examples/station/page/texts.js").read_text(), re.M)
    names = [name for name, _ in rows]
    same([name for name in set(names) if names.count(name) > 1], [])
    same([name for name, text in rows if len(text) < 3], [])


@case
def new_screens(folder):
    with contextlib.closing(Station()) as station, \
            contextlib.closing(Page(station.operator)) as page:
        page.find("#screen-image h1")
        wrong = []
        for screen in SCREENS:
            page.go(screen)
            wrong += page.look(f"new-{screen}", *WIDTHS)
        same(wrong, [])
        same(page.errors(), [])


if __name__ == "__main__":
    main()
