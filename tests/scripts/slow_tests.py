#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later
# Copyright The libsfi authors
"""Seconds of CPU of each test, and what it is for: which to make shorter.

    slow_tests.py BUILD [COUNT [OPTION OF MESON TEST...]]

Runs the tests of a build and lists the COUNT (40) that took most CPU: seconds of
CPU, seconds, suites, name, and the first sentence of its source.  CPU hardly
depends on what else the machine does.  `meson test` runs this script around each
test; what a daemon uses that outlives its test is not counted.
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


def main(build, count=COUNT, *options):
    with tempfile.NamedTemporaryFile() as record:
        env = dict(os.environ, **{
            RECORD: f"{record.name}:{pathlib.Path(build).resolve()}"})
        done = subprocess.run(["meson", "test", "-C", build, "--wrapper",
                               str(pathlib.Path(__file__).resolve()),
                               "--logbase", "slow", *options], env=env)
        rows = [json.loads(line) for line in record]
    for cpu, wall, name, suites, command in sorted(rows)[:-int(count) - 1:-1]:
        kinds = "+".join(s.split(":")[-1] for s in suites)
        print(f"{cpu:6.1f} {wall:6.1f} {kinds} / {name}: {purpose(command)}")
    print(f"{sum(r[0] for r in rows):6.1f} of CPU in {len(rows)} tests")
    return done.returncode


if __name__ == "__main__":
    if RECORD in os.environ:
        sys.exit(measure(sys.argv[1:]))
    if len(sys.argv) < 2:
        sys.exit(__doc__)
    sys.exit(main(*sys.argv[1:]))
