#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later
# Copyright The libsfi authors
"""What the tests of other systems and processors came to, and the page of it.

    results.py begin TARGET   forget what a run before left
    results.py judge TARGET LOG...
                              add up meson's logs of a target's tests in
                              build-test/ports/TARGET.json, and leave them in
                              TARGET.log; fail if a case failed that gaps.txt
                              does not have, or passed that it has
    results.py keep           take what build-test/ports has into
                              tests/ports/results, and write doc/ports.md
    results.py check          is doc/ports.md of those results, and do they
                              and gaps.txt name targets and suites there are?
    results.py --self-test
"""

import json
import os
import pathlib
import re
import shutil
import sys

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parents[1]
RUNS = ROOT / "build-test" / "ports"
KEPT = HERE / "results"
PAGE = ROOT / "doc" / "ports.md"
BEGIN, END = "<!-- results.py writes this -->\n", "<!-- until here -->\n"
LIBRARIES = ["libcrypto", "sqlite3", "libpcsclite", "p11-kit-1", "libcurl",
             "libusb-1.0", "libevent", "inih"]
# A line of `check`: FILE:LINE:F, E or S:GROUP:CASE:ITERATION: what failed
CASE = re.compile(r"^\S+:\d+:[FES]:[^:]*:(\w+):\d+: .*$", re.M)
# A line of a program of tests/programs
TAP = re.compile(r"^not ok \d+ - (\w+)$", re.M)


def targets():
    """Those of scripts/ports."""
    text = (ROOT / "scripts" / "ports").read_text()
    return re.search(r"^all=\((.*)\)$", text, re.M)[1].split()


def read_gaps(text):
    """[(targets, test, case, why)] of lines `TARGET,... TEST CASE WHY`"""
    rows = [line.split(None, 3) for line in text.splitlines()
            if line and not line.startswith("#")]
    for row in rows:
        if len(row) != 4:
            sys.exit(f"gaps.txt: found '{' '.join(row)}', expected a target, "
                     "a test, a case and why")
    return [(where.split(","), *rest) for where, *rest in rows]


def failed_cases(test):
    """Names of the cases that failed; `*` is the test as a whole."""
    if test["result"] in ("OK", "EXPECTEDFAIL"):
        return set()
    told = test.get("stdout") or ""
    return {*CASE.findall(told), *TAP.findall(told)} or {"*"}


def suite_and_name(test):
    suites, _, name = test["name"].partition(" / ")
    return suites.split(":")[-1].split("+")[0], name


def add_up(target, tests, gaps):
    """(suites, gaps that were met, what is wrong)"""
    suites, met, wrong = {}, [], []
    mine = {(t, c): why for where, t, c, why in gaps if target in where}
    for test in tests:
        suite, name = suite_and_name(test)
        count = suites.setdefault(suite, {"passed": 0, "gaps": 0, "failed": 0,
                                          "skipped": 0})
        failed = failed_cases(test)
        if test["result"] == "SKIP":
            count["skipped"] += 1
            continue
        listed = {c for t, c in mine if t == name}
        if failed and "*" in listed:
            failed = {"*"}
        known = failed & listed
        met += [{"test": name, "case": c, "why": mine[name, c]}
                for c in sorted(known)]
        wrong += [f"{name}: {c}: {test['result']}"
                  for c in sorted(failed - known)]
        if failed and not failed - known:
            test["result"] = "EXPECTEDFAIL"
        count["failed" if failed - known else "skipped" if known == {"*"} else
              "gaps" if failed else "passed"] += 1
    # two suites may have a test of the same name
    ran = {suite_and_name(t)[1] for t in tests if t["result"] != "SKIP"}
    wrong += [f"{t}: {c}: passed, but gaps.txt has it" for t, c in sorted(
        mine.keys() - {(gap["test"], gap["case"]) for gap in met})
        if t in ran]
    return suites, met, wrong


def judge(target, logs):
    gaps = read_gaps((HERE / "gaps.txt").read_text())
    tests = [json.loads(line) for log in logs if pathlib.Path(log).exists()
             for line in pathlib.Path(log).read_text().splitlines()]
    suites, met, wrong = add_up(target, tests, gaps)
    found = json.loads((ROOT / "build-test" / target / "meson-info" /
                        "intro-dependencies.json").read_text())
    versions = {d["name"]: d["version"] for d in found if d["version"]}
    result = {"target": target, "suites": suites, "gaps": met,
              "short": "SFI_TEST_SHORT" in os.environ,
              "libraries": {n: versions[n] for n in LIBRARIES
                            if n in versions}}
    RUNS.mkdir(parents=True, exist_ok=True)
    if suites:
        (RUNS / f"{target}.json").write_text(
            json.dumps(result, indent=1) + "\n")
    (RUNS / f"{target}.log").write_text(
        "".join(json.dumps(test) + "\n" for test in tests))
    for line in wrong:
        print(f"{target}: {line}")
    total = {k: sum(s[k] for s in suites.values())
             for k in ("passed", "gaps", "failed", "skipped")}
    print(f"{target}: " + ", ".join(f"{n} {k}" for k, n in total.items()))
    return 1 if wrong or not total["passed"] else 0


def cell(count):
    if count is None:
        return "-"
    text = f"{count['passed'] + count['gaps']}"
    text += f" ({count['gaps']} in part)" if count["gaps"] else ""
    text += f", {count['failed']} failed" if count["failed"] else ""
    return text


