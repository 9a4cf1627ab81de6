# SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later
# Copyright The libsfi authors
"""sfi-program as a process: its command line, the HSM's questions, ports that
are missing or silent, and Ctrl-C.  Whole installs are in tests/e2e."""

import json
import os
import pty
import signal
import subprocess
import sys
import time

from check import (DATA, PORT_HINT, PROGRAMS, about, case, fails,
                   main, port_name, run, same, succeeds)

PROGRAM = PROGRAMS / "sfi-program"
HINT = "  hint: sfi-program --help"
PERSO = "45002001_SFI_01000000_00000000.pd"

MISTAKES = [
    ([], "nothing to do"),
    (["-c", "br=9600", "-e", "all"],
     "port=PORT is missing, such as port=/dev/ttyUSB0"),
    (["-c", "port=x", "br=fast", "-e", "all"], "br=fast is not a speed"),
    (["-c", "port=" + "x" * 1000, "-e", "all"], "the port is too long"),
    (["-e", "all"], "-c port=PORT is missing"),
    (["-c", "port=x", "-e", "none"],
     '-e: "none", expected -e all, or sectors: -e 0 2-5, or -e [2 5]'),
    (["-c", "port=x", "-e", "0", "-sfi", "f.sfi", "l.bin"],
     "-sfi erases the flash itself; only -e all can be combined with it"),
    (["-c", "port=x", "-w", "f.hex", "-sfi", "f.sfi", "l.bin"],
     "-sfi cannot be combined with these options: a secure chip gives no "
     "access to memory"),
    (["-c", "port=x", "-v"], "-v needs -w FILE"),
    (["-c", "port=x", "-r", "0x08000000", "0", "f"],
     '-r: "0" is not a size from 1 byte to 64 MiB'),
    (["-c", "port=x", "-r", "0x08000000", "64"],
     "-r needs ADDRESS SIZE FILE"),
    (["-c", "port=x", "-ob", "RDP"],
     '-ob: "RDP", expected displ, or NAME=VALUE'),
    (["-w", "f.hex"], "-c port=PORT is missing"),
    (["-c", "port=swd", "mode=POWERDOWN", "-e", "all"],
     "mode=POWERDOWN, expected HOTPLUG, NORMAL or UR"),
    (["-c", "port=jtag", "freq=fast", "-e", "all"],
     "freq=fast is not a speed in kHz"),
    (["-c", "port=swd", "mode=UR", "probe=openocd:localhost:1", "-e", "all"],
     "mode=, freq=, sn=, index= and ap= cannot be combined with "
     "probe=openocd:localhost:1; set them in its own options or in openocd's "
     "configuration"),
    (["-c", "port=usb1", "mode=UR", "-e", "all"],
     "mode= needs port=swd or port=jtag"),
    (["-c", "port=x", "-sfi", "f.sfi"],
     "-sfi needs a licence: hsm=1 slot=HSM, or hsm=0 LICENSE"),
    (["-c", "port=x", "-sfi", "f.sfi", "hsm=2", "l.bin"],
     "hsm=2, expected 0 or 1"),
    (["-c", "port=x", "-sfi", "f.sfi", "hsm=1", "slot=vault:v", "l.bin"],
     "l.bin: a licence is given, but hsm=1 requests one from the HSM"),
    (["-c", "port=x", "-sfi", "protocol=live", "f.sfi", "l.bin"],
     "protocol=live needs hsm=1 slot=HSM: a live licence is made for one "
     "session"),
    (["-c", "port=x", "-sfi", "protocol=live", "f.sfi", "hsm=1", "slot=1",
      "store=x"],
     "store=FOLDER needs protocol=static: a live licence is valid once"),
    (["-c", "port=x", "-sfi", "protocol=new", "f.sfi", "l.bin"],
     "protocol=new, expected static or live"),
    (["--gang", "x,y", "-c", "port=z", "-sfi", "f.sfi", "folder"],
     "--gang names the ports, so it cannot be combined with -c"),
    (["--gang", "x,y", "-sfi", "f.sfi", "folder", "-gc", "cert"],
     "-gc fills one file from one chip: use it with -c"),
    (["--gang", "x,y", "-sfi", "f.sfi", "l.bin"],
     "l.bin: one licence installs one chip, expected a folder of licences with "
     "--gang"),
    (["--gang", "x,,y", "-sfi", "f.sfi", "hsm=1", "slot=1"],
     "--gang has a port without a name"),
    (["--gang", "x,y,x", "-sfi", "f.sfi", "hsm=1", "slot=1"],
     "--gang names x twice"),
    (["--gang", ",".join(str(i) for i in range(257)), "-sfi", "f.sfi", "hsm=1",
      "slot=1"], "--gang has 257 ports, expected at most 256"),
    (["-hsmgetinfo", "slot=1", "--record", "r"],
     "--record needs -c or --gang"),
    (["--gang", "x", "-sfi", "f.sfi", "hsm=1", "slot=1", "--capture", "f"],
     "--capture needs -c"),
]

