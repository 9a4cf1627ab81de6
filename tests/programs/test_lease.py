#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later
# Copyright The libsfi authors
"""Leases as people and scripts use them: sfi-hsm lease, return, restored, and
--verify-audit over many logs.  The logs are verified here by doc/format.md
alone."""

import hashlib
import json
import os
import shutil
import signal
import struct
import subprocess
import time

from audit_kit import certificate, mac, make_hsm, seconds
from check import PROGRAMS, case, is_private, main, run, same, succeeds

HSM, PROGRAM = PROGRAMS / "sfi-hsm", PROGRAMS / "sfi-program"
KIND = {"counted": 1, "again": 2, "retired": 3, "lease": 4, "return": 5,
        "restored": 6}
NONE = bytes(32)


def proves(text, key):
    """(head, records, remaining): every hash and MAC is computed again."""
    lines = text.split("\n")[:-1]
    leased = lines[0] == "SFI-LOG 2"
    assert leased or lines[0] == "SFI-LOG 1", lines[0]
    size = 12 if leased else 8
    head = dict(line.split(" ", 1) for line in lines[1:size + 1])
    fixed = head["firmware-id"].encode().ljust(64, b"\0") \
        + head["product-id"].encode()
    block = (b"SFIVINIT" + struct.pack("<II", 2 if leased else 1,
                                       int(head["flags"]))
             + bytes.fromhex(head["serial"]) + fixed
             + bytes.fromhex(head["ca"])
             + struct.pack("<QQ", int(head["maximum"]),
                           int(head["low-water"])))
    if leased:
        block += struct.pack("<QQ", int(head["lease"]),
                             seconds(head["expires"])) \
            + bytes.fromhex(head["parent"]) \
            + bytes.fromhex(head["lease-record"])
        key = mac(key, b"SFILAKEY" + bytes.fromhex(head["lease-record"]))
    last = hashlib.sha256(block).digest()
    same(head["genesis"], last.hex())
    remaining, records, restored = int(head["maximum"]), [], 0
    for number, line in enumerate(lines[size + 1:-1], 1):
        word, n, at, kind, device, a, left, b, previous, own, code = \
            line.split(" ")
        same((word, int(n), previous), ("record", number, last.hex()))
        tail, lic = b"", NONE
        device = bytes.fromhex(device)
        if kind in ("counted", "again", "retired"):
            session, lic = int(a, 16), bytes.fromhex(b)
            remaining -= kind == "counted"
        else:
            session, tail = 0, struct.pack("<QQ", int(a), int(b))
        if kind == "lease":
            remaining -= int(a)
        elif kind == "return":
            remaining, session = remaining + int(a), 1
        elif kind == "restored":
            restored += 1
            remaining, session, lic, device = int(left), restored, device, NONE
        same(int(left), remaining)
        block = (b"SFIVRECD" + struct.pack("<IQQ", KIND[kind], number,
                                           seconds(at)) + fixed + device
                 + struct.pack("<IQ", session, remaining) + lic + last + tail)
        last = hashlib.sha256(block).digest()
        same((own, code), (last.hex(), mac(key, block).hex()))
        records.append((kind, a, b, last))
    word, number, left, own, code = lines[-1].split(" ")
    same((word, int(number), int(left), own),
         ("end", len(records), remaining, last.hex()))
    same(code, mac(key, b"SFIVHEAD" + bytes.fromhex(head["genesis"])
                   + struct.pack("<QQ", remaining, len(records))
                   + last).hex())
    return head, records, remaining


def lease(folder, count, *more, name="site", days=7):
    return [HSM, "lease", "--from", f"vault:{folder}/hsm", "-n", str(count),
            "--days", str(days), "-o", f"vault:{folder}/{name}", "--yes",
            "--pin-file", folder / "pin", "--site-pin-file",
            folder / "site.pin", *more]


def give_back(folder, *more, name="site"):
    return [HSM, "return", "--to", f"vault:{folder}/hsm",
            f"vault:{folder}/{name}", "--yes", "--pin-file", folder / "pin",
            "--site-pin-file", folder / "site.pin", *more]


