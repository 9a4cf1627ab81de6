#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later
# Copyright The libsfi authors
"""sfi-info of every file of the project, in words and for machines; no secret
is shown.  What it shows of images is in test_create.py too.
"""

import json
import os
import shutil

from check import (DATA, PROGRAMS, about, case, fails, is_private, main, run,
                   same, succeeds)

CREATE, INFO = PROGRAMS / "sfi-create", PROGRAMS / "sfi-info"
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
    KEPT / "store": ("license_store", "license_count", 1),
    KEPT / "first.audit": ("audit", "remaining", 4),
    KEPT / "install.trace": ("trace", "link", "stream"),
    KEPT / "image.key": ("key", "size", 16),
}


def of(*words):
    return json.loads(succeeds(INFO, *words, "--json"))


def result(out, name):
    return [c["result"] for c in out["checks"] if c["name"] == name]


@case
def secrets_from_standard_input(folder):
    key, nonce = folder / "key", folder / "nonce"
    for file in (key, nonce):
        shutil.copy(KEPT / f"image.{file.name}", file)
        file.chmod(0o600)
    words = [INFO, KEPT / "image.sfi", "--json"]
    expected = succeeds(*words, "-k", key, "-n", nonce)
    secrets = {"k": key.read_bytes(), "n": nonce.read_bytes()}
    for piped in ("k", "n", "kn"):
        (folder / "in").write_bytes(b"".join(secrets[name] for name in piped))
        with open(folder / "in", "rb") as stdin:
            done = run(*words, "-k", "-" if "k" in piped else key,
                       "-n", "-" if "n" in piped else nonce, stdin=stdin)
        same((done.returncode, done.stdout), (0, expected))
    (folder / "in").write_bytes(secrets["k"])
    with open(folder / "in", "rb") as stdin:
        done = run(*words[:2], "-k", "-", "-n", "-", stdin=stdin)
    same(done.returncode, 2)
    same(done.stderr.splitlines()[0],
         about("sfi-info", "standard input", "16 bytes", "expected 28"))


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


# ---- what is in an image ----

def image(folder, name, firmware, *words, version=1, ob=DATA / f"ob-{H7}.csv"):
    """An image with a key and nonce of its own; the words that open it."""
    pair = [folder / f"{name}.key", folder / f"{name}.nonce"]
    pair[0].write_bytes(name.encode().ljust(16, b"k"))
    pair[1].write_bytes(name.encode().ljust(12, b"n"))
    done = run(CREATE, "-sfi", "-fir", firmware, *words, "-k", pair[0], "-n",
               pair[1], "-ob", ob, "-v", version, "--chip", H7, "-o",
               folder / f"{name}.sfi")
    same(done.returncode, 0, done.stderr)  # preflight may warn
    return [folder / f"{name}.sfi", "-k", pair[0], "-n", pair[1]]


@case
def extract(folder):
    """The owner gets back what went in, in each format; nobody else can read
    it."""
    whole = image(folder, "a", DATA / f"blink-{H7}.elf")
    for name in "out.hex", "out.srec":
        out = folder / name
        assert f"Extracted : 4 segments to {out}" in succeeds(
            INFO, *whole, "--extract", out)
        is_private(out)
        succeeds(INFO, *whole, "--compare", out)
        succeeds(INFO, out, "--compare", DATA / f"blink-{H7}.elf")
    fails(2, [about(f"sfi-info: {folder}/out.bin", "4 segments", "0x08000424",
                    "0x0801ffff", "a byte to fill gaps")], INFO, *whole,
          "--json", "--extract", folder / "out.bin")
    assert not (folder / "out.bin").exists()
    succeeds(INFO, *whole, "--extract", folder / "out.bin", "--area", "2")
    same((folder / "out.bin").read_bytes(),
         (DATA / f"blink-{H7}-0x08020000.bin").read_bytes())
    fails(4, [about(f"sfi-info: {folder}/out.bin", "another kind", "--force")],
          INFO, *whole, "--json", "--extract", folder / "out.bin", "--fill",
          "0xff")
    succeeds(INFO, *whole, "--extract", folder / "out.bin", "--fill", "0xff",
             "--force")
    same(len((folder / "out.bin").read_bytes()), 0x120000 + 312)


