# SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later
# Copyright The libsfi authors
"""Errors, contexts, parts and keys."""
from __future__ import annotations

import copy
import logging
import os
import pickle
import threading
import unittest
from typing import List

import kit
from kit import Case, sfi

from sfi import Status, errors


class Errors(unittest.TestCase):
    def test_each_hundred_has_a_class(self) -> None:
        for status, kind in (
                (Status.ARGUMENT, sfi.UsageError),
                (Status.FORMAT, sfi.InputError),
                (Status.AUTH, sfi.SecurityError),
                (Status.IO, sfi.LinkError),
                (Status.NACK, sfi.DeviceError),
                (Status.HSM_STATE, sfi.HsmError),
                (Status.INTERNAL, sfi.MachineError)):
            self.assertIs(errors.error_class(status), kind)

    def test_every_status_has_a_class(self) -> None:
        for status in Status:
            if status != Status.OK:
                kind = errors.error_class(status)
                self.assertIsNot(kind, sfi.Error, status)
                self.assertTrue(issubclass(kind, sfi.Error))

    def test_a_later_status_has_the_class_of_its_hundred(self) -> None:
        self.assertIs(errors.error_class(-299), sfi.InputError)
        self.assertIs(errors.error_class(-901), sfi.Error)
        self.assertEqual(sfi.InputError("x", status=-299).status, -299)

    def test_builtin_classes_fit(self) -> None:
        for kind, builtin in (
                (sfi.UsageError, ValueError), (sfi.InputError, ValueError),
                (sfi.LinkError, OSError), (sfi.LinkTimeout, TimeoutError),
                (sfi.AccessError, PermissionError),
                (sfi.MachineError, OSError), (sfi.NoMemory, MemoryError),
                (sfi.MissingFile, FileNotFoundError)):
            self.assertTrue(issubclass(kind, builtin), kind)

    def test_attributes(self) -> None:
        error = sfi.MachineError("cannot", where="x.hex:1", os_code=13,
                                 peer_code=4, hint="mend it",
                                 status=Status.OS)
        self.assertEqual(str(error), "x.hex:1: cannot")
        self.assertEqual((error.errno, error.hint), (13, "mend it"))
        self.assertEqual(repr(error),
                         "MachineError('x.hex:1: cannot', status=Status.OS)")
        self.assertIsNone(error.cause)

    def test_cause_of_a_device(self) -> None:
        error = sfi.DeviceError("refused", peer_code=0x12)
        self.assertEqual(error.cause, sfi.Cause.LICENSE)

    def test_default_status(self) -> None:
        self.assertEqual(sfi.LinkTimeout().status, Status.TIMEOUT)
        self.assertEqual(sfi.ClosedError("x").status, Status.STATE)

    def test_pickle(self) -> None:
        for kind in (sfi.InputError, sfi.LinkTimeout, sfi.NoMemory,
                     sfi.MissingFile):
            error = kind("a", where="b", os_code=5, peer_code=6, hint="c")
            again = pickle.loads(pickle.dumps(error))
            self.assertIs(type(again), kind)
            self.assertEqual(vars(again), vars(error))


