# SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later
# Copyright The libsfi authors
"""Layouts, maps, descriptions of files."""
from __future__ import annotations

import json
import xml.etree.ElementTree as ET

import kit
from kit import DATA, Case, sfi

from sfi import Status

CHIP = "stm32h753xi"
KEPT = DATA / "kept"


class Layouts(Case):
    def setUp(self) -> None:
        super().setUp()
        self.key = sfi.Key.from_bytes(b"0123456789abcdef")
        self.nonce = b"abcdefghijkl"
        b = sfi.ImageBuilder(CHIP, self.key, self.nonce)
        b.add_firmware(sfi.Firmware.load(DATA / f"blink-{CHIP}.hex"))
        b.set_option_bytes(sfi.OptionBytes.load(DATA / f"ob-{CHIP}.csv", CHIP))
        self.builder = b
        self.layout = b.layout()

    def test_areas(self) -> None:
        layout = self.layout
        self.assertIs(layout.chip, sfi.chip(CHIP))
        self.assertEqual([a.kind for a in layout],
                         [sfi.AreaKind.FIRMWARE] * 4
                         + [sfi.AreaKind.CONFIGURATION])
        first = layout[0]
        self.assertEqual((first.address, first.segment, first.readable),
                         (0x08000000, 1, True))
        self.assertTrue(first.file.endswith("blink-stm32h753xi.hex"))
        self.assertEqual(layout[-1], list(layout)[-1])
        self.assertEqual(layout[1:3], [layout[1], layout[2]])
        self.assertRaises(IndexError, layout.__getitem__, 5)
        self.assertEqual(repr(layout), "<sfi.Layout stm32h753xi, 5 areas>")

    def test_it_keeps_its_builder(self) -> None:
        expected = list(self.layout)
        self.builder.close()
        self.assertEqual(list(self.layout), expected)

    def test_image_size(self) -> None:
        self.assertEqual(self.layout.image_size,
                         len(self.builder.to_bytes()))

    def test_check(self) -> None:
        self.assertEqual(self.layout.check(), self.builder.layout().check())
        self.assertNotIn(sfi.Severity.ERROR,
                         [f.severity for f in self.layout.check()])

    def test_svg(self) -> None:
        svg = self.layout.to_svg("a <title>")
        root = ET.fromstring(svg)
        self.assertTrue(root.tag.endswith("svg"))
        self.assertIn("a <title>", "".join(root.itertext()))

    def test_text(self) -> None:
        text = self.layout.to_text("blink", columns=60, ascii=True)
        self.assertTrue(text.isascii())
        self.assertLessEqual(max(map(len, text.splitlines())), 60)
        self.assertIn("\x1b[", self.layout.to_text(color=True))
        self.assert_fails(sfi.InputError, Status.RANGE, self.layout.to_text,
                          columns=39)
        self.assertRaises(sfi.UsageError, self.layout.to_text, columns=-1)

    def test_of_an_image(self) -> None:
        image = self.builder.to_bytes()
        self.path("a.sfi", image)
        without = sfi.image_layout(image, CHIP)
        self.assertFalse(without[0].readable)
        self.assertEqual([a.address for a in without],
                         [a.address for a in self.layout])
        whole = sfi.image_layout(self.path("a.sfi"), CHIP, self.key,
                                 self.nonce)
        self.assertTrue(whole[0].readable)
        self.assert_fails(sfi.UsageError, Status.ARGUMENT, sfi.image_layout,
                          image, CHIP, self.key)
        self.assert_fails(sfi.SecurityError, Status.AUTH, sfi.image_layout,
                          image, CHIP, self.key, b"x" * 12)
        self.assertRaises(sfi.UsageError, sfi.image_layout, b"", CHIP)

    def test_closed(self) -> None:
        self.layout.close()
        self.assertEqual(repr(self.layout), "<sfi.Layout closed>")
        self.assertRaises(sfi.ClosedError, self.layout.to_svg)


