# SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later
# Copyright The libsfi authors
"""Audit logs: saved by sfi-hsm and verified here by doc/format.md alone; written
here and verified by sfi-hsm; and altered in every way.  Vaults: read here by
doc/format.md alone."""

import datetime
import hashlib
import json
import os
import re
import sqlite3
import struct
import sys

from audit_kit import (HEAD, KEY, KIND, NONE, PERSO, TIME, certificate, date,
                       end_block, genesis, mac, make_hsm, record_block,
                       seconds, write_log)
from check import (AUTH_HINT, PROGRAMS, VERSION, case, fails, is_private,
                   main, run, same, succeeds)
from gcm import AesGcm

HSM, PROGRAM, SIM = (PROGRAMS / p for p in ("sfi-hsm", "sfi-program",
                                            "sfi-sim"))


# ---- a second implementation of the format ----

def proves(text, key):
    """(devices, remaining, records) of a log, after recomputing every hash
    and MAC."""
    assert text.endswith("\n"), text[-80:]
    lines = text.split("\n")[:-1]
    same(lines[0], "SFI-LOG 1")
    head = dict(line.split(" ", 1) for line in lines[1:9])
    same(list(head), HEAD)
    same(head["genesis"], genesis(head).hex())
    last, remaining, devices = genesis(head), int(head["maximum"]), set()
    for number, line in enumerate(lines[9:-1], 1):
        word, n, at, kind, device, session, left, lic, previous, own, code = \
            line.split(" ")
        same((word, int(n), previous), ("record", number, last.hex()))
        if kind == "counted":
            assert device not in devices
            devices.add(device)
            remaining -= 1
        same(int(left), remaining)
        block = record_block(head, number, seconds(at), kind,
                             bytes.fromhex(device), int(session, 16),
                             remaining, bytes.fromhex(lic), last)
        last = hashlib.sha256(block).digest()
        same((own, code), (last.hex(), mac(key, block).hex()))
    number = len(lines) - 10
    same(lines[-1], f"end {number} {remaining} {last.hex()} "
         + mac(key, end_block(head, remaining, number, last)).hex())
    return devices, remaining, number


def verify(path, *more, key=None):
    return [HSM, "--verify-audit", path, "--key",
            key or path.with_name("audit.key"), *more]


def says(out, *facts):
    """The text of a verified log: its first line, and some of its facts."""
    first, *lines = out.splitlines()
    assert first.startswith("AUDIT LOG VERIFIED: "), out
    told = dict(re.split(" *: ", line.strip(), maxsplit=1)
                for line in lines if " : " in line)
    for fact in facts:
        label, value = fact.split(": ")
        same(told.get(label), value, f"{label} in\n{out}")


def is_refused(status, path, line, *facts, before=None, of=None):
    """The message names the file, the line and these facts."""
    done = run(*verify(path, *(["--before", before] if before else [])))
    first, *hints = done.stderr.splitlines()
    same((done.returncode, hints), (status, [AUTH_HINT] if status == 3 else []))
    same(first.split(": ")[:2], ["sfi-hsm", f"{of or path}:{line}"])
    for fact in facts:
        assert fact in first, (fact, first)


STORY = [("counted", "A", 0), ("counted", "B", 0), ("again", "A", 0x1234abcd),
         ("counted", "C", 7)]


# ---- logs that an HSM wrote ----

def ask_license(folder, number, *more):
    return run(PROGRAM, "-hsmglfcb", certificate(folder, number),
               folder / f"lic{number}", f"slot=vault:{folder}/hsm",
               "--pin-file", folder / "pin", *more)


def license(folder, number, warning=""):
    done = ask_license(folder, number)
    same((done.returncode, done.stderr), (0, warning), done.stdout)


