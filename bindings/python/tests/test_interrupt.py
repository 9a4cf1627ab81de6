# SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later
# Copyright The libsfi authors
"""Ctrl-C while libsfi runs, and exceptions that no callback may let out."""
from __future__ import annotations

import ctypes
import os
import signal
import socket
import threading
import time
import unittest
from typing import Any, List

import kit
from kit import Case, sfi

from sfi import _abi, _callback, _interrupt, _lib


class Callbacks(Case):
    """The C side of callbacks, called as libsfi would."""

    def setUp(self) -> None:
        super().setUp()
        self.state = self.ctx._state
        self.calls: List[Any] = []

        def work(target: Any, data: int, length: int) -> None:
            self.calls.append(length)
            if target is not None:
                raise target

        self.callback = _callback.status_callback(_abi.sfi_write_fn)(work)

    def call(self, target: Any) -> int:
        with _callback.during(target, self.state) as number:
            return int(self.callback(number, 0, 5))

    def test_no_exception(self) -> None:
        number = _callback.register(None, self.state)
        self.assertEqual(self.callback(number, 0, 5), 0)
        _callback.release(number)
        self.assertEqual(self.calls, [5])

    def test_unknown_number(self) -> None:
        self.assertEqual(self.callback(12345678, 0, 5), sfi.Status.CALLBACK)
        self.assertEqual(self.callback(None, 0, 5), sfi.Status.CALLBACK)
        self.assertEqual(self.calls, [])

    def test_every_exception_is_stored(self) -> None:
        for error in (KeyError("x"), KeyboardInterrupt(), SystemExit(3),
                      GeneratorExit(), MemoryError()):
            self.assertEqual(self.call(error), sfi.Status.CALLBACK)
            with self.assertRaises(type(error)) as caught:
                with self.state:
                    self.state.check(sfi.Status.CALLBACK)
            self.assertIs(caught.exception, error)
            assert caught.exception.__cause__ is not None
            self.assertIsInstance(caught.exception.__cause__, sfi.Error)

    def test_first_exception_counts(self) -> None:
        first = KeyError("first")
        self.call(first)
        self.assertEqual(self.call(KeyError("second")), sfi.Status.CALLBACK)
        self.assertEqual(len(self.calls), 1)  # not called any more
        with self.assertRaises(KeyError) as caught, self.state:
            self.state.check(0)
        self.assertIs(caught.exception, first)

    def test_errors_of_libsfi_keep_their_status(self) -> None:
        self.assertEqual(self.call(sfi.LinkTimeout("late")),
                         sfi.Status.TIMEOUT)
        self.assertEqual(self.call(TimeoutError("late")), sfi.Status.TIMEOUT)
        with self.state:
            self.state.check(0)  # nothing is left


class Waiting(Case):
    def test_signal_while_libsfi_waits(self) -> None:
        """The next instruction of Python is the first of a callback."""
        lib, state = _lib.sim(), self.ctx._state
        ca, chip = self.path("ca"), self.path("chip")
        ca.mkdir()
        sim = ctypes.c_void_p()
        state.call(lib.sfi_sim_manufacture, state.pointer,
                   sfi.chip("stm32h753xi")._pointer_in(self.ctx),
                   os.fsencode(ca), os.fsencode(chip))
        state.call(lib.sfi_sim_open, state.pointer, os.fsencode(chip), sim)
        self.addCleanup(lib.sfi_sim_free, sim)
        links = _abi.sfi_sim_links(
            struct_size=ctypes.sizeof(_abi.sfi_sim_links),
            usart=os.fsencode(self.path("tty")))
        stop = _callback.status_callback(
            lib.sfi_sim_serve.argtypes[2])(lambda target: None)
        for _ in range(5):
            timer = threading.Timer(
                0.15, os.kill, (os.getpid(), signal.SIGINT))
            timer.start()
            began = time.monotonic()
            with self.assertRaises(KeyboardInterrupt):
                with state, _callback.during(self, state) as number:
                    state.check(lib.sfi_sim_serve(sim, links, stop, number))
            self.assertLess(time.monotonic() - began, 2)
            timer.join()


