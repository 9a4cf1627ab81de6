# SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later
# Copyright The libsfi authors
"""The whole story over JTAG: sfi-program's openocd: transport, a real openocd,
the virtual chip's TAP."""

import os
import re
import shutil
import socket
import subprocess
import sys
import threading

import bench
from bench import H753, DATA, about

SKIP = 77  # meson's

CHAIN = """
adapter driver remote_bitbang
remote_bitbang host 127.0.0.1
remote_bitbang port {port}
transport select jtag
reset_config srst_only
jtag newtap h7 cpu -irlen 4 -ircapture 0x1 -irmask 0xf -expected-id 0x6ba00477
jtag newtap h7 bs -irlen 5 -expected-id 0x06450041
dap create h7.dap -chain-position h7.cpu
target create h7.axi mem_ap -dap h7.dap -ap-num 0
{more}
gdb_port disabled
tcl_port 0
telnet_port disabled
init
"""

# OpenOCD's own configuration of the part, with the lines of doc/guide.md
STOCK = """
adapter driver remote_bitbang
remote_bitbang host 127.0.0.1
remote_bitbang port {port}
transport select jtag
source [find target/stm32h7x.cfg]
{more}
gdb_port disabled
tcl_port 0
telnet_port disabled
"""
MEM_AP = ("stm32h7x.cpu0 configure -defer-examine",
          "target create h7.axi mem_ap -dap stm32h7x.dap -ap-num 0")


class Served(bench.Chip):
    """A chip that runs with JTAG, and an openocd in front of it."""

    def start(self, more="", chain=CHAIN):
        self.process = subprocess.Popen(
            bench.command_line("sfi-sim", ["run", "--state", self.state,
                                           "--jtag", "127.0.0.1:0"]),
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, text=True)
        with self.process.stdout as out:
            port = re.search(r":(\d+)$", out.readline())
        assert port, "sfi-sim does not run"
        config = self.bench.path / "openocd.cfg"
        config.write_text(chain.format(port=port[1], more=more))
        self.openocd = subprocess.Popen(
            ["openocd", "-f", config], cwd=self.bench.path,
            stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE, text=True)
        said = []
        for line in self.openocd.stderr:
            said.append(line)
            tcl = re.search(r"Listening on port (\d+) for tcl", line)
            if tcl:
                break
        else:
            raise AssertionError("".join(said))
        self.port = f"openocd:127.0.0.1:{tcl[1]}"
        # its later output must not fill the pipe
        self.reader = threading.Thread(target=self.openocd.stderr.read)
        self.reader.start()
        return self

    def end_openocd(self):
        if self.openocd is None:
            return
        self.openocd.kill()
        self.openocd.wait()
        self.reader.join()
        self.openocd.stderr.close()
        self.openocd = None

    openocd = None

    def stop(self, how=bench.signal.SIGTERM):
        self.end_openocd()
        super().stop(how)

    def words(self, image, *hsm, protocol="static"):
        return ["sfi-program", "-c", f"port={self.port}", "--yes",
                "-sfi", f"protocol={protocol}", image, *hsm]


