# SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later
# Copyright The libsfi authors
"""HSMs with an audit key, for the tests of audit logs."""

import datetime
import hashlib
import hmac

from check import PROGRAMS, succeeds

HSM, SIM = PROGRAMS / "sfi-hsm", PROGRAMS / "sfi-sim"
PERSO = "45002001_SFI_01000000_00000000.pd"


def mac(key, data):
    return hmac.new(key, data, hashlib.sha256).digest()


def seconds(text):
    at = datetime.datetime.strptime(text, "%Y-%m-%dT%H:%M:%SZ")
    return int(at.replace(tzinfo=datetime.timezone.utc).timestamp())


def make_hsm(folder, count, *more):
    succeeds(SIM, "manufacture", "--ca", folder / "ca", "--chip",
             "stm32h753xi", "--state", folder / "chip1")
    (folder / "key").write_bytes(bytes(range(16)))
    (folder / "nonce").write_bytes(bytes(range(12)))
    (folder / "pin").write_text("123456\n")
    succeeds(HSM, "-i", f"vault:{folder}/hsm", "-k", folder / "key", "-n",
             folder / "nonce", "-id", "blink 1.0", "-mc", str(count), "-pd",
             folder / "ca" / PERSO, "--audit-key", folder / "audit.key", "--yes",
             "--pin-file", folder / "pin", *more)
    return f"vault:{folder}/hsm"


def certificate(folder, number):
    chip, cert = folder / f"chip{number}", folder / f"cert{number}"
    if not chip.exists():
        succeeds(SIM, "manufacture", "--ca", folder / "ca", "--chip",
                 "stm32h753xi", "--state", chip)
    succeeds(SIM, "dump", "--state", chip, "--area", "certificate", "--out",
             cert)
    return cert
