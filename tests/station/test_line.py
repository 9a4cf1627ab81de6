# SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later
# Copyright The libsfi authors
"""The screen of a line: jobs, sockets, rounds; against virtual chips."""

import contextlib
import json
import os
import pathlib
import shutil
import signal
import subprocess
import time

from selenium.webdriver.common.keys import Keys

from station import (PATIENCE_S, PROGRAMS, SOURCE, Client, Page, Station, case,
                     main, same)

PIN = "4711-secret"
DATA = SOURCE / "tests" / "data"
CHIP = "stm32h753xi"
PORT = "<svg/onload>"  # that is not there
SERIAL = "<img/src=x/onerror=window.harm=1>"
SHIFTS = """
window.shifts = [];
new PerformanceObserver((list) => list.getEntries().forEach((e) =>
  e.sources.filter((s) => s.node && !(s.node.closest ? s.node :
    s.node.parentElement).closest('tbody')).forEach((s) =>
    shifts.push(`${e.value} ${(s.node.outerHTML || s.node.data).slice(0, 200)}`))
)).observe({type: 'layout-shift'});"""


def must(program, *words):
    done = subprocess.run([PROGRAMS / program, *map(str, words)],
                          capture_output=True, text=True, timeout=PATIENCE_S,
                          stdin=subprocess.DEVNULL, check=False)
    assert done.returncode == 0, (program, words, done.stdout, done.stderr)


def until(what, message=""):
    """As soon as it is true; of what other processes do."""
    end = time.monotonic() + 2 * PATIENCE_S
    while True:
        found = what()
        if found:
            return found
        assert time.monotonic() < end, message
        time.sleep(0.02)


class Line:
    """An image, a vault, and virtual chips in sockets."""

    def __init__(self, folder, sockets, count=100):
        self.folder = pathlib.Path(folder)
        self.chips = {}
        for n in range(1, sockets + 1):
            must("sfi-sim", "manufacture", "--ca", self.folder / "ca",
                 "--chip", CHIP, "--state", self.folder / f"chip{n}")
        (self.folder / "pin").write_text(PIN + "\n")
        keys = ["-k", self.folder / "key.bin", "-n", self.folder / "nonce.bin"]
        must("sfi-create", "--genkey", keys[1], "--gennonce", keys[3])
        (self.folder / "big.bin").write_bytes(bytes(range(1, 251)) * 2048)
        must("sfi-create", "-sfi", "-fir", DATA / f"blink-{CHIP}.elf", "-fir",
             self.folder / "big.bin", "0x08140000", *keys,
             "-ob", DATA / f"ob-{CHIP}.csv", "-v", 1, "-devid", "0x450",
             "--no-register", "-o", self.folder / "blink.sfi")
        perso = next((self.folder / "ca").glob("45002001_SFI_*.pd"))
        must("sfi-hsm", "-i", f"vault:{self.folder}/line.vault", *keys, "-id",
             "blink", "-mc", count, "-pd", perso, "--pin-file",
             self.folder / "pin", "--yes")

    def port(self, n):
        return self.folder / (f"tty{n}" if n != 8 else PORT)

    def insert(self, n, state=None, *options):
        """With --real-time, an install takes long enough to be met in it."""
        self.chips[n] = subprocess.Popen(
            [PROGRAMS / "sfi-sim", "run", "--state",
             self.folder / (state or f"chip{n}"), "--usart", self.port(n),
             *options],
            stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL)
        until(self.port(n).exists, "the chip does not run")

    def remove(self, n):
        chip = self.chips.pop(n)
        chip.terminate()
        chip.wait(PATIENCE_S)

    def job(self, sockets, name="x.job", serial="none", more=""):
        ports = "\nports = ".join(str(self.port(n))
                                  for n in range(1, sockets + 1))
        (self.folder / name).write_text(
            f"[job]\nports = {ports}\nnext = enter\nserial = {serial}\n"
            "timeout = 1000\n[install]\nimage = blink.sfi\n"
            f"hsm = vault:line.vault\nmake-secure = yes\n{more}")
        return f"{self.folder.name}/{name}"

    def close(self):
        for n in list(self.chips):
            self.remove(n)