class Jtag(bench.Case):
    def setUp(self):
        self.bench = bench.Bench()
        self.addCleanup(self.bench.close)
        self.chip = Served(self.bench, H753, "part")
        self.bench.chips.append(self.chip)

    def program(self, *words, status=0, message=None):
        result = bench.run("sfi-program", *words)
        self.assertEnded(result, status, message)
        return result

    def assertInstalled(self):
        self.assertHolds(self.chip, bench.segments(H753),
                         bench.option_words(DATA / f"ob-{H753}.csv"))

    def test_install(self):
        """Installed once, refused, erased, installed again, counted once."""
        b = self.bench
        image, hsm = b.image(H753, "fw.sfi"), b.hsm(H753, "line.vault", 3)
        chip = self.chip.start()
        self.assertEnded(chip.program(image, *hsm), 0)
        self.assertInstalled()
        self.assertEqual(b.counter("line.vault"), 2)
        self.assertEnded(chip.program(image, *hsm), 5, "holds an installed")
        self.program("-c", f"port={chip.port}", "-e", "all")
        self.assertTrue(chip.dump("flash") == chip.born_flash)
        self.assertEnded(chip.program(image, *hsm, protocol="live"), 0)
        self.assertInstalled()
        self.assertEqual(b.counter("line.vault"), 2)
        cert = b.path / "chip.cert"
        self.program("-c", f"port={chip.port}", "-gc", cert)
        self.assertEqual(cert.read_bytes(), chip.dump("certificate"))

    def test_reset_by_the_probe(self):
        b = self.bench
        image, hsm = b.image(H753, "fw.sfi"), b.hsm(H753, "line.vault", 1)
        chip = self.chip.start()
        chip.port += "?target=h7.axi&reset=srst"
        self.assertEnded(chip.program(image, *hsm), 0)
        self.assertInstalled()

    def test_stock_configuration(self):
        """As the guide says, with a part that is open, and with one that is secure
        when OpenOCD starts, whose core cannot be examined."""
        b = self.bench
        guide = (DATA.parents[1] / "doc" / "guide.md").read_text()
        for line in MEM_AP:
            self.assertIn(f"-c \"{line}\"", guide)
        image, hsm = b.image(H753, "fw.sfi"), b.hsm(H753, "line.vault", 1)
        cert = b.path / "chip.cert"
        chip = self.chip.start("\n".join(MEM_AP), STOCK)
        chip.port += "?target=h7.axi"
        self.program("-c", f"port={chip.port}", "--yes", "-gc", cert)
        chip.stop()
        chip.start("\n".join(MEM_AP), STOCK)
        chip.port += "?target=h7.axi"
        self.assertEnded(chip.program(image, *hsm), 0)
        self.assertInstalled()
        self.assertEqual(cert.read_bytes(), chip.dump("certificate"))

    def test_no_core(self):
        """The core of a secure part: OpenOCD's own words are shown."""
        chip = self.chip.start()
        cert = self.bench.path / "cert"
        self.program("-c", f"port={chip.port}", "--yes", "-gc", cert)
        chip.stop()
        chip.start(chain=STOCK)
        self.program("-c", f"port={chip.port}?target=stm32h7x.cpu0", "-gc", cert,
                     status=5, message=about(
                         "", "neither the chip's identity nor a mailbox can be "
                         "read", "OpenOCD refused to read",
                         "Target not examined yet", "failed to read memory"))

    def test_openocd_goes_away(self):
        """In the middle of an install; the next one completes."""
        b = self.bench
        big = b.path / "big.bin"
        big.write_bytes(bytes(range(256)) * 2048)
        image = b.image(H753, "big.sfi", f"{big}", "0x08000000")
        hsm = b.hsm(H753, "line.vault", 1)
        chip = self.chip.start()
        station = bench.start(*chip.words(image, *hsm))
        for _ in range(12000):
            if set(chip.dump("flash")[:64]) != {0xFF}:
                break
            self.assertIsNone(station.poll())
        chip.end_openocd()
        self.assertEnded(bench.Result.of(station), 4, "openocd")
        chip.stop()
        self.assertEnded(chip.start().program(b.image(H753, "fw.sfi"), *hsm), 0)
        self.assertInstalled()
        self.assertEqual(b.counter("line.vault"), 0)

    def test_targets(self):
        chip = self.chip.start(
            "target create h7.apb mem_ap -dap h7.dap -ap-num 2")
        cert = self.bench.path / "cert"
        self.program("-c", f"port={chip.port}", "-gc", cert, status=64,
                     message="OpenOCD has several targets, name one with "
                     "target=: h7.axi h7.apb")
        self.program("-c", f"port={chip.port}?target=h7.cpu", "-gc", cert,
                     status=4, message="OpenOCD has no target \"h7.cpu\": it "
                     "has h7.axi h7.apb")
        self.program("-c", f"port={chip.port}?target=h7.apb", "-gc", cert,
                     status=5, message=about("", "identity", "mailbox"))

    def test_bad_name(self):
        for name, message in (
                ("openocd:here", "host or port is missing, expected openocd:"
                 "HOST:PORT, such as openocd:localhost:6666"),
                ("openocd::1", about("openocd::1", "host", "missing")),
                ("openocd:localhost:65536",
                 about("openocd:localhost:65536", "port", "missing")),
                ("openocd:localhost:1?target=a;b",
                 '"a;b" is not the name of a target'),
                ("openocd:localhost:1?reset=dtr", "reset is \"dtr\""),
                ("openocd:localhost:1?baud=1", "unknown key \"baud\"")):
            self.program("-c", f"port={name}", "-gc", "x", status=64,
                         message=message)

    def test_nobody(self):
        with socket.socket() as s:
            s.bind(("127.0.0.1", 0))  # without listening
            self.program("-c", f"port=openocd:127.0.0.1:{s.getsockname()[1]}",
                         "-gc", "x", status=4,
                         message="cannot connect to OpenOCD's Tcl server "
                         r"\(tcl_port\): .* refused")

    def answered(self, answers):
        """Another server listens, and sends other replies."""
        with socket.create_server(("127.0.0.1", 0)) as server:
            port = server.getsockname()[1]

            def serve():
                connection, _ = server.accept()
                server.close()
                with connection:
                    for answer in answers:
                        while not connection.recv(65536).endswith(b"\x1a"):
                            pass
                        connection.sendall(answer)
            thread = threading.Thread(target=serve)
            thread.start()
            result = bench.run(
                "sfi-program", "-c",
                f"port=openocd:127.0.0.1:{port}", "-gc",
                self.bench.path / "cert")
            thread.join()
            return result

    def test_nonsense(self):
        one = b"0 h7.axi\x1a"
        for answers, status, message in (
                ([b"SSH-2.0\x1a"], 5, "is not an OpenOCD Tcl server"),
                ([b"0 h7\0axi\x1a"], 5, "not text"),
                ([b"0 {}\x1a"], 4, "OpenOCD has no target"),
                ([b"0 [exit]\x1a"], 4, "OpenOCD has no target"),
                ([b"0 " + b"h" * 70000 + b"\x1a"], 5, "too long"),
                ([b"1 {no \x1b[31m such}\x1a"], 5,
                 "OpenOCD refused to list its targets: no \\\\x1b\\[31m such"),
                ([b"0"], 4, "OpenOCD closed the"),
                ([one], 4, "OpenOCD closed the"),
                ([one, b"0 {0x1 0x2}\x1a"], 5, "requested words|closed"),
                ([one, b"0 {0x1 0x2 0x3 0x100000000}\x1a"], 5, "requested words"),
                ([one, b"0 {0x1 0x2 0x3 4}\x1a"], 5, "requested words")):
            result = self.answered(answers)
            self.assertIn(result.status, {status, 4}, str(result))
            self.assertRegex(result.message, message + "|cannot connect")
        self.assertFalse((self.bench.path / "cert").exists())


if __name__ == "__main__":
    if shutil.which("openocd") is None:
        print("SKIP: openocd is not installed")
        sys.exit(SKIP if os.environ.get("SFI_ALLOW_SKIP") == "1" else 1)
    bench.main()
