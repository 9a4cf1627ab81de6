# SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later
# Copyright The libsfi authors
"""The tutorial's custom dialect: installs through its table, and its messages
when a chip refuses."""

import subprocess

import bench
from bench import DATA, H753, L462

PROGRAM = bench.PROGRAMS / "tutorial/custom-dialect"


class Dialect(bench.Case):
    def setUp(self):
        self.bench = bench.Bench()
        self.addCleanup(self.bench.close)

    def install(self, image, part, pin=None):
        done = subprocess.run(
            [PROGRAM, image, f"serial:{part.link}",
             f"vault:{self.bench.path}/line.vault", pin or self.bench.pin],
            capture_output=True, text=True, timeout=bench.PATIENCE)
        return done.returncode, done.stdout, done.stderr

    def whole(self, chip):
        b = self.bench
        part = b.chip(chip, "part").start()
        b.hsm(chip, "line.vault", 2)
        self.assertEqual(self.install(b.image(chip, "fw.sfi"), part),
                         (0, "", ""))
        part.stop()
        self.assertHolds(part, bench.segments(chip),
                         bench.option_words(DATA / f"ob-{chip}.csv"))
        self.assertEqual(b.counter("line.vault"), 1)

    def test_h753(self):
        self.whole(H753)

    def test_l462(self):
        self.whole(L462)

    def test_refused(self):
        """The message comes from the table; the next install succeeds."""
        b = self.bench
        part = b.chip(H753, "part").start()
        b.hsm(H753, "line.vault", 2)
        good = b.image(H753, "fw.sfi")
        bad = b.path / "bad.sfi"
        raw = bytearray(good.read_bytes())
        raw[-1] ^= 1
        bad.write_bytes(raw)
        self.assertEqual(self.install(bad, part), (
            1, "", "SFI_ERR_DEVICE: the chip replied 0x37 to a piece of the "
                   "image\n"))
        self.assertEqual(b.counter("line.vault"), 1)
        part.stop()
        self.assertHoldsNothing(part)
        part.start()
        self.assertEqual(self.install(good, part), (0, "", ""))
        self.assertEqual(b.counter("line.vault"), 1)

    def test_nothing_to_do(self):
        b = self.bench
        part = b.chip(H753, "part")
        b.hsm(H753, "line.vault", 1)
        image = b.image(H753, "fw.sfi")
        status, out, err = self.install(image, part)  # the chip is off
        self.assertEqual((status, out), (1, ""))
        self.assertRegex(err, "^SFI_ERR_NO_DEVICE: ")
        wrong = b.path / "wrong-pin"
        wrong.write_text("wrong-pin\n")
        status, out, err = self.install(image, part.start(), wrong)
        self.assertEqual((status, out), (1, ""))
        self.assertRegex(err, "^SFI_ERR_HSM_PIN: ")
        self.assertEqual(subprocess.run([PROGRAM]).returncode, 64)
        self.assertEqual(b.counter("line.vault"), 1)


if __name__ == "__main__":
    bench.main()
