#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later
# Copyright The libsfi authors
"""packaging/debian keeps up with the tree; scripts/packages runs rarely."""

import re

import source

DEBIAN = "packaging/debian"
NODE = re.compile(r"^(LIBSFI\w*_[\d.]+) \{", re.M)
# (version script, symbols of the package)
LIBRARIES = [("lib/core/libsfi.map", "libsfi1.symbols"),
             ("lib/sim/libsfi-sim.map", "libsfi-sim1.symbols")]


def programs(root):
    """Each program, and what is installed for it."""
    for path in sorted((root / "doc/man/programs").glob("sfi-*.md")):
        name = path.stem
        yield name, [f"usr/bin/{name}", f"usr/share/man/man1/{name}.1"]
        if (root / f"examples/options/{name}.txt").exists():
            yield name, [f"usr/share/bash-completion/completions/{name}",
                         f"usr/share/zsh/site-functions/_{name}"]


def of_version(root):
    version = re.search(r"^    version: '([^']+)'",
                        source.read(root, "meson.build"), re.M).group(1)
    first = source.read(root, f"{DEBIAN}/changelog").split("\n", 1)[0]
    m = re.match(r"libsfi \((.+)-\d+\) ", first)
    if m is None or m.group(1).replace("~rc", "-rc") != version:
        yield "changelog", f"expected libsfi ({version}-N) in front: {first}"


def of_symbols(root):
    for script, name in LIBRARIES:
        lines = source.read(root, f"{DEBIAN}/{name}").splitlines()
        for node in NODE.findall(source.read(root, script)):
            release = node.rpartition("_")[2]
            if f" (symver){node} {release}.0" not in lines:
                yield name, f"no line for the node {node} of {script}"


def of_files(root):
    lists = (root / DEBIAN).glob("*.install")
    installed = {line.split()[0] for path in lists
                 for line in path.read_text("utf-8").splitlines()}
    for name, paths in programs(root):
        for path in paths:
            if path not in installed:
                yield "control", f"no package installs {path}"


def of_document(root):
    told = set(re.findall(r"^\| `([\w-]+)` \|",
                          source.read(root, "doc/packages.md"), re.M))
    for name in re.findall(r"^Package: (.*)$",
                           source.read(root, f"{DEBIAN}/control"), re.M):
        if name not in told:
            yield "control", f"doc/packages.md does not have {name}"


def check(root):
    return [source.finding(f"{DEBIAN}/{name}", 1, what)
            for look in (of_version, of_symbols, of_files, of_document)
            for name, what in look(root)]


def tree(**changes):
    files = {
        "meson.build": "project(\n    version: '1.1.0',\n",
        "changelog": "libsfi (1.1.0-2) x\n",
        "lib/core/libsfi.map": "LIBSFI_1.0 {\n};\nLIBSFI_1.1 {\n};\n",
        "lib/sim/libsfi-sim.map": "LIBSFI_SIM_1.0 {\n};\n",
        "libsfi1.symbols": " (symver)LIBSFI_1.0 1.0.0\n"
                           " (symver)LIBSFI_1.1 1.1.0\n",
        "libsfi-sim1.symbols": " (symver)LIBSFI_SIM_1.0 1.0.0\n",
        "doc/man/programs/sfi-a.md": "",
        "t.install": "usr/bin/sfi-a\nusr/share/man/man1/sfi-a.1\n",
        "doc/packages.md": "| `libsfi1` | x |\n",
        "control": "Package: libsfi1\n",
    }
    files.update(changes)
    return {name if "/" in name or name == "meson.build" else
            f"{DEBIAN}/{name}": text for name, text in files.items()}


CASES = [
    ("good", tree(), []),
    ("candidate", tree(changelog="libsfi (1.1.0~rc1-1) x\n",
                       **{"meson.build": "    version: '1.1.0-rc1',\n"}), []),
    ("version", tree(changelog="libsfi (1.0.0-1) x\n"),
     [r"expected libsfi \(1.1.0-N\)"]),
    ("node", tree(**{"libsfi1.symbols": " (symver)LIBSFI_1.0 1.0.0\n"}),
     ["no line for the node LIBSFI_1.1"]),
    ("page", tree(**{"t.install": "usr/bin/sfi-a\n"}),
     ["no package installs usr/share/man/man1/sfi-a.1"]),
    ("completion", tree(**{"examples/options/sfi-a.txt": ""}),
     ["completions/sfi-a", "site-functions/_sfi-a"]),
    ("package", tree(control="Package: libsfi1\nPackage: sfi-b\n"),
     ["does not have sfi-b"]),
]

if __name__ == "__main__":
    source.main(check, CASES)
