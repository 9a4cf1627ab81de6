#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later
# Copyright The libsfi authors
"""libsfi reads firmware files that other tools wrote.

    compare.py SEGMENTS PEER

Each peer writes random sparse images from plain binaries, in every format that it
has; SEGMENTS (segments.c) prints what libsfi reads from them.
A peer that is not installed is a failure, unless SFI_ALLOW_SKIP is 1.
"""

import os
import random
import shutil
import subprocess
import sys
import tempfile

SKIP = 77  # meson's
IMAGES = 12
OBJCOPY = "arm-none-eabi-objcopy"
LINKER = "arm-none-eabi-ld"

# Where islands are: flash, RAM, both sides of a 64 KiB border, both ends.
REGIONS = [(0x08000000, 0x200000), (0x20000000, 0x20000), (0x0800FF00, 0x200),
           (0, 0x20000), (0xFFF00000, 0xFFF00)]


class Missing(Exception):
    pass


def run(*command, cwd=None):
    if shutil.which(command[0]) is None:
        raise Missing(command[0])
    done = subprocess.run(command, capture_output=True, text=True, cwd=cwd)
    if done.returncode != 0:
        raise SystemExit(f"{' '.join(command)}: {done.stderr}")


def merge(pieces):
    """Disjoint islands, ascending, touching ones joined."""
    islands = []
    for address, data in sorted(pieces):
        if islands and islands[-1][0] + len(islands[-1][1]) == address:
            islands[-1] = (islands[-1][0], islands[-1][1] + data)
        else:
            islands.append((address, data))
    return islands


def image(seed, limit=1 << 32):
    """Random pieces that do not overlap, in random order."""
    rng = random.Random(seed)
    pieces = []
    for _ in range(rng.randint(1, 12)):
        base, size = rng.choice([r for r in REGIONS if sum(r) <= limit])
        length = rng.choice([1, 2, 15, 16, 17, 255, 256, rng.randint(1, 9000)])
        length = min(length, size)
        address = base + rng.randint(0, size - length)
        if pieces and rng.random() < 0.25:  # touching the last one
            address = pieces[-1][0] + len(pieces[-1][1])
        if address + length > min(limit, 0xFFFFFF00):
            continue
        if all(address + length <= a or a + len(d) <= address
               for a, d in pieces):
            pieces.append((address, rng.randbytes(length)))
    return pieces or [(0x100, b"\x00")]


class Work:
    """A folder with the pieces of one image as plain binaries."""

    def __init__(self, folder, pieces):
        self.folder = folder
        self.pieces = pieces
        for i, (_, data) in enumerate(pieces):
            with open(self.path(f"p{i}.bin"), "wb") as f:
                f.write(data)

    def path(self, name):
        return os.path.join(self.folder, name)


def link(work):
    """An ELF with one PT_LOAD for each piece, whose VMA differs from its LMA."""
    n = len(work.pieces)
    lines = ["PHDRS {", *[f"  p{i} PT_LOAD;" for i in range(n)], "}",
             "SECTIONS {"]
    for i, (address, data) in enumerate(work.pieces):
        lines.append(f"  .s{i} {0x30000000 + i * 0x10000:#x} : AT({address:#x})"
                     f" {{ p{i}.o(.data) }} :p{i}")
    lines.append("}")
    with open(work.path("script.ld"), "w") as f:
        f.write("\n".join(lines) + "\n")
    for i in range(n):
        run(OBJCOPY, "-I", "binary", "-O", "elf32-littlearm", f"p{i}.bin",
            f"p{i}.o", cwd=work.folder)
    run(LINKER, "--nmagic", "-T", "script.ld", "-o", "out.elf",
        *[f"p{i}.o" for i in range(n)], cwd=work.folder)
    return work.path("out.elf")


def binutils(work):
    elf = link(work)
    yield elf
    stripped = work.path("stripped.elf")
    run("arm-none-eabi-strip", "--strip-all", "-o", stripped, elf)
    yield stripped
    for name, options in {
            "out.hex": ["-O", "ihex"],
            "out.srec": ["-O", "srec"],
            "out-s3.srec": ["-O", "srec", "--srec-forceS3"],
            "out-long.srec": ["-O", "srec", "--srec-len=64"],
    }.items():
        run(OBJCOPY, *options, elf, work.path(name))
        yield work.path(name)


