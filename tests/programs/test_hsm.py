#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later
# Copyright The libsfi authors
"""sfi-hsm as people and scripts run it.

    test_hsm.py FOLDER_OF_PROGRAMS
    tests/support/postgres.py test_hsm.py FOLDER_OF_PROGRAMS

The second is about vaults in a database.
"""

import hashlib
import json
import os
import select
import sqlite3
import subprocess
import sys
import time

from check import (PROGRAMS, SOURCE, STATE_HINT, VERSION, about, case,
                   is_private, main, run, same, succeeds)

sys.path.insert(0, str(SOURCE / "tests" / "scripts"))
import check_license as curve  # noqa: E402
import terminal  # noqa: E402

HSM = PROGRAMS / "sfi-hsm"
HELP = "  hint: sfi-hsm --help"
KEY, NONCE = bytes(range(16)), bytes(range(12))
ID = "blink 1.0"
DATABASE = os.environ.get("SFI_TEST_POSTGRES")
# What is about the file is not about a database.
case_of_files = case if DATABASE is None else lambda function: function


def vault_of(folder):
    """Its name; in files, or in a database as SFI_TEST_POSTGRES says."""
    if DATABASE is None:
        return f"vault:{folder}/v"
    return f"vault:{DATABASE}&vault={os.getpid()}.{folder.name}"


def sign(secret, data):
    """ECDSA (FIPS 186-5, 6.4.1) with a fixed k, good enough for a test."""
    e = int.from_bytes(hashlib.sha256(data).digest(), "big")
    k = int.from_bytes(hashlib.sha256(b"k" + data).digest(), "big") % curve.N
    r = curve.mul(k, curve.G)[0] % curve.N
    s = pow(k, -1, curve.N) * (e + r * secret) % curve.N
    return r.to_bytes(32, "big") + s.to_bytes(32, "big")


def perso(product=b"45002001", secret=4711):
    """Made by doc/format.md, not by libsfi."""
    body = (b"SFIPERSO" + b"\1\0\0\0" + b"SFI." + b"\1\0\0\0" + bytes(4)
            + product + curve.encode(curve.mul(secret, curve.G)))
    return body + sign(secret, body)


def command(folder, **changes):
    """A correct command line with its files; None omits an option."""
    files = {"k": KEY, "n": NONCE, "pd": perso(), "-pin-file": b"1234-5678\n"}
    words = [HSM, "-hsm", "-i", vault_of(folder)]
    values = {"id": ID, "mc": "2", "-yes": "", **files, **changes}
    for name, value in values.items():
        if value is None:
            continue
        words.append(f"-{name}")
        if isinstance(value, bytes):
            path = folder / f"{name.strip('-')}.bin"
            path.write_bytes(value)
            words.append(path)
        elif value != "":
            words.append(value)
    return words


def info(folder, *more):
    return succeeds(HSM, "-i", vault_of(folder), "-info", *more)


def state(folder):
    return json.loads(info(folder, "--json"))


def serial(folder):
    """Random: 32 digits."""
    value = state(folder)["serial"]
    same((len(value), set(value) <= set("0123456789abcdef")), (32, True))
    return value


# ---- provisioning ----

@case
def programs_and_shows(folder):
    out = succeeds(*command(folder))
    same(out.splitlines(), [
        f"{vault_of(folder)} will be locked for ever with",
        f"  firmware identifier : {ID}",
        "  product             : 45002001",
        "  installations       : 2",
        "  audit key           : none kept: only the HSM can verify its audit "
        "log",
        "HSM STATE: OPERATIONAL STATE",
        f"HSM FW IDENTIFIER: {ID}",
        "HSM COUNTER: 2",
        "HSM MAXIMUM COUNTER: 2",
        "HSM PRODUCT ID: 45002001",
        f"HSM SERIAL NUMBER: {serial(folder)}",
        "HSM LOW WATER: 0",
        "HSM AUDIT RECORDS: 0",
        "HSM PIN TRIES LEFT: 10",
        "HSM successfully programmed",
    ])
    same(info(folder).splitlines(), out.splitlines()[5:-1])
    if DATABASE is None:
        is_private(folder / "v")
    # the last user removes the write-ahead log
    same([p.name for p in folder.iterdir() if p.name[0] == "v"],
         ["v"] if DATABASE is None else [])


