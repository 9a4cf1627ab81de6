# SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later
# Copyright The libsfi authors
"""The story of AN4992, sections 4 to 6, on the page: an image, an HSM, a line
and the proof of its count."""

import contextlib
import os

from factory import PIN, Factory
from selenium.webdriver.common.keys import Keys
from station import Page, case, main, same

SCREENS = ("image", "hsm", "line", "proof")


def make_image(page, hands):
    """Section 4.2, steps 1 to 8."""
    hands.go("image")
    hands.type("Firmware file 1", "files/blink.elf")
    hands.press("Make a new key and nonce")
    hands.type("Name of the new files", "files/blink")
    hands.press("Make key and nonce")
    page.says("New: no other image has this key and nonce")
    hands.type("CSV file", "files/ob.csv")
    hands.press("Read the CSV file")
    hands.type("Version", "1")
    hands.type("Image to make", "files/blink.sfi")
    page.says("Ready to be generated")
    hands.press("Generate SFI")
    page.says("SFI created successfully")


class Hands:
    """How a person works: with a mouse, or with a keyboard alone."""

    def __init__(self, page):
        self.page = page
        self.type, self.press = page.type, page.press
        self.go = page.go


class Keyboard(Hands):
    """Tab, Enter and digits."""

    def __init__(self, page):
        super().__init__(page)
        self.type, self.press, self.go = self.fill, self.enter, self.digit

    def fill(self, name, text):
        self.page.tab_to("textbox", name)
        self.page.keys(text, Keys.TAB)

    def enter(self, name, role="button"):
        self.page.tab_to(role, name)
        self.page.wait(lambda: self.page.named(role, name).is_enabled())
        self.page.keys(Keys.ENTER)

    def digit(self, screen):
        self.page.keys(str(1 + SCREENS.index(screen)))
        self.page.find(f"#screen-{screen} h1")


@case
def by_clicks(folder):
    with contextlib.closing(Factory(8)) as factory, \
            contextlib.closing(Page(factory.operator)) as page:
        wrong = []
        make_image(page, Hands(page))
        assert os.path.exists(factory.path("blink.sfi"))
        wrong += page.look("story-image")
        same(wrong, [])
        same(page.errors(), [])


@case
def by_keyboard(folder):
    with contextlib.closing(Factory(1)) as factory, \
            contextlib.closing(Page(factory.operator)) as page:
        make_image(page, Keyboard(page))
        assert os.path.exists(factory.path("blink.sfi"))


if __name__ == "__main__":
    main()
