# SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later
# Copyright The libsfi authors
"""sfi-program --job: an order that goes on after each kill, nothing twice and
nothing forgotten; and the persons, scanners and handlers that drive it.

    test_job.py [unittest's words]
"""

import csv
import json
import os
import random
import resource
import select
import signal
import socket
import subprocess
import threading
import time
import tty

import bench
from bench import DATA, H753, L462, PATIENCE

CHIPS = int(os.environ.get("SFI_JOB_CHIPS", 8))
KILLS = int(os.environ.get("SFI_JOB_KILLS", 12))
SEED = int(os.environ.get("SFI_TEST_SEED", 0)) or random.randrange(1 << 30)
FIRST = 0x08000000


class Job:
    """A job's file, and the command that makes it."""

    def __init__(self, b, ports, name="line.job", **sections):
        self.b, self.path = b, b.path / name
        self.journal = b.path / (name + ".journal")
        self.csv = b.path / (name + ".csv")
        lines = ["[job]"] + [f"ports = {port}" for port in ports]
        sections = {"report": {"csv": self.csv.name}, **sections}
        lines += [f"{k} = {v}" for k, v in sections.pop("job", {}).items()]
        for section, values in sections.items():
            lines.append(f"[{section}]")
            lines += [f"{k} = {v}" for k, v in values.items()]
        self.path.write_text("\n".join(lines) + "\n")

    def start(self, *words, **how):
        how = {"start_new_session": True, "stdin": subprocess.DEVNULL, **how}
        return subprocess.Popen(
            bench.command_line("sfi-program", ["--job", self.path, *words]),
            text=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE, **how)

    def run(self, *words, text=None, **how):
        p = self.start(*words, **{"stdin": subprocess.PIPE, **how})
        out, err = p.communicate(text or "", timeout=PATIENCE)
        return bench.Result(p.args, p.returncode, out, err)

    def rows(self):
        with self.csv.open(newline="") as f:
            return list(csv.DictReader(f))

    def lines(self):
        return [json.loads(line)
                for line in self.journal.read_text().splitlines()]


class Relay:
    """A port in front of a chip's, up to the request for its receipt."""

    ASKS = b"\x50\xaf\x53\x0b"

    def __init__(self, part, link):
        self.link, self.asked = link, threading.Event()
        self.host, self.other = os.openpty()
        self.chip = os.open(part.link, os.O_RDWR | os.O_NOCTTY)
        for fd in self.other, self.chip:
            tty.setraw(fd)
        link.symlink_to(os.ttyname(self.other))
        self.thread = threading.Thread(target=self.run)
        self.thread.start()

    def run(self):
        said = b""
        while self.ASKS not in said:
            for fd in select.select([self.host, self.chip], [], [])[0]:
                data = os.read(fd, 4096)
                if fd == self.host:
                    said = said[-len(self.ASKS):] + data
                if self.ASKS not in said:
                    os.write(self.chip if fd == self.host else self.host, data)
        self.asked.set()

    def replace(self, part):
        """By the chip's own port, under the same name."""
        self.thread.join()
        for fd in self.host, self.other, self.chip:
            os.close(fd)
        self.link.unlink()
        self.link.symlink_to(part.link)


class Case(bench.Case):
    def setUp(self):
        self.bench = bench.Bench()
        self.addCleanup(self.bench.close)

    def chips(self, count):
        return [self.bench.chip(H753, f"part-{i}").start()
                for i in range(count)]

    def install(self, hsm_words, image="fw.sfi", **more):
        return {"image": image, "hsm": hsm_words[1].removeprefix("slot="),
                "pin-file": hsm_words[-1], "make-secure": "yes", **more}

    def check_receipt(self, row):
        """The row has what the chip signed, or why there is nothing."""
        if row["no_receipt"]:
            self.assertEqual((row["no_receipt"], row["receipt"]),
                             ("an interrupted attempt installed it", ""))
            return
        receipt = self.bench.path / f"{row['board']}.receipt"
        receipt.write_bytes(bytes.fromhex(row["receipt"]))
        self.assertIn(row["device_id"],
                      bench.run("sfi-info", receipt).out)
        receipt.unlink()

    def ate(self, result, lead=""):
        return [line for line in result.out.splitlines()
                if line.startswith(lead or "#")]


