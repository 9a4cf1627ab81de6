# SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later
# Copyright The libsfi authors
"""An order of two chips, one installed and one only counted: reconciled from
what the programs keep."""

import json
import pathlib

import bench
from bench import H753, L462, about, must, run


class Order(bench.Case):
    def setUp(self):
        self.bench = bench.Bench()
        self.addCleanup(self.bench.close)
        self.record = self.bench.path / "line.jsonl"
        self.receipts = self.bench.path / "receipts"
        self.receipts.mkdir()

    def audit_key(self):
        return self.bench.path / "audit.key"

    def hsm(self, chip):
        b = self.bench
        must("sfi-hsm", "-i", f"vault:{b.path / 'line.vault'}",
             "-k", b.path / "key.bin", "-n", b.path / "nonce.bin", "-id",
             "blink", "-mc", 5, "-pd", b.perso(chip), "--audit-key",
             self.audit_key(), "--pin-file", b.pin, "--yes")
        return ["hsm=1", f"slot=vault:{b.path / 'line.vault'}", "--pin-file",
                b.pin]

    def install(self, part, image, hsm, *more):
        part.start()
        result = run(*part.words(image, *hsm), "--record", self.record,
                     "--receipts", self.receipts, "--json", *more)
        self.assertEnded(result, 0)
        part.stop()
        return json.loads(result.out)

    def reconcile(self, status, *files, image=None):
        with_image = ["--image", image] if image else []
        result = run("sfi-hsm", "reconcile", *files, "--audit",
                     self.bench.path / "hsm.audit", "-k", self.audit_key(),
                     *with_image, "--json")
        self.assertEqual(result.status, status, str(result))
        return json.loads(result.out)

    def order(self, chip):
        b = self.bench
        image, hsm = b.image(chip, "fw.sfi"), self.hsm(chip)
        told = self.install(b.chip(chip, "first"), image, hsm)
        self.assertEqual(len(told["receipt"]), 2 * 332)
        b.license(b.chip(chip, "third"), hsm)
        must("sfi-hsm", "-i", f"vault:{b.path / 'line.vault'}", "-audit",
             b.path / "hsm.audit")
        return image, told

    def story(self, chip):
        image, told = self.order(chip)
        b = self.bench
        file = told["receipt_file"]
        # the record alone, the file alone, and both
        for files, repeated in (([self.record], 0), ([file], 0),
                                ([self.record, file], 1)):
            sums = self.reconcile(8, *files, image=image)
            self.assertEqual(
                [sums[n] for n in ("counted", "proven", "unproven",
                                   "repeated", "foreign", "refused")],
                [2, 1, 1, repeated, 0, 0])
        self.assertEqual([d["installed"] for d in sums["devices"]],
                         [True, False])
        # what the file is
        shown = json.loads(must("sfi-info", file, "-pd", b.perso(chip),
                                "--image", image, "--json").out)
        self.assertEqual((shown["kind"], shown["installs"],
                          shown["same_image"]), ("receipt", 1, True))
        self.assertEqual(shown["device_id"], told["device_id"])
        other = b.image(chip, "other.sfi", version=2)
        self.assertEnded(run("sfi-info", file, "--image", other), 5,
                         about("other.sfi", "other areas"))
        self.assertEqual(self.reconcile(8, file, image=other)["refused"], 1)
        self.forged(file, image)

    def forged(self, file, image):
        """A byte of the statement, and a certificate of another CA."""
        b = self.bench
        data = bytearray(open(file, "rb").read())
        data[60] ^= 1
        bad = b.path / "bad.receipt"
        bad.write_bytes(data)
        self.assertEnded(run("sfi-info", bad), 3, about("bad.receipt",
                                                        "altered"))
        self.assertEqual(self.reconcile(8, bad)["refused"], 1)
        self.assertEnded(
            run("sfi-info", file, "-pd", b.perso(
                H753 if data[8:12] == b"4500" else L462, "other-ca")), 3,
            about(pathlib.Path(file).name, "not signed", "CA"))

    def test_h753(self):
        self.story(H753)

    def test_l462(self):
        self.story(L462)

    def test_all_proven(self):
        b = self.bench
        image, hsm = b.image(H753, "fw.sfi"), self.hsm(H753)
        self.install(b.chip(H753, "only"), image, hsm)
        must("sfi-hsm", "-i", f"vault:{b.path / 'line.vault'}", "-audit",
             b.path / "hsm.audit")
        sums = self.reconcile(0, self.record, image=image)
        self.assertEqual((sums["counted"], sums["proven"]), (1, 1))

    def test_folder_missing(self):
        """The chip is installed; that its receipt is lost is an error."""
        b = self.bench
        image, hsm = b.image(H753, "fw.sfi"), self.hsm(H753)
        part = b.chip(H753, "part").start()
        result = run(*part.words(image, *hsm), "--receipts",
                     b.path / "nowhere", "--record", self.record)
        self.assertEqual(result.status, 7, str(result))
        self.assertIn("receipt", result.message)
        line = json.loads(self.record.read_text())
        self.assertEqual(line["result"], "installed")
        self.assertEqual(len(line["receipt"]), 2 * 332)


if __name__ == "__main__":
    bench.main()