class Contexts(Case):
    def test_default_is_one_for_each_thread(self) -> None:
        found: List[sfi.Context] = []

        def work() -> None:
            found.append(sfi.context())
            found.append(sfi.context())

        thread = threading.Thread(target=work)
        thread.start()
        thread.join()
        self.assertIs(found[0], found[1])
        self.assertIsNot(found[0], sfi.context())

    def test_with_makes_it_the_default(self) -> None:
        outer = sfi.context()
        with sfi.Context() as inner:
            self.assertIs(sfi.context(), inner)
            with sfi.Context() as innermost:
                self.assertIs(sfi.context(), innermost)
            self.assertIs(sfi.context(), inner)
        self.assertTrue(inner.closed)
        self.assertFalse(inner)
        self.assertIs(sfi.context(), outer)

    def test_closed_context_takes_its_objects_along(self) -> None:
        context = sfi.Context()
        key = sfi.Key.generate(context=context)
        context.close()
        context.close()
        self.assertTrue(key.closed)
        key.close()
        with self.assertRaises(sfi.ClosedError):
            sfi.Key.generate(context=context)
        with self.assertRaises(sfi.ClosedError):
            context.__enter__()

    def test_log_to_a_function(self) -> None:
        got: List[object] = []
        with sfi.Context(log=lambda *a: got.append(a),
                         level=sfi.LogLevel.DEBUG):
            self.warn()
        self.assertTrue(any(level == sfi.LogLevel.WARNING and
                            "end record" in line
                            for level, line in got), got)

    def warn(self) -> None:
        """Something that libsfi warns of."""
        context = sfi.context()
        with context._state:
            from sfi import _abi
            import ctypes
            out = ctypes.c_void_p()
            options = _abi.sfi_firmware_options(
                struct_size=ctypes.sizeof(_abi.sfi_firmware_options),
                flags=_abi.SFI_FIRMWARE_NO_END_RECORD)
            path = self.path("no-end.hex", b":0100000001FE\n")
            status = context._state.library.sfi_firmware_load_with(
                context._state.pointer, os.fsencode(path), options, out)
            context._state.check(status)
            context._state.library.sfi_firmware_free(out)

    def test_log_to_a_logger(self) -> None:
        with self.assertLogs("some.logger", logging.INFO) as caught:
            with sfi.Context(log=logging.getLogger("some.logger")):
                self.warn()
        self.assertEqual(caught.records[0].levelno, logging.WARNING)
        self.assertIn("end record", caught.output[0])

    def test_default_logger(self) -> None:
        with self.assertLogs("sfi", logging.WARNING):
            with sfi.Context():
                self.warn()

    def test_another_log(self) -> None:
        first: List[str] = []
        second: List[str] = []
        with sfi.Context(log=lambda level, line: first.append(line)) as c:
            self.warn()
            c.set_log(lambda level, line: second.append(line))
            self.warn()
            c.set_log(None)
            self.warn()
        self.assertEqual((len(first), len(second)), (1, 1))

    def test_level_none_logs_nothing(self) -> None:
        got: List[str] = []
        with sfi.Context(log=lambda level, line: got.append(line),
                         level=sfi.LogLevel.NONE):
            self.warn()
        self.assertEqual(got, [])

    def test_exception_in_a_log_function(self) -> None:
        def log(level: sfi.LogLevel, line: str) -> None:
            raise KeyError(line)

        with sfi.Context(log=log):
            with self.assertRaises(KeyError):
                self.warn()
            self.assertIsNotNone(sfi.Key.generate())  # it goes on

    def test_second_thread_is_refused(self) -> None:
        caught: List[BaseException] = []

        def work() -> None:
            try:
                sfi.Key.generate(context=self.ctx)
            except sfi.UsageError as error:
                caught.append(error)

        with self.ctx._state:
            thread = threading.Thread(target=work)
            thread.start()
            thread.join()
        self.assertEqual(caught[0].status, Status.STATE)  # type: ignore
        self.assertIn("context of its own", str(caught[0]))

    def test_objects_of_two_contexts_do_not_mix(self) -> None:
        with sfi.Context() as other:
            key = sfi.Key.generate()
        self.assertRaises(sfi.ClosedError, key._pointer_in, other)
        with sfi.Context() as one, sfi.Context() as two:
            key = sfi.Key.generate(context=one)
            self.assertRaises(sfi.UsageError, key._pointer_in, two)

    def test_not_copied(self) -> None:
        self.assertRaises(TypeError, copy.copy, self.ctx)
        self.assertRaises(TypeError, pickle.dumps, sfi.Key.generate())

    def test_repr(self) -> None:
        self.assertEqual(repr(self.ctx), "<sfi.Context>")

    def test_file_kind(self) -> None:
        for content, kind in ((b"x" * 16, sfi.FileKind.KEY),
                              (b"", sfi.FileKind.EMPTY),
                              (b":00000001FF\n", sfi.FileKind.FIRMWARE)):
            self.assertEqual(self.ctx.file_kind(self.path("f", content)), kind)
        self.assertEqual(self.ctx.file_kind(self.path("none")),
                         sfi.FileKind.ABSENT)

    def test_output(self) -> None:
        key = self.path("key", b"k" * 16)
        self.assert_fails(sfi.AccessError, Status.ACCESS,
                          self.ctx.check_output, key, sfi.FileKind.OTHER, True)
        text = self.path("text", b"some text")
        self.assert_fails(sfi.AccessError, Status.ACCESS, self.ctx.save_output,
                          text, sfi.FileKind.JSON, b"{}")
        self.ctx.save_output(text, sfi.FileKind.JSON, b"{}", replace=True)
        self.assertEqual(text.read_bytes(), b"{}")
        self.ctx.check_path(text)

    def test_paths_of_every_kind(self) -> None:
        odd = self.folder / "od\udcffd"
        odd.write_bytes(b"k" * 16)
        for path in (odd, str(odd), os.fsencode(odd)):
            self.assertTrue(sfi.Key.load(path))
        self.assert_fails(sfi.UsageError, Status.ARGUMENT, sfi.Key.load,
                          "a\0b")

    def test_cancel_from_another_thread(self) -> None:
        with self.ctx._state:
            thread = threading.Thread(target=self.ctx.cancel)
            thread.start()
            thread.join()
        self.ctx.cancel(False)
        self.assertTrue(sfi.Key.generate())


