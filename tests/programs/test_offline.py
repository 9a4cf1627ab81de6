# SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later
# Copyright The libsfi authors
"""sfi-program with a folder of certificates and a folder of licences."""

import base64
import hashlib
import json
import os
import subprocess
import sys

from check import PROGRAMS, SOURCE, about, case, main, run, same, succeeds

sys.path.insert(0, str(SOURCE / "tests" / "scripts"))
import check_license as p256  # noqa: E402

PROGRAM = PROGRAMS / "sfi-program"
PRODUCT = "45002001"


class Maker:
    """A chip maker with any number of chips: each next certificate has key and
    nonce one higher, which costs only one point addition."""

    def __init__(self, folder, name="ca"):
        self.path = folder / name
        succeeds(PROGRAMS / "sfi-sim", "manufacture", "--ca", self.path,
                 "--chip", "stm32h753xi", "--state", folder / f"{name}-chip")
        pem = (self.path / "ca.key.pem").read_text().splitlines()
        der = base64.b64decode("".join(pem[1:-1]))
        at = der.index(b"\x04\x20") + 2
        self.secret = int.from_bytes(der[at:at + 32], "big")
        self.number = int.from_bytes(os.urandom(8), "big")
        self.point = p256.mul(self.number, p256.G)

    def perso(self):
        return self.path / f"{PRODUCT}_SFI_01000000_00000000.pd"

    def next(self):
        self.number += 1
        self.point = p256.add(self.point, p256.G)

    def certificate(self, product=PRODUCT):
        self.next()
        text = product.encode() + p256.encode(self.point)
        self.next()
        r = self.point[0] % p256.N
        digest = int.from_bytes(hashlib.sha256(text).digest(), "big")
        s = (pow(self.number, -1, p256.N) *
             (digest + r * self.secret)) % p256.N
        return text + r.to_bytes(32, "big") + s.to_bytes(32, "big")


def device_id(cert):
    return hashlib.sha256(cert[8:72]).hexdigest()


class Bench:
    """A vault, a folder of certificates, and the store for licences."""

    def __init__(self, folder, count=10):
        self.maker = Maker(folder)
        self.certs = folder / "certs"
        self.certs.mkdir()
        self.store = folder / "store"
        self.vault = folder / "vault"
        self.pin = folder / "pin"
        self.pin.write_text("123456\n")
        (folder / "key").write_bytes(bytes(range(16)))
        (folder / "nonce").write_bytes(bytes(range(12)))
        succeeds(PROGRAMS / "sfi-hsm", "-i", f"vault:{self.vault}", "-k",
                 folder / "key", "-n", folder / "nonce", "-id", "blink",
                 "-mc", count, "-pd", self.maker.perso(), "--yes",
                 "--pin-file", self.pin)

    def add(self, name, cert=None):
        cert = cert or self.maker.certificate()
        (self.certs / name).write_bytes(cert)
        return cert

    def command(self, *more, pin=True):
        return [PROGRAM, "-hsmglfcb", self.certs, self.store,
                f"slot=vault:{self.vault}", *more,
                *(("--pin-file", self.pin) if pin else ())]

    def left(self):
        out = succeeds(PROGRAM, "-hsmgetcounter", f"slot=vault:{self.vault}")
        return int(out.split()[-1])

    def stored(self):
        return sorted(p.name for p in self.store.iterdir())

    def file(self, cert):
        return self.store / f"{device_id(cert)}.lic"


def names(*certs):
    return sorted(f"{device_id(c)}.lic" for c in certs)


def messages(done):
    """The error messages, without hints and warnings."""
    return [line.removeprefix("sfi-program: ")
            for line in done.stderr.splitlines()
            if not line.startswith("  hint: ") and ": warning: " not in line]


def events_of(text):
    return [json.loads(line) for line in text.splitlines()]