@case
def json_for_machines(folder):
    done = run(*command(folder, **{"-json": ""}))
    same(done.returncode, 0)
    expected = {
        "program": "sfi-hsm", "version": VERSION, "schema": 1,
        "slot": vault_of(folder), "state": "OPERATIONAL STATE",
        "firmware_id": ID, "remaining": 2, "maximum": 2,
        "product_id": "45002001", "serial": serial(folder), "low_water": 0,
        "records": 0, "live_only": False, "pin_tries_left": 10,
    }
    same(json.loads(done.stdout), expected)
    same(state(folder), expected)
    done = run(*command(folder, **{"-json": ""}))
    same(done.returncode, 6)
    error = json.loads(done.stdout)["error"]
    same((error["name"], error["message"]),
         ("SFI_ERR_HSM_STATE", about("", "provisioned", "locked")))
    same(run(*command(folder)).stderr.splitlines()[-1], STATE_HINT)


def no_vault(folder, *words):
    """There is no vault, which each question says."""
    name = vault_of(folder)
    done = run(HSM, "-i", name, *(words or ["-info"]))
    same((done.returncode, done.stdout), (7, ""))
    same(done.stderr.splitlines()[0],
         f"sfi-hsm: {name}: there is no such vault: correct its name, or "
         "provision it first")
    assert not (folder / "v").exists()


@case
def misspelt(folder):
    no_vault(folder)
    no_vault(folder, "-audit", folder / "log")
    no_vault(folder, "--change-pin")
    no_vault(folder, "--retire", "--yes")
    no_vault(folder, "--verify-hsm")
    done = run(HSM, "-i", vault_of(folder), "-info", "--json")
    told = json.loads(done.stdout)
    same((done.returncode, told["error"]["name"], "state" in told),
         (7, "SFI_ERR_OS", False))
    same(list(folder.iterdir()), [])


@case
def long_spellings(folder):
    words = command(folder)
    long = {"-k": "--key", "-n": "--nonce", "-id": "--firmware-id",
            "-mc": "--max-count", "-pd": "--perso", "-i": "--slot",
            "-hsm": "--hsm"}
    succeeds(*[long.get(str(w), w) for w in words])
    same(state(folder)["remaining"], 2)


@case_of_files
def nothing_secret_in_the_file(folder):
    succeeds(*command(folder))
    data = (folder / "v").read_bytes()
    for secret in (KEY, NONCE, b"1234-5678"):
        assert secret not in data
    assert ID.encode() in data


@case
def secrets_from_standard_input(folder):
    words = command(folder)
    words[words.index("-k") + 1] = words[words.index("-n") + 1] = "-"
    done = subprocess.run(words, input=KEY + NONCE[:-1], capture_output=True)
    same(done.returncode, 2, done.stderr)
    assert b"standard input: 27 bytes, expected 28" in done.stderr, done.stderr
    done = subprocess.run(words, input=KEY + NONCE, capture_output=True)
    same(done.returncode, 0, done.stderr)
    same(state(folder)["remaining"], 2)


# ---- bad input ----

def first_line(status, line, folder, *words):
    done = run(*words)
    same((done.returncode, done.stderr.splitlines()[:1]),
         (status, [line]), f"{words}")
    left = [p.name for p in folder.iterdir() if p.name.startswith("v")]
    same(left, [], "files")


