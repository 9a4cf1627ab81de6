# SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later
# Copyright The libsfi authors
"""What a person sees while sfi-program works: frames on a terminal, while its
size changes, on a dumb one, and without one.  Figures that depend on the machine
are compared as 9."""

import contextlib
import fcntl
import os
import pty
import re
import select
import signal
import struct
import subprocess
import termios

from check import DATA, PROGRAMS, case, main, same, succeeds
from model import PROGRAM, SIM, Sim, case_of_sim

HSM, H7 = PROGRAMS / "sfi-hsm", "stm32h753xi"
TEXT = re.compile(r"\x1b\[(\d*)([AKJ])|([\r\n])|([^\x1b\r\n]+)")


class Screen:
    """Lines as a terminal shows them, and each that was ever drawn."""

    def __init__(self):
        self.lines, self.row, self.column, self.frames = [""], 0, 0, []

    def take(self, text):
        text = text.replace("\r\n", "\n")
        same(TEXT.sub("", text), "", "sequences that it does not know")
        for count, order, move, plain in TEXT.findall(text):
            line = self.lines[self.row]
            if order == "A":
                self.row -= int(count)
                self.column = 0
            elif order == "K":
                self.lines[self.row] = line[:self.column]
                self.frames.append(self.lines[self.row])
            elif order == "J":
                self.lines[self.row:] = [line[:self.column]]
            elif move == "\r":
                self.column = 0
            elif move == "\n":
                self.row, self.column = self.row + 1, 0
                self.lines += [""] * (self.row + 1 - len(self.lines))
            elif plain:
                self.lines[self.row] = (line[:self.column] + plain +
                                        line[self.column + len(plain):])
                self.column += len(plain)


def resize(fd, columns, rows=24):
    fcntl.ioctl(fd, termios.TIOCSWINSZ,
                struct.pack("HHHH", rows, columns, 0, 0))


def on_a_terminal(*words, columns=80, term="xterm", later=None, status=0):
    """Everything that is written, and what the screen shows."""
    master, slave = pty.openpty()
    resize(slave, columns)
    process = subprocess.Popen([str(w) for w in words], stdin=slave,
                               stdout=slave, stderr=slave,
                               env={**os.environ, "TERM": term})
    os.close(slave)
    screen, raw = Screen(), ""
    while True:
        ready, _, _ = select.select([master], [], [], 30)
        try:
            part = os.read(master, 65536).decode() if ready else ""
        except OSError:
            part = ""
        if not part:
            break
        raw += part
        if later and len(re.findall("Erasing \\[", raw)) > 3:
            resize(master, later)
            os.kill(process.pid, signal.SIGWINCH)
            screen.narrow, later = len(raw), None
    screen.take(raw if term != "dumb" else "")
    same(process.wait(10), status, raw)
    os.close(master)
    return screen, raw


@contextlib.contextmanager
def slow_chip(folder, number=0):
    """Its flash takes as long as a real part's."""
    part = Sim(folder, H7, number)
    process = subprocess.Popen([SIM, "run", "--state", part.state, "--usart",
                                part.tty, "--real-time"],
                               stdout=subprocess.PIPE, text=True)
    try:
        assert "ready" in process.stdout.readline()
        yield part
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(10)
        process.stdout.close()


def same_but_figures(frame):
    return re.sub(r" *\d+", " 9", re.sub(r"\[[#.]+\]", "[#]", frame))


@case_of_sim
def erase_by_its_typical_time(folder):
    with slow_chip(folder) as part:
        screen, raw = on_a_terminal(PROGRAM, "-c", f"port={part.tty}", "-e", "0-1")
        frames = [f for f in screen.frames if f.startswith("Erasing [")]
        same({same_but_figures(f) for f in frames[:8]},
             {"Erasing [#] 9% 9: 9 left"})
        same(frames[-1], "Erasing [" + 40 * "#" + "] 100%")
        same({f.index("]") for f in frames}, {len("Erasing [") + 40})
        shown = [int(re.search(r"(\d+)%", f)[1]) for f in frames]
        same(shown, sorted(shown))
        assert len(shown) > 5 and shown[-1] > shown[0] + 30, shown
        assert "\x1b[K" in raw


@case_of_sim
def terminal_gets_narrow(folder):
    with slow_chip(folder) as part:
        screen, raw = on_a_terminal(PROGRAM, "-c", f"port={part.tty}", "-e",
                                    "0-1", columns=100, later=24)
        after = Screen()
        # a frame may have been under way
        after.take(raw[raw.index("\x1b[K", screen.narrow + 200) + 3:])
        frames = [f for f in after.frames if f.startswith("Erasing")]
        assert frames and max(len(f) for f in frames) < 24, frames
        assert "[" not in frames[-1] or len(frames[-1]) < 24


