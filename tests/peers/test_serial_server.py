#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later
# Copyright The libsfi authors
"""Virtual chips behind serial port servers of others, by tcp: and rfc2217:.

    test_serial_server.py PROGRAMS FIRMWARE

socat passes bytes, over IPv4 and, where the machine has it, IPv6.  ser2net passes
bytes, or controls its port by RFC 2217 with its own Telnet: sfi-program writes,
verifies, reads back, installs, records a trace and plays it, and works on several
chips at once; and it tells what a server refuses.  A missing peer is a failure,
unless SFI_ALLOW_SKIP is 1.
"""

import os
import pathlib
import re
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import termios
import threading
import time

SKIP = 77  # meson's
PATIENCE = 60
LISTENS_IN = 15
BASE = 0x08000000

SER2NET = """\
connection: &chip
    accepter: {accepter}tcp,127.0.0.1,{port}
    connector: serialdev,{device},{mode},local
"""


def expect(condition, what):
    if not condition:
        raise SystemExit(what)


def run(*command, status=0):
    done = subprocess.run([str(c) for c in command], capture_output=True,
                          text=True, timeout=PATIENCE,
                          stdin=subprocess.DEVNULL)
    text = done.stdout + done.stderr
    expect(done.returncode == status,
           f"{command}: exit {done.returncode}\n{text}")
    return text


def free_port(family, host):
    with socket.socket(family) as s:
        s.bind((host, 0))
        return s.getsockname()[1]


def is_listening(port):
    """By the system's table: a connection would take the serial port."""
    for name in ("tcp", "tcp6"):
        path = pathlib.Path("/proc/net", name)
        if path.exists() and re.search(rf":{port:04X} [0-9A-F]+:0000 0A ",
                                       path.read_text()):
            return True
    return False


class Server:
    """A process that listens; one that lost its port to another tries again."""

    def __init__(self, command_of, family=socket.AF_INET, host="127.0.0.1"):
        for _ in range(5):
            self.port = free_port(family, host)
            self.process = subprocess.Popen(
                [str(c) for c in command_of(self.port)],
                stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL)
            end = time.monotonic() + LISTENS_IN
            while self.process.poll() is None and time.monotonic() < end:
                if is_listening(self.port):
                    return
                time.sleep(0.01)
            self.stop()
        raise SystemExit("a server does not listen")

    def stop(self):
        self.process.kill()
        self.process.wait(PATIENCE)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.stop()


def socat(device, host="127.0.0.1"):
    # -t0: a former connection must not read the replies to the next one
    v6 = ":" in host
    return Server(lambda port: [
        "socat", "-t0", f"TCP{6 if v6 else 4}-LISTEN:{port},bind="
        f"{'[' + host + ']' if v6 else host},reuseaddr,fork",
        f"FILE:{device},raw,echo=0"],
        socket.AF_INET6 if v6 else socket.AF_INET, host)


def ser2net(folder, device, accepter, mode="9600n81"):
    def command(port):
        config = folder / f"ser2net-{port}.yaml"
        config.write_text(SER2NET.format(accepter=accepter, port=port,
                                         device=device, mode=mode))
        # no daemon, no lock files: the device is the test's own
        return ["ser2net", "-n", "-u", "-c", config]
    return Server(command)


class Watch(set):
    """What a function gives while something runs; a server that closes its port
    sets the old speed again."""

    def __init__(self, look):
        super().__init__()
        self.look, self.over = look, threading.Event()
        self.thread = threading.Thread(target=self.watch)

    def watch(self):
        while not self.over.wait(0.005):
            self.add(self.look())

    def __enter__(self):
        self.thread.start()
        return self

    def __exit__(self, *_):
        self.over.set()
        self.thread.join()


