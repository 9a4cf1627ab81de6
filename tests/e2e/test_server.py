# SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later
# Copyright The libsfi authors
"""The tutorial's custom HSM: installs through its licence server, and through
servers that are dead, slow, or send nonsense."""

import signal
import socket
import struct
import subprocess
import threading
import time

import bench
from bench import H753, L462, DATA, about

TUTORIAL = bench.PROGRAMS / "tutorial"


class Server:
    """license-server with a vault of the bench."""

    def __init__(self, b, vault):
        self.b, self.vault = b, vault
        self.socket = b.path / "socket"
        self.log = b.path / "server.log"
        self.process = None

    def command(self):
        return [TUTORIAL / "license-server", self.socket,
                f"vault:{self.b.path / self.vault}", self.b.pin]

    def start(self):
        with self.log.open("a") as log:
            self.process = subprocess.Popen(
                self.command(), stdin=subprocess.DEVNULL, stdout=log)
        end = time.monotonic() + bench.PATIENCE
        while not self.answers():
            if self.process.poll() is not None or time.monotonic() > end:
                raise AssertionError("the server does not run")
            time.sleep(0.005)
        return self

    def answers(self):
        with socket.socket(socket.AF_UNIX) as s:
            return s.connect_ex(str(self.socket)) == 0

    def stop(self, how=signal.SIGTERM):
        if self.process is not None:
            self.process.send_signal(how)
            status = self.process.wait(bench.PATIENCE)
            self.process = None
            return status
        return None


class Rogue:
    """Reads a request, sends given bytes, and closes."""

    def __init__(self, path, answer):
        self.answer, self.question = answer, b""
        path.unlink(missing_ok=True)
        self.listener = socket.socket(socket.AF_UNIX)
        self.listener.bind(str(path))
        self.listener.listen()
        self.thread = threading.Thread(target=self.serve, daemon=True)
        self.thread.start()

    def serve(self):
        s, _ = self.listener.accept()
        with s:
            while len(self.question) < 140:
                self.question += s.recv(140)
            s.sendall(self.answer)

    def close(self):
        self.thread.join(bench.PATIENCE)
        self.listener.close()


def refusal(code, text):
    return struct.pack("<HH", code, len(text)) + text


