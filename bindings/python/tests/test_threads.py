# SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later
# Copyright The libsfi authors
"""Many threads at once.  ``scripts/test threads`` runs this, and all other
modules with threads, with a libsfi that ThreadSanitizer watches."""
from __future__ import annotations

import ctypes
import os
import subprocess
import sys
import threading
import unittest
from typing import Callable, List, Set

import bench
import kit
from bench import BenchCase
from kit import sfi

from sfi import sim

THREADS = 4
WATCHED = hasattr(ctypes.CDLL(None), "__tsan_init")
#: what ThreadSanitizer ends a process with that has a race
RACE = 66


def together(work: Callable[[int], None], threads: int = THREADS) -> None:
    """Do the work in threads at the same time; raise what one of them does."""
    faults: List[BaseException] = []
    line = threading.Barrier(threads)

    def run(number: int) -> None:
        try:
            line.wait(60)
            work(number)
        except BaseException as error:
            faults.append(error)

    crew = [threading.Thread(target=run, args=(n,)) for n in range(threads)]
    for thread in crew:
        thread.start()
    for thread in crew:
        thread.join()
    if faults:
        raise faults[0]


class Together(BenchCase):
    def test_stations(self) -> None:
        """Each thread has a chip, an HSM's handle and a journal."""
        maker = sim.Simulator.in_memory(bench.CHIP)
        hsm = sfi.Hsm.open(f"vault:{self.path('line.vault')}")
        hsm.login(bench.PIN)
        hsm.provision(sfi.Key.from_bytes(bench.KEY), bench.NONCE, "blink", 9,
                      maker.personalization)
        image, record = bench.image(), self.path("line.jsonl")
        contexts = [sfi.Context(log=None) for _ in range(THREADS)]
        shares = [hsm.share(context) for context in contexts]

        def work(number: int) -> None:
            with contexts[number]:
                chip = sim.Simulator.in_memory(bench.CHIP, maker=maker)
                install = sfi.Installer(image, chip.transport(),
                                        shares[number])
                install.run()
                with sfi.Journal(record) as journal:
                    journal.add_install(install, board_serial=f"B{number}")

        together(work)
        lines = list(sfi.read_journal(record))
        self.assertEqual({line["board_serial"] for line in lines},
                         {f"B{n}" for n in range(THREADS)})
        self.assertEqual(hsm.info().remaining, 9 - THREADS)
        for share in shares:
            share.close()

    def test_data_of_one_context(self) -> None:
        """What only holds data is dropped by any thread, while its context
        works on."""
        handles = [[sfi.Firmware.parse(bench.content(64), format="raw",
                                       base=bench.BASE) for _ in range(50)]
                   for _ in range(THREADS)]

        def work(number: int) -> None:
            if number == 0:
                for _ in range(50):
                    sfi.Key.generate(context=self.ctx)
            while handles[number]:
                handles[number].pop()

        together(work)
        self.assertEqual(handles, [[]] * THREADS)

    def test_cancel(self) -> None:
        """A chip's work is cancelled by all other threads at once."""
        chip = sim.Simulator.in_memory(bench.CHIP)
        target = sfi.Target.connect(chip.transport())
        ends: Set[int] = set()

        def work(number: int) -> None:
            if number > 0:
                target.cancel()
                return
            while True:
                try:
                    target.read(bench.BASE, 10000)
                except sfi.Cancelled as error:
                    ends.add(error.status)
                    return

        together(work)
        self.assertEqual(ends, {sfi.Status.CANCELLED})
        with self.assertRaises(sfi.Cancelled):
            target.read(bench.BASE, 4)

    def test_installs_are_cancelled(self) -> None:
        for _ in range(5):
            chip = sim.Simulator.in_memory(
                bench.CHIP, ca_dir=bench.folder() / "ca")
            install = sfi.Installer(bench.image(size=100000),
                                    chip.transport(), self.hsm())

            def work(number: int) -> None:
                if number > 0:
                    install.cancel()
                    return
                with self.assertRaises(sfi.Cancelled):
                    install.run()

            together(work)


# A chip that two threads use, past the lock of its context.  The threads are
# not Python's: each call to libsfi and back goes through Python's own lock,
# which orders two calls unless they happen to be under way at the same time.
RACING = """
import ctypes
import sfi
from sfi import sim

chip = sim.Simulator.in_memory("stm32h753xi")
attach = ctypes.cast(sfi._lib.sim().sfi_sim_usb_attach, ctypes.c_void_p)
system = ctypes.CDLL(None)
system.pthread_create.argtypes = 4 * [ctypes.c_void_p]
system.pthread_join.argtypes = [ctypes.c_ulong, ctypes.c_void_p]
threads = (2 * ctypes.c_ulong)()
size = ctypes.sizeof(ctypes.c_ulong)
for i in range(2):
    at = ctypes.addressof(threads) + i * size
    assert system.pthread_create(at, None, attach, chip._pointer) == 0
for thread in threads:
    assert system.pthread_join(thread, None) == 0
"""


@unittest.skipUnless(WATCHED, "ThreadSanitizer does not watch")
class Watched(unittest.TestCase):
    def test_a_race_is_seen(self) -> None:
        done = subprocess.run(
            [sys.executable, "-c", RACING], stdout=subprocess.PIPE,
            stderr=subprocess.PIPE, text=True, timeout=120,
            env=dict(os.environ, PYTHONPATH=str(kit.PACKAGE)))
        self.assertEqual(done.returncode, RACE, done.stderr)
        self.assertIn("data race", done.stderr)
        self.assertIn("sfi_sim_usb_attach", done.stderr)


if __name__ == "__main__":
    kit.main()
