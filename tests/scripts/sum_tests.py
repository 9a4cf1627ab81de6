#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later
# Copyright The libsfi authors
"""Add up meson's test logs and end with one line: N passed, N failed, N skipped.

    sum_tests.py LOG.json ...
    sum_tests.py --self-test

A test that could only do a part of its work says `SKIP: what` on stdout; that
counts as passed and skipped.  With CI=true a test that was skipped as a whole
is a failure: a machine that proves things has all the tools.
"""

import json
import os
import re
import sys


def entries(path):
    with open(path, encoding="utf-8") as log:
        return [json.loads(line) for line in log if line.strip()]


def cases(test):
    """What failed in it, by TAP's lines or by check's; the log above may be
    cut short where it is read."""
    text = test.get("stdout") or ""
    return [f"    {line}" for line in re.findall(
        r"^(?:not ok .*|# \w*Error: .*|[^:\s]+:\d+:[FE]:.*)$", text, re.M)]


def add_up(tests, strict):
    """(passed, failed, skipped, what to tell)"""
    passed = failed = skipped = 0
    told = []
    for t in tests:
        parts = re.findall(r"^SKIP: .*$", t.get("stdout") or "", re.M)
        told += [f"{t['name']}: {p}" for p in parts]
        skipped += len(parts)
        if t["result"] in ("OK", "EXPECTEDFAIL"):
            passed += 1
        elif t["result"] == "SKIP" and not strict:
            skipped += 1
            told.append(f"{t['name']}: skipped")
        else:
            failed += 1
            told.append(f"{t['name']}: {t['result']}")
            told += cases(t)
    return passed, failed, skipped, told


def self_test():
    ok = {"name": "a", "result": "OK", "stdout": "fine\n"}
    part = {"name": "b", "result": "OK", "stdout": "x\nSKIP: no sample\n"}
    skip = {"name": "c", "result": "SKIP"}
    bad = [{"name": "d", "result": r}
           for r in ("FAIL", "TIMEOUT", "ERROR", "INTERRUPT",
                     "UNEXPECTEDPASS", "PENDING")]
    assert add_up([ok, part, skip], False)[:3] == (2, 0, 2)
    assert add_up([ok, part, skip], True)[:3] == (2, 1, 1)
    assert add_up([ok] + bad, False)[:3] == (1, 6, 0)
    assert "d: TIMEOUT" in add_up(bad, False)[3]
    tap = {"name": "e", "result": "ERROR", "stdout":
           "ok 1 - a\nnot ok 2 - b\n# Traceback\n# AssertionError: c\n"}
    assert add_up([tap], False)[3] == [
        "e: ERROR", "    not ok 2 - b", "    # AssertionError: c"]
    lost = {"name": "f", "result": "FAIL", "stdout":
            "50%: Checks: 2\ntest_a.c:7:F:core:test_x:0: Failed\n"}
    assert add_up([lost], False)[3] == [
        "f: FAIL", "    test_a.c:7:F:core:test_x:0: Failed"]


def main(paths):
    tests = []
    lost = []
    for path in paths:
        found = entries(path) if os.path.exists(path) else []
        tests += found
        if not found:
            lost.append({"name": path, "result": "no test ran"})
    passed, failed, skipped, told = add_up(
        tests + lost, os.environ.get("CI") == "true")
    for line in told:
        print(line)
    print(f"{passed} passed, {failed} failed, {skipped} skipped")
    return 1 if failed or not passed else 0


if __name__ == "__main__":
    if sys.argv[1:] == ["--self-test"]:
        self_test()
        sys.exit(0)
    if not sys.argv[1:]:
        sys.exit(__doc__)
    sys.exit(main(sys.argv[1:]))