@case
def bad_inputs(folder):
    where = vault_of(folder)
    f = str(folder)
    good = perso()
    rows = [
        (2, {"k": bytes(15)}, f"{f}/k.bin", "key", "15 bytes", "16"),
        (2, {"n": bytes(13)}, f"{f}/n.bin", "nonce", "13 bytes", "12"),
        (2, {"pd": good[:-1]}, f"{f}/pd.bin", "159 bytes", "160"),
        (2, {"pd": bytes(160)}, f"{f}/pd.bin", '"SFIPERSO"'),
        (3, {"pd": good[:-1] + bytes([good[-1] ^ 1])}, f"{f}/pd.bin",
         "signature"),
        (2, {"mc": "0"}, where, "count of 0", "1 to 4294967295"),
        (2, {"mc": "4294967296"}, where, "count of 4294967296",
         "1 to 4294967295"),
        (2, {"id": "x" * 64}, where, "64 characters", "1 to 63"),
        (2, {"id": "é"}, where, "character 1", "0xc3", "ASCII"),
        (6, {"-pin-file": b"123\n"}, where, "PIN", "3 bytes", "4 to 64"),
        (6, {"-pin-file": b"\n1234\n"}, f"{f}/pin-file.bin", "empty", "PIN"),
    ]
    for status, changes, place, *facts in rows:
        first_line(status, about(f"sfi-hsm: {place}", *facts), folder,
                   *command(folder, **changes))


@case_of_files
def missing_files(folder):
    words = command(folder)
    for name in ("k", "n", "pd"):
        path = folder / f"{name}.bin"
        kept = path.read_bytes()
        path.unlink()
        first_line(7, about(f"sfi-hsm: {path}", "read", "No such file"),
                   folder, *words)
        path.write_bytes(kept)
    words[3] = f"vault:{folder}/none/v"
    first_line(7, about(f"sfi-hsm: {words[3]}", "created", "No such file"),
               folder, *words)


@case
def bad_command_lines(folder):
    for name in ("k", "n", "id", "mc", "pd"):
        done = run(*command(folder, **{name: None}))
        same(done.returncode, 64, name)
        assert f"-{name} " in done.stderr and HELP in done.stderr, done.stderr
    slot = vault_of(folder)
    rows = [
        ([HSM, "-info"], "-i "),
        ([HSM, "-i", slot, "-info", "-mc", "2"],
         "-mc cannot be combined with -info"),
        ([HSM, "--verify-audit", "f"], "-k FILE is missing"),
        ([HSM, "-audit", "f"], "-i HSM is missing"),
        ([HSM, "--retire"], "-i HSM is missing"),
        (command(folder, **{"-before": "f"}),
         "--before needs --verify-audit FILE"),
        ([HSM, "-i", slot, "-nonsense"], "nonsense"),
        (command(folder, mc="two"), "-mc two is not a number"),
        (command(folder, mc="-1"), "-mc needs N"),
    ]
    for words, text in rows:
        done = run(*words)
        same(done.returncode, 64, f"{words}")
        assert text in done.stderr, done.stderr
    for words, *facts in (
            (["-i", slot, "-info", "--pin-file", "f"], "--pin-file", "-info"),
            (["-i", slot, "-audit", "f", "--retire"], "--retire", "-audit"),
            (["-i", slot, "--verify-audit", "f", "--key", "f"],
             "-i", "--verify-audit"),
            (["-i", slot, "--change-pin", "--yes"], "--yes", "--change-pin"),
            (["-i", slot, "--retire", "--new-pin-file", "f"],
             "--new-pin-file", "--retire")):
        first_line(64, about("sfi-hsm", *facts), folder, HSM, *words)
    first_line(2, about("sfi-hsm", '"card:0"', "vault:PATH"), folder,
               HSM, "-i", "card:0", "-info")


@case
def second_provisioning(folder):
    succeeds(*command(folder))
    before = info(folder)
    done = run(*command(folder, mc="99", id="other"))
    same((done.returncode, done.stderr.splitlines()[0]),
         (6, about(f"sfi-hsm: {vault_of(folder)}", "provisioned", "locked")))
    same(info(folder), before)
    same(state(folder)["remaining"], 2)


@case_of_files
def damaged_vault(folder):
    succeeds(*command(folder))
    vault = folder / "v"
    db = sqlite3.connect(vault)
    db.execute("UPDATE vault SET remaining = 9")
    db.commit()
    db.close()
    done = run(HSM, "-i", f"vault:{vault}", "-info")
    same((done.returncode, done.stdout, done.stderr.splitlines()[0]),
         (6, "", about(f"sfi-hsm: vault:{vault}", "damaged", "9 of 2",
                       "0 records")))
    vault.write_bytes(b"not a database, " * 64)
    for words in ([HSM, "-i", f"vault:{vault}", "-info"], command(folder)):
        done = run(*words)
        same((done.returncode, done.stderr.splitlines()[0]),
             (6, about(f"sfi-hsm: vault:{vault}", "not a vault")))