class Chip:
    def __init__(self, programs, folder, name):
        self.tty = folder / f"{name}.tty"
        self.state = folder / name
        run(programs / "sfi-sim", "manufacture", "--ca", folder / "ca",
            "--chip", "stm32h753xi", "--state", self.state)
        self.process = subprocess.Popen(
            [programs / "sfi-sim", "run", "--state", self.state, "--usart",
             self.tty], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
            text=True)
        expect("ready" in self.process.stdout.readline(), "no chip")

    def flash(self):
        return (self.state / "flash.bin").read_bytes()

    def stop(self):
        self.process.send_signal(signal.SIGTERM)
        expect(self.process.wait(PATIENCE) == 0, "sfi-sim failed")
        self.process.stdout.close()

    def baud(self):
        """What the server set on its port."""
        fd = os.open(self.tty, os.O_RDWR | os.O_NOCTTY)
        speed = termios.tcgetattr(fd)[4]
        os.close(fd)
        return speed


class Bench:
    def __init__(self, programs, folder, firmware):
        self.programs, self.folder = programs, folder
        self.firmware = firmware
        self.data = firmware.read_bytes()
        self.chips = [Chip(programs, folder, f"chip-{i}") for i in range(2)]

    def do(self, port, *words, status=0):
        return run(self.programs / "sfi-program", "-c", f"port={port}", *words,
                   status=status)

    def program(self, port, chip):
        """Write, verify and read back."""
        back = self.folder / "back.bin"
        back.unlink(missing_ok=True)
        self.do(port, "-e", "all")
        self.do(port, "-w", self.firmware, hex(BASE), "-v")
        expect(chip.flash()[:len(self.data)] == self.data,
               f"{port}: the flash differs")
        self.do(port, "-r", hex(BASE), len(self.data), back)
        expect(back.read_bytes() == self.data, f"{port}: it reads otherwise")

    def is_busy(self, port):
        """The server says so and hangs up at once; its words are lost when
        something that it has not read is under way to it."""
        for _ in range(20):
            text = self.do(port, "-r", hex(BASE), 4, self.folder / "no.bin",
                           status=4)
            if "in use" in text:
                return
            expect("closed the connection" in text, text)
        raise SystemExit("the server never said that it is in use")

    def refused(self, port, status, fact):
        text = self.do(port, "-r", hex(BASE), 4, self.folder / "no.bin",
                       status=status)
        expect(fact in text, f"{port}: no \"{fact}\" in\n{text}")


def raw(b):
    chip = b.chips[0]
    with socat(chip.tty) as s:
        b.program(f"tcp:localhost:{s.port}?baud=115200&rtt=100", chip)
        b.do(f"tcp:127.0.0.1:{s.port}", "-r", hex(BASE), 16,
             b.folder / "few.bin")
    try:
        with socat(chip.tty, "::1") as s:
            b.program(f"tcp:[::1]:{s.port}?rtt=100", chip)
    except OSError as e:
        print(f"no IPv6 on this machine: {e}")
    with ser2net(b.folder, chip.tty, "", "115200e81") as s:
        b.program(f"tcp:127.0.0.1:{s.port}?rtt=100", chip)


def controlled(b):
    """The speed is the client's, and bytes 0xff are escaped."""
    chip = b.chips[0]
    (b.folder / "all.bin").write_bytes(bytes(range(256)) * 4 +
                                       b"\xff\xff\xff\x00\xff\xf0\r\0\r\n" * 8)
    with ser2net(b.folder, chip.tty, "telnet(rfc2217),") as s:
        port = f"rfc2217:127.0.0.1:{s.port}?rtt=100"
        b.program(port, chip)
        b.do(port, "-w", b.folder / "all.bin", hex(BASE + 0x20000), "-v")
        b.do(f"{port}&baud=57600", "-w", b.firmware,
             hex(BASE + 0x40000), "-v")
    with ser2net(b.folder, chip.tty, "telnet(rfc2217),") as s:
        port = f"rfc2217:127.0.0.1:{s.port}?baud=230400&rtt=300"
        trace = b.folder / "trace"
        words = ["-w", b.firmware, hex(BASE + 0x60000), "-v"]
        with Watch(chip.baud) as seen:
            b.do(port, "--capture", trace, *words)
        expect("rtt 300" in trace.read_text(), trace.read_text()[:200])
        expect(termios.B230400 in seen, f"the server kept its speed: {seen}")
        # without a server
        b.do(f"script:{trace}", *words)


