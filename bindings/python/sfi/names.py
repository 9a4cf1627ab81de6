# SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later
# Copyright The libsfi authors
"""Values of enums in words, as libsfi and its programs say them."""
from __future__ import annotations

from typing import Any, Callable, Dict, List, Type, Union

from . import _abi, _lib
from ._handle import decode
from .enums import Cause, FileKind, HsmState, Phase, Status

__all__ = ["causes", "statuses", "words"]

_WORDS: Dict[Type[_abi.OpenEnum], str] = {
    Cause: "sfi_cause_str",
    FileKind: "sfi_file_kind_name",
    HsmState: "sfi_hsm_state_name",
    Phase: "sfi_phase_name",
    Status: "sfi_status_str",
}


def words(value: Union[Cause, FileKind, HsmState, Phase, Status]) -> str:
    """A value in words: ``words(sfi.Phase.AREAS)``.

    :raises TypeError: not a value of one of these enums
    :raises LibraryError: libsfi was not found or does not fit
    """
    function = _WORDS.get(type(value))
    if function is None:
        raise TypeError(f"{value!r} has no words")
    return decode(getattr(_lib.sfi(), function)(int(value)))


def _listed(at: Callable[[int], int]) -> List[int]:
    found: List[int] = []
    while True:
        value = at(len(found))
        if value == 0:
            return found
        found.append(value)


def statuses() -> List[Status]:
    """The errors that the libsfi which is running can return.

    :raises LibraryError: libsfi was not found or does not fit
    """
    at: Any = _lib.sfi().sfi_status_at
    return [Status(value) for value in _listed(at)]


def causes() -> List[Cause]:
    """The causes that the libsfi which is running knows.

    :raises LibraryError: libsfi was not found or does not fit
    """
    at: Any = _lib.sfi().sfi_cause_at
    return [Cause(value) for value in _listed(at)]
