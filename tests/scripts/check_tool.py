#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later
# Copyright The libsfi authors
"""clang-format and codespell over the tree.

    check_tool.py format CLANG_FORMAT
    check_tool.py spelling CODESPELL
"""

import subprocess
import sys

import source

CPP_STYLE = "examples/cpp/.clang-format"
FOLDERS = ["lib", "include", "examples", "tests"]
# An oscillator, a file extension, what tests cut short, static functions, a word
# of Telnet, macros of manual pages.
WORDS = "hsi,hel,mot,statics,wont,ue,te,ore,nd,fo"


def run(command, text=None):
    return subprocess.run(command, cwd=source.ROOT, input=text,
                          capture_output=True, text=True)


def format_run(tool):
    command = [tool, "--dry-run", "-Werror", "--style=file"]
    bad = run(command + ["--assume-filename=tests/bad.c"],
              "int  f( void ){return 0;}\n")
    cpp = [tool, "--dry-run", "-Werror", f"--style=file:{CPP_STYLE}"]
    return bad, [
        command + [str(p) for p in source.files(source.ROOT, FOLDERS)],
        cpp + [str(p) for p in source.files(source.ROOT, FOLDERS,
                                            (".cpp", ".hpp"))]]


def spelling_run(tool):
    command = [tool, f"--ignore-words-list={WORDS}"]
    bad = run(command + ["-"], "This is t" + "eh end.\n")
    paths = source.files(source.ROOT, FOLDERS + ["doc"],
                         (".c", ".h", ".cpp", ".hpp", ".py", ".md",
                          ".build"))
    paths += source.files(source.ROOT, ["scripts"], ())
    paths += [p.relative_to(source.ROOT)
              for p in sorted(source.ROOT.glob("*.md"))]
    return bad, [command + [str(p) for p in paths]]


def main(kind, tool):
    bad, commands = (format_run if kind == "format" else spelling_run)(tool)
    if bad.returncode == 0 and not bad.stdout:
        print(f"{tool} found nothing in a bad text")
        return 1
    all_done = [run(command) for command in commands]
    for done in all_done:
        print(done.stdout + done.stderr)
    return max(done.returncode for done in all_done)


if __name__ == "__main__":
    if len(sys.argv) != 3 or sys.argv[1] not in ("format", "spelling"):
        sys.exit(__doc__)
    sys.exit(main(*sys.argv[1:]))