@case
def whole_story(folder):
    """Provision, license, save the log, verify it twice, retire."""
    slot = make_hsm(folder, 3)
    key, log = (folder / "audit.key").read_bytes(), folder / "log"
    out = succeeds(HSM, "-i", slot, "-audit", log)
    same(out.splitlines()[0], f"Writing audit log to file {log}")
    same(proves(log.read_text(), key), (set(), 3, 0))
    license(folder, 1)
    license(folder, 2)
    license(folder, 1)  # the same device: no record
    before, log = log, folder / "log2"
    succeeds(HSM, "-i", slot, "-audit", log)
    devices, remaining, records = proves(log.read_text(), key)
    same((remaining, records), (1, 2))
    for number in (1, 2):
        cert = (folder / f"cert{number}").read_bytes()
        assert hashlib.sha256(cert[8:72]).hexdigest() in devices
        lic = (folder / f"lic{number}").read_bytes()
        assert hashlib.sha256(lic).hexdigest() in log.read_text()
    says(succeeds(*verify(log, "--before", before)), "devices licensed: 2",
         "installations provisioned: 3", "installations left: 1", "records: 2",
         "closed by its owner: no", "product id: 45002001",
         "firmware id: blink 1.0", "it continues the earlier audit log: passed")
    out = succeeds(HSM, "-i", slot, "--retire", "--yes", "--pin-file",
                   folder / "pin")
    assert "HSM STATE: RETIRED STATE" in out, out
    same(out.splitlines()[-1], "HSM retired: save its audit log as proof")
    for number in (1, 3):  # no licence even for a counted device
        done = ask_license(folder, number)
        same(done.returncode, 6, done.stderr)
    before, log = log, folder / "log3"
    succeeds(HSM, "-i", slot, "-audit", log)
    same(proves(log.read_text(), key)[1:], (1, 3))
    told = json.loads(succeeds(*verify(log, "--before", before, "--json")))
    same({k: told[k] for k in ("verified", "records", "licensed", "remaining",
                               "maximum", "retired", "set_back")},
         {"verified": True, "records": 3, "licensed": 2, "remaining": 1,
          "maximum": 3, "retired": True, "set_back": 0})
    same(told["serial"], json.loads(succeeds(HSM, "-i", slot, "-info",
                                             "--json"))["serial"])
    # an HSM cannot be retired twice
    done = run(HSM, "-i", slot, "--retire", "--yes", "--pin-file",
               folder / "pin")
    same((done.returncode, done.stderr.splitlines()[0]),
         (6, f"sfi-hsm: {slot}: the HSM is retired already"))


@case
def export(folder):
    slot = make_hsm(folder, 3)
    log = folder / "log"
    log.write_text("what was there")
    fails(4, [f"sfi-hsm: {log}: a file of another kind has this name: "
              "choose another, or replace it with --force"],
          HSM, "-i", slot, "-audit", log)
    same(log.read_text(), "what was there")
    told = json.loads(succeeds(HSM, "-i", slot, "-audit", log, "--force",
                               "--json"))
    same((told["audit"], told["records"]), (str(log), 0))
    same(proves(log.read_text(), (folder / "audit.key").read_bytes())[1], 3)
    fails(7, [f"sfi-hsm: {folder}/none/log: cannot write: No such file or "
              "directory"], HSM, "-i", slot, "-audit", folder / "none" / "log")
    # a log never overwrites a vault
    done = run(HSM, "-i", slot, "-audit", folder / "hsm")
    same(done.returncode, 4)
    assert done.stderr.startswith(f"sfi-hsm: {folder}/hsm: "), done.stderr
    assert "vault" in done.stderr, done.stderr
    succeeds(HSM, "-i", slot, "-info")
    done = run(HSM, "-i", f"vault:{folder}/none", "-audit", folder / "log2")
    same(done.returncode, 7)
    assert f"{folder}/none: " in done.stderr, done.stderr
    assert "no such vault" in done.stderr, done.stderr
    assert not (folder / "log2").exists()


