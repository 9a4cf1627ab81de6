# SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later
# Copyright The libsfi authors
"""Files of others: what an output may replace, the modes of files, and what -w
takes."""

import contextlib
import os
import shutil
import signal
import stat
import subprocess

from check import DATA, PROGRAMS, WINDOWS, case, main, run, same, succeeds

CREATE, HSM = PROGRAMS / "sfi-create", PROGRAMS / "sfi-hsm"
PROGRAM, SIM = PROGRAMS / "sfi-program", PROGRAMS / "sfi-sim"
BASE, FLASH = 0x08000000, 2 << 20
PERSO = "45002001_SFI_01000000_00000000.pd"
KEPT = DATA / "kept"

# What is lost for ever when it is replaced, and what a message calls it.
UNIQUE = {
    "key": (KEPT / "image.key", "a key or a nonce"),
    "audit.key": (KEPT / "audit.key", "a key or a nonce"),
    "pem": (b"-----BEGIN PRIVATE KEY-----\n", "PEM or DER"),
    "product.pd": (KEPT / "product.pd", "a personalisation file"),
    "log": (KEPT / "first.audit", "an audit log"),
    "lic": (KEPT / "device.lic", "a licence"),
    "cert": (KEPT / "device.cert", "a chip's certificate"),
    "vault": (KEPT / "line.vault", "a vault"),
    "vault-wal": (b"", "a vault"),
}


def put(folder):
    for name, (content, _) in UNIQUE.items():
        (folder / name).write_bytes(content if isinstance(content, bytes)
                                    else content.read_bytes())
    return {name: (folder / name).read_bytes() for name in UNIQUE}


@contextlib.contextmanager
def chip(folder):
    """A new chip on a pty; yields sfi-program's words for it."""
    state, tty = folder / "chip", folder / "tty"
    succeeds(SIM, "manufacture", "--ca", folder / "ca", "--chip",
             "stm32h753xi", "--state", state)
    process = subprocess.Popen([SIM, "run", "--state", state, "--usart", tty],
                               stdout=subprocess.PIPE, text=True)
    try:
        assert "ready" in process.stdout.readline()
        yield [PROGRAM, "-c", f"port={tty}"]
    finally:
        process.send_signal(signal.SIGTERM)
        same(process.wait(10), 0)
        process.stdout.close()


def make_hsm(folder, *more):
    if not (folder / "ca").exists():
        succeeds(SIM, "manufacture", "--ca", folder / "ca", "--chip",
                 "stm32h753xi", "--state", folder / "chip")
    (folder / "k").write_bytes(bytes(range(16)))
    (folder / "n").write_bytes(bytes(range(12)))
    (folder / "pin").write_text("123456\n")
    return run(HSM, "-i", f"vault:{folder}/hsm", "-k", folder / "k", "-n",
               folder / "n", "-id", "blink", "-mc", "3", "-pd",
               folder / "ca" / PERSO, "--yes", "--pin-file", folder / "pin",
               *more)


def refuses(command, status, *facts):
    done = run(*command)
    same(done.returncode, status, f"{command}: {done.stdout}{done.stderr}")
    for fact in facts:
        assert fact in done.stderr, (fact, done.stderr)


@case
def unique_files_stay(folder):
    """Each output of each program over each of them, also with --force."""
    with chip(folder) as on_chip:
        same(make_hsm(folder).returncode, 0)
        before = put(folder)
        slot = f"vault:{folder}/hsm"
        succeeds(SIM, "dump", "--state", folder / "chip", "--area",
                 "certificate", "--out", folder / "own.cert")
        image = [CREATE, "-fir", DATA / "blink-stm32h753xi.elf", "-k",
                 folder / "k", "-n", folder / "n", "-ob",
                 DATA / "ob-stm32h753xi.csv", "-v", 1, "-devid", "0x450", "-o"]
        for name, (_, what) in UNIQUE.items():
            out = folder / name
            commands = [
                [*on_chip, "-e", "0", "--capture", out],
                [*on_chip, "-r", hex(BASE), 64, out],
                [HSM, "-i", slot, "-audit", out],
                [SIM, "dump", "--state", folder / "chip", "--area", "flash",
                 "--out", out],
                [*image, out],
            ]
            # what is of the output's own kind is compared when that is known
            if name != "cert":
                commands.append([*on_chip, "-gc", out])
            if name != "lic":
                commands.append([PROGRAM, "-hsmglfcb", folder / "own.cert",
                                 out, f"slot={slot}", "--pin-file",
                                 folder / "pin"])
            for command in commands:
                for force in ([], ["--force"]):
                    refuses(command + force, 4, str(out), what)
        same({name: (folder / name).read_bytes() for name in UNIQUE}, before)
        # and nothing happened on the way
        assert (" 3" in succeeds(PROGRAM, "-hsmgetcounter", f"slot={slot}"))
        done = run(*on_chip, "-ob", "displ")
        assert "SECURITY         : 0x0" in done.stdout, done.stdout


