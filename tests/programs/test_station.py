# SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later
# Copyright The libsfi authors
"""sfi-program with open chips of either model (model.py): the order of its actions,
many chips at once, and the record of what was done."""

import contextlib
import json
import re
import sys

from check import (DATA, PROGRAMS, about, case, fields, main, port_name, run,
                   same, succeeds)
from model import PROGRAM, case_of_sim, connected
from schema import lines_of

BASE, SECTOR = 0x08000000, 128 << 10
ELF = DATA / "blink-stm32h753xi.elf"


@contextlib.contextmanager
def chips(folder, count=1):
    """New chips, each on a pty: their ports and their flash."""
    with contextlib.ExitStack() as power:
        links = [power.enter_context(connected(folder, number=i))
                 for i in range(count)]
        yield [(link.port, link.flash) for link in links]


def on(port, *words):
    """A pty has no parity, which causes a warning."""
    done = run(PROGRAM, "-c", f"port={port}", *words)
    same(done.returncode, 0, f"{words}: {done.stdout}{done.stderr}")
    return done.stdout


def gang(ports, status, *words):
    done = run(PROGRAM, "--gang", ",".join(str(p) for p in ports), *words)
    same(done.returncode, status, f"{words}: {done.stdout}{done.stderr}")
    return done


@case
def order_of_the_command_line(folder):
    """ST community 865533 has `-ob RDP=0xAA --download FILE`."""
    with chips(folder) as [(port, flash)]:
        (folder / "fw.bin").write_bytes(bytes(range(1, 65)))
        fw = [folder / "fw.bin", hex(BASE)]
        out = on(port, "-r", hex(BASE), 64, folder / "before", "-w", *fw, "-r",
                 hex(BASE), 64, folder / "after", "-e", 0)
        same((folder / "before").read_bytes(), b"\xff" * 64)
        same((folder / "after").read_bytes(), bytes(range(1, 65)))
        same(flash.read_bytes()[:64], b"\xff" * 64)
        same(out.count("Chip ID"), 1)
        on(port, "-ob", "nWRP0=0")
        on(port, "-ob", "nWRP0=1", "-w", *fw, "-v", "-ob", "nWRP0=0")
        told = json.loads(on(port, "-ob", "nWRP0=1", "-w", *fw, "-w", *fw[:1],
                             hex(BASE + SECTOR), "-ob", "displ", "--json"))
        same((told["bytes_written"], told["sectors_erased"],
              fields(told)["nWRP0"]), (128, 2, 1))


@case
def many_chips(folder):
    record = folder / "record"
    with chips(folder, 3) as found:
        ports = [port for port, _ in found]
        done = gang([*ports, folder / "none"], 4, "--record", record, "-w", ELF,
                    "-v", "-ob", "nWRP2=0", "-g")
        assert "4 chips: 3 done, 1 failed" in done.stdout, done.stdout
        assert about(f"sfi-program: serial:{folder}/none", "port") in \
            done.stderr.splitlines(), done.stderr
        for _, flash in found:
            part = (DATA / "blink-stm32h753xi-0x08000000.bin").read_bytes()
            same(flash.read_bytes()[:len(part)], part)
        by_port = {line["port"]: line for line in lines_of(record)}
        same(len(by_port), 4)
        for port in ports:
            line = by_port[port_name(port)]
            same((line["result"], line["files"], line["verified"],
                  line["option_bytes_written"], line["running"], line["chip"]),
                 ("done", [str(ELF)], True, True, BASE, "stm32h753xi"))
        same(by_port[str(folder / "none")]["result"], "failed")
        assert "error" in by_port[str(folder / "none")]


@case
def many_chips_shown(folder):
    with chips(folder, 2) as found:
        ports = [port for port, _ in found]
        done = gang(ports, 0, "-e", "all", "-ob", "displ")
        for port in ports:
            assert f"\n{port_name(port)}:\n  RDP " in done.stdout, done.stdout
        told = json.loads(gang(ports, 0, "-e", 0, "-ob", "displ",
                               "--json").stdout)
        same((told["succeeded"], told["failed"]), (2, 0))
        for chip in told["chips"]:
            same((chip["sectors_erased"], fields(chip)["RDP"]),
                 (1, 0xaa))
        # nobody can be asked
        done = gang(ports, 7, "-ob", "RDP=0xCC")
        same(done.stderr.splitlines()[-2:],
             [about("sfi-program", port_name(port), "irreversible",
                    "--yes with --gang") for port in ports], done.stderr)


