# SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later
# Copyright The libsfi authors
"""A test bench: the programs as processes, virtual chips on ptys, and the
memory of the chips as sfi-sim dump shows it."""

import os
import pathlib
import re
import signal
import subprocess
import sys
import tempfile
import time
import unittest

SOURCE = pathlib.Path(__file__).resolve().parents[2]
DATA = SOURCE / "tests/data"
PROGRAMS = pathlib.Path(os.environ.get("SFI_PROGRAMS",
                                       SOURCE / "build/examples"))

sys.path.insert(0, str(SOURCE / "tests/support"))
from message import about  # noqa: E402

# "PROGRAM,BOOT,LOADER": each L462 is a board, which PROGRAM runs.
BOARD = os.environ.get("SFI_TEST_BOARD", "").split(",")
ON_BOARD = len(BOARD) == 3

# Generous, for sanitisers and busy machines.
PATIENCE = 120.0

H753 = "stm32h753xi"
L462 = "stm32l462ce"
DEVICE_ID = {H753: "0x450", L462: "0x462"}
FLASH_BASE = 0x08000000
PRODUCT = {H753: "45002001", L462: "46201002"}
SECURITY = 1 << 21  # of the H753's first row


class Result:
    """How a program ended."""

    @classmethod
    def of(cls, process):
        """Wait for a process that start() began."""
        out, err = process.communicate(timeout=PATIENCE)
        return cls(process.args, process.returncode, out, err)

    def __init__(self, command, status, out, err):
        self.command = " ".join(str(c) for c in command)
        self.status, self.out, self.err = status, out, err
        #: the errors: stderr without warnings and hints
        self.message = "\n".join(
            line for line in err.splitlines()
            if not re.match(r"[\w-]+: warning: |  hint: ", line))

    def __str__(self):
        return (f"{self.command}\n-> {self.status}\n{self.out}"
                f"--- stderr\n{self.err}")


def command_line(program, args):
    return [str(PROGRAMS / program)] + [str(a) for a in args]


def run(program, *args, text=None):
    command = command_line(program, args)
    done = subprocess.run(command, capture_output=True, text=True, input=text,
                          timeout=PATIENCE,
                          stdin=None if text else subprocess.DEVNULL)
    return Result(command, done.returncode, done.stdout, done.stderr)


def start(program, *args, **how):
    """The same in the background; Result.of() waits for it."""
    return subprocess.Popen(command_line(program, args), text=True,
                            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                            stderr=subprocess.PIPE, **how)


def must(program, *args):
    """Run a command that must succeed."""
    result = run(program, *args)
    if result.status != 0:
        raise AssertionError(str(result))
    return result


def segments(chip):
    """The firmware of tests/data as {address: bytes}, from plain binaries."""
    found = {}
    for path in DATA.glob(f"blink-{chip}-0x*.bin"):
        found[int(path.stem.split("-")[-1], 16)] = path.read_bytes()
    assert found
    return found


def option_words(csv):
    return [int(line.split(",")[1], 16)
            for line in csv.read_text().split() if line]


AREAS = {"flash": "flash.bin", "option-bytes": "options.bin",
         "certificate": "certificate.bin"}

# Of an L462's flash: what an install erases at its end, and in a board the data
# pages with its record, of which the second outlives it.
LOADER = slice(0x08075800 - FLASH_BASE, 0x0807f800 - FLASH_BASE)
PAGES = 0x0807f000 - FLASH_BASE
PAGE_1 = 0x0807f800 - FLASH_BASE


# The option bytes that a board's registers have, without reserved bits of a CSV.
MASKS = [0xffffffff, 0x0000ffff, 0x8000ffff, 0x00ff00ff, 0x00ff00ff]


def board_memory(data, area):
    """The same from a board's file, board.bin (lib/sim/board/wire.h)."""
    if area == "flash":
        return data[8192:8192 + (512 << 10)]
    return b"".join(data[64 + 8 * i:68 + 8 * i] for i in range(5))


