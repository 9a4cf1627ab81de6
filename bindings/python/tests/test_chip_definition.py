# SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later
# Copyright The libsfi authors
"""Parts of the program's own."""
from __future__ import annotations

import copy
import dataclasses
import gc
import itertools
import pickle
import threading
import weakref
from typing import Any, Dict, List

import bench
import kit
from bench import BASE, BenchCase
from kit import Case, sfi

from sfi import MemoryKind, Status, sim

SRAM = sfi.ChipMemoryRange("AXI SRAM", 0x24000000, 0x80000, MemoryKind.RAM)
RDP = sfi.ChipField("RDP", "OPTSR", 8, 8, "readout protection")
WATCHDOG = sfi.ChipField("IWDG1_SW", "OPTSR", 4, 1)
ROW = sfi.ChipRow("OPTSR", 0x1bc6aaf0, 0x00, 0x04)
H743 = sfi.ChipDefinition(
    name="stm32h743zi", device_id=0x450, flash_base=BASE,
    flash_size=0x200000, bank_size=0x100000, sector_size=0x20000,
    program_unit=32, erase_ms=4000, ram_base=0x24005000, ram_size=0x7b000,
    options_base=0x5200201c, options_size=8, rows=[ROW],
    fields=[RDP, WATCHDOG], memories=[SRAM])


def changed(**members: Any) -> sfi.ChipDefinition:
    return dataclasses.replace(H743, **members)


class Definition(Case):
    def test_facts(self) -> None:
        chip = sfi.define_chip(H743)
        self.assertEqual(
            (chip.name, str(chip), chip.device_id, chip.flash_base,
             chip.flash_size, chip.sector_size, chip.program_unit,
             chip.product_id),
            ("stm32h743zi", "stm32h743zi", 0x450, BASE, 0x200000, 0x20000, 32,
             ""))
        self.assertEqual(chip.option_bytes, ("OPTSR",))
        self.assertEqual(chip.memory(0x24000000), "AXI SRAM")
        self.assertEqual(chip.interfaces, ("usart", "spi"))
        usb = sfi.define_chip(changed(usb=True))
        self.assertEqual(usb.interfaces, ("usart", "spi", "usb"))
        self.assertIs(chip.context, self.ctx)
        self.assertIs(chip.definition, H743)

    def test_known_to_itself_only(self) -> None:
        chip = sfi.define_chip(H743)
        self.assertIs(sfi.chip(chip), chip)
        self.assertIsNot(sfi.define_chip(H743), chip)
        self.assertNotIn(chip, sfi.chips())
        self.assertEqual(sfi.chip_by_id(0x450).name, bench.CHIP)
        self.assertRaises(sfi.UsageError, sfi.chip, chip.name)
        known = sfi.chip(bench.CHIP)
        self.assertIsNone(known.context)
        self.assertIsNone(known.definition)

    def test_frozen(self) -> None:
        rows = [ROW]
        chip = sfi.define_chip(changed(rows=rows))
        rows.clear()
        assert chip.definition is not None
        self.assertEqual(chip.definition, H743)
        self.assertEqual(hash(chip.definition), hash(H743))
        with self.assertRaises(AttributeError):
            chip.name = "other"  # type: ignore[misc]
        for do in (copy.copy, copy.deepcopy, pickle.dumps):
            self.assertRaisesRegex(TypeError, "definition", do, chip)
        again = pickle.loads(pickle.dumps(chip.definition))
        self.assertEqual(sfi.define_chip(again).name, chip.name)
        self.assertEqual(repr(chip), "<sfi.Chip stm32h743zi>")

    def test_wrong(self) -> None:
        """The library's message; its tests have every case."""
        long_name = "a234567890123456789012345678901x"
        for members, status, fact in (
                (dict(name=long_name), Status.RANGE, "1 to 31 of a-z"),
                (dict(name=bench.CHIP), Status.RANGE, "a name of your own"),
                (dict(device_id=0x1000), Status.RANGE, "device_id 0x1000"),
                (dict(program_unit=24), Status.RANGE, "program_unit 24"),
                (dict(options_size=4), Status.RANGE, "row OPTSR"),
                (dict(rows=()), Status.RANGE, 'no row "OPTSR", expected one'),
                (dict(rows=(), fields=()), Status.RANGE, "row_count 0"),
                (dict(rows=[ROW] * 13), Status.RANGE, "row_count 13"),
                (dict(fields=[WATCHDOG]), Status.RANGE, "no field RDP"),
                (dict(fields=[RDP, sfi.ChipField("A", "OPTSR", 15, 2)]),
                 Status.OVERLAP, "RDP and A"),
                (dict(fields=[sfi.ChipField("RDP", "X", 8, 8)]), Status.RANGE,
                 'field RDP: no row "X", expected OPTSR'),
                (dict(memories=[dataclasses.replace(SRAM, base=BASE)]),
                 Status.OVERLAP, "the flash and AXI SRAM"),
                (dict(memories=[dataclasses.replace(SRAM, kind=7)]),
                 Status.RANGE, "kind 7"),
                (dict(flash_size=1 << 32), Status.RANGE, "flash_size 429"),
                (dict(rows=[dataclasses.replace(ROW, shipped=-1)]),
                 Status.RANGE, "shipped of row OPTSR")):
            error = self.assert_fails(sfi.InputError, status, sfi.define_chip,
                                      changed(**members))
            self.assertIn(fact, str(error))
        self.assertRaises(sfi.UsageError, sfi.define_chip, changed(name="a\0"))
        self.assertEqual(self.ctx._definitions, {})


