# SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later
# Copyright The libsfi authors
"""Refused licences and certificates, and HSMs that refuse."""

import os

import bench
from bench import H753, L462, DATA, about


class Refusal(bench.Case):
    chip = H753

    def setUp(self):
        self.bench = bench.Bench()
        self.addCleanup(self.bench.close)
        self.image = self.bench.image(self.chip, "fw.sfi")

    def then_good(self, part, *words):
        self.assertEnded(part.program(self.image, *words), 0)
        part.stop()
        self.assertHolds(part, bench.segments(self.chip),
                         bench.option_words(DATA / f"ob-{self.chip}.csv"))

    def test_license_of_another_chip(self):
        b = self.bench
        hsm = b.hsm(self.chip, "line.vault", 2)
        one, two = (b.chip(self.chip, n) for n in ("one", "two"))
        lic = b.license(one, hsm, "one.lic")
        two.start()
        self.assertEnded(two.program(self.image, "hsm=0", lic), 5,
                         about("two.tty", "licence", "not for this chip"))
        self.assertHoldsNothing(two)
        self.then_good(two, *hsm)

    @staticmethod
    def found_by(at):
        """Where an altered byte of a licence is found, and the message."""
        told = (
            (4, 2, about("altered.lic", "type")),
            (8, 2, about("altered.lic", "static", "session id")),
            (12, 2, about("altered.lic", "version")),
            (24, 2, about("altered.lic", "bytes 12 to 23")),
            (88, 2, about("altered.lic", "ephemeral key", "P-256")),
            (136, 5, about("part.tty", "licence", "altered")),
        )
        return next(row[1:] for row in told if at < row[0])

    def test_altered_license(self):
        b = self.bench
        part = b.chip(self.chip, "part")
        good = b.license(part, b.hsm(self.chip, "line.vault", 1))
        data = good.read_bytes()
        self.assertEqual(len(data), 136)
        part.start()
        step = 1 if os.environ.get("SFI_TEST_LONG") else 7
        for at in [*range(0, 24, step), 24, 55, 56, 87, 88, 119, 120, 135]:
            bad = bytearray(data)
            bad[at] ^= 0x01
            path = b.path / "altered.lic"
            path.write_bytes(bad)
            with self.subTest(at=at):
                self.assertEnded(part.program(self.image, "hsm=0", path),
                                 *self.found_by(at))
                self.assertHoldsNothing(part)
        for size in (0, 135, 137):
            path.write_bytes((data + b"\0")[:size])
            with self.subTest(size=size):
                result = part.program(self.image, "hsm=0", path)
                self.assertEnded(result, 2, about("altered.lic",
                                                  f"{size} bytes", "136"))
                self.assertHoldsNothing(part)
        self.then_good(part, "hsm=0", good)

    def test_license_of_another_firmware(self):
        """Same chip and product, another key: the header tag fails."""
        b = self.bench
        part = b.chip(self.chip, "part")
        own = b.hsm(self.chip, "own.vault", 1)
        for name in ("key.bin", "nonce.bin"):
            (b.path / name).rename(b.path / f"own-{name}")
        bench.must("sfi-create", "--genkey", b.path / "key.bin", "--gennonce",
                   b.path / "nonce.bin")
        other = b.hsm(self.chip, "other.vault", 1)
        part.start()
        self.assertEnded(part.program(self.image, *other), 3,
                         about("other.vault", "another key or nonce"))
        self.assertEqual(b.counter("other.vault"), 1)
        lic = b.license(part, other, "other.lic")
        self.assertEnded(part.program(self.image, "hsm=0", lic), 5,
                         about("part.tty", "image header", "not verify",
                               "another image"))
        self.assertHoldsNothing(part)
        self.then_good(part, *own)

    def test_certificate_of_another_ca(self):
        b = self.bench
        fake = b.chip(self.chip, "fake", ca="other-ca")
        hsm = b.hsm(self.chip, "line.vault", 2)
        fake.start()
        self.assertEnded(fake.program(self.image, *hsm), 3,
                         about("line.vault", "certificate", "not signed", "CA"))
        self.assertHoldsNothing(fake)
        self.assertEqual(b.counter("line.vault"), 2)
        own = b.hsm(self.chip, "own.vault", 1, ca="other-ca")
        self.then_good(fake, *own)

    def test_certificate_of_another_product(self):
        b = self.bench
        part = b.chip(self.chip, "part")
        other = L462 if self.chip == H753 else H753
        b.chip(other, "unused")  # makes the CA's file for this product
        hsm = b.hsm(other, "other.vault", 2)
        part.start()
        own, foreign = bench.PRODUCT[self.chip], bench.PRODUCT[other]
        # an open chip stays open: its certificate was not read
        facts = ((f"product {foreign}", f"product {own}")
                 if self.chip == H753 else
                 (f"product {own}", "vault", foreign))
        self.assertEnded(part.program(self.image, *hsm), 3,
                         about("other.vault", *facts))
        self.assertHoldsNothing(part)
        self.assertEqual(b.counter("other.vault"), 2)
        self.then_good(part, *b.hsm(self.chip, "own.vault", 1))

    def test_exhausted_counter(self):
        b = self.bench
        hsm = b.hsm(self.chip, "line.vault", 1)
        one, two = (b.chip(self.chip, n) for n in ("one", "two"))
        one.start()
        self.then_good(one, *hsm)
        two.start()
        self.assertEnded(two.program(self.image, *hsm), 6,
                         about("line.vault", "installations", "1"))
        self.assertHoldsNothing(two)
        self.assertEqual(b.counter("line.vault"), 0)
        self.then_good(two, *b.hsm(self.chip, "more.vault", 1))

    def test_second_provisioning(self):
        b = self.bench
        part = b.chip(self.chip, "part")
        hsm = b.hsm(self.chip, "line.vault", 1)
        before = (b.path / "line.vault").read_bytes()
        again = bench.run(
            "sfi-hsm", "-i", f"vault:{b.path / 'line.vault'}",
            "-k", b.path / "key.bin", "-n", b.path / "nonce.bin", "-id", "x",
            "-mc", 1000, "-pd", b.perso(self.chip), "--pin-file", b.pin,
            "--yes")
        self.assertEnded(again, 6, about("line.vault", "provisioned", "locked"))
        self.assertEqual(b.counter("line.vault"), 1)
        self.assertEqual(before, (b.path / "line.vault").read_bytes())
        part.start()
        self.then_good(part, *hsm)

    def test_wrong_pin(self):
        b = self.bench
        part = b.chip(self.chip, "part").start()
        hsm = b.hsm(self.chip, "line.vault", 1)
        wrong = b.path / "wrong-pin"
        wrong.write_text("0000\n")
        result = part.program(self.image, *hsm[:-1], wrong)
        self.assertEnded(result, 6, about("line.vault", "PIN", "9 tries"))
        self.assertHoldsNothing(part)
        self.assertEqual(b.counter("line.vault"), 1)
        self.then_good(part, *hsm)

    def test_pin_is_blocked_after_ten_tries(self):
        b = self.bench
        part = b.chip(self.chip, "part").start()
        hsm = b.hsm(self.chip, "line.vault", 1)
        wrong = b.path / "wrong-pin"
        wrong.write_text("0000\n")
        for left in reversed(range(10)):
            result = part.program(self.image, *hsm[:-1], wrong)
            self.assertEnded(result, 6,
                             about("line.vault", "PIN", f"{left} tries"))
        self.assertEnded(part.program(self.image, *hsm), 6,
                         about("line.vault", "blocked"))
        self.assertHoldsNothing(part)
        self.then_good(part, *b.hsm(self.chip, "new.vault", 1))

    def test_vault_damaged(self):
        b = self.bench
        part = b.chip(self.chip, "part").start()
        hsm = b.hsm(self.chip, "line.vault", 1)
        vault = b.path / "line.vault"
        good = vault.read_bytes()
        damages = {
            "no database": b"\0" * len(good),
            "cut short": good[:len(good) // 2],
            "overwritten": good[:1024] + b"\xa5" * (len(good) - 1024),
        }
        for name, data in damages.items():
            vault.write_bytes(data)
            with self.subTest(damage=name):
                self.assertEnded(part.program(self.image, *hsm), 6,
                                 "line.vault: (not a vault|the vault is "
                                 "damaged): ")
                self.assertHoldsNothing(part)
        vault.write_bytes(good)
        self.then_good(part, *hsm)

    def test_vault_misspelt(self):
        b = self.bench
        part = b.chip(self.chip, "part").start()
        result = part.program(self.image, "hsm=1",
                              f"slot=vault:{b.path / 'none.vault'}",
                              "--pin-file", b.pin)
        self.assertEnded(result, 7, about("none.vault", "no such vault"))
        self.assertFalse((b.path / "none.vault").exists())
        self.assertHoldsNothing(part)


class RefusalL462(Refusal):
    chip = L462


if __name__ == "__main__":
    bench.main()
