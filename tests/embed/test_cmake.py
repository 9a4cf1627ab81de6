#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later
# Copyright The libsfi authors
"""Projects of CMake that use libsfi: each of tests/embed/consumer's ways.

    test_cmake.py package|superbuild|pkg-config BUILD
"""

import pathlib
import shutil
import sys
import tempfile

import installed
from installed import HERE, ROOT, run

CONSUMER = HERE / "consumer"


def cmake(source, build, tree, *options):
    """Configure and build, with the compiler that CC names."""
    text = run(["cmake", "-S", source, "-B", build, *options], env=tree.env)
    return text + run(["cmake", "--build", build], env=tree.env)


def run_app(tree, app, shared):
    """It works, and uses libsfi.so or not."""
    of = [lib for lib in installed.needed(app) if "sfi" in lib]
    if bool(of) != shared:
        sys.exit(f"{app} needs {of}")
    print(run([app, app.parent / "key.bin"], env=tree.env), end="")
    story = app.with_name("story")
    if story.exists():
        run([story], env=tree.env)
        print("the story", "shared" if shared else "static")


def check_refusals(tree, work):
    """What is not there is refused, with the reason."""
    source = work / "refused"
    source.mkdir()
    for text, want in (
            ("find_package(sfi 2.0)", "version: 1.0.0"),
            ("find_package(sfi 1.0 COMPONENTS moon)", "moon is not installed"),
            ("set(sfi_USE_STATIC_LIBS ON)\nfind_package(sfi 1.0)\n"
             "if(NOT TARGET sfi::sfi)\nmessage(${sfi_NOT_FOUND_MESSAGE})\n"
             "endif()", "" if tree.has("libsfi.a") else "is not installed")):
        (source / "CMakeLists.txt").write_text(
            "cmake_minimum_required(VERSION 3.16)\nproject(p C)\n" + text)
        out = run(["cmake", "-S", source, "-B", source / "build",
                   f"-DCMAKE_PREFIX_PATH={tree.prefix}"], env=tree.env)
        if want not in " ".join(out.split()):
            sys.exit(f"{text}: {want} is missing in:\n{out}")


def package(tree, work):
    prefix = f"-DCMAKE_PREFIX_PATH={tree.prefix}"
    kinds = [(True, tree.has("libsfi.so")), (False, tree.has("libsfi.a"))]
    for shared, there in kinds:
        if there:
            build = work / f"package-{shared}"
            cmake(CONSUMER, build, tree, prefix,
                  f"-Dsfi_USE_STATIC_LIBS={'OFF' if shared else 'ON'}")
            run_app(tree, build / "app", shared)
    # what was installed may be moved
    shared = tree.shared
    moved = work / "moved"
    shutil.move(tree.prefix, moved)
    build = work / "package-moved"
    cmake(CONSUMER, build, tree, f"-DCMAKE_PREFIX_PATH={moved}")
    run_app(tree, build / "app", shared)
    shutil.move(moved, tree.prefix)
    check_refusals(tree, work)


def superbuild(tree, work):
    build = work / "superbuild"
    cmake(CONSUMER / "superbuild", build, tree, f"-DLIBSFI={ROOT}")
    run_app(tree, build / "app-prefix/src/app-build/app", False)


def pkg_config(tree, work):
    build = work / "pkg-config"
    # the tree is not where it will be: its .pc file says the prefix
    pc = work / "sfi.pc"
    pc.write_text(tree.pc.read_text().replace("prefix=/", f"prefix={work}/tree/",
                                              1))
    tree.env["PKG_CONFIG_PATH"] = str(work)
    tree.env["LD_LIBRARY_PATH"] = str(tree.lib)
    cmake(CONSUMER, build, tree, "-DWITH_PKG_CONFIG=ON")
    run_app(tree, build / "app", tree.shared)


WAYS = {"package": package, "superbuild": superbuild, "pkg-config": pkg_config}


def main(way, build):
    if not shutil.which("cmake"):
        print("no cmake")
        return installed.SKIPPED
    with tempfile.TemporaryDirectory(prefix="sfi-cmake-") as folder:
        work = pathlib.Path(folder)
        WAYS[way](installed.Installed(build, work / "tree"), work)
    return 0


if __name__ == "__main__":
    if len(sys.argv) != 3 or sys.argv[1] not in WAYS:
        sys.exit(__doc__)
    sys.exit(main(*sys.argv[1:]))