def state(folder, name="hsm"):
    return json.loads(succeeds(HSM, "-i", f"vault:{folder}/{name}", "-info",
                               "--json"))


def export(folder, name):
    log = folder / f"{name}.log{len(list(folder.glob('*.log*')))}"
    succeeds(HSM, "-i", f"vault:{folder}/{name}", "-audit", log)
    return log


def make(folder, count):
    make_hsm(folder, count)
    (folder / "site.pin").write_text("site-1234\n")


def license(folder, number, name="hsm", pin="pin"):
    return run(PROGRAM, "-hsmglfcb", certificate(folder, number),
               folder / f"lic{number}", f"slot=vault:{folder}/{name}",
               "--pin-file", folder / pin)


def verify(folder, *logs):
    return [HSM, "--verify-audit", *logs, "--key", folder / "audit.key"]


def is_refused(status, command, *facts):
    done = run(*command)
    same(done.returncode, status, done.stderr)
    first = done.stderr.splitlines()[0]
    for fact in facts:
        assert fact in first, (fact, first)


@case
def whole_way(folder):
    """Lease, license at both ends, give back, and account for everything."""
    make(folder, 10)
    key = (folder / "audit.key").read_bytes()
    same(license(folder, 1).returncode, 0)
    out = succeeds(*lease(folder, 4))
    same(out.splitlines()[-1],
         f"LEASE TAKEN: 4 installations in vault:{folder}/site")
    assert not (folder / "site.request").exists()
    is_private(folder / "site")
    same((state(folder)["remaining"], state(folder, "site")["maximum"]), (5, 4))
    for number in (2, 3):
        done = license(folder, number, "site", "site.pin")
        same(done.returncode, 0, done.stderr)
    open_log = export(folder, "hsm")
    told = run(*verify(folder, open_log, export(folder, "site"), ), "--json")
    same(told.returncode, 0, told.stderr)
    told = json.loads(told.stdout)
    same((told["maximum"], told["licensed"], told["remaining"],
          told["outstanding"], told["spent"], told["missing"]),
         (10, 3, 5, 2, 0, 0))
    told = json.loads(succeeds(*give_back(folder, "--json")))
    same((told["returned"], told["remaining"]), (2, 7))
    told = json.loads(succeeds(*give_back(folder, "--json")))
    same((told["returned"], told["remaining"]), (2, 7))
    own, site = export(folder, "hsm"), export(folder, "site")
    head, records, left = proves(own.read_text(), key)
    same([r[0] for r in records], ["counted", "lease", "return"])
    same((records[1][1], records[2][1:3], left), ("4", ("2", "2"), 7))
    theirs, spent, rest = proves(site.read_text(), key)
    same((theirs["parent"], theirs["lease"], theirs["lease-record"]),
         (head["serial"], "2", records[1][3].hex()))
    same(seconds(theirs["expires"]), int(records[1][2]))
    same(([r[0] for r in spent], rest), (["counted", "counted", "retired"], 2))
    out = succeeds(*verify(folder, site, own))
    assert out.startswith("AUDIT LOGS VERIFIED: every installation"), out
    succeeds(*verify(folder, own))
    succeeds(*verify(folder, site))


@case
def missing_log(folder):
    """A lease that never comes back stays spent, and is named."""
    make(folder, 10)
    succeeds(*lease(folder, 4))
    succeeds(*lease(folder, 3, name="other"))
    other = export(folder, "other")
    done = run(*verify(folder, export(folder, "hsm"), other), "--json")
    same(done.returncode, 0, done.stderr)
    told = json.loads(done.stdout)
    same((told["leases"], told["missing"], told["spent"], told["outstanding"]),
         (2, 1, 4, 3))
    assert "lease of record 1: 4 spent, no log" in done.stderr, done.stderr
    is_refused(2, verify(folder, other, export(folder, "site")),
               "no audit log is of the HSM that gave the leases")
    own = export(folder, "hsm")
    is_refused(3, verify(folder, own, other, other), "record 2", "two vaults")
    is_refused(2, verify(folder, own, export(folder, "hsm")), "both",
               "not leased")
    is_refused(64, [*verify(folder, own, other), "--before", own], "--before")


