# SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later
# Copyright The libsfi authors
"""The frame of the page: its head, addresses, keys, files, lost connections."""

import contextlib
import os

from selenium.webdriver.common.action_chains import ActionChains
from selenium.webdriver.common.keys import Keys

from factory import PIN, Factory
from station import Client, Page, Station, case, main, same
from tunnel import Tunnel

SCREENS = ("image", "hsm", "line", "proof")
HOSTILE = "<img src=x onerror=alert(1)>.hex"

# How far anything moved from its place since shifts_begin().
SHIFTS = """
window.shifts = [];
new PerformanceObserver((list) => list.getEntries().forEach((e) =>
  window.shifts.push(e.value + ' ' + e.sources.map((s) =>
    s.node && s.node.outerHTML ? s.node.outerHTML.slice(0, 80) : '?'))))
  .observe({type: 'layout-shift', buffered: false});
"""


@case
def folders_are_listed(folder):
    with contextlib.closing(Station()) as station:
        os.mkdir(station.path("sub"))
        for age, name in enumerate((HOSTILE, "b.SFI", "old.hex")):
            with open(station.path(name), "w", encoding="utf-8"):
                pass
            os.utime(station.path(name), (1e9 - age, 1e9 - age))
        for name in (b"a\x1b]0;b.hex", b"\xff.hex", b"back\\slash.hex"):
            with open(os.path.join(os.fsencode(station.folder), name), "wb"):
                pass
        os.symlink("/etc", station.path("etc"))
        client = Client(station)
        same([e["path"] for e in client.post("files/list")["entries"]],
             ["files"])
        answer = client.post("files/list", {"folder": "files"})
        same([e["name"] for e in answer["entries"]],
             ["sub", HOSTILE, "b.SFI", "old.hex"])
        same((answer["unnamed"], answer["more"]), (3, 0))
        answer = client.post("files/list", {
            "folder": "files", "kinds": [".hex"], "find": "OLD"})
        same([e["name"] for e in answer["entries"]], ["old.hex"])
        for name in ("files/etc", "files/../..", "/etc", "other"):
            answer = client.post("files/list", {"folder": name}, expect=422)
            same(answer["error"]["where"], "folder")


@case
def folders_are_bounded(folder):
    with contextlib.closing(Station()) as station:
        for index in range(510):
            with open(station.path(f"{index}.hex"), "wb"):
                pass
        answer = Client(station).post("files/list", {"folder": "files"})
        same((len(answer["entries"]), answer["more"]), (500, 10))


# ---- one browser, for all of these ----

def connected(page):
    page.wait(lambda: "Connected" in page.text("#connection"), "no connection")


def focus(page):
    return page.run("return document.activeElement.textContent.trim()")


def screens_have_addresses(page):
    same(page.run("return location.hash"), "#image")
    page.wait(lambda: page.driver.title == "Image - sfi-station")
    for screen in SCREENS:
        page.find(f"nav a[href='#{screen}']").click()
        page.find(f"#screen-{screen} h1")
        same(page.find("nav a[aria-current=page]").get_attribute("hash"),
             "#" + screen)
        page.driver.refresh()
        page.find(f"#screen-{screen} h1")
        connected(page)
        page.wait(lambda: "You operate" in page.text("#who"))
    page.driver.back()
    page.find("#screen-line h1")


def screens_come_whole(page):
    """Nothing moves while a screen is loaded, either."""
    for screen in SCREENS:
        page.go(screen)
        page.driver.refresh()
        page.find(f"#screen-{screen} h1")
        connected(page)
        if screen == "image":
            page.wait(lambda: page.all(".map:not(.empty)"))
        moved = page.run("""return new Promise((done) => {
            const all = [];
            new PerformanceObserver((list) => all.push(...list.getEntries()
              .map((e) => [e.value, e.sources.map((s) => s.node &&
                (s.node.outerHTML || s.node.data || '').slice(0, 80))])))
              .observe({type: 'layout-shift', buffered: true});
            setTimeout(() => done(all.filter((one) => one[0] > 1e-4)), 200);
          });""")
        same(moved, [], screen)


