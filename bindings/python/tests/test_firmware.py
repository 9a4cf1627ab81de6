# SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later
# Copyright The libsfi authors
"""Firmware: files, segments, selection, comparison."""
from __future__ import annotations

import gc
from typing import List

import kit
from kit import DATA, Case, sfi

from sfi import Status

HEX = b":020000040800F2\n:0400000001020304F2\n:04001000AABBCCDDDE\n" \
      b":00000001FF\n"
BASE = 0x08000000


class Files(Case):
    def test_formats(self) -> None:
        elf = sfi.Firmware.load(DATA / "blink-stm32h753xi.elf")
        self.assertEqual((elf.format, elf.machine), ("elf", 40))
        self.assertEqual(elf.name, str(DATA / "blink-stm32h753xi.elf"))
        for suffix, format in ((".hex", "ihex"), (".srec", "srec")):
            same = sfi.Firmware.load(
                str(DATA / "blink-stm32h753xi") + suffix)
            self.assertEqual(same.format, format)
            self.assertEqual(elf.compare(same), [])

    def test_binary(self) -> None:
        path = self.path("x.bin", b"12345")
        fw = sfi.Firmware.load(path, "bin", BASE)
        self.assertEqual([(s.address, bytes(s.data)) for s in fw],
                         [(BASE, b"12345")])
        self.assertEqual(fw.size, 5)

    def test_parse(self) -> None:
        for data in (HEX, bytearray(HEX), memoryview(HEX)):
            fw = sfi.Firmware.parse(data)
            self.assertEqual((fw.name, len(fw)), ("", 2))

    def test_errors_name_the_line(self) -> None:
        path = self.path("bad.hex", HEX.replace(b"F2\n:04001", b"F3\n:04001"))
        error = self.assert_fails(sfi.InputError, Status.CHECKSUM,
                                  sfi.Firmware.load, path)
        self.assertIn("bad.hex:2", error.where)

    def test_unknown_format(self) -> None:
        self.assert_fails(sfi.UsageError, Status.ARGUMENT, sfi.Firmware.parse,
                          HEX, "hexx")

    def test_base_with_another_format(self) -> None:
        self.assert_fails(sfi.UsageError, Status.ARGUMENT, sfi.Firmware.parse,
                          HEX, None, BASE)
        self.assert_fails(sfi.UsageError, Status.ARGUMENT, sfi.Firmware.parse,
                          HEX, "bin", -1)

    def test_flags(self) -> None:
        path = self.path("no-end.hex", HEX.replace(b":00000001FF\n", b""))
        self.assert_fails(sfi.InputError, Status.TRUNCATED, sfi.Firmware.load,
                          path)
        fw = sfi.Firmware.load(path, flags=sfi.FirmwareFlag.NO_END_RECORD)
        self.assertEqual(len(fw), 2)
        self.assertTrue(any("end record" in line for line in self.lines))

    def test_skip_sections(self) -> None:
        path = DATA / "blink-stm32h753xi.elf"
        whole = sfi.Firmware.load(path)
        fw = sfi.Firmware.load(path, skip_sections=[".isr_vector", "none"])
        self.assertLessEqual(fw.size, whole.size)
        self.assertTrue(any('"none"' in line or "none" in line
                            for line in self.lines), self.lines)

    def test_missing(self) -> None:
        self.assert_fails(sfi.MissingFile, Status.OS, sfi.Firmware.load,
                          self.path("none.hex"))

    def test_save(self) -> None:
        fw = sfi.Firmware.parse(HEX)
        for name, format in (("a.hex", "ihex"), ("a.s19", "srec")):
            self.assertEqual(sfi.format_by_name(name), format)
            fw.save(self.path(name))
            again = sfi.Firmware.load(self.path(name))
            self.assertEqual((again.format, again.compare(fw)), (format, []))

    def test_save_binary(self) -> None:
        fw = sfi.Firmware.parse(HEX)
        path = self.path("a.bin")
        self.assert_fails(sfi.InputError, Status.FORMAT, fw.save, path)
        fw.save(path, fill=0, private=True)
        self.assertEqual(path.read_bytes(),
                         b"\1\2\3\4" + bytes(12) + b"\xaa\xbb\xcc\xdd")
        self.assertEqual(path.stat().st_mode & 0o777, 0o600)
        self.assert_fails(sfi.AccessError, Status.ACCESS, fw.save, path,
                          fill=1)
        fw.save(path, fill=1, replace=True)
        self.assert_fails(sfi.UsageError, Status.ARGUMENT, fw.save, path,
                          fill=256)


