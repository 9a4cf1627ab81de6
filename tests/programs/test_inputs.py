#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later
# Copyright The libsfi authors
"""Awkward inputs, as linkers, tools and people make them, and what becomes of
each: read right, or refused with its reason.  All bytes are made here.

Option bytes that are allowed and seldom meant are in test_create.py: RDP level
2 (check_of_level_2), zeros alone (check_of_all_zeros), and nSWBOOT0 of an L462
(check_of_the_pin_of_an_l462).

    test_inputs.py FOLDER_OF_PROGRAMS
"""

import json
import struct
import zlib

from check import DATA, PROGRAMS, about, case, main, run, same
from gcm import AesGcm

CREATE, INFO = PROGRAMS / "sfi-create", PROGRAMS / "sfi-info"
H7, L4 = "stm32h753xi", "stm32l462ce"
KEY = bytes(range(0x20, 0x30))
NONCE = bytes(range(12))


# ---- files ----

def vectors(stack, code, size):
    """A vector table and code behind it."""
    body = bytes((5 * i + 3) & 0xFF for i in range(size - 8))
    return struct.pack("<II", stack, code | 1) + body


def elf(loads, sections):
    """ELF32 for Arm.  loads: (offset, vaddr, paddr, size); sections: (offset,
    address, content)."""
    names = b"\0.text\0"
    table = 52 + 32 * len(loads)
    data = bytearray(table)
    for offset, _, content in sections:
        data += bytes(max(0, offset + len(content) - len(data)))
        data[offset:offset + len(content)] = content
    names_at = len(data)
    data += names
    headers = [(0,) * 10]
    for offset, address, content in sections:
        headers.append((1, 1, 2, address, offset, len(content), 0, 0, 4, 0))
    headers.append((0, 3, 0, 0, names_at, len(names), 0, 0, 1, 0))
    sections_at = len(data)
    for header in headers:
        data += struct.pack("<10I", *header)
    data[:52] = struct.pack("<16sHHIIIIIHHHHHH", b"\x7fELF\1\1\1", 2, 40, 1, 0,
                            52, sections_at, 0, 52, 32, len(loads), 40,
                            len(headers), len(headers) - 1)
    for i, (offset, vaddr, paddr, size) in enumerate(loads):
        struct.pack_into("<8I", data, 52 + 32 * i, 1, offset, vaddr, paddr,
                         size, size, 5, 0x10000)
    return bytes(data)


def hex_record(kind, address, data):
    line = struct.pack(">BHB", len(data), address, kind) + data
    return f":{(line + bytes([-sum(line) & 0xFF])).hex().upper()}\n"


def hex_file(*pieces):
    out = ""
    for address, data in pieces:
        out += hex_record(4, 0, struct.pack(">H", address >> 16))
        for at in range(0, len(data), 16):
            out += hex_record(0, (address + at) & 0xFFFF, data[at:at + 16])
    return out + ":00000001FF\n"


def s_record(kind, data):
    line = bytes([len(data) + 1]) + data
    return f"S{kind}{line.hex().upper()}{~sum(line) & 0xFF:02X}\n"


def s_file(address, data, count=b""):
    out = s_record(0, b"\0\0app")
    for at in range(0, len(data), 16):
        out += s_record(3, struct.pack(">I", address + at) + data[at:at + 16])
    if count:
        out += s_record(5, count)
    return out + s_record(7, struct.pack(">I", address))


def dfuse(*elements):
    """ST's container: one target of (address, bytes), and a DFU suffix."""
    body = b"".join(struct.pack("<II", address, len(data)) + data
                    for address, data in elements)
    target = struct.pack("<6sBI255sII", b"Target", 0, 1, b"ST...", len(body),
                         len(elements)) + body
    data = struct.pack("<5sBIB", b"DfuSe", 1, 11 + len(target), 1) + target
    data += struct.pack("<HHHH3sB", 0, 0xDF11, 0x0483, 0x011A, b"UFD", 16)
    return data + struct.pack("<I", zlib.crc32(data) ^ 0xFFFFFFFF)


