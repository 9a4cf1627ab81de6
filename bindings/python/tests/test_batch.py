# SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later
# Copyright The libsfi authors
"""Licences for many devices, and the lines of a journal about installs."""
from __future__ import annotations

from typing import List

import bench
import kit
from bench import BenchCase
from kit import DATA, sfi

from sfi import Counted, sim


class Batch(BenchCase):
    def certificates(self, number: int) -> List[sfi.Certificate]:
        found = []
        for n in range(number):
            folder = self.other_chip(f"chip{n}")
            found.append(sfi.Certificate.parse(
                sim.peek(folder, sfi.SimArea.CERTIFICATE)))
        return found

    def test_each_has_its_result(self) -> None:
        certs = self.certificates(3)
        hsm = self.hsm(10)
        told: List[sfi.LicenseResult] = []
        results = sfi.generate_licenses(hsm, [*certs, certs[0]], told.append)
        self.assertEqual(results, told)
        self.assertEqual([r.index for r in results], [0, 1, 2, 3])
        self.assertEqual([r.counted for r in results],
                         [Counted.NEW] * 3 + [Counted.AGAIN])
        self.assertEqual([r.error for r in results], [None] * 4)
        self.assertEqual(hsm.info().remaining, 7)
        self.assertEqual(results[0].license, hsm.license(certs[0]))

    def test_live_ones_among_them(self) -> None:
        certs, hsm = self.certificates(2), self.hsm(10)
        results = sfi.generate_licenses(hsm, [*certs, certs[1]],
                                        sessions=[0, 7, 8])
        licenses = [r.license for r in results]
        self.assertEqual([lic and lic.session for lic in licenses], [0, 7, 8])
        self.assertEqual(licenses[1], hsm.live_license(certs[1], 7))
        self.assertEqual(hsm.info().remaining, 8)
        self.assertRaises(sfi.UsageError, sfi.generate_licenses, hsm, certs,
                          sessions=[1])

    def test_refused_ones_do_not_end_it(self) -> None:
        certs = self.certificates(2)
        foreign = sfi.Certificate.load(DATA / "kept" / "device.cert")
        hsm = self.hsm(1)
        results = sfi.generate_licenses(hsm, [foreign, *certs])
        self.assertIsInstance(results[0].error, sfi.SecurityError)
        self.assertIsNone(results[0].license)
        self.assertEqual(results[1].counted, Counted.NEW)
        self.assertIsInstance(results[2].error, sfi.CounterExhausted)
        self.assertEqual(results[2].counted, Counted.NONE)

    def test_nothing_to_do(self) -> None:
        self.assertEqual(sfi.generate_licenses(self.hsm(), []), [])

    def test_not_logged_in(self) -> None:
        hsm = self.hsm()
        hsm.close()
        with sfi.Hsm.open(f"vault:{self.path('test.vault')}") as locked:
            with self.assertRaises(sfi.PinError):
                sfi.generate_licenses(locked, self.certificates(1))

    def test_other_context(self) -> None:
        hsm, certs = self.hsm(), self.certificates(1)
        with sfi.Context():
            other = sfi.Certificate.parse(certs[0].data)
        self.assertRaises(sfi.UsageError, sfi.generate_licenses, hsm, [other])

    def test_from_and_into_files(self) -> None:
        certs, hsm = self.certificates(3), self.hsm()
        folder = self.path("certificates")
        folder.mkdir()
        for number, cert in enumerate(certs[:2]):
            cert.save(folder / f"{number}.cert")
        (folder / "bad.cert").write_bytes(b"no certificate")
        store = sfi.LicenseStore(self.path("store"), create=True)
        store[certs[0]] = hsm.license(certs[0])
        batch = sfi.LicenseBatch(hsm, store)
        batch.add(folder)
        batch.add(certs[2])
        results = batch.run()
        self.assertEqual([r.index for r in results], [0, 1, 2, 3])
        self.assertEqual({r.total for r in results}, {4})
        self.assertEqual([r.stored for r in results],
                         [True, False, False, False])
        self.assertEqual(
            [r.counted for r in results],
            [Counted.NONE, Counted.NEW, Counted.NONE, Counted.NEW])
        self.assertIsInstance(results[2].error, sfi.InputError)
        self.assertTrue(results[2].path.endswith("bad.cert"))
        self.assertEqual(results[3].device_id, certs[2].device_id)
        self.assertEqual(store[certs[1]], results[1].license)
        self.assertEqual(batch.run(), [])

    def test_cancelled_batch(self) -> None:
        batch = sfi.LicenseBatch(self.hsm())
        batch.add(self.certificates(1)[0])
        batch.cancel()
        self.assertRaises(sfi.Cancelled, batch.run)

    def test_file_that_is_not_there(self) -> None:
        batch = sfi.LicenseBatch(self.hsm())
        batch.add(self.path("none"))
        (result,) = batch
        self.assertIsInstance(result.error, sfi.MissingFile)
        self.assertIsNone(result.license)


