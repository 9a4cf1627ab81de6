# SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later
# Copyright The libsfi authors
"""sfi-program with the words of ST's tool (UM2237): each does on an open chip of
either model (model.py) what it says, or is answered with a sentence."""

import contextlib
import json
import sys

from check import DATA, PROGRAMS, about, case, fails, main, run, same, succeeds
from model import PROGRAM, case_of_sim, connected

HINT = "  hint: sfi-program --help"
BASE, SECTOR, RAM = 0x08000000, 128 << 10, 0x24034000
ELF = DATA / "blink-stm32h753xi.elf"
FIRST = DATA / "blink-stm32h753xi-0x08000000.bin"


@contextlib.contextmanager
def chip(folder):
    """A new chip on a pty: its port and its flash."""
    with connected(folder) as link:
        yield link.port, link.flash


def on(port, *words):
    """A pty has no parity, which causes a warning."""
    done = run(PROGRAM, "-c", f"port={port}", *words)
    same(done.returncode, 0, f"{words}: {done.stdout}{done.stderr}")
    return done.stdout


def refused(status, line, *words):
    done = run(PROGRAM, *words)
    same(done.returncode, status, f"{words}: {done.stdout}{done.stderr}")
    assert line in done.stderr.splitlines(), f"{line}\n{done.stderr}"


@case
def other_spellings(folder):
    """A line of stm32duino's script, and one of ST's community (865533)."""
    with chip(folder) as (port, flash):
        out = on(port, "P=EVEN", "db=8", "sb=1", "fc=OFF", "noinit=0",
                 "--quietMode", "--download", ELF, "-v", "fast", "--start",
                 "0x08000000")
        same(flash.read_bytes()[:FIRST.stat().st_size], FIRST.read_bytes())
        assert "Running from 0x08000000" in out and "%" not in out, out
    assert "%" in on_new_chip(folder / "b", "-d", ELF, "incremental",
                              "--verify=fast", "-s")
    on_new_chip(folder / "c", "noinit=1", "-u", hex(BASE), 16, folder / "back")
    same((folder / "back").read_bytes(), b"\xff" * 16)


def on_new_chip(folder, *words):
    folder.mkdir()
    with chip(folder) as (port, _):
        return on(port, *words)


@case
def links_by_name(folder):
    """br= reaches a serial link that is named in full."""
    with chip(folder) as (port, _):
        for name in (f"serial:{port}", f"serial:{port}?fallback=no"):
            on(name, "br=9600", "-r8", hex(BASE), 4)
    refused(64, about("sfi-program: serial:/dev/null", "baud", "9601",
                      "115200"), "-c", "port=serial:/dev/null", "br=9601",
            "-e", 0)


@case
def values(folder):
    with chip(folder) as (port, flash):
        out = on(port, "-w32", hex(RAM), "0x01020304", "5", "-w16",
                 hex(RAM + 8), "0x0607", "-w8", hex(RAM + 10), "8", "0x09",
                 "-r32", hex(RAM), 12, "-r16", hex(RAM), 3, "-r8", hex(RAM),
                 17, "-nv")
        lines = [line for line in out.splitlines() if " : " in line]
        same(lines, ["0x24034000 : 01020304 00000005 09080607",
                     "0x24034000 : 0304 0102",
                     "0x24034000 : 04 03 02 01 05 00 00 00 07 06 08 09 00 00 "
                     "00 00",
                     "0x24034010 : 00"])
        told = json.loads(on(port, "-r32", hex(RAM), 8, "-r8", hex(RAM), 1,
                             "--json"))
        same(told["results"],
             [{"option": "r32", "address": RAM, "values": [0x01020304, 5]},
              {"option": "r8", "address": RAM, "values": [4]}])
        # flash: nothing is erased, and a unit is programmed once
        on(port, "-w32", hex(BASE + 64), "0x11223344")
        same(flash.read_bytes()[64:72], bytes.fromhex("44332211ffffffff"))
        refused(5, about("sfi-program", "0x44", "0x08000040",
                         "erase its sector"), "-c", f"port={port}", "-w8",
                hex(BASE + 70), "1")
        same(flash.read_bytes()[64:72], bytes.fromhex("44332211ffffffff"))


