# SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later
# Copyright The libsfi authors
"""The screen "Image": what it makes is what sfi-create makes."""

import contextlib
import os
import re
import shutil

from station import (
    PROGRAMS,
    SOURCE,
    Client,
    Page,
    Station,
    case,
    main,
    run,
    same,
)

DATA = SOURCE / "tests" / "data"
H753 = "stm32h753xi"
ELF = "blink-stm32h753xi.elf"
BIN = "blink-stm32h753xi-0x08000000.bin"


class Desk(Client):
    """A station with the files of tests/data, and its answers, kept."""

    def __init__(self):
        self.answers = []
        self.page = None
        station = Station()
        for name in os.listdir(DATA):
            if os.path.isfile(DATA / name):
                shutil.copy(DATA / name, station.folder)
        super().__init__(station)

    def send(self, method, path, body=None, headers=None):
        answer = super().send(method, path, body, headers)
        self.answers.append(answer[1])
        return answer

    def close(self):
        if self.page:
            self.page.close()
        self.station.close()

    def check(self, **form):
        return self.post("image/check", {"chip": H753, **form})


def whole(name="app", **more):
    """A form with everything."""
    return {"chip": H753, "firmware": [{"file": f"files/{ELF}"}],
            "key": f"files/{name}.key", "nonce": f"files/{name}.nonce",
            "version": 1, "out": f"files/{name}.sfi",
            "options": {"set": {"RDP": 0xbb, "SECURITY": 1}}, **more}


def secrets(desk, name="app"):
    return desk.post("image/secrets", {
        "chip": H753, "key": f"files/{name}.key",
        "nonce": f"files/{name}.nonce"})


def only(found, key, value):
    """The one row of a list where this member has this value."""
    rows = [row for row in found if row[key] == value]
    same(len(rows), 1, f"{key} {value} in {found}")
    return rows[0]


@case
def parts_are_listed(folder):
    parts = DESK.get("image/parts")["parts"]
    same([p["name"] for p in parts], [H753, "stm32l462ce"])
    same(parts[0]["flash_size"], 2 << 20)


@case
def empty_form_tells_what_is_missing(folder):
    got = DESK.check()
    same(got["ready"], False)
    same(got["missing"], ["version", "firmware", "key", "nonce", "out"])
    same(got["nonce"], {"state": "none"})
    same(only(got["findings"], "rule", "no-firmware")["where"], "firmware")
    same(DESK.post("image/check", {"chip": "z80"}, 422)["error"]["where"],
         "chip")


@case
def firmware_is_told(folder):
    got = DESK.check(firmware=[{"file": f"files/{ELF}"}])
    file, = got["firmware"]
    same((file["format"], file["total"], file["segment_count"]),
         ("elf", sum(s["size"] for s in file["segments"]),
          len(file["segments"])))
    table = only(file["vectors"], "address", 0x08000000)
    assert table["stack"] > 0x20000000 and table["reset"] % 2 == 1, table
    areas = [a for a in got["areas"] if a["kind"] == "F"]
    same(areas[0]["address"], 0x08000000)
    same(areas[0]["file"], f"files/{ELF}")


@case
def plain_binary_needs_an_address(folder):
    row = {"file": f"files/{BIN}", "address": ""}
    got = DESK.check(firmware=[row])
    error = only(got["errors"], "where", "firmware.0.address")
    assert "0x08000000" in error["message"], error
    for bad in ("here", "0x100000000", "-1"):
        got = DESK.check(firmware=[{**row, "address": bad}])
        only(got["errors"], "where", "firmware.0.address")
    same(DESK.check(firmware=[{**row, "address": "0x08000000"}])["errors"], [])
    got = DESK.check(firmware=[{"file": f"files/{ELF}",
                                "address": "0x08000000"}])
    only(got["errors"], "where", "firmware.0.address")


