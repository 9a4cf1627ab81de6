# SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later
# Copyright The libsfi authors
"""Many chips at once."""
from __future__ import annotations

import threading
from typing import Any, Callable, List, Tuple

import bench
import kit
from bench import BenchCase
from kit import sfi

from sfi import Status, sim

Port = Callable[[sfi.Context], sfi.Transport]


class Gangs(BenchCase):
    def chips(self, number: int) -> List[Port]:
        """Chips with keys of their own, each behind a port."""
        def port(folder: Any) -> Port:
            return lambda context: sim.Simulator(
                folder, context=context).transport()

        return [port(self.other_chip(f"chip{i}")) for i in range(number)]

    def test_eight(self) -> None:
        hsm, seen = self.hsm(), set()
        gang = sfi.Gang(bench.image(), self.chips(8), hsm,
                        progress=lambda i, p: seen.add((i, p.phase)))
        self.assertEqual(gang.progress, [None] * 8)
        results = gang.run()
        self.assertEqual([r.index for r in results], list(range(8)))
        for result in results:
            self.assertTrue(result.ok, result)
            self.assertEqual(result.phase, sfi.Phase.DONE)
            self.assertIs(result.chip, sfi.chip(bench.CHIP))
            self.assertIn(result.device_id, str(result))
        self.assertEqual(len({r.device_id for r in results}), 8)
        self.assertEqual(hsm.info().remaining, 2)
        self.assertIn((7, sfi.Phase.DONE), seen)
        with self.assertRaises(sfi.UsageError):
            list(gang)

    def test_one_fails(self) -> None:
        ports: List[Any] = [*self.chips(2), "serial:/dev/nothing"]
        results = sfi.Gang(bench.image(), ports, self.hsm()).run()
        self.assertEqual([r.ok for r in results], [True, True, False])
        self.assertIsInstance(results[2].error, sfi.NoDevice)
        self.assertEqual(results[2].port, "serial:/dev/nothing")
        self.assertIn("nothing", str(results[2]))

    def test_a_port_that_raises(self) -> None:
        def bad(context: sfi.Context) -> sfi.Transport:
            raise KeyError("port")

        result, = sfi.Gang(bench.image(), [bad], self.hsm())
        self.assertIsInstance(result.error, KeyError)

    def test_counter_ends(self) -> None:
        hsm = self.hsm(1)
        results = sfi.Gang(bench.image(), self.chips(3), hsm).run()
        self.assertEqual(sorted(r.ok for r in results), [False, False, True])
        for result in results:
            if not result.ok:
                self.assertIsInstance(result.error, sfi.CounterExhausted)

    def test_leaving_the_loop_cancels(self) -> None:
        hsm = self.hsm()
        for _ in sfi.Gang(bench.image(size=100000), self.chips(3), hsm):
            break
        self.assertFalse([t for t in threading.enumerate()
                          if t.name.startswith("sfi-gang")])
        hsm.info()

    def test_cancel(self) -> None:
        ports = self.chips(2)
        gang = sfi.Gang(bench.image(), ports, self.hsm())
        gang.cancel()
        for result in gang:
            self.assertIsInstance(result.error, sfi.Cancelled)

    def test_progress_that_raises(self) -> None:
        def fails(index: int, progress: sfi.Progress) -> None:
            if index == 1:
                raise KeyError(index)

        results = sfi.Gang(bench.image(), self.chips(2), self.hsm(),
                           progress=fails).run()
        self.assertEqual([r.ok for r in results], [True, False])
        self.assertIsInstance(results[1].error, KeyError)

    def test_store(self) -> None:
        ports = self.chips(2)
        hsm = self.hsm()
        self.assertTrue(all(r.ok for r in sfi.Gang(
            bench.image(), ports, hsm, store=self.path("store"))))
        hsm.close()
        self.assertTrue(all(r.ok for r in sfi.Gang(
            bench.image(), ports, store=self.path("store"), erase=True)))

    def test_record(self) -> None:
        ports: List[Any] = [*self.chips(2), "serial:/dev/nothing"]
        record = self.path("line.jsonl")
        results = sfi.Gang(bench.image(), ports, self.hsm(1), record=record,
                           boards=["B1", "B2", "B3"]).run()
        lines = {line["board_serial"]: line
                 for line in sfi.read_journal(record)}
        self.assertEqual(sorted(lines), ["B1", "B2"])  # no link, no install
        for result, board in zip(results, ("B1", "B2")):
            # an exhausted HSM is noticed before or after the certificate
            self.assertEqual(lines[board].get("device_id", ""),
                             result.device_id)
            self.assertEqual("error" in lines[board], not result.ok)
        with self.assertRaises(sfi.Error):
            sfi.Gang(bench.image(), ports, self.hsm(),
                     record=self.path("other", b"not a journal"))

    def test_two_hundred_installs(self) -> None:
        hsm, ports = self.hsm(), self.chips(8)
        image = bench.image(size=64)
        counts: List[Tuple[bool, ...]] = []
        for _ in range(25):
            counts.append(tuple(r.ok for r in sfi.Gang(
                image, ports, hsm, erase=True).run()))
        self.assertEqual(set(counts), {(True,) * 8})
        self.assertEqual(hsm.info().remaining, 2)

    def test_arguments(self) -> None:
        self.assert_fails(sfi.UsageError, Status.ARGUMENT, sfi.Gang,
                          bench.image(), [], self.hsm())
        self.assert_fails(sfi.UsageError, Status.ARGUMENT, sfi.Gang,
                          bench.image(), ["usb:"])
        with self.assertRaises(FileNotFoundError):
            sfi.Gang(self.path("none"), ["usb:"], self.hsm())


if __name__ == "__main__":
    kit.main()