# ---- a person at a terminal ----

def typed(answers, *words):
    """Give each answer after its question; the exit status and the text."""
    pid, fd = terminal.start(*words)
    got, text, end = b"", "", time.monotonic() + 60
    answers = list(answers)
    while True:
        ready, _, _ = select.select([fd], [], [], end - time.monotonic())
        if not ready:
            raise AssertionError(f"no end after:\n{text}")
        try:
            data = os.read(fd, 4096)
        except OSError:
            data = b""
        if not data:
            break
        got += data
        text = terminal.shown(got)
        if answers and text.rstrip().endswith(answers[0][0]):
            terminal.type_in(fd, answers.pop(0)[1])
    os.close(fd)
    _, status = os.waitpid(pid, 0)
    same(answers, [], text)
    return os.waitstatus_to_exitcode(status), text


ASKED = ("Lock it for ever? (yes/no)", "yes\n")
PIN = ("New PIN:", "4711-pin\n")
AGAIN = ("The same PIN again:", "4711-pin\n")
BY_HAND = {"-yes": None, "-pin-file": None}


@case
def asks_before_it_locks(folder):
    status, text = typed([PIN, AGAIN, ASKED], *command(folder, **BY_HAND))
    same(status, 0, text)
    assert "HSM successfully programmed" in text
    assert "4711-pin" not in text, "the PIN was shown"
    # it shows the content before it asks
    assert text.index(ID) < text.index("Lock it for ever?")


@case
def any_other_answer_leaves_it(folder):
    for answer in ("no\n", "y\n", "YES\n", "\n", "\x04"):
        status, text = typed([PIN, AGAIN, (ASKED[0], answer)],
                             *command(folder, **BY_HAND))
        same(status, 7, text)
        assert f"{vault_of(folder)}: not confirmed, the HSM is unchanged" in \
            text, text
        no_vault(folder)


@case
def two_pins_differ(folder):
    wrong = (AGAIN[0], "4711-pim\n")
    status, text = typed([PIN, wrong] * 3, *command(folder, **BY_HAND))
    same(status, 6, text)
    assert "the two PINs differ" in text, text
    assert "locked for ever" not in text, text
    no_vault(folder)
    # a typing error asks again
    status, text = typed([PIN, wrong, PIN, AGAIN, ASKED],
                         *command(folder, **BY_HAND))
    same(status, 0, text)
    same(try_pin(folder, "4711-pin").returncode, 0)


@case
def refused_before_it_asks(folder):
    """Whatever is wrong is told before a word of what is for ever."""
    for words in ({"id": "x" * 64}, {"id": "a\n"}, {"mc": "0"},
                  {"mc": "4294967296"}, {"-low-water": "3"}):
        status, text = typed([], *command(folder, **{**BY_HAND, **words}))
        same(status, 2, text)
        assert "expected" in text and "for ever" not in text, text
        assert "PIN" not in text, text
    status, text = typed([(PIN[0], "123\n"), (AGAIN[0], "123\n")],
                         *command(folder, **BY_HAND))
    same(status, 6, text)
    assert "3 bytes" in text, text
    assert "will be locked for ever" not in text, text
    no_vault(folder)


@case
def nobody_to_ask(folder):
    done = run(*command(folder, **{"-yes": None}))
    same(done.returncode, 7)
    assert "--yes" in done.stderr, done.stderr
    done = run(*command(folder, **{"-pin-file": None}))
    same(done.returncode, 6)
    assert "--pin-file" in done.stderr, done.stderr
    no_vault(folder)


# ---- changing the PIN ----

OLD = ("PIN:", "1234-5678\n")


