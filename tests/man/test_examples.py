#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later
# Copyright The libsfi authors
"""The examples of the programs' manual pages (doc/man/programs) do what they
say: each ```sh block is run, page by page, in one folder.

    test_examples.py FOLDER_OF_PROGRAMS

A serial port is that of a virtual chip.
"""

import os
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parents[2]
PAGES = ROOT / "doc/man/programs"
BLOCK = re.compile(r"^```sh\n(.*?)^```$", re.M | re.S)
# What one page makes another one needs.
ORDER = ["sfi-create", "sfi-sim", "sfi-hsm", "sfi-info", "sfi-program"]
LAST = ["sfi-served"]
CHIP = "sfi-sim run --state chip-1 --usart chip-1.tty --background"
MADE = ["blink.sfi", "blink-2.sfi", "new-ob.csv", "audit.log", "map.svg",
        "out.hex", "flash.bin", "site.vault", "certificates/chip-1.cert"]


def blocks(name):
    return BLOCK.findall((PAGES / f"{name}.md").read_text("utf-8"))


def run(folder, env, text):
    done = subprocess.run(["bash", "-e", "-u", "-c", text], cwd=folder, env=env,
                          stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT, text=True)
    if done.returncode:
        print(f"{text}\nended with {done.returncode}:\n{done.stdout}")
    return done.returncode == 0


def prepare(folder):
    data = ROOT / "tests/data"
    shutil.copy(data / "blink-stm32h753xi.elf", folder / "blink.elf")
    shutil.copy(data / "ob-stm32h753xi.csv", folder / "ob.csv")
    (folder / "pin").write_text("a PIN that is in no dictionary\n")
    (folder / "pin").chmod(0o600)


def main(programs):
    programs = pathlib.Path(programs).resolve()
    env = dict(os.environ, PATH=f"{programs}:{os.environ['PATH']}")
    ran = good = 0
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        prepare(folder)
        there = [n for n in LAST if (programs / n).exists()]
        for page in ORDER + there:
            if page == "sfi-program":
                good += run(folder, env, CHIP) - 1
            for text in blocks(page):
                ran += 1
                good += run(folder, env,
                            text.replace("/dev/ttyUSB0", "chip-1.tty"))
        run(folder, env, "sfi-sim ctl chip-1 end")
        missing = [n for n in MADE if not (folder / n).exists()]
        licences = list(folder.glob("licences/*.lic"))
    print(f"{good} of {ran} examples; not made: {missing or 'none'}; "
          f"{len(licences)} licences")
    return 0 if ran > 15 and good == ran and not missing and licences else 1


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
