#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later
# Copyright The libsfi authors
"""The commands of doc/porting-device.md, "From an empty folder", in an empty
folder.

    test_first.py TREE BUILD MBEDTLS

An indented line that begins with "$ " is a command, the lines behind it are
parts of what it prints, in this order.  A command fails if, and only if, one of
these lines is a program's error.  Each step ends the chip that it started.
"""

import os
import pathlib
import re
import subprocess
import sys
import tempfile

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
    """A folder, and the chips that run in it."""

    def __init__(self, folder, tree, build, mbedtls):
        self.folder = pathlib.Path(folder)
        self.env = {**os.environ, "SFI": str(tree), "MBEDTLS": "",
                    "BUILD": str(build),
                    "PATH": f"{build}/examples:{os.environ['PATH']}"}
        self.mbedtls = mbedtls

    def run(self, command):
        return subprocess.run(
            ["sh", "-uc", command], cwd=self.folder, env=self.env, text=True,
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT, timeout=PATIENCE, check=False)

    def running(self):
        return list(self.folder.glob("*/control"))

    def stop(self):
        for control in self.running():
            self.run(f"sfi-sim ctl {control.parent.name} end")


def check(shell, command, expected):
    """What is wrong with it, or None."""
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
                assert not shell.running(), f"{title}: something still runs"
                print(f"{title}: {len(commands)} commands", flush=True)
        finally:
            shell.stop()
    assert count > 20, count
    return 0


if __name__ == "__main__":
    if len(sys.argv) != 4:
        sys.exit(__doc__)
    sys.exit(main(*sys.argv[1:]))
