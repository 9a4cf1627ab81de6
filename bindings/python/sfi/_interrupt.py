# SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later
# Copyright The libsfi authors
"""Ctrl-C while libsfi is running.

Python runs its handler of SIGINT between two instructions of the main thread.
If libsfi was waiting when the signal came, the next instruction is the first of
a callback, before any ``try``, and ctypes would throw KeyboardInterrupt away.
So during a call the handler does not raise in this package's own functions, but
stores the exception, which the end of the call raises.

In a long call without callbacks no handler runs at all.  There a thread waits
for the byte that Python's signal handler writes at once, and cancels the call.

Both are in force during calls of the main thread only, and only if SIGINT has
Python's own handler: a program's own handler is left alone.
"""
from __future__ import annotations

import contextlib
import os
import select
import signal
import threading
import types
from typing import TYPE_CHECKING, Any, Callable, Iterator, List, Optional

if TYPE_CHECKING:
    from ._handle import State

_OURS = ("sfi._callback", "sfi._handle", "sfi._interrupt")

_active: List["State"] = []  # of the calls of the main thread, outermost first


def _handler(signum: int, frame: Optional[types.FrameType]) -> None:
    """Python's own handler, but for frames that must not raise."""
    if frame is None or frame.f_globals.get("__name__") not in _OURS:
        raise KeyboardInterrupt
    if _active:
        _active[-1].store(KeyboardInterrupt())


def begin(state: "State") -> bool:
    """A call begins; returns whether end() must be called."""
    if threading.current_thread() is not threading.main_thread():
        return False
    if not _active:
        if signal.getsignal(signal.SIGINT) is not signal.default_int_handler:
            return False
        try:
            signal.signal(signal.SIGINT, _handler)
        except ValueError:  # not the main interpreter
            return False
    _active.append(state)
    return True


def end() -> None:
    """The call has ended, and its exceptions were taken."""
    _active.pop()
    if not _active and signal.getsignal(signal.SIGINT) is _handler:
        signal.signal(signal.SIGINT, signal.default_int_handler)


class Watcher:
    """Cancels the long call of the main thread when a SIGINT comes."""

    def __init__(self) -> None:
        self.lock = threading.Lock()
        self.cancel: Optional[Callable[[], Any]] = None
        self.fired = False
        self.previous = -1  # the program's own wakeup fd
        self.reader, self.writer = os.pipe()
        os.set_blocking(self.reader, False)
        os.set_blocking(self.writer, False)
        threading.Thread(target=self.watch, name="sfi-interrupt",
                         daemon=True).start()

    def watch(self) -> None:
        while True:
            select.select([self.reader], [], [])
            with self.lock:
                self.take()

    def take(self) -> None:
        """Read what signals have written, with the lock."""
        try:
            numbers = os.read(self.reader, 64)
        except BlockingIOError:
            return
        if self.previous != -1:
            with contextlib.suppress(OSError):
                os.write(self.previous, numbers)
        if signal.SIGINT in numbers and self.cancel is not None:
            self.fired = True
            self.cancel()

    def start(self, cancel: Callable[[], Any]) -> None:
        with self.lock:
            self.fired = False
            self.cancel = cancel
            self.previous = signal.set_wakeup_fd(
                self.writer, warn_on_full_buffer=False)

    def stop(self) -> bool:
        """The call has ended: was it cancelled?"""
        with self.lock:
            self.cancel = None
            signal.set_wakeup_fd(self.previous)
            self.take()  # a signal since then is still the program's
            self.previous = -1
            return self.fired


_watcher: Optional[Watcher] = None


@contextlib.contextmanager
def cancelling(cancel: Callable[[], Any], undo: Optional[Callable[[], Any]]
               ) -> Iterator[None]:
    """A long call, inside begin() and end(): Ctrl-C calls `cancel` in another
    thread, and `undo` is called after a call that was cancelled so."""
    global _watcher
    if (not _active or threading.current_thread()
            is not threading.main_thread()):
        yield
        return
    if _watcher is None:
        _watcher = Watcher()
    watcher = _watcher
    if watcher.cancel is not None:  # inside a callback of another long call
        yield
        return
    watcher.start(cancel)
    try:
        yield
    finally:
        if watcher.stop() and undo is not None:
            undo()


def after_fork() -> None:
    """In the child: the thread is not here, and the pipe is the parent's."""
    global _watcher
    watcher, _watcher = _watcher, None
    if watcher is not None:
        if watcher.cancel is not None:
            signal.set_wakeup_fd(watcher.previous)
        os.close(watcher.reader)
        os.close(watcher.writer)