@case
def ranges_are_left_out(folder):
    got = DESK.check(firmware=[{"file": f"files/{ELF}"}],
                     exclude="0x08020000-0x0803ffff")
    out, = got["firmware"][0]["left_out"]
    same((out["address"], out["why"]), (0x08020000, "excluded"))
    for bad in ("0x08020000", "2-1", "x-y", ", ".join(["1-2"] * 17)):
        only(DESK.check(exclude=bad)["errors"], "where", "exclude")


@case
def one_wrong_field_leaves_the_others(folder):
    got = DESK.check(firmware=[{"file": "files/none.hex"},
                               {"file": f"files/{ELF}"}], version=256)
    same({e["where"] for e in got["errors"]}, {"firmware.0.file", "version"})
    assert len(got["areas"]) > 1
    assert "256" in only(got["errors"], "where", "version")["message"]


@case
def option_bytes_have_meanings(folder):
    got = DESK.check()["options"]
    rdp = only(got["fields"], "name", "RDP")
    same((rdp["value"], rdp["width"]), (rdp["shipped"], 8))
    got = DESK.check(options={"set": {"RDP": 0xcc}})
    rdp = only(got["options"]["fields"], "name", "RDP")
    same(rdp["value"], 0xcc)
    assert rdp["text"] and got["options"]["permanent"], got["options"]
    same(only(got["findings"], "rule", "rdp-level-2")["where"], "options.RDP")
    got = DESK.check(options={"set": {"RDP": 256, "<b>": 1, "SECURITY": "x"}})
    same([e["where"] for e in got["errors"]],
         ["options.RDP", "options.<b>", "options.SECURITY"])


@case
def option_bytes_go_out_and_in(folder):
    form = {"chip": H753, "options": {"set": {"RDP": 0xbb}}}
    code, csv, headers = DESK.send("POST", "image/csv", form)
    same(code, 200)
    assert "attachment" in headers["Content-Disposition"], headers
    got = DESK.post("image/options", {"chip": H753, "text": csv.decode()})
    same(only(got["fields"], "name", "RDP")["value"], 0xbb)
    same(DESK.check(options={"words": got["words"]})["options"]["words"],
         got["words"])
    got = DESK.post("image/options",
                    {"chip": H753, "csv": "files/ob-stm32h753xi.csv"})
    same(only(got["fields"], "name", "RDP")["value"], 0xaa)
    error = DESK.post("image/options", {"chip": H753, "text": "RDPP,1\n"},
                      422)["error"]
    same(error["where"], "options")
    assert error["message"].startswith("1:1: "), error
    only(DESK.check(options={"words": [1]})["errors"], "where", "options")


@case
def image_is_the_one_of_sfi_create(folder):
    secrets(DESK)
    form = whole()
    got = DESK.check(**form)
    same((got["ready"], got["errors"], got["missing"]), (True, [], []))
    same((got["nonce"]["state"], got["out"]["state"]), ("new", "new"))
    made = DESK.post("image/generate", form)
    same((made["file"], made["version"]), ("files/app.sfi", 1))
    same(os.path.getsize(path("app.sfi")), made["image_size"])
    csv = os.path.join(folder, "ob.csv")
    with open(csv, "wb") as file:
        file.write(DESK.send("POST", "image/csv", form)[1])
    other = run(PROGRAMS / "sfi-create", "-fir", path(ELF), "-k",
                path("app.key"), "-n", path("app.nonce"), "-ob", csv, "-v", 1,
                "--chip", H753, "-o", os.path.join(folder, "x.sfi"))
    same(other.returncode, 0, other.stderr)
    with open(path("app.sfi"), "rb") as one, \
            open(os.path.join(folder, "x.sfi"), "rb") as two:
        same(one.read(), two.read())


