# SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later
# Copyright The libsfi authors
"""The end of objects: in each order, in another thread, in cycles, after a
fork; nothing leaks and nothing is freed twice."""
from __future__ import annotations

import gc
import itertools
import os
import threading
import unittest
import weakref
from typing import Any, Dict, List

import kit
from kit import DATA, sfi

from sfi import _callback, _handle

CHIP = "stm32h753xi"
HEX = b":020000040800F2\n:0400000001020304F2\n:00000001FF\n"


class Freed(unittest.TestCase):
    """Counts the handles that are made and freed, by their C functions."""

    def setUp(self) -> None:
        gc.collect()
        self.made: Dict[int, int] = {}
        self.freed: List[int] = []
        own = _handle.Handle._own
        test = self

        def counted_own(handle: Any, context: Any, pointer: int) -> None:
            own(handle, context, pointer)
            owner = handle._owner
            test.made[pointer] = test.made.get(pointer, 0) + 1
            free = owner.free

            def counted_free(at: int) -> None:
                test.freed.append(at)
                free(at)

            # again, with a function that counts
            owner.finalizer.detach()
            owner.free = counted_free
            owner.finalizer = weakref.finalize(
                owner, owner.state.discard, counted_free, pointer)

        _handle.Handle._own = counted_own  # type: ignore[method-assign]
        self.addCleanup(setattr, _handle.Handle, "_own", own)

    def assert_all_freed(self) -> None:
        gc.collect()
        self.assertEqual(sum(self.made.values()), len(self.freed))
        self.assertGreater(len(self.freed), 0)

    def objects(self, context: sfi.Context) -> Dict[str, Any]:
        key = sfi.Key.from_bytes(b"0123456789abcdef", context=context)
        fw = sfi.Firmware.load(DATA / f"blink-{CHIP}.hex", context=context)
        ob = sfi.OptionBytes.load(DATA / f"ob-{CHIP}.csv", CHIP,
                                  context=context)
        builder = sfi.ImageBuilder(CHIP, key, b"abcdefghijkl")
        builder.add_firmware(fw)
        builder.set_option_bytes(ob)
        return {"key": key, "fw": fw, "ob": ob, "builder": builder,
                "layout": builder.layout(), "view": fw[0].data}


class Order(Freed):
    def test_dropped_in_each_order(self) -> None:
        names = ["context", "fw", "builder", "layout", "view"]
        for order in itertools.permutations(names):
            context = sfi.Context(log=None)
            things = self.objects(context)
            things["context"] = context
            del context
            for name in order:
                del things[name]
            things.clear()
        self.assert_all_freed()

    def test_closed_in_each_order(self) -> None:
        names = ["context", "key", "fw", "builder", "layout"]
        for order in itertools.permutations(names):
            context = sfi.Context(log=None)
            things = self.objects(context)
            things["context"] = context
            del context
            for name in order:
                things[name].close()
            del things["view"]
            things.clear()
        self.assert_all_freed()

    def test_cycle_with_the_context(self) -> None:
        class Holder:
            pass

        for _ in range(20):
            holder: Any = Holder()
            holder.me = holder
            holder.context = sfi.Context(log=lambda *a, h=holder: None)
            holder.things = self.objects(holder.context)
            del holder
        self.assert_all_freed()

    def test_states_go_with_their_contexts(self) -> None:
        gc.collect()
        before = len(_handle._states)
        context = sfi.Context(log=lambda level, line: None)
        things = self.objects(context)
        self.assertEqual(len(_handle._states), before + 1)
        del context, things
        gc.collect()
        self.assertEqual(len(_handle._states), before)

    def test_slots_go_with_their_calls(self) -> None:
        before = len(_callback._slots)
        with sfi.Context(log=lambda *a: None) as context:
            self.objects(context)["builder"].check()
        del context
        gc.collect()
        self.assertEqual(len(_callback._slots), before)
        self.assertEqual([s for s in _callback._owned.values()
                          if s.state.closed], [])

    def test_freed_at_the_next_call(self) -> None:
        """Not where the collector runs."""
        with sfi.Context(log=None) as context:
            fw = sfi.Firmware.parse(HEX)
            with context._state:
                del fw  # inside a call
                self.assertEqual(self.freed, [])
            self.assertEqual(self.freed, [])
            sfi.Key.generate()
            self.assertEqual(len(self.freed), 1)

    def test_closed_inside_a_callback_is_freed_after_it(self) -> None:
        with sfi.Context(log=None) as context:
            things = self.objects(context)

            def write(data: bytes) -> None:
                things["builder"].close()
                seen.append(len(self.freed))

            seen: List[int] = []
            builder = things["builder"]
            builder.write(write)
            self.assertEqual(set(seen), {0})
            self.assertTrue(builder.closed)
            sfi.Key.generate()
            self.assertEqual(len(self.freed), 1)
            things.clear()
        del builder
        self.assert_all_freed()

    def test_failed_constructor_leaves_nothing(self) -> None:
        with sfi.Context(log=None):
            for _ in range(3):
                with self.assertRaises(sfi.InputError):
                    sfi.Firmware.parse(b"nothing that is known")
                with self.assertRaises(sfi.InputError):
                    sfi.ImageBuilder(CHIP, version=256)
        self.assert_all_freed()