class Custom(bench.Case):
    chip = H753

    def setUp(self):
        b = self.bench = bench.Bench()
        self.addCleanup(b.close)
        self.image = b.image(self.chip, "fw.sfi")
        self.vault = b.hsm(self.chip, "line.vault", 2)
        self.server = Server(b, "line.vault")
        self.addCleanup(self.server.stop, signal.SIGKILL)

    def words(self, part):
        return [TUTORIAL / "custom-hsm", self.server.socket, self.image,
                f"serial:{part.link}"]

    def install(self, part):
        done = subprocess.run([str(w) for w in self.words(part)],
                              capture_output=True, text=True,
                              timeout=bench.PATIENCE)
        return bench.Result(done.args, done.returncode, done.stdout,
                            done.stderr)

    def then_good(self, part):
        self.assertEnded(self.install(part), 0)
        part.stop()
        self.assertHolds(part, bench.segments(self.chip),
                         bench.option_words(DATA / f"ob-{self.chip}.csv"))

    # ---- successes ----

    def test_install(self):
        """Two chips through one server; each is printed and counted."""
        self.server.start()
        for left, name in ((1, "one"), (0, "two")):
            self.then_good(self.bench.chip(self.chip, name).start())
            self.assertEqual(self.bench.counter("line.vault"), left)
        self.assertRegex(self.server.log.read_text(),
                         r"^(device [0-9a-f]{64}: licensed\n){2}$")
        self.assertEqual(self.server.stop(), 0)
        self.assertFalse(self.server.socket.exists())

    def test_two_stations_at_once(self):
        self.server.start()
        parts = [self.bench.chip(self.chip, n).start() for n in "ab"]
        running = [subprocess.Popen([str(w) for w in self.words(p)],
                                    stdout=subprocess.PIPE,
                                    stderr=subprocess.PIPE, text=True)
                   for p in parts]
        for process in running:
            self.assertEnded(bench.Result.of(process), 0)
        self.assertEqual(self.bench.counter("line.vault"), 0)

    def test_only_its_user_connects(self):
        self.server.start()
        self.assertEqual(self.server.socket.stat().st_mode & 0o777, 0o600)

    def test_silent_station_does_not_hold_up_others(self):
        self.server.start()
        part = self.bench.chip(self.chip, "part").start()
        with socket.socket(socket.AF_UNIX) as s:
            s.connect(str(self.server.socket))
            s.sendall(b"half a question")
            self.then_good(part)

    # ---- refusals arrive with the HSM's message ----

    def test_exhausted(self):
        self.server.start()
        for name in ("one", "two"):
            self.assertEnded(self.install(self.bench.chip(
                self.chip, name).start()), 0)
        part = self.bench.chip(self.chip, "three").start()
        self.assertEnded(self.install(part), 1,
                         about("SFI_ERR_HSM_COUNTER", "installations", "2"))
        self.assertHoldsNothing(part)
        self.assertRegex(self.server.log.read_text(), "no installations left")

    def test_other_ca(self):
        self.server.start()
        part = self.bench.chip(self.chip, "fake", ca="other-ca").start()
        self.assertEnded(self.install(part), 1,
                         about("SFI_ERR_CERTIFICATE", "not signed", "CA"))
        self.assertHoldsNothing(part)
        self.assertEqual(self.bench.counter("line.vault"), 2)

    def test_question_that_is_no_certificate(self):
        self.server.start()
        code, text = self.ask(bytes(140))
        self.assertEqual(code, 201)
        self.assertRegex(text.decode(), "product id is 0x00")
        self.then_good(self.bench.chip(self.chip, "part").start())

    def ask(self, question):
        """(code, content) of the server's reply."""
        with socket.socket(socket.AF_UNIX) as s:
            s.connect(str(self.server.socket))
            s.sendall(question)
            code, length = struct.unpack("<HH", s.recv(4, socket.MSG_WAITALL))
            return code, s.recv(length, socket.MSG_WAITALL)

    def test_live_session(self):
        """A session id gets a live licence; the device is counted once."""
        self.server.start()
        cert = self.bench.chip(self.chip, "part").dump("certificate")
        got = [self.ask(struct.pack("<I", session) + cert)
               for session in (0, 7, 0x80000001, 7)]
        self.assertEqual([(code, data[:8]) for code, data in got],
                         [(0, b"SFI." + bytes(4)),
                          (0, b"SFIL" + struct.pack("<I", 7)),
                          (0, b"SFIL" + struct.pack("<I", 0x80000001)),
                          (0, b"SFIL" + struct.pack("<I", 7))])
        self.assertEqual(got[1], got[3])
        self.assertEqual(self.bench.counter("line.vault"), 1)

    # ---- servers that die ----

    def test_no_server(self):
        part = self.bench.chip(self.chip, "part").start()
        self.assertEnded(self.install(part), 1, "^SFI_ERR_IO: the licence "
                         "server cannot be reached$")
        self.assertHoldsNothing(part)
        self.server.start()
        self.then_good(part)

    def test_killed_after_counting(self):
        """A counted licence that got lost is given again."""
        self.server.start()
        part = self.bench.chip(self.chip, "part").start()
        code, data = self.ask(bytes(4) + part.dump("certificate"))
        self.assertEqual((code, len(data)), (0, 136))
        self.server.stop(signal.SIGKILL)
        self.assertEqual(self.bench.counter("line.vault"), 1)
        self.assertEnded(self.install(part), 1,
                         about("SFI_ERR_IO", "server", "reached"))
        self.assertHoldsNothing(part)
        self.server.socket.unlink()
        self.server.start()
        self.then_good(part)
        self.assertEqual(self.bench.counter("line.vault"), 1)

    def test_bad_answers(self):
        """Short, long, unknown or hostile replies: an error, nothing installed."""
        part = self.bench.chip(self.chip, "part").start()
        broke = "^SFI_ERR_IO: the licence server closed the connection$"
        answers = {
            "nothing": (b"", broke),
            "half a head": (b"\0\0", broke),
            "half a licence": (b"\0\0\x88\0" + bytes(60), broke),
            "half a message": (refusal(603, b"no more")[:-3], broke),
            "too long a licence": (b"\0\0\x89\0" + bytes(137), broke),
            "longest": (b"\0\0\xff\xff" + bytes(65535), broke),
            "too long a message": (refusal(603, b"x" * 256), broke),
            "no licence": (b"\0\0\x88\0" + bytes(136),
                           about("SFI_ERR_FORMAT", "type", "0x00000000")),
            "short licence": (b"\0\0\x87\0" + bytes(135),
                              about("SFI_ERR_TRUNCATED", "135 bytes")),
            "message": (refusal(603, b"try the other line"),
                        "^SFI_ERR_HSM_COUNTER: try the other line$"),
            "no status": (refusal(999, b"I am new"),
                          "^SFI_ERR_CALLBACK: HSM licence returned -999\\b"),
            "terminal's commands": (refusal(601, b"\x1b[2J\r\nfine\xff\0"),
                                    r"^SFI_ERR_HSM: \?\[2J\?\?fine\?\?$"),
        }
        for name, (answer, told) in answers.items():
            rogue = Rogue(self.server.socket, answer)
            with self.subTest(answer=name):
                self.assertEnded(self.install(part), 1, told)
                self.assertHoldsNothing(part)
            rogue.close()
            self.assertEqual(rogue.question,
                             bytes(4) + part.dump("certificate"))
        self.server.socket.unlink()
        self.server.start()
        self.then_good(part)

    def test_license_of_another_chip(self):
        """A server sends a wrong licence: the chip refuses it."""
        b = self.bench
        one, two = (b.chip(self.chip, n) for n in ("one", "two"))
        lic = b.license(one, self.vault).read_bytes()
        two.start()
        rogue = Rogue(self.server.socket, b"\0\0\x88\0" + lic)
        self.assertEnded(self.install(two), 1,
                         about("SFI_ERR_DEVICE", "licence",
                               "not for this chip"))
        rogue.close()
        self.assertHoldsNothing(two)

    # ---- the server's own start ----

    def test_server_needs(self):
        b = self.bench
        wrong = b.path / "wrong"
        wrong.write_text("0000\n")
        for words, told in (
                ([f"vault:{b.path}/line.vault", wrong], "wrong PIN"),
                ([f"vault:{b.path}/line.vault", b.path / "none"], ""),
                (["card", b.pin], "card"),
                ([f"vault:{b.path}/line.vault"], None)):
            done = subprocess.run(
                [TUTORIAL / "license-server", self.server.socket, *words],
                capture_output=True, text=True, timeout=bench.PATIENCE)
            self.assertEqual(done.returncode, 64 if told is None else 1, words)
            self.assertIn(told or "", done.stderr)
            self.assertFalse(self.server.socket.exists())


class CustomL462(bench.Case):
    """One test with the other chip."""

    def test_install(self):
        case = Custom("test_install")
        case.chip = L462
        case.setUp()
        try:
            case.test_install()
        finally:
            case.doCleanups()


if __name__ == "__main__":
    bench.main()
