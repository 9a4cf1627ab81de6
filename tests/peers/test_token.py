#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later
# Copyright The libsfi authors
"""A vault sealed by a SoftHSM token, used as by people and scripts.

    test_token.py FOLDER_OF_PROGRAMS

softhsm2-util makes the tokens; sfi-hsm, sfi-program and a virtual chip do the
rest.
"""

import json
import os
import pathlib
import shutil
import signal
import subprocess
import sys

SOURCE = pathlib.Path(os.environ["SFI_TEST_SOURCE"])
sys.path.insert(0, str(SOURCE / "tests" / "programs"))
sys.path.insert(0, str(SOURCE / "tests" / "support"))
import postgres  # noqa: E402
from check import (DATA, PROGRAMS, about, case, main, run,  # noqa: E402
                   same, succeeds)

HSM, PROGRAM = PROGRAMS / "sfi-hsm", PROGRAMS / "sfi-program"
MODULE = "/usr/lib/softhsm/libsofthsm2.so"
PIN, OTHER_PIN = "1234-5678", "8765-4321"
PERSO = "45002001_SFI_01000000_00000000.pd"
SKIP = 77  # meson's


def tokens(folder, *labels):
    (folder / "tokens").mkdir()
    (folder / "conf").write_text(f"directories.tokendir = {folder}/tokens\n"
                                 "log.level = ERROR\n")
    os.environ["SOFTHSM2_CONF"] = str(folder / "conf")
    for label in labels:
        succeeds("softhsm2-util", "--init-token", "--free", "--label", label,
                 "--so-pin", "officer", "--pin", PIN)


def name(folder, label="sfi", module=MODULE):
    return f"vault:{folder}/v?token=pkcs11:token={label}?module-path={module}"


def maker(folder):
    """A chip, its certificate, and the files to program an HSM with."""
    sim = PROGRAMS / "sfi-sim"
    succeeds(sim, "manufacture", "--ca", folder / "ca", "--chip",
             "stm32h753xi", "--state", folder / "chip")
    succeeds(sim, "dump", "--state", folder / "chip", "--area", "certificate",
             "--out", folder / "cert")
    succeeds(PROGRAMS / "sfi-create", "--genkey", folder / "key",
             "--gennonce", folder / "nonce")
    (folder / "pin").write_text(f"{PIN}\n")
    (folder / "wrong").write_text("9999-9999\n")


def provision(folder, slot, pin="pin", count="2"):
    return [HSM, "-i", slot, "-k", folder / "key", "-n", folder / "nonce",
            "-id", "blink 1.0", "-mc", count, "-pd", folder / "ca" / PERSO,
            "--yes", "--pin-file", folder / pin]


def license(folder, slot, pin="pin", cert="cert"):
    return [PROGRAM, "-hsmglfcb", folder / cert, folder / "lic",
            f"slot={slot}", "--pin-file", folder / pin]


def told(slot):
    return json.loads(succeeds(HSM, "-i", slot, "-info", "--json"))


def refused(status, message, *command):
    """The first line of the message, without the program's name."""
    done = run(*command)
    line = (done.stderr.splitlines() or [""])[0]
    line = line.removeprefix(f"{pathlib.Path(command[0]).name}: ")
    same((done.returncode, line), (status, message), f"{command}")


@case
def whole_story(folder):
    tokens(folder, "sfi")
    maker(folder)
    slot = name(folder)
    done = run(HSM, "-i", slot, "-info")  # provisioning creates it
    same(done.returncode, 7, done.stderr)
    assert "no such vault" in done.stderr, done.stderr
    out = succeeds(*provision(folder, slot))
    assert "HSM successfully programmed" in out, out
    same(told(slot)["remaining"], 2)
    same(told(f"vault:{folder}/v")["remaining"], 2)  # needs neither secret nor token
    succeeds(PROGRAMS / "sfi-create", "-sfi", "-fir",
             DATA / "blink-stm32h753xi.elf", "-k", folder / "key", "-n",
             folder / "nonce", "-ob", DATA / "ob-stm32h753xi.csv", "-v", "1",
             "-devid", "0x450", "-o", folder / "fw.sfi")
    link = folder / "tty"
    chip = subprocess.Popen([PROGRAMS / "sfi-sim", "run", "--state",
                             folder / "chip", "--usart", link],
                            stdout=subprocess.PIPE, text=True)
    try:
        assert "ready" in chip.stdout.readline()
        for erase in (False, True):  # the second time it is free
            if erase:
                run(PROGRAM, "-c", f"port={link}", "-e", "all")
            done = run(PROGRAM, "-c", f"port={link}", "--yes", "-sfi",
                       "protocol=static", folder / "fw.sfi", "hsm=1",
                       f"slot={slot}", "--pin-file", folder / "pin")
            same(done.returncode, 0, done.stderr)
            same(told(slot)["remaining"], 1)
    finally:
        chip.send_signal(signal.SIGTERM)
        same(chip.wait(20), 0)
        chip.stdout.close()