class Chip:
    """One virtual chip: its state folder and, while it runs, its process."""

    def __init__(self, bench, name, folder, ca="ca"):
        self.bench, self.name = bench, name
        self.state = bench.path / folder
        self.link = bench.path / f"{folder}.tty"
        self.process = None
        self.is_board = ON_BOARD and name == L462
        must("sfi-sim", "manufacture", "--ca", bench.path / ca, "--chip", name,
             "--state", self.state,
             *(["--board", ",".join(BOARD[1:])] if self.is_board else []))
        self.born_flash = self.dump("flash")
        self.born_options = self.dump("option-bytes")

    def dump(self, area):
        """As `sfi-sim dump` shows it, without a process for each look."""
        if self.is_board and area != "certificate":
            return board_memory((self.state / "board.bin").read_bytes(), area)
        return (self.state / AREAS[area]).read_bytes()

    def emulator(self):
        return ["--emulator", BOARD[0]] if self.is_board else []

    def start(self):
        assert self.process is None
        self.process = subprocess.Popen(
            command_line("sfi-sim", ["run", "--state", self.state, "--usart",
                                     self.link, *self.emulator()]),
            stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL)
        end = time.monotonic() + PATIENCE
        while not self.link.exists():
            if self.process.poll() is not None or time.monotonic() > end:
                raise AssertionError(f"{self.name}: the chip does not run")
            time.sleep(0.005)
        return self

    def stop(self, how=signal.SIGTERM):
        """Switch the chip off; SIGKILL: without an orderly end."""
        if self.process is None:
            return
        self.process.send_signal(how)
        status = self.process.wait(PATIENCE)
        self.process = None
        if how == signal.SIGTERM and status != 0:
            raise AssertionError(f"sfi-sim run ended with {status}")
        if how == signal.SIGKILL and self.link.is_symlink():
            self.link.unlink()

    def words(self, image, *hsm, protocol="static"):
        """The contract manufacturer's command."""
        return ["sfi-program", "-c", f"port={self.link}", "--yes",
                "-sfi", f"protocol={protocol}", image, *hsm]

    def program(self, image, *hsm, protocol="static"):
        return run(*self.words(image, *hsm, protocol=protocol))


class Bench:
    """A folder with a CA, keys and images for both chips."""

    def __init__(self):
        self.folder = tempfile.TemporaryDirectory(prefix="sfi-e2e-")
        self.path = pathlib.Path(self.folder.name)
        self.chips = []
        self.pin = self.path / "pin"
        self.pin.write_text("4711-secret\n")
        must("sfi-create", "--genkey", self.path / "key.bin", "--gennonce",
             self.path / "nonce.bin")

    def close(self):
        for chip in self.chips:
            chip.stop(signal.SIGKILL)
        self.folder.cleanup()

    def chip(self, name, folder, ca="ca"):
        chip = Chip(self, name, folder, ca)
        self.chips.append(chip)
        return chip

    def perso(self, chip, ca="ca"):
        if not (self.path / ca).exists():
            self.chip(chip, f"first-of-{ca}", ca)  # this makes the CA
        found = list((self.path / ca).glob(f"{PRODUCT[chip]}_SFI_*.pd"))
        assert len(found) == 1, found
        return found[0]

    def image(self, chip, name, *firmware, version=1):
        """Build an image; by default of the ELF in tests/data.  All are for one
        HSM, so under one key and nonce."""
        out = self.path / name
        firmware = firmware or (DATA / f"blink-{chip}.elf",)
        must("sfi-create", "-sfi", "-fir", *firmware,
             "-k", self.path / "key.bin", "-n", self.path / "nonce.bin",
             "-ob", DATA / f"ob-{chip}.csv", "-v", version,
             "-devid", DEVICE_ID[chip], "--no-register", "-o", out)
        return out

    def hsm(self, chip, name, count, ca="ca"):
        """Provision a vault; returns the words for sfi-program."""
        uri = f"vault:{self.path / name}"
        must("sfi-hsm", "-i", uri, "-k", self.path / "key.bin",
             "-n", self.path / "nonce.bin", "-id", f"blink {chip}",
             "-mc", count, "-pd", self.perso(chip, ca),
             "--pin-file", self.pin, "--yes")
        return ["hsm=1", f"slot={uri}", "--pin-file", self.pin]

    def counter(self, name):
        result = must("sfi-program", "-hsmgetcounter",
                      f"slot=vault:{self.path / name}")
        return int(re.search(r"\d+", result.out).group(0))

    def license(self, chip, hsm_words, name="license.bin"):
        """A licence file for one chip, made from its certificate file."""
        cert = self.path / f"{name}.cert"
        cert.write_bytes(chip.dump("certificate"))
        out = self.path / name
        slot = next(w for w in hsm_words if w.startswith("slot="))
        must("sfi-program", "-hsmgetlicensefromcertifbin", cert, out, slot,
             "--pin-file", self.pin)
        return out


