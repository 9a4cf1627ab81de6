# SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later
# Copyright The libsfi authors
"""Text of others in what the programs print: no byte of it controls the
terminal or turns the direction of writing, and JSON is always UTF-8."""

import json
import os
import re
import sqlite3
import subprocess
import unicodedata

from check import DATA, PROGRAMS, SOURCE, case, main, same, succeeds

CREATE, HSM = PROGRAMS / "sfi-create", PROGRAMS / "sfi-hsm"
INFO, PROGRAM = PROGRAMS / "sfi-info", PROGRAMS / "sfi-program"

# An escape sequence, C1 controls, a line of its own, marks for the direction,
# bytes that are no UTF-8, and umlauts, which nobody minds.
HOSTILE = (b"a\x1b[2J\x07\x7f\xc2\x9b31m\rb\n\xe2\x80\xae\xe2\x81\xa6c"
           b"\xff\xc0\xaf\xed\xa0\x80\xf0\x9f\x98d\xc3\xa4\xe2\x80\x8be")
GOOD = "d\u00e4"  # is shown as it is


def run(*words):
    return subprocess.run(words, stdin=subprocess.DEVNULL,
                          capture_output=True, check=False, timeout=60)


def harmless(done, what, lines=None):
    """Every line is UTF-8 of visible characters."""
    out = done.stdout + done.stderr
    for line in out.split(b"\n"):
        for c in line.decode("utf-8"):
            assert unicodedata.category(c) not in ("Cc", "Cf", "Zl", "Zp"), (
                what, line)
    if lines is not None:
        same(done.stderr.count(b"\n"), lines, (what, done.stderr))
    return out


def shown(done, what, lines=None):
    """The same, and the text was indeed shown."""
    out = harmless(done, what, lines)
    assert rb"\x1b[2J" in out and GOOD.encode() in out, (what, out)
    return out


def as_json(done, what):
    harmless(done, what)
    return json.loads(done.stdout.decode("utf-8"))


def name_in(folder):
    """A file's name has every byte but '/' and 0."""
    return os.fsencode(folder) + b"/" + HOSTILE


@case
def file_names(folder):
    path = name_in(folder)
    shown(run(INFO, path), "no such file")
    shown(run(CREATE, b"--genkey", path), "a new key")
    shown(run(INFO, path), "a file that is no image")
    shown(run(CREATE, b"--genkey", path), "it exists")
    shown(run(HSM, b"-i", b"vault:" + path, b"-info"), "no vault")
    shown(run(PROGRAM, b"-c", b"port=" + path, b"-gc", b"c"), "no port")
    shown(run(PROGRAM, b"-c", b"port=script:" + path, b"-gc", b"c"), "trace")
    shown(run(PROGRAM, b"-c", b"port=x", b"-w", path), "firmware")
    shown(run(INFO, b"--" + HOSTILE), "an option")
    shown(run(INFO, b"f", b"--chip", HOSTILE), "a chip")
    shown(run(HSM, b"-i", HOSTILE, b"-info"), "an HSM")


@case
def lines_of_a_trace(folder):
    trace = folder / "trace"
    for text in (HOSTILE, b"# libsfi trace 1\n" + HOSTILE,
                 b"> 7f\n" + HOSTILE, b"> " + HOSTILE):
        trace.write_bytes(text)
        done = run(PROGRAM, "-c", f"port=script:{trace}", "-gc", folder / "c")
        same(done.returncode != 0, True)
        harmless(done, text)


@case
def contents_of_files(folder):
    """Names in a CSV file, characters of a HEX file and of S-records."""
    for name in "key", "nonce":
        (folder / name).write_bytes(bytes(range({"key": 16}.get(name, 12))))
    csv, hexa = folder / "ob.csv", folder / "f.hex"
    good = DATA / "blink-stm32h753xi.hex"
    for content in (HOSTILE, HOSTILE + b",0x1\n", b"RDP," + HOSTILE,
                    b":" + HOSTILE, b"S" + HOSTILE):
        csv.write_bytes(content)
        hexa.write_bytes(content)
        for firmware in (hexa, good):
            harmless(run(CREATE, "-fir", firmware, "-k", folder / "key", "-n",
                         folder / "nonce", "-ob", csv, "-v", "1", "--chip",
                         "stm32h753xi", "-o", folder / "o"), content)


@case
def texts_of_a_vault(folder):
    """SQLite's messages repeat names out of the file."""
    path = folder / "v"
    name = HOSTILE.decode("latin-1")
    db = sqlite3.connect(path)
    db.execute(f'CREATE TABLE "{name}" (x)')
    db.execute(f'CREATE VIEW vault AS SELECT * FROM "{name}2"')
    db.commit()
    db.close()
    for words in (("-info",), ("-info", "--json"), ("-audit", folder / "l")):
        done = run(HSM, "-i", f"vault:{path}", *words)
        assert done.returncode != 0
        harmless(done, words)


@case
def names_of_certificates(folder):
    """In a folder that others have filled."""
    if not (PROGRAMS / "sfi-sim").exists():
        return
    succeeds(PROGRAMS / "sfi-sim", "manufacture", "--ca", folder / "ca",
             "--chip", "stm32h753xi", "--state", folder / "chip")
    (folder / "key").write_bytes(bytes(16))
    (folder / "nonce").write_bytes(bytes(range(12)))
    (folder / "pin").write_text("4711-pin\n")
    os.chmod(folder / "pin", 0o600)
    os.chmod(folder / "key", 0o600)
    vault = f"vault:{folder}/v"
    succeeds(HSM, "-i", vault, "-k", folder / "key", "-n", folder / "nonce",
             "-id", "x", "-mc", "1", "-pd", next((folder / "ca").glob("*.pd")),
             "--yes", "--pin-file", folder / "pin")
    certs = folder / "certs"
    certs.mkdir()
    os.mkdir(name_in(certs) + b"1")
    with open(name_in(certs), "wb") as f:
        f.write(HOSTILE)
    for more in (), ("--json",):
        shown(run(PROGRAM, "-hsmglfcb", certs, folder / "licenses",
                  f"slot={vault}", "--pin-file", folder / "pin", *more), more)


@case
def json_is_utf8(folder):
    path = name_in(folder)
    for words in ((INFO, path, b"--json"),
                  (HSM, b"-i", b"vault:" + path, b"-info", b"--json"),
                  (PROGRAM, b"-c", b"port=" + path, b"-gc", b"c", b"--json"),
                  (HSM, b"--verify-audit", path, b"-k", path, b"--json")):
        done = run(*words)
        if done.stdout:
            text = json.dumps(as_json(done, words), ensure_ascii=False)
            assert GOOD in text or "error" not in text, text
    assert as_json(run(PROGRAM, b"-l", b"--json"), "list") is not None


@case
def one_place_each(folder):
    """Messages are made in lib/core/err.c, JSON in examples/cli/json.c."""
    writes = re.compile(r"sizeof\([\w>.-]*error\.(?:message|where)\)")
    assert writes.search((SOURCE / "lib/core/err.c").read_text("utf-8"))
    for path in SOURCE.glob("lib/**/*.c"):
        text = path.read_text(encoding="utf-8")
        if path.name != "err.c":
            assert not writes.search(text), path
    for path in SOURCE.glob("examples/**/*.c"):
        text = path.read_text(encoding="utf-8")
        if path.name != "json.c":
            assert not re.search(r'\\"[\w%]+\\" *:', text), path


if __name__ == "__main__":
    main()