class Told(Client):
    """A client that also asks what is told."""

    def told(self, key):
        """The last value, from a new stream of events."""
        import http.client
        connection = http.client.HTTPConnection(
            self.station.origin.partition("//")[2], timeout=PATIENCE_S)
        connection.request("GET", "/api/events", headers={
            "Cookie": self.cookie, "X-Station-Key": self.key})
        answer = connection.getresponse()
        same(answer.status, 200)
        while True:
            text = answer.fp.readline()
            if text.startswith(b"data: "):
                break
            text = b""
            assert not answer.isclosed()
        connection.close()
        return json.loads(text[6:]).get(key)

    def state(self):
        return (self.told("line/job") or {}).get("state")

    def compared(self):
        """The figures, when the HSM's audit and receipts were looked at."""
        def ready():
            total = self.told("line/sum")
            return (total and total["audit_read"] and
                    not total["audit_looks"] and total)
        return until(ready, "nothing is compared")

    def sockets(self, count):
        return [self.told(f"line/socket/{n}") for n in range(1, count + 1)]

    def begin(self, job, **more):
        self.post("line/choose", {"job": job})
        self.post("line/start", {"pin": PIN,
                                 "confirm": job.rpartition("/")[2], **more})
        until(lambda: self.state() == "ready", "the job does not begin")

    def round(self, **body):
        self.post("line/next", body)
        until(lambda: self.state() == "ready", "the round does not end")

    def end(self):
        self.post("line/stop", {})
        until(lambda: self.state() == "idle", "the job does not end")


