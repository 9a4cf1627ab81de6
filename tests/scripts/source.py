# SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later
# Copyright The libsfi authors
"""What the checks share: the tree's files, C without its comments, functions,
findings, and a self-test that proves that a check can fail."""

import os
import pathlib
import re
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parents[2]


class Finding(str):
    """One line for the user; a note is shown but fails nothing."""

    note = False


def finding(path, line, message):
    return Finding(f"{path}:{line}: {message}")


def note(path, line, message):
    f = Finding(f"{path}:{line}: note: {message}")
    f.note = True
    return f


def files(root, folders, suffixes=(".c", ".h")):
    """Paths relative to root, sorted; no build folder, nothing hidden."""
    found = []
    for folder in folders:
        for path in sorted((root / folder).rglob("*")):
            parts = path.relative_to(root).parts
            if any(p.startswith((".", "build")) or p == "__pycache__"
                   for p in parts[:-1]):
                continue
            if path.is_file() and (not suffixes or path.suffix in suffixes):
                found.append(path.relative_to(root))
    return found


def read(root, path):
    return (root / path).read_text(encoding="utf-8")


def line_of(text, at):
    return text.count("\n", 0, at) + 1


def spaces(match):
    """As many blanks, with the line ends kept: positions stay true."""
    return re.sub(r"[^\n]", " ", match.group(0))


TOKEN = re.compile(
    r"""(?P<comment>/\*.*?\*/|//[^\n]*)"""
    r"""|"(?:\\.|[^"\\\n])*"|'(?:\\.|[^'\\\n])*'""", re.S)


def without_comments(text):
    """C with blanks for comments; what strings say stays."""
    return TOKEN.sub(
        lambda m: spaces(m) if m.group("comment") else m.group(0), text)


def line_comments(text):
    """Where the // comments are."""
    return [m.start() for m in TOKEN.finditer(text)
            if m.group(0).startswith("//")]


def code_only(text):
    """C with blanks for comments, strings and preprocessor lines too."""
    text = without_comments(text)
    text = re.sub(r'"(?:\\.|[^"\\\n])*"|' r"'(?:\\.|[^'\\\n])*'", spaces, text)
    return re.sub(r"^[ \t]*#(?:[^\n]*\\\n)*[^\n]*", spaces, text, flags=re.M)


class Function:
    def __init__(self, name, first, last, body, end):
        self.name = name      # as it is called
        self.first = first    # line of its return type
        self.last = last      # line of its closing brace
        self.body = body      # offset of its opening brace
        self.end = end        # ... and just after the closing one

    @property
    def lines(self):
        return self.last - self.first + 1


def function_name(head):
    """The name in what stands before a body; None: no function."""
    head = re.sub(r"__attribute__\s*\(\(.*?\)\)", " ", head, flags=re.S)
    if "=" in head or not head.rstrip().endswith(")"):
        return None
    head = re.sub(r"^\s*END_TEST\b", "", head)
    test = re.match(r"\s*START_TEST\s*\(\s*(\w+)\s*\)", head)
    if test:
        return test.group(1)
    name = re.search(r"(\w+)\s*\(", head)
    return name.group(1) if name else None


def functions(text):
    """Every function definition of a C file, nested scopes not looked at."""
    code = code_only(text)
    found = []
    depth = 0
    head = 0      # where the present declaration begins
    start = None  # offset of the body's brace
    for at, c in enumerate(code):
        if c == "{":
            # extern "C" and the like open a scope that is none
            if depth == 0 and code[head:at].strip() == "extern":
                head = at + 1
                continue
            if depth == 0:
                start = at
            depth += 1
        elif c == "}" and depth > 0:
            depth -= 1
            if depth > 0:
                continue
            name = function_name(code[head:start])
            if name is not None:
                first = head + re.search(r"\S", code[head:]).start()
                # END_TEST of the test before is no part of this one
                skip = re.match(r"END_TEST\s*", code[first:])
                first += skip.end() if skip else 0
                found.append(Function(name, line_of(code, first),
                                      line_of(code, at), start, at + 1))
                head = at + 1
        elif c == ";" and depth == 0:
            head = at + 1
    return found


def run(check, root=ROOT):
    findings = check(root)
    for f in findings:
        print(f)
    return 1 if any(not f.note for f in findings) else 0


def self_test(check, cases):
    """cases: (name, {path: text}, [regex of a finding, ...]).  No regex: the
    tree is clean.  Each finding must be expected, and the other way round."""
    wrong = 0
    for name, tree, expected in cases:
        with tempfile.TemporaryDirectory() as folder:
            root = pathlib.Path(folder)
            for path, text in tree.items():
                (root / path).parent.mkdir(parents=True, exist_ok=True)
                (root / path).write_text(text, encoding="utf-8")
            got = check(root)
        missed = [e for e in expected if not any(re.search(e, f) for f in got)]
        extra = [f for f in got if not any(re.search(e, f) for e in expected)]
        for e in missed:
            print(f"{name}: not found: {e}")
        for f in extra:
            print(f"{name}: not expected: {f}")
        wrong += bool(missed or extra)
    kinds = sum(bool(expected) for _, _, expected in cases)
    print(f"{len(cases)} trees, {kinds} of them bad, {wrong} misjudged")
    return 1 if wrong or kinds == 0 or kinds == len(cases) else 0


def main(check, cases):
    if sys.argv[1:] == ["--self-test"]:
        sys.exit(self_test(check, cases))
    if sys.argv[1:]:
        sys.exit(f"usage: {os.path.basename(sys.argv[0])} [--self-test]")
    sys.exit(run(check))
