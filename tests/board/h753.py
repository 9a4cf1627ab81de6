# SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later
# Copyright The libsfi authors
"""An H753 with the bootloader of examples/bootloader on a board: what is in its
flash when it is made, what it says, and an install whose bytes can be sent
again."""

import collections
import contextlib
import functools
import operator
import os
import pathlib
import pty
import re
import select
import struct
import subprocess
import tempfile
import threading
import tty
import zlib

from board import Board, N, firmware

FLASH, USER, USER_LEN = 0x08000000, 0x08020000, 0x1a0000
PAGE_0, PAGE_1, PAGE_LEN = 0x081c0000, 0x081e0000, 0x20000
RAM, RAM_LEN = 0x20000000, 0x20000
PARK, PARKED, NO_RDP, NO_WRP = 0x20004000, 0x6b726170, 3, 4
EMPTY, INSTALLED = 0x3c96a55a, 0x0ff0c396  # phases of a record
STATE_EMPTY, STATE_INSTALLED = 0, 5        # of INFO
UNCLEAN = 2                                # a flag of INFO
RANDOM = 0x46                              # a cause
BLINK = "int main(void) { result[0] = 0x600d; for (;;) ; }"
# In the order of the option-byte file: RDP level 1, sector 0 protected.
OPTIONS = [0x1bc6bbf0, 0xff, 0xff, 0xff, 0xff, 0xfe, 0xff, 0x1ff00800,
           0x10000810]
CSV = """FOPTSR_PRG,{optsr}
FPRAR_PRG_A,0x81000200
FPRAR_PRG_B,0x81000200
FSCAR_PRG_A,0x81000200
FSCAR_PRG_B,0x81000200
FWPSN_PRG_A,0xfffffffe
FWPSN_PRG_B,{wrp}
FBOOT7_PRG,0x1ff00800
RESERVED,0x10000810
"""
INSTALL = ("--yes", "-sfi", "protocol=static", "image.sfi", "hsm=1",
           "slot=vault:v", "--pin-file", "pin")
OPTSR = "0x1026bbd0"  # another brown-out level than before

Info = collections.namedtuple("Info", "version state cause flags")
Install = collections.namedtuple("Install", "page code sent")


def opcodes():
    """Those of the security extension, by name without SFI_CMD_."""
    text = (pathlib.Path(__file__).resolve().parents[2] /
            "lib/wire/security.h").read_text()
    return {name: int(value, 16) for name, value in
            re.findall(r"SFI_CMD_(\w+) = (0x53\w\w),", text)}


OPCODES = opcodes()


def image(elf):
    with tempfile.NamedTemporaryFile() as out:
        subprocess.run(["arm-none-eabi-objcopy", "-O", "binary", "-R", ".seal",
                        elf, out.name], check=True)
        return pathlib.Path(out.name).read_bytes()


def data_page(phase=None, secret=bytes(range(1, 33)), certificate=bytes(136),
              sequence=1):
    head = struct.pack("<II", 1, sequence) + bytes(24) + secret + certificate
    head += struct.pack("<I", zlib.crc32(head)) + bytes(20)
    page = head + b"SFI data page 1\0" * 2 + b"\xff" * 32
    if phase is not None:
        record = struct.pack("<4sIII", b"SFIR", 1, phase, 1) + bytes(108)
        record += struct.pack("<I", zlib.crc32(record))
        crc = zlib.crc32(record)
        page += record + struct.pack("<II", crc, ~crc & 0xffffffff) + bytes(24)
    return page


def summed(data):
    """With the check byte of AN3155, 3.2."""
    return data + bytes([functools.reduce(operator.xor, data)])