@case
def progress_for_machines(folder):
    """Where it is, in JSON: of the licences, with and without lines."""
    b = Bench(folder)
    for i in range(3):
        b.add(f"{i}.cert")
    for more in ([], ["--json"]):
        done = run(*b.command("--progress=ndjson", *more))
        same(done.returncode, 0, done.stderr)
        told = [e for e in events_of(done.stderr) if e["event"] == "progress"]
        same({e["phase"] for e in told}, {"license"})
        same([(e["done"], e["total"]) for e in told][-1], (3, 3))
        assert "%" not in done.stdout, done.stdout
        (b.store / next(iter(b.stored()))).unlink()


@case
def good(folder):
    b = Bench(folder)
    certs = [b.add(f"{i}.cert") for i in range(3)]
    out = succeeds(*b.command()).splitlines()
    same(out, [f"{b.certs}/{i}.cert: new licence, device "
               f"{device_id(c)}" for i, c in enumerate(certs)] +
         ["3 new, 0 already stored, 0 refused", "HSM COUNTER: 7"])
    same(b.stored(), names(*certs))
    for cert in certs:
        same(b.file(cert).stat().st_size, 136)
    same(b.left(), 7)


@case
def again_without_the_hsm(folder):
    """A device whose licence is in the store needs neither PIN nor vault."""
    b = Bench(folder)
    certs = [b.add(f"{i}.cert") for i in range(2)]
    succeeds(*b.command())
    before = [b.file(c).read_bytes() for c in certs]
    b.vault.unlink()
    out = succeeds(*b.command(pin=False)).splitlines()
    same(out, [f"{b.certs}/{i}.cert: licence already stored, device "
               f"{device_id(c)}" for i, c in enumerate(certs)] +
         ["0 new, 2 already stored, 0 refused"])
    same([b.file(c).read_bytes() for c in certs], before)


@case
def one_more(folder):
    b = Bench(folder)
    b.add("a.cert")
    succeeds(*b.command())
    b.add("b.cert")
    assert "1 new, 1 already stored, 0 refused\n" in succeeds(*b.command())
    same(b.left(), 8)


@case
def duplicates(folder):
    """The same device under two names is one device."""
    b = Bench(folder)
    cert = b.add("a.cert")
    b.add("b.cert", cert)
    assert "1 new, 1 already stored, 0 refused\n" in succeeds(*b.command())
    same(b.stored(), names(cert))
    same(b.left(), 9)


@case
def bad_ones_are_named(folder):
    """Each is reported with its cause; good ones before and after continue."""
    b = Bench(folder)
    other = Maker(folder, "other-ca")
    first, last = b.add("0-good"), b.add("9-good")
    b.add("1-short", first[:-1])
    b.add("2-long", first + b"\0")
    (b.certs / "3-empty").write_bytes(b"")
    b.add("4-off-curve", first[:8] + bytes(63) + b"\1" + first[72:])
    foreign = b.add("5-other-ca", other.certificate())
    b.add("6-product", b.maker.certificate("46201002"))
    b.add("7-lower-case", b"4500200a" + first[8:])
    flipped = bytearray(b.maker.certificate())
    flipped[135] ^= 1
    b.add("8-signature", bytes(flipped))
    (b.certs / "8-a-link").symlink_to(folder / "nowhere")
    done = run(*b.command())
    same(done.returncode, 2, done.stderr)
    where = f"vault:{b.vault}"
    same(messages(done), [about(f"{b.certs}/{place}", *facts)
                          for place, *facts in (
        ("1-short", "135 bytes", "136"),
        ("2-long", "137 bytes", "136"),
        ("3-empty", "0 bytes", "136"),
        ("4-off-curve", "public key", "P-256"),
        (f"5-other-ca: {where}", device_id(foreign)[:16], "not signed", "CA"),
        (f"6-product: {where}", "46201002", "vault", "45002001"),
        ("7-lower-case", "character 8", "product id", "0x61"),
        ("8-a-link", "symbolic link", "not followed"),
        (f"8-signature: {where}", device_id(flipped)[:16], "not signed", "CA"),
    )])
    assert "2 new, 0 already stored, 9 refused\n" in done.stdout, done.stdout
    same(b.stored(), names(first, last))
    same(b.left(), 8)


