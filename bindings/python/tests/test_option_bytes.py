# SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later
# Copyright The libsfi authors
"""Option bytes: rows, fields, text."""
from __future__ import annotations

import kit
from kit import DATA, Case, sfi

from sfi import Status

CSV = DATA / "ob-stm32h753xi.csv"


class OptionBytes(Case):
    def setUp(self) -> None:
        super().setUp()
        self.ob = sfi.OptionBytes.load(CSV, "stm32h753xi")

    def test_rows_are_a_mapping(self) -> None:
        rows = [line.split(",") for line in CSV.read_text().split()]
        self.assertEqual(list(self.ob), [name for name, _ in rows])
        self.assertEqual(dict(self.ob),
                         {name: int(value, 16) for name, value in rows})
        self.assertEqual(len(self.ob), 9)
        self.assertIn("FOPTSR_PRG", self.ob)
        self.assertNotIn("FOO", self.ob)
        self.assertIsNone(self.ob.get("FOO"))

    def test_fields(self) -> None:
        self.ob["RDP"] = 0xbb
        field = self.ob.fields["RDP"]
        self.assertEqual((field.row, field.width, field.value, field.shipped),
                         ("FOPTSR_PRG", 8, 0xbb, 0xaa))
        self.assertTrue(field.about)
        self.assertEqual(self.ob["FOPTSR_PRG"] >> field.shift & 0xff, 0xbb)
        self.assertGreater(len(self.ob.fields), 20)

    def test_names_of_every_kind(self) -> None:
        self.ob["flash_optsr_prg"] = 0x1234aa00
        for name in ("FOPTSR_PRG", "foptsr_prg", "FLASH_OPTSR_PRG"):
            self.assertEqual(self.ob[name], 0x1234aa00)
        self.assertEqual(self.ob["rdp"], 0xaa)

    def test_unknown_name(self) -> None:
        self.assertRaises(KeyError, self.ob.__getitem__, "RDPP")
        error = self.assert_fails(sfi.InputError, Status.CHIP_RULE,
                                  self.ob.__setitem__, "RDPP", 1)
        self.assertIn("RDP", str(error))

    def test_too_large(self) -> None:
        for value in (0x100, 1 << 32, -1):
            self.assert_fails(sfi.InputError, Status.RANGE,
                              self.ob.__setitem__, "RDP", value)

    def test_text(self) -> None:
        text = self.ob.to_csv()
        again = sfi.OptionBytes.parse(text, self.ob.chip)
        self.assertEqual(again, self.ob)
        self.assertEqual(again, dict(self.ob))
        explained = self.ob.to_csv(explain=True)
        self.assertIn("#", explained)
        self.assertEqual(sfi.OptionBytes.parse(explained.encode(),
                                               "stm32h753xi"), self.ob)

    def test_other_parts_are_not_equal(self) -> None:
        self.assertNotEqual(self.ob, sfi.OptionBytes.default("stm32l462ce"))

    def test_default(self) -> None:
        ob = sfi.OptionBytes.default("stm32l462ce")
        self.assertEqual(ob.chip.name, "stm32l462ce")
        for field in ob.fields.values():
            self.assertEqual(field.value, field.shipped)

    def test_words(self) -> None:
        ob = sfi.OptionBytes.from_words(list(self.ob.values()), self.ob.chip)
        self.assertEqual(ob, self.ob)
        for words in ([1 << 32] * 9, [-1] * 9):
            self.assert_fails(sfi.InputError, Status.RANGE,
                              sfi.OptionBytes.from_words, words, ob.chip)
        with self.assertRaises(sfi.InputError):
            sfi.OptionBytes.from_words([1], ob.chip)

    def test_errors_name_line_and_column(self) -> None:
        text = CSV.read_text().replace("FPRAR_PRG_A", "FPRAR_PRG_X", 1)
        error = self.assert_fails(sfi.InputError, Status.CHIP_RULE,
                                  sfi.OptionBytes.parse, text, "stm32h753xi")
        self.assertRegex(error.where, r"^2(:\d+)?$")
        path = self.path("ob.csv", text.encode())
        error = self.assert_fails(sfi.InputError, Status.CHIP_RULE,
                                  sfi.OptionBytes.load, path, "stm32h753xi")
        self.assertIn("ob.csv:2", error.where)

    def test_closed(self) -> None:
        self.assertEqual(repr(self.ob), "<sfi.OptionBytes stm32h753xi>")
        self.ob.close()
        self.assertEqual(repr(self.ob), "<sfi.OptionBytes closed>")
        self.assertRaises(sfi.ClosedError, list, self.ob)


class Words(Case):
    def test_words(self) -> None:
        ob = sfi.OptionBytes.default("stm32h753xi")
        ob.set("RDP=0xBB")
        self.assertEqual(ob.fields["RDP"].value, 0xbb)
        self.assertIsNone(ob.permanent)
        ob.set("RDP=0xCC")
        self.assertIn("ever", str(ob.permanent))
        self.assert_fails(sfi.InputError, sfi.Status.FORMAT, ob.set, "RDP")
        with self.assertRaises(sfi.InputError):
            ob.set("NOTHING=1")


if __name__ == "__main__":
    kit.main()
