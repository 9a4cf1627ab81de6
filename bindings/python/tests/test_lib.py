# SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later
# Copyright The libsfi authors
"""Finding and loading the libraries: each in a process of its own."""
from __future__ import annotations

import os
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile
import unittest

import kit
from kit import CC, PACKAGE, have

from sfi import _abi, _lib

LIBS = pathlib.Path(os.environ.get("LIBSFI_PATH", "/nowhere"))

SHOW = """
import sys
import sfi
from sfi import _lib
try:
    print(_lib.sfi().name, sfi.version())
    print(_lib.sim().name)
except ImportError as error:
    print(type(error).__name__ + ":", error)
"""


@unittest.skipUnless(LIBS.is_dir(), "LIBSFI_PATH is not a folder")
class Find(unittest.TestCase):
    def setUp(self) -> None:
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="sfi-"))
        self.addCleanup(shutil.rmtree, self.folder)

    def show(self, where: object, code: str = SHOW) -> str:
        env = {"LIBSFI_PATH": None if where is None else str(where)}
        return kit.python(code, env=env).stdout

    def test_folder(self) -> None:
        lines = self.show(LIBS).splitlines()
        self.assertEqual(lines[0].split()[0], str(LIBS / "libsfi.so.1"))
        self.assertEqual(lines[1], str(LIBS / "libsfi-sim.so.1"))

    def test_file_and_the_other_library_beside_it(self) -> None:
        lines = self.show(LIBS / "libsfi.so").splitlines()
        self.assertEqual(lines[0].split()[0], str(LIBS / "libsfi.so"))
        self.assertEqual(lines[1], str(LIBS / "libsfi-sim.so.1"))

    def test_folder_without_libraries(self) -> None:
        text = self.show(self.folder)
        self.assertIn("LibraryNotFound: libsfi was not found", text)
        self.assertIn(str(self.folder), text)

    def test_file_that_is_not_there(self) -> None:
        text = self.show(self.folder / "libsfi.so")
        self.assertIn("LibraryNotFound", text)

    def test_file_that_is_no_library(self) -> None:
        path = self.folder / "libsfi.so.1"
        path.write_bytes(b"not a library")
        self.assertIn("LibraryMismatch", self.show(path))

    def test_another_library(self) -> None:
        libc = re.search(r"\S+/libc\.so\.6\b",
                         pathlib.Path("/proc/self/maps").read_text())
        if libc is None:
            self.skipTest("no libc.so.6")
        self.assertIn("is not libsfi", self.show(libc.group(0)))

    def test_import_loads_nothing(self) -> None:
        text = self.show(self.folder, """
import sfi
print(sfi.Status.OK, sfi.InputError("x"))
try:
    sfi.Context()
except sfi.LibraryNotFound:
    print("now")
""")
        self.assertIn("now", text)

    def test_in_the_package(self) -> None:
        package = self.folder / "sfi"
        shutil.copytree(PACKAGE / "sfi", package)
        (package / "_bundled").mkdir()
        for name in ("libsfi.so.1", "libsfi-sim.so.1"):
            os.symlink((LIBS / name).resolve(), package / "_bundled" / name)
        first = f"import sys; sys.path.insert(0, {str(self.folder)!r})"
        done = kit.python(first + SHOW, env={"LIBSFI_PATH": None})
        for line in done.stdout.splitlines():
            self.assertIn("_bundled", line)

    def test_import_is_quick(self) -> None:
        text = self.show(LIBS, """
import time
began = time.perf_counter()
import sfi
sfi.version()
print(time.perf_counter() - began)
""")
        self.assertLess(float(text), 2.0)