@case
def own_kind(folder):
    """The same content again is no failure; another of the kind is."""
    with chip(folder) as on_chip:
        same(make_hsm(folder).returncode, 0)
        slot = f"vault:{folder}/hsm"
        lic = [PROGRAM, "-hsmglfcb", folder / "c", folder / "lic",
               f"slot={slot}", "--pin-file", folder / "pin"]
        dump = [SIM, "dump", "--state", folder / "chip", "--area",
                "certificate", "--out", folder / "c"]
        succeeds(*dump)
        succeeds(*dump)
        # an audit log that was made before stays
        succeeds(HSM, "-i", slot, "-audit", folder / "monday")
        monday = (folder / "monday").read_bytes()
        succeeds(HSM, "-i", slot, "-audit", folder / "monday")
        succeeds(*lic)
        succeeds(*lic)
        refuses([HSM, "-i", slot, "-audit", folder / "monday", "--force"], 4,
                "refusing to replace an audit log")
        same((folder / "monday").read_bytes(), monday)
        # a licence of another chip; this one's licence is not lost with it
        shutil.copy(KEPT / "device.lic", folder / "other.lic")
        refuses([*lic[:3], folder / "other.lic", *lic[4:]], 4,
                "refusing to replace a licence")
        same((folder / "other.lic").read_bytes(),
             (KEPT / "device.lic").read_bytes())
        succeeds(*lic)
        # a certificate of another chip
        shutil.copy(KEPT / "device.cert", folder / "other")
        done = run(*on_chip, "-gc", folder / "other", "--yes")
        same(done.returncode, 4, done.stderr)
        assert "refusing to replace a chip's certificate" in done.stderr
        same((folder / "other").read_bytes(),
             (KEPT / "device.cert").read_bytes())
        done = run(*on_chip, "-gc", folder / "c", "--yes")
        same(done.returncode, 0, done.stderr)
        assert f"Writing data to file {folder / 'c'}" in \
            done.stdout.splitlines(), done.stdout


@case
def force(folder):
    """Any other file is replaced with --force only, or by its own kind."""
    with chip(folder) as on_chip:
        for content, what in ((b"a letter to somebody", "another kind"),
                              (b"SFIMAGIC and more", "an .sfi image")):
            out = folder / "out"
            for words in (["-r", hex(BASE), 64, out],
                          ["-e", "0", "--capture", out]):
                out.write_bytes(content)
                refuses([*on_chip, *words], 4, what, "--force")
                same(out.read_bytes(), content)
                done = run(*on_chip, *words, "--force")
                same(done.returncode, 0, done.stderr)
                assert out.read_bytes() != content
        # a trace over a trace, but a dump over no dump
        same(run(*on_chip, "-e", "0", "--capture", out).returncode, 0)
        same(run(*on_chip, "-r", hex(BASE), 64, folder / "b").returncode, 0)
        refuses([*on_chip, "-r", hex(BASE), 64, folder / "b"], 4, "--force")
        # as many bytes as a key has: the same ones only
        same(run(*on_chip, "-r", hex(BASE), 16, folder / "u").returncode, 0)
        same(run(*on_chip, "-r", hex(BASE), 16, folder / "u").returncode, 0)
        (folder / "u").write_bytes(bytes(16))
        refuses([*on_chip, "-r", hex(BASE), 16, folder / "u", "--force"], 4,
                "a key or a nonce")
        same((folder / "u").read_bytes(), bytes(16))


