# SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later
# Copyright The libsfi authors
"""The package's types and style, as far as the tools are installed."""
from __future__ import annotations

import ast
import os
import pathlib
import shutil
import subprocess
import tempfile
import unittest
from typing import Iterator, List

import kit
from kit import PACKAGE


def sources() -> Iterator[pathlib.Path]:
    for folder in ("sfi", "tests", "examples", "."):
        yield from sorted((PACKAGE / folder).glob("*.py"))


def run(*command: str) -> "subprocess.CompletedProcess[str]":
    env = {k: v for k, v in os.environ.items() if k != "PYTHONPATH"}
    return subprocess.run(command, cwd=PACKAGE, stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT, text=True, env=env)


class Lint(unittest.TestCase):
    @unittest.skipUnless(shutil.which("mypy"), "no mypy")
    def test_types(self) -> None:
        with tempfile.TemporaryDirectory() as cache:
            done = run("mypy", "--strict", f"--cache-dir={cache}",
                       "--python-version", "3.9", "sfi", "make_abi.py")
        self.assertEqual(done.returncode, 0, done.stdout)

    @unittest.skipUnless(shutil.which("flake8"), "no flake8")
    def test_style(self) -> None:
        done = run("flake8", "sfi", "tests", "examples", "make_abi.py")
        self.assertEqual(done.returncode, 0, done.stdout)

    def test_python_3_9(self) -> None:
        for path in sources():
            ast.parse(path.read_text("utf-8"), str(path),
                      feature_version=(3, 9))

    def test_annotations_are_not_evaluated(self) -> None:
        """So that they may use the syntax of later versions."""
        for path in sources():
            self.assertIn("from __future__ import annotations",
                          path.read_text("utf-8"), path)

    def test_only_the_standard_library(self) -> None:
        import sys
        names = getattr(sys, "stdlib_module_names", None)
        if names is None:
            self.skipTest("this Python does not tell")
        for path in sorted((PACKAGE / "sfi").glob("*.py")):
            for node in ast.walk(ast.parse(path.read_text("utf-8"))):
                modules: List[str] = []
                if isinstance(node, ast.Import):
                    modules = [alias.name for alias in node.names]
                elif isinstance(node, ast.ImportFrom) and not node.level:
                    modules = [node.module or ""]
                for module in modules:
                    self.assertIn(module.split(".")[0], names, path)


if __name__ == "__main__":
    kit.main()