@case
def terms(folder):
    make(folder, 10)
    is_refused(6, lease(folder, 11), "11 installations", "10 of 10")
    assert not (folder / "site").exists()
    # the request is kept: the same command with other terms takes it up
    assert (folder / "site.request").exists()
    succeeds(*lease(folder, 4))
    is_refused(6, lease(folder, 4), "already provisioned")
    same(state(folder)["remaining"], 6)
    is_refused(6, [HSM, "lease", "--from", f"vault:{folder}/site", "-n", "1",
                   "--days", "1", "-o", f"vault:{folder}/third", "--yes",
                   "--pin-file", folder / "site.pin", "--site-pin-file",
                   folder / "site.pin"], "leased itself")
    is_refused(64, lease(folder, 0), "0")
    is_refused(64, [*lease(folder, 1)[:-7], "-o", "pcsc:1"], "vault:PATH")
    is_refused(6, [HSM, "return", "--to", f"vault:{folder}/site",
                   f"vault:{folder}/hsm", "--yes"], "nothing to give back")


@case
def wrong_parent(folder):
    """A vault is not retired when its lease is of another HSM."""
    make(folder, 10)
    succeeds(*lease(folder, 4))
    (folder / "b").mkdir()
    make(folder / "b", 10)
    command = give_back(folder)
    command[3] = f"vault:{folder}/b/hsm"
    is_refused(6, command, "another HSM")
    same(state(folder, "site")["state"], "OPERATIONAL STATE")


@case
def needs_confirmation(folder):
    make(folder, 10)
    command = [word for word in lease(folder, 4) if word != "--yes"]
    done = run(*command)
    assert done.returncode != 0, done.stdout
    assert not (folder / "site").exists()
    same(state(folder)["remaining"], 10)


@case
def killed_anywhere(folder):
    """SIGKILL after a while; the same command again ends it, and nothing moves
    twice."""
    make(folder, 200)
    left = 200
    for turn in range(8):
        name = f"site{turn}"
        for command, done in ((lease(folder, 3, name=name), False),
                              (give_back(folder, name=name), True)):
            process = subprocess.Popen(
                [str(w) for w in command], stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
            time.sleep(0.04 * turn)
            process.send_signal(signal.SIGKILL)
            process.wait()
            again = run(*command)
            # it may have ended before the signal
            assert again.returncode == 0 or \
                "already provisioned" in again.stderr, again.stderr
            assert not (folder / f"{name}.request").exists()
            same(state(folder)["remaining"], left if done else left - 3)
    logs = [export(folder, "hsm")] + [export(folder, f"site{turn}")
                                      for turn in range(8)]
    succeeds(*verify(folder, *logs))


@case
def restored(folder):
    """An older copy is put back; its owner states the loss."""
    make(folder, 5)
    key = (folder / "audit.key").read_bytes()
    same(license(folder, 1).returncode, 0)
    shutil.copy(folder / "hsm", folder / "copy")
    same(license(folder, 2).returncode, 0)
    log = export(folder, "hsm")
    _, records, left = proves(log.read_text(), key)
    shutil.copy(folder / "copy", folder / "hsm")
    for name in ("hsm-wal", "hsm-shm"):
        if (folder / name).exists():
            os.remove(folder / name)
    state_it = [HSM, "restored", "-i", f"vault:{folder}/hsm", "--sequence", "2",
                "--head", records[1][3].hex(), "--remaining", str(left),
                "--yes", "--pin-file", folder / "pin"]
    is_refused(64, [*state_it[:7], "zz", *state_it[8:]], "64 hexadecimal")
    for _ in range(2):
        out = succeeds(*state_it)
        same(out.splitlines()[-1],
             "LOSS STATED: 3 of 5 installations are left")
    told = json.loads(succeeds(*state_it, "--json"))
    same((told["remaining"], told["records"]), (3, 2))
    log = export(folder, "hsm")
    same(proves(log.read_text(), key)[1][1][:3], ("restored", "2", "2"))
    told = json.loads(succeeds(*verify(folder, log), "--json"))
    same((told["remaining"], told["licensed"]), (3, 1))


if __name__ == "__main__":
    main()
