# SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later
# Copyright The libsfi authors
"""Many chips at once: sfi-program --gang, its record, and failures of some chips
while the others continue."""

import json
import os
import pty
import resource
import select
import signal
import socket
import threading
import time
import tty

import bench
from bench import H753, L462, DATA, about

GANG = 32


def hold_files_to(size):
    """A full disk: an error, not a signal."""
    def limit():
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (size, size))
    return limit


class SlowLine:
    """A pty before a chip's: quick for a while, then 1 KiB each 50 ms."""

    QUICK = 100000

    def __init__(self, part):
        self.slow = threading.Event()
        self.master, self.slave = pty.openpty()
        self.chip = os.open(part.link, os.O_RDWR | os.O_NOCTTY)
        self.ended, self.end = os.pipe()
        tty.setraw(self.slave)
        tty.setraw(self.chip)
        self.link = os.ttyname(self.slave)
        self.thread = threading.Thread(target=self.serve)
        self.thread.start()

    def serve(self):
        passed = 0
        while True:
            ready, _, _ = select.select([self.master, self.chip, self.ended],
                                        [], [])
            if self.ended in ready:
                return
            if self.chip in ready:
                os.write(self.master, os.read(self.chip, 4096))
            if self.master in ready:
                passed += os.write(self.chip, os.read(self.master, 1024))
                if passed > self.QUICK:
                    self.slow.set()
                    time.sleep(0.05)

    def close(self):
        os.close(self.end)
        self.thread.join()
        for fd in (self.master, self.slave, self.chip, self.ended):
            os.close(fd)


