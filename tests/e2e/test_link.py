# SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later
# Copyright The libsfi authors
"""Ports that are missing, silent or vanish, chips that lose power, and outputs
that cannot be written."""

import json
import os
import pty
import signal
import time

import bench
from bench import H753, L462, DATA, about


class Link(bench.Case):
    def setUp(self):
        self.bench = bench.Bench()
        self.addCleanup(self.bench.close)

    def installed(self, part):
        self.assertHolds(part, bench.segments(part.name),
                         bench.option_words(DATA / f"ob-{part.name}.csv"))

    def test_port_missing(self):
        b = self.bench
        part = b.chip(H753, "part")
        hsm = b.hsm(H753, "line.vault", 1)
        result = part.program(b.image(H753, "fw.sfi"), *hsm)
        self.assertEnded(result, 4, about("part.tty", "no such port"))
        self.assertEqual(b.counter("line.vault"), 1)
        self.assertHoldsNothing(part)

    def test_port_is_no_port(self):
        b = self.bench
        part = b.chip(H753, "part")
        part.link.write_text("a file\n")
        result = part.program(b.image(H753, "fw.sfi"),
                              *b.hsm(H753, "line.vault", 1))
        self.assertEnded(result, 4, about("part.tty", "not", "serial port"))
        self.assertEqual(part.link.read_text(), "a file\n")

    def test_port_silent(self):
        b = self.bench
        hsm = b.hsm(H753, "line.vault", 1)
        master, slave = pty.openpty()
        self.addCleanup(os.close, master)
        self.addCleanup(os.close, slave)
        begin = time.monotonic()
        result = bench.run("sfi-program", "-c", f"port={os.ttyname(slave)}",
                           "-sfi", "protocol=static", b.image(H753, "fw.sfi"),
                           *hsm)
        self.assertEnded(result, 4, about(os.ttyname(slave), "0x7f",
                                          "powered", "bootloader"))
        self.assertLess(time.monotonic() - begin, 60)
        self.assertEqual(b.counter("line.vault"), 1)

    def test_port_talks_nonsense(self):
        """A login prompt instead of a bootloader."""
        b = self.bench
        hsm = b.hsm(H753, "line.vault", 1)
        image = b.image(H753, "fw.sfi")
        master, slave = pty.openpty()
        self.addCleanup(os.close, master)
        name = os.ttyname(slave)
        program = bench.start("sfi-program", "-c", f"port={name}", "-sfi",
                              "protocol=static", image, *hsm)
        end = time.monotonic() + bench.PATIENCE
        while program.poll() is None and time.monotonic() < end:
            os.write(master, b"login: ")
            time.sleep(0.02)
        os.close(slave)
        result = bench.Result.of(program)
        # unexpected bytes, or no reply between them
        self.assertIn(result.status, (4, 5), str(result))
        self.assertRegex(result.message,
                         "firmware seems to run|answer.* 0x7f")
        self.assertEqual(b.counter("line.vault"), 1)

    def test_application_is_told(self):
        """The state is in the words that a debug port has for it."""
        for words in ([], ["--json"]):
            master, slave = pty.openpty()
            program = bench.start("sfi-program", "-c",
                                  f"port={os.ttyname(slave)}", *words)
            end = time.monotonic() + bench.PATIENCE
            while program.poll() is None and time.monotonic() < end:
                os.write(master, b"login: ")
                time.sleep(0.02)
            os.close(slave)
            os.close(master)
            result = bench.Result.of(program)
            self.assertEqual(result.status, 5, str(result))
            if words:
                told = json.loads(result.out)
                self.assertEqual(told["state"], "application running")
                self.assertEqual(told["error"]["peer_code"], 0x10000)
            else:
                self.assertIn("  State             : application running\n",
                              result.out)

    def test_captured_and_played_again(self):
        """A capture replays without the chip."""
        b = self.bench
        hsm = b.hsm(H753, "line.vault", 1)
        image = b.image(H753, "fw.sfi")
        part = b.chip(H753, "part").start()
        trace = b.path / "trace"
        lic = b.license(part, hsm)
        self.assertEnded(part.program(image, "hsm=0", lic, "--capture", trace),
                         0)
        part.stop()
        self.installed(part)
        self.assertIn("\nkind stream\n", trace.read_text())
        again = ["sfi-program", "-c", f"port=script:{trace}", "--yes",
                 "-sfi"]
        self.assertEnded(bench.run(*again, image, "hsm=0", lic), 0)
        other = b.image(H753, "other.sfi", version=2)
        self.assertEnded(bench.run(*again, other, "hsm=0", lic), 4,
                         r"script:.*trace:\d+: byte \d+ of \d+ .*host.* 0x..,"
                         ".*trace.* 0x..")
        # the port is opened first
        missing = bench.run("sfi-program", "-c", f"port={part.link}", "-gc",
                            b.path / "cert", "--capture", b.path / "x" / "y")
        self.assertEnded(missing, 4, about("part.tty", "no such port"))

    def half_way(self, part, address, hsm):
        """Start a big install, and return in the middle of it."""
        b = self.bench
        big = b.path / "big.bin"
        big.write_bytes(bytes(range(1, 256)) * 1600)  # 408,000 bytes
        image = b.image(part.name, "big.sfi", big, hex(address))
        program = bench.start(*part.words(image, *hsm))
        for line in program.stdout:
            if "30%" in line:
                return program, image, big.read_bytes()
        self.fail(str(bench.Result.of(program)))

    def killed_half_way(self, chip, address):
        """kill -9 the chip in the middle of an area, power it on again."""
        b = self.bench
        hsm = b.hsm(chip, "line.vault", 1)
        part = b.chip(chip, "part").start()
        program, image, data = self.half_way(part, address, hsm)
        part.stop(signal.SIGKILL)
        self.assertEnded(bench.Result.of(program), 4, "part.tty: ")
        flash = part.dump("flash")
        self.assertIn(data[:4096], flash, "killed before anything was written")
        # at power-on the chip erases the fragment by itself
        part.start()
        self.assertHoldsNothing(part)
        self.assertEnded(part.program(image, *hsm), 0)
        part.stop()
        self.assertHolds(part, {address: data},
                         bench.option_words(DATA / f"ob-{chip}.csv"))
        self.assertEqual(b.counter("line.vault"), 0)

    def test_h753_killed_half_way(self):
        self.killed_half_way(H753, 0x08000000)

    def test_l462_killed_half_way(self):
        self.killed_half_way(L462, 0x08001000)

    def test_reader_of_the_output_goes_away(self):
        """sfi-program ... | head -1: the install completes."""
        b = self.bench
        hsm = b.hsm(H753, "line.vault", 1)
        part = b.chip(H753, "part").start()
        program = bench.start(*part.words(b.image(H753, "fw.sfi"), *hsm))
        program.stdout.readline()
        program.stdout.close()
        err = program.stderr.read()
        program.stderr.close()
        self.assertEqual(program.wait(bench.PATIENCE), 7, err)
        self.assertIn("cannot write the output", err)
        part.stop()
        self.installed(part)

    def test_programmer_killed_half_way(self):
        """The chip keeps running; the next programmer starts again."""
        b = self.bench
        hsm = b.hsm(H753, "line.vault", 1)
        part = b.chip(H753, "part").start()
        program, _, _ = self.half_way(part, 0x08000000, hsm)
        program.kill()
        program.communicate(timeout=bench.PATIENCE)
        self.assertEnded(part.program(b.image(H753, "fw.sfi"), *hsm), 0)
        part.stop()
        self.installed(part)
        self.assertEqual(b.counter("line.vault"), 0)

    def test_output_unwritable(self):
        b = self.bench
        part = b.chip(L462, "part").start()
        out = b.path / "no-such-folder" / "cert.bin"
        result = bench.run("sfi-program", "-c", f"port={part.link}",
                           "-gc", out)
        self.assertEnded(result, 7,
                         "no-such-folder/cert.bin: cannot write: No such file")
        self.assertFalse(out.parent.exists())
        image = bench.run("sfi-create", "-sfi", "-fir",
                          DATA / f"blink-{L462}.elf", "-k", b.path / "key.bin",
                          "-n", b.path / "nonce.bin", "-ob",
                          DATA / f"ob-{L462}.csv", "-v", 1, "-devid", "0x462",
                          "-o", out)
        self.assertEnded(image, 7,
                         "no-such-folder/cert.bin: cannot write: No such file")
        self.assertFalse(out.parent.exists())


if __name__ == "__main__":
    bench.main()
