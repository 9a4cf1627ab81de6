#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later
# Copyright The libsfi authors
"""sfi-create and sfi-info as people and scripts run them.

    test_create.py FOLDER_OF_PROGRAMS
"""

import json
import re
import struct
import subprocess

from check import (AUTH_HINT, CHIP_HINT, DATA, PROGRAMS, about, case,
                   errors_of, fails, is_private, main, run, same, succeeds)
from gcm import AesGcm

CREATE, INFO = PROGRAMS / "sfi-create", PROGRAMS / "sfi-info"
H7, L4 = "stm32h753xi", "stm32l462ce"
KEY = bytes(range(0x10, 0x20))
NONCE = bytes(range(11)) + b"\xff"

CREATE_HELP = "  hint: sfi-create --help"


def inputs(folder, key=KEY, nonce=NONCE):
    (folder / "key.bin").write_bytes(key)
    (folder / "nonce.bin").write_bytes(nonce)


def command(folder, chip=H7, **changes):
    """A correct command line; None as a change omits the option."""
    options = {
        "fir": [DATA / f"blink-{chip}.elf"],
        "k": [folder / "key.bin"],
        "n": [folder / "nonce.bin"],
        "ob": [DATA / f"ob-{chip}.csv"],
        "v": ["23"],
        "-chip": [chip],
        "o": [folder / "out.sfi"],
        "-no-register": [],  # the tests have one key and many images
    }
    options.update(changes)
    words = [CREATE, "-sfi"]
    for name, values in options.items():
        if values is not None:
            words += [f"-{name}", *values]
    return words


def files(folder):
    return sorted(p for p in folder.iterdir() if p.suffix != ".used")


def rule_of(line):
    """The severity and the rule in the line of a finding."""
    return re.search(r": (error|warning|note): .* \[([a-z0-9-]+)\]$",
                     line).groups()


def refused(folder, status, stderr, *words):
    """The command fails like this, and leaves no file but the register."""
    before = files(folder)
    stdout = fails(status, stderr, *words)
    same(files(folder), before, "files")
    assert "SUCCESS" not in stdout, stdout
    return stdout


def binary(folder, size, name="app.bin"):
    path = folder / name
    path.write_bytes(bytes((7 * i + 1) & 0xFF for i in range(size)))
    return path


def open_image(data):
    """The areas of an image, decrypted independently of libsfi."""
    gcm = AesGcm(KEY)

    def iv(index):
        return (int.from_bytes(NONCE, "big") + index).to_bytes(12, "big")

    magic, version, count = struct.unpack_from("<8sHH", data)
    same((magic, version), (b"SFIMAGIC", 1), "header")
    same(data[12:28], gcm.tag(NONCE, data[:12], b""), "header tag")
    areas, at = [], 28
    for index in range(1, count + 1):
        kind, ver, number, size, address, total = struct.unpack_from(
            "<cBHIIH", data, at)
        content = data[at + 30:at + 30 + size]
        same((number, total), (index, count), "numbers")
        same(data[at + 14:at + 30],
             gcm.tag(iv(index), data[at:at + 14], content), f"tag {index}")
        areas.append((kind.decode(), ver, address,
                      gcm.crypt(iv(index), content)))
        at += 30 + size
    same(at, len(data), "length")
    return areas


def expected_areas(chip, version):
    areas = []
    for path in sorted(DATA.glob(f"blink-{chip}-0x*.bin")):
        address = int(path.stem.split("-")[-1], 16)
        areas.append(("F", version, address, path.read_bytes()))
    values = [int(row.split(",")[1], 16)
              for row in (DATA / f"ob-{chip}.csv").read_text().split()]
    return areas + [("C", version, 0, struct.pack(f"<{len(values)}I", *values))]


# ---- images that are built ----

@case
def images_of_every_format(folder):
    inputs(folder)
    for chip in (H7, L4):
        for suffix in ("elf", "hex", "srec"):
            firmware = DATA / f"blink-{chip}.{suffix}"
            out = succeeds(*command(folder, chip, fir=[firmware]))
            areas = open_image((folder / "out.sfi").read_bytes())
            same(areas, expected_areas(chip, 23), f"{chip} {suffix}")
            same(out.splitlines()[-1], "SFI generation SUCCESS")


@case
def what_it_prints(folder):
    inputs(folder)
    out = succeeds(*command(folder)).splitlines()
    same(out[:6], [
        f"Firmware {DATA}/blink-{H7}.elf : elf, 4 segments",
        "  segment 1 : 0x08000000 to 0x08000423, 1060 bytes",
        "  segment 2 : 0x08020000 to 0x08021027, 4136 bytes",
        "  segment 3 : 0x080a0000 to 0x080a0063, 100 bytes",
        "  segment 4 : 0x08120000 to 0x08120137, 312 bytes",
        "  total : 5608 bytes",
    ])
    same(out[6], f"Option bytes {DATA}/ob-{H7}.csv : 9 of {H7}")
    same(out[-9:], [
        "  35 fields do what they do in a new part",
        "Image : protocol version 1, 5 areas",
        "  area 1 : F, 0x08000000, 1060 bytes",
        "  area 2 : F, 0x08020000, 4136 bytes",
        "  area 3 : F, 0x080a0000, 100 bytes",
        "  area 4 : F, 0x08120000, 312 bytes",
        "  area 5 : C, 0x00000000, 36 bytes",
        f"{folder}/out.sfi : 5822 bytes",
        "SFI generation SUCCESS",
    ])


@case
def binaries_at_addresses(folder):
    inputs(folder)
    words = command(folder, L4, fir=None)
    for path in sorted(DATA.glob(f"blink-{L4}-0x*.bin"), reverse=True):
        words += ["-fir", path, path.stem.split("-")[-1]]
    succeeds(*words)
    same(open_image((folder / "out.sfi").read_bytes()), expected_areas(L4, 23))


@case
def both_spellings(folder):
    inputs(folder)
    succeeds(*command(folder))
    brief = (folder / "out.sfi").read_bytes()
    (folder / "out.sfi").unlink()
    succeeds(CREATE, "--sfi", "--firmware", DATA / f"blink-{H7}.elf",
             f"--key={folder}/key.bin", "--nonce", folder / "nonce.bin",
             "--obfile", DATA / f"ob-{H7}.csv", "--ver", "0x17", "--deviceid",
             "0x450", "--outfile", folder / "out.sfi")
    same((folder / "out.sfi").read_bytes(), brief)
    (folder / "out.sfi").unlink()
    succeeds(*command(folder, **{"-chip": None}, devid=["0x450"]))
    same((folder / "out.sfi").read_bytes(), brief)