class Gang(bench.Case):
    def setUp(self):
        self.bench = bench.Bench()
        self.addCleanup(self.bench.close)
        self.record = self.bench.path / "record"

    def chips(self, count, name=H753, prefix="part", ca="ca"):
        return [self.bench.chip(name, f"{prefix}-{i}", ca).start()
                for i in range(count)]

    def words(self, parts, image, *hsm):
        ports = ",".join(str(getattr(p, "link", p)) for p in parts)
        return ["sfi-program", "--gang", ports, "--record", self.record,
                "--yes", "-sfi", image, *hsm]

    def program(self, parts, image, *hsm):
        return bench.run(*self.words(parts, image, *hsm))

    def records(self):
        return [json.loads(line)
                for line in self.record.read_text().splitlines()]

    def installed(self, part):
        part.stop()
        self.assertHolds(part, bench.segments(part.name),
                         bench.option_words(DATA / f"ob-{part.name}.csv"))

    def big_image(self):
        """An image that takes a while, and its content."""
        big = self.bench.path / "big.bin"
        big.write_bytes(bytes(range(1, 256)) * 1600)  # 408,000 bytes
        return self.bench.image(H753, "big.sfi", big, "0x08000000")

    def test_32_chips(self):
        b = self.bench
        hsm = b.hsm(H753, "line.vault", GANG + 3)
        parts = self.chips(GANG)
        result = self.program(parts, b.image(H753, "fw.sfi"), *hsm, "--json")
        self.assertEnded(result, 0)
        told = json.loads(result.out)
        self.assertEqual((told["succeeded"], told["failed"]), (GANG, 0))
        self.assertEqual([c["port"] for c in told["chips"]],
                         [str(p.link) for p in parts])
        # each was counted once, and its record has the counter
        self.assertEqual(b.counter("line.vault"), 3)
        records = self.records()
        self.assertEqual(sorted(r["hsm_remaining"] for r in records),
                         list(range(3, GANG + 3)))
        self.assertEqual(len({r["device_id"] for r in records}), GANG)
        by_port = {c["port"]: c["device_id"] for c in told["chips"]}
        for record in records:
            self.assertEqual(record["device_id"], by_port[record["port"]])
            self.assertEqual((record["result"], record["chip"],
                              record["protocol"]),
                             ("installed", H753, "static"))
            self.assertRegex(record["time"],
                             r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$")
            self.assertGreater(record["milliseconds"], 0)
        for part in parts:
            self.installed(part)

    def test_others_go_on(self):
        """One chip is off, one foreign, one another part, and the HSM has two
        installations for three: the others continue."""
        b = self.bench
        hsm = b.hsm(H753, "line.vault", 2)
        good = self.chips(3)
        foreign, = self.chips(1, prefix="foreign", ca="other-ca")
        other, = self.chips(1, L462, "other")
        master, slave = pty.openpty()
        self.addCleanup(os.close, master)
        self.addCleanup(os.close, slave)
        dead = os.ttyname(slave)
        missing = b.path / "missing"
        gang = [dead, good[0], foreign, other, missing, good[1], good[2]]
        result = self.program(gang, b.image(H753, "fw.sfi"), *hsm)
        # the first failure in the order of the ports
        self.assertEqual(result.status, 4, str(result))
        lines = result.message.splitlines()
        self.assertEqual(len(lines), 5, str(result))
        late = [line for line in lines if "part-" in line]
        self.assertEqual(len(late), 1, str(result))
        self.assertEqual(late[0], about("line.vault", "installations", "2"))
        lines.remove(late[0])
        self.assertEqual(lines, [
            about(dead, "0x7f"),
            about(foreign.link.name, "line.vault", "not signed", "CA"),
            about(other.link.name, L462),
            about(missing.name, "no such port")])
        self.assertRegex(result.out, r"(?m)^7 chips: 2 installed, 5 failed, in ")
        self.assertEqual(b.counter("line.vault"), 0)
        by_port = {r["port"]: r for r in self.records()}
        self.assertEqual(len(by_port), 7)
        self.assertEqual(by_port[dead]["error"]["name"], "SFI_ERR_TIMEOUT")
        self.assertNotIn("device_id", by_port[dead])
        self.assertEqual(by_port[str(foreign.link)]["error"]["name"],
                         "SFI_ERR_CERTIFICATE")
        self.assertEqual(by_port[str(other.link)]["chip"], L462)
        for part in (foreign, other):
            part.stop()
            self.assertHoldsNothing(part)
        results = {}
        for part in good:
            record = by_port[str(part.link)]
            results.setdefault(record["result"], []).append(record)
            if record["result"] == "installed":
                self.installed(part)
            else:
                part.stop()
                self.assertHoldsNothing(part)
        self.assertEqual(len(results["installed"]), 2)
        self.assertEqual([r["error"]["name"] for r in results["failed"]],
                         ["SFI_ERR_HSM_COUNTER"])

    def test_interrupted_between_steps(self):
        """Ctrl-C ends the work on open chips, which keep what they have."""
        big = self.bench.path / "big.bin"
        big.write_bytes(bytes(range(1, 256)) * 1600)
        parts = self.chips(2)
        lines = [SlowLine(part) for part in parts]
        ports = ",".join(str(line.link) for line in lines)
        program = bench.start("sfi-program", "--gang", ports, "--record",
                              self.record, "-w", big, "0x08000000", "-g")
        half_way = [line.slow.wait(bench.PATIENCE) for line in lines]
        program.send_signal(signal.SIGINT)
        result = bench.Result.of(program)
        for line in lines:
            line.close()
        self.assertEqual(half_way, [True] * 2, str(result))
        self.assertEqual(result.status, 7, str(result))
        self.assertRegex(result.out, r"2 chips: 0 done, 2 failed")
        self.assertEqual([(r["result"], "running" in r)
                          for r in self.records()], [("cancelled", False)] * 2)
        for part in parts:
            part.stop()
            self.assertEqual(part.dump("flash")[:255], bytes(range(1, 256)))

    def test_interrupted_before_a_chip_answers(self):
        """Ctrl-C ends the search for chips: on silent lines, at a silent
        server, and at one that accepts nobody."""
        ptys = [pty.openpty() for _ in range(2)]
        silent, full = socket.socket(), socket.socket()
        for server, queue in ((silent, 4), (full, 0)):
            server.bind(("127.0.0.1", 0))
            server.listen(queue)
        waiting = [socket.socket() for _ in range(8)]
        for s in waiting:
            s.setblocking(False)
            s.connect_ex(full.getsockname())
        ports = [os.ttyname(slave) for _, slave in ptys] + [
            "rfc2217:127.0.0.1:%u?rtt=60000" % silent.getsockname()[1],
            "tcp:127.0.0.1:%u?rtt=60000" % full.getsockname()[1]]
        program = bench.start("sfi-program", "--gang", ",".join(ports), "-t",
                              "60000", "--record", self.record, "-e", "all")
        for master, _ in ptys:
            os.read(master, 1)  # it tries to reach the chip
        peer, _ = silent.accept()
        peer.recv(1)
        program.send_signal(signal.SIGINT)
        before = time.monotonic()
        result = bench.Result.of(program)
        took = time.monotonic() - before
        for s in [silent, full, peer] + waiting:
            s.close()
        for fd in sum(ptys, ()):
            os.close(fd)
        self.assertEqual(result.status, 7, str(result))
        self.assertEqual([r["result"] for r in self.records()],
                         ["cancelled"] * 4)
        self.assertLess(took, 30)  # none ends by itself within 60 s

    def test_interrupted(self):
        """Ctrl-C ends all installs, and each chip is left erased."""
        b = self.bench
        hsm = b.hsm(H753, "line.vault", 4)
        parts = self.chips(4)
        lines = [SlowLine(part) for part in parts]
        program = bench.start(*self.words(lines, self.big_image(), *hsm))
        half_way = [line.slow.wait(bench.PATIENCE) for line in lines]
        program.send_signal(signal.SIGINT)
        result = bench.Result.of(program)
        for line in lines:
            line.close()
        self.assertEqual(half_way, [True] * 4, str(result))
        self.assertEqual(result.status, 7, str(result))
        self.assertEqual([line.endswith(": cancelled")
                          for line in result.message.splitlines()],
                         [True] * 4, str(result))
        self.assertRegex(result.out, r"4 chips: 0 installed, 4 failed")
        self.assertEqual([r["result"] for r in self.records()],
                         ["cancelled"] * 4)
        self.assertEqual(b.counter("line.vault"), 0)
        for part in parts:
            part.stop()
            self.assertHoldsNothing(part)
            part.start()
        # a second run counts nothing; the record grows
        self.assertEqual(self.program(parts, b.image(H753, "fw.sfi"),
                                      *hsm).status, 0)
        self.assertEqual([r["result"] for r in self.records()],
                         ["cancelled"] * 4 + ["installed"] * 4)
        for part in parts:
            self.installed(part)

    def store_of_another(self, image):
        """A folder that has the licence of a chip outside the gang."""
        b = self.bench
        store = b.path / "licences"
        hsm = b.hsm(H753, "another.vault", 1)
        other, = self.chips(1, prefix="another")
        self.assertEnded(other.program(image, *hsm[:2], f"store={store}",
                                       *hsm[2:]), 0)
        self.assertEqual(len(list(store.iterdir())), 1)
        return store

    def test_image_of_another_key(self):
        """It stops before the first count, and before a chip is changed;
        sfi-hsm tells the same."""
        b = self.bench
        hsm = b.hsm(H753, "line.vault", 3)
        slot = hsm[1].removeprefix("slot=")
        parts = self.chips(GANG)
        image = b.image(H753, "fw.sfi")
        good = image.read_bytes()
        licenses = self.store_of_another(image)
        image.write_bytes(good[:27] + bytes([good[27] ^ 1]) + good[28:])
        told = "the image was built with another key or nonce than this HSM has"
        for words in (hsm, [*hsm[:2], f"store={licenses}", *hsm[2:]]):
            result = self.program(parts, image, *words)
            self.assertEqual(result.status, 3, str(result))
            self.assertIn(told, result.message)
        for part in parts:
            self.assertOpen(part)
        self.assertEnded(bench.run("sfi-hsm", "-i", slot, "--matches", image,
                                   *hsm[2:]), 3, told)
        self.assertEqual(b.counter("line.vault"), 3)
        image.write_bytes(good)
        self.assertIn("IMAGE MATCHES: ",
                      bench.must("sfi-hsm", "-i", slot, "--matches", image,
                                 *hsm[2:]).out)
        self.assertEqual(b.counter("line.vault"), 3)
        self.assertEnded(self.program(parts[:3], image, *hsm), 0)

    def test_wrong_pin_is_one_try(self):
        """One PIN try, although every chip needs the HSM."""
        b = self.bench
        hsm = b.hsm(H753, "line.vault", 4)
        parts = self.chips(4)
        wrong = b.path / "wrong"
        wrong.write_text("0815\n")
        image = b.image(H753, "fw.sfi")
        store = self.store_of_another(image)
        result = self.program(parts, image, f"store={store}", *hsm[:2],
                              "--pin-file", wrong)
        self.assertEqual(result.status, 6, str(result))
        self.assertEqual(len(result.message.splitlines()), 4)
        for part in parts:
            self.assertOpen(part)
        tries = bench.must("sfi-hsm", "-i", hsm[1].removeprefix("slot="),
                           "-info").out
        self.assertIn("HSM PIN TRIES LEFT: 9\n", tries)
        for part in parts:
            part.stop()
            self.assertHoldsNothing(part)
            part.start()
        # with the right PIN all are stored; then no HSM is needed
        self.assertEnded(self.program(parts, image, f"store={store}", *hsm), 0)
        self.assertEqual(b.counter("line.vault"), 0)
        result = self.program(parts, image, "hsm=0", store, "-e", "all")
        self.assertEnded(result, 0)
        self.assertNotIn("hsm_remaining", self.records()[-1])
        for part in parts:
            self.installed(part)

    def test_record_torn_and_full(self):
        """A fragment of a power cut stays on its own line; a full disk is
        reported with the chip's result, and leaves no fragment."""
        b = self.bench
        hsm = b.hsm(H753, "line.vault", 2)
        part, = self.chips(1)
        image = b.image(H753, "fw.sfi")
        self.record.write_text('{"time": "2026-')
        self.assertEnded(self.program([part], image, *hsm), 0)
        torn, whole = self.record.read_text().splitlines()
        self.assertEqual(torn, '{"time": "2026-')
        self.assertEqual(json.loads(whole)["result"], "installed")
        size = 64 << 20
        with self.record.open("wb") as f:
            last = b'\n{"time": "2026"}\n'
            f.seek(size - len(last))
            f.write(last)
        result = bench.Result.of(bench.start(
            *self.words([part], image, *hsm, "-e", "all"),
            preexec_fn=hold_files_to(size + 10)))
        self.assertEnded(result, 7, "record: cannot write the record of .*"
                         "part-0.tty .installed.: cannot write: "
                         "File too large")
        self.assertEqual(self.record.stat().st_size, size)
        self.installed(part)


if __name__ == "__main__":
    bench.main()