# The same sentences again, about other words.
SIMILAR_MISTAKES = [
    (["-c", "port=x", "-e", "5-2"], '-e: "5-2", expected'),
    (["-c", "port=x", "-e", "0", "all"], '-e: "all", expected'),
    (["-c", "port=x", "-e", "1", "[5", "2]", "7"], '-e: "[5", expected'),
    (["-c", "port=x", "-e", "[2 5"], '-e: "[2 5", expected'),
    (["-c", "port=x", "-e", "[2 5] 7"], '-e: "[2 5] 7", expected'),
    (["-c", "port=x", "-e", "[2 3 5]"], '-e: "[2 3 5]", expected'),
    (["-c", "port=x", "-e", "[" + "2" * 70, "5]"],
     '-e: "[' + "2" * 70 + '", expected'),
    (["-c", "port=x", "-e", "[", "]"], '-e: "[", expected'),
    (["-c", "port=x", "-w", "f.bin", "here"], '-w: "here"', "address"),
    (["-c", "port=x", "-ob", "RDP=on"], '-ob: "RDP=on"', "NAME=VALUE"),
    (["-c", "port=x", "-sfi", "f.sfi", "hsm=0"],
     "-sfi", "licence", "hsm=0 LICENSE"),
    (["--gang", "x,y", "--read", "0", "16", "f"], "--read", "-c"),
    (["--gang", "x,", "-sfi", "f.sfi", "hsm=1", "slot=1"],
     "--gang", "without a name"),
    (["--gang", "x", "br=fast", "-sfi", "f.sfi", "hsm=1", "slot=1"],
     "br=fast", "speed"),
    (["-c", "port=x", "-t", "0"], "-t 0", "from 1 to 3600000 ms"),
    (["-c", "port=x", "-vb", "4"], "-vb 4", "1, 2 or 3"),
    (["-c", "port=x", "-g", "main"], "-g main", "address"),
    (["-c", "port=x", "--r8", "0", "0x100001"],
     '--r8: "0x100001"', "from 1 byte to 1 MiB"),
    (["-c", "port=x", "-w", "f", "0", "rw"], '-w: "rw"', "expected raw"),
    (["-c", "port=x", "-checksum", "0", "0"], '-checksum: "0"', "size"),
    (["-c", "port=x", "-hsmgl", "f", "protocol=live"],
     "protocol=live", "expected static"),
]


@case
def mistakes(folder):
    for arguments, message in MISTAKES:
        same(fails(64, [f"sfi-program: {message}", HINT], PROGRAM, *arguments),
             "", str(arguments))
    for arguments, *facts in SIMILAR_MISTAKES:
        same(fails(64, [about("sfi-program", *facts), HINT], PROGRAM,
                   *arguments), "", str(arguments))


@case
def help_in_short(folder):
    same(succeeds(PROGRAM, "-h"), succeeds(PROGRAM, "--help"))


@case
def unknown_chip(folder):
    done = run(PROGRAM, "-c", "port=x", "chip=stm32f0", "-e", "all")
    same(done.returncode, 64)
    assert "stm32f0" in done.stderr and "stm32h753xi" in done.stderr


@case
def help_and_version(folder):
    out = succeeds(PROGRAM, "--help")
    for word in ("-c, --connect", "--sfi", "-gc, --getcertificate",
                 "--hsmgetinfo", "-hsmglfcb, --hsmgetlicensefromcertifbin",
                 "--pin-file", "--json"):
        assert word in out, word
    assert "1.0.0" in succeeds(PROGRAM, "-version")


def make_hsm(folder):
    succeeds(PROGRAMS / "sfi-sim", "manufacture", "--ca", folder / "ca",
             "--chip", "stm32h753xi", "--state", folder / "chip")
    succeeds(PROGRAMS / "sfi-sim", "dump", "--state", folder / "chip",
             "--area", "certificate", "--out", folder / "cert")
    (folder / "key").write_bytes(bytes(range(16)))
    (folder / "nonce").write_bytes(bytes(range(12)))
    (folder / "pin").write_text("123456\n")
    succeeds(PROGRAMS / "sfi-hsm", "-i", f"vault:{folder}/hsm", "-k",
             folder / "key", "-n", folder / "nonce", "-id", "blink 1.0", "-mc",
             "3", "-pd", folder / "ca" / PERSO, "--yes", "--pin-file",
             folder / "pin")
    return f"slot=vault:{folder}/hsm"