@case
def exhausted(folder):
    """Counted devices get licences even after the last installation."""
    b = Bench(folder, count=2)
    certs = [b.add(f"{i}.cert") for i in range(2)]
    done = run(*b.command())
    same((done.returncode, done.stderr),
         (0, "sfi-program: warning: 0 of 2 installations left\n"))
    b.file(certs[1]).unlink()
    b.add("0b.cert")
    done = run(*b.command())
    same(done.returncode, 6, done.stderr)
    same(messages(done), [about(f"{b.certs}/0b.cert: vault:{b.vault}",
                                "installations", "2")])
    assert "1 new, 1 already stored, 1 refused\n" in done.stdout, done.stdout
    same(b.stored(), names(*certs))


@case
def sub_folders_and_hidden_files(folder):
    b = Bench(folder)
    cert = b.add("a.cert")
    (b.certs / "sub").mkdir()
    (b.certs / "sub" / "b.cert").write_bytes(b.maker.certificate())
    (b.certs / ".hidden").write_bytes(b"not looked at")
    os.mkfifo(b.certs / "pipe")
    done = run(*b.command())
    same((done.returncode, done.stderr.splitlines()),
         (0, [f"sfi-program: warning: {b.certs}/pipe: skipped, because it is "
              "not a regular file",
              about(f"sfi-program: warning: {b.certs}/sub", "skipped",
                    "folder")]))
    same(b.stored(), names(cert))


@case
def nothing_in_it(folder):
    b = Bench(folder)
    done = run(*b.command())
    same(done.returncode, 2)
    same(messages(done), [f"{b.certs}: the folder contains no certificate"])
    done = run(*b.command("--json"))
    same(done.returncode, 2)
    error = json.loads(done.stdout)["error"]
    same((error["where"], error["message"]),
         (str(b.certs), about("", "folder", "no certificate")))


@case
def one_file_into_a_store(folder):
    b = Bench(folder)
    cert = b.add("a.cert")
    b.store.mkdir()
    for said in ("1 new, 0 already", "0 new, 1 already"):
        assert said in succeeds(PROGRAM, "-hsmglfcb", b.certs / "a.cert",
                                b.store, f"slot=vault:{b.vault}",
                                "--pin-file", b.pin)
    same(b.stored(), names(cert))


@case
def store_that_is_a_file(folder):
    b = Bench(folder)
    b.add("a.cert")
    b.store.write_bytes(b"x")
    done = run(*b.command())
    same(done.returncode, 7, done.stderr)
    same(messages(done), [about(f"{b.store}", "store", "folder",
                                "Not a directory")])
    same(b.left(), 10)


@case
def damaged_store_file(folder):
    """It is reported, nothing is counted for it, and the others continue."""
    b = Bench(folder)
    certs = [b.add(f"{i}.cert") for i in range(2)]
    succeeds(*b.command())
    b.file(certs[0]).write_bytes(b"half")
    done = run(*b.command())
    same(done.returncode, 2, done.stderr)
    same(messages(done), [about(f"{b.certs}/0.cert: {b.file(certs[0])}",
                                "4 bytes", "136")])
    assert "0 new, 1 already stored, 1 refused\n" in done.stdout, done.stdout
    same(b.left(), 8)


@case
def hsm_ends_it(folder):
    """A wrong PIN ends the batch: one try, not one for each certificate."""
    b = Bench(folder)
    for i in range(3):
        b.add(f"{i}.cert")
    wrong = folder / "wrong"
    wrong.write_text("654321\n")
    done = run(*b.command("--pin-file", wrong, "--json", pin=False))
    same(done.returncode, 6, done.stderr)
    same(messages(done), [about(f"vault:{b.vault}", "PIN", "9 tries")])
    told = json.loads(done.stdout)
    same(told["licenses"], [])
    same(told["error"]["name"], "SFI_ERR_HSM_PIN")
    same((b.stored(), b.left()), ([], 10))
    b.vault.unlink()
    done = run(*b.command())
    same(done.returncode, 7, done.stderr)
    same(messages(done), [about(f"vault:{b.vault}", "no such vault")])