@case
def modules(folder):
    inputs(folder)
    module = (b"SMIMAGIC" + struct.pack("<II", 0x08080000, 40) + bytes(32)
              + b"x" * 40)
    (folder / "a.smi").write_bytes(module)
    out = succeeds(*command(folder, m=[folder / "a.smi"]))
    assert f"Module {folder}/a.smi : 88 bytes" in out, out
    same(open_image((folder / "out.sfi").read_bytes())[-2],
         ("M", 23, 0x08080000, module))
    (folder / "out.sfi").unlink()
    (folder / "a.smi").write_bytes(module[:-1])
    refused(folder, 2,
            [about(f"sfi-create: {folder}/a.smi", "39 bytes", "header", "40")],
            *command(folder, m=[folder / "a.smi"]))


@case
def key_material(folder):
    key, nonce = folder / "k", folder / "n"
    same(succeeds(CREATE, "--genkey", key, "--gennonce", nonce),
         f"{key}: new key, 16 bytes\n{nonce}: new nonce, 12 bytes\n")
    for path, size in ((key, 16), (nonce, 12)):
        same(len(path.read_bytes()), size)
        is_private(path)
    old = key.read_bytes()
    fails(4, [f"sfi-create: {key}: cannot create: File exists"],
          CREATE, "--genkey", key)
    same(key.read_bytes(), old)
    fails(64, ["sfi-create: -fir cannot be combined with --genkey",
               CREATE_HELP], CREATE, "--genkey", folder / "k2", "-fir", "x")
    succeeds(CREATE, "--gennonce", folder / "n2")
    assert (folder / "n2").read_bytes() != nonce.read_bytes()
    # both or none
    fails(4, [f"sfi-create: {nonce}: cannot create: File exists"],
          CREATE, "--genkey", folder / "k2", "--gennonce", nonce)
    assert not (folder / "k2").exists()


def registered(folder, chip=H7, **changes):
    return command(folder, chip, **{"-no-register": None, **changes})


NEW_KEYS_HINT = ["  hint: --new-keys PREFIX makes a key and a nonce for this "
                 "image; --same-nonce",
                 "        accepts what the second image reveals"]


@case
def one_image_for_a_nonce(folder):
    inputs(folder)
    out, register = folder / "out.sfi", folder / "key.bin.used"
    succeeds(*registered(folder))
    first, entry = out.read_bytes(), register.read_bytes()
    is_private(register)
    assert KEY not in entry and NONCE not in entry, entry
    succeeds(*registered(folder))
    same(register.read_bytes(), entry, "the same image again")
    refused(folder, 2,
            [about(f"sfi-create: {register}", "another image", "key", "nonce"),
             "sfi-create: nothing was written"] + NEW_KEYS_HINT,
            *registered(folder, v=["24"]))
    same((out.read_bytes(), register.read_bytes()), (first, entry))
    done = run(*registered(folder, v=["24"]), "--check", "--json")
    same((done.returncode, [f["rule"] for f in json.loads(done.stdout)[
        "findings"] if f["severity"] == "error"]), (2, ["nonce-reuse"]))
    same(register.read_bytes(), entry, "only looked at")
    done = run(*registered(folder, v=["24"]), "--same-nonce")
    same((done.returncode, len(errors_of(done.stderr))), (0, 1), done.stderr)
    assert "XOR" in done.stderr and "authentication key" in done.stderr
    succeeds(*registered(folder))
    succeeds(*registered(folder, v=["24"]))
    succeeds(*command(folder, v=["25"]))
    refused(folder, 2, [about(f"sfi-create: {register}", "another image"),
                        "sfi-create: nothing was written"] + NEW_KEYS_HINT,
            *registered(folder, v=["25"]))


@case
def a_register_elsewhere(folder):
    inputs(folder)
    register = folder / "elsewhere"
    succeeds(*registered(folder), "--register", register)
    assert register.read_bytes().startswith(b"SFI-USED 1\n")
    assert not (folder / "key.bin.used").exists()
    missing = folder / "missing" / "used"
    refused(folder, 7, [
        f"sfi-create: {missing}: cannot write the register of nonces: No such "
        "file or directory",
        "  hint: --register FILE names another place for it, --no-register "
        "does without"],
        *registered(folder), "--register", missing)
    (folder / "key.bin.used").symlink_to(register)
    refused(folder, 4, [about(f"sfi-create: {folder}/key.bin.used",
                              "symbolic link"),
                        "  hint: --register FILE names another place for it, "
                        "--no-register does without"], *registered(folder))
    (folder / "key.bin.used").unlink()
    # an output never takes its place
    refused(folder, 4, [about(f"sfi-create: {register}", "register")],
            *registered(folder, o=[register]), "--force")
    refused(folder, 64, [f"sfi-create: -o {register} is an input and would be "
                         "overwritten", CREATE_HELP],
            *registered(folder, o=[register]), "--register", register)
    for words, message in (
            (["--no-register", "--register", "x"],
             "--register and --no-register contradict each other"),
            (["--no-register", "--same-nonce"], "--same-nonce has no effect "
             "with --no-register: leave it out"),
            (["--new-keys", folder / "n"],
             "--new-keys makes key and nonce: leave out -k and -n")):
        refused(folder, 64, [f"sfi-create: {message}", CREATE_HELP],
                *registered(folder), *words)


@case
def zeros_as_key_or_nonce(folder):
    for key, nonce, word in ((bytes(16), NONCE, "key"),
                             (KEY, bytes(12), "nonce")):
        inputs(folder, key, nonce)
        refused(folder, 2, [about("sfi-create", f"the {word}", "all zeros"),
                            f"sfi-create: {H7} cannot install this image, "
                            "nothing was written"], *registered(folder))


@case
def new_keys_for_an_image(folder):
    prefix = folder / "blink-24"
    words = registered(folder, k=None, n=None)
    out = succeeds(*words, "--new-keys", prefix)
    key, nonce = folder / "blink-24.key", folder / "blink-24.nonce"
    assert f"{key}: new key, 16 bytes\n{nonce}: new nonce, 12 bytes\n" in out
    is_private(key)
    assert (folder / "blink-24.key.used").exists()
    assert "all 5 areas are authentic" in succeeds(
        INFO, folder / "out.sfi", "-k", key, "-n", nonce)
    fails(4, [about(f"sfi-create: {key}", "File exists")],
          *words, "--new-keys", prefix)
    told = json.loads(succeeds(*words, "--new-keys", folder / "json", "--json"))
    same((told["key"], told["nonce"]),
         (f"{folder}/json.key", f"{folder}/json.nonce"))
    # a mistake leaves no keys
    refused(folder, 2, [about("sfi-create", "segment 1", "below 0x08001000"),
                        about("sfi-create", "segment 3", "flash"),
                        about("sfi-create", "segment 4", "flash"),
                        about("sfi-create", "nothing was written"), CHIP_HINT],
            *registered(folder, L4, k=None, n=None,
                     fir=[DATA / f"blink-{H7}.elf"]),
            "--new-keys", folder / "other")


