# SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later
# Copyright The libsfi authors
"""Ctrl-C during each call that can take long: it ends within half a second."""
from __future__ import annotations

import os
import select
import signal
import socket
import threading
import time
from typing import Any, Callable, List, Optional

import bench
import kit
from bench import BenchCase
from kit import sfi

from sfi import sim

AFTER = 0.15
#: Half a second, and patience for a loaded machine; without a cancel each of
#: these calls takes many seconds.
LIMIT = 0.5 + 1.0
#: An install tells the chip to erase what it has, once the frame is over.
ABORT = 5.0


class Server:
    """A virtual chip at a TCP port, which can stop answering."""

    def __init__(self, folder: Optional[os.PathLike[str]]) -> None:
        self.folder = folder
        self.frozen = folder is None
        self.delay = 0.0
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.uri = "tcp:127.0.0.1:%d?rtt=1" % self.listener.getsockname()[1]
        self.thread = threading.Thread(target=self.serve)
        self.thread.start()

    def serve(self) -> None:
        with sfi.Context(log=None):
            chip = None if self.folder is None else sim.Simulator(self.folder)
            peer, _ = self.listener.accept()
            with peer:
                while True:
                    ready, _, _ = select.select([peer, self.listener], [], [])
                    if self.listener in ready:  # close() knocks
                        return
                    data = peer.recv(4096)
                    if not data:
                        return
                    time.sleep(self.delay)
                    if not self.frozen and chip is not None:
                        peer.sendall(chip.usart(data))
                        if chip.reset_is_due:
                            chip.power_on()

    def close(self) -> None:
        if self.thread.is_alive():
            with socket.create_connection(self.listener.getsockname()):
                self.thread.join()
        self.listener.close()


class CtrlC(BenchCase):
    def setUp(self) -> None:
        super().setUp()
        before = signal.signal(signal.SIGINT, signal.default_int_handler)
        self.addCleanup(signal.signal, signal.SIGINT, before)

    def interrupted(self, call: Callable[..., Any], *args: Any,
                    limit: float = LIMIT) -> None:
        """The call ends soon after a SIGINT, by KeyboardInterrupt."""
        sent: List[float] = []

        def send() -> None:
            sent.append(time.monotonic())
            os.kill(os.getpid(), signal.SIGINT)

        timer = threading.Timer(AFTER, send)
        timer.start()
        with self.assertRaises(KeyboardInterrupt):
            call(*args)
        now = time.monotonic()
        timer.join()
        self.assertLess(now - sent[0], limit)

    def test_connect(self) -> None:
        server = Server(None)
        self.addCleanup(server.close)
        link = sfi.Transport.open(server.uri)
        self.interrupted(lambda: sfi.Target.connect(link, timeout=20))

    def test_connect_of_an_installer(self) -> None:
        server = Server(None)
        self.addCleanup(server.close)
        with sfi.Installer(bench.image(), server.uri, self.hsm(),
                           timeout=20) as install:
            self.interrupted(install.run)

    def test_opening_a_link(self) -> None:
        server = Server(None)
        self.addCleanup(server.close)
        port = server.uri.split("?")[0].replace("tcp:", "rfc2217:")
        self.interrupted(sfi.Transport.open, port)

    def test_each_call_of_a_target(self) -> None:
        base = bench.BASE
        fw = sfi.Firmware.parse(bytes(1000), "bin", base)
        calls = {
            "read": lambda t: t.read(base, 4096),
            "write": lambda t: t.write(base, bytes(4096)),
            "erase": lambda t: t.erase([0]),
            "erase_all": lambda t: t.erase_all(),
            "program": lambda t: t.program(fw, verify=True),
            "verify": lambda t: t.verify(fw),
            "option_bytes": lambda t: t.option_bytes(),
            "go": lambda t: t.go(),
            "readout_unprotect": lambda t: t.readout_unprotect(),
        }
        for name, call in calls.items():
            with self.subTest(name):
                server = Server(self.new_chip(name))
                try:
                    with sfi.Target.connect(server.uri) as target:
                        server.frozen = True
                        self.interrupted(call, target)
                finally:
                    server.close()

    def test_install_under_way(self) -> None:
        server = Server(self.new_chip())
        self.addCleanup(server.close)
        with sfi.Installer(bench.image(size=40000), server.uri,
                           self.hsm()) as install:
            for progress in install:
                if progress.phase == sfi.Phase.AREAS and progress.done:
                    break
            server.delay = 0.02
            self.interrupted(install.run, limit=ABORT)

    def test_it_can_go_on(self) -> None:
        server = Server(self.new_chip())
        self.addCleanup(server.close)
        with sfi.Target.connect(server.uri) as target:
            server.frozen = True
            self.interrupted(target.read, bench.BASE, 4096)
            server.frozen = False
            deadline = time.monotonic() + 10
            while True:
                try:
                    self.assertEqual(len(target.read(bench.BASE, 16)), 16)
                    return
                except (sfi.LinkError, sfi.DeviceError):
                    if time.monotonic() > deadline:
                        raise


class CancelAndClose(BenchCase):
    def test_cancel_while_it_is_closed(self) -> None:
        """No cancel of a handle that was freed."""
        stop = threading.Event()
        box: Any = [self.ctx]

        def work() -> None:
            while not stop.is_set():
                box[0].cancel()
                time.sleep(0.0002)

        thread = threading.Thread(target=work)
        thread.start()
        try:
            for number in range(10):
                chip = sim.Simulator(self.new_chip(f"chip{number}"))
                install = sfi.Installer(bench.image(), chip.transport(),
                                        self.hsm())
                box[0] = install
                install.close()
                chip.close()
                context = sfi.Context()
                box[0] = context
                context.close()
        finally:
            stop.set()
            thread.join()


if __name__ == "__main__":
    kit.main()