@case
def fill(folder):
    with chip(folder) as (port, flash):
        on(port, "-fillmemory", hex(RAM), "size=6", "pattern=0xA55A",
           "dataWidth=16", "-fillmemory", hex(RAM + 6), "size=3", "-u",
           hex(RAM), 10, folder / "ram", "-fillmemory", hex(BASE),
           "size=0x8000", "pattern=0x5A")
        same((folder / "ram").read_bytes(),
             b"\x5a\xa5" * 3 + bytes(4))
        same(flash.read_bytes()[:0x8001], b"\x5a" * 0x8000 + b"\xff")


@case
def blank_and_checksum(folder):
    with chip(folder) as (port, _):
        out = on(port, "-blankcheck", "-checksum", hex(BASE), 100)
        assert "The flash is blank" in out, out
        assert "100 bytes at 0x08000000: 0x0000639c" in out, out
        on(port, "-w8", hex(BASE + 0x12340), "1")
        done = run(PROGRAM, "-c", f"port={port}", "-blankcheck", "--json")
        same(done.returncode, 5, done.stderr)
        told = json.loads(done.stdout)
        same(told["results"], [{"option": "blankcheck", "blank": False}])
        same(told["error"]["message"], "there is 0x01 at 0x08012340, expected "
             "erased flash from 0x08000000: erase its sector first")
        told = json.loads(on(port, "-checksum", "-q", "--json"))
        same(told["results"], [{
            "option": "checksum", "address": BASE, "size": 2 << 20,
            "checksum": ((2 << 20) * 0xff - 0xfe) & 0xffffffff}])


@case
def skip_erase(folder):
    """ST's community 608809: a serial number after the firmware."""
    with chip(folder) as (port, flash):
        (folder / "sn.bin").write_bytes(b"SN 4711")
        on(port, "-w", ELF, "-v", "--skipErase", "-d", folder / "sn.bin",
           hex(BASE + SECTOR - 32))
        same(flash.read_bytes()[SECTOR - 32:SECTOR - 25], b"SN 4711")
        same(flash.read_bytes()[:FIRST.stat().st_size], FIRST.read_bytes())
        refused(5, about("sfi-program", "0x08000000", "erase its sector"),
                "-c", f"port={port}", "-w", folder / "sn.bin", hex(BASE),
                "--skipErase")
        same(flash.read_bytes()[:FIRST.stat().st_size], FIRST.read_bytes())


@case
def text_files(folder):
    with chip(folder) as (port, flash):
        # across the border of 64 KiB
        (folder / "fw.bin").write_bytes(bytes(range(256)) * 2)
        at = hex(BASE + 0xff00)
        on(port, "-w", folder / "fw.bin", at)
        for name in ("fw.hex", "fw.srec", "fw.s19"):
            on(port, "-r", at, 512, folder / name)
            on(port, "-e", 0)
            same(flash.read_bytes()[0xff00:0x10100], b"\xff" * 512)
            on(port, "-w", folder / name, "-v")
            same(flash.read_bytes()[0xff00:0x10100], bytes(range(256)) * 2)
        on(port, "-u", hex(BASE + 0xfffe), 4, folder / "small.HEX", "-u",
           hex(BASE + 0xfffe), 4, folder / "small.srec")
        same((folder / "small.HEX").read_text(),
             ":020000040800F2\n:02FFFE00FEFF04\n:020000040801F1\n"
             ":020000000001FD\n:00000001FF\n")
        same((folder / "small.srec").read_text(),
             "S0030000FC\nS3090800FFFEFEFF0001F3\nS7050800FFFEF5\n")


