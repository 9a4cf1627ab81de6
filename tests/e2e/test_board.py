# SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later
# Copyright The libsfi authors
"""The chip's side as it would be on silicon: an STM32L462CE whose own secure
boot and secure bootloader run on an emulated core take a firmware from
sfi-program, erase themselves and start it; its LED shows that it runs.

SFI_TEST_BOARD has the programs, SFI_LINKS the links that were built.
"""

import pathlib
import stat
import time

import bench
import test_links
from bench import L462, about


class Board(bench.Case):
    def setUp(self):
        self.bench = bench.Bench()
        self.addCleanup(self.bench.close)

    def chip(self, link):
        part = test_links.CHIPS[link](self.bench, L462, "part")
        self.bench.chips.append(part)
        return part

    def state(self, part):
        """What `sfi-sim ctl` tells of a chip that runs."""
        words = bench.must("sfi-sim", "ctl", part.state, "state").out.split()
        return dict(word.split("=") for word in words)

    def assertBlinks(self, part):
        """The firmware runs: its LED changes, again and again."""
        seen, end = set(), time.monotonic() + bench.PATIENCE
        while len(seen) < 4 and time.monotonic() < end:
            told = self.state(part)
            self.assertEqual(told["runs"], "application")
            seen.add(int(told["outputs"]))
            time.sleep(0.05)
        self.assertGreaterEqual(len(seen), 4)

    def assertLeft(self, part, secret):
        """No bootloader, and nowhere its device key."""
        flash = part.dump("flash")
        self.assertEqual(set(flash[bench.LOADER]), {0xFF})
        self.assertFalse(secret in flash)

    def story(self, link):
        if link not in test_links.LINKS:
            self.skipTest(f"{link} was not built")
        b = self.bench
        hsm = b.hsm(L462, "line.vault", 1)
        part = self.chip(link)
        secret = (part.state / "device-key.bin").read_bytes()
        self.assertTrue(secret in part.dump("flash"))
        self.assertEqual(stat.S_IMODE((part.state / "board.bin").stat().st_mode),
                         0o600)
        part.start()
        self.assertEnded(part.program(b.image(L462, "fw.sfi"), *hsm), 0)
        self.assertEqual(b.counter("line.vault"), 0)
        self.assertHolds(part, bench.segments(L462),
                         bench.option_words(bench.DATA / f"ob-{L462}.csv"))
        part.stop()
        bench.Chip.start(part)  # a pty, whatever the link was
        self.assertBlinks(part)
        self.assertLeft(part, secret)
        self.assertEnded(bench.Chip.program(part, b.path / "fw.sfi", *hsm), 4,
                         about("part.tty", "no answer to 0x7f"))

    def test_usart(self):
        self.story("usart")

    def test_spi(self):
        self.story("spi")

    def test_before_and_after(self):
        """A new one waits in its bootloader, after a reset too."""
        part = self.chip("usart").start()
        told = self.state(part)
        self.assertEqual((told["runs"], told["resets"]),
                         ("secure-bootloader", "1"))
        bench.must("sfi-sim", "ctl", part.state, "reset")
        told = self.state(part)
        self.assertEqual((told["runs"], told["resets"]),
                         ("secure-bootloader", "2"))

    def test_real_time(self):
        """Flash takes its time on a board, and the host waits for it."""
        b = self.bench
        hsm = b.hsm(L462, "line.vault", 1)
        part = self.chip("usart").start()
        bench.must("sfi-sim", "ctl", part.state, "timing", "real")
        begin = time.monotonic()
        self.assertEnded(part.program(b.image(L462, "fw.sfi"), *hsm), 0)
        self.assertHolds(part, bench.segments(L462),
                         bench.option_words(bench.DATA / f"ob-{L462}.csv"))
        # 22 ms for each page, of the user range and of the loader
        self.assertGreater(time.monotonic() - begin, 3.0)

    def test_killed(self):
        """A killed sfi-sim leaves no sfi-board behind."""
        part = self.chip("usart").start()
        pid = part.process.pid
        child = pathlib.Path(f"/proc/{pid}/task/{pid}/children").read_text()
        board = pathlib.Path(f"/proc/{int(child)}/stat")
        self.assertIn("(sfi-board) ", board.read_text())
        part.process.kill()
        end = time.monotonic() + bench.PATIENCE
        try:
            while "(sfi-board) Z" not in board.read_text():
                self.assertLess(time.monotonic(), end)
                time.sleep(0.01)
        except (FileNotFoundError, ProcessLookupError):
            pass  # somebody has even waited for it

    def test_programs_again(self):
        """run --board with the same programs changes nothing, and makes a board
        of a plain chip that has not run."""
        plain = self.bench.path / "plain"
        bench.must("sfi-sim", "manufacture", "--ca", self.bench.path / "ca",
                   "--chip", L462, "--state", plain)
        programs = ",".join(bench.BOARD[1:])
        for _ in range(2):
            process = bench.start(
                "sfi-sim", "run", "--state", plain, "--usart",
                self.bench.path / "plain.tty", "--board", programs,
                "--emulator", bench.BOARD[0])
            process.stdout.readline()
            process.terminate()
            self.assertEnded(bench.Result.of(process), 0)
        self.assertTrue((plain / "board.bin").exists())

    def test_refused(self):
        b = self.bench
        part = self.chip("usart")
        self.assertEnded(bench.run("sfi-sim", "run", "--state", part.state,
                                   "--usart", part.link, "--emulator",
                                   b.path / "nothing"), 7,
                         about("nothing", "board program"))
        self.assertEnded(bench.run(
            "sfi-sim", "manufacture", "--ca", b.path / "ca", "--chip", L462,
            "--state", b.path / "other", "--board",
            bench.DATA / f"blink-{L462}.elf"), 2,
            about(f"blink-{L462}.elf", "0x08001000", "secure boot"))


if __name__ == "__main__":
    bench.main()