@case
def second_image_of_a_nonce_is_refused(folder):
    secrets(DESK, "twice")
    DESK.post("image/generate", whole("twice", version=7))
    again = DESK.check(**whole("twice", version=7))
    same((again["nonce"]["state"], again["out"]["state"], again["ready"]),
         ("new", "exists", True))
    got = DESK.check(**whole("twice", version=8))
    same((got["ready"], got["nonce"]),
         (False, {"state": "used", "version": 7, "file": "files/twice.sfi"}))
    same(only(got["findings"], "rule", "nonce-reuse")["where"], "nonce")
    DESK.post("image/generate", whole("twice", version=8, replace=True), 422)
    form = whole("twice", version=7)
    error = DESK.post("image/generate", form, 422)["error"]
    same((error["where"], error["name"]), ("out", "SFI_ERR_ACCESS"))
    DESK.post("image/generate", {**form, "replace": True})


@case
def keys_are_made_and_never_replaced(folder):
    same(secrets(DESK, "new"),
         {"key": "files/new.key", "nonce": "files/new.nonce"})
    same(os.stat(path("new.key")).st_mode & 0o777, 0o600)
    for ask in ({"key": "files/new.key"},
                {"key": "files/other.key", "nonce": "files/new.nonce"},
                {"key": ""}, {"nonce": "files/../x"}):
        DESK.post("image/secrets", {"chip": H753, **ask}, 422)
    same(os.path.exists(path("other.key")), False)
    got = DESK.check(key=f"files/{ELF}", nonce="files/new.key")
    same([e["where"] for e in got["errors"]], ["key", "nonce"])
    got = DESK.check(out="files/new.key")
    same([e["where"] for e in got["errors"]], ["out"])


@case
def image_that_exists_is_told(folder):
    secrets(DESK, "look")
    DESK.post("image/generate", whole("look", version=3))
    ask = {"chip": H753, "file": "files/look.sfi"}
    got = DESK.post("image/look", ask)
    same((got["sound"], got["facts"]["kind"]), (True, "image"))
    same(got["facts"]["image_version"], 3)
    got = DESK.post("image/look", {**ask, "key": "files/look.key",
                                   "nonce": "files/look.nonce"})
    same((got["sound"], got["errors"]), (True, []))
    assert got["facts"]["option_fields"] and got["areas"], got
    secrets(DESK, "wrong")
    got = DESK.post("image/look", {**ask, "key": "files/wrong.key",
                                   "nonce": "files/look.nonce"})
    same((got["sound"], got["errors"][0]["name"]), (False, "SFI_ERR_AUTH"))
    DESK.post("image/look", {"chip": H753, "file": "files/../x"}, 422)
    got = DESK.post("image/look", {**ask, "key": "files/look.key"})
    same([e["where"] for e in got["errors"]], ["nonce"])


@case
def map_is_a_picture(folder):
    form = {"chip": H753, "firmware": [{"file": f"files/{ELF}"}]}
    code, picture, headers = DESK.send("POST", "image/map", form)
    same((code, headers["Content-Type"]), (200, "image/svg+xml"))
    assert picture.startswith(b"<svg"), picture[:60]


@case
def other_part_has_its_own_rules(folder):
    """The STM32L462: the size of the firmware, and a module."""
    part = {"chip": "stm32l462ce"}
    odd = path("odd.bin")
    with open(odd, "wb") as file:
        file.write(bytes(range(1, 31)))
    form = {**part, "firmware": [{"file": "files/odd.bin",
                                  "address": "0x08001000"}]}
    got = DESK.post("image/check", form)
    same(only(got["findings"], "rule", "total-multiple")["severity"], "error")
    got = DESK.post("image/check", {**form, "pad": True})
    same(only(got["findings"], "rule", "padded")["severity"], "note")
    got = DESK.post("image/check",
                    {**part, "modules": [{"file": "files/odd.bin"}]})
    same(only(got["errors"], "where", "modules.0.file")["name"],
         "SFI_ERR_TRUNCATED")
    got = DESK.check(options={"words": got["options"]["words"]})
    only(got["errors"], "where", "options")


@case
def viewers_look_and_change_nothing(folder):
    viewer = Client(DESK.station, DESK.station.viewer)
    viewer.post("image/check", {"chip": H753})
    for route in ("image/secrets", "image/generate"):
        same(viewer.send("POST", route, whole())[0], 403)
        same(DESK.send("GET", route)[0], 405)


