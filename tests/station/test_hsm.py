# SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later
# Copyright The libsfi authors
"""The screen "HSM": vaults and cards, their PINs, and what locks for ever."""

import contextlib
import os
import signal
import sys

from selenium.webdriver.common.by import By

from station import PROGRAMS, SOURCE, Client, Page, case, main, same
from desk import Desk, eventually
from factory import PIN, Factory, must

sys.path.insert(0, str(SOURCE / "tests/support/card"))
import pcscd  # noqa: E402

FORM = {"key": "files/blink.key", "nonce": "files/blink.nonce",
        "perso": "files/maker.pd", "firmware_id": "blink-h753", "count": 20,
        "low_water": 3, "audit_key": "files/new-audit.key"}


def faults(desk, **more):
    """The fields with findings."""
    return sorted({f["where"] for f in desk.post(
        "hsm/check", {**FORM, "vault": "files/new.vault",
                      "pin_len": 6, **more})["findings"]})


def files(station):
    return set(os.listdir(station.folder))


pcscd.socket_name()  # the machine's own pcscd, if it has one, is left alone
STATION = Factory(1)
STATION.image()
STATION.vault("line.vault", 5)
LINE = "vault:files/line.vault"


@case
def vaults_come_and_go(folder):
    desk = Desk(STATION)
    row = desk.shows(LINE, state="operational")
    same([row[k] for k in ("firmware_id", "product", "remaining", "maximum",
                           "tries", "held", "word", "devices")],
         ["blink-h753", "45002001", 5, 5, 10, False, "OPERATIONAL STATE", []])
    same((len(row["ca"]), len(row["head"]), len(row["serial"])), (64, 64, 32))
    hostile = "<img src=x onerror=alert(1)>\u202e.vault"
    with open(STATION.path(hostile), "w", encoding="ascii") as file:
        file.write("no vault")
    row = desk.shows(f"vault:files/{hostile}")
    eventually(lambda: "error" in desk.row(f"vault:files/{hostile}"), "error")
    os.unlink(STATION.path(hostile))
    eventually(lambda: desk.row(f"vault:files/{hostile}") is None, "it goes")
    # a link out of the folder, and a name with a token's URI
    os.symlink("/etc/passwd", STATION.path("link.vault"))
    with open(STATION.path("a?token=x.vault"), "w", encoding="ascii"):
        pass
    os.mkdir(STATION.path("sub"))
    os.link(STATION.path("ob.csv"), STATION.path("sub/last.vault"))
    desk.shows("vault:files/sub/last.vault")
    same([r["name"] for r in desk.get("hsm/list")["list"]
          if "link" in r["name"] or "token" in r["name"]], [])
    for name in ("link.vault", "a?token=x.vault", "sub/last.vault"):
        os.unlink(STATION.path(name))


@case
def pin_of_a_shift(folder):
    desk = Desk(STATION)
    viewer = Client(STATION, STATION.viewer)
    for path in ("unlock", "provision", "retire", "audit", "verify"):
        viewer.post(f"hsm/{path}", {"hsm": LINE, "pin": PIN}, 403)
    desk.shows(LINE, state="operational")
    same(desk.post("hsm/unlock", {"hsm": LINE}, 422)["error"]["where"], "pin")
    same(desk.post("hsm/verify", {"hsm": LINE}, 422)["error"]["message"],
         "unlock this HSM first")
    error = desk.ends("hsm/unlock", {"hsm": LINE, "pin": "wrong"})
    same((error["name"], error["where"]), ("SFI_ERR_HSM_PIN", "pin"))
    desk.shows(LINE, tries=9, held=False)
    same(desk.ends("hsm/unlock", {"hsm": LINE, "pin": PIN}), None)
    desk.shows(LINE, tries=10, held=True)
    same(desk.ends("hsm/verify", {"hsm": LINE}), None)
    desk.post("session/lock")
    desk.shows(LINE, held=False)
    same(PIN in desk.text, False, "a PIN went to the browser")


@case
def pin_is_of_one_hsm(folder):
    """Another HSM that takes the name of the first gets no PIN of the shift."""
    desk = Desk(STATION)
    STATION.vault("first.vault", 1)
    with open(STATION.path("first.job"), "w", encoding="ascii") as file:
        file.write("[job]\nports = /dev/null\nnext = enter\n[install]\n"
                   "image = blink.sfi\nhsm = vault:first.vault\n")
    first = "vault:files/first.vault"
    desk.shows(first, state="operational")
    same(desk.ends("hsm/unlock", {"hsm": first, "pin": PIN}), None)
    serial = desk.shows(first, held=True)["serial"]
    STATION.vault("second.vault", 1)
    desk.shows("vault:files/second.vault", held=False)
    os.rename(STATION.path("second.vault"), STATION.path("first.vault"))
    desk.post("line/choose", {"job": "files/first.job"})
    error = desk.post("line/start", {}, 422)["error"]
    same((error["where"], "type it once" in error["message"]), ("pin", True))
    eventually(lambda: desk.row(first)["serial"] != serial, "the other HSM")
    desk.shows(first, held=False)
    for name in ("first.vault", "first.job"):
        os.unlink(STATION.path(name))
    eventually(lambda: desk.row(first) is None, "it goes")


