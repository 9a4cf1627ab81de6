# SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later
# Copyright The libsfi authors
"""A pcscd of a test's own, with vsmartcard's virtual readers, and its clients.

Nothing is shared with a pcscd of the machine, or with another test: pcscd gets
its socket as systemd would hand it over, its configuration from a folder, and
a /run of its own where that may be had; the readers listen on ports that were
free.

    pcscd.py COMMAND [ARGUMENT...]

runs a command with such a pcscd: PCSCLITE_CSOCK_NAME leads libpcsclite to it,
SFI_TEST_VPCD has the readers' HOST:PORTs, separated by blanks.
"""

import atexit
import ctypes
import functools
import glob
import os
import pathlib
import random
import shutil
import socket
import subprocess
import sys
import tempfile
import time

SKIP = 77  # meson's
DRIVERS = ["/usr/lib/pcsc/drivers/serial/libifdvpcd.so",
           "/usr/lib/*/pcsc/drivers/serial/libifdvpcd.so"]
# pcscd and its driver take the first socket that systemd would hand over.
START = 'LISTEN_FDS=1 LISTEN_PID=$$ exec pcscd --foreground --info -c "$0"'
RUN = "/run/pcscd"  # built into pcscd
OWN_RUN = "mount -t tmpfs tmpfs /run && "
READERS = ["Virtual PCD 00 00", "Virtual PCD 00 01"]  # one, with two slots
SLOTS = len(READERS)
PATIENCE = 20


def skip(reason):
    print(f"SKIP: {reason}")
    sys.exit(SKIP)


def find_driver():
    for pattern in DRIVERS:
        for path in sorted(glob.glob(pattern)):
            return path
    return None


def need(*programs):
    """Leave with SKIP when one of these, pcscd or its driver is missing."""
    os.environ["PATH"] += ":/usr/sbin:/sbin"
    for program in ("pcscd",) + programs:
        if shutil.which(program) is None:
            skip(f"{program} is not installed")
    if find_driver() is None:
        skip("vsmartcard-vpcd is not installed")
    if not own_run() and os.geteuid() != 0 and not os.path.isdir(RUN):
        skip(f"pcscd cannot run here: no {RUN}, nor the right to make one")


@functools.lru_cache(None)
def own_run():
    """The words that give a process a /run of its own; [] where not allowed."""
    for how in (["--mount"], ["--user", "--map-root-user", "--mount"]):
        words = ["unshare"] + how + ["sh", "-c"]
        try:
            if subprocess.run(words + [OWN_RUN + "true"], capture_output=True,
                              timeout=PATIENCE).returncode == 0:
                return words
        except OSError:
            break
    return []


def eventually(condition, what, patience=PATIENCE):
    """Wait until it holds; what it gave."""
    end = time.monotonic() + patience
    while True:
        value = condition()
        if value:
            return value
        if time.monotonic() > end:
            raise AssertionError(f"not within {patience} s: {what}")
        time.sleep(0.01)


def is_free(port):
    with socket.socket() as s:
        s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            s.bind(("0.0.0.0", port))
        except OSError:
            return False
    return True


def free_ports():
    """As many as a reader has slots, in a row, below those that the system
    gives to clients."""
    while True:
        first = random.randrange(20000, 32000)
        ports = [first + i for i in range(SLOTS)]
        if all(is_free(port) for port in ports):
            return ports


def socket_name():
    """One for all: libpcsclite asks for its name once in a process."""
    if "PCSCLITE_CSOCK_NAME" not in os.environ:
        folder = tempfile.mkdtemp(prefix="sfi-pcscd-")
        atexit.register(shutil.rmtree, folder, ignore_errors=True)
        os.environ["PCSCLITE_CSOCK_NAME"] = os.path.join(folder, "comm")
    return os.environ["PCSCLITE_CSOCK_NAME"]


