#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later
# Copyright The libsfi authors
"""libsfi takes from an ELF file what GNU objcopy and llvm-objcopy take.

    compare_elf.py SEGMENTS [LINKS [FIRST]]

One object is assembled; GNU ld and ld.lld link it in turn with random scripts
and options until LINKS (150) files are there: gaps, two banks, load addresses of
their own, NOLOAD sections, segments with the headers of the file, page sizes,
sections in any order.
SEGMENTS (segments.c) prints what libsfi reads from the result.
A peer that is not installed is a failure, unless SFI_ALLOW_SKIP is 1.
"""

import concurrent.futures
import os
import random
import struct
import subprocess
import sys
import tempfile

from compare import OBJCOPY, LINKER, SKIP, Missing, merge, run

LINKS = 150
LLD = "ld.lld"
LLVM_OBJCOPY = "llvm-objcopy-14"
ASSEMBLER = "arm-none-eabi-as"

INPUTS = 16  # sections of the object; every fourth has no contents
BANKS = [0x08000000, 0x08001000, 0x08020400, 0x08100000]
RAMS = [0x20000000, 0x24000000, 0x30000000]
PAGES = [4, 0x100, 0x1000, 0x10000]
FILE_MAX = 4 << 20  # one segment from flash to RAM is larger
# A warning: ld.lld with a page size of 4 may give a section no segment.
ALONE = "is in no segment; it is loaded at its own address"
SIZES = [1, 2, 3, 4, 7, 8, 31, 32, 33, 64, 100, 255, 256, 1000]


def assemble(folder):
    """The object, with sections of bytes that are never 0."""
    rng = random.Random("libsfi object")
    lines = []
    for i in range(INPUTS):
        size = SIZES[i % len(SIZES)]
        if i % 4 == 3:
            lines += [f'.section .in{i},"aw",%nobits', f".space {size}"]
            continue
        flags = rng.choice(["a", "ax", "aw"])
        lines.append(f'.section .in{i},"{flags}",%progbits')
        lines += [f".byte {rng.randint(1, 255)}" for _ in range(size)]
    source = os.path.join(folder, "in.s")
    with open(source, "w") as f:
        f.write("\n".join(lines) + "\n")
    run(ASSEMBLER, "-mcpu=cortex-m7", "-o", os.path.join(folder, "in.o"), source)


class Script:
    """A random linker script."""

    def __init__(self, rng):
        self.rng = rng
        self.inputs = rng.sample(range(INPUTS), rng.randint(1, INPUTS))
        self.load = rng.choice(BANKS)  # the next free load address
        self.phdrs = rng.random() < 0.3
        self.headers = self.phdrs and rng.random() < 0.5
        self.sections = []
        while self.inputs:
            self.add_section()
        if rng.random() < 0.3:
            rng.shuffle(self.sections)

    def add_section(self):
        rng = self.rng
        name = f".out{len(self.sections)}"
        parts, self.inputs = self.inputs[:2], self.inputs[2:]
        if rng.random() < 0.3:
            self.load += rng.choice([1, 2, 4, 30, 32, 1000, 0x2000])
        if rng.random() < 0.15:
            self.load = max(self.load, 0x08100000) + rng.choice([0, 0x400])
        kind = " (NOLOAD)" if rng.random() < 0.15 else ""
        where = f"{self.load:#x}"
        at = ""
        if rng.random() < 0.3:  # runs elsewhere
            where = f"{rng.choice(RAMS) + 0x2000 * len(self.sections):#x}"
            at = f" : AT({self.load:#x})"
        body = " ".join(f"*(.in{i})" for i in parts)
        size = sum(SIZES[i % len(SIZES)] for i in parts)
        if rng.random() < 0.2:
            gap = rng.randint(1, 40)
            body = f"{body} . += {gap}; BYTE(0x5a)"
            size += gap + 1
        fill = f" ={rng.choice(['0xff', '0', '0xa5'])}" \
            if rng.random() < 0.3 else ""
        phdr = f" :p{len(self.sections)}" if self.phdrs else ""
        self.sections.append(f"  {name} {where}{kind}{at or ' :'} "
                             f"{{ {body} }}{phdr}{fill}")
        self.load += size

    def text(self):
        lines = []
        if self.phdrs:
            lines.append("PHDRS {")
            for i in range(len(self.sections)):
                own = " FILEHDR PHDRS" if self.headers and i == 0 else ""
                lines.append(f"  p{i} PT_LOAD{own};")
            lines.append("}")
        return "\n".join(lines + ["SECTIONS {", *self.sections,
                                  "  /DISCARD/ : { *(.in*) }", "}"]) + "\n"


def options(rng, lld):
    page = rng.choice(PAGES)
    out = ["-z", f"max-page-size={page:#x}"]
    if rng.random() < 0.3:
        out += ["-z", f"common-page-size={min(page, 0x1000):#x}"]
    out += rng.choice([[], [], ["--nmagic"], ["--omagic"], ["-s"]])
    if lld:
        out += rng.choice([[], ["--no-rosegment"], ["-z", "noseparate-code"]])
    else:
        out += rng.choice([[], ["-z", "separate-code"]])
    return out