@case
def last_try_is_asked(folder):
    STATION.vault("pins.vault", 1)
    desk = Desk(STATION)
    pins = "vault:files/pins.vault"
    desk.shows(pins, state="operational")
    for left in range(9, 0, -1):
        desk.ends("hsm/unlock", {"hsm": pins, "pin": "wrong"})
        desk.shows(pins, tries=left)
    for pin in ("wrong", PIN):
        error = desk.ends("hsm/unlock", {"hsm": pins, "pin": pin})
        same("only one try is left" in error["message"], True, error)
        desk.shows(pins, tries=1)
    same(desk.ends("hsm/unlock", {"hsm": pins, "pin": "wrong",
                                  "last_try": True})["name"],
         "SFI_ERR_HSM_PIN")
    desk.shows(pins, tries=0, state="blocked")


@case
def form_is_checked(folder):
    desk = Desk(STATION)
    before = files(STATION)
    same(faults(desk), [])
    facts = desk.post("hsm/check", {**FORM, "vault": "files/new.vault",
                                    "pin_len": 6})["facts"]
    same((facts["product"], facts["audit_key"], facts["low_water"],
          len(facts["ca"])), ("45002001", "new", 3, 64))
    for field, bad in (
            ("key", ("", "files/absent", "files/blink.elf", "../etc/passwd")),
            ("nonce", ("", "files/blink.key")),
            ("perso", ("", "files/blink.elf")),
            ("firmware_id", ("", "x" * 64, "bl\u00fcnk", "a\x1b]0;b")),
            ("count", (0, -1, 2 ** 32, "7", None)),
            ("low_water", (21, -1)),
            ("audit_key", ("files/blink.elf", "/tmp/x", "files/../x")),
            ("vault", ("", "files/new", "files/line.vault", "files/a?b.vault",
                       "files/no/new.vault", "files/../new.vault")),
            ("pin_len", (0, 3, 65))):
        for value in bad:
            same(faults(desk, **{field: value}), [field.partition("_len")[0]],
                 f"{field} = {value!r}")
    same(faults(desk, hsm=LINE), ["hsm"])
    same(faults(desk, key="", count=0, pin_len=1), ["count", "key", "pin"])
    same(files(STATION), before)


@case
def provisioned_and_retired(folder):
    desk = Desk(STATION)
    form = {**FORM, "vault": "files/new.vault", "pin": PIN}
    same(desk.post("hsm/provision", form, 422)["error"]["where"], "typed")
    same(desk.post("hsm/provision", {**form, "typed": "blink-h753",
                                     "count": 0}, 422)["error"]["where"],
         "count")
    same("new.vault" in files(STATION) or "new-audit.key" in files(STATION),
         False, "nothing was made yet")
    same(desk.ends("hsm/provision", {**form, "typed": "blink-h753"}), None)
    new = "vault:files/new.vault"
    row = desk.shows(new, state="operational", held=True)
    same((row["remaining"], row["low_water"]), (20, 3))
    same(os.path.getsize(STATION.path("new-audit.key")), 32)
    error = desk.post("hsm/provision", {**form, "typed": "blink-h753"}, 422)
    same(error["error"]["where"], "vault")
    # the proof of the count, and the end
    same(desk.ends("hsm/audit", {"hsm": new, "path": "files/new.log"}), None)
    same(desk.post("hsm/retire", {"hsm": new, "typed": "blink"},
                   422)["error"]["where"], "typed")
    same(desk.ends("hsm/retire", {"hsm": new, "typed": "blink-h753"}), None)
    row = desk.shows(new, state="retired")
    same(desk.ends("hsm/audit", {"hsm": new, "path": "files/new.log"})["where"],
         "path", "an earlier log is never replaced")
    same([r["kind"] for r in row["devices"]], ["retired"])
    with open(STATION.path("blink.key"), "rb") as file:
        key = file.read().hex()
    same(PIN in desk.text or key in desk.text, False, "a secret was told")


