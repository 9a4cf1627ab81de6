# SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later
# Copyright The libsfi authors
"""Runs the story of a secure firmware install, and proves each step.

scripts/demo starts it with the folder of the programs.  Every claim is computed
from the files and the memory of the virtual chips; the first false claim ends
the story with a failure.
"""

import os
import pathlib
import re
import select
import signal
import struct
import subprocess
import sys
import tempfile
import termios
import time
import tty

SOURCE = pathlib.Path(__file__).resolve().parents[1]
DATA = SOURCE / "tests/data"
SAMPLE = SOURCE.parent / "shared/samples/tests.hex"
PROGRAMS = pathlib.Path(sys.argv[1]).resolve()

H753, L462 = "stm32h753xi", "stm32l462ce"
FLASH_BASE = 0x08000000
WINDOW = 16  # a leak is so many bytes of plaintext in a row


class Wrong(Exception):
    """A claim is false, or a program did not end as expected."""


# ---- output ------------------------------------------------------------

def chapter(number, title):
    print(f"\n== {number}. {title}", flush=True)


def say(text):
    print(f"   {text}", flush=True)


def claim(so, text):
    if not so:
        raise Wrong(f"false: {text}")
    print(f"   ok  {text}", flush=True)


# ---- the programs -------------------------------------------------------

class Story:
    """A folder for each party, and the running chips."""

    def __init__(self, path):
        self.path = path
        self.running = {}
        self.logs = 0
        for party in ("chip-maker", "oem", "cm", "bench"):
            (path / party).mkdir()

    def show(self, word):
        """A word with its paths shortened to the story's folder."""
        return str(word).replace(f"{self.path}/", "").replace(
            f"{SOURCE}/", "")

    def run(self, party, program, *args, status=0, message=None):
        """Run one command of one party, and keep its output in a file."""
        words = [str(a) for a in args]
        name = pathlib.Path(program).name
        say("$ " + " ".join([name] + [self.show(w) for w in words]))
        done = subprocess.run([PROGRAMS / program] + words, timeout=120,
                              stdin=subprocess.DEVNULL, capture_output=True,
                              text=True)
        text = done.stdout + done.stderr
        self.logs += 1
        (self.path / party / f"{self.logs:02d}-{name}.log").write_text(text)
        for line in text.splitlines():
            say("  | " + self.show(line))
        if done.returncode != status:
            raise Wrong(f"{name} ended with {done.returncode}, "
                        f"not with {status}")
        if message is not None and not re.search(message, text):
            raise Wrong(f"{name} did not say /{message}/")
        return text

    def power_on(self, chip):
        link = self.path / "bench" / f"{chip}.tty"
        process = subprocess.Popen(
            [PROGRAMS / "sfi-sim", "run", "--state",
             self.path / "bench" / chip, "--usart", link],
            stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL)
        self.running[chip] = process
        end = time.monotonic() + 30
        while not link.exists():
            if process.poll() is not None or time.monotonic() > end:
                raise Wrong(f"{chip} did not start")
            time.sleep(0.01)
        return link

    def power_off(self, chip):
        process = self.running.pop(chip)
        process.send_signal(signal.SIGTERM)
        if process.wait(30) != 0:
            raise Wrong(f"{chip} ended with {process.returncode}")

    def close(self):
        for process in self.running.values():
            process.kill()
            process.wait()
        self.running.clear()

    def dump(self, chip, area):
        """An area of a chip, read without its bootloader."""
        out = self.path / "bench" / "dump.bin"
        subprocess.run([PROGRAMS / "sfi-sim", "dump", "--state",
                        self.path / "bench" / chip, "--area", area,
                        "--out", out], check=True, stdout=subprocess.DEVNULL)
        data = out.read_bytes()
        out.unlink()
        return data


# ---- firmware files, read without libsfi ----------------------------

def from_elf(path):
    """{address: bytes} of the PT_LOAD segments, at their load addresses."""
    data = path.read_bytes()
    offset, = struct.unpack_from("<I", data, 28)
    size, count = struct.unpack_from("<HH", data, 42)
    found = {}
    for i in range(count):
        kind, at, _, address, length = struct.unpack_from(
            "<5I", data, offset + i * size)
        if kind == 1 and length > 0:
            found[address] = data[at:at + length]
    return found