NO_FILE = ("sfi-create: warning: the key is not in a file, so nothing notices "
           "a second image under its nonce: --register FILE does")


@case
def secrets_from_standard_input(folder):
    inputs(folder)
    succeeds(*registered(folder))
    image = (folder / "out.sfi").read_bytes()

    def piped(content, *words, **changes):
        (folder / "in").write_bytes(content)
        with open(folder / "in", "rb") as stdin:
            done = run(*registered(folder, **changes), *words, stdin=stdin)
        return done.returncode, errors_of(done.stderr)

    for content, changes, warned in (
            (KEY, {"k": ["-"]}, [NO_FILE]), (NONCE, {"n": ["-"]}, []),
            (KEY + NONCE, {"k": ["-"], "n": ["-"]}, [NO_FILE])):
        (folder / "out.sfi").unlink()
        same(piped(content, **changes), (0, warned))
        same((folder / "out.sfi").read_bytes(), image)
    same(piped(KEY, "--no-register", k=["-"]), (0, []))
    register = folder / "other"
    same(piped(KEY, "--register", register, k=["-"]), (0, []))
    same(piped(KEY, "--register", register, k=["-"], v=["99"])[0], 2)
    for content, changes, found, wanted in (
            (KEY[:15], {"k": ["-"]}, "15 bytes", "expected 16: a key"),
            (KEY + NONCE, {"k": ["-"]}, "more than 16", "expected 16"),
            (b"", {"n": ["-"]}, "0 bytes", "expected 12: a nonce"),
            (KEY + NONCE[:11], {"k": ["-"], "n": ["-"]}, "27 bytes",
             "expected 28: a key of 16, then a nonce of 12"),
            (KEY + NONCE + b"\n", {"k": ["-"], "n": ["-"]}, "more than 28",
             "expected 28")):
        same(piped(content, **changes),
             (2, [about("sfi-create", "standard input", found, wanted)]))


@case
def image_to_standard_output(folder):
    inputs(folder)
    succeeds(*registered(folder))
    done = subprocess.run([str(w) for w in registered(folder, o=["-"])],
                          stdin=subprocess.DEVNULL, capture_output=True)
    same((done.returncode, done.stdout),
         (0, (folder / "out.sfi").read_bytes()))
    lines = done.stderr.decode().splitlines()
    same(lines[-2:], ["standard output : 5822 bytes", "SFI generation SUCCESS"])
    done = subprocess.run([str(w) for w in registered(folder, o=["-"], v=["1"])],
                          stdin=subprocess.DEVNULL, capture_output=True)
    same((done.returncode, done.stdout), (2, b""))


@case
def info_in_words(folder):
    inputs(folder)
    succeeds(*command(folder))
    image = folder / "out.sfi"
    data = image.read_bytes()
    out = succeeds(INFO, image).splitlines()
    same(out[:10], [
        "SFI File Information :",
        f"  SFI file path            : {image}",
        "  SFI file size            : 5822",
        "",
        "SFI header information :",
        "  SFI protocol version     : 1",
        "  SFI total number of areas: 5",
        "  SFI image version        : 23",
        f"  SFI header tag           : {data[12:28].hex()}",
        "",
    ])
    same(out[10:17], [
        "SFI Areas information :",
        "",
        "Parsing Area 1/5 :",
        "  Area type                : F",
        "  Area size                : 1060",
        "  Area destination address : 0x8000000",
        f"  Area tag                 : {data[42:58].hex()}",
    ])
    same(out[-1], "Tags not verified : no key was given")
    done = run(INFO, image, "-k", folder / "key.bin", "-n",
               folder / "nonce.bin", "--chip", H7)
    same((done.returncode, [rule_of(line) for line
                            in done.stderr.splitlines()[::2]]),
         (0, [("warning", "rdp-level-0"), ("note", "secure-none"),
              ("note", "secure-none"), ("note", "stack-at-end"),
              ("note", "boot-pin-nowhere")]))
    out = done.stdout.splitlines()
    assert "Tags verified : the header and all 5 areas are authentic" in out
    assert "  FBOOT7_PRG   : 0x24000800" in out, out
    same(out[-1], f"Chip check : {H7} can install it: no errors, 1 warning, "
         "4 notes")


@case
def info_for_machines(folder):
    inputs(folder)
    succeeds(*command(folder, L4))
    image = folder / "out.sfi"
    keys = ["-k", folder / "key.bin", "-n", folder / "nonce.bin"]
    out = json.loads(succeeds(INFO, "--json", image, *keys, "--chip", L4))
    same((out["protocol_version"], out["image_version"], out["verified"],
          out["chip"], out["findings"]), (1, 23, True, L4, []))
    same([(a["type"], a["address"], a["size"]) for a in out["areas"]],
         [(k, at, len(d)) for k, _, at, d in expected_areas(L4, 23)])
    same(out["option_bytes"][0], {"name": "FLASH_OPTR", "value": 0xFBEFF8BB})
    same(json.loads(succeeds(INFO, "--json", image))["verified"], False)
    done = run(INFO, "--json", image, "--chip", H7)
    same(done.returncode, 2)
    same([(f["rule"], f["name"])
          for f in json.loads(done.stdout)["findings"]],
         [("ob-size", "SFI_ERR_CHIP_RULE")])
    image.write_bytes(image.read_bytes()[:-1])
    done = run(INFO, "--json", image)
    same(done.returncode, 2)
    error = json.loads(done.stdout)["error"]
    same(error.pop("message"), about("", "19 of 20 bytes", "content"))
    same(error, {"status": -202, "name": "SFI_ERR_TRUNCATED",
                 "where": f"{image}:area 5", "os_code": 0, "peer_code": 0})


# ---- the command line ----