@case
def hostile_names_are_refused_or_shown_as_they_are(folder):
    name = "<img src=x onerror=alert(1)>\u202e.elf"
    shutil.copy(DATA / ELF, path(name))
    got = DESK.check(firmware=[{"file": f"files/{name}"}])
    same((got["errors"], got["firmware"][0]["file"]), ([], f"files/{name}"))
    for bad in ("../etc/passwd", "files/../../x", "/etc/passwd", "files",
                "files/\x1b]0;x", "x" * 4096, "files/" + "y" * 4096):
        got = DESK.check(firmware=[{"file": bad}])
        only(got["errors"], "where", "firmware.0.file")
    os.remove(path(name))
    for wrong in ([1], {"file": 1}, "x", [[]], [None] * 17):
        DESK.check(firmware=wrong)


# ---- in a browser ----

TAB = "\ue004"


def set_field(name, text):
    """As a person: typed, and left."""
    PAGE.type(name, text)
    PAGE.keys(TAB)


def described(name, role="textbox"):
    """What a screen reader says about a field."""
    return PAGE.run("""
        return arguments[0].getAttribute('aria-describedby').split(' ')
          .map((id) => document.getElementById(id).innerText).join(' ')""",
                    PAGE.named(role, name))


def fresh():
    """The screen, with an empty form."""
    PAGE.run("sessionStorage.removeItem('sfi-station-image');"
             "location.reload()")
    PAGE.says("Still missing")


def opened(name):
    """A part of the screen that is folded."""
    PAGE.run("""for (const s of document.querySelectorAll('summary'))
        if (s.innerText === arguments[0]) s.parentNode.open = true""", name)


@case
def page_opens(folder):
    """Its session operates, and no more that of the cases before."""
    global PAGE
    same(DESK.send("POST", "session/end", {})[0], 204)
    PAGE = DESK.page = Page(DESK.station.operator)
    PAGE.says("Still missing")
    Client.__init__(DESK, DESK.station)


@case
def image_is_made_by_clicks(folder):
    set_field("Firmware file 1", f"files/{ELF}")
    PAGE.says("Firmware information: elf, 5,608 bytes, segments: 4")
    opened("Make a new key and nonce")
    set_field("Name of the new files", "files/clicks")
    PAGE.press("Make key and nonce")
    PAGE.says("New: no other image has this key and nonce")
    set_field("Version", "3")
    set_field("Image to make", "files/clicks.sfi")
    PAGE.says("Ready to be generated")
    PAGE.press("Generate SFI")
    PAGE.says("SFI created successfully")
    PAGE.says("files/clicks.sfi version 3, 5,822 bytes, areas: 5")
    got = DESK.post("image/look", {
        "chip": H753, "file": "files/clicks.sfi", "key": "files/clicks.key",
        "nonce": "files/clicks.nonce"})
    same((got["sound"], got["facts"]["image_version"]), (True, 3))
    opened("Firmware information: elf, 5,608 bytes, segments: 4")
    same(PAGE.axe(), [])


@case
def form_survives_a_reload(folder):
    """And what was made last is known."""
    PAGE.run("location.reload()")
    PAGE.says("Made last: files/clicks.sfi, version 3")
    same(PAGE.named("textbox", "Key file").get_attribute("value"),
         "files/clicks.key")
    PAGE.says("this file exists")
    set_field("Version", "4")
    PAGE.says("Used for version 3, files/clicks.sfi: refused")
    assert "another image" in described("Nonce file"), described("Nonce file")
    same(PAGE.named("textbox", "Nonce file").get_attribute("aria-invalid"),
         "true")