class Kill(Case):
    def test_killed_again_and_again(self):
        """The whole group is killed at random moments; the rerun completes."""
        b, rng = self.bench, random.Random(SEED)
        print(f"seed {SEED}, {CHIPS} chips, {KILLS} kills")
        image = b.image(H753, "fw.sfi")
        kills = order = 0
        took = max(0.5, 0.03 * CHIPS)
        while kills < KILLS:
            name = f"order-{order}"
            vault = f"{name}.vault"
            hsm = b.hsm(H753, vault, CHIPS + 2)
            parts = [b.chip(H753, f"{name}-{i}").start() for i in range(CHIPS)]
            labels = b.path / f"{name}.labels"
            labels.mkdir()
            (b.path / "t.zpl").write_text("^XA^FD${serial}^FS^XZ")
            job = Job(b, [p.link for p in parts], f"{name}.job",
                      job={"serial": "counter:100"},
                      install=self.install(hsm),
                      label={"template": "t.zpl", "output": labels})
            begin = time.monotonic()
            for _ in range(rng.randrange(2, 9)):
                p = job.start("--ate")
                time.sleep(rng.random() * took)
                killed = p.poll() is None
                if killed:
                    os.killpg(p.pid, signal.SIGKILL)
                    kills += 1
                p.communicate()
                # as long as a job takes on this machine, by and by
                took = min(took * 1.1, 10) if killed else took * 0.6
                if kills == KILLS or not killed:
                    break
            result = job.run("--ate")
            self.assertEqual(result.status, 0, f"{SEED} {name}: {result}")
            self.assertLess(time.monotonic() - begin, PATIENCE)
            self.check(job, parts, vault, labels, image)
            # and once more changes nothing
            before = job.journal.read_bytes()
            self.assertEnded(job.run(), 0)
            self.assertEqual(job.journal.read_bytes(), before)
            for part in parts:
                part.stop(signal.SIGKILL)
            order += 1
            print(f"{order} orders, {kills} kills", flush=True)

    def check(self, job, parts, vault, labels, image):
        self.assertEqual(self.bench.counter(vault), 2, SEED)
        rows = job.rows()
        self.assertEqual(len(rows), CHIPS, SEED)
        for key in ("board", "serial", "device_id", "port"):
            self.assertEqual(len({r[key] for r in rows}), CHIPS, (SEED, key))
        self.assertEqual({r["result"] for r in rows}, {"installed"})
        self.assertEqual({r["port"] for r in rows},
                         {str(p.link) for p in parts})
        self.assertEqual(len(list(labels.iterdir())), CHIPS)
        for row in rows:
            label = labels / f"{int(row['board']):06}.zpl"
            self.assertEqual(label.read_text(),
                             f"^XA^FD{row['serial']}^FS^XZ")
            self.check_receipt(row)
        for part in parts:
            self.assertHolds(part, bench.segments(H753), bench.option_words(
                DATA / f"ob-{H753}.csv"))

    def test_half_done_is_named(self):
        """A kill in the middle of the areas: the next run says which board."""
        b = self.bench
        hsm = b.hsm(H753, "line.vault", 2)
        part, = self.chips(1)
        big = b.path / "big.bin"
        big.write_bytes(bytes(range(1, 256)) * 1600)
        b.image(H753, "fw.sfi", big, hex(FIRST))
        job = Job(b, [part.link], install=self.install(hsm))
        p = job.start()
        end = time.monotonic() + PATIENCE
        while not (job.journal.exists() and
                   '"areas"' in job.journal.read_text()):
            self.assertLess(time.monotonic(), end)
            time.sleep(0.005)
        os.killpg(p.pid, signal.SIGKILL)
        p.communicate()
        # a locked journal: the second of two is refused
        holder = job.start()
        while job.journal.read_text().count('"begin"') < 2:
            self.assertLess(time.monotonic(), end)
            time.sleep(0.005)
        second = job.run("--ate")
        out, err = holder.communicate(timeout=PATIENCE)
        self.assertEnded(second, 4, "another process works on this job")
        self.assertEqual(len(self.ate(second, "#ERR 404 ")), 1, str(second))
        self.assertEqual(holder.returncode, 0, err)
        self.assertIn("board 1 is half done", err)
        self.assertIn("not counted twice", err)
        self.assertEqual(b.counter("line.vault"), 1)
        self.assertEqual(job.rows()[0]["attempts"], "2")

    def test_cut_behind_the_last_request(self):
        """The chip is complete, and the journal does not have it yet: nothing
        is sent again."""
        b = self.bench
        hsm = b.hsm(H753, "line.vault", 2)
        part, = self.chips(1)
        b.image(H753, "fw.sfi")
        job = Job(b, [part.link], install=self.install(hsm))
        self.assertEnded(job.run(), 0)
        lines = job.journal.read_text().splitlines(keepends=True)
        self.assertIn('"end"', lines[-1])
        job.journal.write_text("".join(lines[:-1]))
        flash = part.dump("flash")
        result = job.run("--ate")
        self.assertEqual(result.status, 0, str(result))
        self.assertIn("#ERR 806 board=1 ", result.out)
        self.assertIn("result=installed", result.out)
        self.assertEqual(job.rows()[0]["result"], "installed")
        # an H753 gives its receipt to who installs it; an L462 waits
        self.assertEqual(job.rows()[0]["receipt"], "")
        self.check_receipt(job.rows()[0])
        phases = [r.get("phase") for r in job.lines() if r["step"] == "enter"]
        self.assertEqual(phases.count("areas"), 1)
        self.assertEqual(part.dump("flash"), flash)
        self.assertEqual(b.counter("line.vault"), 1)

    def test_killed_before_the_receipt(self):
        """An L462 waits with its receipt: the same command fetches it."""
        b = self.bench
        hsm = b.hsm(L462, "line.vault", 2)
        part = b.chip(L462, "part").start()
        b.image(L462, "fw.sfi")
        relay = Relay(part, b.path / "relay.tty")
        job = Job(b, [relay.link], install=self.install(hsm))
        p = job.start()
        self.assertTrue(relay.asked.wait(PATIENCE))
        os.killpg(p.pid, signal.SIGKILL)
        p.communicate()
        relay.replace(part)
        result = job.run("--ate")
        self.assertEqual(result.status, 0, str(result))
        self.assertIn("result=installed", result.out)
        self.assertEqual(job.rows()[0]["no_receipt"], "")
        self.check_receipt(job.rows()[0])
        phases = [r.get("phase") for r in job.lines() if r["step"] == "enter"]
        self.assertEqual(phases.count("areas"), 1)
        self.assertEqual(b.counter("line.vault"), 1)

    def test_torn_journal(self):
        """The journal is cut anywhere, as a power cut leaves it: the job
        completes, and the HSM has counted each board once."""
        b = self.bench
        hsm = b.hsm(H753, "line.vault", 2)
        part, = self.chips(1)
        b.image(H753, "fw.sfi")
        job = Job(b, [part.link], install=self.install(hsm))
        self.assertEnded(job.run(), 0)
        whole = job.journal.read_bytes()
        rng = random.Random(SEED)
        first = whole.index(b'"begin"')
        for cut in sorted(rng.sample(range(first, len(whole)), 6)):
            job.journal.write_bytes(whole[:cut])
            result = job.run()
            known = b'"areas"' in whole[:cut].rpartition(b"\n")[0]
            # before that the firmware in the chip would be another job's
            self.assertEqual(result.status, 0 if known else 5,
                             f"{SEED} {cut}: {result}")
            self.assertEqual(len(job.rows()), 1)
            self.assertEqual(b.counter("line.vault"), 1)

    def test_changed_job(self):
        b = self.bench
        hsm = b.hsm(H753, "line.vault", 2)
        part, = self.chips(1)
        image = b.image(H753, "fw.sfi")
        job = Job(b, [part.link], install=self.install(hsm))
        self.assertEnded(job.run(), 0)
        text, good = job.path.read_text(), image.read_bytes()
        before = job.journal.read_bytes()
        image.write_bytes(good[:-1] + bytes([good[-1] ^ 1]))
        self.assertEnded(job.run(), 2, "SHA-256 of file 1")
        image.write_bytes(good)
        b.hsm(H753, "other.vault", 2)
        job.path.write_text(text.replace("line.vault", "other.vault"))
        self.assertEnded(job.run(), 2, "install.hsm")
        job.path.write_text(text.replace("[job]", "[job]\ncount = 1"))
        self.assertEnded(job.run(), 2, r"job.count = \(not set\), and now it")
        job.path.write_text(text.replace("[report]", "[stop]\nfailures = 3\n"
                                         "[report]"))
        self.assertEqual(job.run().status, 0)
        # another HSM under the same name
        job.path.write_text(text)
        (b.path / "line.vault").unlink()
        b.hsm(H753, "line.vault", 2)
        self.assertEnded(job.run(), 2, "the HSM's serial number")
        self.assertTrue(job.journal.read_bytes().startswith(before))