@case
def usage(folder):
    inputs(folder)
    for words, message in (
            (["-frm", "x"], 'unknown option "-frm", did you mean "-fir"'),
            (["--zzz"], 'unknown option "--zzz"'),
            (["-k"], "-k needs FILE"),
            (["-k", "a", "-k", "b"], "-k is given twice"),
            (["-k", "a", "b"], 'unexpected "b"'),
            (["--sfi=1"], "--sfi takes no value"),
            ([], "-fir FILE [ADDRESS] is missing")):
        fails(64, [f"sfi-create: {message}", CREATE_HELP], CREATE, *words)
    for changes, message in (
            ({"-chip": None}, "the chip is missing: -devid ID or --chip NAME"),
            ({"v": None}, "-v 0..255 is missing"),
            ({"k": None}, "-k FILE is missing"),
            ({"ob": None}, "-ob FILE [NAME=VALUE...] is missing"),
            ({"o": None}, "-o FILE is missing"),
            ({"v": ["one"]}, "-v one is not a number, expected 0 to 255"),
            ({"devid": ["0x462"]}, "-devid is given twice")):
        fails(64, [f"sfi-create: {message}", CREATE_HELP],
              *command(folder, **changes))
    fails(64, [about("sfi-create", '"--frmware"', '"--firmware"'), CREATE_HELP],
          CREATE, "--frmware", "x")
    fails(64, ["sfi-info: an argument is missing, expected: FILE "
               "[-k KEY -n NONCE] [--chip NAME] [-pd FILE]",
               "  hint: sfi-info --help"], INFO)
    fails(64, ["sfi-info: -n FILE is missing", "  hint: sfi-info --help"],
          INFO, "x", "-k", folder / "key.bin")


@case
def help_and_version(folder):
    for program, name in ((CREATE, "sfi-create"), (INFO, "sfi-info")):
        out = succeeds(program, "--help")
        assert out.startswith(f"Usage: {name} "), out
        same(out, succeeds(program, "-help"))
        same(succeeds(program, "--version"), f"{name} (libsfi) 1.0.0\n")
    for word in ("-fir, --firmware FILE [ADDRESS]", "-devid, --chip ID|NAME",
                 "--genkey FILE", "-ob, --obfile FILE", "--version"):
        assert word in succeeds(CREATE, "--help"), word


@case
def parts_in_help(folder):
    """--help lists every part of the library, also a future one."""
    _, _, parts = run(*command(folder, **{"-chip": ["0x999"]})).stderr.splitlines()[
        0].partition("expected one of: ")
    assert "stm32h753xi (0x450)" in parts.split(", "), parts
    for program in (CREATE, INFO, PROGRAMS / "sfi-program"):
        for part in parts.split(", "):
            assert f" {part}\n" in succeeds(program, "--help"), part


@case
def output_is_full(folder):
    inputs(folder)
    with open("/dev/full", "wb") as full:
        done = subprocess.run([str(w) for w in registered(folder, o=["-"])],
                              stdin=subprocess.DEVNULL, stdout=full,
                              stderr=subprocess.PIPE, text=True)
    same((done.returncode, done.stderr.splitlines()[-1]),
         (7, "sfi-create: standard output: cannot write: No space left on "
             "device"))
    with open("/dev/full", "w") as full:
        for program in (CREATE, INFO):
            done = subprocess.run([program, "--help"], stdout=full)
            same(done.returncode, 7)
    refused(folder, 7, ["sfi-create: /dev/full: cannot write: No space left on "
                        "device"], *command(folder, o=["/dev/full"]))


@case
def output_that_cannot_be_written(folder):
    inputs(folder)
    missing = folder / "missing" / "out.sfi"
    refused(folder, 7, [f"sfi-create: {missing}: cannot write: No such file or "
                        "directory"], *command(folder, o=[missing]))
    (folder / "dir").mkdir()
    refused(folder, 7, [f"sfi-create: {folder}/dir: cannot write: Is a "
                        "directory"], *command(folder, o=[folder / "dir"]))
    refused(folder, 64, [f"sfi-create: -o {folder}/key.bin is an input and "
                         "would be overwritten", CREATE_HELP],
            *command(folder, o=[folder / "key.bin"]))
    same((folder / "key.bin").read_bytes(), KEY)


@case
def an_old_image_survives_a_failure(folder):
    inputs(folder, nonce=NONCE + b"x")
    (folder / "out.sfi").write_bytes(b"SFIMAGIC old")
    refused(folder, 2,
            [about(f"sfi-create: {folder}/nonce.bin", "13 bytes", "12")],
            *command(folder))
    same((folder / "out.sfi").read_bytes(), b"SFIMAGIC old")


# ---- bad input ----

@case
def key_of_15_bytes(folder):
    inputs(folder, key=KEY[:15])
    refused(folder, 2,
            [about(f"sfi-create: {folder}/key.bin", "key", "15 bytes", "16")],
            *command(folder))


@case
def nonce_of_13_bytes(folder):
    inputs(folder, nonce=NONCE + b"\0")
    refused(folder, 2,
            [about(f"sfi-create: {folder}/nonce.bin", "nonce", "13 bytes",
                   "12")], *command(folder))


@case
def missing_files(folder):
    inputs(folder)
    gone = folder / "gone"
    for name in ("fir", "k", "n", "ob"):
        refused(folder, 7, [f"sfi-create: {gone}: cannot read: No such file or "
                            "directory"], *command(folder, **{name: [gone]}))
    refused(folder, 7, [f"sfi-create: {gone}: cannot read: No such file or "
                        "directory"], *command(folder, m=[gone]))
    fails(7, [f"sfi-info: {gone}: cannot read: No such file or directory"],
          INFO, gone)


@case
def version_256(folder):
    inputs(folder)
    for text in ("256", "0x100"):
        refused(folder, 2, [about("sfi-create", "version 256", "0 to 255")],
                *command(folder, v=[text]))


@case
def unknown_chip(folder):
    inputs(folder)
    known = f"{H7} (0x450), {L4} (0x462)"
    for change, text in (({"-chip": ["stm32h743xi"]}, "stm32h743xi"),
                         ({"-chip": None, "devid": ["0x451"]}, "0x451"),
                         ({"-chip": None, "devid": ["h753"]}, "h753")):
        refused(folder, 64, [f'sfi-create: unknown chip "{text}", expected one '
                             f"of: {known}", CREATE_HELP],
                *command(folder, **change))


@case
def names_of_chips(folder):
    """By name, order code, or device id, whose 0x may be missing."""
    inputs(folder)
    for chip, names in ((H7, ("STM32H753XI", "stm32h753zi", "STM32H753VIT6",
                              "0x450", "450")),
                        (L4, ("STM32L462CEU6F", "462", "0X462"))):
        succeeds(*command(folder, chip))
        image = (folder / "out.sfi").read_bytes()
        for name in names:
            (folder / "out.sfi").unlink()
            succeeds(*command(folder, chip, **{"-chip": [name]}))
            same((folder / "out.sfi").read_bytes(), image, name)
            succeeds(*command(folder, chip, **{"-chip": None}, devid=[name]))
            for word in ("--chip", "-devid"):
                out = succeeds(INFO, folder / "out.sfi", word, name)
                assert f"{chip} can install it" in out, out
    done = run(*command(folder, **{"-chip": None}, devid=["1104"]))
    same((done.returncode, done.stderr.splitlines()[0]),
         (0, "sfi-create: 1104 is read as a decimal number: 0x450, "
             "stm32h753xi"))


