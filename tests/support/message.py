# SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later
# Copyright The libsfi authors
"""A message as most tests compare it: its place and its facts.

The whole sentence is compared in one test only, and every other test uses
about(), so that better words change one test.
"""

import re


class about:
    """Equals each line that says these facts (numbers, names, key words) as
    whole words and in this order, behind "place: ".

    A place is whole, or its end from a space, colon or slash on; an empty one
    is for a message that comes without its place.
    """

    def __init__(self, place, *facts):
        self.place, self.facts = place, facts
        start = rf"(?:^|[ :/]){re.escape(place)}: " if place else ""
        self.pattern = re.compile(start + "".join(
            rf".*?(?<!\w){re.escape(fact)}(?!\w)" for fact in facts))

    def __eq__(self, line):
        return isinstance(line, str) and bool(self.pattern.search(line))

    def __repr__(self):
        return f"about{(self.place, *self.facts)!r}"