@case
def copied_vault(folder):
    """An old copy of a vault is put back: its log verifies, but it does not
    continue the log that was kept."""
    slot = make_hsm(folder, 3)
    license(folder, 1)
    copy = (folder / "hsm").read_bytes()
    license(folder, 2)
    succeeds(HSM, "-i", slot, "-audit", folder / "kept")
    (folder / "hsm").write_bytes(copy)
    succeeds(HSM, "-i", slot, "-audit", folder / "log")
    succeeds(*verify(folder / "log"))
    is_refused(3, folder / "log", 11, "record 1", "earlier", "2", "rolled back",
               before=folder / "kept")
    license(folder, 3)
    succeeds(HSM, "-i", slot, "-audit", folder / "log2")
    is_refused(3, folder / "log2", 11, "record 2", "earlier",
               before=folder / "kept")


@case
def low_water(folder):
    """sfi-program warns when the low-water mark is reached."""
    slot = make_hsm(folder, 4, "--low-water", "2")
    assert "HSM LOW WATER: 2" in succeeds(HSM, "-i", slot, "-info")
    told = json.loads(ask_license(folder, 1, "--json").stdout)
    same((told["hsm_remaining"], told["hsm_low_water"]), (3, False))
    license(folder, 2, "sfi-program: warning: 2 of 4 installations left\n")
    license(folder, 2)  # not counted, no second warning
    license(folder, 3, "sfi-program: warning: 1 of 4 installations left\n")
    for number in (4, 4):  # JSON reports it each time
        told = json.loads(ask_license(folder, number, "--json").stdout)
        same((told["hsm_remaining"], told["hsm_low_water"]), (0, True))


@case
def live_only(folder):
    slot = make_hsm(folder, 3, "--live-only")
    told = json.loads(succeeds(HSM, "-i", slot, "-info", "--json"))
    same(told["live_only"], True)
    assert "HSM LICENSES: live only" in succeeds(HSM, "-i", slot, "-info")
    done = ask_license(folder, 1)
    same(done.returncode, 6, done.stderr)
    succeeds(HSM, "-i", slot, "-audit", folder / "log")
    assert "\nflags 1\n" in (folder / "log").read_text()
    succeeds(*verify(folder / "log"))


# ---- logs that were written here ----

@case
def true_logs(folder):
    log = folder / "log"
    write_log(log, *STORY)
    same(succeeds(*verify(log)).splitlines(), [
        "AUDIT LOG VERIFIED: every record is in place and authentic",
        "  firmware id                           : blink 1.0",
        "  product id                            : 45002001",
        "  part                                  : stm32h753xi",
        f"  serial number of the HSM              : {1:032x}",
        "  live licences only                    : no",
        "  installations provisioned             : 3",
        "  devices licensed                      : 3",
        "  installations left                    : 0",
        "  warns at                              : 1",
        "  records                               : 4",
        "  closed by its owner                   : no",
        "  first record                          : 2026-11-22T13:01:00Z",
        "  last record                           : 2026-11-22T13:04:00Z",
        "  records dated before the previous one : 0",
        "  public key of the CA                  : " + 64 * "ca",
        "",
        "Checks :",
        "  chain and counts of the records : passed",
        "  MACs of the records             : passed",
    ])
    same(json.loads(succeeds(*verify(log, "--json"))), {
        "program": "sfi-hsm", "version": VERSION, "schema": 1,
        "audit": str(log), "verified": True, "kind": "audit",
        "what": "an audit log", "serial": f"{1:032x}",
        "firmware_id": "blink 1.0", "product_id": "45002001",
        "chip": "stm32h753xi", "live_only": False, "low_water": 1,
        "records": 4, "licensed": 3, "remaining": 0, "maximum": 3,
        "retired": False, "first_time": date(TIME + 60),
        "last_time": date(TIME + 240), "set_back": 0,
        "ca_public_key": 64 * "ca",
        "checks": [{"name": "chain", "result": "passed"},
                   {"name": "macs", "result": "passed"}]})
    write_log(log, *STORY, ("retired", "", 0))
    says(succeeds(*verify(log)), "closed by its owner: yes")
    write_log(log)
    says(succeeds(*verify(log)), "records: 0", "devices licensed: 0",
         "installations left: 3")