class Library(unittest.TestCase):
    def test_version(self) -> None:
        self.assertRegex(sfi.version(), r"^\d+\.\d+\.\d+$")
        self.assertEqual(sfi.version(), sfi.__version__)

    def test_features(self) -> None:
        self.assertIs(type(sfi.has_feature("usb")), bool)
        self.assertFalse(sfi.has_feature("no such thing"))

    def test_escape(self) -> None:
        self.assertEqual(sfi.escape("a\x1b[1mb\udcffé"), "a\\x1b[1mb\\xffé")
        self.assertEqual(sfi.escape(""), "")

    def test_public_names_are_documented(self) -> None:
        for name in sfi.__all__:
            thing = getattr(sfi, name)
            if name == "ImageEvent":  # a Union
                continue
            self.assertTrue(getattr(thing, "__doc__", None), name)
            if not isinstance(thing, type) or issubclass(thing, int):
                continue
            for member, value in vars(thing).items():
                if member.startswith("_") or not (
                        callable(value) or isinstance(
                            value, (property, classmethod, staticmethod))):
                    continue
                self.assertTrue(value.__doc__, f"{name}.{member}")


class Chips(unittest.TestCase):
    def test_list(self) -> None:
        self.assertEqual([c.name for c in sfi.chips()],
                         ["stm32h753xi", "stm32l462ce"])

    def test_find(self) -> None:
        chip = sfi.chip("STM32H753ZI")
        self.assertIs(chip, sfi.chip("stm32h753xi"))
        self.assertIs(chip, sfi.chip(chip))
        self.assertIs(chip, sfi.chip_by_id(0x450))
        self.assertEqual(str(chip), "stm32h753xi")

    def test_facts(self) -> None:
        chip = sfi.chip("stm32h753xi")
        self.assertEqual(
            (chip.device_id, chip.flash_base, chip.flash_size,
             chip.sector_size, chip.program_unit, len(chip.product_id)),
            (0x450, 0x08000000, 0x200000, 0x20000, 32, 8))
        self.assertEqual(chip.option_bytes[0], "FOPTSR_PRG")
        self.assertEqual(chip.memory(0x08000000), "the flash")
        self.assertIsNone(chip.memory(0xfffffff0))

    def test_unknown(self) -> None:
        for name in ("stm32f103", "", "a\0b", "ü\udcff"):
            with self.assertRaisesRegex(sfi.UsageError, "stm32l462ce"):
                sfi.chip(name)
        for number in (0x123, -1, 1 << 40, 0x450 + (1 << 32)):
            with self.assertRaises(sfi.UsageError):
                sfi.chip_by_id(number)

    def test_frozen_and_interned(self) -> None:
        chip = sfi.chip("stm32l462ce")
        with self.assertRaises(AttributeError):
            chip.name = "other"
        with self.assertRaises(TypeError):
            sfi.Chip()
        self.assertIs(copy.deepcopy(chip), chip)
        self.assertIs(pickle.loads(pickle.dumps(chip)), chip)
        self.assertEqual(eval(repr(chip)), chip)
        self.assertEqual(len({chip, sfi.chip("stm32l462ce")}), 1)


