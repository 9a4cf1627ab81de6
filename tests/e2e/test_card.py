#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later
# Copyright The libsfi authors
"""The whole story with a smartcard: sfi-hsm and sfi-program over the real
pcscd, sfi-card in its virtual readers, virtual chips on ptys."""

import json
import random
import sys
import time
import unittest

import bench
from bench import about

sys.path.insert(0, str(bench.SOURCE / "tests" / "support" / "card"))

import pcscd  # noqa: E402

class CardTest(unittest.TestCase):
    def setUp(self):
        self.bench = bench.Bench()
        self.addCleanup(self.bench.close)
        self.desk = pcscd.Desk(self.bench.path, bench.PROGRAMS)
        self.addCleanup(self.desk.close)

    # ---- commands ----

    def provision(self, count, slot="1", *more, chip=bench.H753):
        b = self.bench
        return bench.must("sfi-hsm", "-i", slot, "-k", b.path / "key.bin",
                          "-n", b.path / "nonce.bin", "-id", f"blink {chip}",
                          "-mc", count, "-pd", b.perso(chip), "--pin-file",
                          b.pin, "--yes", *more)

    def info(self, slot="1"):
        return json.loads(bench.must("sfi-hsm", "-i", slot, "-info",
                                     "--json").out)

    def left(self, slot="1"):
        return self.info(slot)["remaining"]

    def hsm(self, slot="1"):
        return ["hsm=1", f"slot={slot}", "--pin-file", self.bench.pin]

    def certificates(self, count, chip=bench.L462):
        folder = self.bench.path / "certificates"
        folder.mkdir()
        for i in range(count):
            made = self.bench.chip(chip, f"cert{i}")
            (folder / f"{i}.cert").write_bytes(made.dump("certificate"))
        return folder

    def licensing(self, certificate, license_file, slot="1"):
        return ["sfi-program", "-hsmglfcb", certificate, license_file,
                f"slot={slot}", "--pin-file", self.bench.pin]

    def refused(self, result, status, message):
        self.assertEqual((result.status, result.message), (status, message),
                         str(result))

    def installed(self, chip, result):
        self.assertEqual(result.status, 0, str(result))
        flash = chip.dump("flash")
        for at, data in bench.segments(chip.name).items():
            at -= bench.FLASH_BASE
            self.assertEqual(flash[at:at + len(data)], data)

    # ---- the story ----

    def story(self, slot):
        """Blank, provisioned, two chips installed, exhausted."""
        self.desk.insert()
        self.assertEqual(self.info(slot)["state"], "BLANK STATE")
        self.provision(2, slot)
        self.assertEqual(self.left(slot), 2)
        again = bench.run("sfi-hsm", "-i", slot, "-k",
                          self.bench.path / "key.bin", "-n",
                          self.bench.path / "nonce.bin", "-id", "x", "-mc",
                          "9", "-pd", self.bench.perso(bench.H753),
                          "--pin-file", self.bench.pin, "--yes")
        self.assertEqual(again.status, 6, str(again))
        self.assertIn("locked", again.message)
        image = self.bench.image(bench.H753, "blink.sfi")
        first, second, third = [self.bench.chip(bench.H753, f"chip{i}").start()
                                for i in range(3)]
        self.installed(first, first.program(image, *self.hsm(slot)))
        self.assertEqual(self.left(slot), 1)
        bench.must("sfi-program", "-c", f"port={first.link}", "-e", "all")
        self.installed(first, first.program(image, *self.hsm(slot)))
        self.assertEqual(self.left(slot), 1)  # counted once
        self.desk.remove()
        self.desk.insert()
        self.installed(second, second.program(image, *self.hsm(slot)))
        self.assertEqual(self.info(slot)["state"], "EXHAUSTED STATE")
        self.refused(third.program(image, *self.hsm(slot)), 6,
                     about("sfi-program: pcsc:1", "installations", "2"))
        self.assertEqual(third.dump("flash"), third.born_flash)
        bench.must("sfi-program", "-c", f"port={first.link}", "-e", "all")
        self.installed(first, first.program(image, *self.hsm(slot)))

    def test_story(self):
        self.story("1")

    def test_story_in_short_commands(self):
        self.story("pcsc:1?apdu=short")

    def test_live(self):
        self.desk.insert()
        self.provision(1)
        chip = self.bench.chip(bench.H753, "chip").start()
        image = self.bench.image(bench.H753, "blink.sfi")
        for _ in range(2):  # each with its own licence, counted once
            self.installed(chip, chip.program(image, *self.hsm(),
                                              protocol="live"))
            bench.must("sfi-program", "-c", f"port={chip.link}", "-e", "all")
        self.assertEqual(self.left(), 0)

    def test_prove_the_count(self):
        """The audit log comes out of the card, and the audit key proves it."""
        b = self.bench
        folder, key = self.certificates(3, bench.H753), b.path / "audit.key"
        self.desk.insert()
        self.provision(3, "1", "--audit-key", key)
        logs = [b.path / f"{i}.log" for i in range(4)]
        bench.must("sfi-hsm", "-i", "1", "-audit", logs[0])
        for i in range(2):
            bench.must(*self.licensing(folder / f"{i}.cert", b.path / f"{i}.lic"))
            bench.must("sfi-hsm", "-i", "1", "-audit", logs[1 + i])
        bench.must("sfi-hsm", "-i", "1", "--retire", "--yes", "--pin-file",
                   b.pin)
        bench.must("sfi-hsm", "-i", "pcsc:1?apdu=short", "-audit", logs[3])
        for i in range(4):
            before = ["--before", logs[i - 1]] if i > 0 else []
            proved = json.loads(bench.must("sfi-hsm", "--verify-audit", logs[i],
                                           "--key", key, *before,
                                           "--json").out)
            self.assertEqual(
                (proved["licensed"], proved["remaining"], proved["records"]),
                (min(i, 2), 3 - min(i, 2), i), proved)
        # the vault has the same log
        self.desk.remove()
        bench.must("sfi-hsm", "-i", f"vault:{b.path / 'card0'}", "-audit",
                   b.path / "vault.log")
        self.assertEqual((b.path / "vault.log").read_bytes(),
                         logs[3].read_bytes())
        # a rollback is found in the log
        self.refused_by_verify(logs[0], key, logs[2])
        self.desk.insert()
        result = bench.run(*self.licensing(folder / "0.cert", b.path / "lic"))
        self.assertEqual(result.status, 6, str(result))
        self.assertIn("retired", result.message)

    def refused_by_verify(self, log, key, before):
        result = bench.run("sfi-hsm", "--verify-audit", log, "--key", key,
                           "--before", before)
        self.assertEqual(result.status, 3, str(result))

    def test_change_pin(self):
        b = self.bench
        certificate = self.certificates(1, bench.H753) / "0.cert"
        new = b.path / "new-pin"
        new.write_text("another one\n")
        self.desk.insert()
        self.provision(1)
        bench.must("sfi-hsm", "-i", "1", "--change-pin", "--pin-file", b.pin,
                   "--new-pin-file", new)
        self.refused(bench.run(*self.licensing(certificate, b.path / "lic")), 6,
                     about("sfi-program: pcsc:1", "PIN", "9 tries"))
        b.pin.write_text("another one\n")
        bench.must(*self.licensing(certificate, b.path / "lic"))

    def test_list(self):
        def slots():
            told = json.loads(bench.must("sfi-hsm", "--list", "--json").out)
            return [(s["number"], s["card"], s["name"])
                    for s in told["slots"]]

        first, second = pcscd.READERS
        self.assertEqual(slots(), [(1, False, first), (2, False, second)])
        self.desk.insert(1)
        self.assertEqual(slots(), [(1, False, first), (2, True, second)])
        self.assertEqual(self.info("2")["state"], "BLANK STATE")

    def test_two_readers(self):
        self.desk.insert(0)
        self.desk.insert(1)
        self.provision(3, "1")
        self.assertEqual(self.info("2")["state"], "BLANK STATE")
        self.provision(5, "pcsc:" + pcscd.READERS[1])
        self.assertEqual((self.left("1"), self.left("2")), (3, 5))
        folder = self.certificates(1, bench.H753)
        bench.must(*self.licensing(folder, self.bench.path / "store", "2"))
        self.assertEqual((self.left("1"), self.left("2")), (3, 4))
        # the same card in the other reader
        self.desk.remove(0)
        self.desk.remove(1)
        self.desk.insert(0, self.bench.path / "card1")
        self.assertEqual(self.left("1"), 4)
        self.refused(bench.run("sfi-hsm", "-i", "2", "-info"), 4,
                     about("sfi-hsm: pcsc:2", "no card"))

    # ---- failures ----

    def test_no_card(self):
        chip = self.bench.chip(bench.H753, "chip").start()
        image = self.bench.image(bench.H753, "blink.sfi")
        message = about("sfi-program: pcsc:1", "no card")
        self.refused(chip.program(image, *self.hsm()), 4, message)
        self.desk.insert()
        self.provision(1)
        self.desk.remove()
        self.refused(chip.program(image, *self.hsm()), 4, message)
        self.assertEqual(chip.dump("flash"), chip.born_flash)
        self.assertEqual(chip.dump("option-bytes"), chip.born_options)
        self.desk.insert()
        self.installed(chip, chip.program(image, *self.hsm()))

    def test_no_service(self):
        self.desk.insert()
        self.desk.service.stop()
        self.refused(bench.run("sfi-hsm", "-i", "1", "-info"), 4,
                     about("sfi-hsm: pcsc:1", "pcscd"))
        self.desk.service.start()
        self.desk.pcsc = pcscd.Pcsc()
        self.desk.pcsc.wait(pcscd.READERS[0])
        self.assertEqual(self.info()["state"], "BLANK STATE")

    def test_busy(self):
        self.desk.insert()
        self.provision(1)
        with self.desk.connect(share=pcscd.EXCLUSIVE):
            result = bench.run("sfi-hsm", "-i", "1", "-info")
        self.refused(result, 4, about("sfi-hsm: pcsc:1", "another program"))
        self.assertEqual(self.left(), 1)
        with self.desk.connect() as other:  # two connections are possible
            other.transmit("00a4040008f053464948534d0100")
            self.assertEqual(self.left(), 1)

    def test_wrong_pin(self):
        self.desk.insert()
        self.provision(1)
        wrong = self.bench.path / "wrong"
        wrong.write_text("0000\n")
        certificate = self.certificates(1, bench.H753) / "0.cert"
        for left in (9, 8):
            self.refused(bench.run(
                "sfi-program", "-hsmglfcb", certificate,
                self.bench.path / "lic", "slot=1", "--pin-file", wrong), 6,
                about("sfi-program: pcsc:1", "PIN", f"{left} tries"))
        self.assertEqual(self.left(), 1)
        bench.must(*self.licensing(certificate, self.bench.path / "lic"))
        self.assertEqual(self.info()["pin_tries_left"], 10)

    def test_certificate_of_another_product(self):
        self.desk.insert()
        self.provision(1)
        certificate = self.certificates(1, bench.L462) / "0.cert"
        result = bench.run(*self.licensing(certificate,
                                           self.bench.path / "lic"))
        self.assertEqual(result.status, 3, str(result))
        self.assertEqual(self.left(), 1)

    def test_killed_while_licensing(self):
        """The card is removed at any moment of a run."""
        rounds = 8
        folder = self.certificates(rounds, bench.H753)
        self.desk.insert()
        self.provision(rounds)
        begin = time.monotonic()
        self.left()
        bench.must(*self.licensing(folder / "0.cert", self.bench.path / "lic"))
        longest = time.monotonic() - begin
        lost = 0
        for i in range(1, rounds):
            out = self.bench.path / f"{i}.lic"
            host = bench.start(*self.licensing(folder / f"{i}.cert", out))
            time.sleep(random.uniform(0, longest))
            self.desk.kill()
            result = bench.Result.of(host)
            self.assertIn(result.status, (0, 4), str(result))
            self.assertEqual(out.exists(), result.status == 0, str(result))
            lost += result.status != 0
            self.desk.insert()
            self.assertIn(self.left(), [rounds - i - 1] if out.exists() else
                          [rounds - i, rounds - i - 1])
            first = out.read_bytes() if out.exists() else None
            bench.must(*self.licensing(folder / f"{i}.cert", out))
            self.assertEqual(self.left(), rounds - i - 1)
            self.assertIn(first, (None, out.read_bytes()))
        print(f"{rounds - 1} kills, {lost} hosts noticed")

    def test_killed_in_a_batch(self):
        """The card is removed while it licenses a folder of certificates."""
        folder, store = self.certificates(6, bench.H753), \
            self.bench.path / "store"
        self.desk.insert()
        self.provision(6)
        host = bench.start(*self.licensing(folder, store))
        pcscd.eventually(lambda: store.exists() and any(store.iterdir()),
                         "a first licence")
        self.desk.kill()
        bench.Result.of(host)
        self.desk.insert()
        bench.must(*self.licensing(folder, store))
        self.assertEqual(len(list(store.glob("*.lic*"))) or
                         len(list(store.iterdir())), 6)
        self.assertEqual(self.left(), 0)

    def test_two_hosts_of_one_card(self):
        """Each SELECT ends the other's login; both programs log in again."""
        folder = self.certificates(6, bench.H753)
        self.desk.insert()
        self.provision(6)
        hosts = [bench.start(*self.licensing(folder,
                                             self.bench.path / f"store{i}"))
                 for i in range(2)]
        for host in hosts:
            result = bench.Result.of(host)
            self.assertEqual(result.status, 0, str(result))
        self.assertEqual(self.left(), 0)
        same = [sorted((p.name, p.read_bytes()) for p in
                       (self.bench.path / f"store{i}").iterdir())
                for i in range(2)]
        self.assertEqual(same[0], same[1])


if __name__ == "__main__":
    pcscd.need()
    if "SFI_ERR_UNSUPPORTED" in bench.run("sfi-hsm", "--list", "--json").out:
        pcscd.skip("libsfi was built without smartcards")
    bench.main()
