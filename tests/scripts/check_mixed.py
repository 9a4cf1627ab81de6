#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later
# Copyright The libsfi authors
"""Two builds of libsfi and libsfi-sim: each pair works, no mixture loads.

    check_mixed.py MAP LIBSFI SIM OTHER_LIBSFI OTHER_SIM
"""

import pathlib
import re
import shutil
import subprocess
import sys
import tempfile

import source

sys.path.insert(0, str(source.ROOT / "lib"))
import private_node  # noqa: E402

# Both libraries by their paths: the loader finds no other libsfi.so.1.
LOAD = """
import ctypes, sys
sfi = ctypes.CDLL(sys.argv[1], mode=ctypes.RTLD_GLOBAL)
sim = ctypes.CDLL(sys.argv[2])
ctx, chip = ctypes.c_void_p(), ctypes.c_void_p()
assert sfi.sfi_ctx_new(None, ctypes.byref(ctx)) == 0
# a call that reads the context of the other library, and fails in it
assert sim.sfi_sim_open(ctx, b"/dev/null/none", ctypes.byref(chip)) < 0
sfi.sfi_ctx_error.restype = ctypes.c_void_p
assert sfi.sfi_ctx_error(ctx) is not None
"""


def load(sfi, sim):
    """What the loader says of this pair; "": it works."""
    run = subprocess.run([sys.executable, "-c", LOAD, sfi, sim],
                         capture_output=True, text=True, check=False)
    if run.returncode == 0:
        return ""
    return run.stderr.strip().split("\n")[-1] or f"exit {run.returncode}"


def pairs(ours, others):
    for sfi, sim in (ours, others):
        said = load(sfi, sim)
        if said:
            yield f"{sfi} with its own libsfi-sim: {said}"
    for (sfi, _), (_, sim) in ((ours, others), (others, ours)):
        said = load(sfi, sim)
        if not re.search(r"version [`'\"]LIBSFI_PRIVATE_\S* not found", said):
            yield f"{sfi} with {sim}: expected the loader to refuse its " \
                  f"private node, got: {said or 'it works'}"


def changed(tree, path, old, new):
    """The private node of the headers with one of them changed."""
    text = (tree / path).read_text(encoding="utf-8")
    assert old in text, (path, old)
    (tree / path).write_text(text.replace(old, new, 1), encoding="utf-8")
    node = private_node.node("1", [tree / "lib", tree / "include"])
    (tree / path).write_text(text, encoding="utf-8")
    return node


def nodes():
    """A struct that grows gives another node, a comment does not."""
    with tempfile.TemporaryDirectory() as folder:
        tree = pathlib.Path(folder)
        for part in ("lib", "include"):
            shutil.copytree(source.ROOT / part, tree / part)
        same = private_node.node("1", [tree / "lib", tree / "include"])
        grown = changed(tree, "lib/core/ctx.h", "    struct obj obj;\n",
                        "    struct obj obj;\n    uint32_t more;\n")
        noted = changed(tree, "lib/core/ctx.h", "    struct obj obj;\n",
                        "    struct obj obj; /* a handle */\n")
    if grown == same:
        yield "a new member of sfi_ctx does not change the private node"
    if noted != same:
        yield "a comment changes the private node"


def main(version_script, *libraries):
    text = pathlib.Path(version_script).read_text(encoding="utf-8")
    found = list(nodes()) + list(pairs(libraries[:2], libraries[2:]))
    if not re.search(r"^LIBSFI_PRIVATE_[\w.]+ \{$", text, re.M):
        found.append(f"{version_script}: no private node")
    # Proof that a mixture is found: the same pair, called a mixture.
    if not list(pairs(libraries[:2], libraries[:2])):
        found.append("the same build twice is not told from a mixture")
    for f in found:
        print(f)
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]) if len(sys.argv) == 6 else __doc__)
