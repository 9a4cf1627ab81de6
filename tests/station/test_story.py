# SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later
# Copyright The libsfi authors
"""The story of AN4992, sections 4 to 6, on the page: an image, an HSM, a line
and the proof of its count."""

import atexit
import functools
import os
import shutil

from factory import HOSTILE, SHOWN, Factory, must
from selenium.webdriver.common.keys import Keys
from station import Page, case, main, same

SCREENS = ("image", "hsm", "line", "proof")


def make_image(page, hands, name):
    """Section 4.2, steps 1 to 8."""
    hands.go("image")
    hands.type("Firmware file 1", "files/blink.elf")
    hands.press("Make a new key and nonce")
    hands.type("Name of the new files", f"files/{name}")
    hands.press("Make key and nonce")
    page.says("New: no other image has this key and nonce")
    hands.type("CSV file", "files/ob.csv")
    hands.press("Read the CSV file")
    hands.type("Version", "1")
    hands.type("Image to make", f"files/{name}.sfi")
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


def choose(page, hands, button, name):
    """A file, in the dialog that a button opens."""
    hands.press(button)
    page.wait(lambda: page.has("button", name) or page.has("button", "files"))
    if not page.has("button", name):
        hands.press("files")
    hands.press(name)
    page.wait(lambda: not page.all("dialog"))


def prove(page, hands, *names):
    """Section 4.3: what the HSM counted."""
    hands.go("proof")
    for name in names:
        choose(page, hands, "Choose from the folders", name)
    hands.press("Verify")


class Story:
    """One factory and one browser for all cases."""

    def __init__(self):
        self.factory = Factory(8)
        self.page = Page(self.factory.operator)

    def close(self):
        self.page.close()
        self.factory.close()


@functools.cache
def story():
    made = Story()
    atexit.register(made.close)
    return made.factory, made.page


@case
def by_clicks(folder):
    factory, page = story()
    make_image(page, Hands(page), "blink")
    assert os.path.exists(factory.path("blink.sfi"))
    same(page.look("story-image"), [])
    same(page.errors(), [])


@case
def by_keyboard(folder):
    factory, page = story()
    page.driver.refresh()
    make_image(page, Keyboard(page), "keys")
    assert os.path.exists(factory.path("keys.sfi"))
    same(page.errors(), [])


@case
def proof(folder):
    """The log of an HSM that counted three devices."""
    factory, page = story()
    factory.vault("line.vault", 10)
    for chip in factory.chips[:3]:
        chip.plug()
        must("sfi-program", "-c", f"port={chip.port}", "--yes", "-sfi",
             "protocol=static", factory.path("blink.sfi"), "hsm=1",
             "slot=vault:" + factory.path("line.vault"), "--pin-file",
             factory.home + "/pin", "--record", factory.path("line.jsonl"))
        chip.unplug()
    must("sfi-hsm", "-i", "vault:" + factory.path("line.vault"), "-audit",
         factory.path("line.log"))
    prove(page, Hands(page), "line.log", "audit.key", "line.jsonl")
    page.says("3 devices were licensed, 7 of 10 installations are left")
    same(page.look("story-proof"), [])
    same(page.errors(), [])


@case
def hostile_names(folder):
    """Of files: shown in the dialog, in the form, in messages and tables."""
    factory, page = story()
    title = page.driver.title
    long_name = "x" * 200 + ".elf"
    for name in (HOSTILE, long_name):
        shutil.copyfile(factory.path("blink.elf"), factory.path(name))
    os.mkdir(factory.path("\x1b]0;x\x07"))
    page.go("image")
    page.type("Firmware file 1", "")
    page.press("Choose: Firmware file 1")
    page.press("files")
    page.named("button", SHOWN)
    page.named("button", long_name)
    same(page.look("story-dialog"), [])
    page.press(SHOWN)
    page.says("Firmware information: ")
    page.says(SHOWN + ", segment 1")
    page.type("Image to make", "files/" + HOSTILE + "/x.sfi")
    page.says(SHOWN + "/x.sfi")
    same(page.driver.title, title)
    same(page.all("img"), [])
    same(page.errors(), [])


if __name__ == "__main__":
    main()
