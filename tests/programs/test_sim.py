# SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later
# Copyright The libsfi authors
"""sfi-sim as a process: manufacture, run on a pty, dump."""

import os
import select
import signal
import subprocess
import time
import tty

from check import (PROGRAMS, about, case, fails, main, obeys_umask, run,
                   same, succeeds)

SIM = PROGRAMS / "sfi-sim"
SIZES = {"flash": 2 << 20, "option-bytes": 36, "certificate": 136,
         "device-key": 32}


def make(folder, chip="stm32h753xi", name="chip"):
    out = succeeds(SIM, "manufacture", "--ca", folder / "ca", "--chip", chip,
                   "--state", folder / name)
    same(out, f"{folder / name}: a new {chip}, certified by {folder / 'ca'}\n")
    return folder / name


class Running:
    """A running chip; stopped and waited for at the end."""

    def __init__(self, folder, state="chip", words=()):
        self.link = folder / "tty"
        self.process = subprocess.Popen(
            [SIM, "run", "--state", folder / state, "--usart", self.link,
             *words],
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)

    def __enter__(self):
        self.ready = self.process.stdout.readline()
        return self

    def __exit__(self, *_):
        self.end(signal.SIGTERM)
        self.process.stdout.close()
        self.process.stderr.close()

    def end(self, sig):
        if self.process.poll() is None:
            self.process.send_signal(sig)
        return self.process.wait(10)

    def talk(self, say, count):
        fd = os.open(self.link, os.O_RDWR | os.O_NOCTTY)
        try:
            tty.setraw(fd)
            os.write(fd, say)
            got, stop = b"", time.monotonic() + 5
            while len(got) < count and time.monotonic() < stop:
                if select.select([fd], [], [], 0.1)[0]:
                    got += os.read(fd, 256)
            return got
        finally:
            os.close(fd)


def dump(folder, area, state="chip"):
    out = folder / f"{area}.bin"
    same(succeeds(SIM, "dump", "--state", folder / state, "--area", area,
                  "--out", out, "--force"), "")
    return out.read_bytes()


@case
def manufacture(folder):
    state = make(folder)
    same(sorted(os.listdir(folder / "ca")), [
        "45002001_SFI_01000000_00000000.pd",
        "46201002_SFI_01000000_00000000.pd", "ca.key.pem", "ca.pub.pem"])
    same((state / "chip").read_text(), "stm32h753xi\n")
    make(folder, "stm32l462ce", "other")
    fails(4, [about(f"sfi-sim manufacture: {state}", "chip", "new folder")],
          SIM, "manufacture", "--ca", folder / "ca", "--chip", "stm32h753xi",
          "--state", state)


@case
def bootloader(folder):
    state = folder / "old"
    words = [SIM, "manufacture", "--ca", folder / "ca", "--chip",
             "stm32h753xi", "--state", state, "--bootloader"]
    fails(1, [about("sfi-sim manufacture", "V8", "V9.0, V9.1, V9.2")],
          *words, "V8")
    succeeds(*words, "V9.0")
    same((state / "bootloader").read_text(), "V9.0\n")
    with Running(folder, "old") as chip:
        same(chip.talk(b"\x7f\x00\xff", 15)[:3], b"\x79\x79\x0d")
        assert " bootloader=V9.0 " in succeeds(SIM, "ctl", state, "state")


@case
def real_time(folder):
    """1.1 s for a sector; --fast is the default."""
    make(folder)
    erase = b"\x44\xbb"
    for words, least in ([], 0), (["--fast"], 0), (["--real-time"], 1.0):
        with Running(folder, words=words) as chip:
            same(chip.talk(b"\x7f" + erase, 2), b"\x79\x79")
            begin = time.monotonic()
            same(chip.talk(b"\x00\x00\x00\x02\x02", 1), b"\x79")
            assert time.monotonic() - begin >= least, words


@case
def areas(folder):
    make(folder)
    for area, size in SIZES.items():
        data = dump(folder, area)
        same(len(data), size, area)
        obeys_umask(folder / f"{area}.bin")
    same(dump(folder, "certificate")[:8], b"45002001")
    same(dump(folder, "option-bytes")[:4], bytes.fromhex("f0aac61b"))
    same(set(dump(folder, "flash")), {0xFF})


@case
def run_and_end(folder):
    make(folder)
    for sig in (signal.SIGTERM, signal.SIGINT):
        with Running(folder) as chip:
            same(chip.ready, f"stm32h753xi is ready at {folder / 'tty'}\n")
            assert chip.link.is_symlink()
            same(chip.talk(b"\x7f\x02\xfd", 6), b"\x79\x79\x01\x04\x50\x79")
            same(chip.end(sig), 0)
            same(chip.process.stderr.read(), "")
        assert not os.path.lexists(folder / "tty")


@case
def dump_while_it_runs(folder):
    make(folder)
    with Running(folder) as chip:
        same(chip.talk(b"\x7f\x31\xce", 2), b"\x79\x79")
        same(chip.talk(b"\x08\x00\x00\x00\x08", 1), b"\x79")
        same(chip.talk(b"\x07abcdefgh" + bytes([0x07 ^ 0x08]), 1), b"\x79")
        same(dump(folder, "flash")[:9], b"abcdefgh\xff")
        # the link stays after SIGKILL
        same(chip.end(signal.SIGKILL), -signal.SIGKILL)
    same(dump(folder, "flash")[:9], b"abcdefgh\xff")
    with Running(folder) as chip:
        same(chip.talk(b"\x7f", 1), b"\x79")