class CtrlC(unittest.TestCase):
    """In a process of its own, killed by SIGINT while in a long call."""

    WAIT = """
import signal, sys, threading, time, os
import sfi
from sfi import _lib
signal.signal(signal.SIGINT, signal.default_int_handler)
ctx = sfi.Context()
state = ctx._state
threading.Timer(0.2, os.kill, (os.getpid(), signal.SIGINT)).start()
began = time.monotonic()
"""

    def test_cancels_a_long_call(self) -> None:
        """sfi_transport_open() of a server that does not answer."""
        server = socket.create_server(("127.0.0.1", 0))
        self.addCleanup(server.close)
        port = server.getsockname()[1]
        done = kit.python(self.WAIT + """
import ctypes
lib, out = _lib.sfi(), ctypes.c_void_p()
try:
    state.call_long(lib.sfi_transport_open, state.pointer,
                    b"rfc2217:127.0.0.1:%d", out)
except KeyboardInterrupt as error:
    assert isinstance(error.__cause__, sfi.Cancelled), repr(error.__cause__)
    print("interrupted", time.monotonic() - began < 1.5)
assert signal.getsignal(signal.SIGINT) is signal.default_int_handler
assert signal.set_wakeup_fd(-1) == -1
try:
    state.call(lib.sfi_transport_open, state.pointer, b"script:/none", out)
except sfi.Error as error:
    print(type(error).__name__)
""" % port)
        self.assertEqual(done.stdout.split(),
                         ["interrupted", "True", "MissingFile"], done.stderr)

    def test_own_handler_is_left_alone(self) -> None:
        done = kit.python(self.WAIT + """
def mine(signum, frame):
    print("mine")
signal.signal(signal.SIGINT, mine)
with state:
    assert signal.getsignal(signal.SIGINT) is mine
    time.sleep(0.4)
assert signal.getsignal(signal.SIGINT) is mine
""")
        self.assertEqual(done.stdout, "mine\n", done.stderr)

    def test_wakeup_fd_of_the_program_still_works(self) -> None:
        done = kit.python(self.WAIT + """
import ctypes, os
r, w = os.pipe()
os.set_blocking(w, False)
signal.set_wakeup_fd(w)
try:
    state.call_long(lambda: time.sleep(3) or 0, cancel=lambda on: None)
except KeyboardInterrupt:
    print("interrupted")
print(os.read(r, 10), signal.set_wakeup_fd(-1) == w)
""")
        self.assertEqual(done.stdout, "interrupted\nb'\\x02' True\n",
                         done.stderr)

    def test_another_thread_is_not_interrupted(self) -> None:
        with sfi.Context() as context:
            found: List[Any] = []

            def work() -> None:
                with context._state:
                    found.append(context._state.guarded)

            thread = threading.Thread(target=work)
            thread.start()
            thread.join()
        self.assertEqual(found, [False])

    def test_handler_is_restored(self) -> None:
        before = signal.getsignal(signal.SIGINT)
        with sfi.Context() as context:
            with context._state:
                inside = signal.getsignal(signal.SIGINT)
            if before is signal.default_int_handler:
                self.assertIs(inside, _interrupt._handler)
        self.assertIs(signal.getsignal(signal.SIGINT), before)

    def test_interrupt_in_the_programs_own_function(self) -> None:
        def write(data: bytes) -> None:
            os.kill(os.getpid(), signal.SIGINT)
            time.sleep(5)

        with sfi.Context() as context:
            callback = _callback.status_callback(_abi.sfi_write_fn)(
                lambda target, data, length: target(b""))
            began = time.monotonic()
            with self.assertRaises(KeyboardInterrupt), context._state:
                with _callback.during(write, context._state) as number:
                    context._state.check(callback(number, 0, 1))
            self.assertLess(time.monotonic() - began, 4)


if __name__ == "__main__":
    kit.main()
