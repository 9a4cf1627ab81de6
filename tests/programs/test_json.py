# SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later
# Copyright The libsfi authors
"""--json and --progress=ndjson of all programs against doc/json.schema.json:
one object, the last event its result, and each key with one shape."""

import json
import os
import subprocess

from check import DATA, PROGRAMS, VERSION, case, main, run, same
from model import PROGRAM, SIM, case_of_sim, connected
from schema import SCHEMA, SPOKEN, conforms, judge, jsonschema, lines_of

CREATE, HSM = PROGRAMS / "sfi-create", PROGRAMS / "sfi-hsm"
INFO, CARD = PROGRAMS / "sfi-info", PROGRAMS / "sfi-card"
KEPT, H7 = DATA / "kept", "stm32h753xi"
ELF, OB = DATA / f"blink-{H7}.elf", DATA / f"ob-{H7}.csv"
DIFFERENT = 8  # of sfi-info --compare
OBJECT = {"program": "sfi-info", "version": VERSION, "schema": 1}
COUNT = {"commands": 0}


def judged(status, out, program):
    """The one object, as it must be."""
    told = judge(json.loads(out.decode("utf-8")), "object")
    same((told["program"].split()[0], told["version"], told["schema"]),
         (program.name, VERSION, 1))
    same("error" in told, status not in (0, DIFFERENT), told)
    if status not in (0, 64, DIFFERENT):
        same(told["error"]["status"] // -100, status)
    if status == 64:
        same(told["error"]["name"], "SFI_ERR_ARGUMENT")
    return told


def progress_of(told):
    return [(e["phase"], e["done"], e["total"]) for e in told["events"]
            if e["event"] == "progress"]


def events_of(err):
    events = [judge(json.loads(line), "event")
              for line in err.decode("utf-8").splitlines()]
    same([e["event"] for e in events].index("result"), len(events) - 1)
    return events


def told_by(status, program, *words, before=()):
    """--json alone, or with events on stderr, which then has nothing else.
    Where something happens once, only the latter."""
    COUNT["commands"] += 1
    has_events = program not in (SIM, CARD)
    more = ["--progress=ndjson"] if has_events else []
    done = subprocess.run([*before, program, *words, *more, "--json"],
                          stdin=subprocess.DEVNULL, capture_output=True,
                          timeout=60, check=False, start_new_session=True)
    same(done.returncode, status, (words, done.stdout, done.stderr))
    told = judged(status, done.stdout, program)
    if has_events:
        events = events_of(done.stderr)
        same((events[-1]["exit_status"], events[-1]["report"]), (status, told))
        told["events"] = events
    return told


@case
def files(folder):
    image = [KEPT / "image.sfi", "-k", KEPT / "image.key", "-n",
             KEPT / "image.nonce"]
    for name in ("image.sfi", "device.cert", "device.lic", "product.pd", "store",
                 "first.audit", "install.trace", "image.key", "line.vault"):
        told_by(0, INFO, KEPT / name)
    for name in (ELF, DATA / f"blink-{H7}.hex", DATA / f"blink-{H7}.srec"):
        told_by(0, INFO, name)
    told_by(0, INFO, OB, "--chip", H7)
    told_by(0, INFO, *image)
    told_by(0, INFO, *image, "--extract", folder / "x.hex")
    told_by(0, INFO, *image, "--compare", KEPT / "image.sfi")
    told_by(DIFFERENT, INFO, ELF, "--compare", DATA / "blink-stm32l462ce.elf")
    told_by(2, INFO, *image, "--chip", H7)
    told_by(7, INFO, folder / "none")
    (folder / os.fsdecode(b"\xff\xe9")).write_bytes(b"S0\xff\n")
    told_by(2, INFO, os.fsencode(folder) + b"/\xff\xe9")
    told_by(64, INFO)
    told_by(64, INFO, "a", "b")
    told_by(64, INFO, ELF, "--map")
    told_by(64, INFO, ELF, b"--\xff\xfe")


@case
def images(folder):
    key, nonce = folder / "key", folder / "nonce"
    told = told_by(0, CREATE, "--genkey", key, "--gennonce", nonce)
    same((told["key"], told["nonce"]), (str(key), str(nonce)))
    told_by(4, CREATE, "--genkey", key)
    inputs = ["-fir", ELF, "-ob", OB, "--chip", H7]
    told = told_by(0, CREATE, *inputs, "--check")
    assert told["findings"], told
    words = [*inputs, "-k", key, "-n", nonce, "-v", "1"]
    told = told_by(0, CREATE, *words, "-o", folder / "fw.sfi")
    same((told["image"], told["size"], told["chip"]),
         (str(folder / "fw.sfi"), (folder / "fw.sfi").stat().st_size, H7))
    same([e["event"] for e in told["events"]].count("warning"), 1)
    told_by(2, CREATE, *words[:-1], "2", "-o", folder / "again.sfi")
    told_by(64, CREATE, *words, "-o", "-")
    told_by(64, CREATE, *words)
    told_by(64, CREATE, "-fir")
    told_by(64, CREATE, "--chip", "stm32f103", "-fir", ELF)
    told_by(64, CREATE, "--template-ob", H7)
    told_by(7, CREATE, *inputs, "--check", "-fir", folder / "none.elf")
    told_by(0, CREATE, "--help")
    told_by(0, CREATE, "--version")


@case_of_sim
def hsms(folder):
    run(SIM, "manufacture", "--ca", folder / "ca", "--chip", H7, "--state",
        folder / "chip")
    for name, text in (("key", bytes(16)), ("nonce", bytes(range(12))),
                       ("pin", b"123456\n"), ("wrong", b"654321\n")):
        (folder / name).write_bytes(text)
    slot, log = f"vault:{folder}/v", folder / "log"
    pin = ["--pin-file", folder / "pin"]
    provision = ["-i", slot, "-k", folder / "key", "-n", folder / "nonce", "-id",
                 "blink", "-mc", "2", "-pd", next((folder / "ca").glob("45002001*.pd")),
                 "--audit-key", folder / "audit", *pin]
    told_by(7, HSM, "-i", slot, "-info")
    told_by(7, HSM, *provision)  # nobody says yes
    told_by(0, HSM, *provision, "--yes")
    told_by(6, HSM, *provision, "--yes")
    same(told_by(0, HSM, "-i", slot, "-info")["remaining"], 2)
    told_by(0, HSM, "-i", slot, "-audit", log)
    told_by(0, HSM, "--verify-audit", log, "-k", folder / "audit")
    told_by(3, HSM, "--verify-audit", log, "-k", KEPT / "audit.key")
    size = (KEPT / "first.audit").stat().st_size
    kept = [HSM, "--verify-audit", KEPT / "first.audit", "-k",
            KEPT / "audit.key"]
    same(progress_of(told_by(0, *kept)),
         [("audit", 0, size), ("audit", size, size)])
    same(progress_of(told_by(0, *kept, "--before", KEPT / "first.audit")),
         2 * [("audit", 0, size), ("audit", size, size)])
    vault = folder / "kept.vault"
    vault.write_bytes((KEPT / "line.vault").read_bytes())
    count = told_by(0, HSM, "-i", f"vault:{vault}", "-info")["records"]
    (folder / "kept.pin").write_text("12345678\n")
    same(progress_of(told_by(0, HSM, "-i", f"vault:{vault}", "--verify-hsm",
                             "--pin-file", folder / "kept.pin")),
         [("records", 0, count), ("records", count, count)])
    told_by(0, HSM, "-i", slot, "--verify-hsm", *pin)
    told_by(6, HSM, "-i", slot, "--verify-hsm", "--pin-file", folder / "wrong")
    run(HSM, "--list", "--json")
    told_by(64, HSM, "-i", slot, "-info", "-mc", "2")
    told_by(64, HSM, "-info")
    told_by(64, HSM, "--list", "--progress", "xml")
    told_by(0, HSM, "--help")
    certs = folder / "certs"
    certs.mkdir()
    run(SIM, "dump", "--state", folder / "chip", "--area", "certificate", "--out",
        certs / "a.cert")
    told_by(0, PROGRAM, "-hsmgetinfo", f"slot={slot}")
    told_by(0, PROGRAM, "-hsmglfcb", certs, folder / "store", f"slot={slot}", *pin)
    (certs / "b.cert").write_bytes(b"x")
    told = told_by(2, PROGRAM, "-hsmglfcb", certs, folder / "store",
                   f"slot={slot}", *pin)
    same([c["result"] for c in told["licenses"]], ["stored", "refused"])
    told_by(0, HSM, "-i", slot, "--change-pin", *pin, "--new-pin-file",
            folder / "wrong")
    told_by(0, HSM, "-i", slot, "--retire", "--yes", "--pin-file",
            folder / "wrong")


@case_of_sim
def simulators(folder):
    make = [SIM, "manufacture", "--ca", folder / "ca", "--chip", H7, "--state"]
    told_by(0, *make, folder / "chip")
    told_by(4, *make, folder / "chip")
    told_by(64, *make)
    told_by(64, SIM)
    told_by(64, SIM, "fly")
    told_by(64, SIM, "wrap")
    told_by(0, SIM, "--help")
    told_by(0, SIM, "run", "--version")
    told_by(64, SIM, "run", "--state", folder / "chip")
    told_by(4, SIM, "ctl", folder / "chip", "reset")
    told_by(0, SIM, "dump", "--state", folder / "chip", "--area", "certificate",
            "--out", folder / "cert")
    told_by(64, SIM, "dump", "--state", folder / "chip", "--area", "x", "--out",
            folder / "x")
    told_by(64, CARD, "--vpcd", "nowhere")
    told_by(0, CARD, "--version")


@case
def chips(folder):
    told_by(64, PROGRAM)
    told_by(64, PROGRAM, "-c", "port=x", "-v")
    told_by(64, PROGRAM, "-c", "prot=x")
    told_by(64, PROGRAM, "-l", "--yes")
    told_by(0, PROGRAM, "-l", "uart")
    told_by(0, PROGRAM, "--help")
    told_by(4, PROGRAM, "-c", f"port={folder}/none", "-e", "all")
    with connected(folder) as link:
        port = ["-c", f"port={link.port}"]

        def on(status, *words):
            return told_by(status, PROGRAM, *port, *words, before=link.before)

        on(0)
        told = on(0, "-w", ELF, "-v")
        told = [e for e in told["events"] if e["event"] == "progress"]
        same(sorted({e["phase"] for e in told})[-1:], ["write"])
        same(told[-1]["done"], told[-1]["total"])
        on(0, "-ob", "displ", "-r32", "0x08000000", "8", "-checksum")
        on(5, "-blankcheck")
        on(2, "-ob", "BORLEV=1")
        on(7, "-ob", "RDP=0xcc")
        on(0, "-e", "0", "-r", "0x08000000", "16", folder / "r.bin")
        on(0, "--record", folder / "record", "-e", "0")
        told_by(4, PROGRAM, "--gang", f"{link.port},{folder}/none", "-e", "0",
                before=link.before)
        told_by(0, INFO, folder / "record")
        same([line["result"] for line in lines_of(folder / "record")], ["done"])


@case
def events_on_a_descriptor(folder):
    """The descriptor has the events, and stderr what people read."""
    ours, theirs = os.pipe()
    done = subprocess.run([INFO, folder / "none", "--progress=ndjson",
                           f"fd={theirs}"], pass_fds=[theirs],
                          capture_output=True, check=False)
    os.close(theirs)
    with os.fdopen(ours, "rb") as file:
        events = events_of(file.read())
    same((done.returncode, done.stdout, done.stderr),
         (7, b"", f"sfi-info: {folder}/none: cannot read: No such file or "
          "directory\n".encode()))
    same((events[-1]["exit_status"], events[-1]["report"]["error"]["name"]),
         (7, "SFI_ERR_OS"))
    for word in ("fd=1", "fd=99", "fd=x"):
        done = run(INFO, folder / "none", "--progress", "ndjson", word, "--json")
        same(done.returncode, 64)
        judged(64, done.stdout.encode(), INFO)


@case
def schema_and_document(folder):
    """Each key of the schema is in the document."""
    del folder
    keys = SCHEMA["definitions"]["members"]["properties"]
    same([key for key in keys if f"`{key}`" not in SPOKEN], [])
    if jsonschema:
        jsonschema.Draft7Validator.check_schema(SCHEMA)
        for bad in ({**OBJECT, "chip": 3}, {**OBJECT, "chips": [{"chip": 3}]},
                    {**OBJECT, "unknown": 1}, {**OBJECT, "error": {}}, {}):
            try:
                conforms(bad, "object")
            except jsonschema.ValidationError:
                continue
            raise AssertionError(bad)
        line = {"time": "2026-11-29T15:00:00Z", "libsfi": VERSION,
                "result": "done", "milliseconds": 1}
        conforms(line, "line")
        for bad in ({**line, "license": "new"}, {**line, "host": 1},
                    {**line, "phase": "x"}, {**line, "board": "B-1"},
                    {**line, "hsm_serial": "01"}, {**line, "time": "now"}):
            try:
                conforms(bad, "line")
            except jsonschema.ValidationError:
                continue
            raise AssertionError(bad)


@case
def enough(folder):
    del folder
    assert COUNT["commands"] >= 60, COUNT


if __name__ == "__main__":
    main()