def from_hex(path):
    """{address: bytes} of an Intel HEX file, a record at a time."""
    base, found = 0, {}
    for line in path.read_text().split():
        raw = bytes.fromhex(line[1:])
        length, address, kind = raw[0], raw[1] << 8 | raw[2], raw[3]
        body = raw[4:4 + length]
        if kind == 0:
            found[base + address] = body
        elif kind == 2:
            base = int.from_bytes(body, "big") << 4
        elif kind == 4:
            base = int.from_bytes(body, "big") << 16
    return found


def windows(firmware):
    """All windows of 16 bytes, except those of one or two values: padding and
    erased flash are in any file."""
    image = {}
    for address, data in firmware.items():
        image.update(enumerate(data, address))
    found = set()
    row = []
    for address in sorted(image):
        if row and address != row[-1][0] + 1:
            row = []
        row = (row + [(address, image[address])])[-WINDOW:]
        window = bytes(b for _, b in row)
        if len(row) == WINDOW and len(set(window)) > 2:
            found.add(window)
    return found


def leaks(secret, data):
    return sum(data[i:i + WINDOW] in secret
               for i in range(len(data) - WINDOW + 1))


def option_words(path):
    return [int(line.split(",")[1], 16)
            for line in path.read_text().split() if line]


# ---- proofs ---------------------------------------------------------------

def prove_flash(story, chip, born, firmware, erased=()):
    expected = bytearray(born)
    for address, length in erased:
        at = address - FLASH_BASE
        expected[at:at + length] = b"\xff" * length
    for address, data in firmware.items():
        at = address - FLASH_BASE
        expected[at:at + len(data)] = data
    flash = story.dump(chip, "flash")
    total = sum(len(d) for d in firmware.values())
    claim(flash == bytes(expected),
          f"{chip}: the flash holds the {total} bytes of the firmware, "
          f"and all other {len(flash) - total} bytes are as they should be")


def prove_options(story, chip, csv):
    words = option_words(csv)
    data = story.dump(chip, "option-bytes")
    claim(list(struct.unpack(f"<{len(data) // 4}I", data)) == words,
          f"{chip}: the {len(words)} option-byte words are those of "
          f"{csv.name}")


def prove_certificate(story, cert, public_key):
    """With openssl, which is independent of libsfi."""
    data = cert.read_bytes()

    def integer(raw):
        raw = raw.lstrip(b"\0") or b"\0"
        raw = b"\0" + raw if raw[0] & 0x80 else raw
        return bytes([2, len(raw)]) + raw
    body = integer(data[72:104]) + integer(data[104:136])
    signature = story.path / "bench" / "signature.der"
    signature.write_bytes(bytes([0x30, len(body)]) + body)
    done = subprocess.run(
        ["openssl", "dgst", "-sha256", "-verify", public_key, "-signature",
         signature], input=data[:72], capture_output=True)
    claim(len(data) == 136 and done.returncode == 0,
          f"openssl verifies the certificate of product "
          f"{data[:8].decode()} with the CA's public key")


def answers(link):
    """True: a bootloader on this port replies to its first byte."""
    fd = os.open(link, os.O_RDWR | os.O_NOCTTY | os.O_NONBLOCK)
    try:
        tty.setraw(fd)
        termios.tcflush(fd, termios.TCIOFLUSH)
        os.write(fd, b"\x7f")
        return bool(select.select([fd], [], [], 1.0)[0])
    finally:
        os.close(fd)


# ---- the story --------------------------------------------------------------

def chip_maker(story):
    chapter(1, "The chip maker makes a CA and four chips")
    born = {}
    for chip in ("h753-1", "h753-2", "h753-3", "l462-1"):
        story.run("chip-maker", "sfi-sim", "manufacture", "--ca",
                  story.path / "chip-maker", "--chip",
                  H753 if chip.startswith("h753") else L462, "--state",
                  story.path / "bench" / chip)
        born[chip] = story.dump(chip, "flash")
        cert = story.path / "chip-maker" / f"{chip}.cert"
        cert.write_bytes(story.dump(chip, "certificate"))
        prove_certificate(story, cert, story.path / "chip-maker/ca.pub.pem")
    ids = {story.dump(c, "certificate")[8:72] for c in born}
    claim(len(ids) == 4, "the four chips have four different public keys")
    claim(set(born["h753-1"]) == {0xff},
          "the flash of a new STM32H753xI is erased")
    return born


def perso(story, product):
    found = list((story.path / "chip-maker").glob(f"{product}_SFI_*.pd"))
    if len(found) != 1:
        raise Wrong(f"no personalisation file for {product}")
    return found[0]


