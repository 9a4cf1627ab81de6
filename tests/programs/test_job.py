#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later
# Copyright The libsfi authors
"""The files of jobs, serial numbers in the flash, lines for handlers, reports and
labels.  Kills and whole installs are in tests/e2e/test_job.py.

    test_job.py FOLDER_OF_PROGRAMS
"""

import csv
import json
import os
import subprocess

from check import DATA, case, main, port_name, run, same
from model import PROGRAM, connected
from schema import judge

HINT = "  hint: sfi-program --help"
ELF = DATA / "blink-stm32h753xi.elf"
FREE = 0x08100000  # nothing of the firmware is there
JOB = "[job]\nports = p\n[program]\nfile = f.elf\n"
INSTALL = "[job]\nports = p\n[install]\nimage = f.sfi\n"

# (text, the line or None, the sentence)
MISTAKES = [
    ("", None, "[job] ports is missing"),
    ("[job]\nports = p\n", None,
     "[install] image or [program] file is missing"),
    (JOB + "[install]\nimage = f.sfi\nhsm = 1\n", None,
     "[install] image and [program] file exclude each other"),
    (INSTALL, None, "[install] needs either hsm or licenses"),
    (INSTALL + "hsm = 1\nlicenses = x\n", None,
     "[install] needs either hsm or licenses"),
    ("ports = p\n", 1,
     "unknown section [], expected [job], [install], [program], [stop], "
     "[report] or [label]"),
    ("[jobs]\nports = p\n", 2,
     "unknown section [jobs], expected [job], [install], [program], [stop], "
     "[report] or [label]"),
    ("[job]\nport = p\n", 2,
     '[job] has no "port", did you mean "ports"'),
    ("[job]\nwindow = p\n", 2, '[job] has no "window"'),
    ("[job]\nports\n", 2, "expected [SECTION] or KEY = VALUE"),
    ("[job\n", 1, "expected [SECTION] or KEY = VALUE"),
    (JOB + "verify = maybe\n", 5, '"maybe", expected yes or no'),
    (JOB + "verify =\n", 5, "verify has no value"),
    (JOB + "verify = yes\nverify = yes\n", 6, "verify is there twice"),
    (JOB + "[job]\ncount = 0\n", 6,
     '"0", expected a number from 1 to 4294967295'),
    (JOB + "[job]\ncount = 2\n", None,
     "[job] count is larger than the number of ports: it needs next = enter or "
     "socket:PATH"),
    (JOB + "[job]\nnext = maybe\n", 6,
     '"maybe", expected none, enter or socket:PATH'),
    (JOB + "[job]\nserial = x\n", 6,
     '"x", expected none, scan or counter:FIRST'),
    (JOB + "[job]\nserial = scan\n", None,
     "[job] serial = scan needs next = enter or socket:PATH"),
    (JOB + "serial-at = 0x08100000=u32le\n", None,
     "[program] serial-at needs [job] serial"),
    (INSTALL + "hsm = 1\n[program]\nserial-at = 0x08100000=u32le\n", None,
     "[program] serial-at is for open parts: a secure image is authenticated "
     "as a whole; the device id, which also names the licence in a store, "
     "identifies the board"),
    (JOB + "[stop]\nshift-end = 24:00\n", 6,
     '"24:00", expected HH:MM, or +SECONDS'),
    (JOB + "[stop]\nshift-end = 22:00:00\n", 6,
     '"22:00:00", expected HH:MM, or +SECONDS'),
    (JOB + "[label]\ntemplate = t\n", None,
     "[label] needs template and output"),
    (JOB + "#" * 199 + "\n", 5,
     "a line of 199 bytes, expected at most 198: ports and file may be there "
     "again and again"),
]


def refused(status, line, *words, **how):
    done = run(PROGRAM, *words, **how)
    same(done.returncode, status, f"{words}: {done.stdout}{done.stderr}")
    assert line in done.stderr.splitlines(), f"{line}\n{done.stderr}"
    return done


