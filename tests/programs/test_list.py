"""sfi-program -l: what is connected to this machine, as /sys and /dev have
it."""

import json
import pathlib

from check import PROGRAMS, case, fails, main, run, same, succeeds

PROGRAM = PROGRAMS / "sfi-program"
HINT = "  hint: sfi-program --help"
KINDS = {"uart": "serial", "spi": "spi"}
NONE = {"serial": "no serial port is connected",
        "spi": "this machine shows no SPI port"}


def serial_ports():
    """What must be told, found out in another way."""
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


def told(*words):
    return json.loads(succeeds(PROGRAM, "-l", *words, "--json"))


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
    """Each kind has a title, and a sentence where there is nothing."""
    answer = told()
    text = succeeds(PROGRAM, "-l")
    for title in ("Serial ports:", "SPI ports:"):
        same(text.splitlines().count(title), 1, text)
    for found in answer["found"]:
        same(text.splitlines().count(f"  port={found['port']}"), 1, text)
    for word, kind in KINDS.items():
        text = succeeds(PROGRAM, "--list", word)
        same(text.count(":\n"), 1, text)
        empty = not any(f["kind"] == kind for f in answer["found"])
        missing = kind in answer["not_built_in"]
        same(f"  {NONE[kind]}\n" in text, empty and not missing, text)
        same("built without them" in text, missing, text)


@case
def mistakes(folder):
    for word in ("usart", "UART", "all", ""):
        fails(64, [f"sfi-program: -l {word}, expected {EXPECTED}", HINT],
              PROGRAM, "-l", word)
    fails(64, ["sfi-program: -y does not go with -l", HINT], PROGRAM, "-l",
          "-y")
    fails(64, ["sfi-program: -c does not go with --list", HINT], PROGRAM, "-c",
          "port=/dev/ttyS0", "--list")
    done = run(PROGRAM, "-l", "uart", "spi")
    same(done.returncode, 64, done.stderr)


EXPECTED = "uart or spi"

if __name__ == "__main__":
    main()
