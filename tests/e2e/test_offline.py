# SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later
# Copyright The libsfi authors
"""Certificates are collected from chips, licensed at the HSM, and the chips
installed elsewhere."""

import hashlib

import bench
from bench import H753, L462, DATA, about


class Offline(bench.Case):
    def setUp(self):
        self.bench = bench.Bench()
        self.addCleanup(self.bench.close)
        b = self.bench
        self.certs, self.store = b.path / "certs", b.path / "licences"
        self.certs.mkdir()

    def collect(self, *parts):
        """-gc FOLDER: a file for each, named after its device."""
        for part in parts:
            self.assertEnded(bench.run("sfi-program", "-c",
                                       f"port={part.link}", "--yes",
                                       "-gc", self.certs),
                             0)
            data = (self.certs / f"{self.device(part)}.cert").read_bytes()
            self.assertEqual(data, part.dump("certificate"))

    def device(self, part):
        return hashlib.sha256(part.dump("certificate")[8:72]).hexdigest()

    def license_all(self, hsm, status=0, message=None):
        """License a folder at the HSM."""
        result = bench.run("sfi-program", "-hsmgetlicensefromcertifbin",
                           self.certs, self.store, *hsm[1:])
        self.assertEnded(result, status, message)
        return result

    def plain(self, chip):
        return bench.segments(chip), bench.option_words(DATA / f"ob-{chip}.csv")

    def three(self, chip):
        b = self.bench
        image = b.image(chip, "fw.sfi")
        hsm = b.hsm(chip, "line.vault", 3)
        parts = [b.chip(chip, f"part{i}").start() for i in range(3)]
        self.collect(*parts)
        self.assertIn("3 new, 0 already stored, 0 refused",
                      self.license_all(hsm).out)
        self.assertEqual(b.counter("line.vault"), 0)
        # without the HSM
        (b.path / "line.vault").unlink()
        b.pin.unlink()
        for part in parts:
            self.assertEnded(part.program(image, "hsm=0", self.store), 0)
            part.stop()
            self.assertHolds(part, *self.plain(chip))

    def test_three_chips_h753(self):
        self.three(H753)

    def test_three_chips_l462(self):
        self.three(L462)

    def test_chip_that_is_not_in_the_store(self):
        b = self.bench
        image = b.image(H753, "fw.sfi")
        hsm = b.hsm(H753, "line.vault", 2)
        one, two = (b.chip(H753, n).start() for n in ("one", "two"))
        self.collect(one)
        self.license_all(hsm)
        # while it is open none of the licences can be its own
        self.assertEnded(two.program(image, "hsm=0", self.store), 6,
                         about("licences", "open chip", "certificate"))
        self.assertOpen(two)
        self.collect(two)
        result = two.program(image, "hsm=0", self.store)
        self.assertEnded(result, 6, about("licences", self.device(two),
                                          "stored"))
        self.assertHoldsNothing(two)
        # now it succeeds
        self.assertIn("1 new, 1 already stored", self.license_all(hsm).out)
        self.assertEnded(two.program(image, "hsm=0", self.store), 0)
        two.stop()
        self.assertHolds(two, *self.plain(H753))

    def test_store_beside_an_hsm(self):
        """Licences are kept, and the HSM is not asked again."""
        b = self.bench
        image = b.image(H753, "fw.sfi")
        hsm = b.hsm(H753, "line.vault", 1)
        words = [*hsm[:2], f"store={self.store}", *hsm[2:]]
        part = b.chip(H753, "part").start()
        self.assertEnded(part.program(image, *words), 0)
        self.assertEqual([p.name for p in self.store.iterdir()],
                         [f"{self.device(part)}.lic"])
        self.assertEqual(b.counter("line.vault"), 0)
        self.assertEnded(part.program(image, *words, "-e", "all"), 0)
        # the HSM is not opened, and its PIN not asked for
        (b.path / "line.vault").unlink()
        self.assertEnded(part.program(image, *words[:-2], "-e", "all"), 0)
        part.stop()
        self.assertHolds(part, *self.plain(H753))

    def test_hsm_refuses_beside_a_store(self):
        """The HSM is opened late; its refusal reaches the user, the chip is
        untouched."""
        b = self.bench
        image = b.image(H753, "fw.sfi")
        hsm = b.hsm(H753, "line.vault", 1)
        words = [hsm[0], f"store={self.store}"]
        wrong = b.path / "wrong"
        wrong.write_text("0000\n")
        part = b.chip(H753, "part").start()
        for more, told in (
                ([hsm[1], "--pin-file", wrong],
                 about("line.vault", "PIN", "9 tries")),
                ([f"slot=vault:{b.path}/none", *hsm[2:]],
                 about("none", "no such vault")),
                (["slot=nothing", *hsm[2:]], "nothing")):
            result = part.program(image, *words, *more)
            self.assertIn(result.status, (2, 6, 7), str(result))
            self.assertSays(result.message, told)
            self.assertHoldsNothing(part)
        result = part.program(image, *words, hsm[1])
        self.assertEqual(result.status, 6)
        self.assertIn("the chip's licence is not in the store, and without a "
                      "PIN the HSM gives none", result.message)
        self.assertHoldsNothing(part)
        self.assertEqual(list(self.store.iterdir()), [])
        self.assertEqual(b.counter("line.vault"), 1)
        self.assertEnded(part.program(image, *words, *hsm[1:]), 0)

    def test_damaged_store(self):
        """Its file is reported; nothing is installed or counted."""
        b = self.bench
        image = b.image(H753, "fw.sfi")
        hsm = b.hsm(H753, "line.vault", 2)
        part = b.chip(H753, "part").start()
        self.collect(part)
        self.license_all(hsm)
        file = self.store / f"{self.device(part)}.lic"
        good = file.read_bytes()
        file.write_bytes(good[:100])
        for words in (["hsm=0", self.store],
                      [*hsm[:2], f"store={self.store}", *hsm[2:]]):
            self.assertEnded(part.program(image, *words), 2,
                             about(file.name, "100 bytes", "136"))
            self.assertHoldsNothing(part)
        self.assertEqual(b.counter("line.vault"), 1)
        file.write_bytes(good)
        self.assertEnded(part.program(image, "hsm=0", self.store), 0)
        part.stop()
        self.assertHolds(part, *self.plain(H753))

    def test_licenses_mixed_up(self):
        """A licence of another chip under this chip's name: the chip refuses."""
        b = self.bench
        image = b.image(L462, "fw.sfi")
        hsm = b.hsm(L462, "line.vault", 2)
        one, two = (b.chip(L462, n).start() for n in ("one", "two"))
        self.collect(one, two)
        self.license_all(hsm)
        names = [self.store / f"{self.device(p)}.lic" for p in (one, two)]
        data = [n.read_bytes() for n in names]
        for name, other in zip(names, reversed(data)):
            name.write_bytes(other)
        for part in (one, two):
            self.assertEnded(part.program(image, "hsm=0", self.store), 5,
                             about(part.link.name, "licence",
                                   "not for this chip"))
            self.assertHoldsNothing(part)
        for name, own in zip(names, data):
            name.write_bytes(own)
        for part in (one, two):
            self.assertEnded(part.program(image, "hsm=0", self.store), 0)
            part.stop()
            self.assertHolds(part, *self.plain(L462))

    def test_no_such_store(self):
        b = self.bench
        image = b.image(H753, "fw.sfi")
        part = b.chip(H753, "part").start()
        self.assertEnded(part.program(image, "hsm=0", b.path / "none"), 7,
                         about("none", "read", "No such file"))
        hsm = b.hsm(H753, "line.vault", 1)
        file = b.path / "file"
        file.write_bytes(b"x")
        self.assertEnded(part.program(image, *hsm[:2], f"store={file}",
                                       *hsm[2:]), 7,
                         about("file", "licence store"))
        self.assertHoldsNothing(part)
        self.assertEqual(b.counter("line.vault"), 1)


if __name__ == "__main__":
    bench.main()