@case
def versions_in_any_base(folder):
    inputs(folder)
    for text, value in (("0x1f", 31), ("0X1F", 31), ("1f", 31), ("31", 31),
                        ("0b11111", 31), ("0o37", 31), ("007", 7), ("0", 0),
                        ("09", 9), ("00", 0), ("f", 15), ("0f", 15)):
        succeeds(*command(folder, v=[text]))
        same(open_image((folder / "out.sfi").read_bytes())[0][1], value, text)
    for text, message in (
            ("010", "-v 010 is ambiguous: 10 in decimal, 8 in octal; write it "
                    "without the zero, or as 0o10"),
            ("0b2", "-v 0b2 is not a number, expected 0 to 255"),
            ("0o", "-v 0o is not a number, expected 0 to 255"),
            ("", "-v  is not a number, expected 0 to 255"),
            ("1g", "-v 1g is not a number, expected 0 to 255"),
            ("1 ", "-v 1  is not a number, expected 0 to 255")):
        refused(folder, 64, [f"sfi-create: {message}", CREATE_HELP],
                *command(folder, v=[text]))


@case
def words_of_the_package_creator(folder):
    """Those of AN5054, 2.5.1, that are options only for their scripts."""
    inputs(folder)
    succeeds(*command(folder))
    image = (folder / "out.sfi").read_bytes()
    for words, line in (
            (["-rs", "0x1E000"], None), (["--ramsize", "100000"], None),
            (["-hash", "0"], None), (["--hash", "0"], None),
            (["-ct", "0x081FF000"], "Continuation token 0x081FF000 : not "
             "needed, the image is one piece"),
            (["--token", "0x081ff000"], "Continuation token 0x081ff000 : not "
             "needed, the image is one piece")):
        (folder / "out.sfi").unlink()
        out = succeeds(*command(folder), *words)
        assert line is None or line in out.splitlines(), out
        same((folder / "out.sfi").read_bytes(), image, words)
    done = run(*command(folder), "-rs", "5821")
    same(done.returncode, 0)
    assert "5822 bytes, more than -rs 5821" in done.stderr, done.stderr
    (folder / "out.sfi").unlink()
    for words, facts in (
            (["-rs", "0"], ("-rs 0", "RAM")),
            (["-rs", "1k"], ("-rs 1k", "size")),
            (["-ct", "0x20000000"], ("-ct", "0x20000000", "flash", H7)),
            (["-hash", "1"], ("-hash 1", "without")),
            (["--hash", "2"], ("--hash 2", "expected 0")),
            (["-firx", "a.bin", "0x90000000", "0", "0", "0x08100000"],
             ("-firx", "external flash")),
            (["--firmwx", "a.hex"], ("--firmwx", "external flash")),
            (["--ob-keys", "a.obk"], ("--ob-keys", "STM32H5")),
            (["-ssfi", "a"], ("-ssfi", "other parts")),
            (["-mcsv", "a"], ("-mcsv", "module", "-m")),
            (["-smi"], ("-smi", "modules", "-m")),
            (["-ssp"], ("-ssp", "other parts")),
            (["-hsm", "-i", "1"], ("-hsm", "sfi-hsm"))):
        refused(folder, 64, [about("sfi-create", *facts), CREATE_HELP],
                *command(folder), *words)


def record(kind, address, data=b""):
    body = bytes([len(data), address >> 8, address & 0xFF, kind]) + data
    return f":{(body + bytes([-sum(body) & 0xFF])).hex().upper()}\n"


@case
def leniencies_by_name(folder):
    inputs(folder)
    flash = record(4, 0, b"\x08\x00")
    app, end = record(0, 0, bytes(range(32))), record(1, 0)
    wraps = record(2, 0, b"\xf0\x00") + record(0, 0xFFF0, bytes(32))
    for text, word, facts in (
            (flash + app, "--no-end-record", ("end record",)),
            (flash + app + end + flash + record(0, 64, bytes(32)) + end,
             "--past-end", ("end record",))):
        path = folder / "app.hex"
        path.write_text(text)
        refused(folder, 2, [about("sfi-create", "app.hex", *facts)],
                *command(folder, fir=[path]))
        done = run(*command(folder, fir=[path]), word)
        same(done.returncode, 0, done.stderr)
        assert word != "--no-end-record" or "warning" in done.stderr
        (folder / "out.sfi").unlink()
    # what comes behind the readers says where the bytes went
    path.write_text(wraps + end)
    for word, places in (("--segment-wraps", ("0x000f0000", "0x000ffff0")),
                         ("--segment-runs-on", ("0x000ffff0", "0x0010000f"))):
        done = run(*command(folder, fir=[path]), word)
        same(done.returncode, 2)
        assert all(p in done.stdout for p in places), done.stdout
    refused(folder, 64, ["sfi-create: --segment-wraps and --segment-runs-on "
                         "contradict each other", CREATE_HELP],
            *command(folder), "--segment-wraps", "--segment-runs-on")
    succeeds(*command(folder))
    image = (folder / "out.sfi").read_bytes()
    done = run(*command(folder), "--virtual-address")
    assert done.returncode != 0 or \
        (folder / "out.sfi").read_bytes() != image, done.stderr
    assert "--past-end" in succeeds(PROGRAMS / "sfi-program", "--help")


@case
def option_byte_rows(folder):
    inputs(folder)
    rows = (DATA / f"ob-{H7}.csv").read_text().splitlines()
    csv = folder / "ob.csv"
    for changed, place, facts in (
            (rows[:-1], "8:22", ('"RESERVED"', "missing", "8", "9 rows", H7)),
            (rows[:2] + [rows[3], rows[2]] + rows[4:],
             "3:1", ('"FSCAR_PRG_A"', "order", '"FPRAR_PRG_B"')),
            (rows + ["EXTRA,0x0"], "10:1", ('"EXTRA"', "9 rows", H7)),
            (rows + rows[:1],
             "10:1", ('"FOPTSR_PRG"', "repeated", "line 1"))):
        csv.write_text("\n".join(changed) + "\n")
        refused(folder, 2,
                [about(f"sfi-create: {csv}:{place}", *facts), CHIP_HINT],
                *command(folder, ob=[csv]))
    csv = DATA / f"ob-{L4}.csv"
    refused(folder, 2, [about(f"sfi-create: {csv}:1:1", '"FLASH_OPTR"',
                              '"FOPTSR_PRG"', H7), CHIP_HINT],
            *command(folder, ob=[csv]))


