# SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later
# Copyright The libsfi authors
"""Virtual chips and cards."""
from __future__ import annotations

import os
import select
import threading
import tty

import bench
import kit
from bench import BenchCase
from kit import sfi

from sfi import Status, sim


class Chips(BenchCase):
    def test_manufacture(self) -> None:
        sim.manufacture(bench.CHIP, self.path("ca"), self.path("c"),
                        bootloader="V9.0")
        with sim.Simulator(self.path("c")) as chip:
            self.assertEqual(chip.state()["bootloader"], "V9.0")
        self.assert_fails(sfi.AccessError, Status.ACCESS, sim.manufacture,
                          bench.CHIP, self.path("ca"), self.path("c"))
        self.assert_fails(sfi.UsageError, Status.ARGUMENT, sim.manufacture,
                          bench.CHIP, self.path("ca"), self.path("d"),
                          bootloader="V1.0")

    def test_one_simulator_at_a_time(self) -> None:
        chip = self.simulator()
        self.assert_fails(sfi.AccessError, Status.ACCESS, sim.Simulator,
                          self.path("chip"))
        chip.close()
        sim.Simulator(self.path("chip"))
        with self.assertRaises(sfi.Error):
            sim.Simulator(self.path("nothing"))

    def test_memories(self) -> None:
        with self.simulator() as chip:
            self.assertEqual(len(chip.dump(sfi.SimArea.FLASH)), 2 << 20)
            self.assertEqual(len(chip.dump(sfi.SimArea.DEVICE_KEY)), 32)
            cert = chip.dump(sfi.SimArea.CERTIFICATE)
            self.assertEqual(
                sim.peek(self.path("chip"), sfi.SimArea.CERTIFICATE), cert)
            sim.save(self.path("chip"), sfi.SimArea.CERTIFICATE,
                     self.path("cert"))
            self.assertEqual(self.path("cert").read_bytes(), cert)
            self.assertEqual(chip.read_flash(bench.BASE, 4), b"\xff" * 4)
            self.assert_fails(sfi.InputError, Status.RANGE, chip.read_flash,
                              0, 4)

    def test_bench_work(self) -> None:
        chip = self.simulator()
        self.assertEqual(repr(chip), "<sfi.sim.Simulator stm32h753xi>")
        resets = chip.resets
        chip.command("reset")
        self.assertEqual(chip.resets, resets + 1)
        chip.set_boot0(False)
        chip.power_on()
        self.assertNotEqual(chip.state()["runs"], "bootloader")
        chip.set_boot0(True)
        chip.power_cut_after(0)
        chip.power_on()
        self.assertTrue(chip.has_power)
        chip.wait(0.1)
        self.assert_fails(sfi.UsageError, Status.ARGUMENT, chip.command,
                          "dance")
        self.assert_fails(sfi.InputError, Status.RANGE, chip.wait, -1)

    def test_option_rows(self) -> None:
        chip = self.simulator()
        row = chip.chip.option_bytes[0]
        value = int.from_bytes(
            chip.dump(sfi.SimArea.OPTION_BYTES)[:4], "little")
        chip.set_option(row, value)
        self.assert_fails(sfi.UsageError, Status.ARGUMENT, chip.set_option,
                          "NOTHING", 0)

    def test_flash(self) -> None:
        chip = self.simulator()
        with sfi.Target.connect(chip.transport()) as target:
            target.write(bench.BASE, bytes(32))
        self.assertGreater(chip.flash_ops, 0)
        self.assertEqual(chip.read_flash(bench.BASE, 32), bytes(32))
        chip.erase_flash()
        self.assertEqual(chip.read_flash(bench.BASE, 32), b"\xff" * 32)
        self.assertFalse(chip.reset_is_due)

    def test_links_byte_by_byte(self) -> None:
        chip = self.simulator()
        self.assertEqual(chip.usart(b"\x7f"), b"\x79")
        self.assertEqual(len(self.simulator("s").spi(b"\x5a\0")), 2)
        self.assertEqual(len(self.simulator("p").probe(b"\0\x04")), 2 + 6)
        usb = self.simulator("u")
        usb.usb_attach()
        self.assertTrue(usb.usb_attached)
        self.assertEqual(len(usb.usb_control(0xa1, 3, 0, 0, 6)), 6)

    def test_transport_keeps_the_chip(self) -> None:
        chip = self.simulator()
        transport = chip.transport()
        chip.close()
        sfi.Target.connect(transport).close()
        transport.close()
        sim.Simulator(self.path("chip")).close()
        self.assert_fails(
            sfi.Unsupported, Status.UNSUPPORTED,
            self.simulator("l4", "stm32l462ce").transport, "jtag")