def llvm(work):
    elf = link(work)
    out = work.path("out.hex")
    run("llvm-objcopy-14", "-O", "ihex", elf, out)
    yield out


def srec_cat(work):
    source = []
    for i, (address, _) in enumerate(work.pieces):
        source += [work.path(f"p{i}.bin"), "-binary", "-offset", hex(address)]
    small = all(a + len(d) <= 0x100000 for a, d in work.pieces)
    shapes = {
        "out.hex": ["-intel"],
        "wide.hex": ["-intel", "-line-length=80"],
        "long.hex": ["-intel", "-obs=255"],
        "out.srec": ["-motorola"],
        "s3.srec": ["-motorola", "-address-length=4"],
        "crlf.srec": ["-motorola", "-line-termination=crlf"],
        "cr.hex": ["-intel", "-line-termination=cr"],
    }
    if small:  # type 02
        shapes["segmented.hex"] = ["-intel", "-address-length=3"]
    for name, options in shapes.items():
        run("srec_cat", *source, "-output", work.path(name), *options)
        yield work.path(name)


def intelhex(work):
    try:
        import intelhex as peer
    except ImportError as error:
        raise Missing("python3-intelhex") from error
    hexfile = peer.IntelHex()
    for address, data in work.pieces:
        hexfile.puts(address, data)
    for count in (1, 16, 32, 255):
        name = work.path(f"out-{count}.hex")
        hexfile.write_hex_file(name, byte_count=count)
        yield name
    name = work.path("crlf.hex")
    hexfile.write_hex_file(name, eolstyle="CRLF")
    yield name


def dfuse_pack(work):
    source = []
    for i, (address, _) in enumerate(work.pieces):
        source += ["-b", f"{address:#x}:{work.path(f'p{i}.bin')}"]
    out = work.path("out.dfu")
    run("dfuse-pack", *source, out)
    yield out


PEERS = {"binutils": binutils, "llvm": llvm, "srec_cat": srec_cat,
         "intelhex": intelhex, "dfuse-pack": dfuse_pack}


# GNU and LLVM write type 02 below 1 MiB and 04 above, in one file.
MIXED = "types 02 and 04"


def read(tool, path):
    out = subprocess.run([tool, path], capture_output=True, text=True)
    noise = [x for x in out.stderr.splitlines() if MIXED not in x]
    if out.returncode != 0 or noise:
        raise SystemExit(f"{path}: {out.stderr}")
    islands = []
    for line in out.stdout.splitlines():
        address, length, data = line.split()
        assert len(data) == 2 * int(length)
        islands.append((int(address, 16), bytes.fromhex(data)))
    return islands


def compare(tool, peer, seed):
    """Compare all files; returns their number.  A difference ends the test."""
    # Every third image fits a segmented address space.
    pieces = image(f"libsfi {seed}", 0x100000 if seed % 3 == 0 else 1 << 32)
    files = 0
    with tempfile.TemporaryDirectory() as folder:
        for path in PEERS[peer](Work(folder, pieces)):
            got, want = read(tool, path), merge(pieces)
            if got != want:
                show = [[(hex(a), len(d)) for a, d in i] for i in (got, want)]
                raise SystemExit(f"image {seed}, {os.path.basename(path)}: "
                                 f"read {show[0]}, expected {show[1]}")
            files += 1
    return files


def main():
    tool, peer = sys.argv[1:]
    try:
        files = sum(compare(tool, peer, seed) for seed in range(IMAGES))
    except Missing as missing:
        print(f"{missing} is not installed: scripts/setup installs it")
        return SKIP if os.environ.get("SFI_ALLOW_SKIP") == "1" else 1
    print(f"{files} files of {IMAGES} images are the same")
    return 0


if __name__ == "__main__":
    sys.exit(main())