def option_bytes(chip):
    """The rows of the project's own CSV."""
    return [row.split(",") for row in
            (DATA / f"ob-{chip}.csv").read_text().split()]


def csv(rows, separator=",", end="\n"):
    return "".join(separator.join(row) + end for row in rows)


# ---- programs ----

def write(folder, name, content):
    path = folder / name
    path.write_bytes(content if isinstance(content, bytes)
                     else content.encode())
    return path


def create(folder, *firmware, chip=H7, ob=None, more=()):
    """Run sfi-create with these inputs and the project's own others."""
    return run(CREATE, "-fir", *firmware, "-k", write(folder, "key", KEY), "-n",
               write(folder, "nonce", NONCE), "-ob",
               ob or DATA / f"ob-{chip}.csv", "-v", "1", "--chip", chip, "-o",
               folder / "out.sfi", *more)


def areas(folder, done):
    """What an image has, decrypted independently of libsfi: {address: bytes},
    option bytes at None."""
    same(done.returncode, 0, done.stderr)
    data = (folder / "out.sfi").read_bytes()
    (folder / "out.sfi").unlink()
    found, at = {}, 28
    for index in range(1, struct.unpack_from("<H", data, 10)[0] + 1):
        kind, size, address = struct.unpack_from("<cxxxII", data, at)
        iv = int.from_bytes(NONCE, "big") + index
        found[address if kind == b"F" else None] = AesGcm(KEY).crypt(
            iv.to_bytes(12, "big"), data[at + 30:at + 30 + size])
        at += 30 + size
    same(at, len(data))
    return found


def firmware_of(folder, done):
    found = areas(folder, done)
    del found[None]
    return found


def warns(done, *facts):
    for fact in facts:
        assert fact in done.stderr, (fact, done.stderr)


def refused(folder, done, *facts):
    same(done.returncode, 2, done.stdout)
    warns(done, *facts)
    assert not (folder / "out.sfi").exists()


def segments(path):
    done = run(INFO, path, "--json")
    same(done.returncode, 0, done.stderr)
    return [(s["address"], s["size"])
            for s in json.loads(done.stdout)["segments"]]


# ---- linkers ----

@case
def l462_behind_a_segment_of_headers(folder):
    """ld.lld's pages of 64 KiB: a LOAD below 0x08001000 with nothing but the
    headers.  The 82 bytes are no multiple of 4, which the L462 needs."""
    code = vectors(0x20020000, 0x08001008, 82)
    app = write(folder, "app.elf", elf(
        [(0, 0x08000000, 0x08000000, 0x74),
         (0x1000, 0x08001000, 0x08001000, len(code))],
        [(0x1000, 0x08001000, code)]))
    same(segments(app), [(0x08001000, 82)])
    refused(folder, create(folder, app, chip=L4), "82 bytes in all",
            "multiple of 4")
    done = create(folder, app, chip=L4, more=["--pad", "auto"])
    assert "2 fill bytes (0xff) are added at 0x08001052" in done.stdout, done
    same(firmware_of(folder, done), {0x08001000: code + b"\xff\xff"})


@case
def h753_with_the_headers_in_a_segment(folder):
    """An application behind the 0x400 bytes of a bootloader's header: GNU ld
    puts the ELF header at the begin of the same segment."""
    code = vectors(0x20010000, 0x08020408, 40)
    app = write(folder, "app.elf", elf(
        [(0, 0x08020000, 0x08020000, 0x400 + len(code))],
        [(0x400, 0x08020400, code)]))
    same(segments(app), [(0x08020400, 40)])
    same(firmware_of(folder, create(folder, app)), {0x08020400: code})


@case
def physical_addresses_of_zero(folder):
    one, two = vectors(0x20010000, 0x08000008, 64), bytes(range(32))
    app = write(folder, "app.elf", elf(
        [(0x1000, 0x08000000, 0, len(one)), (0x2000, 0x08020000, 0, len(two))],
        [(0x1000, 0x08000000, one), (0x2000, 0x08020000, two)]))
    done = create(folder, app)
    warns(done, "every physical address is 0; the virtual addresses are used")
    same(firmware_of(folder, done), {0x08000000: one, 0x08020000: two})


