#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later
# Copyright The libsfi authors
"""What is Windows' own in the programs, under Wine: names and words in UTF-8,
ports, a port that disappears, a PIN that is typed.  tests/ports/windows_programs
runs it with the folder of the programs."""

import os
import pathlib
import pty
import re
import select
import subprocess
import sys
import tempfile
import threading
import time
import unittest

PROGRAMS = pathlib.Path(sys.argv.pop(1)).resolve()
PATIENCE = 60  # seconds, on a machine with other work


def run(program, *words, **options):
    return subprocess.run([PROGRAMS / program, *map(str, words)],
                          stdin=subprocess.DEVNULL, capture_output=True,
                          timeout=PATIENCE, text=True, **options)


class Terminal:
    """A program with a console, as a person has it."""

    def __init__(self, *words):
        self.text = ""
        self.child, self.fd = pty.fork()
        if self.child == 0:
            os.execv(words[0], list(map(str, words)))

    def wait_for(self, text):
        end = time.monotonic() + PATIENCE
        while text not in self.text:
            ready, _, _ = select.select([self.fd], [], [],
                                        max(0, end - time.monotonic()))
            if not ready:
                raise AssertionError(f"no {text!r} in {self.text!r}")
            try:
                more = os.read(self.fd, 4096)
            except OSError:
                more = b""
            if not more:
                raise AssertionError(f"no {text!r} in {self.text!r}")
            self.take(more)

    def take(self, more):
        """What is shown: Wine draws a blank by moving the cursor."""
        text = more.decode(errors="replace").replace("\x1b[1C", " ")
        self.text += re.sub(r"\x1b\[[?0-9;]*[A-Za-z]", "", text)

    def end(self):
        try:
            while True:
                self.take(os.read(self.fd, 4096))
        except OSError:
            pass
        os.close(self.fd)
        return os.waitstatus_to_exitcode(os.waitpid(self.child, 0)[1])


class Programs(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = pathlib.Path(folder.name)

    def test_names_are_utf8(self):
        key = self.folder / "Schlüssel-鍵.bin"
        done = run("sfi-create", "--genkey", key)
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertEqual(key.stat().st_size, 16)
        self.assertIn("Schlüssel-鍵.bin", done.stdout)

    def test_output_is_not_changed(self):
        done = subprocess.run([PROGRAMS / "sfi-create", "--json", "--list"],
                              stdin=subprocess.DEVNULL, capture_output=True,
                              timeout=PATIENCE)
        self.assertNotIn(b"\r", done.stdout + done.stderr)

    def test_nul_is_no_terminal(self):
        for name in ("key", "nonce"):
            run("sfi-create", f"--gen{name}", self.folder / name)
        data = pathlib.Path(__file__).parents[1] / "data"
        words = ["-fir", data / "blink-stm32h753xi.elf", "-k",
                 self.folder / "key", "-n", self.folder / "nonce", "-ob",
                 data / "ob-stm32h753xi.csv", "-v", 1,
                 "--chip", "stm32h753xi", "-o", "-"]
        # Windows' own shell opens NUL
        done = subprocess.run(
            [os.environ.get("WINE", "wine"), "cmd", "/c", "sfi-create.exe",
             "-sfi", *map(str, words), ">", "NUL"], stdin=subprocess.DEVNULL,
            capture_output=True, timeout=PATIENCE, text=True)
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertIn("SFI generation SUCCESS", done.stderr)

    def test_ports_are_listed(self):
        done = run("sfi-program", "--list")
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertRegex(done.stdout, r"port=COM1\n(.*\n)*  port=COM9\n")

    def test_no_such_port(self):
        done = run("sfi-program", "-c", "port=COM77", "--rst")
        self.assertRegex(done.stderr, "serial:COM77: there is no such port")

    def test_port_that_is_none(self):
        done = run("sfi-program", "-c", "port=NUL", "--rst")
        self.assertRegex(done.stderr, "serial:NUL: this is not a serial port")

    def test_port_disappears(self):
        chip, terminal = os.openpty()
        name = os.ttyname(terminal)

        def unplug():
            os.read(chip, 1)
            os.close(terminal)
            os.close(chip)

        thread = threading.Thread(target=unplug)
        thread.start()
        done = run("sfi-program", "-c", f"port={name}", "--rst")
        thread.join()
        self.assertNotEqual(done.returncode, 0)
        self.assertRegex(done.stderr, "the port disappeared during")

    def provision(self):
        """The words that provision a vault, whose PIN is asked for."""
        key, nonce = self.folder / "key", self.folder / "nonce"
        for done in (run("sfi-create", "--genkey", key, "--gennonce", nonce),
                     run("sfi-sim", "manufacture", "--ca", self.folder / "ca",
                         "--chip", "stm32h753xi", "--state",
                         self.folder / "chip")):
            self.assertEqual(done.returncode, 0, done.stderr)
        product = next((self.folder / "ca").glob("4500*.pd"))
        return ["-i", f"vault:{self.folder}/line.vault", "-k", key,
                "-n", nonce, "-id", "line", "-mc", 1, "-pd", product, "--yes"]

    def test_pin_is_typed_without_echo(self):
        t = Terminal(PROGRAMS / "sfi-hsm", *self.provision())
        t.wait_for("New PIN:")
        time.sleep(3)  # Wine's terminal echoes until a program waits for keys
        os.write(t.fd, b"271828\r")
        t.wait_for("The same PIN again:")
        os.write(t.fd, b"271828\r")
        self.assertEqual(t.end(), 0, t.text)
        self.assertIn("HSM COUNTER: 1", t.text)
        self.assertNotIn("271828", t.text)

    def test_pin_without_console(self):
        done = run("sfi-hsm", *self.provision(), start_new_session=True)
        self.assertNotEqual(done.returncode, 0)
        self.assertRegex(done.stderr, "no terminal to ask for the PIN")

    def test_job_is_refused(self):
        done = run("sfi-program", "--job", "line.job")
        self.assertEqual(done.returncode, 64)
        self.assertRegex(done.stderr, "no jobs on this system")


if __name__ == "__main__":
    unittest.main(verbosity=2)
