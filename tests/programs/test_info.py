#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later
# Copyright The libsfi authors
"""sfi-info of every file of the project, in words and for machines; no secret
is shown.  What it shows of images is in test_create.py too.
"""

import json
import shutil

from check import DATA, PROGRAMS, case, fails, main, run, same, succeeds
from check import about

INFO = PROGRAMS / "sfi-info"
KEPT = DATA / "kept"
H7 = "stm32h753xi"

# name: kind, and a fact
KINDS = {
    KEPT / "image.sfi": ("image", "image_version", 3),
    DATA / f"blink-{H7}.elf": ("firmware", "format", "elf"),
    DATA / f"blink-{H7}.hex": ("firmware", "format", "ihex"),
    DATA / f"blink-{H7}.srec": ("firmware", "format", "srec"),
    DATA / f"ob-{H7}.csv": ("option_bytes", "chip", H7),
    KEPT / "device.cert": ("certificate", "product_id", "46201002"),
    KEPT / "device.lic": ("license", "type", "static"),
    KEPT / "product.pd": ("personalization", "chip", "stm32l462ce"),
    KEPT / "store": ("license_store", "licenses", 1),
    KEPT / "first.audit": ("audit", "remaining", 4),
    KEPT / "install.trace": ("trace", "link", "stream"),
    KEPT / "image.key": ("key", "size", 16),
}


def of(*words):
    return json.loads(succeeds(INFO, *words, "--json"))


def result(out, name):
    return [c["result"] for c in out["checks"] if c["name"] == name]


@case
def every_kind_for_machines(folder):
    for path, (kind, name, value) in KINDS.items():
        out = of(path)
        same((out["file"], out["kind"], out[name]), (str(path), kind, value))
        assert "error" not in out, out
        for check in out.get("checks", []):
            assert check["result"] in ("passed", "not made"), check


@case
def every_kind_in_words(folder):
    for path, (kind, *_) in KINDS.items():
        out = succeeds(INFO, path)
        assert kind == "image" or out.startswith(f"{path} : "), out


@case
def segments(folder):
    same([(s["address"], s["size"])
          for s in of(DATA / f"blink-{H7}.elf")["segments"]],
         [(0x08000000, 1060), (0x08020000, 4136), (0x080a0000, 100),
          (0x08120000, 312)])


def keys(folder):
    """-k and -n of the kept image, which nobody else can read."""
    words = []
    for option, name in ("-k", "image.key"), ("-n", "image.nonce"):
        shutil.copyfile(KEPT / name, folder / name)
        words += [option, folder / name]
    return words


def audit_key(folder):
    shutil.copyfile(KEPT / "audit.key", folder / "audit.key")
    return ["--audit-key", folder / "audit.key"]


@case
def option_bytes_in_words(folder):
    """Of a CSV file, and of an image with its key."""
    out = of(DATA / f"ob-{H7}.csv")
    rdp = out["option_fields"][0]
    same((rdp["name"], rdp["row"], rdp["value"]), ("RDP", "FOPTSR_PRG", 0xAA))
    line = "  RDP              : 0xaa    readout protection: level 0"
    assert line in succeeds(INFO, DATA / f"ob-{H7}.csv")
    out = of(KEPT / "image.sfi", *keys(folder))
    same((out["chip"], out["option_fields"][0]["name"], out["verified"]),
         ("stm32l462ce", "RDP", True))
    assert "  RDP              : 0xbb    readout protection: level 1" in \
        succeeds(INFO, KEPT / "image.sfi", *keys(folder))


@case
def with_the_keys_of_others(folder):
    """A CA's signature, and the MACs of an audit log and of a vault."""
    out = of(KEPT / "device.cert", "-pd", KEPT / "product.pd")
    same(result(out, "ca_signature"), ["passed"])
    cert = bytearray((KEPT / "device.cert").read_bytes())
    cert[-1] ^= 1
    (folder / "c").write_bytes(cert)
    done = run(INFO, folder / "c", "-pd", KEPT / "product.pd")
    same(done.returncode, 3)
    assert "  product id    : 46201002" in done.stdout, done.stdout
    assert "  signature of the CA      : failed: " in done.stdout, done.stdout
    out = of(KEPT / "first.audit", *audit_key(folder))
    same(result(out, "macs"), ["passed"])


@case
def a_vault(folder):
    """It stays as it is, and needs no PIN."""
    shutil.copy(KEPT / "line.vault", folder / "v")
    before = (folder / "v").read_bytes()
    out = of(folder / "v", *audit_key(folder))
    same((out["kind"], out["state"], out["maximum"], out["firmware_id"]),
         ("vault", "operational", 5, "blink-1"))
    same((result(out, "chain"), result(out, "macs")), (["passed"], ["passed"]))
    same((folder / "v").read_bytes(), before)


@case
def no_secret_is_shown(folder):
    for name in "image.key", "image.nonce", "audit.key":
        secret = (KEPT / name).read_bytes()
        for words in ([], ["--json"]):
            out = succeeds(INFO, KEPT / name, *words)
            for at in range(len(secret) - 3):
                assert secret[at:at + 4].hex() not in out.lower(), name
    (folder / "ca.pem").write_text("-----BEGIN EC PRIVATE KEY-----\nMHcCAQ\n")
    assert "MHcC" not in succeeds(INFO, folder / "ca.pem")


@case
def what_is_none_of_them(folder):
    (folder / "letter").write_text("Dear Sir,\n")
    fails(2, [about(f"sfi-info: {folder}/letter", "another kind")], INFO,
          folder / "letter")
    fails(2, [about(f"sfi-info: {folder}", "folder without licences")], INFO,
          folder)
    (folder / "key").write_bytes(bytes(16))
    done = run(INFO, folder / "key", "--json")
    same(done.returncode, 2)
    out = json.loads(done.stdout)
    same((out["kind"], result(out, "random"), out["error"]["name"]),
         ("key", ["failed"], "SFI_ERR_FORMAT"))


if __name__ == "__main__":
    main()
