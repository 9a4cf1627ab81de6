# SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later
# Copyright The libsfi authors
"""The frame of the page: it starts, and shows its screens."""

import contextlib

from station import Page, Station, case, main, same


@case
def page_opens(folder):
    with contextlib.closing(Station()) as station, \
            contextlib.closing(Page(station.operator)) as page:
        page.find("#screen-image h1")
        same(page.errors(), [])


if __name__ == "__main__":
    main()