def keys_suffice(page):
    ActionChains(page.driver).key_down(Keys.ALT).send_keys("2") \
        .key_up(Keys.ALT).perform()
    page.find("#screen-hsm h1")
    same(focus(page), "HSM")
    page.keys("?")
    page.named("dialog", "Keys")
    same(focus(page), "Close")
    page.keys(Keys.ESCAPE)
    page.wait(lambda: not page.all("dialog"))
    same(focus(page), "HSM")
    page.keys("4")  # of a scanner
    same(page.run("return location.hash"), "#hsm")
    page.run("document.querySelector('.skip').focus()")
    page.keys(Keys.ENTER)
    same(page.run("return document.activeElement.id"), "main")
    page.run("document.querySelector('nav a').focus()")
    page.keys(Keys.TAB)
    page.keys(Keys.TAB)
    page.keys(Keys.ENTER)
    page.find("#screen-line h1")


def nothing_is_wider_than_the_page(page):
    for screen in SCREENS:
        page.go(screen)
        for width in (320, 768, 1280, 2560):
            page.size(width)
            wide = page.run("return document.documentElement.scrollWidth")
            assert wide <= width, f"{screen} is {wide} wide, of {width}"
    page.size(1280)


def files_are_picked(page):
    page.run("import('/picker.js').then((m) => m.pick({title: 'Pick one'}))"
             ".then((name) => { window.picked = name; })")
    page.press("files")
    page.named("button", HOSTILE)
    same(page.all("dialog img"), [])
    page.find("dialog input[type=search]").send_keys("onerror")
    page.wait(lambda: len(page.all(".entry-row")) == 1, "rows")
    page.press(HOSTILE)
    page.wait(lambda: page.run("return window.picked") == "files/" + HOSTILE)
    page.run("import('/picker.js').then((m) => m.pick({title: 'Write one',"
             " mode: 'write', value: 'files/new.sfi'}))"
             ".then((name) => { window.picked = name; })")
    page.named("button", "plain.hex")
    page.press("Use this name")
    page.wait(lambda: page.run("return window.picked") == "files/new.sfi")


def what_is_for_ever_is_typed(page):
    page.run("import('/ui.js').then((m) => m.confirmTyped({title: 'Lock',"
             " text: 'For ever.', name: 'blink', action: 'Lock it'}))"
             ".then((agreed) => { window.agreed = agreed; })")
    page.named("dialog", "Lock")
    page.keys("blank", Keys.ENTER)
    page.says("this is not blink")
    same(page.find("dialog input").get_attribute("aria-invalid"), "true")
    page.find("dialog input").clear()
    page.find("dialog input").send_keys("blink", Keys.ENTER)
    page.wait(lambda: page.run("return window.agreed") is True)


def marks_are_shown(page):
    same(page.run("return import('/dom.js').then((m) => m.el('p', {},"
                  " 'a\\x1b]0;b\\u202egnp').textContent)"),
         "a\\x1b]0;b\\u202egnp")


def tabs_that_nobody_sees_need_no_connection(page):
    first = page.driver.current_window_handle
    count = page.run("return performance.getEntriesByType('resource')"
                     ".filter((e) => e.name.endsWith('events')).length")
    page.driver.switch_to.new_window("tab")
    page.driver.close()
    page.driver.switch_to.window(first)
    connected(page)
    page.wait(lambda: page.run(
        "return performance.getEntriesByType('resource')"
        ".filter((e) => e.name.endsWith('events')).length") > count)


def connections_are_lost_and_come_back(page, tunnel):
    page.go("image")
    page.run(SHIFTS)
    other = Client(page.station)
    tunnel.cut()
    page.wait(lambda: "Lost" in page.text("#connection"))
    other.post("session/operate")
    tunnel.join()
    connected(page)
    page.wait(lambda: "Another page operates" in page.text("#who"))
    page.run("import('/ui.js').then((m) => document.getElementById('header')"
             ".append(m.button('Change it', () => { window.changed = 1; },"
             " {changes: true, id: 'change', class: 'unseen'})))")
    page.wait(lambda: page.all("#change"))
    page.run("document.getElementById('change').click()")
    same(page.run("return window.changed"), None)
    same(page.run("return window.shifts"), [])
    nothing_is_wider_than_the_page(page)
    tabs_that_nobody_sees_need_no_connection(page)
    page.go("image")
    page.run("window.shifts = []")
    page.press("Take over")
    page.named("dialog", "Take over")
    page.find("dialog .main").click()
    page.wait(lambda: "You operate" in page.text("#who"))
    page.run("document.getElementById('change').click()")
    same(page.run("return window.changed"), 1)
    page.run("document.getElementById('change').remove()")
    same(page.run("return window.shifts"), [])


