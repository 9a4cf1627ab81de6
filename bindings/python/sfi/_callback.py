# SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later
# Copyright The libsfi authors
"""Functions that libsfi calls.

The C side of a callback is made once, for each kind, and lives as long as the
module.  What belongs to one use of it is a slot, found by the number that
libsfi passes as ``user``.  So no callback can be freed while libsfi has it, and
a number that is not known any more does nothing.

An exception never leaves a callback: ctypes would return a value that nobody
chose.  It is stored in the context's state, which raises it again when the call
of libsfi has returned.
"""
from __future__ import annotations

import contextlib
import ctypes
import itertools
import weakref
from typing import (
    TYPE_CHECKING,
    Any,
    Callable,
    Dict,
    Iterator,
    Optional,
    TypeVar,
)

from . import _abi
from ._abi import Status
from .errors import Error

if TYPE_CHECKING:
    from ._handle import State


class Slot:
    """What a callback works for: an object or function, and a context."""

    __slots__ = ("target", "state", "__weakref__")

    def __init__(self, target: Any, state: "State") -> None:
        self.target = target
        self.state = state


_numbers = itertools.count(1)
_slots: Dict[int, Slot] = {}
_owned: "weakref.WeakValueDictionary[int, Slot]" = (
    weakref.WeakValueDictionary())


def register(target: Any, state: "State") -> int:
    """Keep an object until release(): libsfi passes its number."""
    number = next(_numbers)
    _slots[number] = Slot(target, state)
    return number


def release(number: int) -> None:
    """The last use of a number."""
    _slots.pop(number, None)


def register_owned(slot: Slot) -> int:
    """A number for a slot that lives as long as its owner keeps it."""
    number = next(_numbers)
    _owned[number] = slot
    return number


@contextlib.contextmanager
def during(target: Any, state: "State") -> Iterator[Optional[int]]:
    """A number for the length of one call; None for no function."""
    if target is None:
        yield None
        return
    number = register(target, state)
    try:
        yield number
    finally:
        release(number)


def null(prototype: Any) -> Any:
    """No function."""
    return prototype()


def find(number: Optional[int]) -> Optional[Slot]:
    """The slot of a number, if there is one."""
    if number is None:
        return None
    return _slots.get(number) or _owned.get(number)


def failed(number: Optional[int], error: BaseException) -> int:
    """The status for libsfi after a callback raised an exception."""
    slot = find(number)
    if slot is None:
        return Status.CALLBACK
    if isinstance(error, Error) and error.status < 0:
        return slot.state.report(error)
    if isinstance(error, TimeoutError):
        return slot.state.report(error, Status.TIMEOUT)
    slot.state.store(error)
    return Status.CALLBACK


def status_callback(prototype: Any) -> Callable[[Callable[..., Any]], Any]:
    """Make the C side of a function that returns a status.

    The function gets the slot's target and libsfi's arguments.  It returns None
    for success, or a status; an exception becomes a status.
    """
    def decorate(function: Callable[..., Any]) -> Any:
        def run(number: Optional[int], *arguments: Any) -> int:
            try:
                slot = find(number)
                if slot is None:
                    return Status.CALLBACK
                if slot.state.exception is not None:
                    return Status.CALLBACK
                return int(function(slot.target, *arguments) or Status.OK)
            except BaseException as error:
                return failed(number, error)
        return prototype(run)
    return decorate


def void_callback(prototype: Any, cancels: bool = False, always: bool = False
                  ) -> Callable[[Callable[..., Any]], Any]:
    """Make the C side of a function that returns nothing.

    After an exception the function is not called again during this call of
    libsfi, unless `always`; with `cancels` the call is cancelled, if libsfi can
    cancel it.
    """
    def decorate(function: Callable[..., Any]) -> Any:
        def run(number: Optional[int], *arguments: Any) -> None:
            try:
                slot = find(number)
                if slot is not None and (
                        always or slot.state.exception is None):
                    function(slot.target, *arguments)
            except BaseException as error:
                slot = find(number)
                if slot is not None:
                    slot.state.store(error)
                    if cancels:
                        slot.state.cancel_call()
        return prototype(run)
    return decorate


def value_callback(prototype: Any) -> Callable[[Callable[..., Any]], Any]:
    """Make the C side of a function whose value is its own.

    It is called also after an exception, and returns 0 or NULL with one.
    """
    def decorate(function: Callable[..., Any]) -> Any:
        def run(number: Optional[int], *arguments: Any) -> Any:
            try:
                slot = find(number)
                if slot is not None:
                    return function(slot.target, *arguments)
            except BaseException as error:
                slot = find(number)
                if slot is not None:
                    slot.state.store(error)
            return None
        return prototype(run)
    return decorate


def closing_callback(prototype: Any) -> Callable[[Callable[..., Any]], Any]:
    """Make the C side of the ``close`` of a table of functions.

    libsfi calls it once, last of all; then the number is released.
    """
    def decorate(function: Callable[..., Any]) -> Any:
        def run(number: Optional[int]) -> None:
            try:
                slot = find(number)
                if slot is not None:
                    try:
                        function(slot.target)
                    finally:
                        release(number or 0)
            except BaseException as error:
                if slot is not None:
                    slot.state.store(error)
        return prototype(run)
    return decorate


@status_callback(_abi.sfi_write_fn)
def on_write(write: Callable[[bytes], object], data: int, length: int) -> None:
    """The C side of a function that receives what libsfi writes."""
    write(ctypes.string_at(data, length))


_F = TypeVar("_F", bound=Callable[..., Any])


def optional(method: _F) -> _F:
    """Mark a method that a program's own class may do without."""
    setattr(method, "_left_out", True)
    return method


def has(thing: Any, name: str) -> bool:
    """Whether the class of a thing has a method that is not left out."""
    return not getattr(getattr(type(thing), name, None), "_left_out", False)
