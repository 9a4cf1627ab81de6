# SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later
# Copyright The libsfi authors
"""Images: build, check, read."""
from __future__ import annotations

import io
from typing import Any, List

import kit
from kit import DATA, Case, sfi

from sfi import Status

CHIP = "stm32h753xi"


class ImageCase(Case):
    def setUp(self) -> None:
        super().setUp()
        self.key = sfi.Key.from_bytes(b"0123456789abcdef")
        self.nonce = b"abcdefghijkl"
        self.fw = sfi.Firmware.load(DATA / f"blink-{CHIP}.elf")
        self.ob = sfi.OptionBytes.load(DATA / f"ob-{CHIP}.csv", CHIP)

    def builder(self, **kw: Any) -> sfi.ImageBuilder:
        b = sfi.ImageBuilder(CHIP, self.key, self.nonce, version=3, **kw)
        b.add_firmware(self.fw)
        b.set_option_bytes(self.ob)
        return b


class Build(ImageCase):
    def test_every_way_gives_the_same(self) -> None:
        b = self.builder()
        image = b.to_bytes()
        b.save(self.path("a.sfi"))
        self.assertEqual(self.path("a.sfi").read_bytes(), image)
        file = io.BytesIO()
        b.write(file)
        self.assertEqual(file.getvalue(), image)
        self.assertEqual(self.ctx.file_kind(self.path("a.sfi")),
                         sfi.FileKind.IMAGE)

    def test_chip(self) -> None:
        b = self.builder()
        self.assertIs(b.chip, sfi.chip(CHIP))
        self.assertEqual(repr(b), "<sfi.ImageBuilder stm32h753xi>")
        self.assertRaises(sfi.UsageError, sfi.ImageBuilder, "stm32f103")

    def test_the_context_is_that_of_the_key(self) -> None:
        with sfi.Context():
            self.assertIs(sfi.ImageBuilder(CHIP, self.key).context, self.ctx)

    def test_without_key_or_nonce(self) -> None:
        b = sfi.ImageBuilder(CHIP)
        b.add_firmware(self.fw)
        b.set_option_bytes(self.ob)
        self.assert_fails(sfi.UsageError, Status.STATE, b.to_bytes)
        b.set_key(self.key)
        self.assert_fails(sfi.UsageError, Status.STATE, b.to_bytes)
        b.set_nonce(bytearray(self.nonce))
        b.set_version(3)
        self.assertEqual(b.to_bytes(), self.builder().to_bytes())

    def test_wrong_values(self) -> None:
        b = self.builder()
        for function, value in ((b.set_nonce, b"short"), (b.set_version, 256),
                                (b.set_version, -1), (b.set_fill, 256),
                                (b.set_fill, 1 << 40),
                                (b.set_merge_gap, -1)):
            self.assert_fails(sfi.InputError, Status.RANGE, function, value)
        self.assert_fails(sfi.UsageError, Status.ARGUMENT, b.set_padding, 7)
        self.assert_fails(
            sfi.InputError, Status.CHIP_RULE, b.set_option_bytes,
            sfi.OptionBytes.default("stm32l462ce"))

    def test_options(self) -> None:
        b = self.builder()
        b.set_padding(sfi.Padding.AUTO)
        b.set_fill(0)
        b.set_merge_gap(1 << 20)
        b.set_register(self.path("nonces"))
        b.to_bytes()
        self.assertEqual(self.ctx.file_kind(self.path("nonces")),
                         sfi.FileKind.NONCES)
        b.set_version(4)
        self.assert_fails(sfi.InputError, Status.RANGE, b.to_bytes)
        b.set_register(self.path("nonces"), same_nonce=True)
        b.to_bytes()
        b.set_register(None)

    def test_inputs_may_be_closed(self) -> None:
        expected = self.builder().to_bytes()
        b = self.builder()
        self.key.close()
        self.fw.close()
        self.ob.close()
        self.assertEqual(b.to_bytes(), expected)

    def test_closed_inputs_are_refused(self) -> None:
        self.fw.close()
        self.assertRaises(sfi.ClosedError, self.builder)

    def test_module(self) -> None:
        b = self.builder()
        self.assert_fails(sfi.InputError, Status.FORMAT, b.add_module,
                          b"not a module, but as long as the header of one" * 9)
        self.path("m.smi", b"SMI")
        with self.assertRaises(sfi.InputError):
            b.add_module(self.path("m.smi"))
        with self.assertRaises(OSError):
            b.add_module(str(self.path("none.smi")))

    def test_write_that_raises(self) -> None:
        class Full(Exception):
            pass

        def write(data: bytes) -> None:
            calls.append(data)
            raise Full

        calls: List[bytes] = []
        b = self.builder()
        with self.assertRaises(Full) as caught:
            b.write(write)
        self.assertEqual(len(calls), 1)
        self.assertIsInstance(caught.exception.__cause__, sfi.MachineError)
        self.assertEqual(
            caught.exception.__cause__.status,  # type: ignore
            Status.CALLBACK)
        self.assertTrue(b.to_bytes())

    def test_write_that_raises_an_error_of_libsfi(self) -> None:
        def write(data: bytes) -> None:
            raise sfi.NoDevice("the disk was pulled out")

        error = self.assert_fails(sfi.NoDevice, Status.NO_DEVICE,
                                  self.builder().write, write)
        self.assertEqual(error.message, "the disk was pulled out")
        self.assertIsInstance(error.__cause__, sfi.NoDevice)

    def test_builder_used_by_its_own_callback(self) -> None:
        b = self.builder()
        with self.assertRaises(sfi.UsageError) as caught:
            b.write(lambda data: b.set_version(1))
        self.assertEqual(caught.exception.status, Status.STATE)


