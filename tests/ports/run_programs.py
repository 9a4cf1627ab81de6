#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later
# Copyright The libsfi authors
"""run_programs.py LOG PROGRAMS [NAME...]

Runs the tests of tests/programs (or those with these names) on the programs in
the folder PROGRAMS, and writes LOG as meson writes one, for results.py.  The
name of a test there is that of its file, as unit tests have the same names.
What gaps.txt has as a whole for Windows is not run: some of it would wait for
what Wine never does."""

import json
import os
import pathlib
import subprocess
import sys
import time

from results import read_gaps

ROOT = pathlib.Path(__file__).resolve().parents[2]
TESTS = ROOT / "tests" / "programs"
PATIENCE = 900  # seconds, for one that runs hundreds of programs


def run(name, programs):
    """(result, what it printed)"""
    env = {**os.environ, "SFI_TEST_SOURCE": str(ROOT),
           "PYTHONDONTWRITEBYTECODE": "1"}
    child = subprocess.Popen([sys.executable, TESTS / f"test_{name}.py",
                              programs], env=env, stdin=subprocess.DEVNULL,
                             stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                             text=True, errors="replace",
                             start_new_session=True)
    try:
        told, _ = child.communicate(timeout=PATIENCE)
        return "FAIL" if child.returncode else "OK", told
    except subprocess.TimeoutExpired:
        os.killpg(child.pid, 9)
        return "TIMEOUT", child.communicate()[0]


def main(log, programs, *names):
    there = sorted(p.stem.removeprefix("test_") for p in TESTS.glob("test_*.py"))
    gaps = read_gaps((ROOT / "tests/ports/gaps.txt").read_text())
    left = {test: why for where, test, case, why in gaps
            if "windows" in where and case == "*"}
    with open(log, "w", encoding="utf-8") as out:
        for name in names or there:
            begin = time.monotonic()
            result, told = (run(name, programs) if name + ".py" not in left
                            else ("FAIL", "not run: " + left[name + ".py"]))
            took = time.monotonic() - begin
            print(f"{name + '.py':14} {result:8} {took:6.1f} s", flush=True)
            if result != "OK":
                print("".join(f"    {line}\n" for line in told.splitlines()
                              if line.startswith("not ok")), end="")
            out.write(json.dumps({
                "name": f"libsfi:programs / {name}.py", "result": result,
                "duration": took, "stdout": told}) + "\n")
            out.flush()


if __name__ == "__main__":
    if len(sys.argv) < 3:
        sys.exit(__doc__)
    main(*sys.argv[1:])