@case
def nothing_is_extracted(folder):
    """Without the key, with one tag wrong, or of an area without firmware."""
    whole = image(folder, "a", DATA / f"blink-{H7}.elf")
    out = folder / "out.hex"
    data = bytearray(whole[0].read_bytes())
    data[-1] ^= 1  # the last area, which is not firmware
    whole[0].write_bytes(data)
    same(run(INFO, *whole, "--extract", out).returncode, 3)
    data[-1] ^= 1
    whole[0].write_bytes(data)
    same(run(INFO, whole[0], "--extract", out).returncode, 64)
    for same_file in whole[0], f"{folder}/./a.sfi":
        fails(64, [f"sfi-info: --extract {same_file} is an input and would be "
                   "overwritten", "  hint: sfi-info --help"], INFO, *whole,
              "--extract", same_file, "--fill", "0xff", "--force")
    out.write_bytes(b"a letter")  # seen before anything is shown
    fails(4, [about(f"sfi-info: {out}", "another kind", "--force")], INFO,
          *whole, "--extract", out)
    out.unlink()
    same(run(INFO, *whole, "--area", "1").returncode, 64)
    same(run(INFO, *whole, "--extract", out, "--fill", "1").returncode, 64)
    for words, message in (
            (["--extract", out], "--extract needs -k KEY"),
            (["--extract", out, "-k", "k", "--area", "0x10000"],
             "--area 0x10000 is not a value up to 65535"),
            (["--compare", out, "k"], "--compare needs OTHER [KEY NONCE]")):
        fails(64, [f"sfi-info: {message}", "  hint: sfi-info --help"], INFO,
              whole[0], *words)
    fails(2, [about(f"sfi-info: {whole[0]}", "area 5", "no firmware")], INFO,
          *whole, "--json", "--extract", out, "--area", "5")
    fails(2, [about(f"sfi-info: {whole[0]}", "no area 6")], INFO,
          *whole, "--json", "--extract", out, "--area", "6")
    assert not out.exists()


@case
def compare(folder):
    """Other nonces are no difference with the key; other bytes are."""
    a = image(folder, "a", DATA / f"blink-{H7}.elf")
    b = image(folder, "b", DATA / f"blink-{H7}.hex")
    other = [b[0], b[2], b[4]]
    out = succeeds(INFO, *a, "--compare", *other)
    same(out, "Compared : the same firmware\n")
    same(of(*a, "--compare", *other)["equal"], True)
    firmware = bytearray(
        (DATA / f"blink-{H7}-0x08020000.bin").read_bytes())
    firmware[16] ^= 1
    firmware += b"\x00"
    (folder / "c.bin").write_bytes(firmware)
    c = image(folder, "c", folder / "c.bin", "0x08020000", version=2)
    done = run(INFO, *a, "--compare", c[0], c[2], c[4], "--json")
    same((done.returncode, done.stderr), (8, ""))
    out = json.loads(done.stdout)
    same([(f["name"], f["first"], f["second"]) for f in out["facts"]],
         [("area_count", "5", "2"), ("image_version", "1", "2")])
    same(out["ranges"][0]["kind"], "only first")
    same([(b["address"], b["size"]) for b in out["ranges"]
          if b["kind"] == "differ"], [(0x08020010, 1)])
    same([b["address"] for b in out["ranges"] if b["kind"] == "only second"],
         [0x08020000 + len(firmware) - 1])
    done = run(INFO, *a, "--compare", folder / "c.bin")
    same(done.returncode, 2)  # a plain binary has no address


@case
def compare_without_a_key(folder):
    a = image(folder, "a", DATA / f"blink-{H7}.elf")
    b = image(folder, "b", DATA / f"blink-{H7}.elf")
    same(succeeds(INFO, a[0], "--compare", a[0]),
         "Compared : the same areas with the same tags\n")
    done = run(INFO, a[0], "--compare", b[0])
    same((done.returncode, done.stderr), (8, ""))
    assert "  areas 1, tag : " in done.stdout, done.stdout
    same(run(INFO, a[0], "--compare", DATA / f"blink-{H7}.hex").returncode, 64)
    same(run(INFO, *a, "--compare", KEPT / "device.cert").returncode, 64)
    same(run(INFO, DATA / f"blink-{H7}.elf", "--compare",
             DATA / f"blink-{H7}.srec").returncode, 0)


if __name__ == "__main__":
    main()