@case
def log_and_verbosity(folder):
    log = folder / "trace.log"
    with chip(folder) as (port, _):
        on(port, "-log", log, "-e", 0)
        first = log.read_text()
        assert first.startswith("# log of libsfi\n"), first
        assert "Erasing 1 sector" in first and "parity" in first, first
        on(port, "-log", log, "-e", 1, "--json")
        second = log.read_text()
        assert second.startswith(first), second
        assert second.count("Erasing 1 sector") == 2, second
        done = run(PROGRAM, "-c", f"port={port}", "-log", log, "-e", 99)
        same(done.returncode, 2)
        assert "sector 99" in log.read_text(), log.read_text()
        refused(2, about("sfi-program", str(ELF), "not a log"), "-c",
                f"port={port}", "-log", ELF, "-e", 0)
        quiet, loud = (run(PROGRAM, "-c", f"port={port}", "-vb", level, "-e", 0)
                       for level in (1, 3))
        same((quiet.returncode, loud.returncode), (0, 0))
        for frame in ("Get: command 0x00: ok", "Extended Erase: 1 sectors: ok"):
            assert frame in loud.stderr and frame in first, loud.stderr
        assert len(loud.stderr.splitlines()) > len(quiet.stderr.splitlines()), \
            loud.stderr


@case_of_sim
def timeout(folder):
    """Nobody answers: -t says for how long libsfi tries."""
    import os
    import pty
    import time
    master, slave = pty.openpty()
    began = time.monotonic()
    done = run(PROGRAM, "-c", f"port={os.ttyname(slave)}", "-t", 300, "-e", 0)
    same(done.returncode, 4, done.stderr)
    assert time.monotonic() - began < 4.5, done.stderr
    os.close(master)
    os.close(slave)


@case_of_sim
def license_of_the_chip(folder):
    succeeds(PROGRAMS / "sfi-create", "--genkey", folder / "key.bin",
             "--gennonce", folder / "nonce.bin")
    (folder / "pin").write_text("4711-secret\n")
    hsm = f"vault:{folder}/line.vault"
    with chip(folder) as (port, _):
        succeeds(PROGRAMS / "sfi-hsm", "-i", hsm, "-k", folder / "key.bin",
                 "-n", folder / "nonce.bin", "-id", "x", "-mc", 5, "-pd",
                 next((folder / "ca").glob("45002001_SFI_*.pd")), "--pin-file",
                 folder / "pin", "--yes")
        words = ["-hsmgetlicense", folder / "a.license", f"slot={hsm}",
                 "protocol=static", "--pin-file", folder / "pin"]
        refused(7, about("sfi-program", "no terminal", "secure"), "-c",
                f"port={port}", *words)
        on(port, *words, "--yes", "-gc", folder / "a.cert")
        on(port, *words)
        same((folder / "a.license").read_bytes()[:4], b"SFI.")
        left = succeeds(PROGRAM, "-hsmgetcounter", f"slot={hsm}")
        same(left, "HSM COUNTER: 4\n")