@case
def clock_set_back(folder):
    log = folder / "log"
    write_log(log, ("counted", "A", 0), ("counted", "B", 0, -3600),
          ("again", "A", 1, 1), ("again", "A", 2, -1))
    says(succeeds(*verify(log)), "records dated before the previous one: 2")
    same(json.loads(succeeds(*verify(log, "--json")))["set_back"], 2)


def altered(folder, change, line, *facts):
    log = folder / "log"
    write_log(log, *STORY)
    lines = log.read_text().split("\n")[:-1]
    change(lines)
    log.write_text("\n".join(lines) + "\n")
    is_refused(3, log, line, *facts)


@case
def record_altered(folder):
    """Each field is changed; then the hash too, and all records that follow."""
    for word, other in ((2, "2026-11-22T13:02:01Z"), (3, "again"), (4, "0" * 64),
                        (5, "00000001"), (6, "2"), (7, "f" * 64),
                        (8, "0" * 64), (9, "0" * 64)):
        def change(lines):
            words = lines[10].split(" ")
            words[word] = other
            lines[10] = " ".join(words)
        altered(folder, change, 11, "record 2", "hash")
    write_log(folder / "log", *STORY[:1], ("counted", "X", 0), *STORY[2:],
          key=bytes(32))
    forged = (folder / "log").read_text().split("\n")

    def change(lines):
        lines[10:] = forged[10:-1]
    altered(folder, change, 11, "record 2", "MAC")


@case
def record_removed(folder):
    def change(lines):
        del lines[10]
    altered(folder, change, 11, "record 3", "expected 2")

    def last(lines):
        del lines[-2]
    altered(folder, last, 13, "4 records", "3")


@case
def record_moved(folder):
    def change(lines):
        lines[10], lines[11] = lines[11], lines[10]
    altered(folder, change, 11, "record 3", "expected 2")


@case
def record_repeated(folder):
    def change(lines):
        lines.insert(11, lines[10])
    altered(folder, change, 12, "record 2", "expected 3")


@case
def log_truncated(folder):
    log = folder / "log"
    write_log(log, *STORY)
    whole = log.read_text()
    end = whole.index("end ")
    for length in (0, 5, 10, 200, end - 1, end, end + 9, len(whole) - 1):
        log.write_text(whole[:length])
        done = run(*verify(log))
        same(done.returncode, 2, done.stderr)
        assert f"sfi-hsm: {log}:" in done.stderr, done.stderr
        assert done.stdout == "", done.stdout


@case
def device_counted_twice(folder):
    """A log that somebody with the audit key made."""
    log = folder / "log"
    write_log(log, ("counted", "A", 0), ("counted", "A", 1))
    is_refused(3, log, 11, "record 2", "second time")
    write_log(log, *STORY, ("retired", "", 0), ("again", "A", 9))
    is_refused(3, log, 15, "record 6", "closing record")


@case
def earlier_log(folder):
    old, new = folder / "old", folder / "new"
    write_log(old, *STORY[:2])
    write_log(new, *STORY)
    succeeds(*verify(new, "--before", old))
    is_refused(3, old, 12, "record 2", "earlier", "4", before=new)
    write_log(new, *STORY, serial=2)
    is_refused(3, new, 9, "another HSM", before=old)
    write_log(old, *STORY[:2], key=bytes(32))
    is_refused(3, new, 10, "record 1", "MAC", before=old, of=old)


def has_no_key(key, length, *command):
    done = run(*command)
    same((done.returncode, done.stdout), (2, ""), done.stderr)
    for fact in (f"sfi-hsm: {key}: ", f"{length} bytes", "expected 32"):
        assert fact in done.stderr, (fact, done.stderr)


@case
def other_keys(folder):
    log = folder / "log"
    write_log(log, *STORY)
    key = folder / "audit.key"
    key.write_bytes(bytes(32))
    is_refused(3, log, 10, "record 1", "MAC")
    key.write_bytes(bytes(16))
    has_no_key(key, 16, *verify(log))
    key.unlink()
    fails(7, [f"sfi-hsm: {key}: cannot read: No such file or directory"],
          *verify(log))