@case_of_sim
def no_bar_elsewhere(folder):
    (folder / "fw.bin").write_bytes(bytes(range(256)) * 512)
    with slow_chip(folder) as part:
        words = [PROGRAM, "-c", f"port={part.tty}", "-e", "0", "-w",
                 folder / "fw.bin", "0x08000000"]
        dumb = on_a_terminal(*words, term="dumb")[1].replace("\r\n", "\n")
        piped = subprocess.run(words, capture_output=True, text=True,
                               check=True).stdout
        for out in dumb, piped:
            assert "\r" not in out and "\x1b" not in out, out
            assert "Writing: 50%\n" in out, out
        screen, _ = on_a_terminal(*words)
        frames = [f for f in screen.frames if f.startswith("Writing [")]
        assert "Writing [#] 9% 9. 9 of 9. 9 KiB 9. 9 KiB/s 9: 9 left" in {
            same_but_figures(f) for f in frames}, frames
        same(max(len(f) for f in frames) < 80, True)


@case_of_sim
def rows_of_a_gang(folder):
    """A row for each chip, and why one fails while the other goes on."""
    with slow_chip(folder, 1) as one, slow_chip(folder, 2) as two:
        raw = ""
        fd, slave = pty.openpty()
        resize(slave, 70)
        process = subprocess.Popen([PROGRAM, "--gang",
                                    f"{one.tty},{two.tty},{folder}/none", "-e", "0-1"],
                                   stdin=slave, stdout=slave, stderr=slave,
                                   env={**os.environ, "TERM": "xterm"})
        os.close(slave)
        with contextlib.suppress(OSError):
            while part := os.read(fd, 65536):
                raw += part.decode()
        os.close(fd)
        same(process.wait(10), 4, raw)
        screen = Screen()
        screen.take(raw)
        assert max(len(f) for f in screen.frames) < 70, screen.frames
        at = [i for i, f in enumerate(screen.frames)
              if f.startswith(f"{folder}/none: failed after ")]
        erasing = [i for i, f in enumerate(screen.frames)
                   if f.startswith(f"{one.tty}: erase ")]
        assert at and erasing and at[0] < erasing[-1], screen.frames
        assert re.search(r"after \d+\.\d s: \w", screen.frames[at[0]]), at


@case
def verifications(folder):
    """A bar for an audit log, for the one before it, and for a vault."""
    kept, pin, vault = DATA / "kept", folder / "pin", folder / "vault"
    log = kept / "first.audit"
    words = [HSM, "--verify-audit", log, "-k", kept / "audit.key", "--before",
             log]
    screen, _ = on_a_terminal(*words)
    same([same_but_figures(line) for line in screen.lines[:2]],
         2 * ["Verifying the audit log [#] 9% 9 of 9 B"])
    assert " 100%  837 of 837 B" in screen.lines[1], screen.lines
    assert screen.lines[2].startswith("AUDIT LOG VERIFIED: "), screen.lines
    piped = subprocess.run(words, capture_output=True, text=True, check=True)
    same(piped.stdout.rstrip().split("\n"), screen.lines[2:-1])
    same(piped.stderr, "")
    screen, _ = on_a_terminal(PROGRAMS / "sfi-info", log, "--audit-key",
                              kept / "audit.key")
    same(same_but_figures(screen.lines[0]),
         "Verifying the audit log [#] 9% 9 of 9 B")
    assert screen.lines[1].startswith(f"{log} : "), screen.lines
    pin.write_text("12345678\n")
    pin.chmod(0o600)
    vault.write_bytes((kept / "line.vault").read_bytes())
    screen, _ = on_a_terminal(HSM, "-i", f"vault:{vault}", "--verify-hsm",
                              "--pin-file", pin)
    same(same_but_figures(screen.lines[0]),
         "Verifying the records [#] 9% 9 of 9")
    assert screen.lines[1].startswith("HSM VERIFIED: "), screen.lines


@case_of_sim
def bar_of_a_batch(folder):
    """A bar in place of a line for each licence; what is refused is told."""
    part = Sim(folder, H7)
    (folder / "key").write_bytes(bytes(16))
    (folder / "nonce").write_bytes(bytes(12))
    (folder / "pin").write_text("123456\n")
    slot, pin = f"vault:{folder}/line.vault", ["--pin-file", folder / "pin"]
    succeeds(HSM, "-i", slot, "-k", folder / "key", "-n", folder / "nonce",
             "-id", "x", "-mc", 5, "-pd",
             next((folder / "ca").glob("45002001*.pd")), *pin, "--yes")
    (folder / "certs").mkdir()
    succeeds(SIM, "dump", "--state", part.state, "--area", "certificate",
             "--out", folder / "certs" / "0.cert")
    words = [PROGRAM, "-hsmglfcb", folder / "certs", folder / "store",
             f"slot={slot}", *pin]
    screen, _ = on_a_terminal(*words)
    frames = [f for f in screen.frames if f.startswith("Licensing [")]
    same(frames[-1].split(), ["Licensing", f"[{40 * '#'}]", "100%", "1", "of",
                              "1"])
    same([line for line in screen.lines if "device" in line], [])
    for lines in (on_a_terminal(*words, term="dumb")[1],
                  on_a_terminal(*words, "-q")[1], succeeds(*words)):
        assert "licence already stored, device" in lines, lines
        assert "Licensing" not in lines, lines
    (folder / "certs" / "1.cert").write_bytes(b"x")
    screen, _ = on_a_terminal(*words, status=2)
    text = "\n".join(screen.lines)
    assert "certs/1.cert: " in text and "1 refused" in text, text


if __name__ == "__main__":
    main()