def try_pin(folder, pin, *more):
    """Change the PIN to itself: exit status 0 when it is right."""
    for name in ("try", "again"):
        (folder / name).write_text(pin + "\n")
    return run(HSM, "-i", vault_of(folder), "--change-pin", "--pin-file",
               folder / "try", "--new-pin-file", folder / "again", *more)


@case
def change_pin(folder):
    succeeds(*command(folder))
    (folder / "new").write_text("another-pin\n")
    before = state(folder)
    out = succeeds(HSM, "-i", vault_of(folder), "--change-pin",
                   "--pin-file", folder / "pin-file.bin", "--new-pin-file",
                   folder / "new")
    same(out.splitlines()[:2],
         ["The PIN was changed", "HSM STATE: OPERATIONAL STATE"])
    same(state(folder), before)
    done = try_pin(folder, "1234-5678")
    same((done.returncode, done.stderr.splitlines()[0]),
         (6, about(f"sfi-hsm: {vault_of(folder)}", "PIN", "9 tries")))
    same(state(folder)["pin_tries_left"], 9)
    done = try_pin(folder, "another-pin", "--json")
    same((done.returncode, json.loads(done.stdout)), (0, before))


@case
def change_pin_by_hand(folder):
    succeeds(*command(folder))
    words = [HSM, "-i", vault_of(folder), "--change-pin"]
    status, text = typed([OLD, PIN, AGAIN], *words)
    same(status, 0, text)
    assert "The PIN was changed" in text, text
    for secret in ("1234-5678", "4711-pin"):
        assert secret not in text, "a PIN was shown"
    same(try_pin(folder, "4711-pin").returncode, 0)
    status, text = typed([(OLD[0], "4711-pin\n")] +
                         [PIN, (AGAIN[0], "4711-pim\n")] * 3, *words)
    same(status, 6, text)
    assert "the two PINs differ" in text, text
    same(try_pin(folder, "4711-pin").returncode, 0)


@case
def change_pin_refused(folder):
    where = vault_of(folder)
    words = [HSM, "-i", where, "--change-pin"]
    succeeds(*command(folder))
    done = run(*words)
    same(done.returncode, 6)
    assert "use --pin-file FILE" in done.stderr, done.stderr
    words += ["--pin-file", folder / "pin-file.bin"]
    done = run(*words)
    same(done.returncode, 6)
    assert "use --new-pin-file FILE" in done.stderr, done.stderr
    (folder / "new").write_text("123\n")
    done = run(*words, "--new-pin-file", folder / "new")
    same(done.returncode, 6, done.stderr)
    assert about(f"sfi-hsm: {where}", "3 bytes", "4 to 64") in \
        done.stderr.splitlines(), done.stderr
    same(try_pin(folder, "1234-5678").returncode, 0)


# ---- retiring ----

CLOSED = ("Retire it for ever? (yes/no)", "yes\n")


@case
def asks_before_it_closes(folder):
    succeeds(*command(folder))
    words = [HSM, "-i", vault_of(folder), "--retire"]
    for answer in ("no\n", "y\n", "\n"):
        status, text = typed([(CLOSED[0], answer)], *words)
        same(status, 7, text)
        assert "the HSM is unchanged" in text, text
    done = run(*words)
    same(done.returncode, 7)
    assert "--yes" in done.stderr, done.stderr
    same(state(folder)["state"], "OPERATIONAL STATE")
    status, text = typed([CLOSED, (OLD[0], "wrong-pin\n")], *words)
    same(status, 6, text)
    same(state(folder)["state"], "OPERATIONAL STATE")
    status, text = typed([CLOSED, OLD], *words)
    same(status, 0, text)
    assert "  installations given up: 2 of 2" in text, text
    told = state(folder)
    same((told["state"], told["remaining"], told["records"]),
         ("RETIRED STATE", 2, 1))


@case
def nothing_to_close(folder):
    where = vault_of(folder)
    words = [HSM, "-i", where, "--retire", "--yes"]
    succeeds(*command(folder))
    words += ["--pin-file", folder / "pin-file.bin", "--json"]
    same(json.loads(succeeds_quietly(*words))["state"], "RETIRED STATE")
    done = run(*words)
    told = json.loads(done.stdout)["error"]
    same((done.returncode, told["name"], told["message"]),
         (6, "SFI_ERR_HSM_STATE", about("", "retired already")))