@case
def inputs_are_no_outputs(folder):
    """What the same command line reads, under any name, also with --force."""
    fw = folder / "fw.hex"
    fw.write_bytes((DATA / "blink-stm32h753xi.hex").read_bytes())
    (folder / "link.hex").symlink_to("fw.hex")
    for words, name in ((["-r", hex(BASE), 64], "fw.hex"),
                        (["-r", hex(BASE), 64], "link.hex"),
                        (["-gc"], "link.hex"), (["--capture"], "fw.hex")):
        done = run(PROGRAM, "-c", "port=none", "-w", fw, *words,
                   folder / name, "--force")
        same(done.returncode, 64, done.stderr)
        assert f"{words[0]} {folder / name} is an input and would be " \
               "overwritten" in done.stderr, done.stderr
    same(fw.read_bytes(), (DATA / "blink-stm32h753xi.hex").read_bytes())


@case
def inputs_are_not_the_vault(folder):
    """An input that is the HSM's own file, or a link to it.  A vault with two
    names is no HSM at all."""
    same(make_hsm(folder).returncode, 0)
    (folder / "link").symlink_to("hsm")
    slot = f"vault:{folder}/hsm"
    hsm = [HSM, "-i", slot]
    pin = ["--pin-file", folder / "pin"]
    before = (folder / "hsm").read_bytes()
    (folder / "image").write_bytes((KEPT / "image.sfi").read_bytes())
    for name in "hsm", "link":
        path = folder / name
        for command in (
                [*hsm, "--matches", path],
                [*hsm, "--matches", folder / "image", "--pin-file", path],
                [*hsm, "--change-pin", "--pin-file", path,
                 "--new-pin-file", folder / "pin"],
                [*hsm, "--change-pin", *pin, "--new-pin-file", path],
                [PROGRAM, "-hsmglfcb", KEPT / "device.cert", folder / "l",
                 f"slot={slot}", "--pin-file", path],
                [PROGRAM, "--gang", folder / "none", "-sfi",
                 folder / "image", "hsm=1", f"slot={slot}", *pin, "--record",
                 path],
                [PROGRAMS / "tutorial/license-server", folder / "s", slot,
                 path]):
            if WINDOWS and "tutorial" in str(command[0]):
                continue  # not built there
            done = run(*command)
            assert done.returncode in (1, 4), (command, done)
            assert ("refusing to open" in done.stderr or
                    "belongs to a vault" in done.stderr), (command, done.stderr)
        same((folder / "hsm").read_bytes(), before)


RECORD = b'{"time": "2026-01-01T00:00:00Z", "result": "installed"}\n'


@case
def record(folder):
    """--record appends to records only, never to the image."""
    (folder / "image").write_bytes((KEPT / "image.sfi").read_bytes())
    (folder / "folder").mkdir()
    out = folder / "out"
    gang = [PROGRAM, "--gang", folder / "none", "-sfi", folder / "image",
            "hsm=0", folder / "folder", "--record"]
    bad = [b"a letter\n", b"{}\n", b"x", RECORD + b"x\n", RECORD + b"x",
           b'{"a": 1}\n', b"x" * 70000,
           (KEPT / "image.sfi").read_bytes(), RECORD + b"\n",
           (KEPT / "image.key").read_bytes(), RECORD + bytes(70000)]
    for content in bad:
        out.write_bytes(content)
        refuses([*gang, out], 2, f"{out}: its last line is not a record")
        same(out.read_bytes(), content)
    refuses([*gang, folder / "image"], 2, "its last line is not a record")
    same((folder / "image").read_bytes(), (KEPT / "image.sfi").read_bytes())
    for content in (b"", RECORD, RECORD * 2000, RECORD + RECORD[:20],
                    RECORD[:5], RECORD[:20], RECORD[:20] + b"\n" + RECORD[:3],
                    RECORD + RECORD[:3] + b"\n"):
        out.write_bytes(content)
        done = run(*gang, out)
        assert "not a record" not in done.stderr, done.stderr
        same(out.read_bytes()[:len(content)], content)
        assert out.read_bytes().endswith(b"}\n"), out.read_bytes()[-80:]
        assert len(out.read_bytes()) > len(content) + 20


def mode(path):
    return stat.S_IMODE(path.stat().st_mode)


