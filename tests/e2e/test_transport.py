# SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later
# Copyright The libsfi authors
"""The tutorial's custom transport: a chip behind a serial server in the
network (socat), and servers that are dead, silent, or talk nonsense."""

import socket
import subprocess
import threading
import time

import bench
from bench import H753, DATA, about

PROGRAM = bench.PROGRAMS / "tutorial/custom-transport"


def free_port():
    with socket.create_server(("127.0.0.1", 0)) as s:
        return s.getsockname()[1]


class Rogue:
    """A server that sends the same bytes to every input."""

    def __init__(self, case, answer, hang_up=False):
        self.answer, self.hang_up = answer, hang_up
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]
        self.thread = threading.Thread(target=self.serve, daemon=True)
        self.thread.start()
        case.addCleanup(self.listener.close)

    def serve(self):
        peer, _ = self.listener.accept()
        with peer:
            try:
                while peer.recv(4096) and not self.hang_up:
                    peer.sendall(self.answer)
            except OSError:
                pass  # the program has ended


class Transport(bench.Case):
    def setUp(self):
        self.bench = bench.Bench()
        self.addCleanup(self.bench.close)

    def ask(self, port):
        done = subprocess.run([PROGRAM, "127.0.0.1", str(port)],
                              capture_output=True, text=True,
                              timeout=bench.PATIENCE)
        return done.returncode, done.stdout, done.stderr

    def server(self, part):
        """socat in front of a chip's port."""
        port = free_port()
        process = subprocess.Popen(
            ["socat", f"TCP-LISTEN:{port},bind=127.0.0.1,fork,reuseaddr",
             f"FILE:{part.link},raw,echo=0"], stdin=subprocess.DEVNULL)

        def stop():
            process.terminate()
            process.wait(bench.PATIENCE)

        self.addCleanup(stop)
        return port

    def ask_when_up(self, port):
        end = time.monotonic() + bench.PATIENCE
        while True:
            answer = self.ask(port)
            if "cannot connect" not in answer[2] or time.monotonic() > end:
                return answer
            time.sleep(0.01)

    def test_open_and_secure(self):
        b = self.bench
        part = b.chip(H753, "part").start()
        self.assertEqual(self.ask_when_up(self.server(part)),
                         (0, f"{H753}, open bootloader\n", ""))
        hsm = b.hsm(H753, "line.vault", 1)
        self.assertEnded(part.program(b.image(H753, "fw.sfi"), *hsm), 0)
        part.stop()
        part.start()
        self.assertEqual(self.ask_when_up(self.server(part)),
                         (0, f"{H753}, secure bootloader\n", ""))
        part.stop()
        self.assertHolds(part, bench.segments(H753),
                         bench.option_words(DATA / f"ob-{H753}.csv"))

    def test_no_server(self):
        self.assertEqual(self.ask(free_port()),
                         (1, "", "custom-transport: cannot connect to this "
                                 "server\n"))

    def test_no_chip(self):
        begin = time.monotonic()
        status, out, err = self.ask(Rogue(self, b"").port)
        self.assertEqual((status, out), (1, ""))
        self.assertSays(err, about("SFI_ERR_TIMEOUT", "0x7f"))
        self.assertLess(time.monotonic() - begin, 60)

    def test_hangs_up(self):
        status, out, err = self.ask(Rogue(self, b"", hang_up=True).port)
        self.assertEqual((status, out, err), (
            1, "", "SFI_ERR_NO_DEVICE: the serial server hung up\n"))

    def test_nonsense(self):
        status, out, err = self.ask(Rogue(self, b"login: ").port)
        self.assertEqual((status, out), (1, ""))
        self.assertSays(err, about("SFI_ERR_PROTOCOL", "garbage"))

    def test_never_silent(self):
        status, out, err = self.ask(Rogue(self, b"\x79" * 100000).port)
        self.assertEqual((status, out), (1, ""))
        self.assertSays(err, about("SFI_ERR_PROTOCOL", "firmware seems to run"))


if __name__ == "__main__":
    bench.main()
