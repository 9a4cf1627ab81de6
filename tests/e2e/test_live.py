# SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later
# Copyright The libsfi authors
"""Live licences: for one install of one chip, made while the chip waits."""

import json
import sqlite3

import bench
from bench import H753, L462, DATA, about


class Live(bench.Case):
    def setUp(self):
        self.bench = bench.Bench()
        self.addCleanup(self.bench.close)

    def live(self, part, image, *hsm):
        return part.program(image, *hsm, protocol="live")

    def holds(self, part):
        self.assertHolds(part, bench.segments(part.name),
                         bench.option_words(DATA / f"ob-{part.name}.csv"))

    def last_license(self):
        """The vault's last licence, as an eavesdropper would have it."""
        with sqlite3.connect(self.bench.path / "line.vault") as db:
            return db.execute("SELECT license FROM record ORDER BY sequence "
                              "DESC LIMIT 1").fetchone()[0]

    def install(self, chip):
        b = self.bench
        image, hsm = b.image(chip, "fw.sfi"), b.hsm(chip, "line.vault", 3)
        part = b.chip(chip, "part").start()
        done = self.live(part, image, *hsm)
        self.assertEnded(done, 0)
        self.assertRegex(done.out, "Protocol Information : live")
        part.stop()
        self.holds(part)
        self.assertEqual(b.counter("line.vault"), 2)
        self.assertEqual(self.last_license()[:4], b"SFIL")
        return part, image, hsm

    def test_h753(self):
        part, image, hsm = self.install(H753)
        first = self.last_license()
        # each install is a new session, the count stays
        part.start()
        again = self.live(part, image, *hsm, "-e", "all", "--json")
        self.assertEnded(again, 0)
        self.assertEqual(json.loads(again.out)["protocol"], "live")
        part.stop()
        self.holds(part)
        self.assertEqual(self.bench.counter("line.vault"), 2)
        self.assertNotEqual(self.last_license()[4:8], first[4:8])

    def test_l462(self):
        self.install(L462)

    def test_after_a_static_one(self):
        """A counted chip is not counted again for the other protocol."""
        b = self.bench
        image, hsm = b.image(H753, "fw.sfi"), b.hsm(H753, "line.vault", 1)
        part = b.chip(H753, "part").start()
        self.assertEnded(part.program(image, *hsm), 0)
        self.assertEqual(b.counter("line.vault"), 0)
        self.assertEnded(self.live(part, image, *hsm, "-e", "all"), 0)
        self.assertEnded(part.program(image, *hsm, "-e", "all"), 0)
        part.stop()
        self.holds(part)

    def test_recorded_license(self):
        """A live licence in a file is refused before the chip is touched."""
        part, image, _ = self.install(H753)
        kept = self.bench.path / "kept.lic"
        kept.write_bytes(self.last_license())
        part.start()
        self.assertEnded(part.program(image, "hsm=0", kept, "-e", "all"), 2,
                         about("", "licence", "live", "static", "protocol"))
        self.assertEnded(self.live(part, image, "hsm=0", kept), 64,
                         "protocol=live needs hsm=1")
        # edited into a static one, the chip refuses it
        kept.write_bytes(b"SFI." + bytes(4) + kept.read_bytes()[8:])
        self.assertEnded(part.program(image, "hsm=0", kept, "-e", "all"), 5,
                         about("part.tty", "licence", "altered"))
        part.stop()
        self.assertTrue(part.dump("flash") == part.born_flash)

    def killed_half_way(self, chip, address):
        """After a power cut the next run has a new session."""
        b = self.bench
        big = b.path / "big.bin"
        big.write_bytes(bytes(range(1, 256)) * 1600)  # 408,000 bytes
        image = b.image(chip, "big.sfi", big, hex(address))
        hsm = b.hsm(chip, "line.vault", 1)
        part = b.chip(chip, "part").start()
        program = bench.start(*part.words(image, *hsm, protocol="live"))
        for line in program.stdout:
            if "30%" in line:
                break
        part.stop(bench.signal.SIGKILL)
        self.assertEnded(bench.Result.of(program), 4, "part.tty: ")
        part.start()
        self.assertHoldsNothing(part)
        self.assertEnded(self.live(part, image, *hsm), 0)
        part.stop()
        self.assertHolds(part, {address: big.read_bytes()},
                         bench.option_words(DATA / f"ob-{chip}.csv"))
        self.assertEqual(b.counter("line.vault"), 0)

    def test_h753_killed_half_way(self):
        self.killed_half_way(H753, 0x08000000)

    def test_l462_killed_half_way(self):
        self.killed_half_way(L462, 0x08001000)


if __name__ == "__main__":
    bench.main()