@case
def mistakes_in_a_job(folder):
    path = folder / "x.job"
    for text, line, sentence in MISTAKES:
        path.write_text(text)
        where = path if line is None else f"{path}:{line}"
        refused(64, f"sfi-program: {where}: {sentence}", "--job", path)
        assert not (folder / "x.job.journal").exists()
    for content in (b"\0", b"[job]\n\0", b"x" * 70000):
        path.write_bytes(content)
        refused(64, f"sfi-program: {path}: this is no job: expected a text of "
                "at most 65536 bytes", "--job", path)
    refused(64, f"sfi-program: {folder}/no: cannot read: No such file or "
            "directory", "--job", folder / "no")


@case
def options_beside_a_job(folder):
    path = folder / "x.job"
    path.write_text(JOB)
    for words in (["-e", "all"], ["-c", "port=x"], ["--record", "x"]):
        same(run(PROGRAM, "--job", path, *words).returncode, 64, words)
    same(run(PROGRAM, "--plan", "-l").returncode, 64)
    refused(64, "sfi-program: --ate and --json both have stdout", "--ate",
            "--json", "-c", "port=x", "-e", "all")


@case
def a_plan(folder):
    """What a job orders; nothing is opened, and no journal begun."""
    path = folder / "x.job"
    path.write_text("[job]\nports = p, q\nnext = enter\nserial = scan\n"
                    "count = 5\n[install]\nimage = no.sfi\nhsm = vault:no\n"
                    "make-secure = yes\n")
    done = run(PROGRAM, "--job", path, "--plan", "--json")
    same(done.returncode, 0, done.stderr)
    told = judge(json.loads(done.stdout), "object")
    same({k: told[k] for k in ("ports", "next", "board_serials", "image",
                               "slot", "boards_wanted", "make_secure",
                               "pin_file", "journal")},
         {"ports": ["p", "q"], "next": "enter", "board_serials": "scan",
          "image": "no.sfi", "slot": "vault:no", "boards_wanted": 5,
          "make_secure": True, "pin_file": False, "journal": "x.job.journal"})
    same("labels" in told, False)
    path.write_text(path.read_text() + "[label]\ntemplate = t\noutput = l\n")
    done = run(PROGRAM, "--job", path, "--plan", "--json")
    same(judge(json.loads(done.stdout), "object")["labels"], "l")
    same([p.name for p in folder.iterdir()], ["x.job"])


@case
def a_mistake_for_handlers(folder):
    """One line, whatever goes wrong."""
    done = run(PROGRAM, "--ate", "-c", "port=x", "-e", "none")
    same(done.returncode, 64)
    assert done.stdout.startswith('#ERR 101 -e: "none", expected'), done.stdout
    same(done.stdout.count("\n"), 1)
    done = run(PROGRAM, "--ate", "-c", f"port={folder}/n\\o \u00e9", "-e",
               "all")
    same(done.returncode, 4, done.stderr)
    assert done.stdout.startswith("#ERR 403 "), done.stdout
    assert "\\x5co \\xc3\\xa9" in done.stdout, done.stdout


@case
def lines_of_one_chip_and_a_gang(folder):
    with connected(folder) as link:
        done = run(PROGRAM, "--ate", "--serial", "S 1", "-c",
                   f"port={link.port}", "-w", ELF)
        same(done.returncode, 0, done.stderr)
        name = port_name(link.port)
        assert done.stdout.startswith(
            f"#OK port={name} serial=S\\x201 result=done ms="), done.stdout
        assert "File download complete" in done.stderr
        done = run(PROGRAM, "--ate", "--gang", f"{link.port},{folder}/none",
                   "-e", "0")
        ok, err = done.stdout.splitlines()
        assert ok.startswith(f"#OK port={name} result=done"), ok
        assert err.startswith(f"#ERR 403 port={folder}/none result=failed"), err


# ---- serial numbers ----

