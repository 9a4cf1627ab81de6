#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later
# Copyright The libsfi authors
"""An installed tree has all that the documents promise.

    check_install.py BUILD_DIR CC...

Installs into a temporary folder.  Every ```c block of README.md and
doc/guide.md, and every file of examples/tutorial, is compiled against that tree
with pkg-config, as C99, warnings being errors.  The ```sh blocks of
doc/guide.md compile and run them, too, with the installed programs: all from
top to bottom in one folder, and each chapter alone in an empty one.  A chapter
leaves no process behind.
"""

import os
import pathlib
import re
import subprocess
import sys
import tempfile
import time

import source

DOCUMENTS = ["README.md", "doc/guide.md"]
FENCE = re.compile(r"^```(\w+)(?: ([\w-]+))?\n(.*?)^```$", re.M | re.S)
WARNINGS = ["-std=c99", "-Wall", "-Wextra", "-Wpedantic", "-Wconversion",
            "-Werror"]


def blocks(language):
    """(document, name, text) of each fenced block, in order."""
    for document in DOCUMENTS:
        for m in FENCE.finditer(source.read(source.ROOT, document)):
            if m.group(1) == language:
                yield document, m.group(2), m.group(3)


def examples():
    """(where, name, text) of each program."""
    yield from blocks("c")
    for path in sorted((source.ROOT / "examples/tutorial").glob("*.c")):
        yield path.name, path.stem.replace("_", "-"), path.read_text()


def chapters():
    """The title of each chapter of the guide, and its commands."""
    guide = source.read(source.ROOT, "doc/guide.md")
    for part in re.split(r"^## (?=\d)", guide, flags=re.M)[1:]:
        title = part.partition("\n")[0]
        commands = [m.group(3) for m in FENCE.finditer(part)
                    if m.group(1) == "sh"]
        if not commands:
            sys.exit(f"doc/guide.md: no command in chapter {title}")
        yield title, "".join(commands)


def run(command, **options):
    done = subprocess.run(command, stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT, text=True, **options)
    if done.returncode != 0:
        print(" ".join(str(c) for c in command))
        print(done.stdout)
        sys.exit(f"ended with {done.returncode}")
    return done.stdout


class Tree:
    """What `meson install` made, and how to use it where it is."""

    def __init__(self, build, folder):
        run(["meson", "install", "-C", build, "--no-rebuild", "--quiet",
             "--destdir", folder])
        self.pc, = pathlib.Path(folder).rglob("sfi.pc")
        self.static = not list(self.pc.parent.parent.glob("libsfi.so*"))
        self.lib = self.pc.parent.parent
        prefix, = re.findall(r"^prefix=/(.*)$", self.pc.read_text(), re.M)
        self.prefix = folder / prefix
        self.bin = self.prefix / "bin"
        self.env = dict(
            os.environ,
            PKG_CONFIG_PATH=str(self.pc.parent),
            PKG_CONFIG_SYSROOT_DIR=str(folder),
            LD_LIBRARY_PATH=str(self.lib),
            PATH=f"{self.bin}:{os.environ['PATH']}",
            LIBSFI=str(source.ROOT),
        )

    def pkg_config(self, *args):
        return run(["pkg-config", *args], env=self.env).split()

    def compile(self, cc, text, out, *packages):
        code = out.with_suffix(".c")
        code.write_text(text)
        run(cc + WARNINGS + [code, "-o", out] +
            self.pkg_config(*["--static"] * self.static, "--cflags",
                            "--libs", *packages), env=self.env)


def check_versions(tree):
    """The headers, the library and pkg-config are of one release."""
    version = tree.pkg_config("--modversion", "sfi")
    text = (tree.prefix / "include/sfi/version.h").read_text()
    number = int(re.search(r"SFI_VERSION_NUMBER (\w+?)u", text).group(1), 16)
    parts = [str(number >> s & 0xff) for s in (24, 16, 8)]
    if version != [".".join(parts)]:
        sys.exit(f"sfi.pc says {version}, version.h {parts}")


def compile_all(tree, cc, work):
    """The names of the programs, which the guide compiles and runs."""
    names = []
    script = "".join(text for _, text in chapters())
    for document, name, text in examples():
        if name is None or name in names:
            sys.exit(f"{document}: a C block has no name of its own")
        if document in DOCUMENTS and \
                not text.startswith(f"/* {name}.c */\n"):
            sys.exit(f"{document}: {name} does not begin with its file's name")
        names.append(name)
        tree.compile(cc, text, work / name, "sfi")
        for needed in rf"^cc .* -o {name} ", rf"\./{name}\b":
            if not re.search(needed, script, re.M):
                sys.exit(f"doc/guide.md has no command like {needed}")
    return names


def processes_in(folder):
    """Whoever works there."""
    for path in pathlib.Path("/proc").glob("[0-9]*/cwd"):
        try:
            if path.readlink() == folder:
                yield path.parent.name, \
                    (path.parent / "cmdline").read_bytes().split(b"\0")
        except OSError:
            pass


def follow(tree, folder, commands):
    """As a reader does, who has copied the programs into files."""
    folder.mkdir()
    for _, name, text in blocks("c"):
        (folder / f"{name}.c").write_text(text)
    print(run(["bash", "-euxo", "pipefail", "-c", commands], cwd=folder,
              env=tree.env, timeout=120))
    end = time.monotonic() + 20  # one that was told to end may still do so
    while (left := list(processes_in(folder))) and time.monotonic() < end:
        time.sleep(0.02)
    if left:
        sys.exit(f"doc/guide.md: these processes are left: {left}")


def main(build, cc):
    with tempfile.TemporaryDirectory(prefix="sfi-install-") as folder:
        work = pathlib.Path(folder)
        tree = Tree(build, work / "tree")
        check_versions(tree)
        names = compile_all(tree, cc, work)
        if (tree.bin / "sfi-sim").exists() and (tree.bin / "sfi-hsm").exists():
            parts = list(chapters())
            follow(tree, work / "all", "".join(text for _, text in parts))
            for number, (title, text) in enumerate(parts, 1):
                print(f"== alone: {title}")
                follow(tree, work / str(number), text)
        print(f"{len(names)} examples compiled: {', '.join(names)}")
    return 0


if __name__ == "__main__":
    if len(sys.argv) < 3:
        sys.exit(__doc__)
    sys.exit(main(sys.argv[1], sys.argv[2:]))
