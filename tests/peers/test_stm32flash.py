#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later
# Copyright The libsfi authors
"""The virtual STM32H753xI's standard bootloader, tested by stm32flash.

    test_stm32flash.py SFI_SIM FIRMWARE

stm32flash has its own AN3155 and parts: it erases, writes, verifies and reads back
over the pty, which has no parity on Linux (-m 8n1).  openssl reads the CA's keys,
and checks the chip's certificate with them.  A missing peer is a failure, unless
SFI_ALLOW_SKIP is 1.
"""

import os
import pathlib
import shutil
import signal
import subprocess
import sys
import tempfile

SKIP = 77  # meson's
BASE = 0x08000000
SECTOR = 128 << 10


def run(*command, status=0):
    done = subprocess.run([str(c) for c in command], capture_output=True,
                          text=True, timeout=60)
    if done.returncode != status:
        raise SystemExit(f"{command}: exit {done.returncode}\n{done.stdout}"
                         f"{done.stderr}")
    return done.stdout


def flash_tool(link, *arguments, status=0):
    return run("stm32flash", "-m", "8n1", "-b", "115200", *arguments, link,
               status=status)


def expect(condition, what):
    if not condition:
        raise SystemExit(what)


def padded(data):
    """The part is written in whole words of 8 bytes."""
    return data + b"\xff" * (-len(data) % 8)


def program(folder, link, flash, firmware):
    data = padded(pathlib.Path(firmware).read_bytes())
    # one block more than a sector, so that more than one is erased
    data = (data * (SECTOR // len(data) + 1))[:SECTOR + 256]
    (folder / "fw.bin").write_bytes(data)

    out = flash_tool(link)
    expect("0x0450" in out and "0x31" in out, out)
    for _ in range(2):  # the second time over the same data
        flash_tool(link, "-w", folder / "fw.bin", "-v", "-S", hex(BASE))
        expect(flash.read_bytes()[:len(data)] == data, "the flash differs")
    flash_tool(link, "-r", folder / "back.bin", "-S", f"{BASE}:{len(data)}")
    expect((folder / "back.bin").read_bytes() == data, "it reads otherwise")
    # at another place, without erasing the rest
    (folder / "tail.bin").write_bytes(data[:512])
    flash_tool(link, "-w", folder / "tail.bin", "-v", "-S",
               hex(BASE + 9 * SECTOR))
    now = flash.read_bytes()
    expect(now[:len(data)] == data, "the first write is gone")
    expect(now[9 * SECTOR:9 * SECTOR + 512] == data[:512], "no second write")
    flash_tool(link, "-o", "-S", f"{BASE}:{2 * SECTOR}")
    now = flash.read_bytes()
    expect(set(now[:2 * SECTOR]) == {0xFF}, "two sectors are not erased")
    expect(now[9 * SECTOR:9 * SECTOR + 512] == data[:512], "a third one is")


def protect(folder, link, flash):
    """Readout protection on and off again erases the flash."""
    (folder / "some.bin").write_bytes(bytes(range(64)))
    flash_tool(link, "-w", folder / "some.bin", "-v", "-S", hex(BASE))
    flash_tool(link, "-j")
    flash_tool(link, "-r", folder / "none.bin", "-S", f"{BASE}:64", status=1)
    expect(flash.read_bytes()[:64] == bytes(range(64)), "erased too early")
    flash_tool(link, "-k")
    expect(set(flash.read_bytes()) == {0xFF}, "the flash is not erased")
    flash_tool(link, "-w", folder / "some.bin", "-v", "-S", hex(BASE))
    flash_tool(link, "-u")  # write protection, which is not set


def beside(folder, link, ours, firmware):
    """stm32flash reads what sfi-program wrote, and vice versa."""
    program = ours.with_name("sfi-program")
    data = padded(pathlib.Path(firmware).read_bytes())
    (folder / "a.bin").write_bytes(data)
    (folder / "b.bin").write_bytes(data[::-1])
    flash_tool(link, "-w", folder / "a.bin", "-v", "-S", hex(BASE))
    run(program, "-c", f"port={link}", "-r", hex(BASE), len(data),
        folder / "back3.bin")
    expect((folder / "back3.bin").read_bytes() == data, "ours reads otherwise")
    run(program, "-c", f"port={link}", "-w", folder / "b.bin",
        hex(BASE + SECTOR), "-v")
    flash_tool(link, "-r", folder / "back2.bin", "-S",
               f"{BASE + SECTOR}:{len(data)}")
    expect((folder / "back2.bin").read_bytes() == data[::-1],
           "it reads ours otherwise")
    # protection that one of them turns on and the other off
    run(program, "-c", f"port={link}", "-ob", "RDP=0xBB")
    flash_tool(link, "-r", folder / "none.bin", "-S", f"{BASE}:64", status=1)
    flash_tool(link, "-k")
    run(program, "-c", f"port={link}", "-w", folder / "a.bin", hex(BASE), "-v")
    flash_tool(link, "-j")
    run(program, "-c", f"port={link}", "-r", hex(BASE), 64,
        folder / "none.bin", status=5)
    run(program, "-c", f"port={link}", "-rdu")
    flash_tool(link, "-w", folder / "a.bin", "-v", "-S", hex(BASE))


def identity(folder, state):
    """openssl reads the chip maker's files."""
    ca, cert = folder / "ca", (state / "certificate.bin").read_bytes()
    public = run("openssl", "pkey", "-in", ca / "ca.key.pem", "-pubout")
    expect(public == (ca / "ca.pub.pem").read_text(), "ca.pub.pem differs")

    def integer(raw):
        raw = raw.lstrip(b"\0")
        raw = (b"\0" if raw[:1] >= b"\x80" else b"") + raw
        return bytes([2, len(raw)]) + raw

    body = integer(cert[72:104]) + integer(cert[104:136])
    (folder / "sig.der").write_bytes(bytes([0x30, len(body)]) + body)
    (folder / "signed").write_bytes(cert[:72])
    run("openssl", "dgst", "-sha256", "-verify", ca / "ca.pub.pem",
        "-signature", folder / "sig.der", folder / "signed")


def test(sim, firmware, folder):
    state, link = folder / "chip", folder / "tty"
    run(sim, "manufacture", "--ca", folder / "ca", "--chip", "stm32h753xi",
        "--state", state)
    identity(folder, state)
    chip = subprocess.Popen([sim, "run", "--state", state, "--usart", link],
                            stdout=subprocess.PIPE, text=True)
    try:
        expect("ready" in chip.stdout.readline(), "sfi-sim does not run")
        program(folder, link, state / "flash.bin", firmware)
        protect(folder, link, state / "flash.bin")
        beside(folder, link, pathlib.Path(sim), firmware)
    finally:
        chip.send_signal(signal.SIGTERM)
        expect(chip.wait(10) == 0, "sfi-sim failed")
        chip.stdout.close()


def main():
    for tool in ("stm32flash", "openssl"):
        if shutil.which(tool) is None:
            print(f"SKIP: {tool} is not installed")
            sys.exit(SKIP if os.environ.get("SFI_ALLOW_SKIP") == "1" else 1)
    with tempfile.TemporaryDirectory(prefix="sfi-test-") as folder:
        test(sys.argv[1], sys.argv[2], pathlib.Path(folder))


if __name__ == "__main__":
    main()