def first_client(port):
    """The server may still be busy with the last one; then it sends text."""
    end = time.monotonic() + LISTENS_IN
    while time.monotonic() < end:
        c = socket.create_connection(("127.0.0.1", port), PATIENCE)
        if c.recv(1) == b"\xff":  # Telnet's IAC
            return c
        c.close()
        time.sleep(0.05)
    raise SystemExit("the server stays busy")


def refusals(b):
    tty = b.chips[0].tty
    with ser2net(b.folder, tty, "telnet,") as s:
        b.refused(f"rfc2217:127.0.0.1:{s.port}", 1,
                  "the server refuses the COM-PORT option")
    with ser2net(b.folder, tty, "telnet(rfc2217),") as s:
        # a pty has no such line
        b.refused(f"rfc2217:127.0.0.1:{s.port}?reset=rts&rtt=0", 1, "RTS")
        with first_client(s.port):
            b.is_busy(f"rfc2217:127.0.0.1:{s.port}")


def gang(b):
    """Both chips at once, through two kinds of server."""
    with ser2net(b.folder, b.chips[0].tty, "telnet(rfc2217),") as s, \
            socat(b.chips[1].tty) as t:
        ports = (f"rfc2217:127.0.0.1:{s.port}?rtt=100,"
                 f"tcp:127.0.0.1:{t.port}?rtt=100")
        run(b.programs / "sfi-program", "--gang", ports, *make_package(b))
    plain = (b.firmware.parent / "blink-stm32h753xi-0x08000000.bin")
    plain = plain.read_bytes()
    for chip in b.chips:
        expect(chip.flash()[:len(plain)] == plain, "a chip has no firmware")


def make_package(b):
    """An image, and a vault that licenses it; words for sfi-program."""
    f, data = b.folder, b.firmware.parent
    (f / "pin").write_text("1234567\n")
    run(b.programs / "sfi-create", "--genkey", f / "key.bin", "--gennonce",
        f / "nonce.bin")
    run(b.programs / "sfi-create", "-sfi", "-fir",
        data / "blink-stm32h753xi.elf", "-k", f / "key.bin", "-n",
        f / "nonce.bin", "-ob", data / "ob-stm32h753xi.csv", "-v", 1, "-devid",
        "0x450", "-o", f / "fw.sfi")
    run(b.programs / "sfi-hsm", "-i", f"vault:{f}/v", "-k", f / "key.bin", "-n",
        f / "nonce.bin", "-id", "blink", "-mc", 5, "-pd",
        next((f / "ca").glob("45002001_SFI_*.pd")), "--pin-file", f / "pin",
        "--yes")
    return ("--yes", "-sfi", "protocol=static", f / "fw.sfi", "hsm=1",
            f"slot=vault:{f}/v", "--pin-file", f / "pin")


def main():
    for tool in ("socat", "ser2net"):
        if shutil.which(tool) is None:
            print(f"SKIP: {tool} is not installed")
            sys.exit(SKIP if os.environ.get("SFI_ALLOW_SKIP") == "1" else 1)
    with tempfile.TemporaryDirectory(prefix="sfi-test-") as name:
        bench = Bench(pathlib.Path(sys.argv[1]), pathlib.Path(name),
                      pathlib.Path(sys.argv[2]))
        try:
            raw(bench)
            controlled(bench)
            refusals(bench)
            gang(bench)
        finally:
            for chip in bench.chips:
                chip.stop()


if __name__ == "__main__":
    main()
