# SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later
# Copyright The libsfi authors
"""Words for values, and that every C function has a place in the package."""
from __future__ import annotations

import ast
import unittest
from typing import List, Set

import kit
from kit import PACKAGE, sfi

from sfi import _abi
from sfi._document import Document

# Functions that the package does not call, and why.
UNBOUND = {
    "sfi_ctx_of": "every object knows its context",
    "sfi_license_batch_run": "a loop of steps, so that Ctrl-C is heard",
    **dict.fromkeys(
        ("sfi_board_advice", "sfi_boards_begin", "sfi_boards_check_fact",
         "sfi_boards_check_file", "sfi_boards_count", "sfi_boards_end",
         "sfi_boards_enter", "sfi_boards_find", "sfi_boards_free",
         "sfi_boards_get", "sfi_boards_label", "sfi_boards_open"),
        "the journal of sfi-program --job; read_journal() reads its lines"),
    "sfi_cause_name": "the names of Cause are made from the header",
    "sfi_firmware_load": "sfi_firmware_load_with() does the same",
    "sfi_firmware_load_binary": "sfi_firmware_load_with() does the same",
    "sfi_describe_file": "sfi_description_read() keeps what it tells",
    "sfi_description_find": "Description finds its facts itself",
    "sfi_description_firmware": "image_firmware() takes a file's name",
    "sfi_description_layout": "image_layout() takes a file's name",
    "sfi_image_reader_push": "sfi_image_reader_feed() keeps what is left",
    "sfi_installer_run": "a loop of steps, so that Ctrl-C is heard",
    "sfi_sim_manufacture": "sfi_sim_manufacture_with() does the same",
    "sfi_status_name": "the names of Status are made from the header",
    "sfi_target_connect": "sfi_target_connect_with() does the same",
}


class Words(unittest.TestCase):
    def test_words(self) -> None:
        self.assertEqual(sfi.words(sfi.FileKind.LICENSE), "a licence")
        self.assertEqual(sfi.words(sfi.HsmState.BLANK), "blank")
        for value in (*sfi.Phase, *sfi.HsmState, *sfi.Cause, *sfi.Status):
            self.assertTrue(sfi.words(value), value)
        with self.assertRaises(TypeError):
            sfi.words(3)  # type: ignore[arg-type]

    def test_lists_are_those_of_the_headers(self) -> None:
        self.assertEqual(set(sfi.statuses()),
                         set(sfi.Status) - {sfi.Status.OK})
        self.assertEqual(set(sfi.causes()),
                         set(sfi.Cause) - {sfi.Cause.NONE})

    def test_features(self) -> None:
        self.assertIn("vault", sfi.features())
        for name in sfi.features():
            self.assertIs(type(sfi.has_feature(name)), bool)

    def test_interfaces(self) -> None:
        self.assertIn("usart", sfi.chip("stm32l462ce").interfaces)
        self.assertIn("usb", sfi.chip("stm32h753xi").interfaces)

    def test_hints(self) -> None:
        with self.assertRaises(sfi.Error) as caught:
            sfi.Key.load("/no/such/key")
        self.assertIsInstance(caught.exception.hint, str)


def called() -> Set[str]:
    """Every function that the package names in its code."""
    found: Set[str] = set()
    for path in (PACKAGE / "sfi").glob("*.py"):
        if path.name == "_abi.py":
            continue
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.Attribute):
                found.add(node.attr)
            elif isinstance(node, ast.Constant):
                found.add(str(node.value))
    for prefix in documents():
        found |= {f"{prefix}_{verb}"
                  for verb in ("parse", "load", "save", "data")}
    return found


def documents() -> List[str]:
    """What the functions that sfi/_document.py calls begin with."""
    every = [getattr(sfi, name) for name in sfi.__all__]
    return [kind._PREFIX for kind in every
            if isinstance(kind, type) and issubclass(kind, Document)]


class Bound(unittest.TestCase):
    def test_every_function_is_called_or_has_a_reason(self) -> None:
        every = {*_abi.PROTOTYPES, *_abi.SIM_PROTOTYPES}
        self.assertEqual(
            sorted(every - called() - set(UNBOUND)), [])
        self.assertEqual(sorted(called() & set(UNBOUND)), [])
        self.assertEqual(sorted(set(UNBOUND) - every), [])


if __name__ == "__main__":
    kit.main()