class Work(BenchCase):
    def setUp(self) -> None:
        super().setUp()
        self.chip = sfi.define_chip(H743)

    def firmware(self) -> sfi.Firmware:
        return sfi.Firmware.parse(bench.content(1000), format="raw",
                                  base=BASE)

    def test_option_bytes(self) -> None:
        ob = sfi.OptionBytes.default(self.chip)
        self.assertIs(ob.chip, self.chip)
        self.assertEqual(dict(ob), {"OPTSR": 0x1bc6aaf0})
        ob["IWDG1_SW"] = 0
        self.assertEqual(ob["OPTSR"], 0x1bc6aae0)
        self.assertEqual(ob.fields["RDP"].text, "level 0: no protection")
        self.assertEqual(ob.fields["RDP"].about, "readout protection")
        self.assertEqual(sfi.OptionBytes.parse(ob.to_csv(), self.chip), ob)
        path = self.path("ob.csv", ob.to_csv().encode())
        self.assertEqual(sfi.OptionBytes.load(path, self.chip), ob)
        found = sfi.describe(path, chip=self.chip)
        self.assertEqual(found["chip"], "stm32h743zi")

    def test_rows_and_fields_by_name(self) -> None:
        shown = sfi.ChipRow("OPTSR2", 5, 0x08, read_only=True)
        chip = sfi.define_chip(changed(
            options_size=12, rows=[shown, ROW],
            fields=[RDP, sfi.ChipField("LOW", "OPTSR2", 0, 3)]))
        ob = sfi.OptionBytes.default(chip)
        self.assertEqual(list(ob), ["OPTSR2", "OPTSR"])
        self.assertEqual((ob["LOW"], ob["RDP"]), (5, 0xaa))
        self.assertEqual(ob.fields["LOW"].about, "")

    def test_firmware(self) -> None:
        firmware = self.firmware()
        kept = firmware.select(flash_of=self.chip)
        self.assertEqual(kept[0].address, BASE)

    def test_security_extension_is_not_assumed(self) -> None:
        """Preflight works, an image and an install do not."""
        builder = sfi.ImageBuilder(
            self.chip, sfi.Key.from_bytes(bench.KEY), bench.NONCE)
        builder.add_firmware(self.firmware())
        builder.set_option_bytes(sfi.OptionBytes.default(self.chip))
        self.assertEqual([finding.rule for finding in builder.check()],
                         ["rdp-level-0"])
        self.assertIs(builder.chip, self.chip)
        self.assertIs(builder.layout().chip, self.chip)
        link = self.simulator().transport()
        for refused in (
                lambda: builder.to_bytes(),
                lambda: sfi.Installer(bench.image(), link, self.hsm(),
                                      chip=self.chip),
                lambda: sfi.Gang(bench.image(), ["usb"], store="store",
                                 chip=self.chip),
                lambda: sim.Simulator.in_memory(self.chip),
                lambda: sim.manufacture(self.chip, self.path("ca"),
                                        self.path("chip"))):
            error = self.assert_fails(sfi.Unsupported, Status.UNSUPPORTED,
                                      refused)
            self.assertIn("stm32h743zi was defined by this program: libsfi "
                          "assumes no security extension of it", str(error))

    def test_target(self) -> None:
        chip = self.simulator()
        target = sfi.Target.connect(chip.transport(), self.chip)
        self.assertIs(target.chip, self.chip)
        target.program(self.firmware())
        target.verify(self.firmware())
        self.assertEqual(repr(target), "<sfi.Target stm32h743zi>")
        self.assertIs(target.option_bytes().chip, self.chip)
        target.close()
        error = self.assert_fails(sfi.NoDevice, Status.NO_DEVICE,
                                  sfi.Target.connect, chip.transport(),
                                  sfi.define_chip(changed(device_id=0x480)))
        self.assertIn("stm32h743zi (0x480)", str(error))


