#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later
# Copyright The libsfi authors
"""Two builds of libsfi and libsfi-sim: each pair works, no mixture loads, and
where both are in one process neither follows a handle of the other.

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
assert sim.sfi_sim_version() == sfi.sfi_version() != 0
assert sfi.sfi_ctx_new(None, ctypes.byref(ctx)) == 0
# a call that reads the context of the other library, and fails in it
assert sim.sfi_sim_open(ctx, b"/dev/null/none", ctypes.byref(chip)) < 0
sfi.sfi_ctx_error.restype = ctypes.c_void_p
assert sfi.sfi_ctx_error(ctx) is not None
"""


# Two libraries of the same soname, beside each other.
BOTH = """
import ctypes, sys
a, b = (ctypes.CDLL(p, mode=ctypes.RTLD_LOCAL) for p in sys.argv[1:])
assert a._handle != b._handle
new, key = ctypes.c_void_p(), ctypes.c_void_p()
theirs, builder = ctypes.c_void_p(), ctypes.c_void_p()
assert a.sfi_ctx_new(None, ctypes.byref(new)) == 0
assert b.sfi_ctx_new(None, ctypes.byref(theirs)) == 0
assert b.sfi_key_new(theirs, b"k" * 16, ctypes.c_size_t(16),
                     ctypes.byref(key)) == 0
a.sfi_chip_find.restype = ctypes.c_void_p
chip = ctypes.c_void_p(a.sfi_chip_find(b"stm32h753xi"))
assert a.sfi_image_builder_new(new, chip, ctypes.byref(builder)) == 0
assert a.sfi_key_new(theirs, b"k" * 16, ctypes.c_size_t(16),
                     ctypes.byref(ctypes.c_void_p())) == -101
assert a.sfi_image_builder_set_key(builder, key) == -101
a.sfi_ctx_error.restype = a.sfi_error_message.restype = ctypes.c_void_p
said = ctypes.string_at(a.sfi_error_message(ctypes.c_void_p(
    a.sfi_ctx_error(new))))
assert b"another libsfi" in said, said
a.sfi_key_free(key)
b.sfi_key_free(key)
for libsfi, ctx in ((b, theirs), (a, new)):
    a.sfi_ctx_free(ctx)
    b.sfi_ctx_free(ctx)
"""


def load(one, other, program=LOAD):
    """What the loader says of this pair; "": it works."""
    run = subprocess.run([sys.executable, "-c", program, one, other],
                         capture_output=True, text=True, check=False)
    if run.returncode == 0:
        return ""
    return run.stderr.strip().split("\n")[-1] or f"exit {run.returncode}"


def pairs(ours, others):
    for sfi, sim in (ours, others):
        said = load(sfi, sim)
        if said:
            yield f"{sfi} with its own libsfi-sim: {said}"
    said = load(ours[0], others[0], BOTH)
    if said:
        yield f"{ours[0]} beside {others[0]}: {said}"
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