class Pcscd:
    """Runs until stop(); raises what pcscd said when it does not."""

    def __init__(self, folder):
        self.folder = pathlib.Path(folder)
        self.socket = socket_name()
        self.log = self.folder / "pcscd.log"
        self.earlier = ""  # what it said before it was started again
        self.process = None
        self.ports = None
        (self.folder / "conf").mkdir(exist_ok=True)
        self.start()

    def start(self):
        """Also again, with the same ports."""
        for _ in range(5):
            ports = self.ports or free_ports()
            if self.run(ports):
                self.ports = ports
                return
            self.stop()
        raise AssertionError(f"pcscd does not run:\n{self.log.read_text()}")

    def run(self, ports):
        (self.folder / "conf" / "vpcd").write_text(
            'FRIENDLYNAME "Virtual PCD"\n'
            f"DEVICENAME /dev/null:{ports[0]:#x}\n"
            f"LIBPATH {find_driver()}\nCHANNELID {ports[0]:#x}\n")
        words = own_run()
        command = (words + [OWN_RUN + START] if words else
                   ["sh", "-c", START]) + [str(self.folder / "conf")]
        pathlib.Path(self.socket).unlink(missing_ok=True)
        self.earlier = self.said()
        with socket.socket(socket.AF_UNIX) as s, \
                open(self.log, "w", encoding="utf-8") as log:
            s.bind(self.socket)
            s.listen(64)
            self.process = subprocess.Popen(
                command, stdin=subprocess.DEVNULL, stdout=log, stderr=log,
                preexec_fn=lambda: os.dup2(s.fileno(), 3), pass_fds=[3],
                start_new_session=True)
        eventually(lambda: "daemon ready" in self.log.read_text() or
                   self.process.poll() is not None, "pcscd is ready")
        text = self.log.read_text()
        return self.process.poll() is None and \
            text.count("Waiting for virtual ICC") == SLOTS and \
            "Could not initialize" not in text

    def said(self):
        """All that it said since it was first started."""
        return self.earlier + (self.log.read_text() if self.log.exists()
                               else "")

    def stop(self):
        if self.process is None:
            return
        self.process.terminate()
        try:
            self.process.wait(PATIENCE)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        self.process = None
        pathlib.Path(self.socket).unlink(missing_ok=True)

    def __enter__(self):
        return self

    def __exit__(self, *why):
        self.stop()


class Card:
    """sfi-card in a slot.  Pulled with terminate() or kill()."""

    def __init__(self, program, state, port, *more):
        with open(f"{state}.log", "a", encoding="utf-8") as log:
            self.process = subprocess.Popen(
                [str(program), "--state", str(state), "--vpcd",
                 f"127.0.0.1:{port}", *more],
                stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=log,
                text=True)
        line = self.process.stdout.readline()
        if "in the reader" not in line:
            self.remove()
            raise AssertionError(f"sfi-card says {line!r}")

    def remove(self):
        """Its exit status."""
        self.process.terminate()
        status = self.process.wait(PATIENCE)
        self.process.stdout.close()
        return status

    def kill(self):
        self.process.kill()
        self.process.wait()
        self.process.stdout.close()

    def __enter__(self):
        return self

    def __exit__(self, *why):
        if self.process.poll() is None:
            self.remove()
        self.process.stdout.close()


# ---- libpcsclite, without a package ----

DWORD, LONG = ctypes.c_ulong, ctypes.c_long
SHARED, EXCLUSIVE = 2, 1
LEAVE, RESET = 0, 1
T1 = 2
INFINITE = 0xffffffff
STATE_PRESENT, STATE_EMPTY = 0x20, 0x10


class PcscError(Exception):
    def __init__(self, code):
        super().__init__(f"PC/SC {code & 0xffffffff:#010x}")
        self.code = code & 0xffffffff


class ReaderState(ctypes.Structure):
    _fields_ = [("reader", ctypes.c_char_p), ("user", ctypes.c_void_p),
                ("current", DWORD), ("event", DWORD), ("atr_len", DWORD),
                ("atr", ctypes.c_ubyte * 33)]


class IoRequest(ctypes.Structure):
    _fields_ = [("protocol", DWORD), ("length", DWORD)]