# ---- text ----

@case
def two_files_one_after_the_other(folder):
    boot, app = vectors(0x20010000, 0x08000008, 32), bytes(range(48))
    both = write(folder, "both.hex", hex_file((0x08000000, boot))
                 + hex_file((0x08020000, app)))
    refused(folder, create(folder, both), f"{both}:5:1",
            "after the end record")
    same(firmware_of(folder, create(folder, both, more=["--past-end"])),
         {0x08000000: boot, 0x08020000: app})


@case
def a_count_of_four_bytes(folder):
    data = vectors(0x20010000, 0x08000008, 32)
    good = write(folder, "app.s19",
                 s_file(0x08000000, data, struct.pack(">I", 2)))
    same(firmware_of(folder, create(folder, good)), {0x08000000: data})
    bad = write(folder, "bad.s19",
                s_file(0x08000000, data, struct.pack(">I", 3)))
    refused(folder, create(folder, bad), "2 data records so far",
            "says 3")


@case
def a_table_of_symbols(folder):
    data = vectors(0x20010000, 0x08000008, 32)
    app = write(folder, "app.s19", "$$ app\n  main $08000100\n"
                "  buf $20000000\n$$ \n" + s_file(0x08000000, data))
    done = create(folder, app)
    warns(done, "a table of symbols is ignored")
    same(firmware_of(folder, done), {0x08000000: data})


@case
def initialised_ram(folder):
    data = vectors(0x20010000, 0x08000008, 32)
    app = write(folder, "app.hex", hex_file((0x08000000, data),
                                            (0x20000000, bytes(range(16)))))
    refused(folder, create(folder, app), "0x20000000", "DTCM")
    done = create(folder, app, more=["--only-flash"])
    assert "0x20000000 to 0x2000000f, 16 bytes, DTCM" in done.stdout, done
    same(firmware_of(folder, done), {0x08000000: data})


# ---- containers ----

@case
def a_dfuse_file(folder):
    """With an address it is no plain binary; without, its own ones count."""
    one, two = vectors(0x20010000, 0x08000008, 60), bytes(range(32))
    app = write(folder, "app.dfu", dfuse((0x08000000, one), (0x08020000, two)))
    done = create(folder, app, "0x08000000")
    same((done.returncode, (folder / "out.sfi").exists()), (64, False))
    warns(done, "app.dfu", "0x08000000")
    named = write(folder, "app.bin", app.read_bytes())
    same(create(folder, named, "0x08000000").returncode, 64)
    same(firmware_of(folder, create(folder, app)),
         {0x08000000: one, 0x08020000: two})
    same(json.loads(run(INFO, app, "--json").stdout)["format"], "dfuse")


# ---- option bytes ----

def words(rows):
    return struct.pack(f"<{len(rows)}I", *(int(v, 16) for _, v in rows))


@case
def option_bytes_as_people_save_them(folder):
    """The last row under another name, a spreadsheet, a comment."""
    rows = option_bytes(H7)
    quoted = [[f'"{c}"' for c in row] + [""] for row in rows]
    for text in (
            csv(rows[:8] + [["RFU", rows[8][1]]]),
            "\ufeff" + csv([['"Register"', '"Value"', '"Remark"']] + quoted,
                           ";", "\r\n"),
            "# option bytes, release 1\n" + csv(rows)):
        done = create(folder, DATA / f"blink-{H7}.hex",
                      ob=write(folder, "ob.csv", text))
        same(areas(folder, done)[None], words(rows), text)


@case
def firmware_of_257_times_256_bytes(folder):
    """Above 64 KiB the L462 takes no multiple of 256."""
    app = write(folder, "app.bin", vectors(0x20020000, 0x08001008, 65792))
    refused(folder, create(folder, app, "0x08001000", chip=L4),
            "65792 bytes in all", "multiple of 256")
    done = create(folder, app, "0x08001000", chip=L4, more=["--pad", "auto"])
    assert "4 fill bytes (0xff) are added at 0x08011100" in done.stdout, done
    same(firmware_of(folder, done),
         {0x08001000: app.read_bytes() + bytes([0xFF] * 4)})


main()