@case
def hsm(folder):
    slot = make_hsm(folder)
    same(succeeds(PROGRAM, "-hsmgetcounter", slot), "HSM COUNTER: 3\n")
    same(succeeds(PROGRAM, "-hsmgetfwid", slot),
         "HSM FW IDENTIFIER: blink 1.0\n")
    same(succeeds(PROGRAM, "--hsmgetstatus", slot),
         "HSM STATE: OPERATIONAL STATE\n")
    out = succeeds(PROGRAM, "-hsmgetinfo", slot)
    assert "HSM FW IDENTIFIER: blink 1.0\n" in out, out
    for spelling in ("-hsmglfcb", "-hsmgetlicensefromcertifbin"):
        succeeds(PROGRAM, spelling, folder / "cert", folder / "lic", slot,
                 "--pin-file", folder / "pin")
        same((folder / "lic").stat().st_size, 136)
    same(succeeds(PROGRAM, "-hsmgetcounter", slot), "HSM COUNTER: 2\n")
    told = json.loads(succeeds(PROGRAM, "-hsmgetinfo", slot, "--json"))
    same(told["hsm"]["remaining"], 2)


@case
def hsm_refuses(folder):
    slot = make_hsm(folder)
    (folder / "wrong").write_text("654321\n")
    done = run(PROGRAM, "-hsmglfcb", folder / "cert", folder / "lic", slot,
               "--pin-file", folder / "wrong")
    same(done.returncode, 6, done.stderr)
    assert not (folder / "lic").exists()
    done = run(PROGRAM, "-hsmglfcb", folder / "key", folder / "lic", slot,
               "--pin-file", folder / "pin")
    same(done.returncode, 2, done.stderr)
    assert str(folder / "key") in done.stderr, done.stderr
    # no terminal to ask at
    done = run(PROGRAM, "-hsmglfcb", folder / "cert", folder / "lic", slot)
    same(done.returncode, 6, done.stderr)
    assert "--pin-file" in done.stderr, done.stderr
    same(succeeds(PROGRAM, "-hsmgetcounter", slot), "HSM COUNTER: 3\n")


@case
def vault_stays(folder):
    """Outputs never overwrite a vault."""
    master, slave = pty.openpty()
    slot = make_hsm(folder)
    vault = folder / "hsm"
    message = about(f"sfi-program: {vault}", "overwrite", "vault")
    chip = ["-c", f"port={os.ttyname(slave)}"]
    pin = ["--pin-file", folder / "pin"]
    (folder / "image").write_bytes(bytes(28))
    (folder / "licences").mkdir()
    before = vault.read_bytes()
    for words in (["-hsmglfcb", folder / "cert", vault, slot, *pin],
                  [*chip, "-e", "all", "--capture", vault],
                  ["--gang", os.ttyname(slave), "-sfi", folder / "image",
                   "hsm=0", folder / "licences", "--record", vault]):
        done = run(PROGRAM, *words)
        same(done.returncode, 4, done.stderr)
        assert message in done.stderr.splitlines(), done.stderr
    same(vault.read_bytes()[:16], before[:16])
    # the name is refused before the device is counted
    same(succeeds(PROGRAM, "-hsmgetcounter", slot), "HSM COUNTER: 3\n")
    succeeds(PROGRAM, "-hsmglfcb", folder / "cert", folder / "lic", slot, *pin)
    same(succeeds(PROGRAM, "-hsmgetcounter", slot), "HSM COUNTER: 2\n")
    os.close(master)
    os.close(slave)


