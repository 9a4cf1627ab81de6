# SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later
# Copyright The libsfi authors
"""An order that an older libsfi has done: its job, journal, report, record,
receipts, nonces, and vaults in a database or sealed by a token.

    test_kept_order.py PROGRAMS files|job|postgres|token
"""

import json
import os
import pathlib
import shutil
import sys

sys.path.insert(0, os.environ["SFI_TEST_SOURCE"] + "/tests/programs")
from check import (DATA, PROGRAMS, case, main, run, same,  # noqa: E402
                   succeeds)

KEPT = DATA / "kept/order"
MODULE = pathlib.Path("/usr/lib/softhsm/libsofthsm2.so")
HSM, PROGRAM = PROGRAMS / "sfi-hsm", PROGRAMS / "sfi-program"


def order(folder):
    """A copy, which only its owner reads: what is done with it is written
    there."""
    shutil.copytree(KEPT, folder, dirs_exist_ok=True)
    for path in folder.rglob("*.*"):
        path.chmod(0o600)
    (folder / "pin").write_text("12345678\n")


def job_goes_on(folder):
    """The journal is of this job, whose boards are all done; the report that
    is made of it anew is what it was."""
    order(folder)
    (folder / "order.csv").unlink()
    out = succeeds(PROGRAM, "--job", folder / "order.job")
    same(out.splitlines()[-1],
         "0 boards now: 0 done, 0 failed; in the whole job 2 are done")
    same((folder / "order.csv").read_bytes(),
         (KEPT / "order.csv").read_bytes())


def receipts(folder):
    """Of a file, a record and a journal: each device is proven."""
    order(folder)
    told = json.loads(succeeds(
        HSM, "reconcile", folder / "order.job.journal", folder / "order.jsonl",
        folder / "third.receipt", "--audit", folder / "order.audit", "-k",
        folder / "order-audit.key", "--image", folder / "order.sfi", "--json"))
    same([told[name] for name in ("counted", "proven", "unproven", "foreign",
                                  "refused")], [3, 3, 0, 0, 0])
    told = json.loads(succeeds(PROGRAMS / "sfi-info", folder / "third.receipt",
                               "-pd", folder / "product.pd", "--image",
                               folder / "order.sfi", "--json"))
    same((told["kind"], told["same_image"]), ("receipt", True))


def nonces(folder):
    """The register knows the image of version 4."""
    order(folder)
    create = [PROGRAMS / "sfi-create", "-sfi", "-fir",
              DATA / "blink-stm32l462ce.elf", "-k", folder / "order.key", "-n",
              folder / "order.nonce", "-ob", DATA / "ob-stm32l462ce.csv",
              "-devid", "0x462", "-o", folder / "out.sfi"]
    succeeds(*create, "-v", 4)
    done = run(*create, "-v", 5)
    same(done.returncode, 2)
    assert "order.key.used: another image" in done.stderr, done.stderr


def vault_goes_on(folder, name, kept):
    """The device of that time gets its licence again, and the audit log goes on
    with that of then."""
    (folder / "pin").write_text("12345678\n")
    succeeds(PROGRAM, "-hsmglfcb", KEPT / "first.cert", folder / "lic",
             f"slot={name}", "--pin-file", folder / "pin")
    same((folder / "lic").read_bytes(),
         pathlib.Path(f"{kept}.lic").read_bytes())
    log = folder / "now.audit"
    succeeds(HSM, "-i", name, "-audit", log)
    told = json.loads(succeeds(
        HSM, "--verify-audit", log, "--key", f"{kept}-audit.key",
        "--before", f"{kept}.audit", "--json"))
    same((told["maximum"], told["licensed"], told["remaining"]), (6, 1, 5))


def postgres(folder):
    """A dump of the database, in a server of today."""
    uri = os.environ["SFI_TEST_POSTGRES"]
    done = run("psql", "-q", "-v", "ON_ERROR_STOP=1", "-f",
               KEPT / "postgres.sql", uri)
    same(done.returncode, 0, done.stderr)
    vault_goes_on(folder, f"vault:{uri}&vault=kept", KEPT / "postgres")


def token(folder):
    """A vault that a SoftHSM token of that time seals."""
    if not MODULE.exists():
        print("SKIP: no SoftHSM")
        sys.exit(77)
    shutil.copytree(DATA / "kept/token", folder, dirs_exist_ok=True)
    (folder / "conf").write_text(f"directories.tokendir = {folder}/tokens\n")
    os.environ["SOFTHSM2_CONF"] = str(folder / "conf")
    vault_goes_on(folder, f"vault:{folder}/token.vault?token="
                  f"pkcs11:token=sfi?module-path={MODULE}", folder / "token")


SETS = {"files": [receipts, nonces], "job": [job_goes_on],
        "postgres": [postgres], "token": [token]}

if __name__ == "__main__":
    for function in SETS[sys.argv[2]]:
        case(function)
    main()
