#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later
# Copyright The libsfi authors
"""sfi-card: this test is its reader, and unplugs the card at any moment."""

import random
import signal
import socket
import struct
import subprocess
import time

from check import PROGRAMS, case, fails, main, same, succeeds

CARD = PROGRAMS / "sfi-card"
PIN = b"4711-0815"
OFF, ON, RESET, ATR = b"\0", b"\1", b"\2", b"\4"
SELECT = bytes.fromhex("00a4040008f053464948534d0100")
INFO = bytes.fromhex("80ca011000")
PATIENCE = 20


def apdu(header, data=b"", le=b""):
    """A short APDU, or an extended one when needed; `le`: expects data."""
    head = bytes.fromhex(header)
    if len(data) > 255:
        return head + struct.pack(">BH", 0, len(data)) + data + le + le
    return head + (bytes([len(data)]) + data if data else b"") + le


class Gone(Exception):
    """The card was removed."""


class Reader:
    """A vpcd without pcscd, with a card in it."""

    def __init__(self, state, *more):
        self.server = socket.create_server(("127.0.0.1", 0))
        self.server.settimeout(PATIENCE)
        self.state, self.more = state, more
        self.card = self.line = None
        self.insert()

    def name(self):
        return "127.0.0.1:%d" % self.server.getsockname()[1]

    def insert(self):
        self.card = subprocess.Popen(
            [str(CARD), "--state", str(self.state), "--vpcd", self.name(),
             *self.more], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
            stderr=subprocess.PIPE, text=True)
        self.accept()

    def accept(self):
        self.line, _ = self.server.accept()
        self.line.settimeout(PATIENCE)

    def send(self, message):
        try:
            self.line.sendall(struct.pack(">H", len(message)) + message)
        except OSError as e:
            raise Gone from e

    def receive(self, size):
        data = b""
        while len(data) < size:
            try:
                piece = self.line.recv(size - len(data))
            except ConnectionError as e:
                raise Gone from e
            if not piece:
                raise Gone
            data += piece
        return data

    def answer(self):
        return self.receive(struct.unpack(">H", self.receive(2))[0])

    def exchange(self, message):
        self.send(message)
        return self.answer()

    def says(self, message, answer):
        if isinstance(message, str):
            message = bytes.fromhex(message)
        same(self.exchange(message).hex(), answer, message[:5].hex())

    def remove(self, how=signal.SIGTERM):
        """Stop the card; returns its stderr."""
        self.card.send_signal(how)
        same(self.card.wait(PATIENCE), 0 if how != signal.SIGKILL
             else -signal.SIGKILL, how)
        said = self.card.stderr.read()
        self.drop()
        return said

    def drop(self):
        self.line.close()
        self.card.stdout.close()
        self.card.stderr.close()

    def __enter__(self):
        return self

    def __exit__(self, *why):
        if self.card.poll() is None:
            self.card.kill()
            self.card.wait()
        self.drop()
        self.server.close()

    # ---- commands ----

    def select(self):
        self.says(SELECT, "6f0a8408f053464948534d019000")

    def verify(self, pin=PIN):
        return self.exchange(apdu("00200001", pin)).hex()

    def login(self):
        self.select()
        same(self.verify(), "9000")

    def info(self):
        """State, tries, left, records."""
        raw = self.exchange(INFO)
        same((len(raw), raw[-2:].hex()), (130, "9000"))
        left, _, _, records = struct.unpack(">4Q", raw[8:40])
        return raw[1], raw[2], left, records

    def license(self, certificate):
        """The reply: 138 bytes, or a status word."""
        return self.exchange(apdu("802a0000", certificate, b"\0"))


def make_chips(folder, count):
    """Certificates of chips, and the personalisation file of their CA."""
    chips = []
    for i in range(count):
        succeeds(PROGRAMS / "sfi-sim", "manufacture", "--ca", folder / "ca",
                 "--chip", "stm32l462ce", "--state", folder / f"chip{i}")
        chips.append((folder / f"chip{i}" / "certificate.bin").read_bytes())
    perso, = [p for p in (folder / "ca").glob("*.pd")
              if p.name.encode()[:8] == chips[0][:8]]
    return chips, perso.read_bytes()


def put_all(reader, perso, maximum):
    for header, data in (("80da0120", bytes(range(12)) + bytes(4) + b"k" * 16),
                         ("80da0102", b"blink 1.0"),
                         ("80da0104", struct.pack(">Q", maximum)),
                         ("80da0121", perso)):
        same(reader.exchange(apdu(header, data)).hex(), "9000", header)


def personalise(reader, perso, maximum):
    reader.login()
    put_all(reader, perso, maximum)
    reader.says("80f0000f", "9000")


# ---- the connection ----

