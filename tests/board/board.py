# SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later
# Copyright The libsfi authors
"""A client of sfi-board, and firmware for it made from a few lines of C.

    with Board(program) as b:
        b.load(0x08000000, firmware(source))
        b.power()
        b.run(1.0)
"""

import collections
import os
import pathlib
import re
import struct
import subprocess
import tempfile

HERE = pathlib.Path(__file__).resolve().parent
WIRE = HERE.parents[1] / "lib/sim/board/wire.h"


def numbers():
    """The constants of wire.h, by name without WIRE_."""
    text = re.sub(r"/\*.*?\*/", "", WIRE.read_text(), flags=re.S)
    found = re.findall(r"\bWIRE_(\w+)\s*=\s*(\d+)", text)
    found += re.findall(r"#define WIRE_(\w+)\s+\(?(0x[0-9a-f]+|\d+)u\)?\n", text)
    return {name: int(value, 0) for name, value in found}


N = collections.namedtuple("N", numbers())(**numbers())

Run = collections.namedtuple("Run", "end resets ns data")
State = collections.namedtuple(
    "State", "power end rdp at ns ops resets flags pc vtor pin_writes pins")


class Refused(Exception):
    """An answer with another status than WIRE_OK."""

    def __init__(self, status, text):
        super().__init__(f"status {status} {text}")
        self.status = status


class Board:
    def __init__(self, program, part="stm32l462ce", path="", verbose=False):
        self.program = subprocess.Popen(
            [program] + ["--verbose"] * verbose,
            stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        part, path = part.encode(), os.fsencode(path)
        try:
            reply = self.ask(
                N.HELLO, struct.pack("<IB", N.VERSION, len(part)) + part +
                struct.pack("<H", len(path)) + path)
        except (Refused, EOFError):
            self.close()
            raise
        (self.version, self.is_new, self.flash, self.flash_len, self.ram,
         self.ram_len, self.option_count, _) = struct.unpack_from(
             "<IBIIIIBB", reply)

    def __enter__(self):
        return self

    def __exit__(self, *exc):
        self.close()

    def close(self):
        self.program.communicate()

    def ask(self, number, data=b""):
        out = self.program.stdin
        out.write(struct.pack("<IB", 1 + len(data), number) + data)
        out.flush()
        head = self.program.stdout.read(4)
        if len(head) < 4:
            raise EOFError("sfi-board has gone")
        reply = self.program.stdout.read(struct.unpack("<I", head)[0])
        assert reply[0] == number
        if reply[1] != N.OK:
            raise Refused(reply[1], reply[2:].decode(errors="replace"))
        return reply[2:]

    def load(self, address, data):
        self.ask(N.LOAD, struct.pack("<I", address) + data)

    def peek(self, address, length):
        return self.ask(N.PEEK, struct.pack("<II", address, length))

    def word(self, address):
        return struct.unpack("<I", self.peek(address, 4))[0]

    def words(self, address, count):
        return struct.unpack(f"<{count}I", self.peek(address, 4 * count))

    def options(self):
        """Two lists: as programmed, and in force."""
        words = struct.unpack(f"<{2 * self.option_count}I",
                              self.ask(N.OPTIONS))
        return list(words[::2]), list(words[1::2])

    def set_options(self, words):
        self.ask(N.SET_OPTIONS, struct.pack(f"<{len(words)}I", *words))

    def power(self, on=True):
        self.ask(N.POWER, bytes([on]))

    def nrst(self):
        self.ask(N.NRST)

    def pin(self, port, pin, level):
        self.ask(N.PIN, bytes([port, pin, level]))

    @staticmethod
    def _run(reply):
        return Run(*struct.unpack_from("<BxHQ", reply), reply[12:])

    def run(self, seconds, until_idle=True):
        return self._run(self.ask(N.RUN, struct.pack(
            "<QB", int(seconds * 1e9), until_idle)))

    def usart(self, data, baud=115200, parity=None, port=0, limit=10.0):
        parity = N.PARITY_EVEN if parity is None else parity
        return self._run(self.ask(N.USART, struct.pack(
            "<BIBQ", port, baud, parity, int(limit * 1e9)) + data))

    def spi(self, data, hertz=1000000, port=0, limit=0.0):
        return self._run(self.ask(N.SPI, struct.pack(
            "<BIQ", port, hertz, int(limit * 1e9)) + data))

    def nss(self, level, port=0):
        self.ask(N.NSS, bytes([port, level]))

    def cut(self, after, how=0):
        self.ask(N.CUT, struct.pack("<QB", after, how))

    def state(self):
        reply = self.ask(N.STATE)
        words = struct.unpack_from("<BBBBQQIIIIQB", reply)
        pins = struct.unpack_from(f"<{2 * words[11]}I", reply, 45)
        return State(*words[:11], list(zip(pins[::2], pins[1::2])))

    def debug_read(self, address, size=4, count=1):
        return self.ask(N.DEBUG_READ, struct.pack("<IBI", address, size, count))

    def debug_word(self, address):
        return struct.unpack("<I", self.debug_read(address))[0]

    def debug_write(self, address, value, size=4):
        self.ask(N.DEBUG_WRITE, struct.pack("<IB", address, size) +
                 value.to_bytes(size, "little"))

    def snapshot(self, slot=0):
        self.ask(N.SNAPSHOT, bytes([slot]))

    def restore(self, slot=0):
        self.ask(N.RESTORE, bytes([slot]))

    def inject(self, what, where=0, value=0):
        self.ask(N.INJECT, struct.pack("<BII", what, where, value))

    def registers(self):
        return struct.unpack("<21I", self.ask(N.REGISTERS))


def firmware(source, base=0x08000000, cpu="cortex-m4"):
    """C with a main(), after tests/board/start.h, as bytes for `base`."""
    with tempfile.TemporaryDirectory() as folder:
        c, elf, out = (os.path.join(folder, n) for n in ("a.c", "a.elf", "a"))
        pathlib.Path(c).write_text('#include "start.h"\n' + source)
        subprocess.run(
            ["arm-none-eabi-gcc", f"-mcpu={cpu}", "-mthumb", "-Os", "-Wall",
             "-Werror", "-ffreestanding", "-nostdlib", "-fno-common",
             "-Wno-main", "-I", str(HERE), f"-Wl,--defsym=BASE={base:#x}",
             "-T", str(HERE / "start.ld"), c, "-o", elf, "-lgcc"], check=True)
        subprocess.run(["arm-none-eabi-objcopy", "-O", "binary", elf, out],
                       check=True)
        return pathlib.Path(out).read_bytes()