def is_private(path):
    """Wine shows an access list of one user as a mode with his group, too."""
    mode = path.stat().st_mode & 0o777
    return mode == 0o600 or "SFI_WINDOWS" in os.environ and mode & 0o007 == 0


def oem_image(story, name, device_id, firmware, csv):
    """Key, nonce and image of one firmware; a nonce is used only once."""
    oem = story.path / "oem"
    key, nonce = oem / f"{name}.key", oem / f"{name}.nonce"
    image = oem / f"{name}.sfi"
    story.run("oem", "sfi-create", "--genkey", key, "--gennonce", nonce)
    claim(key.stat().st_size == 16 and nonce.stat().st_size == 12 and
          is_private(key),
          "the key has 16 bytes and only the OEM can read it, the nonce has 12")
    story.run("oem", "sfi-create", "-sfi", "-fir", firmware, "-k", key, "-n",
              nonce, "-ob", csv, "-v", "1", "-devid", device_id, "-o", image,
              message="SFI generation SUCCESS")
    story.run("oem", "sfi-info", image, "-k", key, "-n", nonce)
    return key, nonce, image


def oem_hsm(story, name, product, key, nonce, count):
    vault = f"vault:{story.path / 'cm' / name}.vault"
    story.run("oem", "sfi-hsm", "-i", vault, "-k", key, "-n", nonce, "-id",
              name, "-mc", str(count), "-pd", perso(story, product),
              "--pin-file", story.path / "pin", "--yes")
    again = story.run("oem", "sfi-hsm", "-i", vault, "-k", key, "-n", nonce,
                      "-id", name, "-mc", "1000", "-pd",
                      perso(story, product), "--pin-file",
                      story.path / "pin", "--yes", status=6)
    claim("locked" in again, "the HSM is locked: it cannot be provisioned again")
    return vault


def counter(story, vault):
    text = story.run("cm", "sfi-program", "-hsmgetcounter", f"slot={vault}")
    return int(re.search(r"\d+", text).group(0))


def program(story, chip, image, vault, status=0, message=None,
            certificate=False):
    link = story.power_on(chip)
    try:
        if certificate:
            story.run("cm", "sfi-program", "-c", f"port={link}", "--yes", "-gc",
                      story.path / "cm" / f"{chip}.cert")
        return story.run("cm", "sfi-program", "-c", f"port={link}", "--yes", "-sfi",
                         "protocol=static", image, "hsm=1", f"slot={vault}",
                         "--pin-file", story.path / "pin", status=status,
                         message=message)
    finally:
        story.power_off(chip)


def erase(story, chip, born):
    link = story.power_on(chip)
    story.run("cm", "sfi-program", "-c", f"port={link}", "-e", "all")
    story.power_off(chip)
    claim(story.dump(chip, "flash") == born[chip],
          f"{chip}: the whole flash is erased")


def given(story, image):
    """The OEM hands over the image only."""
    copy = story.path / "cm" / image.name
    copy.write_bytes(image.read_bytes())
    return copy


def h753(story, born):
    elf, csv = DATA / f"blink-{H753}.elf", DATA / f"ob-{H753}.csv"
    firmware = from_elf(elf)
    chapter(2, "The OEM builds an image for the STM32H753xI")
    key, nonce, image = oem_image(story, "blink-h753", "0x450", elf, csv)
    chapter(3, "The OEM provisions an HSM for two installs, and it locks")
    vault = oem_hsm(story, "blink-h753", "45002001", key, nonce, 2)
    image = given(story, image)

    chapter(4, "The contract manufacturer programs two STM32H753xI")
    for chip in ("h753-1", "h753-2"):
        program(story, chip, image, vault, certificate=True)
        prove_flash(story, chip, born[chip], firmware)
        prove_options(story, chip, csv)
    claim(counter(story, vault) == 0, "two chips were counted")

    chapter(5, "The third is refused: the HSM has no installs left")
    program(story, "h753-3", image, vault, status=6, message="no install")
    claim(story.dump("h753-3", "flash") == born["h753-3"],
          "h753-3: the flash is unchanged")

    chapter(6, "The first chip again after a mass erase: it is not counted twice")
    program(story, "h753-1", image, vault, status=5)
    erase(story, "h753-1", born)
    program(story, "h753-1", image, vault)
    prove_flash(story, "h753-1", born["h753-1"], firmware)
    prove_options(story, "h753-1", csv)
    claim(counter(story, vault) == 0, "the counter is unchanged")

    chapter(7, "The second chip again, with a licence from a file")
    cert, licence = (story.path / "cm" / f"h753-2.{kind}"
                     for kind in ("cert", "lic"))
    story.run("cm", "sfi-program", "-hsmgetlicensefromcertifbin", cert,
              licence, f"slot={vault}", "--pin-file", story.path / "pin")
    claim(counter(story, vault) == 0, "the counter is unchanged")
    erase(story, "h753-2", born)
    link = story.power_on("h753-2")
    story.run("cm", "sfi-program", "-c", f"port={link}", "--yes", "-sfi",
              "protocol=static", image, "hsm=0", licence)
    story.power_off("h753-2")
    prove_flash(story, "h753-2", born["h753-2"], firmware)
    return firmware, [key, nonce]