@case
def usage(folder):
    hint = "  hint: sfi-card --help"
    fails(64, ["sfi-card: -state FILE is missing", hint], CARD)
    for bad in ("nowhere", "localhost:", ":35963", "localhost:0",
                "localhost:65536", "localhost:x", "::1:35963"):
        fails(1, [f"sfi-card: {bad}: host or port is missing, expected "
                  "HOST:PORT, such as 127.0.0.1:35963 or [::1]:35963"],
              CARD, "--state", folder / "card", "--vpcd", bad)
    same((folder / "card").exists(), False)


@case
def state_that_is_no_card(folder):
    (folder / "card").write_bytes(b"x" * 10000)
    done = subprocess.run([CARD, "--state", folder / "card"],
                          capture_output=True, text=True, timeout=PATIENCE,
                          check=False)
    same((done.returncode, done.stdout), (6, ""))
    same(f"sfi-card: vault:{folder}/card: " in done.stderr, True, done.stderr)


@case
def unknown_host(folder):
    done = subprocess.run([CARD, "--state", folder / "card", "--vpcd",
                           "no.such.host.invalid:35963"],
                          capture_output=True, text=True, timeout=PATIENCE,
                          check=False)
    same((done.returncode, done.stdout), (4, ""))
    same("sfi-card: no.such.host.invalid: " in done.stderr, True, done.stderr)


@case
def orders(folder):
    with Reader(folder / "card") as reader:
        reader.says(ATR, "3b80800101")
        for order in (ON, OFF, RESET, b"\3", b"\5", b"\xff"):
            reader.send(order)  # these get no reply
        reader.says(INFO, "6d00")
        for order in (ON, OFF, RESET):
            reader.select()
            reader.says("80ca010100", "019000")
            reader.send(order)
            reader.says("80ca010100", "6d00")
        reader.select()
        reader.says(ATR, "3b80800101")  # as pcscd polls the card
        reader.says("80ca010100", "019000")
        same(reader.remove(), "")
        same((folder / "card").exists(), False)  # blank


@case
def messages_of_any_length(folder):
    with Reader(folder / "card") as reader:
        reader.select()
        for size in (0, 2, 3, 1024, 1025, 4096, 65535):
            reader.says(bytes([0x80] * size), "6700" if size != 1024
                        else "6700")
        # a byte at a time
        for byte in struct.pack(">H", len(INFO)) + INFO:
            reader.line.sendall(bytes([byte]))
            time.sleep(0.005)
        same(len(reader.answer()), 130)
        # two messages in one write
        reader.line.sendall((struct.pack(">H", 5) +
                             bytes.fromhex("80ca010100")) * 2)
        same([reader.answer().hex(), reader.answer().hex()], ["019000"] * 2)


@case
def reader_goes_and_comes(folder):
    with Reader(folder / "card") as reader:
        reader.select()
        same(reader.card.stdout.readline(),
             f"in the reader at {reader.name()}\n")
        reader.line.close()
        reader.accept()
        reader.says("80ca010100", "6d00")  # the power was off
        same(reader.card.stdout.readline(),
             f"in the reader at {reader.name()}\n")
        # in the middle of a message
        reader.line.sendall(b"\0\x0e\x00")
        address = reader.server.getsockname()
        reader.server.close()
        reader.line.close()
        same(reader.card.stdout.readline(),
             "waiting for the reader at %s:%d\n" % address)
        reader.server = socket.create_server(address, reuse_port=True)
        reader.server.settimeout(PATIENCE)
        reader.accept()
        reader.select()
        same(reader.remove(), "")


@case
def ends_at_once(folder):
    for how in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        with Reader(folder / "card") as reader:
            reader.says(ATR, "3b80800101")
            same(reader.remove(how), "")
        with socket.create_server(("127.0.0.1", 0)) as s:
            port = s.getsockname()[1]
        with subprocess.Popen([CARD, "--state", folder / "card", "--vpcd",
                               f"127.0.0.1:{port}"], stdout=subprocess.PIPE,
                              text=True) as waiting:
            same("waiting" in waiting.stdout.readline(), True)
            waiting.send_signal(how)
            same(waiting.wait(PATIENCE), 0)


@case
def verbose_tells_no_secret(folder):
    (_,), perso = make_chips(folder, 1)
    with Reader(folder / "card", "--verbose") as reader:
        personalise(reader, perso, 5)
        same(reader.verify(b"31415926"), "63c9")
        reader.says("802a0000", "6700")
        said = reader.remove()
        same("sfi-card: 00 20 00 01 (14 bytes): 9000\n" in said, True, said)
        same("00 20 00 01 (13 bytes): 63c9, vault:" in said, True, said)
        same("wrong PIN, 9 tries left" in said, True, said)
        for secret in ("31415926", PIN.decode(), PIN.hex(), "6b6b6b6b"):
            same(secret in said, False, secret)


# ---- the state outlives the process ----

