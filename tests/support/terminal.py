# SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later
# Copyright The libsfi authors
"""A terminal with a person before it, also for a program under Wine."""

import fcntl
import os
import pty
import re
import struct
import termios
import time

WINE = "SFI_WINDOWS" in os.environ


def start(*words):
    """A program with a console of its own: its process and the console."""
    pid, fd = pty.fork()
    if pid == 0:
        os.execv(str(words[0]), [str(w) for w in words])
    # Wine draws what a console of this size has: no line shall be broken
    fcntl.ioctl(fd, termios.TIOCSWINSZ, struct.pack("HHHH", 100, 400, 0, 0))
    return pid, fd


def shown(data):
    """What a person reads.  Wine draws a blank by moving the cursor."""
    text = data.decode(errors="replace")
    if WINE:
        text = re.sub(r"\x1b\[(\d*)C", lambda m: " " * int(m[1] or 1), text)
        text = re.sub(r"\x1b\[[?0-9;]*[A-Za-z]", "", text)
    return text


def type_in(fd, text):
    """Wine's console echoes until the program waits for keys."""
    if WINE:
        time.sleep(1)
        # the end of the input is Ctrl-Z there
        text = text.replace("\n", "\r").replace("\x04", "\x1a\r")
    os.write(fd, text.encode())
