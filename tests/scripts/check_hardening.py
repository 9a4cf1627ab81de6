#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later
# Copyright The libsfi authors
"""Libraries and programs are hardened: as their ELF files tell, read by
readelf.

    check_hardening.py [+WORD...] FILE...
    check_hardening.py --self-test COMPILER...

A WORD is a protection that the compiler of this build has and that leaves a
trace only where it had something to protect: +protector, +fortify, +clash,
+cet.  Of an archive each object is read.
"""

import pathlib
import re
import subprocess
import sys
import tempfile

# Functions of glibc whose dates are 32 bits wide on a 32-bit system.
NARROW = {"clock_gettime", "clock_nanosleep", "fstat", "fstat64", "futimens",
          "gmtime", "gmtime_r", "lstat", "lstat64", "mktime", "nanosleep",
          "ppoll", "pselect", "select", "stat", "stat64", "time", "timegm",
          "utimensat"}
CHECKED = re.compile(r"__\w+_chk$")


class Elf:
    """What readelf tells of a file, or of an archive's objects."""

    def __init__(self, path):
        self.archive = str(path).endswith(".a")
        run = subprocess.run(
            ["readelf", "-W", "-h", "-l", "-d", "-n", "-s", path],
            check=True, capture_output=True, text=True, env={"LC_ALL": "C"})
        self.text = run.stdout

    def imports(self):
        rows = (line.split() for line in self.text.splitlines())
        return {row[7].split("@")[0] for row in rows
                if len(row) > 7 and row[6] == "UND"}

    def objects(self):
        """(name, text) of each object of an archive."""
        parts = re.split(r"^File: (.*)\n", self.text, flags=re.M)[1:]
        return zip(parts[::2], parts[1::2])

    def is_narrow(self):
        return "Class:                             ELF32" in self.text


def linked_faults(elf):
    """Of a library or program, whatever it does."""
    text = elf.text
    if "GNU_RELRO" not in text:
        yield "its tables stay writable (-z relro)"
    if not re.search(r"\((BIND_NOW|FLAGS_1|FLAGS)\).*(\bBIND_NOW|\bNOW)", text):
        yield "its functions are found late (-z now)"
    if not re.search(r"GNU_STACK .* RW +0", text):
        yield "its stack is executable (-z noexecstack)"
    if re.search(r"Type: +EXEC", text):
        yield "it has a fixed address (-pie)"
    if "TEXTREL" in text:
        yield "its code is written when it is loaded"


def trace_faults(elf, words):
    """Of code that had something to protect."""
    names = elf.imports()
    if "+protector" in words and not names & {"__stack_chk_fail",
                                              "__stack_chk_fail_local"}:
        yield "no function protects its stack (-fstack-protector-strong)"
    if "+fortify" in words and not any(
            CHECKED.match(n) for n in names
            if not n.startswith("__stack_chk")):
        yield "no call of glibc is checked (_FORTIFY_SOURCE)"
    if elf.is_narrow():
        for name in sorted(names & NARROW):
            yield f"{name}: its dates end in 2038 (_TIME_BITS)"


def cet_faults(elf):
    for name, text in elf.objects():
        if not re.search(r"x86 feature: IBT, SHSTK", text):
            yield f"{name}: no note of -fcf-protection"


def clash_faults(path):
    """gcc writes its options into the debug information."""
    dump = subprocess.run(["readelf", "-W", "-p", ".debug_str", path],
                          check=True, capture_output=True, text=True).stdout
    options = [line for line in dump.splitlines() if " GNU C" in line]
    if any("-fstack-clash-protection" not in line for line in options):
        yield "large frames are not probed (-fstack-clash-protection)"
    if not options:
        yield "it does not tell how it was compiled"


def faults(path, words):
    elf = Elf(path)
    if elf.archive:
        found = list(cet_faults(elf)) if "+cet" in words else []
    else:
        found = list(linked_faults(elf)) + list(trace_faults(elf, words))
    if "+clash" in words:
        found += clash_faults(path)
    return [f"{path}: {f}" for f in found]


SAMPLE = """
#include <stdio.h>
#include <string.h>
int main(int argc, char **argv)
{
    char text[5000];
    strcpy(text, argv[argc - 1]);
    return puts(text);
}
"""
GOOD = ("-g -O2 -fPIE -pie -fstack-protector-strong -U_FORTIFY_SOURCE "
        "-D_FORTIFY_SOURCE=2 -Wl,-z,relro,-z,now").split()
# What else is given, and the words that the fault's line has.
BAD = [
    (["-Wl,-z,norelro"], "-z relro"),
    (["-Wl,-z,lazy"], "-z now"),
    (["-Wl,-z,execstack"], "-z noexecstack"),
    (["-fno-pie", "-no-pie"], "-pie"),
    (["-fno-stack-protector"], "-fstack-protector-strong"),
    (["-U_FORTIFY_SOURCE"], "_FORTIFY_SOURCE"),
]


def judged(compiler, folder, flags, words):
    program = pathlib.Path(folder) / "program"
    subprocess.run([*compiler, *GOOD, *flags, "-w", "-xc", "-", "-o", program],
                   input=SAMPLE, text=True, check=True)
    return faults(program, words)


def archive_judged(compiler, folder, flags, words):
    obj = pathlib.Path(folder) / "o.o"
    archive = pathlib.Path(folder) / "lib.a"
    archive.unlink(missing_ok=True)
    subprocess.run([*compiler, *GOOD, *flags, "-w", "-xc", "-", "-c", "-o",
                    obj], input=SAMPLE, text=True, check=True)
    subprocess.run(["ar", "rc", archive, obj], check=True)
    return faults(archive, words)


def self_test(words, compiler):
    wrong = []
    linked = set(words) & {"+protector", "+fortify"}
    with tempfile.TemporaryDirectory() as folder:
        if judged(compiler, folder, [], linked):
            wrong.append("a good program is refused")
        for flags, expected in BAD:
            found = judged(compiler, folder, flags, {"+protector", "+fortify"})
            if not any(expected in f for f in found):
                wrong.append(f"{flags} is not found: {found}")
        for word, flag in (("+cet", "-fcf-protection"),
                           ("+clash", "-fstack-clash-protection")):
            if word not in words:
                continue
            if archive_judged(compiler, folder, [flag], {word}):
                wrong.append(f"{flag} is refused")
            none = flag.replace("-f", "-fno-", 1) if word == "+clash" else \
                flag + "=none"
            if not archive_judged(compiler, folder, [none], {word}):
                wrong.append(f"{none} is not found")
    narrow = Elf.__new__(Elf)
    narrow.text = ("  Class:                             ELF32\n"
                   "     1: 00000000     0 FUNC    GLOBAL DEFAULT  UND "
                   "time@GLIBC_2.0 (2)\n")
    if list(trace_faults(narrow, [])) != [
            "time: its dates end in 2038 (_TIME_BITS)"]:
        wrong.append("32-bit dates are not found")
    return wrong


def main(args):
    test = args[:1] == ["--self-test"]
    args = args[1:] if test else args
    words = [a for a in args if a.startswith("+")]
    rest = [a for a in args if not a.startswith("+")]
    if not rest:
        sys.exit(__doc__)
    found = self_test(words, rest) if test else \
        [f for path in rest for f in faults(path, words)]
    for f in found:
        print(f)
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