@case
def no_option_bytes(folder):
    inputs(folder)
    refused(folder, 64, ["sfi-create: -ob FILE [NAME=VALUE...] is "
                         "missing", CREATE_HELP],
            *command(folder, ob=None))


@case
def binary_without_an_address(folder):
    inputs(folder)
    path = binary(folder, 64)
    refused(folder, 2, [about(f"sfi-create: {path}", "ELF", "HEX", "S-records",
                              "plain binary", "address")],
            *command(folder, fir=[path]))
    refused(folder, 64, [f'sfi-create: -fir: "0x08zz" is not an address, '
                         "expected one like 0x08000000", CREATE_HELP],
            *command(folder, fir=[path, "0x08zz"]))
    firmware = DATA / f"blink-{H7}.hex"
    refused(folder, 64, [f"sfi-create: {firmware}: this file has its own "
                         "addresses; leave out 0x08000000, which is for plain "
                         "binaries", CREATE_HELP],
            *command(folder, fir=[firmware, "0x08000000"]))


@case
def raw_takes_any_bytes(folder):
    """With an address a file of another kind is refused, unless it says raw."""
    inputs(folder)
    path = folder / "app.bin"
    for content, status, fact in (
            (b"DfuSe\1" + bytes(58), 64, "has its own addresses"),
            ((DATA / f"blink-{H7}.hex").read_bytes(), 64,
             "has its own addresses"),
            (b"\n" + (DATA / f"blink-{H7}.hex").read_bytes(), 2,
             "expected a plain binary"),
            (b"SFIMAGIC" + bytes(56), 2, ".sfi image"),
            (b"SMIMAGIC" + bytes(56), 2, ".smi module")):
        path.write_bytes(content)
        done = run(*command(folder, fir=[path, "0x08000000"]))
        same(done.returncode, status)
        assert f"sfi-create: {path}: " in done.stderr, done.stderr
        assert fact in done.stderr, done.stderr
        done = run(*command(folder, fir=[path, "0x08000000", "raw"]))
        same(done.returncode, 0, done.stderr)  # with warnings of its vectors
        (folder / "out.sfi").unlink()
    fails(64, ['sfi-create: -fir: "rw", expected raw', CREATE_HELP],
          *command(folder, fir=[path, "0x08000000", "rw"]))


def rule(folder, chip, places, *findings, status=2):
    """Binaries at these addresses break these rules of the chip; of each
    finding, its facts are given."""
    inputs(folder)
    words = command(folder, chip, fir=None)
    for number, (address, size) in enumerate(places):
        words += ["-fir", binary(folder, size, f"{number}.bin"), hex(address)]
    lines = [about("sfi-create", *facts) for facts in findings]
    lines.append(about("sfi-create", chip, "nothing was written"))
    done = run(*words)
    same((done.returncode, errors_of(done.stderr)[:len(lines)]),
         (status, lines), f"{places}")
    assert not (folder / "out.sfi").exists()


@case
def overlapping_segments(folder):
    rule(folder, H7, [(0x08000000, 64), (0x08000020, 64)],
         ("segment 1 of", "1.bin overlaps segment 1 of", "0.bin", "differ at",
          "0x08000020"))


@case
def address_outside_the_flash(folder):
    rule(folder, H7, [(0x20000000, 64)],
         ("segment 1", "0x20000000 (64 bytes)", "DTCM", "flash", H7,
          "0x08000000 to 0x081fffff"))


def hex_file(path, *pieces):
    """Intel HEX of (address, bytes)."""
    lines = []
    for address, data in pieces:
        rows = [(0, 4, (address >> 16).to_bytes(2, "big"))]
        rows += [((address + at) & 0xffff, 0, data[at:at + 16])
                 for at in range(0, len(data), 16)]
        for offset, kind, row in rows:
            row = bytes([len(row), offset >> 8, offset & 255, kind]) + row
            lines.append(f":{row.hex()}{-sum(row) & 255:02x}")
    path.write_text("\n".join([*lines, ":00000001FF", ""]), "ascii")
    return path


VECTORS = struct.pack("<II", 0x24010000, 0x08000009)
FLASH_AND_RAM = [(0x08000000, VECTORS + bytes(range(8, 64))), (0x20000000, bytes(16)),
                 (0x90000000, bytes(4))]


@case
def only_what_is_in_the_flash(folder):
    inputs(folder)
    words = ["-fir", hex_file(folder / "app.hex", *FLASH_AND_RAM)]
    refused(folder, 2, [about("sfi-create", "0x20000000", "in DTCM"),
                        about("sfi-create", "0x90000000", "QUADSPI"),
                        about("sfi-create", "nothing was written")],
            *command(folder, fir=None), *words)
    out = succeeds(*command(folder, fir=None), *words, "--only-flash")
    assert [line for line in out.splitlines() if "app.hex" in line] == [
        f"Left out of {folder}/app.hex : 0x20000000 to 0x2000000f, 16 bytes, "
        "DTCM",
        f"Left out of {folder}/app.hex : 0x90000000 to 0x90000003, 4 bytes, "
        "external memory (QUADSPI)",
        f"Firmware {folder}/app.hex : ihex, 1 segment"], out
    assert "area 1 : F, 0x08000000, 64 bytes\n" in out, out
    assert "area 2 : C" in out, out


@case
def sections_that_are_skipped(folder):
    inputs(folder)
    done = run(*command(folder), "--skip-section", ".config",
               "--skip-section", ".konfig")
    same(done.returncode, 0, done.stderr)
    assert "0x080a0000" not in done.stdout, done.stdout
    assert "no section .konfig, which was to be left out\n" in done.stderr


