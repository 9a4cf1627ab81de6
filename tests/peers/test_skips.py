#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later
# Copyright The libsfi authors
"""A test whose service is missing prints `SKIP: reason` and counts as skipped; it
never passes without having tested anything.

    test_skips.py BUILD

Each service is hidden in turn, by an empty folder mounted over its own, or by a
system call that is refused.
"""

import ctypes
import glob
import os
import pathlib
import platform
import struct
import subprocess
import sys

SOURCE = pathlib.Path(os.environ["SFI_TEST_SOURCE"])
BUILD = pathlib.Path(sys.argv[1])
SKIP = 77  # meson's
PATIENCE = 60
PYTHON = [sys.executable]
PROGRAMS = str(BUILD / "examples")

PTRACE = {"x86_64": (0xc000003e, 101), "aarch64": (0xc00000b7, 117)}


def script(name):
    return PYTHON + [str(SOURCE / "tests" / name), PROGRAMS]


def program(name):
    return [str(BUILD / "tests" / name)]


# What is hidden, and the tests that need it.
HIDDEN = [
    (["/usr/lib/softhsm", "/usr/lib64/softhsm", "/usr/local/lib/softhsm"],
     [program("unit/test_token"), program("unit/test_vault_token"),
      script("peers/test_token.py")]),
    (["/usr/lib/postgresql"],
     [script("support/postgres.py")[:-1] + program("unit/test_vault_pg")]),
    (["/usr/lib/pcsc", *glob.glob("/usr/lib/*/pcsc")],
     [script("peers/test_card.py"), script("peers/test_card_host.py"),
      script("e2e/test_card.py")]),
]


def own_mounts():
    """The prefix of a command that may mount; None: not allowed."""
    for how in (["--mount"], ["--user", "--map-root-user", "--mount"]):
        words = ["unshare"] + how + ["sh", "-c"]
        try:
            if subprocess.run(words + ["mount -t tmpfs none /mnt"],
                              capture_output=True,
                              timeout=PATIENCE).returncode == 0:
                return words
        except OSError:
            break
    return None


def refuse_ptrace():
    """In the child: a filter of system calls (seccomp(2)); ptrace: EPERM."""
    arch, number = PTRACE[platform.machine()]
    code = struct.pack("HBBI" * 7,
                       0x20, 0, 0, 4,  # the architecture
                       0x15, 0, 4, arch,
                       0x20, 0, 0, 0,  # the number
                       0x15, 0, 1, number,
                       0x06, 0, 0, 0x00050001,  # an errno: EPERM
                       0x06, 0, 0, 0x7fff0000,  # allowed
                       0x06, 0, 0, 0x7fff0000)
    text = ctypes.create_string_buffer(code, len(code))
    filters = struct.pack("HxxxxxxP", 7, ctypes.addressof(text))
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.prctl(38, 1, 0, 0, 0) or libc.prctl(22, 2, filters):
        raise OSError(ctypes.get_errno(), "prctl")


def judge(words, before=(), **more):
    """How the test fails to skip; None: it skips."""
    if not os.path.exists(words[1 if words[:1] == PYTHON else 0]):
        return None  # not in this build
    done = subprocess.run([*before, *words], text=True, timeout=PATIENCE,
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                          **more)
    lines = [line for line in done.stdout.splitlines()
             if line.startswith("SKIP: ") and len(line) > len("SKIP: ")]
    if done.returncode == SKIP and len(lines) == 1:
        return None
    return f"{words}: exit {done.returncode}\n{done.stdout}"


def main():
    wrong = []
    mounts = own_mounts()
    if mounts is None:
        print("SKIP: nothing can be hidden by a mount here")
    for folders, tests in HIDDEN if mounts is not None else []:
        there = [f for f in folders if os.path.isdir(f)]
        cover = "".join(f"mount -t tmpfs none {f} && " for f in there)
        before = [*mounts, cover + 'exec "$0" "$@"']
        wrong += [judge(words, before) for words in tests]
    if platform.machine() in PTRACE:
        # the sanitiser traces too, to look for leaks
        quiet = dict(os.environ, ASAN_OPTIONS="detect_leaks=0")
        wrong.append(judge(program("fault/test_kill"), env=quiet,
                           preexec_fn=refuse_ptrace))
    wrong = [w for w in wrong if w]
    print("\n".join(wrong))
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