@case
def one_at_a_time(folder):
    make(folder)
    with Running(folder):
        fails(4, [about(f"sfi-sim run: {folder}/chip", "another simulator")],
              SIM, "run", "--state", folder / "chip", "--usart", folder / "t2")


@case
def control(folder):
    """A bench without a reset line: write, start, reset, and again."""
    state = make(folder)
    firmware = folder / "fw.bin"
    firmware.write_bytes(b"\x00\x10\x00\x24" + bytes(60))
    with Running(folder) as chip:
        port = ["-c", f"port={chip.link}", "--yes"]
        for _ in range(2):
            done = run(PROGRAMS / "sfi-program", *port, "-w", firmware,
                       "0x08000000", "-g", "0x08000000")
            same(done.returncode, 0, done.stderr)
            assert "runs=application" in succeeds(SIM, "ctl", state, "state")
            same(succeeds(SIM, "ctl", state, "reset"), "")
        same(succeeds(SIM, "ctl", state, "state"),
             "chip=stm32h753xi bootloader=V9.2 power=on nrst=1 boot0=1 "
             "runs=bootloader resets=3 reset-due=0\n")
        succeeds(SIM, "ctl", "--state", state, "power", "off")
        assert "power=off" in succeeds(SIM, "ctl", state, "state")
        succeeds(SIM, "ctl", state, "power", "on")
        fails(1, [about(f"sfi-sim ctl: {state}", "not a command", "reset")],
              SIM, "ctl", state, "explode")
        same(succeeds(SIM, "ctl", state, "end"), "")
        same(chip.process.wait(10), 0)
    done = run(SIM, "ctl", state, "reset")
    same(done.returncode, 4)
    same(done.stderr.splitlines()[0],
         about(f"sfi-sim ctl: {state}/control", "no simulator"))


@case
def background(folder):
    """The command returns when the chip listens, and holds no pipe."""
    state = make(folder)
    link = folder / "link"
    words = ["run", "--state", state, "--usart", link, "--background"]
    for _ in range(2):
        said = succeeds(SIM, *words)
        same(said, f"stm32h753xi is ready at {link}\n")
        assert link.exists()
        assert "power=on" in succeeds(SIM, "ctl", state, "state")
        fails(4, [about(f"{state}", "another simulator")], SIM, *words)
        succeeds(SIM, "ctl", state, "end")
        assert not link.is_symlink()


@case
def mistakes(folder):
    make(folder)
    for status, words, text in [
            (64, [], "a command is missing"),
            (64, ["rum"], "unknown command \"rum\", did you mean \"run\""),
            (64, ["wrap", "--state", "x", "--", "true"],
             "no device is given, expected --usb, --spi or --probe"),
            (64, ["wrap", "--state", "x", "--usb"], "an argument is missing"),
            (64, ["wrap", "--usb", "--", "true"], "-state DIR is missing"),
            (64, ["wrap", *["--state", "x"] * 17, "--usb", "--", "true"],
             "--state is given 17 times, expected at most 16"),
            (4, ["wrap", *["--state", folder / "chip"] * 2, "--usb", "--",
                 "true"], "another simulator"),
            (64, ["run", "--state", "x"],
             "no link is given, expected --usart or --jtag"),
            (64, ["run", "--state", "x", "--usart", "y", "--fast",
                  "--real-time"], "--real-time and --fast exclude each other"),
            (64, ["run", "--state", "x", "--usart", "y", "--background",
                  "--json"], "--background and --json exclude each other"),
            (64, ["ctl", "x"], "a command is missing"),
            (64, ["ctl", "x", "habit", "y" * 130, "1"],
             "the command is too long"),
            (1, ["run", "--state", folder / "chip", "--jtag", "here"],
             "here: host or port is missing, expected HOST:PORT, such as "
             "localhost:9824 or [::1]:0"),
            (1, ["run", "--state", folder / "chip", "--jtag", ":1"],
             "host or port is missing"),
            (1, ["run", "--state", folder / "chip", "--jtag", "::1:0"],
             "host or port is missing"),
            (1, ["run", "--state", folder / "chip", "--jtag", "a.b:1"],
             "the host is not an IP address"),
            (4, ["run", "--state", folder / "chip", "--jtag", "0.0.0.0:0"],
             "not a loopback address"),
            (64, ["dump", "--state", "x", "--area", "ram", "--out", "y"],
             "--area ram, expected flash, option-bytes, certificate or "
             "device-key"),
            (64, ["manufacture", "--ca", "a", "--chip", "stm32f4", "--state",
                  "s"], "stm32f4"),
            (7, ["dump", "--state", folder / "none", "--area", "flash",
                 "--out", folder / "x"], "cannot read"),
            (7, ["run", "--state", folder / "none", "--usart", folder / "t"],
             "cannot open"),
            (7, ["run", "--state", folder / "chip", "--usart",
                 folder / "no" / "t"], "cannot make the link"),
            (7, ["dump", "--state", folder / "chip", "--area", "flash",
                 "--out", folder / "no" / "x"], "cannot write")]:
        done = run(SIM, *words)
        same(done.returncode, status, f"{words}: {done.stderr}")
        assert text in done.stderr, done.stderr
    (folder / "chip" / "options.bin").write_bytes(b"short")
    done = run(SIM, "run", "--state", folder / "chip", "--usart", folder / "t")
    same(done.returncode, 2)
    assert "options.bin: is 5 bytes, expected 36" in done.stderr, done.stderr


@case
def help_and_version(_):
    for words in (["--help"], ["run", "--help"], ["dump", "-help"]):
        assert "sfi-sim" in succeeds(SIM, *words)
    assert succeeds(SIM, "--version").startswith("sfi-sim")


if __name__ == "__main__":
    main()