FIELDS = [
    ("ascii:8", "A-7", b"A-7\0\0\0\0\0"), ("digits:6", "42", b"000042"),
    ("bcd:4", "1234567", b"\x01\x23\x45\x67"),
    ("hex:6", "0080E1abcdef", b"\x00\x80\xe1\xab\xcd\xef"),
    ("hex:4", "ff01", b"\0\0\xff\x01"), ("u16le", "258", b"\x02\x01"),
    ("u16be", "0x102", b"\x01\x02"), ("u32le", "1", b"\x01\0\0\0"),
    ("u32be", "1", b"\0\0\0\x01"),
    ("u64le", "18446744073709551615", b"\xff" * 8),
    ("u64be", "1", b"\0" * 7 + b"\x01"),
]

WRONG = [
    ("ascii:4", "12345", "the serial number is longer than the field"),
    ("digits:4", "12a", "the serial number has other characters than digits"),
    ("bcd:1", "123", "the serial number is longer than the field"),
    ("hex:4", "123", "the serial number is not an even number of hexadecimal "
     "digits"),
    ("u16le", "65536", "the serial number is larger than the field"),
    ("u32le", "A", "the serial number is not a number, as the format wants it"),
    ("ascii:8", "a\tb", "the serial number has a blank, a control character, "
     "or a letter outside ASCII"),
]


@case
def formats(folder):
    with connected(folder) as link:
        for form, serial, field in FIELDS:
            done = run(PROGRAM, "-c", f"port={link.port}", "-w", ELF, "-v",
                       "--serial-at", f"{FREE:#x}={form}", "--serial", serial)
            same(done.returncode, 0, f"{form}: {done.stderr}")
            at = FREE - 0x08000000
            same(link.flash.read_bytes()[at:at + len(field) + 1],
                 field + b"\xff", form)
            assert f"Serial number {serial} written at 0x08100000" in \
                done.stdout, done.stdout


@case
def mistakes_of_serial_numbers(folder):
    base = ["-c", "port=x", "-w", ELF]
    for form, serial, sentence in WRONG:
        at = f"{FREE:#x}={form}"
        refused(64, f"sfi-program: --serial-at {at}: "
                f"{serial}: {sentence}".replace("\t", "\\x09"),
                *base, "--serial-at", at, "--serial", serial)
    for at, sentence in (
            ("0x08100000", "expected ADDRESS=FORMAT, as 0x0801ffe0=ascii:16"),
            ("x=u32le", "the address is not a number of 32 bits"),
            ("0xfffffffe=u32le",
             "the field goes past the end of the address space"),
            ("0=u32", "the format is ascii:N, digits:N, bcd:N, hex:N, u16le, "
             "u16be, u32le, u32be, u64le or u64be"),
            ("0=ascii:0", "the field has 1 to 64 bytes, as ascii:16"),
            ("0=ascii:65", "the field has 1 to 64 bytes, as ascii:16")):
        refused(64, f"sfi-program: --serial-at {at}: {sentence}", *base,
                "--serial-at", at, "--serial", "1")
    refused(64, "sfi-program: --serial-at needs --serial SERIAL or "
            "counter=FILE", *base, "--serial-at", "0=u32le")
    refused(64, "sfi-program: --serial 1 is the number of one board: with "
            "--gang use counter=FILE", "--gang", "x,y", "-w", ELF,
            "--serial", "1")
    done = run(PROGRAM, "-c", "port=x", "-sfi", "f.sfi", "hsm=0", "l.lic",
               "--serial-at", "0=u32le", "--serial", "1")
    same(done.returncode, 64)
    assert "a secure image is authenticated as a whole" in done.stderr and \
        "device id" in done.stderr, done.stderr


@case
def checked_before_the_chip(folder):
    """An overlap is found without a chip; an address outside the flash before
    anything is written."""
    done = run(PROGRAM, "-c", f"port={folder}/none", "-w", ELF, "--serial-at",
               "0x08000000=u32le", "--serial", "1")
    same(done.returncode, 2, done.stderr)
    assert "0x08000000 to 0x08000003 is to be written" in done.stderr
    with connected(folder) as link:
        before = link.flash.read_bytes()
        done = run(PROGRAM, "-c", f"port={link.port}", "-w", ELF,
                   "--serial-at", "0x08200000=u32le", "--serial", "1")
        same(done.returncode, 2, done.stderr)
        same(link.flash.read_bytes(), before)


