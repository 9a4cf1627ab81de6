# SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later
# Copyright The libsfi authors
"""HSMs with an audit key, for the tests of audit logs."""

import datetime
import hashlib
import hmac
import struct

from check import PROGRAMS, succeeds

HSM, SIM = PROGRAMS / "sfi-hsm", PROGRAMS / "sfi-sim"
PERSO = "45002001_SFI_01000000_00000000.pd"
KIND = {"counted": 1, "again": 2, "retired": 3, "lease": 4, "return": 5,
        "restored": 6}
KEY = bytes(range(32))
NONE = bytes(32)
TIME = 1795352400  # 2026-11-22T13:00:00Z


def mac(key, data):
    return hmac.new(key, data, hashlib.sha256).digest()


def seconds(text):
    at = datetime.datetime.strptime(text, "%Y-%m-%dT%H:%M:%SZ")
    return int(at.replace(tzinfo=datetime.timezone.utc).timestamp())


def make_hsm(folder, count, *more):
    succeeds(SIM, "manufacture", "--ca", folder / "ca", "--chip",
             "stm32h753xi", "--state", folder / "chip1")
    (folder / "key").write_bytes(bytes(range(16)))
    (folder / "nonce").write_bytes(bytes(range(12)))
    (folder / "pin").write_text("123456\n")
    succeeds(HSM, "-i", f"vault:{folder}/hsm", "-k", folder / "key", "-n",
             folder / "nonce", "-id", "blink 1.0", "-mc", str(count), "-pd",
             folder / "ca" / PERSO, "--audit-key", folder / "audit.key", "--yes",
             "--pin-file", folder / "pin", *more)
    return f"vault:{folder}/hsm"


def certificate(folder, number):
    chip, cert = folder / f"chip{number}", folder / f"cert{number}"
    if not chip.exists():
        succeeds(SIM, "manufacture", "--ca", folder / "ca", "--chip",
                 "stm32h753xi", "--state", chip)
    succeeds(SIM, "dump", "--state", chip, "--area", "certificate", "--out",
             cert)
    return cert


# ---- the format, once more ----

def genesis(head):
    return hashlib.sha256(
        b"SFIVINIT" + struct.pack("<II", 1, int(head["flags"]))
        + bytes.fromhex(head["serial"])
        + head["firmware-id"].encode().ljust(64, b"\0")
        + head["product-id"].encode() + bytes.fromhex(head["ca"])
        + struct.pack("<QQ", int(head["maximum"]), int(head["low-water"]))
    ).digest()


def record_block(head, number, time, kind, device, session, remaining,
                 license, previous, tail=b""):
    return (b"SFIVRECD" + struct.pack("<IQQ", KIND[kind], number, time)
            + head["firmware-id"].encode().ljust(64, b"\0")
            + head["product-id"].encode() + device
            + struct.pack("<IQ", session, remaining) + license + previous + tail)


def end_block(head, remaining, number, last):
    return (b"SFIVHEAD" + bytes.fromhex(head["genesis"])
            + struct.pack("<QQ", remaining, number) + last)


def date(at):
    return datetime.datetime.fromtimestamp(
        at, datetime.timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ")


HEAD = ["flags", "maximum", "low-water", "firmware-id", "product-id",
        "serial", "ca", "genesis"]


def write_log(path, *records, key=KEY, flags=0, maximum=3, serial=1):
    """A log of (kind, device, session[, seconds later]) under a key; of a lease
    or a restore (kind, request, amount, seconds later, detail, remaining)."""
    head = {"flags": str(flags), "maximum": str(maximum), "low-water": "1",
            "firmware-id": "blink 1.0", "product-id": "45002001",
            "serial": f"{serial:032x}", "ca": "ca" * 64}
    head["genesis"] = genesis(head).hex()
    lines = ["SFI-LOG 1"] + [f"{name} {head[name]}" for name in HEAD]
    last, remaining, at = genesis(head), maximum, TIME
    for number, (kind, device, session, *more) in enumerate(records, 1):
        at += more[0] if more else 60
        remaining = more[2] if more[2:] else remaining - (kind == "counted")
        who, lic = (hashlib.sha256(f"{what} {device}".encode()).digest()
                    if device else NONE for what in ("device", "licence"))
        words, tail = (who.hex(), f"{session:08x}", lic.hex()), b""
        if KIND[kind] > 3:
            words = (who.hex(), session, more[1])
            tail = struct.pack("<QQ", *words[1:])
            who, session, lic = {"lease": (who, 0, NONE),
                                 "return": (who, 1, NONE),
                                 "restored": (NONE, 1, who)}[kind]
        block = record_block(head, number, at, kind, who, session, remaining,
                             lic, last, tail)
        own = hashlib.sha256(block).digest()
        lines.append(f"record {number} {date(at)} {kind} {words[0]} {words[1]} "
                     f"{remaining} {words[2]} {last.hex()} {own.hex()} "
                     f"{mac(key, block).hex()}")
        last = own
    lines.append(f"end {len(records)} {remaining} {last.hex()} " + mac(
        key, end_block(head, remaining, len(records), last)).hex())
    path.write_text("\n".join(lines) + "\n")
    path.with_name("audit.key").write_bytes(KEY)