class Segments(Case):
    def test_sequence(self) -> None:
        fw = sfi.Firmware.parse(HEX)
        self.assertEqual(len(fw), 2)
        self.assertEqual([s.address for s in fw], [BASE, BASE + 16])
        self.assertEqual([s.address for s in reversed(fw)],
                         [BASE + 16, BASE])
        self.assertEqual(fw[-1].data, b"\xaa\xbb\xcc\xdd")
        self.assertEqual(fw[0].end, BASE + 4)
        self.assertEqual([s.address for s in fw[1:]], [BASE + 16])
        self.assertRaises(IndexError, fw.__getitem__, 2)
        self.assertRaises(IndexError, fw.__getitem__, -3)

    def test_bytes_are_read_only(self) -> None:
        data = sfi.Firmware.parse(HEX)[0].data
        self.assertEqual((data.format, data.readonly), ("B", True))
        with self.assertRaises(TypeError):
            data[0] = 1  # type: ignore[index]

    def test_bytes_outlive_the_object(self) -> None:
        for end in (lambda fw: None, lambda fw: fw.close()):
            fw = sfi.Firmware.parse(HEX)
            data = fw[1].data[1:]
            end(fw)
            del fw
            gc.collect()
            [sfi.Firmware.parse(HEX) for _ in range(20)]
            self.assertEqual(data, b"\xbb\xcc\xdd")

    def test_unpack(self) -> None:
        (address, data), _ = sfi.Firmware.parse(HEX)
        self.assertEqual((address, data.tobytes()), (BASE, b"\1\2\3\4"))

    def test_repr(self) -> None:
        fw = sfi.Firmware.parse(HEX)
        self.assertEqual(repr(fw), "<sfi.Firmware ihex, 2 segments>")
        self.assertEqual(repr(fw[0]), "<sfi.Segment 0x08000000..0x08000003>")
        fw.close()
        self.assertEqual(repr(fw), "<sfi.Firmware closed>")
        self.assertRaises(sfi.ClosedError, len, fw)


class Select(Case):
    def test_only_and_exclude(self) -> None:
        fw = sfi.Firmware.parse(HEX)
        out: List[sfi.LeftOut] = []
        part = fw.select(only=[(BASE, BASE + 17)],
                         exclude=[(BASE + 1, BASE + 1)], report=out.append)
        self.assertEqual([(s.address, bytes(s.data)) for s in part],
                         [(BASE, b"\1"), (BASE + 2, b"\3\4"),
                          (BASE + 16, b"\xaa\xbb")])
        self.assertEqual(
            [(o.reason, o.address, o.size, o.segment) for o in out],
            [(sfi.LeftOutReason.EXCLUDED, BASE + 1, 1, 1),
             (sfi.LeftOutReason.NOT_ONLY, BASE + 18, 2, 2)])
        fw.close()
        self.assertEqual(part[0].data, b"\1")

    def test_flash_of_a_part(self) -> None:
        fw = sfi.Firmware.parse(
            HEX.replace(b":00000001FF\n",
                        b":02000004200 0DA\n".replace(b" ", b"") +
                        b":0100000055AA\n:00000001FF\n"))
        out: List[sfi.LeftOut] = []
        part = fw.select(flash_of="stm32h753xi", report=out.append)
        self.assertEqual(len(part), 2)
        self.assertEqual((out[0].reason, out[0].memory),
                         (sfi.LeftOutReason.NOT_FLASH, "DTCM"))

    def test_errors(self) -> None:
        fw = sfi.Firmware.parse(HEX)
        self.assert_fails(sfi.UsageError, Status.ARGUMENT, fw.select,
                          [(5, 4)])
        self.assert_fails(sfi.InputError, Status.RANGE, fw.select,
                          [(0, 1 << 33)])
        self.assert_fails(sfi.InputError, Status.RANGE, fw.select, [(0, 5)])

    def test_patch(self) -> None:
        fw = sfi.Firmware.parse(b"\x01\xff\xff\x04", "raw", 0x100)
        self.assertEqual([(s.address, bytes(s.data)) for s in
                          fw.patch(0x101, b"ab")], [(0x100, b"\x01ab\x04")])
        with self.assertRaises(sfi.InputError):
            fw.patch(0x102, b"ab")

    def test_report_that_raises(self) -> None:
        def report(left_out: sfi.LeftOut) -> None:
            calls.append(left_out)
            raise KeyError("mine")

        calls: List[sfi.LeftOut] = []
        fw = sfi.Firmware.parse(HEX)
        with self.assertRaises(KeyError):
            fw.select(exclude=[(BASE, BASE), (BASE + 2, BASE + 2)],
                      report=report)
        self.assertEqual(len(calls), 1)
        self.assertEqual(len(fw.select()), 2)  # it goes on


class Compare(Case):
    def test_differences(self) -> None:
        one = sfi.Firmware.parse(b"12345", "bin", BASE)
        two = sfi.Firmware.parse(b"1x345678", "bin", BASE)
        self.assertEqual(one.compare(two), [
            sfi.Difference(sfi.DifferenceKind.CONTENT, BASE + 1, 1, 0x32,
                           0x78),
            sfi.Difference(sfi.DifferenceKind.ONLY_SECOND, BASE + 5, 3, 0xff,
                           0x36)])

    def test_other_context(self) -> None:
        one = sfi.Firmware.parse(HEX)
        with sfi.Context():
            two = sfi.Firmware.parse(HEX)
            self.assert_fails(sfi.UsageError, Status.ARGUMENT, one.compare,
                              two)


if __name__ == "__main__":
    kit.main()
