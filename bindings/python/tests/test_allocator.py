# SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later
# Copyright The libsfi authors
"""Memory of the program's own: nothing leaks, and too little is no harm."""
from __future__ import annotations

import gc
import sys
import unittest
from typing import Dict, Optional
from unittest import mock

import kit
from kit import DATA, sfi

CHIP = "stm32h753xi"


class Counting(sfi.Allocator):
    """Knows what is allocated, and fails once."""

    def __init__(self, fail_at: Optional[int] = None,
                 error: Optional[BaseException] = None) -> None:
        self.live: Dict[int, int] = {}
        self.count = 0
        self.fail_at = fail_at
        self.error = error

    def alloc(self, size: int) -> int:
        self.count += 1
        if self.count == self.fail_at:
            if self.error is not None:
                raise self.error
            return 0
        address = super().alloc(size)
        self.live[address] = size
        return address

    def free(self, address: int) -> None:
        del self.live[address]
        super().free(address)


def story(context: sfi.Context) -> bytes:
    """Something of everything that needs no link."""
    key = sfi.Key.from_bytes(b"0123456789abcdef", context=context)
    b = sfi.ImageBuilder(CHIP, key, b"abcdefghijkl", context=context)
    b.add_firmware(sfi.Firmware.load(DATA / f"blink-{CHIP}.hex",
                                     context=context))
    b.set_option_bytes(sfi.OptionBytes.load(DATA / f"ob-{CHIP}.csv", CHIP,
                                            context=context))
    b.check()
    image = b.to_bytes()
    for _ in sfi.read_image(image, key, b"abcdefghijkl"):
        pass
    sfi.image_layout(image, CHIP, key, b"abcdefghijkl").to_text()
    return image


class Memory(unittest.TestCase):
    def test_nothing_is_left(self) -> None:
        memory = Counting()
        with sfi.Context(log=None, allocator=memory) as context:
            self.assertTrue(story(context))
        gc.collect()
        self.assertEqual(memory.live, {})
        self.assertGreater(memory.count, 20)

    def test_nothing_is_left_by_the_collector(self) -> None:
        memory = Counting()
        context = sfi.Context(log=None, allocator=memory)
        things = [sfi.Firmware.parse(b"12", "bin", 0, context=context)]
        things.append(things)  # type: ignore[arg-type]
        del context, things
        gc.collect()
        self.assertEqual(memory.live, {})

    def test_each_allocation_fails_once(self) -> None:
        expected = None
        for at in range(1, 1000):
            memory = Counting(fail_at=at)
            try:
                with sfi.Context(log=None, allocator=memory) as context:
                    image = story(context)
                expected = image
            except sfi.NoMemory:
                pass
            gc.collect()
            self.assertEqual(memory.live, {}, at)
            if memory.count < at:
                break
        self.assertIsNotNone(expected)
        self.assertGreater(at, 20)

    def test_alloc_that_raises(self) -> None:
        for at in (1, 2, 3, 5):
            error = KeyError(at)
            memory = Counting(at, error)
            with self.assertRaises(KeyError) as caught:
                with sfi.Context(log=None, allocator=memory) as context:
                    story(context)
            self.assertIs(caught.exception, error)
            del caught
            error.__traceback__ = error.__cause__ = None
            gc.collect()
            self.assertEqual(memory.live, {}, at)

    def test_free_that_raises(self) -> None:
        class Bad(sfi.Allocator):
            def free(self, address: int) -> None:
                super().free(address)
                raise KeyError(address)

        told = []
        with mock.patch.object(sys, "unraisablehook", told.append):
            with sfi.Context(log=None, allocator=Bad()) as context:
                with self.assertRaises(KeyError):
                    story(context)
        self.assertIsInstance(told[0].exc_value, KeyError)


if __name__ == "__main__":
    kit.main()