class Part(Board):
    def __init__(self, program, bootloader, options=OPTIONS):
        super().__init__(program, "stm32h753xi")
        self.load(FLASH, image(bootloader))
        self.set_options(options)

    def start(self, page=None, seconds=40.0):
        """Power up; where the vectors are of what runs then."""
        if page is not None:
            self.load(PAGE_1, page)
        self.power()
        self.run(seconds)
        return self.state().vtor

    def parked(self):
        """The reason, or None."""
        word, reason = self.words(PARK, 2)
        return reason if word == PARKED else None

    def say(self, data, limit=60.0):
        return self.usart(data, limit=limit).data

    def listens(self):
        return any(self.say(b"\x7f", 3.0)[-1:] in (b"\x79", b"\x1f")
                   for _ in range(4))

    def special(self, opcode, param=b""):
        """One request over USART: its reply and its cause."""
        for data in b"\x50\xaf", summed(struct.pack(">H", OPCODES[opcode])):
            assert self.say(data) == b"\x79"
        said = self.say(summed(struct.pack(">H", len(param)) + param))
        assert said[:1] == said[-1:] == b"\x79", said.hex()
        reply = said[1:-1]
        length = struct.unpack_from(">H", reply)[0]
        return reply[2:2 + length], reply[-1]

    def info(self):
        reply, cause = self.special("INFO")
        assert cause == 0
        return Info(*reply[:4])

    def user(self):
        return self.peek(USER, USER_LEN)

    def is_erased(self):
        return self.user().count(b"\xff") == USER_LEN

    def runs_firmware(self):
        return (self.state().at == N.AT_FIRMWARE and
                self.word(0x20001000) == 0x600d)


class Kit:
    """Programs and their files, in a folder: with Kit(programs) as k."""

    def __init__(self, programs):
        self.programs = pathlib.Path(programs).resolve()
        self.stack = contextlib.ExitStack()

    def __enter__(self):
        self.folder = pathlib.Path(
            self.stack.enter_context(tempfile.TemporaryDirectory()))
        return self

    def __exit__(self, *exc):
        self.stack.close()

    def run(self, name, *args, status=0):
        done = subprocess.run([self.programs / name, *args], text=True,
                              capture_output=True, stdin=subprocess.DEVNULL,
                              timeout=120, cwd=self.folder)
        assert done.returncode == status, done.stdout + done.stderr
        return done.stdout + done.stderr

    def make(self, optsr=OPTSR, wrp="0xffffffff", content=b"", board=()):
        """Chip, firmware, image and vault; the chip's data page."""
        f = self.folder
        (f / "pin").write_text("123456")
        os.chmod(f / "pin", 0o600)
        self.code = firmware(BLINK, USER, "cortex-m7")
        self.code += bytes(-len(self.code) % 32) + content
        (f / "a.bin").write_bytes(self.code)
        (f / "ob.csv").write_text(CSV.format(optsr=optsr, wrp=wrp))
        self.run("sfi-sim", "manufacture", "--ca", "ca", "--chip",
                 "stm32h753xi", "--state", "chip", *board)
        self.run("sfi-create", "--genkey", "key", "--gennonce", "nonce")
        self.run("sfi-create", "-sfi", "-fir", "a.bin", f"{USER:#x}",
                 "-k", "key", "-n", "nonce", "-ob", "ob.csv", "-v", "1",
                 "-devid", "0x450", "-o", "image.sfi")
        self.run("sfi-hsm", "-i", "vault:v", "-k", "key", "-n", "nonce",
                 "-id", "blink", "-mc", "1", "--pin-file", "pin", "--yes",
                 "-pd", next((f / "ca").glob("45002001*.pd")))
        return data_page(secret=(f / "chip/device-key.bin").read_bytes(),
                         certificate=(f / "chip/certificate.bin").read_bytes())

    def install(self, part, status=0):
        """By sfi-program over a terminal; what it wrote, in portions."""
        master, slave = pty.openpty()
        tty.setraw(slave)
        ended = threading.Event()
        sent = []
        thread = threading.Thread(target=serve,
                                  args=(part, master, ended, sent))
        thread.start()
        try:
            self.run("sfi-program", "-c", f"port={os.ttyname(slave)}",
                     *INSTALL, status=status)
        finally:
            ended.set()
            thread.join()
            os.close(master)
            os.close(slave)
        return sent


def serve(part, master, ended, sent):
    """What a host writes to the terminal goes to the USART, and back."""
    while not ended.is_set():
        data = b""
        wait = 0.05
        while select.select([master], [], [], wait)[0]:
            data += os.read(master, 4096)
            wait = 0.002
        reply = (part.usart(data, limit=30.0) if data
                 else part.run(0.05, False))
        if data:
            sent.append(data)
        if reply.data:
            os.write(master, reply.data)