def link(folder, seed):
    """The linked file, or None: not each random script is one."""
    rng = random.Random(f"libsfi link {seed}")
    lld = seed % 2 == 1
    script = os.path.join(folder, f"{seed}.ld")
    out = os.path.join(folder, f"{seed}.elf")
    with open(script, "w") as f:
        f.write(Script(rng).text())
    command = [LLD if lld else LINKER, *options(rng, lld), "-e", "0", "-T",
               script, "-o", out, os.path.join(folder, "in.o")]
    done = subprocess.run(command, capture_output=True, text=True)
    if done.returncode != 0 or os.path.getsize(out) > FILE_MAX:
        return None
    return out


def read_hex(path):
    """The islands of an Intel HEX file."""
    pieces, base = [], 0
    with open(path) as f:
        for line in f:
            record = bytes.fromhex(line[1:])
            address, kind, data = record[1] << 8 | record[2], record[3], \
                record[4:-1]
            if kind == 4:
                base = int.from_bytes(data, "big") << 16
            elif kind == 2:
                raise SystemExit(f"{path}: below 1 MiB")
            elif kind == 0 and data:
                pieces.append((base + address, data))
    return merge(pieces)


def loads(elf):
    """offset, size in the file, size in memory of each PT_LOAD."""
    with open(elf, "rb") as f:
        data = f.read()
    at, = struct.unpack_from("<I", data, 28)
    size, count = struct.unpack_from("<HH", data, 42)
    rows = [struct.unpack_from("<8I", data, at + i * size)
            for i in range(count)]
    return [(row[1], row[4], row[5]) for row in rows if row[0] == 1 and row[4]]


def is_broken(elf):
    """ld.lld makes such segments from some scripts; libsfi refuses them."""
    return any(size > memory or offset + size > os.path.getsize(elf)
               for offset, size, memory in loads(elf))


def overlaps(elf):
    """Segments with the same bytes of the file: the peers disagree there, and
    GNU's goes by the address of the section."""
    rows = sorted(loads(elf))
    return any(a[0] + a[1] > b[0] for a, b in zip(rows, rows[1:]))


def copy(tool, elf, seed):
    """What a peer makes of it; None: llvm-objcopy refuses even a segment that
    has no bytes, if it begins past the end of the file."""
    out = f"{elf}.{os.path.basename(tool)}.hex"
    done = subprocess.run([tool, "-O", "ihex", elf, out], capture_output=True,
                          text=True)
    if "file size 0x0 goes past the end of the file" in done.stderr:
        return None
    if done.returncode != 0:
        raise SystemExit(f"link {seed}: {tool}: {done.stderr}")
    islands = read_hex(out)
    os.unlink(out)
    return islands


def ours(tool, elf, seed):
    done = subprocess.run([tool, elf], capture_output=True, text=True)
    if "no data" in done.stderr:
        return []
    if is_broken(elf) and done.returncode == 1:
        return None
    noise = [x for x in done.stderr.splitlines() if ALONE not in x]
    if done.returncode != 0 or noise:
        raise SystemExit(f"link {seed}: libsfi: {done.stderr}")
    lines = [line.split() for line in done.stdout.splitlines()]
    return [(int(address, 16), bytes.fromhex(data))
            for address, _, data in lines]


def compare(tool, folder, seed):
    """1: linked and compared; 0: does not link.  A difference ends the test."""
    elf = link(folder, seed)
    if elf is None:
        return 0
    got = ours(tool, elf, seed)
    if got is None:
        return 0
    for peer in [OBJCOPY] if overlaps(elf) else [OBJCOPY, LLVM_OBJCOPY]:
        want = copy(peer, elf, seed)
        if want is not None and got != want:
            show = [[(hex(a), len(d)) for a, d in i] for i in (got, want)]
            raise SystemExit(f"link {seed}: read {show[0]}, {peer} {show[1]}")
    os.unlink(elf)
    return 1


def main():
    tool = sys.argv[1]
    links = int(sys.argv[2]) if len(sys.argv) > 2 else LINKS
    first = int(sys.argv[3]) if len(sys.argv) > 3 else 0
    try:
        for peer in (ASSEMBLER, LINKER, LLD, OBJCOPY, LLVM_OBJCOPY):
            run(peer, "--version")
    except Missing as missing:
        print(f"{missing} is not installed: scripts/setup installs it")
        return SKIP if os.environ.get("SFI_ALLOW_SKIP") == "1" else 1
    with tempfile.TemporaryDirectory() as folder:
        assemble(folder)
        with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
            done = sum(pool.map(lambda seed: compare(tool, folder, seed),
                                range(first, first + links * 5 // 4)))
    print(f"the same firmware from {done} files, expected at least {links}")
    return 0 if done >= links else 1


if __name__ == "__main__":
    sys.exit(main())