class Case(unittest.TestCase):
    """Assertions about how a program ended and what a chip holds."""

    maxDiff = 2000

    def assertOpen(self, part):
        """The open bootloader still reads memory."""
        out = self.bench.path / "read.bin"
        out.unlink(missing_ok=True)
        self.assertEnded(run("sfi-program", "-c", f"port={part.link}",
                             "-r", "0x08000000", 4, out), 0)

    def assertEnded(self, result, status, message=None):
        self.assertEqual(result.status, status, str(result))
        self.assertEqual(len(result.message.splitlines()), status != 0,
                         f"one line says what was wrong:\n{result}")
        if message is not None:
            self.assertSays(result.message, message, str(result))

    def assertSays(self, said, message, shown=None):
        """`message` is an about(), or a regular expression."""
        if isinstance(message, about):
            self.assertEqual(said, message, shown)
        else:
            self.assertRegex(said, message, shown)

    def assertHolds(self, chip, firmware, words):
        """The chip holds exactly this firmware and these option bytes, at the
        latest when a running one has ended its restart."""
        expected = bytearray(chip.born_flash)
        if chip.name == L462:  # its secure bootloader is erased
            expected[LOADER] = b"\xff" * (40 << 10)
        for address, data in firmware.items():
            at = address - FLASH_BASE
            expected[at:at + len(data)] = data
        keep = PAGE_1 if chip.is_board else None
        flash, expected = chip.dump("flash")[:keep], expected[:keep]
        end = time.monotonic() + PATIENCE
        while flash != expected and chip.process and time.monotonic() < end:
            time.sleep(0.05)
            flash = chip.dump("flash")[:keep]
        self.assertTrue(flash == expected, "the flash differs at 0x%08x" % (
            FLASH_BASE + next((i for i, (a, b) in enumerate(zip(flash,
                                                                expected))
                               if a != b), len(flash))))
        masks = MASKS if chip.is_board else [0xffffffff] * len(words)
        self.assertEqual(
            [w & m for w, m in zip(words_of(chip.dump("option-bytes")), masks)],
            [w & m for w, m in zip(words, masks)])

    def assertHoldsNothing(self, chip):
        """The chip holds no byte of any firmware, and its original option bytes
        except for the security bit."""
        keep = PAGES if chip.is_board else None
        self.assertTrue(chip.dump("flash")[:keep] == chip.born_flash[:keep],
                        "something is in the flash")
        now = words_of(chip.dump("option-bytes"))
        born = words_of(chip.born_options)
        if chip.name == H753:
            now[0] |= SECURITY
            born[0] |= SECURITY
        self.assertEqual(now, born)


def words_of(data):
    return [int.from_bytes(data[i:i + 4], "little")
            for i in range(0, len(data), 4)]


def areas(image):
    """[(offset of the descriptor, its end with content)] of a .sfi."""
    found, at = [], 28
    while at < len(image):
        size = int.from_bytes(image[at + 4:at + 8], "little")
        found.append((at, at + 30 + size))
        at += 30 + size
    return found


def main():
    for tool in ("sfi-create", "sfi-hsm", "sfi-program", "sfi-sim"):
        if not (PROGRAMS / tool).exists():
            print(f"{PROGRAMS / tool} was not built")
            sys.exit(77)
    unittest.main(verbosity=2)