@case
def the_state_is_a_vault(folder):
    chips, perso = make_chips(folder, 2)
    with Reader(folder / "card") as reader:
        personalise(reader, perso, 2)
        lic = reader.license(chips[0])
        same((len(lic), lic[-2:].hex()), (138, "9000"))
        same(reader.remove(signal.SIGKILL), "")  # between two commands
        reader.insert()
        reader.select()
        same(reader.info(), (1, 10, 1, 1))
        reader.login()
        same(reader.license(chips[0]), lic)
        same(reader.info(), (1, 10, 1, 1))
        reader.remove()
    told = succeeds(PROGRAMS / "sfi-hsm", "-i", f"vault:{folder}/card",
                    "-info")
    same("blink 1.0" in told, True, told)


def kill_during(reader, message, longest):
    """Send, and unplug at a random moment; the reply if it came."""
    reader.send(message)
    time.sleep(random.uniform(0, longest))
    reader.card.kill()
    reader.card.wait(PATIENCE)
    try:
        return reader.answer()
    except Gone:
        return None
    finally:
        reader.drop()


def time_of(function, *arguments):
    begin = time.monotonic()
    function(*arguments)
    return time.monotonic() - begin


@case
def killed_while_licensing(folder):
    rounds = 30
    chips, perso = make_chips(folder, rounds + 4)
    answered = counted = 0
    with Reader(folder / "card") as reader:
        personalise(reader, perso, rounds + 4)
        spare = chips[rounds:]
        longest = 1.5 * min(time_of(reader.license, c) for c in spare)
        for i in range(rounds):
            left, records = rounds - i, i + len(spare)
            same(reader.info()[2:], (left, records))
            lost = kill_during(reader, apdu("802a0000", chips[i], b"\0"),
                               longest)
            reader.insert()
            reader.login()
            now = reader.info()[2:]
            # a licence that was sent is counted; a lost one may be
            same(now in ([(left - 1, records + 1)] if lost else
                         [(left, records), (left - 1, records + 1)]), True,
                 (lost is not None, left, now))
            answered += lost is not None
            counted += now[0] < left
            lic = reader.license(chips[i])
            same((len(lic), lic[-2:].hex()), (138, "9000"))
            same(lost in (None, lic), True, "another licence")
        same(reader.info()[:3], (2, 10, 0))
        reader.remove()
    print(f"# {rounds} kills: {answered} answered, {counted} counted before")
    told = succeeds(PROGRAMS / "sfi-hsm", "-i", f"vault:{folder}/card",
                    "-info")
    same("HSM STATE: EXHAUSTED" in told, True, told)


@case
def killed_while_locking(folder):
    _, perso = make_chips(folder, 1)
    locked, longest = 0, 0
    for i in range(9):
        state = folder / f"card{i}"
        with Reader(state) as reader:
            if longest == 0:
                begin = time.monotonic()
                personalise(reader, perso, 5)
                longest = 1.2 * (time.monotonic() - begin)
                continue
            reader.login()
            put_all(reader, perso, 5)
            lost = kill_during(reader, bytes.fromhex("80f0000f"), longest)
            reader.insert()
            reader.select()
            now = reader.info()[0]
            same(now in ((1,) if lost else (0, 1)), True, (lost, now))
            locked += now
            same(reader.verify(), "9000")
            if now == 0:  # nothing remains of the first attempt
                reader.says("80f0000f", "6985")
                put_all(reader, perso, 5)
                reader.says("80f0000f", "9000")
            same(reader.info()[:3], (1, 10, 5))
            reader.remove()
    print(f"# 8 kills: {locked} were locked")


@case
def killed_while_guessing(folder):
    _, perso = make_chips(folder, 1)
    with Reader(folder / "card") as reader:
        personalise(reader, perso, 5)
        longest = 1.5 * time_of(reader.verify, b"0000")
        tries = 9
        for _ in range(8):
            told = kill_during(reader, apdu("00200001", b"0000"), longest)
            reader.insert()
            reader.select()
            now = reader.info()[1]
            # tries never increase, and at most one is used
            same(now in ([tries - 1] if told else [tries, tries - 1]), True,
                 (told, tries, now))
            tries = now
        while tries > 0:
            tries -= 1
            same(reader.verify(b"0000"), f"63c{tries}")
        same(reader.info()[0], 3)
        same(reader.verify(), "6983")
        reader.remove()


@case
def killed_while_changing_the_pin(folder):
    chips, perso = make_chips(folder, 1)
    pins = [PIN, b"another one"]
    with Reader(folder / "card") as reader:
        personalise(reader, perso, 5)
        longest = 4 * time_of(reader.verify)  # a change has 2 or 3 of these
        for _ in range(6):
            old, new = pins
            told = kill_during(reader, apdu("00240001", bytes([len(old)]) +
                                            old + new), longest)
            reader.insert()
            reader.select()
            words = [reader.verify(pin) for pin in (old, new)]
            same("9000" in words, True, words)
            same(words.count("9000"), 1, words)  # all of it or nothing
            if told:
                same(told.hex(), "9000")
                same(words[1], "9000")
            if words[1] == "9000":
                pins = [new, old]
            same(reader.verify(pins[0]), "9000")
            same(len(reader.license(chips[0])), 138)
        same(reader.info()[2], 4)
        reader.remove()


main()