@case
def json_tells_of_the_pin(folder):
    """A PIN that cannot be read is an error in JSON, too."""
    slot = make_hsm(folder)
    (folder / "empty").write_text("\n")
    (folder / "long").write_text("1" * 200)
    none = folder / "none"
    for file, status, name, message in (
            (none, 7, "SFI_ERR_OS", f"{none}: cannot read: No such file or "
             "directory"),
            (folder / "empty", 6, "SFI_ERR_HSM_PIN",
             f"{folder}/empty: the first line is empty, expected a PIN"),
            (folder / "long", 2, "SFI_ERR_RANGE",
             "the PIN is longer than 128 bytes")):
        done = run(PROGRAM, "-hsmglfcb", folder / "cert", folder / "lic", slot,
                   "--pin-file", file, "--json")
        same(done.returncode, status, done.stderr)
        error = json.loads(done.stdout)["error"]
        same((error["name"], error["where"], error["message"]),
             (name, "", message))
        same(error["status"] // -100, status)
    # one failure, one error
    done = run(PROGRAM, "-hsmglfcb", folder / "cert", folder / "lic", slot,
               "--pin-file", folder / "empty")
    same(done.stdout, "")


@case
def no_such_port(folder):
    lines = [about(f"sfi-program: serial:{folder}/tty", "port", "No such file"),
             PORT_HINT]
    fails(4, lines, PROGRAM, "-c", f"port={folder}/tty", "-gc", folder / "cert")
    # with options of the port
    fails(4, lines, PROGRAM, "-c", f"port={folder}/tty?reset=rts", "-gc",
          folder / "cert")
    done = run(PROGRAM, "-c", f"port={folder}/tty", "-e", "all", "--json")
    same(done.returncode, 4)
    same(json.loads(done.stdout)["error"]["name"], "SFI_ERR_NO_DEVICE")


@case
def names_of_ports(folder):
    """ST's names and URIs of links, all of absent ports."""
    for words, link in (
            (["port=usb1"], "usb:1"),
            (["port=USB2"], "usb:2"),
            (["port=spidev9.9"], "spi:/dev/spidev9.9"),
            (["port=SPI9.9"], "spi:/dev/spidev9.9"),
            (["port=spi"], "spi:/dev/spidev0.0"),
            (["port=spinner"], "serial:spinner"),
            (["port=/dev/spidev9.9"], "spi:/dev/spidev9.9"),
            (["port=swd", "mode=HOTPLUG"], "cmsis-dap:"),
            (["port=swd", "mode=ur", "freq=480", "sn=none"],
             "cmsis-dap:serial=none: "),
            (["port=JTAG", "freq=0"], "cmsis-dap:: "),
            (["port=jtag"], "cmsis-dap:"),
            (["port=JTAG", "probe=openocd:localhost:1"], "openocd:localhost:1"),
            ([f"port=serial:{folder}/tty"], f"serial:{folder}/tty")):
        done = run(PROGRAM, "-c", *words, "-e", "all")
        assert done.returncode != 0, words
        assert done.stderr.startswith(f"sfi-program: {link}"), done.stderr


@case
def port_that_cannot_be(folder):
    for words, message in (
            (["port=x", "br=115201"], "serial:x: baud is 115201, expected 1200"),
            (["port=x?colour=red"], 'serial:x: unknown key "colour"')):
        done = run(PROGRAM, "-c", *words, "-gc", folder / "cert")
        same(done.returncode, 64, done.stderr)
        assert done.stderr.startswith(f"sfi-program: {message}"), done.stderr


@case
def misspelt_vault(folder):
    """A mistyped vault is refused before the PIN is asked for and before the
    chip is touched."""
    master, slave = pty.openpty()
    slot = f"slot=vault:{folder}/none"
    message = (f"sfi-program: vault:{folder}/none: there is no such vault: "
               "correct its name, or provision it first")
    for ask in ("-hsmgetinfo", "-hsmgetcounter", "-hsmgetfwid",
                "-hsmgetstatus"):
        done = run(PROGRAM, ask, slot)
        same((done.returncode, done.stderr.splitlines()), (7, [message]))
        assert "HSM" not in done.stdout, done.stdout
        done = run(PROGRAM, ask, slot, "--json")
        told = json.loads(done.stdout)
        same((told["error"]["name"], "hsm" in told), ("SFI_ERR_OS", False))
    done = run(PROGRAM, "-c", f"port={os.ttyname(slave)}", "-sfi",
               folder / "out.sfi", "hsm=1", slot)
    same(done.returncode, 7, done.stderr)
    same(done.stderr.splitlines()[-1:], [message])
    done = run(PROGRAM, "-hsmglfcb", DATA / "none", folder / "lic", slot,
               "--json")
    same(json.loads(done.stdout)["error"]["name"], "SFI_ERR_OS")
    done = run(PROGRAM, "-c", f"port={os.ttyname(slave)}", "-sfi",
               folder / "out.sfi", "hsm=1", slot, "--json")
    error = json.loads(done.stdout)["error"]
    same(error["name"], "SFI_ERR_OS")
    same(error["message"], message.removeprefix("sfi-program: "))
    os.set_blocking(master, False)
    try:
        same(os.read(master, 1), b"")
    except BlockingIOError:
        pass  # nothing was sent
    os.close(master)
    os.close(slave)


@case
def pin_that_cannot_be_read(folder):
    """It fails as all else does: told once, and with a record."""
    master, slave = pty.openpty()
    slot = make_hsm(folder)
    (folder / "image").write_bytes(bytes(28))
    done = run(PROGRAM, "-c", f"port={os.ttyname(slave)}", "-sfi",
               folder / "image", "hsm=1", slot, "--pin-file", folder / "no",
               "--record", folder / "record")
    same(done.returncode, 7, done.stderr)
    same([line for line in done.stderr.splitlines() if "warning" not in line],
         [f"sfi-program: {folder}/no: cannot read: No such file or directory"])
    record, = (folder / "record").read_text().splitlines()
    told = json.loads(record)
    same((told["result"], told["error"]["name"]), ("failed", "SFI_ERR_OS"))
    os.close(master)
    os.close(slave)


@case
def gang_that_cannot_begin(folder):
    """Image, HSM and record are checked before any chip is touched."""
    master, slave = pty.openpty()
    slot = make_hsm(folder)
    (folder / "image").write_bytes(bytes(28))
    gang = [PROGRAM, "--gang", os.ttyname(slave), "-sfi"]
    pin = ["--pin-file", folder / "pin"]
    for words, status, message in (
            ([folder / "none", "hsm=1", slot, *pin], 7,
             f"{folder}/none: cannot read: No such file"),
            ([folder / "image", "hsm=1", f"slot=vault:{folder}/none", *pin], 7,
             f"vault:{folder}/none: there is no such vault"),
            ([folder / "image", "hsm=1", slot, *pin, "--record",
              folder / "no" / "record"], 7,
             f"{folder}/no/record: cannot write: No such file"),
            ([folder / "image", "hsm=1", slot, *pin, "--record", folder], 7,
             f"{folder}: cannot write: Is a directory"),
            ([folder / "image", "hsm=1", slot, *pin, "--record", "/dev/null"],
             7, "/dev/null: not a regular file, so it cannot hold records"),
            ([folder / "image", "hsm=0", folder / "ca", "--record",
              folder / "record"], 2,
             f"{port_name(os.ttyname(slave))}: {folder}/image:header: the magic is ")):
        done = run(*gang, *words)
        same(done.returncode, status, done.stderr)
        assert f"sfi-program: {message}" in done.stderr, done.stderr
    # the image is invalid, which fails each chip
    record, = (folder / "record").read_text().splitlines()
    same(json.loads(record)["result"], "failed")
    os.set_blocking(master, False)
    try:
        same(os.read(master, 1), b"")
    except BlockingIOError:
        pass  # nothing was sent
    os.close(master)
    os.close(slave)


@case
def no_such_image(folder):
    master, slave = pty.openpty()
    (folder / "lic").write_bytes(b"no licence")
    done = run(PROGRAM, "-c", f"port={os.ttyname(slave)}", "-sfi",
               folder / "none.sfi", "hsm=0", folder / "lic")
    same(done.returncode, 7, done.stderr)
    assert f"{folder}/none.sfi: cannot read" in done.stderr, done.stderr
    os.close(master)
    os.close(slave)


@case
def silent_port(folder):
    master, slave = pty.openpty()
    began = time.monotonic()
    done = run(PROGRAM, "-c", f"port={os.ttyname(slave)}", "-gc",
               folder / "cert")
    same(done.returncode, 4, done.stderr)
    assert about(f"sfi-program: serial:{port_name(os.ttyname(slave))}",
                 "0x7f", "5000 ms") in done.stderr.splitlines(), done.stderr
    assert 4 < time.monotonic() - began < 30
    assert not (folder / "cert").exists()
    os.close(master)
    os.close(slave)


@case
def interrupted(folder):
    master, slave = pty.openpty()
    slot = make_hsm(folder)
    succeeds(PROGRAMS / "sfi-create", "-fir",
             DATA / "blink-stm32h753xi.elf", "-k", folder / "key", "-n",
             folder / "nonce", "-ob", DATA / "ob-stm32h753xi.csv", "-v", "1",
             "--chip", "stm32h753xi", "-o", folder / "out.sfi")
    process = subprocess.Popen(
        [PROGRAM, "-c", f"port={os.ttyname(slave)}", "-sfi",
         folder / "out.sfi", "hsm=1", slot, "--pin-file", folder / "pin"],
        stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
        stderr=subprocess.PIPE, text=True)
    os.read(master, 1)  # it tries to reach the chip
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=20)
    same(process.returncode, 7, err)
    assert err.splitlines()[-1].startswith("sfi-program: cancelled"), err
    assert "SFI Process Finished!" not in out
    same(succeeds(PROGRAM, "-hsmgetcounter", slot), "HSM COUNTER: 3\n")
    os.close(master)
    os.close(slave)


if __name__ == "__main__":
    sys.dont_write_bytecode = True
    main()
