#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later
# Copyright The libsfi authors
"""A card in the real pcscd, with vsmartcard's virtual readers; OpenSC's tool and
libpcsclite are clients that do not use libsfi.

    test_card.py PROGRAMS
"""

import pathlib
import random
import re
import struct
import subprocess
import sys
import time

TESTS = pathlib.Path(__file__).resolve().parent.parent
sys.path[:0] = [str(TESTS / "support" / "card"), str(TESTS / "programs")]

import pcscd  # noqa: E402
from pcscd import READERS, Desk  # noqa: E402
from check import PROGRAMS, case, main, same, succeeds  # noqa: E402

PIN = b"4711-0815"
SELECT = "00a4040008f053464948534d0100"
SELECTED = "6f0a8408f053464948534d019000"
# of libpcsclite's pcsclite.h
SHARING_VIOLATION, NO_SMARTCARD, NOT_TRANSACTED = (0x8010000b, 0x8010000c,
                                                   0x80100016)
RESET_CARD, REMOVED_CARD = 0x80100068, 0x80100069


def refuses(code, function, *arguments):
    """PC/SC's code, or one of these."""
    codes = code if isinstance(code, tuple) else (code,)
    try:
        got = function(*arguments)
    except pcscd.PcscError as e:
        same(e.code in codes, True, f"{e}, expected {[hex(c) for c in codes]}")
    else:
        raise AssertionError(f"no error, but {got!r}")


def opensc(*arguments):
    return succeeds("opensc-tool", *arguments)


def opensc_sends(*commands):
    """[(status word, data)] in hexadecimal digits."""
    out = opensc("--reader", READERS[0],
                 *[word for c in commands for word in ("--send-apdu", c)])
    answers = []
    for part in out.split("Received (SW1=")[1:]:
        sw1, sw2 = re.match(r"0x(..), SW2=0x(..)\)", part).groups()
        data = "".join(re.findall(r"^((?:[0-9A-F]{2} )+)", part, re.M))
        answers.append(((sw1 + sw2).lower(), data.replace(" ", "").lower()))
    return answers


def make_chips(folder, count):
    for i in range(count):
        succeeds(PROGRAMS / "sfi-sim", "manufacture", "--ca", folder / "ca",
                 "--chip", "stm32l462ce", "--state", folder / f"chip{i}")
    chips = [(folder / f"chip{i}" / "certificate.bin").read_bytes()
             for i in range(count)]
    perso, = [p for p in (folder / "ca").glob("*.pd")
              if p.name.encode()[:8] == chips[0][:8]]
    return chips, perso


def verify(pin=PIN):
    return "00200001" + bytes([len(pin)]).hex() + pin.hex()


def personalisation(perso, maximum):
    """Short commands, written by hand."""
    objects = [("20", bytes(range(12)) + bytes(4) + b"k" * 16),
               ("02", b"blink 1.0"), ("04", struct.pack(">Q", maximum)),
               ("21", perso.read_bytes())]
    return [SELECT, verify()] + \
        [f"80da01{name}{len(data):02x}{data.hex()}" for name, data in objects] \
        + ["80f0000f"]


def get_license(certificate):
    return f"802a0000{len(certificate):02x}{certificate.hex()}00"


# ---- OpenSC ----

@case
def opensc_sees_readers_and_cards(folder):
    with Desk(folder, PROGRAMS) as desk:
        rows = [line.split(None, 2)[1:] for line in
                opensc("--list-readers").splitlines()[2:]]
        same(rows, [["No", name] for name in READERS])
        desk.insert()
        rows = [line.split(None, 2)[1:] for line in
                opensc("--list-readers").splitlines()[2:]]
        same(rows, [["Yes", READERS[0]], ["No", READERS[1]]])
        same(opensc("--reader", READERS[0], "--atr"), "3b:80:80:01:01\n")


@case
def opensc_personalises_and_licenses(folder):
    """The whole life of a card, without libsfi's host."""
    chips, perso = make_chips(folder, 2)
    with Desk(folder, PROGRAMS) as desk:
        desk.insert()
        answers = opensc_sends(*personalisation(perso, 1))
        same(answers, [("9000", SELECTED[:-4])] + [("9000", "")] * 6)
        answers = opensc_sends(SELECT, get_license(chips[0]), verify(b"0000"),
                               verify(), get_license(chips[0]),
                               get_license(chips[1]), get_license(chips[0]))
        same([sw for sw, _ in answers], ["9000", "6982", "63c9", "9000", "9000",
                                         "6985", "9000"])
        same(len(answers[4][1]), 2 * 136)
        same(answers[6][1], answers[4][1], "not the same licence")
        # in parts, and with GET RESPONSE
        data = chips[0].hex()
        answers = opensc_sends(
            SELECT, verify(), "902a0000" + "64" + data[:200],
            "802a0000" + "24" + data[200:] + "00", "80ca011100", "80ca010500")
        same([sw for sw, _ in answers], ["9000"] * 6)
        same(len(answers[4][1]), 2 * 284)  # it fetched the rest itself
        same(answers[5][1], "02")
        answers = opensc_sends(SELECT, verify(), "80f0000e", "80ca010500",
                               get_license(chips[0]))
        same([sw for sw, _ in answers], ["9000"] * 4 + ["6985"])
        same(answers[3][1], "04")


# ---- libpcsclite ----

