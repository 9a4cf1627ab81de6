# SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later
# Copyright The libsfi authors
"""The frame of the page: it starts, and shows its screens."""

import contextlib
import os

from station import Client, Page, Station, case, main, same


@case
def page_opens(folder):
    with contextlib.closing(Station()) as station, \
            contextlib.closing(Page(station.operator)) as page:
        page.find("#screen-image h1")
        page.wait(lambda: "Connected" in page.text("#connection"))
        same(page.errors(), [])


@case
def folders_are_listed(folder):
    with contextlib.closing(Station()) as station:
        os.mkdir(station.path("sub"))
        hostile = "<img src=x onerror=alert(1)>.hex"
        for age, name in enumerate((hostile, "b.SFI", "old.hex")):
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
             ["sub", hostile, "b.SFI", "old.hex"])
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


if __name__ == "__main__":
    main()
