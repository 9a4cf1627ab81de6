# SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later
# Copyright The libsfi authors
"""Receipts in a journal, and the end of an order: which chips are proven."""
from __future__ import annotations

import json
import pathlib
from typing import List

import bench
import kit
from bench import BenchCase
from kit import sfi

from sfi import Status


class Receipts(BenchCase):
    def setUp(self) -> None:
        super().setUp()
        self.key = sfi.generate_audit_key()
        self.vault = self.path("order.vault")
        self.audit = self.path("order.audit")
        bench.made_chip(bench.CHIP)
        with sfi.Hsm.open(f"vault:{self.vault}") as hsm:
            hsm.login(bench.PIN)
            hsm.provision(
                sfi.Key.from_bytes(bench.KEY), bench.NONCE, "blink", 3,
                sfi.Personalization.load(next(
                    (bench.folder() / "ca").glob("4500*.pd"))),
                audit_key=self.key)

    def install(self, name: str, *, counted: bool = True) -> sfi.Receipt:
        """Of a chip with keys of its own."""
        self.other_chip(name)
        with sfi.sim.Simulator(self.path(name)) as chip, (
                sfi.Hsm.open(f"vault:{self.vault}") if counted
                else self.hsm()) as hsm:
            hsm.login(bench.PIN)
            install = sfi.Installer(bench.image(), chip.transport(), hsm)
            install.run()
            if counted:
                self.audit.unlink(missing_ok=True)
                hsm.export_audit(self.audit)
        assert install.receipt is not None
        return install.receipt

    def test_order(self) -> None:
        """Two chips are counted, one is proven; a third is of another HSM."""
        first, other = self.install("one"), self.install("two")
        foreign = self.install("three", counted=False)
        with sfi.Reconciliation([self.audit], self.key) as order:
            self.assertEqual(order.sum(), sfi.ReconciliationSum(
                counted=2, installed=0, unproven=2, receipts=0, repeated=0,
                foreign=0, refused=0))
            order.add(first)
            order.add(first)
            self.assert_fails(sfi.DeviceError, Status.MISMATCH, order.add,
                              foreign)
            altered = bytearray(other.data)
            altered[131] ^= 1
            self.assert_fails(sfi.SecurityError, Status.AUTH, order.add,
                              sfi.Receipt.parse(altered))
            self.assertEqual(order.sum(), sfi.ReconciliationSum(
                counted=2, installed=1, unproven=1, receipts=4, repeated=1,
                foreign=1, refused=1))
            self.assertEqual(list(order.devices()), [
                (first.device_id, True), (other.device_id, False)])

    def test_image(self) -> None:
        """A receipt of another image proves nothing."""
        receipt = self.install("one")
        image, wrong = self.path("image.sfi"), self.path("wrong.sfi")
        image.write_bytes(bench.image())
        wrong.write_bytes(bench.image(size=4000))
        order = sfi.Reconciliation([self.audit], self.key)
        order.set_image_file(wrong)
        self.assert_fails(sfi.DeviceError, Status.MISMATCH, order.add, receipt)
        self.assertEqual((order.sum().refused, order.sum().installed), (1, 0))
        order.set_image_file(image)
        order.add(receipt)
        self.assertEqual(order.sum().installed, 1)
        self.assert_fails(sfi.InputError, Status.TRUNCATED,
                          order.set_image_file, self.path("x", b"no image"))

    def test_files(self) -> None:
        """Receipts from a journal and from a file of their own."""
        first, second = self.install("one"), self.install("two")
        lines = self.path("line.jsonl")
        with sfi.Journal(lines) as journal:
            journal.add(device_id=first.device_id, receipt=first)
            journal.add(no_receipt="the chip has none")
        written = list(sfi.read_journal(lines))
        self.assertEqual(written[0]["receipt"], first.data.hex())
        self.assertNotIn("no_receipt", written[0])
        self.assertEqual(written[1]["no_receipt"], "the chip has none")
        self.assertNotIn("receipt", written[1])
        order = sfi.Reconciliation([self.audit], self.key)
        order.add_file(lines)
        self.assertEqual(order.sum().installed, 1)
        second.save(self.path("two.receipt"))
        order.add_file(self.path("two.receipt"))
        self.assertEqual([proven for _, proven in order.devices()],
                         [True, True])

    def test_forged_file(self) -> None:
        """What add() refuses is a sum, and not the end of the file."""
        receipt = self.install("one")
        forged = bytearray(receipt.data)
        forged[-1] ^= 1
        lines = self.path("line.jsonl")
        lines.write_text("".join(json.dumps({"receipt": data.hex()}) + "\n"
                                 for data in (forged, receipt.data)))
        order = sfi.Reconciliation([self.audit], self.key)
        order.add_file(lines)
        self.assertEqual((order.sum().refused, order.sum().installed), (1, 1))

    def test_wrong(self) -> None:
        """Another key, an altered log, no log, and no receipt."""
        self.install("one")

        def begin(paths: List[pathlib.Path], key: bytes) -> None:
            sfi.Reconciliation(paths, key)

        self.assert_fails(sfi.SecurityError, Status.AUTH, begin, [self.audit],
                          bytes(32))
        altered = self.path("altered", self.audit.read_bytes()[:-1])
        self.assertRaises(sfi.Error, begin, [altered], self.key)
        self.assert_fails(sfi.MachineError, Status.OS, begin,
                          [self.path("none")], self.key)
        self.assert_fails(sfi.InputError, Status.RANGE, begin, [], self.key)
        order = sfi.Reconciliation([self.audit], self.key)
        self.assert_fails(sfi.InputError, Status.FORMAT, order.add_file,
                          self.path("text", b"no receipt\n"))
        order.close()
        self.assertRaises(sfi.ClosedError, order.sum)


if __name__ == "__main__":
    kit.main()