class Loop(Case):
    """Boards one after the other."""

    def job(self, part, hsm, name="line.job", job=None, **more):
        return Job(self.bench, [part.link], name,
                   job={"next": "enter", **(job or {})},
                   install=self.install(hsm), **more)

    def test_scanner(self):
        """Serial numbers by lines; garbage, a second scan of a board that is
        done, and a template that refuses a command."""
        b = self.bench
        hsm = b.hsm(H753, "line.vault", 3)
        part, = self.chips(1)
        b.image(H753, "fw.sfi")
        (b.path / "t.zpl").write_text("^XA^FH^FD${serial}^FS^XZ\n")
        job = self.job(part, hsm, job={"serial": "scan"},
                       label={"template": "t.zpl", "output": "labels.zpl"})
        text = "\n".join([
            "", "a b", "x\x1b[2J", "y" * 600, "caf\u00e9", "=A1^XZ", "=A1^XZ",
        ]) + "\n"
        result = job.run("--ate", text=text)
        self.assertEqual(result.status, 0, str(result))
        errors = [line.split()[1] for line in self.ate(result, "#ERR")]
        self.assertEqual(errors, ["805", "805", "804", "804", "805", "801"],
                         str(result))
        ok, = self.ate(result, "#OK board=")
        self.assertIn(" serial==A1^XZ ", ok)
        self.assertEqual(job.rows()[0]["serial"], "'=A1^XZ")
        self.assertEqual(len(job.rows()), 1)
        self.assertEqual((b.path / "labels.zpl").read_text(),
                         "^XA^FH^FD=A1_5EXZ^FS^XZ\n")
        self.assertEqual(b.counter("line.vault"), 2)

    def test_stop_conditions(self):
        b = self.bench
        hsm = b.hsm(H753, "line.vault", 3)
        part, = self.chips(1)
        b.image(H753, "fw.sfi")
        part.stop()
        part.link.write_text("")  # no port
        job = self.job(part, hsm, stop={"failures": 2})
        result = job.run("--ate", text="\n\n\n\n")
        self.assertEqual(len(self.ate(result, "#ERR 4")), 2, str(result))
        self.assertIn("#ERR 802 end by=failures", result.out)
        self.assertNotEqual(result.status, 0)
        part.link.unlink()
        part.start()
        shift = self.job(part, hsm, "shift.job",
                         stop={"shift-end": "+2"})
        p = shift.start("--ate", stdin=subprocess.PIPE)
        result = bench.Result.of(p)
        self.assertEqual(result.status, 0, str(result))
        count = self.job(part, hsm, "count.job", job={"count": 1})
        result = count.run("--ate", text="\n\n\n")
        self.assertEqual(result.status, 0, str(result))
        self.assertIn("#OK end by=count done=1", result.out)

    def test_signal_goes_on(self):
        b = self.bench
        hsm = b.hsm(H753, "line.vault", 3)
        part, = self.chips(1)
        b.image(H753, "fw.sfi")
        job = self.job(part, hsm, job={"count": 1})
        p = job.start("--ate", stdin=subprocess.PIPE)
        self.assertIn("#OK ready", p.stdout.readline())
        p.send_signal(signal.SIGTERM)
        self.assertEqual(bench.Result.of(p).status, 7)
        self.assertEqual(job.run(text="\n").status, 0)

    def handler(self, path):
        s = socket.socket(socket.AF_UNIX)
        s.settimeout(PATIENCE)
        end = time.monotonic() + PATIENCE
        while True:
            try:
                s.connect(str(path))
                return s, s.makefile("r")
            except OSError:
                self.assertLess(time.monotonic(), end)
                time.sleep(0.02)

    def test_handler(self):
        """Garbage, an endless line, a newer handler, a socket that is left of
        a kill."""
        b = self.bench
        hsm = b.hsm(H753, "line.vault", 3)
        part, = self.chips(1)
        b.image(H753, "fw.sfi")
        path = b.path / "s"
        job = self.job(part, hsm, job={"next": f"socket:{path}",
                                       "serial": "scan", "count": 1})
        p = job.start("--ate")
        first, told = self.handler(path)
        self.assertEqual(told.readline(),
                         "#OK ready done=0 failed=0 half=0 of=1\n")
        self.assertEqual(path.stat().st_mode & 0o777, 0o600)
        os.killpg(p.pid, signal.SIGKILL)
        p.communicate()
        p = job.start("--ate")
        s, told = self.handler(path)
        told.readline()
        s.sendall(b"\x00\xff\x1b\n" + b"z" * 100000 + b"\nhello\nnext\n")
        self.assertEqual([told.readline().split()[1] for _ in range(4)],
                         ["804", "804", "804", "805"])
        other, told_other = self.handler(path)
        self.assertIn("#ERR 808", told.readline())
        self.assertEqual(told.readline(), "")
        self.assertIn("#OK ready", told_other.readline())
        other.sendall(b"next B-1\n")
        self.assertRegex(told_other.readline(),
                         "^#OK board=1 .*serial=B-1 .*result=installed")
        self.assertRegex(told_other.readline(), "^#OK end by=count done=1")
        result = bench.Result.of(p)
        self.assertEqual(result.status, 0, str(result))
        self.assertFalse(path.exists())
        for thing in (first, s, other, told, told_other):
            thing.close()

    def test_json(self):
        b = self.bench
        hsm = b.hsm(H753, "line.vault", 3)
        part, = self.chips(1)
        b.image(H753, "fw.sfi")
        job = self.job(part, hsm)
        result = job.run("--json", text="\n\n")
        told = json.loads(result.out)
        self.assertEqual([x["result"] for x in told["boards"]],
                         ["installed", "failed"])
        self.assertEqual(told["boards"][0]["board"], 1)
        self.assertEqual((told["boards_done"], told["ended_by"]),
                         (1, "input"))


