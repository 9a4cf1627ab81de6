#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later
# Copyright The libsfi authors
"""libsfi as a subproject of meson, shared and static: tests/embed/consumer.

The compiler is that of CC.
"""

import os
import pathlib
import shutil
import sys
import tempfile

import installed
from installed import HERE, ROOT, run

# What takes long to compile; all else is as a vendor finds it.
ABSENT = ["pgsql", "pcsc", "pkcs11", "server", "usb"]


def consumer(folder):
    """The project, with libsfi where its subprojects are."""
    for path in [*(HERE / "consumer").glob("*.*"), *HERE.glob("story.*")]:
        shutil.copy(path, folder)
    (folder / "subprojects").mkdir()
    (folder / "subprojects/libsfi").symlink_to(ROOT)


def check(folder, library, options):
    """It builds and runs; programs, tests and Python are left out unless they
    are asked for."""
    build = folder / library
    run(["meson", "setup", build, folder, f"-Ddefault_library={library}",
         "-Doptimization=0", "--werror", *options])
    names = run(["ninja", "-C", build, "-t", "targets", "all"])
    for name in ("sfi-create", "test_gcm"):
        if name in names:
            sys.exit(f"{library}: a subproject builds {name}")
    run(["ninja", "-C", build])
    of = [lib for lib in installed.needed(build / "app") if "sfi" in lib]
    if of != (["libsfi.so.1"] if library == "shared" else []):
        sys.exit(f"{library}: the program needs {of}")
    print(library, run([build / "app", build / "key.bin"]), end="")
    if library == "shared":
        run([build / "story"], env=dict(os.environ, SFI_TEST_SOURCE=str(ROOT)))


def main():
    with tempfile.TemporaryDirectory(prefix="sfi-subproject-") as name:
        folder = pathlib.Path(name)
        consumer(folder)
        check(folder, "shared", [f"-Dlibsfi:{name}=disabled" for name in
                                 ABSENT])
        check(folder, "static", ["-Dauto_features=disabled"])


if __name__ == "__main__":
    main()