def page(results):
    """The tables of doc/ports.md."""
    names = [s for s in ("unit", "kat", "kept", "fault", "board", "sim",
                         "fuzz", "programs")
             if any(s in r["suites"] for r in results)]
    names += sorted({s for r in results for s in r["suites"]} - set(names))
    lines = ["| target | " + " | ".join(names) + " | libraries |",
             "|---" * (len(names) + 2) + "|"]
    for r in results:
        libraries = ", ".join(f"{n} {v}" for n, v in r["libraries"].items())
        name = r["target"] + (", in short" if r["short"] else "")
        lines.append(f"| {name} | " + " | ".join(
            cell(r["suites"].get(n)) for n in names) + f" | {libraries} |")
    lines += [f"| {t} " + "| " * len(names) + "| no run was kept |"
              for t in targets() if t not in [r["target"] for r in results]]
    rows = {}
    for r in results:
        for gap in r["gaps"]:
            rows.setdefault((gap["test"], gap["case"], gap["why"]),
                            []).append(r["target"])
    lines += ["", "| where | test | case | why it cannot pass there |",
              "|---|---|---|---|"]
    lines += [f"| {', '.join(where)} | {test} | {case.replace('*', 'all')} | "
              f"{why} |" for (test, case, why), where in sorted(rows.items())]
    return "\n".join(lines) + "\n"


def kept():
    read = {p.stem: json.loads(p.read_text()) for p in KEPT.glob("*.json")}
    return [read[t] for t in targets() if t in read]


def whole_page():
    before, rest = PAGE.read_text().split(BEGIN)
    return before + BEGIN + page(kept()) + END + rest.split(END)[1]


def keep():
    KEPT.mkdir(exist_ok=True)
    for path in RUNS.glob("*.json"):
        shutil.copy(path, KEPT)
    PAGE.write_text(whole_page())
    return 0


def check():
    wrong = []
    if PAGE.read_text() != whole_page():
        wrong.append("doc/ports.md differs from tests/ports/results: "
                     "run tests/ports/results.py keep")
    there = targets()
    suites = {s for p in (ROOT / "tests").rglob("meson.build")
              for line in re.findall(r"suite.*", p.read_text())
              for s in re.findall(r"'([a-z]+)'", line)}
    for path in KEPT.glob("*.json"):
        result = json.loads(path.read_text())
        if path.stem not in there or result["target"] != path.stem:
            wrong.append(f"{path.name}: scripts/ports has no such target")
        wrong += [f"{path.name}: there is no suite {s}"
                  for s in result["suites"] if s not in suites]
        wrong += [f"{path.name}: {n} failed in {s}"
                  for s, c in result["suites"].items() if (n := c["failed"])]
    for where, test, _, _ in read_gaps((HERE / "gaps.txt").read_text()):
        wrong += [f"gaps.txt: {test}: scripts/ports has no target {t}"
                  for t in where if t not in there]
    built = (ROOT / "tests/unit/meson.build").read_text()
    left = re.search(r"no_windows = \[(.*?)\]", built, re.S)[1]
    wrong += [f"doc/ports.md: {name} is not built for Windows, and not named"
              for name in re.findall(r"'(\w+)'", left)
              if f"`{name}`" not in PAGE.read_text()]
    for line in wrong:
        print(line)
    return 1 if wrong else 0


def self_test():
    def test(name, result, *cases):
        return {"name": f"libsfi:unit+deep / {name}", "result": result,
                "stdout": "".join(f"../a.c:7:F:group:{c}:0: no\n"
                                  for c in cases)}
    gaps = read_gaps("# words\narmhf,s390x serial test_lock why not\n"
                     "s390x usb * another reason\n")
    rows = [
        ([test("a", "OK")], (1, 0, 0), 0),
        ([test("a", "FAIL", "test_x")], (0, 0, 1), 1),
        ([test("a", "TIMEOUT")], (0, 0, 1), 1),
        ([test("serial", "FAIL", "test_lock")], (0, 1, 0), 0),
        ([test("serial", "FAIL", "test_lock", "test_x")], (0, 0, 1), 1),
        ([test("serial", "FAIL", "test_x")], (0, 0, 1), 2),
        ([test("serial", "OK")], (1, 0, 0), 1),
        ([test("usb", "ERROR")], (0, 0, 0), 0),
        ([{**test("serial", "FAIL"), "stdout": "ok 1 - test_x\n"
           "not ok 2 - test_lock\n"}], (0, 1, 0), 0),
        ([test("usb", "FAIL", "test_x")], (0, 0, 0), 0),
    ]
    for tests, (passed, known, failed), bad in rows:
        suites, _, wrong = add_up("s390x", tests, gaps)
        assert suites == {"unit": {"passed": passed, "gaps": known,
                                   "failed": failed, "skipped": len(tests) -
                                   passed - known - failed}}, tests
        assert len(wrong) == bad, wrong
    assert cell({"passed": 2, "gaps": 1, "failed": 0}) == "3 (1 in part)"
    twice = [test("serial", "OK"), test("serial", "FAIL", "test_lock")]
    assert add_up("s390x", twice, gaps)[2] == []
    assert add_up("i386", [test("serial", "OK")], gaps)[2] == []
    return 0


def main(args):
    if args == ["--self-test"]:
        return self_test()
    if args == ["keep"] or args == ["check"]:
        return globals()[args[0]]()
    if len(args) == 2 and args[0] == "begin":
        for path in RUNS.glob(f"{args[1]}.*"):
            path.unlink()
        return 0
    if len(args) > 2 and args[0] == "judge":
        return judge(args[1], args[2:])
    sys.exit(__doc__)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
