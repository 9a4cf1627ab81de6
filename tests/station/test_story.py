# SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later
# Copyright The libsfi authors
"""The story of AN4992, sections 4 to 6, on the page: an image, an HSM, a line
and the proof of its count."""

import atexit
import contextlib
import functools
import json
import os
import shutil
import time
from http.client import HTTPConnection

from factory import HOSTILE, PIN, SHOWN, Factory
from selenium.webdriver.common.action_chains import ActionChains
from selenium.webdriver.common.keys import Keys
from station import PATIENCE_S, Client, Page, case, free, main, same

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

    def begin(self):
        """The boards of a round."""
        self.page.run("document.activeElement.blur()")
        self.page.keys(Keys.SPACE)


class Keyboard(Hands):
    """Tab, Enter, Space, and Alt with digits."""

    def __init__(self, page):
        super().__init__(page)
        self.type, self.press, self.go = self.fill, self.enter, self.digit

    def fill(self, name, text):
        self.page.tab_to("textbox", name)
        self.page.keys(text, Keys.TAB)

    def enter(self, name, role="button"):
        self.page.tab_to(role, name)
        self.page.wait(lambda: free(self.page.named(role, name)))
        self.page.keys(Keys.SPACE if role == "checkbox" else Keys.ENTER)

    def digit(self, screen):
        self.page.find("h1")
        ActionChains(self.page.driver).key_down(Keys.ALT).send_keys(
            str(1 + SCREENS.index(screen))).key_up(Keys.ALT).perform()
        self.page.find(f"#screen-{screen} h1")

    def begin(self):
        self.page.tab_to("button", "Program")
        self.page.wait(lambda: free(self.page.named("button", "Program")))
        self.page.keys(Keys.SPACE)


def open_folder(page, hands, button, name):
    """The dialog that a button opens, and in it the folder with a file."""
    hands.press(button)
    page.wait(lambda: page.has("button", name) or page.has("button", "files "),
              f"neither {name!r} nor its folder is in the dialog")
    if not page.has("button", name):
        hands.press("files ")


def choose(page, hands, button, name):
    """A file, in the dialog that a button opens."""
    open_folder(page, hands, button, name)
    hands.press(name)
    page.wait(lambda: not page.all("dialog"), "the dialog stays")


def prove(page, hands, *names):
    """Section 4.3: what the HSM counted."""
    hands.go("proof")
    hands.press("Start again")
    page.says("No file yet")
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
    same(page.look("story-image", 1280), [])
    same(page.errors(), [])


def provision(page, hands, name, count):
    """Section 4.3: so many installations, locked for ever."""
    hands.go("hsm")
    for label, text in (
            ("New vault", f"files/{name}.vault"),
            ("Key file", f"files/{name}.key"),
            ("Nonce file", f"files/{name}.nonce"),
            ("Personalisation file", "files/maker.pd"),
            ("Firmware identifier", "blink-h753"),
            ("Number of installations", str(count)),
            ("Audit key file", "files/audit.key"),
            ("PIN for the HSM to provision", PIN),
            ("The same PIN again", PIN)):
        hands.type(label, text)
    page.says("Product 45002001")
    hands.press("Check and lock")
    hands.type("Type", "blink-h753")
    hands.press("Lock for ever")
    page.says("HSM successfully programmed")
    page.says("Shift open")
    hands.press("Lock")
    page.says("Shift locked")


def make_job(page, hands, factory, name, chips):
    """Section 5: the order of a line with a socket for each chip."""
    hands.go("line")
    hands.press("New job")
    hands.type("File of the job", f"files/{name}.job")
    hands.type("Secure image", f"files/{name}.sfi")
    hands.type("HSM", "vault:" + factory.path(name + ".vault"))
    hands.type("Ports", " ".join(chip.port for chip in chips))
    hands.press("Make open chips secure", "checkbox")
    hands.press("Make the job")
    page.says(name + ".job")
    page.says("Not started")


def begin_job(page, hands, name):
    """What is for ever is typed; a wrong PIN is asked for again."""
    hands.press("Start the job")
    hands.type("Type the name of the job", name + ".job")
    hands.press("Make chips secure")
    hands.type("PIN of the HSM", "wrong")
    hands.press("Use this PIN")
    page.says("wrong PIN")
    hands.type("PIN of the HSM", PIN)
    hands.press("Use this PIN")
    page.says("Ready for the next boards")


def save_log(page, hands, name):
    """The audit log of the HSM."""
    hands.go("hsm")
    hands.press("Devices, audit log")
    hands.type("File for the audit log", f"files/{name}.log")
    hands.press("Save the audit log")
    page.says("The audit log was saved")


class Requests(Client):
    """What the page asks, without a browser."""

    def state(self):
        """What is told now."""
        connection = HTTPConnection(self.station.origin.partition("//")[2],
                                    timeout=PATIENCE_S)
        connection.request("GET", "/api/events", headers={
            "Cookie": self.cookie, "X-Station-Key": self.key})
        line = b""
        with connection.getresponse() as answer:
            while not line.startswith(b"data: "):
                line = answer.readline()
        connection.close()
        return json.loads(line[6:])

    def until(self, key, **want):
        """The value of a key, as soon as it has these members."""
        end = time.monotonic() + PATIENCE_S
        while True:
            value = self.state().get(key) or {}
            if all(value.get(name) == one for name, one in want.items()):
                return value
            assert time.monotonic() < end, f"{key} is {value}, not {want}"
            time.sleep(0.2)