class Contexts(Case):
    def test_context_of_the_part_is_taken(self) -> None:
        """As that of a key."""
        other = sfi.Context(log=None)
        chip = sfi.define_chip(H743, context=other)
        for made in (sfi.OptionBytes.default(chip), sfi.ImageBuilder(chip)):
            self.assertIs(made.context, other)
            self.assertIs(made.chip, chip)

    def test_another_context(self) -> None:
        other = sfi.Context(log=None)
        chip = sfi.define_chip(H743, context=other)
        firmware = sfi.Firmware.parse(b"1234", "raw", BASE)
        for refused in (
                lambda: sfi.OptionBytes.default(chip, context=self.ctx),
                lambda: sfi.ImageBuilder(chip, sfi.Key.generate()),
                lambda: firmware.select(flash_of=chip)):
            error = self.assert_fails(sfi.UsageError, Status.ARGUMENT, refused)
            self.assertEqual(
                str(error), "stm32h743zi was defined in another context, "
                "expected this one")
        twin = sfi.define_chip(H743)
        self.assertIs(sfi.OptionBytes.default(twin).chip, twin)
        self.assertNotEqual(sfi.OptionBytes.default(twin),
                            sfi.OptionBytes.default(chip))

    def test_closed(self) -> None:
        with sfi.Context(log=None):
            chip = sfi.define_chip(H743)
        self.assertRaises(sfi.ClosedError, lambda: chip.device_id)
        self.assertRaises(sfi.ClosedError, chip.memory, BASE)
        self.assertRaises(sfi.ClosedError, sfi.OptionBytes.default, chip)
        self.assertEqual(repr(chip), "<sfi.Chip stm32h743zi>")
        assert chip.definition is not None
        self.assertTrue(sfi.define_chip(chip.definition).device_id)

    def test_another_thread(self) -> None:
        chip = sfi.define_chip(H743)
        caught: List[BaseException] = []

        def ask() -> None:
            try:
                chip.device_id
            except sfi.UsageError as error:
                caught.append(error)

        with self.ctx._state:
            thread = threading.Thread(target=ask)
            thread.start()
            thread.join()
        self.assertEqual(len(caught), 1)

    def test_dropped_in_each_order(self) -> None:
        names = ["context", "chip", "ob", "builder", "layout"]
        for order in itertools.permutations(names):
            things: Dict[str, Any] = {"context": sfi.Context(log=None)}
            things["chip"] = sfi.define_chip(H743, context=things["context"])
            things["ob"] = sfi.OptionBytes.default(things["chip"])
            things["builder"] = sfi.ImageBuilder(things["chip"])
            things["builder"].add_firmware(sfi.Firmware.parse(
                b"1234", "raw", BASE, context=things["context"]))
            things["layout"] = things["builder"].layout()
            alive = weakref.ref(things["context"])
            for name in order:
                del things[name]
                for thing in ("ob", "builder", "layout"):
                    if thing in things:
                        self.assertEqual(things[thing].chip.device_id, 0x450)
                        self.assertIs(things[thing].chip.definition, H743)
                if "chip" in things:
                    self.assertEqual(things["chip"].device_id, 0x450)
            things.clear()
            gc.collect()
            self.assertIsNone(alive())


if __name__ == "__main__":
    kit.main()