@case
def in_a_database(folder):
    """The token seals a vault in PostgreSQL too, and notices an older copy."""
    if postgres.find_programs() is None:
        print("SKIP: postgresql is not installed")
        return
    tokens(folder, "sfi")
    maker(folder)
    with postgres.Postgres() as server:
        where = server.vault("v")
        slot = f"{where}&token=pkcs11:token=sfi?module-path={MODULE}"
        succeeds(*provision(folder, slot))
        server.sql("CREATE TABLE old AS TABLE sfi.vault")
        succeeds(*license(folder, slot))
        same(told(where)["remaining"], 1)
        server.sql("DELETE FROM sfi.record; DELETE FROM sfi.vault;"
                   "INSERT INTO sfi.vault OVERRIDING SYSTEM VALUE TABLE old")
        done = run(*license(folder, slot))
        same(done.returncode, 6, done.stderr)
        assert "older copy" in done.stderr, done.stderr


@case
def wrong_names(folder):
    tokens(folder, "sfi", "twin", "twin")
    where = f"vault:{folder}/v"
    rows = [
        (name(folder, "none"), 4, "no token", "URI"),
        (name(folder, "twin"), 4, "2 tokens", "URI", "serial"),
        (f"{where}?token=pkcs11:token=sfi", 2, "URI", "module-path"),
        (f"{where}?token=sfi", 2, "URI", '"pkcs11:"'),
        (name(folder) + "&pin-value=1234", 2, "URI", "PIN", "remove"),
        (name(folder, module="/nonexistent.so"), 4, "module",
         '"/nonexistent.so"'),
    ]
    for slot, status, *facts in rows:
        refused(status, about(where, *facts), HSM, "-i", slot, "-info")
    same(list(folder.glob("v*")), [])


@case
def wrong_pin(folder):
    tokens(folder, "sfi")
    maker(folder)
    slot = name(folder)
    message = about(f"vault:{folder}/v", "wrong PIN", "token", "tries")
    refused(6, message, *provision(folder, slot, pin="wrong"))
    same(list(folder.glob("v*")), [])
    succeeds(*provision(folder, slot))
    refused(6, message, *license(folder, slot, pin="wrong"))
    same(told(slot)["remaining"], 2)
    succeeds(*license(folder, slot))
    same(told(slot)["remaining"], 1)


@case
def another_seal(folder):
    """A name without the token, or with another token."""
    tokens(folder, "sfi", "other")
    maker(folder)
    where = f"vault:{folder}/v"
    succeeds(*provision(folder, name(folder)))
    refused(6, about(where, "sealed by a token", "?token=pkcs11:"),
            *license(folder, where))
    refused(6, about(where, "token", "no key", "different token"),
            *license(folder, name(folder, "other")))
    same(told(name(folder))["remaining"], 2)


@case
def token_gone(folder):
    tokens(folder, "sfi")
    maker(folder)
    slot = name(folder)
    succeeds(*provision(folder, slot))
    (folder / "tokens").rename(folder / "away")
    (folder / "tokens").mkdir()
    refused(4, about(f"vault:{folder}/v", "no token", "URI"),
            *license(folder, slot))
    (folder / "tokens").rmdir()
    (folder / "away").rename(folder / "tokens")
    succeeds(*license(folder, slot))


@case
def older_copy(folder):
    tokens(folder, "sfi")
    maker(folder)
    slot = name(folder)
    succeeds(*provision(folder, slot))
    shutil.copy(folder / "v", folder / "copy")
    succeeds(*license(folder, slot))
    shutil.copy(folder / "v", folder / "newest")
    shutil.copy(folder / "copy", folder / "v")
    refused(6, about(f"vault:{folder}/v", "older copy", "record 1", "0"),
            *license(folder, slot))
    shutil.copy(folder / "newest", folder / "v")
    succeeds(*license(folder, slot))
    same(told(slot)["remaining"], 1)


@case
def many_at_once(folder):
    tokens(folder, "sfi")
    maker(folder)
    slot = name(folder)
    succeeds(*provision(folder, slot))
    running = []
    for i in range(6):
        command = license(folder, slot)
        command[3] = folder / f"lic-{i}"
        running.append(subprocess.Popen([str(c) for c in command],
                                        stdout=subprocess.DEVNULL,
                                        stderr=subprocess.PIPE, text=True))
    for process in running:
        _, err = process.communicate(timeout=60)
        same(process.returncode, 0, err)
    same(len({(folder / f"lic-{i}").read_bytes() for i in range(6)}), 1)
    same(told(slot)["remaining"], 1)


if __name__ == "__main__":
    if shutil.which("softhsm2-util") is None or not os.access(MODULE, os.R_OK):
        print("SKIP: softhsm2 is not installed")
        sys.exit(SKIP)
    main()