@case
def no_log(folder):
    write_log(folder / "log")
    log = folder / "other"
    fails(7, [f"sfi-hsm: {log}: cannot read: No such file or directory"],
          *verify(log))
    log.write_bytes(os.urandom(200).replace(b"\n", b""))
    same(run(*verify(log)).returncode, 2)
    log.write_text("SFI-LOG 1\r\n")
    is_refused(2, log, 1, "character 10", "0x0d", "expected printable ASCII")
    log.write_text("x" * 10000)
    is_refused(2, log, 1, "480 characters")
    done = run(*verify(log, "--json"))
    told = json.loads(done.stdout)
    same((done.returncode, told["verified"], told["error"]["name"],
          told["error"]["where"]),
         (2, False, "SFI_ERR_LIMIT", f"{log}:1"))


@case
def long_log(folder):
    """As long as a production run: 20000 devices."""
    log = folder / "log"
    write_log(log, *(("counted", f"chip {i}", 0) for i in range(20000)),
          maximum=30000)
    says(succeeds(*verify(log)), "devices licensed: 20000",
         "installations provisioned: 30000")


# ---- the audit key ----

def programming(folder, *more):
    for name, data in (("key", bytes(16)), ("nonce", bytes(12)),
                       ("pin", b"123456\n")):
        (folder / name).write_bytes(data)
    if not (folder / "ca").exists():
        succeeds(SIM, "manufacture", "--ca", folder / "ca", "--chip",
                 "stm32h753xi", "--state", folder / "chip1")
    return [HSM, "-i", f"vault:{folder}/hsm", "-k", folder / "key", "-n",
            folder / "nonce", "-id", "blink 1.0", "-mc", "3", "-pd",
            folder / "ca" / PERSO, "--yes", "--pin-file", folder / "pin",
            *more]


@case
def audit_key_is_made(folder):
    key = folder / "audit.key"
    out = succeeds(*programming(folder, "--audit-key", key))
    assert f"  audit key           : {key}, new\n" in out, out
    same(key.stat().st_size, 32)
    is_private(key)
    succeeds(HSM, "-i", f"vault:{folder}/hsm", "-audit", folder / "log")
    succeeds(*verify(folder / "log"))


@case
def audit_key_that_is_there(folder):
    key = folder / "audit.key"
    key.write_bytes(KEY)
    out = succeeds(*programming(folder, "--audit-key", key))
    assert f"  audit key           : {key}\n" in out, out
    same(key.read_bytes(), KEY)
    succeeds(HSM, "-i", f"vault:{folder}/hsm", "-audit", folder / "log")
    same(proves((folder / "log").read_text(), KEY)[1], 3)


@case
def audit_key_that_is_none(folder):
    """Refused before anything is locked."""
    key = folder / "audit.key"
    for length in (0, 16, 33):
        key.write_bytes(bytes(length))
        has_no_key(key, length, *programming(folder, "--audit-key", key))
        same(key.stat().st_size, length)
    key = folder / "none" / "audit.key"
    done = run(*programming(folder, "--audit-key", key))
    same((done.returncode, done.stderr), (7, f"sfi-hsm: {key}: cannot create: "
                                          "No such file or directory\n"))
    assert not (folder / "hsm").exists()


@case
def no_audit_key(folder):
    out = succeeds(*programming(folder))
    assert "  audit key           : none kept: " in out, out
    succeeds(HSM, "-i", f"vault:{folder}/hsm", "-audit", folder / "log")
    (folder / "audit.key").write_bytes(KEY)
    is_refused(3, folder / "log", 10, "the end", "MAC")


@case
def low_water_that_cannot_be(folder):
    done = run(*programming(folder, "--low-water", "4"))
    same(done.returncode, 2, done.stderr)
    for value in "0", "few":
        fails(64, [f"sfi-hsm: --low-water {value} is not a number, expected 1 "
                   "or more", "  hint: sfi-hsm --help"],
              *programming(folder, "--low-water", value))
    assert not (folder / "hsm").exists()


