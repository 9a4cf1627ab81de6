# SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later
# Copyright The libsfi authors
"""Two independent processes share the work: a chip on a pty, a programmer."""

import bench
from bench import H753, L462, DATA, about


class Install(bench.Case):
    def setUp(self):
        self.bench = bench.Bench()
        self.addCleanup(self.bench.close)

    def plain(self, chip):
        return bench.segments(chip), bench.option_words(DATA / f"ob-{chip}.csv")

    def install(self, chip, image):
        b = self.bench
        hsm = b.hsm(chip, "line.vault", 3)
        part = b.chip(chip, "part").start()
        self.assertEnded(part.program(image, *hsm), 0)
        part.stop()
        self.assertHolds(part, *self.plain(chip))
        self.assertEqual(b.counter("line.vault"), 2)
        return part, hsm

    def test_h753_by_hsm(self):
        part, hsm = self.install(H753, self.bench.image(H753, "fw.sfi"))
        # it may be installed again, but only after a mass erase
        part.start()
        again = part.program(self.bench.path / "fw.sfi", *hsm)
        self.assertEnded(again, 5, about("part.tty", "installed firmware",
                                         "mass erase"))
        self.assertEqual(self.bench.counter("line.vault"), 2)
        self.assertEnded(bench.run("sfi-program", "-c", f"port={part.link}",
                                   "-e", "all"), 0)
        self.assertTrue(part.dump("flash") == part.born_flash)
        self.assertEnded(part.program(self.bench.path / "fw.sfi", *hsm), 0)
        part.stop()
        self.assertHolds(part, *self.plain(H753))
        self.assertEqual(self.bench.counter("line.vault"), 2)

    def test_l462_by_hsm_then_silent(self):
        part, hsm = self.install(L462, self.bench.image(L462, "fw.sfi"))
        part.start()
        self.assertEnded(part.program(self.bench.path / "fw.sfi", *hsm), 4,
                         about("part.tty", "no answer to 0x7f", "powered"))
        part.stop()
        self.assertHolds(part, *self.plain(L462))
        self.assertEqual(self.bench.counter("line.vault"), 2)

    def by_license(self, chip):
        b = self.bench
        image = b.image(chip, "fw.sfi")
        part = b.chip(chip, "part")
        lic = b.license(part, b.hsm(chip, "line.vault", 1))
        part.start()
        self.assertEnded(part.program(image, "hsm=0", lic), 0)
        part.stop()
        self.assertHolds(part, *self.plain(chip))

    def test_h753_by_license_file(self):
        self.by_license(H753)

    def test_l462_by_license_file(self):
        self.by_license(L462)

    def test_every_format_gives_the_same_flash(self):
        b = self.bench
        hsm = b.hsm(H753, "line.vault", 1)
        part = b.chip(H753, "part")
        plain = []
        for address in sorted(bench.segments(H753)):
            if plain:
                plain.append("-fir")
            plain += [DATA / f"blink-{H753}-0x{address:08x}.bin",
                      f"0x{address:08x}"]
        for files in ([DATA / f"blink-{H753}.hex"],
                      [DATA / f"blink-{H753}.srec"], plain):
            image = b.image(H753, f"fw{len(files)}{files[0].suffix}.sfi",
                            *files)
            part.start()
            erase = bench.run("sfi-program", "-c", f"port={part.link}",
                              "-e", "all")
            self.assertEnded(erase, 0)
            self.assertEnded(part.program(image, *hsm), 0)
            part.stop()
            self.assertHolds(part, *self.plain(H753))
        self.assertEqual(b.counter("line.vault"), 0)

    def test_known_before_security(self):
        """What is known fails before an open chip is secure for ever."""
        b = self.bench
        image = b.image(H753, "fw.sfi")
        hsm = b.hsm(H753, "line.vault", 1)
        other = b.hsm(L462, "other.vault", 1)
        first = b.chip(H753, "first").start()
        part = b.chip(H753, "part").start()
        wrong = b.path / "wrong"
        wrong.write_text("0000\n")
        store = f"store={b.path / 'licences'}"
        self.assertEnded(part.program(image, *hsm[:2], "--pin-file", wrong), 6,
                         "wrong PIN")
        self.assertEnded(part.program(image, *other), 3,
                         "product 46201002, and this stm32h753xi is of "
                         "product 45002001")
        self.assertEnded(first.program(image, *hsm[:2], store, *hsm[2:]), 0)
        for words in (hsm, [*hsm[:2], store, *hsm[2:]]):
            self.assertEnded(part.program(image, *words), 6,
                             "no installations left: all 1 were used")
        self.assertOpen(part)
        # an HSM for more, but with another PIN, beside a store that has some
        hsm = b.hsm(H753, "more.vault", 1)
        self.assertEnded(part.program(image, *hsm[:2], store, "--pin-file",
                                      wrong), 6, "wrong PIN")
        self.assertOpen(part)
        self.assertEnded(part.program(image, *hsm), 0)

    def test_security_is_asked_for(self):
        """Without --yes and a terminal an open chip stays open."""
        b = self.bench
        image = b.image(H753, "fw.sfi")
        hsm = b.hsm(H753, "line.vault", 1)
        part = b.chip(H753, "part").start()
        words = [w for w in part.words(image, *hsm) if w != "--yes"]
        cert = ["sfi-program", "-c", f"port={part.link}", "-gc",
                b.path / "cert"]
        for command in (words, cert):
            result = bench.run(*command)
            self.assertEqual(result.status, 7, str(result))
            self.assertIn("answer with --yes", result.message)
            self.assertIn("not confirmed, the chip is still open",
                          result.message)
            self.assertEnded(bench.run(*command, "--json"), 7,
                             "for ever: state --yes with --json")
        gang = ["sfi-program", "--gang", part.link, "-sfi", image, *hsm]
        self.assertEnded(bench.run(*gang), 7,
                         "for ever: state --yes with --gang")
        self.assertOpen(part)
        self.assertEqual(b.counter("line.vault"), 1)
        self.assertEnded(bench.run(*gang, "--yes"), 0)

    def test_certificate_is_saved(self):
        part = self.bench.chip(L462, "part").start()
        out = self.bench.path / "cert.bin"
        self.assertEnded(bench.run("sfi-program", "-c", f"port={part.link}",
                                   "-gc", out), 0)
        part.stop()
        self.assertEqual(out.read_bytes(), part.dump("certificate"))

    def test_two_chips_at_once(self):
        """Contexts share nothing: two stations, two chips, one HSM."""
        b = self.bench
        image = b.image(H753, "fw.sfi")
        hsm = b.hsm(H753, "line.vault", 2)
        parts = [b.chip(H753, f"part{i}").start() for i in range(2)]
        running = [bench.start(*p.words(image, *hsm)) for p in parts]
        for process in running:
            self.assertEnded(bench.Result.of(process), 0)
        for part in parts:
            part.stop()
            self.assertHolds(part, *self.plain(H753))
        self.assertEqual(b.counter("line.vault"), 0)


if __name__ == "__main__":
    bench.main()