@case
def cards_come_and_go(folder):
    """A blank card is provisioned, pulled out, and put back in."""
    pcscd.need()
    with pcscd.Desk(folder, PROGRAMS) as readers, \
            contextlib.closing(Factory(1)) as station:
        station.image()
        desk = Desk(station)
        card = f"pcsc:{pcscd.READERS[0]}"
        same(desk.row(card), None)
        readers.insert()
        desk.shows(card, state="blank", held=False)
        form = {**FORM, "hsm": card, "pin": PIN, "typed": "blink-h753"}
        same(desk.ends("hsm/provision", form), None)
        desk.shows(card, state="operational", remaining=20, held=True)
        same(desk.ends("hsm/audit", {"hsm": card, "path": "files/card.log"}),
             None)
        readers.remove()
        eventually(lambda: desk.row(card) is None, "the card is out")
        readers.insert()
        row = desk.shows(card, state="operational", held=False)
        error = desk.ends("hsm/unlock", {"hsm": card, "pin": "wrong"})
        same(error["where"], "pin")
        desk.shows(card, tries=row["tries"] - 1)
        same(desk.ends("hsm/unlock", {"hsm": card, "pin": PIN}), None)
        desk.shows(card, held=True)
        slow_beside_quick(station, desk, card, readers.cards[0].process)


def slow_beside_quick(station, desk, card, process):
    """A card that does not answer holds up neither a vault nor the page."""
    station.vault("quick.vault", 1)
    quick = "vault:files/quick.vault"
    desk.shows(quick, state="operational")
    process.send_signal(signal.SIGSTOP)
    try:
        log = {"hsm": card, "path": "files/slow.log"}
        desk.post("hsm/audit", log)
        same(desk.ends("hsm/unlock", {"hsm": quick, "pin": PIN}), None)
        desk.shows(quick, held=True)
        same(desk.row(card)["work"]["runs"], True)
        error = desk.post("hsm/audit", log, 409)["error"]
        same("still busy" in error["message"], True, error)
    finally:
        process.send_signal(signal.SIGCONT)
    work = eventually(lambda: not desk.row(card)["work"]["runs"] and
                      desk.row(card)["work"], "the card answers again")
    same(work["error"], None)


def license_by_program(name):
    """As a line takes one: the counter goes down beside the page."""
    must("sfi-sim", "dump", "--state", STATION.chips[0].state, "--area",
         "certificate", "--out", os.path.join(STATION.home, "cert"))
    must("sfi-program", "-hsmglfcb", os.path.join(STATION.home, "cert"),
         os.path.join(STATION.home, "license"),
         f"slot=vault:{STATION.path(name)}", "--pin-file",
         os.path.join(STATION.home, "pin"))


def can_be_pressed(page):
    return page.run("""return [...document.querySelectorAll('[data-changes]')]
        .filter((node) => node.getAttribute('aria-disabled') !== 'true')
        .map((node) => node.textContent)""")


def only_looked_at(page):
    """A counter at its end, the last records, and no button to press."""
    page.go("hsm")
    page.says("is pcscd running")
    page.says("systemctl start pcscd.socket")
    page.says("20 of 20, never to be used")
    STATION.vault("low.vault", 1)
    page.named("heading", "vault:files/low.vault")
    same(can_be_pressed(page), [])
    page.says("1 of 1")
    license_by_program("low.vault")
    page.says("0 of 1: none is left")
    one = page.named("group", "vault:files/low.vault")
    one.find_element(By.CSS_SELECTOR, "summary").click()
    page.wait(lambda: "counted" in one.text, "the last record")
    same(can_be_pressed(page), [])
    os.unlink(STATION.path("low.vault"))


@case
def on_the_page(folder):
    """Unlock with a wrong PIN and the right one; provision; retire."""
    Desk(STATION)  # the page takes over from it
    with contextlib.closing(Page(STATION.operator)) as page:
        only_looked_at(page)
        page.press("Take over")
        page.find("dialog .main").click()
        page.says("You operate")
        page.go("hsm")
        page.named("heading", LINE)
        page.type("PIN of this HSM", "wrong")
        page.press("Unlock for this shift")
        page.says("wrong PIN")
        page.type("PIN of this HSM", PIN)
        page.press("Unlock for this shift")
        page.says("unlocked for this shift")
        page.press("Check and lock")
        page.says("correct the marked fields first")
        for name, text in (
                ("New vault", "files/page.vault"), ("Key file", FORM["key"]),
                ("Nonce file", FORM["nonce"]),
                ("Personalisation file", FORM["perso"]),
                ("Firmware identifier", "page"),
                ("Number of installations", "7"),
                ("Warning level", "7"),
                ("PIN for the HSM to provision", PIN),
                ("The same PIN again", PIN)):
            page.type(name, text)
        page.says("Product 45002001")
        page.size(320)  # test_screens.py has the other widths, and dark
        same(page.axe(), [])
        wide = page.run("return document.documentElement.scrollWidth")
        same(wide <= 320, True, f"{wide} pixels")
        page.size(1280)
        page.press("Check and lock")
        page.type("Type", "paper")
        page.press("Lock for ever")
        same(os.path.exists(STATION.path("page.vault")), False)
        page.type("Type", "page")
        page.press("Lock for ever")
        page.says("HSM successfully programmed")
        page.named("heading", "vault:files/page.vault")
        page.says("7 of 7: only 7 or fewer are left")
        same(page.errors(), [])


if __name__ == "__main__":
    with contextlib.closing(STATION):
        main()