def tabs_of_a_browser_share_its_cookie(page, link):
    """Each has a key of its own: one operates, the other looks."""
    first = page.driver.current_window_handle
    page.driver.switch_to.new_window("tab")
    page.driver.get(link)
    page.wait(lambda: "Another page operates" in page.text("#who"))
    cookies = page.driver.execute_cdp_cmd("Network.getAllCookies", {})
    same(len(cookies["cookies"]), 1)
    page.press("Take over")
    page.named("dialog", "Take over")
    page.find("dialog .main").click()
    page.wait(lambda: "You operate" in page.text("#who"))
    second = page.driver.current_window_handle
    page.driver.switch_to.window(first)
    page.wait(lambda: "Another page operates" in page.text("#who"))
    page.driver.refresh()
    page.wait(lambda: "Another page operates" in page.text("#who"))
    page.driver.switch_to.window(second)
    page.driver.refresh()
    page.wait(lambda: "You operate" in page.text("#who"))
    page.driver.close()
    page.driver.switch_to.window(first)
    page.press("Take over")
    page.named("dialog", "Take over")
    page.find("dialog .main").click()
    page.wait(lambda: "You operate" in page.text("#who"))


def unlock(page):
    """By the vault's PIN; `told` has what the page heard of the shift."""
    page.go("hsm")
    page.run("window.told = []; import('/told.js').then((m) =>"
             " m.watch('shift', (c) => told.push(c.get('shift')?.open)))")
    page.type("PIN of this HSM", PIN)
    page.press("Unlock")
    page.wait(lambda: page.run("return told.includes(true)"), "not unlocked")


def another_browser_looks(page, station):
    """A viewer sees what the operator does, and cannot do it."""
    with contextlib.closing(Page(station.viewer)) as viewer:
        connected(viewer)
        viewer.wait(lambda: "Another page operates" in viewer.text("#who"))
        same(viewer.find("#shift .now").text, "– Shift locked")
        viewer.run(SHIFTS)
        unlock(page)
        viewer.wait(lambda: "Shift open" in viewer.text("#shift"))
        same(viewer.all("#take-over")[0].is_displayed(), False)
        same(viewer.find("#lock").is_enabled(), False)
        page.press("Lock")
        for one in (page, viewer):
            one.wait(lambda one=one: "Shift locked" in one.text("#shift"))
        same(page.find("#lock").is_enabled(), False)
        same(viewer.run("return shifts"), [])
        same(viewer.errors(), [])


def nobody_is_there(page):
    """The program of another_process_is_said() locks after three seconds."""
    unlock(page)
    page.wait(lambda: page.run("return told.at(-1)") is False, "still open")
    page.wait(lambda: "Shift locked" in page.text("#shift"))


def another_process_is_said(page, station):
    same([e for e in page.errors() if "ERR_" not in e and "401" not in e], [])
    station.process.kill()
    station.process.wait()
    station.process.stdout.close()
    station.start("--port", station.origin.rpartition(":")[2],
                  "--idle", "3s")
    page.says("This page has no session")
    page.says("Open the link that sfi-station printed")
    page.run("location.hash = arguments[0]",
             station.operator.partition("#")[2])
    page.wait(lambda: "You operate" in page.text("#who"))
    connected(page)
    same(page.all("#notice section"), [])
    same(page.run("return location.hash.length < 10"), True)


@case
def the_page_serves_a_person(folder):
    with contextlib.closing(Factory(1)) as station, \
            contextlib.closing(Tunnel(station.origin)) as tunnel:
        station.image()
        station.vault("hsm.vault", 5)
        for name in (HOSTILE, "plain.hex"):
            with open(station.path(name), "w", encoding="utf-8"):
                pass
        link = station.operator.replace(station.origin, tunnel.origin)
        with contextlib.closing(Page(link)) as page:
            page.station = station
            page.find("#screen-image h1")
            connected(page)
            screens_have_addresses(page)
            screens_come_whole(page)
            keys_suffice(page)
            nothing_is_wider_than_the_page(page)
            files_are_picked(page)
            what_is_for_ever_is_typed(page)
            marks_are_shown(page)
            same(page.errors(), [])
            connections_are_lost_and_come_back(page, tunnel)
            tabs_of_a_browser_share_its_cookie(page, link)
            another_browser_looks(page, station)
            another_process_is_said(page, station)
            nobody_is_there(page)


if __name__ == "__main__":
    main()
