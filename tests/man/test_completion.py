#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later
# Copyright The libsfi authors
"""bash and zsh complete the programs' command lines (make_completion.py).

    test_completion.py bash LIBRARY     the file of the package bash-completion
    test_completion.py zsh
"""

import os
import pathlib
import pty
import re
import select
import subprocess
import sys
import tempfile
import time
import unittest

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "doc/man"))

import make_completion  # noqa: E402

PATIENCE = 60
# A command line up to the cursor, and the one word that completes its last one.
ONE = [
    ("sfi-program --skip", "--skipErase"),
    ("sfi-program -sfi pro", "protocol="),
    ("sfi-program --sfi protocol=l", "protocol=live"),
    ("sfi-program -c port=sw", "port=swd"),
    ("sfi-program -c chip=stm32h", "chip=stm32h753xi"),
    ("sfi-program -d blink.e", "blink.elf"),
    ("sfi-program -sfi blink.sfi hsm=1 slot=vault:line.v",
     "slot=vault:line.vault"),
    ("sfi-program -l pr", "probe"),
    ("sfi-create -devid stm32l", "stm32l462ce"),
    ("sfi-create --template-ob stm32h", "stm32h753xi"),
    ("sfi-hsm -i vault:line.v", "vault:line.vault"),
    ("sfi-hsm rec", "reconcile"),
    ("sfi-hsm lease --da", "--days"),
    ("sfi-sim man", "manufacture"),
    ("sfi-sim manufacture --chip stm32h", "stm32h753xi"),
    ("sfi-sim dump --area opt", "option-bytes"),
    ("sfi-info blink.e", "blink.elf"),
    ("sfi-station --ori", "--origin"),
    ("sfi-card --vp", "--vpcd"),
    ("sfi-served --check-c", "--check-config"),
]
NONE = ["sfi-program --no-such", "sfi-program -c chip=stm8", "sfi-sim x",
        "sfi-card --vpcd "]


class Folder(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = pathlib.Path(folder.name)
        make_completion.main(self.folder / "made")
        for name in ("blink.elf", "line.vault"):
            (self.folder / name).touch()


class Bash(Folder):
    LIBRARY = ""
    SCRIPT = """\
source "$1"
source "$2"
COMP_LINE=$3 COMP_POINT=${#3} COMP_TYPE=9 COMP_KEY=9
shift 3
COMP_WORDS=("$@") COMP_CWORD=$(($# - 1))
function=$(complete -p "$1")
function=${function#*-F }
${function%% *} "$1" "${COMP_WORDS[COMP_CWORD]}"
(( ${#COMPREPLY[@]} == 0 )) || printf '%s\\n' "${COMPREPLY[@]}"
"""

    def complete(self, line):
        """The replies, each behind what stays of the last word."""
        # as readline does: = and : are words of their own
        words = re.findall(r"[=:]+|[^\s=:]+", line)
        if line[-1] in "=: ":
            words.append("")
        done = subprocess.run(
            ["bash", "--norc", "-c", self.SCRIPT, "bash", self.LIBRARY,
             str(self.folder / "made" / words[0]), line, *words],
            cwd=self.folder, capture_output=True, text=True)
        self.assertEqual(done.stderr, "", line)
        last = line.rpartition(" ")[2]
        kept = re.match(r"(?:.*[=:])?", last).group(0)
        return [kept + r for r in done.stdout.split()]

    def test_one(self):
        for line, want in ONE:
            self.assertEqual(self.complete(line), [want], line)

    def test_none(self):
        for line in NONE:
            self.assertEqual(self.complete(line), [], line)

    def test_options(self):
        """All of them, of the program and of its command."""
        listed = self.complete("sfi-sim ctl -")
        self.assertEqual(listed, ["--state", "--json", "--help", "--version"])
        self.assertIn("--force", self.complete("sfi-create -"))


class Zsh(Folder):
    """In a terminal: zsh completes nowhere else."""

    SETUP = """\
PS1=; unsetopt beep; fpath=({made} $fpath)
autoload -Uz compinit && compinit -D -u
show() {{ print -r -- "$BUFFER" >>{out}; BUFFER=; }}
zle -N show; bindkey '^X' show; bindkey '^I' expand-or-complete
print ready >>{out}
"""

    def setUp(self):
        super().setUp()
        self.out = self.folder / "out"
        self.out.touch()
        env = dict(os.environ, TERM="dumb", HOME=str(self.folder))
        pid, self.terminal = pty.fork()
        if pid == 0:
            os.chdir(self.folder)
            os.execvpe("zsh", ["zsh", "-f", "-i"], env)
        self.addCleanup(self.end, pid)
        setup = self.SETUP.format(made=self.folder / "made", out=self.out)
        self.type(setup)
        self.assertEqual(self.lines(1), ["ready"])

    def end(self, pid):
        os.close(self.terminal)
        os.waitpid(pid, 0)

    def type(self, text):
        os.write(self.terminal, text.encode())

    def lines(self, count):
        """What was shown, when there are so many lines."""
        end = time.monotonic() + PATIENCE
        while time.monotonic() < end:
            # what it echoes is not read by anybody, and would fill the terminal
            if select.select([self.terminal], [], [], 0.02)[0]:
                os.read(self.terminal, 65536)
            found = self.out.read_text("utf-8").split("\n")[:-1]
            if len(found) >= count:
                return found
        self.fail(f"zsh has shown {self.out.read_text('utf-8')!r}")

    def complete(self, line):
        shown = len(self.lines(0))
        self.type(f"{line}\t\x18")
        return self.lines(shown + 1)[-1]

    def test_one(self):
        for line, want in ONE:
            completed = line.rpartition(" ")[0] + " " + want
            self.assertEqual(self.complete(line).rstrip(), completed)

    def test_none(self):
        for line in NONE:
            self.assertEqual(self.complete(line), line)


def main(shell, *library):
    Bash.LIBRARY = "".join(library)
    suite = unittest.defaultTestLoader.loadTestsFromTestCase(
        {"bash": Bash, "zsh": Zsh}[shell])
    return not unittest.TextTestRunner().run(suite).wasSuccessful()


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
