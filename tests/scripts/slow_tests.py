#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later
# Copyright The libsfi authors
"""Seconds of CPU of each test, and what it buys: which to make shorter.

    slow_tests.py BUILD [COUNT [OPTION OF MESON TEST...]]

Runs the tests of a build and lists the COUNT (40) that took most CPU: seconds of
CPU, seconds, suites, name, and its row in the table of doc/testing.md, or the
first sentence of its source.  A test above LIMIT seconds of CPU without a row is
an error, and so is a row without a test.  CPU hardly depends on what else the
machine does.  `meson test` runs this script around each test; what a daemon uses
that outlives its test is not counted.
"""

import json
import os
import pathlib
import re
import resource
import subprocess
import sys
import tempfile
import time

ROOT = pathlib.Path(__file__).resolve().parents[2]
COUNT = 40
LIMIT = 10  # seconds of CPU
RECORD = "SFI_SLOW_TESTS"  # where a run adds its line, and the build


def name_of(build, command):
    """The test that is this command in this environment."""
    tests = json.loads((build / "meson-info/intro-tests.json").read_text())
    for test in tests:
        if test["cmd"] == command and all(
                os.environ.get(k) == v for k, v in test["env"].items()
                if k.startswith(("SFI_", "CK_RUN", "OPENSSL_"))):
            return test
    return {"name": " ".join(command), "suite": [], "cmd": command}


def measure(command):
    """Run a test, and note what it took."""
    record, build = os.environ[RECORD].split(":")
    begin = time.monotonic()
    status = subprocess.run(command).returncode
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    test = name_of(pathlib.Path(build), command)
    with open(record, "a") as f:
        f.write(json.dumps([used.ru_utime + used.ru_stime,
                            time.monotonic() - begin, test["name"],
                            test["suite"], test["cmd"]]) + "\n")
    return status if status >= 0 else 128 - status


def sources(command):
    """Where the source of a test may be: a script, or a program in C."""
    for word in command:
        path = pathlib.Path(word)
        if path.suffix in (".py", ".sh") and "support" not in path.parts:
            yield path
        yield from (ROOT / "tests").rglob(path.name + ".c")
        yield from (ROOT / "tests").rglob(path.name.replace("replay", "fuzz")
                                          + ".c")


def purpose(command):
    """The first sentence of a test's source."""
    for path in sources(command):
        text = path.read_text()
        found = re.search(r'"""(.*?)"""|(?:authors \*/\n|authors\n)'
                          r'((?:/\*| \*|# ).*?)(?:\*/|\n\n)', text, re.S)
        if found:
            words = re.sub(r"^\s*(/\*|\*|#)", " ", found[1] or found[2],
                           flags=re.M)
            return re.split(r"[.:](?:\s|$)", " ".join(words.split()))[0]
    return ""


def bought():
    """{test: what it finds that no quicker one does}"""
    text = (ROOT / "doc/testing.md").read_text(encoding="utf-8")
    table = text.partition("\n## Slow tests\n")[2].partition("\n## ")[0]
    rows = re.findall(r"^\| (`[^|]*`) \| ([^|]+) \|$", table, re.M)
    return {name: what for names, what in rows
            for name in re.findall(r"`([^`]+)`", names)}


def faults(rows, buys, known):
    """Slow tests that nobody explains, and rows of no test."""
    for cpu, _, name, *_ in rows:
        if cpu > LIMIT and name not in buys:
            yield f"{name}: {cpu:.0f} s of CPU, and doc/testing.md has no row"
    for name in buys.keys() - known:
        yield f"{name}: a row of doc/testing.md, and no test of this build"


def main(build, count=COUNT, *options):
    with tempfile.NamedTemporaryFile() as record:
        env = dict(os.environ, **{
            RECORD: f"{record.name}:{pathlib.Path(build).resolve()}"})
        done = subprocess.run(["meson", "test", "-C", build, "--wrapper",
                               str(pathlib.Path(__file__).resolve()),
                               "--logbase", "slow", *options], env=env)
        rows = [json.loads(line) for line in record]
    buys = bought()
    for cpu, wall, name, suites, command in sorted(rows)[:-int(count) - 1:-1]:
        kinds = "+".join(s.split(":")[-1] for s in suites)
        print(f"{cpu:6.1f} {wall:6.1f} {kinds} / {name}: "
              f"{buys.get(name) or purpose(command)}")
    print(f"{sum(r[0] for r in rows):6.1f} of CPU in {len(rows)} tests")
    tests = json.loads(
        (pathlib.Path(build) / "meson-info/intro-tests.json").read_text())
    wrong = list(faults(rows, buys, {test["name"] for test in tests}))
    print("\n".join(wrong))
    return done.returncode or len(wrong) > 0


if __name__ == "__main__":
    if RECORD in os.environ:
        sys.exit(measure(sys.argv[1:]))
    if len(sys.argv) < 2:
        sys.exit(__doc__)
    sys.exit(main(*sys.argv[1:]))