@case
def vault_in_its_own_folder(folder):
    """Neither the vault nor a link to it is read, under any name."""
    b = Bench(folder)
    b.add("0-good")  # so that the vault is open
    vault = b.certs / "1-vault"
    b.vault.rename(vault)
    b.vault = vault
    (b.certs / "2-soft").symlink_to("1-vault")
    done = run(*b.command())
    same(done.returncode, 4, done.stderr)
    same([line for line in messages(done) if "-wal" not in line
          and "-shm" not in line],
         [about(f"{b.certs}/1-vault", "belongs to a vault"),
          about(f"{b.certs}/2-soft", "symbolic link")])
    assert "1 new, 0 already stored" in done.stdout, done.stdout
    same(b.left(), 9)
    # a PIN is not read from it either
    words = [str(w) for w in b.command()]
    words[words.index("--pin-file") + 1] = str(vault)
    b.add("6-good")
    done = run(*words)
    same(messages(done)[-1:], [about(f"{vault}", "belongs to a vault")])


@case
def store_that_cannot_be_written(folder):
    b = Bench(folder)
    b.add("a.cert")
    b.add("b.cert")
    b.store = "/proc/self/task"  # even root cannot write there
    done = run(*b.command())
    same(done.returncode, 7, done.stderr)
    same(len(messages(done)), 1, done.stderr)
    assert ".lic: cannot write: " in done.stderr, done.stderr
    same(b.left(), 8)  # the next run gets those licences again
    b.store = folder / "store"
    succeeds(*b.command())
    same(b.left(), 8)


@case
def for_machines(folder):
    b = Bench(folder)
    good = b.add("a.cert")
    b.add("b.cert", good[:100])
    done = run(*b.command("--json"))
    same(done.returncode, 2, done.stderr)
    told = json.loads(done.stdout)
    same([told[k] for k in ("new", "stored", "refused", "hsm_remaining")],
         [1, 0, 1, 9])
    same(told["licenses"][0], {"file": f"{b.certs}/a.cert",
                               "device_id": device_id(good), "result": "new"})
    same(told["licenses"][1]["result"], "refused")
    same(told["licenses"][1]["error"]["name"], "SFI_ERR_TRUNCATED")
    same(told["error"], told["licenses"][1]["error"])


@case
def three_hundred(folder):
    b = Bench(folder, count=299)
    certs = [b.add(f"{i:03}.cert") for i in range(300)]
    done = run(*b.command())
    same(done.returncode, 6, done.stderr)
    same(messages(done), [about(f"{b.certs}/299.cert: vault:{b.vault}",
                                "installations", "299")])
    assert "299 new, 0 already stored, 1 refused\n" in done.stdout
    same(b.stored(), names(*certs[:299]))
    same(b.left(), 0)


@case
def two_at_once(folder):
    """Two stations, one vault, one store: each device is counted once."""
    b = Bench(folder, count=40)
    certs = [b.add(f"{i:02}.cert") for i in range(40)]
    running = [subprocess.Popen([str(w) for w in b.command()],
                                stdin=subprocess.DEVNULL,
                                stdout=subprocess.DEVNULL) for _ in range(2)]
    same([p.wait(60) for p in running], [0, 0])
    same(b.stored(), names(*certs))
    same(b.left(), 0)


@case
def mistakes(folder):
    for words, message in (
            (["hsm=0", "store=x", "lic"],
             "store=FOLDER needs hsm=1; with hsm=0 give the folder in place "
             "of LICENSE"),):
        done = run(PROGRAM, "-c", "port=x", "-sfi", "f.sfi", *words)
        same(done.returncode, 64, done.stderr)
        same(messages(done), [message])


if __name__ == "__main__":
    sys.dont_write_bytecode = True
    main()