class Audit(BenchCase):
    def test_log_in_memory(self) -> None:
        log = (DATA / "kept" / "first.audit").read_bytes()
        key = (DATA / "kept" / "audit.key").read_bytes()
        summary = sfi.verify_audit_data(log, key)
        self.assertEqual(
            summary, sfi.verify_audit(DATA / "kept" / "first.audit", key))
        self.assertEqual(sfi.verify_audit_data(log, key, log), summary)
        self.assertRaises(sfi.SecurityError, sfi.verify_audit_data, log,
                          bytes(32))
        for source in (log, DATA / "kept" / "first.audit"):
            reader = sfi.AuditReader(source)
            records = list(reader)
            self.assertEqual(len(records), summary.records)
            self.assertEqual(reader.head.sequence, summary.records)
        self.assertRaises(sfi.InputError, sfi.AuditReader, b"nothing")

    def test_log_of_an_hsm(self) -> None:
        hsm = self.hsm()
        hsm.export_audit(self.path("log"))
        self.assertEqual(hsm.audit_bytes(), self.path("log").read_bytes())


class Cards(BenchCase):
    def test_served_without_a_reader(self) -> None:
        events: List[sim.CardEvent] = []
        card = sim.Card(self.hsm())
        card.serve("127.0.0.1:1", stop=lambda: bool(events),
                   event=events.append)
        card.serve(stop=lambda: True)
        self.assertEqual(events[0].kind, sfi.CardEventKind.WAITING)
        self.assertRaises(sfi.UsageError, card.serve, "127.0.0.1:0")

        def event(found: sim.CardEvent) -> None:
            raise KeyError(found.kind)

        with self.assertRaises(KeyError):
            card.serve("127.0.0.1:1", event=event)


class Lines(BenchCase):
    def test_install_that_is_done(self) -> None:
        chip, file = self.simulator(), self.path("line.jsonl")
        path = self.path("blink.sfi", bench.image())
        with sfi.Journal(file) as journal, sfi.Installer(
                path, chip.transport(), self.hsm()) as install:
            install.run()
            journal.add_install(install, board_serial="B-1",
                                more={"line": 4})
        (line,) = sfi.read_journal(file)
        text = str(line)
        for part in ("blink.sfi", "B-1", "counted", "stm32h753xi"):
            self.assertIn(part, text)
        self.assertEqual((line["result"], line["line"]), ("installed", 4))

    def test_install_that_failed(self) -> None:
        chip, file = self.simulator(), self.path("line.jsonl")
        image = bench.image(key=b"another key.....")
        with sfi.Journal(file) as journal, sfi.Installer(
                image, chip.transport(), self.hsm()) as install:
            with self.assertRaises(sfi.SecurityError) as caught:
                install.run()
            journal.add_install(install, error=caught.exception)
        (line,) = sfi.read_journal(file)
        self.assertEqual(line["result"], "failed")
        self.assertEqual(line["error"]["status"], caught.exception.status)


if __name__ == "__main__":
    kit.main()