@case
def ranges_of_addresses(folder):
    inputs(folder)
    words = [*command(folder, fir=None), "-fir",
             hex_file(folder / "app.hex", *FLASH_AND_RAM)]
    out = succeeds(*words, "--only", "0x08000000-0x0800ffff", "--exclude",
                   "0x08000010-0x0800001f", "--exclude", "0x08000030-0x8000039")
    assert "0x08000010 to 0x0800001f, 16 bytes, excluded\n" in out, out
    assert "0x08000030 to 0x08000039, 10 bytes, excluded\n" in out, out
    assert "0x20000000 to 0x2000000f, 16 bytes, not in a range" in out, out
    assert "3 segments\n" in out, out
    # a range where nothing is
    out = run(*words, "--only-flash", "--exclude", "0x08020000-0x0803ffff")
    same((out.returncode, errors_of(out.stderr)),
         (0, ["sfi-create: --exclude 0x08020000-0x0803ffff: no firmware has a "
              "byte there"]))
    (folder / "out.sfi").unlink()
    refused(folder, 2, [about("sfi-create", "app.hex", "no byte is left")],
            *words, "--only", "0x08020000-0x0803ffff")
    for wrong in ["0x08000000", "0x10-0xf", "a-b", "0x0-0x100000000", "-", ""]:
        refused(folder, 64, [f"sfi-create: --only {wrong}, expected the first and "
                             "the last address, as in 0x08020000-0x0803ffff",
                             CREATE_HELP],
                *words, "--only", wrong)


@case
def l462_below_its_firmware(folder):
    rule(folder, L4, [(0x08000000, 64)],
         ("segment 1", "0x08000000", "below 0x08001000", L4))


@case
def l462_in_the_last_42_kb(folder):
    rule(folder, L4, [(0x08075800, 64)],
         ("segment 1", "0x08075800", "0x0807583f", "beyond 0x080757ff", L4))


@case
def l462_no_multiple_of_4(folder):
    rule(folder, L4, [(0x08001000, 1021)],
         ("1021 bytes", L4, "multiple of 4"))


@case
def l462_a_multiple_of_256_above_64_kb(folder):
    rule(folder, L4, [(0x08001000, 65536 + 256)],
         ("65792 bytes", "above 65536", L4, "multiple of 256"))


@case
def l462_padding(folder):
    inputs(folder)
    app = binary(folder, 257 * 256)
    words = command(folder, L4, fir=[app, "0x08001000"])
    done = run(*words, "--pad", "auto")
    same(done.returncode, 0, done.stderr)
    assert "Fill : 4 fill bytes (0xff) are added at 0x08011100 for the size " \
        f"rules of {L4}\n" in done.stdout, done.stdout
    assert "[padded]\n" in run(*words, "--pad", "auto", "--check").stderr
    assert "area 1 : F, 0x08001000, 65796 bytes\n" in done.stdout, done.stdout
    (folder / "out.sfi").unlink()
    refused(folder, 64, ["sfi-create: --pad 4, expected auto", CREATE_HELP],
            *words, "--pad", "4")


@case
def gaps_that_are_closed(folder):
    inputs(folder)
    words = [*command(folder, fir=None), "-fir",
             hex_file(folder / "app.hex", (0x08000000, b"12345678"),
                      (0x08000030, b"12345678"))]
    assert "area 2 : F" in run(*words, "--merge-gap", "39").stdout
    done = run(*words, "--merge-gap", "40", "--fill", "0xa5")
    same(done.returncode, 0, done.stderr)
    assert "Fill : 1 gap of 40 bytes in all is filled with 0xa5\n" in \
        done.stdout, done.stdout
    assert "area 1 : F, 0x08000000, 56 bytes\n" in done.stdout, done.stdout
    (folder / "out.sfi").unlink()
    refused(folder, 64, ["sfi-create: --fill 256 is not a byte, expected 0 to "
                         "0xff", CREATE_HELP], *words, "--fill", "256")
    refused(folder, 64, ["sfi-create: --merge-gap x is not a number of bytes",
                         CREATE_HELP], *words, "--merge-gap", "x")


@case
def h753_last_word_of_a_bank(folder):
    rule(folder, H7, [(0x080FFF80, 128)],
         ("segment 1", "0x080fff80", "last word", "bank 1 (0x080fffe0)", H7))


@case
def all_findings_are_told(folder):
    rule(folder, L4, [(0x08000000, 3), (0x08080000, 2)],
         ("segment 1", "0x08000000", "below 0x08001000", L4),
         ("segment 2", "0x08080000 (2 bytes)", "flash", L4),
         ("5 bytes", L4, "multiple of 4"))


@case
def firmware_of_the_other_chip(folder):
    inputs(folder)
    refused(folder, 2, [
        about("sfi-create", "segment 1", "0x08000000", "below 0x08001000", L4),
        about("sfi-create", "segment 3", "0x080a0000 (100 bytes)", "flash", L4),
        about("sfi-create", "segment 4", "0x08120000 (312 bytes)", "flash", L4),
        f"sfi-create: {L4} cannot install this image, nothing was written",
        CHIP_HINT],
        *command(folder, L4, fir=[DATA / f"blink-{H7}.elf"]))


# ---- a check that makes nothing ----

def csv(folder, chip, *changes):
    """The option bytes of tests/data with other rows."""
    text = (DATA / f"ob-{chip}.csv").read_text()
    for name, value in changes:
        text = re.sub(rf"^{name},.*$", f"{name},{value}", text,
                      flags=re.MULTILINE)
    path = folder / "ob.csv"
    path.write_text(text)
    return path


def check(folder, chip, *words, ob=None):
    """Status, what it says, and the findings; no file is made."""
    before = sorted(folder.iterdir())
    done = run(CREATE, "--check", "--json", "-fir", DATA / f"blink-{chip}.elf",
               "-ob", ob or DATA / f"ob-{chip}.csv", "--chip", chip, *words)
    same(sorted(folder.iterdir()), before, "files")
    told = json.loads(done.stdout)
    same(told["chip"], chip)
    for finding in told["findings"]:
        for name in ("severity", "rule", "name", "message", "remedy"):
            assert finding[name], finding
    return (done.returncode, told,
            [(f["severity"], f["rule"]) for f in told["findings"]])


@case
def check_of_good_inputs(folder):
    same(check(folder, L4)[::2], (0, []))
    same(check(folder, H7)[::2],
         (0, [("warning", "rdp-level-0"), ("note", "secure-none"),
              ("note", "secure-none"), ("note", "stack-at-end"),
              ("note", "boot-pin-nowhere")]))
    inputs(folder)
    words = command(folder)
    done = run(*words, "--check")  # a whole command line may have it
    same((done.returncode, done.stdout.splitlines()[-1]),
         (0, f"Check : {H7} can install it: no errors, 1 warning, 4 notes"))
    same([rule_of(line)[1] for line in done.stderr.splitlines()[::2]],
         ["rdp-level-0", "secure-none", "secure-none", "stack-at-end",
          "boot-pin-nowhere"])
    assert not (folder / "out.sfi").exists()