class Open(Case):
    """--serial-at and jobs on open chips."""

    def test_full_disk(self):
        """No step is done that the journal does not have."""
        part, = self.chips(1)
        job = Job(self.bench, [part.link],
                  program={"file": f"{DATA}/blink-{H753}.elf"}, report={})
        sizes = []
        for size in range(100, 4000, 250):
            def limit():
                signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
                resource.setrlimit(resource.RLIMIT_FSIZE, (size, size))
            result = job.run(preexec_fn=limit)
            if result.status == 0:
                break
            sizes.append(job.journal.stat().st_size)
            self.assertEqual(result.status, 7, str(result))
            self.assertIn("cannot write: File too large", result.err)
            self.assertLessEqual(sizes[-1], size)
            if '"phase": "write"' not in job.journal.read_text():
                self.assertEqual(part.dump("flash"), part.born_flash)
        self.assertGreater(len(sizes), 5)
        self.assertEqual(job.run().status, 0)
        self.assertHolds(part, bench.segments(H753),
                         bench.words_of(part.born_options))

    def test_counter_and_verify(self):
        b = self.bench
        parts = self.chips(2)
        job = Job(b, [p.link for p in parts], job={"serial": "counter:41"},
                  program={"file": f"{DATA}/blink-{H753}.elf",
                           "verify": "yes",
                           "serial-at": "0x08100000=digits:8"})
        self.assertEnded(job.run(), 0)
        found = set()
        for part in parts:
            flash = part.dump("flash")
            found.add(bytes(flash[0x100000:0x100008]))
        self.assertEqual(found, {b"00000041", b"00000042"})
        self.assertEqual({r["serial"] for r in job.rows()}, {"41", "42"})


if __name__ == "__main__":
    bench.main()
