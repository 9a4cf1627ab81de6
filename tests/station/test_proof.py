# SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later
# Copyright The libsfi authors
"""The screen Proof: audit logs are verified, what is in them is shown, and it is
compared with what production has kept."""

import contextlib
import hashlib
import json
import os
import pathlib
import sys
import time
import urllib.parse
from http.client import HTTPConnection

from station import (PATIENCE_S, PROGRAMS, SOURCE, Client, Page, Station, case,
                     main, same)

from audit_kit import KEY, TIME, write_log

DAY = 86400
HOSTILE = '<img src=x onerror=alert(1)>\x1b]0;x\x07\u202e"\'.log'
STORY = [("counted", "A", 0), ("again", "A", 7), ("counted", "B", 0, DAY),
         ("lease", "site", 3, 60, TIME + 9 * DAY, 5),
         ("restored", "head", 9, 2 * DAY, 5, 4), ("counted", "C", 0, 60)]


def device(name):
    return hashlib.sha256(f"device {name}".encode()).hexdigest()


class Proof(Client):
    """What the page asks."""

    def state(self):
        """What is told at the end of the verification."""
        until = time.monotonic() + PATIENCE_S
        while time.monotonic() < until:
            told = self.told()
            state = told.get("proof/state") or {}
            if state.get("state") not in (None, "running"):
                return state
        raise AssertionError("the verification does not end")

    def told(self):
        """The state of now: the first event of a new connection."""
        connection = HTTPConnection(self.station.origin.partition("//")[2],
                                    timeout=PATIENCE_S)
        connection.request("GET", "/api/events", headers={
            "Cookie": self.cookie, "X-Station-Key": self.key})
        answer = connection.getresponse()
        data = ""
        while not data.startswith("data: "):
            data = answer.readline().decode()
        answer.close()
        connection.close()
        return json.loads(data[6:])

    def files(self):
        return self.told().get("proof/files") or []

    def drop(self, name, data, pieces=1, size=None, expect=200):
        told = self.post("proof/drop", {"name": name,
                                        "size": size or len(data)})
        step = -(-len(data) // pieces)
        for at in range(0, len(data), step):
            code, answer, _ = self.send(
                "POST", "proof/upload", data[at:at + step],
                {"Content-Type": "application/octet-stream",
                 "X-File-Name": urllib.parse.quote(str(told["id"]))})
            if code != 200:
                break
        same(code, expect, answer)
        return told["id"] if code == 200 else answer["error"]

    def choose(self, *names):
        for name in names:
            self.post("proof/choose", {"name": f"files/{name}"})

    def verify(self):
        self.post("proof/verify")
        same(self.state()["state"], "done", self.state())
        return self.get("proof/result")

    def refused(self):
        self.post("proof/verify")
        state = self.state()
        same(state["state"], "failed")
        return state["error"]


STATIONS = []


@contextlib.contextmanager
def desk():
    """One program for all cases; each begins without files."""
    if not STATIONS:
        STATIONS.append(Station())
        STATIONS.append(Proof(STATIONS[0]))
    station, client = STATIONS
    client.post("session/operate")
    client.post("proof/cancel")
    for _ in range(100):
        if client.send("POST", "proof/clear", {})[0] == 200:
            break
    for name in os.listdir(station.folder):
        os.unlink(station.path(name))
    yield station, client


def log(station, name, *records, **more):
    write_log(pathlib.Path(station.path(name)), *records, **more)


@case
def a_count_is_proven(folder):
    """Chosen from a folder: the sums, days, leases and losses."""
    with desk() as (station, client):
        log(station, "order.log", *STORY, maximum=10)
        client.choose("order.log", "audit.key")
        same([(f["name"], f["use"]) for f in client.files()],
             [("files/order.log", "log"), ("files/audit.key", "key")])
        told = client.verify()
        one = told["logs"][0]
        same((one["licensed"], one["remaining"], one["maximum"],
              one["records"], one["leased"], one["given_up"]),
             (3, 3, 10, 6, 3, 1))
        first = TIME // DAY
        same(told["days"], [[first, 1, 1], [first + 1, 1, 0],
                            [first + 3, 1, 0]])
        lease, = told["leases"]
        same((lease["sequence"], lease["amount"], lease["detail"],
              lease["is_back"]), (4, 3, TIME + 9 * DAY, False))
        lost, = told["restores"]
        same((lost["sequence"], lost["detail"], lost["amount"]), (5, 5, 9))
        same(told["key"], hashlib.sha256(KEY).hexdigest()[:16])
        same((told["records"], told["total"], told["before"]),
             (None, None, None))
        last = open(station.path("order.log")).read().split()[-2]
        same(one["last_record"], last)


@case
def dropped_files_leave_nothing(folder):
    """In pieces, with a hostile name; no file has a name while it is held."""
    with desk() as (station, client):
        log(station, "order.log", *STORY, maximum=10)
        data = open(station.path("order.log"), "rb").read()
        before = {n for n in os.listdir("/tmp") if "sfi-station" in n}
        client.drop(HOSTILE, data, pieces=3)
        client.drop("audit.key", KEY)
        same([(f["name"], f["use"], f["have"]) for f in client.files()],
             [(HOSTILE, "log", len(data)), ("audit.key", "key", 32)])
        same({n for n in os.listdir("/tmp") if "sfi-station" in n} - before,
             set())
        same(client.verify()["logs"][0]["name"], HOSTILE)
        client.post("proof/clear")
        same(client.files(), [])


@case
def a_damaged_log_names_its_place(folder):
    """By the name that people know, not by the one that the program has."""
    with desk() as (station, client):
        log(station, "order.log", *STORY, maximum=10)
        data = open(station.path("order.log"), "rb").read()
        client.drop("audit.key", KEY)
        one = client.drop("a.log", data.replace(b" again ", b" agaim "))
        error = client.refused()
        same((error["name"], error["where"]), ("SFI_ERR_FORMAT", "a.log:11"))
        assert "agaim" in error["message"] and "/dev/" not in str(error), error
        client.post("proof/remove", {"id": one})
        one = client.drop("b.log", data.replace(b"00000007 ", b"00000008 "))
        error = client.refused()
        same(error["name"], "SFI_ERR_AUTH")
        assert error["where"].startswith("b.log:"), error
        client.post("proof/remove", {"id": one})
        client.drop("c.log", data[:-100])
        assert client.refused()["where"].startswith("c.log"), error
        client.post("proof/result", expect=409)


@case
def an_earlier_log(folder):
    """The shorter one of two of one HSM is recognised; an altered past is
    refused; one of another HSM too."""
    with desk() as (station, client):
        log(station, "old.log", *STORY[:2], maximum=10)
        log(station, "new.log", *STORY, maximum=10)
        log(station, "other.log", *STORY[:1], maximum=10, serial=2)
        client.choose("new.log", "old.log", "audit.key")
        uses = {f["name"]: f for f in client.files()}
        same(uses["files/old.log"]["use"], "before")
        told = client.verify()
        same((told["before"], told["logs"][0]["continues"]),
             ("files/old.log", True))
        # the other way round
        client.post("proof/use", {"id": uses["files/new.log"]["id"],
                                  "use": "before"})
        same([f["use"] for f in client.files()], ["before", "log", "key"])
        assert "rolled back" in client.refused()["message"]
        client.post("proof/remove", {"id": uses["files/old.log"]["id"]})
        client.choose("other.log")
        assert "another HSM" in client.refused()["message"]
        client.post("proof/use", {"id": uses["files/new.log"]["id"],
                                  "use": "key"}, expect=422)


@case
def what_production_says(folder):
    """Records and a CSV report: what was counted and is in neither, and what
    was installed and not counted."""
    with desk() as (station, client):
        log(station, "order.log", *STORY, maximum=10)
        with open(station.path("line.jsonl"), "w") as out:
            for name, result in ("A", "failed"), ("A", "installed"), \
                    ("B", "failed"):
                out.write(json.dumps({"time": "2026-11-22T13:00:00Z",
                                      "device_id": device(name),
                                      "result": result}) + "\n")
            out.write('{"cut')
        with open(station.path("report.csv"), "w", newline="") as out:
            out.write("time,device_id,result,error,receipt\r\n"
                      f"t,{device('X')},installed,\"a \"\"b\"\", c\",00\r\n"
                      f"t,{device('B')},failed,,\r\nshort\r\n")
        client.choose("order.log", "audit.key", "line.jsonl", "report.csv")
        told = client.verify()["records"]
        same({n: told[n] for n in ("files", "counted", "proven", "recorded",
                                   "unproven", "failed", "missing", "extra",
                                   "damaged")},
             {"files": 2, "counted": 3, "proven": 0, "recorded": 1,
              "unproven": 1, "failed": 1, "missing": 1, "extra": 1,
              "damaged": 3})
        rows = {("unproven", device("A")), ("failed", device("B")),
                ("missing", device("C")), ("extra", device("X"))}
        same({tuple(r) for r in told["rows"]}, rows)
        code, csv, headers = client.send("GET", "proof/differences.csv")
        same({tuple(r.split(",")) for r in csv.decode().split("\r\n")[1:-1]},
             rows)
        assert "differences.csv" in headers["Content-Disposition"]
        # a table of something else
        with open(station.path("other.csv"), "w") as out:
            out.write("a,b\r\n1,2\r\n")
        client.choose("other.csv")
        error = client.refused()
        same((error["name"], error["where"]),
             ("SFI_ERR_FORMAT", "files/other.csv"))


@case
def an_order_of_chips(folder):
    """Real receipts, in a record and in a CSV report; a lease with its log, and
    one without."""
    os.environ["SFI_PROGRAMS"] = str(PROGRAMS)
    sys.path.insert(0, str(SOURCE / "tests" / "e2e"))
    import bench
    with contextlib.closing(bench.Bench()) as b, desk() as (station, client):
        slot, pin = f"vault:{b.path / 'hsm'}", b.pin
        image = b.image(bench.H753, "fw.sfi")
        bench.must("sfi-hsm", "-i", slot, "-k", b.path / "key.bin", "-n",
                   b.path / "nonce.bin", "-id", "blink", "-mc", 9, "-pd",
                   b.perso(bench.H753), "--audit-key", b.path / "audit.key",
                   "--pin-file", pin, "--yes")
        words = ["hsm=1", f"slot={slot}", "--pin-file", pin]
        part = b.chip(bench.H753, "first").start()
        record = b.path / "line.jsonl"
        bench.must(*part.words(image, *words), "--record", record)
        part.stop()
        b.license(b.chip(bench.H753, "second"), words)
        for name in "site", "other":
            bench.must("sfi-hsm", "lease", "--from", slot, "-n", 2, "--days", 3,
                       "-o", f"vault:{b.path / name}", "--yes", "--pin-file",
                       pin, "--site-pin-file", pin)
        for name in "hsm", "site":
            bench.must("sfi-hsm", "-i", f"vault:{b.path / name}", "-audit",
                       station.path(f"{name}.log"))
        client.choose("hsm.log")
        client.drop("audit.key", (b.path / "audit.key").read_bytes())
        one = client.drop("line.jsonl", record.read_bytes())
        told = client.verify()["records"]
        same((told["counted"], told["proven"], told["recorded"],
              told["missing"], len(told["rows"])), (2, 1, 1, 1, 1))
        line = json.loads(record.read_text())
        client.post("proof/remove", {"id": one})
        client.drop("report.csv", ("device_id,result,receipt\r\n"
                                   f"{line['device_id']},installed,"
                                   f"{line['receipt']}\r\n").encode())
        told = client.verify()["records"]
        same((told["proven"], told["receipts"], told["refused"],
              told["unproven"]), (1, 1, 0, 0))
        # receipts of another image are refused
        other = b.image(bench.H753, "other.sfi", version=2)
        client.drop("other.sfi", pathlib.Path(other).read_bytes())
        told = client.verify()
        same((told["image"], told["records"]["proven"],
              told["records"]["refused"]), ("other.sfi", 0, 1))
        client.drop("fw.sfi", pathlib.Path(image).read_bytes())
        same(sum(f["use"] == "image" for f in client.files()), 1)
        client.choose("site.log")
        told = client.verify()
        same((told["image"], told["records"]["proven"]), ("fw.sfi", 1))
        same({n: told["total"][n] for n in ("maximum", "licensed", "remaining",
                                            "outstanding", "spent", "leases",
                                            "missing")},
             {"maximum": 9, "licensed": 2, "remaining": 3, "outstanding": 2,
              "spent": 2, "leases": 2, "missing": 1})
        same(sorted(one["is_lease"] for one in told["logs"]), [False, True])
        assert "no log" in told["warnings"][0], told["warnings"]


@case
def keys_stay_here(folder):
    """No answer has the key."""
    with desk() as (station, client):
        log(station, "order.log", *STORY, maximum=10)
        client.choose("order.log", "audit.key")
        result = client.verify()
        for text in json.dumps(result), json.dumps(client.told()):
            assert KEY.hex()[:16] not in text, text


@case
def what_is_refused(folder):
    """Before anything is read, with the place."""
    with desk() as (station, client):
        def error(path, body, code=422):
            return client.post(path, body, code)["error"]["message"]
        assert "no audit log" in error("proof/verify", {}, 409)
        log(station, "order.log", *STORY, maximum=10)
        client.choose("order.log")
        assert "no key" in error("proof/verify", {}, 409)
        for name in "files/../x", "files/nothing", "/etc/passwd", "files":
            client.post("proof/choose", {"name": name}, expect=422)
        with open(station.path("picture.png"), "wb") as out:
            out.write(b"\x89PNG\r\n\x1a\n" * 9)
        text = error("proof/choose", {"name": "files/picture.png"})
        assert "expected an audit log" in text, text
        for size in 0, -1, 600 << 20, 1 << 62:
            error("proof/drop", {"name": "x", "size": size})
        wrong = client.drop("x.log", b"SFI-LOG 1\n" * 9, size=50, expect=422)
        assert "more than the 50 bytes" in wrong["message"], wrong
        client.post("proof/drop", {"name": "half.log", "size": 100})
        client.choose("audit.key")
        assert "not complete" in error("proof/verify", {}, 409)
        for _ in range(64):
            code, _, _ = client.send("POST", "proof/drop",
                                     {"name": "y", "size": 9})
        same(code, 422)
        # a wrong key is the log's failure
        client.post("proof/clear")
        client.choose("order.log")
        client.drop("key", bytes(32))
        same(client.refused()["name"], "SFI_ERR_AUTH")


@case
def viewers_only_look(folder):
    with desk() as (station, client):
        viewer = Proof(station, station.viewer)
        log(station, "order.log", *STORY, maximum=10)
        client.choose("order.log", "audit.key")
        same(client.verify(), viewer.get("proof/result"))
        viewer.post("proof/clear", expect=403)
        viewer.post("proof/verify", expect=403)
        code, _, _ = viewer.send(
            "POST", "proof/upload", b"x",
            {"Content-Type": "application/octet-stream", "X-File-Name": "1"})
        same(code, 422)


@case
def a_long_one_is_cancelled(folder):
    """Meanwhile the desk answers, nothing changes, and progress is told."""
    with desk() as (station, client):
        log(station, "long.log",
            *(("counted", i + 1, 0) for i in range(60000)), maximum=60000)
        client.choose("long.log", "audit.key")
        for _ in range(20):
            client.choose("long.log")
        client.post("proof/verify")
        same(client.told()["proof/state"]["state"], "running")
        client.post("proof/clear", expect=409)
        client.post("proof/result", expect=409)
        client.post("proof/cancel")
        same(client.state()["state"], "cancelled")
        client.post("proof/clear")


# ---- in a browser ----

def gib(page, *paths):
    """Choose files as a person does with the browser's own dialog."""
    page.find("#screen-proof input[type=file]").send_keys("\n".join(paths))


def look_at(page, name):
    same(page.look(name), [])


@case
def the_screen(folder):
    """Files are dropped, verified and compared; the certificate; a failure;
    and what a viewer sees."""
    with desk() as (station, client), \
            contextlib.closing(Page(station.operator)) as page:
        page.go("proof")
        looks_on(page, client)
        page.press("Take over")
        page.find("dialog button.main").click()
        page.says("You operate")
        records = os.path.join(folder, HOSTILE.replace("/", "_") + ".jsonl")
        with open(records, "w") as out:
            out.write(json.dumps({"device_id": device("A"),
                                  "result": "installed"}) + "\n")
        order, old = folder / "order.log", folder / "old.log"
        write_log(old, *STORY[:2], maximum=10)
        write_log(order, *STORY, maximum=10)
        gib(page, str(order), str(folder / "audit.key"))
        page.wait(lambda: len(page.all("#screen-proof tbody tr")) == 2)
        page.press("Verify")
        page.says("3 devices were licensed, 3 of 10 installations are left")
        page.says("Records that are lost")
        page.says("5 to 9")
        same(len(page.all(".proof-chart rect")), 4)
        look_at(page, "proof-count")
        drop = """
            const data = new DataTransfer();
            data.items.add(new File([arguments[1]], arguments[0]));
            document.querySelector('.proof-drop').dispatchEvent(
              new DragEvent('drop', {bubbles: true, dataTransfer: data}));"""
        page.run(drop, os.path.basename(records), open(records).read())
        page.run(drop, "old.log", old.read_text())
        page.wait(lambda: len(client.files()) == 4 and all(
            f["use"] for f in client.files()))
        same(sorted(f["use"] for f in client.files()),
             ["before", "key", "log", "records"])
        page.press("Verify")
        page.says("The count is proven, production differs")
        page.says("continues the earlier log old.log")
        page.says(device("B"))
        same(len(page.all("#screen-proof img")), 0)
        look_at(page, "proof-differences")
        printed(page)
        reloaded(page)
        damaged(page, client, order)
        same(page.errors(), [])


SHIFTS = """window.shifts = [];
new PerformanceObserver((list) => list.getEntries().forEach((e) =>
  window.shifts.push(e.value + ' ' + e.sources.map((s) =>
    s.node && s.node.outerHTML ? s.node.outerHTML.slice(0, 80) : '?'))))
  .observe({type: 'layout-shift', buffered: false});"""


def looks_on(page, client):
    """What another page does is shown, and nothing jumps."""
    page.says("Nothing was verified yet")
    page.run(SHIFTS)
    log(client.station, "order.log", *STORY, maximum=10)
    client.choose("order.log", "audit.key")
    client.verify()
    page.says("3 devices were licensed")
    client.verify()
    client.choose("order.log")
    client.post("proof/clear")
    page.says("Nothing was verified yet")
    same(page.run("return window.shifts"), [])


def printed(page):
    """Only the certificate is on the paper."""
    page.driver.execute_cdp_cmd("Emulation.setEmulatedMedia",
                                {"media": "print"})
    text = page.run("return document.body.innerText")
    page.screenshot("proof-certificate-print")
    page.driver.execute_cdp_cmd("Emulation.setEmulatedMedia", {"media": ""})
    assert "What this does not prove" in text, text
    for word in "Choose from", "Differences as CSV", "The same as a table":
        assert word not in text, text


def reloaded(page):
    """The result is still there: the program has it."""
    page.driver.refresh()
    page.says("The count is proven, production differs")


def damaged(page, client, order):
    """The place is said; by keyboard alone."""
    page.named("button", "Start again").send_keys("\n")
    page.wait(lambda: client.files() == [])
    page.says("Nothing was verified yet")
    order.write_text(order.read_text().replace(" again ", " agaim "))
    gib(page, str(order), str(order.with_name("audit.key")))
    page.wait(lambda: len(page.all("#screen-proof tbody tr")) == 2)
    page.named("button", "Verify").send_keys("\n")
    page.says("Not proven")
    page.says("order.log:11")


@case
def the_end(folder):
    """The program ends while a verification runs."""
    with desk() as (station, client):
        log(station, "order.log", *STORY, maximum=10)
        client.choose("order.log", "audit.key")
        client.post("proof/verify")
        same(station.stop(), 0)
        station.close()


if __name__ == "__main__":
    main()
