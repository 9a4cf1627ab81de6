#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later
# Copyright The libsfi authors
"""Leases and end certificates from doc/format.md, independent of libsfi and of
any crypto library.

    check_lease.py check FILE                 recompute the known answers
    check_lease.py make > tests/kat/lease.txt
    check_lease.py corpus FOLDER              the inputs of the fuzz target
"""
import hashlib
import hmac
import pathlib
import struct
import sys

from check_license import G, ctr, encode, gcm_tag, mul, scalar

COUNT = 6


def mac(key, data):
    return hmac.new(key, data, hashlib.sha256).digest()


def some(text, length):
    return (hashlib.sha256(text.encode()).digest() * 4)[:length]


def public(secret):
    return encode(mul(int.from_bytes(secret, "big"), G))


def site_key(secrets, record):
    return mac(secrets[28:], b"SFILAKEY" + record)


def seal(terms, record, request, secrets):
    """The lease of these terms (its first 232 bytes)."""
    ephemeral = mac(secrets, b"SFILEPHM" + record + bytes(4))
    head = terms + request + public(ephemeral)
    shared = mul(int.from_bytes(ephemeral, "big"),
                 (int.from_bytes(request[:32], "big"),
                  int.from_bytes(request[32:], "big")))[0].to_bytes(32, "big")
    info = head[232:]
    keys = hashlib.sha256(shared + b"\0\0\0\1" + info).digest()
    key, iv = keys[:16], keys[16:28]
    cipher = ctr(key, iv, secrets[:28] + site_key(secrets, record))
    return head + cipher + gcm_tag(key, iv, head, cipher)


def vectors():
    for i in range(COUNT):
        request = scalar(f"request {i}")
        secrets = some(f"nonce {i}", 12) + some(f"key {i}", 16) \
            + some(f"audit key {i}", 32)
        record, parent = some(f"record {i}", 32), some(f"parent {i}", 16)
        terms = b"SFILEASE" + struct.pack("<II", 1, i % 2) + parent \
            + struct.pack("<QQQQ", i + 1, 500 + i, 1795352400,
                          1795352400 + 604800) + record \
            + f"blink {i}".encode().ljust(64, b"\0") + b"45002001" \
            + public(scalar(f"ca {i}"))
        end = b"SFILSEND" + struct.pack("<II", 1, 0) + parent \
            + struct.pack("<Q", i + 1) + record + some(f"site {i}", 16) \
            + some(f"genesis {i}", 32) + struct.pack("<QQ", 7 + i, 3 * i) \
            + some(f"last {i}", 32)
        end += mac(site_key(secrets, record), end)
        key = public(request)
        yield [("name", f"lease {i}"), ("request", request.hex()),
               ("public", key.hex()),
               ("hash", hashlib.sha256(b"SFILREQU" + key).hexdigest()),
               ("secrets", secrets.hex()),
               ("site-key", site_key(secrets, record).hex()),
               ("lease", seal(terms, record, key, secrets).hex()),
               ("end", end.hex())]


def text():
    out = ("# Leases and end certificates (doc/format.md, \"Lease\"), computed "
           "by\n# tests/scripts/check_lease.py, which shares no code with "
           "libsfi.\n")
    for v in vectors():
        out += "\n" + "".join("%s = %s\n" % field for field in v)
    return out


def corpus(folder):
    first = dict(next(vectors()))
    for name in ("lease", "end"):
        data = bytes.fromhex(first[name])
        (folder / name).write_bytes(data)
        (folder / f"{name}-cut").write_bytes(data[:-1])
    (folder / "other-request").write_bytes(
        bytes.fromhex(dict(list(vectors())[1])["lease"]))
    (folder / "empty").write_bytes(b"")


def main(argv):
    if argv[1:] == ["make"]:
        sys.stdout.write(text())
    elif len(argv) == 3 and argv[1] == "corpus":
        corpus(pathlib.Path(argv[2]))
    elif len(argv) == 3 and argv[1] == "check":
        if pathlib.Path(argv[2]).read_text("ascii") != text():
            sys.exit(f"{argv[2]}: differs from what the format document gives")
    else:
        sys.exit(__doc__)


if __name__ == "__main__":
    main(sys.argv)