SENTENCES = [
    (["-rsse", "f.bin"], "-rsse: these parts install without an RSSe file: "
     "their secure bootloader is in ROM"),
    (["-dsecurity"], "-dsecurity: SECURITY of these parts is permanent: "
     "nothing takes it off"),
    (["-c", "port=x", "P=NONE"], "P=NONE, expected EVEN: the bootloader's "
     "frames have 8 bits, even parity, 1 stop bit"),
    (["-c", "port=x", "noinit=2"], "noinit=2, expected one of: 0 1"),
    (["-c", "port=swd", "P=EVEN"], "P= needs a serial port"),
    (["-c", "port=x", "freq=4000"], "freq= needs port=swd or port=jtag"),
    (["-c", "port=x", "sn=1"], "sn= needs port=swd, port=jtag or port=usb1"),
    (["-c", "port=swd", "shared"], "shared: a CMSIS-DAP probe has one owner; "
     "several programs can use OpenOCD: probe=openocd:HOST:PORT"),
    (["-c", "port=swd", "index=1", "sn=1"],
     "sn= and index= both name a probe: use one"),
    (["-c", "port=usb1", "sn=1", "PID=2"], "sn= names a device, so VID= and "
     "PID= cannot be combined with it"),
    (["-c", "port=rfc2217:h:1?baud=9600", "br=9600"],
     "br= and baud= both set the speed: use one"),
    (["-c", "port=JLINK"], "port=JLINK: this probe needs OpenOCD: port=swd "
     "probe=openocd:HOST:PORT"),
    (["-c", "port=spi", "mode=slave"], "mode=slave, expected master: the chip "
     "is the slave"),
    (["-c", "port=spi", "nss=soft"], "nss=soft: Linux's spidev has no such "
     "setting"),
    (["-l", "st-link"], "-l st-link: OpenOCD finds ST-LINKs; -l probe lists "
     "CMSIS-DAP probes"),
    (["-c", "port=x", "-w8", "0", "256"],
     '-w8: "256" is not a value up to 0xff'),
    (["-c", "port=x", "-w32", "2", "1"],
     '-w32: "2" is not an address, expected a multiple of 4'),
    (["-c", "port=x", "-fillmemory", "0", "pattern=1"],
     "-fillmemory needs ADDRESS size=N"),
    (["-c", "port=x", "-fillmemory", "0", "size=8", "pattern=256"],
     "pattern=256 is not a value of 8 bits"),
    (["-c", "port=x", "-fillmemory", "0", "size=8", "dataWidth=12"],
     "dataWidth=12, expected 8, 16 or 32"),
    (["-c", "port=x", "-fillmemory", "0", "size=6", "dataWidth=32"],
     "size=6 is not a size from 1 byte to 64 MiB in whole values"),
    (["-c", "port=x", "-checksum", "0"],
     "-checksum needs [ADDRESS SIZE]"),
    (["-c", "port=x", "-e", "0", "--skipErase"], "--skipErase needs -w FILE"),
    (["-c", "port=x", "-e", "0", "-nv"], "-nv needs -w8, -w16 or -w32"),
    (["-c", "port=x", "-ob", "unlockchip"], "-ob unlockchip: libsfi has no "
     "table of defaults; -ob displ shows the option bytes, -ob NAME=VALUE sets "
     "one"),
    (["-hsmgl", "f", "protocol=live"], "protocol=live, expected "
     "static: a live licence is made during the install"),
    (["-vb", "4"], "-vb 4, expected 1, 2 or 3"),
    (["-t", "0"], "-t 0 is not a time from 1 to 3600000 ms"),
]


@case_of_sim
def sentences(folder):
    for words, message in SENTENCES:
        fails(64, [f"sfi-program: {message}", HINT], PROGRAM, *words)
    for word in ("coreReg", "el", "ssfi", "run", "otp", "script", "swv"):
        done = run(PROGRAM, f"-{word}")
        same(done.returncode, 64)
        assert done.stderr.startswith(f"sfi-program: -{word}: "), done.stderr
        assert "did you mean" not in done.stderr, done.stderr


@case_of_sim
def help_by_question_mark(folder):
    same(succeeds(PROGRAM, "-?"), succeeds(PROGRAM, "--help"))


@case_of_sim
def first_reader(folder):
    """slot= is 1 by default, the first card reader: here there is none, or
    libsfi was built without cards."""
    for words in (["-hsmgetinfo"], ["-hsmgetcounter"]):
        done = run(PROGRAM, *words)
        assert done.returncode not in (0, 64), done.stderr
        same(done.stderr, run(PROGRAM, *words, "slot=1").stderr)


if __name__ == "__main__":
    sys.dont_write_bytecode = True
    main()