class Pcsc:
    """A client's context."""

    def __init__(self):
        self.lib = ctypes.CDLL("libpcsclite.so.1")
        self.context = LONG()
        self.call("EstablishContext", DWORD(2), None, None,
                  ctypes.byref(self.context))

    def call(self, name, *arguments):
        function = getattr(self.lib, "SCard" + name)
        function.restype = LONG
        code = function(*arguments)
        if code != 0:
            raise PcscError(code)

    def readers(self):
        size = DWORD(4096)
        names = ctypes.create_string_buffer(size.value)
        self.call("ListReaders", self.context, None, names, ctypes.byref(size))
        return [n.decode() for n in names.raw[:size.value].split(b"\0") if n]

    def state(self, reader):
        state = ReaderState(reader=reader.encode())
        self.call("GetStatusChange", self.context, DWORD(0),
                  ctypes.byref(state), DWORD(1))
        return state.event

    def wait(self, reader, present=True):
        want = STATE_PRESENT if present else STATE_EMPTY
        eventually(lambda: self.state(reader) & want,
                   f"a card is {'in' if present else 'out of'} {reader}")

    def connect(self, reader, share=SHARED):
        return Connection(self, reader, share)

    def close(self):
        self.call("ReleaseContext", self.context)


class Connection:
    """To a card."""

    def __init__(self, pcsc, reader, share):
        self.pcsc = pcsc
        self.handle = LONG()
        protocol = DWORD()
        pcsc.call("Connect", pcsc.context, reader.encode(), DWORD(share),
                  DWORD(T1), ctypes.byref(self.handle), ctypes.byref(protocol))

    def transmit(self, command):
        """The answer with its status word, as hexadecimal digits."""
        command = bytes.fromhex(command) if isinstance(command, str) \
            else command
        request = IoRequest(T1, ctypes.sizeof(IoRequest))
        out = ctypes.create_string_buffer(66000)
        size = DWORD(len(out))
        self.pcsc.call("Transmit", self.handle, ctypes.byref(request), command,
                       DWORD(len(command)), None, out, ctypes.byref(size))
        return out.raw[:size.value].hex()

    def reconnect(self, share=SHARED, initialization=RESET):
        protocol = DWORD()
        self.pcsc.call("Reconnect", self.handle, DWORD(share), DWORD(T1),
                       DWORD(initialization), ctypes.byref(protocol))

    def close(self, disposition=LEAVE):
        try:
            self.pcsc.call("Disconnect", self.handle, DWORD(disposition))
        except PcscError:
            pass  # the card is gone

    def __enter__(self):
        return self

    def __exit__(self, *why):
        self.close()


class Desk:
    """A pcscd, a client of it, and cards in its readers."""

    def __init__(self, folder, programs):
        self.folder = pathlib.Path(folder)
        self.program = pathlib.Path(programs) / "sfi-card"
        self.service = Pcscd(folder)
        self.pcsc = Pcsc()
        self.cards = {}
        self.removed = {}  # removals of each slot when its card came

    def insert(self, slot=0, state=None):
        self.removed[slot] = self.removals(slot)
        self.cards[slot] = Card(self.program,
                                state or self.folder / f"card{slot}",
                                self.service.ports[slot])
        self.pcsc.wait(READERS[slot])

    def removals(self, slot):
        return self.service.said().count(
            f"Card Removed From {READERS[slot]}")

    def pull(self, slot, how):
        """A hand is slower than pcscd, which looks twice a second: a card that
        is back before that, after a host closed its connection to the dead
        one, would be taken for absent for ever.  The removal may be older than
        this call, as a card can die on its own: it counts from the insertion
        on."""
        status = how(self.cards.pop(slot))
        eventually(lambda: self.removals(slot) > self.removed[slot],
                   f"pcscd misses the card in {READERS[slot]}")
        return status

    def remove(self, slot=0):
        status = self.pull(slot, Card.remove)
        if status != 0:
            raise AssertionError(f"sfi-card ended with {status}")

    def kill(self, slot=0):
        self.pull(slot, Card.kill)

    def connect(self, slot=0, share=SHARED):
        return self.pcsc.connect(READERS[slot], share)

    def close(self):
        for card in self.cards.values():
            card.kill()
        self.pcsc.close()
        self.service.stop()

    def __enter__(self):
        return self

    def __exit__(self, *why):
        self.close()


def main():
    if len(sys.argv) < 2:
        sys.exit(__doc__)
    need()
    with tempfile.TemporaryDirectory(prefix="sfi-test-") as folder, \
            Pcscd(folder) as service:
        ports = " ".join(f"127.0.0.1:{port}" for port in service.ports)
        sys.exit(subprocess.run(sys.argv[1:], check=False, env={
            **os.environ, "SFI_TEST_VPCD": ports}).returncode)


if __name__ == "__main__":
    main()