class Check(ImageCase):
    def test_nothing_wrong(self) -> None:
        self.assertEqual([f for f in self.builder().check()
                          if f.severity == sfi.Severity.ERROR], [])

    def test_findings(self) -> None:
        b = self.builder()
        b.add_firmware(sfi.Firmware.parse(b"x", "bin", 0x20000000))
        found = b.check()
        errors = [f for f in found if f.severity == sfi.Severity.ERROR]
        self.assertEqual(errors[0].status, Status.RANGE)
        self.assertEqual(errors[0].address, 0x20000000)
        self.assertTrue(errors[0].rule)
        self.assertTrue(errors[0].remedy)
        self.assertEqual(str(errors[0]), "error: " + errors[0].message)
        with self.assertRaises(sfi.InputError):
            b.to_bytes()

    def test_option_bytes_are_named(self) -> None:
        self.ob["RDP"] = 0xcc
        rules = {f.rule: f for f in self.builder().check()}
        named = [f for f in rules.values() if f.field == "RDP"]
        self.assertTrue(named, rules)

    def test_finished_image(self) -> None:
        image = self.builder().to_bytes()
        self.path("a.sfi", image)
        for source in (image, self.path("a.sfi"), str(self.path("a.sfi"))):
            found = sfi.check_image(source, CHIP)
            self.assertNotIn(sfi.Severity.ERROR, [f.severity for f in found])
        wrong = sfi.check_image(image, "stm32l462ce")
        self.assertIn(sfi.Severity.ERROR, [f.severity for f in wrong])

    def test_no_image(self) -> None:
        self.assert_fails(sfi.InputError, Status.FORMAT, sfi.check_image,
                          b"nothing" * 20, CHIP)
        self.assert_fails(sfi.UsageError, Status.ARGUMENT, sfi.check_image,
                          b"", CHIP)