@unittest.skipUnless(have(CC) and sys.platform == "linux", "no C compiler")
class Others(unittest.TestCase):
    """Libraries of other versions, as far as it takes to ask them."""

    def setUp(self) -> None:
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="sfi-"))
        self.addCleanup(shutil.rmtree, self.folder)

    def make(self, stem: str, source: str) -> None:
        path = self.folder / f"{stem}.c"
        path.write_text("#include <stddef.h>\n#include <stdint.h>\n" + source)
        subprocess.run([*CC, "-w", "-shared", "-fPIC", "-o",
                        str(self.folder / f"lib{stem}.so.1"), str(path)],
                       check=True)

    def show(self, code: str = SHOW) -> str:
        return kit.python(code, env={"LIBSFI_PATH": str(self.folder)}).stdout

    def sfi(self, version: str, more: str = "") -> None:
        self.make("sfi", f"""
uint32_t sfi_version(void) {{ return {version}; }}
const char *sfi_version_str(void) {{ return "x"; }}
int sfi_ctx_new(const void *o, void **out) {{ *out = "ctx"; return 0; }}
void sfi_ctx_free(void *ctx) {{ }}
{more}""")

    def test_another_major_version(self) -> None:
        self.sfi("0x02000000u")
        text = self.show()
        self.assertIn("LibraryMismatch", text)
        self.assertIn("is libsfi 2.0.0, and this package is for libsfi 1",
                      text)

    def test_an_older_one_lacks_functions(self) -> None:
        self.sfi("0x01000000u")
        text = self.show("""
import sfi
from sfi import _lib
print(len(_lib.sfi().missing()) > 100)
with sfi.Context(log=None):
    try:
        sfi.Key.generate()
    except sfi.Unsupported as error:
        print(error.status.name, error)
""")
        self.assertEqual(text.splitlines()[0], "True")
        self.assertIn("UNSUPPORTED", text)
        self.assertIn("is too old: it has no sfi_key_", text)

    def test_a_simulator_of_another_version(self) -> None:
        if "sfi_sim_version" not in _abi.SIM_PROTOTYPES:
            self.skipTest("libsfi-sim does not tell its version")
        self.sfi("0x01000000u")
        self.make("sfi-sim", """
uint32_t sfi_sim_version(void) { return 0x01020000u; }
int sfi_sim_open(void *ctx, const char *dir, void **out) { return 0; }
""")
        text = self.show()
        self.assertIn("LibraryMismatch", text)
        self.assertIn("version 1.2.0", text)

    def test_a_simulator_that_is_none(self) -> None:
        self.sfi("0x01000000u")
        self.make("sfi-sim", "int x;\n")
        self.assertIn("is not libsfi-sim", self.show())


NEXT = pathlib.Path(os.environ.get("SFI_TEST_NEXT", "/nowhere"))


@unittest.skipUnless(NEXT.is_dir(), "no headers of a later libsfi")
class Newer(unittest.TestCase):
    """This package as it will be when every struct has one member more, with
    the libsfi of today.  The other way round is the whole suite, in a build
    with -Dtest-abi=next."""

    def test_every_kind_of_struct(self) -> None:
        folder = pathlib.Path(tempfile.mkdtemp(prefix="sfi-"))
        self.addCleanup(shutil.rmtree, folder)
        shutil.copytree(PACKAGE / "sfi", folder / "sfi")
        subprocess.run(
            [sys.executable, str(PACKAGE / "make_abi.py"), "--include",
             str(NEXT), "--output", str(folder / "sfi" / "_abi.py")],
            check=True)
        done = kit.python(f"""
import sys
sys.path.insert(0, {str(folder)!r})
import ctypes
import sfi
from sfi import _abi
sys.path.insert(1, {str(PACKAGE / "tests")!r})
data = {str(kit.DATA)!r}
print(_abi.sfi_finding._fields_[-1][0], sfi.__file__)
key = sfi.Key.generate()
fw = sfi.Firmware.load(data + "/blink-stm32h753xi.hex")
ob = sfi.OptionBytes.load(data + "/ob-stm32h753xi.csv", "stm32h753xi")
print(ob.fields["RDP"].value)
b = sfi.ImageBuilder("stm32h753xi", key, b"abcdefghijkl")
b.add_firmware(fw)
b.set_option_bytes(ob)
print(len(b.check()) > 0)
image = b.to_bytes()
print(len(list(sfi.read_image(image, key, b"abcdefghijkl"))) > 10)
print(len(b.layout()), b.layout()[0].size, len(b.layout().to_svg()) > 1000)
print(sfi.describe(data + "/kept/image.sfi")["kind"])
print(len(fw.select(only=[(0x08000000, 0x08000010)])[0].data))
""")
        lines = done.stdout.splitlines()
        self.assertIn(str(folder), lines[0])
        self.assertNotEqual(lines[0].split()[0],
                            _abi.sfi_finding._fields_[-1][0])
        self.assertEqual(lines[1:4], ["170", "True", "True"])
        self.assertEqual(lines[5:], ["image", "17"])


class Names(unittest.TestCase):
    def test_unknown_functions(self) -> None:
        with self.assertRaises(AttributeError):
            _lib.sfi().sfi_no_such_function

    def test_words(self) -> None:
        self.assertEqual(_lib.words(0x01020300), "1.2.3")

    def test_files_of_each_system(self) -> None:
        from unittest import mock
        for system, name in (("linux", "libsfi.so.1"),
                             ("darwin", "libsfi.1.dylib"),
                             ("win32", "libsfi-1.dll")):
            with mock.patch.object(sys, "platform", system):
                self.assertEqual(_lib.file_names("sfi")[0], name)


if __name__ == "__main__":
    kit.main()