@case
def two_readers(folder):
    with Desk(folder, PROGRAMS) as desk:
        same(desk.pcsc.readers(), READERS)
        refuses(NO_SMARTCARD, desk.connect, 0)
        desk.insert(1)
        refuses(NO_SMARTCARD, desk.connect, 0)
        desk.insert(0)
        _, perso = make_chips(folder, 1)
        with desk.connect(0) as first, desk.connect(1) as second:
            for command in personalisation(perso, 3):
                same(first.transmit(command)[-4:], "9000", command[:8])
            same(len(first.transmit("80ca0111000000")), 2 * 286)  # extended
            same(second.transmit(SELECT), SELECTED)
            same(second.transmit("80ca010500"), "009000")
            same(first.transmit("80ca010500"), "019000")


@case
def removed_and_inserted(folder):
    chips, perso = make_chips(folder, 1)
    with Desk(folder, PROGRAMS) as desk:
        desk.insert()
        with desk.connect() as host:
            for command in personalisation(perso, 3):
                same(host.transmit(command)[-4:], "9000", command[:8])
            first = host.transmit(get_license(chips[0]))
            same(first[-4:], "9000")
            desk.remove()
            refuses((REMOVED_CARD, NO_SMARTCARD), host.transmit, SELECT)
            refuses(NO_SMARTCARD, desk.connect)
            desk.insert()
            refuses((REMOVED_CARD, RESET_CARD), host.transmit, SELECT)
            host.reconnect()
            same(host.transmit("80ca010500"), "6d00")  # it has lost its power
            same(host.transmit(SELECT), SELECTED)
            same(host.transmit(get_license(chips[0])), "6982")
            same(host.transmit(verify()), "9000")
            same(host.transmit(get_license(chips[0])), first)


@case
def reset_by_another_host(folder):
    _, perso = make_chips(folder, 1)
    with Desk(folder, PROGRAMS) as desk:
        desk.insert()
        with desk.connect() as host, desk.connect() as other:
            for command in personalisation(perso, 3):
                same(host.transmit(command)[-4:], "9000", command[:8])
            # a SELECT by another client ends the login, but not the selection
            same(other.transmit(SELECT), SELECTED)
            same(host.transmit("80f0000e"), "6982")
            same(host.transmit(verify()), "9000")
            other.close(pcscd.RESET)
            refuses(RESET_CARD, host.transmit, SELECT)
            host.reconnect(initialization=pcscd.LEAVE)
            same(host.transmit("80f0000e"), "6d00")


@case
def reader_busy(folder):
    with Desk(folder, PROGRAMS) as desk:
        desk.insert()
        with desk.connect(share=pcscd.EXCLUSIVE) as alone:
            refuses(SHARING_VIOLATION, desk.connect)
            same(alone.transmit(SELECT), SELECTED)
        with desk.connect() as host:
            refuses(SHARING_VIOLATION, desk.connect, 0, pcscd.EXCLUSIVE)
            same(host.transmit(SELECT), SELECTED)


@case
def answers_are_not_held_back(folder):
    """Without acknowledgements at once each would take 40 ms."""
    with Desk(folder, PROGRAMS) as desk:
        desk.insert()
        times = []
        with desk.connect() as host:
            for _ in range(100):
                begin = time.monotonic()
                same(host.transmit("00a4040001ff"), "6a82")
                times.append(time.monotonic() - begin)
        same(sorted(times)[50] < 0.02, True, times)


@case
def killed_in_a_command(folder):
    """A failure at once, or a short reply; never a lost count."""
    rounds = 4
    chips, perso = make_chips(folder, rounds)
    with Desk(folder, PROGRAMS) as desk:
        desk.insert()
        with desk.connect() as host:
            for command in personalisation(perso, rounds):
                same(host.transmit(command)[-4:], "9000", command[:8])
        for i, chip in enumerate(chips):
            host = desk.connect()
            for command in (SELECT, verify()):
                same(host.transmit(command)[-4:], "9000")
            killer = subprocess.Popen(
                ["sh", "-c", 'sleep "$1"; kill -9 "$2"', "-",
                 f"{random.uniform(0, 0.006):.4f}",
                 str(desk.cards[0].process.pid)])
            time.sleep(0.001)
            try:
                lost = host.transmit(get_license(chip))
            except pcscd.PcscError as e:
                lost = None
                same(e.code in (NOT_TRANSACTED, REMOVED_CARD), True, e)
            killer.wait()
            if i == 0:  # pcscd, which looks twice a second, has seen it go
                time.sleep(0.7)
            desk.kill()
            host.close()
            desk.insert()
            with desk.connect() as host:
                same(host.transmit(SELECT), SELECTED)
                left = int(host.transmit("80ca010300")[:16], 16)
                full = lost is not None and lost[-4:] == "9000"
                same(left in ([rounds - i - 1] if full else
                              [rounds - i, rounds - i - 1]), True, (i, left))
                same(host.transmit(verify()), "9000")
                lic = host.transmit(get_license(chip))
                same((len(lic), lic[-4:]), (2 * 138, "9000"))
                same(lost in (lic, None) or lic.startswith(lost), True)
                same(int(host.transmit("80ca010300")[:16], 16),
                     rounds - i - 1)


@case
def pcscd_goes_and_comes(folder):
    with Desk(folder, PROGRAMS) as desk:
        desk.insert()
        desk.service.stop()
        desk.service.start()
        desk.pcsc = pcscd.Pcsc()
        desk.pcsc.wait(READERS[0])  # the same process
        same(desk.cards[0].process.poll(), None)
        with desk.connect() as host:
            same(host.transmit("80ca010500"), "6d00")
            same(host.transmit(SELECT), SELECTED)


if __name__ == "__main__":
    pcscd.need("opensc-tool")
    main()
