# SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later
# Copyright The libsfi authors
"""What the tests of the package share."""
from __future__ import annotations

import gc
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile
import unittest
from typing import Any, Dict, List, Optional, Type

TESTS = pathlib.Path(__file__).resolve().parent
PACKAGE = TESTS.parent
SOURCE = PACKAGE.parent.parent
DATA = SOURCE / "tests" / "data"
INCLUDE = SOURCE / "include"

sys.path.insert(0, str(PACKAGE))

import sfi  # noqa: E402

#: The compilers that the build used, with arguments; empty: none.
CC = os.environ.get("SFI_TEST_CC", "cc").split()
CXX = os.environ.get("SFI_TEST_CXX", "c++").split()


def have(command: List[str]) -> bool:
    """Whether a compiler can be run."""
    return bool(command) and shutil.which(command[0]) is not None


class Case(unittest.TestCase):
    """A test with a folder of its own, in a context of its own."""

    def setUp(self) -> None:
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="sfi-"))
        self.addCleanup(shutil.rmtree, self.folder, ignore_errors=True)
        self.lines: List[str] = []
        context = sfi.Context(log=lambda level, line: self.lines.append(line))
        context.__enter__()
        self.ctx = context
        self.addCleanup(self.leave)

    def leave(self) -> None:
        self.ctx.__exit__(None, None, None)
        del self.ctx
        gc.collect()

    def path(self, name: str, content: Optional[bytes] = None) -> pathlib.Path:
        """A file in the test's folder, with some content."""
        path = self.folder / name
        if content is not None:
            path.write_bytes(content)
        return path

    def assert_fails(self, kind: Type[sfi.Error], status: sfi.Status,
                     function: Any, *args: Any, **kw: Any) -> sfi.Error:
        """Call what must fail with this class and status."""
        with self.assertRaises(kind) as caught:
            function(*args, **kw)
        self.assertEqual(caught.exception.status, status)
        return caught.exception


def python(code: str, *args: str, check: bool = True,
           env: Optional[Dict[str, Optional[str]]] = None
           ) -> "subprocess.CompletedProcess[str]":
    """Run a Python program in a process of its own."""
    whole = dict(os.environ, PYTHONPATH=str(PACKAGE))
    for name, value in (env or {}).items():
        if value is None:
            whole.pop(name, None)
        else:
            whole[name] = value
    return subprocess.run(
        [sys.executable, "-X", "dev", "-c", code, *args], env=whole,
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        check=check, timeout=120)


def main() -> None:
    """Run the tests of the calling module, as unittest.main() does."""
    unittest.main()
