# SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later
# Copyright The libsfi authors
"""The model's USART on a pty, in real time."""

import os
import select
import termios
import threading
import time
import tty

BAUD = {getattr(termios, name): int(name[1:]) for name in dir(termios)
        if name[:1] == "B" and name[1:].isdigit()}


class Pty:
    """A thread that is the line.  Hold `lock` to look at the part, or to switch
    its power."""

    def __init__(self, usart, link):
        self.usart, self.part, self.link = usart, usart.part, str(link)
        self.lock = threading.Lock()
        self.master, self.slave = os.openpty()
        tty.setraw(self.slave)
        self.wake, self.waker = os.pipe()
        self.start = time.monotonic()
        self.heard = bytearray()  # all that the host sent
        os.symlink(os.ttyname(self.slave), self.link)
        self.thread = threading.Thread(target=self._run, daemon=True)
        self.thread.start()

    def close(self):
        os.write(self.waker, b"q")
        self.thread.join()
        os.unlink(self.link)
        for fd in (self.master, self.slave, self.wake, self.waker):
            os.close(fd)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def do(self, function, *args, **words):
        """Call a function of the part between two bytes."""
        with self.lock:
            self._pass_time()
            result = function(*args, **words)
        os.write(self.waker, b"t")
        return result

    def wait_for(self, mode, patience=60.0):
        """Until the part is in this mode, such as "rom"."""
        end = time.monotonic() + patience
        while self.do(lambda: self.part.mode) != mode:
            if time.monotonic() > end:
                raise AssertionError(f"the part is {self.part.mode}")
            time.sleep(0.005)

    def _pass_time(self):
        self.usart.advance(time.monotonic() - self.start)

    def _timeout(self):
        then = self.usart.next_event()
        if then is None:
            return None
        return max(0.0, then - (time.monotonic() - self.start))

    def _send(self):
        if self.usart.out:
            os.write(self.master, self.usart.out)
            self.usart.out.clear()

    def _run(self):
        while True:
            with self.lock:
                wait = self._timeout()
            ready, _, _ = select.select([self.master, self.wake], [], [], wait)
            if self.wake in ready and os.read(self.wake, 1) == b"q":
                return
            with self.lock:
                self._pass_time()
                if self.master in ready:
                    self._take(os.read(self.master, 4096))
                self._send()

    def _take(self, data):
        self.heard += data
        baud = BAUD.get(termios.tcgetattr(self.master)[5], 0)
        for byte in data:
            self.usart.receive(byte, baud)
        self._pass_time()