@case
def look_at_versions(folder):
    """AN2606: each version has limits, which are told with its name."""
    for version, id_, fact in (("V13.3", 0xd3, "mass erase"),
                               ("V9.0", 0x90, "bank 2"), ("V9.2", 0x92, "")):
        with connected(folder, number=id_, version=version) as link:
            text = link.on()
            told = json.loads(link.on("--json"))
        for line in (f"Bootloader .* : {version}", f"ID .* : 0x{id_:02x}",
                     f"limits .*{fact}" if fact else ""):
            assert re.search(line, text), text
        same((told["bootloader"], told["bootloader_id"],
              fact in told.get("bootloader_limits", "")),
             (version, id_, True))


@case_of_sim
def look_at_many(folder):
    """An open chip, a secure one without and with an image, and none."""
    succeeds(PROGRAMS / "sfi-create", "--genkey", folder / "key.bin",
             "--gennonce", folder / "nonce.bin")
    succeeds(PROGRAMS / "sfi-create", "-sfi", "-fir", ELF, "-k",
             folder / "key.bin", "-n", folder / "nonce.bin", "-ob",
             DATA / "ob-stm32h753xi.csv", "-v", 1, "-devid", "0x450", "-o",
             folder / "fw.sfi")
    (folder / "pin").write_text("4711-secret\n")
    hsm = f"vault:{folder}/line.vault"
    with chips(folder, 3) as found:
        ports = [port for port, _ in found]
        succeeds(PROGRAMS / "sfi-hsm", "-i", hsm, "-k", folder / "key.bin",
                 "-n", folder / "nonce.bin", "-id", "x", "-mc", 5, "-pd",
                 next((folder / "ca").glob("45002001_SFI_*.pd")), "--pin-file",
                 folder / "pin", "--yes")
        on(ports[1], "-gc", folder / "one.cert", "--yes")
        on(ports[2], "-sfi", folder / "fw.sfi", "hsm=1", f"slot={hsm}",
           "--pin-file", folder / "pin", "--yes", "--record",
           folder / "record", "--board", "B-17")
        line, = lines_of(folder / "record")
        same((line["result"], line["image"], line["protocol"],
              line["hsm_remaining"]),
             ("installed", str(folder / "fw.sfi"), "static", 4))
        same((line["license"], line["phase"], line["board_serial"],
              line["hsm_firmware_id"], line["chip"]),
             ("counted", "done", "B-17", "x", "stm32h753xi"))
        done = gang([*ports, folder / "none"], 4, "--json")
        told = {chip["port"]: chip for chip in json.loads(done.stdout)["chips"]}
        opened, secure, installed = (told[port_name(port)] for port in ports)
        same([chip["state"] for chip in (opened, secure, installed)],
             ["open, empty", "secure, empty", "secure, installed"])
        info = json.loads(succeeds(PROGRAMS / "sfi-info", folder / "fw.sfi",
                                   "--json"))
        assert installed["header_tag"] in json.dumps(info), info
        same((installed["device_id"], installed["header_tag"]),
             (line["device_id"], line["header_tag"]))
        same(told[str(folder / "none")]["error"]["name"], "SFI_ERR_NO_DEVICE")
        out = on(ports[2])
        for text in ("State            : secure, installed",
                     f"SFI header tag   : {installed['header_tag']}",
                     f"Device id        : {line['device_id']}"):
            assert f"  {text}" in out.splitlines(), out


@case
def record_of_one_chip(folder):
    record = folder / "record"
    with chips(folder) as [(port, _)]:
        on(port, "--record", record, "-w", ELF, "-v")
        told = json.loads(on(port, "--record", record, "-e", 3, "--json"))
        same((told["recorded"], told["sectors_erased"]), (True, 1))
        done = run(PROGRAM, "-c", f"port={port}", "--record", record, "-e", 16)
        same(done.returncode, 2)
        first, second, third = lines_of(record)
        same((first["result"], first["files"], first["verified"],
              first["port"]), ("done", [str(ELF)], True, port_name(port)))
        same((second["result"], second["sectors_erased"], "files" in second),
             ("done", 1, False))
        same((third["result"], third["error"]["name"]),
             ("failed", "SFI_ERR_RANGE"))
        # what was shown before it failed does not hide why
        done = run(PROGRAM, "-c", f"port={port}", "--record", record, "-ob",
                   "displ", "-e", 16, "--json")
        told, fourth = json.loads(done.stdout), lines_of(record)[3]
        same(fields(told), fields(fourth))
        same(told["error"], third["error"])
        same(fourth["error"], third["error"])
        # a record that cannot be written is told before the chip changes
        done = run(PROGRAM, "-c", f"port={port}", "--record", ELF, "-e", "all")
        same(done.returncode, 2)
        assert "not a record" in done.stderr, done.stderr


if __name__ == "__main__":
    sys.dont_write_bytecode = True
    main()