# ---- every record ----

@case_of_files
def verified_inside(folder):
    where = vault_of(folder)
    words = [HSM, "-i", where, "--verify-hsm"]
    succeeds(*command(folder))
    words += ["--pin-file", folder / "pin-file.bin"]
    same(succeeds(*words).splitlines()[0],
         "HSM VERIFIED: all 0 records are in place and authentic")
    same(json.loads(succeeds_quietly(*words, "--json"))["records"], 0)
    with sqlite3.connect(folder / "v") as db:
        db.execute("UPDATE vault SET mac = zeroblob(32)")
    done = run(*words)
    assert done.returncode == 6 and "MAC" in done.stderr, done.stderr


def files_of(folder):
    """Everything that looking could change."""
    folder_time = os.stat(folder).st_mtime_ns
    return folder_time, {
        path.name: (path.read_bytes(), os.stat(path).st_mtime_ns)
        for path in folder.iterdir()}


@case_of_files
def looking_changes_nothing(folder):
    inside = folder / "inside"
    inside.mkdir()
    succeeds(*command(folder))
    (folder / "v").rename(inside / "v")
    before = files_of(inside)
    os.chmod(inside / "v", 0o444)
    os.chmod(inside, 0o555)
    try:
        info(inside)
        succeeds(PROGRAMS / "sfi-program", "-hsmgetcounter",
                 f"slot=vault:{inside}/v")
        succeeds(HSM, "-i", f"vault:{inside}/v", "-audit", folder / "log")
        same(files_of(inside), before)
    finally:
        os.chmod(inside, 0o755)


def succeeds_quietly(*words):
    """With --json text goes to stderr."""
    done = run(*words)
    same(done.returncode, 0, done.stderr)
    return done.stdout


# ---- card readers ----

@case
def passwords_are_not_shown(folder):
    """Wherever the name of a vault is printed."""
    if DATABASE is None:
        name = "vault:postgresql://me:s3cret@/line?host=/none&vault=blink"
        shown, status = "vault:postgresql:///line?host=/none&vault=blink", None
    else:
        name = vault_of(folder).replace("&user=", "&password=s3cret&user=")
        shown, status = vault_of(folder), 7
    pin = folder / "pin"
    pin.write_text("1234-5678")
    for words in (["-info"], ["-info", "--json"], ["-audit", folder / "log"],
                  ["--retire", "--pin-file", pin], ["--verify-hsm"]):
        done = run(HSM, "-i", name, *words)
        assert "s3" not in done.stdout + done.stderr, done
        assert status is None or done.returncode == status, done
        assert shown in done.stdout + done.stderr or "built" in done.stderr
    if DATABASE is not None:
        words = command(folder)
        words[3] = name
        for words in (words, [HSM, "-i", name, "-info"],
                      [HSM, "-i", name, "-info", "--json"],
                      [HSM, "-i", name, "--retire", "--pin-file", pin]):
            done = run(*words)
            assert "s3" not in done.stdout + done.stderr, done
    done = run(HSM, "-i", "postgresql://me:s3cret@host/line", "-info")
    assert done.returncode == 2 and "s3" not in done.stderr, done
    assert "vault:postgresql://" in done.stderr, done


@case
def no_card_service(folder):
    """No card service runs here, or the build has no smartcards; tests/peers
    use the real service."""
    done = subprocess.run([HSM, "--list", "--json"], capture_output=True,
                          text=True, env={**os.environ, "PCSCLITE_CSOCK_NAME":
                                          str(folder / "none")})
    told = json.loads(done.stdout)
    same(told["slots"], [])
    if done.returncode != 1:
        same((done.returncode, told["error"]["name"],
              told["error"]["message"]),
             (4, "SFI_ERR_NO_DEVICE", about("", "pcscd")))
    else:
        same(told["error"]["name"], "SFI_ERR_UNSUPPORTED")


if __name__ == "__main__":
    main()