class Descriptions(Case):
    def test_image(self) -> None:
        found = sfi.describe(KEPT / "image.sfi")
        self.assertEqual(found["kind"], "image")
        self.assertEqual(found[0].name, "kind")
        self.assertTrue(found.sound)
        areas = found.items("areas")
        self.assertGreater(len(areas), 1)
        self.assertIn("address", areas[0])
        self.assertIsNone(found.get("no such fact"))
        self.assertRaises(KeyError, found.__getitem__, "no such fact")
        self.assertEqual(repr(found), "<sfi.Description image, sound>")

    def test_image_with_the_key(self) -> None:
        key = sfi.Key.load(KEPT / "image.key")
        nonce = sfi.Nonce.load(KEPT / "image.nonce")
        found = sfi.describe(KEPT / "image.sfi", key=key, nonce=nonce)
        self.assertIn(sfi.CheckResult.PASSED,
                      [f.value for f in found.checks()])
        self.assertIn("0x08001000", found.to_text("areas"))
        self.assertEqual(json.loads(found.to_json())["kind"], found["kind"])
        same = found.compare(sfi.describe(KEPT / "image.sfi", key=key,
                                          nonce=nonce))
        self.assertTrue(same.equal and same.content)
        wrong = sfi.describe(KEPT / "image.sfi", key=key, nonce=b"x" * 12)
        assert wrong.error is not None
        self.assertEqual(wrong.error.status, Status.AUTH)
        self.assertIn(sfi.CheckResult.FAILED,
                      [f.value for f in wrong.checks()])
        self.assertGreater(len(wrong), 3)

    def test_audit_key_is_wiped(self) -> None:
        secret = bytearray((KEPT / "audit.key").read_bytes())
        found = sfi.describe(KEPT / "first.audit", audit_key=secret)
        self.assertEqual(found["kind"], "audit")
        self.assertTrue(found.sound, found.error)
        self.assertEqual(secret, bytes(32))
        self.assert_fails(sfi.InputError, Status.RANGE, sfi.describe,
                          KEPT / "first.audit", audit_key=b"short")

    def test_values_have_types(self) -> None:
        kinds = set()
        for name in ("image.sfi", "device.cert", "product.pd", "device.lic",
                     "first.audit", "image.key", "install.trace"):
            for fact in sfi.describe(KEPT / name):
                kinds.add((fact.kind, type(fact.value)))
        kinds.discard((sfi.FactKind.TIME, int))
        self.assertLessEqual(kinds, {
            (sfi.FactKind.TEXT, str), (sfi.FactKind.NUMBER, int),
            (sfi.FactKind.ADDRESS, int), (sfi.FactKind.YES_NO, bool),
            (sfi.FactKind.BYTES, bytes),
            (sfi.FactKind.CHECK, sfi.CheckResult)})
        self.assertGreater(len(kinds), 3)

    def test_meant_to_be_something_else(self) -> None:
        found = sfi.describe(self.path("x", b"a" * 100), sfi.FileKind.IMAGE)
        self.assertFalse(found.sound)
        self.assertIsInstance(found.error, sfi.InputError)
        self.assertIn("not sound", repr(found))

    def test_missing(self) -> None:
        self.assert_fails(sfi.MissingFile, Status.OS, sfi.describe,
                          self.path("none"))

    def test_compare(self) -> None:
        data = bytearray(range(64))
        files = []
        for name in ("a.hex", "b.hex"):
            sfi.Firmware.parse(data, format="raw", base=0x08000000).save(
                self.path(name))
            files.append(sfi.describe(self.path(name)))
            data[3:5] = b"\xff\xff"
        found = files[0].compare(files[1])
        self.assertFalse(found.equal)
        self.assertEqual((found.bytes, len(found.places)), (2, 1))
        self.assertEqual((found.places[0].address, found.places[0].size),
                         (0x08000003, 2))
        self.assertIn("  0x08000003 : 2 bytes differ: 0x03, 0xff\n",
                      files[0].compare_to_text(files[1]))
        written = json.loads(files[0].compare_to_json(files[1]))
        self.assertEqual((written["different_bytes"], written["equal"]),
                         (2, False))
        self.assertEqual(written["ranges"][0]["address"], 0x08000003)
        image = sfi.describe(KEPT / "image.sfi")
        for compare in (files[0].compare, files[0].compare_to_text,
                        files[0].compare_to_json):
            with self.assertRaises(sfi.UsageError):
                compare(image)

    def test_option_bytes_of_a_part(self) -> None:
        found = sfi.describe(DATA / f"ob-{CHIP}.csv", chip=CHIP)
        self.assertEqual(found["kind"], "option_bytes")


if __name__ == "__main__":
    kit.main()