@case
def check_of_level_2(folder):
    ob = csv(folder, H7, ("FOPTSR_PRG", "0x1026CCD0"))
    status, told, rules = check(folder, H7, ob=ob)
    same((status, rules[0]), (0, ("warning", "rdp-level-2")))
    finding = told["findings"][0]
    same((finding["row"], finding["field"]), ("FOPTSR_PRG", "RDP"))
    inputs(folder)  # and the image is made all the same
    done = run(*command(folder, ob=[ob]))
    same((done.returncode, [rule_of(line) for line
                            in done.stderr.splitlines()[::2]]),
         (0, [("warning", "rdp-level-2")]))
    assert (folder / "out.sfi").exists()


@case
def check_of_all_zeros(folder):
    rows = [r.split(",")[0] for r in (DATA / f"ob-{H7}.csv").read_text().split()]
    ob = csv(folder, H7, *((row, "0x00000000") for row in rows))
    status, told, rules = check(folder, H7, ob=ob)
    same((status, told["error"]["name"]), (2, "SFI_ERR_CHIP_RULE"))
    for rule in (("error", "ob-zeros"), ("error", "boot-nowhere"),
                 ("warning", "wrp-all"), ("warning", "pcrop-bank"),
                 ("warning", "secure-bank"), ("warning", "security-off")):
        assert rule in rules, rules


@case
def check_of_the_pin_of_an_l462(folder):
    ob = csv(folder, L4, ("FLASH_OPTR", "0xFFEFF8BB"))
    status, told, rules = check(folder, L4, ob=ob)
    same((status, rules), (0, [("warning", "nswboot0")]))
    same(told["findings"][0]["source"], "AN4992, 3.2.3")


@case
def an_error_among_many_notes(folder):
    """Findings are shown up to a number; an error is always one of them."""
    inputs(folder)
    for last, status in (1, 0), (2, 2):
        blank = [(0x08000000 + 0x200 * i, bytes(0x100)) for i in range(300)]
        hex_file(folder / "app.hex", *blank, (0x08040000, bytes([last])))
        done = run(*registered(folder, fir=[folder / "app.hex"]))
        same(done.returncode, status, done.stderr)
        assert "more findings" not in done.stderr, done.stderr
    assert "another image was made with this key" in done.stderr, done.stderr
    assert "--new-keys PREFIX" in done.stderr, done.stderr


@case
def check_names_the_file(folder):
    low = binary(folder, 64)
    status, told, rules = check(folder, L4, "-fir", low, "0x08000000")
    same((status, rules[0]), (2, ("error", "below-start")))
    finding = told["findings"][0]
    same((finding["file"], finding["segment"], finding["address"]),
         (str(low), 1, 0x08000000))
    status, told, rules = check(folder, L4, "-fir", folder / "none.elf")
    same((status, told["error"]["name"]), (7, "SFI_ERR_OS"))


# ---- images that sfi-info refuses ----

@case
def image_of_the_other_chip(folder):
    inputs(folder)
    succeeds(*command(folder))
    image = folder / "out.sfi"
    done = run(INFO, image, "--chip", L4)
    same(done.returncode, 2)
    lines = done.stderr.splitlines()
    same(lines[0], about(f"sfi-info: {image}: error", "area 1", "0x08000000",
                         "below 0x08001000", L4))
    same(lines[-2:], [f"sfi-info: {image}: {L4} cannot install it", CHIP_HINT])
    assert any("made for another chip" in line for line in lines), lines


@case
def truncated_image(folder):
    inputs(folder)
    succeeds(*command(folder))
    image = folder / "out.sfi"
    data = image.read_bytes()
    for length, where, *facts in (
            (0, "header", "0 of 28 bytes"),
            (27, "header", "27 of 28 bytes"),
            (28, "area 1", "0 of 30 bytes", "descriptor"),
            (60, "area 1", "2 of 1060 bytes", "content"),
            (len(data) - 1, "area 5", "35 of 36 bytes", "content")):
        image.write_bytes(data[:length])
        fails(2, [about(f"sfi-info: {image}:{where}", "ends after", *facts)],
              INFO, image)
    image.write_bytes(data + b"\0")
    fails(2, [about(f"sfi-info: {image}:area 5", "1 bytes", "last area")],
          INFO, image)


@case
def a_flipped_bit(folder):
    inputs(folder)
    succeeds(*command(folder))
    image = folder / "out.sfi"
    data = image.read_bytes()
    for at, status, where, *facts in (
            (0, 2, "header", '"RFIMAGIC"', "SFIMAGIC"),
            (8, 2, "header", "protocol version 0", "1"),
            (12, 3, "header", "tag"),
            (36, 3, "area 1", "tag"),
            (42, 3, "area 1", "tag"),
            (58, 3, "area 1", "tag"),
            (len(data) - 1, 3, "area 5", "tag")):
        flipped = bytearray(data)
        flipped[at] ^= 1
        image.write_bytes(flipped)
        lines = [about(f"sfi-info: {image}:{where}", *facts)]
        out = fails(status, lines + ([AUTH_HINT] if status == 3 else []), INFO,
                    image, "-k", folder / "key.bin", "-n",
                    folder / "nonce.bin")
        same(out, "")


@case
def areas_out_of_order(folder):
    inputs(folder)
    succeeds(*command(folder))
    image = folder / "out.sfi"
    data = image.read_bytes()
    second = 28 + 30 + 1060
    third = second + 30 + 4136
    first = data[28:second]
    for altered, where, *facts in (
            (data[:28] + data[second:third] + first + data[third:],
             "area 1", "area 2", "early", "area 1"),
            (data[:second] + first + data[third:],
             "area 2", "area 1", "repeated", "area 2")):
        image.write_bytes(altered)
        fails(2, [about(f"sfi-info: {image}:{where}", *facts)], INFO, image)


@case
def wrong_key(folder):
    inputs(folder)
    succeeds(*command(folder))
    (folder / "key.bin").write_bytes(bytes(16))
    image = folder / "out.sfi"
    fails(3, [about(f"sfi-info: {image}:header", "tag"), AUTH_HINT],
          INFO, image, "-k", folder / "key.bin", "-n", folder / "nonce.bin")


@case
def no_plaintext_in_the_image(folder):
    inputs(folder)
    for chip in (H7, L4):
        succeeds(*command(folder, chip))
        data = (folder / "out.sfi").read_bytes()
        assert b"LIBSFI-PLAINTEXT-MARKER" not in data
        for _, _, _, content in expected_areas(chip, 23):
            for at in range(0, len(content) - 8, 8):
                assert content[at:at + 8] not in data or \
                    content[at:at + 8] == bytes(8), hex(at)


if __name__ == "__main__":
    main()