class Read(ImageCase):
    def setUp(self) -> None:
        super().setUp()
        self.image = self.builder().to_bytes()

    def content(self, events: Any) -> "dict[int, bytes]":
        found: "dict[int, bytes]" = {}
        for event in events:
            if isinstance(event, sfi.Data):
                found[event.index] = found.get(event.index, b"") + event.data
        return found

    def test_structure(self) -> None:
        events = list(sfi.read_image(self.image))
        header = events[0]
        assert isinstance(header, sfi.Header)
        begins = [e for e in events if isinstance(e, sfi.AreaBegin)]
        ends = [e for e in events if isinstance(e, sfi.AreaEnd)]
        self.assertEqual(header.area_count, len(begins))
        self.assertEqual([b.index for b in begins], [e.index for e in ends])
        self.assertEqual(begins[-1].kind, sfi.AreaKind.CONFIGURATION)
        self.assertEqual(begins[0].kind, sfi.AreaKind.FIRMWARE)
        self.assertEqual(begins[0].version, 3)
        self.assertEqual((len(header.tag), len(begins[0].tag)), (16, 16))
        content = self.content(events)
        for begin in begins:
            self.assertEqual(len(content[begin.index]), begin.size)

    def test_with_the_key(self) -> None:
        self.path("a.sfi", self.image)
        events = list(sfi.read_image(self.path("a.sfi"), self.key,
                                     self.nonce))
        begins = [e for e in events if isinstance(e, sfi.AreaBegin)]
        content = self.content(events)
        for begin, segment in zip(begins, self.fw):
            self.assertEqual(begin.address, segment.address)
            self.assertEqual(content[begin.index][:len(segment.data)],
                             segment.data)

    def test_in_pieces_of_every_size(self) -> None:
        whole = self.content(sfi.read_image(self.image, self.key, self.nonce))
        for size in (1, 7, 4096):
            reader = sfi.ImageReader(self.key, self.nonce)
            events: List[sfi.ImageEvent] = []
            for at in range(0, len(self.image), size):
                events += reader.feed(
                    bytearray(self.image[at:at + size]))
            reader.finish()
            self.assertEqual(self.content(events), whole)

    def test_nothing_is_nothing(self) -> None:
        reader = sfi.ImageReader()
        self.assertEqual(reader.feed(b""), [])
        self.assert_fails(sfi.InputError, Status.TRUNCATED, reader.finish)

    def test_truncated(self) -> None:
        with self.assertRaises(sfi.InputError) as caught:
            list(sfi.read_image(self.image[:-1]))
        self.assertEqual(caught.exception.status, Status.TRUNCATED)

    def test_altered(self) -> None:
        bad = bytearray(self.image)
        bad[-1] ^= 1
        events = []
        with self.assertRaises(sfi.SecurityError) as caught:
            for event in sfi.read_image(bad, self.key, self.nonce):
                events.append(event)
        self.assertEqual(caught.exception.status, Status.AUTH)
        self.assertIsInstance(events[0], sfi.Header)  # what came before

    def test_refused_for_good(self) -> None:
        reader = sfi.ImageReader()
        self.assert_fails(sfi.InputError, Status.FORMAT, reader.feed,
                          b"x" * 100)
        self.assert_fails(sfi.InputError, Status.FORMAT, reader.feed,
                          self.image)

    def test_key_without_nonce(self) -> None:
        self.assertRaises(sfi.UsageError, sfi.ImageReader, self.key)
        self.assertRaises(sfi.UsageError, sfi.ImageReader, None, self.nonce)
        self.assert_fails(sfi.InputError, Status.RANGE, sfi.ImageReader,
                          self.key, b"short")

    def test_firmware(self) -> None:
        fw = sfi.image_firmware(self.image, self.key, self.nonce)
        self.assertEqual(fw.format, "sfi")
        self.assertEqual(fw.compare(self.fw), [])
        self.assertEqual(len(sfi.image_firmware(
            self.image, self.key, self.nonce, area=1)), 1)
        self.assert_fails(sfi.InputError, Status.RANGE, sfi.image_firmware,
                          self.image, self.key, self.nonce, 99)
        other = sfi.Key.generate()
        self.assert_fails(sfi.SecurityError, Status.AUTH, sfi.image_firmware,
                          self.image, other, self.nonce)


if __name__ == "__main__":
    kit.main()