class Keys(Case):
    def test_bytes_that_can_be_wiped_are(self) -> None:
        for secret in (bytearray(b"k" * 16), memoryview(bytearray(b"k" * 16))):
            self.assertTrue(sfi.Key.from_bytes(secret))
            self.assertEqual(bytes(secret), bytes(16))

    def test_wiped_also_on_failure(self) -> None:
        secret = bytearray(b"k" * 15)
        self.assert_fails(sfi.InputError, Status.RANGE, sfi.Key.from_bytes,
                          secret)
        self.assertEqual(secret, bytes(15))
        secret += b"can be resized: nothing holds it"

    def test_bytes(self) -> None:
        self.assertTrue(sfi.Key.from_bytes(b"k" * 16))
        self.assertTrue(sfi.Key.from_bytes(memoryview(b"0123456789abcdef")))
        self.assertTrue(sfi.Key.from_bytes(memoryview(b"x" * 32)[::2]))
        self.assert_fails(sfi.InputError, Status.RANGE, sfi.Key.from_bytes,
                          b"")

    def test_create_and_load(self) -> None:
        path = self.path("key.bin")
        with sfi.Key.create(path):
            self.assertEqual(path.stat().st_mode & 0o777, 0o600)
        self.assertTrue(sfi.Key.load(path))
        self.assert_fails(sfi.AccessError, Status.ACCESS, sfi.Key.create, path)

    def test_missing(self) -> None:
        error = self.assert_fails(sfi.MissingFile, Status.OS, sfi.Key.load,
                                  self.path("none"))
        self.assertIn("none", error.where)
        self.assertEqual(error.os_code, 2)
        with self.assertRaises(FileNotFoundError):
            sfi.Key.load(self.path("none"))

    def test_closed(self) -> None:
        key = sfi.Key.generate()
        self.assertEqual(repr(key), "<sfi.Key>")
        with key:
            self.assertTrue(key)
        self.assertFalse(key)
        self.assertEqual(repr(key), "<sfi.Key closed>")
        key.close()
        self.assertRaises(sfi.ClosedError, key.__enter__)

    def test_no_constructor(self) -> None:
        with self.assertRaisesRegex(TypeError, "Key.from_bytes"):
            sfi.Key()

    def test_nonce(self) -> None:
        nonce = sfi.Nonce.create(self.path("nonce"))
        self.assertEqual(nonce, self.path("nonce").read_bytes())
        self.assertEqual(nonce, sfi.Nonce.load(self.path("nonce")))
        self.assertEqual(len(sfi.Nonce.generate()), 12)
        self.assertNotEqual(sfi.Nonce.generate(), sfi.Nonce.generate())
        self.path("long", b"x" * 13)
        self.assert_fails(sfi.InputError, Status.RANGE, sfi.Nonce.load,
                          self.path("long"))


if __name__ == "__main__":
    kit.main()