@case
def modes(folder):
    """umask, and the narrower mode of what is replaced."""
    with chip(folder) as on_chip:
        out = folder / "out"
        for mask, old, want in ((0o022, None, 0o644), (0o077, None, 0o600),
                                (0o022, 0o600, 0o600), (0o022, 0o664, 0o644)):
            out.unlink(missing_ok=True)
            if old is not None:
                out.write_bytes(b"old")
                out.chmod(old)
            os.umask(mask)
            done = run(*on_chip, "-r", hex(BASE), 64, out, "--force")
            os.umask(0o077)
            same((done.returncode, mode(out)), (0, want), done.stderr)
        # a capture may hold a licence: its owner's, whatever was there, and
        # not readable through a descriptor that was open before
        out.write_bytes(b"kind usb\n")
        out.chmod(0o666)
        os.umask(0)
        with out.open("rb") as reader:
            done = run(*on_chip, "-e", "0", "--capture", out)
            same((done.returncode, mode(out)), (0, 0o600), done.stderr)
            same(reader.read(), b"kind usb\n")
        os.umask(0o077)


@case
def readable_secrets(folder):
    """A key or a PIN that every user can read earns a warning."""
    same(make_hsm(folder).stderr, "")
    (folder / "hsm").unlink()
    for name, kind in (("k", "key"), ("pin", "PIN")):
        (folder / name).chmod(0o604)
    done = run(HSM, "-i", f"vault:{folder}/hsm", "-k", folder / "k", "-n",
               folder / "n", "-id", "blink", "-mc", "3", "-pd",
               folder / "ca" / PERSO, "--yes", "--pin-file", folder / "pin")
    cure = ('(by its access list): icacls FILE /inheritance:r /grant:r '
            '"%USERNAME%:F"' if WINDOWS else "(mode 0604): chmod 600")
    same((done.returncode, done.stderr.splitlines()), (0, [
        f"sfi-hsm: warning: {folder}/k: every user can read this key {cure}",
        f"sfi-hsm: warning: {folder}/pin: every user can read this PIN {cure}"]))


@case
def write_checks_first(folder):
    """-w: range and content, before anything is erased."""
    with chip(folder) as on_chip:
        image = DATA / "blink-stm32h753xi.elf"
        same(run(*on_chip, "-w", image).returncode, 0)
        flash = folder / "chip" / "flash.bin"
        before = flash.read_bytes()
        (folder / "long.bin").write_bytes(b"x" * 4096)
        end = BASE + FLASH
        refuses([*on_chip, "-w", folder / "long.bin", hex(end - 2048)], 2,
                "0x081ff800 to 0x082007ff", "0x081fffff", "nothing was erased")
        refuses([*on_chip, "-w", folder / "long.bin", hex(BASE - 2048)], 2,
                "0x07fff800", "nothing was erased")
        # one segment is good, the other is where the chip has no memory
        record = ":020000040800F2\n:0400000001020304F2\n" \
                 ":020000043000CA\n:0400000001020304F2\n:00000001FF\n"
        (folder / "two.hex").write_text(record)
        refuses([*on_chip, "-w", folder / "two.hex"], 5, "refused")
        record = record.replace(":020000043000CA", ":020000045200A8") \
                       .replace(":0400000001020304F2\n:00000001FF",
                                ":0420200001020304B2\n:00000001FF")
        (folder / "option.hex").write_text(record)
        refuses([*on_chip, "-w", folder / "option.hex"], 2, "option bytes")
        for name, content, status, fact in (
                ("elf.bin", image.read_bytes(), 64, "has its own addresses"),
                ("hex.bin", (DATA / "blink-stm32h753xi.hex").read_bytes(), 64,
                 "has its own addresses"),
                ("srec.bin", (DATA / "blink-stm32h753xi.srec").read_bytes(),
                 64, "has its own addresses"),
                ("elf.dat", image.read_bytes(), 64, "has its own addresses"),
                ("sfi.bin", (KEPT / "image.sfi").read_bytes(), 2,
                 "an .sfi image, expected a plain binary"),
                ("cert.bin", (KEPT / "device.cert").read_bytes(), 2,
                 "certificate"),
                ("pem.bin", b"-----BEGIN PRIVATE KEY-----\n", 2, "PEM")):
            (folder / name).write_bytes(content)
            refuses([*on_chip, "-w", folder / name, hex(BASE)], status,
                    f"{folder}/{name}: ", fact)
        same(flash.read_bytes(), before)
        (folder / "patch.bin").write_bytes(bytes(range(16)))
        done = run(*on_chip, "-w", folder / "patch.bin", hex(end - 16), "-v")
        same(done.returncode, 0, done.stderr)


if __name__ == "__main__":
    main()
