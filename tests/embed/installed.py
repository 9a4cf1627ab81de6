# SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later
# Copyright The libsfi authors
"""An installed tree in a temporary folder, and programs that are built on it."""

import os
import pathlib
import re
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parents[2]
HERE = ROOT / "tests/embed"
SKIPPED = 77


def run(command, **options):
    """What a command that must succeed prints."""
    done = subprocess.run([str(c) for c in command], stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT, text=True, **options)
    if done.returncode != 0:
        print(" ".join(str(c) for c in command))
        print(done.stdout)
        sys.exit(f"ended with {done.returncode}")
    return done.stdout


class Installed:
    def __init__(self, build, folder):
        run(["meson", "install", "-C", build, "--no-rebuild", "--quiet",
             "--destdir", folder])
        self.pc, = folder.rglob("sfi.pc")
        self.lib = self.pc.parent.parent
        prefix, = re.findall(r"^prefix=/(.*)$", self.pc.read_text(), re.M)
        self.prefix = folder / prefix
        self.env = dict(os.environ, SFI_TEST_SOURCE=str(ROOT),
                        PKG_CONFIG_PATH=str(self.pc.parent))

    @property
    def shared(self):
        return self.has("libsfi.so")

    def has(self, name):
        return (self.lib / name).exists()

    def pkg_config(self, *args):
        return run(["pkg-config", f"--define-variable=prefix={self.prefix}",
                    *args], env=self.env).split()


def needed(binary):
    """The shared libraries that a program or a library names."""
    return re.findall(r"\(NEEDED\).*\[(.*)\]", run(["readelf", "-d", binary]))