def foreign_and_empty(factory):
    """Into socket 7 a chip of another maker; socket 8 is left empty."""
    chip = factory.add_chip("stranger")
    chip.port = factory.chips[6].port
    factory.chips[6] = chip
    for one in factory.chips[:7]:
        one.plug()


def sockets_differ(asks):
    """Five of six chips are installed, and each other tile has its remedy."""
    told = asks.state()
    sockets = [told[f"line/socket/{n}"] for n in range(1, 9)]
    wrong = sorted(one["error"]["name"] for one in sockets[:6]
                   if one["state"] == "failed")
    same(wrong, ["SFI_ERR_HSM_COUNTER"])
    same([(one["state"], one["error"]["name"]) for one in sockets[6:]],
         [("failed", "SFI_ERR_CERTIFICATE"), ("failed", "SFI_ERR_NO_DEVICE")])
    for one in sockets:
        assert one["state"] == "done" or one["error"]["hint"], one
    same([told["line/sum"][name] for name in (
        "good", "counted", "installed", "receipts")], [5, 5, 5, 5])


@case
def line_and_proof(folder):
    """Sections 5 and 6: an HSM with five installations, and eight sockets."""
    factory, page = story()
    hands = Hands(page)
    provision(page, hands, "blink", 5)
    same(page.look("story-hsm", 1280), [])
    foreign_and_empty(factory)
    make_job(page, hands, factory, "blink", factory.chips[:8])
    begin_job(page, hands, "blink")
    hands.begin()
    page.says("Ended by the HSM")
    for remedy in ("the chip is not a genuine device of this product",
                   "this HSM is exhausted; provision a new one",
                   "check the port's name, and that it is connected"):
        page.says(remedy)
    same(page.look("story-line", 1280), [])
    page.driver.refresh()
    page.says("Ended by the HSM")

    asks = Requests(factory, factory.viewer)
    asks.until("line/job", state="idle")
    sockets_differ(asks)
    same(asks.until("hsm/place/0", state="exhausted")["remaining"], 0)

    save_log(page, hands, "blink")
    prove(page, hands, "blink.log", "audit.key", "blink.job.journal")
    page.says("5 devices were licensed, 0 of 5 installations are left")
    page.says("Every device has a receipt")
    same(page.look("story-proof", 1280), [])
    # a form that was not complete, and a wrong PIN
    same([row for row in page.errors() if " 422 " not in row], [])
    os.unlink(factory.path("blink.vault"))
    hands.go("hsm")
    page.says("No HSM yet")


def pull(factory, page, asks, chip):
    """A chip is pulled at work, after a reload; a viewer sees that."""
    with contextlib.closing(Page(factory.viewer)) as viewer:
        viewer.go("line")
        viewer.says("Working")
        same(viewer.named("button", "Program").get_attribute("aria-disabled"),
             "true")
        asks.until("line/socket/1", phase="areas")
        page.driver.refresh()
        page.says("Working")
        chip.unplug()
        asks.until("line/socket/1", state="failed")
        for one in (page, viewer):
            one.says("Stopped")
        same(viewer.errors(), [])
    error = asks.state()["line/socket/1"]["error"]
    same(error["status"] // -100, 4)
    page.says(error["hint"])


@case
def by_keyboard(folder):
    """The whole story; the only chip is pulled once, and counted once."""
    factory, page = story()
    hands = Keyboard(page)
    page.driver.refresh()
    make_image(page, hands, "keys")
    provision(page, hands, "keys", 3)
    chip = factory.add_chip()
    make_job(page, hands, factory, "keys", [chip])
    begin_job(page, hands, "keys")
    asks = Requests(factory, factory.viewer)
    chip.plug("--real-time")
    hands.begin()
    pull(factory, page, asks, chip)
    chip.plug()
    asks.until("line/job", state="ready")
    hands.begin()
    page.says("Done again, not counted")
    hands.press("End after these boards")
    page.says("Not started")
    save_log(page, hands, "keys")
    prove(page, hands, "keys.log", "audit.key", "keys.job.journal")
    page.says("1 devices were licensed, 2 of 3 installations are left")
    page.says("Every device has a receipt")
    hands.press("Lock")
    page.says("Shift locked")
    same([row for row in page.errors() if " 422 " not in row], [])


@case
def hostile_names(folder):
    """Of files: shown in the dialog, in the form, in messages and tables."""
    factory, page = story()
    long_name = "x" * 200 + ".elf"
    for name in (HOSTILE, long_name):
        shutil.copyfile(factory.path("blink.elf"), factory.path(name))
    os.mkdir(factory.path("\x1b]0;x\x07"))
    page.go("image")
    title = page.driver.title
    page.type("Firmware file 1", "")
    open_folder(page, Hands(page), "Choose: Firmware file 1", SHOWN)
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
