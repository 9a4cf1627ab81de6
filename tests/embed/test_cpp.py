#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later
# Copyright The libsfi authors
"""<sfi/sfi.hpp> and examples/cpp with each C++ compiler of the machine.

    test_cpp.py BUILD
"""

import pathlib
import re
import shutil
import subprocess
import sys
import tempfile
import time

import installed
from installed import HERE, ROOT, run

COMPILERS = ("g++", "clang++")
STANDARDS = ("c++17", "c++20")
WARNINGS = ["-Wall", "-Wextra", "-Wpedantic", "-Wconversion",
            "-Wsign-conversion", "-Wshadow", "-Wold-style-cast", "-Werror"]
PIN = "a PIN that is in no dictionary"


def compile_cpp(tree, compiler, standard, source, out, package="sfi"):
    links = tree.pkg_config(*[] if tree.shared else ["--static"], "--cflags",
                            "--libs", package)
    run([compiler, f"-std={standard}", *WARNINGS, source, "-o", out, *links])


def check_layer(tree, work, compiler, standard):
    folder = work / f"{compiler}-{standard}"
    folder.mkdir()
    compile_cpp(tree, compiler, standard, HERE / "test_cpp.cpp",
                folder / "test_cpp", "sfi-sim")
    print(compiler, standard, run([folder / "test_cpp", ROOT / "tests/data"],
                                  cwd=folder, env=tree.env), end="")


def check_guide(tree, work, compiler):
    """The C++ of the guide compiles."""
    guide = (ROOT / "doc/guide.md").read_text(encoding="utf-8")
    pieces = re.findall(r"^```cpp\n(.*?)^```$", guide, re.M | re.S)
    for i, text in enumerate(pieces):
        source = work / f"guide-{i}.cpp"
        source.write_text("#include <sfi/sfi.hpp>\n"
                          f"void f(const char *pin) {{\n{text}}}\n"
                          "int main() { return 0; }\n")
        compile_cpp(tree, compiler, "c++17", source, work / f"guide-{i}")
    if not pieces:
        sys.exit("doc/guide.md has no C++")


def prepare_station(tree, folder):
    """An image, a chip and an HSM, by the programs."""
    def do(command):
        run(["sh", "-euc", command], cwd=folder, env=tree.env)

    data = ROOT / "tests/data"
    (folder / "pin").write_text(PIN + "\n")
    (folder / "pin").chmod(0o600)
    do("sfi-sim manufacture --ca ca --chip stm32h753xi --state chip")
    do("sfi-create --genkey key.bin --gennonce nonce.bin")
    do(f"sfi-create -sfi -fir {data}/blink-stm32h753xi.elf -k key.bin"
       f" -n nonce.bin -ob {data}/ob-stm32h753xi.csv -v 1 -devid 0x450"
       " -o blink.sfi")
    do("sfi-hsm -i vault:line.vault -k key.bin -n nonce.bin -id cpp -mc 2"
       " -pd ca/45002001_SFI_*.pd --pin-file pin --yes")


def check_example(tree, work, compiler):
    """The station installs on a virtual chip, and says what is wrong."""
    folder = work / "station"
    folder.mkdir()
    prepare_station(tree, folder)
    compile_cpp(tree, compiler, "c++17", ROOT / "examples/cpp/station.cpp",
                folder / "station")
    with subprocess.Popen(["sfi-sim", "run", "--state", "chip", "--usart",
                           "chip.tty"], cwd=folder, env=tree.env) as sim:
        try:
            while not (folder / "chip.tty").exists():
                time.sleep(0.05)
            command = ["./station", "blink.sfi", "serial:chip.tty",
                       "vault:line.vault", "pin"]
            out = run(command, cwd=folder, env=tree.env)
            if "1 left" not in out or "done" not in out:
                sys.exit(f"the station said:\n{out}")
        finally:
            sim.terminate()
    command[1] = "no.sfi"
    done = subprocess.run(command, cwd=folder, env=tree.env, text=True,
                          capture_output=True)
    if done.returncode != 1 or "no.sfi: " not in done.stderr:
        sys.exit(f"without an image: {done.returncode}, {done.stderr}")
    print("the station installs")


def main(build):
    compilers = [c for c in COMPILERS if shutil.which(c)]
    if not compilers:
        print("no C++ compiler")
        return installed.SKIPPED
    with tempfile.TemporaryDirectory(prefix="sfi-cpp-") as folder:
        work = pathlib.Path(folder)
        tree = installed.Installed(build, work / "tree")
        tree.env["LD_LIBRARY_PATH"] = str(tree.lib)
        tree.env["PATH"] = f"{tree.prefix}/bin:{tree.env['PATH']}"
        for compiler in compilers:
            for standard in STANDARDS:
                check_layer(tree, work, compiler, standard)
        check_guide(tree, work, compilers[0])
        if (tree.prefix / "bin/sfi-sim").exists():
            check_example(tree, work, compilers[0])
    return 0


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    sys.exit(main(sys.argv[1]))
