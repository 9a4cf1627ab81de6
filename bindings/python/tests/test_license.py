# SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later
# Copyright The libsfi authors
"""Certificates, personalisations, licences and their folders."""
from __future__ import annotations

import kit
from kit import DATA, Case, sfi

from sfi import Status

KEPT = DATA / "kept"


class Certificates(Case):
    def setUp(self) -> None:
        super().setUp()
        self.cert = sfi.Certificate.load(KEPT / "device.cert")

    def test_facts(self) -> None:
        data = (KEPT / "device.cert").read_bytes()
        self.assertEqual(self.cert.data, data)
        self.assertEqual(self.cert.product_id, data[:8].decode())
        self.assertEqual(len(self.cert.device_id), 64)
        self.assertIn(self.cert.device_id, repr(self.cert))

    def test_parse_and_save(self) -> None:
        again = sfi.Certificate.parse(bytearray(self.cert.data))
        self.assertEqual(again, self.cert)
        self.assertEqual(len({again, self.cert}), 1)
        again.save(self.path("c"))
        again.save(self.path("c"))  # the same content
        self.assertEqual(self.path("c").read_bytes(), again.data)
        other = sfi.Certificate.load(KEPT / "other.cert")
        self.assertNotEqual(other, again)
        self.assertNotEqual(other, "other")
        self.assert_fails(sfi.AccessError, Status.ACCESS, other.save,
                          self.path("c"))

    def test_malformed(self) -> None:
        data = bytearray(self.cert.data)
        self.assert_fails(sfi.InputError, Status.TRUNCATED,
                          sfi.Certificate.parse, data[:-1])
        data[20] ^= 1
        self.assert_fails(sfi.SecurityError, Status.CERTIFICATE,
                          sfi.Certificate.parse, data)

    def test_verify(self) -> None:
        perso = sfi.Personalization.load(KEPT / "product.pd")
        self.assertEqual(len(perso.ca_public_key), 64)
        self.cert.verify(perso.ca_public_key)
        self.assertEqual(self.cert.public_key, self.cert.data[8:72])
        self.assert_fails(sfi.SecurityError, Status.CERTIFICATE,
                          self.cert.verify, self.cert.public_key)
        self.assert_fails(sfi.UsageError, Status.ARGUMENT, self.cert.verify,
                          b"x")

    def test_closed(self) -> None:
        self.cert.close()
        self.assertEqual(repr(self.cert), "<sfi.Certificate closed>")
        with self.assertRaises(sfi.ClosedError):
            self.cert.data


class Personalizations(Case):
    def test_load_and_parse(self) -> None:
        perso = sfi.Personalization.load(KEPT / "product.pd")
        cert = sfi.Certificate.load(KEPT / "device.cert")
        self.assertEqual(perso.product_id, cert.product_id)
        self.assertEqual(repr(perso),
                         f"<sfi.Personalization {cert.product_id}>")
        again = sfi.Personalization.parse((KEPT / "product.pd").read_bytes())
        self.assertEqual(again.product_id, perso.product_id)

    def test_data_and_save(self) -> None:
        perso = sfi.Personalization.load(KEPT / "product.pd")
        self.assertEqual(perso.data, (KEPT / "product.pd").read_bytes())
        perso.save(self.path("p"))
        perso.save(self.path("p"))  # the same content
        self.assertEqual(self.path("p").read_bytes(), perso.data)

    def test_altered(self) -> None:
        data = bytearray((KEPT / "product.pd").read_bytes())
        data[-1] ^= 1
        self.assert_fails(sfi.SecurityError, Status.AUTH,
                          sfi.Personalization.parse, data)


class Licenses(Case):
    def setUp(self) -> None:
        super().setUp()
        self.lic = sfi.License.load(KEPT / "device.lic")
        self.cert = sfi.Certificate.load(KEPT / "device.cert")

    def test_facts(self) -> None:
        self.assertEqual(self.lic.data, (KEPT / "device.lic").read_bytes())
        self.assertEqual((self.lic.type, self.lic.session),
                         (sfi.LicenseType.STATIC, 0))
        self.assertEqual(repr(self.lic), "<sfi.License static>")
        again = sfi.License.parse(self.lic.data)
        self.assertEqual(again, self.lic)
        self.assertEqual(hash(again), hash(self.lic))
        again.save(self.path("l"))
        self.assertEqual(self.path("l").read_bytes(), again.data)

    def test_malformed(self) -> None:
        self.assert_fails(sfi.InputError, Status.FORMAT, sfi.License.parse,
                          self.lic.data + b"x")

    def test_store(self) -> None:
        self.assert_fails(sfi.MissingFile, Status.OS, sfi.LicenseStore,
                          self.path("store"))
        store = sfi.LicenseStore(self.path("store"), create=True)
        self.assertIsNone(store.find(self.cert))
        self.assertNotIn(self.cert, store)
        with self.assertRaises(KeyError) as caught:
            store[self.cert]
        self.assertEqual(caught.exception.args, (self.cert.device_id,))
        store[self.cert] = self.lic
        self.assertIn(self.cert, store)
        self.assertEqual(store[self.cert], self.lic)
        self.assertTrue((self.path("store") /
                         f"{self.cert.device_id}.lic").exists())

    def test_list_and_remove(self) -> None:
        store = sfi.LicenseStore(self.path("store"), create=True)
        self.assertEqual((len(store), list(store)), (0, []))
        store[self.cert] = self.lic
        (self.path("store") / ("ab" * 32 + ".lic")).write_bytes(b"x")
        found = {s.device_id: s for s in store.list()}
        self.assertEqual(set(found), set(store))
        self.assertEqual(found[self.cert.device_id].license, self.lic)
        self.assertIsInstance(found["ab" * 32].error, sfi.InputError)
        del store[self.cert]
        self.assertNotIn(self.cert, store)
        self.assertTrue(store)  # open, though there may be nothing in it
        with self.assertRaises(sfi.Error):
            store.remove(self.cert.device_id)

    def test_damage_is_no_absence(self) -> None:
        store = sfi.LicenseStore(self.path("store"), create=True)
        store[self.cert] = self.lic
        path = self.path("store") / f"{self.cert.device_id}.lic"
        path.write_bytes(b"x")
        self.assert_fails(sfi.InputError, Status.TRUNCATED, store.find,
                          self.cert)

    def test_kept_store(self) -> None:
        store = sfi.LicenseStore(KEPT / "store")
        self.assertEqual(store[self.cert].type, sfi.LicenseType.STATIC)

    def test_other_context(self) -> None:
        store = sfi.LicenseStore(KEPT / "store")
        with sfi.Context():
            other = sfi.Certificate.load(KEPT / "device.cert")
            self.assert_fails(sfi.UsageError, Status.ARGUMENT, store.find,
                              other)


if __name__ == "__main__":
    kit.main()
