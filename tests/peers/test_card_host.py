#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later
# Copyright The libsfi authors
"""One handle of libsfi on a card in the real pcscd, while other programs reset
the card, use it, pull it, kill it, and restart pcscd.

    test_card_host.py PROGRAMS LIBSFI
"""

import ctypes
import pathlib
import sys
import time

TESTS = pathlib.Path(__file__).resolve().parent.parent
sys.path[:0] = [str(TESTS / "support" / "card"), str(TESTS / "programs")]

import pcscd  # noqa: E402
from pcscd import READERS, Desk  # noqa: E402
from check import PROGRAMS, about, case, main, same, succeeds  # noqa: E402

PIN = b"4711-0815"
COUNT = 4
SELECT = "00a4040008f053464948534d0100"
ERR_NO_DEVICE, ERR_ACCESS, ERR_HSM = -403, -404, -601
ERR_HSM_PIN = -604


class SfiError(Exception):
    def __init__(self, status, text):
        super().__init__(f"{status}: {text}")
        self.status, self.text = status, text


class Host:
    """A context, and an HSM."""

    def __init__(self, name=b"1"):
        self.lib = ctypes.CDLL(sys.argv[2])
        for function in ("sfi_error_message", "sfi_license_data",
                         "sfi_ctx_error"):
            getattr(self.lib, function).restype = ctypes.c_void_p
        self.ctx = ctypes.c_void_p()
        same(self.lib.sfi_ctx_new(None, ctypes.byref(self.ctx)), 0)
        self.hsm = self.make("sfi_hsm_open", self.ctx, name)

    def call(self, function, *arguments):
        status = getattr(self.lib, function)(*arguments)
        if status == 0:
            return
        error = ctypes.c_void_p(self.lib.sfi_ctx_error(self.ctx))
        text = ctypes.c_char_p(self.lib.sfi_error_message(error))
        raise SfiError(status, text.value.decode())

    def make(self, function, *arguments):
        handle = ctypes.c_void_p()
        self.call(function, *arguments, ctypes.byref(handle))
        return handle

    def login(self, pin=PIN):
        self.call("sfi_hsm_login", self.hsm, pin, ctypes.c_size_t(len(pin)))

    def license(self, data):
        cert = self.make("sfi_certificate_parse", self.ctx, data,
                         ctypes.c_size_t(len(data)))
        try:
            lic = self.make("sfi_hsm_generate_license", self.hsm, cert)
        finally:
            self.lib.sfi_certificate_free(cert)
        size = ctypes.c_size_t()
        at = self.lib.sfi_license_data(lic, ctypes.byref(size))
        out = ctypes.string_at(at, size.value)
        self.lib.sfi_license_free(lic)
        return out

    def close(self):
        self.lib.sfi_hsm_free(self.hsm)
        self.lib.sfi_ctx_free(self.ctx)

    def __enter__(self):
        return self

    def __exit__(self, *why):
        self.close()


def refuses(status, facts, function, *arguments):
    try:
        got = function(*arguments)
    except SfiError as e:
        same((e.status, e.text), (status, about("", *facts)))
    else:
        raise AssertionError(f"no error, but {got!r}")


def provision(folder, slot):
    """A card that issues licences, and the chips' certificates."""
    chips = []
    for i in range(COUNT):
        chip = folder / f"chip{i}"
        if not chip.exists():
            succeeds(PROGRAMS / "sfi-sim", "manufacture", "--ca", folder / "ca",
                     "--chip", "stm32l462ce", "--state", chip)
        chips.append((chip / "certificate.bin").read_bytes())
    perso, = [p for p in (folder / "ca").glob("*.pd")
              if p.name.encode()[:8] == chips[0][:8]]
    for name, data in (("key", b"k" * 16), ("nonce", b"n" * 12), ("pin", PIN)):
        (folder / name).write_bytes(data)
    succeeds(PROGRAMS / "sfi-hsm", "-i", slot, "-k", folder / "key", "-n",
             folder / "nonce", "-id", "blink 1.0", "-mc", str(COUNT), "-pd",
             perso, "--pin-file", folder / "pin", "--yes")
    return chips


@case
def handle_outlives_what_others_do(folder):
    with Desk(folder, PROGRAMS) as desk:
        desk.insert()
        chips = provision(folder, "1")
        with Host() as host:
            host.login()
            first = host.license(chips[0])
            # another program selects, which ends the login
            with desk.connect() as other:
                same(other.transmit(SELECT)[-4:], "9000")
                same(host.license(chips[0]), first)
                # ... selects an unknown application, and resets the card
                same(other.transmit("00a4040003f0010200")[-4:], "6a82")
                same(host.license(chips[0]), first)
                other.close(pcscd.RESET)
            same(host.license(chips[0]), first)
            # a second host, with the same card
            with Host(("pcsc:" + READERS[0]).encode()) as second:
                refuses(ERR_HSM_PIN, ["licences", "login"], second.license,
                        chips[1])
                refuses(ERR_HSM_PIN, ["PIN", "9 tries"], second.login, b"0000")
                second.login()
                same(second.license(chips[0]), first)
                host.license(chips[1])
            same(host.license(chips[0]), first)
            same(len(host.license(chips[2])), 136)


@case
def pulled_and_put_back(folder):
    with Desk(folder, PROGRAMS) as desk:
        desk.insert()
        chips = provision(folder, "1")
        with Host() as host:
            host.login()
            first = host.license(chips[0])
            desk.remove()
            refuses(ERR_NO_DEVICE, ["no card"], host.license, chips[0])
            desk.insert()
            same(host.license(chips[0]), first)
            # killed: the reader notices late
            desk.kill()
            try:
                host.license(chips[1])
                raise AssertionError("a licence from a dead card")
            except SfiError as e:
                same(-500 < e.status <= -400, True, e)  # an error of the link
            # pcscd polls every 0.4 s, and would miss a faster change
            time.sleep(1)
            desk.insert()
            same(len(host.license(chips[1])), 136)
            # another card
            desk.remove()
            desk.insert(state=folder / "other")
            refuses(ERR_HSM, ["different card"], host.license, chips[2])
            desk.remove()
            desk.insert()
            same(host.license(chips[0]), first)


@case
def service_started_anew(folder):
    with Desk(folder, PROGRAMS) as desk:
        desk.insert()
        chips = provision(folder, "1")
        with Host() as host:
            host.login()
            first = host.license(chips[0])
            desk.service.stop()
            refuses(ERR_NO_DEVICE, ["pcscd"], host.license, chips[0])
            desk.service.start()
            desk.pcsc = pcscd.Pcsc()
            desk.pcsc.wait(READERS[0])
            same(host.license(chips[0]), first)


@case
def for_itself(folder):
    with Desk(folder, PROGRAMS) as desk:
        desk.insert()
        chips = provision(folder, "1")
        with desk.connect(share=pcscd.EXCLUSIVE):
            refuses(ERR_ACCESS, ["another program", "card"], Host)
        with Host() as host:
            host.login()
            same(len(host.license(chips[0])), 136)


if __name__ == "__main__":
    pcscd.need()
    main()