@case
def mistakes_are_beside_their_fields(folder):
    fresh()
    set_field("Firmware file 1", f"files/{BIN}")
    PAGE.wait(lambda: "give the address" in described("Address of file 1"))
    set_field("Address of file 1", "0x08000000")
    PAGE.wait(lambda: "give the address" not in described("Address of file 1"))
    set_field("Version", "256")
    PAGE.wait(lambda: "256, expected 0 to 255" in described("Version"))
    set_field("RDP", "0xcc")
    PAGE.wait(lambda: "level 2" in described("RDP"))
    set_field("RDP", "none")
    PAGE.wait(lambda: "not a number" in described("RDP"))
    set_field("RDP", "0xbb")
    PAGE.wait(lambda: "not a number" not in described("RDP"))
    PAGE.press("Go to the field of: 256")
    same(PAGE.run("return document.activeElement.value"), "256")


@case
def map_shows_areas_and_errors(folder):
    set_field("Address of file 1", "0x080fff00")
    PAGE.wait(lambda: PAGE.all("#screen-image rect.area"))
    PAGE.wait(lambda: PAGE.all("#screen-image .picture rect.wrong"),
              "the last word of the bank")
    said = PAGE.find("#screen-image .picture svg").get_attribute("aria-label")
    assert said.startswith("Flash of stm32h753xi; areas: 1,"), said


@case
def image_that_exists_is_shown(folder):
    set_field("Image file", "files/app.sfi")
    PAGE.press("Look into it")
    PAGE.says("Sound as far as can be seen without the key")
    set_field("Its key file", "files/app.key")
    set_field("Its nonce file", "files/app.nonce")
    PAGE.press("Look into it")
    PAGE.says("Sound: all tags are verified")
    set_field("Its nonce file", "files/new.nonce")
    PAGE.press("Look into it")
    PAGE.says("Not sound")


@case
def hostile_names_are_texts(folder):
    fresh()
    name = "<img src=x onerror=document.title=1>\u202e" + "z" * 40 + ".elf"
    shutil.copy(DATA / ELF, path(name))
    set_field("Firmware file 1", f"files/{name}")
    PAGE.says("Firmware information")
    shown = name.replace("\u202e", "\\u202e")
    PAGE.says(f"files/{shown}, segment 1")
    PAGE.run("""arguments[0].value = arguments[1];
        arguments[0].dispatchEvent(new Event('change'))""",
             PAGE.named("textbox", "Firmware file 1"),
             "files/<b>" + "y" * 4096)
    PAGE.wait(lambda: PAGE.named("textbox", "Firmware file 1")
              .get_attribute("aria-invalid") == "true")
    same(PAGE.all("#screen-image img, #screen-image td b b"), [])
    same(PAGE.run("return document.title.includes('1')"), False)
    os.remove(path(name))


@case
def nothing_moves_by_itself(folder):
    """What another page does shifts nothing of this one."""
    set_field("Firmware file 1", f"files/{ELF}")
    PAGE.says("Firmware information: elf")
    PAGE.run("""window.shifts = 0; new PerformanceObserver((list) => {
        for (const one of list.getEntries()) window.shifts += one.value;
      }).observe({type: 'layout-shift', buffered: false})""")
    form = whole(version=1, replace=True)
    form["options"] = {"set": {"RDP": 0xbb, "SECURITY": 1}}
    DESK.post("session/operate")
    DESK.post("image/generate", form)
    PAGE.says("Made last: files/app.sfi, version 1")
    same(PAGE.run("return window.shifts"), 0)
    same(PAGE.errors(), [])


@case
def no_answer_has_a_key(folder):
    """After all others."""
    said = repr(DESK.answers)
    for name in os.listdir(DESK.station.folder):
        if not name.endswith((".key", ".nonce")):
            continue
        with open(path(name), "rb") as file:
            secret = file.read()
        if name.endswith(".key"):
            same(secret.hex() in said.lower(), False, name)
            same(repr(secret)[2:-1] in said, False, name)
    same(re.findall(re.escape(DESK.station.home), said), [], "paths")


def path(name):
    return DESK.station.path(name)


if __name__ == "__main__":
    with contextlib.closing(Desk()) as DESK:
        main()