class Threads(Freed):
    def test_collector_in_another_thread(self) -> None:
        """The main thread works while another one drops its objects."""
        context = sfi.Context(log=None)
        box: List[Any] = []
        stop = threading.Event()

        def collect() -> None:
            while not stop.is_set():
                if box:
                    box.pop()
                gc.collect()

        thread = threading.Thread(target=collect)
        thread.start()
        try:
            for _ in range(300):
                fw = sfi.Firmware.parse(HEX, context=context)
                cycle: List[Any] = [fw, fw[0].data]
                cycle.append(cycle)
                box.append(cycle)
                self.assertEqual(len(fw), 1)
                del fw, cycle
        finally:
            stop.set()
            thread.join()
        box.clear()
        context.close()
        self.assert_all_freed()

    def test_context_dropped_in_another_thread(self) -> None:
        for _ in range(30):
            things: List[Any] = [self.objects(sfi.Context(log=None))]

            def drop() -> None:
                things.clear()

            thread = threading.Thread(target=drop)
            thread.start()
            thread.join()
        self.assert_all_freed()

    def test_closed_while_another_thread_works(self) -> None:
        context = sfi.Context(log=None)
        fw = sfi.Firmware.parse(HEX, context=context)
        inside, leave = threading.Event(), threading.Event()

        def work() -> None:
            with context._state:
                inside.set()
                leave.wait(10)

        thread = threading.Thread(target=work)
        thread.start()
        inside.wait(10)
        with self.assertRaises(sfi.UsageError):
            fw.close()
        self.assertTrue(fw)  # it can be closed later
        with self.assertRaises(sfi.UsageError):
            context.close()
        self.assertTrue(context)
        leave.set()
        thread.join()
        fw.close()
        context.close()
        self.assert_all_freed()

    def test_eight_threads(self) -> None:
        faults: List[BaseException] = []

        def work(number: int) -> None:
            try:
                key = sfi.Key.from_bytes(b"0123456789abcdef")
                for round_ in range(20):
                    b = sfi.ImageBuilder(CHIP, key, b"abcdefghijkl",
                                         version=number)
                    b.add_firmware(sfi.Firmware.parse(HEX))
                    b.set_option_bytes(sfi.OptionBytes.load(
                        DATA / f"ob-{CHIP}.csv", CHIP))
                    image = b.to_bytes()
                    events = list(sfi.read_image(image, key,
                                                 b"abcdefghijkl"))
                    assert isinstance(events[1], sfi.AreaBegin)
                    assert events[1].version == number
            except BaseException as error:
                faults.append(error)

        threads = [threading.Thread(target=work, args=(n,))
                   for n in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        self.assertEqual(faults, [])
        self.assert_all_freed()

    def test_contexts_of_threads_end_with_them(self) -> None:
        gc.collect()
        before = len(_handle._states)

        def work() -> None:
            sfi.Firmware.parse(HEX)

        for _ in range(5):
            thread = threading.Thread(target=work)
            thread.start()
            thread.join()
        gc.collect()
        self.assertEqual(len(_handle._states), before)

    def test_a_callback_may_not_be_entered_by_another_thread(self) -> None:
        with sfi.Context(log=None) as context:
            things = self.objects(context)
            caught: List[BaseException] = []

            def other() -> None:
                try:
                    sfi.Key.generate(context=context)
                except sfi.UsageError as error:
                    caught.append(error)

            def write(data: bytes) -> None:
                if not caught:
                    thread = threading.Thread(target=other)
                    thread.start()
                    thread.join()

            things["builder"].write(write)
            self.assertEqual(len(caught), 1)
            del things


@unittest.skipUnless(hasattr(os, "fork"), "no fork")
class Fork(unittest.TestCase):
    def test_child_drops_and_makes_its_own(self) -> None:
        done = kit.python("""
import gc, os, sys
import sfi
fw = sfi.Firmware.parse(b"1234", "bin", 0)
view = fw[0].data
mine = sfi.Context()
pid = os.fork()
if pid == 0:
    try:
        len(fw)
    except sfi.ClosedError as error:
        print("refused:", "fork" in str(error), bool(fw))
    fw.close()
    mine.close()
    print(bytes(view), len(sfi.Firmware.parse(b"12", "bin", 0)))
    del fw, view, mine
    gc.collect()
    sys.exit(0)
pid, status = os.waitpid(pid, 0)
print(os.WEXITSTATUS(status), os.WIFSIGNALED(status), len(fw))
""")
        self.assertEqual(done.stdout.splitlines(), [
            "refused: True False", "b'1234' 1", "0 False 1"], done.stderr)

    def test_fork_while_another_thread_is_in_a_call(self) -> None:
        done = kit.python("""
import os, sys, threading
import sfi
context = sfi.Context()
inside, leave = threading.Event(), threading.Event()
def work():
    with context._state:
        inside.set()
        leave.wait(10)
thread = threading.Thread(target=work)
thread.start()
inside.wait()
pid = os.fork()
if pid == 0:
    print(len(sfi.Firmware.parse(b"12", "bin", 0)), flush=True)
    os._exit(0)
print(os.waitpid(pid, 0)[1])
leave.set()
thread.join()
""")
        self.assertEqual(done.stdout, "1\n0\n", done.stderr)

    def test_fork_inside_a_callback(self) -> None:
        done = kit.python("""
import os, sys
import sfi
def log(level, line):
    pid = os.fork()
    if pid == 0:
        with sfi.Context(log=None):
            sfi.Key.generate()
        os._exit(3)
    print(os.WEXITSTATUS(os.waitpid(pid, 0)[1]))
with sfi.Context(log=log):
    sfi.Firmware.parse(b":0100000001FE\\n:0100000001FE\\n:00000001FF\\n")
""")
        self.assertEqual(done.stdout, "3\n", done.stderr)


class Exit(unittest.TestCase):
    def test_objects_that_are_left_at_exit(self) -> None:
        done = kit.python("""
import sfi, threading, time
keep = [sfi.Firmware.parse(b"12", "bin", 0), sfi.Context(log=print)]
keep.append(keep)
keep.append(sfi.Key.generate(context=keep[1]))
def daemon():
    with sfi.Context() as c, c._state:
        time.sleep(100)
threading.Thread(target=daemon, daemon=True).start()
time.sleep(0.1)
""")
        self.assertEqual((done.returncode, done.stdout, done.stderr),
                         (0, "", ""))


if __name__ == "__main__":
    kit.main()