@case
def rounds(folder):
    """Two sockets with chips and one without; then again, after a restart."""
    with contextlib.closing(Line(folder, 2)) as line, \
            contextlib.closing(Station(folder=str(folder))) as station:
        (folder / "t.zpl").write_text("^XA^FD${device}^FS^XZ\n")
        (folder / "labels").mkdir()
        job = line.job(3, more="[label]\ntemplate = t.zpl\n"
                               "output = labels\n")
        line.insert(1)
        line.insert(2)
        page = Told(station)
        page.post("line/labels", {}, 409)
        page.post("line/choose", {"job": job})
        page.post("line/labels", {}, 409)
        refused = page.post("line/start", {"pin": PIN}, 409)["error"]
        same(refused["where"], "confirm")
        refused = page.post("line/start", {"confirm": "x.job"}, 422)["error"]
        same((refused["where"], refused["name"]), ("pin", "SFI_ERR_HSM_PIN"))
        refused = page.post("line/start", {"confirm": "x.job",
                                           "pin": "no"}, 422)["error"]
        same((refused["where"], refused["name"]), ("pin", "SFI_ERR_HSM_PIN"))
        shutil.copy(folder / "line.vault", folder / "old.vault")
        page.begin(job)
        same(page.post("line/start", {}, 409)["error"]["where"], "")
        page.round()
        one, two, three = page.sockets(3)
        same([s["state"] for s in (one, two, three)],
             ["done", "done", "failed"])
        same((one["license"], len(one["device_id"])), ("counted", 64))
        same(three["error"]["status"] // -100, 4)
        assert three["error"]["hint"], three
        total = page.compared()
        same([total[k] for k in ("good", "bad", "counted", "installed",
                                 "receipts", "audit_all")], [2, 1, 2, 2, 2, 2])
        same(total["why"][4], 1)
        page.end()
        same(len(page.told("line/rows")), 2)
        code, text, headers = page.send("GET", "line/labels")
        same((code, sorted(text.decode().splitlines())), (200, sorted(
            f"^XA^FD{s['device_id']}^FS^XZ" for s in (one, two))))
        assert "labels.zpl" in headers["Content-Disposition"], headers
        code, text, headers = page.send("GET", "line/csv")
        same((code, text.count(b"\r\n")), (200, 3))
        assert "boards.csv" in headers["Content-Disposition"], headers

        station.stop()
        station.start()
        page = Told(station)
        until(lambda: page.state() == "idle")
        told = page.told("line/job")
        same((told["job"], told["state"]), (job, "idle"))
        total = page.compared()
        same([total[k] for k in ("counted", "installed", "receipts")],
             [2, 2, 2])

        # an older copy of the vault: it does not know what it counted
        station.stop()
        for path in folder.glob("line.vault*"):
            path.unlink()
        shutil.copy(folder / "old.vault", folder / "line.vault")
        station.start()
        page = Told(station)
        total = page.compared()
        same([total[k] for k in ("counted", "installed", "receipts")],
             [0, 2, 2])


@case
def pins(folder):
    """The HSM's screen and the line have one PIN; the last try is asked."""
    with contextlib.closing(Line(folder, 1)) as line, \
            contextlib.closing(Station(folder=str(folder))) as station:
        job = line.job(1)
        page = Told(station)
        hsm = f"vault:{job.replace('x.job', 'line.vault')}"

        def held():
            rows = page.post("hsm/list")["list"]
            return [row["held"] for row in rows if row["name"] == hsm]

        until(lambda: held() == [False], "the vault is not found")
        page.post("hsm/unlock", {"hsm": hsm, "pin": PIN})
        until(lambda: held() == [True], "the vault is not unlocked")
        page.post("line/choose", {"job": job})
        page.post("line/start", {"confirm": "x.job"})
        until(lambda: page.state() == "ready")
        page.end()
        page.post("session/lock")
        same(held(), [False])
        body = {"confirm": "x.job", "pin": "wrong"}
        for _ in range(9):
            same(page.post("line/start", body, 422)["error"]["where"], "pin")
        for pin in ("wrong", PIN):
            body["pin"] = pin
            same(page.post("line/start", body, 422)["error"]["where"],
                 "last_try")
        page.post("line/start", {**body, "last_try": True})
        same(held(), [True])
        until(lambda: page.state() == "ready")
        page.end()


@case
def killed_in_the_middle(folder):
    """The boards at work are finished, and counted once."""
    with contextlib.closing(Line(folder, 1)) as line, \
            contextlib.closing(Station(folder=str(folder))) as station:
        job = line.job(1, serial="scan")
        line.insert(1, None, "--real-time")
        page = Told(station)
        page.begin(job)
        wrong = page.post("line/next", {"serials": ["a b"]}, 422)["error"]
        same(wrong["where"], "serial/1")
        page.post("line/next", {"serials": ["A-1"]})
        until(lambda: page.told("line/socket/1").get("phase"))
        station.process.send_signal(signal.SIGKILL)
        station.process.wait(PATIENCE_S)
        station.process.stdout.close()
        station.start()
        page = Told(station)
        until(lambda: page.state() == "idle", "the journal is not free")
        total = page.compared()
        same([total[k] for k in ("good", "bad", "half", "counted")],
             [1, 0, 0, 1])
        same(page.told("line/rows")[0]["board_serial"], "A-1")


@case
def half_done(folder):
    """A power cut: the board is named, with what to do."""
    with contextlib.closing(Line(folder, 1)) as line, \
            contextlib.closing(Station(folder=str(folder))) as station:
        line.insert(1, None, "--real-time")
        page = Told(station)
        page.begin(line.job(1, serial="scan"))
        page.post("line/next", {"serials": ["A-1"]})
        until(lambda: page.told("line/socket/1").get("phase") == "areas")
        top = station.process.pid
        children = pathlib.Path(f"/proc/{top}/task").glob("*/children")
        program = [int(word) for path in children
                   for word in path.read_text().split()]
        same(len(program), 1)
        for pid in (*program, top):
            os.kill(pid, signal.SIGKILL)
        station.process.wait(PATIENCE_S)
        station.process.stdout.close()
        station.start()
        page = Told(station)
        until(lambda: page.state() == "idle", "the journal is not free")
        total = page.compared()
        same([total[k] for k in ("good", "half", "counted", "installed")],
             [0, 1, 1, 0])
        half = total["half_done"][0]
        same((half["board"], half["board_serial"]), (1, "A-1"))
        assert half["advice"], half


@case
def many_sockets(folder):
    """What is told has a bound, however many boards fail."""
    with contextlib.closing(Line(folder, 1)) as line, \
            contextlib.closing(Station(folder=str(folder))) as station:
        page = Told(station)
        page.begin(line.job(32))
        for bad in (32, 64):
            page.round()
            total = page.told("line/sum")
            same((total["bad"], total["why"][4], total["good"]), (bad, bad, 0))
        same(len(page.told("line/rows")), 50)
        same({s["state"] for s in page.sockets(32)}, {"failed"})
        page.end()


@case
def stopped_at_once(folder):
    with contextlib.closing(Line(folder, 1)) as line, \
            contextlib.closing(Station(folder=str(folder))) as station:
        line.insert(1, None, "--real-time")
        page = Told(station)
        page.begin(line.job(1))
        page.post("line/next")
        until(lambda: page.told("line/socket/1").get("phase") == "areas")
        page.post("line/stop", {"now": True})
        until(lambda: page.state() == "idle", "the process does not end")
        same(page.told("line/socket/1")["error"]["name"], "SFI_ERR_CANCELLED")
        line.remove(1)
        line.insert(1)
        page.begin("%s/x.job" % folder.name)
        page.round()
        again = page.told("line/socket/1")
        same((again["state"], again["license"], again["board"]),
             ("done", "again", 1))
        page.end()


@case
def by_hand(folder):
    """Eight sockets of a scanner's job; two of them have no chip."""
    with contextlib.closing(Line(folder, 6)) as line, \
            contextlib.closing(Station(folder=str(folder))) as station:
        job = line.job(8, serial="scan")
        for n in range(1, 7):
            line.insert(n)
        with contextlib.closing(Page(station.operator)) as page, \
                contextlib.closing(Page(station.viewer)) as viewer:
            page.go("line")
            viewer.go("line")
            page.screenshot("line-empty")
            page.type("Job", job)
            page.press("Open the job")
            page.says("Not started")
            page.press("Start the job")
            page.type("Type the name of the job", "x.job")
            page.press("Make chips secure")
            page.find("dialog input[type=password]").send_keys(PIN)
            page.press("Use this PIN")
            page.says("Ready for the next boards")
            viewer.says("Ready for the next boards")
            viewer.run("document.activeElement.blur()")
            viewer.keys(" ")
            same(viewer.named("button", "Program").get_attribute(
                "aria-disabled"), "true")
            for n in range(1, 8):
                serial = page.named("textbox", "Board serial number")
                serial.send_keys(f"A-{n}" + Keys.ENTER)
            serial.send_keys(SERIAL + Keys.ENTER)
            serial.send_keys("A-1" + Keys.ENTER)
            page.says("A-1 was scanned already")
            page.run("document.activeElement.blur()")
            page.keys(" ")
            page.says("Working")
            viewer.says("Working")
            page.driver.refresh()
            page.says("Working")
            page.screenshot("line-works")
            page.run(SHIFTS)
            page.wait(lambda: [page.run(
                "return document.querySelectorAll("
                "`.tile[data-kind=${arguments[0]}]`).length", kind)
                for kind in ("ok", "bad", "idle")] == [6, 2, 0], "tiles")
            viewer.says("Done")
            page.says("6 = 6 = 6")
            same(page.run("return shifts"), [])
            page.says(SERIAL)
            page.says(PORT)
            for one in (page, viewer):
                same(one.run("return window.harm"), None)
            page.screenshot("line-done")
            for width in (320, 2560):
                page.size(width)
                assert page.run("const e = document.documentElement;"
                                "return e.scrollWidth <= e.clientWidth"), width
                page.screenshot(f"line-{width}")
            page.size(1280)
            for scheme in ("dark", "light"):
                page.scheme(scheme)
                same(page.axe(), [], scheme)
            page.driver.execute_cdp_cmd("Emulation.setEmulatedMedia",
                                        {"media": "print"})
            page.says("6 = 6 = 6")
            assert not page.has("button", "Stop all"), "buttons on the paper"
            page.screenshot("line-print")
            page.driver.execute_cdp_cmd("Emulation.setEmulatedMedia",
                                        {"media": ""})
            page.press("End after these boards")
            page.says("Not started")
            # the program asks for the PIN by a refusal
            same([e for e in page.errors() if "/api/line/start" not in e], [])


HOSTILE = ["a;b", "x\n[install]", "\x1b]0;", "p" * 4096]


@case
def forms(folder):
    """What a form may make, and what a job must be."""
    with contextlib.closing(Station(folder=str(folder))) as station:
        page = Client(station)
        (folder / "a.sfi").write_bytes(b"x")
        top = folder.name
        good = {"path": f"{top}/new.job", "image": f"{top}/a.sfi",
                "hsm": "vault:/x", "ports": "/dev/a /dev/b", "serial": "scan",
                "count": 5, "secure": True}
        same(page.post("line/check", good), {"ports": 2})
        assert not (folder / "new.job").exists()
        for key, value in [("path", f"{top}/new.txt"), ("path", "/etc/x.job"),
                           ("path", f"{top}/../x.job"),
                           ("image", f"{top}/none.sfi"), ("ports", ""),
                           ("ports", "a a"), ("serial", "counter:x"),
                           ("count", -1), ("hsm", "")] + [
                               ("hsm", text) for text in HOSTILE]:
            for route in ("line/check", "line/make"):
                answer = page.post(route, {**good, key: value}, 422)
                same(answer["error"]["where"], key, repr(value))
        assert not (folder / "new.job").exists()
        plan = page.post("line/make", good)
        same((plan["ports"], plan["make_secure"]), (["/dev/a", "/dev/b"], True))
        same(page.post("line/make", good, 422)["error"]["where"], "path")
        page.post("line/choose", {"job": f"{top}/new.job"})
        page.post("line/labels", {}, 409)
        assert isinstance(page.get("line/ports")["ports"], list)
        (folder / "t.zpl").write_text("^XA^XZ")
        more = {**good, "path": f"{top}/more.job", "serial": "counter:7",
                "failures": 3, "shift_end": "22:00", "csv": f"{top}/b.csv",
                "label": f"{top}/t.zpl", "labels": top}
        for key, value in [("failures", -1), ("shift_end", "24:00"),
                           ("shift_end", "9:00"), ("csv", "/etc/x.csv"),
                           ("label", f"{top}/no.zpl"), ("label", ""),
                           ("labels", "/tmp"), ("labels", "")]:
            answer = page.post("line/make", {**more, key: value}, 422)
            same(answer["error"]["where"], key, repr(value))
        same(page.post("line/make", more)["labels"], str(folder))
        text = (folder / "more.job").read_text()
        for part in ("serial = counter:7", "failures = 3", "shift-end = 22:00",
                     f"csv = {folder}/b.csv", f"template = {folder}/t.zpl"):
            assert part in text, (part, text)
        (folder / "b.job").write_text("[job]\nports = p\n[program]\nfile = f\n")
        answer = page.post("line/choose", {"job": f"{top}/b.job"}, 422)
        assert "next = enter" in answer["error"]["message"], answer
        (folder / "c.job").write_text("[jobs]\n")
        answer = page.post("line/plan", {"job": f"{top}/c.job"}, 422)
        assert "c.job:1" not in answer["error"]["where"], answer
        viewer = Client(station, station.viewer)
        for route in ("make", "choose", "start", "next", "stop"):
            same(viewer.post(f"line/{route}", good, 403)["error"]["name"],
                 "SFI_ERR_ACCESS")


if __name__ == "__main__":
    main()