@case
def a_reserved_field(folder):
    """Erased bytes in the middle of a firmware."""
    path = folder / "app.bin"
    content = bytearray(bytes(range(1, 129)))
    content[32:64] = b"\xff" * 32
    path.write_bytes(content)
    with connected(folder) as link:
        done = run(PROGRAM, "-c", f"port={link.port}", "-w", path,
                   "0x08000000", "-v", "--serial-at", "0x08000028=ascii:8",
                   "--serial", "SN-1", "--json")
        same(done.returncode, 0, done.stderr)
        same(judge(json.loads(done.stdout), "object")["board_serial"], "SN-1")
        content[40:48] = b"SN-1\0\0\0\0"
        same(link.flash.read_bytes()[:128], bytes(content))


@case
def a_counter(folder):
    """Each number once, also for processes at the same time; a file that is
    something else is not touched."""
    counter = folder / "n"
    with connected(folder) as link:
        for n in (1, 2):
            done = run(PROGRAM, "--ate", "-c", f"port={link.port}", "-w", ELF,
                       "--serial-at", f"{FREE:#x}=u32le", "--serial",
                       f"counter={counter}")
            same(done.returncode, 0, done.stderr)
            assert f" serial={n} " in done.stdout, done.stdout
            same(link.flash.read_bytes()[0x100000:0x100004],
                 n.to_bytes(4, "little"))
        counter.write_text("hello\n")
        done = run(PROGRAM, "-c", f"port={link.port}", "-w", ELF,
                   "--serial-at", f"{FREE:#x}=u32le", "--serial",
                   f"counter={counter}")
        same(done.returncode, 2, done.stderr)
        same(counter.read_text(), "hello\n")


# ---- reports and labels, of jobs on an open chip ----

def make_job(folder, port, serial="scan", template=None, output="labels.zpl"):
    path = folder / "x.job"
    path.write_text(
        f"[job]\nports = {port}\nnext = enter\nserial = {serial}\n"
        f"[program]\nfile = {ELF}\n[report]\ncsv = x.csv\n"
        + (f"[label]\ntemplate = t.zpl\noutput = {output}\n"
           if template is not None else ""))
    if template is not None:
        (folder / "t.zpl").write_text(template)
    return path


def feed(path, text, *words):
    return subprocess.run([PROGRAM, "--job", path, *words], input=text,
                          capture_output=True, text=True, timeout=60)


@case
def a_report_of_hostile_text(folder):
    """RFC 4180, and no formula."""
    with connected(folder) as link:
        path = make_job(folder, link.port)
        names = ["=1+1", "+1", "@SUM(1)", 'a"b', "a,b", "-"]
        done = feed(path, "".join(f"{n}\n" for n in names), "--json")
        same(done.returncode, 0, done.stderr)
        told = judge(json.loads(done.stdout), "object")
        same(told["boards_done"], 5)
        raw = (folder / "x.csv").read_bytes()
        same(raw.count(b"\r\n"), 6)
        same(raw.count(b"\n"), 6)
        with (folder / "x.csv").open(newline="") as f:
            rows = list(csv.DictReader(f))
        same([r["serial"] for r in rows],
             ["'=1+1", "'+1", "'@SUM(1)", 'a"b', "a,b"])
        same({r["firmware"] for r in rows}, {str(ELF)})
        same({(r["receipt"], r["no_receipt"]) for r in rows}, {("", "")})
        # an older report had fewer columns
        (folder / "x.csv").write_bytes(
            raw.replace(b",receipt,no_receipt\r\n", b"\r\n"))
        same(feed(path, "").returncode, 0)
        same((folder / "x.csv").read_bytes(), raw)
        # a file of another kind is not replaced
        (folder / "x.csv").write_text("mine\n")
        done = feed(path, "")
        same(done.returncode, 4, done.stderr)
        assert "this is no report of a job" in done.stderr
        same((folder / "x.csv").read_text(), "mine\n")