# ---- the vault itself, by doc/format.md alone ----

def u32(*values):
    return struct.pack(f"<{len(values)}I", *values)


def opens(row, pin):
    """What the PIN opens: nonce, firmware key, audit key; None: a wrong PIN."""
    key = hashlib.scrypt(pin.encode(), salt=row["salt"], n=1 << row["log2_n"],
                         r=row["r"], p=row["p"], dklen=16, maxmem=1 << 26)
    iv, text, tag = (row["sealed"][:12], row["sealed"][12:72],
                     row["sealed"][72:])
    same(row["sealed_check"], hashlib.sha256(
        b"SFIVCHCK" + u32(row["seal"], row["log2_n"], row["r"], row["p"])
        + row["salt"] + row["sealed"]).digest())
    if AesGcm(key).tag(iv, b"SFIVSEAL" + row["genesis"], text) != tag:
        return None
    secrets = AesGcm(key).crypt(iv, text)
    return secrets[:12], secrets[12:28], secrets[28:]


def vault_proves(path, key, licenses):
    """The vault's row, after verifying all hashes, MACs and counts."""
    db = sqlite3.connect(path)
    same(db.execute("SELECT * FROM pragma_application_id, pragma_user_version")
         .fetchone(), (0x53464956, 1))
    db.row_factory = sqlite3.Row
    row, = db.execute("SELECT * FROM vault")
    head = {"flags": row["flags"], "serial": row["serial"].hex(),
            "firmware-id": row["firmware_id"], "ca": row["ca_public"].hex(),
            "product-id": row["product_id"], "maximum": row["maximum"],
            "low-water": row["low_water"], "genesis": row["genesis"].hex()}
    last, left = genesis(head), row["maximum"]
    same(row["genesis"], last)
    records = db.execute("SELECT * FROM record ORDER BY sequence").fetchall()
    db.close()
    for at, r in enumerate(records, 1):
        kind = {v: k for k, v in KIND.items()}[r["kind"]]
        left -= kind == "counted"
        lic = NONE if kind == "retired" else hashlib.sha256(
            r["license"]).digest()
        same((r["sequence"], r["remaining"], r["previous"]), (at, left, last))
        same(r["license"], licenses[at - 1] if licenses[at - 1] else bytes(136))
        block = record_block(head, at, r["time"], kind, r["device"],
                             r["session"], left, lic, last)
        last = hashlib.sha256(block).digest()
        same((r["hash"], r["mac"]), (last, mac(key, block)))
    same((row["remaining"], row["sequence"], row["log_head"], row["mac"]),
         (left, len(records), last,
          mac(key, end_block(head, left, len(records), last))))
    return row


@case
def vault_from_the_documents(folder):
    """The file and the PIN are enough to read it without libsfi."""
    slot = make_hsm(folder, 3)
    key = (folder / "audit.key").read_bytes()
    secrets = bytes(range(12)), bytes(range(16)), key
    row = vault_proves(folder / "hsm", key, [])
    same(opens(row, "123456"), secrets)
    same((row["seal"], row["log2_n"], row["pin_tries"]), (1, 15, 10))
    license(folder, 1)
    license(folder, 2)
    (folder / "new").write_text("another-pin\n")
    succeeds(HSM, "-i", slot, "--change-pin", "--pin-file", folder / "pin",
             "--new-pin-file", folder / "new")
    succeeds(HSM, "-i", slot, "--retire", "--yes", "--pin-file",
             folder / "new")
    after = vault_proves(folder / "hsm", key, [
        (folder / "lic1").read_bytes(), (folder / "lic2").read_bytes(), None])
    same((opens(after, "123456"), opens(after, "another-pin")),
         (None, secrets))
    assert after["salt"] != row["salt"]
    assert after["sealed"][:12] != row["sealed"][:12]


if __name__ == "__main__":
    sys.dont_write_bytecode = True
    main()