class InMemory(BenchCase):
    """Chips that are nowhere on the disk."""

    def vault(self, chip: sim.Simulator) -> sfi.Hsm:
        """An HSM that trusts the chip's CA, and has the bench's key."""
        hsm = sfi.Hsm.open(f"vault:{self.path('line.vault')}")
        hsm.login(bench.PIN)
        hsm.provision(sfi.Key.from_bytes(bench.KEY), bench.NONCE, "blink", 9,
                      chip.personalization)
        return hsm

    def test_install(self) -> None:
        """One HSM serves two chips of one maker, and no stranger."""
        first = sim.Simulator.in_memory(bench.CHIP)
        second = sim.Simulator.in_memory(bench.CHIP, maker=first)
        hsm = self.vault(first)
        for chip in (first, second):
            sfi.Installer(bench.image(), chip.transport(), hsm).run()
            self.assertEqual(chip.read_flash(bench.BASE, 3000),
                             bench.content(3000))
        stranger = sim.Simulator.in_memory(bench.CHIP)
        with self.assertRaises(sfi.Error) as caught:
            sfi.Installer(bench.image(), stranger.transport(), hsm).run()
        self.assertEqual(caught.exception.status, Status.CERTIFICATE)
        self.assertEqual(hsm.info().remaining, 7)
        self.assertEqual({p.name.partition("-")[0]
                          for p in self.folder.iterdir()}, {"line.vault"})

    def test_gang(self) -> None:
        """Each chip is in a context of its own, and one of them is the maker
        of all."""
        first = sim.Simulator.in_memory(bench.CHIP)

        def port(context: sfi.Context) -> sfi.Transport:
            return sim.Simulator.in_memory(
                bench.CHIP, maker=first, context=context).transport()

        results = sfi.Gang(bench.image(), [port] * 4, self.vault(first)).run()
        self.assertTrue(all(r.ok for r in results), results)
        self.assertEqual(len({r.device_id for r in results}), 4)

    def test_ca_in_a_folder(self) -> None:
        folder = self.simulator()
        chip = sim.Simulator.in_memory(bench.CHIP, ca_dir=bench.folder() / "ca",
                                       bootloader="V9.0")
        self.assertEqual(chip.state()["bootloader"], "V9.0")
        sfi.Installer(bench.image(), chip.transport(), self.hsm()).run()
        with self.assertRaises(sfi.UsageError) as caught:
            folder.personalization
        self.assertEqual(caught.exception.status, Status.STATE)
        self.assert_fails(sfi.UsageError, Status.ARGUMENT,
                          sim.Simulator.in_memory, bench.CHIP, maker=folder)

    def test_serve(self) -> None:
        chip = sim.Simulator.in_memory(bench.CHIP)
        self.assert_fails(sfi.Unsupported, Status.UNSUPPORTED,
                          chip.serve_begin, self.path("tty"), control=True)
        chip.serve_begin(self.path("tty"))
        self.assertTrue(chip.waits())
        chip.serve_end()


class Served(BenchCase):
    def test_usart(self) -> None:
        port = self.path("port")
        with sfi.Context() as other:
            chip = sim.Simulator(self.new_chip(), context=other)
            with chip.serving(usart=port, control=True):
                with sfi.Target.connect(f"serial:{port}",
                                        context=self.ctx) as target:
                    self.assertEqual(target.device_id, 0x450)
                self.assertIn("chip=stm32h753xi", sim.control(
                    self.path("chip"), "state", context=self.ctx))
                self.assert_fails(sfi.UsageError, Status.STATE,
                                  chip.usart)
            self.assertFalse(os.path.lexists(port))
            chip.usart()

    def test_event_loop(self) -> None:
        chip, port = self.simulator(), self.path("port")
        self.assert_fails(sfi.UsageError, Status.STATE, chip.poll)
        chip.serve_begin(usart=port)
        self.assert_fails(sfi.UsageError, Status.STATE, chip.serve_begin,
                          usart=port)
        fd = os.open(port, os.O_RDWR | os.O_NOCTTY)
        self.addCleanup(os.close, fd)
        tty.setraw(fd)
        os.write(fd, b"\x7f")
        for _ in range(100):
            wait, = chip.waits()
            ready = select.select(
                [fd] + [wait.fd] * wait.read, [wait.fd] * wait.write, [],
                wait.within)
            if fd in ready[0]:
                break
            chip.poll()
        self.assertEqual(os.read(fd, 9), b"\x79")
        chip.serve_end()
        self.assertFalse(os.path.lexists(port))
        self.assert_fails(sfi.InputError, Status.RANGE, chip.poll, -1)

    def test_jtag(self) -> None:
        with sfi.Context() as other:
            chip = sim.Simulator(self.new_chip(), context=other)
            with chip.serving(jtag="localhost:0") as served:
                self.assertGreater(served.jtag_port, 0)
                with self.assertRaises(sfi.UsageError):
                    served.__enter__()

    def test_faults(self) -> None:
        with sfi.Context() as other:
            chip = sim.Simulator(self.new_chip(), context=other)
            with self.assertRaises(sfi.UsageError):
                with chip.serving():
                    pass
            self.path("taken", b"a file")
            with self.assertRaises(sfi.AccessError):
                with chip.serving(usart=self.path("taken")):
                    pass

        def fails() -> bool:
            raise KeyError("stop")

        with self.assertRaises(KeyError):
            self.simulator("b").serve(self.path("p"), stop=fails)
        self.assert_fails(sfi.NoDevice, Status.NO_DEVICE, sim.control,
                          self.path("b"), "state")

    def test_a_thread_that_is_not_the_contexts(self) -> None:
        chip = self.simulator()
        faults = []

        def use() -> None:
            try:
                chip.usart()
            except BaseException as error:
                faults.append(error)

        with self.ctx._state:
            thread = threading.Thread(target=use)
            thread.start()
            thread.join()
        self.assertIsInstance(faults[0], sfi.UsageError)


class Cards(BenchCase):
    def test_select(self) -> None:
        card = sim.Card(self.hsm())
        self.assertTrue(card.atr.startswith(b"\x3b"))
        reply = card.apdu(bytes.fromhex("00a4040000"))
        self.assertEqual(len(reply), 2)
        self.assertNotEqual(reply, b"\x90\0")
        card.reset()
        self.assertEqual(card.reason, "")


if __name__ == "__main__":
    kit.main()
