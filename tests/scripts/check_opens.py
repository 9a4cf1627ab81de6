#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later
# Copyright The libsfi authors
"""A file that somebody names is opened in one place, which refuses a vault that
is open: to close any descriptor of it would drop SQLite's locks.  In the
library that is sfi__fd_open(), alone with sfi__sys_open(), in the programs
cli_open(); a tutorial asks sfi_ctx_check_path() in the same function.

What cannot be somebody's vault is free: a device by its own name, a folder, a
new file."""

import re

import source

PLACES = {"lib": ("lib/util/fd.c", "sfi__fd_open"),
          "examples": ("examples/cli/file.c", "cli_open")}
# The system's own call, which nobody else makes either, and those that open
# devices alone.
SYSTEM = [("lib/util/sys_posix.c", "sfi__sys_open"),
          ("lib/util/sys_win32.c", "win_open"),
          ("lib/transport/ports/serial_win32.c", "serial_claim_port"),
          ("examples/cli/terminal_win32.c", "terminal_open_console")]
TUTORIALS = "examples/tutorial/"
NO_VAULTS = "examples/board/"  # a process without SQLite
# stdio's and the kernel's; not a member's name, and not a declaration of ours.
CALL = re.compile(r"(?<![\w.>])((?:f|fre|v?)open(?:at2?|64)?|creat(?:64)?|"
                  r"mkstemps?|mkostemps?|tmpfile|syscall|sfi__sys_open|"
                  r"CreateFileW)[ \n]*\(")
FREE = re.compile(r'^\s*"/dev/[\w/]+"|\bO_DIRECTORY\b|\bO_EXCL\b|'
                  r"\bSYS_NEW\b|\bSYS_renameat2\b")


def arguments(text, at):
    """What stands between the parenthesis at `at` and its partner."""
    depth = 0
    for end in range(at, len(text)):
        depth += {"(": 1, ")": -1}.get(text[end], 0)
        if depth == 0:
            return text[at + 1:end]
    return text[at + 1:]


def judge(path, raw):
    text = source.without_comments(raw)
    code = source.code_only(raw)
    home, place = PLACES[path.parts[0]]
    for f in source.functions(raw):
        for call in CALL.finditer(code, f.body, f.end):
            given = arguments(text, call.end() - 1)
            name = call.group(1)
            if FREE.search(given) or name.startswith(("mks", "mko")):
                continue
            if (str(path), f.name) in [(home, place)] + SYSTEM or \
                    str(path).startswith(NO_VAULTS):
                continue
            if str(path).startswith(TUTORIALS) and \
                    "sfi_ctx_check_path(" in code[f.body:call.start()]:
                continue
            yield source.finding(
                path, source.line_of(raw, call.start()),
                f"{name}() in {f.name}(): {place}() opens files, and refuses "
                "a vault that is in use")


def check(root):
    found = []
    for path in source.files(root, list(PLACES)):
        found += judge(path, source.read(root, path))
    for home, place in PLACES.values():
        if (root / home).exists() and place not in source.read(root, home):
            found.append(source.finding(home, 1, f"expected {place}()"))
    return found


BODY = "static int\nf(const char *path)\n{{\n    return {};\n}}\n"
CASES = [
    ("the two places", {
        "lib/util/fd.c": "int\nsfi__fd_open(const char *p)\n{\n"
                         "    return open(p, 0);\n}\n",
        "examples/cli/file.c": "int\ncli_open(const char *p)\n{\n"
                               "    return open(p, 0);\n}\n"}, []),
    ("a place that is gone", {"lib/util/fd.c": BODY.format("0")},
     [r"fd.c:1: expected sfi__fd_open"]),
    ("free", {"lib/a.c": BODY.format('open("/dev/null", O_RDWR)') +
              BODY.format("open(path,\n O_RDONLY | O_DIRECTORY)") +
              BODY.format("open(path, O_CREAT | O_EXCL, 0600)") +
              BODY.format("mkstemp(path)") +
              BODY.format("sfi__sys_open(path, SYS_NEW, 0600, &fd)") +
              BODY.format("kind->open(path)") +
              BODY.format("ops.open(path)") +
              BODY.format("sfi_hsm_open(path)") +
              "/* open(path) */\nstatic const char *s = \"open(path)\";\n"},
     []),
    ("a library file", {"lib/b/a.c": BODY.format("open(path, O_RDONLY)")},
     [r"^lib/b/a.c:4: open\(\) in f\(\): sfi__fd_open"]),
    ("the call of the other systems",
     {"lib/b/a.c": BODY.format("sfi__sys_open(path, SYS_READ, 0, &fd)") +
      BODY.format("CreateFileW(path)")},
     [r"sfi__sys_open\(\) in f", r"CreateFileW\(\) in f"]),
    ("stdio", {"lib/a.c": BODY.format('fopen(path, "re") != NULL')},
     [r"fopen\(\) in f"]),
    ("another folder's file", {"lib/a.c": BODY.format("openat(3, path, 0)")},
     [r"openat\(\) in f"]),
    ("stdio again", {"lib/a.c": BODY.format('freopen(path, "w", stdout)')},
     [r"freopen\(\) in f"]),
    ("creat", {"lib/a.c": BODY.format("creat(path, 0600)")}, [r"creat\(\)"]),
    ("another function of the place",
     {"lib/util/fd.c": BODY.format("open(path, O_RDONLY)") +
      "int sfi__fd_open(void);\n"}, [r"open\(\) in f"]),
    ("a program, though it asks first",
     {"examples/a.c": BODY.format(
         "sfi_ctx_check_path(c, path) + open(path, 0)")}, [r"cli_open"]),
    ("a tutorial that asks first",
     {"examples/tutorial/a.c": BODY.format(
         'sfi_ctx_check_path(c, path) == 0 ? fopen(path, "r") : 0')}, []),
    ("a tutorial that does not ask",
     {"examples/tutorial/a.c": BODY.format('fopen(path, "r")')},
     [r"fopen\(\) in f"]),
]

if __name__ == "__main__":
    source.main(check, CASES)