TEMPLATES = [
    ("^XA^FD${serial^FS", "1: ${: the name has no end }"),
    ("^XA\n^FD${owner}^FS", "2: owner: unknown, expected ${serial}"),
    ("^XA^CC*", "1: CC: a label may not change the prefix of commands"),
    ("^XA~ct*", "1: CT: a label may not change the prefix of commands"),
]


@case
def templates(folder):
    with connected(folder) as link:
        for text, sentence in TEMPLATES:
            path = make_job(folder, link.port, template=text)
            done = feed(path, "")
            same(done.returncode, 2, done.stderr)
            assert "t.zpl:" + sentence in done.stderr, done.stderr
        # a value that its field cannot have
        path = make_job(folder, link.port, template="^XA^FD${serial}^FS^XZ\n")
        done = feed(path, "A~JA\n")
        same(done.returncode, 2, done.stderr)
        assert "put ^FH before the ^FD of this field" in done.stderr
        same((folder / "labels.zpl").read_text(), "")
        # with ^FH, and a mark of its own
        (folder / "t.zpl").write_text(
            "^FH^FD${serial}^FS^FH|^FD${serial}|${chip}^FS${board}\n")
        done = feed(path, "A^B_|\n")
        same(done.returncode, 0, done.stderr)
        same((folder / "labels.zpl").read_text(),
             "^FH^FDA_7EJA^FS^FH|^FDA|7EJA|stm32h753xi^FS1\n"
             "^FH^FDA_5EB_5F_7C^FS^FH|^FDA|5EB|5F|7C|stm32h753xi^FS2\n")


@case
def a_label_that_may_be_printed(folder):
    """On a printer it is not printed twice: somebody looks."""
    with connected(folder) as link:
        path = make_job(folder, link.port, template="${board}\n")
        same(feed(path, "A\n").returncode, 0)
        journal = folder / "x.job.journal"
        lines = journal.read_text().splitlines(keepends=True)
        journal.write_text("".join(lines[:-1]))
        done = feed(path, "")
        same(done.returncode, 0, done.stderr)
        assert "board 1: its label was being printed" in done.stderr
        same((folder / "labels.zpl").read_text(), "1\n")
        # one that was not begun is
        journal.write_text("".join(lines[:-2]))
        same(feed(path, "").returncode, 0)
        same((folder / "labels.zpl").read_text(), "1\n1\n")
        # to a descriptor
        make_job(folder, link.port, template="${board}\n", output="fd:9")
        done = feed(path, "")
        same(done.returncode, 2, done.stderr)
        assert "fd:9: this is no open descriptor" in done.stderr


@case
def other_outputs(folder):
    """Names that are taken, and descriptors."""
    with connected(folder) as link:
        path = make_job(folder, link.port, template="${serial}\n",
                        output="fd:7")
        out = os.open(folder / "out", os.O_WRONLY | os.O_CREAT)
        os.dup2(out, 7, inheritable=True)
        done = subprocess.run([PROGRAM, "--job", path], input="X-1\n",
                              capture_output=True, text=True, timeout=60,
                              pass_fds=[7])
        os.close(7)
        os.close(out)
        same(done.returncode, 0, done.stderr)
        same((folder / "out").read_text(), "X-1\n")
        # a socket's name that is a file's
        text = path.read_text().replace("next = enter", "next = socket:taken")
        (folder / "taken").write_text("mine")
        (folder / "y.job").write_text(
            text.split("[label]")[0].replace("x.csv", "y.csv"))
        done = run(PROGRAM, "--job", folder / "y.job")
        same(done.returncode, 4, done.stderr)
        assert "taken: this is no socket: choose another name" in done.stderr
        same((folder / "taken").read_text(), "mine")


if __name__ == "__main__":
    main()