def l462(story, born):
    elf, csv = DATA / f"blink-{L462}.elf", DATA / f"ob-{L462}.csv"
    firmware = from_elf(elf)
    chapter(8, "The STM32L462CE with its own HSM")
    key, nonce, image = oem_image(story, "blink-l462", "0x462", elf, csv)
    vault = oem_hsm(story, "blink-l462", "46201002", key, nonce, 1)
    image = given(story, image)
    chip = "l462-1"
    link = story.power_on(chip)
    claim(answers(link), f"{chip}: the secure bootloader answers")
    story.power_off(chip)
    program(story, chip, image, vault)
    # AN4992: the secure bootloader erases itself after a success
    prove_flash(story, chip, born[chip], firmware,
                erased=[(0x08075800, 40 << 10)])
    prove_options(story, chip, csv)
    claim(counter(story, vault) == 0, "one chip was counted")
    link = story.power_on(chip)
    claim(not answers(link), f"{chip}: no reply, the bootloader erased itself")
    story.power_off(chip)
    program(story, chip, image, vault, status=4)
    return firmware, [key, nonce]


def real_application(story, born):
    chapter(9, f"A real application ({SAMPLE.name}, "
            f"{SAMPLE.stat().st_size} bytes of Intel HEX), on the third chip")
    csv = DATA / f"ob-{H753}.csv"
    firmware = from_hex(SAMPLE)
    key, nonce, image = oem_image(story, "tests-h753", "0x450", SAMPLE, csv)
    vault = oem_hsm(story, "tests-h753", "45002001", key, nonce, 1)
    image = given(story, image)
    program(story, "h753-3", image, vault)
    prove_flash(story, "h753-3", born["h753-3"], firmware)
    prove_options(story, "h753-3", csv)
    return firmware, [key, nonce]


def secrecy(story, number, told):
    chapter(number, "What the contract manufacturer could learn")
    secret = set()
    for firmware, _ in told:
        secret |= windows(firmware)
    elf = (DATA / f"blink-{H753}.elf").read_bytes()
    claim(leaks(secret, elf) > 1000,
          f"the search works: it finds {leaks(secret, elf)} of the "
          f"{len(secret)} windows of {WINDOW} bytes in the OEM's own ELF")
    keys = [path.read_bytes() for _, paths in told for path in paths]
    for path in sorted((story.path / "cm").iterdir()):
        data = path.read_bytes()
        held = [k for k in keys if k in data or k.hex().encode() in data]
        claim(leaks(secret, data) == 0 and not held,
              f"{path.name} ({len(data)} bytes): no plaintext, no key")


def main():
    with tempfile.TemporaryDirectory(prefix="sfi-demo-") as folder:
        story = Story(pathlib.Path(folder))
        (story.path / "pin").write_text("4711-of-the-line\n")
        try:
            born = chip_maker(story)
            told = [h753(story, born), l462(story, born)]
            if SAMPLE.exists():
                told.append(real_application(story, born))
            secrecy(story, 8 + len(told) - 1, told)
        finally:
            story.close()
    print("\nEvery line marked ok was proven from files and chips.")


def stop(*_):
    raise Wrong("stopped")


if __name__ == "__main__":
    signal.signal(signal.SIGTERM, stop)
    try:
        main()
    except (Wrong, OSError, subprocess.SubprocessError,
            KeyboardInterrupt) as e:
        print(f"\ndemo: {e or 'stopped'}", file=sys.stderr)
        sys.exit(1)
