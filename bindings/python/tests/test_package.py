# SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later
# Copyright The libsfi authors
"""The package as pip and meson install it."""
from __future__ import annotations

import importlib.util
import os
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile
import unittest

import kit
from kit import PACKAGE, SOURCE, sfi

USE = """
import sfi, sys
assert sfi.__file__.startswith(sys.argv[1]), sfi.__file__
print(sfi.version(), len(sfi.Firmware.parse(b"12", "bin", 0)))
"""


class Package(unittest.TestCase):
    def setUp(self) -> None:
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="sfi-"))
        self.addCleanup(shutil.rmtree, self.folder)

    def use(self, folder: pathlib.Path) -> None:
        done = subprocess.run(
            [sys.executable, "-c", USE, str(folder)], cwd=self.folder,
            env=dict(os.environ, PYTHONPATH=str(folder)),
            stdout=subprocess.PIPE, text=True, check=True)
        self.assertEqual(done.stdout.split()[1], "1")

    @unittest.skipUnless(importlib.util.find_spec("pip")
                         and importlib.util.find_spec("setuptools")
                         and importlib.util.find_spec("wheel"),
                         "no pip, setuptools or wheel")
    def test_pip(self) -> None:
        source = self.folder / "source"
        shutil.copytree(PACKAGE, source, ignore=shutil.ignore_patterns(
            "__pycache__", "build", "*.egg-info"))
        target = self.folder / "site"
        done = subprocess.run(
            [sys.executable, "-m", "pip", "install", "--no-index",
             "--no-build-isolation", "--no-deps", "--target", str(target),
             str(source)], stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
            text=True)
        self.assertEqual(done.returncode, 0, done.stdout)
        self.assertTrue((target / "sfi" / "py.typed").exists())
        self.assertEqual(
            sorted(p.name for p in (target / "sfi").glob("*.py")),
            sorted(p.name for p in (PACKAGE / "sfi").glob("*.py")))
        self.use(target)

    @unittest.skipUnless(importlib.util.find_spec("ensurepip")
                         and importlib.util.find_spec("setuptools")
                         and importlib.util.find_spec("wheel"),
                         "no venv, setuptools or wheel")
    def test_virtual_environment(self) -> None:
        """As doc/guide.md says, where pip is refused outside of one."""
        source, made = self.folder / "source", self.folder / "py"
        shutil.copytree(PACKAGE, source, ignore=shutil.ignore_patterns(
            "__pycache__", "build", "*.egg-info"))
        for command in (
                [sys.executable, "-m", "venv", "--system-site-packages",
                 "--without-pip", str(made)],
                [str(made / "bin/python"), "-m", "pip", "install",
                 "--no-index", "--no-build-isolation", str(source)]):
            done = subprocess.run(command, stdout=subprocess.PIPE,
                                  stderr=subprocess.STDOUT, text=True)
            self.assertEqual(done.returncode, 0, done.stdout)
        done = subprocess.run(
            [str(made / "bin/python"), "-c", "import sfi; "
             "print(sfi.__file__)"], stdout=subprocess.PIPE, text=True,
            env={key: value for key, value in os.environ.items()
                 if key != "PYTHONPATH"})
        self.assertTrue(done.stdout.startswith(str(made)), done.stdout)

    def test_meson_installs_every_file(self) -> None:
        text = (PACKAGE / "meson.build").read_text("utf-8")
        self.assertEqual(
            sorted(re.findall(r"'sfi/([\w.]+)'", text)),
            sorted(p.name for p in (PACKAGE / "sfi").iterdir()
                   if p.suffix in (".py", ".pyi", ".typed")))

    def test_meson_runs_every_test(self) -> None:
        text = (PACKAGE / "meson.build").read_text("utf-8")
        listed = set(re.findall(r"^ +'(\w+)',$", text, re.M))
        there = {p.stem[len("test_"):]
                 for p in (PACKAGE / "tests").glob("test_*.py")}
        self.assertEqual(there - listed, set())

    def test_one_version(self) -> None:
        project = (SOURCE / "meson.build").read_text("utf-8")
        found = re.search(r"version: '([\d.]+)'", project)
        assert found is not None
        self.assertEqual(sfi.__version__, found.group(1))
        self.assertIn(f'version = "{found.group(1)}"',
                      (PACKAGE / "pyproject.toml").read_text("utf-8"))


if __name__ == "__main__":
    kit.main()
