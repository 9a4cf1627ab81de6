# SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later
# Copyright The libsfi authors
"""What the tests of the programs share: run programs, compare, count cases.

The first argument of each is the folder of the programs.
"""

import contextlib
import os
import pathlib
import re
import shutil
import signal
import stat
import subprocess
import sys
import tempfile
import traceback

SOURCE = pathlib.Path(os.environ["SFI_TEST_SOURCE"])
DATA = SOURCE / "tests" / "data"
PROGRAMS = pathlib.Path(sys.argv[1])
# The programs are those of Windows, under Wine (tests/ports).
WINDOWS = "SFI_WINDOWS" in os.environ
# Wine reads the words of a command line in it.
LOCALE = "C.UTF-8" if WINDOWS else "C"

sys.path.insert(0, str(SOURCE / "tests" / "support"))
from message import about  # noqa: E402, F401

# Hints of several programs, as examples/cli/message.c has them.
AUTH_HINT = "  hint: the data was altered, or made with another key or nonce"
CHIP_HINT = "  hint: check the chip's name; if it is right, change the input"
PORT_HINT = "  hint: check the port's name, and that it is connected"
STATE_HINT = "  hint: sfi-hsm -i HSM -info shows its state"

VERSION = re.search(r"version: '([^']+)'",
                    (SOURCE / "meson.build").read_text())[1]

# Keys and PINs that others can read cause a warning.
os.umask(0o077)

CASES = []


def case(function):
    """A test: called with a new folder, which is removed afterwards."""
    CASES.append(function)
    return function


def same(got, expected, what=""):
    if got != expected:
        raise AssertionError(f"{what}\n  got      {got!r}\n"
                             f"  expected {expected!r}")


def is_private(path):
    """Its owner alone reads it.  Windows has no modes: an access list that
    says so is shown by Wine as rights of the owner and of his group."""
    mode = stat.S_IMODE(path.stat().st_mode)
    same(mode & 0o007 if WINDOWS else mode, 0 if WINDOWS else 0o600, path)


def obeys_umask(path):
    """Nobody else reads it, as umask() said above; Windows has none."""
    if not WINDOWS:
        is_private(path)


def run(*command, stdin=subprocess.DEVNULL, timeout=60):
    """Run without a terminal, so that no question waits for a person."""
    return subprocess.run([str(c) for c in command], stdin=stdin,
                          capture_output=True, text=True, timeout=timeout,
                          start_new_session=True,
                          env={**os.environ, "LC_ALL": LOCALE})


# The option bytes of tests/data for the H753 are AN5054's example, with which
# anybody can read the firmware: sfi-create warns of that and of nothing else.
OPEN = re.compile(r"^sfi-create: warning: RDP is 0xaa, .* \[rdp-level-0\]\n"
                  r"  hint: .*\n", re.MULTILINE)
FINDING = re.compile(r"^(sfi-.*?: )(error|warning|note): (.*) \[[a-z0-9-]+\]\n"
                     r"  hint: .*\n", re.MULTILINE)


def errors_of(stderr):
    """Lines without warnings, and errors without rule and remedy."""
    return FINDING.sub(lambda m: f"{m[1]}{m[3]}\n" if m[2] == "error" else "",
                       stderr).splitlines()


def fields(told):
    """The option bytes that JSON tells, by name."""
    return {f["name"]: f["value"] for f in told["option_fields"]}


def succeeds(*command):
    done = run(*command)
    same((done.returncode, OPEN.sub("", done.stderr)), (0, ""), done.stdout)
    return done.stdout


def fails(status, stderr, *command):
    """The command ends with this status and exactly these lines; about()
    stands for a line that another test compares as a whole."""
    done = run(*command)
    same((done.returncode, errors_of(done.stderr)), (status, stderr),
         f"{command}")
    return done.stdout


def port_name(port):
    """What the program calls it: Wine has terminals as COM ports."""
    if not WINDOWS:
        return str(port)
    ports = pathlib.Path(os.environ["SFI_COM"])
    there = os.path.realpath(port)
    return next((f"COM{i}" for i in range(1, 10)
                 if os.path.realpath(ports / f"com{i}") == there), str(port))


@contextlib.contextmanager
def running(state, link):
    """A virtual chip runs on a pty."""
    process = subprocess.Popen([PROGRAMS / "sfi-sim", "run", "--state", state,
                                "--usart", link],
                               stdout=subprocess.PIPE, text=True)
    try:
        assert "ready" in process.stdout.readline()
        yield
    finally:
        process.send_signal(signal.SIGTERM)
        same(process.wait(10), 0)
        process.stdout.close()


def main():
    failed = 0
    print(f"1..{len(CASES)}")
    for number, function in enumerate(CASES, 1):
        folder = pathlib.Path(tempfile.mkdtemp(prefix="sfi-test-"))
        try:
            function(folder)
            print(f"ok {number} - {function.__name__}")
        except Exception:
            failed += 1
            print(f"not ok {number} - {function.__name__}")
            for line in traceback.format_exc().splitlines():
                print(f"# {line}")
        finally:
            shutil.rmtree(folder, ignore_errors=True)
    sys.exit(1 if failed else 0)
