# SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later
# Copyright The libsfi authors
"""sfi-program -l: the ports of this machine, compared with /sys and /dev."""

import ctypes
import json
import pathlib
import platform
import struct
import subprocess

from check import PROGRAMS, about, case, fails, main, run, same

PROGRAM = PROGRAMS / "sfi-program"
HINT = "  hint: sfi-program --help"
KINDS = {"uart": "serial", "spi": "spi", "usb": "usb", "probe": "cmsis-dap"}
NONE = {"serial": "no serial port is connected",
        "spi": "no SPI port (/dev/spidev*) was found",
        "usb": "no chip in DFU mode is connected",
        "cmsis-dap": "no CMSIS-DAP probe is connected; openocd knows others"}
NO_USB = "listing failed"


def serial_ports():
    """The expected ports, found independently of libsfi."""
    for tty in pathlib.Path("/sys/class/tty").glob("*"):
        kind = tty / "type"
        if (tty / "device").exists() and \
                (pathlib.Path("/dev") / tty.name).exists() and \
                (not kind.exists() or kind.read_text().strip() != "0"):
            yield f"/dev/{tty.name}"


def spidevs():
    for spi in pathlib.Path("/sys/class/spidev").glob("*"):
        if (pathlib.Path("/dev") / spi.name).exists():
            yield f"spi:/dev/{spi.name}"


def lists(*words):
    """libusb does not start in every container: then exit status 4."""
    done = run(PROGRAM, *words)
    assert done.returncode in (0, 4), done.stdout + done.stderr
    same("libusb" in done.stderr, done.returncode == 4, done.stderr)
    return done


def told(*words):
    done = lists("-l", *words, "--json")
    answer = json.loads(done.stdout)
    same(answer.get("error", {}).get("name"),
         "SFI_ERR_IO" if done.returncode == 4 else None)
    return answer


@case
def this_machine(folder):
    here = {"serial": sorted(serial_ports()), "spi": sorted(spidevs())}
    answer = told()
    for kind, ports in here.items():
        got = [f for f in answer["found"] if f["kind"] == kind]
        if kind in answer["not_built_in"]:
            ports = []
        same(sorted(f["port"] for f in got), ports)
    for word, kind in KINDS.items():
        only = told(word)
        same({f["kind"] for f in only["found"]} - {kind}, set())
        same(only["not_built_in"],
             [k for k in answer["not_built_in"] if k == kind])
        same([f["uri"] for f in only["found"]],
             [f["uri"] for f in answer["found"] if f["kind"] == kind])


@case
def for_people(folder):
    """Each kind has a title, and an empty one a reason."""
    answer = told()
    text = lists("-l").stdout
    for title in ("Serial ports:", "SPI ports:", "USB devices in DFU mode:",
                  "Debug probes:"):
        same(text.splitlines().count(title), 1, text)
    for found in answer["found"]:
        same(text.splitlines().count(f"  port={found['port']}"), 1, text)
    for word, kind in KINDS.items():
        done = lists("--list", word)
        text = done.stdout
        same(text.count(":\n"), 1, text)
        empty = not any(f["kind"] == kind for f in answer["found"])
        missing = kind in answer["not_built_in"]
        none = NONE[kind] if done.returncode == 0 else NO_USB
        same(f"  {none}\n" in text, empty and not missing, text)
        same("built without this kind" in text, missing, text)


def refuse_sockets():
    """In the child: a filter (seccomp(2)) that makes socket() fail with
    EPERM, which libusb needs to watch for devices."""
    arch, number = SOCKET[platform.machine()]
    code = struct.pack("HBBI" * 7,
                       0x20, 0, 0, 4,  # the architecture
                       0x15, 0, 4, arch,
                       0x20, 0, 0, 0,  # the number
                       0x15, 0, 1, number,
                       0x06, 0, 0, 0x00050001,  # an errno: EPERM
                       0x06, 0, 0, 0x7fff0000,  # allowed
                       0x06, 0, 0, 0x7fff0000)
    text = ctypes.create_string_buffer(code, len(code))
    filters = struct.pack("HxxxxxxP", 7, ctypes.addressof(text))
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.prctl(38, 1, 0, 0, 0) or libc.prctl(22, 2, filters):
        raise OSError(ctypes.get_errno(), "prctl")


SOCKET = {"x86_64": (0xc000003e, 41), "aarch64": (0xc00000b7, 198)}


@case
def usb_that_cannot_be_listed(folder):
    """Other kinds are listed without an error."""
    if platform.machine() not in SOCKET:
        return
    answer = told()
    there = "usb" not in answer["not_built_in"]
    ports = [f["port"] for f in answer["found"] if f["kind"] == "serial"]
    for words, expected in (((), 4), (("uart",), 0), (("spi",), 0),
                            (("usb",), 4), (("probe",), 4)):
        done = subprocess.run([PROGRAM, "-l", *words], capture_output=True,
                              text=True, timeout=60,
                              preexec_fn=refuse_sockets)
        same(done.returncode, expected if there else 0, done.stderr)
        same(done.stderr,
             "sfi-program: starting libusb failed: LIBUSB_ERROR_OTHER\n"
             if done.returncode else "")
        same(done.stdout.count(NO_USB),
             {(): 2, ("usb",): 1, ("probe",): 1}.get(words, 0) * there)
        for port in ports:
            same(f"port={port}\n" in done.stdout, words in ((), ("uart",)))


@case
def mistakes(folder):
    for word in ("usart", "UART", "all", ""):
        fails(64, [f"sfi-program: -l {word}, expected {EXPECTED}", HINT],
              PROGRAM, "-l", word)
    fails(64, ["sfi-program: -y cannot be combined with -l", HINT], PROGRAM,
          "-l", "-y")
    fails(64, [about("sfi-program", "-c", "--list"), HINT], PROGRAM, "-c",
          "port=/dev/ttyS0", "--list")
    done = run(PROGRAM, "-l", "uart", "spi")
    same(done.returncode, 64, done.stderr)


EXPECTED = "uart, spi, usb or probe"

if __name__ == "__main__":
    main()
