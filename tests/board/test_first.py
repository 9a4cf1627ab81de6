#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later
# Copyright The libsfi authors
"""The commands of doc/porting-device.md, "From an empty folder", in an empty
folder.

    test_first.py TREE BUILD MBEDTLS

An indented line that begins with "$ " is a command, the lines behind it are
parts of what it prints, in this order.  A command fails if, and only if, one of
these lines is a program's error.  "&" is a program in the background, until
"kill %1".
"""

import os
import pathlib
import re
import shlex
import subprocess
import sys
import tempfile
import time

SECTION = "## From an empty folder"
PATIENCE = 120


def steps(page):
    """The steps: a title, and its commands with what they print."""
    section = page.split(SECTION, 1)[1].split("\n## ", 1)[0]
    for step in section.split("\n### ")[1:]:
        commands = []
        for line in re.findall(r"^    (\S.*)$", step, re.M):
            if line.startswith("$ "):
                commands.append((line[2:], []))
            else:
                commands[-1][1].append(line)
        yield step.partition("\n")[0], commands


def words(text):
    return " ".join(text.split())


class Shell:
    """A folder, and the program in its background."""

    def __init__(self, folder, tree, build, mbedtls, line="line"):
        self.folder, self.back = pathlib.Path(folder), None
        self.line = self.folder / line
        self.env = {**os.environ, "SFI": str(tree), "MBEDTLS": "",
                    "BUILD": str(build),
                    "PATH": f"{build}/examples:{os.environ['PATH']}"}
        self.mbedtls = mbedtls

    def run(self, command):
        return subprocess.run(
            ["sh", "-uc", command], cwd=self.folder, env=self.env, text=True,
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT, timeout=PATIENCE, check=False)

    def start(self, command):
        self.back = subprocess.Popen(
            shlex.split(command.removesuffix("&")), cwd=self.folder,
            env=self.env, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL)
        end = time.monotonic() + PATIENCE
        while not self.line.exists():
            if self.back.poll() is not None or time.monotonic() > end:
                sys.exit(f"{command}: not ready")
            time.sleep(0.01)

    def stop(self):
        back, self.back = self.back, None
        if back is not None:
            back.terminate()
            back.wait(PATIENCE)


def check(shell, command, expected):
    """What is wrong with it, or None."""
    if command.endswith("&"):
        return shell.start(command)
    if command == "kill %1":
        return shell.stop()
    done = shell.run(command)
    said = words(done.stdout)
    for line in expected:
        if words(line) not in said:
            return f"no line with: {line}\n{done.stdout}"
        said = said.split(words(line), 1)[1]
    fails = any(re.match(r"sfi-[a-z]+: ", line) for line in expected)
    if fails != (done.returncode != 0):
        return f"ended with {done.returncode}\n{done.stdout}"
    return None


def main(tree, build, mbedtls):
    page = (pathlib.Path(tree) / "doc/porting-device.md").read_text("utf-8")
    count = 0
    with tempfile.TemporaryDirectory(prefix="sfi-first-") as folder:
        shell = Shell(folder, tree, build, mbedtls)
        try:
            for number, (title, commands) in enumerate(steps(page), 1):
                assert title.startswith(f"{number}. "), title
                # as the page says
                if number >= 4:
                    shell.env["MBEDTLS"] = mbedtls
                for command, expected in commands:
                    wrong = check(shell, command, expected)
                    if wrong is not None:
                        sys.exit(f"{title}\n$ {command}\n{wrong}")
                    count += 1
                assert shell.back is None, f"{title}: something still runs"
                print(f"{title}: {len(commands)} commands", flush=True)
        finally:
            shell.stop()
    assert count > 20, count
    return 0


if __name__ == "__main__":
    if len(sys.argv) != 4:
        sys.exit(__doc__)
    sys.exit(main(*sys.argv[1:]))
